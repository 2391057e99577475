/* The container wall: a worker in a container that crun or runc makes.
 *
 * Its keeper is cordon-worker, as that of the process wall is; it makes the bundle and calls the
 * runtime (worker/contain.c).  There is no daemon, no registry, no image: the root file system
 * holds the worker, its libraries and its snapshot.
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_CONTAINER_H
#define CDN_ISOLATION_CONTAINER_H

#include <stddef.h>

#include "isolation/wall.h"

/* Which runtime makes containers where the options name none: crun where it is installed, which
 * takes half of runc's time and leaves nothing running; else runc; NULL: neither is. */
const char *cdn_container_runtime(void);

/* Its name and version, from the first line that `runtime --version` prints.
 * Errors: CORDON_E_NOTFOUND there is no such program, CORDON_E_INTERRUPTED it does not end,
 *         CORDON_E_DATA it prints no such line, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_container_version(char *out, size_t size, const char *runtime,
                                    cordon_error *err);

/* A cdn_wall_spawn.  A snapshot that is a file is bound into the container, where nobody, who
 * the worker is, must be able to read it; one in memory it gets as the process wall's does.
 * Errors: also CORDON_E_NOTFOUND no runtime is installed. */
cordon_status cdn_container_spawn(struct cdn_worker **out,
                                  const struct cdn_wall_options *options,
                                  const cordon_snapshot *snapshot, cordon_error *err);

/* As cdn_wall_start() behind this wall. */
cordon_status cdn_container_start(struct cdn_worker **out,
                                  const struct cdn_wall_options *options,
                                  const cordon_snapshot *snapshot, cordon_error *err);

#endif
