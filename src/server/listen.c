/* Daemons of libmicrohttpd: their addresses, their sockets, and who connects to them; wire.c has the
 * requests. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/server.h"
#include "server/wire.h"
#include "server/work.h"

enum {
    BACKLOG = 1024,
    LATE_MS = 20, /* for connections that are being made when nobody new is taken */
    LATE_ROUNDS = 50,
    TCP_FLAGS_AT = 13,
    TCP_SYN = 0x02,
    TCP_ACK = 0x10
};

/* A connection begins or ends: its deadlines, and who is at the other end of the Unix socket.
 * Where memory is out nobody in particular is there, and libmicrohttpd's own limit of time
 * stands alone. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct cdn_listener *listener = cls;
    const union MHD_ConnectionInfo *info;
    struct ucred peer;
    int domain = 0;
    socklen_t bytes = sizeof peer, domain_bytes = sizeof domain;
    struct cdn_guest *guest = *context;

    if (code != MHD_CONNECTION_NOTIFY_STARTED) {
        if (guest) {
            cdn_wire_on_closed(guest);
            cdn_guard_end(&guest->guarded);
        }
        cdn_free(guest);
        *context = NULL;
        return;
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    guest = info ? cdn_calloc(1, sizeof *guest) : NULL;
    *context = guest;
    if (!guest)
        return;
    cdn_guard_begin(listener->guard, &guest->guarded, info->connect_fd, cdn_clock_ns());
    /* the kernel answers for TCP, too: nobody, -1 */
    if (getsockopt(info->connect_fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_bytes) ||
        domain != AF_UNIX ||
        getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
        return;
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
        options->port, NULL, NULL, cdn_wire_on_request, listener,
        MHD_OPTION_THREAD_POOL_SIZE, options->threads, MHD_OPTION_CONNECTION_LIMIT,
        options->connections, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->header_bytes,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, (unsigned)BACKLOG, MHD_OPTION_URI_LOG_CALLBACK,
        cdn_wire_on_uri, listener, MHD_OPTION_NOTIFY_COMPLETED, cdn_wire_on_completed,
        listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static cordon_status open_tls(struct cdn_host *host, cordon_error *err)
{
    const struct cdn_server_options *options = host->options;
    char text[CDN_TLS_WARNING_BYTES];
    cordon_status status = cdn_tls_open(&host->tls, options->certificate, options->key,
                                        options->client_ca, err);

    if (!status && cdn_tls_warning(text, host->tls, cdn_clock_wall_ms()))
        cdn_host_log(host, CORDON_LEVEL_WARNING, "%s", text);
    return status;
}

static cordon_status listen_tcp(struct cdn_listener *listener, cordon_error *err)
{
    const struct cdn_server_options *options = listener->host->options;
    const union MHD_DaemonInfo *info;
    union address address;
    struct MHD_OptionItem more[6];
    size_t count = 0;
    unsigned flags = 0;
    cordon_status status = parse_address(&address, options, err);

    if (!status && options->certificate)
        status = open_tls(listener->host, err);
    if (status)
        return status;
    more[count++] = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, &address};
    more[count++] =
        (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                (intptr_t)options->connections_per_address, NULL};
    if (listener->host->tls) {
        flags |= MHD_USE_TLS;
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
                                                (void *)(uintptr_t)cdn_tls_retrieve};
        more[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                                (void *)(uintptr_t)CDN_TLS_PRIORITIES};
    }
    if (listener->host->tls && cdn_tls_trust(listener->host->tls))
        more[count++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_MEM_TRUST, 0,
            (void *)(uintptr_t)cdn_tls_trust(listener->host->tls)};
    more[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    if (address.any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    if (cdn_auth_is_open(listener->host->auth) && !is_loopback(&address))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s can be reached from elsewhere, and anybody may do "
                             "everything; configure tokens, or listen on 127.0.0.1",
                             options->address);
    errno = 0;
    listener->tcp = start(listener, flags, more);
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

static cordon_status bind_unix(int *out, const char *path, unsigned mode,
                               cordon_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, failed;

    if (path[0] == '@')
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "%s: a name without a file has no permissions; give a path "
            "(./%s is one)",
            path, path);
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
    if (chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0) {
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
    cordon_status status =
        bind_unix(&listener->local_fd, options->socket, options->socket_mode, err);
    const struct MHD_OptionItem more[] = {
        {MHD_OPTION_LISTEN_SOCKET, listener->local_fd, NULL},
        {MHD_OPTION_END, 0, NULL},
    };

    if (status)
        return status;
    errno = 0;
    listener->local = start(listener, 0, more);
    if (!listener->local)
        return cdn_error_errno(err, errno ? errno : EIO, "cannot listen on %s",
                               options->socket);
    return CORDON_OK;
}

static cordon_status open_all(struct cdn_listener *listener, cordon_error *err)
{
    struct cdn_host *host = listener->host;
    const struct cdn_server_options *options = host->options;
    /* no more than that are suspended at once */
    uint32_t most = options->connections * 2;
    const struct cdn_guard_times times = {.header_ms = options->header_ms,
                                          .request_ms = options->request_ms,
                                          .idle_ms =
                                              (uint64_t)options->idle_seconds * 1000};
    cordon_status status = cdn_watch_open(&listener->watch, most, err);

    if (!status)
        status = cdn_guard_new(&listener->guard, &times, err);
    if (!status)
        status =
            cdn_workers_open(&host->workers, options->workers, options->queue, err);
    if (!status && !options->no_tcp)
        status = listen_tcp(listener, err);
    if (!status && options->socket)
        status = listen_unix(listener, err);
    return status;
}

cordon_status cdn_listener_open(struct cdn_listener **out, struct cdn_host *host,
                                cordon_error *err)
{
    struct cdn_listener *listener = cdn_calloc(1, sizeof *listener);
    cordon_status status;

    *out = NULL;
    if (!listener)
        return cdn_error_nomem(err);
    listener->host = host;
    listener->local_fd = -1;
    status = open_all(listener, err);
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

void cdn_listener_sweep(struct cdn_listener *listener)
{
    (void)cdn_guard_sweep(listener->guard, cdn_clock_ns());
}

void cdn_listener_requests(uint64_t *begun, uint64_t *under_way,
                           const struct cdn_listener *listener)
{
    uint64_t ended = __atomic_load_n(&listener->ended, __ATOMIC_ACQUIRE);

    *begun = __atomic_load_n(&listener->begun, __ATOMIC_RELAXED);
    *under_way = *begun - ended;
}

static unsigned connections_of(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info =
        daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
               : NULL;

    return info ? info->num_connections : 0;
}

unsigned cdn_listener_connections(const struct cdn_listener *listener)
{
    return connections_of(listener->tcp) + connections_of(listener->local);
}

/* Connections that the kernel has made already would be cut off with the socket. */
static void take_waiting(struct MHD_Daemon *daemon, int fd)
{
    for (;;) {
        struct sockaddr_storage address;
        socklen_t bytes = sizeof address;
        int client = accept4(fd, (struct sockaddr *)&address, &bytes,
                             SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client < 0)
            return;
        /* closes it where it cannot be had */
        (void)MHD_add_connection(daemon, client, (struct sockaddr *)&address, bytes);
    }
}

/* From now on nobody new comes to a socket of TCP, while those whose connection is being made still
 * do: packets that ask for one are dropped, and asked again in a second, when there is no socket
 * any more. */
static void refuse_new(int fd)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS_AT),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TCP_SYN | TCP_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TCP_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = {sizeof code / sizeof *code, code};

    /* where that cannot be had, whoever comes between the last look and the close is cut off */
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void quiesce(struct MHD_Daemon *daemon, bool is_tcp)
{
    MHD_socket fd = daemon ? MHD_quiesce_daemon(daemon) : MHD_INVALID_SOCKET;
    struct pollfd late = {.fd = fd, .events = POLLIN};
    int rounds = 0;

    if (fd == MHD_INVALID_SOCKET)
        return;
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (is_tcp)
        refuse_new(fd);
    do
        take_waiting(daemon, fd);
    while (poll(&late, 1, LATE_MS) > 0 && ++rounds < LATE_ROUNDS);
    close(fd);
}

void cdn_listener_quiesce(struct cdn_listener *listener)
{
    /* a name that is gone is one nobody connects to; another server may take it */
    if (listener->local_fd >= 0)
        unlink(listener->host->options->socket);
    listener->local_fd = -1;
    quiesce(listener->local, false);
    quiesce(listener->tcp, true);
}

void cdn_listener_cancel(struct cdn_listener *listener)
{
    cdn_watch_cancel_all(listener->watch);
}

void cdn_listener_close(struct cdn_listener *listener)
{
    struct cdn_host *host;

    if (!listener)
        return;
    host = listener->host;
    /* the workers first: a daemon cannot be stopped while a connection is suspended */
    if (host->workers) {
        cdn_watch_cancel_all(listener->watch);
        cdn_workers_stop(host->workers);
    }
    if (listener->tcp)
        MHD_stop_daemon(listener->tcp);
    if (listener->local)
        MHD_stop_daemon(listener->local);
    else if (listener->local_fd >= 0)
        close(listener->local_fd);
    if (listener->local_fd >= 0)
        unlink(host->options->socket);
    cdn_wire_free_spares(host);
    cdn_workers_close(host->workers);
    host->workers = NULL;
    cdn_watch_close(listener->watch);
    cdn_guard_free(listener->guard);
    cdn_tls_close(host->tls);
    host->tls = NULL;
    cdn_free(listener);
}
