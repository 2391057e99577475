/* LMDB 0.9's page layout on a 64-bit machine, as far as our files use it.
 *
 *   page      0 number u64, 8 pad u16, 10 flags u16, 12 lower u16, 14 upper u16 (overflow: 12
 *             pages u32), 16 node offsets u16 each, up to lower; nodes from upper on
 *   node      0 low u16, 2 high u16, 4 flags u16, 6 key bytes u16, 8 key, then data
 *             leaf: low | high << 16 is the value's size; flag 1: the data is the number of the
 *             value's first overflow page; branch: low | high << 16 | flags << 32 is the child
 *   meta      at 16 in pages 0 and 1: 0 magic u32, 4 version u32, 8 address u64, 16 map size
 *             u64, 24 the free pages' tree, 72 the main tree, 120 last page u64, 128
 *             transaction u64
 *   tree      0 pad u32 (of the free pages': page size), 4 flags u16, 6 depth u16, 8 branch, 16
 *             leaf, 24 overflow pages u64, 32 entries u64, 40 root u64
 *
 * What is held to:
 *
 *   - each tree is walked to the depth its record states, every node within its page, keys
 *     ascending over the whole walk (which is also why no cycle is possible: no leaf can be
 *     met twice, and every branch has a leaf below it);
 *   - no sub-databases, duplicates or fixed-size leaves, which no file of ours has;
 *   - the entries of the list of free pages are 8-byte numbers of pages below the last one;
 *   - no page is in two places, counted over trees, values and the list.
 *
 * A file that is written may be shorter than its last page says, if the pages at its end are
 * free: LMDB writes no page that was freed in the transaction that took it.  Of a file that is
 * only read the list of free pages is not walked, since a reader never looks at it.  Recursion
 * is as deep as the tree, at most MOST_DEPTH. */
#include "snapshot/pages.h"

#include <inttypes.h>
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
#define MOST_DEPTH    16u
#define MOST_KEY      511u
#define MOST_PAGE     65536u
#define NO_PAGE       UINT64_MAX
/* Pages the file may name beyond its end. */
#define MOST_MISSING 65536u
/* What the free list's flags may hold: integer keys, and the environment's MDB_NOSUBDIR. */
#define FREE_FLAGS (UINT32_C(0x8) | UINT32_C(0x4000))

struct tree {
    uint64_t root;
    uint64_t entries;
    uint32_t depth;
};

struct meta {
    uint32_t page_bytes;
    struct tree free;
    struct tree main;
    uint64_t last_page;
    uint64_t transaction;
};

struct run {
    uint64_t page;
    uint64_t pages;
};

struct key {
    const unsigned char *bytes; /* NULL: none */
    size_t length;
};

struct walker {
    const unsigned char *file;
    const char *what;     /* it should be */
    bool written;         /* not only read */
    cdn_pages_each *each; /* NULL: nobody is told of values */
    void *ud;
    uint64_t pages; /* whole ones in the file */
    struct meta meta;
    bool free;        /* the tree at hand is the list of free pages */
    uint32_t depth;   /* of the tree at hand */
    uint64_t entries; /* met in it so far */
    struct key last;  /* the greatest key met in it */
    struct run *runs;
    size_t run_count;
    size_t run_capacity;
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
    return cdn_error_set(walker->err, CORDON_E_CORRUPT, "page %" PRIu64 ": %s", page,
                         what);
}

/* ---- the meta pages ---- */

static struct tree read_tree(const unsigned char *at)
{
    return (struct tree){
        .depth = get16(at + 6), .entries = get64(at + 32), .root = get64(at + 40)};
}

static bool tree_sound(const struct tree *tree)
{
    if (tree->root == NO_PAGE)
        return !tree->depth && !tree->entries;
    return tree->depth > 0 && tree->depth <= MOST_DEPTH && tree->entries > 0;
}

