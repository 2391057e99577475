/* Imports larger than memory: whatever memory there is, the file is the same, and so is what
 * was told of rows that were dropped. */
#include "support/unit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "snapshot/writer.h"
#include "support/fixture.h"

#ifdef CORDON_TINY
#define SHIFT 4
#else
#define SHIFT 6
#endif

/* ---- a graph made up from a seed ---- */

struct random {
    uint64_t state;
};

static uint64_t draw(struct random *random, uint64_t below)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state % below;
}

static struct cdn_property NODE_PROPERTIES[] = {
    {.name = "flag", .type = CDN_COLUMN_BOOL, .nullable = true},
    {.name = "kind", .type = CDN_COLUMN_STRING, .nullable = true},
    {.name = "note", .type = CDN_COLUMN_TEXT, .nullable = true},
    {.name = "score", .type = CDN_COLUMN_FLOAT64},
    {.name = "serial", .type = CDN_COLUMN_INT64, .nullable = true},
};

static struct cdn_property EDGE_PROPERTIES[] = {
    {.name = "amount", .type = CDN_COLUMN_FLOAT64, .mirrored = true},
    {.name = "at", .type = CDN_COLUMN_TIMESTAMP, .mirrored = true},
    {.name = "bag", .type = CDN_COLUMN_BAG, .nullable = true, .mirrored = true},
    {.name = "memo", .type = CDN_COLUMN_TEXT, .nullable = true},
    {.name = "way", .type = CDN_COLUMN_STRING, .nullable = true, .mirrored = true},
};

static struct cdn_label LABELS[] = {
    {.name = "N",
     .key = CDN_KEY_INT64,
     .property_count = 5,
     .properties = NODE_PROPERTIES},
    {.name = "S",
     .key = CDN_KEY_STRING,
     .property_count = 5,
     .properties = NODE_PROPERTIES},
};

static struct cdn_relation_schema RELATIONS[] = {
    {.type = "e",
     .source = 0,
     .target = 0,
     .time = 1,
     .property_count = 5,
     .properties = EDGE_PROPERTIES},
    {.type = "f",
     .source = 0,
     .target = 1,
     .time = -1,
     .property_count = 5,
     .properties = EDGE_PROPERTIES},
    {.type = "g",
     .source = 1,
     .target = 0,
     .time = 1,
     .property_count = 5,
     .properties = EDGE_PROPERTIES},
};

static const struct cdn_schema SCHEMA = {
    .label_count = 2, .relation_count = 3, .labels = LABELS, .relations = RELATIONS};

struct graph {
    uint32_t nodes;  /* rows of each label, of which some repeat a key */
    uint32_t edges;  /* rows of each relation, of which some have no such end */
    uint64_t width;  /* keys are below that */
    uint64_t strays; /* ends may be so much beyond it */
    uint64_t seed;
};

static void set_text(struct cdn_cell *cell, const char *text)
{
    cell->as.string.text = text;
    cell->as.string.bytes = strlen(text);
}

static void fill_key(struct cdn_key *key, char room[40], uint64_t number)
{
    key->integer = (int64_t)number - 1000;
    snprintf(room, 40, "key-%llu", (unsigned long long)number * 7919);
    key->text = room;
    key->bytes = strlen(room);
}

/* What was told: a digest of the calls in their order, and their number. */
struct told {
    uint64_t digest;
    uint64_t count;
};

static void tell(struct told *told, uint64_t a, uint64_t b)
{
    told->digest = (told->digest ^ a * 31 ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    told->count++;
}

static void on_duplicate(void *ud, uint32_t label, uint64_t row)
{
    tell(ud, label, row);
}

static void on_dangling(void *ud, uint32_t relation, uint64_t row, enum cdn_row why,
                        const struct cdn_key *key)
{
    struct told *told = &((struct told *)ud)[relation];
    uint32_t label = why == CDN_ROW_NO_SOURCE ? RELATIONS[relation].source
                                              : RELATIONS[relation].target;

    if (LABELS[label].key == CDN_KEY_STRING)
        ck_assert_msg(key->bytes > 4 && !strncmp(key->text, "key-", 4), "%.*s",
                      (int)key->bytes, key->text);
    tell(told, row, (uint64_t)why);
}

static cordon_status put_nodes(struct cdn_writer *writer, const struct graph *graph,
                               struct random *random, cordon_error *err)
{
    static const char *const KINDS[] = {"", "card", "loan", "savings", "other"};
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < 2 * graph->nodes; i++) {
        struct cdn_cell cells[5] = {{0}};
        struct cdn_key key;
        char note[80];
        char room[40];

        fill_key(&key, room, draw(random, graph->width));
        cells[0].null = draw(random, 5) == 0;
        cells[0].as.boolean = draw(random, 2);
        cells[1].null = draw(random, 3) == 0;
        set_text(&cells[1], KINDS[draw(random, 5)]);
        cells[2].null = draw(random, 3) == 0;
        snprintf(note, sizeof(note), "%.*s", (int)draw(random, 60),
                 "a note of some length that is cut anywhere, for variety's sake");
        set_text(&cells[2], note);
        cells[3].as.number = (double)draw(random, 1000) / 8;
        cells[4].null = draw(random, 9) == 0;
        cells[4].as.integer = (int64_t)draw(random, UINT64_C(1) << 40);
        status = cdn_writer_node(writer, i % 2, &key, cells, i, err);
    }
    return status;
}

