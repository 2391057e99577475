/* From a method and a path to a handler.
 *
 * What is asked in this order: is there such a path, does it have the method, who is it, may he,
 * can he read what would be answered.  Whoever may nothing still learns which paths there are:
 * /openapi.json tells everybody. */
#include "server/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/admit.h"
#include "server/host.h"
#include "server/lane.h"
#include "server/metrics.h"
#include "server/observe.h"
#include "server/server.h"
#include "server/work.h"

enum {
    QUICK_BYTES = 16 * 1024, /* a body that is read on the event loop */
    GONE = 499 /* the code under which those are counted who did not wait */
};

static const struct {
    const char *word;
    enum cdn_method method;
} methods[] = {
    {"GET", CDN_METHOD_GET}, {"HEAD", CDN_METHOD_GET},      {"POST", CDN_METHOD_POST},
    {"PUT", CDN_METHOD_PUT}, {"DELETE", CDN_METHOD_DELETE},
};

/* 0: none that any path has. */
static enum cdn_method method_of(const char *word)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!strcmp(word, methods[i].word))
            return methods[i].method;
    }
    return (enum cdn_method)0;
}

/* The Allow header of a path that has these methods. */
static void set_allow(struct cdn_exchange *x, unsigned allowed)
{
    char text[64] = "OPTIONS";
    size_t at = strlen(text);

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (allowed & 1u << methods[i].method)
            at +=
                (size_t)snprintf(text + at, sizeof text - at, ", %s", methods[i].word);
    }
    cdn_exchange_set_header(x, "Allow", text);
}

/* No route: 404, 405, or the answer to OPTIONS. */
static void no_route(struct cdn_exchange *x, const char *method, const char *path,
                     unsigned allowed)
{
    char shown[200];

    if (!allowed) {
        cdn_exchange_problem(x, 404, "no-path",
                             "there is no %s; /openapi.json lists what there is",
                             cdn_escape(shown, sizeof shown, path, strlen(path)));
        return;
    }
    if (!strcmp(method, "OPTIONS"))
        cdn_exchange_empty(x, 204);
    else
        cdn_exchange_problem(x, 405, "method", "%s has no %s",
                             cdn_escape(shown, sizeof shown, path, strlen(path)),
                             method);
    set_allow(x, allowed);
}

static unsigned right_of(const struct cdn_exchange *x)
{
    if (x->host->options->metrics_open && !strcmp(x->route->path, "/metrics"))
        return CDN_RIGHT_ANYBODY;
    return x->route->right;
}

/* Who is it, and may he?  False: answered. */
static bool check_caller(struct cdn_exchange *x, const struct cdn_credentials *shown)
{
    struct cdn_auth *auth = cdn_host_auth(x->host, x->lane);
    unsigned right = right_of(x);
    bool known = cdn_auth_identify(&x->caller, auth, shown);

    if (x->caller.principal)
        x->auth = cdn_auth_retain(auth);
    if (!known) {
        cdn_exchange_problem(x, 401, "credentials",
                             "the Authorization header is no token that anybody has");
        cdn_exchange_set_header(x, "WWW-Authenticate",
                                "Bearer error=\"invalid_token\"");
        return false;
    }
    if (!right || (x->caller.rights & right) == right)
        return true;
    if (!strcmp(x->caller.name, "anonymous")) {
        cdn_exchange_problem(x, 401, "credentials",
                             "this needs the right to %s; send a token: "
                             "Authorization: Bearer TOKEN",
                             cdn_auth_right_word(right));
        cdn_exchange_set_header(x, "WWW-Authenticate", "Bearer");
    } else {
        cdn_exchange_problem(x, 403, "right", "%s has no right to %s", x->caller.name,
                             cdn_auth_right_word(right));
    }
    return false;
}

bool cdn_dispatch_begin(struct cdn_exchange *x, const char *method, const char *path,
                        const struct cdn_credentials *shown)
{
    unsigned allowed;

    x->lane = cdn_lane_mine(x->host->lanes);
    if (!x->lane) {
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
        return false;
    }
    cdn_counts_begin(x->lane->counts);
    cdn_exchange_negotiate(x);
    cdn_observe_begin(x);
    x->method = method_of(method);
    x->route = cdn_route_find(x, x->method, path, &allowed);
    if (!x->route) {
        if (x->path.failed)
            cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
        else
            no_route(x, method, path, allowed);
        return false;
    }
    if (!cdn_exchange_query_flag(x, &x->pretty, "pretty"))
        return false;
    return check_caller(x, shown);
}

