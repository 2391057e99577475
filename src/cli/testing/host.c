/* What a running test may ask of the host: host.evaluate, fail, dearest, golden and print, as
 * lua/test.lua calls them.  Their arguments come from untrusted Lua and are whatever they are.
 *
 * A failure is noted here, where no pcall of the test's reaches it. */
#include "cli/testing/harness.h"

#include <string.h>

#include <cordon/function.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "base/time.h"
#include "import/fixture.h"

#define DEAREST 3 /* lines told of a rule that costs too much */

/* ---- reading ---- */

static bool text_argument(cordon_value *out, const cordon_value *map, const char *key)
{
    return cordon_value_get(out, map, key) && out->type == CORDON_STRING;
}

/* A value again as msgpack. */
static void put_value(struct cdn_packer *out, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, item;

    switch (value->type) {
    case CORDON_BOOLEAN:
        cdn_pack_bool(out, value->as.boolean);
        return;
    case CORDON_INTEGER:
        cdn_pack_int(out, value->as.integer);
        return;
    case CORDON_NUMBER:
        cdn_pack_double(out, value->as.number);
        return;
    case CORDON_STRING:
        cdn_pack_str(out, value->as.string, value->length);
        return;
    case CORDON_ARRAY:
        cdn_pack_array(out, value->length);
        break;
    case CORDON_MAP:
        cdn_pack_map(out, value->length);
        break;
    case CORDON_NIL:
    default:
        cdn_pack_nil(out);
        return;
    }
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        if (value->type == CORDON_MAP)
            put_value(out, &key);
        put_value(out, &item);
    }
}

static cordon_status read_time(int64_t *out, const cordon_value *asked, const char *key,
                               bool *given, cordon_error *err)
{
    cordon_value value;

    *given = cordon_value_get(&value, asked, key) && value.type != CORDON_NIL;
    if (!*given)
        return CORDON_OK;
    if (value.type == CORDON_INTEGER) {
        *out = value.as.integer;
        return CORDON_OK;
    }
    if (value.type == CORDON_STRING &&
        cdn_time_parse(out, value.as.string, value.length))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_INVALID,
                         "%s takes a time such as \"2026-11-24T10:00Z\", or "
                         "milliseconds since 1970",
                         key);
}

static bool read_amount(uint64_t *out, const cordon_value *value, bool bytes, bool time)
{
    int64_t ms;

    if (value->type == CORDON_INTEGER && value->as.integer > 0) {
        *out = (uint64_t)value->as.integer;
        return !time;
    }
    if (value->type != CORDON_STRING)
        return false;
    if (bytes)
        return cdn_size_parse(out, value->as.string, value->length);
    if (!time || !cdn_duration_parse(&ms, value->as.string, value->length) || ms <= 0)
        return false;
    *out = (uint64_t)ms * 1000000;
    return true;
}

static cordon_status read_limits(cordon_limits *out, const cordon_value *limits,
                                 cordon_error *err)
{
    const struct {
        const char *name;
        uint64_t *to;
        bool bytes, time;
    } rows[] = {{"instructions", &out->instructions, false, false},
                {"edges", &out->edges, false, false},
                {"nodes", &out->nodes, false, false},
                {"hops", &out->hops, false, false},
                {"memory", &out->memory_bytes, true, false},
                {"output", &out->output_bytes, true, false},
                {"time", &out->wall_ns, false, true}};
    cordon_value_iter iter;
    cordon_value key, value;

    cordon_value_iter_init(&iter, limits);
    while (cordon_value_next(&iter, &key, &value)) {
        size_t row = 0;

        while (row < CDN_COUNT(rows) &&
               (key.type != CORDON_STRING || key.length != strlen(rows[row].name) ||
                memcmp(key.as.string, rows[row].name, key.length) != 0))
            row++;
        if (row == CDN_COUNT(rows))
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "limits are instructions, edges, nodes, hops, memory, "
                                 "output and time");
        if (!read_amount(rows[row].to, &value, rows[row].bytes, rows[row].time))
            return cdn_error_set(err, CORDON_E_INVALID,
                                 rows[row].bytes  ? "limits.%s takes a size: \"512KiB\""
                                 : rows[row].time ? "limits.%s takes a time: \"5ms\""
                                                  : "limits.%s takes a whole number",
                                 rows[row].name);
    }
    return CORDON_OK;
}

