#include "support/unit.h"

#include "rule/locate.h"

static const char source[] = "-- a { name = 'not this' }\n"
                             "local help = { name = 'nor this' }\n"
                             "local function f(t)\n"
                             "  if t then return { name = 'nor that' } end\n"
                             "  repeat t = nil until not t\n"
                             "end\n"
                             "local long = [==[ ]] { name = 1 } ]==]\n"
                             "return {\n"
                             "  name = 'x',\n"
                             "  tags = { 'a',\n"
                             "           'b' },\n"
                             "  evaluate = function(g)\n"
                             "    local params = { window = 1 }\n"
                             "    return params\n"
                             "  end,\n"
                             "  ['params'] = {\n"
                             "    window = { type = \"duration\", -- }\n"
                             "      default = f { 'y' } and (1 == 2),\n"
                             "    },\n"
                             "    other = f(function() return { type = 1 } end),\n"
                             "  };\n"
                             "  fallback = 'none' }\n";

static uint32_t line_of(const char *a, const char *b, const char *c)
{
    const char *path[] = {a, b, c};
    uint32_t depth = a ? b ? c ? 3 : 2 : 1 : 0;

    return cdn_rule_locate(source, sizeof source - 1, path, depth);
}

START_TEST(locate__finds_a_field_where_it_is_written)
{
    ck_assert_uint_eq(line_of("name", NULL, NULL), 9);
    ck_assert_uint_eq(line_of("evaluate", NULL, NULL), 12);
    ck_assert_uint_eq(line_of("params", NULL, NULL), 16);
    ck_assert_uint_eq(line_of("params", "window", NULL), 17);
    ck_assert_uint_eq(line_of("params", "window", "default"), 18);
    ck_assert_uint_eq(line_of("params", "other", NULL), 20);
    ck_assert_uint_eq(line_of("fallback", NULL, NULL), 22);
}
END_TEST

START_TEST(locate__counts_list_elements)
{
    ck_assert_uint_eq(line_of("tags", "#1", NULL), 10);
    ck_assert_uint_eq(line_of("tags", "#2", NULL), 11);
}
END_TEST

START_TEST(locate__falls_back_to_the_field_around)
{
    ck_assert_uint_eq(line_of("params", "window", "max"), 17);
    ck_assert_uint_eq(line_of("params", "third", NULL), 16);
    ck_assert_uint_eq(line_of("missing", NULL, NULL), 8);
    ck_assert_uint_eq(line_of(NULL, NULL, NULL), 8);
}
END_TEST

START_TEST(locate__takes_the_last_table_where_none_is_returned_directly)
{
    static const char indirect[] = "local rule = {\n name = 'x' }\nreturn rule\n";
    const char *path[] = {"name"};

    ck_assert_uint_eq(cdn_rule_locate(indirect, sizeof indirect - 1, path, 1), 2);
    ck_assert_uint_eq(cdn_rule_locate("return f()", 10, path, 1), 0);
}
END_TEST

/* Every prefix of the source, so that nothing relies on it being whole. */
START_TEST(locate__reads_no_further_than_the_end)
{
    const char *path[] = {"params", "window", "default"};

    for (size_t size = 0; size < sizeof source; size++) {
        char *copy = cdn_unit_exact(source, size);

        ck_assert_uint_le(cdn_rule_locate(copy, size, path, 3), 22);
        free(copy);
    }
}
END_TEST

START_TEST(locate_return__finds_the_one_that_ends_the_chunk)
{
    static const struct {
        const char *source;
        uint32_t line;
    } samples[] = {
        {"", 0},
        {"local x = 1", 0},
        {"return", 1},
        {"-- return\n\nreturn 3", 3},
        {"local f = function()\nreturn 1 end\nif f then\nreturn 2 end\nreturn f", 5},
        {"do\nreturn 1\nend", 0},
        {"local s = 'return'\nlocal t = [[\nreturn]]", 0},
    };

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++)
        ck_assert_uint_eq(
            cdn_rule_locate_return(samples[i].source, strlen(samples[i].source)),
            samples[i].line);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("locate");

    CDN_UNIT_CASE(s, locate__finds_a_field_where_it_is_written);
    CDN_UNIT_CASE(s, locate__counts_list_elements);
    CDN_UNIT_CASE(s, locate__falls_back_to_the_field_around);
    CDN_UNIT_CASE(s, locate__takes_the_last_table_where_none_is_returned_directly);
    CDN_UNIT_CASE(s, locate__reads_no_further_than_the_end);
    CDN_UNIT_CASE(s, locate_return__finds_the_one_that_ends_the_chunk);
    return s;
}

CDN_UNIT_MAIN(suite)
