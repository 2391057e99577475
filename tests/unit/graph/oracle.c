/* See oracle.h. */
#include "oracle.h"

uint64_t oracle_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint32_t below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(oracle_random(state) % bound);
}

static void random_edge(struct cdn_fixture *f, uint64_t *state, uint32_t nodes,
                        bool type_t)
{
    static const char *const words[] = {"ant", "bee", "cat", "", "dog"};
    bool source_b = type_t && below(state, 4) == 0;
    bool target_b = type_t && !source_b && below(state, 3) == 0;
    /* one node in three edges is node 0: a supernode; and self-loops */
    uint32_t source = below(state, 3) == 0 ? 0 : below(state, nodes);
    uint32_t target = below(state, 5) == 0 ? source : below(state, nodes);
    const char *tag = words[below(state, 5)];
    const char *note = words[below(state, 5)];
    struct cdn_fixture_value values[9];
    char source_key[16], target_key[16];
    int n = 0;

    (void)snprintf(source_key, sizeof source_key, "%u", source * 3);
    (void)snprintf(target_key, sizeof target_key, "%u", target * 3);
    values[n++] =
        (struct cdn_fixture_value)CDN_INT("cents", (int64_t)below(state, 2000) - 1000);
    values[n++] =
        (struct cdn_fixture_value)CDN_NUM("rate", (double)below(state, 100000) / 7);
    if (type_t)
        values[n++] = (struct cdn_fixture_value)CDN_INT("ts", below(state, 60));
    if (below(state, 4))
        values[n++] = (struct cdn_fixture_value)CDN_NUM(
            "amount", (double)((int64_t)below(state, 100000) - 50000) / 7);
    if (below(state, 4))
        values[n++] = (struct cdn_fixture_value)CDN_FLAG("flag", below(state, 2));
    if (below(state, 4))
        values[n++] = (struct cdn_fixture_value)CDN_STR("tag", tag);
    if (below(state, 4))
        values[n++] = (struct cdn_fixture_value)CDN_STR("note", note);
    if (below(state, 4))
        values[n++] = (struct cdn_fixture_value)CDN_INT("far", below(state, 10));
    values[n] = (struct cdn_fixture_value){.name = NULL};
    cdn_fixture_put_edge(f, type_t ? "t" : "u", source_b ? "B" : "A", source_key,
                         target_b ? "B" : "A", target_key, values);
}

void oracle_graph(const char *path, uint64_t seed, uint32_t nodes, uint32_t edges,
                  uint32_t block_shift)
{
    static const char columns[] = "amount:float64? cents:int64 flag:bool? tag:string? "
                                  "note:text? far:int64?- rate:float64";
    struct cdn_fixture *f = cdn_fixture_new(path);
    char timed[256];

    cdn_fixture_block_shift(f, block_shift);
    cdn_fixture_label(f, "A", CDN_KEY_INT64, "weight:float64? size:int64?");
    cdn_fixture_label(f, "B", CDN_KEY_INT64, "weight:int64");
    (void)snprintf(timed, sizeof timed, "%s ts:timestamp!", columns);
    cdn_fixture_relation(f, "t", "A", "A", timed);
    cdn_fixture_relation(f, "t", "A", "B", timed);
    cdn_fixture_relation(f, "t", "B", "A", timed);
    cdn_fixture_relation(f, "u", "A", "A", columns);
    for (uint32_t i = 0; i < nodes; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "%u", i * 3);
        if (i % 3)
            cdn_fixture_node(f, "A", key, CDN_NUM("weight", i / 3.0),
                             CDN_INT("size", i));
        else
            cdn_fixture_node(f, "A", key);
        cdn_fixture_node(f, "B", key, CDN_INT("weight", i % 5));
    }
    for (uint32_t i = 0; i < edges; i++)
        random_edge(f, &seed, nodes, below(&seed, 4) != 0);
    cdn_fixture_finish(f);
}

