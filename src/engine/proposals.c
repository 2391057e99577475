/* The log of proposals: one durable file (durable.h), whose records are
 *
 *     'p' sequence (big-endian)             an entry (proposals_record.c)
 *     'd' decision id, kind, index          its sequence: what makes adding idempotent
 *     'n'                                   the last sequence that was given
 *     'b'                                   a batch that is being applied (proposals_batch.c)
 *     'v'                                   which format this is
 *
 * Sequences only grow and entries are never removed.
 *
 * Left out: an index by state.  A listing reads the log from its begin, some millions of
 * entries a second, and an operator lists more rarely than rules propose. */
#include "engine/proposals.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/pack.h"
#include "engine/policy.h"

#define FORMAT_NAME "cordon proposals 2"
#define MOST_BYTES  (UINT64_C(16) << 30)
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
    struct cdn_durable *file;
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

/* ---- records by key ---- */

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

/* False: it is no entry's. */
static bool read_entry_key(uint64_t *sequence, const unsigned char *key, size_t bytes)
{
    if (bytes != ENTRY_KEY_BYTES || key[0] != 'p')
        return false;
    *sequence = get_big(key + 1, 8);
    return true;
}

static void name_record(char *out, size_t size, const unsigned char *key, size_t bytes)
{
    uint64_t sequence;

    if (read_entry_key(&sequence, key, bytes))
        (void)snprintf(out, size, "proposal %" PRIu64, sequence);
    else
        (void)snprintf(out, size, "%s",
                       !bytes          ? "a record without a name"
                       : key[0] == 'd' ? "the index of a decision"
                       : key[0] == 'n' ? "the last sequence"
                       : key[0] == 'b' ? "the note of the batch that is being applied"
                                       : "the format's name");
}

static cordon_status decode(struct cdn_proposal_entry *out,
                            const struct cdn_durable_txn *txn, uint64_t sequence,
                            const struct cdn_span *payload, cordon_error *err)
{
    unsigned char key[ENTRY_KEY_BYTES];

    if (cdn_proposal_decode(out, sequence, payload->bytes, payload->length))
        return CORDON_OK;
    entry_key(key, sequence);
    return cdn_durable_damaged(txn, key, sizeof(key), "it cannot be read", err);
}

cordon_status cdn_proposals_entry(struct cdn_proposal_entry *out,
                                  struct cdn_durable_txn *txn, uint64_t sequence,
                                  cordon_error *err)
{
    unsigned char key[ENTRY_KEY_BYTES];
    struct cdn_span payload;
    cordon_status status;

    entry_key(key, sequence);
    status = cdn_durable_get(&payload, txn, key, sizeof(key), err);
    if (status == CORDON_E_NOTFOUND)
        return cdn_error_set(err, status, "%s has no proposal %" PRIu64,
                             cdn_durable_path(txn), sequence);
    return status ? status : decode(out, txn, sequence, &payload, err);
}

cordon_status cdn_proposals_change(struct cdn_durable_txn *txn,
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
    status = bytes.failed ? cdn_error_nomem(err)
                          : cdn_durable_put(txn, key, sizeof(key), bytes.data,
                                            bytes.length, err);
    cdn_buf_deinit(&bytes);
    return status;
}

/* ---- the last sequence ---- */

static cordon_status put_last(struct cdn_durable_txn *txn, uint64_t last,
                              cordon_error *err)
{
    unsigned char number[8];

    put_big(number, last, sizeof(number));
    return cdn_durable_put(txn, "n", 1, number, sizeof(number), err);
}

/* An entry behind it would be overwritten by the next, so there must be none. */
static cordon_status get_last(uint64_t *last, struct cdn_durable_txn *txn,
                              cordon_error *err)
{
    unsigned char next[ENTRY_KEY_BYTES];
    struct cdn_span key, payload;
    uint64_t beyond;
    cordon_status status = cdn_durable_get(&payload, txn, "n", 1, err);

    if (status && status != CORDON_E_NOTFOUND)
        return status;
    if (status || payload.length != 8)
        return cdn_durable_damaged(txn, "n", 1, "it is no number", err);
    *last = get_big(payload.bytes, payload.length);
    if (*last >= INT64_MAX)
        return cdn_durable_damaged(txn, "n", 1, "it is out of bounds", err);
    entry_key(next, *last + 1);
    status = cdn_durable_seek(&key, &payload, txn, next, sizeof(next), false, err);
    if (!status && read_entry_key(&beyond, key.bytes, key.length))
        return cdn_durable_damaged(txn, "n", 1, "there are proposals behind it", err);
    if (status != CORDON_E_NOTFOUND)
        return status;
    cdn_error_clear(err);
    return CORDON_OK;
}

/* ---- open and close ---- */

