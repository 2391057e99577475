/* The counters of a rule's versions, for whoever asks: see cordon/conduct.h.
 *
 * The plan is read under `writer`, so that it and the baseline of its rollout stay for the
 * call; the lanes go on counting meanwhile, which a sum of counters survives. */
#include <stdio.h>

#include <cordon/conduct.h>

#include "engine/engine.h"

_Static_assert(CORDON_CONDUCT_MAX_DECISIONS == CDN_RULE_MAX_DECISIONS, "room for all");
_Static_assert(CORDON_CONDUCT_MAX_WORD_BYTES == CDN_RULE_MAX_WORD, "room for each");
_Static_assert(CORDON_CONDUCT_OUTCOMES == CDN_TALLY_OUTCOMES, "one each");
_Static_assert(CORDON_CONDUCT_BUDGETS == CDN_TALLY_BUDGETS, "one each");

/* A version of a plan, and what had been counted when its rollout began. */
struct part {
    const struct cdn_version *version;
    const struct cdn_tally *before; /* NULL: it counts from where the engine does */
    cordon_variant variant;
    uint32_t share;
};

static uint32_t live_share(const struct cdn_plan *plan)
{
    uint32_t share = CDN_PLAN_WHOLE;

    for (uint32_t i = 0; i < plan->choice_count; i++)
        share -= plan->choices[i].below - plan->choices[i].from;
    return share;
}

/* Choices and their baselines are in one order, as cdn_baseline_new() makes them. */
static bool find_part(struct part *out, const struct cdn_plan *plan, uint32_t index)
{
    const struct cdn_baseline *baseline = plan->choice_count ? plan->baseline : NULL;

    if (index == 0) {
        *out = (struct part){plan->live->version, baseline ? &baseline->live : NULL,
                             CORDON_VARIANT_LIVE, live_share(plan)};
        return true;
    }
    index--;
    if (index < plan->choice_count) {
        const struct cdn_choice *choice = &plan->choices[index];

        *out = (struct part){choice->entry->version,
                             baseline ? &baseline->choices[index].tally : NULL,
                             choice->variant, choice->below - choice->from};
        return true;
    }
    index -= plan->choice_count;
    if (index < plan->shadow_count) {
        *out = (struct part){plan->shadows[index].entry->version, NULL,
                             CORDON_VARIANT_SHADOW, plan->shadows[index].sample};
        return true;
    }
    return false;
}

static cordon_quantiles quantiles_of(const struct cdn_sketch *sketch)
{
    return (cordon_quantiles){cdn_sketch_quantile(sketch, 0.5),
                              cdn_sketch_quantile(sketch, 0.9),
                              cdn_sketch_quantile(sketch, 0.99)};
}

static void fill(cordon_conduct *out, const struct part *part, uint32_t lanes)
{
    const struct cdn_rule *rule = part->version->rule;
    struct cdn_tally sum = {0};

    cdn_tally_sum(&sum, part->version->tallies, lanes);
    if (part->before)
        cdn_tally_subtract(&sum, part->before);
    *out = (cordon_conduct){
        .struct_size = sizeof *out,
        .version = part->version->number,
        .variant = part->variant,
        .share = part->share,
        .since_rollout = part->before != NULL,
        .evaluations = cdn_tally_all(&sum),
        .fallbacks = sum.fallbacks,
        .undecided = sum.undecided,
        .compared = sum.compared,
        .mismatches = sum.mismatches,
        .decision_count = rule->decision_count,
        .edges_sum = sum.edges,
        .instructions_sum = sum.instructions,
        .instructions = quantiles_of(&sum.instructions_sketch),
        .wall_ns = quantiles_of(&sum.wall_sketch),
    };
    for (uint32_t v = 0; v < CDN_TALLY_VARIANTS; v++)
        for (uint32_t k = 0; k < CDN_TALLY_OUTCOMES; k++)
            out->outcomes[k] += sum.outcomes[v][k];
    for (uint32_t i = 0; i < CDN_TALLY_BUDGETS; i++)
        out->limits[i] = sum.limits[i];
    for (uint32_t i = 0; i < rule->decision_count; i++) {
        (void)snprintf(out->decisions[i].word, sizeof out->decisions[i].word, "%s",
                       rule->decisions[i]);
        out->decisions[i].count = sum.decisions[i];
    }
}

cordon_status cordon_engine_conduct(cordon_conduct *out, uint64_t *revision,
                                    cordon_engine *engine, const char *name,
                                    uint32_t index, cordon_error *err)
{
    const struct cdn_state *state;
    const struct cdn_plan *plan;
    cordon_status status = CORDON_OK;
    struct part part;

    if (!out || !engine || !name || out->struct_size != sizeof *out)
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_engine_conduct: out, engine and rule must be there, "
            "and out begin with its size");
    pthread_mutex_lock(&engine->writer);
    state = atomic_load(&engine->state);
    plan = cdn_state_find(state, name);
    if (!plan)
        status = cdn_state_no_rule(state, name, err);
    else if (!plan->live)
        status = cdn_error_set(err, CORDON_E_NOTFOUND,
                               "'%s' is a set; its members are counted each by itself",
                               plan->name);
    else if (!find_part(&part, plan, index))
        status = cdn_error_set(err, CORDON_E_NOTFOUND, "'%s' runs %u versions",
                               plan->name, 1 + plan->choice_count + plan->shadow_count);
    else {
        fill(out, &part, engine->lane_count);
        if (revision)
            *revision = plan->registered ? plan->revision : 0;
    }
    pthread_mutex_unlock(&engine->writer);
    return status;
}
