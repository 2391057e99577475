/* The steps of locking in, and what each is for.
 *
 * The keeper (keeper.c) has done the first three before:
 *
 *   1. No descriptor is inherited but the channel, the shared area and what the arguments name;
 *      the environment is empty, the working folder is /.
 *   2. The worker is a child in new user, pid, mount, net, ipc, uts and cgroup namespaces: it
 *      sees no process, network, host name or System V object but its own, and its ids are
 *      good for nothing outside.
 *   3. Its control group (cgroup.h), where there is a hierarchy that may be written, bounds
 *      memory, processes and the share of the processors.  Meanwhile the worker opens the
 *      snapshot; it goes on to 9 when it has heard which of the bounds are in force.
 *
 * Then here, each before what takes away the rights it needs:
 *
 *   4. It dies when the keeper does, and the keeper when the host does.  (Asked for first thing
 *      in 2, before anything is opened, and again between 8 and 9: a change of ids takes it back.)
 *   5. An empty file system, one page of read-only tmpfs, becomes its root, and the old one is
 *      unmounted: there is no path to anything.  (Descriptors that are open stay open: the
 *      snapshot's, read-only.)
 *   6. Limits of resources: no file grows, no core, no further descriptor or process, so much
 *      address space, so much processor time.
 *   7. Its ids become those of nobody, its supplementary groups go.
 *   8. All capabilities go, from every set, the bounding one included, and secure bits keep
 *      them from coming back; no_new_privs keeps any program from giving it others.
 *   9. seccomp: an allow-list of the calls that reading frames and running rules take; any
 *      other kills the process.  This comes last, and nothing can undo it.
 *
 * In a container steps 2, 5, 7 and 8 are the runtime's, told by config.json (bundle.c), and 1, 3
 * and 4 its keeper's (contain.c).  The worker looks whether they were taken, and takes the rest.
 *
 * What is left to code that has taken the worker over: its own memory, the snapshot it has
 * mapped, the channel.  What it does not stop: reading all of that snapshot (a slice keeps that
 * to what the request may see), burning its share of the processor until the host kills it, and
 * faults of the kernel in the calls that are left. */
#include "isolation/worker/lockin.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isolation/wire.h"
#include "isolation/worker/cgroup.h"

static cordon_status refused(cordon_error *err, int step, const char *what)
{
    return cdn_error_set(err, CORDON_E_DENIED, "step %d, %s: %s", step, what,
                         strerror(errno));
}

/* ---- 5: the root ---- */

static cordon_status leave_files(cordon_error *err)
{
    static const char *const places[] = {"/tmp", "/var", "/usr", "/proc"};
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    size_t at = 0, count = sizeof places / sizeof *places;

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        return refused(err, 5, "making mounts private");
    while (at < count &&
           mount("none", places[at], "tmpfs", flags, "size=4k,nr_inodes=1,mode=0555"))
        at++;
    if (at == count)
        return refused(err, 5, "an empty file system");
    if (chdir(places[at]) || syscall(SYS_pivot_root, ".", "."))
        return refused(err, 5, "pivot_root");
    if (umount2(".", MNT_DETACH) || chdir("/"))
        return refused(err, 5, "unmounting the old root");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_BIND | flags, NULL))
        return refused(err, 5, "a read-only root");
    return CORDON_OK;
}

/* ---- 6: limits ---- */

/* Bytes of address space in use; 0: not known. */
static uint64_t mapped_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static cordon_status limit(const struct cdn_lockin *lockin, uint64_t mapped,
                           cordon_error *err)
{
    const struct {
        __rlimit_resource_t resource;
        uint64_t most;
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_FSIZE, 0},
        {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},
        {RLIMIT_NPROC, 0},
        {RLIMIT_NOFILE, 0},
        {RLIMIT_CPU, lockin->cpu_s},
        {RLIMIT_AS, mapped ? mapped + lockin->room_bytes : RLIM_INFINITY},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit both;

        if (getrlimit(limits[i].resource, &both))
            return refused(err, 6, "reading a limit");
        if (both.rlim_max == RLIM_INFINITY || both.rlim_max > limits[i].most)
            both.rlim_max = limits[i].most;
        both.rlim_cur = both.rlim_max;
        if (setrlimit(limits[i].resource, &both))
            return refused(err, 6, "setting a limit");
    }
    return CORDON_OK;
}

/* ---- 7 and 8: ids and capabilities ---- */

static cordon_status become_nobody(const struct cdn_lockin *lockin, cordon_error *err)
{
    bool root = geteuid() == 0;

    /* Where the user namespace was made without privilege, groups cannot be dropped, and the
     * one id there is is nobody's already. */
    if (setgroups(0, NULL) && (root || errno != EPERM))
        return refused(err, 7, "dropping groups");
    if ((lockin->user || root) &&
        (setresgid(CDN_WORKER_ID, CDN_WORKER_ID, CDN_WORKER_ID) ||
         setresuid(CDN_WORKER_ID, CDN_WORKER_ID, CDN_WORKER_ID)))
        return refused(err, 7, "becoming nobody");
    return CORDON_OK;
}

