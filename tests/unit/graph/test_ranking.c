/* Top lists against sorting everything: whatever the order of offers, ties and NaN. */
#include "harness.h"

#include <math.h>

#include "graph/aggregate.h"

enum { MANY = 600 };

static bool integral; /* how compare() goes; Check runs one test a process */

static int compare(const void *a, const void *b)
{
    const struct cdn_ranked *left = a, *right = b;

    if (integral && left->whole != right->whole)
        return left->whole > right->whole ? -1 : 1;
    if (!integral && left->number != right->number)
        return left->number > right->number ? -1 : 1;
    if (left->node != right->node)
        return left->node < right->node ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t seed; /* of finish(), as integral */

static int finish(lua_State *L)
{
    static struct cdn_ranked all[MANY], items[MANY];
    uint64_t state = 88172645463325252u + seed;

    for (uint32_t i = 0; i < MANY; i++) /* few values: many ties */
        all[i] = (struct cdn_ranked){.number = (double)(next_random(&state) % 9) / 4,
                                     .whole = (int64_t)(next_random(&state) % 9) - 4,
                                     .node = (uint32_t)(next_random(&state) % 5),
                                     .id = i};
    for (uint32_t most = 0; most <= MANY; most += most < 4 ? 1 : 49) {
        struct cdn_ranking ranking = {.items = items, .capacity = MANY, .most = most};

        ranking.integral = integral;
        for (uint32_t i = 0; i < MANY; i++) {
            uint32_t j = i + (uint32_t)(next_random(&state) % (MANY - i));
            struct cdn_ranked swapped = all[i];

            all[i] = all[j];
            all[j] = swapped;
            cdn_ranking_offer(&ranking, &all[i]);
        }
        qsort(all, MANY, sizeof all[0], compare);
        ck_assert_uint_eq(ranking.count, most < MANY ? most : MANY);
        for (uint32_t i = 0; i < MANY; i++)
            ck_assert_int_eq(cdn_ranking_holds(&ranking, &all[i]), i < ranking.count);
        cdn_ranking_finish(&ranking, L);
        ck_assert_uint_eq(ranking.steps, 0); /* all charged */
        for (uint32_t i = 0; i < ranking.count; i++)
            ck_assert_uint_eq(ranking.items[i].id, all[i].id);
    }
    return 0;
}

START_TEST(finish__gives_the_best_in_order_whatever_came_first)
{
    struct harness *h = harness_new(cdn_fixture_bank_open(), "Account");

    integral = _i & 1;
    seed = (uint64_t)_i;
    ck_assert_str_eq(harness_call(h, finish, NULL), "");
    harness_free(h);
}
END_TEST

START_TEST(offer__passes_nan_over)
{
    struct cdn_ranked items[2];
    struct cdn_ranking ranking = {.items = items, .capacity = 2, .most = 2};
    const struct cdn_ranked entries[] = {{.number = NAN, .id = 1},
                                         {.number = -INFINITY, .id = 2},
                                         {.number = NAN, .id = 3}};

    for (size_t i = 0; i < 3; i++)
        cdn_ranking_offer(&ranking, &entries[i]);
    ck_assert_uint_eq(ranking.count, 1);
    ck_assert_uint_eq(ranking.items[0].id, 2);
}
END_TEST

START_TEST(offer__counts_the_work_it_does)
{
    static struct cdn_ranked items[MANY];
    struct cdn_ranking ranking = {.items = items, .capacity = MANY, .most = MANY};

    for (uint32_t i = 0; i < MANY; i++) /* each one climbs to the top */
        cdn_ranking_offer(&ranking,
                          &(struct cdn_ranked){.number = -(double)i, .id = i});
    ck_assert_uint_gt(ranking.steps, MANY);
    ck_assert_uint_lt(ranking.steps, MANY * 8);
}
END_TEST

static int reserve(lua_State *L)
{
    struct cdn_ranking ranking = {.most = 100};

    cdn_ranking_reserve(&ranking, L, 10);
    ck_assert_uint_eq(ranking.capacity, 10);
    for (uint32_t i = 0; i < 10; i++)
        cdn_ranking_offer(&ranking, &(struct cdn_ranked){.number = i, .id = i});
    cdn_ranking_reserve(&ranking, L, 1); /* doubled, with what it holds */
    ck_assert_uint_eq(ranking.capacity, 20);
    cdn_ranking_reserve(&ranking, L, 1000000); /* never beyond what can be kept */
    ck_assert_uint_eq(ranking.capacity, 100);
    cdn_ranking_finish(&ranking, L);
    ck_assert_uint_eq(ranking.count, 10);
    ck_assert_uint_eq(ranking.items[0].id, 9);
    ck_assert_uint_eq(ranking.items[9].id, 0);
    return 0;
}

START_TEST(reserve__grows_and_keeps_what_is_there)
{
    struct harness *h = harness_new(cdn_fixture_bank_open(), "Account");

    ck_assert_str_eq(harness_call(h, reserve, NULL), "");
    harness_free(h);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ranking");

    CDN_UNIT_LOOP(s, finish__gives_the_best_in_order_whatever_came_first, 0, 10);
    CDN_UNIT_CASE(s, offer__passes_nan_over);
    CDN_UNIT_CASE(s, offer__counts_the_work_it_does);
    CDN_UNIT_CASE(s, reserve__grows_and_keeps_what_is_there);
    return s;
}

CDN_UNIT_MAIN(suite)
