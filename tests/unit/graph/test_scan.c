/* Edge sets against the oracle: random graphs, sources, pipelines, as_of, every finishing
 * method.  The same pipelines run over blocks of sixteen nodes and over one large block. */
#include "graph/aggregate.h"
#include "graph/lua_common.h"
#include "graph/scan.h"
#include "oracle.h"

#include <math.h>

#define NODES  17
#define ROUNDS 40000

static const char *const PROPERTIES[] = {"amount", "cents", "flag", "tag",
                                         "note",   "far",   "time"};
static const char *const RANKED[] = {"amount", "cents", "far", "rate", "time"};
static const char *const WORDS[] = {"ant", "bee", "cat", "", "bb"};

struct job {
    struct oracle oracle;
    uint64_t state;
    uint32_t rounds;
    uint64_t checked;
};

static uint32_t pick(struct job *job, uint32_t bound)
{
    return (uint32_t)(oracle_random(&job->state) % bound);
}

/* The slot the binding knows a property by. */
static uint32_t slot_of(const struct cdn_graph_run *run, const char *property)
{
    if (strcmp(property, "time") == 0)
        return CDN_SLOT_TIME;
    for (uint32_t i = 0; i < run->names->property_count; i++)
        if (strcmp(run->names->properties[i], property) == 0)
            return i;
    ck_abort_msg("no slot of %s", property);
    return 0;
}

static uint32_t kind_of(const struct cdn_graph_run *run, const char *name)
{
    for (uint32_t i = 0; i < run->names->kind_count; i++)
        if (strcmp(run->names->kinds[i].name, name) == 0)
            return i;
    ck_abort_msg("no kind %s", name);
    return 0;
}

static struct cdn_operation random_condition(struct job *job,
                                             const struct cdn_graph_run *run,
                                             bool timed, const char **property)
{
    uint32_t number = pick(job, timed ? 7 : 6);
    struct cdn_operation condition = {.kind = CDN_OPERATION_WHERE,
                                      .compare = (uint8_t)pick(job, 6)};

    *property = PROPERTIES[number];
    condition.slot = (uint8_t)slot_of(run, *property);
    if (number == 2) {
        condition.compare = (uint8_t)pick(job, 2);
        condition.operand = CDN_OPERAND_BOOLEAN;
        condition.as.boolean = pick(job, 2);
    } else if (number == 3 || number == 4) {
        condition.operand = CDN_OPERAND_STRING;
        condition.as.text = WORDS[pick(job, 5)];
        condition.bytes = (uint32_t)strlen(condition.as.text);
    } else {
        static const double scales[] = {2000, 300, 0, 0, 0, 3, 20};

        condition.operand = CDN_OPERAND_NUMBER;
        condition.as.number =
            ((double)pick(job, 9) - (number < 2 ? 4 : 0)) / 4 * scales[number];
    }
    return condition;
}

static struct cdn_operation random_operation(struct job *job,
                                             const struct cdn_graph_run *run,
                                             bool timed, const char **property)
{
    struct cdn_operation operation = {.kind = CDN_OPERATION_LIMIT};

    *property = "";
    switch (pick(job, timed ? 7 : 5)) {
    case 0:
        operation.kind = CDN_OPERATION_LATEST;
        operation.as.count = pick(job, 30);
        return operation;
    case 1:
        operation.kind = CDN_OPERATION_EARLIEST;
        operation.as.count = pick(job, 30);
        return operation;
    case 2:
        operation.as.count = pick(job, 80);
        return operation;
    case 3:
        return random_condition(job, run, timed, property);
    case 4:
        operation.kind = pick(job, 2) ? CDN_OPERATION_LARGEST : CDN_OPERATION_SMALLEST;
        operation.as.count = pick(job, 20);
        *property = RANKED[pick(job, timed ? 5 : 4)];
        operation.slot = (uint8_t)slot_of(run, *property);
        return operation;
    default:
        break;
    }
    operation.kind = CDN_OPERATION_WINDOW;
    operation.as.window.low = pick(job, 3) ? (int64_t)pick(job, 60) : INT64_MIN;
    operation.as.window.high = pick(job, 3) ? (int64_t)pick(job, 70) : INT64_MAX;
    return operation;
}

static uint32_t random_nodes(struct job *job, uint32_t *nodes)
{
    uint32_t all = job->oracle.snapshot->node_count;
    uint32_t wanted = pick(job, 3) ? 1 : pick(job, all + 1);
    uint32_t count = 0;
    bool used[2 * NODES] = {false};

    while (count < wanted) {
        uint32_t node = pick(job, all);

        if (used[node])
            continue;
        used[node] = true;
        nodes[count++] = node;
    }
    return count;
}

/* One random set, pushed on the stack, and what the oracle makes of it. */
struct trial {
    struct cdn_edges *set;
    bool timed;
    struct oracle_hit *hits;
    uint32_t count;
    bool truncated;
};

