/* Imports from end to end: what is published, what is rejected, what is left behind. */
#include "support/unit.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "import/import.h"
#include "snapshot/snapshot.h"
#include "snapshot/store.h"

/* A folder with schema.lua, data files and a store. */
static char folder[128];

#define SCHEMA                                                                         \
    "return { labels = {\n"                                                            \
    "  Account = { file = 'accounts.csv', key = { column = 'id', type = 'int64' },\n"  \
    "    properties = { name = 'string?', risk = 'int64', open = 'bool',\n"            \
    "      since_ = { column = 'since', type = 'timestamp' }, rate = 'float64' } },\n" \
    "  Shop = { file = 'pays.csv', distinct = true,\n"                                 \
    "    key = { column = 'shop', type = 'string' },\n"                                \
    "    where = { column = 'shop', op = '~=', value = '' } } },\n"                    \
    "edges = {\n"                                                                      \
    "  { type = 'pays', from = 'Account', to = 'Account', file = 'pays.csv',\n"        \
    "    where = { column = 'shop', op = '==', value = '' },\n"                        \
    "    source = 'from', target = 'to', time = { column = 'at', format = 'ms' },\n"   \
    "    properties = { amount = 'float64' } },\n"                                     \
    "  { type = 'buys', from = 'Account', to = 'Shop', file = 'pays.csv',\n"           \
    "    where = { column = 'shop', op = '~=', value = '' },\n"                        \
    "    source = 'from', target = 'shop', time = { column = 'at', format = 'ms' },\n" \
    "    properties = { amount = 'float64' } } } }\n"

#define ACCOUNTS                                                                       \
    "id,name,risk,open,since,rate\n"                                                   \
    "9007199254740993,Ann,1,true,2020-01-01,0.1\n"                                     \
    "9007199254740992,\"B, \"\"Bob\"\"\",2,false,2020-01-02 03:04:05.678,1e-3\n"       \
    "-5,,3,1,1969-12-31T23:59:59Z,2\n"

#define PAYS                                                                           \
    "from,to,shop,at,amount\n"                                                         \
    "9007199254740993,9007199254740992,,300,3\n"                                       \
    "9007199254740993,-5,,100,1\n"                                                     \
    "9007199254740993,9007199254740992,,200,2\n"                                       \
    "-5,-5,,50,0.5\n"                                                                  \
    "-5,,Zoo,70,0.25\n"                                                                \
    "9007199254740992,,Aquarium,60,0.75\n"                                             \
    "9007199254740992,,Zoo,61,0.75\n"

static char *in_folder(char *out, const char *name)
{
    ck_assert_int_lt(snprintf(out, 256, "%s/%s", folder, name), 256);
    return out;
}

static void write_text(const char *name, const char *text)
{
    char path[256];
    FILE *file = fopen(in_folder(path, name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    write_text("schema.lua", SCHEMA);
    write_text("accounts.csv", ACCOUNTS);
    write_text("pays.csv", PAYS);
}

static void empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        char name[512];

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (unlink(name))
            empty(name);
    }
    closedir(dir);
    rmdir(path);
}

static void teardown(void)
{
    empty(folder);
}

