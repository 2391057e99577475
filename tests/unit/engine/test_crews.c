#include "crewing.h"

#include "base/alloc.h"

/* ---- leasing ---- */

START_TEST(crews__the_worker_that_was_used_last_is_leased_first)
{
    struct cdn_crews *pool = crewing_pool(0, 4);
    struct cdn_worker *a = crewing_lease(pool, &crewing_nothing);
    struct cdn_worker *b = crewing_lease(pool, &crewing_nothing);
    struct cdn_crews_stats stats;

    ck_assert_ptr_ne(a, b);
    stats = crewing_stats(pool);
    ck_assert_uint_eq(stats.busy, 2);
    crewing_pass(1);
    cdn_crews_return(pool, b);
    crewing_pass(1);
    cdn_crews_return(pool, a);
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), a);
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), b);
    ck_assert_uint_eq(crewing.started, 2);
    cdn_crews_return(pool, a);
    cdn_crews_return(pool, b);
    stats = crewing_stats(pool);
    ck_assert_uint_eq(stats.idle, 2);
    ck_assert_uint_eq(stats.busy, 0);
    ck_assert_uint_eq(cdn_crews_locks(pool, CORDON_WALL_PROCESS), CDN_LOCK_ROOT);
    ck_assert_uint_eq(cdn_crews_locks(pool, CORDON_WALL_CONTAINER), 0);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__there_are_never_more_than_the_options_say)
{
    struct cdn_crews *pool = crewing_pool(0, 2);
    struct cdn_worker *a = crewing_lease(pool, &crewing_nothing), *none;
    struct cdn_worker *b = crewing_lease(pool, &crewing_nothing);
    struct cdn_patience patience = crewing_short();
    cordon_error err;

    ck_assert_int_eq(cdn_crews_lease(&none, pool, CORDON_WALL_PROCESS, &crewing_nothing,
                                     &patience, &err),
                     CORDON_E_INTERRUPTED);
    ck_assert_ptr_null(none);
    ck_assert_uint_eq(crewing.tried, 2);
    /* of another wall there may be as many */
    patience = crewing_long();
    ck_assert(!cdn_crews_lease(&none, pool, CORDON_WALL_CONTAINER, &crewing_nothing,
                               &patience, &err));
    cdn_crews_return(pool, none);
    cdn_crews_return(pool, a);
    cdn_crews_return(pool, b);
    ck_assert_int_eq(cdn_crews_lease(&none, pool, CORDON_WALL_MICROVM, &crewing_nothing,
                                     &patience, &err),
                     CORDON_E_INVALID);
    ck_assert_contains(err.message, "there is no wall 'microvm' here");
    crewing_free(pool);
}
END_TEST

struct leasing {
    struct cdn_crews *pool;
    const struct cdn_sight *sight;
    struct cdn_worker *worker;
};

static void *lease_one(void *ud)
{
    struct leasing *leasing = ud;

    leasing->worker = crewing_lease(leasing->pool, leasing->sight);
    return NULL;
}

/* Until somebody waits in the pool: then a start was tried for it or none may be. */
static void await_waiter(struct cdn_crews *pool)
{
    while (!crewing_stats(pool).waiting)
        usleep(200);
}

