/* Requests under way on the connections of libmicrohttpd: what listen.c hands to its daemons. */
#ifndef CDN_SERVER_WIRE_H
#define CDN_SERVER_WIRE_H

#include <microhttpd.h>

#include "server/auth.h"
#include "server/guard.h"
#include "server/host.h"
#include "server/tls.h"
#include "server/watch.h"

struct cdn_listener {
    struct cdn_host *host;
    struct cdn_watch *watch;
    struct cdn_guard *guard;
    struct MHD_Daemon *tcp;   /* NULL: not served */
    struct MHD_Daemon *local; /* of the Unix socket; the same */
    int local_fd;             /* -1: none */
    uint16_t port;
    size_t held;           /* atomic: bytes of large bodies and replies */
    uint64_t begun, ended; /* atomic: requests, from their first line to what is sent */
};

/* Who is at the other end, found out once a connection: its socket context.  NULL: nobody in
 * particular. */
struct wire;
struct cdn_guest {
    struct wire *wire;            /* the exchange under way; NULL: none */
    struct cdn_credentials shown; /* without the header */
    struct cdn_guarded guarded;
    bool handshaken; /* a certificate has been looked for */
    char subject[CDN_AUTH_MAX_SUBJECT_BYTES];
};

/* The callbacks; their cls is the listener. */
void *cdn_wire_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result cdn_wire_on_request(void *cls, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *data,
                                    size_t *bytes, void **context);
void cdn_wire_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_RequestTerminationCode code);

/* The connection is over, and with it an exchange whose end libmicrohttpd did not tell. */
void cdn_wire_on_closed(struct cdn_guest *guest);

/* Free what waits for the next request in the lanes; no daemon runs any more. */
void cdn_wire_free_spares(struct cdn_host *host);

#endif
