/* What LuaJIT's strings look like in memory, as a trial state shows, and seeing one that is a
 * dear numeral (numerals.h) the moment it comes to be.
 *
 * A string is made in three ways.  Our own functions push it: cdn_meter_push_text.  The
 * parser keeps a constant: the arena is searched after loading.  `..` joins it in a buffer of
 * LuaJIT's global state and asks for a block of its size, upon which the allocator reads the
 * buffer.  Where that buffer lies is found by joining texts of our own; a LuaJIT where it is
 * not found exactly is left without (listening is false). */
#ifndef CDN_SANDBOX_STRINGS_H
#define CDN_SANDBOX_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "sandbox/meter.h"

struct cdn_arena;

struct cdn_strings {
    bool known; /* the next three; else every large block counts as a string */
    unsigned char tag;
    size_t header;        /* bytes before the text */
    size_t length_offset; /* of the uint32 that is the text's length */
    bool listening;       /* the next two */
    size_t
        start_offset;  /* of what `..` joins, from the arena's base: a pointer to its */
    size_t end_offset; /* first byte and one behind its last */
};

/* Find and prove all of it in a trial state of the arena, which nothing else runs in and
 * whose global state is within the first `bytes`.  Takes the arena's watch, and leaves it
 * off.                                                                      [-0, +0, e] */
CDN_RAISES void cdn_strings_prove(struct cdn_strings *out, lua_State *L,
                                  struct cdn_arena *arena, size_t bytes);

/* Is the block, which takes `bytes`, a string?  One that has been freed counts as what it
 * was. */
bool cdn_strings_is(const struct cdn_strings *strings, const unsigned char *block,
                    size_t bytes);

/* Is there a string of at most CDN_METER_LONG_STRING bytes in [first, end), blocks of an
 * arena alive or freed, that is a dear numeral?  Bytes that look like one count.  A load for
 * 16 bytes. */
bool cdn_strings_dear(const struct cdn_strings *strings, const unsigned char *first,
                      const unsigned char *end);

#endif
