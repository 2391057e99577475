/* Clients that go away while a worker is at their request: its evaluation is cancelled.
 *
 * The connection of such a request is suspended, and nobody reads from it.  One thread waits for
 * the other end of any of them to be closed.  A client that closes its sending side alone and waits
 * for the answer is taken for one that has gone, as most servers do.
 *
 * Threads: every function is safe from any thread, but open and close. */
#ifndef CDN_SERVER_WATCH_H
#define CDN_SERVER_WATCH_H

#include <stdint.h>

#include <cordon/evaluate.h>

#include "base/error.h"

struct cdn_watch;

/* Room for so many at once.
 * Ownership: *out is the caller's; cdn_watch_close() it.
 * Errors:    CORDON_E_NOMEM, CORDON_E_IO. */
cordon_status cdn_watch_open(struct cdn_watch **out, uint32_t most, cordon_error *err);
/* Accepts NULL. */
void cdn_watch_close(struct cdn_watch *watch);

/* Request `cancel` when the other end of the socket is closed, until cdn_watch_remove() with what
 * this returns; UINT32_MAX: there is no room, and nothing is watched. */
uint32_t cdn_watch_add(struct cdn_watch *watch, int fd, cordon_cancel *cancel);
void cdn_watch_remove(struct cdn_watch *watch, uint32_t place, int fd);

/* Request all of them now. */
void cdn_watch_cancel_all(struct cdn_watch *watch);

#endif
