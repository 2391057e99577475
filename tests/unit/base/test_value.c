#include "support/unit.h"

#include <cordon/value.h>

static unsigned char bytes[512];
static cordon_builder builder;

/* {"name": "ann", "ages": [7, 8.5, nil], "flags": {"ok": true}, 5: "five"} */
static void build(void)
{
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 4);
    cordon_builder_string(&builder, "name", 4);
    cordon_builder_string(&builder, "ann", 3);
    cordon_builder_string(&builder, "ages", 4);
    cordon_builder_array(&builder, 3);
    cordon_builder_integer(&builder, 7);
    cordon_builder_number(&builder, 8.5);
    cordon_builder_nil(&builder);
    cordon_builder_string(&builder, "flags", 5);
    cordon_builder_map(&builder, 1);
    cordon_builder_string(&builder, "ok", 2);
    cordon_builder_boolean(&builder, true);
    cordon_builder_integer(&builder, 5);
    cordon_builder_string(&builder, "five", 4);
    ck_assert(cordon_builder_ok(&builder));
}

START_TEST(value__is_found_by_key_and_index)
{
    cordon_value root, value, item;

    build();
    ck_assert_int_eq(cordon_value_parse(&root, bytes, builder.length, NULL), CORDON_OK);
    ck_assert_int_eq(root.type, CORDON_MAP);
    ck_assert_uint_eq(root.length, 4);
    ck_assert(cordon_value_get(&value, &root, "name"));
    ck_assert_uint_eq(value.length, 3);
    ck_assert_mem_eq(value.as.string, "ann", 3);
    ck_assert(cordon_value_get(&value, &root, "ages"));
    ck_assert(cordon_value_at(&item, &value, 0));
    ck_assert_int_eq(item.as.integer, 7);
    ck_assert(cordon_value_at(&item, &value, 1));
    ck_assert_double_eq(item.as.number, 8.5);
    ck_assert(cordon_value_at(&item, &value, 2));
    ck_assert_int_eq(item.type, CORDON_NIL);
    ck_assert(!cordon_value_at(&item, &value, 3));
    ck_assert(!cordon_value_at(&item, &root, 0));
    ck_assert(cordon_value_get(&value, &root, "flags"));
    ck_assert(cordon_value_get(&item, &value, "ok"));
    ck_assert(item.as.boolean);
}
END_TEST

START_TEST(get__refuses_near_misses)
{
    cordon_value root, value;

    build();
    ck_assert_int_eq(cordon_value_parse(&root, bytes, builder.length, NULL), CORDON_OK);
    ck_assert(!cordon_value_get(&value, &root, "nam"));
    ck_assert(!cordon_value_get(&value, &root, "names"));
    ck_assert(!cordon_value_get(&value, &root, "ok"));
    ck_assert(!cordon_value_get(&value, &root, ""));
    ck_assert(!cordon_value_get(&value, &root, NULL));
    ck_assert(!cordon_value_get(&value, NULL, "name"));
    ck_assert(cordon_value_get(&value, &root, "name"));
    ck_assert(!cordon_value_get(&root, &value, "name"));
    ck_assert(!cordon_value_at(&root, NULL, 0));
}
END_TEST

START_TEST(iter__walks_all_and_then_ends)
{
    cordon_value root, key, value;
    cordon_value_iter iter;
    int pairs = 0;

    build();
    ck_assert_int_eq(cordon_value_parse(&root, bytes, builder.length, NULL), CORDON_OK);
    cordon_value_iter_init(&iter, &root);
    while (cordon_value_next(&iter, &key, &value)) {
        pairs++;
        ck_assert_int_eq(key.type, pairs < 4 ? CORDON_STRING : CORDON_INTEGER);
    }
    ck_assert_int_eq(pairs, 4);
    ck_assert(!cordon_value_next(&iter, &key, &value));
    cordon_value_iter_init(&iter, &value); /* "five", which has no elements */
    ck_assert(!cordon_value_next(&iter, &key, &value));
    cordon_value_iter_init(&iter, NULL);
    ck_assert(!cordon_value_next(&iter, NULL, &value));
}
END_TEST

