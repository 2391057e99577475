/* What a read's query names, looked up in the snapshot under the grant: see read.h.
 *
 * Names of a schema are no secret, so that one which is there but not granted is told apart
 * from one that is not; what is suggested is granted.  Everything is checked before the first
 * edge is read. */
#include "graph/read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/suggest.h"

/* Work between two looks at the clock. */
#define POLL  256
#define EXACT (INT64_C(1) << 53)

/* ---- charging ---- */

static void poll(struct cdn_reader *reader, uint64_t work)
{
    reader->unpolled += work > POLL ? POLL : (uint32_t)work;
    if (reader->unpolled < POLL)
        return;
    reader->unpolled = 0;
    if (reader->cancel && __atomic_load_n(reader->cancel, __ATOMIC_RELAXED))
        reader->stop = CDN_STOP_CANCELLED;
    else if (cdn_clock_ns() > reader->deadline_ns)
        reader->stop = CDN_STOP_TIME;
}

uint64_t cdn_reader_instructions(const struct cdn_reader *reader)
{
    return reader->nodes + reader->edges / 4 + (reader->edges % 4 != 0);
}

static bool charge(struct cdn_reader *reader, uint64_t *used, uint64_t more,
                   uint64_t limit, enum cdn_stop stop)
{
    if (reader->stop)
        return false;
    poll(reader, more);
    if (!reader->stop && more > limit - *used)
        reader->stop = stop;
    if (reader->stop)
        return false;
    *used += more;
    if (cdn_reader_instructions(reader) <= reader->limit.instructions)
        return true;
    *used -= more;
    reader->stop = CDN_STOP_INSTRUCTIONS;
    return false;
}

bool cdn_reader_edges(struct cdn_reader *reader, uint64_t edges)
{
    return charge(reader, &reader->edges, edges, reader->limit.edges, CDN_STOP_EDGES);
}

bool cdn_reader_nodes(struct cdn_reader *reader, uint64_t nodes)
{
    return charge(reader, &reader->nodes, nodes, reader->limit.nodes, CDN_STOP_NODES);
}

const char *cdn_reader_stopped(const struct cdn_reader *reader)
{
#define WORD(name, number, word) [CORDON_BUDGET_##name] = (word),
    static const char *const words[] = {CORDON_BUDGET_MAP(WORD)};
#undef WORD
    static const cordon_budget budgets[] = {
        [CDN_STOP_INSTRUCTIONS] = CORDON_BUDGET_INSTRUCTIONS,
        [CDN_STOP_TIME] = CORDON_BUDGET_TIME,
        [CDN_STOP_EDGES] = CORDON_BUDGET_EDGES,
        [CDN_STOP_OUTPUT] = CORDON_BUDGET_OUTPUT,
        [CDN_STOP_NODES] = CORDON_BUDGET_NODES,
        [CDN_STOP_HOPS] = CORDON_BUDGET_HOPS,
    };
    cordon_budget budget = budgets[reader->stop];

    return budget ? words[budget] : NULL;
}

cordon_status cdn_reader_damaged(struct cdn_reader *reader, const char *what)
{
    char damage[CORDON_ERROR_MESSAGE_BYTES];

    if (cdn_snapshot_damage(reader->snapshot, damage, sizeof damage))
        return cdn_error_set(reader->err, CORDON_E_CORRUPT, "%s", damage);
    return cdn_error_set(reader->err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                         what);
}

/* ---- names ---- */

static const struct cdn_schema *schema_of(const struct cdn_reader *reader)
{
    return &reader->snapshot->schema;
}

static bool sees_label(const struct cdn_reader *reader, uint32_t label)
{
    return reader->grant->everything || cdn_bit(reader->grant->labels, label);
}

static bool sees_relation(const struct cdn_reader *reader, uint32_t relation)
{
    return reader->grant->everything || cdn_bit(reader->grant->relations, relation);
}

static bool sees_column(const struct cdn_reader *reader, bool of_relation,
                        uint32_t owner, uint32_t column)
{
    const struct cdn_grant *grant = reader->grant;

    if (grant->everything)
        return true;
    return of_relation ? sees_relation(reader, owner) &&
                             cdn_bit(grant->relation_columns[owner], column)
                       : sees_label(reader, owner) &&
                             cdn_bit(grant->label_columns[owner], column);
}

CDN_PRINTF(2, 3)
static cordon_status denied(struct cdn_reader *reader, const char *format, ...)
{
    char what[2 * CDN_SCHEMA_MAX_NAME + 64];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return cdn_error_set(reader->err, CORDON_E_DENIED, "principal '%s' may not read %s",
                         reader->grant->principal ? reader->grant->principal : "",
                         what);
}

