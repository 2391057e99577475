/* JSON out, straight into a buffer.  The header says what is promised. */
#include "codec/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void cdn_json_init(struct cdn_json *json, struct cdn_buf *out, bool pretty)
{
    *json = (struct cdn_json){.out = out, .pretty = pretty};
}

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
    if (json->comma)
        cdn_buf_text(json->out, ",");
    if (json->pretty && json->depth)
        new_line(json);
}

static void open_with(struct cdn_json *json, const char *bracket)
{
    separate(json);
    cdn_buf_text(json->out, bracket);
    json->depth++;
    json->comma = false;
}

static void close_with(struct cdn_json *json, const char *bracket)
{
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

static void quote(struct cdn_buf *out, const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + bytes;

    cdn_buf_append(out, "\"", 1);
    while (at < end) {
        const unsigned char *plain = at;

        while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
            at++;
        cdn_buf_append(out, plain, (size_t)(at - plain));
        if (at == end)
            break;
        if (*at >= 0x80) {
            size_t length = cdn_utf8_sequence(at, (size_t)(end - at));

            if (length)
                cdn_buf_append(out, at, length);
            else
                cdn_buf_append(out, "\xef\xbf\xbd", 3);
            at += length ? length : 1;
            continue;
        }
        if (*at == '"' || *at == '\\')
            cdn_buf_printf(out, "\\%c", *at);
        else if (*at == '\n')
            cdn_buf_text(out, "\\n");
        else if (*at == '\t')
            cdn_buf_text(out, "\\t");
        else if (*at == '\r')
            cdn_buf_text(out, "\\r");
        else
            cdn_buf_printf(out, "\\u%04x", *at);
        at++;
    }
    cdn_buf_append(out, "\"", 1);
}

static void key_bytes(struct cdn_json *json, const char *key, size_t bytes)
{
    separate(json);
    quote(json->out, key, bytes);
    cdn_buf_text(json->out, json->pretty ? ": " : ":");
    json->after_key = true;
}

void cdn_json_key(struct cdn_json *json, const char *key)
{
    key_bytes(json, key, strlen(key));
}

static void word(struct cdn_json *json, const char *text)
{
    separate(json);
    cdn_buf_text(json->out, text);
    json->comma = true;
}

void cdn_json_null(struct cdn_json *json)
{
    word(json, "null");
}

void cdn_json_bool(struct cdn_json *json, bool value)
{
    word(json, value ? "true" : "false");
}

void cdn_json_int(struct cdn_json *json, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    word(json, text);
}

void cdn_json_uint(struct cdn_json *json, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    word(json, text);
}

void cdn_json_double(struct cdn_json *json, double value)
{
    char text[40];

    if (!isfinite(value)) {
        cdn_json_null(json);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
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
    quote(json->out, text, bytes);
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
