/* Many evaluations in one request: POST /v1/evaluate.
 *
 *     {"requests": [{"rule": "fan_out", "node": "Account:17"}, ...]}     or msgpack of the same
 *     {"rule": "fan_out", "node": "Account:17"}                          or NDJSON, one a line
 *     {"rule": "fan_out", "nodes": ["Account:17", "Account:18"], ...}    or one for several nodes
 *
 * Answers come in the order of the requests, in the form of the request unless Accept says
 * otherwise, and while the later ones are evaluated: a piece is made when the client has taken the one
 * before, so that a batch of any length holds its body, which has a limit, and one piece.  Each
 * request fails alone, with its place in the batch; what is not JSON ends nothing but its line. */
#include "server/pieces.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/pack.h"
#include "codec/answer.h"
#include "codec/json_read.h"
#include "server/evaluate.h"
#include "server/host.h"
#include "server/lane.h"

/* A piece ends when it is as long as this, or took as long: others wait for the worker, and the
 * client for the first answers. */
#define PIECE_BYTES ((size_t)64 * 1024)
#define PIECE_NS    UINT64_C(20000000)
/* What is shared by requests for several nodes, times their number. */
#define SPREAD_BYTES ((size_t)64 * 1024 * 1024)

struct batch {
    struct cdn_answer_flags flags;
    bool lines;              /* the body is NDJSON */
    const unsigned char *at; /* of the body: the next line, or the next of `requests` */
    const unsigned char *end;
    uint32_t left; /* of `requests` or `nodes` */
    uint32_t index;
    bool opened; /* the document has been begun */
    /* What all requests share beside their nodes: the fields of a map; NULL: nothing. */
    unsigned char *shared;
    size_t shared_bytes;
    uint32_t shared_count;
};

/* ---- what is next ---- */

static bool is_blank(const unsigned char *text, size_t bytes)
{
    while (bytes && strchr(" \t\r", text[bytes - 1]))
        bytes--;
    return bytes == 0;
}

/* The next line that is not blank; false: there is none. */
static bool next_line(struct batch *batch, const unsigned char **line, size_t *bytes)
{
    while (batch->at < batch->end) {
        const unsigned char *to =
            memchr(batch->at, '\n', (size_t)(batch->end - batch->at));

        *line = batch->at;
        *bytes = (size_t)((to ? to : batch->end) - batch->at);
        batch->at = to ? to + 1 : batch->end;
        if (!is_blank(*line, *bytes))
            return true;
    }
    return false;
}

static bool is_over(const struct batch *batch)
{
    return batch->lines ? is_blank(batch->at, (size_t)(batch->end - batch->at)) &&
                              !memchr(batch->at, '\n', (size_t)(batch->end - batch->at))
                        : batch->left == 0;
}

/* The request that asks for this node alone. */
static bool write_request(struct cdn_buf *out, const struct batch *batch,
                          const unsigned char *node, size_t bytes)
{
    struct cdn_packer packer;

    cdn_buf_clear(out);
    cdn_pack_init_buf(&packer, out);
    cdn_pack_map(&packer, batch->shared_count + 1);
    cdn_pack_raw(&packer, batch->shared, batch->shared_bytes);
    cdn_pack_cstr(&packer, "node");
    cdn_pack_raw(&packer, node, bytes);
    return !packer.failed;
}

/* Parse the next request into the lane's.  *got: there is one. */
static cordon_status next_request(bool *got, struct batch *batch,
                                  struct cdn_exchange *x, cordon_error *err)
{
    struct cdn_request *request = &x->lane->request;
    struct cdn_buf *pack = &x->lane->scratch;
    const unsigned char *start;
    cordon_status status;
    size_t bytes;

    cdn_request_clear(request);
    if (batch->lines) {
        *got = next_line(batch, &start, &bytes);
        if (!*got)
            return CORDON_OK;
        cdn_buf_clear(pack);
        status = cdn_json_to_pack(pack, (const char *)start, bytes, err);
        if (status)
            return status;
        return cdn_request_read(request, pack->data, pack->length, CDN_REQUEST_OF_MANY,
                                err);
    }
    *got = batch->left > 0;
    if (!*got)
        return CORDON_OK;
    batch->left--;
    start = batch->at;
    if (!cdn_unpack_skip(&batch->at, batch->end)) /* it was checked as a whole */
        return cdn_error_set(err, CORDON_E_DATA, "the request cannot be read");
    bytes = (size_t)(batch->at - start);
    if (batch->shared) {
        if (!write_request(pack, batch, start, bytes))
            return cdn_error_nomem(err);
        start = pack->data;
        bytes = pack->length;
    }
    return cdn_request_read(request, start, bytes, CDN_REQUEST_OF_MANY, err);
}

