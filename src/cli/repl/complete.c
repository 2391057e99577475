/* What may stand where the cursor is: commands, the API's names, and the snapshot's.
 *
 * It is a guess from the text before the cursor, by the manual's table (graph/manual.h): what
 * a name that was set is, the console knows; what a method gives, the manual says; so that
 * `request.node:outgoing("transfer"):` is known to be an edge set without running anything.
 * Where nothing is known everything of the kind is offered. */
#include "cli/repl/repl.h"

#include <string.h>

#include "graph/manual.h"
#include "snapshot/snapshot.h"

struct offering {
    const struct cdn_repl *repl;
    const char *prefix;
    size_t bytes;
    void (*offer)(void *ud, const char *word);
    void *ud;
};

static void offer(const struct offering *to, const char *word)
{
    if (strlen(word) >= to->bytes && !memcmp(word, to->prefix, to->bytes))
        to->offer(to->ud, word);
}

static bool is_word(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* Where the word that ends at `end` begins. */
static size_t word_start(const char *text, size_t end)
{
    while (end && is_word(text[end - 1]))
        end--;
    return end;
}

/* ---- the snapshot's names ---- */

static void offer_labels(const struct offering *to)
{
    const cordon_snapshot *snapshot = to->repl->session.snapshot;

    for (uint32_t i = 0; snapshot && i < snapshot->label_count; i++)
        offer(to, snapshot->schema.labels[i].name);
}

static void offer_types(const struct offering *to)
{
    const cordon_snapshot *snapshot = to->repl->session.snapshot;

    for (uint32_t i = 0; snapshot && i < snapshot->relation_count; i++)
        offer(to, snapshot->schema.relations[i].type);
}

static void offer_list(const struct offering *to, const struct cdn_property *properties,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        offer(to, properties[i].name);
}

static void offer_properties(const struct offering *to, bool nodes, bool edges)
{
    const cordon_snapshot *snapshot = to->repl->session.snapshot;

    for (uint32_t i = 0; nodes && snapshot && i < snapshot->label_count; i++)
        offer_list(to, snapshot->schema.labels[i].properties,
                   snapshot->schema.labels[i].property_count);
    for (uint32_t i = 0; edges && snapshot && i < snapshot->relation_count; i++)
        offer_list(to, snapshot->schema.relations[i].properties,
                   snapshot->schema.relations[i].property_count);
}

/* ---- the manual's ---- */

/* Rows of a receiver, of all that are graph objects if it is NULL. */
static void offer_rows(const struct offering *to, const char *receiver, bool methods)
{
    static const char *const objects[] = {"node", "edge",   "edges", "nodes",
                                          "view", "scores", "groups"};

    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];
        bool fits = receiver && !strcmp(row->receiver, receiver);

        for (size_t k = 0; !receiver && k < CDN_COUNT(objects); k++)
            fits |= !strcmp(row->receiver, objects[k]);
        if (fits && (row->arguments != NULL) == methods)
            offer(to, row->name);
    }
}

static bool is_library(const char *receiver)
{
    static const char *const names[] = {"string", "table", "math", "bit", "coroutine"};

    for (size_t i = 0; receiver && i < CDN_COUNT(names); i++) {
        if (!strcmp(receiver, names[i]))
            return true;
    }
    return false;
}

/* ---- what an expression is ---- */

/* The first type of a manual's result that is a receiver: "node?" is a node; NULL: none. */
static const char *receiver_of(const char *result)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const char *receiver = cdn_manual[i].receiver;
        size_t length = strlen(receiver);

        if (length && !strncmp(result, receiver, length) && !is_word(result[length]))
            return receiver;
    }
    return NULL;
}

static const char *type_of_name(const struct cdn_repl *repl, const char *name,
                                size_t bytes)
{
    size_t count;
    const struct cdn_console_global *globals =
        cdn_console_globals(repl->console, &count);

    for (size_t i = 0; i < count; i++) {
        if (strlen(globals[i].name) == bytes && !memcmp(globals[i].name, name, bytes))
            return globals[i].type;
    }
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const char *receiver = cdn_manual[i].receiver;

        if ((!strcmp(receiver, "graph") || !strcmp(receiver, "request") ||
             is_library(receiver)) &&
            strlen(receiver) == bytes && !memcmp(receiver, name, bytes))
            return receiver;
    }
    return NULL;
}

/* What a member of that name gives, whatever it is a member of. */
static const char *type_of_member(const char *name, size_t bytes)
{
    for (size_t i = 0; i < cdn_manual_count; i++) {
        const struct cdn_manual *row = &cdn_manual[i];

        if (row->receiver[0] && strlen(row->name) == bytes &&
            !memcmp(row->name, name, bytes) && receiver_of(row->result))
            return receiver_of(row->result);
    }
    return NULL;
}

/* The '(' that the ')' before `end` closes; 0: there is none. */
static size_t opening(const char *text, size_t end)
{
    unsigned depth = 0;

    while (end--) {
        if (text[end] == ')')
            depth++;
        else if (text[end] == '(' && --depth == 0)
            return end;
    }
    return 0;
}

