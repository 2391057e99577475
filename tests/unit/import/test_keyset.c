/* The set of seen keys. */
#include "support/unit.h"

#include "base/alloc.h"
#include "import/keyset.h"

START_TEST(add__tells_new_keys_from_seen_ones)
{
    struct cdn_keyset set = {.type = CDN_KEY_INT64};
    bool added;

    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < 20000; i++) {
            struct cdn_key key = {.integer = i % 2 ? i << 32 : -i};

            ck_assert_int_eq(cdn_keyset_add(&set, &key, &added, NULL), CORDON_OK);
            ck_assert(added == (round == 0));
            ck_assert(cdn_keyset_has(&set, &key));
        }
    }
    ck_assert_uint_eq(set.count, 20000);
    ck_assert(!cdn_keyset_has(&set, &(struct cdn_key){.integer = 2}));
    cdn_keyset_deinit(&set);
}
END_TEST

START_TEST(add__compares_texts_in_full)
{
    struct cdn_keyset set = {.type = CDN_KEY_STRING};
    bool added;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            char text[16];
            struct cdn_key key = {.text = text};

            key.bytes = (size_t)snprintf(text, sizeof(text), "%x", i);
            ck_assert_int_eq(cdn_keyset_add(&set, &key, &added, NULL), CORDON_OK);
            ck_assert(added == (round == 0));
        }
    }
    ck_assert_uint_eq(set.count, 5000);
    ck_assert(!cdn_keyset_has(&set, &(struct cdn_key){.text = "12345", .bytes = 5}));
    ck_assert(cdn_keyset_has(&set, &(struct cdn_key){.text = "12345", .bytes = 3}));
    cdn_keyset_deinit(&set);
}
END_TEST

START_TEST(has__finds_nothing_in_an_empty_set)
{
    struct cdn_keyset set = {.type = CDN_KEY_STRING};

    ck_assert(!cdn_keyset_has(&set, &(struct cdn_key){.text = "a", .bytes = 1}));
    cdn_keyset_deinit(&set);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(add__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_keyset set = {.type = CDN_KEY_STRING};
        cordon_status status = CORDON_OK;
        bool added;

        for (int i = 0; i < 300 && !status; i++) {
            char text[16];
            struct cdn_key key = {.text = text};

            key.bytes = (size_t)snprintf(text, sizeof(text), "key %d", i);
            status = cdn_keyset_add(&set, &key, &added, NULL);
            ck_assert(added == !status);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_keyset_deinit(&set);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("keyset");

    CDN_UNIT_CASE(s, add__tells_new_keys_from_seen_ones);
    CDN_UNIT_CASE(s, add__compares_texts_in_full);
    CDN_UNIT_CASE(s, has__finds_nothing_in_an_empty_set);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, add__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