/* Names in the store that are neither CURRENT, the lock nor a generation's file. */
static int count_files(const char *ending)
{
    char path[256];
    DIR *dir = opendir(in_folder(path, "store"));
    struct dirent *entry;
    int count = 0;

    while (dir && (entry = readdir(dir))) {
        size_t bytes = strlen(entry->d_name);

        count += bytes >= strlen(ending) &&
                 !strcmp(entry->d_name + bytes - strlen(ending), ending);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* ---- running ---- */

struct run {
    struct cdn_import_options options;
    struct cdn_import_result result;
    cordon_error err;
    char schema[256];
    char store[256];
    const char *data[2];
    int rejects;
    char first
        [1024]; /* the first reject: "file:line: reason", file without its folder */
    enum cdn_import_stage stages[64];
    int stage_count;
    int stop_at; /* a call of `stopped` to answer yes to; -1: never */
    int stop_calls;
};

static void on_reject(void *ud, const char *file, uint64_t line, const char *reason)
{
    struct run *run = ud;

    if (run->rejects++ == 0)
        snprintf(run->first, sizeof(run->first), "%s:%" PRIu64 ": %s",
                 strrchr(file, '/') + 1, line, reason);
}

static void on_progress(void *ud, enum cdn_import_stage stage, double done,
                        uint64_t rows)
{
    struct run *run = ud;

    (void)rows;
    ck_assert(done >= 0 && done <= 1);
    if (!run->stage_count || run->stages[run->stage_count - 1] != stage) {
        ck_assert_int_lt(run->stage_count, 64);
        run->stages[run->stage_count++] = stage;
    }
}

static bool on_stopped(void *ud)
{
    struct run *run = ud;

    return run->stop_calls++ == run->stop_at;
}

static void prepare(struct run *run)
{
    *run = (struct run){.stop_at = -1};
    run->data[0] = folder;
    run->options = (struct cdn_import_options){
        .schema = in_folder(run->schema, "schema.lua"),
        .data = run->data,
        .data_count = 1,
        .store = in_folder(run->store, "store"),
        .reject = on_reject,
        .progress = on_progress,
        .stopped = on_stopped,
        .ud = run,
    };
}

static cordon_status start(struct run *run)
{
    return cdn_import_run(&run->result, &run->options, &run->err);
}

static void import_well(struct run *run)
{
    prepare(run);
    ck_assert_msg(start(run) == CORDON_OK, "%s:%u: %s; %s", run->err.file,
                  run->err.line, run->err.message, run->first);
}

static cordon_snapshot *open_store(void)
{
    cordon_snapshot *snapshot;
    char path[256];
    cordon_error err;
    uint64_t findings = 1;

    ck_assert_msg(cordon_snapshot_open(&snapshot, in_folder(path, "store"), NULL,
                                       &err) == CORDON_OK,
                  "%s", err.message);
    ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, &err),
                     CORDON_OK);
    ck_assert_uint_eq(findings, 0);
    return snapshot;
}

static uint64_t current_generation(void)
{
    char path[512];
    char store[256];
    uint64_t generation = 0;

    if (cdn_store_resolve(path, sizeof(path), &generation, in_folder(store, "store"),
                          NULL))
        return 0;
    return generation;
}

/* ---- what is published ---- */

