/* systemd's protocol: what is told. */
#include "server/service.h"

#include <stddef.h>

#include "support/unit.h"

static int manager;

/* A socket of the manager's: a path in `folder`, or an abstract one. */
static void listen_as(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                  strlen(name) + (*name == '/'));

    memcpy(at.sun_path, name, strlen(name));
    if (*name == '@')
        at.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&at, bytes), 0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static const char *heard(void)
{
    static char text[1024];
    ssize_t got = recv(manager, text, sizeof text - 1, 0);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

static void tells(const char *name)
{
    struct cdn_service service;

    listen_as(name);
    cdn_service_init(&service);
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert(cdn_service_tell(&service, "READY=1\nSTATUS=all is well"));
    ck_assert_str_eq(heard(), "READY=1\nSTATUS=all is well");
    ck_assert(cdn_service_tell_reloading(&service));
    ck_assert_ptr_nonnull(strstr(heard(), "RELOADING=1\nMONOTONIC_USEC="));
    ck_assert_str_eq(heard(), "");
    cdn_service_deinit(&service);
    close(manager);
}

START_TEST(tell__reaches_a_path_and_an_abstract_name)
{
    char folder[256], path[300];

    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    tells(path);
    unlink(path);
    rmdir(folder);
    (void)snprintf(path, sizeof path, "@cordon-unit-%d", (int)getpid());
    tells(path);
}
END_TEST

START_TEST(tell__does_nothing_where_nobody_is_named)
{
    static const char *const bad[] = {"", "relative", "/", "@"};
    char longest[300];
    struct cdn_service service;

    unsetenv("NOTIFY_SOCKET");
    cdn_service_init(&service);
    ck_assert(!cdn_service_tell(&service, "READY=1"));
    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        cdn_service_init(&service);
        ck_assert_int_eq(service.fd, -1);
    }
    memset(longest, '/', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    cdn_service_init(&service);
    ck_assert_int_eq(service.fd, -1);
    setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
    cdn_service_init(&service);
    ck_assert(!cdn_service_tell(&service, "READY=1"));
    cdn_service_deinit(&service);
    cdn_service_deinit(&service);
}
END_TEST

/* A manager that has stopped reading: every call returns. */
START_TEST(tell__does_not_wait_for_a_manager_that_sleeps)
{
    struct cdn_service service;
    char name[64];
    int told = 0;

    (void)snprintf(name, sizeof name, "@cordon-unit-%d", (int)getpid());
    listen_as(name);
    cdn_service_init(&service);
    while (cdn_service_tell(&service, "WATCHDOG=1"))
        told++;
    ck_assert_int_gt(told, 0);
    ck_assert_str_eq(heard(), "WATCHDOG=1");
    ck_assert(cdn_service_tell(&service, "READY=1"));
    cdn_service_deinit(&service);
    close(manager);
}
END_TEST

START_TEST(watchdog__is_read_from_the_environment)
{
    struct cdn_service service;
    char pid[16];

    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", "30000000", 1);
    cdn_service_init(&service);
    ck_assert_uint_eq(service.watchdog_ms, 30000);
    ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
    cdn_service_init(&service);
    ck_assert_uint_eq(service.watchdog_ms, 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1); /* for another process */
    cdn_service_init(&service);
    ck_assert_uint_eq(service.watchdog_ms, 0);
    setenv("WATCHDOG_USEC", "1", 1);
    setenv("WATCHDOG_PID", pid, 1);
    cdn_service_init(&service);
    ck_assert_uint_eq(service.watchdog_ms, 1);
    setenv("WATCHDOG_USEC", "-5", 1);
    cdn_service_init(&service);
    ck_assert_uint_eq(service.watchdog_ms, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("service");

    CDN_UNIT_CASE(s, tell__reaches_a_path_and_an_abstract_name);
    CDN_UNIT_CASE(s, tell__does_nothing_where_nobody_is_named);
    CDN_UNIT_CASE(s, tell__does_not_wait_for_a_manager_that_sleeps);
    CDN_UNIT_CASE(s, watchdog__is_read_from_the_environment);
    return s;
}

CDN_UNIT_MAIN(suite)
