#include "unit/sandbox/fixture.h"

#include "base/alloc.h"
#include "sandbox/state.h"

static struct fixture fixture;

/* ---- bytes alone ---- */

struct sample {
    struct cdn_difference difference;
    void *room;
    unsigned char *data;
    size_t bytes;
};

static uint32_t noise(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* `bytes` of a pattern that its kind decides, with a changed byte in every `gap`-th line. */
static struct sample sample(struct cdn_bases *bases, uint32_t kind, size_t bytes,
                            size_t gap)
{
    struct sample made = {.bytes = bytes};
    uint32_t seed = kind;

    made.data = cdn_alloc(bytes);
    ck_assert_ptr_nonnull(made.data);
    for (size_t i = 0; i < bytes; i++)
        made.data[i] = (unsigned char)noise(&seed);
    for (size_t at = 0; gap && at < bytes; at += gap * CDN_LINE_BYTES)
        made.data[at] ^= 0x40;
    ck_assert(cdn_difference_plan(&made.difference, bases, made.data, bytes));
    made.room = cdn_alloc(cdn_difference_room(&made.difference, bytes));
    ck_assert_ptr_nonnull(made.room);
    cdn_difference_fill(&made.difference, made.room, made.data, bytes);
    return made;
}

static size_t own_bytes(const struct sample *sample)
{
    return sample->difference.line_count * (size_t)CDN_LINE_BYTES + sample->bytes -
           sample->difference.shared;
}

/* Copied and walked over, its bytes are what they were, and nothing beyond is written. */
static void check(const struct sample *sample)
{
    unsigned char *copy = cdn_alloc(sample->bytes + 64);
    uint32_t passed = 0;

    ck_assert_ptr_nonnull(copy);
    memset(copy, 0x5a, sample->bytes + 64);
    cdn_difference_copy(copy, &sample->difference, sample->bytes);
    ck_assert_int_eq(memcmp(copy, sample->data, sample->bytes), 0);
    for (size_t i = 0; i < 64; i++)
        ck_assert_uint_eq(copy[sample->bytes + i], 0x5a);
    for (size_t at = 0; at < sample->bytes; at += CDN_LINE_BYTES) {
        size_t left = sample->bytes - at;

        ck_assert_int_eq(memcmp(cdn_difference_line(&sample->difference, at, &passed),
                                sample->data + at,
                                left < CDN_LINE_BYTES ? left : CDN_LINE_BYTES),
                         0);
    }
    ck_assert_uint_eq(passed, sample->difference.line_count);
    cdn_free(copy);
}

static void drop(struct sample *sample, struct cdn_bases *bases)
{
    cdn_difference_drop(&sample->difference, bases);
    cdn_free(sample->room);
    cdn_free(sample->data);
}

START_TEST(copy__gives_back_every_byte)
{
    static const size_t sizes[] = {1,   16,   63,    64,        65,
                                   128, 4096, 19248, 64 * 1024, 64 * 1024 + 16};
    static const size_t gaps[] = {0, 1, 2, 3, 7, 40};
    enum {
        SIZES = sizeof sizes / sizeof sizes[0],
        GAPS = sizeof gaps / sizeof gaps[0]
    };
    struct cdn_bases bases = {0};
    struct sample samples[SIZES][GAPS];

    for (size_t s = 0; s < SIZES; s++) {
        for (size_t g = 0; g < GAPS; g++) {
            samples[s][g] = sample(&bases, (uint32_t)_i, sizes[s], gaps[g]);
            check(&samples[s][g]);
        }
    }
    for (size_t s = 0; s < SIZES; s++) {
        for (size_t g = 0; g < GAPS; g++) {
            check(&samples[s][g]); /* what came later has changed nothing */
            drop(&samples[s][g], &bases);
        }
    }
    ck_assert_uint_eq(bases.held, 0);
    for (size_t i = 0; i < CDN_BASES; i++)
        ck_assert_ptr_null(bases.table[i]);
}
END_TEST

START_TEST(image_like_another__keeps_what_sets_it_apart)
{
    struct cdn_bases bases = {0};
    struct sample first = sample(&bases, 1, 16384, 0);
    struct sample same = sample(&bases, 1, 16384, 0);
    struct sample longer = sample(&bases, 1, 17000, 8);
    struct sample shorter = sample(&bases, 1, 16000, 0);

    ck_assert_uint_eq(own_bytes(&first), 0);
    ck_assert_uint_eq(own_bytes(&same), 0);
    ck_assert_uint_eq(own_bytes(&shorter), 0);
    ck_assert_ptr_eq(longer.difference.basis, first.difference.basis);
    ck_assert_uint_eq(longer.difference.line_count, 16384 / CDN_LINE_BYTES / 8);
    ck_assert_uint_eq(longer.difference.shared, 16384);
    ck_assert_uint_eq(first.difference.basis->leaning, 4);
    drop(&first, &bases);
    check(&longer); /* the basis outlives the image that it was made of */
    drop(&same, &bases);
    drop(&shorter, &bases);
    ck_assert_uint_gt(bases.held, 16384);
    drop(&longer, &bases);
    ck_assert_uint_eq(bases.held, 0);
}
END_TEST

/* A line here and there is not worth reading the basis up to it. */
START_TEST(shared_beginning__ends_where_little_is_shared)
{
    struct cdn_bases bases = {0};
    struct sample first = sample(&bases, 1, 16384, 0);
    struct sample other = {.bytes = 16384, .data = cdn_alloc(16384)};

    memcpy(other.data, first.data, 16384);
    for (size_t at = 8192; at < 16384; at += CDN_LINE_BYTES)
        if (at != 12288)
            other.data[at + 1] ^= 1;
    ck_assert(cdn_difference_plan(&other.difference, &bases, other.data, 16384));
    /* half is its own, so it may have become a basis; the one after it does not */
    cdn_difference_drop(&other.difference, &bases);
    ck_assert(cdn_difference_plan(&other.difference, &bases, other.data, 16384));
    ck_assert_ptr_eq(other.difference.basis, first.difference.basis);
    ck_assert_uint_eq(other.difference.shared, 8192);
    ck_assert_uint_eq(other.difference.line_count, 0);
    other.room = cdn_alloc(cdn_difference_room(&other.difference, 16384));
    cdn_difference_fill(&other.difference, other.room, other.data, 16384);
    check(&other);
    drop(&other, &bases);
    drop(&first, &bases);
}
END_TEST

/* More kinds than there are bases, met in turns: what comes often finds its own kind. */
START_TEST(kinds__find_a_basis_of_their_own)
{
    enum { KINDS = 30, EACH = 20 };
    struct cdn_bases bases = {0};
    struct sample samples[KINDS * EACH];
    size_t own = 0;

    for (uint32_t i = 0; i < KINDS * EACH; i++) {
        samples[i] = sample(&bases, i / EACH, 8192, i % EACH + 5);
        check(&samples[i]);
        own += own_bytes(&samples[i]);
    }
    ck_assert_uint_lt(own + bases.held, KINDS * EACH * 8192u / 2);
    for (uint32_t i = 0; i < KINDS * EACH; i++) {
        check(&samples[i]);
        drop(&samples[i], &bases);
    }
    ck_assert_uint_eq(bases.held, 0);
}
END_TEST

/* ---- images ---- */

static const char *const sources[] = {
    "return 1",
    "return 2",
    "local p = { limit = 100, amount = 3 } return p.amount <= p.limit",
    "local p = { lowest = 7, days = 30 } return p.days / p.lowest",
    "return ('x'):rep(10)",
    "return ('yy'):rep(11)",
    "local t = {} for i = 1, 3000 do t[i] = {i} end return #t",
    "return math.floor(7.5) .. string.format('%d', 3)",
    "local t = {} for i = 1, 200 do t[i] = 'text ' .. i end return #t",
    "local co = coroutine.wrap(function() coroutine.yield(1) end) return co()",
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

static struct cdn_image *compact(const char *source)
{
    struct cdn_image *image;
    enum cdn_run run;
    cordon_error err;

    cdn_library_choose(fixture.slot, source, strlen(source));
    ck_assert_int_eq(cdn_image_build_compact(&image, &run, fixture.slot, fixture_build,
                                             (void *)(uintptr_t)source, &fixture_budget,
                                             NULL, &err),
                     CORDON_OK);
    ck_assert_ptr_nonnull(image);
    return image;
}

/* Whatever an image leans on, a run starts from the bytes that were there when it was
 * built, and costs the same. */
START_TEST(image__is_the_state_it_was_taken_from)
{
    struct cdn_image *images[SOURCES];
    unsigned char *taken[SOURCES];
    uint64_t instructions[SOURCES];
    char results[SOURCES][sizeof fixture.result];

    fixture_open(&fixture);
    for (size_t i = 0; i < SOURCES; i++) {
        size_t at = _i ? SOURCES - 1 - i : i, used;
        const void *arena;

        images[at] = compact(sources[at]);
        arena = cdn_slot_arena(fixture.slot, &used);
        ck_assert_uint_eq(used, cdn_image_bytes(images[at]));
        taken[at] = cdn_alloc(used);
        cdn_arena_unpoison(&fixture.slot->arena, fixture.slot->arena.span);
        memcpy(taken[at], arena, used);
        cdn_arena_poison(&fixture.slot->arena);
        ck_assert_int_eq(fixture_run(&fixture, images[at], NULL), CDN_RUN_OK);
        instructions[at] = cdn_slot_instructions(fixture.slot);
        memcpy(results[at], fixture.result, sizeof fixture.result);
    }
    for (size_t turn = 0; turn < 3 * SOURCES; turn++) {
        size_t at = turn * 7 % SOURCES, used;
        const void *arena;

        cdn_slot_restore(fixture.slot, images[at]);
        ck_assert_uint_eq(cdn_slot_compare(fixture.slot, images[at]), SIZE_MAX);
        arena = cdn_slot_arena(fixture.slot, &used);
        cdn_arena_unpoison(&fixture.slot->arena, fixture.slot->arena.span);
        ck_assert_int_eq(memcmp(arena, taken[at], cdn_image_bytes(images[at])), 0);
        cdn_arena_poison(&fixture.slot->arena);
        ck_assert_int_eq(fixture_run(&fixture, images[at], NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, results[at]);
        ck_assert_uint_eq(cdn_slot_instructions(fixture.slot), instructions[at]);
        if (turn == SOURCES) { /* the first one built, on which others lean, goes */
            size_t first = _i ? SOURCES - 1 : 0;

            cdn_image_free(images[first]);
            images[first] = compact(sources[first]);
        }
    }
    for (size_t i = 0; i < SOURCES; i++) {
        cdn_image_free(images[i]);
        cdn_free(taken[i]);
    }
    ck_assert_uint_eq(fixture.slot->held + fixture.slot->bases.held, 0);
    cdn_slot_free(fixture.slot);
}
END_TEST

START_TEST(images_of_like_rules__take_little_room)
{
    enum { RULES = 50 };
    struct cdn_image *images[RULES];
    size_t whole = 0;

    fixture_open(&fixture);
    for (int i = 0; i < RULES; i++) {
        char source[256];

        snprintf(
            source, sizeof source,
            "local limit, name = %d, 'rule %d' local function f(amount) "
            "if amount > limit then return name end return 'none' end return f(%d)",
            i, i, 2 * i);
        images[i] = compact(source);
        whole += cdn_image_bytes(images[i]);
    }
    ck_assert_uint_lt(cdn_image_held(images[0]), whole / 4);
    for (int i = 0; i < RULES; i++) {
        char wanted[16];

        snprintf(wanted, sizeof wanted, i ? "rule %d" : "none", i);
        ck_assert_int_eq(fixture_run(&fixture, images[i], NULL), CDN_RUN_OK);
        ck_assert_str_eq(fixture.result, wanted);
        cdn_image_free(images[i]);
    }
    cdn_slot_free(fixture.slot);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(image__survives_every_allocation_failure_beside_others)
{
    fixture_open(&fixture);
    struct cdn_image *first = compact(sources[0]);
    struct cdn_image *large = compact(sources[8]);
    size_t before = cdn_image_held(first);

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_image *image;
        enum cdn_run run;
        cordon_error err;
        cordon_status status =
            cdn_image_build(&image, &run, fixture.slot, fixture_build,
                            (void *)(uintptr_t)sources[6], &fixture_budget, NULL, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_int_eq(image != NULL, status == CORDON_OK);
        cdn_image_free(image);
        ck_assert_uint_eq(cdn_image_held(first), before);
    }
    ck_assert_int_eq(fixture_run(&fixture, first, NULL), CDN_RUN_OK);
    ck_assert_str_eq(fixture.result, "1");
    cdn_image_free(first);
    cdn_image_free(large);
    cdn_slot_free(fixture.slot);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("difference");

    CDN_UNIT_LOOP(s, copy__gives_back_every_byte, 0, 3);
    CDN_UNIT_CASE(s, image_like_another__keeps_what_sets_it_apart);
    CDN_UNIT_CASE(s, shared_beginning__ends_where_little_is_shared);
    CDN_UNIT_CASE(s, kinds__find_a_basis_of_their_own);
    CDN_UNIT_LOOP(s, image__is_the_state_it_was_taken_from, 0, 2);
    CDN_UNIT_CASE(s, images_of_like_rules__take_little_room);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, image__survives_every_allocation_failure_beside_others);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
