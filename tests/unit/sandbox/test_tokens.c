#include <glob.h>

#include "sandbox/tokens.h"
#include "support/unit.h"

static cordon_error err;

static cordon_status check_bytes(const char *source, size_t bytes)
{
    /* An exact heap copy: a read past the end is seen by sanitizers. */
    char *copy = cdn_unit_exact(source, bytes);
    cordon_status status;

    memset(&err, 0, sizeof err);
    status = cdn_tokens_check(copy, bytes, "rule.lua", &err);
    free(copy);
    return status;
}

static cordon_status check(const char *source)
{
    return check_bytes(source, strlen(source));
}

static const char *const sane[] = {
    "",
    " ",
    "\n\r\n\r",
    "-- only a comment",
    "--[[ long\ncomment ]] return 1",
    "--[==[ ]] ]=] ]==] return 1",
    "#!/usr/bin/lua\nreturn 1",
    "\xef\xbb\xbfreturn 1",
    "\xef\xbb\xbf#!x\nreturn 1",
    "return 0x1F, 1e5, 1E-5, .5, 3., 0xA.8p+1, 0x.1p-4, 1e+2",
    "return [[long\nstring]], [=[ ]] ]=], 'a\\'b', \"a\\\"b\", 'a\\\nb', 'a\\z  \n  b'",
    "return 'a\\0b', '\\x41', '\\u{41}', '\xff\xfe raw bytes'",
    "for i = 1, 10 do local x = i end",
    "for k, v in pairs(t) do end",
    "for k, v in next, t, nil do end",
    "for k, v in next, t do end",
    "for c in ('abc'):gmatch('.') do end",
    "for c in (s):gmatch('.') do end",
    "for a in f(nil) do end",
    "for a in f{nil} do end",
    "for a in t[nil] do end",
    "for a in (function() return nil end) do end",
    "for a in (x == nil and f or g)() do end",
    "for a in (x ~= nil and f or g)(nil) do end",
    "for a in f() do local x = nil for b in g(nil, nil) do x = nil end x = nil end",
    "local x = nil for a in f() do end x = nil",
    "if a then elseif b then else end",
    "repeat local x = 1 until x",
    "while a do break end",
    "goto done do end ::done::",
    "local function f(...) return ... end",
    "local t = {1, 2; 3, [4] = 5, x = {y = {}}}",
    "a.b.c:d(1)(2)[3].e = 4",
    "return a .. b .. 'c' ... ",
    "return a <= b, a >= b, a ~= b, a == b, a < b, a > b",
    "local \xc3\xa4 = 1 return \xc3\xa4",
    "x = 1 y = 2 -- \xe2\x82\xac",
    "local endif, ini, nilly, inn = 1",
    "return t[ [[key]] ], t[{}]",
    "return 1 --[[ comment ]] + --[[ another ]] 2",
    "f'x' f\"y\" f[[z]] f{}",
    "return #t, -x, not y, 2^3",
};

START_TEST(sane_source__passes)
{
    if (check(sane[_i]))
        ck_abort_msg("'%s': %u:%u: %s", sane[_i], err.line, err.column, err.message);
}
END_TEST

