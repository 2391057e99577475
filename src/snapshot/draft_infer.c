/* The schema of a draft that has none: what its rows say themselves.
 *
 * One pass gathers labels and edge types with the columns that were written and the shapes of
 * their values; then each set of shapes has to make one type.  An edge type's columns are
 * those of all its label pairs, since pairs have to agree. */
#include "snapshot/draft.h"

#include <string.h>

#include "base/alloc.h"
#include "snapshot/parse.h"

/* What a time without a name is called. */
static const struct cdn_word TIME_NAME = {"time", 4};

struct column {
    struct cdn_word name;
    uint32_t literals; /* all its enum cdn_literal, null aside */
};

/* A label or an edge type. */
struct owner {
    struct cdn_word name;
    bool edge;
    bool text_keys; /* of a label: one key at least is no integer */
    bool timed;     /* of a type: its first edge has a time */
    struct cdn_buf columns;
};

struct pair {
    uint32_t type, source, target; /* numbers of owners */
};

struct inferring {
    const struct cdn_draft *draft;
    struct cdn_buf owners; /* struct owner */
    struct cdn_buf pairs;  /* struct pair */
    uint32_t counts[2];    /* labels and types */
};

static struct owner *owners_of(const struct inferring *inferring)
{
    return (struct owner *)(void *)inferring->owners.data;
}

static uint32_t owner_count(const struct inferring *inferring)
{
    return (uint32_t)(inferring->owners.length / sizeof(struct owner));
}

static struct column *columns_of(const struct owner *owner, uint32_t *count)
{
    *count = (uint32_t)(owner->columns.length / sizeof(struct column));
    return (struct column *)(void *)owner->columns.data;
}

/* The number of a label or type, made if it is new. */
static cordon_status find_owner(uint32_t *out, struct inferring *inferring,
                                const struct cdn_word *name, bool edge, bool in_edges)
{
    struct owner new = {.name = *name, .edge = edge};
    uint32_t count = owner_count(inferring);

    for (*out = 0; *out < count; ++*out) {
        const struct owner *owner = &owners_of(inferring)[*out];

        if (owner->edge == edge && cdn_word_same(&owner->name, name))
            return CORDON_OK;
    }
    if (inferring->counts[edge]++ == CDN_SCHEMA_MAX_LABELS)
        return cdn_draft_fault(inferring->draft, in_edges, name->text,
                               "there may be at most %d %s", CDN_SCHEMA_MAX_LABELS,
                               edge ? "edge types" : "labels");
    cdn_buf_append(&inferring->owners, &new, sizeof new);
    return inferring->owners.failed ? cdn_error_nomem(inferring->draft->err)
                                    : CORDON_OK;
}

static const char *shape_of(uint32_t literals)
{
    if (literals & CDN_LITERAL_STRING)
        return "text";
    if (literals & CDN_LITERAL_BAG)
        return "JSON";
    if (literals & CDN_LITERAL_TIME)
        return "a time";
    return literals & CDN_LITERAL_BOOL ? "a bool" : "a number";
}

/* The type that values of these shapes have in common; 0: none. */
static enum cdn_column_type type_of(uint32_t literals)
{
    switch (literals) {
    case CDN_LITERAL_BOOL:
        return CDN_COLUMN_BOOL;
    case CDN_LITERAL_INTEGER:
        return CDN_COLUMN_INT64;
    case CDN_LITERAL_NUMBER:
    case CDN_LITERAL_NUMBER | CDN_LITERAL_INTEGER:
        return CDN_COLUMN_FLOAT64;
    case CDN_LITERAL_TIME:
        return CDN_COLUMN_TIMESTAMP;
    case CDN_LITERAL_STRING:
    case 0: /* null alone */
        return CDN_COLUMN_STRING;
    case CDN_LITERAL_BAG:
        return CDN_COLUMN_BAG;
    default:
        return 0;
    }
}

