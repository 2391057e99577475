/* What every subcommand of `cordon` stands on.
 *
 * A subcommand is one file, cmd_<name>.c, that defines one `struct cdn_command` (help
 * text and function) which commands.c lists.  Its function describes its options in a
 * table of struct cdn_option whose entries point at its own locals, and calls
 * cdn_options_parse(), which also takes the options every command has (--format,
 * --color, -q, -v ...) and answers --help from the same table, so that help and
 * behaviour cannot part.
 *
 * Data goes to cli->out, everything else (diagnostics, progress, reports about the
 * work) to cli->err.  Text that came from outside is escaped before it is shown.
 *
 *     static int run(struct cdn_cli *cli, int argc, char **argv)
 *     {
 *         const char *out_dir = NULL;
 *         uint64_t memory = 0;
 *         const struct cdn_option options[] = {
 *             {"out", 'o', CDN_OPTION_STRING, &out_dir, "DIR", "where the store goes",
 * NULL},
 *             {"memory", 0, CDN_OPTION_SIZE, &memory, "SIZE", "working memory", NULL},
 *         };
 *         int code;
 *
 *         if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
 *             return code;
 *         if (argc == 0)
 *             return cdn_cli_usage(cli, "no data folder given");
 *         ... argv[0] to argv[argc - 1] are what is no option ...
 *     }
 *     const struct cdn_command cdn_command_import = {"import", "...", run, ...};
 */
#ifndef CDN_CLI_CLI_H
#define CDN_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cordon/error.h>
#include <cordon/evaluate.h>

#include "base/buf.h"
#include "base/error.h"

#define CDN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* X(name, number, what --help says): one list for every command. */
#define CDN_EXIT_MAP(X)                                                                \
    X(OK, 0, "success")                                                                \
    X(FINDINGS, 1, "findings: a rule ended in error, damage or a warning was found")   \
    X(USAGE, 2, "wrong usage, or a rule that does not load")                           \
    X(DATA, 3, "bad input data, configuration or environment (also I/O)")              \
    X(LIMIT, 4, "a resource limit stopped the rule")                                   \
    X(SERVER, 5, "the server is not reachable or refused")                             \
    X(INTERRUPTED, 130, "interrupted")

enum cdn_exit {
#define CDN_EXIT_ENUM(name, number, text) CDN_EXIT_##name = (number),
    CDN_EXIT_MAP(CDN_EXIT_ENUM)
#undef CDN_EXIT_ENUM
};

enum cdn_format {
    CDN_FORMAT_AUTO, /* not given */
    CDN_FORMAT_PRETTY,
    CDN_FORMAT_JSON,
    CDN_FORMAT_NDJSON,
    CDN_FORMAT_CSV /* only of commands that offer it */
};

/* 0 of each: not given. */
enum cdn_color_mode { CDN_COLOR_AUTO = 1, CDN_COLOR_ALWAYS, CDN_COLOR_NEVER };
enum cdn_log_format { CDN_LOG_TEXT = 1, CDN_LOG_JSON };

struct cdn_command;
struct cdn_option;

/* One run of the command: the options every subcommand has, and where output goes. */
struct cdn_cli {
    const struct cdn_command *command; /* the one that runs; NULL before it is known */
    FILE *out;
    FILE *err;
    bool out_tty;
    bool err_tty;
    bool out_color; /* resolved from --color, NO_COLOR, TERM and the terminal */
    bool err_color;
    int format;     /* enum cdn_format as given */
    int color;      /* enum cdn_color_mode */
    int log_format; /* enum cdn_log_format: of diagnostics on `err` */
    bool quiet;     /* errors only */
    bool no_progress;
    bool no_input;
    bool help;
    unsigned verbose; /* number of -v */
    /* Told a command's options where it would show its help: cdn_command_describe(). */
    void (*described)(void *ud, const struct cdn_option *options, size_t count);
    void *described_ud;
    cordon_cancel
        *cancel; /* set by SIGINT and SIGTERM; long work polls cdn_cli_stopped() */
};

struct cdn_command {
    const char *name;    /* "import", or "snapshot info" */
    const char *summary; /* one line, no full stop */
    int (*run)(struct cdn_cli *cli, int argc, char **argv); /* argv: behind the name */
    const char *usage; /* "RULE --data STORE [OPTION...]" */
    const char
        *examples; /* lines "cordon ...  # what for"; the first thing --help shows */
    const char *details; /* paragraphs, or NULL */
    const char
        *exits; /* digits of the exit codes it can end with: "0123", 'i' for 130 */
};

