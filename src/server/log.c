/* The server's log: lines into a ring, out of it by a thread.
 *
 * Why a thread and not O_NONBLOCK: the flag belongs to the open file, which a terminal or a
 * service manager shares with others; setting it would break them.  The writer waits in poll()
 * until there is room for a batch of whole lines, and only it ever waits.
 *
 * Why a mutex: what happens under it is a copy of some hundred bytes.  The writer holds it for
 * one copy of a batch, never while it writes.
 *
 * Repeats are found by a hash of event and message in a small table; two lines whose hashes
 * collide are counted as one, which costs a line, not a wrong one. */
#include "server/log.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "server/log_line.h"

enum {
    REPEAT_SLOTS = 32,
    REPEAT_TEXT_BYTES = 200, /* of a message, to say again what was repeated */
    EVENT_BYTES = 48,
    POLL_MS = 50 /* how often a writer that waits looks whether it shall end */
};

/* One line that was written lately. */
struct repeat {
    uint64_t hash; /* 0: free */
    uint64_t since_ns;
    uint64_t count;      /* in the window, written or not */
    uint64_t suppressed; /* of these, since the last word about them */
    cordon_level level;
    char event[EVENT_BYTES];
    char message[REPEAT_TEXT_BYTES];
};

struct cdn_log {
    struct cdn_log_options options;
    atomic_uint form;
    atomic_uint level;
    atomic_bool access;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more; /* monotonic */
    bool waiting;        /* the writer, for more */
    bool stopping;
    _Atomic uint64_t stop_ns; /* when it gives up; 0: it does not */
    char *ring;
    size_t head, used;
    uint64_t lost_untold;
    struct cdn_log_stats stats;
    struct repeat repeats[REPEAT_SLOTS];
};

static enum cdn_log_form form_of(const struct cdn_log *log)
{
    return (enum cdn_log_form)atomic_load_explicit(&log->form, memory_order_relaxed);
}

/* ---- words ---- */

static const char *const level_words[] = {"debug", "info", "warning", "error"};

const char *cdn_log_level_str(cordon_level level)
{
    return (unsigned)level < 4 ? level_words[level] : "error";
}

bool cdn_log_level_parse(cordon_level *out, const char *word)
{
    for (unsigned i = 0; i < 4; i++)
        if (!strcmp(word, level_words[i])) {
            *out = (cordon_level)i;
            return true;
        }
    return false;
}

/* ---- the ring; all under the lock ---- */

static bool ring_put(struct cdn_log *log, const char *bytes, size_t count)
{
    size_t size = log->options.ring_bytes;
    size_t at = (log->head + log->used) % size;
    size_t first = size - at < count ? size - at : count;

    if (size - log->used < count)
        return false;
    memcpy(log->ring + at, bytes, first);
    memcpy(log->ring, bytes + first, count - first);
    log->used += count;
    return true;
}

/* As many whole lines as there is room for; their number in *lines. */
static size_t ring_take(char *out, size_t room, size_t *lines, struct cdn_log *log)
{
    size_t size = log->options.ring_bytes, whole = 0, count = 0;

    for (size_t i = 0; i < log->used && i < room; i++) {
        out[i] = log->ring[(log->head + i) % size];
        if (out[i] == '\n') {
            whole = i + 1;
            count++;
        }
    }
    log->head = (log->head + whole) % size;
    log->used -= whole;
    *lines = count;
    return whole;
}

static void wake(struct cdn_log *log)
{
    if (log->waiting)
        pthread_cond_signal(&log->more);
}

static void add(struct cdn_log *log, const struct cdn_log_line *line)
{
    if (!ring_put(log, line->text, line->used)) {
        log->stats.lost++;
        log->lost_untold++;
    }
    wake(log);
}

/* ---- repeats ---- */

static uint64_t hash_of(const char *event, const char *message)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (const char *part = event, *next = message; part; part = next, next = NULL)
        for (; *part; part++)
            hash = (hash ^ (unsigned char)*part) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

