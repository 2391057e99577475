/* Tokens, their places, and what strings and numbers mean. */
#include "lint/lexer.h"

#include "base/alloc.h"
#include "support/unit.h"

/* The kinds of all tokens as words, "name(1:1) =(1:3) ..." */
static void list(char *out, size_t size, const char *source)
{
    struct cdn_lexer lexer;
    size_t used = 0;

    cdn_lexer_init(&lexer, source, strlen(source), "x.lua", NULL);
    out[0] = '\0';
    while (lexer.token.kind != CDN_TOKEN_END) {
        uint32_t line, column;
        char one[2] = {(char)lexer.token.kind, '\0'};

        cdn_lines_place(lexer.lines, lexer.line_count, lexer.token.start, &line,
                        &column);
        used += (size_t)snprintf(
            out + used, size - used, "%s@%u:%u ",
            lexer.token.kind < 256 ? one : cdn_token_word(lexer.token.kind), line,
            column);
        cdn_lexer_next(&lexer);
    }
    cdn_lexer_deinit(&lexer);
}

START_TEST(next__tells_kinds_and_places)
{
    char text[400];

    list(text, sizeof text, "local a<=b -- c\n  ..  ...\r\n::x::");
    ck_assert_str_eq(text, "local@1:1 a name@1:7 <=@1:8 a name@1:10 ..@2:3 ...@2:7 "
                           "::@3:1 a name@3:3 ::@3:4 ");
    list(text, sizeof text, "\xef\xbb\xbf#!/bin/cordon\n\n\"a\\\nb\" [==[\n]]\n]==] z");
    ck_assert_str_eq(text, "a string@3:1 a string@4:4 a name@6:6 ");
}
END_TEST

/* A string's meaning; "!" if it is refused. */
static const char *meaning(const char *source, size_t *bytes)
{
    static char room[100];
    struct cdn_lexer lexer;

    cdn_lexer_init(&lexer, source, strlen(source), "x.lua", NULL);
    *bytes = lexer.token.bytes;
    if (lexer.status || lexer.token.kind != CDN_TOKEN_STRING) {
        snprintf(room, sizeof room, "!");
        *bytes = 1;
    } else {
        memcpy(room,
               lexer.text.data ? (const char *)lexer.text.data + lexer.token.text : "",
               *bytes);
        room[*bytes] = '\0';
    }
    cdn_lexer_deinit(&lexer);
    return room;
}

START_TEST(strings__mean_what_luajit_reads)
{
    static const struct {
        const char *source, *meaning;
        size_t bytes;
    } rows[] = {
        {"'a\\n\\t\\\\\\''", "a\n\t\\'", 5},
        {"'\\65\\0661'", "AB1", 3},
        {"'\\x41\\u{e9}\\u{1F600}'", "A\xc3\xa9\xf0\x9f\x98\x80", 7},
        {"'\\u{800}\\u{7f}'", "\xe0\xa0\x80\x7f", 4},
        {"'a\\z  \n  b'", "ab", 2},
        {"'a\\\r\nb'", "a\nb", 3},
        {"[[\nx\r\ny]]", "x\ny", 3},
        {"[=[]]]=]", "]]", 2},
        {"'\\0x'", "\0x", 2},
        {"''", "", 0},
        {"'\\256'", "!", 1},
        {"'\\q'", "!", 1},
        {"'\\x4'", "!", 1},
        {"'\\u{110000}'", "!", 1},
        {"'\\u{d800}'", "!", 1},
        {"'\\u{}'", "!", 1},
        {"'a\nb'", "!", 1},
        {"'a", "!", 1},
        {"[[a", "!", 1},
        {"[=a", "!", 1},
        {"'\\", "!", 1},
    };
    size_t bytes;

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        const char *text = meaning(rows[i].source, &bytes);

        ck_assert_msg(bytes == rows[i].bytes && !memcmp(text, rows[i].meaning, bytes),
                      "%s: %s", rows[i].source, text);
    }
}
END_TEST

