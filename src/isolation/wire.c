/* The frames, written and read, but for those that carry a trace (wire_trace.c) or what a file
 * says of itself (wire_contract.c). */
#include "isolation/wire.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "isolation/field.h"
#include "rule/accept.h"
#include "sandbox/slot.h"

#define MAX_MASKS 4096u
/* What bounds the work of one step of a run. */
#define STEP_TEXTS       UINT64_C(256)
#define STEP_BYTES       UINT64_C(32)         /* joined for an instruction's charge */
#define LONGEST_CONSTANT (UINT64_C(64) << 20) /* as large as an image may be */

/* ---- writing ---- */

enum {
    HELLO_FIELDS = 3,
    RULE_FIELDS = 4 + 7,
    GRANT_FIELDS = 10,
    RUN_FIELDS = 12 + 7,
    OUTCOME_FIELDS = 20,
    FAILED_FIELDS = 5,
    CALL_FIELDS = 2,
    ANSWER_FIELDS = 3,
    SLICE_FIELDS = 4,
    MASK_FIELDS = 8
};

void cdn_wire_put_hello(struct cdn_buf *out, const struct cdn_wire_hello *hello)
{
    struct cdn_packer packer = begin(out, HELLO_FIELDS);

    put_uint(&packer, hello->version);
    put_uint(&packer, hello->locks);
    put_uint(&packer, hello->identity);
}

void cdn_wire_put_rule(struct cdn_buf *out, const struct cdn_wire_rule *rule)
{
    struct cdn_packer packer = begin(out, RULE_FIELDS);

    put_uint(&packer, rule->number);
    cdn_pack_str(&packer, rule->file, rule->file_bytes);
    cdn_pack_str(&packer, rule->source, rule->source_bytes);
    put_budget(&packer, &rule->load);
    cdn_pack_array(&packer, 3 * rule->function_count);
    for (uint32_t i = 0; i < rule->function_count; i++) {
        cdn_pack_cstr(&packer, rule->functions[i].name);
        put_uint(&packer, rule->functions[i].flags);
        put_uint(&packer, rule->functions[i].cost);
    }
}

static size_t words_for(uint32_t bits)
{
    return bits / 64 + (bits % 64 != 0);
}

/* The words as they lie in memory: both sides are one machine, or of one kind. */
static void put_bits(struct cdn_packer *packer, const uint64_t *words, uint32_t bits)
{
    cdn_pack_str(packer, (const char *)words, words_for(bits) * sizeof *words);
}

void cdn_wire_put_grant(struct cdn_buf *out, uint32_t number,
                        const struct cdn_grant *grant, const struct cdn_schema *schema)
{
    struct cdn_packer packer = begin(out, GRANT_FIELDS);
    bool all = grant->everything;

    put_uint(&packer, number);
    cdn_pack_bool(&packer, all);
    put_uint(&packer, all ? 0 : grant->max_hops);
    if (!all && grant->principal)
        cdn_pack_cstr(&packer, grant->principal);
    else
        cdn_pack_nil(&packer);
    cdn_pack_str(&packer, (const char *)grant->mask_key, sizeof grant->mask_key);
    put_bits(&packer, grant->labels, all ? 0 : schema->label_count);
    put_bits(&packer, grant->relations, all ? 0 : schema->relation_count);
    cdn_pack_array(&packer, all ? 0 : schema->label_count);
    for (uint32_t l = 0; !all && l < schema->label_count; l++)
        put_bits(&packer, grant->label_columns[l], schema->labels[l].property_count);
    cdn_pack_array(&packer, all ? 0 : schema->relation_count);
    for (uint32_t r = 0; !all && r < schema->relation_count; r++)
        put_bits(&packer, grant->relation_columns[r],
                 schema->relations[r].property_count);
    cdn_pack_array(&packer, all ? 0 : grant->mask_count);
    for (uint32_t m = 0; !all && m < grant->mask_count; m++) {
        const struct cdn_mask *mask = &grant->masks[m];

        cdn_pack_array(&packer, MASK_FIELDS);
        put_uint(&packer, mask->kind);
        cdn_pack_bool(&packer, mask->of_relation);
        put_uint(&packer, mask->owner);
        cdn_pack_int(&packer, mask->property);
        put_uint(&packer, mask->characters);
        cdn_pack_double(&packer, mask->width);
        cdn_pack_bool(&packer, mask->applied);
        cdn_pack_int(&packer, mask->held);
    }
}

