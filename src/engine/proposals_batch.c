/* The note that makes applying happen once: [ 1, token, base, generation, [sequence...] ].
 *
 * There is at most one.  It is written before the generation, with the conflicts that were
 * found on the way in the same transaction, and removed with the entries' new states in
 * another.  Who writes to the store holds its lock for all of that (snapshot/store.h), so two
 * appliers never meet here.
 *
 * The token is a digest of the note, so that equal batches on equal stores make equal files. */
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/pack.h"
#include "engine/proposals.h"

#define NOTE_VERSION 1
#define KEY          "b"

void cdn_proposals_batch_deinit(struct cdn_proposals_batch *batch)
{
    cdn_free(batch->sequences);
    *batch = (struct cdn_proposals_batch){0};
}

/* ---- the note as bytes ---- */

static void encode(struct cdn_buf *out, const struct cdn_proposals_batch *batch)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, 5);
    cdn_pack_int(&packer, NOTE_VERSION);
    cdn_pack_int(&packer, (int64_t)batch->token);
    cdn_pack_int(&packer, (int64_t)batch->base);
    cdn_pack_int(&packer, (int64_t)batch->generation);
    cdn_pack_array(&packer, (uint32_t)batch->count);
    for (size_t i = 0; i < batch->count; i++)
        cdn_pack_int(&packer, (int64_t)batch->sequences[i]);
}

static bool next_int(cordon_value_iter *iter, uint64_t *out)
{
    cordon_value value;

    if (!cordon_value_next(iter, NULL, &value) || value.type != CORDON_INTEGER)
        return false;
    *out = (uint64_t)value.as.integer;
    return true;
}

bool cdn_proposals_batch_decode(struct cdn_proposals_batch *out, const void *bytes,
                                size_t size, bool *nomem)
{
    cordon_value note, list;
    cordon_value_iter iter, sequences;
    uint64_t version;

    *out = (struct cdn_proposals_batch){0};
    *nomem = false;
    if (cordon_value_parse(&note, bytes, size, NULL) || note.type != CORDON_ARRAY ||
        note.length != 5)
        return false;
    cordon_value_iter_init(&iter, &note);
    if (!next_int(&iter, &version) || version != NOTE_VERSION ||
        !next_int(&iter, &out->token) || !out->token || !next_int(&iter, &out->base) ||
        !next_int(&iter, &out->generation) || !cordon_value_next(&iter, NULL, &list) ||
        list.type != CORDON_ARRAY)
        return false;
    out->sequences = cdn_realloc_array(NULL, list.length, sizeof(*out->sequences));
    *nomem = !out->sequences;
    cordon_value_iter_init(&sequences, &list);
    while (out->sequences && out->count < list.length &&
           next_int(&sequences, &out->sequences[out->count]))
        out->count++;
    if (out->sequences && out->count == list.length)
        return true;
    cdn_proposals_batch_deinit(out);
    return false;
}

cordon_status cdn_proposals_batch_read(struct cdn_proposals_batch *out,
                                       struct cdn_durable_txn *txn, cordon_error *err)
{
    struct cdn_span bytes;
    bool nomem;
    cordon_status status = cdn_durable_get(&bytes, txn, KEY, 1, err);

    *out = (struct cdn_proposals_batch){0};
    if (status == CORDON_E_NOTFOUND) {
        cdn_error_clear(err);
        return CORDON_OK;
    }
    if (status || cdn_proposals_batch_decode(out, bytes.bytes, bytes.length, &nomem))
        return status;
    return nomem ? cdn_error_nomem(err)
                 : cdn_durable_damaged(txn, KEY, 1, "it cannot be read", err);
}

static cordon_status read_note(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    return cdn_proposals_batch_read(ud, txn, err);
}

cordon_status cdn_proposals_batch_noted(struct cdn_proposals_batch *out,
                                        cordon_proposals *log, cordon_error *err)
{
    *out = (struct cdn_proposals_batch){0};
    return cdn_durable_read(cdn_proposals_file(log), read_note, out, err);
}

