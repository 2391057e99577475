/* Every public data set, imported with its schema from rules/schemas: the numbers that its
 * README states, ids to the last digit, and lists in time order. */
#include "support/unit.h"

#include <dirent.h>

#include "base/alloc.h"
#include "base/error.h"
#include "import/csv.h"
#include "import/import.h"
#include "snapshot/snapshot.h"

#define MOST 16

struct edges {
    const char *type;
    const char *from;
    const char *to;
    uint64_t count;
};

struct nodes {
    const char *label;
    uint64_t count;
};

struct data_set {
    const char *schema;
    const char *folder;
    uint64_t rows; /* over all sources: a file read for two of them counts twice */
    uint64_t filtered;
    uint64_t repeated;
    struct nodes nodes[MOST];
    struct edges edges[MOST];
};

#define FINBENCH 0
#define MINI     1
#define AMLSIM   2
#define BITCOIN  3
#define RETAIL   4
#define WIKI     5
#define EMAIL    6
#define EXAMPLES 7

static const struct data_set DATA_SETS[] = {
    [FINBENCH] = {"finbench-sf0.01",
                  "finbench-sf0.01/snapshot",
                  36881,
                  0,
                  0,
                  {{"Account", 2055},
                   {"Company", 386},
                   {"Loan", 1376},
                   {"Medium", 978},
                   {"Person", 785}},
                  {{"transfer", "Account", "Account", 8132},
                   {"withdraw", "Account", "Account", 9182},
                   {"repay", "Account", "Loan", 2747},
                   {"deposit", "Loan", "Account", 2758},
                   {"signIn", "Medium", "Account", 2489},
                   {"own", "Person", "Account", 1384},
                   {"own", "Company", "Account", 671},
                   {"apply", "Person", "Loan", 927},
                   {"apply", "Company", "Loan", 449},
                   {"invest", "Person", "Company", 1304},
                   {"invest", "Company", "Company", 679},
                   {"guarantee", "Person", "Person", 377},
                   {"guarantee", "Company", "Company", 202}}},
    [MINI] = {"finbench-mini",
              "finbench-mini/snapshot",
              1400,
              0,
              0,
              {{"Account", 20},
               {"Company", 20},
               {"Loan", 20},
               {"Medium", 20},
               {"Person", 20}},
              {{"transfer", "Account", "Account", 100},
               {"withdraw", "Account", "Account", 100},
               {"repay", "Account", "Loan", 100},
               {"deposit", "Loan", "Account", 100},
               {"signIn", "Medium", "Account", 100},
               {"own", "Person", "Account", 100},
               {"own", "Company", "Account", 100},
               {"apply", "Person", "Loan", 100},
               {"apply", "Company", "Loan", 100},
               {"invest", "Person", "Company", 100},
               {"invest", "Company", "Company", 100},
               {"guarantee", "Person", "Person", 100},
               {"guarantee", "Company", "Company", 100}}},
    [AMLSIM] = {"amlsim",
                "amlsim-20k-fanin",
                20000 + 118250,
                0,
                0,
                {{"Account", 20000}},
                {{"transfer", "Account", "Account", 118250}}},
    [BITCOIN] = {"bitcoin-otc",
                 "bitcoin-otc",
                 316 + 3 * 35592,
                 0,
                 316 + 2 * 35592 - 5881,
                 {{"User", 5881}},
                 {{"rated", "User", "User", 35592}}},
    /* rows without a customer are left out twice, rows that take something back once */
    [RETAIL] = {"online-retail",
                "online-retail",
                3774 + 5 * 370931,
                98056 + 370931 - 266518,
                (370931 - 98056 - 3658) + (3774 + 370931 - 3887) + (370931 - 18786),
                {{"Customer", 3658}, {"Product", 3887}, {"Invoice", 18786}},
                {{"bought", "Customer", "Product", 266518},
                 {"lists", "Invoice", "Product", 370931}}},
    [WIKI] = {"wiki-vote",
              "wiki-vote",
              3 * 103689,
              0,
              2 * 103689 - 7115,
              {{"User", 7115}},
              {{"vote", "User", "User", 103689}}},
    [EMAIL] = {"email-eu-core",
               "email-eu-core",
               1005 + 25571,
               0,
               0,
               {{"Member", 1005}},
               {{"email", "Member", "Member", 25571}}},
    [EXAMPLES] = {"graphalytics-examples",
                  "graphalytics-examples",
                  10 + 17 + 9 + 12,
                  0,
                  0,
                  {{"Directed", 10}, {"Undirected", 9}},
                  {{"leads", "Directed", "Directed", 17},
                   {"joins", "Undirected", "Undirected", 12}}},
};

