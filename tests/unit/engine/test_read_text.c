/* Behind which wall a text is read, by the worker that lies about what its file's name says. */
#include "registered.h"

#include <cordon.h>

#include "base/alloc.h"
#include "engine/read_text.h"
#include "engine/trust.h"
#include "isolation/misbehaving.h"

static cordon_engine *engine;

static void begin(cordon_wall wall, const char *worker)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.workers_min = CORDON_NONE;
    options.wall = wall;
    options.worker = worker;
    OK(cordon_engine_new(&engine, &options, &err));
}

static void end(void)
{
    cordon_engine_free(engine);
    engine = NULL;
}

/* A file by whose name the worker lies. */
static const char *file_of(int lie)
{
    static char file[16];

    (void)snprintf(file, sizeof file, "lie:%d", lie);
    return file;
}

static cordon_status load(char *name, const char *file, int what)
{
    char text[256];

    rule_text(text, "honest", what);
    return cordon_engine_load_rule(engine, text, strlen(text), file, name, &err);
}

static cordon_status give(const char *text)
{
    cordon_policy *policy;
    cordon_status status;

    OK(cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err));
    status = cordon_engine_set_policy(engine, policy, &err);
    cordon_policy_release(policy);
    return status;
}

static cordon_status push(cordon_version_info *info, const char *file, int what)
{
    char text[256];

    rule_text(text, "honest", what);
    *info = (cordon_version_info){.struct_size = sizeof *info};
    return cordon_registry_push(info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                                file, NULL, 0, &by_ann, &err);
}

static void upkeep(void)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;

    OK(cordon_engine_upkeep(engine, &did, &err));
}

/* The host takes the worker's word for what the file is called: it did not run it. */
START_TEST(read_text__an_engine_behind_a_wall_runs_no_text)
{
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    begin(CORDON_WALL_PROCESS, MISBEHAVING);
    OK(load(name, "a.lua", 1));
    ck_assert_str_eq(name, "honest");
    OK(load(name, file_of(READ_OTHER), 1));
    ck_assert_str_eq(name, "liar");
    end();
    begin(CORDON_WALL_INPROC, MISBEHAVING);
    OK(load(name, file_of(READ_OTHER), 1));
    ck_assert_str_eq(name, "honest");
    end();
}
END_TEST

START_TEST(read_text__one_that_brings_its_worker_down_leaves_its_predecessor)
{
    static const int lies[] = {LIE_CRASH, LIE_EXIT, LIE_JUNK, READ_TWICE};

    begin(CORDON_WALL_PROCESS, MISBEHAVING);
    OK(load(NULL, "a.lua", 1));
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        ck_assert_int_eq(load(NULL, file_of(lies[i]), 2), CORDON_E_RULE);
        ck_assert_str_eq(err.file, file_of(lies[i]));
        ck_assert_msg(strstr(err.message, "'process'") != NULL, "%s", err.message);
    }
    OK(cordon_engine_rule_image_bytes(&(uint64_t){0}, engine, "honest", &err));
    end();
}
END_TEST

START_TEST(read_text__a_set_is_a_text_too)
{
    static const char text[] =
        "return { name = 'all', decisions = { 'a', 'b' }, rules = { 'x' } }";
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    begin(CORDON_WALL_PROCESS, MISBEHAVING);
    OK(cordon_engine_load_set(engine, text, sizeof text - 1, "s.lua", name, &err));
    ck_assert_str_eq(name, "all");
    ck_assert_int_eq(cordon_engine_load_set(engine, text, sizeof text - 1,
                                            file_of(LIE_CRASH), NULL, &err),
                     CORDON_E_RULE);
    ck_assert_int_eq(cordon_engine_load_set(engine, text, sizeof text - 1,
                                            file_of(READ_TABLE), NULL, &err),
                     CORDON_E_RULE);
    ck_assert_msg(strstr(err.message, "TABLE") != NULL, "%s", err.message);
    end();
}
END_TEST

/* A rule that nobody vouches for has the wall that the policy has for those, before it runs. */
START_TEST(read_text__the_policy_says_where_drafts_are_read)
{
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    begin(CORDON_WALL_INPROC, MISBEHAVING);
    OK(give(
        "return { principals = { p = { rules = '*' } }, "
        "walls = { active = 'inproc', draft = 'process', after = { days = 7 } } }"));
    OK(load(name, file_of(READ_OTHER), 1));
    ck_assert_str_eq(name, "liar");
    OK(give("return { principals = { p = { rules = '*' } }, "
            "walls = { active = 'inproc', draft = 'process' } }"));
    OK(load(name, file_of(READ_OTHER),
            1)); /* what decides at once is trusted at once */
    ck_assert_str_eq(name, "honest");
    end();
}
END_TEST

static cordon_status look(void *ud, const cordon_candidate *candidate,
                          cordon_error *why)
{
    cordon_candidate *seen = ud;

    (void)why;
    seen->wall = candidate->wall;
    seen->worker = candidate->worker && !strcmp(candidate->worker, MISBEHAVING)
                       ? MISBEHAVING
                       : NULL;
    return CORDON_OK;
}

