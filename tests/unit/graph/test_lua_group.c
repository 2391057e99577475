/* Node sets with columns over the bank: what they say, keep, and refuse. */
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(cdn_fixture_bank_open(),
                    "Account: risk kind; Person: name; Company; transfer: amount cents "
                    "memo; own: share");
}

static void teardown(void)
{
    harness_free(h);
}

#define SENT                                                                           \
    "local out = graph:node('Account', 100):outgoing('transfer') "                     \
    "local sent = out:group({ n = 'count', sum = { sum = 'amount' } }) "               \
    "local function show(set, ...) local t = {} for node, x, y in set:each(...) do "   \
    "t[#t + 1] = node.key .. ':' .. tostring(x) .. (y and ',' .. y or '') end "        \
    "return table.concat(t, ' ') end "

START_TEST(columns__are_kept_by_what_keeps_nodes)
{
    HARNESS_EQ(h, SENT "return show(sent, 'n', 'sum')", "200:2,30 300:2,70 400:1,50");
    HARNESS_EQ(h, SENT "return show(sent:where('n', '>', 1), 'sum')", "200:30 300:70");
    HARNESS_EQ(h, SENT "return show(sent:where('sum', '>=', 'n'):limit(1), 'sum')",
               "200:30");
    HARNESS_EQ(h,
               SENT "return show(sent:minus(graph:set({ out:first().target })), 'n')",
               "300:2 400:1");
    HARNESS_EQ(h, SENT "return show(sent:where('risk', '>', 20):of('Account'), 'n')",
               "300:2 400:1");
    HARNESS_EQ(h,
               SENT "return show(sent:where('n', '==', 1):union(sent:with({ x = 1 })), "
                    "'n', 'sum')",
               "400:1,50 200:2,30 300:2,70");
    HARNESS_EQ(h,
               SENT "return show(graph:set({ out:first().source }):with({ n = 4 })"
                    ":union(sent), 'n')",
               "100:4 200:2 300:2 400:1");
    HARNESS_EQ(h,
               SENT "return sent:sum('n'), sent:max('sum'), sent:avg('n') * 3, "
                    "sent:top(1, 'sum')[1].key, sent:value(out:first().target, 'sum'), "
                    "sent:value(out:first().source, 'sum')",
               "5 70 5 300 30 nil");
}
END_TEST

START_TEST(sorted__orders_by_columns_then_keys)
{
    HARNESS_EQ(h, SENT "return show(sent:sorted('-sum'), 'sum')",
               "300:70 400:50 200:30");
    HARNESS_EQ(h, SENT "return show(sent:sorted('-n', 'sum'), 'n')",
               "200:2 300:2 400:1");
    HARNESS_EQ(h, SENT "return show(sent:sorted('n', '-sum', 2), 'n')", "400:1 300:2");
    HARNESS_EQ(h, SENT "return show(sent:sorted('n', 0), 'n') .. '|'", "|");
    HARNESS_EQ(h, SENT "return show(out:latest(3):nodes():sorted())",
               "300:nil 400:nil");
    HARNESS_EQ(h,
               SENT
               "local u = graph:set({ out:first().source }):union(sent):minus(sent) "
               "return show(u:with({ n = 0 / 0 }):union(sent):sorted('n'), 'n')",
               "400:1 200:2 300:2 100:nil");
}
END_TEST

START_TEST(join__has_the_columns_of_both)
{
    HARNESS_EQ(h,
               SENT "local got = graph:node('Account', 100):incoming('transfer')"
                    ":group({ back = { sum = 'cents' } }) "
                    "return show(sent:join(got), 'sum', 'back')",
               "300:70,550 400:50,725");
    HARNESS_EQ(h, SENT "return sent:join(sent)",
               "error: join: the node set has a column 'n' already");
    HARNESS_EQ(h, SENT "return sent:with({ sum = 1 })",
               "error: with: the node set has a column 'sum' already");
    HARNESS_EQ(
        h, SENT "return sent:with({ a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1 })",
        "error: with: more than 8 columns");
}
END_TEST

START_TEST(rows__are_tables_for_the_output)
{
    HARNESS_EQ(h,
               SENT
               "local r = sent:sorted('-sum', 2):rows('to', 'sum') local n = 0 for _ "
               "in pairs(r[1]) do n = n + 1 end "
               "return #r, n, r[1].to, r[1].sum, r[2].to, r[2].sum",
               "2 2 300 70 400 50");
    HARNESS_EQ(h, SENT "local r = sent:rows('to')[1] return r.to, r.n, r.sum",
               "200 2 30");
    HARNESS_EQ(h,
               SENT "return #out:nodes():rows('to'), #out:before(T):nodes():rows('k')",
               "3 0");
    HARNESS_EQ(h,
               "return graph:node('Account', 100):incoming('own'):nodes()"
               ":rows('who')[1].who",
               "acme");
}
END_TEST

START_TEST(totals__are_two_in_one)
{
    HARNESS_EQ(h, SENT "return out:totals('amount')", "5 150");
    HARNESS_EQ(h, SENT "return out:where('amount', '>', 25):totals('cents')",
               "3 12000");
    HARNESS_EQ(h, SENT "return out:before(T):totals('cents')", "0 0");
}
END_TEST

