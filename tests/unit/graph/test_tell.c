/* What a trace is told of the graph: reads, and values in words. */
#include "harness.h"

#include "base/hash.h"
#include "graph/bound.h"
#include "graph/tell.h"

static const char READS[] = "Account: balance risk kind; Person: name; own: share; "
                            "transfer: amount memo cents";

static struct harness *h;
static cordon_trace *trace;

static void setup(void)
{
    h = harness_new(cdn_fixture_bank_open(), READS);
    ck_assert_int_eq(cordon_trace_new(&trace, NULL, NULL), CORDON_OK);
}

static void teardown(void)
{
    cordon_trace_free(trace);
    harness_free(h);
}

/* Run a body, traced; what it returns. */
static const char *run_traced(const char *body)
{
    const struct cdn_trace_host host = {
        .ud = &h->run, .native_ns = cdn_tell_native_ns, .describe = cdn_tell_value};
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    struct cdn_trace_cost used;
    const char *result;

    cdn_hash_content(hash, body, strlen(body));
    ck_assert(cdn_trace_begin(trace, hash, body, strlen(body), &host));
    h->run.trace = trace;
    cdn_slot_set_trace(h->slot, trace);
    result = harness_run(h, body);
    used = (struct cdn_trace_cost){.instructions = cdn_slot_instructions(h->slot),
                                   .edges = harness_meter(h)->edges,
                                   .nodes = harness_meter(h)->nodes};
    h->run.trace = NULL;
    cdn_slot_set_trace(h->slot, NULL);
    cdn_trace_end(trace, &used);
    return result;
}

/* "count outgoing transfer of Account:100 1 [from, to] latest 2: 2/3", a line each. */
static const char *reads(void)
{
    static const char *const directions[] = {"outgoing", "incoming", "both"};
    static char text[4096];
    const cordon_trace_read *read;
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++) {
        char from[32] = "", to[32] = "";

        if (read->from_ms != INT64_MIN)
            snprintf(from, sizeof from, "%lld", (long long)read->from_ms);
        if (read->to_ms != INT64_MAX)
            snprintf(to, sizeof to, "%lld", (long long)read->to_ms);
        length += (size_t)snprintf(
            text + length, sizeof text - length,
            "%s%s %s %s of %s %u [%s, %s] %s: %u/%u", length ? "\n" : "", read->method,
            directions[read->direction], read->type, read->node, (unsigned)read->nodes,
            from, to, read->refined, (unsigned)read->kept, (unsigned)read->edges);
        ck_assert_uint_lt(length, sizeof text);
    }
    return text;
}

static const char *value(const char *name)
{
    const cordon_trace_value *found;

    for (size_t i = 0; (found = cordon_trace_value_at(trace, i)); i++)
        if (!strcmp(found->name, name))
            return found->text;
    return "not told";
}

/* All that was read is some read's. */
static void adds_up(void)
{
    const cordon_trace_read *read;
    uint64_t edges = 0;

    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++)
        edges += read->edges;
    ck_assert_uint_eq(edges, harness_meter(h)->edges);
}

static const struct {
    const char *body, *result, *reads;
} cases[] = {
    {"return graph:node('Account', 100):outgoing('transfer'):count()", "5",
     "count outgoing transfer of Account:100 1 [, ] : 5/1"},
    {"return graph:node('Account', 100):outgoing('transfer'):where('amount', '>', "
     "20):latest(1):sum('amount')",
     "50", "sum outgoing transfer of Account:100 1 [, ] amount > 20, latest 1: 1/3"},
    {"return graph:node('Account', 100):incoming('transfer'):since(5):before(9)"
     ":exists()",
     "false", "exists incoming transfer of Account:100 1 [5, 8] : 0/1"},
    {"return graph:node('Account', 100):both('transfer'):where('memo', '==', "
     "'rent'):first() ~= nil",
     "true", "first both transfer of Account:100 1 [, ] memo == \"rent\": 1/3"},
    /* called by names that would move a terminal's cursor: a method has its own */
    {"local e = graph:node('Account', 100):outgoing('transfer')\n"
     "local t = { ['\\27[2J\\255'] = e.count }\n"
     "t['\\27[2J\\255'](e)\nlocal \xc2\x9b = e.count\nlocal n = \xc2\x9b(e) return n",
     "5",
     "count outgoing transfer of Account:100 1 [, ] : 5/1\n"
     "count outgoing transfer of Account:100 1 [, ] : 5/1"},
    /* two reads of one line */
    {"local a = graph:node('Account', 100) return a:outgoing('transfer'):count() + "
     "a:incoming('transfer'):count()",
     "8",
     "count outgoing transfer of Account:100 1 [, ] : 5/1\n"
     "count incoming transfer of Account:100 1 [, ] : 3/1"},
    /* of a set of nodes, and a loop whose edges are its own though lines run in between */
    {"local n = 0\nlocal others = graph:node('Account', "
     "100):outgoing('transfer'):nodes()\n"
     "for edge, other in others:outgoing('transfer'):each() do\n"
     " n = n + other:incoming('transfer'):count()\nend\nreturn n",
     "9",
     "nodes outgoing transfer of Account:100 1 [, ] : 5/6\n"
     "each outgoing transfer of Account:200 3 [, ] : 3/6\n"
     "count incoming transfer of Account:300 1 [, ] : 3/1\n"
     "count incoming transfer of Account:100 1 [, ] : 3/1\n"
     "count incoming transfer of Account:100 1 [, ] : 3/1"},
    {"local way = graph:shortest_path(graph:node('Account', 800), "
     "graph:node('Account', "
     "1000), {edges = 'transfer', direction = 'outgoing'})\nreturn way.hops",
     "2", "shortest_path outgoing transfer of Account:800 2 [, ] : 2/4"},
    {"return graph:ego(graph:node('Account', 100), {hops = 1, edges = "
     "'transfer'}):count()",
     "5", "ego both transfer of Account:100 6 [, ] : 17/24"},
    {"return 1", "1", ""},
};

