/* Reads against rules: over random graphs, the pages of a query together are what a rule's
 * each() goes over, an ego view is that of graph:ego(), and a slice gives the same reads. */
#include "reading.h"

enum { NODES = 40, EDGES = 900, TRIALS = 60 };

static const char *const directions[] = {"both", "outgoing", "incoming"};

static cordon_engine *engine;
static cordon_snapshot *graph;
static cordon_outcome *outcome;
static struct reading_answer answer;
static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

/* The graph and the draws of one seed. */
static void begin(uint64_t seed)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    char path[256];

    options.slots = 1;
    ck_assert(!cordon_engine_new(&engine, &options, NULL));
    outcome = serving_outcome();
    state = seed;
    cdn_fixture_random(cdn_fixture_path(path, sizeof path), NODES, EDGES, seed, 3);
    graph = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    ck_assert(!cordon_engine_set_snapshot(engine, graph, NULL));
}

static void end(void)
{
    cordon_snapshot_release(graph);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

/* A query, and the same in a rule's words. */
struct trial {
    cordon_query query;
    cordon_condition where;
    const char *types[1];
    char key[32];
    char refined[256];
};

static void choose_key(struct trial *trial)
{
    uint32_t node = (uint32_t)draw(graph->labels[0].count);
    size_t bytes;
    char room[24];
    const char *key =
        cdn_snapshot_key(graph, graph->labels[0].base + node, room, &bytes);

    snprintf(trial->key, sizeof trial->key, "%.*s", (int)bytes, key);
    trial->query.label = "N";
    trial->query.key = trial->key;
}

static void choose(struct trial *trial, bool timed)
{
    static const struct {
        cordon_condition condition;
        const char *words;
    } conditions[] = {
        {{"w", ">", {.type = CORDON_INTEGER, .as.integer = 100}},
         ":where('w', '>', 100)"},
        {{"m", "~=", {.type = CORDON_STRING, .length = 2, .as.string = "m7"}},
         ":where('m', '~=', 'm7')"},
        {{"b", "==", {.type = CORDON_BOOLEAN, .as.boolean = true}},
         ":where('b', '==', true)"},
        {{"time", "<=", {.type = CORDON_INTEGER, .as.integer = EDGES / 8}},
         ":where('time', '<=', 112)"},
        {{"t", "<", {.type = CORDON_STRING, .length = 2, .as.string = "m3"}},
         ":where('t', '<', 'm3')"},
    };
    uint64_t which = draw(8);

    *trial = (struct trial){.query = CORDON_QUERY_INIT};
    choose_key(trial);
    trial->types[0] = timed ? "e" : "f";
    trial->query.types = trial->types;
    trial->query.type_count = 1;
    trial->query.order = CORDON_ORDER_OLDEST;
    trial->query.direction = (cordon_direction)draw(3);
    if (timed && which < sizeof conditions / sizeof *conditions) {
        trial->where = conditions[which].condition;
        trial->query.where = &trial->where;
        trial->query.where_count = 1;
        snprintf(trial->refined, sizeof trial->refined, "%s", conditions[which].words);
    }
    if (timed && draw(2)) {
        size_t at = strlen(trial->refined);

        trial->query.since_ms = (int64_t)draw(EDGES / 4);
        trial->query.until_ms = trial->query.since_ms + (int64_t)draw(EDGES / 4);
        snprintf(trial->refined + at, sizeof trial->refined - at,
                 ":between(%lld, %lld)", (long long)trial->query.since_ms,
                 (long long)trial->query.until_ms);
    }
}

/* What the rule's output is, an array of texts, one behind the other. */
static void of_rule(char *out, size_t size, const struct trial *trial, const char *body,
                    int64_t as_of_ms)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_value output, item;
    cordon_error err;
    char source[2048];

    snprintf(source, sizeof source,
             "return { name = 'agree', fallback = 'none', limits = { time = '10s', "
             "instructions = 1e8, memory = '4MiB', output = '512KiB' },\n"
             "reads = { N = {}, S = {}, e = { 'w', 'm', 'b', 't' }, f = {} },\n"
             "evaluate = function(graph, request)\nlocal out, me = {}, request.node\n"
             "%s\nreturn { output = out } end }",
             body);
    serving_load(engine, source);
    request.label = "N";
    request.key = trial->key;
    request.as_of_ms = as_of_ms;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "agree", &request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s\n%s",
                  cordon_outcome_message(outcome), source);
    output = cordon_outcome_output(outcome);
    *out = '\0';
    for (uint32_t i = 0; cordon_value_at(&item, &output, i); i++) {
        size_t at = strlen(out);

        snprintf(out + at, size - at, "%.*s ", (int)item.length, item.as.string);
    }
}

