/* Holds what rules decided against the planted truth of a generated bank.
 *
 *     cordon-judge BANK ANSWERS.ndjson...
 *
 * BANK is a folder that `cordon generate` wrote (labels.csv, transfers.csv); each file of
 * answers is what `cordon eval` printed for one rule, which is named after the kind of fraud
 * it looks for.  An account is alerted if any decision about it is not "allow".
 *
 * Precision: of the alerted accounts, how many take part in that kind of fraud.  Recall: of
 * the accounts that do, how many were alerted.  The money at stake in an account is the
 * larger of what it received and what it sent in the ten days before it was asked about.
 * The last row takes all rules together against every kind.
 *
 * Part of the demo; not installed.  Memory: a few bytes an account and 16 a request. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/bank.h"
#include "cli/cli.h"
#include "codec/json_read.h"
#include "cli/lines.h"

#define STAKE_MS   (10 * CDN_BANK_DAY_MS)
#define MAX_RULES  15 /* a bit each in struct account, and one row of the table */
#define MAX_COLUMN 4

struct account {
    uint16_t fraud;   /* bit r: takes part in the kind that rule r looks for */
    uint16_t alerted; /* bit r: rule r alerted it */
    bool any_fraud;
    int64_t asked_ms; /* when its fraud is complete */
    uint64_t received_cents;
    uint64_t sent_cents;
};

struct rule {
    char name[65];
    uint64_t requests;
    uint64_t not_ok; /* ended otherwise than "ok" */
    uint64_t edges;
    uint64_t *times;
    size_t capacity;
};

struct judge {
    struct cdn_cli *cli;
    struct account *accounts; /* by key - CDN_BANK_FIRST_ACCOUNT */
    uint64_t account_count;
    struct rule rules[MAX_RULES];
    unsigned rule_count;
};

/* ---- files ---- */

/* Split a plain CSV line in place; the bank's files quote nothing. */
static unsigned split(char *line, char *fields[MAX_COLUMN])
{
    unsigned count = 0;

    for (char *at = line; at && count < MAX_COLUMN; count++) {
        char *comma = strchr(at, ',');

        fields[count] = at;
        if (comma)
            *comma++ = '\0';
        at = comma;
    }
    return count;
}

static struct account *account_of(struct judge *judge, const char *key)
{
    uint64_t number = strtoull(key, NULL, 10) - CDN_BANK_FIRST_ACCOUNT;

    return number < judge->account_count ? &judge->accounts[number] : NULL;
}

static int rule_named(const struct judge *judge, const char *name)
{
    for (unsigned i = 0; i < judge->rule_count; i++) {
        if (!strcmp(judge->rules[i].name, name))
            return (int)i;
    }
    return -1;
}

typedef cordon_status (*each_line)(struct judge *judge, struct cdn_buf *line,
                                   cordon_error *err);

static cordon_status walk(struct judge *judge, const char *path, bool header,
                          each_line take, cordon_error *err)
{
    struct cdn_lines lines;
    cordon_status status = cdn_lines_open(&lines, path, err);
    bool got;

    if (status)
        return status;
    for (;;) {
        status = cdn_lines_next(&lines, &got, err);
        if (status || !got)
            break;
        if (lines.number == 1 && header)
            continue;
        status = take(judge, &lines.text, err);
        if (status) {
            cdn_error_prefix(err, "%s:%" PRIu64, path, lines.number);
            break;
        }
    }
    cdn_lines_close(&lines);
    return status;
}

static cordon_status count_account(struct judge *judge, struct cdn_buf *line,
                                   cordon_error *err)
{
    (void)line;
    (void)err;
    judge->account_count++;
    return CORDON_OK;
}

/* account,kind,role,at */
static cordon_status take_label(struct judge *judge, struct cdn_buf *line,
                                cordon_error *err)
{
    char *fields[MAX_COLUMN];
    struct account *account;
    int64_t at;
    int rule;

    if (split((char *)line->data, fields) < 4 ||
        !cdn_time_parse(&at, fields[3], strlen(fields[3])))
        return cdn_error_set(err, CORDON_E_DATA, "not account,kind,role,at");
    account = account_of(judge, fields[0]);
    if (!account || !strcmp(fields[1], "none"))
        return CORDON_OK;
    rule = rule_named(judge, fields[1]);
    account->any_fraud = true;
    account->asked_ms = at;
    if (rule >= 0)
        account->fraud |= (uint16_t)(1u << rule);
    return CORDON_OK;
}

static bool at_stake(const struct account *account, int64_t at)
{
    return account && account->any_fraud && at <= account->asked_ms &&
           at > account->asked_ms - STAKE_MS;
}

