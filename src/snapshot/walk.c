/* LMDB 0.9's page layout on a 64-bit machine, as far as our files use it.
 *
 *   page      0 number u64, 8 pad u16, 10 flags u16, 12 lower u16, 14 upper u16
 * (overflow: 12 pages u32), 16 node offsets u16 each, up to lower; nodes from upper on
 *   node      0 low u16, 2 high u16, 4 flags u16, 6 key bytes u16, 8 key, then data
 *             leaf: low | high << 16 is the value's size, flag 1: the data is the
 * number of the value's first overflow page; branch: low | high << 16 | flags << 32 is
 * the child's page meta      (at 16 in pages 0 and 1) 0 magic u32, 4 version u32, 8
 * address u64, 16 map size u64, 24 free list's database, 72 main database, 120 last
 * page u64, 128 transaction u64 database  0 pad u32 (of the free list's: page size), 4
 * flags u16, 6 depth u16, 8 branch, 16 leaf, 24 overflow pages u64, 32 entries u64, 40
 * root u64
 *
 * The free list is not walked: a reader never looks at it.  Cycles need no memory of
 * where the walk has been: the depth is bounded and keys must ascend over the whole
 * walk, so no leaf can be met twice.  At the end the pages of the tree and of all
 * values are put in order and must not overlap. */
#include "snapshot/walk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "snapshot/format.h"

#define META_MAGIC    UINT32_C(0xbeefc0de)
#define META_VERSION  UINT32_C(1)
#define META_BYTES    136u
#define PAGE_BRANCH   1u
#define PAGE_LEAF     2u
#define PAGE_OVERFLOW 4u
#define PAGE_META     8u
#define NODE_BIG      1u
#define NODE_HEADER   8u
#define KEY_BYTES     8u
#define MOST_DEPTH    16u
/* what the free list's flags may hold: integer keys, and the environment's MDB_NOSUBDIR
 */
#define FREE_FLAGS (UINT32_C(0x8) | UINT32_C(0x4000))

struct meta {
    uint32_t page_bytes;
    uint32_t free_flags;
    uint32_t flags;
    uint32_t depth;
    uint64_t entries;
    uint64_t root;
    uint64_t last_page;
    uint64_t transaction;
};

struct run {
    uint64_t page;
    uint64_t pages;
};

struct walker {
    const unsigned char *file;
    struct meta meta;
    struct cdn_walked *values;
    size_t count;
    size_t capacity;
    struct run *runs;
    size_t run_count;
    size_t run_capacity;
    uint64_t next_key; /* the least key that may come */
    bool full;         /* the largest key has come */
    cordon_error *err;
};

