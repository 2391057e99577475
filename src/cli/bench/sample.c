/* Drawing nodes by degree class: see sample.h.
 *
 * Each class keeps room for twice what it may give.  When that is full it is sorted by turn
 * and cut to half, after which nodes of a later turn than the last kept are passed over: one
 * scan, and a sort for every doubling of what was seen.
 *
 * Left out: a reservoir, whose choice depends on every node before, so that one more node in a
 * store would change the whole sample. */
#include "cli/bench/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/* ---- classes ---- */

unsigned cdn_sample_class(uint64_t degree)
{
    unsigned number = 0;

    for (; degree && number < CDN_SAMPLE_NO_SUBJECT - 1; degree /= 10)
        number++;
    return number;
}

char *cdn_sample_class_name(char *out, size_t size, unsigned number)
{
    uint64_t from = 1;

    if (number == 0 || number >= CDN_SAMPLE_NO_SUBJECT) {
        snprintf(out, size, "%s", number ? "no subject" : "0");
        return out;
    }
    for (unsigned i = 1; i < number; i++)
        from *= 10;
    snprintf(out, size, "%" PRIu64 "-%" PRIu64, from, from * 10 - 1);
    return out;
}

/* ---- what is read ---- */

static bool is_named(const struct cdn_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->kind_count; i++) {
        if (!strcmp(names->kinds[i].name, name))
            return true;
    }
    return false;
}

static void count_relation(struct cdn_sample_reads *out, bool *ends, uint32_t number,
                           const struct cdn_relation *relation)
{
    const struct cdn_relation_schema *schema = relation->schema;

    out->relations[number] = true;
    ends[schema->source] = true;
    ends[schema->target] = true;
    if (schema->time >= 0 && relation->edge_count) {
        int64_t latest = relation->outgoing.columns[schema->time].maximum;

        if (latest > out->latest_ms)
            out->latest_ms = latest;
    }
}

void cdn_sample_reads(struct cdn_sample_reads *out, const struct cdn_names *names,
                      const cordon_snapshot *snapshot)
{
    bool ends[CDN_SCHEMA_MAX_LABELS] = {false};
    bool any = false;

    *out = (struct cdn_sample_reads){.latest_ms = INT64_MIN};
    for (uint32_t i = 0; i < snapshot->relation_count; i++) {
        if (is_named(names, snapshot->relations[i].schema->type))
            count_relation(out, ends, i, &snapshot->relations[i]);
    }
    for (uint32_t i = 0; i < snapshot->label_count; i++)
        any |= is_named(names, snapshot->labels[i].schema->name);
    for (uint32_t i = 0; i < snapshot->label_count; i++) {
        if (any ? is_named(names, snapshot->labels[i].schema->name) : ends[i])
            out->labels[out->label_count++] = i;
    }
}

/* ---- degrees ---- */

