/* The log: lines as they should look, whatever is in them, and nobody who waits for a reader. */
#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "codec/json_read.h"
#include "server/log_line.h"
#include "support/unit.h"

/* ---- lines ---- */

static const char *line_of(struct cdn_log_line *line, enum cdn_log_form format,
                           const char *message, const char *value)
{
    cdn_log_line_begin(line, format, 1500, CORDON_LEVEL_INFO, "test.event", message);
    cdn_log_line_text(line, "who", value);
    cdn_log_line_number(line, "n", -7);
    cdn_log_line_milli(line, "ms", 12034);
    cdn_log_line_end(line);
    line->text[line->used - 1] = '\0';
    return line->text;
}

START_TEST(line__is_what_the_header_shows)
{
    struct cdn_log_line line;

    ck_assert_str_eq(line_of(&line, CDN_LOG_AS_TEXT, "it is so", "ann"),
                     "1970-01-01T00:00:01.500Z info test.event: it is so who=ann n=-7 "
                     "ms=12.034");
    ck_assert_str_eq(line_of(&line, CDN_LOG_AS_JOURNAL, "it is so", "ann"),
                     "<6>info test.event: it is so who=ann n=-7 ms=12.034");
    ck_assert_str_eq(
        line_of(&line, CDN_LOG_AS_JSON, "it is so", "ann"),
        "{\"time\":\"1970-01-01T00:00:01.500Z\",\"level\":\"info\","
        "\"event\":\"test.event\",\"message\":\"it is so\",\"who\":\"ann\","
        "\"n\":-7,\"ms\":12.034}");
}
END_TEST

START_TEST(line__escapes_what_is_hostile)
{
    struct cdn_log_line line;

    ck_assert_str_eq(line_of(&line, CDN_LOG_AS_TEXT, "a\nb\x1b[31m", "x y=\"z\"\xff"),
                     "1970-01-01T00:00:01.500Z info test.event: a\\x0ab\\x1b[31m "
                     "who=\"x y=\\\"z\\\"\\xff\" n=-7 ms=12.034");
    ck_assert_str_eq(
        line_of(&line, CDN_LOG_AS_TEXT, "\xe2\x80\xae", ""),
        "1970-01-01T00:00:01.500Z info test.event: \\xe2\\x80\\xae who=\"\" "
        "n=-7 ms=12.034");
    ck_assert_str_eq(
        line_of(&line, CDN_LOG_AS_JSON, "a\n\xc2\x85\xe2\x80\xae\xff", "\\\""),
        "{\"time\":\"1970-01-01T00:00:01.500Z\",\"level\":\"info\","
        "\"event\":\"test.event\",\"message\":\"a\\u000a\\u0085\\u202e"
        "\xef\xbf\xbd\",\"who\":\"\\\\\\\"\",\"n\":-7,\"ms\":12.034}");
    ck_assert_str_eq(line_of(&line, CDN_LOG_AS_TEXT, "\xf0\x9f\x99\x82", "\xc3\xa4"),
                     "1970-01-01T00:00:01.500Z info test.event: \xf0\x9f\x99\x82 "
                     "who=\xc3\xa4 n=-7 ms=12.034");
}
END_TEST

/* Whatever the length: one whole line, and JSON that reads. */
START_TEST(line__that_is_cut_is_still_whole)
{
    char text[2 * CDN_LOG_LINE_BYTES + 8];
    struct cdn_log_line line;

    for (size_t length = CDN_LOG_LINE_BYTES - 200; length < sizeof text - 8; length++) {
        struct cdn_json_fault fault;
        struct cdn_buf out = {0};

        for (size_t i = 0; i < length; i++)
            text[i] = "\n\xc3\xa4\"a\xff"[i % 6];
        text[length] = '\0';
        for (int which = 0; which < 2; which++) {
            line_of(&line, CDN_LOG_AS_JSON, which ? text : "short",
                    which ? "short" : text);
            ck_assert_uint_le(line.used, CDN_LOG_LINE_BYTES);
            ck_assert_msg(!cdn_json_read(&out, line.text, line.used - 1, &fault), "%s",
                          line.text);
            cdn_buf_clear(&out);
            line_of(&line, CDN_LOG_AS_TEXT, which ? text : "short",
                    which ? "short" : text);
            ck_assert_uint_le(line.used, CDN_LOG_LINE_BYTES);
            ck_assert(cdn_utf8_valid(line.text, line.used - 1));
            ck_assert_ptr_null(strchr(line.text, '\n'));
        }
        cdn_buf_deinit(&out);
        length += length < CDN_LOG_LINE_BYTES + 100 ? 0 : 101;
    }
}
END_TEST

