#include "support/unit.h"

#include "isolation/firecracker.h"

static enum cdn_firecracker_read read_exact(struct cdn_firecracker_answer *out,
                                            const char *text, size_t bytes, char **kept)
{
    *kept = cdn_unit_exact(text, bytes);
    return cdn_firecracker_read(out, *kept, bytes);
}

START_TEST(read__takes_an_answer_once_it_is_whole)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nServer: Firecracker API\r\n"
                               "content-length:  5 \r\n\r\nfault";
    struct cdn_firecracker_answer answer;
    char *kept;

    for (size_t bytes = 0; bytes < sizeof text - 1; bytes++) {
        ck_assert_int_eq(read_exact(&answer, text, bytes, &kept), CDN_ANSWER_MORE);
        free(kept);
    }
    ck_assert_int_eq(read_exact(&answer, text, sizeof text - 1, &kept),
                     CDN_ANSWER_WHOLE);
    ck_assert_uint_eq(answer.code, 400);
    ck_assert_uint_eq(answer.body_bytes, 5);
    ck_assert_mem_eq(answer.body, "fault", 5);
    free(kept);
    ck_assert_int_eq(read_exact(&answer, "HTTP/1.1 204\r\n\r\n", 16, &kept),
                     CDN_ANSWER_WHOLE);
    ck_assert_uint_eq(answer.code, 204);
    ck_assert_uint_eq(answer.body_bytes, 0);
    free(kept);
}
END_TEST

START_TEST(read__refuses_what_is_no_answer)
{
    static const char *const texts[] = {
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.0 204 \r\n\r\n",
        "HTTP/1.1 2x4 \r\n\r\n",
        "HTTP/1.1 2044\r\n\r\n",
        "HTTP/1.1 004 \r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: 5 6\r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        "HTTP/1.1 204 \r\nContent-Length: 4097\r\n\r\n",
        "\r\n\r\n",
    };
    struct cdn_firecracker_answer answer;
    char *kept;

    for (int i = 0; i < CDN_UNIT_COUNT(texts); i++) {
        ck_assert_msg(read_exact(&answer, texts[i], strlen(texts[i]), &kept) ==
                          CDN_ANSWER_BAD,
                      "%s", texts[i]);
        free(kept);
    }
}
END_TEST

START_TEST(read__has_a_bound)
{
    static char text[CDN_FIRECRACKER_ANSWER_MOST];
    struct cdn_firecracker_answer answer;

    memset(text, 'x', sizeof text);
    ck_assert_int_eq(cdn_firecracker_read(&answer, text, sizeof text - 1),
                     CDN_ANSWER_MORE);
    ck_assert_int_eq(cdn_firecracker_read(&answer, text, sizeof text), CDN_ANSWER_BAD);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("firecracker");

    CDN_UNIT_CASE(s, read__takes_an_answer_once_it_is_whole);
    CDN_UNIT_CASE(s, read__refuses_what_is_no_answer);
    CDN_UNIT_CASE(s, read__has_a_bound);
    return s;
}

CDN_UNIT_MAIN(suite)
