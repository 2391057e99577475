/* W3C trace context.
 *
 * Identifiers are outputs of a counter that splitmix64 mixes, one a thread, begun at random:
 * they need be unique, not secret.  Which new traces are recorded is decided by the trace's own
 * identifier, so that the share is exact over many and costs a comparison. */
#include "server/traceparent.h"

#include <string.h>

#include "base/hash.h"

/* ---- identifiers ---- */

static uint64_t next_random(void)
{
    static _Thread_local uint64_t state;
    uint64_t mixed;

    if (!state)
        cdn_random(&state, sizeof state);
    state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

static void fill(unsigned char *out, uint64_t value)
{
    memcpy(out, &value, sizeof value);
}

void cdn_traceparent_new_span(unsigned char out[CDN_TRACE_SPAN_BYTES])
{
    uint64_t value;

    do
        value = next_random();
    while (!value);
    fill(out, value);
}

/* ---- the header ---- */

/* A lower-case hexadecimal digit's value; the format has no others.  -1: it is none. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` bytes from twice as many digits; false: there are other characters. */
static bool unhex(unsigned char *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t count)
{
    while (count)
        if (bytes[--count])
            return false;
    return true;
}

enum { TRACE_AT = 3, SPAN_AT = 36, FLAGS_AT = 53 }; /* where the parts begin */

bool cdn_traceparent_parse(struct cdn_traceparent *out, const char *text)
{
    struct cdn_traceparent read;
    unsigned char version, flags;
    size_t length = text ? strnlen(text, CDN_TRACEPARENT_BYTES + 1) : 0;

    if (length < CDN_TRACEPARENT_BYTES || text[TRACE_AT - 1] != '-' ||
        text[SPAN_AT - 1] != '-' || text[FLAGS_AT - 1] != '-' ||
        !unhex(&version, text, 1) || version == 0xff ||
        !unhex(read.trace_id, text + TRACE_AT, CDN_TRACE_ID_BYTES) ||
        !unhex(read.span_id, text + SPAN_AT, CDN_TRACE_SPAN_BYTES) ||
        !unhex(&flags, text + FLAGS_AT, 1))
        return false;
    /* version 00 ends here; a later one may go on behind another dash */
    if (length > CDN_TRACEPARENT_BYTES &&
        (!version || text[CDN_TRACEPARENT_BYTES] != '-'))
        return false;
    if (is_zero(read.trace_id, sizeof read.trace_id) ||
        is_zero(read.span_id, sizeof read.span_id))
        return false;
    read.sampled = flags & 1;
    *out = read;
    return true;
}

char *cdn_traceparent_format(char out[CDN_TRACEPARENT_BYTES + 1],
                             const struct cdn_traceparent *of)
{
    memcpy(out, "00-", TRACE_AT);
    cdn_hash_hex(out + TRACE_AT, of->trace_id, CDN_TRACE_ID_BYTES);
    out[SPAN_AT - 1] = '-';
    cdn_hash_hex(out + SPAN_AT, of->span_id, CDN_TRACE_SPAN_BYTES);
    memcpy(out + FLAGS_AT - 1, of->sampled ? "-01" : "-00", 4);
    return out;
}

void cdn_traceparent_begin(struct cdn_traceparent_span *out, const char *traceparent,
                           unsigned sample)
{
    struct cdn_traceparent caller;

    if (cdn_traceparent_parse(&caller, traceparent)) {
        out->own = caller;
        memcpy(out->parent_id, caller.span_id, sizeof out->parent_id);
    } else {
        uint64_t low = next_random();

        fill(out->own.trace_id + 8, low ? low : 1);
        fill(out->own.trace_id, next_random());
        out->own.sampled = low % CDN_TRACE_WHOLE < sample;
        memset(out->parent_id, 0, sizeof out->parent_id);
    }
    cdn_traceparent_new_span(out->own.span_id);
    cdn_traceparent_format(out->header, &out->own);
    cdn_hash_hex(out->trace_id, out->own.trace_id, CDN_TRACE_ID_BYTES);
}
