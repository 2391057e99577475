/* Frames of the wire, from either side: the first byte says which decoder gets the rest.
 *
 * What is refused is refused with a message; what is accepted keeps its bounds.  An outcome that
 * is accepted is one that a run of the rule could have made: it is written and read again, to
 * equal bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "isolation/wire.h"
#include "sandbox/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static const struct cdn_budget budget = {.instructions = 1000000,
                                         .memory_bytes = 1 << 20,
                                         .edges = 1000,
                                         .output_bytes = 4096,
                                         .wall_ns = 1000000,
                                         .nodes = 1000,
                                         .hops = 10};

/* decisions allow and deny, of which deny is the fallback; output { n = integer, s = string? } */
static struct cdn_rule *rule(void)
{
    static struct cdn_return returns[2] = {{"n", "integer", false},
                                           {"s", "string", true}};
    static char file[] = "fuzz.lua";
    static struct cdn_rule made;

    made.file = file;
    made.decision_count = 2;
    memcpy(made.decisions[0], "allow", 6);
    memcpy(made.decisions[1], "deny", 5);
    made.fallback = 1;
    made.returns = returns;
    made.return_count = 2;
    made.returns_map = true;
    made.returns_optional = true;
    return &made;
}

static const struct cdn_schema *schema(void)
{
    static struct cdn_property properties[3] = {
        {.name = "a"}, {.name = "b"}, {.name = "c"}};
    static struct cdn_label labels[2] = {
        {.name = "A", .property_count = 3, .properties = properties}, {.name = "B"}};
    static struct cdn_relation_schema relations[1] = {
        {.type = "r", .property_count = 2, .properties = properties}};
    static struct cdn_schema made;

    made.label_count = 2;
    made.labels = labels;
    made.relation_count = 1;
    made.relations = relations;
    return &made;
}

static void try_outcome(const struct cdn_buf *in, cordon_error *err)
{
    static cordon_outcome *first, *second;
    struct cdn_buf out = {0}, again = {0};

    if (!first && (cordon_outcome_new(&first, err) || cordon_outcome_new(&second, err)))
        return;
    if (cdn_wire_get_outcome(first, in, rule(), &budget, err)) {
        require(err->message[0]);
        return;
    }
    require(first->result_bytes <= budget.output_bytes);
    require(first->kind == CORDON_OUTCOME_OK || first->has_decision);
    cdn_wire_put_outcome(&out, first);
    require(!cdn_wire_get_outcome(second, &out, rule(), &budget, err));
    cdn_wire_put_outcome(&again, second);
    require(out.length == again.length && !memcmp(out.data, again.data, out.length));
    cdn_buf_deinit(&out);
    cdn_buf_deinit(&again);
}

static void try_grant(const struct cdn_buf *in, cordon_error *err)
{
    struct cdn_grant *grant;
    uint32_t number;

    if (cdn_wire_get_grant(&grant, &number, in, schema(), err)) {
        require(err->message[0] && !grant);
        return;
    }
    for (uint32_t i = 0; i < grant->mask_count; i++)
        require(grant->masks[i].owner < 2 && grant->masks[i].property < 3 &&
                grant->masks[i].held < 3);
    cdn_free(grant);
}

static void try_answer(const struct cdn_buf *in, cordon_error *err)
{
    unsigned char room[256];
    cordon_builder result;

    cordon_builder_init(&result, room, sizeof room);
    if (!cdn_wire_get_answer(&result, in, err))
        require(result.length <= sizeof room);
}

static void try_slice(const struct cdn_buf *in, cordon_error *err)
{
    struct cdn_wire_slice slice, again;
    struct cdn_buf out = {0};

    if (cdn_wire_get_slice(&slice, in, err)) {
        require(err->message[0]);
        return;
    }
    require(slice.border_bytes % 8 == 0 && (slice.border || !slice.border_bytes));
    require(slice.bytes && slice.size + slice.border_bytes < in->length);
    cdn_wire_put_slice(&out, &slice);
    require(!cdn_wire_get_slice(&again, &out, err) && again.size == slice.size &&
            again.hops == slice.hops && !memcmp(again.bytes, slice.bytes, slice.size));
    cdn_buf_deinit(&out);
}

/* What is accepted is written and read again, to equal bytes; and judged, whatever it says. */
static void try_contract(const struct cdn_buf *in, cordon_error *err)
{
    static const char source[] = "return {\n  name = 'a',\n}\n";
    struct cdn_contract *contract, *again;
    struct cdn_buf out = {0};
    struct cdn_rule *made;
    uint64_t image_bytes, bytes_again;

    if (cdn_wire_get_contract(&contract, &image_bytes, in, err)) {
        require(err->message[0] && !contract);
        return;
    }
    cdn_wire_put_contract(&out, contract, image_bytes);
    require(!cdn_wire_get_contract(&again, &bytes_again, &out, err));
    require(bytes_again == image_bytes &&
            cdn_contract_hash(again) == cdn_contract_hash(contract));
    cdn_contract_free(again);
    cdn_buf_deinit(&out);
    if (cdn_rule_judge(&made, contract, source, sizeof source - 1, "fuzz.lua", NULL,
                       err))
        require(err->message[0] && !made);
    else
        require(made->name[0]);
    cdn_rule_free(made);
    cdn_contract_free(contract);
}

