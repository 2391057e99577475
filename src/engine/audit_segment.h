/* A segment of the decision log: the file's format, and reading one record after another.
 *
 *     header   136 bytes, struct cdn_audit_header
 *     record   64 bytes, struct cdn_audit_frame, and then `length` bytes of msgpack
 *     record   ...
 *
 * All numbers little-endian, nothing aligned, nothing between records.
 *
 * The chain: a header's hash covers the header and so the hash of the last record before it;
 * a record's hash covers its own length, kind, sequence and bytes, and the hash before it.
 * Sequences count up by one over all segments.  The last record of a segment that is followed
 * by another is a note "end"; what is removed by retention is named in a note "retention"
 * before it goes.  So a missing segment is known to be missing wherever it was.
 *
 * A checksum (xxh3) of each record finds damage without the key, and lets a reader tell a
 * record from the rubbish around it. */
#ifndef CDN_ENGINE_AUDIT_SEGMENT_H
#define CDN_ENGINE_AUDIT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/audit.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#define CDN_AUDIT_MAGIC       "CDNAUDIT"
#define CDN_AUDIT_VERSION     1
#define CDN_AUDIT_KEYED       1u         /* a flag of the header: the chain has a key */
#define CDN_AUDIT_FRAME_MAGIC 0x43524443 /* "CDRC" */
#define CDN_AUDIT_NAME_BYTES  40
/* Of one record; what is longer is refused where it is offered. */
#define CDN_AUDIT_MAX_RECORD (UINT32_C(1) << 30)

struct cdn_audit_header {
    char magic[8];
    uint32_t version;
    uint32_t flags;
    uint64_t number;    /* of the segment, from 1 */
    uint64_t sequence;  /* of its first record */
    int64_t created_ms; /* since 1970 UTC */
    uint64_t key_check; /* equal in two logs with one key; 0 without a key */
    uint64_t reserved;  /* 0 */
    unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES];
    unsigned char hash[CORDON_AUDIT_HASH_BYTES]; /* keyed, of all before it */
    uint64_t reserved_too;                       /* 0 */
    uint64_t checksum;                           /* xxh3 of all before it */
};

struct cdn_audit_frame {
    uint32_t magic;
    uint32_t length;   /* of the bytes that follow; not 0 */
    uint32_t kind;     /* cordon_audit_kind */
    uint32_t reserved; /* 0 */
    uint64_t sequence;
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    uint64_t checksum; /* xxh3 of all before it, mixed with xxh3 of the bytes */
};

_Static_assert(sizeof(struct cdn_audit_header) == 136, "as the essay says");
_Static_assert(sizeof(struct cdn_audit_frame) == 64, "as the essay says");

/* The secret of a chain.  `keyed` false: there is none, `bytes` are zero. */
struct cdn_audit_key {
    bool keyed;
    unsigned char bytes[CDN_HASH_KEY_BYTES];
    uint64_t check;
};

/* From a file of 16 to 4096 bytes; path NULL: no key.
 * Errors: CORDON_E_INVALID, CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_audit_key_read(struct cdn_audit_key *out, const char *path,
                                 cordon_error *err);

/* "0000000017.audit" */
void cdn_audit_segment_name(char out[CDN_AUDIT_NAME_BYTES], uint64_t number);
/* Its number; 0: not the name of a segment. */
uint64_t cdn_audit_segment_number(const char *name);

/* The numbers of the segments in a folder, ascending. */
struct cdn_audit_numbers {
    uint64_t *items;
    size_t count;
};
/* Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_audit_segments_list(struct cdn_audit_numbers *out, const char *dir,
                                      cordon_error *err);
void cdn_audit_numbers_deinit(struct cdn_audit_numbers *numbers);

/* Complete a header whose other fields are set: key_check, flags, hash, checksum. */
void cdn_audit_header_seal(struct cdn_audit_header *header,
                           const struct cdn_audit_key *key);
/* NULL, or what is wrong with it (static text).  `key` NULL: the hash is not looked at. */
const char *cdn_audit_header_check(const struct cdn_audit_header *header,
                                   const struct cdn_audit_key *key);

/* The frame of a record that follows `prev_hash`. */
void cdn_audit_frame_seal(struct cdn_audit_frame *out, cordon_audit_kind kind,
                          uint64_t sequence, const void *bytes, size_t length,
                          const unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES],
                          const struct cdn_audit_key *key);

/* ---- reading ---- */

/* One segment's file, read from front to back through a window. */
struct cdn_audit_scan {
    int fd;
    uint64_t size; /* of the file, when last looked at */
    uint64_t at;   /* where the next record begins */
    struct cdn_buf window;
    uint64_t window_at;
    struct cdn_audit_header header;
    bool header_ok;
    uint64_t next_sequence;
    unsigned char hash[CORDON_AUDIT_HASH_BYTES]; /* of the last record, or the header */
    char path[4096];
};

enum cdn_audit_found {
    CDN_AUDIT_RECORD, /* a whole record */
    CDN_AUDIT_END,    /* the file ends here */
    CDN_AUDIT_SHORT,  /* the file ends within a record: torn, or still being written */
    CDN_AUDIT_BROKEN  /* something else stands here */
};

struct cdn_audit_found_record {
    struct cdn_audit_frame frame;
    uint64_t offset;
    unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES];
    const unsigned char *bytes; /* in the window, until the next call */
    const char *fault;          /* BROKEN: what is wrong; static text */
};

/* Open a segment and read its header; a header that is not right leaves header_ok false and
 * the reason in *fault (static text), and records can still be looked for.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_audit_scan_open(struct cdn_audit_scan *scan, const char *dir,
                                  uint64_t number, const struct cdn_audit_key *key,
                                  const char **fault, cordon_error *err);
/* Also of one that was never opened, if it is zero and fd is -1. */
void cdn_audit_scan_close(struct cdn_audit_scan *scan);
/* The next record, checked: checksum, sequence, shape, and with `key` its hash.  After SHORT
 * and BROKEN the scan stands where it stood.
 * Errors: CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_audit_scan_next(enum cdn_audit_found *found,
                                  struct cdn_audit_found_record *out,
                                  struct cdn_audit_scan *scan,
                                  const struct cdn_audit_key *key, cordon_error *err);
/* Is there a whole record anywhere behind `from`?  It goes to *out (its hash is not checked).
 * Errors: as above. */
cordon_status cdn_audit_scan_resync(bool *found, struct cdn_audit_found_record *out,
                                    struct cdn_audit_scan *scan, uint64_t from,
                                    cordon_error *err);

#endif
