/* Writing the decision log: one folder, one writer, one open segment.
 *
 * Records are *added* to what is pending, then *flushed* with one write, and become part of
 * the log when that succeeds; if it fails the log is as it was, and the bytes that may have
 * reached the file are written over by the next flush.  All under the caller's lock.
 *
 * A segment is begun by a file that appears whole, and ended by a note that names the next.
 * Whatever moment a process dies at, opening the log again finds each synced record. */
#ifndef CDN_ENGINE_AUDIT_LOG_H
#define CDN_ENGINE_AUDIT_LOG_H

#include <limits.h>

#include "engine/audit_segment.h"

struct cdn_audit_log_options {
    uint64_t segment_bytes;
    uint64_t segment_ms;
    uint64_t keep_segments; /* 0: all, as below */
    uint64_t keep_bytes;
    uint64_t keep_ms;
};

struct cdn_audit_log {
    char dir[PATH_MAX];
    char path[PATH_MAX]; /* of the open segment */
    struct cdn_audit_log_options options;
    struct cdn_audit_key key;
    int lock;
    int fd; /* -1: the last segment has ended, and no new one could be begun yet */
    uint64_t number; /* of the open segment, or the last that was */
    int64_t created_ms;
    uint64_t offset;                             /* behind its last record */
    uint64_t records;                            /* in it */
    uint64_t sequence;                           /* of the last record */
    unsigned char hash[CORDON_AUDIT_HASH_BYTES]; /* of it */
    bool unsynced;
    bool doubtful;      /* a sync failed: what is unsynced counts as not written */
    uint64_t synced_to; /* offset up to which the segment is on the disk */
    bool ended;         /* its last record is written; what is left is to sync it */
    bool collected;     /* retention was looked at since the segment was begun */
    uint64_t synced_ns;
    /* what was added and not flushed: */
    struct cdn_buf pending;
    uint64_t pending_records;
    uint64_t pending_sequence;
    unsigned char pending_hash[CORDON_AUDIT_HASH_BYTES];
    /* since it was opened: */
    uint64_t bytes, syncs, removed, torn_bytes;
    bool damaged;
    /* Called before whatever changes the disk; for tests that die there.  May be NULL. */
    void (*step)(void *ud);
    void *ud;
};

/* Lock the folder (made if it is not there), put right what a crash left, begin a segment if
 * there is none open.  `log->step` and `ud` are kept; everything else is set.  Takes `key` in.
 * Errors: as cordon_audit_open(). */
cordon_status cdn_audit_log_open(struct cdn_audit_log *log, const char *dir,
                                 const struct cdn_audit_log_options *options,
                                 const struct cdn_audit_key *key, cordon_error *err);
/* Let go of it; nothing is written.  Also of one that could not be opened. */
void cdn_audit_log_close(struct cdn_audit_log *log);

/* False: out of memory, and nothing was added. */
bool cdn_audit_log_add(struct cdn_audit_log *log, cordon_audit_kind kind,
                       const void *bytes, size_t length);
/* Write what is pending.  Errors: CORDON_E_IO, and then nothing of it was added. */
cordon_status cdn_audit_log_flush(struct cdn_audit_log *log, cordon_error *err);
/* Forget what is pending. */
void cdn_audit_log_forget(struct cdn_audit_log *log);
/* Errors: CORDON_E_IO: what was written since the last sync may not be on the disk.  The next
 * call writes it once more, since a system that could not write a page may have dropped it
 * and have nothing left to sync; if it is found to be gone then, the segment is closed as it
 * is, the next one begins, and cordon_audit_verify() finds the gap. */
cordon_status cdn_audit_log_sync(struct cdn_audit_log *log, cordon_error *err);

/* Is the segment, with what is pending, as large as one may get? */
bool cdn_audit_log_full(const struct cdn_audit_log *log);
/* Begin a new segment if the open one is too large or too old, and remove those that need
 * not be kept.  Nothing may be pending.  Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_audit_log_turn(struct cdn_audit_log *log, int64_t now_ms,
                                 cordon_error *err);

/* A note as bytes: its word, the time, and up to two numbers by name (NULL: none). */
#define CDN_AUDIT_NOTE_BYTES 160
size_t cdn_audit_note(unsigned char out[CDN_AUDIT_NOTE_BYTES], const char *word,
                      int64_t now_ms, const char *name, uint64_t value,
                      const char *name_too, uint64_t value_too);
/* Is it that note?  *value: the number called `name` in it, if that is not NULL. */
bool cdn_audit_note_is(const void *bytes, size_t length, const char *word,
                       const char *name, uint64_t *value);

/* Has another process, or this one, the log open for writing? */
bool cdn_audit_log_is_open(const char *dir);

/* ---- between audit_log.c and audit_recover.c ---- */

/* Find the newest segment and go on in it, or behind it; log->lock is held. */
cordon_status cdn_audit_log_recover(struct cdn_audit_log *log, int64_t now_ms,
                                    cordon_error *err);
/* Begin the segment behind the last. */
cordon_status cdn_audit_log_begin(struct cdn_audit_log *log, int64_t now_ms,
                                  cordon_error *err);
/* Set log->path to a segment's. */
cordon_status cdn_audit_log_path(struct cdn_audit_log *log, uint64_t number,
                                 cordon_error *err);
/* Open log->path for writing, as the open segment. */
cordon_status cdn_audit_log_attach(struct cdn_audit_log *log, cordon_error *err);
/* Add a note, flush and sync. */
cordon_status cdn_audit_log_note(struct cdn_audit_log *log, const unsigned char *note,
                                 size_t length, cordon_error *err);
void cdn_audit_log_step(struct cdn_audit_log *log);

#endif
