/* A line of cordon eval's input, as hostile as it comes: it is refused, or what was
 * understood of it is well-formed, and can be written and read again to the same bytes.  The
 * same bytes are read as the cases of a rule, which are refused with the line or taken. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cases.h"
#include "codec/json.h"
#include "codec/json_plain.h"
#include "codec/json_read.h"
#include "codec/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* msgpack -> JSON -> msgpack: nothing may change on the way. */
static void check_round_trip(const struct cdn_buf *pack)
{
    struct cdn_buf text = {0}, again = {0};
    struct cdn_json json;
    cordon_value value;

    if (cordon_value_parse(&value, pack->data, pack->length, NULL))
        abort();
    cdn_json_init(&json, &text, false);
    cdn_json_value(&json, &value);
    if (text.failed ||
        cdn_json_to_pack(&again, (const char *)text.data, text.length, NULL))
        abort();
    if (again.length != pack->length ||
        memcmp(again.data, pack->data, pack->length) != 0)
        abort();
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&again);
}

/* What is read the short way has the bytes that the long way gives, which an escape before it
 * makes sure of. */
static void check_plain(const char *text, size_t bytes)
{
    static const char before[] = "[\"\\u0061\",";
    struct cdn_buf plain = {0}, wrapped = {0}, whole = {0};
    cordon_error err;

    if (cdn_json_plain(&plain, text, bytes)) {
        cdn_buf_text(&wrapped, before);
        cdn_buf_append(&wrapped, text, bytes);
        cdn_buf_text(&wrapped, "]");
        if (cdn_json_to_pack(&whole, (const char *)wrapped.data, wrapped.length,
                             &err)) {
            if (!strstr(err.message, "nested deeper")) /* by what is around it */
                abort();
        } else if (whole.length != plain.length + 3 ||
                   memcmp(whole.data + 3, plain.data, plain.length) != 0) {
            abort();
        }
    } else if (plain.length) {
        abort();
    }
    cdn_buf_deinit(&plain);
    cdn_buf_deinit(&wrapped);
    cdn_buf_deinit(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_request request = {0};
    struct cdn_buf merged = {0};
    cordon_error err;

    check_plain((const char *)data, size);
    if (!cdn_request_parse(&request, (const char *)data, size, &err)) {
        check_round_trip(&request.pack);
        if (cdn_params_merge(&merged, &request.params, &request.params, &err))
            abort();
        if (request.params.length &&
            (merged.length != request.params.length ||
             memcmp(merged.data, request.params.data, merged.length) != 0))
            abort();
        if (request.has_node && (!request.label[0] || !request.key.length))
            abort();
    } else if (!err.message[0]) {
        abort();
    }
    if (cdn_cases_check((const char *)data, size, "cases", &err) &&
        (!err.message[0] || !err.line))
        abort();
    cdn_buf_deinit(&merged);
    cdn_request_deinit(&request);
    return 0;
}
