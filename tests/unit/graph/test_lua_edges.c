/* Edge sets over the bank (tests/support/fixture.h has its rows). */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(
        cdn_fixture_bank_open(),
        "Account: balance risk kind nickname serial isBlocked; Person: name; "
        "Company; Medium; transfer: amount cents memo; own: share; invest: "
        "ratio; signIn: location");
}

static void teardown(void)
{
    harness_free(h);
}

#define A100 "local a = graph:node('Account', 100) "

START_TEST(finish__counts_and_sums)
{
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):count()", "5");
    HARNESS_EQ(h, A100 "return a:incoming('transfer'):count()", "3");
    HARNESS_EQ(h, A100 "return a:both('transfer'):count()", "8");
    HARNESS_EQ(h,
               A100 "local s = a:outgoing('transfer') return s:sum('amount'), "
                    "s:avg('amount'), s:min('amount'), s:max('amount'), s:distinct()",
               "150 30 10 50 3");
    HARNESS_EQ(h,
               A100 "local s = a:outgoing('transfer') return s:sum('cents'), "
                    "s:avg('cents'), s:min('cents'), s:max('cents')",
               "15000 3000 1000 5000");
    HARNESS_EQ(h,
               A100 "local s = a:outgoing('transfer') return s:min('time') - T, "
                    "(s:max('time') - T) / H",
               "0 4");
    HARNESS_EQ(
        h,
        "local s = graph:node('Account', 700):outgoing('transfer') return "
        "s:count(), s:sum('amount'), s:min('amount'), s:max('cents'), "
        "s:avg('amount'), s:exists(), s:first(), s:distinct(), #s:top(3, 'amount')",
        "0 0 nil nil nil false nil 0 0");
}
END_TEST

START_TEST(window__has_the_ends_it_says)
{
#define IN(refinement) A100 "return a:outgoing('transfer'):" refinement ":count()"
    HARNESS_EQ(h, IN("since(T + H)"), "4");
    HARNESS_EQ(h, IN("after(T + H)"), "3");
    HARNESS_EQ(h, IN("up_to(T + 2 * H)"), "4");
    HARNESS_EQ(h, IN("before(T + 2 * H)"), "2");
    HARNESS_EQ(h, IN("between(T + H, T + 2 * H)"), "3");
    HARNESS_EQ(h, IN("since(T + H + 0.5)"), "3");
    HARNESS_EQ(h, IN("after(T + H - 0.5)"), "4");
    HARNESS_EQ(h, IN("up_to(T + H + 0.5)"), "2");
    HARNESS_EQ(h, IN("before(T + H + 0.5)"), "2");
    HARNESS_EQ(h, IN("since(-1/0):up_to(1/0)"), "5");
    HARNESS_EQ(h, IN("after(1/0)"), "0");
    HARNESS_EQ(h, IN("before(-1/0)"), "0");
    HARNESS_EQ(h, IN("between(T + H, T)"), "0");
    HARNESS_EQ(h, IN("after(T):since(T + H):before(T + 4 * H)"), "3");
    HARNESS_EQ(h, IN("after(0/0)"),
               "error: after expects a time in milliseconds, not NaN");
    HARNESS_EQ(h, IN("after('x')"),
               "error: after: no column 'x': the node set has none; group and with "
               "make sets that do");
#undef IN
}
END_TEST

START_TEST(pipeline__applies_in_the_order_written)
{
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):latest(3):up_to(T + 2 * H):count()",
               "2");
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):up_to(T + 2 * H):latest(3):count()",
               "3");
    ck_assert(h->run.truncated);
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):latest(2)"
                    ":sum('amount')",
               "90");
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):latest(2):where('amount', '>', 45)"
                    ":sum('amount')",
               "50");
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):earliest(2)"
                    ":where('amount', '<', 25):sum('amount')",
               "20");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):limit(5):count()", "5");
    ck_assert(!h->run.truncated);
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):limit(0):count()", "0");
    ck_assert(h->run.truncated);
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):limit(4)"
                    ":count()",
               "4");
    ck_assert(!h->run.truncated);
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):limit(3)"
                    ":count()",
               "3");
    ck_assert(h->run.truncated);
}
END_TEST