static cordon_status unknown(struct cdn_reader *reader, cordon_status status,
                             const char *what, const struct cdn_suggest *suggest)
{
    char hint[2 * CDN_SCHEMA_MAX_NAME];

    return cdn_error_set(reader->err, status, "no %s '%.64s' in the graph%s", what,
                         suggest->wanted, cdn_suggest_text(suggest, hint, sizeof hint));
}

static cordon_status find_label(uint32_t *out, struct cdn_reader *reader)
{
    const struct cdn_schema *schema = schema_of(reader);
    const char *name = reader->query->label;
    int32_t label = cdn_schema_label(schema, name);
    struct cdn_suggest suggest;

    *out = (uint32_t)label;
    if (label >= 0 && sees_label(reader, *out))
        return CORDON_OK;
    if (label >= 0)
        return denied(reader, "label %s", schema->labels[label].name);
    cdn_suggest_init(&suggest, name);
    for (uint32_t l = 0; l < schema->label_count; l++)
        if (sees_label(reader, l))
            cdn_suggest_offer(&suggest, schema->labels[l].name);
    return unknown(reader, CORDON_E_NOTFOUND, "label", &suggest);
}

static cordon_status find_node(struct cdn_reader *reader, uint32_t label)
{
    const cordon_query *query = reader->query;
    size_t bytes = query->key_bytes ? query->key_bytes : strlen(query->key);
    const char *name = schema_of(reader)->labels[label].name;

    if (cdn_grant_mask(reader->grant, false, label, CDN_MASK_NODE_KEY))
        return cdn_error_set(
            reader->err, CORDON_E_DENIED,
            "the keys of %s are masked for principal '%s': nodes cannot "
            "be looked up by them",
            name, reader->grant->principal ? reader->grant->principal : "");
    reader->node = cdn_snapshot_find(reader->snapshot, label, query->key, bytes);
    if (reader->node == CDN_DAMAGED_NODE)
        return cdn_reader_damaged(reader, "the keys of a label");
    if (reader->node == CDN_NO_NODE)
        return cdn_error_set(reader->err, CORDON_E_NOTFOUND, "no node %s:%.*s", name,
                             bytes > 80 ? 80 : (int)bytes, query->key);
    return CORDON_OK;
}

static bool has_type(const struct cdn_reader *reader, const char *type)
{
    if (!reader->query->type_count)
        return true;
    for (size_t i = 0; i < reader->query->type_count; i++)
        if (!strcmp(reader->query->types[i], type))
            return true;
    return false;
}

static cordon_status check_type(struct cdn_reader *reader, const char *name)
{
    const struct cdn_schema *schema = schema_of(reader);
    struct cdn_suggest suggest;

    cdn_suggest_init(&suggest, name);
    for (uint32_t r = 0; r < schema->relation_count; r++) {
        const struct cdn_relation_schema *relation = &schema->relations[r];

        if (strcmp(relation->type, name) != 0) {
            if (sees_relation(reader, r))
                cdn_suggest_offer(&suggest, relation->type);
            continue;
        }
        if (!sees_relation(reader, r))
            return denied(reader, "edge type %s", name);
        if (reader->windowed && relation->time < 0)
            return cdn_error_set(reader->err, CORDON_E_INVALID,
                                 "edges of type %s have no time; leave since and until "
                                 "away, or the type",
                                 name);
        return CORDON_OK;
    }
    return unknown(reader, CORDON_E_INVALID, "edge type", &suggest);
}

/* ---- what is shown ---- */

static void show(struct cdn_read_shown *shown, uint32_t column)
{
    shown->bits[column >> 6] |= UINT64_C(1) << (column & 63);
    shown->any = true;
}

/* Everything of one owner that is granted; the time column stands by itself. */
static void show_all(struct cdn_reader *reader, bool of_relation, uint32_t owner)
{
    const struct cdn_schema *schema = schema_of(reader);
    struct cdn_read_shown *shown =
        of_relation ? &reader->relations[owner] : &reader->labels[owner];
    uint32_t count = of_relation ? schema->relations[owner].property_count
                                 : schema->labels[owner].property_count;

    for (uint32_t p = 0; p < count; p++)
        if (sees_column(reader, of_relation, owner, p) &&
            !(of_relation && (int32_t)p == schema->relations[owner].time))
            show(shown, p);
}

/* A name looked for in many owners. */
struct naming {
    const char *name;
    bool found, beyond; /* where it may be seen, where it may not */
    const char *owner;  /* of the one that may not */
    struct cdn_suggest suggest;
};

