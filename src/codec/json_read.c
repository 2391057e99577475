/* JSON through jansson, but for the plain kind (json_plain.h), which is most of what comes.
 *
 * It decodes with duplicate keys refused and integers of 64 bits kept; it stops at a
 * nesting of 2048, well before its own recursion matters, and we stop at
 * CORDON_VALUE_MAX_DEPTH while converting.  A string with an escaped NUL is allowed, as
 * msgpack can hold it.  Cost: one tree, freed before return. */
#include "codec/json_read.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/pack.h"
#include "codec/json_plain.h"

static bool convert(struct cdn_packer *packer, const json_t *value, unsigned depth);

static bool convert_object(struct cdn_packer *packer, json_t *object, unsigned depth)
{
    const char *key;
    size_t key_bytes;
    json_t *item;

    cdn_pack_map(packer, (uint32_t)json_object_size(object));
    json_object_keylen_foreach(object, key, key_bytes, item)
    {
        cdn_pack_str(packer, key, key_bytes);
        if (!convert(packer, item, depth + 1))
            return false;
    }
    return true;
}

/* False: nested too deep. */
static bool convert(struct cdn_packer *packer, const json_t *value, unsigned depth)
{
    if (depth > CORDON_VALUE_MAX_DEPTH)
        return false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return convert_object(packer, (json_t *)(uintptr_t)value, depth);
    case JSON_ARRAY:
        cdn_pack_array(packer, (uint32_t)json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            if (!convert(packer, json_array_get(value, i), depth + 1))
                return false;
        break;
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
    return true;
}

/* jansson's words for what a reader can mend, in ours. */
static cordon_status refuse(struct cdn_json_fault *out, const json_error_t *fault)
{
    const char *text = fault->text;

    switch (json_error_code(fault)) {
    case json_error_out_of_memory:
        return CORDON_E_NOMEM;
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
    out->line = fault->line > 0 ? (uint32_t)fault->line : 1;
    out->column = fault->column > 0 ? (uint32_t)fault->column : 1;
    snprintf(out->text, sizeof(out->text), "%s", text);
    return CORDON_E_DATA;
}

cordon_status cdn_json_read(struct cdn_buf *out, const char *text, size_t bytes,
                            struct cdn_json_fault *fault)
{
    struct cdn_packer packer;
    json_error_t error;
    json_t *root;
    cordon_status status = CORDON_OK;

    fault->line = fault->column = 0;
    fault->text[0] = '\0';
    if (cdn_json_plain(out, text, bytes))
        return CORDON_OK;
    root = json_loadb(
        text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!root)
        return refuse(fault, &error);
    cdn_pack_init_buf(&packer, out);
    if (!convert(&packer, root, 1)) {
        snprintf(fault->text, sizeof(fault->text),
                 "nested deeper than %d levels; flatten the value",
                 CORDON_VALUE_MAX_DEPTH);
        status = CORDON_E_DATA;
    } else if (packer.failed || out->failed) {
        status = CORDON_E_NOMEM;
    }
    json_decref(root);
    return status;
}

cordon_status cdn_json_to_pack(struct cdn_buf *out, const char *text, size_t bytes,
                               cordon_error *err)
{
    struct cdn_json_fault fault;
    cordon_status status = cdn_json_read(out, text, bytes, &fault);

    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (status && !fault.line)
        return cdn_error_set(err, status, "%s", fault.text);
    if (status && !(bytes && memchr(text, '\n', bytes)))
        return cdn_error_set(err, status, "column %u: %s", fault.column, fault.text);
    if (status)
        return cdn_error_set(err, status, "line %u, column %u: %s", fault.line,
                             fault.column, fault.text);
    return CORDON_OK;
}
