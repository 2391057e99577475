/* A snapshot store: a folder with one file a generation and a CURRENT pointer.
 *
 *   STORE/CURRENT                    the current generation's file name and a newline
 *   STORE/generation-000001.cdn      a snapshot file (LMDB, MDB_NOSUBDIR)
 *   STORE/generation-000001.pin      keep it, and why (generations.h)
 *   STORE/generation-000002.cdn.tmp  one being written; removed when next written to
 *
 * CURRENT is replaced atomically after its generation is whole and synced. */
#ifndef CDN_SNAPSHOT_STORE_H
#define CDN_SNAPSHOT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CDN_STORE_NAME_BYTES 64
#define CDN_STORE_SNAPSHOT   ".cdn"
#define CDN_STORE_PIN        ".pin"

/* "generation-000001" and an ending. */
void cdn_store_name(char out[CDN_STORE_NAME_BYTES], uint64_t generation,
                    const char *ending);
/* The number in such a name that has exactly this ending; 0: it is none. */
uint64_t cdn_store_number(const char *name, const char *ending);

/* The path of a generation's file (0: the current one) and its number.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_CORRUPT (CURRENT is not what it should be). */
cordon_status cdn_store_resolve(char *path, size_t size, uint64_t *generation,
                                const char *store, cordon_error *err);

/* Make the folder if need be, lock it against other writers, remove leftovers of
 * writers that died, and give the next generation's number and path. */
struct cdn_store_writer;
cordon_status cdn_store_begin(struct cdn_store_writer **out, const char *store,
                              uint64_t *generation, char *path, size_t size,
                              cordon_error *err);
/* Lock a store that is there against writers, and remove their leftovers; *out is good for
 * cdn_store_end() alone.  Errors: CORDON_E_BUSY, CORDON_E_NOTFOUND, CORDON_E_IO. */
cordon_status cdn_store_lock(struct cdn_store_writer **out, const char *store,
                             cordon_error *err);
/* Point CURRENT to the generation, which must be in place. */
cordon_status cdn_store_commit(struct cdn_store_writer *writer, cordon_error *err);
/* Unlock and free; accepts NULL. */
void cdn_store_end(struct cdn_store_writer *writer);

#endif
