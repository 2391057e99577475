/* What is in service under a name, told to who did not write it: a form to fill in, a page, a
 * description of an interface.
 *
 * Everything comes from the loaded text, not from the registry's standing, so that rules that
 * are loaded from files have it too.  Names are walked in byte order, whatever the table of
 * the state, by looking for the least one behind the last: O(names) a step, no memory. */
#include <stdio.h>
#include <string.h>

#include "base/pack.h"
#include "engine/engine.h"
#include "engine/set.h"
#include "rule/param.h"

static void key_text(struct cdn_packer *out, const char *key, const char *text)
{
    cdn_pack_cstr(out, key);
    if (text)
        cdn_pack_cstr(out, text);
    else
        cdn_pack_nil(out);
}

static void write_param(struct cdn_packer *out, const struct cdn_param *param)
{
    const bool is_list = param->type == CDN_PARAM_LIST;

    cdn_pack_map(out, 3u + is_list + (param->fallback != NULL) + param->has_min +
                          param->has_max + (param->choice_count != 0) +
                          (param->description != NULL));
    key_text(out, "name", param->name);
    key_text(out, "type", cdn_param_type_names[param->type]);
    if (is_list)
        key_text(out, "element", cdn_param_type_names[param->element]);
    cdn_pack_cstr(out, "required");
    cdn_pack_bool(out, param->required);
    if (param->fallback) {
        cdn_pack_cstr(out, "default");
        cdn_pack_raw(out, param->fallback, param->fallback_bytes);
    }
    if (param->has_min) {
        cdn_pack_cstr(out, "min");
        cdn_pack_number(out, param->min);
    }
    if (param->has_max) {
        cdn_pack_cstr(out, "max");
        cdn_pack_number(out, param->max);
    }
    if (param->choice_count) {
        cdn_pack_cstr(out, "choices");
        cdn_pack_array(out, param->choice_count);
        for (uint32_t i = 0; i < param->choice_count; i++)
            cdn_pack_cstr(out, param->choices[i]);
    }
    if (param->description)
        key_text(out, "description", param->description);
}

static void write_params(struct cdn_packer *out, const struct cdn_rule *rule)
{
    cdn_pack_cstr(out, "params");
    cdn_pack_array(out, rule->param_count);
    for (uint32_t i = 0; i < rule->param_count; i++)
        write_param(out, &rule->params[i]);
}

static void write_reads(struct cdn_packer *out, const struct cdn_names *names)
{
    cdn_pack_cstr(out, "reads");
    cdn_pack_map(out, names->kind_count);
    for (uint32_t i = 0; i < names->kind_count; i++) {
        const struct cdn_name_kind *kind = &names->kinds[i];

        cdn_pack_cstr(out, kind->name);
        cdn_pack_array(out, (uint32_t)__builtin_popcountll(kind->properties));
        for (uint32_t at = 0; at < names->property_count; at++)
            if (kind->properties >> at & 1)
                cdn_pack_cstr(out, names->properties[at]);
    }
}

static void write_returns(struct cdn_packer *out, const struct cdn_rule *rule)
{
    char type[24];

    cdn_pack_cstr(out, "returns");
    if (!rule->returns_map) {
        (void)snprintf(type, sizeof type, "%s%s", rule->returns_type,
                       rule->returns_optional ? "?" : "");
        cdn_pack_cstr(out, type);
        return;
    }
    cdn_pack_map(out, rule->return_count);
    for (uint32_t i = 0; i < rule->return_count; i++) {
        (void)snprintf(type, sizeof type, "%s%s", rule->returns[i].type,
                       rule->returns[i].optional ? "?" : "");
        key_text(out, rule->returns[i].name, type);
    }
}

/* What it declares itself; the engine's defaults and ceilings are not its own. */
static void write_limits(struct cdn_packer *out, const struct cdn_budget *limits)
{
    const struct {
        const char *name;
        uint64_t value;
    } all[] = {{"instructions", limits->instructions},
               {"memory_bytes", limits->memory_bytes},
               {"edges", limits->edges},
               {"nodes", limits->nodes},
               {"hops", limits->hops},
               {"output_bytes", limits->output_bytes},
               {"wall_ns", limits->wall_ns}};
    const size_t count = sizeof all / sizeof all[0];
    uint32_t declared = 0;

    for (size_t i = 0; i < count; i++)
        declared += all[i].value != 0;
    cdn_pack_cstr(out, "limits");
    cdn_pack_map(out, declared);
    for (size_t i = 0; i < count; i++)
        if (all[i].value) {
            cdn_pack_cstr(out, all[i].name);
            cdn_pack_number(out, (double)all[i].value);
        }
}

