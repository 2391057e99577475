/* Applying accepted proposals: lock, settle, judge, note, write, publish, end.
 *
 * The store's lock is held throughout, so there is one applier, and no import publishes
 * between the judging and the publishing.  Operators may go on deciding: what they take back
 * between the judging and the note ends the run before anything is written.
 *
 * Proposals are kept as the bytes they are in the log, a few hundred each; as many as fit
 * into an eighth of the memory are taken at once. */
#include "import/apply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/pack.h"
#include "engine/proposals.h"
#include "import/base.h"
#include "import/mapping.h"
#include "snapshot/store.h"
#include "snapshot/writer.h"

#define LOG_NAME     "proposals.mdb"
#define MEMORY_SHARE 8u
#define EMPTY        UINT64_MAX

/* An accepted entry, by where its bytes are. */
struct taken {
    uint64_t sequence;
    cordon_proposal_kind kind;
    bool good;     /* it is applied */
    size_t offset; /* of content, before and digests in `bytes` */
    size_t bytes;
};

/* What a property will be, by node and number: proposals of one batch see each other. */
struct change {
    uint64_t name; /* node << 16 | property; EMPTY: free */
    uint64_t digest;
};

struct applier {
    const struct cdn_apply_options *options;
    struct cdn_apply_result *result;
    cordon_proposals *log;
    struct cdn_store_writer *store;
    struct cdn_mapping
        mapping; /* of no file: what the base makes of it is its schema */
    struct cdn_base *base;
    struct taken *taken;
    size_t count;
    size_t capacity;
    struct cdn_buf bytes;
    size_t most_bytes;
    struct change *changes; /* a power of two of them, at least half of them free */
    size_t change_capacity;
    size_t property_count; /* that all of them change */
    struct cdn_proposals_conflict *conflicts;
    size_t conflict_count;
    struct cdn_mapping_source *sources; /* one an update: which columns it has */
    struct cdn_proposed proposed;
    struct cdn_buf scratch;
    struct cdn_writer *writer;
    enum cdn_apply_stage stage;
    bool nomem;
    cordon_error *err;
};

static void reach(struct applier *applier, enum cdn_apply_stage stage, double done)
{
    applier->stage = stage;
    if (applier->options->progress)
        applier->options->progress(applier->options->ud, stage, done);
}

static bool on_asked(void *ud)
{
    const struct cdn_apply_options *options = ((struct applier *)ud)->options;

    return options->stopped && options->stopped(options->ud);
}

static void on_written(void *ud, double done)
{
    reach(ud, CDN_APPLY_WRITING, 0.5 + done / 2);
}

/* ---- a batch that was left open ---- */

static cordon_status settle(struct applier *applier)
{
    struct cdn_proposals_batch batch;
    cordon_snapshot *current = NULL;
    cordon_status status =
        cdn_proposals_batch_noted(&batch, applier->log, applier->err);

    if (status || !batch.token)
        return status;
    status =
        cordon_snapshot_open(&current, applier->options->store, NULL, applier->err);
    if (!status) {
        applier->result->settled = batch.count;
        applier->result->settled_applied = current->applied == batch.token;
        status = cdn_proposals_batch_end(applier->log, applier->result->settled_applied,
                                         applier->options->author, applier->err);
    }
    cordon_snapshot_release(current);
    cdn_proposals_batch_deinit(&batch);
    return status;
}

/* ---- what is accepted ---- */

static bool keep(struct applier *applier, const struct cdn_proposal_entry *entry)
{
    struct taken *taken;

    if (applier->count == applier->capacity) {
        size_t capacity = applier->capacity ? applier->capacity * 2 : 64;
        void *grown =
            cdn_realloc_array(applier->taken, capacity, sizeof(*applier->taken));

        if (!grown)
            return false;
        applier->taken = grown;
        applier->capacity = capacity;
    }
    taken = &applier->taken[applier->count];
    *taken = (struct taken){.sequence = entry->view.sequence,
                            .kind = entry->view.kind,
                            .offset = applier->bytes.length,
                            .bytes = entry->content_bytes};
    cdn_buf_append(&applier->bytes, entry->content_at, entry->content_bytes);
    applier->count++;
    applier->property_count += entry->digests.length;
    return !applier->bytes.failed;
}

