/* The made-up bank's files: CSV, the schema that imports them, the labels, the requests
 * to try rules on, and a README that says what is what.
 *
 * Files are written whole and in one pass; transfers are sorted by time first, as a
 * bank's ledger would be.  requests.ndjson asks about every labelled account at the
 * moment its pattern is complete, and about innocent accounts at the moment of one of
 * their own transfers; it is what a rule would have been asked on the day.  corpus.csv has the
 * same moments with what became of them and the money that was at stake. */
#include "cli/bank.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/time.h"

static const char *const memos[] = {"", "salary", "rent", "invoice"};
static const char *const channels[] = {"card", "wire", "app"};
static const char *const countries[] = {"DE", "FR", "NL", "ES", "IT", "PL", "SE", "AT"};
static const char *const systems[] = {"android", "ios", "windows", "macos", "linux"};
static const char *const kinds[] = {
    "", "fan_in", "fan_out", "cycle", "mule_chain", "structuring", "shared_device"};

/* One innocent request for so many transfers. */
#define TRANSFERS_A_REQUEST 50

/* What a pattern moved is what its account sent or received in so long before it is
 * complete. */
#define PATTERN_DAYS 10

static const char schema_text[] =
    "-- Imports the files beside it: cordon import --schema schema.lua --out STORE .\n"
    "return {\n"
    "  labels = {\n"
    "    Person  = { file = \"persons.csv\", key = { column = \"id\", type = "
    "\"string\" },\n"
    "                properties = { country = \"string\" }, immutable = true },\n"
    "    Company = { file = \"companies.csv\", key = { column = \"id\", type = "
    "\"string\" },\n"
    "                properties = { country = \"string\" }, immutable = true },\n"
    "    Account = { file = \"accounts.csv\", key = { column = \"id\", type = "
    "\"int64\" },\n"
    "                properties = { opened = \"timestamp\", business = \"bool\" },\n"
    "                immutable = true },\n"
    "    Device  = { file = \"devices.csv\", key = { column = \"id\", type = "
    "\"string\" },\n"
    "                properties = { system = \"string\" }, immutable = true },\n"
    "    Case    = { file = \"cases.csv\", key = { column = \"id\", type = "
    "\"string\" } },\n"
    "  },\n"
    "  edges = {\n"
    "    { type = \"own\", from = \"Person\", to = \"Account\", file = "
    "\"person_accounts.csv\",\n"
    "      source = \"person\", target = \"account\" },\n"
    "    { type = \"own\", from = \"Company\", to = \"Account\",\n"
    "      file = \"company_accounts.csv\", source = \"company\", target = \"account\" "
    "},\n"
    "    { type = \"sign_in\", from = \"Device\", to = \"Account\", file = "
    "\"sign_ins.csv\",\n"
    "      source = \"device\", target = \"account\", time = \"at\",\n"
    "      properties = { at = \"timestamp\" } },\n"
    "    -- when an investigator froze an account: an edge, so that it has a time\n"
    "    { type = \"froze\", from = \"Case\", to = \"Account\", file = "
    "\"cases.csv\",\n"
    "      source = \"id\", target = \"account\", time = \"at\",\n"
    "      properties = { at = \"timestamp\" } },\n"
    "    { type = \"transfer\", from = \"Account\", to = \"Account\", file = "
    "\"transfers.csv\",\n"
    "      source = \"from\", target = \"to\", time = \"at\",\n"
    "      properties = { at = \"timestamp\", amount = \"float64\", channel = "
    "\"string\",\n"
    "                     memo = { type = \"string\", nullable = true } } },\n"
    "  },\n"
    "}\n";

static const char readme_text[] =
    "# A made-up bank\n"
    "\n"
    "Written by `cordon generate`; the same seed and sizes give the same files.\n"
    "\n"
    "| file | what it is |\n"
    "| --- | --- |\n"
    "| persons.csv, companies.csv, accounts.csv, devices.csv | the nodes |\n"
    "| person_accounts.csv, company_accounts.csv | who owns which account |\n"
    "| sign_ins.csv | which device signed in to which account, when |\n"
    "| cases.csv | which accounts investigators froze, when: one in three of those "
    "that take part\n"
    "  in fraud, days later |\n"
    "| transfers.csv | the ledger, by time |\n"
    "| schema.lua | what imports all these: `cordon import --schema schema.lua --out "
    "STORE .` |\n"
    "| labels.csv | the planted truth: account, kind of fraud, role; kind `none` is an "
    "innocent\n"
    "  that looks like fraud.  Accounts that are not listed are innocent |\n"
    "| requests.ndjson | requests to try rules on: `cordon eval RULE --data STORE "
    "--input "
    "requests.ndjson` |\n"
    "| corpus.csv | the same moments, each with its label (the kind of fraud, or "
    "`none`) "
    "and the money\n"
    "  at stake: `cordon backtest RULE --data STORE --corpus corpus.csv --fraud KIND` "
    "|\n";

