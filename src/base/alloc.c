/* The heap, counted.
 *
 * Every call goes straight to the C library after one relaxed atomic add.  In
 * CORDON_FAILALLOC builds a second counter decides whether this call is the one that a
 * test wants to fail. The counters are the library's only mutable globals; they order
 * nothing and guard nothing, so relaxed atomics are enough.
 *
 * Left out: a caller's own allocator.  Rules never reach this heap (they live in their
 * arena), so what remains is small, made once, and no one has asked to move it. */
#include "base/alloc.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static atomic_uint_fast64_t allocations;

#ifdef CORDON_FAILALLOC
static atomic_long failalloc_left =
    -1; /* allocations until the failing one; < 0: off */
static atomic_bool failalloc_persistent;
static atomic_bool failalloc_hit;

void cdn_failalloc_after(long nth, bool persistent)
{
    atomic_store(&failalloc_left, -1);
    atomic_store(&failalloc_hit, false);
    atomic_store(&failalloc_persistent, persistent);
    atomic_store(&failalloc_left, nth < 0 ? -1 : nth);
}

bool cdn_failalloc_fired(void)
{
    return atomic_load(&failalloc_hit);
}

static bool must_fail(void)
{
    long left = atomic_load(&failalloc_left);

    for (;;) {
        if (left < 0)
            return false;
        if (left == 0 && atomic_load(&failalloc_persistent))
            break;
        if (atomic_compare_exchange_weak(&failalloc_left, &left, left - 1)) {
            if (left > 0)
                return false;
            break;
        }
    }
    atomic_store(&failalloc_hit, true);
    return true;
}
#else
static bool must_fail(void)
{
    return false;
}
#endif

static bool count_one(void)
{
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    return !must_fail();
}

uint64_t cdn_alloc_count(void)
{
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

void *cdn_alloc(size_t size)
{
    return count_one() ? malloc(size ? size : 1) : NULL;
}

void *cdn_calloc(size_t count, size_t size)
{
    size_t total;

    if (!cdn_mul_size(&total, count, size) || !count_one())
        return NULL;
    return calloc(1, total ? total : 1);
}

void *cdn_realloc(void *block, size_t size)
{
    return count_one() ? realloc(block, size ? size : 1) : NULL;
}

void *cdn_realloc_array(void *block, size_t count, size_t size)
{
    size_t total;

    return cdn_mul_size(&total, count, size) ? cdn_realloc(block, total) : NULL;
}

void cdn_free(void *block)
{
    free(block);
}

void cdn_alloc_return_freed(void)
{
#ifdef __GLIBC__
    /* otherwise the first large block that is freed makes larger ones stay in the heap */
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
#endif
}

char *cdn_strdup(const char *text)
{
    return cdn_strndup(text, strlen(text));
}

char *cdn_strndup(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes);
    char *copy = cdn_alloc(length + 1);

    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}
