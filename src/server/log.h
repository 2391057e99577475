/* The server's log: one line an event, as text or JSON, on a descriptor (stderr).
 *
 *     2026-11-27T15:55:48.123Z info server.listening: on 127.0.0.1:8470 threads=2
 *     {"time":"2026-11-27T15:55:48.123Z","level":"info","event":"server.listening",
 *      "message":"on 127.0.0.1:8470","threads":2}                       (in one line)
 *
 * An event is a stable word to search for, the message says it to a reader, fields are for
 * machines.  Whatever is hostile in them is escaped: a line stays one line, and drives no
 * terminal.
 *
 * A line is made in the caller's stack and copied into a ring of fixed size; a thread of the
 * log's writes it.  So a reader that has stopped reading, a full disk or a closed pipe holds
 * nobody up: lines that find the ring full, or cannot be written, are lost and counted, and
 * the log says how many as soon as it can.  The same event with the same message is written
 * a few times, then counted, and the count written when the window has passed.
 *
 * Threads: every function is safe from any thread, but close.  None allocates after open. */
#ifndef CDN_SERVER_LOG_H
#define CDN_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>
#include <cordon/metrics.h>

#include "base/error.h"

/* A longer line is cut; whole lines of at most this are written at once, which a pipe does not
 * mix with others' (PIPE_BUF). */
#define CDN_LOG_LINE_BYTES  2048
#define CDN_LOG_BATCH_BYTES 4096

enum cdn_log_form {
    CDN_LOG_AS_TEXT = 0,
    CDN_LOG_AS_JSON,
    /* Text for journald: its own priority ahead, and no time, which it adds. */
    CDN_LOG_AS_JOURNAL
};

/* Zero in a field means its default, given behind it. */
struct cdn_log_options {
    enum cdn_log_form form;
    cordon_level level;  /* lines below are not made (DEBUG: all are) */
    bool access;         /* a line for each exchange too */
    int fd;              /* borrowed; stays open (0: 2, stderr) */
    uint32_t ring_bytes; /* (256 KiB) at least two lines */
    uint32_t repeats;    /* of the same line in a window (5) */
    uint32_t window_ms;  /* (10,000) */
    uint32_t close_ms;   /* how long a close waits for a reader (1000) */
};

struct cdn_log;

/* A field of a line: text, or a number where text is NULL. */
struct cdn_log_field {
    const char *name; /* of ours: a word */
    const char *text;
    int64_t number;
};

/* One exchange, for an access line.  What is NULL or "" is left out. */
struct cdn_log_access {
    const char *method;
    const char *route; /* the template, never the path: what it holds may be private */
    unsigned status;
    uint64_t duration_ns;
    uint64_t bytes; /* of the reply */
    const char *request_id;
    const char *trace_id;
    const char *caller;
};

/* Counted since open. */
struct cdn_log_stats {
    uint64_t written;    /* lines */
    uint64_t lost;       /* the ring was full, or could not be written */
    uint64_t suppressed; /* repeats */
};

/* Ownership: *out is the caller's; cdn_log_close() it.  Starts a thread.
 * Errors: CORDON_E_INVALID, CORDON_E_NOMEM. */
cordon_status cdn_log_open(struct cdn_log **out, const struct cdn_log_options *options,
                           cordon_error *err);
/* Write what is there, as far as close_ms goes, and end.  Accepts NULL. */
void cdn_log_close(struct cdn_log *log);

/* A log of NULL takes everything and writes nothing. */
void cdn_log_say(struct cdn_log *log, cordon_level level, const char *event,
                 const char *format, ...) CDN_PRINTF(4, 5);
void cdn_log_fields(struct cdn_log *log, cordon_level level, const char *event,
                    const struct cdn_log_field *fields, size_t count,
                    const char *format, ...) CDN_PRINTF(6, 7);
void cdn_log_access(struct cdn_log *log, const struct cdn_log_access *access);
/* Are access lines written? */
bool cdn_log_wants_access(const struct cdn_log *log);
/* Other lines from now on: a reload may change these. */
void cdn_log_set_level(struct cdn_log *log, cordon_level level, bool access);
void cdn_log_set_form(struct cdn_log *log, enum cdn_log_form form);
/* Of an engine's observer: `ud` is the log. */
void cdn_log_engine(void *ud, cordon_level level, const char *message);
void cdn_log_get_stats(struct cdn_log_stats *out, struct cdn_log *log);

/* "debug", "info", "warning", "error"; false: none of them. */
bool cdn_log_level_parse(cordon_level *out, const char *word);
const char *cdn_log_level_str(cordon_level level);

#endif
