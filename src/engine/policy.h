/* A policy: principals by name, each with a role, the sum of what it may do.
 *
 * A policy knows no snapshot: it holds names.  cdn_grant_compile() turns the part of a role
 * that speaks of the graph into bitsets over one snapshot's numbers.  Principals whose roles
 * say the same about the graph share a role *number*: bindings are made once for each
 * number, not for each principal.
 *
 * Everything is immutable once loaded and lives as long as the policy; a policy is counted
 * (cordon_policy_retain, cordon_policy_release) and shared by threads.
 *
 * What is left out of a role is not granted: no rules, no reads, no proposals, no priority.
 * Left out of it, hops and ceilings are the engine's own, quotas do not exist, and all of
 * `output` is handed over. */
#ifndef CDN_ENGINE_POLICY_H
#define CDN_ENGINE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/outcome.h>
#include <cordon/policy.h>
#include <cordon/wall.h>

#include "graph/grant.h"
#include "rule/rule.h"
#include "sandbox/meter.h"

#define CDN_POLICY_MAX_PRINCIPALS 1024 /* and as many roles */
#define CDN_POLICY_MAX_WORD       64   /* bytes of a name */

/* How much in how long.  Zero in a field: no such quota. */
struct cdn_quota {
    double rate;          /* requests a second ... */
    double burst;         /* ... and how many at once before that counts */
    uint32_t concurrency; /* requests in flight */
    double cost_per_s;    /* instructions a second */
};

/* The names a table gives to one label or edge type. */
struct cdn_policy_names {
    const char *owner;
    bool every; /* "*" */
    uint32_t count;
    const char **names; /* sorted */
};

struct cdn_policy_mask {
    const char *owner;
    const char *property; /* "key": of the nodes */
    enum cdn_mask_kind kind;
    uint32_t characters;
    double width;
};

struct cdn_propose_grant;

struct cdn_role {
    const struct cdn_policy *policy;
    const char *principal; /* its name */
    const char *role;      /* whose fields it has where it gives none; NULL: none's */
    uint32_t given;        /* bit a field of the language that it gives itself */
    uint32_t number;       /* below policy->role_count */
    uint32_t rule_count;   /* globs over rule names: * and ? */
    const char **rules;
    uint32_t tag_count; /* rules with any of these tags */
    const char **tags;
    bool reads_everything;
    uint32_t read_count;
    struct cdn_policy_names *reads; /* sorted by owner */
    uint32_t mask_count;
    struct cdn_policy_mask *masks; /* sorted by owner and property */
    uint32_t hops;                 /* 0: not bounded here */
    struct cdn_budget
        ceilings; /* 0 in a field: the engine's; hops the lesser of both */
    bool every_output;
    uint32_t output_count;
    const char **output; /* sorted: fields of `output` that are handed over */
    struct cdn_quota quota;
    uint32_t max_priority; /* at most CORDON_MAX_PRIORITY */
    cordon_wall wall;      /* the weakest that rules run behind for it */
    cordon_slice slice;    /* what workers see for it, at most */
    uint32_t slice_hops;   /* of CORDON_SLICE_HOPS, else 0 */
    const struct cdn_propose_grant *propose; /* proposals.h; NULL: nothing */
    double audit; /* the share of decisions recorded, 0 to 1 */
};

struct cdn_policy_rule {
    const char *name;
    struct cdn_quota quota;
};

struct cdn_policy {
    _Atomic uint32_t references;
    const char *file;
    const char *source; /* the text, for lines */
    size_t source_bytes;
    uint32_t principal_count;
    struct cdn_role *principals; /* sorted by name */
    uint32_t role_count;         /* role numbers: at most as many as principals */
    const uint32_t *firsts;      /* by role number: the first principal that has it */
    uint32_t rule_count;
    struct cdn_policy_rule *rules; /* quotas of rules, sorted by name */
    const char *key_source;        /* "file:..." or "env:..."; NULL: not given */
    bool hashes;                   /* some role has a hash mask */
    unsigned char mask_key[CDN_MASK_KEY_BYTES];
    void *blocks; /* everything above that is allocated */
};

/* ---- policy.c: a text to a policy ---- */

