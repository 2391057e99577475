/* The host's functions as a rule sees them: `host`, with what its contract lists.
 *
 * `host` is an empty userdata whose metatable leads here, as `request` is.  The closures
 * behind it hold a number each; which function that is, is found in the run's data when it
 * is called.  So an image holds nothing of the host's, and a closure that outlived its run
 * would find the next run's data or none. */
#ifndef CDN_RULE_FUNCTIONS_H
#define CDN_RULE_FUNCTIONS_H

#include <lua.h>

#include <cordon/function.h>

#include "rule/rule.h"

/* What an engine keeps of a cordon_function: nothing borrowed. */
struct cdn_host_function {
    char name[CDN_RULE_MAX_WORD + 1];
    cordon_function_body body;
    void *ud;
    uint32_t flags;
    uint64_t cost;
};

/* Host memory that one slot needs for calls: arguments, then the result. */
#define CDN_FUNCTIONS_ROOM (2 * (size_t)CORDON_FUNCTION_MAX_BYTES)

/* Set the global `host` for a rule's image; nothing if the rule lists no function.
 *                                                                          [-0, +0, e] */
CDN_RAISES void cdn_functions_open(lua_State *L, const struct cdn_rule *rule);

/* The same while the contract is read, when nobody knows yet what it will list: every name
 * is there, and calling any is an error.                                    [-0, +0, e] */
CDN_RAISES void cdn_functions_open_unread(lua_State *L);

#endif
