/* Requests: JSON text or msgpack to what cordon_request wants.
 *
 * A text becomes msgpack first (json_read.c), then fields are taken from those bytes: the
 * parameters are handed on as the span they occupy, so that nothing is encoded twice
 * and no number passes through a double that was an integer. */
#include "codec/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/evaluate.h>

#include "base/pack.h"
#include "base/suggest.h"
#include "base/time.h"
#include "codec/json_read.h"

/* One field of a map: key and the span of its value. */
struct field {
    cordon_value key;
    cordon_value value;
    const unsigned char *start;
    size_t bytes;
};

/* Step over one pair.  The bytes are our own converter's, so false means a bug; it is
 * still told as an error. */
static bool next_field(struct field *field, const unsigned char **at,
                       const unsigned char *end)
{
    const unsigned char *inside;

    if (!cdn_unpack_head(&field->key, at, end) || field->key.type != CORDON_STRING)
        return false;
    field->start = inside = *at;
    if (!cdn_unpack_head(&field->value, &inside, end) || !cdn_unpack_skip(at, end))
        return false;
    field->bytes = (size_t)(*at - field->start);
    return true;
}

static bool key_is(const struct field *field, const char *name)
{
    return field->key.length == strlen(name) &&
           !memcmp(field->key.as.string, name, field->key.length);
}

static cordon_status set_label(struct cdn_request *out, const char *text, size_t bytes,
                               cordon_error *err)
{
    char shown[100];

    if (bytes == 0 || bytes >= sizeof(out->label) || memchr(text, '\0', bytes))
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' is no label; a label has 1 to 64 bytes",
                             cdn_escape(shown, sizeof(shown), text, bytes));
    memcpy(out->label, text, bytes);
    out->label[bytes] = '\0';
    return CORDON_OK;
}

cordon_status cdn_request_node(struct cdn_request *out, const char *text, size_t bytes,
                               cordon_error *err)
{
    const char *colon = bytes ? memchr(text, ':', bytes) : NULL;
    size_t label = colon ? (size_t)(colon - text) : 0;
    char shown[100];
    cordon_status status;

    if (!colon || label == 0 || label + 1 == bytes)
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' names no node; write Label:key, such as Account:17",
                             cdn_escape(shown, sizeof(shown), text, bytes));
    status = set_label(out, text, label, err);
    if (status)
        return status;
    cdn_buf_append(&out->key, colon + 1, bytes - label - 1);
    if (out->key.failed)
        return cdn_error_nomem(err);
    out->has_node = true;
    return CORDON_OK;
}

static cordon_status set_key(struct cdn_request *out, const cordon_value *value,
                             cordon_error *err)
{
    if (value->type == CORDON_INTEGER)
        cdn_buf_printf(&out->key, "%" PRId64, value->as.integer);
    else if (value->type == CORDON_STRING && value->length)
        cdn_buf_append(&out->key, value->as.string, value->length);
    else
        return cdn_error_set(err, CORDON_E_DATA,
                             "node.key must be an integer or a string that is not "
                             "empty");
    return out->key.failed ? cdn_error_nomem(err) : CORDON_OK;
}

static cordon_status take_node(struct cdn_request *out, const struct field *field,
                               cordon_error *err)
{
    const unsigned char *at = field->start;
    const unsigned char *end = field->start + field->bytes;
    cordon_status status = CORDON_OK;
    struct field inner;
    cordon_value map;
    bool label = false, key = false;

    if (field->value.type == CORDON_STRING)
        return cdn_request_node(out, field->value.as.string, field->value.length, err);
    if (field->value.type == CORDON_NIL)
        return CORDON_OK;
    if (field->value.type != CORDON_MAP || !cdn_unpack_head(&map, &at, end))
        return cdn_error_set(err, CORDON_E_DATA,
                             "\"node\" must be \"Label:key\" or "
                             "{\"label\": ..., \"key\": ...}");
    for (uint32_t i = 0; i < map.length && !status; i++) {
        if (!next_field(&inner, &at, end))
            return cdn_error_set(err, CORDON_E_DATA, "\"node\" cannot be read");
        if (key_is(&inner, "label") && inner.value.type == CORDON_STRING) {
            label = true;
            status = set_label(out, inner.value.as.string, inner.value.length, err);
        } else if (key_is(&inner, "key")) {
            key = true;
            status = set_key(out, &inner.value, err);
        } else {
            char shown[80];

            cdn_escape(shown, sizeof(shown), inner.key.as.string, inner.key.length);
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "\"node\" has label (a string) and key; "
                                   "'%s' is not right",
                                   shown);
        }
    }
    if (!status && !(label && key))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "\"node\" needs both label and key, such as "
                               "{\"label\": \"Account\", \"key\": 17}");
    out->has_node = !status;
    return status;
}

