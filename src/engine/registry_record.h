/* The records of a registry, and how they are written.
 *
 * The file is one LMDB database without a name.  The first byte of a key is the kind of
 * record; names are at most 64 bytes and hold no NUL, numbers in keys are big-endian, so
 * that keys sort by name and number:
 *
 *     'M'                        the registry: format, sequence of the last change
 *     'O' name                   how an object stands
 *     'V' name NUL version u32   a version: hashes of its text and cases, who, when, why
 *     'T' hash                   a text (or cases), once, whichever versions have it
 *     'H' hash name NUL u32      which versions have a text; without a value
 *     'C' sequence u64           a change
 *     'N' name NUL u64           which changes an object saw; without a value
 *     'R' name NUL version u32   how often a version ran (history.h); no change of anything
 *     'U' sequence u64           what a decision log is to be told of a change, and was not yet
 *
 * A value is a payload behind its checksum (durable.h): of 'T' the text itself, of 'U' a log's
 * note, of the others one msgpack array whose fields, in order, the functions in registry_record.c write.  A
 * reader accepts exactly that: the number of fields, each one's type and bounds, and nothing
 * behind it.  A standing has one field more where a version is trusted less than others: a
 * library that knows nothing of that refuses it, and does not run it as if nothing were said. */
#ifndef CDN_ENGINE_REGISTRY_RECORD_H
#define CDN_ENGINE_REGISTRY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/standing.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/hash.h"

#define CDN_REGISTRY_FORMAT 1

/* ---- keys ---- */

enum cdn_key_kind {
    CDN_KEY_META = 'M',
    CDN_KEY_OBJECT = 'O',
    CDN_KEY_VERSION = 'V',
    CDN_KEY_TEXT = 'T',
    CDN_KEY_HASH = 'H',
    CDN_KEY_CHANGE = 'C',
    CDN_KEY_CHANGED = 'N',
    CDN_KEY_RUNS = 'R',
    CDN_KEY_UNTOLD = 'U'
};

#define CDN_KEY_BYTES                                                                  \
    (1 + CDN_CONTENT_HASH_BYTES + CORDON_RULE_MAX_NAME_BYTES + 1 + sizeof(uint64_t))

struct cdn_key {
    unsigned char bytes[CDN_KEY_BYTES];
    size_t length;
};

struct cdn_key cdn_key_meta(void);
struct cdn_key cdn_key_object(const char *name); /* "": where objects begin */
struct cdn_key cdn_key_version(const char *name, uint32_t version);
struct cdn_key cdn_key_text(const unsigned char hash[CDN_CONTENT_HASH_BYTES]);
/* name NULL: where the versions with that text begin. */
struct cdn_key cdn_key_hash(const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                            const char *name, uint32_t version);
struct cdn_key cdn_key_change(uint64_t sequence);
struct cdn_key cdn_key_changed(const char *name, uint64_t sequence);
struct cdn_key cdn_key_runs(const char *name, uint32_t version);
struct cdn_key cdn_key_untold(uint64_t sequence);

/* What a key names; false if it is none of that kind.  cdn_key_read_hash() also checks
 * that the hash is the one given. */
bool cdn_key_read_object(char name[CORDON_RULE_MAX_NAME_BYTES + 1], const void *key,
                         size_t bytes);
bool cdn_key_read_hash(char name[CORDON_RULE_MAX_NAME_BYTES + 1], uint32_t *version,
                       const unsigned char hash[CDN_CONTENT_HASH_BYTES],
                       const void *key, size_t bytes);
bool cdn_key_read_change(uint64_t *sequence, const void *key, size_t bytes);
bool cdn_key_read_changed(uint64_t *sequence, const char *name, const void *key,
                          size_t bytes);
bool cdn_key_read_untold(uint64_t *sequence, const void *key, size_t bytes);

/* True for what may be an object's name: as a rule's (rules/README.md). */
bool cdn_object_name_valid(const char *name, size_t bytes);

/* ---- values ---- */

struct cdn_version_record {
    cordon_object_kind kind;
    unsigned char source_hash[CDN_CONTENT_HASH_BYTES];
    uint64_t source_bytes;
    bool has_cases;
    unsigned char cases_hash[CDN_CONTENT_HASH_BYTES];
    uint64_t cases_bytes;
    int64_t time_ms;
    uint64_t sequence;
    char file[CORDON_REGISTRY_MAX_FILE_BYTES + 1];
    char author[CORDON_REGISTRY_MAX_AUTHOR_BYTES + 1];
    char reason[CORDON_REGISTRY_MAX_REASON_BYTES + 1];
};

/* Append a payload; the buffer's `failed` tells of memory. */
void cdn_record_put_meta(struct cdn_buf *out, uint64_t sequence);
void cdn_record_put_standing(struct cdn_buf *out, const cordon_standing *standing);
void cdn_record_put_version(struct cdn_buf *out,
                            const struct cdn_version_record *version);
void cdn_record_put_change(struct cdn_buf *out, const cordon_change_record *change);
void cdn_record_put_runs(struct cdn_buf *out, uint64_t runs);

/* Read a payload.  What its key says (the name, of a change the sequence) is the caller's to
 * fill in before or after, and struct_size is left alone.  NULL, or what is wrong with it
 * (static text).  *format: of the registry, also if it is another than ours. */
const char *cdn_record_get_meta(uint64_t *format, uint64_t *sequence, const void *bytes,
                                size_t size);
const char *cdn_record_get_standing(cordon_standing *out, const void *bytes,
                                    size_t size);
const char *cdn_record_get_version(struct cdn_version_record *out, const void *bytes,
                                   size_t size);
const char *cdn_record_get_change(cordon_change_record *out, const void *bytes,
                                  size_t size);
const char *cdn_record_get_runs(uint64_t *runs, const void *bytes, size_t size);

/* A text as it may stand in a record: one line of UTF-8 without control characters. */
bool cdn_record_line_valid(const char *text, size_t bytes);

#endif
