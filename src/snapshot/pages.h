/* Checking the pages of a file that is about to be opened for writing, before LMDB maps it.
 *
 * LMDB trusts its file: a flipped bit in a page number or a node's place kills the process
 * inside it, when reading as when writing.  So both trees, the records' and the list of free
 * pages that a writer takes from, are walked first. */
#ifndef CDN_SNAPSHOT_PAGES_H
#define CDN_SNAPSHOT_PAGES_H

#include <stdint.h>

#include "base/error.h"

/* Check the `size` bytes of a whole file that nobody is writing to; `what` ("a registry") it
 * should be is for messages.  Cost: every tree page and the first page of each long value,
 * and 16 bytes of memory for each.
 * Errors: CORDON_E_FORMAT this is no LMDB file; CORDON_E_CORRUPT it is, but damaged or of
 * another kind; CORDON_E_NOMEM. */
cordon_status cdn_pages_check(const unsigned char *file, uint64_t size,
                              const char *what, cordon_error *err);

#endif
