/* Command-line options, from one table.
 *
 * A command's table and the common one are searched together.  Long options match
 * exactly: abbreviations would make every new option a change of meaning for somebody's
 * script. Positional arguments and options may stand in any order; "--" ends the
 * options. Cost: linear in words times options, which is nothing.
 *
 * Left out: getopt_long, which keeps global state, prints by itself, abbreviates, and
 * knows neither types nor "did you mean". */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/suggest.h"
#include "base/time.h"

#define MAX_OPTIONS 64

struct parser {
    struct cdn_cli *cli;
    struct cdn_option common[CDN_COMMON_OPTIONS];
    const struct cdn_option *all[MAX_OPTIONS];
    bool seen[MAX_OPTIONS];
    size_t count;
    int argc;
    char **argv;
    int at;
};

void cdn_options_common(struct cdn_cli *cli, struct cdn_option out[CDN_COMMON_OPTIONS])
{
    const struct cdn_option common[CDN_COMMON_OPTIONS] = {
        {"format", 0, CDN_OPTION_CHOICE, &cli->format, "FORMAT",
         "pretty, json or ndjson (one JSON text a line)", "pretty|json|ndjson"},
        {"color", 0, CDN_OPTION_CHOICE, &cli->color, "WHEN",
         "auto, always or never; NO_COLOR is respected", "auto|always|never"},
        {"quiet", 'q', CDN_OPTION_FLAG, &cli->quiet, NULL, "errors only", NULL},
        {"verbose", 'v', CDN_OPTION_COUNT, &cli->verbose, NULL,
         "say more; may be repeated", NULL},
        {"log-format", 0, CDN_OPTION_CHOICE, &cli->log_format, "FORMAT",
         "text or json: how diagnostics on stderr are written", "text|json"},
        {"no-progress", 0, CDN_OPTION_FLAG, &cli->no_progress, NULL, "no progress bar",
         NULL},
        {"no-input", 0, CDN_OPTION_FLAG, &cli->no_input, NULL, "never ask anything",
         NULL},
        {"help", 'h', CDN_OPTION_FLAG, &cli->help, NULL, "show this text", NULL},
    };

    memcpy(out, common, sizeof(common));
}

/* ---- values ---- */

/* Decimal digits with optional fraction, times 10^scale, as an exact integer.
 * Underscores may separate digits.  Steps *text past what it read. */
