/* Deadlines: a list of connections, and a walk over it now and then.
 *
 * The list is as long as connections may be open, a thousand or so, and a walk looks at one
 * number of each: a heap of deadlines would have to be kept in order by every request. */
#include "server/guard.h"

#include <pthread.h>
#include <sys/socket.h>

#include "base/alloc.h"

struct cdn_guard {
    struct cdn_guard_times times;
    pthread_mutex_t lock;
    struct cdn_guarded *first;
};

cordon_status cdn_guard_new(struct cdn_guard **out, const struct cdn_guard_times *times,
                            cordon_error *err)
{
    struct cdn_guard *guard = cdn_calloc(1, sizeof *guard);

    *out = NULL;
    if (!guard)
        return cdn_error_nomem(err);
    guard->times = *times;
    if (pthread_mutex_init(&guard->lock, NULL)) {
        cdn_free(guard);
        return cdn_error_nomem(err);
    }
    *out = guard;
    return CORDON_OK;
}

void cdn_guard_free(struct cdn_guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_destroy(&guard->lock);
    cdn_free(guard);
}

static void set(struct cdn_guarded *connection, uint64_t until_ns)
{
    atomic_store_explicit(&connection->until_ns, until_ns, memory_order_relaxed);
}

void cdn_guard_begin(struct cdn_guard *guard, struct cdn_guarded *connection, int fd,
                     uint64_t now_ns)
{
    connection->guard = guard;
    connection->fd = fd;
    connection->previous = NULL;
    set(connection, now_ns + guard->times.header_ms * 1000000);
    pthread_mutex_lock(&guard->lock);
    connection->next = guard->first;
    if (guard->first)
        guard->first->previous = connection;
    guard->first = connection;
    pthread_mutex_unlock(&guard->lock);
}

void cdn_guard_headers(struct cdn_guarded *connection, uint64_t now_ns)
{
    if (connection->guard)
        set(connection, now_ns + connection->guard->times.request_ms * 1000000);
}

void cdn_guard_whole(struct cdn_guarded *connection)
{
    set(connection, 0);
}

void cdn_guard_answered(struct cdn_guarded *connection, uint64_t now_ns)
{
    const struct cdn_guard *guard = connection->guard;

    if (guard)
        set(connection,
            now_ns + (guard->times.idle_ms + guard->times.header_ms) * 1000000);
}

void cdn_guard_end(struct cdn_guarded *connection)
{
    struct cdn_guard *guard = connection->guard;

    if (!guard)
        return;
    pthread_mutex_lock(&guard->lock);
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        guard->first = connection->next;
    pthread_mutex_unlock(&guard->lock);
    connection->guard = NULL;
}

size_t cdn_guard_sweep(struct cdn_guard *guard, uint64_t now_ns)
{
    size_t count = 0;

    pthread_mutex_lock(&guard->lock);
    for (struct cdn_guarded *at = guard->first; at; at = at->next) {
        uint64_t until_ns = atomic_load_explicit(&at->until_ns, memory_order_relaxed);

        if (!until_ns || now_ns < until_ns)
            continue;
        shutdown(at->fd, SHUT_RDWR);
        set(at, 0);
        count++;
    }
    pthread_mutex_unlock(&guard->lock);
    return count;
}
