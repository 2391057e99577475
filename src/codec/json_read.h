/* JSON in (home of jansson.h): one text to msgpack bytes, exactly.
 *
 * Integers of 64 bits stay integers; duplicate keys, numbers out of range and nesting
 * beyond CORDON_VALUE_MAX_DEPTH are refused by name.  json.h writes it. */
#ifndef CDN_CODEC_JSON_READ_H
#define CDN_CODEC_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

struct cdn_json_fault {
    uint32_t line; /* from 1, within the text; 0: no place */
    uint32_t column;
    char text[192];
};

/* Append one JSON text, converted, to `out` as msgpack.  Any value is accepted at the
 * top.  Errors: CORDON_E_DATA with *fault filled, CORDON_E_NOMEM. */
cordon_status cdn_json_read(struct cdn_buf *out, const char *text, size_t bytes,
                            struct cdn_json_fault *fault);

/* The same with the fault as an error's message, which names the line only where the text
 * has several: a text of one line often is itself one of many. */
cordon_status cdn_json_to_pack(struct cdn_buf *out, const char *text, size_t bytes,
                               cordon_error *err);

#endif
