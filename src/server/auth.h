/* Who calls: bearer tokens, and the peer at the other end of a Unix socket.
 *
 * A token is 32 random bytes as text; what is kept of it is a hash (BLAKE2b-256), so that a
 * stolen configuration opens nothing.  Every token is compared in constant time, all of them
 * each time.  A table is immutable: a reload makes another, and exchanges under way end with
 * the one they began with.
 *
 * Without any token and any peer configured, whoever can connect may do everything, and the
 * server refuses to listen on anything but loopback and a Unix socket. */
#ifndef CDN_SERVER_AUTH_H
#define CDN_SERVER_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <cordon/error.h>

#define CDN_AUTH_MAX_NAME_BYTES 64

struct cdn_auth;

/* Who it is, and what he may do. */
struct cdn_caller {
    char name[CDN_AUTH_MAX_NAME_BYTES + 1]; /* for logs and histories; "anonymous" */
    unsigned rights;                        /* enum cdn_right, or-ed */
    const char *principal; /* of the policy; NULL: the host itself.  The table's */
};

/* One entry as configured; exactly one of token_hash and (has_uid, has_gid). */
struct cdn_auth_entry {
    const char *name;
    const char *token_hash; /* 64 hexadecimal digits */
    bool has_uid;
    bool has_gid;
    uid_t uid;
    gid_t gid;
    unsigned rights;
    const char *principal; /* NULL: none */
};

/* Ownership: *out is the caller's, cdn_auth_release() it; the entries are copied.
 * Errors: CORDON_E_INVALID which entry, and why; CORDON_E_NOMEM. */
cordon_status cdn_auth_new(struct cdn_auth **out, const struct cdn_auth_entry *entries,
                           size_t count, cordon_error *err);
struct cdn_auth *cdn_auth_retain(struct cdn_auth *auth);
void cdn_auth_release(struct cdn_auth *auth); /* accepts NULL */
/* Is nobody configured? */
bool cdn_auth_is_open(const struct cdn_auth *auth);

/* The caller behind the Authorization header (NULL: none was sent) or, on a Unix socket
 * (peer_uid not (uid_t)-1), the peer.  False: a token that nobody has, or a header that is
 * none; without credentials it is somebody without rights, unless the table is open. */
bool cdn_auth_identify(struct cdn_caller *out, const struct cdn_auth *auth,
                       const char *authorization, uid_t peer_uid, gid_t peer_gid);

/* Make a token, and what is kept of it.  Errors: none. */
#define CDN_AUTH_TOKEN_BYTES 50 /* "cordon_", 43 characters of base64url */
void cdn_auth_make_token(char token[CDN_AUTH_TOKEN_BYTES + 1], char hash[65]);

#endif