START_TEST(numbers__are_read_or_refused)
{
    static const struct {
        const char *source;
        double number;
        bool good;
    } rows[] = {{"3", 3, true},      {".5", .5, true},         {"3.", 3, true},
                {"1e2", 100, true},  {"1E-2", .01, true},      {"0x10", 16, true},
                {"0x.8p1", 1, true}, {"0xA.8P-1", 5.25, true}, {"0b101", 5, true},
                {"0B0", 0, true},    {"3x", 0, false},         {"0x", 0, false},
                {"1e", 0, false},    {"1..2", 0, false},       {"0b2", 0, false},
                {"0b", 0, false},    {"0b1.0", 0, false},      {"1e+", 0, false},
                {"0x1p", 0, false},  {"1.2.3", 0, false}};

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        struct cdn_lexer lexer;
        cordon_error err = {0};
        cordon_status status = cdn_lexer_init(&lexer, rows[i].source,
                                              strlen(rows[i].source), "x.lua", &err);

        ck_assert_msg((status == CORDON_OK) == rows[i].good, "%s", rows[i].source);
        if (rows[i].good)
            ck_assert_double_eq(lexer.token.number, rows[i].number);
        else
            ck_assert_msg(err.line == 1 && err.column == 1 && err.message[0], "%s",
                          rows[i].source);
        cdn_lexer_deinit(&lexer);
    }
}
END_TEST

START_TEST(comments__are_kept_with_their_places)
{
    static const char source[] = "x = 1 -- one\n  -- two\n--[[ three\n]] y() --[=x\n";
    struct cdn_lexer lexer;

    cdn_lexer_init(&lexer, source, sizeof source - 1, "x.lua", NULL);
    while (lexer.token.kind != CDN_TOKEN_END)
        cdn_lexer_next(&lexer);
    ck_assert_uint_eq(lexer.comment_count, 4);
    ck_assert(!lexer.comments[0].alone);
    ck_assert(lexer.comments[1].alone && lexer.comments[2].alone);
    ck_assert(!lexer.comments[3].alone);
    ck_assert_int_eq(memcmp(source + lexer.comments[1].start, "-- two", 6), 0);
    ck_assert_uint_eq(lexer.comments[1].end - lexer.comments[1].start, 6);
    ck_assert_int_eq(memcmp(source + lexer.comments[2].end - 2, "]]", 2), 0);
    cdn_lexer_deinit(&lexer);
}
END_TEST

START_TEST(peek__leaves_the_token_at_hand)
{
    struct cdn_lexer lexer;

    cdn_lexer_init(&lexer, "a = 'b'", 7, "x.lua", NULL);
    ck_assert_int_eq(cdn_lexer_peek(&lexer), '=');
    ck_assert_int_eq(cdn_lexer_peek(&lexer), '=');
    ck_assert_int_eq(lexer.token.kind, CDN_TOKEN_NAME);
    cdn_lexer_next(&lexer);
    ck_assert_int_eq(lexer.token.kind, '=');
    cdn_lexer_next(&lexer);
    ck_assert_int_eq(lexer.token.kind, CDN_TOKEN_STRING);
    ck_assert_int_eq(cdn_lexer_peek(&lexer), CDN_TOKEN_END);
    cdn_lexer_deinit(&lexer);
}
END_TEST

static const char mixed[] = "#x\nlocal a = 0x1F + 1e5 .. 'q\\u{41}\\z  \n\\065' --[==[ "
                            "c ]==] ... ::l:: [[\nl]] >= ~= --e";

START_TEST(next__survives_every_truncation)
{
    for (size_t size = 0; size < sizeof mixed; size++) {
        char *source = cdn_unit_exact(mixed, size);
        struct cdn_lexer lexer;
        int tokens = 0;

        cdn_lexer_init(&lexer, source, size, "x.lua", NULL);
        for (; lexer.token.kind != CDN_TOKEN_END; tokens++)
            cdn_lexer_next(&lexer);
        ck_assert_int_lt(tokens, 40);
        cdn_lexer_deinit(&lexer);
        free(source);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(next__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_lexer lexer;

        cdn_lexer_init(&lexer, mixed, sizeof mixed - 1, "x.lua", NULL);
        while (lexer.token.kind != CDN_TOKEN_END)
            cdn_lexer_next(&lexer);
        ck_assert_int_eq(lexer.status,
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_lexer_deinit(&lexer);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("lexer");

    CDN_UNIT_CASE(s, next__tells_kinds_and_places);
    CDN_UNIT_CASE(s, strings__mean_what_luajit_reads);
    CDN_UNIT_CASE(s, numbers__are_read_or_refused);
    CDN_UNIT_CASE(s, comments__are_kept_with_their_places);
    CDN_UNIT_CASE(s, peek__leaves_the_token_at_hand);
    CDN_UNIT_CASE(s, next__survives_every_truncation);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, next__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
