/* Scores and groups from Lua. */
#include "toy.h"

START_TEST(scores__agree_with_their_own_list)
{
    for (uint32_t seed = 0; seed < 30; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 20, seed * 4 % 90);

        ck_assert_str_eq(
            toy_run(
                toy,
                "local s = graph:view():degree() local all, sum, low, high = {}, 0, "
                "1e9, -1 for n, v in s:each() do all[#all + 1] = { n = n, v = v } sum "
                "= sum + v low = math.min(low, v) high = math.max(high, v) "
                "assert(s:of(n) == v) end assert(#all == s:count() and s:sum() == sum "
                "and s:avg() == sum / #all and s:min() == low and s:max() == high) "
                "table.sort(all, function(a, b) if a.v ~= b.v then return a.v > b.v "
                "end return tonumber(a.n.key) < tonumber(b.n.key) end) "
                "for i, t in ipairs(s:top(#all)) do assert(t.node == all[i].n and "
                "t.value == all[i].v) end assert(#s:top(2) == math.min(2, #all)) "
                "for x = 0, 12 do local n = 0 for _, t in ipairs(all) do n = n + (t.v "
                ">= x and 1 or 0) end assert(s:at_least(x):count() == n) "
                "assert(s:at_most(x - 1):count() == #all - n) end "
                "return s:nodes():count() == #all, tostring(s)"),
            "true scores");
        toy_free(toy);
    }
}
END_TEST

START_TEST(groups__agree_with_their_own_list)
{
    for (uint32_t seed = 0; seed < 30; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 20, seed % 25);

        ck_assert_str_eq(
            toy_run(
                toy,
                "local g = graph:view():components() local sizes, n, best = {}, 0 "
                "for node, name in g:each() do if not sizes[name] then n = n + 1 "
                "sizes[name] = 0 end sizes[name] = sizes[name] + 1 assert(g:of(node) "
                "== name and g:together(node, name)) end assert(g:count() == n) "
                "for name, size in pairs(sizes) do assert(g:size(name) == size and "
                "g:members(name):count() == size) if not best or size > sizes[best] "
                "then best = name end end "
                "assert(g:largest():first() == best and g:largest():count() == "
                "sizes[best]) return tostring(g)"),
            "groups");
        toy_free(toy);
    }
}
END_TEST

START_TEST(results__say_what_is_wrong)
{
    struct toy *toy = toy_new(3, 6, 12);

    ck_assert_str_eq(toy_run(toy, "return graph:view():degree():topp(3)"),
                     "error: no method 'topp' on scores; did you mean 'top'?");
    ck_assert_str_eq(toy_run(toy, "return graph:view():degree():top(1e6)"),
                     "error: top gives at most 10000 nodes");
    ck_assert_str_eq(
        toy_run(toy, "return graph:view():degree().of(graph:view(), N(1))"),
        "error: scores are expected here, not a view: call methods with ':'");
    ck_assert_str_eq(
        toy_run(toy,
                "return graph:view():components().of(graph:view():degree(), N(1))"),
        "error: groups are expected here, not scores: call methods with ':'");
    ck_assert_str_eq(toy_run(toy, "return graph:view():degree():at_least('x')"),
                     "error: at_least expects a number, not a string");
    ck_assert_str_eq(
        toy_run(toy,
                "local v = graph:view{ nodes = graph:set{ N(1), N(2) } } local g = "
                "v:components() return g:of(N(3)), g:size(N(3)), g:members(N(3)):"
                "count(), g:together(N(1), N(3)), v:degree():of(N(3))"),
        "nil 0 0 false nil");
    toy_free(toy);
}
END_TEST

START_TEST(results__are_charged_as_they_are_gone_over)
{
    static const char *const calls[] = {"s:top(5)",     "s:sum()",    "s:at_least(3)",
                                        "s:of(N(1))",   "g:count()",  "g:largest()",
                                        "g:size(N(1))", "g:of(N(1))", "s:nodes()"};
    struct toy *toy = toy_new(8, 24, 120);

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        uint64_t none;
        uint64_t once;

        toy_run(toy, "local v = graph:view() local s, g = v:degree(), v:components() "
                     "return 0");
        none = toy_instructions(toy);
        toy_runf(
            toy,
            "local v = graph:view() local s, g = v:degree(), v:components() local a "
            "= %s return 0",
            calls[i]);
        once = toy_instructions(toy) - none;
        toy_runf(
            toy,
            "local v = graph:view() local s, g = v:degree(), v:components() local a "
            "= %s local b = %s return 0",
            calls[i], calls[i]);
        ck_assert_uint_gt(once, 0);
        ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    }
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/lua_scores");
    TCase *tc = tcase_create("lua_scores");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, scores__agree_with_their_own_list);
    tcase_add_test(tc, groups__agree_with_their_own_list);
    tcase_add_test(tc, results__say_what_is_wrong);
    tcase_add_test(tc, results__are_charged_as_they_are_gone_over);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