START_TEST(crews__what_is_returned_goes_to_who_waits)
{
    struct cdn_crews *pool = crewing_pool(0, 1);
    struct leasing leasing = {.pool = pool, .sight = &crewing_nothing};
    struct cdn_worker *only = crewing_lease(pool, &crewing_nothing);
    pthread_t thread;

    ck_assert(!pthread_create(&thread, NULL, lease_one, &leasing));
    await_waiter(pool);
    cdn_crews_return(pool, only);
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_ptr_eq(leasing.worker, only);
    /* one that is broken is not given to anybody, but makes room for another */
    leasing.worker = NULL;
    ck_assert(!pthread_create(&thread, NULL, lease_one, &leasing));
    await_waiter(pool);
    only->broken = true;
    cdn_crews_return(pool, only);
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_uint_eq(crewing.started, 2);
    cdn_crews_return(pool, leasing.worker);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__an_idle_one_of_another_sight_makes_room)
{
    struct cdn_crews *pool = crewing_pool(0, 1);
    const struct cdn_sight bank = {.seen = cdn_fixture_bank_open()};
    struct leasing leasing = {.pool = pool, .sight = &bank};
    pthread_t thread;

    cdn_crews_return(pool, crewing_lease(pool, &crewing_nothing));
    cdn_crews_return(pool, crewing_lease(pool, &bank));
    ck_assert_uint_eq(crewing.started, 2);
    ck_assert_uint_eq(crewing.alive, 1);
    /* and so does one that is returned while somebody waits */
    leasing.worker = crewing_lease(pool, &crewing_nothing);
    ck_assert(!pthread_create(&thread, NULL, lease_one, &leasing));
    await_waiter(pool);
    cdn_crews_return(pool, &crewing.fakes[2].worker);
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_ptr_eq(leasing.worker, &crewing.fakes[3].worker);
    cdn_crews_return(pool, leasing.worker);
    crewing_free(pool);
    cordon_snapshot_release(bank.seen);
}
END_TEST

START_TEST(crews__who_is_cancelled_waits_no_longer)
{
    struct cdn_crews *pool = crewing_pool(0, 1);
    struct cdn_worker *only = crewing_lease(pool, &crewing_nothing), *none;
    struct cdn_patience patience = crewing_long();
    uint32_t flag = 1;
    cordon_error err;

    patience.cancel = &flag;
    ck_assert_int_eq(cdn_crews_lease(&none, pool, CORDON_WALL_PROCESS, &crewing_nothing,
                                     &patience, &err),
                     CORDON_E_INTERRUPTED);
    patience.cancel = NULL;
    patience.revoked = &flag;
    ck_assert_int_eq(cdn_crews_lease(&none, pool, CORDON_WALL_PROCESS, &crewing_nothing,
                                     &patience, &err),
                     CORDON_E_INTERRUPTED);
    cdn_crews_return(pool, only);
    crewing_free(pool);
}
END_TEST

/* ---- starting ---- */

static cordon_status try_lease(struct cdn_crews *pool, cordon_error *err)
{
    const struct cdn_patience patience = crewing_long();
    struct cdn_worker *worker;
    cordon_status status = cdn_crews_lease(&worker, pool, CORDON_WALL_PROCESS,
                                           &crewing_nothing, &patience, err);

    if (!status)
        cdn_crews_return(pool, worker);
    return status;
}

START_TEST(crews__a_wall_that_cannot_be_put_up_is_tried_less_and_less_often)
{
    struct cdn_crews *pool = crewing_pool(0, 4);
    const struct cdn_sight bank = {.seen = cdn_fixture_bank_open()};
    const struct cdn_patience patience = crewing_long();
    struct cdn_worker *none;
    uint64_t delay = SECOND / 10;
    cordon_error err;

    crewing.start = FAILS;
    ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
    ck_assert_str_eq(err.message, "the wall 'process': step 2: no");
    for (uint32_t tried = 2; tried < 12; tried++) {
        ck_assert_uint_eq(crewing.tried, tried);
        /* others are told the same, whatever they want to see */
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
            ck_assert_contains(err.message, "step 2: no (tried ");
        }
        ck_assert_int_eq(
            cdn_crews_lease(&none, pool, CORDON_WALL_PROCESS, &bank, &patience, &err),
            CORDON_E_DENIED);
        ck_assert_int_eq(cdn_crews_tend(pool, &err), CORDON_E_DENIED);
        ck_assert_int_eq(cdn_crews_tend(pool, &err), CORDON_OK); /* that was told */
        ck_assert_uint_eq(crewing.tried, tried);
        crewing_pass(delay - 1);
        ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
        ck_assert_uint_eq(crewing.tried, tried);
        crewing_pass(1);
        ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
        delay = delay * 2 < 30 * SECOND ? delay * 2 : 30 * SECOND;
    }
    ck_assert_uint_eq(crewing_stats(pool).failures, 12);
    /* until it can */
    crewing.start = STARTS;
    ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
    crewing_pass(30 * SECOND);
    ck_assert_int_eq(try_lease(pool, &err), CORDON_OK);
    crewing.start = FAILS;
    none = crewing_lease(pool, &crewing_nothing); /* the one there is */
    ck_assert_ptr_nonnull(none);
    none->broken = true;
    cdn_crews_return(pool, none);
    ck_assert_int_eq(try_lease(pool, &err), CORDON_E_DENIED);
    ck_assert_str_eq(err.message, "the wall 'process': step 2: no"); /* anew */
    crewing_free(pool);
    cordon_snapshot_release(bank.seen);
}
END_TEST

