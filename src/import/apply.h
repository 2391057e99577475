/* Accepted proposals into a store's next generation.
 *
 * The generation is what an import of the present one would make with the proposals as
 * changes (base.h): updates laid over its nodes, edges added behind its own, in the order
 * they were proposed.  Each proposal is first held against the present generation; one that
 * does not fit it any more is a *conflict*, is marked as such, and nothing of it is applied:
 * a node or an end is gone, the schema has changed, a property is no longer what it was when
 * it was proposed (unless it is what was proposed).
 *
 * It happens once: proposals.h says how.  Killed at any point it has happened or it has not,
 * and the next run sets the log right first. */
#ifndef CDN_IMPORT_APPLY_H
#define CDN_IMPORT_APPLY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/proposal.h>

#include "base/error.h"

/* How far it is; told at each border and now and then between. */
enum cdn_apply_stage {
    CDN_APPLY_JUDGED,    /* what can be applied is known; nothing is written */
    CDN_APPLY_NOTED,     /* the batch is noted in the log */
    CDN_APPLY_WRITING,   /* the generation is being written */
    CDN_APPLY_WRITTEN,   /* it is in place, CURRENT not yet changed */
    CDN_APPLY_PUBLISHED, /* CURRENT names it, the log does not know */
    CDN_APPLY_ENDED      /* the log says `applied` */
};

struct cdn_apply_options {
    const char *store;
    const char *log;       /* the path of the log; NULL: the store's own */
    const char *temp;      /* the folder of temporary files; NULL: the store */
    const char *author;    /* who applies */
    uint64_t memory_bytes; /* 0: the writer's default */
    bool dry_run;          /* judge, change nothing */
    uint32_t block_shift;  /* 0: the writer's default; smaller in tests */

    /* All may be NULL. */
    /* Of each accepted proposal, in their order: applied (or would be), or in conflict, and why. */
    void (*judged)(void *ud, uint64_t sequence, cordon_proposal_kind kind,
                   const cordon_value *content, const char *conflict);
    void (*progress)(void *ud, enum cdn_apply_stage stage, double done);
    bool (*stopped)(void *ud); /* true: give up with CORDON_E_INTERRUPTED */
    void *ud;
};

struct cdn_apply_result {
    uint64_t settled; /* entries of a batch that had been left open */
    bool
        settled_applied; /* it had happened; else it had not, and they are tried again */
    uint64_t applied;    /* or would be */
    uint64_t conflicts;
    uint64_t updates;    /* of nodes, among the applied */
    uint64_t edges;      /* added */
    uint64_t left;       /* accepted, but more than fit into the memory: run it again */
    uint64_t base;       /* the generation they were held against */
    uint64_t generation; /* 0: none was published */
    uint64_t file_bytes;
    uint64_t wall_ns;
    char path[PATH_MAX];
};

/* Fills *out also on failure, as far as it came.
 * Errors: CORDON_E_NOTFOUND no store, no log; CORDON_E_BUSY somebody else writes to the
 *         store; CORDON_E_CONFLICT a proposal was decided on meanwhile; CORDON_E_CORRUPT,
 *         CORDON_E_DATA, CORDON_E_IO, CORDON_E_NOMEM, CORDON_E_INTERRUPTED */
cordon_status cdn_apply_run(struct cdn_apply_result *out,
                            const struct cdn_apply_options *options, cordon_error *err);

#endif