static bool on_accepted(void *ud, const cordon_proposal *proposal)
{
    struct applier *applier = ud;
    const struct cdn_proposal_entry *entry = cdn_proposal_entry_of(proposal);

    if (applier->bytes.length + entry->content_bytes > applier->most_bytes &&
        applier->count) {
        applier->result->left++;
        return true;
    }
    applier->nomem = !keep(applier, entry);
    return !applier->nomem;
}

static cordon_status collect(struct applier *applier)
{
    cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;
    uint64_t memory = applier->options->memory_bytes;
    cordon_status status;

    applier->most_bytes =
        (size_t)((memory ? memory : CDN_WRITER_MEMORY) / MEMORY_SHARE);
    filter.state = CORDON_PROPOSAL_ACCEPTED;
    status = cordon_proposals_each(applier->log, &filter, on_accepted, applier,
                                   applier->err);
    if (!status && applier->nomem)
        status = cdn_error_nomem(applier->err);
    if (status)
        return status;
    applier->change_capacity = 64;
    while (applier->change_capacity < 2 * applier->property_count)
        applier->change_capacity *= 2;
    applier->changes =
        cdn_realloc_array(NULL, applier->change_capacity, sizeof(*applier->changes));
    applier->conflicts = cdn_calloc(applier->count, sizeof(*applier->conflicts));
    applier->sources = cdn_calloc(applier->count, sizeof(*applier->sources));
    if (!applier->changes || !applier->conflicts || !applier->sources)
        return cdn_error_nomem(applier->err);
    for (size_t i = 0; i < applier->change_capacity; i++)
        applier->changes[i].name = EMPTY;
    return CORDON_OK;
}

/* ---- judging ---- */

/* Where a name is, or would be. */
static struct change *find_change(const struct applier *applier, uint64_t name)
{
    size_t mask = applier->change_capacity - 1;
    size_t at = (size_t)cdn_hash_mix(0, name) & mask;

    while (applier->changes[at].name != EMPTY && applier->changes[at].name != name)
        at = (at + 1) & mask;
    return &applier->changes[at];
}

static uint64_t change_name(const struct applier *applier, uint32_t property)
{
    return (uint64_t)applier->proposed.nodes[0] << 16 | property;
}

/* What a property is by now: as the base has it, or as the batch left it so far. */
static cordon_status present_digest(struct applier *applier, uint32_t property,
                                    bool *in_batch, uint64_t *digest)
{
    const struct cdn_proposed *proposed = &applier->proposed;
    const cordon_snapshot *snapshot = cdn_base_snapshot(applier->base);
    const struct cdn_label_data *label = &snapshot->labels[proposed->number];
    const struct change *change = find_change(applier, change_name(applier, property));
    struct cdn_cell cell;

    *in_batch = change->name != EMPTY;
    *digest = change->digest;
    if (*in_batch)
        return CORDON_OK;
    if (!cdn_base_cell(&cell, applier->base, proposed->number,
                       proposed->nodes[0] - label->base, property))
        return cdn_error_set(applier->err, CORDON_E_CORRUPT, "the base is damaged");
    *digest = cdn_proposal_digest(label->schema->properties[property].type, &cell,
                                  &applier->scratch);
    return applier->scratch.failed ? cdn_error_nomem(applier->err) : CORDON_OK;
}