START_TEST(crews__one_that_dies_or_lies_before_it_greets_has_failed)
{
    static const enum crewing_start starts[] = {DIES, LIES};
    static const cordon_status statuses[] = {CORDON_E_IO, CORDON_E_DATA};
    cordon_error err;

    for (int i = 0; i < 2; i++) {
        struct cdn_crews *pool = crewing_pool(0, 4);

        crewing.start = starts[i];
        ck_assert_int_eq(try_lease(pool, &err), statuses[i]);
        ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_UNBORN], 2);
        crewing_free(pool);
    }
}
END_TEST

START_TEST(crews__a_slow_start_is_the_next_ones_worker)
{
    struct cdn_crews *pool = crewing_pool(0, 4);
    const struct cdn_patience patience = crewing_short();
    struct cdn_worker *none;
    cordon_error err;

    crewing.start = HANGS;
    ck_assert_int_eq(cdn_crews_lease(&none, pool, CORDON_WALL_PROCESS, &crewing_nothing,
                                     &patience, &err),
                     CORDON_E_INTERRUPTED);
    ck_assert_uint_eq(crewing_stats(pool).starting, 1);
    ck_assert(!cdn_crews_tend(pool, &err)); /* waits for nothing */
    ck_assert_uint_eq(crewing_stats(pool).starting, 1);
    crewing_pass(3 * SECOND);
    crewing_greet(&crewing.fakes[0]);
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[0].worker);
    ck_assert_uint_eq(crewing_stats(pool).starts_ns, 3 * SECOND);
    cdn_crews_return(pool, &crewing.fakes[0].worker);
    ck_assert_uint_eq(crewing.tried, 1);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__one_that_never_greets_is_ended)
{
    struct cdn_crews *pool = crewing_pool(1, 4);
    cordon_error err;

    crewing.start = HANGS;
    cdn_crews_want(pool, CORDON_WALL_PROCESS, &crewing_nothing);
    ck_assert(!cdn_crews_tend(pool, &err));
    ck_assert_uint_eq(crewing_stats(pool).starting, 1);
    crewing_pass(10 * SECOND - 1);
    ck_assert(!cdn_crews_tend(pool, &err));
    ck_assert_uint_eq(crewing.alive, 1);
    crewing_pass(1);
    ck_assert_int_eq(cdn_crews_tend(pool, &err), CORDON_E_INTERRUPTED);
    ck_assert_contains(err.message, "no answer in time");
    ck_assert(!crewing.fakes[0].alive);
    ck_assert_uint_eq(crewing_stats(pool).starting, 1); /* the next try */
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_UNBORN], 1);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__filling_starts_what_is_missing)
{
    struct cdn_crews *pool = crewing_pool(0, 3);
    struct cdn_worker *workers[8];
    uint32_t leased;
    cordon_error err;

    ck_assert(!cdn_crews_fill(workers, &leased, pool, CORDON_WALL_PROCESS,
                              &crewing_nothing, 2, &err));
    ck_assert_uint_eq(leased, 2);
    cdn_crews_return(pool, workers[0]);
    /* one is in use, one idle, one more may be */
    ck_assert(!cdn_crews_fill(workers + 2, &leased, pool, CORDON_WALL_PROCESS,
                              &crewing_nothing, 6, &err));
    ck_assert_uint_eq(leased, 2);
    ck_assert_uint_eq(crewing.started, 3);
    for (int i = 1; i < 4; i++)
        cdn_crews_return(pool, workers[i]);
    crewing.start = FAILS;
    ck_assert(!cdn_crews_fill(workers, &leased, pool, CORDON_WALL_PROCESS,
                              &crewing_nothing, 3, &err));
    ck_assert_uint_eq(leased, 3);
    for (int i = 0; i < 3; i++) {
        workers[i]->broken = true;
        cdn_crews_return(pool, workers[i]);
    }
    ck_assert_int_eq(cdn_crews_fill(workers, &leased, pool, CORDON_WALL_PROCESS,
                                    &crewing_nothing, 3, &err),
                     CORDON_E_DENIED);
    ck_assert_uint_eq(leased, 0);
    ck_assert_int_eq(cdn_crews_fill(workers, &leased, pool, CORDON_WALL_MICROVM,
                                    &crewing_nothing, 3, &err),
                     CORDON_E_INVALID);
    crewing_free(pool);
}
END_TEST

