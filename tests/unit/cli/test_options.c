/* The options table: every type, every way to write an option, every way to get it
 * wrong. */
#include "support/unit.h"

#include "base/alloc.h"
#include "cli/cli.h"

/* One of each type. */
struct values {
    bool flag;
    const char *text;
    struct cdn_strings list;
    uint64_t integer;
    uint64_t positive;
    double number;
    uint64_t size;
    uint64_t duration;
    int64_t time;
    int choice;
};

struct fixture {
    struct cdn_cli cli;
    struct values values;
    char *out, *err;
    size_t out_bytes, err_bytes;
    int argc;
    char *argv[16];
    char words[16][64];
    int code;
};

static const struct cdn_command command = {.name = "test",
                                           .summary = "tests",
                                           .usage = "",
                                           .examples = "cordon test",
                                           .exits = "0"};

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    cdn_cli_init(&f->cli, open_memstream(&f->out, &f->out_bytes),
                 open_memstream(&f->err, &f->err_bytes));
    f->cli.command = &command;
}

static void teardown(struct fixture *f)
{
    fclose(f->cli.out);
    fclose(f->cli.err);
    free(f->out);
    free(f->err);
    cdn_strings_deinit(&f->values.list);
}

/* Parse a line split at '|'. */
static bool parse(struct fixture *f, const char *line)
{
    const struct cdn_option options[] = {
        {"flag", 'f', CDN_OPTION_FLAG, &f->values.flag, NULL, "h", NULL},
        {"text", 't', CDN_OPTION_STRING, &f->values.text, "T", "h", NULL},
        {"list", 'l', CDN_OPTION_LIST, &f->values.list, "L", "h", NULL},
        {"integer", 'n', CDN_OPTION_INTEGER, &f->values.integer, "N", "h", NULL},
        {"positive", 0, CDN_OPTION_POSITIVE, &f->values.positive, "N", "h", NULL},
        {"number", 0, CDN_OPTION_NUMBER, &f->values.number, "X", "h", NULL},
        {"size", 0, CDN_OPTION_SIZE, &f->values.size, "S", "h", NULL},
        {"duration", 0, CDN_OPTION_DURATION, &f->values.duration, "D", "h", NULL},
        {"time", 0, CDN_OPTION_TIME, &f->values.time, "W", "h", NULL},
        {"choice", 0, CDN_OPTION_CHOICE, &f->values.choice, "C", "h", "a|bb|ccc"},
    };

    f->argc = 0;
    while (*line) {
        size_t length = strcspn(line, "|");

        snprintf(f->words[f->argc], sizeof(f->words[0]), "%.*s", (int)length, line);
        f->argv[f->argc] = f->words[f->argc];
        f->argc++;
        line += length + (line[length] == '|');
    }
    bool good = cdn_options_parse(&f->cli, options, CDN_COUNT(options), &f->argc,
                                  f->argv, &f->code);

    fflush(f->cli.err);
    fflush(f->cli.out);
    return good;
}

START_TEST(parse__takes_every_type)
{
    struct fixture f;

    setup(&f);
    ck_assert(parse(
        &f,
        "--flag|--text=a=b|--list|x|--list=y|--integer|1e6|--positive=2|--number=-0.5|"
        "--size=512KiB|--duration=1.5ms|--time=1970-01-01T00:00:02Z|"
        "--choice|bb"));
    ck_assert(f.values.flag);
    ck_assert_str_eq(f.values.text, "a=b");
    ck_assert_uint_eq(f.values.list.count, 2);
    ck_assert_str_eq(f.values.list.items[1], "y");
    ck_assert_uint_eq(f.values.integer, 1000000);
    ck_assert_uint_eq(f.values.positive, 2);
    ck_assert(f.values.number == -0.5);
    ck_assert_uint_eq(f.values.size, 524288);
    ck_assert_uint_eq(f.values.duration, 1500000);
    ck_assert_int_eq(f.values.time, 2000);
    ck_assert_int_eq(f.values.choice, 2);
    ck_assert_int_eq(f.argc, 0);
    teardown(&f);
}
END_TEST

START_TEST(parse__moves_positionals_to_the_front)
{
    struct fixture f;

    setup(&f);
    ck_assert(parse(&f, "one|-f|two|-t|v|-|--|--flag|-x"));
    ck_assert_int_eq(f.argc, 5);
    ck_assert_str_eq(f.argv[0], "one");
    ck_assert_str_eq(f.argv[1], "two");
    ck_assert_str_eq(f.argv[2], "-");
    ck_assert_str_eq(f.argv[3], "--flag");
    ck_assert_str_eq(f.argv[4], "-x");
    teardown(&f);
}
END_TEST