/* Is each property what it was, or what it is to be?  `why` is filled if not. */
static cordon_status compare(struct applier *applier, const cordon_value *digests,
                             char *why, size_t size)
{
    const struct cdn_proposed *proposed = &applier->proposed;
    const struct cdn_label *label = &applier->mapping.schema.labels[proposed->number];
    cordon_value_iter iter;
    cordon_value was;

    cordon_value_iter_init(&iter, digests);
    for (uint32_t p = 0; p < label->property_count; p++) {
        const struct cdn_property *property = &label->properties[p];
        uint64_t present, wanted;
        cordon_status status;
        bool in_batch;

        if (!proposed->given[p])
            continue;
        status = present_digest(applier, p, &in_batch, &present);
        wanted =
            cdn_proposal_digest(property->type, &proposed->cells[p], &applier->scratch);
        if (!status && applier->scratch.failed)
            status = cdn_error_nomem(applier->err);
        if (status)
            return status;
        if (!cordon_value_next(&iter, NULL, &was))
            break;
        if ((uint64_t)was.as.integer == present || wanted == present)
            continue;
        snprintf(why, size,
                 "set.%s: it is no longer what it was when this was proposed%s",
                 property->name,
                 in_batch ? "; a proposal before it in this batch changes it" : "");
        return CORDON_OK;
    }
    return CORDON_OK;
}

/* The batch will have made these of them. */
static void remember(struct applier *applier)
{
    const struct cdn_proposed *proposed = &applier->proposed;
    const struct cdn_label *label = &applier->mapping.schema.labels[proposed->number];

    for (uint32_t p = 0; p < label->property_count; p++) {
        struct change *change;

        if (!proposed->given[p])
            continue;
        change = find_change(applier, change_name(applier, p));
        change->name = change_name(applier, p);
        change->digest = cdn_proposal_digest(label->properties[p].type,
                                             &proposed->cells[p], &applier->scratch);
    }
}

/* Hand an update to the base; which columns it has is remembered with it. */
static cordon_status update(struct applier *applier, struct cdn_mapping_source *source)
{
    struct cdn_proposed *proposed = &applier->proposed;
    const struct cdn_label_data *label =
        &cdn_base_snapshot(applier->base)->labels[proposed->number];

    source->number = proposed->number;
    source->columns = cdn_calloc(proposed->given_count, sizeof(*source->columns));
    if (!source->columns)
        return cdn_error_nomem(applier->err);
    for (uint32_t p = 0; p < label->schema->property_count; p++) {
        if (proposed->given[p])
            source->columns[source->column_count++].property = p;
        else
            proposed->cells[p] = (struct cdn_cell){.null = true};
    }
    return cdn_base_update(applier->base, source, proposed->nodes[0] - label->base,
                           proposed->cells, applier->err);
}

/* The content of an entry, and its digests. */
static void read_taken(const struct applier *applier, const struct taken *taken,
                       cordon_value *content, cordon_value *digests)
{
    const unsigned char *at = applier->bytes.data + taken->offset;
    const unsigned char *end = at + taken->bytes;
    const unsigned char *start = at;

    /* all of it was checked when it was decoded */
    (void)cdn_unpack_head(content, &start, end);
    (void)cdn_unpack_skip(&at, end);
    (void)cdn_unpack_skip(&at, end);
    (void)cdn_unpack_head(digests, &at, end);
}

static cordon_status judge_one(struct applier *applier, size_t number)
{
    struct taken *taken = &applier->taken[number];
    struct cdn_proposals_conflict *conflict =
        &applier->conflicts[applier->conflict_count];
    bool is_update = taken->kind == CORDON_PROPOSAL_UPDATE;
    cordon_value content, digests;
    cordon_error why;
    cordon_status status;

    read_taken(applier, taken, &content, &digests);
    status = cdn_proposal_check(&applier->proposed, cdn_base_snapshot(applier->base),
                                taken->kind, &content, &cdn_propose_everything, &why);
    if (status == CORDON_E_CORRUPT)
        return cdn_error_set(applier->err, status, "%s", why.message);
    if (status) {
        snprintf(conflict->why, sizeof(conflict->why), "%s", why.message);
        status = CORDON_OK;
    } else if (is_update) {
        status = compare(applier, &digests, conflict->why, sizeof(conflict->why));
    }
    if (status)
        return status;
    taken->good = !conflict->why[0];
    if (!taken->good) {
        conflict->sequence = taken->sequence;
        applier->conflict_count++;
        applier->result->conflicts++;
    } else {
        applier->result->applied++;
        applier->result->updates += is_update;
        applier->result->edges += !is_update;
    }
    if (taken->good && is_update) {
        remember(applier);
        status = update(applier, &applier->sources[number]);
    }
    if (!status && applier->options->judged)
        applier->options->judged(applier->options->ud, taken->sequence, taken->kind,
                                 &content, taken->good ? NULL : conflict->why);
    return status;
}

