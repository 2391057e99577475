/* What one request costs in a graph of any size, around nodes of equal neighbourhood.
 *
 *   bench_flat STORE RULE REQUESTS
 *
 * STORE was imported from what bench_scale_gen writes.  Accounts are drawn until REQUESTS of
 * them have sent 8 to 12 payments, and their payees 10 to 30 in the later half of the time:
 * so none of those is an account that a fifth of all edges go through.  The store is opened
 * anew, and the rule evaluated for each, once to touch what it reads and once to be timed:
 * what is compared between graphs is a page cache, and page tables, that are warm.
 *
 * Prints nodes, edges, requests, p50 and mean of the second pass in ns, p50 and mean of the
 * first, page faults of the first and second pass, edges read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cordon.h>

enum { SENT, PAYEES_SENT }; /* in the rule's output */

struct bench {
    cordon_snapshot *snapshot;
    cordon_engine *engine;
    cordon_outcome *outcome;
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    int64_t since_ms;
    uint64_t nodes, edges;
};

static _Noreturn void die(const char *what, const cordon_error *err)
{
    fprintf(stderr, "bench_flat: %s%s%s\n", what, err ? ": " : "",
            err ? err->message : "");
    exit(3);
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

/* The same on every machine. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 24;
}

static void bench_open(struct bench *bench, const char *store, const char *rule)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_error err = {0};

    options.slots = 1;
    if (cordon_engine_new(&bench->engine, &options, &err) ||
        cordon_snapshot_open(&bench->snapshot, store, NULL, &err) ||
        cordon_engine_set_snapshot(bench->engine, bench->snapshot, &err) ||
        cordon_engine_load_rule_file(bench->engine, rule, bench->rule, &err) ||
        cordon_outcome_new(&bench->outcome, &err))
        die(store, &err);
    bench->nodes = cordon_snapshot_node_count(bench->snapshot);
    bench->edges = cordon_snapshot_edge_count(bench->snapshot);
    bench->since_ms = INT64_C(1700000000000) + (int64_t)bench->edges * 20;
}

static void bench_close(struct bench *bench)
{
    cordon_outcome_free(bench->outcome);
    cordon_engine_free(bench->engine);
    cordon_snapshot_release(bench->snapshot);
}

/* Evaluate the rule for a node of the generator; how long it took. */
static uint64_t evaluate(const struct bench *bench, uint64_t node)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err = {0};
    char key[24];
    uint64_t started;

    snprintf(key, sizeof key, "%" PRIu64, 1000000000 + node * 7919);
    started = now_ns();
    request.label = "Account";
    request.key = key;
    request.now_ms = bench->since_ms;
    if (cordon_evaluate(bench->outcome, bench->engine, bench->rule, &request, &err))
        die("evaluate", &err);
    if (cordon_outcome_get_kind(bench->outcome) != CORDON_OUTCOME_OK)
        die(cordon_outcome_message(bench->outcome), NULL);
    return now_ns() - started;
}

static int64_t returned(const struct bench *bench, uint32_t place)
{
    cordon_value output = cordon_outcome_output(bench->outcome);
    cordon_value value;

    if (!cordon_value_at(&value, &output, place) || value.type != CORDON_INTEGER)
        die("the rule returned something else", NULL);
    return value.as.integer;
}

static void draw(uint64_t *nodes, size_t count, const struct bench *bench)
{
    uint64_t state = 1;
    size_t found = 0;

    for (size_t tries = 0; found < count; tries++) {
        uint64_t node = next_random(&state) % bench->nodes;
        int64_t sent, payees_sent;

        if (tries > 1000 * count + 1000000)
            die("the graph has too few such accounts", NULL);
        if (node % 1000 == 0)
            continue;
        evaluate(bench, node);
        sent = returned(bench, SENT);
        payees_sent = returned(bench, PAYEES_SENT);
        if (sent >= 8 && sent <= 12 && payees_sent >= 10 && payees_sent <= 30)
            nodes[found++] = node;
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

struct pass {
    uint64_t p50, mean, faults, edges;
};

static struct pass go_over(const struct bench *bench, const uint64_t *nodes,
                           size_t count, uint64_t *ns)
{
    struct pass pass = {.faults = faults()};

    for (size_t i = 0; i < count; i++) {
        ns[i] = evaluate(bench, nodes[i]);
        pass.mean += ns[i];
        pass.edges += cordon_outcome_usage(bench->outcome)->edges;
    }
    pass.faults = faults() - pass.faults;
    pass.mean /= count;
    qsort(ns, count, sizeof *ns, by_size);
    pass.p50 = ns[count / 2];
    return pass;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct pass first, second;
    uint64_t *nodes, *ns;
    size_t count;

    if (argc != 4 || (count = (size_t)strtoull(argv[3], NULL, 10)) == 0) {
        fprintf(stderr, "usage: bench_flat STORE RULE REQUESTS\n");
        return 2;
    }
    bench_open(&bench, argv[1], argv[2]);
    nodes = calloc(count, sizeof *nodes);
    ns = calloc(count, sizeof *ns);
    if (!nodes || !ns)
        die("out of memory", NULL);
    draw(nodes, count, &bench);
    bench_close(&bench);
    bench_open(&bench, argv[1], argv[2]);
    first = go_over(&bench, nodes, count, ns);
    second = go_over(&bench, nodes, count, ns);
    printf("%" PRIu64 " %" PRIu64 " %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
           " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           bench.nodes, bench.edges, count, second.p50, second.mean, first.p50,
           first.mean, first.faults, second.faults, second.edges);
    free(nodes);
    free(ns);
    bench_close(&bench);
    return 0;
}
