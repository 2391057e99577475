/* cordon rollout start, set, status, promote and abort: a version that decides for some.
 *
 * Who gets it is settled by a hash of the rule's name and the subject's key, so the same
 * subject meets the same version while the shares stay.  A guard may end a rollout, never
 * promote it; both are in history. */
#include "cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/judge.h"
#include "cli/registry.h"

struct rollout {
    struct cdn_cli *cli;
    struct cdn_registry_args args;
    /* options; below 0: not given */
    double percent;
    struct cdn_strings arms;
    uint64_t min_samples;
    double max_error_rate;
    double max_limit_rate;
    double max_p99_ratio;
    double max_drift;
    bool no_guard;
    cordon_standing standing;
    cordon_rollout wanted;
};

#define DEFAULT_MIN_SAMPLES 1000

/* ---- what is wanted ---- */

/* "3=12.5" as an arm. */
static bool take_arm(struct rollout *rollout, const char *text, int *code)
{
    cordon_rollout_variant *arm =
        &rollout->wanted.variants[rollout->wanted.variant_count];
    const char *equals = strchr(text, '=');
    char version[24];
    double percent = 0;
    const struct cdn_option option = {
        "arm", 0, CDN_OPTION_NUMBER, &percent, "PERCENT", NULL, NULL};
    cordon_error err;

    if (rollout->wanted.variant_count == CORDON_REGISTRY_MAX_VARIANTS) {
        *code = cdn_cli_usage(rollout->cli, "--arm: at most %d at once",
                              CORDON_REGISTRY_MAX_VARIANTS);
        return false;
    }
    if (!equals || (size_t)(equals - text) >= sizeof(version)) {
        *code =
            cdn_cli_usage(rollout->cli, "--arm takes VERSION=PERCENT, such as 3=10");
        return false;
    }
    snprintf(version, sizeof(version), "%.*s", (int)(equals - text), text);
    if (!cdn_version_argument(rollout->cli, &arm->version, version, code))
        return false;
    if (cdn_option_value(&option, equals + 1, &err)) {
        *code = cdn_cli_usage(rollout->cli, "--arm %s: %s", text, err.message);
        return false;
    }
    arm->kind = CORDON_VARIANT_ARM;
    rollout->wanted.variant_count++;
    return cdn_percent_argument(rollout->cli, &arm->share, percent, "--arm", code);
}

static bool take_canary(struct rollout *rollout, int *code)
{
    cordon_rollout_variant *canary = &rollout->wanted.variants[0];

    rollout->wanted.variant_count = 1;
    canary->kind = CORDON_VARIANT_CANARY;
    canary->version = rollout->args.version ? (uint32_t)rollout->args.version
                                            : rollout->standing.newest;
    return cdn_percent_argument(rollout->cli, &canary->share, rollout->percent,
                                "--percent", code);
}

/* The guard's fields that were given, over what is there. */
static void take_guard(struct rollout *rollout)
{
    cordon_guard *guard = &rollout->wanted.guard;
    const double given[] = {rollout->max_error_rate, rollout->max_limit_rate,
                            rollout->max_p99_ratio, rollout->max_drift};
    double *const fields[] = {&guard->max_error_rate, &guard->max_limit_rate,
                              &guard->max_p99_ratio, &guard->max_drift};

    for (size_t i = 0; i < CDN_COUNT(given); i++)
        if (given[i] >= 0) {
            *fields[i] = given[i];
            rollout->wanted.guarded = true;
        }
    if (rollout->min_samples) {
        guard->min_samples = rollout->min_samples;
        rollout->wanted.guarded = true;
    }
    if (rollout->wanted.guarded && !guard->min_samples)
        guard->min_samples = DEFAULT_MIN_SAMPLES;
    if (rollout->no_guard) {
        rollout->wanted.guarded = false;
        *guard = (cordon_guard){0};
    }
}

/* Start: all of it from the options. */
static bool want_start(struct rollout *rollout, int *code)
{
    if (rollout->standing.variant_count) {
        cdn_cli_error(rollout->cli,
                      "%s has a rollout; change it with cordon rollout set, or end it",
                      rollout->standing.name);
        *code = CDN_EXIT_USAGE;
        return false;
    }
    if (!rollout->arms.count && rollout->percent < 0) {
        *code = cdn_cli_usage(rollout->cli, "say --percent for a canary, or --arm");
        return false;
    }
    return true;
}

