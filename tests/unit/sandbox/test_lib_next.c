/* pairs and next: one order everywhere. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"local o = {} for k, v in pairs({3, 4, 5, x = 1, a = 2, [-1] = 9, [10] = 8, [2.5] = 7, [\"\"] = 6}) do o[#o + 1] = tostring(k) .. \":\" .. v end return table.concat(o, \" \")",
     "'1:3 2:4 3:5 -1:9 2.5:7 10:8 :6 a:2 x:1'"},
    {"local o = {} for k, v in next, {3, 4, 5, x = 1, a = 2, [-1] = 9, [10] = 8, [2.5] = 7, [\"\"] = 6} do o[#o + 1] = tostring(k) .. \":\" .. v end return table.concat(o, \" \")",
     "'1:3 2:4 3:5 -1:9 2.5:7 10:8 :6 a:2 x:1'"},
    {"local t = {} for i = 20, 1, -1 do t[i] = i end t[0] = 0 local o = {} for k in pairs(t) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 0'"},
    {"local o = {} for k in pairs({aaaaaaaab = 1, aaaaaaaaa = 1, aaaaaaaa = 1, b = 1, A = 1}) do o[#o + 1] = k end return table.concat(o, \" \")",
     "'A aaaaaaaa aaaaaaaaa aaaaaaaab b'"},
    {"return pcall(pairs, {[true] = 1})",
     "false 'a table with a key of type boolean has no defined order to iterate in'"},
    {"return pcall(pairs, {[{}] = 1})",
     "false 'a table with a key of type table has no defined order to iterate in'"},
    {"return pcall(next, {[print or pairs] = 1})",
     "false 'a table with a key of type function has no defined order to iterate in'"},
    {"local t, n = {a = 1, b = 2, c = 3}, 0 for k in pairs(t) do t[k] = nil n = n + 1 end return n, next(t)",
     "3 nil"},
    {"local t, n = {a = 1, b = 2, c = 3}, 0 for k in pairs(t) do t[k] = 5 t.c = nil n = n + 1 end return n",
     "2"},
    {"local t, n = {a = 1}, 0 for k in pairs(t) do t[k .. \"x\"] = 1 n = n + 1 end return n",
     "1"},
    {"local t, n = {1, 2, 3}, 0 for k in pairs(t) do t[#t + 1] = 1 n = n + 1 end return n",
     "3"},
    {"local t, n = {a = 1, b = 2, c = 3}, 0 local k = next(t) while k do t[k] = nil n = n + 1 k = next(t, k) end return n",
     "3"},
    {"local t = {a = 1, b = 2, c = 3} local k = next(t, \"a\") t.bb = 4 return k, next(t, \"bb\"), next(t, \"a\"), next(t, \"c\")",
     "'b' 'c' 'b' nil"},
    {"return next({}), next({}, nil), (next({5})), (next({x = 5}))",
     "nil nil 1 'x'"},
    {"local t = {a = 1, b = 2} for k in pairs(t) do for j in pairs(t) do if j == \"a\" then break end end end local o = {} for k in next, t do for j in next, t do o[#o + 1] = k .. j end end return table.concat(o, \" \")",
     "'aa ab ba bb'"},
    {"local n = 0 for k, v in pairs(string) do n = n + 1 end return n, pairs(string) ~= nil, select(2, pairs(string)) == string",
     "13 true true"},
    {"local t = {} for i = 1, 3000 do t[\"k\" .. i] = i end local n, last = 0 for k in pairs(t) do if last and last >= k then return \"order\" end n = n + 1 last = k end for k in next, t do n = n + 1 end return n",
     "6000"},
    /* records of one shape share an iterator, which keeps no place */
    {"local o = {} for k, v in pairs({b = 1, a = 2}) do for j, w in pairs({b = 3, a = 4}) do o[#o + 1] = k .. v .. j .. w end end return table.concat(o, \" \")",
     "'a2a4 a2b3 b1a4 b1b3'"},
    {"local function new(x) return {b = x, a = x + 1, c = x + 2} end local o = {} for i = 1, 3 do local t = new(i) for k, v in pairs(t) do o[#o + 1] = k .. v if k == \"a\" then t.b = nil end end end return table.concat(o, \" \")",
     "'a2 c3 a3 c4 a4 c5'"},
    {"local function new(x) return {b = x, a = x + 1} end local n = 0 for _ in pairs(new(1)) do n = n + 1 end local t = new(2) t.aa = 7 for k in pairs(t) do n = n + 1 end t = new(3) t.b = nil for k in pairs(t) do n = n + 1 end for k in pairs({}) do n = n + 1 end return n",
     "6"},
    {"local f, t = pairs({b = 1, a = 2}) local k, v = f(t) local l, w = f(t, k) return k, v, l, w, f(t, l)",
     "'a' 2 'b' 1"},
    {"local f, t = pairs({b = 1, a = 2}) return pcall(f, t, \"x\")",
     "false 'the iterator of pairs was given a key that is not its'"},
    {"local f = pairs({b = 1, a = 2}) return (pcall(f)), (pcall(f, 1))",
     "false false"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* handles: {[7] = .., b = .., handle 3, handle 1, handle 2^40}, as a rule's nodes are. */
static void define_handles(lua_State *L)
{
    static const uintptr_t bits[] = {3, (uintptr_t)1 << 40, 1};

    lua_newtable(L);
    for (int i = 0; i < 3; i++) {
        lua_pushlightuserdata(L, (void *)bits[i]);
        lua_pushnumber(L, (lua_Number)bits[i]);
        lua_rawset(L, -3);
    }
    lua_pushliteral(L, "text");
    lua_setfield(L, -2, "b");
    lua_pushliteral(L, "seven");
    lua_rawseti(L, -2, 7);
    lua_setglobal(L, "handles");
}

START_TEST(handles__come_last_by_their_bits)
{
    lua_both_prepare = define_handles;
    ck_assert_str_eq(sandboxed("local o = {}\n"
                               "for k, v in pairs(handles) do o[#o + 1] = v end\n"
                               "for k, v in next, handles do o[#o + 1] = v end\n"
                               "return table.concat(o, ' ')"),
                     "'seven text 1 3 1099511627776 seven text 1 3 1099511627776'");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_next");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(s, handles__come_last_by_their_bits);
    return s;
}

CDN_UNIT_MAIN(suite)
