/* Between load.c, image.c, request.c and result.c: what a rule's image is made of. */
#ifndef CDN_RULE_IMAGE_H
#define CDN_RULE_IMAGE_H

#include <lua.h>

#include "rule/host.h"

/* Push the `request` object for a rule's image.                            [-0, +1, e] */
CDN_RAISES void cdn_request_open(lua_State *L, const struct cdn_rule *rule);

/* What a trace is told of a value: `request` and its parameters in words, all else as
 * cdn_tell_value() says it.  `ud` is the run's struct cdn_rule_host. */
const char *cdn_request_tell(void *ud, lua_State *L, int index, char *out, size_t size);

/* Check what evaluate returned, at `index`, and encode it into the run's outcome.  What does
 * not fit the contract is noted there (host->invalid); only limits are raised.
 *                                                                          [-0, +0, e] */
CDN_RAISES void cdn_result_take(lua_State *L, int index, struct cdn_rule_host *host);

/* Why building an image did not end well, as CORDON_E_RULE. */
cordon_status cdn_rule_load_fault(struct cdn_slot *slot, enum cdn_run run,
                                  const char *file, cordon_error *err);

#endif
