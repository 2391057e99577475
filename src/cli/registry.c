/* The shared part of the commands on a registry: see registry.h. */
#include "cli/registry.h"

#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"

/* ---- arguments ---- */

bool cdn_wants_json(const struct cdn_cli *cli)
{
    return cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
}

int cdn_registry_fail(struct cdn_cli *cli, cordon_status status,
                      const cordon_error *err)
{
    cdn_cli_error_of(cli, err);
    return cdn_cli_exit_of(status);
}

/* The user's name, or number where he has none. */
static void name_user(char *out, size_t size)
{
    const struct passwd *user = getpwuid(geteuid());

    if (user && user->pw_name && user->pw_name[0])
        snprintf(out, size, "%s", user->pw_name);
    else
        snprintf(out, size, "uid %ju", (uintmax_t)geteuid());
}

static cordon_status open_registry(cordon_registry **out, const char *path,
                                   unsigned flags, cordon_error *err)
{
    cordon_status status = cordon_registry_open(out, path, flags, err);

    if (status == CORDON_E_NOTFOUND && !(flags & CORDON_REGISTRY_CREATE))
        cdn_error_set(err, status,
                      "there is no registry %s; cordon rule push makes one", path);
    return status;
}

cordon_status cdn_registry_of_store(cordon_registry **out, const char *store,
                                    unsigned flags, cordon_error *err)
{
    char path[PATH_MAX];
    cordon_status status = cdn_path_join(path, sizeof(path), store, "rules.mdb", err);

    return status ? status : open_registry(out, path, flags, err);
}

bool cdn_registry_arguments(struct cdn_cli *cli, struct cdn_registry_args *args,
                            const struct cdn_option *options, size_t count,
                            enum cdn_registry_names names, int argc, char **argv,
                            int *code)
{
    static const struct {
        int least, most;
        const char *wanted;
    } shapes[] = {
        [CDN_NAMES_ONE] = {1, 1, "the name of one rule or set is wanted"},
        [CDN_NAMES_RULE] = {1, 1, "the name of one rule is wanted"},
        [CDN_NAMES_WITH_VERSION] =
            {1, 2, "the name of a rule or set is wanted, and perhaps a version"},
        [CDN_NAMES_WITH_TWO] =
            {1, 3, "the name of a rule or set is wanted, and at most two versions"},
        [CDN_NAMES_ANY] = {0, 1, "one name at a time, or none for all"},
    };

    if (!cdn_options_parse(cli, options, count, &argc, argv, code))
        return false;
    if (argc < shapes[names].least || argc > shapes[names].most) {
        *code = cdn_cli_usage(cli, "%s", shapes[names].wanted);
        return false;
    }
    if (args->version > UINT32_MAX) {
        *code = cdn_cli_usage(cli, "--version: there can be no such version");
        return false;
    }
    args->name = argc ? argv[0] : NULL;
    for (int i = 1; i < argc; i++)
        if (!cdn_version_argument(cli, &args->versions[i - 1], argv[i], code))
            return false;
    return true;
}

int cdn_registry_begin(struct cdn_cli *cli, struct cdn_registry_args *args,
                       unsigned flags)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_error err;
    cordon_status status = CORDON_OK;
    int code;

    if (args->tier.wall &&
        !cdn_tier_choose(cli, &options, &args->tier, args->worker, &code))
        return code;
    if (!args->data && !args->file)
        return cdn_cli_usage(cli, "no store given; say --data STORE");
    if (args->file)
        snprintf(args->path, sizeof(args->path), "%s", args->file);
    else
        status = cdn_path_join(args->path, sizeof(args->path), args->data, "rules.mdb",
                               &err);
    if (status)
        return cdn_registry_fail(cli, status, &err);
    name_user(args->user, sizeof(args->user));
    args->change = (cordon_change)CORDON_CHANGE_INIT;
    args->change.author = args->author ? args->author : args->user;
    args->change.reason = args->reason;
    args->change.expect_revision = args->expect;
    args->change.dry_run = args->dry_run;
    status = open_registry(&args->registry, args->path, flags, &err);
    if (!status && args->tier.wall)
        status = cordon_registry_read_behind(args->registry, options.wall,
                                             options.worker, &err);
    return status ? cdn_registry_fail(cli, status, &err) : CDN_EXIT_OK;
}

bool cdn_registry_start(struct cdn_cli *cli, struct cdn_registry_args *args,
                        const struct cdn_option *options, size_t count,
                        enum cdn_registry_names names, unsigned flags, int argc,
                        char **argv, int *code)
{
    if (!cdn_registry_arguments(cli, args, options, count, names, argc, argv, code))
        return false;
    *code = cdn_registry_begin(cli, args, flags);
    return *code == CDN_EXIT_OK;
}

void cdn_registry_end(struct cdn_registry_args *args)
{
    cordon_registry_close(args->registry);
    args->registry = NULL;
}

bool cdn_cli_confirmed(struct cdn_cli *cli, bool yes, const char *question, int *code)
{
    char answer[16];

    if (yes)
        return true;
    if (cli->no_input || !cli->err_tty || !isatty(STDIN_FILENO)) {
        *code = cdn_cli_usage(
            cli, "%s: say --yes, or --dry-run to see whether it works", question);
        return false;
    }
    fprintf(cli->err, "%s? [y/N] ", question);
    fflush(cli->err);
    *code = CDN_EXIT_OK;
    return fgets(answer, sizeof(answer), stdin) &&
           (!strcmp(answer, "y\n") || !strcmp(answer, "yes\n"));
}

