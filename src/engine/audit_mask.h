/* Taking things out of a record before it is written.
 *
 * A mask is a JSON pointer into a record and what stands in for the value there.  Only what a
 * user or a rule put into a record can be masked (input, result, error, requested_by,
 * traceparent, calls): what names the decision stays.
 *
 * What a mask took out of input, result or error may stand in what a host function was asked or
 * answered.  Where one met something there, and none of them is about `calls`, `calls` goes as
 * a whole and counts as erased: whoever wants it kept says what of it is to be masked. */
#ifndef CDN_ENGINE_AUDIT_MASK_H
#define CDN_ENGINE_AUDIT_MASK_H

#include <cordon/audit.h>

#include "base/buf.h"
#include "base/error.h"

#define CDN_AUDIT_MAX_MASKS 64
#define CDN_AUDIT_MAX_STEPS 24 /* of one pointer */

struct cdn_audit_mask {
    char *path;  /* as given */
    char *with;  /* NULL: erase */
    char *steps; /* unescaped, each ended by a NUL */
    uint32_t step_count;
    uint32_t step_at[CDN_AUDIT_MAX_STEPS]; /* where each begins in `steps` */
};

struct cdn_audit_masks {
    struct cdn_audit_mask *items;
    size_t count;
};

/* Errors: CORDON_E_INVALID a path that is no pointer, or leads where nothing may be masked;
 * CORDON_E_NOMEM. */
cordon_status cdn_audit_masks_init(struct cdn_audit_masks *out,
                                   const cordon_audit_mask *given, size_t count,
                                   cordon_error *err);
void cdn_audit_masks_deinit(struct cdn_audit_masks *masks);

/* Append the record without what is masked.  An element of an array is replaced by nil where
 * it is erased, so that the others keep their places.
 * Errors: CORDON_E_DATA not a record, CORDON_E_NOMEM. */
cordon_status cdn_audit_masks_apply(struct cdn_buf *out,
                                    const struct cdn_audit_masks *masks,
                                    const void *record, size_t bytes,
                                    cordon_error *err);

#endif
