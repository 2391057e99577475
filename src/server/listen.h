/* Listening: connections, and the threads that serve them (home of microhttpd.h).
 *
 * One daemon for TCP and one for the Unix socket, each with a pool of event loops over epoll: a
 * connection belongs to one loop, which reads its request within the limits and has it answered
 * (dispatch.h).  What takes microseconds is answered on the loop itself; everything else leaves it
 * for a worker (work.h), the connection being suspended meanwhile, so that nothing slow holds up
 * another connection.
 *
 * Bounds: connections, headers and bodies by the options; what all bodies and replies hold
 * together by `held_bytes`, beyond which requests with large ones are refused. */
#ifndef CDN_SERVER_LISTEN_H
#define CDN_SERVER_LISTEN_H

#include <stdint.h>

#include "server/host.h"

struct cdn_listener;

/* Ownership: *out is the caller's; cdn_listener_close() it.  `host` is borrowed.
 * Errors:    CORDON_E_INVALID an address that is none, or that is not loopback while anybody may
 *            do everything; CORDON_E_EXISTS another server has the socket; CORDON_E_IO. */
cordon_status cdn_listener_open(struct cdn_listener **out, struct cdn_host *host,
                                cordon_error *err);
uint16_t cdn_listener_port(const struct cdn_listener *listener);
/* Cut off connections that take too long to send a request: every 100 ms or so. */
void cdn_listener_sweep(struct cdn_listener *listener);
/* Requests that have begun since it was opened, and those of them that have not been sent whole,
 * nor given up by whoever asked. */
void cdn_listener_requests(uint64_t *begun, uint64_t *under_way,
                           const struct cdn_listener *listener);
/* Open connections, those between two requests too. */
unsigned cdn_listener_connections(const struct cdn_listener *listener);
/* Take no new connections but those that wait already; those there are go on. */
void cdn_listener_quiesce(struct cdn_listener *listener);
/* Cancel every evaluation that a worker is at. */
void cdn_listener_cancel(struct cdn_listener *listener);
/* Cancels them, and closes all connections.  Accepts NULL. */
void cdn_listener_close(struct cdn_listener *listener);

#endif
