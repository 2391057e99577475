/* Slices: what is in one, that it is a sound snapshot, and that no bytes can break it. */
#include "snapshot/slice.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "snapshot/format.h"
#include "support/fixture.h"
#include "support/unit.h"

static cordon_snapshot *bank;

static void setup(void)
{
    bank = cdn_fixture_bank_open();
}

static void teardown(void)
{
    cordon_snapshot_release(bank);
}

struct slice {
    void *bytes;
    size_t size;
};

static struct slice cut(const cordon_snapshot *snapshot, cordon_slice_options options)
{
    struct slice slice;
    cordon_error err;

    if (cordon_snapshot_slice(&slice.bytes, &slice.size, snapshot, &options, &err))
        ck_abort_msg("slice: %s", err.message);
    return slice;
}

/* Open with every check there is. */
static cordon_snapshot *open_full(const struct slice *slice)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_snapshot *snapshot;
    cordon_error err;

    options.verify = CORDON_VERIFY_FULL;
    if (cordon_snapshot_open_slice(&snapshot, slice->bytes, slice->size, &options,
                                   &err))
        ck_abort_msg("open: %s", err.message);
    return snapshot;
}

static cordon_slice_options around(const cordon_slice_node *nodes, size_t count,
                                   uint32_t hops)
{
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;

    options.nodes = nodes;
    options.node_count = count;
    options.hops = hops;
    return options;
}

static const cordon_slice_node HUNDRED[] = {{"Account", "100"}};

/* Every node of a snapshot, as its label and key. */
static cordon_slice_node *all_nodes(const cordon_snapshot *snapshot)
{
    cordon_slice_node *nodes = calloc(snapshot->node_count, sizeof *nodes);

    ck_assert_ptr_nonnull(nodes);
    for (uint32_t i = 0; i < snapshot->node_count; i++) {
        char room[24];
        size_t bytes;
        const char *key = cdn_snapshot_key(snapshot, i, room, &bytes);

        nodes[i].label =
            snapshot->schema.labels[cdn_snapshot_label_of(snapshot, i)].name;
        nodes[i].key = cdn_strndup(key, bytes);
    }
    return nodes;
}

static void free_nodes(cordon_slice_node *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        cdn_free((void *)(uintptr_t)nodes[i].key);
    free(nodes);
}

START_TEST(slice__of_everything_is_the_snapshot)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        char path[256];
        cordon_snapshot *whole;
        cordon_snapshot *copy;
        cordon_slice_node *nodes;
        struct slice slice;

        cdn_fixture_random(cdn_fixture_path(path, sizeof path), 40, 200, seed, 0);
        whole = cdn_fixture_open(path);
        nodes = all_nodes(whole);
        slice = cut(whole, around(nodes, whole->node_count, 1));
        copy = open_full(&slice);
        ck_assert_uint_eq(cordon_snapshot_identity(copy),
                          cordon_snapshot_identity(whole));
        ck_assert_uint_eq(cdn_fixture_read_all(copy), cdn_fixture_read_all(whole));
        cordon_slice_free(slice.bytes);
        cordon_snapshot_release(copy);
        free_nodes(nodes, whole->node_count);
        cordon_snapshot_release(whole);
        cdn_fixture_remove(path);
    }
}
END_TEST

/* Does `slice` hold the node's lists whole?  By the keys at the other ends. */
static bool same_lists(const cordon_snapshot *whole, const cordon_snapshot *slice,
                       uint32_t node, uint32_t copy)
{
    for (uint32_t r = 0; r < whole->relation_count; r++) {
        for (int incoming = 0; incoming < 2; incoming++) {
            const struct cdn_relation *ours = &whole->relations[r];
            const struct cdn_relation *theirs = &slice->relations[r];
            uint32_t base = incoming ? ours->target_base : ours->source_base;
            uint32_t count = incoming ? ours->target_count : ours->source_count;
            struct cdn_list a;
            struct cdn_list b;

            if (node - base >= count)
                continue;
            ck_assert(cdn_adjacency_list(incoming ? &ours->incoming : &ours->outgoing,
                                         node - base, &a));
            base = incoming ? theirs->target_base : theirs->source_base;
            ck_assert(cdn_adjacency_list(
                incoming ? &theirs->incoming : &theirs->outgoing, copy - base, &b));
            if (a.count != b.count)
                return false;
            for (uint32_t i = 0; i < a.count; i++) {
                char rooms[2][24];
                size_t bytes[2];
                const char *keys[2] = {
                    cdn_snapshot_key(whole, a.peers[i], rooms[0], &bytes[0]),
                    cdn_snapshot_key(slice, b.peers[i], rooms[1], &bytes[1])};

                ck_assert_uint_eq(bytes[0], bytes[1]);
                ck_assert_mem_eq(keys[0], keys[1], bytes[0]);
                if (a.times)
                    ck_assert_int_eq(a.times[i], b.times[i]);
            }
        }
    }
    return true;
}

