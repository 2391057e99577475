/* Values across the wall, both ways, inside a run and under its meter.
 *
 * Out: a table is looked at once to see whether it is an array (keys exactly 1..n);
 * only a map has its keys gathered in scratch memory and sorted, by a merge sort that
 * charges what it compares.  A value's ancestors are kept in a chain on the C stack, at
 * most CORDON_VALUE_MAX_DEPTH of them: it ends cycles and names the place of a fault.
 *
 * No metamethod runs and nothing is interned while encoding; a raise can only be a
 * limit. Scratch memory is given back on the normal way out, and by the next restore
 * otherwise.
 *
 * Cost: one instruction a value, one a key and comparison, one per 64 bytes of text. */
#include "sandbox/transfer.h"

#include <lauxlib.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "sandbox/lib.h"
#include "sandbox/slot.h"

/* Doubles up to here hold every integer exactly. */
#define EXACT_INTEGER INT64_C(9007199254740992)

enum {
    BYTES_PER_INSTRUCTION = 64,
    MAX_NAMED = 40,
    WALKED = 32 /* keys or elements of a table between two charges */
};

/* ---- in ---- */

CDN_RAISES static void push_value(lua_State *L, const unsigned char **at,
                                  const unsigned char *end, int depth);

CDN_RAISES static void push_string(lua_State *L, const cordon_value *value)
{
    cdn_meter_charge(L, value->length / BYTES_PER_INSTRUCTION);
    cdn_meter_push_text(L, value->as.string, value->length);
}

CDN_RAISES static void push_integer(lua_State *L, int64_t integer)
{
    char text[24];

    if (integer >= -EXACT_INTEGER && integer <= EXACT_INTEGER) {
        lua_pushnumber(L, (lua_Number)integer);
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)integer);
    lua_pushstring(L, text);
}

CDN_RAISES static void push_array(lua_State *L, const unsigned char **at,
                                  const unsigned char *end, uint32_t count, int depth)
{
    /* Every element takes at least a byte, so that count is no larger than the input.
     */
    lua_createtable(L, (int)(count < INT32_MAX / 16 ? count : 0), 0);
    for (uint32_t i = 1; i <= count; i++) {
        push_value(L, at, end, depth + 1);
        lua_rawseti(L, -2, (int)i);
    }
}

CDN_RAISES static void push_map(lua_State *L, const unsigned char **at,
                                const unsigned char *end, uint32_t count, int depth)
{
    lua_createtable(L, 0, (int)(count < INT32_MAX / 64 ? count : 0));
    for (uint32_t i = 0; i < count; i++) {
        int type;

        push_value(L, at, end, depth + 1);
        type = lua_type(L, -1);
        if ((type != LUA_TSTRING && type != LUA_TNUMBER) ||
            (type == LUA_TNUMBER && isnan(lua_tonumber(L, -1))))
            luaL_error(L, "a map's key has to be a string or a number, not %s",
                       type == LUA_TNUMBER ? "NaN" : lua_typename(L, type));
        push_value(L, at, end, depth + 1);
        lua_rawset(L, -3);
    }
}

CDN_RAISES static void push_value(lua_State *L, const unsigned char **at,
                                  const unsigned char *end, int depth)
{
    cordon_value value;

    cdn_meter_charge(L, 1);
    luaL_checkstack(L, 4, "value");
    if (depth > CORDON_VALUE_MAX_DEPTH || !cdn_unpack_head(&value, at, end))
        luaL_error(L, "malformed value");
    switch (value.type) {
    case CORDON_NIL:
        lua_pushnil(L);
        break;
    case CORDON_BOOLEAN:
        lua_pushboolean(L, value.as.boolean);
        break;
    case CORDON_INTEGER:
        push_integer(L, value.as.integer);
        break;
    case CORDON_NUMBER:
        lua_pushnumber(L, value.as.number);
        break;
    case CORDON_STRING:
        push_string(L, &value);
        break;
    case CORDON_ARRAY:
        push_array(L, at, end, value.length, depth);
        break;
    case CORDON_MAP:
        push_map(L, at, end, value.length, depth);
        break;
    }
}