static bool parse_scaled(uint64_t *out, const char **text, unsigned scale)
{
    const char *at = *text;
    uint64_t value = 0;
    unsigned fraction = 0;
    bool digits = false, point = false;

    for (; *at; at++) {
        if (*at >= '0' && *at <= '9') {
            if (point && fraction == scale)
                return false;
            if (__builtin_mul_overflow(value, 10u, &value) ||
                __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
                return false;
            fraction += point;
            digits = true;
        } else if (*at == '.' && !point && digits) {
            point = true;
        } else if (*at != '_' || !digits) {
            break;
        }
    }
    for (; fraction < scale; fraction++) {
        if (__builtin_mul_overflow(value, 10u, &value))
            return false;
    }
    *text = at;
    *out = value;
    return digits;
}

/* The digits of an exponent at *text, "e6"; 0 if there is none. */
static bool parse_exponent(unsigned *out, const char *text)
{
    const char *e = strpbrk(text, "eE");
    char *end;
    unsigned long exponent;

    *out = 0;
    if (!e)
        return true;
    if (e[1] < '0' || e[1] > '9')
        return false;
    exponent = strtoul(e + 1, &end, 10);
    if (*end || exponent > 19)
        return false;
    *out = (unsigned)exponent;
    return true;
}

static bool parse_integer(uint64_t *out, const char *text)
{
    unsigned exponent;

    if (!parse_exponent(&exponent, text) || !parse_scaled(out, &text, exponent))
        return false;
    return *text == '\0' || ((*text == 'e' || *text == 'E') && exponent > 0);
}

static bool parse_duration_ns(uint64_t *out, const char *text)
{
    static const struct {
        const char *unit;
        unsigned scale;
        uint64_t times;
    } units[] = {{"ns", 0, 1}, {"us", 3, 1},   {"\xc2\xb5s", 3, 1}, {"ms", 6, 1},
                 {"s", 9, 1},  {"min", 9, 60}, {"m", 9, 60},        {"h", 9, 3600}};
    const char *unit = text + strspn(text, "0123456789._");

    for (size_t i = 0; i < CDN_COUNT(units); i++) {
        if (strcmp(unit, units[i].unit))
            continue;
        return parse_scaled(out, &text, units[i].scale) && text == unit &&
               !__builtin_mul_overflow(*out, units[i].times, out);
    }
    return false;
}

static bool parse_time(int64_t *out, const char *text)
{
    char *end;

    if (!strcmp(text, "now")) {
        *out = cdn_clock_wall_ms();
        return true;
    }
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (*text && !*end && !errno && (*text == '-' || (*text >= '0' && *text <= '9')))
        return *out != CORDON_NO_TIME;
    return cdn_time_parse(out, text, strlen(text));
}

static bool parse_number(double *out, const char *text)
{
    char *end;

    *out = strtod(text, &end);
    return *text && !*end && isfinite(*out) && *text != ' ';
}

/* The number of `text` among "a|b|c", from 1; 0: not there. */
static int choice_of(const char *choices, const char *text)
{
    size_t bytes = strlen(text);

    for (int number = 1;; number++) {
        size_t length = strcspn(choices, "|");

        if (length == bytes && !memcmp(choices, text, bytes))
            return number;
        if (!choices[length])
            return 0;
        choices += length + 1;
    }
}

static bool strings_add(struct cdn_strings *strings, const char *text)
{
    const char **items =
        cdn_realloc_array(strings->items, strings->count + 1, sizeof(*items));

    if (!items)
        return false;
    strings->items = items;
    strings->items[strings->count++] = text;
    return true;
}

void cdn_strings_deinit(struct cdn_strings *strings)
{
    cdn_free(strings->items);
    *strings = (struct cdn_strings){NULL, 0};
}

cordon_status cdn_option_value(const struct cdn_option *option, const char *text,
                               cordon_error *err)
{
    const char *right = NULL;
    uint64_t amount;

    switch (option->type) {
    case CDN_OPTION_FLAG:
        *(bool *)option->value = true;
        break;
    case CDN_OPTION_COUNT:
        ++*(unsigned *)option->value;
        break;
    case CDN_OPTION_STRING:
        *(const char **)option->value = text;
        break;
    case CDN_OPTION_LIST:
        if (!strings_add(option->value, text))
            return cdn_error_nomem(err);
        break;
    case CDN_OPTION_INTEGER:
        if (!parse_integer(option->value, text))
            right = "a whole number such as 1000, 1e6 or 1_000_000";
        break;
    case CDN_OPTION_POSITIVE:
        if (!parse_integer(&amount, text) || !amount)
            right = "a whole number from 1, such as 1000, 1e6 or 1_000_000";
        else
            *(uint64_t *)option->value = amount;
        break;
    case CDN_OPTION_NUMBER:
        if (!parse_number(option->value, text))
            right = "a number such as 0.5";
        break;
    case CDN_OPTION_SIZE:
        if (!cdn_size_parse(&amount, text, strlen(text)) || !amount)
            right = "a size such as 512KiB, 4MiB or 65536, above 0";
        else
            *(uint64_t *)option->value = amount;
        break;
    case CDN_OPTION_DURATION:
        if (!parse_duration_ns(&amount, text) || !amount)
            right = "a time with its unit such as 250us, 5ms or 1s, above 0";
        else
            *(uint64_t *)option->value = amount;
        break;
    case CDN_OPTION_TIME:
        if (!parse_time(option->value, text))
            right =
                "a time such as 2026-11-24T02:29:00Z, 1795487340000 (ms since 1970) "
                "or now";
        break;
    case CDN_OPTION_CHOICE: {
        int number = choice_of(option->choices, text);

        if (number)
            *(int *)option->value = number;
        else
            right = option->choices;
        break;
    }
    }
    if (right)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%s' is not a value of --%s; it takes %s", text,
                             option->name, right);
    return CORDON_OK;
}

