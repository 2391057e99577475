/* Cells: own parsers for the common shapes, exact by construction.
 *
 * A float of at most 15 digits and a power of ten of at most 22 is one exact
 * multiplication or division of two exactly represented doubles, so the result is
 * correctly rounded (the classic argument of Clinger's fast path); everything else goes
 * to the C library's strtod in the "C" locale, after our own grammar has excluded
 * hexadecimal, "nan" and "inf".  That covers prices, amounts and ratios in a few
 * nanoseconds.
 *
 * Left out: thousands separators, decimal commas, surrounding blanks, booleans spelt
 * yes and no.  Each would make some other file's typo a silent value. */
#include "snapshot/parse.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/time.h"
#include "base/utf8.h"

#define NUMBER_MAX_BYTES                                                               \
    400 /* the longest exact float64 has 767 digits; nobody writes it */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool equals(const char *text, size_t bytes, const char *word)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!word[i] || c != word[i])
            return false;
    }
    return !word[bytes];
}

static const char *parse_bool(bool *out, const char *text, size_t bytes)
{
    if (equals(text, bytes, "true") || equals(text, bytes, "1"))
        *out = true;
    else if (equals(text, bytes, "false") || equals(text, bytes, "0"))
        *out = false;
    else
        return "is not a bool; those are true, false, 1 and 0";
    return NULL;
}

