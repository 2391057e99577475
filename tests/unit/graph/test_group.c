/* Grouping against loops over the same edges, and what it charges. */
#include "graph/group.h"
#include "thicket.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(thicket_open(), "Account: risk; pays: amount cents");
}

static void teardown(void)
{
    harness_free(h);
}

/* check(set): every aggregate of every group is that of a loop, in the loop's order. */
#define CHECK                                                                          \
    "local function check(set) "                                                       \
    "  local order, at = {}, {} "                                                      \
    "  for e, n in set:each() do "                                                     \
    "    local g = at[n] "                                                             \
    "    if not g then g = { n = 0, sum = 0, kept = 0, cents = 0 } at[n] = g "         \
    "      order[#order + 1] = n end "                                                 \
    "    g.n = g.n + 1 g.cents = g.cents + e.cents "                                   \
    "    g.last = math.max(g.last or 0, e.time) "                                      \
    "    if e.amount then g.sum = g.sum + e.amount g.kept = g.kept + 1 "               \
    "      g.low = g.low and math.min(g.low, e.amount) or e.amount "                   \
    "      g.high = g.high and math.max(g.high, e.amount) or e.amount end "            \
    "  end "                                                                           \
    "  local rows = set:group({ n = 'count', sum = { sum = 'amount' }, "               \
    "    avg = { avg = 'amount' }, low = { min = 'amount' }, "                         \
    "    high = { max = 'amount' }, cents = { sum = 'cents', times = 2 }, "            \
    "    last = { max = 'time' } }) "                                                  \
    "  same(rows:count(), #order, 'groups') "                                          \
    "  local i = 0 "                                                                   \
    "  for node, n, sum, avg, low, high, cents, last in "                              \
    "      rows:each('n', 'sum', 'avg', 'low', 'high', 'cents', 'last') do "           \
    "    i = i + 1 local g = at[node] same(node, order[i], 'order') "                  \
    "    same(n, g.n, 'count') same(sum, g.sum, 'sum') "                               \
    "    same(avg, g.kept > 0 and g.sum / g.kept or nil, 'avg') "                      \
    "    same(low, g.low, 'min') same(high, g.high, 'max') "                           \
    "    same(cents, 2 * g.cents, 'times') same(last, g.last, 'max of time') "         \
    "    same(rows:value(node, 'n'), g.n, 'value') "                                   \
    "  end "                                                                           \
    "  local counts = set:group({ n = 'count' }) "                                     \
    "  for node, n in counts:each('n') do same(n, at[node].n, 'count alone') end "     \
    "  return rows:count() "                                                           \
    "end "

START_TEST(other__is_what_a_loop_finds)
{
    thicket_eq(
        h,
        THICKET CHECK
        "for _, a in ipairs(all) do for _, way in ipairs({'outgoing', "
        "'incoming', 'both'}) do local e = a[way](a, 'pays') "
        "check(e) check(e:where('cents', '>', 20)) check(e:latest(5)) "
        "check(e:where('cents', '>', 20):latest(3)) check(e:largest(4, "
        "'amount')) check(e:since(T + 200 * H):where('amount', '<', 110)) end end "
        "return check(every:outgoing('pays'):where('cents', '>', "
        "10):latest(7))",
        "40");
}
END_TEST

START_TEST(start__is_what_the_aggregates_of_each_are)
{
    thicket_eq(
        h,
        THICKET
        "for _, cut in ipairs({ 1, 6, 100 }) do "
        "local function of(s) return s:outgoing('pays'):where('cents', '<', "
        "50):latest(cut) end "
        "local rows = of(every):group({ by = 'start', n = 'count', s = { sum = "
        "'amount' "
        "}, a = { avg = 'amount' }, t = { min = 'time' } }) "
        "same(rows:count(), 40, 'rows') local i = 0 "
        "for node, n, s, a, t in rows:each('n', 's', 'a', 't') do i = i + 1 "
        "same(node, all[i], 'order') local e = of(node) same(n, e:count(), 'count') "
        "same(s, e:sum('amount'), 'sum') same(a, e:avg('amount'), 'avg') "
        "same(t, e:min('time'), 'min') end end "
        "local none = every:outgoing('pays'):before(T):group({ by = 'start', n = "
        "'count', s = { sum = 'amount' }, m = { max = 'amount' } }) "
        "return none:count(), none:sum('n'), none:sum('s'), none:max('m')",
        "40 0 0 nil");
}
END_TEST