/* How many of the list's edges are not later than that; lists ascend by time. */
static uint32_t count_until(const struct cdn_list *list, int64_t as_of_ms)
{
    uint32_t low = 0, high = list->count;

    if (as_of_ms == INT64_MIN || !list->times)
        return list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (list->times[middle] <= as_of_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add_side(uint64_t *degree, const struct cdn_adjacency *adjacency,
                     uint32_t base, uint32_t node, int64_t as_of_ms)
{
    struct cdn_list list;

    if (node - base >= adjacency->node_count)
        return true;
    if (!cdn_adjacency_list(adjacency, node - base, &list))
        return false;
    *degree += count_until(&list, as_of_ms);
    return true;
}

cordon_status cdn_sample_degree(uint64_t *out, const cordon_snapshot *snapshot,
                                const struct cdn_sample_reads *reads, uint32_t node,
                                int64_t as_of_ms, cordon_error *err)
{
    *out = 0;
    for (uint32_t i = 0; i < snapshot->relation_count; i++) {
        const struct cdn_relation *relation = &snapshot->relations[i];

        if (!reads->relations[i])
            continue;
        if (!add_side(out, &relation->outgoing, relation->source_base, node,
                      as_of_ms) ||
            !add_side(out, &relation->incoming, relation->target_base, node, as_of_ms))
            return cdn_error_set(err, CORDON_E_CORRUPT,
                                 "the %s edges of node %u are damaged; run cordon "
                                 "snapshot verify",
                                 relation->schema->type, node);
    }
    return CORDON_OK;
}

/* ---- drawing ---- */

struct urn {
    struct cdn_sample_node *nodes;
    size_t count;
    size_t room;
    bool bounded; /* `bound` holds: one of a later turn is not among the first */
    uint64_t bound;
};

static int compare_turns(const void *a, const void *b)
{
    const struct cdn_sample_node *left = a, *right = b;

    if (left->turn != right->turn)
        return left->turn < right->turn ? -1 : 1;
    return (left->node > right->node) - (left->node < right->node);
}

static int compare_nodes(const void *a, const void *b)
{
    const struct cdn_sample_node *left = a, *right = b;

    return (left->node > right->node) - (left->node < right->node);
}

static void cut(struct urn *urn, size_t keep)
{
    if (urn->count <= keep)
        return;
    qsort(urn->nodes, urn->count, sizeof(*urn->nodes), compare_turns);
    urn->count = keep;
    urn->bounded = true;
    urn->bound = urn->nodes[keep - 1].turn;
}

static bool grow(struct urn *urn, size_t most)
{
    size_t room = urn->room ? urn->room * 2 : 64;
    struct cdn_sample_node *nodes;

    if (room > most)
        room = most;
    nodes = cdn_realloc_array(urn->nodes, room, sizeof(*nodes));
    if (!nodes)
        return false;
    urn->nodes = nodes;
    urn->room = room;
    return true;
}

static bool put(struct urn *urn, const struct cdn_sample_node *node, size_t per_class)
{
    if (urn->bounded && node->turn > urn->bound)
        return true;
    if (urn->count == urn->room) {
        if (urn->nodes && urn->room == 2 * per_class)
            cut(urn, per_class);
        else if (!grow(urn, 2 * per_class))
            return false;
    }
    urn->nodes[urn->count++] = *node;
    return true;
}

/* From the key, which is the same in every generation. */
static cordon_status take_turn(struct cdn_sample_node *node,
                               const cordon_snapshot *snapshot, uint64_t seed,
                               cordon_error *err)
{
    char room[24];
    size_t bytes;
    const char *key = cdn_snapshot_key(snapshot, node->node, room, &bytes);

    if (!key)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "the key of node %u is damaged; run cordon snapshot "
                             "verify",
                             node->node);
    node->turn = cdn_hash_mix(cdn_hash_mix(seed, cdn_hash_xxh3(key, bytes)), bytes);
    return CORDON_OK;
}

static cordon_status gather(struct cdn_sample *out, struct urn *urns, size_t per_class,
                            cordon_error *err)
{
    size_t total = 0;

    for (unsigned i = 0; i < CDN_SAMPLE_CLASSES; i++) {
        cut(&urns[i], per_class);
        if (urns[i].count)
            qsort(urns[i].nodes, urns[i].count, sizeof(*urns[i].nodes), compare_nodes);
        out->drawn[i] = urns[i].count;
        total += urns[i].count;
    }
    out->nodes = cdn_realloc_array(NULL, total, sizeof(*out->nodes));
    if (!out->nodes)
        return cdn_error_nomem(err);
    for (unsigned i = 0; i < CDN_SAMPLE_CLASSES; i++) {
        if (urns[i].count)
            memcpy(out->nodes + out->count, urns[i].nodes,
                   urns[i].count * sizeof(*out->nodes));
        out->count += urns[i].count;
    }
    return CORDON_OK;
}

cordon_status cdn_sample_draw(struct cdn_sample *out, const cordon_snapshot *snapshot,
                              const struct cdn_sample_reads *reads, uint32_t label,
                              int64_t as_of_ms, uint64_t seed, size_t per_class,
                              cordon_error *err)
{
    const struct cdn_label_data *data = &snapshot->labels[label];
    struct urn urns[CDN_SAMPLE_CLASSES] = {{0}};
    cordon_status status = CORDON_OK;

    *out = (struct cdn_sample){0};
    for (uint32_t i = 0; i < data->count && !status; i++) {
        struct cdn_sample_node node = {.node = data->base + i};
        unsigned number;

        status =
            cdn_sample_degree(&node.degree, snapshot, reads, node.node, as_of_ms, err);
        if (!status)
            status = take_turn(&node, snapshot, seed, err);
        if (status)
            break;
        number = cdn_sample_class(node.degree);
        out->population[number]++;
        if (!put(&urns[number], &node, per_class))
            status = cdn_error_nomem(err);
    }
    if (!status)
        status = gather(out, urns, per_class, err);
    for (unsigned i = 0; i < CDN_SAMPLE_CLASSES; i++)
        cdn_free(urns[i].nodes);
    return status;
}

void cdn_sample_deinit(struct cdn_sample *sample)
{
    cdn_free(sample->nodes);
    *sample = (struct cdn_sample){0};
}
