/* What policy.c and policy_read.c share: the walk over a policy's table.
 *
 * Each field of a role is read by a function of its own.  A fault ends that field, is noted,
 * and the walk goes on with the next, so that one look at a policy shows all that is wrong
 * with it. */
#ifndef CDN_ENGINE_POLICY_READ_H
#define CDN_ENGINE_POLICY_READ_H

#include "engine/policy.h"
#include "sandbox/spec.h"

#define CDN_POLICY_MAX_FINDINGS 100

struct cdn_policy_reader {
    struct cdn_spec table;
    struct cdn_policy *policy;
    struct cdn_findings *findings;
    cordon_error found; /* where the table's faults are put */
};

/* Note what a step ended in and go back to `depth`.  Anything but a fault of the table is
 * handed on. */
cordon_status cdn_policy_note(struct cdn_policy_reader *reader, cordon_status status,
                              size_t depth);

/* Append; beyond CDN_POLICY_MAX_FINDINGS nothing.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_policy_find(struct cdn_findings *findings, uint32_t line,
                              const char *message, cordon_error *err);

/* The fields of a role; `map` is the table of it, role holds what it has where a field is
 * not given.  `principal`: whether it is one, and may say `role` (read by the caller). */
cordon_status cdn_policy_read_role(struct cdn_policy_reader *reader,
                                   struct cdn_role *role, const cordon_value *map,
                                   bool principal);
/* The fields of a quota. */
cordon_status cdn_policy_read_quota(struct cdn_policy_reader *reader,
                                    struct cdn_quota *out, const cordon_value *map);
/* A wall by its name. */
cordon_status cdn_policy_read_wall(struct cdn_policy_reader *reader, cordon_wall *out,
                                   const cordon_value *value);
/* A number between `least` and `most`; `whole`: without a fraction. */
cordon_status cdn_policy_read_number(struct cdn_policy_reader *reader, double *out,
                                     const cordon_value *value, double least,
                                     double most, bool whole);
/* `walls` and `breaker` of the whole. */
cordon_status cdn_policy_read_walls(struct cdn_policy_reader *reader,
                                    const cordon_value *root);
cordon_status cdn_policy_read_breaker(struct cdn_policy_reader *reader,
                                      const cordon_value *root);

/* The bit of a field in cdn_role.given. */
uint32_t cdn_policy_field(const char *name);

#endif