static const struct {
    const char *source;
    uint32_t line, column;
    const char *text;
} refused[] = {
    {"return 1LL", 1, 8, "suffix"},
    {"return 1ll", 1, 8, "suffix"},
    {"return 1lL", 1, 8, "suffix"},
    {"return 1ULL", 1, 8, "suffix"},
    {"return 1uLl", 1, 8, "suffix"},
    {"return 1i", 1, 8, "suffix"},
    {"return 1.5I", 1, 8, "suffix"},
    {"return 0x1LL", 1, 8, "suffix"},
    {"return 0xFFull", 1, 8, "suffix"},
    {"return .5i", 1, 8, "suffix"},
    {"return 1e5i", 1, 8, "suffix"},
    {"return 1e+5i", 1, 8, "suffix"},
    {"return 0x1p-2i", 1, 8, "suffix"},
    {"return 1..2i", 1, 8, "suffix"},
    {"\n\n  x = 12i", 3, 7, "suffix"},
    {"\r\n\r\n  x = 12i", 3, 7, "suffix"},
    {"return 1\xc3\xa4", 1, 8, "malformed number"},
    {"for a in nil do end", 1, 10, "iterated"},
    {"for a in (nil) do end", 1, 11, "iterated"},
    {"for a in ((nil)) do end", 1, 12, "iterated"},
    {"local _ for _ in (nil):foo() do end", 1, 19, "iterated"},
    {"for _ in nil, nil, nil do end", 1, 10, "iterated"},
    {"for _ in false or (nil):foo() do end", 1, 20, "iterated"},
    {"for _ in 1 and (nil):foo() do end", 1, 17, "iterated"},
    {"for _ in not nil do end", 1, 14, "iterated"},
    {"for _ in -nil do end", 1, 11, "iterated"},
    {"for _ in nil == x do end", 1, 10, "iterated"},
    {"for _ in (nil)() do end", 1, 11, "iterated"},
    {"for _ in nil, f do end", 1, 10, "iterated"},
    {"for a, b in nil do end", 1, 13, "iterated"},
    {"for _ in nil and x do end", 1, 10, "iterated"},
    {"for _ in nil or f do end", 1, 10, "iterated"},
    {"for _ in x and nil do end", 1, 16, "iterated"},
    {"for _ in nil .. x do end", 1, 10, "iterated"},
    {"for _ in nil + 1 do end", 1, 10, "iterated"},
    {"for _ in (((nil)):f()).g do end", 1, 13, "iterated"},
    {"for _ in (nil)[1] do end", 1, 11, "iterated"},
    {"for _ in (nil).x do end", 1, 11, "iterated"},
    {"for _ in (nil)'x' do end", 1, 11, "iterated"},
    {"for _ in (nil){} do end", 1, 11, "iterated"},
    {"for _ in #nil do end", 1, 11, "iterated"},
    {"for _ in\n\n nil\ndo end", 3, 2, "iterated"},
    {"for _ in--x\nnil do end", 2, 1, "iterated"},
    {"for _ in--[[x]]nil do end", 1, 16, "iterated"},
    {"for _ in--[==[\n]]\n]==](nil)do end", 3, 6, "iterated"},
    {"for _ in(nil)do end", 1, 10, "iterated"},
    {"x = function() local _ for _ in (nil):f() do end end", 1, 34, "iterated"},
    {"f(function() for _ in nil do end end)", 1, 23, "iterated"},
    {"t = {function() for _ in nil do end end}", 1, 26, "iterated"},
    {"for _ in f(function() for _ in nil do end end) do end", 1, 32, "iterated"},
    {"for _ in f, nil do for _ in (nil):g() do end end", 1, 30, "iterated"},
    {"repeat for _ in nil do end until x", 1, 17, "iterated"},
    {"return 0x1p4i", 1, 8, "suffix"},
    {"return 1e5I", 1, 8, "suffix"},
    {"return 0x.1i", 1, 8, "suffix"},
    {"return 3.i", 1, 8, "suffix"},
    {"return -1i", 1, 9, "suffix"},
    {"t[1i] = 1", 1, 3, "suffix"},
    {"f(1LL, 2)", 1, 3, "suffix"},
    {"return 1\n,2i", 2, 2, "suffix"},
    {"return 1u", 1, 8, "suffix"},
    {"for _ in --[[x]] ( --y\n nil):f() do end", 2, 2, "iterated"},
    {"for _ in f() do for _ in (nil):g() do end end", 1, 27, "iterated"},
    {"for _ in (function() for _ in nil do end end) do end", 1, 31, "iterated"},
    {"\x1bLJ\x02", 1, 1, "bytecode"},
    {"\xef\xbb\xbf\x1bLJ", 1, 1, "bytecode"},
    {"#!x\n\x1bLJ", 2, 1, "bytecode"},
    {"x = 1 \x01", 1, 7, "control character"},
    {"x = 1\n\x7f", 2, 1, "control character"},
    {"x = 'abc", 1, 5, "unfinished string"},
    {"x = 'abc\n'", 1, 5, "unfinished string"},
    {"x = 'abc\\", 1, 5, "unfinished string"},
    {"x = 'abc\\'", 1, 5, "unfinished string"},
    {"x = [[abc", 1, 5, "unfinished long string"},
    {"x = [==[abc]=]", 1, 5, "unfinished long string"},
    {"--[[abc", 1, 3, "unfinished long comment"},
    {"local \xff = 1", 1, 7, "UTF-8"},
    {"x = 1 -- \xc3", 1, 10, "UTF-8"},
    {"f(", 1, 3, "')' expected (to close '(' at line 1)"},
    {"f(]", 1, 3, "')' expected"},
    {"if x then", 1, 10, "'end' expected (to close 'if' at line 1)"},
    {"\nfunction f()\n\n", 4, 1, "'end' expected (to close 'function' at line 2)"},
    {"repeat end", 1, 8, "'until' expected"},
    {"end", 1, 1, "closes nothing"},
    {"x = 1 }", 1, 7, "closes nothing"},
    {"until x", 1, 1, "closes nothing"},
};

