/* The host's functions in a replay: each answers what the record says it answered.
 *
 * Nothing of the host's is called.  A record holds, for each function that its rule lists, the
 * cost and every answer with a hash of what was asked (audit_record.h).  A call takes the next
 * answer of its function whose hash is that of its arguments; the same text asks the same in
 * the same order and so takes each as it comes, a candidate may ask in another order, or ask
 * again.  A call that finds none is *missed*: it fails, and the replay says so whatever the rule
 * makes of the error.
 *
 * Not thread-safe: it belongs to one replay. */
#ifndef CDN_ENGINE_REPLAY_HOST_H
#define CDN_ENGINE_REPLAY_HOST_H

#include <cordon/engine.h>
#include <cordon/function.h>

#include "engine/audit_record.h"

struct cdn_replay_answer {
    struct cdn_audit_text function;
    uint64_t arguments;
    struct cdn_audit_text data; /* msgpack; where it failed a text */
    bool failed, taken;
};

/* A function that the record lists. */
struct cdn_replay_cost {
    struct cdn_audit_text function;
    uint64_t cost;
};

/* Zero-initialised has no answers. */
struct cdn_replay_host {
    struct cdn_replay_answer *answers; /* borrow from the record */
    size_t answer_count, answer_room;
    struct cdn_replay_cost *costs;
    size_t cost_count, cost_room;
    bool candidate; /* another text asks than did then */
    bool whole;     /* the record has all answers there were */
    char missed[160];
};

/* What an engine is given to stand in for any function (engine.h); borrows the host. */
cordon_function cdn_replay_host_function(struct cdn_replay_host *host);

/* Take the answers of a record, which it borrows from until the next.  What is not of the shape
 * it should be is no answer, and the record then not whole.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_replay_host_take(struct cdn_replay_host *host,
                                   const struct cdn_audit_view *view,
                                   cordon_error *err);

/* Before each run on the engine: nothing is taken or missed yet, calls cost what they did. */
void cdn_replay_host_begin(struct cdn_replay_host *host, cordon_engine *engine);

/* Which call found no answer in the last run, and why; NULL: none. */
const char *cdn_replay_host_missed(const struct cdn_replay_host *host);

void cdn_replay_host_deinit(struct cdn_replay_host *host);

#endif
