/* An epoll over the sockets of suspended connections.
 *
 * An event may have been taken from the epoll just before its connection is removed, and its
 * place be given to another one by the time it is looked at.  So an event names a place and the
 * number of its use, and is looked at under the lock that removing takes. */
#include "server/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

#define NO_PLACE UINT32_MAX

struct place {
    cordon_cancel *cancel; /* NULL: free */
    uint32_t use;
    uint32_t next; /* the next free one */
};

struct cdn_watch {
    pthread_mutex_t lock;
    pthread_t thread;
    bool started;
    int epoll;
    int over; /* eventfd */
    uint32_t free;
    uint32_t count;
    struct place places[];
};

static void look(struct cdn_watch *watch, uint64_t event)
{
    struct place *place = &watch->places[(uint32_t)event];

    pthread_mutex_lock(&watch->lock);
    if (place->cancel && place->use == (uint32_t)(event >> 32))
        cordon_cancel_request(place->cancel);
    pthread_mutex_unlock(&watch->lock);
}

static void *run(void *ud)
{
    struct cdn_watch *watch = ud;
    struct epoll_event events[32];

    for (;;) {
        int count = epoll_wait(watch->epoll, events, 32, -1);

        if (count < 0 && errno != EINTR)
            return NULL;
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == UINT64_MAX)
                return NULL;
            look(watch, events[i].data.u64);
        }
    }
}

static cordon_status start(struct cdn_watch *watch, cordon_error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    int failed;

    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    watch->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watch->epoll < 0 || watch->over < 0 ||
        epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->over, &event) != 0)
        return cdn_error_errno(err, errno, "epoll");
    failed = pthread_create(&watch->thread, NULL, run, watch);
    watch->started = !failed;
    return failed ? cdn_error_errno(err, failed, "cannot start a thread") : CORDON_OK;
}

cordon_status cdn_watch_open(struct cdn_watch **out, uint32_t most, cordon_error *err)
{
    struct cdn_watch *watch =
        cdn_calloc(1, sizeof *watch + most * sizeof *watch->places);
    cordon_status status;

    *out = NULL;
    if (!watch)
        return cdn_error_nomem(err);
    pthread_mutex_init(&watch->lock, NULL);
    watch->epoll = watch->over = -1;
    watch->count = most;
    watch->free = most ? 0 : NO_PLACE;
    for (uint32_t i = 0; i < most; i++)
        watch->places[i].next = i + 1 < most ? i + 1 : NO_PLACE;
    status = start(watch, err);
    if (status) {
        cdn_watch_close(watch);
        return status;
    }
    *out = watch;
    return CORDON_OK;
}

void cdn_watch_close(struct cdn_watch *watch)
{
    static const uint64_t one = 1;

    if (!watch)
        return;
    if (watch->started && write(watch->over, &one, sizeof one) == sizeof one)
        pthread_join(watch->thread, NULL);
    if (watch->epoll >= 0)
        close(watch->epoll);
    if (watch->over >= 0)
        close(watch->over);
    pthread_mutex_destroy(&watch->lock);
    cdn_free(watch);
}

uint32_t cdn_watch_add(struct cdn_watch *watch, int fd, cordon_cancel *cancel)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLONESHOT};
    struct place *place;
    uint32_t at;

    pthread_mutex_lock(&watch->lock);
    at = watch->free;
    if (at != NO_PLACE) {
        place = &watch->places[at];
        watch->free = place->next;
        place->cancel = cancel;
        place->use++;
        event.data.u64 = (uint64_t)place->use << 32 | at;
    }
    pthread_mutex_unlock(&watch->lock);
    if (at != NO_PLACE && epoll_ctl(watch->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        cdn_watch_remove(watch, at, -1);
        at = NO_PLACE;
    }
    return at;
}

void cdn_watch_remove(struct cdn_watch *watch, uint32_t place, int fd)
{
    if (place == NO_PLACE)
        return;
    if (fd >= 0)
        epoll_ctl(watch->epoll, EPOLL_CTL_DEL, fd, NULL);
    pthread_mutex_lock(&watch->lock);
    watch->places[place].cancel = NULL;
    watch->places[place].next = watch->free;
    watch->free = place;
    pthread_mutex_unlock(&watch->lock);
}

void cdn_watch_cancel_all(struct cdn_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    for (uint32_t i = 0; i < watch->count; i++) {
        if (watch->places[i].cancel)
            cordon_cancel_request(watch->places[i].cancel);
    }
    pthread_mutex_unlock(&watch->lock);
}
