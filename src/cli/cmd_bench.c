/* cordon bench: what a rule costs over real nodes, and whether that grew.
 *
 * Requests are made first, all of them: nodes drawn by degree class (bench/sample.h), or those
 * of the command line or a file.  Then every request is evaluated once a round, in order, so
 * that one request's data is not left in the caches by the same request just before; the first
 * rounds warm up and are not counted.  A run's time is the median of its rounds, everything
 * else is the same in all of them.
 *
 * Without --now and --as-of a rule's present is the time of the latest edge that it may read,
 * not the clock: a window of a day would be empty over data of last year, and a bench that
 * cannot be made again tomorrow cannot be compared. */
#include "cli/cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/engine.h>
#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/file.h"
#include "cli/bench/requests.h"
#include "cli/bench/saved.h"
#include "codec/json.h"
#include "cli/session.h"
#include "engine/engine.h"
#include "engine/read_text.h"
#include "rule/rule.h"

#define MAX_PER_CLASS UINT64_C(100000)
#define MAX_ROUNDS    UINT64_C(100000)

enum { FORMAT_PRETTY = 1, FORMAT_JSON, FORMAT_NDJSON, FORMAT_GO };

struct bench {
    struct cdn_cli *cli;
    struct cdn_session session;
    /* options */
    const char *label;
    uint64_t per_class;
    uint64_t rounds;
    uint64_t warmup;
    const char *save;
    const char *compare;
    double threshold;
    double time_threshold;
    int format;
    /* work */
    const char *file;
    struct cdn_buf source;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    struct cdn_sample_reads reads;
    struct cdn_bench_requests requests;
    uint64_t *times; /* rounds of each run */
    cordon_outcome *outcome;
    struct cdn_bench_report report;
    struct cdn_bench_saved saved;
    struct cdn_bench_comparison comparison;
    struct cdn_buf text;
};

/* ---- setting up ---- */

static bool takes_text(const void *ud, const char *word)
{
    const struct bench *bench = ud;

    return cdn_session_takes_text(bench->session.engine, bench->name, word);
}

static int show_load_error(struct bench *bench, const cordon_error *err)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = err->file[0] ? err->file : bench->file,
        .line = err->line,
        .column = err->column,
        .message = err->message,
        .source = (const char *)bench->source.data,
        .source_bytes = bench->source.length,
    };

    if (bench->cli->log_format == CDN_LOG_JSON)
        cdn_cli_error_of(bench->cli, err);
    else
        cdn_diagnostic_print(bench->cli->err, bench->cli->err_color, &diagnostic);
    return cdn_cli_exit_of(err->status);
}

/* The rule's `reads`, which the engine keeps to itself: load it once more, aside. */
static cordon_status read_names(struct bench *bench, cordon_error *err)
{
    cordon_engine_options options = bench->session.settings.engine;
    const struct cdn_reading reading = {.wall = cdn_tier_wall(&bench->session.tier),
                                        .options = &options};
    char worker[PATH_MAX];
    struct cdn_rule *rule = NULL;
    cordon_status status;

    options.worker = cdn_tier_find_worker(worker) ? worker : NULL;
    status = cdn_read_rule(&rule, &reading, (const char *)bench->source.data,
                           bench->source.length, bench->file, NULL, err);
    if (!status && bench->session.snapshot)
        cdn_sample_reads(&bench->reads, &rule->names, bench->session.snapshot);
    cdn_rule_free(rule);
    return status;
}

/* No request is to wait for a worker. */
static cordon_status warm_wall(struct bench *bench, cordon_error *err)
{
    if (!bench->session.tier.wall)
        return CORDON_OK;
    return cordon_engine_warm(bench->session.engine, bench->name, err);
}

static int load(struct bench *bench)
{
    struct cdn_bench_identity *identity = &bench->report.identity;
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status =
        cdn_file_read(&bench->source, bench->file, CORDON_RULE_MAX_SOURCE_BYTES, &err);
    if (status) {
        cdn_cli_error_of(bench->cli, &err);
        return CDN_EXIT_USAGE;
    }
    status =
        cordon_engine_load_rule(bench->session.engine, (const char *)bench->source.data,
                                bench->source.length, bench->file, bench->name, &err);
    if (!status)
        status = read_names(bench, &err);
    if (status)
        return show_load_error(bench, &err);
    status = warm_wall(bench, &err);
    if (status) {
        cdn_cli_error_of(bench->cli, &err);
        return cdn_cli_exit_of(status);
    }
    cdn_hash_content(hash, bench->source.data, bench->source.length);
    cdn_hash_hex(identity->digest, hash, sizeof(hash));
    snprintf(identity->rule, sizeof(identity->rule), "%s", bench->name);
    bench->report.file = bench->file;
    bench->report.tier = cordon_wall_str(cdn_tier_wall(&bench->session.tier));
    return CDN_EXIT_OK;
}