static char store[160];

static void on_reject(void *ud, const char *file, uint64_t line, const char *reason)
{
    (void)ud;
    ck_abort_msg("%s:%llu: %s", file, (unsigned long long)line, reason);
}

static void on_finding(void *ud, const char *finding)
{
    (void)ud;
    ck_abort_msg("verify: %s", finding);
}

static cordon_snapshot *import_and_open(const struct data_set *set,
                                        struct cdn_import_result *result)
{
    char schema[512];
    char folder[512];
    const char *data = folder;
    struct cdn_import_options options = {.schema = schema,
                                         .data = &data,
                                         .data_count = 1,
                                         .store = store,
                                         .reject = on_reject};
    cordon_snapshot *snapshot;
    uint64_t findings = 1;
    cordon_error err;

    snprintf(schema, sizeof(schema), CORDON_SOURCE_DIR "/rules/schemas/%s.lua",
             set->schema);
    snprintf(folder, sizeof(folder), CORDON_SHARED_DATA "/data/%s", set->folder);
    ck_assert_msg(cdn_import_run(result, &options, &err) == CORDON_OK, "%s:%u: %s",
                  err.file, err.line, err.message);
    ck_assert_msg(cordon_snapshot_open(&snapshot, store, NULL, &err) == CORDON_OK, "%s",
                  err.message);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, on_finding, NULL, &findings, &err),
                     CORDON_OK);
    ck_assert_uint_eq(findings, 0);
    return snapshot;
}

static const struct cdn_relation *relation(const cordon_snapshot *snapshot,
                                           const char *type, const char *from,
                                           const char *to)
{
    int32_t number = cdn_schema_relation(
        &snapshot->schema, type, (uint32_t)cdn_schema_label(&snapshot->schema, from),
        (uint32_t)cdn_schema_label(&snapshot->schema, to));

    ck_assert_int_ge(number, 0);
    return &snapshot->relations[number];
}

static void check_order(const struct cdn_adjacency *adjacency, uint64_t expected)
{
    uint64_t edges = 0;
    struct cdn_list list;

    for (uint32_t node = 0; node < adjacency->node_count; node++) {
        ck_assert(cdn_adjacency_list(adjacency, node, &list));
        edges += list.count;
        for (uint32_t i = 1; list.times && i < list.count; i++)
            ck_assert_int_le(list.times[i - 1], list.times[i]);
    }
    ck_assert_uint_eq(edges, expected);
}