/* from,to,at,amount,... */
static cordon_status take_transfer(struct judge *judge, struct cdn_buf *line,
                                   cordon_error *err)
{
    char *fields[MAX_COLUMN];
    struct account *from, *to;
    uint64_t cents;
    int64_t at;

    if (split((char *)line->data, fields) < 4 ||
        !cdn_time_parse(&at, fields[2], strlen(fields[2])))
        return cdn_error_set(err, CORDON_E_DATA, "not from,to,at,amount");
    from = account_of(judge, fields[0]);
    to = account_of(judge, fields[1]);
    cents = (uint64_t)llround(strtod(fields[3], NULL) * 100);
    if (at_stake(from, at))
        from->sent_cents += cents;
    if (at_stake(to, at))
        to->received_cents += cents;
    return CORDON_OK;
}

/* ---- answers ---- */

static bool text_of(char *out, size_t size, const cordon_value *map, const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key) || value.type != CORDON_STRING ||
        value.length >= size)
        return false;
    memcpy(out, value.as.string, value.length);
    out[value.length] = '\0';
    return true;
}

static uint64_t number_of(const cordon_value *map, const char *key)
{
    cordon_value value;

    return cordon_value_get(&value, map, key) && value.type == CORDON_INTEGER
               ? (uint64_t)value.as.integer
               : 0;
}

static struct rule *rule_of(struct judge *judge, const char *name)
{
    int number = rule_named(judge, name);

    if (number < 0 && judge->rule_count < MAX_RULES) {
        number = (int)judge->rule_count++;
        snprintf(judge->rules[number].name, sizeof(judge->rules[number].name), "%s",
                 name);
    }
    return number < 0 ? NULL : &judge->rules[number];
}

static bool keep_time(struct rule *rule, uint64_t ns)
{
    if (rule->requests == rule->capacity) {
        size_t capacity = rule->capacity ? 2 * rule->capacity : 1024;
        uint64_t *grown = cdn_realloc_array(rule->times, capacity, sizeof(*grown));

        if (!grown)
            return false;
        rule->times = grown;
        rule->capacity = capacity;
    }
    rule->times[rule->requests++] = ns;
    return true;
}

static cordon_status take_record(struct judge *judge, const cordon_value *record,
                                 cordon_error *err)
{
    char name[65], node[100], outcome[32], decision[65];
    cordon_value input, result, usage;
    struct account *account;
    struct rule *rule;

    if (!text_of(name, sizeof(name), record, "rule") ||
        !cordon_value_get(&input, record, "input") ||
        !cordon_value_get(&result, record, "result") ||
        !cordon_value_get(&usage, record, "usage") ||
        !text_of(outcome, sizeof(outcome), record, "outcome") ||
        !text_of(node, sizeof(node), &input, "node") || strncmp(node, "Account:", 8))
        return cdn_error_set(err, CORDON_E_DATA,
                             "no answer about an account; give cordon eval's output");
    rule = rule_of(judge, name);
    account = account_of(judge, node + 8);
    if (!rule || !account)
        return cdn_error_set(err, CORDON_E_DATA, "too many rules, or no such account");
    rule->not_ok += strcmp(outcome, "ok") != 0;
    rule->edges += number_of(&usage, "edges");
    if (!keep_time(rule, number_of(&usage, "wall_ns")))
        return cdn_error_nomem(err);
    if (text_of(decision, sizeof(decision), &result, "decision") &&
        strcmp(decision, "allow") != 0)
        account->alerted |= (uint16_t)(1u << (rule - judge->rules));
    return CORDON_OK;
}

static cordon_status take_answer(struct judge *judge, struct cdn_buf *line,
                                 cordon_error *err)
{
    struct cdn_buf pack = {0};
    cordon_value record;
    cordon_status status =
        cdn_json_to_pack(&pack, (const char *)line->data, line->length, err);

    if (!status)
        status = cordon_value_parse(&record, pack.data, pack.length, err);
    if (!status)
        status = take_record(judge, &record, err);
    cdn_buf_deinit(&pack);
    return status;
}

/* ---- the table ---- */

struct score {
    uint64_t alerted;
    uint64_t right;
    uint64_t wanted;
    uint64_t caught_cents;
    uint64_t stake_cents;
};

/* Over the rules in `rules`; `any`: every kind of fraud is wanted. */
static struct score score_of(const struct judge *judge, uint16_t rules, bool any)
{
    struct score score = {0};

    for (uint64_t i = 0; i < judge->account_count; i++) {
        const struct account *account = &judge->accounts[i];
        bool wanted = any ? account->any_fraud : (account->fraud & rules) != 0;
        bool alerted = (account->alerted & rules) != 0;
        uint64_t stake = account->received_cents > account->sent_cents
                             ? account->received_cents
                             : account->sent_cents;

        score.alerted += alerted;
        score.wanted += wanted;
        score.right += alerted && wanted;
        score.stake_cents += wanted ? stake : 0;
        score.caught_cents += alerted && wanted ? stake : 0;
    }
    return score;
}