/* ---- running ---- */

/* The rule's present, where nobody says: see above. */
static void choose_now(struct bench *bench)
{
    struct cdn_session *session = &bench->session;
    struct cdn_bench_identity *identity = &bench->report.identity;

    if (session->now_ms == CORDON_NO_TIME && session->as_of_ms == CORDON_NO_TIME &&
        session->snapshot && bench->reads.latest_ms != INT64_MIN)
        session->now_ms = bench->reads.latest_ms;
    identity->now_ms =
        session->now_ms == CORDON_NO_TIME ? session->as_of_ms : session->now_ms;
    identity->as_of_ms = session->as_of_ms;
    identity->seed = session->seed;
}

static uint64_t mix_bytes(uint64_t digest, const void *bytes, size_t count)
{
    return cdn_hash_mix(cdn_hash_mix(digest, count), cdn_hash_xxh3(bytes, count));
}

/* Everything that was asked, in one number; the present is compared by itself where it is
 * the clock's. */
static uint64_t mix_call(uint64_t digest, const struct bench *bench,
                         const struct cdn_request *request, const cordon_request *call)
{
    digest = mix_bytes(digest, request->label, strlen(request->label));
    digest = mix_bytes(digest, call->key ? call->key : "", call->key_bytes);
    digest = mix_bytes(digest, call->params ? call->params : "", call->params_bytes);
    digest = cdn_hash_mix(digest, call->seed);
    digest = cdn_hash_mix(digest, (uint64_t)call->as_of_ms);
    if (request->has_now || bench->report.identity.now_ms != CORDON_NO_TIME)
        digest = cdn_hash_mix(digest, (uint64_t)call->now_ms);
    return digest;
}

static void note_fault(struct bench *bench, const struct cdn_request *request)
{
    struct cdn_bench_report *report = &bench->report;

    if (!report->fault[0])
        snprintf(report->fault, sizeof(report->fault), "%s%s%s%s%.300s", request->label,
                 request->has_node ? ":" : "",
                 request->has_node ? (const char *)request->key.data : "",
                 request->has_node ? ": " : "", cordon_outcome_message(bench->outcome));
}

/* Costs are those of the first round that the time limit did not stop: where the machine
 * stood still for a moment, the others tell what the rule does. */
static void take_round(struct bench *bench, struct cdn_bench_run *run)
{
    const cordon_outcome *outcome = bench->outcome;

    if (run->taken && !run->late)
        return;
    run->taken = true;
    run->outcome = cordon_outcome_get_kind(outcome);
    run->late = run->outcome == CORDON_OUTCOME_LIMIT &&
                cordon_outcome_limit(outcome) == CORDON_BUDGET_TIME;
    cdn_cost_take(run->used, bench->report.limits, cordon_outcome_usage(outcome));
}

/* Evaluate one request in one round, of which the first `warmup` do not count. */
static cordon_status evaluate(struct bench *bench, size_t number, uint64_t round,
                              cordon_error *err)
{
    const struct cdn_request *request = &bench->requests.requests[number];
    struct cdn_bench_run *run = &bench->requests.runs[number];
    cordon_request call = CORDON_REQUEST_INIT;
    cordon_status status = cdn_session_call(&call, &bench->session, request, err);

    if (!status)
        status = cordon_evaluate(bench->outcome, bench->session.engine, bench->name,
                                 &call, err);
    if (status)
        return status;
    if (!round)
        bench->report.identity.workload =
            mix_call(bench->report.identity.workload, bench, request, &call);
    if (round < bench->warmup)
        return CORDON_OK;
    bench->times[number * bench->rounds + (round - bench->warmup)] =
        cordon_outcome_usage(bench->outcome)->wall_ns;
    take_round(bench, run);
    if (round + 1 < bench->warmup + bench->rounds)
        return CORDON_OK;
    run->used[CDN_COST_TIME] =
        cdn_figures_median(bench->times + number * bench->rounds, bench->rounds);
    if (run->outcome != CORDON_OUTCOME_OK)
        note_fault(bench, request);
    return CORDON_OK;
}

