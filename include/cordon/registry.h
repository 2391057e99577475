/* The registry: which version of which rule decides, who said so, and when.
 *
 * A registry is one file (and its lock file), usually rules.mdb in a store.  It holds
 * objects, rules and rule sets in one name space.  An object has versions 1, 2, ..., each an
 * immutable text that stays for good, and a standing: which version decides, which one
 * would after a rollback, what share of requests goes to which variant, which versions run
 * in the shadow.  Every change is one durable transaction that leaves a record of author,
 * time and reason; a process killed in the middle leaves the registry as it was.
 *
 * Ownership: strings given are borrowed for the call; what comes out is copied into the
 *            caller's structs.
 * Threads:   every function is safe from any thread, but cordon_registry_close(), for which
 *            no other call on the same handle may be under way.
 * Processes: any number may have one registry open.  Changes come one after another; a
 *            change waits at most five seconds for another's, then says CORDON_E_BUSY.
 *            Opening a registry twice in one process gives two handles of one open file.
 *            A handle is of no use in a child after fork().
 * Errors:    beyond those named at each function, CORDON_E_INVALID (an argument that must
 *            not be NULL, an unknown struct_size), CORDON_E_CORRUPT (damaged, and where),
 *            CORDON_E_IO, CORDON_E_BUSY and CORDON_E_NOMEM from any of them.
 * Caveats:   the file's pages are checked before it is mapped, each record when it is read.
 *            Not promised: a file that something else than this library writes to while it
 *            is open, and network file systems. */
#ifndef CORDON_REGISTRY_H
#define CORDON_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/standing.h>
#include <cordon/wall.h>

typedef struct cordon_registry cordon_registry;

#define CORDON_REGISTRY_CREATE    1u /* make it if there is none */
#define CORDON_REGISTRY_READ_ONLY 2u /* refuse every change */

/* Who changes something, and why.  Every change takes one. */
typedef struct cordon_change {
    size_t struct_size; /* sizeof(cordon_change) as the caller compiled it */
    const char *author; /* must be given: at most CORDON_REGISTRY_MAX_AUTHOR_BYTES */
    const char *reason; /* NULL: none given */
    /* The revision of the standing on which the change was decided: CORDON_E_CONFLICT if
     * the object was changed since.  0: whatever it is. */
    uint64_t expect_revision;
    bool dry_run; /* do everything, the checks too, but change nothing */
} cordon_change;

#define CORDON_CHANGE_INIT                                                             \
    {                                                                                  \
        sizeof(cordon_change), NULL, NULL, 0, false                                    \
    }

/* A version that is about to decide, for whoever checks it; borrowed for the call. */
typedef struct cordon_candidate {
    size_t struct_size; /* sizeof(cordon_candidate) as the library compiled it */
    cordon_object_kind kind;
    const char *name;
    uint32_t version;
    const char *file; /* what messages call the text */
    const char *source;
    size_t source_bytes;
    const char *cases; /* one request a line, with what is expected; rules/README.md */
    size_t cases_bytes;
    /* What it is to run behind while it is judged, and the program there; NULL: none is known. */
    cordon_wall wall;
    const char *worker;
} cordon_candidate;

/* Whether a version may decide; anything but CORDON_OK refuses it, and is what the call
 * that asked returns.  Called without any lock; it may use the registry for reading. */
typedef cordon_status cordon_check_function(void *ud, const cordon_candidate *candidate,
                                            cordon_error *err);

/* What a rollout is to be.  Versions differ from each other and from the active one, and
 * shares are at most CORDON_WHOLE together; what is left stays with the active version. */
typedef struct cordon_rollout {
    size_t struct_size; /* sizeof(cordon_rollout) as the caller compiled it */
    uint32_t variant_count;
    cordon_rollout_variant variants[CORDON_REGISTRY_MAX_VARIANTS];
    bool guarded;
    cordon_guard guard;
} cordon_rollout;