START_TEST(slice__holds_all_edges_of_what_is_near)
{
    for (uint32_t seed = 0; seed < 30; seed++) {
        char path[256];
        uint32_t hops = 1 + seed % 3;
        cordon_snapshot *whole;
        cordon_snapshot *copy;
        cordon_slice_node *nodes;
        struct slice slice;
        struct slice inner;
        cordon_snapshot *near;
        uint32_t start;

        cdn_fixture_random(cdn_fixture_path(path, sizeof path), 60, 50, seed, 0);
        whole = cdn_fixture_open(path);
        nodes = all_nodes(whole);
        start = seed * 7 % whole->node_count;
        slice = cut(whole, around(&nodes[start], 1, hops));
        inner = cut(whole, around(&nodes[start], 1, hops - 1));
        copy = open_full(&slice);
        near = open_full(&inner);
        /* those of the smaller slice are nearer than `hops` */
        for (uint32_t i = 0; i < near->node_count; i++) {
            const char *label =
                near->schema.labels[cdn_snapshot_label_of(near, i)].name;
            char room[24];
            char key[64];
            size_t bytes;
            const char *text = cdn_snapshot_key(near, i, room, &bytes);

            (void)snprintf(key, sizeof key, "%.*s", (int)bytes, text);
            ck_assert(same_lists(whole, copy, cdn_fixture_find(whole, label, key),
                                 cdn_fixture_find(copy, label, key)));
        }
        cordon_slice_free(slice.bytes);
        cordon_slice_free(inner.bytes);
        cordon_snapshot_release(copy);
        cordon_snapshot_release(near);
        free_nodes(nodes, whole->node_count);
        cordon_snapshot_release(whole);
        cdn_fixture_remove(path);
    }
}
END_TEST

START_TEST(slice__of_the_bank)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 1));
    cordon_snapshot *copy = open_full(&slice);

    /* 100, the accounts it dealt with, its owners and its media */
    ck_assert_uint_eq(copy->node_count, 5 + 2 + 2);
    ck_assert_uint_eq(cordon_snapshot_edge_count(copy), 8 + 2 + 3);
    cordon_slice_free(slice.bytes);
    cordon_snapshot_release(copy);

    slice = cut(bank, around(HUNDRED, 1, 0));
    copy = open_full(&slice);
    ck_assert_uint_eq(copy->node_count, 1);
    ck_assert_uint_eq(cordon_snapshot_edge_count(copy), 0);
    cordon_slice_free(slice.bytes);
    cordon_snapshot_release(copy);
}
END_TEST

START_TEST(slice__holds_only_what_is_granted)
{
    static const char *const risk[] = {"risk"};
    static const char *const amount[] = {"amount"};
    static const cordon_slice_kind kinds[] = {
        {"Account", risk, 1}, {"transfer", amount, 1}, {"signIn", NULL, 0}};
    cordon_slice_options options = around(HUNDRED, 1, 2);
    struct slice slice;
    cordon_snapshot *copy;
    const struct cdn_schema *schema;

    options.kinds = kinds;
    options.kind_count = 3;
    slice = cut(bank, options);
    copy = open_full(&slice);
    schema = &copy->schema;
    ck_assert_uint_eq(schema->label_count, 2);
    ck_assert_str_eq(schema->labels[0].name, "Account");
    ck_assert_uint_eq(schema->labels[0].property_count, 1);
    ck_assert_str_eq(schema->labels[0].properties[0].name, "risk");
    ck_assert_str_eq(schema->labels[1].name, "Medium");
    ck_assert_uint_eq(schema->labels[1].property_count, 0);
    ck_assert_uint_eq(schema->relation_count, 2);
    /* the time column stays */
    ck_assert_uint_eq(schema->relations[1].property_count, 2);
    ck_assert_str_eq(schema->relations[1].properties[schema->relations[1].time].name,
                     "ts");
    cordon_slice_free(slice.bytes);
    cordon_snapshot_release(copy);
}
END_TEST

