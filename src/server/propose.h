/* What rules propose, logged: updated nodes and new edges go into the host's log before the answer
 * that has them, so that what a client was told of is durable. */
#ifndef CDN_SERVER_PROPOSE_H
#define CDN_SERVER_PROPOSE_H

#include <cordon/snapshot.h>

#include "codec/json.h"
#include "server/exchange.h"

/* The generations that outcomes may still be of: an evaluation that began before the store moved on
 * ends after it. */
struct cdn_graphs;

struct cdn_graphs *cdn_graphs_new(void); /* NULL: out of memory */
void cdn_graphs_free(struct cdn_graphs *graphs);
/* Take note of what the engine stands on now. */
void cdn_graphs_look(struct cdn_graphs *graphs, cordon_engine *engine);

/* What became of one outcome's proposals. */
struct cdn_proposed {
    bool any;         /* there were some, and there is a log */
    uint64_t logged;  /* new ones */
    uint64_t refused; /* as the lane's buffer `refused` says */
    bool failed;      /* the log could not be written: the operator is told why */
};

/* Log what the lane's outcome proposes, for the principal that it was evaluated for (NULL: the host). */
void cdn_propose(struct cdn_proposed *out, struct cdn_exchange *x,
                 const char *principal);
/* The same of all that the members of the lane's set propose. */
void cdn_propose_set(struct cdn_proposed *out, struct cdn_exchange *x,
                     const char *principal);
/* The key "proposals" with how many were logged, and which were not and why; nothing if there were
 * none. */
void cdn_propose_write(struct cdn_json *json, const struct cdn_exchange *x,
                       const struct cdn_proposed *proposed);

#endif