/* ---- evaluate ---- */

/* What was asked, found and understood. */
struct asked {
    struct cdn_subject *subject;
    cordon_snapshot *snapshot;
    cordon_request request;
    cordon_limits limits;
};

static cordon_status read_times(struct asked *asked, const struct cdn_harness *harness,
                                const cordon_value *spec, cordon_error *err)
{
    cordon_request *request = &asked->request;
    bool now, as_of;
    cordon_status status = read_time(&request->now_ms, spec, "now", &now, err);

    if (!status)
        status = read_time(&request->as_of_ms, spec, "as_of", &as_of, err);
    if (status)
        return status;
    if (!as_of)
        request->as_of_ms = harness->options->as_of_ms;
    if (!now)
        request->now_ms = request->as_of_ms != CORDON_NO_TIME
                              ? request->as_of_ms
                              : cdn_graph_latest(asked->snapshot);
    return CORDON_OK;
}

static cordon_status read_subject(struct asked *asked, struct cdn_harness *harness,
                                  const cordon_value *spec, cordon_error *err)
{
    cordon_value value;
    cordon_status status;

    if (!text_argument(&value, spec, "rule"))
        value = (cordon_value){.type = CORDON_STRING, .as.string = ""};
    status =
        cdn_subject_get(&asked->subject, harness, value.as.string, value.length, err);
    if (status)
        return cdn_place_message(err, status);
    if (!cordon_value_get(&value, spec, "graph"))
        value = (cordon_value){.type = CORDON_NIL};
    return cdn_place_message(err,
                             cdn_graph_get(&asked->snapshot, harness, &value, err));
}

static cordon_status read_node(struct asked *asked, struct cdn_harness *harness,
                               const cordon_value *spec, cordon_error *err)
{
    struct cdn_request *request = &harness->request;
    cordon_value value;
    cordon_status status;

    cdn_request_clear(request);
    if (!cordon_value_get(&value, spec, "node") || value.type == CORDON_NIL)
        return CORDON_OK;
    if (value.type != CORDON_STRING)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "node takes a text such as \"Account:17\"");
    status = cdn_request_node(request, value.as.string, value.length, err);
    if (status)
        return status;
    asked->request.label = request->label;
    asked->request.key = (const char *)request->key.data;
    asked->request.key_bytes = request->key.length;
    return CORDON_OK;
}

static cordon_status read_params(struct asked *asked, struct cdn_harness *harness,
                                 const cordon_value *spec, cordon_error *err)
{
    struct cdn_packer packer;
    cordon_value value;

    cdn_buf_clear(&harness->params);
    if (!cordon_value_get(&value, spec, "params") || value.type == CORDON_NIL)
        return CORDON_OK;
    if (value.type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "params takes a table: params = { limit = 3 }");
    cdn_pack_init_buf(&packer, &harness->params);
    put_value(&packer, &value);
    if (packer.failed || harness->params.failed)
        return cdn_error_nomem(err);
    asked->request.params = harness->params.data;
    asked->request.params_bytes = harness->params.length;
    return CORDON_OK;
}

/* What `spec` says; *asked borrows from the harness until the next. */
static cordon_status read_asked(struct asked *asked, struct cdn_harness *harness,
                                const cordon_value *spec, cordon_error *err)
{
    cordon_value value;
    cordon_status status;

    *asked = (struct asked){.request = CORDON_REQUEST_INIT,
                            .limits = harness->options->limits};
    status = read_subject(asked, harness, spec, err);
    if (!status)
        status = read_times(asked, harness, spec, err);
    if (!status)
        status = read_node(asked, harness, spec, err);
    if (!status)
        status = read_params(asked, harness, spec, err);
    if (!status && cordon_value_get(&value, spec, "limits"))
        status = read_limits(&asked->limits, &value, err);
    if (!status && cordon_value_get(&value, spec, "seed") &&
        value.type == CORDON_INTEGER)
        asked->request.seed = (uint64_t)value.as.integer;
    asked->request.limits = &asked->limits;
    asked->request.cancel = harness->options->cancel;
    asked->request.trace = status ? NULL : asked->subject->trace;
    return status;
}

static void put_flag(struct cdn_packer *out, const char *key, bool value)
{
    cdn_pack_cstr(out, key);
    cdn_pack_bool(out, value);
}