static cordon_status judge(struct applier *applier)
{
    const struct cdn_apply_options *options = applier->options;
    uint64_t memory = options->memory_bytes ? options->memory_bytes : CDN_WRITER_MEMORY;
    cordon_status status = collect(applier);

    if (!status)
        status = cdn_base_open(&applier->base, options->store, 0, &applier->mapping,
                               memory, applier->err);
    if (!status)
        applier->result->base = cdn_base_generation(applier->base);
    for (size_t i = 0; !status && i < applier->count; i++)
        status = judge_one(applier, i);
    if (!status)
        reach(applier, CDN_APPLY_JUDGED, 0);
    return status;
}

/* ---- writing ---- */

static cordon_status put_base(struct applier *applier, bool edges)
{
    const struct cdn_schema *schema = &applier->mapping.schema;
    uint32_t count = edges ? schema->relation_count : schema->label_count;
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < count; i++) {
        struct cdn_base_put put = {
            .writer = applier->writer, .stopped = on_asked, .ud = applier};

        status = edges ? cdn_base_put_edges(applier->base, i, &put, applier->err)
                       : cdn_base_put_nodes(applier->base, i, &put, applier->err);
        reach(applier, CDN_APPLY_WRITING, edges ? 0.4 : 0.1);
    }
    return status;
}

static cordon_status put_new_edges(struct applier *applier)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; !status && i < applier->count; i++) {
        const struct taken *taken = &applier->taken[i];
        struct cdn_proposed *proposed = &applier->proposed;
        cordon_value content, digests;
        enum cdn_row row = CDN_ROW_OK;

        if (!taken->good || taken->kind != CORDON_PROPOSAL_EDGE)
            continue;
        read_taken(applier, taken, &content, &digests);
        status =
            cdn_proposal_check(proposed, cdn_base_snapshot(applier->base), taken->kind,
                               &content, &cdn_propose_everything, applier->err);
        if (!status)
            status = cdn_writer_edge(applier->writer, proposed->number,
                                     &proposed->keys[0], &proposed->keys[1],
                                     proposed->cells, i, &row, applier->err);
        if (!status && row != CDN_ROW_OK)
            status = cdn_error_set(applier->err, CORDON_E_CORRUPT,
                                   "the base is damaged: the ends of proposal %llu",
                                   (unsigned long long)taken->sequence);
    }
    return status;
}

static cordon_status write_generation(struct applier *applier, uint64_t token)
{
    const struct cdn_apply_options *options = applier->options;
    struct cdn_writer_options writer_options = {.temp_folder = options->temp,
                                                .memory_bytes = options->memory_bytes,
                                                .block_shift = options->block_shift,
                                                .applied = token,
                                                .progress = on_written,
                                                .stopped = on_asked,
                                                .progress_ud = applier};
    cordon_status status =
        cdn_writer_open(&applier->writer, applier->result->path,
                        &applier->mapping.schema, &writer_options, applier->err);

    if (!status)
        status = put_base(applier, false);
    if (!status)
        status = cdn_writer_seal_nodes(applier->writer, NULL, NULL, applier->err);
    if (!status)
        status = put_base(applier, true);
    if (!status)
        status = put_new_edges(applier);
    if (!status)
        status = cdn_writer_finish(applier->writer, applier->err);
    cdn_writer_close(applier->writer);
    applier->writer = NULL;
    return status;
}

