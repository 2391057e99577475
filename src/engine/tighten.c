/* Learning what is usual, and giving no more; tighten.h says why it is done so. */
#include "engine/tighten.h"

#include "base/checked.h"
#include "rule/outcome.h"

static uint64_t several(uint64_t usual, uint64_t times, uint64_t floor)
{
    uint64_t product;

    return cdn_mul_u64(&product, usual, times) ? cdn_add_sat(product, floor)
                                               : UINT64_MAX;
}

void cdn_tighten(struct cdn_budget *budget, const cordon_engine *engine,
                 const struct cdn_version *version, uint64_t waited_ns)
{
    uint64_t times = engine->options.tighten, instructions, wall;

    if (!times || !atomic_load_explicit(&engine->waiters, memory_order_relaxed))
        return;
    instructions = __atomic_load_n(&version->typical_instructions, __ATOMIC_RELAXED);
    wall = __atomic_load_n(&version->typical_wall_ns, __ATOMIC_RELAXED);
    if (!instructions || !wall)
        return;
    instructions = several(instructions, times, CDN_TIGHTEN_INSTRUCTIONS);
    wall = cdn_add_sat(several(wall, times, CDN_TIGHTEN_NS), waited_ns);
    if (instructions < budget->instructions)
        budget->instructions = instructions;
    if (wall < budget->wall_ns)
        budget->wall_ns = wall;
}

bool cdn_tighten_stopped(cordon_outcome *outcome, const struct cdn_budget *full,
                         const struct cdn_budget *given)
{
    if (outcome->kind != CORDON_OUTCOME_LIMIT)
        return false;
    if (!(outcome->limit == CORDON_BUDGET_INSTRUCTIONS &&
          given->instructions < full->instructions) &&
        !(outcome->limit == CORDON_BUDGET_TIME && given->wall_ns < full->wall_ns))
        return false;
    cdn_outcome_explain(outcome,
                        "%s (callers wait: a run gets what is usual for its rule, some "
                        "times over)",
                        outcome->message);
    return true;
}

/* ---- learning ---- */

static void learn(struct cdn_version *version, uint32_t lanes)
{
    struct cdn_tally sum = {0};
    struct cdn_sketch instructions, wall;

    cdn_tally_sum(&sum, version->tallies, lanes);
    instructions = sum.instructions_sketch;
    wall = sum.wall_sketch;
    cdn_sketch_subtract(&instructions, &version->learned_instructions);
    cdn_sketch_subtract(&wall, &version->learned_wall);
    if (cdn_sketch_count(&instructions) < CDN_TIGHTEN_RUNS)
        return;
    version->learned_instructions = sum.instructions_sketch;
    version->learned_wall = sum.wall_sketch;
    __atomic_store_n(&version->typical_instructions,
                     cdn_sketch_bound(&instructions, 0.9), __ATOMIC_RELAXED);
    __atomic_store_n(&version->typical_wall_ns, cdn_sketch_bound(&wall, 0.9),
                     __ATOMIC_RELAXED);
}

void cdn_tighten_learn(cordon_engine *engine)
{
    const struct cdn_state *state = atomic_load(&engine->state);

    for (uint32_t i = 0; i <= state->mask; i++) {
        struct cdn_entry *entries[CDN_PLAN_MAX_ENTRIES];
        uint32_t count =
            state->plans[i] ? cdn_plan_entries(entries, state->plans[i]) : 0;

        for (uint32_t k = 0; k < count; k++)
            learn(entries[k]->version, engine->lane_count);
    }
}
