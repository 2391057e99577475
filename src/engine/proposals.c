/* The log of proposals: one LMDB file, one unnamed database.
 *
 *     'p' sequence (big-endian)             an entry (proposals_record.c)
 *     'd' decision id, kind, index          its sequence: what makes adding idempotent
 *     'n'                                   the last sequence that was given
 *     'b'                                   a batch that is being applied (proposals_batch.c)
 *     'v'                                   which format this is
 *
 * Sequences only grow and entries are never removed.  Each change is one transaction of
 * LMDB's, synced before its call returns; LMDB's lock makes writers of all processes wait for
 * each other, and goes with a process that dies.
 *
 * Left out: an index by state.  A listing reads the log from its begin, some millions of
 * entries a second, and an operator lists more rarely than rules propose. */
#include "engine/proposals.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/pack.h"
#include "engine/policy.h"
#include "snapshot/lmdb_error.h"

#define FORMAT_NAME "cordon proposals 1"
#define MAP_BYTES   (UINT64_C(16) << 30)
#ifdef CORDON_TINY
#define QUEUE_BYTES ((size_t)512)
#else
#define QUEUE_BYTES ((size_t)4 << 20) /* deferred beyond this is flushed by itself */
#endif

#define ENTRY_KEY_BYTES    9u
#define DECISION_KEY_BYTES (1u + CORDON_DECISION_ID_BYTES + 1u + 4u)

struct queued {
    unsigned char key[DECISION_KEY_BYTES];
    size_t offset; /* in queue_bytes */
    size_t bytes;
};

struct cordon_proposals {
    MDB_env *env;
    MDB_dbi dbi;
    char *path;
    pthread_mutex_t lock; /* of what follows */
    struct queued *queue;
    size_t queue_count;
    size_t queue_capacity;
    struct cdn_buf queue_bytes;
    struct cdn_proposed proposed; /* room for the one that is being checked */
};

const char *cordon_proposal_state_str(cordon_proposal_state state)
{
    switch (state) {
#define STATE_CASE(name, number, word)                                                 \
    case CORDON_PROPOSAL_##name:                                                       \
        return word;
        CORDON_PROPOSAL_STATE_MAP(STATE_CASE)
#undef STATE_CASE
    }
    return "unknown";
}

/* ---- transactions, and values by key ---- */

cordon_status cdn_proposals_begin(struct MDB_txn **out, cordon_proposals *log,
                                  bool write, cordon_error *err)
{
    int rc = mdb_txn_begin(log->env, NULL, write ? 0 : MDB_RDONLY, out);

    if (rc)
        *out = NULL;
    return rc ? cdn_lmdb_error(err, rc, "%s", log->path) : CORDON_OK;
}

cordon_status cdn_proposals_commit(cordon_proposals *log, struct MDB_txn *txn,
                                   cordon_error *err)
{
    int rc = mdb_txn_commit(txn);

    return rc ? cdn_lmdb_error(err, rc, "writing %s", log->path) : CORDON_OK;
}

void cdn_proposals_abort(struct MDB_txn *txn)
{
    if (txn)
        mdb_txn_abort(txn);
}

