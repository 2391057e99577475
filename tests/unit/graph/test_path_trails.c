/* Simple paths and cycles against trying every sequence of edges. */
#include <inttypes.h>
#include <math.h>

#include "toy.h"

struct wanted {
    uint32_t from;
    uint32_t to;
    int direction; /* 0 outgoing, 1 incoming, 2 both */
    uint32_t min_hops;
    uint32_t max_hops;
    bool ordered;
    int64_t within;   /* < 0: any */
    double tolerance; /* < 0: any */
    double at_least;  /* of the weight; < 0: any */
    int64_t since;
    int64_t up_to;
};

struct found {
    uint64_t count;
    double largest;
};

static bool admissible(const struct wanted *wanted, const struct toy_edge *way,
                       uint32_t hops)
{
    int64_t first = way[0].time;
    int64_t last = way[0].time;
    double least = way[0].weight;
    double most = way[0].weight;

    for (uint32_t i = 0; i < hops; i++) {
        if (isnan(way[i].weight) || way[i].weight < wanted->at_least ||
            way[i].time < wanted->since || way[i].time > wanted->up_to)
            return false;
        if (i > 0 && wanted->ordered &&
            (wanted->direction == 1 ? way[i].time >= way[i - 1].time
                                    : way[i].time <= way[i - 1].time))
            return false;
        first = way[i].time < first ? way[i].time : first;
        last = way[i].time > last ? way[i].time : last;
        least = way[i].weight < least ? way[i].weight : least;
        most = way[i].weight > most ? way[i].weight : most;
    }
    return (wanted->within < 0 || last - first <= wanted->within) &&
           (wanted->tolerance < 0 || most <= (1 + wanted->tolerance) * least);
}

/* All ways on from nodes[depth]. */
static void try_all(struct found *found, const struct toy *toy,
                    const struct wanted *wanted, uint32_t *nodes, struct toy_edge *way,
                    uint32_t *used, uint32_t depth)
{
    for (uint32_t e = 0; e < toy->edges && depth < wanted->max_hops; e++) {
        for (int back = 0; back < 2; back++) {
            const struct toy_edge *edge = &toy->edge[e];
            uint32_t here = back ? edge->to : edge->from;
            uint32_t there = back ? edge->from : edge->to;
            bool again = false;
            double total = 0;

            if (here != nodes[depth] ||
                (wanted->direction != 2 && wanted->direction != back) ||
                (back && wanted->direction == 2 && here == there))
                continue;
            for (uint32_t i = 0; i < depth; i++)
                again = again || used[i] == e;
            if (again)
                continue;
            way[depth] = *edge;
            used[depth] = e;
            if (there == wanted->to && depth + 1 >= wanted->min_hops &&
                admissible(wanted, way, depth + 1)) {
                for (uint32_t i = 0; i <= depth; i++)
                    total += way[i].weight;
                found->largest =
                    found->count && found->largest > total ? found->largest : total;
                found->count++;
            }
            again = there == wanted->to;
            for (uint32_t i = 0; i <= depth; i++)
                again = again || nodes[i] == there;
            if (again)
                continue;
            nodes[depth + 1] = there;
            try_all(found, toy, wanted, nodes, way, used, depth + 1);
        }
    }
}

static struct wanted draw(struct toy *toy, bool cycle)
{
    struct wanted wanted = {.from = toy_pick(toy, toy->nodes),
                            .to = toy_pick(toy, toy->nodes),
                            .direction = cycle ? 0 : (int)toy_pick(toy, 3),
                            .min_hops = 1 + toy_pick(toy, 2),
                            .ordered = toy_pick(toy, 2),
                            .within =
                                toy_pick(toy, 2) ? (int64_t)toy_pick(toy, 90000) : -1,
                            .tolerance = toy_pick(toy, 2) ? toy_pick(toy, 5) / 4.0 : -1,
                            .at_least = toy_pick(toy, 3) ? -1 : 3,
                            .since = toy_pick(toy, 3) ? INT64_MIN : 20000,
                            .up_to = toy_pick(toy, 3) ? INT64_MAX : 100000};

    wanted.max_hops = wanted.min_hops + toy_pick(toy, 3);
    if (cycle)
        wanted.to = wanted.from;
    else if (wanted.from == wanted.to)
        wanted.to = (wanted.to + 1) % toy->nodes;
    return wanted;
}