/* Every fault of the table is in `findings` (may be NULL; else it must be empty, and is the
 * caller's to deinit whatever comes back), by line, the first of them in err.  Looks at no
 * file and no environment: hash masks have no key until cdn_policy_set_key().
 * Errors: CORDON_E_RULE the chunk fails, CORDON_E_DATA a fault of the table,
 *         CORDON_E_NOMEM. */
cordon_status cdn_policy_load(struct cdn_policy **out, const char *text, size_t bytes,
                              const char *file, struct cdn_findings *findings,
                              cordon_error *err);
/* The same for a file, and its key.  Errors: also CORDON_E_NOTFOUND, CORDON_E_IO. */
cordon_status cdn_policy_load_file(struct cdn_policy **out, const char *path,
                                   struct cdn_findings *findings, cordon_error *err);
void cdn_policy_free(struct cdn_policy *policy); /* whatever its references */

/* Before it is shared.  Errors: CORDON_E_INVALID fewer than 32 bytes. */
cordon_status cdn_policy_set_key(struct cdn_policy *policy, const void *key,
                                 size_t bytes, cordon_error *err);

/* ---- policy_ask.c: what a policy says ---- */

/* The number of a principal; -1: the policy does not name it. */
int32_t cdn_policy_principal(const struct cdn_policy *policy, const char *name);
const struct cdn_role *cdn_policy_role(const struct cdn_policy *policy,
                                       int32_t principal);
/* The role that stands for all of one number, for cdn_grant_compile(). */
const struct cdn_role *cdn_policy_number(const struct cdn_policy *policy,
                                         uint32_t number);
/* "no principal 'x'; did you mean 'y'?" into out. */
const char *cdn_policy_unknown(char *out, size_t size, const struct cdn_policy *policy,
                               const char *name);
/* May it run the rule of this name and these tags?  Neither allocates nor locks. */
bool cdn_role_may_run(const struct cdn_role *role, const char *rule, uint32_t tag_count,
                      char *const *tags);
/* The quota of a rule; NULL: it has none. */
const struct cdn_quota *cdn_policy_rule_quota(const struct cdn_policy *policy,
                                              const char *rule);
/* How many of 10,000 of its decisions are not to be recorded; NULL, the host: none. */
uint32_t cdn_role_unrecorded(const struct cdn_role *role);
/* May it propose to set a property of a label's nodes, or an edge of a type? */
bool cdn_role_may_set(const struct cdn_role *role, const char *label,
                      const char *property);
bool cdn_role_may_link(const struct cdn_role *role, const char *type);
/* Does `name` match a glob of * (any run of characters) and ? (any one)? */
bool cdn_policy_glob(const char *glob, const char *name);

/* ---- policy_grant.c: a role to a grant ---- */

/* What a role may read of a snapshot (NULL: of none).  The grant names the role's principal
 * in messages.  Names in `reads` that the snapshot does not have grant nothing.  A mask that
 * fits nothing is an error: a misspelt one would leave bare what it was to cover.
 * Errors: CORDON_E_DATA with the policy's file and line, CORDON_E_NOMEM. */
cordon_status cdn_grant_compile(struct cdn_grant **out, const struct cdn_role *role,
                                const cordon_snapshot *snapshot, cordon_error *err);
/* The same of a graph that need not have all that the policy names, as one in a request: a mask
 * of what it does not have covers nothing.  Errors: a mask that cannot be put on what it names,
 * CORDON_E_NOMEM. */
cordon_status cdn_grant_compile_part(struct cdn_grant **out,
                                     const struct cdn_role *role,
                                     const cordon_snapshot *snapshot,
                                     cordon_error *err);
void cdn_grant_free(struct cdn_grant *grant); /* accepts NULL */

/* Every name of the policy that the snapshot does not have, with what was perhaps meant,
 * appended by line.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_policy_check(struct cdn_findings *findings,
                               const struct cdn_policy *policy,
                               const cordon_snapshot *snapshot, cordon_error *err);

/* ---- policy_output.c: what of a result is handed over ---- */

/* Take out of the outcome's `output` the fields that the role may not see, in place: neither
 * allocates nor locks.  An output that is no table is handed over whole or, to a role with a
 * list of fields, not at all. */
void cdn_output_filter(cordon_outcome *outcome, const struct cdn_role *role);

#endif
