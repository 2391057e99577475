/* Handles and single values: keys, dictionaries, edges by id. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/snapshot.h"
#include "support/fixture.h"

static uint32_t find(const cordon_snapshot *snapshot, uint32_t label, const char *key)
{
    return cdn_snapshot_find(snapshot, label, key, strlen(key));
}

START_TEST(find__takes_decimals_as_we_write_them)
{
    static const char *const WRONG[] = {"",
                                        "+100",
                                        " 100",
                                        "100 ",
                                        "0100",
                                        "100.0",
                                        "1e2",
                                        "-0",
                                        "00",
                                        "0x64",
                                        "-",
                                        "--1",
                                        "1000000000000000000000",
                                        "-9223372036854775809",
                                        "9223372036854775808",
                                        "100\n"};
    cordon_snapshot *snapshot = cdn_fixture_bank_open();

    for (int i = 1; i <= 10; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "%d", i * 100);
        ck_assert_uint_eq(find(snapshot, 0, key), (uint32_t)i - 1);
        (void)snprintf(key, sizeof(key), "%d", i * 100 + 1);
        ck_assert_uint_eq(find(snapshot, 0, key), CDN_NO_NODE);
    }
    for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
        ck_assert_uint_eq(find(snapshot, 0, WRONG[i]), CDN_NO_NODE);
    ck_assert_uint_eq(cdn_snapshot_find(snapshot, 0, "100\0", 4), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 0, "-9223372036854775808"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 0, "9223372036854775807"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 99, "100"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 3, "bob"), snapshot->labels[3].base + 1);
    ck_assert_uint_eq(find(snapshot, 3, "bo"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 3, ""), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 3, "zzz"), CDN_NO_NODE);
    cordon_snapshot_release(snapshot);
}
END_TEST

/* Keys at the ends of the range, and spread in ways that mislead interpolation. */
START_TEST(find__finds_every_key_of_any_spread)
{
    char path[300];
    cordon_snapshot *snapshot;
    int64_t keys[600];
    uint32_t count = 0;
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));

    cdn_fixture_block_shift(f, 5);
    cdn_fixture_label(f, "N", CDN_KEY_INT64, "");
    keys[count++] = INT64_MIN;
    keys[count++] = INT64_MIN + 1;
    for (int64_t i = 0; i < 60; i++)
        keys[count++] = -(INT64_C(1) << (62 - i));
    for (int64_t i = 0; i < 400; i++)
        keys[count++] = i;
    for (int64_t i = 0; i < 50; i++)
        keys[count++] = INT64_C(1) << (i + 12);
    keys[count++] = INT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "%lld", (long long)keys[i]);
        cdn_fixture_node(f, "N", key);
    }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    ck_assert_uint_eq(snapshot->node_count, count);
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        char room[24];
        size_t bytes;
        const char *text;

        (void)snprintf(key, sizeof(key), "%lld", (long long)keys[i]);
        ck_assert_uint_eq(find(snapshot, 0, key), i);
        text = cdn_snapshot_key(snapshot, i, room, &bytes);
        ck_assert_uint_eq(bytes, strlen(key));
        ck_assert_str_eq(text, key);
    }
    ck_assert_uint_eq(find(snapshot, 0, "400"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 0, "5000"), CDN_NO_NODE);
    ck_assert_uint_eq(find(snapshot, 0, "-3"), CDN_NO_NODE);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(label_of__skips_empty_labels)
{
    char path[300];
    cordon_snapshot *snapshot;
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof(path)));

    for (int i = 0; i < 7; i++) {
        char name[2] = {(char)('A' + i), 0};

        cdn_fixture_label(f, name, CDN_KEY_INT64, "");
    }
    cdn_fixture_node(f, "B", "1");
    cdn_fixture_node(f, "B", "2");
    cdn_fixture_node(f, "E", "1");
    cdn_fixture_node(f, "F", "1");
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, 0), 1);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, 1), 1);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, 2), 4);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, 3), 5);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, 4), 7);
    ck_assert_uint_eq(cdn_snapshot_label_of(snapshot, CDN_NO_NODE), 7);
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(columns__hold_the_banks_values)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    const struct cdn_label_data *account = &snapshot->labels[0];
    const struct cdn_property *properties = account->schema->properties;
    uint32_t count = account->schema->property_count;
    const struct cdn_column *column;
    struct cdn_cells cells;
    size_t bytes;

    column = &account->columns[cdn_properties_find(properties, count, "nickname")];
    ck_assert_uint_eq(column->nulls, 5);
    cells = cdn_fixture_cells(column, 0);
    ck_assert(!cdn_cells_present(&cells, 0));
    ck_assert(cdn_cells_present(&cells, 1));
    ck_assert_mem_eq(cdn_column_bytes(column, 0, 1, &bytes), "nick2", 5);
    ck_assert_uint_eq(bytes, 5);
    column = &account->columns[cdn_properties_find(properties, count, "note")];
    ck_assert_mem_eq(cdn_column_bytes(column, 0, 2, &bytes), "note of 300", 11);
    cells = cdn_fixture_cells(column, 0);
    ck_assert(!cdn_cells_present(&cells, 3));
    ck_assert_ptr_nonnull(cdn_column_bytes(column, 0, 3, &bytes));
    ck_assert_uint_eq(bytes, 0);
    column = &account->columns[cdn_properties_find(properties, count, "serial")];
    ck_assert_int_eq(column->minimum, (INT64_C(1) << 53) + 1);
    ck_assert_int_eq(column->maximum, (INT64_C(1) << 53) + 10);
    ck_assert(column->property->lua_string);
    column = &account->columns[cdn_properties_find(properties, count, "balance")];
    ck_assert_double_eq(column->lowest, 10.5);
    ck_assert_double_eq(column->highest, 105);
    column = &account->columns[cdn_properties_find(properties, count, "kind")];
    ck_assert_int_eq(cdn_dictionary_find(&column->dictionary, "loan", 4), 1);
    ck_assert_int_eq(cdn_dictionary_find(&column->dictionary, "loa", 3), -1);
    ck_assert_int_eq(cdn_dictionary_find(&column->dictionary, "zzz", 3), -1);
    ck_assert_ptr_null(cdn_dictionary_get(&column->dictionary, 3, &bytes));
    ck_assert_uint_eq(bytes, 0);
    ck_assert_uint_eq(
        snapshot->relations[snapshot->relation_count - 1].outgoing.longest, 5);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(columns__not_mirrored_are_outgoing_only)
{
    cordon_snapshot *snapshot = cdn_fixture_bank_open();

    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];

        for (uint32_t p = 0; p < relation->schema->property_count; p++) {
            bool mirrored =
                strcmp(relation->schema->properties[p].name, "location") != 0;

            ck_assert_ptr_nonnull(relation->outgoing.columns[p].values);
            ck_assert(mirrored == (relation->incoming.columns[p].values != NULL));
        }
        if (relation->schema->time >= 0)
            ck_assert_ptr_eq(relation->incoming.times,
                             relation->incoming.columns[relation->schema->time].values);
        else
            ck_assert_ptr_null(relation->incoming.times);
    }
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(edge__places_every_id_and_its_source)
{
    char path[300];
    cordon_snapshot *snapshot;
    uint64_t id = 0;
    struct cdn_edge_place place;

    cdn_fixture_random(cdn_fixture_path(path, sizeof(path)), 100, 500, 9, 4);
    snapshot = cdn_fixture_open(path);
    for (uint32_t r = 0; r < snapshot->relation_count; r++) {
        const struct cdn_relation *relation = &snapshot->relations[r];

        for (uint32_t n = 0; n < relation->source_count; n++) {
            struct cdn_list list;

            ck_assert(cdn_adjacency_list(&relation->outgoing, n, &list));
            for (uint32_t i = 0; i < list.count; i++, id++) {
                ck_assert(cdn_snapshot_edge(snapshot, id, true, &place));
                ck_assert_uint_eq(place.relation_number, r);
                ck_assert_uint_eq(place.block, list.block);
                ck_assert_uint_eq(place.index, list.start + i);
                ck_assert_uint_eq(place.source, relation->source_base + n);
                ck_assert_uint_eq(relation->edge_base + list.position + i, id);
            }
        }
    }
    ck_assert_uint_eq(id, 1000);
    ck_assert(!cdn_snapshot_edge(snapshot, id, true, &place));
    ck_assert(!cdn_snapshot_edge(snapshot, UINT64_MAX, false, &place));
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(open__checks_its_arguments)
{
    char path[300];
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot;
    cordon_error err;

    cdn_fixture_bank(cdn_fixture_path(path, sizeof(path)));
    ck_assert_int_eq(cordon_snapshot_open(NULL, path, NULL, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, NULL, NULL, &err),
                     CORDON_E_INVALID);
    options.struct_size = 7;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err),
                     CORDON_E_INVALID);
    options.struct_size = sizeof(options);
    options.verify = (cordon_verify)(CORDON_VERIFY_STRUCTURE + 1);
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err),
                     CORDON_E_INVALID);
    options.verify = CORDON_VERIFY_ON_READ;
    options.generation = 3;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err),
                     CORDON_E_INVALID);
    options.generation = 0;
    options.verify = CORDON_VERIFY_FULL;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err), CORDON_OK);
    ck_assert_uint_eq(cordon_snapshot_generation(snapshot), 0);
    ck_assert_uint_eq(cordon_snapshot_node_count(snapshot), 17);
    ck_assert_uint_eq(cordon_snapshot_edge_count(snapshot), 25);
    ck_assert_uint_gt(cordon_snapshot_segment_count(snapshot), 10);
    cordon_snapshot_release(snapshot);
    cordon_snapshot_release(NULL);
    ck_assert_ptr_null(cordon_snapshot_retain(NULL));
    cdn_fixture_remove(path);
}
END_TEST

