/* An entry of the log as msgpack, and back.
 *
 *     [ 1, decision id, index, kind, state, rule, version, generation, proposed,
 *       principal, applied generation, history, content, before, digests ]
 *
 * history  [ [state, ms since 1970, author, reason] ... ], a change each, the last is now's
 * content  update {key, label, set}; edge {from, properties, time, to, type}: what
 *          cdn_proposal_check() reads, values as their columns hold them
 * before   update {property: value}, what each of `set` was; one that takes more than
 *          CDN_PROPOSAL_BEFORE_BYTES is left out; edge {}
 * digests  update [digest of what each of `set` was]; edge []
 *
 * The last three are written once and copied as they lie when the state changes.  The reader
 * takes nothing on trust: a log is a file. */
#include <string.h>

#include "base/pack.h"
#include "engine/proposals.h"

#define RECORD_VERSION 1
#define FIELDS         15u
#define CHANGE_FIELDS  4u

/* What was, and behind it the change that author, reason and time speak of. */
static void pack_history(struct cdn_packer *packer, const cordon_proposal *proposal)
{
    const unsigned char *start = proposal->history.as.items;
    const unsigned char *at = start;
    uint32_t past = proposal->history.length;

    cdn_pack_array(packer, past + (proposal->author[0] != '\0'));
    for (uint32_t i = 0; i < past; i++)
        (void)cdn_unpack_skip(&at, proposal->history.end); /* it was decoded */
    cdn_pack_raw(packer, start, (size_t)(at - start));
    if (!proposal->author[0])
        return;
    cdn_pack_array(packer, CHANGE_FIELDS);
    cdn_pack_int(packer, proposal->state);
    cdn_pack_int(packer, proposal->changed_ms);
    cdn_pack_cstr(packer, proposal->author);
    cdn_pack_cstr(packer, proposal->reason);
}

void cdn_proposal_encode(struct cdn_buf *out, const cordon_proposal *proposal,
                         const void *content, size_t content_bytes)
{
    struct cdn_packer packer;

    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, FIELDS);
    cdn_pack_int(&packer, RECORD_VERSION);
    cdn_pack_cstr(&packer, proposal->decision_id);
    cdn_pack_int(&packer, proposal->index);
    cdn_pack_int(&packer, proposal->kind);
    cdn_pack_int(&packer, proposal->state);
    cdn_pack_cstr(&packer, proposal->rule);
    cdn_pack_int(&packer, proposal->version);
    cdn_pack_int(&packer, (int64_t)proposal->generation);
    cdn_pack_int(&packer, proposal->proposed_ms);
    cdn_pack_cstr(&packer, proposal->principal);
    cdn_pack_int(&packer, (int64_t)proposal->applied_generation);
    pack_history(&packer, proposal);
    cdn_pack_raw(&packer, content, content_bytes);
}

/* ---- content ---- */

/* One cell of a node, as the snapshot has it.  False: damaged. */
static bool read_cell(struct cdn_cell *out, const cordon_snapshot *snapshot,
                      uint32_t label, uint32_t node, uint32_t property)
{
    const struct cdn_label_data *of = &snapshot->labels[label];
    const struct cdn_column *column = &of->columns[property];
    uint32_t block = (node - of->base) >> of->shift;
    uint32_t index = (node - of->base) & ((UINT32_C(1) << of->shift) - 1);

    return cdn_column_cell(out, column, block, index);
}

static bool pack_node(struct cdn_packer *packer, const cordon_snapshot *snapshot,
                      uint32_t node)
{
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    char room[24];
    size_t bytes;
    const char *key = cdn_snapshot_key(snapshot, node, room, &bytes);

    if (!key)
        return false;
    cdn_pack_cstr(packer, "key");
    cdn_pack_str(packer, key, bytes);
    cdn_pack_cstr(packer, "label");
    cdn_pack_cstr(packer, snapshot->schema.labels[label].name);
    return true;
}

static void pack_cells(struct cdn_packer *packer, const struct cdn_proposed *proposed,
                       const struct cdn_property *properties, uint32_t count,
                       int32_t but)
{
    cdn_pack_map(packer, proposed->given_count - (but >= 0));
    for (uint32_t p = 0; p < count; p++) {
        if (!proposed->given[p] || (int32_t)p == but)
            continue;
        cdn_pack_cstr(packer, properties[p].name);
        cdn_proposal_pack_cell(packer, properties[p].type, &proposed->cells[p]);
    }
}