START_TEST(slice__ends_at_as_of)
{
    cordon_slice_options options = around(HUNDRED, 1, 1);
    struct slice slice;
    cordon_snapshot *copy;

    options.as_of_ms = CDN_BANK_T + 2 * CDN_BANK_HOUR;
    slice = cut(bank, options);
    copy = open_full(&slice);
    /* four transfers, two owners, two sign-ins */
    ck_assert_uint_eq(cordon_snapshot_edge_count(copy), 4 + 2 + 2);
    cordon_slice_free(slice.bytes);
    cordon_snapshot_release(copy);
}
END_TEST

static void refused(const char *message, cordon_status status,
                    cordon_slice_options options)
{
    cordon_error err;
    size_t size = 1;
    void *bytes = &size;

    ck_assert_int_eq(cordon_snapshot_slice(&bytes, &size, bank, &options, &err),
                     status);
    ck_assert_str_eq(err.message, message);
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(size, 0);
}

START_TEST(slice__says_what_is_wrong)
{
    static const cordon_slice_node nobody[] = {{"Account", "123"}};
    static const cordon_slice_node nothing[] = {{"Acount", "100"}};
    static const cordon_slice_node person[] = {{"Person", "ann"}};
    static const char *const risks[] = {"risks"};
    static const cordon_slice_kind none[] = {{"transfers", NULL, 0}};
    static const cordon_slice_kind wrong[] = {{"Account", risks, 1}};
    static const cordon_slice_kind accounts[] = {{"Account", NULL, 0}};
    cordon_slice_options options = around(HUNDRED, 1, 2);
    cordon_error err;

    refused("no Account has the key '123'", CORDON_E_NOTFOUND, around(nobody, 1, 1));
    refused("no label or edge type 'Acount'; did you mean 'Account'?", CORDON_E_INVALID,
            around(nothing, 1, 1));
    refused("slice options of an unknown size, or without nodes", CORDON_E_INVALID,
            around(HUNDRED, 0, 1));
    options.max_nodes = 8;
    refused(
        "more than 8 nodes are within 2 hops: ask for fewer hops, or allow more nodes",
        CORDON_E_INVALID, options);
    options.max_nodes = 0;
    options.max_edges = 9;
    refused(
        "more than 9 edges are within 2 hops: ask for fewer hops, or allow more edges",
        CORDON_E_INVALID, options);
    options.max_edges = 0;
    options.kinds = none;
    options.kind_count = 1;
    refused("no label or edge type 'transfers'; did you mean 'transfer'?",
            CORDON_E_INVALID, options);
    options.kinds = wrong;
    refused("no property 'risks' on Account", CORDON_E_INVALID, options);
    options = around(person, 1, 1);
    options.kinds = accounts;
    options.kind_count = 1;
    refused("node 0 of those asked for is a Person, which the slice may not hold",
            CORDON_E_INVALID, options);
    ck_assert_int_eq(cordon_snapshot_slice(NULL, NULL, bank, &options, &err),
                     CORDON_E_INVALID);
}
END_TEST

START_TEST(slice__in_a_file_opens_like_any_snapshot)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 3));
    cordon_snapshot *from_memory = open_full(&slice);
    cordon_snapshot *from_file;
    char path[256];
    FILE *file;

    file = fopen(cdn_fixture_path(path, sizeof path), "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(slice.bytes, 1, slice.size, file), slice.size);
    ck_assert_int_eq(fclose(file), 0);
    from_file = cdn_fixture_open(path);
    ck_assert_uint_eq(cordon_snapshot_identity(from_file),
                      cordon_snapshot_identity(from_memory));
    ck_assert_uint_eq(cdn_fixture_read_all(from_file),
                      cdn_fixture_read_all(from_memory));
    ck_assert_int_eq(cordon_snapshot_warm(from_file, NULL), CORDON_OK);
    cordon_snapshot_release(from_file);
    cordon_snapshot_release(from_memory);
    cdn_fixture_remove(path);
    cordon_slice_free(slice.bytes);
}
END_TEST

