/* Hashes: thin over xxhash and libsodium.
 *
 * xxh3 finds damage, not forgery; what names content (a rule's version, a bundle) is
 * BLAKE2b, libsodium's generic hash, without a key.  libsodium is initialised by the
 * first call; sodium_init() is safe from any thread and only once does anything. */
#include "base/hash.h"

#include <stdatomic.h>

/* The streaming state's size is public only under this name. */
#define XXH_STATIC_LINKING_ONLY
#include <sodium.h>
#include <xxhash.h>

#include "base/alloc.h"

_Static_assert(CDN_CONTENT_HASH_BYTES == crypto_generichash_BYTES,
               "the content hash is BLAKE2b-256");

/* XXH3's state wants 64-byte alignment, more than an allocation gives. */
struct cdn_hash_stream {
    XXH3_state_t *state;
    unsigned char room[sizeof(XXH3_state_t) + 64];
};

uint64_t cdn_hash_xxh3(const void *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}

struct cdn_hash_stream *cdn_hash_stream_new(void)
{
    struct cdn_hash_stream *stream = cdn_alloc(sizeof *stream);

    if (!stream)
        return NULL;
    stream->state = (XXH3_state_t *)(((uintptr_t)stream->room + 63) & ~(uintptr_t)63);
    XXH3_INITSTATE(stream->state);
    XXH3_64bits_reset(stream->state);
    return stream;
}

void cdn_hash_stream_add(struct cdn_hash_stream *stream, const void *bytes,
                         size_t count)
{
    if (count)
        XXH3_64bits_update(stream->state, bytes, count);
}

uint64_t cdn_hash_stream_get(const struct cdn_hash_stream *stream)
{
    return XXH3_64bits_digest(stream->state);
}

void cdn_hash_stream_free(struct cdn_hash_stream *stream)
{
    cdn_free(stream);
}

/* It picks BLAKE2b's fastest code for this CPU.  Where it fails, for want of random numbers
 * that a hash does not use, the portable code gives the same result.  Once: it takes a lock
 * each time, and masks are hashed while rules run. */
static void pick_code(void)
{
    static atomic_bool picked;

    if (atomic_load_explicit(&picked, memory_order_acquire))
        return;
    if (sodium_init() >= 0)
        atomic_store_explicit(&picked, true, memory_order_release);
}

void cdn_hash_content(unsigned char out[CDN_CONTENT_HASH_BYTES], const void *bytes,
                      size_t count)
{
    pick_code();
    crypto_generichash(out, CDN_CONTENT_HASH_BYTES, bytes, count, NULL, 0);
}

_Static_assert(sizeof(struct cdn_hash_chain) == sizeof(crypto_generichash_state) &&
                   _Alignof(struct cdn_hash_chain) >=
                       _Alignof(crypto_generichash_state),
               "the chain's state is libsodium's");
_Static_assert(CDN_HASH_KEY_BYTES == crypto_generichash_KEYBYTES, "BLAKE2b's key");

static crypto_generichash_state *state_of(struct cdn_hash_chain *chain)
{
    return (crypto_generichash_state *)(void *)chain->state;
}

void cdn_hash_chain_init(struct cdn_hash_chain *chain,
                         const unsigned char key[CDN_HASH_KEY_BYTES])
{
    pick_code();
    crypto_generichash_init(state_of(chain), key, key ? CDN_HASH_KEY_BYTES : 0,
                            CDN_CONTENT_HASH_BYTES);
}

void cdn_hash_chain_add(struct cdn_hash_chain *chain, const void *bytes, size_t count)
{
    crypto_generichash_update(state_of(chain), bytes, count);
}

void cdn_hash_chain_get(struct cdn_hash_chain *chain,
                        unsigned char out[CDN_CONTENT_HASH_BYTES])
{
    crypto_generichash_final(state_of(chain), out, CDN_CONTENT_HASH_BYTES);
}

bool cdn_hash_equal(const unsigned char *a, const unsigned char *b, size_t count)
{
    return sodium_memcmp(a, b, count) == 0;
}

void cdn_wipe(void *bytes, size_t count)
{
    sodium_memzero(bytes, count);
}

char *cdn_hash_hex(char *out, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
    return out;
}

bool cdn_hash_from_hex(unsigned char *out, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        unsigned byte = 0;

        for (size_t half = 0; half < 2; half++) {
            char digit = text[2 * i + half];

            byte <<= 4;
            if (digit >= '0' && digit <= '9')
                byte |= (unsigned)(digit - '0');
            else if (digit >= 'a' && digit <= 'f')
                byte |= (unsigned)(digit - 'a') + 10;
            else if (digit >= 'A' && digit <= 'F')
                byte |= (unsigned)(digit - 'A') + 10;
            else
                return false;
        }
        out[i] = (unsigned char)byte;
    }
    return text[2 * count] == '\0';
}

char *cdn_base64url(char *out, const unsigned char *bytes, size_t count)
{
    return sodium_bin2base64(
        out, sodium_base64_ENCODED_LEN(count, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
        bytes, count, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void cdn_random(void *out, size_t count)
{
    pick_code();
    randombytes_buf(out, count);
}
