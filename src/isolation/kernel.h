/* The kernel of a machine: found among those that the system has installed, checked, and
 * unpacked.
 *
 * What is looked for is what Debian's cloud image package installs: BOOT/vmlinuz-VERSION with a
 * version that ends in "-cloud-amd64", and its modules below MODULES/VERSION.  Of several the
 * newest is taken.  Files are believed as far as whoever may write them is: root, or the user
 * that asks, and nobody else.
 *
 * An emulated machine takes half a second to unpack its kernel, and where it lies itself; so it
 * is given the ELF file that is packed inside, entered as a kernel of PVH (an entry point named
 * in a note, in 32 bits, with all of it where its headers say).
 * Source: Linux, Documentation/arch/x86/boot.rst; Xen, docs/misc/pvh.pandoc. */
#ifndef CDN_ISOLATION_KERNEL_H
#define CDN_ISOLATION_KERNEL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

#define CDN_KERNEL_MAX_MODULES 16u
#define CDN_KERNEL_PATH_BYTES  512u

struct cdn_kernel {
    char version[96];                   /* "6.1.0-56-cloud-amd64" */
    char path[CDN_KERNEL_PATH_BYTES];   /* of its image */
    char folder[CDN_KERNEL_PATH_BYTES]; /* of its modules */
    uint32_t module_count;
    char modules[CDN_KERNEL_MAX_MODULES]
                [160]; /* below `folder`, in the order of loading */
};

/* The newest kernel that has all of `wanted` (names of modules, ended by NULL) and what those
 * need.
 * Errors: CORDON_E_NOTFOUND there is none, and which package has one; CORDON_E_DENIED others may
 *         write it; CORDON_E_DATA its list of modules is not right, or lacks one;
 *         CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_kernel_find(struct cdn_kernel *out, const char *boot,
                              const char *modules, const char *const *wanted,
                              cordon_error *err);

/* Append what the list says is to be loaded for `wanted`, each after what it needs.  `text` is
 * a modules.dep: lines "PATH: PATH...", what is named last to be loaded first.
 * Errors: CORDON_E_DATA. */
cordon_status cdn_kernel_order(struct cdn_kernel *kernel, const char *text,
                               size_t bytes, const char *const *wanted,
                               cordon_error *err);

/* A module's bytes, appended, without the mark that says that it is signed: whoever may change
 * it may change the kernel too, and to check it takes an emulated machine a tenth of a second.
 * Errors: as cdn_kernel_find(). */
cordon_status cdn_kernel_module(struct cdn_buf *out, const struct cdn_kernel *kernel,
                                uint32_t module, cordon_error *err);

/* The kernel as a sealed file in memory that nobody can change: unpacked, *direct, where that
 * can be done here, and else as it was installed.
 * Ownership: *fd is the caller's to close.
 * Errors:    as cdn_kernel_find(); CORDON_E_CORRUPT it does not unpack. */
cordon_status cdn_kernel_open(int *fd, bool *direct, const struct cdn_kernel *kernel,
                              cordon_error *err);

/* Where in an image its packed kernel lies.  False: it is no image, or has it elsewhere. */
bool cdn_kernel_payload(size_t *at, size_t *count, const unsigned char *image,
                        size_t bytes);
/* Is this an ELF file for x86-64 with an entry for PVH? */
bool cdn_kernel_is_direct(const unsigned char *elf, size_t bytes);

/* A sealed file in memory of these bytes, at least one.
 * Ownership: *fd is the caller's to close.  Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_kernel_seal(int *fd, const void *bytes, size_t count,
                              cordon_error *err);

#endif
