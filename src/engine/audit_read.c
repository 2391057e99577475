/* The public reader: one segment after the other, as they are and as they grow.
 *
 * At the end of the newest segment there is nothing more *yet*.  A segment whose last record is
 * the note "end" is left for the next one, which may not be there for a moment; a segment that
 * retention removed while it was read stays readable until it is left, and the reader then
 * goes on with the oldest there is. */
#include "engine/audit.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/pack.h"
#include "engine/audit_log.h"

struct cordon_audit_reader {
    struct cdn_audit_scan scan;
    uint64_t number; /* of the segment the scan is in; 0: in none */
    bool ended;      /* its last record said so, or nothing more in it can be read */
    char dir[PATH_MAX];
};

cordon_status cordon_audit_reader_open(cordon_audit_reader **out, const char *dir,
                                       cordon_error *err)
{
    struct cdn_audit_numbers numbers;
    cordon_audit_reader *reader;
    cordon_status status;

    if (!out || !dir || strlen(dir) >= sizeof reader->dir)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_reader_open: out and dir must be there, and "
                             "dir not too long");
    *out = NULL;
    status = cdn_audit_segments_list(&numbers, dir, err);
    if (status)
        return status;
    cdn_audit_numbers_deinit(&numbers);
    reader = cdn_calloc(1, sizeof *reader);
    if (!reader)
        return cdn_error_nomem(err);
    reader->scan.fd = -1;
    memcpy(reader->dir, dir, strlen(dir) + 1);
    *out = reader;
    return CORDON_OK;
}

void cordon_audit_reader_close(cordon_audit_reader *reader)
{
    if (!reader)
        return;
    if (reader->number)
        cdn_audit_scan_close(&reader->scan);
    cdn_free(reader);
}

/* The oldest segment behind the one the reader is in; 0: none. */
static cordon_status find_next(uint64_t *out, const cordon_audit_reader *reader,
                               cordon_error *err)
{
    struct cdn_audit_numbers numbers;
    cordon_status status = cdn_audit_segments_list(&numbers, reader->dir, err);

    *out = 0;
    if (status)
        return status;
    for (size_t i = numbers.count; i-- && numbers.items[i] > reader->number;)
        *out = numbers.items[i];
    cdn_audit_numbers_deinit(&numbers);
    return CORDON_OK;
}

static cordon_status open_next(bool *opened, cordon_audit_reader *reader,
                               cordon_error *err)
{
    struct cdn_audit_scan scan;
    const char *fault;
    uint64_t next;
    cordon_status status = find_next(&next, reader, err);

    *opened = false;
    if (status || !next)
        return status;
    status = cdn_audit_scan_open(&scan, reader->dir, next, NULL, &fault, err);
    if (status == CORDON_E_NOTFOUND)
        return CORDON_OK; /* removed meanwhile; the next call looks again */
    if (status)
        return status;
    if (reader->number)
        cdn_audit_scan_close(&reader->scan);
    reader->scan = scan;
    reader->number = next;
    reader->ended = fault != NULL;
    *opened = true;
    return fault ? cdn_error_set(err, CORDON_E_CORRUPT, "%s: %s", scan.path, fault)
                 : CORDON_OK;
}

static cordon_status broken(cordon_audit_reader *reader, uint64_t offset,
                            const char *fault, cordon_error *err)
{
    reader->ended = true;
    return cdn_error_set(err, CORDON_E_CORRUPT, "%s: offset %" PRIu64 ": %s",
                         reader->scan.path, offset, fault);
}

static void fill(cordon_audit_entry *entry, const cordon_audit_reader *reader,
                 const struct cdn_audit_found_record *record)
{
    const unsigned char *at = record->bytes;

    entry->kind = (cordon_audit_kind)record->frame.kind;
    entry->sequence = record->frame.sequence;
    entry->segment = reader->number;
    entry->offset = record->offset;
    memcpy(entry->prev_hash, record->prev_hash, sizeof entry->prev_hash);
    memcpy(entry->hash, record->frame.hash, sizeof entry->hash);
    entry->record = record->bytes;
    entry->record_bytes = record->frame.length;
    if (!cdn_unpack_head(&entry->value, &at, record->bytes + record->frame.length))
        entry->value = (cordon_value){.type = CORDON_NIL};
}

