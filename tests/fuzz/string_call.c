/* Calls of library functions read from bytes, and where the two libraries may differ. */
#include "string_call.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const uint8_t *at, *end;
    struct string_calls *calls;
};

/* clang-format off */
static const struct string_function functions[] = {
    {"string", "find", "spib"}, {"string", "match", "spi"}, {"own", "gmatch", "sp"},
    {"string", "gsub", "spri"}, {"string", "gsub", "spr"}, {"string", "format", "ov+"},
    {"string", "format", "on+"}, {"string", "format", "os+"}, {"string", "rep", "sis"},
    {"string", "sub", "sii"}, {"string", "byte", "sii"}, {"string", "char", "i+"},
    {"string", "reverse", "s"}, {"string", "lower", "s"}, {"string", "upper", "s"},
    {"_G", "tonumber", "x"}, {"_G", "tonumber", "xB"}, {"_G", "tonumber", "v"},
    {"_G", "tostring", "n"}, {"_G", "tostring", "v"}, {"own", "concat", "nn"},
    {"table", "concat", "tsii"}, {"table", "concat", "lsii"}, {"table", "insert", "ltv"},
    {"table", "insert", "liv"}, {"table", "insert", "lv"}, {"table", "remove", "li"},
    {"table", "remove", "l"}, {"own", "sort", "t"}, {"own", "descending", "t"},
    {"own", "sort", "l"}, {"_G", "unpack", "lii"}, {"_G", "unpack", "l"},
    {"table", "maxn", "l"}, {"_G", "select", "iv+"}, {"own", "length", "s"},
    {"_G", "rawget", "lv"}, {"_G", "rawset", "lvv"}, {"_G", "rawequal", "vv"},
    {"_G", "type", "v"}, {"_G", "ipairs", "v"},
};

static const char *const pieces[] = {
    "a", "b", "%a", "%d", "%s", "%w", "%p", "%A", "%S", "%W", "%l", "%u", "%x", "%c", "%z", ".", "(",
    ")", "()", "[ab]", "[^ab]", "[a-c]", "[%a_]", "[^%s]", "[]]", "[^]]", "[a-]", "[", "]", "[^", "%",
    "*", "+", "-", "?", "^", "$", "%b()", "%bxy", "%b", "%f[%a]", "%f[%A]", "%f[%z]", "%f", "%1",
    "%2", "%0", "%9", "%%", "%(", "=", ",", " ", "\200", "x", "(.-)", "(%w+)", "(a*)", "%1*"};

static const char *const conversions[] = {
    "%s", "%d", "%5.2f", "%q", "%x", "%c", "%g", "%e", "%i", "%o", "%X", "%u", "%G", "%E", "%%", "%",
    "%-10s|", "%010d", "%+d", "% d", "%#x", "%.0f", "%.3s", "%.14g", "%99d", "%100d", "%.99f", "%.20s",
    "%5s", "%-5d", "%+.3e", "%z", "%p", "a", " ", "%.g", "%5.", "%f", "%.1f", "%.15g", "%.16e"};

static const double numbers[] = {
    0, 1, -1, 2, 3, 10, 16, 255, 256, 1e6, 123456789, 0.5, 1.5, 2.5, -2.75, 0.1, 1.0 / 3, 1e15, 1e16,
    1e17, 1e100, 1e308, 5e-324, 2147483647, 2147483648.0, -2147483648.0, -2147483649.0, 4294967295.0,
    4294967296.0, 4503599627370496.0, 9007199254740992.0, -9007199254740992.0, 9007199254740993.0,
    9223372036854774784.0, 9223372036854775808.0, -9223372036854775808.0, 18446744073709551616.0,
    1e-5, 1e-10, 99.995, -0.0, HUGE_VAL, -HUGE_VAL};

static const char *const number_texts[] = {
    "", "0", "1", "-7", "+7", " 12 ", "0x10", "0X1f", "1e5", ".5", "5.", "1e", "0x", "abc", "1 2", "inf",
    "infinity", "0b1", "1_000", "\t8\n", "0x1p4", "0x.8", "1e400", "--1", "- 1", "zz", "7f", "1e-400",
    "18446744073709551616", "9007199254740993", "0xffffffffffffffffff", "1e+5", "1.5.2", "08", "1LL",
    "1i", "1ULL", "0x1LL", "0b101", "- 0x1", "+-1", "1e5e", "0x1.8p-1", "0xg", "-0", "-0x1"};
