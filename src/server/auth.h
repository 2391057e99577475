/* Who calls: bearer tokens, client certificates, and the peer at the other end of a Unix
 * socket.
 *
 * A token is 32 random bytes as text; what is kept of it is a hash (BLAKE2b-256), so that a
 * stolen configuration opens nothing.  A token presented is compared with all of them, each in
 * constant time.  A table is immutable: a reload makes another, and exchanges under way end
 * with the one they began with.
 *
 * Without any entry, whoever can connect may do everything, and the server refuses to listen
 * on anything but loopback and a Unix socket.
 *
 * Threads: a table may be used and retained by any number of threads at once. */
#ifndef CDN_SERVER_AUTH_H
#define CDN_SERVER_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cordon/error.h>

#define CDN_AUTH_MAX_NAME_BYTES 64
/* A subject of a certificate, "CN=shop,O=Example", and a header's token. */
#define CDN_AUTH_MAX_SUBJECT_BYTES 512
#define CDN_AUTH_MAX_TOKEN_BYTES   512

struct cdn_auth;

/* Who it is, and what he may do. */
struct cdn_caller {
    char name[CDN_AUTH_MAX_NAME_BYTES + 1]; /* for logs and histories; "anonymous" */
    unsigned rights;                        /* enum cdn_right, or-ed */
    const char *principal; /* of the policy; NULL: the host itself.  The table's */
};

/* One entry as configured: one of a token, a certificate, and a peer, who is known by his user,
 * his (first) group, or both.  Several may have one name, such as a token and its successor. */
struct cdn_auth_entry {
    const char *name;       /* letters, digits and ._@:/+- */
    const char *token_hash; /* 64 hexadecimal digits; NULL: no token */
    const char *subject;    /* of a certificate (RFC 4514); NULL: no certificate */
    bool has_uid;
    bool has_gid;
    uid_t uid;
    gid_t gid;
    unsigned rights;
    const char *principal; /* NULL: none */
};

/* What a connection and a request on it show of who is there. */
struct cdn_credentials {
    const char *authorization; /* the header; NULL: none was sent */
    const char *subject; /* of a client certificate that was verified; NULL: none */
    bool has_peer;       /* of a Unix socket, as the kernel says it */
    uid_t uid;
    gid_t gid;
};

/* What is wrong with an entry, looked at alone.  Errors: CORDON_E_INVALID. */
cordon_status cdn_auth_check(const struct cdn_auth_entry *entry, cordon_error *err);

/* Ownership: *out is the caller's, cdn_auth_release() it; the entries are copied.
 * Errors: CORDON_E_INVALID which entry, and why; CORDON_E_NOMEM. */
cordon_status cdn_auth_new(struct cdn_auth **out, const struct cdn_auth_entry *entries,
                           size_t count, cordon_error *err);
struct cdn_auth *cdn_auth_retain(struct cdn_auth *auth);
void cdn_auth_release(struct cdn_auth *auth); /* accepts NULL */
/* Is nobody configured? */
bool cdn_auth_is_open(const struct cdn_auth *auth);
size_t cdn_auth_count(const struct cdn_auth *auth); /* entries */

/* The caller behind the credentials, by the strongest of them that was shown: the header alone
 * where there is one, else the certificate, else the peer; of entries that fit the first.
 * False: a token that nobody has, or a header that is none (401).  Where nobody is known by
 * what was shown it is "anonymous", without rights, or with all of them if the table is open. */
bool cdn_auth_identify(struct cdn_caller *out, const struct cdn_auth *auth,
                       const struct cdn_credentials *shown);

/* A right's word, "evaluate", and back; 0 and NULL: there is none. */
unsigned cdn_auth_right(const char *word, size_t bytes);
const char *cdn_auth_right_word(unsigned right);

/* Make a token, and what is kept of it.  Errors: none. */
#define CDN_AUTH_TOKEN_BYTES 50 /* "cordon_", 43 characters of base64url */
#define CDN_AUTH_HASH_BYTES  64 /* hexadecimal digits */
void cdn_auth_make_token(char token[CDN_AUTH_TOKEN_BYTES + 1],
                         char hash[CDN_AUTH_HASH_BYTES + 1]);

#endif
