/* Options: what is wrong with them is said, and what they mean. */
#include "harness.h"

static struct harness *bank;

static void setup(void)
{
    bank = harness_new(cdn_fixture_bank_open(),
                       "Account: risk; transfer: amount memo; own: share");
}

static void teardown(void)
{
    harness_free(bank);
}

#define EGO(options) "return graph:ego(graph:node('Account', 100), " options "):count()"

START_TEST(options__say_what_is_wrong)
{
    HARNESS_EQ(bank, EGO("5"),
               "error: graph:ego expects a table of options, not a number");
    HARNESS_EQ(bank, EGO("{ hop = 1 }"),
               "error: graph:ego: no option 'hop'; did you mean 'hops'?");
    HARNESS_EQ(
        bank, EGO("{ zzz = 1, aaa = 1, mmm = 1 }"),
        "error: graph:ego: no option 'aaa'; there are hops, max_nodes, direction, "
        "edges, weight, undirected");
    HARNESS_EQ(bank, EGO("{ 1 }"),
               "error: graph:ego: options have names, as in { hops = ... }");
    HARNESS_EQ(bank, EGO("{ hops = '1' }"),
               "error: option hops is a number, not a string");
    HARNESS_EQ(bank, EGO("{ hops = 0.5 }"),
               "error: option hops is a whole number, not 0.5");
    HARNESS_EQ(bank, EGO("{ hops = 0/0 }"),
               "error: option hops is a number from 0 to 64, not nan");
    HARNESS_EQ(bank, EGO("{ hops = 1e300 }"),
               "error: option hops is a number from 0 to 64, not 1e+300");
    HARNESS_EQ(bank, EGO("{ undirected = 1 }"),
               "error: option undirected is true or false, not a number");
    HARNESS_EQ(bank, EGO("{ direction = 'out' }"),
               "error: option direction is \"outgoing\", \"incoming\" or \"both\", not "
               "'out'");
}
END_TEST

START_TEST(edges__say_what_is_wrong)
{
    HARNESS_EQ(bank, EGO("{ edges = 5 }"),
               "error: option edges is an edge type or a table of them, not a number");
    HARNESS_EQ(bank, EGO("{ edges = {} }"),
               "error: no edge types to follow: reads names none, or edges is empty");
    HARNESS_EQ(bank, EGO("{ edges = 'transfers' }"),
               "error: no edge type 'transfers'; did you mean 'transfer'?");
    HARNESS_EQ(bank, EGO("{ edges = { 'Account' } }"),
               "error: 'Account' is a label, not an edge type");
    HARNESS_EQ(bank, EGO("{ edges = { transfr = {} } }"),
               "error: no edge type 'transfr'; did you mean 'transfer'?");
    HARNESS_EQ(
        bank, EGO("{ edges = { signIn = {} } }"),
        "error: edge type 'signIn' is not in this rule's reads; add signIn = {} to "
        "it");
    HARNESS_EQ(bank, EGO("{ edges = { [true] = {} } }"),
               "error: edges is a list of edge types, or a table by edge type");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = 5 } }"),
               "error: edges: transfer = { since =, where = ... }, not a number");
    HARNESS_EQ(
        bank, EGO("{ edges = { transfer = { until_ = 5 } } }"),
        "error: edges: no option 'until_'; there are since, after, up_to, before, "
        "where");
    HARNESS_EQ(bank, EGO("{ edges = { own = { since = 5 } } }"),
               "error: edges: since: edge type 'own' has no time column");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { since = 'x' } } }"),
               "error: edges: since is a time in milliseconds, not a string");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { after = 0/0 } } }"),
               "error: edges: after is a time in milliseconds, not NaN");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { where = 1 } } }"),
               "error: edges: where is { property, op, value } or a list of such");
    HARNESS_EQ(bank,
               EGO("{ edges = { transfer = { where = { { 'amount', '>', 1 }, 5 } } "
                   "} }"),
               "error: edges: where is { property, op, value } or a list of such");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { where = { 'amout', '>', 1 } } } }"),
               "error: no property 'amout' on transfer; did you mean 'amount'?");
    HARNESS_EQ(bank,
               EGO("{ edges = { transfer = { where = { 'amount', '>', 'x' } } } }"),
               "error: property 'amount' is a float64: compare it with a number");
    HARNESS_EQ(bank, EGO("{ weight = 'amount' }"),
               "error: no property 'amount' on own");
    HARNESS_EQ(bank, EGO("{ edges = 'transfer', weight = 'memo' }"),
               "error: weight needs a numeric property, and 'memo' is a string");
}
END_TEST

START_TEST(edges__mean_what_they_say)
{
    HARNESS_EQ(bank, EGO("{ edges = 'transfer' }"), "5");
    HARNESS_EQ(bank, EGO("{ edges = { 'own' } }"), "3");
    HARNESS_EQ(bank, EGO("{ edges = { 'own', transfer = { up_to = T } } }"), "4");
    HARNESS_EQ(bank, EGO("nil"), "7");
    HARNESS_EQ(bank,
               EGO("{ edges = { transfer = { since = T + H, before = T + 4 * H } } }"),
               "3");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { after = 1e300 } } }"), "1");
    HARNESS_EQ(bank, EGO("{ edges = { transfer = { before = -1e300 } } }"), "1");
    HARNESS_EQ(
        bank, EGO("{ edges = { transfer = { since = -1e300, up_to = 1e300 } } }"), "5");
    HARNESS_EQ(
        bank,
        EGO("{ edges = { transfer = { where = { { 'amount', '>=', 10 }, { 'memo', "
            "'==', 'rent' } } } } }"),
        "3");
}
END_TEST

START_TEST(hops__are_held_to_the_grant)
{
    struct cdn_binding *binding;
    struct cdn_grant grant = cdn_grant_everything;
    uint64_t all = ~UINT64_C(0);
    const uint64_t *columns[16];
    const uint64_t *edges[16];

    for (int i = 0; i < 16; i++)
        columns[i] = edges[i] = &all;
    grant = (struct cdn_grant){.labels = &all,
                               .relations = &all,
                               .label_columns = columns,
                               .relation_columns = edges,
                               .max_hops = 2};
    ck_assert_int_eq(
        cdn_binding_new(&binding, &bank->names, bank->snapshot, &grant, NULL),
        CORDON_OK);
    bank->run.binding = binding;
    HARNESS_EQ(bank, EGO("{ hops = 2, edges = 'transfer' }"), "5");
    HARNESS_EQ(bank, EGO("{ hops = 3 }"),
               "error: graph:ego: 3 hops, and this rule is granted 2");
    HARNESS_EQ(
        bank,
        "local a, b = graph:node('Account', 100), graph:node('Account', 300) "
        "return graph:shortest_path(a, b).hops, pcall(graph.shortest_path, graph, "
        "a, b, { max_hops = 3 })",
        "1 false graph:shortest_path: 3 hops, and this rule is granted 2");
    HARNESS_EQ(bank, "return (pcall(graph.view, graph))", "false");
    HARNESS_EQ(bank, "return (pcall(graph.cycles, graph, graph:node('Account', 100)))",
               "false");
    HARNESS_EQ(
        bank,
        "return (pcall(graph.personalised_pagerank, graph, graph:node('Account', "
        "100)))",
        "false");
    bank->run.binding = bank->binding;
    cdn_binding_free(binding);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/lua_options");
    TCase *tc = tcase_create("lua_options");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, options__say_what_is_wrong);
    tcase_add_test(tc, edges__say_what_is_wrong);
    tcase_add_test(tc, edges__mean_what_they_say);
    tcase_add_test(tc, hops__are_held_to_the_grant);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