/* Set: what is there, with what the options say. */
static bool want_set(struct rollout *rollout, int *code)
{
    const cordon_standing *standing = &rollout->standing;
    bool canary;

    if (!standing->variant_count) {
        cdn_cli_error(rollout->cli,
                      "%s has no rollout; cordon rollout start begins one",
                      standing->name);
        *code = CDN_EXIT_USAGE;
        return false;
    }
    canary = standing->variants[0].kind == CORDON_VARIANT_CANARY;
    if (canary ? rollout->arms.count != 0 : rollout->percent >= 0) {
        *code = cdn_cli_usage(
            rollout->cli,
            "%s runs %s, which %s does not change; end that rollout first",
            standing->name, canary ? "a canary" : "arms",
            canary ? "--arm" : "--percent");
        return false;
    }
    rollout->wanted.variant_count = standing->variant_count;
    memcpy(rollout->wanted.variants, standing->variants, sizeof(standing->variants));
    rollout->wanted.guarded = standing->guarded;
    rollout->wanted.guard = standing->guard;
    if (rollout->percent >= 0 && !rollout->args.version)
        rollout->args.version = standing->variants[0].version;
    return true;
}

static bool want(struct rollout *rollout, bool start, int *code)
{
    rollout->wanted = (cordon_rollout){.struct_size = sizeof(rollout->wanted)};
    if (rollout->arms.count && (rollout->args.version || rollout->percent >= 0)) {
        *code = cdn_cli_usage(rollout->cli, "--arm excludes --version and --percent");
        return false;
    }
    if (!(start ? want_start(rollout, code) : want_set(rollout, code)))
        return false;
    if (rollout->arms.count)
        rollout->wanted.variant_count = 0;
    for (size_t i = 0; i < rollout->arms.count; i++)
        if (!take_arm(rollout, rollout->arms.items[i], code))
            return false;
    if (rollout->percent >= 0 && !take_canary(rollout, code))
        return false;
    take_guard(rollout);
    return true;
}

/* ---- start and set ---- */

static int apply(struct rollout *rollout, bool start)
{
    struct cdn_cli *cli = rollout->cli;
    const char *name = rollout->args.name;
    struct cdn_judge judge = {.cli = cli, .data = rollout->args.data};
    char shown[512];
    cordon_error err;
    cordon_status status;
    int code;

    rollout->standing.struct_size = sizeof(rollout->standing);
    status = cordon_registry_standing(&rollout->standing, rollout->args.registry, name,
                                      &err);
    if (status)
        return cdn_registry_fail(cli, status, &err);
    if (!want(rollout, start, &code))
        return code;
    status = cordon_registry_rollout(rollout->args.registry, name, &rollout->wanted,
                                     cdn_candidate_judge, &judge, &rollout->args.change,
                                     &err);
    if (status)
        return cdn_judge_fail(&judge, status, &err);
    rollout->standing.variant_count = rollout->wanted.variant_count;
    memcpy(rollout->standing.variants, rollout->wanted.variants,
           sizeof(rollout->standing.variants));
    rollout->standing.guarded = rollout->wanted.guarded;
    rollout->standing.shadow_count = 0;
    cdn_show_rollout(shown, sizeof(shown), &rollout->standing);
    return cdn_registry_changed(cli, &rollout->args,
                                "%s, version %" PRIu32 " for the rest", shown,
                                rollout->standing.active);
}