bool cdn_version_argument(struct cdn_cli *cli, uint32_t *version, const char *text,
                          int *code)
{
    uint64_t number = 0;
    const struct cdn_option option = {"VERSION", 0,   CDN_OPTION_POSITIVE, &number, "N",
                                      NULL,      NULL};
    cordon_error err;

    if (cdn_option_value(&option, text, &err))
        *code = cdn_cli_usage(cli, "the version: %s", err.message);
    else if (number > UINT32_MAX)
        *code = cdn_cli_usage(cli, "the version: %s is more than there can be", text);
    else {
        *version = (uint32_t)number;
        return true;
    }
    return false;
}

bool cdn_percent_argument(struct cdn_cli *cli, uint32_t *share, double percent,
                          const char *what, int *code)
{
    double points = percent * 100;

    if (!(points >= 1 && points <= CORDON_WHOLE) ||
        fabs(points - round(points)) > 1e-6) {
        *code =
            cdn_cli_usage(cli, "%s takes 0.01 to 100 per cent, in hundredths", what);
        return false;
    }
    *share = (uint32_t)lround(points);
    return true;
}

/* ---- showing ---- */

/* A share as per cent: "5", "2.5". */
static double percent_of(uint32_t share)
{
    return share / 100.0;
}

static const char *variant_word(cordon_variant kind)
{
    return kind == CORDON_VARIANT_CANARY ? "canary" : "arm";
}

void cdn_show_rollout(char *out, size_t size, const cordon_standing *standing)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < standing->variant_count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s %" PRIu32 " at %g %%",
                               at ? ", " : "", variant_word(standing->variants[i].kind),
                               standing->variants[i].version,
                               percent_of(standing->variants[i].share));
    if (standing->guarded && at < size)
        at += (size_t)snprintf(out + at, size - at, ", guarded");
    for (uint32_t i = 0; i < standing->shadow_count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%sshadow %" PRIu32 " of %g %%",
                               at ? ", " : "", standing->shadows[i].version,
                               percent_of(standing->shadows[i].sample));
}

void cdn_show_trust(char *out, size_t size, const cordon_standing *standing)
{
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < standing->trust_count && at < size; i++) {
        const cordon_trust *trust = &standing->trusts[i];
        char of[32] = "";

        if (trust->version)
            (void)snprintf(of, sizeof(of), "version %" PRIu32 " ", trust->version);
        at += (size_t)snprintf(out + at, size - at, "%s%s%s%s%s", at ? ", " : "", of,
                               trust->quarantined ? "quarantined" : "",
                               trust->quarantined && trust->wall ? " " : "",
                               trust->wall ? "behind " : "");
        if (trust->wall && at < size)
            at += (size_t)snprintf(out + at, size - at, "%s",
                                   cordon_wall_str(trust->wall));
    }
}

int cdn_registry_changed(struct cdn_cli *cli, const struct cdn_registry_args *args,
                         const char *format, ...)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    struct cdn_buf text = {0};
    struct cdn_json json;
    char message[256];
    cordon_error err;
    cordon_status status;
    va_list list;
    int code;

    if (!cdn_wants_json(cli)) {
        va_start(list, format);
        (void)vsnprintf(message, sizeof(message), format, list);
        va_end(list);
        cdn_cli_note(cli, "%s: %s%s", args->name, args->dry_run ? "would be: " : "",
                     message);
        return cdn_cli_finish(cli, CDN_EXIT_OK);
    }
    status = cordon_registry_standing(&standing, args->registry, args->name, &err);
    if (status)
        return cdn_registry_fail(cli, status, &err);
    cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
    cdn_json_key_bool(&json, "dry_run", args->dry_run);
    cdn_json_standing(&json, &standing);
    cdn_json_object_end(&json);
    code = cdn_json_print(cli, &text);
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

/* ---- lists ---- */

void cdn_registry_list_begin(struct cdn_registry_list *list, struct cdn_cli *cli,
                             const char *const *columns, size_t count,
                             const char *align)
{
    *list = (struct cdn_registry_list){
        .cli = cli, .in_json = cdn_wants_json(cli), .columns = count};
    cdn_table_init(&list->table, count, align);
    for (size_t i = 0; i < count; i++)
        cdn_table_cell(&list->table, "%s", columns[i]);
    cdn_json_init(&list->json, &list->text, cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&list->json);
    cdn_json_key_uint(&list->json, "schema_version", CDN_REGISTRY_SCHEMA_VERSION);
}

void cdn_registry_list_rows(struct cdn_registry_list *list, const char *name)
{
    cdn_json_key(&list->json, name);
    cdn_json_array(&list->json);
}

int cdn_registry_list_end(struct cdn_registry_list *list, cordon_status status,
                          cordon_error *err)
{
    struct cdn_cli *cli = list->cli;
    int code = CDN_EXIT_OK;

    cdn_json_array_end(&list->json);
    cdn_json_object_end(&list->json);
    if (status)
        code = cdn_registry_fail(cli, status, err);
    else if (list->in_json)
        code = cdn_json_print(cli, &list->text);
    else if (list->columns &&
             !cdn_table_print(&list->table, cli->out, cli->out_color, 0))
        code = cdn_registry_fail(cli, cdn_error_nomem(err), err);
    cdn_table_deinit(&list->table);
    cdn_buf_deinit(&list->text);
    return code;
}