static void show_named(struct cdn_reader *reader, struct naming *naming,
                       bool of_relation, uint32_t owner)
{
    const struct cdn_schema *schema = schema_of(reader);
    const struct cdn_property *properties = of_relation
                                                ? schema->relations[owner].properties
                                                : schema->labels[owner].properties;
    uint32_t count = of_relation ? schema->relations[owner].property_count
                                 : schema->labels[owner].property_count;

    for (uint32_t p = 0; p < count; p++) {
        bool sees = sees_column(reader, of_relation, owner, p);

        if (sees)
            cdn_suggest_offer(&naming->suggest, properties[p].name);
        if (strcmp(properties[p].name, naming->name) != 0)
            continue;
        if (sees) {
            naming->found = true;
            show(of_relation ? &reader->relations[owner] : &reader->labels[owner], p);
        } else {
            naming->beyond = true;
            naming->owner = of_relation ? schema->relations[owner].type
                                        : schema->labels[owner].name;
        }
    }
}

static bool is_always_shown(const char *name)
{
    return !strcmp(name, "key") || !strcmp(name, "label") || !strcmp(name, "time");
}

/* Of which labels and relations properties are shown: of one label, or of all that the query
 * is about. */
static cordon_status choose_properties(struct cdn_reader *reader, int64_t one_label,
                                       bool of_nodes)
{
    const cordon_query *query = reader->query;
    const struct cdn_schema *schema = schema_of(reader);
    uint32_t relations = one_label >= 0 ? 0 : schema->relation_count;

    for (uint32_t l = 0; !query->properties && of_nodes && l < schema->label_count; l++)
        show_all(reader, false, l);
    for (uint32_t r = 0; !query->properties && r < relations; r++)
        show_all(reader, true, r);
    for (size_t i = 0; query->properties && i < query->property_count; i++) {
        struct naming naming = {.name = query->properties[i]};

        cdn_suggest_init(&naming.suggest, naming.name);
        for (uint32_t l = 0; l < schema->label_count; l++)
            if (one_label < 0 || one_label == l)
                show_named(reader, &naming, false, l);
        for (uint32_t r = 0; r < relations; r++)
            if (has_type(reader, schema->relations[r].type))
                show_named(reader, &naming, true, r);
        if (naming.found || is_always_shown(naming.name))
            continue;
        if (naming.beyond)
            return denied(reader, "property '%s' of %s", naming.name, naming.owner);
        return unknown(reader, CORDON_E_INVALID, "property", &naming.suggest);
    }
    return CORDON_OK;
}

/* ---- conditions ---- */

static cordon_status take_value(struct cdn_operation *out, struct cdn_reader *reader,
                                const cordon_condition *condition)
{
    const cordon_value *value = &condition->value;

    switch (value->type) {
    case CORDON_BOOLEAN:
        out->operand = CDN_OPERAND_BOOLEAN;
        out->as.boolean = value->as.boolean;
        return CORDON_OK;
    case CORDON_INTEGER:
        if (value->as.integer < -EXACT || value->as.integer > EXACT)
            return cdn_error_set(reader->err, CORDON_E_INVALID,
                                 "where %.64s: %" PRId64
                                 " is beyond +-2^53, and would be compared inexactly",
                                 condition->property, value->as.integer);
        out->operand = CDN_OPERAND_NUMBER;
        out->as.number = (double)value->as.integer;
        return CORDON_OK;
    case CORDON_NUMBER:
        out->operand = CDN_OPERAND_NUMBER;
        out->as.number = value->as.number;
        return CORDON_OK;
    case CORDON_STRING:
        out->operand = CDN_OPERAND_STRING;
        out->as.text = value->as.string;
        out->bytes = value->length;
        return CORDON_OK;
    case CORDON_NIL:
    case CORDON_ARRAY:
    case CORDON_MAP:
        break;
    }
    return cdn_error_set(
        reader->err, CORDON_E_INVALID,
        "where %.64s: a property is compared with a boolean, a number or "
        "a string",
        condition->property);
}

static cordon_status take_condition(struct cdn_operation *out,
                                    struct cdn_reader *reader,
                                    const cordon_condition *condition)
{
    enum cdn_compare compare;

    *out = (struct cdn_operation){.kind = CDN_OPERATION_WHERE};
    if (!condition->property || !condition->compare)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "where: a condition has a property and an operator");
    if (!cdn_compare_parse(&compare, condition->compare, strlen(condition->compare)))
        return cdn_error_set(
            reader->err, CORDON_E_INVALID,
            "where %.64s compares by == ~= < <= > or >=, not by '%.16s'",
            condition->property, condition->compare);
    out->compare = (uint8_t)compare;
    return take_value(out, reader, condition);
}