/* Streams to DIR/NAME through a buffer that is checked once, when it is closed. */
struct sink {
    FILE *file;
    char path[4096];
};

static cordon_status sink_open(struct sink *sink, const char *dir, const char *name,
                               cordon_error *err)
{
    cordon_status status = cdn_path_join(sink->path, sizeof sink->path, dir, name, err);

    sink->file = NULL;
    if (status)
        return status;
    sink->file = fopen(sink->path, "we");
    return sink->file ? CORDON_OK : cdn_error_errno(err, errno, "%s", sink->path);
}

static cordon_status sink_close(struct sink *sink, cordon_error *err)
{
    int failed = ferror(sink->file);

    errno = failed ? EIO : 0;
    if (fclose(sink->file) || failed)
        return cdn_error_errno(err, errno, "%s", sink->path);
    return CORDON_OK;
}

static uint64_t key_of(uint32_t account)
{
    return CDN_BANK_FIRST_ACCOUNT + account;
}

/* A few properties are a fixed mix of the number, so that they need no storage. */
static uint32_t scatter(uint32_t number, uint32_t bound)
{
    return (uint32_t)(((uint64_t)(number * UINT32_C(2654435769)) * bound) >> 32);
}

static cordon_status write_text(const char *dir, const char *name, const char *text,
                                cordon_error *err)
{
    struct sink sink;
    cordon_status status = sink_open(&sink, dir, name, err);

    if (status)
        return status;
    fputs(text, sink.file);
    return sink_close(&sink, err);
}

static cordon_status write_nodes(const struct cdn_bank *bank, const char *dir,
                                 cordon_error *err)
{
    struct sink sink;
    cordon_status status;
    char time[40];

    status = sink_open(&sink, dir, "persons.csv", err);
    if (status)
        return status;
    fputs("id,country\n", sink.file);
    for (uint32_t i = 0; i < bank->person_count; i++)
        fprintf(sink.file, "P%07u,%s\n", i + 1, countries[scatter(i, 8)]);
    status = sink_close(&sink, err);
    if (!status)
        status = sink_open(&sink, dir, "companies.csv", err);
    if (status)
        return status;
    fputs("id,country\n", sink.file);
    for (uint32_t i = 0; i < bank->company_count; i++)
        fprintf(sink.file, "C%06u,%s\n", i + 1, countries[scatter(i + 7, 8)]);
    status = sink_close(&sink, err);
    if (!status)
        status = sink_open(&sink, dir, "devices.csv", err);
    if (status)
        return status;
    fputs("id,system\n", sink.file);
    for (uint32_t i = 0; i < bank->device_count; i++)
        fprintf(sink.file, "D%07u,%s\n", i + 1, systems[scatter(i, 5)]);
    status = sink_close(&sink, err);
    if (!status)
        status = sink_open(&sink, dir, "accounts.csv", err);
    if (status)
        return status;
    fputs("id,opened,business\n", sink.file);
    for (uint32_t i = 0; i < bank->account_count; i++)
        fprintf(sink.file, "%llu,%s,%s\n", (unsigned long long)key_of(i),
                cdn_time_format(time, sizeof time, bank->opened_ms[i]),
                i < bank->personal_count ? "false" : "true");
    return sink_close(&sink, err);
}

static cordon_status write_owners(const struct cdn_bank *bank, const char *dir,
                                  cordon_error *err)
{
    struct sink sink;
    cordon_status status = sink_open(&sink, dir, "person_accounts.csv", err);

    if (status)
        return status;
    fputs("person,account\n", sink.file);
    for (uint32_t i = 0; i < bank->personal_count; i++)
        fprintf(sink.file, "P%07u,%llu\n", bank->owner[i] + 1,
                (unsigned long long)key_of(i));
    status = sink_close(&sink, err);
    if (!status)
        status = sink_open(&sink, dir, "company_accounts.csv", err);
    if (status)
        return status;
    fputs("company,account\n", sink.file);
    for (uint32_t i = bank->personal_count; i < bank->account_count; i++)
        fprintf(sink.file, "C%06u,%llu\n", bank->owner[i] - bank->person_count + 1,
                (unsigned long long)key_of(i));
    return sink_close(&sink, err);
}

