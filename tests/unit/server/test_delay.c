/* A queue under load, replayed with a clock of the test's own. */
#include "support/unit.h"

#include "server/delay.h"

#define MS UINT64_C(1000000)

enum { THREADS = 2, ROOM = 64 };

/* Workers, a queue of ROOM places, and what became of requests. */
struct scene {
    struct cdn_delay delay;
    uint64_t now_ns;
    uint64_t queued_ns[ROOM]; /* of those that wait, the first first */
    unsigned waiting;
    uint64_t free_ns[THREADS]; /* when each worker has ended */
    unsigned served, refused, late;
    uint64_t worst_ns; /* that anybody waited who was served */
};

static void scene_begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->now_ns = 1000 * MS;
    cdn_delay_init(&s->delay, THREADS);
}

/* Workers that are free take from the queue; each run takes so long. */
static void serve(struct scene *s, uint64_t run_ns)
{
    for (unsigned t = 0; t < THREADS; t++) {
        while (s->waiting && s->free_ns[t] <= s->now_ns) {
            uint64_t waited = s->now_ns - s->queued_ns[0];

            memmove(s->queued_ns, s->queued_ns + 1,
                    --s->waiting * sizeof *s->queued_ns);
            if (!cdn_delay_begins(&s->delay, s->now_ns, waited)) {
                s->late++;
                continue;
            }
            s->served++;
            s->worst_ns = waited > s->worst_ns ? waited : s->worst_ns;
            s->free_ns[t] = s->now_ns + run_ns;
            cdn_delay_ran(&s->delay, run_ns);
        }
    }
}

/* Requests come, one in `every_ns`, for so long. */
static void offer(struct scene *s, uint64_t every_ns, uint64_t for_ns, uint64_t run_ns)
{
    uint64_t step = 10000, end = s->now_ns + for_ns, next = s->now_ns;

    for (; s->now_ns < end; s->now_ns += step) {
        for (; next <= s->now_ns; next += every_ns) {
            if (s->waiting == ROOM ||
                !cdn_delay_admits(&s->delay, s->now_ns, s->waiting))
                s->refused++;
            else
                s->queued_ns[s->waiting++] = s->now_ns;
        }
        serve(s, run_ns);
    }
}

static void forget(struct scene *s)
{
    s->served = s->refused = s->late = 0;
    s->worst_ns = 0;
}

START_TEST(delay__lets_all_in_that_can_be_served)
{
    struct scene s;

    scene_begin(&s);
    offer(&s, MS, 5000 * MS, MS); /* half of what two workers can */
    ck_assert_uint_eq(s.refused + s.late, 0);
    ck_assert_uint_eq(s.served, 5000);
}
END_TEST

START_TEST(delay__takes_a_burst)
{
    struct scene s;

    scene_begin(&s);
    for (int i = 0; i < 20; i++) {
        offer(&s, 10000, 50 * 10000, MS); /* fifty at once */
        offer(&s, 1000 * MS, 200 * MS, MS);
    }
    ck_assert_uint_eq(s.refused + s.late, 0);
}
END_TEST

/* However long one takes: the wait is short, workers are busy, and who is too many is refused. */
START_TEST(delay__keeps_a_standing_queue_short)
{
    static const uint64_t runs[] = {200000, 700000, 5 * MS, 100 * MS};
    uint64_t run = runs[_i];
    uint64_t patience = run > CDN_DELAY_LEAST_NS ? run : CDN_DELAY_LEAST_NS;
    struct scene s;

    scene_begin(&s);
    offer(&s, run / 8, 2000 * MS + 20 * run, run); /* four times what can be done */
    forget(&s);
    offer(&s, run / 8, 200 * run, run);
    ck_assert_uint_le(s.worst_ns, patience + run);
    ck_assert_uint_ge(s.served, 2 * 200 - 10);
    ck_assert_uint_ge(s.refused, 1100);
}
END_TEST

START_TEST(delay__ends_a_queue_that_stood)
{
    struct scene s;

    scene_begin(&s);
    offer(&s, MS / 8, 400 * MS, MS);
    ck_assert(s.delay.pressed);
    ck_assert_uint_gt(s.late, 0);   /* who waited when it was found out */
    offer(&s, 2 * MS, 10 * MS, MS); /* now little comes */
    forget(&s);
    offer(&s, 2 * MS, 400 * MS, MS);
    ck_assert(!s.delay.pressed);
    ck_assert_uint_eq(s.refused, 0);
}
END_TEST

START_TEST(delay__forgets_what_is_long_ago)
{
    struct scene s;

    scene_begin(&s);
    offer(&s, MS / 8, 400 * MS, MS);
    s.waiting = 0;
    s.now_ns += 60000 * MS;
    ck_assert(cdn_delay_admits(&s.delay, s.now_ns, ROOM - 1));
    ck_assert(!s.delay.pressed);
}
END_TEST

/* One run of a thousand times the mean does not open the doors. */
START_TEST(delay__is_not_taken_in_by_one_long_run)
{
    struct cdn_delay delay;

    cdn_delay_init(&delay, THREADS);
    for (int i = 0; i < 1000; i++)
        cdn_delay_ran(&delay, MS);
    cdn_delay_ran(&delay, 1000 * MS);
    ck_assert_uint_lt(delay.mean_ns, 2 * MS);
    for (int i = 0; i < 10000; i++)
        cdn_delay_ran(&delay, 0);
    ck_assert_uint_gt(delay.mean_ns, 0);
    for (int i = 0; i < 1000; i++)
        cdn_delay_ran(&delay, MS);
    ck_assert_uint_gt(delay.mean_ns, MS / 2);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("delay");

    CDN_UNIT_CASE(s, delay__lets_all_in_that_can_be_served);
    CDN_UNIT_CASE(s, delay__takes_a_burst);
    CDN_UNIT_LOOP(s, delay__keeps_a_standing_queue_short, 0, 4);
    CDN_UNIT_CASE(s, delay__ends_a_queue_that_stood);
    CDN_UNIT_CASE(s, delay__forgets_what_is_long_ago);
    CDN_UNIT_CASE(s, delay__is_not_taken_in_by_one_long_run);
    return s;
}

CDN_UNIT_MAIN(suite)