START_TEST(reads__are_told_as_they_are)
{
    ck_assert_str_eq(run_traced(cases[_i].body), cases[_i].result);
    ck_assert_str_eq(reads(), cases[_i].reads);
    adds_up();
}
END_TEST

START_TEST(values__are_put_into_words)
{
    run_traced(
        "local node = graph:node('Account', 100)\n"
        "local set = node:outgoing('transfer'):since(5):where('amount', '>', 10)\n"
        "local edge = set:first()\n"
        "local nodes = set:nodes()\n"
        "local some = graph:set({node})\n"
        "local table = {node, set}\n"
        "return 1");
    ck_assert_str_eq(value("node"), "Account:100");
    ck_assert_str_eq(value("set"), "outgoing transfer of Account:100, since "
                                   "1970-01-01T00:00:00.005Z, amount > 10");
    ck_assert_ptr_nonnull(strstr(value("edge"), "Account:100 -transfer-> Account:"));
    ck_assert_ptr_nonnull(strstr(value("nodes"), " node"));
    ck_assert_str_eq(value("some"), "1 node: Account:100");
    ck_assert_ptr_nonnull(strstr(value("table"), "{Account:100, outgoing transfer"));
    ck_assert_str_eq(value("graph"), "not told");
}
END_TEST

/* A rule may hold a node whose label it has not declared; its key is not the author's to see
 * then, any more than the rule's. */
START_TEST(nodes__of_labels_not_in_reads_keep_their_keys)
{
    harness_free(h);
    h = harness_new(cdn_fixture_bank_open(), "Account: balance; own: share");
    run_traced(
        "local owner = graph:node('Account', 100):incoming('own'):nodes():first()\n"
        "local owners = graph:node('Account', 100):incoming('own'):nodes()\n"
        "local edge = graph:node('Account', 100):incoming('own'):first()\n"
        "return 1");
    ck_assert_str_eq(
        value("owners"),
        "2 nodes: a node of a label not in reads, a node of a label not in reads");
    ck_assert_str_eq(value("edge"),
                     "a node of a label not in reads -own-> Account:100");
}
END_TEST

/* With the keys of accounts hashed nothing in the trace has one. */
START_TEST(masked_keys__stay_masked)
{
    static uint64_t all[5];
    static const uint64_t *rows[512];
    struct cdn_mask mask = {.kind = CDN_MASK_HASH, .property = CDN_MASK_NODE_KEY};
    struct cdn_grant grant = {.labels = all,
                              .relations = all,
                              .label_columns = rows,
                              .relation_columns = rows,
                              .mask_count = 1,
                              .masks = &mask};
    const cordon_trace_value *found;
    const cordon_trace_read *read;
    cordon_error err;

    memset(all, 0xff, sizeof all);
    for (int i = 0; i < 512; i++)
        rows[i] = all;
    mask.owner = (uint32_t)cdn_schema_label(&h->snapshot->schema, "Account");
    cdn_binding_free(h->binding);
    ck_assert_int_eq(cdn_binding_new(&h->binding, &h->names, h->snapshot, &grant, &err),
                     CORDON_OK);
    h->run.binding = h->binding;
    run_traced("local all = graph:node('Person', 'ann'):outgoing('own'):nodes()\n"
               "for node in all:each() do\n"
               "  local set = node:outgoing('transfer')\n"
               "  local count = set:count()\n"
               "  local edge = set:first()\n"
               "  local key = node.key\n"
               "  local again = key\n"
               "end\n"
               "return 1");
    for (size_t i = 0; (found = cordon_trace_value_at(trace, i)); i++) {
        ck_assert_msg(!strstr(found->text, "Account:100"), "%s", found->text);
        ck_assert_str_ne(found->text, "100");
    }
    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++)
        ck_assert_msg(!strstr(read->node, "Account:100"), "%s", read->node);
    ck_assert_str_ne(value("node"), "not told");
    ck_assert_str_eq(strchr(value("node"), ':') + 1, value("key"));
    ck_assert_ptr_nonnull(strstr(value("edge"), " -transfer-> Account:"));
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("tell");
    TCase *with = tcase_create("with");

    tcase_add_checked_fixture(with, setup, teardown);
    tcase_add_loop_test(with, reads__are_told_as_they_are, 0, CDN_UNIT_COUNT(cases));
    tcase_add_test(with, values__are_put_into_words);
    tcase_add_test(with, nodes__of_labels_not_in_reads_keep_their_keys);
    tcase_add_test(with, masked_keys__stay_masked);
    suite_add_tcase(suite, with);
    return suite;
}

CDN_UNIT_MAIN(suite)
