/* The hops limit holds however a node was come by; the nodes limit stops exactly. */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(cdn_fixture_bank_open(), "Account: risk; transfer: amount cents");
}

static void teardown(void)
{
    harness_free(h);
}

#define A100 "local a = graph:node('Account', 100) local out = a:outgoing('transfer') "

START_TEST(hops__are_counted_along_sets)
{
    h->budget.hops = 2;
    HARNESS_EQ(h, A100 "return out:nodes():outgoing('transfer'):count()", "3");
    ck_assert_uint_eq(harness_meter(h)->hops, 2);
    HARNESS_EQ(h,
               A100
               "return "
               "out:nodes():outgoing('transfer'):nodes():outgoing('transfer'):count()",
               "stopped: hops");
    HARNESS_EQ(h,
               A100
               "return pcall(function() return out:nodes():minus(graph:set({})):"
               "outgoing('transfer'):nodes():sorted():outgoing('transfer'):count() "
               "end)",
               "stopped: hops");
    /* describing is not reading, and what is found by key is a beginning */
    HARNESS_EQ(h,
               A100 "local s = out:nodes():outgoing('transfer'):nodes():outgoing("
                    "'transfer') return graph:node('Account', 200):outgoing('transfer')"
                    ":count()",
               "1");
}
END_TEST

START_TEST(hops__are_known_of_handles)
{
    static const char *const ways[] = {
        "for _, n in out:each() do x = n:outgoing('transfer'):count() end",
        "for n in out:nodes():each() do x = n:outgoing('transfer'):count() end",
        "x = out:nodes():first():outgoing('transfer'):count()",
        "x = out:first().target:outgoing('transfer'):count()",
        "x = out:top(1, 'amount')[1].target:outgoing('transfer'):count()",
        "x = out:nodes():top(1, 'risk')[1]:outgoing('transfer'):count()",
        "x = out:paths({ hops = 1 })[1][2]:outgoing('transfer'):count()",
        "x = graph:set({ out:nodes():first() }):outgoing('transfer'):count()",
        "x = out:group({ n = 'count' }):sorted('-n', 1):first():outgoing('transfer')"
        ":count()",
        "x = #out:paths({ hops = 2 })",
        "x = out:cycles({ hops = 2 })",
        "x = graph:ego(a, { hops = 2, edges = 'transfer' }):count()",
        "x = graph:ego(a, { hops = 1, edges = 'transfer' "
        "}):nodes():outgoing('transfer')"
        ":count()",
        "x = graph:ego(a, { hops = 1, edges = 'transfer' }):degree():nodes():outgoing("
        "'transfer'):count()",
        "x = graph:ego(out:nodes(), { hops = 1, edges = 'transfer' }):count()",
        "x = graph:random_walk(a, { edges = 'transfer', steps = 2 })",
        "x = graph:common_neighbours(out:first().target, a, { edges = 'transfer' })",
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char body[512];

        (void)snprintf(body, sizeof body, A100 "local x %s return x ~= nil", ways[i]);
        h->budget.hops = 2;
        HARNESS_EQ(h, body, "true");
        h->budget.hops = 1;
        HARNESS_EQ(h, body, "stopped: hops");
    }
    /* the shortest way counts, and the start stays the start */
    h->budget.hops = 2;
    HARNESS_EQ(h,
               A100
               "for n in out:nodes():outgoing('transfer'):nodes():each() do end "
               "for n in out:nodes():each() do n:outgoing('transfer'):count() end "
               "return a:outgoing('transfer'):nodes():outgoing('transfer'):count()",
               "3");
    /* by the start, rows are no farther than the start */
    h->budget.hops = 1;
    HARNESS_EQ(h,
               A100
               "return graph:set({ a }):outgoing('transfer'):group({ by = 'start', "
               "n = 'count' }):outgoing('transfer'):count()",
               "5");
}
END_TEST

/* Searches read as far as they have to: one that is not held back goes beyond two. */
START_TEST(hops__are_counted_in_searches)
{
    static const char *const ways[] = {
        "graph:shortest_path(a, graph:node('Account', 400), { edges = 'transfer', "
        "weight "
        "= 'amount' })",
        "graph:personalised_pagerank(a, { edges = 'transfer' }):count()",
        "graph:cycles(a, { edges = 'transfer', hops = 3 })",
        "graph:paths(a, graph:node('Account', 400), { edges = 'transfer', hops = 3 })",
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char body[512];

        (void)snprintf(body, sizeof body, A100 "return %s ~= nil", ways[i]);
        h->budget.hops = 99;
        HARNESS_EQ(h, body, "true");
        ck_assert_uint_gt(harness_meter(h)->hops, 1);
        h->budget.hops = 1;
        HARNESS_EQ(h, body, "stopped: hops");
    }
}
END_TEST

START_TEST(nodes__stop_exactly_and_cannot_be_caught)
{
    static const char *const bodies[] = {
        A100 "for _ in out:each() do end return 'all'",
        A100 "pcall(function() for _ in out:each() do end end) return 'all'",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        h->budget.nodes = 7; /* found, expanded, and one an edge */
        HARNESS_EQ(h, bodies[i], "all");
        ck_assert_uint_eq(harness_meter(h)->nodes, 7);
        h->budget.nodes = 6;
        HARNESS_EQ(h, bodies[i], "stopped: nodes");
        ck_assert_uint_eq(harness_meter(h)->nodes, 6);
    }
    h->budget.nodes = 4; /* 100, and three that are expanded */
    HARNESS_EQ(h,
               "local s = {} for i, k in ipairs({ 100, 200, 300, 400 }) do s[i] = "
               "graph:node('Account', k) end return graph:set(s):outgoing('transfer')"
               ":count()",
               "stopped: nodes");
    h->budget.nodes = 8;
    HARNESS_EQ(h,
               "local s = {} for i, k in ipairs({ 100, 200, 300, 400 }) do s[i] = "
               "graph:node('Account', k) end return graph:set(s):outgoing('transfer')"
               ":count()",
               "8");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("depth");
    TCase *tcase = tcase_create("bank");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, hops__are_counted_along_sets);
    tcase_add_test(tcase, hops__are_known_of_handles);
    tcase_add_test(tcase, hops__are_counted_in_searches);
    tcase_add_test(tcase, nodes__stop_exactly_and_cannot_be_caught);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
