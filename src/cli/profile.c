/* Where a rule's cost is: its lines, dearest first.
 *
 *     profile   rules/fraud/fan_in.lua, 1 run
 *       instructions         edges   nodes  in the graph  hits  line
 *                 61  41.2 %    48      25        1.2 us     1    27  local payers = ...
 *
 * Instructions rank, since they are counted exactly and bound everything else; where they are
 * equal the earlier line comes first.  Times are shown and not relied on. */
#include "cli/cli.h"
#include "cli/traced.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"

#define MOST 20 /* lines shown to people */

struct row {
    uint32_t line; /* 0: what belongs to none */
    const cordon_trace_line *cost;
};

static bool costs(const cordon_trace_line *line)
{
    return line->hits || line->instructions || line->edges || line->nodes;
}

static int dearest_first(const void *a, const void *b)
{
    const struct row *one = a, *two = b;

    if (one->cost->instructions != two->cost->instructions)
        return one->cost->instructions > two->cost->instructions ? -1 : 1;
    return (one->line > two->line) - (one->line < two->line);
}

/* All lines that cost something, ranked; NULL: out of memory.  The caller frees. */
static struct row *rank(const struct cdn_traced *traced, size_t *count)
{
    uint32_t lines = cordon_trace_get_summary(traced->trace)->lines;
    struct row *rows = cdn_calloc((size_t)lines + 1, sizeof *rows);

    *count = 0;
    for (uint32_t i = 0; rows && i <= lines; i++) {
        const cordon_trace_line *cost = cordon_trace_line_at(traced->trace, i);

        if (cost && costs(cost))
            rows[(*count)++] = (struct row){i, cost};
    }
    if (*count)
        qsort(rows, *count, sizeof *rows, dearest_first);
    return rows;
}

static uint64_t instructions_of(const struct row *rows, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += rows[i].cost->instructions;
    return total;
}

void cdn_profile_show(FILE *to, bool color, const struct cdn_traced *traced)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(traced->trace);
    size_t count;
    struct row *rows = rank(traced, &count);
    uint64_t total = instructions_of(rows, count), rest = 0;
    char runs[32];

    fprintf(to, "%sprofile%s  %s, %s run%s\n", cdn_style(color, CDN_STYLE_BOLD),
            cdn_style_end(color), traced->file,
            cdn_show_count(runs, sizeof runs, summary->runs),
            summary->runs == 1 ? "" : "s");
    fprintf(to, "  %s%12s %7s %8s %7s %9s %7s  %4s%s\n",
            cdn_style(color, CDN_STYLE_DIM), "instructions", "share", "edges", "nodes",
            "graph", "hits", "line", cdn_style_end(color));
    for (size_t i = 0; i < count; i++) {
        const cordon_trace_line *cost = rows[i].cost;
        char a[32], b[32], c[32], d[32], e[32];

        if (i >= MOST) {
            rest += cost->instructions;
            continue;
        }
        fprintf(to, "  %12s %5.1f %% %8s %7s %9s %7s  ",
                cdn_show_count(a, sizeof a, cost->instructions),
                total ? 100 * (double)cost->instructions / (double)total : 0,
                cdn_show_count(b, sizeof b, cost->edges),
                cdn_show_count(c, sizeof c, cost->nodes),
                cost->native_ns ? cdn_show_ns(d, sizeof d, cost->native_ns) : "-",
                rows[i].line ? cdn_show_count(e, sizeof e, cost->hits) : "-");
        if (rows[i].line) {
            fprintf(to, "%4" PRIu32 " ", rows[i].line);
            cdn_traced_show_line(to, traced, rows[i].line, 64, true);
        } else {
            fputs("   -  (before the function begins, or unseen)\n", to);
        }
    }
    if (count > MOST) {
        char shown[32];

        fprintf(to, "  %12s %5.1f %%  %zu lines more\n",
                cdn_show_count(shown, sizeof shown, rest),
                total ? 100 * (double)rest / (double)total : 0, count - MOST);
    }
    if (summary->lost_lines)
        fprintf(to, "  the last %" PRIu64 " lines are not counted: no room\n",
                summary->lost_lines);
    cdn_free(rows);
}

void cdn_profile_json(struct cdn_json *json, const struct cdn_traced *traced)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(traced->trace);
    size_t count;
    struct row *rows = rank(traced, &count);

    if (!rows)
        json->out->failed = true;
    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", traced->file);
    cdn_json_key_cstr(json, "digest", summary->source_hash);
    cdn_json_key_uint(json, "runs", summary->runs);
    cdn_json_key_uint(json, "lost_lines", summary->lost_lines);
    cdn_json_key(json, "lines");
    cdn_json_array(json);
    for (size_t i = 0; rows && i < count; i++) {
        const cordon_trace_line *cost = rows[i].cost;

        cdn_json_object(json);
        cdn_json_key_uint(json, "line", rows[i].line);
        cdn_json_key_uint(json, "hits", cost->hits);
        cdn_json_key_uint(json, "instructions", cost->instructions);
        cdn_json_key_uint(json, "edges", cost->edges);
        cdn_json_key_uint(json, "nodes", cost->nodes);
        cdn_json_key_uint(json, "native_ns", cost->native_ns);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
    cdn_free(rows);
}
