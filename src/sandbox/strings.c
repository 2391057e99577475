/* Learning the shape of strings from strings of our own, and finding them by it. */
#include "sandbox/strings.h"

#include <stdint.h>
#include <string.h>

#include "sandbox/arena.h"
#include "sandbox/numerals.h"

enum {
    TAG_OFFSET = 9, /* of the byte that tells what an object is */
    GRAIN = 16,     /* blocks start at multiples of this */
    LONGEST = 1000, /* text of the trials */
    TRIALS = 2,
    MOST_HEADER = 64,
    BUFFER_WORDS = 4 /* a buffer's pointers are so close to each other */
};

struct trial {
    struct cdn_arena *arena;
    size_t bytes;               /* of the global state, from the arena's base */
    const unsigned char *block; /* the large one made last */
    const char *text;           /* what is being joined, or NULL */
    size_t length;
    uint32_t found; /* places of a buffer that holds the text */
    size_t start_offset, end_offset;
};

/* ---- recognising ---- */

__attribute__((no_sanitize("address"))) static uint32_t
length_at(const struct cdn_strings *strings, const unsigned char *block)
{
    return *(const uint32_t *)(const void *)(block + strings->length_offset);
}

/* AddressSanitizer is not to mind a block that has been freed. */
__attribute__((no_sanitize("address"))) bool
cdn_strings_is(const struct cdn_strings *strings, const unsigned char *block,
               size_t bytes)
{
    if (!strings->known)
        return true;
    return block[TAG_OFFSET] == strings->tag &&
           cdn_arena_rounded(strings->header + length_at(strings, block) + 1) == bytes;
}

/* A copy, for the sanitizers' sake. */
__attribute__((no_sanitize("address"))) static bool is_dear(const unsigned char *text,
                                                            size_t bytes)
{
    char copy[CDN_METER_LONG_STRING];

    if (bytes < CDN_NUMERAL_SHORT || !cdn_numeral_begins((char)text[0]))
        return false;
    for (size_t i = 0; i < bytes; i++)
        copy[i] = (char)text[i];
    return cdn_numeral_dear(copy, bytes);
}

__attribute__((no_sanitize("address"))) bool
cdn_strings_dear(const struct cdn_strings *strings, const unsigned char *first,
                 const unsigned char *end)
{
    if (!strings->known)
        return false;
    for (const unsigned char *at = first; end - at > (ptrdiff_t)strings->header;
         at += GRAIN) {
        size_t bytes;

        if (at[TAG_OFFSET] != strings->tag)
            continue;
        bytes = length_at(strings, at);
        if (bytes <= CDN_METER_LONG_STRING &&
            bytes < (size_t)(end - at) - strings->header &&
            !at[strings->header + bytes] && is_dear(at + strings->header, bytes))
            return true;
    }
    return false;
}

/* ---- learning ---- */

static bool holds(const struct trial *trial, const char *start, const char *end)
{
    const struct cdn_arena *arena = trial->arena;
    const char *first = (const char *)arena->base;
    uintptr_t at = (uintptr_t)start, base = (uintptr_t)first;

    return at > base && at - base < arena->head->top - trial->length &&
           (uintptr_t)end == at + trial->length &&
           !memcmp(first + (at - base), trial->text, trial->length);
}

/* Search the global state for the buffer that holds the text. */
static void find_buffer(struct trial *trial)
{
    const size_t word = sizeof(const char *);
    const unsigned char *base = trial->arena->base;

    for (size_t at = sizeof(struct cdn_arena_head); at + word <= trial->bytes;
         at += word) {
        size_t near = BUFFER_WORDS * word;
        size_t to = at + near < trial->bytes - word ? at + near : trial->bytes - word;

        for (size_t other = at > near ? at - near : 0; other <= to; other += word) {
            const char *start, *end;

            memcpy(&start, base + at, word);
            memcpy(&end, base + other, word);
            if (!holds(trial, start, end))
                continue;
            trial->found++;
            trial->start_offset = at;
            trial->end_offset = other;
        }
    }
}

static void on_large(void *ud, const unsigned char *block, size_t bytes)
{
    struct trial *trial = ud;

    (void)bytes;
    trial->block = block;
    if (trial->text)
        find_buffer(trial);
}

/* Two strings of different lengths, and that a userdata looks otherwise.    [-0, +0, e] */
CDN_RAISES static void prove_shape(struct cdn_strings *out, lua_State *L,
                                   struct trial *trial)
{
    static const uint32_t lengths[TRIALS] = {LONGEST, LONGEST - 100};
    struct cdn_strings shape = {0};
    const unsigned char *blocks[TRIALS];
    char text[LONGEST];

    memset(text, 'x', sizeof text);
    for (int i = 0; i < TRIALS; i++) {
        const char *data;

        trial->block = NULL;
        lua_pushlstring(L, text, lengths[i]);
        data = lua_tostring(L, -1);
        blocks[i] = trial->block;
        if (!blocks[i] || data - (const char *)blocks[i] <= TAG_OFFSET ||
            data - (const char *)blocks[i] > MOST_HEADER)
            return;
        shape.header = (size_t)(data - (const char *)blocks[i]);
    }
    for (size_t at = 0; at + sizeof *lengths <= shape.header; at += sizeof *lengths) {
        uint32_t found[TRIALS];

        memcpy(&found[0], blocks[0] + at, sizeof found[0]);
        memcpy(&found[1], blocks[1] + at, sizeof found[1]);
        if (found[0] == lengths[0] && found[1] == lengths[1])
            shape.length_offset = at;
    }
    shape.tag = blocks[0][TAG_OFFSET];
    trial->block = NULL;
    lua_newuserdata(L, sizeof text);
    shape.known = shape.length_offset && blocks[1][TAG_OFFSET] == shape.tag &&
                  trial->block && trial->block[TAG_OFFSET] != shape.tag;
    if (shape.known && cdn_strings_is(&shape, blocks[0],
                                      cdn_arena_rounded(shape.header + LONGEST + 1)))
        *out = shape;
}

/* Join halves of two texts, and see where they are when their block is asked for.
 *                                                                           [-0, +0, e] */
CDN_RAISES static void prove_buffer(struct cdn_strings *out, lua_State *L,
                                    struct trial *trial)
{
    size_t starts[TRIALS], ends[TRIALS];
    char text[LONGEST];

    for (size_t i = 0; i < TRIALS; i++) {
        trial->length = LONGEST - i * 100;
        for (size_t at = 0; at < trial->length; at++)
            text[at] = (char)('a' + (at * (7 + i)) % 26);
        lua_pushlstring(L, text, trial->length / 2);
        lua_pushlstring(L, text + trial->length / 2, trial->length - trial->length / 2);
        trial->found = 0;
        trial->text = text;
        lua_concat(L, 2);
        trial->text = NULL;
        if (trial->found != 1)
            return;
        starts[i] = trial->start_offset;
        ends[i] = trial->end_offset;
    }
    if (starts[0] != starts[1] || ends[0] != ends[1])
        return;
    out->start_offset = starts[0];
    out->end_offset = ends[0];
    out->listening = out->known;
}

void cdn_strings_prove(struct cdn_strings *out, lua_State *L, struct cdn_arena *arena,
                       size_t bytes)
{
    struct trial trial = {.arena = arena, .bytes = bytes};
    int top = lua_gettop(L);

    *out = (struct cdn_strings){0};
    arena->large = on_large;
    arena->ud = &trial;
    arena->watch = LONGEST / 2;
    prove_shape(out, L, &trial);
    prove_buffer(out, L, &trial);
    lua_settop(L, top);
    arena->watch = SIZE_MAX;
}
