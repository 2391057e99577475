/* Deadlines of connections: whoever takes too long to send a request is cut off.
 *
 * libmicrohttpd closes a connection on which nothing moved for a while.  One byte at a time keeps
 * it open for ever, so each connection also has a time by which the headers of its request,
 * and then the body, have to be here.  A sweep shuts down the sockets whose time has passed;
 * their event loop sees that, and closes them as it closes any.
 *
 *     begins      headers by now + header
 *     headers     body by now + request
 *     whole       no deadline: it is ours to answer
 *     answered    headers of the next one by now + idle + header
 *
 * Cost: a lock for each connection that begins or ends, a store for each step of a request.
 * Threads: a connection's steps are its own thread's; everything else is safe from any. */
#ifndef CDN_SERVER_GUARD_H
#define CDN_SERVER_GUARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_guard;

struct cdn_guard_times {
    uint64_t header_ms;
    uint64_t request_ms;
    uint64_t idle_ms;
};

/* Of one connection, in its owner's storage. */
struct cdn_guarded {
    struct cdn_guard *guard; /* NULL: it has not begun */
    struct cdn_guarded *next, *previous;
    int fd;
    _Atomic uint64_t until_ns; /* monotonic; 0: no deadline */
};

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_guard_new(struct cdn_guard **out, const struct cdn_guard_times *times,
                            cordon_error *err);
void cdn_guard_free(struct cdn_guard *guard); /* no connection is left.  Accepts NULL */

/* A connection begins; `fd` stays open until cdn_guard_end(). */
void cdn_guard_begin(struct cdn_guard *guard, struct cdn_guarded *connection, int fd,
                     uint64_t now_ns);
void cdn_guard_headers(struct cdn_guarded *connection, uint64_t now_ns);
void cdn_guard_whole(struct cdn_guarded *connection);
void cdn_guard_answered(struct cdn_guarded *connection, uint64_t now_ns);
/* It is about to be closed.  One that has not begun is left alone. */
void cdn_guard_end(struct cdn_guarded *connection);

/* Cut off what is late; how many that were. */
size_t cdn_guard_sweep(struct cdn_guard *guard, uint64_t now_ns);

#endif
