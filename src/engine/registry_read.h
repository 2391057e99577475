/* Whole records inside a transaction, for what reads and changes a registry. */
#ifndef CDN_ENGINE_REGISTRY_READ_H
#define CDN_ENGINE_REGISTRY_READ_H

#include <cordon/registry.h>

#include "base/buf.h"
#include "base/error.h"
#include "engine/registry_record.h"
#include "engine/registry_store.h"

/* An object's standing; struct_size is not set.  Errors: CORDON_E_NOTFOUND, with the name
 * it might have been. */
cordon_status cdn_registry_get_standing(cordon_standing *out,
                                        struct cdn_durable_txn *txn, const char *name,
                                        cordon_error *err);
/* A version, 0: the newest; *number receives it.  Errors: CORDON_E_NOTFOUND. */
cordon_status cdn_registry_get_version(struct cdn_version_record *out, uint32_t *number,
                                       struct cdn_durable_txn *txn, const char *name,
                                       uint32_t version, cordon_error *err);
/* Append the text with this hash, which must have `bytes`. */
cordon_status cdn_registry_get_text(struct cdn_buf *out, struct cdn_durable_txn *txn,
                                    const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                                    uint64_t bytes, cordon_error *err);

/* What the public struct says of it; struct_size is not set. */
void cdn_registry_version_info(cordon_version_info *out, const char *name,
                               uint32_t version,
                               const struct cdn_version_record *record);

/* Check an argument that must be there, and an out struct's size. */
cordon_status cdn_registry_argument(const void *argument, const char *function,
                                    const char *what, cordon_error *err);
cordon_status cdn_registry_size(size_t given, size_t known, const char *type,
                                cordon_error *err);

#endif
