/* Masked values: the one place that reads a masked column.
 *
 * A hash is the first 16 bytes of BLAKE2b under the grant's secret over the owner's name, the
 * property's name, the kind of value and the value, each name ended by a zero byte: equal
 * values of different properties, and a text and a number that look alike, hash apart, so
 * that nobody learns a value by having a property he may write himself hashed beside it.
 *
 * Cost: a hash some 0.5 us and 1 us a KiB, charged as 64 instructions and one a 16 bytes of
 * whole KiBs (the length of a shorter text is not told by the count of instructions). */
#include "graph/mask.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "graph/bound.h"
#include "graph/graph.h"
#include "graph/lua_common.h"
#include "graph/scan.h"

#define HASH_BYTES  16
#define HASH_CHARGE 64
#define NULL_NOTE   UINT64_C(0x6e696c)

static const char redacted[] = "[redacted]";

const struct cdn_bound_mask *cdn_mask_of(const struct cdn_binding *binding,
                                         bool of_relation, uint32_t owner,
                                         uint32_t slot)
{
    for (uint32_t i = 0; i < binding->mask_count; i++) {
        const struct cdn_bound_mask *mask = &binding->masks[i];

        if (mask->column && mask->slot == slot && mask->mask.owner == owner &&
            mask->mask.of_relation == of_relation)
            return mask;
    }
    return NULL;
}

static void hash(char out[CDN_MASK_ROOM], const struct cdn_binding *binding,
                 const struct cdn_bound_mask *mask, char kind, const void *bytes,
                 size_t count)
{
    unsigned char digest[CDN_CONTENT_HASH_BYTES];
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, binding->mask_key);
    cdn_hash_chain_add(&chain, mask->owner, strlen(mask->owner) + 1);
    cdn_hash_chain_add(&chain, mask->property, strlen(mask->property) + 1);
    cdn_hash_chain_add(&chain, &kind, 1);
    cdn_hash_chain_add(&chain, bytes, count);
    cdn_hash_chain_get(&chain, digest);
    cdn_hash_hex(out, digest, HASH_BYTES);
}

/* Bytes of the first characters of a text; one that is no UTF-8 has a character a byte that
 * begins none. */
