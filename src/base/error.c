/* The caller's error record.
 *
 * A message is formatted into a stack buffer and then escaped into the record, so that
 * hostile text (a rule's name, a CSV field) can neither end the line nor drive a
 * terminal. Nothing allocates: an out of memory must be reportable. */
#include "base/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#ifdef __clang_analyzer__ /* the functions themselves */
#undef cdn_error_set
#undef cdn_error_at
#undef cdn_error_errno
#undef cdn_error_nomem
#endif

/* Longer than a message can hold, so that the escaper sees where to cut. */
enum { RAW_BYTES = CORDON_ERROR_MESSAGE_BYTES + 64 };

const char *cordon_status_str(cordon_status status)
{
    switch (status) {
#define STATUS_TEXT(name, number, text)                                                \
    case CORDON_##name:                                                                \
        return text;
        CORDON_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    default:
        return "unknown status";
    }
}

const char *cordon_status_name(cordon_status status)
{
    switch (status) {
#define STATUS_NAME(name, number, text)                                                \
    case CORDON_##name:                                                                \
        return "CORDON_" #name;
        CORDON_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "CORDON_E_UNKNOWN";
    }
}

/* True for what would move a cursor or end a line (C0, DEL, and C1 in its two bytes), or show
 * text in another order than it has (U+202A to U+202E, U+2066 to U+2069). */
static bool is_control(const unsigned char *at, size_t length)
{
    if (length == 3 && at[0] == 0xe2)
        return (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
               (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9);
    return (length == 1 && (at[0] < 0x20 || at[0] == 0x7f)) ||
           (length == 2 && at[0] == 0xc2 && at[1] < 0xa0);
}

char *cdn_escape(char *out, size_t size, const char *text, size_t bytes)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;
    size_t safe = 0; /* the last whole unit after which "..." still fits */

    if (!size)
        return out;
    while (bytes) {
        size_t length = cdn_utf8_sequence(at, bytes);
        bool plain = length && !is_control(at, length);
        size_t step = length ? length : 1;
        size_t need = plain ? step : step * 4;

        if (used + need >= size) {
            memcpy(out + safe, "...", size - safe < 4 ? size - safe - 1 : 3);
            used = size - safe < 4 ? size - 1 : safe + 3;
            break;
        }
        if (plain)
            memcpy(out + used, at, step);
        for (size_t i = 0; !plain && i < step; i++) {
            char *unit = out + used + i * 4;

            unit[0] = '\\';
            unit[1] = 'x';
            unit[2] = hex[at[i] >> 4];
            unit[3] = hex[at[i] & 15];
        }
        used += need;
        at += step;
        bytes -= step;
        if (used + 3 < size)
            safe = used;
    }
    out[used] = '\0';
    return out;
}

CDN_PRINTF(6, 0)
static void fill(cordon_error *err, cordon_status status, const char *file,
                 uint32_t line, uint32_t column, const char *format, va_list args)
{
    char raw[RAW_BYTES];
    int length = vsnprintf(raw, sizeof raw, format, args);
    size_t bytes = length < 0                    ? 0
                   : (size_t)length < sizeof raw ? (size_t)length
                                                 : sizeof raw - 1;

    err->status = status;
    err->line = line;
    err->column = column;
    cdn_escape(err->file, sizeof err->file, file ? file : "", file ? strlen(file) : 0);
    cdn_escape(err->message, sizeof err->message, raw, bytes);
}

cordon_status cdn_error_set(cordon_error *err, cordon_status status, const char *format,
                            ...)
{
    va_list args;

    if (err) {
        va_start(args, format);
        fill(err, status, NULL, 0, 0, format, args);
        va_end(args);
    }
    return status;
}

cordon_status cdn_error_at(cordon_error *err, cordon_status status, const char *file,
                           uint32_t line, uint32_t column, const char *format, ...)
{
    va_list args;

    if (err) {
        va_start(args, format);
        fill(err, status, file, line, column, format, args);
        va_end(args);
    }
    return status;
}

cordon_status cdn_error_errno(cordon_error *err, int errno_value, const char *format,
                              ...)
{
    cordon_status status = errno_value == ENOENT   ? CORDON_E_NOTFOUND
                           : errno_value == ENOMEM ? CORDON_E_NOMEM
                                                   : CORDON_E_IO;
    char what[RAW_BYTES];
    char why[128];
    va_list args;

    if (err) {
        va_start(args, format);
        if (vsnprintf(what, sizeof what, format, args) < 0)
            what[0] = '\0';
        va_end(args);
        cdn_error_set(err, status, "%s: %s", what,
                      strerror_r(errno_value, why, sizeof why));
    }
    return status;
}

cordon_status cdn_error_nomem(cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_NOMEM, "out of memory");
}

void cdn_error_prefix(cordon_error *err, const char *format, ...)
{
    char raw[RAW_BYTES];
    char prefix[CORDON_ERROR_MESSAGE_BYTES];
    char joined[2 * CORDON_ERROR_MESSAGE_BYTES + 2];
    va_list args;
    int length;

    if (!err)
        return;
    va_start(args, format);
    length = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (length < 0)
        return;
    /* The old message is escaped already, and printable ASCII passes unchanged. */
    cdn_escape(prefix, sizeof prefix, raw, strlen(raw));
    length = snprintf(joined, sizeof joined, "%s: %s", prefix, err->message);
    if (length > 0)
        cdn_escape(err->message, sizeof err->message, joined, strlen(joined));
}

void cdn_error_clear(cordon_error *err)
{
    if (!err)
        return;
    err->status = CORDON_OK;
    err->line = 0;
    err->column = 0;
    err->file[0] = '\0';
    err->message[0] = '\0';
}
