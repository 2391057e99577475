/* A policy's text to a policy: the chunk, the table, the key.
 *
 * The table is walked strictly (sandbox/spec.h) and whole: each fault is noted with its line
 * and the walk goes on, so that `cordon config validate` shows all of them at once.  A policy
 * with a fault does not load.
 *
 * A principal may name one entry of `roles` and has its fields where it gives none of its
 * own; a field is taken whole or not at all, so that what a principal may read stands in one
 * place.  Roles name no other roles: what somebody may do is at most two look-ups away.
 *
 * Role numbers.  Bindings depend on reads, masks and hops alone; principals who agree in
 * those share a number, that of the first of them by name.
 *
 * The secret of hash masks is not in the policy: a text that is shown, compared and kept in
 * version control says only where the secret is. */
#include "engine/policy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/policy_read.h"
#include "sandbox/config.h"

#define KEY_MAX_BYTES ((size_t)4096)

/* ---- findings ---- */

cordon_status cdn_policy_find(struct cdn_findings *findings, uint32_t line,
                              const char *message, cordon_error *err)
{
    struct cdn_finding *items;
    uint32_t at;

    if (findings->count >= CDN_POLICY_MAX_FINDINGS)
        return CORDON_OK;
    items = cdn_realloc_array(findings->items, findings->count + 1, sizeof *items);
    if (!items)
        return cdn_error_nomem(err);
    findings->items = items;
    at = findings->count++;
    for (; at && line && (!items[at - 1].line || items[at - 1].line > line); at--)
        items[at] = items[at - 1];
    items[at].line = line;
    cdn_escape(items[at].message, sizeof items[at].message, message, strlen(message));
    return CORDON_OK;
}

cordon_status cdn_policy_note(struct cdn_policy_reader *reader, cordon_status status,
                              size_t depth)
{
    reader->table.depth = depth;
    if (status != CORDON_E_DATA)
        return status;
    return cdn_policy_find(reader->findings, reader->found.line, reader->found.message,
                           &reader->found);
}

/* ---- roles and principals ---- */

static int32_t find_role(const struct cdn_role *roles, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (!strcmp(roles[i].principal, name))
            return (int32_t)i;
    return -1;
}

/* What a principal has before it has said anything. */
static void nothing(struct cdn_role *role, const struct cdn_policy *policy,
                    const char *name)
{
    *role = (struct cdn_role){
        .policy = policy, .principal = name, .every_output = true, .audit = 1};
}

/* The walk stands at the name of a role, `text`. */
static cordon_status take_role(struct cdn_policy_reader *reader, struct cdn_role *out,
                               const struct cdn_role *roles, uint32_t count,
                               const cordon_value *text)
{
    const char *name = out->principal;
    const char *wanted;
    cordon_status status = cdn_spec_copy_text(&reader->table, &wanted, text);
    int32_t found;

    if (status)
        return status;
    found = find_role(roles, count, wanted);
    if (found < 0) {
        const char **known = cdn_spec_keep(&reader->table, count * sizeof *known);

        if (!known)
            return cdn_error_nomem(reader->table.err);
        for (uint32_t i = 0; i < count; i++)
            known[i] = roles[i].principal;
        (void)cdn_spec_choice(&reader->table, wanted, "role", known, count, &status);
        return status;
    }
    *out = roles[found];
    out->role = out->principal;
    out->principal = name;
    out->given = 0;
    return CORDON_OK;
}

/* One entry of `principals` or, with `roles` NULL, of `roles`; the walk stands at it. */
static cordon_status read_entry(struct cdn_policy_reader *reader, struct cdn_role *out,
                                const struct cdn_role *roles, uint32_t count,
                                const cordon_value *name, const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    const char *text;
    cordon_value role;
    cordon_status status = cdn_spec_copy_text(table, &text, name);

    if (!status && strlen(text) > CDN_POLICY_MAX_WORD)
        status = cdn_spec_fail(table, "the name is longer than %d bytes",
                               CDN_POLICY_MAX_WORD);
    if (status)
        return status;
    nothing(out, reader->policy, text);
    if (roles && value->type == CORDON_STRING)
        return take_role(reader, out, roles, count, value);
    if (roles && cordon_value_get(&role, value, "role")) {
        size_t depth = table->depth;

        cdn_spec_enter(table, "role");
        status =
            cdn_policy_note(reader, take_role(reader, out, roles, count, &role), depth);
    }
    return status ? status : cdn_policy_read_role(reader, out, value, roles != NULL);
}

