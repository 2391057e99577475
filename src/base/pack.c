/* msgpack in and out.
 *
 * Writing: msgpack-c's packer picks the shortest form of every integer and length, so
 * equal values have equal bytes; our callback puts them into a span or a buffer.  Short
 * lengths and integers of up to 32 bits are written here in the same form, at a quarter
 * of the cost.
 *
 * Reading: one value at a time, in place.  Every length is checked against the bytes
 * that are left before it is believed, an array's or map's as well (an element takes at
 * least a byte), so a hostile count can make no reader loop longer than its input.
 * Skipping a value keeps the open containers in a fixed array instead of recursing: the
 * depth limit is the array's size.
 *
 * Left out: ext types (timestamps among them), which no shape of a rule's value has,
 * and checking strings for UTF-8, since Lua strings are bytes and a rule may pass them
 * on. */
#include "base/pack.h"

#include <msgpack.h>
#include <string.h>

#include "base/checked.h"

/* Doubles up to here hold every integer exactly. */
#define EXACT_INTEGER 9007199254740992.0

/* ---- writing ---- */

static int put(void *data, const char *bytes, size_t count)
{
    struct cdn_packer *packer = data;
    size_t past;

    if (packer->grow) {
        cdn_buf_append(packer->grow, bytes, count);
        if (packer->grow->failed)
            packer->failed = true;
        else
            packer->length += count;
        return 0;
    }
    if (!cdn_add_size(&past, packer->length, count)) {
        packer->failed = true;
        return 0;
    }
    /* Once something did not fit, nothing later may: it would stand in a wrong place.
     */
    if (past > packer->size)
        packer->failed = true;
    else if (!packer->failed && count)
        memcpy(packer->data + packer->length, bytes, count);
    packer->length = past;
    return 0;
}

/* A byte and so many of a number, its largest first: small integers and short lengths, the
 * most of what is written, in the form that msgpack-c gives them. */
static void put_short(struct cdn_packer *packer, unsigned char mark, unsigned bytes,
                      uint32_t value)
{
    unsigned char text[5] = {mark};

    for (unsigned i = bytes; i > 0; i--, value >>= 8)
        text[i] = (unsigned char)value;
    put(packer, (const char *)text, 1 + bytes);
}

static msgpack_packer packer_of(struct cdn_packer *packer)
{
    msgpack_packer inner;

    msgpack_packer_init(&inner, packer, put);
    return inner;
}

void cdn_pack_init(struct cdn_packer *packer, void *data, size_t size)
{
    *packer = (struct cdn_packer){.data = data, .size = size};
}

void cdn_pack_init_buf(struct cdn_packer *packer, struct cdn_buf *buf)
{
    *packer = (struct cdn_packer){.grow = buf, .failed = buf->failed};
}

void cdn_pack_nil(struct cdn_packer *packer)
{
    msgpack_packer inner = packer_of(packer);

    msgpack_pack_nil(&inner);
}

void cdn_pack_bool(struct cdn_packer *packer, bool value)
{
    msgpack_packer inner = packer_of(packer);

    if (value)
        msgpack_pack_true(&inner);
    else
        msgpack_pack_false(&inner);
}

void cdn_pack_int(struct cdn_packer *packer, int64_t value)
{
    msgpack_packer inner;

    if (value >= 0 && value <= UINT32_MAX) {
        if (value < 0x80)
            put_short(packer, (unsigned char)value, 0, 0);
        else if (value <= UINT8_MAX)
            put_short(packer, 0xcc, 1, (uint32_t)value);
        else if (value <= UINT16_MAX)
            put_short(packer, 0xcd, 2, (uint32_t)value);
        else
            put_short(packer, 0xce, 4, (uint32_t)value);
        return;
    }
    inner = packer_of(packer);
    msgpack_pack_int64(&inner, value);
}

