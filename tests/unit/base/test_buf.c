#include "support/unit.h"

#include "base/alloc.h"
#include "base/buf.h"

START_TEST(append__keeps_every_byte_and_a_nul)
{
    struct cdn_buf buf = {0};

    for (int i = 0; i < 5000; i++) {
        unsigned char byte = (unsigned char)i;

        cdn_buf_append(&buf, &byte, 1);
        ck_assert_uint_eq(buf.data[buf.length], 0);
    }
    ck_assert_uint_eq(buf.length, 5000);
    for (size_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(buf.data[i], (unsigned char)i);
    cdn_buf_deinit(&buf);
    ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(append__of_nothing_still_terminates)
{
    struct cdn_buf buf = {0};

    cdn_buf_append(&buf, NULL, 0);
    ck_assert(!buf.failed);
    ck_assert_str_eq((char *)buf.data, "");
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(printf__appends_text_longer_than_the_capacity)
{
    struct cdn_buf buf = {0};

    cdn_buf_text(&buf, "<");
    cdn_buf_printf(&buf, "%0500d|%s", 7, "end");
    ck_assert_uint_eq(buf.length, 1 + 500 + 4);
    ck_assert_str_eq((char *)buf.data + 498, "007|end");
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(clear__keeps_the_capacity_and_forgets_the_rest)
{
    struct cdn_buf buf = {0};
    size_t capacity;

    cdn_buf_printf(&buf, "%0500d", 7);
    capacity = buf.capacity;
    buf.failed = true;
    cdn_buf_clear(&buf);
    ck_assert_uint_eq(buf.length, 0);
    ck_assert_uint_eq(buf.capacity, capacity);
    ck_assert(!buf.failed);
    ck_assert_str_eq((char *)buf.data, "");
    cdn_buf_deinit(&buf);
}
END_TEST

START_TEST(reserve__refuses_a_length_that_overflows)
{
    struct cdn_buf buf = {0};

    cdn_buf_text(&buf, "abc");
    ck_assert(!cdn_buf_reserve(&buf, SIZE_MAX - 2));
    ck_assert(buf.failed);
    cdn_buf_text(&buf, "def");
    ck_assert_uint_eq(buf.length, 3);
    cdn_buf_deinit(&buf);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(buf__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf buf = {0};

        cdn_buf_text(&buf, "start");
        cdn_buf_printf(&buf, "%0100d", 1);
        cdn_buf_printf(&buf, "%0300d", 2);
        ck_assert_int_eq(buf.failed, cdn_failalloc_fired());
        ck_assert_int_eq(buf.length == 405, !buf.failed);
        cdn_buf_deinit(&buf);
        ck_assert_int_lt(nth, 10);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("buf");

    CDN_UNIT_CASE(s, append__keeps_every_byte_and_a_nul);
    CDN_UNIT_CASE(s, append__of_nothing_still_terminates);
    CDN_UNIT_CASE(s, printf__appends_text_longer_than_the_capacity);
    CDN_UNIT_CASE(s, clear__keeps_the_capacity_and_forgets_the_rest);
    CDN_UNIT_CASE(s, reserve__refuses_a_length_that_overflows);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, buf__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