void cdn_transfer_push(lua_State *L, const unsigned char **at, const unsigned char *end)
{
    push_value(L, at, end, 0);
}

/* ---- out ---- */

/* A table on the way from the root to where we are, and the key that leads on from it.
 */
struct level {
    const struct level *up;
    const void *table;
    const char *name; /* the key, if a string */
    size_t name_bytes;
    int64_t index; /* the key, if a number */
    int depth;
};

struct key {
    const char *text; /* NULL: a number */
    size_t bytes;
    int64_t number;
};

struct shape {
    size_t numbers;
    size_t strings;
    int64_t highest;
    bool array; /* keys are exactly 1..numbers */
};

CDN_RAISES static bool encode(lua_State *L, int index, struct cdn_transfer *transfer,
                              const struct level *up);

/* ---- faults ---- */

static bool is_identifier(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
              (i && c >= '0' && c <= '9')))
            return false;
    }
    return bytes > 0;
}

static void put_path(char *out, size_t size, const struct level *level)
{
    size_t used;
    int bytes;

    if (!level)
        return;
    put_path(out, size, level->up);
    used = strlen(out);
    bytes = (int)(level->name_bytes < MAX_NAMED ? level->name_bytes : MAX_NAMED);
    if (!level->name)
        snprintf(out + used, size - used, "[%lld]", (long long)level->index);
    else if (is_identifier(level->name, level->name_bytes))
        snprintf(out + used, size - used, ".%.*s", bytes, level->name);
    else
        snprintf(out + used, size - used, "[\"%.*s\"]", bytes, level->name);
}

/* False, with "<path>: <what>" as the error. */
static bool refuse(struct cdn_transfer *transfer, const struct level *level,
                   const char *what)
{
    char path[192];
    char text[sizeof transfer->error];

    snprintf(path, sizeof path, "%s", transfer->root ? transfer->root : "value");
    put_path(path, sizeof path, level);
    snprintf(text, sizeof text, "%s: %s", path, what);
    cdn_escape(transfer->error, sizeof transfer->error, text, strlen(text));
    return false;
}

static const char *cannot_leave(int type)
{
    switch (type) {
    case LUA_TFUNCTION:
        return "a function cannot leave the sandbox";
    case LUA_TTHREAD:
        return "a coroutine cannot leave the sandbox";
    case LUA_TLIGHTUSERDATA:
        return "this handle cannot leave the sandbox";
    case LUA_TUSERDATA:
        return "an object of the host cannot leave the sandbox";
    default:
        return "a value of this type cannot leave the sandbox";
    }
}

/* ---- keys ---- */

/* The key at the stack's top: false if no value may have such a key. */
static bool read_key(lua_State *L, struct key *key)
{
    lua_Number number;

    *key = (struct key){0};
    if (lua_type(L, -1) == LUA_TSTRING) {
        key->text = lua_tolstring(L, -1, &key->bytes);
        return true;
    }
    if (lua_type(L, -1) != LUA_TNUMBER)
        return false;
    number = lua_tonumber(L, -1);
    if (!(fabs(number) <= (lua_Number)EXACT_INTEGER) ||
        number != (lua_Number)(int64_t)number)
        return false;
    key->number = (int64_t)number;
    return true;
}

/* Keys that no value may have: of several the first type by name, else the least number,
 * since in what order a table is walked must not be seen. */
struct odd {
    const char *type; /* NULL: all are strings and numbers */
    bool number;
    lua_Number least;
};

static void note_odd(lua_State *L, int index, struct odd *odd)
{
    const char *name = luaL_typename(L, index);
    lua_Number number;

    if (lua_type(L, index) != LUA_TNUMBER) {
        if (!odd->type || strcmp(name, odd->type) < 0)
            odd->type = name;
        return;
    }
    number = lua_tonumber(L, index);
    if (!odd->number || number < odd->least)
        odd->least = number;
    odd->number = true;
}