START_TEST(dangerous_source__is_refused_where_it_stands)
{
    if (check(refused[_i].source) != CORDON_E_RULE)
        ck_abort_msg("'%s' passed", refused[_i].source);
    if (!strstr(err.message, refused[_i].text) || err.line != refused[_i].line ||
        err.column != refused[_i].column)
        ck_abort_msg("'%s': %u:%u: %s", refused[_i].source, err.line, err.column,
                     err.message);
    ck_assert_str_eq(err.file, "rule.lua");
    ck_assert_int_eq(err.status, CORDON_E_RULE);
}
END_TEST

/* Everything else that is Lua in this tree is ordinary code. */
START_TEST(rules_and_tests__pass)
{
    static const char *const patterns[] = {
        CORDON_SOURCE_DIR "/rules/*/*.lua", CORDON_SOURCE_DIR "/tests/unit/*/*.lua",
        CORDON_SOURCE_DIR "/tests/attack/[!blp]*/*/rule.lua"};
    static char source[1 << 18];
    size_t files = 0;

    for (int i = 0; i < CDN_UNIT_COUNT(patterns); i++) {
        glob_t found;

        ck_assert_int_eq(glob(patterns[i], 0, NULL, &found), 0);
        for (size_t j = 0; j < found.gl_pathc; j++, files++) {
            FILE *file = fopen(found.gl_pathv[j], "rb");
            size_t bytes;

            ck_assert_ptr_nonnull(file);
            bytes = fread(source, 1, sizeof source, file);
            fclose(file);
            if (check_bytes(source, bytes))
                ck_abort_msg("%s:%u:%u: %s", found.gl_pathv[j], err.line, err.column,
                             err.message);
        }
        globfree(&found);
    }
    ck_assert_uint_ge(files, 60);
}
END_TEST

START_TEST(nul_byte__is_refused_with_its_place)
{
    static const char source[] = "x = 1\ny = '\0'";

    ck_assert_int_eq(check_bytes(source, sizeof source - 1), CORDON_E_RULE);
    ck_assert_ptr_nonnull(strstr(err.message, "NUL"));
    ck_assert_uint_eq(err.line, 2);
    ck_assert_uint_eq(err.column, 6);
}
END_TEST

/* `count` times `unit` between `before` and `after`. */
static cordon_status check_repeated(const char *before, const char *unit, size_t count,
                                    const char *after)
{
    size_t bytes = strlen(before) + count * strlen(unit) + strlen(after);
    char *source = malloc(bytes + 1);
    char *at = source;
    cordon_status status;

    ck_assert_ptr_nonnull(source);
    at = stpcpy(at, before);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, unit);
    stpcpy(at, after);
    status = check_bytes(source, bytes);
    free(source);
    return status;
}

static const struct {
    const char *before, *unit, *after;
    size_t most;
    const char *text;
} bounds[] = {
    {"", "do ", "x", 180, "nest deeper"},
    {"x = ", "(", "", 180, "nest deeper"},
    {"x = ", "{", "", 180, "nest deeper"},
    {"x = ", "t[", "", 180, "nest deeper"},
    {"", "if x then ", "", 180, "nest deeper"},
    {"", "repeat ", "", 180, "nest deeper"},
    {"x = ", "function() return ", "", 64, "functions nest"},
    {"x = a", " or a", "", 500, "`and` and `or`"},
    {"x = a", " and a", "", 500, "`and` and `or`"},
    {"x = a", " or (a or a)", "", 250, "`and` and `or`"},
    {"if a then ", "elseif a then ", "end", 500, "elseif"},
    {"", "::a:: ", "", 500, "labels"},
    {"", "goto a ", "", 1000, "labels"},
};

