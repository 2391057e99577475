/* cordon.lua: what a project is, and where its rules lie.
 *
 *     return {
 *       name   = "myrules",
 *       rules  = { "rules" },               -- folders, or files; { "rules" } if left out
 *       schema = "schemas/bank.lua",        -- names in `reads` are checked against it
 *       grants = "policy.lua",              -- a policy, checked with the rules
 *       limits = {                          -- profiles, for --limits NAME
 *         batch = { instructions = 1e8, edges = 1e7, time = "10s", memory = "4MiB" },
 *       },
 *     }
 *
 * It is evaluated in the sandbox, without a graph, and may come from a stranger: a name it
 * does not know is refused, and every path lies below the manifest's own folder.  It stands in
 * the folder that a command runs in; no other folder is searched, so that nobody is run by a
 * manifest somebody left in /tmp. */
#ifndef CDN_CLI_PROJECT_MANIFEST_H
#define CDN_CLI_PROJECT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/evaluate.h>

#include "base/error.h"

#define CDN_MANIFEST_FILE         "cordon.lua"
#define CDN_MANIFEST_MAX_BYTES    ((size_t)64 << 10)
#define CDN_MANIFEST_MAX_ROOTS    64
#define CDN_MANIFEST_MAX_PROFILES 16

struct cdn_profile {
    const char *name;
    cordon_limits limits; /* 0: not said */
};

struct cdn_manifest {
    const char *name;
    const char **roots; /* as they are written: relative to the manifest's folder */
    uint32_t root_count;
    const char *schema; /* NULL: none */
    const char *grants; /* NULL: none */
    struct cdn_profile
        profiles[CDN_MANIFEST_MAX_PROFILES]; /* in order of their names */
    uint32_t profile_count;
    void *blocks; /* what the texts lie in */
};

/* Is there one in the current folder? */
bool cdn_manifest_here(void);

/* Ownership: out's, until cdn_manifest_deinit(), on failure too.
 * Errors:    CORDON_E_RULE, CORDON_E_DATA with file and line; CORDON_E_NOTFOUND, CORDON_E_IO,
 *            CORDON_E_NOMEM. */
cordon_status cdn_manifest_read(struct cdn_manifest *out, const char *path,
                                cordon_error *err);
/* The same of a text; `file` is for messages, and borrowed for the call. */
cordon_status cdn_manifest_parse(struct cdn_manifest *out, const char *text,
                                 size_t bytes, const char *file, cordon_error *err);
void cdn_manifest_deinit(struct cdn_manifest *manifest);

/* Take the profile's limits where `to` says nothing.
 * Errors: CORDON_E_INVALID there is no such profile; names those that are. */
cordon_status cdn_manifest_limits(cordon_limits *to,
                                  const struct cdn_manifest *manifest,
                                  const char *profile, cordon_error *err);

/* Each root is there, and no link leads it out of the current folder, which is the manifest's.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_DATA it leads out. */
cordon_status cdn_manifest_check_roots(const struct cdn_manifest *manifest,
                                       cordon_error *err);

/* The files of rules below the roots: *.lua without tests (*_test.lua, folders called spec),
 * without what begins with a dot, links to folders not followed.
 *
 * Ownership: *storage holds the texts, each ended by a NUL, in order of their names, each
 *            once; the caller deinits it.
 * Errors:    CORDON_E_NOTFOUND, CORDON_E_IO a root that is not there or cannot be read;
 *            CORDON_E_DATA too many files; CORDON_E_NOMEM. */
struct cdn_buf;
cordon_status cdn_manifest_rules(struct cdn_buf *storage, size_t *count,
                                 const struct cdn_manifest *manifest,
                                 cordon_error *err);

#endif
