/* Cutting a slice: see slice.h.
 *
 * The nodes are found breadth first, both ways; a slice of all that is granted holds all of
 * their labels, and finds none.  What they are and which edges go with them is then written as
 * rows through the snapshot writer, into memory: it sorts, numbers and counts as it does for an
 * import, so a slice holds every promise of FORMAT.md that a file does.  Edges between the same
 * nodes at the same time are given in the order of the snapshot, which the writer keeps.
 *
 * Left out: copying whole lists without going through rows.  It would be faster, but columns
 * with dictionaries and heaps have to be made anew all the same. */
#include "snapshot/slice.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "snapshot/slice_plan.h"

#define FREE_PLACE UINT32_MAX
/* Edges and nodes that are gone over between two looks at the clock. */
#define LOOK 1024u

/* Nodes in the order met, and where each is: open addressing over their numbers. */
struct met {
    uint32_t *nodes;
    uint32_t count;
    uint32_t capacity;
    uint32_t *table;
    uint32_t bits;
};

struct slicer {
    const cordon_snapshot *snapshot;
    const struct cdn_slice_plan *plan;
    const struct cdn_slice_how *how;
    struct met met;
    uint32_t inner;         /* nodes whose edges are all in: the first ones met */
    uint32_t *sorted;       /* the nodes met, ascending: their order in the slice */
    uint64_t edges;         /* written so far */
    uint64_t looked;        /* at, while nodes were found */
    uint32_t unlooked;      /* things done since the clock was looked at */
    struct cdn_cell *cells; /* room for the cells of any row */
    struct cdn_writer *writer;
    cordon_error *err;
};

const char cdn_slice_no_memory[] = "no memory";

static cordon_status damaged(const struct slicer *slicer, const char *what)
{
    char damage[CORDON_ERROR_MESSAGE_BYTES];

    if (what == cdn_slice_no_memory)
        return cdn_error_nomem(slicer->err);
    if (cdn_snapshot_damage(slicer->snapshot, damage, sizeof(damage)))
        return cdn_error_set(slicer->err, CORDON_E_CORRUPT,
                             "the snapshot is damaged: %s", damage);
    return cdn_error_set(slicer->err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                         what);
}

/* One more edge or node. */
static cordon_status go_on(struct slicer *slicer)
{
    if (++slicer->unlooked < LOOK)
        return CORDON_OK;
    slicer->unlooked = 0;
    if (slicer->how->until_ns && cdn_clock_ns() >= slicer->how->until_ns)
        return cdn_error_set(slicer->err, CORDON_E_INTERRUPTED,
                             "there was no time to cut the slice: ask for fewer hops");
    return CORDON_OK;
}

static cordon_status too_much(const struct slicer *slicer, enum cdn_slice_excess what)
{
    const struct cdn_slice_how *how = slicer->how;
    const char *word = what == CDN_SLICE_NODES ? "nodes" : "edges";
    uint64_t most = what == CDN_SLICE_NODES ? how->max_nodes : how->max_edges;

    if (how->excess)
        *how->excess = what;
    if (how->all)
        return cdn_error_set(slicer->err, CORDON_E_INVALID,
                             "more than %llu %s are granted: grant less, cut fewer "
                             "hops, or allow more %s",
                             (unsigned long long)most, word, word);
    return cdn_error_set(slicer->err, CORDON_E_INVALID,
                         "more than %llu %s are within %u hops: ask for fewer "
                         "hops, or allow more %s",
                         (unsigned long long)most, word, how->hops, word);
}

/* ---- which nodes ---- */

static uint32_t place_of(const struct met *met, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << met->bits) - 1;
    uint32_t at = node * UINT32_C(2654435769) >> (32 - met->bits);

    while (met->table[at] != FREE_PLACE && met->nodes[met->table[at]] != node)
        at = (at + 1) & mask;
    return at;
}

/* A node's number in the order met; FREE_PLACE: it has not been. */
static uint32_t number_of(const struct met *met, uint32_t node)
{
    return met->table[place_of(met, node)];
}

