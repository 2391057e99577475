#include "support/unit.h"

#include <math.h>

#include "base/alloc.h"
#include "base/pack.h"

/* Packs one of every shape, at every width of its header. */
static void pack_everything(struct cdn_packer *packer, const char *text)
{
    static const int64_t integers[] = {
        0,     1,          127,        128,       255,       256,       65535,
        65536, 4294967295, 4294967296, INT64_MAX, -1,        -32,       -33,
        -128,  -129,       -32768,     -32769,    INT32_MIN, INT64_MIN, INT32_MAX};
    static const size_t strings[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    static const uint32_t counts[] = {0, 1, 15, 16, 65535, 65536};
    uint32_t items = 3 + CDN_UNIT_COUNT(integers) + CDN_UNIT_COUNT(strings) +
                     2 * CDN_UNIT_COUNT(counts) + 2;

    cdn_pack_array(packer, items);
    cdn_pack_nil(packer);
    cdn_pack_bool(packer, true);
    cdn_pack_bool(packer, false);
    for (int i = 0; i < CDN_UNIT_COUNT(integers); i++)
        cdn_pack_int(packer, integers[i]);
    for (int i = 0; i < CDN_UNIT_COUNT(strings); i++)
        cdn_pack_str(packer, text, strings[i]);
    for (int i = 0; i < CDN_UNIT_COUNT(counts); i++) {
        cdn_pack_array(packer, counts[i]);
        for (uint32_t j = 0; j < counts[i]; j++)
            cdn_pack_nil(packer);
        cdn_pack_map(packer, counts[i]);
        for (uint32_t j = 0; j < counts[i]; j++) {
            cdn_pack_int(packer, j);
            cdn_pack_bool(packer, true);
        }
    }
    cdn_pack_double(packer, 0.5);
    cdn_pack_double(packer, -INFINITY);
}

START_TEST(pack__is_read_back_value_by_value)
{
    static const int64_t integers[] = {0, 127, 128, -1, -32, -33, INT64_MIN, INT64_MAX};
    unsigned char bytes[256];
    struct cdn_packer packer;
    const unsigned char *at = bytes;
    cordon_value value;

    cdn_pack_init(&packer, bytes, sizeof bytes);
    cdn_pack_nil(&packer);
    cdn_pack_bool(&packer, true);
    for (int i = 0; i < CDN_UNIT_COUNT(integers); i++)
        cdn_pack_int(&packer, integers[i]);
    cdn_pack_double(&packer, -0.125);
    cdn_pack_cstr(&packer, "hello");
    cdn_pack_map(&packer, 1);
    cdn_pack_cstr(&packer, "k");
    cdn_pack_array(&packer, 0);
    ck_assert(!packer.failed);

    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_NIL);
    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_BOOLEAN);
    ck_assert(value.as.boolean);
    for (int i = 0; i < CDN_UNIT_COUNT(integers); i++) {
        ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
        ck_assert_int_eq(value.type, CORDON_INTEGER);
        ck_assert_int_eq(value.as.integer, integers[i]);
    }
    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_NUMBER);
    ck_assert_double_eq(value.as.number, -0.125);
    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_STRING);
    ck_assert_uint_eq(value.length, 5);
    ck_assert_mem_eq(value.as.string, "hello", 5);
    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_MAP);
    ck_assert_ptr_eq(value.as.items, at);
    ck_assert(cdn_unpack_skip(&at, bytes + packer.length));
    ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
    ck_assert_int_eq(value.type, CORDON_ARRAY);
    ck_assert_ptr_eq(at, bytes + packer.length);
    ck_assert(!cdn_unpack_head(&value, &at, bytes + packer.length));
}
END_TEST

START_TEST(skip__steps_over_every_width)
{
    char *text = calloc(1, 65536);
    struct cdn_buf buf = {0};
    struct cdn_packer packer;
    const unsigned char *at;

    ck_assert_ptr_nonnull(text);
    cdn_pack_init_buf(&packer, &buf);
    pack_everything(&packer, text);
    ck_assert(!packer.failed);
    ck_assert_uint_eq(packer.length, buf.length);
    at = buf.data;
    ck_assert_ptr_null(cdn_unpack_check(&at, buf.data + buf.length));
    ck_assert_ptr_eq(at, buf.data + buf.length);
    cdn_buf_deinit(&buf);
    free(text);
}
END_TEST