static cordon_status get(const void **out, size_t *bytes, cordon_proposals *log,
                         MDB_txn *txn, const void *name, size_t name_bytes,
                         cordon_error *err)
{
    MDB_val key = {.mv_size = name_bytes, .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {0};
    int rc = mdb_get(txn, log->dbi, &key, &value);

    *out = rc ? NULL : value.mv_data;
    *bytes = rc ? 0 : value.mv_size;
    if (rc && rc != MDB_NOTFOUND)
        return cdn_lmdb_error(err, rc, "reading %s", log->path);
    return CORDON_OK;
}

static cordon_status put(cordon_proposals *log, MDB_txn *txn, const void *name,
                         size_t name_bytes, const void *bytes, size_t count,
                         cordon_error *err)
{
    MDB_val key = {.mv_size = name_bytes, .mv_data = (void *)(uintptr_t)name};
    MDB_val value = {.mv_size = count, .mv_data = (void *)(uintptr_t)bytes};
    int rc = mdb_put(txn, log->dbi, &key, &value, 0);

    if (rc == MDB_MAP_FULL)
        return cdn_error_set(err, CORDON_E_IO,
                             "%s is as large as its map_bytes allow; open it with more",
                             log->path);
    return rc ? cdn_lmdb_error(err, rc, "writing %s", log->path) : CORDON_OK;
}

cordon_status cdn_proposals_get(const void **out, size_t *bytes, cordon_proposals *log,
                                struct MDB_txn *txn, char key, cordon_error *err)
{
    return get(out, bytes, log, txn, &key, 1, err);
}

cordon_status cdn_proposals_put(cordon_proposals *log, struct MDB_txn *txn, char key,
                                const void *value, size_t bytes, cordon_error *err)
{
    MDB_val name = {.mv_size = 1, .mv_data = &key};
    int rc;

    if (bytes)
        return put(log, txn, &key, 1, value, bytes, err);
    rc = mdb_del(txn, log->dbi, &name, NULL);
    if (rc && rc != MDB_NOTFOUND)
        return cdn_lmdb_error(err, rc, "writing %s", log->path);
    return CORDON_OK;
}

static void put_big(unsigned char *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_big(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static void entry_key(unsigned char out[ENTRY_KEY_BYTES], uint64_t sequence)
{
    out[0] = 'p';
    put_big(out + 1, sequence, 8);
}

static cordon_status decode(struct cdn_proposal_entry *out, const cordon_proposals *log,
                            uint64_t sequence, const void *bytes, size_t size,
                            cordon_error *err)
{
    if (cdn_proposal_decode(out, sequence, bytes, size))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_CORRUPT, "%s: entry %llu cannot be read",
                         log->path, (unsigned long long)sequence);
}

cordon_status cdn_proposals_entry(struct cdn_proposal_entry *out, cordon_proposals *log,
                                  struct MDB_txn *txn, uint64_t sequence,
                                  cordon_error *err)
{
    unsigned char key[ENTRY_KEY_BYTES];
    const void *bytes;
    size_t size;
    cordon_status status;

    entry_key(key, sequence);
    status = get(&bytes, &size, log, txn, key, sizeof(key), err);
    if (status)
        return status;
    if (!bytes)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "%s has no proposal %llu",
                             log->path, (unsigned long long)sequence);
    return decode(out, log, sequence, bytes, size, err);
}

cordon_status cdn_proposals_change(cordon_proposals *log, struct MDB_txn *txn,
                                   struct cdn_proposal_entry *entry,
                                   cordon_proposal_state state, const char *author,
                                   const char *reason, uint64_t generation,
                                   cordon_error *err)
{
    cordon_proposal changed = entry->view;
    unsigned char key[ENTRY_KEY_BYTES];
    struct cdn_buf bytes = {0};
    cordon_status status;

    changed.state = state;
    changed.author = author;
    changed.reason = reason;
    changed.changed_ms = cdn_clock_wall_ms();
    changed.applied_generation = generation;
    entry_key(key, changed.sequence);
    cdn_proposal_encode(&bytes, &changed, entry->content_at, entry->content_bytes);
    status = bytes.failed
                 ? cdn_error_nomem(err)
                 : put(log, txn, key, sizeof(key), bytes.data, bytes.length, err);
    cdn_buf_deinit(&bytes);
    return status;
}

/* ---- open and close ---- */

/* A new log gets its name; another's file is not touched. */
static cordon_status check_format(cordon_proposals *log, cordon_error *err)
{
    MDB_txn *txn;
    MDB_stat stat;
    const void *name;
    size_t bytes;
    int rc;
    cordon_status status = cdn_proposals_begin(&txn, log, true, err);

    if (status)
        return status;
    rc = mdb_dbi_open(txn, NULL, 0, &log->dbi);
    if (!rc)
        rc = mdb_stat(txn, log->dbi, &stat);
    if (rc) {
        status = cdn_lmdb_error(err, rc, "opening %s", log->path);
        goto out;
    }
    status = cdn_proposals_get(&name, &bytes, log, txn, 'v', err);
    if (status)
        goto out;
    if (name && (bytes != strlen(FORMAT_NAME) || memcmp(name, FORMAT_NAME, bytes) != 0))
        name = NULL;
    if (!name && stat.ms_entries) {
        status = cdn_error_set(err, CORDON_E_FORMAT,
                               "%s is no log of proposals that this library can read",
                               log->path);
        goto out;
    }
    if (!name) {
        status =
            cdn_proposals_put(log, txn, 'v', FORMAT_NAME, strlen(FORMAT_NAME), err);
        if (status)
            goto out;
    }
    status = cdn_proposals_commit(log, txn, err);
    txn = NULL;
out:
    cdn_proposals_abort(txn);
    return status;
}

static cordon_status open_log(cordon_proposals *log, uint64_t map_bytes,
                              cordon_error *err)
{
    mdb_filehandle_t fd;
    int dead;
    int rc = mdb_env_create(&log->env);

    if (!rc)
        rc = mdb_env_set_mapsize(log->env, (size_t)map_bytes);
    if (!rc)
        rc = mdb_env_open(log->env, log->path, MDB_NOSUBDIR | MDB_NOTLS, 0644);
    if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
        return cdn_error_set(err, CORDON_E_FORMAT, "%s is no log of proposals",
                             log->path);
    if (!rc)
        rc = mdb_env_get_fd(log->env, &fd);
    if (rc)
        return cdn_lmdb_error(err, rc, "opening %s", log->path);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)mdb_reader_check(log->env,
                           &dead); /* readers that died keep pages from reuse */
    return check_format(log, err);
}

