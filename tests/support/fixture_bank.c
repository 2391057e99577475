/* The bank that fixture.h describes, and random graphs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

static const char *const TYPES[] = {"card", "loan", "savings"};

/* {"tags":["a","b"]} */
static const char BAG[] = "\x81\xa4tags\x92\xa1"
                          "a\xa1"
                          "b";

static void bank_schema(struct cdn_fixture *f)
{
    cdn_fixture_label(f, "Account", CDN_KEY_INT64,
                      "createTime:timestamp isBlocked:bool balance:float64 risk:int64 "
                      "kind:string nickname:string? serial:int64$ note:text? bag:bag?");
    cdn_fixture_label(f, "Person", CDN_KEY_STRING, "name:string");
    cdn_fixture_label(f, "Company", CDN_KEY_STRING, "name:string");
    cdn_fixture_label(f, "Medium", CDN_KEY_INT64, "kind:string");
    cdn_fixture_relation(f, "transfer", "Account", "Account",
                         "amount:float64 cents:int64 ts:timestamp! memo:string?");
    cdn_fixture_relation(f, "own", "Person", "Account", "share:float64?");
    cdn_fixture_relation(f, "own", "Company", "Account", "share:float64?");
    cdn_fixture_relation(f, "invest", "Person", "Company",
                         "ratio:float64 time:timestamp!");
    cdn_fixture_relation(f, "invest", "Company", "Company",
                         "ratio:float64 time:timestamp!");
    cdn_fixture_relation(f, "signIn", "Medium", "Account",
                         "location:string- time:timestamp!");
}

static void bank_accounts(struct cdn_fixture *f)
{
    for (int i = 10; i >= 1; i--) { /* not in key order */
        struct cdn_fixture_value values[10];
        char nickname[24];
        char note[40];
        char key[24];
        int n = 0;

        (void)snprintf(key, sizeof(key), "%d", i * 100);
        (void)snprintf(nickname, sizeof(nickname), "nick%d", i);
        (void)snprintf(note, sizeof(note), "note of %s", key);
        values[n++] = (struct cdn_fixture_value)CDN_INT(
            "createTime", CDN_BANK_CREATED + i * CDN_BANK_DAY);
        values[n++] = (struct cdn_fixture_value)CDN_FLAG("isBlocked", i % 5 == 0);
        values[n++] = (struct cdn_fixture_value)CDN_NUM("balance", i * 10.5);
        values[n++] = (struct cdn_fixture_value)CDN_INT("risk", i * 10);
        values[n++] = (struct cdn_fixture_value)CDN_STR("kind", TYPES[i % 3]);
        values[n++] =
            (struct cdn_fixture_value)CDN_INT("serial", (INT64_C(1) << 53) + i);
        if (i % 2 == 0)
            values[n++] = (struct cdn_fixture_value)CDN_STR("nickname", nickname);
        if (i <= 3)
            values[n++] = (struct cdn_fixture_value)CDN_STR("note", note);
        if (i == 2)
            values[n++] =
                (struct cdn_fixture_value)CDN_RAW("bag", BAG, sizeof(BAG) - 1);
        values[n].name = NULL;
        cdn_fixture_put_node(f, "Account", key, values);
    }
}

static void bank_transfers(struct cdn_fixture *f)
{
    static const struct {
        const char *from;
        const char *to;
        double amount;
        int hour;
        const char *memo;
    } TRANSFERS[] = {
        {"100", "200", 10, 0, "rent"}, {"500", "100", 1, 9, "gift"},
        {"100", "200", 20, 1, NULL},   {"100", "300", 30, 2, "food"},
        {"100", "300", 40, 2, "rent"}, {"100", "400", 50, 4, NULL},
        {"300", "100", 5.5, 5, NULL},  {"400", "100", 7.25, 5, NULL},
        {"600", "600", 60, 3, NULL},   {"200", "300", 2.5, 6, "food"},
        {"900", "1000", 9, 8, NULL},   {"800", "900", 8, 7, NULL},
    };

    for (size_t i = 0; i < sizeof(TRANSFERS) / sizeof(TRANSFERS[0]); i++) {
        const char *memo = TRANSFERS[i].memo;
        struct cdn_fixture_value values[] = {
            CDN_NUM("amount", TRANSFERS[i].amount),
            CDN_INT("cents", (int64_t)(TRANSFERS[i].amount * 100)),
            CDN_INT("ts", CDN_BANK_T + TRANSFERS[i].hour * CDN_BANK_HOUR),
            {.name = memo ? "memo" : NULL,
             .kind = CDN_FIXTURE_BYTES,
             .text = memo,
             .bytes = memo ? strlen(memo) : 0},
            {.name = NULL}};

        cdn_fixture_put_edge(f, "transfer", "Account", TRANSFERS[i].from, "Account",
                             TRANSFERS[i].to, values);
    }
}

