/* Making a container, and cleaning up after it.
 *
 *   1. The host has started this program as it starts a process wall's keeper (process.c): no
 *      descriptor but the channel, the area and a slice, no environment.  It takes in whatever
 *      process below it loses its parent, so that none can get away from it.
 *   2. It leaves the host's mounts and puts the root together in memory (rootfs.c).
 *   3. It writes config.json (bundle.c).
 *   4. The runtime makes the container from that, detached: once it has ended well, the
 *      container's one process is this one's child.  It is believed in nothing: it may hang, in
 *      which case the host hangs up; what it calls the container must be a child of ours; and
 *      the worker looks for itself whether it is contained (lockin.c).
 *   5. The worker, which has opened its snapshot meanwhile, is told through the pipe that its
 *      parent is now the keeper, at whose death it is to die, and, once it is in a control group,
 *      by what it is bounded; it locks itself in.
 *   6. At the worker's end or the host's, all that is below is killed and waited for.
 *
 * Killed at any moment, this process takes everything along: the runtime dies with it by its
 * parent-death signal, as does a worker that was told; one that was not finds the pipe closed.
 * The mounts and all files are gone with the namespace.
 *
 * Control groups are the keeper's business (cgroup.h), not the runtime's, whose groups would
 * outlive it.  crun can be told so, but version 1.8 refuses machines that have both kinds of them
 * before it listens: it is shown an empty folder in their place.  runc makes groups of its own
 * wherever it can: it is shown all of them read-only, and told that it is not root, of whom it
 * takes that. */
#include "isolation/worker/contain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "isolation/bundle.h"
#include "isolation/worker/keeper.h"
#include "isolation/worker/lockin.h"
#include "isolation/worker/rootfs.h"

/* How long what a detached runtime leaves between us and the worker may take to end. */
#define ADOPT_MS 5000
enum { MOST_CHILDREN = 64, REAP_MS = 5 };

struct keeper {
    const char *runtime;
    int program;     /* its file, opened before /tmp is covered */
    bool crun;       /* else it takes what runc takes */
    bool privileged; /* root on the machine */
    bool slice;      /* the worker gets one */
    char id[32];
    int lifeline[2];
    pid_t started; /* the runtime */
    pid_t worker;
    int pidfd; /* the worker's */
    struct cdn_cgroup group;
};

static const char *const environment[] = {"PATH=/usr/bin:/usr/sbin:/bin:/sbin",
                                          "XDG_RUNTIME_DIR=/tmp", NULL};

/* ---- what is below ---- */

/* The children there are, dead ones that are not waited for among them; 0 also where the system
 * does not tell. */
static int list_children(pid_t out[static MOST_CHILDREN])
{
    char path[64], text[1024];
    ssize_t got;
    int count = 0, fd;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    for (char *at = text, *end; *at && count < MOST_CHILDREN; at = end) {
        long pid = strtol(at, &end, 10);

        if (end == at)
            break;
        if (pid > 0)
            out[count++] = (pid_t)pid;
    }
    return count;
}

/* Kill and wait until there is nothing below; a child's children become ours as it dies. */
static int end_all(const struct keeper *keeper)
{
    pid_t children[MOST_CHILDREN];
    int ended = 0, status;

    for (;;) {
        int count = list_children(children);
        pid_t pid;

        for (int i = 0; i < count; i++)
            (void)kill(children[i], SIGKILL);
        if (!count && keeper->worker > 0) /* no list of children: these are known */
            (void)kill(keeper->worker, SIGKILL);
        else if (!count && keeper->started > 0)
            (void)kill(keeper->started, SIGKILL);
        pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno != EINTR)
            return ended;
        if (pid > 0 && pid == keeper->worker)
            ended = status;
    }
}

/* ---- the runtime ---- */

/* In the child, which has mounts of its own for this. */
static void hide_groups(bool crun)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

    if (unshare(CLONE_NEWNS))
        return;
    if (crun)
        (void)mount("none", "/sys/fs/cgroup", "tmpfs", flags, "size=4k,nr_inodes=1");
    else
        (void)mount_setattr(AT_FDCWD, "/sys/fs/cgroup", AT_RECURSIVE, &read_only,
                            sizeof read_only);
}

/* In the child: become it.  Its standard descriptors are files of ours, as it gives those to
 * the container's user, whoever's they are. */
