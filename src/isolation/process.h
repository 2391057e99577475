/* The process wall: a worker in a locked-in process of its own (worker/lockin.c says how).
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_PROCESS_H
#define CDN_ISOLATION_PROCESS_H

#include "isolation/wall.h"

/* As cdn_wall_spawn. */
cordon_status cdn_process_spawn(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err);

/* The same, with a keeper that calls a container runtime, an absolute path; NULL: none. */
cordon_status cdn_process_spawn_kept(struct cdn_worker **out, const char *runtime,
                                     const struct cdn_wall_options *options,
                                     const cordon_snapshot *snapshot,
                                     cordon_error *err);

/* As cdn_process_spawn(), waiting until it has locked itself in; as cdn_wall_start(). */
cordon_status cdn_process_start(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err);

#endif
