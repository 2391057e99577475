/* The keeper: the process that the host starts, which makes the worker and outlives it.
 *
 * A host's threads come and go, and a signal at a parent's death is sent at the death of the
 * thread that was the parent.  So the host's child is this small program of one thread: it clones
 * the worker into its namespaces, maps its ids from outside, puts it into a control group, and
 * then waits for one of two things, the end of the worker or the end of the host (the channel's
 * other end is closed), and in either case leaves nothing behind. */
#ifndef CDN_WORKER_KEEPER_H
#define CDN_WORKER_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "isolation/worker/cgroup.h"

struct cdn_kept {
    bool namespaces; /* the worker is in new ones */
    bool user;       /* a user namespace among them */
    bool contained;  /* by a runtime, which made them */
    /* The worker's: a pipe whose other end only the keeper has, who says into it, in one byte,
     * which controllers bound the worker (enum cdn_cgroup_controller) once they do. */
    int keeper;
};

/* Clone the worker.  Returns twice: in the worker with *kept filled and *child true, in the
 * keeper with *child false.
 * Errors: CORDON_E_DENIED no namespaces may be made here, and what would let them. */
cordon_status cdn_keeper_clone(struct cdn_kept *kept, bool *child,
                               const struct cdn_cgroup_limits *limits,
                               cordon_error *err);
/* Write a text to a file of /proc/PID; false: errno says why not. */
bool cdn_keeper_write(pid_t pid, const char *name, const char *text);
/* In a worker in a container: wait until the keeper is its parent. */
cordon_status cdn_keeper_await(const struct cdn_kept *kept, cordon_error *err);
/* In a keeper: put its worker into a group of its own, and say into its pipe which bounds are in
 * force. */
cordon_status cdn_keeper_bind(struct cdn_cgroup *out, int pipe_end, pid_t pid,
                              const struct cdn_cgroup_limits *limits,
                              cordon_error *err);
/* In the keeper: wait for either end; returns the worker's wait status. */
int cdn_keeper_wait(int channel);

#endif
