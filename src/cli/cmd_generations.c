/* cordon snapshot list, pin, unpin and gc: the generations of a store.
 *
 * All but list change the store; each of those has --dry-run.  Only gc destroys, and asks
 * first: on a terminal in words, elsewhere by refusing to go on without --yes. */
#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "codec/json.h"
#include "snapshot/generations.h"
#include "snapshot/store.h"

#include <limits.h>

#define SCHEMA_VERSION 1

static bool wants_json(const struct cdn_cli *cli)
{
    return cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
}

static int fail(struct cdn_cli *cli, cordon_status status, const cordon_error *err)
{
    cdn_cli_error_of(cli, err);
    return cdn_cli_exit_of(status);
}

static const char *fate_word(enum cdn_generation_fate fate)
{
    switch (fate) {
    case CDN_GENERATION_STAYS:
        break;
    case CDN_GENERATION_PINNED:
        return "pinned";
    case CDN_GENERATION_OPEN:
        return "open";
    case CDN_GENERATION_REMOVED:
        return "removed";
    }
    return "kept";
}

/* ---- what both listings share ---- */

static void json_generation(struct cdn_json *json,
                            const struct cdn_generation *generation)
{
    char when[40];

    cdn_json_key_uint(json, "generation", generation->number);
    cdn_json_key_bool(json, "current", generation->current);
    cdn_json_key_bool(json, "pinned", generation->pinned);
    if (generation->pinned) {
        cdn_json_key_cstr(json, "reason", generation->reason);
        cdn_json_key_cstr(json, "pinned_at",
                          cdn_time_format(when, sizeof(when), generation->pinned_ms));
    }
    cdn_json_key_bool(json, "open", generation->open);
    cdn_json_key_uint(json, "file_bytes", generation->bytes);
    cdn_json_key_cstr(json, "written",
                      cdn_time_format(when, sizeof(when), generation->written_ms));
}

/* ---- list ---- */

static int list_json(struct cdn_cli *cli, const char *store,
                     const struct cdn_generations *generations)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "store", store);
    cdn_json_key(&json, "generations");
    cdn_json_array(&json);
    for (size_t i = 0; i < generations->count; i++) {
        cdn_json_object(&json);
        json_generation(&json, &generations->items[i]);
        cdn_json_object_end(&json);
    }
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

static int list_pretty(struct cdn_cli *cli, const struct cdn_generations *generations)
{
    struct cdn_table table;
    char text[CDN_PIN_REASON_BYTES * 4 + 4];
    bool ok;

    cdn_table_init(&table, 4, "rlrl");
    cdn_table_cell(&table, "generation");
    cdn_table_cell(&table, "written");
    cdn_table_cell(&table, "size");
    cdn_table_cell(&table, "%s", "");
    for (size_t i = 0; i < generations->count; i++) {
        const struct cdn_generation *generation = &generations->items[i];

        cdn_table_cell(&table, "%" PRIu64, generation->number);
        cdn_table_cell(&table, "%s",
                       cdn_time_format(text, sizeof(text), generation->written_ms));
        cdn_table_cell(&table, "%s",
                       cdn_show_bytes(text, sizeof(text), generation->bytes));
        cdn_escape(text, sizeof(text), generation->reason, strlen(generation->reason));
        cdn_table_cell(&table, "%s%s%s%s%s", generation->current ? "current " : "",
                       generation->open ? "open " : "",
                       generation->pinned ? "pinned" : "", text[0] ? ": " : "", text);
    }
    ok = cdn_table_print(&table, cli->out, cli->out_color, 0);
    cdn_table_deinit(&table);
    if (ok)
        return CDN_EXIT_OK;
    cdn_cli_error(cli, "out of memory");
    return CDN_EXIT_DATA;
}

static int run_list(struct cdn_cli *cli, int argc, char **argv)
{
    struct cdn_generations generations;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, NULL, 0, &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli, argc ? "one store at a time" : "no store given");
    status = cdn_generations_list(&generations, argv[0], &err);
    if (status)
        return fail(cli, status, &err);
    code = wants_json(cli) ? list_json(cli, argv[0], &generations)
                           : list_pretty(cli, &generations);
    cdn_generations_deinit(&generations);
    return cdn_cli_finish(cli, code);
}

