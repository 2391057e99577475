/* Segments: names, the chain's hashes, and a reader that believes nothing.
 *
 * A length is believed only once the checksum over it and what it spans is right.  A length
 * that leads past the end of the file is what a torn write leaves, and also what a flipped bit
 * in a length can look like: whoever reads decides between them by looking for whole records
 * behind it (cdn_audit_scan_resync). */
#include "engine/audit_segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/pack.h"

#define ENDING "audit"
enum { DIGITS = 10, MOST_DIGITS = 18, WINDOW = 256 * 1024, RESYNC_TIMES = 64 };

/* ---- the key ---- */

enum { KEY_LEAST = 16, KEY_MOST = 4096 };

static const char key_domain[] = "cordon audit key";
static const char check_domain[] = "cordon audit key check";

cordon_status cdn_audit_key_read(struct cdn_audit_key *out, const char *path,
                                 cordon_error *err)
{
    struct cdn_buf secret = {0};
    struct cdn_hash_chain chain;
    unsigned char check[CDN_CONTENT_HASH_BYTES];
    cordon_status status;

    *out = (struct cdn_audit_key){0};
    if (!path)
        return CORDON_OK;
    status = cdn_file_read(&secret, path, KEY_MOST, err);
    if (status)
        goto out;
    if (secret.length < KEY_LEAST) {
        status =
            cdn_error_set(err, CORDON_E_INVALID,
                          "the key in %s has %zu bytes; %d to %d bytes that nobody "
                          "can guess are needed, such as 'head -c 32 /dev/urandom' "
                          "gives",
                          path, secret.length, KEY_LEAST, KEY_MOST);
        goto out;
    }
    cdn_hash_chain_init(&chain, NULL);
    cdn_hash_chain_add(&chain, key_domain, sizeof key_domain);
    cdn_hash_chain_add(&chain, secret.data, secret.length);
    cdn_hash_chain_get(&chain, out->bytes);
    cdn_hash_chain_init(&chain, out->bytes);
    cdn_hash_chain_add(&chain, check_domain, sizeof check_domain);
    cdn_hash_chain_get(&chain, check);
    memcpy(&out->check, check, sizeof out->check);
    out->keyed = true;
out:
    if (secret.data)
        cdn_wipe(secret.data, secret.capacity);
    cdn_buf_deinit(&secret);
    return status;
}

static const unsigned char *key_of(const struct cdn_audit_key *key)
{
    return key->keyed ? key->bytes : NULL;
}

/* ---- names ---- */

void cdn_audit_segment_name(char out[CDN_AUDIT_NAME_BYTES], uint64_t number)
{
    (void)snprintf(out, CDN_AUDIT_NAME_BYTES, "%0*" PRIu64 "." ENDING, DIGITS, number);
}

uint64_t cdn_audit_segment_number(const char *name)
{
    char expected[CDN_AUDIT_NAME_BYTES];
    uint64_t number = 0;

    for (int i = 0; name[i] >= '0' && name[i] <= '9' && i < MOST_DIGITS; i++)
        number = number * 10 + (uint64_t)(name[i] - '0');
    cdn_audit_segment_name(expected, number);
    return strcmp(name, expected) ? 0 : number;
}

static int ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

cordon_status cdn_audit_segments_list(struct cdn_audit_numbers *out, const char *dir,
                                      cordon_error *err)
{
    DIR *folder = opendir(dir);
    cordon_status status = CORDON_OK;
    const struct dirent *entry;
    size_t room = 0;

    *out = (struct cdn_audit_numbers){0};
    if (!folder)
        return cdn_error_errno(err, errno, "cannot open the decision log %s", dir);
    for (;;) {
        uint64_t number;

        errno = 0;
        entry = readdir(folder);
        if (!entry) {
            if (errno)
                status = cdn_error_errno(err, errno, "cannot read the folder %s", dir);
            break;
        }
        number = cdn_audit_segment_number(entry->d_name);
        if (!number)
            continue;
        if (out->count == room) {
            uint64_t *grown;

            room = room ? 2 * room : 64;
            grown = cdn_realloc_array(out->items, room, sizeof *grown);
            if (!grown) {
                status = cdn_error_nomem(err);
                break;
            }
            out->items = grown;
        }
        out->items[out->count++] = number;
    }
    closedir(folder);
    if (status)
        cdn_audit_numbers_deinit(out);
    else if (out->count)
        qsort(out->items, out->count, sizeof *out->items, ascending);
    return status;
}

