/* Quantiles of what runs cost: see figures.h.
 *
 * Every figure is made by sorting the group's runs by one cost and walking them once with
 * their weights.  A bench has thousands of runs, not millions: six sorts of them a group are
 * nothing beside having made them. */
#include "cli/bench/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/cli.h"

#define WORD(name, word, text) word,
#define TEXT(name, word, text) text,
const char *const cdn_cost_words[CDN_COSTS] = {CDN_COST_MAP(WORD)};
const char *const cdn_cost_texts[CDN_COSTS] = {CDN_COST_MAP(TEXT)};
#undef WORD
#undef TEXT

#define WORD(name, word, text, part) word,
#define TEXT(name, word, text, part) text,
#define PART(name, word, text, part) part,
const char *const cdn_quantile_words[CDN_QUANTILES] = {CDN_QUANTILE_MAP(WORD)};
const char *const cdn_quantile_texts[CDN_QUANTILES] = {CDN_QUANTILE_MAP(TEXT)};
static const double parts[CDN_QUANTILES] = {CDN_QUANTILE_MAP(PART)};
#undef WORD
#undef TEXT
#undef PART

void cdn_cost_take(uint64_t used[CDN_COSTS], uint64_t limits[CDN_COSTS],
                   const cordon_usage *usage)
{
    used[CDN_COST_INSTRUCTIONS] = usage->instructions;
    used[CDN_COST_EDGES] = usage->edges;
    used[CDN_COST_NODES] = usage->nodes;
    used[CDN_COST_MEMORY] = usage->memory_bytes;
    used[CDN_COST_OUTPUT] = usage->output_bytes;
    used[CDN_COST_TIME] = usage->wall_ns;
    limits[CDN_COST_INSTRUCTIONS] = usage->instructions_limit;
    limits[CDN_COST_EDGES] = usage->edges_limit;
    limits[CDN_COST_NODES] = usage->nodes_limit;
    limits[CDN_COST_MEMORY] = usage->memory_limit_bytes;
    limits[CDN_COST_OUTPUT] = usage->output_limit_bytes;
    limits[CDN_COST_TIME] = usage->wall_limit_ns;
}

char *cdn_cost_show(char *out, size_t size, enum cdn_cost cost, uint64_t amount)
{
    if (cost == CDN_COST_TIME)
        return cdn_show_ns(out, size, amount);
    if (cost == CDN_COST_MEMORY || cost == CDN_COST_OUTPUT)
        return cdn_show_bytes(out, size, amount);
    return cdn_show_count(out, size, amount);
}

/* ---- quantiles ---- */

struct sorted {
    uint64_t used;
    double weight;
};

static int compare_used(const void *a, const void *b)
{
    const struct sorted *left = a, *right = b;

    if (left->used != right->used)
        return left->used < right->used ? -1 : 1;
    return (left->weight > right->weight) - (left->weight < right->weight);
}

static int compare_classes(const void *a, const void *b)
{
    const struct cdn_bench_run *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

uint64_t cdn_figures_median(uint64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare_u64);
    return times[(count - 1) / 2];
}

static void fill_cost(struct cdn_bench_group *group, enum cdn_cost cost,
                      struct sorted *sorted, size_t count)
{
    uint64_t *out = group->quantiles[cost];
    double total = 0, passed = 0, sum = 0;
    size_t at = 0;

    qsort(sorted, count, sizeof(*sorted), compare_used);
    for (size_t i = 0; i < count; i++) {
        total += sorted[i].weight;
        sum += (double)sorted[i].used * sorted[i].weight;
    }
    group->means[cost] = total > 0 ? sum / total : 0;
    for (unsigned q = 0; q < CDN_QUANTILE_MAX; q++) {
        /* what rounding lost of a whole number of equal weights must not add a run */
        double wanted = parts[q] * total * (1 - 1e-12);

        while (at + 1 < count && passed + sorted[at].weight < wanted)
            passed += sorted[at++].weight;
        out[q] = sorted[at].used;
    }
    out[CDN_QUANTILE_MAX] = sorted[count - 1].used;
}

static void fill_group(struct cdn_bench_group *group, struct sorted *room,
                       const struct cdn_bench_run *runs, size_t count)
{
    group->runs = count;
    for (size_t i = 0; i < count; i++)
        group->outcomes[runs[i].outcome]++;
    for (unsigned cost = 0; cost < CDN_COSTS; cost++) {
        for (size_t i = 0; i < count; i++)
            room[i] = (struct sorted){runs[i].used[cost], runs[i].weight};
        fill_cost(group, (enum cdn_cost)cost, room, count);
    }
}

cordon_status cdn_figures_make(struct cdn_bench_figures *out,
                               struct cdn_bench_run *runs, size_t count,
                               const uint64_t population[CDN_SAMPLE_CLASSES],
                               cordon_error *err)
{
    struct sorted *room = cdn_realloc_array(NULL, count, sizeof(*room));
    struct cdn_bench_group *all;

    *out = (struct cdn_bench_figures){0};
    out->groups = cdn_calloc(CDN_SAMPLE_CLASSES + 1, sizeof(*out->groups));
    if (!room || !out->groups) {
        cdn_free(room);
        return cdn_error_nomem(err);
    }
    if (count)
        qsort(runs, count, sizeof(*runs), compare_classes);
    for (size_t from = 0, to; from < count; from = to) {
        struct cdn_bench_group *group = &out->groups[out->count++];

        for (to = from; to < count && runs[to].number == runs[from].number;)
            to++;
        cdn_sample_class_name(group->name, sizeof(group->name), runs[from].number);
        group->nodes = population[runs[from].number];
        fill_group(group, room, runs + from, to - from);
    }
    all = &out->groups[out->count];
    snprintf(all->name, sizeof(all->name), "all");
    for (unsigned i = 0; i < CDN_SAMPLE_CLASSES; i++)
        all->nodes += population[i];
    if (count) {
        fill_group(all, room, runs, count);
        out->count++;
    }
    cdn_free(room);
    return CORDON_OK;
}

void cdn_figures_deinit(struct cdn_bench_figures *figures)
{
    cdn_free(figures->groups);
    *figures = (struct cdn_bench_figures){0};
}
