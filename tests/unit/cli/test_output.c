/* Text for people: exact shapes, and nothing from outside that reaches a terminal raw.
 */
#include "support/unit.h"

#include "cli/cli.h"

struct memory {
    FILE *file;
    char *text;
    size_t bytes;
};

static void open_memory(struct memory *memory)
{
    memory->file = open_memstream(&memory->text, &memory->bytes);
}

static const char *read_memory(struct memory *memory)
{
    fflush(memory->file);
    return memory->text;
}

static void close_memory(struct memory *memory)
{
    fclose(memory->file);
    free(memory->text);
}

START_TEST(diagnostic__shows_place_excerpt_and_hint)
{
    static const char source[] = "return {\n\tname = 1,\n}\n";
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .code = "CRD003",
        .file = "r.lua",
        .line = 2,
        .column = 9,
        .message = "name is a number; it must be a string",
        .source = source,
        .source_bytes = sizeof(source) - 1,
    };
    struct memory to;

    open_memory(&to);
    cdn_diagnostic_print(to.file, false, &diagnostic);
    ck_assert_str_eq(read_memory(&to), "r.lua:2:9: error[CRD003]: name is a number\n"
                                       "    2 |  name = 1,\n"
                                       "      |         ^\n"
                                       "hint: it must be a string\n");
    close_memory(&to);
}
END_TEST

START_TEST(diagnostic__leaves_out_what_is_not_known)
{
    const struct cdn_diagnostic diagnostic = {.severity = "warning", .message = "odd"};
    struct memory to;

    open_memory(&to);
    cdn_diagnostic_print(to.file, false, &diagnostic);
    ck_assert_str_eq(read_memory(&to), "warning: odd\n");
    close_memory(&to);
}
END_TEST

/* Lines that are not there, empty sources, lines without an end. */
static const uint32_t lines[] = {0, 1, 2, 3, 4, UINT32_MAX};

START_TEST(diagnostic__bears_any_line_number)
{
    char *source = cdn_unit_exact("a\nb", 3);
    struct cdn_diagnostic diagnostic = {.severity = "error",
                                        .file = "f",
                                        .line = lines[_i],
                                        .column = UINT32_MAX,
                                        .message = "m",
                                        .source = source,
                                        .source_bytes = 3};
    struct memory to;

    open_memory(&to);
    cdn_diagnostic_print(to.file, false, &diagnostic);
    ck_assert_int_eq(strstr(read_memory(&to), " | ") != NULL,
                     lines[_i] == 1 || lines[_i] == 2);
    diagnostic.source_bytes = 0;
    cdn_diagnostic_print(to.file, false, &diagnostic);
    close_memory(&to);
    free(source);
}
END_TEST

START_TEST(diagnostic__escapes_the_terminal)
{
    const struct cdn_diagnostic diagnostic = {.severity = "error",
                                              .file = "\033[2Jf",
                                              .line = 1,
                                              .message = "a\033[31m; b\033]0;",
                                              .source = "x\033[1m\xff",
                                              .source_bytes = 6};
    struct memory to;

    open_memory(&to);
    cdn_diagnostic_print(to.file, false, &diagnostic);
    ck_assert_ptr_null(strchr(read_memory(&to), '\033'));
    ck_assert_ptr_nonnull(strstr(to.text, "\\x1b"));
    close_memory(&to);
}
END_TEST

START_TEST(say__escapes_and_obeys_quiet)
{
    struct memory out, err;
    struct cdn_cli cli;

    open_memory(&out);
    open_memory(&err);
    cdn_cli_init(&cli, out.file, err.file);
    cdn_cli_error(&cli, "bad %s", "\033[1m");
    ck_assert_str_eq(read_memory(&err), "cordon: error: bad \\x1b[1m\n");
    cdn_cli_detail(&cli, "only when verbose");
    cli.quiet = true;
    cdn_cli_note(&cli, "not when quiet");
    ck_assert_str_eq(read_memory(&err), "cordon: error: bad \\x1b[1m\n");
    cli.log_format = CDN_LOG_JSON;
    cdn_cli_warn(&cli, "w \"q\"");
    ck_assert_ptr_nonnull(strstr(
        read_memory(&err), "{\"level\":\"warning\",\"message\":\"w \\\"q\\\"\"}\n"));
    close_memory(&out);
    close_memory(&err);
}
END_TEST