/* ---- answers ---- */

static void write_failure(struct cdn_json *json, const struct cdn_exchange *x,
                          cordon_status status, const cordon_error *err)
{
    const struct cdn_request *request = &x->lane->request;
    struct cdn_problem problem = cdn_evaluate_problem(x, status, err);

    cdn_json_key_cstr(json, "request_id", x->request_id);
    cdn_json_key_cstr(json, "status", "FAILURE");
    if (request->has_id) {
        cdn_json_key(json, "id");
        cdn_json_value(json, &request->id);
    }
    if (request->rule[0])
        cdn_json_key_cstr(json, "rule", request->rule);
    cdn_json_key(json, "error");
    cdn_json_object(json);
    cdn_json_key_cstr(json, "type", problem.urn);
    cdn_json_key_uint(json, "status", problem.status);
    cdn_json_key_cstr(json, "detail", problem.detail);
    cdn_json_object_end(json);
}

/* One request's answer, which `status` says could be read. */
static void answer(struct cdn_json *json, struct batch *batch, struct cdn_exchange *x,
                   cordon_status status, cordon_error *err)
{
    struct cdn_request *request = &x->lane->request;

    if (!status && !request->rule[0])
        status = cdn_error_set(err, CORDON_E_DATA,
                               "a request of a batch names its "
                               "rule: \"rule\"");
    if (!status)
        status = cdn_evaluate_one(x, request->rule, request, &batch->flags, err);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", CDN_ANSWER_SCHEMA_VERSION);
    cdn_json_key_uint(json, "index", batch->index++);
    if (status)
        write_failure(json, x, status, err);
    else
        cdn_evaluate_fields(json, x, request, &batch->flags);
    cdn_json_object_end(json);
}

/* ---- pieces ---- */

/* What stands before the answers and behind them: of NDJSON nothing. */
static void open_document(struct batch *batch, struct cdn_exchange *x)
{
    struct cdn_packer packer;

    batch->opened = true;
    if (x->out == CDN_MEDIA_NDJSON)
        return;
    if (x->out == CDN_MEDIA_JSON) {
        cdn_buf_printf(&x->reply,
                       "{\"schema_version\":%d,\"request_id\":\"%s\",\"results\":[\n",
                       CDN_ANSWER_SCHEMA_VERSION, x->request_id);
        return;
    }
    cdn_pack_init_buf(&packer, &x->reply);
    cdn_pack_map(&packer, 3);
    cdn_pack_cstr(&packer, "schema_version");
    cdn_pack_int(&packer, CDN_ANSWER_SCHEMA_VERSION);
    cdn_pack_cstr(&packer, "request_id");
    cdn_pack_cstr(&packer, x->request_id);
    cdn_pack_cstr(&packer, "results");
    cdn_pack_array(&packer, batch->left);
}

static bool more(struct cdn_exchange *x)
{
    struct batch *batch = x->stream;
    const uint64_t begun_ns = cdn_clock_ns();
    cordon_error err;
    cordon_status status;
    bool got = true;

    if (!batch->opened)
        open_document(batch, x);
    while (x->reply.length < PIECE_BYTES && cdn_clock_ns() - begun_ns < PIECE_NS) {
        struct cdn_json json;

        if (__atomic_load_n(&x->cancel.requested, __ATOMIC_RELAXED)) {
            x->reply.failed = true; /* what was sent is not to look whole */
            return false;
        }
        status = next_request(&got, batch, x, &err);
        if (!got)
            break;
        if (x->out == CDN_MEDIA_JSON && batch->index)
            cdn_buf_text(&x->reply, ",\n");
        cdn_json_init(&json, &x->reply, false);
        json.pack = x->out == CDN_MEDIA_MSGPACK;
        answer(&json, batch, x, status, &err);
        if (x->out == CDN_MEDIA_NDJSON)
            cdn_buf_text(&x->reply, "\n");
    }
    if (got && !is_over(batch))
        return true;
    if (x->out == CDN_MEDIA_JSON)
        cdn_buf_text(&x->reply, "\n]}\n");
    return false;
}

