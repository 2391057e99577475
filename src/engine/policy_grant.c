/* A role to a grant: its names looked up in one snapshot's schema.
 *
 * Two passes over the same names.  Compiling sets a bit for each that the snapshot has and
 * leaves out the others, which grant nothing.  Checking reports the others.  Masks are the
 * exception: a mask that fits nothing ("emial") would leave bare what it was to cover, so
 * that a role with one does not compile; neither does one with a mask that cannot be put on
 * what it names (a bucket of text), nor one on a time column, whose value every window of
 * time would tell.
 *
 * A grant is one block: its bitsets, the rows that point to them, and its masks. */
#include "engine/policy.h"

#include <stdatomic.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "engine/policy_read.h"
#include "engine/proposals.h"

/* Room in the grant's block for everything a snapshot's bits need. */
struct room {
    struct cdn_grant grant;
    uint64_t *words;       /* the next ones that are free */
    const uint64_t **rows; /* of labels, then of relations */
    struct cdn_mask *masks;
};

static size_t words_for(uint32_t count)
{
    return count / 64 + 1;
}

static void set_bit(uint64_t *bits, uint32_t index)
{
    bits[index >> 6] |= UINT64_C(1) << (index & 63);
}

/* ---- where in the policy ---- */

/* The line of a field's part: where the principal says it, or the role it has. */
static uint32_t line_of(const struct cdn_role *role, const char *field,
                        const char *owner, const char *name)
{
    bool own = !role->role || (role->given & cdn_policy_field(field));
    const struct cdn_step path[] = {{.key = own ? "principals" : "roles"},
                                    {.key = own ? role->principal : role->role},
                                    {.key = field},
                                    {.key = owner},
                                    {.key = name}};
    size_t depth = name ? 5 : owner ? 4 : 3;

    return cdn_locate(role->policy->source, role->policy->source_bytes, path, depth);
}

/* ---- names ---- */

static bool is_type(const struct cdn_schema *schema, const char *name)
{
    for (uint32_t r = 0; r < schema->relation_count; r++)
        if (!strcmp(schema->relations[r].type, name))
            return true;
    return false;
}

/* "no label or edge type 'x'; did you mean 'y'?" into out; NULL: there is one. */
static const char *no_owner(char *out, size_t size, const struct cdn_schema *schema,
                            const char *name, bool labels, bool types)
{
    struct cdn_suggest suggest;
    char quoted[2 * CDN_POLICY_MAX_WORD];
    char hint[160];

    if ((labels && cdn_schema_label(schema, name) >= 0) ||
        (types && is_type(schema, name)))
        return NULL;
    cdn_escape(quoted, sizeof quoted, name, strlen(name));
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; labels && i < schema->label_count; i++)
        cdn_suggest_offer(&suggest, schema->labels[i].name);
    for (uint32_t i = 0; types && i < schema->relation_count; i++)
        cdn_suggest_offer(&suggest, schema->relations[i].type);
    snprintf(out, size, "no %s '%s'%s",
             labels && types ? "label or edge type"
             : labels        ? "label"
                             : "edge type",
             quoted, cdn_suggest_text(&suggest, hint, sizeof hint));
    return out;
}

/* The property of a label, or of any relation of an edge type; NULL: there is none. */
static const struct cdn_property *find_property(const struct cdn_schema *schema,
                                                const char *owner, const char *name)
{
    int32_t label = cdn_schema_label(schema, owner);
    int32_t found;

    if (label >= 0) {
        found = cdn_properties_find(schema->labels[label].properties,
                                    schema->labels[label].property_count, name);
        return found < 0 ? NULL : &schema->labels[label].properties[found];
    }
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (strcmp(relation->type, owner) != 0)
            continue;
        found =
            cdn_properties_find(relation->properties, relation->property_count, name);
        if (found >= 0)
            return &relation->properties[found];
    }
    return NULL;
}

/* "no property 'x' on Account; did you mean 'y'?" into out. */
static const char *no_property(char *out, size_t size, const struct cdn_schema *schema,
                               const char *owner, const char *name)
{
    struct cdn_suggest suggest;
    char quoted[2 * CDN_POLICY_MAX_WORD];
    char hint[160];
    int32_t label = cdn_schema_label(schema, owner);

    cdn_escape(quoted, sizeof quoted, name, strlen(name));
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; label >= 0 && i < schema->labels[label].property_count; i++)
        cdn_suggest_offer(&suggest, schema->labels[label].properties[i].name);
    for (uint32_t r = 0; label < 0 && r < schema->relation_count; r++)
        for (uint32_t i = 0; !strcmp(schema->relations[r].type, owner) &&
                             i < schema->relations[r].property_count;
             i++)
            cdn_suggest_offer(&suggest, schema->relations[r].properties[i].name);
    snprintf(out, size, "no property '%s' on %s%s", quoted, owner,
             cdn_suggest_text(&suggest, hint, sizeof hint));
    return out;
}

