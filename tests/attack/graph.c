/* The graph that attacks run over: everything that makes a traversal expensive, and
 * things that a rule must not see.
 *
 *   Account 1 .. 9       a small circle: i pays i + 1 (9 pays 1), twice each, 10 i and
 *                        10 i + 5, at T + i hours and T + 100 i hours; 4 pays itself as
 *                        well; 1 pays the hub 1000
 *   Account 1000         the hub: 200,000 payments, ten to each of the leaves, a second
 *                        apart from T on
 *   Account 2000 ..      20,000 leaves, which pay nobody
 *   Account 50000 ..     a cluster of 300; each pays the 40 after it, so that everything
 *                        reaches everything in a few hops; 1 pays the first
 *   Person ann           owns 1 to 9 (no time), pays 1 and 2: transfer has two label pairs
 *   Secret s1, s2        1 hides both; no case may read the label or the edge type
 *
 * T is 1600000000000, an hour before which nothing happens. */
#include "attack/graph.h"

#include <stdio.h>
#include <string.h>

#include "support/fixture.h"

#define T      INT64_C(1600000000000)
#define HOUR   INT64_C(3600000)
#define HUB    1000
#define LEAF   2000
#define LEAVES 20000
#define CORE   50000
#define CORES  300
#define REACH  40

static cordon_snapshot *graph;
static char path[256];

static void account(struct cdn_fixture *f, int64_t key)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)key);
    cdn_fixture_node(f, "Account", text, CDN_INT("risk", key % 100),
                     CDN_NUM("balance", (double)key * 1.25),
                     CDN_STR("kind", key % 2 ? "card" : "loan"),
                     CDN_INT("opened", T - key), CDN_STR("pin", "1234"));
}

static void pay(struct cdn_fixture *f, int64_t from, int64_t to, double amount,
                int64_t ts)
{
    char source[24], target[24];

    snprintf(source, sizeof source, "%lld", (long long)from);
    snprintf(target, sizeof target, "%lld", (long long)to);
    cdn_fixture_edge(f, "transfer", "Account", source, "Account", target,
                     CDN_NUM("amount", amount), CDN_INT("ts", ts),
                     CDN_INT("code", from * 7));
}

static void write_graph(void)
{
    struct cdn_fixture *f = cdn_fixture_new(path);

    cdn_fixture_label(f, "Account", CDN_KEY_INT64,
                      "risk:int64 balance:float64 kind:string opened:timestamp "
                      "pin:string");
    cdn_fixture_label(f, "Person", CDN_KEY_STRING, "name:string");
    cdn_fixture_label(f, "Secret", CDN_KEY_STRING, "word:string");
    cdn_fixture_relation(f, "transfer", "Account", "Account",
                         "amount:float64 code:int64 ts:timestamp!");
    cdn_fixture_relation(f, "transfer", "Person", "Account",
                         "amount:float64 ts:timestamp!");
    cdn_fixture_relation(f, "own", "Person", "Account", "share:float64?");
    cdn_fixture_relation(f, "hide", "Account", "Secret", "place:string");
    for (int64_t i = 1; i <= 9; i++)
        account(f, i);
    account(f, HUB);
    for (int64_t i = 0; i < LEAVES; i++)
        account(f, LEAF + i);
    for (int64_t i = 0; i < CORES; i++)
        account(f, CORE + i);
    cdn_fixture_node(f, "Person", "ann", CDN_STR("name", "Ann"));
    cdn_fixture_node(f, "Secret", "s1", CDN_STR("word", "sesame"));
    cdn_fixture_node(f, "Secret", "s2", CDN_STR("word", "xyzzy"));
    for (int64_t i = 1; i <= 9; i++) {
        char key[4];

        snprintf(key, sizeof key, "%d", (int)i);
        pay(f, i, i % 9 + 1, (double)(10 * i), T + i * HOUR);
        pay(f, i, i % 9 + 1, (double)(10 * i + 5), T + 100 * i * HOUR);
        cdn_fixture_edge(f, "own", "Person", "ann", "Account", key,
                         CDN_NUM("share", 1.0 / (double)i));
    }
    pay(f, 4, 4, 44, T + 4 * HOUR);
    pay(f, 1, HUB, 999, T + HOUR);
    pay(f, 1, CORE, 500, T + 2 * HOUR);
    for (int64_t i = 0; i < INT64_C(10) * LEAVES; i++)
        pay(f, HUB, LEAF + i % LEAVES, (double)(i % 1000) / 8, T + i * 1000);
    for (int64_t i = 0; i < CORES; i++) {
        for (int64_t j = 1; j <= REACH; j++)
            pay(f, CORE + i, CORE + (i + j) % CORES, (double)j, T + (i + j) * HOUR);
    }
    cdn_fixture_edge(f, "transfer", "Person", "ann", "Account", "1",
                     CDN_NUM("amount", 3), CDN_INT("ts", T + 3 * HOUR));
    cdn_fixture_edge(f, "transfer", "Person", "ann", "Account", "2",
                     CDN_NUM("amount", 4), CDN_INT("ts", T + 3 * HOUR));
    cdn_fixture_edge(f, "hide", "Account", "1", "Secret", "s1",
                     CDN_STR("place", "under the mat"));
    cdn_fixture_edge(f, "hide", "Account", "1", "Secret", "s2",
                     CDN_STR("place", "behind the clock"));
    cdn_fixture_finish(f);
}

cordon_snapshot *attack_graph(void)
{
    if (!graph) {
        cdn_fixture_path(path, sizeof path);
        write_graph();
        graph = cdn_fixture_open(path);
    }
    return graph;
}

void attack_graph_remove(void)
{
    cdn_fixture_remove(path);
}

void attack_graph_release(void)
{
    cordon_snapshot_release(graph);
    graph = NULL;
}