/* Which run came nearest to a limit? */
static void note_dearest(struct bench *bench)
{
    struct cdn_bench_report *report = &bench->report;
    double largest = -1;

    for (size_t i = 0; i < bench->requests.count; i++) {
        const struct cdn_request *request = &bench->requests.requests[i];

        for (unsigned cost = 0; cost < CDN_COST_TIME && request->has_node; cost++) {
            uint64_t limit = report->limits[cost];
            double share =
                limit ? (double)bench->requests.runs[i].used[cost] / (double)limit : 0;

            if (share <= largest)
                continue;
            largest = share;
            report->dearest_cost = (enum cdn_cost)cost;
            report->dearest_used = bench->requests.runs[i].used[cost];
            report->dearest_degree = bench->requests.runs[i].degree;
            snprintf(report->dearest, sizeof(report->dearest), "%s:%s", request->label,
                     (const char *)request->key.data);
        }
    }
}

static int measure(struct bench *bench)
{
    struct cdn_progress progress;
    uint64_t rounds = bench->warmup + bench->rounds;
    cordon_status status = CORDON_OK;
    cordon_error err;

    if (cordon_outcome_new(&bench->outcome, &err)) {
        cdn_cli_error_of(bench->cli, &err);
        return CDN_EXIT_DATA;
    }
    bench->times = cdn_realloc_array(NULL, bench->requests.count * bench->rounds,
                                     sizeof(*bench->times));
    if (!bench->times) {
        cdn_cli_error(bench->cli, "out of memory for %" PRIu64 " times",
                      bench->requests.count * bench->rounds);
        return CDN_EXIT_DATA;
    }
    cdn_progress_begin(&progress, bench->cli, "bench");
    for (uint64_t round = 0; round < rounds && !status; round++) {
        for (size_t i = 0; i < bench->requests.count && !status; i++) {
            if (cdn_cli_stopped(bench->cli))
                break;
            status = evaluate(bench, i, round, &err);
            cdn_progress_set(
                &progress,
                ((double)round + (double)i / (double)bench->requests.count) /
                    (double)rounds,
                NULL);
        }
    }
    cdn_progress_end(&progress);
    if (status) {
        cdn_cli_error_of(bench->cli, &err);
        return status == CORDON_E_RULE ? CDN_EXIT_USAGE : CDN_EXIT_DATA;
    }
    if (cdn_cli_stopped(bench->cli))
        return CDN_EXIT_INTERRUPTED;
    note_dearest(bench);
    bench->report.rounds = bench->rounds;
    bench->report.warmup = bench->warmup;
    if (cdn_figures_make(&bench->report.figures, bench->requests.runs,
                         bench->requests.count, bench->requests.population, &err)) {
        cdn_cli_error_of(bench->cli, &err);
        return CDN_EXIT_DATA;
    }
    return CDN_EXIT_OK;
}

/* ---- what is saved, compared and shown ---- */

