/* What the checks of a contract share: gathering faults, and the small shapes.
 *
 * A fault does not end the check: an author wants all of them at once.  Out of memory does
 * not either, but is remembered and reported instead of them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include "rule/contract.h"
#include "rule/locate.h"

/* "params.window.default", "tags[2]" */
static void path_text(char *out, size_t size, const struct cdn_path *path)
{
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; i < 4 && path->keys[i] && used < size; i++) {
        const char *key = path->keys[i];

        used +=
            (size_t)(key[0] == '#' ? snprintf(out + used, size - used, "[%s]", key + 1)
                                   : snprintf(out + used, size - used, "%s%s",
                                              i ? "." : "", key));
    }
}

/* Source that is searched for lines, some 30 ms of it. */
#define MOST_SEARCHED ((size_t)1 << 20)

uint32_t cdn_check_line(struct cdn_check *check, const char *const *keys,
                        uint32_t depth)
{
    if (check->searched > MOST_SEARCHED)
        return 0;
    check->searched += check->rule->source_bytes;
    return cdn_rule_locate(check->rule->source, check->rule->source_bytes, keys, depth);
}

void cdn_check_say(struct cdn_check *check, const struct cdn_path *path,
                   const char *message)
{
    struct cdn_findings *findings = &check->findings;
    struct cdn_finding *items;
    uint32_t depth = 0;

    if (findings->count == CDN_CONTRACT_MAX_FINDINGS)
        return;
    items = cdn_realloc_array(findings->items, findings->count + 1, sizeof *items);
    if (!items) {
        check->nomem = true;
        return;
    }
    findings->items = items;
    items += findings->count++;
    cdn_escape(items->message, sizeof items->message, message, strlen(message));
    while (depth < 4 && path->keys[depth])
        depth++;
    items->line = cdn_check_line(check, path->keys, depth);
}

void cdn_check_fault(struct cdn_check *check, const struct cdn_path *path,
                     const char *format, ...)
{
    char raw[512], where[256], whole[sizeof raw + sizeof where + 2];
    va_list args;

    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    path_text(where, sizeof where, path);
    snprintf(whole, sizeof whole, "%s%s%s", where, where[0] ? ": " : "", raw);
    cdn_check_say(check, path, whole);
}

bool cdn_check_map(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *value, const char *example)
{
    if (value->type == CORDON_MAP || (value->type == CORDON_ARRAY && !value->length))
        return true;
    cdn_check_fault(check, path, "a table of names is needed, such as %s", example);
    return false;
}

static bool is_word(const char *text, size_t bytes, const char *more)
{
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i && c >= '0' && c <= '9') && !(i && c && strchr(more, c)))
            return false;
    }
    return bytes > 0 && bytes <= CDN_RULE_MAX_WORD;
}

bool cdn_check_key(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *key, char *out)
{
    if (key->type == CORDON_STRING && is_word(key->as.string, key->length, "")) {
        memcpy(out, key->as.string, key->length);
        out[key->length] = '\0';
        return true;
    }
    if (key->type == CORDON_STRING)
        cdn_check_fault(check, path,
                        "'%.*s' is not a name: letters, digits and '_', at most %d",
                        key->length > 80 ? 80 : (int)key->length, key->as.string,
                        CDN_RULE_MAX_WORD);
    else
        cdn_check_fault(check, path, "an element without a name; write name = ...");
    return false;
}

char *cdn_check_text(struct cdn_check *check, const struct cdn_path *path,
                     const cordon_value *value)
{
    char *text;

    if (value->type != CORDON_STRING) {
        cdn_check_fault(check, path, "a string is needed");
        return NULL;
    }
    if (!cdn_utf8_valid(value->as.string, value->length) ||
        memchr(value->as.string, 0, value->length)) {
        cdn_check_fault(check, path, "the string is not UTF-8 text without NUL bytes");
        return NULL;
    }
    text = cdn_strndup(value->as.string, value->length);
    check->nomem |= !text;
    return text;
}

int cdn_check_word(struct cdn_check *check, const struct cdn_path *path,
                   const cordon_value *value, const char *const *words,
                   const char *what)
{
    struct cdn_suggest suggest;
    char text[CDN_RULE_MAX_WORD + 1], hint[128], all[256];
    size_t used = 0;

    all[0] = '\0';
    for (int i = 0; words[i] && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "",
                                 words[i]);
    if (value->type != CORDON_STRING) {
        cdn_check_fault(check, path, "%s is needed: one of %s", what, all);
        return -1;
    }
    snprintf(text, sizeof text, "%.*s",
             (int)(value->length < sizeof text ? value->length : sizeof text - 1),
             value->as.string);
    cdn_suggest_init(&suggest, text);
    for (int i = 0; words[i]; i++) {
        if (strlen(words[i]) == value->length &&
            !memcmp(words[i], value->as.string, value->length))
            return i;
        cdn_suggest_offer(&suggest, words[i]);
    }
    if (suggest.best)
        cdn_check_fault(check, path, "'%s' is not %s%s", text, what,
                        cdn_suggest_text(&suggest, hint, sizeof hint));
    else
        cdn_check_fault(check, path, "'%s' is not %s; use one of %s", text, what, all);
    return -1;
}

void cdn_check_unknown(struct cdn_check *check, const struct cdn_path *path,
                       const char *key, const char *const *known)
{
    struct cdn_suggest suggest;
    char hint[128], all[256];
    size_t used = 0;

    cdn_suggest_init(&suggest, key);
    all[0] = '\0';
    for (int i = 0; known[i]; i++) {
        cdn_suggest_offer(&suggest, known[i]);
        if (used < sizeof all)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                     i ? ", " : "", known[i]);
    }
    if (suggest.best)
        cdn_check_fault(check, path, "there is no such field%s",
                        cdn_suggest_text(&suggest, hint, sizeof hint));
    else
        cdn_check_fault(check, path, "there is no such field; there are %s", all);
}

void cdn_findings_deinit(struct cdn_findings *findings)
{
    cdn_free(findings->items);
    *findings = (struct cdn_findings){0};
}