void cdn_audit_numbers_deinit(struct cdn_audit_numbers *numbers)
{
    cdn_free(numbers->items);
    *numbers = (struct cdn_audit_numbers){0};
}

/* ---- hashes ---- */

static void header_hash(unsigned char out[CORDON_AUDIT_HASH_BYTES],
                        const struct cdn_audit_header *header,
                        const struct cdn_audit_key *key)
{
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, key_of(key));
    cdn_hash_chain_add(&chain, header, offsetof(struct cdn_audit_header, hash));
    cdn_hash_chain_get(&chain, out);
}

void cdn_audit_header_seal(struct cdn_audit_header *header,
                           const struct cdn_audit_key *key)
{
    memcpy(header->magic, CDN_AUDIT_MAGIC, sizeof header->magic);
    header->version = CDN_AUDIT_VERSION;
    header->flags = key->keyed ? CDN_AUDIT_KEYED : 0;
    header->key_check = key->check;
    header_hash(header->hash, header, key);
    header->checksum =
        cdn_hash_xxh3(header, offsetof(struct cdn_audit_header, checksum));
}

const char *cdn_audit_header_check(const struct cdn_audit_header *header,
                                   const struct cdn_audit_key *key)
{
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];

    if (memcmp(header->magic, CDN_AUDIT_MAGIC, sizeof header->magic))
        return "the file does not begin as a segment of a decision log does";
    if (header->checksum !=
        cdn_hash_xxh3(header, offsetof(struct cdn_audit_header, checksum)))
        return "the segment's header does not match its checksum";
    if (header->version != CDN_AUDIT_VERSION)
        return "the segment was written by another version of this program";
    if ((header->flags & ~CDN_AUDIT_KEYED) || header->reserved || header->reserved_too)
        return "the segment's header says what this version does not know";
    if (!key)
        return NULL;
    if (key->keyed != (header->flags == CDN_AUDIT_KEYED) ||
        key->check != header->key_check)
        return "the segment was not written with this key";
    header_hash(hash, header, key);
    return cdn_hash_equal(hash, header->hash, sizeof hash)
               ? NULL
               : "the segment's header was changed: its hash is another";
}

static void frame_hash(unsigned char out[CORDON_AUDIT_HASH_BYTES],
                       const struct cdn_audit_frame *frame, const void *bytes,
                       const unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES],
                       const struct cdn_audit_key *key)
{
    struct cdn_hash_chain chain;

    cdn_hash_chain_init(&chain, key_of(key));
    cdn_hash_chain_add(&chain, prev_hash, CORDON_AUDIT_HASH_BYTES);
    cdn_hash_chain_add(&chain, frame, offsetof(struct cdn_audit_frame, hash));
    cdn_hash_chain_add(&chain, bytes, frame->length);
    cdn_hash_chain_get(&chain, out);
}

static uint64_t frame_checksum(const struct cdn_audit_frame *frame, const void *bytes)
{
    return cdn_hash_mix(
        cdn_hash_xxh3(frame, offsetof(struct cdn_audit_frame, checksum)),
        cdn_hash_xxh3(bytes, frame->length));
}

void cdn_audit_frame_seal(struct cdn_audit_frame *out, cordon_audit_kind kind,
                          uint64_t sequence, const void *bytes, size_t length,
                          const unsigned char prev_hash[CORDON_AUDIT_HASH_BYTES],
                          const struct cdn_audit_key *key)
{
    *out = (struct cdn_audit_frame){.magic = CDN_AUDIT_FRAME_MAGIC,
                                    .length = (uint32_t)length,
                                    .kind = (uint32_t)kind,
                                    .sequence = sequence};
    frame_hash(out->hash, out, bytes, prev_hash, key);
    out->checksum = frame_checksum(out, bytes);
}

/* ---- reading ---- */

/* `count` bytes of the file at `offset`, in the window; NULL with CORDON_OK: the file has not
 * so many. */