static cordon_status check_meta(struct walker *walker, uint64_t number, uint64_t size)
{
    uint32_t page_bytes = walker->meta.page_bytes; /* 0: this is the first */
    const unsigned char *page = walker->file + number * page_bytes;
    const unsigned char *at = page + CDN_PAGE_HEADER;
    struct meta meta;

    if (get32(at) != META_MAGIC)
        return number == 0
                   ? cdn_error_set(walker->err, CORDON_E_FORMAT,
                                   "this is not %s (no LMDB mark)", walker->what)
                   : corrupt(walker, number, "no LMDB mark");
    if (get32(at + 4) != META_VERSION)
        return cdn_error_set(walker->err, CORDON_E_FORMAT,
                             "page %" PRIu64
                             ": LMDB data version %u, this library reads %u",
                             number, get32(at + 4), META_VERSION);
    if (get64(page) != number || get16(page + 10) != PAGE_META)
        return corrupt(walker, number, "not marked as a meta page");
    meta = (struct meta){.page_bytes = get32(at + 24),
                         .free = read_tree(at + 24),
                         .main = read_tree(at + 72),
                         .last_page = get64(at + 120),
                         .transaction = get64(at + 128)};
    if (meta.page_bytes < 1024 || meta.page_bytes > MOST_PAGE ||
        (meta.page_bytes & (meta.page_bytes - 1)) ||
        (page_bytes && meta.page_bytes != page_bytes))
        return corrupt(walker, number, "no valid page size");
    if (size < UINT64_C(2) * meta.page_bytes)
        return corrupt(walker, number, "the file ends before its second page does");
    if (get64(at + 8) || (get16(at + 28) & ~FREE_FLAGS) || get16(at + 76))
        return corrupt(walker, number, "flags that such a file never has");
    if ((walker->written && !tree_sound(&meta.free)) || !tree_sound(&meta.main))
        return corrupt(walker, number, "a tree of impossible depth");
    if (meta.last_page < 1 ||
        meta.last_page >= size / meta.page_bytes + (walker->written ? MOST_MISSING : 0))
        return cdn_error_set(walker->err, CORDON_E_CORRUPT,
                             "the file is cut short: it has %" PRIu64
                             " bytes, page %" PRIu64 " says its last page is %" PRIu64,
                             size, number, meta.last_page);
    /* A new file has two of the same; LMDB then begins with the first. */
    if ((meta.transaction & 1) != number && meta.transaction)
        return corrupt(walker, number,
                       "its transaction belongs to the other meta page");
    if (number == 0 || meta.transaction > walker->meta.transaction)
        walker->meta = meta;
    return CORDON_OK;
}

/* ---- runs of pages ---- */

static cordon_status add_run(struct walker *walker, uint64_t page, uint64_t pages)
{
    if (walker->run_count == walker->run_capacity) {
        size_t wanted = walker->run_capacity ? walker->run_capacity * 2 : 256;
        struct run *runs = cdn_realloc_array(walker->runs, wanted, sizeof(*runs));

        if (!runs)
            return cdn_error_nomem(walker->err);
        walker->runs = runs;
        walker->run_capacity = wanted;
    }
    walker->runs[walker->run_count++] = (struct run){page, pages};
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
    if (walker->run_count > 1)
        qsort(walker->runs, walker->run_count, sizeof(*walker->runs), compare_runs);
    for (size_t i = 1; i < walker->run_count; i++)
        if (walker->runs[i].page - walker->runs[i - 1].page < walker->runs[i - 1].pages)
            return corrupt(walker, walker->runs[i].page, "it is part of two things");
    return CORDON_OK;
}

/* ---- pages ---- */

/* The head of a tree page or of an overflow run; *page receives it. */
static cordon_status check_page(struct walker *walker, const unsigned char **page,
                                uint64_t number, uint32_t flags)
{
    const unsigned char *at;

    if (number < 2 || number > walker->meta.last_page || number >= walker->pages)
        return corrupt(walker, number, "there is no such page, but another names it");
    at = walker->file + number * walker->meta.page_bytes;
    if (get64(at) != number)
        return corrupt(walker, number, "it says it is another page");
    if (get16(at + 10) != flags)
        return corrupt(walker, number, "it is of another kind than the tree says");
    *page = at;
    return CORDON_OK;
}

/* Whether `a` comes before `b` in the tree at hand. */
static bool before(const struct walker *walker, struct key a, struct key b)
{
    size_t least = a.length < b.length ? a.length : b.length;
    int order;

    if (walker->free)
        return get64(a.bytes) < get64(b.bytes);
    order = least ? memcmp(a.bytes, b.bytes, least) : 0;
    return order ? order < 0 : a.length < b.length;
}

/* One entry of the list of free pages: a count, then as many page numbers. */
static cordon_status walk_free(struct walker *walker, uint64_t number,
                               const unsigned char *data, uint64_t bytes)
{
    uint64_t count = bytes >= 8 ? get64(data) : 0;

    if (bytes < 8 || count > bytes / 8 - 1)
        return corrupt(walker, number, "a list of free pages has not its length");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t page = get64(data + 8 * i);
        cordon_status status;

        if (page < 2 || page > walker->meta.last_page)
            return corrupt(walker, page, "it is listed as free, but there is none");
        status = add_run(walker, page, 1);
        if (status)
            return status;
    }
    return CORDON_OK;
}

