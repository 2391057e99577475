/* cordon shadow start, stop and report: versions that run beside the one that decides.
 *
 * A shadow never decides and its cases may fail: it is how a version is looked at before it
 * is trusted.  The registry knows which shadows there are, since when and why; what they
 * answered stands in the decision log of the engine that ran them. */
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/registry.h"
#include "cli/shadow_log.h"
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
    double rate = 1;
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        CDN_VERSION_OPTION(args, "which (default: the newest version)"),
        {"sample-rate", 0, CDN_OPTION_NUMBER, &rate, "R",
         "of the requests it runs for, 0 to 1 (1)", NULL},
        CDN_READING_OPTION(args),
        CDN_CHANGE_OPTIONS(args),
    };
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS + 1];
    cordon_standing standing = {.struct_size = sizeof(standing)};
    uint32_t sample = 0;
    uint32_t count;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_arguments(cli, &args, options, CDN_COUNT(options), CDN_NAMES_RULE,
                                argc, argv, &code))
        return code;
    if (!(rate * CORDON_WHOLE >= 1 && rate <= 1) ||
        fabs(rate * CORDON_WHOLE - round(rate * CORDON_WHOLE)) > 1e-6)
        return cdn_cli_usage(cli, "--sample-rate takes 0.0001 to 1, in "
                                  "ten-thousandths: 0.1 is every tenth request");
    sample = (uint32_t)lround(rate * CORDON_WHOLE);
    code = cdn_registry_begin(cli, &args, 0);
    if (code)
        return code;
    status = cordon_registry_standing(&standing, args.registry, args.name, &err);
    if (!status) {
        if (!args.version)
            args.version = standing.newest;
        count = with_shadow(shadows, &standing, (uint32_t)args.version, sample);
        if (!args.change.expect_revision) /* the others' shadows are kept */
            args.change.expect_revision = standing.revision;
        status = cordon_registry_shadows(args.registry, args.name, shadows, count,
                                         &args.change, &err);
    }
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args,
                                    "version %" PRIu64 " runs in the shadow of version "
                                    "%" PRIu32,
                                    args.version, standing.active);
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
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(args),
        CDN_VERSION_OPTION(args, "which (default: all)"),
        CDN_CHANGE_OPTIONS(args),
    };
    cordon_rollout_shadow shadows[CORDON_REGISTRY_MAX_SHADOWS + 1];
    cordon_standing standing = {.struct_size = sizeof(standing)};
    uint32_t count = 0;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_registry_start(cli, &args, options, CDN_COUNT(options), CDN_NAMES_RULE, 0,
                            argc, argv, &code))
        return code;
    status = cordon_registry_standing(&standing, args.registry, args.name, &err);
    if (!status && args.version && !has_shadow(&standing, args.version))
        status = cdn_error_set(&err, CORDON_E_INVALID,
                               "version %" PRIu64 " of '%s' runs in no shadow",
                               args.version, args.name);
    if (!status) {
        if (args.version)
            count = with_shadow(shadows, &standing, (uint32_t)args.version, 0);
        if (!args.change.expect_revision)
            args.change.expect_revision = standing.revision;
        status = cordon_registry_shadows(args.registry, args.name, shadows, count,
                                         &args.change, &err);
    }
    if (status)
        code = cdn_registry_fail(cli, status, &err);
    else
        code = cdn_registry_changed(cli, &args,
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

/* What is told of one object. */
struct report {
    cordon_standing standing;
    cordon_change_record since;
    bool has_since;
    bool has_log;
    struct cdn_shadow_tally tallies[CORDON_REGISTRY_MAX_SHADOWS];
};

static void report_json(struct cdn_json *json, const struct report *report)
{
    cdn_json_object(json);
    cdn_json_standing(json, &report->standing);
    if (report->has_since) {
        cdn_json_key(json, "since");
        cdn_json_object(json);
        cdn_json_change(json, &report->since);
        cdn_json_object_end(json);
    }
    cdn_json_key(json, "compared");
    cdn_json_array(json);
    for (uint32_t i = 0; report->has_log && i < report->standing.shadow_count; i++) {
        const struct cdn_shadow_tally *tally = &report->tallies[i];

        cdn_json_object(json);
        cdn_json_key_uint(json, "version", tally->version);
        cdn_json_key_uint(json, "compared", tally->compared);
        cdn_json_key_uint(json, "mismatches", tally->mismatches);
        cdn_json_key_uint(json, "not_comparable", tally->apart);
        cdn_json_key_uint(json, "instructions_decided", tally->instructions_decided);
        cdn_json_key_uint(json, "instructions_shadow", tally->instructions_shadow);
        cdn_json_key(json, "changes");
        cdn_json_array(json);
        for (uint32_t c = 0; c < tally->change_count; c++) {
            const struct cdn_shadow_change *change = &tally->changes[c];

            cdn_json_object(json);
            cdn_json_key_cstr(json, "decided",
                              change->decided[0] ? change->decided : NULL);
            cdn_json_key_cstr(json, "shadow",
                              change->shadow[0] ? change->shadow : NULL);
            cdn_json_key_uint(json, "count", change->count);
            cdn_json_object_end(json);
        }
        cdn_json_array_end(json);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    cdn_json_object_end(json);
}

/* A word of the log as it may be shown. */
static const char *word(char out[4 * CDN_SHADOW_WORD_BYTES + 1], const char *text)
{
    return text[0] ? cdn_escape(out, 4 * CDN_SHADOW_WORD_BYTES + 1, text, strlen(text))
                   : "none";
}

static void show_tally(FILE *out, const struct cdn_shadow_tally *tally)
{
    char left[4 * CDN_SHADOW_WORD_BYTES + 1], right[4 * CDN_SHADOW_WORD_BYTES + 1];

    fprintf(out, "    %" PRIu64 " compared, %" PRIu64 " decided otherwise",
            tally->compared, tally->mismatches);
    if (tally->apart)
        fprintf(out, ", %" PRIu64 " could not be compared", tally->apart);
    if (tally->compared && tally->instructions_decided)
        fprintf(out, "; %.3g times the instructions",
                (double)tally->instructions_shadow /
                    (double)tally->instructions_decided);
    fputc('\n', out);
    for (uint32_t i = 0; i < tally->change_count; i++)
        fprintf(out, "      %s -> %s: %" PRIu64 "\n",
                word(left, tally->changes[i].decided),
                word(right, tally->changes[i].shadow), tally->changes[i].count);
}

static void report_pretty(FILE *out, const struct report *report)
{
    const cordon_standing *standing = &report->standing;
    char when[40];

    fprintf(out, "%s: version %" PRIu32 " decides\n", standing->name, standing->active);
    if (report->has_since)
        fprintf(out, "  shadows since %s, by %s%s%s\n",
                cdn_time_format(when, sizeof(when), report->since.time_ms),
                report->since.author, report->since.reason[0] ? ": " : "",
                report->since.reason);
    for (uint32_t i = 0; i < standing->shadow_count; i++) {
        fprintf(out, "  version %" PRIu32 " in its shadow, for %g %% of the requests\n",
                standing->shadows[i].version, standing->shadows[i].sample / 100.0);
        if (report->has_log)
            show_tally(out, &report->tallies[i]);
    }
}

/* Fill what the log has to say; one that does not exist has nothing. */
static cordon_status read_log(struct report *report, const char *log, bool must,
                              cordon_error *err)
{
    cordon_status status;

    for (uint32_t i = 0; i < report->standing.shadow_count; i++) {
        struct cdn_shadow_tally *tally = &report->tallies[i];

        *tally = (struct cdn_shadow_tally){
            .version = report->standing.shadows[i].version,
            .since_ms = report->has_since ? report->since.time_ms : INT64_MIN};
        memcpy(tally->rule, report->standing.name, sizeof(tally->rule));
    }
    status =
        cdn_shadow_log_read(report->tallies, report->standing.shadow_count, log, err);
    report->has_log = status != CORDON_E_NOTFOUND;
    if (status == CORDON_E_NOTFOUND && !must) {
        cdn_error_clear(err);
        status = CORDON_OK;
    }
    return status;
}

struct reporting {
    struct cdn_cli *cli;
    struct cdn_registry_args args;
    const char *audit;
    char log[PATH_MAX]; /* "": none */
    struct cdn_registry_list list;
    uint32_t count;
};

static cordon_status tell(struct reporting *reporting, const char *name,
                          cordon_error *err)
{
    struct report report = {.standing = {.struct_size = sizeof(cordon_standing)}};
    char after[CORDON_RULE_MAX_NAME_BYTES + 1] = "";
    cordon_status status;

    for (;;) {
        status = name ? cordon_registry_standing(&report.standing,
                                                 reporting->args.registry, name, err)
                      : cordon_registry_next(&report.standing, reporting->args.registry,
                                             after[0] ? after : NULL, err);
        if (status)
            break;
        memcpy(after, report.standing.name, sizeof(after));
        if (report.standing.shadow_count) {
            report.has_log = false;
            report.has_since =
                since_when(&report.since, reporting->args.registry, after);
            if (reporting->log[0])
                status =
                    read_log(&report, reporting->log, reporting->audit != NULL, err);
            if (status)
                return status;
            if (reporting->list.in_json)
                report_json(&reporting->list.json, &report);
            else
                report_pretty(reporting->cli->out, &report);
            reporting->count++;
        }
        if (name)
            break;
    }
    return status == CORDON_E_NOTFOUND && !name ? CORDON_OK : status;
}

static int run_report(struct cdn_cli *cli, int argc, char **argv)
{
    struct reporting reporting = {.cli = cli};
    const struct cdn_option options[] = {
        CDN_REGISTRY_OPTIONS(reporting.args),
        {"audit", 0, CDN_OPTION_STRING, &reporting.audit, "DIR",
         "the decision log, where it is not STORE/audit", NULL},
    };
    cordon_error err;
    cordon_status status = CORDON_OK;
    int code;

    if (!cdn_registry_start(cli, &reporting.args, options, CDN_COUNT(options),
                            CDN_NAMES_ANY, CORDON_REGISTRY_READ_ONLY, argc, argv,
                            &code))
        return code;
    if (reporting.audit)
        snprintf(reporting.log, sizeof(reporting.log), "%s", reporting.audit);
    else if (reporting.args.data)
        status = cdn_path_join(reporting.log, sizeof(reporting.log),
                               reporting.args.data, "audit", &err);
    cdn_registry_list_begin(&reporting.list, cli, NULL, 0, "");
    cdn_registry_list_rows(&reporting.list, "shadows");
    if (!status)
        status = tell(&reporting, reporting.args.name, &err);
    code = cdn_registry_list_end(&reporting.list, status, &err);
    if (!code && !reporting.list.in_json && !reporting.count)
        cdn_cli_note(cli, "no version runs in the shadow");
    cdn_registry_end(&reporting.args);
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
    .summary = "tell which versions run in the shadow, and what they decided otherwise",
    .run = run_report,
    .usage = "[NAME] --data STORE [OPTION...]",
    .examples = "cordon shadow report -d store",
    .details =
        "How often a shadow answers otherwise is counted by the engine that runs it "
        "(cordon_shadow_mismatch_total), each answer is in its decision log.",
    .exits = "023",
};