/* ---- health ---- */

START_TEST(crews__a_dead_one_is_found_before_it_is_leased)
{
    struct cdn_crews *pool = crewing_pool(0, 4);

    cdn_crews_return(pool, crewing_lease(pool, &crewing_nothing));
    ck_assert(!shutdown(crewing.fakes[0].ends[1], SHUT_RDWR));
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[1].worker);
    cdn_crews_return(pool, &crewing.fakes[1].worker);
    /* and so is one that says what nobody asked */
    ck_assert_int_eq(write(crewing.fakes[1].ends[1], "x", 1), 1);
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[2].worker);
    cdn_crews_return(pool, &crewing.fakes[2].worker);
    /* or finds a tend */
    ck_assert(!shutdown(crewing.fakes[2].ends[1], SHUT_RDWR));
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_DEAD], 3);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__a_stopped_one_is_found_by_asking)
{
    struct cdn_crews *pool = crewing_pool(0, 2);

    cdn_crews_return(pool, crewing_lease(pool, &crewing_nothing));
    ck_assert(!cdn_crews_tend(pool, NULL)); /* it was just heard of */
    ck_assert(!crewing_answer(&crewing.fakes[0]));
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    /* in doubt it is not leased, */
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[1].worker);
    /* but if it answers after all */
    ck_assert(crewing_answer(&crewing.fakes[0]));
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[0].worker);
    cdn_crews_return(pool, &crewing.fakes[1].worker);
    cdn_crews_return(pool, &crewing.fakes[0].worker);
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert(crewing_answer(&crewing.fakes[0]));
    ck_assert(crewing_answer(&crewing.fakes[1]));
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert_uint_eq(crewing.alive, 2);
    /* and one that does not is ended */
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert(crewing_answer(&crewing.fakes[1]));
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_STOPPED], 1);
    ck_assert(!crewing.fakes[0].alive);
    ck_assert(crewing.fakes[1].alive);
    crewing_free(pool);
}
END_TEST

static atomic_bool answering;

static void *answer_all(void *ud)
{
    while (atomic_load(&answering)) {
        pthread_mutex_lock(&crewing.lock);
        for (uint32_t i = 0; i < crewing.started; i++)
            (void)crewing_answer(&crewing.fakes[i]);
        pthread_mutex_unlock(&crewing.lock);
        usleep(50);
    }
    return ud;
}

