/* What holds over every way to reach an edge: as_of, charging, budgets, declared reads. */
#include "graph/lua_common.h"
#include "harness.h"

static struct harness *h;

static void setup(void)
{
    h = harness_new(
        cdn_fixture_bank_open(),
        "Account: risk; Person; Company; Medium; transfer: amount cents; own; "
        "invest: ratio; signIn: location");
}

static void teardown(void)
{
    harness_free(h);
}

#define A100 "local a = graph:node('Account', 100) "

/* Every way from a set of edges to single ones. */
static const char REACH[] =
    "local seen, latest = {}, -1 "
    "local function see(e) if e then seen[e] = true if e.time and e.time > latest then "
    "latest = e.time end end end "
    "local function drain(s) "
    " for e in s:each() do see(e) end see(s:first()) "
    " for _, e in ipairs(s:top(100, s_property)) do see(e) end "
    " local m = s:max('time') if m and m > latest then latest = m end "
    " m = s:min('time') if m and m > latest then latest = m end "
    " local n = 0 for e in s:each() do n = n + 1 end "
    " if s:count() ~= n or s:exists() ~= (n > 0) then error('counts differ') end "
    " local sum = 0 for e in s:each() do sum = sum + e[s_property] end "
    " if math.abs(s:sum(s_property) - sum) > 1e-9 then error('sums differ') end "
    " local peers, k = {}, 0 for e, p in s:each() do if not peers[p] then peers[p] = "
    "true "
    " k = k + 1 end end "
    " if s:distinct() ~= k or s:nodes():count() ~= k then error('peers differ') end "
    "end ";

START_TEST(as_of__hides_later_edges_from_every_path)
{
    static const char refine[] =
        "local function all(s) drain(s) drain(s:since(0)) drain(s:up_to(T + 100 * H)) "
        "drain(s:latest(3)) drain(s:earliest(9)) drain(s:limit(4)) "
        "drain(s:largest(3, 'time')) drain(s:smallest(9, 'time')) "
        "drain(s:where(s_property, '>', 0)) drain(s:where('time', '>', 0)) "
        "drain(s:where(s_property, '>', 0):latest(2)) "
        "drain(s:latest(5):where(s_property, '>', 0):limit(3)) end "
        "for _, type in ipairs({'transfer', 'invest'}) do "
        "s_property = type == 'invest' and 'ratio' or 'amount' "
        "for _, n in ipairs(nodes) do "
        "all(n:outgoing(type)) all(n:incoming(type)) all(n:both(type)) end "
        "local set = graph:set(nodes) "
        "all(set:outgoing(type)) all(set:incoming(type)) all(set:both(type)) "
        "all(set:outgoing(type):nodes():outgoing(type)) end ";
    char *body = malloc(16384);

    for (int hours = -1; hours <= 10; hours++) {
        char expected[64];
        int latest = hours > 9 ? 9 : hours;

        h->run.as_of_ms = CDN_BANK_T + hours * CDN_BANK_HOUR;
        (void)snprintf(
            body, 16384,
            "local s_property local nodes = {} for k = 100, 1000, 100 do "
            "nodes[#nodes + 1] = graph:node('Account', k) end "
            "for _, k in ipairs({'ann', 'bob', 'cid'}) do nodes[#nodes + 1] = "
            "graph:node('Person', k) end "
            "for _, k in ipairs({'acme', 'zenith'}) do nodes[#nodes + 1] = "
            "graph:node('Company', k) end "
            "%s %s return latest < 0 and -1 or (latest - T) / H",
            REACH, refine);
        (void)snprintf(expected, sizeof expected, "%d", latest);
        ck_assert_str_eq(harness_run(h, body), expected);
    }
    free(body);
}
END_TEST

START_TEST(as_of__does_not_cut_relations_without_time)
{
    h->run.as_of_ms = 0;
    HARNESS_EQ(h, A100 "return a:incoming('own'):count(), a:both('transfer'):count()",
               "2 0");
}
END_TEST

/* Edges charged by one body. */
static uint64_t charged(const char *body)
{
    const char *result = harness_run(h, body);

    ck_assert_msg(strncmp(result, "error", 5) != 0, "%s", result);
    return harness_meter(h)->edges;
}

