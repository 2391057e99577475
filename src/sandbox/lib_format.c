/* string.format without addresses, locale or unbounded widths.
 *
 * The stock function prints addresses (%p, and %s of a table) and calls __tostring on
 * an unbounded C stack.  Numbers go through snprintf; should the host have set a locale
 * with another decimal point, it is put right afterwards.  A NaN prints as "nan"
 * whatever its sign bit is, since that differs between CPUs.
 *
 * Widths and precisions are at most two digits, so one number is at most some 420
 * bytes. Left out: %p (addresses), %a (the C library's own taste), %n. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"

/* 1e308 with 99 decimals, a sign, and room to spare. */
#define NUMBER_BYTES 512

/* 10 digits, a point, 9 decimals and a sign, or 16 digits. */
#define PLAIN_BYTES 32

/* Instructions charged for a number, beyond one a byte that it becomes. */
#define CONVERSION 4

/* One conversion, as parsed. */
struct spec {
    char flags[6]; /* each of "-+ #0" at most once, and a NUL */
    int width;     /* -1: none */
    int precision; /* -1: none */
    char conversion;
};

/* Two digits at most. */
static const char *read_count(const char *p, int *out)
{
    int digits = 0;

    *out = 0;
    while (*p >= '0' && *p <= '9' && digits++ < 2)
        *out = *out * 10 + (*p++ - '0');
    return p;
}

CDN_RAISES static _Noreturn void refuse(lua_State *L, const char *from, const char *to)
{
    char text[32];
    size_t length = (size_t)(to - from) + 1;

    if (length > sizeof text - 1)
        length = sizeof text - 1;
    memcpy(text, from, length); /* `to` may be the NUL behind the format */
    text[length] = '\0';
    luaL_error(L, "invalid option '%%%s' to 'format'", text);
    __builtin_unreachable();
}

/* Read the conversion behind a '%'; returns where the format goes on.  Relies on the
 * NUL that ends every Lua string. */
CDN_RAISES static const char *parse(lua_State *L, const char *p, struct spec *spec)
{
    const char *begin = p;
    size_t flags = 0;

    while (*p && strchr("-+ #0", *p)) {
        if (!memchr(spec->flags, *p, flags))
            spec->flags[flags++] = *p;
        p++;
    }
    spec->flags[flags] = '\0';
    spec->width = spec->precision = -1;
    if (*p >= '0' && *p <= '9')
        p = read_count(p, &spec->width);
    if (*p == '.')
        p = read_count(p + 1, &spec->precision);
    if (!*p || !strchr("diucoxXeEfgGqs", *p))
        refuse(L, begin, p);
    spec->conversion = *p;
    return p + 1;
}

/* A number as an integer in the way the CPU truncates it, but defined for all. */
static int64_t truncated(lua_Number number)
{
    if (number >= -9223372036854775808.0 && number < 9223372036854775808.0)
        return (int64_t)number;
    return INT64_MIN;
}

static uint64_t truncated_unsigned(lua_Number number)
{
    if (number >= 9223372036854775808.0 && number < 18446744073709551616.0)
        return (uint64_t)number;
    return (uint64_t)truncated(number);
}

/* "%", flags, width, precision, length modifier and conversion, for snprintf. */
static void spell(char *out, size_t size, const struct spec *spec, const char *modifier,
                  char conversion)
{
    int at = snprintf(out, size, "%%%s", spec->flags);

    if (spec->width >= 0)
        at += snprintf(out + at, size - (size_t)at, "%d", spec->width);
    if (spec->precision >= 0)
        at += snprintf(out + at, size - (size_t)at, ".%d", spec->precision);
    snprintf(out + at, size - (size_t)at, "%s%c", modifier, conversion);
}