START_TEST(crews__without_a_tend_the_lease_asks)
{
    struct cdn_crews *pool = crewing_pool(0, 1);
    pthread_t thread;

    cdn_crews_return(pool, crewing_lease(pool, &crewing_nothing));
    crewing_pass(3 * SECOND);
    atomic_store(&answering, true);
    ck_assert(!pthread_create(&thread, NULL, answer_all, NULL));
    /* where there is time to answer, at once or while it is in doubt */
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[0].worker);
    atomic_store(&answering, false);
    ck_assert(!pthread_join(thread, NULL));
    cdn_crews_return(pool, &crewing.fakes[0].worker);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__one_that_has_worked_for_long_is_replaced)
{
    struct cdn_crews *pool = crewing_pool(0, 4);

    for (int i = 0; i < 5; i++) {
        ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing),
                         &crewing.fakes[0].worker);
        crewing_pass(10 * SECOND); /* of 100 that its life has */
        cdn_crews_return(pool, &crewing.fakes[0].worker);
    }
    ck_assert_ptr_eq(crewing_lease(pool, &crewing_nothing), &crewing.fakes[1].worker);
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_WORN], 1);
    cdn_crews_return(pool, &crewing.fakes[1].worker);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__one_that_was_hung_up_on_has_time_to_clean_up)
{
    struct cdn_crews *pool = crewing_pool(0, 4);
    struct cdn_worker *worker;
    static const uint64_t one = 1;

    crewing.lingers = true;
    for (int i = 0; i < 2; i++) {
        worker = crewing_lease(pool, &crewing_nothing);
        worker->broken = true;
        cdn_crews_return(pool, worker);
    }
    crewing.lingers = false;
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert_uint_eq(crewing_stats(pool).leaving, 2);
    ck_assert_int_eq(write(crewing.fakes[1].worker.process, &one, 8), 8);
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert(crewing.fakes[0].alive);
    ck_assert(!crewing.fakes[1].alive);
    crewing_pass(2 * SECOND); /* and is then ended whatever it does */
    ck_assert(!cdn_crews_tend(pool, NULL));
    ck_assert(!crewing.fakes[0].alive);
    ck_assert_uint_eq(crewing_stats(pool).leaving, 0);
    crewing_free(pool);
}
END_TEST

/* ---- how many ---- */

/* Lease `count` at once, and return them broken or not. */
static void use(struct cdn_crews *pool, uint32_t count, bool broken)
{
    struct cdn_worker *workers[8];

    for (uint32_t i = 0; i < count; i++)
        workers[i] = crewing_lease(pool, &crewing_nothing);
    for (uint32_t i = 0; i < count; i++) {
        workers[i]->broken = broken;
        cdn_crews_return(pool, workers[i]);
    }
}

/* Tend as a second passes; whoever is asked answers. */
static void tend(struct cdn_crews *pool)
{
    crewing_pass(SECOND);
    ck_assert(!cdn_crews_tend(pool, NULL));
    for (uint32_t i = 0; i < crewing.started; i++)
        (void)crewing_answer(&crewing.fakes[i]);
    ck_assert(!cdn_crews_tend(pool, NULL));
}

START_TEST(crews__as_many_are_started_ahead_as_were_needed_at_once)
{
    struct cdn_crews *pool = crewing_pool(0, 8);

    use(pool, 3, true);
    ck_assert_uint_eq(crewing.alive, 0);
    tend(pool);
    tend(pool);
    /* and one more, as somebody had to wait */
    ck_assert_uint_eq(crewing_stats(pool).idle, 4);
    use(pool, 4, false);
    ck_assert_uint_eq(crewing.started, 3 + 4);
    tend(pool);
    tend(pool);
    ck_assert_uint_eq(crewing_stats(pool).idle, 5);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__who_is_idle_for_long_ends_but_for_the_least)
{
    struct cdn_crews *pool = crewing_pool(2, 8);

    cdn_crews_want(pool, CORDON_WALL_PROCESS, &crewing_nothing);
    use(pool, 4, false);
    for (int i = 0; i < 50; i++)
        tend(pool);
    ck_assert_uint_ge(crewing_stats(pool).idle, 4);
    for (int i = 0; i < 150; i++)
        tend(pool);
    ck_assert_uint_eq(crewing_stats(pool).idle, 2);
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_IDLE], 3);
    ck_assert_uint_eq(crewing.alive, 2);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__behind_a_wall_that_nothing_wants_any_more_none_is_kept)
{
    struct cdn_crews *pool = crewing_pool(2, 8);

    cdn_crews_want(pool, CORDON_WALL_PROCESS, &crewing_nothing);
    tend(pool);
    ck_assert_uint_eq(crewing_stats(pool).idle, 2);
    cdn_crews_want(pool, CORDON_WALL_PROCESS, NULL);
    tend(pool); /* not at once: it may be wanted again */
    ck_assert_uint_eq(crewing_stats(pool).idle, 2);
    for (int i = 0; i < 200; i++)
        tend(pool);
    ck_assert_uint_eq(crewing.alive, 0);
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_IDLE], 2);
    cdn_crews_want(pool, CORDON_WALL_PROCESS, &crewing_nothing);
    tend(pool);
    tend(pool);
    ck_assert_uint_eq(crewing_stats(pool).idle, 2);
    crewing_free(pool);
}
END_TEST

