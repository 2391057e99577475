/* The fields of a role, one function each.
 *
 * Lists of names are kept sorted and without repetition, so that two roles which say the
 * same are the same, whatever order they say it in.  Numbers have bounds of their own: a
 * ceiling of zero or a quota of less than nothing is a mistake, not a way to say "none". */
#include "engine/policy_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/evaluate.h>

#include "base/time.h"
#include "engine/proposals.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST         9007199254740992.0 /* 2^53: what a Lua number holds exactly */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sort, and drop what is there twice. */
static void settle(const char **names, uint32_t *count)
{
    uint32_t kept = 0;

    if (*count)
        qsort(names, *count, sizeof *names, by_text);
    for (uint32_t i = 0; i < *count; i++)
        if (!kept || strcmp(names[kept - 1], names[i]) != 0)
            names[kept++] = names[i];
    *count = kept;
}

/* ---- values ---- */

static bool is_star(const cordon_value *value)
{
    return value->type == CORDON_STRING && value->length == 1 &&
           value->as.string[0] == '*';
}

/* A number between `least` and `most`; `whole`: without a fraction. */
static cordon_status take_number(struct cdn_spec *table, double *out,
                                 const cordon_value *value, double least, double most,
                                 bool whole)
{
    double number = value->type == CORDON_INTEGER  ? (double)value->as.integer
                    : value->type == CORDON_NUMBER ? value->as.number
                                                   : (double)NAN;

    if (value->type != CORDON_INTEGER && value->type != CORDON_NUMBER)
        return cdn_spec_fail(table, "a number is wanted here, not %s",
                             cdn_spec_type(value));
    if (!(number >= least && number <= most) || (whole && number != trunc(number)))
        return cdn_spec_fail(table, "%.17g is not %s between %.17g and %.17g", number,
                             whole ? "a whole number" : "a number", least, most);
    *out = number;
    return CORDON_OK;
}

