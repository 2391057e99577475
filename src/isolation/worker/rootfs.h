/* The files of a container, put together where nobody else sees them.
 *
 * The keeper of a container lives in a mount namespace of its own, in which /tmp is a file
 * system in memory.  There lie the bundle, the runtime's state and the root file system, whose
 * files are bound from outside, read-only.  All of it ends with the last process in that
 * namespace, however that ends: nothing is left to be removed or swept. */
#ifndef CDN_WORKER_ROOTFS_H
#define CDN_WORKER_ROOTFS_H

#include <stdbool.h>

#include "base/error.h"

/* In the keeper's view. */
#define CDN_ROOTFS_BUNDLE  "/tmp/bundle"
#define CDN_ROOTFS_CONFIG  CDN_ROOTFS_BUNDLE "/config.json"
#define CDN_ROOTFS_ROOT    CDN_ROOTFS_BUNDLE "/root"
#define CDN_ROOTFS_DEVICES CDN_ROOTFS_ROOT "/dev"
#define CDN_ROOTFS_STATE   "/tmp/state" /* the runtime's */
#define CDN_ROOTFS_PID     "/tmp/pid"   /* the container's first process, as it says */
#define CDN_ROOTFS_SAID    "/tmp/said"  /* what it prints */
/* In the container's. */
#define CDN_ROOTFS_WORKER   "/worker"
#define CDN_ROOTFS_SNAPSHOT "/snapshot"

/* Leave the host's mounts and make the folders and the root, with this program in it, whatever
 * libraries it has loaded, and `snapshot`, a path, if it is not NULL.
 * *privileged: this process is root on the machine; else it is root in a user namespace that it
 * has made, in which there is nobody else.
 * Errors: CORDON_E_DENIED which step the system refused, and what would let it;
 *         CORDON_E_NOTFOUND the snapshot, CORDON_E_INVALID it cannot be bound. */
cordon_status cdn_rootfs_make(bool *privileged, const char *snapshot,
                              cordon_error *err);

#endif
