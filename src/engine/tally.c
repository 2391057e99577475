/* Counting what evaluations did, without locks.
 *
 * An addition is some thirty relaxed stores to lines that no other thread writes. */
#include "engine/tally.h"

#include <string.h>

#include "rule/outcome.h"

const uint64_t cdn_tally_times_ns[CDN_TALLY_TIMES - 1] = {
    1000,     2000,      5000,      10000,     20000,     50000,    100000,
    200000,   500000,    1000000,   2000000,   5000000,   10000000, 20000000,
    50000000, 100000000, 200000000, 500000000, 1000000000};

#define KIB(n) ((uint64_t)(n) << 10)
const uint64_t cdn_tally_memory_bytes[CDN_TALLY_MEMORY - 1] = {
    KIB(4),   KIB(8),    KIB(16),   KIB(32),   KIB(64),   KIB(128),   KIB(256),
    KIB(512), KIB(1024), KIB(2048), KIB(4096), KIB(8192), KIB(16384), KIB(32768)};

static inline void add(uint64_t *counter, uint64_t count)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + count,
                     __ATOMIC_RELAXED);
}

static uint32_t bucket(const uint64_t *bounds, uint32_t count, uint64_t value)
{
    uint32_t low = 0;

    while (low < count && value > bounds[low])
        low++;
    return low;
}

uint32_t cdn_tally_time(uint64_t ns)
{
    return bucket(cdn_tally_times_ns, CDN_TALLY_TIMES - 1, ns);
}

static void add_decision(struct cdn_tally *tally, const struct cdn_rule *rule,
                         const cordon_outcome *outcome)
{
    if (outcome->fallback)
        add(&tally->fallbacks, 1);
    for (uint32_t i = 0; outcome->has_decision && i < rule->decision_count; i++)
        if (!strcmp(outcome->decision, rule->decisions[i])) {
            add(&tally->decisions[i], 1);
            return;
        }
    add(&tally->undecided, 1);
}

void cdn_tally_add(struct cdn_tally *tally, const struct cdn_rule *rule,
                   cordon_variant variant, const cordon_outcome *outcome,
                   uint64_t waited_ns)
{
    const cordon_usage *usage = &outcome->usage;
    uint32_t time = cdn_tally_time(usage->wall_ns);
    uint32_t memory =
        bucket(cdn_tally_memory_bytes, CDN_TALLY_MEMORY - 1, usage->memory_bytes);

    add(&tally->outcomes[variant][outcome->kind], 1);
    if (outcome->kind == CORDON_OUTCOME_LIMIT)
        add(&tally->limits[outcome->limit], 1);
    add(&tally->instructions, usage->instructions);
    add(&tally->edges, usage->edges);
    add(&tally->nodes, usage->nodes);
    if (usage->host_ns)
        add(&tally->host_ns, usage->host_ns);
    add(&tally->times[variant][time], 1);
    add(&tally->times_ns[variant], usage->wall_ns);
    add(&tally->memory[memory], 1);
    add(&tally->memory_bytes, usage->memory_bytes);
    add_decision(tally, rule, outcome);
    if (outcome->kind == CORDON_OUTCOME_DENIED)
        return;
    cdn_sketch_add(&tally->instructions_sketch, usage->instructions);
    cdn_sketch_add(&tally->wall_sketch,
                   usage->wall_ns > waited_ns ? usage->wall_ns - waited_ns : 0);
}

void cdn_tally_tightened(struct cdn_tally *tally)
{
    add(&tally->tightened, 1);
}

void cdn_tally_trip(struct cdn_tally *tally, bool out_of_service)
{
    add(&tally->trips[out_of_service], 1);
}

void cdn_tally_compare(struct cdn_tally *tally, bool same)
{
    add(&tally->compared, 1);
    if (!same)
        add(&tally->mismatches, 1);
}

enum { COUNTERS = offsetof(struct cdn_tally, instructions_sketch) / 8 };

void cdn_tally_sum(struct cdn_tally *out, const struct cdn_tally *tallies,
                   uint32_t count)
{
    uint64_t *sums = (uint64_t *)(void *)out;

    _Static_assert(offsetof(struct cdn_tally, instructions_sketch) % 8 == 0,
                   "counters, then sketches");
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t *counters = (const uint64_t *)(const void *)&tallies[i];

        for (uint32_t k = 0; k < COUNTERS; k++)
            sums[k] += __atomic_load_n(&counters[k], __ATOMIC_RELAXED);
        cdn_sketch_merge(&out->instructions_sketch, &tallies[i].instructions_sketch);
        cdn_sketch_merge(&out->wall_sketch, &tallies[i].wall_sketch);
    }
}

void cdn_tally_subtract(struct cdn_tally *from, const struct cdn_tally *before)
{
    const uint64_t *counted = (const uint64_t *)(const void *)before;
    uint64_t *counters = (uint64_t *)(void *)from;

    for (uint32_t k = 0; k < COUNTERS; k++)
        counters[k] -= counted[k];
    cdn_sketch_subtract(&from->instructions_sketch, &before->instructions_sketch);
    cdn_sketch_subtract(&from->wall_sketch, &before->wall_sketch);
}

uint64_t cdn_tally_ran(const struct cdn_tally *tallies, uint32_t count)
{
    uint64_t ran = 0;

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t v = 0; v < CDN_TALLY_VARIANTS; v++)
            for (uint32_t k = 0; k < CDN_TALLY_OUTCOMES; k++)
                if (k != CORDON_OUTCOME_DENIED)
                    ran +=
                        __atomic_load_n(&tallies[i].outcomes[v][k], __ATOMIC_RELAXED);
    return ran;
}

uint64_t cdn_tally_runs(const struct cdn_tally *tally, cordon_variant variant)
{
    uint64_t runs = 0;

    for (uint32_t i = 0; i < CDN_TALLY_OUTCOMES; i++)
        runs += tally->outcomes[variant][i];
    return runs;
}

uint64_t cdn_tally_all(const struct cdn_tally *tally)
{
    uint64_t runs = 0;

    for (uint32_t i = 0; i < CDN_TALLY_VARIANTS; i++)
        runs += cdn_tally_runs(tally, (cordon_variant)i);
    return runs;
}
