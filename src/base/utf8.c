/* UTF-8 validity by lead byte: each lead byte fixes the length and the range of the
 * second byte (RFC 3629, table 3-7 of Unicode), the rest are plain continuation bytes.
 * O(n), with a fast path for eight ASCII bytes at a time, which is what keys and names
 * are made of. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t cdn_utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char lead = at[0];
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length;

    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0xe0)
        low = 0xa0; /* overlong */
    else if (lead == 0xed)
        high = 0x9f; /* surrogates */
    else if (lead == 0xf0)
        low = 0x90; /* overlong */
    else if (lead == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    if (left < length || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

bool cdn_utf8_valid(const char *text, size_t bytes)
{
    const unsigned char *at = (const unsigned char *)text;

    while (bytes) {
        size_t step;
        uint64_t word;

        if (bytes >= sizeof word) {
            memcpy(&word, at, sizeof word);
            if (!(word & UINT64_C(0x8080808080808080))) {
                at += sizeof word;
                bytes -= sizeof word;
                continue;
            }
        }
        step = cdn_utf8_sequence(at, bytes);
        if (!step)
            return false;
        at += step;
        bytes -= step;
    }
    return true;
}
