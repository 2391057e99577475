/* The decision log: every decision on disk, in order, and provably unchanged; audit_read.h
 * reads it.
 *
 * A log is a folder of *segments*, files that are only ever appended to.  Each record has a
 * checksum, and a BLAKE2b hash over its own bytes and the hash of the record before it, so
 * that a record which was changed, removed or put elsewhere breaks the chain from there on.
 * With a key (cordon_audit_options.key_file) nobody who lacks it can mend the chain; without
 * one the chain finds accidents and clumsy hands.
 *
 * Recording is a copy into a ring of fixed size that is made at open: no lock, no allocation
 * and no system call on the evaluation path while there is room.  cordon_audit_drain(), called
 * from a timer, writes what is in the ring.  What happens when the ring is full is a policy,
 * and nothing is lost without being counted, in the statistics and in the chain itself.
 *
 * Threads: a cordon_audit is shared; every function on it is safe from any thread but
 *          cordon_audit_close(), for which no call may be under way.  One process writes to a
 *          log at a time; any number may read.
 * Caveats: whoever can write to the folder can put back an older state of all of it, or
 *          remove all of it; copy the newest hash elsewhere if that matters. */
#ifndef CORDON_AUDIT_H
#define CORDON_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit_read.h>
#include <cordon/error.h>

typedef struct cordon_audit cordon_audit;

/* When records are synced to the disk. */
typedef enum cordon_audit_sync {
    /* The default: by a drain, if the last sync is sync_interval_ms or more ago. */
    CORDON_AUDIT_SYNC_INTERVAL = 0,
    /* An evaluation returns when its record is synced.  Threads that wait share a sync. */
    CORDON_AUDIT_SYNC_ALWAYS = 1,
    /* Never asked for: the system writes them when it likes. */
    CORDON_AUDIT_SYNC_NONE = 2
} cordon_audit_sync;

/* What an evaluation does whose record finds the ring full. */
typedef enum cordon_audit_full {
    /* The default: it writes the ring to the disk itself, then goes on. */
    CORDON_AUDIT_FULL_BLOCK = 0,
    /* Its record is dropped and counted; the next drain notes in the chain how many were. */
    CORDON_AUDIT_FULL_DROP = 1
} cordon_audit_full;

/* What is taken out of each record before it is written.  `path` is a JSON pointer (RFC 6901)
 * into the record, such as "/input/params/iban"; it may lead into an array by number, and
 * "*" stands for any key or element.  The record lists what was there in `erased` or
 * `masked`.
 *
 * `calls`, what functions of the host's answered, may hold again what was taken out elsewhere:
 * where a mask met something in input, result or error, and no mask's path begins with /calls,
 * all of `calls` is erased. */
typedef struct cordon_audit_mask {
    const char *path;
    const char *with; /* the text that stands in for the value; NULL: it is erased */
} cordon_audit_mask;

/* Zero in a field means its default, given behind it. */
typedef struct cordon_audit_options {
    size_t struct_size; /* sizeof(cordon_audit_options) as the caller compiled it */
    cordon_audit_sync sync;
    cordon_audit_full on_full;
    uint32_t sync_interval_ms; /* (1000) */
    uint32_t sample;     /* how many of 10,000 decisions are recorded (10,000: all) */
    uint64_t ring_bytes; /* (4 MiB) a power of two; 64 KiB to 1 GiB */
    uint64_t segment_bytes; /* (64 MiB) a new segment is begun beyond it; >= 4 KiB */
    uint64_t segment_ms;    /* (a day) or when the segment is as old as that */
    uint64_t keep_segments; /* (all) newest segments to keep, the open one included */
    uint64_t keep_bytes;    /* (all) bytes of segments to keep, the open one excluded */
    uint64_t keep_ms;       /* (all) how long a segment is kept after its last record */
    /* A file of 16 to 4096 bytes nobody can guess, from which the chain's key is made; NULL:
     * the chain has no key.  A log keeps the key it began with. */
    const char *key_file;
    const cordon_audit_mask *masks; /* borrowed for the call */
    size_t mask_count;
} cordon_audit_options;

#define CORDON_AUDIT_OPTIONS_INIT                                                      \
    {                                                                                  \
        sizeof(cordon_audit_options), CORDON_AUDIT_SYNC_INTERVAL,                      \
            CORDON_AUDIT_FULL_BLOCK, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0             \
    }

