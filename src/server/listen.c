/* libmicrohttpd: its daemons, its connections, and nothing of it beyond this file.
 *
 * A `wire` is one request under way: the exchange, its body, and the connection.  It comes from
 * the lane of the event loop's thread and goes back there, so that after some requests nothing
 * is allocated for the next one, without a lock; buffers that grew large are given back.
 *
 * The order of things for one request, all on its connection's loop:
 *
 *   on_uri         the request line: a wire, and the path as it was sent
 *   on_request     the headers: route, caller, rights (dispatch.h); a request that is refused
 *                  is answered when its body has been read, if that is short, else at once,
 *                  which closes the connection
 *   on_request     pieces of the body
 *   on_request     its end: the handler, and the answer
 *   on_completed   sent, or the connection is gone: the wire goes back */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/dispatch.h"
#include "server/lane.h"
#include "server/server.h"

enum {
    SMALL_BYTES = 16 * 1024, /* a body or a reply that is not counted */
    KEPT_BYTES = 64 * 1024,  /* of a buffer that waits for the next request */
    DISCARDED_BYTES =
        4 * 1024 * 1024, /* of a body that is refused: read all the same */
    BACKLOG = 1024
};

struct cdn_listener {
    struct cdn_host *host;
    struct MHD_Daemon *tcp;   /* NULL: not served */
    struct MHD_Daemon *unix_; /* the same */
    int unix_fd;              /* -1: none */
    uint16_t port;
    size_t held; /* atomic: bytes of bodies and replies beyond SMALL_BYTES */
};

/* Who is at the other end, found out once a connection. */
struct guest {
    struct cdn_credentials shown;
};

struct wire {
    struct cdn_exchange x;
    struct wire *next; /* in the lane, while it waits */
    struct cdn_listener *listener;
    struct MHD_Connection *connection;
    struct cdn_buf url; /* the path as it was sent */
    struct cdn_buf body;
    size_t held;      /* of listener->held */
    size_t discarded; /* bytes of a body that nobody wants */
    bool begun;
    bool head; /* no body is sent */
};

/* ---- wires ---- */

static void free_wire(struct wire *wire)
{
    cdn_exchange_deinit(&wire->x);
    cdn_buf_deinit(&wire->url);
    cdn_buf_deinit(&wire->body);
    cdn_free(wire);
}

static struct wire *take_wire(struct cdn_lane *lane)
{
    struct wire *wire = lane->spare;

    if (!wire)
        return cdn_calloc(1, sizeof *wire);
    lane->spare = wire->next;
    return wire;
}

static void shrink(struct cdn_buf *buf)
{
    if (buf->capacity > KEPT_BYTES)
        cdn_buf_deinit(buf);
}

static void release_held(struct wire *wire)
{
    if (wire->held)
        __atomic_fetch_sub(&wire->listener->held, wire->held, __ATOMIC_RELAXED);
    wire->held = 0;
}

static void give_back(struct wire *wire)
{
    struct cdn_lane *lane = cdn_lane_mine(wire->listener->host->lanes);

    release_held(wire);
    if (!lane) {
        free_wire(wire);
        return;
    }
    shrink(&wire->body);
    shrink(&wire->url);
    shrink(&wire->x.reply);
    shrink(&wire->x.pack);
    shrink(&wire->x.path);
    wire->next = lane->spare;
    lane->spare = wire;
}

static void free_spares(void *ud, struct cdn_lane *lane)
{
    struct wire *wire = lane->spare;

    (void)ud;
    while (wire) {
        struct wire *next = wire->next;

        free_wire(wire);
        wire = next;
    }
    lane->spare = NULL;
}

/* Count so many bytes that the wire holds on to; false: too much is held already. */
static bool hold(struct wire *wire, size_t bytes)
{
    struct cdn_listener *listener = wire->listener;
    size_t most = listener->host->options->held_bytes;

    if (bytes <= SMALL_BYTES)
        return true;
    if (__atomic_add_fetch(&listener->held, bytes, __ATOMIC_RELAXED) > most) {
        __atomic_fetch_sub(&listener->held, bytes, __ATOMIC_RELAXED);
        return false;
    }
    wire->held += bytes;
    return true;
}

