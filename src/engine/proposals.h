/* Proposals inside: checking them, their records, and the batches of `snapshot apply`.
 *
 *   proposals_check.c    an element of a result against a schema and a grant
 *   proposals_record.c   an entry of the log as bytes, and back
 *   proposals.c          the log: adding, listing, deciding (public: cordon/proposal.h)
 *   proposals_batch.c    what tools need to apply accepted entries once and only once
 *
 * HOW A BATCH IS APPLIED ONCE.  A batch is noted in the log before its generation is written,
 * with a token that the generation's file carries in its header (snapshot/FORMAT.md,
 * `applied`) and every generation made from it inherits.  So whoever finds a noted batch after
 * a crash looks at the store: if the current generation carries the token, the batch has
 * happened and its entries become `applied`; if not, it has not, and the note goes. */
#ifndef CDN_ENGINE_PROPOSALS_H
#define CDN_ENGINE_PROPOSALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/proposal.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/pack.h"
#include "engine/durable.h"
#include "snapshot/snapshot.h"
#include "snapshot/writer.h"

/* ---- what somebody may propose ---- */

struct cdn_propose_label {
    const char *name;
    bool all; /* every property; else these */
    const char *const *properties;
    uint32_t property_count;
};

/* Compiled by the policy; borrowed. */
struct cdn_propose_grant {
    bool everything;
    const struct cdn_propose_label *labels; /* whose nodes may be updated */
    uint32_t label_count;
    const char *const *edges; /* types that may be added */
    uint32_t edge_count;
    bool every_edge; /* of any type */
};

extern const struct cdn_propose_grant cdn_propose_everything;

/* ---- one proposal, understood (proposals_check.c) ---- */

/* Keys and cells point into the value it was read from. */
struct cdn_proposed {
    cordon_proposal_kind kind;
    uint32_t number;          /* of the label; of an edge, of the relation */
    uint32_t nodes[2];        /* dense; of an update the first alone */
    struct cdn_key keys[2];   /* as a writer takes them */
    cordon_value key_text[2]; /* as they were given */
    uint32_t given_count;
    bool given[CDN_SCHEMA_MAX_PROPERTIES];
    struct cdn_cell cells[CDN_SCHEMA_MAX_PROPERTIES]; /* null where not given */
};

/* Read an element of updated_nodes or new_edges, or the content of a record: the two are of
 * one shape.  The message says where within the element.
 * Errors: CORDON_E_DATA   it does not fit the schema
 *         CORDON_E_DENIED the grant does not have it, or the property is immutable
 *         CORDON_E_NOTFOUND a node it names does not exist
 *         CORDON_E_CORRUPT  the snapshot is damaged */
cordon_status cdn_proposal_check(struct cdn_proposed *out,
                                 const cordon_snapshot *snapshot,
                                 cordon_proposal_kind kind, const cordon_value *item,
                                 const struct cdn_propose_grant *grant,
                                 cordon_error *err);

/* A cell as the one msgpack value that stands for it in a record. */
void cdn_proposal_pack_cell(struct cdn_packer *packer, enum cdn_column_type type,
                            const struct cdn_cell *cell);
/* A digest of that: equal values, equal digests. */
uint64_t cdn_proposal_digest(enum cdn_column_type type, const struct cdn_cell *cell,
                             struct cdn_buf *scratch);

/* ---- an entry as bytes (proposals_record.c) ---- */

#define CDN_PROPOSAL_PRINCIPAL_BYTES 64
#define CDN_PROPOSAL_BEFORE_BYTES    256 /* a longer value is not kept, but digested */

/* The public struct and the room for its strings.  Content, before and digests point into the
 * bytes it was decoded from. */
struct cdn_proposal_entry {
    cordon_proposal view; /* its strings are those below */
    char decision_id[CORDON_DECISION_ID_BYTES + 1];
    char rule[65];
    char principal[CDN_PROPOSAL_PRINCIPAL_BYTES + 1];
    char author[CORDON_PROPOSAL_AUTHOR_BYTES + 1];
    char reason[CORDON_PROPOSAL_REASON_BYTES + 1];
    cordon_value digests; /* of an update: of what each of `set` was, in its order */
    const unsigned char *content_at;
    size_t content_bytes; /* content, before and digests, as they lie */
};

