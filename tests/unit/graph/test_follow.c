/* Arms against edge sets: the same edges, whatever narrows them. */
#include "toy.h"

START_TEST(follow__gives_what_edge_sets_give)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};

    for (uint32_t seed = 0; seed < 120; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 10, seed % 100);
        uint32_t low = toy_pick(toy, 60000);
        uint32_t high = low + toy_pick(toy, 60000);
        const char *direction = directions[seed % 3];

        /* a walk of one step over every seed, and neighbours, see each edge */
        ck_assert_str_eq(
            toy_runf(
                toy,
                "local node, low, high = N(%u), %u, %u "
                "local set = node:%s('e'):since(low):before(high):where('w', '>=', 3)"
                ":where('w', '~=', 5) local edges = { e = { since = low, before = "
                "high, where = { { 'w', '>=', 3 }, { 'w', '~=', 5 } } } } "
                "local mine = graph:common_neighbours(node, node, { edges = edges, "
                "direction = '%s' }) local theirs = set:nodes():minus(graph:set{ "
                "node }) assert(mine:count() == theirs:count()) "
                "assert(mine:minus(theirs):count() == 0) "
                "local seen = {} for s = 1, 200 do for _, n in ipairs("
                "graph:random_walk(node, { steps = 1, seed = s, edges = edges, "
                "direction = '%s' })) do seen[n] = true end end local walked = 0 "
                "for n in set:nodes():each() do assert(seen[n]) seen[n] = nil end "
                "assert(next(seen) == nil) return mine:count() == theirs:count()",
                toy_pick(toy, toy->nodes), low, high, direction, direction, direction),
            "true");
        toy_free(toy);
    }
}
END_TEST

START_TEST(follow__charges_a_list_and_every_edge_looked_at)
{
    struct harness *harness =
        harness_new(cdn_fixture_bank_open(), "Account:; transfer: amount; own:");
    uint64_t before;

    /* account 100 has five outgoing transfers; from T + 2 H there are three */
    HARNESS_EQ(
        harness,
        "return graph:common_neighbours(graph:node('Account', 100), "
        "graph:node('Account', 700), { edges = 'transfer', direction = 'outgoing' "
        "}):count()",
        "0");
    ck_assert_uint_eq(harness_meter(harness)->edges, 1 + 5 + 1);
    before = harness_meter(harness)->edges;
    HARNESS_EQ(
        harness,
        "return graph:common_neighbours(graph:node('Account', 100), "
        "graph:node('Account', 700), { edges = { transfer = { since = T + 2 * H } "
        "}, direction = 'outgoing' }):count()",
        "0");
    ck_assert_uint_eq(harness_meter(harness)->edges, before - 2);
    HARNESS_EQ(
        harness,
        "return graph:common_neighbours(graph:node('Account', 100), "
        "graph:node('Account', 700), { edges = { transfer = { where = { 'amount', "
        "'>', 1e9 } } }, direction = 'outgoing' }):count()",
        "0");
    ck_assert_uint_eq(harness_meter(harness)->edges, before);
    harness_free(harness);
}
END_TEST

START_TEST(follow__sees_nothing_later_than_as_of)
{
    struct harness *harness =
        harness_new(cdn_fixture_bank_open(), "Account:; transfer: amount");

    harness->run.as_of_ms = CDN_BANK_T + 2 * CDN_BANK_HOUR;
    HARNESS_EQ(harness,
               "local v = graph:view() return v:count(), v:edge_count(), "
               "graph:shortest_path(graph:node('Account', 100), graph:node('Account', "
               "400)), graph:ego(graph:node('Account', 100)):count(), "
               "#graph:random_walk(graph:node('Account', 800))",
               "10 4 nil 3 0");
    harness_free(harness);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/follow");
    TCase *tc = tcase_create("follow");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, follow__gives_what_edge_sets_give);
    tcase_add_test(tc, follow__charges_a_list_and_every_edge_looked_at);
    tcase_add_test(tc, follow__sees_nothing_later_than_as_of);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
