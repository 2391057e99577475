/* A worker that has been taken over before it could lock itself in, for tests: all that stands
 * around it is what the container's runtime has built.  It tries to find something out or to get
 * out, and says what it has found as a worker does that gives up. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isolation/worker/start.h"

static char found[400];

static void find(const char *what, const char *more)
{
    size_t length = strlen(found);

    snprintf(found + length, sizeof found - length, "%s%s%s; ", what, *more ? " " : "",
             more);
}

/* The names in a folder, sorted, with spaces between. */
static const char *names(char *out, size_t size, const char *path, bool numbers)
{
    struct dirent **list;
    int count = scandir(path, &list, NULL, alphasort);
    size_t length = 0;

    out[0] = '\0';
    for (int i = 0; i < count; i++) {
        const char *name = list[i]->d_name;

        if (name[0] != '.' && (!numbers || (name[0] >= '0' && name[0] <= '9')) &&
            length < size)
            length += (size_t)snprintf(out + length, size - length, "%s%s",
                                       length ? " " : "", name);
        free(list[i]);
    }
    if (count >= 0)
        free(list);
    return out;
}

static void look_at_names(const char *path, bool numbers, const char *expected)
{
    char text[256];

    if (strcmp(names(text, sizeof text, path, numbers), expected)) {
        find(path, "has");
        find(text, "");
    }
}

static void look_at_files(void)
{
    static const char *const writable[] = {"/x",
                                           "/dev/x",
                                           "/lib/x",
                                           "/proc/sys/kernel/core_pattern",
                                           "/proc/sysrq-trigger",
                                           "/proc/self/oom_score_adj/x",
                                           "/worker"};
    char bytes[16];
    int fd;

    look_at_names("/", false, "dev lib lib64 proc worker");
    look_at_names("/dev", false, "null");
    for (size_t i = 0; i < sizeof writable / sizeof *writable; i++)
        if (open(writable[i], O_WRONLY | O_CREAT, 0666) >= 0)
            find("can write", writable[i]);
    fd = open("/proc/kcore", O_RDONLY | O_NONBLOCK);
    if (fd >= 0 && read(fd, bytes, sizeof bytes) > 0)
        find("can read", "/proc/kcore");
    if (!mount("none", "/proc", "tmpfs", 0, NULL) || !umount2("/proc", MNT_DETACH) ||
        !chroot("/proc") || !syscall(SYS_pivot_root, "/", "/"))
        find("can change", "the root");
}

static void look_at_others(void)
{
    char text[1024];
    int fd = open("/proc/net/dev", O_RDONLY);
    ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    unsigned colons = 0;

    look_at_names("/proc", true, "1");
    for (ssize_t i = 0; i < got; i++)
        colons += text[i] == ':';
    if (colons > 1)
        find("can see", "networks");
}

static void look_at_rights(void)
{
    char status[4096];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, status, sizeof status - 1);

    status[got > 0 ? got : 0] = '\0';
    for (const char *at = strstr(status, "\nCap"); at; at = strstr(at + 1, "\nCap"))
        if (strncmp(at + 9, "0000000000000000\n", 17))
            find("has capabilities", "");
    if (!strstr(status, "\nNoNewPrivs:\t1\n"))
        find("may be given", "privileges");
    if (!strstr(status, "\nSeccomp:\t2\n"))
        find("may make", "all calls");
    if (!strstr(status, "\nGroups:\t \n") && !strstr(status, "\nGroups:\t65534 \n"))
        find("has", "groups");
    for (int capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) > 0)
            find("could have", "capabilities");
}

/* What starting takes and what, with arguments of zero, does no harm or waits for nothing. */
static bool may_call(long number)
{
    static const long calls[] = {SYS_execve,
                                 SYS_brk,
                                 SYS_arch_prctl,
                                 SYS_set_tid_address,
                                 SYS_rseq,
                                 SYS_set_robust_list,
                                 SYS_prlimit64,
                                 SYS_getrlimit,
                                 SYS_setrlimit,
                                 SYS_uname,
                                 SYS_mmap,
                                 SYS_munmap,
                                 SYS_mremap,
                                 SYS_mprotect,
                                 SYS_madvise,
                                 SYS_openat,
                                 SYS_open,
                                 SYS_read,
                                 SYS_pread64,
                                 SYS_write,
                                 SYS_close,
                                 SYS_close_range,
                                 SYS_lseek,
                                 SYS_fstat,
                                 SYS_newfstatat,
                                 SYS_stat,
                                 SYS_lstat,
                                 SYS_statx,
                                 SYS_fstatfs,
                                 SYS_statfs,
                                 SYS_access,
                                 SYS_faccessat,
                                 SYS_readlink,
                                 SYS_getcwd,
                                 SYS_chdir,
                                 SYS_fcntl,
                                 SYS_dup3,
                                 SYS_getdents64,
                                 SYS_sendto,
                                 SYS_recvfrom,
                                 SYS_poll,
                                 SYS_ppoll,
                                 SYS_getpid,
                                 SYS_gettid,
                                 SYS_getppid,
                                 SYS_getuid,
                                 SYS_geteuid,
                                 SYS_getgid,
                                 SYS_getegid,
                                 SYS_getresuid,
                                 SYS_getresgid,
                                 SYS_getgroups,
                                 SYS_capget,
                                 SYS_capset,
                                 SYS_prctl,
                                 SYS_seccomp,
                                 SYS_sysinfo,
                                 SYS_sched_yield,
                                 SYS_clock_gettime,
                                 SYS_clock_getres,
                                 SYS_nanosleep,
                                 SYS_clock_nanosleep,
                                 SYS_gettimeofday,
                                 SYS_getrandom,
                                 SYS_futex,
                                 SYS_rt_sigaction,
                                 SYS_rt_sigprocmask,
                                 SYS_rt_sigreturn,
                                 SYS_sigaltstack,
                                 SYS_restart_syscall,
                                 SYS_epoll_pwait,
                                 SYS_epoll_ctl,
                                 SYS_tgkill,
                                 SYS_exit,
                                 SYS_exit_group,
                                 SYS_sched_getaffinity,
                                 335,
                                 336 /* trampolines of the kernel's own probes */};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i] == number)
            return true;
    return false;
}

static void look_at_calls(void)
{
    for (long number = 0; number < 470; number++) {
        char text[32];

        if (may_call(number))
            continue;
        errno = 0;
        if (syscall(number, 0, 0, 0, 0, 0, 0) != -1 ||
            (errno != EPERM && errno != ENOSYS)) {
            snprintf(text, sizeof text, "%ld (%d)", number, errno);
            find("can call", text);
        }
    }
}

int main(int argc, char **argv)
{
    struct cdn_channel channel;
    struct cdn_buf out = {0};
    cordon_error err;

    if (argc < 2 || strcmp(argv[1], "--contained"))
        return cdn_worker_start(argc, argv, NULL);
    look_at_files();
    look_at_others();
    look_at_rights();
    look_at_calls();
    cdn_error_set(&err, CORDON_E_DENIED, "found: %s", *found ? found : "nothing");
    cdn_channel_init(&channel, CDN_CHANNEL_WORKER, 3, NULL);
    cdn_wire_put_failed(&out, &err);
    (void)cdn_channel_send(&channel, CDN_FRAME_FAILED, out.data, out.length, UINT64_MAX,
                           NULL);
    return 3;
}