static bool refuse_odd(struct cdn_transfer *transfer, const struct level *up,
                       const struct odd *odd)
{
    char what[96];

    if (odd->type)
        snprintf(what, sizeof what, "a %s cannot be a key outside the sandbox",
                 odd->type);
    else
        snprintf(what, sizeof what, "the key %.17g is no integer", odd->least);
    return refuse(transfer, up, what);
}

/* Count the keys of the table at the stack's top.                       [-0, +0, e] */
CDN_RAISES static bool survey(lua_State *L, struct cdn_transfer *transfer,
                              const struct level *up, struct shape *shape)
{
    int top = lua_gettop(L);
    int64_t lowest = 1;
    struct odd odd = {0};
    uint32_t step = 0;

    *shape = (struct shape){0};
    lua_pushnil(L);
    while (lua_next(L, top)) {
        struct key key;

        if (++step % WALKED == 0)
            cdn_meter_charge(L, WALKED);
        if (step == 1 || step % WALKED == 0)
            cdn_meter_walk(L, step - step % WALKED);
        lua_pop(L, 1);
        if (!read_key(L, &key)) {
            note_odd(L, -1, &odd);
            continue;
        }
        if (key.text) {
            shape->strings++;
            continue;
        }
        shape->numbers++;
        if (key.number > shape->highest)
            shape->highest = key.number;
        if (key.number < lowest)
            lowest = key.number;
    }
    cdn_meter_charge(L, step % WALKED);
    cdn_meter_walk(L, 0);
    if (odd.type || odd.number)
        return refuse_odd(transfer, up, &odd);
    shape->array = !shape->strings && shape->numbers && lowest == 1 &&
                   shape->highest == (int64_t)shape->numbers;
    return true;
}

/* Integers ascending, then strings in byte order.                           [-0, +0, e]
 */
static bool precedes(const struct key *a, const struct key *b)
{
    size_t shared = a->bytes < b->bytes ? a->bytes : b->bytes;
    int order;

    if (!a->text || !b->text)
        return !a->text && (b->text || a->number < b->number);
    order = memcmp(a->text, b->text, shared);
    return order ? order < 0 : a->bytes < b->bytes;
}

/* Sort `count` keys; `other` is room for as many.  They come in the table's own order, which
 * differs from state to state, so each pass is charged the same whatever it compares.
 * Returns where they end up. [-0, +0,
 * e] */
