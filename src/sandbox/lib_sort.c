/* table.sort: a stable merge sort that no comparator can make slow or lead astray.
 *
 * The stock quicksort takes quadratic time on crafted input.  Here at most n log2 n
 * comparisons are made whatever they answer; equal elements keep their order, so the
 * result is the same everywhere; and the table is written only at the end, so an error
 * in a comparator leaves it as it was.  An inconsistent comparator gives some order, no
 * error.
 *
 * Numbers alone, or strings alone, without a comparator are sorted natively (scratch
 * memory, 40 bytes an element); all else asks Lua, with the values in a table of their
 * own and 8 bytes an element of userdata, since callbacks may use scratch memory
 * themselves. */
#include <endian.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/slot.h"

/* Runs of this many are sorted by insertion first. */
#define RUN 8

/* Comparisons between two charges. */
#define WORK_PER_CHARGE 512

static inline bool less(struct cdn_lib_sorting *sorting, uint32_t a, uint32_t b)
{
    if (++sorting->work >= WORK_PER_CHARGE) {
        if (sorting->uncharged)
            cdn_meter_poll(sorting->L, 2 * WORK_PER_CHARGE);
        else
            cdn_meter_charge(sorting->L, sorting->work);
        sorting->work = 0;
    }
    return sorting->less(sorting, a, b);
}

static void sort_runs(struct cdn_lib_sorting *sorting, uint32_t *order, uint32_t count)
{
    for (uint32_t low = 0; low < count; low += RUN) {
        uint32_t high = count - low < RUN ? count : low + RUN;

        for (uint32_t i = low + 1; i < high; i++) {
            uint32_t moved = order[i], j = i;

            while (j > low && less(sorting, moved, order[j - 1])) {
                order[j] = order[j - 1];
                j--;
            }
            order[j] = moved;
        }
    }
}

/* Merge from[low..middle) and from[middle..high) into to[low..high). */
static void merge(struct cdn_lib_sorting *sorting, const uint32_t *from, uint32_t *to,
                  uint32_t low, uint32_t middle, uint32_t high)
{
    uint32_t left = low, right = middle, at = low;

    if (middle < high && less(sorting, from[middle], from[middle - 1])) {
        while (left < middle && right < high) {
            if (less(sorting, from[right], from[left]))
                to[at++] = from[right++];
            else
                to[at++] = from[left++];
        }
    }
    memcpy(to + at, from + left, (middle - left) * sizeof *to);
    at += middle - left;
    memcpy(to + at, from + right, (high - right) * sizeof *to);
}

void cdn_lib_sort(struct cdn_lib_sorting *sorting, uint32_t *order, uint32_t *spare,
                  uint32_t count)
{
    uint32_t *from = order, *to = spare;

    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    sort_runs(sorting, order, count);
    for (uint64_t width = RUN; width < count; width *= 2) {
        uint32_t *swap = from;

        for (uint64_t low = 0; low < count; low += 2 * width) {
            uint64_t middle = low + width < count ? low + width : count;
            uint64_t high = low + 2 * width < count ? low + 2 * width : count;

            merge(sorting, from, to, (uint32_t)low, (uint32_t)middle, (uint32_t)high);
        }
        from = to;
        to = swap;
    }
    if (from != order)
        memcpy(order, from, count * sizeof *order);
    if (!sorting->uncharged)
        cdn_meter_charge(sorting->L, sorting->work + 1);
    sorting->work = 0;
}

/* ---- keys ---- */

/* A number whose unsigned order is the double's: -0 as 0, NaN last. */
static uint64_t order_of_number(double number)
{
    uint64_t bits;

    if (number != number)
        return UINT64_MAX;
    number += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &number, sizeof bits);
    return bits & UINT64_C(1) << 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t order_of_text(const char *text, size_t bytes)
{
    uint64_t order = 0;

    if (bytes >= sizeof order) {
        memcpy(&order, text, sizeof order);
        return be64toh(order);
    }
    for (size_t i = 0; i < bytes; i++)
        order |= (uint64_t)(unsigned char)text[i] << (56 - 8 * i);
    return order;
}

bool cdn_lib_key_read(struct cdn_lib_key *key, lua_State *L, int index)
{
    size_t bytes;

    key->length = 0;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        key->kind = CDN_LIB_NUMBER;
        key->as.number = lua_tonumber(L, index);
        key->order = order_of_number(key->as.number);
        return true;
    case LUA_TSTRING:
        key->kind = CDN_LIB_STRING;
        key->as.text = lua_tolstring(L, index, &bytes);
        key->length = (uint32_t)bytes;
        key->order = order_of_text(key->as.text, bytes);
        return true;
    case LUA_TLIGHTUSERDATA:
        key->kind = CDN_LIB_HANDLE;
        key->as.handle = lua_touserdata(L, index);
        key->order = (uint64_t)(uintptr_t)key->as.handle;
        return true;
    default:
        return false;
    }
}