#ifdef __cplusplus
extern "C" {
#endif

/* Open the registry `path`; `flags` of those above.
 * Ownership: *out is the caller's; cordon_registry_close().
 * Errors: CORDON_E_NOTFOUND there is none, and it was not to be made
 *         CORDON_E_FORMAT   this is no registry, or a later one's */
CORDON_EXPORT cordon_status cordon_registry_open(cordon_registry **out,
                                                 const char *path, unsigned flags,
                                                 cordon_error *err);
CORDON_EXPORT void cordon_registry_close(cordon_registry *registry); /* accepts NULL */

/* ---- reading ---- */

/* How one object stands.  Errors: CORDON_E_NOTFOUND. */
CORDON_EXPORT cordon_status cordon_registry_standing(cordon_standing *out,
                                                     cordon_registry *registry,
                                                     const char *name,
                                                     cordon_error *err);
/* The first object behind `after` in byte order of the names; NULL: the first of all.
 * Errors: CORDON_E_NOTFOUND there is none. */
CORDON_EXPORT cordon_status cordon_registry_next(cordon_standing *out,
                                                 cordon_registry *registry,
                                                 const char *after, cordon_error *err);
/* One version; 0: the newest.  Errors: CORDON_E_NOTFOUND. */
CORDON_EXPORT cordon_status cordon_registry_version(cordon_version_info *out,
                                                    cordon_registry *registry,
                                                    const char *name, uint32_t version,
                                                    cordon_error *err);
/* Its text into `out` of `size` bytes, without a NUL; *bytes is the length it has, also
 * where it does not fit.  Errors: CORDON_E_NOTFOUND, CORDON_E_DATA it does not fit. */
CORDON_EXPORT cordon_status cordon_registry_source(char *out, size_t size,
                                                   size_t *bytes,
                                                   cordon_registry *registry,
                                                   const char *name, uint32_t version,
                                                   cordon_error *err);
/* The same of the cases that came with it: no byte if none did. */
CORDON_EXPORT cordon_status cordon_registry_cases(char *out, size_t size, size_t *bytes,
                                                  cordon_registry *registry,
                                                  const char *name, uint32_t version,
                                                  cordon_error *err);
/* The newest change before the sequence `before` (0: of all), of the object `name` or, if
 * that is NULL, of any.  Errors: CORDON_E_NOTFOUND there is none. */
CORDON_EXPORT cordon_status cordon_registry_history(cordon_change_record *out,
                                                    cordon_registry *registry,
                                                    const char *name, uint64_t before,
                                                    cordon_error *err);

/* ---- reading what comes in ---- */

/* A text that is pushed, and one that is to decide, is run once to know its contract: in this
 * process, or from now on by a worker of its own behind that wall, by the program `worker`, the
 * absolute path of cordon-worker (NULL behind CORDON_WALL_INPROC).  An engine that the registry is
 * attached to sees to that where its options or its policy have a wall for drafts; the stronger
 * one counts.  What does not load there is refused as elsewhere, also a text that its worker
 * did not survive.
 * Errors: CORDON_E_INVALID. */
CORDON_EXPORT cordon_status cordon_registry_read_behind(cordon_registry *registry,
                                                        cordon_wall wall,
                                                        const char *worker,
                                                        cordon_error *err);

/* ---- changing: errors also CORDON_E_NOTFOUND (no such object or version),
 * CORDON_E_CONFLICT, CORDON_E_DENIED (opened read-only), and CORDON_E_INVALID where the
 * standing does not allow it; the message says what does ---- */

/* Add a version.  The object's name is the one the text gives itself.  The text must load
 * without a snapshot.  Text and cases of the newest version give that version again.
 * `out` receives it; `file` is what messages call the text; `cases` may be NULL.
 * Errors: CORDON_E_RULE with file and line. */
CORDON_EXPORT cordon_status cordon_registry_push(
    cordon_version_info *out, cordon_registry *registry, cordon_object_kind kind,
    const char *source, size_t bytes, const char *file, const char *cases,
    size_t cases_bytes, const cordon_change *change, cordon_error *err);

/* Let a version (0: the newest) decide from now on, whatever the state was.  It must load
 * without a snapshot, and pass `check` if that is not NULL.  The version that decided
 * before is kept for a rollback; a running rollout ends. */
CORDON_EXPORT cordon_status cordon_registry_activate(cordon_registry *registry,
                                                     const char *name, uint32_t version,
                                                     cordon_check_function *check,
                                                     void *ud,
                                                     const cordon_change *change,
                                                     cordon_error *err);
/* Let the previous version decide again, whatever the state was, unchecked: it was good
 * once, and this must always work.  One step: a second rollback has nothing to go to. */
CORDON_EXPORT cordon_status cordon_registry_rollback(cordon_registry *registry,
                                                     const char *name,
                                                     const cordon_change *change,
                                                     cordon_error *err);
/* Stop deciding until it is resumed, and resume it. */
CORDON_EXPORT cordon_status cordon_registry_pause(cordon_registry *registry,
                                                  const char *name,
                                                  const cordon_change *change,
                                                  cordon_error *err);
CORDON_EXPORT cordon_status cordon_registry_resume(cordon_registry *registry,
                                                   const char *name,
                                                   const cordon_change *change,
                                                   cordon_error *err);
/* Stop deciding until a version is activated; rollout and shadows end. */
CORDON_EXPORT cordon_status cordon_registry_kill(cordon_registry *registry,
                                                 const char *name,
                                                 const cordon_change *change,
                                                 cordon_error *err);

/* Begin a rollout, or replace the running one.  Versions that do not take part yet are
 * checked as for an activation.  Rollouts and shadows are of rules, not of sets. */
CORDON_EXPORT cordon_status
cordon_registry_rollout(cordon_registry *registry, const char *name,
                        const cordon_rollout *rollout, cordon_check_function *check,
                        void *ud, const cordon_change *change, cordon_error *err);
/* Activate a variant (0: the only one), and end the rollout. */
CORDON_EXPORT cordon_status cordon_registry_promote(cordon_registry *registry,
                                                    const char *name, uint32_t version,
                                                    cordon_check_function *check,
                                                    void *ud,
                                                    const cordon_change *change,
                                                    cordon_error *err);
/* End the rollout; the active version decides alone. */
CORDON_EXPORT cordon_status cordon_registry_abort(cordon_registry *registry,
                                                  const char *name,
                                                  const cordon_change *change,
                                                  cordon_error *err);
/* The versions that run in the shadow from now on, in place of those before; 0 ends it.
 * Fewer than before is possible whatever the state. */
CORDON_EXPORT cordon_status cordon_registry_shadows(
    cordon_registry *registry, const char *name, const cordon_rollout_shadow *shadows,
    uint32_t count, const cordon_change *change, cordon_error *err);

/* ---- trust: rules, not sets.  `version` 0: every version, those to come as well ---- */

/* Have a version run behind no weaker wall than `wall` from now on, and behind that which
 * policies have for what is quarantined.  CORDON_WALL_INPROC: that alone.  Only ever more than
 * there was. */
CORDON_EXPORT cordon_status cordon_registry_quarantine(
    cordon_registry *registry, const char *name, uint32_t version, cordon_wall wall,
    const cordon_change *change, cordon_error *err);
/* Forget what the breaker or a quarantine said of a version (of `version` 0: of any), and have
 * it run behind no weaker wall than `wall`.  CORDON_WALL_INPROC: the policy says alone.  The
 * change must have a reason. */
CORDON_EXPORT cordon_status cordon_registry_trust(cordon_registry *registry,
                                                  const char *name, uint32_t version,
                                                  cordon_wall wall,
                                                  const cordon_change *change,
                                                  cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