START_TEST(number__is_an_integer_where_it_can_be)
{
    static const struct {
        double number;
        bool integer;
    } cases[] = {
        {0, true},
        {-0.0, true},
        {1, true},
        {-5, true},
        {9007199254740992.0, true},
        {-9007199254740992.0, true},
        {9007199254740994.0, false},
        {0.5, false},
        {1e300, false},
        {INFINITY, false},
        {-INFINITY, false},
        {NAN, false},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        unsigned char bytes[16];
        struct cdn_packer packer;
        const unsigned char *at = bytes;
        cordon_value value;

        cdn_pack_init(&packer, bytes, sizeof bytes);
        cdn_pack_number(&packer, cases[i].number);
        ck_assert(cdn_unpack_head(&value, &at, bytes + packer.length));
        ck_assert_int_eq(value.type, cases[i].integer ? CORDON_INTEGER : CORDON_NUMBER);
        if (cases[i].integer)
            ck_assert(value.as.integer == (int64_t)cases[i].number);
        else
            ck_assert(value.as.number == cases[i].number || isnan(cases[i].number));
    }
}
END_TEST

/* The shortest form that there is, on both sides of where it becomes longer. */
START_TEST(pack__takes_the_shortest_form)
{
    static const struct {
        int64_t value;
        const char *head;
        size_t bytes;
    } integers[] = {
        {0, "\x00", 1},
        {127, "\x7f", 1},
        {128, "\xcc\x80", 2},
        {255, "\xcc\xff", 2},
        {256, "\xcd\x01\x00", 3},
        {65535, "\xcd\xff\xff", 3},
        {65536, "\xce\x00\x01\x00\x00", 5},
        {4294967295, "\xce\xff\xff\xff\xff", 5},
        {4294967296, "\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9},
        {-1, "\xff", 1},
        {-32, "\xe0", 1},
        {-33, "\xd0\xdf", 2},
    };
    static const struct {
        uint32_t count;
        const char *string, *array, *map;
        size_t string_bytes, bytes;
    } lengths[] = {
        {0, "\xa0", "\x90", "\x80", 1, 1},
        {15, "\xaf", "\x9f", "\x8f", 1, 1},
        {16, "\xb0", "\xdc\x00\x10", "\xde\x00\x10", 1, 3},
        {31, "\xbf", "\xdc\x00\x1f", "\xde\x00\x1f", 1, 3},
        {32, "\xd9\x20", "\xdc\x00\x20", "\xde\x00\x20", 2, 3},
    };
    static const char text[32] = "0123456789abcdefghijklmnopqrstu";
    unsigned char span[64];
    struct cdn_packer packer;

    for (int i = 0; i < CDN_UNIT_COUNT(integers); i++) {
        cdn_pack_init(&packer, span, sizeof span);
        cdn_pack_int(&packer, integers[i].value);
        ck_assert_uint_eq(packer.length, integers[i].bytes);
        ck_assert_mem_eq(span, integers[i].head, integers[i].bytes);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(lengths); i++) {
        cdn_pack_init(&packer, span, sizeof span);
        cdn_pack_str(&packer, text, lengths[i].count);
        ck_assert_uint_eq(packer.length, lengths[i].string_bytes + lengths[i].count);
        ck_assert_mem_eq(span, lengths[i].string, lengths[i].string_bytes);
        ck_assert_mem_eq(span + lengths[i].string_bytes, text, lengths[i].count);
        cdn_pack_init(&packer, span, sizeof span);
        cdn_pack_array(&packer, lengths[i].count);
        ck_assert_uint_eq(packer.length, lengths[i].bytes);
        ck_assert_mem_eq(span, lengths[i].array, lengths[i].bytes);
        cdn_pack_init(&packer, span, sizeof span);
        cdn_pack_map(&packer, lengths[i].count);
        ck_assert_uint_eq(packer.length, lengths[i].bytes);
        ck_assert_mem_eq(span, lengths[i].map, lengths[i].bytes);
    }
}
END_TEST

START_TEST(pack__writes_nothing_past_its_span_and_tells_the_length)
{
    for (size_t size = 0; size <= 12; size++) {
        unsigned char *span = malloc(size ? size : 1);
        struct cdn_packer packer;

        ck_assert_ptr_nonnull(span);
        cdn_pack_init(&packer, span, size);
        cdn_pack_cstr(&packer, "abcdefgh"); /* nine bytes */
        cdn_pack_nil(&packer);
        cdn_pack_raw(&packer, "\x01", 1);
        ck_assert_uint_eq(packer.length, 11);
        ck_assert_int_eq(packer.failed, size < 11);
        free(span);
    }
}
END_TEST

START_TEST(pack__leaves_no_hole_where_something_did_not_fit)
{
    unsigned char span[4] = {0x55, 0x55, 0x55, 0x55};
    struct cdn_packer packer;

    cdn_pack_init(&packer, span, sizeof span);
    cdn_pack_int(&packer, 1);
    cdn_pack_cstr(&packer, "too long");
    cdn_pack_int(&packer, 2);
    ck_assert(packer.failed);
    ck_assert_uint_eq(span[0], 1);
    ck_assert_uint_ne(span[1], 2);
    ck_assert_uint_eq(span[2], 0x55);
}
END_TEST

START_TEST(pack__refuses_strings_beyond_the_format)
{
    struct cdn_packer packer;

    cdn_pack_init(&packer, NULL, 0);
    cdn_pack_str(&packer, "", (size_t)UINT32_MAX + 1);
    ck_assert(packer.failed);
    ck_assert_uint_eq(packer.length, 0);
}
END_TEST

/* Checks an exact copy; the offset at which reading stopped goes to *offset. */
static const char *check(const void *bytes, size_t size, size_t *offset)
{
    unsigned char *copy = cdn_unit_exact(bytes, size);
    const unsigned char *at = copy;
    const char *fault = cdn_unpack_check(&at, copy + size);

    if (offset)
        *offset = (size_t)(at - copy);
    free(copy);
    return fault;
}

START_TEST(check__refuses_every_truncation)
{
    unsigned char bytes[400];
    char text[300];
    struct cdn_packer packer;

    memset(text, 'x', sizeof text);
    cdn_pack_init(&packer, bytes, sizeof bytes);
    cdn_pack_array(&packer, 11);
    cdn_pack_nil(&packer);
    cdn_pack_int(&packer, 200);
    cdn_pack_int(&packer, 70000);
    cdn_pack_int(&packer, INT64_MIN);
    cdn_pack_double(&packer, 0.5);
    cdn_pack_cstr(&packer, "short");
    cdn_pack_str(&packer, text, 40);
    cdn_pack_str(&packer, text, 256);
    cdn_pack_map(&packer, 2);
    cdn_pack_cstr(&packer, "k");
    cdn_pack_array(&packer, 0);
    cdn_pack_int(&packer, -1);
    cdn_pack_map(&packer, 0);
    cdn_pack_raw(&packer, "\xca\x3f\x80\x00\x00", 5);
    cdn_pack_raw(&packer, "\xc4\x02\x00\xff", 4);
    ck_assert(!packer.failed);
    ck_assert_ptr_null(check(bytes, packer.length, NULL));
    for (size_t size = 0; size < packer.length; size++) {
        size_t offset;

        ck_assert_msg(check(bytes, size, &offset), "%zu bytes pass", size);
        ck_assert_uint_le(offset, size);
    }
}
END_TEST

START_TEST(check__refuses_what_is_no_plain_shape)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } cases[] = {
        {"\xc1", 1, "0xc1"},
        {"\xc7\x01\x05\x00", 4, "ext"},
        {"\xc8\x00\x01\x05\x00", 5, "ext"},
        {"\xc9\x00\x00\x00\x01\x05\x00", 7, "ext"},
        {"\xd4\x01\x00", 3, "ext"},
        {"\xd6\xff\x00\x00\x00\x00", 6, "ext"},
        {"\xd8\x01", 2, "ext"},
        {"\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, "2^63-1"},
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "2^63-1"},
        {"\xdb\xff\xff\xff\xff", 5, "ends within"},
        {"\xdd\xff\xff\xff\xff\xc0\xc0", 7, "ends within"},
        {"\xdf\xff\xff\xff\xff\xc0\xc0", 7, "ends within"},
        {"\x82\xc0\xc0\xc0", 4, "ends within"},
        {"\x81\xc0\xc1", 3, "0xc1"},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        const char *fault = check(cases[i].bytes, cases[i].size, NULL);

        ck_assert_ptr_nonnull(fault);
        ck_assert_ptr_nonnull(strstr(fault, cases[i].word));
    }
}
END_TEST

