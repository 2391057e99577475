/* The pieces of the table of routes: one a file of handlers, routes_<subject>.c, each ended by
 * a route whose path is NULL.  route.c lists them. */
#ifndef CDN_SERVER_PIECES_H
#define CDN_SERVER_PIECES_H

#include "server/route.h"

extern const struct cdn_route cdn_routes_batch[];
extern const struct cdn_route cdn_routes_config[];
extern const struct cdn_route cdn_routes_decisions[];
extern const struct cdn_route cdn_routes_evaluate[];
extern const struct cdn_route cdn_routes_graph[];
extern const struct cdn_route cdn_routes_health[];
extern const struct cdn_route cdn_routes_page[];
extern const struct cdn_route cdn_routes_reload[];
extern const struct cdn_route cdn_routes_proposals[];
extern const struct cdn_route cdn_routes_rollouts[];
extern const struct cdn_route cdn_routes_rules[];
extern const struct cdn_route cdn_routes_rules_change[];
extern const struct cdn_route cdn_routes_shadows[];

#endif
