#include "serving.h"

#include "engine/engine.h"

START_TEST(lease__gives_each_slot_to_one_holder)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    struct cdn_lane *lanes[4];
    cordon_engine *engine;

    options.slots = 4;
    options.busy_wait_ms = 1;
    ck_assert(!cordon_engine_new(&engine, &options, NULL));
    for (int i = 0; i < 4; i++) {
        lanes[i] = cdn_pool_lease(engine);
        ck_assert_ptr_nonnull(lanes[i]);
        for (int k = 0; k < i; k++)
            ck_assert_ptr_ne(lanes[k], lanes[i]);
    }
    ck_assert_ptr_null(cdn_pool_lease(engine));
    cdn_pool_release(engine, lanes[2]);
    ck_assert_ptr_eq(cdn_pool_lease(engine), lanes[2]);
    for (int i = 0; i < 4; i++)
        cdn_pool_release(engine, lanes[i]);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(lease__gives_a_thread_the_slot_it_had)
{
    cordon_engine *engine = serving_engine(4);
    struct cdn_lane *first = cdn_pool_lease(engine);
    struct cdn_lane *second = cdn_pool_lease(engine);

    cdn_pool_release(engine, first);
    cdn_pool_release(engine, second);
    for (int i = 0; i < 10; i++) {
        ck_assert_ptr_eq(cdn_pool_lease(engine), second);
        cdn_pool_release(engine, second);
    }
    cordon_engine_free(engine);
}
END_TEST

struct contest {
    cordon_engine *engine;
    int held[2]; /* by lane; only its holder writes it */
};

static void *contend(void *ud)
{
    struct contest *contest = ud;

    for (int i = 0; i < 2000; i++) {
        struct cdn_lane *lane = cdn_pool_lease(contest->engine);
        long at;

        ck_assert_ptr_nonnull(lane);
        at = lane - contest->engine->lanes;
        ck_assert_int_eq(contest->held[at]++, 0);
        if (i % 64 == 0)
            usleep(50);
        contest->held[at]--;
        cdn_pool_release(contest->engine, lane);
    }
    return NULL;
}

START_TEST(lease__wakes_those_who_wait)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    struct contest contest = {0};
    pthread_t threads[6];

    options.slots = 2;
    options.busy_wait_ms = 60000;
    ck_assert(!cordon_engine_new(&contest.engine, &options, NULL));
    for (int i = 0; i < 6; i++)
        ck_assert(!pthread_create(&threads[i], NULL, contend, &contest));
    for (int i = 0; i < 100; i++) {
        struct cdn_lane *lane = &contest.engine->lanes[i % 2];

        cdn_pool_lease_lane(contest.engine, lane);
        ck_assert_int_eq(contest.held[i % 2]++, 0);
        contest.held[i % 2]--;
        cdn_pool_release(contest.engine, lane);
    }
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&contest.engine->waiters), 0);
    cordon_engine_free(contest.engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pool");

    CDN_UNIT_CASE(s, lease__gives_each_slot_to_one_holder);
    CDN_UNIT_CASE(s, lease__gives_a_thread_the_slot_it_had);
    CDN_UNIT_CASE(s, lease__wakes_those_who_wait);
    return s;
}

CDN_UNIT_MAIN(suite)
