/* Status codes and the caller's error record.
 *
 * Every call that can fail returns a cordon_status and, where it takes one, fills the
 * caller's cordon_error.  A status says whether the *host's* call worked.  What a rule
 * did is an outcome (outcome.h); the two are never mixed. */
#ifndef CORDON_ERROR_H
#define CORDON_ERROR_H

#include <stdint.h>

#include <cordon/export.h>

/* X(name, number, text): the one list that names and texts come from. */
#define CORDON_STATUS_MAP(X)                                                           \
    X(OK, 0, "ok")                                                                     \
    X(E_INVALID, 1, "invalid argument")                                                \
    X(E_NOTFOUND, 2, "not found")                                                      \
    X(E_NOMEM, 3, "out of memory")                                                     \
    X(E_IO, 4, "input/output error")                                                   \
    X(E_CORRUPT, 5, "damaged file")                                                    \
    X(E_FORMAT, 6, "unknown format or version")                                        \
    X(E_DATA, 7, "bad input data")                                                     \
    X(E_RULE, 8, "the rule does not load")                                             \
    X(E_DENIED, 9, "not permitted")                                                    \
    X(E_BUSY, 10, "no sandbox is free")                                                \
    X(E_EXISTS, 11, "already exists")                                                  \
    X(E_INTERRUPTED, 12, "interrupted")                                                \
    X(E_OVERLOADED, 13, "overloaded, refused at once")                                 \
    X(E_CONFLICT, 14, "changed meanwhile")                                             \
    X(E_QUOTA, 15, "over quota")

typedef enum cordon_status {
#define CORDON_STATUS_ENUM(name, number, text) CORDON_##name = (number),
    CORDON_STATUS_MAP(CORDON_STATUS_ENUM)
#undef CORDON_STATUS_ENUM
} cordon_status;

#define CORDON_ERROR_FILE_BYTES    256
#define CORDON_ERROR_MESSAGE_BYTES 1024

/* What went wrong, in the caller's own storage; nothing in it is allocated.
 * `message` is one line of UTF-8 that says what, and what would be right; control
 * characters of hostile input are escaped.  `file` is "" and `line`, `column` 0 where
 * they do not apply; both count from 1. */
typedef struct cordon_error {
    cordon_status status;
    uint32_t line;
    uint32_t column;
    char file[CORDON_ERROR_FILE_BYTES];
    char message[CORDON_ERROR_MESSAGE_BYTES];
} cordon_error;

#ifdef __cplusplus
extern "C" {
#endif

/* A status's short text, such as "not found".  Static storage; never NULL. */
CORDON_EXPORT const char *cordon_status_str(cordon_status status);

/* A status's name, such as "CORDON_E_NOTFOUND".  Static storage; never NULL. */
CORDON_EXPORT const char *cordon_status_name(cordon_status status);

#ifdef __cplusplus
}
#endif

#endif