/* What `reads` may name although it is no property: it needs no grant of its own. */
static bool is_free(const struct cdn_schema *schema, const char *owner,
                    const char *name)
{
    if (cdn_schema_label(schema, owner) >= 0)
        return !strcmp(name, "key") || !strcmp(name, "label");
    return !strcmp(name, "time");
}

/* ---- masks ---- */

static const char *misfit(char *out, size_t size, const char *what, const char *why)
{
    snprintf(out, size, "%s %s", what, why);
    return out;
}

static bool is_time_column(const struct cdn_schema *schema,
                           const struct cdn_policy_mask *mask)
{
    bool time = false;

    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (strcmp(relation->type, mask->owner) != 0 || relation->time < 0)
            continue;
        time = time || !strcmp(mask->property, "time") ||
               !strcmp(relation->properties[relation->time].name, mask->property);
    }
    return time;
}

/* Why the mask cannot be put on what it names, into out; NULL: it can. */
static const char *mask_fault(char *out, size_t size, const struct cdn_schema *schema,
                              const struct cdn_policy_mask *mask)
{
    int32_t label = cdn_schema_label(schema, mask->owner);
    const struct cdn_property *property;
    bool text, whole;

    if (no_owner(out, size, schema, mask->owner, true, true))
        return out;
    if (label >= 0 && !strcmp(mask->property, "key")) {
        if (mask->kind == CDN_MASK_BUCKET)
            return misfit(out, size, "keys are text",
                          "to rules: redact, hash or truncate them");
        return NULL;
    }
    if (label < 0 && is_time_column(schema, mask))
        return misfit(out, size, "the time column cannot be masked:",
                      "windows of time would tell it; do not grant the edge type");
    property = find_property(schema, mask->owner, mask->property);
    if (!property)
        return no_property(out, size, schema, mask->owner, mask->property);
    text = property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT ||
           property->lua_string;
    whole =
        property->type == CDN_COLUMN_INT64 || property->type == CDN_COLUMN_TIMESTAMP;
    if (property->type == CDN_COLUMN_BAG && mask->kind != CDN_MASK_REDACT)
        return misfit(out, size, "a msgpack bag", "can only be redacted");
    if (mask->kind == CDN_MASK_TRUNCATE && !text)
        return misfit(out, size, cdn_column_type_str(property->type),
                      "cannot be truncated: it is no text");
    if (mask->kind == CDN_MASK_BUCKET && !whole && property->type != CDN_COLUMN_FLOAT64)
        return misfit(out, size, cdn_column_type_str(property->type),
                      "has no buckets: it is no number and no timestamp");
    if (mask->kind == CDN_MASK_BUCKET && whole &&
        (mask->width < 1 || mask->width != trunc(mask->width)))
        return misfit(out, size, cdn_column_type_str(property->type),
                      "needs a width that is a whole number, at least 1");
    return NULL;
}

static struct cdn_mask compiled(const struct cdn_policy_mask *mask)
{
    return (struct cdn_mask){
        .kind = mask->kind, .characters = mask->characters, .width = mask->width};
}

/* All that one mask of the policy covers in the snapshot. */
static void add_mask(struct room *room, const struct cdn_schema *schema,
                     const struct cdn_policy_mask *mask)
{
    int32_t label = cdn_schema_label(schema, mask->owner);
    struct cdn_mask out = compiled(mask);

    if (label >= 0) {
        out.owner = (uint32_t)label;
        out.property = strcmp(mask->property, "key") != 0
                           ? cdn_properties_find(schema->labels[label].properties,
                                                 schema->labels[label].property_count,
                                                 mask->property)
                           : CDN_MASK_NODE_KEY;
        room->masks[room->grant.mask_count++] = out;
        return;
    }
    out.of_relation = true;
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (strcmp(relation->type, mask->owner) != 0)
            continue;
        out.owner = r;
        out.property = cdn_properties_find(relation->properties,
                                           relation->property_count, mask->property);
        if (out.property >= 0)
            room->masks[room->grant.mask_count++] = out;
    }
}

/* ---- reads ---- */

