/* Coverage of many runs in one: see coverage.h. */
#include "cli/testing/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/trace.h>

#include "base/alloc.h"
#include "cli/testing/harness.h"

static void release(struct cdn_covered *rule)
{
    cdn_free(rule->file);
    cdn_buf_deinit(&rule->source);
    cdn_code_deinit(&rule->code);
    cdn_free(rule->hits);
    cdn_free(rule->jumps);
}

void cdn_coverage_deinit(struct cdn_coverage *coverage)
{
    for (size_t i = 0; i < coverage->count; i++)
        release(&coverage->rules[i]);
    cdn_free(coverage->rules);
    *coverage = (struct cdn_coverage){0};
}

static cordon_status make(struct cdn_covered *out, const struct cdn_subject *subject,
                          cordon_error *err)
{
    cordon_status status;

    *out = (struct cdn_covered){.file = cdn_strdup(subject->file)};
    cdn_buf_append(&out->source, subject->source.data, subject->source.length);
    status = cdn_code_read(&out->code, (const char *)subject->source.data,
                           subject->source.length, subject->file, err);
    if (status ==
        CORDON_E_RULE) { /* it has run, so it compiles: it takes too long here */
        cdn_code_deinit(&out->code);
        out->code = (struct cdn_code){0};
        status = CORDON_OK;
    }
    if (!status) {
        out->hits = cdn_calloc((size_t)out->code.count + 1, sizeof *out->hits);
        out->jumps = cdn_calloc((size_t)out->code.target_count + 1, sizeof *out->jumps);
        if (!out->file || out->source.failed || !out->hits || !out->jumps)
            status = cdn_error_nomem(err);
    }
    if (status)
        release(out);
    return status;
}

/* The rule's entry, made where its name belongs. */
static cordon_status find(struct cdn_covered **out, struct cdn_coverage *coverage,
                          const struct cdn_subject *subject, cordon_error *err)
{
    struct cdn_covered new, *grown;
    size_t at = 0;
    cordon_status status;

    while (at < coverage->count && strcmp(coverage->rules[at].file, subject->file) < 0)
        at++;
    *out = &coverage->rules[at];
    if (at < coverage->count && !strcmp(coverage->rules[at].file, subject->file))
        return CORDON_OK;
    status = make(&new, subject, err);
    if (status)
        return status;
    grown = cdn_realloc_array(coverage->rules, coverage->count + 1, sizeof *grown);
    if (!grown) {
        release(&new);
        return cdn_error_nomem(err);
    }
    coverage->rules = grown;
    memmove(&grown[at + 1], &grown[at], (coverage->count - at) * sizeof *grown);
    grown[at] = new;
    coverage->count++;
    *out = &grown[at];
    return CORDON_OK;
}

cordon_status cdn_coverage_add(struct cdn_coverage *coverage,
                               const struct cdn_subject *subject, cordon_error *err)
{
    const cordon_trace_jump *jump;
    struct cdn_covered *rule;
    cordon_status status;

    if (!subject->trace)
        return CORDON_OK;
    status = find(&rule, coverage, subject, err);
    if (status)
        return status;
    for (uint32_t i = 1; i <= rule->code.count; i++) {
        const cordon_trace_line *line = cordon_trace_line_at(subject->trace, i);

        rule->hits[i] += line ? line->hits : 0;
    }
    for (size_t i = 0; (jump = cordon_trace_jump_at(subject->trace, i)); i++) {
        const struct cdn_branch *branch = cdn_code_branch(&rule->code, jump->from);

        for (uint32_t way = 0; branch && rule->code.targets && way < branch->to_count;
             way++)
            if (rule->code.targets[branch->first + way] == jump->to)
                rule->jumps[branch->first + way] += jump->count;
    }
    return CORDON_OK;
}

void cdn_coverage_tally(struct cdn_coverage_tally *tally,
                        const struct cdn_covered *rule)
{
    for (uint32_t i = 1; i <= rule->code.count; i++) {
        tally->lines += rule->code.active[i] != 0;
        tally->lines_run += rule->code.active[i] && rule->hits[i];
    }
    for (uint32_t i = 0; i < rule->code.target_count; i++)
        tally->branches_run += rule->jumps[i] > 0;
    tally->branches += rule->code.target_count;
}

void cdn_coverage_missing(struct cdn_buf *out, const struct cdn_covered *rule)
{
    const char *between = "";

    for (uint32_t i = 1; i <= rule->code.count; i++) {
        uint32_t last = i;

        if (!rule->code.active[i] || rule->hits[i])
            continue;
        for (uint32_t k = i + 1; k <= rule->code.count; k++) {
            if (rule->code.active[k] && rule->hits[k])
                break;
            if (rule->code.active[k])
                last = k;
        }
        cdn_buf_printf(out, last > i ? "%s%" PRIu32 "-%" PRIu32 : "%s%" PRIu32, between,
                       i, last);
        between = ", ";
        i = last;
    }
}

void cdn_coverage_missing_branches(struct cdn_buf *out, const struct cdn_covered *rule)
{
    const char *between = "";

    for (uint32_t i = 0; i < rule->code.branch_count; i++) {
        const struct cdn_branch *branch = &rule->code.branches[i];

        for (uint32_t way = 0; way < branch->to_count; way++) {
            if (rule->jumps[branch->first + way])
                continue;
            cdn_buf_printf(out, "%s%" PRIu32 " to %" PRIu32, between, branch->from,
                           rule->code.targets[branch->first + way]);
            between = ", ";
        }
    }
}

double cdn_coverage_percent(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 100;
}

bool cdn_coverage_reaches(const struct cdn_coverage *coverage, double threshold,
                          struct cdn_coverage_tally *all)
{
    *all = (struct cdn_coverage_tally){0};
    for (size_t i = 0; i < coverage->count; i++)
        cdn_coverage_tally(all, &coverage->rules[i]);
    return cdn_coverage_percent(all->lines_run, all->lines) >= threshold &&
           cdn_coverage_percent(all->branches_run, all->branches) >= threshold;
}
