/* JSON out, straight into a buffer.  The header says what is promised. */
#include "codec/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/utf8.h"

void cdn_json_init(struct cdn_json *json, struct cdn_buf *out, bool pretty)
{
    /* not all of it: `open` is large, and written before it is read */
    json->out = out;
    json->pretty = pretty;
    json->pack = false;
    json->comma = false;
    json->after_key = false;
    json->depth = 0;
}

/* ---- msgpack ---- */

static struct cdn_packer packer_of(struct cdn_json *json)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, json->out);
    return packer;
}

/* The largest head, as what will be in it is not known: 0xdd or 0xdf and 32 bits. */
static void pack_open(struct cdn_json *json, unsigned char mark)
{
    const unsigned char head[5] = {mark};

    if (json->depth >= CDN_JSON_MAX_DEPTH) {
        json->out->failed = true;
    } else {
        json->open[json->depth].start = json->out->length;
        json->open[json->depth].count = 0;
        cdn_buf_append(json->out, head, sizeof head);
    }
    json->depth++;
}

static void pack_close(struct cdn_json *json)
{
    unsigned char *at;
    uint32_t count;

    json->depth--;
    if (json->out->failed)
        return;
    at = json->out->data + json->open[json->depth].start + 1;
    count = json->open[json->depth].count;
    for (unsigned i = 0; i < 4; i++)
        at[i] = (unsigned char)(count >> (24 - 8 * i));
}

/* Bytes that are not UTF-8 become U+FFFD here too: the document is the same in both forms. */
static void pack_text(struct cdn_json *json, const char *text, size_t bytes)
{
    struct cdn_packer packer = packer_of(json);
    struct cdn_buf clean = {0};
    const unsigned char *at = (const unsigned char *)text, *end = at + bytes;

    if (cdn_utf8_valid(text, bytes)) {
        cdn_pack_str(&packer, text, bytes);
        return;
    }
    while (at < end) {
        size_t length = cdn_utf8_sequence(at, (size_t)(end - at));

        cdn_buf_append(&clean, length ? (const char *)at : "\xef\xbf\xbd",
                       length ? length : 3);
        at += length ? length : 1;
    }
    if (clean.failed)
        json->out->failed = true;
    else
        cdn_pack_str(&packer, (const char *)clean.data, clean.length);
    cdn_buf_deinit(&clean);
}

static void pack_uint(struct cdn_json *json, uint64_t value)
{
    struct cdn_packer packer = packer_of(json);
    unsigned char wide[9] = {0xcf};

    if (value <= INT64_MAX) {
        cdn_pack_int(&packer, (int64_t)value);
        return;
    }
    for (unsigned i = 8; i > 0; i--, value >>= 8)
        wide[i] = (unsigned char)value;
    cdn_buf_append(json->out, wide, sizeof wide);
}

/* ---- text ---- */

/* Where so many bytes may be written, and a NUL behind them; NULL: out of memory. */
static unsigned char *room(struct cdn_buf *out, size_t bytes)
{
    if (out->failed || out->capacity - out->length <= bytes) {
        if (!cdn_buf_reserve(out, bytes))
            return NULL;
    }
    return out->data + out->length;
}

/* They have been written, up to `to`. */
static void wrote(struct cdn_buf *out, unsigned char *to)
{
    *to = '\0';
    out->length = (size_t)(to - out->data);
}

static void new_line(struct cdn_json *json)
{
    cdn_buf_text(json->out, "\n");
    for (unsigned i = 0; i < json->depth; i++)
        cdn_buf_text(json->out, "  ");
}

/* What parts a key or an element from what is before it: this character, or none (NUL); line
 * breaks are written here. */
static char lead(struct cdn_json *json)
{
    char comma = json->comma ? ',' : '\0';

    if (json->after_key) {
        json->after_key = false;
        return '\0';
    }
    if (!json->pretty || !json->depth)
        return comma;
    if (comma)
        cdn_buf_append(json->out, ",", 1);
    new_line(json);
    return '\0';
}

/* msgpack has nothing between elements; they are counted. */
static void count(struct cdn_json *json)
{
    if (json->after_key)
        json->after_key = false;
    else if (json->depth && json->depth <= CDN_JSON_MAX_DEPTH)
        json->open[json->depth - 1].count++;
}

/* `before`, if it is not NUL, and the text. */
static void put(struct cdn_buf *out, char before, const char *text, size_t bytes)
{
    unsigned char *to = room(out, bytes + 1);

    if (!to)
        return;
    if (before)
        *to++ = (unsigned char)before;
    memcpy(to, text, bytes);
    wrote(out, to + bytes);
}

