/* What cutting slices for workers behind walls costs (src/isolation/README.md): one of all that is
 * granted, and neighbourhoods of 1, 2 ... hops around some nodes of a label, evenly spread.
 *
 *   bench_cut STORE LABEL NODES HOPS
 *
 * One JSON line each: nodes, edges and bytes of the slices (medians), and the time to cut one, of
 * which the plan, made once for a grant and a generation, is no part. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/snapshot.h>

#include "base/clock.h"
#include "graph/veil.h"

struct cut {
    uint64_t ns, nodes, edges, bytes;
};

static int by_ns(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;

    return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static int fail(const cordon_error *err)
{
    fprintf(stderr, "bench_cut: %s\n", err->message);
    return 3;
}

static bool make(struct cut *out, struct cdn_buf *slice, const struct cdn_veil *veil,
                 const cordon_snapshot *snapshot, struct cdn_slice_how how,
                 cordon_error *err)
{
    uint64_t began_ns = cdn_clock_ns();
    cordon_snapshot *opened;

    slice->length = 0;
    if (cdn_veil_cut(slice, veil, snapshot, &cdn_grant_everything, how, err))
        return false;
    out->ns = cdn_clock_ns() - began_ns;
    out->bytes = slice->length;
    if (cordon_snapshot_open_slice(&opened, slice->data, slice->length, NULL, err))
        return false;
    out->nodes = cordon_snapshot_node_count(opened);
    out->edges = cordon_snapshot_edge_count(opened);
    cordon_snapshot_release(opened);
    return true;
}

static void print(const char *what, struct cut *cuts, size_t count)
{
    qsort(cuts, count, sizeof *cuts, by_ns);
    printf("{\"slice\":\"%s\",\"cuts\":%zu,\"nodes\":%" PRIu64 ",\"edges\":%" PRIu64
           ",\"bytes\":%" PRIu64 ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64 "}\n",
           what, count, cuts[count / 2].nodes, cuts[count / 2].edges,
           cuts[count / 2].bytes, cuts[count / 2].ns, cuts[count * 99 / 100].ns);
}

int main(int argc, char **argv)
{
    struct cdn_slice_how how = {.all = true,
                                .as_of_ms = INT64_MAX,
                                .max_nodes = UINT32_MAX,
                                .max_edges = UINT64_MAX};
    struct cdn_buf slice = {0};
    cordon_snapshot *snapshot;
    struct cdn_veil *veil;
    cordon_error err = {0};
    struct cut *cuts;
    int32_t label;

    if (argc != 5)
        return 2;
    if (cordon_snapshot_open(&snapshot, argv[1], NULL, &err) ||
        cdn_veil_new(&veil, snapshot, &cdn_grant_everything, &err))
        return fail(&err);
    label = cdn_schema_label(&snapshot->schema, argv[2]);
    size_t count = (size_t)strtoull(argv[3], NULL, 10);
    unsigned long most = strtoul(argv[4], NULL, 10);
    cuts = calloc(count + 1, sizeof *cuts);
    if (label < 0 || !count || !cuts || count > snapshot->labels[label].count)
        return 2;
    if (!make(&cuts[0], &slice, veil, snapshot, how, &err))
        return fail(&err);
    print("granted", cuts, 1);
    how.all = false;
    for (how.hops = 1; how.hops <= most; how.hops++) {
        char what[32];

        for (size_t i = 0; i < count; i++) {
            uint32_t node =
                snapshot->labels[label].base +
                (uint32_t)(i * (uint64_t)snapshot->labels[label].count / count);

            how.nodes = &node;
            how.node_count = 1;
            if (!make(&cuts[i], &slice, veil, snapshot, how, &err))
                return fail(&err);
        }
        snprintf(what, sizeof what, "hops=%" PRIu32, how.hops);
        print(what, cuts, count);
    }
    free(cuts);
    cdn_buf_deinit(&slice);
    cdn_veil_free(veil);
    cordon_snapshot_release(snapshot);
    return 0;
}