static bool widen(struct met *met)
{
    uint32_t bits = met->bits ? met->bits + 1 : 8;
    uint32_t capacity = UINT32_C(1) << (bits - 1);
    uint32_t *nodes = cdn_realloc_array(met->nodes, capacity, sizeof(*nodes));
    uint32_t *table;

    if (!nodes)
        return false;
    met->nodes = nodes;
    table = cdn_realloc_array(NULL, (size_t)1 << bits, sizeof(*table));
    if (!table)
        return false;
    cdn_free(met->table);
    met->table = table;
    met->bits = bits;
    met->capacity = capacity;
    memset(table, 0xff, sizeof(*table) << bits);
    for (uint32_t i = 0; i < met->count; i++)
        table[place_of(met, nodes[i])] = i;
    return true;
}

static cordon_status meet(struct slicer *slicer, uint32_t node)
{
    struct met *met = &slicer->met;
    uint32_t place;

    if (number_of(met, node) != FREE_PLACE)
        return CORDON_OK;
    if (met->count >= slicer->how->max_nodes || met->bits == 31)
        return too_much(slicer, CDN_SLICE_NODES);
    if (met->count == met->capacity && !widen(met))
        return cdn_error_nomem(slicer->err);
    place = place_of(met, node);
    met->nodes[met->count] = node;
    met->table[place] = met->count++;
    return CORDON_OK;
}

/* What as_of leaves of a node's list in one relation and direction. */
static bool open_list(struct cdn_list *out, const struct slicer *slicer,
                      const struct cdn_adjacency *adjacency, uint32_t local)
{
    uint32_t low = 0;

    if (!cdn_adjacency_list(adjacency, local, out))
        return false;
    if (!out->times || slicer->how->as_of_ms == INT64_MAX)
        return true;
    for (uint32_t high = out->count; low < high;) {
        uint32_t middle = low + (high - low) / 2;

        if (out->times[middle] <= slicer->how->as_of_ms)
            low = middle + 1;
        else
            high = middle;
    }
    out->count = low;
    return true;
}

/* Does the relation have lists of `label` in this direction, and is it in the slice? */
static bool has_lists(const struct slicer *slicer, uint32_t relation, uint32_t label,
                      bool incoming)
{
    const struct cdn_relation_schema *schema =
        slicer->snapshot->relations[relation].schema;

    return slicer->plan->relations[relation] != UINT32_MAX &&
           (incoming ? schema->target : schema->source) == label;
}

static cordon_status meet_list(struct slicer *slicer,
                               const struct cdn_relation *relation, uint32_t node,
                               bool incoming)
{
    uint32_t base = incoming ? relation->target_base : relation->source_base;
    uint32_t peer_base = incoming ? relation->source_base : relation->target_base;
    uint32_t peers = incoming ? relation->source_count : relation->target_count;
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, incoming ? &relation->incoming : &relation->outgoing,
                   node - base))
        return damaged(slicer, "a list's offsets are out of range");
    /* each edge is met at both its ends, at most */
    slicer->looked += list.count;
    if (slicer->looked / 2 > slicer->how->max_edges)
        return too_much(slicer, CDN_SLICE_EDGES);
    for (uint32_t i = 0; !status && i < list.count; i++) {
        if (!cdn_peer_valid(list.peers[i], peer_base, peers))
            return damaged(slicer, "a node index is out of range");
        status = meet(slicer, list.peers[i]);
        if (!status)
            status = go_on(slicer);
    }
    return status;
}

static cordon_status meet_neighbours(struct slicer *slicer, uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        for (int incoming = 0; !status && incoming < 2; incoming++)
            if (has_lists(slicer, r, label, incoming))
                status = meet_list(slicer, &snapshot->relations[r], node, incoming);
    }
    return status;
}

