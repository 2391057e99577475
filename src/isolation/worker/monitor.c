/* Locking a monitor in, and cleaning up after it.
 *
 * The machine is the wall; a monitor that a guest has taken over is what this is against, so
 * that it is worth no more than a worker of the process wall that was taken over:
 *
 *   1. Descriptors: the channel, and read-only sealed files.  No environment.
 *   2. New namespaces: no network, no other process, no System V object.  Root makes them as
 *      root, anybody else with a user namespace.  Where neither may, it goes without: the machine
 *      needs no right that nobody lacks.
 *   3. A control group of its own bounds its memory, its share of the processors and its threads,
 *      where groups can be made; the keeper puts it there before it goes on, says to the host
 *      which bounds are in force, and removes the group when all is over (cgroup.h).
 *   4. In its own mount namespace, what is not a program, a library or a device is covered by
 *      empty read-only file systems.
 *   5. Limits of resources: no core, few descriptors, small files, so much address space and
 *      processor time.
 *   6. It is nobody, in no group but the one that /dev/kvm may have.
 *   7. No capabilities, not even to be had; no_new_privs.
 *   8. It dies when the keeper does, and the keeper when the host does.
 *   9. System calls are QEMU's own affair (-sandbox) and Firecracker's: they install their
 *      filters themselves once they have set up. */
#include "isolation/worker/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isolation/channel.h"
#include "isolation/wire.h"
#include "isolation/worker/keeper.h"
#include "isolation/worker/lockin.h"

enum { CHANNEL = 3, BOUNDS, FIRST_WORD = 9 };
/* Of the processors, in percent of one: the machine's, and whoever moves its data.  Threads: those
 * two, some of its own, and those that read the disk. */
enum { CPU_PERCENT = 200, THREADS = 80 };

#define SPACES                                                                         \
    (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |         \
     CLONE_NEWCGROUP)

struct monitor {
    uint64_t room_bytes, held_bytes, cpu_s, write_bytes;
    const char *folder; /* NULL: none */
    const char *program;
    char **argv;
    bool root;   /* the keeper is */
    bool mounts; /* it has a mount namespace of its own */
};

static cordon_status refused(cordon_error *err, int step, const char *what)
{
    return cdn_error_set(err, CORDON_E_DENIED, "a monitor's step %d, %s: %s", step,
                         what, strerror(errno));
}

static int give_up(const cordon_error *why)
{
    struct cdn_channel channel;
    struct cdn_buf out = {0};

    cdn_channel_init(&channel, CDN_CHANNEL_WORKER, CHANNEL, NULL);
    cdn_wire_put_failed(&out, why);
    if (!out.failed)
        (void)cdn_channel_send(&channel, CDN_FRAME_FAILED, out.data, out.length,
                               UINT64_MAX, NULL);
    cdn_buf_deinit(&out);
    return 3;
}

/* ---- in the child ---- */

/* 4: what a monitor has no business with. */
static cordon_status cover_files(cordon_error *err)
{
    static const char *const places[] = {"/home", "/root", "/tmp",  "/var",  "/run",
                                         "/srv",  "/mnt",  "/boot", "/media"};
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return refused(err, 4, "making mounts private");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (mount("none", places[i], "tmpfs", flags, "size=4k,nr_inodes=1,mode=0555") &&
            errno != ENOENT && errno != ENOTDIR)
            return refused(err, 4, places[i]);
    /* of its own namespace of processes; where that is not allowed it sees the keeper's, as
     * names alone */
    (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return CORDON_OK;
}

static cordon_status limit(const struct monitor *monitor, cordon_error *err)
{
    const struct {
        __rlimit_resource_t resource;
        uint64_t most;
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, monitor->write_bytes},
        {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_NOFILE, 64},
        {RLIMIT_CPU, monitor->cpu_s},
        {RLIMIT_AS, monitor->room_bytes},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit both;

        if (getrlimit(limits[i].resource, &both))
            return refused(err, 5, "reading a limit");
        if (both.rlim_max == RLIM_INFINITY || both.rlim_max > limits[i].most)
            both.rlim_max = limits[i].most;
        both.rlim_cur = both.rlim_max;
        if (setrlimit(limits[i].resource, &both))
            return refused(err, 5, "setting a limit");
    }
    return CORDON_OK;
}

static cordon_status become_nobody(cordon_error *err)
{
    struct stat kvm;
    gid_t group;
    bool some = !stat("/dev/kvm", &kvm) && S_ISCHR(kvm.st_mode) && kvm.st_gid != 0;

    group = some ? kvm.st_gid : 0;
    if (setgroups(some ? 1 : 0, &group))
        return refused(err, 6, "leaving groups");
    for (int capability = 0; capability <= 63; capability++) {
        int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

        if (held < 0)
            break; /* the kernel has no more */
        if (held && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) && errno != EPERM)
            return refused(err, 7, "dropping capabilities for good");
    }
    if (setresgid(CDN_WORKER_ID, CDN_WORKER_ID, CDN_WORKER_ID) ||
        setresuid(CDN_WORKER_ID, CDN_WORKER_ID, CDN_WORKER_ID))
        return refused(err, 6, "becoming nobody");
    return CORDON_OK;
}

static cordon_status drop_rights(cordon_error *err)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
        syscall(SYS_capset, &header, none))
        return refused(err, 7, "dropping capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return refused(err, 7, "no_new_privs");
    return CORDON_OK;
}

/* 8: `lifeline` is a pipe whose other end only the keeper has; it may have died before. */
static cordon_status die_with(int lifeline, cordon_error *err)
{
    char nothing;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) ||
        fcntl(lifeline, F_SETFL, O_NONBLOCK))
        return refused(err, 8, "dying with the keeper");
    if (read(lifeline, &nothing, 1) >= 0)
        return cdn_error_set(err, CORDON_E_DENIED, "a monitor's keeper is gone");
    close(lifeline);
    return CORDON_OK;
}

