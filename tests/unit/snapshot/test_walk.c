/* The walker against files built by hand: each rule it holds pages to. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/walk.h"

#define PAGE  4096
#define PAGES 12

/* A well-formed file: metas 0 and 1, branch 2, leaves 3 and 4 with two values each, values
 * in 5, 6-7, 8, 9; pages 10 and 11 are free. */
struct image {
    unsigned char bytes[PAGES * PAGE];
};

static void put16(unsigned char *at, unsigned value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put32(unsigned char *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

static void put64(unsigned char *at, uint64_t value)
{
    memcpy(at, &value, sizeof(value));
}

static unsigned char *page(struct image *image, uint64_t number)
{
    return image->bytes + number * PAGE;
}

static void head(struct image *image, uint64_t number, unsigned flags)
{
    put64(page(image, number), number);
    put16(page(image, number) + 10, flags);
}

static unsigned char *meta_at(struct image *image, int which)
{
    return page(image, (uint64_t)which) + 16;
}

static void put_key(unsigned char *at, uint32_t array, uint32_t block)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(array >> (24 - 8 * i));
        at[4 + i] = (unsigned char)(block >> (24 - 8 * i));
    }
}

/* Add a node at the low end of a page's nodes. */
static unsigned char *add_node(struct image *image, uint64_t number, unsigned bytes)
{
    unsigned char *at = page(image, number);
    unsigned lower = (unsigned)(at[12] | at[13] << 8);
    unsigned upper = (unsigned)(at[14] | at[15] << 8) - bytes;

    put16(at + lower, upper);
    put16(at + 12, lower + 2);
    put16(at + 14, upper);
    return at + upper;
}

static void add_value(struct image *image, uint64_t leaf, uint32_t array, uint32_t size,
                      uint64_t first, uint32_t pages)
{
    unsigned char *node = add_node(image, leaf, 24);

    put16(node, size & 0xffff);
    put16(node + 2, size >> 16);
    put16(node + 4, 1);
    put16(node + 6, 8);
    put_key(node + 8, array, 0);
    put64(node + 16, first);
    head(image, first, 4);
    put32(page(image, first) + 12, pages);
}

static void add_child(struct image *image, uint64_t branch, bool key, uint32_t array,
                      uint64_t child)
{
    unsigned char *node = add_node(image, branch, key ? 16 : 8);

    put16(node, child & 0xffff);
    put16(node + 6, key ? 8 : 0);
    if (key)
        put_key(node + 8, array, 0);
}

static void build(struct image *image)
{
    memset(image, 0, sizeof(*image));
    for (int which = 0; which < 2; which++) {
        unsigned char *meta = meta_at(image, which);

        head(image, (uint64_t)which, 8);
        put32(meta, 0xbeefc0de);
        put32(meta + 4, 1);
        put32(meta + 24, PAGE);
        put16(meta + 28, 0x4008);
        put16(meta + 78, 2);
        put64(meta + 104, 4);
        put64(meta + 112, 2);
        put64(meta + 120, PAGES - 1);
        put64(meta + 128, (uint64_t)which + 2);
    }
    for (uint64_t number = 2; number < 5; number++) {
        head(image, number, number == 2 ? 1 : 2);
        put16(page(image, number) + 12, 16);
        put16(page(image, number) + 14, PAGE);
    }
    add_value(image, 3, 0, 4080, 5, 1);
    add_value(image, 3, 1, 4081, 6, 2);
    add_value(image, 4, 5, 4080, 8, 1);
    add_value(image, 4, UINT32_MAX, 4080, 9, 1);
    add_child(image, 2, false, 0, 3);
    add_child(image, 2, true, 5, 4);
}

static cordon_status walk(const struct image *image, cordon_error *err)
{
    unsigned char *exact = cdn_unit_exact(image->bytes, sizeof(image->bytes));
    struct cdn_walk walked;
    cordon_status status = cdn_walk_file(&walked, exact, sizeof(image->bytes), err);

    cdn_walk_deinit(&walked);
    free(exact);
    return status;
}

static void refused(const struct image *image, const char *with)
{
    cordon_error err;

    ck_assert_int_eq(walk(image, &err), CORDON_E_CORRUPT);
    ck_assert_msg(strstr(err.message, with) != NULL, "'%s' lacks '%s'", err.message,
                  with);
}

