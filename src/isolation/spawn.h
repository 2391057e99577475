/* Starting programs from a host whose threads come and go: posix_spawn(), never fork().
 *
 * Threads: safe from any thread. */
#ifndef CDN_ISOLATION_SPAWN_H
#define CDN_ISOLATION_SPAWN_H

#include "base/buf.h"
#include "base/error.h"

#define CDN_SPAWN_MAX_WORDS 64u
#define CDN_SPAWN_MAX_FILES 8u

struct cdn_spawn {
    const char *program; /* an absolute path */
    const struct cdn_buf
        *words; /* its arguments, its name first, each ended by a NUL */
    int files[CDN_SPAWN_MAX_FILES]; /* what it has as descriptors 3, 4, ... */
    unsigned file_count;
    int said; /* what it has as 1 and 2; -1: they lead nowhere */
};

/* Append one argument. */
void cdn_spawn_word(struct cdn_buf *words, const char *format, ...) CDN_PRINTF(2, 3);

/* Start it in a session of its own, without an environment, with no signal blocked or ignored.
 * Ownership: *out is the caller's, a pidfd of a child that it reaps: it means no other process
 *            even where the host's own code has waited for all its children.  Descriptors are
 *            borrowed.
 * Errors:    CORDON_E_NOTFOUND there is no such program; CORDON_E_IO, CORDON_E_NOMEM,
 *            CORDON_E_INVALID too many words or files.  *out is then -1. */
cordon_status cdn_spawn(int *out, const struct cdn_spawn *spawn, cordon_error *err);

/* Wait for a child's end for at most `ms`, then kill it; leave no zombie, and close its pidfd.
 * Returns what it exited with, 128 and the signal that ended it, or -1: nobody knows. */
int cdn_spawn_reap(int child, int ms);

#endif