START_TEST(largest__keeps_the_order_and_the_best_of_each_list)
{
    static const char list[] =
        "local function list(s) local t = {} for e in s:each() do t[#t + 1] = e.amount "
        "end return table.concat(t, ' ') end local a = graph:node('Account', 100) "
        "local out = a:outgoing('transfer') ";
    static const struct {
        const char *set;
        const char *wanted;
        bool truncated;
    } cases[] = {
        {"out:largest(2, 'amount')", "40 50", true},
        {"out:smallest(2, 'amount')", "10 20", true},
        {"out:largest(2, 'cents')", "40 50", true},
        {"out:smallest(2, 'time')", "10 20", true},
        {"out:largest(5, 'amount')", "10 20 30 40 50", false},
        {"out:largest(0, 'amount')", "", true},
        {"out:before(T + 3 * H):largest(2, 'amount')", "30 40", true},
        {"out:largest(2, 'amount'):before(T + 4 * H)", "40", true},
        {"out:latest(3):smallest(2, 'amount')", "30 40", true},
        {"out:smallest(4, 'amount'):latest(2):largest(1, 'cents')", "40", true},
        {"out:where('amount', '<', 35):largest(2, 'amount')", "20 30", true},
        {"a:both('transfer'):largest(3, 'amount')", "30 40 50", true},
        {"graph:set({a}):outgoing('transfer'):largest(1, 'amount')", "50", true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char rule[640];

        (void)snprintf(rule, sizeof rule, "%sreturn list(%s)", list, cases[i].set);
        h->run.truncated = false;
        HARNESS_EQ(h, rule, cases[i].wanted);
        ck_assert_msg(h->run.truncated == cases[i].truncated, "%s", cases[i].set);
    }
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):largest(2, 'memo')",
               "error: largest needs a numeric or timestamp property, and 'memo' is a "
               "string");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):smallest(2)",
               "error: a property's name is a string, not nothing");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):largest('amount')",
               "error: largest expects a whole number, not a string");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):largst(2, 'amount')",
               "error: no method 'largst' on edge set; did you mean 'largest'?");
}
END_TEST

START_TEST(node_sets__keep_what_they_found_apart)
{
    static const char rule[] =
        "local nodes = {} for k = 100, 600, 100 do "
        "nodes[#nodes + 1] = graph:node('Account', k) end "
        "local all = graph:set(nodes):outgoing('transfer') "
        "local sets, wanted, got = {}, {}, {} "
        "for i = 0, 5 do "
        "sets[2 * i + 1] = all:since(T + i * H) sets[2 * i + 2] = all:before(T + i * "
        "H) "
        "for j = 1, 2 do local n, sum = 0, 0 "
        "for e in sets[2 * i + j]:each() do n = n + 1 sum = sum + e.amount end "
        "wanted[2 * i + j] = n .. '/' .. sum end end "
        "for _, order in ipairs({1, 5, 7, 11}) do for i = 1, 12 do "
        "local k = (i * order) % 12 + 1 "
        "got[k] = sets[k]:count() .. '/' .. sets[k]:sum('amount') "
        "if got[k] ~= wanted[k] then error(got[k] .. ' is not ' .. wanted[k]) end "
        "end end "
        "return all:before(T + H):count() > 0 and all:since(T + H):count() > 0";
    HARNESS_EQ(h, rule, "true");
}
END_TEST

START_TEST(where__compares_every_type)
{
#define OUT(condition) A100 "return a:outgoing('transfer'):where(" condition "):count()"
    HARNESS_EQ(h, OUT("'amount', '==', 30"), "1");
    HARNESS_EQ(h, OUT("'amount', '~=', 30"), "4");
    HARNESS_EQ(h, OUT("'cents', '<', 3000.5"), "3");
    HARNESS_EQ(h, OUT("'cents', '>=', 3000.5"), "2");
    HARNESS_EQ(h, OUT("'cents', '<', 1e300"), "5");
    HARNESS_EQ(h, OUT("'memo', '==', 'rent'"), "2");
    HARNESS_EQ(h, OUT("'memo', '~=', 'rent'"), "1"); /* null is not ~= either */
    HARNESS_EQ(h, OUT("'memo', '<', 'r'"), "1");
    HARNESS_EQ(h, OUT("'memo', '>=', 'a'"), "3");
    HARNESS_EQ(h, OUT("'time', '>', T + H"), "3");
    HARNESS_EQ(h, OUT("'amount', '==', 'x'"),
               "error: property 'amount' is a float64: compare it with a number");
    HARNESS_EQ(h, OUT("'memo', '==', 1"),
               "error: property 'memo' is a string: compare it with a string");
    HARNESS_EQ(h, OUT("'memo', '=', 'x'"),
               "error: where compares by == ~= < <= > or >=, not by '='");
    HARNESS_EQ(
        h, OUT("'memo', '==', nil"),
        "error: where needs a value: null matches nothing, so comparing with nil "
        "never would");
    HARNESS_EQ(h, OUT("'memo', '==', {}"),
               "error: where cannot compare a property with a table");
#undef OUT
    HARNESS_EQ(h,
               A100 "return a:incoming('signIn'):where('location', '==', 'Oslo')"
                    ":count()",
               "2");
}
END_TEST

