/* See toy.h. */
#include "toy.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph/algorithm.h"

static const char PRELUDE[] =
    "local function N(i) return graph:node('N', i) end "
    "local function dump(s) local r = {} for n, v in s:each() do r[#r + 1] = n.key .. "
    "'=' "
    ".. (type(v) == 'number' and ('%.9f'):format(v) or v.key) end "
    "return table.concat(r, ' ') end ";

uint32_t toy_pick(struct toy *toy, uint32_t bound)
{
    return (uint32_t)cdn_random_below(&toy->state, bound);
}

static int by_list(const void *a, const void *b)
{
    const struct toy_edge *x = a;
    const struct toy_edge *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

struct toy *toy_new(uint64_t seed, uint32_t nodes, uint32_t edges)
{
    struct toy *toy = calloc(1, sizeof *toy);
    struct cdn_fixture *fixture;
    char path[256];
    char key[2][16];

    ck_assert_ptr_nonnull(toy);
    ck_assert_uint_le(nodes, TOY_NODES);
    ck_assert_uint_le(edges, TOY_EDGES);
    toy->state = seed;
    toy->nodes = nodes;
    toy->edges = edges;
    fixture = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cdn_fixture_label(fixture, "N", CDN_KEY_INT64, "");
    cdn_fixture_relation(fixture, "e", "N", "N",
                         "w:float64? far:float64?- t:timestamp!");
    for (uint32_t i = 0; i < nodes; i++) {
        (void)snprintf(key[0], sizeof key[0], "%u", i);
        cdn_fixture_node(fixture, "N", key[0]);
    }
    for (uint32_t i = 0; i < edges; i++)
        /* times are distinct: equal ones would be ordered by input */
        toy->edge[i] = (struct toy_edge){
            .from = toy_pick(toy, nodes),
            .to = toy_pick(toy, nodes),
            .weight = toy_pick(toy, 12) ? 1.0 + toy_pick(toy, 9) : (double)NAN,
            .time = (int64_t)toy_pick(toy, 1000) * TOY_EDGES + i};
    qsort(toy->edge, edges, sizeof toy->edge[0], by_list);
    for (uint32_t i = 0; i < edges; i++) {
        const struct toy_edge *edge = &toy->edge[i];

        (void)snprintf(key[0], sizeof key[0], "%u", edge->from);
        (void)snprintf(key[1], sizeof key[1], "%u", edge->to);
        if (isnan(edge->weight))
            cdn_fixture_edge(fixture, "e", "N", key[0], "N", key[1],
                             CDN_INT("t", edge->time));
        else
            cdn_fixture_edge(fixture, "e", "N", key[0], "N", key[1],
                             CDN_NUM("w", edge->weight), CDN_NUM("far", edge->weight),
                             CDN_INT("t", edge->time));
    }
    cdn_fixture_finish(fixture);
    toy->harness = harness_new(cdn_fixture_open(path), "N:; e: w far");
    cdn_fixture_remove(path);
    return toy;
}

void toy_free(struct toy *toy)
{
    harness_free(toy->harness);
    free(toy);
}

const char *toy_run(struct toy *toy, const char *body)
{
    size_t size = sizeof PRELUDE + strlen(body);
    char *source = malloc(size);
    const char *result;

    ck_assert_ptr_nonnull(source);
    (void)snprintf(source, size, "%s%s", PRELUDE, body);
    result = harness_run(toy->harness, source);
    free(source);
    return result;
}

const char *toy_runf(struct toy *toy, const char *format, ...)
{
    char body[2048];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    ck_assert_int_lt(length, (int)sizeof body);
    return toy_run(toy, body);
}

const char *toy_scores(struct toy *toy, const double *values)
{
    size_t at = 0;

    toy->text[0] = '\0';
    for (uint32_t i = 0; i < toy->nodes; i++)
        if (!isnan(values[i]))
            at += (size_t)snprintf(toy->text + at, sizeof toy->text - at, "%s%u=%.9f",
                                   at ? " " : "", i, values[i]);
    return toy->text;
}

const char *toy_groups(struct toy *toy, const uint32_t *groups)
{
    size_t at = 0;

    toy->text[0] = '\0';
    for (uint32_t i = 0; i < toy->nodes; i++)
        at += (size_t)snprintf(toy->text + at, sizeof toy->text - at, "%s%u=%u",
                               at ? " " : "", i, groups[i]);
    return toy->text;
}

bool toy_adjacent(const struct toy *toy, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < toy->edges; i++)
        if (toy->edge[i].from == from && toy->edge[i].to == to)
            return true;
    return false;
}

void toy_distances(const struct toy *toy, double *out, bool by_weight, bool undirected)
{
    uint32_t n = toy->nodes;

    for (uint32_t i = 0; i < n * n; i++)
        out[i] = i / n == i % n ? 0 : INFINITY;
    for (uint32_t i = 0; i < toy->edges; i++) {
        const struct toy_edge *edge = &toy->edge[i];
        double length = by_weight ? edge->weight : 1;
        double *there = &out[edge->from * n + edge->to];
        double *back = &out[edge->to * n + edge->from];

        if (length < *there)
            *there = length;
        if (undirected && length < *back)
            *back = length;
    }
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t j = 0; j < n; j++)
                if (out[i * n + k] + out[k * n + j] < out[i * n + j])
                    out[i * n + j] = out[i * n + k] + out[k * n + j];
}