/* The edges of a page: the other end, the direction and the time. */
static void add_page(char *out, size_t size)
{
    cordon_value edges, edge, node, time;
    char key[64], direction[16];

    ck_assert(cordon_value_get(&edges, &answer.value, "edges"));
    for (uint32_t i = 0; cordon_value_at(&edge, &edges, i); i++) {
        size_t at = strlen(out);

        ck_assert(cordon_value_get(&node, &edge, "node"));
        ck_assert(cordon_value_get(&time, &edge, "time"));
        reading_string(key, sizeof key, &node, "key");
        reading_string(direction, sizeof direction, &edge, "direction");
        snprintf(out + at, size - at, "%s%s%" PRId64 " ", key,
                 *direction == 'o' ? ">" : "<",
                 time.type == CORDON_INTEGER ? time.as.integer : 0);
    }
}

/* All pages of a query. */
static void pages_of(char *out, size_t size, const struct trial *trial,
                     const cordon_read *read, uint32_t limit)
{
    cordon_query query = trial->query;
    char cursor[CORDON_CURSOR_BYTES + 1] = "";

    *out = '\0';
    query.limit = limit;
    do {
        query.cursor = *cursor ? cursor : NULL;
        (void)reading_ask(&answer, cordon_graph_neighbourhood, engine, read, &query);
        add_page(out, size);
        reading_string(cursor, sizeof cursor, &answer.value, "cursor");
    } while (*cursor);
}

/* The words of a text from the last to the first. */
static void turn_over(char *out, size_t size, const char *text)
{
    *out = '\0';
    for (size_t end = strlen(text); end;) {
        size_t start = end - 1, at = strlen(out);

        while (start && text[start - 1] != ' ')
            start--;
        snprintf(out + at, size - at, "%.*s", (int)(end - start), text + start);
        end = start;
    }
}

static char wanted[65536], given[65536], turned[65536], body[1024];

START_TEST(pages__are_what_each_goes_over)
{
    begin((uint64_t)_i + 1);
    for (int i = 0; i < TRIALS; i++) {
        cordon_read read = CORDON_READ_INIT;
        bool timed = draw(4) != 0;
        struct trial trial;

        choose(&trial, timed);
        if (draw(3) == 0)
            read.as_of_ms = (int64_t)draw(EDGES / 4);
        snprintf(
            body, sizeof body,
            "for e in me:%s('%s')%s:each() do\n"
            "local o = e.source == me\n"
            "out[#out + 1] = (o and e.target.key or e.source.key) .. (o and '>' or '<')"
            " .. %s\nend",
            directions[trial.query.direction], trial.types[0], trial.refined,
            timed ? "('%d'):format(e.time)" : "'0'");
        of_rule(wanted, sizeof wanted, &trial, body, read.as_of_ms);
        if (trial.query.direction == CORDON_DIRECTION_INCOMING)
            continue; /* a self-loop looks as if it went out: in the next test */
        pages_of(given, sizeof given, &trial, &read, (uint32_t)draw(30) + 1);
        ck_assert_str_eq(given, wanted);
        trial.query.order = CORDON_ORDER_NEWEST;
        pages_of(given, sizeof given, &trial, &read, (uint32_t)draw(30) + 1);
        turn_over(turned, sizeof turned, wanted);
        ck_assert_str_eq(given, turned);
    }
    end();
}
END_TEST

START_TEST(pages__of_incoming_edges_too)
{
    cordon_read read = CORDON_READ_INIT;

    begin((uint64_t)_i + 1);
    for (int i = 0; i < TRIALS; i++) {
        struct trial trial;

        choose(&trial, true);
        trial.query.direction = CORDON_DIRECTION_INCOMING;
        snprintf(body, sizeof body,
                 "for e in me:incoming('e')%s:each() do\n"
                 "out[#out + 1] = ('%%s<%%d'):format(e.source.key, e.time)\nend",
                 trial.refined);
        of_rule(wanted, sizeof wanted, &trial, body, CORDON_NO_TIME);
        pages_of(given, sizeof given, &trial, &read, (uint32_t)draw(30) + 1);
        ck_assert_str_eq(given, wanted);
    }
    end();
}
END_TEST

