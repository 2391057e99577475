/* Why an evaluation answered as it did: the lines that ran, what they set, what they read, and
 * which way they went.
 *
 *     explained  rules/fraud/fan_in.lua: 14 of 17 lines ran
 *       24        local from = request.now - params.window
 *                   from = 1764000000000
 *       27        local payers = recent:nodes():minus(...):count()
 *                   nodes: incoming transfer of Account:17, since 2026-11-24T00:00:00Z: 25 kept
 *                   of 26 edges read
 *       32        if payers >= params.payers and not account.business then
 *                   on to line 33, not to 35
 *
 * For people each line stands once, with the first values and reads and how many more there
 * were; as JSON everything the trace holds is there, in the order in which it happened. */
#include "cli/cli.h"
#include "cli/traced.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"

enum {
    BEHIND = 10, /* columns before a line's text */
    NOTES = 12,  /* before what is told of it */
    VALUES = 3,  /* of one local in one line, shown */
    LOCALS = 40, /* of one line, shown */
    READS = 3    /* of one line */
};

/* A value or a read, and the line whose step it belongs to. */
struct entry {
    uint32_t line;
    size_t number;
};

struct entries {
    struct entry *items;
    size_t count;
    size_t at; /* as far as they are shown */
};

static int by_line(const void *a, const void *b)
{
    const struct entry *one = a, *two = b;

    if (one->line != two->line)
        return one->line < two->line ? -1 : 1;
    return (one->number > two->number) - (one->number < two->number);
}

/* The step of a value, or of a read; false: there is none of that number. */
typedef bool step_of(const cordon_trace *trace, size_t number, uint32_t *step);

static bool value_step(const cordon_trace *trace, size_t number, uint32_t *step)
{
    const cordon_trace_value *value = cordon_trace_value_at(trace, number);

    *step = value ? value->step : 0;
    return value != NULL;
}

static bool read_step(const cordon_trace *trace, size_t number, uint32_t *step)
{
    const cordon_trace_read *read = cordon_trace_read_at(trace, number);

    *step = read ? read->step : 0;
    return read != NULL;
}

/* All of them by line, and then in order.  False: out of memory. */
static bool sort_entries(struct entries *out, const cordon_trace *trace, step_of *of)
{
    size_t count = 0;
    uint32_t step;

    *out = (struct entries){0};
    while (of(trace, count, &step))
        count++;
    out->items = cdn_calloc(count ? count : 1, sizeof *out->items);
    if (!out->items)
        return false;
    for (; out->count < count; out->count++) {
        of(trace, out->count, &step);
        out->items[out->count] =
            (struct entry){cordon_trace_step_at(trace, step)->line, out->count};
    }
    if (count)
        qsort(out->items, count, sizeof *out->items, by_line);
    return true;
}

/* The entries of a line, which are the next ones; how many. */
static size_t next_of(struct entries *entries, uint32_t line)
{
    size_t first = entries->at;

    while (entries->at < entries->count && entries->items[entries->at].line == line)
        entries->at++;
    return entries->at - first;
}

/* ---- for people ---- */

/* What is told of a line: put together in a buffer, then shown in lines of their own that break
 * at blanks. */
struct page {
    FILE *to;
    const cordon_trace *trace;
    struct cdn_buf note;
};

