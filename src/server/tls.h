/* TLS: a server's certificate and key, and whose certificates clients may show (home of GnuTLS).
 *
 * Everything is read and checked before anything listens: that the files are what they are said
 * to be, that the key is the certificate's, and when the certificate ends.  libmicrohttpd does
 * the handshakes; it asks for the certificate anew each time, so that a reload is served to
 * the next connection, and none is closed.  The authorities of clients are taken once.
 *
 * There is one at a time in a process, as GnuTLS says not for whom it asks.
 *
 * Threads: cdn_tls_retrieve() and cdn_tls_subject() are called by any; the rest by one. */
#ifndef CDN_SERVER_TLS_H
#define CDN_SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/error.h"

/* TLS 1.2 and 1.3, for MHD_OPTION_HTTPS_PRIORITIES. */
#define CDN_TLS_PRIORITIES                                                             \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"

struct cdn_tls;

/* Read the files: PEM, the certificate's with those that lead to its authority's, in that order;
 * `client_ca` may be NULL.
 * Ownership: *out is the caller's; cdn_tls_close() it.
 * Errors: CORDON_E_DATA a file is not that, or they do not fit; CORDON_E_NOTFOUND, CORDON_E_IO;
 *         CORDON_E_EXISTS there is one already; CORDON_E_NOMEM. */
cordon_status cdn_tls_open(struct cdn_tls **out, const char *certificate,
                           const char *key, const char *client_ca, cordon_error *err);
/* No connection is left that shakes hands.  Accepts NULL. */
void cdn_tls_close(struct cdn_tls *tls);
/* Read certificate and key again.  After an error the old ones stand.  Errors: as above. */
cordon_status cdn_tls_reload(struct cdn_tls *tls, cordon_error *err);

/* What an operator should know of the time for which the certificate holds: it has ended, has not
 * begun, or ends within a fortnight.  False: nothing. */
#define CDN_TLS_WARNING_BYTES 512
bool cdn_tls_warning(char out[CDN_TLS_WARNING_BYTES], const struct cdn_tls *tls,
                     int64_t now_ms);
/* The authorities of clients, PEM, for MHD_OPTION_HTTPS_MEM_TRUST; NULL: none. */
const char *cdn_tls_trust(const struct cdn_tls *tls);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int cdn_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities,
                     int authority_count, const gnutls_pk_algorithm_t *algorithms,
                     int algorithm_count, gnutls_pcert_st **certificates,
                     unsigned *count, gnutls_privkey_t *key);

/* The subject (RFC 4514) of the certificate that the client showed, which leads to one of the
 * authorities, has not ended and is one of a client.  False: it showed none such. */
bool cdn_tls_subject(char *out, size_t size, gnutls_session_t session);

#endif
