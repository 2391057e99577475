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

/* How often the engine is looked after: decisions wait in a ring that is written then. */
#define UPKEEP_MS 100

struct cdn_server {
    struct cdn_server_options options;
    struct cdn_host host;
    struct cdn_listener *listener;
    int wake; /* eventfd: to be stopped */
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

cordon_status cdn_server_run(struct cdn_server *server, cordon_error *err)
{
    struct pollfd wake = {.fd = server->wake, .events = POLLIN};

    for (;;) {
        int ready = poll(&wake, 1, UPKEEP_MS);

        if (ready < 0 && errno != EINTR)
            return cdn_error_errno(err, errno, "poll");
        if (ready > 0)
            return CORDON_OK;
        cdn_listener_sweep(server->listener);
        cdn_host_upkeep(&server->host);
    }
}

void cdn_server_stop(struct cdn_server *server)
{
    static const uint64_t one = 1;
    int kept = errno; /* of whom a signal interrupts */

    if (write(server->wake, &one, sizeof one) < 0)
        errno = kept; /* it is full of wishes to stop already */
    errno = kept;
}

/* ---- ending ---- */

void cdn_server_drain(struct cdn_server *server, uint64_t most_ms)
{
    (void)most_ms;
    __atomic_store_n(&server->host.draining, true, __ATOMIC_RELAXED);
    cdn_listener_quiesce(server->listener);
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
    cdn_free(server);
    return status;
}