static const struct {
    uint64_t value;
    const char *count;
    const char *bytes;
    const char *ns;
} shown[] = {
    {0, "0", "0 B", "0 ns"},
    {999, "999", "999 B", "999 ns"},
    {1000, "1,000", "1000 B", "1.0 us"},
    {1024, "1,024", "1 KiB", "1.0 us"},
    {1536, "1,536", "1.5 KiB", "1.5 us"},
    {999949, "999,949", "976.5 KiB", "999.9 us"},
    {999950, "999,950", "976.5 KiB", "1.0 ms"},
    {1048576, "1,048,576", "1 MiB", "1.0 ms"},
    {1500000000, "1,500,000,000", "1.4 GiB", "1.50 s"},
    {UINT64_MAX, "18,446,744,073,709,551,615", "16777216 TiB", "18446744073.71 s"},
};

START_TEST(show__rounds_as_people_do)
{
    char text[32];

    ck_assert_str_eq(cdn_show_count(text, sizeof(text), shown[_i].value),
                     shown[_i].count);
    ck_assert_str_eq(cdn_show_bytes(text, sizeof(text), shown[_i].value),
                     shown[_i].bytes);
    ck_assert_str_eq(cdn_show_ns(text, sizeof(text), shown[_i].value), shown[_i].ns);
}
END_TEST

START_TEST(table__aligns_by_characters)
{
    struct cdn_table table;
    struct memory to;

    open_memory(&to);
    cdn_table_init(&table, 3, "lrl");
    cdn_table_cell(&table, "a");
    cdn_table_cell(&table, "%s", "n");
    cdn_table_cell(&table, "x");
    cdn_table_cell(&table, "\xc3\xa4\xc3\xb6");
    cdn_table_cell(&table, "%d", 100);
    cdn_table_cell(&table, "yy");
    ck_assert(cdn_table_print(&table, to.file, false, 1));
    ck_assert_str_eq(read_memory(&to), " a     n  x\n \xc3\xa4\xc3\xb6  100  yy\n");
    cdn_table_deinit(&table);
    close_memory(&to);
}
END_TEST

START_TEST(progress__is_silent_without_a_terminal)
{
    struct memory out, err;
    struct cdn_cli cli;
    struct cdn_progress progress;

    open_memory(&out);
    open_memory(&err);
    cdn_cli_init(&cli, out.file, err.file);
    cdn_progress_begin(&progress, &cli, "importing");
    progress.started_ns = 0;
    cdn_progress_set(&progress, 0.5, "rows");
    cdn_progress_end(&progress);
    read_memory(&err);
    ck_assert_uint_eq(err.bytes, 0);
    cli.err_tty = true;
    unsetenv("CI");
    cdn_progress_begin(&progress, &cli, "importing");
    progress.started_ns = 0; /* long ago */
    cdn_progress_set(&progress, 0.5, "rows");
    ck_assert_ptr_nonnull(
        strstr(read_memory(&err), "importing [############............]  50%  rows"));
    cdn_progress_end(&progress);
    close_memory(&out);
    close_memory(&err);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("output");

    CDN_UNIT_CASE(s, diagnostic__shows_place_excerpt_and_hint);
    CDN_UNIT_CASE(s, diagnostic__leaves_out_what_is_not_known);
    CDN_UNIT_LOOP(s, diagnostic__bears_any_line_number, 0, CDN_UNIT_COUNT(lines));
    CDN_UNIT_CASE(s, diagnostic__escapes_the_terminal);
    CDN_UNIT_CASE(s, say__escapes_and_obeys_quiet);
    CDN_UNIT_LOOP(s, show__rounds_as_people_do, 0, CDN_UNIT_COUNT(shown));
    CDN_UNIT_CASE(s, table__aligns_by_characters);
    CDN_UNIT_CASE(s, progress__is_silent_without_a_terminal);
    return s;
}

CDN_UNIT_MAIN(suite)
