/* A trace on its way from a worker to the host.
 *
 * The worker notes into a notebook of its own, of the size and kind of the host's, emptied
 * before each run; what is in it afterwards goes over in one frame and is added to the host's,
 * whose counts over all runs and whose notes of the last one then are those of a run in the
 * host's own process.
 *
 * A frame is read twice: first only to see whether all of it is right, then, nothing having
 * been written yet, into the notebook.  It lies in memory that the worker does not share. */
#include <string.h>

#include "base/checked.h"
#include "isolation/field.h"
#include "isolation/wire.h"
#include "sandbox/trace.h"

enum {
    TRACE_FIELDS = 9,
    LINE_FIELDS = 6,
    JUMP_FIELDS = 3,
    STEP_FIELDS = 2,
    VALUE_FIELDS = 4,
    READ_FIELDS = 11,
    NAME_BYTES = 64 /* of what a rule's author chose */
};

/* What a value may be called: as trace.h lists them. */
static const char *const types[] = {"nil",      "boolean",  "number", "string",
                                    "table",    "function", "node",   "edge",
                                    "edge set", "node set", "object"};

enum { TYPES = sizeof types / sizeof *types };

/* ---- writing ---- */

static uint32_t type_number(const char *type)
{
    uint32_t number = 0;

    while (number < TYPES - 1 && strcmp(types[number], type) != 0)
        number++;
    return number;
}

static bool noted(const cordon_trace_line *line)
{
    return line->hits || line->instructions || line->native_ns || line->edges ||
           line->nodes;
}

static void put_lines(struct cdn_packer *packer, const cordon_trace *trace)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < trace->line_room; i++)
        count += noted(&trace->lines[i]);
    cdn_pack_array(packer, LINE_FIELDS * count);
    for (uint32_t i = 0; i < trace->line_room; i++) {
        const cordon_trace_line *line = &trace->lines[i];

        if (!noted(line))
            continue;
        put_uint(packer, i);
        put_uint(packer, line->hits);
        put_uint(packer, line->instructions);
        put_uint(packer, line->native_ns);
        put_uint(packer, line->edges);
        put_uint(packer, line->nodes);
    }
}

static void put_read(struct cdn_packer *packer, const cordon_trace_read *read)
{
    put_uint(packer, read->step);
    cdn_pack_cstr(packer, read->method);
    cdn_pack_cstr(packer, read->type);
    cdn_pack_cstr(packer, read->node);
    put_uint(packer, read->nodes);
    put_uint(packer, read->direction);
    cdn_pack_int(packer, read->from_ms);
    cdn_pack_int(packer, read->to_ms);
    cdn_pack_cstr(packer, read->refined);
    put_uint(packer, read->edges);
    put_uint(packer, read->kept);
}

void cdn_wire_put_trace(struct cdn_buf *out, const cordon_trace *trace)
{
    struct cdn_packer packer = begin(out, TRACE_FIELDS);

    put_uint(&packer, trace->summary.lost_jumps);
    put_uint(&packer, trace->summary.lost_steps);
    put_uint(&packer, trace->summary.lost_values);
    put_uint(&packer, trace->summary.lost_reads);
    put_lines(&packer, trace);
    cdn_pack_array(&packer, JUMP_FIELDS * trace->jump_count);
    for (uint32_t i = 0; i < trace->jump_count; i++) {
        put_uint(&packer, trace->jumps[i].from);
        put_uint(&packer, trace->jumps[i].to);
        put_uint(&packer, trace->jumps[i].count);
    }
    cdn_pack_array(&packer, STEP_FIELDS * trace->step_count);
    for (uint32_t i = 0; i < trace->step_count; i++) {
        put_uint(&packer, trace->steps[i].line);
        put_uint(&packer, trace->steps[i].depth);
    }
    cdn_pack_array(&packer, VALUE_FIELDS * trace->value_count);
    for (uint32_t i = 0; i < trace->value_count; i++) {
        put_uint(&packer, trace->values[i].step);
        put_uint(&packer, type_number(trace->values[i].type));
        cdn_pack_cstr(&packer, trace->values[i].name);
        cdn_pack_cstr(&packer, trace->values[i].text);
    }
    cdn_pack_array(&packer, READ_FIELDS * trace->read_count);
    for (uint32_t i = 0; i < trace->read_count; i++)
        put_read(&packer, &trace->reads[i]);
}

