#include "support/unit.h"

#include "base/alloc.h"
#include "base/hash.h"

START_TEST(xxh3__has_its_published_value_of_nothing)
{
    ck_assert_uint_eq(cdn_hash_xxh3("", 0), UINT64_C(0x2d06800538d394c2));
}
END_TEST

START_TEST(xxh3__sees_every_single_bit)
{
    unsigned char bytes[64] = {0};
    uint64_t whole = cdn_hash_xxh3(bytes, sizeof bytes);

    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_uint_ne(cdn_hash_xxh3(bytes, sizeof bytes), whole);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}
END_TEST

START_TEST(stream__equals_the_whole_however_it_is_cut)
{
    unsigned char bytes[3000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 131);
    for (size_t step = 1; step < sizeof bytes; step = step * 3 + 1) {
        struct cdn_hash_stream *stream = cdn_hash_stream_new();

        ck_assert_ptr_nonnull(stream);
        cdn_hash_stream_add(stream, NULL, 0);
        for (size_t at = 0; at < sizeof bytes; at += step) {
            size_t left = sizeof bytes - at;

            cdn_hash_stream_add(stream, bytes + at, left < step ? left : step);
            ck_assert_uint_eq(cdn_hash_stream_get(stream),
                              cdn_hash_xxh3(bytes, at + (left < step ? left : step)));
        }
        cdn_hash_stream_free(stream);
    }
    cdn_hash_stream_free(NULL);
}
END_TEST

START_TEST(content__is_blake2b_256)
{
    /* BLAKE2b-256 of nothing and of "abc". */
    static const unsigned char nothing[CDN_CONTENT_HASH_BYTES] = {
        0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2, 0xe8, 0xab, 0x2e,
        0xb0, 0x60, 0x99, 0xda, 0xa1, 0xd1, 0xe5, 0xdf, 0x47, 0x77, 0x8f,
        0x77, 0x87, 0xfa, 0xab, 0x45, 0xcd, 0xf1, 0x2f, 0xe3, 0xa8};
    unsigned char out[CDN_CONTENT_HASH_BYTES];
    unsigned char other[CDN_CONTENT_HASH_BYTES];

    cdn_hash_content(out, NULL, 0);
    ck_assert_mem_eq(out, nothing, sizeof out);
    cdn_hash_content(out, "abc", 3);
    cdn_hash_content(other, "abd", 3);
    ck_assert_mem_ne(out, other, sizeof out);
    cdn_hash_content(other, "abc", 3);
    ck_assert_mem_eq(out, other, sizeof out);
}
END_TEST

START_TEST(chain__equals_the_content_hash_without_a_key)
{
    static const char text[] = "one record after another";
    unsigned char whole[CDN_CONTENT_HASH_BYTES], pieces[CDN_CONTENT_HASH_BYTES];
    struct cdn_hash_chain chain;

    cdn_hash_content(whole, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        cdn_hash_chain_init(&chain, NULL);
        cdn_hash_chain_add(&chain, text, cut);
        cdn_hash_chain_add(&chain, text + cut, sizeof text - cut);
        cdn_hash_chain_get(&chain, pieces);
        ck_assert_mem_eq(whole, pieces, sizeof whole);
    }
}
END_TEST

/* BLAKE2b-256 of "abc" under the key 00 01 02 ... 1f: Python's hashlib.blake2b says so. */
START_TEST(chain__with_a_key_is_keyed_blake2b)
{
    unsigned char key[CDN_HASH_KEY_BYTES], hash[CDN_CONTENT_HASH_BYTES];
    char hex[2 * sizeof hash + 1];
    struct cdn_hash_chain chain;

    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (unsigned char)i;
    cdn_hash_chain_init(&chain, key);
    cdn_hash_chain_add(&chain, "abc", 3);
    cdn_hash_chain_get(&chain, hash);
    ck_assert_str_eq(
        cdn_hash_hex(hex, hash, sizeof hash),
        "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    ck_assert(cdn_hash_equal(hash, hash, sizeof hash));
    memcpy(key, hash, sizeof key);
    key[31] ^= 1;
    ck_assert(!cdn_hash_equal(hash, key, sizeof hash));
    cdn_wipe(key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        ck_assert_uint_eq(key[i], 0);
}
END_TEST

START_TEST(mix__depends_on_order)
{
    ck_assert_uint_ne(cdn_hash_mix(cdn_hash_mix(0, 1), 2),
                      cdn_hash_mix(cdn_hash_mix(0, 2), 1));
    ck_assert_uint_ne(cdn_hash_mix(1, 0), cdn_hash_mix(2, 0));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(stream__says_when_memory_is_gone)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_hash_stream *stream = cdn_hash_stream_new();

        ck_assert_int_eq(stream == NULL, cdn_failalloc_fired());
        cdn_hash_stream_free(stream);
        ck_assert_int_lt(nth, 4);
    }
}
END_TEST
#endif

START_TEST(from_hex__reads_what_hex_writes_and_nothing_else)
{
    unsigned char bytes[3] = {0x00, 0x9f, 0xff}, back[3];
    char text[7];

    ck_assert(cdn_hash_from_hex(back, 3, cdn_hash_hex(text, bytes, 3)));
    ck_assert_mem_eq(back, bytes, 3);
    ck_assert(cdn_hash_from_hex(back, 3, "009FfF"));
    ck_assert_mem_eq(back, bytes, 3);
    ck_assert(!cdn_hash_from_hex(back, 3, "009ff"));
    ck_assert(!cdn_hash_from_hex(back, 3, "009fff0"));
    ck_assert(!cdn_hash_from_hex(back, 3, "009ffg"));
    ck_assert(!cdn_hash_from_hex(back, 3, "009f f"));
    ck_assert(!cdn_hash_from_hex(back, 3, ""));
}
END_TEST

START_TEST(base64url__is_rfc_4648_without_padding)
{
    char text[CDN_BASE64_SIZE(5)];

    ck_assert_str_eq(cdn_base64url(text, (const unsigned char *)"", 0), "");
    ck_assert_str_eq(cdn_base64url(text, (const unsigned char *)"f", 1), "Zg");
    ck_assert_str_eq(cdn_base64url(text, (const unsigned char *)"fo", 2), "Zm8");
    ck_assert_str_eq(cdn_base64url(text, (const unsigned char *)"foo", 3), "Zm9v");
    ck_assert_str_eq(cdn_base64url(text, (const unsigned char *)"\xfb\xff\xfe!?", 5),
                     "-__-IT8");
    ck_assert_uint_eq(CDN_BASE64_SIZE(5), strlen("-__-IT8") + 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hash");

    CDN_UNIT_CASE(s, xxh3__has_its_published_value_of_nothing);
    CDN_UNIT_CASE(s, xxh3__sees_every_single_bit);
    CDN_UNIT_CASE(s, stream__equals_the_whole_however_it_is_cut);
    CDN_UNIT_CASE(s, content__is_blake2b_256);
    CDN_UNIT_CASE(s, chain__equals_the_content_hash_without_a_key);
    CDN_UNIT_CASE(s, chain__with_a_key_is_keyed_blake2b);
    CDN_UNIT_CASE(s, mix__depends_on_order);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, stream__says_when_memory_is_gone);
#endif
    CDN_UNIT_CASE(s, from_hex__reads_what_hex_writes_and_nothing_else);
    CDN_UNIT_CASE(s, base64url__is_rfc_4648_without_padding);
    return s;
}

CDN_UNIT_MAIN(suite)
