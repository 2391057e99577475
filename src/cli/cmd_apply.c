/* cordon snapshot apply: accepted proposals become the store's next generation. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

#include "codec/json.h"
#include "cli/proposal.h"
#include "import/apply.h"

#define SCHEMA_VERSION 1

struct apply {
    struct cdn_cli *cli;
    struct cdn_apply_options options;
    struct cdn_apply_result result;
    struct cdn_progress progress;
    struct cdn_buf text;
    struct cdn_json json;
};

static bool wants_json(const struct cdn_cli *cli)
{
    return cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
}

/* Conflicts as they are found; in JSON all that was judged. */
static void on_judged(void *ud, uint64_t sequence, cordon_proposal_kind kind,
                      const cordon_value *content, const char *conflict)
{
    struct apply *apply = ud;
    char words[160], why[CORDON_PROPOSAL_REASON_BYTES * 4];

    if (wants_json(apply->cli)) {
        cdn_json_object(&apply->json);
        cdn_json_key_uint(&apply->json, "sequence", sequence);
        cdn_json_key_cstr(&apply->json, "state", conflict ? "conflict" : "applied");
        if (conflict)
            cdn_json_key_cstr(&apply->json, "reason", conflict);
        cdn_json_key(&apply->json, "content");
        cdn_json_value(&apply->json, content);
        cdn_json_object_end(&apply->json);
    } else if (conflict) {
        fprintf(apply->cli->out, "conflict: proposal %" PRIu64 ", %s: %s\n", sequence,
                cdn_proposal_words(words, sizeof(words), kind, content),
                cdn_escape(why, sizeof(why), conflict, strlen(conflict)));
    }
}

static void on_progress(void *ud, enum cdn_apply_stage stage, double done)
{
    struct apply *apply = ud;

    if (stage == CDN_APPLY_WRITING)
        cdn_progress_set(&apply->progress, done, NULL);
}

static bool on_stopped(void *ud)
{
    return cdn_cli_stopped(((struct apply *)ud)->cli);
}

static int report_json(struct apply *apply)
{
    const struct cdn_apply_result *result = &apply->result;
    struct cdn_json *json = &apply->json;

    cdn_json_array_end(json);
    cdn_json_key_cstr(json, "store", apply->options.store);
    cdn_json_key_bool(json, "dry_run", apply->options.dry_run);
    cdn_json_key_uint(json, "base", result->base);
    cdn_json_key_uint(json, "generation", result->generation);
    cdn_json_key_uint(json, "applied", result->applied);
    cdn_json_key_uint(json, "updated_nodes", result->updates);
    cdn_json_key_uint(json, "new_edges", result->edges);
    cdn_json_key_uint(json, "conflicts", result->conflicts);
    cdn_json_key_uint(json, "left", result->left);
    cdn_json_key_uint(json, "settled", result->settled);
    cdn_json_key_bool(json, "settled_applied", result->settled_applied);
    cdn_json_key_uint(json, "wall_ns", result->wall_ns);
    cdn_json_object_end(json);
    return cdn_json_print(apply->cli, &apply->text);
}

static void report_words(const struct apply *apply)
{
    const struct cdn_apply_result *result = &apply->result;
    const char *store = apply->options.store;
    struct cdn_cli *cli = apply->cli;

    if (result->settled)
        cdn_cli_note(cli,
                     "%s: an apply that was interrupted had %s %" PRIu64 " proposals",
                     store, result->settled_applied ? "applied" : "not applied",
                     result->settled);
    if (!result->applied && !result->conflicts)
        cdn_cli_note(cli, "%s: nothing is accepted and waiting", store);
    else if (apply->options.dry_run || !result->generation)
        cdn_cli_note(cli,
                     "%s: %" PRIu64 " would be applied to generation %" PRIu64
                     ", %" PRIu64 " in conflict",
                     store, result->applied, result->base, result->conflicts);
    else
        cdn_cli_note(cli,
                     "%s: generation %" PRIu64 ": %" PRIu64 " nodes updated, %" PRIu64
                     " edges added, %" PRIu64 " in conflict",
                     store, result->generation, result->updates, result->edges,
                     result->conflicts);
    if (result->left)
        cdn_cli_note(cli,
                     "%s: %" PRIu64 " accepted ones are left, since they did not fit "
                     "into the memory; run it again, or give more --memory",
                     store, result->left);
}

static int finish(struct apply *apply, cordon_status status, const cordon_error *err)
{
    int code = CDN_EXIT_OK;

    cdn_progress_end(&apply->progress);
    if (status == CORDON_E_INTERRUPTED)
        code = CDN_EXIT_INTERRUPTED;
    else if (status)
        code = cdn_cli_exit_of(status);
    if (status) {
        cdn_cli_error_of(apply->cli, err);
        return code;
    }
    if (wants_json(apply->cli))
        code = report_json(apply);
    else
        report_words(apply);
    if (!code && apply->result.conflicts)
        code = CDN_EXIT_FINDINGS;
    return code;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct apply apply = {.cli = cli};
    char user[CORDON_PROPOSAL_AUTHOR_BYTES + 1];
    const struct cdn_option options[] = {
        {"data", 'd', CDN_OPTION_STRING, &apply.options.store, "STORE",
         "the store to add a generation to", NULL},
        {"log", 0, CDN_OPTION_STRING, &apply.options.log, "FILE",
         "the log, if it is not STORE/proposals.mdb", NULL},
        {"author", 0, CDN_OPTION_STRING, &apply.options.author, "NAME",
         "who applies (default: the user's name)", NULL},
        {"memory", 0, CDN_OPTION_SIZE, &apply.options.memory_bytes, "SIZE",
         "working memory (1GiB)", NULL},
        {"temp", 0, CDN_OPTION_STRING, &apply.options.temp, "DIR",
         "where temporary files go (the store)", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &apply.options.dry_run, NULL,
         "say what would be applied and what is in conflict; change nothing", NULL},
    };
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "found '%s'; the store is given by --data", argv[0]);
    if (!apply.options.store)
        return cdn_cli_usage(cli, "no store given: --data STORE");
    if (!apply.options.author)
        apply.options.author = cdn_proposal_author(user, sizeof(user));
    apply.options.judged = on_judged;
    apply.options.progress = on_progress;
    apply.options.stopped = on_stopped;
    apply.options.ud = &apply;
    cdn_json_init(&apply.json, &apply.text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&apply.json);
    cdn_json_key_uint(&apply.json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(&apply.json, "proposals");
    cdn_json_array(&apply.json);
    cdn_progress_begin(&apply.progress, cli, "applying");
    status = cdn_apply_run(&apply.result, &apply.options, &err);
    code = finish(&apply, status, &err);
    cdn_buf_deinit(&apply.text);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_snapshot_apply = {
    .name = "snapshot apply",
    .summary = "make the next generation of accepted proposals",
    .run = run,
    .usage = "--data STORE [OPTION...]",
    .examples = "cordon snapshot apply -d store --dry-run\n"
                "cordon snapshot apply -d store --author 'night shift'",
    .details =
        "Every accepted proposal is held against the present generation. One that does "
        "not fit it any more is a conflict: it is marked so and nothing of it is "
        "applied. The others go in together, once, whenever this is killed. Applying "
        "again does nothing. Exit code 1 says that there were conflicts.",
    .exits = "0123i",
};
