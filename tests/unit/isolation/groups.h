/* Keepers, and the control groups that they make, for tests. */
#ifndef CORDON_TESTS_ISOLATION_GROUPS_H
#define CORDON_TESTS_ISOLATION_GROUPS_H

#include "support/unit.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "isolation/worker/cgroup.h"

/* The keeper of the only worker there is. */
static inline pid_t find_keeper(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    pid_t keeper = 0;

    ck_assert_ptr_nonnull(processes);
    while ((entry = readdir(processes))) {
        char path[300], state;
        int pid, parent;
        FILE *file;

        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        file = fopen(path, "r");
        if (!file)
            continue;
        if (fscanf(file, "%d (%*[^)]) %c %d", &pid, &state, &parent) == 3 &&
            parent == (int)getpid())
            keeper = pid;
        fclose(file);
    }
    closedir(processes);
    return keeper;
}

static inline int groups_in(const char *folder, pid_t keeper)
{
    DIR *names = opendir(folder);
    struct dirent *entry;
    int count = 0;

    while (names && (entry = readdir(names))) {
        uint64_t began;
        pid_t whose;

        count += cdn_cgroup_owner(&whose, &began, entry->d_name) && whose == keeper;
    }
    if (names)
        closedir(names);
    return count;
}

static inline size_t read_text(char *text, size_t size, const char *path)
{
    FILE *file = fopen(path, "r");
    size_t got;

    ck_assert_ptr_nonnull(file);
    got = fread(text, 1, size, file);
    fclose(file);
    return got;
}

/* Groups of that keeper in the hierarchies here. */
static inline int groups_of(pid_t keeper)
{
    static char mounts[1 << 18], own[1 << 14];
    struct cdn_cgroup_places places;
    size_t mounts_bytes = read_text(mounts, sizeof mounts, "/proc/self/mountinfo");
    size_t own_bytes = read_text(own, sizeof own, "/proc/self/cgroup");
    int count = 0;

    cdn_cgroup_find(&places, mounts, mounts_bytes, own, own_bytes);
    for (uint32_t i = 0; i < places.count; i++) {
        char *folder = places.places[i].folder;

        count += groups_in(folder, keeper);
        if (!places.places[i].v2 || places.places[i].top)
            continue;
        *strrchr(folder, '/') = '\0';
        count += groups_in(folder, keeper);
    }
    return count;
}

#endif