/* clang-format on */

static uint8_t byte(struct reader *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static const char *keep(struct reader *in, const char *text, size_t *bytes)
{
    struct string_calls *calls = in->calls;
    char *copy = calls->bytes + calls->bytes_used;

    if (*bytes > STRING_BYTES - calls->bytes_used)
        *bytes = STRING_BYTES - calls->bytes_used;
    memcpy(copy, text, *bytes);
    calls->bytes_used += *bytes;
    return copy;
}

static struct string_value text_of(struct reader *in, const char *text, size_t bytes)
{
    struct string_value value = {.kind = STRING_TEXT};

    value.text = keep(in, text, &bytes);
    value.bytes = bytes;
    return value;
}

/* Bytes of the input; a few of them many times over; or one that stands often. */
static struct string_value read_text(struct reader *in)
{
    char text[1024];
    unsigned how = byte(in), bytes = 0, times = 1;

    if (how < 160) {
        for (unsigned i = 0; i < how % 40; i++)
            text[bytes++] = (char)byte(in);
    } else {
        static const char common[] = "ab()=, x0Az%\n";

        times = how < 232 ? 1 : 1 + byte(in) / 2;
        for (unsigned i = 0; i < how % 8; i++)
            text[bytes++] = common[byte(in) % (sizeof common - 1)];
        for (unsigned i = 1, once = bytes; i < times && bytes + once <= sizeof text;
             i++) {
            memcpy(text + bytes, text, once);
            bytes += once;
        }
    }
    return text_of(in, text, bytes);
}

static struct string_value read_assembled(struct reader *in, const char *const *parts,
                                          size_t count)
{
    char text[256];
    unsigned how = byte(in);
    size_t bytes = 0;

    if (how >= 192)
        return read_text(in);
    for (unsigned i = 0; i <= how % 12; i++) {
        const char *part = parts[byte(in) % count];

        memcpy(text + bytes, part, strlen(part));
        bytes += strlen(part);
    }
    return text_of(in, text, bytes);
}

static struct string_value read_number(struct reader *in)
{
    struct string_value value = {.kind = STRING_NUMBER};
    unsigned how = byte(in);
    uint64_t bits = 0;

    if (how < 100) {
        value.number = (int)how - 30;
    } else if (how < 240) {
        value.number = numbers[how % (sizeof numbers / sizeof *numbers)];
    } else if (how < 250) {
        value.number = (double)byte(in) + (double)byte(in) / 256;
    } else {
        for (int i = 0; i < 8; i++)
            bits = bits << 8 | byte(in);
        memcpy(&value.number, &bits, sizeof bits);
    }
    return value;
}

static struct string_value read_value(struct reader *in, char kind, int depth);

static struct string_value read_list(struct reader *in, char of, int depth)
{
    struct string_calls *calls = in->calls;
    struct string_value value = {.kind = STRING_TABLE};
    unsigned how = byte(in), count = how % STRING_ITEMS;
    struct string_value *items = calls->values + calls->values_used;

    if (count > STRING_VALUES - calls->values_used)
        count = (unsigned)(STRING_VALUES - calls->values_used);
    calls->values_used += count;
    value.keyed = of == 'v' && how >= 200;
    value.items = items;
    value.count = count;
    if (of == 't')
        of = byte(in) % 2 ? 'n' : 's';
    for (unsigned i = 0; i < count; i++)
        items[i] = read_value(in, of, depth + 1);
    return value;
}

static struct string_value read_any(struct reader *in, int depth)
{
    static const char kinds[] = "nnsssxbr";
    struct string_value value = {.kind = STRING_NIL};
    unsigned how = byte(in);

    if (how < 20 || depth > 2)
        return value;
    if (how < 50)
        return read_list(in, 'v', depth);
    return read_value(in, kinds[how % (sizeof kinds - 1)], depth + 1);
}

static struct string_value read_value(struct reader *in, char kind, int depth)
{
    struct string_value value = {.kind = STRING_NIL};
    const char *text;

    switch (kind) {
    case 's':
        return read_text(in);
    case 'p':
        return read_assembled(in, pieces, sizeof pieces / sizeof *pieces);
    case 'o':
        return read_assembled(in, conversions,
                              sizeof conversions / sizeof *conversions);
    case 'i':
    case 'n':
        return read_number(in);
    case 'b':
        value.kind = STRING_BOOLEAN;
        value.number = byte(in) % 2;
        return value;
    case 't':
        return read_list(in, 't', depth);
    case 'l':
        return read_list(in, 'v', depth);
    case 'x':
        if (byte(in) % 4 == 0)
            return read_text(in);
        text = number_texts[byte(in) % (sizeof number_texts / sizeof *number_texts)];
        return text_of(in, text, strlen(text));
    case 'B':
        value.kind = STRING_NUMBER;
        value.number = byte(in) % 40;
        return value;
    case 'r':
        if (byte(in) % 2) {
            value.kind = STRING_CALLBACK;
            value.number = 1 + byte(in) % 9;
            return value;
        }
        return byte(in) % 2 ? read_text(in) : read_list(in, 'v', depth);
    default:
        return read_any(in, depth);
    }
}

static void read_call(struct reader *in, struct string_call *call)
{
    const char *kinds;
    unsigned odd;

    call->function = &functions[byte(in) % (sizeof functions / sizeof *functions)];
    kinds = call->function->arguments;
    odd = byte(in); /* mostly as it should be */
    call->count = 0;
    while (*kinds && call->count < STRING_ARGUMENTS) {
        char kind = *kinds;

        if (odd >= 200 && odd % 8 == (unsigned)call->count)
            kind = 'v';
        if (odd < 60 && odd % 8 == (unsigned)call->count)
            break; /* left out, with what follows */
        call->arguments[call->count++] = read_value(in, kind, 0);
        if (kinds[1] != '+')
            kinds++;
        else if (byte(in) % 4 == 0)
            break;
    }
    if (odd == 255 && call->count < STRING_ARGUMENTS)
        call->arguments[call->count++] = read_value(in, 'v', 0);
}

void string_calls_read(struct string_calls *calls, const uint8_t *data, size_t size)
{
    struct reader in = {data, data + size, calls};

    calls->count = 0;
    calls->values_used = calls->bytes_used = 0;
    while (in.at < in.end && calls->count < STRING_CALLS)
        read_call(&in, &calls->calls[calls->count++]);
}

/* ---- where they differ on purpose ---- */

static bool is_function(const struct string_call *call, const char *name)
{
    return strcmp(call->function->name, name) == 0;
}

static bool is_nan(const struct string_value *value)
{
    return value->kind == STRING_NUMBER && value->number != value->number;
}

/* Its text is an address in stock LuaJIT. */
static bool has_address(const struct string_value *value)
{
    return value->kind == STRING_TABLE || value->kind == STRING_CALLBACK;
}

/* A number as argument: itself, or what a text is read as. */
static bool as_number(double *number, const struct string_value *value)
{
    char text[128], *end;

    *number = value->number;
    if (value->kind == STRING_NUMBER)
        return true;
    if (value->kind != STRING_TEXT || value->bytes >= sizeof text)
        return false;
    memcpy(text, value->text, value->bytes);
    text[value->bytes] = '\0';
    *number = strtod(text, &end);
    return end != text;
}

/* Lies the number in the middle between two texts of that precision?  LuaJIT rounds those
 * away from zero, the C library to even. */
static bool is_tie(double number, char conversion, int precision)
{
    static char text[1500];
    const char *rest;

    if (precision < 0)
        precision = 6;
    if (conversion == 'g' || conversion == 'G')
        precision = precision ? precision - 1 : 0;
    if (conversion == 'f')
        snprintf(text, sizeof text, "%.1100f", number);
    else
        snprintf(text, sizeof text, "%.1100e", number);
    rest = strchr(text, '.');
    if (!rest)
        return false;
    rest += 1 + precision;
    return *rest == '5' && strspn(rest + 1, "0") == strcspn(rest + 1, "e");
}

struct conversion {
    char flags[64];
    int precision; /* -1: none */
    char letter;
};

/* One conversion behind a '%'; returns where the format goes on. */
static const char *parse(struct conversion *out, const char *p, const char *end)
{
    size_t flags = 0;

    while (p < end && *p && strchr("-+ #0", *p)) {
        if (flags < sizeof out->flags - 1)
            out->flags[flags++] = *p;
        p++;
    }
    out->flags[flags] = '\0';
    while (p < end && isdigit((unsigned char)*p))
        p++;
    out->precision = -1;
    if (p < end && *p == '.') {
        out->precision = 0;
        for (p++; p < end && isdigit((unsigned char)*p); p++)
            out->precision = out->precision * 10 % 10000 + (*p - '0');
    }
    out->letter = p < end ? *p : '\0';
    return p < end ? p + 1 : p;
}

static bool conversion_differs(const struct conversion *one,
                               const struct string_value *value)
{
    bool integral = one->letter && strchr("diuxXoc", one->letter);
    bool real = one->letter && strchr("eEfgG", one->letter);
    double number;

    if (!one->letter || strchr("paAn", one->letter))
        return true; /* refused here: addresses, and what differs between C libraries */
    if (strchr("sc", one->letter) && strpbrk(one->flags, "+ #0"))
        return true;
    if (has_address(value))
        return true;
    if (one->letter == 'q' && value->kind != STRING_TEXT)
        return true; /* here it is for strings alone, as in Lua 5.1 */
    if (!(integral || real) || !as_number(&number, value))
        return false;
    if (number != number)
        return true; /* its sign is not shown here */
    if (one->letter == 'c')
        return !(fabs(number) < 2147483648.0);
    if (integral)
        return !(fabs(number) < 9223372036854775808.0) || strchr(one->flags, '#');
    if (fabs(number) == HUGE_VAL)
        return strchr(one->flags, '0') != NULL;
    return is_tie(number, one->letter, one->precision);
}

static bool format_differs(const struct string_call *call)
{
    const struct string_value *format = &call->arguments[0];
    const char *at = format->text, *end;
    int arg = 1;

    if (call->count < 1 || format->kind != STRING_TEXT)
        return false;
    end = at + format->bytes;
    while (at < end) {
        struct conversion one;

        if (*at++ != '%')
            continue;
        if (at < end && *at == '%') {
            at++;
            continue;
        }
        at = parse(&one, at, end);
        if (conversion_differs(&one, arg < call->count ? &call->arguments[arg]
                                                       : &(struct string_value){0}))
            return true;
        arg++;
    }
    return false;
}

/* Stock insert takes 2^31 steps for a place that is no int, and many for one far below. */
static bool insert_differs(const struct string_call *call)
{
    double place;

    if (call->count < 3)
        return false;
    return as_number(&place, &call->arguments[1]) && !(fabs(place) < 100000);
}

static bool sort_differs(const struct string_call *call)
{
    const struct string_value *list = &call->arguments[0];

    for (uint32_t i = 0; call->count && i < list->count; i++) {
        if (is_nan(&list->items[i]))
            return true; /* there is no order */
    }
    return false;
}

static bool tonumber_differs(const struct string_call *call)
{
    const struct string_value *text = &call->arguments[0];

    if (call->count < 1 || text->kind != STRING_TEXT)
        return false;
    /* what the C library reads of a NaN, and texts with a NUL in them */
    return memchr(text->text, '\0', text->bytes) != NULL ||
           (text->bytes >= 3 && memmem(text->text, text->bytes, "nan", 3)) ||
           (text->bytes >= 3 && memmem(text->text, text->bytes, "NAN", 3));
}

/* A place that is no int, or an end of them: stock takes it for whatever the CPU makes of it, which differs
 * between CPUs; here it is the nearest end, or out of bounds.  Stock remove(), which is
 * written in Lua, takes no part of a whole place. */
static bool place_differs(const struct string_call *call)
{
    const char *kinds = call->function->arguments;
    double place;

    for (int i = 0; i < call->count; i++) {
        /* one too many may be a place as well */
        if ((!*kinds || strchr("iB", *kinds)) &&
            as_number(&place, &call->arguments[i]) &&
            (!(place > -2147483647.0 && place < 2147483646.0) ||
             (is_function(call, "remove") && place != floor(place))))
            return true;
        if (*kinds && kinds[1] != '+')
            kinds++;
    }
    return false;
}

/* A NUL ends a pattern in Lua 5.1; here, as since Lua 5.2, it is a character. */
static bool pattern_differs(const struct string_call *call)
{
    const struct string_value *pattern = &call->arguments[1];

    return call->count > 1 && call->function->arguments[1] == 'p' &&
           pattern->kind == STRING_TEXT && memchr(pattern->text, '\0', pattern->bytes);
}

/* The length of a table with holes is any border: which one depends on how the state's seed
 * makes strings hash, so it differs between two states of stock LuaJIT as well. */
static bool length_differs(const struct string_call *call)
{
    const struct string_value *list = &call->arguments[0];
    bool asks = strcmp(call->function->library, "table") == 0 ||
                strcmp(call->function->library, "own") == 0 ||
                is_function(call, "unpack");

    if (!asks || !call->count || list->kind != STRING_TABLE)
        return false;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == STRING_NIL)
            return true;
    }
    return list->keyed;
}

