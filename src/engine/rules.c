/* Loading, replacing and forgetting rules, and asking about them.
 *
 * All of it is done by one thread at a time, under `writer`, in a slot of its own; requests
 * go on meanwhile on the state they find.  Nothing is published before every check is
 * passed: a rule that does not load leaves its predecessor in service. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/engine.h"
#include "engine/read_text.h"
#include "engine/set.h"
#include "engine/trust.h"
#include "rule/param.h"

static cordon_status no_argument(const char *function, const char *what,
                                 cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_INVALID, "%s: no %s; it must not be NULL",
                         function, what);
}

cordon_status cdn_engine_install(cordon_engine *engine, struct cdn_plan *plan,
                                 cordon_error *err)
{
    struct cdn_state *old = atomic_load(&engine->state);
    struct cdn_plan *before = cdn_state_find(old, plan->name);
    struct cdn_state *fresh =
        cdn_state_new(old->snapshot, old->granted, old->count + 1);

    if (!fresh)
        return cdn_error_nomem(err);
    cdn_state_add_all(fresh, old, plan->name);
    cdn_state_add(fresh, plan);
    if (!cdn_state_publish(engine, fresh)) {
        cdn_state_free(fresh);
        return cdn_error_nomem(err);
    }
    if (before)
        atomic_fetch_add(&engine->dropped, 1);
    return CORDON_OK;
}

/* A name that stands in the registry is the registry's to change, and a set's not a rule's. */
static cordon_status may_replace(const cordon_engine *engine, const char *name,
                                 bool by_set, cordon_error *err)
{
    const struct cdn_plan *plan = cdn_state_find(atomic_load(&engine->state), name);

    if (!plan)
        return CORDON_OK;
    if (plan->registered)
        return cdn_error_set(err, CORDON_E_EXISTS,
                             "'%s' stands in the registry; push a version there", name);
    if (by_set != (plan->set != NULL))
        return cdn_error_set(err, CORDON_E_EXISTS,
                             "'%s' is a %s already; unload it first, or choose another "
                             "name",
                             name, plan->set ? "set" : "rule");
    return CORDON_OK;
}

/* Under `writer`: put the version in the place of its predecessor. */
static cordon_status install(cordon_engine *engine, struct cdn_version *version,
                             cordon_error *err)
{
    const struct cdn_state *old = atomic_load(&engine->state);
    struct cdn_plan *plan;
    cordon_status status = may_replace(engine, version->rule->name, false, err);

    if (status)
        return status;
    plan = cdn_plan_new(version->rule->name);
    if (!plan)
        return cdn_error_nomem(err);
    status = cdn_entry_new(&plan->live, version, old->snapshot, old->granted, err);
    if (!status)
        status = cdn_engine_install(engine, plan, err);
    cdn_plan_release(plan); /* the state has it now */
    return status;
}

static void note_load(cordon_engine *engine, cordon_status status)
{
    if (status) {
        engine->bundles.refusals++;
        return;
    }
    engine->bundles.loads++;
    engine->bundles.loaded_ms = cdn_clock_wall_ms();
}

static struct cdn_reading reading_of(const cordon_engine *engine, uint32_t wall)
{
    return (struct cdn_reading){
        .wall = wall, .options = &engine->options, .slot = engine->loader};
}

static cordon_status load(struct cdn_version **out, cordon_engine *engine,
                          uint32_t wall, const char *source, size_t bytes,
                          const char *file, uint32_t number, cordon_error *err)
{
    const struct cdn_reading reading = reading_of(engine, wall);
    struct cdn_rule *rule = NULL;
    cordon_status status =
        cdn_read_rule(&rule, &reading, source, bytes, file, NULL, err);

    *out = NULL;
    if (!status)
        status = cdn_budget_check(&engine->options, rule, err);
    if (status) {
        cdn_rule_free(rule);
        return status;
    }
    *out = cdn_version_new_take(rule, ++engine->versions, number, engine->lane_count);
    if (!*out)
        return cdn_error_nomem(err);
    status = cdn_functions_resolve(*out, engine, err);
    if (status) {
        cdn_version_release(*out);
        *out = NULL;
    }
    return status;
}

cordon_status cdn_engine_load(struct cdn_version **out, cordon_engine *engine,
                              uint32_t wall, const char *source, size_t bytes,
                              const char *file, uint32_t number, cordon_error *err)
{
    cordon_status status = load(out, engine, wall, source, bytes, file, number, err);

    note_load(engine, status);
    return status;
}

