/* Query parameters of graph reads: see graph_query.h.
 *
 *     types=transfer,own              properties=amount,memo
 *     since=2026-11-24T00:00Z         until, as_of: the same, or ms since 1970 UTC
 *     where=amount>=900;memo==rent    all must hold; a value in double quotes is text whatever
 *                                     it looks like, else true, false and numbers are those
 *     direction=outgoing              order=oldest */
#include "server/graph_query.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define SHOWN 100

static bool refuse(struct cdn_exchange *x, const char *name, const char *value,
                   const char *what)
{
    char shown[SHOWN];

    cdn_exchange_problem(x, 400, "query", "?%s=%s %s", name,
                         cdn_escape(shown, sizeof shown, value, strlen(value)), what);
    return false;
}

static bool take_time(int64_t *out, struct cdn_exchange *x, const char *name)
{
    const char *text = cdn_exchange_query(x, name);
    char *end;

    if (!text)
        return true;
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (*text && !*end && !errno && *out != CORDON_NO_TIME)
        return true;
    if (cdn_time_parse(out, text, strlen(text)))
        return true;
    return refuse(x, name, text,
                  "is no time: ms since 1970 UTC, or such as 2026-11-24T02:29:00Z");
}

static bool take_word(int *out, struct cdn_exchange *x, const char *name,
                      const char *const *words, const char *what)
{
    const char *text = cdn_exchange_query(x, name);

    for (int i = 0; text && words[i]; i++) {
        *out = i;
        if (!strcmp(words[i], text))
            return true;
    }
    return !text || refuse(x, name, text, what);
}

/* A parameter's copy; there is room (begin_words). */
static char *copy_of(struct cdn_graph_query *query, const char *text)
{
    char *at = (char *)query->words.data + query->words.length;

    cdn_buf_append(&query->words, text, strlen(text) + 1);
    return at;
}

static bool begin_words(struct cdn_graph_query *query, struct cdn_exchange *x)
{
    static const char *const names[] = {"types", "properties", "where"};
    size_t bytes = 1;

    for (int i = 0; i < 3; i++) {
        const char *text = cdn_exchange_query(x, names[i]);

        bytes += text ? strlen(text) + 1 : 0;
    }
    if (cdn_buf_reserve(&query->words, bytes))
        return true;
    cdn_exchange_fail(x, CORDON_E_NOMEM, NULL);
    return false;
}

static bool take_list(const char **out, size_t *count, size_t room,
                      struct cdn_graph_query *query, struct cdn_exchange *x,
                      const char *name)
{
    const char *text = cdn_exchange_query(x, name);
    char *rest = text ? copy_of(query, text) : NULL;

    *count = 0;
    while (rest) {
        char *word = rest;

        rest = strchr(rest, ',');
        if (rest)
            *rest++ = '\0';
        if (*count == room)
            return refuse(x, name, text, "has more names than are taken");
        out[(*count)++] = word;
    }
    return true;
}

/* ---- conditions ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

static void take_value(cordon_value *out, char *text)
{
    size_t bytes = strlen(text);
    char *end;

    *out = (cordon_value){
        .type = CORDON_STRING, .length = (uint32_t)bytes, .as.string = text};
    if (bytes >= 2 && text[0] == '"' && text[bytes - 1] == '"') {
        out->as.string++;
        out->length -= 2;
        return;
    }
    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        *out = (cordon_value){.type = CORDON_BOOLEAN, .as.boolean = *text == 't'};
        return;
    }
    if (!bytes || strspn(text, "+-.0123456789eE") != bytes)
        return;
    errno = 0;
    out->as.integer = strtoll(text, &end, 10);
    if (!*end && !errno) {
        out->type = CORDON_INTEGER;
        return;
    }
    out->as.number = strtod(text, &end);
    if (!*end && isfinite(out->as.number))
        out->type = CORDON_NUMBER;
    else
        out->as.string = text;
}

/* "amount>=900", ended by a NUL, into a condition whose operator is one of the static words. */
static bool take_condition(cordon_condition *out, char *text)
{
    static const char *const operators[] = {"==", "~=", "<=", ">=", "<", ">"};
    char *at = text;

    while (is_word(*at))
        at++;
    if (at == text)
        return false;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i]);

        if (strncmp(at, operators[i], length) != 0)
            continue;
        out->property = text;
        out->compare = operators[i];
        take_value(&out->value, at + length);
        *at = '\0';
        return true;
    }
    return false;
}

