/* Recording which allocations of an image survive, and placing them: see placement.h.
 *
 * Every call that takes a block of another class than before is an allocation with a number
 * of its own, moved or not, so that the numbers do not depend on where blocks lie.  The
 * nursery only ever grows: what it takes in all is bounded by the arena, and it is gone
 * when the image is taken. */
#include "sandbox/placement.h"

#include <string.h>

#include "base/alloc.h"

enum { GRAIN = 16, FIRST_ROOM = 8192 };

void cdn_placement_init(struct cdn_placement *plan)
{
    *plan = (struct cdn_placement){0};
}

void cdn_placement_deinit(struct cdn_placement *plan)
{
    cdn_free(plan->survives);
    cdn_free(plan->numbers);
    *plan = (struct cdn_placement){0};
}

void cdn_placement_replay(struct cdn_placement *plan, const struct cdn_arena *arena)
{
    plan->replays = true;
    plan->recorded = plan->count;
    plan->count = 0;
    plan->nursery = plan->bump = arena->span / 2 / GRAIN * GRAIN;
    plan->left = 0;
}

bool cdn_placement_end(struct cdn_placement *plan, struct cdn_arena *arena)
{
    bool holds = !plan->failed && plan->left == 0 && arena->head->top <= plan->nursery;

    arena->extra -= plan->left;
    CDN_UNPOISON(arena->base + plan->nursery, plan->bump - plan->nursery);
    cdn_arena_clear(arena, plan->nursery, plan->bump);
    CDN_POISON(arena->base + plan->nursery, plan->bump - plan->nursery);
    return holds;
}

/* ---- the first time ---- */

static size_t slot_of(const struct cdn_arena *arena, const void *block)
{
    return (size_t)((const unsigned char *)block - arena->base) / GRAIN;
}

/* Room for the number of a block there, as far as blocks lie: a rule's image takes a hundredth
 * of the arena.  What is new is filled when blocks come to lie there. */
static bool make_room(struct cdn_placement *plan, size_t at)
{
    size_t wanted = plan->room ? plan->room : FIRST_ROOM;
    uint32_t *larger;

    if (at < plan->room)
        return true;
    while (wanted <= at)
        wanted *= 2;
    larger = cdn_realloc_array(plan->numbers, wanted, sizeof *plan->numbers);
    if (!larger)
        return false;
    plan->numbers = larger;
    plan->room = wanted;
    return true;
}

static void record(struct cdn_placement *plan, const struct cdn_arena *arena,
                   const void *block)
{
    if (!make_room(plan, slot_of(arena, block))) {
        plan->failed = true;
        return;
    }
    if (plan->count == plan->capacity) {
        uint32_t wanted = plan->capacity ? plan->capacity * 2 : 1024;
        uint8_t *larger = cdn_realloc_array(plan->survives, wanted, 1);

        if (!larger || wanted < plan->capacity) {
            plan->failed = true;
            return;
        }
        plan->survives = larger;
        plan->capacity = wanted;
    }
    plan->survives[plan->count] = 1;
    plan->numbers[slot_of(arena, block)] = plan->count++;
}

static void forget(struct cdn_placement *plan, const struct cdn_arena *arena,
                   const void *block)
{
    uint32_t number = plan->numbers[slot_of(arena, block)];

    if (number < plan->count)
        plan->survives[number] = 0;
}

static void *record_realloc(struct cdn_placement *plan, struct cdn_arena *arena,
                            void *block, size_t old_size, size_t new_size)
{
    bool had = block && old_size;
    void *moved;

    if (plan->failed)
        return cdn_arena_realloc(arena, block, old_size, new_size);
    if (had && new_size && cdn_arena_rounded(old_size) == cdn_arena_rounded(new_size))
        return block;
    moved = cdn_arena_realloc(arena, block, old_size, new_size);
    if (new_size && !moved)
        return NULL;
    if (had)
        forget(plan, arena, block);
    if (new_size)
        record(plan, arena, moved);
    return moved;
}

/* ---- the second time ---- */

static bool in_nursery(const struct cdn_placement *plan, const struct cdn_arena *arena,
                       const void *block)
{
    return (size_t)((const unsigned char *)block - arena->base) >= plan->nursery;
}

static void *take(struct cdn_placement *plan, struct cdn_arena *arena, size_t size)
{
    bool survives = plan->count < plan->recorded && plan->survives[plan->count];
    size_t bytes = cdn_arena_rounded(size);
    unsigned char *block;

    plan->count++;
    if (survives || bytes > arena->span - plan->bump)
        return cdn_arena_realloc(arena, NULL, 0, size);
    if (!cdn_arena_allow(arena, bytes))
        return NULL;
    block = arena->base + plan->bump;
    CDN_UNPOISON(block, bytes); /* until the end, beyond what is open otherwise */
    plan->bump += bytes;
    plan->left += bytes;
    arena->extra += bytes;
    cdn_arena_show(arena, block, bytes);
    return block;
}

static void give(struct cdn_placement *plan, struct cdn_arena *arena, void *block,
                 size_t size)
{
    size_t bytes = cdn_arena_rounded(size);

    if (!in_nursery(plan, arena, block)) {
        cdn_arena_realloc(arena, block, size, 0);
        return;
    }
    plan->left -= bytes;
    arena->extra -= bytes;
}

static void *replay_realloc(struct cdn_placement *plan, struct cdn_arena *arena,
                            void *block, size_t old_size, size_t new_size)
{
    void *moved;

    if (!block || !old_size)
        return new_size ? take(plan, arena, new_size) : NULL;
    if (!new_size) {
        give(plan, arena, block, old_size);
        return NULL;
    }
    if (cdn_arena_rounded(old_size) == cdn_arena_rounded(new_size))
        return block;
    moved = take(plan, arena, new_size);
    if (moved) {
        memcpy(moved, block, old_size < new_size ? old_size : new_size);
        give(plan, arena, block, old_size);
        return moved;
    }
    if (new_size > old_size)
        return NULL;
    /* a shrink cannot fail: the block stays as large as it is, and the plan is off */
    plan->failed = true;
    return block;
}

void *cdn_placement_realloc(struct cdn_placement *plan, struct cdn_arena *arena,
                            void *block, size_t old_size, size_t new_size)
{
    void *result;

    arena->plan = NULL;
    result = plan->replays ? replay_realloc(plan, arena, block, old_size, new_size)
                           : record_realloc(plan, arena, block, old_size, new_size);
    arena->plan = plan;
    return result;
}