START_TEST(parse__takes_short_options_in_every_form)
{
    struct fixture f;

    setup(&f);
    ck_assert(parse(&f, "-qvfn7|-vv|-tvalue|-l=x|-l|-"));
    ck_assert(f.cli.quiet && f.values.flag);
    ck_assert_uint_eq(f.cli.verbose, 3);
    ck_assert_uint_eq(f.values.integer, 7);
    ck_assert_str_eq(f.values.text, "value");
    ck_assert_str_eq(f.values.list.items[0], "x");
    ck_assert_str_eq(f.values.list.items[1], "-");
    teardown(&f);
}
END_TEST

static const struct {
    const char *line;
    const char *message; /* part of it */
} bad[] = {
    {"--flg", "unknown option '--flg'; did you mean '--flag'?"},
    {"--nothinglikeit", "unknown option '--nothinglikeit'"},
    {"-x", "unknown option '-x'"},
    {"-fx", "unknown option '-x' in '-fx'"},
    {"--fla", "unknown option '--fla'"},
    {"--flag=1", "--flag takes no value"},
    {"--text", "--text needs a value: --text T"},
    {"-t", "--text needs a value"},
    {"--text|--flag", "write --text=--flag"},
    {"--text|a|--text|b", "--text is given twice"},
    {"--flag|-f", "--flag is given twice"},
    {"--integer=", "'' is not a value of --integer"},
    {"--integer=-1", "a whole number"},
    {"--integer=1.5", "a whole number"},
    {"--integer=18446744073709551616", "a whole number"},
    {"--integer=1e20", "a whole number"},
    {"--integer=1e", "a whole number"},
    {"--integer=1x", "a whole number"},
    {"--positive=0",
     "'0' is not a value of --positive; it takes a whole number from 1"},
    {"--positive=0e5", "from 1"},
    {"--positive=-1", "from 1"},
    {"--size=0", "a size such as 512KiB, 4MiB or 65536, above 0"},
    {"--size=0MiB", "above 0"},
    {"--duration=0ms", "a time with its unit such as 250us, 5ms or 1s, above 0"},
    {"--duration=0.0s", "above 0"},
    {"--number=nan", "a number such as"},
    {"--number=inf", "a number such as"},
    {"--number=1,5", "a number such as"},
    {"--size=5 apples", "a size such as"},
    {"--duration=5", "a time with its unit"},
    {"--duration=ms", "a time with its unit"},
    {"--duration=1.0000001ms", "a time with its unit"},
    {"--duration=-1s", "a time with its unit"},
    {"--duration=99999999999h", "a time with its unit"},
    {"--time=tomorrow", "a time such as"},
    {"--time=", "a time such as"},
    {"--time=-9223372036854775808", "a time such as"},
    {"--choice=d", "it takes a|bb|ccc"},
    {"--choice=", "it takes a|bb|ccc"},
    {"--choice=a|b", "it takes a|bb|ccc"},
    {"--format=xml", "it takes pretty|json|ndjson"},
    {"--color=perhaps", "it takes auto|always|never"},
};

START_TEST(parse__says_what_is_wrong_and_what_is_right)
{
    struct fixture f;

    setup(&f);
    /* one word holds a '|': it is given whole */
    if (!strcmp(bad[_i].line, "--choice=a|b")) {
        const struct cdn_option option = {
            "choice", 0, CDN_OPTION_CHOICE, &f.values.choice, "C", "h", "a|bb|ccc"};
        cordon_error err;

        ck_assert_int_eq(cdn_option_value(&option, "a|bb", &err), CORDON_E_INVALID);
        ck_assert_ptr_nonnull(strstr(err.message, bad[_i].message));
    } else {
        ck_assert(!parse(&f, bad[_i].line));
        ck_assert_int_eq(f.code, CDN_EXIT_USAGE);
        ck_assert_msg(strstr(f.err, bad[_i].message) != NULL, "%s", f.err);
        ck_assert_ptr_nonnull(strstr(f.err, "see: cordon test --help"));
        ck_assert_uint_eq(f.out_bytes, 0);
    }
    teardown(&f);
}
END_TEST

static const struct {
    const char *text;
    uint64_t value;
} integers[] = {{"0", 0},
                {"18446744073709551615", UINT64_MAX},
                {"1_000_000", 1000000},
                {"1.5e6", 1500000},
                {"1e19", UINT64_C(10000000000000000000)},
                {"2E3", 2000}},
  durations[] = {{"7ns", 7},
                 {"250us", 250000},
                 {"0.5us", 500},
                 {"5ms", 5000000},
                 {"1s", 1000000000},
                 {"0.000000001s", 1},
                 {"2m", UINT64_C(120000000000)},
                 {"1min", UINT64_C(60000000000)},
                 {"1h", UINT64_C(3600000000000)}};