static void percent(struct cdn_table *table, double part, double whole)
{
    if (whole > 0)
        cdn_table_cell(table, "%.1f %%", 100 * part / whole);
    else
        cdn_table_cell(table, "-");
}

static void score_cells(struct cdn_table *table, const struct score *score)
{
    char text[32];

    cdn_table_cell(table, "%s", cdn_show_count(text, 32, score->alerted));
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, score->right));
    percent(table, (double)score->right, (double)score->alerted);
    percent(table, (double)score->right, (double)score->wanted);
    cdn_table_cell(table, "%s", cdn_show_count(text, 32, score->caught_cents / 100));
    percent(table, (double)score->caught_cents, (double)score->stake_cents);
}

static int compare_times(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static void rule_row(struct cdn_table *table, const struct judge *judge,
                     unsigned number)
{
    const struct rule *rule = &judge->rules[number];
    struct score score = score_of(judge, (uint16_t)(1u << number), false);
    size_t count = rule->requests;
    char text[32];

    qsort(rule->times, rule->requests, sizeof(*rule->times), compare_times);
    cdn_table_cell(table, "%s", rule->name);
    score_cells(table, &score);
    cdn_table_cell(table, "%s",
                   cdn_show_ns(text, 32, rule->times[(count * 50 + 99) / 100 - 1]));
    cdn_table_cell(table, "%s",
                   cdn_show_ns(text, 32, rule->times[(count * 99 + 99) / 100 - 1]));
    cdn_table_cell(table, "%.1f", (double)rule->edges / (double)rule->requests);
}

static bool print_table(struct judge *judge)
{
    static const char *const heads[] = {"rule",   "alerts",       "right",  "precision",
                                        "recall", "money caught", "of all", "p50",
                                        "p99",    "edges/request"};
    struct cdn_cli *cli = judge->cli;
    struct score all;
    struct cdn_table table;
    bool good;

    cdn_table_init(&table, CDN_COUNT(heads), "lrrrrrrrrr");
    for (size_t i = 0; i < CDN_COUNT(heads); i++)
        cdn_table_cell(&table, "%s", heads[i]);
    for (unsigned i = 0; i < judge->rule_count; i++)
        rule_row(&table, judge, i);
    all = score_of(judge, UINT16_MAX, true);
    cdn_table_cell(&table, "all together");
    score_cells(&table, &all);
    for (int i = 0; i < 3; i++)
        cdn_table_cell(&table, "%s", "");
    good = cdn_table_print(&table, cli->out, cli->out_color, 2);
    cdn_table_deinit(&table);
    for (unsigned i = 0; i < judge->rule_count; i++) {
        if (judge->rules[i].not_ok)
            fprintf(cli->out,
                    "  %s: %" PRIu64 " of %" PRIu64 " requests ended on the fallback\n",
                    judge->rules[i].name, judge->rules[i].not_ok,
                    judge->rules[i].requests);
    }
    return good;
}

static cordon_status in_bank(struct judge *judge, const char *bank, const char *file,
                             each_line take, cordon_error *err)
{
    char path[4096];
    cordon_status status = cdn_path_join(path, sizeof(path), bank, file, err);

    return status ? status : walk(judge, path, true, take, err);
}

static cordon_status judge_all(struct judge *judge, int argc, char **argv,
                               cordon_error *err)
{
    cordon_status status = in_bank(judge, argv[0], "accounts.csv", count_account, err);

    if (status)
        return status;
    judge->accounts = cdn_calloc(judge->account_count, sizeof(*judge->accounts));
    if (!judge->accounts)
        return cdn_error_nomem(err);
    for (int i = 1; i < argc && !status; i++)
        status = walk(judge, argv[i], false, take_answer, err);
    if (!status)
        status = in_bank(judge, argv[0], "labels.csv", take_label, err);
    if (!status)
        status = in_bank(judge, argv[0], "transfers.csv", take_transfer, err);
    if (!status && !print_table(judge))
        status = cdn_error_nomem(err);
    return status;
}

int main(int argc, char **argv)
{
    struct judge judge = {0};
    struct cdn_cli cli;
    cordon_error err;
    cordon_status status;

    cdn_cli_init(&cli, stdout, stderr);
    judge.cli = &cli;
    if (argc < 3) {
        fputs("usage: cordon-judge BANK ANSWERS.ndjson...\n", stderr);
        return CDN_EXIT_USAGE;
    }
    status = judge_all(&judge, argc - 1, argv + 1, &err);
    if (status)
        cdn_cli_error_of(&cli, &err);
    for (unsigned i = 0; i < judge.rule_count; i++)
        cdn_free(judge.rules[i].times);
    cdn_free(judge.accounts);
    return cdn_cli_finish(&cli, status ? CDN_EXIT_DATA : CDN_EXIT_OK);
}
