/* Metadata: a round trip, and hostile bytes. */
#include "support/unit.h"

#include "base/alloc.h"
#include "base/pack.h"
#include "snapshot/metadata.h"

static struct cdn_property NODE[] = {
    {.name = "a", .type = CDN_COLUMN_INT64, .lua_string = true},
    {.name = "b", .type = CDN_COLUMN_FLOAT64, .nullable = true},
    {.name = "c", .type = CDN_COLUMN_TEXT, .immutable = true}};
static struct cdn_property EDGE[] = {
    {.name = "at", .type = CDN_COLUMN_TIMESTAMP, .mirrored = true},
    {.name = "w", .type = CDN_COLUMN_STRING}};
static struct cdn_label LABELS[] = {{"A", CDN_KEY_INT64, 3, NODE},
                                    {"B", CDN_KEY_STRING, 0, NULL}};
static struct cdn_relation_schema RELATIONS[] = {{"e", 0, 1, 0, 2, EDGE},
                                                 {"f", 1, 1, -1, 0, NULL}};
static const struct cdn_schema SCHEMA = {2, 2, LABELS, RELATIONS};

static void encode(struct cdn_buf *out)
{
    struct cdn_facts facts;

    ck_assert_int_eq(cdn_facts_init(&facts, &SCHEMA, NULL), CORDON_OK);
    facts.labels[0].count = 1000;
    facts.labels[0].shift = 5;
    facts.labels[0].ranges[0] =
        (struct cdn_range){.known = true, .minimum = INT64_MIN, .maximum = 7};
    facts.labels[0].ranges[1] =
        (struct cdn_range){.nulls = 3, .known = true, .lowest = -0.5, .highest = 1e300};
    facts.labels[1].count = 2;
    facts.labels[1].shift = 16;
    facts.relations[0].edges = 123456789;
    facts.relations[0].ranges[0] =
        (struct cdn_range){.known = true, .minimum = -1, .maximum = -1};
    facts.relations[0].outgoing = (struct cdn_direction_facts){4, 99, 1000};
    facts.relations[0].incoming = (struct cdn_direction_facts){16, 7, 2};
    ck_assert_int_eq(cdn_metadata_encode(out, &SCHEMA, &facts, NULL), CORDON_OK);
    cdn_facts_deinit(&facts);
}

START_TEST(decode__gives_back_what_was_encoded)
{
    struct cdn_buf bytes = {0};
    struct cdn_schema schema;
    struct cdn_facts facts;
    cordon_error err;

    encode(&bytes);
    ck_assert_int_eq(
        cdn_metadata_decode(&schema, &facts, bytes.data, bytes.length, &err),
        CORDON_OK);
    ck_assert_uint_eq(schema.label_count, 2);
    ck_assert_str_eq(schema.labels[0].properties[2].name, "c");
    ck_assert(schema.labels[0].properties[0].lua_string);
    ck_assert(schema.labels[0].properties[1].nullable);
    ck_assert(schema.labels[0].properties[2].immutable);
    ck_assert(!schema.labels[0].properties[1].immutable);
    ck_assert_int_eq(schema.labels[1].key, CDN_KEY_STRING);
    ck_assert_int_eq(schema.relations[0].time, 0);
    ck_assert(schema.relations[0].properties[0].mirrored);
    ck_assert(!schema.relations[0].properties[1].mirrored);
    ck_assert_int_eq(facts.labels[0].ranges[0].minimum, INT64_MIN);
    ck_assert_double_eq(facts.labels[0].ranges[1].highest, 1e300);
    ck_assert_uint_eq(facts.labels[0].ranges[1].nulls, 3);
    ck_assert_int_gt(facts.labels[0].ranges[2].minimum,
                     facts.labels[0].ranges[2].maximum);
    ck_assert_uint_eq(facts.relations[0].edges, 123456789);
    ck_assert_uint_eq(facts.relations[0].outgoing.most, 99);
    ck_assert_uint_eq(facts.relations[0].incoming.shift, 16);
    cdn_schema_deinit(&schema);
    cdn_facts_deinit(&facts);
    cdn_buf_deinit(&bytes);
}
END_TEST