static size_t columns_of(const char *text, size_t bytes)
{
    size_t columns = 0;

    for (size_t i = 0; i < bytes; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

static void show_note(struct page *page)
{
    const char *at =
        page->note.failed ? "out of memory" : (const char *)page->note.data;
    size_t left = strlen(at), indent = NOTES;

    while (left) {
        size_t most = CDN_TRACED_COLUMNS - indent, bytes = left, blank;

        while (columns_of(at, bytes) > most)
            bytes--;
        for (blank = bytes; bytes < left && blank && at[blank] != ' ';)
            blank--;
        bytes = blank ? blank : bytes;
        fprintf(page->to, "%*s%.*s\n", (int)indent, "", (int)bytes, at);
        at += bytes;
        left -= bytes;
        while (left && *at == ' ') {
            at++;
            left--;
        }
        indent = NOTES + 2;
    }
    cdn_buf_clear(&page->note);
}

/* A number that is most likely a time: whole, in milliseconds of this century. */
static bool is_time(const cordon_trace_value *value, int64_t *ms)
{
    char *end;

    if (strcmp(value->type, "number") != 0)
        return false;
    *ms = strtoll(value->text, &end, 10);
    return !*end && *ms >= INT64_C(946684800000) && *ms < INT64_C(4102444800000);
}

static void say_value(struct cdn_buf *note, const cordon_trace_value *value)
{
    const char *quote = strcmp(value->type, "string") ? "" : "\"";
    char time[40];
    int64_t ms;

    cdn_buf_printf(note, "%s%s%s", quote, value->text, quote);
    if (is_time(value, &ms))
        cdn_buf_printf(note, " (%s)", cdn_time_format(time, sizeof time, ms));
}

/* One local: its values in this line, from the first of them on.  "3 (9 times)" if they are
 * all the same. */
static void show_local(struct page *page, const struct entry *values, size_t count,
                       size_t first)
{
    const cordon_trace_value *value =
        cordon_trace_value_at(page->trace, values[first].number);
    const char *name = value->name;
    const cordon_trace_value *last = value;
    struct cdn_buf *note = &page->note;
    size_t all = 0, shown = 0;
    bool same = true;

    for (size_t i = first; i < count; i++) {
        const cordon_trace_value *other =
            cordon_trace_value_at(page->trace, values[i].number);

        if (strcmp(other->name, name) != 0)
            continue;
        same &= !strcmp(other->text, value->text) && !strcmp(other->type, value->type);
        all++;
        last = other;
    }
    cdn_buf_printf(note, "%s = ", name);
    for (size_t i = first; i < count && shown < (same ? 1 : VALUES); i++) {
        const cordon_trace_value *other =
            cordon_trace_value_at(page->trace, values[i].number);

        if (strcmp(other->name, name) != 0)
            continue;
        cdn_buf_text(note, shown++ ? ", " : "");
        say_value(note, other);
    }
    if (same && all > 1) {
        cdn_buf_printf(note, " (%zu times)", all);
    } else if (all > shown && !same) {
        cdn_buf_text(note, all > shown + 1 ? " ... " : ", ");
        say_value(note, last);
        cdn_buf_printf(note, " (%zu values)", all);
    }
    show_note(page);
}

static void show_values(struct page *page, struct entries *values, uint32_t line)
{
    const struct entry *first = values->items + values->at;
    size_t count = next_of(values, line), known = 0;
    const char *names[LOCALS];

    for (size_t i = 0; i < count && known < LOCALS; i++) {
        const cordon_trace_value *value =
            cordon_trace_value_at(page->trace, first[i].number);
        const char *name = value->name;
        size_t at = 0;

        if (!strcmp(value->type, "function"))
            continue; /* which says no more than its line does */
        while (at < known && strcmp(names[at], name) != 0)
            at++;
        if (at < known)
            continue;
        names[known++] = name;
        show_local(page, first, count, i);
    }
}

static const char *direction_of(const cordon_trace_read *read)
{
    return read->direction == CORDON_TRACE_OUTGOING   ? "outgoing"
           : read->direction == CORDON_TRACE_INCOMING ? "incoming"
                                                      : "both ways,";
}

static void say_window(struct cdn_buf *note, const cordon_trace_read *read)
{
    char time[40];

    if (read->from_ms > read->to_ms) {
        cdn_buf_text(note, ", in an empty window");
        return;
    }
    if (read->from_ms != INT64_MIN)
        cdn_buf_printf(note, ", since %s",
                       cdn_time_format(time, sizeof time, read->from_ms));
    if (read->to_ms != INT64_MAX)
        cdn_buf_printf(note, "%s up to %s", read->from_ms == INT64_MIN ? "," : "",
                       cdn_time_format(time, sizeof time, read->to_ms));
}

static void show_read(struct page *page, const cordon_trace_read *read)
{
    struct cdn_buf *note = &page->note;
    char kept[32], edges[32];

    cdn_buf_printf(note, "%s%s%s %s of %s", read->method, read->method[0] ? ": " : "",
                   direction_of(read), read->type, read->node);
    if (read->nodes > 1)
        cdn_buf_printf(note, " and %" PRIu64 " more", read->nodes - 1);
    say_window(note, read);
    if (read->refined[0])
        cdn_buf_printf(note, ", %s", read->refined);
    cdn_buf_printf(note, ": %s kept, %s read",
                   cdn_show_count(kept, sizeof kept, read->kept),
                   cdn_show_count(edges, sizeof edges, read->edges));
    show_note(page);
}

static void show_reads(struct page *page, struct entries *reads, uint32_t line)
{
    const struct entry *first = reads->items + reads->at;
    size_t count = next_of(reads, line);
    uint64_t edges = 0;
    char shown[32];

    for (size_t i = 0; i < count; i++) {
        const cordon_trace_read *read =
            cordon_trace_read_at(page->trace, first[i].number);

        if (i < READS)
            show_read(page, read);
        else
            edges += read->edges;
    }
    if (count <= READS)
        return;
    cdn_buf_printf(&page->note, "%zu reads more, of %s edges", count - READS,
                   cdn_show_count(shown, sizeof shown, edges));
    show_note(page);
}

/* Where a line that branches went on, in this evaluation alone. */
static void show_ways(struct page *page, const struct cdn_code *code,
                      const struct cdn_branch *branch, const uint64_t *times)
{
    const char *word = "on to line";

    for (uint32_t way = 0; way < branch->to_count; way++) {
        uint64_t gone = times[branch->first + way];

        if (!gone)
            continue;
        cdn_buf_printf(&page->note, "%s %" PRIu32, word,
                       code->targets[branch->first + way]);
        if (gone > 1)
            cdn_buf_printf(&page->note, " (%" PRIu64 " times)", gone);
        word = ",";
    }
    if (!page->note.length)
        return;
    word = ", not";
    for (uint32_t way = 0; way < branch->to_count; way++) {
        if (times[branch->first + way])
            continue;
        cdn_buf_printf(&page->note, "%s to %" PRIu32, word,
                       code->targets[branch->first + way]);
        word = " or";
    }
    show_note(page);
}

/* ---- from the steps ---- */

/* Of the last evaluation: hits by line, and of each way of a branch. */
struct run {
    uint64_t *hits;
    uint64_t *ways; /* as code->targets */
    uint64_t lines;
};

static void count_way(const struct run *run, const struct cdn_code *code, uint32_t from,
                      uint32_t to)
{
    const struct cdn_branch *branch = cdn_code_branch(code, from);

    for (uint32_t way = 0; branch && way < branch->to_count; way++)
        run->ways[branch->first + way] += code->targets[branch->first + way] == to;
}

/* A step goes on from the last one of the same depth, if none less deep came between. */
static bool read_steps(struct run *run, const struct cdn_traced *traced)
{
    const uint32_t lines = cordon_trace_get_summary(traced->trace)->lines;
    uint32_t last[64] = {0};
    const cordon_trace_step *step;

    run->hits = cdn_calloc((size_t)lines + 1, sizeof *run->hits);
    run->ways = cdn_calloc(traced->code.target_count ? traced->code.target_count : 1,
                           sizeof *run->ways);
    if (!run->hits || !run->ways)
        return false;
    for (size_t i = 0; (step = cordon_trace_step_at(traced->trace, i)); i++) {
        uint32_t depth = step->depth < CDN_COUNT(last) ? step->depth : 0;

        if (step->line > lines)
            continue; /* of no line of this text */
        run->lines += !run->hits[step->line]++;
        if (last[depth])
            count_way(run, &traced->code, last[depth], step->line);
        last[depth] = step->line;
        for (size_t deeper = depth + 1; deeper < CDN_COUNT(last); deeper++)
            last[deeper] = 0;
    }
    return true;
}

static void show_lost(FILE *to, const cordon_trace_summary *summary)
{
    char steps[32], values[32], reads[32];

    if (!summary->lost_steps && !summary->lost_values && !summary->lost_reads)
        return;
    fprintf(to, "  the beginning only: %s steps, %s values and %s reads more\n",
            cdn_show_count(steps, sizeof steps, summary->lost_steps),
            cdn_show_count(values, sizeof values, summary->lost_values),
            cdn_show_count(reads, sizeof reads, summary->lost_reads));
}

void cdn_explain_show(FILE *to, bool color, const struct cdn_traced *traced)
{
    const cordon_trace *trace = traced->trace;
    const cordon_trace_summary *summary = cordon_trace_get_summary(trace);
    struct page page = {.to = to, .trace = trace};
    struct entries values = {0}, reads = {0};
    struct run run = {0};
    uint64_t active = 0;

    if (!read_steps(&run, traced) || !sort_entries(&values, trace, value_step) ||
        !sort_entries(&reads, trace, read_step)) {
        fputs("explained  out of memory\n", to);
        goto out;
    }
    for (uint32_t i = 1; i <= summary->lines; i++)
        active += cdn_traced_active(traced, i);
    fprintf(to, "%sexplained%s  %s: %" PRIu64 " of %" PRIu64 " lines ran\n",
            cdn_style(color, CDN_STYLE_BOLD), cdn_style_end(color), traced->file,
            run.lines, active);
    for (uint32_t i = 1; i <= summary->lines; i++) {
        const struct cdn_branch *branch = cdn_code_branch(&traced->code, i);
        char times[32] = "";

        if (!run.hits[i])
            continue;
        if (run.hits[i] > 1)
            snprintf(times, sizeof times, "%" PRIu64 "x", run.hits[i]);
        fprintf(to, "%4" PRIu32 " %4s", i, times);
        cdn_traced_show_line(to, traced, i, BEHIND - 1, false);
        fputs(cdn_style(color, CDN_STYLE_CYAN), to);
        show_reads(&page, &reads, i);
        show_values(&page, &values, i);
        if (branch)
            show_ways(&page, &traced->code, branch, run.ways);
        fputs(cdn_style_end(color), to);
    }
    show_lost(to, summary);
out:
    cdn_buf_deinit(&page.note);
    cdn_free(values.items);
    cdn_free(reads.items);
    cdn_free(run.hits);
    cdn_free(run.ways);
}