static void make_trial(lua_State *L, struct job *job, struct trial *trial)
{
    struct cdn_graph_run *run = cdn_slot_host(L);
    struct cdn_operation operations[6];
    const char *properties[6];
    uint32_t count = pick(job, 6);
    enum cdn_direction direction = (enum cdn_direction)pick(job, 3);
    uint32_t *nodes = cdn_scratch_alloc(L, 2 * NODES * sizeof *nodes);
    uint32_t node_count = random_nodes(job, nodes);

    run->memo = pick(job, 4) ? &((struct harness *)(void *)run)->memo : NULL;
    trial->timed = pick(job, 3) != 0;
    run->as_of_ms =
        trial->timed && pick(job, 2) ? (int64_t)pick(job, 62) - 1 : INT64_MAX;
    lua_newtable(L); /* stands for the metatable */
    trial->set = cdn_edges_push(L, 1, 0);
    trial->set->direction = (uint8_t)direction;
    trial->set->kind = (uint8_t)kind_of(run, trial->timed ? "t" : "u");
    trial->set->node_count = node_count;
    trial->set->node = nodes[0];
    trial->set->nodes = node_count == 1 && pick(job, 2) ? NULL : nodes;
    for (uint32_t i = 0; i < count; i++) {
        operations[i] = random_operation(job, run, trial->timed, &properties[i]);
        cdn_edges_refine(L, 1, lua_gettop(L), &operations[i]);
        trial->set = lua_touserdata(L, -1);
    }
    trial->hits = oracle_evaluate(&job->oracle, &trial->count, &trial->truncated,
                                  trial->timed, direction, nodes, node_count,
                                  operations, properties, count, run->as_of_ms);
}

static void check_fold(lua_State *L, struct job *job, const struct trial *trial)
{
    static const char *const numeric[] = {"amount", "cents", "far", "rate", "time"};
    const char *property = numeric[pick(job, trial->timed ? 5 : 4)];
    struct cdn_graph_run *run = cdn_slot_host(L);
    enum cdn_fold_kind kind = (enum cdn_fold_kind)pick(job, 3);
    double lanes[4] = {0, 0, 0, 0};
    double low = INFINITY, high = -INFINITY;
    struct cdn_fold fold;
    int64_t total = 0;
    uint64_t kept = 0;

    if (strcmp(property, "time") == 0 && kind == CDN_FOLD_SUM)
        kind = CDN_FOLD_MAX;
    for (uint32_t i = 0; i < trial->count; i++) {
        const char *text;
        int64_t whole;
        double number;
        size_t bytes;

        if (!oracle_value(trial->hits[i].edge, property, &whole, &number, &text,
                          &bytes))
            continue;
        lanes[kept++ & 3] += number;
        total += whole;
        low = number < low ? number : low;
        high = number > high ? number : high;
    }
    cdn_fold_init(&fold, kind,
                  strcmp(property, "amount") != 0 && strcmp(property, "rate") != 0);
    cdn_edges_fold(&fold, L, trial->set, slot_of(run, property));
    MUST((fold.kept == 0) == (kept == 0));
    if (kind == CDN_FOLD_SUM) {
        double sum = ((lanes[0] + lanes[1]) + lanes[2]) + lanes[3];

        MUST(fold.kept == kept);
        MUST(cdn_fold_result(&fold) == (fold.integral ? (double)total : sum));
    } else if (kept) {
        MUST(cdn_fold_result(&fold) == (kind == CDN_FOLD_MIN ? low : high));
    }
}

static void check_peers(lua_State *L, const struct trial *trial)
{
    bool seen[2 * NODES] = {false};
    uint32_t distinct = 0;
    const uint32_t *peers;
    uint32_t count;

    peers = cdn_edges_peers(&count, L, trial->set);
    for (uint32_t i = 0; i < trial->count; i++) {
        uint32_t peer = trial->hits[i].peer;

        if (seen[peer])
            continue;
        seen[peer] = true;
        MUST(distinct < count);
        MUST(peers[distinct] == peer);
        distinct++;
    }
    MUST(count == distinct);
    MUST(cdn_edges_distinct(L, trial->set) == distinct);
}

static void check_scan(lua_State *L, struct job *job, const struct trial *trial)
{
    struct cdn_scan_room room;
    struct cdn_scan scan;
    struct cdn_span span;
    uint32_t at = 0;

    room.batch[0].low = 0;
    scan.batch = room.batch;
    scan.batch_size = 1 + pick(job, CDN_BATCH);
    scan.tests = room.tests;
    scan.select = room.select;
    scan.select_size = 1 + pick(job, 8);
    cdn_scan_begin(&scan, L, trial->set,
                   (struct cdn_scan_how){.ordered = true, .looks = pick(job, 2)});
    while (cdn_scan_next(&scan, &span)) {
        MUST(span.count > 0);
        for (uint32_t i = 0; i < span.count; i++, at++) {
            uint32_t position = cdn_span_position(&span, i);
            uint64_t id;

            MUST(at < trial->count);
            MUST(cdn_reach_edge_id(span.reach, position, &id));
            MUST(id == trial->hits[at].edge->id);
            MUST(span.reach->list.peers[position] == trial->hits[at].peer);
            MUST(span.reach->node == trial->hits[at].node);
        }
    }
    cdn_scan_end(&scan);
    MUST(at == trial->count);
}

