/* The graph query server: an engine behind HTTP, on a TCP address and a Unix socket.
 *
 *     cdn_server_open()    everything is opened, and clients can connect
 *     cdn_server_run()     looks after the engine until cdn_server_stop()
 *     cdn_server_drain()   no new work; what is under way ends
 *     cdn_server_close()
 *
 * It is the reference embedding: of the library it uses the public headers alone.  route.h says
 * what is answered to whom, exchange.h how a handler answers, listen.h which threads there are.
 *
 * Threads: open, run, drain and close belong to one thread, stop and reload to any and to a
 *          signal handler. */
#ifndef CDN_SERVER_SERVER_H
#define CDN_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit.h>
#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/metrics.h>

#include "server/auth.h"
#include "server/log.h"
#include "server/otlp.h"
#include "server/route.h"

#define CDN_SERVER_MAX_TAKEN   4
#define CDN_SERVER_MAX_RESTART 128

struct cdn_server;

/* One setting in force, for /v1/config. */
struct cdn_server_setting {
    const char *name; /* "engine.slots" */
    const char *value;
    const char *from; /* "flag", "environment", "file", "default" */
    bool secret;      /* its value is not told */
};

/* What a reload takes over of the configuration, read again: who may call, and of the log its
 * form, its level, and whether it has access lines. */
struct cdn_server_fresh {
    struct cdn_auth *auth; /* the server takes it */
    struct cdn_log_options log;
    /* The settings behind them, as they stand now, for /v1/config. */
    struct cdn_server_taken {
        const char *name; /* as `from`, stays as long as the server */
        const char *from;
        char value[16];
    } taken[CDN_SERVER_MAX_TAKEN];
    size_t taken_count;
    /* Names of settings that say something else than what is in force, and take a new start to
     * say it; the names stay as long as the server. */
    const char *restart[CDN_SERVER_MAX_RESTART];
    size_t restart_count;
};

/* Zero or NULL in a field means the default behind it.  Everything pointed to is borrowed until
 * the server is closed. */
struct cdn_server_options {
    /* what is served */
    const char *data;         /* the store, followed; or one snapshot file (no graph) */
    const char *registry;     /* a file (STORE/rules.mdb, if it is there) */
    const char *const *rules; /* from files, which are read once */
    size_t rule_count;
    const char *const *sets; /* the same */
    size_t set_count;
    const char *policy;                        /* a file, followed (no principals) */
    const char *audit;                         /* a folder (nothing is recorded) */
    const cordon_audit_options *audit_options; /* how it is kept (its defaults) */
    const char *proposals;        /* a file (what rules propose is not kept) */
    cordon_engine_options engine; /* slots 0: one for each thread that may evaluate */
    /* where */
    const char *address;  /* IPv4 or IPv6 ("127.0.0.1") */
    uint16_t port;        /* (any that is free) */
    bool no_tcp;          /* the socket alone */
    const char *socket;   /* path of the Unix socket (none) */
    unsigned socket_mode; /* its permissions (0660) */
    /* TLS on the address, by files of PEM (none) */
    const char *certificate; /* with those that lead to its authority's */
    const char *key;
    const char
        *client_ca; /* whose certificates clients may show (none are asked for) */
    const struct cdn_route
        *routes; /* of the embedder's own, ended as a piece is (none) */
    /* who */
    const struct cdn_auth_entry *entries; /* (whoever can connect may do everything) */
    size_t entry_count;
    bool metrics_open; /* /metrics is for anybody */
    /* how much */
    unsigned threads;     /* event loops of each listener (the CPUs, at most 16) */
    unsigned workers;     /* threads for what may take long (the CPUs, 2 to 32) */
    unsigned queue;       /* requests that wait for a worker (64) */
    unsigned connections; /* open ones (1024) */
    unsigned connections_per_address; /* of them (any number) */
    unsigned idle_seconds; /* without a byte before a connection is closed (30) */
    uint32_t header_ms;    /* until a request's headers are here (10,000) */
    uint32_t request_ms;   /* until its body is, too (60,000) */
    size_t header_bytes;   /* of one request's headers (8 KiB) */
    size_t body_bytes;     /* of one request's body (1 MiB) */
    size_t batch_bytes;    /* of a batch's body (16 MiB) */
    size_t held_bytes;     /* of all bodies and replies together (256 MiB) */
    /* what is told */
    bool logging;               /* a log is kept (nobody is told) */
    struct cdn_log_options log; /* of what, and how (log.h) */
    struct cdn_otlp_options
        trace;             /* where spans go; without an endpoint, nowhere (otlp.h) */
    unsigned trace_sample; /* of 10,000 new traces so many are recorded (all) */
    bool trace_none;       /* only those that callers record */
    bool
        service; /* a service manager is told, if the environment names one (service.h) */
    /* how it ends */
    unsigned drain_delay_ms; /* from /readyz's word to the end of listening (0) */
    unsigned drain_ms;       /* for what is under way; then it is cancelled (30,000) */
    /* what /v1/config tells */
    const char *config_file; /* (none was read) */
    const struct cdn_server_setting *config;
    size_t config_count;
    /* Read the configuration again, for a reload; one at a time, by any thread.  An error leaves
     * everything as it was (it is not read again) */
    cordon_status (*again)(void *ud, struct cdn_server_fresh *out, cordon_error *err);
    void *again_ud;
};

/* Ownership: *out is the caller's; cdn_server_close() it.
 * Errors:    CORDON_E_INVALID options that do not go together, CORDON_E_IO the address or the
 *            socket cannot be had; as cdn_host_open(). */
cordon_status cdn_server_open(struct cdn_server **out,
                              const struct cdn_server_options *options,
                              cordon_error *err);

/* The port clients connect to; 0: none. */
uint16_t cdn_server_port(const struct cdn_server *server);

/* Look after the engine until the server is stopped. */
void cdn_server_run(struct cdn_server *server);

/* Have cdn_server_run() return, now or as soon as it is called. */
void cdn_server_stop(struct cdn_server *server);
/* Have it look at everything that is followed (reload.h), as POST /v1/reload does. */
void cdn_server_reload(struct cdn_server *server);

/* Tell /readyz that no work should be sent here; after drain_delay_ms take no new connections;
 * wait until what is under way has been answered, or for drain_ms: evaluations that still run
 * are cancelled then. */
void cdn_server_drain(struct cdn_server *server);

/* Ends connections.  Accepts NULL.  Errors: as cdn_host_close(). */
cordon_status cdn_server_close(struct cdn_server *server, cordon_error *err);

#endif
