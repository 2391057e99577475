/* Checking a whole log.
 *
 * Within a segment: header, checksums, order, hashes, and what a record is made of.  Between
 * segments: each begins with the hash and sequence where the last ended.  At the ends: the
 * first segment is number 1, or a note of retention says that those before it were removed;
 * the last one does not end with a note that names another.  Behind the first fault of a
 * segment nothing in it is believed, and the check goes on with the next segment's header. */
#include "engine/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/audit_log.h"
#include "engine/audit_record.h"

struct check {
    cordon_audit_report *out;
    const char *dir;
    struct cdn_audit_key key;
    bool give_key; /* the hashes are checked */
    void (*report)(void *ud, const cordon_audit_finding *finding);
    void *ud;
    /* of the segment before: */
    bool whole; /* it was right to its end */
    bool ended; /* its last record is the note "end" */
    uint64_t number;
    uint64_t next_sequence;
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    uint64_t removed_through; /* as the chain notes */
    uint64_t sequence;        /* of the last record that is right */
};

static void find(struct check *check, uint64_t segment, uint64_t offset,
                 const char *text)
{
    const cordon_audit_finding finding = {sizeof finding, segment, offset,
                                          check->sequence, text};

    check->out->findings++;
    if (check->report)
        check->report(check->ud, &finding);
}

/* A record's bytes, beyond its hash: a decision can be read back, a note is a map. */
static const char *check_content(struct check *check,
                                 const struct cdn_audit_found_record *record)
{
    const void *bytes = record->bytes;
    size_t length = record->frame.length;
    struct cdn_audit_view view;
    uint64_t value;

    check->ended = false;
    if (record->frame.kind == CORDON_AUDIT_DECISION) {
        check->out->decisions++;
        return cdn_audit_record_view(&view, bytes, length)
                   ? NULL
                   : "the record's content is not that of a decision";
    }
    if (cdn_audit_note_is(bytes, length, "dropped", "count", &value))
        check->out->dropped += value;
    else if (cdn_audit_note_is(bytes, length, "retention", "through", &value))
        check->removed_through =
            value > check->removed_through ? value : check->removed_through;
    else if (cdn_audit_note_is(bytes, length, "end", NULL, NULL))
        check->ended = true;
    else if (!cdn_audit_note_is(bytes, length, "recovered", NULL, NULL) &&
             !cdn_audit_note_is(bytes, length, "breaker", NULL, NULL))
        return "the record's content is not that of a note";
    return NULL;
}

/* What the segment's beginning says about the end of the one before. */
static const char *check_joint(const struct check *check,
                               const struct cdn_audit_scan *scan)
{
    static const unsigned char nothing[CORDON_AUDIT_HASH_BYTES];

    if (scan->header.number == 1) {
        if (scan->header.sequence != 1 ||
            memcmp(scan->header.prev_hash, nothing, sizeof nothing) != 0)
            return "the first segment does not begin a chain";
        return NULL;
    }
    if (!check->whole || check->number + 1 != scan->header.number)
        return NULL; /* found already */
    if (!check->ended)
        return "the segment before it does not end with the note that names this one: "
               "records were removed from its end";
    if (scan->header.sequence != check->next_sequence ||
        memcmp(scan->header.prev_hash, check->hash, sizeof check->hash) != 0)
        return "the chain breaks between this segment and the one before";
    return NULL;
}

static cordon_status check_segment(struct check *check, uint64_t number, bool newest,
                                   bool live, cordon_error *err)
{
    struct cdn_audit_scan scan;
    struct cdn_audit_found_record record = {0};
    enum cdn_audit_found found = CDN_AUDIT_RECORD;
    const struct cdn_audit_key *key = check->give_key ? &check->key : NULL;
    const char *fault;
    cordon_status status =
        cdn_audit_scan_open(&scan, check->dir, number, key, &fault, err);
    uint64_t at = 0;

    if (status == CORDON_E_NOTFOUND && live)
        return CORDON_OK; /* retention was quicker */
    if (status)
        return status;
    if (!fault)
        fault = check_joint(check, &scan);
    check->ended = false;
    check->out->segments++;
    check->out->bytes += scan.size;
    check->out->keyed = check->out->keyed || scan.header.flags & CDN_AUDIT_KEYED;
    while (!status && !fault && found == CDN_AUDIT_RECORD) {
        at = scan.at;
        status = cdn_audit_scan_next(&found, &record, &scan, key, err);
        if (status || found == CDN_AUDIT_END)
            break;
        if (found == CDN_AUDIT_RECORD && check->ended)
            fault = "a record follows the note that ends the segment";
        else if (found == CDN_AUDIT_RECORD)
            fault = check_content(check, &record);
        else if (found == CDN_AUDIT_BROKEN)
            fault = record.fault;
        else if (newest && live)
            check->out->open_bytes = scan.size - at;
        else
            fault = newest
                        ? "the file ends within a record: torn by a crash, which the "
                          "next writer cuts off, or cut by hand"
                        : "the file ends within a record";
        if (found != CDN_AUDIT_RECORD || fault)
            break;
        check->out->records++;
        check->sequence = record.frame.sequence;
        memcpy(check->out->hash, record.frame.hash, sizeof check->out->hash);
    }
    if (fault)
        find(check, number, at, fault);
    check->whole = !fault && !status;
    check->number = number;
    check->next_sequence = scan.next_sequence;
    memcpy(check->hash, scan.hash, sizeof check->hash);
    cdn_audit_scan_close(&scan);
    return status;
}