static void open_with(struct cdn_json *json, char bracket)
{
    if (json->pack) {
        count(json);
        pack_open(json, bracket == '[' ? 0xdd : 0xdf);
        return;
    }
    put(json->out, lead(json), &bracket, 1);
    json->depth++;
    json->comma = false;
}

static void close_with(struct cdn_json *json, char bracket)
{
    if (json->pack) {
        pack_close(json);
        return;
    }
    json->depth--;
    if (json->pretty && json->comma)
        new_line(json);
    put(json->out, '\0', &bracket, 1);
    json->comma = true;
}

void cdn_json_object(struct cdn_json *json)
{
    open_with(json, '{');
}

void cdn_json_object_end(struct cdn_json *json)
{
    close_with(json, '}');
}

void cdn_json_array(struct cdn_json *json)
{
    open_with(json, '[');
}

void cdn_json_array_end(struct cdn_json *json)
{
    close_with(json, ']');
}

/* Is any of eight characters one that needs an escape, or not ASCII?  Of a word, `quotes` and
 * `slashes` have a zero byte where it has such a character; a byte's high bit comes out set where
 * the byte was zero, below a blank, DEL, or not ASCII.  One above such a byte may come out set
 * without being one, which does not matter: they are looked at one by one then. */
static bool any_special(uint64_t word)
{
    static const uint64_t ONES = UINT64_C(0x0101010101010101);
    uint64_t quotes = word ^ ONES * '"', slashes = word ^ ONES * '\\';

    return ((quotes - ONES) | (slashes - ONES) | (word - ONES * 0x20) | word |
            (word + ONES)) &
           ONES * 0x80;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Copy up to what needs an escape or is not ASCII; how many bytes that are. */
static size_t copy_plain(unsigned char *to, const unsigned char *at, size_t bytes)
{
    uint64_t word;
    size_t n = 0;

    for (; bytes - n >= 8; n += 8) {
        memcpy(&word, at + n, 8);
        if (any_special(word))
            break;
        memcpy(to + n, &word, 8);
    }
    for (; n < bytes && is_plain(at[n]); n++)
        to[n] = at[n];
    return n;
}

/* The character at *at, escaped or as the sequence that it begins, and step past it. */
static void escape(struct cdn_buf *out, const unsigned char **at,
                   const unsigned char *end)
{
    unsigned char c = **at;
    size_t length = 1;

    if (c >= 0x80) {
        length = cdn_utf8_sequence(*at, (size_t)(end - *at));
        if (length)
            cdn_buf_append(out, *at, length);
        else
            cdn_buf_append(out, "\xef\xbf\xbd", 3);
    } else if (c == '"' || c == '\\') {
        cdn_buf_printf(out, "\\%c", c);
    } else if (c == '\n') {
        cdn_buf_text(out, "\\n");
    } else if (c == '\t') {
        cdn_buf_text(out, "\\t");
    } else if (c == '\r') {
        cdn_buf_text(out, "\\r");
    } else {
        cdn_buf_printf(out, "\\u%04x", c);
    }
    *at += length ? length : 1;
}

/* The text between quotes; `before` and `after` it these characters, if they are not NUL. */
static void quote(struct cdn_buf *out, char before, const char *text, size_t bytes,
                  char after)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + bytes;
    unsigned char *to = room(out, bytes + 4);
    size_t plain;

    if (!to)
        return;
    if (before)
        *to++ = (unsigned char)before;
    *to++ = '"';
    for (;;) {
        plain = copy_plain(to, at, (size_t)(end - at));
        to += plain;
        at += plain;
        if (at == end)
            break;
        wrote(out, to);
        escape(out, &at, end);
        to = room(out, (size_t)(end - at) + 2);
        if (!to)
            return;
    }
    *to++ = '"';
    if (after)
        *to++ = (unsigned char)after;
    wrote(out, to);
}

static void key_bytes(struct cdn_json *json, const char *key, size_t bytes)
{
    if (json->pack) {
        count(json);
        pack_text(json, key, bytes);
    } else {
        quote(json->out, lead(json), key, bytes, ':');
        if (json->pretty)
            cdn_buf_append(json->out, " ", 1);
    }
    json->after_key = true;
}

void cdn_json_key(struct cdn_json *json, const char *key)
{
    key_bytes(json, key, strlen(key));
}

static void word_of(struct cdn_json *json, const char *text, size_t bytes)
{
    put(json->out, lead(json), text, bytes);
    json->comma = true;
}

static void word(struct cdn_json *json, const char *text)
{
    word_of(json, text, strlen(text));
}

