/* The notebook: one block, what is written into it, and reading it.
 *
 * The block is cut when a text is met for the first time, since the lines' share follows from
 * how many there are.  Lines and jumps come first and stay; behind them lies what is of one
 * run, a quarter each for steps, values, reads and their text, which never moves, so that
 * pointers into it can be handed out.  Jumps are found along a list per line: a line goes on to
 * two or three others, and where a hostile rule makes it many, to no more than it has lines.
 *
 * Left out: keeping the last steps instead of the first where not all fit (a ring would have
 * its values and reads go with it, for what is seldom asked). */
#include "sandbox/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/error.h"
#include "sandbox/code.h"

#define DEFAULT_BYTES ((size_t)1 << 20)
#define LEAST_BYTES   ((size_t)64 << 10)
#define MOST_BYTES    ((size_t)1 << 30)
#define NAME_BYTES    64

/* ---- making it ---- */

cordon_status cordon_trace_new(cordon_trace **out, const cordon_trace_options *options,
                               cordon_error *err)
{
    uint64_t bytes = options && options->memory_bytes ? options->memory_bytes
                                                      : (uint64_t)DEFAULT_BYTES;
    cordon_trace *trace;

    if (!out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_trace_new: no out; it must not be NULL");
    *out = NULL;
    if (options && options->struct_size != sizeof *options)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_trace_options: struct_size is %zu where %zu is "
                             "known; begin with CORDON_TRACE_OPTIONS_INIT",
                             options->struct_size, sizeof *options);
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_trace_options: memory_bytes is %llu; 65536 to "
                             "1073741824 are possible, and 0 for 1 MiB",
                             (unsigned long long)bytes);
    trace = cdn_calloc(1, sizeof *trace);
    if (!trace)
        return cdn_error_nomem(err);
    /* what it holds beside the block is part of the bound */
    trace->bytes = ((size_t)bytes - sizeof *trace) & ~(size_t)15;
    trace->block = cdn_alloc(trace->bytes);
    if (!trace->block) {
        cdn_free(trace);
        return cdn_error_nomem(err);
    }
    trace->counts_only = options && options->counts_only;
    trace->summary.source_hash = trace->hash;
    *out = trace;
    return CORDON_OK;
}

void cordon_trace_free(cordon_trace *trace)
{
    if (!trace)
        return;
    cdn_free(trace->block);
    cdn_free(trace);
}

void cordon_trace_clear(cordon_trace *trace)
{
    trace->summary = (cordon_trace_summary){.source_hash = trace->hash};
    trace->hash[0] = '\0';
    trace->line_room = trace->jump_room = trace->jump_count = 0;
    trace->step_count = trace->value_count = trace->read_count = 0;
    trace->step_room = trace->value_room = trace->read_room = 0;
    trace->text_length = trace->text_room = 0;
}

/* ---- cutting it up ---- */

/* The next `count` items of `size` bytes of the block. */
static void *take(cordon_trace *trace, size_t *used, size_t count, size_t size)
{
    void *at = trace->block + *used;

    *used += (count * size + 15) & ~(size_t)15;
    return at;
}

/* How many items of `size` bytes fit into so many bytes; each array may waste 15. */
static uint32_t fit(size_t bytes, size_t size)
{
    size_t count = bytes > 16 ? (bytes - 16) / size : 0;

    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX - 1;
}

static void cut(cordon_trace *trace, uint32_t lines)
{
    const size_t a_line = sizeof *trace->lines + sizeof *trace->first;
    const size_t a_jump = sizeof *trace->jumps + sizeof *trace->next;
    size_t used = 0;
    uint32_t most = fit(trace->bytes / (trace->counts_only ? 2 : 4), a_line);
    size_t share;

    trace->summary.lines = lines;
    trace->line_room = lines < most ? lines + 1 : most;
    trace->summary.lost_lines = lines + 1 - trace->line_room;
    trace->lines = take(trace, &used, trace->line_room, sizeof *trace->lines);
    trace->first = take(trace, &used, trace->line_room, sizeof *trace->first);
    memset(trace->lines, 0, trace->line_room * sizeof *trace->lines);
    memset(trace->first, 0, trace->line_room * sizeof *trace->first);
    trace->jump_room =
        fit(trace->counts_only ? trace->bytes - used : trace->bytes / 16, a_jump);
    if (trace->jump_room > 8 * trace->line_room)
        trace->jump_room = 8 * trace->line_room;
    trace->jumps = take(trace, &used, trace->jump_room, sizeof *trace->jumps);
    trace->next = take(trace, &used, trace->jump_room, sizeof *trace->next);
    if (trace->counts_only)
        return;
    share = (trace->bytes - used) / 4;
    trace->step_room = fit(share, sizeof *trace->steps);
    trace->value_room = fit(share, sizeof *trace->values);
    trace->read_room = fit(share, sizeof *trace->reads);
    trace->text_room = share - 16;
    trace->steps = take(trace, &used, trace->step_room, sizeof *trace->steps);
    trace->values = take(trace, &used, trace->value_room, sizeof *trace->values);
    trace->reads = take(trace, &used, trace->read_room, sizeof *trace->reads);
    trace->text = take(trace, &used, trace->text_room, 1);
}