START_TEST(merged__is_one_list_by_time)
{
    HARNESS_EQ(
        h,
        "local t = {} for e, n in graph:node('Company', 'acme'):incoming('invest')"
        ":each() do t[#t + 1] = tostring(n) .. '@' .. (e.time - T) / H end "
        "return table.concat(t, ' ')",
        "Person:ann@0 Company:zenith@1 Person:bob@1");
    HARNESS_EQ(h,
               "return graph:node('Company', 'acme'):incoming('invest'):latest(2)"
               ":sum('ratio')",
               "0.7");
    HARNESS_EQ(h,
               "return graph:node('Account', 600):both('transfer'):count(), "
               "graph:node('Account', 600):both('transfer'):sum('amount')",
               "1 60");
    HARNESS_EQ(h,
               A100 "local t = {} for e, n in a:incoming('own'):each() do t[#t + 1] = "
                    "n.key end return table.concat(t, ' ')",
               "acme ann");
}
END_TEST

START_TEST(first_top_nodes__are_in_order)
{
    HARNESS_EQ(h,
               A100 "local e = a:outgoing('transfer'):first() return e.amount, "
                    "e.source.key, e.target.key, e.type, e.time - T, e.memo, e.cents",
               "10 100 200 transfer 0 rent 1000");
    HARNESS_EQ(h,
               A100
               "local t = {} for i, e in ipairs(a:both('transfer'):top(3, 'amount'))"
               " do t[i] = e.amount end return table.concat(t, ' ')",
               "50 40 30");
    HARNESS_EQ(h,
               A100 "local t = {} for n in a:outgoing('transfer'):nodes():each() do "
                    "t[#t + 1] = n.key end return table.concat(t, ' ')",
               "200 300 400");
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):nodes():outgoing('transfer')"
                    ":sum('amount')",
               "15.25");
    HARNESS_EQ(
        h, A100 "return a:incoming('transfer'):where('amount', '<', 2):first().memo",
        "gift");
}
END_TEST

START_TEST(errors__name_what_exists)
{
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):cuont()",
               "error: no method 'cuont' on edge set; did you mean 'count'?");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer')[1]",
               "error: edge set has no fields of type number");
    HARNESS_EQ(h, A100 "return a:outgoing('transfr')",
               "error: no edge type 'transfr'; did you mean 'transfer'?");
    HARNESS_EQ(h, A100 "return a:outgoing('Account')",
               "error: 'Account' is a label, not an edge type");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):sum('amuont')",
               "error: no property 'amuont' on transfer; did you mean 'amount'?");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):sum('memo')",
               "error: sum needs a numeric property, and 'memo' is a string");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):sum('time')",
               "error: sum needs a numeric property, and 'ts' is a timestamp");
    HARNESS_EQ(
        h, A100 "return a:outgoing('transfer'):sum('ts')",
        "error: property 'ts' of transfer is not in this rule's reads; add \"ts\" to "
        "reads.transfer");
    HARNESS_EQ(h, A100 "return a:incoming('own'):since(T)",
               "error: since: edge type 'own' has no time column");
    HARNESS_EQ(h, A100 "return a:incoming('own'):min('time')",
               "error: edge type 'own' has no time column");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):latest(-1)",
               "error: latest expects a whole number >= 0, not -1");
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):limit(1.5)",
               "error: limit expects a whole number >= 0, not 1.5");
    HARNESS_EQ(h, A100 "a:outgoing('transfer').x = 1", "error: edge set is read-only");
    HARNESS_EQ(h, A100 "return a.outgoing('transfer')",
               "error: outgoing expects a node, not a string");
    HARNESS_EQ(
        h, A100 "return a:outgoing('transfer').count()",
        "error: an edge set is expected here, not nothing: call methods with ':'");
    HARNESS_EQ(h,
               A100 "local s = a:outgoing('transfer') for i = 1, 17 do s = s:latest(9) "
                    "end",
               "error: more than 16 refinements of one edge set");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_edges");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, finish__counts_and_sums);
    tcase_add_test(tc, window__has_the_ends_it_says);
    tcase_add_test(tc, pipeline__applies_in_the_order_written);
    tcase_add_test(tc, largest__keeps_the_order_and_the_best_of_each_list);
    tcase_add_test(tc, node_sets__keep_what_they_found_apart);
    tcase_add_test(tc, where__compares_every_type);
    tcase_add_test(tc, merged__is_one_list_by_time);
    tcase_add_test(tc, first_top_nodes__are_in_order);
    tcase_add_test(tc, errors__name_what_exists);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
