/* Lanes: one a thread, found through a variable of the thread.
 *
 * A process may have several servers, one after the other or at once (tests do), and threads
 * that answer for more than one of them: the variable holds the lane of the server that the
 * thread answered for last, and the list is searched where it is another's.  Servers are told
 * apart by a number, as the address of one that is gone may come back.  The lane of a thread
 * that has ended is taken over by the one that gets its identity. */
#include "server/lane.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "server/auth.h"
#include "base/error.h"
#include "base/hash.h"
#include "server/metrics.h"
#include "server/turn.h"

struct cdn_lanes {
    uint64_t number;
    pthread_mutex_t lock; /* of the list */
    struct cdn_lane *first;
};

static uint64_t numbers; /* atomic: lists made so far */

static _Thread_local struct {
    uint64_t number;
    struct cdn_lane *lane;
} mine;

cordon_status cdn_lanes_new(struct cdn_lanes **out, cordon_error *err)
{
    struct cdn_lanes *lanes = cdn_calloc(1, sizeof *lanes);

    *out = NULL;
    if (!lanes)
        return cdn_error_nomem(err);
    lanes->number = __atomic_add_fetch(&numbers, 1, __ATOMIC_RELAXED);
    pthread_mutex_init(&lanes->lock, NULL);
    *out = lanes;
    return CORDON_OK;
}

static void free_lane(struct cdn_lane *lane)
{
    cdn_auth_release(lane->auth);
    cordon_outcome_free(lane->outcome);
    cordon_set_outcome_free(lane->set);
    cordon_trace_free(lane->trace);
    cordon_snapshot_release(lane->graph);
    cdn_request_deinit(&lane->request);
    cdn_buf_deinit(&lane->scratch);
    cdn_buf_deinit(&lane->refused);
    cdn_counts_free(lane->counts);
    cdn_free(lane);
}

void cdn_lanes_free(struct cdn_lanes *lanes)
{
    struct cdn_lane *next;

    if (!lanes)
        return;
    for (struct cdn_lane *lane = lanes->first; lane; lane = next) {
        next = lane->next;
        free_lane(lane);
    }
    pthread_mutex_destroy(&lanes->lock);
    cdn_free(lanes);
}

static struct cdn_lane *find(const struct cdn_lanes *lanes)
{
    struct cdn_lane *lane = lanes->first;

    while (lane && !pthread_equal(lane->thread, pthread_self()))
        lane = lane->next;
    return lane;
}

static struct cdn_lane *make(void)
{
    struct cdn_lane *lane = cdn_calloc(1, sizeof *lane);

    if (!lane)
        return NULL;
    lane->thread = pthread_self();
    cdn_random(&lane->name_base, sizeof lane->name_base);
    lane->counts = cdn_counts_new();
    if (lane->counts && !cordon_outcome_new(&lane->outcome, NULL)) {
        cdn_turn_shorten();
        return lane;
    }
    free_lane(lane);
    return NULL;
}

struct cdn_lane *cdn_lane_mine(struct cdn_lanes *lanes)
{
    struct cdn_lane *lane;

    if (mine.number == lanes->number)
        return mine.lane;
    pthread_mutex_lock(&lanes->lock);
    lane = find(lanes);
    if (!lane) {
        lane = make();
        if (lane) {
            lane->next = lanes->first;
            lanes->first = lane;
        }
    }
    pthread_mutex_unlock(&lanes->lock);
    if (lane) {
        mine.number = lanes->number;
        mine.lane = lane;
    }
    return lane;
}

void cdn_lanes_each(struct cdn_lanes *lanes,
                    void (*each)(void *ud, struct cdn_lane *lane), void *ud)
{
    pthread_mutex_lock(&lanes->lock);
    for (struct cdn_lane *lane = lanes->first; lane; lane = lane->next)
        each(ud, lane);
    pthread_mutex_unlock(&lanes->lock);
}

void cdn_lane_name(struct cdn_lane *lane, char out[65])
{
    snprintf(out, 65, "%016" PRIx64 "%08" PRIx64, lane->name_base,
             ++lane->name_count & UINT32_MAX);
}
