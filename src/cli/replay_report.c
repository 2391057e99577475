/* What became of replayed decisions: counts, the matrix of decisions, costs, examples. */
#include "cli/replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/audit.h"

void cdn_replay_report_init(struct cdn_replay_report *report, size_t most_examples)
{
    *report = (struct cdn_replay_report){.most_examples = most_examples};
    report->costs[0].name = "instructions";
    report->costs[1].name = "edges";
    report->costs[2].name = "output_bytes";
}

void cdn_replay_report_deinit(struct cdn_replay_report *report)
{
    for (int i = 0; i < CDN_REPLAY_COSTS; i++) {
        cdn_free(report->costs[i].was);
        cdn_free(report->costs[i].is);
    }
    for (size_t i = 0; i < report->example_count; i++)
        cdn_buf_deinit(&report->examples[i].node);
    cdn_free(report->examples);
    cdn_free(report->cells);
    *report = (struct cdn_replay_report){0};
}

/* ---- gathering ---- */

/* "deny", "review (fallback)", "none", with what came from outside escaped. */
static void word_of(char out[80], const char *decision, size_t bytes, bool fallback)
{
    char shown[64];

    (void)snprintf(out, 80, "%s%s",
                   decision ? cdn_escape(shown, sizeof shown, decision, bytes) : "none",
                   fallback && decision ? " (fallback)" : "");
}

static cordon_status grow_costs(struct cdn_replay_report *report, cordon_error *err)
{
    size_t room = report->room ? 2 * report->room : 1024;

    for (int i = 0; i < CDN_REPLAY_COSTS; i++) {
        struct cdn_replay_cost *cost = &report->costs[i];
        uint64_t *grown = cdn_realloc_array(cost->was, room, sizeof *grown);

        if (!grown)
            return cdn_error_nomem(err);
        cost->was = grown;
        grown = cdn_realloc_array(cost->is, room, sizeof *grown);
        if (!grown)
            return cdn_error_nomem(err);
        cost->is = grown;
    }
    report->room = room;
    return CORDON_OK;
}

static cordon_status add_costs(struct cdn_replay_report *report,
                               const cordon_usage *was, const cordon_usage *is,
                               cordon_error *err)
{
    const uint64_t numbers[CDN_REPLAY_COSTS][2] = {
        {was->instructions, is->instructions},
        {was->edges, is->edges},
        {was->output_bytes, is->output_bytes},
    };
    cordon_status status =
        report->compared == report->room ? grow_costs(report, err) : CORDON_OK;

    if (status)
        return status;
    for (int i = 0; i < CDN_REPLAY_COSTS; i++) {
        report->costs[i].was[report->compared] = numbers[i][0];
        report->costs[i].is[report->compared] = numbers[i][1];
    }
    report->compared++;
    return CORDON_OK;
}

static cordon_status add_cell(struct cdn_replay_report *report, const char *was,
                              const char *is, cordon_error *err)
{
    struct cdn_replay_cell *cell;

    for (size_t i = 0; i < report->cell_count; i++) {
        cell = &report->cells[i];
        if (!strcmp(cell->was, was) && !strcmp(cell->is, is)) {
            cell->count++;
            return CORDON_OK;
        }
    }
    cell = cdn_realloc_array(report->cells, report->cell_count + 1, sizeof *cell);
    if (!cell)
        return cdn_error_nomem(err);
    report->cells = cell;
    cell += report->cell_count++;
    *cell = (struct cdn_replay_cell){.count = 1};
    memcpy(cell->was, was, strlen(was) + 1);
    memcpy(cell->is, is, strlen(is) + 1);
    return CORDON_OK;
}

