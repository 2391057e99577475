/* A server: what is served, and the listener in front of it.
 *
 * The thread that calls cdn_server_run() looks after the engine and does nothing else; requests
 * are answered on the listener's threads.  It is woken through an eventfd, which a signal
 * handler may write to. */
#include "server/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/host.h"
#include "server/listen.h"
#include "server/log.h"
#include "server/reload.h"
#include "server/service.h"

enum {
    UPKEEP_MS =
        100, /* how often the engine is looked after: decisions wait to be written */
    SETTLE_MS = 10,  /* a file that changes once often changes again */
    QUIET_MS = 1000, /* without a request, and those connected are taken for idle */
    CANCEL_MS = 2000 /* for what was cancelled to say so */
};

struct cdn_server {
    struct cdn_server_options options;
    struct cdn_host host;
    struct cdn_listener *listener;
    struct cdn_service service;
    int wake;      /* eventfd: of what is asked for */
    bool stopping; /* atomic, as is the next: asked for */
    bool reloading;
    uint64_t fed_ns; /* the watchdog */
};

/* ---- options ---- */

static unsigned processors(unsigned least, unsigned most)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < (long)least)
        return least;
    return count > (long)most ? most : (unsigned)count;
}

static cordon_status check_options(const struct cdn_server_options *options,
                                   cordon_error *err)
{
    if (options->no_tcp && !options->socket)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "neither an address nor a socket to listen on");
    if (options->threads > 64 || options->workers > 256)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "at most 64 event loops and 256 workers, not %u and %u",
                             options->threads, options->workers);
    if (options->header_bytes < 1024 || options->header_bytes > 1024 * 1024)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "headers may have 1 KiB to 1 MiB, not %zu bytes",
                             options->header_bytes);
    if (options->audit_options && options->audit_options->key_file && !options->audit)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a key for a log of decisions, and no log");
    if (!options->certificate != !options->key)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "TLS needs a certificate and its key; only %s is given",
                             options->key ? "a key" : "a certificate");
    if (options->client_ca && !options->certificate)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "clients' certificates need TLS: a certificate and a key");
    return CORDON_OK;
}

static void set_defaults(struct cdn_server_options *options)
{
    const struct {
        size_t *value;
        size_t normal;
    } sizes[] = {
        {&options->header_bytes, 8 * 1024},
        {&options->body_bytes, 1024 * 1024},
        {&options->batch_bytes, 16 * 1024 * 1024},
        {&options->held_bytes, (size_t)256 * 1024 * 1024},
    };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (!*sizes[i].value)
            *sizes[i].value = sizes[i].normal;
    }
    if (!options->address)
        options->address = "127.0.0.1";
    if (!options->threads)
        options->threads = processors(1, 16);
    if (!options->workers)
        options->workers = processors(2, 32);
    if (!options->queue)
        options->queue = 64;
    if (!options->connections)
        options->connections = 1024;
    if (!options->idle_seconds)
        options->idle_seconds = 30;
    if (!options->header_ms)
        options->header_ms = 10000;
    if (!options->request_ms)
        options->request_ms = 60000;
    if (!options->drain_ms)
        options->drain_ms = 30000;
    if (!options->socket_mode)
        options->socket_mode = 0660;
    if (!options->engine.struct_size)
        options->engine = (cordon_engine_options)CORDON_ENGINE_OPTIONS_INIT;
    /* nobody who may evaluate waits for a sandbox */
    if (!options->engine.slots)
        options->engine.slots =
            options->threads * (options->socket && !options->no_tcp ? 2 : 1) +
            options->workers;
}

/* ---- opening ---- */

cordon_status cdn_server_open(struct cdn_server **out,
                              const struct cdn_server_options *options,
                              cordon_error *err)
{
    struct cdn_server *server = cdn_calloc(1, sizeof *server);
    cordon_status status;

    *out = NULL;
    if (!server)
        return cdn_error_nomem(err);
    server->options = *options;
    set_defaults(&server->options);
    server->service.fd = -1;
    if (options->service)
        cdn_service_init(&server->service);
    server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    status = server->wake < 0 ? cdn_error_errno(err, errno, "eventfd")
                              : check_options(&server->options, err);
    if (!status)
        status = cdn_host_open(&server->host, &server->options, err);
    if (!status)
        status = cdn_listener_open(&server->listener, &server->host, err);
    if (status) {
        (void)cdn_server_close(server, NULL);
        return status;
    }
    *out = server;
    return CORDON_OK;
}

uint16_t cdn_server_port(const struct cdn_server *server)
{
    return cdn_listener_port(server->listener);
}

/* ---- running ---- */

/* Something to do at once, of those that signals ask for. */
static void ask_for(struct cdn_server *server, bool *what)
{
    static const uint64_t one = 1;
    int kept = errno; /* of whom a signal interrupts */

    __atomic_store_n(what, true, __ATOMIC_RELEASE);
    if (write(server->wake, &one, sizeof one) < 0)
        errno = kept; /* it is full of wishes already */
    errno = kept;
}