cordon_status cordon_proposals_open(cordon_proposals **out, const char *path,
                                    const cordon_proposals_options *options,
                                    cordon_error *err)
{
    static const cordon_proposals_options defaults = CORDON_PROPOSALS_OPTIONS_INIT;
    cordon_proposals *log;
    cordon_status status;
    bool made;

    *out = NULL;
    options = options ? options : &defaults;
    if (options->struct_size != sizeof(*options))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "options of %zu bytes; this library knows %zu",
                             options->struct_size, sizeof(*options));
    made = access(path, F_OK) != 0;
    if (made && (options->must_exist || errno != ENOENT))
        return cdn_error_errno(err, errno, "%s", path);
    log = cdn_calloc(1, sizeof(*log));
    if (!log)
        return cdn_error_nomem(err);
    pthread_mutex_init(&log->lock, NULL);
    log->path = cdn_strdup(path);
    status =
        log->path
            ? open_log(log, options->map_bytes ? options->map_bytes : MAP_BYTES, err)
            : cdn_error_nomem(err);
    if (!status && made)
        status = cdn_file_sync_folder(path, err);
    if (status) {
        cordon_proposals_close(log);
        return status;
    }
    *out = log;
    return CORDON_OK;
}

void cordon_proposals_close(cordon_proposals *log)
{
    if (!log)
        return;
    if (log->env)
        mdb_env_close(log->env);
    pthread_mutex_destroy(&log->lock);
    cdn_buf_deinit(&log->queue_bytes);
    cdn_free(log->queue);
    cdn_free(log->path);
    cdn_free(log);
}

/* ---- adding ---- */

/* Room for one more, which starts at the queue's end. */
static struct queued *next_queued(cordon_proposals *log)
{
    if (log->queue_count == log->queue_capacity) {
        size_t capacity = log->queue_capacity ? log->queue_capacity * 2 : 16;
        void *grown = cdn_realloc_array(log->queue, capacity, sizeof(*log->queue));

        if (!grown)
            return NULL;
        log->queue = grown;
        log->queue_capacity = capacity;
    }
    return &log->queue[log->queue_count];
}