START_TEST(crews__what_nobody_uses_is_forgotten)
{
    struct cdn_crews *pool = crewing_pool(2, 8);
    const struct cdn_sight bank = {.seen = cdn_fixture_bank_open()};

    cdn_crews_return(pool, crewing_lease(pool, &bank));
    for (int i = 0; i < 200; i++)
        tend(pool);
    ck_assert_uint_eq(crewing.alive, 0); /* the least is kept of what is in use */
    crewing_free(pool);
    cordon_snapshot_release(bank.seen);
}
END_TEST

/* ---- generations ---- */

static struct cdn_sight whole(void)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();

    return (struct cdn_sight){.seen = snapshot, .of = snapshot};
}

START_TEST(crews__a_generation_s_workers_end_when_nobody_needs_them)
{
    struct cdn_crews *pool = crewing_pool(1, 8);
    const struct cdn_sight first = whole(), second = whole();
    struct cdn_worker *a, *b, *late;

    cdn_crews_turn(pool, first.seen);
    a = crewing_lease(pool, &first);
    b = crewing_lease(pool, &first);
    cdn_crews_return(pool, b);
    cdn_crews_turn(pool, second.seen);
    ck_assert_uint_eq(crewing.alive, 1); /* the idle one is gone, not the one in use */
    cdn_crews_return(pool, a);
    ck_assert_uint_eq(crewing.alive, 0);
    ck_assert_uint_eq(crewing_stats(pool).ends[CDN_END_GENERATION], 2);
    /* who still stands on the first gets what he needs, and leaves nothing */
    late = crewing_lease(pool, &first);
    cdn_crews_return(pool, late);
    ck_assert_uint_eq(crewing.alive, 0);
    /* others are ahead for the second, as many as the first had needed */
    tend(pool);
    ck_assert_uint_ge(crewing_stats(pool).idle, 2);
    crewing.start = FAILS;
    cdn_crews_return(pool, crewing_lease(pool, &second));
    cdn_crews_turn(pool, NULL);
    ck_assert_uint_eq(crewing.alive, 0);
    crewing_free(pool);
    cordon_snapshot_release(first.seen);
    cordon_snapshot_release(second.seen);
}
END_TEST

/* ---- memory, threads ---- */

#ifdef CORDON_FAILALLOC
static cordon_status try_lease_once(void)
{
    struct cdn_crews *pool = crewing_pool(0, 1);
    cordon_error err;
    cordon_status status = try_lease(pool, &err);

    crewing_free(pool);
    return status;
}

START_TEST(crews__each_allocation_of_a_lease_may_fail)
{
    cordon_error err;

    ck_assert(!try_lease_once()); /* what the wall itself needs is there */
    CDN_UNIT_FAILALLOC(nth)
    {
        const struct cdn_crews_options options = {.walls = crewing_walls,
                                                  .with = {.cpu_s = 100},
                                                  .most = 2,
                                                  .now = crewing_now};
        struct cdn_crews *pool;
        cordon_status status = cdn_crews_new(&pool, &options, &err);

        if (!status)
            status = try_lease(pool, &err);
        if (cdn_failalloc_fired())
            ck_assert_int_eq(status, CORDON_E_NOMEM);
        else
            ck_assert_int_eq(status, CORDON_OK);
        crewing_free(pool);
    }
}
END_TEST
#endif

