/* What is served: the engine and all that is attached to it.
 *
 * Opened by cdn_host_open() from options, before anything listens, and closed after the last
 * exchange.  Handlers use its fields; they are set once, but those marked atomic. */
#ifndef CDN_SERVER_HOST_H
#define CDN_SERVER_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <cordon.h>

#include "base/error.h"
#include "server/auth.h"

struct cdn_admit;
struct cdn_graphs;
struct cdn_lane;
struct cdn_tls;
struct cdn_lanes;
struct cdn_log;
struct cdn_log_marks;
struct cdn_otlp;
struct cdn_reload;
struct cdn_repeats;
struct cdn_server_options; /* server.h */
struct cdn_workers;

struct cdn_host {
    const struct cdn_server_options *options; /* borrowed */
    struct cdn_auth *auth; /* atomic: who may call; changed under auth_lock */
    pthread_mutex_t auth_lock;
    struct cdn_tls *tls;         /* the listener's; NULL: no TLS on the address */
    struct cdn_graphs *graphs;   /* beside `proposals` (propose.h) */
    struct cdn_lanes *lanes;     /* what each thread has for itself (lane.h) */
    struct cdn_repeats *repeats; /* answers of changes, kept (repeat.h) */
    struct cdn_log_marks *marks; /* places in the log (log_search.h) */
    struct cdn_admit *admit;     /* what is quick (admit.h) */
    struct cdn_workers *workers; /* NULL before anything listens */
    cordon_engine *engine;
    cordon_registry *registry;   /* NULL: rules come from files alone */
    cordon_audit *audit;         /* NULL: nothing is recorded */
    cordon_proposals *proposals; /* NULL: what rules propose is not kept */
    struct cdn_reload *reload;   /* keeps up with it */
    struct cdn_log *log;         /* NULL: nobody is told */
    struct cdn_otlp *otlp;       /* NULL: no spans are exported */
    int64_t started_ms;
    uint64_t tended_ns;         /* when workers were last looked after */
    bool draining;              /* atomic: no new work; readyz says so */
    uint64_t registry_sequence; /* atomic: what the engine's rules stand at */
    uint64_t shed_memory;       /* atomic: requests refused as too much was held */
};

/* Make an engine and attach what the options name to it: the store, rules of files, the
 * registry, the policy, the log of decisions, that of proposals.
 *
 * Ownership: the options are borrowed until the host is closed.
 * Errors:    as the calls that open those; what `host` has then is NULL. */
cordon_status cdn_host_open(struct cdn_host *host,
                            const struct cdn_server_options *options,
                            cordon_error *err);
/* Everything recorded is on the disk then.  Errors: as cordon_audit_close(). */
cordon_status cdn_host_close(struct cdn_host *host, cordon_error *err);
/* Look after what is attached (cordon/upkeep.h), and after workers behind walls: at least twice
 * a second. */
void cdn_host_upkeep(struct cdn_host *host);
/* Who may call, as the lane's thread is to go by now: the lane's own until its next call. */
struct cdn_auth *cdn_host_auth(struct cdn_host *host, struct cdn_lane *lane);
/* Others may call from now on; `auth` is taken. */
void cdn_host_set_auth_take(struct cdn_host *host, struct cdn_auth *auth);
/* One line for the operator, to the log. */
void cdn_host_log(const struct cdn_host *host, cordon_level level, const char *format,
                  ...) CDN_PRINTF(3, 4);

#endif
