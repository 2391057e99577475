#include "support/unit.h"

#include "base/utf8.h"

#define VALID(text)   ck_assert(valid(text, sizeof(text) - 1))
#define INVALID(text) ck_assert(!valid(text, sizeof(text) - 1))

/* Judges an exact copy, at every distance from the fast path's eight bytes. */
static bool valid(const char *text, size_t bytes)
{
    bool result = cdn_utf8_valid(text, bytes);

    for (size_t before = 0; before < 17; before++) {
        char *copy = malloc(before + bytes + 1);

        ck_assert_ptr_nonnull(copy);
        memset(copy, 'a', before);
        memcpy(copy + before, text, bytes);
        ck_assert_int_eq(cdn_utf8_valid(copy, before + bytes), result);
        free(copy);
    }
    return result;
}

START_TEST(utf8__accepts_the_ends_of_every_range)
{
    VALID("");
    VALID("plain ASCII of more than eight bytes \x7f");
    VALID("nul \0 inside");
    VALID("\xc2\x80\xdf\xbf");
    VALID("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
    VALID("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(utf8__refuses_what_rfc_3629_does)
{
    INVALID("\x80");             /* a continuation alone */
    INVALID("\xc0\x80");         /* overlong NUL */
    INVALID("\xc1\xbf");         /* overlong */
    INVALID("\xe0\x9f\xbf");     /* overlong */
    INVALID("\xf0\x8f\xbf\xbf"); /* overlong */
    INVALID("\xed\xa0\x80");     /* a surrogate */
    INVALID("\xed\xbf\xbf");     /* a surrogate */
    INVALID("\xf4\x90\x80\x80"); /* above U+10FFFF */
    INVALID("\xf5\x80\x80\x80"); /* above */
    INVALID("\xff");
    INVALID("\xc2");         /* cut short */
    INVALID("\xe2\x82");     /* cut short */
    INVALID("\xf0\x9f\x98"); /* cut short */
    INVALID("\xe2\x82\x41"); /* a letter where a continuation belongs */
    INVALID("\xf0\x9f\x98\xc0");
}
END_TEST

START_TEST(utf8__agrees_with_a_decoder_on_all_of_two_and_three_bytes)
{
    for (unsigned word = 0; word < 0x1000000; word += 7) {
        char text[3] = {(char)(word >> 16), (char)(word >> 8), (char)word};
        unsigned char a = (unsigned char)text[0];
        unsigned char b = (unsigned char)text[1];
        unsigned char c = (unsigned char)text[2];
        unsigned code = (a & 0x0fU) << 12 | (b & 0x3fU) << 6 | (c & 0x3fU);

        if ((a & 0xf0) != 0xe0)
            continue;
        ck_assert_int_eq(cdn_utf8_valid(text, 3),
                         (b & 0xc0) == 0x80 && (c & 0xc0) == 0x80 && code >= 0x800 &&
                             (code < 0xd800 || code > 0xdfff));
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("utf8");

    CDN_UNIT_CASE(s, utf8__accepts_the_ends_of_every_range);
    CDN_UNIT_CASE(s, utf8__refuses_what_rfc_3629_does);
    CDN_UNIT_CASE(s, utf8__agrees_with_a_decoder_on_all_of_two_and_three_bytes);
    return s;
}

CDN_UNIT_MAIN(suite)
