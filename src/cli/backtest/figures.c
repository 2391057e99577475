/* The figures as one list of names and values: see figures.h. */
#include "cli/backtest/figures.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"

struct filling {
    struct cdn_figures *out;
    bool failed;
};

static void add(struct filling *filling, enum cdn_figure_kind kind, double value,
                const char *format, ...) CDN_PRINTF(4, 5);

static void add(struct filling *filling, enum cdn_figure_kind kind, double value,
                const char *format, ...)
{
    struct cdn_figures *out = filling->out;
    va_list args;

    if (out->count == out->capacity) {
        size_t more = out->capacity ? out->capacity * 2 : 64;
        struct cdn_figure *items = cdn_realloc_array(out->items, more, sizeof(*items));

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
    out->items[out->count].value = value;
    out->items[out->count++].kind = kind;
}

static void add_cost(struct filling *filling, enum cdn_figure_kind kind,
                     const char *name, const struct cdn_quantiles *cost)
{
    add(filling, kind, (double)cost->p50, "cost.%s.p50", name);
    add(filling, kind, (double)cost->p90, "cost.%s.p90", name);
    add(filling, kind, (double)cost->p99, "cost.%s.p99", name);
    add(filling, kind, (double)cost->p999, "cost.%s.p999", name);
    add(filling, kind, (double)cost->max, "cost.%s.max", name);
    add(filling, kind, cost->mean, "cost.%s.mean", name);
}

static void add_measures(struct filling *filling, const struct cdn_measures *m)
{
    const struct cdn_sweep *sweep = &m->sweep;

    add(filling, CDN_FIGURE_COUNT, (double)m->events, "events");
    add(filling, CDN_FIGURE_COUNT, (double)m->judged, "judged");
    add(filling, CDN_FIGURE_COUNT, (double)m->truths[CDN_TRUTH_FRAUD], "fraud");
    add(filling, CDN_FIGURE_COUNT, (double)m->truths[CDN_TRUTH_GOOD], "good");
    add(filling, CDN_FIGURE_COUNT, (double)m->truths[CDN_TRUTH_UNKNOWN], "unlabelled");
    add(filling, CDN_FIGURE_COUNT, (double)m->alerts, "alerts");
    add(filling, CDN_FIGURE_SHARE, m->alert_rate.value, "alert_rate");
    add(filling, CDN_FIGURE_COUNT, (double)m->tp, "tp");
    add(filling, CDN_FIGURE_COUNT, (double)m->fp, "fp");
    add(filling, CDN_FIGURE_COUNT, (double)m->fn, "fn");
    add(filling, CDN_FIGURE_COUNT, (double)m->tn, "tn");
    add(filling, CDN_FIGURE_SHARE, m->precision.value, "precision");
    add(filling, CDN_FIGURE_SHARE, m->recall.value, "recall");
    add(filling, CDN_FIGURE_RATIO, m->f1, "f1");
    add(filling, CDN_FIGURE_SHARE, m->false_positive_rate.value, "false_positive_rate");
    add(filling, CDN_FIGURE_RATIO, sweep->average_precision, "average_precision");
    add(filling, CDN_FIGURE_RATIO, sweep->roc_area, "roc_area");
    add(filling, CDN_FIGURE_RATIO, sweep->best_f1, "best_f1");
    add(filling, CDN_FIGURE_MONEY, m->money_tp, "money.caught");
    add(filling, CDN_FIGURE_MONEY, m->money_fn, "money.missed");
    add(filling, CDN_FIGURE_MONEY, m->money_fp, "money.false_alarms");
    add(filling, CDN_FIGURE_SHARE, m->money_recall, "money.recall");
    add(filling, CDN_FIGURE_COUNT, (double)m->fallbacks, "fallbacks");
    for (uint8_t k = 0; k < CDN_VERDICT_KINDS; k++)
        add(filling, CDN_FIGURE_COUNT, (double)m->kinds[k], "outcomes.%s",
            cdn_verdict_kind_word(k));
    add_cost(filling, CDN_FIGURE_COUNT, "instructions", &m->instructions);
    add_cost(filling, CDN_FIGURE_COUNT, "edges", &m->edges);
    add_cost(filling, CDN_FIGURE_COUNT, "nodes", &m->nodes);
    add_cost(filling, CDN_FIGURE_BYTES, "memory_bytes", &m->memory_bytes);
    add_cost(filling, CDN_FIGURE_NS, "wall_ns", &m->wall_ns);
}

cordon_status cdn_figures_fill(struct cdn_figures *out, const struct cdn_backtest *test,
                               cordon_error *err)
{
    const struct cdn_side *side = &test->sides[0];
    const struct cdn_changes *changes = &test->changes;
    struct filling filling = {.out = out};

    *out = (struct cdn_figures){0};
    add_measures(&filling, &side->measures);
    for (uint32_t d = 0; d < CDN_DECISIONS; d++) {
        const uint64_t *counts = side->measures.decisions[d];
        const char *word = cdn_decision_word(side->rule, (uint8_t)d);

        if (word || d + 1 == CDN_DECISIONS)
            add(&filling, CDN_FIGURE_COUNT, (double)(counts[0] + counts[1] + counts[2]),
                "decisions.%s", word ? word : "none");
    }
    if (test->side_count == 2) {
        add(&filling, CDN_FIGURE_COUNT, (double)changes->decisions,
            "changes.decisions");
        add(&filling, CDN_FIGURE_COUNT, (double)changes->scores, "changes.scores");
        add(&filling, CDN_FIGURE_COUNT, (double)changes->gained, "changes.gained");
        add(&filling, CDN_FIGURE_COUNT, (double)changes->lost, "changes.lost");
        add(&filling, CDN_FIGURE_COUNT, (double)changes->better, "changes.better");
        add(&filling, CDN_FIGURE_COUNT, (double)changes->worse, "changes.worse");
    }
    if (!filling.failed)
        return CORDON_OK;
    cdn_figures_deinit(out);
    return cdn_error_nomem(err);
}

const struct cdn_figure *cdn_figures_find(const struct cdn_figures *figures,
                                          const char *name)
{
    for (size_t i = 0; i < figures->count; i++) {
        if (!strcmp(figures->items[i].name, name))
            return &figures->items[i];
    }
    return NULL;
}

void cdn_figures_deinit(struct cdn_figures *figures)
{
    cdn_free(figures->items);
    *figures = (struct cdn_figures){0};
}

char *cdn_figure_show(char *out, size_t size, const struct cdn_figure *figure)
{
    if (isnan(figure->value)) {
        snprintf(out, size, "-");
        return out;
    }
    switch (figure->kind) {
    case CDN_FIGURE_COUNT:
        return cdn_show_count(out, size, (uint64_t)figure->value);
    case CDN_FIGURE_SHARE:
        return cdn_show_percent(out, size, figure->value);
    case CDN_FIGURE_RATIO:
        snprintf(out, size, "%.3f", figure->value);
        return out;
    case CDN_FIGURE_MONEY:
        return cdn_show_money(out, size, figure->value);
    case CDN_FIGURE_BYTES:
        return cdn_show_bytes(out, size, (uint64_t)figure->value);
    case CDN_FIGURE_NS:
        return cdn_show_ns(out, size, (uint64_t)figure->value);
    }
    return out;
}
