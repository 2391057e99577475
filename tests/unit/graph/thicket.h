/* A graph too dense to know by heart, the same every time: what native code answers over
 * it is held against the plain loops that a rule would otherwise write.
 *
 * 40 accounts (keys 1 to 40), 600 payments between them over 1000 hours from T on, two at
 * one time now and then, some to oneself; `amount` float64, nullable; `cents` int64. */
#ifndef CORDON_TESTS_GRAPH_THICKET_H
#define CORDON_TESTS_GRAPH_THICKET_H

#include <stdio.h>

#include "harness.h"

static inline cordon_snapshot *thicket_open(void)
{
    char path[256];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cordon_snapshot *snapshot;
    uint64_t state = UINT64_C(88172645463325252);

    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "risk:int64");
    cdn_fixture_relation(f, "pays", "Account", "Account",
                         "amount:float64? cents:int64 ts:timestamp!");
    for (int i = 1; i <= 40; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "%d", i);
        cdn_fixture_node(f, "Account", key, CDN_INT("risk", i % 7));
    }
    for (int i = 0; i < 600; i++) {
        char from[16], to[16];
        struct cdn_fixture_value values[4];
        int count = 0;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (void)snprintf(from, sizeof from, "%d", (int)(state % 40) + 1);
        (void)snprintf(to, sizeof to, "%d", (int)(state / 40 % 40) + 1);
        if (state % 11 != 0)
            values[count++] = (struct cdn_fixture_value)CDN_NUM(
                "amount", 100 + (double)(state / 1600 % 64) / 4);
        values[count++] =
            (struct cdn_fixture_value)CDN_INT("cents", (int64_t)(state / 1600 % 64));
        values[count++] = (struct cdn_fixture_value)CDN_INT(
            "ts", CDN_BANK_T + (int64_t)(state / 102400 % 1000) * CDN_BANK_HOUR);
        values[count].name = NULL;
        cdn_fixture_put_edge(f, "pays", "Account", from, "Account", to, values);
    }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path);
    return snapshot;
}

/* As HARNESS_EQ, for bodies that are too long to be part of a message. */
static inline void thicket_eq(struct harness *harness, const char *body,
                              const char *expected)
{
    const char *result = harness_run(harness, body);

    ck_assert_msg(strcmp(result, expected) == 0, "%s, not %s", result, expected);
}

/* Bodies over it begin with this: all accounts, and what the tests compare with. */
#define THICKET                                                                        \
    "local all = {} for i = 1, 40 do all[i] = graph:node('Account', i) end "           \
    "local every = graph:set(all) "                                                    \
    "local function same(a, b, what) if a ~= b then "                                  \
    "error(what .. ': ' .. tostring(a) .. ' is not ' .. tostring(b)) end end "

#endif
