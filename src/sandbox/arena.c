/* Size classes over a bump pointer, all of it inside one mapping.
 *
 * A request is rounded up to its class and taken from the class's free list, else from
 * the bump pointer, else from a larger free block, which is split.  A shrinking block
 * keeps its address and gives its tail back in pieces, so that it cannot fail: LuaJIT's
 * collector shrinks tables and stacks and takes no for an answer badly.  A block that
 * ends at the bump pointer grows and is freed in place.
 *
 * Everything is deterministic: the same requests give the same addresses, so that a run
 * is a function of its image and its input.
 *
 * Left out: joining free neighbours, which needs headers or a map of the arena, and
 * both cost in every image.  The mapping is some times larger than what may be live
 * instead; only what is touched takes memory.
 *
 * In AddressSanitizer builds free blocks and unused room are poisoned.  Where
 * LuaJIT is not instrumented (.ci/luajit-asan builds one that is) this finds faults of our
 * native functions only. */
#include "sandbox/arena.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/placement.h"

enum {
    GRAIN = 16,
    FINE_CLASSES = 32,
    FINE_BYTES = FINE_CLASSES * GRAIN,
    FINE_LOG = 9,
    /* A tail longer than this is given back to the system instead of being written. */
    GIVE_BACK_BYTES = 256 * 1024
};

_Static_assert(FINE_BYTES == 1 << FINE_LOG, "coarse classes start where fine ones end");
_Static_assert(sizeof(struct cdn_arena_head) % GRAIN == 0, "blocks start aligned");

