/* Small graphs for tests, written in a few lines.
 *
 *     struct cdn_fixture *f = cdn_fixture_new(path);
 *     cdn_fixture_label(f, "Account", CDN_KEY_INT64, "risk:int64 name:string?");
 *     cdn_fixture_relation(f, "pays", "Account", "Account", "amount:float64
 * ts:timestamp!"); cdn_fixture_node(f, "Account", "7", CDN_INT("risk", 3));
 *     cdn_fixture_node(f, "Account", "9");
 *     cdn_fixture_edge(f, "pays", "Account", "7", "Account", "9",
 * CDN_NUM("amount", 1.5), CDN_INT("ts", 1000)); cdn_fixture_finish(f);
 *
 * A property is "name:type" and marks: ? nullable, ! the time column, - not mirrored,
 * $ lua = "string", = immutable.  A value not given is null, or 0 or "" where it may not be.  All
 * labels and relations come first, then all nodes, then all edges.
 *
 * A failure here is a broken test: it prints why and aborts. */
#ifndef CORDON_TESTS_FIXTURE_H
#define CORDON_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cordon/snapshot.h>

#include "snapshot/schema.h"
#include "snapshot/snapshot.h"

struct cdn_fixture_value {
    const char *name; /* NULL ends a list */
    enum { CDN_FIXTURE_INT, CDN_FIXTURE_NUM, CDN_FIXTURE_BOOL, CDN_FIXTURE_BYTES } kind;
    int64_t integer;
    double number;
    const char *text;
    size_t bytes;
};

/* Values of properties: int64 and timestamp, float64, bool, string and text, bag. */
#define CDN_INT(property, value)                                                       \
    {                                                                                  \
        .name = (property), .kind = CDN_FIXTURE_INT, .integer = (value)                \
    }
#define CDN_NUM(property, value)                                                       \
    {                                                                                  \
        .name = (property), .kind = CDN_FIXTURE_NUM, .number = (value)                 \
    }
#define CDN_FLAG(property, value)                                                      \
    {                                                                                  \
        .name = (property), .kind = CDN_FIXTURE_BOOL, .integer = (value)               \
    }
#define CDN_STR(property, value)                                                       \
    {                                                                                  \
        .name = (property), .kind = CDN_FIXTURE_BYTES, .text = (value),                \
        .bytes = strlen(value)                                                         \
    }
#define CDN_RAW(property, start, size)                                                 \
    {                                                                                  \
        .name = (property), .kind = CDN_FIXTURE_BYTES, .text = (start),                \
        .bytes = (size)                                                                \
    }

struct cdn_fixture;

struct cdn_fixture *cdn_fixture_new(const char *path);
/* Smaller blocks than usual, so that a small graph has several; before the first node.
 */
void cdn_fixture_block_shift(struct cdn_fixture *fixture, uint32_t shift);
void cdn_fixture_label(struct cdn_fixture *fixture, const char *name,
                       enum cdn_key_type key, const char *properties);
void cdn_fixture_relation(struct cdn_fixture *fixture, const char *type,
                          const char *source, const char *target,
                          const char *properties);
void cdn_fixture_put_node(struct cdn_fixture *fixture, const char *label,
                          const char *key, const struct cdn_fixture_value *values);
void cdn_fixture_put_edge(struct cdn_fixture *fixture, const char *type,
                          const char *source_label, const char *source,
                          const char *target_label, const char *target,
                          const struct cdn_fixture_value *values);