bool string_call_differs(const struct string_call *call)
{
    if (pattern_differs(call) || length_differs(call))
        return true;
    if (place_differs(call))
        return true;
    if (is_function(call, "format"))
        return format_differs(call);
    if (is_function(call, "tostring"))
        return call->count && has_address(&call->arguments[0]);
    if (is_function(call, "insert"))
        return insert_differs(call);
    if (is_function(call, "sort") || is_function(call, "descending"))
        return sort_differs(call);
    if (is_function(call, "tonumber"))
        return tonumber_differs(call);
    return false;
}

/* ---- comparing ---- */

/* How much of an error's text has to be the same: all, but for what is said in parentheses of
 * a bad argument. */
static size_t message_bytes(const char *text)
{
    const char *end = text + strlen(text), *stop = NULL;

    if (strncmp(text, "error: bad argument", 19) == 0)
        stop = strstr(text, " (");
    return (size_t)((stop ? stop : end) - text);
}

bool string_call_same(const struct string_call *call, const char *ours,
                      size_t our_bytes, const char *theirs, size_t their_bytes)
{
    size_t bytes;

    if (our_bytes == their_bytes && !memcmp(ours, theirs, our_bytes))
        return true;
    if (strncmp(ours, "error: ", 7) != 0 || strncmp(theirs, "error: ", 7) != 0)
        return false;
    /* which two values cannot be compared depends on the way of sorting, as does what is
     * left of the table; and stock format() looks whether all are there before what they are */
    if (strcmp(call->function->library, "own") == 0 || is_function(call, "format"))
        return true;
    bytes = message_bytes(ours);
    return bytes == message_bytes(theirs) && !memcmp(ours, theirs, bytes);
}

void string_value_print(const struct string_value *value, FILE *out)
{
    switch (value->kind) {
    case STRING_NIL:
        fputs("nil, ", out);
        return;
    case STRING_BOOLEAN:
        fputs(value->number > 0 ? "true, " : "false, ", out);
        return;
    case STRING_NUMBER:
        fprintf(out, "%.17g, ", value->number);
        return;
    case STRING_TEXT:
        fputc('"', out);
        for (size_t i = 0; i < value->bytes; i++) {
            unsigned char c = (unsigned char)value->text[i];

            if (isprint(c) && c != '"' && c != '\\')
                fputc(c, out);
            else
                fprintf(out, "\\%03u", c);
        }
        fputs("\", ", out);
        return;
    case STRING_CALLBACK:
        fprintf(out, "callback %g, ", value->number);
        return;
    case STRING_TABLE:
        fputs(value->keyed ? "keyed {" : "{", out);
        for (uint32_t i = 0; i < value->count; i++)
            string_value_print(&value->items[i], out);
        fputs("}, ", out);
        return;
    }
}