static cordon_status see_value(struct inferring *inferring, uint32_t number,
                               const struct cdn_draft_value *value)
{
    struct owner *owner = &owners_of(inferring)[number];
    char said[CDN_DRAFT_SAY];
    struct column new = {.name = value->name.bytes ? value->name : TIME_NAME};
    uint32_t literal = value->literal == CDN_LITERAL_NULL ? 0 : value->literal;
    uint32_t count, before, found = 0;
    struct column *columns = columns_of(owner, &count), *column;

    if (!value->name.bytes)
        literal = CDN_LITERAL_TIME; /* also as a number of milliseconds */
    if (literal == CDN_LITERAL_WORD)
        return cdn_draft_fault(inferring->draft, owner->edge, value->text.text,
                               "'%s' is no value; if it is text put it in quotes",
                               inferring->draft->reader->say(said, value));
    while (found < count && !cdn_word_same(&columns[found].name, &new.name))
        found++;
    if (found == count) {
        if (count == CDN_SCHEMA_MAX_PROPERTIES)
            return cdn_draft_fault(inferring->draft, owner->edge, value->name.text,
                                   "one thing has at most %d properties",
                                   CDN_SCHEMA_MAX_PROPERTIES);
        new.literals = literal;
        cdn_buf_append(&owner->columns, &new, sizeof new);
        return owner->columns.failed ? cdn_error_nomem(inferring->draft->err)
                                     : CORDON_OK;
    }
    column = &columns[found];
    before = column->literals;
    column->literals |= literal;
    if (type_of(column->literals))
        return CORDON_OK;
    return cdn_draft_fault(inferring->draft, owner->edge, value->text.text,
                           "'%s' is %s here and %s before; a property has one type",
                           cdn_draft_name_of(&column->name).text, shape_of(literal),
                           shape_of(before));
}

static cordon_status see_end(uint32_t *out, struct inferring *inferring,
                             const struct cdn_draft_end *end, bool edge)
{
    struct cdn_key key;
    cordon_status status = find_owner(out, inferring, &end->label, false, edge);

    if (!status && cdn_parse_key(&key, CDN_KEY_INT64, end->key.text, end->key.bytes))
        owners_of(inferring)[*out].text_keys = true;
    return status;
}

static cordon_status see_pair(struct inferring *inferring, const struct pair *wanted)
{
    const struct pair *pairs = (const struct pair *)(const void *)inferring->pairs.data;
    size_t count = inferring->pairs.length / sizeof *pairs;

    for (size_t i = 0; i < count; i++)
        if (!memcmp(&pairs[i], wanted, sizeof *wanted))
            return CORDON_OK;
    if (count == CDN_SCHEMA_MAX_RELATIONS)
        return cdn_error_set(inferring->draft->err, CORDON_E_DATA,
                             "edge types join more than %d pairs of labels",
                             CDN_SCHEMA_MAX_RELATIONS);
    cdn_buf_append(&inferring->pairs, wanted, sizeof *wanted);
    return inferring->pairs.failed ? cdn_error_nomem(inferring->draft->err) : CORDON_OK;
}

/* Has the row a time without a name? */
static bool is_timed(const struct cdn_draft *draft, const struct cdn_draft_row *row)
{
    return row->count && !cdn_draft_values(draft, row)[0].name.bytes;
}

static cordon_status see_edge(struct inferring *inferring,
                              const struct cdn_draft_row *row, uint32_t *type)
{
    struct pair pair = {0};
    uint32_t before;
    bool timed = is_timed(inferring->draft, row);
    cordon_status status = see_end(&pair.source, inferring, &row->ends[0], true);

    if (!status)
        status = see_end(&pair.target, inferring, &row->ends[1], true);
    before = owner_count(inferring);
    if (!status)
        status = find_owner(&pair.type, inferring, &row->type, true, true);
    if (!status)
        status = see_pair(inferring, &pair);
    if (status)
        return status;
    *type = pair.type;
    if (pair.type == before)
        owners_of(inferring)[pair.type].timed = timed;
    else if (owners_of(inferring)[pair.type].timed != timed)
        return cdn_draft_fault(inferring->draft, true, row->type.text,
                               "this %s has %s time and the first one has %s%s",
                               cdn_draft_name_of(&row->type).text, timed ? "a" : "no",
                               timed ? "none" : "one",
                               inferring->draft->reader->no_time);
    return CORDON_OK;
}

