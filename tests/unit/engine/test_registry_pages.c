/* Damaged files: a clear error or an unharmed registry, never a crash. */
#include "registered.h"

#include "base/alloc.h"
#include "base/file.h"
#include "engine/registry_pages.h"

static struct cdn_buf whole;

/* A registry with trees of more than one level, long values, and free pages. */
static void prepare(void)
{
    static char text[9000];

    for (int i = 0; i < 40; i++) {
        cordon_version_info info = {.struct_size = sizeof(info)};
        char name[16];
        size_t length;

        snprintf(name, sizeof(name), "rule_%d", i);
        rule_text(text, name, i);
        length = strlen(text);
        memset(text + length, ' ', sizeof(text) - length);
        OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                i % 4 ? length : sizeof(text), "a.lua", NULL, 0,
                                &by_ann, &err));
        if (i % 5 == 0)
            activate(name, 1);
    }
    cordon_registry_close(registry);
    registry = NULL;
    OK(cdn_file_read(&whole, registered_path, 1 << 24, &err));
}

static void setup(void)
{
    registered_setup();
    prepare();
}

static void teardown(void)
{
    cdn_buf_deinit(&whole);
    registered_teardown();
}

static void write_file(const void *bytes, size_t count)
{
    FILE *file = fopen(registered_path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

/* Whatever the file holds, reading all of it and changing it end in CORDON_OK or an error
 * with a message. */
static void use_file(void)
{
    cordon_change_record change = {.struct_size = sizeof(change)};
    struct cdn_standings standings;

    if (cordon_registry_open(&registry, registered_path, 0, &err)) {
        ck_assert(err.message[0] != '\0');
        return;
    }
    if (!cdn_registry_standings(&standings, registry, &err))
        for (size_t i = 0; i < standings.count; i++) {
            struct cdn_buf text = {0};

            (void)cdn_registry_text(&text, registry, standings.items[i].name, 0, &err);
            (void)cordon_registry_history(&change, registry, standings.items[i].name, 0,
                                          &err);
            cdn_buf_deinit(&text);
        }
    cdn_standings_deinit(&standings);
    for (int i = 0; i < 3; i++) {
        char name[16];

        snprintf(name, sizeof(name), "rule_%d", 5 * i);
        (void)cordon_registry_pause(registry, name, &by_ann, &err);
    }
    cordon_registry_close(registry);
    registry = NULL;
}

START_TEST(pages__of_a_written_registry_are_sound)
{
    unsigned char *exact = cdn_unit_exact(whole.data, whole.length);

    ck_assert_uint_gt(whole.length, 100000);
    OK(cdn_registry_pages_check(exact, whole.length, &err));
    free(exact);
}
END_TEST

START_TEST(pages__cut_anywhere_are_refused)
{
    for (size_t cut = 0; cut < whole.length; cut += cut < 9000 ? 61 : 4096) {
        unsigned char *exact = cdn_unit_exact(whole.data, cut);
        cordon_status status = cdn_registry_pages_check(exact, cut, &err);

        /* what is cut off at the end may have been free */
        if (cut < whole.length / 2)
            ck_assert(status == CORDON_E_CORRUPT || status == CORDON_E_FORMAT);
        free(exact);
    }
}
END_TEST

/* Every byte of every tree page's head, and of the meta pages, set to something else. */
START_TEST(pages__with_a_changed_head_harm_nobody)
{
    static const unsigned char changes[] = {0xff, 0x01, 0x80};
    int refused = 0;

    for (size_t page = 0; page * 4096 < whole.length; page++) {
        size_t bytes = page < 2 ? 152 : 40;

        for (size_t i = 0; i < bytes; i++) {
            unsigned char *at = whole.data + page * 4096 + i;
            unsigned char was = *at;

            *at ^= changes[(page + i) % sizeof(changes)];
            refused += cdn_registry_pages_check(whole.data, whole.length, &err) != 0;
            *at = was;
        }
    }
    ck_assert_int_gt(refused, 500);
}
END_TEST

/* The same through LMDB itself, at random places, reading and writing. */
START_TEST(registry__with_flipped_bits_is_an_error_or_works)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(_i + 1);
    unsigned char *copy = cdn_unit_exact(whole.data, whole.length);

    for (int round = 0; round < 60; round++) {
        int flips = 1 + round % 8;

        for (int i = 0; i < flips; i++) {
            size_t at;

            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            at = state % whole.length;
            if (round % 3 == 0) /* where structure is */
                at = at / 4096 * 4096 + at % 64;
            copy[at] ^= (unsigned char)(1u << (state >> 60 & 7));
        }
        write_file(copy, whole.length);
        use_file();
        memcpy(copy, whole.data, whole.length);
    }
    free(copy);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(pages__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cdn_registry_pages_check(whole.data, whole.length, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("registry_pages");
    TCase *c = tcase_create("pages");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, pages__of_a_written_registry_are_sound);
    tcase_add_test(c, pages__cut_anywhere_are_refused);
    tcase_add_test(c, pages__with_a_changed_head_harm_nobody);
    tcase_add_loop_test(c, registry__with_flipped_bits_is_an_error_or_works, 0, 4);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, pages__survive_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
