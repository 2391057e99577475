#include "support/unit.h"

#include <string.h>

#include "base/alloc.h"
#include "sandbox/code.h"

static struct cdn_code code;

static void read_text(const char *text)
{
    cordon_error err;

    ck_assert_msg(cdn_code_read(&code, text, strlen(text), "rule.lua", &err) ==
                      CORDON_OK,
                  "%s", err.message);
    ck_assert(code.known);
}

/* "2 3 5": the lines that have code. */
static const char *active(void)
{
    static char text[256];
    size_t length = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i <= code.count; i++)
        if (code.active[i])
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%u",
                                       length ? " " : "", i);
    return text;
}

/* "2>3,5 7>8,9": where each line branches to. */
static const char *branches(void)
{
    static char text[256];
    size_t length = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < code.branch_count; i++) {
        const struct cdn_branch *branch = &code.branches[i];

        ck_assert_ptr_eq(cdn_code_branch(&code, branch->from), branch);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%u",
                                   length ? " " : "", branch->from);
        for (uint32_t way = 0; way < branch->to_count; way++)
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%c%u",
                                 way ? ',' : '>', code.targets[branch->first + way]);
    }
    return text;
}

static const struct {
    const char *text, *active, *branches;
} cases[] = {
    {"return 1", "", ""},
    /* what the chunk does itself does not count */
    {"local a = 1\nif a then\n a = 2\nend\nreturn a", "", ""},
    {"return function()\nend", "2", ""},
    {"return function(a)\n if a then\n  a = 1\n end\n return a\nend", "2 3 5", "2>3,5"},
    {"return function(a)\n if a then\n  a = 1\n else\n  a = 2\n end\n return a\nend",
     "2 3 5 7", "2>3,5"},
    {"return function(a)\n if a == 1 then\n  a = 1\n elseif a == 2 then\n  a = 2\n "
     "end\n"
     " return a\nend",
     "2 3 4 5 7", "2>3,4 4>5,7"},
    /* both conditions of a line lead to the same two */
    {"return function(a, b)\n if a and b then\n  a = 1\n end\n return a\nend", "2 3 5",
     "2>3,5"},
    {"return function(a, b)\n if a\n  and b then\n  a = 1\n end\n return a\nend",
     "3 4 6", "3>4,6"}, /* to LuaJIT a test is where it is known to be one */
    {"return function(a)\n for i = 1, a do\n  a = i\n end\n return a\nend", "2 3 5",
     "2>3,5"},
    {"return function(a, f)\n for k in f(a) do\n  a = k\n end\n return a\nend", "2 3 5",
     "2>3,5"},
    {"return function(a)\n for k, v in pairs(a) do\n  a = v\n end\n return a\nend",
     "2 3 5", "2>3,5"},
    {"return function(a)\n while a > 3 do\n  a = a - 1\n end\n return a\nend", "2 3 5",
     "2>3,5"},
    {"return function(a)\n repeat\n  a = a - 1\n until a < 3\n return a\nend",
     "2 3 4 5", "4>2,5"},
    /* within a line nothing is told apart */
    {"return function(a, b)\n local c = a and b or 1\n return c\nend", "2 3", ""},
    {"return function(a) if a then return 1 end\n return 2\nend", "1 2", ""},
    {"return function(a)\n if a then return 1 end\n return 2\nend", "2 3", ""},
    {"local function f(a)\n if a then\n  return 1\n end\n return 2\nend\n"
     "return { g = function()\n  return f(1)\n end }",
     "2 3 5 8", "2>3,5"},
};

START_TEST(lines_and_branches__are_those_of_the_text)
{
    read_text(cases[_i].text);
    ck_assert_str_eq(active(), cases[_i].active);
    ck_assert_str_eq(branches(), cases[_i].branches);
    cdn_code_deinit(&code);
}
END_TEST

START_TEST(lines__beyond_a_byte_or_two_are_read)
{
    static char text[300000];
    size_t length = 0;
    uint32_t last = 0;

    for (int blank = 200; blank <= 71000; blank += blank < 1000 ? 500 : 69000) {
        length = (size_t)snprintf(text, sizeof text, "return function(a)\n");
        memset(text + length, '\n', (size_t)blank);
        length += (size_t)blank;
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "if a then\na = 1\nend\nreturn a\nend");
        read_text(text);
        last = 2 + (uint32_t)blank;
        ck_assert(code.active[last]);
        ck_assert(code.active[last + 1]);
        ck_assert(!code.active[last - 1]);
        ck_assert_ptr_nonnull(cdn_code_branch(&code, last));
        ck_assert_ptr_null(cdn_code_branch(&code, last + 1));
        ck_assert_ptr_null(cdn_code_branch(&code, 1));
        cdn_code_deinit(&code);
    }
    ck_assert_uint_gt(last, 65536);
}
END_TEST

START_TEST(text__that_does_not_compile_is_an_error)
{
    static const char text[] = "return function(\n";
    cordon_error err;

    ck_assert_int_eq(cdn_code_read(&code, text, strlen(text), "rule.lua", &err),
                     CORDON_E_RULE);
    ck_assert_str_eq(err.file, "rule.lua");
    ck_assert_ptr_null(cdn_code_branch(&code, 1));
    cdn_code_deinit(&code);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    const char *text = cases[5].text;

    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_code_read(&code, text, strlen(text), "f", NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_code_deinit(&code);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *suite = suite_create("code");

    CDN_UNIT_LOOP(suite, lines_and_branches__are_those_of_the_text, 0,
                  CDN_UNIT_COUNT(cases));
    CDN_UNIT_CASE(suite, lines__beyond_a_byte_or_two_are_read);
    CDN_UNIT_CASE(suite, text__that_does_not_compile_is_an_error);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(suite, read__survives_every_allocation_failure);
#endif
    return suite;
}

CDN_UNIT_MAIN(suite)
