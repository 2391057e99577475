/* What generations a store has, which of them must stay, and removing the others.
 *
 * A generation stays if CURRENT names it, if it is *pinned* (a file beside it says so, and
 * why), or if it is *open* in any process (file.h: a shared flock).  Pins and removals are
 * decided under the generation's exclusive flock, so that none of the three can come
 * between the look and the unlink. */
#ifndef CDN_SNAPSHOT_GENERATIONS_H
#define CDN_SNAPSHOT_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CDN_PIN_REASON_BYTES 200

enum cdn_generation_fate {
    CDN_GENERATION_STAYS, /* CURRENT names it, or it is among the newest that are kept */
    CDN_GENERATION_PINNED,  /* stays because of that */
    CDN_GENERATION_OPEN,    /* the same */
    CDN_GENERATION_REMOVED, /* or would be, in a dry run */
};

struct cdn_generation {
    uint64_t number;
    uint64_t bytes;
    int64_t written_ms;
    bool current;
    bool pinned;
    bool open; /* in this process or another; also if that cannot be told */
    int64_t pinned_ms;
    char reason[CDN_PIN_REASON_BYTES +
                1];                /* of the pin, as it was given; may be empty */
    enum cdn_generation_fate fate; /* of a collection */
};

/* Of one store, ascending by number. */
struct cdn_generations {
    struct cdn_generation *items;
    size_t count;
};

/* Errors: CORDON_E_NOTFOUND no store, or no CURRENT in it; CORDON_E_CORRUPT, CORDON_E_IO,
 * CORDON_E_NOMEM. */
cordon_status cdn_generations_list(struct cdn_generations *out, const char *store,
                                   cordon_error *err);
void cdn_generations_deinit(struct cdn_generations *generations);

/* Pin a generation, durably; a pin that is there is replaced.  `reason` may be empty.
 * Errors: CORDON_E_NOTFOUND no such generation, CORDON_E_INVALID a reason that is too long,
 * has control characters or is not UTF-8, CORDON_E_BUSY, CORDON_E_IO. */
cordon_status cdn_generation_pin(const char *store, uint64_t number, const char *reason,
                                 cordon_error *err);
/* Errors: CORDON_E_NOTFOUND it is not pinned, CORDON_E_IO. */
cordon_status cdn_generation_unpin(const char *store, uint64_t number,
                                   cordon_error *err);

/* Remove every generation but the current one, the `keep` - 1 newest before it, and what is
 * pinned or open; `keep` > 0.  With dry_run only the fates are found out.  On failure *out
 * tells what was removed before.
 * Errors: as for listing, and CORDON_E_BUSY somebody writes to the store. */
cordon_status cdn_generations_collect(struct cdn_generations *out, const char *store,
                                      uint64_t keep, bool dry_run, cordon_error *err);

#endif
