/* What a trace is told of the graph: values in words, and what is read.
 *
 * Nothing here raises, charges, notes into the digest, or changes what the run finds later: a
 * traced run reads, hands out and answers what it does untraced.  A read is told when it
 * begins; what it cost is known when the next one, or the next line, does (sandbox/trace.h). */
#ifndef CDN_GRAPH_TELL_H
#define CDN_GRAPH_TELL_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "graph/graph.h"
#include "sandbox/trace.h"

struct cdn_scan;
struct cdn_follow;
struct cdn_arm;

/* Both take a struct cdn_graph_run *, as struct cdn_trace_host wants them. */
uint64_t cdn_tell_native_ns(void *ud);
/* A node as "Account:17", its key as this run may see it; an edge as
 * "Account:17 -transfer-> Account:18"; a set by what it is of. */
const char *cdn_tell_value(void *ud, lua_State *L, int index, char *out, size_t size);

/* A scan begins, in a run that is traced.  NULL: there is no room for it. */
cordon_trace_read *cdn_tell_scan(const struct cdn_scan *scan);
/* The same for what follows edges by itself: views and searches, with their options read. */
void cdn_tell_follow(struct cdn_follow *follow);
/* One of its arms begins with a node. */
void cdn_tell_arm(const struct cdn_arm *arm);

#endif