/* Counted since cordon_audit_open(). */
typedef struct cordon_audit_stats {
    size_t struct_size; /* sizeof(cordon_audit_stats) as the caller compiled it */
    uint64_t
        recorded; /* decisions put into the ring, or past it when too large for it */
    uint64_t written; /* decisions in segments */
    uint64_t dropped; /* decisions lost: the ring was full, or could not be written */
    uint64_t sampled_out; /* decisions that `sample` left out */
    uint64_t synced;      /* syncs of a segment */
    uint64_t failures;    /* writes, syncs and changes of segments that failed */
    uint64_t ring_bytes;  /* in the ring now */
    uint64_t ring_size;
    uint64_t bytes;            /* written to segments, headers and notes included */
    uint64_t segment;          /* number of the open segment */
    uint64_t sequence;         /* of the last record written */
    uint64_t removed_segments; /* by what the options say is kept */
    uint64_t torn_bytes;       /* cut off at open, behind the last whole record */
    uint64_t damaged;          /* 1 if the newest segment was found damaged at open */
} cordon_audit_stats;

#define CORDON_AUDIT_STATS_INIT                                                        \
    {                                                                                  \
        sizeof(cordon_audit_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0           \
    }

/* What is wrong with a log, first in each segment. */
typedef struct cordon_audit_finding {
    size_t struct_size;
    uint64_t segment; /* 0: of the log as a whole */
    uint64_t offset;  /* in the segment's file, of the first record that is not right */
    uint64_t sequence; /* of the last record that is right; 0: none is known */
    const char *text;  /* one line; borrowed for the call */
} cordon_audit_finding;

/* What a check of a log went over. */
typedef struct cordon_audit_report {
    size_t struct_size; /* sizeof(cordon_audit_report) as the caller compiled it */
    uint64_t segments;
    uint64_t first_segment; /* 0: there is none */
    uint64_t last_segment;
    uint64_t records; /* that are right, notes included */
    uint64_t decisions;
    uint64_t dropped; /* as noted in the chain */
    uint64_t bytes;
    uint64_t findings;
    uint64_t
        open_bytes; /* behind the last whole record, while a writer has the log open */
    bool keyed;     /* the chain has a key */
    bool chain_checked;                          /* false: it has, and none was given */
    unsigned char hash[CORDON_AUDIT_HASH_BYTES]; /* of the last record that is right */
} cordon_audit_report;

#define CORDON_AUDIT_REPORT_INIT                                                       \
    {                                                                                  \
        sizeof(cordon_audit_report), 0, 0, 0, 0, 0, 0, 0, 0, 0, false, false,          \
        {                                                                              \
            0                                                                          \
        }                                                                              \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Open the log in the folder `dir` for writing; the folder is made if it is not there.
 * What a crash left is put right first: every synced record is kept, a torn tail is cut off
 * and noted in the chain, and a segment that is damaged in any other way is left as it is,
 * and a new one begun behind it.
 *
 * Ownership: *out is the caller's; cordon_audit_close() it.
 * Errors:    CORDON_E_INVALID  options; the log has another key, or none
 *            CORDON_E_BUSY     another process writes to it, or this one does already
 *            CORDON_E_CORRUPT  nothing in the newest segment can be read
 *            CORDON_E_FORMAT   written by a version this library cannot read
 *            CORDON_E_IO, CORDON_E_NOTFOUND (the key), CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_audit_open(cordon_audit **out, const char *dir,
                                              const cordon_audit_options *options,
                                              cordon_error *err);

/* Write and sync what is in the ring, and let go of the log.  The log is closed whatever comes
 * back.  Accepts NULL.  Errors: as cordon_audit_drain(); what could not be written is lost. */
CORDON_EXPORT cordon_status cordon_audit_close(cordon_audit *audit, cordon_error *err);

/* Write what is in the ring, sync as the policy says, begin a new segment and remove old ones
 * where that is due.  For a timer: ten times a second, say.  On failure nothing in the ring is
 * lost: the next drain tries again.
 * Errors: CORDON_E_IO (a full disk), CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_audit_drain(cordon_audit *audit, cordon_error *err);

/* The same, and sync whatever the policy says. */
CORDON_EXPORT cordon_status cordon_audit_sync_now(cordon_audit *audit,
                                                  cordon_error *err);

/* Set out->struct_size before.  Errors: CORDON_E_INVALID. */
CORDON_EXPORT cordon_status cordon_audit_get_stats(cordon_audit_stats *out,
                                                   cordon_audit *audit,
                                                   cordon_error *err);

/* Check a whole log: checksums, the order of records and segments, and, where the key is known
 * or there is none, the chain.  `report`, which may be NULL, is called for the first thing
 * wrong in each segment.  CORDON_OK also with findings: see out->findings.  May run while the
 * log is written to.
 * Errors: CORDON_E_NOTFOUND no such folder, CORDON_E_INVALID another key, CORDON_E_IO,
 *         CORDON_E_NOMEM */
CORDON_EXPORT cordon_status
cordon_audit_verify(cordon_audit_report *out, const char *dir, const char *key_file,
                    void (*report)(void *ud, const cordon_audit_finding *finding),
                    void *ud, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
