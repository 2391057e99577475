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

#include "rule/host.h"
#include "rule/rule.h"

/* What an engine keeps of a cordon_function: nothing borrowed. */
struct cdn_host_function {
    char name[CDN_RULE_MAX_WORD + 1];
    cordon_function_body body;
    void *ud;
    uint32_t flags;
    uint64_t cost;
};

/* Host memory that one slot needs for calls: arguments, the result, then all answers. */
#define CDN_ANSWERS_ROOM   ((size_t)CORDON_FUNCTION_MAX_BYTES)
#define CDN_FUNCTIONS_ROOM (2 * (size_t)CORDON_FUNCTION_MAX_BYTES + CDN_ANSWERS_ROOM)

/* One call that is under way; lives on the C stack of the call. */
struct cordon_call {
    const struct cdn_slot *slot; /* NULL: the rule runs behind a wall, and instead: */
    uint64_t until_ns;           /* when its time is over */
    const cordon_cancel *cancel; /* or NULL */
    const struct cdn_host_function *function;
    uint64_t arguments; /* XXH3 of them as msgpack */
};

/* One call's answer, as it stands in a cdn_answers. */
struct cdn_answer {
    uint64_t arguments; /* as above */
    uint32_t function;  /* its number in the rule's list */
    bool failed;
    uint32_t bytes; /* of a value as msgpack, 0: nil; if it failed of a text */
    const unsigned char *data; /* borrowed from the answers */
};

/* Give a run's functions their memory, CDN_FUNCTIONS_ROOM bytes aligned to 8. */
void cdn_functions_give_room(struct cdn_rule_host *host, unsigned char *room);

/* Call a function for a rule that runs behind a wall, with what it was called with there (an
 * array).  What it answers is noted as ever, and is in `result`, in the room of `host`.
 * Errors: the function's own, with the text that the rule gets. */
cordon_status cdn_functions_call(cordon_builder *result, struct cdn_rule_host *host,
                                 const struct cdn_host_function *function,
                                 uint32_t number, const void *arguments, size_t bytes,
                                 uint64_t until_ns, const cordon_cancel *cancel,
                                 cordon_error *err);

void cdn_answers_clear(struct cdn_answers *answers);
/* The next answer; *at begins as 0.  False: there is none. */
bool cdn_answers_next(struct cdn_answer *out, const struct cdn_answers *answers,
                      uint32_t *at);

/* Set the global `host` for a rule's image; nothing if the rule lists no function.
 *                                                                          [-0, +0, e] */
CDN_RAISES void cdn_functions_open(lua_State *L, const struct cdn_rule *rule);

/* The same while the contract is read, when nobody knows yet what it will list: every name
 * is there, and calling any is an error.                                    [-0, +0, e] */
CDN_RAISES void cdn_functions_open_unread(lua_State *L);

#endif
