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
#include <stdio.h>
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

static void hash(char out[CDN_MASK_ROOM], const unsigned char *key,
                 const struct cdn_bound_mask *mask, char kind, const void *bytes,
                 size_t count)
{
    unsigned char digest[CDN_CONTENT_HASH_BYTES];
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, key);
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
                     const unsigned char *key, const struct cdn_bound_mask *mask,
                     const char *text, size_t bytes)
{
    switch (mask->mask.kind) {
    case CDN_MASK_HASH:
        hash(room, key, mask, 't', text, bytes);
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

static bool is_text(const struct cdn_property *property)
{
    return property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT;
}

/* A number as it is hashed: -0 as 0, so that what is equal hashes equal. */
static uint64_t number_bits(double value)
{
    uint64_t bits;

    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void give_text(struct cdn_masked *out, const char *text, size_t bytes)
{
    out->kind = CDN_MASKED_TEXT;
    out->text = text;
    out->bytes = bytes;
}

/* A value of fixed width, hashed by its bytes, least significant first. */
static void give_fixed(struct cdn_masked *out, const unsigned char *key,
                       const struct cdn_bound_mask *mask, char kind, uint64_t bits)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(bits >> (8 * i));
    hash(out->room, key, mask, kind, bytes, sizeof bytes);
    give_text(out, out->room, CDN_MASK_ROOM - 1);
}

/* A decimal, for columns that rules see as text. */
static void give_decimal(struct cdn_masked *out, const unsigned char *key,
                         const struct cdn_bound_mask *mask, int64_t value)
{
    const char *text = out->digits;
    size_t bytes;

    if (mask->mask.kind == CDN_MASK_BUCKET && !mask->mask.applied)
        value = bucket(value, mask->mask.width);
    bytes = (size_t)snprintf(out->digits, sizeof out->digits, "%lld", (long long)value);
    if (mask->mask.kind != CDN_MASK_BUCKET)
        bytes = cdn_mask_text(&text, out->room, key, mask, out->digits, bytes);
    give_text(out, text, bytes);
}

/* Whole numbers, and what is none. */
static void give_number(struct cdn_masked *out, const unsigned char *key,
                        const struct cdn_bound_mask *mask,
                        const struct cdn_cells *cells, uint32_t index)
{
    enum cdn_column_type type = mask->column->property->type;
    bool buckets = mask->mask.kind == CDN_MASK_BUCKET;

    if (type == CDN_COLUMN_FLOAT64) {
        double value = ((const double *)cells->values)[index];

        if (!buckets) {
            give_fixed(out, key, mask, 'n', number_bits(value));
            return;
        }
        out->kind = CDN_MASKED_NUMBER;
        out->number =
            mask->mask.applied ? value : bucket_number(value, mask->mask.width);
    } else if (type == CDN_COLUMN_INT64 || type == CDN_COLUMN_TIMESTAMP) {
        int64_t value = cdn_column_integer(mask->column, cells->values, index);

        if (!buckets) {
            give_fixed(out, key, mask, 'i', (uint64_t)value);
            return;
        }
        out->kind = CDN_MASKED_INTEGER;
        out->integer = mask->mask.applied ? value : bucket(value, mask->mask.width);
    } else if (type == CDN_COLUMN_BOOL && mask->mask.kind == CDN_MASK_HASH) {
        give_fixed(out, key, mask, 'b', ((const uint8_t *)cells->values)[index] != 0);
    } /* a bag can only be redacted, what is left has no such mask */
}

const char *cdn_mask_value(struct cdn_masked *out, const unsigned char *key,
                           const struct cdn_bound_mask *mask, uint32_t block,
                           uint32_t index)
{
    const struct cdn_property *property = mask->column->property;
    struct cdn_cells cells;

    out->kind = CDN_MASKED_NULL;
    if (mask->mask.kind == CDN_MASK_REDACT) { /* whatever it is, and whether it is */
        if (is_text(property) || property->lua_string)
            give_text(out, redacted, sizeof redacted - 1);
        return NULL;
    }
    if (!cdn_column_cells(mask->column, block, &cells))
        return "a property's segment";
    if (!cdn_cells_present(&cells, index))
        return NULL;
    if (is_text(property)) {
        size_t bytes;
        const char *raw = cdn_column_bytes(mask->column, block, index, &bytes);

        if (!raw)
            return "a string is out of range";
        if (mask->mask.applied && mask->mask.kind == CDN_MASK_HASH) {
            give_text(out, raw, bytes < CDN_MASK_ROOM - 1 ? bytes : CDN_MASK_ROOM - 1);
            return NULL;
        }
        bytes = cdn_mask_text(&out->text, out->room, key, mask, raw, bytes);
        give_text(out, out->text, bytes);
    } else if (property->lua_string) {
        give_decimal(out, key, mask,
                     cdn_column_integer(mask->column, cells.values, index));
    } else {
        give_number(out, key, mask, &cells, index);
    }
    return NULL;
}

/* What a text that is to be hashed costs beyond its first KiB; damage is found by who reads
 * it. */
static size_t hash_charge(const struct cdn_bound_mask *mask, uint32_t block,
                          uint32_t index)
{
    struct cdn_cells cells;
    size_t bytes;

    if (!is_text(mask->column->property) ||
        !cdn_column_cells(mask->column, block, &cells) ||
        !cdn_cells_present(&cells, index) ||
        !cdn_column_bytes(mask->column, block, index, &bytes))
        return 0;
    if (mask->mask.applied) /* behind the digits: a byte a KiB of what was hashed */
        return bytes < CDN_MASK_ROOM ? 0 : (bytes - (CDN_MASK_ROOM - 1)) * 64;
    return bytes / 1024 * 64;
}

void cdn_push_masked(lua_State *L, struct cdn_graph_run *run,
                     const struct cdn_bound_mask *mask, uint32_t block, uint32_t index)
{
    struct cdn_masked value;
    const char *damage;

    cdn_meter_charge(L, 1 + run->binding->mask_count / 16); /* it was looked for */
    if (mask->mask.kind == CDN_MASK_HASH)
        cdn_meter_charge(L, HASH_CHARGE + hash_charge(mask, block, index));
    damage = cdn_mask_value(&value, run->binding->mask_key, mask, block, index);
    if (damage)
        cdn_raise_damaged(L, damage);
    switch (value.kind) {
    case CDN_MASKED_NULL:
        cdn_note(run, NULL_NOTE);
        lua_pushnil(L);
        return;
    case CDN_MASKED_INTEGER:
        cdn_push_number(L, run, (double)value.integer);
        return;
    case CDN_MASKED_NUMBER:
        cdn_push_number(L, run, value.number);
        return;
    case CDN_MASKED_TEXT:
        break;
    }
    if (is_text(mask->column->property))
        cdn_meter_charge(L, value.bytes / 64);
    cdn_note(run, cdn_hash_xxh3(value.text, value.bytes));
    cdn_meter_push_text(L, value.text, value.bytes);
}