START_TEST(run__publishes_what_the_files_say)
{
    struct run run;
    cordon_snapshot *snapshot;
    const struct cdn_label_data *account;
    const struct cdn_relation *pays;
    struct cdn_list list;
    struct cdn_cells cells;
    uint32_t ann;
    char room[24];
    size_t bytes;

    import_well(&run);
    ck_assert_uint_eq(run.result.rows, 3 + 3 * 7);
    ck_assert_uint_eq(run.result.rejected, 0);
    ck_assert_uint_eq(run.result.filtered, 4 + 3 + 4);
    ck_assert_uint_eq(run.result.repeated, 1);
    ck_assert_uint_eq(run.result.generation, 1);
    cdn_import_result_deinit(&run.result);

    snapshot = open_store();
    ck_assert_uint_eq(cordon_snapshot_generation(snapshot), 1);
    ck_assert_uint_eq(snapshot->node_count, 5);
    ck_assert_uint_eq(snapshot->edge_count, 7);
    account = &snapshot->labels[cdn_schema_label(&snapshot->schema, "Account")];
    ck_assert_uint_eq(account->count, 3);
    /* ids beyond 2^53 are exact, and numbered in key order */
    ann = cdn_snapshot_find(snapshot, 0, "9007199254740993", 16);
    ck_assert_uint_eq(ann, account->base + 2);
    ck_assert_uint_eq(cdn_snapshot_find(snapshot, 0, "-5", 2), account->base);
    ck_assert_uint_eq(cdn_snapshot_find(snapshot, 0, "9007199254740994", 16),
                      CDN_NO_NODE);
    ck_assert_mem_eq(cdn_snapshot_key(snapshot, ann, room, &bytes), "9007199254740993",
                     16);
    /* edges are in time order whatever order they came in */
    pays = &snapshot->relations[cdn_schema_relation(&snapshot->schema, "pays", 0, 0)];
    ck_assert_uint_eq(pays->edge_count, 4);
    ck_assert(cdn_adjacency_list(&pays->outgoing, 2, &list));
    ck_assert_uint_eq(list.count, 3);
    ck_assert_int_eq(list.times[0], 100);
    ck_assert_int_eq(list.times[1], 200);
    ck_assert_int_eq(list.times[2], 300);
    /* columns: amount is the first property by name; name of B, "Bob" */
    ck_assert(cdn_column_cells(&pays->outgoing.columns[0], 0, &cells));
    ck_assert(((const double *)cells.values)[list.start] == 1);
    ck_assert(cdn_column_cells(&account->columns[0], 0, &cells));
    ck_assert(!cdn_cells_present(&cells, 0)); /* -5 has no name */
    ck_assert(cdn_cells_present(&cells, 1));
    ck_assert(cdn_column_cells(&account->columns[4], 0, &cells));
    ck_assert_int_eq(cdn_column_integer(&account->columns[4], cells.values, 0), -1000);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(run__does_not_depend_on_the_order_of_nodes_or_generations)
{
    struct run run;
    cordon_snapshot *first;
    cordon_snapshot *second;

    import_well(&run);
    cdn_import_result_deinit(&run.result);
    first = open_store();
    write_text("accounts.csv",
               "name,id,risk,open,since,rate,other\n"
               ",-5,3,TRUE,1969-12-31 23:59:59,2.0,x\n"
               "\"B, \"\"Bob\"\"\",9007199254740992,2,0,2020-01-02T03:04:"
               "05.678Z,0.001,\xff\n"
               "Ann,9007199254740993,1,1,2020-01-01,1e-1,\n");
    import_well(&run);
    ck_assert_uint_eq(run.result.generation, 2);
    cdn_import_result_deinit(&run.result);
    second = open_store();
    ck_assert_uint_eq(cordon_snapshot_generation(second), 2);
    ck_assert_uint_eq(cordon_snapshot_identity(first),
                      cordon_snapshot_identity(second));
    cordon_snapshot_release(first);
    cordon_snapshot_release(second);
}
END_TEST

START_TEST(run__reads_gz_and_files_given_by_name)
{
    struct run run;
    char plain[256];
    char packed[256];
    gzFile gz = gzopen(in_folder(packed, "pays.csv.gz"), "wb");

    ck_assert_ptr_nonnull(gz);
    ck_assert_int_gt(gzputs(gz, PAYS), 0);
    ck_assert_int_eq(gzclose(gz), Z_OK);
    ck_assert_int_eq(unlink(in_folder(plain, "pays.csv")), 0);
    import_well(&run);
    cdn_import_result_deinit(&run.result);

    prepare(&run);
    run.data[0] = in_folder(plain, "accounts.csv");
    run.data[1] = packed;
    run.options.data_count = 2;
    ck_assert_int_eq(start(&run), CORDON_OK);
    ck_assert_uint_eq(run.result.generation, 2);
    cdn_import_result_deinit(&run.result);
}
END_TEST

START_TEST(run__tells_its_stages_in_order)
{
    static const enum cdn_import_stage STAGES[] = {
        CDN_IMPORT_BEGUN,   CDN_IMPORT_READING, CDN_IMPORT_SEALED,   CDN_IMPORT_READING,
        CDN_IMPORT_WRITING, CDN_IMPORT_WRITTEN, CDN_IMPORT_PUBLISHED};
    struct run run;

    import_well(&run);
    ck_assert_int_eq(run.stage_count, CDN_UNIT_COUNT(STAGES));
    for (int i = 0; i < run.stage_count; i++)
        ck_assert_int_eq(run.stages[i], STAGES[i]);
    cdn_import_result_deinit(&run.result);
}
END_TEST

START_TEST(run__publishes_nothing_on_a_dry_run)
{
    struct run run;
    struct stat about;

    prepare(&run);
    run.options.dry_run = true;
    run.options.store = NULL;
    ck_assert_int_eq(start(&run), CORDON_OK);
    ck_assert_uint_eq(run.result.edges[0] + run.result.edges[1], 7);
    ck_assert_uint_eq(run.result.generation, 0);
    ck_assert_int_ne(stat(run.store, &about), 0);
    cdn_import_result_deinit(&run.result);
}
END_TEST

/* ---- what is rejected ---- */

struct reject {
    const char *file;
    const char *text;
    const char *first;
    int rejects;
};

#define ACCOUNT_HEAD "id,name,risk,open,since,rate\n"
#define PAY_HEAD     "from,to,shop,at,amount\n"

static const struct reject REJECTS[] = {
    {"accounts.csv", ACCOUNTS "7,x,1,true,2020-01-01\n",
     "accounts.csv:5: 5 fields where", 1},
    {"accounts.csv", ACCOUNTS "7,x,1,true,2020-01-01,1,2\n",
     "accounts.csv:5: 7 fields where the header has 6", 1},
    {"accounts.csv", ACCOUNTS "x7,x,1,true,2020-01-01,1\n",
     "accounts.csv:5: column 'id': 'x7' is not an integer", 1},
    {"accounts.csv", ACCOUNTS ",x,1,true,2020-01-01,1\n",
     "accounts.csv:5: column 'id' is empty", 1},
    {"accounts.csv", ACCOUNTS "9223372036854775808,x,1,true,2020-01-01,1\n",
     "accounts.csv:5: column 'id': '9223372036854775808' is beyond", 1},
    {"accounts.csv", ACCOUNTS "7,x\xff,1,true,2020-01-01,1\n",
     "accounts.csv:5: column 'name': 'x\\xff' is not valid UTF-8", 1},
    {"accounts.csv", ACCOUNTS "7,x,,true,2020-01-01,1\n",
     "accounts.csv:5: column 'risk' is empty, and the property is not nullable", 1},
    {"accounts.csv", ACCOUNTS "7,x,1,maybe,2020-01-01,1\n",
     "accounts.csv:5: column 'open': 'maybe' is not a bool", 1},
    {"accounts.csv", ACCOUNTS "7,x,1,true,yesterday,1\n",
     "accounts.csv:5: column 'since': 'yesterday' is not a time", 1},
    {"accounts.csv", ACCOUNTS "7,x,1,true,2020-01-01,nan\n",
     "accounts.csv:5: column 'rate': 'nan' is not a number", 1},
    {"accounts.csv", ACCOUNTS "\"7\n\",x,1,true,2020-01-01,1\n8,\"y,1\n",
     "accounts.csv:5: column 'id': '7\\x0a' is not an integer", 2},
    {"accounts.csv",
     ACCOUNTS "-5,again,1,true,2020-01-01,1\n-5,and,1,true,2020-01-01,1\n",
     "accounts.csv:5: another Account has the same key", 2},
    {"pays.csv", PAYS "1,-5,,1,1\n",
     "pays.csv:9: column 'from': there is no Account '1'", 1},
    {"pays.csv", PAYS "-5,1,,1,1\n", "pays.csv:9: column 'to': there is no Account '1'",
     1},
    {"pays.csv", PAYS "-5,-5,,,1\n",
     "pays.csv:9: column 'at' is empty, and the property is not nullable", 1},
    {"pays.csv", PAYS "-5,-5,,1.5,1\n", "pays.csv:9: column 'at': '1.5' is finer", 1},
    {"pays.csv", PAYS "-5,-5,,1,-\n", "pays.csv:9: column 'amount': '-' is not", 1},
};

START_TEST(run__rejects_rows_with_file_line_and_reason)
{
    const struct reject *sample = &REJECTS[_i];
    struct run run;

    write_text(sample->file, sample->text);
    prepare(&run);
    ck_assert_int_eq(start(&run), CORDON_E_DATA);
    ck_assert_msg(strncmp(run.first, sample->first, strlen(sample->first)) == 0,
                  "'%s', not '%s'", run.first, sample->first);
    ck_assert_int_eq(run.rejects, sample->rejects);
    ck_assert_uint_eq(run.result.rejected, (uint64_t)sample->rejects);
    ck_assert_ptr_nonnull(strstr(run.err.message, "nothing was published"));
    ck_assert_uint_eq(current_generation(), 0);
    ck_assert_int_eq(count_files(".tmp"), 0);
    ck_assert_int_eq(count_files(".cdn"), 0);
    cdn_import_result_deinit(&run.result);

    /* the same, tolerated: all other rows are there */
    prepare(&run);
    run.options.max_errors = (uint64_t)sample->rejects;
    ck_assert_int_eq(start(&run), CORDON_OK);
    ck_assert_uint_eq(run.result.rejected, (uint64_t)sample->rejects);
    ck_assert_uint_eq(run.result.nodes[0], 3);
    ck_assert_uint_eq(run.result.nodes[1], 2);
    ck_assert_uint_eq(run.result.edges[0] + run.result.edges[1], 7);
    cdn_import_result_deinit(&run.result);
    cordon_snapshot_release(open_store());
}
END_TEST

/* 1,000 accounts without a risk. */
static void write_bad_accounts(void)
{
    char path[256];
    FILE *file = fopen(in_folder(path, "accounts.csv"), "w");

    ck_assert_ptr_nonnull(file);
    fputs(ACCOUNTS, file);
    for (int i = 0; i < 1000; i++)
        fprintf(file, "%d,x,,true,2020-01-01,1\n", i);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(run__stops_reading_when_nothing_more_is_learned)
{
    struct run run;

    write_bad_accounts();
    prepare(&run);
    run.options.max_errors = 7;
    ck_assert_int_eq(start(&run), CORDON_E_DATA);
    ck_assert_int_eq(run.rejects, 107);
    cdn_import_result_deinit(&run.result);

    prepare(&run);
    run.options.report_all = true;
    ck_assert_int_eq(start(&run), CORDON_E_DATA);
    ck_assert_int_eq(run.rejects, 1000);
    cdn_import_result_deinit(&run.result);

    prepare(&run);
    run.options.max_errors = CDN_IMPORT_ALL_ERRORS;
    ck_assert_int_eq(start(&run), CORDON_OK);
    ck_assert_int_eq(run.rejects, 1000);
    cdn_import_result_deinit(&run.result);
}
END_TEST

struct refusal {
    const char *file;
    const char *text;
    cordon_status status;
    const char *message;
};

static const struct refusal REFUSALS[] = {
    {"accounts.csv", "", CORDON_E_DATA, "the file is empty"},
    {"accounts.csv", "id;name\n", CORDON_E_DATA, "is the delimiter right?"},
    {"accounts.csv", "id,nme,risk,open,since,rate\n", CORDON_E_DATA,
     "there is no column 'name'; did you mean 'nme'?"},
    {"accounts.csv", "id,id,name,risk,open,since,rate\n", CORDON_E_DATA,
     "two columns are named 'id'"},
    {"accounts.csv", "id,\"name\n", CORDON_E_DATA, "the header line"},
    {"accounts.csv", "\xff\xfei", CORDON_E_DATA, "UTF-16"},
    {"schema.lua", "return { labels = 1 }", CORDON_E_DATA, "a table"},
    {"schema.lua", "return {", CORDON_E_RULE, ""},
    {"schema.lua",
     "return { labels = { A = { file = 'none.csv', key = { column = 'id', type = "
     "'int64' "
     "} } } }",
     CORDON_E_NOTFOUND, "'none.csv' is not in"},
};

START_TEST(run__refuses_before_it_begins)
{
    const struct refusal *sample = &REFUSALS[_i];
    struct run run;
    struct stat about;

    write_text(sample->file, sample->text);
    prepare(&run);
    ck_assert_int_eq(start(&run), sample->status);
    ck_assert_msg(strstr(run.err.message, sample->message), "%s", run.err.message);
    ck_assert_int_eq(run.stage_count, 0);
    ck_assert_int_ne(stat(run.store, &about), 0);
    cdn_import_result_deinit(&run.result);
}
END_TEST

/* ---- what is left behind ---- */

START_TEST(run__leaves_nothing_when_it_is_stopped)
{
    struct run run;
    uint64_t before;
    int calls;

    import_well(&run);
    calls = run.stop_calls;
    ck_assert_int_ge(calls, 3);
    cdn_import_result_deinit(&run.result);
    before = current_generation();
    for (int i = 0; i < calls; i++) {
        prepare(&run);
        run.stop_at = i;
        ck_assert_int_eq(start(&run), CORDON_E_INTERRUPTED);
        ck_assert_uint_eq(current_generation(), before);
        ck_assert_int_eq(count_files(".cdn"), 1);
        ck_assert_int_eq(count_files(".tmp"), 0);
        cdn_import_result_deinit(&run.result);
    }
    import_well(&run);
    cdn_import_result_deinit(&run.result);
    cordon_snapshot_release(open_store());
}
END_TEST

/* Files may grow to `bytes` in a child that imports: the disk is full then. */
static cordon_status import_on_a_full_disk(rlim_t bytes)
{
    struct run run;
    pid_t child;
    int result;

    prepare(&run);
    run.options.progress =
        NULL; /* Check writes to a file of its own at every assertion */
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit limit = {bytes, bytes};

        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit))
            _exit(99);
        _exit((int)start(&run));
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert(WIFEXITED(result));
    return (cordon_status)WEXITSTATUS(result);
}

