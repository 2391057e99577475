/* How long opening a snapshot takes, warm: prints "<median ns> <segments> <file nodes>
 * <edges>" over REPEATS opens.
 *
 *   bench_open STORE REPEATS */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cordon.h>

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    uint64_t segments = 0, nodes = 0, edges = 0;
    cordon_error err = {0};

    if (argc != 3)
        return 2;
    size_t repeats = (size_t)strtoull(argv[2], NULL, 10);
    uint64_t *ns = calloc(repeats + 1, sizeof *ns);
    if (!ns || !repeats)
        return 3;
    for (size_t i = 0; i < repeats; i++) {
        cordon_snapshot *snapshot;
        uint64_t started = now_ns();
        if (cordon_snapshot_open(&snapshot, argv[1], NULL, &err)) {
            fprintf(stderr, "bench_open: %s\n", err.message);
            return 3;
        }
        ns[i] = now_ns() - started;
        segments = cordon_snapshot_segment_count(snapshot);
        nodes = cordon_snapshot_node_count(snapshot);
        edges = cordon_snapshot_edge_count(snapshot);
        cordon_snapshot_release(snapshot);
    }
    qsort(ns, repeats, sizeof *ns, by_size);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", ns[repeats / 2],
           segments, nodes, edges);
    free(ns);
    return 0;
}