/* What a checksum would catch, without one: never a crash, and never half a result. */
START_TEST(decode__survives_any_bytes)
{
    struct cdn_buf bytes = {0};
    uint64_t taken = 0;
    uint64_t refused = 0;

    encode(&bytes);
    for (size_t at = 0; at < bytes.length; at++)
        for (unsigned value = 0; value < 256; value++) {
            unsigned char *copy = cdn_unit_exact(bytes.data, bytes.length);
            struct cdn_schema schema;
            struct cdn_facts facts;
            cordon_error err;
            cordon_status status;

            copy[at] = (unsigned char)value;
            status = cdn_metadata_decode(&schema, &facts, copy, bytes.length, &err);
            if (status) {
                ck_assert_int_eq(status, CORDON_E_CORRUPT);
                ck_assert_ptr_nonnull(strstr(err.message, "metadata"));
                ck_assert_ptr_null(schema.labels);
                ck_assert_ptr_null(facts.labels);
                refused++;
            } else {
                cdn_schema_deinit(&schema);
                cdn_facts_deinit(&facts);
                taken++;
            }
            free(copy);
        }
    ck_assert_uint_gt(taken,
                      bytes.length); /* the bytes themselves, and other numbers */
    ck_assert_uint_gt(refused, bytes.length * 100);
    cdn_buf_deinit(&bytes);
}
END_TEST

START_TEST(decode__refuses_every_truncation_and_anything_behind)
{
    struct cdn_buf bytes = {0};
    struct cdn_schema schema;
    struct cdn_facts facts;

    encode(&bytes);
    for (size_t size = 0; size < bytes.length; size++) {
        unsigned char *copy = cdn_unit_exact(bytes.data, size);

        ck_assert_int_eq(cdn_metadata_decode(&schema, &facts, copy, size, NULL),
                         CORDON_E_CORRUPT);
        free(copy);
    }
    cdn_buf_append(&bytes, "", 1);
    ck_assert_int_eq(
        cdn_metadata_decode(&schema, &facts, bytes.data, bytes.length, NULL),
        CORDON_E_CORRUPT);
    cdn_buf_deinit(&bytes);
}
END_TEST

START_TEST(decode__refuses_a_schema_out_of_order)
{
    struct cdn_buf bytes = {0};
    struct cdn_schema schema;
    struct cdn_facts facts;
    cordon_error err;

    encode(&bytes);
    /* label "A" becomes "C": still unique, but behind "B" */
    for (size_t at = 0; at + 1 < bytes.length; at++)
        if (bytes.data[at] == 0xa1 && bytes.data[at + 1] == 'A')
            bytes.data[at + 1] = 'C';
    ck_assert_int_eq(
        cdn_metadata_decode(&schema, &facts, bytes.data, bytes.length, &err),
        CORDON_E_CORRUPT);
    ck_assert_ptr_nonnull(strstr(err.message, "order"));
    cdn_buf_deinit(&bytes);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(metadata__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf bytes = {0};
        struct cdn_schema schema = {0};
        struct cdn_facts facts;
        cordon_status status = cdn_facts_init(&facts, &SCHEMA, NULL);

        if (!status) {
            status = cdn_metadata_encode(&bytes, &SCHEMA, &facts, NULL);
            cdn_facts_deinit(&facts);
        }
        if (!status) {
            status =
                cdn_metadata_decode(&schema, &facts, bytes.data, bytes.length, NULL);
            cdn_facts_deinit(&facts);
            cdn_schema_deinit(&schema);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&bytes);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("metadata");

    CDN_UNIT_CASE(s, decode__gives_back_what_was_encoded);
    CDN_UNIT_CASE(s, decode__survives_any_bytes);
    CDN_UNIT_CASE(s, decode__refuses_every_truncation_and_anything_behind);
    CDN_UNIT_CASE(s, decode__refuses_a_schema_out_of_order);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, metadata__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