/* The options table in Lua. */
static void describe(char *out, size_t size, const struct wanted *wanted, bool cycle)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};
    size_t at = (size_t)snprintf(
        out, size,
        "{ min_hops = %u, max_hops = %u, amount = 'w', limit = 10000, ordered = %s",
        wanted->min_hops, wanted->max_hops, wanted->ordered ? "true" : "false");

    if (!cycle)
        at += (size_t)snprintf(out + at, size - at, ", direction = '%s'",
                               directions[wanted->direction]);
    if (wanted->within >= 0)
        at += (size_t)snprintf(out + at, size - at, ", within = %" PRId64,
                               wanted->within);
    if (wanted->tolerance >= 0)
        at += (size_t)snprintf(out + at, size - at, ", tolerance = %.2f",
                               wanted->tolerance);
    at += (size_t)snprintf(out + at, size - at, ", edges = { e = { ");
    if (wanted->since != INT64_MIN)
        at += (size_t)snprintf(out + at, size - at, "since = %" PRId64 ", ",
                               wanted->since);
    if (wanted->up_to != INT64_MAX)
        at += (size_t)snprintf(out + at, size - at, "before = %" PRId64 ", ",
                               wanted->up_to + 1);
    if (wanted->at_least >= 0)
        at += (size_t)snprintf(out + at, size - at, "where = { 'w', '>=', %.0f }",
                               wanted->at_least);
    (void)snprintf(out + at, size - at, " } } }");
}

/* Every way that is given holds together, and no two are the same. */
#define CHECKED                                                                        \
    "local seen = {} for _, way in ipairs(found) do local text, sum, met = {}, 0, {} " \
    "for i, e in ipairs(way.edges) do sum = sum + e.w text[i] = e.w .. '@' .. e.time " \
    "local a, b = way.nodes[i], way.nodes[i + 1] assert(e.source == a and e.target "   \
    "== "                                                                              \
    "b or e.source == b and e.target == a) assert(not met[a]) met[a] = true end "      \
    "assert(sum == way.total and way.hops == #way.edges) text = table.concat(text, "   \
    "' ') assert(not seen[text], text) seen[text] = true end "

static void compare(struct toy *toy, bool cycle)
{
    struct wanted wanted = draw(toy, cycle);
    struct found found = {0};
    uint32_t nodes[8] = {wanted.from};
    uint32_t used[8];
    struct toy_edge way[8];
    char options[512];
    char expected[96];
    char call[64];

    try_all(&found, toy, &wanted, nodes, way, used, 0);
    describe(options, sizeof options, &wanted, cycle);
    (void)snprintf(expected, sizeof expected,
                   found.count ? "%" PRIu64 " %.0f" : "0 nil", found.count,
                   found.largest);
    (void)snprintf(call, sizeof call,
                   cycle ? "graph:cycles(N(%u), o)" : "graph:paths(N(%u), N(%u), o)",
                   wanted.from, wanted.to);
    ck_assert_str_eq(
        toy_runf(toy,
                 "local o = %s local found = %s " CHECKED
                 "assert(#found == found.count) o.list, o.limit = false, nil "
                 "local counted = %s assert(#counted == 0) "
                 "assert(counted.count == found.count and counted.largest == "
                 "found.largest) return found.count, found.largest",
                 options, call, call),
        expected);
}

START_TEST(cycles__agree_with_trying_everything)
{
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 6, 8 + seed % 20);

        compare(toy, true);
        toy_free(toy);
    }
}
END_TEST

START_TEST(paths__agree_with_trying_everything)
{
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct toy *toy = toy_new(seed, 3 + seed % 6, 6 + seed % 16);

        compare(toy, false);
        toy_free(toy);
    }
}
END_TEST

START_TEST(trails__end_at_the_limit_and_say_so)
{
    struct toy *toy = toy_new(3, 5, 40);

    ck_assert_str_eq(toy_run(toy, "return #graph:cycles(N(1), { limit = 2 })"), "2");
    ck_assert(toy->harness->run.truncated);
    ck_assert_str_eq(
        toy_run(toy, "local all = graph:cycles(N(1), { limit = 10000, max_hops = 3 }) "
                     "return all.count == #graph:cycles(N(1), { limit = all.count, "
                     "max_hops = 3 })"),
        "true");
    ck_assert(!toy->harness->run.truncated);
    toy_free(toy);
}
END_TEST

START_TEST(trails__twice_the_calls_is_twice_the_charge)
{
    struct toy *toy = toy_new(12, 12, 100);
    uint64_t none;
    uint64_t once;
    uint64_t edges;

    toy_run(toy, "return 0");
    none = toy_instructions(toy);
    toy_run(toy, "graph:cycles(N(0), { list = false }) return 0");
    once = toy_instructions(toy) - none;
    edges = toy_edges_read(toy);
    toy_run(toy,
            "graph:cycles(N(0), { list = false }) graph:cycles(N(0), { list = false "
            "}) return 0");
    ck_assert_uint_eq(toy_instructions(toy) - none, 2 * once);
    ck_assert_uint_eq(toy_edges_read(toy), 2 * edges);
    toy_free(toy);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph/path_trails");
    TCase *tc = tcase_create("path_trails");

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, cycles__agree_with_trying_everything);
    tcase_add_test(tc, paths__agree_with_trying_everything);
    tcase_add_test(tc, trails__end_at_the_limit_and_say_so);
    tcase_add_test(tc, trails__twice_the_calls_is_twice_the_charge);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