static cordon_status find_nodes(struct slicer *slicer)
{
    const struct cdn_slice_how *how = slicer->how;
    cordon_status status = CORDON_OK;

    if (!widen(&slicer->met))
        return cdn_error_nomem(slicer->err);
    for (size_t i = 0; !status && i < how->node_count; i++) {
        uint32_t label = cdn_snapshot_label_of(slicer->snapshot, how->nodes[i]);

        if (label >= slicer->snapshot->label_count)
            return cdn_error_set(
                slicer->err, CORDON_E_INVALID,
                "node %zu of those asked for is no node of the snapshot", i);
        if (!slicer->plan->holds[label])
            return cdn_error_set(slicer->err, CORDON_E_INVALID,
                                 "node %zu of those asked for is a %s, which the slice "
                                 "may not hold",
                                 i, slicer->snapshot->schema.labels[label].name);
        status = meet(slicer, how->nodes[i]);
    }
    for (uint32_t hop = 0; !status && hop < how->hops; hop++) {
        uint32_t end = slicer->met.count;

        for (; !status && slicer->inner < end; slicer->inner++)
            status = meet_neighbours(slicer, slicer->met.nodes[slicer->inner]);
    }
    return status;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

/* How many of the nodes met are below this one. */
static uint32_t below(const struct slicer *slicer, uint32_t node)
{
    uint32_t low = 0, high = slicer->met.count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (slicer->sorted[middle] < node)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A node's place among the slice's nodes of its label. */
static uint32_t place_in_label(const struct slicer *slicer, uint32_t node)
{
    uint32_t label = cdn_snapshot_label_of(slicer->snapshot, node);
    uint32_t base = slicer->snapshot->labels[label].base;

    return slicer->how->all ? node - base : below(slicer, node) - below(slicer, base);
}

static cordon_status tell_border(const struct slicer *slicer)
{
    struct cdn_buf *border = slicer->how->border;
    size_t words = (size_t)slicer->met.count / 64 + 1;
    size_t before = border->length;
    uint64_t *bits;

    if (!cdn_buf_reserve(border, words * sizeof(*bits)))
        return cdn_error_nomem(slicer->err);
    bits = (uint64_t *)(void *)(border->data + before);
    memset(bits, 0, words * sizeof(*bits));
    border->length += words * sizeof(*bits);
    for (uint32_t i = slicer->inner; i < slicer->met.count; i++) {
        uint32_t place = below(slicer, slicer->met.nodes[i]);

        bits[place >> 6] |= UINT64_C(1) << (place & 63);
    }
    return CORDON_OK;
}

/* The slice's order of the nodes that were met, and what is asked about it. */
static cordon_status order_nodes(struct slicer *slicer)
{
    const struct cdn_slice_how *how = slicer->how;
    size_t bytes = (size_t)slicer->met.count * sizeof(*slicer->sorted);

    slicer->sorted = cdn_alloc(bytes + 1);
    if (!slicer->sorted)
        return cdn_error_nomem(slicer->err);
    if (bytes) {
        memcpy(slicer->sorted, slicer->met.nodes, bytes);
        qsort(slicer->sorted, slicer->met.count, sizeof(*slicer->sorted), compare);
    }
    if (how->place && how->node_count)
        *how->place = place_in_label(slicer, how->nodes[0]);
    return how->border ? tell_border(slicer) : CORDON_OK;
}

/* Of all that is granted: is it too much?  Known before anything is read, but for as_of. */
static cordon_status count_all(const struct slicer *slicer)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint64_t nodes = 0, edges = 0;

    for (uint32_t l = 0; l < snapshot->label_count; l++)
        if (slicer->plan->holds[l])
            nodes += snapshot->labels[l].count;
    for (uint32_t r = 0; r < snapshot->relation_count; r++)
        if (slicer->plan->relations[r] != UINT32_MAX)
            edges += snapshot->relations[r].edge_count;
    if (nodes > slicer->how->max_nodes)
        return too_much(slicer, CDN_SLICE_NODES);
    if (edges > slicer->how->max_edges && slicer->how->as_of_ms == INT64_MAX)
        return too_much(slicer, CDN_SLICE_EDGES);
    return CORDON_OK;
}

/* ---- rows ---- */

/* One cell of a row, as it is or as what stands in for it. */
static cordon_status read_cell(struct cdn_cell *out, const struct slicer *slicer,
                               const struct cdn_slice_source *source,
                               const struct cdn_column *columns, uint32_t block,
                               uint32_t index)
{
    const struct cdn_column *column;
    const char *damage;

    if (source->column < 0) {
        *out = (struct cdn_cell){.null = true};
        return CORDON_OK;
    }
    column = &columns[source->column];
    if (source->mask < 0)
        return cdn_column_cell(out, column, block, index)
                   ? CORDON_OK
                   : damaged(slicer, "a property's segment, or a string in it");
    damage = slicer->plan->veil->make(slicer->how->veil_ud, out, (uint32_t)source->mask,
                                      column, block, index);
    return damage ? damaged(slicer, damage) : CORDON_OK;
}

/* The cells of a row, of so many of the slice's properties. */
static cordon_status read_cells(const struct slicer *slicer,
                                const struct cdn_slice_source *sources,
                                const struct cdn_column *columns, uint32_t count,
                                uint32_t block, uint32_t index)
{
    cordon_status status = CORDON_OK;

    for (uint32_t p = 0; !status && p < count; p++)
        status =
            read_cell(&slicer->cells[p], slicer, &sources[p], columns, block, index);
    return status;
}

static cordon_status read_key(struct cdn_key *out, const struct slicer *slicer,
                              uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint32_t number = cdn_snapshot_label_of(snapshot, node);
    const struct cdn_label_data *label = &snapshot->labels[number];
    uint32_t local = node - label->base;
    const int64_t *keys;
    char unused[24];

    memset(out, 0, sizeof(*out));
    if (slicer->plan->ranked[number]) {
        out->integer = place_in_label(slicer, node);
        return CORDON_OK;
    }
    if (label->schema->key == CDN_KEY_STRING) {
        out->text = cdn_snapshot_key(snapshot, node, unused, &out->bytes);
        return out->text ? CORDON_OK : damaged(slicer, "a key is out of range");
    }
    keys = CDN_BLOCK(label->guard, label->integer_keys, local >> label->shift);
    if (!keys)
        return damaged(slicer, "the keys of a label");
    out->integer = keys[local & ((UINT32_C(1) << label->shift) - 1)];
    return CORDON_OK;
}

static cordon_status write_node(struct slicer *slicer, uint32_t node)
{
    const struct cdn_slice_plan *plan = slicer->plan;
    uint32_t number = cdn_snapshot_label_of(slicer->snapshot, node);
    const struct cdn_label_data *label = &slicer->snapshot->labels[number];
    uint32_t count = plan->schema.labels[plan->labels[number]].property_count;
    const struct cdn_slice_source *sources = plan->label_sources[number];
    uint32_t local = node - label->base;
    const char *damage = NULL;
    struct cdn_key key;
    cordon_status status = go_on(slicer);

    if (!status)
        status = read_key(&key, slicer, node);
    if (plan->held[number] >= 0)
        count--; /* made of the key, and the last one */
    if (!status)
        status =
            read_cells(slicer, sources, label->columns, count, local >> label->shift,
                       local & ((UINT32_C(1) << label->shift) - 1));
    if (!status && plan->held[number] >= 0)
        damage = plan->veil->make(slicer->how->veil_ud, &slicer->cells[count],
                                  (uint32_t)sources[count].mask, NULL, 0, node);
    if (damage)
        return damaged(slicer, damage);
    if (!status)
        status = cdn_writer_node(slicer->writer, plan->labels[number], &key,
                                 slicer->cells, node, slicer->err);
    return status;
}

/* One edge, given by its outgoing place. */
static cordon_status write_edge(struct slicer *slicer, uint32_t number, uint32_t source,
                                uint32_t target, uint32_t block, uint32_t index)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    const struct cdn_slice_plan *plan = slicer->plan;
    uint32_t to = plan->relations[number];
    struct cdn_key keys[2];
    enum cdn_row row;
    cordon_status status = go_on(slicer);

    if (!status && slicer->edges++ >= slicer->how->max_edges)
        status = too_much(slicer, CDN_SLICE_EDGES);
    if (!status)
        status = read_key(&keys[0], slicer, source);
    if (!status)
        status = read_key(&keys[1], slicer, target);
    if (!status)
        status = read_cells(slicer, plan->relation_sources[number],
                            relation->outgoing.columns,
                            plan->schema.relations[to].property_count, block, index);
    if (!status)
        status = cdn_writer_edge(slicer->writer, to, &keys[0], &keys[1], slicer->cells,
                                 0, &row, slicer->err);
    if (!status && row != CDN_ROW_OK)
        return damaged(slicer, "the two directions of an edge differ");
    return status;
}

