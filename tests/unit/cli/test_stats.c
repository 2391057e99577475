/* Degrees over arrays made by hand: exact on both sides of the histogram's end. */
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/stats.h"

/* An adjacency of one block over lists of these lengths; nothing but offsets is read. */
struct lists {
    uint32_t offsets[201];
    const uint32_t *block;
    const uint32_t *peers;
    uint64_t first[2];
    struct cdn_adjacency adjacency;
};

static void lists_init(struct lists *lists, const uint32_t *degrees, uint32_t nodes)
{
    memset(lists, 0, sizeof(*lists));
    for (uint32_t i = 0; i < nodes; i++)
        lists->offsets[i + 1] = lists->offsets[i] + degrees[i];
    lists->block = lists->offsets;
    lists->peers = lists->offsets; /* advanced, never read */
    lists->first[1] = lists->offsets[nodes];
    lists->adjacency = (struct cdn_adjacency){.shift = 8,
                                              .block_count = nodes ? 1 : 0,
                                              .node_count = nodes,
                                              .offsets = &lists->block,
                                              .first = lists->first,
                                              .peers = &lists->peers};
}

START_TEST(degrees__are_exact)
{
    static const uint32_t degrees[] = {5, 0, 1, 1, 9, 0, 2, 1, 1, 0};
    struct lists lists;
    struct cdn_degrees out;

    lists_init(&lists, degrees, 10);
    ck_assert_int_eq(cdn_stats_degrees(&out, &lists.adjacency, NULL), CORDON_OK);
    ck_assert_uint_eq(out.nodes, 10);
    ck_assert_uint_eq(out.edges, 20);
    ck_assert_uint_eq(out.without, 3);
    ck_assert_uint_eq(out.p50, 1);
    ck_assert_uint_eq(out.p99, 9);
    ck_assert_uint_eq(out.max, 9);
    ck_assert(out.mean == 2.0);
}
END_TEST

START_TEST(degrees__are_exact_beyond_the_histogram)
{
    uint32_t degrees[200];
    struct lists lists;
    struct cdn_degrees out;

    /* ranks 0..149 below, 150..199 above and in no order */
    for (uint32_t i = 0; i < 200; i++)
        degrees[i] = i % 4 == 3 ? 65536 + (i * 37 % 200) * 10 : 65535;
    lists_init(&lists, degrees, 200);
    ck_assert_int_eq(cdn_stats_degrees(&out, &lists.adjacency, NULL), CORDON_OK);
    ck_assert_uint_eq(out.p50, 65535);
    ck_assert_uint_eq(out.max, 65536 + 1990);
    ck_assert_uint_eq(out.p99, 65536 + 1910); /* rank 197: the third from above */
}
END_TEST

START_TEST(degrees__of_no_nodes_are_nothing)
{
    struct lists lists;
    struct cdn_degrees out;

    lists_init(&lists, NULL, 0);
    ck_assert_int_eq(cdn_stats_degrees(&out, &lists.adjacency, NULL), CORDON_OK);
    ck_assert_uint_eq(out.nodes + out.edges + out.max + out.p99, 0);
}
END_TEST

START_TEST(degrees__refuse_damaged_offsets)
{
    static const uint32_t degrees[] = {1, 2, 3};
    struct lists lists;
    struct cdn_degrees out;
    cordon_error err;

    lists_init(&lists, degrees, 3);
    lists.offsets[2] = 100;
    ck_assert_int_eq(cdn_stats_degrees(&out, &lists.adjacency, &err), CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "snapshot verify"));
}
END_TEST

START_TEST(columns__count_nulls_and_ranges)
{
    static const double values[] = {4, -1, 1e9, 2};
    static const uint64_t present[] = {0xb}; /* the third is null */
    const void *blocks[] = {values};
    const uint64_t *bitmaps[] = {present};
    const struct cdn_property property = {
        .name = "x", .type = CDN_COLUMN_FLOAT64, .nullable = true};
    const struct cdn_column column = {.property = &property,
                                      .block_count = 1,
                                      .values = blocks,
                                      .width = sizeof(double),
                                      .present = bitmaps,
                                      .minimum = 1,
                                      .maximum = 0,
                                      .lowest = -1,
                                      .highest = 4,
                                      .nulls = 1};
    const struct cdn_label schema = {.key = CDN_KEY_INT64, .property_count = 1};
    const struct cdn_label_data label = {
        .schema = &schema, .count = 4, .shift = 16, .columns = &column};
    struct cdn_column_stats out;

    cdn_stats_node_column(&out, &label, 0);
    ck_assert_uint_eq(out.values, 4);
    ck_assert_uint_eq(out.nulls, 1);
    ck_assert(out.has_range && out.min == -1 && out.max == 4);
    ck_assert_uint_eq(out.bytes, 4 * 8 + 8);
    ck_assert_uint_eq(cdn_stats_label_bytes(&label), 4 * 8 + 4 * 8 + 8);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(degrees__survive_every_allocation_failure)
{
    static const uint32_t degrees[] = {70000, 0, 80000};
    struct lists lists;

    lists_init(&lists, degrees, 3);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_degrees out;
        cordon_status status = cdn_stats_degrees(&out, &lists.adjacency, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("stats");

    CDN_UNIT_CASE(s, degrees__are_exact);
    CDN_UNIT_CASE(s, degrees__are_exact_beyond_the_histogram);
    CDN_UNIT_CASE(s, degrees__of_no_nodes_are_nothing);
    CDN_UNIT_CASE(s, degrees__refuse_damaged_offsets);
    CDN_UNIT_CASE(s, columns__count_nulls_and_ranges);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, degrees__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
