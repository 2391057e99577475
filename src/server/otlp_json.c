/* Spans as OTLP's JSON.
 *
 * Names of attributes are OpenTelemetry's where it has one (http.*, service.*, feature_flag.*),
 * else cordon.*.  A span holds names of rules and versions, counts and words of this library:
 * nothing of a request's subject, parameters or result but the decision's word. */
#include "server/otlp_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/value.h>
#include <cordon/version.h>

#include "base/hash.h"
#include "codec/json.h"
#include "codec/json_read.h"

/* Of opentelemetry.proto.trace.v1. */
enum { KIND_INTERNAL = 1, KIND_SERVER = 2, STATUS_ERROR = 2 };

/* ---- attributes ---- */

static void begin_attribute(struct cdn_json *json, const char *name, const char *type)
{
    cdn_json_object(json);
    cdn_json_key_cstr(json, "key", name);
    cdn_json_key(json, "value");
    cdn_json_object(json);
    cdn_json_key(json, type);
}

static void end_attribute(struct cdn_json *json)
{
    cdn_json_object_end(json);
    cdn_json_object_end(json);
}

/* "" is left out. */
static void text(struct cdn_json *json, const char *name, const char *value)
{
    if (!*value)
        return;
    begin_attribute(json, name, "stringValue");
    cdn_json_cstr(json, value);
    end_attribute(json);
}

static void decimal(struct cdn_json *json, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%" PRIu64, value);
    cdn_json_cstr(json, digits);
}

static void number(struct cdn_json *json, const char *name, uint64_t value)
{
    begin_attribute(json, name, "intValue");
    decimal(json, value < INT64_MAX ? value : INT64_MAX);
    end_attribute(json);
}

static void flag(struct cdn_json *json, const char *name, bool value)
{
    begin_attribute(json, name, "boolValue");
    cdn_json_bool(json, value);
    end_attribute(json);
}

/* ---- the two kinds of spans ---- */

static void http_attributes(struct cdn_json *json, const struct cdn_span_http *http)
{
    text(json, "http.request.method", http->method);
    text(json, "http.route", http->route);
    number(json, "http.response.status_code", http->status);
    number(json, "http.response.body.size", http->reply_bytes);
    text(json, "cordon.request_id", http->request_id);
    text(json, "cordon.caller", http->caller);
}

static const char *status_of(const struct cdn_span_evaluate *run)
{
    if (run->kind == CORDON_OUTCOME_OK)
        return "SUCCESS";
    return run->kind == CORDON_OUTCOME_LIMIT && run->budget == CORDON_BUDGET_TIME
               ? "TIMEOUT"
               : "FAILURE";
}

static void evaluate_attributes(struct cdn_json *json,
                                const struct cdn_span_evaluate *run)
{
    const cordon_usage *usage = &run->usage;

    text(json, "cordon.rule.id", run->rule);
    number(json, "cordon.rule.version", run->version);
    text(json, "cordon.set", run->set);
    text(json, "cordon.variant", cordon_variant_str(run->variant));
    text(json, "cordon.decision_id", run->decision_id);
    text(json, "cordon.status", status_of(run));
    text(json, "cordon.outcome", cordon_outcome_kind_str(run->kind));
    if (run->kind == CORDON_OUTCOME_LIMIT)
        text(json, "cordon.limit", cordon_budget_str(run->budget));
    text(json, "cordon.decision", run->decision);
    flag(json, "cordon.fallback", run->fallback);
    flag(json, "cordon.truncated", run->truncated);
    number(json, "cordon.snapshot.generation", run->generation);
    number(json, "cordon.usage.instructions", usage->instructions);
    number(json, "cordon.usage.memory_bytes", usage->memory_bytes);
    number(json, "cordon.usage.edges", usage->edges);
    number(json, "cordon.usage.nodes", usage->nodes);
    number(json, "cordon.usage.hops", usage->hops);
    number(json, "cordon.usage.output_bytes", usage->output_bytes);
    number(json, "cordon.usage.native_ns", usage->native_ns);
    number(json, "cordon.usage.host_ns", usage->host_ns);
}

static const char *reason_of(const struct cdn_span_evaluate *run)
{
    if (run->kind != CORDON_OUTCOME_OK)
        return "error";
    return run->variant == CORDON_VARIANT_LIVE ? "static" : "split";
}

/* What existing experiment dashboards understand.  A shadow decides nothing. */
static void flag_event(struct cdn_json *json, const struct cdn_span *span)
{
    const struct cdn_span_evaluate *run = &span->of.evaluate;
    char version[16];

    if (run->variant == CORDON_VARIANT_SHADOW)
        return;
    (void)snprintf(version, sizeof version, "%" PRIu32, run->version);
    cdn_json_key(json, "events");
    cdn_json_array(json);
    cdn_json_object(json);
    cdn_json_key(json, "timeUnixNano");
    decimal(json, (uint64_t)span->start_ns + span->duration_ns);
    cdn_json_key_cstr(json, "name", "feature_flag.evaluation");
    cdn_json_key(json, "attributes");
    cdn_json_array(json);
    text(json, "feature_flag.key", run->rule);
    text(json, "feature_flag.version", version);
    text(json, "feature_flag.provider.name", "cordon");
    text(json, "feature_flag.result.variant", cordon_variant_str(run->variant));
    text(json, "feature_flag.result.reason", reason_of(run));
    cdn_json_array_end(json);
    cdn_json_object_end(json);
    cdn_json_array_end(json);
}