static cordon_status begin(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    cordon_status status =
        cdn_durable_put(txn, "v", 1, FORMAT_NAME, strlen(FORMAT_NAME), err);

    (void)ud;
    return status ? status : put_last(txn, 0, err);
}

static cordon_status check(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct cdn_span name;
    cordon_status status = cdn_durable_get(&name, txn, "v", 1, err);

    (void)ud;
    if (!status && name.length == strlen(FORMAT_NAME) &&
        !memcmp(name.bytes, FORMAT_NAME, name.length))
        return CORDON_OK;
    if (status && status != CORDON_E_NOTFOUND && status != CORDON_E_CORRUPT)
        return status;
    /* The first format had no checksums. */
    return cdn_error_set(err, CORDON_E_FORMAT,
                         "%s is no log of proposals that this library can read: it is "
                         "another version's, or something else",
                         cdn_durable_path(txn));
}

static const struct cdn_durable_kind log_kind = {
    .what = "a log of proposals", .begin = begin, .check = check, .name = name_record};

cordon_status cordon_proposals_open(cordon_proposals **out, const char *path,
                                    const cordon_proposals_options *options,
                                    cordon_error *err)
{
    static const cordon_proposals_options defaults = CORDON_PROPOSALS_OPTIONS_INIT;
    cordon_proposals *log;
    cordon_status status;

    *out = NULL;
    options = options ? options : &defaults;
    if (options->struct_size != sizeof(*options))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "options of %zu bytes; this library knows %zu",
                             options->struct_size, sizeof(*options));
    log = cdn_calloc(1, sizeof(*log));
    if (!log)
        return cdn_error_nomem(err);
    status = cdn_durable_open(&log->file, path, &log_kind,
                              options->map_bytes ? options->map_bytes : MOST_BYTES,
                              options->must_exist ? 0 : CDN_DURABLE_CREATE, err);
    if (status) {
        cdn_free(log);
        return status;
    }
    pthread_mutex_init(&log->lock, NULL);
    *out = log;
    return CORDON_OK;
}

void cordon_proposals_close(cordon_proposals *log)
{
    if (!log)
        return;
    cdn_durable_close(log->file);
    pthread_mutex_destroy(&log->lock);
    cdn_buf_deinit(&log->queue_bytes);
    cdn_free(log->queue);
    cdn_free(log);
}

struct cdn_durable *cdn_proposals_file(cordon_proposals *log)
{
    return log->file;
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

/* What is to be logged, by whom: an outcome's, or one of a set's members. */
struct adding {
    const cordon_snapshot *snapshot;
    const cordon_proposal_source *source;
    const struct cdn_propose_grant *grant;
    const char *member; /* whose proposals these are; NULL: the outcome's */
    cordon_proposal proposal;
};

static void refuse(const struct adding *adding, const char *why)
{
    const cordon_proposal_source *source = adding->source;
    char named[CORDON_RULE_MAX_NAME_BYTES + CORDON_ERROR_MESSAGE_BYTES + 8];

    if (!source->refused)
        return;
    (void)snprintf(named, sizeof(named), "'%s': %s",
                   adding->member ? adding->member : "", why);
    source->refused(source->ud, adding->proposal.kind, adding->proposal.index,
                    adding->member ? named : why);
}

/* One of the two lists of an outcome. */
static cordon_status enqueue_list(cordon_proposals *log, struct adding *adding,
                                  const cordon_value *list, cordon_error *err)
{
    cordon_proposal *proposal = &adding->proposal;
    cordon_value_iter iter;
    cordon_value item;

    cordon_value_iter_init(&iter, list);
    for (proposal->index = 1; cordon_value_next(&iter, NULL, &item);
         proposal->index++) {
        cordon_error why;
        cordon_status status =
            cdn_proposal_check(&log->proposed, adding->snapshot, proposal->kind, &item,
                               adding->grant, &why);

        if (status == CORDON_E_CORRUPT)
            return cdn_error_set(err, status, "%s", why.message);
        if (!status) {
            status = enqueue(log, adding->snapshot, proposal, err);
            if (status)
                return status;
        } else {
            refuse(adding, why.message);
        }
    }
    return CORDON_OK;
}

static cordon_status enqueue_lists(cordon_proposals *log, struct adding *adding,
                                   const cordon_value *nodes, const cordon_value *edges,
                                   cordon_error *err)
{
    cordon_status status;

    adding->proposal.kind = CORDON_PROPOSAL_UPDATE;
    status = enqueue_list(log, adding, nodes, err);
    adding->proposal.kind = CORDON_PROPOSAL_EDGE;
    return status ? status : enqueue_list(log, adding, edges, err);
}

struct flush {
    const cordon_proposals *log;
    uint64_t added;
};

/* Write what is queued; an entry that is there already stays as it is. */
static cordon_status write_queue(struct cdn_durable_txn *txn, void *ud,
                                 cordon_error *err)
{
    struct flush *flush = ud;
    const cordon_proposals *log = flush->log;
    uint64_t last = 0;
    cordon_status status = get_last(&last, txn, err);

    flush->added = 0;
    for (size_t i = 0; !status && i < log->queue_count; i++) {
        const struct queued *queued = &log->queue[i];
        unsigned char key[ENTRY_KEY_BYTES];
        struct cdn_span found;

        status = cdn_durable_get(&found, txn, queued->key, sizeof(queued->key), err);
        if (status != CORDON_E_NOTFOUND)
            continue;
        cdn_error_clear(err);
        entry_key(key, ++last);
        status =
            cdn_durable_put(txn, key, sizeof(key),
                            log->queue_bytes.data + queued->offset, queued->bytes, err);
        if (!status) /* the number of its key */
            status = cdn_durable_put(txn, queued->key, sizeof(queued->key), key + 1,
                                     sizeof(key) - 1, err);
        flush->added++;
    }
    return status ? status : put_last(txn, last, err);
}

/* Behind the lock. */
static cordon_status flush(uint64_t *added, cordon_proposals *log, cordon_error *err)
{
    struct flush flush = {.log = log};
    cordon_status status;

    if (!log->queue_count)
        return CORDON_OK;
    status = cdn_durable_write(log->file, false, write_queue, &flush, err);
    if (!status) {
        *added = flush.added;
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
                                  const cordon_snapshot *snapshot, uint64_t generation,
                                  cordon_error *err)
{
    if (source->struct_size != sizeof(*source))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a source of %zu bytes; this library knows %zu",
                             source->struct_size, sizeof(*source));
    if (source->principal && strlen(source->principal) > CDN_PROPOSAL_PRINCIPAL_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID, "a principal has at most %d bytes",
                             CDN_PROPOSAL_PRINCIPAL_BYTES);
    if (generation != cordon_snapshot_generation(snapshot))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the outcome is of generation %" PRIu64
                             ", the snapshot is %" PRIu64,
                             generation, cordon_snapshot_generation(snapshot));
    return CORDON_OK;
}