static void put_count(struct cdn_packer *out, const char *key, uint64_t value)
{
    cdn_pack_cstr(out, key);
    cdn_pack_int(out, (int64_t)value);
}

static void put_text(struct cdn_packer *out, const char *key, const char *value)
{
    cdn_pack_cstr(out, key);
    if (value && *value)
        cdn_pack_cstr(out, value);
    else
        cdn_pack_nil(out);
}

static void put_part(struct cdn_packer *out, const char *key, cordon_value value)
{
    cdn_pack_cstr(out, key);
    put_value(out, &value);
}

static void put_cost(struct cdn_packer *out, const cordon_usage *usage)
{
    cdn_pack_cstr(out, "cost");
    cdn_pack_map(out, 6);
    put_count(out, "instructions", usage->instructions);
    put_count(out, "edges", usage->edges);
    put_count(out, "nodes", usage->nodes);
    put_count(out, "hops", usage->hops);
    put_count(out, "memory_bytes", usage->memory_bytes);
    put_count(out, "output_bytes", usage->output_bytes);
}

static void put_answer(struct cdn_packer *out, const cordon_outcome *outcome)
{
    cordon_budget limit = cordon_outcome_limit(outcome);
    size_t reasons = cordon_outcome_reason_count(outcome);
    double score;

    cdn_pack_map(out, 13);
    put_text(out, "outcome", cordon_outcome_kind_str(cordon_outcome_get_kind(outcome)));
    put_text(out, "decision", cordon_outcome_decision(outcome));
    cdn_pack_cstr(out, "score");
    if (cordon_outcome_score(outcome, &score))
        cdn_pack_number(out, score);
    else
        cdn_pack_nil(out);
    cdn_pack_cstr(out, "reasons");
    cdn_pack_array(out, (uint32_t)reasons);
    for (size_t i = 0; i < reasons; i++)
        cdn_pack_cstr(out, cordon_outcome_reason(outcome, i));
    put_part(out, "output", cordon_outcome_output(outcome));
    put_part(out, "updated_nodes", cordon_outcome_updated_nodes(outcome));
    put_part(out, "new_edges", cordon_outcome_new_edges(outcome));
    put_flag(out, "fallback", cordon_outcome_is_fallback(outcome));
    put_flag(out, "truncated", cordon_outcome_truncated(outcome));
    put_text(out, "limit",
             limit == CORDON_BUDGET_NONE ? NULL : cordon_budget_str(limit));
    put_text(out, "message", cordon_outcome_message(outcome));
    put_count(out, "line", cordon_outcome_line(outcome));
    put_cost(out, cordon_outcome_usage(outcome));
}

static bool first_map(cordon_value *out, const cordon_value *arguments)
{
    return cordon_value_at(out, arguments, 0) && out->type == CORDON_MAP;
}

static cordon_status host_evaluate(void *ud, const cordon_call *call,
                                   const cordon_value *arguments,
                                   cordon_builder *result, cordon_error *err)
{
    struct cdn_harness *harness = ud;
    struct asked asked;
    struct cdn_packer packer;
    cordon_value spec;
    cordon_status status;

    (void)call;
    if (!first_map(&spec, arguments))
        return cdn_error_set(err, CORDON_E_INVALID, "evaluate takes a table");
    status = read_asked(&asked, harness, &spec, err);
    if (!status)
        status = cdn_subject_evaluate(harness, asked.subject, asked.snapshot,
                                      &asked.request, err);
    if (status)
        return cdn_place_message(err, status);
    if (harness->test) {
        const cordon_usage *usage = cordon_outcome_usage(harness->answer);

        harness->test->evaluations++;
        harness->test->instructions += usage->instructions;
        harness->test->edges += usage->edges;
    }
    cdn_pack_init(&packer, result->data, result->size);
    put_answer(&packer, harness->answer);
    result->length = packer.length;
    if (packer.failed)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the answer has %zu bytes; a test can be given %zu",
                             packer.length, result->size);
    return CORDON_OK;
}

/* ---- dearest ---- */

/* Does a line cost more than another?  Edges are what is dear; instructions part equals. */
static bool is_dearer(const cordon_trace_line *a, const cordon_trace_line *b)
{
    if (a->edges != b->edges)
        return a->edges > b->edges;
    return a->instructions > b->instructions;
}