static const struct cdn_policy_names *reads_of(const struct cdn_role *role,
                                               const char *owner)
{
    for (uint32_t i = 0; i < role->read_count; i++)
        if (!strcmp(role->reads[i].owner, owner))
            return &role->reads[i];
    return NULL;
}

/* One label or relation: its bit, and those of its columns. */
static void add_owner(const struct cdn_role *role, uint64_t *bits, uint32_t number,
                      uint64_t *columns, const char *owner,
                      const struct cdn_property *properties, uint32_t count,
                      int32_t time)
{
    const struct cdn_policy_names *reads = reads_of(role, owner);
    bool all = role->reads_everything || (reads && reads->every);

    if (!all && !reads)
        return;
    set_bit(bits, number);
    if (time >= 0)
        set_bit(columns, (uint32_t)time); /* the order of the lists tells it anyway */
    for (uint32_t p = 0; all && p < count; p++)
        set_bit(columns, p);
    for (uint32_t i = 0; !all && i < reads->count; i++) {
        int32_t found = cdn_properties_find(properties, count, reads->names[i]);

        if (found >= 0)
            set_bit(columns, (uint32_t)found);
    }
}

/* How many there have been in this process; what tells them apart. */
static _Atomic uint64_t grants_made;

static struct room *make_room(const struct cdn_schema *schema, uint32_t masks)
{
    size_t owners = (size_t)schema->label_count + schema->relation_count;
    size_t words = words_for(schema->label_count) + words_for(schema->relation_count);
    size_t rows = sizeof(uint64_t *) * owners;
    size_t covers = (size_t)masks * (schema->relation_count + 1);
    struct room *room;
    char *at;

    for (uint32_t l = 0; l < schema->label_count; l++)
        words += words_for(schema->labels[l].property_count);
    for (uint32_t r = 0; r < schema->relation_count; r++)
        words += words_for(schema->relations[r].property_count);
    room = cdn_calloc(1, sizeof *room + words * sizeof(uint64_t) + rows +
                             covers * sizeof(struct cdn_mask));
    if (!room)
        return NULL;
    at = (char *)(room + 1);
    room->grant.id = atomic_fetch_add(&grants_made, 1) + 1;
    room->words = (uint64_t *)(void *)at;
    room->rows = (const uint64_t **)(void *)(at + words * sizeof(uint64_t));
    room->masks = (struct cdn_mask *)(void *)(at + words * sizeof(uint64_t) + rows);
    return room;
}

static uint64_t *take_words(struct room *room, uint32_t count)
{
    uint64_t *words = room->words;

    room->words += words_for(count);
    return words;
}

static void fill(struct room *room, const struct cdn_role *role,
                 const struct cdn_schema *schema)
{
    struct cdn_grant *grant = &room->grant;
    uint64_t *labels = take_words(room, schema->label_count);
    uint64_t *relations = take_words(room, schema->relation_count);

    grant->labels = labels;
    grant->relations = relations;
    grant->label_columns = room->rows;
    grant->relation_columns = room->rows + schema->label_count;
    for (uint32_t l = 0; l < schema->label_count; l++) {
        const struct cdn_label *label = &schema->labels[l];
        uint64_t *columns = take_words(room, label->property_count);

        room->rows[l] = columns;
        add_owner(role, labels, l, columns, label->name, label->properties,
                  label->property_count, -1);
    }
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];
        uint64_t *columns = take_words(room, relation->property_count);

        room->rows[schema->label_count + r] = columns;
        add_owner(role, relations, r, columns, relation->type, relation->properties,
                  relation->property_count, relation->time);
    }
}

/* Is there what the mask is to cover? */
static bool is_there(const struct cdn_schema *schema,
                     const struct cdn_policy_mask *mask)
{
    int32_t label = cdn_schema_label(schema, mask->owner);

    if (label < 0 && !is_type(schema, mask->owner))
        return false;
    return (label >= 0 && !strcmp(mask->property, "key")) ||
           (label < 0 && is_time_column(schema, mask)) ||
           find_property(schema, mask->owner, mask->property);
}

