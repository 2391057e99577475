/* What the commands on a registry share: their options, opening it, telling of it. */
#ifndef CDN_CLI_REGISTRY_H
#define CDN_CLI_REGISTRY_H

#include <limits.h>

#include <cordon/registry.h>

#include "cli/cli.h"
#include "cli/json.h"

#define CDN_REGISTRY_SCHEMA_VERSION 1

struct cdn_registry_args {
    const char *data;
    const char *file; /* another place than the store's */
    const char *author;
    const char *reason;
    uint64_t expect; /* 0: any revision */
    bool dry_run;
    /* by cdn_registry_begin() */
    cordon_registry *registry;
    char path[PATH_MAX];
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

/* Open the registry the options name, and fill `change`; an exit code.  `flags` as for
 * cordon_registry_open(). */
int cdn_registry_begin(struct cdn_cli *cli, struct cdn_registry_args *args,
                       unsigned flags);
void cdn_registry_end(struct cdn_registry_args *args);

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

/* The fields of one, inside an object. */
void cdn_json_standing(struct cdn_json *json, const cordon_standing *standing);
void cdn_json_change(struct cdn_json *json, const cordon_change_record *change);
/* "canary 3 at 5 %, shadow 4 of 100 %" into `out`. */
void cdn_show_rollout(char *out, size_t size, const cordon_standing *standing);

/* After a change: tell how the object stands now, as JSON or by `format` as a note.  With
 * --dry-run: that it would have worked. */
int cdn_registry_changed(struct cdn_cli *cli, const struct cdn_registry_args *args,
                         const char *name, const char *format, ...) CDN_PRINTF(4, 5);

#endif