static bool pack_update(struct cdn_packer *packer, const struct cdn_proposed *proposed,
                        const cordon_snapshot *snapshot)
{
    const struct cdn_label *label = &snapshot->schema.labels[proposed->number];
    struct cdn_buf before = {0}, digests = {0}, value = {0};
    struct cdn_packer befores, all;
    uint32_t kept = 0;
    bool good;

    cdn_pack_map(packer, 3);
    good = pack_node(packer, snapshot, proposed->nodes[0]);
    cdn_pack_cstr(packer, "set");
    pack_cells(packer, proposed, label->properties, label->property_count, -1);
    cdn_pack_init_buf(&befores, &before);
    cdn_pack_init_buf(&all, &digests);
    cdn_pack_array(&all, proposed->given_count);
    for (uint32_t p = 0; good && p < label->property_count; p++) {
        struct cdn_cell cell;

        if (!proposed->given[p])
            continue;
        good = read_cell(&cell, snapshot, proposed->number, proposed->nodes[0], p);
        if (!good)
            break;
        /* as a signed integer: msgpack's reader here has no other of 64 bits */
        cdn_pack_int(&all, (int64_t)cdn_proposal_digest(label->properties[p].type,
                                                        &cell, &value));
        packer->failed |= value.failed;
        if (value.length > CDN_PROPOSAL_BEFORE_BYTES)
            continue;
        cdn_pack_cstr(&befores, label->properties[p].name);
        cdn_pack_raw(&befores, value.data, value.length);
        kept++;
    }
    cdn_pack_map(packer, kept);
    cdn_pack_raw(packer, before.data, before.length);
    cdn_pack_raw(packer, digests.data, digests.length);
    packer->failed |= before.failed || digests.failed;
    cdn_buf_deinit(&before);
    cdn_buf_deinit(&digests);
    cdn_buf_deinit(&value);
    return good;
}

static bool pack_edge(struct cdn_packer *packer, const struct cdn_proposed *proposed,
                      const cordon_snapshot *snapshot)
{
    const struct cdn_relation_schema *relation =
        &snapshot->schema.relations[proposed->number];
    int32_t time = relation->time;
    bool good;

    cdn_pack_map(packer, time >= 0 ? 5 : 4);
    cdn_pack_cstr(packer, "from");
    cdn_pack_map(packer, 2);
    good = pack_node(packer, snapshot, proposed->nodes[0]);
    cdn_pack_cstr(packer, "properties");
    pack_cells(packer, proposed, relation->properties, relation->property_count, time);
    if (time >= 0) {
        cdn_pack_cstr(packer, "time");
        cdn_pack_int(packer, proposed->cells[time].as.integer);
    }
    cdn_pack_cstr(packer, "to");
    cdn_pack_map(packer, 2);
    good = good && pack_node(packer, snapshot, proposed->nodes[1]);
    cdn_pack_cstr(packer, "type");
    cdn_pack_cstr(packer, relation->type);
    cdn_pack_map(packer, 0);
    cdn_pack_array(packer, 0);
    return good;
}

bool cdn_proposal_encode_content(struct cdn_buf *out,
                                 const struct cdn_proposed *proposed,
                                 const cordon_snapshot *snapshot)
{
    struct cdn_packer packer;
    bool good;

    cdn_pack_init_buf(&packer, out);
    good = proposed->kind == CORDON_PROPOSAL_UPDATE
               ? pack_update(&packer, proposed, snapshot)
               : pack_edge(&packer, proposed, snapshot);
    out->failed |= packer.failed;
    return good;
}

/* ---- reading ---- */

struct walk {
    cordon_value_iter fields;
    bool good;
};

static bool take(struct walk *walk, cordon_value *value, cordon_type type)
{
    walk->good = walk->good && cordon_value_next(&walk->fields, NULL, value) &&
                 value->type == type;
    return walk->good;
}

static int64_t take_int(struct walk *walk, int64_t least, int64_t most)
{
    cordon_value value;

    if (!take(walk, &value, CORDON_INTEGER))
        return least;
    walk->good = value.as.integer >= least && value.as.integer <= most;
    return walk->good ? value.as.integer : least;
}

static void take_text(struct walk *walk, char *out, size_t size)
{
    cordon_value value;

    out[0] = '\0';
    if (!take(walk, &value, CORDON_STRING))
        return;
    walk->good = value.length < size && !memchr(value.as.string, 0, value.length);
    if (!walk->good)
        return;
    memcpy(out, value.as.string, value.length);
    out[value.length] = '\0';
}

