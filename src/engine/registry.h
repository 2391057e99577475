/* What the engine asks of its registry, beyond the public functions.
 *
 * A running engine polls the sequence (one short read transaction) and, where it moved,
 * takes all standings at once: they are of one moment, whose sequence comes with them.
 * Nothing here is for the evaluation path: every call enters LMDB, and most allocate.
 *
 * Threads and processes: as cordon/registry.h. */
#ifndef CDN_ENGINE_REGISTRY_H
#define CDN_ENGINE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/registry.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/breaker.h"

/* One object; the fields are those of cordon_standing. */
struct cdn_standing {
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_object_kind kind;
    cordon_object_state state;
    uint32_t active, previous, newest;
    uint32_t variant_count;
    cordon_rollout_variant variants[CORDON_REGISTRY_MAX_VARIANTS];
    uint32_t shadow_count;
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS];
    bool guarded;
    cordon_guard guard;
    uint32_t trust_count;
    cordon_trust trusts[CORDON_REGISTRY_MAX_TRUSTS];
    uint64_t revision;
};

struct cdn_standings {
    struct cdn_standing *items; /* by name */
    size_t count;
    uint64_t sequence; /* of the last change they know of */
};

/* Grows with every change; 0: nothing was ever changed.  UINT64_MAX: it cannot be read;
 * cdn_registry_standings() then says why. */
uint64_t cdn_registry_sequence(cordon_registry *registry);

/* All objects, as of one moment.  Free with cdn_standings_deinit(), also on failure. */
cordon_status cdn_registry_standings(struct cdn_standings *out,
                                     cordon_registry *registry, cordon_error *err);
void cdn_standings_deinit(struct cdn_standings *standings);

/* The engine's word: texts that are pushed, or are to be activated, are read behind that wall
 * (CDN_WALL_NONE: not at all), or the one that the host said if it is stronger, by that program
 * (NULL: there is none). */
void cdn_registry_read_behind(cordon_registry *registry, uint32_t wall,
                              const char *worker);

/* Append the text, or the cases ("" if none came with it), of a version (0: the newest).
 * Errors: CORDON_E_NOTFOUND. */
cordon_status cdn_registry_text(struct cdn_buf *out, cordon_registry *registry,
                                const char *name, uint32_t version, cordon_error *err);
cordon_status cdn_registry_cases(struct cdn_buf *out, cordon_registry *registry,
                                 const char *name, uint32_t version, cordon_error *err);

/* Some version with this text: the first by name and number.  Errors: CORDON_E_NOTFOUND. */
cordon_status cdn_registry_find_hash(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                     uint32_t *version, cordon_registry *registry,
                                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                                     cordon_error *err);

/* The guard's act: end the rollout because of variant `version`, with the evidence kept in
 * the standing and in history, by the author "guard".  `revision` is the standing that was
 * judged; 0: whatever it is.
 * Errors: CORDON_E_CONFLICT that version takes part in no rollout any more, or the standing
 * is another by now. */
cordon_status cdn_registry_abort(cordon_registry *registry, const char *name,
                                 uint32_t version, uint64_t revision,
                                 const char *evidence, cordon_error *err);

/* What a decision log is to be told of a trip: written down in the same change, so that whoever
 * finds it later can tell it in the place of who did not live to. */
struct cdn_trip_note {
    /* Append it; `sequence` is the change's.  The buffer's `failed` tells of memory. */
    void (*put)(struct cdn_buf *out, const void *ud, uint64_t sequence);
    const void *ud;
    uint64_t sequence; /* receives that */
};

/* The breaker's act: version `version` runs behind no weaker wall than `wall`; CDN_WALL_NONE: it
 * is taken out of service, an active one paused, a variant's rollout ended, a shadow's shadow.
 * Author "breaker", the evidence in history.  `note` may be NULL: there is no log to be told.
 * Errors: CORDON_E_CONFLICT it stands so already, by the same act of another process or by an
 * operator's, or that version runs no more. */
cordon_status cdn_registry_trip(cordon_registry *registry, const char *name,
                                uint32_t version, uint32_t wall, const char *evidence,
                                struct cdn_trip_note *note, cordon_error *err);

/* The first note behind change `after` that no log is known to have been told, appended to
 * `note`.  Errors: CORDON_E_NOTFOUND there is none; CORDON_E_CORRUPT with *sequence above `after`
 * it is that change's, and cannot be read. */
cordon_status cdn_registry_untold(uint64_t *sequence, struct cdn_buf *note,
                                  cordon_registry *registry, uint64_t after,
                                  cordon_error *err);
/* The note of that change is told, and need not be kept; it may be gone. */
cordon_status cdn_registry_told(cordon_registry *registry, uint64_t sequence,
                                cordon_error *err);

/* ---- registry_runs.c ---- */

/* How often a version ran, as far as that was kept. */
struct cdn_runs {
    const char *name;
    uint32_t version;
    uint64_t more; /* than was kept of this engine's before */
    uint64_t all;  /* receives what is kept now, of all engines' */
};

/* Errors: CORDON_E_CORRUPT. */
cordon_status cdn_registry_runs(uint64_t *runs, cordon_registry *registry,
                                const char *name, uint32_t version, cordon_error *err);
/* Add to what is kept, of all of them in one transaction, which is no change of anything.  A
 * record that is damaged begins anew.
 * Errors: CORDON_E_DENIED, CORDON_E_BUSY, CORDON_E_NOMEM: nothing was added.  After any other it
 *         may have been. */
cordon_status cdn_registry_add_runs(cordon_registry *registry, struct cdn_runs *runs,
                                    size_t count, cordon_error *err);

/* Load a text as far as that goes without a snapshot: a rule under an engine's own limits, a
 * set as its own table.  `name` receives what it calls itself.  Errors: as cdn_read_rule(). */
cordon_status cdn_registry_load(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                cordon_registry *registry, cordon_object_kind kind,
                                const char *source, size_t bytes, const char *file,
                                cordon_error *err);

#endif
