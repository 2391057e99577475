/* cordon backtest: what would a rule have decided, and how often rightly?
 *
 *     the corpus is read and sorted, labels joined, a sample taken    backtest/corpus.h
 *     each version is loaded into an engine of its own
 *     every event is put to it as of its time, by several threads     backtest/judge.h
 *     verdicts are counted                                           backtest/measure.h
 *     ... and written: show.c, report_json.c, html.c                 backtest/report.h
 *
 * Two versions run one after the other: each has the machine to itself, and their costs can be
 * compared. */
#include "cli/backtest/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/registry.h"
#include "engine/registry.h"

#define MAX_THREADS 256

struct options {
    const char *rule;
    const char *against;
    const char *data;
    const char *corpus;
    const char *labels;
    struct cdn_corpus_form form;
    const char *label_columns;
    int unlabelled; /* 1: ignore, 2: good */
    const char *alert;
    double threshold;
    const char *threshold_text;
    uint64_t sample;
    uint64_t parallel;
    const char *expectations;
    int unexpected;
    const char *junit;
    const char *report;
};

/* One run of the command. */
struct work {
    struct cdn_cli *cli;
    struct options options;
    struct cdn_session given; /* what the options say; copied for each side */
    struct cdn_backtest test;
    struct cdn_progress progress;
    uint64_t began_ns;
};

/* ---- loading a version ---- */

static int fail(const struct work *work, const cordon_error *err, int code)
{
    cdn_cli_error_of(work->cli, err);
    return code;
}

static int show_load_error(const struct work *work, const struct cdn_side *side,
                           const cordon_error *err)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = err->file[0] ? err->file : side->file,
        .line = err->line,
        .column = err->column,
        .message = err->message,
        .source = (const char *)side->source.data,
        .source_bytes = side->source.length,
    };

    if (work->cli->log_format == CDN_LOG_JSON)
        cdn_cli_error_of(work->cli, err);
    else
        cdn_diagnostic_print(work->cli->err, work->cli->err_color, &diagnostic);
    return cdn_cli_exit_of(err->status);
}

/* "fan_in@3": the version's number, and the length of the name; 0: none is given. */
static uint32_t version_of(const char *word, size_t *name)
{
    const char *at = strrchr(word, '@');
    unsigned long number;
    char *end;

    *name = strlen(word);
    if (!at || at == word || at[1] < '1' || at[1] > '9')
        return 0;
    number = strtoul(at + 1, &end, 10);
    if (*end || number > UINT32_MAX)
        return 0;
    *name = (size_t)(at - word);
    return (uint32_t)number;
}

static cordon_status read_registered(const struct work *work, struct cdn_side *side,
                                     const char *name, uint32_t version,
                                     cordon_error *err)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    cordon_registry *registry;
    cordon_status status = cdn_registry_of_store(&registry, work->options.data,
                                                 CORDON_REGISTRY_READ_ONLY, err);

    if (status)
        return status;
    status = cordon_registry_standing(&standing, registry, name, err);
    if (!status && standing.kind != CORDON_OBJECT_RULE)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "'%s' is a set; a backtest is of a rule", name);
    if (!status && !version)
        version = standing.active;
    if (!status && !version)
        status = cdn_error_set(err, CORDON_E_NOTFOUND,
                               "no version of '%s' decides; say which: %s@%" PRIu32,
                               name, name, standing.newest);
    if (!status)
        status = cdn_registry_text(&side->source, registry, name, version, err);
    cordon_registry_close(registry);
    side->version = version;
    snprintf(side->file, sizeof(side->file), "%s@%" PRIu32, name, version);
    return status;
}

/* The text of a version: a file's, or the registry's. */
static cordon_status read_version(const struct work *work, struct cdn_side *side,
                                  const char *word, cordon_error *err)
{
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    size_t bytes;
    uint32_t version = version_of(word, &bytes);

    if (bytes < sizeof(name)) {
        memcpy(name, word, bytes);
        name[bytes] = '\0';
        if (cdn_session_is_name(&work->given, name) && access(word, F_OK) != 0)
            return read_registered(work, side, name, version, err);
    }
    snprintf(side->file, sizeof(side->file), "%s", word);
    return cdn_file_read(&side->source, word, CORDON_RULE_MAX_SOURCE_BYTES, err);
}

