#include "support/unit.h"

#include <signal.h>

#include "sandbox/arena.h"

static struct cdn_arena arena;

static void *take(size_t size)
{
    return cdn_arena_realloc(&arena, NULL, 0, size);
}

static void give(void *block, size_t size)
{
    ck_assert_ptr_null(cdn_arena_realloc(&arena, block, size, 0));
}

/* One look at many bytes: an assertion of Check costs a write to its parent process. */
static bool filled(const unsigned char *at, size_t bytes, unsigned char with)
{
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != with)
            return false;
    }
    return true;
}

static size_t live(void)
{
    return (size_t)arena.head->live;
}

START_TEST(rounding__wastes_at_most_a_quarter)
{
    size_t before = 0;

    for (size_t size = 1; size < 100000; size++) {
        size_t rounded = cdn_arena_rounded(size);

        size_t most = size <= 512 ? 15 : size / 4;

        if (rounded < size || rounded < before || rounded % 16 ||
            rounded - size > most || cdn_arena_rounded(rounded) != rounded)
            ck_abort_msg("%zu bytes are rounded to %zu", size, rounded);
        before = rounded;
    }
    ck_assert_uint_eq(cdn_arena_rounded(0), 0);
    ck_assert_uint_eq(cdn_arena_rounded(513), 640);
}
END_TEST

