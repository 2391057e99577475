/* One request on a connection: read, handed over, answered.
 *
 * A wire comes from the lane of its event loop's thread and goes back there, so that after some requests
 * nothing is allocated for the next one, without a lock; buffers that grew large are given back.
 *
 * The order of things, all on the connection's loop but the work of a worker:
 *
 *   on_uri         the request line: a wire, and the path as it was sent
 *   on_request     the headers: route, caller, rights (dispatch.h); a request that is refused
 *                  is answered when its body has been read, if that is short, else at once,
 *                  which closes the connection
 *   on_request     pieces of the body
 *   on_request     its end: the handler and the answer, or the connection is suspended and a
 *                  worker has the wire, until it resumes the connection
 *   on_request     that has happened: the answer
 *   on_read        pieces of an answer that is made while it is sent; each is a worker's
 *   on_completed   sent, or the connection is gone: the wire goes back */
#include "server/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/dispatch.h"
#include "server/lane.h"
#include "server/server.h"
#include "server/strict.h"
#include "server/work.h"

enum {
    SMALL_BYTES = 16 * 1024,  /* a body or a reply that is not counted */
    KEPT_BYTES = 64 * 1024,   /* of a buffer that waits for the next request */
    PIECE_BYTES = 32 * 1024,  /* that libmicrohttpd asks for at once */
    DISCARDED_BYTES = 4 << 20 /* of a body that is refused: read all the same */
};

struct wire {
    struct cdn_exchange x;
    struct wire *next; /* in the lane, while it waits */
    struct cdn_listener *listener;
    struct MHD_Connection *connection;
    struct cdn_guest *guest; /* once it has begun; NULL: nobody in particular */
    struct cdn_buf url;      /* the path as it was sent */
    struct cdn_buf body;
    size_t held;      /* of listener->held */
    int fd;           /* of the connection, while a worker has it */
    size_t discarded; /* bytes of a body that nobody wants */
    struct cdn_work work;
    uint32_t watched; /* the place in listener->watch */
    size_t sent;      /* of x.reply, where it is an answer in pieces */
    bool bad_query;
    bool begun;
    bool at_worker; /* it has been there; what it left is to be sent */
    bool broken;    /* the next piece cannot be had */
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

    if (wire->begun)
        cdn_dispatch_abandon(&wire->x);
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

static void free_spares_of(void *ud, struct cdn_lane *lane)
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

void cdn_wire_free_spares(struct cdn_host *host)
{
    cdn_lanes_each(host->lanes, free_spares_of, NULL);
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
        __atomic_fetch_add(&listener->host->shed_memory, 1, __ATOMIC_RELAXED);
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

static ssize_t on_read(void *cls, uint64_t position, char *to, size_t most);

static struct MHD_Response *response_of(struct wire *wire)
{
    struct cdn_exchange *x = &wire->x;

    wire->sent = 0;
    if (x->more)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, on_read,
                                                 wire, NULL);
    if (!hold(wire, x->reply.length)) {
        cdn_buf_deinit(&x->reply);
        cdn_exchange_fail(x, CORDON_E_OVERLOADED, NULL);
        cdn_exchange_finish(x);
    }
    return MHD_create_response_from_buffer(x->reply.length, x->reply.data,
                                           MHD_RESPMEM_PERSISTENT);
}

/* The reply lies in the wire, which stays until it is sent. */
static enum MHD_Result send_reply(struct wire *wire)
{
    struct MHD_Response *response = response_of(wire);
    enum MHD_Result result = MHD_NO;