static cordon_status add_example(struct cdn_replay_report *report,
                                 const struct cdn_audit_view *view,
                                 const struct cdn_replay_result *result,
                                 const char *was, const char *is, cordon_error *err)
{
    struct cdn_replay_example *example;

    if (report->example_count == report->most_examples)
        return CORDON_OK;
    example =
        cdn_realloc_array(report->examples, report->example_count + 1, sizeof *example);
    if (!example)
        return cdn_error_nomem(err);
    report->examples = example;
    example += report->example_count++;
    *example = (struct cdn_replay_example){.verdict = result->verdict};
    cdn_escape(example->decision_id, sizeof example->decision_id, view->decision_id.at,
               view->decision_id.bytes);
    cdn_escape(example->rule, sizeof example->rule, view->rule.at, view->rule.bytes);
    memcpy(example->was, was, strlen(was) + 1);
    memcpy(example->is, is, strlen(is) + 1);
    (void)snprintf(example->why, sizeof example->why, "%s", result->why);
    cdn_audit_node(&example->node, view);
    return example->node.failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_replay_report_add(struct cdn_replay_report *report,
                                    const struct cdn_audit_view *view,
                                    const struct cdn_replay_result *result,
                                    cordon_error *err)
{
    const cordon_outcome *outcome = result->outcome;
    cordon_status status = CORDON_OK;
    char was[80], is[80] = "";

    report->counts[result->verdict]++;
    word_of(was, view->decision.at, view->decision.bytes, view->fallback);
    if (outcome) {
        const char *decision = cordon_outcome_decision(outcome);

        word_of(is, decision, decision ? strlen(decision) : 0,
                cordon_outcome_is_fallback(outcome));
    }
    if (result->verdict == CDN_REPLAY_TEXT_MISSING && !report->missing[0] &&
        view->digest.at)
        cdn_escape(report->missing, sizeof report->missing, view->digest.at,
                   view->digest.bytes);
    if (result->verdict == CDN_REPLAY_IDENTICAL ||
        result->verdict == CDN_REPLAY_CHANGED) {
        status = add_costs(report, &view->usage, cordon_outcome_usage(outcome), err);
        if (!status)
            status = add_cell(report, was, is, err);
    }
    if (!status && (result->verdict == CDN_REPLAY_CHANGED ||
                    result->verdict == CDN_REPLAY_REFUSED))
        status = add_example(report, view, result, was, is, err);
    return status;
}

/* ---- figures ---- */

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int compare_cells(const void *a, const void *b)
{
    const struct cdn_replay_cell *left = a, *right = b;
    int order = strcmp(left->was, right->was);

    return order ? order : strcmp(left->is, right->is);
}

/* Sorts what is to be shown; nothing can be added in order afterwards, nor need be. */
static void prepare(struct cdn_replay_report *report)
{
    for (int i = 0; i < CDN_REPLAY_COSTS && report->compared; i++) {
        qsort(report->costs[i].was, report->compared, sizeof(uint64_t), compare_u64);
        qsort(report->costs[i].is, report->compared, sizeof(uint64_t), compare_u64);
    }
    if (report->cell_count)
        qsort(report->cells, report->cell_count, sizeof *report->cells, compare_cells);
}

static const struct {
    const char *name;
    unsigned hundredths;
} quantiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};

static uint64_t quantile(const uint64_t *sorted, uint64_t count, unsigned hundredths)
{
    return sorted[(count * hundredths + 99) / 100 - 1];
}

/* ---- JSON ---- */

