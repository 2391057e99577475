/* LMDB's return codes as errors of ours. */
#ifndef CDN_SNAPSHOT_LMDB_ERROR_H
#define CDN_SNAPSHOT_LMDB_ERROR_H

#include "base/error.h"

/* "LMDB 0.9.31: (July 10, 2023)". */
const char *cdn_lmdb_version(void);

/* "<what>: <why>".  An errno becomes what cdn_error_errno() makes of it; LMDB's own
 * codes become CORDON_E_CORRUPT.  Returns the status. */
cordon_status cdn_lmdb_error(cordon_error *err, int rc, const char *format, ...)
    CDN_PRINTF(3, 4);

/* As in base/error.h. */
#ifdef __clang_analyzer__
#define cdn_lmdb_error(err, rc, ...)                                                   \
    (cdn_lmdb_error((err), (rc), __VA_ARGS__), CORDON_E_CORRUPT)
#endif

#endif