static int by_time(const void *a, const void *b)
{
    const struct cdn_bank_transfer *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return x->cents < y->cents ? -1 : x->cents > y->cents;
}

static cordon_status write_transfers(const struct cdn_bank_transfer *transfers,
                                     size_t count, const char *dir, cordon_error *err)
{
    struct sink sink;
    char time[40];
    cordon_status status = sink_open(&sink, dir, "transfers.csv", err);

    if (status)
        return status;
    fputs("from,to,at,amount,channel,memo\n", sink.file);
    for (size_t i = 0; i < count; i++) {
        const struct cdn_bank_transfer *t = &transfers[i];
        fprintf(sink.file, "%llu,%llu,%s,%llu.%02llu,%s,%s\n",
                (unsigned long long)key_of(t->from), (unsigned long long)key_of(t->to),
                cdn_time_format(time, sizeof time, t->at_ms),
                (unsigned long long)(t->cents / 100),
                (unsigned long long)(t->cents % 100), channels[t->channel],
                memos[t->memo]);
    }
    return sink_close(&sink, err);
}

static cordon_status write_sign_ins(const struct cdn_bank *bank, const char *dir,
                                    cordon_error *err)
{
    struct sink sink;
    char time[40];
    cordon_status status = sink_open(&sink, dir, "sign_ins.csv", err);

    if (status)
        return status;
    fputs("device,account,at\n", sink.file);
    for (size_t i = 0; i < bank->sign_in_count; i++)
        fprintf(sink.file, "D%07u,%llu,%s\n", bank->sign_ins[i].device + 1,
                (unsigned long long)key_of(bank->sign_ins[i].account),
                cdn_time_format(time, sizeof time, bank->sign_ins[i].at_ms));
    return sink_close(&sink, err);
}

/* One in three of those that take part in fraud is found out, one to five days after. */
static cordon_status write_cases(const struct cdn_bank *bank, const char *dir,
                                 cordon_error *err)
{
    struct sink sink;
    cordon_status status = sink_open(&sink, dir, "cases.csv", err);
    unsigned count = 0;
    char time[40];

    if (status)
        return status;
    fputs("id,account,at\n", sink.file);
    for (uint32_t i = 0; i < bank->label_count; i++) {
        const struct cdn_bank_label *label = &bank->labels[i];
        int64_t later =
            CDN_BANK_DAY_MS + (int64_t)scatter(label->account, 4 * 86400) * 1000;

        if (label->kind && scatter(i, 3) == 0)
            fprintf(sink.file, "K%06u,%llu,%s\n", ++count,
                    (unsigned long long)key_of(label->account),
                    cdn_time_format(time, sizeof time, label->at_ms + later));
    }
    return sink_close(&sink, err);
}

static cordon_status write_truth(const struct cdn_bank *bank,
                                 const struct cdn_bank_transfer *transfers,
                                 const char *dir, cordon_error *err)
{
    struct sink sink;
    char time[40];
    cordon_status status = sink_open(&sink, dir, "labels.csv", err);

    if (status)
        return status;
    fputs("account,kind,role,at\n", sink.file);
    for (size_t i = 0; i < bank->label_count; i++)
        fprintf(sink.file, "%llu,%s,%s,%s\n",
                (unsigned long long)key_of(bank->labels[i].account),
                bank->labels[i].kind ? kinds[bank->labels[i].kind] : "none",
                bank->labels[i].role,
                cdn_time_format(time, sizeof time, bank->labels[i].at_ms));
    status = sink_close(&sink, err);
    if (!status)
        status = sink_open(&sink, dir, "requests.ndjson", err);
    if (status)
        return status;
    for (size_t i = 0; i < bank->label_count; i++)
        fprintf(sink.file, "{\"node\":\"Account:%llu\",\"now\":\"%s\"}\n",
                (unsigned long long)key_of(bank->labels[i].account),
                cdn_time_format(time, sizeof time, bank->labels[i].at_ms));
    for (size_t i = TRANSFERS_A_REQUEST / 2; i < bank->transfer_count;
         i += TRANSFERS_A_REQUEST) {
        const struct cdn_bank_transfer *t = &transfers[i];
        uint32_t account = (i / TRANSFERS_A_REQUEST) % 2 ? t->from : t->to;
        fprintf(sink.file, "{\"node\":\"Account:%llu\",\"now\":\"%s\"}\n",
                (unsigned long long)key_of(account),
                cdn_time_format(time, sizeof time, t->at_ms));
    }
    return sink_close(&sink, err);
}