#define cdn_fixture_node(fixture, label, key, ...)                                     \
    cdn_fixture_put_node(                                                              \
        fixture, label, key,                                                           \
        (const struct cdn_fixture_value[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})
#define cdn_fixture_edge(fixture, type, source_label, source, target_label, target,    \
                         ...)                                                          \
    cdn_fixture_put_edge(                                                              \
        fixture, type, source_label, source, target_label, target,                     \
        (const struct cdn_fixture_value[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})
/* Write the file and free the fixture. */
void cdn_fixture_finish(struct cdn_fixture *fixture);

/* A path for a file of the test's own, in a new folder; returns out. */
char *cdn_fixture_path(char *out, size_t size);

/* Remove the folder that holds `path`, with all that is in it. */
void cdn_fixture_remove(const char *path);

/* Open, or abort. */
cordon_snapshot *cdn_fixture_open(const char *path);
/* A block of a column that is not damaged, or abort. */
struct cdn_cells cdn_fixture_cells(const struct cdn_column *column, uint32_t block);
/* The dense index of a node, or abort. */
uint32_t cdn_fixture_find(const cordon_snapshot *snapshot, const char *label,
                          const char *key);

/* Read all there is through the checked accessors: every key, by node and back; every
 * column; every list; every edge by id.  Returns a digest of what was read; a damaged
 * value counts as a value of its own. */
uint64_t cdn_fixture_read_all(const cordon_snapshot *snapshot);

/* The bank: small enough to know by heart.  T is CDN_BANK_T, H an hour, in ms.
 *
 * Account (int64 key): 100, 200 ... 1000; with i = key / 100:
 *   createTime timestamp  CDN_BANK_CREATED + i days     isBlocked bool   i = 5 and i =
 * 10 balance float64       i * 10.5                      risk int64       i * 10 kind
 * string           card, loan, savings for i % 3 = 0, 1, 2 nickname string? "nick<i>"
 * for even i          serial int64$    2^53 + i note text?            "note of <key>"
 * for i <= 3    bag bag?         i = 2: {"tags":["a","b"]} Person (string key): ann,
 * bob, cid;  name string Ann, Bob, Cid Company (string key): acme, zenith;  name string
 * Acme, Zenith Medium (int64 key): 1, 2;            kind string phone, laptop
 *
 * transfer Account -> Account { amount float64, cents int64, ts timestamp (time), memo
 * string? } cents is amount * 100 100 -> 200   10.00  T         "rent"      300 -> 100
 * 5.50  T + 5 H 100 -> 200   20.00  T + 1 H               400 -> 100   7.25  T + 5 H
 *   100 -> 300   30.00  T + 2 H   "food"      500 -> 100   1.00  T + 9 H   "gift"
 *   100 -> 300   40.00  T + 2 H   "rent"      600 -> 600  60.00  T + 3 H
 *   100 -> 400   50.00  T + 4 H               200 -> 300   2.50  T + 6 H   "food"
 *   800 -> 900    8.00  T + 7 H               900 -> 1000  9.00  T + 8 H
 *   700 has none; 1000 has only an incoming one.
 * own Person -> Account, Company -> Account { share float64? }, no time
 *   ann -> 100 (0.5), ann -> 200, bob -> 300 (1), acme -> 100 (0.25), zenith -> 400
 * invest Person -> Company, Company -> Company { ratio float64, time timestamp (time) }
 *   ann -> acme 0.1 T, ann -> zenith 0.2 T + 2 H, bob -> acme 0.3 T + 1 H,
 *   zenith -> acme 0.4 T + 1 H
 * signIn Medium -> Account { location string (not mirrored), time timestamp (time) }
 *   1 -> 100 "Oslo" T, 1 -> 200 "Rome" T + 1 H, 2 -> 100 "Oslo" T + 2 H, 1 -> 100
 * "Rome" T + 3 H
 */
#define CDN_BANK_T       INT64_C(1700000000000)
#define CDN_BANK_HOUR    INT64_C(3600000)
#define CDN_BANK_CREATED INT64_C(1600000000000)
#define CDN_BANK_DAY     INT64_C(86400000)
void cdn_fixture_bank(const char *path);
/* Write the bank to a file of its own, open it, remove the file. */
cordon_snapshot *cdn_fixture_bank_open(void);

/* A random graph of every kind of column, for tests that want size: labels N (int64
 * keys, spread) and S (string keys), relations e N -> N with time, f N -> S without,
 * each of `edges` edges.  Equal arguments, equal graph. */
void cdn_fixture_random(const char *path, uint32_t nodes, uint32_t edges, uint64_t seed,
                        uint32_t block_shift);

#endif