/* Queue the proposal that log->proposed is; what does not get in leaves nothing behind. */
static cordon_status enqueue(cordon_proposals *log, const cordon_snapshot *snapshot,
                             const cordon_proposal *proposal, cordon_error *err)
{
    struct cdn_buf *bytes = &log->queue_bytes;
    struct queued *queued = next_queued(log);
    size_t before = bytes->length;
    struct cdn_buf content = {0};
    cordon_status status = CORDON_OK;

    if (!queued)
        return cdn_error_nomem(err);
    if (!cdn_proposal_encode_content(&content, &log->proposed, snapshot))
        status = cdn_error_set(err, CORDON_E_CORRUPT,
                               "the snapshot is damaged where a proposal changes it");
    else if (content.failed)
        status = cdn_error_nomem(err);
    if (!status)
        cdn_proposal_encode(bytes, proposal, content.data, content.length);
    cdn_buf_deinit(&content);
    if (!status && bytes->failed)
        status = cdn_error_nomem(err);
    if (status) {
        bytes->length = before;
        bytes->failed = false;
        return status;
    }
    queued->key[0] = 'd';
    memset(queued->key + 1, 0, CORDON_DECISION_ID_BYTES);
    memcpy(queued->key + 1, proposal->decision_id, strlen(proposal->decision_id));
    queued->key[1 + CORDON_DECISION_ID_BYTES] = (unsigned char)proposal->kind;
    put_big(queued->key + 2 + CORDON_DECISION_ID_BYTES, proposal->index, 4);
    queued->offset = before;
    queued->bytes = bytes->length - before;
    log->queue_count++;
    return CORDON_OK;
}

/* One of the two lists of an outcome. */
static cordon_status enqueue_list(cordon_proposals *log,
                                  const cordon_snapshot *snapshot,
                                  const cordon_value *list, cordon_proposal *proposal,
                                  const cordon_proposal_source *source,
                                  const struct cdn_propose_grant *grant,
                                  cordon_error *err)
{
    cordon_value_iter iter;
    cordon_value item;

    cordon_value_iter_init(&iter, list);
    for (proposal->index = 1; cordon_value_next(&iter, NULL, &item);
         proposal->index++) {
        cordon_error why;
        cordon_status status = cdn_proposal_check(&log->proposed, snapshot,
                                                  proposal->kind, &item, grant, &why);

        if (status == CORDON_E_CORRUPT)
            return cdn_error_set(err, status, "%s", why.message);
        if (!status) {
            status = enqueue(log, snapshot, proposal, err);
            if (status)
                return status;
        } else if (source->refused) {
            source->refused(source->ud, proposal->kind, proposal->index, why.message);
        }
    }
    return CORDON_OK;
}

/* Write what is queued; an entry that is there already stays as it is. */
static cordon_status write_queue(uint64_t *added, cordon_proposals *log, MDB_txn *txn,
                                 cordon_error *err)
{
    unsigned char number[8];
    const void *found;
    size_t bytes;
    uint64_t last;
    cordon_status status = cdn_proposals_get(&found, &bytes, log, txn, 'n', err);

    last = found && bytes == sizeof(number) ? get_big(found, bytes) : 0;
    for (size_t i = 0; !status && i < log->queue_count; i++) {
        const struct queued *queued = &log->queue[i];
        unsigned char key[ENTRY_KEY_BYTES];

        status = get(&found, &bytes, log, txn, queued->key, sizeof(queued->key), err);
        if (status || found)
            continue;
        entry_key(key, ++last);
        put_big(number, last, 8);
        status = put(log, txn, key, sizeof(key), log->queue_bytes.data + queued->offset,
                     queued->bytes, err);
        if (!status)
            status = put(log, txn, queued->key, sizeof(queued->key), number,
                         sizeof(number), err);
        ++*added;
    }
    put_big(number, last, 8);
    return status ? status
                  : cdn_proposals_put(log, txn, 'n', number, sizeof(number), err);
}