START_TEST(charge__is_one_a_list_and_one_an_edge_looked_at)
{
    static const struct {
        const char *body;
        uint64_t edges;
    } cases[] = {
        {"a:outgoing('transfer')", 0},
        {"a:outgoing('transfer'):count()", 1},
        {"a:outgoing('transfer'):exists()", 1},
        {"a:outgoing('transfer'):after(T):latest(2):count()", 1},
        {"a:outgoing('transfer'):sum('amount')", 6},
        {"a:outgoing('transfer'):after(T):sum('amount')", 5},
        {"a:outgoing('transfer'):latest(2):sum('cents')", 3},
        {"a:outgoing('transfer'):limit(2):avg('cents')", 3},
        {"a:outgoing('transfer'):min('amount')", 6},
        {"a:outgoing('transfer'):max('time')", 2},
        {"a:outgoing('transfer'):distinct()", 6},
        {"a:outgoing('transfer'):nodes()", 6},
        {"a:outgoing('transfer'):top(1, 'amount')", 6},
        {"a:outgoing('transfer'):first()", 2},
        {"a:outgoing('transfer'):where('amount', '>', 25):count()", 6},
        {"a:outgoing('transfer'):where('amount', '>', 25):sum('cents')", 6},
        {"a:outgoing('transfer'):where('amount', '>', 25):where('cents', '>', "
         "1):count()",
         6},
        {"a:outgoing('transfer'):where('amount', '>', 25):first()", 4},
        {"a:outgoing('transfer'):where('amount', '>', 25):exists()", 4},
        {"a:outgoing('transfer'):where('amount', '>', 25):latest(1):sum('amount')", 3},
        {"a:outgoing('transfer'):where('amount', '>', 15):latest(2):count()", 4},
        {"a:outgoing('transfer'):where('amount', '<', 25):latest(1):count()", 6},
        {"a:outgoing('transfer'):where('amount', '>', 25):earliest(1):count()", 5},
        {"a:outgoing('transfer'):where('amount', '>', 25):earliest(9):count()", 6},
        {"a:outgoing('transfer'):largest(2, 'amount'):sum('cents')", 6},
        {"a:outgoing('transfer'):latest(3):smallest(2, 'amount'):count()", 4},
        {"a:both('transfer'):largest(2, 'amount'):count()", 10},
        {"a:both('transfer'):first()", 3},
        {"a:both('transfer'):sum('amount')", 10},
        {"a:incoming('own'):count()", 2},
        {"a:outgoing('transfer'):nodes():outgoing('transfer'):count()", 6 + 3},
        {"a:outgoing('transfer'):nodes():outgoing('transfer'):sum('amount')",
         6 + 3 + 3},
        {"for e in a:outgoing('transfer'):each() do end", 6},
        {"for e in a:outgoing('transfer'):each() do break end", 2},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        char body[256];
        bool loop = strncmp(cases[i].body, "for", 3) == 0;

        (void)snprintf(body, sizeof body, A100 "%s%s",
                       loop ? "" : "local x = ", cases[i].body);
        ck_assert_msg(charged(body) == cases[i].edges, "%s: %llu", cases[i].body,
                      (unsigned long long)harness_meter(h)->edges);
    }
    /* asking again costs again */
    ck_assert_uint_eq(charged(A100 "local s = a:outgoing('transfer'):after(T) return "
                                   "s:count(), s:count(), s:sum('amount')"),
                      1 + 1 + 5);
    ck_assert_uint_eq(charged(A100 "local s = a:outgoing('transfer'):nodes()"
                                   ":outgoing('transfer'):since(0) return s:count(), "
                                   "s:count(), s:sum('amount')"),
                      6 + 3 + 3 + (3 + 3));
}
END_TEST