START_TEST(group__says_what_it_cannot_do)
{
    HARNESS_EQ(h, SENT "return out:group()",
               "error: group expects a table of columns, not nothing");
    HARNESS_EQ(h, SENT "return out:group({ 'count' })",
               "error: group: a column's name is a string, not a number");
    HARNESS_EQ(h, SENT "return out:group({ ['a b'] = 'count' })",
               "error: group: 'a b' is no name for a column: letters, digits and _, at "
               "most 31");
    HARNESS_EQ(
        h, SENT "return out:group({ n = 'sum' })",
        "error: group: 'n' is \"count\" or one of { sum = }, { avg = }, { min = }, "
        "{ max = } a property, not a string");
    HARNESS_EQ(h, SENT "return out:group({ n = { sum = 'amuont' } })",
               "error: no property 'amuont' on transfer; did you mean 'amount'?");
    HARNESS_EQ(h, SENT "return out:group({ n = { sum = 'memo' } })",
               "error: sum needs a numeric property, and 'memo' is a string");
    HARNESS_EQ(h, SENT "return out:group({ n = { sum = 'amount', round = 1.5 } })",
               "error: group: round of 'n' is a number of decimals, 0 to 9");
    HARNESS_EQ(h, SENT "return out:group({ n = { sum = 'amount', times = 'x' } })",
               "error: group: times of 'n' is a number, not a string");
    HARNESS_EQ(
        h, SENT "return out:group({ by = 'target' })",
        "error: group: by is \"other\", the node at the other end, or \"start\", "
        "not 'target'");
    HARNESS_EQ(h,
               SENT "local t = {} for i = 1, 9 do t['c' .. i] = 'count' end return "
                    "out:group(t)",
               "error: group: more than 8 columns");
}
END_TEST

START_TEST(columns__are_asked_for_by_name)
{
    HARNESS_EQ(h, SENT "return sent:each('sun')",
               "error: each: no column 'sun' on the node set; did you mean 'sum'?");
    HARNESS_EQ(
        h, SENT "return out:nodes():each('sum')",
        "error: each: no column 'sum': the node set has none; group and with make "
        "sets that do");
    HARNESS_EQ(h, SENT "return sent:sorted(true)",
               "error: sorted expects the name of a column, not a boolean");
    HARNESS_EQ(h, SENT "return sent:outgoing('transfer'):after('when')",
               "error: after: no column 'when' on the node set");
    HARNESS_EQ(h, SENT "return sent:outgoing('transfer'):where('amount', '>', 'nn')",
               "error: where: no column 'nn' on the node set; did you mean 'n'?");
    HARNESS_EQ(h, SENT "return sent:where('n', '>', true)",
               "error: column 'n' is a number: compare it with a number or a column");
    HARNESS_EQ(h, SENT "return sent:incoming('own'):after('n')",
               "error: after: edge type 'own' has no time column");
    HARNESS_EQ(h, SENT "return sent:rows()",
               "error: rows: a column's name is a string, not nothing");
    /* a string is a string where the property is one */
    HARNESS_EQ(h,
               SENT "return out:nodes():incoming('transfer'):where('memo', '==', "
                    "'n'):count()",
               "0");
}
END_TEST

START_TEST(sets__charge_what_they_go_over)
{
    static const char *const bodies[] = {
        "s:sorted()",           "s:with({ a = 1 })", "s:rows('k')",   "s:join(u)",
        "s:where('x', '>', 1)", "s:sum('x')",        "s:top(3, 'x')",
    };
    static const char *const sizes[] = {"64", "128"};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        uint64_t charged[2];

        for (int k = 0; k < 2; k++) {
            uint64_t without;
            char body[512];

            (void)snprintf(
                body, sizeof body,
                "local n = graph:node('Account', 100) local s = graph:set({ n "
                "}):with({ x = 2 }) local u = graph:set({ n }) ");
            HARNESS_EQ(h, body, "");
            without = harness_meter(h)->charged;
            (void)snprintf(body + strlen(body), sizeof body - strlen(body),
                           "for i = 1, %s do %s end", sizes[k], bodies[i]);
            HARNESS_EQ(h, body, "");
            charged[k] = harness_meter(h)->charged - without;
        }
        ck_assert_msg(charged[0] >= 64 && charged[1] == 2 * charged[0],
                      "%s: %llu, %llu", bodies[i], (unsigned long long)charged[0],
                      (unsigned long long)charged[1]);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_group");
    TCase *tcase = tcase_create("bank");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, columns__are_kept_by_what_keeps_nodes);
    tcase_add_test(tcase, sorted__orders_by_columns_then_keys);
    tcase_add_test(tcase, join__has_the_columns_of_both);
    tcase_add_test(tcase, rows__are_tables_for_the_output);
    tcase_add_test(tcase, totals__are_two_in_one);
    tcase_add_test(tcase, group__says_what_it_cannot_do);
    tcase_add_test(tcase, columns__are_asked_for_by_name);
    tcase_add_test(tcase, sets__charge_what_they_go_over);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
