#include "support/unit.h"

#include <errno.h>

#include "base/error.h"
#include "base/utf8.h"

START_TEST(status__has_a_name_and_a_text_for_every_number)
{
    for (int i = 0; i < 20; i++) {
        const char *text = cordon_status_str((cordon_status)i);
        const char *name = cordon_status_name((cordon_status)i);

        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq(strncmp(name, "CORDON_", 7), 0);
        ck_assert_int_eq(i > 15, !strcmp(text, "unknown status"));
        for (int j = 0; j < i && i <= 15; j++)
            ck_assert_str_ne(text, cordon_status_str((cordon_status)j));
    }
    ck_assert_str_eq(cordon_status_str(CORDON_E_NOTFOUND), "not found");
    ck_assert_str_eq(cordon_status_name(CORDON_E_NOTFOUND), "CORDON_E_NOTFOUND");
    ck_assert_str_eq(cordon_status_name((cordon_status)-1), "CORDON_E_UNKNOWN");
}
END_TEST

START_TEST(set__fills_everything_and_returns_the_status)
{
    cordon_error err;

    memset(&err, 0xaa, sizeof err);
    ck_assert_int_eq(cdn_error_set(&err, CORDON_E_DATA, "row %d of %s", 7, "x.csv"),
                     CORDON_E_DATA);
    ck_assert_int_eq(err.status, CORDON_E_DATA);
    ck_assert_str_eq(err.message, "row 7 of x.csv");
    ck_assert_str_eq(err.file, "");
    ck_assert_uint_eq(err.line, 0);
    ck_assert_int_eq(cdn_error_set(NULL, CORDON_E_IO, "nobody listens"), CORDON_E_IO);
}
END_TEST

START_TEST(at__says_where)
{
    cordon_error err;

    cdn_error_at(&err, CORDON_E_RULE, "a\nb.lua", 3, 9, "odd");
    ck_assert_str_eq(err.file, "a\\x0ab.lua");
    ck_assert_uint_eq(err.line, 3);
    ck_assert_uint_eq(err.column, 9);
    ck_assert_int_eq(cdn_error_at(NULL, CORDON_E_RULE, NULL, 0, 0, "odd"),
                     CORDON_E_RULE);
    cdn_error_at(&err, CORDON_E_RULE, NULL, 0, 0, "odd");
    ck_assert_str_eq(err.file, "");
}
END_TEST

START_TEST(set__escapes_what_would_drive_a_terminal)
{
    cordon_error err;

    cdn_error_set(&err, CORDON_E_DATA, "%s",
                  "a\033[2Jb\r\n\x7f\xc2\x9b\xff\xe2\x82\xac\xe2\x80\xae\xe2\x81\xa9");
    ck_assert_str_eq(
        err.message,
        "a\\x1b[2Jb\\x0d\\x0a\\x7f\\xc2\\x9b\\xff\xe2\x82\xac\\xe2\\x80\\xae"
        "\\xe2\\x81\\xa9");
}
END_TEST

START_TEST(set__cuts_long_messages_with_dots)
{
    cordon_error err;
    char text[3000];

    for (size_t length = CORDON_ERROR_MESSAGE_BYTES - 8; length < sizeof text - 1;
         length += length < CORDON_ERROR_MESSAGE_BYTES + 80 ? 1 : 311) {
        memset(text, 'x', length);
        text[length] = '\0';
        cdn_error_set(&err, CORDON_E_DATA, "%s", text);
        if (length < CORDON_ERROR_MESSAGE_BYTES) {
            ck_assert_str_eq(err.message, text);
        } else {
            ck_assert_uint_eq(strlen(err.message), CORDON_ERROR_MESSAGE_BYTES - 1);
            ck_assert_str_eq(err.message + CORDON_ERROR_MESSAGE_BYTES - 5, "x...");
        }
    }
}
END_TEST

/* Whatever the bytes and the room, the result is terminated, valid UTF-8 of one line,
 * and the room's last byte is all that is used. */
START_TEST(escape__holds_for_any_bytes_in_any_room)
{
    static const char *const texts[] = {
        "",
        "plain",
        "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
        "\n\n\n\n",
        "ab\xff\xff",
        "\xf0\x9f\x98\x80 smile",
        "long enough to be cut somewhere",
    };

    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        for (size_t size = 1; size < 48; size++) {
            char *out = malloc(size);
            size_t length;

            ck_assert_ptr_nonnull(out);
            ck_assert_ptr_eq(cdn_escape(out, size, texts[t], strlen(texts[t])), out);
            length = strlen(out);
            ck_assert_uint_lt(length, size);
            ck_assert(cdn_utf8_valid(out, length));
            for (size_t i = 0; i < length; i++)
                ck_assert_uint_ge((unsigned char)out[i], 0x20);
            free(out);
        }
    }
    ck_assert_ptr_null(cdn_escape(NULL, 0, "x", 1));
}
END_TEST

START_TEST(errno__maps_to_the_nearest_status)
{
    cordon_error err;

    ck_assert_int_eq(cdn_error_errno(&err, ENOENT, "cannot open %s", "x"),
                     CORDON_E_NOTFOUND);
    ck_assert_str_eq(err.message, "cannot open x: No such file or directory");
    ck_assert_int_eq(cdn_error_errno(&err, ENOMEM, "x"), CORDON_E_NOMEM);
    ck_assert_int_eq(cdn_error_errno(&err, EACCES, "x"), CORDON_E_IO);
    ck_assert_int_eq(cdn_error_errno(NULL, EACCES, "x"), CORDON_E_IO);
    ck_assert_int_eq(cdn_error_errno(&err, 99999, "x"), CORDON_E_IO);
}
END_TEST

START_TEST(prefix__comes_before_and_escapes_once)
{
    cordon_error err;
    char text[2000];

    cdn_error_set(&err, CORDON_E_DATA, "bad\n");
    cdn_error_prefix(&err, "row %d\t", 4);
    ck_assert_str_eq(err.message, "row 4\\x09: bad\\x0a");
    ck_assert_int_eq(err.status, CORDON_E_DATA);
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cdn_error_prefix(&err, "%s", text);
    ck_assert_uint_lt(strlen(err.message), sizeof err.message);
    ck_assert_str_eq(err.message + strlen(err.message) - 3, "...");
    cdn_error_prefix(NULL, "x");
}
END_TEST

START_TEST(clear__leaves_nothing)
{
    cordon_error err;

    cdn_error_at(&err, CORDON_E_RULE, "f", 1, 2, "m");
    cdn_error_clear(&err);
    ck_assert_int_eq(err.status, CORDON_OK);
    ck_assert_uint_eq(err.line + err.column, 0);
    ck_assert_str_eq(err.file, "");
    ck_assert_str_eq(err.message, "");
    cdn_error_clear(NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("error");

    CDN_UNIT_CASE(s, status__has_a_name_and_a_text_for_every_number);
    CDN_UNIT_CASE(s, set__fills_everything_and_returns_the_status);
    CDN_UNIT_CASE(s, at__says_where);
    CDN_UNIT_CASE(s, set__escapes_what_would_drive_a_terminal);
    CDN_UNIT_CASE(s, set__cuts_long_messages_with_dots);
    CDN_UNIT_CASE(s, escape__holds_for_any_bytes_in_any_room);
    CDN_UNIT_CASE(s, errno__maps_to_the_nearest_status);
    CDN_UNIT_CASE(s, prefix__comes_before_and_escapes_once);
    CDN_UNIT_CASE(s, clear__leaves_nothing);
    return s;
}

CDN_UNIT_MAIN(suite)
