/* A result that comes as bytes, from behind a wall, held to the same contract as one that
 * Lua returned (result.c). */
#ifndef CDN_RULE_ACCEPT_H
#define CDN_RULE_ACCEPT_H

#include "rule/outcome.h"
#include "rule/rule.h"

/* Take `bytes`, the map that cordon_outcome_result() hands out, into the outcome, whose result
 * must have room for them.  Everything about them is checked, their order too: what is taken
 * is what a run in this process could have made.
 * Errors: CORDON_E_DATA what is wrong; then the outcome has no result. */
cordon_status cdn_result_accept(cordon_outcome *outcome, const struct cdn_rule *rule,
                                const void *bytes, size_t size, cordon_error *err);

#endif