/* ---- words ---- */

static bool takes_value(const struct cdn_option *option)
{
    return option->type != CDN_OPTION_FLAG && option->type != CDN_OPTION_COUNT;
}

static bool repeats(const struct cdn_option *option)
{
    return option->type == CDN_OPTION_LIST || option->type == CDN_OPTION_COUNT;
}

static bool apply(struct parser *parser, size_t number, const char *text)
{
    const struct cdn_option *option = parser->all[number];
    cordon_error err;

    if (parser->seen[number] && !repeats(option)) {
        cdn_cli_usage(parser->cli, "--%s is given twice", option->name);
        return false;
    }
    parser->seen[number] = true;
    if (cdn_option_value(option, text, &err)) {
        cdn_cli_usage(parser->cli, "%s", err.message);
        return false;
    }
    return true;
}

/* The value of an option that stands in a word of its own. */
static const char *next_word(struct parser *parser, const struct cdn_option *option)
{
    const char *word = parser->at < parser->argc ? parser->argv[parser->at] : NULL;

    if (!word) {
        cdn_cli_usage(parser->cli, "--%s needs a value: --%s %s", option->name,
                      option->name, option->argument);
        return NULL;
    }
    if (!strncmp(word, "--", 2)) {
        cdn_cli_usage(parser->cli,
                      "--%s needs a value: --%s %s; found '%s' (write --%s=%s "
                      "if that is meant)",
                      option->name, option->name, option->argument, word, option->name,
                      word);
        return NULL;
    }
    parser->at++;
    return word;
}

static bool long_option(struct parser *parser, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : NULL;
    struct cdn_suggest suggest;
    char name[128], hint[160];

    for (size_t i = 0; i < parser->count; i++) {
        const struct cdn_option *option = parser->all[i];

        if (strlen(option->name) != length || memcmp(option->name, word, length))
            continue;
        if (!takes_value(option)) {
            if (value) {
                cdn_cli_usage(parser->cli, "--%s takes no value", option->name);
                return false;
            }
        } else if (!value) {
            value = next_word(parser, option);
            if (!value)
                return false;
        }
        return apply(parser, i, value);
    }
    snprintf(name, sizeof(name), "%.*s", (int)(length < 100 ? length : 100), word);
    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < parser->count; i++)
        cdn_suggest_offer(&suggest, parser->all[i]->name);
    if (suggest.best)
        snprintf(hint, sizeof(hint), "; did you mean '--%s'?", suggest.best);
    else
        hint[0] = '\0';
    cdn_cli_usage(parser->cli, "unknown option '--%s'%s", name, hint);
    return false;
}

/* "-q", "-vv", "-qv", "-d STORE" or "-dSTORE". */
static bool short_options(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct cdn_option *option = NULL;
        size_t i;

        for (i = 0; i < parser->count && !option; i++) {
            if (parser->all[i]->letter == *letter)
                option = parser->all[i];
        }
        if (!option) {
            cdn_cli_usage(parser->cli, "unknown option '-%c' in '%s'", *letter, word);
            return false;
        }
        i--;
        if (takes_value(option)) {
            const char *value =
                letter[1] ? letter + 1 + (letter[1] == '=') : next_word(parser, option);

            return value && apply(parser, i, value);
        }
        if (!apply(parser, i, NULL))
            return false;
    }
    return true;
}

