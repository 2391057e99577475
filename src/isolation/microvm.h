/* The microVM wall: a worker that is the only program of a machine of its own.
 *
 * The machine is Firecracker's where that is installed and KVM works, else QEMU's: on KVM, or
 * emulated where there is none or it does not answer.  Its kernel is Debian's for clouds
 * (kernel.h), its only file system the worker (boot.h), its only way out the channel.  It always
 * has a slice, a snapshot in memory, and sees no file of the host's: of a snapshot in a file
 * all is cut out first.
 *
 * A machine takes seconds to start where it is emulated, and stays; cordon_engine_warm() has it
 * start before anything waits for it.
 *
 * Threads: safe from any thread; a worker belongs to one at a time. */
#ifndef CDN_ISOLATION_MICROVM_H
#define CDN_ISOLATION_MICROVM_H

#include "isolation/boot.h"
#include "isolation/process.h"

/* No machine gets more than this to see. */
#define CDN_MICROVM_SLICE_MOST ((size_t)256 << 20)

/* Where the parts are, NULL: where Debian installs them. */
struct cdn_microvm_places {
    const char *qemu;
    const char *firecracker;
    const char *boot;
    const char *modules;
    uint64_t start_ns; /* how long a machine may take; 0: as long as it takes under load */
};

/* Start a machine that has a snapshot's bytes, or nothing (NULL), and wait until the worker in it
 * has locked itself in.  options->program is cordon-worker, which has cordon-worker-static
 * beside it.
 *
 * Ownership: *out is the caller's; end it with (*out)->end(*out).
 * Errors:    CORDON_E_NOTFOUND no monitor, kernel or worker, and which package has it;
 *            CORDON_E_DENIED what the system refused; CORDON_E_INVALID a snapshot of more than
 *            CDN_MICROVM_SLICE_MOST; CORDON_E_INTERRUPTED, CORDON_E_IO, CORDON_E_DATA,
 *            CORDON_E_NOMEM */
cordon_status cdn_microvm_start(struct cdn_worker **out,
                                const struct cdn_process_options *options,
                                const cordon_snapshot *snapshot, cordon_error *err);
/* The same with parts from elsewhere. */
cordon_status cdn_microvm_start_at(struct cdn_worker **out,
                                   const struct cdn_microvm_places *places,
                                   const struct cdn_process_options *options,
                                   const cordon_snapshot *snapshot, cordon_error *err);

/* One line on what a machine is made of: "QEMU 7.2.22, emulated, Linux 6.1.0-56-cloud-amd64". */
void cdn_microvm_describe(char *out, size_t size, const struct cdn_worker *worker);

#endif