/* The digits of `value` and a sign before, then `after`. */
static void digits(struct cdn_json *json, bool negative, uint64_t value,
                   const char *after)
{
    char text[32];
    char *end = text + sizeof text;
    size_t bytes = strlen(after);
    char *at = end - bytes;

    memcpy(at, after, bytes);
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (negative)
        *--at = '-';
    word_of(json, at, (size_t)(end - at));
}

void cdn_json_null(struct cdn_json *json)
{
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        count(json);
        cdn_pack_nil(&packer);
        return;
    }
    word(json, "null");
}

void cdn_json_bool(struct cdn_json *json, bool value)
{
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        count(json);
        cdn_pack_bool(&packer, value);
        return;
    }
    word(json, value ? "true" : "false");
}

void cdn_json_int(struct cdn_json *json, int64_t value)
{
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        count(json);
        cdn_pack_int(&packer, value);
        return;
    }
    digits(json, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, "");
}

void cdn_json_uint(struct cdn_json *json, uint64_t value)
{
    if (json->pack) {
        count(json);
        pack_uint(json, value);
        return;
    }
    digits(json, false, value, "");
}

void cdn_json_double(struct cdn_json *json, double value)
{
    char text[40];

    if (!isfinite(value)) {
        cdn_json_null(json);
        return;
    }
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        count(json);
        cdn_pack_double(&packer, value);
        return;
    }
    /* a whole number of at most 15 digits, but -0.0, whose sign an integer has not */
    if (fabs(value) < 1e15 && value == (double)(int64_t)value &&
        (value != 0 || !signbit(value))) {
        digits(json, value < 0, (uint64_t)fabs(value), ".0");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!strpbrk(text, ".eE")) /* 3.0 stays a number with a fraction when read back */
        strncat(text, ".0", sizeof(text) - strlen(text) - 1);
    word(json, text);
}

void cdn_json_str(struct cdn_json *json, const char *text, size_t bytes)
{
    if (json->pack) {
        count(json);
        pack_text(json, text, bytes);
        return;
    }
    quote(json->out, lead(json), text, bytes, '\0');
    json->comma = true;
}

void cdn_json_cstr(struct cdn_json *json, const char *text)
{
    if (text)
        cdn_json_str(json, text, strlen(text));
    else
        cdn_json_null(json);
}

void cdn_json_hex(struct cdn_json *json, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%016" PRIx64, value);
    cdn_json_cstr(json, text);
}

/* A map's key that is no string is written as the text of its JSON: msgpack allows it,
 * JSON does not, and dropping it would lose data. */
static void value_key(struct cdn_json *json, const cordon_value *key)
{
    struct cdn_buf text = {0};
    struct cdn_json inner;

    if (key->type == CORDON_STRING) {
        key_bytes(json, key->as.string, key->length);
        return;
    }
    cdn_json_init(&inner, &text, false);
    cdn_json_value(&inner, key);
    if (text.failed)
        json->out->failed = true;
    else
        key_bytes(json, (const char *)text.data, text.length);
    cdn_buf_deinit(&text);
}

void cdn_json_value(struct cdn_json *json, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, item;

    switch (value->type) {
    case CORDON_NIL:
        cdn_json_null(json);
        break;
    case CORDON_BOOLEAN:
        cdn_json_bool(json, value->as.boolean);
        break;
    case CORDON_INTEGER:
        cdn_json_int(json, value->as.integer);
        break;
    case CORDON_NUMBER:
        cdn_json_double(json, value->as.number);
        break;
    case CORDON_STRING:
        cdn_json_str(json, value->as.string, value->length);
        break;
    case CORDON_ARRAY:
        cdn_json_array(json);
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, NULL, &item))
            cdn_json_value(json, &item);
        cdn_json_array_end(json);
        break;
    case CORDON_MAP:
        cdn_json_object(json);
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &item)) {
            value_key(json, &key);
            cdn_json_value(json, &item);
        }
        cdn_json_object_end(json);
        break;
    }
}

void cdn_json_key_cstr(struct cdn_json *json, const char *key, const char *text)
{
    cdn_json_key(json, key);
    cdn_json_cstr(json, text);
}

void cdn_json_key_uint(struct cdn_json *json, const char *key, uint64_t value)
{
    cdn_json_key(json, key);
    cdn_json_uint(json, value);
}

void cdn_json_key_double(struct cdn_json *json, const char *key, double value)
{
    cdn_json_key(json, key);
    cdn_json_double(json, value);
}

void cdn_json_key_bool(struct cdn_json *json, const char *key, bool value)
{
    cdn_json_key(json, key);
    cdn_json_bool(json, value);
}
