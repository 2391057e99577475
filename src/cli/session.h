/* What the commands that evaluate share: the command line's request and those of a file, the
 * engine with its snapshot, settings and policy that they are put to, and the log that
 * decisions go into.
 *
 *     cdn_session_open()       the engine, with the snapshot and the policy
 *     ... the command loads what it evaluates ...
 *     cdn_session_begin()      the parameters of the command line, and the log
 *     cdn_session_run()        one request, or each line of a file, to the command's function
 *     cdn_session_close_log()  everything recorded is on the disk
 *     cdn_session_deinit() */
#ifndef CDN_CLI_SESSION_H
#define CDN_CLI_SESSION_H

#include <cordon/audit.h>
#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/policy.h>
#include <cordon/registry.h>

#include "cli/cli.h"
#include "codec/request.h"
#include "cli/settings.h"
#include "cli/tier.h"

struct cdn_session {
    struct cdn_cli *cli;
    /* options */
    const char *data; /* the store, or one snapshot file; NULL: none */
    const char *node;
    const char *input; /* requests, a line each; NULL: the command line's is the one */
    struct cdn_strings params;
    int64_t now_ms;
    int64_t as_of_ms;
    uint64_t seed;
    cordon_limits limits;
    uint32_t slots; /* evaluations at once; 0: one */
    struct cdn_tier_choice tier;
    const char *profile; /* of the project in this folder: limits where none is given */
    const char *principal; /* NULL: nobody's grant, as the host itself */
    char worker[PATH_MAX]; /* cordon-worker; "" : nowhere */
    struct cdn_setting_flags flags;
    const char *audit_dir;
    const char *audit_key;
    /* written before and after the answers to a file's requests; NULL: nothing */
    const char *opening;
    const char *closing;
    bool opened; /* `opening` has been written */
    /* work */
    struct cdn_settings settings;
    cordon_policy *policy;     /* NULL: nobody's */
    cordon_snapshot *snapshot; /* NULL: none */
    cordon_engine *engine;
    cordon_registry *registry; /* NULL: not asked for */
    cordon_audit *audit;       /* NULL: nothing is recorded */
    struct cdn_buf defaults;   /* --param, as a msgpack map */
    struct cdn_buf merged;
};

#define CDN_SESSION_INIT(to)                                                           \
    {                                                                                  \
        .cli = (to), .now_ms = CORDON_NO_TIME, .as_of_ms = CORDON_NO_TIME,             \
        .limits = CORDON_LIMITS_INIT                                                   \
    }

/* Rows of an option table. */
#define CDN_SESSION_OPTIONS(session)                                                   \
    {"data",                                                                           \
     'd',                                                                              \
     CDN_OPTION_STRING,                                                                \
     &(session).data,                                                                  \
     "STORE",                                                                          \
     "the snapshot store, or one snapshot file",                                       \
     NULL},                                                                            \
        {"node",        0,   CDN_OPTION_STRING, &(session).node, "LABEL:KEY",          \
         "the subject", NULL},                                                         \
        {"param",                                                                      \
         'p',                                                                          \
         CDN_OPTION_LIST,                                                              \
         &(session).params,                                                            \
         "NAME=VALUE",                                                                 \
         "a parameter; VALUE is text if declared so, else JSON",                       \
         NULL},                                                                        \
        {"input",                                                                      \
         'i',                                                                          \
         CDN_OPTION_STRING,                                                            \
         &(session).input,                                                             \
         "FILE",                                                                       \
         "many requests, one JSON object a line; - reads stdin",                       \
         NULL},                                                                        \
        {"now",                                                                        \
         0,                                                                            \
         CDN_OPTION_TIME,                                                              \
         &(session).now_ms,                                                            \
         "TIME",                                                                       \
         "the rule's present (default: --as-of, else the clock)",                      \
         NULL},                                                                        \
        {"as-of",                                                                      \
         0,                                                                            \
         CDN_OPTION_TIME,                                                              \
         &(session).as_of_ms,                                                          \
         "TIME",                                                                       \
         "no edge later than this exists",                                             \
         NULL},                                                                        \
    {                                                                                  \
        "seed", 0, CDN_OPTION_INTEGER, &(session).seed, "N", "seeds math.random", NULL \
    }
#define CDN_SESSION_GRANT_OPTIONS(session)                                             \
    {"audit",                                                                          \
     0,                                                                                \
     CDN_OPTION_STRING,                                                                \
     &(session).audit_dir,                                                             \
     "DIR",                                                                            \
     "record each decision in the log DIR (see cordon audit)",                         \
     NULL},                                                                            \
        {"audit-key",                                                                  \
         0,                                                                            \
         CDN_OPTION_STRING,                                                            \
         &(session).audit_key,                                                         \
         "FILE",                                                                       \
         "the file of the log's key",                                                  \
         NULL},                                                                        \
        {"principal",                                                                  \
         0,                                                                            \
         CDN_OPTION_STRING,                                                            \
         &(session).principal,                                                         \
         "NAME",                                                                       \
         "see the graph as this principal of the policy does",                         \
         NULL},                                                                        \
        {"policy",                                                                     \
         0,                                                                            \
         CDN_OPTION_STRING,                                                            \
         &(session).flags.policy,                                                      \
         "FILE",                                                                       \
         "the policy (default: policy.lua in the store)",                              \
         NULL},                                                                        \
    {                                                                                  \
        "config", 0, CDN_OPTION_STRING, &(session).flags.config, "FILE",               \
            "ceilings and more: see cordon config show", NULL                          \
    }