static cordon_status put_edges(struct cdn_writer *writer, const struct graph *graph,
                               struct random *random, struct told *told,
                               cordon_error *err)
{
    uint64_t few = graph->width < 400 ? graph->width : 400;
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < 3 * graph->edges; i++) {
        struct cdn_cell cells[5] = {{0}};
        struct cdn_key source;
        struct cdn_key target;
        enum cdn_row row = CDN_ROW_OK;
        char rooms[2][40];
        char memo[40];
        char way[16];

        /* half of the edges start at few nodes; some ends are of no node */
        fill_key(&source, rooms[0],
                 draw(random, draw(random, 2) ? graph->width + graph->strays : few));
        fill_key(&target, rooms[1], draw(random, graph->width + graph->strays));
        cells[0].as.number = (double)draw(random, 5000) / 4;
        cells[1].as.integer = (int64_t)draw(random, 300);
        cells[2].null = draw(random, 4) == 0;
        cells[2].as.string.text = "\x93\x01\x02\x03";
        cells[2].as.string.bytes = 4;
        cells[3].null = draw(random, 4) == 0;
        snprintf(memo, sizeof(memo), "memo %llu",
                 (unsigned long long)draw(random, 100000));
        set_text(&cells[3], memo);
        cells[4].null = draw(random, 7) == 0;
        snprintf(way, sizeof(way), "way %llu", (unsigned long long)draw(random, 30));
        set_text(&cells[4], way);
        status = cdn_writer_edge(writer, i % 3, &source, &target, cells, i, &row, err);
        if (!status && row != CDN_ROW_OK)
            tell(&told[i % 3], i, (uint64_t)row);
    }
    return status;
}

struct outcome {
    uint64_t identity;
    struct told duplicates;
    struct told dangling[3];
};

static cordon_status build(struct outcome *out, const char *path,
                           const struct graph *graph, uint64_t memory,
                           cordon_error *err)
{
    const struct cdn_writer_options options = {.memory_bytes = memory,
                                               .block_shift = SHIFT};
    struct random random = {graph->seed};
    struct cdn_writer *writer;
    cordon_status status = cdn_writer_open(&writer, path, &SCHEMA, &options, err);

    memset(out, 0, sizeof(*out));
    if (status)
        return status;
    status = put_nodes(writer, graph, &random, err);
    if (!status)
        status = cdn_writer_seal_nodes(writer, on_duplicate, &out->duplicates, err);
    if (!status)
        status = put_edges(writer, graph, &random, out->dangling, err);
    if (!status)
        status = cdn_writer_seal_edges(writer, on_dangling, out->dangling, err);
    if (!status)
        status = cdn_writer_finish(writer, err);
    cdn_writer_close(writer);
    return status;
}

static struct outcome build_sound(const struct graph *graph, uint64_t memory)
{
    char path[300];
    struct outcome out;
    cordon_snapshot *snapshot;
    uint64_t findings = 1;
    cordon_error err;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_msg(!build(&out, path, graph, memory, &err), "%llu bytes: %s",
                  (unsigned long long)memory, err.message);
    snapshot = cdn_fixture_open(path);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err),
                     CORDON_OK);
    ck_assert_uint_eq(findings, 0);
    out.identity = cordon_snapshot_identity(snapshot);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
    return out;
}

/* ---- tests ---- */

static const struct graph GRAPHS[] = {
    {.nodes = 3000,
     .edges = 9000,
     .width = 4000,
     .strays = 50,
     .seed = 88172645463325252U},
    {.nodes = 3000,
     .edges = 9000,
     .width = UINT64_C(1) << 40,
     .strays = 50,
     .seed = 20240611},
    {.nodes = 5000, .edges = 9000, .width = 20000, .strays = 50, .seed = 7},
    {.nodes = 10, .edges = 4000, .width = 60, .strays = 50, .seed = 99},
    {.nodes = 0, .edges = 20, .width = 60, .strays = 50, .seed = 5},
};