START_TEST(dataset__has_the_numbers_its_readme_states)
{
    const struct data_set *set = &DATA_SETS[_i];
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(set, &result);
    uint64_t nodes = 0;
    uint64_t edges = 0;

    ck_assert_uint_eq(result.rows, set->rows);
    ck_assert_uint_eq(result.rejected, 0);
    ck_assert_uint_eq(result.filtered, set->filtered);
    ck_assert_uint_eq(result.repeated, set->repeated);
    for (int i = 0; i < MOST && set->nodes[i].label; i++) {
        int32_t label = cdn_schema_label(&snapshot->schema, set->nodes[i].label);

        ck_assert_int_ge(label, 0);
        ck_assert_uint_eq(snapshot->labels[label].count, set->nodes[i].count);
        ck_assert_uint_eq(result.nodes[label], set->nodes[i].count);
        nodes += set->nodes[i].count;
    }
    for (int i = 0; i < MOST && set->edges[i].type; i++) {
        const struct edges *wanted = &set->edges[i];
        const struct cdn_relation *found =
            relation(snapshot, wanted->type, wanted->from, wanted->to);

        ck_assert_uint_eq(found->edge_count, wanted->count);
        check_order(&found->outgoing, wanted->count);
        check_order(&found->incoming, wanted->count);
        edges += wanted->count;
    }
    ck_assert_uint_eq(snapshot->node_count, nodes);
    ck_assert_uint_eq(snapshot->edge_count, edges);
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

static uint32_t largest_degree(const struct cdn_adjacency *adjacency)
{
    uint32_t largest = 0;
    struct cdn_list list;

    for (uint32_t node = 0; node < adjacency->node_count; node++) {
        ck_assert(cdn_adjacency_list(adjacency, node, &list));
        largest = list.count > largest ? list.count : largest;
    }
    return largest;
}

static int compare_peers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Edges to oneself, and pairs joined at least once. */
static void count_pairs(const struct cdn_relation *of, uint64_t *selves,
                        uint64_t *pairs)
{
    struct cdn_list list;

    *selves = 0;
    *pairs = 0;
    for (uint32_t node = 0; node < of->outgoing.node_count; node++) {
        uint32_t *peers;

        ck_assert(cdn_adjacency_list(&of->outgoing, node, &list));
        peers = cdn_unit_exact(list.peers, list.count * sizeof(*peers));
        qsort(peers, list.count, sizeof(*peers), compare_peers);
        for (uint32_t i = 0; i < list.count; i++) {
            *selves += peers[i] == of->source_base + node;
            *pairs += i == 0 || peers[i] != peers[i - 1];
        }
        free(peers);
    }
}

/* Nodes whose bool column is true, or whose int64 column equals `value`. */
static uint64_t count_values(const cordon_snapshot *snapshot, const char *label,
                             const char *property, int64_t value)
{
    int32_t number = cdn_schema_label(&snapshot->schema, label);
    const struct cdn_label_data *data = &snapshot->labels[number];
    int32_t at = cdn_properties_find(data->schema->properties,
                                     data->schema->property_count, property);
    const struct cdn_column *column = &data->columns[at];
    uint64_t count = 0;

    ck_assert_int_ge(at, 0);
    for (uint32_t i = 0; i < data->count; i++) {
        uint32_t block = i >> data->shift;
        uint32_t within = i & ((UINT32_C(1) << data->shift) - 1);

        struct cdn_cells cells;

        ck_assert(cdn_column_cells(column, block, &cells));
        if (!cdn_cells_present(&cells, within))
            continue;
        if (column->property->type == CDN_COLUMN_BOOL)
            count += ((const uint8_t *)cells.values)[within] == value;
        else
            count += cdn_column_integer(column, cells.values, within) == value;
    }
    return count;
}

START_TEST(finbench__keeps_every_id_to_the_last_digit)
{
    static const struct cdn_csv_dialect pipes = {'|', '\0', true};
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(&DATA_SETS[FINBENCH], &result);
    uint32_t label = (uint32_t)cdn_schema_label(&snapshot->schema, "Account");
    struct cdn_csv *csv;
    enum cdn_csv_event event;
    struct cdn_csv_row row;
    int beyond = 0;

    ck_assert_int_eq(cdn_csv_open(&csv,
                                  CORDON_SHARED_DATA
                                  "/data/finbench-sf0.01/snapshot/Account.csv",
                                  &pipes, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_csv_next(csv, &event, &row, NULL), CORDON_OK); /* the header */
    for (;;) {
        char room[24];
        size_t bytes;
        uint32_t node;
        const char *key;

        ck_assert_int_eq(cdn_csv_next(csv, &event, &row, NULL), CORDON_OK);
        if (event == CDN_CSV_END)
            break;
        node =
            cdn_snapshot_find(snapshot, label, row.fields[0].text, row.fields[0].bytes);
        ck_assert_uint_ne(node, CDN_NO_NODE);
        key = cdn_snapshot_key(snapshot, node, room, &bytes);
        ck_assert_uint_eq(bytes, row.fields[0].bytes);
        ck_assert_mem_eq(key, row.fields[0].text, bytes);
        beyond += bytes > strlen("9007199254740992");
    }
    ck_assert_int_gt(beyond, 1000);
    cdn_csv_close(csv);
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

START_TEST(finbench__has_the_shape_its_readme_states)
{
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(&DATA_SETS[FINBENCH], &result);
    const struct cdn_relation *transfer =
        relation(snapshot, "transfer", "Account", "Account");
    uint64_t selves;
    uint64_t pairs;

    count_pairs(transfer, &selves, &pairs);
    ck_assert_uint_eq(selves, 2);
    ck_assert_uint_eq(pairs, 6128);
    ck_assert_uint_eq(largest_degree(&transfer->outgoing), 363);
    ck_assert_uint_eq(largest_degree(&transfer->incoming), 312);
    ck_assert_uint_eq(count_values(snapshot, "Account", "isBlocked", 1), 117);
    ck_assert_uint_eq(count_values(snapshot, "Medium", "isBlocked", 1), 54);
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

START_TEST(amlsim__has_the_shape_its_readme_states)
{
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(&DATA_SETS[AMLSIM], &result);
    const struct cdn_relation *transfer =
        relation(snapshot, "transfer", "Account", "Account");
    int32_t time = transfer->schema->time;
    uint64_t selves;
    uint64_t pairs;

    count_pairs(transfer, &selves, &pairs);
    ck_assert_uint_eq(selves, 14);
    ck_assert_uint_eq(largest_degree(&transfer->outgoing), 205);
    ck_assert_uint_eq(largest_degree(&transfer->incoming), 171);
    ck_assert_uint_eq(count_values(snapshot, "Account", "isFraud", 1), 954);
    /* steps 1 to 149 are days of 2020 */
    ck_assert_int_eq(transfer->outgoing.columns[time].minimum, INT64_C(1577923200000));
    ck_assert_int_eq(transfer->outgoing.columns[time].maximum, INT64_C(1590710400000));
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

START_TEST(bitcoin__joins_labels_and_ratings)
{
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(&DATA_SETS[BITCOIN], &result);
    const struct cdn_relation *rated = relation(snapshot, "rated", "User", "User");
    uint64_t selves;
    uint64_t pairs;

    count_pairs(rated, &selves, &pairs);
    ck_assert_uint_eq(pairs, 35592);
    ck_assert_uint_eq(count_values(snapshot, "User", "verdict", 1), 136);
    ck_assert_uint_eq(count_values(snapshot, "User", "verdict", -1), 180);
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

START_TEST(email__keeps_edges_to_oneself)
{
    struct cdn_import_result result;
    cordon_snapshot *snapshot = import_and_open(&DATA_SETS[EMAIL], &result);
    uint64_t selves;
    uint64_t pairs;

    count_pairs(relation(snapshot, "email", "Member", "Member"), &selves, &pairs);
    ck_assert_uint_eq(selves, 642);
    ck_assert_uint_eq(pairs, 25571);
    cordon_snapshot_release(snapshot);
    cdn_import_result_deinit(&result);
}
END_TEST

static void setup(void)
{
    cdn_unit_folder(store, sizeof(store));
}

static void teardown(void)
{
    DIR *dir = opendir(store);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(store);
}

static Suite *suite(void)
{
    Suite *s = suite_create("datasets");
    TCase *c = tcase_create("datasets");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, dataset__has_the_numbers_its_readme_states, 0,
                        CDN_UNIT_COUNT(DATA_SETS));
    tcase_add_test(c, finbench__keeps_every_id_to_the_last_digit);
    tcase_add_test(c, finbench__has_the_shape_its_readme_states);
    tcase_add_test(c, amlsim__has_the_shape_its_readme_states);
    tcase_add_test(c, bitcoin__joins_labels_and_ratings);
    tcase_add_test(c, email__keeps_edges_to_oneself);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN_SHARED(suite, "data")