/* What the rule declares, read in a sandbox of its own. */
static cordon_status read_contract(struct cdn_side *side, cordon_error *err)
{
    const struct cdn_slot_config config = {0};
    const struct cdn_budget budget = {
        .instructions = 10 * 1000 * 1000,
        .memory_bytes = UINT64_C(1) << 20,
        .edges = 1,
        .output_bytes = UINT64_C(1) << 20,
        .wall_ns = UINT64_C(2) * 1000 * 1000 * 1000,
    };
    struct cdn_slot *slot;
    cordon_status status = cdn_slot_new(&slot, &config, err);

    if (!status)
        status = cdn_rule_load(&side->rule, slot, (const char *)side->source.data,
                               side->source.length, side->file, &budget, NULL, err);
    cdn_slot_free(slot);
    return status;
}

static bool takes_text(const void *ud, const char *word)
{
    const struct cdn_side *side = ud;

    return cdn_session_takes_text(side->session.engine, side->name, word);
}

static int load_side(struct work *work, struct cdn_side *side, const char *word)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    cordon_error err;
    cordon_status status;
    int code;

    cdn_error_clear(&err);
    status = read_version(work, side, word, &err);
    if (status)
        return fail(work, &err,
                    status == CORDON_E_NOMEM ? CDN_EXIT_DATA : CDN_EXIT_USAGE);
    cdn_hash_content(hash, side->source.data, side->source.length);
    cdn_hash_hex(side->digest, hash, sizeof(hash));
    side->session = work->given;
    side->session.slots = work->test.threads;
    code = cdn_session_open(&side->session);
    if (code)
        return code;
    status =
        cordon_engine_load_rule(side->session.engine, (const char *)side->source.data,
                                side->source.length, side->file, side->name, &err);
    if (!status)
        status = read_contract(side, &err);
    if (status)
        return show_load_error(work, side, &err);
    snprintf(side->title, sizeof(side->title), "%s",
             side->version ? side->file : side->name);
    return cdn_session_begin(&side->session, takes_text, side);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Two files of one rule are told apart by their own names, or by where they lie. */
static void tell_apart(struct cdn_side *side, struct cdn_side *other)
{
    bool bases = strcmp(base_name(side->file), base_name(other->file)) != 0;

    if (strcmp(side->title, other->title) != 0)
        return;
    snprintf(side->title, sizeof(side->title), "%.120s",
             bases ? base_name(side->file) : side->file);
    snprintf(other->title, sizeof(other->title), "%.120s",
             bases ? base_name(other->file) : other->file);
}

/* A number alone is a version of the rule's own name. */
static int load_against(struct work *work)
{
    struct cdn_side *side = &work->test.sides[0], *other = &work->test.sides[1];
    const char *word = work->options.against;
    char named[CORDON_RULE_MAX_NAME_BYTES + 16];
    int code;

    if (*word && strspn(word, "0123456789") == strlen(word) &&
        access(word, F_OK) != 0) {
        snprintf(named, sizeof(named), "%s@%.11s", side->name, word);
        word = named;
    }
    work->test.side_count = 2;
    code = load_side(work, other, word);
    if (!code)
        tell_apart(side, other);
    return code;
}

/* ---- what is an alert ---- */

/* Take the words of --alert as decisions of both sides; a word that neither has is refused. */
static int take_words(struct work *work, const char *words)
{
    struct cdn_backtest *test = &work->test;

    while (*words) {
        size_t bytes = strcspn(words, ",");
        bool known = false;
        char shown[100];

        for (uint32_t s = 0; s < test->side_count; s++) {
            const struct cdn_rule *rule = test->sides[s].rule;

            for (uint32_t d = 0; d < rule->decision_count; d++) {
                if (strlen(rule->decisions[d]) != bytes ||
                    memcmp(rule->decisions[d], words, bytes) != 0)
                    continue;
                test->sides[s].alarm.decisions |= UINT32_C(1) << d;
                known = true;
            }
        }
        if (!known)
            return cdn_cli_usage(work->cli, "--alert: %s has no decision '%s'",
                                 test->sides[0].title,
                                 cdn_escape(shown, sizeof(shown), words, bytes));
        words += bytes + (words[bytes] == ',');
    }
    return CDN_EXIT_OK;
}