static void become(const struct keeper *keeper, pid_t parent,
                   const char *const *arguments)
{
    int said = open(CDN_ROOTFS_SAID, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (said < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent ||
        dup2(said, 0) < 0 || dup2(said, 1) < 0 || dup2(said, 2) < 0)
        _exit(126);
    if (dup2(keeper->lifeline[0], CDN_WORKER_KEEPER) < 0 ||
        (!keeper->slice && dup2(keeper->lifeline[0], CDN_WORKER_SLICE) < 0))
        _exit(126);
    hide_groups(keeper->crun);
    syscall(SYS_execveat, keeper->program, "", arguments, environment, AT_EMPTY_PATH);
    dprintf(2, "%s\n", strerror(errno));
    _exit(127);
}

static pid_t start_runtime(const struct keeper *keeper)
{
    const char *const arguments[] = {keeper->runtime,
                                     keeper->crun ? "--cgroup-manager=disabled"
                                                  : "--rootless=true",
                                     "--root",
                                     CDN_ROOTFS_STATE,
                                     "run",
                                     "--detach",
                                     "--bundle",
                                     CDN_ROOTFS_BUNDLE,
                                     "--pid-file",
                                     CDN_ROOTFS_PID,
                                     "--preserve-fds",
                                     "4",
                                     keeper->id,
                                     NULL};
    pid_t parent = getpid(), pid;

    pid = fork();
    if (pid == 0)
        become(keeper, parent, arguments);
    return pid;
}

/* Wait for its end; false: the host hung up before. */
static bool await_runtime(pid_t pid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ends[2] = {{.fd = pidfd, .events = POLLIN},
                             {.fd = CDN_WORKER_CHANNEL, .events = 0}};

    while (pidfd >= 0 && poll(ends, 2, -1) < 0 && errno == EINTR)
        ;
    if (pidfd >= 0)
        close(pidfd);
    return ends[0].revents != 0;
}

/* The last line of what it printed; runc's are fields, of which the message is one. */
static void last_words(char *out, size_t size)
{
    struct cdn_buf said = {0};
    char *text, *line = NULL, *field;

    if (cdn_file_read(&said, CDN_ROOTFS_SAID, 1 << 20, NULL) || !said.length) {
        snprintf(out, size, "it said nothing");
    } else {
        text = (char *)said.data;
        while (said.length && text[said.length - 1] == '\n')
            text[--said.length] = '\0';
        line = strrchr(text, '\n');
        line = line ? line + 1 : text;
        field = strstr(line, "msg=");
        snprintf(out, size, "%s", field ? field + 4 : line);
    }
    cdn_buf_deinit(&said);
}

static cordon_status refused(const struct keeper *keeper, int status, cordon_error *err)
{
    char words[400];

    last_words(words, sizeof words);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return cdn_error_set(err, CORDON_E_NOTFOUND, "step 4, %s: %s", keeper->runtime,
                             words);
    return cdn_error_set(err, CORDON_E_DENIED, "step 4, %s made no container: %s",
                         keeper->runtime, words);
}

/* ---- the container ---- */

static cordon_status write_config(const struct keeper *keeper, char **arguments,
                                  bool user, cordon_error *err)
{
    const char *of_worker[16] = {CDN_ROOTFS_WORKER, "--contained"};
    struct cdn_bundle bundle = {
        .root = CDN_ROOTFS_ROOT,
        .devices = CDN_ROOTFS_DEVICES,
        .arguments = of_worker,
        .argument_count = 2,
        .user = user,
        .uid = keeper->privileged ? CDN_WORKER_ID : 0, /* 0: of our own namespace */
        .gid = keeper->privileged ? CDN_WORKER_ID : 0,
        .cpu_s = strtoull(arguments[4], NULL, 10),
    };
    struct cdn_buf text = {0};
    cordon_status status;
    int fd;

    of_worker[bundle.argument_count++] =
        arguments[0][0] == '/' ? CDN_ROOTFS_SNAPSHOT : arguments[0];
    for (int i = 1; arguments[i] && bundle.argument_count < 15; i++)
        of_worker[bundle.argument_count++] = arguments[i];
    status = cdn_bundle_config(&text, &bundle, err);
    fd = status
             ? -1
             : open(CDN_ROOTFS_CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (!status &&
        (fd < 0 || write(fd, text.data, text.length) != (ssize_t)text.length))
        status = cdn_error_errno(err, errno, "step 3, writing config.json");
    if (fd >= 0)
        close(fd);
    cdn_buf_deinit(&text);
    return status;
}

/* Where nobody may make user namespaces, root does without one. */
static bool user_namespaces(void)
{
    struct cdn_buf text = {0};
    bool none =
        !cdn_file_read(&text, "/proc/sys/user/max_user_namespaces", 100, NULL) &&
        text.length && text.data[0] == '0';

    cdn_buf_deinit(&text);
    return !none;
}

/* The process that the runtime calls the container, once it is our child. */
static cordon_status adopt(struct keeper *keeper, cordon_error *err)
{
    struct pollfd host = {.fd = CDN_WORKER_CHANNEL, .events = 0};
    struct cdn_buf text = {0};
    siginfo_t info;
    pid_t pid = 0;
    bool ours = false;

    if (!cdn_file_read(&text, CDN_ROOTFS_PID, 100, NULL) && text.length)
        pid = (pid_t)strtol((const char *)text.data, NULL, 10);
    cdn_buf_deinit(&text);
    for (int ms = 0; pid > 0 && !ours && ms < ADOPT_MS; ms++) {
        ours = !waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (!ours && poll(&host, 1, 1) > 0)
            break;
    }
    if (ours)
        keeper->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (!ours || keeper->pidfd < 0)
        return cdn_error_set(err, CORDON_E_DENIED,
                             "step 4, %s says that it made a container, and did not",
                             keeper->runtime);
    keeper->worker = pid;
    return CORDON_OK;
}

/* The same descriptor, away from those that the worker is given; -1: there is none. */
static int aloft(int fd)
{
    int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, CDN_WORKER_DESCRIPTORS);

    if (fd >= 0)
        close(fd);
    return moved;
}

static bool make_lifeline(int lifeline[2])
{
    int ends[2] = {-1, -1};

    if (!pipe2(ends, O_CLOEXEC))
        for (int i = 0; i < 2; i++)
            lifeline[i] = aloft(ends[i]);
    return lifeline[0] >= 0 && lifeline[1] >= 0;
}

/* Steps 4 and 5.  *gone: the host has hung up. */
static cordon_status run_container(struct keeper *keeper, bool *gone,
                                   const struct cdn_cgroup_limits *limits,
                                   cordon_error *err)
{
    cordon_status status;
    pid_t pid = start_runtime(keeper);
    int ended;

    if (pid < 0)
        return cdn_error_errno(err, errno, "step 4, a process for %s", keeper->runtime);
    keeper->started = pid;
    *gone = !await_runtime(pid);
    if (*gone)
        return CORDON_OK;
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
        ;
    keeper->started = 0;
    if (ended)
        return refused(keeper, ended, err);
    status = adopt(keeper, err);
    if (!status && write(keeper->lifeline[1], "g", 1) != 1)
        status = cdn_error_errno(err, errno, "step 5, waking the worker");
    if (!status)
        status = cdn_keeper_bind(&keeper->group, keeper->lifeline[1], keeper->worker,
                                 limits, err);
    return status;
}

/* Step 6's first half; and wait for what the runtime has left, which ends soon. */
static void await_end(const struct keeper *keeper)
{
    struct pollfd ends[2] = {{.fd = CDN_WORKER_CHANNEL, .events = 0},
                             {.fd = keeper->pidfd, .events = POLLIN}};
    pid_t children[MOST_CHILDREN];

    do {
        siginfo_t info = {.si_pid = 0};

        while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid &&
               info.si_pid != keeper->worker)
            (void)waitpid(info.si_pid, NULL, 0);
    } while (poll(ends, 2, list_children(children) > 1 ? REAP_MS : -1) <= 0);
}

