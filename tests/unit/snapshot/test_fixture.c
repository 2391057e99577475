/* The fixtures other tests lean on: the bank is what fixture.h says it is. */
#include "support/unit.h"

#include "support/fixture.h"

static const struct cdn_relation *relation(const cordon_snapshot *snapshot,
                                           const char *type, const char *source,
                                           const char *target)
{
    int32_t number = cdn_schema_relation(
        &snapshot->schema, type, (uint32_t)cdn_schema_label(&snapshot->schema, source),
        (uint32_t)cdn_schema_label(&snapshot->schema, target));

    ck_assert_int_ge(number, 0);
    return &snapshot->relations[number];
}

START_TEST(bank__has_its_transfers)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    const struct cdn_relation *transfer =
        relation(snapshot, "transfer", "Account", "Account");
    uint32_t base = transfer->source_base;
    struct cdn_list list;
    const double *amounts;

    ck_assert_uint_eq(transfer->edge_count, 12);
    ck_assert(cdn_adjacency_list(&transfer->outgoing, 0, &list)); /* 100 */
    amounts =
        (const double *)cdn_fixture_cells(&transfer->outgoing.columns[0], list.block)
            .values +
        list.start;
    ck_assert_uint_eq(list.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_double_eq(amounts[i], 10.0 * (i + 1));
    ck_assert_uint_eq(list.peers[2], base + 2);
    ck_assert_int_eq(list.times[4], CDN_BANK_T + 4 * CDN_BANK_HOUR);
    ck_assert(cdn_adjacency_list(&transfer->incoming, 0, &list));
    ck_assert_uint_eq(list.count, 3);
    ck_assert_uint_eq(list.peers[0], base + 2); /* 300 and 400 at one time */
    ck_assert_uint_eq(list.peers[1], base + 3);
    ck_assert(cdn_adjacency_list(&transfer->outgoing, 6, &list)); /* 700 */
    ck_assert_uint_eq(list.count, 0);
    ck_assert(cdn_adjacency_list(&transfer->incoming, 6, &list));
    ck_assert_uint_eq(list.count, 0);
    ck_assert_uint_eq(relation(snapshot, "own", "Person", "Account")->edge_count, 3);
    ck_assert_uint_eq(relation(snapshot, "own", "Company", "Account")->edge_count, 2);
    ck_assert_uint_eq(relation(snapshot, "invest", "Company", "Company")->edge_count,
                      1);
    ck_assert_uint_eq(relation(snapshot, "signIn", "Medium", "Account")->edge_count, 4);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(random__is_the_same_for_the_same_seed)
{
    char path[300];
    uint64_t digests[3];
    uint64_t identities[3];

    cdn_fixture_path(path, sizeof(path));
    for (int i = 0; i < 3; i++) {
        cordon_snapshot *snapshot;

        cdn_fixture_random(path, 50, 200, i == 2 ? 8 : 7, 4);
        snapshot = cdn_fixture_open(path);
        digests[i] = cdn_fixture_read_all(snapshot);
        identities[i] = cordon_snapshot_identity(snapshot);
        cordon_snapshot_release(snapshot);
    }
    ck_assert_uint_eq(digests[0], digests[1]);
    ck_assert_uint_eq(identities[0], identities[1]);
    ck_assert_uint_ne(digests[0], digests[2]);
    cdn_fixture_remove(path);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("fixture");

    CDN_UNIT_CASE(s, bank__has_its_transfers);
    CDN_UNIT_CASE(s, random__is_the_same_for_the_same_seed);
    return s;
}

CDN_UNIT_MAIN(suite)
