/* The nodes around a node, and the edges between them: see read.h.
 *
 * Breadth first from the node, so that what is left out is what is farthest; then the outgoing
 * lists of every node that was met are read for edges that stay among them.  A node is looked up
 * in an open-addressing table, sized once for all that may be met: 24 bytes a node together. */
#include "graph/read.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Room that is kept for what comes behind the nodes, and behind the edges. */
#define NODES_TAIL    96
#define EDGES_TAIL    64
#define DEFAULT_NODES 100
#define DEFAULT_EDGES 1000
#define NOT_MET       UINT32_MAX

struct ego {
    struct cdn_reader *reader;
    uint32_t *nodes; /* as they were met */
    uint32_t *hop;   /* of each */
    uint32_t count, most;
    uint32_t *table; /* places in `nodes`; NOT_MET: free */
    uint32_t mask;
    uint32_t edge_count, most_edges;
    bool truncated;
    cordon_status status;
};

/* ---- nodes ---- */

static uint32_t *slot_of(const struct ego *ego, uint32_t node)
{
    uint32_t at = (uint32_t)cdn_hash_mix(0, node) & ego->mask;

    while (ego->table[at] != NOT_MET && ego->nodes[ego->table[at]] != node)
        at = (at + 1) & ego->mask;
    return &ego->table[at];
}

static cordon_status make_room(struct ego *ego)
{
    uint32_t slots = 2;

    while (slots < 2 * ego->most)
        slots *= 2;
    ego->nodes = cdn_calloc(ego->most, sizeof *ego->nodes);
    ego->hop = cdn_calloc(ego->most, sizeof *ego->hop);
    ego->table = cdn_calloc(slots, sizeof *ego->table);
    if (!ego->nodes || !ego->hop || !ego->table)
        return cdn_error_nomem(ego->reader->err);
    ego->mask = slots - 1;
    for (uint32_t i = 0; i < slots; i++)
        ego->table[i] = NOT_MET;
    return CORDON_OK;
}

/* False: there is no room for one more, or no budget. */
static bool meet(struct ego *ego, uint32_t node, uint32_t hop)
{
    uint32_t *slot = slot_of(ego, node);

    if (*slot != NOT_MET)
        return true;
    if (ego->count == ego->most || !cdn_reader_nodes(ego->reader, 1))
        return false;
    *slot = ego->count;
    ego->hop[ego->count] = hop;
    ego->nodes[ego->count++] = node;
    return true;
}

/* What is done with an edge that passes; false: nothing more is wanted. */
typedef bool (*take_edge)(struct ego *ego, const struct cdn_read_list *list,
                          const struct cdn_reach *reach, uint32_t position,
                          uint32_t from, uint32_t peer);

/* Every edge of a node's lists, those followed or the outgoing ones, in order. */
static bool each_edge(struct ego *ego, uint32_t place, bool outgoing, take_edge take)
{
    struct cdn_reader *reader = ego->reader;
    uint32_t node = ego->nodes[place];
    uint32_t label = cdn_snapshot_label_of(reader->snapshot, node);
    bool newest = reader->query->order == CORDON_ORDER_NEWEST;

    for (uint32_t i = 0; i < reader->list_count; i++) {
        const struct cdn_read_list *list = &reader->lists[i];
        struct cdn_reach reach;

        if (!cdn_read_list_of(list, label) ||
            (outgoing ? list->bound.incoming : !list->followed))
            continue;
        if (!cdn_reader_open(reader, list, node, &reach, &ego->status))
            return false;
        while (reach.low < reach.high) {
            uint32_t position = newest ? --reach.high : reach.low++, peer;

            if (!cdn_reader_edges(reader, 1))
                return false;
            if (cdn_reader_passes(reader, list, &reach, position, &peer,
                                  &ego->status) &&
                !take(ego, list, &reach, position, place, peer))
                return false;
            if (ego->status)
                return false;
        }
    }
    return true;
}

static bool meet_peer(struct ego *ego, const struct cdn_read_list *list,
                      const struct cdn_reach *reach, uint32_t position, uint32_t from,
                      uint32_t peer)
{
    (void)list;
    (void)reach;
    (void)position;
    if (meet(ego, peer, ego->hop[from] + 1))
        return true;
    ego->truncated = true;
    return false;
}

static void find_nodes(struct ego *ego, uint32_t hops)
{
    struct cdn_reader *reader = ego->reader;

    (void)meet(ego, reader->node, 0);
    for (uint32_t at = 0; at < ego->count && ego->hop[at] < hops; at++) {
        if (ego->hop[at] + 1 > reader->hops) {
            if (reader->hops == reader->limit.hops) {
                reader->stop = CDN_STOP_HOPS;
                return;
            }
            reader->hops++;
        }
        if (!cdn_reader_nodes(reader, 1) || !each_edge(ego, at, false, meet_peer))
            return;
    }
}

/* ---- what is handed over ---- */

/* If it did not fit, nothing of it is there. */
static bool fits(struct ego *ego, size_t mark)
{
    struct cdn_packer *out = ego->reader->out;

    if (!out->failed)
        return true;
    out->length = mark;
    out->failed = false;
    ego->reader->stop = CDN_STOP_OUTPUT;
    return false;
}

