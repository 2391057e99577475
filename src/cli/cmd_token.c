/* cordon token: make a token for a caller of cordon serve.
 *
 * The token is printed once and kept nowhere; what the server's configuration holds is the
 * hash, in a line that is printed ready to be put there. */
#include "cli/cli.h"

#include <string.h>

#include "base/hash.h"
#include "codec/json.h"
#include "server/auth.h"

#define SCHEMA_VERSION 1

struct making {
    struct cdn_cli *cli;
    const char *name;
    const char *principal; /* NULL: the host itself */
    struct cdn_strings rights;
    unsigned bits;
    char token[CDN_AUTH_TOKEN_BYTES + 1];
    char hash[CDN_AUTH_HASH_BYTES + 1];
};

/* "evaluate,read", several times.  False: there is no such right, told. */
static bool take_rights(struct making *making)
{
    static const char *const fallback[] = {"evaluate"};
    const char *const *items = making->rights.count ? making->rights.items : fallback;
    size_t count = making->rights.count ? making->rights.count : 1;

    for (size_t i = 0; i < count; i++)
        for (const char *at = items[i];; at++) {
            size_t bytes = strcspn(at, ",");
            unsigned right = cdn_auth_right(at, bytes);

            if (!right) {
                cdn_cli_usage(making->cli,
                              "there is no right '%.*s'; there are evaluate, read, "
                              "author, promote, kill and audit",
                              (int)(bytes < 64 ? bytes : 64), at);
                return false;
            }
            making->bits |= right;
            at += bytes;
            if (!*at)
                break;
        }
    return true;
}

/* Can it stand between quotes in Lua as it is? */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || strchr("\"\\", *text))
            return false;
    return true;
}

/* The line for auth.tokens. */
static void put_entry(struct cdn_buf *out, const struct making *making)
{
    const char *between = "";

    cdn_buf_printf(out, "{ name = \"%s\", hash = \"%s\", rights = { ", making->name,
                   making->hash);
    for (unsigned bit = 1; cdn_auth_right_word(bit); bit <<= 1)
        if (making->bits & bit) {
            cdn_buf_printf(out, "%s\"%s\"", between, cdn_auth_right_word(bit));
            between = ", ";
        }
    cdn_buf_text(out, " }");
    if (making->principal)
        cdn_buf_printf(out, ", principal = \"%s\"", making->principal);
    cdn_buf_text(out, " },");
}

static int show_json(const struct making *making, const struct cdn_buf *entry)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    int code;

    cdn_json_init(&json, &text, making->cli->format == CDN_FORMAT_JSON);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", SCHEMA_VERSION);
    cdn_json_key_cstr(&json, "token", making->token);
    cdn_json_key_cstr(&json, "hash", making->hash);
    cdn_json_key_cstr(&json, "entry", (const char *)entry->data);
    cdn_json_object_end(&json);
    code = cdn_json_print(making->cli, &text);
    if (text.data)
        cdn_wipe(text.data, text.length);
    cdn_buf_deinit(&text);
    return code;
}

static int make(struct making *making)
{
    const struct cdn_auth_entry entry = {.name = making->name,
                                         .token_hash = making->hash,
                                         .rights = making->bits,
                                         .principal = making->principal};
    struct cdn_cli *cli = making->cli;
    struct cdn_buf line = {0};
    cordon_error err;
    int code = CDN_EXIT_OK;

    cdn_auth_make_token(making->token, making->hash);
    if (cdn_auth_check(&entry, &err))
        return cdn_cli_usage(cli, "%s", err.message);
    if (making->principal && !is_plain(making->principal))
        return cdn_cli_usage(cli, "a principal's name has no quotes, backslashes and "
                                  "control characters");
    put_entry(&line, making);
    if (line.failed) {
        cdn_cli_error(cli, "out of memory");
        code = CDN_EXIT_DATA;
    } else if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        code = show_json(making, &line);
    } else {
        fprintf(cli->out, "%s\n%s\n", making->token, (const char *)line.data);
        cdn_cli_note(cli, "the first line is the token, which is kept nowhere; the "
                          "second is for auth.tokens in server.lua");
    }
    cdn_buf_deinit(&line);
    return cdn_cli_finish(cli, code);
}

static int run_new(struct cdn_cli *cli, int argc, char **argv)
{
    struct making making = {.cli = cli, .name = "caller"};
    const struct cdn_option options[] = {
        {"name", 0, CDN_OPTION_STRING, &making.name, "NAME",
         "who the caller is, in logs and histories (default: caller)", NULL},
        {"right", 0, CDN_OPTION_LIST, &making.rights, "RIGHTS",
         "evaluate (default), read, author, promote, kill, audit", NULL},
        {"principal", 0, CDN_OPTION_STRING, &making.principal, "NAME",
         "see the graph as this principal of the policy does", NULL},
    };
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        code = cdn_cli_usage(cli, "token new takes no '%s'", argv[0]);
    else if (!take_rights(&making))
        code = CDN_EXIT_USAGE;
    else
        code = make(&making);
    cdn_wipe(making.token, sizeof(making.token));
    cdn_strings_deinit(&making.rights);
    return code;
}

const struct cdn_command cdn_command_token_new = {
    .name = "token new",
    .summary = "make a token for a caller of the server",
    .run = run_new,
    .usage = "[OPTION...]",
    .examples = "cordon token new --name shop --principal analyst\n"
                "cordon token new --name ops --right read,promote,kill\n"
                "cordon token new --name ci --right author --format json",
    .details =
        "The token goes to the caller, who sends it as\n"
        "Authorization: Bearer TOKEN. The server's configuration gets its hash:\n"
        "put the second line into auth.tokens of server.lua, and have the server\n"
        "read it again (SIGHUP, or POST /v1/reload): it is known from the next\n"
        "request on. Two entries may have one name, so that a token can be\n"
        "replaced without a pause: add the new one, reload, hand it out, take the\n"
        "old one away, reload.",
    .exits = "023",
};