/* ---- pin and unpin ---- */

static bool take_generation(struct cdn_cli *cli, uint64_t *number, int argc,
                            char **argv, int *code)
{
    const struct cdn_option option = {
        "GENERATION", 0, CDN_OPTION_POSITIVE, number, "N", NULL, NULL};
    cordon_error err;

    if (argc != 2)
        *code = cdn_cli_usage(cli, "a store and the number of a generation are wanted");
    else if (cdn_option_value(&option, argv[1], &err))
        *code = cdn_cli_usage(cli, "the generation: %s", err.message);
    else
        return true;
    return false;
}

static int run_pin(struct cdn_cli *cli, int argc, char **argv)
{
    const char *reason = "";
    bool dry_run = false;
    const struct cdn_option options[] = {
        {"reason", 0, CDN_OPTION_STRING, &reason, "TEXT",
         "why, for whoever wonders later; one line", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &dry_run, NULL,
         "only see whether there is such a generation", NULL},
    };
    char path[PATH_MAX];
    uint64_t number = 0;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code) ||
        !take_generation(cli, &number, argc, argv, &code))
        return code;
    status = dry_run ? cdn_store_resolve(path, sizeof(path), &number, argv[0], &err)
                     : cdn_generation_pin(argv[0], number, reason, &err);
    if (status)
        return fail(cli, status, &err);
    cdn_cli_note(cli, "%s: generation %" PRIu64 " %s pinned", argv[0], number,
                 dry_run ? "would be" : "is");
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

static const struct cdn_generation *find(const struct cdn_generations *generations,
                                         uint64_t number)
{
    for (size_t i = 0; i < generations->count; i++)
        if (generations->items[i].number == number)
            return &generations->items[i];
    return NULL;
}

static cordon_status rehearse_unpin(const char *store, uint64_t number,
                                    cordon_error *err)
{
    struct cdn_generations generations;
    const struct cdn_generation *found;
    cordon_status status = cdn_generations_list(&generations, store, err);

    if (status)
        return status;
    found = find(&generations, number);
    if (!found || !found->pinned)
        status =
            cdn_error_set(err, CORDON_E_NOTFOUND,
                          "generation %" PRIu64 " of %s is not pinned", number, store);
    cdn_generations_deinit(&generations);
    return status;
}

static int run_unpin(struct cdn_cli *cli, int argc, char **argv)
{
    bool dry_run = false;
    const struct cdn_option options[] = {
        {"dry-run", 0, CDN_OPTION_FLAG, &dry_run, NULL, "only see whether it is pinned",
         NULL},
    };
    uint64_t number = 0;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code) ||
        !take_generation(cli, &number, argc, argv, &code))
        return code;
    status = dry_run ? rehearse_unpin(argv[0], number, &err)
                     : cdn_generation_unpin(argv[0], number, &err);
    if (status)
        return fail(cli, status, &err);
    cdn_cli_note(cli, "%s: generation %" PRIu64 " %s longer pinned", argv[0], number,
                 dry_run ? "would be no" : "is no");
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

/* ---- gc ---- */

static int show_fates(struct cdn_cli *cli, const char *store,
                      const struct cdn_generations *generations, bool dry_run)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    uint64_t bytes = 0;
    uint64_t removed = 0;
    char shown[32];
    int code = CDN_EXIT_OK;

    for (size_t i = 0; i < generations->count; i++)
        if (generations->items[i].fate == CDN_GENERATION_REMOVED) {
            removed++;
            bytes += generations->items[i].bytes;
        }
    if (!wants_json(cli)) {
        for (size_t i = 0; !cli->quiet && i < generations->count; i++)
            fprintf(cli->out, "generation %" PRIu64 ": %s%s\n",
                    generations->items[i].number,
                    dry_run && generations->items[i].fate == CDN_GENERATION_REMOVED
                        ? "would be "
                        : "",
                    fate_word(generations->items[i].fate));
        cdn_cli_note(cli, "%s: %" PRIu64 " %s removed, %s", store, removed,
                     dry_run ? "would be" : "were",
                     cdn_show_bytes(shown, sizeof(shown), bytes));
        return CDN_EXIT_OK;
    }
    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "store", store);
    cdn_json_key_bool(&json, "dry_run", dry_run);
    cdn_json_key_uint(&json, "removed", removed);
    cdn_json_key_uint(&json, "removed_bytes", bytes);
    cdn_json_key(&json, "generations");
    cdn_json_array(&json);
    for (size_t i = 0; i < generations->count; i++) {
        cdn_json_object(&json);
        cdn_json_key_cstr(&json, "fate", fate_word(generations->items[i].fate));
        json_generation(&json, &generations->items[i]);
        cdn_json_object_end(&json);
    }
    cdn_json_array_end(&json);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return code;
}

