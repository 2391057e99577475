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

#define CDN_CONTAINER_WHY 256u

/* The first of `count` paths at which there is a runtime that makes containers: crun before runc,
 * as it takes half of runc's time.  Where there is more than one they are tried, each with a worker
 * that sees nothing; *works is false where none made a container, and *out the first.  `why` is
 * what went wrong with those that were passed over, "" where there were none.
 * Errors: CORDON_E_NOTFOUND there is none; CORDON_E_NOMEM. */
cordon_status cdn_container_choose(const char **out, bool *works, char *why,
                                   size_t size, const char *const *from, size_t count,
                                   const struct cdn_wall_options *options,
                                   cordon_error *err);

/* The one that this process's first container was made with where the options named none, which
 * all after it are; NULL: there was none yet. */
const char *cdn_container_chosen(char why[static CDN_CONTAINER_WHY]);

/* Its name and version, from the first line that `runtime --version` prints.
 * Errors: CORDON_E_NOTFOUND there is no such program, CORDON_E_INTERRUPTED it does not end,
 *         CORDON_E_DATA it prints no such line, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_container_version(char *out, size_t size, const char *runtime,
                                    cordon_error *err);

/* A cdn_wall_spawn; the first that is to choose its runtime waits for that.  A snapshot that is a file is bound into the container, where nobody, who
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