/* Every decision but the least severe. */
static int take_severe(struct work *work)
{
    for (uint32_t s = 0; s < work->test.side_count; s++) {
        struct cdn_side *side = &work->test.sides[s];

        if (!side->rule->decision_count)
            return cdn_cli_usage(work->cli,
                                 "%s declares no decisions, so that none is an alert; "
                                 "take its score: --threshold SCORE",
                                 side->title);
        side->alarm.decisions =
            ((UINT32_C(1) << side->rule->decision_count) - 1) & ~UINT32_C(1);
    }
    return CDN_EXIT_OK;
}

static void describe_alarm(struct cdn_backtest *test)
{
    const struct cdn_side *side = &test->sides[0];
    size_t used = 0;
    char score[40];

    if (side->alarm.by_score) {
        snprintf(test->alarm, sizeof(test->alarm), "a score of at least %s",
                 cdn_show_score(score, sizeof(score), side->alarm.threshold));
        return;
    }
    snprintf(test->alarm, sizeof(test->alarm), "nothing");
    for (uint32_t d = side->rule->decision_count; d-- > 0;) {
        if ((side->alarm.decisions >> d) & 1 && used + 70 < sizeof(test->alarm))
            used +=
                (size_t)snprintf(test->alarm + used, sizeof(test->alarm) - used, "%s%s",
                                 used ? ", " : "", side->rule->decisions[d]);
    }
}

static int set_alarm(struct work *work)
{
    struct options *options = &work->options;
    int code = CDN_EXIT_OK;

    if (options->threshold_text) {
        for (uint32_t s = 0; s < work->test.side_count; s++)
            work->test.sides[s].alarm =
                (struct cdn_alarm){.by_score = true, .threshold = options->threshold};
    } else {
        code = options->alert ? take_words(work, options->alert) : take_severe(work);
    }
    describe_alarm(&work->test);
    return code;
}

/* ---- the corpus ---- */

static bool on_stop(void *ud)
{
    const struct work *work = ud;

    return cdn_cli_stopped(work->cli);
}

static cordon_status read_labels(struct work *work, cordon_error *err)
{
    struct cdn_corpus labels = {0};
    struct cdn_corpus_form form = work->options.form;
    char count[40];
    uint64_t used = 0;
    cordon_status status;

    form.columns = work->options.label_columns;
    status = cdn_corpus_read(&labels, work->options.labels, &form, on_stop, work, err);
    if (!status)
        status = cdn_corpus_join(&work->test.corpus, &labels, &used, err);
    if (!status)
        cdn_cli_detail(work->cli, "%s events have their label from %s",
                       cdn_show_count(count, sizeof(count), used),
                       work->options.labels);
    cdn_corpus_deinit(&labels);
    return status;
}

static cordon_status read_corpus(struct work *work, cordon_error *err)
{
    struct cdn_backtest *test = &work->test;
    struct cdn_corpus *corpus = &test->corpus;
    const struct options *options = &work->options;
    cordon_status status =
        cdn_corpus_read(corpus, options->corpus, &options->form, on_stop, work, err);

    if (!status && options->labels)
        status = read_labels(work, err);
    if (status)
        return status;
    if (options->unlabelled == 2)
        cdn_corpus_assume_good(corpus);
    if (test->as_of_ms != CORDON_NO_TIME)
        test->later = cdn_corpus_cut(corpus, test->as_of_ms);
    cdn_corpus_sort(corpus);
    if (options->sample && options->sample < corpus->count) {
        test->sampled_from = corpus->count;
        status = cdn_corpus_sample(corpus, options->sample, test->seed, err);
    }
    test->first_ms = test->last_ms = CORDON_NO_TIME;
    for (size_t i = 0; i < corpus->count; i++) {
        const struct cdn_event *event = &corpus->events[i];

        test->has_money |= event->has_amount;
        if (event->at_ms == CORDON_NO_TIME)
            continue;
        if (test->first_ms == CORDON_NO_TIME)
            test->first_ms = event->at_ms;
        test->last_ms = event->at_ms;
    }
    if (!status && !corpus->count)
        status = cdn_error_set(err, CORDON_E_DATA, "%s: there is no event in it%s",
                               options->corpus,
                               test->later ? " that is not later than --as-of" : "");
    return status;
}