static bool outranks(const struct oracle_hit *a, const struct oracle_hit *b,
                     bool amount)
{
    const char *text;
    int64_t whole;
    double x, y;
    size_t bytes;

    if (!oracle_value(a->edge, amount ? "amount" : "cents", &whole, &x, &text, &bytes))
        return false;
    if (!oracle_value(b->edge, amount ? "amount" : "cents", &whole, &y, &text, &bytes))
        return true;
    if (x != y)
        return x > y;
    if (a->peer != b->peer)
        return a->peer < b->peer;
    return a->edge->id < b->edge->id;
}

static void check_top(lua_State *L, struct job *job, const struct trial *trial)
{
    struct cdn_graph_run *run = cdn_slot_host(L);
    bool amount = pick(job, 2);
    struct cdn_ranking ranking = {.integral = !amount};
    uint32_t most = pick(job, 12);
    uint32_t valued = 0;

    cdn_edges_top(&ranking, L, trial->set, slot_of(run, amount ? "amount" : "cents"),
                  most);
    for (uint32_t i = 0; i < trial->count && trial->count < 100; i++) {
        const char *text;
        int64_t whole;
        double number;
        size_t bytes;
        uint32_t place = 0;

        if (!oracle_value(trial->hits[i].edge, amount ? "amount" : "cents", &whole,
                          &number, &text, &bytes))
            continue;
        valued++;
        /* an edge that two sources reach (both) ties with itself: the first comes first */
        for (uint32_t j = 0; j < trial->count; j++)
            if (outranks(&trial->hits[j], &trial->hits[i], amount) ||
                (j < i && !outranks(&trial->hits[i], &trial->hits[j], amount) &&
                 trial->hits[i].edge == trial->hits[j].edge))
                place++;
        if (place < most)
            MUST(ranking.items[place].id == trial->hits[i].edge->id);
    }
    if (trial->count < 100)
        MUST(ranking.count == (valued < most ? valued : most));
}

static int trials(lua_State *L)
{
    struct harness *harness = cdn_slot_host(L);
    struct job *job = harness->ud;

    for (uint32_t i = 0; i < job->rounds; i++) {
        size_t mark = cdn_scratch_mark(L);
        struct trial trial;
        uint64_t edge = 0;
        uint32_t peer = 0;

        lua_settop(L, 0);
        make_trial(L, job, &trial);
        for (int repeat = 0; repeat < 2; repeat++) { /* the second time from the memo */
            harness->run.truncated = false;
            MUST(cdn_edges_count(L, trial.set) == trial.count);
            if (repeat == 0)
                MUST(harness->run.truncated == (trial.truncated));
            MUST(cdn_edges_exists(L, trial.set) == (trial.count > 0));
            check_fold(L, job, &trial);
        }
        MUST(cdn_edges_first(&edge, &peer, L, trial.set) == (trial.count > 0));
        if (trial.count)
            MUST(edge == trial.hits[0].edge->id);
        check_peers(L, &trial);
        check_scan(L, job, &trial);
        check_top(L, job, &trial);
        job->checked++;
        cdn_scratch_release(L, mark);
    }
    lua_settop(L, 0);
    return 0;
}

static void against_oracle(uint64_t seed, uint32_t edges, uint32_t block_shift,
                           uint32_t rounds)
{
    struct job job = {.state = seed, .rounds = rounds};
    struct harness *h;
    char path[256];

    cdn_fixture_path(path, sizeof path);
    oracle_graph(path, seed, NODES, edges, block_shift);
    h = harness_new(cdn_fixture_open(path), ORACLE_READS);
    unlink(path);
    oracle_init(&job.oracle, h->snapshot);
    ck_assert_str_eq(harness_call(h, trials, &job), "");
    MUST(job.checked == rounds);
    oracle_deinit(&job.oracle);
    harness_free(h);
}

START_TEST(sets__agree_with_the_oracle)
{
    static const uint32_t edges[] = {0, 30, 150, 400, 1200, 400};
    static const uint32_t shifts[] = {4, 4, 4, 4, 4, 16};

    against_oracle((uint64_t)_i * 7919 + 1, edges[_i], shifts[_i],
                   edges[_i] > 1000 ? ROUNDS / 8 : ROUNDS);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scan");

    CDN_UNIT_LOOP(s, sets__agree_with_the_oracle, 0, 6);
    return s;
}

CDN_UNIT_MAIN(suite)