static void find_missing(struct check *check, uint64_t first, uint64_t last,
                         const char *why)
{
    char text[240];

    if (first == last)
        (void)snprintf(text, sizeof text, "segment %" PRIu64 " is missing%s", first,
                       why);
    else
        (void)snprintf(text, sizeof text,
                       "segments %" PRIu64 " to %" PRIu64 " are missing%s", first, last,
                       why);
    find(check, first, 0, text);
}

static cordon_status check_all(struct check *check,
                               const struct cdn_audit_numbers *numbers, bool live,
                               cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < numbers->count && !status; i++) {
        uint64_t number = numbers->items[i];

        if (i && numbers->items[i - 1] + 1 != number)
            find_missing(check, numbers->items[i - 1] + 1, number - 1, "");
        status = check_segment(check, number, i + 1 == numbers->count, live, err);
    }
    if (status || !numbers->count)
        return status;
    check->out->first_segment = numbers->items[0];
    check->out->last_segment = numbers->items[numbers->count - 1];
    if (check->out->first_segment > check->removed_through + 1)
        find_missing(check, check->removed_through + 1, check->out->first_segment - 1,
                     ", and no note of the chain says that retention removed it");
    if (check->ended && !live)
        find_missing(check, check->out->last_segment + 1, check->out->last_segment + 1,
                     ": the one before it ends by naming it; opening the log to write "
                     "begins it if a crash came between");
    return CORDON_OK;
}

/* Does the newest segment with a sound header have this key?  A wrong key would otherwise look
 * like a forged log. */
static cordon_status check_key(struct check *check, const char *key_file,
                               const struct cdn_audit_numbers *numbers,
                               cordon_error *err)
{
    for (size_t i = numbers->count; i--;) {
        struct cdn_audit_scan scan;
        const char *fault;
        bool keyed, same;
        cordon_status status = cdn_audit_scan_open(&scan, check->dir, numbers->items[i],
                                                   NULL, &fault, err);

        if (status == CORDON_E_NOTFOUND)
            continue;
        if (status)
            return status;
        keyed = scan.header.flags & CDN_AUDIT_KEYED;
        same = scan.header.key_check == check->key.check;
        cdn_audit_scan_close(&scan);
        if (fault)
            continue;
        check->give_key = keyed == check->key.keyed;
        if (keyed && key_file && !same)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "the decision log %s was not written with the key in %s", check->dir,
                key_file);
        if (!keyed && key_file)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "the decision log %s has no key; give none",
                                 check->dir);
        return CORDON_OK;
    }
    check->give_key = true;
    return CORDON_OK;
}

cordon_status
cordon_audit_verify(cordon_audit_report *out, const char *dir, const char *key_file,
                    void (*report)(void *ud, const cordon_audit_finding *finding),
                    void *ud, cordon_error *err)
{
    struct check check = {.out = out, .dir = dir, .report = report, .ud = ud};
    struct cdn_audit_numbers numbers;
    cordon_status status;
    bool live;

    if (!out || !dir || out->struct_size != sizeof *out)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_verify: out and dir must be there, and out "
                             "begin as CORDON_AUDIT_REPORT_INIT does");
    *out = (cordon_audit_report)CORDON_AUDIT_REPORT_INIT;
    status = cdn_audit_key_read(&check.key, key_file, err);
    if (status)
        return status;
    live = cdn_audit_log_is_open(dir);
    status = cdn_audit_segments_list(&numbers, dir, err);
    if (!status) {
        status = check_key(&check, key_file, &numbers, err);
        if (!status)
            status = check_all(&check, &numbers, live, err);
        cdn_audit_numbers_deinit(&numbers);
    }
    out->chain_checked = check.give_key;
    cdn_wipe(&check.key, sizeof check.key);
    return status;
}
