/* JSON in through jansson, JSON out by our own writer.  The header says what each
 * promises.
 *
 * jansson decodes with duplicate keys refused and integers of 64 bits kept; it stops at
 * a nesting of 2048, well before its own recursion matters, and we stop at
 * CORDON_VALUE_MAX_DEPTH while converting.  A string with an escaped NUL is allowed, as
 * msgpack can hold it.  Cost of input: one tree, freed before return. */
#include "cli/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/utf8.h"

/* ---- in ---- */

static cordon_status convert(struct cdn_packer *packer, const json_t *value,
                             unsigned depth, cordon_error *err);

static cordon_status convert_object(struct cdn_packer *packer, json_t *object,
                                    unsigned depth, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    const char *key;
    size_t key_bytes;
    json_t *item;

    cdn_pack_map(packer, (uint32_t)json_object_size(object));
    json_object_keylen_foreach(object, key, key_bytes, item)
    {
        cdn_pack_str(packer, key, key_bytes);
        status = convert(packer, item, depth + 1, err);
        if (status)
            break;
    }
    return status;
}

static cordon_status convert(struct cdn_packer *packer, const json_t *value,
                             unsigned depth, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (depth > CORDON_VALUE_MAX_DEPTH)
        return cdn_error_set(err, CORDON_E_DATA,
                             "nested deeper than %d levels; flatten the value",
                             CORDON_VALUE_MAX_DEPTH);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return convert_object(packer, (json_t *)(uintptr_t)value, depth, err);
    case JSON_ARRAY:
        cdn_pack_array(packer, (uint32_t)json_array_size(value));
        for (size_t i = 0; i < json_array_size(value) && !status; i++)
            status = convert(packer, json_array_get(value, i), depth + 1, err);
        return status;
    case JSON_STRING:
        cdn_pack_str(packer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        cdn_pack_int(packer, json_integer_value(value));
        break;
    case JSON_REAL:
        cdn_pack_double(packer, json_real_value(value));
        break;
    case JSON_TRUE:
        cdn_pack_bool(packer, true);
        break;
    case JSON_FALSE:
        cdn_pack_bool(packer, false);
        break;
    case JSON_NULL:
        cdn_pack_nil(packer);
        break;
    }
    return CORDON_OK;
}

/* jansson's words for what a reader can mend, in ours. */
static cordon_status refuse(cordon_error *err, const json_error_t *fault)
{
    const char *text = fault->text;

    switch (json_error_code(fault)) {
    case json_error_out_of_memory:
        return cdn_error_nomem(err);
    case json_error_duplicate_key:
        text = "a key appears twice in one object";
        break;
    case json_error_numeric_overflow:
        text = "a number is out of range; integers have 64 bits, others are doubles";
        break;
    case json_error_stack_overflow:
        text = "nested too deep";
        break;
    case json_error_invalid_utf8:
        text = "not valid UTF-8";
        break;
    case json_error_end_of_input_expected:
        text = "something follows the end of the JSON text; one value a line is right";
        break;
    case json_error_premature_end_of_input:
        text = "the JSON text ends too early";
        break;
    case json_error_unknown:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_character:
    case json_error_null_value:
    case json_error_null_byte_in_key:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return cdn_error_set(err, CORDON_E_DATA, "line %d, column %d: %s",
                         fault->line > 0 ? fault->line : 1,
                         fault->column > 0 ? fault->column : 1, text);
}

cordon_status cdn_json_to_pack(struct cdn_buf *out, const char *text, size_t bytes,
                               cordon_error *err)
{
    struct cdn_packer packer;
    json_error_t fault;
    json_t *root = json_loadb(
        text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
    cordon_status status;

    if (!root)
        return refuse(err, &fault);
    cdn_pack_init_buf(&packer, out);
    status = convert(&packer, root, 1, err);
    if (!status && (packer.failed || out->failed))
        status = cdn_error_nomem(err);
    json_decref(root);
    return status;
}

/* ---- out ---- */

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

void cdn_json_key_bool(struct cdn_json *json, const char *key, bool value)
{
    cdn_json_key(json, key);
    cdn_json_bool(json, value);
}
