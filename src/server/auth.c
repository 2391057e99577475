/* Who calls: one table, looked through from end to end.
 *
 * A server has a few dozen entries, so there is no index, and none is wanted: a search that
 * stops early, or goes by a prefix, tells who tries tokens how near he is.  A token is hashed
 * (one BLAKE2b, a microsecond) and its hash compared with each of the table's, in constant
 * time, without a branch on the result.  Hashing without a salt suffices because a token
 * is 256 random bits: nobody guesses those, and no table of hashes holds them.
 *
 * Everything an entry points at lies in the one block of the table. */
#include "server/auth.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "server/route.h"

#define ALL_RIGHTS                (0u CDN_RIGHT_MAP(OR_RIGHT))
#define OR_RIGHT(name, bit, word) | (bit)

struct entry {
    char name[CDN_AUTH_MAX_NAME_BYTES + 1];
    unsigned char hash[CDN_CONTENT_HASH_BYTES]; /* zeros, which no token has: none */
    const char *subject;
    const char *principal;
    bool has_uid;
    bool has_gid;
    uid_t uid;
    gid_t gid;
    unsigned rights;
};

struct cdn_auth {
    atomic_uint references;
    size_t count;
    struct entry entries[]; /* the texts behind them */
};

/* ---- making one ---- */

static bool is_name(const char *name)
{
    static const char others[] = "._@:/+-";
    size_t length = name ? strlen(name) : 0;

    if (length == 0 || length > CDN_AUTH_MAX_NAME_BYTES)
        return false;
    for (const char *at = name; *at; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || strchr(others, *at)))
            return false;
    return true;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

cordon_status cdn_auth_check(const struct cdn_auth_entry *entry, cordon_error *err)
{
    bool peer = entry->has_uid || entry->has_gid;
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    const char *wrong = NULL;

    if (!is_name(entry->name) || !strcmp(entry->name, "anonymous"))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "'%.80s' is no name of a caller; one has 1 to %d letters, "
                             "digits and ._@:/+-, and is not 'anonymous'",
                             entry->name ? entry->name : "", CDN_AUTH_MAX_NAME_BYTES);
    if (!!entry->token_hash + !!entry->subject + peer != 1)
        wrong = "one of a token's hash, a certificate's subject and a peer is wanted";
    else if (entry->token_hash &&
             !cdn_hash_from_hex(hash, sizeof(hash), entry->token_hash))
        wrong =
            "a token's hash is 64 hexadecimal digits, as cordon token new prints it; "
            "the token itself is written down nowhere";
    else if (entry->subject &&
             (text_size(entry->subject) > CDN_AUTH_MAX_SUBJECT_BYTES ||
              !strchr(entry->subject, '=')))
        wrong = "a certificate's subject is wanted, such as CN=shop,O=Example";
    else if (!entry->rights || (entry->rights & ~ALL_RIGHTS))
        wrong = "it has no rights, or some that there are none of";
    else if (entry->principal && !*entry->principal)
        wrong = "the name of a principal is empty";
    return wrong ? cdn_error_set(err, CORDON_E_INVALID, "'%s': %s", entry->name, wrong)
                 : CORDON_OK;
}

static const char *keep(char **at, const char *text)
{
    size_t bytes = text_size(text);
    char *to = *at;

    if (!text)
        return NULL;
    memcpy(to, text, bytes);
    *at += bytes;
    return to;
}

cordon_status cdn_auth_new(struct cdn_auth **out, const struct cdn_auth_entry *entries,
                           size_t count, cordon_error *err)
{
    size_t bytes = sizeof(struct cdn_auth) + count * sizeof(struct entry);
    struct cdn_auth *auth;
    char *texts;

    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        cordon_status status = cdn_auth_check(&entries[i], err);

        if (status) {
            cdn_error_prefix(err, "entry %zu", i + 1);
            return status;
        }
        bytes += text_size(entries[i].subject) + text_size(entries[i].principal);
    }
    auth = cdn_calloc(1, bytes);
    if (!auth)
        return cdn_error_nomem(err);
    atomic_init(&auth->references, 1);
    auth->count = count;
    texts = (char *)&auth->entries[count];
    for (size_t i = 0; i < count; i++) {
        const struct cdn_auth_entry *from = &entries[i];
        struct entry *to = &auth->entries[i];

        memcpy(to->name, from->name, strlen(from->name));
        if (from->token_hash)
            (void)cdn_hash_from_hex(to->hash, sizeof(to->hash), from->token_hash);
        to->subject = keep(&texts, from->subject);
        to->principal = keep(&texts, from->principal);
        to->has_uid = from->has_uid;
        to->has_gid = from->has_gid;
        to->uid = from->uid;
        to->gid = from->gid;
        to->rights = from->rights;
        for (size_t j = 0; from->token_hash && j < i; j++)
            if (!memcmp(auth->entries[j].hash, to->hash, sizeof(to->hash))) {
                cordon_status status = cdn_error_set(
                    err, CORDON_E_INVALID,
                    "entry %zu, '%s': its token is that of entry %zu, '%s'", i + 1,
                    to->name, j + 1, auth->entries[j].name);

                cdn_free(auth);
                return status;
            }
    }
    *out = auth;
    return CORDON_OK;
}