static void try_table(const struct cdn_buf *in, cordon_error *err)
{
    struct cdn_buf table = {0};
    cordon_value value;

    if (cdn_wire_get_table(&table, in, err))
        require(err->message[0] && !table.length);
    else
        require(!cordon_value_parse(&value, table.data, table.length, err));
    cdn_buf_deinit(&table);
}

/* A notebook into which a run of a text of three lines has been begun. */
static cordon_trace *begin_trace(cordon_error *err)
{
    static const unsigned char hash[CDN_CONTENT_HASH_BYTES] = {1};
    static cordon_trace *trace;
    cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;

    options.memory_bytes = 64 << 10;
    if (!trace && cordon_trace_new(&trace, &options, err))
        return NULL;
    cordon_trace_clear(trace);
    require(cdn_trace_claim(trace));
    cdn_trace_start(trace, hash, "a\nb\nc", 5, NULL);
    return trace;
}

static void require_shown(const char *text, size_t most)
{
    char shown[CORDON_TRACE_VALUE_BYTES];

    require(text && strlen(text) < most);
    require(!strcmp(cdn_escape(shown, sizeof shown, text, strlen(text)), text));
}

static void check_trace(const cordon_trace *trace, const cordon_usage *used)
{
    const cordon_trace_value *value;
    const cordon_trace_read *read;
    const cordon_trace_step *step;
    uint64_t instructions = 0;

    for (uint32_t i = 0; i < 4; i++)
        instructions += cordon_trace_line_at(trace, i)->instructions;
    require(instructions <= used->instructions);
    for (size_t i = 0; (step = cordon_trace_step_at(trace, i)); i++)
        require(step->line <= 3 && step->depth < CDN_TRACE_CALLS);
    for (size_t i = 0; (value = cordon_trace_value_at(trace, i)); i++) {
        require(cordon_trace_step_at(trace, value->step) && value->type);
        require_shown(value->name, CORDON_TRACE_VALUE_BYTES);
        require_shown(value->text, CORDON_TRACE_VALUE_BYTES);
    }
    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++) {
        require(cordon_trace_step_at(trace, read->step) != NULL);
        require_shown(read->method, CORDON_TRACE_VALUE_BYTES);
        require_shown(read->type, CORDON_TRACE_VALUE_BYTES);
        require_shown(read->node, CORDON_TRACE_VALUE_BYTES);
        require_shown(read->refined, CORDON_TRACE_VALUE_BYTES);
    }
}

/* What is accepted is written and read again, to equal bytes. */
static void try_trace(const struct cdn_buf *in, cordon_error *err)
{
    static const cordon_usage used = {.instructions = 1000, .edges = 50, .nodes = 20};
    cordon_trace *trace = begin_trace(err);
    struct cdn_buf first = {0}, second = {0};
    cordon_status status;

    if (!trace)
        return;
    status = cdn_wire_get_trace(trace, in, &used, err);
    cdn_trace_end(trace, NULL);
    if (status) {
        require(err->message[0] && !cordon_trace_step_at(trace, 0));
        return;
    }
    check_trace(trace, &used);
    cdn_wire_put_trace(&first, trace);
    trace = begin_trace(err);
    require(trace && !cdn_wire_get_trace(trace, &first, &used, err));
    cdn_trace_end(trace, NULL);
    cdn_wire_put_trace(&second, trace);
    require(first.length == second.length &&
            !memcmp(first.data, second.data, first.length));
    cdn_buf_deinit(&first);
    cdn_buf_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_buf in = {0};
    struct cdn_wire_hello hello;
    struct cdn_wire_rule wire_rule;
    struct cdn_wire_read wire_read;
    struct cdn_wire_run run;
    const void *arguments;
    cordon_error err;
    uint64_t number;
    uint32_t function;
    size_t bytes;

    if (!size)
        return 0;
    cdn_buf_append(&in, data + 1, size - 1);
    cdn_error_clear(&err);
    switch (data[0] % 14) {
    case 0:
        try_outcome(&in, &err);
        break;
    case 1:
        try_grant(&in, &err);
        break;
    case 2:
        try_answer(&in, &err);
        break;
    case 3:
        require(!cdn_wire_get_hello(&hello, &in, &err) || err.message[0]);
        break;
    case 4:
        if (!cdn_wire_get_rule(&wire_rule, &in, &err))
            require(wire_rule.function_count <= CDN_RULE_MAX_FUNCTIONS);
        break;
    case 5:
        if (!cdn_wire_get_run(&run, &in, &err))
            require(run.label_bytes <= CDN_SCHEMA_MAX_NAME);
        break;
    case 6:
        (void)cdn_wire_get_number(&number, &in, &err);
        break;
    case 7:
        if (!cdn_wire_get_call(&function, &arguments, &bytes, &in, &err))
            require(function < CDN_RULE_MAX_FUNCTIONS && bytes < size);
        break;
    case 9:
        try_trace(&in, &err);
        break;
    case 10:
        try_slice(&in, &err);
        break;
    case 11:
        try_contract(&in, &err);
        break;
    case 12:
        try_table(&in, &err);
        break;
    case 13:
        if (!cdn_wire_get_read(&wire_read, &in, &err))
            require(wire_read.file_bytes + wire_read.source_bytes < size);
        break;
    default:
        require(cdn_wire_get_failed(&in, &err) != CORDON_OK && err.message[0]);
        break;
    }
    cdn_buf_deinit(&in);
    return 0;
}
