#include "support/unit.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "server/guard.h"

#define MS ((uint64_t)1000000)

static const struct cdn_guard_times times = {
    .header_ms = 10, .request_ms = 60, .idle_ms = 30};

/* One end is the server's, the other the client's. */
struct ends {
    struct cdn_guarded guarded;
    int fds[2];
};

static void open_ends(struct ends *ends, struct cdn_guard *guard, uint64_t now_ns)
{
    memset(ends, 0, sizeof *ends);
    ck_assert(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends->fds));
    cdn_guard_begin(guard, &ends->guarded, ends->fds[0], now_ns);
}

static bool is_cut(const struct ends *ends)
{
    char byte;

    return recv(ends->fds[1], &byte, 1, 0) == 0;
}

static void close_ends(struct ends *ends)
{
    cdn_guard_end(&ends->guarded);
    close(ends->fds[0]);
    close(ends->fds[1]);
}

START_TEST(sweep__cuts_off_at_each_step_in_its_time)
{
    struct cdn_guard *guard;
    struct ends ends;

    ck_assert(!cdn_guard_new(&guard, &times, NULL));
    /* headers */
    open_ends(&ends, guard, 100 * MS);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 109 * MS), 0);
    ck_assert(!is_cut(&ends));
    ck_assert_uint_eq(cdn_guard_sweep(guard, 110 * MS), 1);
    ck_assert(is_cut(&ends));
    ck_assert_uint_eq(cdn_guard_sweep(guard, 999 * MS), 0); /* once */
    close_ends(&ends);
    /* body, and then an answer that takes as long as it takes */
    open_ends(&ends, guard, 100 * MS);
    cdn_guard_headers(&ends.guarded, 105 * MS);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 164 * MS), 0);
    cdn_guard_whole(&ends.guarded);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 9999 * MS), 0);
    /* the next request */
    cdn_guard_answered(&ends.guarded, 10000 * MS);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 10039 * MS), 0);
    ck_assert(!is_cut(&ends));
    cdn_guard_headers(&ends.guarded, 10039 * MS);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 10098 * MS), 0);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 10099 * MS), 1);
    ck_assert(is_cut(&ends));
    close_ends(&ends);
    cdn_guard_free(guard);
}
END_TEST

START_TEST(sweep__cuts_off_only_who_is_late)
{
    struct cdn_guard *guard;
    struct ends ends[5];

    ck_assert(!cdn_guard_new(&guard, &times, NULL));
    for (size_t i = 0; i < 5; i++)
        open_ends(&ends[i], guard, (100 + i) * MS);
    /* from the middle and from both ends of the list */
    close_ends(&ends[2]);
    close_ends(&ends[4]);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 111 * MS), 2);
    ck_assert(is_cut(&ends[0]));
    ck_assert(is_cut(&ends[1]));
    ck_assert(!is_cut(&ends[3]));
    close_ends(&ends[0]);
    close_ends(&ends[1]);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 113 * MS), 1);
    close_ends(&ends[3]);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 999 * MS), 0);
    cdn_guard_free(guard);
}
END_TEST

START_TEST(end__leaves_alone_what_has_not_begun)
{
    struct cdn_guarded never = {0};

    cdn_guard_headers(&never, 1);
    cdn_guard_answered(&never, 1);
    ck_assert_uint_eq(never.until_ns, 0);
    cdn_guard_end(&never);
    cdn_guard_end(&never);
    cdn_guard_free(NULL);
}
END_TEST

static void *come_and_go(void *shared)
{
    for (unsigned i = 0; i < 300; i++) {
        struct ends ends;

        open_ends(&ends, shared, 100 * MS);
        cdn_guard_headers(&ends.guarded, 100 * MS);
        cdn_guard_whole(&ends.guarded);
        cdn_guard_answered(&ends.guarded, 100 * MS);
        close_ends(&ends);
    }
    return NULL;
}

START_TEST(sweep__goes_on_while_connections_come_and_go)
{
    struct cdn_guard *guard;
    pthread_t threads[3];

    ck_assert(!cdn_guard_new(&guard, &times, NULL));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, guard), 0);
    for (int i = 0; i < 300; i++)
        (void)cdn_guard_sweep(guard, (uint64_t)i * MS);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(cdn_guard_sweep(guard, 9999 * MS), 0); /* nobody is left */
    cdn_guard_free(guard);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_guard *guard;
        cordon_status status = cdn_guard_new(&guard, &times, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_guard_free(guard);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("guard");

    CDN_UNIT_CASE(s, sweep__cuts_off_at_each_step_in_its_time);
    CDN_UNIT_CASE(s, sweep__cuts_off_only_who_is_late);
    CDN_UNIT_CASE(s, end__leaves_alone_what_has_not_begun);
    CDN_UNIT_CASE(s, sweep__goes_on_while_connections_come_and_go);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
