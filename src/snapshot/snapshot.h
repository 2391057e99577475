/* The snapshot reader: plain pointers into a mapped file, resolved once at open.
 *
 * FORMAT.md has the layout.  Everything here is immutable after open and may be read by
 * any number of threads.  Nodes are *dense indices*: uint32 over the whole snapshot,
 * label by label, ascending by key within a label.  Lists are sorted by time ascending
 * (relations without a time column: by the order of the rest), then by target
 * (incoming: source), then by outgoing edge position.
 *
 * Open checks the pages and the place and length of every segment; it does not read the
 * segments.  A segment's checksum is compared when it is first asked for (guard.h), and
 * the pointers in the arrays below are NULL until then: read them only through the
 * accessors, which say "damaged" instead of giving out what does not match.  A handle of
 * CORDON_VERIFY_STRUCTURE has all its pointers from the start.
 *
 * A good checksum does not make a good writer.  So offsets, node indices and dictionary
 * indices read from segments are checked as they are followed all the same. */
#ifndef CDN_SNAPSHOT_SNAPSHOT_H
#define CDN_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/snapshot.h>

#include "base/error.h"
#include "snapshot/guard.h"
#include "snapshot/schema.h"

/* Beyond every dense index: a snapshot has fewer than UINT32_MAX - 1 nodes. */
#define CDN_NO_NODE      UINT32_MAX
#define CDN_DAMAGED_NODE (UINT32_MAX - 1)

/* Each array is one segment; read through cdn_dictionary_get(). */
struct cdn_dictionary {
    uint32_t count;
    struct cdn_guard *guard;
    const uint64_t *const *offsets; /* count + 1, into bytes */
    const char *const *bytes;
    uint64_t size;
};

/* One property column in one order (a label's nodes, or a relation's edges in one
 * direction), in blocks that match its label's or adjacency's blocks. */
struct cdn_column {
    const struct cdn_property *property;
    struct cdn_guard *guard;
    uint32_t block_count;
    const void *const *values; /* a block: uint8 (bool), double, uint32 (string), uint32
                                  offsets, one more than values (text, bag), or int64 and
                                  timestamp as cdn_column_integer() reads them */
    uint8_t width; /* bytes of one of them; of int64 and timestamp 1, 2, 4 or 8 */
    int64_t base;  /* of int64 and timestamp: added to what is stored; 0 of 8 bytes */
    const uint64_t *const
        *present; /* a block's bitmap, bit set: not null; NULL: none null */
    const unsigned char *const *heap; /* a block's heap (text, bag) */
    const uint32_t *heap_bytes;       /* its size */
    struct cdn_dictionary dictionary; /* of a string column */
    int64_t minimum; /* of an int64 or timestamp column; 1 > 0 if all null */
    int64_t maximum;
    double lowest; /* the same of a float64 column */
    double highest;
    uint64_t nulls;
    uint64_t
        bytes; /* of all its segments, the dictionary included where it is stored */
};

/* The lists of one relation in one direction. */
struct cdn_adjacency {
    struct cdn_guard *guard;
    uint32_t shift; /* a block is 2^shift nodes */
    uint32_t block_count;
    uint32_t node_count;            /* of the label the lists belong to */
    const uint32_t *const *offsets; /* a block: nodes + 1, relative to its first edge */
    const uint64_t *first; /* block_count + 1: position of a block's first edge */
    const uint32_t *const *peers; /* a block: the other end's dense index */
    const int64_t *const
        *times; /* a block: the time column; NULL: the relation has none */
    const uint64_t *const *ids;       /* incoming only: the edge's outgoing position */
    const struct cdn_column *columns; /* by property number; of a property that is not
                          mirrored the incoming column has values == NULL; the
                          time property's column shares `times` */
    uint32_t longest;                 /* the largest degree */
    uint32_t nonempty;                /* nodes with an edge */
    uint64_t bytes;                   /* of offsets, peers and ids; columns apart */
};

struct cdn_relation {
    const struct cdn_relation_schema *schema;
    uint32_t source_base; /* dense index of the source label's first node */
    uint32_t source_count;
    uint32_t target_base;
    uint32_t target_count;
    uint64_t edge_count;
    uint64_t edge_base; /* the snapshot-wide id of its edge 0 */
    struct cdn_adjacency outgoing;
    struct cdn_adjacency incoming;
};

struct cdn_label_data {
    const struct cdn_label *schema;
    struct cdn_guard *guard;
    uint32_t base; /* dense index of its first node */
    uint32_t count;
    uint32_t shift;
    const int64_t *const *integer_keys; /* by block; int64 keys, ascending */
    struct cdn_column text_keys;        /* string keys, as a text column, ascending */
    const struct cdn_column *columns;
    uint64_t bytes; /* of the keys; columns apart */
};