/* The entry of a view that cordon_proposals_each() hands out: it is its first member. */
static inline const struct cdn_proposal_entry *
cdn_proposal_entry_of(const cordon_proposal *view)
{
    return (const struct cdn_proposal_entry *)(const void *)view;
}

/* Append the fields before the content, and then the bytes of content, before and digests. */
void cdn_proposal_encode(struct cdn_buf *out, const cordon_proposal *proposal,
                         const void *content, size_t content_bytes);
/* Append content, before and digests of a proposal.  False: the snapshot is damaged. */
bool cdn_proposal_encode_content(struct cdn_buf *out,
                                 const struct cdn_proposed *proposed,
                                 const cordon_snapshot *snapshot);
/* False: it is none.  `sequence` is its key's. */
bool cdn_proposal_decode(struct cdn_proposal_entry *out, uint64_t sequence,
                         const void *bytes, size_t size);

/* ---- for whoever has a grant at hand ---- */

/* cordon_proposals_add() within a grant. */
cordon_status cdn_proposals_add(uint64_t *added, cordon_proposals *log,
                                const cordon_snapshot *snapshot,
                                const cordon_outcome *outcome,
                                const cordon_proposal_source *source,
                                const struct cdn_propose_grant *grant,
                                cordon_error *err);

/* ---- batches (proposals_batch.c) ---- */

struct cdn_proposals_batch {
    uint64_t token;      /* 0: there is none */
    uint64_t base;       /* the generation it starts from */
    uint64_t generation; /* the one it makes */
    size_t count;
    uint64_t *sequences; /* ascending; owned, cdn_proposals_batch_deinit() */
};
void cdn_proposals_batch_deinit(struct cdn_proposals_batch *batch);

/* An accepted entry that cannot be applied, and why. */
struct cdn_proposals_conflict {
    uint64_t sequence;
    char why[CORDON_PROPOSAL_REASON_BYTES + 1];
};

/* A note's bytes.  False: it is none, or *nomem. */
bool cdn_proposals_batch_decode(struct cdn_proposals_batch *out, const void *bytes,
                                size_t size, bool *nomem);
/* The note within a transaction; its token is 0 where there is none. */
cordon_status cdn_proposals_batch_read(struct cdn_proposals_batch *out,
                                       struct cdn_durable_txn *txn, cordon_error *err);
/* What batch, if any, was noted and not ended. */
cordon_status cdn_proposals_batch_noted(struct cdn_proposals_batch *out,
                                        cordon_proposals *log, cordon_error *err);
/* In one transaction: mark the conflicts, and note the batch if it has entries; its token is
 * made here, of what is in it.
 * Errors: CORDON_E_CONFLICT one of them is no longer accepted, or a batch is noted. */
cordon_status cdn_proposals_batch_begin(cordon_proposals *log,
                                        struct cdn_proposals_batch *batch,
                                        const struct cdn_proposals_conflict *conflicts,
                                        size_t conflict_count, const char *author,
                                        cordon_error *err);
/* End the noted batch: its entries are applied in its generation, or accepted as before. */
cordon_status cdn_proposals_batch_end(cordon_proposals *log, bool applied,
                                      const char *author, cordon_error *err);

/* ---- the log inside (proposals.c), for decisions and batches ---- */

struct cdn_durable *cdn_proposals_file(cordon_proposals *log); /* borrowed */

/* An entry; CORDON_E_NOTFOUND, CORDON_E_CORRUPT. */
cordon_status cdn_proposals_entry(struct cdn_proposal_entry *out,
                                  struct cdn_durable_txn *txn, uint64_t sequence,
                                  cordon_error *err);
/* Write an entry's new state, author, reason, time and generation. */
cordon_status cdn_proposals_change(struct cdn_durable_txn *txn,
                                   struct cdn_proposal_entry *entry,
                                   cordon_proposal_state state, const char *author,
                                   const char *reason, uint64_t generation,
                                   cordon_error *err);

#endif
