/* cordon replay: decide again what a log says was decided.
 *
 * Without a candidate it is a proof: same text, same generation, same request give the same
 * bytes, or the record is named and the exit code is 1.  With one (--against) it is the answer
 * to what a change of a rule would have changed. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <cordon/registry.h>
#include <cordon/rule.h>

#include "base/file.h"
#include "cli/audit.h"
#include "cli/replay.h"
#include "cli/tier.h"

#define SCHEMA_VERSION 1
#define MOST_EXAMPLES  UINT64_C(100000)

struct task {
    struct cdn_cli *cli;
    const char *data;
    const char *log; /* as given; NULL: the store's */
    const char *policy_file;
    cordon_policy *policy;
    char worker[PATH_MAX];
    const char *against;
    struct cdn_strings rules;
    struct cdn_audit_filter filter;
    uint64_t examples;
    bool own_limits;
    char folder[PATH_MAX];
    struct cdn_rule_files files;
    struct cdn_buf candidate;
    cordon_registry *registry; /* the store's; NULL: it has none */
    struct cdn_replay_texts texts[2];
    struct cdn_replay *replay;
    struct cdn_replay_report report;
    uint64_t damaged;
};

/* The store's registry has the text of every version it ever had. */
static cordon_status open_registry(struct task *task, cordon_error *err)
{
    char path[PATH_MAX];
    cordon_status status;

    if (!task->data ||
        cdn_path_join(path, sizeof path, task->data, "rules.mdb", NULL) ||
        access(path, F_OK))
        return CORDON_OK;
    status =
        cordon_registry_open(&task->registry, path, CORDON_REGISTRY_READ_ONLY, err);
    return status == CORDON_E_NOTFOUND ? CORDON_OK : status;
}

static cordon_status gather(struct task *task, cordon_error *err)
{
    struct cdn_replay_options options = {.store = task->data,
                                         .own_limits = task->own_limits,
                                         .cancel = task->cli->cancel};
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < task->rules.count && !status; i++)
        status = cdn_rule_files_add(&task->files, task->rules.items[i], err);
    if (!status && task->policy_file)
        status = cordon_policy_load_file(&task->policy, task->policy_file, err);
    options.policy = task->policy;
    if (cdn_tier_find_worker(task->worker)) /* for walls that the policy names */
        options.worker = task->worker;
    if (!status && task->against)
        status = cdn_file_read(&task->candidate, task->against,
                               CORDON_RULE_MAX_SOURCE_BYTES, err);
    if (!status)
        status =
            cdn_audit_folder(task->folder, task->log ? task->log : task->data, err);
    if (status)
        return status;
    status = open_registry(task, err);
    if (status)
        return status;
    task->texts[0] = (struct cdn_replay_texts){cdn_rule_files_find, &task->files};
    task->texts[1] =
        (struct cdn_replay_texts){cdn_replay_find_registered, task->registry};
    options.texts = task->texts;
    options.text_count = task->registry ? 2 : 1;
    if (task->against) {
        options.candidate = (const char *)task->candidate.data;
        options.candidate_bytes = task->candidate.length;
        options.candidate_file = task->against;
    }
    return cdn_replay_new(&task->replay, &options, err);
}

/* Is it a set's own decision?  What is replayed are those of its members. */
static bool of_set(const struct cdn_audit_view *view)
{
    return view->set.at && view->rule.at && view->set.bytes == view->rule.bytes &&
           !memcmp(view->set.at, view->rule.at, view->set.bytes);
}

static cordon_status replay_entry(struct task *task, const cordon_audit_entry *entry,
                                  cordon_error *err)
{
    const char *candidate = cdn_replay_candidate(task->replay);
    struct cdn_replay_result result;
    struct cdn_audit_view view;
    cordon_status status;

    if (entry->kind != CORDON_AUDIT_DECISION ||
        !cdn_audit_record_view(&view, entry->record, entry->record_bytes) ||
        !cdn_audit_filter_takes(&task->filter, &view) || of_set(&view))
        return CORDON_OK;
    task->report.records++;
    if (candidate && !cdn_audit_text_is(&view.rule, candidate)) {
        task->report.skipped++;
        return CORDON_OK;
    }
    status = cdn_replay_run(&result, task->replay, &view, err);
    return status ? status : cdn_replay_report_add(&task->report, &view, &result, err);
}

static cordon_status walk(struct task *task, cordon_error *err)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    struct cdn_progress progress;
    cordon_status status = cordon_audit_reader_open(&reader, task->folder, err);
    bool got = true;

    if (status)
        return status;
    cdn_progress_begin(&progress, task->cli, "replaying");
    while (!status && got && !cdn_cli_stopped(task->cli)) {
        status = cordon_audit_reader_next(&entry, &got, reader, err);
        if (status == CORDON_E_CORRUPT) {
            cdn_cli_error_of(task->cli, err);
            task->damaged++;
            got = true;
            status = CORDON_OK;
            continue;
        }
        if (!status && got)
            status = replay_entry(task, &entry, err);
        if (!status && got && entry.sequence % 256 == 0) {
            char detail[64], shown[32];

            (void)snprintf(detail, sizeof detail, "%s decisions",
                           cdn_show_count(shown, sizeof shown, task->report.records));
            cdn_progress_set(&progress, 0, detail);
        }
    }
    cdn_progress_end(&progress);
    cordon_audit_reader_close(reader);
    if (!status && cdn_cli_stopped(task->cli))
        status = cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
    return status;
}

