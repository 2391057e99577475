/* What machines are started from: a kernel, and a first file system that holds the worker, the
 * modules it needs, and nothing else.
 *
 * Both are sealed files in memory, some 60 MB that are made in a tenth of a second and are the
 * same for every machine: all that run share one, and it goes with the last of them.
 *
 * Threads: safe. */
#ifndef CDN_ISOLATION_BOOT_H
#define CDN_ISOLATION_BOOT_H

#include "isolation/kernel.h"

/* Where the system keeps its kernels; the monitors' own places are theirs (microvm.h). */
struct cdn_boot_places {
    const char *boot;    /* "/boot" */
    const char *modules; /* "/lib/modules" */
};

struct cdn_boot {
    int kernel;
    bool direct; /* it is entered as it is, and does not unpack itself */
    int files;   /* the first file system */
    char version[sizeof((struct cdn_kernel *)0)->version];
    uint32_t module_count;
};

/* `worker` is cordon-worker-static, which becomes /init; `wanted` the modules, ended by NULL.
 * Ownership: *out is the caller's to release; its descriptors are borrowed until then.
 * Errors:    as cdn_kernel_find() and cdn_kernel_open(). */
cordon_status cdn_boot_take(struct cdn_boot **out, const char *worker,
                            const struct cdn_boot_places *places,
                            const char *const *wanted, cordon_error *err);
void cdn_boot_release(struct cdn_boot *boot); /* accepts NULL */

#endif