static int become_monitor(const struct monitor *monitor, int lifeline)
{
    static char *const environment[] = {NULL};
    /* opened before what it lies in may be covered */
    int program = open(monitor->program, O_PATH | O_CLOEXEC);
    cordon_status status = CORDON_OK;
    cordon_error err;

    if (monitor->mounts)
        status = cover_files(&err);
    if (!status)
        status = limit(monitor, &err);
    if (!status && monitor->root)
        status = become_nobody(&err);
    if (!status)
        status = drop_rights(&err);
    if (!status)
        status = die_with(lifeline, &err);
    if (!status) {
        syscall(SYS_execveat, program, "", monitor->argv, environment, AT_EMPTY_PATH);
        (void)cdn_error_errno(&err, errno, "%s", monitor->program);
    }
    return give_up(&err);
}

/* ---- the keeper ---- */

static pid_t clone_into(unsigned long flags, int *pidfd)
{
    return (pid_t)syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL,
                          NULL);
}

/* One id, of whoever runs the host, called nobody inside. */
static bool map_ids(pid_t pid)
{
    char users[64], groups[64];

    snprintf(users, sizeof users, "%d %u 1\n", CDN_WORKER_ID, geteuid());
    snprintf(groups, sizeof groups, "%d %u 1\n", CDN_WORKER_ID, getegid());
    return cdn_keeper_write(pid, "setgroups", "deny") &&
           cdn_keeper_write(pid, "uid_map", users) &&
           cdn_keeper_write(pid, "gid_map", groups);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {CDN_MONITOR_API, CDN_MONITOR_VSOCK,
                                        CDN_MONITOR_CALLED};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static int end_monitor(pid_t child, struct cdn_cgroup *group)
{
    int ended = 0;

    kill(child, SIGKILL);
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
        ;
    (void)cdn_cgroup_end(group); /* what stays is swept by a later one */
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
}

/* Let it go on: ids are mapped, and bounds stand, before it does anything. */
static cordon_status release(const struct monitor *monitor, struct cdn_cgroup *group,
                             pid_t child, bool user, int lifeline, cordon_error *err)
{
    const struct cdn_cgroup_limits limits = {.memory_bytes = monitor->held_bytes,
                                             .pids = THREADS,
                                             .cpu_percent = CPU_PERCENT};
    cordon_status status = CORDON_OK;

    if (user && !map_ids(child))
        return cdn_error_errno(err, errno, "a monitor's ids");
    status = cdn_keeper_bind(group, BOUNDS, child, &limits, err);
    close(BOUNDS);
    if (!status && write(lifeline, "g", 1) != 1)
        status = cdn_error_errno(err, errno, "waking the monitor");
    return status;
}

/* Wait for the monitor's end or the host's; the first brings the second about. */
static int keep(const struct monitor *monitor, pid_t child, int pidfd, bool user,
                int lifeline)
{
    struct pollfd ends[2] = {{.fd = CHANNEL, .events = 0},
                             {.fd = pidfd, .events = POLLIN}};
    struct cdn_cgroup group = {0};
    cordon_error err;

    if (release(monitor, &group, child, user, lifeline, &err)) {
        (void)end_monitor(child, &group);
        return give_up(&err);
    }
    while (poll(ends, 2, -1) < 0 && errno == EINTR)
        ;
    return end_monitor(child, &group);
}

static int run(struct monitor *monitor)
{
    unsigned long user = monitor->root ? 0 : CLONE_NEWUSER;
    cordon_error err;
    int lifeline[2], pidfd = -1;
    pid_t child;

    if (pipe2(lifeline, O_CLOEXEC)) {
        cdn_error_errno(&err, errno, "a pipe");
        return give_up(&err);
    }
    monitor->mounts = true;
    child = clone_into(user | SPACES, &pidfd);
    if (child < 0) {
        monitor->mounts = false;
        user = 0;
        child = clone_into(0, &pidfd);
    }
    if (child == 0) {
        char go;

        close(lifeline[1]);
        close(BOUNDS);
        if (read(lifeline[0], &go, 1) != 1)
            return 3;
        return become_monitor(monitor, lifeline[0]);
    }
    close(lifeline[0]);
    if (child < 0) {
        cdn_error_errno(&err, errno, "a monitor's process");
        return give_up(&err);
    }
    return keep(monitor, child, pidfd, user != 0, lifeline[1]);
}

int cdn_monitor_start(int argc, char **argv)
{
    struct monitor monitor = {.root = geteuid() == 0};
    uint64_t files = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    cordon_error err;
    int ended;

    if (argc <= FIRST_WORD || files < 2 || files > 16) {
        cdn_error_set(&err, CORDON_E_INVALID,
                      "cordon-worker is started by libcordon, not by hand");
        return give_up(&err);
    }
    syscall(SYS_close_range, CHANNEL + (unsigned)files, ~0U, 0);
    if (chdir("/"))
        return 3;
    monitor.room_bytes = strtoull(argv[3], NULL, 10);
    monitor.held_bytes = strtoull(argv[4], NULL, 10);
    monitor.cpu_s = strtoull(argv[5], NULL, 10);
    monitor.write_bytes = strtoull(argv[6], NULL, 10);
    monitor.folder = strcmp(argv[7], "-") != 0 ? argv[7] : NULL;
    monitor.program = argv[8];
    monitor.argv = argv + FIRST_WORD;
    ended = run(&monitor);
    if (monitor.folder)
        remove_folder(monitor.folder);
    return ended;
}