START_TEST(columns__bound_and_weigh_what_starts_from_them)
{
    /* each source has bounds of its own: times and values */
    thicket_eq(
        h,
        THICKET
        "local near = all[3]:outgoing('pays'):group({ t = { min = 'time' }, c = { max "
        "= "
        "'cents' } }) local found = 0 "
        "for _, how in ipairs({ 'after', 'since', 'before', 'up_to' }) do "
        "local got = near:outgoing('pays')[how](near:outgoing('pays'), 't') "
        "local want = {} for node, t in near:each('t') do "
        "local e = node:outgoing('pays') e = e[how](e, t) want[#want + 1] = e:count() "
        "end local i = 0 for _, n in got:group({ by = 'start', n = 'count' "
        "}):each('n') "
        "do i = i + 1 same(n, want[i], how) end end "
        "for _, op in ipairs({ '<', '>=', '==', '~=' }) do "
        "local got = near:outgoing('pays'):where('cents', op, 'c'):latest(4) "
        "for node, n in got:group({ by = 'start', n = 'count' }):each('n') do "
        "local c = near:value(node, 'c') "
        "same(n, node:outgoing('pays'):where('cents', op, c):latest(4):count(), op) "
        "found = found + n end end return found > 0",
        "true");
    /* a weighted expansion is the sum over the ways */
    thicket_eq(
        h,
        THICKET
        "local near = all[3]:outgoing('pays'):group({ w = 'count' }) "
        "local far = near:outgoing('pays'):group({ s = { sum = 'w' }, n = "
        "'count', m = { max = 'w' } }) local sums, max = {}, {} "
        "local alone = near:outgoing('pays'):group({ s = { sum = 'w' } }) "
        "for _, via in all[3]:outgoing('pays'):each() do "
        "for _, to in via:outgoing('pays'):each() do sums[to] = (sums[to] or 0) + "
        "1 end end "
        "for to, s in far:each('s') do same(s, sums[to], 'sum') "
        "same(alone:value(to, 's'), s, 'alone') sums[to] = nil end "
        "return next(sums)",
        "nil");
    /* null bounds nothing in, and weighs nothing */
    thicket_eq(
        h,
        THICKET
        "local none = every:outgoing('pays'):before(T):group({ by = 'start', t = "
        "{ min = 'time' } }) return none:outgoing('pays'):after('t'):count(), "
        "none:outgoing('pays'):where('cents', '~=', 't'):count(), "
        "none:outgoing('pays'):group({ s = { sum = 't' } }):sum('s')",
        "0 0 0");
}
END_TEST

START_TEST(weights__of_every_kind_are_added_up_in_order)
{
    /* whole and small, whole and beyond a word at once or in the end, broken, negative,
     * none at all, and such as the doubles lose bits of */
    thicket_eq(
        h,
        THICKET
        "local seen = 0 "
        "for _, by in ipairs({ 1, 1000, 3e6, 4e9, 0.1, -1, 1 / 0, 1e15 / 3 }) do "
        "local near = all[3]:outgoing('pays'):group({ w = { sum = 'cents', times = by "
        "} }) "
        "local order, sums = {}, {} "
        "for via, w in near:each('w') do for _, to in via:outgoing('pays'):each() do "
        "if not sums[to] then order[#order + 1] = to end "
        "sums[to] = (sums[to] or 0) + (w or 0) end end "
        "local i = 0 "
        "for to, s in near:outgoing('pays'):group({ s = { sum = 'w' } }):each('s') do "
        "i = i + 1 same(to, order[i], 'order') same(s, sums[to], 'sum by ' .. by) end "
        "same(i, #order, 'nodes') seen = seen + i end "
        "return seen > 100",
        "true");
    /* infinities of both signs make NaN, which is null, of a node that is met once */
    thicket_eq(h,
               THICKET
               "local some = graph:set({ all[1], all[2], all[3] }):with({ w = 1 / 0 }) "
               "local both = some:union(graph:set({ all[4], all[5] }):with({ w = -1 / "
               "0 })) "
               "local far = both:outgoing('pays'):group({ s = { sum = 'w' } }) "
               "local null = 0 for _, s in far:each('s') do null = null + (s and 0 or "
               "1) end "
               "same(far:count(), both:outgoing('pays'):distinct(), 'nodes') "
               "return null > 3",
               "true");
}
END_TEST