void cdn_server_stop(struct cdn_server *server)
{
    ask_for(server, &server->stopping);
}

void cdn_server_reload(struct cdn_server *server)
{
    ask_for(server, &server->reloading);
}

/* Until somebody asks for something, a file that is followed changes, or so long. */
static void wait_for_work(struct cdn_server *server, int most_ms)
{
    struct pollfd fds[3] = {{.fd = server->wake, .events = POLLIN}};
    int followed[2];
    size_t count = cdn_reload_fds(server->host.reload, followed);
    uint64_t wishes;

    for (size_t i = 0; i < count; i++)
        fds[1 + i] = (struct pollfd){.fd = followed[i], .events = POLLIN};
    /* changes come in several: the rest of them is waited for */
    if (poll(fds, 1 + count, most_ms) > 0 && !fds[0].revents)
        (void)poll(fds, 1, SETTLE_MS);
    (void)!read(server->wake, &wishes, sizeof wishes);
}

static void reload(struct cdn_server *server)
{
    (void)cdn_service_tell_reloading(&server->service);
    (void)cdn_reload_now(server->host.reload);
    (void)cdn_service_tell(&server->service, "READY=1");
}

/* A server that no longer looks after its engine is one to be started anew. */
static void feed_watchdog(struct cdn_server *server)
{
    uint64_t now = cdn_clock_ns();

    if (!server->service.watchdog_ms ||
        now - server->fed_ns < server->service.watchdog_ms * 1000000 / 3)
        return;
    server->fed_ns = now;
    (void)cdn_service_tell(&server->service, "WATCHDOG=1");
}

static void look_after(struct cdn_server *server, int most_ms)
{
    wait_for_work(server, most_ms);
    cdn_listener_sweep(server->listener);
    if (__atomic_exchange_n(&server->reloading, false, __ATOMIC_ACQ_REL))
        reload(server);
    else
        cdn_host_upkeep(&server->host);
    feed_watchdog(server);
}

void cdn_server_run(struct cdn_server *server)
{
    (void)cdn_service_tell(&server->service, "READY=1");
    while (!__atomic_load_n(&server->stopping, __ATOMIC_ACQUIRE))
        look_after(server, UPKEEP_MS);
}

/* ---- ending ---- */

static uint64_t after_ms(uint64_t ms)
{
    return cdn_clock_ns() + ms * 1000000;
}

/* Look after things meanwhile. */
static void pass_until(struct cdn_server *server, uint64_t until_ns)
{
    uint64_t now;

    while ((now = cdn_clock_ns()) < until_ns) {
        uint64_t left_ms = (until_ns - now) / 1000000 + 1;

        look_after(server, left_ms < UPKEEP_MS ? (int)left_ms : UPKEEP_MS);
    }
}

/* Until nothing is under way and nobody has begun anything for a while, or nobody is connected.
 * Whoever keeps a connection is told with his next answer that it ends.  False: time is up. */
static bool wait_for_end(struct cdn_server *server, uint64_t until_ns)
{
    uint64_t begun, under_way, last = UINT64_MAX, quiet_ns = 0;

    for (;;) {
        uint64_t now = cdn_clock_ns();

        cdn_listener_requests(&begun, &under_way, server->listener);
        if (under_way || begun != last)
            quiet_ns = now + (uint64_t)QUIET_MS * 1000000;
        last = begun;
        if (!under_way &&
            (!cdn_listener_connections(server->listener) || now >= quiet_ns))
            return true;
        if (now >= until_ns)
            return false;
        look_after(server, SETTLE_MS);
    }
}

void cdn_server_drain(struct cdn_server *server)
{
    const struct cdn_server_options *options = &server->options;
    struct cdn_host *host = &server->host;

    __atomic_store_n(&host->draining, true, __ATOMIC_RELAXED);
    (void)cdn_service_tell(&server->service, "STOPPING=1");
    cdn_log_say(host->log, CORDON_LEVEL_INFO, "server.draining",
                "no new work is taken; what is under way ends");
    pass_until(server, after_ms(options->drain_delay_ms));
    cdn_listener_quiesce(server->listener);
    if (!wait_for_end(server, after_ms(options->drain_ms))) {
        cdn_log_say(host->log, CORDON_LEVEL_WARNING, "server.cancelling",
                    "what has not ended in %u ms is cancelled", options->drain_ms);
        cdn_listener_cancel(server->listener);
        (void)wait_for_end(server, after_ms(CANCEL_MS));
    }
}

cordon_status cdn_server_close(struct cdn_server *server, cordon_error *err)
{
    cordon_status status;

    if (!server)
        return CORDON_OK;
    cdn_listener_close(server->listener);
    status = server->host.options ? cdn_host_close(&server->host, err) : CORDON_OK;
    if (server->wake >= 0)
        close(server->wake);
    cdn_service_deinit(&server->service);
    cdn_free(server);
    return status;
}