/* What the public opaque type is.  Immutable but for the reference count. */
struct cordon_snapshot {
    struct cdn_schema schema;
    uint32_t node_count;
    uint64_t edge_count;
    uint32_t label_count;
    uint32_t relation_count;
    const struct cdn_label_data *labels;  /* by label number, ascending base */
    const struct cdn_relation *relations; /* by relation number, ascending edge_base */
    uint64_t generation;
    uint64_t identity;
    uint64_t applied; /* FORMAT.md; 0 of a slice */
    uint64_t segment_count;
    uint64_t file_bytes;
    struct cdn_snapshot_file *file; /* the mapping and what open allocated */
    uint32_t references;            /* atomic */
};

/* One node's list: `count` edges at `start` within block `block`. */
struct cdn_list {
    uint32_t block;
    uint32_t start;
    uint32_t count;
    const uint32_t
        *peers; /* already advanced to the list's first edge, as are the others */
    const int64_t *times; /* NULL without a time column */
    const uint64_t *ids;  /* NULL when outgoing */
    uint64_t position;    /* position of the first edge in this direction's order */
};

/* Block `block` of an array; NULL: damaged. */
#define CDN_BLOCK(guard, array, block)                                                 \
    cdn_guard_get((guard), (const void *const *)(array) + (block))

/* Its address if it has been checked, else 0: for asking memory ahead. */
#define CDN_PEEK(array, block) cdn_guard_peek((const void *const *)(array) + (block))

static inline const uint32_t *cdn_adjacency_peers(const struct cdn_adjacency *adjacency,
                                                  uint32_t block)
{
    return CDN_BLOCK(adjacency->guard, adjacency->peers, block);
}

/* Only of a relation with a time column: adjacency->times is not NULL. */
static inline const int64_t *cdn_adjacency_times(const struct cdn_adjacency *adjacency,
                                                 uint32_t block)
{
    return CDN_BLOCK(adjacency->guard, adjacency->times, block);
}

/* Check what a list of this block needs: peers, times and ids, and then the offsets. */
const uint32_t *cdn_adjacency_check(const struct cdn_adjacency *adjacency,
                                    uint32_t block);

/* A block's offsets; NULL: damaged.  They are the last of the block's arrays that is given
 * out: whoever has them has the pointers to peers, times and ids too. */
static inline const uint32_t *
cdn_adjacency_offsets(const struct cdn_adjacency *adjacency, uint32_t block)
{
    const void *const *slot = (const void *const *)adjacency->offsets + block;
    const void *at = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

    return __builtin_expect(at != NULL, 1) ? at : cdn_adjacency_check(adjacency, block);
}

/* The same of one that follows its block's offsets. */
#define CDN_FOLLOW(array, block)                                                       \
    __atomic_load_n((const void *const *)(array) + (block), __ATOMIC_RELAXED)

/* The list of the label-local node `node` < adjacency->node_count.  False: damaged.
 * Peers are not looked at here: use cdn_peer_valid() before following one. */
static inline bool cdn_adjacency_list(const struct cdn_adjacency *adjacency,
                                      uint32_t node, struct cdn_list *out)
{
    uint32_t block = node >> adjacency->shift;
    const uint32_t *offsets = cdn_adjacency_offsets(adjacency, block);
    uint32_t at = node & ((UINT32_C(1) << adjacency->shift) - 1);
    uint64_t edges = adjacency->first[block + 1] - adjacency->first[block];
    uint32_t start;
    uint32_t end;

    if (!offsets)
        return false;
    start = offsets[at];
    end = offsets[at + 1];
    if (start > end || end > edges)
        return false;
    out->block = block;
    out->start = start;
    out->count = end - start;
    out->peers = (const uint32_t *)CDN_FOLLOW(adjacency->peers, block) + start;
    out->times = adjacency->times
                     ? (const int64_t *)CDN_FOLLOW(adjacency->times, block) + start
                     : NULL;
    out->ids = adjacency->ids
                   ? (const uint64_t *)CDN_FOLLOW(adjacency->ids, block) + start
                   : NULL;
    out->position = adjacency->first[block] + start;
    return true;
}

/* Is `peer` a node of the label an adjacency's lists point to? */
static inline bool cdn_peer_valid(uint32_t peer, uint32_t base, uint32_t count)
{
    return peer - base < count;
}

/* One block of a column, to be read. */
struct cdn_cells {
    const void *values;
    const uint64_t *present; /* NULL: none is null */
};

/* Open a block of a column whose `values` is not NULL.  False: damaged. */
static inline bool cdn_column_cells(const struct cdn_column *column, uint32_t block,
                                    struct cdn_cells *out)
{
    out->values = CDN_BLOCK(column->guard, column->values, block);
    out->present = NULL;
    if (!column->present)
        return out->values != NULL;
    out->present = CDN_BLOCK(column->guard, column->present, block);
    return out->values && out->present;
}

/* Is value `index` of the block not null? */
static inline bool cdn_cells_present(const struct cdn_cells *cells, uint32_t index)
{
    return !cells->present || (cells->present[index >> 6] >> (index & 63)) & 1;
}