START_TEST(check__accepts_the_odd_but_valid)
{
    static const struct {
        const char *bytes;
        size_t size;
        int64_t integer;
    } cases[] = {
        {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9, INT64_MAX},
        {"\xcc\x05", 2, 5}, /* longer than need be */
        {"\xd3\xff\xff\xff\xff\xff\xff\xff\xfe", 9, -2},
        {"\xd0\x05", 2, 5},
        {"\xd1\x80\x00", 3, -32768},
        {"\xd2\x80\x00\x00\x00", 5, INT32_MIN},
        {"\xce\xff\xff\xff\xff", 5, UINT32_MAX},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        const unsigned char *at = (const unsigned char *)cases[i].bytes;
        cordon_value value;

        ck_assert(cdn_unpack_head(&value, &at, at + cases[i].size));
        ck_assert_int_eq(value.type, CORDON_INTEGER);
        ck_assert_int_eq(value.as.integer, cases[i].integer);
    }
}
END_TEST

START_TEST(check__stops_at_the_depth_limit)
{
    unsigned char bytes[CORDON_VALUE_MAX_DEPTH + 2];
    size_t offset;

    memset(bytes, 0x91, sizeof bytes);
    bytes[CORDON_VALUE_MAX_DEPTH] = 0xc0;
    ck_assert_ptr_null(check(bytes, CORDON_VALUE_MAX_DEPTH + 1, NULL));
    bytes[CORDON_VALUE_MAX_DEPTH] = 0x91;
    bytes[CORDON_VALUE_MAX_DEPTH + 1] = 0xc0;
    ck_assert_str_eq(check(bytes, sizeof bytes, &offset), "nested too deep");
    ck_assert_uint_eq(offset, CORDON_VALUE_MAX_DEPTH);
    bytes[CORDON_VALUE_MAX_DEPTH] = 0x80; /* an empty map is a level, too */
    ck_assert_str_eq(check(bytes, sizeof bytes - 1, NULL), "nested too deep");
}
END_TEST