extern const struct cdn_command cdn_command_init; /* cmd_init.c */
extern const struct cdn_command cdn_command_check;
extern const struct cdn_command cdn_command_eval;
extern const struct cdn_command cdn_command_backtest; /* cmd_backtest.c */
extern const struct cdn_command cdn_command_repl;     /* cmd_repl.c */
extern const struct cdn_command cdn_command_test;     /* cmd_test.c */
extern const struct cdn_command cdn_command_bench;    /* cmd_bench.c */
extern const struct cdn_command cdn_command_serve;    /* cmd_serve.c */
extern const struct cdn_command cdn_command_import;   /* cmd_import.c */
extern const struct cdn_command cdn_command_generate; /* cmd_generate.c */
extern const struct cdn_command cdn_command_snapshot_info;
extern const struct cdn_command cdn_command_snapshot_verify;
extern const struct cdn_command cdn_command_snapshot_list; /* cmd_generations.c */
extern const struct cdn_command cdn_command_snapshot_pin;
extern const struct cdn_command cdn_command_snapshot_unpin;
extern const struct cdn_command cdn_command_snapshot_gc;
extern const struct cdn_command cdn_command_snapshot_slice; /* cmd_slice.c */
extern const struct cdn_command cdn_command_snapshot_apply; /* cmd_apply.c */
extern const struct cdn_command cdn_command_proposal_list;  /* cmd_proposal.c */
extern const struct cdn_command cdn_command_proposal_show;
extern const struct cdn_command cdn_command_proposal_accept;
extern const struct cdn_command cdn_command_proposal_reject;
extern const struct cdn_command cdn_command_audit_tail; /* cmd_audit.c */
extern const struct cdn_command cdn_command_audit_verify;
extern const struct cdn_command cdn_command_audit_export;
extern const struct cdn_command cdn_command_replay;      /* cmd_replay.c */
extern const struct cdn_command cdn_command_config_init; /* cmd_config.c */
extern const struct cdn_command cdn_command_config_show;
extern const struct cdn_command cdn_command_config_validate;
extern const struct cdn_command cdn_command_token_new; /* cmd_token.c */
extern const struct cdn_command cdn_command_rule_push; /* cmd_rule.c */
extern const struct cdn_command cdn_command_rule_list;
extern const struct cdn_command cdn_command_rule_show;
extern const struct cdn_command cdn_command_rule_history;
extern const struct cdn_command cdn_command_rule_diff;     /* cmd_rule_diff.c */
extern const struct cdn_command cdn_command_rule_activate; /* cmd_rule_state.c */
extern const struct cdn_command cdn_command_rule_rollback;
extern const struct cdn_command cdn_command_rule_pause;
extern const struct cdn_command cdn_command_rule_resume;
extern const struct cdn_command cdn_command_rule_quarantine; /* cmd_rule_trust.c */
extern const struct cdn_command cdn_command_rule_trust;
extern const struct cdn_command cdn_command_rule_kill;
extern const struct cdn_command cdn_command_rollout_start; /* cmd_rollout.c */
extern const struct cdn_command cdn_command_rollout_set;
extern const struct cdn_command cdn_command_rollout_status;
extern const struct cdn_command cdn_command_rollout_promote;
extern const struct cdn_command cdn_command_rollout_abort;
extern const struct cdn_command cdn_command_set_eval;     /* cmd_set.c */
extern const struct cdn_command cdn_command_shadow_start; /* cmd_shadow.c */
extern const struct cdn_command cdn_command_shadow_stop;
extern const struct cdn_command cdn_command_shadow_report;
extern const struct cdn_command cdn_command_doctor;     /* cmd_doctor.c */
extern const struct cdn_command cdn_command_completion; /* cmd_completion.c */
extern const struct cdn_command cdn_command_tier_list;  /* cmd_tier.c */
extern const struct cdn_command cdn_command_tier_probe;
extern const struct cdn_command cdn_command_version;
extern const struct cdn_command cdn_command_help; /* cmd_help.c */

/* All commands in the order help lists them; NULL ends it. */
extern const struct cdn_command *const cdn_commands[];

/* The command by its name of one or two words; NULL: none.  *words: how many it took.
 */
const struct cdn_command *cdn_command_find(int argc, char **argv, int *words);
/* Say that there is no such command, and which there are; returns CDN_EXIT_USAGE. */
int cdn_command_unknown(struct cdn_cli *cli, int argc, char **argv);
/* Call `body` with the options of a command, as it would show them for --help, without those of
 * every command; they are borrowed for the call.  Nothing of the command is done. */