START_TEST(walk__lists_values_in_order)
{
    static struct image image;
    struct cdn_walk walked;

    build(&image);
    ck_assert_int_eq(cdn_walk_file(&walked, image.bytes, sizeof(image.bytes), NULL),
                     CORDON_OK);
    ck_assert_uint_eq(walked.count, 4);
    ck_assert_uint_eq(walked.page_bytes, PAGE);
    ck_assert_uint_eq(walked.values[1].array, 1);
    ck_assert_uint_eq(walked.values[1].offset, 6 * PAGE + 16);
    ck_assert_uint_eq(walked.values[1].bytes, 4081);
    ck_assert_uint_eq(walked.values[3].array, UINT32_MAX);
    cdn_walk_deinit(&walked);
}
END_TEST

START_TEST(metas__must_be_metas)
{
    static struct image image;
    cordon_error err;

    build(&image);
    put32(meta_at(&image, 0), 0);
    ck_assert_int_eq(walk(&image, &err), CORDON_E_FORMAT);
    build(&image);
    put32(meta_at(&image, 1), 0);
    refused(&image, "page 1: no LMDB mark");
    build(&image);
    put32(meta_at(&image, 0) + 4, 2);
    ck_assert_int_eq(walk(&image, &err), CORDON_E_FORMAT);
    build(&image);
    put32(meta_at(&image, 0) + 24, 4095);
    refused(&image, "page 0: no valid page size");
    build(&image);
    put32(meta_at(&image, 1) + 24, 8192);
    refused(&image, "page 1: no valid page size");
    build(&image);
    put32(meta_at(&image, 0) + 24, 65536);
    refused(&image, "ends before its second page");
    build(&image);
    put16(meta_at(&image, 1) + 76, 4);
    refused(&image, "flags");
    build(&image);
    put64(meta_at(&image, 1) + 128, 4);
    refused(&image, "belongs to the other meta page");
    build(&image);
    put64(meta_at(&image, 1) + 120, PAGES);
    refused(&image, "cut short");
    build(&image);
    put16(meta_at(&image, 1) + 78, 0);
    refused(&image, "a tree of impossible depth");
    put64(meta_at(&image, 1) + 104, 0);
    put64(meta_at(&image, 1) + 112, UINT64_MAX);
    refused(&image, "holds nothing");
    build(&image);
    put16(meta_at(&image, 1) + 78, 1);
    refused(&image, "another kind");
    build(&image);
    put64(meta_at(&image, 1) + 104, 5);
    refused(&image, "the tree has 4 values, the meta page says 5");
    build(&image);
    put64(meta_at(&image, 1) + 112, UINT64_MAX);
    refused(&image, "a tree of impossible depth");
    build(&image);
    put64(page(&image, 1), 0);
    refused(&image, "not marked as a meta page");
}
END_TEST

START_TEST(metas__the_newer_one_counts)
{
    static struct image image;

    build(&image);
    put64(meta_at(&image, 0) + 112, 77); /* the older one's root */
    ck_assert_int_eq(walk(&image, NULL), CORDON_OK);
    put64(meta_at(&image, 0) + 128, 4);
    refused(&image, "page 77");
}
END_TEST

START_TEST(pages__must_be_what_the_tree_says)
{
    static struct image image;

    build(&image);
    put64(page(&image, 3), 4);
    refused(&image, "page 3: it says it is another page");
    build(&image);
    put16(page(&image, 4) + 10, 0x12);
    refused(&image, "page 4: it is of another kind");
    build(&image);
    put16(page(&image, 4) + 12, 15);
    refused(&image, "table of nodes is out of bounds");
    build(&image);
    put16(page(&image, 4) + 14, PAGE + 2);
    refused(&image, "table of nodes is out of bounds");
    build(&image);
    put16(page(&image, 4) + 12, 16);
    refused(&image, "too few nodes");
    build(&image);
    put16(page(&image, 2) + 12, 18);
    refused(&image, "too few nodes");
    build(&image);
    put16(page(&image, 4) + 16, PAGE - 4);
    refused(&image, "a node is out of bounds");
    build(&image);
    put16(page(&image, 4) + 16, 20);
    refused(&image, "a node is out of bounds");
    build(&image);
    put16(page(&image, 4) + 16, PAGE - 16);
    refused(&image, "page 4");
    build(&image);
    put16(page(&image, 2) + 18, PAGE - 14);
    refused(&image, "page 2: two nodes share a place");
    build(&image);
    put16(page(&image, 2) + 14, PAGE - 40);
    refused(&image, "page 2: there are gaps between its nodes");
}
END_TEST