static cordon_status look(const unsigned char **out, struct cdn_audit_scan *scan,
                          uint64_t offset, size_t count, cordon_error *err)
{
    size_t want = count > WINDOW ? count : WINDOW;

    *out = NULL;
    if (offset > scan->size || count > scan->size - offset)
        return CORDON_OK;
    if (offset >= scan->window_at &&
        offset - scan->window_at + count <= scan->window.length) {
        *out = scan->window.data + (offset - scan->window_at);
        return CORDON_OK;
    }
    if (want > scan->size - offset)
        want = (size_t)(scan->size - offset);
    cdn_buf_clear(&scan->window);
    if (!cdn_buf_reserve(&scan->window, want)) {
        scan->window.failed = false;
        return cdn_error_nomem(err);
    }
    scan->window_at = offset;
    while (scan->window.length < want) {
        ssize_t got =
            pread(scan->fd, scan->window.data + scan->window.length,
                  want - scan->window.length, (off_t)(offset + scan->window.length));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cdn_error_errno(err, errno, "cannot read %s", scan->path);
        if (got == 0)
            break;
        scan->window.length += (size_t)got;
    }
    if (scan->window.length >= count)
        *out = scan->window.data;
    return CORDON_OK;
}

static cordon_status look_size(struct cdn_audit_scan *scan, cordon_error *err)
{
    struct stat info;

    if (fstat(scan->fd, &info))
        return cdn_error_errno(err, errno, "cannot look at %s", scan->path);
    if (!S_ISREG(info.st_mode))
        return cdn_error_set(err, CORDON_E_INVALID, "%s is not a regular file",
                             scan->path);
    scan->size = (uint64_t)info.st_size;
    return CORDON_OK;
}

