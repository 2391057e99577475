#include "support/unit.h"

#include <sys/stat.h>

#include "base/alloc.h"
#include "isolation/cpio.h"

START_TEST(cpio__members_are_as_a_kernel_reads_them)
{
    static const char expected[] =
        /* number   mode    owner   group   links   time    bytes */
        "070701000000010000416D000000000000000000000001000000000000000000000000"
        "00000000000000000000000000000004"
        "00000000dev\0\0\0"
        "0707010000001E000081ED000000000000000000000001000000000000000500000000"
        "00000000000000000000000000000005"
        "00000000init\0\0hello\0\0\0"
        "07070100000000000000000000000000000000000000000000000000000000"
        "00000000000000000000000000000000"
        "0000000B00000000TRAILER!!!\0\0\0\0";
    struct cdn_buf out = {0};

    cdn_cpio_add(&out, "dev", S_IFDIR | 0555, NULL, 0);
    cdn_cpio_add(&out, "init", S_IFREG | 0755, "hello", 5);
    cdn_cpio_end(&out);
    ck_assert(!out.failed);
    ck_assert_uint_eq(out.length % 4, 0);
    ck_assert_uint_eq(out.length, sizeof expected - 1);
    ck_assert_mem_eq(out.data, expected, out.length);
    cdn_buf_deinit(&out);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(cpio__no_memory_is_the_buffer_s_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};

        cdn_cpio_add(&out, "init", S_IFREG | 0755, "hello", 5);
        cdn_cpio_end(&out);
        ck_assert_int_eq(out.failed, cdn_failalloc_fired());
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("cpio");

    CDN_UNIT_CASE(s, cpio__members_are_as_a_kernel_reads_them);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, cpio__no_memory_is_the_buffer_s_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