/* ---- judging ---- */

static void on_progress(void *ud, uint64_t done)
{
    struct work *work = ud;
    const struct cdn_backtest *test = &work->test;
    uint64_t spent_ns = cdn_clock_ns() - work->began_ns;
    double all = (double)test->corpus.count;
    char detail[120], pace[40], left[40];
    double per_ns;

    if (!work->progress.enabled || !done || !spent_ns)
        return;
    per_ns = (double)done / (double)spent_ns;
    snprintf(
        detail, sizeof(detail), "%s events/s, %s left",
        cdn_show_count(pace, sizeof(pace), (uint64_t)(per_ns * 1e9)),
        cdn_show_ns(left, sizeof(left), (uint64_t)((all - (double)done) / per_ns)));
    cdn_progress_set(&work->progress, (double)done / all, detail);
}

static cordon_status judge_side(struct work *work, struct cdn_side *side,
                                cordon_error *err)
{
    struct cdn_backtest *test = &work->test;
    char what[160], title[140];
    cordon_status status;

    side->verdicts = cdn_calloc(test->corpus.count, sizeof(*side->verdicts));
    if (!side->verdicts)
        return cdn_error_nomem(err);
    side->ask = (struct cdn_ask){
        .engine = side->session.engine,
        .rule = side->rule,
        .corpus = &test->corpus,
        .params = side->session.defaults.length ? side->session.defaults.data : NULL,
        .params_bytes = side->session.defaults.length,
        .limits = &side->session.limits,
        .cancel = work->cli->cancel,
        .principal = side->session.principal,
        .seed = test->seed,
        .as_of_ms = test->as_of_ms,
        .last_ms = test->as_of_ms != CORDON_NO_TIME        ? test->as_of_ms
                   : test->graph_last_ms != CORDON_NO_TIME ? test->graph_last_ms
                                                           : 0,
    };
    status = cordon_engine_warm(side->session.engine, side->name, err);
    if (status)
        return status;
    snprintf(what, sizeof(what), "%s",
             cdn_escape(title, sizeof(title), side->title, strlen(side->title)));
    cdn_progress_begin(&work->progress, work->cli, what);
    work->began_ns = cdn_clock_ns();
    status = cdn_backtest_judge(side->verdicts, &side->ask, test->threads, on_progress,
                                work, err);
    test->elapsed_ns += cdn_clock_ns() - work->began_ns;
    cdn_progress_end(&work->progress);
    if (!status)
        status = cdn_measure(&side->measures, &test->corpus, side->verdicts,
                             &side->alarm, err);
    return status;
}

static cordon_status judge(struct work *work, cordon_error *err)
{
    struct cdn_backtest *test = &work->test;
    const struct cdn_side *side = &test->sides[0], *other = &test->sides[1];
    const cordon_snapshot *snapshot = side->session.snapshot;
    cordon_status status = CORDON_OK;

    test->snapshot_id = cordon_snapshot_identity(snapshot);
    cdn_backtest_graph_times(test, snapshot);
    for (uint32_t s = 0; s < test->side_count && !status; s++)
        status = judge_side(work, &test->sides[s], err);
    if (status)
        return status;
    if (test->side_count == 2)
        cdn_measure_changes(&test->changes, &test->corpus, other->rule, other->verdicts,
                            &other->alarm, side->rule, side->verdicts, &side->alarm);
    status = cdn_backtest_examples(test, err);
    if (!status)
        cdn_backtest_caveats(test, snapshot);
    if (!status && work->options.expectations)
        status = cdn_backtest_expect(test, work->options.expectations,
                                     work->options.unexpected
                                         ? (enum cdn_unexpected)work->options.unexpected
                                         : CDN_UNEXPECTED_WARN,
                                     err);
    return status;
}

