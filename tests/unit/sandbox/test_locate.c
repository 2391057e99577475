/* Lines of values in a Lua source. */
#include "support/unit.h"

#include "sandbox/locate.h"

static const char SOURCE[] = "-- return { labels = 1 }\n"          /* 1 */
                             "local x = \"return { labels = {\"\n" /* 2 */
                             "return {\n"                          /* 3 */
                             "  labels = { -- labels\n"            /* 4 */
                             "    Account = {\n"                   /* 5 */
                             "      file = 'a,}.csv',\n"           /* 6 */
                             "      --[[ key = {\n"                /* 7 */
                             "      ]]\n"                          /* 8 */
                             "      key = { column = [==[\n"       /* 9 */
                             "]] ]==], type = \"int64\" },\n"      /* 10 */
                             "      [\"properties\"] = {\n"        /* 11 */
                             "        amount = f(1, { 2, 3 }),\n"  /* 12 */
                             "        city = \"string\";\n"        /* 13 */
                             "      },\n"                          /* 14 */
                             "    },\n"                            /* 15 */
                             "  },\n"                              /* 16 */
                             "  edges = {\n"                       /* 17 */
                             "    { type = \"a\" },\n"             /* 18 */
                             "    { type = \"b\",\n"               /* 19 */
                             "      from = \"X\" },\n"             /* 20 */
                             "  },\n"                              /* 21 */
                             "}\n";

struct sample {
    struct cdn_step path[4];
    size_t steps;
    uint32_t line;
};

static const struct sample SAMPLES[] = {
    {{{NULL, 0}}, 0, 3},
    {{{"labels", 0}}, 1, 4},
    {{{"labels", 0}, {"Account", 0}}, 2, 5},
    {{{"labels", 0}, {"Account", 0}, {"file", 0}}, 3, 6},
    {{{"labels", 0}, {"Account", 0}, {"key", 0}}, 3, 9},
    {{{"labels", 0}, {"Account", 0}, {"key", 0}, {"type", 0}}, 4, 10},
    {{{"labels", 0}, {"Account", 0}, {"properties", 0}, {"amount", 0}}, 4, 12},
    {{{"labels", 0}, {"Account", 0}, {"properties", 0}, {"city", 0}}, 4, 13},
    {{{"edges", 0}, {NULL, 1}, {"type", 0}}, 3, 18},
    {{{"edges", 0}, {NULL, 2}}, 2, 19},
    {{{"edges", 0}, {NULL, 2}, {"from", 0}}, 3, 20},
    /* what is not there: the nearest that is */
    {{{"edges", 0}, {NULL, 3}, {"from", 0}}, 3, 17},
    {{{"labels", 0}, {"Person", 0}}, 2, 4},
    {{{"nothing", 0}}, 1, 3},
    {{{"labels", 0}, {"Account", 0}, {"properties", 0}, {"country", 0}}, 4, 11},
};

START_TEST(locate__finds_the_deepest_step)
{
    const struct sample *sample = &SAMPLES[_i];
    size_t bytes = strlen(SOURCE);
    char *exact = cdn_unit_exact(SOURCE, bytes);

    ck_assert_uint_eq(cdn_locate(exact, bytes, sample->path, sample->steps),
                      sample->line);
    free(exact);
}
END_TEST

START_TEST(locate__ends_on_any_prefix_of_a_source)
{
    size_t all = strlen(SOURCE);

    for (size_t bytes = 0; bytes <= all; bytes++) {
        char *exact = cdn_unit_exact(SOURCE, bytes);

        for (int i = 0; i < CDN_UNIT_COUNT(SAMPLES); i++)
            ck_assert_uint_le(
                cdn_locate(exact, bytes, SAMPLES[i].path, SAMPLES[i].steps), 22);
        free(exact);
    }
}
END_TEST

START_TEST(locate__admits_it_when_there_is_no_table)
{
    static const char *const NONE[] = {"",
                                       "return f()",
                                       "x = { labels = 1 }",
                                       "return",
                                       "\"return {\"",
                                       "--[[ return { ]]",
                                       "--[[ return {",
                                       "[==[ return {",
                                       "'return {"};

    for (int i = 0; i < CDN_UNIT_COUNT(NONE); i++)
        ck_assert_uint_eq(cdn_locate(NONE[i], strlen(NONE[i]), SAMPLES[1].path, 1), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("locate");

    CDN_UNIT_LOOP(s, locate__finds_the_deepest_step, 0, CDN_UNIT_COUNT(SAMPLES));
    CDN_UNIT_CASE(s, locate__ends_on_any_prefix_of_a_source);
    CDN_UNIT_CASE(s, locate__admits_it_when_there_is_no_table);
    return s;
}

CDN_UNIT_MAIN(suite)
