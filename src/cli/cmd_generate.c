/* cordon generate: a made-up bank with labelled fraud, as CSV (bank.h). */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/error.h"
#include "cli/bank.h"
#include "codec/json.h"

static int report(struct cdn_cli *cli, const struct cdn_bank *bank, const char *dir)
{
    size_t fraud = 0;
    char transfers[32], accounts[32];

    for (size_t i = 0; i < bank->label_count; i++)
        fraud += bank->labels[i].kind != 0;
    if (cli->format == CDN_FORMAT_JSON || cli->format == CDN_FORMAT_NDJSON) {
        struct cdn_buf text = {0};
        struct cdn_json json;

        cdn_json_init(&json, &text, cli->format == CDN_FORMAT_JSON);
        cdn_json_object(&json);
        cdn_json_key_uint(&json, "schema_version", 1);
        cdn_json_key_cstr(&json, "folder", dir);
        cdn_json_key_uint(&json, "persons", bank->person_count);
        cdn_json_key_uint(&json, "companies", bank->company_count);
        cdn_json_key_uint(&json, "accounts", bank->account_count);
        cdn_json_key_uint(&json, "devices", bank->device_count);
        cdn_json_key_uint(&json, "transfers", bank->transfer_count);
        cdn_json_key_uint(&json, "sign_ins", bank->sign_in_count);
        cdn_json_key_uint(&json, "labelled_fraud", fraud);
        cdn_json_key_uint(&json, "look_alikes", bank->label_count - fraud);
        cdn_json_object_end(&json);
        int code = cdn_json_print(cli, &text);
        cdn_buf_deinit(&text);
        return cdn_cli_finish(cli, code);
    }
    if (!cli->quiet)
        fprintf(cli->out,
                "%s: a bank of %s accounts and %s transfers; %zu accounts take part in "
                "planted fraud, %zu only look like it\n",
                dir, cdn_show_count(accounts, sizeof accounts, bank->account_count),
                cdn_show_count(transfers, sizeof transfers, bank->transfer_count),
                fraud, bank->label_count - fraud);
    return cdn_cli_finish(cli, CDN_EXIT_OK);
}

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    const char *dir = NULL;
    uint64_t seed = 1, accounts = 10000, transfers = 0;
    const struct cdn_option options[] = {
        {"out", 'o', CDN_OPTION_STRING, &dir, "DIR",
         "folder the files go to; made if need be", NULL},
        {"seed", 0, CDN_OPTION_INTEGER, &seed, "N", "another bank for another seed (1)",
         NULL},
        {"accounts", 0, CDN_OPTION_POSITIVE, &accounts, "N", "accounts (10,000)", NULL},
        {"transfers", 0, CDN_OPTION_POSITIVE, &transfers, "N",
         "transfers (10 an account)", NULL},
    };
    struct cdn_bank bank;
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, options, CDN_COUNT(options), &argc, argv, &code))
        return code;
    if (argc)
        return cdn_cli_usage(cli, "generate takes options only; found '%s'", argv[0]);
    if (!dir)
        return cdn_cli_usage(cli, "no folder given; say --out DIR");
    if (!transfers)
        transfers = accounts > UINT64_MAX / 10 ? UINT64_MAX : accounts * 10;
    struct cdn_bank_options chosen = {
        .seed = seed,
        .accounts = accounts > UINT32_MAX ? UINT32_MAX : (uint32_t)accounts,
        .transfers = transfers,
    };
    if (cdn_bank_make(&bank, &chosen, &err)) {
        cdn_cli_error_of(cli, &err);
        return cdn_cli_exit_of(err.status);
    }
    if (mkdir(dir, 0777) && errno != EEXIST) {
        cdn_error_errno(&err, errno, "%s", dir);
        cdn_cli_error_of(cli, &err);
        code = CDN_EXIT_DATA;
    } else if (cdn_bank_write(&bank, dir, &err)) {
        cdn_cli_error_of(cli, &err);
        code = cdn_cli_exit_of(err.status);
    } else {
        code = report(cli, &bank, dir);
    }
    cdn_bank_deinit(&bank);
    return code;
}

const struct cdn_command cdn_command_generate = {
    .name = "generate",
    .summary = "write a made-up bank with labelled fraud as CSV",
    .run = run,
    .usage = "--out DIR [OPTION...]",
    .examples = "cordon generate --out bank\n"
                "cordon generate --out bank --seed 7 --accounts 100000\n"
                "cordon import --schema bank/schema.lua --out bank.store bank",
    .details =
        "Persons, companies, accounts, devices and transfers over 180 days, with six "
        "kinds of fraud planted and labelled (fan-in, fan-out, cycles, mule chains, "
        "structuring, shared devices) among innocents that look like them. The "
        "folder's README.md says what each file is. The same seed and sizes give the "
        "same bytes on every machine.",
    .exits = "023",
};
