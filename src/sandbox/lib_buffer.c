/* A growing buffer for string functions.
 *
 * luaL_Buffer keeps 8 KiB on the C stack for each of gsub's levels, which nested
 * callbacks multiply to megabytes; this one keeps 192 bytes and grows into userdata,
 * so that what it takes counts against the run's memory and is collected after an
 * error.  Growth doubles: amortised O(1) a byte.  The rule never sees the userdata. */
#include <string.h>

#include <lauxlib.h>

#include "sandbox/lib.h"

void cdn_lib_buffer_init(struct cdn_lib_buffer *buffer, lua_State *L)
{
    luaL_checkstack(L, 2, "string buffer");
    lua_pushnil(L);
    buffer->L = L;
    buffer->data = buffer->first;
    buffer->length = 0;
    buffer->size = sizeof buffer->first;
    buffer->box = lua_gettop(L);
}

char *cdn_lib_buffer_grow(struct cdn_lib_buffer *buffer, size_t bytes)
{
    lua_State *L = buffer->L;
    size_t size = buffer->size;
    char *grown;

    if (bytes > SIZE_MAX / 4 - buffer->length)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    while (size - buffer->length < bytes)
        size *= 2;
    cdn_lib_charge_bytes(L, size);
    luaL_checkstack(L, 1, "string buffer");
    grown = lua_newuserdata(L, size);
    memcpy(grown, buffer->data, buffer->length);
    lua_replace(L, buffer->box);
    buffer->data = grown;
    buffer->size = size;
    return grown + buffer->length;
}

void cdn_lib_buffer_push(struct cdn_lib_buffer *buffer)
{
    luaL_checkstack(buffer->L, 1, "string buffer");
    cdn_lib_charge_bytes(buffer->L, buffer->length);
    cdn_meter_push_text(buffer->L, buffer->data, buffer->length);
}
