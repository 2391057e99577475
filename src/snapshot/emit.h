/* The writer's way into LMDB: segments one after another, in batches, durable at the
 * end.
 *
 * A segment is reserved inside LMDB's own dirty pages and filled there, so its bytes
 * are copied once, by the kernel.  What a caller reserved is his to fill until the next
 * call here, which takes its checksum. */
#ifndef CDN_SNAPSHOT_EMIT_H
#define CDN_SNAPSHOT_EMIT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct cdn_emit;

/* A new file at `path`; one that is there is removed.  Batches are committed when they
 * reach `batch_bytes`. */
cordon_status cdn_emit_open(struct cdn_emit **out, const char *path,
                            uint64_t batch_bytes, cordon_error *err);

/* Into memory, as a slice (slice.h): cdn_emit_finish() appends it to `into`, which is
 * borrowed until then.  `generation` is noted in it. */
cordon_status cdn_emit_open_memory(struct cdn_emit **out, struct cdn_buf *into,
                                   uint64_t generation, cordon_error *err);

/* Room for elements * width bytes, 16-byte aligned, not zeroed. */
cordon_status cdn_emit_reserve(struct cdn_emit *emit, void **out, uint32_t array,
                               uint32_t block, uint64_t elements, uint32_t width,
                               cordon_error *err);

/* What goes into the metadata's header as `applied` (FORMAT.md); of a file alone. */
void cdn_emit_applied(struct cdn_emit *emit, uint64_t applied);

/* Write metadata and directory, commit, sync, close the file; or make the slice. */
cordon_status cdn_emit_finish(struct cdn_emit *emit, const struct cdn_buf *metadata,
                              cordon_error *err);

/* Close if it is open, and remove the file unless it was finished.  Accepts NULL. */
void cdn_emit_free(struct cdn_emit *emit);

#endif