static bool take_where(struct cdn_graph_query *query, struct cdn_exchange *x)
{
    const char *text = cdn_exchange_query(x, "where");
    char *rest = text ? copy_of(query, text) : NULL;

    query->query.where = query->where;
    while (rest) {
        char *one = rest;

        rest = strchr(rest, ';');
        if (rest)
            *rest++ = '\0';
        if (query->query.where_count == CORDON_MAX_CONDITIONS)
            return refuse(x, "where", text,
                          "has more conditions than the 8 that are taken");
        if (!take_condition(&query->where[query->query.where_count++], one))
            return refuse(x, "where", text,
                          "is no condition: amount>900, with == ~= < <= > or >=, and ; "
                          "between several");
    }
    return true;
}

/* ---- all of it ---- */

/* Whose grant it is: the caller's; one who has none may name any. */
static bool take_principal(struct cdn_graph_query *query, struct cdn_exchange *x)
{
    const char *own = x->caller.principal;
    const char *asked = cdn_exchange_query(x, "principal");

    query->read.principal = own ? own : asked;
    if (!own || !asked || !strcmp(own, asked))
        return true;
    cdn_exchange_problem(x, 403, "denied", "%s reads as '%s'; leave out ?principal",
                         x->caller.name, own);
    return false;
}

bool cdn_graph_query_read(struct cdn_graph_query *out, struct cdn_exchange *x,
                          bool of_node)
{
    *out =
        (struct cdn_graph_query){.read = CORDON_READ_INIT, .query = CORDON_QUERY_INIT};
    out->read.usage = &out->usage;
    out->read.cancel = &x->cancel;
    if (!take_principal(out, x) ||
        !cdn_exchange_query_flag(x, &out->show_usage, "usage") ||
        !take_time(&out->read.as_of_ms, x, "as_of"))
        return false;
    if (!of_node)
        return true;
    out->query.label = x->args[0];
    out->query.key = x->args[1];
    if (!begin_words(out, x) ||
        !take_list(out->properties, &out->query.property_count,
                   CDN_GRAPH_QUERY_PROPERTIES, out, x, "properties"))
        return false;
    if (cdn_exchange_query(x, "properties"))
        out->query.properties = out->properties;
    return true;
}

bool cdn_graph_query_edges(struct cdn_graph_query *out, struct cdn_exchange *x)
{
    static const char *const directions[] = {"both", "outgoing", "incoming", NULL};
    static const char *const orders[] = {"newest", "oldest", NULL};
    cordon_query *query = &out->query;
    uint64_t limit = 0, hops = 0, nodes = 0, edges = 0;
    int direction = 0, order = 0;

    if (!take_word(&direction, x, "direction", directions,
                   "is none of both, outgoing, incoming") ||
        !take_word(&order, x, "order", orders, "is none of newest, oldest") ||
        !take_time(&query->since_ms, x, "since") ||
        !take_time(&query->until_ms, x, "until") ||
        !take_list(out->types, &query->type_count, CDN_GRAPH_QUERY_TYPES, out, x,
                   "types") ||
        !take_where(out, x) ||
        !cdn_exchange_query_number(x, &limit, "limit", 1, CORDON_MAX_PAGE) ||
        !cdn_exchange_query_number(x, &hops, "hops", 1, 100) ||
        !cdn_exchange_query_number(x, &nodes, "max_nodes", 1, 100000) ||
        !cdn_exchange_query_number(x, &edges, "max_edges", 1, 1000000))
        return false;
    query->direction = (cordon_direction)direction;
    query->order = (cordon_order)order;
    query->types = out->types;
    query->limit = (uint32_t)limit;
    query->cursor = cdn_exchange_query(x, "cursor");
    query->hops = (uint32_t)hops;
    query->max_nodes = (uint32_t)nodes;
    query->max_edges = (uint32_t)edges;
    return true;
}

void cdn_graph_query_deinit(struct cdn_graph_query *query)
{
    cdn_buf_deinit(&query->words);
}