static void put_text(struct cdn_packer *packer, const void *text, size_t bytes)
{
    if (text)
        cdn_pack_str(packer, text, bytes);
    else
        cdn_pack_nil(packer);
}

void cdn_wire_put_run(struct cdn_buf *out, const struct cdn_wire_run *run)
{
    struct cdn_packer packer = begin(out, RUN_FIELDS);

    put_uint(&packer, run->rule);
    put_uint(&packer, run->grant);
    put_text(&packer, run->label, run->label_bytes);
    put_text(&packer, run->key, run->key_bytes);
    put_text(&packer, run->params, run->params_bytes);
    cdn_pack_int(&packer, run->now_ms);
    cdn_pack_int(&packer, run->as_of_ms);
    put_uint(&packer, run->seed);
    cdn_pack_bool(&packer, run->shared_params);
    put_uint(&packer, run->left_ns);
    put_uint(&packer, run->trace_bytes);
    cdn_pack_bool(&packer, run->counts_only);
    put_budget(&packer, &run->budget);
}

void cdn_wire_put_slice(struct cdn_buf *out, const struct cdn_wire_slice *slice)
{
    struct cdn_packer packer = begin(out, SLICE_FIELDS);

    cdn_pack_bool(&packer, slice->grants_stay);
    put_uint(&packer, slice->hops);
    put_text(&packer, slice->border, slice->border_bytes);
    cdn_pack_str(&packer, slice->bytes, slice->size);
}

void cdn_wire_put_number(struct cdn_buf *out, uint64_t number)
{
    struct cdn_packer packer = begin(out, 1);

    put_uint(&packer, number);
}

void cdn_wire_put_outcome(struct cdn_buf *out, const cordon_outcome *outcome)
{
    struct cdn_packer packer = begin(out, OUTCOME_FIELDS);
    const cordon_usage *usage = &outcome->usage;

    put_uint(&packer, outcome->kind);
    put_uint(&packer, outcome->limit);
    cdn_pack_bool(&packer, outcome->fallback);
    cdn_pack_bool(&packer, outcome->truncated);
    cdn_pack_bool(&packer, outcome->nondeterministic);
    put_uint(&packer, outcome->digest);
    put_uint(&packer, usage->instructions);
    put_uint(&packer, usage->memory_bytes);
    put_uint(&packer, usage->edges);
    put_uint(&packer, usage->nodes);
    put_uint(&packer, usage->hops);
    put_uint(&packer, usage->output_bytes);
    put_uint(&packer, usage->native_ns);
    put_uint(&packer, usage->host_ns);
    put_uint(&packer, usage->wall_ns);
    put_uint(&packer, outcome->line);
    cdn_pack_bool(&packer, outcome->file[0] != '\0');
    cdn_pack_cstr(&packer, outcome->message);
    /* the decision of a rule that answered is in the result */
    cdn_pack_bool(&packer, outcome->has_decision);
    cdn_pack_str(&packer, (const char *)outcome->result, outcome->result_bytes);
}

void cdn_wire_put_failed(struct cdn_buf *out, const cordon_error *err)
{
    struct cdn_packer packer = begin(out, FAILED_FIELDS);

    put_uint(&packer, err->status);
    put_uint(&packer, err->line);
    put_uint(&packer, err->column);
    cdn_pack_cstr(&packer, err->file);
    cdn_pack_cstr(&packer, err->message);
}

void cdn_wire_put_call(struct cdn_buf *out, uint32_t function,
                       const cordon_value *arguments)
{
    struct cdn_packer packer = begin(out, CALL_FIELDS);
    const unsigned char *at = arguments->as.items;

    put_uint(&packer, function);
    cdn_pack_array(&packer, arguments->length);
    for (uint32_t i = 0; i < arguments->length; i++)
        if (!cdn_unpack_skip(&at, arguments->end))
            out->failed = true; /* they were checked when they were made */
    cdn_pack_raw(&packer, arguments->as.items, (size_t)(at - arguments->as.items));
}

void cdn_wire_put_answer(struct cdn_buf *out, cordon_status status,
                         const cordon_builder *result, const cordon_error *err)
{
    struct cdn_packer packer = begin(out, ANSWER_FIELDS);

    put_uint(&packer, status);
    cdn_pack_cstr(&packer, status ? err->message : "");
    cdn_pack_str(&packer, (const char *)result->data, status ? 0 : result->length);
}

/* ---- reading ---- */