static cordon_status take_time(int64_t *out, bool *has, const struct field *field,
                               const char *name, cordon_error *err)
{
    const cordon_value *value = &field->value;

    if (value->type == CORDON_NIL)
        return CORDON_OK;
    *has = true;
    if (value->type == CORDON_INTEGER && value->as.integer != CORDON_NO_TIME) {
        *out = value->as.integer;
        return CORDON_OK;
    }
    if (value->type == CORDON_STRING &&
        cdn_time_parse(out, value->as.string, value->length))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DATA,
                         "\"%s\" must be milliseconds since 1970 (an integer) or text "
                         "such as \"2026-11-24T02:29:00Z\"",
                         name);
}

/* ---- which field it is ---- */

static const char *const field_names[] = {
#define FIELD_NAME(word, name) #word,
    CDN_REQUEST_FIELD_MAP(FIELD_NAME)
#undef FIELD_NAME
};

static cordon_status unknown_field(const struct field *field, unsigned allowed,
                                   cordon_error *err)
{
    struct cdn_suggest suggest;
    char name[65], shown[200], hint[100], all[200] = "";
    size_t at = 0;
    unsigned left = allowed;

    snprintf(name, sizeof(name), "%.*s",
             (int)(field->key.length < 64 ? field->key.length : 64),
             field->key.as.string);
    cdn_suggest_init(&suggest, name);
    for (unsigned i = 0; i < CDN_REQUEST_FIELDS; i++) {
        if (!(allowed & 1u << i))
            continue;
        cdn_suggest_offer(&suggest, field_names[i]);
        left &= ~(1u << i);
        at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
                               !at    ? ""
                               : left ? ", "
                                      : " and ",
                               field_names[i]);
    }
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    return cdn_error_set(err, CORDON_E_DATA, "a request has no field '%s'%s%s",
                         cdn_escape(shown, sizeof(shown), name, strlen(name)),
                         hint[0] ? hint : "; it has ", hint[0] ? "" : all);
}

/* CDN_REQUEST_FIELDS: there is none of that name. */
static unsigned find_field(const struct field *field)
{
    unsigned i = 0;

    while (i < CDN_REQUEST_FIELDS && !key_is(field, field_names[i]))
        i++;
    return i;
}

/* ---- each ---- */

/* An integer from 0 to `most`, a number without a fraction too: 1e6 is how people write it. */
static cordon_status take_count(uint64_t *out, const struct field *field, uint64_t most,
                                const char *name, cordon_error *err)
{
    const cordon_value *value = &field->value;

    if (value->type == CORDON_INTEGER && value->as.integer >= 0)
        *out = (uint64_t)value->as.integer;
    else if (value->type == CORDON_NUMBER && value->as.number >= 0 &&
             value->as.number <= 9007199254740992.0 &&
             value->as.number == (double)(uint64_t)value->as.number)
        *out = (uint64_t)value->as.number;
    else
        *out = UINT64_MAX;
    if (*out <= most)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DATA,
                         "\"%s\" must be an integer from 0 to %" PRIu64, name, most);
}

static cordon_status take_params(struct cdn_request *out, const struct field *field,
                                 cordon_error *err)
{
    if (field->value.type == CORDON_NIL)
        return CORDON_OK;
    if (field->value.type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "\"params\" must be an object of names and values");
    cdn_buf_append(&out->params, field->start, field->bytes);
    return out->params.failed ? cdn_error_nomem(err) : CORDON_OK;
}

