/* Node sets over the bank. */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(
        cdn_fixture_bank_open(),
        "Account: balance risk kind nickname isBlocked createTime; Person: name; "
        "Company; transfer: amount; own: share; invest; signIn");
}

static void teardown(void)
{
    harness_free(h);
}

/* keys(set), and s: the accounts 100 200 300 400; u: 300 400 500. */
#define SETS                                                                           \
    "local function keys(set) local t = {} for n in set:each() do t[#t + 1] = n.key "  \
    "end "                                                                             \
    "return table.concat(t, ' ') end "                                                 \
    "local function of(...) local t = {} for i, k in ipairs({...}) do "                \
    "t[i] = graph:node('Account', k) end return graph:set(t) end "                     \
    "local s, u = of(100, 200, 300, 400), of(500, 400, 300) "

START_TEST(algebra__keeps_the_left_order)
{
    HARNESS_EQ(h, SETS "return keys(s:union(u))", "100 200 300 400 500");
    HARNESS_EQ(h, SETS "return keys(u:union(s))", "500 400 300 100 200");
    HARNESS_EQ(h, SETS "return keys(s:intersect(u))", "300 400");
    HARNESS_EQ(h, SETS "return keys(s:minus(u))", "100 200");
    HARNESS_EQ(h, SETS "return keys(s:minus(s)) .. '|', s:minus(s):exists()",
               "| false");
    HARNESS_EQ(h, SETS "return s:count(), s:first().key, s:minus(s):first()",
               "4 100 nil");
    HARNESS_EQ(h,
               SETS "return s:contains(graph:node('Account', 200)), "
                    "s:contains(graph:node('Account', 900))",
               "true false");
    HARNESS_EQ(h, SETS "return keys(of(200, 100, 200, 100))", "200 100");
    HARNESS_EQ(h, "return graph:set({}):count()", "0");
}
END_TEST

START_TEST(where__and_of__filter)
{
    HARNESS_EQ(h, SETS "return keys(s:where('risk', '>=', 30))", "300 400");
    HARNESS_EQ(h, SETS "return keys(s:where('nickname', '~=', 'x'))", "200 400");
    HARNESS_EQ(h, SETS "return keys(s:where('kind', '==', 'card'))", "300");
    HARNESS_EQ(h, SETS "return keys(s:where('isBlocked', '==', false))",
               "100 200 300 400");
    HARNESS_EQ(h,
               SETS "return s:incoming('own'):nodes():of('Company'):count(), "
                    "s:incoming('own'):nodes():where('name', '>', 'A'):count()",
               "2 2");
    HARNESS_EQ(h, SETS "return s:where('rsik', '>=', 30)",
               "error: no property 'rsik' on any label; did you mean 'risk'?");
    HARNESS_EQ(h, SETS "return s:where('serial', '==', 1)",
               "error: property 'serial' is not in this rule's reads of any label; add "
               "\"serial\" to reads under its label");
    HARNESS_EQ(h, SETS "return s:where('risk', '==', 'x')",
               "error: property 'risk' is an int64: compare it with a number");
    HARNESS_EQ(
        h, SETS "return s:of('Medium')",
        "error: label Medium is not in this rule's reads; add Medium = {} to it");
}
END_TEST

START_TEST(limit__is_a_prefix_and_says_so)
{
    HARNESS_EQ(h, SETS "return keys(s:limit(2))", "100 200");
    ck_assert(h->run.truncated);
    HARNESS_EQ(h, SETS "return keys(s:limit(4))", "100 200 300 400");
    ck_assert(!h->run.truncated);
}
END_TEST

START_TEST(fold__over_nodes)
{
    HARNESS_EQ(h,
               SETS "return s:sum('risk'), s:avg('risk'), s:min('balance'), "
                    "s:max('balance'), s:max('createTime')",
               "100 25 10.5 42 1600345600000");
    HARNESS_EQ(h,
               SETS "local e = s:minus(s) return e:sum('risk'), e:avg('risk'), "
                    "e:min('balance')",
               "0 nil nil");
    HARNESS_EQ(h, SETS "local t = s:top(2, 'balance') return #t, t[1].key, t[2].key",
               "2 400 300");
    HARNESS_EQ(h, SETS "return s:sum('kind')",
               "error: sum needs a numeric property, and 'kind' is a string");
}
END_TEST

START_TEST(expand__goes_over_all_of_them_in_order)
{
    HARNESS_EQ(h,
               SETS "return s:outgoing('transfer'):count(), s:incoming('transfer')"
                    ":count(), s:both('transfer'):count()",
               "8 9 17");
    HARNESS_EQ(h,
               SETS
               "local t = {} for e, n in s:outgoing('transfer'):each() do t[#t + 1] "
               "= e.amount end return table.concat(t, ' ')",
               "10 20 30 40 50 2.5 5.5 7.25");
    HARNESS_EQ(h, SETS "return s:outgoing('transfer'):latest(1):sum('amount')",
               "65.25");
    HARNESS_EQ(h, SETS "return s:outgoing('transfer'):limit(6):sum('amount')", "152.5");
    HARNESS_EQ(h, SETS "return keys(s:outgoing('transfer'):nodes())",
               "200 300 400 100");
    HARNESS_EQ(h,
               SETS "return s:minus(s):outgoing('transfer'):count(), "
                    "s:minus(s):both('own'):nodes():count()",
               "0 0");
}
END_TEST

START_TEST(set__refuses_what_is_no_node)
{
    HARNESS_EQ(h, "return graph:set({1})",
               "error: graph:set: element 1 is a number, not a node");
    HARNESS_EQ(h, "return graph:set(3)",
               "error: graph:set expects an array of nodes, not a number");
    HARNESS_EQ(h, SETS "return graph:set({s:outgoing('transfer'):first()})",
               "error: graph:set: element 1 is an edge, not a node");
    HARNESS_EQ(h, SETS "return s:contains(1)",
               "error: contains expects a node, not a number");
    HARNESS_EQ(
        h, SETS "return s:union(s:outgoing('transfer'))",
        "error: a node set is expected here, not an edge set: call methods with ':'");
    HARNESS_EQ(h, SETS "return s:interesct(u)",
               "error: no method 'interesct' on node set; did you mean 'intersect'?");
    HARNESS_EQ(h, "graph.x = 1", "error: graph is read-only");
    HARNESS_EQ(h, "return graph:nod('Account', 1)",
               "error: no method 'nod' on graph; did you mean 'node'?");
    HARNESS_EQ(h, "return graph:node('Acount', 1)",
               "error: no label 'Acount'; did you mean 'Account'?");
    HARNESS_EQ(
        h, "return graph:node('Medium', 1)",
        "error: label Medium is not in this rule's reads; add Medium = {} to it");
    HARNESS_EQ(h, "return graph:node('Account', 1.5)",
               "error: graph:node: 1.5 is no exact integer; write the key as a string");
    HARNESS_EQ(h,
               "return graph:node('Account', 5), graph:node('Account', 'x'), "
               "graph:node('Person', 'ann')",
               "nil nil Person:ann");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_nodes");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, algebra__keeps_the_left_order);
    tcase_add_test(tc, where__and_of__filter);
    tcase_add_test(tc, limit__is_a_prefix_and_says_so);
    tcase_add_test(tc, fold__over_nodes);
    tcase_add_test(tc, expand__goes_over_all_of_them_in_order);
    tcase_add_test(tc, set__refuses_what_is_no_node);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
