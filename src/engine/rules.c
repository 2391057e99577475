/* Loading, replacing and forgetting rules, and asking about them.
 *
 * All of it is done by one thread at a time, under `writer`, in a slot of its own; requests
 * go on meanwhile on the state they find.  Nothing is published before every check is
 * passed: a rule that does not load leaves its predecessor in service. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/suggest.h"
#include "engine/engine.h"
#include "rule/param.h"

cordon_status cdn_state_no_rule(const struct cdn_state *state, const char *name,
                                cordon_error *err)
{
    struct cdn_suggest suggest;
    char hint[128];

    cdn_suggest_init(&suggest, name);
    for (uint32_t i = 0; i <= state->mask; i++)
        if (state->entries[i])
            cdn_suggest_offer(&suggest, state->entries[i]->version->rule->name);
    return cdn_error_set(err, CORDON_E_NOTFOUND, "no rule '%.80s'%s", name,
                         cdn_suggest_text(&suggest, hint, sizeof hint));
}

static cordon_status no_argument(const char *function, const char *what,
                                 cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_INVALID, "%s: no %s; it must not be NULL",
                         function, what);
}

/* Under `writer`: publish the version in the place of its predecessor.  Takes nothing; the
 * version's reference stays the caller's. */
static cordon_status install(cordon_engine *engine, struct cdn_version *version,
                             cordon_error *err)
{
    struct cdn_state *old = atomic_load(&engine->state);
    const struct cdn_rule *rule = version->rule;
    bool replaces = cdn_state_find(old, rule->name);
    struct cdn_state *fresh = NULL;
    struct cdn_entry *entry = NULL;
    cordon_status status;

    status = cdn_entry_new(&entry, version, old->snapshot, old->granted, err);
    if (status)
        return status;
    fresh = cdn_state_new(old->snapshot, old->granted, old->count + 1);
    if (!fresh) {
        cdn_entry_release(entry);
        return cdn_error_nomem(err);
    }
    cdn_state_add_all(fresh, old, rule->name);
    cdn_state_add(fresh, entry);
    cdn_entry_release(entry); /* the state has it now */
    cdn_state_publish(engine, fresh);
    if (replaces)
        atomic_fetch_add(&engine->dropped, 1);
    return CORDON_OK;
}

/* A version of `rule`, which it takes also on failure.  NULL: no memory. */
static struct cdn_version *version_new_take(cordon_engine *engine,
                                            struct cdn_rule *rule)
{
    struct cdn_version *version = cdn_calloc(1, sizeof *version);

    if (!version) {
        cdn_rule_free(rule);
        return NULL;
    }
    *version =
        (struct cdn_version){.id = ++engine->versions, .references = 1, .rule = rule};
    cdn_hash_hex(version->hash, rule->hash, sizeof rule->hash);
    return version;
}

cordon_status cordon_engine_load_rule(cordon_engine *engine, const char *source,
                                      size_t bytes, const char *file, char *name,
                                      cordon_error *err)
{
    struct cdn_budget budget;
    struct cdn_version *version = NULL;
    struct cdn_rule *rule = NULL;
    cordon_status status;

    if (!engine || (!source && bytes))
        return no_argument("cordon_engine_load_rule", engine ? "source" : "engine",
                           err);
    if (name)
        name[0] = '\0';
    budget = cdn_budget_load(&engine->options);
    pthread_mutex_lock(&engine->writer);
    status = cdn_rule_load(&rule, engine->loader, source ? source : "", bytes,
                           file ? file : "rule", &budget, NULL, err);
    if (!status)
        status = cdn_budget_check(&engine->options, rule, err);
    if (status) {
        cdn_rule_free(rule);
        goto out;
    }
    version = version_new_take(engine, rule);
    if (!version) {
        status = cdn_error_nomem(err);
        goto out;
    }
    status = install(engine, version, err);
    if (!status && name)
        memcpy(name, rule->name, strlen(rule->name) + 1);
    cdn_version_release(version);
out:
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
    cordon_status status = CORDON_OK;

    if (!engine || !name)
        return no_argument("cordon_engine_unload_rule", engine ? "name" : "engine",
                           err);
    pthread_mutex_lock(&engine->writer);
    old = atomic_load(&engine->state);
    if (!cdn_state_find(old, name)) {
        status = cdn_state_no_rule(old, name, err);
        goto out;
    }
    fresh = cdn_state_new(old->snapshot, old->granted, old->count);
    if (!fresh) {
        status = cdn_error_nomem(err);
        goto out;
    }
    cdn_state_add_all(fresh, old, name);
    cdn_state_publish(engine, fresh);
    atomic_fetch_add(&engine->dropped, 1);
out:
    pthread_mutex_unlock(&engine->writer);
    return status;
}

/* Under `writer`: a rule by name, NULL with err set if there is none. */
static const struct cdn_rule *rule_of(cordon_engine *engine, const char *name,
                                      cordon_error *err)
{
    struct cdn_state *state = atomic_load(&engine->state);
    struct cdn_entry *entry = cdn_state_find(state, name);

    if (!entry)
        cdn_state_no_rule(state, name, err);
    return entry ? entry->version->rule : NULL;
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