START_TEST(bounds__are_where_they_are_said_to_be)
{
    ck_assert_int_eq(check_repeated(bounds[_i].before, bounds[_i].unit,
                                    bounds[_i].most + 1, bounds[_i].after),
                     CORDON_E_RULE);
    if (!strstr(err.message, bounds[_i].text))
        ck_abort_msg("%s", err.message);
    /* What is left open is told then, but no bound. */
    if (check_repeated(bounds[_i].before, bounds[_i].unit, bounds[_i].most,
                       bounds[_i].after))
        ck_assert_ptr_null(strstr(err.message, bounds[_i].text));
}
END_TEST

START_TEST(long_but_ordinary_source__passes)
{
    ck_assert_int_eq(check_repeated("", "x = a or b\n", 5000, ""), CORDON_OK);
    ck_assert_int_eq(check_repeated("t = {", "a or b, ", 5000, "}"), CORDON_OK);
    ck_assert_int_eq(check_repeated("", "f(a or b) ", 400, ""), CORDON_OK);
    ck_assert_int_eq(check_repeated("", "if a or b then c() end ", 3000, ""),
                     CORDON_OK);
    ck_assert_int_eq(
        check_repeated("", "local function f() return a or b end ", 3000, ""),
        CORDON_OK);
    ck_assert_int_eq(check_repeated("", "f(a or b)\n", 3000, ""), CORDON_OK);
    ck_assert_int_eq(check_repeated("x = a", " .. a", 5000, ""), CORDON_OK);
    ck_assert_int_eq(check_repeated("", "(f)()\n", 3000, ""), CORDON_OK);
}
END_TEST

START_TEST(size__is_at_most_256_kib)
{
    ck_assert_int_eq(check_repeated("", " ", 256 * 1024, ""), CORDON_OK);
    ck_assert_int_eq(check_repeated("", " ", 256 * 1024 + 1, ""), CORDON_E_RULE);
    ck_assert_ptr_nonnull(strstr(err.message, "262144"));
}
END_TEST

/* Every prefix of everything above ends in an answer, within its bytes. */
START_TEST(every_prefix__is_read_within_its_bytes)
{
    for (int i = 0; i < CDN_UNIT_COUNT(sane); i++) {
        for (size_t n = 0; n <= strlen(sane[i]); n++)
            check_bytes(sane[i], n);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(refused); i++) {
        for (size_t n = 0; n <= strlen(refused[i].source); n++)
            check_bytes(refused[i].source, n);
    }
}
END_TEST

START_TEST(missing_error_record__is_allowed)
{
    ck_assert_int_eq(cdn_tokens_check("x = 1i", 6, "rule.lua", NULL), CORDON_E_RULE);
    ck_assert_int_eq(cdn_tokens_check("x = 1", 5, NULL, NULL), CORDON_OK);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tokens");

    CDN_UNIT_LOOP(s, sane_source__passes, 0, CDN_UNIT_COUNT(sane));
    CDN_UNIT_LOOP(s, dangerous_source__is_refused_where_it_stands, 0,
                  CDN_UNIT_COUNT(refused));
    CDN_UNIT_CASE(s, rules_and_tests__pass);
    CDN_UNIT_CASE(s, nul_byte__is_refused_with_its_place);
    CDN_UNIT_LOOP(s, bounds__are_where_they_are_said_to_be, 0, CDN_UNIT_COUNT(bounds));
    CDN_UNIT_CASE(s, long_but_ordinary_source__passes);
    CDN_UNIT_CASE(s, size__is_at_most_256_kib);
    CDN_UNIT_CASE(s, every_prefix__is_read_within_its_bytes);
    CDN_UNIT_CASE(s, missing_error_record__is_allowed);
    return s;
}

CDN_UNIT_MAIN(suite)
