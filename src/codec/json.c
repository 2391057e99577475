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

/* ---- both ---- */

static void new_line(struct cdn_json *json)
{
    cdn_buf_text(json->out, "\n");
    for (unsigned i = 0; i < json->depth; i++)
        cdn_buf_text(json->out, "  ");
}

/* Comma and line break before a key or an element. */
static void separate(struct cdn_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->pack) {
        if (json->depth && json->depth <= CDN_JSON_MAX_DEPTH)
            json->open[json->depth - 1].count++;
        return;
    }
    if (json->comma)
        cdn_buf_append(json->out, ",", 1);
    if (json->pretty && json->depth)
        new_line(json);
}

static void open_with(struct cdn_json *json, const char *bracket)
{
    separate(json);
    if (json->pack) {
        pack_open(json, *bracket == '[' ? 0xdd : 0xdf);
        return;
    }
    cdn_buf_text(json->out, bracket);
    json->depth++;
    json->comma = false;
}

static void close_with(struct cdn_json *json, const char *bracket)
{
    if (json->pack) {
        pack_close(json);
        return;
    }
    json->depth--;
    if (json->pretty && json->comma)
        new_line(json);
    cdn_buf_text(json->out, bracket);
    json->comma = true;
}

void cdn_json_object(struct cdn_json *json)
{
    open_with(json, "{");
}

void cdn_json_object_end(struct cdn_json *json)
{
    close_with(json, "}");
}

void cdn_json_array(struct cdn_json *json)
{
    open_with(json, "[");
}

void cdn_json_array_end(struct cdn_json *json)
{
    close_with(json, "]");
}

/* How many bytes at `at` need no escape, and are ASCII: eight at a time.  Of a word, `quotes` and
 * `slashes` have a zero byte where it has such a character; a byte's high bit comes out set where
 * the byte was zero, below a blank, or not ASCII, and perhaps in bytes above one of those. */
static size_t plain_bytes(const unsigned char *at, size_t bytes)
{
    static const uint64_t ONES = UINT64_C(0x0101010101010101);
    size_t n = 0;

    for (; bytes - n >= 8; n += 8) {
        uint64_t word, quotes, slashes, found;

        memcpy(&word, at + n, 8);
        quotes = word ^ ONES * '"';
        slashes = word ^ ONES * '\\';
        /* 0x7f is found with those that are not ASCII: it becomes 0x80 */
        found = (quotes - ONES) | (slashes - ONES) | (word - ONES * 0x20) | word |
                (word + ONES);
        if (found & ONES * 0x80)
            break;
    }
    while (n < bytes && at[n] >= 0x20 && at[n] < 0x7f && at[n] != '"' && at[n] != '\\')
        n++;
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

/* The text between quotes, and `after` (one character, or NUL for none) behind them. */
static void quote(struct cdn_buf *out, const char *text, size_t bytes, char after)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + bytes;
    unsigned char *to;

    if (!cdn_buf_reserve(out, bytes + 3))
        return;
    out->data[out->length++] = '"';
    while (at < end) {
        size_t plain = plain_bytes(at, (size_t)(end - at));

        cdn_buf_append(out, at, plain);
        at += plain;
        if (at < end)
            escape(out, &at, end);
    }
    if (!cdn_buf_reserve(out, 2))
        return;
    to = out->data + out->length;
    *to++ = '"';
    if (after)
        *to++ = (unsigned char)after;
    *to = '\0';
    out->length = (size_t)(to - out->data);
}

static void key_bytes(struct cdn_json *json, const char *key, size_t bytes)
{
    separate(json);
    json->after_key = true;
    if (json->pack) {
        pack_text(json, key, bytes);
        return;
    }
    quote(json->out, key, bytes, ':');
    if (json->pretty)
        cdn_buf_append(json->out, " ", 1);
}

void cdn_json_key(struct cdn_json *json, const char *key)
{
    key_bytes(json, key, strlen(key));
}

static void word_of(struct cdn_json *json, const char *text, size_t bytes)
{
    separate(json);
    cdn_buf_append(json->out, text, bytes);
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

        separate(json);
        cdn_pack_nil(&packer);
        return;
    }
    word(json, "null");
}

void cdn_json_bool(struct cdn_json *json, bool value)
{
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        separate(json);
        cdn_pack_bool(&packer, value);
        return;
    }
    word(json, value ? "true" : "false");
}

void cdn_json_int(struct cdn_json *json, int64_t value)
{
    if (json->pack) {
        struct cdn_packer packer = packer_of(json);

        separate(json);
        cdn_pack_int(&packer, value);
        return;
    }
    digits(json, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, "");
}

void cdn_json_uint(struct cdn_json *json, uint64_t value)
{
    if (json->pack) {
        separate(json);
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

        separate(json);
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
    separate(json);
    if (json->pack) {
        pack_text(json, text, bytes);
        return;
    }
    quote(json->out, text, bytes, '\0');
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
