/* Cells of JSON: what becomes of them, and how those that are refused are told. */
#include "support/unit.h"

#include "base/alloc.h"
#include <cordon/value.h>

#include "import/bag.h"

struct sample {
    const char *text;
    const char *packed; /* NULL: null */
    size_t bytes;
};

static const struct sample TAKEN[] = {
    {"true", "\xc3", 1},
    {"7", "\x07", 1},
    {"-0.5", "\xcb\xbf\xe0\0\0\0\0\0\0", 9},
    {"\"a\"",
     "\xa1"
     "a",
     2},
    {" [ 1, \"b\", null ] ",
     "\x93\x01\xa1"
     "b\xc0",
     5},
    {"{\"k\":{}}", "\x81\xa1k\x80", 4},
    {"9007199254740993", "\xcf\0\x20\0\0\0\0\0\1", 9},
    {"", NULL, 0},
    {"null", NULL, 0},
    {" null\n", NULL, 0},
};

static void parse(struct cdn_cell *cell, struct cdn_buf *pack, char *why, bool nullable,
                  const char *text)
{
    char *exact = cdn_unit_exact(text, strlen(text));

    ck_assert_int_eq(cdn_bag_parse(cell, pack, why, 256, nullable, exact, strlen(text)),
                     CORDON_OK);
    free(exact);
}

START_TEST(parse__takes_any_json)
{
    const struct sample *sample = &TAKEN[_i];
    struct cdn_buf pack = {0};
    struct cdn_cell cell;
    char why[256];

    parse(&cell, &pack, why, true, sample->text);
    ck_assert_str_eq(why, "");
    ck_assert_int_eq(cell.null, !sample->packed);
    if (sample->packed) {
        ck_assert_uint_eq(cell.as.string.bytes, sample->bytes);
        ck_assert_mem_eq(cell.as.string.text, sample->packed, sample->bytes);
    }
    cdn_buf_deinit(&pack);
}
END_TEST

static const struct {
    const char *text;
    const char *why;
} REFUSED[] = {
    {"", "is empty, and the property is not nullable"},
    {"null", "is null, and the property is not nullable"},
    {"{\"a\":1,\"a\":2}",
     "is not JSON for a bag: a key appears twice in one object (character 10)"},
    {"{\"a\":", "is not JSON for a bag: the JSON text ends too early (character 5)"},
    {"[1,\n 2,\n x]", "(its line 3, character 2)"},
    {"1 2", "something follows the end"},
    {"[9223372036854775808]", "a number is out of range"},
    {"\"\xff\"", "not valid UTF-8"},
};

START_TEST(parse__says_why_a_cell_is_refused)
{
    struct cdn_buf pack = {0};
    struct cdn_cell cell;
    char why[256];

    parse(&cell, &pack, why, false, REFUSED[_i].text);
    ck_assert_msg(strstr(why, REFUSED[_i].why), "'%s' lacks '%s'", why,
                  REFUSED[_i].why);
    cdn_buf_deinit(&pack);
}
END_TEST

START_TEST(parse__bounds_size_and_depth)
{
    size_t bytes = CDN_BAG_MAX_BYTES;
    char *text = malloc(bytes + 2);
    struct cdn_buf pack = {0};
    struct cdn_cell cell;
    char why[256];

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', bytes);
    text[0] = text[bytes - 1] = '"';
    text[bytes] = '\0';
    parse(&cell, &pack, why, false, text);
    ck_assert_str_eq(why, "");
    text[bytes] = ' ';
    text[bytes + 1] = '\0';
    parse(&cell, &pack, why, false, text);
    ck_assert_str_eq(why, "has 65537 bytes; a bag has at most 65536");
    for (int depth = CORDON_VALUE_MAX_DEPTH; depth < CORDON_VALUE_MAX_DEPTH + 2;
         depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        parse(&cell, &pack, why, false, text);
        ck_assert_int_eq(why[0] != '\0', depth > CORDON_VALUE_MAX_DEPTH);
    }
    ck_assert_str_eq(why,
                     "is not JSON for a bag: nested deeper than 32 levels; flatten "
                     "the value");
    cdn_buf_deinit(&pack);
    free(text);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(parse__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf pack = {0};
        struct cdn_cell cell;
        char why[256];
        cordon_status status =
            cdn_bag_parse(&cell, &pack, why, sizeof(why), true, "[1, 2]", 6);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&pack);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("bag");

    CDN_UNIT_LOOP(s, parse__takes_any_json, 0, CDN_UNIT_COUNT(TAKEN));
    CDN_UNIT_LOOP(s, parse__says_why_a_cell_is_refused, 0, CDN_UNIT_COUNT(REFUSED));
    CDN_UNIT_CASE(s, parse__bounds_size_and_depth);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, parse__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
