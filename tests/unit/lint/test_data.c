/* What a snapshot adds: types of properties, edge types that are not used, and cost by its
 * degrees. */
#include "lint_fixture.h"
#include "support/fixture.h"

static char path[200];
static cordon_snapshot *snapshot;

/* A hub that paid 300 others, each of which paid 20; 40 devices were used by the hub. */
static void set_up(void)
{
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    char key[16], other[16];

    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "name:string open:bool");
    cdn_fixture_label(f, "Device", CDN_KEY_INT64, "");
    cdn_fixture_relation(f, "transfer", "Account", "Account",
                         "amount:float64 note:string serial:int64$ ts:timestamp!");
    cdn_fixture_relation(f, "used", "Account", "Device", "");
    for (int i = 0; i <= 300; i++) {
        snprintf(key, sizeof key, "%d", i);
        cdn_fixture_node(f, "Account", key);
        if (i < 40)
            cdn_fixture_node(f, "Device", key);
    }
    for (int i = 1; i <= 300; i++) {
        snprintf(key, sizeof key, "%d", i);
        cdn_fixture_edge(f, "transfer", "Account", "0", "Account", key);
        for (int k = 1; k <= 20; k++) {
            snprintf(other, sizeof other, "%d", (i + k) % 300 + 1);
            cdn_fixture_edge(f, "transfer", "Account", key, "Account", other);
        }
        if (i <= 40)
            cdn_fixture_edge(f, "used", "Account", "0", "Device",
                             (snprintf(key, sizeof key, "%d", i - 1), key));
    }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
}

static void tear_down(void)
{
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}

struct row {
    const char *source, *found;
};

static void check(const struct row *rows, int count)
{
    char found[600];

    for (int i = 0; i < count; i++) {
        lint_findings(found, sizeof found, rows[i].source, snapshot, 10000);
        ck_assert_msg(!strcmp(found, rows[i].found), "%s\nfound  %s\nwanted %s",
                      rows[i].source, found, rows[i].found);
    }
}

#define RULE(body)                                                                     \
    "return { name = 'x', fallback = 'none',\n"                                        \
    "params = { most = { type = 'integer', default = 50 } },\n"                        \
    "reads = { Account = { 'name', 'open' }, Device = {}, used = {},\n"                \
    "transfer = { 'amount', 'note', 'serial' } },\n"                                   \
    "evaluate = function(graph, request)\nlocal p = request.params\n"                  \
    "local _ = { p.most, graph, 'name', 'open', 'amount', 'note', 'serial', 'used', "  \
    "'transfer' "                                                                      \
    "}\n" body "\nend }\n"

START_TEST(where__has_the_property_s_type)
{
    static const struct row rows[] = {
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('amount', '>', '5'):count() }"),
         "CRD503@8:73"},
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('amount', '>', 5):count() }"),
         ""},
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('note', '==', 5):count() }"),
         "CRD503@8:72"},
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('serial', '==', 5):count() }"),
         "CRD503@8:74"},
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('amount', '==', true):count() }"),
         "CRD503@8:74"},
        {RULE("local rows = request.node:outgoing('transfer'):group({ n = 'count' })"
              ":limit(9)\n"
              "return { score = rows:outgoing('transfer'):where('amount', '>', 'n')"
              ":count() }"),
         ""},
        {RULE("return { score = request.node:outgoing('transfer')"
              ":where('amount', '>', p.most):count() }"),
         ""},
    };

    check(rows, CDN_UNIT_COUNT(rows));
}
END_TEST

START_TEST(names__are_of_the_right_side)
{
    static const struct row rows[] = {
        {RULE("return { score = request.node:outgoing('Account'):count() }"),
         "CRD303@8:40"},
        {RULE("return { score = graph:node('transfer', '1') and 1 or 0 }"),
         "CRD303@8:29"},
        {RULE("return { score = graph:ego(request.node, { edges = { 'Device' } })"
              ":count() }"),
         "CRD303@8:54"},
        {RULE("return { score = request.node:outgoing('used'):since(1):count() }"),
         "CRD310@8:48"},
        {RULE("return { score = request.node:outgoing('used'):latest(1):count() }"),
         ""},
        {RULE("return { score = request.node:outgoing('transfer'):since(1):count() }"),
         ""},
    };

    check(rows, CDN_UNIT_COUNT(rows));
}
END_TEST

START_TEST(types__are_the_columns)
{
    static const struct row rows[] = {
        {RULE("return { score = request.node.name == 5 and 1 or 0 }"), "CRD501@8:18"},
        {RULE("return { score = request.node.open == 'true' and 1 or 0 }"),
         "CRD501@8:18"},
        {RULE("local e = request.node:outgoing('transfer'):first()\n"
              "return { score = e and e.serial == 5 and 1 or e.amount == '5' and 2 or "
              "0 }"),
         "CRD501@9:24 CRD501@9:47"},
        {RULE("local e = request.node:outgoing('transfer'):first()\n"
              "return { score = e and e.serial == '5' and 1 or e.amount == 5 and 2 or "
              "0 }"),
         ""},
    };

    check(rows, CDN_UNIT_COUNT(rows));
}
END_TEST

