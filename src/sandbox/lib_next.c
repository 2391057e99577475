/* pairs and next in a defined order, the same on every machine and in every run.
 *
 * The order: 1, 2, ... up to the first gap, then the other numbers ascending, then
 * strings in byte order, then light userdata (node and edge handles) by their bits.
 * Tables, functions, booleans as keys have no order that would be the same everywhere:
 * a table with one is refused by name.
 *
 * pairs notes the keys when it is called, so fields may be changed and cleared while it
 * runs, and what is added then is not visited.  Cost: two passes over the table, n log
 * n comparisons and 16 bytes for each key that is not in the sequence; for plain
 * sequences nothing but the passes.
 *
 * next without a key finds the smallest in one pass; with a key it makes the same notes
 * as pairs and keeps them for the call that follows, so a loop over next costs like
 * pairs. The notes are forgotten when next(t) starts over. */
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"
#include "sandbox/slot.h"

static bool is_place(lua_State *L, int index, double *place)
{
    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
    *place = lua_tonumber(L, index);
    return true;
}

/* Which kind of key has no order: of several the first by name, since in what order a table
 * is walked must not be seen. */
static void note_odd(lua_State *L, int index, const char **odd)
{
    const char *name = luaL_typename(L, index);

    if (!*odd || strcmp(name, *odd) < 0)
        *odd = name;
}

CDN_RAISES static void refuse_odd(lua_State *L, const char *odd)
{
    if (odd)
        luaL_error(
            L, "a table with a key of type %s has no defined order to iterate in", odd);
}

CDN_RAISES static void read_key(struct cdn_lib_key *key, lua_State *L, int index)
{
    if (!cdn_lib_key_read(key, L, index))
        refuse_odd(L, luaL_typename(L, index));
}

static void push_key(lua_State *L, const struct cdn_lib_key *key)
{
    switch (key->kind) {
    case CDN_LIB_NUMBER:
        lua_pushnumber(L, key->as.number);
        break;
    case CDN_LIB_STRING:
        lua_pushlstring(L, key->as.text, key->length);
        break;
    case CDN_LIB_HANDLE:
        lua_pushlightuserdata(L, key->as.handle);
        break;
    }
}

/* One pass: how far the sequence goes as far as the table's own order shows it, and how
 * many other keys there are. */
CDN_RAISES static uint32_t count_keys(lua_State *L, int table, double *sequence)
{
    uint32_t others = 0, seen = 0;
    double place;

    *sequence = 0;
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        cdn_meter_walk(L, seen);
        if (is_place(L, -1, &place) && place == *sequence + 1)
            *sequence = place;
        else
            others++;
        if (++seen % 1024 == 0)
            cdn_meter_charge(L, 512);
    }
    cdn_meter_walk(L, 0);
    cdn_meter_charge(L, seen % 1024 / 2 + 1);
    return others;
}

/* The keys beyond 1..sequence, `count` of them, in the table's own order.  The kind of one
 * that has no order, NULL if all have. */
CDN_RAISES static const char *read_keys(lua_State *L, int table, double sequence,
                                        struct cdn_lib_key *keys)
{
    double place;
    uint32_t seen = 0;
    const char *odd = NULL;

    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        cdn_meter_walk(L, seen++);
        if (is_place(L, -1, &place) && place >= 1 && place <= sequence &&
            place == (double)(int64_t)place)
            continue;
        if (!cdn_lib_key_read(keys++, L, -1))
            note_odd(L, -1, &odd);
    }
    return odd;
}

/* Push the noted keys of the table at index, an array in order, or nil if there is
 * nothing but the sequence 1..*sequence.                                           [-0,
 * +1, e] */
CDN_RAISES static void note_keys(lua_State *L, int table, double *sequence)
{
    uint32_t count = count_keys(L, table, sequence);
    size_t mark = cdn_scratch_mark(L);
    struct cdn_lib_key *keys;
    uint32_t *order, first, run, noted = 0;
    uint64_t bytes = 0;
    const char *odd;

    if (count == 0) {
        lua_pushnil(L);
        return;
    }
    keys = cdn_scratch_alloc(L, count * sizeof *keys);
    order = cdn_scratch_alloc(L, count * 2 * sizeof *order);
    odd = read_keys(L, table, *sequence, keys);
    if (odd) { /* the error may be caught */
        cdn_scratch_release(L, mark);
        refuse_odd(L, odd);
    }
    cdn_lib_order_keys(L, keys, order, order + count, count);
    /* what continues the sequence may have been anywhere in the hash part */
    for (first = 0; first < count; first++) {
        const struct cdn_lib_key *key = &keys[order[first]];

        if (key->kind != CDN_LIB_NUMBER || key->as.number >= *sequence + 1)
            break;
    }
    for (run = first; run < count; run++) {
        const struct cdn_lib_key *key = &keys[order[run]];

        if (key->kind != CDN_LIB_NUMBER || key->as.number != *sequence + 1)
            break;
        *sequence += 1;
    }
    lua_createtable(L, (int)(count - (run - first)), 0);
    for (uint32_t i = 0; i < count; i++) {
        if (i >= first && i < run)
            continue;
        push_key(L, &keys[order[i]]);
        lua_rawseti(L, -2, (int)++noted);
        bytes += keys[order[i]].length;
    }
    /* n log n of what is behind the sequence: the same in whatever order it was found */
    for (uint32_t width = 1; width < noted; width *= 2)
        cdn_meter_charge(L, noted + bytes / 32);
    cdn_scratch_release(L, mark);
}