START_TEST(level__words_are_read_and_written)
{
    cordon_level level;

    for (unsigned i = 0; i < 4; i++) {
        ck_assert(cdn_log_level_parse(&level, cdn_log_level_str((cordon_level)i)));
        ck_assert_uint_eq(level, i);
    }
    ck_assert(!cdn_log_level_parse(&level, "loud"));
}
END_TEST

/* ---- the log, over a pipe ---- */

static int ends[2];

static struct cdn_log *open_log(struct cdn_log_options options)
{
    struct cdn_log *log;

    ck_assert_int_eq(pipe(ends), 0);
    options.fd = ends[1];
    ck_assert_int_eq(cdn_log_open(&log, &options, NULL), CORDON_OK);
    return log;
}

/* Close it, and all that it wrote. */
static char *all_of(struct cdn_log *log)
{
    static char text[1 << 20];
    size_t used = 0;
    ssize_t got;

    cdn_log_close(log);
    close(ends[1]);
    while ((got = read(ends[0], text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)got;
    close(ends[0]);
    text[used] = '\0';
    return text;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    for (text = strstr(text, what); text; text = strstr(text + 1, what))
        count++;
    return count;
}

START_TEST(log__writes_what_its_level_lets_through)
{
    struct cdn_log *log =
        open_log((struct cdn_log_options){.level = CORDON_LEVEL_WARNING});
    struct cdn_log_field field = {"why", "a reason", 0};
    struct cdn_log_stats stats;
    char *text;

    cdn_log_say(log, CORDON_LEVEL_INFO, "test.no", "not this");
    cdn_log_say(log, CORDON_LEVEL_WARNING, "test.yes", "but %d of these", 1);
    cdn_log_fields(log, CORDON_LEVEL_ERROR, "test.yes", &field, 1, "and this");
    cdn_log_engine(log, CORDON_LEVEL_ERROR, "the engine's");
    cdn_log_access(log, &(struct cdn_log_access){.method = "GET"});
    cdn_log_set_level(log, CORDON_LEVEL_DEBUG, true);
    cdn_log_say(log, CORDON_LEVEL_DEBUG, "test.debug", "now this too");
    cdn_log_access(log, &(struct cdn_log_access){.method = "GET",
                                                 .route = "/v1/rules/{id}",
                                                 .status = 404,
                                                 .duration_ns = 1234567,
                                                 .request_id = "r\n1",
                                                 .caller = "ann"});
    cdn_log_set_form(log, CDN_LOG_AS_JSON);
    cdn_log_say(log, CORDON_LEVEL_INFO, "test.json", "in another form");
    cdn_log_get_stats(&stats, log);
    ck_assert_uint_eq(stats.lost, 0);
    text = all_of(log);
    ck_assert_uint_eq(count_of(text, "\n"), 6);
    ck_assert_uint_eq(
        count_of(text, "\"event\":\"test.json\",\"message\":\"in another form\"}\n"),
        1);
    ck_assert_uint_eq(count_of(text, "warning test.yes: but 1 of these\n"), 1);
    ck_assert_uint_eq(count_of(text, "error test.yes: and this why=\"a reason\"\n"), 1);
    ck_assert_uint_eq(count_of(text, "error engine: the engine's\n"), 1);
    ck_assert_uint_eq(count_of(text, "debug test.debug: now this too\n"), 1);
    ck_assert_uint_eq(
        count_of(text,
                 "info access method=GET route=/v1/rules/{id} status=404 ms=1.234 "
                 "bytes=0 request_id=r\\x0a1 caller=ann\n"),
        1);
    cdn_log_say(NULL, CORDON_LEVEL_ERROR, "test.none", "nobody");
    cdn_log_access(NULL, NULL);
    cdn_log_close(NULL);
}
END_TEST

START_TEST(log__counts_repeats_and_says_so)
{
    struct cdn_log *log =
        open_log((struct cdn_log_options){.repeats = 3, .window_ms = 3600 * 1000});
    struct cdn_log_stats stats;
    char *text;

    for (int i = 0; i < 50; i++)
        cdn_log_say(log, CORDON_LEVEL_ERROR, "test.same", "over and over");
    for (int i = 0; i < 20; i++)
        cdn_log_say(log, CORDON_LEVEL_ERROR, "test.other", "each its own %d", i);
    cdn_log_get_stats(&stats, log);
    ck_assert_uint_eq(stats.suppressed, 47);
    text = all_of(log);
    ck_assert_uint_eq(count_of(text, "over and over\n"), 3);
    ck_assert_uint_eq(count_of(text, "over and over repeated=47\n"), 1);
    ck_assert_uint_eq(count_of(text, "each its own"), 20);
}
END_TEST

/* More different lines than the table has room for: none of the counts is lost. */
START_TEST(log__tells_of_repeats_whose_place_is_taken)
{
    struct cdn_log *log =
        open_log((struct cdn_log_options){.repeats = 1, .window_ms = 3600 * 1000});
    char *text;

    for (int i = 0; i < 100; i++)
        for (int k = 0; k < 4; k++)
            cdn_log_say(log, CORDON_LEVEL_ERROR, "test", "line %d.", i);
    text = all_of(log);
    ck_assert_uint_eq(count_of(text, ".\n"), 100);
    ck_assert_uint_eq(count_of(text, ". repeated=3\n"), 100);
}
END_TEST

/* A pipe that nobody reads, and far more than it and the ring hold: every call returns, and
 * what is written and what is lost is all there was. */
START_TEST(log__waits_for_no_reader)
{
    enum { LINES = 4000 };
    struct cdn_log *log =
        open_log((struct cdn_log_options){.ring_bytes = 8192, .close_ms = 1});
    struct pollfd some = {.fd = ends[0], .events = POLLIN};
    struct cdn_log_stats stats;
    char *text;
    size_t told = 0;

    for (int i = 0; i < LINES; i++)
        cdn_log_say(log, CORDON_LEVEL_INFO, "test.many", "line %d of very many %80d.",
                    i, i);
    cdn_log_get_stats(&stats, log);
    ck_assert_uint_gt(stats.lost, 0);
    /* how much of it the writer came to write by now is the scheduler's affair */
    ck_assert_int_eq(poll(&some, 1, -1), 1);
    text = all_of(log);
    for (const char *at = strstr(text, "lines="); at; at = strstr(at + 1, "lines="))
        told += (size_t)strtoul(at + 6, NULL, 10);
    ck_assert_uint_lt(count_of(text, ".\n") + told, LINES + 1);
    ck_assert_uint_gt(count_of(text, ".\n"), 0);
}
END_TEST

static void *read_slowly(void *arg)
{
    static char text[1 << 20];
    size_t *lines = arg;
    ssize_t got;

    while ((got = read(ends[0], text, 1000)) > 0)
        for (ssize_t i = 0; i < got; i++)
            *lines += text[i] == '\n';
    return NULL;
}

/* A slow reader at last has every line, or is told how many are missing. */
START_TEST(log__says_how_many_it_lost)
{
    enum { LINES = 3000 };
    struct cdn_log *log =
        open_log((struct cdn_log_options){.ring_bytes = 8192, .close_ms = 60000});
    struct cdn_log_stats before, after;
    size_t lines = 0;
    pthread_t reader;

    for (int i = 0; i < LINES; i++)
        cdn_log_say(log, CORDON_LEVEL_INFO, "test.many", "line %d of very many %80d.",
                    i, i);
    cdn_log_get_stats(&before, log);
    ck_assert_uint_gt(before.lost, 0);
    ck_assert_int_eq(pthread_create(&reader, NULL, read_slowly, &lines), 0);
    do {
        usleep(1000);
        cdn_log_get_stats(&after, log);
    } while (after.written + after.lost < LINES);
    cdn_log_say(log, CORDON_LEVEL_INFO, "test.last", "one more");
    cdn_log_close(log);
    close(ends[1]);
    pthread_join(reader, NULL);
    close(ends[0]);
    /* all but the lost, the last one, and the line about the loss */
    ck_assert_uint_ge(lines, LINES - after.lost + 2);
}
END_TEST

START_TEST(log__lives_with_a_closed_pipe)
{
    struct cdn_log *log = open_log((struct cdn_log_options){0});
    struct cdn_log_stats stats;

    close(ends[0]);
    do {
        cdn_log_say(log, CORDON_LEVEL_INFO, "test", "nobody is there");
        cdn_log_say(log, CORDON_LEVEL_INFO, "test", "at all");
        usleep(1000);
        cdn_log_get_stats(&stats, log);
    } while (stats.lost < 3);
    ck_assert_uint_eq(stats.written, 0);
    cdn_log_close(log);
    close(ends[1]);
}
END_TEST

static void *say_much(void *arg)
{
    for (int i = 0; i < 200; i++) {
        cdn_log_say(arg, CORDON_LEVEL_INFO, "test.thread", "%d", i);
        cdn_log_access(arg, &(struct cdn_log_access){.method = "GET", .status = 200});
    }
    return NULL;
}

START_TEST(log__takes_lines_from_many_threads)
{
    enum { THREADS = 4 };
    struct cdn_log *log = open_log((struct cdn_log_options){
        .access = true, .repeats = 1000, .ring_bytes = 1 << 20, .close_ms = 60000});
    pthread_t threads[THREADS], reader;
    struct cdn_log_stats stats;
    size_t lines = 0;

    ck_assert_int_eq(pthread_create(&reader, NULL, read_slowly, &lines), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, say_much, log), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cdn_log_get_stats(&stats, log);
    ck_assert_uint_eq(stats.lost, 0);
    cdn_log_close(log);
    close(ends[1]);
    pthread_join(reader, NULL);
    close(ends[0]);
    ck_assert_uint_eq(lines, THREADS * 400);
}
END_TEST

START_TEST(open__refuses_a_ring_too_small)
{
    struct cdn_log_options options = {.ring_bytes = 100};
    cordon_error err;
    struct cdn_log *log;

    ck_assert_int_eq(cdn_log_open(&log, &options, &err), CORDON_E_INVALID);
    ck_assert_ptr_null(log);
    ck_assert_ptr_nonnull(strstr(err.message, "at least 4096"));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_log_options options = {.fd = 2};
        struct cdn_log *log;
        cordon_status status = cdn_log_open(&log, &options, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_log_close(log);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("log");

    CDN_UNIT_CASE(s, line__is_what_the_header_shows);
    CDN_UNIT_CASE(s, line__escapes_what_is_hostile);
    CDN_UNIT_CASE(s, line__that_is_cut_is_still_whole);
    CDN_UNIT_CASE(s, level__words_are_read_and_written);
    CDN_UNIT_CASE(s, log__writes_what_its_level_lets_through);
    CDN_UNIT_CASE(s, log__counts_repeats_and_says_so);
    CDN_UNIT_CASE(s, log__tells_of_repeats_whose_place_is_taken);
    CDN_UNIT_CASE(s, log__waits_for_no_reader);
    CDN_UNIT_CASE(s, log__says_how_many_it_lost);
    CDN_UNIT_CASE(s, log__lives_with_a_closed_pipe);
    CDN_UNIT_CASE(s, log__takes_lines_from_many_threads);
    CDN_UNIT_CASE(s, open__refuses_a_ring_too_small);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
