/* The arena: one mapping at a fixed address that holds a whole Lua state, allocator and
 * all.
 *
 * The allocator's own data (free lists, bump offset, live bytes) is the first block of
 * the mapping, so that a copy of [base, top) is a complete image of the state and a
 * memcpy brings it back.  What the host decides (limits) and what it wants to know
 * (peak) is outside and survives a restore.
 *
 * Blocks have no headers: lua_Alloc is told every block's size.  Costs: a few ns to
 * allocate or free; a shrink is in place and cannot fail.  Threads: one at a time. */
#ifndef CDN_SANDBOX_ARENA_H
#define CDN_SANDBOX_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/numerals.h"

#if defined(__SANITIZE_ADDRESS__)
#define CDN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CDN_ASAN 1
#endif
#endif

#ifdef CDN_ASAN
#include <sanitizer/asan_interface.h>
#define CDN_POISON(at, bytes)   ASAN_POISON_MEMORY_REGION(at, bytes)
#define CDN_UNPOISON(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define CDN_POISON(at, bytes)   ((void)(at), (void)(bytes))
#define CDN_UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

/* 32 classes of 16 bytes' step up to 512, then four a doubling, up to 4 GiB. */
#define CDN_ARENA_CLASSES (32 + 4 * 23)

/* The first bytes of the mapping.  Offsets are from the base; 0 ends a free list. */
struct cdn_arena_head {
    _Alignas(16) uint64_t bump;       /* where never used room starts */
    uint64_t top;                     /* the highest that bump has been */
    uint64_t live;                    /* bytes in use, rounded up to their classes */
    uint32_t free[CDN_ARENA_CLASSES]; /* in units of 16 bytes */
};

struct cdn_arena {
    unsigned char *base;
    struct cdn_arena_head *head; /* == base */
    size_t span;   /* usable bytes at base; a guard page before and after */
    size_t extra;  /* bytes outside the arena that count like its own (scratch) */
    size_t notice; /* live + extra above which `over` is asked */
    size_t hard;   /* live + extra above which nothing is given */
    size_t peak;   /* the most that live + extra has been */
    struct cdn_placement
        *plan; /* places blocks while an image is built (placement.h); else NULL */
    /* Called before an allocation that would take live + extra above `notice`, and with
     * `refused` for one that gets NULL.  May change notice and hard. */
    void (*over)(void *ud, size_t total, bool refused);
    size_t
        watch; /* blocks that take more than this are shown to `large`; SIZE_MAX: none */
    /* Called with a new block, nothing written to it yet, or one that has grown. */
    void (*large)(void *ud, const unsigned char *block, size_t bytes);
    /* Where LuaJIT has the text that it makes the next string of, if it joins one: its
     * first byte and one behind its last (strings.h); NULL: not known.  What may be a
     * numeral is told to `numeral`, before its block is given out. */
    const char *const *joined_start;
    const char *const *joined_end;
    size_t string_header; /* bytes of a string's block before the text */
    void (*numeral)(void *ud, const char *text, size_t bytes);
    void *ud;
#ifdef CDN_ASAN
    size_t opened; /* from here on all is poisoned */
#endif
#ifdef CORDON_FAILALLOC
    long fail_after; /* allocations until one gets NULL; < 0: never */
    bool fail_persistent;
    bool failed;
#endif
};

/* Map `span` bytes, rounded up to pages.  False: no memory. */
bool cdn_arena_init(struct cdn_arena *arena, size_t span);
void cdn_arena_deinit(struct cdn_arena *arena); /* accepts a zeroed one */

/* As new: everything ever used is zero again and free; limits are taken off. */
void cdn_arena_reset(struct cdn_arena *arena, size_t dirty_end);

/* Tell `large` of a block if it is to know. */
static inline void cdn_arena_show(struct cdn_arena *arena, const unsigned char *block,
                                  size_t bytes)
{
    if (__builtin_expect(bytes > arena->watch, 0))
        arena->large(arena->ud, block, bytes);
}

/* A block of `size` is asked for: tell `numeral` of the text that it is for. */
static inline void cdn_arena_overhear(struct cdn_arena *arena, size_t size)
{
    const char *start;
    size_t bytes;

    if (!arena->joined_start)
        return;
    start = *arena->joined_start;
    bytes = (size_t)(*arena->joined_end - start);
    /* a string takes its header, its text, and from 1 byte to 8 behind it */
    if (size - arena->string_header - bytes - 1 < 8 && bytes >= CDN_NUMERAL_SHORT &&
        cdn_numeral_begins(*start))
        arena->numeral(arena->ud, start, bytes);
}

/* As lua_Alloc. */
void *cdn_arena_realloc(struct cdn_arena *arena, void *block, size_t old_size,
                        size_t new_size);

/* What a request of `size` bytes takes. */
size_t cdn_arena_rounded(size_t size);

/* Take free blocks that lie at the very end off their lists, so that the used bytes end
 * with a block in use; top follows.  Slow: for image building. */
void cdn_arena_trim(struct cdn_arena *arena);

/* Zero [from, to), giving whole pages back to the system where there are many. */
void cdn_arena_clear(struct cdn_arena *arena, size_t from, size_t to);

/* Sanitizer builds: open the arena's bytes before `end`, and all that are open behind it,
 * before a memcpy over them, and close what is free after it.  What was never used stays
 * closed, so that a restore costs what the run used, not what it might have.  Nothing
 * otherwise. */
void cdn_arena_unpoison(struct cdn_arena *arena, size_t end);
void cdn_arena_poison(struct cdn_arena *arena);

/* May `more` bytes be taken outside of the arena's own blocks?  Counts them in the peak,
 * asks `over` as an allocation does; the caller adds them to extra. */
bool cdn_arena_allow(struct cdn_arena *arena, size_t more);

/* A mapping between two guard pages; size is rounded up to pages.  NULL: no memory. */
void *cdn_guarded_map(size_t *size);
void cdn_guarded_unmap(void *base, size_t size); /* accepts NULL */

#endif