/* `principals` or `roles` of the whole. */
static cordon_status read_entries(struct cdn_policy_reader *reader,
                                  struct cdn_role **out, uint32_t *out_count,
                                  const char *what, const struct cdn_role *roles,
                                  uint32_t role_count, const cordon_value *root)
{
    struct cdn_spec *table = &reader->table;
    cordon_value map, key, value;
    cordon_value_iter iter;
    cordon_status status;

    *out = cdn_spec_keep(table, 0);
    *out_count = 0;
    if (!*out)
        return cdn_error_nomem(table->err);
    if (!cordon_value_get(&map, root, what))
        return roles ? cdn_spec_fail(table, "'%s' is missing", what) : CORDON_OK;
    cdn_spec_enter(table, what);
    status = cdn_spec_check_map(table, &map);
    if (status)
        return status;
    if (map.length > CDN_POLICY_MAX_PRINCIPALS)
        return cdn_spec_fail(table, "%u of them; at most %d are possible", map.length,
                             CDN_POLICY_MAX_PRINCIPALS);
    *out = cdn_spec_keep(table, map.length * sizeof **out);
    if (!*out)
        return cdn_error_nomem(table->err);
    cordon_value_iter_init(&iter, &map); /* in byte order: transfer writes it so */
    while (!status && cordon_value_next(&iter, &key, &value)) {
        size_t depth = table->depth;
        struct cdn_role *entry = &(*out)[*out_count];

        cdn_spec_enter_value(table, &key);
        status = cdn_policy_note(
            reader, read_entry(reader, entry, roles, role_count, &key, &value), depth);
        if (entry->principal)
            ++*out_count;
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* ---- quotas of rules, the key ---- */

static cordon_status read_quotas(struct cdn_policy_reader *reader,
                                 const cordon_value *root)
{
    static const char *const known[] = {"rules"};
    struct cdn_spec *table = &reader->table;
    struct cdn_policy *policy = reader->policy;
    cordon_value quotas, rules, key, value;
    cordon_value_iter iter;
    cordon_status status;

    if (!cordon_value_get(&quotas, root, "quotas"))
        return CORDON_OK;
    cdn_spec_enter(table, "quotas");
    status = cdn_spec_check_keys(table, &quotas, known, 1);
    if (status || !cordon_value_get(&rules, &quotas, "rules"))
        return status;
    cdn_spec_enter(table, "rules");
    status = cdn_spec_check_map(table, &rules);
    if (status)
        return status;
    policy->rules = cdn_spec_keep(table, rules.length * sizeof *policy->rules);
    if (!policy->rules)
        return cdn_error_nomem(table->err);
    cordon_value_iter_init(&iter, &rules);
    while (!status && cordon_value_next(&iter, &key, &value)) {
        struct cdn_policy_rule *rule = &policy->rules[policy->rule_count];
        size_t depth = table->depth;

        cdn_spec_enter_value(table, &key);
        status = cdn_spec_copy_text(table, &rule->name, &key);
        if (!status)
            status = cdn_policy_read_quota(reader, &rule->quota, &value);
        if (!status)
            policy->rule_count++;
        status = cdn_policy_note(reader, status, depth);
    }
    return status;
}

static cordon_status read_key(struct cdn_policy_reader *reader,
                              const cordon_value *root)
{
    struct cdn_spec *table = &reader->table;
    const char *text;
    cordon_status status = cdn_spec_text(table, &text, root, "mask_key", false);

    if (status || !text)
        return status;
    if ((strncmp(text, "file:", 5) != 0 && strncmp(text, "env:", 4) != 0) ||
        !strchr(text, ':')[1])
        return cdn_spec_fail_key(
            table, "mask_key",
            "says where the secret is, \"file:NAME\" or \"env:NAME\"; "
            "the secret itself does not belong in a policy");
    reader->policy->key_source = text;
    return CORDON_OK;
}

static cordon_status check_key(struct cdn_policy_reader *reader)
{
    if (!reader->policy->hashes || reader->policy->key_source)
        return CORDON_OK;
    return cdn_spec_fail(&reader->table,
                         "'mask_key' is missing, and a mask hashes: mask_key = "
                         "\"file:mask.key\"; a hash without a secret is undone by "
                         "trying values");
}

/* ---- role numbers ---- */

static bool same_list(const char **a, uint32_t a_count, const char **b,
                      uint32_t b_count)
{
    if (a_count != b_count)
        return false;
    for (uint32_t i = 0; i < a_count && a != b; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

/* Do they say the same about the graph? */
static bool same_grant(const struct cdn_role *a, const struct cdn_role *b)
{
    if (a->reads_everything != b->reads_everything || a->read_count != b->read_count ||
        a->mask_count != b->mask_count || a->hops != b->hops)
        return false;
    for (uint32_t i = 0; i < a->read_count && a->reads != b->reads; i++)
        if (strcmp(a->reads[i].owner, b->reads[i].owner) != 0 ||
            a->reads[i].every != b->reads[i].every ||
            !same_list(a->reads[i].names, a->reads[i].count, b->reads[i].names,
                       b->reads[i].count))
            return false;
    for (uint32_t i = 0; i < a->mask_count && a->masks != b->masks; i++) {
        const struct cdn_policy_mask *one = &a->masks[i];
        const struct cdn_policy_mask *other = &b->masks[i];

        if (strcmp(one->owner, other->owner) != 0 ||
            strcmp(one->property, other->property) != 0 || one->kind != other->kind ||
            one->characters != other->characters || one->width != other->width)
            return false;
    }
    return true;
}

static cordon_status number_roles(struct cdn_policy_reader *reader)
{
    struct cdn_policy *policy = reader->policy;
    uint32_t *firsts =
        cdn_spec_keep(&reader->table, policy->principal_count * sizeof *firsts);

    if (!firsts)
        return cdn_error_nomem(reader->table.err);
    for (uint32_t i = 0; i < policy->principal_count; i++) {
        struct cdn_role *role = &policy->principals[i];
        uint32_t number = 0;

        if (role->hops && (!role->ceilings.hops || role->hops < role->ceilings.hops))
            role->ceilings.hops = role->hops;
        while (number < policy->role_count &&
               !same_grant(&policy->principals[firsts[number]], role))
            number++;
        role->number = number;
        if (number == policy->role_count)
            firsts[policy->role_count++] = i;
    }
    policy->firsts = firsts;
    return CORDON_OK;
}

/* ---- all of it ---- */

static cordon_status read_table(struct cdn_policy_reader *reader,
                                const cordon_value *root)
{
    static const char *const known[] = {"principals", "roles", "quotas",
                                        "mask_key",   "walls", "breaker"};
    struct cdn_policy *policy = reader->policy;
    struct cdn_spec *table = &reader->table;
    struct cdn_role *roles;
    uint32_t role_count = 0;
    cordon_value_iter iter;
    cordon_value key, value;
    cordon_status status = CORDON_OK;

    cordon_value_iter_init(&iter, root);
    while (!status && cordon_value_next(&iter, &key, &value))
        status = cdn_policy_note(
            reader,
            cdn_spec_check_key(table, &key, known, sizeof known / sizeof known[0]), 0);
    if (!status)
        status = cdn_policy_note(
            reader, read_entries(reader, &roles, &role_count, "roles", NULL, 0, root),
            0);
    if (!status)
        status = cdn_policy_note(reader,
                                 read_entries(reader, &policy->principals,
                                              &policy->principal_count, "principals",
                                              roles, role_count, root),
                                 0);
    if (!status)
        status = cdn_policy_note(reader, read_quotas(reader, root), 0);
    if (!status)
        status = cdn_policy_note(reader, cdn_policy_read_walls(reader, root), 0);
    if (!status)
        status = cdn_policy_note(reader, cdn_policy_read_breaker(reader, root), 0);
    if (!status)
        status = cdn_policy_note(reader, read_key(reader, root), 0);
    if (!status)
        status = cdn_policy_note(reader, check_key(reader), 0);
    return status ? status : number_roles(reader);
}

static cordon_status read_text(struct cdn_policy_reader *reader, cordon_error *err)
{
    struct cdn_policy *policy = reader->policy;
    struct cdn_buf packed = {0};
    cordon_value root;
    cordon_status status = cdn_config_evaluate(&packed, policy->source,
                                               policy->source_bytes, policy->file, err);

    if (!status)
        status = cordon_value_parse(&root, packed.data, packed.length, err);
    if (!status) {
        status = read_table(reader, &root);
        if (status)
            cdn_error_nomem(err); /* faults of the table are findings */
        else if (reader->findings->count)
            status = cdn_error_at(err, CORDON_E_DATA, policy->file,
                                  reader->findings->items[0].line, 0, "%s",
                                  reader->findings->items[0].message);
    }
    cdn_buf_deinit(&packed);
    return status;
}

static const char *keep(struct cdn_policy_reader *reader, const char *text,
                        size_t bytes)
{
    char *copy = cdn_spec_keep(&reader->table, bytes + 1);

    if (copy)
        memcpy(copy, text, bytes);
    return copy;
}

cordon_status cdn_policy_load(struct cdn_policy **out, const char *text, size_t bytes,
                              const char *file, struct cdn_findings *findings,
                              cordon_error *err)
{
    struct cdn_findings own = {0};
    struct cdn_policy *policy = cdn_calloc(1, sizeof *policy);
    struct cdn_policy_reader reader;
    cordon_status status;

    *out = NULL;
    if (!policy)
        return cdn_error_nomem(err);
    atomic_init(&policy->references, 1);
    reader = (struct cdn_policy_reader){.table = {.source = text,
                                                  .bytes = bytes,
                                                  .file = file,
                                                  .blocks = &policy->blocks},
                                        .policy = policy,
                                        .findings = findings ? findings : &own};
    reader.table.err = &reader.found;
    if (bytes > CORDON_POLICY_MAX_BYTES) {
        status = cdn_error_at(err, CORDON_E_DATA, file, 0, 0,
                              "%zu bytes; a policy has at most %u", bytes,
                              CORDON_POLICY_MAX_BYTES);
        goto out;
    }
    policy->file = keep(&reader, file, strlen(file));
    policy->source = keep(&reader, text, bytes);
    policy->source_bytes = bytes;
    status =
        policy->file && policy->source ? read_text(&reader, err) : cdn_error_nomem(err);
    if (status)
        goto out;
    *out = policy;
    policy = NULL; /* handed over */
out:
    cdn_policy_free(policy);
    cdn_findings_deinit(&own);
    return status;
}

void cdn_policy_free(struct cdn_policy *policy)
{
    if (!policy)
        return;
    cdn_wipe(policy->mask_key, sizeof policy->mask_key);
    cdn_spec_release(&policy->blocks);
    cdn_free(policy);
}

/* ---- the key ---- */

cordon_status cdn_policy_set_key(struct cdn_policy *policy, const void *key,
                                 size_t bytes, cordon_error *err)
{
    if (bytes < CDN_MASK_KEY_BYTES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a mask key has at least %d bytes, and this one %zu: head "
                             "-c 32 /dev/urandom makes one",
                             CDN_MASK_KEY_BYTES, bytes);
    /* Any length, and text as well, to the one that is used. */
    cdn_hash_content(policy->mask_key, key, bytes);
    return CORDON_OK;
}

/* A file beside the policy, unless its name is absolute. */
static cordon_status read_key_file(struct cdn_buf *out, const char *policy,
                                   const char *name, cordon_error *err)
{
    const char *slash = strrchr(policy, '/');
    char path[4096];
    int length = *name == '/' || !slash ? snprintf(path, sizeof path, "%s", name)
                                        : snprintf(path, sizeof path, "%.*s/%s",
                                                   (int)(slash - policy), policy, name);

    if (length < 0 || (size_t)length >= sizeof path)
        return cdn_error_set(err, CORDON_E_INVALID, "the key's path is too long");
    return cdn_file_read(out, path, KEY_MAX_BYTES, err);
}

static cordon_status fetch_key(struct cdn_policy *policy, cordon_error *err)
{
    struct cdn_buf key = {0};
    const char *source = policy->key_source;
    const struct cdn_step path = {.key = "mask_key"};
    cordon_error own;
    cordon_status status = CORDON_OK;

    if (!source)
        return CORDON_OK;
    cdn_error_clear(&own);
    if (!strncmp(source, "file:", 5)) {
        status = read_key_file(&key, policy->file, source + 5, &own);
    } else {
        const char *value = getenv(source + 4);

        if (value)
            cdn_buf_text(&key, value);
        else
            status = cdn_error_set(&own, CORDON_E_NOTFOUND, "the environment has no %s",
                                   source + 4);
    }
    if (!status && key.failed)
        status = cdn_error_nomem(&own);
    if (!status)
        status = cdn_policy_set_key(policy, key.data, key.length, &own);
    if (key.data)
        cdn_wipe(key.data, key.length);
    cdn_buf_deinit(&key);
    if (!status)
        return CORDON_OK;
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    return cdn_error_at(err, CORDON_E_DATA, policy->file,
                        cdn_locate(policy->source, policy->source_bytes, &path, 1), 0,
                        "mask_key: %s", own.message);
}

cordon_status cdn_policy_load_file(struct cdn_policy **out, const char *path,
                                   struct cdn_findings *findings, cordon_error *err)
{
    struct cdn_policy *policy = NULL;
    struct cdn_buf text = {0};
    cordon_status status = cdn_file_read(&text, path, CORDON_POLICY_MAX_BYTES, err);

    *out = NULL;
    if (!status)
        status = cdn_policy_load(&policy, text.data ? (const char *)text.data : "",
                                 text.length, path, findings, err);
    if (!status)
        status = fetch_key(policy, err);
    if (!status) {
        *out = policy;
        policy = NULL; /* handed over */
    }
    cdn_policy_free(policy);
    cdn_buf_deinit(&text);
    return status;
}

/* ---- public ---- */

cordon_status cordon_policy_load_file(cordon_policy **out, const char *path,
                                      cordon_error *err)
{
    if (!out || !path)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_policy_load_file: no %s; it must not be NULL",
                             out ? "path" : "out");
    return cdn_policy_load_file(out, path, NULL, err);
}

cordon_status cordon_policy_load_text(cordon_policy **out, const char *text,
                                      size_t bytes, const char *file,
                                      const void *mask_key, size_t mask_key_bytes,
                                      cordon_error *err)
{
    struct cdn_policy *policy;
    cordon_status status;

    if (!out || !text || !file)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_policy_load_text: no %s; it must not be NULL",
                             !out    ? "out"
                             : !text ? "text"
                                     : "file");
    *out = NULL;
    status = cdn_policy_load(&policy, text, bytes, file, NULL, err);
    if (status)
        return status;
    if (mask_key)
        status = cdn_policy_set_key(policy, mask_key, mask_key_bytes, err);
    else if (policy->hashes)
        status = cdn_error_set(err, CORDON_E_DATA,
                               "%s: a mask hashes, and there is no mask_key", file);
    if (!status) {
        *out = policy;
        policy = NULL; /* handed over */
    }
    cdn_policy_free(policy);
    return status;
}

cordon_policy *cordon_policy_retain(cordon_policy *policy)
{
    if (policy)
        atomic_fetch_add(&policy->references, 1);
    return policy;
}

void cordon_policy_release(cordon_policy *policy)
{
    if (policy && atomic_fetch_sub(&policy->references, 1) == 1)
        cdn_policy_free(policy);
}
