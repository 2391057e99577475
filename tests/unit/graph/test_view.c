/* Extraction: which nodes and edges a view has, in which order, at which price. */
#include "graph/view.h"

#include <math.h>

#include "graph/numbering.h"
#include "toy.h"

/* Make a view of every second node, or all, and compare its rows with the edge list. */
struct wanted {
    struct toy *toy;
    bool symmetric;
    bool all;
};

static int check_rows(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    const struct wanted *wanted = harness->ud;
    struct toy *toy = wanted->toy;
    struct cdn_members members = {.count = 0};
    struct cdn_follow follow;
    struct cdn_view *view;
    uint32_t seen = 0;
    uint32_t step = wanted->all ? 1 : 2;

    cdn_follow_init(&follow, L);
    follow.type_count = 1;
    for (uint32_t k = 0; k < follow.run->binding->kind_count; k++)
        if (follow.run->binding->kinds[k].what == CDN_BOUND_TYPE)
            follow.types[0] =
                (struct cdn_follow_type){.kind = &follow.run->binding->kinds[k],
                                         .low = INT64_MIN,
                                         .high = INT64_MAX};
    members.nodes = cdn_scratch_alloc(L, TOY_NODES * sizeof *members.nodes);
    for (uint32_t i = toy->nodes; i-- > 0;) /* descending: it has to sort */
        if (i % step == 0)
            members.nodes[members.count++] = i;
    view = cdn_view_push(L, &follow, &members, wanted->symmetric);
    ck_assert_uint_eq(view->node_count, (toy->nodes + step - 1) / step);
    for (uint32_t v = 0; v < view->node_count; v++) {
        ck_assert_uint_eq(view->nodes[v], v * step);
        ck_assert_uint_eq(cdn_view_find(view, v * step), v);
        for (uint32_t w = 0; w < view->node_count; w++) {
            uint32_t there = 0;
            uint32_t back = 0;
            uint32_t out = 0;
            uint32_t in = 0;

            for (uint32_t e = 0; e < toy->edges; e++) {
                there += toy->edge[e].from == v * step && toy->edge[e].to == w * step;
                back += toy->edge[e].to == v * step && toy->edge[e].from == w * step;
            }
            if (wanted->symmetric && v != w)
                there = back = there + back;
            for (uint32_t e = view->out_offsets[v]; e < view->out_offsets[v + 1]; e++)
                out += view->out_peers[e] == w;
            for (uint32_t e = view->in_offsets[v]; e < view->in_offsets[v + 1]; e++)
                in += view->in_peers[e] == w;
            ck_assert_uint_eq(out, there);
            ck_assert_uint_eq(in, back);
            seen += out;
        }
        for (uint32_t e = view->out_offsets[v] + 1; e < view->out_offsets[v + 1]; e++)
            ck_assert_uint_le(view->out_peers[e - 1], view->out_peers[e]);
        for (uint32_t e = view->in_offsets[v] + 1; e < view->in_offsets[v + 1]; e++)
            ck_assert_uint_le(view->in_peers[e - 1], view->in_peers[e]);
    }
    ck_assert_uint_eq(seen, view->edge_count);
    ck_assert_uint_eq(cdn_view_find(view, toy->nodes + 5), CDN_NO_NUMBER);
    return 0;
}

START_TEST(view__has_all_edges_between_its_nodes_in_order)
{
    for (uint32_t seed = 0; seed < 80; seed++) {
        struct toy *toy = toy_new(seed, 1 + seed % 20, seed * 3 % 120);
        struct wanted wanted = {toy, seed & 1, seed & 2};

        ck_assert_str_eq(harness_call(toy->harness, check_rows, &wanted), "");
        toy_free(toy);
    }
}
END_TEST

START_TEST(ego__has_the_nodes_within_its_hops)
{
    double distances[TOY_NODES * TOY_NODES];

    for (uint32_t seed = 0; seed < 60; seed++) {
        struct toy *toy = toy_new(seed, 4 + seed % 20, seed * 3 % 50);
        uint32_t from = toy_pick(toy, toy->nodes);
        uint32_t hops = toy_pick(toy, 4);
        uint32_t count = 0;
        char expected[32];

        toy_distances(toy, distances, false, seed & 1);
        for (uint32_t i = 0; i < toy->nodes; i++)
            count += distances[from * toy->nodes + i] <= hops;
        (void)snprintf(expected, sizeof expected, "%u true", count);
        ck_assert_str_eq(
            toy_runf(
                toy,
                "local v = graph:ego(N(%u), { hops = %u, direction = '%s' }) "
                "local inside = 0 for n in v:nodes():each() do for _, m in n:outgoing"
                "('e'):each() do if v:contains(m) then inside = inside + 1 end end "
                "end return v:count(), inside == v:edge_count()",
                from, hops, seed & 1 ? "both" : "outgoing"),
            expected);
        ck_assert(!toy->harness->run.truncated);
        toy_free(toy);
    }
}
END_TEST

START_TEST(ego__is_cut_at_max_nodes_and_says_so)
{
    struct toy *toy = toy_new(8, 24, 120);

    /* the nearest come first: with room for the node and its neighbours, they are in it */
    ck_assert_str_eq(
        toy_run(toy,
                "local near = N(0):both('e'):nodes():union(graph:set{ N(0) }) "
                "local v = graph:ego(N(0), { hops = 5, max_nodes = near:count() }) "
                "return v:count() == near:count(), v:nodes():minus(near):count()"),
        "true 0");
    ck_assert(toy->harness->run.truncated);
    ck_assert_str_eq(toy_run(toy, "return graph:ego(N(0), { max_nodes = 1 }):count()"),
                     "1");
    ck_assert(toy->harness->run.truncated);
    toy_free(toy);
}
END_TEST

START_TEST(view__charges_every_edge_and_stops_at_the_budget)
{
    struct toy *toy = toy_new(8, 24, 120);
    uint64_t once;

    toy_run(toy, "return graph:view():count()");
    once = toy_edges_read(toy);
    ck_assert_uint_eq(once, 24 + 120);
    toy_run(toy, "graph:view() return graph:view():count()");
    ck_assert_uint_eq(toy_edges_read(toy), 2 * once);
    toy->harness->budget.edges = 100;
    ck_assert_str_eq(toy_run(toy, "return graph:view():count()"), "stopped: edges");
    ck_assert_uint_le(toy_edges_read(toy), 100);
    toy_free(toy);
}
END_TEST

START_TEST(view__that_is_dropped_is_collected)
{
    struct toy *toy = toy_new(8, 24, 120);

    toy->harness->budget.memory_bytes = 200000;
    ck_assert_str_eq(toy_run(toy,
                             "for i = 1, 3000 do graph:view():pagerank{ iterations "
                             "= 1 } end return 1"),
                     "1");
    ck_assert_str_eq(toy_run(toy, "local all = {} for i = 1, 3000 do all[i] = "
                                  "graph:view() end return 1"),
                     "stopped: memory");
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/view");
    TCase *tc = tcase_create("view");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, view__has_all_edges_between_its_nodes_in_order);
    tcase_add_test(tc, ego__has_the_nodes_within_its_hops);
    tcase_add_test(tc, ego__is_cut_at_max_nodes_and_says_so);
    tcase_add_test(tc, view__charges_every_edge_and_stops_at_the_budget);
    tcase_add_test(tc, view__that_is_dropped_is_collected);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