void cdn_command_describe(const struct cdn_command *command,
                          void (*body)(void *ud, const struct cdn_option *options,
                                       size_t count),
                          void *ud);
/* Is it the first of a command's two words? */
bool cdn_command_is_group(const char *word);
/* Everything main() does, to an exit code. */
int cdn_cli_main(struct cdn_cli *cli, int argc, char **argv);
/* Fill `cli` for these streams, reading NO_COLOR and TERM. */
void cdn_cli_init(struct cdn_cli *cli, FILE *out, FILE *err);
/* Print a command's help to cli->out (options.c), and the list of all commands. */
void cdn_help_command(struct cdn_cli *cli, const struct cdn_option *options,
                      size_t count);
/* `group` ("snapshot"): only the commands that start with it; NULL: all. */
void cdn_help_all(struct cdn_cli *cli, FILE *to, const char *group);

/* ---- options ---- */

enum cdn_option_type {
    CDN_OPTION_FLAG,     /* bool: set to true; --no-NAME is not made up */
    CDN_OPTION_COUNT,    /* unsigned: counts its appearances */
    CDN_OPTION_STRING,   /* const char * */
    CDN_OPTION_LIST,     /* struct cdn_strings: may be given many times */
    CDN_OPTION_INTEGER,  /* uint64_t, decimal; 1e6 and 1_000_000 are understood */
    CDN_OPTION_POSITIVE, /* the same, but not 0: for where 0 inside means the default */
    CDN_OPTION_NUMBER,   /* double, finite */
    CDN_OPTION_SIZE,     /* uint64_t bytes, not 0: 512KiB, 4MiB, 65536 */
    CDN_OPTION_DURATION, /* uint64_t nanoseconds, not 0: 5ms, 1s, 250us, 2m */
    CDN_OPTION_TIME,  /* int64_t ms since 1970: ISO 8601 text, a number of ms, or now */
    CDN_OPTION_CHOICE /* int: number of the word in `choices`, from 1 */
};

struct cdn_option {
    const char *name; /* "max-memory"; long names match exactly, no abbreviations */
    char letter;      /* 'd' for -d; 0: none */
    enum cdn_option_type type;
    void *value;          /* of the type above; left alone unless the option is given */
    const char *argument; /* "STORE"; NULL for flags and counts */
    const char *help;     /* one line; NULL hides the option from --help */
    const char *choices;  /* "pretty|json|ndjson" of a choice; else NULL */
};

/* A growing list of borrowed strings. */
struct cdn_strings {
    const char **items;
    size_t count;
};
void cdn_strings_deinit(struct cdn_strings *strings);

/* Parse argv, moving what is no option to its front: afterwards argv[0 .. *argc) are
 * the positional arguments.  "--" ends the options.  An option given twice is an error
 * unless it counts or lists.  False: end now with *code (help was shown, or an error
 * printed). */
bool cdn_options_parse(struct cdn_cli *cli, const struct cdn_option *options,
                       size_t count, int *argc, char **argv, int *code);
/* Drop tests (*_test.lua) from what are to be rules: they lie beside rules, and what
 * a shell makes of *.lua names both.  False: there is nothing else; end now with *code. */
bool cdn_options_leave_out_tests(struct cdn_cli *cli, int *argc, char **argv,
                                 int *code);
/* Only the options every command has, and only up to the first word that is none: what
 * may stand before the command's name.  *taken: how many words it took. */
bool cdn_options_leading(struct cdn_cli *cli, int argc, char **argv, int *taken);
/* The options every command has, for help; they point into `cli`. */
#define CDN_COMMON_OPTIONS 8
void cdn_options_common(struct cdn_cli *cli, struct cdn_option out[CDN_COMMON_OPTIONS]);
/* The words of one option's value as its type says; the message says what would be
 * right. */
cordon_status cdn_option_value(const struct cdn_option *option, const char *text,
                               cordon_error *err);

/* ---- output ---- */

enum cdn_style {
    CDN_STYLE_NONE,
    CDN_STYLE_BOLD,
    CDN_STYLE_DIM,
    CDN_STYLE_RED,
    CDN_STYLE_GREEN,
    CDN_STYLE_YELLOW,
    CDN_STYLE_CYAN
};

/* Print what somebody else wrote as it may be shown to a person: lines and tabs stay, what
 * would move a cursor or turn the order of the text is escaped. */