/* ---- reading ---- */

/* One going over the frame: into the notebook, if `write` is set. */
struct pass {
    struct reader reader;
    cordon_trace *trace;
    bool write;
    uint64_t instructions, edges, nodes; /* of the lines so far */
};

/* How many items of `fields` fields come next: at most `most`. */
static uint32_t get_items(struct reader *reader, uint32_t fields, uint32_t most,
                          const char *field)
{
    uint32_t limit = most < UINT32_MAX / fields ? most * fields : UINT32_MAX;
    uint32_t count = get_array(reader, 0, limit, field);

    if (count % fields)
        wrong(reader, field);
    return reader->field ? 0 : count / fields;
}

static void get_line(struct pass *pass, uint32_t *least)
{
    struct reader *reader = &pass->reader;
    uint32_t number = get_small(reader, pass->trace->line_room - 1, "a line");
    cordon_trace_line read = {.hits = get_uint(reader, "a line's count"),
                              .instructions = get_uint(reader, "a line's instructions"),
                              .native_ns = get_uint(reader, "a line's time"),
                              .edges = get_uint(reader, "a line's edges"),
                              .nodes = get_uint(reader, "a line's nodes")};

    if (number < *least) /* each once, in order */
        wrong(reader, "a line");
    *least = number + 1;
    pass->instructions = cdn_add_sat(pass->instructions, read.instructions);
    pass->edges = cdn_add_sat(pass->edges, read.edges);
    pass->nodes = cdn_add_sat(pass->nodes, read.nodes);
    if (pass->write) {
        cordon_trace_line *line = &pass->trace->lines[number];

        line->hits = cdn_add_sat(line->hits, read.hits);
        line->instructions = cdn_add_sat(line->instructions, read.instructions);
        line->native_ns = cdn_add_sat(line->native_ns, read.native_ns);
        line->edges = cdn_add_sat(line->edges, read.edges);
        line->nodes = cdn_add_sat(line->nodes, read.nodes);
    }
}

static void get_jump(struct pass *pass)
{
    struct reader *reader = &pass->reader;
    uint32_t from =
        get_small(reader, pass->trace->line_room - 1, "where a jump is from");
    uint32_t to = get_small(reader, pass->trace->summary.lines, "where a jump goes");
    uint64_t count = get_uint(reader, "a jump's count");

    if (pass->write)
        cdn_trace_add_jump(pass->trace, from, to, count);
}

static void get_step(struct pass *pass)
{
    struct reader *reader = &pass->reader;
    uint32_t line = get_small(reader, pass->trace->summary.lines, "a step's line");
    uint32_t depth = get_small(reader, CDN_TRACE_CALLS - 1, "a step's depth");

    if (pass->write)
        cdn_trace_add_step(pass->trace, line, depth);
}

/* A text for a reader, at most `most` bytes with its zero; "" where there is no room for it. */
static const char *get_words(struct pass *pass, size_t most, const char *field,
                             bool *lost)
{
    char shown[CORDON_TRACE_VALUE_BYTES];
    size_t bytes;
    const char *text = get_text(&pass->reader, &bytes, most - 1, false, field);
    const char *copy = "";

    if (text && pass->write && bytes) {
        cdn_escape(shown, most, text, bytes);
        copy = cdn_trace_text(pass->trace, shown, strlen(shown));
    }
    if (!copy)
        *lost = true;
    return copy ? copy : "";
}

static void get_value(struct pass *pass, uint32_t steps)
{
    struct reader *reader = &pass->reader;
    size_t length = pass->trace->text_length;
    bool lost = false;
    uint32_t step = get_small(reader, steps ? steps - 1 : 0, "a value's step");
    uint32_t type = get_small(reader, TYPES - 1, "a value's type");
    const char *name = get_words(pass, NAME_BYTES, "a value's name", &lost);
    const char *text = get_words(pass, CORDON_TRACE_VALUE_BYTES, "a value", &lost);
    cordon_trace_value *value;

    if (!steps)
        wrong(reader, "a value's step");
    if (!pass->write)
        return;
    value = cdn_trace_add_value(pass->trace, lost ? CDN_TRACE_NO_STEP : step);
    if (value)
        *value = (cordon_trace_value){step, types[type], name, text};
    else
        pass->trace->text_length = length;
}