void cdn_pack_double(struct cdn_packer *packer, double value)
{
    msgpack_packer inner = packer_of(packer);

    msgpack_pack_double(&inner, value);
}

void cdn_pack_number(struct cdn_packer *packer, double value)
{
    if (value >= -EXACT_INTEGER && value <= EXACT_INTEGER &&
        value == (double)(int64_t)value)
        cdn_pack_int(packer, (int64_t)value);
    else
        cdn_pack_double(packer, value);
}

void cdn_pack_str(struct cdn_packer *packer, const char *text, size_t bytes)
{
    msgpack_packer inner;

    if (bytes > UINT32_MAX) {
        packer->failed = true;
        return;
    }
    if (bytes < 32) {
        put_short(packer, (unsigned char)(0xa0 | bytes), 0, 0);
    } else {
        inner = packer_of(packer);
        msgpack_pack_str(&inner, bytes);
    }
    put(packer, text, bytes);
}

void cdn_pack_cstr(struct cdn_packer *packer, const char *text)
{
    cdn_pack_str(packer, text, strlen(text));
}

void cdn_pack_array(struct cdn_packer *packer, uint32_t count)
{
    msgpack_packer inner;

    if (count < 16) {
        put_short(packer, (unsigned char)(0x90 | count), 0, 0);
        return;
    }
    inner = packer_of(packer);
    msgpack_pack_array(&inner, count);
}

void cdn_pack_map(struct cdn_packer *packer, uint32_t count)
{
    msgpack_packer inner;

    if (count < 16) {
        put_short(packer, (unsigned char)(0x80 | count), 0, 0);
        return;
    }
    inner = packer_of(packer);
    msgpack_pack_map(&inner, count);
}

void cdn_pack_raw(struct cdn_packer *packer, const void *bytes, size_t count)
{
    put(packer, bytes, count);
}

/* ---- reading ---- */

static const char cut_short[] = "the data ends within this value";

/* The big-endian number of `width` bytes at `at`. */
static uint64_t big_endian(const unsigned char *at, unsigned width)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < width; i++)
        number = number << 8 | at[i];
    return number;
}

/* Give `out` a shape with `count` as its length, and check that this much can follow.
 */
static const char *sized(cordon_value *out, cordon_type type, uint64_t count,
                         const unsigned char **at, const unsigned char *end)
{
    uint64_t left = (uint64_t)(end - *at);
    uint64_t least = type == CORDON_MAP ? 2 * count : count;

    if (least > left)
        return cut_short;
    out->type = type;
    out->length = (uint32_t)count;
    if (type == CORDON_STRING) {
        out->as.string = (const char *)*at;
        *at += count;
    } else {
        out->as.items = *at;
    }
    return NULL;
}

static const char *integer(cordon_value *out, uint64_t bits, unsigned width,
                           bool negative)
{
    if (negative) {
        /* Sign-extend from `width` bytes: flip the sign bit, then take its weight off.
         */
        uint64_t sign = UINT64_C(1) << (8 * width - 1);

        bits = (bits ^ sign) - sign;
    } else if (bits > INT64_MAX) {
        return "an integer above 2^63-1";
    }
    out->type = CORDON_INTEGER;
    memcpy(&out->as.integer, &bits, sizeof bits);
    return NULL;
}

static const char *number(cordon_value *out, uint64_t bits, unsigned width)
{
    out->type = CORDON_NUMBER;
    if (width == 4) {
        uint32_t half = (uint32_t)bits;
        float single;

        memcpy(&single, &half, sizeof single);
        out->as.number = (double)single;
    } else {
        memcpy(&out->as.number, &bits, sizeof bits);
    }
    return NULL;
}

