/* The writer of the decision log.
 *
 * Writes are by position, so that a flush after one that failed half way covers its remains.
 * A segment is begun by renaming a whole file into place, and ended by its last record; between
 * the two there may be a moment, or a full disk, without an open segment. */
#include "engine/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/pack.h"
#include "engine/audit_record.h"

#define LOCK ".lock"

void cdn_audit_log_step(struct cdn_audit_log *log)
{
    if (log->step)
        log->step(log->ud);
}

/* ---- notes ---- */

size_t cdn_audit_note(unsigned char out[CDN_AUDIT_NOTE_BYTES], const char *word,
                      int64_t now_ms, const char *name, uint64_t value,
                      const char *name_too, uint64_t value_too)
{
    struct cdn_packer packer;

    cdn_pack_init(&packer, out, CDN_AUDIT_NOTE_BYTES);
    cdn_pack_map(&packer, 2U + (name != NULL) + (name_too != NULL));
    cdn_pack_cstr(&packer, "note");
    cdn_pack_cstr(&packer, word);
    cdn_pack_cstr(&packer, "timestamp");
    cdn_pack_int(&packer, now_ms);
    if (name) {
        cdn_pack_cstr(&packer, name);
        cdn_pack_int(&packer, (int64_t)value);
    }
    if (name_too) {
        cdn_pack_cstr(&packer, name_too);
        cdn_pack_int(&packer, (int64_t)value_too);
    }
    return packer.length;
}

bool cdn_audit_note_is(const void *bytes, size_t length, const char *word,
                       const char *name, uint64_t *value)
{
    const unsigned char *at = bytes;
    cordon_value note, field;

    if (!cdn_unpack_head(&note, &at, at + length) || note.type != CORDON_MAP ||
        !cordon_value_get(&field, &note, "note") || field.type != CORDON_STRING ||
        field.length != strlen(word) ||
        memcmp(field.as.string, word, field.length) != 0)
        return false;
    if (!name)
        return true;
    if (!cordon_value_get(&field, &note, name) || field.type != CORDON_INTEGER ||
        field.as.integer < 0)
        return false;
    *value = (uint64_t)field.as.integer;
    return true;
}

/* ---- the lock ---- */

