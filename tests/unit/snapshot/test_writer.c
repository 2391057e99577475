/* The writer: what it takes, what it refuses, and that rows alone decide the file. */
#include "support/unit.h"

#include <sys/stat.h>

#include "base/alloc.h"
#include "snapshot/writer.h"
#include "support/fixture.h"

static struct cdn_property NODE[] = {
    {.name = "n", .type = CDN_COLUMN_INT64},
    {.name = "s", .type = CDN_COLUMN_STRING, .nullable = true}};
static struct cdn_property EDGE[] = {
    {.name = "at", .type = CDN_COLUMN_TIMESTAMP, .mirrored = true},
    {.name = "w", .type = CDN_COLUMN_FLOAT64, .mirrored = true}};
static struct cdn_label LABELS[] = {{"I", CDN_KEY_INT64, 2, NODE},
                                    {"S", CDN_KEY_STRING, 0, NULL}};
static struct cdn_relation_schema RELATIONS[] = {{"e", 0, 0, 0, 2, EDGE},
                                                 {"f", 0, 1, -1, 0, NULL}};
static const struct cdn_schema SCHEMA = {2, 2, LABELS, RELATIONS};

static cordon_status node(struct cdn_writer *writer, int64_t key, int64_t n,
                          const char *s, uint64_t row, cordon_error *err)
{
    struct cdn_key external = {.integer = key};
    struct cdn_cell cells[2] = {{.as.integer = n}, {.null = !s}};

    if (s) {
        cells[1].as.string.text = s;
        cells[1].as.string.bytes = strlen(s);
    }
    return cdn_writer_node(writer, 0, &external, cells, row, err);
}

static cordon_status text_node(struct cdn_writer *writer, const char *key, uint64_t row,
                               cordon_error *err)
{
    struct cdn_key external = {.text = key, .bytes = strlen(key)};

    return cdn_writer_node(writer, 1, &external, NULL, row, err);
}

static cordon_status edge(struct cdn_writer *writer, int64_t from, int64_t to,
                          int64_t at, double w, enum cdn_row *row, cordon_error *err)
{
    struct cdn_key source = {.integer = from};
    struct cdn_key target = {.integer = to};
    struct cdn_cell cells[2] = {{.as.integer = at}, {.as.number = w}};

    return cdn_writer_edge(writer, 0, &source, &target, cells, 0, row, err);
}

struct duplicates {
    uint32_t count;
    uint64_t rows[8];
};

static void note(void *ud, uint32_t label, uint64_t row)
{
    struct duplicates *duplicates = ud;

    ck_assert_uint_lt(duplicates->count, 8);
    duplicates->rows[duplicates->count++] = row + 1000 * label;
}