START_TEST(keys__must_ascend_and_fit_their_page)
{
    static struct image image;

    build(&image);
    put_key(page(&image, 4) + PAGE - 24 + 8, 1, 0);
    refused(&image, "not in order");
    build(&image);
    put_key(page(&image, 3) + PAGE - 48 + 8, 5, 0);
    refused(&image, "belong to another page");
    build(&image);
    put_key(page(&image, 2) + PAGE - 24 + 8, 1, 0);
    refused(&image, "page 3");
    build(&image);
    put16(page(&image, 4) + PAGE - 48 + 6, 7);
    put64(page(&image, 4) + PAGE - 48 + 15, 9); /* its value's pages, behind the key */
    refused(&image, "page 4: a key of another length");
    build(&image);
    put16(page(&image, 2) + PAGE - 8, 4); /* both children are page 4 */
    refused(&image, "page 4");
    build(&image);
    put16(page(&image, 2) + PAGE - 24, 3);
    refused(&image, "not in order");
}
END_TEST

START_TEST(values__must_lie_in_pages_of_their_own)
{
    static struct image image;

    build(&image);
    put16(page(&image, 4) + PAGE - 24 + 4, 0);
    refused(&image, "a node is out of bounds");
    put16(page(&image, 4) + PAGE - 24, 8);
    refused(&image, "page 4: a value that is not in pages of its own");
    build(&image);
    put32(page(&image, 6) + 12, 1);
    refused(&image, "page 6: its run of pages does not have its value's length");
    build(&image);
    put16(page(&image, 4) + PAGE - 24 + 2, 0xffff);
    refused(&image, "does not have its value's length");
    build(&image);
    add_value(&image, 4, UINT32_MAX, 4080, 10, 1);
    refused(&image, "not in order");
    build(&image);
    put64(page(&image, 4) + PAGE - 24 + 16, 5); /* two keys, one value */
    refused(&image, "page 5: it is part of two things");
    build(&image);
    head(&image, 7, 4);
    put32(page(&image, 7) + 12, 1);
    put64(page(&image, 4) + PAGE - 24 + 16, 7); /* inside the run of 6 */
    refused(&image, "page 7: it is part of two things");
    build(&image);
    put64(page(&image, 4) + PAGE - 24 + 16, 12);
    refused(&image, "page 12: there is no such page");
    build(&image);
    put64(page(&image, 4) + PAGE - 24 + 16, 1);
    refused(&image, "page 1: there is no such page");
    build(&image);
    head(&image, 11, 4);
    put32(page(&image, 11) + 12, 2);
    put16(page(&image, 4) + PAGE - 24, 4081);
    put64(page(&image, 4) + PAGE - 24 + 16, 11);
    refused(&image, "page 11: its value reaches beyond the end of the file");
}
END_TEST

/* A tree whose branches all point to one page would be 16 levels of fan-out. */
START_TEST(walk__ends_on_cycles)
{
    static struct image image;

    build(&image);
    for (int which = 0; which < 2; which++)
        put16(meta_at(&image, which) + 78, 16);
    put16(page(&image, 2) + PAGE - 8, 2);
    put16(page(&image, 2) + PAGE - 24, 2);
    refused(&image, "page 2");
}
END_TEST

START_TEST(walk__survives_short_files)
{
    static struct image image;
    struct cdn_walk walked;

    build(&image);
    for (size_t size = 0; size < sizeof(image.bytes); size += 61) {
        unsigned char *exact = cdn_unit_exact(image.bytes, size);

        ck_assert_int_ne(cdn_walk_file(&walked, exact, size, NULL), CORDON_OK);
        free(exact);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(walk__survives_every_allocation_failure)
{
    static struct image image;

    build(&image);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = walk(&image, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("walk");

    CDN_UNIT_CASE(s, walk__lists_values_in_order);
    CDN_UNIT_CASE(s, metas__must_be_metas);
    CDN_UNIT_CASE(s, metas__the_newer_one_counts);
    CDN_UNIT_CASE(s, pages__must_be_what_the_tree_says);
    CDN_UNIT_CASE(s, keys__must_ascend_and_fit_their_page);
    CDN_UNIT_CASE(s, values__must_lie_in_pages_of_their_own);
    CDN_UNIT_CASE(s, walk__ends_on_cycles);
    CDN_UNIT_CASE(s, walk__survives_short_files);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, walk__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