/* Push key number `place`, from 1, of notes at stack or upvalue index `notes`. */
static bool push_noted(lua_State *L, int notes, double sequence, double place)
{
    if (place <= sequence) {
        lua_pushnumber(L, place);
        return true;
    }
    if (lua_isnil(L, notes))
        return false;
    lua_rawgeti(L, notes, (int)(place - sequence));
    if (!lua_isnil(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

/* From `place` on, the first noted key that the table at index still has: pushes key
 * and value; 0 if there is none left.                                         [-0, +?2,
 * e] */
CDN_RAISES static double advance(lua_State *L, int table, int notes, double sequence,
                                 double place)
{
    for (;; place++) {
        if (!push_noted(L, notes, sequence, place))
            return 0;
        if (place <= sequence) {
            lua_rawgeti(L, table, (int)place);
        } else {
            lua_pushvalue(L, -1);
            lua_rawget(L, table);
        }
        if (!lua_isnil(L, -1))
            return place;
        lua_pop(L, 2);
        cdn_meter_charge(L, 1);
    }
}

/* The iterator over a plain sequence, the common case.  Upvalue: how long it was. */
CDN_RAISES static int sequence_next(lua_State *L)
{
    lua_Number place = lua_tonumber(L, 2) + 1;
    lua_Number last = lua_tonumber(L, lua_upvalueindex(1));

    luaL_checktype(L, 1, LUA_TTABLE);
    for (; place >= 1 && place <= last; place++) {
        lua_pushnumber(L, place);
        lua_rawgeti(L, 1, (int)place);
        if (!lua_isnil(L, -1))
            return 2;
        lua_pop(L, 2);
        cdn_meter_charge(L, 1);
    }
    return 0;
}

/* Upvalues: sequence, notes, place of the last key.  The table to read is at index. */
CDN_RAISES static int step(lua_State *L, int table)
{
    lua_Number place = lua_tonumber(L, lua_upvalueindex(3)) + 1;

    place = advance(L, table, lua_upvalueindex(2), lua_tonumber(L, lua_upvalueindex(1)),
                    place);
    if (place == 0)
        return 0;
    lua_pushnumber(L, place);
    lua_replace(L, lua_upvalueindex(3));
    return 2;
}

CDN_RAISES static int pairs_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    return step(L, 1);
}

/* The same where pairs was given a frozen table. */
CDN_RAISES static int frozen_next(lua_State *L)
{
    lua_settop(L, 1);
    cdn_lib_check_readable(L, 1);
    return step(L, 1);
}

/* ---- records ---- */

/* At most this many keys, none of them a number. */
#define RECORD_KEYS 8

_Static_assert(3 + 2 * RECORD_KEYS <= LUA_MINSTACK, "no need to ask for more stack");

/* pairs' upvalues: the iterator that it last made for a record, what that charged, and the
 * record's keys as its table had them.  A table with these keys in this order, as most
 * have that one constructor makes, gets the same iterator again. */
#define KNOWN_ITERATOR lua_upvalueindex(1)
#define KNOWN_WORK     lua_upvalueindex(2)
#define KNOWN_KEY(i)   lua_upvalueindex(3 + (i))

_Static_assert(CDN_LIB_PAIRS_UPVALUES == 2 + RECORD_KEYS, "a place for each");

/* The iterator over a record.  Upvalues: a table from each key to the one behind it, from
 * the last to false, and the first key.  It keeps no place of its own, so that any number
 * of loops can share it. */
#define KEY_BEHIND lua_upvalueindex(1)
#define FIRST_KEY  lua_upvalueindex(2)

CDN_RAISES static int record_next(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TTABLE)
        luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_gettop(L) != 2)
        lua_settop(L, 2);
    if (lua_type(L, 2) == LUA_TNIL)
        lua_pushvalue(L, FIRST_KEY);
    else
        lua_rawget(L, KEY_BEHIND);
    for (;;) {
        int type = lua_type(L, -1);

        if (type == LUA_TBOOLEAN)
            return 0;
        if (type == LUA_TNIL)
            luaL_error(L, "the iterator of pairs was given a key that is not its");
        lua_pushvalue(L, -1);
        lua_rawget(L, 1);
        if (lua_type(L, -1) != LUA_TNIL)
            return 2;
        lua_pop(L, 1);
        cdn_meter_charge(L, 1);
        lua_rawget(L, KEY_BEHIND);
    }
}

