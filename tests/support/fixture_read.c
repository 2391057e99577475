/* Reading a snapshot in full, as a rule could, without trusting what it holds. */
#include <string.h>

#include "base/hash.h"
#include "support/fixture.h"

#define DAMAGED UINT64_C(0xdead)

static uint64_t mix_bytes(uint64_t digest, const char *text, size_t bytes)
{
    return cdn_hash_mix(digest, text ? cdn_hash_xxh3(text, bytes) : DAMAGED);
}

static uint64_t read_value(uint64_t digest, const struct cdn_column *column,
                           uint32_t block, uint32_t index)
{
    struct cdn_cells cells;
    const void *values;
    const char *text;
    size_t bytes;

    if (!cdn_column_cells(column, block, &cells))
        return cdn_hash_mix(digest, DAMAGED);
    values = cells.values;
    if (!cdn_cells_present(&cells, index))
        return cdn_hash_mix(digest, 1);
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        return cdn_hash_mix(digest, ((const uint8_t *)values)[index]);
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        return cdn_hash_mix(digest,
                            (uint64_t)cdn_column_integer(column, values, index));
    case CDN_COLUMN_FLOAT64: {
        uint64_t bits;

        memcpy(&bits, (const unsigned char *)values + 8 * (size_t)index, sizeof(bits));
        return cdn_hash_mix(digest, bits);
    }
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        break;
    }
    text = cdn_column_bytes(column, block, index, &bytes);
    return mix_bytes(digest, text, bytes);
}

static uint64_t read_label(uint64_t digest, const cordon_snapshot *snapshot,
                           uint32_t number)
{
    const struct cdn_label_data *label = &snapshot->labels[number];
    uint32_t mask = (UINT32_C(1) << label->shift) - 1;

    for (uint32_t node = 0; node < label->count; node++) {
        char room[24];
        size_t bytes;
        const char *key = cdn_snapshot_key(snapshot, label->base + node, room, &bytes);

        digest = mix_bytes(digest, key, bytes);
        if (key)
            digest =
                cdn_hash_mix(digest, cdn_snapshot_find(snapshot, number, key, bytes));
        digest =
            cdn_hash_mix(digest, cdn_snapshot_label_of(snapshot, label->base + node));
        for (uint32_t p = 0; p < label->schema->property_count; p++)
            digest = read_value(digest, &label->columns[p], node >> label->shift,
                                node & mask);
    }
    for (uint32_t p = 0; p < label->schema->property_count; p++)
        for (uint32_t i = 0; i < label->columns[p].dictionary.count; i++) {
            size_t bytes;
            const char *entry =
                cdn_dictionary_get(&label->columns[p].dictionary, i, &bytes);

            digest = mix_bytes(digest, entry, bytes);
            if (entry)
                digest = cdn_hash_mix(
                    digest, (uint64_t)cdn_dictionary_find(&label->columns[p].dictionary,
                                                          entry, bytes));
        }
    return digest;
}

static uint64_t read_direction(uint64_t digest,
                               const struct cdn_relation_schema *schema,
                               const struct cdn_adjacency *adjacency,
                               uint32_t peer_base, uint32_t peer_count)
{
    for (uint32_t node = 0; node < adjacency->node_count; node++) {
        struct cdn_list list;

        if (!cdn_adjacency_list(adjacency, node, &list)) {
            digest = cdn_hash_mix(digest, DAMAGED);
            continue;
        }
        digest = cdn_hash_mix(digest, list.position);
        for (uint32_t i = 0; i < list.count; i++) {
            uint32_t peer = list.peers[i];

            digest = cdn_hash_mix(
                digest, cdn_peer_valid(peer, peer_base, peer_count) ? peer : DAMAGED);
            if (list.times)
                digest = cdn_hash_mix(digest, (uint64_t)list.times[i]);
            if (list.ids)
                digest = cdn_hash_mix(digest, list.ids[i]);
            for (uint32_t p = 0; p < schema->property_count; p++)
                if (adjacency->columns[p].values)
                    digest = read_value(digest, &adjacency->columns[p], list.block,
                                        list.start + i);
        }
    }
    return digest;
}

uint64_t cdn_fixture_read_all(const cordon_snapshot *snapshot)
{
    uint64_t digest = 0;

    for (uint32_t l = 0; l < snapshot->label_count; l++)
        digest = read_label(digest, snapshot, l);
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];

        digest = read_direction(digest, relation->schema, &relation->outgoing,
                                relation->target_base, relation->target_count);
        digest = read_direction(digest, relation->schema, &relation->incoming,
                                relation->source_base, relation->source_count);
    }
    for (uint64_t id = 0; id <= snapshot->edge_count; id++) {
        struct cdn_edge_place place;
        const uint32_t *peers;

        if (!cdn_snapshot_edge(snapshot, id, true, &place)) {
            digest = cdn_hash_mix(digest, DAMAGED);
            continue;
        }
        digest = cdn_hash_mix(digest, place.source);
        peers = cdn_adjacency_peers(&place.relation->outgoing, place.block);
        digest = cdn_hash_mix(digest, peers ? peers[place.index] : DAMAGED);
    }
    return digest;
}
