/* LMDB's return codes: positive ones are errno, negative ones its own. */
#include "snapshot/lmdb_error.h"

#include <lmdb.h>
#include <stdio.h>

#ifdef __clang_analyzer__ /* the function itself */
#undef cdn_lmdb_error
#endif

cordon_status cdn_lmdb_error(cordon_error *err, int rc, const char *format, ...)
{
    char what[CORDON_ERROR_MESSAGE_BYTES / 2];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (rc > 0)
        return cdn_error_errno(err, rc, "%s", what);
    return cdn_error_set(err, CORDON_E_CORRUPT, "%s: %s", what, mdb_strerror(rc));
}

const char *cdn_lmdb_version(void)
{
    return mdb_version(NULL, NULL, NULL);
}