static bool is_crun(const char *runtime)
{
    const char *slash = strrchr(runtime, '/');

    return strstr(slash ? slash : runtime, "crun") != NULL;
}

cordon_status cdn_contain(int *ended, const char *runtime, char **arguments,
                          const struct cdn_cgroup_limits *limits, cordon_error *err)
{
    struct keeper keeper = {.runtime = runtime,
                            .crun = is_crun(runtime),
                            .lifeline = {-1, -1},
                            .pidfd = -1};
    const char *snapshot = arguments[0][0] == '/' ? arguments[0] : NULL;
    bool gone = false;
    cordon_status status;

    *ended = 0;
    snprintf(keeper.id, sizeof keeper.id, "cordon-%d", getpid());
    keeper.slice = !strcmp(arguments[0], "5");
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || !make_lifeline(keeper.lifeline))
        return cdn_error_errno(err, errno, "step 1, a container's keeper");
    keeper.program = aloft(open(runtime, O_PATH | O_CLOEXEC));
    if (keeper.program < 0)
        return cdn_error_errno(err, errno, "%s", runtime);
    status = cdn_rootfs_make(&keeper.privileged, snapshot, err);
    if (!status)
        status = write_config(&keeper, arguments,
                              !keeper.privileged || user_namespaces(), err);
    if (!status)
        status = run_container(&keeper, &gone, limits, err);
    if (!status && !gone)
        await_end(&keeper);
    if (!status)
        close(CDN_WORKER_CHANNEL); /* so that the host hears of the worker's end now */
    *ended = end_all(&keeper);
    (void)cdn_cgroup_end(&keeper.group); /* what stays is swept by a later one */
    return status;
}
