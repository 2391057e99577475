/* Rows in memory: every type, nulls, refusals. */
#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "snapshot/rows.h"

static const struct cdn_property PROPERTIES[] = {
    {.name = "b", .type = CDN_COLUMN_BOOL},
    {.name = "d", .type = CDN_COLUMN_FLOAT64, .nullable = true},
    {.name = "g", .type = CDN_COLUMN_BAG, .nullable = true},
    {.name = "i", .type = CDN_COLUMN_INT64},
    {.name = "s", .type = CDN_COLUMN_STRING, .nullable = true},
    {.name = "t", .type = CDN_COLUMN_TEXT}};

#define COLUMNS 6

static void fill(struct cdn_cell cells[COLUMNS])
{
    memset(cells, 0, COLUMNS * sizeof(*cells));
    cells[0].as.boolean = true;
    cells[1].as.number = 2.5;
    cells[2].as.string.text = "\x93\x01\x02\x03";
    cells[2].as.string.bytes = 4;
    cells[3].as.integer = INT64_MIN;
    cells[4].as.string.text = "word";
    cells[4].as.string.bytes = 4;
    cells[5].as.string.text = "text";
    cells[5].as.string.bytes = 4;
}

static cordon_status put(struct cdn_rows *rows, const struct cdn_cell *cells,
                         cordon_error *err)
{
    cordon_status status = cdn_rows_grow(rows, err);

    if (!status)
        status = cdn_rows_set(rows, cells, err);
    if (!status)
        rows->count++;
    return status;
}

START_TEST(set__interns_equal_strings)
{
    struct cdn_cell cells[COLUMNS];
    struct cdn_rows rows;
    const uint32_t *codes;

    fill(cells);
    ck_assert_int_eq(cdn_rows_init(&rows, PROPERTIES, COLUMNS, NULL), CORDON_OK);
    for (int i = 0; i < 2000; i++) {
        char word[16];

        cells[4].as.string.bytes = (size_t)snprintf(word, sizeof(word), "w%d", i % 500);
        cells[4].as.string.text = word;
        ck_assert_int_eq(put(&rows, cells, NULL), CORDON_OK);
    }
    ck_assert_uint_eq(rows.columns[4].strings.count, 500);
    codes = (const uint32_t *)(const void *)rows.columns[4].values;
    ck_assert_uint_eq(codes[17], 17);
    ck_assert_uint_eq(codes[1517], 17);
    cdn_rows_deinit(&rows);
}
END_TEST

START_TEST(set__appends_heaps)
{
    struct cdn_cell cells[COLUMNS];
    struct cdn_rows rows;
    const uint64_t *ends;

    fill(cells);
    ck_assert_int_eq(cdn_rows_init(&rows, PROPERTIES, COLUMNS, NULL), CORDON_OK);
    ck_assert_int_eq(put(&rows, cells, NULL), CORDON_OK);
    cells[2].null = true;
    cells[5].as.string.bytes = 0;
    ck_assert_int_eq(put(&rows, cells, NULL), CORDON_OK);
    cells[2].null = false;
    cells[5].as.string.bytes = 2;
    ck_assert_int_eq(put(&rows, cells, NULL), CORDON_OK);
    ends = (const uint64_t *)(const void *)rows.columns[2].values;
    ck_assert_uint_eq(ends[0], 4);
    ck_assert_uint_eq(ends[1], 4);
    ck_assert_uint_eq(ends[2], 8);
    ck_assert_uint_eq(rows.columns[2].nulls[0], 0);
    ck_assert_uint_eq(rows.columns[2].nulls[1], 1);
    ck_assert_mem_eq(rows.columns[5].heap, "textte", 6);
    cdn_rows_deinit(&rows);
}
END_TEST

static void refused(struct cdn_rows *rows, const struct cdn_cell *cells,
                    const char *what)
{
    cordon_error err;
    uint32_t before = rows->count;

    ck_assert_int_eq(put(rows, cells, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, what) != NULL, "'%s' lacks '%s'", err.message,
                  what);
    ck_assert_uint_eq(rows->count, before);
}

START_TEST(set__refuses_what_a_column_cannot_hold)
{
    struct cdn_cell cells[COLUMNS];
    struct cdn_rows rows;
    const uint64_t *ends;

    ck_assert_int_eq(cdn_rows_init(&rows, PROPERTIES, COLUMNS, NULL), CORDON_OK);
    fill(cells);
    cells[3].null = true;
    refused(&rows, cells, "property 'i': a null");
    fill(cells);
    cells[1].as.number = NAN;
    refused(&rows, cells, "not finite");
    cells[1].as.number = -INFINITY;
    refused(&rows, cells, "not finite");
    fill(cells);
    cells[2].as.string.bytes = 3;
    refused(&rows, cells, "one msgpack value");
    cells[2].as.string.text = "\x01\x02";
    cells[2].as.string.bytes = 2;
    refused(&rows, cells, "one msgpack value");
    cells[2].as.string.bytes = 0;
    refused(&rows, cells, "one msgpack value");
    fill(cells);
    cells[4].as.string.text = "a\xff";
    cells[4].as.string.bytes = 2;
    refused(&rows, cells, "property 's': text that is not UTF-8");
    fill(cells);
    cells[5].as.string.text = "\xc0\x80";
    cells[5].as.string.bytes = 2;
    refused(&rows, cells, "property 't': text that is not UTF-8");
    /* what was refused left nothing behind */
    fill(cells);
    ck_assert_int_eq(put(&rows, cells, NULL), CORDON_OK);
    ends = (const uint64_t *)(const void *)rows.columns[2].values;
    ck_assert_uint_eq(ends[0], 4);
    cdn_rows_deinit(&rows);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(rows__survive_every_allocation_failure)
{
    struct cdn_cell cells[COLUMNS];

    fill(cells);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_rows rows = {0};
        cordon_status status = cdn_rows_init(&rows, PROPERTIES, COLUMNS, NULL);

        for (int i = 0; !status && i < 300; i++) {
            char word[16];

            cells[4].as.string.bytes =
                (size_t)snprintf(word, sizeof(word), "w%d", i % 100);
            cells[4].as.string.text = word;
            status = put(&rows, cells, NULL);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_rows_deinit(&rows);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("rows");

    CDN_UNIT_CASE(s, set__interns_equal_strings);
    CDN_UNIT_CASE(s, set__appends_heaps);
    CDN_UNIT_CASE(s, set__refuses_what_a_column_cannot_hold);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, rows__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
