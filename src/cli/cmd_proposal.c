/* cordon proposal list, show, accept and reject: the log of what rules would like changed.
 *
 * Accepting changes no graph: cordon snapshot apply does, and says what it found in conflict. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "cli/proposal.h"

#define SCHEMA_VERSION 1

/* What every one of the four takes, and the work that follows from it. */
struct proposal {
    struct cdn_cli *cli;
    const char *store;
    const char *log_path;
    cordon_proposals *log;
    cordon_proposal_filter filter;
    int state; /* as given: enum cordon_proposal_state */
    /* showing */
    struct cdn_table *table;
    struct cdn_json *json;
    struct cdn_buf text;
    uint64_t shown;
    /* deciding */
    uint64_t *sequences;
    size_t count;
    size_t capacity;
    bool nomem;
};

#define OPTION_DATA(proposal)                                                          \
    {                                                                                  \
        "data", 'd', CDN_OPTION_STRING, &(proposal).store, "STORE",                    \
            "the store whose proposals they are", NULL                                 \
    }
#define OPTION_LOG(proposal)                                                           \
    {                                                                                  \
        "log", 0, CDN_OPTION_STRING, &(proposal).log_path, "FILE",                     \
            "the log, if it is not STORE/proposals.mdb", NULL                          \
    }
#define OPTION_RULE(proposal)                                                          \
    {                                                                                  \
        "rule", 0, CDN_OPTION_STRING, &(proposal).filter.rule, "NAME",                 \
            "only what this rule proposed", NULL                                       \
    }
#define OPTION_DECISION(proposal)                                                      \
    {                                                                                  \
        "decision", 0, CDN_OPTION_STRING, &(proposal).filter.decision_id, "ID",        \
            "only what this decision proposed", NULL                                   \
    }

static int fail(struct cdn_cli *cli, cordon_status status, const cordon_error *err)
{
    cdn_cli_error_of(cli, err);
    return cdn_cli_exit_of(status);
}

static bool is_pretty(const struct cdn_cli *cli)
{
    return cli->format == CDN_FORMAT_PRETTY ||
           (cli->format == CDN_FORMAT_AUTO && cli->out_tty);
}

static int open_log(struct proposal *proposal)
{
    cordon_error err;
    cordon_status status;

    if (!proposal->store && !proposal->log_path)
        return cdn_cli_usage(proposal->cli, "no store given: --data STORE");
    status = cdn_proposal_open(&proposal->log, proposal->store, proposal->log_path,
                               true, &err);
    return status ? fail(proposal->cli, status, &err) : CDN_EXIT_OK;
}

static void close_all(struct proposal *proposal)
{
    cordon_proposals_close(proposal->log);
    cdn_buf_deinit(&proposal->text);
    cdn_free(proposal->sequences);
}

/* ---- list ---- */

static bool on_row(void *ud, const cordon_proposal *entry)
{
    struct proposal *proposal = ud;
    char words[160], when[40];

    cdn_table_cell(proposal->table, "%" PRIu64, entry->sequence);
    cdn_table_cell(proposal->table, "%s", cordon_proposal_state_str(entry->state));
    cdn_table_cell(proposal->table, "%s", entry->rule);
    cdn_table_cell(proposal->table, "%s",
                   cdn_time_format(when, sizeof(when), entry->proposed_ms));
    cdn_table_cell(
        proposal->table, "%s",
        cdn_proposal_words(words, sizeof(words), entry->kind, &entry->content));
    proposal->shown++;
    return !cdn_cli_stopped(proposal->cli);
}

static cordon_status list_pretty(struct proposal *proposal, cordon_error *err)
{
    struct cdn_table table;
    cordon_status status;

    cdn_table_init(&table, 5, "rllll");
    proposal->table = &table;
    cdn_table_cell(&table, "sequence");
    cdn_table_cell(&table, "state");
    cdn_table_cell(&table, "rule");
    cdn_table_cell(&table, "proposed");
    cdn_table_cell(&table, "what");
    status =
        cordon_proposals_each(proposal->log, &proposal->filter, on_row, proposal, err);
    if (!status &&
        !cdn_table_print(&table, proposal->cli->out, proposal->cli->out_color, 0))
        status = cdn_error_nomem(err);
    cdn_table_deinit(&table);
    return status;
}

