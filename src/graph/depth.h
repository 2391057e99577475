/* How far a node that the rule holds is from where its run began: the request's node and
 * whatever is looked up by key.
 *
 * Sets know their own distance.  A handle is only a number, so where a run has a narrow
 * hops limit the distance of every node that is handed out farther off is noted, the
 * shortest way, in a table of the rule's own memory.  With a wide limit nothing is noted
 * and a handle counts as a beginning: the limit then bounds chains of sets alone. */
#ifndef CDN_GRAPH_DEPTH_H
#define CDN_GRAPH_DEPTH_H

#include "graph/graph.h"

/* A limit below this is narrow: that of a rule or a request, not the default. */
#define CDN_DEPTH_NARROW 100

/* Make the table, in an image.                                            [-0, +0, m] */
CDN_RAISES void cdn_depth_open(lua_State *L);

/* Note that a node of that distance is handed out.                        [-0, +0, e] */
CDN_RAISES void cdn_depth_keep(lua_State *L, uint32_t node, uint32_t depth);
CDN_RAISES static inline void cdn_depth_note(lua_State *L,
                                             const struct cdn_meter *meter,
                                             uint32_t node, uint32_t depth)
{
    if (__builtin_expect(meter->limit.hops < CDN_DEPTH_NARROW, 0))
        cdn_depth_keep(L, node, depth);
}

/* The distance of a node the rule holds.                                  [-0, +0, e] */
CDN_RAISES uint32_t cdn_depth_of(lua_State *L, const struct cdn_meter *meter,
                                 uint32_t node);

#endif