START_TEST(loops__give_back_their_scratch_memory)
{
    static const char set[] = A100
        "local s = a:both('transfer'):where('amount', '>', 0):latest(6) local n = 0 ";
    char body[512];

    h->budget.memory_bytes = 256 << 10;
    (void)snprintf(
        body, sizeof body,
        "%s for i = 1, 2000 do for e in s:each() do n = n + 1 end end return n", set);
    HARNESS_EQ(h, body, "12000");
    (void)snprintf(body, sizeof body,
                   "%s for i = 1, 100 do for e in s:each() do for f in s:each() do "
                   "n = n + (e == f and 1 or 0) end end end return n",
                   set);
    HARNESS_EQ(h, body, "600");
    /* two loops that take turns, and one that is left in the middle */
    (void)snprintf(body, sizeof body,
                   "%s local x, y = s:each(), s:each() for i = 1, 3 do n = n + "
                   "(x() == y() and 1 or 0) end for e in s:each() do break end "
                   "while x() do n = n + 1 end while y() do n = n + 1 end return n",
                   set);
    HARNESS_EQ(h, body, "9");
}
END_TEST

START_TEST(budget__stops_exactly_and_cannot_be_caught)
{
    h->budget.edges = 6;
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):sum('amount')", "150");
    h->budget.edges = 5;
    HARNESS_EQ(h, A100 "return a:outgoing('transfer'):sum('amount')", "stopped: edges");
    HARNESS_EQ(h,
               A100 "return pcall(function() return a:outgoing('transfer'):distinct() "
                    "end)",
               "stopped: edges");
    HARNESS_EQ(
        h, A100 "local n = 0 for e in a:outgoing('transfer'):each() do n = n + 1 end",
        "stopped: edges");
    h->budget.edges = 4;
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 25):exists()",
               "true");
    h->budget.edges = 3;
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 25):exists()",
               "stopped: edges");
    h->budget.edges = 4;
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):latest(2)"
                    ":count()",
               "2");
    h->budget.edges = 3;
    HARNESS_EQ(h,
               A100 "return a:outgoing('transfer'):where('amount', '>', 15):latest(2)"
                    ":count()",
               "stopped: edges");
    h->budget.edges = 10;
    HARNESS_EQ(h, A100 "return a:both('transfer'):sum('amount')", "163.75");
    h->budget.edges = 9;
    HARNESS_EQ(h, A100 "return a:both('transfer'):sum('amount')", "stopped: edges");
}
END_TEST

START_TEST(nodes__are_counted)
{
    charged(A100 "local s = a:outgoing('transfer'):nodes()");
    ck_assert_uint_eq(harness_meter(h)->nodes, 2); /* obtained, expanded */
    charged(A100 "for e, n in a:outgoing('transfer'):each() do end");
    ck_assert_uint_eq(harness_meter(h)->nodes, 7);
}
END_TEST

START_TEST(memory__is_a_limit_too)
{
    h->budget.memory_bytes = 64 * 1024;
    HARNESS_EQ(h,
               A100 "local t = {} for i = 1, 1e6 do t[i] = a:outgoing('transfer') end",
               "stopped: memory");
    HARNESS_EQ(h,
               A100 "local s, t = a:outgoing('transfer'):nodes(), {} for i = 1, 1e6 do "
                    "t[i] = s:union(s) end",
               "stopped: memory");
}
END_TEST

START_TEST(memory__of_dropped_sets_comes_back)
{
    h->budget.memory_bytes = 128 * 1024;
    HARNESS_EQ(
        h,
        A100 "local n = 0 for i = 1, 5000 do local s = a:outgoing('transfer'):nodes() "
             "n = n + s:union(a:incoming('transfer'):nodes()):minus(s):outgoing("
             "'transfer'):where('cents', '>', i / 1e9):latest(2):count() end return n",
        "5000");
    HARNESS_EQ(
        h,
        A100 "local n = 0 for i = 1, 5000 do local s = a:incoming('signIn'):nodes()"
             ":outgoing('signIn'):where('location', '==', 'O' .. ('sloxx'):sub(1, 3 + "
             "i % 2)) n = n + s:latest(9):count() end return n",
        "5000");
}
END_TEST

