/* Options of paths and cycles over the bank: what they mean and what is refused. */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(cdn_fixture_bank_open(),
                    "Account; Person; Company; transfer: amount memo; own");
}

static void teardown(void)
{
    harness_free(h);
}

#define OUT                                                                            \
    "local a = graph:node('Account', 100) local out = a:outgoing('transfer') "         \
    "local function show(paths) local t = {} for i, p in ipairs(paths) do local k = "  \
    "{} for j, n in ipairs(p) do k[j] = n.key end t[i] = table.concat(k, '-') end "    \
    "return table.concat(t, ' ') end "

START_TEST(paths__are_lists_of_nodes)
{
    HARNESS_EQ(h, OUT "return show(out:paths({ hops = 1 }))",
               "100-200 100-300 100-400");
    HARNESS_EQ(h, OUT "return show(out:paths({ hops = 2, ascending = true }))",
               "100-200 100-200-300 100-300 100-400");
    HARNESS_EQ(h,
               OUT "return show(a:incoming('own'):nodes():outgoing('own')"
                   ":paths({ hops = 3 }))",
               "acme-100 ann-100 ann-200");
}
END_TEST

START_TEST(cycles__are_a_count_a_sum_and_edges)
{
    HARNESS_EQ(h,
               OUT
               "local n, sum, edges = out:cycles({ hops = 2, property = 'amount' }) "
               "return n, sum, edges[1].amount, edges[2].amount",
               "3 57.25 50 7.25");
    HARNESS_EQ(h,
               OUT "local n, sum, edges = out:cycles({ hops = 2 }) return n, sum, "
                   "#edges",
               "3 nil 2");
    HARNESS_EQ(h, OUT "return out:cycles({ hops = 3 })", "0");
    HARNESS_EQ(h, OUT "return out:cycles({ hops = 2, within = 2 * H })", "1 nil table");
}
END_TEST

START_TEST(options__are_checked)
{
    HARNESS_EQ(h, OUT "return out:paths()",
               "error: paths expects a table of options, not nothing");
    HARNESS_EQ(h, OUT "return out:paths({})",
               "error: paths needs to know how many hops: { hops = 3 }");
    HARNESS_EQ(h, OUT "return out:cycles({ hop = 3 })",
               "error: cycles has no option 'hop'; did you mean 'hops'?");
    HARNESS_EQ(h, OUT "return out:paths({ hops = 17 })",
               "error: paths: hops is a whole number from 1 to 16");
    HARNESS_EQ(h, OUT "return out:cycles({ hops = 2.5 })",
               "error: cycles: hops is a whole number from 2 to 8");
    HARNESS_EQ(h, OUT "return out:cycles({ hops = 2, ratio = 2 })",
               "error: cycles: ratio is of the values of a property: name it");
    HARNESS_EQ(h, OUT "return out:cycles({ hops = 2, property = 'memo' })",
               "error: cycles needs a numeric property, and 'memo' is a string");
    HARNESS_EQ(h, OUT "return out:latest(2):cycles({ hops = 2 })",
               "error: cycles goes over all edges of its windows: no latest, earliest, "
               "largest or smallest before it");
    HARNESS_EQ(
        h, OUT "return out:limit(2):paths({ hops = 2 })",
        "error: paths: limit(n) cuts one step, not several; latest(n) cuts each");
    HARNESS_EQ(h, OUT "return a:both('transfer'):cycles({ hops = 2 })",
               "error: cycles goes one way: outgoing or incoming, not both");
    HARNESS_EQ(h, OUT "return a:incoming('own'):cycles({ hops = 2 })",
               "error: cycles: edge type 'own' has no time column");
    HARNESS_EQ(h, OUT "return a:incoming('own'):paths({ hops = 2, ascending = true })",
               "error: paths: edge type 'own' has no time column");
    HARNESS_EQ(h,
               OUT "return out:group({ t = { min = 'time' } }):outgoing('transfer')"
                   ":after('t'):paths({ hops = 2 })",
               "error: paths: a column bounds the edges of one step, not of several");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_path");
    TCase *tcase = tcase_create("bank");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, paths__are_lists_of_nodes);
    tcase_add_test(tcase, cycles__are_a_count_a_sum_and_edges);
    tcase_add_test(tcase, options__are_checked);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