struct cdn_auth *cdn_auth_retain(struct cdn_auth *auth)
{
    atomic_fetch_add_explicit(&auth->references, 1, memory_order_relaxed);
    return auth;
}

void cdn_auth_release(struct cdn_auth *auth)
{
    if (auth &&
        atomic_fetch_sub_explicit(&auth->references, 1, memory_order_acq_rel) == 1)
        cdn_free(auth);
}

bool cdn_auth_is_open(const struct cdn_auth *auth)
{
    return auth->count == 0;
}

size_t cdn_auth_count(const struct cdn_auth *auth)
{
    return auth->count;
}

/* ---- asking it ---- */

/* The token of "Bearer TOKEN" (RFC 6750), and its length; 0: it is not that. */
static size_t bearer(const char **out, const char *header)
{
    static const char others[] = "-._~+/=";
    size_t length = 0;

    if (strncasecmp(header, "Bearer ", 7) != 0)
        return 0;
    header += 7 + strspn(header + 7, " ");
    while (length <= CDN_AUTH_MAX_TOKEN_BYTES && header[length] &&
           ((header[length] >= 'a' && header[length] <= 'z') ||
            (header[length] >= 'A' && header[length] <= 'Z') ||
            (header[length] >= '0' && header[length] <= '9') ||
            strchr(others, header[length])))
        length++;
    *out = header;
    return header[length] || length > CDN_AUTH_MAX_TOKEN_BYTES ? 0 : length;
}

static const struct entry *find_token(const struct cdn_auth *auth, const char *token,
                                      size_t bytes)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    size_t found = SIZE_MAX;

    cdn_hash_content(hash, token, bytes);
    for (size_t i = 0; i < auth->count; i++) {
        size_t same =
            (size_t)0 - cdn_hash_equal(auth->entries[i].hash, hash, sizeof(hash));

        found ^= (found ^ i) & same;
    }
    cdn_wipe(hash, sizeof(hash));
    return found == SIZE_MAX ? NULL : &auth->entries[found];
}

static const struct entry *find_subject(const struct cdn_auth *auth,
                                        const char *subject)
{
    for (size_t i = 0; i < auth->count; i++)
        if (auth->entries[i].subject && !strcmp(auth->entries[i].subject, subject))
            return &auth->entries[i];
    return NULL;
}

static const struct entry *find_peer(const struct cdn_auth *auth, uid_t uid, gid_t gid)
{
    for (size_t i = 0; i < auth->count; i++) {
        const struct entry *entry = &auth->entries[i];

        if ((entry->has_uid || entry->has_gid) &&
            (!entry->has_uid || entry->uid == uid) &&
            (!entry->has_gid || entry->gid == gid))
            return entry;
    }
    return NULL;
}

bool cdn_auth_identify(struct cdn_caller *out, const struct cdn_auth *auth,
                       const struct cdn_credentials *shown)
{
    const struct entry *entry = NULL;

    *out = (struct cdn_caller){.name = "anonymous",
                               .rights = cdn_auth_is_open(auth) ? ALL_RIGHTS : 0};
    if (shown->authorization) {
        const char *token;
        size_t bytes = bearer(&token, shown->authorization);

        entry = bytes ? find_token(auth, token, bytes) : NULL;
        if (!entry) {
            out->rights = 0;
            return false;
        }
    }
    if (!entry && shown->subject)
        entry = find_subject(auth, shown->subject);
    if (!entry && shown->has_peer)
        entry = find_peer(auth, shown->uid, shown->gid);
    if (entry) {
        memcpy(out->name, entry->name, sizeof(out->name));
        out->rights = entry->rights;
        out->principal = entry->principal;
    }
    return true;
}

/* ---- words and tokens ---- */

static const struct {
    unsigned bit;
    const char *word;
} words[] = {
#define WORD(name, bit, word) {(bit), (word)},
    CDN_RIGHT_MAP(WORD)
#undef WORD
};

unsigned cdn_auth_right(const char *word, size_t bytes)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == bytes && !memcmp(words[i].word, word, bytes))
            return words[i].bit;
    return 0;
}

const char *cdn_auth_right_word(unsigned right)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].bit == right)
            return words[i].word;
    return NULL;
}

void cdn_auth_make_token(char token[CDN_AUTH_TOKEN_BYTES + 1],
                         char hash[CDN_AUTH_HASH_BYTES + 1])
{
    static const char prefix[] = "cordon_";
    unsigned char secret[32], kept[CDN_CONTENT_HASH_BYTES];

    _Static_assert(sizeof(prefix) - 1 + CDN_BASE64_SIZE(sizeof(secret)) ==
                           CDN_AUTH_TOKEN_BYTES + 1 &&
                       CDN_AUTH_HASH_BYTES == 2 * sizeof(kept),
                   "a token's size, and its hash's");
    cdn_random(secret, sizeof(secret));
    memcpy(token, prefix, sizeof(prefix) - 1);
    cdn_base64url(token + sizeof(prefix) - 1, secret, sizeof(secret));
    cdn_hash_content(kept, token, CDN_AUTH_TOKEN_BYTES);
    cdn_hash_hex(hash, kept, sizeof(kept));
    cdn_wipe(secret, sizeof(secret));
}