/* The forms whose first byte names a width: 0xc4 .. 0xdf but ext. */
static const char *wide(cordon_value *out, unsigned char lead, const unsigned char **at,
                        const unsigned char *end)
{
    /* How many bytes of number follow each lead byte from 0xc0 on; 0: none of these. */
    static const unsigned char widths[32] = {
        [0x04] = 1, [0x05] = 2, [0x06] = 4,             /* bin */
        [0x0a] = 4, [0x0b] = 8,                         /* float */
        [0x0c] = 1, [0x0d] = 2, [0x0e] = 4, [0x0f] = 8, /* unsigned */
        [0x10] = 1, [0x11] = 2, [0x12] = 4, [0x13] = 8, /* signed */
        [0x19] = 1, [0x1a] = 2, [0x1b] = 4,             /* str */
        [0x1c] = 2, [0x1d] = 4,                         /* array */
        [0x1e] = 2, [0x1f] = 4,                         /* map */
    };
    unsigned width = widths[lead - 0xc0];
    uint64_t bits;

    if (!width)
        return lead == 0xc1 ? "the byte 0xc1, which starts no value"
                            : "an ext value; only the seven plain shapes are accepted";
    if ((size_t)(end - *at) < width)
        return cut_short;
    bits = big_endian(*at, width);
    *at += width;
    if (lead >= 0xde)
        return sized(out, CORDON_MAP, bits, at, end);
    if (lead >= 0xdc)
        return sized(out, CORDON_ARRAY, bits, at, end);
    if (lead >= 0xd9 || lead <= 0xc6)
        return sized(out, CORDON_STRING, bits, at, end);
    if (lead <= 0xcb)
        return number(out, bits, width);
    return integer(out, bits, width, lead >= 0xd0);
}

/* As cdn_unpack_head, but says what is wrong, and then leaves *at where it was. */
static const char *head(cordon_value *out, const unsigned char **at,
                        const unsigned char *end)
{
    const unsigned char *next = *at;
    const char *fault = NULL;
    unsigned char lead;

    if (next >= end)
        return "the data ends where a value should start";
    lead = *next++;
    *out = (cordon_value){.end = end};
    if (lead <= 0x7f)
        fault = integer(out, lead, 1, false);
    else if (lead >= 0xe0)
        fault = integer(out, lead, 1, true);
    else if (lead <= 0x8f)
        fault = sized(out, CORDON_MAP, lead & 0x0fU, &next, end);
    else if (lead <= 0x9f)
        fault = sized(out, CORDON_ARRAY, lead & 0x0fU, &next, end);
    else if (lead <= 0xbf)
        fault = sized(out, CORDON_STRING, lead & 0x1fU, &next, end);
    else if (lead == 0xc0)
        out->type = CORDON_NIL;
    else if (lead == 0xc2 || lead == 0xc3) {
        out->type = CORDON_BOOLEAN;
        out->as.boolean = lead == 0xc3;
    } else {
        fault = wide(out, lead, &next, end);
    }
    if (!fault)
        *at = next;
    return fault;
}

bool cdn_unpack_head(cordon_value *out, const unsigned char **at,
                     const unsigned char *end)
{
    return !head(out, at, end);
}

const char *cdn_unpack_check(const unsigned char **at, const unsigned char *end)
{
    uint64_t open[CORDON_VALUE_MAX_DEPTH]; /* values left in each open container */
    size_t depth = 0;

    for (;;) {
        const unsigned char *start = *at;
        cordon_value value;
        const char *fault = head(&value, at, end);

        if (fault)
            return fault;
        if (value.type == CORDON_ARRAY || value.type == CORDON_MAP) {
            if (depth == CORDON_VALUE_MAX_DEPTH) {
                *at = start;
                return "nested too deep";
            }
            open[depth++] =
                value.type == CORDON_MAP ? 2 * (uint64_t)value.length : value.length;
        }
        while (depth && !open[depth - 1])
            depth--;
        if (!depth)
            return NULL;
        open[depth - 1]--;
    }
}

bool cdn_unpack_skip(const unsigned char **at, const unsigned char *end)
{
    return !cdn_unpack_check(at, end);
}
