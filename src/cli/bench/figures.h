/* What a rule cost, over many evaluations: quantiles by degree class and of all together.
 *
 * One evaluation of one node is a *run*; it stands for `weight` nodes of its class, of which
 * the others were not drawn.  A quantile p is the least cost that runs of p of all the weight
 * do not exceed, so it is always a cost that occurred, never a mean of two; above what the
 * runs can tell (p99.9 of a hundred) it is the maximum.
 *
 * Instructions, edges, nodes and output are the same whenever the same run is made again, and
 * memory is nearly so; time is the median of the run's rounds. */
#ifndef CDN_CLI_BENCH_FIGURES_H
#define CDN_CLI_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/outcome.h>

#include "base/error.h"
#include "cli/bench/sample.h"

/* X(name, word in files, what people are shown): in the order in which they are shown. */
#define CDN_COST_MAP(X)                                                                \
    X(INSTRUCTIONS, "instructions", "instructions")                                    \
    X(EDGES, "edges", "edges read")                                                    \
    X(NODES, "nodes", "nodes touched")                                                 \
    X(MEMORY, "memory_bytes", "memory")                                                \
    X(OUTPUT, "output_bytes", "output")                                                \
    X(TIME, "wall_ns", "time")

enum cdn_cost {
#define CDN_COST_ENUM(name, word, text) CDN_COST_##name,
    CDN_COST_MAP(CDN_COST_ENUM)
#undef CDN_COST_ENUM
        CDN_COSTS
};

extern const char *const cdn_cost_words[CDN_COSTS];
extern const char *const cdn_cost_texts[CDN_COSTS];
/* What a usage record says of each cost, and of its limit. */
void cdn_cost_take(uint64_t used[CDN_COSTS], uint64_t limits[CDN_COSTS],
                   const cordon_usage *usage);
/* "1,234", "12.3 KiB", "4.1 us", as the cost is counted.  Returns out; size >= 32. */
char *cdn_cost_show(char *out, size_t size, enum cdn_cost cost, uint64_t amount);

/* X(name, word in files, what people are shown, part). */
#define CDN_QUANTILE_MAP(X)                                                            \
    X(P50, "p50", "p50", 0.5)                                                          \
    X(P90, "p90", "p90", 0.9)                                                          \
    X(P99, "p99", "p99", 0.99)                                                         \
    X(P999, "p999", "p99.9", 0.999)                                                    \
    X(MAX, "max", "max", 1)

enum cdn_quantile {
#define CDN_QUANTILE_ENUM(name, word, text, part) CDN_QUANTILE_##name,
    CDN_QUANTILE_MAP(CDN_QUANTILE_ENUM)
#undef CDN_QUANTILE_ENUM
        CDN_QUANTILES
};

extern const char *const cdn_quantile_words[CDN_QUANTILES];
extern const char *const cdn_quantile_texts[CDN_QUANTILES];

struct cdn_bench_run {
    unsigned number; /* of its class */
    uint64_t degree;
    double weight;
    uint64_t used[CDN_COSTS];
    cordon_outcome_kind outcome;
};

/* A class, or all of them. */
struct cdn_bench_group {
    char name[48];
    uint64_t nodes; /* that it stands for */
    uint64_t runs;
    uint64_t quantiles[CDN_COSTS][CDN_QUANTILES];
    double means[CDN_COSTS];
    uint64_t outcomes[CORDON_OUTCOME_CANCELLED + 1];
};

struct cdn_bench_figures {
    struct cdn_bench_group *groups; /* "all" last */
    size_t count;
};

/* Figures of runs in any order, whose order is changed; a class without a run has no group.
 * `population` is of all classes: how many nodes each has.
 *
 * Ownership: out's, until cdn_figures_deinit(), on failure too.
 * Errors:    CORDON_E_NOMEM. */
cordon_status cdn_figures_make(struct cdn_bench_figures *out,
                               struct cdn_bench_run *runs, size_t count,
                               const uint64_t population[CDN_SAMPLE_CLASSES],
                               cordon_error *err);
void cdn_figures_deinit(struct cdn_bench_figures *figures);

/* The median of times, which it sorts; of an even number the lower one.  count > 0. */
uint64_t cdn_figures_median(uint64_t *times, size_t count);

#endif
