/* An OCI bundle's config.json, as runtimes of the OCI runtime specification 1.0 read it: what
 * the container of one worker is made of.
 *
 * The root file system is a folder that holds the worker and nothing else, mounted read-only;
 * /proc is that of the container's own processes, of which there is one; /dev is a folder of
 * ours.  All seven namespaces are new, every set of capabilities is empty, no program may give
 * any, and system calls are those that starting a worker takes.  (The worker then takes most of
 * those from itself: worker/lockin.c.)  Of control groups it says nothing: the worker's keeper
 * makes those, for this wall as for the process wall (worker/cgroup.h).
 *
 * Threads: any; nothing is shared. */
#ifndef CDN_ISOLATION_BUNDLE_H
#define CDN_ISOLATION_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct cdn_bundle {
    const char *root;             /* the folder of the root file system */
    const char *devices;          /* the folder that is /dev */
    const char *const *arguments; /* of the worker, its path within the root first */
    size_t argument_count;
    uint32_t uid, gid; /* who the worker is, outside */
    bool user;         /* in a user namespace, where he is number 0 and alone */
    uint64_t cpu_s;    /* processor time of its whole life */
};

/* Append the text to `out`.
 * Errors: CORDON_E_INVALID a path or an argument that is not UTF-8, which JSON cannot hold;
 *         CORDON_E_NOMEM. */
cordon_status cdn_bundle_config(struct cdn_buf *out, const struct cdn_bundle *bundle,
                                cordon_error *err);

#endif