static void parser_init(struct parser *parser, struct cdn_cli *cli,
                        const struct cdn_option *options, size_t count, int argc,
                        char **argv)
{
    memset(parser, 0, sizeof(*parser));
    parser->cli = cli;
    parser->argc = argc;
    parser->argv = argv;
    cdn_options_common(cli, parser->common);
    for (size_t i = 0; i < count && parser->count < MAX_OPTIONS; i++)
        parser->all[parser->count++] = &options[i];
    for (size_t i = 0; i < CDN_COMMON_OPTIONS && parser->count < MAX_OPTIONS; i++)
        parser->all[parser->count++] = &parser->common[i];
}

/* After any --color: what the streams get. */
static void resolve_color(struct cdn_cli *cli)
{
    const char *none = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool plain = (none && *none) || (term && !strcmp(term, "dumb"));

    cli->out_color = cli->color == CDN_COLOR_ALWAYS ||
                     (cli->color != CDN_COLOR_NEVER && cli->out_tty && !plain);
    cli->err_color = cli->color == CDN_COLOR_ALWAYS ||
                     (cli->color != CDN_COLOR_NEVER && cli->err_tty && !plain);
}

void cdn_cli_init(struct cdn_cli *cli, FILE *out, FILE *err)
{
    int out_fd = fileno(out), err_fd = fileno(err);

    memset(cli, 0, sizeof(*cli));
    cli->out = out;
    cli->err = err;
    cli->out_tty = out_fd >= 0 && isatty(out_fd);
    cli->err_tty = err_fd >= 0 && isatty(err_fd);
    resolve_color(cli);
}

bool cdn_options_parse(struct cdn_cli *cli, const struct cdn_option *options,
                       size_t count, int *argc, char **argv, int *code)
{
    struct parser parser;
    int positional = 0;

    *code = CDN_EXIT_USAGE;
    parser_init(&parser, cli, options, count, *argc, argv);
    while (parser.at < parser.argc) {
        char *word = argv[parser.at++];
        bool good = true;

        if (!strcmp(word, "--")) {
            while (parser.at < parser.argc)
                argv[positional++] = argv[parser.at++];
        } else if (!strncmp(word, "--", 2)) {
            good = long_option(&parser, word + 2);
        } else if (word[0] == '-' && word[1]) {
            good = short_options(&parser, word);
        } else {
            argv[positional++] = word;
        }
        if (!good)
            return false;
        resolve_color(cli);
    }
    *argc = positional;
    if (cli->help) {
        if (cli->described)
            cli->described(cli->described_ud, options, count);
        else
            cdn_help_command(cli, options, count);
        *code = cdn_cli_finish(cli, CDN_EXIT_OK);
        return false;
    }
    return true;
}

bool cdn_options_leave_out_tests(struct cdn_cli *cli, int *argc, char **argv, int *code)
{
    static const char test[] = "_test.lua";
    const char *left_out = NULL;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        size_t length = strlen(argv[i]);

        if (length < sizeof test ||
            strcmp(argv[i] + length - (sizeof test - 1), test) != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        left_out = argv[i];
        cdn_cli_detail(cli, "%s is a test, not a rule, and left out", left_out);
    }
    *argc = kept;
    if (kept || !left_out)
        return true;
    *code = cdn_cli_usage(cli, "%s is a test, not a rule; run it: cordon test %s",
                          left_out, left_out);
    return false;
}

bool cdn_options_leading(struct cdn_cli *cli, int argc, char **argv, int *taken)
{
    struct parser parser;

    parser_init(&parser, cli, NULL, 0, argc, argv);
    while (parser.at < argc && argv[parser.at][0] == '-' && argv[parser.at][1]) {
        const char *word = argv[parser.at++];
        bool good = !strncmp(word, "--", 2) ? long_option(&parser, word + 2)
                                            : short_options(&parser, word);

        if (!good)
            return false;
    }
    resolve_color(cli);
    *taken = parser.at;
    return true;
}
