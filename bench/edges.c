/* What reading an edge costs, by the way it is asked for.
 *
 *   bench_edges STORE LABEL KEY ROUNDS RULE...
 *
 * Each rule reads the edges around one node many times over, or makes a view of them and
 * runs an algorithm on it.  For each it prints the least time of ROUNDS evaluations, in ns,
 * the edges one evaluation reads, and the integer it returns: how many edges the algorithm
 * went over.  The caller divides what lies above the first rule's time by the edges. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cordon.h>

static _Noreturn void die(const char *what, const cordon_error *err)
{
    fprintf(stderr, "bench_edges: %s: %s\n", what, err ? err->message : "");
    exit(1);
}

static void measure(cordon_engine *engine, cordon_outcome *outcome, const char *file,
                    const cordon_request *request, long rounds)
{
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_error err = {0};
    uint64_t least = UINT64_MAX;
    uint64_t edges = 0;
    cordon_value output;

    if (cordon_engine_load_rule_file(engine, file, rule, &err))
        die(file, &err);
    for (long i = 0; i < rounds; i++) {
        const cordon_usage *usage;

        if (cordon_evaluate(outcome, engine, rule, request, &err))
            die(file, &err);
        if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK) {
            fprintf(stderr, "bench_edges: %s: %s\n", file,
                    cordon_outcome_message(outcome));
            exit(1);
        }
        usage = cordon_outcome_usage(outcome);
        edges = usage->edges;
        if (usage->wall_ns < least)
            least = usage->wall_ns;
    }
    output = cordon_outcome_output(outcome);
    printf("%" PRIu64 " %" PRIu64 " %" PRId64 "\n", least, edges,
           output.type == CORDON_INTEGER ? output.as.integer : 0);
}

int main(int argc, char **argv)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_snapshot *snapshot = NULL;
    cordon_engine *engine;
    cordon_outcome *outcome;
    cordon_error err = {0};
    long rounds;

    if (argc < 6 || (rounds = strtol(argv[4], NULL, 10)) < 1) {
        fprintf(stderr, "usage: bench_edges STORE LABEL KEY ROUNDS RULE...\n");
        return 2;
    }
    options.slots = 1;
    options.max_memory_bytes = UINT64_C(64) << 20;
    if (cordon_engine_new(&engine, &options, &err) ||
        cordon_snapshot_open(&snapshot, argv[1], NULL, &err) ||
        cordon_engine_set_snapshot(engine, snapshot, &err) ||
        cordon_outcome_new(&outcome, &err))
        die(argv[1], &err);
    request.label = argv[2];
    request.key = argv[3];
    request.now_ms = INT64_C(1800000000000);
    for (int i = 5; i < argc; i++)
        measure(engine, outcome, argv[i], &request, rounds);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
    cordon_snapshot_release(snapshot);
    return 0;
}