/* The receiver that the expression before `end` is; NULL: not known. */
static const char *type_before(const struct cdn_repl *repl, const char *text,
                               size_t end)
{
    size_t from;

    if (end && text[end - 1] == ')')
        end = opening(text, end);
    from = word_start(text, end);
    if (from == end)
        return NULL;
    if (from && (text[from - 1] == ':' || text[from - 1] == '.'))
        return type_of_member(text + from, end - from);
    return type_of_name(repl, text + from, end - from);
}

/* ---- where the cursor is ---- */

/* Is it within quotes?  Then where they begin, else SIZE_MAX. */
static size_t open_quote(const char *text, size_t bytes)
{
    size_t open = SIZE_MAX;

    for (size_t i = 0; i < bytes; i++) {
        if (open != SIZE_MAX && text[i] == '\\')
            i++;
        else if (open != SIZE_MAX && text[i] == text[open])
            open = SIZE_MAX;
        else if (open == SIZE_MAX && (text[i] == '"' || text[i] == '\''))
            open = i;
    }
    return open;
}

static bool ends_with(const char *text, size_t end, const char *word)
{
    size_t length = strlen(word);

    return end >= length && !memcmp(text + end - length, word, length) &&
           (end == length || !is_word(text[end - length - 1]));
}

/* Names in quotes: by the method whose argument they are. */
static void complete_quoted(const struct offering *to, const char *text, size_t quote)
{
    static const char *const of_types[] = {"outgoing", "incoming", "both"};
    static const char *const of_labels[] = {"node", "of"};
    size_t end = quote;

    while (end && (text[end - 1] == ' ' || text[end - 1] == '('))
        end--;
    for (size_t i = 0; i < CDN_COUNT(of_types); i++) {
        if (ends_with(text, end, of_types[i])) {
            offer_types(to);
            return;
        }
    }
    for (size_t i = 0; i < CDN_COUNT(of_labels); i++) {
        if (ends_with(text, end, of_labels[i])) {
            offer_labels(to);
            return;
        }
    }
    offer_properties(to, true, true);
    if (end && text[end - 1] == '{') { /* labels = {"... */
        offer_labels(to);
        offer_types(to);
    }
    if (end && text[end - 1] == '=')
        offer_types(to);
}

static void complete_member(const struct offering *to, const char *text, size_t at)
{
    const char *receiver = type_before(to->repl, text, at);

    if (text[at] == ':') {
        offer_rows(to, receiver, true);
        return;
    }
    if (is_library(receiver))
        offer_rows(to, receiver, true);
    offer_rows(to, receiver, false);
    if (!receiver || !strcmp(receiver, "node"))
        offer_properties(to, true, false);
    if (!receiver || !strcmp(receiver, "edge"))
        offer_properties(to, false, true);
}

static void complete_name(const struct offering *to)
{
    static const char *const given[] = {"graph", "request", "string", "table",   "math",
                                        "bit",   "local",   "return", "function"};
    size_t count;
    const struct cdn_console_global *globals =
        cdn_console_globals(to->repl->console, &count);

    for (size_t i = 0; i < count; i++)
        offer(to, globals[i].name);
    for (size_t i = 0; i < CDN_COUNT(given); i++)
        offer(to, given[i]);
    offer_rows(to, "", true);
}

static void complete_argument(const struct offering *to, const char *text, size_t bytes)
{
    static const char *const of_labels[] = {":node", ":run", ":sample", ":schema"};
    static const char *const limits[] = {"online", "batch", "repl"};
    const char *blank = memchr(text, ' ', bytes);
    size_t length = blank ? (size_t)(blank - text) : bytes;

    for (size_t i = 0; i < CDN_COUNT(of_labels); i++) {
        if (!strncmp(text, of_labels[i], length) && length > 1)
            offer_labels(to);
    }
    if (!strncmp(text, ":schema", length) && length > 2)
        offer_types(to);
    for (size_t i = 0; !strncmp(text, ":limits", length) && i < CDN_COUNT(limits); i++)
        offer(to, limits[i]);
    for (int wall = 0; wall <= CORDON_WALL_MICROVM; wall++) {
        if (!strncmp(text, ":tier", length) && length > 2)
            offer(to, cordon_wall_str((cordon_wall)wall));
    }
    for (size_t i = 0; !strncmp(text, ":help", length) && i < cdn_manual_count; i++) {
        offer(to, cdn_manual[i].name);
        offer(to, cdn_manual[i].receiver);
    }
}

size_t cdn_repl_complete(const struct cdn_repl *repl, const char *text, size_t bytes,
                         void (*with)(void *ud, const char *word), void *ud)
{
    size_t start = word_start(text, bytes), quote;
    const struct offering to = {repl, text + start, bytes - start, with, ud};

    if (bytes && text[0] == ':') {
        if (start == 1) {
            for (const struct cdn_repl_command *at = cdn_repl_commands; at->name; at++)
                offer(&to, at->name);
        } else {
            complete_argument(&to, text, bytes);
        }
        return start;
    }
    quote = open_quote(text, bytes);
    if (quote != SIZE_MAX)
        complete_quoted(&to, text, quote);
    else if (start && (text[start - 1] == ':' || text[start - 1] == '.'))
        complete_member(&to, text, start - 1);
    else
        complete_name(&to);
    return start;
}