static size_t truncated(const char *text, size_t bytes, uint32_t characters)
{
    size_t at = 0;

    for (uint32_t i = 0; i < characters && at < bytes; i++)
        do
            at++;
        while (at < bytes && ((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

size_t cdn_mask_text(const char **out, char room[CDN_MASK_ROOM],
                     const struct cdn_binding *binding,
                     const struct cdn_bound_mask *mask, const char *text, size_t bytes)
{
    switch (mask->mask.kind) {
    case CDN_MASK_HASH:
        hash(room, binding, mask, 't', text, bytes);
        *out = room;
        return CDN_MASK_ROOM - 1;
    case CDN_MASK_TRUNCATE:
        *out = text;
        return truncated(text, bytes, mask->mask.characters);
    case CDN_MASK_REDACT:
    case CDN_MASK_BUCKET: /* not of texts: policies refuse it */
        break;
    }
    *out = redacted;
    return sizeof redacted - 1;
}

/* The value rounded down to a multiple of the width, at least INT64_MIN. */
static int64_t bucket(int64_t value, double width)
{
    int64_t step = width >= 0x1p62 ? INT64_C(1) << 62 : (int64_t)width;
    int64_t past = value % step;

    if (past < 0)
        past += step;
    return value < INT64_MIN + past ? INT64_MIN : value - past;
}

/* The same of any number: -0 is 0. */
static double bucket_number(double value, double width)
{
    return floor(value / width) * width + 0.0;
}

/*                                                                         [-0, +1, m] */
CDN_RAISES static void push_text(lua_State *L, struct cdn_graph_run *run,
                                 const char *text, size_t bytes)
{
    cdn_note(run, cdn_hash_xxh3(text, bytes));
    cdn_meter_push_text(L, text, bytes);
}

/*                                                                         [-0, +1, m] */
CDN_RAISES static void push_null(lua_State *L, struct cdn_graph_run *run)
{
    cdn_note(run, NULL_NOTE);
    lua_pushnil(L);
}

static bool is_text(const struct cdn_property *property)
{
    return property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT;
}

/* A value of fixed width, hashed by its bytes, least significant first.     [-0, +1, m] */
CDN_RAISES static void push_fixed(lua_State *L, struct cdn_graph_run *run,
                                  const struct cdn_bound_mask *mask, char kind,
                                  uint64_t bits)
{
    char room[CDN_MASK_ROOM];
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    hash(room, run->binding, mask, kind, bytes, sizeof bytes);
    push_text(L, run, room, CDN_MASK_ROOM - 1);
}

/* A decimal, for columns that rules see as text.                           [-0, +1, m] */
CDN_RAISES static void push_decimal(lua_State *L, struct cdn_graph_run *run,
                                    const struct cdn_bound_mask *mask, int64_t value)
{
    char digits[24], room[CDN_MASK_ROOM];
    const char *text;
    int length;
    size_t bytes;

    if (mask->mask.kind == CDN_MASK_BUCKET)
        value = bucket(value, mask->mask.width);
    length = snprintf(digits, sizeof digits, "%lld", (long long)value);
    text = digits;
    bytes = (size_t)length;
    if (mask->mask.kind != CDN_MASK_BUCKET)
        bytes = cdn_mask_text(&text, room, run->binding, mask, digits, bytes);
    push_text(L, run, text, bytes);
}

/*                                                                         [-0, +1, e] */
CDN_RAISES static void push_masked_text(lua_State *L, struct cdn_graph_run *run,
                                        const struct cdn_bound_mask *mask,
                                        uint32_t block, uint32_t index)
{
    char room[CDN_MASK_ROOM];
    const char *text;
    size_t bytes;
    const char *raw = cdn_column_bytes(mask->column, block, index, &bytes);

    if (!raw)
        cdn_raise_damaged(L, "a string is out of range");
    if (mask->mask.kind == CDN_MASK_HASH)
        cdn_meter_charge(L, bytes / 1024 * 64);
    bytes = cdn_mask_text(&text, room, run->binding, mask, raw, bytes);
    cdn_meter_charge(L, bytes / 64);
    push_text(L, run, text, bytes);
}

/* A number as it is hashed: -0 as 0, so that what is equal hashes equal. */
static uint64_t number_bits(double value)
{
    uint64_t bits;

    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void cdn_push_masked(lua_State *L, struct cdn_graph_run *run,
                     const struct cdn_bound_mask *mask, uint32_t block, uint32_t index)
{
    const struct cdn_property *property = mask->column->property;
    bool whole =
        property->type == CDN_COLUMN_INT64 || property->type == CDN_COLUMN_TIMESTAMP;
    struct cdn_cells cells;

    cdn_meter_charge(L, 1 + run->binding->mask_count / 16); /* it was looked for */
    if (mask->mask.kind == CDN_MASK_REDACT) { /* whatever it is, and whether it is */
        if (is_text(property) || property->lua_string)
            push_text(L, run, redacted, sizeof redacted - 1);
        else
            push_null(L, run);
        return;
    }
    if (mask->mask.kind == CDN_MASK_HASH)
        cdn_meter_charge(L, HASH_CHARGE);
    if (!cdn_column_cells(mask->column, block, &cells))
        cdn_raise_damaged(L, "a property's segment");
    if (!cdn_cells_present(&cells, index)) {
        push_null(L, run);
        return;
    }
    if (is_text(property)) {
        push_masked_text(L, run, mask, block, index);
    } else if (property->lua_string) {
        push_decimal(L, run, mask,
                     cdn_column_integer(mask->column, cells.values, index));
    } else if (whole) {
        int64_t value = cdn_column_integer(mask->column, cells.values, index);

        if (mask->mask.kind == CDN_MASK_BUCKET)
            cdn_push_number(L, run, (double)bucket(value, mask->mask.width));
        else
            push_fixed(L, run, mask, 'i', (uint64_t)value);
    } else if (property->type == CDN_COLUMN_FLOAT64) {
        double value = ((const double *)cells.values)[index];

        if (mask->mask.kind == CDN_MASK_BUCKET)
            cdn_push_number(L, run, bucket_number(value, mask->mask.width));
        else
            push_fixed(L, run, mask, 'n', number_bits(value));
    } else if (property->type == CDN_COLUMN_BOOL && mask->mask.kind == CDN_MASK_HASH) {
        push_fixed(L, run, mask, 'b', ((const uint8_t *)cells.values)[index] != 0);
    } else { /* a bag can only be redacted, what is left has no such mask */
        push_null(L, run);
    }
}
