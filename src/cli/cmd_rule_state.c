/* cordon rule activate, rollback, pause, resume and kill: what decides, and whether.
 *
 * Only activate can be slow: it loads the version on the store's current snapshot and runs
 * the cases that came with it, and the tests beside its file.  The others are for emergencies, and check nothing. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "cli/judge.h"
#include "cli/registry.h"
#include "engine/registry_record.h"

/* How it stands after (or, rehearsed, before) a change. */
static uint32_t active_version(const struct cdn_registry_args *args)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};

    if (cordon_registry_standing(&standing, args->registry, args->name, NULL))
        return 0;
    return standing.active;
}

/* "; its 2 cases and 5 tests passed" */
static const char *what_passed(char *out, size_t size, const struct cdn_judge *judge)
{
    char cases[40] = "", tests[40] = "";

    if (!judge->cases && !judge->tests)
        return "";
    if (judge->cases)
        snprintf(cases, sizeof(cases), "%" PRIu64 " case%s", judge->cases,
                 judge->cases == 1 ? "" : "s");
    if (judge->tests)
        snprintf(tests, sizeof(tests), "%" PRIu64 " test%s", judge->tests,
                 judge->tests == 1 ? "" : "s");
    snprintf(out, size, "; its %s%s%s passed", cases, *cases && *tests ? " and " : "",
             tests);
    return out;
}

static int run_activate(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args), CDN_READING_OPTION(args), CDN_CHANGE_OPTIONS(args)};
    struct cdn_judge judge = {.cli = cli};
    cordon_version_info info = {.struct_size = sizeof(info)};
    char passed[120];
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options),
                            CDN_NAMES_WITH_VERSION, 0, argc, argv, &code))
        return code;
    judge.data = args.data;
    judge.registry = args.registry;
    status = cordon_registry_version(&info, args.registry, args.name, args.versions[0],
                                     &err);
    if (!status)
        status =
            cordon_registry_activate(args.registry, args.name, info.version,
                                     cdn_candidate_judge, &judge, &args.change, &err);
    if (status)
        code = cdn_judge_fail(&judge, status, &err);
    else
        code = cdn_registry_changed(cli, &args, "version %" PRIu32 " decides%s",
                                    info.version,
                                    what_passed(passed, sizeof(passed), &judge));
    cdn_registry_end(&args);
    return code;
}

typedef cordon_status act_function(cordon_registry *registry, const char *name,
                                   const cordon_change *change, cordon_error *err);

/* Parse, perhaps ask, act, and tell. */
static int run_act(struct cdn_cli *cli, int argc, char **argv, act_function *act,
                   bool asks, const char *before, const char *after)
{
    struct cdn_registry_args args = {0};
    bool yes = false;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        CDN_CHANGE_OPTIONS(args),
        {"yes", 0, CDN_OPTION_FLAG, &yes, NULL, "do not ask", NULL},
    };
    char question[200], shown[100];
    cordon_error err;
    cordon_status status;
    uint32_t version;
    int code;

    if (!cdn_registry_arguments(cli, &args, options, CDN_COUNT(options) - !asks,
                                CDN_NAMES_ONE, argc, argv, &code))
        return code;
    snprintf(question, sizeof(question), "%s will not decide any more",
             cdn_escape(shown, sizeof(shown), args.name, strlen(args.name)));
    if (asks && !args.dry_run && !cdn_cli_confirmed(cli, yes, question, &code))
        return code;
    code = cdn_registry_begin(cli, &args, 0);
    if (code)
        return code;
    status = act(args.registry, args.name, &args.change, &err);
    version = active_version(&args);
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else if (act == cordon_registry_rollback && args.dry_run)
        code = cdn_registry_changed(cli, &args,
                                    "the version before %" PRIu32 " decides", version);
    else
        code =
            cdn_registry_changed(cli, &args, "%s%" PRIu32 "%s", before, version, after);
    cdn_registry_end(&args);
    return code;
}

static int run_rollback(struct cdn_cli *cli, int argc, char **argv)
{
    return run_act(cli, argc, argv, cordon_registry_rollback, false, "version ",
                   " decides again");
}

static int run_pause(struct cdn_cli *cli, int argc, char **argv)
{
    return run_act(cli, argc, argv, cordon_registry_pause, false, "paused at version ",
                   "");
}

static int run_resume(struct cdn_cli *cli, int argc, char **argv)
{
    return run_act(cli, argc, argv, cordon_registry_resume, false, "version ",
                   " decides again");
}

static int run_kill(struct cdn_cli *cli, int argc, char **argv)
{
    return run_act(cli, argc, argv, cordon_registry_kill, true, "killed; version ",
                   " decided last");
}

const struct cdn_command cdn_command_rule_activate = {
    .name = "rule activate",
    .summary = "let a version of a rule decide",
    .run = run_activate,
    .usage = "NAME [VERSION] --data STORE [OPTION...]",
    .examples = "cordon rule activate velocity -d store --reason 'tested in shadow'\n"
                "cordon rule activate velocity 3 -d store --dry-run",
    .details =
        "Without a version: the newest. It must load with the store's current "
        "snapshot, "
        "its cases must pass, and so must the tests beside the file that it was "
        "pushed from, if that is there; else nothing is changed. The version that "
        "decided before "
        "is kept for a rollback; a running rollout ends; a paused or killed "
        "rule decides "
        "again. A running engine sees the change within a second.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_rule_rollback = {
    .name = "rule rollback",
    .summary = "let the version before the last activation decide again",
    .run = run_rollback,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rule rollback velocity -d store --reason 'denies everything'",
    .details =
        "One step: after it there is nothing to roll back to. It checks nothing, so "
        "that it works when all else fails; a paused or killed rule decides again.",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_pause = {
    .name = "rule pause",
    .summary = "stop a rule from deciding until it is resumed",
    .run = run_pause,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rule pause velocity -d store --reason 'data of today is late'",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_resume = {
    .name = "rule resume",
    .summary = "let a paused rule decide again",
    .run = run_resume,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rule resume velocity -d store",
    .exits = "023",
};

const struct cdn_command cdn_command_rule_kill = {
    .name = "rule kill",
    .summary = "stop a rule until a version is activated; asks first",
    .run = run_kill,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rule kill velocity -d store --yes --reason 'incident 4711'",
    .details =
        "Rollout and shadows end. No version is lost: cordon rule activate, or "
        "rollback, brings one back into service. Without a terminal it wants --yes.",
    .exits = "023",
};
