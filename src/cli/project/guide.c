/* Reading and showing the guides: see guide.h. */
#include "cli/project/guide.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/project/embedded.h"

enum { COLUMNS = 80 };

/* ---- blocks ---- */

static size_t line_length(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));

    return newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
}

static bool begins(const char *at, const char *end, const char *with)
{
    size_t bytes = strlen(with);

    return (size_t)(end - at) >= bytes && !memcmp(at, with, bytes);
}

/* The length of a list's mark, "- " or "3. ", blanks before it included; 0: none. */
static size_t item_mark(const char *at, const char *end)
{
    const char *from = at;

    while (at < end && *at == ' ')
        at++;
    if (begins(at, end, "- ") || begins(at, end, "* "))
        return (size_t)(at - from) + 2;
    for (const char *digit = at; digit < end && *digit >= '0' && *digit <= '9';
         digit++) {
        if (begins(digit + 1, end, ". "))
            return (size_t)(digit - from) + 3;
    }
    return 0;
}

static bool is_blank(const char *at, const char *end)
{
    return at == end || *at == '\n';
}

/* Does a block of another kind than a paragraph begin here? */
static bool begins_other(const char *at, const char *end)
{
    return is_blank(at, end) || *at == '#' || *at == '|' || begins(at, end, "```") ||
           item_mark(at, end);
}

static void take_code(struct cdn_guide_block *out, const char **at, const char *end)
{
    size_t length = line_length(*at, end);

    out->kind = CDN_GUIDE_CODE;
    out->info = *at + 3;
    out->info_bytes = length > 4 ? length - 4 : 0;
    *at += length;
    out->text = *at;
    while (*at < end && !begins(*at, end, "```"))
        *at += line_length(*at, end);
    out->bytes = (size_t)(*at - out->text);
    *at += line_length(*at, end);
}

static void take_heading(struct cdn_guide_block *out, const char **at, const char *end)
{
    const char *stop = *at + line_length(*at, end);

    out->kind = CDN_GUIDE_HEADING;
    while (*at < stop && **at == '#') {
        out->level++;
        ++*at;
    }
    while (*at < stop && **at == ' ')
        ++*at;
    out->text = *at;
    *at = stop;
    while (stop > out->text && (stop[-1] == '\n' || stop[-1] == ' '))
        stop--;
    out->bytes = (size_t)(stop - out->text);
}

bool cdn_guide_next(struct cdn_guide_block *out, const char **at, const char *end)
{
    size_t mark;

    while (*at < end && is_blank(*at, end))
        ++*at;
    *out = (struct cdn_guide_block){.kind = CDN_GUIDE_PARAGRAPH};
    if (*at >= end)
        return false;
    if (begins(*at, end, "```")) {
        take_code(out, at, end);
        return true;
    }
    if (**at == '#') {
        take_heading(out, at, end);
        return true;
    }
    mark = item_mark(*at, end);
    if (**at == '|') {
        out->kind = CDN_GUIDE_TABLE;
        out->text = *at;
        while (*at < end && **at == '|')
            *at += line_length(*at, end);
    } else {
        out->kind = mark ? CDN_GUIDE_ITEM : CDN_GUIDE_PARAGRAPH;
        out->text = *at + mark;
        do
            *at += line_length(*at, end);
        while (*at < end && !begins_other(*at, end));
    }
    out->bytes = (size_t)(*at - out->text);
    return true;
}

/* ---- topics ---- */

const char *cdn_guide_text(const char *path, size_t *bytes)
{
    for (size_t i = 0; i < cdn_embedded_guides_count; i++) {
        if (strcmp(cdn_embedded_guides[i].name, path) != 0)
            continue;
        *bytes = cdn_embedded_guides[i].size;
        return (const char *)cdn_embedded_guides[i].bytes;
    }
    return NULL;
}

/* "Whose eyes a rule has" as whose-eyes-a-rule-has; a leading "The" is no help. */
static void name_of(char *out, size_t size, const char *title, size_t bytes)
{
    size_t used = 0;

    if (bytes > 4 && !memcmp(title, "The ", 4)) {
        title += 4;
        bytes -= 4;
    }
    for (size_t i = 0; i < bytes && used + 1 < size; i++) {
        char c = title[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[used++] = c;
        else if (used && out[used - 1] != '-' && c != '\'')
            out[used++] = '-';
    }
    while (used && out[used - 1] == '-')
        used--;
    out[used] = '\0';
}

/* The next section of a guide at *at, which is moved behind it. */
static bool next_section(struct cdn_guide_topic *out, const char **at, const char *end)
{
    struct cdn_guide_block block;
    const char *before = *at;
    bool found = false;

    while (cdn_guide_next(&block, at, end)) {
        if (block.kind == CDN_GUIDE_HEADING && block.level <= 2) {
            if (found) {
                *at = before;
                return true;
            }
            if (block.level == 2) {
                found = true;
                out->title = block.text;
                out->title_bytes = block.bytes;
                out->text = *at;
                name_of(out->name, sizeof(out->name), block.text, block.bytes);
            }
        }
        if (found)
            out->bytes = (size_t)(*at - out->text);
        before = *at;
    }
    return found;
}

static bool topic_at(struct cdn_guide_topic *out, size_t index)
{
    for (size_t i = 0; i < cdn_embedded_guides_count; i++) {
        const char *at = (const char *)cdn_embedded_guides[i].bytes;
        const char *end = at + cdn_embedded_guides[i].size;

        *out = (struct cdn_guide_topic){.guide = cdn_embedded_guides[i].name};
        while (next_section(out, &at, end)) {
            if (!index--)
                return true;
        }
    }
    return false;
}

/* A heading that an earlier guide has too is called by its guide's folder as well: "Proposals"
 * of src/engine/README.md is engine-proposals. */
bool cdn_guide_topic(struct cdn_guide_topic *out, size_t index)
{
    struct cdn_guide_topic earlier;
    char name[64];

    if (!topic_at(out, index))
        return false;
    for (size_t i = 0; i < index && topic_at(&earlier, i); i++) {
        const char *folder = out->guide, *slash = strchr(folder, '/');

        if (strcmp(earlier.name, out->name) != 0)
            continue;
        for (const char *next; slash && (next = strchr(slash + 1, '/')); slash = next)
            folder = slash + 1;
        snprintf(name, sizeof(name), "%.*s-%s", (int)strcspn(folder, "/"), folder,
                 out->name);
        memcpy(out->name, name, sizeof(name));
        break;
    }
    return true;
}

/* Is it one of the words of a topic's name? */
static bool has_word(const char *name, const char *word)
{
    size_t bytes = strlen(word);

    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "-");

        if (length == bytes && !memcmp(at, word, bytes))
            return true;
        at += length + (at[length] == '-');
    }
    return false;
}