/* ---- mappings ---- */

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *cdn_guarded_map(size_t *size)
{
    size_t page = page_bytes();
    size_t inner = (*size + page - 1) & ~(page - 1);
    unsigned char *map;

    if (inner < *size || inner > SIZE_MAX - 2 * page)
        return NULL;
    map = mmap(NULL, inner + 2 * page, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    /* LuaJIT's references hold 47 bits. */
    if (((uintptr_t)map + inner + 2 * page) >> 47 ||
        mprotect(map + page, inner, PROT_READ | PROT_WRITE)) {
        munmap(map, inner + 2 * page);
        return NULL;
    }
    /* A state of 30 KiB must not take a huge page; not every kernel knows them. */
    (void)madvise(map + page, inner, MADV_NOHUGEPAGE);
    *size = inner;
    return map + page;
}

void cdn_guarded_unmap(void *base, size_t size)
{
    size_t page = page_bytes();

    if (!base)
        return;
    CDN_UNPOISON(base, size);
    munmap((unsigned char *)base - page, size + 2 * page);
}

/* ---- classes ---- */

static inline unsigned class_of(size_t size)
{
    unsigned log;

    if (size <= FINE_BYTES)
        return (unsigned)((size + GRAIN - 1) / GRAIN - 1);
    log = 63U - (unsigned)__builtin_clzll(size - 1);
    return FINE_CLASSES + (log - FINE_LOG) * 4 +
           (unsigned)(((size - 1) >> (log - 2)) & 3);
}

static inline size_t class_bytes(unsigned class)
{
    unsigned log;

    if (class < FINE_CLASSES)
        return ((size_t) class + 1) * GRAIN;
    class -= FINE_CLASSES;
    log = FINE_LOG + class / 4;
    /* NOLINTNEXTLINE(clang-analyzer-core.*): no class is beyond CDN_ARENA_CLASSES */
    return ((size_t)1 << log) + (((size_t) class % 4 + 1) << (log - 2));
}

/* The largest class of at most `size` bytes, a multiple of 16. */
static unsigned class_within(size_t size)
{
    unsigned class = class_of(size);

    return class_bytes(class) > size ? class - 1 : class;
}

size_t cdn_arena_rounded(size_t size)
{
    return size ? class_bytes(class_of(size)) : 0;
}

/* ---- free lists ---- */

static inline void push_free(struct cdn_arena *arena, size_t offset, unsigned class)
{
    uint32_t *link = (uint32_t *)(void *)(arena->base + offset);

    CDN_UNPOISON(link, sizeof *link);
    *link = arena->head->free[class];
    arena->head->free[class] = (uint32_t)(offset / GRAIN);
    CDN_POISON(link, class_bytes(class));
}

static inline size_t pop_free(struct cdn_arena *arena, unsigned class)
{
    size_t offset = (size_t)arena->head->free[class] * GRAIN;

    if (offset) {
        uint32_t *link = (uint32_t *)(void *)(arena->base + offset);

        CDN_UNPOISON(link, class_bytes(class));
        arena->head->free[class] = *link;
    }
    return offset;
}

/* Put [offset, offset + size) on free lists, in as few pieces as the classes allow. */
static void carve(struct cdn_arena *arena, size_t offset, size_t size)
{
    while (size) {
        unsigned class = class_within(size);

        push_free(arena, offset, class);
        offset += class_bytes(class);
        size -= class_bytes(class);
    }
}

static size_t split_larger(struct cdn_arena *arena, unsigned class)
{
    size_t want = class_bytes(class);

    for (unsigned larger = class + 1; larger < CDN_ARENA_CLASSES; larger++) {
        size_t offset = pop_free(arena, larger);

        if (offset) {
            carve(arena, offset + want, class_bytes(larger) - want);
            return offset;
        }
    }
    return 0;
}

/* Sanitizer builds: open [offset, offset + bytes). */
static inline void open_room(struct cdn_arena *arena, size_t offset, size_t bytes)
{
    CDN_UNPOISON(arena->base + offset, bytes);
#ifdef CDN_ASAN
    if (offset + bytes > arena->opened)
        arena->opened = offset + bytes;
#endif
}

static inline bool take_bump(struct cdn_arena *arena, size_t size)
{
    struct cdn_arena_head *head = arena->head;

    if (size > arena->span - head->bump)
        return false;
    open_room(arena, head->bump, size);
    head->bump += size;
    if (head->bump > head->top)
        head->top = head->bump;
    return true;
}

/* ---- limits ---- */

#ifdef CORDON_FAILALLOC
static bool must_fail(struct cdn_arena *arena)
{
    if (arena->fail_after < 0)
        return false;
    if (arena->fail_after > 0) {
        arena->fail_after--;
        return false;
    }
    if (!arena->fail_persistent)
        arena->fail_after = -1;
    arena->failed = true;
    return true;
}
#endif

static void *refuse(struct cdn_arena *arena, size_t total)
{
    if (arena->over)
        arena->over(arena->ud, total, true);
    return NULL;
}

/* May `more` bytes be added to what is live? */
static inline bool allowed(struct cdn_arena *arena, size_t more)
{
    size_t total = arena->head->live + arena->extra + more;

#ifdef CORDON_FAILALLOC
    if (must_fail(arena))
        return false;
#endif
    if (__builtin_expect(total > arena->notice, 0)) {
        if (arena->over)
            arena->over(arena->ud, total, false);
        if (total > arena->hard)
            return false;
    }
    return true;
}

static inline void add_live(struct cdn_arena *arena, size_t more)
{
    size_t total = arena->head->live += more;

    total += arena->extra;
    if (total > arena->peak)
        arena->peak = total;
}

/* ---- the allocator ---- */

static void *allocate(struct cdn_arena *arena, size_t size)
{
    unsigned class;
    size_t bytes, offset;

    if (size > arena->span)
        return refuse(arena, size);
    class = class_of(size);
    bytes = class_bytes(class);
    if (!allowed(arena, bytes))
        return refuse(arena, arena->head->live + arena->extra + bytes);
    offset = pop_free(arena, class);
    if (!offset) {
        offset = arena->head->bump;
        if (!take_bump(arena, bytes)) {
            offset = split_larger(arena, class);
            if (!offset)
                return refuse(arena, arena->head->live + arena->extra + bytes);
        }
    }
    add_live(arena, bytes);
    cdn_arena_show(arena, arena->base + offset, bytes);
    return arena->base + offset;
}

/* The same for a small block where nobody is to be asked or told, as it mostly is. */
static inline void *allocate_small(struct cdn_arena *arena, size_t size)
{
    unsigned class = (unsigned)((size - 1) / GRAIN);
    size_t bytes = ((size_t) class + 1) * GRAIN;
    size_t offset;

#ifdef CORDON_FAILALLOC
    if (arena->fail_after >= 0)
        return allocate(arena, size);
#endif
    if (__builtin_expect(arena->head->live + arena->extra + bytes > arena->notice ||
                             bytes > arena->watch,
                         0))
        return allocate(arena, size);
    offset = pop_free(arena, class);
    if (!offset) {
        offset = arena->head->bump;
        if (!take_bump(arena, bytes))
            return allocate(arena, size);
    }
    add_live(arena, bytes);
    return arena->base + offset;
}

static void release(struct cdn_arena *arena, void *block, size_t size)
{
    unsigned class = class_of(size);
    size_t bytes = class_bytes(class);
    size_t offset = (size_t)((unsigned char *)block - arena->base);

    arena->head->live -= bytes;
    if (offset + bytes == arena->head->bump) {
        arena->head->bump = offset;
        CDN_POISON(block, bytes);
    } else {
        push_free(arena, offset, class);
    }
}

static void *resize(struct cdn_arena *arena, void *block, size_t old_size,
                    size_t new_size)
{
    size_t offset = (size_t)((unsigned char *)block - arena->base);
    size_t old_bytes = class_bytes(class_of(old_size));
    size_t new_bytes;
    void *moved;

    if (new_size > arena->span)
        return refuse(arena, new_size);
    new_bytes = class_bytes(class_of(new_size));
    if (new_bytes == old_bytes)
        return block;
    if (new_bytes < old_bytes) {
        arena->head->live -= old_bytes - new_bytes;
        if (offset + old_bytes == arena->head->bump) {
            arena->head->bump = offset + new_bytes;
            CDN_POISON(arena->base + offset + new_bytes, old_bytes - new_bytes);
        } else {
            carve(arena, offset + new_bytes, old_bytes - new_bytes);
        }
        return block;
    }
    if (offset + old_bytes == arena->head->bump &&
        new_bytes - old_bytes <= arena->span - arena->head->bump) {
        if (!allowed(arena, new_bytes - old_bytes))
            return refuse(arena, arena->head->live + arena->extra + new_bytes);
        take_bump(arena, new_bytes - old_bytes);
        add_live(arena, new_bytes - old_bytes);
        cdn_arena_show(arena, block, new_bytes);
        return block;
    }
    moved = allocate(arena, new_size);
    if (moved) {
        memcpy(moved, block, old_size);
        release(arena, block, old_size);
    }
    return moved;
}

bool cdn_arena_allow(struct cdn_arena *arena, size_t more)
{
    size_t total = arena->head->live + arena->extra + more;

    if (!allowed(arena, more)) {
        refuse(arena, total);
        return false;
    }
    if (total > arena->peak)
        arena->peak = total;
    return true;
}

void *cdn_arena_realloc(struct cdn_arena *arena, void *block, size_t old_size,
                        size_t new_size)
{
    if (!old_size)
        cdn_arena_overhear(arena, new_size);
    if (__builtin_expect(arena->plan != NULL, 0))
        return cdn_placement_realloc(arena->plan, arena, block, old_size, new_size);
    if (!new_size) {
        if (block && old_size)
            release(arena, block, old_size);
        return NULL;
    }
    /* Without a block LuaJIT passes 0; a block of no bytes does not exist. */
    if (!block || !old_size)
        return new_size <= FINE_BYTES ? allocate_small(arena, new_size)
                                      : allocate(arena, new_size);
    return resize(arena, block, old_size, new_size);
}

/* ---- life ---- */

bool cdn_arena_init(struct cdn_arena *arena, size_t span)
{
    *arena = (struct cdn_arena){.span = span};
    if (span <= sizeof(struct cdn_arena_head) || span > UINT32_MAX)
        return false;
    arena->base = cdn_guarded_map(&arena->span);
    if (!arena->base)
        return false;
    arena->head = (struct cdn_arena_head *)(void *)arena->base;
    CDN_POISON(arena->base, arena->span);
    open_room(arena, 0, sizeof *arena->head);
    cdn_arena_reset(arena, 0);
    return true;
}

void cdn_arena_deinit(struct cdn_arena *arena)
{
    cdn_guarded_unmap(arena->base, arena->span);
    *arena = (struct cdn_arena){0};
}

void cdn_arena_reset(struct cdn_arena *arena, size_t dirty_end)
{
    cdn_arena_unpoison(arena, dirty_end);
    cdn_arena_clear(arena, 0, dirty_end);
    memset(arena->head, 0, sizeof *arena->head);
    arena->head->bump = arena->head->top = sizeof *arena->head;
    arena->extra = 0;
    arena->notice = arena->hard = arena->watch = SIZE_MAX;
    arena->joined_start = arena->joined_end = NULL;
    arena->peak = 0;
#ifdef CORDON_FAILALLOC
    arena->fail_after = -1;
#endif
    cdn_arena_poison(arena);
}

void cdn_arena_clear(struct cdn_arena *arena, size_t from, size_t to)
{
    size_t page = page_bytes();
    size_t first = (from + page - 1) & ~(page - 1);
    size_t last = to & ~(page - 1);

    if (to <= from)
        return;
    if (last > first && last - first >= GIVE_BACK_BYTES &&
        !madvise(arena->base + first, last - first, MADV_DONTNEED)) {
        memset(arena->base + from, 0, first - from);
        memset(arena->base + last, 0, to - last);
    } else {
        memset(arena->base + from, 0, to - from);
    }
}

/* Take the free block that ends at the bump pointer off its list, if there is one. */
static bool trim_one(struct cdn_arena *arena)
{
    struct cdn_arena_head *head = arena->head;

    for (unsigned class = 0; class < CDN_ARENA_CLASSES; class ++) {
        size_t bytes = class_bytes(class);
        uint32_t *link = &head->free[class];

        while (*link && (size_t)*link * GRAIN + bytes != head->bump)
            link = (uint32_t *)(void *)(arena->base + (size_t)*link * GRAIN);
        if (*link) {
            size_t offset = (size_t)*link * GRAIN;

            *link = *(uint32_t *)(void *)(arena->base + offset);
            head->bump = offset;
            return true;
        }
    }
    return false;
}

void cdn_arena_trim(struct cdn_arena *arena)
{
    struct cdn_arena_head *head = arena->head;

    cdn_arena_unpoison(arena, head->top);
    while (trim_one(arena))
        continue;
    memset(arena->base + head->bump, 0, head->top - head->bump);
    head->top = head->bump;
    cdn_arena_poison(arena);
}

void cdn_arena_unpoison(struct cdn_arena *arena, size_t end)
{
#ifdef CDN_ASAN
    open_room(arena, 0, end > arena->opened ? end : arena->opened);
#else
    (void)arena, (void)end;
#endif
}

void cdn_arena_poison(struct cdn_arena *arena)
{
#ifdef CDN_ASAN
    for (unsigned class = 0; class < CDN_ARENA_CLASSES; class ++) {
        size_t offset = (size_t)arena->head->free[class] * GRAIN;

        while (offset) {
            uint32_t *link = (uint32_t *)(void *)(arena->base + offset);

            offset = (size_t)*link * GRAIN;
            CDN_POISON(link, class_bytes(class));
        }
    }
    if (arena->opened > arena->head->bump)
        CDN_POISON(arena->base + arena->head->bump, arena->opened - arena->head->bump);
    arena->opened = arena->head->bump;
#else
    (void)arena;
#endif
}