START_TEST(run__reports_a_full_disk_and_keeps_the_store)
{
    struct run run;
    bool done = false;
    int failures = 0;

    import_well(&run);
    cdn_import_result_deinit(&run.result);
    for (rlim_t bytes = 0; !done; bytes += bytes < 32768 ? 1024 : 16384) {
        uint64_t before = current_generation();
        cordon_status status = import_on_a_full_disk(bytes);

        done = status == CORDON_OK;
        if (done)
            break;
        ck_assert_int_eq(status, CORDON_E_IO);
        failures++;
        ck_assert_uint_eq(current_generation(), before);
        ck_assert_int_eq(count_files(".tmp"), 0);
        cordon_snapshot_release(open_store());
        ck_assert_uint_lt(bytes, 64 << 20);
    }
    ck_assert_int_ge(failures, 4);
    cordon_snapshot_release(open_store());
}
END_TEST

START_TEST(run__lets_one_import_at_a_time_into_a_store)
{
    struct cdn_store_writer *other;
    struct run run;
    uint64_t generation;
    char path[512];

    prepare(&run);
    ck_assert_int_eq(
        cdn_store_begin(&other, run.store, &generation, path, sizeof(path), &run.err),
        CORDON_OK);
    ck_assert_int_ne(start(&run), CORDON_OK);
    ck_assert_int_eq(count_files(".cdn"), 0);
    cdn_import_result_deinit(&run.result);
    cdn_store_end(other);
    import_well(&run);
    cdn_import_result_deinit(&run.result);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(run__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct run run;
        cordon_status status;
        bool fired;
        uint64_t before;

        cdn_failalloc_after(-1, false);
        before = current_generation();
        prepare(&run);
        cdn_failalloc_after(nth, false);
        status = start(&run);
        fired = cdn_failalloc_fired();
        if (status) {
            ck_assert(fired);
            ck_assert_msg(status == CORDON_E_NOMEM, "%ld: %d: %s", nth, (int)status,
                          run.err.message);
            ck_assert_uint_eq(current_generation(), before);
        }
        cdn_import_result_deinit(&run.result);
        ck_assert_int_eq(count_files(".tmp"), 0);
        if (fired != cdn_failalloc_fired())
            ck_abort_msg("the check itself allocated");
    }
    cordon_snapshot_release(open_store());
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("import");
    TCase *c = tcase_create("import");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, run__publishes_what_the_files_say);
    tcase_add_test(c, run__does_not_depend_on_the_order_of_nodes_or_generations);
    tcase_add_test(c, run__reads_gz_and_files_given_by_name);
    tcase_add_test(c, run__tells_its_stages_in_order);
    tcase_add_test(c, run__publishes_nothing_on_a_dry_run);
    tcase_add_loop_test(c, run__rejects_rows_with_file_line_and_reason, 0,
                        CDN_UNIT_COUNT(REJECTS));
    tcase_add_test(c, run__stops_reading_when_nothing_more_is_learned);
    tcase_add_loop_test(c, run__refuses_before_it_begins, 0, CDN_UNIT_COUNT(REFUSALS));
    tcase_add_test(c, run__leaves_nothing_when_it_is_stopped);
    tcase_add_test(c, run__reports_a_full_disk_and_keeps_the_store);
    tcase_add_test(c, run__lets_one_import_at_a_time_into_a_store);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, run__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
