/* Decision logs to test on: a folder, records, and a log's bytes. */
#ifndef CORDON_TESTS_ENGINE_AUDITING_H
#define CORDON_TESTS_ENGINE_AUDITING_H

#include "support/unit.h"

#include <dirent.h>
#include <inttypes.h>

#include <cordon/audit.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "engine/audit.h"
#include "engine/audit_log.h"
#include "engine/audit_record.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define ck_assert_has(text, part)                                                      \
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in '%s'", part, text)

/* The last error of whatever was asked. */
static cordon_error err;

/* {"a": number} */
static inline size_t auditing_map(unsigned char out[16], unsigned char number)
{
    const unsigned char bytes[] = {0x81, 0xa1, 'a', 0xcc, number};

    memcpy(out, bytes, sizeof bytes);
    return sizeof bytes;
}

struct auditing_record {
    struct cdn_audit_record record;
    cordon_usage usage;
    char id[CORDON_DECISION_ID_BYTES + 1];
    unsigned char params[16], result[16];
};

/* Record number `number`, in everything reproducible.  *out must stay where it is. */
static inline const struct cdn_audit_record *auditing_fill(struct auditing_record *out,
                                                           uint64_t number)
{
    memset(out, 0, sizeof *out);
    (void)snprintf(out->id, sizeof out->id, "%032" PRIx64, number);
    out->usage = (cordon_usage){.instructions = 1000 + number,
                                .instructions_limit = 1000000,
                                .edges = number,
                                .edges_limit = 100000,
                                .wall_ns = 5000,
                                .wall_limit_ns = 100000000};
    out->record = (struct cdn_audit_record){
        .timestamp_ms = 1795487340000 + (int64_t)number,
        .decision_id = out->id,
        .rule = "fan_out",
        .source_hash = DIGEST,
        .generation = 3,
        .snapshot_id = 0xfedcba9876543210,
        .label = "Account",
        .key = "17",
        .params = out->params,
        .params_bytes = auditing_map(out->params, 1),
        .now_ms = 1795487340000,
        .as_of_ms = CORDON_NO_TIME,
        .seed = UINT64_MAX,
        .principal = "analyst",
        .decision = "review",
        .result = out->result,
        .result_bytes = auditing_map(out->result, 2),
        .reads_digest = number,
        .usage = &out->usage,
    };
    return &out->record;
}

static inline bool auditing_offer(cordon_audit *audit, uint64_t number)
{
    struct auditing_record record;

    return cdn_audit_offer(audit, auditing_fill(&record, number));
}

static inline cordon_audit *auditing_open(const char *dir,
                                          const cordon_audit_options *options)
{
    cordon_audit *audit;

    ck_assert_msg(!cordon_audit_open(&audit, dir, options, &err), "%s", err.message);
    return audit;
}

/* Remove a log, or any flat folder. */
static inline void auditing_remove(const char *dir)
{
    DIR *folder = opendir(dir);
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    rmdir(dir);
}

static inline void auditing_path(char *out, size_t size, const char *dir,
                                 uint64_t segment)
{
    char name[CDN_AUDIT_NAME_BYTES];

    cdn_audit_segment_name(name, segment);
    ck_assert_int_lt(snprintf(out, size, "%s/%s", dir, name), (int)size);
}

static inline size_t auditing_read(unsigned char **out, const char *dir,
                                   uint64_t segment)
{
    struct cdn_buf bytes = {0};
    char path[512];
    size_t count;

    auditing_path(path, sizeof path, dir, segment);
    ck_assert_msg(!cdn_file_read(&bytes, path, 1 << 28, &err), "%s", err.message);
    *out = cdn_unit_exact(bytes.data, bytes.length);
    count = bytes.length;
    cdn_buf_deinit(&bytes);
    return count;
}

static inline void auditing_write(const char *dir, uint64_t segment, const void *bytes,
                                  size_t count)
{
    char path[512];
    FILE *file;

    auditing_path(path, sizeof path, dir, segment);
    file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, count, file), count);
    ck_assert_int_eq(fclose(file), 0);
}

struct auditing_findings {
    uint64_t count;
    uint64_t segment, offset; /* of the first */
    char text[512];           /* all of them, a line each */
};

static inline void auditing_on_finding(void *ud, const cordon_audit_finding *finding)
{
    struct auditing_findings *findings = ud;
    size_t length = strlen(findings->text);

    if (!findings->count++) {
        findings->segment = finding->segment;
        findings->offset = finding->offset;
    }
    (void)snprintf(findings->text + length, sizeof findings->text - length, "%s\n",
                   finding->text);
}

static inline cordon_audit_report auditing_verify(struct auditing_findings *findings,
                                                  const char *dir, const char *key)
{
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;

    memset(findings, 0, sizeof *findings);
    ck_assert_msg(
        !cordon_audit_verify(&report, dir, key, auditing_on_finding, findings, &err),
        "%s", err.message);
    ck_assert_uint_eq(report.findings, findings->count);
    return report;
}

/* The log is sound; how many decisions it has. */
static inline uint64_t auditing_sound(const char *dir, const char *key)
{
    struct auditing_findings findings;
    cordon_audit_report report = auditing_verify(&findings, dir, key);

    ck_assert_msg(!report.findings, "%s: segment %" PRIu64 " offset %" PRIu64 ": %s",
                  dir, findings.segment, findings.offset, findings.text);
    return report.decisions;
}

/* Every decision that can be read, in order; numbers[i] is what auditing_fill() made it of.
 * Returns how many; notes are counted apart. */
static inline size_t auditing_numbers(uint64_t *numbers, size_t most, uint64_t *notes,
                                      const char *dir)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    struct cdn_audit_view view;
    size_t count = 0;
    bool got;

    *notes = 0;
    ck_assert_msg(!cordon_audit_reader_open(&reader, dir, &err), "%s", err.message);
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        if (entry.kind == CORDON_AUDIT_NOTE) {
            ++*notes;
            continue;
        }
        ck_assert(cdn_audit_record_view(&view, entry.record, entry.record_bytes));
        ck_assert_uint_lt(count, most);
        numbers[count++] = view.reads_digest;
    }
    cordon_audit_reader_close(reader);
    return count;
}

#endif
