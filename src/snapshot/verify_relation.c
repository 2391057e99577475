/* Relations: both directions, and that they agree.
 *
 * The outgoing direction is read once to write down each edge's source; then every incoming
 * edge is compared with the outgoing one its id names: source, target, time and mirrored
 * properties.  A bitmap sees to it that each outgoing edge is named once; since both
 * directions have the same number of edges, that is all of them. */
#include "snapshot/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

struct pairing {
    struct cdn_verifier *verifier;
    const struct cdn_relation *relation;
    char owner[4 * CDN_SCHEMA_MAX_NAME + 32];
    uint32_t *sources; /* by outgoing position: dense index; CDN_NO_NODE: not known */
    uint64_t *seen;    /* a bit for each outgoing position */
};

static void name_direction(struct pairing *pairing, const char *direction)
{
    const struct cdn_relation_schema *schema = pairing->relation->schema;
    const struct cdn_schema *names = &pairing->verifier->snapshot->schema;

    (void)snprintf(pairing->owner, sizeof(pairing->owner), "%s %s->%s %s", schema->type,
                   names->labels[schema->source].name,
                   names->labels[schema->target].name, direction);
}

static uint32_t nodes_in(const struct cdn_adjacency *adjacency, uint32_t block)
{
    uint32_t left = adjacency->node_count - (block << adjacency->shift);

    return left < UINT32_C(1) << adjacency->shift ? left
                                                  : UINT32_C(1) << adjacency->shift;
}

/* The order of a list: (time, peer), and ids where there are any. */
static const char *check_order(const struct cdn_list *list, uint32_t i)
{
    if (list->times && list->times[i - 1] != list->times[i])
        return list->times[i - 1] < list->times[i] ? NULL : "times that descend";
    if (list->peers[i - 1] != list->peers[i])
        return list->peers[i - 1] < list->peers[i] ? NULL
                                                   : "peers of one time that descend";
    if (list->ids && list->ids[i - 1] >= list->ids[i])
        return "ids of one time and peer that do not ascend";
    return NULL;
}

static const char *check_list(const struct cdn_list *list, uint32_t base,
                              uint32_t count)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const char *fault = i > 0 ? check_order(list, i) : NULL;

        if (!cdn_peer_valid(list->peers[i], base, count))
            fault = "a peer that is no node of its label";
        if (fault)
            return fault;
    }
    return NULL;
}

/* Offsets, peers, order and degrees of one direction; fills sources if it is outgoing. */
static void verify_lists(struct pairing *pairing, const struct cdn_adjacency *adjacency,
                         uint32_t peer_base, uint32_t peer_count, uint32_t *sources)
{
    struct cdn_verifier *verifier = pairing->verifier;
    uint32_t longest = 0;
    uint32_t nonempty = 0;

    for (uint32_t b = 0; b < adjacency->block_count; b++) {
        uint64_t edges = adjacency->first[b + 1] - adjacency->first[b];
        uint32_t nodes = nodes_in(adjacency, b);
        const char *fault = NULL;
        uint32_t faulty = 0;

        if (adjacency->offsets[b][0] != 0 || adjacency->offsets[b][nodes] != edges)
            cdn_verify_found(verifier, "%s, block %u: offsets do not cover the edges",
                             pairing->owner, b);
        for (uint32_t n = 0; n < nodes; n++) {
            uint32_t node = (b << adjacency->shift) + n;
            struct cdn_list list;
            const char *found = "offsets that do not ascend within the block";

            if (cdn_adjacency_list(adjacency, node, &list)) {
                found = check_list(&list, peer_base, peer_count);
                if (list.count > longest)
                    longest = list.count;
                nonempty += list.count > 0;
                for (uint32_t i = 0; sources && i < list.count; i++)
                    sources[list.position + i] = pairing->relation->source_base + node;
            }
            if (found && !fault) {
                fault = found;
                faulty = n;
            }
        }
        if (fault)
            cdn_verify_found(verifier, "%s, block %u, list %u: %s", pairing->owner, b,
                             faulty, fault);
    }
    if (longest != adjacency->longest || nonempty != adjacency->nonempty)
        cdn_verify_found(
            verifier,
            "%s: %u nodes with edges, at most %u each; metadata says %u and "
            "%u",
            pairing->owner, nonempty, longest, adjacency->nonempty, adjacency->longest);
}

static bool same_value(const struct cdn_column *a, uint32_t a_block, uint32_t a_index,
                       const struct cdn_column *b, uint32_t b_block, uint32_t b_index)
{
    size_t a_bytes;
    size_t b_bytes;
    const char *a_text;
    const char *b_text;
    struct cdn_cells a_cells;
    struct cdn_cells b_cells;

    if (!cdn_column_cells(a, a_block, &a_cells) ||
        !cdn_column_cells(b, b_block, &b_cells) ||
        cdn_cells_present(&a_cells, a_index) != cdn_cells_present(&b_cells, b_index))
        return false;
    switch (a->property->type) {
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        a_text = cdn_column_bytes(a, a_block, a_index, &a_bytes);
        b_text = cdn_column_bytes(b, b_block, b_index, &b_bytes);
        return a_text && b_text && a_bytes == b_bytes &&
               memcmp(a_text, b_text, a_bytes) == 0;
    case CDN_COLUMN_BOOL:
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_FLOAT64:
    case CDN_COLUMN_TIMESTAMP:
    default:
        break;
    }
    /* both have the metadata's width and base */
    return memcmp(cdn_column_at(a, a_cells.values, a_index),
                  cdn_column_at(b, b_cells.values, b_index), a->width) == 0;
}