START_TEST(read_text__a_registry_reads_behind_the_wall_of_drafts)
{
    cordon_version_info info;
    cordon_candidate seen = {0};

    OK(push(&info, file_of(READ_OTHER), 1));
    ck_assert_str_eq(info.name, "honest");
    begin(CORDON_WALL_INPROC, MISBEHAVING);
    OK(cordon_engine_use_registry(engine, registry, &err));
    OK(give("return { principals = { p = { rules = '*' } }, "
            "walls = { active = 'inproc', draft = 'process' } }"));
    upkeep();
    OK(push(&info, file_of(READ_OTHER), 2));
    ck_assert_str_eq(info.name, "liar");
    ck_assert_int_eq(push(&info, file_of(LIE_CRASH), 3), CORDON_E_RULE);
    /* and one that was pushed before is read again there as it is to decide */
    ck_assert_int_eq(
        cordon_registry_activate(registry, "honest", 1, look, &seen, &by_ann, &err),
        CORDON_E_CORRUPT);
    OK(push(&info, "a.lua", 4));
    OK(cordon_registry_activate(registry, "honest", info.version, look, &seen, &by_ann,
                                &err));
    ck_assert_int_eq(seen.wall, CORDON_WALL_PROCESS);
    ck_assert_ptr_nonnull(seen.worker);
    end();
}
END_TEST

START_TEST(read_text__a_host_without_an_engine_says_it_itself)
{
    cordon_version_info info;

    ck_assert_int_eq(
        cordon_registry_read_behind(NULL, CORDON_WALL_PROCESS, MISBEHAVING, &err),
        CORDON_E_INVALID);
    ck_assert_int_eq(
        cordon_registry_read_behind(registry, (cordon_wall)9, MISBEHAVING, &err),
        CORDON_E_INVALID);
    ck_assert_int_eq(
        cordon_registry_read_behind(registry, CORDON_WALL_PROCESS, NULL, &err),
        CORDON_E_INVALID);
    ck_assert_int_eq(cordon_registry_read_behind(registry, CORDON_WALL_PROCESS,
                                                 "cordon-worker", &err),
                     CORDON_E_INVALID);
    OK(cordon_registry_read_behind(registry, CORDON_WALL_PROCESS, MISBEHAVING, &err));
    OK(push(&info, file_of(READ_OTHER), 1));
    ck_assert_str_eq(info.name, "liar");
    /* an engine that would read in the host does not make it weaker */
    begin(CORDON_WALL_INPROC, NULL);
    OK(cordon_engine_use_registry(engine, registry, &err));
    upkeep();
    ck_assert_int_eq(push(&info, file_of(LIE_CRASH), 2), CORDON_E_RULE);
    end();
    OK(cordon_registry_read_behind(registry, CORDON_WALL_INPROC, NULL, &err));
    OK(push(&info, file_of(READ_OTHER), 3));
    ck_assert_str_eq(info.name, "honest");
}
END_TEST

START_TEST(read_text__what_no_wall_is_strong_enough_for_is_not_read)
{
    const struct cdn_reading none = {.wall = CDN_WALL_NONE};
    const struct cdn_reading nobody = {.wall = CORDON_WALL_PROCESS};
    struct cdn_buf table = {0};
    struct cdn_rule *rule;

    ck_assert_int_eq(cdn_read_rule(&rule, &none, "return {}", 9, "a", NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_ptr_null(rule);
    ck_assert_int_eq(cdn_read_rule(&rule, &nobody, "return {}", 9, "a", NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cdn_read_table(&table, &none, "return {}", 9, "a", &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cdn_read_table(&table, &nobody, "return {}", 9, "a", &err),
                     CORDON_E_INVALID);
    ck_assert_uint_eq(table.length, 0);
}
END_TEST

/* A registry that wants a wall that is not here: what was in service answers with its fallback, and
 * what was not is not read in the host. */
START_TEST(read_text__a_quarantined_text_is_not_read_where_its_wall_is_not)
{
    cordon_version_info info;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    OK(push(&info, "a.lua", 1));
    OK(cordon_registry_activate(registry, "honest", 1, NULL, NULL, &by_ann, &err));
    OK(cordon_registry_quarantine(registry, "honest", 0, CORDON_WALL_PROCESS, &by_ann,
                                  &err));
    begin(CORDON_WALL_INPROC, NULL);
    ck_assert_int_eq(cordon_engine_use_registry(engine, registry, &err),
                     CORDON_E_INVALID);
    ck_assert_msg(strstr(err.message, "no wall that is strong enough") != NULL, "%s",
                  err.message);
    ck_assert_int_eq(cordon_engine_next(name, engine, NULL, NULL), CORDON_E_NOTFOUND);
    end();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("read_text");

    CDN_UNIT_CASE(s, read_text__an_engine_behind_a_wall_runs_no_text);
    CDN_UNIT_CASE(s, read_text__one_that_brings_its_worker_down_leaves_its_predecessor);
    CDN_UNIT_CASE(s, read_text__a_set_is_a_text_too);
    CDN_UNIT_CASE(s, read_text__the_policy_says_where_drafts_are_read);
    CDN_UNIT_CASE_IN(s, read_text__a_registry_reads_behind_the_wall_of_drafts,
                     registered_setup, registered_teardown);
    CDN_UNIT_CASE_IN(s, read_text__a_host_without_an_engine_says_it_itself,
                     registered_setup, registered_teardown);
    CDN_UNIT_CASE(s, read_text__what_no_wall_is_strong_enough_for_is_not_read);
    CDN_UNIT_CASE_IN(s, read_text__a_quarantined_text_is_not_read_where_its_wall_is_not,
                     registered_setup, registered_teardown);
    return s;
}

CDN_UNIT_MAIN(suite)