void cdn_show_text(FILE *to, const void *text, size_t bytes);

/* The sequence that starts a style, or "" without colour; cdn_style_end likewise. */
const char *cdn_style(bool color, enum cdn_style style);
const char *cdn_style_end(bool color);

/* Diagnostics to cli->err: "cordon: error: ..." (or a JSON line with --log-format
 * json). A note is left out with -q, a detail shown only with -v. */
void cdn_cli_error(struct cdn_cli *cli, const char *format, ...) CDN_PRINTF(2, 3);
void cdn_cli_warn(struct cdn_cli *cli, const char *format, ...) CDN_PRINTF(2, 3);
void cdn_cli_note(struct cdn_cli *cli, const char *format, ...) CDN_PRINTF(2, 3);
void cdn_cli_detail(struct cdn_cli *cli, const char *format, ...) CDN_PRINTF(2, 3);
/* The error of a call: file, line and column if it has them, and the message. */
void cdn_cli_error_of(struct cdn_cli *cli, const cordon_error *err);
/* Error, then "see: cordon NAME --help"; returns CDN_EXIT_USAGE. */
int cdn_cli_usage(struct cdn_cli *cli, const char *format, ...) CDN_PRINTF(2, 3);
/* The exit code a status means: E_RULE and E_INVALID 2, everything else 3. */
int cdn_cli_exit_of(cordon_status status);
/* True once SIGINT or SIGTERM arrived: finish what must be whole and return 130. */
bool cdn_cli_stopped(const struct cdn_cli *cli);
/* Flush cli->out; an error (a full disk, a closed pipe) is reported: returns `code`, or
 * CDN_EXIT_DATA. */
int cdn_cli_finish(struct cdn_cli *cli, int code);
/* Print a document (codec/json.h) and a newline to cli->out; returns CDN_EXIT_OK, or
 * CDN_EXIT_DATA and says so if memory ran out. */
int cdn_json_print(struct cdn_cli *cli, const struct cdn_buf *text);

/* file:line:col: severity[code]: message, the source line with a caret, hint.  `source`
 * may be NULL; a message's part behind its first "; " is shown as the hint. */
struct cdn_diagnostic {
    const char *severity; /* "error", "warning" */
    const char *code;     /* "CRD001"; NULL: none */
    const char *file;
    uint32_t line;   /* 0: not known */
    uint32_t column; /* 0: not known */
    const char *message;
    const char *source;
    size_t source_bytes;
};
void cdn_diagnostic_print(FILE *to, bool color,
                          const struct cdn_diagnostic *diagnostic);

/* Where a message's hint starts ("; " excluded); NULL: it has none.  *bytes: the length
 * of the part before it. */
const char *cdn_message_hint(const char *message, size_t *bytes);

/* Text for people: 1,234,567; 12.3 MiB; 4.1 us.  Return out; size >= 32. */
char *cdn_show_count(char *out, size_t size, uint64_t count);
char *cdn_show_bytes(char *out, size_t size, uint64_t bytes);
char *cdn_show_ns(char *out, size_t size, uint64_t ns);

/* A table of text cells, measured before it is printed. */
struct cdn_table {
    size_t columns;
    const char *align;   /* one letter a column: 'l' or 'r' */
    struct cdn_buf text; /* cells, each ended by a NUL */
    size_t cells;
};
void cdn_table_init(struct cdn_table *table, size_t columns, const char *align);
/* The first row added is the header. */
void cdn_table_cell(struct cdn_table *table, const char *format, ...) CDN_PRINTF(2, 3);
/* False: out of memory. */
bool cdn_table_print(const struct cdn_table *table, FILE *to, bool color,
                     unsigned indent);
void cdn_table_deinit(struct cdn_table *table);

/* A progress bar on cli->err: only on a terminal, only after a second, only without -q,
 * --no-progress and the environment variable CI. */
struct cdn_progress {
    struct cdn_cli *cli;
    const char *what;
    uint64_t started_ns;
    uint64_t drawn_ns;
    bool enabled;
    bool drawn;
};
void cdn_progress_begin(struct cdn_progress *progress, struct cdn_cli *cli,
                        const char *what);
/* `done` from 0 to 1; `detail` ("3,400,000 rows") may be NULL.  Cheap if called often.
 */
void cdn_progress_set(struct cdn_progress *progress, double done, const char *detail);
void cdn_progress_end(struct cdn_progress *progress); /* clears the line */

#endif