/* Push that iterator over the keys at 2, 3, ...                           [-0, +1, m] */
static void make_record_next(lua_State *L, const uint8_t *order, unsigned count)
{
    lua_createtable(L, 0, (int)count);
    for (unsigned i = 0; i < count; i++) {
        lua_pushvalue(L, 2 + order[i]);
        if (i + 1 < count)
            lua_pushvalue(L, 2 + order[i + 1]);
        else
            lua_pushboolean(L, false);
        lua_rawset(L, -3);
    }
    lua_pushvalue(L, 2 + order[0]);
    lua_pushcclosure(L, record_next, 2);
}

/* Push the iterator that is known if the table at 1 has its keys; else leave the stack as
 * it was.                                                                 [-0, +?1, e] */
CDN_RAISES static bool push_known_iterator(lua_State *L)
{
    int count = 0;

    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        if (count == RECORD_KEYS || !lua_rawequal(L, -1, KNOWN_KEY(count))) {
            lua_settop(L, 1);
            return false;
        }
        count++;
    }
    if (count == 0 ||
        (count < RECORD_KEYS && lua_type(L, KNOWN_KEY(count)) != LUA_TNIL))
        return false;
    cdn_meter_charge(L, (uint64_t)lua_tonumber(L, KNOWN_WORK));
    lua_pushvalue(L, KNOWN_ITERATOR);
    return true;
}

/* Note the iterator on top, made for the keys at 2, 3, ...                [-0, +0, -] */
static void know_iterator(lua_State *L, unsigned count, uint64_t work)
{
    for (unsigned i = 0; i < RECORD_KEYS; i++) {
        if (i < count)
            lua_pushvalue(L, 2 + (int)i);
        else
            lua_pushnil(L);
        lua_replace(L, KNOWN_KEY((int)i));
    }
    lua_pushnumber(L, (lua_Number)work);
    lua_replace(L, KNOWN_WORK);
    lua_pushvalue(L, -1);
    lua_replace(L, KNOWN_ITERATOR);
}

/* Push the iterator over the table at 1 if that is a record or a sequence and nothing else;
 * else leave the stack as it was.  Charges as note_keys does.            [-0, +?1, e] */
CDN_RAISES static bool push_record_iterator(lua_State *L)
{
    struct cdn_lib_key keys[RECORD_KEYS];
    uint8_t order[RECORD_KEYS];
    unsigned count = 0;
    double sequence = 0;
    uint64_t bytes = 0, work;

    /* at most 3 + 2 * RECORD_KEYS slots, which every C function has */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        unsigned at = count;

        lua_pop(L, 1);
        if (lua_type(L, -1) == LUA_TNUMBER) {
            if (count || lua_tonumber(L, -1) != sequence + 1)
                goto other;
            sequence += 1;
            cdn_meter_walk(L, (uint32_t)sequence);
            continue;
        }
        if (sequence > 0 || count == RECORD_KEYS ||
            !cdn_lib_key_read(&keys[count], L, -1))
            goto other;
        bytes += keys[count].length;
        for (; at && cdn_lib_key_compare(&keys[count], &keys[order[at - 1]]) < 0; at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)count++;
        lua_pushvalue(L, -1); /* the one below stays: key `count` at 1 + count */
    }
    if (sequence == 0 && !count) /* it may have been large: all was walked over */
        cdn_meter_walk(L, 0);
    work = ((uint64_t)sequence + count) / 2 + 1;
    for (unsigned width = 1; width < count; width *= 2)
        work += count + bytes / 32;
    cdn_meter_charge(L, work);
    if (!count) {
        lua_pushnumber(L, sequence);
        lua_pushcclosure(L, sequence_next, 1);
        return true;
    }
    make_record_next(L, order, count);
    know_iterator(L, count, work);
    return true;
other:
    lua_settop(L, 1);
    return false;
}