static void get_words(struct reader *reader, uint64_t *words, uint32_t bits,
                      const char *field)
{
    size_t bytes;
    const char *text =
        get_text(reader, &bytes, words_for(bits) * sizeof *words, false, field);

    if (text && bytes == words_for(bits) * sizeof *words)
        memcpy(words, text, bytes);
    else
        wrong(reader, field);
}

cordon_status cdn_wire_get_hello(struct cdn_wire_hello *out, const struct cdn_buf *in,
                                 cordon_error *err)
{
    struct reader reader = read_frame(in, HELLO_FIELDS);

    out->version = get_small(&reader, UINT32_MAX, "version");
    out->locks = get_small(&reader, UINT32_MAX, "locks");
    out->identity = get_uint(&reader, "identity");
    return finish(&reader, "HELLO", err);
}

cordon_status cdn_wire_get_rule(struct cdn_wire_rule *out, const struct cdn_buf *in,
                                cordon_error *err)
{
    struct reader reader = read_frame(in, RULE_FIELDS);
    size_t bytes;

    *out = (struct cdn_wire_rule){.number = get_small(&reader, UINT32_MAX, "number")};
    out->file =
        get_text(&reader, &out->file_bytes, CORDON_ERROR_FILE_BYTES - 1, false, "file");
    out->source = get_text(&reader, &out->source_bytes, CORDON_RULE_MAX_SOURCE_BYTES,
                           false, "source");
    get_budget(&reader, &out->load);
    out->function_count =
        get_array(&reader, 0, 3 * CDN_RULE_MAX_FUNCTIONS, "functions") / 3;
    for (uint32_t i = 0; i < out->function_count && !reader.field; i++) {
        struct cdn_wire_function *function = &out->functions[i];
        const char *name =
            get_text(&reader, &bytes, CDN_RULE_MAX_WORD, false, "a function's name");

        if (name)
            memcpy(function->name, name, bytes);
        function->flags = get_small(&reader, UINT32_MAX, "a function's flags");
        function->cost = get_uint(&reader, "a function's cost");
    }
    return finish(&reader, "RULE", err);
}

/* Everything of a grant in one block: the struct, rows' pointers, words, masks, a name. */
struct grant_room {
    struct cdn_grant grant;
    char principal[128];
};

static size_t schema_words(const struct cdn_schema *schema)
{
    size_t words = words_for(schema->label_count) + words_for(schema->relation_count);

    for (uint32_t l = 0; l < schema->label_count; l++)
        words += words_for(schema->labels[l].property_count);
    for (uint32_t r = 0; r < schema->relation_count; r++)
        words += words_for(schema->relations[r].property_count);
    return words;
}

static void get_mask(struct reader *reader, struct cdn_mask *mask,
                     const struct cdn_schema *schema)
{
    uint32_t owners, properties = 0;
    int64_t property;
    cordon_value width;

    (void)get_array(reader, MASK_FIELDS, MASK_FIELDS, "a mask");
    mask->kind =
        (enum cdn_mask_kind)get_small(reader, CDN_MASK_BUCKET, "a mask's kind");
    mask->of_relation = get_bool(reader, "a mask's owner");
    mask->owner = get_small(reader, UINT32_MAX, "a mask's owner");
    owners = mask->of_relation ? schema->relation_count : schema->label_count;
    if (mask->owner >= owners)
        wrong(reader, "a mask's owner");
    else
        properties = mask->of_relation ? schema->relations[mask->owner].property_count
                                       : schema->labels[mask->owner].property_count;
    property = get_int(reader, "a mask's property");
    if (property >= (int64_t)properties || property < CDN_MASK_NODE_KEY ||
        (property == CDN_MASK_NODE_KEY && mask->of_relation))
        wrong(reader, "a mask's property");
    mask->property = reader->field ? 0 : (int32_t)property;
    mask->characters = get_small(reader, UINT32_MAX, "a mask's characters");
    if (!next(reader, &width, "a mask's width"))
        return;
    mask->width = width.as.number;
    if (width.type != CORDON_NUMBER || !isfinite(width.as.number) ||
        (mask->kind == CDN_MASK_BUCKET && width.as.number <= 0))
        wrong(reader, "a mask's width");
    mask->applied = get_bool(reader, "whether a mask is on");
    property = get_int(reader, "where masked keys are");
    if (property >= (int64_t)properties || property < -1)
        wrong(reader, "where masked keys are");
    mask->held = reader->field ? -1 : (int32_t)property;
}

