/* One run's data in host memory: what a rule's native functions find through
 * cdn_slot_host().  One a slot, for the slot's life, so that its address is fixed. */
#ifndef CDN_RULE_HOST_H
#define CDN_RULE_HOST_H

#include <cordon/evaluate.h>

#include "graph/graph.h"
#include "rule/outcome.h"
#include "rule/rule.h"

struct cdn_host_function;

/* What the host's functions answered in one run, in the order of the calls, so that it can be
 * decided again without them (functions.h walks over it).  Filled while the rule runs. */
struct cdn_answers {
    unsigned char *room; /* CDN_ANSWERS_ROOM bytes aligned to 8; NULL: keep nothing */
    uint32_t bytes;      /* of it in use */
    uint32_t count;
    bool
        cut; /* there were more than there is room for; what is there is the beginning */
};

struct cdn_rule_host {
    struct cdn_graph_run graph; /* first: graph/ casts to it */
    const struct cdn_rule *rule;
    cordon_outcome *outcome;
    int64_t now_ms;
    int64_t as_of_ms; /* CORDON_NO_TIME: none */
    uint32_t node;    /* CDN_NO_NODE: no subject */
    /* The host's functions that the rule lists; NULL while no rule runs. */
    const struct cdn_host_function *const *functions;
    unsigned char *room; /* CDN_FUNCTIONS_ROOM for their values; the engine's */
    struct cdn_answers answers;
    uint64_t functions_ns; /* spent in them */
    bool nondeterministic; /* one was called whose result is not its arguments' */
    bool invalid; /* the result broke the contract; outcome->message says how */
    struct cdn_memo memo;
    cordon_value params[CDN_RULE_MAX_PARAMS]; /* by number; nil: not given */
};

#endif