/* Where value `index` of an opened block lies. */
static inline const void *cdn_column_at(const struct cdn_column *column,
                                        const void *values, size_t index)
{
    return (const unsigned char *)values + index * column->width;
}

/* What is stored of value `index` of an int64 or timestamp column: the value less `base`,
 * as a word. */
static inline uint64_t cdn_column_stored(const struct cdn_column *column,
                                         const void *values, size_t index)
{
    switch (column->width) {
    case sizeof(uint8_t):
        return ((const uint8_t *)values)[index];
    case sizeof(uint16_t):
        return ((const uint16_t *)values)[index];
    case sizeof(uint32_t):
        return ((const uint32_t *)values)[index];
    default:
        return ((const uint64_t *)values)[index];
    }
}

/* That value.  What a faulty writer stored beyond the maximum comes out as some int64. */
static inline int64_t cdn_column_integer(const struct cdn_column *column,
                                         const void *values, size_t index)
{
    return (int64_t)((uint64_t)column->base + cdn_column_stored(column, values, index));
}

/* The same of a float64 column as well, as Lua sees it. */
static inline double cdn_column_number(const struct cdn_column *column,
                                       const void *values, size_t index)
{
    return column->property->type == CDN_COLUMN_FLOAT64
               ? ((const double *)values)[index]
               : (double)cdn_column_integer(column, values, index);
}

/* The bytes of a string, text or bag value; NULL with *bytes 0: damaged. */
const char *cdn_column_bytes(const struct cdn_column *column, uint32_t block,
                             uint32_t index, size_t *bytes);

/* One value whole, as the writer takes it (writer.h); bytes are borrowed from the snapshot.
 * The column's `values` is not NULL.  False: damaged. */
struct cdn_cell;
bool cdn_column_cell(struct cdn_cell *out, const struct cdn_column *column,
                     uint32_t block, uint32_t index);

/* A dictionary's entry; NULL: damaged, or no such index.  Find: -1 if not there, or
 * damaged. */
const char *cdn_dictionary_get(const struct cdn_dictionary *dictionary, uint32_t index,
                               size_t *bytes);
int64_t cdn_dictionary_find(const struct cdn_dictionary *dictionary, const char *text,
                            size_t bytes);

/* The label of a dense index; CDN_NO_NODE-like label_count if out of range.  A few ns.
 */
uint32_t cdn_snapshot_label_of(const cordon_snapshot *snapshot, uint32_t node);

/* The dense index of a key, given as text; CDN_NO_NODE: none; CDN_DAMAGED_NODE: it cannot
 * be known.  Interpolation, then binary search over the sorted key column. */
uint32_t cdn_snapshot_find(const cordon_snapshot *snapshot, uint32_t label,
                           const char *key, size_t bytes);

/* A node's key as text: into `room` (at least 24 bytes) if it is an integer, else a
 * pointer into the map.  NULL: damaged. */
const char *cdn_snapshot_key(const cordon_snapshot *snapshot, uint32_t node, char *room,
                             size_t *bytes);

/* The relation and outgoing place of a snapshot-wide edge id; false: no such edge, or
 * damaged.
 * `list_node` (label-local source) costs a search in the block's offsets; pass NULL to
 * skip. */
struct cdn_edge_place {
    const struct cdn_relation *relation;
    uint32_t relation_number;
    uint32_t block;
    uint32_t index;  /* within the block */
    uint32_t source; /* dense; only if asked for */
};
bool cdn_snapshot_edge(const cordon_snapshot *snapshot, uint64_t id, bool with_source,
                       struct cdn_edge_place *out);

/* The path of its file, as it was when it was opened; NULL: it lies in memory alone.
 * Borrowed from the snapshot. */
const char *cdn_snapshot_path(const cordon_snapshot *snapshot);

/* The bytes of one that lies in memory alone, a slice (FORMAT.md) that opens anywhere; borrowed
 * from the snapshot.  False: it is a file. */
bool cdn_snapshot_bytes(const cordon_snapshot *snapshot, const void **bytes,
                        size_t *size);

/* The same as sealed memory, which nobody can change or cut short and whoever maps it shares
 * (slice.h): made when first asked for.  The descriptor is borrowed from the snapshot.
 * Errors: CORDON_E_INVALID it is a file; CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_snapshot_sealed(int *fd, const cordon_snapshot *snapshot,
                                  cordon_error *err);

/* The first damaged segment that this process has met in the snapshot's file, in words:
 * "segment ... does not match its checksum; ...".  False: it has met none. */
bool cdn_snapshot_damage(const cordon_snapshot *snapshot, char *out, size_t size);

/* Every check there is: checksums, order of keys and lists, both directions agree,
 * ranges, dictionaries, UTF-8.  `report` is called for every finding (a line of text)
 * and may be NULL; *findings counts them.  Returns CORDON_OK also with findings. */
cordon_status cdn_snapshot_verify(const cordon_snapshot *snapshot,
                                  void (*report)(void *ud, const char *finding),
                                  void *ud, uint64_t *findings, cordon_error *err);

#endif