static uint32_t get16(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t get64(const unsigned char *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static cordon_status corrupt(struct walker *walker, uint64_t page, const char *what)
{
    return cdn_error_set(walker->err, CORDON_E_CORRUPT, "page %llu: %s",
                         (unsigned long long)page, what);
}

static void read_meta(struct meta *meta, const unsigned char *page)
{
    const unsigned char *at = page + CDN_PAGE_HEADER;

    meta->page_bytes = get32(at + 24);
    meta->free_flags = get16(at + 28);
    meta->flags = get16(at + 76);
    meta->depth = get16(at + 78);
    meta->entries = get64(at + 104);
    meta->root = get64(at + 112);
    meta->last_page = get64(at + 120);
    meta->transaction = get64(at + 128);
}

static cordon_status check_meta(struct walker *walker, uint64_t number, uint64_t size)
{
    uint32_t page_bytes = walker->meta.page_bytes; /* 0: this is the first */
    const unsigned char *page = walker->file + number * page_bytes;
    struct meta meta;

    if (get32(page + CDN_PAGE_HEADER) != META_MAGIC)
        return number == 0 ? cdn_error_set(walker->err, CORDON_E_FORMAT,
                                           "this is not a snapshot file (no LMDB mark)")
                           : corrupt(walker, number, "no LMDB mark");
    if (get32(page + CDN_PAGE_HEADER + 4) != META_VERSION)
        return cdn_error_set(walker->err, CORDON_E_FORMAT,
                             "page %llu: LMDB data version %u, this library reads %u",
                             (unsigned long long)number,
                             get32(page + CDN_PAGE_HEADER + 4), META_VERSION);
    if (get64(page) != number || get16(page + 10) != PAGE_META)
        return corrupt(walker, number, "not marked as a meta page");
    read_meta(&meta, page);
    if (meta.page_bytes < 1024 || meta.page_bytes > 65536 ||
        (meta.page_bytes & (meta.page_bytes - 1)) ||
        (page_bytes && meta.page_bytes != page_bytes))
        return corrupt(walker, number, "no valid page size");
    if (size < UINT64_C(2) * meta.page_bytes)
        return corrupt(walker, number, "the file ends before its second page does");
    if ((meta.free_flags & ~FREE_FLAGS) || meta.flags)
        return corrupt(walker, number, "flags that a snapshot never has");
    if ((meta.transaction & 1) != number)
        return corrupt(walker, number,
                       "its transaction belongs to the other meta page");
    if (number == 0 || meta.transaction > walker->meta.transaction)
        walker->meta = meta;
    return CORDON_OK;
}

static cordon_status check_metas(struct walker *walker, uint64_t size)
{
    cordon_status status;

    if (size < CDN_PAGE_HEADER + META_BYTES)
        return cdn_error_set(walker->err, CORDON_E_FORMAT,
                             "this is not a snapshot file: it has only %llu bytes",
                             (unsigned long long)size);
    status = check_meta(walker, 0, size);
    if (!status)
        status = check_meta(walker, 1, size);
    if (status)
        return status;
    if (walker->meta.last_page >= size / walker->meta.page_bytes)
        return cdn_error_set(walker->err, CORDON_E_CORRUPT,
                             "the file is cut short: it has %llu bytes, its last page "
                             "is %llu",
                             (unsigned long long)size,
                             (unsigned long long)walker->meta.last_page);
    if (walker->meta.depth == 0 || walker->meta.depth > MOST_DEPTH)
        return cdn_error_set(walker->err, CORDON_E_CORRUPT,
                             "the file holds nothing: a writer did not finish it");
    return CORDON_OK;
}

static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown;

    if (count < *capacity)
        return array;
    grown = cdn_realloc_array(array, wanted, size);
    if (grown)
        *capacity = wanted;
    return grown;
}

static cordon_status add_run(struct walker *walker, uint64_t page, uint64_t pages)
{
    struct run *runs =
        grow(walker->runs, walker->run_count, &walker->run_capacity, sizeof(*runs));

    if (!runs)
        return cdn_error_nomem(walker->err);
    walker->runs = runs;
    runs[walker->run_count].page = page;
    runs[walker->run_count++].pages = pages;
    return CORDON_OK;
}

/* The head of a tree page or of an overflow run; *page receives it. */
static cordon_status check_page(struct walker *walker, const unsigned char **page,
                                uint64_t number, uint32_t flags)
{
    const unsigned char *at;

    if (number < 2 || number > walker->meta.last_page)
        return corrupt(walker, number, "there is no such page, but another names it");
    at = walker->file + number * walker->meta.page_bytes;
    if (get64(at) != number)
        return corrupt(walker, number, "it says it is another page");
    if (get16(at + 10) != flags)
        return corrupt(walker, number, "it is of another kind than the tree says");
    *page = at;
    return CORDON_OK;
}

static uint64_t read_key(const unsigned char *at)
{
    uint64_t key = 0;

    for (uint32_t i = 0; i < KEY_BYTES; i++)
        key = key << 8 | at[i];
    return key;
}

static cordon_status walk_value(struct walker *walker, uint64_t leaf,
                                const unsigned char *node)
{
    uint32_t page_bytes = walker->meta.page_bytes;
    uint64_t bytes = get16(node) | (uint64_t)get16(node + 2) << 16;
    uint64_t key = read_key(node + NODE_HEADER);
    uint64_t pages = (CDN_PAGE_HEADER - 1 + bytes) / page_bytes + 1;
    uint64_t number = get64(node + NODE_HEADER + KEY_BYTES);
    struct cdn_walked *values;
    const unsigned char *page;
    cordon_status status;

    if (walker->full || key < walker->next_key)
        return corrupt(walker, leaf, "its keys are not in order");
    walker->full = key == UINT64_MAX;
    walker->next_key = key + 1;
    status = check_page(walker, &page, number, PAGE_OVERFLOW);
    if (status)
        return status;
    if (get32(page + 12) != pages)
        return corrupt(walker, number,
                       "its run of pages does not have its value's length");
    if (pages > walker->meta.last_page - number + 1)
        return corrupt(walker, number, "its value reaches beyond the end of the file");
    values = grow(walker->values, walker->count, &walker->capacity, sizeof(*values));
    if (!values)
        return cdn_error_nomem(walker->err);
    walker->values = values;
    values[walker->count].array = (uint32_t)(key >> 32);
    values[walker->count].block = (uint32_t)key;
    values[walker->count].offset = number * page_bytes + CDN_PAGE_HEADER;
    values[walker->count++].bytes = bytes;
    return add_run(walker, number, pages);
}

/* One page of the tree and all below it.  Keys must be below `end` (0: none), and those
 * of a later child not below its separator: next_key sees to that. */
static cordon_status walk_page(struct walker *walker, uint64_t number, uint32_t level,
                               uint64_t end)
{
    uint32_t page_bytes = walker->meta.page_bytes;
    bool leaf = level == walker->meta.depth;
    const unsigned char *page;
    cordon_status status;
    uint32_t lower;
    uint32_t upper;
    uint32_t nodes;

    status = check_page(walker, &page, number, leaf ? PAGE_LEAF : PAGE_BRANCH);
    if (!status)
        status = add_run(walker, number, 1);
    if (status)
        return status;
    lower = get16(page + 12);
    upper = get16(page + 14);
    if (lower < CDN_PAGE_HEADER || (lower & 1) || lower > upper || upper > page_bytes)
        return corrupt(walker, number, "its table of nodes is out of bounds");
    nodes = (lower - CDN_PAGE_HEADER) / 2;
    if (nodes < (leaf ? 1u : 2u))
        return corrupt(walker, number, "it has too few nodes");
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t at = get16(page + CDN_PAGE_HEADER + 2 * i);
        const unsigned char *node = page + at;
        uint64_t below = end;
        uint32_t bytes;

        if (at < upper || (at & 1) || at + NODE_HEADER > page_bytes)
            return corrupt(walker, number, "a node is out of bounds");
        bytes = get16(node + 6);
        if (bytes != KEY_BYTES && (leaf || i > 0 || bytes > 0))
            return corrupt(walker, number, "a key of another length than a snapshot's");
        if (at + NODE_HEADER + bytes + (leaf ? 8u : 0u) > page_bytes)
            return corrupt(walker, number, "a node is out of bounds");
        if (leaf) {
            if (get16(node + 4) != NODE_BIG)
                return corrupt(walker, number,
                               "a value that is not in pages of its own");
            if (end && read_key(node + NODE_HEADER) >= end)
                return corrupt(walker, number, "its keys belong to another page");
            status = walk_value(walker, number, node);
        } else {
            uint64_t child = get16(node) | (uint64_t)get16(node + 2) << 16 |
                             (uint64_t)get16(node + 4) << 32;

            if (i > 0) {
                uint64_t separator = read_key(node + NODE_HEADER);

                if (walker->full || separator < walker->next_key)
                    return corrupt(walker, number, "its keys are not in order");
                walker->next_key = separator;
            }
            if (i + 1 < nodes) {
                uint32_t next = get16(page + CDN_PAGE_HEADER + 2 * (i + 1));

                if (next < upper || next + NODE_HEADER + KEY_BYTES > page_bytes)
                    return corrupt(walker, number, "a node is out of bounds");
                below = read_key(page + next + NODE_HEADER);
                if (end && below >= end)
                    return corrupt(walker, number, "its keys belong to another page");
            }
            status = walk_page(walker, child, level + 1, below);
        }
        if (status)
            return status;
    }
    return CORDON_OK;
}

