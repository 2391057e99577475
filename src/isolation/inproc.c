/* The weakest wall: the rule runs in a slot of the calling thread.
 *
 * What holds it is the language (no way out of the restricted state) and the meter (no way
 * to stay).  It costs nothing beyond the run, and shares the host's address space. */
#include "isolation/tier.h"

const struct cdn_tier cdn_tier_inproc = {.name = "inproc", .run = cdn_rule_run};
