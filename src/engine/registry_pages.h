/* Checking the pages of a registry before LMDB maps it.
 *
 * LMDB trusts its file: a flipped bit in a page number or a node's place kills the process
 * inside it, when reading as when writing.  So both trees, the records' and the list of free
 * pages that a writer takes from, are walked first. */
#ifndef CDN_ENGINE_REGISTRY_PAGES_H
#define CDN_ENGINE_REGISTRY_PAGES_H

#include <stdint.h>

#include "base/error.h"

/* Check the `size` bytes of a whole file that nobody is writing to.  Cost: every tree page
 * and the first page of each long value, and 16 bytes of memory for each.
 * Errors: CORDON_E_FORMAT this is no LMDB file, or none such as a registry is;
 * CORDON_E_CORRUPT it is, but damaged; CORDON_E_NOMEM. */
cordon_status cdn_registry_pages_check(const unsigned char *file, uint64_t size,
                                       cordon_error *err);

#endif
