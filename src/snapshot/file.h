/* One snapshot file, open: checked, mapped, resolved; shared by everyone in the
 * process. */
#ifndef CDN_SNAPSHOT_FILE_H
#define CDN_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "snapshot/format.h"
#include "snapshot/metadata.h"
#include "snapshot/snapshot.h"

struct cdn_snapshot_file;

/* The open file at `path`: the one already open if it is the same inode.  As long as it is
 * open it carries a shared flock, by which other processes know that it is
 * (generations.h); a file system without flock does without.
 * Threads: safe from any thread.
 * Errors:  CORDON_E_NOTFOUND also for one that was removed while it was being opened. */
cordon_status cdn_file_acquire(struct cdn_snapshot_file **out, const char *path,
                               cordon_error *err);
void cdn_file_release(struct cdn_snapshot_file *file); /* accepts NULL */

/* A slice's parts as an open file of one user, not in the list of open ones.
 * Ownership: `bytes`, `segments`, `places`, schema and facts are taken, also on failure.
 * Errors:    CORDON_E_CORRUPT the directory does not fit the metadata, CORDON_E_NOMEM. */
struct cdn_file_parts {
    unsigned char *bytes;
    size_t size;
    bool mapped; /* they are a mapping, and not from cdn_alloc() */
    struct cdn_segment *segments;
    const unsigned char **places;
    size_t count;
    uint64_t identity;
    struct cdn_schema schema;
    struct cdn_facts facts;
};
cordon_status cdn_file_assemble_take(struct cdn_snapshot_file **out,
                                     struct cdn_file_parts *parts, const char *name,
                                     cordon_error *err);

/* Everything a snapshot handle has but generation and references; borrowed. */
const struct cordon_snapshot *cdn_file_content(const struct cdn_snapshot_file *file);

/* The same over arrays whose pointers are all there, checked or not: for verification, and
 * for handles that leave checksums out.  Made when first asked for; borrowed from the file.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_file_raw(const struct cordon_snapshot **out,
                           struct cdn_snapshot_file *file, cordon_error *err);

/* A handle of the file, verified as asked.
 * Ownership: `file` is taken, also on failure.  `name` is for messages. */
cordon_status cdn_snapshot_wrap_take(cordon_snapshot **out,
                                     struct cdn_snapshot_file *file,
                                     cordon_verify verify, uint64_t generation,
                                     const char *name, cordon_error *err);

struct cdn_guard *cdn_file_guard(struct cdn_snapshot_file *file);
/* Is it the file that this describes?  */
bool cdn_file_is(const struct cdn_snapshot_file *file, dev_t device, ino_t inode);
/* Let the system take back the pages that this process has read through the map; they come
 * again when they are read again.  For tools that read all of a file once. */
void cdn_file_forget(const struct cdn_snapshot_file *file);
const char *cdn_file_path(const struct cdn_snapshot_file *file);
/* The bytes of a slice that lies in memory; NULL: it is a file. */
const unsigned char *cdn_file_bytes(const struct cdn_snapshot_file *file, size_t *size);
/* Give back what a slice's bytes are in: cdn_free() or munmap(). */
void cdn_file_bytes_free(unsigned char *bytes, size_t size, bool mapped);
/* A slice's bytes as sealed memory (slice.h), made when first asked for and kept as long as the
 * slice is open; borrowed.  Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_file_sealed(int *fd, struct cdn_snapshot_file *file,
                              cordon_error *err);
/* The same where there is a descriptor already: taken. */
void cdn_file_keep_sealed_take(struct cdn_snapshot_file *file, int fd);

/* The directory and where its segments lie, for verification; borrowed. */
const struct cdn_segment *cdn_file_segments(const struct cdn_snapshot_file *file,
                                            const unsigned char *const **places,
                                            uint32_t *page_bytes);
const struct cdn_facts *cdn_file_facts(const struct cdn_snapshot_file *file);

#endif
