/* What a value is shown as: written as msgpack while the run that made it goes on, so that
 * whoever prints it needs no Lua.
 *
 * nil, booleans, numbers and short strings stand for themselves.  Everything else is a map
 * whose "$" says what it is, and whose "count" how many there are where `rows` or `items` are
 * only the first of them:
 *
 *   cut         text, bytes            a long string's beginning
 *   time        ms                     a property that is a timestamp, or an edge's time
 *   node        label, key, properties {name: value}, if it is shown by itself or as a row
 *   edge        type, source, target, time, properties
 *   edges       type, count, rows      of edges, as many as are kept
 *   nodes       count, columns [name], rows [[node, value...]]
 *   view        count, edge_count, rows [node], edges [[node, node]]
 *   scores      count, rows [[node, number]]
 *   groups      count, rows [[node, node]]: which group each is in
 *   list, map   count, items [value] or [[key, value]]; `plain` false if it has a metatable
 *   table       why: its keys have no order, or it is within itself, or too deep
 *   function coroutine graph request params library
 *
 * Reading what is shown is charged to the input as if it had been asked for: a set's count
 * and its first rows.  Depth, rows, the number of values and their length are bounded, and so
 * the whole is. */
#ifndef CDN_CONSOLE_SHOW_H
#define CDN_CONSOLE_SHOW_H

#include <lua.h>

#include "base/pack.h"
#include "sandbox/meter.h"

#define CDN_SHOW_ROWS   20   /* of a set, a view, scores */
#define CDN_SHOW_ITEMS  30   /* of a table */
#define CDN_SHOW_VALUES 2000 /* in all */
#define CDN_SHOW_TEXT   400  /* bytes of a string */
#define CDN_SHOW_DEPTH  6

struct cdn_show {
    struct cdn_packer *out;
    int pairs;     /* stack index of the sandbox's own `pairs` */
    uint32_t left; /* values that may still be written */
    uint32_t depth;
    const void *around[CDN_SHOW_DEPTH]; /* the tables that are being shown */
};

/* Write the value at index.                                                [-0, +0, e] */
CDN_RAISES void cdn_show_value(lua_State *L, int index, struct cdn_show *show);

/* ---- show_graph.c: what of it is a graph's ---- */

/* False: it is nothing of a graph's.                                       [-0, +0, e] */
CDN_RAISES bool cdn_show_graph(lua_State *L, int index, struct cdn_show *show);
/* Its receiver in graph/manual.h, NULL if it has none. */
const char *cdn_show_receiver(lua_State *L, int index);

/* "$": kind, the first of `fields` of a map. */
void cdn_show_begin(struct cdn_show *show, const char *kind, uint32_t fields);
void cdn_show_string(struct cdn_show *show, const char *text, size_t bytes);

#endif
