/* What of a rule has run: its text, each line with how often it did, and each branch with the
 * ways that were never gone.
 *
 *     coverage  rules/fraud/fan_in.lua, 12 runs: 13 of 14 lines (92.9 %), 3 of 4 branches (75.0 %)
 *           12   33  if payers >= params.payers and not account.business then
 *                    to 34 never, to 36 12 times
 *            0 ! 34    decision = passed_on >= params.passed and "deny" or "allow"
 *
 * What could have run is what the compiled text says (sandbox/code.h).  A branch is one way
 * from a line to another; what is decided within a line is not told apart. */
#include "cli/cli.h"
#include "cli/traced.h"

#include <inttypes.h>

struct tally {
    uint64_t lines, lines_run;
    uint64_t branches, branches_run;
};

static struct tally count(const struct cdn_traced *traced)
{
    uint32_t lines = cordon_trace_get_summary(traced->trace)->lines;
    const struct cdn_code *code = &traced->code;
    struct tally tally = {0};

    for (uint32_t i = 1; i <= lines; i++) {
        if (!cdn_traced_active(traced, i))
            continue;
        tally.lines++;
        tally.lines_run += cdn_traced_hits(traced, i) > 0;
    }
    for (uint32_t i = 0; i < code->branch_count; i++) {
        const struct cdn_branch *branch = &code->branches[i];

        tally.branches += branch->to_count;
        for (uint32_t way = 0; way < branch->to_count; way++)
            tally.branches_run +=
                cdn_traced_jumps(traced, branch->from,
                                 code->targets[branch->first + way]) > 0;
    }
    return tally;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 100;
}

static void show_branch(FILE *to, bool color, const struct cdn_traced *traced,
                        const struct cdn_branch *branch)
{
    fprintf(to, "%17s", "");
    for (uint32_t way = 0; way < branch->to_count; way++) {
        uint32_t target = traced->code.targets[branch->first + way];
        uint64_t times = cdn_traced_jumps(traced, branch->from, target);
        char shown[32];

        fprintf(to, "%sto %" PRIu32 " ", way ? ", " : "", target);
        if (times)
            fprintf(to, "%s time%s", cdn_show_count(shown, sizeof shown, times),
                    times == 1 ? "" : "s");
        else
            fprintf(to, "%snever%s", cdn_style(color, CDN_STYLE_RED),
                    cdn_style_end(color));
    }
    fputc('\n', to);
}

void cdn_coverage_show(FILE *to, bool color, const struct cdn_traced *traced)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(traced->trace);
    struct tally tally = count(traced);
    uint32_t lines = summary->lines;
    char runs[32];
    size_t bytes;

    if (lines && !*cdn_traced_line(traced, lines, &bytes))
        lines--; /* the text ends with the line before it */

    fprintf(
        to, "%scoverage%s  %s, %s run%s: %" PRIu64 " of %" PRIu64 " lines (%.1f %%)",
        cdn_style(color, CDN_STYLE_BOLD), cdn_style_end(color), traced->file,
        cdn_show_count(runs, sizeof runs, summary->runs), summary->runs == 1 ? "" : "s",
        tally.lines_run, tally.lines, percent(tally.lines_run, tally.lines));
    if (traced->code.known)
        fprintf(to, ", %" PRIu64 " of %" PRIu64 " branches (%.1f %%)",
                tally.branches_run, tally.branches,
                percent(tally.branches_run, tally.branches));
    fputc('\n', to);
    for (uint32_t i = 1; i <= lines; i++) {
        uint64_t hits = cdn_traced_hits(traced, i);
        bool active = cdn_traced_active(traced, i);
        const struct cdn_branch *branch = cdn_code_branch(&traced->code, i);
        char shown[32] = "";

        if (active)
            cdn_show_count(shown, sizeof shown, hits);
        fprintf(to, "%9s %s%s%s %4" PRIu32, shown, cdn_style(color, CDN_STYLE_RED),
                active && !hits ? "!" : " ", cdn_style_end(color), i);
        cdn_traced_show_line(to, traced, i, 16, false);
        if (branch && hits)
            show_branch(to, color, traced, branch);
    }
    if (summary->lost_lines || summary->lost_jumps)
        fputs("  not all of it was seen: what is missing may have run\n", to);
}

static void write_branch(struct cdn_json *json, const struct cdn_traced *traced,
                         const struct cdn_branch *branch)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "line", branch->from);
    cdn_json_key(json, "ways");
    cdn_json_array(json);
    for (uint32_t way = 0; way < branch->to_count; way++) {
        uint32_t target = traced->code.targets[branch->first + way];

        cdn_json_object(json);
        cdn_json_key_uint(json, "to", target);
        cdn_json_key_uint(json, "times",
                          cdn_traced_jumps(traced, branch->from, target));
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

void cdn_coverage_json(struct cdn_json *json, const struct cdn_traced *traced)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(traced->trace);
    struct tally tally = count(traced);

    cdn_json_object(json);
    cdn_json_key_cstr(json, "file", traced->file);
    cdn_json_key_cstr(json, "digest", summary->source_hash);
    cdn_json_key_uint(json, "runs", summary->runs);
    cdn_json_key_uint(json, "lines", tally.lines);
    cdn_json_key_uint(json, "lines_run", tally.lines_run);
    if (traced->code.known) {
        cdn_json_key_uint(json, "branches", tally.branches);
        cdn_json_key_uint(json, "branches_run", tally.branches_run);
    }
    cdn_json_key_bool(json, "truncated", summary->lost_lines || summary->lost_jumps);
    cdn_json_key(json, "hits");
    cdn_json_array(json);
    for (uint32_t i = 1; i <= summary->lines; i++) {
        if (!cdn_traced_active(traced, i))
            continue;
        cdn_json_object(json);
        cdn_json_key_uint(json, "line", i);
        cdn_json_key_uint(json, "hits", cdn_traced_hits(traced, i));
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    if (traced->code.known) {
        cdn_json_key(json, "branch_hits");
        cdn_json_array(json);
        for (uint32_t i = 0; i < traced->code.branch_count; i++)
            write_branch(json, traced, &traced->code.branches[i]);
        cdn_json_array_end(json);
    }
    cdn_json_object_end(json);
}