/* Behind the lock. */
static cordon_status flush(uint64_t *added, cordon_proposals *log, cordon_error *err)
{
    MDB_txn *txn;
    cordon_status status;

    if (!log->queue_count)
        return CORDON_OK;
    status = cdn_proposals_begin(&txn, log, true, err);
    if (status)
        return status;
    status = write_queue(added, log, txn, err);
    if (status) {
        cdn_proposals_abort(txn);
        return status;
    }
    status = cdn_proposals_commit(log, txn, err);
    if (!status) {
        log->queue_count = 0;
        cdn_buf_clear(&log->queue_bytes);
    }
    return status;
}

cordon_status cordon_proposals_flush(uint64_t *added, cordon_proposals *log,
                                     cordon_error *err)
{
    uint64_t count = 0;
    cordon_status status;

    pthread_mutex_lock(&log->lock);
    status = flush(&count, log, err);
    pthread_mutex_unlock(&log->lock);
    if (added)
        *added = status ? 0 : count;
    return status;
}

static cordon_status check_source(const cordon_proposal_source *source,
                                  const cordon_snapshot *snapshot,
                                  const cordon_outcome *outcome, cordon_error *err)
{
    if (source->struct_size != sizeof(*source))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a source of %zu bytes; this library knows %zu",
                             source->struct_size, sizeof(*source));
    if (source->principal && strlen(source->principal) > CDN_PROPOSAL_PRINCIPAL_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID, "a principal has at most %d bytes",
                             CDN_PROPOSAL_PRINCIPAL_BYTES);
    if (cordon_outcome_generation(outcome) != cordon_snapshot_generation(snapshot))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the outcome is of generation %llu, the snapshot is %llu",
                             (unsigned long long)cordon_outcome_generation(outcome),
                             (unsigned long long)cordon_snapshot_generation(snapshot));
    return CORDON_OK;
}

cordon_status cdn_proposals_add(uint64_t *added, cordon_proposals *log,
                                const cordon_snapshot *snapshot,
                                const cordon_outcome *outcome,
                                const cordon_proposal_source *source,
                                const struct cdn_propose_grant *grant,
                                cordon_error *err)
{
    static const cordon_proposal_source plain = CORDON_PROPOSAL_SOURCE_INIT;
    const cordon_value lists[] = {cordon_outcome_updated_nodes(outcome),
                                  cordon_outcome_new_edges(outcome)};
    cordon_proposal proposal = {.state = CORDON_PROPOSAL_PENDING,
                                .author = "",
                                .history = {.type = CORDON_ARRAY},
                                .reason = "",
                                .version = cordon_outcome_version(outcome),
                                .decision_id = cordon_outcome_decision_id(outcome),
                                .rule = cordon_outcome_rule(outcome),
                                .generation = cordon_outcome_generation(outcome),
                                .proposed_ms = cdn_clock_wall_ms()};
    cordon_status status = CORDON_OK;
    uint64_t count = 0;
    size_t queued, bytes;

    if (added)
        *added = 0;
    source = source ? source : &plain;
    if (cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK &&
        lists[0].length + lists[1].length > 0) {
        status = check_source(source, snapshot, outcome, err);
        if (status)
            return status;
    }
    proposal.principal = source->principal ? source->principal : "";
    pthread_mutex_lock(&log->lock);
    queued = log->queue_count;
    bytes = log->queue_bytes.length;
    for (int kind = CORDON_PROPOSAL_UPDATE;
         !status && cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK &&
         kind <= CORDON_PROPOSAL_EDGE;
         kind++) {
        proposal.kind = (cordon_proposal_kind)kind;
        status = enqueue_list(log, snapshot, &lists[kind - 1], &proposal, source, grant,
                              err);
    }
    if (status) { /* all of an outcome or nothing */
        log->queue_count = queued;
        log->queue_bytes.length = bytes;
    } else if (!source->defer || log->queue_bytes.length > QUEUE_BYTES) {
        status = flush(&count, log, err);
    }
    pthread_mutex_unlock(&log->lock);
    if (added && !status)
        *added = count;
    return status;
}

