/* What is served: the engine and all that is attached to it.
 *
 * Opened by cdn_host_open() from options, before anything listens, and closed after the last
 * exchange.  Handlers use its fields; they are set once, but those marked. */
#ifndef CDN_SERVER_HOST_H
#define CDN_SERVER_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon.h>

#include "server/auth.h"

struct cdn_server_options; /* server.h */

struct cdn_host {
    const struct cdn_server_options *options;
    cordon_engine *engine;
    cordon_registry *registry;   /* NULL: rules come from files alone */
    cordon_audit *audit;         /* NULL: nothing is recorded */
    cordon_proposals *proposals; /* NULL: what rules propose is not kept */
    int64_t started_ms;
    bool draining; /* atomic: no new work; readyz says so */
};

#endif