/* ---- a run ---- */

bool cdn_trace_claim(cordon_trace *trace)
{
    return !__atomic_exchange_n(&trace->busy, 1, __ATOMIC_ACQUIRE);
}

void cdn_trace_start(cordon_trace *trace,
                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                     const char *source, size_t bytes,
                     const struct cdn_trace_host *host)
{
    char hex[sizeof trace->hash];

    cdn_hash_hex(hex, hash, CDN_CONTENT_HASH_BYTES);
    if (strcmp(hex, trace->hash)) {
        cordon_trace_clear(trace);
        memcpy(trace->hash, hex, sizeof hex);
        cut(trace, cdn_code_lines(source, bytes));
    }
    trace->summary.runs++;
    trace->summary.lost_steps = trace->summary.lost_values = 0;
    trace->summary.lost_reads = 0;
    trace->step_count = trace->value_count = trace->read_count = 0;
    trace->text_length = 0;
    trace->host = host ? *host : (struct cdn_trace_host){0};
    trace->settled = (struct cdn_trace_cost){0};
    trace->settled_ns = 0;
    trace->open = NULL;
    trace->line = 0;
    trace->step = CDN_TRACE_NO_STEP;
    trace->serial = trace->last = 0;
    trace->call_count = trace->rooms = 0;
}

bool cdn_trace_begin(cordon_trace *trace,
                     const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                     const char *source, size_t bytes,
                     const struct cdn_trace_host *host)
{
    if (!cdn_trace_claim(trace))
        return false;
    cdn_trace_start(trace, hash, source, bytes, host);
    return true;
}

void cdn_trace_end(cordon_trace *trace, const struct cdn_trace_cost *used)
{
    cordon_trace_summary *summary = &trace->summary;

    if (used)
        cdn_trace_settle(trace, used);
    summary->truncated = summary->lost_lines || summary->lost_jumps ||
                         summary->lost_steps || summary->lost_values ||
                         summary->lost_reads;
    trace->host = (struct cdn_trace_host){0};
    __atomic_store_n(&trace->busy, 0, __ATOMIC_RELEASE);
}

uint64_t cdn_trace_memory_bytes(const cordon_trace *trace)
{
    return (trace->bytes + sizeof *trace + 15) & ~(uint64_t)15;
}

static void close_read(cordon_trace *trace, uint64_t edges)
{
    if (trace->open)
        trace->open->edges += edges - trace->open_edges;
    trace->open = NULL;
}

void cdn_trace_settle(cordon_trace *trace, const struct cdn_trace_cost *used)
{
    const struct cdn_trace_host *host = &trace->host;
    struct cdn_trace_cost *settled = &trace->settled;
    uint64_t ns = host->native_ns ? host->native_ns(host->ud) : 0;
    uint64_t native = ns > trace->settled_ns ? ns - trace->settled_ns : 0;

    if (trace->line < trace->line_room) {
        cordon_trace_line *line = &trace->lines[trace->line];

        line->instructions += used->instructions - settled->instructions;
        line->edges += used->edges - settled->edges;
        line->nodes += used->nodes - settled->nodes;
        line->native_ns += native;
    }
    close_read(trace, used->edges);
    *settled = *used;
    trace->settled_ns += native; /* an estimate may shrink */
}

uint32_t cdn_trace_add_step(cordon_trace *trace, uint32_t line, uint32_t depth)
{
    if (trace->step_count == trace->step_room) {
        trace->summary.lost_steps++;
        return CDN_TRACE_NO_STEP;
    }
    trace->steps[trace->step_count] = (cordon_trace_step){.line = line, .depth = depth};
    return trace->step_count++;
}

void cdn_trace_begin_line(cordon_trace *trace, uint32_t line, uint32_t depth)
{
    trace->line = line;
    trace->step = CDN_TRACE_NO_STEP;
    if (line < trace->line_room)
        trace->lines[line].hits++;
    if (!trace->counts_only)
        trace->step = cdn_trace_add_step(trace, line, depth);
}