static int run_apply(struct cdn_cli *cli, int argc, char **argv, bool start)
{
    struct rollout rollout = {.cli = cli,
                              .percent = -1,
                              .max_error_rate = -1,
                              .max_limit_rate = -1,
                              .max_p99_ratio = -1,
                              .max_drift = -1};
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(rollout.args),
        CDN_VERSION_OPTION(rollout.args, "the canary (default: the newest version)"),
        {"percent", 0, CDN_OPTION_NUMBER, &rollout.percent, "P",
         "of the subjects that get the canary", NULL},
        {"arm", 0, CDN_OPTION_LIST, &rollout.arms, "VERSION=P",
         "an arm and its per cent of the subjects; may be repeated", NULL},
        {"min-samples", 0, CDN_OPTION_POSITIVE, &rollout.min_samples, "N",
         "the guard waits for so many evaluations (1000)", NULL},
        {"max-error-rate", 0, CDN_OPTION_NUMBER, &rollout.max_error_rate, "R",
         "abort if more of them end in error, 0 to 1", NULL},
        {"max-limit-rate", 0, CDN_OPTION_NUMBER, &rollout.max_limit_rate, "R",
         "abort if more of them are stopped by a limit", NULL},
        {"max-p99-ratio", 0, CDN_OPTION_NUMBER, &rollout.max_p99_ratio, "R",
         "abort if its 99th percentile of cost is R times the active one's", NULL},
        {"max-drift", 0, CDN_OPTION_NUMBER, &rollout.max_drift, "R",
         "abort if a decision's share moves by more, 0 to 1", NULL},
        {"no-guard", 0, CDN_OPTION_FLAG, &rollout.no_guard, NULL,
         "nothing ends it by itself", NULL},
        CDN_READING_OPTION(rollout.args),
        CDN_CHANGE_OPTIONS(rollout.args),
    };
    int code;

    if (cdn_registry_start(cli, &rollout.args, options, CDN_COUNT(options),
                           CDN_NAMES_RULE, 0, argc, argv, &code)) {
        code = apply(&rollout, start);
        cdn_registry_end(&rollout.args);
    }
    cdn_strings_deinit(&rollout.arms);
    return code;
}

static int run_start(struct cdn_cli *cli, int argc, char **argv)
{
    return run_apply(cli, argc, argv, true);
}

static int run_set(struct cdn_cli *cli, int argc, char **argv)
{
    return run_apply(cli, argc, argv, false);
}

/* ---- status ---- */

static void show_guard(FILE *out, const cordon_guard *guard)
{
    fprintf(out, "  guard from %" PRIu64 " samples", guard->min_samples);
    if (guard->max_error_rate > 0)
        fprintf(out, ", errors at most %g", guard->max_error_rate);
    if (guard->max_limit_rate > 0)
        fprintf(out, ", limits at most %g", guard->max_limit_rate);
    if (guard->max_p99_ratio > 0)
        fprintf(out, ", p99 of cost at most %g times", guard->max_p99_ratio);
    if (guard->max_drift > 0)
        fprintf(out, ", decisions' drift at most %g", guard->max_drift);
    fputc('\n', out);
}

static void show_status(struct cdn_cli *cli, const cordon_standing *standing)
{
    char shown[512];

    cdn_show_rollout(shown, sizeof(shown), standing);
    fprintf(cli->out, "%s: %s, version %" PRIu32, standing->name,
            cordon_object_state_str(standing->state), standing->active);
    fprintf(cli->out, "%s%s\n", shown[0] ? "; " : "", shown);
    if (standing->guarded)
        show_guard(cli->out, &standing->guard);
    if (standing->evidence[0])
        fprintf(cli->out, "  last aborted by the guard: %s\n", standing->evidence);
}

/* Of one object, or of all that have something to tell. */
static cordon_status tell_status(struct cdn_registry_list *list,
                                 cordon_registry *registry, const char *name,
                                 cordon_error *err)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    char after[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    cordon_status status = CORDON_OK;

    while (!status) {
        status = name ? cordon_registry_standing(&standing, registry, name, err)
                      : cordon_registry_next(&standing, registry,
                                             after[0] ? after : NULL, err);
        if (status)
            break;
        memcpy(after, standing.name, sizeof(after));
        if (!name && !standing.variant_count && !standing.evidence[0])
            continue;
        if (list->in_json) {
            cdn_json_object(&list->json);
            cdn_json_standing(&list->json, &standing);
            cdn_json_object_end(&list->json);
        } else {
            show_status(list->cli, &standing);
        }
        if (name)
            return CORDON_OK;
    }
    return status == CORDON_E_NOTFOUND && !name ? CORDON_OK : status;
}

