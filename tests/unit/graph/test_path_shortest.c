/* Shortest paths against all-pairs lengths; every way given is a way. */
#include <math.h>

#include "toy.h"

/* Lua that checks that a way holds together and gives its length. */
#define CHECKED                                                                        \
    "local function checked(way, from, to, back) if not way then return 'none' end "   \
    "assert(#way.nodes == way.hops + 1 and #way.edges == way.hops) "                   \
    "assert(way.nodes[1] == from and way.nodes[way.hops + 1] == to) "                  \
    "local sum = 0 for i, e in ipairs(way.edges) do local a, b = way.nodes[i], "       \
    "way.nodes[i + 1] if back == 'incoming' then a, b = b, a end "                     \
    "assert(e.source == a and e.target == b or back == 'both' and e.source == b and "  \
    "e.target == a) sum = sum + (e.w or 0) end return way.length, sum end "

static const char *length_text(char out[32], double length)
{
    if (isinf(length))
        (void)snprintf(out, 32, "none");
    else
        (void)snprintf(out, 32, "%.0f", length);
    return out;
}

START_TEST(shortest_path__agrees_with_all_pairs)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};
    double distances[TOY_NODES * TOY_NODES];
    char text[32];

    for (uint32_t seed = 0; seed < 90; seed++) {
        struct toy *toy = toy_new(seed, 2 + seed % 20, seed * 3 % 60);
        uint32_t a = toy_pick(toy, toy->nodes);
        uint32_t b = toy_pick(toy, toy->nodes);
        uint32_t from = seed % 3 == 1 ? b : a;
        uint32_t to = seed % 3 == 1 ? a : b;
        double length;

        toy_distances(toy, distances, false, seed % 3 == 2);
        length = distances[from * toy->nodes + to];
        ck_assert_str_eq(
            toy_runf(toy,
                     CHECKED "return (checked(graph:shortest_path(N(%u), N(%u), { "
                             "direction = '%s' }), N(%u), N(%u), '%s'))",
                     a, b, directions[seed % 3], a, b, directions[seed % 3]),
            length_text(text, length));
        if (isfinite(length) && length > 0)
            ck_assert_str_eq(
                toy_runf(toy,
                         "local o = { direction = '%s', max_hops = %.0f } local none = "
                         "graph:shortest_path(N(%u), N(%u), o) o.max_hops = o.max_hops "
                         "+ 1 return none, graph:shortest_path(N(%u), N(%u), o).hops",
                         directions[seed % 3], length - 1, a, b, a, b) +
                    4,
                length_text(text, length));
        toy_distances(toy, distances, true, seed % 3 == 2);
        length = distances[from * toy->nodes + to];
        ck_assert_str_eq(
            toy_runf(toy,
                     CHECKED
                     "local length, sum = checked(graph:shortest_path(N(%u), "
                     "N(%u), { weight = 'w', direction = '%s' }), N(%u), N(%u), "
                     "'%s') assert(sum == nil or sum == length) return length",
                     a, b, directions[seed % 3], a, b, directions[seed % 3]),
            length_text(text, length));
        toy_free(toy);
    }
}
END_TEST

START_TEST(shortest_path__reads_less_than_everything)
{
    struct toy *toy = toy_new(12, 24, 120);
    uint64_t whole;

    toy_run(toy, "return graph:view():count()");
    whole = toy_edges_read(toy);
    toy_runf(toy, "return graph:shortest_path(N(%u), N(%u)).hops", toy->edge[0].from,
             toy->edge[0].to);
    ck_assert_uint_gt(toy_edges_read(toy), 0);
    ck_assert_uint_lt(toy_edges_read(toy), whole);
    toy_free(toy);
}
END_TEST

START_TEST(shortest_path__stops_at_the_edge_budget)
{
    struct toy *toy = toy_new(12, 24, 120);

    toy->harness->budget.edges = 10;
    ck_assert_str_eq(toy_run(toy, "return graph:shortest_path(N(0), N(20), { weight = "
                                  "'w' })"),
                     "stopped: edges");
    ck_assert_uint_le(toy_edges_read(toy), 10);
    toy_free(toy);
}
END_TEST

START_TEST(shortest_path__twice_the_calls_is_twice_the_charge)
{
    static const char *const calls[] = {"graph:shortest_path(N(0), N(20))",
                                        "graph:shortest_path(N(0), N(20), { weight = "
                                        "'w' })"};
    struct toy *toy = toy_new(12, 24, 120);

    for (size_t i = 0; i < 2; i++) {
        uint64_t none;
        uint64_t once;
        uint64_t edges;

        toy_run(toy, "return 0");
        none = toy_instructions(toy);
        toy_runf(toy, "local a = %s return 0", calls[i]);
        once = toy_instructions(toy) - none;
        edges = toy_edges_read(toy);
        toy_runf(toy, "local a = %s local b = %s return 0", calls[i], calls[i]);
        ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
        ck_assert_uint_eq(toy_edges_read(toy), 2 * edges);
    }
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/path_shortest");
    TCase *tc = tcase_create("path_shortest");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, shortest_path__agrees_with_all_pairs);
    tcase_add_test(tc, shortest_path__reads_less_than_everything);
    tcase_add_test(tc, shortest_path__stops_at_the_edge_budget);
    tcase_add_test(tc, shortest_path__twice_the_calls_is_twice_the_charge);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
