/* Who goes away is noticed, and nobody else is taken for him. */
#include "support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/watch.h"

static bool is_cancelled(const cordon_cancel *cancel)
{
    return __atomic_load_n(&cancel->requested, __ATOMIC_RELAXED) != 0;
}

static void wait_for(const cordon_cancel *cancel)
{
    while (!is_cancelled(cancel))
        sched_yield();
}

START_TEST(watch__cancels_for_who_has_gone)
{
    struct cdn_watch *watch;
    cordon_cancel gone = {0}, here = {0}, left = {0};
    int pairs[3][2];
    uint32_t places[3];

    ck_assert_int_eq(cdn_watch_open(&watch, 3, NULL), CORDON_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
    places[0] = cdn_watch_add(watch, pairs[0][0], &gone);
    places[1] = cdn_watch_add(watch, pairs[1][0], &here);
    places[2] = cdn_watch_add(watch, pairs[2][0], &left);
    ck_assert_uint_eq(cdn_watch_add(watch, pairs[2][0], &here), UINT32_MAX); /* full */
    cdn_watch_remove(watch, places[2], pairs[2][0]);
    close(pairs[2][1]);
    ck_assert_int_eq(write(pairs[1][1], "x", 1), 1); /* more to read is no end */
    close(pairs[0][1]);
    wait_for(&gone);
    ck_assert(!is_cancelled(&here));
    ck_assert(!is_cancelled(&left));
    cdn_watch_cancel_all(watch);
    ck_assert(is_cancelled(&here));
    ck_assert(!is_cancelled(&left));
    cdn_watch_remove(watch, places[0], pairs[0][0]);
    cdn_watch_remove(watch, places[1], pairs[1][0]);
    cdn_watch_remove(watch, UINT32_MAX, -1);
    cdn_watch_close(watch);
}
END_TEST

START_TEST(watch__refuses_what_is_no_socket)
{
    struct cdn_watch *watch;
    cordon_cancel cancel = {0};
    int pair[2];

    ck_assert_int_eq(cdn_watch_open(&watch, 1, NULL), CORDON_OK);
    ck_assert_uint_eq(cdn_watch_add(watch, -1, &cancel), UINT32_MAX);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    /* the place was given back */
    ck_assert_uint_eq(cdn_watch_add(watch, pair[0], &cancel), 0);
    cdn_watch_remove(watch, 0, pair[0]);
    cdn_watch_close(watch);
}
END_TEST

/* Places are used again while ends of their last users' sockets are on the way. */
static void *come_and_go(void *ud)
{
    struct cdn_watch *watch = ud;

    for (int i = 0; i < 2000; i++) {
        cordon_cancel cancel = {0};
        int pair[2];
        uint32_t place;

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        place = cdn_watch_add(watch, pair[0], &cancel);
        if (i % 2)
            close(pair[1]);
        cdn_watch_remove(watch, place, pair[0]);
        if (!(i % 2)) {
            ck_assert(!is_cancelled(&cancel));
            close(pair[1]);
        }
        close(pair[0]);
    }
    return NULL;
}

START_TEST(watch__tells_users_of_a_place_apart)
{
    struct cdn_watch *watch;
    pthread_t threads[3];

    ck_assert_int_eq(cdn_watch_open(&watch, 3, NULL), CORDON_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, watch), 0);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    cdn_watch_close(watch);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_watch *watch;
        cordon_status status = cdn_watch_open(&watch, 2, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_watch_close(watch);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("watch");

    CDN_UNIT_CASE(s, watch__cancels_for_who_has_gone);
    CDN_UNIT_CASE(s, watch__refuses_what_is_no_socket);
    CDN_UNIT_CASE(s, watch__tells_users_of_a_place_apart);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
