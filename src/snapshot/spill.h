/* Bytes that do not fit into memory, in partitions of one temporary file.
 *
 * A spill is written once, partition by partition or in any mixture, and then read, each
 * partition from its start in the order it was written.  A *record* is what one call puts;
 * reading knows no records, only bytes.
 *
 * The file never has a name that outlives a moment (O_TMPFILE; where a file system has none,
 * it is unlinked as soon as it is made), so it is gone with the process, killed or not.
 *
 * Memory: a chunk for each partition while it is written, and one for each reader. */
#ifndef CDN_SNAPSHOT_SPILL_H
#define CDN_SNAPSHOT_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_spill;

/* `folder` is borrowed as long as the spill lives.
 * Errors: CORDON_E_IO with the folder's name, CORDON_E_NOTFOUND, CORDON_E_NOMEM. */
cordon_status cdn_spill_open(struct cdn_spill **out, const char *folder,
                             uint32_t partitions, uint32_t chunk_bytes,
                             cordon_error *err);
/* One more partition; the number of it is what there were before. */
cordon_status cdn_spill_grow(struct cdn_spill *spill, cordon_error *err);
/* Append a record.  Errors: CORDON_E_IO a full disk, say; CORDON_E_NOMEM. */
cordon_status cdn_spill_put(struct cdn_spill *spill, uint32_t number,
                            const void *record, size_t bytes, cordon_error *err);
/* Write out what is still in memory of this partition, and free its chunk; nothing can be
 * put there any more. */
cordon_status cdn_spill_flush(struct cdn_spill *spill, uint32_t number,
                              cordon_error *err);
/* The same of all; before anything is read. */
cordon_status cdn_spill_flush_all(struct cdn_spill *spill, cordon_error *err);
/* The file's space that this partition takes is not needed any more. */
void cdn_spill_drop(struct cdn_spill *spill, uint32_t number);

uint32_t cdn_spill_partitions(const struct cdn_spill *spill);
uint64_t cdn_spill_bytes(const struct cdn_spill *spill, uint32_t partition);
uint64_t cdn_spill_records(const struct cdn_spill *spill, uint32_t partition);
/* Accepts NULL. */
void cdn_spill_free(struct cdn_spill *spill);

/* Reading one partition.  The first failure stays: read on, and look at `status` once. */
struct cdn_spill_reader {
    struct cdn_spill *spill;
    uint32_t partition;
    uint64_t chunk; /* the next to read */
    unsigned char *buffer;
    size_t at;
    size_t end;
    uint64_t left; /* bytes of the partition not given out yet */
    cordon_status status;
    cordon_error *err;
};

cordon_status cdn_spill_read_begin(struct cdn_spill_reader *reader,
                                   struct cdn_spill *spill, uint32_t partition,
                                   cordon_error *err);
/* The next bytes, copied; false: fewer are left, or reading failed. */
bool cdn_spill_read(struct cdn_spill_reader *reader, void *to, size_t bytes);
/* Zero-initialised is fine. */
void cdn_spill_read_end(struct cdn_spill_reader *reader);

/* Remove what a process that died in the moment between making and unlinking left. */
void cdn_spill_sweep(const char *folder);

#endif
