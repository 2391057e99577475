/* Lua as a configuration language: evaluate a chunk in a sandbox without a graph and get
 * the table it returns as msgpack.  For import schemas, manifests and policies. */
#ifndef CDN_SANDBOX_CONFIG_H
#define CDN_SANDBOX_CONFIG_H

#include "base/buf.h"
#include "base/error.h"

/* Limits: 10e6 instructions, 16 MiB, 2 s.  out receives one msgpack value.
 * Errors: CORDON_E_RULE with file and line (syntax, error, limit, a value that cannot be
 *         written as msgpack), CORDON_E_NOMEM. */
cordon_status cdn_config_evaluate(struct cdn_buf *out, const char *source, size_t bytes,
                                  const char *file, cordon_error *err);

#endif
