/* What a case cost: how far a stopped rule went past its limits, whether the usage record
 * holds together, and whether the process grew. */
#ifndef CORDON_TESTS_ATTACK_MEASURE_H
#define CORDON_TESTS_ATTACK_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/outcome.h>

#define ATTACK_RUNS_MAX 16

/* Monotonic. */
uint64_t attack_now_ns(void);

/* Past the deadline, the budget, the cap: the worst of several runs. */
struct excess {
    uint64_t instructions;
    uint64_t memory_bytes;
    uint32_t runs;
    uint64_t
        late_ns[ATTACK_RUNS_MAX]; /* of each run: what a busy machine adds varies */
};

void attack_excess_add(struct excess *excess, const cordon_usage *usage);

/* The latest run, and the one in the middle. */
uint64_t attack_excess_latest(const struct excess *excess);
uint64_t attack_excess_median(const struct excess *excess);

/* NULL if the record holds together, else what does not.  A rule that was not stopped is
 * within all its limits; a stopped one may have used the reserve of memory besides. */
const char *attack_usage_fault(const cordon_usage *usage, cordon_outcome_kind kind);

/* The process's memory. */
struct footprint {
    size_t heap_bytes;     /* in use, of all malloc has given; 0: not known */
    size_t resident_bytes; /* 0: not to be judged, as under a sanitizer */
};

struct growth {
    uint32_t rounds;
    int64_t heap_bytes, resident_bytes;
};

void attack_footprint_take(struct footprint *now);
/* Is a footprint known at all?  Not under a sanitizer, which finds leaks by itself. */
bool attack_footprint_tells(void);

/* NULL if the process is as large as before; else what grew. */
const char *attack_growth_fault(struct growth *growth, const struct footprint *before,
                                const struct footprint *after);

/* Lose a little memory on purpose, as if a round had leaked it: "heap" or "pages".  Shows
 * that growth is seen. */
bool attack_leak(const char *what);

#endif