/* The keys of a view's nodes, sorted as text, and how many edges it has. */
static void add_view(char *out, size_t size)
{
    cordon_value nodes, edges, node;
    static char keys[NODES * 2][64];
    size_t count = 0;

    ck_assert(cordon_value_get(&nodes, &answer.value, "nodes"));
    ck_assert(cordon_value_get(&edges, &answer.value, "edges"));
    for (; cordon_value_at(&node, &nodes, (uint32_t)count); count++)
        reading_string(keys[count], sizeof keys[count], &node, "key");
    qsort(keys, count, sizeof keys[0], (int (*)(const void *, const void *))strcmp);
    for (size_t i = 0; i < count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s ", keys[i]);
    snprintf(out + strlen(out), size - strlen(out), "%u edges ", edges.length);
}

START_TEST(ego__is_that_of_rules)
{
    begin((uint64_t)_i + 1);
    for (int i = 0; i < TRIALS; i++) {
        cordon_read read = CORDON_READ_INIT;
        cordon_query *query;
        struct trial trial;

        choose(&trial, true);
        query = &trial.query;
        query->where_count = 0;
        query->since_ms = query->until_ms = CORDON_NO_TIME;
        query->hops = (uint32_t)draw(3) + 1;
        query->max_edges = 100000;
        query->max_nodes = draw(2) ? 100 : (uint32_t)draw(20) + 1;
        query->properties = (const char *const[]){"key"};
        query->property_count = 1;
        query->type_count = draw(2) ? 1 : 0;
        snprintf(
            body, sizeof body,
            "local view = graph:ego(me, { hops = %u, max_nodes = %u, direction = '%s', "
            "edges = %s })\nfor n in view:nodes():each() do out[#out + 1] = n.key end\n"
            "table.sort(out)\nout[#out + 1] = view:edge_count() .. ' edges'",
            query->hops, query->max_nodes, directions[query->direction],
            query->type_count ? "'e'" : "{ 'e', 'f' }");
        of_rule(wanted, sizeof wanted, &trial, body, CORDON_NO_TIME);
        given[0] = '\0';
        (void)reading_ask(&answer, cordon_graph_ego, engine, &read, query);
        add_view(given, sizeof given);
        ck_assert_str_eq(given, wanted);
    }
    end();
}
END_TEST

START_TEST(slices__give_the_same)
{
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;
    cordon_slice_node subject = {.label = "N"};
    cordon_read read = CORDON_READ_INIT;

    begin((uint64_t)_i + 1);
    options.nodes = &subject;
    options.node_count = 1;
    options.hops = 2;
    for (int i = 0; i < TRIALS / 4; i++) {
        cordon_snapshot *slice;
        struct trial trial;
        cordon_error err;
        size_t bytes;
        void *cut;

        choose(&trial, draw(2) != 0);
        subject.key = trial.key;
        (void)reading_ask(&answer, cordon_graph_neighbourhood, engine, &read,
                          &trial.query);
        snprintf(wanted, sizeof wanted, "%.*s", (int)sizeof wanted - 1, answer.text);
        ck_assert(!cordon_snapshot_slice(&cut, &bytes, graph, &options, NULL));
        ck_assert(!cordon_snapshot_open_slice(&slice, cut, bytes, NULL, NULL));
        ck_assert_msg(!cordon_engine_set_snapshot(engine, slice, &err), "%s",
                      err.message);
        (void)reading_ask(&answer, cordon_graph_neighbourhood, engine, &read,
                          &trial.query);
        /* cursors are of one graph */
        ck_assert_uint_gt(strlen(wanted), 0);
        ck_assert_int_eq(
            strncmp(wanted, answer.text, (size_t)(strstr(wanted, "cursor:") - wanted)),
            0);
        trial.query.hops = 1;
        trial.query.direction = CORDON_DIRECTION_OUTGOING;
        (void)reading_ask(&answer, cordon_graph_ego, engine, &read, &trial.query);
        snprintf(given, sizeof given, "%.*s", (int)sizeof given - 1, answer.text);
        ck_assert(!cordon_engine_set_snapshot(engine, graph, NULL));
        (void)reading_ask(&answer, cordon_graph_ego, engine, &read, &trial.query);
        ck_assert_str_eq(answer.text, given);
        cordon_snapshot_release(slice);
        cordon_slice_free(cut);
    }
    end();
}
END_TEST

START_TEST(reads__can_be_cancelled)
{
    cordon_cancel cancel = {0};
    cordon_read read = CORDON_READ_INIT;
    struct trial trial;
    cordon_error err;

    begin((uint64_t)_i + 1);
    choose(&trial, true);
    trial.query.type_count = 0;
    trial.query.where_count = 0;
    trial.query.since_ms = trial.query.until_ms = CORDON_NO_TIME;
    trial.query.direction = CORDON_DIRECTION_BOTH;
    trial.query.hops = 4;
    read.cancel = &cancel;
    (void)reading_ask(&answer, cordon_graph_ego, engine, &read, &trial.query);
    cordon_cancel_request(&cancel);
    ck_assert_str_eq(reading_refused(&err, CORDON_E_INTERRUPTED, cordon_graph_ego,
                                     engine, &read, &trial.query),
                     "the read was cancelled");
    end();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("graph_agree");

    CDN_UNIT_LOOP(s, pages__are_what_each_goes_over, 0, 3);
    CDN_UNIT_LOOP(s, pages__of_incoming_edges_too, 0, 3);
    CDN_UNIT_LOOP(s, ego__is_that_of_rules, 0, 3);
    CDN_UNIT_LOOP(s, slices__give_the_same, 0, 3);
    CDN_UNIT_LOOP(s, reads__can_be_cancelled, 0, 1);
    return s;
}

CDN_UNIT_MAIN(suite)