/* The budgets of an evaluation, of a cordon_limits. */
#define CDN_LIMIT_OPTIONS(to)                                                          \
    {"max-instructions",                                                               \
     0,                                                                                \
     CDN_OPTION_POSITIVE,                                                              \
     &(to).instructions,                                                               \
     "N",                                                                              \
     "at most so many instructions, such as 1e6",                                      \
     NULL},                                                                            \
        {"max-edges", 0,   CDN_OPTION_POSITIVE,                                        \
         &(to).edges, "N", "at most so many edges read",                               \
         NULL},                                                                        \
        {"max-nodes", 0,   CDN_OPTION_POSITIVE,                                        \
         &(to).nodes, "N", "at most so many nodes touched",                            \
         NULL},                                                                        \
        {"max-hops", 0,   CDN_OPTION_POSITIVE,                                         \
         &(to).hops, "N", "at most so far from the subject",                           \
         NULL},                                                                        \
        {"max-memory",                                                                 \
         0,                                                                            \
         CDN_OPTION_SIZE,                                                              \
         &(to).memory_bytes,                                                           \
         "SIZE",                                                                       \
         "at most so much memory, such as 512KiB",                                     \
         NULL},                                                                        \
        {"max-output",                                                                 \
         0,                                                                            \
         CDN_OPTION_SIZE,                                                              \
         &(to).output_bytes,                                                           \
         "SIZE",                                                                       \
         "at most so large a result",                                                  \
         NULL},                                                                        \
    {                                                                                  \
        "max-time", 0, CDN_OPTION_DURATION, &(to).wall_ns, "TIME",                     \
            "at most so long, such as 5ms", NULL                                       \
    }
#define CDN_SESSION_LIMIT_OPTIONS(session)                                             \
    {"limits",                                                                         \
     0,                                                                                \
     CDN_OPTION_STRING,                                                                \
     &(session).profile,                                                               \
     "NAME",                                                                           \
     "the limits of that name in cordon.lua, in this folder",                          \
     NULL},                                                                            \
        CDN_LIMIT_OPTIONS((session).limits)

/* What the options say together; an exit code. */
int cdn_session_check(const struct cdn_session *session);

/* One sandbox, and ceilings that let such limits be asked for. */
void cdn_session_raise_ceilings(cordon_engine_options *options,
                                const cordon_limits *limits);

/* Is it the name of a rule or a set in the store's registry, and not a file? */
bool cdn_session_is_name(const struct cdn_session *session, const char *word);

/* Load the settings; make the engine, and give it the snapshot and the principal's policy.  An
 * exit code, the error told. */
int cdn_session_open(struct cdn_session *session);

/* Another engine on the same snapshot, whose rules run behind `wall`; it has no rules and no
 * policy yet.  Where it cannot be made, the one that was there stands.  An exit code, the error
 * told. */
int cdn_session_set_tier(struct cdn_session *session, cordon_wall wall);

/* Have the engine stand as the store's registry says. */
cordon_status cdn_session_use_registry(struct cdn_session *session, cordon_error *err);

/* Does the rule declare the parameter of "name=value" as a string? */
bool cdn_session_takes_text(cordon_engine *engine, const char *rule, const char *word);

/* Take the parameters of the command line, where `is_text` says which "name=value" is text as
 * it stands, and open the log.  An exit code, the error told. */
int cdn_session_begin(struct cdn_session *session,
                      bool (*is_text)(const void *ud, const char *word),
                      const void *ud);

/* The call that a request makes: the command line's words stand where it has none of its
 * own.  Borrows from both until the next one. */
cordon_status cdn_session_call(cordon_request *call, struct cdn_session *session,
                               const struct cdn_request *request, cordon_error *err);

/* The work on one request, which `read` says could be read (else err says why not); `line` is
 * 0 for the command line's.  Anything but CORDON_OK ends all. */
typedef cordon_status cdn_session_body(void *ud, const struct cdn_request *request,
                                       uint64_t line, cordon_status read,
                                       cordon_error *err);

/* Put every request to `body`; `waiting`, which may be NULL, is called before a wait for the
 * next line, with what was answered flushed and what was recorded written.  An interruption
 * is no failure. */
cordon_status cdn_session_run(struct cdn_session *session, cdn_session_body *body,
                              void (*waiting)(void *ud), void *ud, cordon_error *err);

/* `code`, or that records are missing, told. */
int cdn_session_close_log(struct cdn_session *session, int code);

void cdn_session_deinit(struct cdn_session *session);

#endif