static void json_costs(struct cdn_json *json, const struct cdn_replay_report *report)
{
    cdn_json_key(json, "cost");
    cdn_json_object(json);
    for (int i = 0; i < CDN_REPLAY_COSTS && report->compared; i++) {
        const struct cdn_replay_cost *cost = &report->costs[i];

        cdn_json_key(json, cost->name);
        cdn_json_object(json);
        for (size_t q = 0; q < CDN_COUNT(quantiles); q++) {
            cdn_json_key(json, quantiles[q].name);
            cdn_json_array(json);
            cdn_json_uint(
                json, quantile(cost->was, report->compared, quantiles[q].hundredths));
            cdn_json_uint(
                json, quantile(cost->is, report->compared, quantiles[q].hundredths));
            cdn_json_array_end(json);
        }
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
}

static void json_examples(struct cdn_json *json, const struct cdn_replay_report *report)
{
    cdn_json_key(json, "examples");
    cdn_json_array(json);
    for (size_t i = 0; i < report->example_count; i++) {
        const struct cdn_replay_example *example = &report->examples[i];

        cdn_json_object(json);
        cdn_json_key_cstr(json, "decision_id", example->decision_id);
        cdn_json_key_cstr(json, "rule", example->rule);
        cdn_json_key(json, "node");
        cdn_json_str(json, (const char *)example->node.data, example->node.length);
        cdn_json_key_cstr(json, "verdict", cdn_replay_word(example->verdict));
        cdn_json_key_cstr(json, "was", example->was);
        cdn_json_key_cstr(json, "is", example->is[0] ? example->is : NULL);
        cdn_json_key_cstr(json, "why", example->why);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

void cdn_replay_report_json(struct cdn_json *json, struct cdn_replay_report *report,
                            const char *candidate)
{
    prepare(report);
    if (candidate)
        cdn_json_key_cstr(json, "candidate", candidate);
    cdn_json_key_uint(json, "records", report->records);
    for (int i = 0; i < CDN_REPLAY_VERDICTS; i++)
        cdn_json_key_uint(json, cdn_replay_word((enum cdn_replay_verdict)i),
                          report->counts[i]);
    if (candidate)
        cdn_json_key_uint(json, "of_other_rules", report->skipped);
    cdn_json_key(json, "decisions");
    cdn_json_array(json);
    for (size_t i = 0; i < report->cell_count; i++) {
        cdn_json_object(json);
        cdn_json_key_cstr(json, "was", report->cells[i].was);
        cdn_json_key_cstr(json, "is", report->cells[i].is);
        cdn_json_key_uint(json, "count", report->cells[i].count);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    json_costs(json, report);
    json_examples(json, report);
}

/* ---- for people ---- */

static void show_counts(FILE *to, bool color, const struct cdn_replay_report *report,
                        const char *candidate)
{
    static const struct {
        enum cdn_replay_verdict verdict;
        const char *text;
    } rows[] = {
        {CDN_REPLAY_NOT_REPRODUCIBLE,
         "cannot be reproduced (time, memory, cancelled, denied, host functions)"},
        {CDN_REPLAY_GENERATION_GONE, "their generation is not in the store any more"},
        {CDN_REPLAY_TEXT_MISSING,
         "their rule's text was not found; give it with --rules"},
        {CDN_REPLAY_MASKED, "their input was masked or erased"},
        {CDN_REPLAY_REFUSED, "could not be evaluated"},
    };
    uint64_t changed = report->counts[CDN_REPLAY_CHANGED];
    char shown[32];

    fprintf(to, "%s of %" PRIu64 " decisions\n", candidate ? candidate : "replay",
            report->records);
    fprintf(to, "  %s%s identical%s%s\n", cdn_style(color, CDN_STYLE_GREEN),
            cdn_show_count(shown, sizeof shown, report->counts[CDN_REPLAY_IDENTICAL]),
            candidate ? " decisions" : "", cdn_style_end(color));
    fprintf(to, "  %s%s changed%s%s\n", changed ? cdn_style(color, CDN_STYLE_RED) : "",
            cdn_show_count(shown, sizeof shown, changed), candidate ? " decisions" : "",
            changed ? cdn_style_end(color) : "");
    for (size_t i = 0; i < CDN_COUNT(rows); i++) {
        if (report->counts[rows[i].verdict])
            fprintf(
                to, "  %s: %s\n",
                cdn_show_count(shown, sizeof shown, report->counts[rows[i].verdict]),
                rows[i].text);
    }
    if (report->skipped)
        fprintf(to, "  %s are of other rules\n",
                cdn_show_count(shown, sizeof shown, report->skipped));
}

static bool show_matrix(FILE *to, bool color, const struct cdn_replay_report *report)
{
    struct cdn_table table;
    char shown[32];
    bool ok;

    if (!report->cell_count)
        return true;
    fputc('\n', to);
    cdn_table_init(&table, 4, "lllr");
    cdn_table_cell(&table, "was");
    cdn_table_cell(&table, "is");
    cdn_table_cell(&table, "%s", "");
    cdn_table_cell(&table, "decisions");
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct cdn_replay_cell *cell = &report->cells[i];

        cdn_table_cell(&table, "%s", cell->was);
        cdn_table_cell(&table, "%s", cell->is);
        cdn_table_cell(&table, "%s", strcmp(cell->was, cell->is) ? "changed" : "");
        cdn_table_cell(&table, "%s", cdn_show_count(shown, sizeof shown, cell->count));
    }
    ok = cdn_table_print(&table, to, color, 2);
    cdn_table_deinit(&table);
    return ok;
}

static bool show_costs(FILE *to, bool color, const struct cdn_replay_report *report)
{
    struct cdn_table table;
    char was[32], is[32];
    bool ok;

    if (!report->compared)
        return true;
    fputc('\n', to);
    cdn_table_init(&table, 1 + CDN_COUNT(quantiles), "lrrrr");
    cdn_table_cell(&table, "cost");
    for (size_t q = 0; q < CDN_COUNT(quantiles); q++)
        cdn_table_cell(&table, "%s", quantiles[q].name);
    for (int i = 0; i < CDN_REPLAY_COSTS; i++) {
        const struct cdn_replay_cost *cost = &report->costs[i];

        cdn_table_cell(&table, "%s", cost->name);
        for (size_t q = 0; q < CDN_COUNT(quantiles); q++) {
            uint64_t before =
                quantile(cost->was, report->compared, quantiles[q].hundredths);
            uint64_t now =
                quantile(cost->is, report->compared, quantiles[q].hundredths);

            if (before == now)
                cdn_table_cell(&table, "%s", cdn_show_count(is, sizeof is, now));
            else
                cdn_table_cell(&table, "%s -> %s",
                               cdn_show_count(was, sizeof was, before),
                               cdn_show_count(is, sizeof is, now));
        }
    }
    ok = cdn_table_print(&table, to, color, 2);
    cdn_table_deinit(&table);
    return ok;
}

static void show_examples(FILE *to, bool color, const struct cdn_replay_report *report)
{
    for (size_t i = 0; i < report->example_count; i++) {
        const struct cdn_replay_example *example = &report->examples[i];
        char shown[500];

        fprintf(to, "%s  %s%s%s  %s  %s  %s\n", i ? "" : "\n",
                cdn_style(color, CDN_STYLE_BOLD), example->decision_id,
                cdn_style_end(color), example->rule,
                example->node.data ? (const char *)example->node.data : "-",
                cdn_escape(shown, sizeof shown, example->why, strlen(example->why)));
    }
}

bool cdn_replay_report_show(FILE *to, bool color, struct cdn_replay_report *report,
                            const char *candidate)
{
    prepare(report);
    show_counts(to, color, report, candidate);
    if (candidate &&
        (!show_matrix(to, color, report) || !show_costs(to, color, report)))
        return false;
    show_examples(to, color, report);
    return true;
}