/* ---- writing ---- */

/* Write one of the reports to a file. */
static cordon_status write_file(const char *path,
                                void (*fill)(struct cdn_buf *out,
                                             const struct cdn_backtest *test),
                                const struct cdn_backtest *test, cordon_error *err)
{
    struct cdn_buf text = {0};
    cordon_status status = CORDON_OK;

    if (!path)
        return CORDON_OK;
    fill(&text, test);
    status = text.failed ? cdn_error_nomem(err)
                         : cdn_file_replace(path, text.data, text.length, err);
    cdn_buf_deinit(&text);
    return status;
}

static int write_all(struct work *work)
{
    struct cdn_cli *cli = work->cli;
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status =
        write_file(work->options.report, cdn_backtest_html, &work->test, &err);
    int code = CDN_EXIT_OK;

    if (!status)
        status = write_file(work->options.junit, cdn_backtest_junit, &work->test, &err);
    if (status)
        return fail(work, &err, CDN_EXIT_DATA);
    if (cli->format == CDN_FORMAT_PRETTY) {
        if (!cdn_backtest_show(&work->test))
            code = fail(work, (cdn_error_nomem(&err), &err), CDN_EXIT_DATA);
    } else {
        cdn_backtest_json(&text, &work->test, cli->format == CDN_FORMAT_JSON);
        code = cdn_json_print(cli, &text);
        cdn_buf_deinit(&text);
    }
    if (work->options.report)
        cdn_cli_note(cli, "the report is in %s", work->options.report);
    if (!code && work->test.missed) {
        cdn_cli_error(cli, "%" PRIu64 " expectation%s missed", work->test.missed,
                      work->test.missed == 1 ? " was" : "s were");
        code = CDN_EXIT_FINDINGS;
    }
    return code;
}

/* ---- the command ---- */

static uint32_t threads_of(const struct options *options)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t wanted = options->parallel ? options->parallel
                      : online > 0      ? (uint64_t)online
                                        : 1;

    return wanted > MAX_THREADS ? MAX_THREADS : (uint32_t)wanted;
}

static int check_arguments(struct work *work, int argc, char **argv)
{
    struct options *options = &work->options;
    struct cdn_cli *cli = work->cli;
    const struct cdn_option threshold = {
        "threshold", 0, CDN_OPTION_NUMBER, &options->threshold, "", NULL, NULL};
    cordon_error err;

    if (argc == 0)
        return cdn_cli_usage(cli,
                             "no rule given; name a rule's file or its name in the "
                             "registry");
    if (argc > 1)
        return cdn_cli_usage(
            cli,
            "one rule at a time; found '%s' and '%s' (compare two with "
            "--against)",
            argv[0], argv[1]);
    if (!options->data)
        return cdn_cli_usage(cli, "no graph given: --data STORE");
    if (!options->corpus)
        return cdn_cli_usage(cli, "no events given: --corpus FILE");
    if (options->alert && options->threshold_text)
        return cdn_cli_usage(cli, "--alert and --threshold exclude each other");
    if (options->threshold_text &&
        cdn_option_value(&threshold, options->threshold_text, &err))
        return cdn_cli_usage(cli, "%s", err.message);
    if (options->label_columns && !options->labels)
        return cdn_cli_usage(cli, "--label-columns without --labels FILE");
    if (options->unexpected && !options->expectations)
        return cdn_cli_usage(cli, "--unexpected without --expectations FILE");
    if (options->junit && !options->expectations)
        return cdn_cli_usage(
            cli, "--junit writes what became of expectations; none are given: "
                 "--expectations FILE");
    if (options->parallel > MAX_THREADS)
        return cdn_cli_usage(cli, "--parallel takes at most %d", MAX_THREADS);
    options->rule = argv[0];
    if (cli->format == CDN_FORMAT_AUTO)
        cli->format = cli->out_tty ? CDN_FORMAT_PRETTY : CDN_FORMAT_NDJSON;
    work->given.data = options->data;
    work->test.corpus_file = options->corpus;
    work->test.labels_file = options->labels;
    work->test.as_of_ms = work->given.as_of_ms;
    work->test.seed = work->given.seed;
    work->test.threads = threads_of(options);
    return cdn_session_check(&work->given);
}