/* The value of a leaf's node that was checked. */
static cordon_status walk_value(struct walker *walker, uint64_t leaf,
                                const unsigned char *node)
{
    const unsigned char *data = node + NODE_HEADER + get16(node + 6);
    uint32_t page_bytes = walker->meta.page_bytes;
    struct cdn_page_value value = {.key = node + NODE_HEADER,
                                   .key_bytes = get16(node + 6),
                                   .bytes = get16(node) | (uint64_t)get16(node + 2)
                                                              << 16,
                                   .own_pages = get16(node + 4) == NODE_BIG,
                                   .leaf = leaf,
                                   .page_bytes = page_bytes};
    const unsigned char *page = NULL;
    cordon_status status = CORDON_OK;

    walker->entries++;
    if (get16(node + 4) & ~NODE_BIG)
        return corrupt(walker, leaf, "a value of a kind that such a file never has");
    if (value.own_pages) {
        uint64_t first = get64(data);
        uint64_t pages = (CDN_PAGE_HEADER - 1 + value.bytes) / page_bytes + 1;

        status = check_page(walker, &page, first, PAGE_OVERFLOW);
        if (status)
            return status;
        if (get32(page + 12) != pages)
            return corrupt(walker, first,
                           "its run of pages does not have its value's length");
        if (pages > walker->meta.last_page - first + 1 || pages > walker->pages - first)
            return corrupt(walker, first,
                           "its value reaches beyond the end of the file");
        data = page + CDN_PAGE_HEADER;
        status = add_run(walker, first, pages);
    }
    value.offset = (uint64_t)(data - walker->file);
    if (!status && walker->free)
        status = walk_free(walker, leaf, data, value.bytes);
    else if (!status && walker->each)
        status = walker->each(walker->ud, &value, walker->err);
    return status;
}

static const unsigned char *node_at(const unsigned char *page, uint32_t i)
{
    return page + get16(page + CDN_PAGE_HEADER + 2 * i);
}

static struct key key_of(const unsigned char *node)
{
    return (struct key){node + NODE_HEADER, get16(node + 6)};
}

/* The bytes a node takes of its page, if it stands where a whole node can; else 0. */
static uint64_t node_bytes(const unsigned char *page, uint32_t at, uint32_t page_bytes,
                           bool leaf)
{
    const unsigned char *node = page + at;
    uint64_t bytes = NODE_HEADER;

    if ((at & 1) || at + NODE_HEADER > page_bytes)
        return 0;
    bytes += get16(node + 6);
    if (leaf)
        bytes += get16(node + 4) & NODE_BIG
                     ? 8
                     : (get16(node) | (uint64_t)get16(node + 2) << 16);
    bytes += bytes & 1;
    return bytes <= page_bytes - at ? bytes : 0;
}

/* Set bits `from` to `to` - 1.  False: one was set before. */
static bool claim(uint64_t *bits, uint64_t from, uint64_t to)
{
    bool sound = true;

    for (uint64_t word = from / 64; from < to; word++) {
        uint64_t next = (word + 1) * 64 < to ? (word + 1) * 64 : to;
        uint64_t mask = UINT64_MAX >> (64 - (next - from)) << from % 64;

        sound &= !(bits[word] & mask);
        bits[word] |= mask;
        from = next;
    }
    return sound;
}

/* Every node of a page is whole, within the page, and shares no byte with another; a page
 * has no gaps, which LMDB counts on when it moves them. */
static cordon_status check_nodes(struct walker *walker, uint64_t number,
                                 const unsigned char *page, uint32_t nodes, bool leaf)
{
    uint64_t taken[MOST_PAGE / 128]; /* a bit for two bytes */
    uint32_t page_bytes = walker->meta.page_bytes;
    uint32_t upper = get16(page + 14);
    uint64_t whole = 0;

    memset(taken, 0, page_bytes / 16);
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t at = get16(page + CDN_PAGE_HEADER + 2 * i);
        uint64_t bytes = at < upper ? 0 : node_bytes(page, at, page_bytes, leaf);
        size_t length = bytes ? get16(page + at + 6) : 0;

        if (!bytes)
            return corrupt(walker, number, "a node is out of bounds");
        /* LMDB never looks at the first key of a branch */
        if ((leaf || i > 0) && (length == 0 || length > MOST_KEY ||
                                (walker->free && length != sizeof(uint64_t))))
            return corrupt(walker, number, "a key of impossible length");
        if (!claim(taken, at / 2, (at + bytes) / 2))
            return corrupt(walker, number, "two nodes share a place");
        whole += bytes;
    }
    if (whole != page_bytes - upper)
        return corrupt(walker, number, "there are gaps between its nodes");
    return CORDON_OK;
}

