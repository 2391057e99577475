/* A small store whose accounts a rule wants changed: what the tests of applying share. */
#ifndef CORDON_TESTS_PROPOSED_H
#define CORDON_TESTS_PROPOSED_H

#include "support/unit.h"

#include <dirent.h>

#include <cordon.h>

#include "import/apply.h"
#include "import/import.h"

#define PROPOSED_ACCOUNTS 300
#define PROPOSED_PAYS     600

static char folder[128];
static char store[160];
static char schema[160];
static char log_path[200];

static inline void proposed_file(const char *name, const char *text)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* accounts.csv and pays.csv; `lost` has no row. */
static inline void proposed_data(int lost)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof(path), "%s/accounts.csv", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("id,name,risk\n", file);
    for (int i = 0; i < PROPOSED_ACCOUNTS; i++)
        if (i != lost)
            fprintf(file, "%d,account %d,%d\n", i, i, i % 7);
    ck_assert_int_eq(fclose(file), 0);
    snprintf(path, sizeof(path), "%s/pays.csv", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("from,to,at,amount\n", file);
    for (int i = 0; i < PROPOSED_PAYS; i++)
        fprintf(file, "%d,%d,%d,%d.5\n", 10 + i % 200, 10 + i * 7 % 200, i * 1000, i);
    ck_assert_int_eq(fclose(file), 0);
}

static inline cordon_status proposed_import(void)
{
    const char *data = folder;
    struct cdn_import_options options = {.schema = schema,
                                         .data = &data,
                                         .data_count = 1,
                                         .store = store,
                                         .block_shift = 5};
    struct cdn_import_result result;
    cordon_status status = cdn_import_run(&result, &options, NULL);

    cdn_import_result_deinit(&result);
    return status;
}

static inline void proposed_make(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(store, sizeof(store), "%s/store", folder);
    snprintf(schema, sizeof(schema), "%s/schema.lua", folder);
    snprintf(log_path, sizeof(log_path), "%s/proposals.mdb", store);
    proposed_file(
        "schema.lua",
        "return { labels = { A = { file = 'accounts.csv',\n"
        "key = { column = 'id', type = 'int64' },\n"
        "properties = { name = 'text', risk = 'int64?' } } },\n"
        "edges = { { type = 'pays', from = 'A', to = 'A', file = 'pays.csv',\n"
        "source = 'from', target = 'to', time = { column = 'at', format = 'ms' "
        "},\nproperties = { amount = 'float64' } } } }");
    proposed_data(-1);
    ck_assert_int_eq(proposed_import(), CORDON_OK);
}

static inline void proposed_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
}

static inline void proposed_remove(void)
{
    proposed_empty(store);
    proposed_empty(folder);
}

/* The rule: `body` returns the result, `a` being the subject. */
static inline void proposed_log(const char *body, const char *key)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_snapshot *snapshot;
    cordon_proposals *log;
    cordon_engine *engine;
    cordon_outcome *outcome;
    char source[1500];
    cordon_error err;

    snprintf(source, sizeof(source),
             "return { name = 'r', fallback = 'none', reads = { A = { 'risk' }, pays = "
             "{} },\nevaluate = function(graph, request)\nlocal a = request.node\n%s\n"
             "end }",
             body);
    ck_assert_msg(!cordon_snapshot_open(&snapshot, store, NULL, &err), "%s",
                  err.message);
    ck_assert(!cordon_engine_new(&engine, NULL, &err));
    ck_assert(!cordon_engine_set_snapshot(engine, snapshot, &err));
    ck_assert_msg(
        !cordon_engine_load_rule(engine, source, strlen(source), "r.lua", NULL, &err),
        "%s", err.message);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    request.label = "A";
    request.key = key;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "r", &request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(outcome));
    ck_assert_msg(!cordon_proposals_open(&log, log_path, NULL, &err), "%s",
                  err.message);
    ck_assert_msg(!cordon_proposals_add(NULL, log, snapshot, outcome, NULL, &err), "%s",
                  err.message);
    cordon_proposals_close(log);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
    cordon_snapshot_release(snapshot);
}

/* The lock file that LMDB puts beside a log. */
static inline void proposed_lock_remove(void)
{
    char path[220];

    snprintf(path, sizeof(path), "%s-lock", log_path);
    unlink(path);
}

static inline bool proposed_on_pending(void *ud, const cordon_proposal *proposal)
{
    uint64_t *sequences = ud;

    ck_assert_uint_lt(sequences[0], 400);
    sequences[++sequences[0]] = proposal->sequence;
    return true;
}

/* Accept all that is pending. */
static inline void proposed_accept(void)
{
    cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;
    uint64_t sequences[402] = {0};
    cordon_proposals *log;
    cordon_error err;

    filter.state = CORDON_PROPOSAL_PENDING;
    ck_assert(!cordon_proposals_open(&log, log_path, NULL, &err));
    ck_assert(
        !cordon_proposals_each(log, &filter, proposed_on_pending, sequences, &err));
    ck_assert(!cordon_proposals_decide(NULL, log, sequences + 1, sequences[0], true,
                                       "eve", NULL, false, &err));
    cordon_proposals_close(log);
}

static inline bool proposed_on_state(void *ud, const cordon_proposal *proposal)
{
    ((uint64_t *)ud)[proposal->state]++;
    return true;
}

/* How many there are of each state. */
static inline void proposed_states(uint64_t counts[6])
{
    cordon_proposals *log;

    memset(counts, 0, 6 * sizeof(*counts));
    ck_assert(!cordon_proposals_open(&log, log_path, NULL, NULL));
    ck_assert(!cordon_proposals_each(log, NULL, proposed_on_state, counts, NULL));
    cordon_proposals_close(log);
}

#endif
