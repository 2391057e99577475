/* cordon shadow start, stop and report: versions that run beside the one that decides.
 *
 * A shadow never decides and its cases may fail: it is how a version is looked at before it
 * is trusted.  What it answered otherwise is counted by the engine that runs it, and stands
 * in its decision log; the registry knows which shadows there are, since when and why. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "cli/registry.h"
#include "engine/registry_record.h"

/* ---- start and stop ---- */

/* The shadows there are but `version`, and that one if `sample` is not 0. */
static uint32_t with_shadow(cordon_rollout_shadow out[CORDON_REGISTRY_MAX_SHADOWS + 1],
                            const cordon_standing *standing, uint32_t version,
                            uint32_t sample)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < standing->shadow_count; i++)
        if (standing->shadows[i].version != version)
            out[count++] = standing->shadows[i];
    if (sample)
        out[count++] = (cordon_rollout_shadow){version, sample};
    return count;
}

static int run_start(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    uint64_t version = 0;
    double rate = 1;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        {"version", 0, CDN_OPTION_POSITIVE, &version, "N",
         "which (default: the newest version)", NULL},
        {"sample-rate", 0, CDN_OPTION_NUMBER, &rate, "R",
         "of the requests it runs for, 0 to 1 (1)", NULL},
        CDN_CHANGE_OPTIONS(args),
    };
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS + 1];
    cordon_standing standing = {.struct_size = sizeof(standing)};
    uint32_t sample = 0;
    uint32_t count;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli, "the name of one rule or set is wanted");
    if (version > UINT32_MAX)
        return cdn_cli_usage(cli, "--version: there can be no such version");
    if (!cdn_percent_argument(cli, &sample, rate * 100, "--sample-rate, a hundredth of",
                              &code))
        return code;
    code = cdn_registry_begin(cli, &args, 0);
    if (code)
        return code;
    status = cordon_registry_standing(&standing, args.registry, argv[0], &err);
    if (!status) {
        if (!version)
            version = standing.newest;
        count = with_shadow(shadows, &standing, (uint32_t)version, sample);
        if (!args.change.expect_revision) /* the others' shadows are kept */
            args.change.expect_revision = standing.revision;
        status = cordon_registry_shadows(args.registry, argv[0], shadows, count,
                                         &args.change, &err);
    }
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args, argv[0],
                                    "version %" PRIu64 " runs in the shadow of version "
                                    "%" PRIu32,
                                    version, standing.active);
    cdn_registry_end(&args);
    return code;
}

static bool has_shadow(const cordon_standing *standing, uint64_t version)
{
    for (uint32_t i = 0; i < standing->shadow_count; i++)
        if (standing->shadows[i].version == version)
            return true;
    return false;
}

static int run_stop(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    uint64_t version = 0;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        {"version", 0, CDN_OPTION_POSITIVE, &version, "N", "which (default: all)",
         NULL},
        CDN_CHANGE_OPTIONS(args),
    };
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS + 1];
    cordon_standing standing = {.struct_size = sizeof(standing)};
    uint32_t count = 0;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli, "the name of one rule or set is wanted");
    code = cdn_registry_begin(cli, &args, 0);
    if (code)
        return code;
    status = cordon_registry_standing(&standing, args.registry, argv[0], &err);
    if (!status && version && !has_shadow(&standing, version))
        status = cdn_error_set(&err, CORDON_E_INVALID,
                               "version %" PRIu64 " of '%s' runs in no shadow", version,
                               argv[0]);
    if (!status) {
        if (version)
            count = with_shadow(shadows, &standing, (uint32_t)version, 0);
        if (!args.change.expect_revision)
            args.change.expect_revision = standing.revision;
        status = cordon_registry_shadows(args.registry, argv[0], shadows, count,
                                         &args.change, &err);
    }
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args, argv[0],
                                    "%" PRIu32 " of %" PRIu32 " shadows run on", count,
                                    standing.shadow_count);
    cdn_registry_end(&args);
    return code;
}

/* ---- report ---- */

/* The change since which the shadows are what they are; false: it cannot be told. */
static bool since_when(cordon_change_record *change, cordon_registry *registry,
                       const char *name)
{
    uint64_t before = 0;

    change->struct_size = sizeof(*change);
    while (!cordon_registry_history(change, registry, name, before, NULL)) {
        if (change->action == CORDON_ACTION_SHADOW)
            return true;
        before = change->sequence;
        if (before == 1)
            break;
    }
    return false;
}