/* Whatever snprintf took for the decimal point becomes '.'. */
static int put_point_right(char *text, int length)
{
    int kept = 0;

    for (int i = 0; i < length; i++) {
        if ((text[i] >= '0' && text[i] <= '9') ||
            (text[i] && strchr("+-eEinfaINFA ", text[i])))
            text[kept++] = text[i];
        else if (kept == 0 || text[kept - 1] != '.')
            text[kept++] = '.';
    }
    return kept;
}

/* ---- numbers without snprintf ---- */

/* Decimal digits of `value`, at least `least` of them, ending before `end`. */
static char *digits_before(char *end, uint64_t value, int least)
{
    char *at = end;

    while (value || end - at < least) {
        *--at = (char)('0' + value % 10);
        value /= 10;
    }
    return at;
}

/* What %d and %.nf make of most numbers, exactly as snprintf does: the length, -1 where it
 * is left to that.  A float64 is m * 2^-k; m * 10^n fits 128 bits, so the digits and what is
 * cut off are exact, and ties go to the even digit. */
static int plain_number(char *out, const struct spec *spec, lua_Number number)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    char text[PLAIN_BYTES], *end = text + sizeof text, *at;
    int precision = spec->precision < 0 ? 6 : spec->precision;
    bool negative = signbit(number);
    lua_Number size = fabs(number);
    uint64_t value;

    if (spec->flags[0] || spec->width >= 0)
        return -1;
    if (spec->conversion == 'd') {
        if (spec->precision >= 0 || !(size < 9e15))
            return -1;
        value = (uint64_t)size;
        at = digits_before(end, value, 1);
        negative = negative && value;
    } else {
        unsigned __int128 scaled;
        int exponent;

        if (spec->conversion != 'f' || precision > 9 || !(size < 4e9))
            return -1;
        scaled = (uint64_t)ldexp(frexp(size, &exponent), 53);
        scaled *= powers[precision];
        exponent -=
            53; /* the number is scaled * 2^exponent / 10^precision, exponent < 0 */
        if (exponent < -120) { /* less than half of the last digit, by far */
            value = 0;
        } else {
            unsigned __int128 cut = scaled & (((unsigned __int128)1 << -exponent) - 1);
            unsigned __int128 half = (unsigned __int128)1 << (-exponent - 1);

            value = (uint64_t)(scaled >> -exponent);
            value += cut > half || (cut == half && (value & 1));
        }
        at = digits_before(end, value % powers[precision], precision);
        if (precision)
            *--at = '.';
        at = digits_before(at, value / powers[precision], 1);
    }
    if (negative)
        *--at = '-';
    memcpy(out, at, (size_t)(end - at));
    return (int)(end - at);
}

#pragma GCC diagnostic push
/* The formats are made here, from a handful of checked parts. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

CDN_RAISES static void add_number(struct cdn_lib_buffer *out, const struct spec *spec,
                                  lua_Number number)
{
    char format[32];
    char *at = cdn_lib_buffer_room(out, PLAIN_BYTES);
    int length = plain_number(at, spec, number);

    if (length >= 0)
        goto out;
    at = cdn_lib_buffer_room(out, NUMBER_BYTES);
    switch (spec->conversion) {
    case 'd':
    case 'i':
        spell(format, sizeof format, spec, "ll", 'd');
        length = snprintf(at, NUMBER_BYTES, format, (long long)truncated(number));
        break;
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        spell(format, sizeof format, spec, "ll", spec->conversion);
        length = snprintf(at, NUMBER_BYTES, format,
                          (unsigned long long)truncated_unsigned(number));
        break;
    default:
        spell(format, sizeof format, spec, "", spec->conversion);
        if (number != number)
            number = __builtin_nan("");
        length = put_point_right(at, snprintf(at, NUMBER_BYTES, format, number));
    }
out:
    out->length += (size_t)length;
    cdn_meter_charge(out->L, CONVERSION + (uint64_t)length);
}

#pragma GCC diagnostic pop

/* Text padded to the width, cut to the precision. */
CDN_RAISES static void add_text(struct cdn_lib_buffer *out, const struct spec *spec,
                                const char *text, size_t bytes)
{
    size_t width = spec->width > 0 ? (size_t)spec->width : 0;
    size_t padding;

    if (spec->precision >= 0 && (size_t)spec->precision < bytes)
        bytes = (size_t)spec->precision;
    padding = width > bytes ? width - bytes : 0;
    cdn_meter_charge(out->L, 1 + bytes / 32);
    if (!strchr(spec->flags, '-')) {
        memset(cdn_lib_buffer_room(out, padding), ' ', padding);
        out->length += padding;
        padding = 0;
    }
    cdn_lib_buffer_add(out, text, bytes);
    memset(cdn_lib_buffer_room(out, padding), ' ', padding);
    out->length += padding;
}