static cordon_status take_seed(struct cdn_request *out, const struct field *field,
                               cordon_error *err)
{
    if (field->value.type != CORDON_INTEGER || field->value.as.integer < 0)
        return cdn_error_set(err, CORDON_E_DATA, "\"seed\" must be an integer from 0");
    out->seed = (uint64_t)field->value.as.integer;
    out->has_seed = true;
    return CORDON_OK;
}

/* A text of fewer than `size` bytes; nil is as if it were not there. */
static cordon_status take_text(char *out, size_t size, const struct field *field,
                               const char *name, cordon_error *err)
{
    const cordon_value *value = &field->value;

    if (value->type == CORDON_NIL)
        return CORDON_OK;
    if (value->type != CORDON_STRING || !value->length || value->length >= size ||
        memchr(value->as.string, '\0', value->length))
        return cdn_error_set(err, CORDON_E_DATA,
                             "\"%s\" must be a text of 1 to %zu bytes", name, size - 1);
    memcpy(out, value->as.string, value->length);
    out[value->length] = '\0';
    return CORDON_OK;
}

static cordon_status take_limit(cordon_limits *out, const struct field *field,
                                cordon_error *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } limits[] = {
        {"instructions", offsetof(cordon_limits, instructions)},
        {"edges", offsetof(cordon_limits, edges)},
        {"nodes", offsetof(cordon_limits, nodes)},
        {"hops", offsetof(cordon_limits, hops)},
        {"memory_bytes", offsetof(cordon_limits, memory_bytes)},
        {"output_bytes", offsetof(cordon_limits, output_bytes)},
        {"wall_ns", offsetof(cordon_limits, wall_ns)},
    };
    char shown[80];

    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        cordon_status status;
        uint64_t value;

        if (!key_is(field, limits[i].name))
            continue;
        status = take_count(&value, field, UINT64_C(1) << 53, limits[i].name, err);
        if (!status)
            memcpy((char *)out + limits[i].offset, &value, sizeof(value));
        return status;
    }
    return cdn_error_set(
        err, CORDON_E_DATA,
        "\"limits\" has no '%s'; it has instructions, edges, nodes, "
        "hops, memory_bytes, output_bytes and wall_ns",
        cdn_escape(shown, sizeof(shown), field->key.as.string, field->key.length));
}

static cordon_status take_limits(struct cdn_request *out, const struct field *field,
                                 cordon_error *err)
{
    const unsigned char *at = field->start;
    const unsigned char *end = field->start + field->bytes;
    cordon_status status = CORDON_OK;
    struct field inner;
    cordon_value map;

    if (field->value.type == CORDON_NIL)
        return CORDON_OK;
    if (field->value.type != CORDON_MAP || !cdn_unpack_head(&map, &at, end))
        return cdn_error_set(err, CORDON_E_DATA,
                             "\"limits\" must be an object of names and numbers");
    out->has_limits = true;
    for (uint32_t i = 0; i < map.length && !status; i++) {
        if (!next_field(&inner, &at, end))
            return cdn_error_set(err, CORDON_E_DATA, "\"limits\" cannot be read");
        status = take_limit(&out->limits, &inner, err);
    }
    return status;
}

/* What is in it is for whoever makes a graph of it (cordon/snapshot.h). */
static cordon_status take_graph(struct cdn_request *out, const struct field *field,
                                cordon_error *err)
{
    if (field->value.type == CORDON_NIL)
        return CORDON_OK;
    if (field->value.type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "\"graph\" must be {\"nodes\": [...], \"edges\": [...]}");
    out->has_graph = true;
    return cordon_value_parse(&out->graph, field->start, field->bytes, err);
}