START_TEST(open_slice__refuses_every_truncation)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 1));

    for (size_t size = 0; size < slice.size; size += size < 200 ? 1 : 37) {
        unsigned char *exact = cdn_unit_exact(slice.bytes, size);
        cordon_snapshot *snapshot;
        cordon_error err;

        ck_assert_int_ne(cordon_snapshot_open_slice(&snapshot, exact, size, NULL, &err),
                         CORDON_OK);
        ck_assert_ptr_null(snapshot);
        ck_assert_str_ne(err.message, "");
        free(exact);
    }
    cordon_slice_free(slice.bytes);
}
END_TEST

START_TEST(open_slice__tells_what_to_do_with_one_of_another_version)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 1));
    struct cdn_slice_header header;
    cordon_snapshot *snapshot;
    cordon_error err;

    memcpy(&header, slice.bytes, sizeof(header));
    header.version = 1;
    header.header_checksum =
        cdn_hash_xxh3(&header, offsetof(struct cdn_slice_header, header_checksum));
    memcpy(slice.bytes, &header, sizeof(header));
    ck_assert_int_eq(
        cordon_snapshot_open_slice(&snapshot, slice.bytes, slice.size, NULL, &err),
        CORDON_E_FORMAT);
    ck_assert_ptr_nonnull(
        strstr(err.message,
               "slice format version 1; this library reads version 2: cut it again"));
    cordon_slice_free(slice.bytes);
}
END_TEST

/* One bit of any byte: an error at open, or when what it is in is read. */
START_TEST(open_slice__sees_every_flipped_byte)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 1));
    unsigned char *bytes = slice.bytes;
    cordon_snapshot *sound = open_full(&slice);
    uint64_t digest = cdn_fixture_read_all(sound);

    for (size_t at = 0; at < slice.size; at++) {
        cordon_snapshot *snapshot;
        uint64_t findings = 0;

        bytes[at] ^= (unsigned char)(1u << at % 8);
        if (cordon_snapshot_open_slice(&snapshot, bytes, slice.size, NULL, NULL) ==
            CORDON_OK) {
            ck_assert_int_ne(cordon_snapshot_warm(snapshot, NULL), CORDON_OK);
            ck_assert_uint_ne(cdn_fixture_read_all(snapshot), digest);
            ck_assert_int_eq(cdn_snapshot_verify(snapshot, NULL, NULL, &findings, NULL),
                             CORDON_OK);
            ck_assert_uint_gt(findings, 0);
            cordon_snapshot_release(snapshot);
        }
        bytes[at] ^= (unsigned char)(1u << at % 8);
    }
    cordon_snapshot_release(sound);
    cordon_slice_free(slice.bytes);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(slice__survives_every_allocation_failure)
{
    cordon_slice_options options = around(HUNDRED, 1, 2);

    CDN_UNIT_FAILALLOC(nth)
    {
        size_t size;
        void *bytes;
        cordon_status status =
            cordon_snapshot_slice(&bytes, &size, bank, &options, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_slice_free(bytes);
    }
}
END_TEST

START_TEST(open_slice__survives_every_allocation_failure)
{
    struct slice slice = cut(bank, around(HUNDRED, 1, 2));

    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_snapshot *snapshot = NULL;
        cordon_status status =
            cordon_snapshot_open_slice(&snapshot, slice.bytes, slice.size, NULL, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_snapshot_release(snapshot);
    }
    cordon_slice_free(slice.bytes);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("snapshot/slice");
    TCase *tc = tcase_create("slice");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, slice__of_everything_is_the_snapshot);
    tcase_add_test(tc, slice__holds_all_edges_of_what_is_near);
    tcase_add_test(tc, slice__of_the_bank);
    tcase_add_test(tc, slice__holds_only_what_is_granted);
    tcase_add_test(tc, slice__ends_at_as_of);
    tcase_add_test(tc, slice__says_what_is_wrong);
    tcase_add_test(tc, slice__in_a_file_opens_like_any_snapshot);
    tcase_add_test(tc, open_slice__refuses_every_truncation);
    tcase_add_test(tc, open_slice__tells_what_to_do_with_one_of_another_version);
    tcase_add_test(tc, open_slice__sees_every_flipped_byte);
#ifdef CORDON_FAILALLOC
    tcase_add_test(tc, slice__survives_every_allocation_failure);
    tcase_add_test(tc, open_slice__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