static cordon_status write_outgoing(struct slicer *slicer, uint32_t number,
                                    uint32_t node)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, &relation->outgoing, node - relation->source_base))
        return damaged(slicer, "a list's offsets are out of range");
    for (uint32_t i = 0; !status && i < list.count; i++) {
        if (!cdn_peer_valid(list.peers[i], relation->target_base,
                            relation->target_count))
            return damaged(slicer, "a node index is out of range");
        status =
            write_edge(slicer, number, node, list.peers[i], list.block, list.start + i);
    }
    return status;
}

/* Incoming edges from nodes whose own lists are not whole: the others wrote theirs. */
static cordon_status write_incoming(struct slicer *slicer, uint32_t number,
                                    uint32_t node)
{
    const struct cdn_relation *relation = &slicer->snapshot->relations[number];
    struct cdn_list list;
    cordon_status status = CORDON_OK;

    if (!open_list(&list, slicer, &relation->incoming, node - relation->target_base))
        return damaged(slicer, "a list's offsets are out of range");
    for (uint32_t i = 0; !status && i < list.count; i++) {
        uint32_t met = number_of(&slicer->met, list.peers[i]);
        struct cdn_edge_place place;

        if (met < slicer->inner)
            continue;
        if (met == FREE_PLACE || list.ids[i] >= relation->edge_count ||
            !cdn_snapshot_edge(slicer->snapshot, relation->edge_base + list.ids[i],
                               false, &place))
            return damaged(slicer, "an edge number is out of range");
        status =
            write_edge(slicer, number, list.peers[i], node, place.block, place.index);
    }
    return status;
}

