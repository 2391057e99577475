/* A node with more than a million edges, under budgets made for small ones. */
#include "harness.h"

#include <stdio.h>

#define EDGES 1000001
#define PEERS 1000

static struct harness *h;

static void setup(void)
{
    char path[256];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));

    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "risk:int64");
    cdn_fixture_relation(f, "pays", "Account", "Account", "cents:int64 ts:timestamp!");
    for (int i = 0; i <= PEERS; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "%d", i);
        cdn_fixture_node(f, "Account", key);
    }
    for (int i = 0; i < EDGES; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "%d", 1 + i % PEERS);
        cdn_fixture_edge(f, "pays", "Account", "0", "Account", key,
                         CDN_INT("cents", i % 100), CDN_INT("ts", CDN_BANK_T + i));
    }
    cdn_fixture_finish(f);
    h = harness_new(cdn_fixture_open(path), "Account; pays: cents");
    cdn_fixture_remove(path);
    h->budget.edges = 2000;
    h->budget.memory_bytes = 512 << 10;
}

static void teardown(void)
{
    harness_free(h);
}

static void costs(const char *body, const char *expected, uint64_t edges,
                  bool truncated)
{
    char text[512];

    h->run.truncated = false;
    (void)snprintf(text, sizeof text,
                   "local out = graph:node('Account', 0):outgoing('pays') return %s",
                   body);
    HARNESS_EQ(h, text, expected);
    ck_assert_msg(harness_meter(h)->edges == edges, "%s: %llu", body,
                  (unsigned long long)harness_meter(h)->edges);
    ck_assert_int_eq(h->run.truncated, truncated);
}

START_TEST(supernode__costs_what_is_left_of_it)
{
    costs("out:count()", "1000001", 1, false);
    costs("out:since(T + 999001):count()", "1000", 1, false);
    costs("out:since(T + 999001):totals('cents')", "1000 49500", 1001, false);
    costs("out:latest(500):sum('cents')", "24750", 501, true);
    costs("out:earliest(500):distinct()", "500", 501, true);
    costs("out:latest(1500):group({ n = 'count' }):max('n')", "2", 1501, true);
    costs("out:where('cents', '==', 7):latest(3):count()", "3", 395, true);
    costs("#out:latest(10):paths({ hops = 2 })", "10", 21, true);
}
END_TEST

START_TEST(supernode__stops_at_the_budget)
{
    static const char *const bodies[] = {
        "out:sum('cents')",
        "out:distinct()",
        "out:group({ n = 'count' }):count()",
        "out:where('cents', '==', 1000):exists()",
        "out:where('cents', '==', 1000):latest(5):count()",
        "out:top(3, 'cents')",
        "#out:paths({ hops = 1 })",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        costs(bodies[i], "stopped: edges", 2000, false);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("supernode");
    TCase *tcase = tcase_create("million");

    tcase_set_timeout(tcase, 0);
    tcase_add_unchecked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, supernode__costs_what_is_left_of_it);
    tcase_add_test(tcase, supernode__stops_at_the_budget);
    suite_add_tcase(s, tcase);
    return s;
}

CDN_UNIT_MAIN(suite)
