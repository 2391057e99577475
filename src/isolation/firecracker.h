/* Firecracker as the monitor of a machine, through its published API: five PUTs over a Unix
 * socket describe the machine and start it, and the worker in it calls the host by vsock, which
 * comes out as another Unix socket.
 *
 * Both sockets have names, so each machine has a folder of its own in /dev/shm, which the
 * keeper removes.  Whatever answers on the socket is believed in nothing: an answer has a bound
 * and every wait an end.
 * Source: Firecracker, src/firecracker/swagger/firecracker.yaml and docs/vsock.md.  It was
 * written to that and is tested against a server that speaks it, never against Firecracker. */
#ifndef CDN_ISOLATION_FIRECRACKER_H
#define CDN_ISOLATION_FIRECRACKER_H

#include <stdbool.h>

#include "isolation/qemu.h"

struct cdn_firecracker {
    char folder[40]; /* "": there is none */
    int listener;    /* where the worker calls; -1: nowhere */
};

/* The modules such a machine needs, ended by NULL. */
extern const char *const cdn_firecracker_modules[];

/* Make the folder and listen.  Errors: CORDON_E_IO. */
cordon_status cdn_firecracker_init(struct cdn_firecracker *out, cordon_error *err);
/* Close and remove them, as far as the keeper has not. */
void cdn_firecracker_deinit(struct cdn_firecracker *firecracker);

/* Append Firecracker's arguments, its name first. */
void cdn_firecracker_words(struct cdn_buf *out,
                           const struct cdn_firecracker *firecracker);

/* Describe the machine to a Firecracker that was started, and start it.  `life`: a socket that
 * becomes readable when it ends.
 * Errors: CORDON_E_IO it ended; CORDON_E_INTERRUPTED it was not done at until_ns;
 *         CORDON_E_DATA it refused, and what it said; CORDON_E_NOMEM. */
cordon_status cdn_firecracker_boot(const struct cdn_firecracker *firecracker,
                                   const struct cdn_machine_plan *plan, int life,
                                   uint64_t until_ns, cordon_error *err);
/* Where the worker will call: the caller's to close from now on. */
int cdn_firecracker_listener(struct cdn_firecracker *firecracker);

/* What it answers a request with. */
struct cdn_firecracker_answer {
    unsigned code;    /* 204: done */
    const char *body; /* borrowed from what was read */
    size_t body_bytes;
};
enum cdn_firecracker_read { CDN_ANSWER_MORE, CDN_ANSWER_BAD, CDN_ANSWER_WHOLE };

/* No answer is longer. */
#define CDN_FIRECRACKER_ANSWER_MOST ((size_t)4096)

/* Read an answer of HTTP/1.1 from what has come so far. */
enum cdn_firecracker_read cdn_firecracker_read(struct cdn_firecracker_answer *out,
                                               const char *bytes, size_t count);

#endif
