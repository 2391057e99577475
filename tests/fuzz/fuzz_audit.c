/* A segment of a decision log as anybody may have written it: verified, read, shown, masked,
 * its answers of host functions taken, searched from both ends, recovered and gone on in.
 *
 * Checksums and hashes would stop nearly every input at the door, and whoever wants harm can
 * compute them where there is no key.  So they are made good first, as far as the input's own
 * lengths lead; with an odd number of bytes they are left as they are.  What recovery leaves must
 * be a log that can be written to, and again, and whose whole records are still there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/audit.h"
#include "codec/decision.h"
#include "engine/audit_log.h"
#include "engine/audit_mask.h"
#include "engine/replay_host.h"
#include "server/log_search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cdn_audit_key no_key;
static char dir[64];

static void make_folder(void)
{
    const char *root = getenv("TMPDIR");

    if (dir[0])
        return;
    if (snprintf(dir, sizeof dir, "%.40s/cordon-fuzz-XXXXXX", root ? root : "/tmp") <
            0 ||
        !mkdtemp(dir))
        abort();
}

static void path_of(char out[128], uint64_t number)
{
    char name[CDN_AUDIT_NAME_BYTES];

    cdn_audit_segment_name(name, number);
    (void)snprintf(out, 128, "%s/%s", dir, name);
}

static void write_segment(const uint8_t *bytes, size_t size)
{
    char path[128];
    FILE *file;

    path_of(path, 1);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
        abort();
}

/* Header, and records as long as their lengths lead from one to the next. */
static void mend(uint8_t *bytes, size_t size)
{
    struct cdn_audit_header header;
    struct cdn_audit_frame frame;
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    size_t at = sizeof header;
    uint64_t sequence = 1;

    if (size < sizeof header)
        return;
    header = (struct cdn_audit_header){.number = 1, .sequence = 1, .created_ms = 1};
    cdn_audit_header_seal(&header, &no_key);
    memcpy(bytes, &header, sizeof header);
    memcpy(hash, header.hash, sizeof hash);
    while (size - at >= sizeof frame) {
        memcpy(&frame, bytes + at, sizeof frame);
        if (!frame.length || frame.length > size - at - sizeof frame)
            return;
        cdn_audit_frame_seal(&frame, (cordon_audit_kind)(1 + frame.kind % 2),
                             sequence++, bytes + at + sizeof frame, frame.length, hash,
                             &no_key);
        memcpy(bytes + at, &frame, sizeof frame);
        memcpy(hash, frame.hash, sizeof hash);
        at += sizeof frame + frame.length;
    }
}

static uint64_t read_through(void)
{
    static const cordon_audit_mask given[] = {{"/input/params/*", "x"},
                                              {"/result/output", NULL},
                                              {"/input/node/key", NULL},
                                              {"/error", "e"},
                                              {"/calls/*/answers/*/result/*", "c"}};
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    struct cdn_audit_masks masks;
    struct cdn_replay_host host = {0};
    struct cdn_buf text = {0};
    struct cdn_audit_view view;
    cordon_audit_reader *reader;
    uint64_t count = 0;
    bool got = true;

    if (cdn_audit_masks_init(&masks, given, 5, NULL) ||
        cordon_audit_reader_open(&reader, dir, NULL))
        abort();
    while (got) {
        if (cordon_audit_reader_next(&entry, &got, reader, NULL)) {
            got = true;
            continue;
        }
        if (!got)
            break;
        count++;
        cdn_buf_clear(&text);
        cdn_audit_json(&text, &entry, false);
        cdn_audit_line(&text, &entry, true);
        if (entry.kind == CORDON_AUDIT_DECISION &&
            cdn_audit_record_view(&view, entry.record, entry.record_bytes)) {
            cdn_audit_csv(&text, &view, &entry);
            if (cdn_replay_host_take(&host, &view, NULL))
                abort();
            cdn_buf_clear(&text);
            /* a record that reads is one that can be masked, and then still reads */
            if (!cdn_audit_masks_apply(&text, &masks, entry.record, entry.record_bytes,
                                       NULL) &&
                !cdn_audit_record_view(&view, text.data, text.length))
                abort();
        }
    }
    cordon_audit_reader_close(reader);
    cdn_audit_masks_deinit(&masks);
    cdn_replay_host_deinit(&host);
    cdn_buf_deinit(&text);
    return count;
}

static bool on_found(void *ud, const cordon_audit_entry *entry)
{
    struct cdn_json json;
    struct cdn_buf text = {0};

    cdn_json_init(&json, &text, false);
    cdn_decision_json(&json, entry);
    if (json.depth)
        abort(); /* whatever it is, it is one value */
    cdn_buf_deinit(&text);
    ++*(uint64_t *)ud;
    return true;
}

/* How many decisions are found, three a page, from one end. */
static uint64_t search(bool oldest_first)
{
    struct cdn_log_query query = {.since_ms = INT64_MIN,
                                  .until_ms = INT64_MAX,
                                  .oldest_first = oldest_first,
                                  .limit = 3,
                                  .most_bytes = UINT64_MAX};
    struct cdn_log_found found = {.more = true};
    struct cdn_log_marks *marks;
    uint64_t count = 0;

    if (cdn_log_marks_new(&marks, NULL))
        abort();
    while (found.more) {
        uint64_t before = count;

        if (cdn_log_search(&found, marks, dir, &query, on_found, &count, NULL) ||
            count - before != found.count)
            abort();
        query.segment = found.segment;
        query.offset = found.offset;
    }
    cdn_log_marks_free(marks);
    return count;
}

static void go_on(uint64_t before)
{
    cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;

    options.ring_bytes = 65536;
    options.sync = CORDON_AUDIT_SYNC_NONE;
    for (int again = 0; again < 2; again++) {
        cordon_audit *audit;
        cordon_status status = cordon_audit_open(&audit, dir, &options, NULL);

        if (status && status != CORDON_E_CORRUPT && status != CORDON_E_FORMAT &&
            status != CORDON_E_INVALID)
            abort();
        if (status && again)
            abort();
        if (status)
            return;
        if (cordon_audit_close(audit, NULL))
            abort();
    }
    if (read_through() < before)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    uint8_t *copy = malloc(size ? size : 1);
    char path[128];

    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    make_folder();
    if (size % 2 == 0)
        mend(copy, size);
    write_segment(copy, size);
    (void)cordon_audit_verify(&report, dir, NULL, NULL, NULL, NULL);
    if (search(true) != search(false))
        abort();
    go_on(read_through());
    for (uint64_t number = 1; number < 4; number++) {
        path_of(path, number);
        (void)unlink(path);
    }
    free(copy);
    return 0;
}
