/* A binding: a rule's names resolved in one snapshot under one grant.
 *
 * Made when a rule meets a generation, immutable after it, shared by all threads.  It has
 * of its own what it needs of the grant, masks included. */
#ifndef CDN_GRAPH_BINDING_H
#define CDN_GRAPH_BINDING_H

#include "graph/grant.h"
#include "graph/names.h"
#include "snapshot/snapshot.h"

struct cdn_binding;

/* What of `names` is there but beyond the grant: "property 'email' of Account, edge type
 * 'own'" into out, as many as fit and then how many more.  Returns how many there are; names
 * that the snapshot does not have are not among them. */
uint32_t cdn_binding_missing(char *out, size_t size, const struct cdn_names *names,
                             const cordon_snapshot *snapshot,
                             const struct cdn_grant *grant);

/* Resolve `names`.  snapshot NULL: a binding for runs without a graph.
 * Errors: CORDON_E_RULE a name that the snapshot does not have ("no property 'amout' on
 *         transfer; did you mean 'amount'?"), or an int64 column with values beyond
 * +-2^53 that is not declared lua = "string" CORDON_E_DENIED names beyond the grant: "principal 'analyst' may not read
 * property 'email' of Account"; CORDON_E_NOMEM */
cordon_status cdn_binding_new(struct cdn_binding **out, const struct cdn_names *names,
                              const cordon_snapshot *snapshot,
                              const struct cdn_grant *grant, cordon_error *err);
void cdn_binding_free(struct cdn_binding *binding);

#endif
