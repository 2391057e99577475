/* Locking a worker in: what lockin.c's essay numbers, as steps of a child that was cloned into
 * namespaces of its own and has opened all that it may see. */
#ifndef CDN_WORKER_LOCKIN_H
#define CDN_WORKER_LOCKIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "isolation/wire.h"
#include "isolation/worker/cgroup.h"

/* Who a locked-in worker is: Debian's nobody, as numbers. */
#define CDN_WORKER_ID 65534

struct cdn_lockin {
    bool namespaces;     /* it was cloned into new ones */
    bool user;           /* a user namespace among them */
    bool contained;      /* a runtime has made them, and taken all rights */
    uint64_t room_bytes; /* address space beyond what is mapped now */
    uint64_t cpu_s;      /* processor time of its whole life */
    int channel;         /* the one descriptor it speaks through */
    bool device;         /* that is a device, not a socket: a machine's port */
    int keeper; /* a pipe's reading end whose other end only the keeper has; -1: there is
                   none, it ends with the machine */
};

/* Which locks a group's bounds are: enum cdn_cgroup_controller, or-ed, as enum cdn_lock. */
static inline uint32_t cdn_lock_groups(uint32_t controllers)
{
    return (controllers ? CDN_LOCK_CGROUP : 0u) |
           (controllers & CDN_CGROUP_MEMORY ? CDN_LOCK_MEMORY : 0u) |
           (controllers & CDN_CGROUP_CPU ? CDN_LOCK_CPU : 0u) |
           (controllers & CDN_CGROUP_PIDS ? CDN_LOCK_PIDS : 0u);
}

/* Errors: CORDON_E_DENIED which step the system refused, and what would let it.  On success
 * *locks has what is in force (enum cdn_lock). */
cordon_status cdn_lock_in(uint32_t *locks, const struct cdn_lockin *lockin,
                          cordon_error *err);

#endif
