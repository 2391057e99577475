/* Killing a process at any of the calls by which it makes something durable.
 *
 * A program that has dying.c among its sources defines write(), fsync(), link() and their like,
 * so that the dynamic linker resolves the library's and LMDB's calls to these.  They do what
 * they should, except that nobody waits for the disk (what a process wrote outlives it; only a
 * power cut would need it), and that a process dies at the call it was told to. */
#ifndef CORDON_TESTS_DYING_H
#define CORDON_TESTS_DYING_H

#include <stdbool.h>

#include <cordon/error.h>

#include "base/buf.h"

enum dying_moment { DYING_BEFORE, DYING_WITHIN }; /* a call, or in the middle of it */

/* Work where no disk is waited for, if there is such a place. */
void dying_in_memory(void);

/* Run `change` in a child that dies at its call-th call (0: the first; -1: at none).  True: it
 * died; false: it came to its end, and to CORDON_OK. */
bool dying_run(cordon_status (*change)(void *ud), void *ud, long call,
               enum dying_moment when);

/* A file, and one change of it. */
struct dying_trial {
    const char *name; /* of the change */
    const char *path;
    cordon_status (*change)(void *ud); /* opens the file itself */
    void *ud;
    void (*state)(struct cdn_buf *out); /* appends all the file says, as text */
    void *(*watch)(void);               /* opens it in this process, as a host has it */
    void (*unwatch)(void *watching);
};

/* Make the change in a child that dies, at each of its calls in turn, before them and within
 * them, with nobody else there and with the file watched.  After each death the file says what
 * it said before, or what the whole change makes of it; and then the change can be made.  The
 * file is left as it was. */
void dying_everywhere(const struct dying_trial *trial);

#endif