/* ---- what handlers look for ---- */

static const char *find_header(const void *ud, const char *name)
{
    const struct wire *wire = ud;

    return MHD_lookup_connection_value(wire->connection, MHD_HEADER_KIND, name);
}

static const char *find_query(const void *ud, const char *name)
{
    const struct wire *wire = ud;

    return MHD_lookup_connection_value(wire->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const struct cdn_exchange_source source = {find_header, find_query};

/* ---- answering ---- */

static bool add_headers(struct MHD_Response *response, const struct wire *wire)
{
    const struct cdn_exchange *x = &wire->x;
    const char *name, *value;
    size_t at = 0;

    if (x->type &&
        MHD_add_response_header(response, "Content-Type", x->type) != MHD_YES)
        return false;
    if (x->request_id[0] &&
        MHD_add_response_header(response, "X-Request-Id", x->request_id) != MHD_YES)
        return false;
    while (cdn_exchange_next_header(x, &at, &name, &value)) {
        if (MHD_add_response_header(response, name, value) != MHD_YES)
            return false;
    }
    return __atomic_load_n(&x->host->draining, __ATOMIC_RELAXED)
               ? MHD_add_response_header(response, "Connection", "close") == MHD_YES
               : true;
}

/* The reply lies in the wire, which stays until it is sent. */
static enum MHD_Result send_reply(struct wire *wire)
{
    struct cdn_exchange *x = &wire->x;
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;

    if (!hold(wire, x->reply.length)) {
        cdn_buf_deinit(&x->reply);
        cdn_exchange_fail(x, CORDON_E_OVERLOADED, NULL);
        cdn_exchange_finish(x);
    }
    response = MHD_create_response_from_buffer(x->reply.length, x->reply.data,
                                               MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (add_headers(response, wire))
        result = MHD_queue_response(wire->connection, x->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(struct wire *wire)
{
    struct cdn_exchange *x = &wire->x;

    x->body = wire->body.data;
    x->body_bytes = wire->body.length;
    if (x->status)
        cdn_dispatch_end(x);
    else
        cdn_dispatch_run(x);
    return send_reply(wire);
}

/* ---- reading ---- */

static void begin(struct wire *wire, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(wire->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const struct guest *guest = info ? info->socket_context : NULL;
    struct cdn_credentials shown = {0};

    wire->begun = true;
    cdn_exchange_begin(&wire->x, wire->listener->host, &source, wire);
    if (guest)
        shown = guest->shown;
    shown.authorization = cdn_exchange_header(&wire->x, "Authorization");
    (void)cdn_dispatch_begin(&wire->x, method, (const char *)wire->url.data, &shown);
}

static void refuse_length(struct wire *wire)
{
    cdn_exchange_problem(&wire->x, 413, "too-large",
                         "a body here has at most %zu bytes",
                         cdn_dispatch_body_limit(&wire->x));
}

static void refuse_held(struct wire *wire)
{
    cdn_exchange_fail(&wire->x, CORDON_E_OVERLOADED, NULL);
}

/* What the headers say of the body's length: 0 for none or not known. */
static uint64_t announced(const struct wire *wire)
{
    const char *text = find_header(wire, "Content-Length");

    return text ? strtoull(text, NULL, 10) : 0;
}

/* The headers are there.  A long body that nobody wants is not waited for. */
static enum MHD_Result on_headers(struct wire *wire, const char *method)
{
    struct cdn_exchange *x = &wire->x;
    uint64_t bytes;

    begin(wire, method);
    bytes = announced(wire);
    if (!x->status && bytes > cdn_dispatch_body_limit(x))
        refuse_length(wire);
    else if (!x->status && !hold(wire, (size_t)bytes))
        refuse_held(wire);
    if (x->status && bytes > DISCARDED_BYTES)
        return answer(wire);
    if (!x->status && bytes)
        (void)cdn_buf_reserve(&wire->body, (size_t)bytes);
    return MHD_YES;
}

/* Make room for so many bytes of a body whose length was not announced. */
static bool make_room(struct wire *wire, size_t bytes)
{
    size_t need = wire->body.length + bytes;

    if (need <= wire->body.capacity || need <= SMALL_BYTES)
        return true;
    release_held(wire);
    return hold(wire, 2 * need);
}

static enum MHD_Result on_piece(struct wire *wire, const char *data, size_t *bytes)
{
    struct cdn_exchange *x = &wire->x;

    if (!x->status && *bytes > cdn_dispatch_body_limit(x) - wire->body.length) {
        refuse_length(wire);
    } else if (!x->status && !make_room(wire, *bytes)) {
        refuse_held(wire);
    } else if (!x->status) {
        cdn_buf_append(&wire->body, data, *bytes);
        if (wire->body.failed)
            cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
    } else {
        wire->discarded += *bytes;
    }
    *bytes = 0;
    if (!x->status)
        return MHD_YES;
    cdn_buf_deinit(&wire->body);
    release_held(wire);
    /* libmicrohttpd takes no answer here: whoever goes on and on is cut off */
    return wire->discarded > DISCARDED_BYTES ? MHD_NO : MHD_YES;
}

/* ---- callbacks ---- */

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct cdn_listener *listener = cls;
    struct cdn_lane *lane = cdn_lane_mine(listener->host->lanes);
    struct wire *wire = lane ? take_wire(lane) : NULL;

    if (!wire)
        return NULL;
    wire->listener = listener;
    wire->connection = connection;
    wire->begun = false;
    wire->discarded = 0;
    cdn_buf_clear(&wire->body);
    cdn_buf_clear(&wire->url);
    cdn_buf_append(&wire->url, uri, strcspn(uri, "?"));
    if (wire->url.failed) {
        free_wire(wire);
        return NULL;
    }
    return wire;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data, size_t *bytes,
                                  void **context)
{
    struct wire *wire = *context;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (!wire)
        return MHD_NO; /* out of memory */
    if (!wire->begun)
        return on_headers(wire, method);
    if (*bytes)
        return on_piece(wire, data, bytes);
    return answer(wire);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    if (*context)
        give_back(*context);
    *context = NULL;
}

/* Of a connection on the Unix socket: who is there. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info;
    struct ucred peer;
    socklen_t bytes = sizeof peer;
    struct guest *guest;

    (void)cls;
    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        cdn_free(*context);
        *context = NULL;
        return;
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    guest = cdn_calloc(1, sizeof *guest);
    *context = guest;
    if (!info || !guest ||
        getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0)
        return; /* nobody in particular */
    guest->shown.has_peer = true;
    guest->shown.uid = peer.uid;
    guest->shown.gid = peer.gid;
}

/* ---- opening ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static cordon_status parse_address(union address *out,
                                   const struct cdn_server_options *options,
                                   cordon_error *err)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, options->address, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(options->port);
    } else if (inet_pton(AF_INET6, options->address, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(options->port);
    } else {
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "'%s' is no address; give an IPv4 or IPv6 address, such as "
            "127.0.0.1",
            options->address);
    }
    return CORDON_OK;
}

static bool is_loopback(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

static struct MHD_Daemon *start(struct cdn_listener *listener, unsigned flags,
                                const struct MHD_OptionItem *more)
{
    const struct cdn_server_options *options = listener->host->options;

    return MHD_start_daemon(
        flags | MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO |
            MHD_ALLOW_SUSPEND_RESUME,
        options->port, NULL, NULL, on_request, listener, MHD_OPTION_THREAD_POOL_SIZE,
        options->threads, MHD_OPTION_CONNECTION_LIMIT, options->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->header_bytes,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, listener, MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
        MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static cordon_status listen_tcp(struct cdn_listener *listener, cordon_error *err)
{
    const struct cdn_server_options *options = listener->host->options;
    const union MHD_DaemonInfo *info;
    union address address;
    const struct MHD_OptionItem more[] = {
        {MHD_OPTION_SOCK_ADDR, 0, &address},
        {MHD_OPTION_END, 0, NULL},
    };
    cordon_status status = parse_address(&address, options, err);

    if (status)
        return status;
    if (cdn_auth_is_open(listener->host->auth) && !is_loopback(&address))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s can be reached from elsewhere, and anybody may do "
                             "everything; configure tokens, or listen on 127.0.0.1",
                             options->address);
    errno = 0;
    listener->tcp =
        start(listener, address.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0, more);
    if (!listener->tcp)
        return cdn_error_errno(err, errno ? errno : EIO, "cannot listen on %s port %u",
                               options->address, options->port);
    info = MHD_get_daemon_info(listener->tcp, MHD_DAEMON_INFO_BIND_PORT);
    listener->port = info ? info->port : 0;
    return CORDON_OK;
}

/* Nobody listens on a socket that a server left behind. */
static bool is_abandoned(const struct sockaddr_un *address)
{
    struct stat stat_;
    bool refused;
    int fd;

    if (lstat(address->sun_path, &stat_) != 0 || !S_ISSOCK(stat_.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
              errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static cordon_status bind_unix(int *out, const char *path, cordon_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, failed;

    if (strlen(path) >= sizeof address.sun_path)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a socket's path has at most %zu bytes: %s",
                             sizeof address.sun_path - 1, path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (is_abandoned(&address))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return cdn_error_errno(err, errno, "socket");
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        failed = errno;
        close(fd);
        if (failed == EADDRINUSE)
            return cdn_error_set(err, CORDON_E_EXISTS,
                                 "%s is there already, and no server's that has ended",
                                 path);
        return cdn_error_errno(err, failed, "%s", path);
    }
    if (chmod(path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
        failed = errno;
        close(fd);
        unlink(path);
        return cdn_error_errno(err, failed, "%s", path);
    }
    *out = fd;
    return CORDON_OK;
}

static cordon_status listen_unix(struct cdn_listener *listener, cordon_error *err)
{
    const struct cdn_server_options *options = listener->host->options;
    cordon_status status = bind_unix(&listener->unix_fd, options->socket, err);
    const struct MHD_OptionItem more[] = {
        {MHD_OPTION_LISTEN_SOCKET, listener->unix_fd, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, listener},
        {MHD_OPTION_END, 0, NULL},
    };

    if (status)
        return status;
    errno = 0;
    listener->unix_ = start(listener, 0, more);
    if (!listener->unix_)
        return cdn_error_errno(err, errno ? errno : EIO, "cannot listen on %s",
                               options->socket);
    return CORDON_OK;
}

cordon_status cdn_listener_open(struct cdn_listener **out, struct cdn_host *host,
                                cordon_error *err)
{
    struct cdn_listener *listener = cdn_calloc(1, sizeof *listener);
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!listener)
        return cdn_error_nomem(err);
    listener->host = host;
    listener->unix_fd = -1;
    if (!host->options->no_tcp)
        status = listen_tcp(listener, err);
    if (!status && host->options->socket)
        status = listen_unix(listener, err);
    if (status) {
        cdn_listener_close(listener);
        return status;
    }
    *out = listener;
    return CORDON_OK;
}

uint16_t cdn_listener_port(const struct cdn_listener *listener)
{
    return listener->port;
}

static void quiesce(struct MHD_Daemon *daemon)
{
    MHD_socket fd = daemon ? MHD_quiesce_daemon(daemon) : MHD_INVALID_SOCKET;

    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

void cdn_listener_quiesce(struct cdn_listener *listener)
{
    quiesce(listener->tcp);
    quiesce(listener->unix_);
}

void cdn_listener_close(struct cdn_listener *listener)
{
    if (!listener)
        return;
    if (listener->tcp)
        MHD_stop_daemon(listener->tcp);
    if (listener->unix_)
        MHD_stop_daemon(listener->unix_);
    else if (listener->unix_fd >= 0)
        close(listener->unix_fd);
    if (listener->unix_fd >= 0)
        unlink(listener->host->options->socket);
    cdn_lanes_each(listener->host->lanes, free_spares, NULL);
    cdn_free(listener);
}
