/* The description of an edge set: where it starts and what refines it, nothing read
 * yet.
 *
 * A set is a userdata without a finalizer in the rule's arena.  Refining copies the
 * description and adds one operation; a finishing method hands it to a scan (scan.h).
 *
 * Operations stand in the order written, in stages: a stage is at most one time window,
 * then conditions, then at most one cut.  Windows and conditions look at one edge at a
 * time and so commute: a window that is written after a condition of its stage is put
 * before it, where a binary search resolves it.  They never pass a cut. */
#ifndef CDN_GRAPH_SET_H
#define CDN_GRAPH_SET_H

#include <lua.h>

#include "graph/bound.h"
#include "graph/graph.h"

#define CDN_SET_MAX_OPERATIONS 16
#define CDN_EDGES_MAGIC        UINT32_C(0x73676465)
#define CDN_NODES_MAGIC        UINT32_C(0x7365646e)

enum cdn_direction { CDN_OUTGOING, CDN_INCOMING, CDN_BOTH };

enum cdn_operation_kind {
    CDN_OPERATION_WINDOW,
    CDN_OPERATION_WHERE,
    CDN_OPERATION_LATEST,
    CDN_OPERATION_EARLIEST,
    CDN_OPERATION_LIMIT,
    CDN_OPERATION_LARGEST,
    CDN_OPERATION_SMALLEST
};

enum cdn_compare {
    CDN_COMPARE_EQ,
    CDN_COMPARE_NE,
    CDN_COMPARE_LT,
    CDN_COMPARE_LE,
    CDN_COMPARE_GT,
    CDN_COMPARE_GE
};

/* A column stands for another number with every source node: its own value there. */
enum cdn_operand {
    CDN_OPERAND_BOOLEAN,
    CDN_OPERAND_NUMBER,
    CDN_OPERAND_STRING,
    CDN_OPERAND_COLUMN
};

struct cdn_operation {
    uint8_t kind;    /* enum cdn_operation_kind */
    uint8_t compare; /* of a condition, or a window with a column: enum cdn_compare */
    uint8_t operand; /* of the same: enum cdn_operand */
    uint8_t slot;    /* the property, of a condition, largest or smallest */
    uint32_t bytes;  /* of text */
    union {
        struct {
            int64_t low; /* both ends in */
            int64_t high;
        } window;
        uint64_t count;
        uint32_t column; /* of the node set that the edges start from */
        bool boolean;
        double number;
        const char *text; /* a Lua string that the environment keeps alive */
    } as;
};

enum {
    CDN_EDGES_MEMO = 1, /* low and high are known */
    CDN_EDGES_KEEPS = 2 /* its environment keeps a node set or strings alive */
};

struct cdn_edges {
    uint32_t magic;
    uint8_t direction; /* enum cdn_direction */
    uint8_t kind;      /* kind slot of the edge type */
    uint8_t operation_count;
    uint8_t flags; /* CDN_EDGES_* */
    uint32_t node_count;
    uint32_t depth;                 /* how far its edges are from where the run began */
    uint32_t node;                  /* the source when `nodes` is NULL */
    const uint32_t *nodes;          /* of a node set that the environment keeps alive */
    const struct cdn_nodes *origin; /* that set, if it has columns; else NULL */
    uint32_t low, high; /* one source, one list: its edges after the leading windows
                              and cuts, kept from one finishing method to the next;
                              of several sources: low is the owner of the run's memo */
    struct cdn_operation operations[];
};

#define CDN_NODES_MAX_COLUMNS 8
#define CDN_COLUMN_NAME_BYTES 32 /* the closing zero included */

/* Ordered, distinct nodes: all in the rule's own memory, so that what a rule drops is
 * collected.  A set may have *columns*, a number a node each: behind the items, at the
 * next multiple of 8, lie their names and then their values, column after column.  Null
 * is NaN. */
struct cdn_nodes {
    uint32_t magic;
    uint32_t count;
    uint32_t depth; /* how far the farthest is from where the run began */
    uint32_t column_count;
    /* membership, made when first asked for: an open-addressing table of 2^bits places in
     * `items`, in a userdata that the environment keeps alive */
    const uint32_t *table;
    uint32_t bits;
    uint32_t items[];
};

/* The value at index 1, which must be a set; raises "... expects ..." if it is not.
 *                                                                        [-0, +0, e] */
CDN_RAISES struct cdn_edges *cdn_check_edges(lua_State *L, int index);
CDN_RAISES struct cdn_nodes *cdn_check_nodes(lua_State *L, int index);

/* Push a new edge set; `metatable` is a stack index.                      [-0, +1, m]
 */
CDN_RAISES struct cdn_edges *cdn_edges_push(lua_State *L, int metatable,
                                            uint32_t operation_count);

/* Push a copy of the set at `index` with one more operation.  Raises when it has too
 * many already.                                                          [-0, +1, e] */
CDN_RAISES void cdn_edges_refine(lua_State *L, int metatable, int index,
                                 const struct cdn_operation *operation);

/* Let the userdata at `index` keep the value on top of the stack alive.  [-1, +0, m] */
CDN_RAISES void cdn_set_keep(lua_State *L, int index);

/* Push a node set with a copy of `items`.                                [-0, +1, m] */
CDN_RAISES struct cdn_nodes *cdn_nodes_push(lua_State *L, int metatable,
                                            const uint32_t *items, uint32_t count);
/* The same with room for columns: names and values are the caller's to fill in. */
CDN_RAISES struct cdn_nodes *cdn_nodes_push_columns(lua_State *L, int metatable,
                                                    const uint32_t *items,
                                                    uint32_t count,
                                                    uint32_t column_count);

static inline size_t cdn_nodes_columns_at(uint32_t count)
{
    return (sizeof(struct cdn_nodes) + count * sizeof(uint32_t) + 7) / 8 * 8;
}

/* A column's name, and its values. */
static inline char *cdn_nodes_column_name(const struct cdn_nodes *set, uint32_t column)
{
    return (char *)(uintptr_t)set + cdn_nodes_columns_at(set->count) +
           (size_t)column * CDN_COLUMN_NAME_BYTES;
}

static inline double *cdn_nodes_column(const struct cdn_nodes *set, uint32_t column)
{
    return (double *)(uintptr_t)(cdn_nodes_column_name(set, set->column_count) +
                                 (size_t)column * set->count * sizeof(double));
}

/* Push a set of `items`, some of the nodes of `from` in its order, with their columns;
 * without columns they may be any.  Costs what going over `from` does.    [-0, +1, m] */
CDN_RAISES struct cdn_nodes *cdn_nodes_push_some(lua_State *L, int metatable,
                                                 const struct cdn_nodes *from,
                                                 const uint32_t *items, uint32_t count);

/* The column of that name; -1: there is none. */
int cdn_nodes_find_column(const struct cdn_nodes *set, const char *name, size_t bytes);

#endif