size_t cdn_dispatch_body_limit(const struct cdn_exchange *x)
{
    const struct cdn_server_options *options = x->host->options;

    return x->route && x->route->large ? options->batch_bytes : options->body_bytes;
}

/* ---- where ---- */

/* What is small, is not to be explained, and of a rule that is quick; on a loop that has time. */
static bool is_quick(const struct cdn_exchange *x)
{
    if (x->body_bytes > QUICK_BYTES || x->in == CDN_MEDIA_NDJSON ||
        cdn_pace_is_full(&x->lane->pace, x->begun_ns) ||
        !cdn_admit_is_quick(x->host->admit, x->args[0]))
        return false;
    /* what is told at length takes longer, or a lock */
    return !cdn_exchange_query(x, "explain") && !cdn_exchange_query(x, "provenance");
}

enum cdn_place cdn_dispatch_place(const struct cdn_exchange *x)
{
    if (x->route->place != CDN_PLACE_ADMITTED)
        return x->route->place;
    return is_quick(x) ? CDN_PLACE_LOOP : CDN_PLACE_WORKER;
}

unsigned cdn_dispatch_priority(struct cdn_exchange *x)
{
    const char *header = cdn_exchange_header(x, "X-Cordon-Priority");
    cordon_value body, priority;

    /* who has too much to do must still be able to stop what makes it */
    if (x->route->right & (CDN_RIGHT_KILL | CDN_RIGHT_PROMOTE))
        return CDN_WORK_URGENT;
    if (header)
        return *header >= '0' && *header <= '0' + CORDON_MAX_PRIORITY && !header[1]
                   ? (unsigned)(*header - '0')
                   : 0; /* whoever reads it says that it is none */
    if (x->route->place != CDN_PLACE_ADMITTED || x->in == CDN_MEDIA_NDJSON ||
        x->body_bytes > QUICK_BYTES || !cdn_exchange_body(x, &body))
        return 0;
    if (!cordon_value_get(&priority, &body, "priority") ||
        priority.type != CORDON_INTEGER || priority.as.integer < 0 ||
        priority.as.integer > CORDON_MAX_PRIORITY)
        return 0;
    return (unsigned)priority.as.integer;
}

/* ---- running ---- */

static void count(struct cdn_exchange *x, unsigned status)
{
    uint64_t took_ns = cdn_clock_ns() - x->begun_ns;

    if (x->lane && !x->counted) {
        cdn_counts_end(x->lane->counts, x->route, status, took_ns);
        cdn_observe_end(x, status, took_ns);
    }
    x->counted = true;
}

void cdn_dispatch_end(struct cdn_exchange *x)
{
    x->lane = cdn_lane_mine(x->host->lanes);
    cdn_exchange_finish(x);
    if (!x->more)
        count(x, x->status);
}

static bool is_cancelled(const struct cdn_exchange *x)
{
    return __atomic_load_n(&x->cancel.requested, __ATOMIC_RELAXED) != 0;
}

void cdn_dispatch_run(struct cdn_exchange *x)
{
    x->lane = cdn_lane_mine(x->host->lanes);
    if (!x->lane)
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
    else if (is_cancelled(x))
        cdn_exchange_problem(x, 503, "cancelled", "nobody waited for the answer");
    else
        x->route->handle(x);
    /* the first piece of several: often it is all */
    if (x->more && !cdn_exchange_continue(x) && is_cancelled(x))
        cdn_exchange_problem(x, 503, "cancelled", "nobody waited for the answer");
    cdn_dispatch_end(x);
}

bool cdn_dispatch_continue(struct cdn_exchange *x)
{
    x->lane = cdn_lane_mine(x->host->lanes);
    if (!x->lane || !cdn_exchange_continue(x))
        return false;
    if (!x->more)
        count(x, x->status);
    return true;
}

void cdn_dispatch_abandon(struct cdn_exchange *x)
{
    x->lane = cdn_lane_mine(x->host->lanes);
    count(x, GONE);
    cdn_exchange_end(x);
    cdn_auth_release(x->auth);
    x->auth = NULL;
}
