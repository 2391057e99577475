/* A walk over LMDB's pages that trusts no byte of them.
 *
 * LMDB follows what a page says without a check: a flipped bit in a page number or a node's
 * place kills the process inside it, when reading as when writing.  So whatever LMDB will look
 * at later is checked here before it maps the file: of one that is only read, the tree of its
 * values, each of which the walk tells of; of one that is written, also the list of free pages
 * that a writer takes from.
 *
 * Cost:   every tree page and the first page of each value in pages of its own, and 16 bytes of
 *         memory for each.
 * Errors: CORDON_E_FORMAT this is no LMDB file; CORDON_E_CORRUPT it is, but damaged or none
 *         such as we write; CORDON_E_NOMEM. */
#ifndef CDN_SNAPSHOT_PAGES_H
#define CDN_SNAPSHOT_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Check the `size` bytes of a whole file that will be read and written, and that nobody is
 * writing to now.  `what` it should be ("a registry") is for messages. */
cordon_status cdn_pages_check(const unsigned char *file, uint64_t size,
                              const char *what, cordon_error *err);

struct cdn_page_value {
    const unsigned char *key;
    size_t key_bytes;
    uint64_t offset; /* of its first byte in the file */
    uint64_t bytes;
    bool own_pages; /* else it stands in the leaf */
    uint64_t leaf;  /* the page that has its key */
    uint32_t page_bytes;
};

/* Told of each value, ascending by key bytewise; ends the walk by an error. */
typedef cordon_status cdn_pages_each(void *ud, const struct cdn_page_value *value,
                                     cordon_error *err);

/* The same of a file that will only be read, of which nothing may be missing. */
cordon_status cdn_pages_read(const unsigned char *file, uint64_t size, const char *what,
                             cdn_pages_each *each, void *ud, cordon_error *err);

#endif
