/* What versions did, as JSON: the evidence of rollouts and shadows. */
#ifndef CDN_SERVER_EVIDENCE_H
#define CDN_SERVER_EVIDENCE_H

#include <stdbool.h>

#include <cordon/engine.h>

#include "codec/json.h"

/* The keys `evidence`, a list of what each version of the rule did in this engine (`shadows`:
 * those in the shadow alone; else the others), and `evidence_revision`, the standing that the
 * engine goes by; an empty list and 0 where it does not run the rule. */
void cdn_evidence_write(struct cdn_json *json, cordon_engine *engine, const char *rule,
                        bool shadows);

#endif