/* The column of a relation that a condition is about; -1: it has none. */
static int32_t column_of(const struct cdn_relation_schema *relation, const char *name)
{
    int32_t found =
        cdn_properties_find(relation->properties, relation->property_count, name);

    return found < 0 && !strcmp(name, "time") ? relation->time : found;
}

/* Has some list the property, and may each that has it be compared so? */
static cordon_status check_condition(struct cdn_reader *reader,
                                     const cordon_condition *condition,
                                     const struct cdn_operation *operation)
{
    struct cdn_suggest suggest;
    bool found = false;

    cdn_suggest_init(&suggest, condition->property);
    for (uint32_t i = 0; i < reader->list_count; i++) {
        uint32_t relation = reader->lists[i].relation;
        const struct cdn_relation_schema *schema =
            &schema_of(reader)->relations[relation];
        int32_t column = column_of(schema, condition->property);
        const char *objection;

        for (uint32_t p = 0; p < schema->property_count; p++)
            if (sees_column(reader, true, relation, p))
                cdn_suggest_offer(&suggest, schema->properties[p].name);
        if (column < 0)
            continue;
        if (!sees_column(reader, true, relation, (uint32_t)column))
            return denied(reader, "property '%s' of %s", condition->property,
                          schema->type);
        if (cdn_grant_mask(reader->grant, true, relation, column))
            return cdn_error_set(
                reader->err, CORDON_E_DENIED,
                "property '%s' of %s is masked for principal '%s': it can "
                "be read, not compared",
                condition->property, schema->type,
                reader->grant->principal ? reader->grant->principal : "");
        objection = cdn_test_objection(&schema->properties[column], operation);
        if (objection)
            return cdn_error_set(reader->err, CORDON_E_INVALID,
                                 "where: property '%s' of %s %s", condition->property,
                                 schema->type, objection);
        found = true;
    }
    return found ? CORDON_OK
                 : unknown(reader, CORDON_E_INVALID, "property of these edges,",
                           &suggest);
}

static cordon_status compile_tests(struct cdn_reader *reader)
{
    const cordon_query *query = reader->query;

    for (uint32_t i = 0; i < reader->list_count; i++) {
        struct cdn_read_list *list = &reader->lists[i];

        list->tests = reader->tests + (size_t)i * reader->condition_count;
        for (uint32_t c = 0; c < reader->condition_count; c++) {
            int32_t number =
                column_of(list->bound.relation->schema, query->where[c].property);
            const struct cdn_column *column =
                number >= 0 ? &list->bound.adjacency->columns[number] : NULL;

            if (!cdn_test_compile(&list->tests[c], column, number,
                                  &reader->conditions[c]))
                return cdn_reader_damaged(reader, "a dictionary is out of range");
        }
    }
    return CORDON_OK;
}

static cordon_status take_conditions(struct cdn_reader *reader)
{
    const cordon_query *query = reader->query;
    cordon_status status = CORDON_OK;

    if (query->where_count > CORDON_MAX_CONDITIONS)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "where: %zu conditions; at most %d", query->where_count,
                             CORDON_MAX_CONDITIONS);
    for (size_t i = 0; i < query->where_count && !status; i++) {
        struct cdn_operation *out = &reader->conditions[reader->condition_count++];

        status = take_condition(out, reader, &query->where[i]);
        if (!status)
            status = check_condition(reader, &query->where[i], out);
    }
    reader->tests = cdn_calloc((size_t)reader->list_count * reader->condition_count + 1,
                               sizeof *reader->tests);
    if (!status && !reader->tests)
        status = cdn_error_nomem(reader->err);
    return status ? status : compile_tests(reader);
}

/* ---- all of it ---- */

/* Edge types in the order of their names, outgoing lists before incoming ones. */
static cordon_status make_lists(struct cdn_reader *reader)
{
    const cordon_snapshot *snapshot = reader->snapshot;
    const struct cdn_schema *schema = schema_of(reader);
    cordon_direction direction = reader->query->direction;

    reader->lists =
        cdn_calloc(2 * (size_t)schema->relation_count + 1, sizeof *reader->lists);
    if (!reader->lists)
        return cdn_error_nomem(reader->err);
    for (uint32_t first = 0, end; first < schema->relation_count; first = end) {
        for (end = first + 1;
             end < schema->relation_count &&
             !strcmp(schema->relations[end].type, schema->relations[first].type);)
            end++;
        for (uint32_t at = 2 * first; at < 2 * end; at++) {
            bool incoming = at >= first + end;
            uint32_t r = incoming ? at - end : at - first;
            struct cdn_read_list *list = &reader->lists[reader->list_count];

            if (!sees_relation(reader, r) ||
                !has_type(reader, schema->relations[r].type) ||
                (reader->windowed && schema->relations[r].time < 0))
                continue;
            cdn_bound_list_init(&list->bound, &snapshot->relations[r], incoming);
            list->relation = r;
            list->followed = direction == CORDON_DIRECTION_BOTH ||
                             incoming == (direction == CORDON_DIRECTION_INCOMING);
            reader->list_count++;
        }
    }
    return CORDON_OK;
}