static void report_json(struct cdn_json *json, const cordon_standing *standing,
                        const cordon_change_record *change)
{
    cdn_json_object(json);
    cdn_json_standing(json, standing);
    if (change) {
        cdn_json_key(json, "since");
        cdn_json_object(json);
        cdn_json_change(json, change);
        cdn_json_object_end(json);
    }
    cdn_json_object_end(json);
}

static void report_pretty(FILE *out, const cordon_standing *standing,
                          const cordon_change_record *change)
{
    char when[40];

    fprintf(out, "%s: version %" PRIu32 " decides\n", standing->name, standing->active);
    for (uint32_t i = 0; i < standing->shadow_count; i++)
        fprintf(out, "  version %" PRIu32 " in its shadow, for %g %% of the requests\n",
                standing->shadows[i].version, standing->shadows[i].sample / 100.0);
    if (change)
        fprintf(out, "  since %s, by %s%s%s\n",
                cdn_time_format(when, sizeof(when), change->time_ms), change->author,
                change->reason[0] ? ": " : "", change->reason);
}

static cordon_status report(struct cdn_cli *cli, cordon_registry *registry,
                            const char *name, struct cdn_json *json, uint32_t *count,
                            cordon_error *err)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    char after[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    cordon_status status;

    for (;;) {
        cordon_change_record change = {0};
        const cordon_change_record *since = NULL;

        status = name ? cordon_registry_standing(&standing, registry, name, err)
                      : cordon_registry_next(&standing, registry,
                                             after[0] ? after : NULL, err);
        if (status)
            break;
        memcpy(after, standing.name, sizeof(after));
        if (standing.shadow_count) {
            if (since_when(&change, registry, standing.name))
                since = &change;
            if (json)
                report_json(json, &standing, since);
            else
                report_pretty(cli->out, &standing, since);
            ++*count;
        }
        if (name)
            break;
    }
    return status == CORDON_E_NOTFOUND && !name ? CORDON_OK : status;
}

static int run_report(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_registry_args args = {0};
    const struct cdn_option options[] = {CDN_REGISTRY_OPTIONS(args)};
    struct cdn_buf text = {0};
    struct cdn_json json;
    uint32_t count = 0;
    bool in_json;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc > 1)
        return cdn_cli_usage(cli, "one name at a time, or none for all");
    code = cdn_registry_begin(cli, &args, CORDON_REGISTRY_READ_ONLY);
    if (code)
        return code;
    in_json = cdn_wants_json(cli);
    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
    cdn_json_key(&json, "shadows");
    cdn_json_array(&json);
    status = report(cli, args.registry, argc ? argv[0] : NULL, in_json ? &json : NULL,
                    &count, &err);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else if (in_json)
        code = cdn_json_print(cli, &text);
    else if (!count)
        cdn_cli_note(cli, "no version runs in the shadow");
    cdn_buf_deinit(&text);
    cdn_registry_end(&args);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_shadow_start = {
    .name = "shadow start",
    .summary = "run a version beside the one that decides",
    .run = run_start,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon shadow start velocity -d store\n"
                "cordon shadow start velocity --version 4 --sample-rate 0.1 -d store",
    .details =
        "It is recorded and never decides, and its failures harm nobody. It must "
        "load; its cases may fail. It ends when it is activated, or with a kill.",
    .exits = "023",
};

const struct cdn_command cdn_command_shadow_stop = {
    .name = "shadow stop",
    .summary = "stop running versions in the shadow",
    .run = run_stop,
    .usage = "NAME --data STORE [OPTION...]",
    .examples = "cordon shadow stop velocity -d store\n"
                "cordon shadow stop velocity --version 4 -d store",
    .exits = "023",
};

const struct cdn_command cdn_command_shadow_report = {
    .name = "shadow report",
    .summary = "tell which versions run in the shadow, since when and why",
    .run = run_report,
    .usage = "[NAME] --data STORE [OPTION...]",
    .examples = "cordon shadow report -d store",
    .details =
        "How often a shadow answers otherwise is counted by the engine that runs it "
        "(cordon_shadow_mismatch_total), each answer is in its decision log.",
    .exits = "023",
};
