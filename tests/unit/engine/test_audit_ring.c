/* The ring: order, room, wrapping, and what is not committed. */
#include "auditing.h"

#include <pthread.h>
#include <sched.h>

#include "engine/audit_ring.h"

static struct cdn_audit_ring ring;

static void make(uint64_t size)
{
    ck_assert_int_eq(cdn_audit_ring_init(&ring, size, &err), CORDON_OK);
}

static bool put(uint64_t value, size_t bytes)
{
    struct cdn_audit_span span;

    if (!cdn_audit_ring_reserve(&span, &ring, bytes))
        return false;
    memset(span.bytes, (int)value, bytes);
    memcpy(span.bytes, &value, sizeof value);
    cdn_audit_ring_commit(&span, bytes);
    return true;
}

static uint64_t take(uint64_t *at, size_t bytes)
{
    const unsigned char *span;
    uint64_t value;
    size_t length;

    ck_assert(cdn_audit_ring_next(&ring, at, &span, &length));
    ck_assert_uint_eq(length, bytes);
    ck_assert_uint_eq((uintptr_t)span % 8, 0);
    memcpy(&value, span, sizeof value);
    for (size_t i = sizeof value; i < bytes; i++)
        ck_assert_uint_eq(span[i], (unsigned char)value);
    return value;
}

START_TEST(reserve__gives_back_every_size_in_order_round_after_round)
{
    uint64_t put_next = 0, take_next = 0;

    make(1024);
    for (int round = 0; round < 2000; round++) {
        uint64_t at = cdn_audit_ring_begin(&ring);

        while (put(put_next, 8 + put_next * 7 % 200))
            put_next++;
        ck_assert_uint_gt(put_next, take_next);
        for (; take_next < put_next - (uint64_t)(round % 3); take_next++)
            ck_assert_uint_eq(take(&at, 8 + take_next * 7 % 200), take_next);
        cdn_audit_ring_release(&ring, at);
    }
    cdn_audit_ring_deinit(&ring);
}
END_TEST

START_TEST(next__stops_at_what_is_not_committed)
{
    struct cdn_audit_span first, second;
    const unsigned char *bytes;
    uint64_t at;
    size_t length;

    make(1024);
    at = cdn_audit_ring_begin(&ring);
    ck_assert(cdn_audit_ring_reserve(&first, &ring, 16));
    ck_assert(cdn_audit_ring_reserve(&second, &ring, 16));
    cdn_audit_ring_commit(&second, 5);
    ck_assert(!cdn_audit_ring_next(&ring, &at, &bytes, &length));
    cdn_audit_ring_commit(&first, 0);
    ck_assert(cdn_audit_ring_next(&ring, &at, &bytes, &length));
    ck_assert_ptr_eq(bytes, second.bytes);
    ck_assert_uint_eq(length, 5);
    ck_assert(!cdn_audit_ring_next(&ring, &at, &bytes, &length));
    ck_assert_uint_eq(at, second.end);
    cdn_audit_ring_release(&ring, at);
    ck_assert_uint_eq(cdn_audit_ring_used(&ring), 0);
    cdn_audit_ring_deinit(&ring);
}
END_TEST

START_TEST(next__ends_when_the_whole_ring_is_taken)
{
    const unsigned char *bytes;
    uint64_t at, count = 0;
    size_t length;

    make(1024);
    at = cdn_audit_ring_begin(&ring);
    for (int i = 0; i < 8; i++)
        ck_assert(put((uint64_t)i, 120)); /* 128 with its word: exactly all of it */
    ck_assert(!put(8, 8));
    ck_assert_uint_eq(cdn_audit_ring_used(&ring), 1024);
    while (cdn_audit_ring_next(&ring, &at, &bytes, &length))
        count++;
    ck_assert_uint_eq(count, 8);
    ck_assert(!put(8, 8)); /* taken is not released */
    cdn_audit_ring_release(&ring, at);
    ck_assert(put(8, 8));
    cdn_audit_ring_deinit(&ring);
}
END_TEST

START_TEST(fits__is_a_part_of_the_ring)
{
    struct cdn_audit_span span;

    make(4096);
    ck_assert(cdn_audit_ring_fits(&ring, 1024 - 16));
    ck_assert(!cdn_audit_ring_fits(&ring, 1024 - 15));
    ck_assert(!cdn_audit_ring_fits(&ring, SIZE_MAX));
    ck_assert(!cdn_audit_ring_reserve(&span, &ring, 1024));
    cdn_audit_ring_deinit(&ring);
}
END_TEST

/* ---- threads ---- */

enum { PRODUCERS = 3, EACH = 30000 };

static void *produce(void *ud)
{
    uint64_t first = (uint64_t)(uintptr_t)ud * EACH;

    for (uint64_t i = 0; i < EACH; i++)
        while (!put(first + i, 8 + i % 90))
            sched_yield();
    return NULL;
}

START_TEST(threads__lose_and_repeat_nothing)
{
    uint64_t next[PRODUCERS] = {0}, taken = 0;
    pthread_t threads[PRODUCERS];

    make(2048);
    for (uintptr_t i = 0; i < PRODUCERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, produce, (void *)i), 0);
    while (taken < PRODUCERS * EACH) {
        uint64_t at = cdn_audit_ring_begin(&ring), before = taken;
        const unsigned char *bytes;
        size_t length;

        while (cdn_audit_ring_next(&ring, &at, &bytes, &length)) {
            uint64_t value, producer;

            memcpy(&value, bytes, sizeof value);
            producer = value / EACH;
            ck_assert_uint_lt(producer, PRODUCERS);
            ck_assert_uint_eq(value % EACH, next[producer]++);
            ck_assert_uint_eq(length, 8 + value % EACH % 90);
            taken++;
        }
        cdn_audit_ring_release(&ring, at);
        if (taken == before)
            sched_yield();
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(cdn_audit_ring_used(&ring), 0);
    cdn_audit_ring_deinit(&ring);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(init__says_when_memory_is_gone)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_audit_ring_init(&ring, 1024, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        if (!status)
            cdn_audit_ring_deinit(&ring);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("audit_ring");

    CDN_UNIT_CASE(s, reserve__gives_back_every_size_in_order_round_after_round);
    CDN_UNIT_CASE(s, next__stops_at_what_is_not_committed);
    CDN_UNIT_CASE(s, next__ends_when_the_whole_ring_is_taken);
    CDN_UNIT_CASE(s, fits__is_a_part_of_the_ring);
    CDN_UNIT_CASE(s, threads__lose_and_repeat_nothing);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, init__says_when_memory_is_gone);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