static cordon_status note(struct applier *applier, struct cdn_proposals_batch *batch)
{
    cordon_status status;

    batch->sequences =
        cdn_realloc_array(NULL, applier->count, sizeof(*batch->sequences));
    if (!batch->sequences)
        return cdn_error_nomem(applier->err);
    for (size_t i = 0; i < applier->count; i++)
        if (applier->taken[i].good)
            batch->sequences[batch->count++] = applier->taken[i].sequence;
    status = cdn_proposals_batch_begin(applier->log, batch, applier->conflicts,
                                       applier->conflict_count,
                                       applier->options->author, applier->err);
    if (!status)
        reach(applier, CDN_APPLY_NOTED, 0);
    return status;
}

/* From the note to its end.  What fails before CURRENT is changed has not happened. */
static cordon_status publish(struct applier *applier, uint64_t generation)
{
    struct cdn_apply_result *result = applier->result;
    struct cdn_proposals_batch batch = {.base = result->base, .generation = generation};
    struct stat about;
    cordon_status status = note(applier, &batch);

    if (status || !batch.count)
        goto out;
    status = write_generation(applier, batch.token);
    if (!status) {
        reach(applier, CDN_APPLY_WRITTEN, 1);
        if (stat(result->path, &about))
            status = cdn_error_errno(applier->err, errno, "%s", result->path);
        else
            status = cdn_store_commit(applier->store, applier->err);
    }
    if (status) {
        unlink(result->path);
        /* if this fails too, the next run finds the note and does it */
        (void)cdn_proposals_batch_end(applier->log, false, applier->options->author,
                                      NULL);
        goto out;
    }
    result->generation = generation;
    result->file_bytes = (uint64_t)about.st_size;
    reach(applier, CDN_APPLY_PUBLISHED, 1);
    status = cdn_proposals_batch_end(applier->log, true, applier->options->author,
                                     applier->err);
    if (!status)
        reach(applier, CDN_APPLY_ENDED, 1);
out:
    cdn_proposals_batch_deinit(&batch);
    return status;
}

/* ---- the whole ---- */

static cordon_status open_log(struct applier *applier)
{
    const struct cdn_apply_options *options = applier->options;
    cordon_proposals_options log_options = CORDON_PROPOSALS_OPTIONS_INIT;
    char path[PATH_MAX];
    uint64_t current = 0;
    cordon_status status =
        cdn_store_resolve(path, sizeof(path), &current, options->store, applier->err);

    if (!status && !options->log)
        status =
            cdn_path_join(path, sizeof(path), options->store, LOG_NAME, applier->err);
    if (status)
        return status;
    log_options.must_exist = true;
    return cordon_proposals_open(&applier->log, options->log ? options->log : path,
                                 &log_options, applier->err);
}

static void release(struct applier *applier)
{
    for (size_t i = 0; applier->sources && i < applier->count; i++)
        cdn_free(applier->sources[i].columns);
    cdn_free(applier->sources);
    cdn_free(applier->taken);
    cdn_free(applier->changes);
    cdn_free(applier->conflicts);
    cdn_buf_deinit(&applier->bytes);
    cdn_buf_deinit(&applier->scratch);
    cdn_base_close(applier->base);
    cdn_mapping_deinit(&applier->mapping);
    cdn_store_end(applier->store);
    cordon_proposals_close(applier->log);
}

cordon_status cdn_apply_run(struct cdn_apply_result *out,
                            const struct cdn_apply_options *options, cordon_error *err)
{
    struct applier *applier = cdn_calloc(1, sizeof(*applier));
    uint64_t start = cdn_clock_ns();
    uint64_t generation = 0;
    cordon_status status;

    *out = (struct cdn_apply_result){0};
    if (!applier)
        return cdn_error_nomem(err);
    applier->options = options;
    applier->result = out;
    applier->err = err;
    status = open_log(applier);
    if (!status && !options->dry_run)
        status = cdn_store_begin(&applier->store, options->store, &generation,
                                 out->path, sizeof(out->path), err);
    if (!status && !options->dry_run)
        status = settle(applier);
    if (!status)
        status = judge(applier);
    if (!status && !options->dry_run && applier->count)
        status = publish(applier, generation);
    release(applier);
    cdn_free(applier);
    out->wall_ns = cdn_clock_ns() - start;
    return status;
}