START_TEST(reads__names_edge_types_that_are_used)
{
    static const struct row rows[] = {
        {"return { name = 'x', fallback = 'none',\nreads = { Account = {}, Device = "
         "{}, used "
         "= {}, transfer = {} },\nevaluate = function(_, request)\n"
         "return { score = request.node:outgoing('transfer'):count() }\nend }\n",
         "CRD402@2:38"},
        {"return { name = 'x', fallback = 'none',\nreads = { Account = {}, Device = "
         "{}, used "
         "= {}, transfer = {} },\nevaluate = function(graph, request)\n"
         "return { score = graph:ego(request.node):count() }\nend }\n",
         ""},
    };

    check(rows, CDN_UNIT_COUNT(rows));
}
END_TEST

START_TEST(cost__is_that_of_the_dearest_node)
{
    static const struct row rows[] = {
        /* 300 edges, in each of 300 turns 300 again */
        {RULE(
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + other:outgoing('transfer'):sum('amount') end return { score = n "
             "}"),
         "CRD601@9:9"},
        {RULE("local n = 0 for _, other in request.node:outgoing('transfer'):latest(20)"
              ":each() do\n"
              "n = n + other:outgoing('transfer'):sum('amount') end return { score = n "
              "}"),
         ""},
        {RULE("local n = 0 for _, other in "
              "request.node:outgoing('transfer'):latest(p.most)"
              ":each() do\n"
              "n = n + other:outgoing('transfer'):sum('amount') end return { score = n "
              "}"),
         "CRD601@9:9"},
        /* a search, a window, and what is not known */
        {RULE(
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + other:outgoing('transfer'):count() end return { score = n }"),
         ""},
        {RULE("local n = 0 for _, other in request.node:outgoing('transfer')"
              ":since(request.now):each() do\n"
              "n = n + other:outgoing('transfer'):since(1):sum('amount') end "
              "return { score = n }"),
         ""},
        {RULE("local n = 0 for _, other in pairs({ request.node }) do\n"
              "n = n + other:outgoing('transfer'):sum('amount') end return { score = n "
              "}"),
         ""},
        {RULE("local n = 0 for i = 1, 40 do n = n + i +\n"
              "request.node:outgoing('transfer'):sum('amount') end return { score = n "
              "}"),
         "CRD601@9:1"},
        {RULE("local n = 0 for i = 1, 40 do n = n + i +\n"
              "request.node:outgoing('used'):distinct() end return { score = n }"),
         ""},
        /* a condition has all edges looked at, before a cut too; without one a list is counted
         * where it begins */
        {RULE(
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + other:outgoing('transfer'):where('amount', '>', 1):count() end "
             "return { score = n }"),
         "CRD601@9:9"},
        {RULE(
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + other:outgoing('transfer'):where('amount', '>', 1):latest(2)"
             ":sum('amount') end return { score = n }"),
         "CRD601@9:9"},
        {RULE(
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + other:outgoing('transfer'):latest(2):where('amount', '>', 1)"
             ":sum('amount') end return { score = n }"),
         ""},
        /* in a local function that a loop calls, and one that calls that one */
        {RULE(
             "local function paid(node)\n"
             "return node:outgoing('transfer'):sum('amount') end\n"
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + paid(other) end return { score = n }"),
         "CRD601@9:8"},
        {RULE(
             "local function paid(node)\n"
             "return node:outgoing('transfer'):sum('amount') end\n"
             "local function twice(node) return 2 * paid(node) end\n"
             "local n = 0 for _, other in request.node:outgoing('transfer'):each() do\n"
             "n = n + twice(other) end return { score = n }"),
         "CRD601@9:8"},
        {RULE("local function paid(node)\n"
              "return node:outgoing('transfer'):sum('amount') end\n"
              "return { score = paid(request.node) }"),
         ""},
        {RULE(
             "local function paid(node) if request.now > 1 then return paid(node) end\n"
             "return node:outgoing('transfer'):sum('amount') end\n"
             "return { score = paid(request.node) }"),
         ""},
        /* three hops are told once, where they are dearest */
        {RULE("return { score = request.node:outgoing('transfer'):nodes()"
              ":outgoing('transfer'):nodes():outgoing('transfer'):distinct() }"),
         "CRD601@8:18"},
        /* a second hop through sets: 301 nodes at most */
        {RULE("return { score = request.node:outgoing('transfer'):nodes()"
              ":outgoing('transfer'):distinct() }"),
         "CRD601@8:18"},
        {RULE("return { score = request.node:outgoing('transfer'):nodes():limit(30)"
              ":outgoing('transfer'):distinct() }"),
         ""},
        {RULE("return { score = request.node:outgoing('transfer'):nodes()"
              ":outgoing('transfer'):latest(3):distinct() }"),
         ""},
    };

    check(rows, CDN_UNIT_COUNT(rows));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("data");
    TCase *c = tcase_create("data");

    tcase_add_unchecked_fixture(c, set_up, tear_down);
    tcase_add_test(c, where__has_the_property_s_type);
    tcase_add_test(c, names__are_of_the_right_side);
    tcase_add_test(c, types__are_the_columns);
    tcase_add_test(c, reads__names_edge_types_that_are_used);
    tcase_add_test(c, cost__is_that_of_the_dearest_node);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
