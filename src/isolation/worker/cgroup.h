/* A worker's control group: how much memory it may hold, how many processes, which share of the
 * processors; made, and removed, by its keeper.
 *
 * Linux has two kinds of hierarchies, and machines have either, or both at once:
 *
 *   v2   one hierarchy; a group has those controllers that its parent hands on
 *        (cgroup.subtree_control), and a parent that hands any on may hold no processes itself,
 *        so that a worker's group is made beside its host's group where the host's own holds the
 *        host
 *   v1   a hierarchy for each controller, or for some of them together; a group is made below
 *        the host's own, in each
 *
 * Where neither may be written there is no group, which is no error: the other bounds stand.
 *
 * A group is called cordon-PID-START by its keeper's process id and when that began (in clock
 * ticks since boot, as /proc/PID/stat has it), so that whoever makes the next one can tell those
 * that nobody will remove any more, because keeper and host were killed at once.  A group that
 * holds a process cannot be removed by anybody.
 *
 * Memory.  A page counts for the group of who touched it first, those of files too: a worker is
 * charged for the snapshot's pages that nobody had in memory before.  It is not killed for them:
 * clean pages of a file are given back when the group is at its bound, at the price of reading
 * them again.  What it is killed for is what cannot be given back, its own memory; swap is
 * closed to it.  What it had before it joined its group counts for its host's. */
#ifndef CDN_WORKER_CGROUP_H
#define CDN_WORKER_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cdn_cgroup_controller {
    CDN_CGROUP_MEMORY = 1,
    CDN_CGROUP_CPU = 2,
    CDN_CGROUP_PIDS = 4,
    CDN_CGROUP_ALL = 7
};

#define CDN_CGROUP_PLACES 4u /* v2's hierarchy, and v1's of each controller */

/* Where groups can be made. */
struct cdn_cgroup_place {
    char folder[PATH_MAX]; /* of the group that this process is in */
    bool v2;
    bool top; /* it is the top of what is mounted: nothing above it is ours */
    uint32_t
        controllers; /* v1: enum cdn_cgroup_controller, or-ed; v2: all, to be looked up */
};

struct cdn_cgroup_places {
    uint32_t count;
    struct cdn_cgroup_place places[CDN_CGROUP_PLACES];
};

/* ---- cgroup_find.c: what /proc says ---- */

/* Where this process is in hierarchies that are mounted, from the texts of /proc/self/mountinfo
 * and /proc/self/cgroup.  Both may hold anything; what cannot be made sense of is left out. */
void cdn_cgroup_find(struct cdn_cgroup_places *out, const char *mounts,
                     size_t mounts_bytes, const char *own, size_t own_bytes);
/* When a process began, from the text of its /proc/PID/stat; 0: it does not say. */
uint64_t cdn_cgroup_began(const char *stat, size_t bytes);
/* From the same text: has it ended, and is only not waited for?  (In a container nobody may ever
 * wait for it.) */
bool cdn_cgroup_ended(const char *stat, size_t bytes);
/* Whose group is called that?  False: it is nobody's. */
bool cdn_cgroup_owner(pid_t *keeper, uint64_t *began, const char *name);
/* Which of the controllers a file of v2 lists, words with spaces between them. */
uint32_t cdn_cgroup_listed(const char *text, size_t bytes);

/* ---- cgroup.c: making and removing them ---- */

struct cdn_cgroup_limits {
    uint64_t memory_bytes; /* 0: not bounded */
    uint32_t pids;
    uint32_t cpu_percent; /* of one processor */
};

/* Which files are read; NULL: those in /proc/self. */
struct cdn_cgroup_sources {
    const char *mounts;
    const char *own;
};

/* One group in each place where there could be one. */
struct cdn_cgroup {
    uint32_t count;
    struct cdn_cgroup_member {
        char path[PATH_MAX];
        bool v2;
        uint32_t controllers; /* whose bounds stand in it */
    } members[CDN_CGROUP_PLACES];
};

/* Sweep what others have left, and make this process's worker a group with those bounds.  May
 * come to nothing: out->count is 0 then. */
void cdn_cgroup_make(struct cdn_cgroup *out, const struct cdn_cgroup_limits *limits,
                     const struct cdn_cgroup_sources *sources);
/* Put a process into it; the controllers in whose group it is then. */
uint32_t cdn_cgroup_join(struct cdn_cgroup *group, pid_t pid);
/* Remove it, once all that was in it has ended.  True: nothing is left of it. */
bool cdn_cgroup_end(struct cdn_cgroup *group);

#endif
