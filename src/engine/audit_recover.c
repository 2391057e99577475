/* What a crash left, put right when the log is opened again.
 *
 * Two things look alike.  A *torn tail* is what a crash leaves: behind some byte of the newest
 * segment nothing is whole any more.  It was never synced, and is cut off and noted.  *Damage*
 * has whole records behind it: cutting there would destroy them.  Such a segment is left
 * exactly as it is, for `cordon audit verify` to point at, and the chain goes on in a new
 * segment from the last whole record. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "engine/audit_log.h"

#define TEMP ".audit.tmp-"

/* Files that a begin which was killed left. */
static void remove_temporary(struct cdn_audit_log *log)
{
    DIR *folder = opendir(log->dir);
    const struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        if (strstr(entry->d_name, TEMP)) {
            cdn_audit_log_step(log);
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
        }
    }
    if (folder)
        closedir(folder);
}

struct newest {
    struct cdn_audit_scan scan;
    const char *fault;  /* of the header */
    bool ended;         /* its last record says so */
    uint64_t records;   /* whole ones, in order */
    uint64_t torn;      /* bytes behind them */
    bool damaged;       /* and there are whole ones again */
    uint64_t broken_at; /* where they end */
};

/* All whole records behind the break: the last one is where the chain goes on. */
static cordon_status look_behind(struct newest *newest, cordon_error *err)
{
    struct cdn_audit_scan *scan = &newest->scan;
    struct cdn_audit_found_record record;
    uint64_t from = newest->broken_at;
    cordon_status status;
    bool found;

    for (;;) {
        status = cdn_audit_scan_resync(&found, &record, scan, from, err);
        if (status || !found)
            return status;
        newest->damaged = true;
        if (record.frame.sequence >= scan->next_sequence) {
            scan->next_sequence = record.frame.sequence + 1;
            memcpy(scan->hash, record.frame.hash, sizeof scan->hash);
        }
        from = record.offset + sizeof record.frame + record.frame.length;
    }
}

static cordon_status read_newest(struct newest *newest, const struct cdn_audit_log *log,
                                 cordon_error *err)
{
    struct cdn_audit_scan *scan = &newest->scan;
    enum cdn_audit_found found = CDN_AUDIT_RECORD;
    struct cdn_audit_found_record record;
    cordon_status status = CORDON_OK;

    while (scan->header_ok && !status && found == CDN_AUDIT_RECORD) {
        status = cdn_audit_scan_next(&found, &record, scan, &log->key, err);
        if (status || found != CDN_AUDIT_RECORD)
            break;
        newest->records++;
        newest->ended =
            record.frame.kind == CORDON_AUDIT_NOTE &&
            cdn_audit_note_is(record.bytes, record.frame.length, "end", NULL, NULL);
    }
    newest->broken_at = scan->at;
    if (status || (scan->header_ok && found == CDN_AUDIT_END))
        return status;
    newest->torn = scan->size - scan->at;
    return look_behind(newest, err);
}

static cordon_status refuse_header(const struct newest *newest,
                                   const struct cdn_audit_log *log, cordon_error *err)
{
    const struct cdn_audit_header *header = &newest->scan.header;
    bool keyed = header->flags & CDN_AUDIT_KEYED;

    /* what is only another's is told from what is damaged by its checksum */
    if (memcmp(header->magic, CDN_AUDIT_MAGIC, sizeof header->magic) != 0 ||
        header->checksum !=
            cdn_hash_xxh3(header, offsetof(struct cdn_audit_header, checksum)))
        return CORDON_OK;
    if (header->version != CDN_AUDIT_VERSION)
        return cdn_error_set(err, CORDON_E_FORMAT,
                             "%s was written in version %" PRIu32
                             " of the format, where this program knows %d",
                             newest->scan.path, header->version, CDN_AUDIT_VERSION);
    if (keyed != log->key.keyed || header->key_check != log->key.check)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the decision log %s was begun with %s; %s", log->dir,
                             !keyed           ? "no key"
                             : log->key.keyed ? "another key"
                                              : "a key",
                             keyed ? "give the file of that key, or another folder"
                                   : "give none, or another folder");
    return CORDON_OK;
}

static cordon_status cut(struct cdn_audit_log *log, const struct newest *newest,
                         cordon_error *err)
{
    cdn_audit_log_step(log);
    if (ftruncate(log->fd, (off_t)newest->broken_at))
        return cdn_error_errno(err, errno, "cannot cut the torn end off %s", log->path);
    cdn_audit_log_step(log);
    if (fsync(log->fd))
        return cdn_error_errno(err, errno, "cannot sync %s", log->path);
    log->torn_bytes = newest->torn;
    return CORDON_OK;
}

/* Go on in the newest segment, or behind it. */
static cordon_status go_on(struct cdn_audit_log *log, const struct newest *newest,
                           int64_t now_ms, cordon_error *err)
{
    const struct cdn_audit_scan *scan = &newest->scan;
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    cordon_status status = CORDON_OK;
    size_t length;

    if (!scan->header_ok && !newest->damaged)
        return cdn_error_set(err, CORDON_E_CORRUPT,
                             "%s: %s, and no record in it is whole; move it away to "
                             "begin a new chain",
                             scan->path, newest->fault);
    log->sequence = scan->next_sequence - 1;
    memcpy(log->hash, scan->hash, sizeof log->hash);
    log->damaged = newest->damaged;
    if (newest->damaged || newest->ended) {
        status = cdn_audit_log_begin(log, now_ms, err);
    } else {
        log->created_ms = scan->header.created_ms;
        log->offset = newest->broken_at;
        log->synced_to = sizeof(struct cdn_audit_header);
        log->unsynced = true; /* whoever wrote it may have died before syncing */
        log->records = newest->records;
        status = cdn_audit_log_attach(log, err);
        if (!status && newest->torn)
            status = cut(log, newest, err);
        cdn_audit_log_forget(log);
    }
    if (status || (!newest->torn && !newest->damaged))
        return status;
    length = cdn_audit_note(note, "recovered", now_ms, "segment",
                            scan->header_ok ? scan->header.number : log->number - 1,
                            newest->damaged ? "damaged_at" : "torn_bytes",
                            newest->damaged ? newest->broken_at : newest->torn);
    return cdn_audit_log_note(log, note, length, err);
}

cordon_status cdn_audit_log_recover(struct cdn_audit_log *log, int64_t now_ms,
                                    cordon_error *err)
{
    struct cdn_audit_numbers numbers;
    struct newest newest = {0};
    cordon_status status;

    remove_temporary(log);
    status = cdn_audit_segments_list(&numbers, log->dir, err);
    if (status)
        return status;
    log->number = numbers.count ? numbers.items[numbers.count - 1] : 0;
    cdn_audit_numbers_deinit(&numbers);
    if (!log->number)
        return cdn_audit_log_begin(log, now_ms, err);
    status = cdn_audit_log_path(log, log->number, err);
    if (!status)
        status = cdn_audit_scan_open(&newest.scan, log->dir, log->number, &log->key,
                                     &newest.fault, err);
    if (status)
        return status;
    if (newest.fault)
        status = refuse_header(&newest, log, err);
    if (!status)
        status = read_newest(&newest, log, err);
    if (!status)
        status = go_on(log, &newest, now_ms, err);
    cdn_audit_scan_close(&newest.scan);
    return status;
}
