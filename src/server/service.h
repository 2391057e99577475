/* What the server says to a service manager: systemd's protocol, by hand.
 *
 * One datagram with lines NAME=VALUE to the socket that NOTIFY_SOCKET names
 * (sd_notify(3)).  Without a manager all of it does nothing.
 *
 * Threads: telling is safe from any; the rest belongs to the one that starts the server. */
#ifndef CDN_SERVER_SERVICE_H
#define CDN_SERVER_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct cdn_service {
    int fd; /* -1: there is nobody to tell */
    struct sockaddr_un address;
    socklen_t address_bytes;
    uint64_t
        watchdog_ms; /* how often "WATCHDOG=1" is expected at least; 0: not at all */
};

/* Look at the environment, and take the variables out of it: they are for this process alone. */
void cdn_service_init(struct cdn_service *service);
void cdn_service_deinit(struct cdn_service *service);

/* Send lines such as "READY=1" with '\n' between them.  Waits a tenth of a second at most for a
 * manager that does not read; what it does not take then is not said.  False: it was not. */
bool cdn_service_tell(const struct cdn_service *service, const char *lines);
/* "RELOADING=1" with the time that systemd wants beside it; "READY=1" ends it. */
bool cdn_service_tell_reloading(const struct cdn_service *service);

#endif