/* Put a spoilt copy in the place of a block. */
static void spoil(const void *const *blocks, size_t bytes, int how)
{
    unsigned char *copy = malloc(bytes);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, blocks[0], bytes);
    for (size_t i = 0; i < bytes; i++)
        copy[i] = (unsigned char)(how == 0 ? 0xff : how == 1 ? copy[i] ^ 0x40 : i * 37);
    ((const void **)(uintptr_t)blocks)[0] = copy;
}

START_TEST(damage__is_an_error_and_never_a_crash)
{
    static const char body[] =
        "local text = '' for k = 100, 1000, 100 do local n = graph:node('Account', k) "
        "for _, type in ipairs({'transfer', 'signIn', 'own'}) do "
        "for _, s in ipairs({n:outgoing(type), n:incoming(type), n:both(type)}) do "
        "for _, f in ipairs({"
        "function() return s:count() end, function() return s:distinct() end, "
        "function() return s:first() end, function() return s:nodes():count() end, "
        "function() for e, p in s:each() do text = tostring(e) .. tostring(p) .. "
        "tostring(e.target) .. tostring(e.source) end end, "
        "function() for e in s:each() do text = text .. tostring(e.location) end end, "
        "function() return s:where('location', '==', 'Oslo'):count() end, "
        "function() return s:nodes():both('transfer'):sum('amount') end}) do "
        "pcall(f) end end end end return 'survived'";
    int damaged = 0;

    ck_assert_int_eq(cordon_snapshot_warm(h->snapshot, NULL), CORDON_OK);
    for (uint32_t r = 0; r < h->snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &h->snapshot->relations[r];

        for (int side = 0; side < 2; side++) {
            const struct cdn_adjacency *lists =
                side ? &relation->incoming : &relation->outgoing;
            size_t edges = (size_t)relation->edge_count;
            const void *const *arrays[] = {(const void *const *)lists->peers,
                                           (const void *const *)lists->ids,
                                           (const void *const *)lists->offsets};
            size_t sizes[] = {edges * 4, edges * 8,
                              ((size_t)lists->node_count + 1) * 4};

            for (int i = 0; i < 9; i++) {
                const void *const *array = arrays[i / 3];
                const void *before;

                if (!array)
                    continue;
                before = array[0];
                spoil(array, sizes[i / 3], i % 3);
                HARNESS_EQ(h, body, "survived");
                damaged += h->run.damaged;
                free((void *)(uintptr_t)array[0]);
                ((const void **)(uintptr_t)array)[0] = before;
            }
        }
    }
    ck_assert_int_gt(damaged, 20);
}
END_TEST

START_TEST(run__without_graph_says_so)
{
    const cordon_snapshot *snapshot = h->run.snapshot;

    h->run.snapshot = NULL;
    HARNESS_EQ(h, "return graph:node('Account', 100)", "error: this run has no graph");
    h->run.snapshot = snapshot;
    HARNESS_EQ(h,
               "return graph, tostring(graph:set({})), "
               "tostring(graph:node('Account', 100):outgoing('own'))",
               "graph node set edge set");
}
END_TEST

START_TEST(note__mixes_in_order)
{
    struct cdn_graph_run run = {.digest = 0};
    uint64_t first;

    cdn_note_number(&run, 1);
    cdn_note_number(&run, 2);
    first = run.digest;
    run.digest = 0;
    cdn_note_number(&run, 2);
    cdn_note_number(&run, 1);
    ck_assert_uint_ne(run.digest, first);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lua_graph");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, as_of__hides_later_edges_from_every_path);
    tcase_add_test(tc, as_of__does_not_cut_relations_without_time);
    tcase_add_test(tc, charge__is_one_a_list_and_one_an_edge_looked_at);
    tcase_add_test(tc, loops__give_back_their_scratch_memory);
    tcase_add_test(tc, budget__stops_exactly_and_cannot_be_caught);
    tcase_add_test(tc, nodes__are_counted);
    tcase_add_test(tc, memory__is_a_limit_too);
    tcase_add_test(tc, memory__of_dropped_sets_comes_back);
    tcase_add_test(tc, damage__is_an_error_and_never_a_crash);
    tcase_add_test(tc, run__without_graph_says_so);
    tcase_add_test(tc, note__mixes_in_order);
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