/* Before the work, so that a file that cannot be read costs nobody a bench. */
static int read_saved(struct bench *bench)
{
    struct cdn_buf text = {0};
    char message[CORDON_ERROR_MESSAGE_BYTES];
    cordon_error err;
    cordon_status status;

    if (!bench->compare)
        return CDN_EXIT_OK;
    status = cdn_file_read(&text, bench->compare, CDN_BENCH_MAX_SAVED, &err);
    if (status) {
        cdn_cli_error_of(bench->cli, &err);
    } else {
        status =
            cdn_bench_read(&bench->saved, (const char *)text.data, text.length, &err);
        if (status) {
            snprintf(message, sizeof(message), "%s", err.message);
            cdn_cli_error(bench->cli, "%s: %s", bench->compare, message);
        }
    }
    cdn_buf_deinit(&text);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int compare(struct bench *bench)
{
    cordon_error err;
    cordon_status status;

    if (!bench->compare)
        return CDN_EXIT_OK;
    bench->comparison.file = bench->compare;
    bench->comparison.threshold = isnan(bench->threshold) ? 10 : bench->threshold;
    bench->comparison.time_threshold =
        isnan(bench->time_threshold) ? -1 : bench->time_threshold;
    status = cdn_bench_compare(&bench->comparison, &bench->report, &bench->saved, &err);
    if (status)
        cdn_cli_error(bench->cli, "%s: %s", bench->compare, err.message);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int save(struct bench *bench)
{
    cordon_error err;
    cordon_status status;

    if (!bench->save)
        return CDN_EXIT_OK;
    cdn_buf_clear(&bench->text);
    cdn_bench_json(&bench->text, &bench->report, NULL, true);
    cdn_buf_text(&bench->text, "\n");
    status = bench->text.failed ? cdn_error_nomem(&err)
                                : cdn_file_replace(bench->save, bench->text.data,
                                                   bench->text.length, &err);
    if (status)
        cdn_cli_error_of(bench->cli, &err);
    return status ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int show(struct bench *bench)
{
    const struct cdn_bench_comparison *comparison =
        bench->compare ? &bench->comparison : NULL;
    const struct cdn_bench_report *report = &bench->report;
    struct cdn_cli *cli = bench->cli;

    if (bench->format == FORMAT_GO) {
        cdn_bench_show_go(cli->out, report);
        return CDN_EXIT_OK;
    }
    if (bench->format == FORMAT_PRETTY) {
        cdn_bench_show(cli->out, cli->out_color, report, comparison, cli->verbose);
        return CDN_EXIT_OK;
    }
    cdn_buf_clear(&bench->text);
    cdn_bench_json(&bench->text, report, comparison, bench->format == FORMAT_JSON);
    return cdn_json_print(cli, &bench->text);
}

static int exit_code(struct bench *bench)
{
    const struct cdn_bench_figures *figures = &bench->report.figures;
    const struct cdn_bench_group *all = &figures->groups[figures->count - 1];
    uint64_t limited = all->outcomes[CORDON_OUTCOME_LIMIT];
    uint64_t bad = all->runs - all->outcomes[CORDON_OUTCOME_OK];

    if (bad)
        cdn_cli_warn(bench->cli,
                     "%" PRIu64 " of %" PRIu64 " runs did not end well, %" PRIu64
                     " of them at a limit; the "
                     "first: %s",
                     bad, all->runs, limited, bench->report.fault);
    if (limited)
        return CDN_EXIT_LIMIT;
    return bad || bench->comparison.regressions ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
}

static int finish(struct bench *bench)
{
    int code = compare(bench);

    if (!code)
        code = save(bench);
    if (!code)
        code = show(bench);
    if (!code)
        code = exit_code(bench);
    return cdn_cli_finish(bench->cli, code);
}

/* ---- the command ---- */

static int check_arguments(struct bench *bench, int argc, char **argv)
{
    struct cdn_cli *cli = bench->cli;

    if (argc == 0)
        return cdn_cli_usage(cli, "no rule given; name a rule's file");
    if (argc > 1)
        return cdn_cli_usage(cli, "one rule at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    if (!bench->per_class || bench->per_class > MAX_PER_CLASS)
        return cdn_cli_usage(cli, "--sample takes 1 to %" PRIu64, MAX_PER_CLASS);
    if (!bench->rounds || bench->rounds > MAX_ROUNDS || bench->warmup > MAX_ROUNDS)
        return cdn_cli_usage(cli, "--repeat takes 1 to %" PRIu64 ", --warmup as many",
                             MAX_ROUNDS);
    if (bench->session.seed > UINT64_C(1) << 53)
        return cdn_cli_usage(cli, "--seed takes at most 2^53, 9e15");
    if (bench->threshold < 0 || bench->time_threshold < 0)
        return cdn_cli_usage(cli, "a threshold is at least 0 per cent");
    if (!bench->compare && !(isnan(bench->threshold) && isnan(bench->time_threshold)))
        return cdn_cli_usage(cli, "a threshold for what? --compare FILE");
    bench->file = argv[0];
    if (!bench->format)
        bench->format = cli->out_tty ? FORMAT_PRETTY : FORMAT_NDJSON;
    return cdn_session_check(&bench->session);
}

static void close_all(struct bench *bench)
{
    cdn_bench_requests_deinit(&bench->requests);
    cdn_free(bench->times);
    cdn_free(bench->comparison.changes);
    cdn_figures_deinit(&bench->report.figures);
    cdn_figures_deinit(&bench->saved.figures);
    cordon_outcome_free(bench->outcome);
    cdn_session_deinit(&bench->session);
    cdn_buf_deinit(&bench->source);
    cdn_buf_deinit(&bench->text);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct bench bench = {.cli = cli,
                          .session = CDN_SESSION_INIT(cli),
                          .per_class = 200,
                          .rounds = 5,
                          .warmup = 1,
                          .threshold = NAN,
                          .time_threshold = NAN};
    const struct cdn_option options[] = {
        CDN_SESSION_OPTIONS(bench.session),
        {"label", 0, CDN_OPTION_STRING, &bench.label, "LABEL",
         "draw nodes of this label (default: the one that the rule reads)", NULL},
        {"sample", 0, CDN_OPTION_INTEGER, &bench.per_class, "N",
         "draw at most N nodes of each degree class (default: 200)", NULL},
        {"repeat", 0, CDN_OPTION_INTEGER, &bench.rounds, "N",
         "rounds, whose median time counts (default: 5)", NULL},
        {"warmup", 0, CDN_OPTION_INTEGER, &bench.warmup, "N",
         "rounds before them that do not count (default: 1)", NULL},
        {"save", 0, CDN_OPTION_STRING, &bench.save, "FILE",
         "keep the figures as JSON, for --compare", NULL},
        {"compare", 0, CDN_OPTION_STRING, &bench.compare, "FILE",
         "exit 1 if a cost grew since that was saved", NULL},
        {"threshold", 0, CDN_OPTION_NUMBER, &bench.threshold, "PCT",
         "instructions, edges, nodes, memory may grow by PCT (default: 10)", NULL},
        {"time-threshold", 0, CDN_OPTION_NUMBER, &bench.time_threshold, "PCT",
         "compare times too: p50, p90 and p99 may grow by PCT", NULL},
        {"format", 0, CDN_OPTION_CHOICE, &bench.format, "FORMAT",
         "pretty, json, ndjson or gobench (for benchstat)",
         "pretty|json|ndjson|gobench"},
        CDN_TIER_OPTION(bench.session.tier),
        {"config", 0, CDN_OPTION_STRING, &bench.session.flags.config, "FILE",
         "ceilings and more: see cordon config show", NULL},
        CDN_SESSION_LIMIT_OPTIONS(bench.session),
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    code = check_arguments(&bench, argc, argv);
    if (!code)
        code = read_saved(&bench);
    if (!code)
        code = cdn_session_open(&bench.session);
    if (!code)
        code = load(&bench);
    if (!code)
        code = cdn_session_begin(&bench.session, takes_text, &bench);
    if (code)
        goto out;
    if (bench.session.snapshot) {
        bench.report.identity.snapshot_id =
            cordon_snapshot_identity(bench.session.snapshot);
        bench.report.generation = cordon_snapshot_generation(bench.session.snapshot);
    }
    choose_now(&bench);
    code =
        cdn_bench_requests_make(&bench.requests, &bench.session, &bench.reads,
                                bench.label, bench.per_class, &bench.report.identity);
    if (!code)
        code = measure(&bench);
    if (!code)
        code = finish(&bench);
out:
    close_all(&bench);
    return code;
}

const struct cdn_command cdn_command_bench = {
    .name = "bench",
    .summary = "measure what a rule costs over real nodes, by degree",
    .run = run,
    .usage = "RULE --data STORE [OPTION...]",
    .examples =
        "cordon bench rules/fraud/fan_out.lua -d store\n"
        "cordon bench rule.lua -d store --sample 1000 --seed 7\n"
        "cordon bench rule.lua -d store --save base.json\n"
        "cordon bench rule.lua -d store --compare base.json --threshold 5\n"
        "cordon bench rule.lua -d store --compare base.json --time-threshold 30\n"
        "cordon bench rule.lua -d store --input requests.ndjson\n"
        "cordon bench rule.lua -d store --as-of 2026-11-24 --format gobench\n"
        "cordon bench rule.lua -d store --tier process",
    .details =
        "Nodes are drawn by degree class (0, 1-9, 10-99 ...) over the edge types that "
        "the rule reads, the same ones for the same --seed; --node and --input take "
        "the "
        "requests that are given instead. The figures of all classes together weigh "
        "each "
        "class by the nodes that it has. Each request runs once a round, after the "
        "rounds of warm-up.\n\n"
        "Without --now and --as-of the rule's present is the time of the latest edge "
        "of "
        "a type that it reads, so that the same bench can be made again.\n\n"
        "--compare needs a file that --save wrote of the same rule's name, snapshot "
        "and "
        "requests; the rule's text may differ. By default it looks at what is the same "
        "in every run: instructions, edges, nodes and memory; at times only with "
        "--time-threshold. Counts do not depend on the wall of --tier, so a file saved "
        "without it shows what the wall costs. Exit 4 if a limit stopped a run, else 1 "
        "if one ended in "
        "error or a cost grew by more than the threshold.",
    .exits = "01234i",
};
