/* Policies: who may run which rule, and what of the graph a rule sees for them.
 *
 * A policy is a Lua table (src/engine/README.md has the language), read once, checked whole
 * and then immutable.  Principals are named in it; a request names one of them
 * (cordon_request.principal).  What the policy does not grant is not granted: a principal
 * it does not name may do nothing.  A request without a principal is the host's own, to
 * which policies do not apply.
 *
 * Threads: a policy is shared; every function here is safe from any thread. */
#ifndef CORDON_POLICY_H
#define CORDON_POLICY_H

#include <stddef.h>

#include <cordon/engine.h>
#include <cordon/error.h>

typedef struct cdn_policy cordon_policy;

/* A longer text is refused. */
#define CORDON_POLICY_MAX_BYTES (1024u * 1024u)

#ifdef __cplusplus
extern "C" {
#endif

/* Read a policy from a file.  `mask_key` of a policy is read as well: "file:NAME" (beside
 * the policy unless NAME begins with /; 32 bytes or more) or "env:NAME".
 *
 * Ownership: *out is the caller's; cordon_policy_release() it.
 * Errors:    CORDON_E_RULE     the chunk fails, with file and line
 *            CORDON_E_DATA     the first fault of the table, with file and line, or of the
 *                              key
 *            CORDON_E_NOTFOUND no such file, CORDON_E_IO, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_policy_load_file(cordon_policy **out,
                                                    const char *path,
                                                    cordon_error *err);

/* Read a policy from text: no file and no environment is looked at.  `file` names the text
 * in messages; it is not opened.  `mask_key`: the secret of hash masks, at least 32 bytes,
 * in place of what the policy names; NULL: none, and a policy that hashes is refused.
 * Errors: CORDON_E_RULE, CORDON_E_DATA, CORDON_E_INVALID a short key, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_policy_load_text(
    cordon_policy **out, const char *text, size_t bytes, const char *file,
    const void *mask_key, size_t mask_key_bytes, cordon_error *err);

/* One more reference.  Returns policy; accepts NULL. */
CORDON_EXPORT cordon_policy *cordon_policy_retain(cordon_policy *policy);
/* One reference less; the last frees it.  Accepts NULL. */
CORDON_EXPORT void cordon_policy_release(cordon_policy *policy);

/* Let evaluations from now on be held to `policy`; the engine keeps its own reference.
 * NULL: none, and only the host itself, without a principal, can evaluate.  It is compiled
 * against the engine's snapshot, and again against each later one; what does not fit leaves
 * engine and snapshot as they are.
 * Errors: CORDON_E_DATA    a mask that fits nothing in the snapshot
 *         CORDON_E_INVALID a wall that does not work here, nor one stronger; those that a
 *                          policy names are tried, each once in an engine's life
 *         CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_engine_set_policy(cordon_engine *engine,
                                                     cordon_policy *policy,
                                                     cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