/* The incoming edge at (block, index) of the target `node` against the outgoing one. */
static const char *check_pair(struct pairing *pairing, uint32_t node, uint32_t block,
                              uint32_t index)
{
    const struct cdn_relation *relation = pairing->relation;
    const struct cdn_adjacency *outgoing = &relation->outgoing;
    const struct cdn_adjacency *incoming = &relation->incoming;
    uint64_t id = incoming->ids[block][index];
    struct cdn_edge_place place;

    if (id >= relation->edge_count)
        return "an id that is no edge's";
    if (pairing->seen[id >> 6] >> (id & 63) & 1)
        return "an id that another edge has too";
    pairing->seen[id >> 6] |= UINT64_C(1) << (id & 63);
    (void)cdn_snapshot_edge(pairing->verifier->snapshot, relation->edge_base + id,
                            false, &place);
    if (pairing->sources[id] != incoming->peers[block][index] ||
        outgoing->peers[place.block][place.index] != relation->target_base + node)
        return "other ends than its outgoing edge";
    if (incoming->times &&
        incoming->times[block][index] != outgoing->times[place.block][place.index])
        return "another time than its outgoing edge";
    for (uint32_t p = 0; p < relation->schema->property_count; p++)
        if (incoming->columns[p].values &&
            !same_value(&incoming->columns[p], block, index, &outgoing->columns[p],
                        place.block, place.index))
            return "a property that differs from its outgoing edge's";
    return NULL;
}

static void verify_pairs(struct pairing *pairing)
{
    const struct cdn_adjacency *incoming = &pairing->relation->incoming;

    for (uint32_t b = 0; b < incoming->block_count; b++) {
        uint32_t nodes = nodes_in(incoming, b);
        const char *fault = NULL;
        uint32_t faulty = 0;

        for (uint32_t n = 0; n < nodes; n++) {
            uint32_t node = (b << incoming->shift) + n;
            struct cdn_list list;

            if (!cdn_adjacency_list(incoming, node, &list))
                continue; /* reported with the lists */
            for (uint32_t i = 0; i < list.count; i++) {
                const char *found = check_pair(pairing, node, b, list.start + i);

                if (found && !fault) {
                    fault = found;
                    faulty = list.start + i;
                }
            }
        }
        if (fault)
            cdn_verify_found(pairing->verifier, "%s, block %u, edge %u: %s",
                             pairing->owner, b, faulty, fault);
    }
}

static void verify_columns(struct pairing *pairing,
                           const struct cdn_adjacency *adjacency, bool dictionaries)
{
    const struct cdn_verify_column of = {.owner = pairing->owner,
                                         .first = adjacency->first};

    for (uint32_t p = 0; p < pairing->relation->schema->property_count; p++) {
        const struct cdn_column *column = &adjacency->columns[p];

        if (!column->values)
            continue;
        cdn_verify_column_values(pairing->verifier, column, &of);
        if (dictionaries && column->property->type == CDN_COLUMN_STRING)
            cdn_verify_dictionary(pairing->verifier, column, pairing->owner);
    }
}

cordon_status cdn_verify_relation(struct cdn_verifier *verifier,
                                  const struct cdn_relation *relation,
                                  cordon_error *err)
{
    struct pairing pairing = {.verifier = verifier, .relation = relation};
    size_t words = (relation->edge_count + 63) / 64;
    cordon_status status = CORDON_OK;

    pairing.sources =
        cdn_realloc_array(NULL, relation->edge_count, sizeof(*pairing.sources));
    pairing.seen = cdn_calloc(words, sizeof(*pairing.seen));
    if (!pairing.sources || !pairing.seen) {
        status = cdn_error_nomem(err);
        goto out;
    }
    if (relation->edge_count > 0)
        memset(pairing.sources, 0xff, relation->edge_count * sizeof(*pairing.sources));
    name_direction(&pairing, "outgoing");
    verify_lists(&pairing, &relation->outgoing, relation->target_base,
                 relation->target_count, pairing.sources);
    verify_columns(&pairing, &relation->outgoing, true);
    name_direction(&pairing, "incoming");
    verify_lists(&pairing, &relation->incoming, relation->source_base,
                 relation->source_count, NULL);
    verify_columns(&pairing, &relation->incoming, false);
    verify_pairs(&pairing);
out:
    cdn_free(pairing.sources);
    cdn_free(pairing.seen);
    return status;
}
