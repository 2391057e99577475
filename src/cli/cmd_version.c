/* cordon version: what is running, for people and for bug reports. */
#include "cli/cli.h"

#include <cordon/version.h>

#include "codec/json.h"

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    int code;

    if (!cdn_options_parse(cli, NULL, 0, &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "version takes no arguments; found '%s'", argv[0]);
    if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        struct cdn_buf text = {0};
        struct cdn_json json;

        cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", 1);
        cdn_json_key_cstr(&json, "version", cordon_version());
        cdn_json_key_uint(&json, "version_num", cordon_version_num());
        cdn_json_object_end(&json);
        code = cdn_json_print(cli, &text);
        cdn_buf_deinit(&text);
        return cdn_cli_finish(cli, code);
    }
    fprintf(cli->out, "cordon %s\n", cordon_version());
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

const struct cdn_command cdn_command_version = {
    .name = "version",
    .summary = "show the version",
    .run = run,
    .usage = "[OPTION...]",
    .examples = "cordon version\n"
                "cordon version --format json",
    .details = NULL,
    .exits = "02",
};