START_TEST(seal__keeps_the_first_of_equal_keys)
{
    char path[300];
    struct duplicates duplicates = {0};
    struct cdn_writer *writer;
    cordon_snapshot *snapshot;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(node(writer, 5, 50, "a", 1, NULL), CORDON_OK);
    ck_assert_int_eq(node(writer, -5, 51, "b", 2, NULL), CORDON_OK);
    ck_assert_int_eq(node(writer, 5, 52, "c", 3, NULL), CORDON_OK);
    ck_assert_int_eq(node(writer, 5, 53, NULL, 4, NULL), CORDON_OK);
    ck_assert_int_eq(text_node(writer, "same-long-prefix-b", 5, NULL), CORDON_OK);
    ck_assert_int_eq(text_node(writer, "same-long-prefix-a", 6, NULL), CORDON_OK);
    ck_assert_int_eq(text_node(writer, "same-long-prefix-b", 7, NULL), CORDON_OK);
    ck_assert_int_eq(text_node(writer, "", 8, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, note, &duplicates, NULL), CORDON_OK);
    ck_assert_uint_eq(duplicates.count, 3);
    ck_assert_uint_eq(duplicates.rows[0], 3);
    ck_assert_uint_eq(duplicates.rows[1], 4);
    ck_assert_uint_eq(duplicates.rows[2], 1007);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_OK);
    cdn_writer_close(writer);
    snapshot = cdn_fixture_open(path);
    ck_assert_uint_eq(snapshot->node_count, 5);
    ck_assert_uint_eq(cdn_fixture_find(snapshot, "I", "-5"), 0);
    ck_assert_uint_eq(cdn_fixture_find(snapshot, "I", "5"), 1);
    ck_assert_uint_eq(cdn_fixture_find(snapshot, "S", ""), 2);
    ck_assert_uint_eq(cdn_fixture_find(snapshot, "S", "same-long-prefix-b"), 4);
    ck_assert_int_eq(
        cdn_column_integer(&snapshot->labels[0].columns[0],
                           cdn_fixture_cells(&snapshot->labels[0].columns[0], 0).values,
                           1),
        50);
    /* "c" was in a dropped row only: the dictionary does not have it */
    ck_assert_uint_eq(snapshot->labels[0].columns[1].dictionary.count, 2);
    ck_assert_int_eq(snapshot->labels[0].columns[0].maximum, 51);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(edge__says_which_end_is_missing)
{
    char path[300];
    struct cdn_writer *writer;
    enum cdn_row row;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(node(writer, 1, 0, NULL, 0, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(edge(writer, 2, 1, 0, 0, &row, NULL), CORDON_OK);
    ck_assert_int_eq(row, CDN_ROW_NO_SOURCE);
    ck_assert_int_eq(edge(writer, 1, 2, 0, 0, &row, NULL), CORDON_OK);
    ck_assert_int_eq(row, CDN_ROW_NO_TARGET);
    ck_assert_int_eq(edge(writer, 1, 1, 0, 0, &row, NULL), CORDON_OK);
    ck_assert_int_eq(row, CDN_ROW_OK);
    cdn_writer_close(writer);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(calls__out_of_order_are_refused)
{
    char path[300];
    struct cdn_writer *writer;
    enum cdn_row row;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(edge(writer, 1, 1, 0, 0, &row, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(node(writer, 1, 0, NULL, 0, NULL), CORDON_E_INVALID);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_E_INVALID);
    cdn_writer_close(writer);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(close__before_the_finish_leaves_no_file)
{
    char path[300];
    char temp[310];
    struct cdn_writer *writer;

    cdn_fixture_path(path, sizeof(path));
    (void)snprintf(temp, sizeof(temp), "%s.tmp", path);
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(access(temp, F_OK), 0);
    ck_assert_int_eq(node(writer, 1, 0, NULL, 0, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    cdn_writer_close(writer);
    ck_assert_int_ne(access(temp, F_OK), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(open__reports_a_folder_that_is_not_there)
{
    struct cdn_writer *writer;
    cordon_error err;

    ck_assert_int_eq(
        cdn_writer_open(&writer, "/nonexistent/folder/x.cdn", &SCHEMA, NULL, &err),
        CORDON_E_NOTFOUND);
    ck_assert_ptr_null(writer);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent/folder/x.cdn.tmp"));
}
END_TEST

/* Write a graph with its rows in an order drawn from `seed`; times are distinct, so that
 * no tie keeps input order. */
static uint64_t write_shuffled(uint64_t seed, uint32_t block_shift)
{
    enum { NODES = 60, EDGES = 400 };
    uint32_t order[EDGES];
    char path[300];
    struct cdn_writer_options options = {.block_shift = block_shift};
    struct cdn_writer *writer;
    cordon_snapshot *snapshot;
    uint64_t findings;
    uint64_t identity;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, &options, NULL),
                     CORDON_OK);
    for (uint32_t i = 0; i < EDGES; i++)
        order[i] = i;
    for (uint32_t i = EDGES - 1; seed && i > 0; i--) {
        uint32_t other;
        uint32_t kept = order[i];

        seed = seed * UINT64_C(6364136223846793005) + 1;
        other = (uint32_t)((seed >> 33) % (i + 1));
        order[i] = order[other];
        order[other] = kept;
    }
    for (uint32_t i = 0; i < EDGES; i++) {
        char word[16];

        if (order[i] >= NODES)
            continue;
        (void)snprintf(word, sizeof(word), "w%u", order[i] % 9);
        ck_assert_int_eq(node(writer, (int64_t)order[i] * 1000003 - 5000, order[i],
                              order[i] % 4 ? word : NULL, i, NULL),
                         CORDON_OK);
        (void)snprintf(word, sizeof(word), "key%u", order[i]);
        ck_assert_int_eq(text_node(writer, word, i, NULL), CORDON_OK);
    }
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    for (uint32_t i = 0; i < EDGES; i++) {
        uint32_t e = order[i];
        enum cdn_row row;

        ck_assert_int_eq(edge(writer, (int64_t)(e * 7 % NODES) * 1000003 - 5000,
                              (int64_t)(e * e % NODES) * 1000003 - 5000, e * 3 % 401,
                              e / 8.0, &row, NULL),
                         CORDON_OK);
        ck_assert_int_eq(row, CDN_ROW_OK);
    }
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_OK);
    cdn_writer_close(writer);
    snapshot = cdn_fixture_open(path);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, NULL), 0);
    ck_assert_uint_eq(findings, 0);
    identity = cordon_snapshot_identity(snapshot);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
    return identity;
}

START_TEST(finish__depends_on_rows_not_on_their_order)
{
    uint64_t expected = write_shuffled(0, 3);

    for (uint64_t seed = 1; seed < 6; seed++)
        ck_assert_uint_eq(write_shuffled(seed, 3), expected);
    ck_assert_uint_ne(write_shuffled(0, 4), expected);
}
END_TEST

START_TEST(finish__keeps_input_order_among_equals)
{
    char path[300];
    struct cdn_writer *writer;
    cordon_snapshot *snapshot;
    struct cdn_list list;
    const double *weights;
    enum cdn_row row;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, NULL, NULL), CORDON_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(node(writer, i, 0, NULL, 0, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(edge(writer, 0, 1 + i % 2, i / 20, i, &row, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_OK);
    cdn_writer_close(writer);
    snapshot = cdn_fixture_open(path);
    ck_assert(cdn_adjacency_list(&snapshot->relations[0].outgoing, 0, &list));
    weights = cdn_fixture_cells(&snapshot->relations[0].outgoing.columns[1], 0).values;
    for (int i = 0; i < 40; i++) {
        int time = i / 20;
        int peer = i % 20 / 10;

        ck_assert_int_eq(list.times[i], time);
        ck_assert_uint_eq(list.peers[i], (uint32_t)(1 + peer));
        ck_assert_double_eq(weights[i], time * 20 + peer + 2 * (i % 10));
    }
    ck_assert(cdn_adjacency_list(&snapshot->relations[0].incoming, 2, &list));
    ck_assert_uint_eq(list.count, 20);
    for (uint32_t i = 1; i < 20; i++)
        ck_assert_uint_lt(list.ids[i - 1], list.ids[i]);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

static void watch(void *ud, double done)
{
    double *last = ud;

    ck_assert_double_ge(done, *last);
    *last = done;
}

START_TEST(finish__reports_progress_up_to_one)
{
    char path[300];
    double last = 0;
    struct cdn_writer_options options = {.progress = watch, .progress_ud = &last};
    struct cdn_writer *writer;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, &options, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_writer_seal_nodes(writer, NULL, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_writer_finish(writer, NULL), CORDON_OK);
    cdn_writer_close(writer);
    ck_assert_double_eq(last, 1);
    cdn_fixture_remove(path);
}
END_TEST

/* Three values, the first the least, and perhaps a null. */
static void holds(const struct cdn_column *column, uint32_t width,
                  const int64_t *values)
{
    struct cdn_cells cells = cdn_fixture_cells(column, 0);

    ck_assert_uint_eq(column->width, width);
    ck_assert_int_eq(column->base, width < 8 ? values[0] : 0);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(cdn_cells_present(&cells, i));
        ck_assert_int_eq(cdn_column_integer(column, cells.values, i), values[i]);
    }
    if (column->nulls == 0)
        return;
    ck_assert(!cdn_cells_present(&cells, 3));
    ck_assert_uint_eq(cdn_column_stored(column, cells.values, 3), 0);
}

START_TEST(integers__take_as_few_bytes_as_their_range_needs)
{
    static const struct {
        int64_t low;
        uint64_t span;
        uint32_t width;
    } RANGES[] = {{7, 0, 1},
                  {-3, 255, 1},
                  {-3, 256, 2},
                  {INT64_C(1) << 60, 65535, 2},
                  {-65536, 65536, 4},
                  {0, UINT32_MAX, 4},
                  {-1, (uint64_t)UINT32_MAX + 1, 8},
                  {INT64_MIN, 1, 1},
                  {INT64_MAX - 2, 2, 1},
                  {INT64_MIN, UINT64_MAX, 8}};

    for (int r = 0; r < CDN_UNIT_COUNT(RANGES); r++) {
        int64_t values[] = {RANGES[r].low,
                            (int64_t)((uint64_t)RANGES[r].low + RANGES[r].span / 2),
                            (int64_t)((uint64_t)RANGES[r].low + RANGES[r].span)};
        const char *keys[] = {"0", "1", "2"};
        char path[300];
        struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));
        cordon_snapshot *snapshot;
        const struct cdn_relation *relation;
        uint64_t findings;

        cdn_fixture_label(f, "N", CDN_KEY_INT64, "i:int64? none:timestamp?");
        cdn_fixture_relation(f, "e", "N", "N", "i:int64 t:timestamp!");
        for (int i = 0; i < 3; i++)
            cdn_fixture_node(f, "N", keys[i], CDN_INT("i", values[i]));
        cdn_fixture_node(f, "N", "3");
        for (int i = 0; i < 3; i++)
            cdn_fixture_edge(f, "e", "N", "0", "N", "1", CDN_INT("i", values[i]),
                             CDN_INT("t", i));
        cdn_fixture_finish(f);
        snapshot = cdn_fixture_open(path);
        relation = &snapshot->relations[0];
        holds(&snapshot->labels[0].columns[0], RANGES[r].width, values);
        ck_assert_uint_eq(snapshot->labels[0].columns[1].width, 1); /* all null */
        holds(&relation->outgoing.columns[0], RANGES[r].width, values);
        holds(&relation->incoming.columns[0], RANGES[r].width, values);
        ck_assert_uint_eq(relation->outgoing.columns[1].width, 8); /* the time */
        ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, NULL),
                         CORDON_OK);
        ck_assert_uint_eq(findings, 0);
        cordon_snapshot_release(snapshot);
        cdn_fixture_remove(path);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(writer__survives_every_allocation_failure)
{
    char path[300];
    char temp[310];

    cdn_fixture_path(path, sizeof(path));
    (void)snprintf(temp, sizeof(temp), "%s.tmp", path);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_writer *writer;
        cordon_error err;
        cordon_status status = cdn_writer_open(&writer, path, &SCHEMA, NULL, &err);

        for (int i = 0; !status && i < 20; i++) {
            status = node(writer, i * 1000, i, i % 2 ? "odd" : NULL, 0, &err);
            if (!status)
                status = text_node(writer, i % 2 ? "a-long-key" : "b", 0, &err);
        }
        if (!status)
            status = cdn_writer_seal_nodes(writer, NULL, NULL, &err);
        for (int i = 0; !status && i < 60; i++) {
            enum cdn_row row;

            status =
                edge(writer, i % 20 * 1000, i * 7 % 20 * 1000, i % 5, i, &row, &err);
        }
        if (!status)
            status = cdn_writer_finish(writer, &err);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        if (writer)
            ck_assert_int_eq(access(path, F_OK) == 0, status == CORDON_OK);
        cdn_writer_close(writer);
        ck_assert_int_ne(access(temp, F_OK), 0);
        (void)unlink(path);
    }
    cdn_fixture_remove(path);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("writer");

    CDN_UNIT_CASE(s, seal__keeps_the_first_of_equal_keys);
    CDN_UNIT_CASE(s, edge__says_which_end_is_missing);
    CDN_UNIT_CASE(s, calls__out_of_order_are_refused);
    CDN_UNIT_CASE(s, close__before_the_finish_leaves_no_file);
    CDN_UNIT_CASE(s, open__reports_a_folder_that_is_not_there);
    CDN_UNIT_CASE(s, finish__depends_on_rows_not_on_their_order);
    CDN_UNIT_CASE(s, finish__keeps_input_order_among_equals);
    CDN_UNIT_CASE(s, finish__reports_progress_up_to_one);
    CDN_UNIT_CASE(s, integers__take_as_few_bytes_as_their_range_needs);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, writer__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
