/* What the commands on a registry share: their options, opening it, telling of it. */
#ifndef CDN_CLI_REGISTRY_H
#define CDN_CLI_REGISTRY_H

#include <limits.h>

#include <cordon/registry.h>

#include "cli/cli.h"
#include "cli/tier.h"
#include "codec/json.h"
#include "codec/standing.h"

#define CDN_REGISTRY_SCHEMA_VERSION 1

struct cdn_registry_args {
    const char *data;
    const char *file; /* another place than the store's */
    const char *author;
    const char *reason;
    uint64_t expect;  /* 0: any revision */
    uint64_t version; /* --version, where a command has it; 0: not given */
    bool dry_run;
    struct cdn_tier_choice tier; /* what texts are read behind; 0: not given */
    /* by cdn_registry_arguments() */
    const char *name;     /* NULL: none given, for all */
    uint32_t versions[2]; /* 0: not given */
    /* by cdn_registry_begin() */
    cordon_registry *registry;
    char path[PATH_MAX];
    char worker[PATH_MAX]; /* where `tier` was given */
    char user[CORDON_REGISTRY_MAX_AUTHOR_BYTES + 1];
    cordon_change change;
};

/* Rows of an option table. */
#define CDN_REGISTRY_OPTIONS(args)                                                     \
    {"data",       'd',     CDN_OPTION_STRING,                                         \
     &(args).data, "STORE", "the store; its registry is STORE/rules.mdb",              \
     NULL},                                                                            \
    {                                                                                  \
        "registry", 0, CDN_OPTION_STRING, &(args).file, "FILE",                        \
            "the registry, where it is not in a store", NULL                           \
    }
#define CDN_CHANGE_OPTIONS(args)                                                       \
    {"author",                                                                         \
     0,                                                                                \
     CDN_OPTION_STRING,                                                                \
     &(args).author,                                                                   \
     "NAME",                                                                           \
     "who changes it (default: the user)",                                             \
     NULL},                                                                            \
        {"reason",                                                                     \
         0,                                                                            \
         CDN_OPTION_STRING,                                                            \
         &(args).reason,                                                               \
         "TEXT",                                                                       \
         "why, for history; one line",                                                 \
         NULL},                                                                        \
        {"expect-revision",                                                            \
         0,                                                                            \
         CDN_OPTION_POSITIVE,                                                          \
         &(args).expect,                                                               \
         "N",                                                                          \
         "refuse if it was changed since revision N",                                  \
         NULL},                                                                        \
    {                                                                                  \
        "dry-run", 0, CDN_OPTION_FLAG, &(args).dry_run, NULL,                          \
            "check everything, change nothing", NULL                                   \
    }

#define CDN_READING_OPTION(args)                                                       \
    {                                                                                  \
        "tier", 0, CDN_OPTION_CHOICE, &(args).tier.wall, "WALL",                       \
            "read and try texts behind a wall: " CDN_TIER_CHOICES, CDN_TIER_CHOICES    \
    }
#define CDN_VERSION_OPTION(args, what)                                                 \
    {                                                                                  \
        "version", 0, CDN_OPTION_POSITIVE, &(args).version, "N", what, NULL            \
    }

/* What stands behind a command's options. */
enum cdn_registry_names {
    CDN_NAMES_ONE,          /* NAME */
    CDN_NAMES_RULE,         /* the same, and no set's */
    CDN_NAMES_WITH_VERSION, /* NAME [VERSION] */
    CDN_NAMES_WITH_TWO,     /* NAME [VERSION [VERSION]] */
    CDN_NAMES_ANY           /* [NAME] */
};

/* Parse options and arguments.  False: *code is the exit code. */
bool cdn_registry_arguments(struct cdn_cli *cli, struct cdn_registry_args *args,
                            const struct cdn_option *options, size_t count,
                            enum cdn_registry_names names, int argc, char **argv,
                            int *code);
/* Open the registry the options name, and fill `change`; an exit code.  `flags` as for
 * cordon_registry_open(). */
int cdn_registry_begin(struct cdn_cli *cli, struct cdn_registry_args *args,
                       unsigned flags);
/* Both, one after the other.  True: end it with cdn_registry_end(). */
bool cdn_registry_start(struct cdn_cli *cli, struct cdn_registry_args *args,
                        const struct cdn_option *options, size_t count,
                        enum cdn_registry_names names, unsigned flags, int argc,
                        char **argv, int *code);
void cdn_registry_end(struct cdn_registry_args *args);

/* Open the registry of a store.  Errors: as cordon_registry_open(); a missing one is told
 * with what makes one. */
cordon_status cdn_registry_of_store(cordon_registry **out, const char *store,
                                    unsigned flags, cordon_error *err);

/* Say what went wrong; returns the exit code. */
int cdn_registry_fail(struct cdn_cli *cli, cordon_status status,
                      const cordon_error *err);

bool cdn_wants_json(const struct cdn_cli *cli);
/* On a terminal: yes or no.  Elsewhere: a usage error, which says --yes. */
bool cdn_cli_confirmed(struct cdn_cli *cli, bool yes, const char *question, int *code);
/* A version's number from an argument. */
bool cdn_version_argument(struct cdn_cli *cli, uint32_t *version, const char *text,
                          int *code);
/* Per cent as basis points; exact to a hundredth.  `what` names the option. */
bool cdn_percent_argument(struct cdn_cli *cli, uint32_t *share, double percent,
                          const char *what, int *code);

/* "canary 3 at 5 %, shadow 4 of 100 %" into `out`. */
void cdn_show_rollout(char *out, size_t size, const cordon_standing *standing);

/* "quarantined, version 3 behind process", what is trusted less, into `out`. */
void cdn_show_trust(char *out, size_t size, const cordon_standing *standing);

/* After a change: tell how the object stands now, as JSON or by `format` as a note.  With
 * --dry-run: that it would have worked. */
int cdn_registry_changed(struct cdn_cli *cli, const struct cdn_registry_args *args,
                         const char *format, ...) CDN_PRINTF(3, 4);

/* What a command lists: an array in a JSON document, rows of a table, or neither, where the
 * command prints lines of its own. */
struct cdn_registry_list {
    struct cdn_cli *cli;
    bool in_json;
    struct cdn_json json;   /* rows are objects, if in_json */
    struct cdn_table table; /* else rows are cells, if there are columns */
    size_t columns;
    struct cdn_buf text;
};

/* Begin the document, to which a caller may add keys, and the table. */
void cdn_registry_list_begin(struct cdn_registry_list *list, struct cdn_cli *cli,
                             const char *const *columns, size_t count,
                             const char *align);
/* Rows follow; `name` is the array's. */
void cdn_registry_list_rows(struct cdn_registry_list *list, const char *name);
/* Print it, or say what went wrong; returns the exit code. */
int cdn_registry_list_end(struct cdn_registry_list *list, cordon_status status,
                          cordon_error *err);

#endif
