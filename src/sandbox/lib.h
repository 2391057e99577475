/* What the lib_*.c files share: their rows, growing buffers, argument checks.
 *
 * Each lib_*.c exports one table of functions; library.c says which of them a rule
 * gets, and why.  Nothing here is for other folders. */
#ifndef CDN_SANDBOX_LIB_H
#define CDN_SANDBOX_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lua.h>

#include "sandbox/library.h"
#include "sandbox/meter.h"

/* Deepest chain of C functions that call Lua again: pcall, gsub, sort, resume ... */
#define CDN_LIB_MAX_NESTING 190

/* ---- own functions, by file ---- */

/* lib_base.c */
CDN_RAISES int cdn_lib_getmetatable(lua_State *L);
CDN_RAISES int cdn_lib_setmetatable(lua_State *L);
CDN_RAISES int cdn_lib_rawget(lua_State *L);
CDN_RAISES int cdn_lib_rawset(lua_State *L);
CDN_RAISES int cdn_lib_tonumber(lua_State *L);
CDN_RAISES int cdn_lib_tostring(lua_State *L);
CDN_RAISES int cdn_lib_unpack(lua_State *L);
/* Upvalue 1: the stock iterator of ipairs. */
CDN_RAISES int cdn_lib_ipairs(lua_State *L);

/* lib_next.c.  Upvalues, nil at first: next's say where its last traversal is, pairs' what
 * the last record was. */
#define CDN_LIB_NEXT_UPVALUES  4
#define CDN_LIB_PAIRS_UPVALUES 10
CDN_RAISES int cdn_lib_next(lua_State *L);
CDN_RAISES int cdn_lib_pairs(lua_State *L);

/* lib_call.c */
CDN_RAISES int cdn_lib_pcall(lua_State *L);
CDN_RAISES int cdn_lib_xpcall(lua_State *L);
CDN_RAISES int cdn_lib_coroutine_create(lua_State *L);
CDN_RAISES int cdn_lib_coroutine_resume(lua_State *L);
CDN_RAISES int cdn_lib_coroutine_status(lua_State *L);
CDN_RAISES int cdn_lib_coroutine_wrap(lua_State *L);

/* lib_string.c */
CDN_RAISES int cdn_lib_string_byte(lua_State *L);
CDN_RAISES int cdn_lib_string_char(lua_State *L);
CDN_RAISES int cdn_lib_string_len(lua_State *L);
CDN_RAISES int cdn_lib_string_lower(lua_State *L);
CDN_RAISES int cdn_lib_string_rep(lua_State *L);
CDN_RAISES int cdn_lib_string_reverse(lua_State *L);
CDN_RAISES int cdn_lib_string_sub(lua_State *L);
CDN_RAISES int cdn_lib_string_upper(lua_State *L);

/* lib_format.c */
CDN_RAISES int cdn_lib_string_format(lua_State *L);

/* lib_match.c */
CDN_RAISES int cdn_lib_string_find(lua_State *L);
CDN_RAISES int cdn_lib_string_gmatch(lua_State *L);
CDN_RAISES int cdn_lib_string_gsub(lua_State *L);
CDN_RAISES int cdn_lib_string_match(lua_State *L);

/* lib_table.c */
CDN_RAISES int cdn_lib_table_concat(lua_State *L);
CDN_RAISES int cdn_lib_table_insert(lua_State *L);
CDN_RAISES int cdn_lib_table_maxn(lua_State *L);
CDN_RAISES int cdn_lib_table_remove(lua_State *L);

/* lib_sort.c */
CDN_RAISES int cdn_lib_table_sort(lua_State *L);

/* lib_math.c */
CDN_RAISES int cdn_lib_bit_band(lua_State *L);
CDN_RAISES int cdn_lib_bit_bor(lua_State *L);
CDN_RAISES int cdn_lib_bit_bxor(lua_State *L);
CDN_RAISES int cdn_lib_math_max(lua_State *L);
CDN_RAISES int cdn_lib_math_min(lua_State *L);
CDN_RAISES int cdn_lib_math_random(lua_State *L);

/* ---- nesting (lib_call.c) ---- */

/* Before C calls Lua back: counts, and past CDN_LIB_MAX_NESTING raises "C stack
 * overflow". An error that passes by needs no leave: the protected call that catches it
 * restores the count. [-0, +0, e] */
CDN_RAISES void cdn_lib_enter(lua_State *L);
void cdn_lib_leave(lua_State *L);

/* ---- frozen tables (library.c) ---- */

/* If the value at index is a frozen proxy, push the table behind it and return true.
 * The table must never reach the rule.                                          [-0,
 * +?1, -] */
bool cdn_lib_frozen(lua_State *L, int index);

/* The argument is a table: replace it on the stack by what is to be read, the table
 * behind a proxy or itself.                                                        [-0,
 * +0, e] */
CDN_RAISES void cdn_lib_check_readable(lua_State *L, int arg);

/* The argument is a table that the rule may change.                         [-0, +0, e]
 */
CDN_RAISES void cdn_lib_check_writable(lua_State *L, int arg);

/* ---- sorting (lib_sort.c) ---- */

/* A value that can be ordered without asking Lua: numbers come first, then strings in
 * byte order, then light userdata by their bits.  `order` alone decides unless two
 * strings share their first eight bytes. */