/* One object a line, printed as they come. */
static bool on_line(void *ud, const cordon_proposal *entry)
{
    struct proposal *proposal = ud;
    struct cdn_json json;

    cdn_buf_clear(&proposal->text);
    cdn_json_init(&json, &proposal->text, false);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_proposal_json(&json, entry);
    cdn_json_object_end(&json);
    proposal->nomem = cdn_json_print(proposal->cli, &proposal->text) != CDN_EXIT_OK;
    return !proposal->nomem && !cdn_cli_stopped(proposal->cli);
}

static bool on_element(void *ud, const cordon_proposal *entry)
{
    struct proposal *proposal = ud;

    cdn_json_object(proposal->json);
    cdn_proposal_json(proposal->json, entry);
    cdn_json_object_end(proposal->json);
    return !proposal->text.failed && !cdn_cli_stopped(proposal->cli);
}

static cordon_status list_json(struct proposal *proposal, cordon_error *err)
{
    struct cdn_json json;
    cordon_status status;

    cdn_json_init(&json, &proposal->text, true);
    proposal->json = &json;
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(&json, "proposals");
    cdn_json_array(&json);
    status = cordon_proposals_each(proposal->log, &proposal->filter, on_element,
                                   proposal, err);
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    if (!status)
        proposal->nomem = cdn_json_print(proposal->cli, &proposal->text) != CDN_EXIT_OK;
    return status;
}

static int list(struct proposal *proposal)
{
    struct cdn_cli *cli = proposal->cli;
    cordon_error err;
    cordon_status status;

    proposal->filter.state = (cordon_proposal_state)proposal->state;
    if (is_pretty(cli))
        status = list_pretty(proposal, &err);
    else if (cli->format == CDN_FORMAT_JSON)
        status = list_json(proposal, &err);
    else
        status = cordon_proposals_each(proposal->log, &proposal->filter, on_line,
                                       proposal, &err);
    if (status)
        return fail(cli, status, &err);
    if (cdn_cli_stopped(cli))
        return CDN_EXIT_INTERRUPTED;
    return proposal->nomem ? CDN_EXIT_DATA : CDN_EXIT_OK;
}

static int run_list(struct cdn_cli *cli, int argc, char **argv)
{
    struct proposal proposal = {.cli = cli, .filter = CORDON_PROPOSAL_FILTER_INIT};
    const struct cdn_option options[] = {
        OPTION_DATA(proposal),
        OPTION_LOG(proposal),
        {"state", 0, CDN_OPTION_CHOICE, &proposal.state, "STATE",
         "pending, accepted, rejected, applied or conflict",
         "pending|accepted|rejected|applied|conflict"},
        OPTION_RULE(proposal),
        OPTION_DECISION(proposal),
        {"after", 0, CDN_OPTION_POSITIVE, &proposal.filter.after, "N",
         "only sequences above N", NULL},
        {"limit", 0, CDN_OPTION_POSITIVE, &proposal.filter.limit, "N",
         "at most N of them", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "found '%s'; the store is given by --data", argv[0]);
    code = open_log(&proposal);
    if (!code)
        code = list(&proposal);
    close_all(&proposal);
    return cdn_cli_finish(cli, code);
}

/* ---- show ---- */

static void show_value(FILE *out, const char *word, const cordon_value *value)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    cdn_json_value(&json, value);
    if (text.data && !text.failed)
        fprintf(out, "  %-10s  %s\n", word, (const char *)text.data);
    cdn_buf_deinit(&text);
}

static void show_history(FILE *out, const cordon_proposal *entry)
{
    cordon_value_iter iter;
    cordon_value change;

    cordon_value_iter_init(&iter, &entry->history);
    while (cordon_value_next(&iter, NULL, &change)) {
        struct cdn_proposal_change step;
        char author[CORDON_PROPOSAL_AUTHOR_BYTES * 4 + 1];
        char reason[CORDON_PROPOSAL_REASON_BYTES * 4 + 1];

        if (!cdn_proposal_change_read(&step, &change))
            continue;
        cdn_escape(author, sizeof(author), step.author.as.string, step.author.length);
        cdn_escape(reason, sizeof(reason), step.reason.as.string, step.reason.length);
        fprintf(out, "  %-10s  %s by %s%s%s\n", step.state, step.when, author,
                reason[0] ? ": " : "", reason);
    }
}

