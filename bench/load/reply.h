/* One reply at the start of what has been read from a connection: HTTP/1.1 with a
 * Content-Length, or Redis's protocol. */
#ifndef BENCH_LOAD_REPLY_H
#define BENCH_LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum protocol { PROTOCOL_HTTP = 1, PROTOCOL_RESP };

struct reply {
    unsigned status;  /* of HTTP; of Redis 200, and 500 for an error */
    bool retry_after; /* that header was there */
    bool last;        /* the server closes the connection after it */
    const char *body; /* borrowed from what was read; of Redis the whole reply */
    size_t body_bytes;
    size_t bytes; /* of the whole reply */
};

enum reply_state {
    REPLY_WHOLE = 1,
    REPLY_PART, /* more has to be read */
    REPLY_NONE  /* these bytes are no reply */
};

enum reply_state reply_read(struct reply *out, enum protocol protocol,
                            const char *bytes, size_t count);

#endif