/* Say how many of a line were not written. */
static void tell_repeats(struct cdn_log *log, struct repeat *repeat)
{
    struct cdn_log_line line;

    if (!repeat->suppressed)
        return;
    cdn_log_line_begin(&line, form_of(log), cdn_clock_wall_ms(), repeat->level,
                       repeat->event, repeat->message);
    cdn_log_line_number(&line, "repeated", (int64_t)repeat->suppressed);
    cdn_log_line_end(&line);
    add(log, &line);
    repeat->suppressed = 0;
}

static uint64_t window_ns(const struct cdn_log *log)
{
    return (uint64_t)log->options.window_ms * 1000000;
}

/* Close windows that have passed, or all.  True: some line is still suppressed. */
static bool close_windows(struct cdn_log *log, bool all)
{
    uint64_t now = cdn_clock_ns();
    bool open = false;

    for (size_t i = 0; i < REPEAT_SLOTS; i++) {
        struct repeat *repeat = &log->repeats[i];

        if (repeat->hash && (all || now - repeat->since_ns >= window_ns(log))) {
            tell_repeats(log, repeat);
            repeat->hash = 0;
        }
        open |= repeat->hash && repeat->suppressed;
    }
    return open;
}

/* Its entry; of a line not seen lately a new one, in place of the oldest. */
static struct repeat *entry_of(struct cdn_log *log, uint64_t hash)
{
    struct repeat *oldest = &log->repeats[0];

    for (size_t i = 0; i < REPEAT_SLOTS; i++) {
        struct repeat *repeat = &log->repeats[i];

        if (repeat->hash == hash)
            return repeat;
        if (!repeat->hash || (oldest->hash && repeat->since_ns < oldest->since_ns))
            oldest = repeat;
    }
    tell_repeats(log, oldest);
    oldest->hash = 0;
    return oldest;
}

/* Is it one too many of its kind? */
static bool is_repeat(struct cdn_log *log, cordon_level level, const char *event,
                      const char *message)
{
    uint64_t hash = hash_of(event, message), now = cdn_clock_ns();
    struct repeat *repeat = entry_of(log, hash);

    if (repeat->hash && now - repeat->since_ns >= window_ns(log)) {
        tell_repeats(log, repeat);
        repeat->hash = 0;
    }
    if (!repeat->hash) {
        *repeat = (struct repeat){.hash = hash, .since_ns = now, .level = level};
        (void)snprintf(repeat->event, sizeof repeat->event, "%s", event);
        cdn_escape(repeat->message, sizeof repeat->message, message, strlen(message));
    }
    if (++repeat->count <= log->options.repeats)
        return false;
    repeat->suppressed++;
    log->stats.suppressed++;
    wake(log);
    return true;
}

/* ---- writing ---- */

static bool past_stop(const struct cdn_log *log)
{
    uint64_t stop = atomic_load(&log->stop_ns);

    return stop && cdn_clock_ns() > stop;
}

/* Whether all of it was written; waits for a reader as long as the log is open. */
static bool write_batch(const struct cdn_log *log, const char *bytes, size_t count)
{
    struct pollfd ready = {.fd = log->options.fd, .events = POLLOUT};

    while (count) {
        int polled = poll(&ready, 1, POLL_MS);
        ssize_t wrote;

        if (polled <= 0) {
            if ((polled < 0 && errno != EINTR) || past_stop(log))
                return false;
            continue;
        }
        wrote = write(log->options.fd, bytes, count);
        if (wrote < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (wrote > 0) {
            bytes += wrote;
            count -= (size_t)wrote;
        }
        if (past_stop(log))
            return !count;
    }
    return true;
}

/* The line that says how many were lost, if any were. */
static size_t lost_line(char *out, const struct cdn_log *log)
{
    struct cdn_log_line line;

    if (!log->lost_untold)
        return 0;
    cdn_log_line_begin(
        &line, form_of(log), cdn_clock_wall_ms(), CORDON_LEVEL_WARNING, "log.lost",
        "lines were lost: nobody read them, or they could not be written");
    cdn_log_line_number(&line, "lines", (int64_t)log->lost_untold);
    cdn_log_line_end(&line);
    memcpy(out, line.text, line.used);
    return line.used;
}

static void wait_for_more(struct cdn_log *log, bool tick)
{
    struct timespec until;

    log->waiting = true;
    if (tick) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        pthread_cond_timedwait(&log->more, &log->lock, &until);
    } else {
        pthread_cond_wait(&log->more, &log->lock);
    }
    log->waiting = false;
}

