/* The mutator over derivations: works on whole statements and expressions, by the spans
 * that deriving the input notes, and for the rest as libFuzzer does.
 *
 * A statement's bytes can be taken out, doubled or put elsewhere and the rest derives as
 * before; an expression's can be replaced by those of another one of the same symbol, also
 * from another input.  Only in fuzzing builds: without libFuzzer there is no mutation. */
#include <stdlib.h>
#include <string.h>

#include "lua_gen.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
                                 const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned int seed);

#define MOST_BYTES 65536

static struct lua_gen one, two;

static unsigned next(unsigned *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* Any span, or any of that symbol; NULL: none. */
static const struct lua_span *pick(const struct lua_gen *gen, char symbol,
                                   unsigned *state)
{
    size_t from = gen->span_count ? next(state) % gen->span_count : 0;

    for (size_t i = 0; i < gen->span_count; i++) {
        const struct lua_span *span = &gen->spans[(from + i) % gen->span_count];

        if (!symbol || span->symbol == symbol)
            return span;
    }
    return NULL;
}

/* data with [start, end) replaced by `bytes` at `with`, which is no part of it; the size, or
 * as it was if it were too long. */
static size_t replace(uint8_t *data, size_t size, size_t max_size, size_t start,
                      size_t end, const uint8_t *with, size_t bytes)
{
    size_t longer = size - (end - start) + bytes;

    if (longer > max_size)
        return size;
    memmove(data + start + bytes, data + end, size - end);
    memcpy(data + start, with, bytes);
    return longer;
}

/* Mutate the bytes of one span in place. */
static size_t mutate_span(uint8_t *data, size_t size, size_t max_size,
                          const struct lua_span *span)
{
    static uint8_t part[MOST_BYTES];
    size_t bytes = span->end - span->start, room;

    memcpy(part, data + span->start, bytes);
    room = bytes * 2 + 8 < sizeof part ? bytes * 2 + 8 : sizeof part;
    bytes = LLVMFuzzerMutate(part, bytes, room);
    return replace(data, size, max_size, span->start, span->end, part, bytes);
}

static size_t renew_span(uint8_t *data, size_t size, size_t max_size,
                         const struct lua_span *span, unsigned *state)
{
    uint8_t fresh[24];
    size_t bytes = 1 + next(state) % sizeof fresh;

    for (size_t i = 0; i < bytes; i++)
        fresh[i] = (uint8_t)next(state);
    return replace(data, size, max_size, span->start, span->end, fresh, bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed)
{
    static uint8_t copy[MOST_BYTES];
    unsigned state = seed;
    unsigned kind = next(&state) % 10;
    char symbol = 0;
    const struct lua_span *span, *other;

    if (size > sizeof copy)
        return LLVMFuzzerMutate(data, size, max_size);
    lua_gen_spans(&one, data, size);
    if (kind >= 2 && kind <= 4)
        symbol = next(&state) % 4 ? '*' : '+';
    span = pick(&one, symbol, &state);
    if (kind == 0 || !span)
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(copy, data, size);
    switch (kind) {
    case 1: /* another alternative */
        data[span->start] = (uint8_t)next(&state);
        return size;
    case 2: /* a statement less */
        return replace(data, size, max_size, span->start, span->end, copy, 0);
    case 3: /* a statement twice, or a second one from elsewhere */
    case 4:
        other = pick(&one, symbol, &state);
        return replace(data, size, max_size, span->start, span->start,
                       copy + other->start, other->end - other->start);
    case 5:
    case 6: /* one of the same symbol from elsewhere */
        other = pick(&one, span->symbol, &state);
        return replace(data, size, max_size, span->start, span->end,
                       copy + other->start, other->end - other->start);
    case 7:
        return renew_span(data, size, max_size, span, &state);
    default:
        return mutate_span(data, size, max_size, span);
    }
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
                                 const uint8_t *data2, size_t size2, uint8_t *out,
                                 size_t max_out_size, unsigned int seed)
{
    unsigned state = seed;
    const struct lua_span *span, *other;
    size_t size = size1 < max_out_size ? size1 : max_out_size;
    bool beside;

    memcpy(out, data1, size);
    lua_gen_spans(&one, out, size);
    lua_gen_spans(&two, data2, size2);
    other = pick(&two, 0, &state);
    if (!other)
        return size;
    span = pick(&one, other->symbol, &state);
    if (!span)
        return size;
    /* a statement is put beside the one that was found, anything else in its place */
    beside = other->symbol == '*' || other->symbol == '+';
    return replace(out, size, max_out_size, span->start,
                   beside ? span->start : span->end, data2 + other->start,
                   other->end - other->start);
}