/* On a terminal: yes or no. */
static bool ask(struct cdn_cli *cli, const char *store)
{
    char shown[256];
    char answer[16];

    fprintf(cli->err, "remove old generations of %s for good? [y/N] ",
            cdn_escape(shown, sizeof(shown), store, strlen(store)));
    fflush(cli->err);
    return fgets(answer, sizeof(answer), stdin) &&
           (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n"));
}

static int run_gc(struct cdn_cli *cli, int argc, char **argv)
{
    uint64_t keep = 1;
    bool dry_run = false;
    bool yes = false;
    const struct cdn_option options[] = {
        {"keep", 0, CDN_OPTION_POSITIVE, &keep, "N",
         "how many stay: the current one and the newest before it (1)", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &dry_run, NULL,
         "say what would be removed, remove nothing", NULL},
        {"yes", 0, CDN_OPTION_FLAG, &yes, NULL, "do not ask", NULL},
    };
    struct cdn_generations generations;
    cordon_error err;
    cordon_status status;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli, argc ? "one store at a time" : "no store given");
    if (!dry_run && !yes) {
        if (cli->no_input || !cli->err_tty || !isatty(STDIN_FILENO))
            return cdn_cli_usage(cli,
                                 "this removes generations for good; say --yes, or "
                                 "--dry-run to see which");
        if (!ask(cli, argv[0]))
            return cdn_cli_finish(cli, CDN_EXIT_OK);
    }
    status = cdn_generations_collect(&generations, argv[0], keep, dry_run, &err);
    code = generations.count ? show_fates(cli, argv[0], &generations, dry_run)
                             : CDN_EXIT_OK;
    cdn_generations_deinit(&generations);
    if (status)
        return fail(cli, status, &err);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_snapshot_list = {
    .name = "snapshot list",
    .summary = "list a store's generations: which is current, pinned, open",
    .run = run_list,
    .usage = "STORE",
    .examples = "cordon snapshot list store\n"
                "cordon snapshot list store --format json | jq '.generations[]'",
    .details = "A generation is open while any process on this machine reads it.",
    .exits = "023",
};

const struct cdn_command cdn_command_snapshot_pin = {
    .name = "snapshot pin",
    .summary = "keep a generation, whatever gc is told",
    .run = run_pin,
    .usage = "STORE GENERATION [OPTION...]",
    .examples = "cordon snapshot pin store 3 --reason 'audit of May'",
    .details =
        "Pinning a pinned generation replaces its reason. It may be done while an "
        "import is running.",
    .exits = "023",
};

const struct cdn_command cdn_command_snapshot_unpin = {
    .name = "snapshot unpin",
    .summary = "let gc have a generation again",
    .run = run_unpin,
    .usage = "STORE GENERATION [OPTION...]",
    .examples = "cordon snapshot unpin store 3",
    .details = "Removes nothing: cordon snapshot gc does.",
    .exits = "023",
};

const struct cdn_command cdn_command_snapshot_gc = {
    .name = "snapshot gc",
    .summary = "remove old generations that nobody pinned or reads",
    .run = run_gc,
    .usage = "STORE [OPTION...]",
    .examples = "cordon snapshot gc store --dry-run\n"
                "cordon snapshot gc store --keep 3 --yes",
    .details =
        "The current generation always stays, and so do those that are pinned or that "
        "a "
        "process on this machine has open. Not while an import writes to the store.",
    .exits = "023",
};
