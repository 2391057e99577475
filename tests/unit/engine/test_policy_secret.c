/* What a masked principal is told does not depend on what is masked.
 *
 * Pairs of small random graphs of one shape, which differ in the values of masked properties
 * alone, are asked the same by rules that try everything: with those properties redacted the
 * outcomes must be equal in every byte of the result, in the message, the digest and every
 * count.  With other masks no secret may be in the result.  The grants are random too. */
#include "serving.h"

#include "rule/outcome.h"

#define ROUNDS 40
#define NODES  12
#define EDGES  40
#define MARK   "SECRET"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

static const struct {
    const char *owner, *property;
} things[] = {{"A", "n"},      {"A", "x"},    {"A", "s"},   {"A", "t"}, {"A", "w"},
              {"e", "amount"}, {"e", "memo"}, {"e", "at2"}, {"B", "s"}, {"B", "n"}};
enum { THINGS = sizeof things / sizeof things[0] };

static uint64_t state;

static uint32_t draw(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* A value of thing `i` in graph `which`: the same in both unless it is hidden. */
static int64_t value_of(uint32_t hidden, int i, int which, uint64_t of)
{
    uint64_t mixed = (of * 1000003 + (uint64_t)i * 7919) % 97;

    return (int64_t)mixed +
           (which && (hidden >> i & 1) ? 1000 + (int64_t)(mixed * of % 31) : 0);
}

static const char *text_of(char out[48], uint32_t hidden, int i, int which, uint64_t of)
{
    snprintf(out, 48, "%s-%lld", hidden >> i & 1 ? MARK : "plain",
             (long long)value_of(hidden, i, which, of));
    return out;
}

static cordon_snapshot *make(uint32_t hidden, int which, uint64_t shape)
{
    char path[256], key[24], other[24], a[48], b[48], c[48];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cordon_snapshot *snapshot;

    cdn_fixture_label(f, "A", CDN_KEY_INT64,
                      "n:int64 x:float64 s:string t:timestamp w:text?");
    cdn_fixture_label(f, "B", CDN_KEY_STRING, "s:string n:int64");
    cdn_fixture_relation(f, "e", "A", "A",
                         "amount:float64 memo:string at2:timestamp ts:timestamp!");
    cdn_fixture_relation(f, "has", "B", "A", "share:float64");
    for (uint64_t i = 0; i < NODES; i++) {
        snprintf(key, sizeof key, "%llu", (unsigned long long)i);
        cdn_fixture_node(f, "A", key, CDN_INT("n", value_of(hidden, 0, which, i)),
                         CDN_NUM("x", (double)value_of(hidden, 1, which, i)),
                         CDN_STR("s", text_of(a, hidden, 2, which, i)),
                         CDN_INT("t", value_of(hidden, 3, which, i)),
                         CDN_STR("w", text_of(b, hidden, 4, which, i)));
    }
    for (uint64_t i = 0; i < 3; i++) {
        snprintf(key, sizeof key, "b%llu", (unsigned long long)i);
        cdn_fixture_node(f, "B", key, CDN_STR("s", text_of(a, hidden, 8, which, i)),
                         CDN_INT("n", value_of(hidden, 9, which, i)));
    }
    state = shape;
    for (uint64_t i = 0; i < EDGES; i++) {
        snprintf(key, sizeof key, "%u", draw(NODES));
        snprintf(other, sizeof other, "%u", draw(NODES));
        cdn_fixture_edge(f, "e", "A", key, "A", other,
                         CDN_NUM("amount", (double)value_of(hidden, 5, which, i)),
                         CDN_STR("memo", text_of(c, hidden, 6, which, i)),
                         CDN_INT("at2", value_of(hidden, 7, which, i)),
                         CDN_INT("ts", (int64_t)i * 1000));
    }
    for (uint64_t i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "b%llu", (unsigned long long)(i % 3));
        snprintf(other, sizeof other, "%llu", (unsigned long long)i);
        cdn_fixture_edge(f, "has", "B", key, "A", other, CDN_NUM("share", 0.5));
    }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    return snapshot;
}