static void put_line(struct cdn_buf *out, const struct cdn_subject *subject,
                     uint32_t line, const cordon_trace_line *cost)
{
    const char *at = (const char *)subject->source.data;
    const char *end = at + subject->source.length, *stop;

    for (uint32_t i = 1; i < line && at; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop)
        stop = end;
    if (stop - at > 80)
        stop = at + 80;
    cdn_buf_printf(out, "%s:%u  edges %llu, instructions %llu  %.*s\n", subject->file,
                   line, (unsigned long long)cost->edges,
                   (unsigned long long)cost->instructions, (int)(stop - at), at);
}

static void put_dearest(struct cdn_buf *out, const struct cdn_subject *subject,
                        const cordon_trace *trace)
{
    uint32_t lines = cordon_trace_get_summary(trace)->lines, told[DEAREST] = {0};

    for (uint32_t n = 0; n < DEAREST; n++) {
        const cordon_trace_line *best = NULL;

        for (uint32_t i = 1; i <= lines; i++) {
            const cordon_trace_line *line = cordon_trace_line_at(trace, i);
            bool seen = false;

            for (uint32_t k = 0; k < n; k++)
                seen = seen || told[k] == i;
            if (!line || !line->instructions || seen ||
                (best && !is_dearer(line, best)))
                continue;
            best = line;
            told[n] = i;
        }
        if (!best)
            return;
        put_line(out, subject, told[n], best);
    }
}

/* The same request once more, traced. */
static cordon_status host_dearest(void *ud, const cordon_call *call,
                                  const cordon_value *arguments, cordon_builder *result,
                                  cordon_error *err)
{
    struct cdn_harness *harness = ud;
    cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;
    cordon_trace *trace = NULL;
    struct cdn_buf text = {0};
    struct asked asked;
    cordon_value spec;
    cordon_status status;

    (void)call;
    if (!first_map(&spec, arguments))
        return cdn_error_set(err, CORDON_E_INVALID, "dearest takes a table");
    options.counts_only = true;
    status = read_asked(&asked, harness, &spec, err);
    if (!status)
        status = cordon_trace_new(&trace, &options, err);
    if (status)
        return status;
    asked.request.trace = trace;
    status = cdn_subject_evaluate(harness, asked.subject, asked.snapshot,
                                  &asked.request, err);
    if (!status) {
        put_dearest(&text, asked.subject, trace);
        if (text.failed)
            status = cdn_error_nomem(err);
        else if (text.length)
            cordon_builder_string(result, (const char *)text.data, text.length);
    }
    cdn_buf_deinit(&text);
    cordon_trace_free(trace);
    return status;
}

/* ---- fail, golden, print ---- */

static char *keep(struct cdn_harness *harness, const cordon_value *map, const char *key)
{
    cordon_value value;

    if (!text_argument(&value, map, key))
        return NULL;
    return cdn_testing_text(harness->file, value.as.string, value.length, true);
}

static cordon_status host_fail(void *ud, const cordon_call *call,
                               const cordon_value *arguments, cordon_builder *result,
                               cordon_error *err)
{
    struct cdn_harness *harness = ud;
    struct cdn_test_failure *failure;
    cordon_value told, line;

    (void)call;
    (void)result;
    (void)err;
    if (!harness->test)
        return CORDON_OK;
    if (!first_map(&told, arguments))
        told = (cordon_value){.type = CORDON_NIL};
    if (!cordon_value_get(&line, &told, "line") || line.type != CORDON_INTEGER ||
        line.as.integer < 0 || line.as.integer > UINT32_MAX)
        line.as.integer = 0;
    failure = cdn_testing_fail(harness, (uint32_t)line.as.integer);
    if (!failure)
        return CORDON_OK;
    failure->message = keep(harness, &told, "message");
    failure->expected = keep(harness, &told, "expected");
    failure->actual = keep(harness, &told, "actual");
    failure->answer = keep(harness, &told, "answer");
    failure->dearest = keep(harness, &told, "dearest");
    return CORDON_OK;
}

