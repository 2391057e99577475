/* The engine's counters, written: cordon/conduct.h says what they count. */
#include "server/evidence.h"

#include <cordon/conduct.h>

static void write_quantiles(struct cdn_json *json, const char *key,
                            const cordon_quantiles *quantiles)
{
    cdn_json_key(json, key);
    cdn_json_object(json);
    cdn_json_key_uint(json, "p50", quantiles->p50);
    cdn_json_key_uint(json, "p90", quantiles->p90);
    cdn_json_key_uint(json, "p99", quantiles->p99);
    cdn_json_object_end(json);
}

static void write_conduct(struct cdn_json *json, const cordon_conduct *conduct)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "version", conduct->version);
    cdn_json_key_cstr(json, "variant", cordon_variant_str(conduct->variant));
    cdn_json_key_double(json, "percent", conduct->share / 100.0);
    cdn_json_key_bool(json, "since_rollout", conduct->since_rollout);
    cdn_json_key_uint(json, "evaluations", conduct->evaluations);
    cdn_json_key(json, "outcomes");
    cdn_json_object(json);
    for (int i = 0; i < CORDON_CONDUCT_OUTCOMES; i++)
        cdn_json_key_uint(json, cordon_outcome_kind_str((cordon_outcome_kind)i),
                          conduct->outcomes[i]);
    cdn_json_object_end(json);
    cdn_json_key(json, "limits");
    cdn_json_object(json);
    for (int i = 1; i < CORDON_CONDUCT_BUDGETS; i++) {
        if (conduct->limits[i])
            cdn_json_key_uint(json, cordon_budget_str((cordon_budget)i),
                              conduct->limits[i]);
    }
    cdn_json_object_end(json);
    cdn_json_key(json, "decisions");
    cdn_json_object(json);
    for (uint32_t i = 0; i < conduct->decision_count; i++)
        cdn_json_key_uint(json, conduct->decisions[i].word,
                          conduct->decisions[i].count);
    cdn_json_object_end(json);
    cdn_json_key_uint(json, "fallbacks", conduct->fallbacks);
    cdn_json_key_uint(json, "undecided", conduct->undecided);
    if (conduct->variant == CORDON_VARIANT_SHADOW) {
        cdn_json_key_uint(json, "compared", conduct->compared);
        cdn_json_key_uint(json, "mismatches", conduct->mismatches);
    }
    cdn_json_key_uint(json, "edges_sum", conduct->edges_sum);
    cdn_json_key_uint(json, "instructions_sum", conduct->instructions_sum);
    write_quantiles(json, "instructions", &conduct->instructions);
    write_quantiles(json, "wall_ns", &conduct->wall_ns);
    cdn_json_object_end(json);
}

void cdn_evidence_write(struct cdn_json *json, cordon_engine *engine, const char *rule,
                        bool shadows)
{
    cordon_conduct conduct = {.struct_size = sizeof conduct};
    uint64_t revision = 0;

    cdn_json_key(json, "evidence");
    cdn_json_array(json);
    for (uint32_t i = 0;
         !cordon_engine_conduct(&conduct, &revision, engine, rule, i, NULL); i++) {
        if ((conduct.variant == CORDON_VARIANT_SHADOW) == shadows)
            write_conduct(json, &conduct);
    }
    cdn_json_array_end(json);
    cdn_json_key_uint(json, "evidence_revision", revision);
}
