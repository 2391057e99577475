/* Making a worker's control group, and removing it.
 *
 * Everything here is tried, and what does not work is left out: a bound that could not be
 * written is not said to be in force.  A group is a folder; its files are the kernel's, and are
 * written whole, one value each. */
#include "isolation/worker/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum {
    MOST_BYTES = 1 << 20, /* of a file of /proc that is read */
    MOST_SWEPT = 4096,    /* names that are looked at */
    PERIOD_US = 100000,   /* over which a share of the processor is counted */
    REMOVALS = 50, /* tries, 2 ms apart: a process that has ended is still going */
    NAME_BYTES = 64
};

/* ---- files ---- */

/* False: it cannot be read, or is longer than anything sensible. */
static bool read_file(struct cdn_buf *out, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got = -1;

    cdn_buf_clear(out);
    if (fd < 0)
        return false;
    while (out->length < MOST_BYTES && cdn_buf_reserve(out, 4096)) {
        got = read(fd, out->data + out->length, 4096);
        if (got <= 0)
            break;
        out->length += (size_t)got;
    }
    close(fd);
    return got == 0;
}

static bool join_path(char out[static PATH_MAX], const char *folder, const char *name)
{
    int length = snprintf(out, PATH_MAX, "%s/%s", folder, name);

    return length > 0 && length < PATH_MAX;
}

static bool write_value(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    size_t bytes = strlen(text);
    bool written;
    int fd;

    if (!join_path(path, folder, name))
        return false;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    written = write(fd, text, bytes) == (ssize_t)bytes;
    close(fd);
    return written;
}

static bool write_number(const char *folder, const char *name, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    return write_value(folder, name, text);
}

static uint32_t read_controllers(const char *folder, const char *name)
{
    struct cdn_buf text = {0};
    char path[PATH_MAX];
    uint32_t found = 0;

    if (join_path(path, folder, name) && read_file(&text, path))
        found = cdn_cgroup_listed((const char *)text.data, text.length);
    cdn_buf_deinit(&text);
    return found;
}

/* ---- owners ---- */

/* When a process began; 0: there is none of that number, or nothing can be learnt of it.
 * *ended: it has ended, and is only not waited for. */
static uint64_t began(pid_t pid, bool *ended)
{
    struct cdn_buf text = {0};
    char path[64];
    uint64_t when = 0;

    *ended = false;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_file(&text, path)) {
        when = cdn_cgroup_began((const char *)text.data, text.length);
        *ended = cdn_cgroup_ended((const char *)text.data, text.length);
    }
    cdn_buf_deinit(&text);
    return when;
}

/* Is the group's keeper still there?  One of another pid namespace may seem not to be: its group
 * holds its worker, and is not removed therefore. */
static bool kept(pid_t keeper, uint64_t since)
{
    char path[64];
    uint64_t when;
    bool ended;

    snprintf(path, sizeof path, "/proc/%d", (int)keeper);
    if (access(path, F_OK))
        return false;
    when = began(keeper, &ended);
    return !ended && (!when || !since || when == since);
}

static void sweep(const char *folder)
{
    DIR *names = opendir(folder);
    struct dirent *entry;

    if (!names)
        return;
    for (int looked = 0; looked < MOST_SWEPT && (entry = readdir(names)); looked++) {
        uint64_t since;
        pid_t keeper;

        if (cdn_cgroup_owner(&keeper, &since, entry->d_name) && !kept(keeper, since))
            (void)unlinkat(dirfd(names), entry->d_name, AT_REMOVEDIR);
    }
    closedir(names);
}

/* ---- bounds ---- */

static uint32_t bound(const char *path, bool v2, uint32_t controllers,
                      const struct cdn_cgroup_limits *limits)
{
    uint64_t quota_us = (uint64_t)limits->cpu_percent * (PERIOD_US / 100);
    uint32_t in_force = 0;
    char text[64];

    if (controllers & CDN_CGROUP_MEMORY && limits->memory_bytes) {
        if (write_number(path, v2 ? "memory.max" : "memory.limit_in_bytes",
                         limits->memory_bytes))
            in_force |= CDN_CGROUP_MEMORY;
        /* files that there are only where there is swap */
        if (v2)
            (void)write_value(path, "memory.swap.max", "0");
        else
            (void)write_number(path, "memory.memsw.limit_in_bytes",
                               limits->memory_bytes);
    }
    if (controllers & CDN_CGROUP_PIDS && write_number(path, "pids.max", limits->pids))
        in_force |= CDN_CGROUP_PIDS;
    if (!(controllers & CDN_CGROUP_CPU))
        return in_force;
    snprintf(text, sizeof text, "%" PRIu64 " %d", quota_us, PERIOD_US);
    if (v2 ? write_value(path, "cpu.max", text)
           : write_number(path, "cpu.cfs_period_us", PERIOD_US) &&
                 write_number(path, "cpu.cfs_quota_us", quota_us))
        in_force |= CDN_CGROUP_CPU;
    return in_force;
}

