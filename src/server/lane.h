/* What each thread that answers has for itself, so that no two wait for each other: an outcome,
 * a request, buffers that are reused, and counters.
 *
 * A lane is made when its thread first answers something for this server, and lives as long as
 * the server: a thread's counters are not lost with it.  The counters are read by others while
 * their thread counts on (metrics.h).
 *
 * Threads: a lane belongs to one thread; cdn_lanes_each() is safe from any. */
#ifndef CDN_SERVER_LANE_H
#define CDN_SERVER_LANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/set.h>
#include <cordon/snapshot.h>
#include <cordon/trace.h>

#include "base/buf.h"
#include "codec/request.h"
#include "server/pace.h"
#include "server/propose.h"

struct cdn_counts;
struct cdn_auth;
struct cdn_lanes;

struct cdn_lane {
    struct cdn_lane *next;
    pthread_t thread;
    cordon_outcome *outcome;
    cordon_set_outcome *set; /* NULL until one is asked for */
    cordon_trace *trace;     /* the same */
    cordon_snapshot
        *graph; /* what came with the request being evaluated; NULL: none did */
    struct cdn_request request;
    struct cdn_buf scratch;
    int64_t clock_ms;             /* what the outcome's rule took for the present */
    struct cdn_proposed proposed; /* of the outcome (propose.h) */
    struct cdn_buf refused;       /* which proposals, and why: msgpack */
    struct cdn_counts *counts;    /* metrics.h */
    struct cdn_auth *auth;        /* cdn_host_auth()'s; NULL before its first request */
    struct cdn_pace pace;
    void *spare; /* the listener's: what waits there for the next request */
    uint64_t
        name_base; /* of names of requests: a number nobody can guess, and a count */
    uint64_t name_count;
};

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_lanes_new(struct cdn_lanes **out, cordon_error *err);
/* None of their threads uses its lane any more.  Accepts NULL. */
void cdn_lanes_free(struct cdn_lanes *lanes);

/* The calling thread's; NULL: out of memory. */
struct cdn_lane *cdn_lane_mine(struct cdn_lanes *lanes);

/* Call `each` with every lane there is. */
void cdn_lanes_each(struct cdn_lanes *lanes,
                    void (*each)(void *ud, struct cdn_lane *lane), void *ud);

/* A name for a request that has none of its own: 24 hexadecimal digits. */
void cdn_lane_name(struct cdn_lane *lane, char out[65]);

#endif