static void get_read(struct pass *pass, uint32_t steps)
{
    struct reader *reader = &pass->reader;
    bool lost = false; /* a read is told without its texts */
    cordon_trace_read read = {0};
    cordon_trace_read *added;

    read.step = get_small(reader, steps ? steps - 1 : 0, "a read's step");
    read.method = get_words(pass, NAME_BYTES, "a read's method", &lost);
    read.type = get_words(pass, CORDON_TRACE_VALUE_BYTES, "a read's edge type", &lost);
    read.node = get_words(pass, CORDON_TRACE_VALUE_BYTES, "a read's node", &lost);
    read.nodes = get_uint(reader, "a read's nodes");
    read.direction = (cordon_trace_direction)get_small(reader, CORDON_TRACE_BOTH,
                                                       "a read's direction");
    read.from_ms = get_int(reader, "a read's window");
    read.to_ms = get_int(reader, "a read's window");
    read.refined =
        get_words(pass, CORDON_TRACE_VALUE_BYTES, "a read's conditions", &lost);
    read.edges = get_uint(reader, "edges of a read");
    read.kept = get_uint(reader, "what a read kept");
    if (!steps)
        wrong(reader, "a read's step");
    if (!pass->write)
        return;
    added = cdn_trace_add_read(pass->trace, read.step);
    if (added)
        *added = read;
}

/* What was lost of one run, which a host that counts on adds up. */
static void get_lost(struct pass *pass)
{
    struct reader *reader = &pass->reader;
    cordon_trace_summary *summary = &pass->trace->summary;
    uint64_t jumps = get_uint(reader, "jumps lost");
    uint64_t steps = get_uint(reader, "steps lost");
    uint64_t values = get_uint(reader, "values lost");
    uint64_t reads = get_uint(reader, "reads lost");

    if (!pass->write)
        return;
    summary->lost_jumps = cdn_add_sat(summary->lost_jumps, jumps);
    summary->lost_steps = cdn_add_sat(summary->lost_steps, steps);
    summary->lost_values = cdn_add_sat(summary->lost_values, values);
    summary->lost_reads = cdn_add_sat(summary->lost_reads, reads);
}

static cordon_status go_over(const struct cdn_buf *in, cordon_trace *trace, bool write,
                             const cordon_usage *used, cordon_error *err)
{
    struct pass pass = {
        .reader = read_frame(in, TRACE_FIELDS), .trace = trace, .write = write};
    struct reader *reader = &pass.reader;
    uint32_t count, steps, least = 0;

    get_lost(&pass);
    count = get_items(reader, LINE_FIELDS, trace->line_room, "lines");
    for (uint32_t i = 0; i < count && !reader->field; i++)
        get_line(&pass, &least);
    if (pass.instructions > used->instructions || pass.edges > used->edges ||
        pass.nodes > used->nodes)
        wrong(reader, "what the lines used");
    count = get_items(reader, JUMP_FIELDS, trace->jump_room, "jumps");
    for (uint32_t i = 0; i < count && !reader->field; i++)
        get_jump(&pass);
    steps = get_items(reader, STEP_FIELDS, trace->step_room, "steps");
    for (uint32_t i = 0; i < steps && !reader->field; i++)
        get_step(&pass);
    count = get_items(reader, VALUE_FIELDS, trace->value_room, "values");
    for (uint32_t i = 0; i < count && !reader->field; i++)
        get_value(&pass, steps);
    count = get_items(reader, READ_FIELDS, trace->read_room, "reads");
    for (uint32_t i = 0; i < count && !reader->field; i++)
        get_read(&pass, steps);
    return finish(reader, "TRACE", err);
}

cordon_status cdn_wire_get_trace(cordon_trace *into, const struct cdn_buf *in,
                                 const cordon_usage *used, cordon_error *err)
{
    cordon_status status = go_over(in, into, false, used, err);

    return status ? status : go_over(in, into, true, used, err);
}