static void bank_rest(struct cdn_fixture *f)
{
    const int64_t t = CDN_BANK_T;
    const int64_t h = CDN_BANK_HOUR;

    cdn_fixture_edge(f, "own", "Person", "ann", "Account", "100",
                     CDN_NUM("share", 0.5));
    cdn_fixture_edge(f, "own", "Person", "ann", "Account", "200");
    cdn_fixture_edge(f, "own", "Person", "bob", "Account", "300", CDN_NUM("share", 1));
    cdn_fixture_edge(f, "own", "Company", "acme", "Account", "100",
                     CDN_NUM("share", 0.25));
    cdn_fixture_edge(f, "own", "Company", "zenith", "Account", "400");
    cdn_fixture_edge(f, "invest", "Person", "ann", "Company", "acme",
                     CDN_NUM("ratio", 0.1), CDN_INT("time", t));
    cdn_fixture_edge(f, "invest", "Person", "ann", "Company", "zenith",
                     CDN_NUM("ratio", 0.2), CDN_INT("time", t + 2 * h));
    cdn_fixture_edge(f, "invest", "Person", "bob", "Company", "acme",
                     CDN_NUM("ratio", 0.3), CDN_INT("time", t + h));
    cdn_fixture_edge(f, "invest", "Company", "zenith", "Company", "acme",
                     CDN_NUM("ratio", 0.4), CDN_INT("time", t + h));
    cdn_fixture_edge(f, "signIn", "Medium", "1", "Account", "100",
                     CDN_STR("location", "Oslo"), CDN_INT("time", t));
    cdn_fixture_edge(f, "signIn", "Medium", "1", "Account", "200",
                     CDN_STR("location", "Rome"), CDN_INT("time", t + h));
    cdn_fixture_edge(f, "signIn", "Medium", "2", "Account", "100",
                     CDN_STR("location", "Oslo"), CDN_INT("time", t + 2 * h));
    cdn_fixture_edge(f, "signIn", "Medium", "1", "Account", "100",
                     CDN_STR("location", "Rome"), CDN_INT("time", t + 3 * h));
}

void cdn_fixture_bank(const char *path)
{
    struct cdn_fixture *f = cdn_fixture_new(path);

    bank_schema(f);
    bank_accounts(f);
    cdn_fixture_node(f, "Person", "cid", CDN_STR("name", "Cid"));
    cdn_fixture_node(f, "Person", "ann", CDN_STR("name", "Ann"));
    cdn_fixture_node(f, "Person", "bob", CDN_STR("name", "Bob"));
    cdn_fixture_node(f, "Company", "zenith", CDN_STR("name", "Zenith"));
    cdn_fixture_node(f, "Company", "acme", CDN_STR("name", "Acme"));
    cdn_fixture_node(f, "Medium", "1", CDN_STR("kind", "phone"));
    cdn_fixture_node(f, "Medium", "2", CDN_STR("kind", "laptop"));
    bank_transfers(f);
    bank_rest(f);
    cdn_fixture_finish(f);
}

cordon_snapshot *cdn_fixture_bank_open(void)
{
    char path[256];
    cordon_snapshot *snapshot;

    cdn_fixture_bank(cdn_fixture_path(path, sizeof(path)));
    snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    return snapshot;
}

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static const char *n_key(char *out, size_t size, uint64_t i)
{
    /* both signs, and ids beyond 2^53 */
    (void)snprintf(out, size, "%lld",
                   (long long)(i * i * 7919) * (i % 3 ? 1 : -1) +
                       (i % 11 == 0 ? (1LL << 60) : 0));
    return out;
}