bool cdn_guide_find(struct cdn_guide_topic *out, const char *name)
{
    /* Words that a heading may say otherwise; the first that there is. */
    static const struct {
        const char *word, *other;
    } others[] = {{"rules", "contract"},   {"results", "contract"},
                  {"testing", "testing"},  {"testing", "tests"},
                  {"testing", "cases"},    {"sandbox", "language"},
                  {"time", "graph"},       {"schema", "schema"},
                  {"tutorial", "minutes"}, {"embedding", "program"}};
    struct cdn_guide_topic topic;

    for (size_t i = 0; cdn_guide_topic(&topic, i); i++) {
        if (!strcmp(topic.name, name)) {
            *out = topic;
            return true;
        }
    }
    for (size_t k = 0; k <= CDN_COUNT(others); k++) {
        const char *word = k ? others[k - 1].other : name;

        if (k && strcmp(others[k - 1].word, name) != 0)
            continue;
        for (size_t i = 0; cdn_guide_topic(&topic, i); i++) {
            if (has_word(topic.name, word)) {
                *out = topic;
                return true;
            }
        }
    }
    return false;
}

/* ---- for people ---- */

/* The text of a paragraph, its lines joined, without marks of emphasis and targets of
 * links. */
static void flatten(struct cdn_buf *out, const char *text, size_t bytes)
{
    bool code = false;

    for (size_t i = 0; i < bytes; i++) {
        const char *at = text + i;

        if (*at == '`')
            code = !code;
        if (*at == '\n' || *at == ' ') {
            if (out->length && out->data[out->length - 1] != ' ')
                cdn_buf_append(out, " ", 1);
        } else if (!code && begins(at, text + bytes, "**")) {
            i++;
        } else if (!code && begins(at, text + bytes, "](")) {
            const char *close = memchr(at, ')', bytes - i);

            i = close ? (size_t)(close - text) : i + 1;
        } else if (code || *at != '[') {
            cdn_buf_append(out, at, 1);
        }
    }
}

/* `first` stands before the first line, blanks of its width before the others. */
static void show_wrapped(FILE *to, const char *first, const char *text, size_t bytes)
{
    struct cdn_buf flat = {0};
    size_t indent = strlen(first), column = indent;
    const char *at;
    bool begun = false;

    flatten(&flat, text, bytes);
    fputs(first, to);
    for (at = flat.failed || !flat.data ? "" : (const char *)flat.data; *at;) {
        size_t length;

        at += strspn(at, " ");
        length = strcspn(at, " ");
        if (begun && length && column + 1 + length > COLUMNS) {
            fprintf(to, "\n%*s", (int)indent, "");
            column = indent;
            begun = false;
        }
        if (begun && length)
            fputc(' ', to);
        column += length + begun;
        fprintf(to, "%.*s", (int)length, at);
        begun |= length > 0;
        at += length;
    }
    fputc('\n', to);
    cdn_buf_deinit(&flat);
}

static void show_lines(FILE *to, const char *indent, const char *text, size_t bytes)
{
    const char *end = text + bytes;

    while (text < end) {
        size_t length = line_length(text, end);

        fprintf(to, "%s%.*s", *text == '\n' ? "" : indent, (int)length, text);
        text += length;
    }
}

void cdn_guide_show(FILE *to, bool color, const char *text, size_t bytes)
{
    const char *end = text + bytes;
    struct cdn_guide_block block;
    enum cdn_guide_kind before = CDN_GUIDE_HEADING;
    bool first = true;

    while (cdn_guide_next(&block, &text, end)) {
        if (!first && !(block.kind == CDN_GUIDE_ITEM && before == CDN_GUIDE_ITEM))
            fputc('\n', to);
        first = false;
        before = block.kind;
        switch (block.kind) {
        case CDN_GUIDE_HEADING:
            fprintf(to, "%s%.*s%s\n", cdn_style(color, CDN_STYLE_BOLD),
                    (int)block.bytes, block.text, cdn_style_end(color));
            break;
        case CDN_GUIDE_PARAGRAPH:
            show_wrapped(to, "", block.text, block.bytes);
            break;
        case CDN_GUIDE_ITEM:
            show_wrapped(to, "  - ", block.text, block.bytes);
            break;
        case CDN_GUIDE_TABLE:
            show_lines(to, "  ", block.text, block.bytes);
            break;
        case CDN_GUIDE_CODE:
            if (block.info_bytes > 5 && !memcmp(block.info, "file ", 5))
                fprintf(to, "  %.*s:\n\n", (int)block.info_bytes - 5, block.info + 5);
            show_lines(to, "    ", block.text, block.bytes);
            break;
        }
    }
}