START_TEST(open__with_full_verification_refuses_a_damaged_segment)
{
    char path[300];
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot;
    long offset;
    cordon_error err;
    FILE *file;

    cdn_fixture_bank(cdn_fixture_path(path, sizeof(path)));
    file = fopen(path, "r+b");
    for (offset = 2 * 4096 + 16;; offset += 4096) { /* the page of the keys */
        int64_t key = 0;

        (void)fseek(file, offset, SEEK_SET);
        ck_assert_uint_eq(fread(&key, sizeof(key), 1, file), 1);
        if (key == 100)
            break;
    }
    (void)fseek(file, offset, SEEK_SET);
    (void)fputc(101, file);
    (void)fclose(file);
    options.verify = CORDON_VERIFY_STRUCTURE;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err), CORDON_OK);
    ck_assert_uint_eq(cdn_fixture_find(snapshot, "Account", "101"), 0);
    cordon_snapshot_release(snapshot);
    options.verify = CORDON_VERIFY_FULL;
    ck_assert_int_eq(cordon_snapshot_open(&snapshot, path, &options, &err),
                     CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "Account keys"));
    ck_assert_ptr_nonnull(strstr(err.message, "checksum"));
    cdn_fixture_remove(path);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("snapshot");

    CDN_UNIT_CASE(s, find__takes_decimals_as_we_write_them);
    CDN_UNIT_CASE(s, find__finds_every_key_of_any_spread);
    CDN_UNIT_CASE(s, label_of__skips_empty_labels);
    CDN_UNIT_CASE(s, columns__hold_the_banks_values);
    CDN_UNIT_CASE(s, columns__not_mirrored_are_outgoing_only);
    CDN_UNIT_CASE(s, edge__places_every_id_and_its_source);
    CDN_UNIT_CASE(s, open__checks_its_arguments);
    CDN_UNIT_CASE(s, open__with_full_verification_refuses_a_damaged_segment);
    return s;
}

CDN_UNIT_MAIN(suite)