static cordon_status drop_bounding(cordon_error *err)
{
    for (int capability = 0; capability <= 63; capability++) {
        int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);

        if (held < 0)
            break; /* the kernel has no more */
        if (held && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return refused(err, 8, "dropping capabilities for good");
    }
    if (prctl(PR_SET_SECUREBITS,
              SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
              0, 0, 0))
        return refused(err, 8, "secure bits");
    return CORDON_OK;
}

static cordon_status drop_capabilities(cordon_error *err)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
        syscall(SYS_capset, &header, none))
        return refused(err, 8, "dropping capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return refused(err, 8, "no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return refused(err, 8, "not dumpable");
    return CORDON_OK;
}

/* ---- in a container ---- */

/* A runtime says that it has done what steps 2, 5, 7 and 8 are for: see whether it has. */
static cordon_status check_container(cordon_error *err)
{
    struct statvfs root;

    if (getpid() != 1)
        return cdn_error_set(
            err, CORDON_E_DENIED,
            "step 2: the runtime put the worker among other processes");
    if (statvfs("/", &root) || !(root.f_flag & ST_RDONLY) || !access("/etc", F_OK))
        return cdn_error_set(
            err, CORDON_E_DENIED,
            "step 5: the runtime left the worker another root than its "
            "own, read-only one");
    for (int capability = 0; capability <= 63; capability++)
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) > 0)
            return cdn_error_set(err, CORDON_E_DENIED,
                                 "step 8: the runtime left capability %d to be had",
                                 capability);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return cdn_error_set(err, CORDON_E_DENIED,
                             "step 8: the runtime did not set no_new_privs");
    return CORDON_OK;
}

/* ---- 4: the keeper ---- */

/* Asked for once the ids have changed, as that takes it back; it may have died before. */
static cordon_status die_with(int keeper, uint32_t *locks, cordon_error *err)
{
    unsigned char controllers;
    char nothing;

    if (keeper < 0)
        return CORDON_OK;
    if (read(keeper, &controllers, 1) != 1)
        return cdn_error_set(err, CORDON_E_DENIED, "step 3: the keeper gave up");
    *locks |= cdn_lock_groups(controllers);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || fcntl(keeper, F_SETFL, O_NONBLOCK))
        return refused(err, 4, "dying with the keeper");
    if (read(keeper, &nothing, 1) >= 0)
        return cdn_error_set(err, CORDON_E_DENIED, "step 4: the keeper is gone");
    close(keeper);
    return CORDON_OK;
}

/* ---- 9: system calls ---- */

/* Calls whose arguments do not matter: they touch only the process's own memory, the clock, its
 * end, and the system's randomness (which LuaJIT reads when a state is made). */
static const int plain[] = {
    SCMP_SYS(brk),          SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),
    SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(exit_group),   SCMP_SYS(exit),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
};

static int filter(scmp_filter_ctx filter, int channel, bool device)
{
    /* the channel, without an address and so without ancillary data */
    const struct scmp_arg_cmp spoken[] = {
        {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)channel, .datum_b = 0},
        {.arg = 4, .op = SCMP_CMP_EQ, .datum_a = 0, .datum_b = 0},
    };
    unsigned compared = device ? 1 : 2; /* a device has no addresses */
    /* memory of its own, which is never code */
    const struct scmp_arg_cmp no_code = {
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
    const struct scmp_arg_cmp own[] = {
        no_code,
        {.arg = 3,
         .op = SCMP_CMP_MASKED_EQ,
         .datum_a = MAP_ANONYMOUS | MAP_SHARED,
         .datum_b = MAP_ANONYMOUS},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, plain[i], 0, NULL);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                     device ? SCMP_SYS(read) : SCMP_SYS(recvfrom),
                                     compared, spoken);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
                                     device ? SCMP_SYS(write) : SCMP_SYS(sendto),
                                     compared, spoken);
    failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, own);
    failed |=
        seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_code);
    return failed;
}

static cordon_status limit_calls(int channel, bool device, cordon_error *err)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int failed;

    if (!context)
        return cdn_error_nomem(err);
    failed = filter(context, channel, device);
    if (!failed)
        failed = seccomp_load(context);
    seccomp_release(context);
    if (failed) {
        errno = failed < 0 ? -failed : EINVAL;
        return refused(err, 9, "seccomp");
    }
    return CORDON_OK;
}

/* ---- all of it ---- */

cordon_status cdn_lock_in(uint32_t *locks, const struct cdn_lockin *lockin,
                          cordon_error *err)
{
    uint64_t mapped = mapped_bytes();
    cordon_status status = CORDON_OK;

    *locks = 0;
    if (lockin->namespaces || lockin->contained) {
        status = lockin->contained ? check_container(err) : leave_files(err);
        *locks |= CDN_LOCK_NAMESPACES | CDN_LOCK_ROOT;
    }
    if (!status)
        status = limit(lockin, mapped, err);
    if (!status && !lockin->contained && (lockin->user || geteuid() == 0))
        status = drop_bounding(err);
    if (!status && !lockin->contained)
        status = become_nobody(lockin, err);
    if (!status)
        status = drop_capabilities(err);
    if (!status)
        status = die_with(lockin->keeper, locks, err);
    if (!status)
        status = limit_calls(lockin->channel, lockin->device, err);
    if (!status)
        *locks |=
            CDN_LOCK_USER | CDN_LOCK_CAPABILITIES | CDN_LOCK_RLIMITS | CDN_LOCK_SECCOMP;
    return status;
}
