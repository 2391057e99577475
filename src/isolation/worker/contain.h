/* The keeper of a container: what the host starts in place of keeper.c's, where the worker is
 * to live in a container that an OCI runtime makes.
 *
 *     cordon-worker --container RUNTIME SNAPSHOT IMAGE_BYTES MEMORY_BYTES ROOM_BYTES CPU_S
 *
 * RUNTIME is crun or runc, an absolute path; the rest is the worker's (start.h).  In the
 * container it becomes
 *
 *     /worker --contained /snapshot IMAGE_BYTES ...
 *
 * with the channel as descriptor 3, the area as 4, the slice as 5 if there is one, and as 6 a
 * pipe whose other end only the keeper has. */
#ifndef CDN_WORKER_CONTAIN_H
#define CDN_WORKER_CONTAIN_H

#include "base/error.h"
#include "isolation/worker/cgroup.h"

/* Descriptors of a worker, whatever wall it is behind. */
enum {
    CDN_WORKER_CHANNEL = 3,
    CDN_WORKER_AREA = 4,
    CDN_WORKER_SLICE = 5,
    CDN_WORKER_KEEPER = 6, /* of one in a container */
    CDN_WORKER_DESCRIPTORS
};

/* Make the container, wait for the end of its worker or of the host, and leave nothing behind.
 * `arguments`: of the worker, SNAPSHOT first, NULL after the last.  `limits`: of its control
 * group.  *ended: its wait status.
 * Errors: CORDON_E_DENIED which step the system or the runtime refused; CORDON_E_NOTFOUND
 *         there is no such runtime or snapshot; CORDON_E_INVALID, CORDON_E_NOMEM. */
cordon_status cdn_contain(int *ended, const char *runtime, char **arguments,
                          const struct cdn_cgroup_limits *limits, cordon_error *err);

#endif