/* pairs(t) -> iterator, t, nil */
int cdn_lib_pairs(lua_State *L)
{
    double sequence;
    bool frozen;

    if (lua_type(L, 1) != LUA_TTABLE)
        luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_gettop(L) != 1)
        lua_settop(L, 1);
    frozen = cdn_lib_frozen(L, 1);
    if (!frozen && (push_known_iterator(L) || push_record_iterator(L))) {
        lua_pushvalue(L, 1);
        lua_pushnil(L);
        return 3;
    }
    if (!frozen)
        lua_pushvalue(L, 1);
    note_keys(L, 2, &sequence);
    if (lua_isnil(L, 3) && !frozen) {
        lua_pushnumber(L, sequence);
        lua_pushcclosure(L, sequence_next, 1);
    } else {
        lua_pushnumber(L, sequence);
        lua_insert(L, 3);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, frozen ? frozen_next : pairs_next, 3);
    }
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* ---- next ---- */

/* next's upvalues: the table it last noted the keys of, and those notes. */
#define NOTED_TABLE    lua_upvalueindex(1)
#define NOTED_KEYS     lua_upvalueindex(2)
#define NOTED_SEQUENCE lua_upvalueindex(3)
#define NOTED_PLACE    lua_upvalueindex(4)

/* The smallest key of the table at 1, by one pass; nothing is noted. */
CDN_RAISES static int first_of(lua_State *L)
{
    struct cdn_lib_key smallest, key;
    uint32_t seen = 0;
    const char *odd = NULL;

    if (lua_rawequal(L, 1, NOTED_TABLE)) {
        lua_pushnil(L);
        lua_replace(L, NOTED_TABLE);
    }
    cdn_lib_check_readable(L, 1);
    lua_pushnumber(L, 1);
    lua_rawgeti(L, 1, 1);
    if (!lua_isnil(L, -1))
        return 2;
    lua_settop(L, 1);
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        lua_pop(L, 1);
        cdn_meter_walk(L, seen);
        if (!cdn_lib_key_read(&key, L, -1))
            note_odd(L, -1, &odd);
        else if (seen == 0 || cdn_lib_key_compare(&key, &smallest) < 0)
            smallest = key;
        seen++;
        if (seen % 1024 == 0)
            cdn_meter_charge(L, 512);
    }
    cdn_meter_walk(L, 0);
    cdn_meter_charge(L, seen % 1024 / 2 + 1);
    refuse_odd(L, odd);
    if (seen == 0) {
        lua_pushnil(L);
        return 1;
    }
    push_key(L, &smallest);
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

/* Note the keys of the table at 3 (1 as the rule knows it) and find the place of the
 * key at 2 in them, or of the last one before it if it has been cleared. */
CDN_RAISES static double find_place(lua_State *L)
{
    struct cdn_lib_key wanted, key;
    double sequence, place;

    read_key(&wanted, L, 2);
    note_keys(L, 3, &sequence);
    if (wanted.kind == CDN_LIB_NUMBER && wanted.as.number >= 1 &&
        wanted.as.number <= sequence &&
        wanted.as.number == (double)(int64_t)wanted.as.number) {
        place = wanted.as.number;
    } else {
        for (place = sequence; push_noted(L, 4, sequence, place + 1); place++) {
            read_key(&key, L, -1);
            lua_pop(L, 1);
            if (cdn_lib_key_compare(&key, &wanted) > 0)
                break;
        }
        cdn_meter_charge(L, (uint64_t)(place - sequence) / 2 + 1);
    }
    lua_replace(L, NOTED_KEYS);
    lua_pushnumber(L, sequence);
    lua_replace(L, NOTED_SEQUENCE);
    lua_pushvalue(L, 1);
    lua_replace(L, NOTED_TABLE);
    return place;
}

/* next(t [, key]) -> the key behind it and its value, or nil */
int cdn_lib_next(lua_State *L)
{
    double place = lua_tonumber(L, NOTED_PLACE);
    bool noted = false;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_isnil(L, 2))
        return first_of(L);
    lua_pushvalue(L, 1);
    cdn_lib_check_readable(L, 3);
    if (lua_rawequal(L, 1, NOTED_TABLE) &&
        push_noted(L, NOTED_KEYS, lua_tonumber(L, NOTED_SEQUENCE), place)) {
        noted = lua_rawequal(L, -1, 2);
        lua_pop(L, 1);
    }
    if (!noted)
        place = find_place(L);
    place = advance(L, 3, NOTED_KEYS, lua_tonumber(L, NOTED_SEQUENCE), place + 1);
    if (place == 0) {
        lua_pushnil(L);
        lua_replace(L, NOTED_TABLE);
        lua_pushnil(L);
        return 1;
    }
    lua_pushnumber(L, place);
    lua_replace(L, NOTED_PLACE);
    return 2;
}
