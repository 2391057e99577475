/* The microVM wall: a worker that is the only program of a machine of its own.
 *
 * The machine is Firecracker's where that is installed and KVM works, else QEMU's: on KVM, or
 * emulated where there is none or it does not answer.  Its kernel is Debian's for clouds
 * (kernel.h), its only file system the worker (boot.h), its only way out the channel.  It always
 * has a slice, a snapshot in memory, and sees no file of the host's: of a snapshot in a file
 * all is cut out first.
 *
 * A machine takes seconds to start where it is emulated, and stays.
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_MICROVM_H
#define CDN_ISOLATION_MICROVM_H

#include "isolation/wall.h"

/* No machine gets more than this to see. */
#define CDN_MICROVM_SLICE_MOST ((size_t)256 << 20)
/* What a machine may take to come up: many times what it does, as others may be starting. */
#define CDN_MICROVM_START_NS UINT64_C(120000000000)

/* Where the parts are, NULL: where Debian installs them. */
struct cdn_microvm_places {
    const char *qemu;
    const char *firecracker;
    const char *boot;    /* the folder of kernels */
    const char *modules; /* the folder of folders of modules */
};

/* A cdn_wall_spawn: have a machine started that has a snapshot's bytes, or nothing (NULL).
 * options->program is cordon-worker, which has cordon-worker-static beside it.
 * Errors: CORDON_E_NOTFOUND no monitor, kernel or worker, and which package has it;
 *         CORDON_E_INVALID a snapshot of more than CDN_MICROVM_SLICE_MOST; CORDON_E_DENIED,
 *         CORDON_E_INTERRUPTED, CORDON_E_IO, CORDON_E_DATA, CORDON_E_NOMEM */
cordon_status cdn_microvm_spawn(struct cdn_worker **out,
                                const struct cdn_wall_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err);
/* The same with parts from elsewhere. */
cordon_status cdn_microvm_spawn_at(struct cdn_worker **out,
                                   const struct cdn_microvm_places *places,
                                   const struct cdn_wall_options *options,
                                   const cordon_snapshot *snapshot, cordon_error *err);

/* One line on what machines are made of here: "QEMU 7.2.22, emulated, Linux
 * 6.1.0-56-cloud-amd64".  `worker` is cordon-worker. */
void cdn_microvm_describe(char *out, size_t size, const char *worker);

#endif
