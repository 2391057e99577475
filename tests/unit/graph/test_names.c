/* The names of `reads`. */
#include "graph/names.h"
#include "harness.h"

START_TEST(finish__sorts_and_renumbers)
{
    struct cdn_names names;

    harness_names(&names, "zeta: b a; alpha: c b; zeta: d");
    ck_assert_uint_eq(names.kind_count, 2);
    ck_assert_str_eq(names.kinds[0].name, "alpha");
    ck_assert_str_eq(names.kinds[1].name, "zeta");
    ck_assert_uint_eq(names.property_count, 4);
    ck_assert_str_eq(names.properties[0], "a");
    ck_assert_str_eq(names.properties[3], "d");
    ck_assert_uint_eq(names.kinds[0].properties, 1u << 1 | 1u << 2);
    ck_assert_uint_eq(names.kinds[1].properties, 1u << 0 | 1u << 1 | 1u << 3);
}
END_TEST

START_TEST(add__refuses_what_is_no_name)
{
    static const char *const bad[] = {
        "",
        "1a",
        "a-b",
        "a b",
        "\xc3\xa4",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct cdn_names names = {.kind_count = 0};
    cordon_error err;

    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        ck_assert_int_eq(cdn_names_add(&names, bad[i], NULL, &err), CORDON_E_RULE);
        ck_assert_int_eq(cdn_names_add(&names, "a", bad[i], &err), CORDON_E_RULE);
    }
    ck_assert_uint_eq(names.kind_count, 0);
}
END_TEST

START_TEST(add__has_room_for_sixty_four)
{
    struct cdn_names names = {.kind_count = 0};
    cordon_error err;
    char name[8];

    for (int i = 0; i < 64; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i % 100);
        ck_assert_int_eq(cdn_names_add(&names, name, name, &err), CORDON_OK);
        ck_assert_int_eq(cdn_names_add(&names, name, name, &err), CORDON_OK);
    }
    ck_assert_int_eq(cdn_names_add(&names, "more", NULL, &err), CORDON_E_RULE);
    ck_assert_str_eq(err.message, "reads declares more than 64 labels and edge types");
    ck_assert_int_eq(cdn_names_add(&names, "n1", "more", &err), CORDON_E_RULE);
    ck_assert_int_eq(cdn_names_finish(&names, &err), CORDON_OK);
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t bit = names.kinds[i].properties;
        uint32_t property = (uint32_t)__builtin_ctzll(bit);

        ck_assert_uint_eq(bit & (bit - 1), 0);
        ck_assert_str_eq(names.properties[property], names.kinds[i].name);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("names");

    CDN_UNIT_CASE(s, finish__sorts_and_renumbers);
    CDN_UNIT_CASE(s, add__refuses_what_is_no_name);
    CDN_UNIT_CASE(s, add__has_room_for_sixty_four);
    return s;
}

CDN_UNIT_MAIN(suite)
