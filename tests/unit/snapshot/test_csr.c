/* Blocks, and a random relation against a plain model of it. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/column.h"
#include "snapshot/csr.h"
#include "support/fixture.h"

START_TEST(blocks__cover_every_node)
{
    static const uint32_t STARTS[] = {0, 3, 3, 10, 11, 20}; /* 5 nodes */
    struct cdn_blocks blocks;

    ck_assert_int_eq(cdn_csr_blocks(&blocks, STARTS, 5, 1, NULL), CORDON_OK);
    ck_assert_uint_eq(blocks.count, 3);
    ck_assert_uint_eq(blocks.first[0], 0);
    ck_assert_uint_eq(blocks.first[1], 3);
    ck_assert_uint_eq(blocks.first[2], 11);
    ck_assert_uint_eq(blocks.first[3], 20);
    cdn_free((void *)(uintptr_t)blocks.first);
    ck_assert_int_eq(cdn_csr_blocks(&blocks, NULL, 5, 2, NULL), CORDON_OK);
    ck_assert_uint_eq(blocks.count, 2);
    ck_assert_uint_eq(blocks.first[1], 4);
    ck_assert_uint_eq(blocks.first[2], 5);
    cdn_free((void *)(uintptr_t)blocks.first);
    ck_assert_int_eq(cdn_csr_blocks(&blocks, NULL, 0, 2, NULL), CORDON_OK);
    ck_assert_uint_eq(blocks.count, 0);
    cdn_free((void *)(uintptr_t)blocks.first);
}
END_TEST

START_TEST(choose__lowers_the_shift_until_arrays_fit)
{
    enum { NODES = 1 << (CDN_BLOCK_SHIFT_LEAST + 3) };
    uint32_t *starts = calloc(NODES + 1, sizeof(*starts));
    const struct cdn_rows none = {0};
    struct cdn_blocks blocks;
    uint32_t chosen;
    /* all nodes alike, so that a block of 2^(least + 1) is exactly at the target */
    uint64_t each = CDN_SEGMENT_TARGET / 8 >> (CDN_BLOCK_SHIFT_LEAST + 1);

    for (uint64_t n = 0; n <= NODES; n++)
        starts[n] = (uint32_t)(n * each);
    ck_assert_int_eq(cdn_csr_choose(&chosen, &blocks, starts, NODES,
                                    CDN_BLOCK_SHIFT_LEAST + 3, &none, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(chosen, CDN_BLOCK_SHIFT_LEAST + 1);
    ck_assert_uint_eq(blocks.count, 4);
    cdn_free((void *)(uintptr_t)blocks.first);
    /* one node with more than a segment's aim: as low as it goes, and no lower */
    for (uint32_t n = 1; n <= NODES; n++)
        starts[n] = (uint32_t)(CDN_SEGMENT_TARGET / 8 + 1);
    ck_assert_int_eq(cdn_csr_choose(&chosen, &blocks, starts, NODES,
                                    CDN_BLOCK_SHIFT_LEAST + 3, &none, NULL),
                     CORDON_OK);
    ck_assert_uint_eq(chosen, CDN_BLOCK_SHIFT_LEAST);
    cdn_free((void *)(uintptr_t)blocks.first);
    free(starts);
}
END_TEST

/* One edge of the model. */
struct edge {
    uint32_t source;
    uint32_t target;
    int64_t at;
    int64_t input;
};

static int by_outgoing(const void *a, const void *b)
{
    const struct edge *x = a;
    const struct edge *y = b;

    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return x->input < y->input ? -1 : 1;
}

static int by_incoming(const void *a, const void *b)
{
    const struct edge *x = a;
    const struct edge *y = b;

    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->input < y->input ? -1 : 1;
}

static void compare(const struct cdn_adjacency *adjacency, const struct edge *edges,
                    uint32_t count, bool outgoing)
{
    uint32_t at = 0;

    for (uint32_t node = 0; node < adjacency->node_count; node++) {
        struct cdn_list list;

        ck_assert(cdn_adjacency_list(adjacency, node, &list));
        ck_assert_uint_eq(list.position, at);
        for (uint32_t i = 0; i < list.count; i++, at++) {
            const void *inputs =
                cdn_fixture_cells(&adjacency->columns[1], list.block).values;
            const double *halves =
                cdn_fixture_cells(&adjacency->columns[2], list.block).values;

            ck_assert_uint_eq(outgoing ? edges[at].source : edges[at].target, node);
            ck_assert_uint_eq(outgoing ? edges[at].target : edges[at].source,
                              list.peers[i]);
            ck_assert_int_eq(edges[at].at, list.times[i]);
            ck_assert_int_eq(
                edges[at].input,
                cdn_column_integer(&adjacency->columns[1], inputs, list.start + i));
            ck_assert_double_eq((double)edges[at].input / 2, halves[list.start + i]);
        }
    }
    ck_assert_uint_eq(at, count);
}

START_TEST(emit__equals_a_plain_sort)
{
    enum { NODES = 70, EDGES = 3000 };
    static struct edge edges[EDGES];
    uint64_t state = (uint64_t)_i + 1;
    char path[300];
    cordon_snapshot *snapshot;
    const struct cdn_relation *relation;
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));

    cdn_fixture_block_shift(f, 1 + (uint32_t)_i % 7);
    cdn_fixture_label(f, "N", CDN_KEY_INT64, "");
    cdn_fixture_relation(f, "e", "N", "N", "at:timestamp! input:int64 x:float64");
    for (int i = 0; i < NODES; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%d", i);
        cdn_fixture_node(f, "N", key);
    }
    for (int i = 0; i < EDGES; i++) {
        char source[16];
        char target[16];
        uint64_t bits;

        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bits = state >> 24;
        edges[i].source = (uint32_t)(bits % (bits & 1024 ? NODES : 3)); /* some hubs */
        edges[i].target = (uint32_t)((bits >> 12) % (bits & 2048 ? NODES : 5));
        edges[i].at = (int64_t)(bits >> 24 & 255) - 100;
        edges[i].input = i;
        (void)snprintf(source, sizeof(source), "%u", edges[i].source);
        (void)snprintf(target, sizeof(target), "%u", edges[i].target);
        cdn_fixture_edge(f, "e", "N", source, "N", target, CDN_INT("at", edges[i].at),
                         CDN_INT("input", i), CDN_NUM("x", i / 2.0));
    }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    relation = &snapshot->relations[0];
    qsort(edges, EDGES, sizeof(*edges), by_outgoing);
    compare(&relation->outgoing, edges, EDGES, true);
    qsort(edges, EDGES, sizeof(*edges), by_incoming);
    compare(&relation->incoming, edges, EDGES, false);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("csr");

    CDN_UNIT_CASE(s, blocks__cover_every_node);
    CDN_UNIT_CASE(s, choose__lowers_the_shift_until_arrays_fit);
    CDN_UNIT_LOOP(s, emit__equals_a_plain_sort, 0, 8);
    return s;
}

CDN_UNIT_MAIN(suite)
