/* Hashes: xxh3 for checksums (home of xxhash.h), BLAKE2b for content identity (home of
 * sodium.h), and a cheap mixing step for running digests. */
#ifndef CDN_BASE_HASH_H
#define CDN_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDN_CONTENT_HASH_BYTES 32

uint64_t cdn_hash_xxh3(const void *bytes, size_t count);

/* Streaming xxh3 for data that is not in one piece. */
struct cdn_hash_stream;
struct cdn_hash_stream *cdn_hash_stream_new(void); /* NULL: out of memory */
void cdn_hash_stream_add(struct cdn_hash_stream *stream, const void *bytes,
                         size_t count);
uint64_t cdn_hash_stream_get(const struct cdn_hash_stream *stream);
void cdn_hash_stream_free(struct cdn_hash_stream *stream);

void cdn_hash_content(unsigned char out[CDN_CONTENT_HASH_BYTES], const void *bytes,
                      size_t count);

/* BLAKE2b-256 of data in pieces, in the caller's storage.  With a key only who has it can
 * compute the hash; without one it is the content hash. */
#define CDN_HASH_KEY_BYTES 32
struct cdn_hash_chain {
    _Alignas(64) unsigned char state[384];
};
void cdn_hash_chain_init(
    struct cdn_hash_chain *chain,
    const unsigned char key[CDN_HASH_KEY_BYTES]); /* NULL: no key */
void cdn_hash_chain_add(struct cdn_hash_chain *chain, const void *bytes, size_t count);
/* Ends it. */
void cdn_hash_chain_get(struct cdn_hash_chain *chain,
                        unsigned char out[CDN_CONTENT_HASH_BYTES]);
/* Are they equal, in a time that does not tell where they differ? */
bool cdn_hash_equal(const unsigned char *a, const unsigned char *b, size_t count);
/* Overwrite a secret, however little the compiler thinks of it. */
void cdn_wipe(void *bytes, size_t count);

/* `count` bytes as 2 * count lower-case hexadecimal digits and a NUL.  Returns out. */
char *cdn_hash_hex(char *out, const unsigned char *bytes, size_t count);

/* The other way, in either case, `count` bytes of 2 * count digits.  False: it is not that. */
bool cdn_hash_from_hex(unsigned char *out, size_t count, const char *text);
/* `count` bytes as base64url without padding (RFC 4648), in a time that does not tell which, and
 * a NUL: 4 characters for 3 bytes, rounded up.  Returns out. */
#define CDN_BASE64_SIZE(count) (((count)*4 + 2) / 3 + 1)
char *cdn_base64url(char *out, const unsigned char *bytes, size_t count);

/* Bytes nobody can guess, from the system. */
void cdn_random(void *out, size_t count);

/* One step of a running 64-bit digest: order matters, a few cycles. */
static inline uint64_t cdn_hash_mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ (digest >> 29);
}

#endif
