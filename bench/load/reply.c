/* See reply.h.  As much of the protocols as the servers speak that are measured: no chunked
 * bodies, no interim replies, of Redis its second protocol. */
#include "reply.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define MAX_BODY_BYTES ((size_t)1 << 30)

/* The digits at `text`, and how many they are; false: none, or too large a number. */
static bool read_number(size_t *out, size_t *digits, const char *text, size_t count)
{
    size_t value = 0, n = 0;

    while (n < count && text[n] >= '0' && text[n] <= '9') {
        value = value * 10 + (size_t)(text[n] - '0');
        if (value > MAX_BODY_BYTES)
            return false;
        n++;
    }
    *out = value;
    *digits = n;
    return n > 0;
}

/* Is it that header?  Then its value, without blanks in front. */
static bool header_is(const char **value, size_t *value_bytes, const char *line,
                      size_t bytes, const char *name)
{
    size_t length = strlen(name);

    if (bytes <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
        return false;
    for (length++; length < bytes && line[length] == ' ';)
        length++;
    *value = line + length;
    *value_bytes = bytes - length;
    return true;
}

static enum reply_state read_http(struct reply *out, const char *bytes, size_t count)
{
    static const char START[] = "HTTP/1.1 ";
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    size_t number, digits;
    bool sized = false;

    if (!end)
        return REPLY_PART;
    size_t head = (size_t)(end - bytes) + 4;
    if (head < sizeof START + 3 || memcmp(bytes, START, sizeof START - 1) != 0 ||
        !read_number(&number, &digits, bytes + sizeof START - 1, 3) || digits != 3)
        return REPLY_NONE;
    out->status = (unsigned)number;
    const char *line = (const char *)memmem(bytes, head, "\r\n", 2) + 2;
    while (line < end) {
        const char *next = memmem(line, head - (size_t)(line - bytes), "\r\n", 2);
        const char *value;
        size_t value_bytes;
        size_t length = (size_t)(next - line);
        if (header_is(&value, &value_bytes, line, length, "content-length")) {
            if (!read_number(&out->body_bytes, &digits, value, value_bytes))
                return REPLY_NONE;
            sized = true;
        } else if (header_is(&value, &value_bytes, line, length, "retry-after")) {
            out->retry_after = true;
        } else if (header_is(&value, &value_bytes, line, length, "connection")) {
            out->last = value_bytes == 5 && strncasecmp(value, "close", 5) == 0;
        } else if (header_is(&value, &value_bytes, line, length, "transfer-encoding")) {
            return REPLY_NONE;
        }
        line = next + 2;
    }
    if (!sized && out->status != 204)
        return REPLY_NONE;
    if (count - head < out->body_bytes)
        return REPLY_PART;
    out->body = bytes + head;
    out->bytes = head + out->body_bytes;
    return REPLY_WHOLE;
}

/* Elements that are still to come are counted: an array is itself and as many more. */
static enum reply_state read_resp(struct reply *out, const char *bytes, size_t count)
{
    size_t at = 0, wanted = 1;

    out->status = 200;
    while (wanted) {
        size_t number = 0, digits;
        const char *end = memmem(bytes + at, count - at, "\r\n", 2);
        if (!end)
            return REPLY_PART;
        size_t line = (size_t)(end - (bytes + at));
        char kind = bytes[at];
        wanted--;
        if (kind == '$' || kind == '*') {
            bool none = line == 3 && memcmp(bytes + at + 1, "-1", 2) == 0;
            if (!none && !read_number(&number, &digits, bytes + at + 1, line - 1))
                return REPLY_NONE;
            at += line + 2;
            if (kind == '*') {
                wanted += number;
            } else if (!none) {
                if (count - at < number + 2)
                    return REPLY_PART;
                at += number + 2;
            }
        } else if (kind == '+' || kind == '-' || kind == ':') {
            if (kind == '-')
                out->status = 500;
            at += line + 2;
        } else {
            return REPLY_NONE;
        }
    }
    out->body = bytes;
    out->body_bytes = out->bytes = at;
    return REPLY_WHOLE;
}

enum reply_state reply_read(struct reply *out, enum protocol protocol,
                            const char *bytes, size_t count)
{
    *out = (struct reply){0};
    if (!count)
        return REPLY_PART;
    return protocol == PROTOCOL_HTTP ? read_http(out, bytes, count)
                                     : read_resp(out, bytes, count);
}