static const char *s_key(char *out, size_t size, uint64_t i)
{
    (void)snprintf(out, size, "%s%llu", i % 2 ? "node-" : "a-rather-long-prefix-",
                   (unsigned long long)i);
    return out;
}

static void random_nodes(struct cdn_fixture *f, uint32_t nodes, uint64_t *state)
{
    for (uint32_t i = 0; i < nodes; i++) {
        struct cdn_fixture_value values[8];
        char key[64];
        char text[32];
        char word[32];
        int n = 0;

        (void)snprintf(text, sizeof(text), "text \xc3\xa9 %llx",
                       (unsigned long long)draw(state));
        (void)snprintf(word, sizeof(word), "word%d", (int)(draw(state) % 7));
        values[n++] = (struct cdn_fixture_value)CDN_FLAG("b", draw(state) & 1);
        values[n++] = (struct cdn_fixture_value)CDN_INT("i", (int64_t)draw(state));
        if (draw(state) % 3)
            values[n++] =
                (struct cdn_fixture_value)CDN_NUM("d", (double)(draw(state) >> 40) / 8);
        if (draw(state) % 2)
            values[n++] = (struct cdn_fixture_value)CDN_STR("s", word);
        if (draw(state) % 2)
            values[n++] = (struct cdn_fixture_value)CDN_STR("t", text);
        if (draw(state) % 4 == 0)
            values[n++] = (struct cdn_fixture_value)CDN_RAW("g", BAG, sizeof(BAG) - 1);
        values[n].name = NULL;
        cdn_fixture_put_node(f, "N", n_key(key, sizeof(key), i), values);
        cdn_fixture_node(f, "S", s_key(key, sizeof(key), i));
    }
}

void cdn_fixture_random(const char *path, uint32_t nodes, uint32_t edges, uint64_t seed,
                        uint32_t block_shift)
{
    struct cdn_fixture *f = cdn_fixture_new(path);
    uint64_t state = seed;

    cdn_fixture_block_shift(f, block_shift);
    cdn_fixture_label(f, "N", CDN_KEY_INT64,
                      "b:bool i:int64 d:float64? s:string? t:text? g:bag?");
    cdn_fixture_label(f, "S", CDN_KEY_STRING, "");
    cdn_fixture_relation(f, "e", "N", "N",
                         "w:float64 c:int64? at:timestamp! m:string? t:text? b:bool-");
    cdn_fixture_relation(f, "f", "N", "S", "m:string- q:bag?");
    random_nodes(f, nodes, &state);
    for (uint32_t i = 0; nodes > 0 && i < edges; i++) {
        uint64_t from = draw(&state) % nodes;
        uint64_t to = draw(&state) % (draw(&state) % 2 ? nodes : (nodes + 9) / 10);
        int64_t at = (int64_t)(draw(&state) % (edges / 4 + 1));
        char word[32];
        char source[64];
        char target[64];
        struct cdn_fixture_value values[] = {
            CDN_NUM("w", (double)(draw(&state) % 1000) / 4),
            CDN_INT("at", at),
            CDN_FLAG("b", draw(&state) & 1),
            CDN_INT("c", (int64_t)draw(&state)),
            {.name = NULL},
            {.name = NULL},
            {.name = NULL}};

        (void)snprintf(word, sizeof(word), "m%d", (int)(draw(&state) % 50));
        if (draw(&state) % 2)
            values[4] = (struct cdn_fixture_value)CDN_STR("m", word);
        else if (draw(&state) % 2)
            values[3] = (struct cdn_fixture_value)CDN_STR("t", word);
        cdn_fixture_put_edge(f, "e", "N", n_key(source, sizeof(source), from), "N",
                             n_key(target, sizeof(target), to), values);
        cdn_fixture_edge(f, "f", "N", source, "S", s_key(target, sizeof(target), to),
                         CDN_STR("m", word));
    }
    cdn_fixture_finish(f);
}