START_TEST(parse__refuses_every_truncation_and_every_addition)
{
    build();
    for (size_t size = 0; size <= builder.length + 3; size++) {
        unsigned char *copy = cdn_unit_exact(bytes, size);
        cordon_value value;
        cordon_error err;
        cordon_status status = cordon_value_parse(&value, copy, size, &err);

        ck_assert_int_eq(status, size == builder.length ? CORDON_OK : CORDON_E_DATA);
        if (status)
            ck_assert_int_eq(strncmp(err.message, "offset ", 7), 0);
        if (size > builder.length)
            ck_assert_ptr_nonnull(strstr(err.message, "more bytes"));
        free(copy);
    }
}
END_TEST

START_TEST(parse__says_where_the_bad_byte_is)
{
    cordon_value value;
    cordon_error err;

    ck_assert_int_eq(cordon_value_parse(&value, "\x93\x01\x02\xc1", 4, &err),
                     CORDON_E_DATA);
    ck_assert_ptr_eq(strstr(err.message, "offset 3:"), err.message);
    ck_assert_int_eq(cordon_value_parse(&value, NULL, 1, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_value_parse(NULL, "\xc0", 1, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_value_parse(&value, NULL, 0, &err), CORDON_E_DATA);
}
END_TEST

START_TEST(walk__ends_early_over_bytes_that_changed)
{
    build();
    for (size_t at = 0; at < builder.length; at++) {
        unsigned char *copy = cdn_unit_exact(bytes, builder.length);
        cordon_value root, key, value;
        cordon_value_iter iter;
        int pairs = 0;

        ck_assert_int_eq(cordon_value_parse(&root, copy, builder.length, NULL),
                         CORDON_OK);
        copy[at] = 0xdf; /* a map of up to four thousand million pairs */
        cordon_value_iter_init(&iter, &root);
        while (cordon_value_next(&iter, &key, &value))
            pairs++;
        ck_assert_int_le(pairs, 4);
        cordon_value_get(&value, &root, "flags");
        free(copy);
    }
}
END_TEST

START_TEST(builder__tells_the_size_it_would_have_needed)
{
    size_t whole;

    build();
    whole = builder.length;
    for (size_t size = 0; size < whole; size++) {
        unsigned char *span = malloc(size ? size : 1);

        ck_assert_ptr_nonnull(span);
        cordon_builder_init(&builder, span, size);
        cordon_builder_map(&builder, 1);
        cordon_builder_string(&builder, "k", 1);
        cordon_builder_string(&builder, (const char *)bytes, whole - 5);
        ck_assert_int_eq(cordon_builder_ok(&builder), builder.length <= size);
        ck_assert_uint_ge(builder.length, whole - 1);
        free(span);
    }
    cordon_builder_init(&builder, NULL, 100);
    cordon_builder_nil(&builder);
    ck_assert(!cordon_builder_ok(&builder));
    ck_assert_uint_eq(builder.length, 1);
}
END_TEST

START_TEST(builder__fails_for_good_on_what_cannot_be_written)
{
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_string(&builder, "", (size_t)UINT32_MAX + 1);
    ck_assert(!cordon_builder_ok(&builder));
    cordon_builder_nil(&builder);
    ck_assert(!cordon_builder_ok(&builder));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("value");

    CDN_UNIT_CASE(s, value__is_found_by_key_and_index);
    CDN_UNIT_CASE(s, get__refuses_near_misses);
    CDN_UNIT_CASE(s, iter__walks_all_and_then_ends);
    CDN_UNIT_CASE(s, parse__refuses_every_truncation_and_every_addition);
    CDN_UNIT_CASE(s, parse__says_where_the_bad_byte_is);
    CDN_UNIT_CASE(s, walk__ends_early_over_bytes_that_changed);
    CDN_UNIT_CASE(s, builder__tells_the_size_it_would_have_needed);
    CDN_UNIT_CASE(s, builder__fails_for_good_on_what_cannot_be_written);
    return s;
}

CDN_UNIT_MAIN(suite)