int cdn_lib_key_compare(const struct cdn_lib_key *a, const struct cdn_lib_key *b)
{
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int first;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->kind != CDN_LIB_STRING || a->as.text == b->as.text)
        return 0;
    first = memcmp(a->as.text, b->as.text, shorter);
    if (first)
        return first;
    return a->length < b->length ? -1 : a->length > b->length;
}

static bool less_by_key(struct cdn_lib_sorting *sorting, uint32_t a, uint32_t b)
{
    const struct cdn_lib_key *left = &sorting->keys[a], *right = &sorting->keys[b];

    if (left->order == right->order)
        sorting->work +=
            (left->length < right->length ? left->length : right->length) / 32;
    return cdn_lib_key_compare(left, right) < 0;
}

void cdn_lib_sort_by_key(lua_State *L, const struct cdn_lib_key *keys, uint32_t *order,
                         uint32_t *spare, uint32_t count)
{
    struct cdn_lib_sorting sorting = {.L = L, .less = less_by_key, .keys = keys};

    cdn_lib_sort(&sorting, order, spare, count);
}

void cdn_lib_order_keys(lua_State *L, const struct cdn_lib_key *keys, uint32_t *order,
                        uint32_t *spare, uint32_t count)
{
    struct cdn_lib_sorting sorting = {
        .L = L, .less = less_by_key, .keys = keys, .uncharged = true};

    cdn_lib_sort(&sorting, order, spare, count);
}

/* ---- table.sort ---- */

CDN_RAISES static bool less_by_comparator(struct cdn_lib_sorting *sorting, uint32_t a,
                                          uint32_t b)
{
    lua_State *L = sorting->L;
    bool answer;

    lua_pushvalue(L, sorting->comparator);
    lua_rawgeti(L, sorting->values, (int)a + 1);
    lua_rawgeti(L, sorting->values, (int)b + 1);
    lua_call(L, 2, 1);
    answer = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return answer;
}

/* By the operator <, which raises for values that cannot be compared. */
CDN_RAISES static bool less_by_operator(struct cdn_lib_sorting *sorting, uint32_t a,
                                        uint32_t b)
{
    lua_State *L = sorting->L;
    bool answer;
    size_t left = 0, right = 0;

    lua_rawgeti(L, sorting->values, (int)a + 1);
    lua_rawgeti(L, sorting->values, (int)b + 1);
    if (lua_type(L, -1) == LUA_TSTRING && lua_type(L, -2) == LUA_TSTRING) {
        lua_tolstring(L, -1, &left);
        lua_tolstring(L, -2, &right);
        sorting->work += (left < right ? left : right) / 32;
    }
    answer = lua_lessthan(L, -2, -1);
    lua_pop(L, 2);
    return answer;
}

/* Are t[1..count] all numbers, or all strings?  Fills keys for as many as are. */
static bool read_keys(lua_State *L, struct cdn_lib_key *keys, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool orderable;

        lua_rawgeti(L, 1, (int)i + 1);
        orderable = cdn_lib_key_read(&keys[i], L, -1) && keys[i].kind == keys[0].kind &&
                    keys[i].kind != CDN_LIB_HANDLE;
        lua_pop(L, 1);
        if (!orderable)
            return false;
    }
    return true;
}

/* t[i + 1] = values[order[i] + 1] for all i */
static void write_back(lua_State *L, int values, const uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        lua_rawgeti(L, values, (int)order[i] + 1);
        lua_rawseti(L, 1, (int)i + 1);
    }
}

/* table.sort(t [, comparator]) */
int cdn_lib_table_sort(lua_State *L)
{
    struct cdn_lib_sorting sorting = {.L = L, .values = 3, .comparator = 2};
    uint32_t count, *order;
    size_t mark = cdn_scratch_mark(L);

    cdn_lib_check_writable(L, 1);
    count = (uint32_t)lua_objlen(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (count < 2)
        return 0;
    cdn_meter_charge(L, count / 2 + 1);
    lua_createtable(L, (int)count, 0);
    for (uint32_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, (int)i);
        lua_rawseti(L, 3, (int)i);
    }
    if (lua_isnil(L, 2)) {
        struct cdn_lib_key *keys = cdn_scratch_alloc(L, count * sizeof *keys);

        if (read_keys(L, keys, count)) {
            order = cdn_scratch_alloc(L, count * 2 * sizeof *order);
            cdn_lib_sort_by_key(L, keys, order, order + count, count);
            write_back(L, 3, order, count);
            cdn_scratch_release(L, mark);
            return 0;
        }
        cdn_scratch_release(L, mark);
        sorting.less = less_by_operator;
    } else {
        sorting.less = less_by_comparator;
    }
    order = lua_newuserdata(L, count * 2 * sizeof *order);
    cdn_lib_enter(L); /* comparators and __lt call Lua */
    cdn_lib_sort(&sorting, order, order + count, count);
    cdn_lib_leave(L);
    write_back(L, 3, order, count);
    return 0;
}
