/* Numbering nodes, and the growing and sorting that goes with it: see numbering.h. */
#include "graph/numbering.h"

#include <string.h>

#include "graph/distinct.h"
#include "sandbox/slot.h"

#define SMALLEST_BITS 6
#define SMALLEST_ROOM 32
/* Elements gone over between two charges. */
#define SLICE 4096

static void make_table(struct cdn_numbering *numbering)
{
    size_t bytes = sizeof(uint32_t) << numbering->bits;

    numbering->table = cdn_scratch_alloc(numbering->L, bytes);
    for (size_t at = 0; at < bytes; at += SLICE * sizeof(uint32_t)) {
        size_t left = bytes - at;

        left = left < SLICE * sizeof(uint32_t) ? left : SLICE * sizeof(uint32_t);
        cdn_meter_charge(numbering->L, left / 64);
        memset((char *)numbering->table + at, 0xff, left);
    }
}

void cdn_numbering_init(struct cdn_numbering *numbering, lua_State *L,
                        uint32_t expected)
{
    uint32_t bits = SMALLEST_BITS;

    while (bits < 31 && (UINT32_C(1) << bits) / 2 < expected)
        bits++;
    numbering->L = L;
    numbering->count = 0;
    numbering->bits = bits;
    numbering->capacity = UINT32_C(1) << (bits - 1);
    numbering->nodes =
        cdn_scratch_alloc(L, numbering->capacity * sizeof *numbering->nodes);
    make_table(numbering);
}

uint32_t cdn_numbering_find(const struct cdn_numbering *numbering, uint32_t node)
{
    uint32_t mask = (UINT32_C(1) << numbering->bits) - 1;
    uint32_t at = cdn_distinct_place(node, numbering->bits);

    while (numbering->table[at] != CDN_NO_NUMBER) {
        if (numbering->nodes[numbering->table[at]] == node)
            return numbering->table[at];
        at = (at + 1) & mask;
    }
    return CDN_NO_NUMBER;
}

static void place(struct cdn_numbering *numbering, uint32_t number)
{
    uint32_t mask = (UINT32_C(1) << numbering->bits) - 1;
    uint32_t at = cdn_distinct_place(numbering->nodes[number], numbering->bits);

    while (numbering->table[at] != CDN_NO_NUMBER)
        at = (at + 1) & mask;
    numbering->table[at] = number;
}

CDN_RAISES static void grow(struct cdn_numbering *numbering)
{
    uint64_t capacity = numbering->capacity;

    if (numbering->bits == 31)
        cdn_meter_raise(numbering->L, CDN_STOP_MEMORY);
    numbering->nodes = cdn_scratch_grow(numbering->L, numbering->nodes, &capacity,
                                        capacity + 1, sizeof *numbering->nodes);
    numbering->bits++;
    numbering->capacity = UINT32_C(1) << (numbering->bits - 1);
    make_table(numbering);
    for (uint32_t i = 0; i < numbering->count; i++) {
        if (i % SLICE == 0)
            cdn_meter_charge(
                numbering->L,
                (numbering->count - i < SLICE ? numbering->count - i : SLICE) / 4);
        place(numbering, i);
    }
}

uint32_t cdn_numbering_add(struct cdn_numbering *numbering, uint32_t node, bool *added)
{
    uint32_t number = cdn_numbering_find(numbering, node);

    *added = number == CDN_NO_NUMBER;
    if (!*added)
        return number;
    if (numbering->count == numbering->capacity)
        grow(numbering);
    number = numbering->count++;
    numbering->nodes[number] = node;
    place(numbering, number);
    return number;
}

void *cdn_scratch_grow(lua_State *L, void *array, uint64_t *capacity, uint64_t wanted,
                       size_t width)
{
    uint64_t room = *capacity < SMALLEST_ROOM ? SMALLEST_ROOM : *capacity;
    char *next;

    if (array && wanted <= *capacity)
        return array;
    while (room < wanted || room == *capacity)
        room *= 2;
    if (room > SIZE_MAX / 2 / width)
        cdn_meter_raise(L, CDN_STOP_MEMORY);
    next = cdn_scratch_alloc(L, (size_t)room * width);
    for (uint64_t at = 0; array && at < *capacity; at += SLICE) {
        uint64_t count = *capacity - at < SLICE ? *capacity - at : SLICE;

        cdn_meter_charge(L, count / 16);
        memcpy(next + at * width, (const char *)array + at * width,
               (size_t)count * width);
    }
    *capacity = room;
    return next;
}

/* By the bytes in which any two differ, lowest first: at most four passes. */
void cdn_sort_indices(lua_State *L, uint32_t *items, uint32_t count)
{
    size_t mark = cdn_scratch_mark(L);
    uint32_t *from = items;
    uint32_t *to;
    uint32_t differ = 0;

    if (count < 2)
        return;
    to = cdn_scratch_alloc(L, count * sizeof *to);
    for (uint32_t i = 0; i < count; i++) {
        if (i % SLICE == 0)
            cdn_meter_charge(L, count - i < SLICE ? count - i : SLICE);
        differ |= items[i] ^ items[0];
    }
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        uint32_t starts[257] = {0};
        uint32_t *swap = from;

        if (!(differ >> shift & 0xff))
            continue;
        for (uint32_t i = 0; i < count; i++) {
            if (i % SLICE == 0)
                cdn_meter_poll(L, SLICE / 4);
            starts[(from[i] >> shift & 0xff) + 1]++;
        }
        for (uint32_t b = 0; b < 256; b++)
            starts[b + 1] += starts[b];
        for (uint32_t i = 0; i < count; i++) {
            if (i % SLICE == 0)
                cdn_meter_poll(L, SLICE / 4);
            to[starts[from[i] >> shift & 0xff]++] = from[i];
        }
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
    cdn_scratch_release(L, mark);
}