static int open_lock(const char *dir, bool make)
{
    char path[PATH_MAX];
    int fd;

    if (cdn_path_join(path, sizeof path, dir, LOCK, NULL))
        return -1;
    do {
        fd = open(path, (make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW,
                  0600);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

bool cdn_audit_log_is_open(const char *dir)
{
    int fd = open_lock(dir, false);
    bool open_elsewhere;

    if (fd < 0)
        return false;
    open_elsewhere = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return open_elsewhere;
}

static cordon_status take_lock(struct cdn_audit_log *log, cordon_error *err)
{
    cdn_audit_log_step(log);
    if (mkdir(log->dir, 0700) && errno != EEXIST)
        return cdn_error_errno(err, errno, "cannot make the decision log %s", log->dir);
    cdn_audit_log_step(log);
    log->lock = open_lock(log->dir, true);
    if (log->lock < 0)
        return cdn_error_errno(err, errno,
                               "cannot open the lock of the decision log %s", log->dir);
    if (!flock(log->lock, LOCK_EX | LOCK_NB))
        return CORDON_OK;
    if (errno == EWOULDBLOCK)
        return cdn_error_set(err, CORDON_E_BUSY,
                             "the decision log %s is being written to already; one "
                             "writer at a time, or another folder",
                             log->dir);
    return cdn_error_errno(err, errno, "cannot lock the decision log %s", log->dir);
}

/* ---- a segment's file ---- */

cordon_status cdn_audit_log_path(struct cdn_audit_log *log, uint64_t number,
                                 cordon_error *err)
{
    char name[CDN_AUDIT_NAME_BYTES];

    cdn_audit_segment_name(name, number);
    return cdn_path_join(log->path, sizeof log->path, log->dir, name, err);
}

cordon_status cdn_audit_log_attach(struct cdn_audit_log *log, cordon_error *err)
{
    do {
        log->fd = open(log->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    } while (log->fd < 0 && errno == EINTR);
    if (log->fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", log->path);
    if (!fchmod(log->fd, 0600))
        return CORDON_OK;
    (void)cdn_error_errno(err, errno, "cannot keep %s from other users", log->path);
    close(log->fd);
    log->fd = -1;
    return CORDON_E_IO;
}

/* Begin the segment behind the last. */
cordon_status cdn_audit_log_begin(struct cdn_audit_log *log, int64_t now_ms,
                                  cordon_error *err)
{
    struct cdn_audit_header header = {
        .number = log->number + 1, .sequence = log->sequence + 1, .created_ms = now_ms};
    cordon_status status = cdn_audit_log_path(log, header.number, err);

    if (status)
        return status;
    memcpy(header.prev_hash, log->hash, sizeof header.prev_hash);
    cdn_audit_header_seal(&header, &log->key);
    cdn_audit_log_step(log);
    status = cdn_file_replace(log->path, &header, sizeof header, err);
    cdn_audit_log_step(log);
    if (!status)
        status = cdn_audit_log_attach(log, err);
    if (status)
        return status;
    log->number = header.number;
    log->created_ms = now_ms;
    log->offset = sizeof header;
    log->records = 0;
    log->unsynced = log->doubtful = false;
    log->synced_to = log->offset;
    log->collected = log->ended = false;
    log->bytes += sizeof header;
    memcpy(log->hash, header.hash, sizeof log->hash);
    cdn_audit_log_forget(log);
    return CORDON_OK;
}

/* ---- adding ---- */

void cdn_audit_log_forget(struct cdn_audit_log *log)
{
    cdn_buf_clear(&log->pending);
    log->pending_records = 0;
    log->pending_sequence = log->sequence;
    memcpy(log->pending_hash, log->hash, sizeof log->pending_hash);
}

bool cdn_audit_log_add(struct cdn_audit_log *log, cordon_audit_kind kind,
                       const void *bytes, size_t length)
{
    struct cdn_audit_frame frame;

    if (!cdn_buf_reserve(&log->pending, sizeof frame + length)) {
        log->pending.failed = false;
        return false;
    }
    cdn_audit_frame_seal(&frame, kind, log->pending_sequence + 1, bytes, length,
                         log->pending_hash, &log->key);
    cdn_buf_append(&log->pending, &frame, sizeof frame);
    cdn_buf_append(&log->pending, bytes, length);
    log->pending_sequence++;
    log->pending_records++;
    memcpy(log->pending_hash, frame.hash, sizeof log->pending_hash);
    return true;
}

cordon_status cdn_audit_log_flush(struct cdn_audit_log *log, cordon_error *err)
{
    size_t done = 0;

    if (log->pending.length)
        cdn_audit_log_step(log);
    while (done < log->pending.length) {
        ssize_t put = pwrite(log->fd, log->pending.data + done,
                             log->pending.length - done, (off_t)(log->offset + done));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            int reason = errno;

            /* what is not whole is not to be found by whoever reads; if it cannot be taken
             * away either, the next flush writes over it */
            if (done && ftruncate(log->fd, (off_t)log->offset))
                reason = errno;
            cdn_audit_log_forget(log);
            return cdn_error_errno(err, reason, "cannot write %s", log->path);
        }
        done += (size_t)put;
    }
    if (done)
        log->unsynced = true;
    log->offset += done;
    log->bytes += done;
    log->records += log->pending_records;
    log->sequence = log->pending_sequence;
    memcpy(log->hash, log->pending_hash, sizeof log->hash);
    cdn_audit_log_forget(log);
    return CORDON_OK;
}

/* Is what the system has of the segment what was written?  Read back to its last record. */
static bool is_whole(struct cdn_audit_log *log)
{
    struct cdn_audit_scan scan = {.fd = -1};
    enum cdn_audit_found found = CDN_AUDIT_RECORD;
    struct cdn_audit_found_record record;
    const char *fault = NULL;
    cordon_status status =
        cdn_audit_scan_open(&scan, log->dir, log->number, &log->key, &fault, NULL);

    while (!status && !fault && scan.at < log->offset && found == CDN_AUDIT_RECORD)
        status = cdn_audit_scan_next(&found, &record, &scan, &log->key, NULL);
    status = status || fault || found != CDN_AUDIT_RECORD ||
             memcmp(scan.hash, log->hash, sizeof log->hash) != 0;
    cdn_audit_scan_close(&scan);
    return !status;
}

/* Hand the system once more what it said it could not write. */
static cordon_status write_again(struct cdn_audit_log *log, cordon_error *err)
{
    unsigned char chunk[16384];

    for (uint64_t at = log->synced_to; at < log->offset;) {
        size_t want =
            log->offset - at < sizeof chunk ? (size_t)(log->offset - at) : sizeof chunk;
        ssize_t got = pread(log->fd, chunk, want, (off_t)at);

        if (got > 0)
            got = pwrite(log->fd, chunk, (size_t)got, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cdn_error_errno(err, errno, "cannot write %s again", log->path);
        if (!got)
            break; /* is_whole() tells */
        at += (uint64_t)got;
    }
    if (is_whole(log))
        return CORDON_OK;
    close(log->fd);
    log->fd = -1;
    log->unsynced = log->doubtful = false;
    return cdn_error_set(err, CORDON_E_IO,
                         "%s: the system could not write, and has dropped, what came "
                         "behind byte %" PRIu64,
                         log->path, log->synced_to);
}

cordon_status cdn_audit_log_sync(struct cdn_audit_log *log, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (!log->unsynced || log->fd < 0)
        return CORDON_OK;
    cdn_audit_log_step(log);
    if (log->doubtful)
        status = write_again(log, err);
    if (status)
        return status;
    if (fdatasync(log->fd)) {
        log->doubtful = true;
        return cdn_error_errno(err, errno, "cannot sync %s", log->path);
    }
    log->unsynced = log->doubtful = false;
    log->synced_to = log->offset;
    log->synced_ns = cdn_clock_ns();
    log->syncs++;
    return CORDON_OK;
}

cordon_status cdn_audit_log_note(struct cdn_audit_log *log, const unsigned char *note,
                                 size_t length, cordon_error *err)
{
    cordon_status status;

    if (!cdn_audit_log_add(log, CORDON_AUDIT_NOTE, note, length))
        return cdn_error_nomem(err);
    status = cdn_audit_log_flush(log, err);
    return status ? status : cdn_audit_log_sync(log, err);
}

/* ---- retention ---- */

/* When the segment's last record was written: when the one behind it was begun. */
static bool is_old(const struct cdn_audit_log *log, uint64_t next, int64_t now_ms)
{
    struct cdn_audit_scan scan;
    const char *fault;
    bool old;

    if (next == log->number)
        return now_ms - log->created_ms > (int64_t)log->options.keep_ms;
    if (cdn_audit_scan_open(&scan, log->dir, next, NULL, &fault, NULL))
        return false;
    old = scan.header_ok &&
          now_ms - scan.header.created_ms > (int64_t)log->options.keep_ms;
    cdn_audit_scan_close(&scan);
    return old;
}

static uint64_t size_of(const struct cdn_audit_log *log, uint64_t number)
{
    char name[CDN_AUDIT_NAME_BYTES], path[PATH_MAX];
    struct stat info;

    cdn_audit_segment_name(name, number);
    if (cdn_path_join(path, sizeof path, log->dir, name, NULL) || stat(path, &info))
        return 0;
    return (uint64_t)info.st_size;
}

/* How many of the oldest segments need not be kept. */
static size_t superfluous(const struct cdn_audit_log *log,
                          const struct cdn_audit_numbers *numbers, int64_t now_ms)
{
    const struct cdn_audit_log_options *options = &log->options;
    size_t closed = numbers->count - 1; /* the last is the open one */
    size_t remove = 0;
    uint64_t bytes = 0;

    if (options->keep_segments && numbers->count > options->keep_segments)
        remove = numbers->count - (size_t)options->keep_segments;
    for (size_t i = closed; options->keep_bytes && i-- > remove;) {
        bytes += size_of(log, numbers->items[i]);
        if (bytes > options->keep_bytes)
            remove = i + 1;
    }
    while (options->keep_ms && remove < closed &&
           is_old(log, numbers->items[remove + 1], now_ms))
        remove++;
    return remove;
}

static cordon_status collect(struct cdn_audit_log *log, int64_t now_ms,
                             cordon_error *err)
{
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    struct cdn_audit_numbers numbers;
    cordon_status status = cdn_audit_segments_list(&numbers, log->dir, err);
    size_t remove;

    if (status)
        return status;
    remove = numbers.count ? superfluous(log, &numbers, now_ms) : 0;
    if (remove) {
        size_t length = cdn_audit_note(note, "retention", now_ms, "through",
                                       numbers.items[remove - 1], "segments", remove);

        status = cdn_audit_log_note(log, note, length, err);
    }
    for (size_t i = 0; i < remove && !status; i++) {
        char name[CDN_AUDIT_NAME_BYTES], path[PATH_MAX];

        cdn_audit_segment_name(name, numbers.items[i]);
        status = cdn_path_join(path, sizeof path, log->dir, name, err);
        cdn_audit_log_step(log);
        if (!status)
            status = cdn_file_remove(path, err);
        log->removed += !status;
    }
    cdn_audit_numbers_deinit(&numbers);
    log->collected = !status;
    return status;
}

/* ---- turning over ---- */

bool cdn_audit_log_full(const struct cdn_audit_log *log)
{
    return log->offset + log->pending.length >= log->options.segment_bytes &&
           log->records + log->pending_records;
}

static cordon_status end_segment(struct cdn_audit_log *log, int64_t now_ms,
                                 cordon_error *err)
{
    unsigned char note[CDN_AUDIT_NOTE_BYTES];
    size_t length =
        cdn_audit_note(note, "end", now_ms, "next", log->number + 1, NULL, 0);
    cordon_status status = CORDON_OK;

    if (!log->ended) {
        if (!cdn_audit_log_add(log, CORDON_AUDIT_NOTE, note, length))
            return cdn_error_nomem(err);
        status = cdn_audit_log_flush(log, err);
        log->ended = !status;
    }
    if (!status)
        status = cdn_audit_log_sync(log, err);
    if (status)
        return status;
    close(log->fd);
    log->fd = -1;
    return CORDON_OK;
}

cordon_status cdn_audit_log_turn(struct cdn_audit_log *log, int64_t now_ms,
                                 cordon_error *err)
{
    bool old =
        log->records && now_ms - log->created_ms >= (int64_t)log->options.segment_ms;
    cordon_status status = CORDON_OK;

    if (log->fd >= 0 && (old || cdn_audit_log_full(log)))
        status = end_segment(log, now_ms, err);
    if (!status && log->fd < 0)
        status = cdn_audit_log_begin(log, now_ms, err);
    if (!status && !log->collected)
        status = collect(log, now_ms, err);
    return status;
}

/* ---- opening ---- */

cordon_status cdn_audit_log_open(struct cdn_audit_log *log, const char *dir,
                                 const struct cdn_audit_log_options *options,
                                 const struct cdn_audit_key *key, cordon_error *err)
{
    int64_t now_ms = cdn_clock_wall_ms();
    void (*step_of)(void *) = log->step;
    void *ud = log->ud;
    cordon_status status;

    *log = (struct cdn_audit_log){.options = *options,
                                  .key = *key,
                                  .lock = -1,
                                  .fd = -1,
                                  .step = step_of,
                                  .ud = ud};
    if (strlen(dir) + CDN_AUDIT_NAME_BYTES + 32 > sizeof log->dir)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the name of the decision log's folder is too long");
    memcpy(log->dir, dir, strlen(dir) + 1);
    status = take_lock(log, err);
    if (!status)
        status = cdn_audit_log_recover(log, now_ms, err);
    if (!status)
        status = cdn_audit_log_turn(log, now_ms, err);
    log->synced_ns = cdn_clock_ns();
    if (status)
        cdn_audit_log_close(log);
    return status;
}

void cdn_audit_log_close(struct cdn_audit_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    if (log->lock >= 0)
        close(log->lock);
    log->fd = log->lock = -1;
    cdn_buf_deinit(&log->pending);
    cdn_wipe(&log->key, sizeof log->key);
}