CDN_RAISES static struct key *sort(lua_State *L, struct key *keys, struct key *other,
                                   size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += keys[i].text ? keys[i].bytes : 0;
    for (size_t width = 1; width < count; width *= 2) {
        struct key *swap;

        cdn_meter_charge(L, 2 * count + bytes / BYTES_PER_INSTRUCTION);
        for (size_t low = 0; low < count; low += 2 * width) {
            size_t middle = low + width < count ? low + width : count;
            size_t high = middle + width < count ? middle + width : count;
            size_t left = low, right = middle;

            for (size_t to = low; to < high; to++) {
                bool from_right = left == middle ||
                                  (right < high && precedes(&keys[right], &keys[left]));

                other[to] = keys[from_right ? right++ : left++];
            }
        }
        swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

/* The keys of the table at the stack's top, in order, in scratch memory.    [-0, +0, e]
 */
CDN_RAISES static struct key *sorted_keys(lua_State *L, size_t count)
{
    struct key *keys = cdn_scratch_alloc(L, 2 * count * sizeof *keys);
    int top = lua_gettop(L);
    size_t at = 0;

    lua_pushnil(L);
    while (at < count && lua_next(L, top)) {
        lua_pop(L, 1);
        cdn_meter_walk(L, (uint32_t)at);
        read_key(L, &keys[at++]);
    }
    lua_settop(L, top);
    return sort(L, keys, keys + count, count);
}

/* ---- values ---- */

CDN_RAISES static bool encode_array(lua_State *L, struct cdn_transfer *transfer,
                                    struct level *level, uint32_t count)
{
    int array = lua_gettop(L);

    cdn_pack_array(transfer->out, count);
    for (uint32_t i = 1; i <= count; i++) {
        if (i % WALKED == 1)
            cdn_meter_charge(L, count - i < WALKED ? count - i + 1 : WALKED);
        level->index = i;
        lua_rawgeti(L, array, (int)i);
        if (!encode(L, array + 1, transfer, level))
            return false;
        lua_settop(L, array);
    }
    return true;
}

CDN_RAISES static bool encode_map(lua_State *L, struct cdn_transfer *transfer,
                                  struct level *level, size_t count)
{
    size_t mark = cdn_scratch_mark(L);
    struct key *keys = sorted_keys(L, count);

    cdn_pack_map(transfer->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        level->name = keys[i].text;
        level->name_bytes = keys[i].bytes;
        level->index = keys[i].number;
        if (keys[i].text) {
            cdn_meter_charge(L, keys[i].bytes / BYTES_PER_INSTRUCTION);
            cdn_pack_str(transfer->out, keys[i].text, keys[i].bytes);
            lua_pushlstring(L, keys[i].text,
                            keys[i].bytes); /* interned: no new string */
        } else {
            cdn_pack_int(transfer->out, keys[i].number);
            lua_pushnumber(L, (lua_Number)keys[i].number);
        }
        lua_rawget(L, -2);
        cdn_meter_charge(L, 1);
        if (!encode(L, lua_gettop(L), transfer, level))
            return false;
        lua_pop(L, 1);
    }
    cdn_scratch_release(L, mark);
    return true;
}

/* Write the value at the stack's top if it is a finite number or a short string. */
static bool encode_plain(lua_State *L, struct cdn_packer *out)
{
    lua_Number number;
    const char *text;
    size_t bytes;

    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        number = lua_tonumber(L, -1);
        cdn_pack_number(out, number);
        return isfinite(number);
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &bytes);
        cdn_pack_str(out, text, bytes);
        return bytes < BYTES_PER_INSTRUCTION;
    default:
        return false;
    }
}

/* Encode the table at the stack's top if it is a short list of such values, which most
 * lists are: in one walk instead of two.  False: it is not, or does not fit; nothing has
 * been written then, or charged.  Charges what the other way does.        [-0, +0, e] */
CDN_RAISES static bool encode_short_list(lua_State *L, struct cdn_transfer *transfer)
{
    struct cdn_packer *out = transfer->out;
    const struct cdn_packer before = *out;
    int top = lua_gettop(L);
    size_t count = lua_objlen(L, top);
    size_t walked = 0;
    bool plain = true;

    if (count == 0 || count >= WALKED || out->grow)
        return false;
    cdn_pack_array(out, (uint32_t)count);
    lua_pushnil(L);
    while (plain && lua_next(L, top)) {
        plain = ++walked <= count && lua_type(L, top + 1) == LUA_TNUMBER &&
                lua_tonumber(L, top + 1) == (lua_Number)walked && encode_plain(L, out);
        lua_settop(L, top + 1);
    }
    lua_settop(L, top);
    cdn_meter_walked(L);
    if (!plain || walked != count || out->failed || out->length > transfer->limit) {
        *out = before;
        return false;
    }
    cdn_meter_charge(L, 2 * count);
    return true;
}

/* The table at the stack's top, which is not frozen; `bare`: it is known to have no metatable.
 *                                                                           [-0, +?, e] */