enum cdn_lib_kind { CDN_LIB_NUMBER, CDN_LIB_STRING, CDN_LIB_HANDLE };
struct cdn_lib_key {
    enum cdn_lib_kind kind;
    uint32_t length; /* of a string */
    uint64_t order;
    union {
        double number;
        const char *text; /* borrowed from the Lua string */
        void *handle;
    } as;
};

/* Fill `key` from the value at index; false if it is of a kind that has no order. */
bool cdn_lib_key_read(struct cdn_lib_key *key, lua_State *L, int index);
/* Below 0, 0, above 0. */
int cdn_lib_key_compare(const struct cdn_lib_key *a, const struct cdn_lib_key *b);

/* A stable merge sort of numbers 0..count-1 by what `less` says of them; n log2 n
 * comparisons at most, whatever less answers. */
struct cdn_lib_sorting {
    lua_State *L;
    bool (*less)(struct cdn_lib_sorting *sorting, uint32_t a, uint32_t b);
    const struct cdn_lib_key *keys; /* for cdn_lib_sort_by_key */
    int values, comparator;         /* stack indexes, for sorts that ask Lua */
    uint64_t work;                  /* not yet charged */
    bool uncharged; /* the caller charges; only the clock is looked at */
};
/* order and spare: room for `count` each; the result is in order.           [-0, +0, e]
 */
CDN_RAISES void cdn_lib_sort(struct cdn_lib_sorting *sorting, uint32_t *order,
                             uint32_t *spare, uint32_t count);
/* Sort by keys; charged.                                                    [-0, +0, e]
 */
CDN_RAISES void cdn_lib_sort_by_key(lua_State *L, const struct cdn_lib_key *keys,
                                    uint32_t *order, uint32_t *spare, uint32_t count);
/* The same for keys in a table's own order, which differs from state to state: how many
 * comparisons that takes must not be seen, so the caller charges.            [-0, +0, e]
 */
CDN_RAISES void cdn_lib_order_keys(lua_State *L, const struct cdn_lib_key *keys,
                                   uint32_t *order, uint32_t *spare, uint32_t count);

/* ---- arguments (lib_string.c) ---- */

/* As luaL_checklstring and luaL_optlstring; a number is made a text of in its place.
 *                                                                           [-0, +0, e]
 */
CDN_RAISES const char *cdn_lib_check_text(lua_State *L, int arg, size_t *bytes);
CDN_RAISES const char *cdn_lib_opt_text(lua_State *L, int arg, const char *fallback,
                                        size_t *bytes);

/* Before the string at index is parsed as a number.                         [-0, +0, e] */
CDN_RAISES void cdn_lib_charge_parse(lua_State *L, int index);

/* As luaL_checknumber; a number written as a string is charged.            [-0, +0, e] */
CDN_RAISES lua_Number cdn_lib_check_number(lua_State *L, int arg);

/* A number truncated to an integer; NaN is 0, what lies beyond int64 its nearest end.
 *                                                                           [-0, +0, e]
 */
CDN_RAISES int64_t cdn_lib_check_integer(lua_State *L, int arg);
CDN_RAISES int64_t cdn_lib_opt_integer(lua_State *L, int arg, int64_t fallback);

/* Charge for `bytes` copied or scanned once; short ones are part of the call.
 *                                                                           [-0, +0, e]
 */
CDN_RAISES void cdn_lib_charge_bytes(lua_State *L, size_t bytes);

/* ---- a growing buffer (lib_buffer.c) ---- */

/* Bytes gathered on the C stack, and once they are many in a userdata that the
 * collector owns, so that an error in the middle leaks nothing.  Takes one stack slot.
 */
struct cdn_lib_buffer {
    lua_State *L;
    char *data;
    size_t length;
    size_t size;
    int box;         /* stack index of the userdata's place */
    char first[192]; /* small: there may be 190 levels of it on the C stack */
};
/* Growing is charged by the new size, which covers whatever is added, and pushing by the
 * length. */

CDN_RAISES void
cdn_lib_buffer_init(struct cdn_lib_buffer *buffer,
                    lua_State *L); /*                        [-0, +1, m] */
/* A larger buffer, with room for `bytes` more.                              [-0, +0, e] */
CDN_RAISES char *cdn_lib_buffer_grow(struct cdn_lib_buffer *buffer, size_t bytes);

/* Room for `bytes` more behind what is there; advance `length` yourself.    [-0, +0, e] */
CDN_RAISES static inline char *cdn_lib_buffer_room(struct cdn_lib_buffer *buffer,
                                                   size_t bytes)
{
    if (__builtin_expect(bytes > buffer->size - buffer->length, 0))
        return cdn_lib_buffer_grow(buffer, bytes);
    return buffer->data + buffer->length;
}

/*                                                                           [-0, +0, e] */
CDN_RAISES static inline void cdn_lib_buffer_add(struct cdn_lib_buffer *buffer,
                                                 const char *bytes, size_t count)
{
    memcpy(cdn_lib_buffer_room(buffer, count), bytes, count);
    buffer->length += count;
}

CDN_RAISES void
cdn_lib_buffer_push(struct cdn_lib_buffer *buffer); /*       [-0, +1, m] */

#endif
