/* cordon repl: looking around in a graph, a line at a time.
 *
 *     cmd_repl.c   options
 *     loop.c       from lines to inputs, from a terminal or anything else
 *     input.c      what an input is: an expression, statements, half of either, or wrong
 *     evaluate.c   an input in the console, and what it is told to have done
 *     print.c      what it gave, for people and as JSON
 *     commands.c   words behind a ':', and help.c the manual behind :help
 *     look.c       what there is to look at: schema, nodes, samples, the snapshot, limits
 *     rules.c      a rule loaded, run on a node, explained, and run again when its file changes
 *     save.c       the rule's last run as a test, and dot.c a neighbourhood as a picture
 *     editor.c     the line editor, its history and what it completes (complete.c)
 *
 * Who keeps state between inputs is the console (console/console.h); rules go through an
 * engine, as `cordon eval` has them, with the limits of production.  What belongs to one
 * snapshot, console and rule's binding, is made anew with it (cdn_repl_open).
 *
 * Everything printed that came from elsewhere is escaped, and bounded.  Errors are told on
 * cli->err and never end a session; `code` is the last one's exit code. */
#ifndef CDN_CLI_REPL_REPL_H
#define CDN_CLI_REPL_REPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/eval.h"
#include "cli/session.h"
#include "cli/traced.h"
#include "console/console.h"

struct cdn_editor;

#define CDN_REPL_LOCALS 64 /* names remembered */

struct cdn_repl {
    struct cdn_cli *cli;
    struct cdn_session session; /* options, the snapshot, and the engine of rules */
    struct cdn_buf data_path;   /* what `session.data` points to, if :data said so */
    struct cdn_console *console;
    struct cdn_budget budget; /* of an input */
    int profile;              /* 1 online, 2 batch, 3 repl; the flags stand above it */
    cordon_outcome *outcome;  /* of the last input */
    cordon_cancel cancel;     /* of what is being evaluated */
    bool interactive;
    bool quit;
    bool usage, json; /* shown after each evaluation; as JSON */
    int explain;      /* as cdn_traced_options has it */
    bool profiling;
    int code;
    struct cdn_request subject; /* what :node and :input say */
    /* the rule */
    struct cdn_eval_rule rule;
    struct cdn_buf rule_path; /* "" or what `rule.file` points to */
    bool rule_loaded;
    bool has_run;           /* the next two are of its last run */
    struct cdn_request ran; /* with its time and seed */
    cordon_outcome *rule_outcome;
    /* names of locals of earlier inputs, the oldest overwritten */
    char locals[CDN_REPL_LOCALS][65];
    uint32_t local_count;
    struct cdn_buf pending;    /* lines of an input that is not complete */
    struct cdn_editor *editor; /* NULL: not a terminal */
};

/* ---- loop.c ---- */

/* Open a store: the engine with the snapshot, and a console.  If it fails, what was there
 * stands.  An exit code, the error told. */
int cdn_repl_open(struct cdn_repl *repl, const char *data);
/* A console without what was set, on the same snapshot.  False: it is told why. */
bool cdn_repl_reset(struct cdn_repl *repl);
/* Read and answer until the end; an exit code. */
int cdn_repl_loop(struct cdn_repl *repl);
/* Answer one whole line, a command's or part of an input. */
void cdn_repl_take_line(struct cdn_repl *repl, const char *line, size_t bytes);
/* Note and tell an error. */
void cdn_repl_fail(struct cdn_repl *repl, int code, const char *format, ...)
    CDN_PRINTF(3, 4);
void cdn_repl_fail_of(struct cdn_repl *repl, const cordon_error *err);

/* ---- input.c ---- */

enum cdn_input_kind {
    CDN_INPUT_EMPTY,
    CDN_INPUT_EXPRESSION, /* right with `return` before it */
    CDN_INPUT_STATEMENTS,
    CDN_INPUT_INCOMPLETE, /* goes on in the next line */
    CDN_INPUT_WRONG
};

struct cdn_input {
    enum cdn_input_kind kind;
    struct cdn_buf text;   /* as it was typed */
    char unknown[65];      /* a global that it reads and nobody has set; "": none */
    bool unknown_is_local; /* but an input before had a local of that name */
    cordon_error err;      /* if it is wrong */
};

/* What is this?  Locals that it declares are remembered by cdn_input_note().  The caller
 * deinits, whatever comes back.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_input_read(struct cdn_input *out, const struct cdn_repl *repl,
                             const char *text, size_t bytes, cordon_error *err);
void cdn_input_note(const struct cdn_input *input, struct cdn_repl *repl);
void cdn_input_deinit(struct cdn_input *input);

/* ---- evaluate.c ---- */

/* Run an input that is complete, and print what it gave. */
void cdn_repl_evaluate(struct cdn_repl *repl, const struct cdn_input *input);
/* The same of an expression of our own, for commands: true if it ended well; results are the
 * console's. */
