/* Unpacking LZ4.
 *
 * A block is sequences: a token, whose upper half counts literals and lower half what is
 * repeated beyond four bytes (fifteen: further bytes add to it, until one is not 255); the
 * literals; a distance of two bytes back into what was unpacked.  The last sequence ends with
 * its literals.  Every count is held against what is left on either side before it is used. */
#include "isolation/lz4.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)8 << 20)

static const unsigned char magic[4] = {0x02, 0x21, 0x4c, 0x18};

struct reading {
    const unsigned char *at, *end;
};

struct writing {
    unsigned char *first, *at, *end; /* `first`: of this block, what distances reach */
};

bool cdn_lz4_is(const unsigned char *in, size_t bytes)
{
    return bytes >= sizeof magic && !memcmp(in, magic, sizeof magic);
}

static uint32_t little(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* A half of a token, and the bytes that go on counting.  False: they do not end. */
static bool read_count(size_t *count, struct reading *in, unsigned half)
{
    unsigned more = half == 15 ? 255 : 0;

    *count = half;
    while (more == 255) {
        if (in->at == in->end)
            return false;
        more = *in->at++;
        *count += more;
    }
    return true;
}

/* What is repeated may begin less far back than it is long: then it repeats itself. */
static void repeat(struct writing *out, size_t distance, size_t count)
{
    const unsigned char *from = out->at - distance;

    if (distance >= count) {
        memcpy(out->at, from, count);
        out->at += count;
        return;
    }
    while (count--)
        *out->at++ = *from++;
}

static bool unpack_block(struct writing *out, struct reading in)
{
    while (in.at < in.end) {
        unsigned token = *in.at++;
        size_t count, distance;

        if (!read_count(&count, &in, token >> 4) || count > (size_t)(in.end - in.at) ||
            count > (size_t)(out->end - out->at))
            return false;
        memcpy(out->at, in.at, count);
        out->at += count;
        in.at += count;
        if (in.at == in.end)
            return true;
        if (in.end - in.at < 2)
            return false;
        distance = in.at[0] | (size_t)in.at[1] << 8;
        in.at += 2;
        if (!read_count(&count, &in, token & 15))
            return false;
        count += 4;
        if (distance == 0 || distance > (size_t)(out->at - out->first) ||
            count > (size_t)(out->end - out->at))
            return false;
        repeat(out, distance, count);
    }
    return false; /* the last sequence has no distance */
}

size_t cdn_lz4_unpack(unsigned char *out, size_t size, const unsigned char *in,
                      size_t bytes)
{
    const unsigned char *end = in + bytes;
    unsigned char *at = out;

    if (!cdn_lz4_is(in, bytes))
        return SIZE_MAX;
    in += sizeof magic;
    while (end - in >= 4) {
        size_t packed = little(in), left = size - (size_t)(at - out);
        struct writing block = {at, at, at + (left < BLOCK_BYTES ? left : BLOCK_BYTES)};

        in += 4;
        if (packed == 0 || packed > (size_t)(end - in) ||
            !unpack_block(&block, (struct reading){in, in + packed}))
            return SIZE_MAX;
        in += packed;
        at = block.at;
    }
    return in == end ? (size_t)(at - out) : SIZE_MAX;
}
