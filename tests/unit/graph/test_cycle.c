/* Cycles against a recursive loop over all edges, and what they charge. */
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

/* check(start, of, way, options) */
#define CHECK                                                                          \
    "local function check(start, of, way, o) "                                         \
    "local count, best = 0, nil "                                                      \
    "local function go(node, path, values, t1, t) "                                    \
    "  for e, n in of(node[way](node, 'pays')):each() do "                             \
    "    local v = o.property and e[o.property] or (not o.property and 0) "            \
    "    local fine = v and (not t or e.time > t) and "                                \
    "      (not o.within or not t1 or e.time <= t1 + o.within) "                       \
    "    local closes = n == start and #path + 1 == o.hops "                           \
    "    local low, high, sum = v, v, v "                                              \
    "    for _, w in ipairs(values) do if fine then low = math.min(low, w) "           \
    "      high = math.max(high, w) sum = sum + w end end "                            \
    "    fine = fine and (not o.ratio or high <= o.ratio * low) "                      \
    "    for _, on in ipairs(path) do fine = fine and on ~= n end "                    \
    "    if fine and closes then count = count + 1 "                                   \
    "      if not best or sum > best then best = sum end "                             \
    "    elseif fine and n ~= start and #path + 1 < o.hops then "                      \
    "      path[#path + 1] = n values[#values + 1] = v "                               \
    "      go(n, path, values, t1 or e.time, e.time) "                                 \
    "      path[#path] = nil values[#values] = nil end "                               \
    "  end end "                                                                       \
    "go(start, {}, {}) "                                                               \
    "local got, largest, edges = of(start[way](start, 'pays')):cycles(o) "             \
    "same(got, count, 'cycles') "                                                      \
    "same(largest, o.property and best or nil, 'largest') "                            \
    "if got > 0 then same(#edges, o.hops, 'edges') "                                   \
    "  local sum, t = 0, -1 for _, e in ipairs(edges) do "                             \
    "    sum = sum + (o.property and e[o.property] or 0) "                             \
    "    same(e.time > t, true, 'ascending') t = e.time end "                          \
    "  same(sum, largest or 0, 'sum') end "                                            \
    "return got end "

START_TEST(cycles__are_what_a_recursion_finds)
{
    thicket_eq(
        h,
        THICKET CHECK
        "local n = 0 local function plain(e) return e end "
        "local function some(e) return e:since(T + 100 * H):where('cents', '>', 5) end "
        "for i = 1, 40, 3 do for _, way in ipairs({ 'outgoing', 'incoming' }) do "
        "n = n + check(all[i], plain, way, { hops = 2 }) "
        "n = n + check(all[i], plain, way, { hops = 3, within = 300 * H, property = "
        "'amount', ratio = 1.05 }) "
        "n = n + check(all[i], some, way, { hops = 3, property = 'cents' }) "
        "n = n + check(all[i], some, way, { hops = 4, within = 100 * H, property = "
        "'cents', ratio = 2 }) "
        "n = n + check(all[i], plain, way, { hops = 2, within = 0 }) end end "
        "return n > 50",
        "true");
}
END_TEST

START_TEST(node_set__adds_those_of_each)
{
    thicket_eq(h,
               THICKET "local n = 0 for _, a in ipairs(all) do n = n + "
                       "a:outgoing('pays'):cycles({ hops = 3 }) end "
                       "return every:outgoing('pays'):cycles({ hops = 3 }) - n",
               "0");
}
END_TEST

START_TEST(as_of__hides_what_is_later)
{
    thicket_eq(h,
               THICKET
               "return every:outgoing('pays'):up_to(T + 300 * H):cycles({ hops = "
               "3 }) > 0",
               "true");
    h->run.as_of_ms = CDN_BANK_T;
    thicket_eq(h, THICKET "return every:outgoing('pays'):cycles({ hops = 2 })", "0");
}
END_TEST

START_TEST(charge__grows_with_the_work)
{
    uint64_t once;

    thicket_eq(h, THICKET "all[1]:outgoing('pays'):cycles({ hops = 3 })", "");
    once = harness_meter(h)->edges;
    ck_assert_uint_gt(once, 100);
    thicket_eq(
        h, THICKET "for i = 1, 2 do all[1]:outgoing('pays'):cycles({ hops = 3 }) end",
        "");
    ck_assert_uint_eq(harness_meter(h)->edges, 2 * once);
    h->budget.edges = once - 1;
    thicket_eq(h, THICKET "all[1]:outgoing('pays'):cycles({ hops = 3 })",
               "stopped: edges");
    h->budget.edges = UINT64_C(1) << 40;
    h->budget.instructions = 100000;
    thicket_eq(h, THICKET "every:outgoing('pays'):cycles({ hops = 8 })",
               "stopped: instructions");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cycle");
    TCase *tcase = tcase_create("thicket");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, cycles__are_what_a_recursion_finds);
    tcase_add_test(tcase, node_set__adds_those_of_each);
    tcase_add_test(tcase, as_of__hides_what_is_later);
    tcase_add_test(tcase, charge__grows_with_the_work);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
