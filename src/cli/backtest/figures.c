/* The figures as one list of names and values: see figures.h. */
#include "cli/backtest/figures.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

struct filling {
    struct cdn_backtest_figures *out;
    bool failed;
};

static void add(struct filling *filling, double value, const char *format, ...)
    CDN_PRINTF(3, 4);

static void add(struct filling *filling, double value, const char *format, ...)
{
    struct cdn_backtest_figures *out = filling->out;
    va_list args;

    if (out->count == out->capacity) {
        size_t more = out->capacity ? out->capacity * 2 : 64;
        struct cdn_backtest_figure *items =
            cdn_realloc_array(out->items, more, sizeof(*items));

        if (!items) {
            filling->failed = true;
            return;
        }
        out->items = items;
        out->capacity = more;
    }
    va_start(args, format);
    vsnprintf(out->items[out->count].name, sizeof(out->items->name), format, args);
    va_end(args);
    out->items[out->count++].value = value;
}

static void add_cost(struct filling *filling, const char *name,
                     const struct cdn_quantiles *cost)
{
    add(filling, (double)cost->p50, "cost.%s.p50", name);
    add(filling, (double)cost->p90, "cost.%s.p90", name);
    add(filling, (double)cost->p99, "cost.%s.p99", name);
    add(filling, (double)cost->p999, "cost.%s.p999", name);
    add(filling, (double)cost->max, "cost.%s.max", name);
    add(filling, cost->mean, "cost.%s.mean", name);
}

static void add_measures(struct filling *filling, const struct cdn_measures *m)
{
    const struct cdn_sweep *sweep = &m->sweep;

    add(filling, (double)m->events, "events");
    add(filling, (double)m->judged, "judged");
    add(filling, (double)m->truths[CDN_TRUTH_FRAUD], "fraud");
    add(filling, (double)m->truths[CDN_TRUTH_GOOD], "good");
    add(filling, (double)m->truths[CDN_TRUTH_UNKNOWN], "unlabelled");
    add(filling, (double)m->alerts, "alerts");
    add(filling, m->alert_rate.value, "alert_rate");
    add(filling, (double)m->tp, "tp");
    add(filling, (double)m->fp, "fp");
    add(filling, (double)m->fn, "fn");
    add(filling, (double)m->tn, "tn");
    add(filling, m->precision.value, "precision");
    add(filling, m->recall.value, "recall");
    add(filling, m->f1, "f1");
    add(filling, m->false_positive_rate.value, "false_positive_rate");
    add(filling, sweep->average_precision, "average_precision");
    add(filling, sweep->roc_area, "roc_area");
    add(filling, sweep->best_f1, "best_f1");
    add(filling, m->money_tp, "money.caught");
    add(filling, m->money_fn, "money.missed");
    add(filling, m->money_fp, "money.false_alarms");
    add(filling, m->money_recall, "money.recall");
    add(filling, (double)m->fallbacks, "fallbacks");
    for (uint8_t k = 0; k < CDN_VERDICT_KINDS; k++)
        add(filling, (double)m->kinds[k], "outcomes.%s", cdn_verdict_kind_word(k));
    add_cost(filling, "instructions", &m->instructions);
    add_cost(filling, "edges", &m->edges);
    add_cost(filling, "nodes", &m->nodes);
    add_cost(filling, "memory_bytes", &m->memory_bytes);
    add_cost(filling, "wall_ns", &m->wall_ns);
}

cordon_status cdn_backtest_figures_fill(struct cdn_backtest_figures *out,
                                        const struct cdn_backtest *test,
                                        cordon_error *err)
{
    const struct cdn_side *side = &test->sides[0];
    const struct cdn_changes *changes = &test->changes;
    struct filling filling = {.out = out};

    *out = (struct cdn_backtest_figures){0};
    add_measures(&filling, &side->measures);
    for (uint32_t d = 0; d < CDN_DECISIONS; d++) {
        const uint64_t *counts = side->measures.decisions[d];
        const char *word = cdn_decision_word(side->rule, (uint8_t)d);

        if (word || d + 1 == CDN_DECISIONS)
            add(&filling, (double)(counts[0] + counts[1] + counts[2]), "decisions.%s",
                word ? word : "none");
    }
    if (test->side_count == 2) {
        add(&filling, (double)changes->decisions, "changes.decisions");
        add(&filling, (double)changes->scores, "changes.scores");
        add(&filling, (double)changes->gained, "changes.gained");
        add(&filling, (double)changes->lost, "changes.lost");
        add(&filling, (double)changes->better, "changes.better");
        add(&filling, (double)changes->worse, "changes.worse");
    }
    if (!filling.failed)
        return CORDON_OK;
    cdn_backtest_figures_deinit(out);
    return cdn_error_nomem(err);
}

const struct cdn_backtest_figure *
cdn_backtest_figures_find(const struct cdn_backtest_figures *figures, const char *name)
{
    for (size_t i = 0; i < figures->count; i++) {
        if (!strcmp(figures->items[i].name, name))
            return &figures->items[i];
    }
    return NULL;
}

void cdn_backtest_figures_deinit(struct cdn_backtest_figures *figures)
{
    cdn_free(figures->items);
    *figures = (struct cdn_backtest_figures){0};
}