static cordon_status host_golden(void *ud, const cordon_call *call,
                                 const cordon_value *arguments, cordon_builder *result,
                                 cordon_error *err)
{
    struct cdn_harness *harness = ud;
    struct cdn_buf expected = {0}, actual = {0};
    struct cdn_packer packer;
    cordon_value name, value;
    bool differs = false;
    cordon_status status;

    (void)call;
    if (!cordon_value_at(&name, arguments, 0) || name.type != CORDON_STRING ||
        !cordon_value_at(&value, arguments, 1))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "assert.golden takes an answer or a value, and a name");
    status = cdn_golden_check(harness, &value, name.as.string, name.length, &differs,
                              &expected, &actual, err);
    if (!status && differs) {
        cdn_pack_init(&packer, result->data, result->size);
        cdn_pack_map(&packer, 3);
        put_text(&packer, "message",
                 expected.length
                     ? "not the golden result; --update takes it as it is"
                     : "there is no golden result; --update keeps this one");
        put_text(&packer, "expected",
                 expected.length ? (const char *)expected.data : "none");
        put_text(&packer, "actual", (const char *)actual.data);
        result->length = packer.length;
    }
    cdn_buf_deinit(&expected);
    cdn_buf_deinit(&actual);
    return cdn_place_message(err, status);
}

static cordon_status host_print(void *ud, const cordon_call *call,
                                const cordon_value *arguments, cordon_builder *result,
                                cordon_error *err)
{
    struct cdn_harness *harness = ud;
    struct cdn_test *test = harness->test;
    cordon_value text;
    char *shown;

    (void)call;
    (void)result;
    (void)err;
    if (!test || !cordon_value_at(&text, arguments, 0) || text.type != CORDON_STRING)
        return CORDON_OK;
    test->printed_cut =
        test->printed_cut || test->printed.length + text.length > CDN_TEST_MAX_PRINTED;
    if (test->printed_cut)
        return CORDON_OK;
    shown = cdn_testing_text(harness->file, text.as.string, text.length, true);
    if (shown) {
        cdn_buf_text(&test->printed, shown);
        cdn_buf_text(&test->printed, "\n");
    }
    cdn_free(shown);
    return CORDON_OK;
}

/* One more piece of a long text: its number (0: a new one) and the piece; returns its number. */
static cordon_status host_text(void *ud, const cordon_call *call,
                               const cordon_value *arguments, cordon_builder *result,
                               cordon_error *err)
{
    struct cdn_harness *harness = ud;
    cordon_value number, piece;
    struct cdn_buf *text;

    (void)call;
    if (!cordon_value_at(&number, arguments, 0) || number.type != CORDON_INTEGER ||
        number.as.integer < 0 || number.as.integer > harness->text_count ||
        !cordon_value_at(&piece, arguments, 1) || piece.type != CORDON_STRING)
        return cdn_error_set(err, CORDON_E_INVALID, "text takes a number and a piece");
    if (!number.as.integer) {
        if (harness->text_count == CDN_TEST_MAX_TEXTS)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "one test can hand over %d long texts; a graph this large is "
                "better in a file of its own",
                CDN_TEST_MAX_TEXTS);
        harness->texts[harness->text_count] = (struct cdn_buf){0};
        number.as.integer = ++harness->text_count;
    }
    text = &harness->texts[number.as.integer - 1];
    if (text->length + piece.length > CDN_FIXTURE_MAX_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a fixture has at most %zu bytes; take a slice of a store "
                             "for more",
                             CDN_FIXTURE_MAX_BYTES);
    cdn_buf_append(text, piece.as.string, piece.length);
    if (text->failed)
        return cdn_error_nomem(err);
    cordon_builder_integer(result, number.as.integer);
    return CORDON_OK;
}

cordon_status cdn_host_functions(struct cdn_harness *harness, cordon_error *err)
{
    static const struct {
        const char *name;
        cordon_function_body body;
    } rows[] = {{"evaluate", host_evaluate}, {"dearest", host_dearest},
                {"fail", host_fail},         {"golden", host_golden},
                {"print", host_print},       {"text", host_text}};
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < CDN_COUNT(rows) && !status; i++) {
        cordon_function function = CORDON_FUNCTION_INIT;

        function.name = rows[i].name;
        function.body = rows[i].body;
        function.ud = harness;
        function.flags = CORDON_FUNCTION_NONDETERMINISTIC;
        function.cost = 100;
        status = cordon_engine_add_function(harness->engine, &function, err);
    }
    return status;
}
