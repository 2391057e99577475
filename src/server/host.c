/* Opening what is served, and keeping up with it.
 *
 * The order is that of what leans on what: the engine, what decides who sees what, the graph,
 * rules, which are checked against it, and the logs, which record what they decide. */
#include "server/host.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "server/admit.h"
#include "server/lane.h"
#include "server/propose.h"
#include "server/log.h"
#include "server/log_search.h"
#include "server/otlp.h"
#include "server/reload.h"
#include "server/repeat.h"
#include "server/server.h"

void cdn_host_log(const struct cdn_host *host, cordon_level level, const char *format,
                  ...)
{
    char text[CORDON_ERROR_FILE_BYTES + CORDON_ERROR_MESSAGE_BYTES];
    va_list args;

    if (!host->log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cdn_log_say(host->log, level, "server", "%s", text);
}

#define TEND_NS UINT64_C(1000000000)

/* ---- whoever watches the engine ---- */

static void on_engine_log(void *ud, cordon_level level, const char *message)
{
    const struct cdn_host *host = ud;

    cdn_log_engine(host->log, level, message);
}

static void on_engine_span(void *ud, const cordon_span *span)
{
    const struct cdn_host *host = ud;

    cdn_otlp_evaluation(host->otlp, span);
}

/* The log and the exporter, before anything that they are told of. */
static cordon_status open_watchers(struct cdn_host *host, cordon_error *err)
{
    struct cdn_otlp_options trace = host->options->trace;
    cordon_status status = CORDON_OK;

    if (host->options->logging)
        status = cdn_log_open(&host->log, &host->options->log, err);
    trace.log = host->log;
    if (!status && trace.endpoint)
        status = cdn_otlp_open(&host->otlp, &trace, err);
    return status;
}

static cordon_status open_engine(struct cdn_host *host, cordon_error *err)
{
    cordon_observer observer = CORDON_OBSERVER_INIT;
    cordon_status status =
        cordon_engine_new(&host->engine, &host->options->engine, err);

    observer.ud = host;
    observer.log = on_engine_log;
    observer.span = host->otlp ? on_engine_span : NULL;
    return status ? status : cordon_engine_observe(host->engine, &observer, err);
}

/* A folder is a store, and followed; a file is one generation. */
static cordon_status open_graph(struct cdn_host *host, cordon_error *err)
{
    const char *data = host->options->data;
    cordon_snapshot *snapshot;
    cordon_status status;
    struct stat info;

    if (!data)
        return CORDON_OK;
    if (stat(data, &info) == 0 && S_ISDIR(info.st_mode))
        return cordon_engine_use_store(host->engine, data, NULL, err);
    status = cordon_snapshot_open(&snapshot, data, NULL, err);
    if (status)
        return status;
    status = cordon_engine_set_snapshot(host->engine, snapshot, err);
    cordon_snapshot_release(snapshot);
    return status;
}

static cordon_status open_rules(struct cdn_host *host, cordon_error *err)
{
    const struct cdn_server_options *options = host->options;
    cordon_status status = cdn_reload_open(&host->reload, host, err);

    if (status || !options->registry)
        return status;
    status = cordon_registry_open(&host->registry, options->registry,
                                  CORDON_REGISTRY_CREATE, err);
    if (status)
        return status;
    status = cordon_engine_use_registry(host->engine, host->registry, err);
    if (status != CORDON_E_RULE)
        return status;
    /* what does not load does not keep the others from being served */
    cdn_host_log(host, CORDON_LEVEL_ERROR, "%s", err->message);
    return CORDON_OK;
}

static cordon_status open_logs(struct cdn_host *host, cordon_error *err)
{
    const struct cdn_server_options *options = host->options;
    cordon_audit_options audit = CORDON_AUDIT_OPTIONS_INIT;
    cordon_proposals_options proposals = CORDON_PROPOSALS_OPTIONS_INIT;
    cordon_status status = CORDON_OK;

    if (options->audit)
        status = cordon_audit_open(
            &host->audit, options->audit,
            options->audit_options ? options->audit_options : &audit, err);
    if (!status && options->proposals)
        status = cordon_proposals_open(&host->proposals, options->proposals, &proposals,
                                       err);
    if (!status && host->audit)
        cordon_engine_use_audit(host->engine, host->audit);
    if (status || !host->proposals)
        return status;
    host->graphs = cdn_graphs_new();
    if (!host->graphs)
        return cdn_error_nomem(err);
    cdn_graphs_look(host->graphs, host->engine);
    return CORDON_OK;
}

cordon_status cdn_host_open(struct cdn_host *host,
                            const struct cdn_server_options *options, cordon_error *err)
{
    cordon_status status;

    *host = (struct cdn_host){.options = options,
                              .auth_lock = PTHREAD_MUTEX_INITIALIZER,
                              .started_ms = cdn_clock_wall_ms()};
    status = cdn_auth_new(&host->auth, options->entries, options->entry_count, err);
    if (!status)
        status = cdn_lanes_new(&host->lanes, err);
    if (!status)
        status = cdn_repeats_new(&host->repeats, err);
    if (!status)
        status = cdn_log_marks_new(&host->marks, err);
    if (!status)
        status = cdn_admit_new(&host->admit, err);
    if (!status)
        status = open_watchers(host, err);
    if (!status)
        status = open_engine(host, err);
    if (!status && options->policy)
        status = cordon_engine_use_policy(host->engine, options->policy, err);
    if (!status)
        status = open_graph(host, err);
    if (!status)
        status = open_rules(host, err);
    if (!status)
        status = open_logs(host, err);
    if (status)
        (void)cdn_host_close(host, NULL);
    return status;
}

cordon_status cdn_host_close(struct cdn_host *host, cordon_error *err)
{
    cordon_status status;

    cdn_reload_close(host->reload);
    if (host->engine)
        cordon_engine_use_audit(host->engine, NULL);
    cordon_engine_free(host->engine);
    cordon_registry_close(host->registry);
    cordon_proposals_close(host->proposals);
    cdn_graphs_free(host->graphs);
    status = host->audit ? cordon_audit_close(host->audit, err) : CORDON_OK;
    cdn_log_marks_free(host->marks);
    cdn_repeats_free(host->repeats);
    cdn_admit_free(host->admit);
    cdn_lanes_free(host->lanes);
    cdn_auth_release(host->auth);
    pthread_mutex_destroy(&host->auth_lock);
    cdn_otlp_close(host->otlp);
    cdn_log_close(host->log);
    *host = (struct cdn_host){.options = host->options};
    return status;
}

/* ---- who may call ---- */

/* A lane holds on to the table it has, so that nobody takes a lock as long as that is the
 * host's; one that a lane holds is not freed, and its place is no other's. */
struct cdn_auth *cdn_host_auth(struct cdn_host *host, struct cdn_lane *lane)
{
    if (lane->auth == __atomic_load_n(&host->auth, __ATOMIC_ACQUIRE))
        return lane->auth;
    cdn_auth_release(lane->auth);
    pthread_mutex_lock(&host->auth_lock);
    lane->auth = cdn_auth_retain(host->auth);
    pthread_mutex_unlock(&host->auth_lock);
    return lane->auth;
}

void cdn_host_set_auth_take(struct cdn_host *host, struct cdn_auth *auth)
{
    struct cdn_auth *before;

    pthread_mutex_lock(&host->auth_lock);
    before = host->auth;
    __atomic_store_n(&host->auth, auth, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&host->auth_lock);
    cdn_auth_release(before);
}

/* About once a second. */
static void tend(struct cdn_host *host)
{
    uint64_t now_ns = cdn_clock_ns();
    cordon_error err;

    if (now_ns - host->tended_ns < TEND_NS)
        return;
    host->tended_ns = now_ns;
    if (cordon_engine_tend(host->engine, &err))
        cdn_host_log(host, CORDON_LEVEL_WARNING, "%s", err.message);
}

void cdn_host_upkeep(struct cdn_host *host)
{
    cdn_reload_look(host->reload);
    tend(host);
    if (host->graphs)
        cdn_graphs_look(host->graphs, host->engine);
}