/* %q: a Lua string literal; control characters become decimal escapes, of three digits
 * where another digit follows. */
CDN_RAISES static void add_quoted(struct cdn_lib_buffer *out, const char *text,
                                  size_t bytes)
{
    cdn_meter_charge(out->L, 1 + bytes / 4);
    cdn_lib_buffer_add(out, "\"", 1);
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        char *at = cdn_lib_buffer_room(out, 5);

        if (c == '"' || c == '\\' || c == '\n') {
            at[0] = '\\';
            at[1] = (char)c;
            out->length += 2;
        } else if (c < 32 || c == 127) {
            bool digit = i + 1 < bytes && text[i + 1] >= '0' && text[i + 1] <= '9';
            char *end = at + 1;

            at[0] = '\\';
            if (digit || c >= 100)
                *end++ = (char)('0' + c / 100);
            if (digit || c >= 10)
                *end++ = (char)('0' + c / 10 % 10);
            *end++ = (char)('0' + c % 10);
            out->length += (size_t)(end - at);
        } else {
            at[0] = (char)c;
            out->length++;
        }
    }
    cdn_lib_buffer_add(out, "\"", 1);
}

CDN_RAISES static void add_argument(struct cdn_lib_buffer *out, const struct spec *spec,
                                    int arg)
{
    lua_State *L = out->L;
    struct spec plain = *spec;
    const char *text;
    size_t bytes;
    char c;

    switch (spec->conversion) {
    case 'c':
        c = (char)(unsigned char)cdn_lib_check_integer(L, arg);
        plain.precision = -1; /* a byte cannot be cut */
        add_text(out, &plain, &c, 1);
        break;
    case 'q':
        text = cdn_lib_check_text(L, arg, &bytes);
        add_quoted(out, text, bytes);
        break;
    case 's':
        luaL_checkany(L, arg);
        cdn_tostring(L, arg);
        text = lua_tolstring(L, -1, &bytes);
        add_text(out, spec, text, bytes);
        lua_pop(L, 1);
        break;
    default:
        add_number(out, spec, cdn_lib_check_number(L, arg));
    }
}

/* string.format(format, ...) */
int cdn_lib_string_format(lua_State *L)
{
    size_t bytes;
    const char *format = cdn_lib_check_text(L, 1, &bytes);
    const char *end = format + bytes;
    int arg = 1, arguments = lua_gettop(L);
    struct cdn_lib_buffer out;

    cdn_lib_charge_bytes(L, 2 * bytes);
    cdn_lib_buffer_init(&out, L);
    luaL_checkstack(L, LUA_MINSTACK, "format");
    while (format < end) {
        const char *percent = memchr(format, '%', (size_t)(end - format));
        struct spec spec;

        if (!percent)
            percent = end;
        cdn_lib_buffer_add(&out, format, (size_t)(percent - format));
        if (percent == end)
            break;
        if (percent[1] == '%') {
            cdn_lib_buffer_add(&out, "%", 1);
            format = percent + 2;
            continue;
        }
        format = parse(L, percent + 1, &spec);
        if (++arg > arguments)
            luaL_argerror(L, arg, "no value");
        add_argument(&out, &spec, arg);
    }
    cdn_lib_buffer_push(&out);
    return 1;
}