/* ---- begin and end ---- */

static cordon_status note(struct cdn_durable_txn *txn,
                          struct cdn_proposals_batch *batch, cordon_error *err)
{
    struct cdn_buf bytes = {0};
    cordon_status status;

    batch->token = 0;
    encode(&bytes, batch);
    if (!bytes.failed) {
        batch->token = cdn_hash_xxh3(bytes.data, bytes.length);
        batch->token += !batch->token; /* 0 means none */
        cdn_buf_clear(&bytes);
        encode(&bytes, batch);
    }
    status = bytes.failed ? cdn_error_nomem(err)
                          : cdn_durable_put(txn, KEY, 1, bytes.data, bytes.length, err);
    cdn_buf_deinit(&bytes);
    return status;
}

static cordon_status check_accepted(struct cdn_proposal_entry *entry,
                                    struct cdn_durable_txn *txn, uint64_t sequence,
                                    cordon_error *err)
{
    cordon_status status = cdn_proposals_entry(entry, txn, sequence, err);

    if (!status && entry->view.state != CORDON_PROPOSAL_ACCEPTED)
        status = cdn_error_set(
            err, CORDON_E_CONFLICT, "proposal %llu is %s meanwhile; start again",
            (unsigned long long)sequence, cordon_proposal_state_str(entry->view.state));
    return status;
}

struct beginning {
    struct cdn_proposals_batch *batch;
    const struct cdn_proposals_conflict *conflicts;
    size_t conflict_count;
    const char *author;
};

static cordon_status begin(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    const struct beginning *beginning = ud;
    struct cdn_proposals_batch *batch = beginning->batch;
    struct cdn_proposals_batch before;
    struct cdn_proposal_entry entry;
    cordon_status status = cdn_proposals_batch_read(&before, txn, err);

    if (!status && before.token)
        status = cdn_error_set(err, CORDON_E_CONFLICT,
                               "another batch is being applied; start again");
    cdn_proposals_batch_deinit(&before);
    for (size_t i = 0; !status && i < beginning->conflict_count; i++) {
        const struct cdn_proposals_conflict *conflict = &beginning->conflicts[i];

        status = check_accepted(&entry, txn, conflict->sequence, err);
        if (!status)
            status = cdn_proposals_change(txn, &entry, CORDON_PROPOSAL_CONFLICT,
                                          beginning->author, conflict->why, 0, err);
    }
    for (size_t i = 0; !status && i < batch->count; i++)
        status = check_accepted(&entry, txn, batch->sequences[i], err);
    if (!status && batch->count)
        status = note(txn, batch, err);
    return status;
}

cordon_status cdn_proposals_batch_begin(cordon_proposals *log,
                                        struct cdn_proposals_batch *batch,
                                        const struct cdn_proposals_conflict *conflicts,
                                        size_t conflict_count, const char *author,
                                        cordon_error *err)
{
    struct beginning beginning = {batch, conflicts, conflict_count, author};

    return cdn_durable_write(cdn_proposals_file(log), false, begin, &beginning, err);
}

struct ending {
    bool applied;
    const char *author;
};

static cordon_status end(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    const struct ending *ending = ud;
    struct cdn_proposals_batch batch;
    struct cdn_proposal_entry entry;
    cordon_status status = cdn_proposals_batch_read(&batch, txn, err);

    for (size_t i = 0; !status && ending->applied && i < batch.count; i++) {
        status = check_accepted(&entry, txn, batch.sequences[i], err);
        if (!status)
            status = cdn_proposals_change(txn, &entry, CORDON_PROPOSAL_APPLIED,
                                          ending->author, "", batch.generation, err);
    }
    cdn_proposals_batch_deinit(&batch);
    return status ? status : cdn_durable_remove(txn, KEY, 1, err);
}

cordon_status cdn_proposals_batch_end(cordon_proposals *log, bool applied,
                                      const char *author, cordon_error *err)
{
    struct ending ending = {applied, author};

    return cdn_durable_write(cdn_proposals_file(log), false, end, &ending, err);
}