static cordon_status take_field(struct cdn_request *out, const struct field *field,
                                enum cdn_request_field which, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    uint64_t count;

    switch (which) {
    case CDN_REQUEST_ID: /* taken beforehand */
    case CDN_REQUEST_FIELDS:
        break;
    case CDN_REQUEST_NODE:
        return take_node(out, field, err);
    case CDN_REQUEST_NOW:
        return take_time(&out->now_ms, &out->has_now, field, "now", err);
    case CDN_REQUEST_AS_OF:
        return take_time(&out->as_of_ms, &out->has_as_of, field, "as_of", err);
    case CDN_REQUEST_PARAMS:
        return take_params(out, field, err);
    case CDN_REQUEST_SEED:
        return take_seed(out, field, err);
    case CDN_REQUEST_PRIORITY:
        status = take_count(&count, field, CORDON_MAX_PRIORITY, "priority", err);
        out->priority = status ? 0 : (uint32_t)count;
        out->has_priority = !status;
        break;
    case CDN_REQUEST_DEADLINE:
        return take_time(&out->deadline_ms, &out->has_deadline, field, "deadline_ms",
                         err);
    case CDN_REQUEST_LIMITS:
        return take_limits(out, field, err);
    case CDN_REQUEST_PRINCIPAL:
        return take_text(out->principal, sizeof(out->principal), field, "principal",
                         err);
    case CDN_REQUEST_TRACEPARENT:
        return take_text(out->traceparent, sizeof(out->traceparent), field,
                         "traceparent", err);
    case CDN_REQUEST_TRACESTATE:
        return take_text(out->tracestate, sizeof(out->tracestate), field, "tracestate",
                         err);
    case CDN_REQUEST_GRAPH:
        return take_graph(out, field, err);
    case CDN_REQUEST_RULE:
        return take_text(out->rule, sizeof(out->rule), field, "rule", err);
    }
    return status;
}

/* The id first: an answer to a request that is otherwise wrong still carries it. */
static void take_id(struct cdn_request *out, const unsigned char *at,
                    const unsigned char *end, uint32_t pairs)
{
    struct field field;

    for (uint32_t i = 0; i < pairs && next_field(&field, &at, end); i++) {
        if (key_is(&field, "id")) {
            out->has_id = !cordon_value_parse(&out->id, field.start, field.bytes, NULL);
            return;
        }
    }
}

void cdn_request_clear(struct cdn_request *request)
{
    struct cdn_buf key = request->key, params = request->params, pack = request->pack;

    cdn_buf_clear(&key);
    cdn_buf_clear(&params);
    cdn_buf_clear(&pack);
    *request = (struct cdn_request){
        .key = key, .params = params, .pack = pack, .limits = CORDON_LIMITS_INIT};
}

void cdn_request_deinit(struct cdn_request *request)
{
    cdn_buf_deinit(&request->key);
    cdn_buf_deinit(&request->params);
    cdn_buf_deinit(&request->pack);
}

/* `expect` NULL: the request may not have one. */
static cordon_status read_fields(struct cdn_request *out, cordon_value *expect,
                                 const unsigned char *at, const unsigned char *end,
                                 unsigned allowed, cordon_error *err)
{
    cordon_status status;
    cordon_value map;
    unsigned seen = 0;

    if (!cdn_unpack_head(&map, &at, end) || map.type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a request is a JSON object, such as "
                             "{\"node\": \"Account:17\"}");
    take_id(out, at, end, map.length);
    for (uint32_t i = 0; i < map.length; i++) {
        struct field field;
        unsigned which;

        if (!next_field(&field, &at, end))
            return cdn_error_set(err, CORDON_E_DATA,
                                 "the request cannot be read; its keys are texts");
        which = find_field(&field);
        if (expect && key_is(&field, "expect"))
            status = cordon_value_parse(expect, field.start, field.bytes, err);
        else if (which == CDN_REQUEST_FIELDS || !(allowed & 1u << which))
            status = unknown_field(&field, allowed, err);
        else if (seen & 1u << which)
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "the field \"%s\" stands twice in the request",
                                   field_names[which]);
        else
            status = take_field(out, &field, (enum cdn_request_field)which, err);
        if (status)
            return status;
        if (which < CDN_REQUEST_FIELDS)
            seen |= 1u << which;
    }
    return CORDON_OK;
}