/* One batch; under the lock, but while it writes. */
static bool write_some(struct cdn_log *log)
{
    char batch[CDN_LOG_BATCH_BYTES];
    uint64_t telling = log->lost_untold;
    size_t count = lost_line(batch, log), lines;
    bool wrote;

    count += ring_take(batch + count, sizeof batch - count, &lines, log);
    pthread_mutex_unlock(&log->lock);
    wrote = write_batch(log, batch, count);
    pthread_mutex_lock(&log->lock);
    if (wrote) {
        log->lost_untold -= telling;
        log->stats.written += lines + (telling > 0);
    } else {
        log->lost_untold += lines;
        log->stats.lost += lines;
    }
    return wrote;
}

static void *writer(void *arg)
{
    struct cdn_log *log = arg;

    pthread_mutex_lock(&log->lock);
    for (;;) {
        bool open = close_windows(log, log->stopping);

        if (log->used) {
            if (!write_some(log) && past_stop(log))
                break;
        } else if (log->stopping) {
            break;
        } else {
            wait_for_more(log, open);
        }
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

/* ---- opening and closing ---- */

static cordon_status start_writer(struct cdn_log *log, cordon_error *err)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    int failure;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* signals are the main thread's; SIGPIPE would end the process */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failure = pthread_create(&log->thread, NULL, writer, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failure)
        return CORDON_OK;
    pthread_cond_destroy(&log->more);
    pthread_mutex_destroy(&log->lock);
    return cdn_error_errno(err, failure, "the log's thread");
}

cordon_status cdn_log_open(struct cdn_log **out, const struct cdn_log_options *options,
                           cordon_error *err)
{
    struct cdn_log *log = cdn_calloc(1, sizeof *log);
    struct cdn_log_options *own;
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!log)
        return cdn_error_nomem(err);
    log->options = *options;
    own = &log->options;
    own->fd = own->fd ? own->fd : STDERR_FILENO;
    own->ring_bytes = own->ring_bytes ? own->ring_bytes : 256 * 1024;
    own->repeats = own->repeats ? own->repeats : 5;
    own->window_ms = own->window_ms ? own->window_ms : 10000;
    own->close_ms = own->close_ms ? own->close_ms : 1000;
    atomic_init(&log->form, (unsigned)own->form);
    atomic_init(&log->level, (unsigned)own->level);
    atomic_init(&log->access, own->access);
    if (own->ring_bytes < 2 * CDN_LOG_LINE_BYTES)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the log's ring of %u bytes is too small; at least %d",
                               own->ring_bytes, 2 * CDN_LOG_LINE_BYTES);
    if (!status) {
        log->ring = cdn_alloc(own->ring_bytes);
        status = log->ring ? start_writer(log, err) : cdn_error_nomem(err);
    }
    if (status) {
        cdn_free(log->ring);
        cdn_free(log);
        return status;
    }
    *out = log;
    return CORDON_OK;
}

void cdn_log_close(struct cdn_log *log)
{
    struct timespec until;

    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    atomic_store(&log->stop_ns,
                 cdn_clock_ns() + (uint64_t)log->options.close_ms * 1000000);
    pthread_cond_signal(&log->more);
    pthread_mutex_unlock(&log->lock);
    /* Somebody else may fill the pipe between the writer's look and its write, which then
     * waits for the reader: the thread keeps what it uses, and the process ends without it. */
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(log->options.close_ms / 1000) + 1;
    if (pthread_timedjoin_np(log->thread, NULL, &until)) {
        pthread_detach(log->thread);
        return;
    }
    pthread_cond_destroy(&log->more);
    pthread_mutex_destroy(&log->lock);
    cdn_free(log->ring);
    cdn_free(log);
}

