/* The library's only door to the heap.
 *
 * Everything outside base/ allocates through these, so that a test can let the n-th
 * allocation fail (CORDON_FAILALLOC builds) and so that nothing is ever left unchecked.
 * Nothing on the evaluation path calls them after warm-up. */
#ifndef CDN_BASE_ALLOC_H
#define CDN_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As malloc, calloc, realloc, free; a size of 0 allocates one byte.  NULL on failure.
 */
void *cdn_alloc(size_t size);
void *cdn_calloc(size_t count, size_t size);
void *cdn_realloc(void *block, size_t size);
/* count * size, NULL if that overflows. */
void *cdn_realloc_array(void *block, size_t count, size_t size);
void cdn_free(void *block);
char *cdn_strdup(const char *text);
char *cdn_strndup(const char *text, size_t bytes);

/* From now on give every large block back to the system as soon as it is freed, so that the
 * process never holds more than is allocated.  For tools that have promised that; costs the
 * system's work for each block anew. */
void cdn_alloc_return_freed(void);

/* How many times the calling process allocated (all threads), for tests that show that
 * a path allocates nothing. */
uint64_t cdn_alloc_count(void);

/* Test builds only (CORDON_FAILALLOC): let the allocation `nth` from now fail, counted
 * from 0 over all threads, and every later one too if `persistent`; nth < 0: none. */
void cdn_failalloc_after(long nth, bool persistent);
/* True if an allocation was failed since the last cdn_failalloc_after(). */
bool cdn_failalloc_fired(void);

#endif