static cordon_status compile(struct cdn_grant **out, const struct cdn_role *role,
                             const cordon_snapshot *snapshot, bool part,
                             cordon_error *err)
{
    static const struct cdn_schema empty;
    const struct cdn_schema *schema = snapshot ? &snapshot->schema : &empty;
    struct room *room = make_room(schema, role->mask_count);
    char why[512];

    *out = NULL;
    if (!room)
        return cdn_error_nomem(err);
    fill(room, role, schema);
    for (uint32_t i = 0; snapshot && i < role->mask_count; i++) {
        const struct cdn_policy_mask *mask = &role->masks[i];

        if (part && !is_there(schema, mask))
            continue;
        if (mask_fault(why, sizeof why, schema, mask)) {
            cdn_free(room);
            return cdn_error_at(err, CORDON_E_DATA, role->policy->file,
                                line_of(role, "masks", mask->owner, mask->property), 0,
                                "principals.%s.masks.%s.%s: %s", role->principal,
                                mask->owner, mask->property, why);
        }
        add_mask(room, schema, mask);
    }
    room->grant.masks = room->masks;
    room->grant.max_hops = role->hops;
    room->grant.principal = role->principal;
    memcpy(room->grant.mask_key, role->policy->mask_key, sizeof room->grant.mask_key);
    *out = &room->grant; /* the room's first member: freeing one frees the other */
    return CORDON_OK;
}

cordon_status cdn_grant_compile(struct cdn_grant **out, const struct cdn_role *role,
                                const cordon_snapshot *snapshot, cordon_error *err)
{
    return compile(out, role, snapshot, false, err);
}

cordon_status cdn_grant_compile_part(struct cdn_grant **out,
                                     const struct cdn_role *role,
                                     const cordon_snapshot *snapshot, cordon_error *err)
{
    return compile(out, role, snapshot, true, err);
}

void cdn_grant_free(struct cdn_grant *grant)
{
    if (!grant)
        return;
    cdn_wipe(grant->mask_key, sizeof grant->mask_key);
    cdn_free(grant);
}

/* ---- the check ---- */

struct check {
    struct cdn_findings *findings;
    const struct cdn_schema *schema;
    const struct cdn_role *role;
    cordon_error *err;
};

static cordon_status find(struct check *check, const char *field, const char *owner,
                          const char *name, const char *why)
{
    char message[768];

    snprintf(message, sizeof message, "principals.%s.%s%s%s%s%s: %s",
             check->role->principal, field, owner ? "." : "", owner ? owner : "",
             name ? "." : "", name ? name : "", why);
    return cdn_policy_find(check->findings, line_of(check->role, field, owner, name),
                           message, check->err);
}

static cordon_status check_reads(struct check *check,
                                 const struct cdn_policy_names *owner)
{
    char why[512];
    cordon_status status = CORDON_OK;

    if (no_owner(why, sizeof why, check->schema, owner->owner, true, true))
        return find(check, "reads", owner->owner, NULL, why);
    for (uint32_t p = 0; p < owner->count && !status; p++) {
        const char *name = owner->names[p];

        if (!find_property(check->schema, owner->owner, name) &&
            !is_free(check->schema, owner->owner, name))
            status =
                find(check, "reads", owner->owner, NULL,
                     no_property(why, sizeof why, check->schema, owner->owner, name));
    }
    return status;
}

static cordon_status check_proposed(struct check *check,
                                    const struct cdn_propose_label *label)
{
    char why[512];
    cordon_status status = CORDON_OK;

    if (no_owner(why, sizeof why, check->schema, label->name, true, false))
        return find(check, "propose", label->name, NULL, why);
    for (uint32_t p = 0; p < label->property_count && !status; p++)
        if (!find_property(check->schema, label->name, label->properties[p]))
            status = find(check, "propose", label->name, NULL,
                          no_property(why, sizeof why, check->schema, label->name,
                                      label->properties[p]));
    return status;
}

static cordon_status check_role(struct check *check)
{
    const struct cdn_role *role = check->role;
    const struct cdn_propose_grant *propose = role->propose;
    char why[512];
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; i < role->read_count && !status; i++)
        status = check_reads(check, &role->reads[i]);
    for (uint32_t i = 0; propose && i < propose->label_count && !status; i++)
        status = check_proposed(check, &propose->labels[i]);
    for (uint32_t i = 0; propose && i < propose->edge_count && !status; i++)
        if (no_owner(why, sizeof why, check->schema, propose->edges[i], false, true))
            status = find(check, "propose", NULL, NULL, why);
    for (uint32_t i = 0; i < role->mask_count && !status; i++)
        if (mask_fault(why, sizeof why, check->schema, &role->masks[i]))
            status = find(check, "masks", role->masks[i].owner, role->masks[i].property,
                          why);
    return status;
}

cordon_status cdn_policy_check(struct cdn_findings *findings,
                               const struct cdn_policy *policy,
                               const cordon_snapshot *snapshot, cordon_error *err)
{
    struct check check = {
        .findings = findings, .schema = &snapshot->schema, .err = err};
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; i < policy->principal_count && !status; i++) {
        check.role = &policy->principals[i];
        status = check_role(&check);
    }
    return status;
}