START_TEST(algebra__of_many_nodes_is_that_of_a_loop)
{
    thicket_eq(
        h,
        THICKET
        "local rows = every:outgoing('pays'):group({ by = 'start', n = 'count' }) "
        "for n = 0, 40, 5 do "
        "local list, there = {}, {} "
        "for i = 1, n do list[i] = all[i * 7 % 40 + 1] there[list[i]] = true end "
        "local some = graph:set(list) "
        "local left, kept = rows:minus(some), rows:intersect(some) "
        "local i, k = {}, {} "
        "for node in rows:each() do local to = there[node] and k or i "
        "to[#to + 1] = node end "
        "for want, got in pairs({ [1] = { i, left }, [2] = { k, kept } }) do "
        "local at = 0 for node, count in got[2]:each('n') do at = at + 1 "
        "same(node, got[1][at], 'node') same(count, rows:value(node, 'n'), 'n') end "
        "same(at, #got[1], 'count') end end "
        "return true",
        "true");
}
END_TEST

START_TEST(sorted__to_a_few_are_the_first_of_all)
{
    thicket_eq(
        h,
        THICKET
        "local rows = every:outgoing('pays'):where('cents', '>', 55):group({ by = "
        "'start', n = 'count', a = { max = 'amount' }, c = { sum = 'cents' } }) "
        "for _, by in ipairs({ 'n', '-n', 'a', '-a', 'c', '-c' }) do "
        "local full = {} for node in rows:sorted(by, '-c'):each() do "
        "full[#full + 1] = node end "
        "for _, n in ipairs({ 1, 2, 5, 20, 39 }) do local at = 0 "
        "for node in rows:sorted(by, '-c', n):each() do at = at + 1 "
        "same(node, full[at], by) end same(at, n, 'count') end end "
        "return rows:count()",
        "40");
}
END_TEST

START_TEST(round__is_half_up)
{
    ck_assert_double_eq(cdn_group_round(2.5, 0), 3);
    ck_assert_double_eq(cdn_group_round(-2.5, 0), -2);
    ck_assert_double_eq(cdn_group_round(1.2345, 3), 1.235);
    ck_assert_double_eq(cdn_group_round(1.2345, -1), 1.2345);
}
END_TEST

static uint64_t instructions(const char *body, uint64_t *edges)
{
    const char *result = harness_run(h, body);

    ck_assert_msg(strncmp(result, "error", 5) != 0, "%s", result);
    *edges = harness_meter(h)->edges;
    return harness_meter(h)->charged;
}

START_TEST(charge__grows_with_the_work)
{
    uint64_t edges, twice_edges;
    uint64_t none = instructions(THICKET "local s = every:outgoing('pays')", &edges);
    uint64_t once = instructions(
        THICKET "every:outgoing('pays'):group({ a = 'count', b = { sum = 'amount' } })",
        &edges);
    uint64_t twice =
        instructions(THICKET "for i = 1, 2 do every:outgoing('pays'):group({ a = "
                             "'count', b = { sum = 'amount' } }) end",
                     &twice_edges);

    ck_assert_uint_eq(edges, 640); /* a list each, and every edge */
    ck_assert_uint_eq(twice_edges, 2 * edges);
    ck_assert_uint_eq(twice - none, 2 * (once - none));
    ck_assert_uint_ge(once - none, 600 / 4 + 600 * 2 / 4);
    h->budget.edges = 639;
    thicket_eq(h, THICKET "every:outgoing('pays'):group({ a = 'count' })",
               "stopped: edges");
    h->budget.edges = 640;
    thicket_eq(h, THICKET "every:outgoing('pays'):group({ a = 'count' })", "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("group");
    TCase *tcase = tcase_create("thicket");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, other__is_what_a_loop_finds);
    tcase_add_test(tcase, start__is_what_the_aggregates_of_each_are);
    tcase_add_test(tcase, columns__bound_and_weigh_what_starts_from_them);
    tcase_add_test(tcase, weights__of_every_kind_are_added_up_in_order);
    tcase_add_test(tcase, algebra__of_many_nodes_is_that_of_a_loop);
    tcase_add_test(tcase, sorted__to_a_few_are_the_first_of_all);
    tcase_add_test(tcase, round__is_half_up);
    tcase_add_test(tcase, charge__grows_with_the_work);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