static cordon_status put_node(struct ego *ego, uint32_t place)
{
    struct cdn_reader *reader = ego->reader;
    cordon_status status;

    cdn_pack_map(reader->out, 4);
    status = cdn_read_put_name(reader, ego->nodes[place]);
    cdn_pack_cstr(reader->out, "hop");
    cdn_pack_int(reader->out, ego->hop[place]);
    if (!status)
        status = cdn_read_put_node_properties(reader, ego->nodes[place]);
    return status;
}

/* Those that were met, until they do not fit any more: of the others nothing is told. */
static void put_nodes(struct ego *ego)
{
    struct cdn_reader *reader = ego->reader;
    size_t at = cdn_read_put_count(reader->out, false);
    uint32_t count = 0;

    while (count < ego->count && !ego->status) {
        size_t mark = reader->out->length;

        ego->status = put_node(ego, count);
        if (!fits(ego, mark))
            break;
        count++;
    }
    cdn_read_set_count(reader->out, at, count);
    /* the last met first, as no other's way through the table leads by them */
    while (ego->count > count)
        *slot_of(ego, ego->nodes[--ego->count]) = NOT_MET;
}

static bool put_edge(struct ego *ego, const struct cdn_read_list *list,
                     const struct cdn_reach *reach, uint32_t position, uint32_t from,
                     uint32_t peer)
{
    struct cdn_packer *out = ego->reader->out;
    uint32_t to = *slot_of(ego, peer);
    size_t mark = out->length;

    if (to == NOT_MET)
        return true;
    if (ego->edge_count == ego->most_edges) {
        ego->truncated = true;
        return false;
    }
    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "type");
    cdn_pack_cstr(out, list->bound.relation->schema->type);
    cdn_pack_cstr(out, "from");
    cdn_pack_int(out, from);
    cdn_pack_cstr(out, "to");
    cdn_pack_int(out, to);
    ego->status = cdn_read_put_edge(ego->reader, list, reach, position);
    if (!fits(ego, mark))
        return false;
    ego->edge_count++;
    return true;
}

static void put_edges(struct ego *ego)
{
    struct cdn_reader *reader = ego->reader;
    size_t at = cdn_read_put_count(reader->out, false);

    for (uint32_t i = 0; i < ego->count && !ego->status && !reader->stop; i++)
        if (!each_edge(ego, i, true, put_edge))
            break;
    cdn_read_set_count(reader->out, at, ego->edge_count);
}

static cordon_status write_ego(struct ego *ego)
{
    struct cdn_reader *reader = ego->reader;
    struct cdn_packer *out = reader->out;
    size_t size = out->size;
    const char *stopped;

    cdn_pack_map(out, 5);
    cdn_pack_cstr(out, "generation");
    cdn_pack_int(out, (int64_t)reader->snapshot->generation);
    cdn_pack_cstr(out, "nodes");
    out->size = size > NODES_TAIL ? size - NODES_TAIL : 0;
    put_nodes(ego);
    if (!ego->count && !ego->status)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "%s: the limit is too low for the node itself",
                             cdn_reader_stopped(reader));
    out->size = size > EDGES_TAIL ? size - EDGES_TAIL : 0;
    cdn_pack_cstr(out, "edges");
    put_edges(ego);
    out->size = size;
    stopped = cdn_reader_stopped(reader);
    cdn_pack_cstr(out, "truncated");
    cdn_pack_bool(out, ego->truncated || stopped);
    cdn_pack_cstr(out, "stopped");
    if (stopped)
        cdn_pack_cstr(out, stopped);
    else
        cdn_pack_nil(out);
    return ego->status;
}

static cordon_status check(const struct cdn_reader *reader, uint32_t hops)
{
    const cordon_query *query = reader->query;
    uint32_t granted = reader->grant->everything ? 0 : reader->grant->max_hops;

    if (query->max_nodes > CDN_READ_MAX_NODES)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "max_nodes: %u; at most %d are possible", query->max_nodes,
                             CDN_READ_MAX_NODES);
    if (query->max_edges > CDN_READ_MAX_EDGES)
        return cdn_error_set(reader->err, CORDON_E_INVALID,
                             "max_edges: %u; at most %d are possible", query->max_edges,
                             CDN_READ_MAX_EDGES);
    if (granted && hops > granted)
        return cdn_error_set(
            reader->err, CORDON_E_DENIED, "hops: %u, and principal '%s' is granted %u",
            hops, reader->grant->principal ? reader->grant->principal : "", granted);
    return CORDON_OK;
}

cordon_status cdn_read_ego(struct cdn_reader *reader)
{
    const cordon_query *query = reader->query;
    uint32_t hops = query->hops ? query->hops : 1;
    struct ego ego = {.reader = reader,
                      .most = query->max_nodes ? query->max_nodes : DEFAULT_NODES,
                      .most_edges =
                          query->max_edges ? query->max_edges : DEFAULT_EDGES};
    cordon_status status = check(reader, hops);

    if (!status)
        status = cdn_reader_prepare(reader, true);
    if (!status)
        status = make_room(&ego);
    if (!status) {
        find_nodes(&ego, hops);
        status = ego.status;
    }
    if (!status && reader->stop != CDN_STOP_CANCELLED)
        status = write_ego(&ego);
    cdn_free(ego.nodes);
    cdn_free(ego.hop);
    cdn_free(ego.table);
    return status;
}