CDN_RAISES static bool encode_table(lua_State *L, struct cdn_transfer *transfer,
                                    const struct level *up, bool bare)
{
    struct level level = {.up = up, .depth = 1 + (up ? up->depth : transfer->around)};
    struct shape shape;

    if (up)
        level.table = lua_topointer(L, -1);
    for (const struct level *above = up; above; above = above->up) {
        if (above->table == level.table)
            return refuse(transfer, up, "a table that contains itself");
    }
    if (level.depth > CORDON_VALUE_MAX_DEPTH)
        return refuse(transfer, up, "tables nest deeper than 32");
    if (!bare && lua_getmetatable(L, -1))
        return refuse(transfer, up,
                      "a table with a metatable cannot leave the sandbox");
    if (encode_short_list(L, transfer))
        return true;
    if (!up)
        level.table = lua_topointer(L, -1);
    if (!survey(L, transfer, up, &shape))
        return false;
    if (shape.array)
        return encode_array(L, transfer, &level, (uint32_t)shape.numbers);
    if (shape.numbers + shape.strings)
        return encode_map(L, transfer, &level, shape.numbers + shape.strings);
    if (!up && transfer->empty_is_map)
        cdn_pack_map(transfer->out, 0);
    else
        cdn_pack_array(transfer->out, 0);
    return true;
}

static bool encode_number(lua_State *L, int index, struct cdn_transfer *transfer,
                          const struct level *up)
{
    lua_Number number = lua_tonumber(L, index);

    if (transfer->finite && !isfinite(number))
        return refuse(transfer, up,
                      isnan(number) ? "NaN (0/0) is no number that can be used"
                                    : "an infinite number");
    /* A NaN's sign and payload depend on how it came about. */
    cdn_pack_number(transfer->out, isnan(number) ? (lua_Number)NAN : number);
    return true;
}

/* The value itself has been charged.                                        [-0, +?, e] */
CDN_RAISES static bool encode(lua_State *L, int index, struct cdn_transfer *transfer,
                              const struct level *up)
{
    size_t bytes;
    const char *text;
    bool bare, done = true;

    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
        cdn_pack_nil(transfer->out);
        break;
    case LUA_TBOOLEAN:
        cdn_pack_bool(transfer->out, lua_toboolean(L, index));
        break;
    case LUA_TNUMBER:
        done = encode_number(L, index, transfer, up);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &bytes);
        cdn_meter_charge(L, bytes / BYTES_PER_INSTRUCTION);
        cdn_pack_str(transfer->out, text, bytes);
        break;
    case LUA_TTABLE:
        luaL_checkstack(L, 8, "value");
        bare = !lua_getmetatable(L, index);
        if (!bare)
            lua_pop(L, 1);
        if (bare || !cdn_lib_frozen(L, index))
            lua_pushvalue(L, index);
        done = encode_table(L, transfer, up, bare);
        if (done)
            lua_pop(L, 1);
        break;
    case LUA_TLIGHTUSERDATA: /* written as a map */
        if ((up ? up->depth : transfer->around) >= CORDON_VALUE_MAX_DEPTH)
            return refuse(transfer, up, "tables nest deeper than 32");
        if (!transfer->handle || !transfer->handle(L, index, transfer->out))
            return refuse(transfer, up, cannot_leave(LUA_TLIGHTUSERDATA));
        break;
    default:
        return refuse(transfer, up, cannot_leave(lua_type(L, index)));
    }
    if (done && transfer->out->length > transfer->limit)
        cdn_meter_raise(L, CDN_STOP_OUTPUT);
    if (done && transfer->out->failed)
        return refuse(transfer, up, "the value does not fit");
    return done;
}

bool cdn_transfer_encode(lua_State *L, int index, struct cdn_transfer *transfer)
{
    int top = lua_gettop(L);
    size_t mark = cdn_scratch_mark(L);
    bool done;

    transfer->error[0] = '\0';
    transfer->limit =
        transfer->own_limit ? UINT64_MAX : cdn_meter_of(L)->limit.output_bytes;
    cdn_meter_charge(L, 1);
    if (index < 0 && index > LUA_REGISTRYINDEX)
        index += top + 1;
    done = encode(L, index, transfer, NULL);
    cdn_scratch_release(L, mark);
    lua_settop(L, top);
    return done;
}
