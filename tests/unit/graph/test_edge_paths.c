/* Paths against a recursive loop over the same edges, and what they charge. */
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

/* check(start, of, hops, ascending): of(node) is the edge set of one node. */
#define CHECK                                                                          \
    "local function text(path) local t = {} for i, n in ipairs(path) do t[i] = n.key " \
    "end return table.concat(t, ' ') end "                                             \
    "local function check(starts, of, hops, ascending) "                               \
    "local want = {} "                                                                 \
    "local function go(path, from) "                                                   \
    "  local first, order = {}, {} "                                                   \
    "  for e, n in of(path[#path]):each() do "                                         \
    "    local fresh = not ascending or e.time > from "                                \
    "    for _, on in ipairs(path) do fresh = fresh and on ~= n end "                  \
    "    if fresh and not first[n] then first[n] = e.time order[#order + 1] = n end "  \
    "  end "                                                                           \
    "  for _, n in ipairs(order) do path[#path + 1] = n want[#want + 1] = text(path) " \
    "    if #path <= hops then go(path, first[n]) end path[#path] = nil end "          \
    "end "                                                                             \
    "for n in starts:each() do go({ n }, -1) end "                                     \
    "local got = of(starts):paths({ hops = hops, ascending = ascending }) "            \
    "same(#got, #want, 'paths') "                                                      \
    "for i, path in ipairs(got) do same(text(path), want[i], 'path') end "             \
    "return #got end "

START_TEST(paths__are_what_a_recursion_finds)
{
    thicket_eq(
        h,
        THICKET CHECK
        "local s, n = graph:set({ all[1], all[7] }), 0 "
        "for _, up in ipairs({ false, true }) do "
        "n = n + check(s, function(x) return x:outgoing('pays'):latest(6) end, 3, "
        "up) n = n + check(s, function(x) return x:incoming('pays'):where('cents'"
        ", '<', 30):earliest(3):since(T + 10 * H) end, 4, up) "
        "n = n + check(s, function(x) return x:both('pays'):since(T + 900 * H) "
        "end, 2, up) "
        "n = n + check(s, function(x) return x:outgoing('pays'):largest(3, "
        "'cents'):before(T + 800 * H) end, 3, up) end return n > 100",
        "true");
}
END_TEST

START_TEST(most__cuts_and_says_so)
{
    thicket_eq(h,
               THICKET
               "local s = all[1]:outgoing('pays') return #s:paths({ hops = 1 }) "
               "- s:nodes():minus(graph:set({ all[1] })):count()",
               "0");
    ck_assert(!h->run.truncated);
    thicket_eq(h,
               THICKET "return #all[1]:outgoing('pays'):paths({ hops = 3, most = 5 })",
               "5");
    ck_assert(h->run.truncated);
}
END_TEST

START_TEST(charge__grows_with_the_work)
{
    uint64_t once;

    thicket_eq(h, THICKET "all[1]:outgoing('pays'):latest(4):paths({ hops = 3 })", "");
    once = harness_meter(h)->edges;
    ck_assert_uint_gt(once, 4 * 5);
    thicket_eq(h,
               THICKET
               "for i = 1, 2 do all[1]:outgoing('pays'):latest(4):paths({ hops = "
               "3 }) end",
               "");
    ck_assert_uint_eq(harness_meter(h)->edges, 2 * once);
    h->budget.edges = once - 1;
    thicket_eq(h, THICKET "all[1]:outgoing('pays'):latest(4):paths({ hops = 3 })",
               "stopped: edges");
    h->budget.edges = 1000000;
    h->budget.memory_bytes = 256 << 10;
    thicket_eq(h, THICKET "all[1]:outgoing('pays'):paths({ hops = 16 })",
               "stopped: memory");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("path");
    TCase *tcase = tcase_create("thicket");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, paths__are_what_a_recursion_finds);
    tcase_add_test(tcase, most__cuts_and_says_so);
    tcase_add_test(tcase, charge__grows_with_the_work);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
