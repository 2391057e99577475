/* An engine that follows its store while requests run. */
#include "serving.h"

#include <pthread.h>
#include <stdatomic.h>

#include "engine/engine.h"
#include "snapshot/generations.h"
#include "snapshot/store.h"

static char store[300];

/* Generation n has n transfers from account 1 to account 2. */
static void add(void)
{
    struct cdn_store_writer *writer;
    struct cdn_fixture *fixture;
    uint64_t generation;
    char path[400];

    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    fixture = cdn_fixture_new(path);
    cdn_fixture_label(fixture, "Account", CDN_KEY_INT64, "");
    cdn_fixture_relation(fixture, "transfer", "Account", "Account", "amount:int64");
    cdn_fixture_node(fixture, "Account", "1");
    cdn_fixture_node(fixture, "Account", "2");
    for (uint64_t i = 0; i < generation; i++)
        cdn_fixture_edge(fixture, "transfer", "Account", "1", "Account", "2",
                         CDN_INT("amount", 1));
    cdn_fixture_finish(fixture);
    ck_assert_int_eq(cdn_store_commit(writer, NULL), CORDON_OK);
    cdn_store_end(writer);
}

static cordon_request ask(void)
{
    cordon_request request = CORDON_REQUEST_INIT;

    request.label = "Account";
    request.key = "1";
    return request;
}

static cordon_engine *counting_engine(uint32_t slots)
{
    cordon_engine *engine = serving_engine(slots);

    serving_load(engine,
                 TRANSFERS("count", "local edges = request.node:outgoing('transfer')\n"
                                    "assert(edges:count() == edges:sum('amount'))\n"
                                    "return { output = edges:count() }"));
    return engine;
}

static bool follow(cordon_engine *engine)
{
    cordon_error err;
    bool moved = false;

    ck_assert_msg(!cordon_engine_follow(engine, store, NULL, &moved, &err), "%s",
                  err.message);
    return moved;
}