/* Digits alone, of a value of the given sign. */
static const char *parse_digits(int64_t *out, bool negative, const char *text,
                                size_t bytes)
{
    uint64_t value = 0;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    size_t i = 0;

    if (!bytes)
        return "is not an integer";
    for (; i < bytes && i < 18; i++) {
        if (!is_digit(text[i]))
            return "is not an integer";
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    for (; i < bytes; i++) {
        unsigned int digit = (unsigned int)(text[i] - '0');

        if (!is_digit(text[i]))
            return "is not an integer";
        if (value > (limit - digit) / 10)
            return "is beyond what an int64 can hold";
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return NULL;
}

static const char *parse_integer(int64_t *out, const char *text, size_t bytes)
{
    bool negative = bytes && text[0] == '-';

    if (bytes && (text[0] == '-' || text[0] == '+')) {
        text++;
        bytes--;
    }
    return parse_digits(out, negative, text, bytes);
}

static const char *parse_slowly(double *out, const char *text, size_t bytes,
                                bool mantissa_zero)
{
    char room[NUMBER_MAX_BYTES + 1];
    locale_t c_locale;
    char *end;

    if (bytes > NUMBER_MAX_BYTES)
        return "is longer than any number";
    memcpy(room, text, bytes);
    room[bytes] = '\0';
    /* "C" is a constant of the C library: this neither allocates nor fails */
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *out = strtod_l(room, &end, c_locale);
    freelocale(c_locale);
    if (end != room + bytes)
        return "is not a number";
    if (isinf(*out))
        return "is beyond what a float64 can hold";
    if (*out == 0 && !mantissa_zero)
        return "is smaller than any float64 but 0";
    return NULL;
}

const char *cdn_parse_number(double *out, const char *text, size_t bytes)
{
    static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text;
    const char *end = text + bytes;
    uint64_t mantissa = 0;
    int digits = 0; /* significant ones */
    bool any = false;
    bool nonzero = false;
    long scale = 0;
    long exponent = 0;
    bool negative = false;

    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    for (bool point = false; at < end; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(*at))
            break;
        any = true;
        scale -= point;
        nonzero |= *at != '0';
        if (nonzero && ++digits <= 15)
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    }
    if (!any)
        return "is not a number";
    if (at < end && (*at == 'e' || *at == 'E')) {
        bool down = false;

        at++;
        if (at < end && (*at == '-' || *at == '+'))
            down = *at++ == '-';
        if (at == end)
            return "is not a number";
        for (; at < end && is_digit(*at); at++)
            exponent = exponent < 100000 ? exponent * 10 + (*at - '0') : exponent;
        scale += down ? -exponent : exponent;
    }
    if (at != end)
        return "is not a number";
    if (digits > 15 || scale < -22 || scale > 22)
        return parse_slowly(out, text, bytes, !nonzero);
    *out = scale < 0 ? (double)mantissa / POWERS[-scale]
                     : (double)mantissa * POWERS[scale];
    if (negative)
        *out = -*out;
    return NULL;
}

/* A decimal number of units since an epoch, to milliseconds. */
static const char *parse_units(int64_t *out, const struct cdn_cell_format *format,
                               const char *text, size_t bytes)
{
    bool negative = bytes && text[0] == '-';
    size_t at = negative ? 1 : 0;
    const char *point = memchr(text, '.', bytes);
    size_t whole_end = point ? (size_t)(point - text) : bytes;
    int64_t whole = 0;
    int64_t part = 0; /* of the fraction, in ms */
    int64_t scaled;
    bool rest = false; /* something finer than a millisecond */
    const char *why = parse_digits(&whole, negative, text + at, whole_end - at);

    if (why)
        return whole_end - at > 18 ? why : "is not a number of the format's unit";
    if (point) {
        __int128 fraction = 0;
        __int128 power = 1;

        if (whole_end + 1 == bytes)
            return "is not a number of the format's unit";
        for (size_t i = whole_end + 1; i < bytes; i++) {
            if (!is_digit(text[i]))
                return "is not a number of the format's unit";
            if (i - whole_end > 15) {
                rest |= text[i] != '0';
                continue;
            }
            fraction = fraction * 10 + (text[i] - '0');
            power *= 10;
        }
        fraction *= format->unit_ms;
        part = (int64_t)(fraction / power);
        rest |= fraction % power != 0;
    }
    if (rest && !format->truncate)
        return "is finer than a millisecond; say truncate = true in the schema to cut "
               "that off";
    /* cut off downwards on both sides of the epoch, so that order is kept */
    if (negative)
        part = -part - rest;
    if (__builtin_mul_overflow(whole, format->unit_ms, &scaled) ||
        !cdn_add_i64(&scaled, scaled, part) ||
        !cdn_add_i64(out, scaled, format->epoch_ms))
        return "is beyond what a timestamp can hold";
    return NULL;
}

static const char *parse_time_text(int64_t *out, bool truncate, const char *text,
                                   size_t bytes)
{
    static const char WHY[] = "is not a time such as 2020-11-24 02:29:00.123 or "
                              "2020-11-24T02:29:00Z";
    const char *point;
    size_t digits = 0;
    size_t at;
    char room[64];

    if (cdn_time_parse(out, text, bytes))
        return NULL;
    point = memchr(text, '.', bytes);
    if (!point || bytes >= sizeof(room))
        return WHY;
    at = (size_t)(point - text) + 1;
    while (at + digits < bytes && is_digit(text[at + digits]))
        digits++;
    if (digits <= 3)
        return WHY;
    /* leave three digits and see whether it is a time then */
    memcpy(room, text, at + 3);
    memcpy(room + at + 3, text + at + digits, bytes - at - digits);
    if (!cdn_time_parse(out, room, bytes - digits + 3))
        return WHY;
    return truncate ? NULL
                    : "is finer than a millisecond; say truncate = true in the schema "
                      "to cut that off";
}

static const char *parse_text(struct cdn_cell *out, const char *text, size_t bytes)
{
    if (memchr(text, '\0', bytes))
        return "holds a zero byte";
    if (!cdn_utf8_valid(text, bytes))
        return "is not valid UTF-8";
    out->as.string.text = text;
    out->as.string.bytes = bytes;
    return NULL;
}

const char *cdn_parse_cell(struct cdn_cell *out, const struct cdn_cell_format *format,
                           const char *text, size_t bytes)
{
    out->null = false;
    if (!bytes) {
        out->null = true;
        return format->nullable ? NULL : "is empty, and the property is not nullable";
    }
    switch (format->type) {
    case CDN_COLUMN_BOOL:
        return parse_bool(&out->as.boolean, text, bytes);
    case CDN_COLUMN_INT64:
        return parse_integer(&out->as.integer, text, bytes);
    case CDN_COLUMN_FLOAT64:
        return cdn_parse_number(&out->as.number, text, bytes);
    case CDN_COLUMN_TIMESTAMP:
        if (format->unit_ms)
            return parse_units(&out->as.integer, format, text, bytes);
        return parse_time_text(&out->as.integer, format->truncate, text, bytes);
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
        return parse_text(out, text, bytes);
    case CDN_COLUMN_BAG:
        break;
    }
    return "is a bag, which is read elsewhere"; /* bag.h */
}

const char *cdn_parse_key(struct cdn_key *out, enum cdn_key_type type, const char *text,
                          size_t bytes)
{
    struct cdn_cell cell;
    const char *why;

    if (!bytes)
        return "is empty, and a key cannot be";
    out->text = text;
    out->bytes = bytes;
    if (type == CDN_KEY_STRING)
        return parse_text(&cell, text, bytes);
    why = parse_integer(&out->integer, text, bytes);
    if (why)
        return why;
    if (text[0] == '+' || (text[0] == '0' && bytes > 1) ||
        (text[0] == '-' && text[1] == '0'))
        return "is an integer with a sign or zeros in front; as a key it would become "
               "another text (declare the key a string, or write it plainly)";
    return NULL;
}