/* The same of a key, which may be absent: *out stays as it is. */
static cordon_status number(struct cdn_spec *table, double *out,
                            const cordon_value *map, const char *key, double least,
                            double most, bool whole)
{
    cordon_value value;
    cordon_status status;

    if (!cordon_value_get(&value, map, key))
        return CORDON_OK;
    cdn_spec_enter(table, key);
    status = take_number(table, out, &value, least, most, whole);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* A list of texts, which may be empty, or one text; "*" is *every if that is not NULL. */
static cordon_status take_texts(struct cdn_spec *table, bool *every, const char ***out,
                                uint32_t *count, const cordon_value *value)
{
    cordon_status status = CORDON_OK;
    cordon_value item;

    *out = NULL;
    *count = 0;
    if (every)
        *every = is_star(value);
    if (every && *every)
        return CORDON_OK;
    if (value->type != CORDON_ARRAY && value->type != CORDON_STRING)
        return cdn_spec_fail(table, "%sa list of names is wanted here, not %s",
                             every ? "\"*\" or " : "", cdn_spec_type(value));
    *out = cdn_spec_keep(table, (value->type == CORDON_ARRAY ? value->length : 1) *
                                    sizeof **out);
    if (!*out)
        return cdn_error_nomem(table->err);
    if (value->type == CORDON_STRING)
        status = cdn_spec_copy_text(table, &(*out)[(*count)++], value);
    for (uint32_t i = 0; value->type == CORDON_ARRAY && i < value->length; i++) {
        cdn_spec_enter_index(table, i + 1);
        if (!cordon_value_at(&item, value, i))
            return cdn_spec_fail(table, "cannot be read");
        status = cdn_spec_copy_text(table, &(*out)[(*count)++], &item);
        if (!status && strlen((*out)[i]) > CDN_POLICY_MAX_WORD)
            status =
                cdn_spec_fail(table, "is longer than %d bytes", CDN_POLICY_MAX_WORD);
        if (status)
            return status;
        cdn_spec_leave(table);
    }
    if (!status)
        settle(*out, count);
    return status;
}

/* ---- rules, tags, output ---- */

static cordon_status read_rules(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    cordon_status status =
        take_texts(&reader->table, NULL, &role->rules, &role->rule_count, value);

    for (uint32_t i = 0; !status && i < role->rule_count; i++)
        for (const char *at = role->rules[i]; *at && !status; at++)
            if (!(*at == '*' || *at == '?' || *at == '_' ||
                  (*at >= '0' && *at <= '9') ||
                  ((*at | 32) >= 'a' && (*at | 32) <= 'z')))
                status = cdn_spec_fail(&reader->table,
                                       "'%s' can match no rule: names have letters, "
                                       "digits and _, patterns * and ? as well",
                                       role->rules[i]);
    return status;
}

static cordon_status read_tags(struct cdn_policy_reader *reader, struct cdn_role *role,
                               const cordon_value *value)
{
    return take_texts(&reader->table, NULL, &role->tags, &role->tag_count, value);
}

static cordon_status read_output(struct cdn_policy_reader *reader,
                                 struct cdn_role *role, const cordon_value *value)
{
    return take_texts(&reader->table, &role->every_output, &role->output,
                      &role->output_count, value);
}

/* ---- reads ---- */

/* A table from a label or edge type to "*" or names. */
static cordon_status take_owners(struct cdn_policy_reader *reader,
                                 struct cdn_policy_names **out, uint32_t *count,
                                 const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    cordon_value_iter iter;
    cordon_value key, names;
    cordon_status status = cdn_spec_check_map(table, value);

    *out = NULL;
    *count = 0;
    if (status)
        return status;
    *out = cdn_spec_keep(table, value->length * sizeof **out);
    if (!*out)
        return cdn_error_nomem(table->err);
    cordon_value_iter_init(&iter, value); /* in byte order: transfer writes it so */
    while (cordon_value_next(&iter, &key, &names)) {
        struct cdn_policy_names *owner = &(*out)[*count];

        cdn_spec_enter_value(table, &key);
        status = cdn_spec_copy_text(table, &owner->owner, &key);
        if (!status)
            status =
                take_texts(table, &owner->every, &owner->names, &owner->count, &names);
        if (status)
            return status;
        cdn_spec_leave(table);
        ++*count;
    }
    return CORDON_OK;
}

static cordon_status read_reads(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    role->reads_everything = is_star(value);
    role->read_count = 0;
    if (role->reads_everything)
        return CORDON_OK;
    if (value->type == CORDON_STRING)
        return cdn_spec_fail(&reader->table,
                             "\"*\" or a table is wanted here: reads = { Account = { "
                             "\"createTime\" }, transfer = \"*\" }");
    return take_owners(reader, &role->reads, &role->read_count, value);
}

/* ---- masks ---- */

static const char *const mask_names[] = {"redact", "hash", "truncate", "bucket"};

/* The number that goes with "truncate" or "bucket". */
static cordon_status take_mask_amount(struct cdn_spec *table,
                                      struct cdn_policy_mask *mask,
                                      const cordon_value *list)
{
    cordon_value value;
    cordon_status status;
    double amount = 0;
    int64_t ms;

    if (mask->kind != CDN_MASK_TRUNCATE && mask->kind != CDN_MASK_BUCKET)
        return list->length > 1 ? cdn_spec_fail(table, "\"%s\" takes no number",
                                                mask_names[mask->kind])
                                : CORDON_OK;
    if (list->length != 2 || !cordon_value_at(&value, list, 1))
        return cdn_spec_fail(
            table, "\"%s\" takes one %s: { \"%s\", %s }", mask_names[mask->kind],
            mask->kind == CDN_MASK_BUCKET ? "width" : "number", mask_names[mask->kind],
            mask->kind == CDN_MASK_BUCKET ? "10" : "2");
    cdn_spec_enter_index(table, 2);
    if (mask->kind == CDN_MASK_TRUNCATE) {
        status = take_number(table, &amount, &value, 0, 65536, true);
        mask->characters = (uint32_t)amount;
    } else if (value.type == CORDON_STRING) {
        if (!cdn_duration_parse(&ms, value.as.string, value.length) || ms < 1)
            return cdn_spec_fail(table, "a width is a number, or a duration such as "
                                        "\"1d\"");
        mask->width = (double)ms;
        status = CORDON_OK;
    } else {
        status = take_number(table, &mask->width, &value, 0x1p-1022, MOST, false);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* "redact", or { "truncate", 2 }. */
static cordon_status take_mask(struct cdn_policy_reader *reader,
                               struct cdn_policy_mask *mask, const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    cordon_value list = {.type = CORDON_NIL};
    cordon_value word = *value;
    const char *text;
    cordon_status status;
    int choice;

    if (value->type == CORDON_ARRAY) {
        list = *value;
        if (!cordon_value_at(&word, value, 0))
            word = (cordon_value){.type = CORDON_NIL};
    }
    if (word.type != CORDON_STRING)
        return cdn_spec_fail(table, "a mask is wanted here: \"redact\", \"hash\", { "
                                    "\"truncate\", 2 } or { \"bucket\", 10 }");
    status = cdn_spec_copy_text(table, &text, &word);
    if (status)
        return status;
    choice =
        cdn_spec_choice(table, text, "mask", mask_names, COUNT(mask_names), &status);
    if (choice < 0)
        return status;
    mask->kind = (enum cdn_mask_kind)choice;
    if (mask->kind == CDN_MASK_HASH)
        reader->policy->hashes = true;
    return take_mask_amount(table, mask, &list);
}

static cordon_status read_masks(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    cordon_value_iter owners, properties;
    cordon_value owner, masks, property, mask;
    cordon_status status = cdn_spec_check_map(table, value);
    size_t count = 0;

    role->masks = NULL;
    role->mask_count = 0;
    if (status)
        return status;
    cordon_value_iter_init(&owners, value);
    while (cordon_value_next(&owners, &owner, &masks))
        count += masks.type == CORDON_MAP ? masks.length : 0;
    role->masks = cdn_spec_keep(table, count * sizeof *role->masks);
    if (!role->masks)
        return cdn_error_nomem(table->err);
    cordon_value_iter_init(&owners, value);
    while (cordon_value_next(&owners, &owner, &masks)) {
        const char *name;

        cdn_spec_enter_value(table, &owner);
        status = cdn_spec_copy_text(table, &name, &owner);
        if (!status)
            status = cdn_spec_check_map(table, &masks);
        if (status)
            return status;
        cordon_value_iter_init(&properties, &masks);
        while (cordon_value_next(&properties, &property, &mask)) {
            struct cdn_policy_mask *out = &role->masks[role->mask_count];

            out->owner = name;
            cdn_spec_enter_value(table, &property);
            status = cdn_spec_copy_text(table, &out->property, &property);
            if (!status)
                status = take_mask(reader, out, &mask);
            if (status)
                return status;
            cdn_spec_leave(table);
            role->mask_count++;
        }
        cdn_spec_leave(table);
    }
    return CORDON_OK;
}

/* ---- amounts ---- */

static cordon_status read_hops(struct cdn_policy_reader *reader, struct cdn_role *role,
                               const cordon_value *value)
{
    double hops = 0;
    cordon_status status = take_number(&reader->table, &hops, value, 1, 1e6, true);

    role->hops = (uint32_t)hops;
    return status;
}

static cordon_status read_priority(struct cdn_policy_reader *reader,
                                   struct cdn_role *role, const cordon_value *value)
{
    double priority = 0;
    cordon_status status =
        take_number(&reader->table, &priority, value, 0, CORDON_MAX_PRIORITY, true);

    role->max_priority = (uint32_t)priority;
    return status;
}

static cordon_status read_audit(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    return take_number(&reader->table, &role->audit, value, 0, 1, false);
}

static const struct {
    const char *name;
    size_t offset;
    double scale; /* of a number */
    bool size, time;
} ceilings[] = {
    {"instructions", offsetof(struct cdn_budget, instructions), 1, false, false},
    {"memory", offsetof(struct cdn_budget, memory_bytes), 1, true, false},
    {"time", offsetof(struct cdn_budget, wall_ns), 1e6, false, true},
    {"edges", offsetof(struct cdn_budget, edges), 1, false, false},
    {"nodes", offsetof(struct cdn_budget, nodes), 1, false, false},
    {"hops", offsetof(struct cdn_budget, hops), 1, false, false},
    {"output", offsetof(struct cdn_budget, output_bytes), 1, true, false},
};

static cordon_status read_ceilings(struct cdn_policy_reader *reader,
                                   struct cdn_role *role, const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    const char *known[COUNT(ceilings)];
    cordon_status status;

    role->ceilings = (struct cdn_budget){0};
    for (size_t i = 0; i < COUNT(ceilings); i++)
        known[i] = ceilings[i].name;
    status = cdn_spec_check_keys(table, value, known, COUNT(known));
    for (size_t i = 0; i < COUNT(ceilings) && !status; i++) {
        uint64_t *out =
            (uint64_t *)(void *)((char *)&role->ceilings + ceilings[i].offset);
        cordon_value item;
        double amount = 0;
        uint64_t bytes;
        int64_t ms;

        if (!cordon_value_get(&item, value, ceilings[i].name))
            continue;
        cdn_spec_enter(table, ceilings[i].name);
        if (item.type != CORDON_STRING)
            status = take_number(table, &amount, &item, ceilings[i].time ? 1e-6 : 1,
                                 MOST / ceilings[i].scale, !ceilings[i].time);
        else if (ceilings[i].size &&
                 cdn_size_parse(&bytes, item.as.string, item.length) && bytes &&
                 bytes <= (uint64_t)MOST)
            amount = (double)bytes;
        else if (ceilings[i].time &&
                 cdn_duration_parse(&ms, item.as.string, item.length) && ms > 0 &&
                 (double)ms <= MOST / 1e6)
            amount = (double)ms;
        else
            status = cdn_spec_fail(
                table, "%s is wanted here",
                ceilings[i].size   ? "a size such as \"512KiB\", or bytes"
                : ceilings[i].time ? "a time such as \"5ms\", or milliseconds"
                                   : "a whole number");
        if (status)
            return status;
        *out = (uint64_t)(amount * ceilings[i].scale);
        cdn_spec_leave(table);
    }
    return status;
}

cordon_status cdn_policy_read_quota(struct cdn_policy_reader *reader,
                                    struct cdn_quota *out, const cordon_value *map)
{
    static const char *const known[] = {"rate", "burst", "concurrency", "cost_per_s"};
    struct cdn_spec *table = &reader->table;
    struct cdn_quota quota = {0};
    double concurrency = 0;
    cordon_status status = cdn_spec_check_keys(table, map, known, COUNT(known));

    if (!status)
        status = number(table, &quota.rate, map, "rate", 1e-3, 1e9, false);
    if (!status)
        status = number(table, &quota.burst, map, "burst", 1, 1e9, false);
    if (!status)
        status = number(table, &concurrency, map, "concurrency", 1, 1024, true);
    if (!status)
        status = number(table, &quota.cost_per_s, map, "cost_per_s", 1, MOST, false);
    if (!status && quota.burst > 0 && quota.rate <= 0)
        status = cdn_spec_fail_key(table, "burst", "means nothing without a rate");
    if (status)
        return status;
    if (quota.rate > 0 && quota.burst <= 0)
        quota.burst = quota.rate < 1 ? 1 : quota.rate;
    quota.concurrency = (uint32_t)concurrency;
    *out = quota;
    return CORDON_OK;
}

static cordon_status read_quota(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    return cdn_policy_read_quota(reader, &role->quota, value);
}

static cordon_status read_wall(struct cdn_policy_reader *reader, struct cdn_role *role,
                               const cordon_value *value)
{
    struct cdn_spec *table = &reader->table;
    const char *words[] = {
        cordon_wall_str(CORDON_WALL_INPROC), cordon_wall_str(CORDON_WALL_PROCESS),
        cordon_wall_str(CORDON_WALL_CONTAINER), cordon_wall_str(CORDON_WALL_MICROVM)};
    const char *text;
    cordon_status status = cdn_spec_copy_text(table, &text, value);
    int choice;

    if (status)
        return status;
    choice = cdn_spec_choice(table, text, "wall", words, COUNT(words), &status);
    if (choice < 0)
        return status;
    role->wall = (cordon_wall)choice;
    return CORDON_OK;
}

/* "whole", "granted" or { hops = k }. */
static cordon_status read_slice(struct cdn_policy_reader *reader, struct cdn_role *role,
                                const cordon_value *value)
{
    static const char *const known[] = {"hops"};
    struct cdn_spec *table = &reader->table;
    const char *words[] = {cordon_slice_str(CORDON_SLICE_WHOLE),
                           cordon_slice_str(CORDON_SLICE_GRANTED)};
    const char *text;
    double hops = 0;
    cordon_status status;
    int choice;

    role->slice_hops = 0;
    if (value->type == CORDON_MAP || value->type == CORDON_ARRAY) {
        status = cdn_spec_check_keys(table, value, known, COUNT(known));
        if (!status)
            status =
                number(table, &hops, value, "hops", 1, CORDON_MAX_SLICE_HOPS, true);
        if (!status && hops < 1)
            status = cdn_spec_fail(table, "a table is { hops = 1 } or more");
        role->slice = CORDON_SLICE_HOPS;
        role->slice_hops = (uint32_t)hops;
        return status;
    }
    status = cdn_spec_copy_text(table, &text, value);
    if (status)
        return status;
    choice = cdn_spec_choice(table, text, "slice", words, COUNT(words), &status);
    if (choice < 0)
        return status;
    role->slice = (cordon_slice)choice;
    return CORDON_OK;
}

static cordon_status read_propose(struct cdn_policy_reader *reader,
                                  struct cdn_role *role, const cordon_value *value)
{
    static const char *const known[] = {"nodes", "edges"};
    struct cdn_spec *table = &reader->table;
    struct cdn_propose_grant *propose = cdn_spec_keep(table, sizeof *propose);
    struct cdn_propose_label *labels;
    struct cdn_policy_names *nodes = NULL;
    const char **edges = NULL;
    cordon_value part;
    cordon_status status = propose
                               ? cdn_spec_check_keys(table, value, known, COUNT(known))
                               : cdn_error_nomem(table->err);

    if (!status && cordon_value_get(&part, value, "nodes")) {
        cdn_spec_enter(table, "nodes");
        status = take_owners(reader, &nodes, &propose->label_count, &part);
        if (!status)
            cdn_spec_leave(table);
    }
    if (!status && cordon_value_get(&part, value, "edges")) {
        cdn_spec_enter(table, "edges");
        status = take_texts(table, &propose->every_edge, &edges, &propose->edge_count,
                            &part);
        if (!status)
            cdn_spec_leave(table);
    }
    if (status)
        return status;
    labels = cdn_spec_keep(table, propose->label_count * sizeof *labels);
    if (!labels)
        return cdn_error_nomem(table->err);
    for (uint32_t i = 0; nodes && i < propose->label_count; i++)
        labels[i] = (struct cdn_propose_label){.name = nodes[i].owner,
                                               .all = nodes[i].every,
                                               .properties = nodes[i].names,
                                               .property_count = nodes[i].count};
    propose->labels = labels;
    propose->edges = edges;
    role->propose = propose;
    return CORDON_OK;
}

/* ---- all of it ---- */

static const struct {
    const char *name;
    cordon_status (*read)(struct cdn_policy_reader *reader, struct cdn_role *role,
                          const cordon_value *value);
} fields[] = {
    {"rules", read_rules},     {"tags", read_tags},
    {"reads", read_reads},     {"masks", read_masks},
    {"hops", read_hops},       {"ceilings", read_ceilings},
    {"output", read_output},   {"quota", read_quota},
    {"wall", read_wall},       {"max_priority", read_priority},
    {"propose", read_propose}, {"audit", read_audit},
    {"slice", read_slice},
};

uint32_t cdn_policy_field(const char *name)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (!strcmp(fields[i].name, name))
            return UINT32_C(1) << i;
    return 0;
}

cordon_status cdn_policy_read_role(struct cdn_policy_reader *reader,
                                   struct cdn_role *role, const cordon_value *map,
                                   bool principal)
{
    struct cdn_spec *table = &reader->table;
    const char *known[COUNT(fields) + 1];
    size_t depth = table->depth;
    cordon_value_iter iter;
    cordon_value key, value;
    cordon_status status = cdn_spec_check_map(table, map);

    if (status)
        return status;
    for (size_t i = 0; i < COUNT(fields); i++)
        known[i] = fields[i].name;
    known[COUNT(fields)] = "role";
    cordon_value_iter_init(&iter, map);
    while (!status && cordon_value_next(&iter, &key, &value)) {
        status = cdn_policy_note(
            reader, cdn_spec_check_key(table, &key, known, COUNT(fields) + principal),
            depth);
        for (size_t i = 0; i < COUNT(fields) && !status; i++) {
            if (key.type != CORDON_STRING || key.length != strlen(fields[i].name) ||
                memcmp(key.as.string, fields[i].name, key.length) != 0)
                continue;
            role->given |= UINT32_C(1) << i;
            cdn_spec_enter(table, fields[i].name);
            status =
                cdn_policy_note(reader, fields[i].read(reader, role, &value), depth);
        }
    }
    return status;
}