/* One page of the tree and all below it.  Keys must not be below `start` nor, but for none
 * (NULL), from `end` on: a search that follows the separators then finds what is there. */
static cordon_status walk_page(struct walker *walker, uint64_t number, uint32_t level,
                               struct key start, struct key end)
{
    bool leaf = level == walker->depth;
    const unsigned char *page = NULL;
    cordon_status status;
    uint32_t lower, upper, nodes;

    status = check_page(walker, &page, number, leaf ? PAGE_LEAF : PAGE_BRANCH);
    if (!status)
        status = add_run(walker, number, 1);
    if (status)
        return status;
    lower = get16(page + 12);
    upper = get16(page + 14);
    if (lower < CDN_PAGE_HEADER || (lower & 1) || lower > upper ||
        upper > walker->meta.page_bytes)
        return corrupt(walker, number, "its table of nodes is out of bounds");
    nodes = (lower - CDN_PAGE_HEADER) / 2;
    if (nodes < (leaf ? 1u : 2u))
        return corrupt(walker, number, "it has too few nodes");
    status = check_nodes(walker, number, page, nodes, leaf);
    for (uint32_t i = 0; i < nodes && !status; i++) {
        const unsigned char *node = node_at(page, i);
        struct key key = key_of(node);

        if (leaf || i > 0) {
            if (walker->last.bytes && !before(walker, walker->last, key))
                return corrupt(walker, number, "its keys are not in order");
            if ((start.bytes && before(walker, key, start)) ||
                (end.bytes && !before(walker, key, end)))
                return corrupt(walker, number, "its keys belong to another page");
        }
        if (leaf) {
            walker->last = key;
            status = walk_value(walker, number, node);
        } else {
            uint64_t child = get16(node) | (uint64_t)get16(node + 2) << 16 |
                             (uint64_t)get16(node + 4) << 32;

            status = walk_page(walker, child, level + 1, i > 0 ? key : start,
                               i + 1 < nodes ? key_of(node_at(page, i + 1)) : end);
        }
    }
    return status;
}

static cordon_status walk_tree(struct walker *walker, const struct tree *tree,
                               bool is_free)
{
    cordon_status status;

    if (tree->root == NO_PAGE)
        return CORDON_OK;
    walker->free = is_free;
    walker->depth = tree->depth;
    walker->entries = 0;
    walker->last = (struct key){NULL, 0};
    status =
        walk_page(walker, tree->root, 1, (struct key){NULL, 0}, (struct key){NULL, 0});
    if (!status && walker->entries != tree->entries)
        status = cdn_error_set(walker->err, CORDON_E_CORRUPT,
                               "the tree has %" PRIu64
                               " values, the meta page says %" PRIu64,
                               walker->entries, tree->entries);
    return status;
}

static cordon_status walk_file(struct walker *walker, uint64_t size)
{
    cordon_status status;

    if (size < CDN_PAGE_HEADER + META_BYTES)
        return cdn_error_set(walker->err, CORDON_E_FORMAT,
                             "this is not %s: it has only %" PRIu64 " bytes",
                             walker->what, size);
    status = check_meta(walker, 0, size);
    if (!status)
        status = check_meta(walker, 1, size);
    if (status)
        return status;
    walker->pages = size / walker->meta.page_bytes;
    if (walker->written)
        status = walk_tree(walker, &walker->meta.free, true);
    if (!status)
        status = walk_tree(walker, &walker->meta.main, false);
    if (!status)
        status = check_overlap(walker);
    cdn_free(walker->runs);
    return status;
}

cordon_status cdn_pages_check(const unsigned char *file, uint64_t size,
                              const char *what, cordon_error *err)
{
    struct walker walker = {.file = file, .what = what, .written = true, .err = err};

    return walk_file(&walker, size);
}

cordon_status cdn_pages_read(const unsigned char *file, uint64_t size, const char *what,
                             cdn_pages_each *each, void *ud, cordon_error *err)
{
    struct walker walker = {
        .file = file, .what = what, .each = each, .ud = ud, .err = err};

    return walk_file(&walker, size);
}
