/* Making the worker, and cleaning up after it.
 *
 * As root the worker's namespaces belong to a new user namespace in which there is one user,
 * nobody, who is nobody outside as well.  Without privilege the one user is whoever runs the
 * host, called nobody inside.  Where the system lets nobody make user namespaces, root does
 * without one. */
#include "isolation/worker/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolation/worker/lockin.h"

static pid_t worker;
static int worker_pidfd = -1;
static int lifeline = -1; /* written to twice, closed by the keeper's end */
static struct cdn_cgroup group;

#define SPACES                                                                         \
    (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |         \
     CLONE_NEWCGROUP)

/* As fork(), which is safe since there is one thread. */
static pid_t clone_into(unsigned long flags, int *pidfd)
{
    return (pid_t)syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL,
                          NULL);
}

bool cdn_keeper_write(pid_t pid, const char *name, const char *text)
{
    char path[64];
    size_t bytes = strlen(text);
    bool written;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    written = write(fd, text, bytes) == (ssize_t)bytes;
    close(fd);
    return written;
}

static cordon_status map_ids(pid_t pid, cordon_error *err)
{
    bool root = geteuid() == 0;
    char users[64], groups[64];

    snprintf(users, sizeof users, "%d %u 1\n", CDN_WORKER_ID,
             root ? CDN_WORKER_ID : geteuid());
    snprintf(groups, sizeof groups, "%d %u 1\n", CDN_WORKER_ID,
             root ? CDN_WORKER_ID : getegid());
    if ((!root && !cdn_keeper_write(pid, "setgroups", "deny")) ||
        !cdn_keeper_write(pid, "uid_map", users) ||
        !cdn_keeper_write(pid, "gid_map", groups))
        return cdn_error_set(err, CORDON_E_DENIED, "step 2, mapping ids: %s",
                             strerror(errno));
    return CORDON_OK;
}

cordon_status cdn_keeper_bind(struct cdn_cgroup *out, int pipe_end, pid_t pid,
                              const struct cdn_cgroup_limits *limits, cordon_error *err)
{
    unsigned char in_force;

    cdn_cgroup_make(out, limits, NULL);
    in_force = (unsigned char)cdn_cgroup_join(out, pid);
    return write(pipe_end, &in_force, 1) == 1
               ? CORDON_OK
               : cdn_error_errno(err, errno, "waking the worker");
}

cordon_status cdn_keeper_await(const struct cdn_kept *kept, cordon_error *err)
{
    char go;

    if (read(kept->keeper, &go, 1) != 1)
        return cdn_error_set(err, CORDON_E_DENIED, "step 2: the keeper gave up");
    return CORDON_OK;
}

/* Dying with the keeper begins here, before anything is opened that may take its time, and again
 * when the ids have changed (lockin.c), as that ends it.  The first in a namespace of processes
 * is told of no parent; so that the keeper did not die before is seen by the pipe, of which
 * nobody else has the other end. */
static cordon_status become_worker(struct cdn_kept *kept, int ready[2],
                                   cordon_error *err)
{
    struct pollfd keeper = {.fd = ready[0], .events = 0};
    cordon_status status;

    close(ready[1]);
    kept->keeper = ready[0];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return cdn_error_errno(err, errno, "step 2, dying with the keeper");
    status = cdn_keeper_await(kept, err);
    if (!status && poll(&keeper, 1, 0))
        status = cdn_error_set(err, CORDON_E_DENIED, "step 2: the keeper is gone");
    return status;
}

static void end_worker(int *ended)
{
    kill(worker, SIGKILL); /* it may have ended: then this does nothing */
    while (waitpid(worker, ended, 0) < 0 && errno == EINTR)
        ;
    (void)cdn_cgroup_end(&group); /* what stays is swept by a later one */
}

cordon_status cdn_keeper_clone(struct cdn_kept *kept, bool *child,
                               const struct cdn_cgroup_limits *limits,
                               cordon_error *err)
{
    cordon_status status = CORDON_OK;
    int ready[2];

    *child = false;
    *kept = (struct cdn_kept){.namespaces = true, .user = true, .keeper = -1};
    if (pipe2(ready, O_CLOEXEC))
        return cdn_error_errno(err, errno, "a pipe");
    worker = clone_into(CLONE_NEWUSER | SPACES, &worker_pidfd);
    if (worker < 0 && geteuid() == 0) {
        kept->user = false;
        worker = clone_into(SPACES, &worker_pidfd);
    }
    if (worker == 0) {
        *child = true;
        return become_worker(kept, ready, err);
    }
    if (worker < 0)
        status = cdn_error_set(
            err, CORDON_E_DENIED,
            "step 2, new namespaces: %s; run as root, or let users make user "
            "namespaces "
            "(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)",
            strerror(errno));
    close(ready[0]);
    lifeline = ready[1];
    if (!status && kept->user)
        status = map_ids(worker, err);
    if (!status && write(lifeline, "g", 1) != 1)
        status = cdn_error_errno(err, errno, "waking the worker");
    if (!status) /* while the worker opens its snapshot: to move a process takes its time */
        status = cdn_keeper_bind(&group, lifeline, worker, limits, err);
    if (status && worker > 0)
        end_worker(NULL);
    return status;
}

int cdn_keeper_wait(int channel)
{
    struct pollfd ends[2] = {{.fd = channel, .events = 0},
                             {.fd = worker_pidfd, .events = POLLIN}};
    int ended = 0;

    while (poll(ends, 2, -1) < 0 && errno == EINTR)
        ;
    end_worker(&ended);
    return ended;
}