cordon_status cdn_wire_get_grant(struct cdn_grant **out, uint32_t *number,
                                 const struct cdn_buf *in,
                                 const struct cdn_schema *schema, cordon_error *err)
{
    struct reader reader = read_frame(in, GRANT_FIELDS);
    size_t words = schema_words(schema);
    size_t rows = (size_t)schema->label_count + schema->relation_count;
    struct grant_room *room;
    struct cdn_grant *grant;
    struct cdn_mask *masks = NULL;
    const uint64_t **row;
    uint64_t *word;
    size_t bytes;
    const char *text;
    uint32_t count;
    cordon_status status;

    *out = NULL;
    /* masks come last, so that room for as many as there can be in the frame is enough */
    room = cdn_calloc(1, sizeof *room + rows * sizeof *row + words * sizeof *word +
                             (in->length / MASK_FIELDS + 1) * sizeof *masks);
    if (!room)
        return cdn_error_nomem(err);
    grant = &room->grant;
    row = (const uint64_t **)(void *)(room + 1);
    word = (uint64_t *)(void *)(row + rows);
    masks = (struct cdn_mask *)(void *)(word + words);

    *number = get_small(&reader, UINT32_MAX, "number");
    grant->everything = get_bool(&reader, "everything");
    grant->max_hops = get_small(&reader, UINT32_MAX, "hops");
    text = get_text(&reader, &bytes, sizeof room->principal - 1, true, "principal");
    if (text) {
        memcpy(room->principal, text, bytes);
        grant->principal = room->principal;
    }
    text = get_text(&reader, &bytes, sizeof grant->mask_key, false, "key");
    if (text && bytes == sizeof grant->mask_key)
        memcpy(grant->mask_key, text, bytes);
    else
        wrong(&reader, "key");
    grant->labels = word;
    get_words(&reader, word, grant->everything ? 0 : schema->label_count, "labels");
    word += words_for(schema->label_count);
    grant->relations = word;
    get_words(&reader, word, grant->everything ? 0 : schema->relation_count,
              "edge types");
    word += words_for(schema->relation_count);
    count = grant->everything ? 0 : schema->label_count;
    (void)get_array(&reader, count, count, "labels");
    grant->label_columns = row;
    for (uint32_t l = 0; l < count; l++) {
        *row++ = word;
        get_words(&reader, word, schema->labels[l].property_count, "properties");
        word += words_for(schema->labels[l].property_count);
    }
    count = grant->everything ? 0 : schema->relation_count;
    (void)get_array(&reader, count, count, "edge types");
    grant->relation_columns = row;
    for (uint32_t r = 0; r < count; r++) {
        *row++ = word;
        get_words(&reader, word, schema->relations[r].property_count, "properties");
        word += words_for(schema->relations[r].property_count);
    }
    grant->mask_count = get_array(&reader, 0, MAX_MASKS, "masks");
    grant->masks = masks;
    for (uint32_t m = 0; m < grant->mask_count && !reader.field; m++)
        get_mask(&reader, &masks[m], schema);
    status = finish(&reader, "GRANT", err);
    if (status)
        cdn_free(room);
    else
        *out = grant;
    return status;
}

cordon_status cdn_wire_get_run(struct cdn_wire_run *out, const struct cdn_buf *in,
                               cordon_error *err)
{
    struct reader reader = read_frame(in, RUN_FIELDS);

    out->rule = get_small(&reader, UINT32_MAX, "rule");
    out->grant = get_small(&reader, UINT32_MAX, "grant");
    out->label =
        get_text(&reader, &out->label_bytes, CDN_SCHEMA_MAX_NAME, true, "label");
    out->key = get_text(&reader, &out->key_bytes, CDN_WIRE_TEXT_BYTES, true, "key");
    out->params =
        get_text(&reader, &out->params_bytes, CDN_WIRE_TEXT_BYTES, true, "parameters");
    out->now_ms = get_int(&reader, "now");
    out->as_of_ms = get_int(&reader, "as_of");
    out->seed = get_uint(&reader, "seed");
    out->shared_params = get_bool(&reader, "shared parameters");
    out->left_ns = get_uint(&reader, "time left");
    out->trace_bytes = get_small(&reader, CDN_WIRE_TRACE_ROOM, "room of a trace");
    out->counts_only = get_bool(&reader, "counts only");
    get_budget(&reader, &out->budget);
    return finish(&reader, "RUN", err);
}