static bool on_shown(void *ud, const cordon_proposal *entry)
{
    struct proposal *proposal = ud;
    FILE *out = proposal->cli->out;
    char when[40];

    proposal->shown++;
    if (!is_pretty(proposal->cli))
        return on_line(ud, entry);
    fprintf(out, "proposal %" PRIu64 ": %s\n", entry->sequence,
            cordon_proposal_state_str(entry->state));
    fprintf(out, "  rule        %s, version %u\n", entry->rule, entry->version);
    fprintf(out, "  decision    %s, %s %u\n", entry->decision_id,
            entry->kind == CORDON_PROPOSAL_UPDATE ? "updated node" : "new edge",
            entry->index);
    fprintf(out, "  proposed    %s, on generation %" PRIu64 "%s%s\n",
            cdn_time_format(when, sizeof(when), entry->proposed_ms), entry->generation,
            entry->principal[0] ? ", for " : "", entry->principal);
    show_value(out, "content", &entry->content);
    if (entry->kind == CORDON_PROPOSAL_UPDATE)
        show_value(out, "before", &entry->before);
    show_history(out, entry);
    if (entry->applied_generation)
        fprintf(out, "  generation  %" PRIu64 "\n", entry->applied_generation);
    return true;
}

static bool take_sequence(struct cdn_cli *cli, uint64_t *out, const char *word,
                          int *code)
{
    const struct cdn_option option = {"SEQUENCE", 0,   CDN_OPTION_POSITIVE, out, "N",
                                      NULL,       NULL};
    cordon_error err;

    if (!cdn_option_value(&option, word, &err))
        return true;
    *code = cdn_cli_usage(cli, "the number of a proposal: %s", err.message);
    return false;
}

static int show(struct proposal *proposal, int argc, char **argv)
{
    struct cdn_cli *cli = proposal->cli;
    int code = open_log(proposal);

    for (int i = 0; !code && i < argc; i++) {
        uint64_t before = proposal->shown;
        cordon_status status;
        cordon_error err;

        if (!take_sequence(cli, &proposal->filter.sequence, argv[i], &code))
            break;
        status = cordon_proposals_each(proposal->log, &proposal->filter, on_shown,
                                       proposal, &err);
        if (!status && proposal->shown == before)
            status = cdn_error_set(&err, CORDON_E_NOTFOUND, "there is no proposal %s",
                                   argv[i]);
        if (status)
            code = fail(cli, status, &err);
    }
    return code;
}

static int run_show(struct cdn_cli *cli, int argc, char **argv)
{
    struct proposal proposal = {.cli = cli, .filter = CORDON_PROPOSAL_FILTER_INIT};
    const struct cdn_option options[] = {OPTION_DATA(proposal), OPTION_LOG(proposal)};
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (!argc)
        return cdn_cli_usage(cli, "which proposal? give its number");
    code = show(&proposal, argc, argv);
    close_all(&proposal);
    return cdn_cli_finish(cli, code);
}

/* ---- accept and reject ---- */

static bool keep(struct proposal *proposal, uint64_t sequence)
{
    if (proposal->count == proposal->capacity) {
        size_t capacity = proposal->capacity ? proposal->capacity * 2 : 64;
        void *grown = cdn_realloc_array(proposal->sequences, capacity,
                                        sizeof(*proposal->sequences));

        if (!grown)
            return false;
        proposal->sequences = grown;
        proposal->capacity = capacity;
    }
    proposal->sequences[proposal->count++] = sequence;
    return true;
}

static bool on_pending(void *ud, const cordon_proposal *entry)
{
    struct proposal *proposal = ud;

    proposal->nomem = !keep(proposal, entry->sequence);
    return !proposal->nomem;
}

/* Which: those that are named, or all that are pending and pass. */
static int choose(struct proposal *proposal, bool all, int argc, char **argv)
{
    struct cdn_cli *cli = proposal->cli;
    cordon_status status = CORDON_OK;
    cordon_error err;
    int code = CDN_EXIT_OK;

    for (int i = 0; i < argc && !proposal->nomem; i++) {
        uint64_t sequence = 0;

        if (!take_sequence(cli, &sequence, argv[i], &code))
            return code;
        proposal->nomem = !keep(proposal, sequence);
    }
    proposal->filter.state = CORDON_PROPOSAL_PENDING;
    if (all)
        status = cordon_proposals_each(proposal->log, &proposal->filter, on_pending,
                                       proposal, &err);
    if (!status && proposal->nomem)
        status = cdn_error_nomem(&err);
    return status ? fail(cli, status, &err) : CDN_EXIT_OK;
}

