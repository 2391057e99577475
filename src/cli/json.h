/* JSON in and out (home of jansson.h).
 *
 * In: one text to msgpack bytes, exactly: integers of 64 bits stay integers, duplicate
 * keys, numbers out of range and nesting beyond CORDON_VALUE_MAX_DEPTH are refused by
 * name. Out: a streaming writer over a buffer, without a tree, so that a million
 * results cost no more memory than one; integers are written as integers, doubles with
 * 15 digits, or 16 or 17 where fewer would not read back equal. */
#ifndef CDN_CLI_JSON_H
#define CDN_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

/* Append one JSON text, converted, to `out` as msgpack.  Any value is accepted at the
 * top. Errors: CORDON_E_DATA with line and column, CORDON_E_NOMEM. */
cordon_status cdn_json_to_pack(struct cdn_buf *out, const char *text, size_t bytes,
                               cordon_error *err);

/* Writes JSON: compact, or indented by two blanks a level if `pretty`. */
struct cdn_json {
    struct cdn_buf *out;
    bool pretty;
    bool comma;     /* a value was written at this level */
    bool after_key; /* the next value belongs to the key just written */
    unsigned depth;
};
void cdn_json_init(struct cdn_json *json, struct cdn_buf *out, bool pretty);
void cdn_json_object(struct cdn_json *json);
void cdn_json_object_end(struct cdn_json *json);
void cdn_json_array(struct cdn_json *json);
void cdn_json_array_end(struct cdn_json *json);
void cdn_json_key(struct cdn_json *json, const char *key);
void cdn_json_null(struct cdn_json *json);
void cdn_json_bool(struct cdn_json *json, bool value);
void cdn_json_int(struct cdn_json *json, int64_t value);
void cdn_json_uint(struct cdn_json *json, uint64_t value);
/* Not finite: null, as JSON has no word for it. */
void cdn_json_double(struct cdn_json *json, double value);
/* Bytes that are not UTF-8 become U+FFFD. */
void cdn_json_str(struct cdn_json *json, const char *text, size_t bytes);
/* NULL: null. */
void cdn_json_cstr(struct cdn_json *json, const char *text);
/* Sixteen hexadecimal digits, as text: what identities and digests are shown as. */
void cdn_json_hex(struct cdn_json *json, uint64_t value);
void cdn_json_value(struct cdn_json *json, const cordon_value *value);
/* key and value in one. */
void cdn_json_key_cstr(struct cdn_json *json, const char *key, const char *text);
void cdn_json_key_uint(struct cdn_json *json, const char *key, uint64_t value);
void cdn_json_key_bool(struct cdn_json *json, const char *key, bool value);

struct cdn_cli;
/* Print what was written and a newline to cli->out; returns CDN_EXIT_OK, or
 * CDN_EXIT_DATA and says so if memory ran out. */
int cdn_json_print(struct cdn_cli *cli, const struct cdn_buf *text);

#endif