bool cdn_repl_ask(struct cdn_repl *repl, const struct cdn_buf *text);
/* The request that inputs are run with. */
cordon_status cdn_repl_request(cordon_request *out, struct cdn_repl *repl,
                               cordon_error *err);
/* What the limits are now, from the profile and the flags. */
void cdn_repl_resolve_limits(struct cdn_repl *repl);
/* Print one of the console's values. */
void cdn_repl_print(struct cdn_repl *repl, const cordon_value *value);
/* An amount of each budget beside its limit, one line. */
void cdn_repl_print_usage(struct cdn_repl *repl, const cordon_usage *usage);

/* ---- commands.c ---- */

struct cdn_repl_command {
    const char *name;
    const char *arguments; /* "[LABEL:KEY]" */
    const char *text;      /* what it does, one line */
    void (*run)(struct cdn_repl *repl, const char *argument);
};
extern const struct cdn_repl_command cdn_repl_commands[]; /* ends in a NULL name */

/* ":name argument". */
void cdn_repl_command_run(struct cdn_repl *repl, const char *line, size_t bytes);
/* "17" of "17 Account" into out; *rest: behind it and the blanks.  False: there is none, or it
 * is too long. */
bool cdn_repl_word(const char *text, char *out, size_t size, const char **rest);
/* Take "on", "off" or nothing, which turns it over, and tell which it is now. */
void cdn_repl_switch(struct cdn_repl *repl, const char *what, bool *value,
                     const char *argument);

void cdn_repl_help(struct cdn_repl *repl, const char *argument); /* help.c */

/* ---- look.c ---- */

/* Is the request's node there, if it has one?  False: told that it is not. */
bool cdn_repl_check_node(struct cdn_repl *repl, const struct cdn_request *request);
void cdn_repl_node(struct cdn_repl *repl, const char *argument);
void cdn_repl_sample(struct cdn_repl *repl, const char *argument);
void cdn_repl_schema(struct cdn_repl *repl, const char *argument);
void cdn_repl_snapshot(struct cdn_repl *repl, const char *argument);
void cdn_repl_data(struct cdn_repl *repl, const char *argument);
void cdn_repl_limits(struct cdn_repl *repl, const char *argument);
void cdn_repl_globals(struct cdn_repl *repl, const char *argument);

/* ---- rules.c ---- */

void cdn_repl_load(struct cdn_repl *repl, const char *argument);
void cdn_repl_reload(struct cdn_repl *repl, const char *argument);
void cdn_repl_run(struct cdn_repl *repl, const char *argument);
void cdn_repl_input(struct cdn_repl *repl, const char *argument);
void cdn_repl_explain(struct cdn_repl *repl, const char *argument);
void cdn_repl_trace(struct cdn_repl *repl, const char *argument);
void cdn_repl_profile(struct cdn_repl *repl, const char *argument);
void cdn_repl_tier(struct cdn_repl *repl, const char *argument);
void cdn_repl_watch(struct cdn_repl *repl, const char *argument);
void cdn_repl_rule_deinit(struct cdn_repl *repl);

/* The request of :run again, for whoever keeps it.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_repl_copy_request(struct cdn_request *out,
                                    const struct cdn_request *from, cordon_error *err);

/* ---- save.c, dot.c ---- */

/* Append a string as Lua writes one. */
void cdn_repl_quote(struct cdn_buf *out, const char *text, size_t bytes);
void cdn_repl_save(struct cdn_repl *repl, const char *argument);
void cdn_repl_dot(struct cdn_repl *repl, const char *argument);
/* The node's neighbourhood as a snapshot of its own, and as bytes, which are cordon_slice_free()d
 * (NULL: not wanted); false: told why not. */
bool cdn_repl_slice(cordon_snapshot **out, void **bytes, size_t *size,
                    struct cdn_repl *repl, const struct cdn_request *request,
                    uint32_t hops, uint64_t max_nodes, uint64_t max_edges);

/* ---- editor.c, complete.c ---- */

/* A line editor on the terminal; NULL: out of memory, or it is none it can work with. */
struct cdn_editor *cdn_editor_new(struct cdn_repl *repl);
void cdn_editor_free(struct cdn_editor *editor);
enum cdn_editor_end { CDN_EDITOR_LINE, CDN_EDITOR_DROPPED, CDN_EDITOR_CLOSED };
/* A line without its newline, borrowed until the next one.  `more`: with the prompt of a line
 * that goes on. */
enum cdn_editor_end cdn_editor_line(struct cdn_editor *editor, bool more,
                                    const char **line, size_t *bytes);
/* Put a whole input into the history, as one item. */
void cdn_editor_remember(struct cdn_editor *editor, const char *text, size_t bytes);

/* What the text up to the cursor may go on with: calls `with` with each whole word that may
 * stand where the last one stands; returns where that begins. */
size_t cdn_repl_complete(const struct cdn_repl *repl, const char *text, size_t bytes,
                         void (*with)(void *ud, const char *word), void *ud);

#endif
