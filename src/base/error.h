/* Filling the caller's cordon_error.  err may be NULL everywhere. */
#ifndef CDN_BASE_ERROR_H
#define CDN_BASE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

#include <cordon/error.h>

#define CDN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Each returns `status`, so that a caller can write `return cdn_error_set(...)`.
 * Control characters and invalid UTF-8 in the result are escaped as \xNN; a message
 * that does not fit ends in "...". */
cordon_status cdn_error_set(cordon_error *err, cordon_status status, const char *format,
                            ...) CDN_PRINTF(3, 4);
cordon_status cdn_error_at(cordon_error *err, cordon_status status, const char *file,
                           uint32_t line, uint32_t column, const char *format, ...)
    CDN_PRINTF(6, 7);
/* "<what>: <strerror(errno_value)>" with CORDON_E_IO, E_NOTFOUND (ENOENT) or E_NOMEM.
 */
cordon_status cdn_error_errno(cordon_error *err, int errno_value, const char *format,
                              ...) CDN_PRINTF(3, 4);
cordon_status cdn_error_nomem(cordon_error *err);

/* The analyzer sees one source file at a time: tell it that a failure is never CORDON_OK. */
#ifdef __clang_analyzer__
#define cdn_error_set(err, status, ...)                                                \
    (cdn_error_set((err), (status), __VA_ARGS__), (status))
#define cdn_error_at(err, status, file, line, column, ...)                             \
    (cdn_error_at((err), (status), (file), (line), (column), __VA_ARGS__), (status))
#define cdn_error_errno(err, errno_value, ...)                                         \
    (cdn_error_errno((err), (errno_value), __VA_ARGS__), CORDON_E_IO)
#define cdn_error_nomem(err) (cdn_error_nomem(err), CORDON_E_NOMEM)
#endif

/* Put "prefix: " before the message err already holds. */
void cdn_error_prefix(cordon_error *err, const char *format, ...) CDN_PRINTF(2, 3);

void cdn_error_clear(cordon_error *err);

/* Copy `text` into out (always terminated), control characters (those of writing direction
 * too) and invalid UTF-8 escaped as \xNN, cut with "..." where it does not fit.  Returns out. */
char *cdn_escape(char *out, size_t size, const char *text, size_t bytes);

#endif