START_TEST(writer__makes_the_same_file_in_any_memory)
{
    static const uint64_t MEMORIES[] = {1 << 20, 700 << 10, 450 << 10, 300 << 10};
    const struct graph *graph = &GRAPHS[_i];
    struct outcome wanted = build_sound(graph, UINT64_C(1) << 30);

    for (int i = 0; i < CDN_UNIT_COUNT(MEMORIES); i++) {
        struct outcome found = build_sound(graph, MEMORIES[i]);

        ck_assert_uint_eq(found.identity, wanted.identity);
        ck_assert_mem_eq(&found, &wanted, sizeof(found));
    }
}
END_TEST

START_TEST(writer__leaves_no_temporary_file)
{
    char path[300];
    char folder[300];
    struct outcome out;
    struct dirent *entry;
    int files = 0;
    DIR *dir;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(build(&out, path, &GRAPHS[0], 400 << 10, NULL), CORDON_OK);
    snprintf(folder, sizeof(folder), "%s", path);
    *strrchr(folder, '/') = '\0';
    dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)))
        files += entry->d_name[0] != '.';
    closedir(dir);
    ck_assert_int_eq(files, 1);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(writer__says_how_much_memory_a_hub_takes)
{
    /* one node with all the edges, far more than fits */
    const struct graph graph = {.nodes = 60, .edges = 60000, .width = 4, .seed = 3};
    struct outcome out;
    char path[300];
    cordon_error err;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(build(&out, path, &graph, 1 << 20, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, "give at least --memory ") != NULL, "%s",
                  err.message);
    ck_assert_int_eq(access(path, F_OK), -1);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(writer__tells_of_a_file_that_cannot_grow)
{
    /* the limit on a file's size stands for a full disk: spills meet it first, then the
     * snapshot itself */
    static const rlim_t LIMITS[] = {4096, 30000, 100000, 300000, 900000};
    struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    struct outcome out;
    char path[300];
    char temp[310];
    cordon_error err;
    int failed = 0;

    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < CDN_UNIT_COUNT(LIMITS); i++) {
        struct rlimit limit = {LIMITS[i], RLIM_INFINITY};
        cordon_status status;

        cdn_fixture_path(path, sizeof(path));
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        status = build(&out, path, &GRAPHS[0], 400 << 10, &err);
        ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
        failed += status != CORDON_OK;
        if (status) {
            ck_assert_msg(status == CORDON_E_IO, "%d: %s", (int)status, err.message);
            ck_assert_int_eq(access(path, F_OK), -1);
            snprintf(temp, sizeof(temp), "%s.tmp", path);
            ck_assert_int_eq(access(temp, F_OK), -1);
        }
        cdn_fixture_remove(path);
    }
    ck_assert_int_ge(failed, 4);
}
END_TEST

START_TEST(writer__tells_of_a_folder_that_is_not_there)
{
    const struct cdn_writer_options options = {.memory_bytes = 300 << 10,
                                               .block_shift = SHIFT,
                                               .temp_folder = "/nowhere/at/all"};
    struct random random = {1};
    struct cdn_writer *writer;
    char path[300];
    cordon_error err;

    cdn_fixture_path(path, sizeof(path));
    ck_assert_int_eq(cdn_writer_open(&writer, path, &SCHEMA, &options, &err),
                     CORDON_OK);
    ck_assert_int_eq(put_nodes(writer, &GRAPHS[0], &random, &err), CORDON_E_NOTFOUND);
    ck_assert_msg(strstr(err.message, "/nowhere/at/all") != NULL, "%s", err.message);
    cdn_writer_close(writer);
    cdn_fixture_remove(path);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(writer__survives_every_allocation_failure_on_disk)
{
    /* every 13th, since there are thousands; which ones shifts with every test */
    const struct graph graph = {
        .nodes = 300, .edges = 500, .width = 100000, .seed = 11};
    char path[300];
    long step = 13;

    cdn_fixture_path(path, sizeof(path));
    for (long nth = 0;; nth += nth < 300 ? 1 : step) {
        struct outcome out;
        cordon_status status;

        cdn_failalloc_after(nth, false);
        status = build(&out, path, &graph, 40 << 10, NULL);
        if (!cdn_failalloc_fired()) {
            cdn_failalloc_after(-1, false);
            ck_assert_int_eq(status, CORDON_OK);
            break;
        }
        cdn_failalloc_after(-1, false);
        ck_assert_int_eq(status, CORDON_E_NOMEM);
        ck_assert_int_eq(access(path, F_OK), -1);
    }
    cdn_fixture_remove(path);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("outer");

    CDN_UNIT_LOOP(s, writer__makes_the_same_file_in_any_memory, 0,
                  CDN_UNIT_COUNT(GRAPHS));
    CDN_UNIT_CASE(s, writer__leaves_no_temporary_file);
    CDN_UNIT_CASE(s, writer__says_how_much_memory_a_hub_takes);
    CDN_UNIT_CASE(s, writer__tells_of_a_file_that_cannot_grow);
    CDN_UNIT_CASE(s, writer__tells_of_a_folder_that_is_not_there);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, writer__survives_every_allocation_failure_on_disk);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
