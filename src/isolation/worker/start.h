/* A worker's way from its first instruction to its service: started by libcordon alone
 * (isolation/process.c), with the channel as descriptor 3, the shared area as 4, and
 *
 *     cordon-worker SNAPSHOT IMAGE_BYTES MEMORY_BYTES ROOM_BYTES CPU_S HELD_BYTES
 *
 * SNAPSHOT is a path, or - for none, or 5: the descriptor of a slice.  With --container RUNTIME
 * before these it keeps a container, and with --contained it lives in one (contain.h).  What goes wrong before it
 * serves is said as a frame; it writes nothing else anywhere. */
#ifndef CDN_WORKER_START_H
#define CDN_WORKER_START_H

#include "isolation/service.h"

/* What a worker does once it is locked in; tests have one that does not behave. */
typedef cordon_status cdn_worker_serve(struct cdn_service *service,
                                       struct cdn_channel *channel, uint32_t locks,
                                       cordon_error *err);

/* Returns twice, in the keeper and if locking in failed; the worker leaves by _exit(). */
int cdn_worker_start(int argc, char **argv, cdn_worker_serve *serve);

#endif
