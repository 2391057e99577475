/* Reading a decision log (audit.h): from its first record on, or from any place that an entry
 * told before, also while it is written to.
 *
 * Threads: a reader belongs to one thread at a time; any number may read one log. */
#ifndef CORDON_AUDIT_READ_H
#define CORDON_AUDIT_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/value.h>

typedef struct cordon_audit_reader cordon_audit_reader;

#define CORDON_AUDIT_HASH_BYTES 32

typedef enum cordon_audit_kind {
    CORDON_AUDIT_DECISION = 1,
    /* What is no decision: a map whose "note" is "breaker" (one tripped, and on what), or,
     * of the log itself, "dropped", "retention", "recovered" or "end" (of a segment). */
    CORDON_AUDIT_NOTE = 2
} cordon_audit_kind;

/* One record, borrowed until the next call on its reader. */
typedef struct cordon_audit_entry {
    size_t struct_size; /* sizeof(cordon_audit_entry) as the caller compiled it */
    cordon_audit_kind kind;
    uint64_t sequence; /* from 1, over all segments, notes included */
    uint64_t segment;
    uint64_t offset; /* of the record in the segment's file */
    unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES];
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    const void *record; /* msgpack: a map, src/engine/README.md names its keys */
    size_t record_bytes;
    cordon_value value; /* the same */
} cordon_audit_entry;

#define CORDON_AUDIT_ENTRY_INIT                                                        \
    {                                                                                  \
        sizeof(cordon_audit_entry), (cordon_audit_kind)0, 0, 0, 0, {0}, {0}, NULL, 0,  \
        {                                                                              \
            CORDON_NIL, 0, {false}, NULL                                               \
        }                                                                              \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Read a log from its first record.  Checksums and order are checked, the chain is not.
 * Ownership: *out is the caller's; cordon_audit_reader_close() it.
 * Errors:    CORDON_E_NOTFOUND no such folder, CORDON_E_IO, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_audit_reader_open(cordon_audit_reader **out,
                                                     const char *dir,
                                                     cordon_error *err);
CORDON_EXPORT void cordon_audit_reader_close(cordon_audit_reader *reader);

/* The next record; *got false: there is none, or none yet: ask again later to follow a log
 * that is being written.  Set entry->struct_size before.
 * Errors: CORDON_E_CORRUPT with file and offset in the message; the next call goes on with
 *         the next segment.  CORDON_E_IO, CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_audit_reader_next(cordon_audit_entry *entry,
                                                     bool *got,
                                                     cordon_audit_reader *reader,
                                                     cordon_error *err);

/* The number of the newest segment below `before` (0: of all): with cordon_audit_reader_seek()
 * a log is read from its end.  Errors: CORDON_E_NOTFOUND there is none, CORDON_E_IO,
 * CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_audit_reader_segment(uint64_t *segment,
                                                        cordon_audit_reader *reader,
                                                        uint64_t before,
                                                        cordon_error *err);

/* Go on behind the record at `offset` of `segment`, as an entry told its place; offset 0: with
 * the segment's first record.  What stands there is checked as any record is.  On failure the
 * reader stays where it was.
 * Errors: CORDON_E_NOTFOUND no such segment (retention may have removed it)
 *         CORDON_E_INVALID  no record begins there
 *         CORDON_E_CORRUPT  the segment's header is damaged; CORDON_E_IO, CORDON_E_NOMEM */
CORDON_EXPORT cordon_status cordon_audit_reader_seek(cordon_audit_reader *reader,
                                                     uint64_t segment, uint64_t offset,
                                                     cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