enum { THREADS = 4, ROUNDS = 300 };

static struct crewing_fake *fake_of(struct cdn_worker *worker)
{
    return (struct crewing_fake *)(void *)worker;
}

static void *lease_many(void *ud)
{
    struct cdn_crews *pool = ud;

    for (int i = 0; i < ROUNDS; i++) {
        struct cdn_worker *worker = crewing_lease(pool, &crewing_nothing);

        ck_assert(!fake_of(worker)->held); /* nobody else has it */
        fake_of(worker)->held = true;
        worker->runs++;
        sched_yield();
        worker->broken = worker->runs % 10 == 0;
        fake_of(worker)->held = false;
        cdn_crews_return(pool, worker);
        crewing_pass(SECOND / 10);
    }
    return NULL;
}

START_TEST(crews__threads_share_them)
{
    struct cdn_crews *pool = crewing_pool(1, THREADS - 1);
    pthread_t threads[THREADS], answers;
    cordon_error err;

    atomic_store(&answering, true);
    ck_assert(!pthread_create(&answers, NULL, answer_all, NULL));
    for (int i = 0; i < THREADS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, lease_many, pool));
    for (int i = 0; i < 100; i++) {
        ck_assert_msg(!cdn_crews_tend(pool, &err), "%s", err.message);
        usleep(300);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert(!pthread_join(threads[i], NULL));
    atomic_store(&answering, false);
    ck_assert(!pthread_join(answers, NULL));
    ck_assert_uint_le(crewing.alive, THREADS - 1);
    crewing_free(pool);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("crews");

    CDN_UNIT_CASE(s, crews__the_worker_that_was_used_last_is_leased_first);
    CDN_UNIT_CASE(s, crews__there_are_never_more_than_the_options_say);
    CDN_UNIT_CASE(s, crews__what_is_returned_goes_to_who_waits);
    CDN_UNIT_CASE(s, crews__an_idle_one_of_another_sight_makes_room);
    CDN_UNIT_CASE(s, crews__who_is_cancelled_waits_no_longer);
    CDN_UNIT_CASE(s, crews__a_wall_that_cannot_be_put_up_is_tried_less_and_less_often);
    CDN_UNIT_CASE(s, crews__one_that_dies_or_lies_before_it_greets_has_failed);
    CDN_UNIT_CASE(s, crews__a_slow_start_is_the_next_ones_worker);
    CDN_UNIT_CASE(s, crews__one_that_never_greets_is_ended);
    CDN_UNIT_CASE(s, crews__filling_starts_what_is_missing);
    CDN_UNIT_CASE(s, crews__a_dead_one_is_found_before_it_is_leased);
    CDN_UNIT_CASE(s, crews__a_stopped_one_is_found_by_asking);
    CDN_UNIT_CASE(s, crews__without_a_tend_the_lease_asks);
    CDN_UNIT_CASE(s, crews__one_that_has_worked_for_long_is_replaced);
    CDN_UNIT_CASE(s, crews__one_that_was_hung_up_on_has_time_to_clean_up);
    CDN_UNIT_CASE(s, crews__as_many_are_started_ahead_as_were_needed_at_once);
    CDN_UNIT_CASE(s, crews__who_is_idle_for_long_ends_but_for_the_least);
    CDN_UNIT_CASE(s, crews__behind_a_wall_that_nothing_wants_any_more_none_is_kept);
    CDN_UNIT_CASE(s, crews__what_nobody_uses_is_forgotten);
    CDN_UNIT_CASE(s, crews__a_generation_s_workers_end_when_nobody_needs_them);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, crews__each_allocation_of_a_lease_may_fail);
#endif
    CDN_UNIT_CASE(s, crews__threads_share_them);
    return s;
}

CDN_UNIT_MAIN(suite)