static int compare_runs(const void *a, const void *b)
{
    uint64_t left = ((const struct run *)a)->page;
    uint64_t right = ((const struct run *)b)->page;

    return left < right ? -1 : left > right;
}

static cordon_status check_overlap(struct walker *walker)
{
    qsort(walker->runs, walker->run_count, sizeof(*walker->runs), compare_runs);
    for (size_t i = 1; i < walker->run_count; i++)
        if (walker->runs[i].page - walker->runs[i - 1].page < walker->runs[i - 1].pages)
            return corrupt(walker, walker->runs[i].page, "it is part of two things");
    return CORDON_OK;
}

cordon_status cdn_walk_file(struct cdn_walk *walk, const unsigned char *file,
                            uint64_t size, cordon_error *err)
{
    struct walker walker = {.file = file, .err = err};
    cordon_status status;

    memset(walk, 0, sizeof(*walk));
    status = check_metas(&walker, size);
    if (!status)
        status = walk_page(&walker, walker.meta.root, 1, 0);
    if (!status)
        status = check_overlap(&walker);
    if (!status && walker.count != walker.meta.entries)
        status = cdn_error_set(err, CORDON_E_CORRUPT,
                               "the tree has %zu values, the meta page says %llu",
                               walker.count, (unsigned long long)walker.meta.entries);
    if (!status) {
        walk->values = walker.values;
        walk->count = walker.count;
        walk->page_bytes = walker.meta.page_bytes;
        walker.values = NULL; /* handed over */
    }
    cdn_free(walker.values);
    cdn_free(walker.runs);
    return status;
}

void cdn_walk_deinit(struct cdn_walk *walk)
{
    cdn_free(walk->values);
    memset(walk, 0, sizeof(*walk));
}
