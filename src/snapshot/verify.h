/* What the two halves of verification share. */
#ifndef CDN_SNAPSHOT_VERIFY_H
#define CDN_SNAPSHOT_VERIFY_H

#include <stdint.h>

#include "base/error.h"
#include "snapshot/snapshot.h"

struct cdn_verifier {
    const cordon_snapshot *snapshot;
    void (*report)(void *ud, const char *finding);
    void *ud;
    uint64_t findings;
};

void cdn_verify_found(struct cdn_verifier *verifier, const char *format, ...)
    CDN_PRINTF(2, 3);

/* What a column stands for in findings, and how many values each block has. */
struct cdn_verify_column {
    const char *owner;     /* "Account", or "transfer Account->Account outgoing" */
    const uint64_t *first; /* block's first value; NULL: blocks of 2^shift */
    uint32_t shift;
    uint32_t count; /* without `first` */
};
void cdn_verify_column_values(struct cdn_verifier *verifier,
                              const struct cdn_column *column,
                              const struct cdn_verify_column *of);
void cdn_verify_dictionary(struct cdn_verifier *verifier,
                           const struct cdn_column *column, const char *owner);

/* Everything but checksums and padding, over arrays whose pointers are all there. */
cordon_status cdn_verify_view(const cordon_snapshot *raw,
                              void (*report)(void *ud, const char *finding), void *ud,
                              uint64_t *findings, cordon_error *err);

/* Both directions of a relation.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_verify_relation(struct cdn_verifier *verifier,
                                  const struct cdn_relation *relation,
                                  cordon_error *err);

#endif
