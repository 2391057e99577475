/* One line of the log.
 *
 * Text is what people read and grep: the message as it is, fields as name=value, a value in
 * quotes where it would not stand alone.  JSON is for collectors.  In both, control characters
 * and what turns the direction of writing are escaped, and bytes that are no UTF-8 are escaped
 * (text) or become U+FFFD (JSON).
 *
 * The end of the room is kept free for what closes a line, so that a cut line is still one
 * object. */
#include "server/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"

enum {
    ROOM = CDN_LOG_LINE_BYTES - 8, /* the rest: an open string, "}", the line's end */
    LONGEST = 12                   /* of what one character becomes */
};

static void put(struct cdn_log_line *line, const char *bytes, size_t count)
{
    if (line->used + count > ROOM)
        return;
    memcpy(line->text + line->used, bytes, count);
    line->used += count;
}

static void put_text(struct cdn_log_line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* C0, DEL, C1, and U+202A to U+202E, U+2066 to U+2069. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Only of what matters here: sequences of up to three bytes. */
static uint32_t code_of(const unsigned char *at, size_t length)
{
    if (length == 1)
        return at[0];
    if (length == 2)
        return (uint32_t)(at[0] & 31) << 6 | (at[1] & 63u);
    if (length == 3)
        return (uint32_t)(at[0] & 15) << 12 | (uint32_t)(at[1] & 63) << 6 |
               (at[2] & 63u);
    return 0x10000;
}

/* One character of a value as it stands in the line; its bytes. */
static size_t character(char out[LONGEST + 1], const unsigned char *at, size_t length,
                        bool json, bool quoted)
{
    uint32_t code = length ? code_of(at, length) : 0;
    int count = 0;

    if (!length && json)
        count = snprintf(out, LONGEST + 1, "\xef\xbf\xbd");
    else if (length && (!quoted || (code != '"' && code != '\\')) && !is_control(code))
        memcpy(out, at, (size_t)(count = (int)length));
    else if (length && (code == '"' || code == '\\'))
        count = snprintf(out, LONGEST + 1, "\\%c", (char)code);
    else if (json)
        count = snprintf(out, LONGEST + 1, "\\u%04" PRIx32, code);
    else
        for (size_t i = 0; i < (length ? length : 1); i++)
            count +=
                snprintf(out + count, LONGEST + 1 - (size_t)count, "\\x%02x", at[i]);
    return (size_t)count;
}

/* The value, escaped, as far as there is room; one that is cut ends in "...". */
static void put_escaped(struct cdn_log_line *line, const char *value, bool json,
                        bool quoted)
{
    const unsigned char *at = (const unsigned char *)value;
    size_t left = strlen(value);

    while (left) {
        size_t length = cdn_utf8_sequence(at, left);
        size_t step = length ? length : 1;
        char out[LONGEST + 1];
        size_t count = character(out, at, length, json, quoted);

        /* room for the dots stays, so that they always fit */
        if (line->used + count + 3 > ROOM) {
            put_text(line, "...");
            return;
        }
        put(line, out, count);
        at += step;
        left -= step;
    }
}

static bool stands_alone(const char *value)
{
    return *value && !strpbrk(value, " \"=\\");
}

/* The name of a field and what comes before its value; false: no room for both. */
static bool name_field(struct cdn_log_line *line, const char *name)
{
    if (line->used + strlen(name) + 32 > ROOM)
        return false;
    if (line->format == CDN_LOG_AS_JSON) {
        put_text(line, line->used > 1 ? ",\"" : "\"");
        put_text(line, name);
        put_text(line, "\":");
    } else {
        put_text(line, line->used ? " " : "");
        put_text(line, name);
        put_text(line, "=");
    }
    return true;
}

void cdn_log_line_text(struct cdn_log_line *line, const char *name, const char *value)
{
    bool json = line->format == CDN_LOG_AS_JSON;
    bool quoted = json || !stands_alone(value);

    if (!name_field(line, name))
        return;
    if (quoted)
        put_text(line, "\"");
    put_escaped(line, value, json, quoted);
    if (quoted) /* what is kept free is for this too */
        line->text[line->used++] = '"';
}

void cdn_log_line_number(struct cdn_log_line *line, const char *name, int64_t value)
{
    char text[24];

    if (!name_field(line, name))
        return;
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    put_text(line, text);
}

void cdn_log_line_milli(struct cdn_log_line *line, const char *name, uint64_t value)
{
    char text[32];

    if (!name_field(line, name))
        return;
    (void)snprintf(text, sizeof text, "%" PRIu64 ".%03u", value / 1000,
                   (unsigned)(value % 1000));
    put_text(line, text);
}

/* journald's, of syslog(3). */
static const char *priority_of(cordon_level level)
{
    return level == CORDON_LEVEL_ERROR     ? "<3>"
           : level == CORDON_LEVEL_WARNING ? "<4>"
           : level == CORDON_LEVEL_DEBUG   ? "<7>"
                                           : "<6>";
}

void cdn_log_line_begin(struct cdn_log_line *line, enum cdn_log_form format,
                        int64_t now_ms, cordon_level level, const char *event,
                        const char *message)
{
    char time[40];

    line->format = format;
    line->used = 0;
    if (format == CDN_LOG_AS_JSON) {
        put_text(line, "{");
        cdn_log_line_text(line, "time", cdn_time_format(time, sizeof time, now_ms));
        cdn_log_line_text(line, "level", cdn_log_level_str(level));
        if (event)
            cdn_log_line_text(line, "event", event);
        if (message)
            cdn_log_line_text(line, "message", message);
        return;
    }
    if (format == CDN_LOG_AS_JOURNAL) {
        put_text(line, priority_of(level));
    } else {
        put_text(line, cdn_time_format(time, sizeof time, now_ms));
        put_text(line, " ");
    }
    put_text(line, cdn_log_level_str(level));
    if (event) {
        put_text(line, " ");
        put_text(line, event);
    }
    if (message) {
        put_text(line, ": ");
        put_escaped(line, message, false, false);
    }
}

void cdn_log_line_end(struct cdn_log_line *line)
{
    if (line->format == CDN_LOG_AS_JSON)
        line->text[line->used++] = '}';
    line->text[line->used++] = '\n';
}