static struct adding adding_of(const cordon_snapshot *snapshot,
                               const cordon_proposal_source *source,
                               const struct cdn_propose_grant *grant,
                               uint64_t generation)
{
    return (struct adding){
        .snapshot = snapshot,
        .source = source,
        .grant = grant,
        .proposal = {.state = CORDON_PROPOSAL_PENDING,
                     .author = "",
                     .history = {.type = CORDON_ARRAY},
                     .reason = "",
                     .generation = generation,
                     .principal = source->principal ? source->principal : "",
                     .proposed_ms = cdn_clock_wall_ms()}};
}

static cordon_status enqueue_outcome(cordon_proposals *log, struct adding *adding,
                                     const void *ud, cordon_error *err)
{
    const cordon_outcome *outcome = ud;
    const cordon_value nodes = cordon_outcome_updated_nodes(outcome);
    const cordon_value edges = cordon_outcome_new_edges(outcome);

    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
        return CORDON_OK;
    adding->proposal.version = cordon_outcome_version(outcome);
    adding->proposal.decision_id = cordon_outcome_decision_id(outcome);
    adding->proposal.rule = cordon_outcome_rule(outcome);
    return enqueue_lists(log, adding, &nodes, &edges, err);
}

static cordon_status enqueue_members(cordon_proposals *log, struct adding *adding,
                                     const void *ud, cordon_error *err)
{
    const cordon_set_outcome *outcome = ud;
    cordon_member member = {.struct_size = sizeof(member)};
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && !cordon_set_outcome_member(&member, outcome, i);
         i++) {
        if (member.status || member.kind != CORDON_OUTCOME_OK)
            continue;
        adding->member = member.rule;
        adding->proposal.version = member.version;
        adding->proposal.decision_id = member.decision_id;
        adding->proposal.rule = member.rule;
        status =
            enqueue_lists(log, adding, &member.updated_nodes, &member.new_edges, err);
    }
    return status;
}

typedef cordon_status enqueuer(cordon_proposals *log, struct adding *adding,
                               const void *ud, cordon_error *err);

/* All that `enqueue_all` finds in `ud`, or nothing. */
static cordon_status add_all(uint64_t *added, cordon_proposals *log,
                             struct adding *adding, enqueuer *enqueue_all,
                             const void *ud, cordon_error *err)
{
    cordon_status status;
    uint64_t count = 0;
    size_t queued, bytes;

    pthread_mutex_lock(&log->lock);
    queued = log->queue_count;
    bytes = log->queue_bytes.length;
    status = enqueue_all(log, adding, ud, err);
    if (status) {
        log->queue_count = queued;
        log->queue_bytes.length = bytes;
    } else if (!adding->source->defer || log->queue_bytes.length > QUEUE_BYTES) {
        status = flush(&count, log, err);
    }
    pthread_mutex_unlock(&log->lock);
    if (added && !status)
        *added = count;
    return status;
}

