/* The worker as the only program of a machine: what its kernel starts as /init, with
 *
 *     machine CHANNEL SLICE_BYTES IMAGE_BYTES MEMORY_BYTES MODULES
 *
 * CHANNEL is `port`, the first port of the machine's console device, or `vsock`, a port of the
 * host; SLICE_BYTES of the first disk are the snapshot, 0: there is none; MODULES is how many
 * files /0, /1, ... are to be loaded first.
 *
 * The worker's end is the machine's: the kernel has nothing else to run, and stops. */
#ifndef CDN_WORKER_MACHINE_H
#define CDN_WORKER_MACHINE_H

#include "isolation/worker/start.h"

#define CDN_WORKER_MACHINE "machine"
#define CDN_MACHINE_PORT   "port"
#define CDN_MACHINE_VSOCK  "vsock"
/* Of the host, where a worker that was told `vsock` calls. */
#define CDN_MACHINE_VSOCK_PORT 1024u

/* Does not return but for arguments that are not right. */
int cdn_machine_start(int argc, char **argv, cdn_worker_serve *serve);

#endif
