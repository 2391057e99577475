/* A cell that holds JSON to a bag, the msgpack value a property of that type is. */
#ifndef CDN_IMPORT_BAG_H
#define CDN_IMPORT_BAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "snapshot/writer.h"

/* The longest text of one.  A rule that reads a bag has it in its own memory, of which
 * it has 512 KiB unless it says otherwise; a node that carries more is a document. */
#define CDN_BAG_MAX_BYTES ((size_t)64 << 10)

/* Fills *out, which borrows the bytes that `pack` is refilled with.  An empty cell is
 * null, and so is the JSON text null.  *why "": taken; else why the text was refused: a
 * phrase to put behind the value.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_bag_parse(struct cdn_cell *out, struct cdn_buf *pack, char *why,
                            size_t why_size, bool nullable, const char *text,
                            size_t bytes);

#endif
