/* A whole server in this program: requests from several threads while files change, reloads are
 * asked for, spans are exported and the server drains.  ThreadSanitizer watches. */
#include "server/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support/unit.h"

static char folder[256], rule[300], path[300];
static atomic_int answered, wrong;

static void write_rule(int number)
{
    char fresh[320], text[512];
    int fd;

    (void)snprintf(fresh, sizeof fresh, "%s.new", rule);
    (void)snprintf(text, sizeof text,
                   "return { name = \"told\", decisions = { \"allow\" }, fallback = "
                   "\"allow\",\nevaluate = function() return { decision = \"allow\", "
                   "score = %d } end }\n",
                   number);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    ck_assert_int_eq(rename(fresh, rule), 0);
}

/* One exchange on a connection of its own; false: nobody listens. */
static bool ask(const char *request)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t used = 0;
    char text[16384];
    ssize_t got;

    memcpy(at.sun_path, path, strlen(path));
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) {
        close(fd);
        return false;
    }
    (void)send(fd, request, strlen(request), MSG_NOSIGNAL);
    while ((got = recv(fd, text + used, sizeof text - 1 - used, 0)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fd);
    /* refused at once is an answer too, on a machine that is busy */
    if (!strstr(text, "HTTP/1.1 200 ") && !strstr(text, "HTTP/1.1 503 "))
        atomic_fetch_add(&wrong, 1);
    atomic_fetch_add(&answered, 1);
    return true;
}

static void *client(void *arg)
{
    static const char *const requests[] = {
        "POST /v1/evaluate/told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "POST /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n",
    };
    int number = *(int *)arg;

    while (ask(requests[number]))
        continue;
    return NULL;
}

static void *run(void *arg)
{
    cdn_server_run(arg);
    cdn_server_drain(arg);
    return NULL;
}

START_TEST(server__answers_while_everything_changes)
{
    enum { CLIENTS = 6 };
    static int numbers[CLIENTS] = {0, 0, 0, 1, 2, 3};
    const char *rules[] = {rule};
    struct cdn_server_options options = {
        .rules = rules,
        .rule_count = 1,
        .no_tcp = true,
        .socket = path,
        .threads = 2,
        .workers = 2,
        .logging = true,
        .log = {.access = true, .level = CORDON_LEVEL_DEBUG},
        .trace = {.endpoint = "http://127.0.0.1:1", .close_ms = 1},
    };
    pthread_t clients[CLIENTS], runner;
    struct cdn_server *server;
    cordon_error err;

    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(rule, sizeof rule, "%s/told.lua", folder);
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    options.log.fd = open("/dev/null", O_WRONLY);
    write_rule(0);
    ck_assert_msg(!cdn_server_open(&server, &options, &err), "%s", err.message);
    ck_assert_int_eq(pthread_create(&runner, NULL, run, server), 0);
    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(pthread_create(&clients[i], NULL, client, &numbers[i]), 0);
    for (int i = 1; i <= 20; i++) {
        int before = atomic_load(&answered);

        write_rule(i);
        if (i % 3 == 0)
            cdn_server_reload(server);
        while (atomic_load(&answered) < before + 10)
            usleep(1000);
    }
    cdn_server_stop(server);
    pthread_join(runner, NULL);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    ck_assert_int_eq(cdn_server_close(server, NULL), CORDON_OK);
    ck_assert_int_eq(atomic_load(&wrong), 0);
    close(options.log.fd);
    unlink(rule);
    ck_assert_int_eq(rmdir(folder), 0); /* the socket is gone */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("server");

    CDN_UNIT_CASE(s, server__answers_while_everything_changes);
    return s;
}

CDN_UNIT_MAIN(suite)
