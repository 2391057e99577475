#include "support/unit.h"

#include "isolation/lz4.h"

/* A frame of one block: 5 literals, 9 bytes from 3 back, and 2 literals. */
static const unsigned char frame[] = {0x02, 0x21, 0x4c, 0x18, 11,  0,   0,
                                      0,    0x55, 'a',  'b',  'c', 'd', 'e',
                                      3,    0,    0x20, 'y',  'z'};
static const char text[] = "abcdecdecdecdeyz";

START_TEST(lz4__a_frame_is_unpacked)
{
    unsigned char out[64];

    ck_assert(cdn_lz4_is(frame, sizeof frame));
    ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof out, frame, sizeof frame),
                      sizeof text - 1);
    ck_assert_mem_eq(out, text, sizeof text - 1);
}
END_TEST

START_TEST(lz4__counts_of_fifteen_and_more_go_on_in_bytes)
{
    /* 15 + 255 + 10 literals, and 4 + 15 + 255 + 255 + 0 bytes of the last of them */
    unsigned char packed[400] = {0x02, 0x21, 0x4c, 0x18, 0, 0, 0, 0, 0xff, 255, 10};
    unsigned char out[1024];
    size_t at = 11;

    memset(packed + at, 'x', 280);
    at += 280;
    packed[at - 1] = 'y';
    packed[at++] = 1;
    packed[at++] = 0;
    packed[at++] = 255;
    packed[at++] = 255;
    packed[at++] = 0;
    packed[at++] = 0x10;
    packed[at++] = '!';
    packed[4] = (unsigned char)((at - 8) & 255);
    packed[5] = (unsigned char)((at - 8) >> 8);
    ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof out, packed, at), 280 + 529 + 1);
    ck_assert_int_eq(out[279], 'y');
    ck_assert_int_eq(out[280 + 528], 'y');
    ck_assert_int_eq(out[280 + 529], '!');
}
END_TEST

START_TEST(lz4__blocks_follow_one_another_and_do_not_reach_back)
{
    unsigned char two[2 * sizeof frame], out[64];
    size_t more = sizeof frame - 4;

    memcpy(two, frame, sizeof frame);
    memcpy(two + sizeof frame, frame + 4, more);
    ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof out, two, sizeof frame + more),
                      2 * (sizeof text - 1));
    ck_assert_mem_eq(out + sizeof text - 1, text, sizeof text - 1);
    two[sizeof frame + 10] = 6; /* a distance into the block before */
    ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof out, two, sizeof frame + more),
                      SIZE_MAX);
}
END_TEST

START_TEST(lz4__what_is_cut_short_or_too_long_is_refused)
{
    unsigned char *out = malloc(sizeof text - 1);

    for (size_t count = 0; count < sizeof frame; count++) {
        unsigned char *cut = cdn_unit_exact(frame, count);

        /* cut behind the mark it is a frame of nothing */
        ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof text - 1, cut, count),
                          count == 4 ? 0 : SIZE_MAX);
        free(cut);
    }
    for (size_t room = 0; room < sizeof text - 1; room++) {
        unsigned char *small = malloc(room ? room : 1);

        ck_assert_uint_eq(cdn_lz4_unpack(small, room, frame, sizeof frame), SIZE_MAX);
        free(small);
    }
    ck_assert_uint_eq(cdn_lz4_unpack(out, sizeof text - 1, frame, sizeof frame),
                      sizeof text - 1);
    free(out);
}
END_TEST

START_TEST(lz4__no_changed_byte_leads_outside)
{
    for (size_t at = 0; at < sizeof frame; at++)
        for (unsigned value = 0; value < 256; value++) {
            unsigned char *changed = cdn_unit_exact(frame, sizeof frame);
            unsigned char *out = malloc(32);
            size_t got;

            changed[at] = (unsigned char)value;
            got = cdn_lz4_unpack(out, 32, changed, sizeof frame);
            ck_assert(got <= 32 || got == SIZE_MAX);
            free(out);
            free(changed);
        }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lz4");

    CDN_UNIT_CASE(s, lz4__a_frame_is_unpacked);
    CDN_UNIT_CASE(s, lz4__counts_of_fifteen_and_more_go_on_in_bytes);
    CDN_UNIT_CASE(s, lz4__blocks_follow_one_another_and_do_not_reach_back);
    CDN_UNIT_CASE(s, lz4__what_is_cut_short_or_too_long_is_refused);
    CDN_UNIT_CASE(s, lz4__no_changed_byte_leads_outside);
    return s;
}

CDN_UNIT_MAIN(suite)