static void write_rule(struct cdn_packer *out, const struct cdn_rule *rule)
{
    cdn_pack_map(out, 11);
    key_text(out, "kind", "rule");
    key_text(out, "name", rule->name);
    key_text(out, "description", rule->description);
    key_text(out, "owner", rule->owner);
    cdn_pack_cstr(out, "tags");
    cdn_pack_array(out, rule->tag_count);
    for (uint32_t i = 0; i < rule->tag_count; i++)
        cdn_pack_cstr(out, rule->tags[i]);
    write_params(out, rule);
    write_reads(out, &rule->names);
    cdn_pack_cstr(out, "decisions");
    cdn_pack_array(out, rule->decision_count);
    for (uint32_t i = 0; i < rule->decision_count; i++)
        cdn_pack_cstr(out, rule->decisions[i]);
    key_text(out, "fallback",
             rule->fallback < 0 ? NULL : rule->decisions[rule->fallback]);
    write_returns(out, rule);
    write_limits(out, &rule->limits);
}

static void write_set(struct cdn_packer *out, const struct cdn_set *set)
{
    cdn_pack_map(out, 8);
    key_text(out, "kind", "set");
    key_text(out, "name", set->name);
    key_text(out, "description", set->description);
    key_text(out, "combine", cdn_set_combinations[set->combine]);
    key_text(out, "combiner", set->combiner);
    cdn_pack_cstr(out, "members");
    cdn_pack_array(out, set->member_count);
    for (uint32_t i = 0; i < set->member_count; i++) {
        cdn_pack_map(out, 2);
        key_text(out, "name", set->members[i].name);
        cdn_pack_cstr(out, "weight");
        cdn_pack_number(out, set->members[i].weight);
    }
    cdn_pack_cstr(out, "decisions");
    cdn_pack_array(out, set->decision_count);
    for (uint32_t i = 0; i < set->decision_count; i++)
        cdn_pack_cstr(out, set->decisions[i]);
    key_text(out, "fallback", set->fallback < 0 ? NULL : set->decisions[set->fallback]);
}

static cordon_status no_argument(const char *function, const char *what,
                                 cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_INVALID, "%s: no %s; it must not be NULL",
                         function, what);
}

cordon_status cordon_engine_contract(cordon_builder *out, cordon_engine *engine,
                                     const char *name, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    const struct cdn_state *state;
    const struct cdn_plan *plan;
    struct cdn_packer packer;

    if (!out || !engine || !name)
        return no_argument("cordon_engine_contract",
                           !out     ? "out"
                           : engine ? "name"
                                    : "engine",
                           err);
    cdn_pack_init(&packer, out->data, out->size);
    packer.length = out->length;
    packer.failed = out->length > out->size;
    pthread_mutex_lock(&engine->writer);
    state = atomic_load(&engine->state);
    plan = cdn_state_find(state, name);
    if (!plan)
        status = cdn_state_no_rule(state, name, err);
    else if (plan->set)
        write_set(&packer, plan->set);
    else
        write_rule(&packer, plan->live->version->rule);
    pthread_mutex_unlock(&engine->writer);
    if (!status)
        out->length = packer.length;
    return status;
}

cordon_status cordon_engine_next(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                                 cordon_engine *engine, const char *after,
                                 cordon_error *err)
{
    const struct cdn_plan *least = NULL;
    const struct cdn_state *state;

    if (!name || !engine)
        return no_argument("cordon_engine_next", name ? "engine" : "name", err);
    pthread_mutex_lock(&engine->writer);
    state = atomic_load(&engine->state);
    for (uint32_t i = 0; i <= state->mask; i++) {
        const struct cdn_plan *plan = state->plans[i];

        if (plan && (!after || strcmp(plan->name, after) > 0) &&
            (!least || strcmp(plan->name, least->name) < 0))
            least = plan;
    }
    if (least)
        (void)snprintf(name, CORDON_RULE_MAX_NAME_BYTES + 1, "%s", least->name);
    pthread_mutex_unlock(&engine->writer);
    if (least)
        return CORDON_OK;
    return after ? cdn_error_set(err, CORDON_E_NOTFOUND,
                                 "no rule and no set comes after '%.80s'", after)
                 : cdn_error_set(err, CORDON_E_NOTFOUND, "there is no rule and no set");
}