void oracle_init(struct oracle *oracle, const cordon_snapshot *snapshot)
{
    memset(oracle, 0, sizeof *oracle);
    oracle->snapshot = snapshot;
    oracle->edges = calloc(snapshot->edge_count + 1, sizeof *oracle->edges);
    MUST(oracle->edges != NULL);
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];

        for (uint32_t n = 0; n < relation->source_count; n++) {
            struct cdn_list list;

            MUST(cdn_adjacency_list(&relation->outgoing, n, &list));
            for (uint32_t i = 0; i < list.count; i++)
                oracle->edges[oracle->count++] =
                    (struct oracle_edge){.id = relation->edge_base + list.position + i,
                                         .source = relation->source_base + n,
                                         .target = list.peers[i],
                                         .timed = list.times != NULL,
                                         .time = list.times ? list.times[i] : 0,
                                         .t = relation->schema->type[0] == 't',
                                         .relation = relation,
                                         .block = list.block,
                                         .index = list.start + i};
        }
    }
    MUST(oracle->count == snapshot->edge_count);
}

void oracle_deinit(struct oracle *oracle)
{
    free(oracle->edges);
    free(oracle->hits);
    free(oracle->groups);
}

bool oracle_value(const struct oracle_edge *edge, const char *property, int64_t *whole,
                  double *number, const char **text, size_t *bytes)
{
    const struct cdn_relation_schema *schema = edge->relation->schema;
    const struct cdn_column *column;
    struct cdn_cells cells;
    int32_t found;

    *text = NULL;
    *whole = 0;
    *number = 0;
    *bytes = 0;
    if (strcmp(property, "time") == 0) {
        *whole = edge->time;
        *number = (double)edge->time;
        return edge->timed;
    }
    found = cdn_properties_find(schema->properties, schema->property_count, property);
    MUST(found >= 0);
    column = &edge->relation->outgoing.columns[found];
    MUST(cdn_column_cells(column, edge->block, &cells));
    if (!cdn_cells_present(&cells, edge->index))
        return false;
    switch (column->property->type) {
    case CDN_COLUMN_BOOL:
        *whole = ((const uint8_t *)cells.values)[edge->index];
        break;
    case CDN_COLUMN_INT64:
    case CDN_COLUMN_TIMESTAMP:
        *whole = cdn_column_integer(column, cells.values, edge->index);
        *number = (double)*whole;
        break;
    case CDN_COLUMN_FLOAT64:
        *number = ((const double *)cells.values)[edge->index];
        break;
    case CDN_COLUMN_STRING:
    case CDN_COLUMN_TEXT:
    case CDN_COLUMN_BAG:
        *text = cdn_column_bytes(column, edge->block, edge->index, bytes);
        MUST(*text != NULL);
        break;
    }
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct oracle_hit *x = a;
    const struct oracle_hit *y = b;

    if (x->edge->time != y->edge->time)
        return x->edge->time < y->edge->time ? -1 : 1;
    if (x->peer != y->peer)
        return x->peer < y->peer ? -1 : 1;
    return x->edge->id < y->edge->id ? -1 : x->edge->id > y->edge->id;
}

static bool passes(const struct oracle_hit *hit, const struct cdn_operation *operation,
                   const char *property)
{
    const char *text;
    int64_t whole;
    double number;
    size_t bytes;
    double left, right;
    int order;

    if (!oracle_value(hit->edge, property, &whole, &number, &text, &bytes))
        return false;
    switch ((enum cdn_operand)operation->operand) {
    case CDN_OPERAND_COLUMN:
        return false; /* an oracle's set starts from plain nodes */
    case CDN_OPERAND_BOOLEAN:
        order = (int)whole - (int)operation->as.boolean;
        break;
    case CDN_OPERAND_NUMBER:
        left = number;
        right = operation->as.number;
        order = (left > right) - (left < right);
        break;
    case CDN_OPERAND_STRING:
    default:
        order = memcmp(text, operation->as.text,
                       bytes < operation->bytes ? bytes : operation->bytes);
        if (order == 0)
            order = (bytes > operation->bytes) - (bytes < operation->bytes);
        break;
    }
    switch ((enum cdn_compare)operation->compare) {
    case CDN_COMPARE_EQ:
        return order == 0;
    case CDN_COMPARE_NE:
        return order != 0;
    case CDN_COMPARE_LT:
        return order < 0;
    case CDN_COMPARE_LE:
        return order <= 0;
    case CDN_COMPARE_GT:
        return order > 0;
    case CDN_COMPARE_GE:
        break;
    }
    return order >= 0;
}

/* How hits[i] fares among its list first .. past - 1, if it has a value: *cut says that
 * `most` others come before it by value, then peer, then edge. */