START_TEST(blocks__are_aligned_disjoint_and_counted)
{
    unsigned char *blocks[300];
    size_t total = 0;

    ck_assert(cdn_arena_init(&arena, 1 << 20));
    for (size_t i = 0; i < 300; i++) {
        blocks[i] = take(i * 7 + 1);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i & 255), i * 7 + 1);
        total += cdn_arena_rounded(i * 7 + 1);
        ck_assert_uint_eq(live(), total);
    }
    for (size_t i = 0; i < 300; i++)
        ck_assert(filled(blocks[i], i * 7 + 1, (unsigned char)i));
    for (size_t i = 0; i < 300; i++) {
        give(blocks[i], i * 7 + 1);
        total -= cdn_arena_rounded(i * 7 + 1);
        ck_assert_uint_eq(live(), total);
    }
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(freed_block__is_used_again_last_first)
{
    void *first, *second;

    ck_assert(cdn_arena_init(&arena, 1 << 20));
    first = take(100);
    second = take(100);
    take(16);
    give(first, 100);
    give(second, 100);
    ck_assert_ptr_eq(take(112), second);
    ck_assert_ptr_eq(take(97), first);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(shrinking__keeps_the_address_even_when_nothing_is_left)
{
    unsigned char *block;
    size_t before;

    ck_assert(cdn_arena_init(&arena, 64 * 1024));
    block = take(10000);
    memset(block, 7, 10000);
    take(16);
    arena.notice = arena.hard = 0;
    before = live();
    ck_assert_ptr_eq(cdn_arena_realloc(&arena, block, 10000, 100), block);
    ck_assert_uint_eq(before - live(),
                      cdn_arena_rounded(10000) - cdn_arena_rounded(100));
    ck_assert(filled(block, 100, 7));
    /* What was cut off is given out again, once there is no other room. */
    arena.notice = arena.hard = SIZE_MAX;
    while (take(16))
        continue;
    ck_assert_uint_gt(live() + sizeof *arena.head, arena.span - 16);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(growing__is_in_place_at_the_end_and_copies_elsewhere)
{
    unsigned char *block, *moved;

    ck_assert(cdn_arena_init(&arena, 1 << 20));
    block = take(1000);
    memset(block, 9, 1000);
    ck_assert_ptr_eq(cdn_arena_realloc(&arena, block, 1000, 1001), block);
    ck_assert_ptr_eq(cdn_arena_realloc(&arena, block, 1001, 50000), block);
    ck_assert_uint_eq(live(), cdn_arena_rounded(50000));
    take(16);
    moved = cdn_arena_realloc(&arena, block, 50000, 60000);
    ck_assert_ptr_ne(moved, block);
    ck_assert(filled(moved, 1000, 9));
    ck_assert_uint_eq(live(), cdn_arena_rounded(60000) + 16);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(end_of_room__splits_larger_free_blocks)
{
    void *large;
    size_t count = 0;

    ck_assert(cdn_arena_init(&arena, 64 * 1024));
    large = take(40000);
    while (take(16))
        continue;
    give(large, 40000);
    while (take(16))
        count++;
    ck_assert_uint_eq(count, cdn_arena_rounded(40000) / 16);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(room__is_bounded_by_guards_and_absurd_sizes_are_refused)
{
    unsigned char *block;

    ck_assert(cdn_arena_init(&arena, 64 * 1024));
    ck_assert_ptr_null(take(SIZE_MAX));
    ck_assert_ptr_null(take((size_t)1 << 40));
    block = take(100);
    ck_assert_ptr_null(cdn_arena_realloc(&arena, block, 100, SIZE_MAX));
    ck_assert_ptr_null(cdn_arena_realloc(&arena, block, 100, 128 * 1024));
    cdn_arena_deinit(&arena);
    ck_assert(!cdn_arena_init(&arena, SIZE_MAX));
    ck_assert(!cdn_arena_init(&arena, (size_t)1 << 33));
    ck_assert(!cdn_arena_init(&arena, 16));
}
END_TEST

static void touch(size_t offset)
{
    volatile unsigned char *at = arena.base + offset;

    *at = 1;
}

START_TEST(guard_pages__trap_before_the_arena)
{
    ck_assert(cdn_arena_init(&arena, 64 * 1024));
    touch((size_t)-1);
}
END_TEST

START_TEST(guard_pages__trap_behind_the_arena)
{
    ck_assert(cdn_arena_init(&arena, 64 * 1024));
    touch(arena.span);
}
END_TEST

static int asked, refused;
static size_t asked_total;

static void over(void *ud, size_t total, bool refusal)
{
    ck_assert_ptr_eq(ud, &asked);
    asked++;
    refused += refusal;
    asked_total = total;
    if (!refusal)
        arena.notice = arena.hard;
}

START_TEST(limits__count_to_the_byte)
{
    ck_assert(cdn_arena_init(&arena, 1 << 20));
    arena.over = over;
    arena.ud = &asked;
    arena.notice = 1600;
    arena.hard = 3200;
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(take(16));
    ck_assert_int_eq(asked, 0);
    ck_assert_ptr_nonnull(take(16));
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(asked_total, 1616);
    for (int i = 0; i < 99; i++)
        ck_assert_ptr_nonnull(take(16));
    ck_assert_int_eq(refused, 0);
    ck_assert_ptr_null(take(16));
    ck_assert_int_eq(refused, 1);
    ck_assert_uint_eq(live(), 3200);
    ck_assert_uint_eq(arena.peak, 3200);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(limits__count_bytes_outside_the_arena)
{
    ck_assert(cdn_arena_init(&arena, 1 << 20));
    arena.notice = arena.hard = 1000;
    arena.extra = 900;
    ck_assert_ptr_nonnull(take(96));
    ck_assert_ptr_null(take(16));
    ck_assert_uint_eq(arena.peak, 996);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(trim__ends_with_a_block_in_use)
{
    void *blocks[4];

    ck_assert(cdn_arena_init(&arena, 1 << 20));
    blocks[0] = take(100);
    for (int i = 1; i < 4; i++)
        blocks[i] = take(1000);
    size_t end = (size_t)((unsigned char *)blocks[1] - arena.base);
    give(blocks[1], 1000);
    give(blocks[2], 1000);
    give(blocks[3], 1000);
    cdn_arena_trim(&arena);
    ck_assert_uint_eq(arena.head->bump, end);
    ck_assert_uint_eq(arena.head->top, end);
    ck_assert_ptr_eq(take(1000), blocks[1]);
    cdn_arena_deinit(&arena);
}
END_TEST

START_TEST(clearing__zeroes_exactly_the_range)
{
    size_t span = 1 << 20;

    ck_assert(cdn_arena_init(&arena, span));
    cdn_arena_unpoison(&arena, arena.span);
    memset(arena.base, 1, arena.span);
    cdn_arena_clear(&arena, 5000, 600000);
    cdn_arena_clear(&arena, 700001, 700003);
    cdn_arena_clear(&arena, 800000, 800000);
    ck_assert(filled(arena.base, 5000, 1));
    ck_assert(filled(arena.base + 5000, 600000 - 5000, 0));
    ck_assert(filled(arena.base + 600000, 700001 - 600000, 1));
    ck_assert(filled(arena.base + 700001, 2, 0));
    ck_assert(filled(arena.base + 700003, span - 700003, 1));
    memset(arena.base, 0, sizeof *arena.head);
    cdn_arena_deinit(&arena);
}
END_TEST

/* A mixed load against a model: contents survive, live bytes agree, and the same requests
 * give the same addresses the second time. */
START_TEST(mixed_load__keeps_contents_and_is_deterministic)
{
    enum { SLOTS = 200, STEPS = 20000 };
    static struct {
        unsigned char *at;
        size_t size;
        unsigned char fill;
    } slots[SLOTS];
    uint64_t digests[2];

    for (int turn = 0; turn < 2; turn++) {
        uint64_t random = 42, digest = 0;
        size_t expected = 0;

        memset(slots, 0, sizeof slots);
        ck_assert(cdn_arena_init(&arena, 8 << 20));
        for (int step = 0; step < STEPS; step++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            size_t which = (random >> 33) % SLOTS;
            size_t size = (random >> 41) % (step % 10 ? 600 : 9000);
            size_t kept = size < slots[which].size ? size : slots[which].size;
            bool same = true;

            expected -= cdn_arena_rounded(slots[which].size);
            expected += cdn_arena_rounded(size);
            unsigned char *at =
                cdn_arena_realloc(&arena, slots[which].at, slots[which].size, size);
            if ((size != 0) != (at != NULL))
                ck_abort_msg("step %d: %zu bytes gave %p", step, size, (void *)at);
            for (size_t k = 0; k < kept; k++)
                same = same && at[k] == slots[which].fill;
            ck_assert(same);
            slots[which].at = at;
            slots[which].size = size;
            slots[which].fill = (unsigned char)step;
            if (size)
                memset(at, step & 255, size);
            if (live() != expected)
                ck_abort_msg("step %d: %zu live, not %zu", step, live(), expected);
            digest = (digest ^ (uint64_t)(at ? at - arena.base : 0)) * 1099511628211u;
        }
        digests[turn] = digest;
        cdn_arena_deinit(&arena);
    }
    ck_assert_uint_eq(digests[0], digests[1]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("arena");
    TCase *traps = tcase_create("guards");

    CDN_UNIT_CASE(s, rounding__wastes_at_most_a_quarter);
    CDN_UNIT_CASE(s, blocks__are_aligned_disjoint_and_counted);
    CDN_UNIT_CASE(s, freed_block__is_used_again_last_first);
    CDN_UNIT_CASE(s, shrinking__keeps_the_address_even_when_nothing_is_left);
    CDN_UNIT_CASE(s, growing__is_in_place_at_the_end_and_copies_elsewhere);
    CDN_UNIT_CASE(s, end_of_room__splits_larger_free_blocks);
    CDN_UNIT_CASE(s, room__is_bounded_by_guards_and_absurd_sizes_are_refused);
    CDN_UNIT_CASE(s, limits__count_to_the_byte);
    CDN_UNIT_CASE(s, limits__count_bytes_outside_the_arena);
    CDN_UNIT_CASE(s, trim__ends_with_a_block_in_use);
    CDN_UNIT_CASE(s, clearing__zeroes_exactly_the_range);
    CDN_UNIT_CASE(s, mixed_load__keeps_contents_and_is_deterministic);
    /* A sanitizer catches the signal itself, and exits with a status of its own. */
#if defined(__SANITIZE_ADDRESS__)
    tcase_add_exit_test(traps, guard_pages__trap_before_the_arena, 1);
    tcase_add_exit_test(traps, guard_pages__trap_behind_the_arena, 1);
#elif defined(__SANITIZE_THREAD__)
    tcase_add_exit_test(traps, guard_pages__trap_before_the_arena, 66);
    tcase_add_exit_test(traps, guard_pages__trap_behind_the_arena, 66);
#else
    tcase_add_test_raise_signal(traps, guard_pages__trap_before_the_arena, SIGSEGV);
    tcase_add_test_raise_signal(traps, guard_pages__trap_behind_the_arena, SIGSEGV);
#endif
    suite_add_tcase(s, traps);
    return s;
}

CDN_UNIT_MAIN(suite)