cordon_status cdn_audit_scan_open(struct cdn_audit_scan *scan, const char *dir,
                                  uint64_t number, const struct cdn_audit_key *key,
                                  const char **fault, cordon_error *err)
{
    char name[CDN_AUDIT_NAME_BYTES];
    const unsigned char *bytes;
    cordon_status status;

    *scan = (struct cdn_audit_scan){.fd = -1};
    *fault = NULL;
    cdn_audit_segment_name(name, number);
    status = cdn_path_join(scan->path, sizeof scan->path, dir, name, err);
    if (status)
        return status;
    scan->fd = open(scan->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (scan->fd < 0)
        return cdn_error_errno(err, errno, "cannot open %s", scan->path);
    status = look_size(scan, err);
    if (!status)
        status = look(&bytes, scan, 0, sizeof scan->header, err);
    if (status) {
        cdn_audit_scan_close(scan);
        return status;
    }
    scan->at = sizeof scan->header;
    if (!bytes) {
        *fault = "the file is shorter than a segment's header";
        return CORDON_OK;
    }
    memcpy(&scan->header, bytes, sizeof scan->header);
    *fault = cdn_audit_header_check(&scan->header, key);
    if (!*fault && scan->header.number != number)
        *fault = "the file has the name of another segment";
    scan->header_ok = !*fault;
    if (scan->header_ok) {
        scan->next_sequence = scan->header.sequence;
        memcpy(scan->hash, scan->header.hash, sizeof scan->hash);
    }
    return CORDON_OK;
}

void cdn_audit_scan_close(struct cdn_audit_scan *scan)
{
    if (scan->fd >= 0)
        close(scan->fd);
    scan->fd = -1;
    cdn_buf_deinit(&scan->window);
}

/* A frame and its bytes at `offset`: RECORD, SHORT, or BROKEN. */
static cordon_status look_record(enum cdn_audit_found *found,
                                 struct cdn_audit_found_record *out,
                                 struct cdn_audit_scan *scan, uint64_t offset,
                                 cordon_error *err)
{
    const unsigned char *bytes;
    cordon_status status = look(&bytes, scan, offset, sizeof out->frame, err);

    *found = CDN_AUDIT_SHORT;
    if (status || !bytes)
        return status;
    memcpy(&out->frame, bytes, sizeof out->frame);
    out->offset = offset;
    *found = CDN_AUDIT_BROKEN;
    out->fault = "no record begins here";
    if (out->frame.magic != CDN_AUDIT_FRAME_MAGIC || !out->frame.length ||
        out->frame.length > CDN_AUDIT_MAX_RECORD)
        return CORDON_OK;
    status = look(&bytes, scan, offset, sizeof out->frame + out->frame.length, err);
    if (status)
        return status;
    if (!bytes) {
        *found = CDN_AUDIT_SHORT;
        return CORDON_OK;
    }
    out->bytes = bytes + sizeof out->frame;
    out->fault = "the record does not match its checksum";
    if (out->frame.checksum != frame_checksum(&out->frame, out->bytes))
        return CORDON_OK;
    *found = CDN_AUDIT_RECORD;
    out->fault = NULL;
    return CORDON_OK;
}

/* What a record whose checksum is right can still have wrong. */
static const char *misfit(const struct cdn_audit_found_record *record,
                          const struct cdn_audit_scan *scan,
                          const struct cdn_audit_key *key)
{
    unsigned char hash[CORDON_AUDIT_HASH_BYTES];
    const struct cdn_audit_frame *frame = &record->frame;

    if (frame->reserved ||
        (frame->kind != CORDON_AUDIT_DECISION && frame->kind != CORDON_AUDIT_NOTE))
        return "the record is of a kind that this version does not know";
    if (scan->next_sequence && frame->sequence != scan->next_sequence)
        return "the record is not the next in order: one is missing, or it was put "
               "here "
               "from elsewhere";
    if (!key || !scan->header_ok)
        return NULL;
    frame_hash(hash, frame, record->bytes, scan->hash, key);
    return cdn_hash_equal(hash, frame->hash, sizeof hash)
               ? NULL
               : "the chain breaks here: this record, or the one before it, was "
                 "changed";
}

cordon_status cdn_audit_scan_next(enum cdn_audit_found *found,
                                  struct cdn_audit_found_record *out,
                                  struct cdn_audit_scan *scan,
                                  const struct cdn_audit_key *key, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    *out = (struct cdn_audit_found_record){.offset = scan->at};
    if (scan->at >= scan->size)
        status = look_size(scan, err); /* it may have grown */
    if (status)
        return status;
    if (scan->at >= scan->size) {
        *found = scan->at == scan->size ? CDN_AUDIT_END : CDN_AUDIT_SHORT;
        return CORDON_OK;
    }
    status = look_record(found, out, scan, scan->at, err);
    if (!status && *found == CDN_AUDIT_SHORT) {
        /* what was short a moment ago may be whole now */
        status = look_size(scan, err);
        if (!status)
            status = look_record(found, out, scan, scan->at, err);
    }
    if (status || *found != CDN_AUDIT_RECORD)
        return status;
    out->fault = misfit(out, scan, key);
    if (out->fault) {
        *found = CDN_AUDIT_BROKEN;
        return CORDON_OK;
    }
    memcpy(out->prev_hash, scan->hash, sizeof out->prev_hash);
    memcpy(scan->hash, out->frame.hash, sizeof scan->hash);
    scan->next_sequence = out->frame.sequence + 1;
    scan->at += sizeof out->frame + out->frame.length;
    return CORDON_OK;
}

cordon_status cdn_audit_scan_resync(bool *found, struct cdn_audit_found_record *out,
                                    struct cdn_audit_scan *scan, uint64_t from,
                                    cordon_error *err)
{
    static const uint32_t magic = CDN_AUDIT_FRAME_MAGIC;
    uint64_t looked = 0;

    *found = false;
    while (from < scan->size && scan->size - from >= sizeof(struct cdn_audit_frame)) {
        uint64_t left = scan->size - from;
        size_t count = left < WINDOW ? (size_t)left : WINDOW;
        const unsigned char *bytes, *at;
        enum cdn_audit_found what;
        cordon_status status = look(&bytes, scan, from, count, err);

        if (status)
            return status;
        if (!bytes)
            return CORDON_OK;
        at = memmem(bytes, count, &magic, sizeof magic);
        if (!at) {
            from += count - (sizeof magic - 1);
            continue;
        }
        from += (uint64_t)(at - bytes);
        out->bytes = NULL;
        status = look_record(&what, out, scan, from, err);
        if (status || what == CDN_AUDIT_RECORD) {
            *found = !status;
            return status;
        }
        /* Bytes that look like many beginnings must not make this take for ever. */
        looked += out->bytes ? out->frame.length : 0;
        if (looked / RESYNC_TIMES > scan->size)
            return cdn_error_set(err, CORDON_E_CORRUPT,
                                 "%s is damaged, and what is left in it cannot be told "
                                 "from records; move it away",
                                 scan->path);
        from++;
    }
    return CORDON_OK;
}