static cordon_status see_rows(struct inferring *inferring, bool edge)
{
    const struct cdn_draft_row *row = cdn_draft_rows(inferring->draft, edge);
    cordon_status status = CORDON_OK;

    for (size_t left = cdn_draft_row_count(inferring->draft, edge); !status && left--;
         row++) {
        const struct cdn_draft_value *values = cdn_draft_values(inferring->draft, row);
        uint32_t owner = 0;

        status = edge ? see_edge(inferring, row, &owner)
                      : see_end(&owner, inferring, &row->ends[0], false);
        for (uint32_t i = 0; !status && i < row->count; i++)
            status = see_value(inferring, owner, &values[i]);
    }
    return status;
}

/* ---- the schema ---- */

static cordon_status make_properties(struct cdn_property **out, uint32_t *out_count,
                                     const struct owner *owner, cordon_error *err)
{
    uint32_t count;
    const struct column *columns = columns_of(owner, &count);

    *out_count = 0;
    *out = cdn_calloc(count ? count : 1, sizeof **out);
    if (!*out)
        return cdn_error_nomem(err);
    for (uint32_t i = 0; i < count; i++) {
        struct cdn_draft_name name = cdn_draft_name_of(&columns[i].name);

        memcpy((*out)[i].name, name.text, sizeof name.text);
        (*out)[i].type = type_of(columns[i].literals);
        (*out)[i].mirrored = owner->edge;
        (*out)[i].nullable =
            !(owner->timed && cdn_word_same(&columns[i].name, &TIME_NAME));
    }
    *out_count = count;
    return CORDON_OK;
}

static cordon_status make_relation(struct cdn_relation_schema *out,
                                   const struct inferring *inferring,
                                   const struct pair *pair, const uint32_t *labels)
{
    const struct owner *owner = &owners_of(inferring)[pair->type];
    struct cdn_draft_name name = cdn_draft_name_of(&owner->name);
    cordon_status status;

    memcpy(out->type, name.text, sizeof name.text);
    out->source = labels[pair->source];
    out->target = labels[pair->target];
    out->time = -1;
    status = make_properties(&out->properties, &out->property_count, owner,
                             inferring->draft->err);
    for (uint32_t i = 0; owner->timed && i < out->property_count; i++)
        if (!strcmp(out->properties[i].name, TIME_NAME.text))
            out->time = (int32_t)i;
    return status;
}

static cordon_status make_schema(struct cdn_schema *out,
                                 const struct inferring *inferring)
{
    const struct pair *pairs = (const struct pair *)(const void *)inferring->pairs.data;
    uint32_t relations = (uint32_t)(inferring->pairs.length / sizeof *pairs);
    uint32_t count = owner_count(inferring);
    uint32_t *labels = cdn_calloc(count + 1, sizeof *labels);
    cordon_status status = CORDON_OK;

    out->labels = cdn_calloc(inferring->counts[0] + 1, sizeof *out->labels);
    out->relations = cdn_calloc(relations + 1, sizeof *out->relations);
    if (!labels || !out->labels || !out->relations) {
        cdn_free(labels);
        return cdn_error_nomem(inferring->draft->err);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        const struct owner *owner = &owners_of(inferring)[i];
        struct cdn_label *label = &out->labels[out->label_count];
        struct cdn_draft_name name = cdn_draft_name_of(&owner->name);

        if (owner->edge)
            continue;
        memcpy(label->name, name.text, sizeof name.text);
        label->key = owner->text_keys ? CDN_KEY_STRING : CDN_KEY_INT64;
        labels[i] = out->label_count++;
        status = make_properties(&label->properties, &label->property_count, owner,
                                 inferring->draft->err);
    }
    for (; out->relation_count < relations && !status; out->relation_count++)
        status = make_relation(&out->relations[out->relation_count], inferring,
                               &pairs[out->relation_count], labels);
    cdn_free(labels);
    return status;
}

cordon_status cdn_draft_infer(struct cdn_schema *out, const struct cdn_draft *draft)
{
    struct inferring inferring = {.draft = draft};
    cordon_status status;

    *out = (struct cdn_schema){0};
    status = see_rows(&inferring, false);
    if (!status)
        status = see_rows(&inferring, true);
    if (!status)
        status = make_schema(out, &inferring);
    if (!status)
        status = cdn_schema_normalise(out, draft->err);
    for (uint32_t i = 0; i < owner_count(&inferring); i++)
        cdn_buf_deinit(&owners_of(&inferring)[i].columns);
    cdn_buf_deinit(&inferring.owners);
    cdn_buf_deinit(&inferring.pairs);
    return status;
}
