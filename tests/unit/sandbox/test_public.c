/* What the test suites of public Lua implementations look at, restated as rows of
 * input and answer: in the sandbox, and, as a check of the rows, in stock LuaJIT. */
#include "lua_both.h"

#define FILE_BYTES ((size_t)64 << 10)

static const struct {
    const char *name;
    const char *rows; /* that no row is lost on the way */
} files[] = {
    {"public_base.lua", "'118 rows'"},    {"public_number.lua", "'178 rows'"},
    {"public_pattern.lua", "'235 rows'"}, {"public_string.lua", "'187 rows'"},
    {"public_table.lua", "'146 rows'"},
};

/* public.lua and the file behind it, as one chunk. */
static const char *chunk_of(const char *name, size_t *bytes)
{
    static char chunk[2 * FILE_BYTES];
    size_t more;
    const char *source = read_source("public.lua", bytes);

    memcpy(chunk, source, *bytes);
    source = read_source(name, &more);
    memcpy(chunk + *bytes, source, more);
    *bytes += more;
    return chunk;
}

START_TEST(sandbox__answers_as_public_tests_expect)
{
    size_t bytes;
    const char *chunk = chunk_of(files[_i].name, &bytes);

    ck_assert_str_eq(sandboxed_with(chunk, bytes, 0, &lua_both_budget), files[_i].rows);
}
END_TEST

START_TEST(rows__are_right_of_stock_luajit)
{
    size_t bytes;
    const char *chunk = chunk_of(files[_i].name, &bytes);

    ck_assert_str_eq(stock_with(chunk, bytes, 0), files[_i].rows);
}
END_TEST

/* Where an error says it is.  The chunk is t.lua in both. */
/* clang-format off */
static const struct lua_case positions[] = {
    {"local a\nfor i = 1, 'a' do\nend",
     "error: t.lua:2: 'for' limit must be a number"},
    {"\nlocal a\nfor k, v in 3\ndo\nend",
     "error: t.lua:3: attempt to call a number value"},
    {"a.x.y = 1",
     "error: t.lua:1: attempt to index global 'a' (a nil value)"},
    {"local a = 1\na =\na\n+\n{}",
     "error: t.lua:5: attempt to perform arithmetic on a table value"},
    {"\n\nerror('x')",
     "error: t.lua:3: x"},
    {"local function f()\n  error('x', 2)\nend\nf()\nreturn 1",
     "error: t.lua:4: x"},
    {"local function f()\n  error('x', 3)\nend\nlocal function g()\n  f()\n  return 1\nend\ng()\nreturn 1",
     "error: t.lua:8: x"},
    {"local function f()\n  error('x', 0)\nend\nf()\nreturn 1",
     "error: x"},
    {"local b = false\nif not b then\n  if not b then\n    error 'test'\n  end\nend",
     "error: t.lua:4: test"},
    {"local t = {\n  x = 1,\n  y = 1 + nil,\n}",
     "error: t.lua:3: attempt to perform arithmetic on a nil value"},
    {"return (\n('x')\n:rep(\n{})\n)",
     "error: t.lua:3: bad argument #1 to 'rep' (number expected, got table)"},
    {"local s = 'x'\nreturn s:find('[a')",
     "error: malformed pattern (missing ']')"},
    {"local t = {3, {}, 1}\ntable.sort(t)\nreturn 1",
     "error: attempt to compare table with number"},
    {"return pcall(function()\n\n local x = nil .. 'a' end)",
     "false 't.lua:3: attempt to concatenate a nil value'"},
    {"local co = coroutine.wrap(function()\n error('in') end)\nlocal ok, m = pcall(co)\nreturn m",
     "'t.lua:2: in'"},
    {"x = = 1",
     "error: t.lua:1: unexpected symbol near '='"},
    {"local x = 1\nreturn x y",
     "error: t.lua:2: '<eof>' expected near 'y'"},
    {"break",
     "error: t.lua:1: no loop to break"},
    {"goto nowhere",
     "error: t.lua:1: undefined label 'nowhere'"},
    {"return ...,",
     "error: t.lua:1: unexpected symbol near '<eof>'"},
    {"local a <const> = 1",
     "error: t.lua:1: unexpected symbol near '<'"},
};
/* clang-format on */

START_TEST(errors__are_where_stock_luajit_says)
{
    const char *source = positions[_i].source, *answer = positions[_i].answer;
    const char *mine = sandboxed(source), *theirs = stock(source);

    if (strcmp(theirs, answer) != 0)
        ck_abort_msg("%s\n  stock answers %s\n  not           %s", source, theirs,
                     answer);
    if (strncmp(mine, "error: ", 7) == 0) {
        char whole[512];

        if (lua_both_line)
            snprintf(whole, sizeof whole, "error: t.lua:%u: %s", lua_both_line,
                     mine + 7);
        else
            snprintf(whole, sizeof whole, "%s", mine);
        ck_assert_str_eq(whole, answer);
    } else {
        ck_assert_str_eq(mine, answer);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("public");

    CDN_UNIT_LOOP(s, sandbox__answers_as_public_tests_expect, 0, CDN_UNIT_COUNT(files));
    CDN_UNIT_LOOP(s, rows__are_right_of_stock_luajit, 0, CDN_UNIT_COUNT(files));
    CDN_UNIT_LOOP(s, errors__are_where_stock_luajit_says, 0, CDN_UNIT_COUNT(positions));
    return s;
}

CDN_UNIT_MAIN(suite)