static int backtest(struct work *work)
{
    struct cdn_backtest *test = &work->test;
    cordon_error err;
    cordon_status status;
    int code;

    test->side_count = 1;
    code = load_side(work, &test->sides[0], work->options.rule);
    if (!code && work->options.against)
        code = load_against(work);
    if (!code)
        code = set_alarm(work);
    if (code)
        return code;
    cdn_error_clear(&err);
    status = read_corpus(work, &err);
    if (!status)
        status = judge(work, &err);
    if (status)
        return fail(work, &err, cdn_cli_exit_of(status));
    return write_all(work);
}

static void close_all(struct work *work)
{
    struct cdn_backtest *test = &work->test;

    for (uint32_t s = 0; s < 2; s++) {
        struct cdn_side *side = &test->sides[s];

        side->session.params = (struct cdn_strings){NULL, 0}; /* the work's */
        cdn_session_deinit(&side->session);
        cdn_buf_deinit(&side->source);
        cdn_rule_free(side->rule);
        cdn_free(side->verdicts);
    }
    cdn_strings_deinit(&work->given.params);
    cdn_corpus_deinit(&test->corpus);
    cdn_buf_deinit(&test->caveats);
    cdn_free(test->expected);
}

static int parse(struct work *work, int argc, char **argv)
{
    struct options *o = &work->options;
    struct cdn_session *s = &work->given;
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &o->data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"corpus", 0, CDN_OPTION_STRING, &o->corpus, "FILE",
         "the events: CSV, or a JSON object a line; - reads stdin", NULL},
        {"labels", 0, CDN_OPTION_STRING, &o->labels, "FILE",
         "labels by node, for events that have none of their own", NULL},
        {"columns", 0, CDN_OPTION_STRING, &o->form.columns, "LIST",
         "how the corpus calls them: node=account,time=at,...", NULL},
        {"label-columns", 0, CDN_OPTION_STRING, &o->label_columns, "LIST",
         "the same for the file of labels", NULL},
        {"node-label", 0, CDN_OPTION_STRING, &o->form.node_label, "LABEL",
         "nodes are given by key alone; this is their label", NULL},
        {"fraud", 0, CDN_OPTION_STRING, &o->form.fraud, "WORDS",
         "labels that mean fraud, with commas; all others are good", NULL},
        {"unlabelled", 0, CDN_OPTION_CHOICE, &o->unlabelled, "WHAT",
         "events without a label: ignore (default), or good", "ignore|good"},
        {"alert", 0, CDN_OPTION_STRING, &o->alert, "WORDS",
         "decisions that are alerts (default: all but the least severe)", NULL},
        {"threshold", 0, CDN_OPTION_STRING, &o->threshold_text, "SCORE",
         "alert by score instead: from here on", NULL},
        {"against", 0, CDN_OPTION_STRING, &o->against, "VERSION",
         "another version: a number, NAME@N, or a rule's file", NULL},
        {"expectations", 0, CDN_OPTION_STRING, &o->expectations, "FILE",
         "JSON: {\"precision\": {\"at_least\": 0.9}}; exit 1 if missed", NULL},
        {"unexpected", 0, CDN_OPTION_CHOICE, &o->unexpected, "WHAT",
         "decisions and failures that none names: fail, warn (default) or ignore",
         "fail|warn|ignore"},
        {"junit", 0, CDN_OPTION_STRING, &o->junit, "FILE",
         "write the expectations as JUnit's XML", NULL},
        {"report", 0, CDN_OPTION_STRING, &o->report, "FILE",
         "write a report as one HTML file", NULL},
        {"sample", 0, CDN_OPTION_POSITIVE, &o->sample, "N",
         "ask about N events only, chosen by --seed", NULL},
        {"parallel", 'p', CDN_OPTION_POSITIVE, &o->parallel, "N",
         "threads (default: as there are processors)", NULL},
        {"as-of", 0, CDN_OPTION_TIME, &s->as_of_ms, "TIME",
         "as if it were then: no event and no edge is later", NULL},
        {"param", 0, CDN_OPTION_LIST, &s->params, "NAME=VALUE",
         "a parameter; VALUE is text if declared so, else JSON", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &s->seed, "N",
         "seeds math.random and the sample", NULL},
        {"principal", 0, CDN_OPTION_STRING, &s->principal, "NAME",
         "see the graph as this principal of the policy does", NULL},
        {"policy", 0, CDN_OPTION_STRING, &s->flags.policy, "FILE",
         "the policy (default: policy.lua in the store)", NULL},
        {"config", 0, CDN_OPTION_STRING, &s->flags.config, "FILE",
         "ceilings and more: see cordon config show", NULL},
        CDN_SESSION_LIMIT_OPTIONS(*s),
    };
    int code;

    if (!cdn_options_parse(work->cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code ? code : -1; /* help was shown */
    return check_arguments(work, argc, argv);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct work *work = cdn_calloc(1, sizeof(*work)); /* too large for a stack */
    int code;

    if (!work) {
        cdn_cli_error(cli, "out of memory");
        return CDN_EXIT_DATA;
    }
    work->cli = work->test.cli = cli;
    work->given = (struct cdn_session)CDN_SESSION_INIT(cli);
    code = parse(work, argc, argv);
    if (!code)
        code = cdn_cli_finish(cli, backtest(work));
    close_all(work);
    cdn_free(work);
    return code < 0 ? CDN_EXIT_OK : code;
}

const struct cdn_command cdn_command_backtest = {
    .name = "backtest",
    .summary = "ask a rule about past events, and count how often it was right",
    .run = run,
    .usage = "RULE --data STORE --corpus FILE [OPTION...]",
    .examples =
        "cordon backtest rules/fraud/fan_in.lua -d store --corpus bank/corpus.csv "
        "--fraud fan_in\n"
        "cordon backtest rule.lua -d store --corpus events.ndjson --report "
        "report.html\n"
        "cordon backtest new.lua -d store --corpus events.csv --against old.lua\n"
        "cordon backtest fan_in@4 -d store --corpus events.csv --against 3\n"
        "cordon backtest rule.lua -d store --corpus requests.ndjson --labels "
        "labels.csv\n"
        "cordon backtest rule.lua -d store --corpus events.csv --threshold 0.8\n"
        "cordon backtest rule.lua -d store --corpus events.csv --expectations "
        "wanted.json",
    .details =
        "Each event is put to the rule as of its time: `now` is that time, and no edge "
        "later "
        "than it exists, whatever the store has. Columns of nodes have no history; a "
        "rule "
        "that reads one the schema does not call immutable is warned about.\n\n"
        "An event has node, time, label and amount: columns of a CSV file, fields of a "
        "JSON "
        "object a line. Only node is needed; what cordon eval --input reads is a "
        "corpus as "
        "well. A label is 1, true, yes, fraud or 0, false, no, none, or with --fraud "
        "any "
        "word; nothing means that it is not known, and such events count in the alert "
        "rate "
        "alone. A label of --labels that has a time holds for its node from then "
        "on.\n\n"
        "An alert is any decision but the least severe, the first of those that the "
        "rule "
        "declares. A run that ends in error or at a limit is counted as such, and what "
        "it "
        "decides is the declared fallback. An event whose node is not in the graph is "
        "told "
        "and in no other figure.\n\n"
        "The same corpus, store and rule give the same figures for any --parallel, "
        "times "
        "aside. Expectations may name every figure of the report: precision, recall, "
        "f1, "
        "alert_rate, money.caught, decisions.WORD, outcomes.error, cost.edges.p99, "
        "changes.worse ...",
    .exits = "0123i",
};