cordon_status cdn_wire_get_slice(struct cdn_wire_slice *out, const struct cdn_buf *in,
                                 cordon_error *err)
{
    struct reader reader = read_frame(in, SLICE_FIELDS);

    out->grants_stay = get_bool(&reader, "whether grants stay");
    out->hops = get_small(&reader, UINT32_MAX, "hops");
    out->border =
        get_text(&reader, &out->border_bytes, CDN_WIRE_SLICE_BYTES, true, "border");
    if (out->border_bytes % sizeof(uint64_t))
        wrong(&reader, "border");
    out->bytes = get_text(&reader, &out->size, CDN_WIRE_SLICE_BYTES, false, "slice");
    return finish(&reader, "SLICE", err);
}

cordon_status cdn_wire_get_number(uint64_t *out, const struct cdn_buf *in,
                                  cordon_error *err)
{
    struct reader reader = read_frame(in, 1);

    *out = get_uint(&reader, "number");
    return finish(&reader, "a number", err);
}

/* What was used, which a limit stands beside.  A run is stopped when it has passed its limit,
 * and what passed it is at most one `step`: twice as much as the limit is believed, or a step
 * more, and nothing beyond. */
static uint64_t get_used(struct reader *reader, uint64_t limit, uint64_t step,
                         const char *field)
{
    uint64_t used = get_uint(reader, field);

    if (used > limit && used - limit > (step > limit ? step : limit))
        wrong(reader, field);
    return used;
}

static void get_usage(struct reader *reader, cordon_usage *usage,
                      const struct cdn_budget *budget)
{
    /* joining texts is one step, charged by what is joined: as many texts as an instruction
     * has operands, each as long as there is memory for, or as an image may hold */
    uint64_t step = (budget->memory_bytes + LONGEST_CONSTANT) / STEP_BYTES * STEP_TEXTS;

    usage->instructions =
        get_used(reader, budget->instructions, step, "instructions used");
    usage->instructions_limit = budget->instructions;
    usage->memory_bytes =
        get_used(reader, budget->memory_bytes, CDN_SLOT_RESERVE_BYTES, "memory used");
    usage->memory_limit_bytes = budget->memory_bytes;
    usage->edges = get_used(reader, budget->edges, 0, "edges read");
    usage->edges_limit = budget->edges;
    usage->nodes = get_used(reader, budget->nodes, 0, "nodes read");
    usage->nodes_limit = budget->nodes;
    usage->hops = get_used(reader, budget->hops, 0, "hops");
    usage->hops_limit = budget->hops;
    usage->output_bytes = get_used(reader, budget->output_bytes, 0, "bytes returned");
    usage->output_limit_bytes = budget->output_bytes;
    usage->native_ns = get_uint(reader, "native time");
    usage->host_ns = get_uint(reader, "time of functions");
    usage->wall_ns = get_uint(reader, "time");
    usage->wall_limit_ns = budget->wall_ns;
}

/* Do the parts of an outcome go together? */
static bool consistent(const cordon_outcome *outcome, bool answered,
                       const struct cdn_rule *rule, size_t result_bytes)
{
    bool ok = outcome->kind == CORDON_OUTCOME_OK;

    if ((outcome->kind == CORDON_OUTCOME_LIMIT) !=
        (outcome->limit != CORDON_BUDGET_NONE))
        return false;
    if (ok != (result_bytes != 0) || (ok && outcome->message[0]))
        return false;
    if (ok)
        return !outcome->fallback && answered == outcome->has_decision;
    return outcome->fallback == (rule->fallback >= 0) && answered == outcome->fallback;
}