    if (!response)
        return MHD_NO;
    if (add_headers(response, wire))
        result = MHD_queue_response(wire->connection, wire->x.status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- workers ---- */

static void leave_loop(struct wire *wire)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(wire->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    wire->at_worker = true;
    wire->fd = info ? info->connect_fd : -1;
    MHD_suspend_connection(wire->connection);
    wire->watched = cdn_watch_add(wire->listener->watch, wire->fd, &wire->x.cancel);
}

/* From any thread: the connection's loop goes on with it. */
static void return_to_loop(struct wire *wire)
{
    cdn_watch_remove(wire->listener->watch, wire->watched, wire->fd);
    MHD_resume_connection(wire->connection);
}

static struct wire *wire_of(struct cdn_work *work)
{
    return (struct wire *)(void *)((char *)work - offsetof(struct wire, work));
}

/* On a worker: the handler, or the next piece of its answer. */
static void run_work(struct cdn_work *work)
{
    struct wire *wire = wire_of(work);

    if (!wire->x.status)
        cdn_dispatch_run(&wire->x);
    else
        wire->broken = !cdn_dispatch_continue(&wire->x);
    return_to_loop(wire);
}

static void refuse_work(struct wire *wire)
{
    cdn_exchange_problem(&wire->x, 503, "overloaded",
                         "too many requests wait already; try again later");
    cdn_exchange_set_header(&wire->x, "Retry-After", "1");
    cdn_dispatch_end(&wire->x);
}

/* On a worker: it has waited for too long. */
static void refuse_late(struct cdn_work *work)
{
    struct wire *wire = wire_of(work);

    refuse_work(wire);
    return_to_loop(wire);
}

/* Give it to a worker; who is refused for it, or itself, is answered at once. */
static enum MHD_Result hand_over(struct wire *wire)
{
    struct cdn_work *refused;

    wire->work.priority = cdn_dispatch_priority(&wire->x);
    wire->work.run = run_work;
    wire->work.refuse = refuse_late;
    if (wire->x.status) {
        cdn_dispatch_end(&wire->x);
        return send_reply(wire);
    }
    /* before the connection is suspended, which costs more than saying no */
    if (!cdn_workers_take(wire->listener->host->workers, wire->work.priority)) {
        refuse_work(wire);
        return send_reply(wire);
    }
    leave_loop(wire);
    refused = cdn_workers_submit(wire->listener->host->workers, &wire->work);
    if (refused) {
        refuse_work(wire_of(refused));
        return_to_loop(wire_of(refused));
    }
    return MHD_YES;
}

static ssize_t on_read(void *cls, uint64_t position, char *to, size_t most)
{
    struct wire *wire = cls;
    size_t left = wire->x.reply.length - wire->sent;

    (void)position;
    if (wire->broken)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (left) {
        most = left < most ? left : most;
        memcpy(to, wire->x.reply.data + wire->sent, most);
        wire->sent += most;
        return (ssize_t)most;
    }
    if (!wire->x.more)
        return MHD_CONTENT_READER_END_OF_STREAM;
    wire->sent = 0;
    leave_loop(wire);
    if (cdn_workers_resubmit(wire->listener->host->workers, &wire->work))
        return 0;
    return_to_loop(wire);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The whole request is there. */
static enum MHD_Result answer(struct wire *wire)
{
    struct cdn_exchange *x = &wire->x;

    if (wire->guest)
        cdn_guard_whole(&wire->guest->guarded);
    x->body = wire->body.data;
    x->body_bytes = wire->body.length;
    if (x->status)
        cdn_dispatch_end(x);
    else if (cdn_dispatch_place(x) == CDN_PLACE_LOOP)
        cdn_dispatch_run(x);
    else
        return hand_over(wire);
    return send_reply(wire);
}

/* ---- reading ---- */

/* The certificate that the client showed, once a connection: before its first request is here
 * there is none. */
static void look_at_certificate(struct wire *wire, struct cdn_guest *guest)
{
    const union MHD_ConnectionInfo *info;

    if (guest->handshaken || !wire->listener->host->tls || guest->shown.has_peer)
        return;
    guest->handshaken = true;
    info =
        MHD_get_connection_info(wire->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info && cdn_tls_subject(guest->subject, sizeof guest->subject,
                                (gnutls_session_t)info->tls_session))
        guest->shown.subject = guest->subject;
}

static void begin(struct wire *wire, const char *method)
{
    struct cdn_credentials shown = {0};

    wire->begun = true;
    cdn_exchange_begin(&wire->x, wire->listener->host, &source, wire);
    if (wire->guest) {
        cdn_guard_headers(&wire->guest->guarded, wire->x.begun_ns);
        look_at_certificate(wire, wire->guest);
        shown = wire->guest->shown;
    }
    shown.authorization = cdn_exchange_header(&wire->x, "Authorization");
    if (cdn_dispatch_begin(&wire->x, method, (const char *)wire->url.data, &shown) &&
        wire->bad_query)
        cdn_exchange_problem(&wire->x, 400, "query",
                             "what stands behind the ? has a %% that is no escape, or "
                             "one of a NUL");
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
static enum MHD_Result on_headers(struct wire *wire, const char *method,
                                  const char *version)
{
    struct cdn_exchange *x = &wire->x;
    uint64_t bytes;

    begin(wire, method);
    if (!cdn_strict_check(x, wire->connection, version))
        return answer(wire);
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

static struct cdn_guest *guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void end_wire(struct wire *wire)
{
    __atomic_fetch_add(&wire->listener->ended, 1, __ATOMIC_RELEASE);
    give_back(wire);
}

void cdn_wire_on_closed(struct cdn_guest *guest)
{
    struct wire *wire = guest->wire;

    guest->wire = NULL;
    if (wire)
        end_wire(wire);
}

void *cdn_wire_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct cdn_listener *listener = cls;
    struct cdn_lane *lane = cdn_lane_mine(listener->host->lanes);
    struct wire *wire = lane ? take_wire(lane) : NULL;

    if (!wire)
        return NULL;
    __atomic_fetch_add(&listener->begun, 1, __ATOMIC_RELAXED);
    wire->listener = listener;
    wire->connection = connection;
    wire->bad_query = !cdn_strict_query(uri + strcspn(uri, "?"));
    wire->begun = false;
    wire->guest = guest_of(connection);
    wire->at_worker = false;
    wire->broken = false;
    wire->discarded = 0;
    cdn_buf_clear(&wire->body);
    cdn_buf_clear(&wire->url);
    cdn_buf_append(&wire->url, uri, strcspn(uri, "?"));
    if (wire->url.failed) {
        __atomic_fetch_add(&listener->ended, 1, __ATOMIC_RELAXED);
        free_wire(wire);
        return NULL;
    }
    if (wire->guest) {
        cdn_wire_on_closed(wire->guest); /* one whose end was not told */
        wire->guest->wire = wire;
    }
    return wire;
}

enum MHD_Result cdn_wire_on_request(void *cls, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *bytes, void **context)
{
    struct wire *wire = *context;

    (void)cls;
    (void)connection;
    (void)url;
    if (!wire)
        return MHD_NO; /* out of memory */
    if (!wire->begun)
        return on_headers(wire, method, version);
    if (wire->at_worker)
        return send_reply(wire);
    if (*bytes)
        return on_piece(wire, data, bytes);
    return answer(wire);
}

void cdn_wire_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code)
{
    struct wire *wire = *context;

    (void)cls;
    (void)connection;
    (void)code;
    if (wire && wire->begun && wire->guest)
        cdn_guard_answered(&wire->guest->guarded, cdn_clock_ns());
    if (wire && wire->guest)
        wire->guest->wire = NULL;
    if (wire)
        end_wire(wire);
    *context = NULL;
}