/* Rules that try all they can with every property, and tell all they got. */
#define CONTRACT(name)                                                                 \
    "return { name = '" name                                                           \
    "', fallback = 'none', reads = { A = { 'n', 'x', 's', 't', 'w' "                   \
    "}, B = { 's', 'n' }, e = { 'amount', 'memo', 'at2' }, has = { 'share' } },\n"     \
    "limits = { time = '10s', instructions = 5e6 }, evaluate = function(graph, "       \
    "request)\n"

static const char *const rules[] = {
    CONTRACT(
        "reads") "local out = {}\n"
                 "local function tell(v) out[#out + 1] = tostring(v) end\n"
                 "local me = request.node\n"
                 "for node in me:both('e'):nodes():union(graph:set({ me })):each() do\n"
                 "  for _, p in ipairs({ 'n', 'x', 's', 't', 'w', 'key', 'label' }) do "
                 "tell(node[p]) end\n"
                 "  tell(node) end\n"
                 "for edge, other in me:both('e'):each() do\n"
                 "  for _, p in ipairs({ 'amount', 'memo', 'at2', 'time', 'type' }) do "
                 "tell(edge[p]) end tell(edge.source) tell(other) end\n"
                 "for b in me:incoming('has'):nodes():each() do tell(b.s) tell(b.n) "
                 "end\n"
                 "return { output = { list = out, node = me } } end }",
    CONTRACT(
        "folds") "local out, me = {}, request.node\n"
                 "local near = me:both('e'):nodes():of('A')\n"
                 "local function try(f) local _, v = pcall(f)\n"
                 "  out[#out + 1] = type(v) == 'userdata' and 'set' or tostring(v) "
                 "end\n"
                 "for _, p in ipairs({ 'n', 'x', 's', 't', 'w' }) do\n"
                 "  for _, m in ipairs({ 'sum', 'min', 'max', 'avg' }) do "
                 "try(function() return near[m](near, p) end) end\n"
                 "  for _, c in ipairs({ 50, 'plain-50' }) do for _, o in ipairs({ "
                 "'<', '==', '>' }) do\n"
                 "    try(function() return near:where(p, o, c):count() end) end end\n"
                 "  try(function() local s = '' for _, n in ipairs(near:top(3, p)) do "
                 "s = s .. tostring(n) end return s end)\n"
                 "end\n"
                 "local edges = me:both('e')\n"
                 "for _, p in ipairs({ 'amount', 'memo', 'at2' }) do\n"
                 "  for _, m in ipairs({ 'sum', 'min', 'max', 'avg' }) do "
                 "try(function() return edges[m](edges, p) end) end\n"
                 "  for _, o in ipairs({ '<', '==', '>' }) do\n"
                 "    try(function() return edges:where(p, o, 50):count() end)\n"
                 "    try(function() return edges:where(p, o, 'plain-50'):count() end) "
                 "end\n"
                 "  try(function() local s = '' for _, e in ipairs(edges:top(3, p)) do "
                 "s = s .. e.time .. ' ' end return s end)\n"
                 "  try(function() return edges:group({ x = { sum = p } "
                 "}):sorted('-x', 1):count() end)\n"
                 "  try(function() return edges:largest(2, p):count() end)\n"
                 "  try(function() return graph:shortest_path(me, near:each()(), { "
                 "edges = 'e', weight = p }).length end)\n"
                 "  try(function() return graph:ego(me, { hops = 2, edges = { e = { "
                 "where = { p, '>', 50 } } } }):size() end)\n"
                 "end\n"
                 "return { output = { list = out } } end }",
    CONTRACT("fails") "error(tostring(request.node) .. tostring(request.node.s) .. "
                      "tostring(request.node.n)) end }",
};