cordon_status cordon_audit_reader_next(cordon_audit_entry *entry, bool *got,
                                       cordon_audit_reader *reader, cordon_error *err)
{
    struct cdn_audit_found_record record;
    enum cdn_audit_found found = CDN_AUDIT_END;
    cordon_status status = CORDON_OK;
    bool opened;

    if (!entry || !got || !reader || entry->struct_size != sizeof *entry)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_reader_next: entry, got and reader must be "
                             "there, and entry begin as CORDON_AUDIT_ENTRY_INIT does");
    *got = false;
    for (;;) {
        if (reader->number && !reader->ended) {
            status = cdn_audit_scan_next(&found, &record, &reader->scan, NULL, err);
            if (status)
                return status;
            if (found == CDN_AUDIT_BROKEN)
                return broken(reader, record.offset, record.fault, err);
            if (found == CDN_AUDIT_RECORD)
                break;
        }
        status = open_next(&opened, reader, err);
        if (status || opened) {
            if (status)
                return status;
            continue;
        }
        return CORDON_OK; /* the newest segment's end, so far */
    }
    fill(entry, reader, &record);
    if (entry->kind == CORDON_AUDIT_NOTE)
        reader->ended =
            cdn_audit_note_is(record.bytes, record.frame.length, "end", NULL, NULL);
    *got = true;
    return CORDON_OK;
}

cordon_status cordon_audit_reader_segment(uint64_t *segment,
                                          cordon_audit_reader *reader, uint64_t before,
                                          cordon_error *err)
{
    struct cdn_audit_numbers numbers;
    cordon_status status;
    size_t i;

    if (!segment || !reader)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_reader_segment: segment and reader must be "
                             "there");
    *segment = 0;
    status = cdn_audit_segments_list(&numbers, reader->dir, err);
    if (status)
        return status;
    for (i = numbers.count; i && before && numbers.items[i - 1] >= before; i--) {
    }
    if (i)
        *segment = numbers.items[i - 1];
    cdn_audit_numbers_deinit(&numbers);
    return i ? CORDON_OK
             : cdn_error_set(err, CORDON_E_NOTFOUND, "the log has no %ssegment",
                             before ? "earlier " : "");
}

/* Have the scan, just opened, stand behind the record at `offset`. */
static cordon_status pass(bool *ended, struct cdn_audit_scan *scan, uint64_t offset,
                          cordon_error *err)
{
    struct cdn_audit_found_record record;
    enum cdn_audit_found found = CDN_AUDIT_BROKEN;
    cordon_status status = CORDON_OK;

    if (offset >= sizeof scan->header) {
        scan->at = offset;
        scan->next_sequence = 0; /* whatever it is */
        status = cdn_audit_scan_next(&found, &record, scan, NULL, err);
    }
    if (status)
        return status;
    if (found != CDN_AUDIT_RECORD)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "%s: no record begins at offset %" PRIu64, scan->path,
                             offset);
    *ended = record.frame.kind == CORDON_AUDIT_NOTE &&
             cdn_audit_note_is(record.bytes, record.frame.length, "end", NULL, NULL);
    return CORDON_OK;
}

cordon_status cordon_audit_reader_seek(cordon_audit_reader *reader, uint64_t segment,
                                       uint64_t offset, cordon_error *err)
{
    struct cdn_audit_scan scan;
    const char *fault;
    bool ended = false;
    cordon_status status;

    if (!reader || !segment)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_audit_reader_seek: reader must be there, and "
                             "segments count from 1");
    status = cdn_audit_scan_open(&scan, reader->dir, segment, NULL, &fault, err);
    if (status)
        return status;
    if (fault)
        status = cdn_error_set(err, CORDON_E_CORRUPT, "%s: %s", scan.path, fault);
    else if (offset)
        status = pass(&ended, &scan, offset, err);
    if (status) {
        cdn_audit_scan_close(&scan);
        return status;
    }
    if (reader->number)
        cdn_audit_scan_close(&reader->scan);
    reader->scan = scan;
    reader->number = segment;
    reader->ended = ended;
    return CORDON_OK;
}