cordon_status cdn_engine_load_set(struct cdn_set **out, cordon_engine *engine,
                                  uint32_t wall, const char *source, size_t bytes,
                                  const char *file, cordon_error *err)
{
    const struct cdn_reading reading = reading_of(engine, wall);
    cordon_status status = cdn_set_load(out, &reading, source, bytes, file, err);

    note_load(engine, status);
    return status;
}

cordon_status cordon_engine_load_rule(cordon_engine *engine, const char *source,
                                      size_t bytes, const char *file, char *name,
                                      cordon_error *err)
{
    struct cdn_version *version;
    cordon_status status;

    if (!engine || (!source && bytes))
        return no_argument("cordon_engine_load_rule", engine ? "source" : "engine",
                           err);
    if (name)
        name[0] = '\0';
    pthread_mutex_lock(&engine->writer);
    status = cdn_engine_load(&version, engine,
                             cdn_trust_reads(engine, NULL, 0, CDN_TRUST_ACTIVE),
                             source ? source : "", bytes, file ? file : "rule", 0, err);
    if (!status)
        status = install(engine, version, err);
    if (!status && name)
        memcpy(name, version->rule->name, strlen(version->rule->name) + 1);
    cdn_version_release(version);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_load_set(cordon_engine *engine, const char *source,
                                     size_t bytes, const char *file, char *name,
                                     cordon_error *err)
{
    struct cdn_plan *plan = NULL;
    struct cdn_set *set;
    cordon_status status;

    if (!engine || (!source && bytes))
        return no_argument("cordon_engine_load_set", engine ? "source" : "engine", err);
    if (name)
        name[0] = '\0';
    pthread_mutex_lock(&engine->writer);
    status = cdn_engine_load_set(&set, engine,
                                 cdn_trust_reads(engine, NULL, 0, CDN_TRUST_ACTIVE),
                                 source ? source : "", bytes, file ? file : "set", err);
    if (!status)
        status = may_replace(engine, set->name, true, err);
    if (!status) {
        plan = cdn_plan_new(set->name);
        if (plan)
            plan->set = cdn_set_retain(set);
        status = plan ? cdn_engine_install(engine, plan, err) : cdn_error_nomem(err);
    }
    if (!status && name)
        memcpy(name, set->name, strlen(set->name) + 1);
    cdn_plan_release(plan);
    cdn_set_release(set);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_load_rule_file(cordon_engine *engine, const char *path,
                                           char *name, cordon_error *err)
{
    struct cdn_buf source = {0};
    cordon_status status;

    if (!engine || !path)
        return no_argument("cordon_engine_load_rule_file", engine ? "path" : "engine",
                           err);
    status = cdn_file_read(&source, path, CORDON_RULE_MAX_SOURCE_BYTES, err);
    if (!status)
        status = cordon_engine_load_rule(engine, (const char *)source.data,
                                         source.length, path, name, err);
    cdn_buf_deinit(&source);
    return status;
}

cordon_status cordon_engine_unload_rule(cordon_engine *engine, const char *name,
                                        cordon_error *err)
{
    struct cdn_state *old, *fresh;
    struct cdn_plan *plan;
    cordon_status status = CORDON_OK;

    if (!engine || !name)
        return no_argument("cordon_engine_unload_rule", engine ? "name" : "engine",
                           err);
    pthread_mutex_lock(&engine->writer);
    old = atomic_load(&engine->state);
    plan = cdn_state_find(old, name);
    if (!plan || plan->registered) {
        status = plan ? cdn_error_set(err, CORDON_E_EXISTS,
                                      "'%s' stands in the registry; pause or kill it "
                                      "there",
                                      name)
                      : cdn_state_no_rule(old, name, err);
        goto out;
    }
    fresh = cdn_state_new(old->snapshot, old->granted, old->count);
    if (!fresh) {
        status = cdn_error_nomem(err);
        goto out;
    }
    cdn_state_add_all(fresh, old, name);
    if (cdn_state_publish(engine, fresh)) {
        atomic_fetch_add(&engine->dropped, 1);
    } else {
        cdn_state_free(fresh);
        status = cdn_error_nomem(err);
    }
out:
    pthread_mutex_unlock(&engine->writer);
    return status;
}

/* Under `writer`: the live rule by name, NULL with err set if there is none. */
static const struct cdn_rule *rule_of(cordon_engine *engine, const char *name,
                                      cordon_error *err)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    const struct cdn_plan *plan = cdn_state_find(state, name);

    if (plan && plan->live)
        return plan->live->version->rule;
    if (plan)
        cdn_error_set(err, CORDON_E_NOTFOUND, "'%.80s' is a set, not a rule", name);
    else
        cdn_state_no_rule(state, name, err);
    return NULL;
}

cordon_status cordon_engine_set_rule(char rule[CORDON_RULE_MAX_NAME_BYTES + 1],
                                     cordon_engine *engine, const char *name,
                                     uint32_t index, cordon_error *err)
{
    const struct cdn_plan *plan;
    cordon_status status = CORDON_OK;

    if (!rule || !engine || !name)
        return no_argument("cordon_engine_set_rule",
                           !rule    ? "rule"
                           : engine ? "set"
                                    : "engine",
                           err);
    pthread_mutex_lock(&engine->writer);
    plan = cdn_state_find(atomic_load(&engine->state), name);
    if (!plan || !plan->set)
        status = cdn_error_set(err, CORDON_E_NOTFOUND, "no set '%.80s'", name);
    else if (index == plan->set->member_count && plan->set->combiner)
        (void)snprintf(rule, CORDON_RULE_MAX_NAME_BYTES + 1, "%s", plan->set->combiner);
    else if (index >= plan->set->member_count)
        status = cdn_error_set(err, CORDON_E_NOTFOUND, "set '%s' has %u rules", name,
                               plan->set->member_count);
    else
        (void)snprintf(rule, CORDON_RULE_MAX_NAME_BYTES + 1, "%s",
                       plan->set->members[index].name);
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_rule_image_bytes(uint64_t *out, cordon_engine *engine,
                                             const char *name, cordon_error *err)
{
    const struct cdn_rule *rule;

    if (!out || !engine || !name)
        return no_argument("cordon_engine_rule_image_bytes",
                           !out     ? "out"
                           : engine ? "name"
                                    : "engine",
                           err);
    pthread_mutex_lock(&engine->writer);
    rule = rule_of(engine, name, err);
    if (rule)
        *out = rule->image_bytes;
    pthread_mutex_unlock(&engine->writer);
    return rule ? CORDON_OK : CORDON_E_NOTFOUND;
}

cordon_status cordon_engine_rule_param(cordon_param_info *out, cordon_engine *engine,
                                       const char *name, uint32_t index,
                                       cordon_error *err)
{
    cordon_status status = CORDON_E_NOTFOUND;
    const struct cdn_rule *rule;

    if (!out || !engine || !name)
        return no_argument("cordon_engine_rule_param",
                           !out     ? "out"
                           : engine ? "name"
                                    : "engine",
                           err);
    if (out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_param_info: struct_size is %zu where %zu is known",
                             out->struct_size, sizeof *out);
    pthread_mutex_lock(&engine->writer);
    rule = rule_of(engine, name, err);
    if (rule && index >= rule->param_count) {
        cdn_error_set(err, CORDON_E_NOTFOUND, "rule '%s' has %u parameters", rule->name,
                      rule->param_count);
    } else if (rule) {
        const struct cdn_param *param = &rule->params[index];

        *out = (cordon_param_info){.struct_size = sizeof *out,
                                   .required = param->required,
                                   .has_default = param->fallback != NULL};
        snprintf(out->name, sizeof out->name, "%s", param->name);
        snprintf(out->type, sizeof out->type, "%s", cdn_param_type_names[param->type]);
        if (param->type == CDN_PARAM_LIST)
            snprintf(out->element, sizeof out->element, "%s",
                     cdn_param_type_names[param->element]);
        snprintf(out->description, sizeof out->description, "%s",
                 param->description ? param->description : "");
        status = CORDON_OK;
    }
    pthread_mutex_unlock(&engine->writer);
    return status;
}

cordon_status cordon_engine_param_text(cordon_builder *out, cordon_engine *engine,
                                       const char *rule_name, const char *param_name,
                                       const char *text, cordon_error *err)
{
    cordon_status status = CORDON_E_NOTFOUND;
    const struct cdn_param *param = NULL;
    const struct cdn_rule *rule;
    struct cdn_packer packer;
    char message[512];

    if (!out || !engine || !rule_name || !param_name || !text)
        return no_argument("cordon_engine_param_text", "argument", err);
    cdn_pack_init(&packer, out->data, out->size);
    packer.length = out->length;
    packer.failed = out->length > out->size;
    pthread_mutex_lock(&engine->writer);
    rule = rule_of(engine, rule_name, err);
    if (rule) {
        param = cdn_param_find(rule, param_name, strlen(param_name));
        if (!param)
            status = cdn_error_set(err, CORDON_E_INVALID, "%s",
                                   cdn_param_unknown(message, sizeof message, rule,
                                                     param_name, strlen(param_name)));
    }
    if (param) {
        cdn_pack_cstr(&packer, param->name);
        status = cdn_param_text(&packer, param, text, err);
        if (!status)
            out->length = packer.length;
    }
    pthread_mutex_unlock(&engine->writer);
    return status;
}
