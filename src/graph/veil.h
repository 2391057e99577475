/* Grants over slices: what of a snapshot is cut for a worker that is to see nothing but what is
 * granted, and what the grant is over there.
 *
 * A masked value is in no such slice: what stands in for it is, made here with the code that
 * hands masked values to rules (mask.h), and the grant that goes with the slice says that it is
 * there already and has no secret.  Rules read the same, are charged the same, and their digests
 * are the same: of a hashed text there are behind its digits as many bytes as it has KiBs, since
 * that is what hashing it costs (which the count of instructions tells anyway).
 *
 * Numbers of labels, relations and properties are the snapshot's in all of its slices. */
#ifndef CDN_GRAPH_VEIL_H
#define CDN_GRAPH_VEIL_H

#include "graph/grant.h"
#include "snapshot/slice.h"

/* What all slices of a snapshot under a grant have in common; immutable, for any threads. */
struct cdn_veil {
    struct cdn_slice_plan *plan;
    const struct cdn_grant *grant; /* over the slices */
    /* what those point to: */
    struct cdn_slice_grant bits;
    struct cdn_slice_veil masks;
    struct cdn_grant own;
    struct cdn_mask *own_masks;
    struct cdn_slice_mask *slice_masks;
};

/* `snapshot` and `grant` are borrowed as long as it lives.
 * Errors: CORDON_E_INVALID masked keys that there is no room for; CORDON_E_NOMEM. */
cordon_status cdn_veil_new(struct cdn_veil **out, const cordon_snapshot *snapshot,
                           const struct cdn_grant *grant, cordon_error *err);
void cdn_veil_free(struct cdn_veil *veil); /* accepts NULL */

/* As cdn_slice_make(); how->plan and how->veil_ud are set here. */
cordon_status cdn_veil_cut(struct cdn_buf *out, const struct cdn_veil *veil,
                           const cordon_snapshot *snapshot,
                           const struct cdn_grant *grant, struct cdn_slice_how how,
                           cordon_error *err);

#endif