/* ---- the corpus ---- */

/* A label, and the money that went through its account while the pattern was made. */
struct stake {
    const struct cdn_bank_label *label;
    uint64_t sent;
    uint64_t received;
};

static int by_account(const void *a, const void *b)
{
    const struct cdn_bank_label *x = ((const struct stake *)a)->label;
    const struct cdn_bank_label *y = ((const struct stake *)b)->label;

    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return (x > y) - (x < y); /* as they were planted */
}

/* The first of the account's; `count` if it has none. */
static size_t stakes_of(const struct stake *stakes, size_t count, uint32_t account)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (stakes[middle].label->account < account)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_stake(struct stake *stakes, size_t count, uint32_t account,
                      const struct cdn_bank_transfer *transfer, bool sent)
{
    for (size_t i = stakes_of(stakes, count, account);
         i < count && stakes[i].label->account == account; i++) {
        int64_t before = stakes[i].label->at_ms - transfer->at_ms;

        if (before >= 0 && before <= PATTERN_DAYS * CDN_BANK_DAY_MS)
            *(sent ? &stakes[i].sent : &stakes[i].received) += transfer->cents;
    }
}

static void write_event(FILE *file, uint32_t account, int64_t at_ms, unsigned kind,
                        uint64_t cents)
{
    char time[40];

    fprintf(file, "Account:%llu,%s,%s,%llu.%02llu\n",
            (unsigned long long)key_of(account),
            cdn_time_format(time, sizeof time, at_ms), kind ? kinds[kind] : "none",
            (unsigned long long)(cents / 100), (unsigned long long)(cents % 100));
}

static cordon_status write_corpus(const struct cdn_bank *bank,
                                  const struct cdn_bank_transfer *transfers,
                                  const char *dir, cordon_error *err)
{
    size_t count = bank->label_count;
    struct stake *stakes = cdn_calloc(count ? count : 1, sizeof *stakes);
    struct sink sink;
    cordon_status status =
        stakes ? sink_open(&sink, dir, "corpus.csv", err) : cdn_error_nomem(err);

    if (status)
        goto out;
    for (size_t i = 0; i < count; i++)
        stakes[i].label = &bank->labels[i];
    qsort(stakes, count, sizeof *stakes, by_account);
    for (size_t i = 0; i < bank->transfer_count; i++) {
        add_stake(stakes, count, transfers[i].from, &transfers[i], true);
        add_stake(stakes, count, transfers[i].to, &transfers[i], false);
    }
    fputs("node,time,label,amount\n", sink.file);
    for (size_t i = 0; i < count; i++) {
        const struct stake *stake = &stakes[i];

        write_event(sink.file, stake->label->account, stake->label->at_ms,
                    stake->label->kind,
                    stake->sent > stake->received ? stake->sent : stake->received);
    }
    for (size_t i = TRANSFERS_A_REQUEST / 2; i < bank->transfer_count;
         i += TRANSFERS_A_REQUEST) {
        const struct cdn_bank_transfer *t = &transfers[i];

        write_event(sink.file, (i / TRANSFERS_A_REQUEST) % 2 ? t->from : t->to,
                    t->at_ms, 0, t->cents);
    }
    status = sink_close(&sink, err);
out:
    cdn_free(stakes);
    return status;
}

cordon_status cdn_bank_write(const struct cdn_bank *bank, const char *dir,
                             cordon_error *err)
{
    cordon_status status;
    struct cdn_bank_transfer *sorted =
        cdn_realloc_array(NULL, bank->transfer_count, sizeof *sorted);

    if (!sorted)
        return cdn_error_nomem(err);
    memcpy(sorted, bank->transfers, bank->transfer_count * sizeof *sorted);
    qsort(sorted, bank->transfer_count, sizeof *sorted, by_time);
    status = write_nodes(bank, dir, err);
    if (!status)
        status = write_owners(bank, dir, err);
    if (!status)
        status = write_transfers(sorted, bank->transfer_count, dir, err);
    if (!status)
        status = write_sign_ins(bank, dir, err);
    if (!status)
        status = write_cases(bank, dir, err);
    if (!status)
        status = write_truth(bank, sorted, dir, err);
    if (!status)
        status = write_corpus(bank, sorted, dir, err);
    if (!status)
        status = write_text(dir, "schema.lua", schema_text, err);
    if (!status)
        status = write_text(dir, "README.md", readme_text, err);
    cdn_free(sorted);
    return status;
}