START_TEST(check__survives_any_bytes)
{
    uint64_t random = 88172645463325252U;

    for (int round = 0; round < 20000; round++) {
        unsigned char bytes[48];
        size_t size = (size_t)round % sizeof bytes;
        size_t offset;

        for (size_t i = 0; i < size; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            /* Half of the bytes are headers, or hardly anything would nest. */
            bytes[i] = (unsigned char)(random & 1 ? random >> 8 : 0x80 | random >> 57);
        }
        check(bytes, size, &offset);
        ck_assert_uint_le(offset, size);
    }
}
END_TEST

START_TEST(pack__allocates_nothing_into_a_span)
{
    unsigned char bytes[64];
    struct cdn_packer packer;
    const unsigned char *at = bytes;
    uint64_t before = cdn_alloc_count();

    cdn_pack_init(&packer, bytes, sizeof bytes);
    cdn_pack_array(&packer, 2);
    cdn_pack_cstr(&packer, "text");
    cdn_pack_double(&packer, 0.5);
    ck_assert(cdn_unpack_skip(&at, bytes + packer.length));
    ck_assert_uint_eq(cdn_alloc_count(), before);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(pack__survives_every_allocation_failure)
{
    char *text = calloc(1, 65536);

    ck_assert_ptr_nonnull(text);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf buf = {0};
        struct cdn_packer packer;

        cdn_pack_init_buf(&packer, &buf);
        pack_everything(&packer, text);
        ck_assert_int_eq(packer.failed, cdn_failalloc_fired());
        cdn_buf_deinit(&buf);
        ck_assert_int_lt(nth, 40);
    }
    free(text);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("pack");

    CDN_UNIT_CASE(s, pack__is_read_back_value_by_value);
    CDN_UNIT_CASE(s, skip__steps_over_every_width);
    CDN_UNIT_CASE(s, number__is_an_integer_where_it_can_be);
    CDN_UNIT_CASE(s, pack__takes_the_shortest_form);
    CDN_UNIT_CASE(s, pack__writes_nothing_past_its_span_and_tells_the_length);
    CDN_UNIT_CASE(s, pack__leaves_no_hole_where_something_did_not_fit);
    CDN_UNIT_CASE(s, pack__refuses_strings_beyond_the_format);
    CDN_UNIT_CASE(s, check__refuses_every_truncation);
    CDN_UNIT_CASE(s, check__refuses_what_is_no_plain_shape);
    CDN_UNIT_CASE(s, check__accepts_the_odd_but_valid);
    CDN_UNIT_CASE(s, check__stops_at_the_depth_limit);
    CDN_UNIT_CASE(s, check__survives_any_bytes);
    CDN_UNIT_CASE(s, pack__allocates_nothing_into_a_span);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, pack__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