cordon_status cdn_reader_find(struct cdn_reader *reader)
{
    const cordon_query *query = reader->query;
    uint32_t label;
    cordon_status status;

    if (!query->label || !query->key)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "cordon_query: a node has a label and a key");
    status = find_label(&label, reader);
    if (!status)
        status = find_node(reader, label);
    return status;
}

cordon_status cdn_read_node(struct cdn_reader *reader)
{
    cordon_status status = cdn_reader_find(reader);

    if (!status)
        status = choose_properties(
            reader, cdn_snapshot_label_of(reader->snapshot, reader->node), true);
    if (status)
        return status;
    (void)cdn_reader_nodes(reader, 1);
    cdn_pack_map(reader->out, 2);
    cdn_pack_cstr(reader->out, "generation");
    cdn_pack_int(reader->out, (int64_t)reader->snapshot->generation);
    cdn_pack_cstr(reader->out, "node");
    return cdn_read_put_node(reader, reader->node, true);
}

cordon_status cdn_reader_prepare(struct cdn_reader *reader, bool of_nodes)
{
    const cordon_query *query = reader->query;
    cordon_status status = cdn_reader_find(reader);

    reader->low = query->since_ms == CORDON_NO_TIME ? INT64_MIN : query->since_ms;
    reader->high = query->until_ms == CORDON_NO_TIME ? INT64_MAX : query->until_ms;
    reader->windowed =
        query->since_ms != CORDON_NO_TIME || query->until_ms != CORDON_NO_TIME;
    for (size_t i = 0; i < query->type_count && !status; i++)
        status = check_type(reader, query->types[i]);
    if (!status)
        status = make_lists(reader);
    if (!status)
        status = take_conditions(reader);
    if (!status)
        status = choose_properties(reader, -1, of_nodes);
    return status;
}

void cdn_reader_deinit(struct cdn_reader *reader)
{
    cdn_free(reader->lists);
    cdn_free(reader->tests);
}

/* ---- lists ---- */

bool cdn_reader_open(struct cdn_reader *reader, const struct cdn_read_list *list,
                     uint32_t node, struct cdn_reach *out, cordon_status *status)
{
    if (!cdn_reader_edges(reader, 1))
        return false;
    *out = (struct cdn_reach){.from = &list->bound, .node = node};
    if (!cdn_adjacency_list(list->bound.adjacency, node - list->bound.node_base,
                            &out->list)) {
        *status = cdn_reader_damaged(reader, "a list's offsets are out of range");
        return false;
    }
    out->high = out->list.count;
    if (reader->as_of_ms != INT64_MAX)
        cdn_reach_window(out, INT64_MIN, reader->as_of_ms);
    if (reader->windowed)
        cdn_reach_window(out, reader->low, reader->high);
    return true;
}

bool cdn_reader_passes(struct cdn_reader *reader, const struct cdn_read_list *list,
                       const struct cdn_reach *reach, uint32_t position, uint32_t *peer,
                       cordon_status *status)
{
    bool damaged = false;

    *peer = reach->list.peers[position];
    if (!cdn_peer_valid(*peer, list->bound.peer_base, list->bound.peer_count)) {
        *status = cdn_reader_damaged(reader, "a node index is out of range");
        return false;
    }
    /* in both directions a self-loop is its outgoing copy */
    if (list->bound.loops && *peer == reach->node &&
        reader->query->direction == CORDON_DIRECTION_BOTH)
        return false;
    for (uint32_t c = 0; c < reader->condition_count; c++) {
        const struct cdn_test *test = &list->tests[c];
        struct cdn_cell_place place;

        if (test->form == CDN_TEST_NOTHING)
            return false;
        if (!cdn_reach_cell(reach, test->number, position, &place)) {
            *status = cdn_reader_damaged(reader, "an edge number is out of range");
            return false;
        }
        if (!cdn_test_cell(test, place.column, place.block, place.index, &damaged)) {
            if (damaged)
                *status =
                    cdn_reader_damaged(reader, "a property value is out of range");
            return false;
        }
    }
    return true;
}