/* ---- one span ---- */

static void identifier(struct cdn_json *json, const char *key,
                       const unsigned char *bytes, size_t count)
{
    char hex[2 * CDN_TRACE_ID_BYTES + 1];

    cdn_json_key_cstr(json, key, cdn_hash_hex(hex, bytes, count));
}

static void name_and_kind(struct cdn_json *json, const struct cdn_span *span)
{
    char name[160];

    if (span->kind == CDN_SPAN_HTTP)
        (void)snprintf(name, sizeof name, "%s %s", span->of.http.method,
                       span->of.http.route);
    else
        (void)snprintf(name, sizeof name, "cordon.evaluate");
    cdn_json_key_cstr(json, "name", name);
    cdn_json_key_uint(json, "kind",
                      span->kind == CDN_SPAN_HTTP ? KIND_SERVER : KIND_INTERNAL);
}

static void status(struct cdn_json *json, const struct cdn_span *span)
{
    const char *message = "";

    if (span->kind == CDN_SPAN_HTTP) {
        if (span->of.http.status < 500)
            return;
    } else {
        const struct cdn_span_evaluate *run = &span->of.evaluate;

        if (run->kind == CORDON_OUTCOME_OK)
            return;
        message = run->kind == CORDON_OUTCOME_LIMIT
                      ? cordon_budget_str(run->budget)
                      : cordon_outcome_kind_str(run->kind);
    }
    cdn_json_key(json, "status");
    cdn_json_object(json);
    cdn_json_key_uint(json, "code", STATUS_ERROR);
    if (*message)
        cdn_json_key_cstr(json, "message", message);
    cdn_json_object_end(json);
}

static void one(struct cdn_json *json, const struct cdn_span *span)
{
    static const unsigned char none[CDN_TRACE_SPAN_BYTES];

    cdn_json_object(json);
    identifier(json, "traceId", span->trace_id, sizeof span->trace_id);
    identifier(json, "spanId", span->span_id, sizeof span->span_id);
    if (memcmp(span->parent_id, none, sizeof none) != 0)
        identifier(json, "parentSpanId", span->parent_id, sizeof span->parent_id);
    name_and_kind(json, span);
    cdn_json_key(json, "startTimeUnixNano");
    decimal(json, (uint64_t)span->start_ns);
    cdn_json_key(json, "endTimeUnixNano");
    decimal(json, (uint64_t)span->start_ns + span->duration_ns);
    cdn_json_key(json, "attributes");
    cdn_json_array(json);
    if (span->kind == CDN_SPAN_HTTP)
        http_attributes(json, &span->of.http);
    else
        evaluate_attributes(json, &span->of.evaluate);
    cdn_json_array_end(json);
    if (span->kind == CDN_SPAN_EVALUATE)
        flag_event(json, span);
    status(json, span);
    cdn_json_object_end(json);
}

void cdn_otlp_json(struct cdn_buf *out, const char *service,
                   const struct cdn_span *spans, size_t count)
{
    struct cdn_json json;

    cdn_json_init(&json, out, false);
    cdn_json_object(&json);
    cdn_json_key(&json, "resourceSpans");
    cdn_json_array(&json);
    cdn_json_object(&json);
    cdn_json_key(&json, "resource");
    cdn_json_object(&json);
    cdn_json_key(&json, "attributes");
    cdn_json_array(&json);
    text(&json, "service.name", service);
    text(&json, "service.version", cordon_version());
    text(&json, "telemetry.sdk.name", "cordon");
    text(&json, "telemetry.sdk.language", "c");
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    cdn_json_key(&json, "scopeSpans");
    cdn_json_array(&json);
    cdn_json_object(&json);
    cdn_json_key(&json, "scope");
    cdn_json_object(&json);
    cdn_json_key_cstr(&json, "name", "cordon");
    cdn_json_key_cstr(&json, "version", cordon_version());
    cdn_json_object_end(&json);
    cdn_json_key(&json, "spans");
    cdn_json_array(&json);
    for (size_t i = 0; i < count; i++)
        one(&json, &spans[i]);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
}

/* ---- the answer ---- */

/* A 64-bit integer of protobuf's JSON: text, or a number. */
static uint64_t integer_of(const cordon_value *value)
{
    char digits[24];

    if (value->type == CORDON_INTEGER)
        return value->as.integer > 0 ? (uint64_t)value->as.integer : 0;
    if (value->type != CORDON_STRING || value->length >= sizeof digits)
        return 0;
    memcpy(digits, value->as.string, value->length);
    digits[value->length] = '\0';
    return digits[strspn(digits, "0123456789")] ? 0 : strtoull(digits, NULL, 10);
}

uint64_t cdn_otlp_rejected(const char *response, size_t bytes)
{
    struct cdn_json_fault fault;
    struct cdn_buf pack = {0};
    cordon_value whole, partial, rejected;
    uint64_t count = 0;

    if (bytes && !cdn_json_read(&pack, response, bytes, &fault) &&
        !cordon_value_parse(&whole, pack.data, pack.length, NULL) &&
        cordon_value_get(&partial, &whole, "partialSuccess") &&
        cordon_value_get(&rejected, &partial, "rejectedSpans"))
        count = integer_of(&rejected);
    cdn_buf_deinit(&pack);
    return count;
}
