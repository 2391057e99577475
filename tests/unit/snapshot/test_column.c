/* Columns: what a survey counts, how dictionaries are ranked, how heaps are measured. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/column.h"

static const struct cdn_property PROPERTIES[] = {
    {.name = "d", .type = CDN_COLUMN_FLOAT64, .nullable = true},
    {.name = "i", .type = CDN_COLUMN_INT64, .nullable = true},
    {.name = "s", .type = CDN_COLUMN_STRING, .nullable = true},
    {.name = "t", .type = CDN_COLUMN_TEXT}};

static void put(struct cdn_rows *rows, const int64_t *integer, const char *text)
{
    struct cdn_cell cells[4] = {
        {.null = !integer}, {.null = !integer}, {.null = !text}};

    if (integer) {
        cells[0].as.number = (double)*integer / 2;
        cells[1].as.integer = *integer;
    }
    cells[2].as.string.text = text ? text : "";
    cells[2].as.string.bytes = text ? strlen(text) : 0;
    cells[3] = cells[2];
    cells[3].null = false;
    ck_assert_int_eq(cdn_rows_grow(rows, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_rows_set(rows, cells, NULL), CORDON_OK);
    rows->count++;
}

/* 5 "pear", null "apple", -3 null, 9 "fig", 5 "apple" */
static void fill(struct cdn_rows *rows)
{
    static const int64_t NUMBERS[] = {5, -3, 9};

    ck_assert_int_eq(cdn_rows_init(rows, PROPERTIES, 4, NULL), CORDON_OK);
    put(rows, &NUMBERS[0], "pear");
    put(rows, NULL, "apple");
    put(rows, &NUMBERS[1], NULL);
    put(rows, &NUMBERS[2], "fig");
    put(rows, &NUMBERS[0], "apple");
}

START_TEST(survey__counts_what_is_kept)
{
    static const uint32_t KEPT[] = {4, 1};
    struct cdn_range range;
    struct cdn_rows rows;

    fill(&rows);
    memset(&range, 0, sizeof(range));
    cdn_column_survey(&range, &rows.columns[1], NULL, 5);
    ck_assert_uint_eq(range.nulls, 1);
    ck_assert(range.known);
    ck_assert_int_eq(range.minimum, -3);
    ck_assert_int_eq(range.maximum, 9);
    memset(&range, 0, sizeof(range));
    cdn_column_survey(&range, &rows.columns[1], KEPT, 2);
    ck_assert_uint_eq(range.nulls, 1);
    ck_assert_int_eq(range.minimum, 5);
    ck_assert_int_eq(range.maximum, 5);
    memset(&range, 0, sizeof(range));
    cdn_column_survey(&range, &rows.columns[0], NULL, 5);
    ck_assert_double_eq(range.lowest, -1.5);
    ck_assert_double_eq(range.highest, 4.5);
    memset(&range, 0, sizeof(range));
    cdn_column_survey(&range, &rows.columns[2], NULL, 5);
    ck_assert_uint_eq(range.nulls, 1);
    ck_assert(!range.known);
    memset(&range, 0, sizeof(range));
    cdn_column_survey(&range, &rows.columns[1], KEPT + 1, 1);
    ck_assert_uint_eq(range.nulls, 1);
    ck_assert(!range.known);
    cdn_rows_deinit(&rows);
}
END_TEST

START_TEST(rank__sorts_what_is_used)
{
    static const uint32_t KEPT[] = {0, 4};
    struct cdn_ranks ranks;
    struct cdn_rows rows;

    fill(&rows);
    ck_assert_int_eq(cdn_column_rank(&ranks, &rows.columns[2], NULL, 5, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(ranks.count, 3);
    ck_assert_uint_eq(ranks.rank[0], 2); /* pear came first */
    ck_assert_uint_eq(ranks.rank[1], 0); /* apple */
    ck_assert_uint_eq(ranks.rank[2], 1); /* fig */
    cdn_ranks_deinit(&ranks);
    ck_assert_int_eq(cdn_column_rank(&ranks, &rows.columns[2], KEPT, 2, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(ranks.count, 2);
    ck_assert_uint_eq(ranks.sorted[0], 1);
    ck_assert_uint_eq(ranks.sorted[1], 0);
    cdn_ranks_deinit(&ranks);
    ck_assert_int_eq(cdn_column_rank(&ranks, &rows.columns[1], NULL, 5, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(ranks.count, 0);
    cdn_ranks_deinit(&ranks);
    cdn_rows_deinit(&rows);
}
END_TEST

START_TEST(heap_most__is_the_largest_block)
{
    static const uint32_t ORDER[] = {3, 2, 0, 1, 4};
    static const uint64_t FIRST[] = {0, 2, 4, 5};
    const struct cdn_blocks blocks = {.count = 3, .first = FIRST, .order = ORDER};
    struct cdn_rows rows;

    fill(&rows);
    ck_assert_uint_eq(cdn_column_heap_most(&rows.columns[3], &blocks), 9);
    ck_assert_uint_eq(cdn_column_heap_most(&rows.columns[2], &blocks), 0);
    cdn_rows_deinit(&rows);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(rank__survives_every_allocation_failure)
{
    struct cdn_rows rows;

    fill(&rows);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_ranks ranks;
        cordon_status status = cdn_column_rank(&ranks, &rows.columns[2], NULL, 5, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_ranks_deinit(&ranks);
    }
    cdn_rows_deinit(&rows);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("column");

    CDN_UNIT_CASE(s, survey__counts_what_is_kept);
    CDN_UNIT_CASE(s, rank__sorts_what_is_used);
    CDN_UNIT_CASE(s, heap_most__is_the_largest_block);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, rank__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