START_TEST(value__reads_integers_exactly)
{
    uint64_t value = 1;
    const struct cdn_option option = {"n", 0,   CDN_OPTION_INTEGER, &value, "N",
                                      "",  NULL};

    ck_assert_int_eq(cdn_option_value(&option, integers[_i].text, NULL), CORDON_OK);
    ck_assert_uint_eq(value, integers[_i].value);
}
END_TEST

START_TEST(value__reads_durations_exactly)
{
    uint64_t value = 1;
    const struct cdn_option option = {"d", 0,   CDN_OPTION_DURATION, &value, "D",
                                      "",  NULL};

    ck_assert_int_eq(cdn_option_value(&option, durations[_i].text, NULL), CORDON_OK);
    ck_assert_uint_eq(value, durations[_i].value);
}
END_TEST

START_TEST(parse__answers_help_before_anything_else_is_asked)
{
    struct fixture f;

    setup(&f);
    ck_assert(!parse(&f, "--help"));
    ck_assert_int_eq(f.code, CDN_EXIT_OK);
    ck_assert_uint_gt(f.out_bytes, 0);
    teardown(&f);
}
END_TEST

START_TEST(color__follows_option_environment_and_terminal)
{
    struct fixture f;

    setup(&f);
    ck_assert(!f.cli.out_color);
    ck_assert(parse(&f, "--color=always"));
    ck_assert(f.cli.out_color && f.cli.err_color);
    f.cli.out_tty = true;
    f.cli.color = 0;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    ck_assert(parse(&f, "--color=auto"));
    ck_assert(f.cli.out_color);
    setenv("NO_COLOR", "1", 1);
    ck_assert(parse(&f, "--color=auto"));
    ck_assert(!f.cli.out_color);
    ck_assert(parse(&f, "--color=never"));
    ck_assert(!f.cli.out_color);
    teardown(&f);
}
END_TEST

START_TEST(rules__leave_out_the_tests_beside_them)
{
    struct fixture f;

    setup(&f);
    ck_assert(
        parse(&f, "a.lua|a_test.lua|_test.lua|b_test.lua.bak|c/d_test.lua|e.lua"));
    ck_assert(cdn_options_leave_out_tests(&f.cli, &f.argc, f.argv, &f.code));
    ck_assert_int_eq(f.argc, 4);
    ck_assert_str_eq(f.argv[0], "a.lua");
    ck_assert_str_eq(f.argv[1], "_test.lua"); /* a rule with an odd name */
    ck_assert_str_eq(f.argv[2], "b_test.lua.bak");
    ck_assert_str_eq(f.argv[3], "e.lua");
    teardown(&f);

    setup(&f);
    ck_assert(parse(&f, ""));
    f.argc = 0;
    ck_assert(cdn_options_leave_out_tests(&f.cli, &f.argc, f.argv, &f.code));
    ck_assert_int_eq(f.argc, 0);
    teardown(&f);

    setup(&f);
    ck_assert(parse(&f, "a_test.lua"));
    ck_assert(!cdn_options_leave_out_tests(&f.cli, &f.argc, f.argv, &f.code));
    ck_assert_int_eq(f.code, CDN_EXIT_USAGE);
    fflush(f.cli.err);
    ck_assert_ptr_nonnull(strstr(f.err, "run it: cordon test a_test.lua"));
    teardown(&f);
}
END_TEST

START_TEST(leading__stops_at_the_first_word)
{
    struct fixture f;
    char quiet[] = "-q", format[] = "--format", json[] = "json", word[] = "eval",
         later[] = "--data";
    char *argv[] = {quiet, format, json, word, later};
    int taken;

    setup(&f);
    ck_assert(cdn_options_leading(&f.cli, 5, argv, &taken));
    ck_assert_int_eq(taken, 3);
    ck_assert(f.cli.quiet);
    ck_assert_int_eq(f.cli.format, CDN_FORMAT_JSON);
    teardown(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("options");

    CDN_UNIT_CASE(s, parse__takes_every_type);
    CDN_UNIT_CASE(s, parse__moves_positionals_to_the_front);
    CDN_UNIT_CASE(s, parse__takes_short_options_in_every_form);
    CDN_UNIT_LOOP(s, parse__says_what_is_wrong_and_what_is_right, 0,
                  CDN_UNIT_COUNT(bad));
    CDN_UNIT_LOOP(s, value__reads_integers_exactly, 0, CDN_UNIT_COUNT(integers));
    CDN_UNIT_LOOP(s, value__reads_durations_exactly, 0, CDN_UNIT_COUNT(durations));
    CDN_UNIT_CASE(s, parse__answers_help_before_anything_else_is_asked);
    CDN_UNIT_CASE(s, color__follows_option_environment_and_terminal);
    CDN_UNIT_CASE(s, rules__leave_out_the_tests_beside_them);
    CDN_UNIT_CASE(s, leading__stops_at_the_first_word);
    return s;
}

CDN_UNIT_MAIN(suite)
