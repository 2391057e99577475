/* Writing config.json.
 *
 * codec/ has a writer of JSON, but stands above and belongs to the tools; what is needed here is
 * one object of known shape, whose only foreign parts are strings. */
#include "isolation/bundle.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

/* What the runtime's last steps, the dynamic loader, opening a snapshot and locking in take.
 * Each other call fails with EPERM, until the worker's own list, which is shorter, kills. */
static const char *const calls[] = {
    /* becoming a program */
    "execve", "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq",
    "prlimit64", "getrlimit", "setrlimit", "uname",
    /* memory */
    "mmap", "munmap", "mremap", "mprotect", "madvise",
    /* files, of which there are its own, read-only */
    "openat", "open", "read", "pread64", "write", "close", "close_range", "lseek",
    "fstat", "newfstatat", "stat", "lstat", "statx", "fstatfs", "statfs", "access",
    "faccessat", "readlink", "getcwd", "chdir", "fcntl", "dup3", "getdents64",
    /* the channel */
    "sendto", "recvfrom", "poll", "ppoll",
    /* itself */
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
    "getresuid", "getresgid", "getgroups", "capget", "capset", "prctl", "seccomp",
    "sysinfo", "sched_getaffinity", "sched_yield",
    /* time, signals and locks */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday",
    "getrandom", "futex", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sigaltstack", "restart_syscall", "epoll_pwait", "epoll_ctl", "tgkill", "exit",
    "exit_group"};

/* What of /proc tells of the machine, and what of it would change it. */
static const char *const masked[] = {
    "/proc/acpi",          "/proc/asound",      "/proc/kcore",    "/proc/keys",
    "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",     "/proc/timer_list",
    "/proc/timer_stats",   "/proc/interrupts",  "/proc/kallsyms", "/proc/modules"};
static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq",
                                        "/proc/sys", "/proc/sysrq-trigger"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void string(struct cdn_buf *out, const char *text)
{
    cdn_buf_text(out, "\"");
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte == '"' || byte == '\\')
            cdn_buf_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            cdn_buf_printf(out, "\\u%04x", byte);
        else
            cdn_buf_append(out, at, 1);
    }
    cdn_buf_text(out, "\"");
}

static void strings(struct cdn_buf *out, const char *key, const char *const *texts,
                    size_t count)
{
    cdn_buf_printf(out, "\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        if (i)
            cdn_buf_text(out, ",");
        string(out, texts[i]);
    }
    cdn_buf_text(out, "]");
}

static cordon_status check(const struct cdn_bundle *bundle, cordon_error *err)
{
    if (!cdn_utf8_valid(bundle->root, strlen(bundle->root)) ||
        !cdn_utf8_valid(bundle->devices, strlen(bundle->devices)))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a container's folder is not UTF-8: %s", bundle->root);
    for (size_t i = 0; i < bundle->argument_count; i++)
        if (!cdn_utf8_valid(bundle->arguments[i], strlen(bundle->arguments[i])))
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "argument %zu of a container is not UTF-8: %s", i,
                                 bundle->arguments[i]);
    return CORDON_OK;
}

static void put_process(struct cdn_buf *out, const struct cdn_bundle *bundle)
{
    static const char *const sets[] = {"bounding", "effective", "inheritable",
                                       "permitted", "ambient"};
    /* The runtime sets these for itself first: what it needs itself, files and descriptors, is
     * left to the worker's own limits. */
    const struct {
        const char *name;
        uint64_t most;
    } limits[] = {{"RLIMIT_CORE", 0},
                  {"RLIMIT_MEMLOCK", 0},
                  {"RLIMIT_MSGQUEUE", 0},
                  {"RLIMIT_CPU", bundle->cpu_s}};

    cdn_buf_printf(out,
                   "\"process\":{\"terminal\":false,"
                   "\"user\":{\"uid\":%" PRIu32 ",\"gid\":%" PRIu32 "},",
                   bundle->user ? 0 : bundle->uid, bundle->user ? 0 : bundle->gid);
    strings(out, "args", bundle->arguments, bundle->argument_count);
    cdn_buf_text(out, ",\"env\":[],\"cwd\":\"/\",\"capabilities\":{");
    for (size_t i = 0; i < COUNT(sets); i++)
        cdn_buf_printf(out, "%s\"%s\":[]", i ? "," : "", sets[i]);
    cdn_buf_text(out, "},\"rlimits\":[");
    for (size_t i = 0; i < COUNT(limits); i++)
        cdn_buf_printf(out,
                       "%s{\"type\":\"%s\",\"hard\":%" PRIu64 ",\"soft\":%" PRIu64 "}",
                       i ? "," : "", limits[i].name, limits[i].most, limits[i].most);
    cdn_buf_text(out, "],\"noNewPrivileges\":true,\"oomScoreAdj\":1000}");
}

static void put_mounts(struct cdn_buf *out, const struct cdn_bundle *bundle)
{
    cdn_buf_text(out, "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","
                      "\"source\":\"proc\","
                      "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
                      "{\"destination\":\"/dev\",\"type\":\"bind\",\"source\":");
    string(out, bundle->devices);
    cdn_buf_text(out, ",\"options\":[\"bind\",\"ro\",\"nosuid\",\"noexec\","
                      "\"nodev\"]}]");
}

static void put_linux(struct cdn_buf *out, const struct cdn_bundle *bundle)
{
    static const char *const spaces[] = {"pid",   "network", "ipc", "uts",
                                         "mount", "cgroup",  "user"};

    cdn_buf_text(out, "\"linux\":{\"namespaces\":[");
    for (size_t i = 0; i < COUNT(spaces) - (bundle->user ? 0 : 1); i++)
        cdn_buf_printf(out, "%s{\"type\":\"%s\"}", i ? "," : "", spaces[i]);
    cdn_buf_text(out, "],");
    if (bundle->user)
        cdn_buf_printf(
            out,
            "\"uidMappings\":[{\"containerID\":0,\"hostID\":%" PRIu32 ",\"size\":1}],"
            "\"gidMappings\":[{\"containerID\":0,\"hostID\":%" PRIu32 ",\"size\":1}],",
            bundle->uid, bundle->gid);
    cdn_buf_text(out, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
                      "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\",");
    strings(out, "names", calls, COUNT(calls));
    cdn_buf_text(out, "}]},");
    strings(out, "maskedPaths", masked, COUNT(masked));
    cdn_buf_text(out, ",");
    strings(out, "readonlyPaths", read_only, COUNT(read_only));
    cdn_buf_text(out, "}");
}

cordon_status cdn_bundle_config(struct cdn_buf *out, const struct cdn_bundle *bundle,
                                cordon_error *err)
{
    cordon_status status = check(bundle, err);

    if (status)
        return status;
    cdn_buf_text(out, "{\"ociVersion\":\"1.0.0\",\n");
    put_process(out, bundle);
    cdn_buf_text(out, ",\n\"root\":{\"path\":");
    string(out, bundle->root);
    cdn_buf_text(out, ",\"readonly\":true},\n\"hostname\":\"cordon\",\n");
    put_mounts(out, bundle);
    cdn_buf_text(out, ",\n");
    put_linux(out, bundle);
    cdn_buf_text(out, "}\n");
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}