static void policy(cordon_engine *engine, uint32_t hidden, int how)
{
    static const char *const masks[] = {"'redact'", "'hash'"};
    char text[4096] =
        "return { mask_key = 'env:X', principals = { p = { rules = '*', reads = "
        "'*', masks = {\n";
    cordon_policy *made;
    cordon_error err;

    for (const char *const *owner = (const char *const[]){"A", "B", "e", NULL}; *owner;
         owner++) {
        size_t at = strlen(text);

        at += (size_t)snprintf(text + at, sizeof text - at, "%s = { ", *owner);
        for (int i = 0; i < THINGS; i++)
            if (hidden >> i & 1 && !strcmp(things[i].owner, *owner))
                at += (size_t)snprintf(text + at, sizeof text - at, "%s = %s, ",
                                       things[i].property, masks[how]);
        snprintf(text + at, sizeof text - at, "},\n");
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "} } } }");
    ck_assert_msg(!cordon_policy_load_text(&made, text, strlen(text), "p.lua", SECRET,
                                           sizeof SECRET, &err),
                  "%s: %s", err.message, text);
    ck_assert_msg(!cordon_engine_set_policy(engine, made, &err), "%s", err.message);
    cordon_policy_release(made);
}

static void ask(cordon_engine *engine, cordon_outcome *outcome, const char *rule,
                uint32_t node, const char *principal)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;
    char key[16];

    snprintf(key, sizeof key, "%u", node);
    request.label = "A";
    request.key = key;
    request.principal = principal;
    ck_assert_msg(!cordon_evaluate(outcome, engine, rule, &request, &err), "%s",
                  err.message);
}

static bool same(const cordon_outcome *a, const cordon_outcome *b)
{
    return a->kind == b->kind && a->digest == b->digest &&
           a->result_bytes == b->result_bytes &&
           !memcmp(a->result, b->result, a->result_bytes) &&
           !strcmp(a->message, b->message) &&
           a->usage.instructions == b->usage.instructions &&
           a->usage.edges == b->usage.edges && a->usage.nodes == b->usage.nodes &&
           a->truncated == b->truncated;
}

static bool tells(const cordon_outcome *outcome)
{
    return memmem(outcome->result, outcome->result_bytes, MARK, strlen(MARK)) ||
           strstr(outcome->message, MARK);
}

START_TEST(outcomes__do_not_depend_on_what_is_masked)
{
    cordon_engine *engines[2] = {serving_engine(1), serving_engine(1)};
    cordon_outcome *outcomes[2] = {serving_outcome(), serving_outcome()};
    uint32_t host_differs = 0;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint32_t hidden;

        state = 77 + round;
        hidden = (draw(1u << THINGS) | draw(1u << THINGS)) & ((1u << THINGS) - 1);
        hidden |= 1u << draw(THINGS);
        for (int g = 0; g < 2; g++) {
            cordon_snapshot *snapshot = make(hidden, g, 1000 + round);
            cordon_error err;

            ck_assert(!cordon_engine_set_policy(engines[g], NULL, NULL));
            ck_assert_msg(!cordon_engine_set_snapshot(engines[g], snapshot, &err), "%s",
                          err.message);
            cordon_snapshot_release(snapshot);
            for (int r = 0; r < 3 && !round; r++)
                serving_load(engines[g], rules[r]);
            policy(engines[g], hidden, 0);
        }
        for (int r = 0; r < 3; r++) {
            static const char *const names[] = {"reads", "folds", "fails"};
            uint32_t node = draw(NODES);

            for (int g = 0; g < 2; g++)
                ask(engines[g], outcomes[g], names[r], node, "p");
            ck_assert_msg(same(outcomes[0], outcomes[1]),
                          "round %d, %s of %u, hidden %x: '%s' '%s'", (int)round,
                          names[r], node, hidden, outcomes[0]->message,
                          outcomes[1]->message);
            ck_assert(!tells(outcomes[0]));
            for (int g = 0; g < 2; g++)
                ask(engines[g], outcomes[g], names[r], node, NULL);
            host_differs += !same(outcomes[0], outcomes[1]);
        }
        policy(engines[0], hidden, 1);
        for (int r = 0; r < 3; r++) {
            static const char *const names[] = {"reads", "folds", "fails"};

            ask(engines[0], outcomes[0], names[r], draw(NODES), "p");
            ck_assert(!tells(outcomes[0]));
        }
    }
    ck_assert_uint_gt(host_differs, ROUNDS); /* what is compared can differ */
    for (int g = 0; g < 2; g++) {
        cordon_outcome_free(outcomes[g]);
        cordon_engine_free(engines[g]);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("policy_secret");

    CDN_UNIT_CASE(s, outcomes__do_not_depend_on_what_is_masked);
    return s;
}

CDN_UNIT_MAIN(suite)
