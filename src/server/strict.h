/* Requests that two readers may read as two different ones are refused.
 *
 * libmicrohttpd parses HTTP; some of what it lets through a proxy in front of it may read
 * otherwise, and then one connection's bytes become another caller's request: a length given
 * twice or beside chunks, a transfer coding that is not chunked alone, two hosts, two tokens, a
 * NUL in a value.  Each such request is answered with a problem, and its connection closed, as
 * where its end is cannot be known. */
#ifndef CDN_SERVER_STRICT_H
#define CDN_SERVER_STRICT_H

#include <stdbool.h>

#include <microhttpd.h>

#include "server/exchange.h"

/* The headers are there, and the exchange has begun; `version` as it was sent, "HTTP/1.1".
 * False: answered; nothing more is read of the connection. */
bool cdn_strict_check(struct cdn_exchange *x, struct MHD_Connection *connection,
                      const char *version);

/* What stands behind a "?" as it was sent: are its escapes ones, and none of them a NUL? */
bool cdn_strict_query(const char *query);

#endif