void cdn_trace_pause(cordon_trace *trace, const struct cdn_trace_cost *used)
{
    cdn_trace_settle(trace, used);
    trace->line = 0;
    trace->step = CDN_TRACE_NO_STEP;
    trace->last = 0; /* of the calls that there are each has to be come back to */
    trace->summary.lost_steps++;
    trace->summary.lost_jumps++;
}

void cdn_trace_add_jump(cordon_trace *trace, uint32_t from, uint32_t to, uint64_t count)
{
    uint64_t *lost = &trace->summary.lost_jumps;
    uint32_t number;

    if (from >= trace->line_room) {
        *lost = cdn_add_sat(*lost, count);
        return;
    }
    for (number = trace->first[from]; number; number = trace->next[number - 1]) {
        cordon_trace_jump *jump = &trace->jumps[number - 1];

        if (jump->to != to)
            continue;
        jump->count = cdn_add_sat(jump->count, count);
        return;
    }
    if (trace->jump_count == trace->jump_room) {
        *lost = cdn_add_sat(*lost, count);
        return;
    }
    number = trace->jump_count++;
    trace->jumps[number] = (cordon_trace_jump){.from = from, .to = to, .count = count};
    trace->next[number] = trace->first[from];
    trace->first[from] = number + 1;
}

void cdn_trace_jump(cordon_trace *trace, uint32_t from, uint32_t to)
{
    cdn_trace_add_jump(trace, from, to, 1);
}

const char *cdn_trace_text(cordon_trace *trace, const char *text, size_t bytes)
{
    char *at;

    if (bytes >= trace->text_room - trace->text_length)
        return NULL;
    at = trace->text + trace->text_length;
    memcpy(at, text, bytes);
    at[bytes] = '\0';
    trace->text_length += bytes + 1;
    return at;
}

const char *cdn_trace_name(cordon_trace *trace, const char *name)
{
    char shown[NAME_BYTES];

    cdn_escape(shown, sizeof shown, name, strnlen(name, NAME_BYTES));
    return cdn_trace_text(trace, shown, strlen(shown));
}

cordon_trace_value *cdn_trace_add_value(cordon_trace *trace, uint32_t step)
{
    cordon_trace_value *value;

    if (step == CDN_TRACE_NO_STEP || trace->value_count == trace->value_room) {
        trace->summary.lost_values++;
        return NULL;
    }
    value = &trace->values[trace->value_count++];
    *value = (cordon_trace_value){.step = step};
    return value;
}

cordon_trace_read *cdn_trace_add_read(cordon_trace *trace, uint32_t step)
{
    cordon_trace_read *read;

    if (step == CDN_TRACE_NO_STEP || trace->read_count == trace->read_room) {
        trace->summary.lost_reads++;
        return NULL;
    }
    read = &trace->reads[trace->read_count++];
    *read = (cordon_trace_read){.step = step,
                                .method = "",
                                .type = "",
                                .node = "",
                                .from_ms = INT64_MIN,
                                .to_ms = INT64_MAX,
                                .refined = ""};
    return read;
}

cordon_trace_read *cdn_trace_open_read(cordon_trace *trace, uint64_t edges)
{
    cordon_trace_read *read;

    close_read(trace, edges);
    if (trace->counts_only)
        return NULL;
    read = cdn_trace_add_read(trace, trace->step);
    if (!read)
        return NULL;
    trace->open = read;
    trace->open_edges = edges;
    return read;
}

void cdn_trace_resume_read(cordon_trace *trace, cordon_trace_read *read, uint64_t edges)
{
    close_read(trace, edges);
    trace->open = read;
    trace->open_edges = edges;
}

/* ---- reading it ---- */

const cordon_trace_summary *cordon_trace_get_summary(const cordon_trace *trace)
{
    return &trace->summary;
}

const cordon_trace_line *cordon_trace_line_at(const cordon_trace *trace, uint32_t line)
{
    return line < trace->line_room ? &trace->lines[line] : NULL;
}

const cordon_trace_jump *cordon_trace_jump_at(const cordon_trace *trace, size_t number)
{
    return number < trace->jump_count ? &trace->jumps[number] : NULL;
}

const cordon_trace_step *cordon_trace_step_at(const cordon_trace *trace, size_t number)
{
    return number < trace->step_count ? &trace->steps[number] : NULL;
}

const cordon_trace_value *cordon_trace_value_at(const cordon_trace *trace,
                                                size_t number)
{
    return number < trace->value_count ? &trace->values[number] : NULL;
}

const cordon_trace_read *cordon_trace_read_at(const cordon_trace *trace, size_t number)
{
    return number < trace->read_count ? &trace->reads[number] : NULL;
}
