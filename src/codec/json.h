/* JSON out: a streaming writer over a buffer, without a tree, so that a million results
 * cost no more memory than one.  Integers are written as integers, doubles with 15
 * digits, or 16 or 17 where fewer would not read back equal.  json_read.h reads it.
 *
 * The same calls write the same document as msgpack where `pack` is set after
 * cdn_json_init(): whoever writes a document writes it once for both.  The lengths of
 * containers are put in when they end. */
#ifndef CDN_CODEC_JSON_H
#define CDN_CODEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

/* Deeper than any document of ours with a value of CORDON_VALUE_MAX_DEPTH in it; as msgpack one
 * that goes deeper fails as memory that runs out does. */
#define CDN_JSON_MAX_DEPTH 64

/* Writes JSON: compact, or indented by two blanks a level if `pretty`. */
struct cdn_json {
    struct cdn_buf *out;
    bool pretty;
    bool pack;      /* msgpack instead */
    bool comma;     /* a value was written at this level */
    bool after_key; /* the next value belongs to the key just written */
    unsigned depth;
    struct {
        size_t start;           /* in `out`, of the head */
        uint32_t count;         /* of elements, or of keys */
    } open[CDN_JSON_MAX_DEPTH]; /* as msgpack: containers that have not ended */
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
/* Not finite: null, as JSON has no word for it; in both forms. */
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
void cdn_json_key_double(struct cdn_json *json, const char *key, double value);
void cdn_json_key_bool(struct cdn_json *json, const char *key, bool value);

#endif