/* ---- one group ---- */

static bool make_in(struct cdn_cgroup *out, const char *folder, bool v2,
                    uint32_t controllers, const char *name,
                    const struct cdn_cgroup_limits *limits)
{
    struct cdn_cgroup_member *member = &out->members[out->count];

    if (!controllers || !join_path(member->path, folder, name))
        return false;
    sweep(folder);
    /* one that is there already is this process's own */
    if (mkdir(member->path, 0755) && errno != EEXIST)
        return false;
    member->v2 = v2;
    member->controllers = bound(member->path, v2, controllers, limits);
    if (!member->controllers) {
        (void)rmdir(member->path);
        return false;
    }
    out->count++;
    return true;
}

/* What groups in a folder have; with `ask`, after asking for more. */
static uint32_t handed_on(const char *folder, bool ask)
{
    static const struct {
        uint32_t controller;
        const char *text;
    } words[] = {{CDN_CGROUP_MEMORY, "+memory"},
                 {CDN_CGROUP_CPU, "+cpu"},
                 {CDN_CGROUP_PIDS, "+pids"}};
    uint32_t there = read_controllers(folder, "cgroup.controllers");
    uint32_t on = read_controllers(folder, "cgroup.subtree_control");

    for (size_t i = 0; ask && i < sizeof words / sizeof *words; i++)
        if (words[i].controller & there & ~on)
            (void)write_value(folder, "cgroup.subtree_control", words[i].text);
    if (ask && there & ~on)
        on = read_controllers(folder, "cgroup.subtree_control");
    return on;
}

/* Below this process's own group, if that may hand controllers on, which it may not where it
 * holds processes; else beside it, with what there is. */
static void make_v2(struct cdn_cgroup *out, const struct cdn_cgroup_place *place,
                    const char *name, const struct cdn_cgroup_limits *limits)
{
    char above[PATH_MAX];
    char *slash;

    if (make_in(out, place->folder, true, handed_on(place->folder, true), name,
                limits) ||
        place->top)
        return;
    memcpy(above, place->folder, sizeof above);
    slash = strrchr(above, '/');
    if (!slash || slash == above)
        return;
    *slash = '\0';
    (void)make_in(out, above, true, handed_on(above, false), name, limits);
}

void cdn_cgroup_make(struct cdn_cgroup *out, const struct cdn_cgroup_limits *limits,
                     const struct cdn_cgroup_sources *sources)
{
    struct cdn_buf mounts = {0}, own = {0};
    struct cdn_cgroup_places places = {0};
    char name[NAME_BYTES];
    bool ended;

    out->count = 0;
    snprintf(name, sizeof name, "cordon-%d-%" PRIu64, (int)getpid(),
             began(getpid(), &ended));
    if (read_file(&mounts, sources ? sources->mounts : "/proc/self/mountinfo") &&
        read_file(&own, sources ? sources->own : "/proc/self/cgroup"))
        cdn_cgroup_find(&places, (const char *)mounts.data, mounts.length,
                        (const char *)own.data, own.length);
    for (uint32_t i = 0; i < places.count; i++) {
        const struct cdn_cgroup_place *place = &places.places[i];

        if (place->v2)
            make_v2(out, place, name, limits);
        else
            (void)make_in(out, place->folder, false, place->controllers, name, limits);
    }
    cdn_buf_deinit(&mounts);
    cdn_buf_deinit(&own);
}

/* ---- its life ---- */

uint32_t cdn_cgroup_join(struct cdn_cgroup *group, pid_t pid)
{
    uint32_t joined = 0;

    for (uint32_t i = 0; i < group->count; i++)
        if (write_number(group->members[i].path, "cgroup.procs", (uint64_t)pid))
            joined |= group->members[i].controllers;
    return joined;
}

static bool remove_member(const struct cdn_cgroup_member *member)
{
    const struct timespec pause = {.tv_nsec = 2000000};

    for (int tried = 0; tried < REMOVALS; tried++) {
        if (!rmdir(member->path) || errno == ENOENT)
            return true;
        if (errno != EBUSY)
            return false;
        if (member->v2)
            (void)write_value(member->path, "cgroup.kill", "1");
        nanosleep(&pause, NULL);
    }
    return false;
}

bool cdn_cgroup_end(struct cdn_cgroup *group)
{
    bool gone = true;

    for (uint32_t i = 0; i < group->count; i++)
        gone = remove_member(&group->members[i]) && gone;
    group->count = 0;
    return gone;
}
