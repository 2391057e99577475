/* See json_plain.h.  A descent as deep as a value may be, over a text that is looked at once.
 *
 * How many elements a container has is known at its end: its head is one byte until then, which
 * is what most need, and what follows moves up where it needs more. */
#include "codec/json_plain.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/value.h>

#include "base/pack.h"
#include "base/utf8.h"

enum {
    MAX_KEYS = 24,   /* of an object: each is compared with those before it */
    MAX_DIGITS = 18, /* of an integer, which then has 64 bits */
    MAX_REAL = 40    /* characters of any other number */
};

struct reader {
    const char *at;
    const char *end;
    struct cdn_packer packer;
    struct cdn_buf *out;
};

struct span {
    const char *text;
    size_t bytes;
};

static bool read_value(struct reader *r, unsigned depth);

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

/* Step over blanks and then that character, if it is there. */
static bool take(struct reader *r, char wanted)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != wanted)
        return false;
    r->at++;
    return true;
}

static bool read_word(struct reader *r, const char *word, size_t bytes)
{
    if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0)
        return false;
    r->at += bytes;
    return true;
}

/* What stands between the quotes; the first has been taken. */
static bool read_text(struct reader *r, struct span *out)
{
    const char *start = r->at;
    unsigned char seen = 0;

    for (; r->at < r->end && *r->at != '"'; r->at++) {
        unsigned char c = (unsigned char)*r->at;

        if (c < 0x20 || c == '\\')
            return false;
        seen |= c;
    }
    if (r->at == r->end)
        return false;
    out->text = start;
    out->bytes = (size_t)(r->at++ - start);
    return seen < 0x80 || cdn_utf8_valid(out->text, out->bytes);
}

static size_t skip_digits(struct reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - start);
}

static bool read_real(struct reader *r, const char *start)
{
    char copy[MAX_REAL + 1], *copy_end;
    size_t bytes;
    double value;

    if (*r->at == '.') {
        r->at++;
        if (!skip_digits(r))
            return false;
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!skip_digits(r))
            return false;
    }
    bytes = (size_t)(r->at - start);
    if (bytes > MAX_REAL)
        return false;
    memcpy(copy, start, bytes);
    copy[bytes] = '\0';
    value = strtod(copy, &copy_end);
    if (*copy_end || value - value != 0) /* another locale's point; infinite */
        return false;
    cdn_pack_double(&r->packer, value);
    return true;
}

static bool read_number(struct reader *r)
{
    const char *start = r->at, *first;
    int64_t value = 0;
    size_t digits;

    if (*r->at == '-')
        r->at++;
    first = r->at;
    digits = skip_digits(r);
    if (!digits || (digits > 1 && *first == '0'))
        return false;
    if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
        return read_real(r, start);
    if (digits > MAX_DIGITS)
        return false;
    for (const char *digit = first; digit < r->at; digit++)
        value = value * 10 + (*digit - '0');
    cdn_pack_int(&r->packer, first > start ? -value : value);
    return true;
}

/* ---- containers ---- */

/* The head of a container of `count` elements, for which one byte was left at `head`; `mark` is
 * that of an empty short one, `wide` the one before sixteen bits. */
static void end_container(struct reader *r, size_t head, uint32_t count,
                          unsigned char mark, unsigned char wide)
{
    static const unsigned char room[4];
    size_t more = count < 16 ? 0 : count <= UINT16_MAX ? 2 : 4;
    unsigned char *at;

    cdn_buf_append(r->out, room, more);
    if (r->out->failed)
        return;
    at = r->out->data + head;
    if (!more) {
        *at = (unsigned char)(mark | count);
        return;
    }
    memmove(at + 1 + more, at + 1, r->out->length - head - 1 - more);
    *at++ = more == 2 ? wide : (unsigned char)(wide + 1);
    for (size_t i = more; i > 0; i--, count >>= 8)
        at[i - 1] = (unsigned char)count;
}

static size_t begin_container(struct reader *r)
{
    size_t head = r->out->length;

    cdn_buf_append(r->out, "", 1);
    return head;
}

static bool read_array(struct reader *r, unsigned depth)
{
    size_t head = begin_container(r);
    uint32_t count = 0;

    if (!take(r, ']')) {
        do {
            if (!read_value(r, depth + 1))
                return false;
            count++;
        } while (take(r, ','));
        if (!take(r, ']'))
            return false;
    }
    end_container(r, head, count, 0x90, 0xdc);
    return true;
}

static bool is_new(const struct span *keys, uint32_t count, const struct span *key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i].bytes == key->bytes &&
            (!key->bytes || !memcmp(keys[i].text, key->text, key->bytes)))
            return false;
    }
    return true;
}

static bool read_object(struct reader *r, unsigned depth)
{
    struct span keys[MAX_KEYS];
    size_t head = begin_container(r);
    uint32_t count = 0;

    if (!take(r, '}')) {
        do {
            struct span *key = &keys[count];

            if (count == MAX_KEYS || !take(r, '"') || !read_text(r, key) ||
                !is_new(keys, count, key) || !take(r, ':'))
                return false;
            cdn_pack_str(&r->packer, key->text, key->bytes);
            if (!read_value(r, depth + 1))
                return false;
            count++;
        } while (take(r, ','));
        if (!take(r, '}'))
            return false;
    }
    end_container(r, head, count, 0x80, 0xde);
    return true;
}

static bool read_string(struct reader *r)
{
    struct span text;

    if (!read_text(r, &text))
        return false;
    cdn_pack_str(&r->packer, text.text, text.bytes);
    return true;
}

static bool read_value(struct reader *r, unsigned depth)
{
    skip_blanks(r);
    if (r->at == r->end || depth > CORDON_VALUE_MAX_DEPTH || r->out->failed)
        return false;
    switch (*r->at) {
    case '"':
        r->at++;
        return read_string(r);
    case '{':
        r->at++;
        return read_object(r, depth);
    case '[':
        r->at++;
        return read_array(r, depth);
    case 't':
        cdn_pack_bool(&r->packer, true);
        return read_word(r, "true", 4);
    case 'f':
        cdn_pack_bool(&r->packer, false);
        return read_word(r, "false", 5);
    case 'n':
        cdn_pack_nil(&r->packer);
        return read_word(r, "null", 4);
    default:
        return read_number(r);
    }
}

bool cdn_json_plain(struct cdn_buf *out, const char *text, size_t bytes)
{
    struct reader r = {.at = text, .out = out};
    size_t start = out->length;

    if (!bytes)
        return false;
    r.end = text + bytes;
    cdn_pack_init_buf(&r.packer, out);
    if (read_value(&r, 1)) {
        skip_blanks(&r);
        if (r.at == r.end && !r.packer.failed && !out->failed)
            return true;
    }
    out->length = start;
    if (out->data)
        out->data[start] = '\0';
    return false;
}