static bool ranked(const struct oracle_hit *hits, uint32_t first, uint32_t past,
                   uint32_t i, const struct cdn_operation *operation,
                   const char *property, bool *cut)
{
    double sign = operation->kind == CDN_OPERATION_LARGEST ? 1 : -1;
    const char *text;
    int64_t whole;
    double mine;
    size_t bytes;
    uint64_t ahead = 0;

    if (!oracle_value(hits[i].edge, property, &whole, &mine, &text, &bytes))
        return false;
    for (uint32_t j = first; j < past; j++) {
        double other;

        if (!oracle_value(hits[j].edge, property, &whole, &other, &text, &bytes))
            continue;
        if (other != mine)
            ahead += sign * other > sign * mine;
        else if (hits[j].peer != hits[i].peer)
            ahead += hits[j].peer < hits[i].peer;
        else
            ahead += hits[j].edge->id < hits[i].edge->id;
    }
    *cut = ahead >= operation->as.count;
    return true;
}

/* One operation over the whole set; `hits` stay grouped by source place `group`. */
static uint32_t apply(struct oracle_hit *hits, uint32_t *groups, uint32_t count,
                      const struct cdn_operation *operation, const char *property,
                      bool *truncated)
{
    uint32_t kept = 0;

    uint32_t first = 0, past = 0; /* the list that edge i is in */
    bool *drop = calloc(count + 1, sizeof *drop);

    MUST(drop != NULL);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t after, before;
        bool keep = true;
        bool cut = false;

        if (i == past) {
            first = i;
            while (past < count && groups[past] == groups[i])
                past++;
        }
        before = i - first;
        after = past - 1 - i;
        switch ((enum cdn_operation_kind)operation->kind) {
        case CDN_OPERATION_WINDOW:
            keep = hits[i].edge->time >= operation->as.window.low &&
                   hits[i].edge->time <= operation->as.window.high;
            break;
        case CDN_OPERATION_WHERE:
            keep = passes(&hits[i], operation, property);
            break;
        case CDN_OPERATION_LATEST:
            cut = after >= operation->as.count;
            break;
        case CDN_OPERATION_EARLIEST:
            cut = before >= operation->as.count;
            break;
        case CDN_OPERATION_LIMIT:
            cut = i >= operation->as.count;
            break;
        case CDN_OPERATION_LARGEST:
        case CDN_OPERATION_SMALLEST:
            keep = ranked(hits, first, past, i, operation, property, &cut);
            break;
        }
        *truncated = *truncated || cut;
        drop[i] = !keep || cut;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (drop[i])
            continue;
        hits[kept] = hits[i];
        groups[kept++] = groups[i];
    }
    free(drop);
    return kept;
}

struct oracle_hit *
oracle_evaluate(struct oracle *oracle, uint32_t *count, bool *truncated, bool type_t,
                enum cdn_direction direction, const uint32_t *nodes,
                uint32_t node_count, const struct cdn_operation *operations,
                const char *const *properties, uint32_t operation_count, int64_t as_of)
{
    size_t room = (size_t)oracle->count * node_count + 1;
    struct oracle_hit *hits;
    uint32_t *groups;
    uint32_t n = 0;

    if (room > oracle->room) {
        oracle->hits = realloc(oracle->hits, room * sizeof *hits);
        oracle->groups = realloc(oracle->groups, room * sizeof *groups);
        oracle->room = room;
    }
    hits = oracle->hits;
    groups = oracle->groups;
    MUST(hits != NULL);
    MUST(groups != NULL);
    *truncated = false;
    for (uint32_t s = 0; s < node_count; s++) {
        uint32_t first = n;

        for (uint32_t i = 0; i < oracle->count; i++) {
            const struct oracle_edge *edge = &oracle->edges[i];
            bool out = edge->source == nodes[s] && direction != CDN_INCOMING;
            bool in = edge->target == nodes[s] && direction != CDN_OUTGOING;

            if (edge->t != type_t || (edge->timed && edge->time > as_of) ||
                !(out || in))
                continue;
            groups[n] = s;
            hits[n++] =
                (struct oracle_hit){edge, nodes[s], out ? edge->target : edge->source};
        }
        qsort(hits + first, n - first, sizeof *hits, by_time);
    }
    for (uint32_t i = 0; i < operation_count; i++)
        n = apply(hits, groups, n, &operations[i], properties[i], truncated);
    *count = n;
    return hits;
}
