/* QEMU as the monitor of a machine: its command line, and whether KVM can be believed.
 *
 * The machine is QEMU's microvm: a processor, memory, a console device whose one port is the
 * channel, a disk where there is a slice.  No network, no display, no firmware but the few
 * instructions that enter the kernel.
 * Source: QEMU, docs/system/i386/microvm.rst and its manual page. */
#ifndef CDN_ISOLATION_QEMU_H
#define CDN_ISOLATION_QEMU_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

enum cdn_accel { CDN_ACCEL_EMULATION, CDN_ACCEL_KVM };

/* Descriptors that a monitor is started with; the slice's is there only if there is one. */
enum {
    CDN_MONITOR_CHANNEL = 3,
    CDN_MONITOR_BOUNDS, /* the keeper's alone (worker/monitor.h) */
    CDN_MONITOR_KERNEL,
    CDN_MONITOR_FILES,
    CDN_MONITOR_SLICE
};

/* A machine to be. */
struct cdn_machine_plan {
    enum cdn_accel accel;
    uint64_t slice_bytes;  /* 0: none */
    uint64_t image_bytes;  /* of a rule, at most */
    uint64_t memory_bytes; /* of a run, at most */
    uint64_t ram_mib;      /* cdn_machine_ram() */
    uint32_t module_count;
};

/* The modules a machine of QEMU's needs, ended by NULL. */
extern const char *const cdn_qemu_modules[];

/* Memory for a machine with a slice of that size: its kernel, the worker and its rules, and the
 * slice, which is copied once. */
uint64_t cdn_machine_ram(uint64_t slice_bytes);

/* Append what a kernel is told, as one text without a NUL: how to be quick, and after "--" the
 * arguments of its only program.  `channel` is one of machine.h's words. */
void cdn_machine_kernel_line(struct cdn_buf *out, const struct cdn_machine_plan *plan,
                             const char *channel);

/* Append QEMU's arguments, its name first. */
void cdn_qemu_words(struct cdn_buf *out, const struct cdn_machine_plan *plan);

/* What KVM is good for here.  The first call in a process tries it (`worker` is cordon-worker),
 * which takes milliseconds, a fifth of a second where it is too slow, and one where it hangs; later
 * ones remember.
 * Threads: safe. */
enum cdn_accel cdn_qemu_accel(const char *worker);
/* A machine on KVM did not come up though it was tried: it is not used again; or one did. */
void cdn_qemu_distrust_kvm(void);
void cdn_qemu_trust_kvm(void);
/* One that did was late with an answer: KVM is tried again before it is used for the next. */
void cdn_qemu_doubt_kvm(void);
bool cdn_qemu_trusts_kvm(void);

/* "7.2.22", or "" if it does not say. */
void cdn_qemu_version(char out[static 32], const char *qemu);

#endif