static int run_status(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {CDN_REGISTRY_OPTIONS(args)};
    struct cdn_registry_list list;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_ANY,
                            CORDON_REGISTRY_READ_ONLY, argc, argv, &code))
        return code;
    cdn_registry_list_begin(&list, cli, NULL, 0, "");
    cdn_registry_list_rows(&list, "rollouts");
    status = tell_status(&list, args.registry, args.name, &err);
    code = cdn_registry_list_end(&list, status, &err);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

/* ---- promote and abort ---- */

static int run_promote(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        CDN_VERSION_OPTION(args, "which, where there is more than one arm"),
        CDN_READING_OPTION(args),
        CDN_CHANGE_OPTIONS(args),
    };
    struct cdn_judge judge = {.cli = cli};
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_RULE, 0,
                            argc, argv, &code))
        return code;
    judge.data = args.data;
    status = cordon_registry_standing(&standing, args.registry, args.name, &err);
    if (!status && !args.version && standing.variant_count)
        args.version = standing.variants[0].version * (standing.variant_count == 1);
    if (!status)
        status =
            cordon_registry_promote(args.registry, args.name, (uint32_t)args.version,
                                    cdn_candidate_judge, &judge, &args.change, &err);
    if (status)
        code = cdn_judge_fail(&judge, status, &err);
    else
        code = cdn_registry_changed(cli, &args, "version %" PRIu64 " decides for all",
                                    args.version);
    cdn_registry_end(&args);
    return code;
}

static int run_abort(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {CDN_REGISTRY_OPTIONS(args),
                                         CDN_CHANGE_OPTIONS(args)};
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_RULE, 0,
                            argc, argv, &code))
        return code;
    status = cordon_registry_abort(args.registry, args.name, &args.change, &err);
    if (!status)
        status = cordon_registry_standing(&standing, args.registry, args.name, &err);
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args, "version %" PRIu32 " decides for all",
                                    standing.active);
    cdn_registry_end(&args);
    return code;
}

const struct cdn_command cdn_command_rollout_start = {
    .name = "rollout start",
    .summary = "let a version decide for a part of the subjects",
    .run = run_start,
    .usage = "NAME --percent P --data STORE [OPTION...]",
    .examples = "cordon rollout start velocity --percent 5 -d store\n"
                "cordon rollout start velocity --version 4 --percent 5 "
                "--max-error-rate 0.01 \\\n"
                "    --max-p99-ratio 1.5 --min-samples 500 -d store\n"
                "cordon rollout start velocity --arm 3=25 --arm 4=25 -d store",
    .details =
        "A canary is one version on its way to decide for all; arms are versions that "
        "are "
        "compared. Who gets which is settled by a hash of rule and subject, so it "
        "stays. "
        "The version must load and its cases must pass, as for cordon rule activate. A "
        "guard ends the rollout, for all, when a variant has enough samples and passes "
        "one of its bounds; nothing is ever promoted by itself.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_rollout_set = {
    .name = "rollout set",
    .summary = "change the shares or the guard of a running rollout",
    .run = run_set,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rollout set velocity --percent 25 -d store\n"
                "cordon rollout set velocity --max-drift 0.05 -d store",
    .details =
        "What is not given stays. A subject that had the variant keeps it when its "
        "share grows.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_rollout_status = {
    .name = "rollout status",
    .summary = "tell which rollouts are running, and how the last ones were aborted",
    .run = run_status,
    .usage = "[NAME] --data STORE [OPTION...]",
    .examples = "cordon rollout status -d store",
    .exits = "023",
};

const struct cdn_command cdn_command_rollout_promote = {
    .name = "rollout promote",
    .summary = "let a rollout's version decide for all",
    .run = run_promote,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rollout promote velocity -d store\n"
                "cordon rollout promote velocity --version 4 -d store",
    .details =
        "An activation: the version is checked, and what decided before is kept for "
        "a rollback.",
    .exits = "0123i",
};

const struct cdn_command cdn_command_rollout_abort = {
    .name = "rollout abort",
    .summary = "end a rollout; the active version decides for all",
    .run = run_abort,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon rollout abort velocity -d store --reason 'denies too much'",
    .exits = "023",
};