/* What the source's principal may propose. */
static cordon_status find_grant(const struct cdn_propose_grant **out,
                                const cordon_proposal_source *source, cordon_error *err)
{
    static const struct cdn_propose_grant nothing;
    int32_t principal;
    char why[256];

    *out = &cdn_propose_everything;
    if (!source || source->struct_size != sizeof(*source) || !source->policy ||
        !source->principal) /* a wrong size is refused with the rest */
        return CORDON_OK;
    principal = cdn_policy_principal(source->policy, source->principal);
    if (principal < 0)
        return cdn_error_set(
            err, CORDON_E_DENIED, "%s",
            cdn_policy_unknown(why, sizeof(why), source->policy, source->principal));
    *out = cdn_policy_role(source->policy, principal)->propose;
    *out = *out ? *out : &nothing;
    return CORDON_OK;
}

cordon_status cordon_proposals_add(uint64_t *added, cordon_proposals *log,
                                   const cordon_snapshot *snapshot,
                                   const cordon_outcome *outcome,
                                   const cordon_proposal_source *source,
                                   cordon_error *err)
{
    const struct cdn_propose_grant *grant;
    cordon_status status = find_grant(&grant, source, err);

    if (added)
        *added = 0;
    return status
               ? status
               : cdn_proposals_add(added, log, snapshot, outcome, source, grant, err);
}

/* ---- reading ---- */

static bool passes(const cordon_proposal_filter *filter, const cordon_proposal *view)
{
    return (!filter->state || filter->state == view->state) &&
           (!filter->rule || !strcmp(filter->rule, view->rule)) &&
           (!filter->decision_id || !strcmp(filter->decision_id, view->decision_id));
}

static cordon_status walk(cordon_proposals *log, MDB_txn *txn,
                          const cordon_proposal_filter *filter,
                          bool (*each)(void *ud, const cordon_proposal *proposal),
                          void *ud, cordon_error *err)
{
    uint64_t first = filter->sequence ? filter->sequence : filter->after + 1;
    unsigned char name[ENTRY_KEY_BYTES];
    MDB_val key = {.mv_size = sizeof(name), .mv_data = name};
    struct cdn_proposal_entry entry;
    cordon_status status = CORDON_OK;
    MDB_cursor *cursor;
    uint64_t given = 0;
    MDB_val value;
    int rc = mdb_cursor_open(txn, log->dbi, &cursor);

    if (rc)
        return cdn_lmdb_error(err, rc, "reading %s", log->path);
    entry_key(name, first);
    for (rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); !rc;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const unsigned char *at = key.mv_data;
        uint64_t sequence;

        if (key.mv_size != ENTRY_KEY_BYTES || at[0] != 'p')
            break;
        sequence = get_big(at + 1, 8);
        if (filter->sequence && sequence != filter->sequence)
            break;
        status = decode(&entry, log, sequence, value.mv_data, value.mv_size, err);
        if (status)
            break;
        if (!passes(filter, &entry.view))
            continue;
        if (!each(ud, &entry.view) || ++given == filter->limit)
            break;
    }
    if (rc && rc != MDB_NOTFOUND && !status)
        status = cdn_lmdb_error(err, rc, "reading %s", log->path);
    mdb_cursor_close(cursor);
    return status;
}

cordon_status
cordon_proposals_each(cordon_proposals *log, const cordon_proposal_filter *filter,
                      bool (*each)(void *ud, const cordon_proposal *proposal), void *ud,
                      cordon_error *err)
{
    static const cordon_proposal_filter all = CORDON_PROPOSAL_FILTER_INIT;
    MDB_txn *txn;
    cordon_status status;

    filter = filter ? filter : &all;
    if (filter->struct_size != sizeof(*filter))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a filter of %zu bytes; this library knows %zu",
                             filter->struct_size, sizeof(*filter));
    status = cdn_proposals_begin(&txn, log, false, err);
    if (status)
        return status;
    if (filter->after != UINT64_MAX || filter->sequence)
        status = walk(log, txn, filter, each, ud, err);
    cdn_proposals_abort(txn);
    return status;
}