START_TEST(follow__moves_when_current_does_and_only_then)
{
    cordon_engine *engine = counting_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = ask();

    add();
    ck_assert(follow(engine));
    ck_assert(!follow(engine));
    ck_assert_int_eq(serving_answer(engine, outcome, "count", &request), 1);
    add();
    ck_assert_int_eq(serving_answer(engine, outcome, "count", &request), 1);
    ck_assert(follow(engine));
    ck_assert(!follow(engine));
    ck_assert_int_eq(serving_answer(engine, outcome, "count", &request), 2);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(paused__answers_name_the_generation)
{
    cordon_engine *engine = counting_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = ask();

    add();
    add();
    ck_assert(follow(engine));
    cdn_state_find(atomic_load(&engine->state), "count")->state = CDN_PLAN_PAUSED;
    ck_assert(!cordon_evaluate(outcome, engine, "count", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_DENIED);
    ck_assert_uint_eq(cordon_outcome_generation(outcome), 2);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static void put_current(const char *text)
{
    char path[400];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/CURRENT", store);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

START_TEST(follow__stays_where_it_is_on_failure)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_engine *engine = counting_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = ask();
    struct cdn_store_writer *writer;
    struct cdn_fixture *fixture;
    uint64_t generation;
    bool moved = true;
    char path[400];

    ck_assert_int_eq(cordon_engine_follow(engine, store, NULL, &moved, NULL),
                     CORDON_E_NOTFOUND);
    ck_assert(!moved);
    add();
    ck_assert(follow(engine));
    put_current("generation-000009.cdn\n");
    ck_assert_int_eq(cordon_engine_follow(engine, store, NULL, NULL, NULL),
                     CORDON_E_CORRUPT);
    /* a graph in which the rule cannot run */
    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    fixture = cdn_fixture_new(path);
    cdn_fixture_label(fixture, "Other", CDN_KEY_INT64, "");
    cdn_fixture_finish(fixture);
    ck_assert_int_eq(cdn_store_commit(writer, NULL), CORDON_OK);
    cdn_store_end(writer);
    ck_assert_int_eq(cordon_engine_follow(engine, store, NULL, NULL, NULL),
                     CORDON_E_RULE);
    ck_assert_int_eq(serving_answer(engine, outcome, "count", &request), 1);
    options.generation = 1;
    ck_assert_int_eq(cordon_engine_follow(engine, store, &options, NULL, NULL),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_follow(NULL, store, NULL, NULL, NULL),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_follow(engine, NULL, NULL, NULL, NULL),
                     CORDON_E_INVALID);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

struct load {
    cordon_engine *engine;
    atomic_uint answers;
    atomic_bool done;
};

/* A thread's answers never go back to an older generation. */
static void *judge(void *ud)
{
    struct load *load = ud;
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = ask();
    int64_t last = 1;

    while (!atomic_load(&load->done)) {
        int64_t answer = serving_answer(load->engine, outcome, "count", &request);

        ck_assert_int_ge(answer, last);
        last = answer;
        atomic_fetch_add(&load->answers, 1);
    }
    cordon_outcome_free(outcome);
    return NULL;
}

static void *chase(void *ud)
{
    struct load *load = ud;

    while (!atomic_load(&load->done)) {
        (void)follow(load->engine);
        usleep(200);
    }
    return NULL;
}

START_TEST(follow__moves_under_load_and_lets_old_files_go)
{
    enum { THREADS = 3, GENERATIONS = 25 };
    struct load load = {.engine = counting_engine(2)};
    pthread_t threads[THREADS + 2];
    struct cdn_generations left;
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = ask();

    add();
    ck_assert(follow(load.engine));
    for (int i = 0; i < THREADS + 2; i++)
        ck_assert(
            !pthread_create(&threads[i], NULL, i < THREADS ? judge : chase, &load));
    for (int i = 1; i < GENERATIONS; i++) {
        unsigned answers = atomic_load(&load.answers);

        add();
        while (atomic_load(&load.answers) < answers + 5)
            usleep(100);
        /* what is in use stays whatever the collector does */
        ck_assert_int_eq(cdn_generations_collect(&left, store, 1, false, NULL),
                         CORDON_OK);
        cdn_generations_deinit(&left);
    }
    atomic_store(&load.done, true);
    for (int i = 0; i < THREADS + 2; i++)
        pthread_join(threads[i], NULL);
    (void)follow(load.engine);
    ck_assert_int_eq(serving_answer(load.engine, outcome, "count", &request),
                     GENERATIONS);
    ck_assert_int_eq(cdn_generations_collect(&left, store, 1, false, NULL), CORDON_OK);
    cdn_generations_deinit(&left);
    ck_assert_int_eq(cdn_generations_list(&left, store, NULL), CORDON_OK);
    ck_assert_uint_eq(left.count, 1);
    ck_assert(left.items[0].open);
    cdn_generations_deinit(&left);
    cordon_outcome_free(outcome);
    cordon_engine_free(load.engine);
}
END_TEST

/* ---- a policy and a generation that are made for each other ---- */

/* A generation whose accounts have such a text property. */
static void add_with(const char *property)
{
    struct cdn_store_writer *writer;
    struct cdn_fixture *fixture;
    char path[400], properties[80];
    uint64_t generation;

    ck_assert_int_eq(
        cdn_store_begin(&writer, store, &generation, path, sizeof(path), NULL),
        CORDON_OK);
    fixture = cdn_fixture_new(path);
    (void)snprintf(properties, sizeof properties, "%s:string", property);
    cdn_fixture_label(fixture, "Account", CDN_KEY_INT64, properties);
    cdn_fixture_node(fixture, "Account", "1", CDN_STR(property, "secret"));
    cdn_fixture_finish(fixture);
    ck_assert_int_eq(cdn_store_commit(writer, NULL), CORDON_OK);
    cdn_store_end(writer);
}

static void write_policy(const char *masked)
{
    char path[400];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/policy.lua", store);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    (void)fprintf(file,
                  "return { principals = { ann = { rules = '*', reads = '*', masks = { "
                  "Account = { %s = 'redact' } } } } }",
                  masked);
    (void)fclose(file);
}

static cordon_upkeep keep_up(cordon_engine *engine, cordon_status status)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    cordon_error err;

    ck_assert_int_eq(cordon_engine_upkeep(engine, &did, &err), status);
    return did;
}

/* An engine on a generation with `zip`, whose policy masks that. */
static cordon_engine *masking_engine(void)
{
    cordon_engine *engine = serving_engine(1);
    cordon_error err;
    char path[400];

    add_with("zip");
    write_policy("zip");
    ck_assert_int_eq(cordon_engine_use_store(engine, store, NULL, &err), CORDON_OK);
    (void)snprintf(path, sizeof path, "%s/policy.lua", store);
    ck_assert_msg(!cordon_engine_use_policy(engine, path, &err), "%s", err.message);
    return engine;
}

START_TEST(policy__that_comes_before_its_generation_waits_for_it)
{
    cordon_engine *engine = masking_engine();
    cordon_upkeep did;

    write_policy("postcode");
    did = keep_up(engine, CORDON_E_DATA);
    ck_assert(!did.policy_changed);
    (void)keep_up(engine, CORDON_OK); /* said once */
    add_with("postcode");             /* lacks what the policy in force masks */
    did = keep_up(engine, CORDON_OK);
    ck_assert(did.moved);
    ck_assert(did.policy_changed);
    did = keep_up(engine, CORDON_OK);
    ck_assert(!did.moved && !did.policy_changed);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(generation__that_comes_before_its_policy_waits_for_it)
{
    cordon_engine *engine = masking_engine();
    cordon_upkeep did;

    add_with("postcode");
    did = keep_up(engine, CORDON_E_DATA);
    ck_assert(!did.moved);
    write_policy("postcode");
    did = keep_up(engine, CORDON_OK); /* neither fits without the other */
    ck_assert(did.moved);
    ck_assert(did.policy_changed);
    (void)keep_up(engine, CORDON_OK);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(policy__is_tried_again_on_another_generation)
{
    cordon_engine *engine = serving_engine(1);
    cordon_upkeep did;
    cordon_error err;
    char path[400];

    add_with("zip");
    write_policy("postcode");
    ck_assert_int_eq(cordon_engine_use_store(engine, store, NULL, &err), CORDON_OK);
    (void)snprintf(path, sizeof path, "%s/policy.lua", store);
    ck_assert_int_eq(cordon_engine_use_policy(engine, path, &err), CORDON_E_DATA);
    add_with("postcode");
    did = keep_up(engine, CORDON_OK);
    ck_assert(did.moved);
    ck_assert(did.policy_changed);
    cordon_engine_free(engine);
}
END_TEST

static void setup(void)
{
    cdn_unit_folder(store, 280);
    (void)snprintf(store + strlen(store), 20, "/store");
}

static void teardown(void)
{
    cdn_fixture_remove(store);
}

static Suite *suite(void)
{
    Suite *s = suite_create("follow");
    TCase *c = tcase_create("follow");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, follow__moves_when_current_does_and_only_then);
    tcase_add_test(c, paused__answers_name_the_generation);
    tcase_add_test(c, follow__stays_where_it_is_on_failure);
    tcase_add_test(c, policy__that_comes_before_its_generation_waits_for_it);
    tcase_add_test(c, generation__that_comes_before_its_policy_waits_for_it);
    tcase_add_test(c, policy__is_tried_again_on_another_generation);
    tcase_add_test(c, follow__moves_under_load_and_lets_old_files_go);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