static int answer(struct task *task)
{
    struct cdn_cli *cli = task->cli;
    struct cdn_replay_report *report = &task->report;
    const char *candidate = cdn_replay_candidate(task->replay);
    bool differs =
        report->counts[CDN_REPLAY_CHANGED] || report->counts[CDN_REPLAY_REFUSED];
    /* a proof that left something out is none */
    bool lacks = report->counts[CDN_REPLAY_TEXT_MISSING] ||
                 report->counts[CDN_REPLAY_GENERATION_GONE] ||
                 report->counts[CDN_REPLAY_MASKED];
    int code = differs || lacks || task->damaged ? CDN_EXIT_FINDINGS : CDN_EXIT_OK;
    struct cdn_buf text = {0};
    struct cdn_json json;

    if (cli->format == CDN_FORMAT_PRETTY ||
        (cli->format == CDN_FORMAT_AUTO && cli->out_tty)) {
        if (!cdn_replay_report_show(cli->out, cli->out_color, report, candidate)) {
            cdn_cli_error(cli, "out of memory");
            code = CDN_EXIT_DATA;
        }
    } else {
        cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
        cdn_json_key_cstr(&json, "log", task->folder);
        cdn_replay_report_json(&json, report, candidate);
        cdn_json_object_end(&json);
        if (cdn_json_print(cli, &text))
            code = CDN_EXIT_DATA;
        cdn_buf_deinit(&text);
    }
    if (report->missing[0])
        cdn_cli_note(cli, "the first text not found has the digest %s",
                     report->missing);
    if (!report->compared)
        cdn_cli_warn(cli,
                     "nothing was compared: of %" PRIu64
                     " decisions none could be evaluated again",
                     report->records);
    return code;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct task task = {.cli = cli, .filter = CDN_AUDIT_FILTER_INIT, .examples = 10};
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &task.data, "STORE",
         "the snapshot store, or one snapshot file", NULL},
        {"audit", 0, CDN_OPTION_STRING, &task.log, "DIR",
         "the log (default: the store's own, STORE/audit)", NULL},
        {"rules", 0, CDN_OPTION_LIST, &task.rules, "PATH",
         "rule files, or folders of them, in which texts are looked for", NULL},
        {"policy", 0, CDN_OPTION_STRING, &task.policy_file, "FILE",
         "what principals saw, for decisions that were made for one", NULL},
        {"against", 0, CDN_OPTION_STRING, &task.against, "FILE",
         "decide with this text of the rule, and compare the decisions", NULL},
        {"own-limits", 0, CDN_OPTION_FLAG, &task.own_limits, NULL,
         "with --against: under the limits it declares, not those recorded", NULL},
        {"examples", 0, CDN_OPTION_INTEGER, &task.examples, "N",
         "name at most so many changed decisions (default: 10)", NULL},
        CDN_AUDIT_FILTER_OPTIONS(task.filter),
    };
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        goto out;
    if (argc)
        code = cdn_cli_usage(cli, "'%s' is not expected; rules are given by --rules",
                             argv[0]);
    else if (!task.data && !task.log)
        code =
            cdn_cli_usage(cli, "no log given; name a store with --data, or a log with "
                               "--audit");
    else if (task.own_limits && !task.against)
        code = cdn_cli_usage(cli, "--own-limits without --against FILE");
    else if (task.examples > MOST_EXAMPLES)
        code = cdn_cli_usage(cli, "--examples takes 0 to %" PRIu64, MOST_EXAMPLES);
    else
        code = CDN_EXIT_OK;
    if (code)
        goto out;
    cdn_error_clear(&err);
    cdn_replay_report_init(&task.report, task.examples);
    status = gather(&task, &err);
    if (!status)
        status = walk(&task, &err);
    if (status) {
        cdn_cli_error_of(cli, &err);
        code = cdn_cli_exit_of(status);
    } else {
        code = answer(&task);
    }
    code = cdn_cli_finish(cli, code);
out:
    cdn_replay_free(task.replay);
    cordon_policy_release(task.policy);
    cordon_registry_close(task.registry);
    cdn_replay_report_deinit(&task.report);
    cdn_rule_files_deinit(&task.files);
    cdn_buf_deinit(&task.candidate);
    cdn_strings_deinit(&task.rules);
    return code;
}

const struct cdn_command cdn_command_replay = {
    .name = "replay",
    .summary = "decide again what a log says was decided",
    .run = run,
    .usage = "--data STORE [--audit DIR] [--rules PATH] [OPTION...]\n"
             "  cordon replay --data STORE --against FILE [OPTION...]",
    .examples =
        "cordon replay -d store --rules rules\n"
        "cordon replay -d store --audit /var/log/cordon/audit --rules rules --since "
        "2026-11-01\n"
        "cordon replay -d store --against rules/fan_in.lua --examples 50",
    .details = "Each recorded decision is evaluated again: its request, under its "
               "limits, on the generation it was decided on, with the text whose hash "
               "it names (of --rules, or of the store's registry). Outcome, result, "
               "instructions, edges, nodes, output and what was read must be the same "
               "bit for bit. Functions of the host's answer what the record says they "
               "answered. What a clock or an allocator decides (the time limit, the "
               "memory limit, a cancelled run) cannot be reproduced, and is counted as "
               "that, never as a difference.\n\nWith --against, the decisions of that "
               "text are compared with those recorded: how often each became which, "
               "what they cost, and examples of those that changed.\n\nExit 1 if "
               "anything changed, could not be evaluated (its text or generation is "
               "gone, its input was masked), or the log is damaged.",
    .exits = "0123i",
};
