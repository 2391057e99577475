/* The one interface of all walls: where a rule runs.
 *
 * The in-process tier (inproc.c) runs it in a slot of the calling thread.  A stronger tier
 * runs the same rule code in another process, container or microVM and answers the same. */
#ifndef CDN_ISOLATION_TIER_H
#define CDN_ISOLATION_TIER_H

#include "rule/run.h"

struct cdn_tier {
    const char *name; /* "inproc" */
    cordon_status (*run)(cordon_outcome *outcome, const struct cdn_rule_call *call,
                         cordon_error *err);
};

extern const struct cdn_tier cdn_tier_inproc;

#endif
