/* What shadows answered, out of a decision log: each shadow's record beside that of what
 * decided the same request. */
#ifndef CDN_CLI_SHADOW_LOG_H
#define CDN_CLI_SHADOW_LOG_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "base/error.h"

#define CDN_SHADOW_WORD_BYTES 64
#define CDN_SHADOW_CHANGES    32

/* How often a shadow said one thing where another was decided; "" is no decision. */
struct cdn_shadow_change {
    char decided[CDN_SHADOW_WORD_BYTES + 1];
    char shadow[CDN_SHADOW_WORD_BYTES + 1];
    uint64_t count;
};

struct cdn_shadow_tally {
    /* given */
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    uint32_t version;
    int64_t since_ms; /* records before that are left out */
    /* found */
    uint64_t compared;
    uint64_t mismatches; /* of them, those that decided otherwise */
    /* Shadows' records that could not be compared: masked, stopped by the clock, or without
     * the record of what decided. */
    uint64_t apart;
    uint64_t instructions_decided; /* over all that were compared */
    uint64_t instructions_shadow;
    uint32_t change_count; /* in the order met; what is more is only in `mismatches` */
    struct cdn_shadow_change changes[CDN_SHADOW_CHANGES];
};

/* Read the log in the folder `dir` once, and fill all of `tallies`.
 * Errors: those of cordon_audit_reader_next(); what was found before stays. */
cordon_status cdn_shadow_log_read(struct cdn_shadow_tally *tallies, size_t count,
                                  const char *dir, cordon_error *err);

#endif
