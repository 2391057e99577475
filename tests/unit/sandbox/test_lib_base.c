/* The basic functions: metatables, raw access, text without addresses. */
#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return tostring({}), tostring(pairs), tostring(coroutine.create(pairs)), tostring(nil), tostring(true), tostring(1.5)",
     "'table' 'function' 'thread' 'nil' 'true' '1.5'"},
    {"return getmetatable(\"\"), getmetatable(\"x\"), getmetatable(1), getmetatable(string)",
     "nil nil nil false"},
    {"local mt = {} return getmetatable(setmetatable({}, mt)) == mt",
     "true"},
    {"return getmetatable(setmetatable({}, {__metatable = \"mine\"}))",
     "'mine'"},
    {"return pcall(setmetatable, setmetatable({}, {__metatable = 1}), {})",
     "false 'cannot change a protected metatable'"},
    {"return pcall(setmetatable, string, {})",
     "false 'cannot change a protected metatable'"},
    {"return pcall(setmetatable, {}, {__mode = \"k\"})",
     "false ''__mode' is not available to rules'"},
    {"return pcall(setmetatable, {}, {__gc = pairs})",
     "false ''__gc' is not available to rules'"},
    {"return rawget(string, \"rep\") == string.rep, rawget({5}, 1), rawequal(\"a\", \"a\")",
     "true 5 true"},
    {"return pcall(rawset, string, \"x\", 1)",
     "false 'string is read-only'"},
    {"local t = setmetatable({}, {__newindex = error}) rawset(t, 1, 2) return t[1]",
     "2"},
    {"return tonumber(\"0x10\"), tonumber(\"zz\", 36), tonumber(\"abc\"), tonumber(\"  10  \"), tonumber(5), tonumber({})",
     "16 1295 nil 10 5 nil"},
    {"return tonumber(\"12\\0\", 8), tonumber(\"12\\0\")",
     "nil nil"},
    {"return unpack({1, 2, 3}), unpack({1, 2, 3}, 2), unpack({}, 1, 2)",
     "1 2 nil nil"},
    {"return pcall(unpack, {}, 1, 1e9)",
     "false 'too many results to unpack'"},
    {"return pcall(unpack, {}, -1e300, 1e300)",
     "false 'too many results to unpack'"},
    {"return select(\"#\", unpack({}, 1, 7000))",
     "7000"},
    {"local n = 0 for i, v in ipairs({4, 5, nil, 6}) do n = n + i * v end return n",
     "14"},
    {"return #select(2, ipairs({1, 2}))",
     "2"},
    {"local t = setmetatable({}, {__tostring = tostring}) return pcall(tostring, t)",
     "false 'C stack overflow'"},
    {"return type(next), type(nil), pcall(type)",
     "'function' 'nil' false 'bad argument #1 to '?' (value expected)'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_base");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    return s;
}

CDN_UNIT_MAIN(suite)