static cordon_status parse(struct cdn_request *out, cordon_value *expect,
                           const char *text, size_t bytes, cordon_error *err)
{
    cordon_status status;

    cdn_request_clear(out);
    status = cdn_json_to_pack(&out->pack, text, bytes, err);
    if (status)
        return status;
    return read_fields(out, expect, out->pack.data, out->pack.data + out->pack.length,
                       CDN_REQUEST_PLAIN, err);
}

cordon_status cdn_request_read(struct cdn_request *out, const void *pack, size_t bytes,
                               unsigned fields, cordon_error *err)
{
    cdn_request_clear(out);
    return read_fields(out, NULL, pack, (const unsigned char *)pack + bytes, fields,
                       err);
}

cordon_status cdn_request_parse(struct cdn_request *out, const char *text, size_t bytes,
                                cordon_error *err)
{
    return parse(out, NULL, text, bytes, err);
}

cordon_status cdn_request_parse_case(struct cdn_request *out, cordon_value *expect,
                                     const char *text, size_t bytes, cordon_error *err)
{
    *expect = (cordon_value){.type = CORDON_NIL};
    return parse(out, expect, text, bytes, err);
}

/* ---- parameters ---- */

static bool has_key(const struct cdn_buf *map, const cordon_value *key)
{
    const unsigned char *at = map->data, *end;
    struct field field;
    cordon_value head;

    if (!map->length)
        return false;
    end = at + map->length;
    if (!cdn_unpack_head(&head, &at, end))
        return false;
    for (uint32_t i = 0; i < head.length && next_field(&field, &at, end); i++) {
        if (field.key.length == key->length &&
            !memcmp(field.key.as.string, key->as.string, key->length))
            return true;
    }
    return false;
}

/* Append the pairs of `map` whose key `unless` does not have; returns how many. */
static uint32_t copy_pairs(struct cdn_packer *packer, const struct cdn_buf *map,
                           const struct cdn_buf *unless)
{
    const unsigned char *at = map->data, *end;
    struct field field;
    cordon_value head;
    uint32_t count = 0;

    if (!map->length)
        return 0;
    end = at + map->length;
    if (!cdn_unpack_head(&head, &at, end))
        return 0;
    for (uint32_t i = 0; i < head.length && next_field(&field, &at, end); i++) {
        if (unless && has_key(unless, &field.key))
            continue;
        cdn_pack_str(packer, field.key.as.string, field.key.length);
        cdn_pack_raw(packer, field.start, field.bytes);
        count++;
    }
    return count;
}

cordon_status cdn_params_merge(struct cdn_buf *out, const struct cdn_buf *defaults,
                               const struct cdn_buf *over, cordon_error *err)
{
    struct cdn_buf pairs = {0};
    struct cdn_packer inner, outer;
    uint32_t count;

    cdn_pack_init_buf(&inner, &pairs);
    count = copy_pairs(&inner, defaults, over);
    count += copy_pairs(&inner, over, NULL);
    cdn_pack_init_buf(&outer, out);
    cdn_pack_map(&outer, count);
    cdn_buf_append(out, pairs.data, pairs.length);
    if (pairs.failed || inner.failed || outer.failed)
        out->failed = true;
    cdn_buf_deinit(&pairs);
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_params_word(struct cdn_buf *out, const char *word, bool text,
                              cordon_error *err)
{
    const char *equals = strchr(word, '=');
    struct cdn_buf value = {0};
    struct cdn_packer packer;
    cordon_status status;

    if (!equals || equals == word)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is no parameter; write --param name=value", word);
    if (text && equals[1] != '"')
        status = CORDON_E_DATA;
    else
        status = cdn_json_to_pack(&value, equals + 1, strlen(equals + 1), NULL);
    if (status == CORDON_E_NOMEM)
        goto out;
    cdn_pack_init_buf(&packer, out);
    cdn_pack_map(&packer, 1);
    cdn_pack_str(&packer, word, (size_t)(equals - word));
    if (status)
        cdn_pack_cstr(&packer, equals + 1);
    else
        cdn_pack_raw(&packer, value.data, value.length);
    status = packer.failed || out->failed ? CORDON_E_NOMEM : CORDON_OK;
out:
    cdn_buf_deinit(&value);
    return status ? cdn_error_nomem(err) : CORDON_OK;
}