static void take_head(struct walk *walk, struct cdn_proposal_entry *out)
{
    cordon_proposal *view = &out->view;

    take_int(walk, RECORD_VERSION, RECORD_VERSION);
    take_text(walk, out->decision_id, sizeof(out->decision_id));
    view->index = (uint32_t)take_int(walk, 1, UINT32_MAX);
    view->kind = (cordon_proposal_kind)take_int(walk, CORDON_PROPOSAL_UPDATE,
                                                CORDON_PROPOSAL_EDGE);
    view->state = (cordon_proposal_state)take_int(walk, CORDON_PROPOSAL_PENDING,
                                                  CORDON_PROPOSAL_CONFLICT);
    take_text(walk, out->rule, sizeof(out->rule));
    view->version = (uint32_t)take_int(walk, 0, UINT32_MAX);
    view->generation = (uint64_t)take_int(walk, 0, INT64_MAX);
    view->proposed_ms = take_int(walk, INT64_MIN, INT64_MAX);
    take_text(walk, out->principal, sizeof(out->principal));
    view->applied_generation = (uint64_t)take_int(walk, 0, INT64_MAX);
}

/* Every change is one; the last goes into the view.  Without any the state is pending. */
static void take_history(struct walk *walk, struct cdn_proposal_entry *out)
{
    cordon_proposal *view = &out->view;
    cordon_value_iter iter;
    cordon_value change;
    int64_t state = CORDON_PROPOSAL_PENDING;

    out->author[0] = '\0';
    out->reason[0] = '\0';
    if (!take(walk, &view->history, CORDON_ARRAY))
        return;
    cordon_value_iter_init(&iter, &view->history);
    while (walk->good && cordon_value_next(&iter, NULL, &change)) {
        struct walk inner = {.good = change.type == CORDON_ARRAY &&
                                     change.length == CHANGE_FIELDS};

        cordon_value_iter_init(&inner.fields, &change);
        state = take_int(&inner, CORDON_PROPOSAL_PENDING, CORDON_PROPOSAL_CONFLICT);
        view->changed_ms = take_int(&inner, INT64_MIN, INT64_MAX);
        take_text(&inner, out->author, sizeof(out->author));
        take_text(&inner, out->reason, sizeof(out->reason));
        walk->good = inner.good && out->author[0];
    }
    walk->good = walk->good && state == (int64_t)view->state;
}

/* As many digests as values that are set, each an integer. */
static bool digests_fit(const struct cdn_proposal_entry *entry)
{
    cordon_value set, digest;
    cordon_value_iter iter;

    if (entry->view.kind == CORDON_PROPOSAL_EDGE)
        return entry->digests.length == 0;
    if (!cordon_value_get(&set, &entry->view.content, "set") ||
        set.type != CORDON_MAP || set.length != entry->digests.length)
        return false;
    cordon_value_iter_init(&iter, &entry->digests);
    while (cordon_value_next(&iter, NULL, &digest))
        if (digest.type != CORDON_INTEGER)
            return false;
    return true;
}

bool cdn_proposal_decode(struct cdn_proposal_entry *out, uint64_t sequence,
                         const void *bytes, size_t size)
{
    struct walk walk = {.good = true};
    cordon_proposal *view = &out->view;
    cordon_value record;

    memset(view, 0, sizeof(*view));
    if (cordon_value_parse(&record, bytes, size, NULL) || record.type != CORDON_ARRAY ||
        record.length != FIELDS)
        return false;
    cordon_value_iter_init(&walk.fields, &record);
    take_head(&walk, out);
    take_history(&walk, out);
    if (!walk.good)
        return false;
    out->content_at = walk.fields.at;
    out->content_bytes = (size_t)((const unsigned char *)bytes + size - walk.fields.at);
    if (!take(&walk, &view->content, CORDON_MAP) ||
        !take(&walk, &view->before, CORDON_MAP) ||
        !take(&walk, &out->digests, CORDON_ARRAY) || !digests_fit(out))
        return false;
    view->struct_size = sizeof(*view);
    view->sequence = sequence;
    view->decision_id = out->decision_id;
    view->rule = out->rule;
    view->principal = out->principal;
    view->author = out->author;
    view->reason = out->reason;
    return true;
}