cordon_status cdn_wire_get_outcome(cordon_outcome *out, const struct cdn_buf *in,
                                   const struct cdn_rule *rule,
                                   const struct cdn_budget *budget, cordon_error *err)
{
    struct reader reader = read_frame(in, OUTCOME_FIELDS);
    size_t message_bytes, result_bytes;
    const char *message, *result;
    bool answered, placed;
    cordon_status status;

    cdn_outcome_reset(out);
    out->kind =
        (cordon_outcome_kind)get_small(&reader, CORDON_OUTCOME_CANCELLED, "outcome");
    out->limit = (cordon_budget)get_small(&reader, CORDON_BUDGET_HOPS, "limit");
    out->fallback = get_bool(&reader, "fallback");
    out->truncated = get_bool(&reader, "truncated");
    out->nondeterministic = get_bool(&reader, "nondeterministic");
    out->digest = get_uint(&reader, "digest");
    get_usage(&reader, &out->usage, budget);
    out->line = get_small(&reader, UINT32_MAX, "line");
    placed = get_bool(&reader, "file");
    message =
        get_text(&reader, &message_bytes, sizeof out->message - 1, false, "message");
    answered = get_bool(&reader, "decision");
    result = get_text(&reader, &result_bytes, budget->output_bytes, false, "result");
    status = finish(&reader, "OUTCOME", err);
    if (status)
        return status;
    cdn_escape(out->message, sizeof out->message, message, message_bytes);
    if (placed) {
        size_t bytes = strnlen(rule->file, sizeof out->file - 1);

        memcpy(out->file, rule->file, bytes);
        out->file[bytes] = '\0';
    }
    if (result_bytes)
        status = cdn_result_accept(out, rule, result, result_bytes, err);
    if (!status && !consistent(out, answered, rule, result_bytes))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "OUTCOME: its parts contradict each other");
    if (!status && out->fallback) {
        memcpy(out->decision, rule->decisions[rule->fallback], sizeof out->decision);
        out->has_decision = true;
    }
    return status;
}

cordon_status cdn_wire_get_failed(const struct cdn_buf *in, cordon_error *err)
{
    struct reader reader = read_frame(in, FAILED_FIELDS);
    uint32_t status = get_small(&reader, CORDON_E_QUOTA, "status");
    uint32_t line = get_small(&reader, UINT32_MAX, "line");
    uint32_t column = get_small(&reader, UINT32_MAX, "column");
    size_t file_bytes, message_bytes;
    const char *file =
        get_text(&reader, &file_bytes, CORDON_ERROR_FILE_BYTES - 1, false, "file");
    const char *message = get_text(&reader, &message_bytes,
                                   CORDON_ERROR_MESSAGE_BYTES - 1, false, "message");

    char shown[CORDON_ERROR_MESSAGE_BYTES];

    if (status == CORDON_OK)
        wrong(&reader, "status");
    if (!message_bytes)
        wrong(&reader, "message");
    if (finish(&reader, "FAILED", err))
        return CORDON_E_DATA;
    cdn_escape(shown, sizeof shown, message, message_bytes);
    cdn_error_set(err, (cordon_status)status, "%s", shown);
    if (err) {
        cdn_escape(err->file, sizeof err->file, file, file_bytes);
        err->line = line;
        err->column = column;
    }
    return (cordon_status)status;
}

cordon_status cdn_wire_get_call(uint32_t *function, const void **arguments,
                                size_t *bytes, const struct cdn_buf *in,
                                cordon_error *err)
{
    struct reader reader = read_frame(in, CALL_FIELDS);
    cordon_value array;

    *function = get_small(&reader, CDN_RULE_MAX_FUNCTIONS - 1, "function");
    *arguments = reader.at;
    *bytes = reader.field ? 0 : (size_t)(reader.end - reader.at);
    if (!reader.field &&
        (*bytes > CORDON_FUNCTION_MAX_BYTES ||
         cordon_value_parse(&array, reader.at, *bytes, NULL) ||
         array.type != CORDON_ARRAY || array.length > CORDON_FUNCTION_MAX_ARGUMENTS))
        wrong(&reader, "arguments");
    reader.at = reader.end; /* parsed to the end */
    return finish(&reader, "CALL", err);
}

cordon_status cdn_wire_get_answer(cordon_builder *result, const struct cdn_buf *in,
                                  cordon_error *err)
{
    struct reader reader = read_frame(in, ANSWER_FIELDS);
    uint32_t status = get_small(&reader, CORDON_E_QUOTA, "status");
    size_t message_bytes, bytes;
    const char *message = get_text(&reader, &message_bytes,
                                   CORDON_ERROR_MESSAGE_BYTES - 1, false, "message");
    const char *value =
        get_text(&reader, &bytes, CORDON_FUNCTION_MAX_BYTES, false, "value");
    char shown[CORDON_ERROR_MESSAGE_BYTES];

    if (finish(&reader, "ANSWER", err))
        return CORDON_E_DATA;
    if (status)
        return cdn_error_set(err, (cordon_status)status, "%s",
                             cdn_escape(shown, sizeof shown, message, message_bytes));
    if (bytes > result->size)
        return cdn_error_set(err, CORDON_E_DATA, "ANSWER: it does not fit");
    if (bytes)
        memcpy(result->data, value, bytes);
    result->length = bytes;
    return CORDON_OK;
}