static int report(struct proposal *proposal, bool accept, uint64_t changed,
                  bool dry_run)
{
    struct cdn_cli *cli = proposal->cli;
    const char *word = accept ? "accepted" : "rejected";
    struct cdn_json json;

    if (cli->format != CDN_FORMAT_JSON && cli->format != CDN_FORMAT_NDJSON) {
        cdn_cli_note(cli, "%" PRIu64 " proposal%s %s %s", changed,
                     changed == 1 ? "" : "s",
                     dry_run        ? "would be"
                     : changed == 1 ? "is"
                                    : "are",
                     word);
        return CDN_EXIT_OK;
    }
    cdn_json_init(&json, &proposal->text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "state", word);
    cdn_json_key_bool(&json, "dry_run", dry_run);
    cdn_json_key_uint(&json, "asked", proposal->count);
    cdn_json_key_uint(&json, "changed", changed);
    cdn_json_object_end(&json);
    return cdn_json_print(cli, &proposal->text);
}

static int decide(struct cdn_cli *cli, int argc, char **argv, bool accept)
{
    struct proposal proposal = {.cli = cli, .filter = CORDON_PROPOSAL_FILTER_INIT};
    char user[CORDON_PROPOSAL_AUTHOR_BYTES + 1];
    const char *author = NULL;
    const char *reason = "";
    bool all = false;
    bool dry_run = false;
    const struct cdn_option options[] = {
        OPTION_DATA(proposal),
        OPTION_LOG(proposal),
        {"all", 0, CDN_OPTION_FLAG, &all, NULL,
         "every pending one, as far as --rule and --decision go", NULL},
        OPTION_RULE(proposal),
        OPTION_DECISION(proposal),
        {"author", 0, CDN_OPTION_STRING, &author, "NAME",
         "who decides (default: the user's name)", NULL},
        {"reason", 0, CDN_OPTION_STRING, &reason, "TEXT", "why; one line", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &dry_run, NULL,
         "only say whether it could be done", NULL},
    };
    uint64_t changed = 0;
    cordon_status status;
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (all == (argc > 0))
        return cdn_cli_usage(cli, all ? "--all and numbers exclude each other"
                                      : "which proposals? give numbers, or --all");
    if (!all && (proposal.filter.rule || proposal.filter.decision_id))
        return cdn_cli_usage(cli, "--rule and --decision go with --all");
    code = open_log(&proposal);
    if (!code)
        code = choose(&proposal, all, argc, argv);
    if (!code) {
        status = cordon_proposals_decide(
            &changed, proposal.log, proposal.sequences, proposal.count, accept,
            author ? author : cdn_proposal_author(user, sizeof(user)), reason, dry_run,
            &err);
        code = status ? fail(cli, status, &err)
                      : report(&proposal, accept, changed, dry_run);
    }
    close_all(&proposal);
    return cdn_cli_finish(cli, code);
}

static int run_accept(struct cdn_cli *cli, int argc, char **argv)
{
    return decide(cli, argc, argv, true);
}

static int run_reject(struct cdn_cli *cli, int argc, char **argv)
{
    return decide(cli, argc, argv, false);
}

const struct cdn_command cdn_command_proposal_list = {
    .name = "proposal list",
    .summary = "list what rules would like changed",
    .run = run_list,
    .usage = "--data STORE [OPTION...]",
    .examples = "cordon proposal list -d store --state pending\n"
                "cordon proposal list -d store --rule fan_in --format ndjson | jq "
                ".content",
    .details = "cordon eval --propose logs proposals; they are pending until somebody "
               "accepts or rejects them.",
    .exits = "023i",
};

const struct cdn_command cdn_command_proposal_show = {
    .name = "proposal show",
    .summary = "show a proposal: what, by which decision, and what it was before",
    .run = run_show,
    .usage = "--data STORE SEQUENCE...",
    .examples = "cordon proposal show -d store 17",
    .details = NULL,
    .exits = "023",
};

const struct cdn_command cdn_command_proposal_accept = {
    .name = "proposal accept",
    .summary = "let proposals go into the next generation",
    .run = run_accept,
    .usage = "--data STORE SEQUENCE... | --all [OPTION...]",
    .examples =
        "cordon proposal accept -d store 17 18 --reason 'checked with the branch'\n"
        "cordon proposal accept -d store --all --rule fan_in --dry-run",
    .details = "Changes no graph: cordon snapshot apply does. All of them are accepted "
               "or none.",
    .exits = "023",
};

const struct cdn_command cdn_command_proposal_reject = {
    .name = "proposal reject",
    .summary = "refuse proposals, or take an acceptance back",
    .run = run_reject,
    .usage = "--data STORE SEQUENCE... | --all [OPTION...]",
    .examples = "cordon proposal reject -d store 17 --reason 'a salary, not a ring'",
    .details = "What has been applied cannot be rejected any more.",
    .exits = "023",
};
