/* What the workers behind walls see: all of a snapshot, or a slice of it.
 *
 * A *view* is what slices of one snapshot under one grant have in common, and the slice of all
 * that is granted once that is cut: in sealed memory that all workers of it share.  It is made
 * when an evaluation first needs it, kept by the engine, and dropped when another is made and its
 * snapshot or grant is not in force any more.  Slices of some hops are cut for each request into
 * memory that its lane keeps.
 *
 * Threads: any; views are under the engine's `viewing`, and each has a lock for its cutting,
 * which the first evaluation does while others of the same view wait. */
#ifndef CDN_ENGINE_VIEW_H
#define CDN_ENGINE_VIEW_H

#include "engine/engine.h"
#include "isolation/local_view.h"

/* What one evaluation's worker is started on, and then told. */
struct cdn_seen {
    struct cdn_sight sight; /* what it is started on, borrowed */
    bool refused;           /* the outcome says why there is nothing to run */
    /* the rest is this file's */
    struct cdn_local_view local;
    struct cdn_view *view;   /* a reference */
    struct cdn_veil *veil;   /* of a graph that came with the request */
    struct cdn_grant *grant; /* the same */
    char key[24];
};

/* For `call`, whose request, snapshot, rule, budget and entered_ns are set: sets its grant and
 * local view, which are borrowed from *out.  cdn_seen_release() it, also after an error.
 * Errors: CORDON_E_INVALID more is granted than may be cut; CORDON_E_NOTFOUND no such node;
 *         CORDON_E_DATA a mask that does not fit the request's graph; CORDON_E_CORRUPT,
 *         CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_see(struct cdn_seen *out, struct cdn_lane *lane,
                      const struct cdn_state *state, const struct cdn_role *role,
                      cordon_wall wall, struct cdn_rule_call *call,
                      cordon_outcome *outcome, cordon_error *err);
/* The same for whoever will be evaluated for the host on that state: in place of a request a
 * node that is not there.  Of `call` what cdn_worker_prepare() needs is set besides. */
cordon_status cdn_see_ahead(struct cdn_seen *out, struct cdn_lane *lane,
                            const struct cdn_state *state, struct cdn_rule_call *call,
                            cordon_error *err);
void cdn_seen_release(struct cdn_seen *seen, cordon_engine *engine);

/* With the engine. */
void cdn_views_free(struct cdn_view *views);

#endif