static cordon_status write_edges(struct slicer *slicer, uint32_t node)
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    uint32_t label = cdn_snapshot_label_of(snapshot, node);
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; !status && r < snapshot->relation_count; r++) {
        if (has_lists(slicer, r, label, false))
            status = write_outgoing(slicer, r, node);
        if (!status && !slicer->how->all && has_lists(slicer, r, label, true))
            status = write_incoming(slicer, r, node);
    }
    return status;
}

/* Two nodes of one key: no writer made that. */
static void note_twin(void *ud, uint32_t label, uint64_t row)
{
    (void)label;
    (void)row;
    *(bool *)ud = true;
}

/* Every node, or every edge, of the labels that a slice of all holds. */
static cordon_status for_all(struct slicer *slicer,
                             cordon_status (*write)(struct slicer *, uint32_t))
{
    const cordon_snapshot *snapshot = slicer->snapshot;
    cordon_status status = CORDON_OK;

    for (uint32_t l = 0; l < snapshot->label_count; l++) {
        uint32_t begin = snapshot->labels[l].base;

        if (!slicer->plan->holds[l])
            continue;
        for (uint32_t i = 0; !status && i < snapshot->labels[l].count; i++)
            status = write(slicer, begin + i);
    }
    return status;
}

static cordon_status write_rows(struct slicer *slicer)
{
    bool twins = false;
    cordon_status status = CORDON_OK;

    if (slicer->how->all)
        status = for_all(slicer, write_node);
    for (uint32_t i = 0; !status && i < slicer->met.count; i++)
        status = write_node(slicer, slicer->met.nodes[i]);
    if (!status)
        status = cdn_writer_seal_nodes(slicer->writer, note_twin, &twins, slicer->err);
    if (!status && twins)
        return damaged(slicer, "two nodes have one key");
    if (!status && slicer->how->all)
        status = for_all(slicer, write_edges);
    for (uint32_t i = 0; !status && i < slicer->inner; i++)
        status = write_edges(slicer, slicer->met.nodes[i]);
    return status;
}

static cordon_status write_all(struct slicer *slicer, struct cdn_buf *out)
{
    cordon_status status =
        cdn_writer_open_memory(&slicer->writer, out, slicer->snapshot->generation,
                               &slicer->plan->schema, slicer->err);

    if (!status)
        status = write_rows(slicer);
    if (!status)
        status = cdn_writer_finish(slicer->writer, slicer->err);
    cdn_writer_close(slicer->writer);
    return status;
}

cordon_status cdn_slice_make(struct cdn_buf *out, const struct cdn_slice_how *how,
                             cordon_error *err)
{
    struct slicer slicer = {
        .snapshot = how->plan->snapshot, .plan = how->plan, .how = how, .err = err};
    cordon_status status = CORDON_OK;

    slicer.cells = cdn_calloc(CDN_SCHEMA_MAX_PROPERTIES, sizeof(*slicer.cells));
    if (!slicer.cells)
        status = cdn_error_nomem(err);
    if (!status)
        status = how->all ? count_all(&slicer) : find_nodes(&slicer);
    if (!status && !how->all)
        status = order_nodes(&slicer);
    if (!status)
        status = write_all(&slicer, out);
    cdn_free(slicer.cells);
    cdn_free(slicer.sorted);
    cdn_free(slicer.met.nodes);
    cdn_free(slicer.met.table);
    return status;
}
