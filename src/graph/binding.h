/* A binding: a rule's names resolved in one snapshot under one grant.
 *
 * Made when a rule meets a generation, immutable after it, shared by all threads. */
#ifndef CDN_GRAPH_BINDING_H
#define CDN_GRAPH_BINDING_H

#include "graph/grant.h"
#include "graph/names.h"
#include "snapshot/snapshot.h"

struct cdn_binding;

/* Resolve `names`.  snapshot NULL: a binding for runs without a graph.
 * Errors: CORDON_E_RULE a name that the snapshot does not have ("no property 'amout' on
 *         transfer; did you mean 'amount'?"), or an int64 column with values beyond
 * +-2^53 that is not declared lua = "string" CORDON_E_DENIED a name beyond the grant,
 * CORDON_E_NOMEM */
cordon_status cdn_binding_new(struct cdn_binding **out, const struct cdn_names *names,
                              const cordon_snapshot *snapshot,
                              const struct cdn_grant *grant, cordon_error *err);
void cdn_binding_free(struct cdn_binding *binding);

#endif