static void free_batch(struct batch *batch)
{
    if (batch)
        cdn_free(batch->shared);
    cdn_free(batch);
}

static void end(struct cdn_exchange *x)
{
    free_batch(x->stream);
    x->stream = NULL;
}

/* ---- the route ---- */

static bool is_word(const cordon_value *value, const char *word)
{
    return value->type == CORDON_STRING && value->length == strlen(word) &&
           !memcmp(value->as.string, word, value->length);
}

/* The fields of a request for several nodes but those; false: no memory. */
static bool take_shared(struct batch *batch, const cordon_value *body)
{
    const unsigned char *at = body->as.items;
    bool found = false;
    cordon_value key;

    batch->shared = cdn_alloc((size_t)(body->end - at) + 1);
    if (!batch->shared)
        return false;
    for (uint32_t i = 0; i < body->length; i++) {
        const unsigned char *from = at, *peek = at;
        size_t bytes;

        if (!cdn_unpack_head(&key, &peek, body->end) ||
            !cdn_unpack_skip(&at, body->end) || !cdn_unpack_skip(&at, body->end))
            return false; /* not to be, as it was checked as a whole */
        if (!found && is_word(&key, "nodes")) { /* a second one is refused as a field */
            found = true;
            continue;
        }
        bytes = (size_t)(at - from);
        memcpy(batch->shared + batch->shared_bytes, from, bytes);
        batch->shared_bytes += bytes;
        batch->shared_count++;
    }
    return true;
}

/* The array of requests, or of nodes; false: answered. */
static bool take_requests(struct batch *batch, struct cdn_exchange *x)
{
    cordon_value body, requests, own;

    if (x->in == CDN_MEDIA_NDJSON) {
        batch->lines = true;
        batch->at = x->body;
        batch->end = x->body + x->body_bytes;
        if (x->body_bytes)
            return true;
        cdn_exchange_problem(x, 400, "body", "the request has no body");
        return false;
    }
    if (!cdn_exchange_body(x, &body))
        return false;
    if (body.type == CORDON_MAP && cordon_value_get(&requests, &body, "nodes") &&
        requests.type == CORDON_ARRAY && !cordon_value_get(&own, &body, "node")) {
        if (!take_shared(batch, &body)) {
            cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
            return false;
        }
        if (batch->shared_bytes * requests.length > SPREAD_BYTES) {
            cdn_exchange_problem(x, 413, "too-large",
                                 "%u nodes with %zu bytes of request each; all of "
                                 "them may have %zu MiB",
                                 requests.length, batch->shared_bytes,
                                 SPREAD_BYTES >> 20);
            return false;
        }
    } else if (body.type != CORDON_MAP || body.length != 1 ||
               !cordon_value_get(&requests, &body, "requests") ||
               requests.type != CORDON_ARRAY) {
        cdn_exchange_problem(
            x, 400, "data",
            "a batch is {\"requests\": [{\"rule\": ..., \"node\": ...}, "
            "...]}, NDJSON with a request a line, or {\"rule\": ..., \"nodes\": "
            "[...]} with what else a request may have");
        return false;
    }
    batch->at = requests.as.items;
    batch->end = requests.end;
    batch->left = requests.length;
    return true;
}

/* POST /v1/evaluate */
static void evaluate_batch(struct cdn_exchange *x)
{
    struct batch *batch = cdn_calloc(1, sizeof *batch);

    if (!batch) {
        cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
        return;
    }
    if (!cdn_answer_flags_read(&batch->flags, x) || !take_requests(batch, x)) {
        free_batch(batch);
        return;
    }
    if (batch->lines && x->out == CDN_MEDIA_MSGPACK) {
        free_batch(batch);
        cdn_exchange_problem(x, 406, "accept",
                             "a batch of lines is answered as NDJSON or JSON");
        return;
    }
    cdn_exchange_stream(x, 200, more, end, batch);
}

const struct cdn_route cdn_routes_batch[] = {
    {.method = CDN_METHOD_POST,
     .path = "/v1/evaluate",
     .right = CDN_RIGHT_EVALUATE,
     .place = CDN_PLACE_WORKER,
     .large = true,
     .handle = evaluate_batch,
     .operation = "evaluateBatch",
     .summary = "Evaluate many requests; NDJSON or an array",
     .query = "explain usage provenance metrics",
     .request = "BatchRequest",
     .response = "BatchResponse"},
    {.path = NULL},
};
