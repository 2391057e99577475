/* The ring of spans: whole spans in order, each once, from many threads, and a refusal at once. */
#include "server/span_ring.h"

#include <pthread.h>
#include <sched.h>

#include "base/alloc.h"
#include "support/unit.h"

static bool put(struct cdn_span_ring *ring, uint64_t value)
{
    uint64_t at;
    struct cdn_span *span = cdn_span_ring_claim(ring, &at);

    if (!span)
        return false;
    span->kind = CDN_SPAN_HTTP;
    span->duration_ns = value;
    span->start_ns = (int64_t)value;
    cdn_span_ring_commit(ring, at);
    return true;
}

START_TEST(ring__gives_back_what_was_put)
{
    struct cdn_span_ring ring;
    struct cdn_span out;

    ck_assert_int_eq(cdn_span_ring_init(&ring, 4, NULL), CORDON_OK);
    ck_assert(!cdn_span_ring_take(&out, &ring));
    for (uint64_t round = 0; round < 10; round++) {
        for (uint64_t i = 0; i < 4; i++)
            ck_assert(put(&ring, round * 10 + i));
        ck_assert(!put(&ring, 99));
        ck_assert_uint_eq(cdn_span_ring_used(&ring), 4);
        for (uint64_t i = 0; i < 4; i++) {
            ck_assert(cdn_span_ring_take(&out, &ring));
            ck_assert_uint_eq(out.duration_ns, round * 10 + i);
        }
        ck_assert(!cdn_span_ring_take(&out, &ring));
        ck_assert_uint_eq(cdn_span_ring_used(&ring), 0);
    }
    cdn_span_ring_deinit(&ring);
}
END_TEST

/* One that is claimed and not yet handed over holds up those behind it, and is not skipped. */
START_TEST(ring__waits_for_one_that_is_being_filled)
{
    struct cdn_span_ring ring;
    struct cdn_span out, *slow;
    uint64_t at;

    ck_assert_int_eq(cdn_span_ring_init(&ring, 4, NULL), CORDON_OK);
    slow = cdn_span_ring_claim(&ring, &at);
    ck_assert_ptr_nonnull(slow);
    ck_assert(put(&ring, 2));
    ck_assert(!cdn_span_ring_take(&out, &ring));
    slow->duration_ns = 1;
    cdn_span_ring_commit(&ring, at);
    ck_assert(cdn_span_ring_take(&out, &ring));
    ck_assert_uint_eq(out.duration_ns, 1);
    ck_assert(cdn_span_ring_take(&out, &ring));
    ck_assert_uint_eq(out.duration_ns, 2);
    cdn_span_ring_deinit(&ring);
}
END_TEST

enum { THREADS = 3, EACH = 20000 };

struct producer {
    struct cdn_span_ring *ring;
    uint64_t number;
};

static void *produce(void *arg)
{
    struct producer *own = arg;

    for (uint64_t i = 0; i < EACH; i++)
        while (!put(own->ring, own->number * EACH + i))
            sched_yield();
    return NULL;
}

START_TEST(ring__keeps_each_threads_order)
{
    struct producer producers[THREADS];
    uint64_t next[THREADS] = {0};
    pthread_t threads[THREADS];
    struct cdn_span_ring ring;
    struct cdn_span out;

    ck_assert_int_eq(cdn_span_ring_init(&ring, 64, NULL), CORDON_OK);
    for (uint64_t i = 0; i < THREADS; i++) {
        producers[i] = (struct producer){&ring, i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (int taken = 0; taken < THREADS * EACH;) {
        uint64_t from;

        if (!cdn_span_ring_take(&out, &ring)) {
            sched_yield();
            continue;
        }
        from = out.duration_ns / EACH;
        ck_assert_uint_lt(from, THREADS);
        ck_assert_uint_eq(out.duration_ns % EACH, next[from]++);
        ck_assert_int_eq((int64_t)out.duration_ns, out.start_ns);
        taken++;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert(!cdn_span_ring_take(&out, &ring));
    cdn_span_ring_deinit(&ring);
}
END_TEST

START_TEST(init__refuses_what_is_no_power_of_two)
{
    static const uint64_t bad[] = {0, 1, 3, 1000, UINT64_C(1) << 40};
    struct cdn_span_ring ring;
    cordon_error err;

    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        ck_assert_int_eq(cdn_span_ring_init(&ring, bad[i], &err), CORDON_E_INVALID);
        ck_assert_ptr_nonnull(strstr(err.message, "power of two"));
        cdn_span_ring_deinit(&ring);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(init__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_span_ring ring;
        cordon_status status = cdn_span_ring_init(&ring, 4, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_span_ring_deinit(&ring);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("span_ring");

    CDN_UNIT_CASE(s, ring__gives_back_what_was_put);
    CDN_UNIT_CASE(s, ring__waits_for_one_that_is_being_filled);
    CDN_UNIT_CASE(s, ring__keeps_each_threads_order);
    CDN_UNIT_CASE(s, init__refuses_what_is_no_power_of_two);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, init__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
