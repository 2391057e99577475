/* What the server says to a service manager. */
#include "server/service.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { WAIT_MS = 100 };

/* A variable that is a number, taken out of the environment; false: it is none. */
static bool take_number(uint64_t *out, const char *name)
{
    const char *text = getenv(name);
    bool found =
        text && *text && !text[strspn(text, "0123456789")] && strlen(text) < 19;

    if (found)
        *out = strtoull(text, NULL, 10);
    unsetenv(name);
    return found;
}

/* "/path" or "@name", an abstract one, whose first byte is a NUL. */
static bool address_of(struct cdn_service *service, const char *name)
{
    size_t length = name ? strlen(name) : 0;

    if (length < 2 || length >= sizeof service->address.sun_path ||
        (*name != '/' && *name != '@'))
        return false;
    memset(&service->address, 0, sizeof service->address);
    service->address.sun_family = AF_UNIX;
    memcpy(service->address.sun_path, name, length);
    service->address_bytes =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*name == '/'));
    if (*name == '@')
        service->address.sun_path[0] = '\0';
    return true;
}

void cdn_service_init(struct cdn_service *service)
{
    uint64_t us = 0, pid = (uint64_t)getpid();

    service->fd = -1;
    service->watchdog_ms = 0;
    if (address_of(service, getenv("NOTIFY_SOCKET")))
        service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unsetenv("NOTIFY_SOCKET");
    (void)take_number(&pid, "WATCHDOG_PID");
    if (take_number(&us, "WATCHDOG_USEC") && pid == (uint64_t)getpid() && us)
        service->watchdog_ms = us / 1000 ? us / 1000 : 1;
}

void cdn_service_deinit(struct cdn_service *service)
{
    if (service->fd >= 0)
        close(service->fd);
    service->fd = -1;
}

bool cdn_service_tell(const struct cdn_service *service, const char *lines)
{
    uint64_t until = cdn_clock_ns() + (uint64_t)WAIT_MS * 1000000;
    size_t bytes = strlen(lines);

    if (service->fd < 0)
        return false;
    for (;;) {
        struct pollfd writable = {.fd = service->fd, .events = POLLOUT};
        ssize_t sent =
            sendto(service->fd, lines, bytes, MSG_NOSIGNAL,
                   (const struct sockaddr *)&service->address, service->address_bytes);

        if (sent >= 0)
            return true;
        if ((errno != EAGAIN && errno != EINTR) || cdn_clock_ns() >= until)
            return false;
        (void)poll(&writable, 1, 10);
    }
}

bool cdn_service_tell_reloading(const struct cdn_service *service)
{
    char lines[64];

    (void)snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                   cdn_clock_ns() / 1000);
    return cdn_service_tell(service, lines);
}