/* ---- lines ---- */

static bool wanted(struct cdn_log *log, cordon_level level)
{
    return log &&
           (unsigned)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

CDN_PRINTF(6, 0)
static void event_line(struct cdn_log *log, cordon_level level, const char *event,
                       const struct cdn_log_field *fields, size_t count,
                       const char *format, va_list args)
{
    char message[CORDON_ERROR_MESSAGE_BYTES + 128];
    struct cdn_log_line line;

    if (vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    cdn_log_line_begin(&line, form_of(log), cdn_clock_wall_ms(), level, event, message);
    for (size_t i = 0; i < count; i++)
        if (fields[i].text)
            cdn_log_line_text(&line, fields[i].name, fields[i].text);
        else
            cdn_log_line_number(&line, fields[i].name, fields[i].number);
    cdn_log_line_end(&line);
    pthread_mutex_lock(&log->lock);
    if (!is_repeat(log, level, event, message))
        add(log, &line);
    pthread_mutex_unlock(&log->lock);
}

void cdn_log_say(struct cdn_log *log, cordon_level level, const char *event,
                 const char *format, ...)
{
    va_list args;

    if (!wanted(log, level))
        return;
    va_start(args, format);
    event_line(log, level, event, NULL, 0, format, args);
    va_end(args);
}

void cdn_log_fields(struct cdn_log *log, cordon_level level, const char *event,
                    const struct cdn_log_field *fields, size_t count,
                    const char *format, ...)
{
    va_list args;

    if (!wanted(log, level))
        return;
    va_start(args, format);
    event_line(log, level, event, fields, count, format, args);
    va_end(args);
}

void cdn_log_engine(void *ud, cordon_level level, const char *message)
{
    cdn_log_say(ud, level, "engine", "%s", message);
}

bool cdn_log_wants_access(const struct cdn_log *log)
{
    return log && atomic_load_explicit(&log->access, memory_order_relaxed);
}

static void put_given(struct cdn_log_line *line, const char *name, const char *value)
{
    if (value && *value)
        cdn_log_line_text(line, name, value);
}

void cdn_log_access(struct cdn_log *log, const struct cdn_log_access *access)
{
    struct cdn_log_line line;

    if (!cdn_log_wants_access(log))
        return;
    cdn_log_line_begin(&line, form_of(log), cdn_clock_wall_ms(), CORDON_LEVEL_INFO,
                       "access", NULL);
    put_given(&line, "method", access->method);
    put_given(&line, "route", access->route);
    cdn_log_line_number(&line, "status", access->status);
    cdn_log_line_milli(&line, "ms", access->duration_ns / 1000);
    cdn_log_line_number(&line, "bytes", (int64_t)access->bytes);
    put_given(&line, "request_id", access->request_id);
    put_given(&line, "trace_id", access->trace_id);
    put_given(&line, "caller", access->caller);
    cdn_log_line_end(&line);
    pthread_mutex_lock(&log->lock);
    add(log, &line);
    pthread_mutex_unlock(&log->lock);
}

void cdn_log_set_level(struct cdn_log *log, cordon_level level, bool access)
{
    if (!log)
        return;
    atomic_store(&log->level, (unsigned)level);
    atomic_store(&log->access, access);
}

void cdn_log_set_form(struct cdn_log *log, enum cdn_log_form form)
{
    if (log)
        atomic_store(&log->form, (unsigned)form);
}

void cdn_log_get_stats(struct cdn_log_stats *out, struct cdn_log *log)
{
    *out = (struct cdn_log_stats){0};
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    *out = log->stats;
    pthread_mutex_unlock(&log->lock);
}