static const cordon_proposal_source plain = CORDON_PROPOSAL_SOURCE_INIT;

cordon_status cdn_proposals_add(uint64_t *added, cordon_proposals *log,
                                const cordon_snapshot *snapshot,
                                const cordon_outcome *outcome,
                                const cordon_proposal_source *source,
                                const struct cdn_propose_grant *grant,
                                cordon_error *err)
{
    uint64_t generation = cordon_outcome_generation(outcome);
    struct adding adding =
        adding_of(snapshot, source ? source : &plain, grant, generation);

    if (added)
        *added = 0;
    if (cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK &&
        cordon_outcome_updated_nodes(outcome).length +
                cordon_outcome_new_edges(outcome).length >
            0) {
        cordon_status status = check_source(adding.source, snapshot, generation, err);

        if (status)
            return status;
    }
    return add_all(added, log, &adding, enqueue_outcome, outcome, err);
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

/* Is there anything that the members propose?  Without a graph there is no generation to hold
 * against the snapshot's. */
static bool members_propose(const cordon_set_outcome *outcome)
{
    cordon_member member = {.struct_size = sizeof(member)};

    for (uint32_t i = 0; !cordon_set_outcome_member(&member, outcome, i); i++)
        if (!member.status && member.kind == CORDON_OUTCOME_OK &&
            member.updated_nodes.length + member.new_edges.length > 0)
            return true;
    return false;
}

cordon_status cordon_proposals_add_set(uint64_t *added, cordon_proposals *log,
                                       const cordon_snapshot *snapshot,
                                       const cordon_set_outcome *outcome,
                                       const cordon_proposal_source *source,
                                       cordon_error *err)
{
    uint64_t generation = cordon_set_outcome_generation(outcome);
    const struct cdn_propose_grant *grant;
    cordon_status status = find_grant(&grant, source, err);
    struct adding adding;

    if (added)
        *added = 0;
    if (!status && members_propose(outcome))
        status = check_source(source ? source : &plain, snapshot, generation, err);
    if (status)
        return status;
    adding = adding_of(snapshot, source ? source : &plain, grant, generation);
    return add_all(added, log, &adding, enqueue_members, outcome, err);
}

/* ---- reading ---- */

static bool passes(const cordon_proposal_filter *filter, const cordon_proposal *view)
{
    return (!filter->state || filter->state == view->state) &&
           (!filter->rule || !strcmp(filter->rule, view->rule)) &&
           (!filter->decision_id || !strcmp(filter->decision_id, view->decision_id));
}

struct listing {
    const cordon_proposal_filter *filter;
    bool (*each)(void *ud, const cordon_proposal *proposal);
    void *ud;
    uint64_t given;
    struct cdn_durable_txn *txn;
    struct cdn_proposal_entry entry;
};

static cordon_status list_one(bool *more, void *ud, const struct cdn_span *key,
                              const struct cdn_span *payload, cordon_error *err)
{
    struct listing *listing = ud;
    const cordon_proposal_filter *filter = listing->filter;
    const cordon_proposal *view = &listing->entry.view;
    uint64_t sequence;
    cordon_status status;

    *more = read_entry_key(&sequence, key->bytes, key->length) &&
            (!filter->sequence || sequence == filter->sequence);
    if (!*more)
        return CORDON_OK;
    status = decode(&listing->entry, listing->txn, sequence, payload, err);
    if (!status && passes(filter, view))
        *more = listing->each(listing->ud, view) && ++listing->given != filter->limit;
    return status;
}

static cordon_status list(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct listing *listing = ud;
    const cordon_proposal_filter *filter = listing->filter;
    unsigned char first[ENTRY_KEY_BYTES];

    entry_key(first, filter->sequence ? filter->sequence : filter->after + 1);
    listing->txn = txn;
    return cdn_durable_walk(txn, first, sizeof(first), list_one, listing, err);
}

cordon_status
cordon_proposals_each(cordon_proposals *log, const cordon_proposal_filter *filter,
                      bool (*each)(void *ud, const cordon_proposal *proposal), void *ud,
                      cordon_error *err)
{
    static const cordon_proposal_filter all = CORDON_PROPOSAL_FILTER_INIT;
    struct listing listing = {.each = each, .ud = ud};

    filter = filter ? filter : &all;
    if (filter->struct_size != sizeof(*filter))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a filter of %zu bytes; this library knows %zu",
                             filter->struct_size, sizeof(*filter));
    if (filter->after == UINT64_MAX && !filter->sequence)
        return CORDON_OK;
    listing.filter = filter;
    return cdn_durable_read(log->file, list, &listing, err);
}
