/* cordon init: a project to begin with, whose test and check pass.
 *
 * What is written is data and goes to stdout; what to do next is said on stderr.  See
 * project/create.h for what happens to what is there, and to whoever is killed. */
#include "cli/cli.h"

#include <string.h>

#include "codec/json.h"
#include "cli/project/create.h"

#define SCHEMA_VERSION 1

struct init {
    struct cdn_cli *cli;
    struct cdn_json json;
    bool as_json;
    bool dry;
    size_t kept;
};

static void on_file(void *ud, const char *path, bool kept)
{
    struct init *init = ud;

    init->kept += kept;
    if (init->as_json) {
        cdn_json_object(&init->json);
        cdn_json_key_cstr(&init->json, "path", path);
        cdn_json_key_bool(&init->json, "written", !kept && !init->dry);
        cdn_json_key_bool(&init->json, "kept", kept);
        cdn_json_object_end(&init->json);
        return;
    }
    if (init->cli->quiet)
        return;
    fputs(kept ? "kept   " : init->dry ? "would write  " : "wrote  ", init->cli->out);
    cdn_show_text(init->cli->out, path, strlen(path));
    fputc('\n', init->cli->out);
}

static int make(struct init *init, const struct cdn_project *project)
{
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status;
    int code = CDN_EXIT_OK;

    cdn_json_init(&init->json, &text, init->cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&init->json);
    cdn_json_key_uint(&init->json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&init->json, "folder", project->folder);
    cdn_json_key_cstr(&init->json, "name", project->name);
    cdn_json_key(&init->json, "files");
    cdn_json_array(&init->json);
    status = cdn_project_create(project, &err);
    cdn_json_array_end(&init->json);
    cdn_json_object_end(&init->json);
    if (status) {
        cdn_cli_error_of(init->cli, &err);
        code = CDN_EXIT_DATA;
    } else if (init->as_json) {
        code = cdn_json_print(init->cli, &text);
    }
    cdn_buf_deinit(&text);
    return code;
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    struct init init = {.cli = cli};
    struct cdn_project project = {
        .folder = ".", .rule = "velocity", .told = on_file, .ud = &init};
    char name[65];
    const struct cdn_option options[] = {
        {"rule", 0, CDN_OPTION_STRING, &project.rule, "NAME",
         "what the first rule is called (velocity)", NULL},
        {"dry-run", 0, CDN_OPTION_FLAG, &project.dry, NULL,
         "only say what would be written", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc > 1)
        return cdn_cli_usage(cli, "one folder at a time; found '%s' and '%s'", argv[0],
                             argv[1]);
    if (argc)
        project.folder = argv[0];
    if (!project.folder[0])
        return cdn_cli_usage(cli, "the folder has no name");
    if (!cdn_project_is_rule_name(project.rule))
        return cdn_cli_usage(cli,
                             "'%s' cannot be a rule's name; it has letters, digits and "
                             "_, at most 59, and no digit first",
                             project.rule);
    project.name = cdn_project_name(name, sizeof(name), project.folder);
    init.dry = project.dry;
    init.as_json = cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON;
    code = make(&init, &project);
    if (code || project.dry)
        return cdn_cli_finish(cli, code);
    if (init.kept)
        cdn_cli_warn(cli, "%zu of the files were there already, and are as they were",
                     init.kept);
    if (strcmp(project.folder, ".") != 0)
        cdn_cli_note(cli, "next: cd %s && cordon test && cordon check", project.folder);
    else
        cdn_cli_note(cli, "next: cordon test && cordon check");
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

const struct cdn_command cdn_command_init = {
    .name = "init",
    .summary = "begin a project: a rule, its test, a fixture, a schema",
    .run = run,
    .usage = "[DIR] [OPTION...]",
    .examples = "cordon init myrules          # a new folder\n"
                "cordon init                  # in this folder\n"
                "cordon init myrules --rule mule_chain\n"
                "cordon init --dry-run        # what would it write?\n"
                "cd myrules && cordon test && cordon check",
    .details =
        "Writes cordon.lua, which says what the project is, a rule with its test under "
        "rules, a graph to test it on under fixtures, a schema under schemas, and "
        "types/cordon.lua, by which editors complete names. Nothing that is there is "
        "touched, and a folder that has a cordon.lua is left as it is. Each file "
        "appears whole or not at all, cordon.lua last: after an interruption the same "
        "command finishes the work.",
    .exits = "023",
};
