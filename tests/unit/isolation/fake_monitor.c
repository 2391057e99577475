/* A monitor that is none, for tests: it takes QEMU's arguments or speaks Firecracker's API, and
 * behaves in place of the machine, well or badly. */
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_monitor.h"
#include "isolation/qemu.h"
#include "isolation/service.h"
#include "isolation/worker.h"

static int tell_end(struct cdn_channel *channel, enum cdn_frame kind,
                    struct cdn_buf *out)
{
    (void)cdn_channel_send(channel, (uint16_t)kind, out->data, out->length, UINT64_MAX,
                           NULL);
    cdn_buf_deinit(out);
    (void)pause();
    return 0;
}

static int count_entries(const char *path)
{
    DIR *folder = opendir(path);
    int count = 0;

    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static int capabilities(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    int none = 0;
    char line[256];

    while (file && fgets(line, sizeof line, file))
        none += !strncmp(line, "Cap", 3) && strstr(line, "\t0000000000000000") != NULL;
    if (file)
        fclose(file);
    return none;
}

/* What there is to see from inside, for the host to be told as an error. */
static int look(struct cdn_channel *channel)
{
    struct if_nameindex *links = if_nameindex();
    struct rlimit files = {0};
    struct cdn_buf out = {0};
    cordon_error err;
    int network = 0;

    for (int i = 0; links && links[i].if_index; i++)
        network += strcmp(links[i].if_name, "lo") != 0;
    getrlimit(RLIMIT_NOFILE, &files);
    cdn_error_set(
        &err, CORDON_E_DENIED,
        "id %u, no capabilities %d, no new privileges %d, environment %d, "
        "links %d, files of home %d, descriptors at most %d, kernel writable %d",
        geteuid(), capabilities(), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
        environ[0] != NULL, network, count_entries("/root"), (int)files.rlim_cur,
        pwrite(CDN_MONITOR_KERNEL, "x", 1, 0) == 1);
    if_freenameindex(links);
    cdn_wire_put_failed(&out, &err);
    return tell_end(channel, CDN_FRAME_FAILED, &out);
}

static int serve(struct cdn_channel *channel)
{
    struct cdn_service *service;
    cordon_error err;

    if (cdn_service_new(&service, NULL, NULL, channel, &err))
        return 1;
    return cdn_service_run(service, CDN_LOCK_SECCOMP, &err) != CORDON_OK;
}

static bool on_kvm; /* it is told to be */

static int behave(unsigned long how, int fd)
{
    struct cdn_wire_hello hello = {.version = CDN_WIRE_VERSION};
    struct cdn_channel channel;
    struct cdn_buf out = {0};

    cdn_channel_init(&channel, CDN_CHANNEL_WORKER, fd, NULL);
    switch (how) {
    case FAKE_SERVE:
        return serve(&channel);
    case FAKE_LATE_KVM:
        while (!on_kvm)
            (void)pause();
        usleep(800000);
        return serve(&channel);
    case FAKE_SLOW_KVM:
        while (on_kvm)
            (void)pause();
        return serve(&channel);
    case FAKE_HANG:
    case FAKE_NO_CALL:
        (void)pause();
        return 0;
    case FAKE_FAIL:
        fprintf(stderr, "this machine\x1b[1m is not for sale\n");
        return 1;
    case FAKE_JUNK:
        (void)send(fd, "SeaBIOS (version 1.16)", 22, MSG_NOSIGNAL);
        (void)pause();
        return 0;
    case FAKE_OTHER_SNAPSHOT:
        hello.identity = 42;
        break;
    case FAKE_OTHER_VERSION:
        hello.version++;
        break;
    case FAKE_LOOK:
        return look(&channel);
    default:
        return 2;
    }
    cdn_wire_put_hello(&out, &hello);
    return tell_end(&channel, CDN_FRAME_HELLO, &out);
}

/* The third number of "-- machine CHANNEL SLICE IMAGE ...". */
static unsigned long told(const char *line)
{
    const char *at = strstr(line, "-- machine ");
    unsigned long slice, image;

    if (!at || sscanf(at, "-- machine %*s %lu %lu", &slice, &image) != 2)
        return 0;
    return image;
}

/* ---- Firecracker ---- */

static const char *const asked[] = {"PUT /machine-config ", "PUT /boot-source ",
                                    "PUT /vsock ", "PUT /actions "};
enum { REQUESTS = sizeof asked / sizeof *asked };

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) || listen(fd, 4))
        exit(3);
    return fd;
}

/* One request, whole; exits if it is not the one that is due. */
static void take(int fd, const char *due, char *text, size_t size)
{
    size_t length = 0;
    const char *body, *said;

    for (;;) {
        ssize_t got = read(fd, text + length, size - 1 - length);

        if (got <= 0)
            exit(4);
        length += (size_t)got;
        text[length] = '\0';
        body = strstr(text, "\r\n\r\n");
        said = strstr(text, "Content-Length: ");
        if (body && said && strlen(body + 4) >= strtoul(said + 16, NULL, 10))
            break;
    }
    if (strncmp(text, due, strlen(due)) != 0)
        exit(5);
}

static int firecracker(const char *api)
{
    static const char fine[] = "HTTP/1.1 204 \r\nServer: Firecracker API\r\n\r\n";
    static const char no[] = "HTTP/1.1 400 \r\nContent-Length: 44\r\n\r\n"
                             "{\"fault_message\": \"no kernel of that kind\"}\n";
    struct sockaddr_un host = {.sun_family = AF_UNIX};
    int listener = listen_at(api), call;
    unsigned long how = 0;
    char text[8192];

    for (int i = 0; i < REQUESTS; i++) {
        int fd = accept(listener, NULL, NULL);

        take(fd, asked[i], text, sizeof text);
        if (!how)
            how = told(text);
        while (how == FAKE_NO_HTTP && send(fd, text, 1000, MSG_NOSIGNAL) > 0)
            ;
        if (how == FAKE_REFUSE)
            (void)send(fd, no, sizeof no - 1, MSG_NOSIGNAL);
        else
            (void)send(fd, fine, sizeof fine - 1, MSG_NOSIGNAL);
        close(fd);
        if (how == FAKE_FAIL)
            return behave(how, 3);
    }
    if (how == FAKE_NO_CALL)
        return behave(how, 3);
    snprintf(host.sun_path, sizeof host.sun_path, "%.*svsock_1024",
             (int)(strrchr(api, '/') + 1 - api), api);
    call = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(call, (const struct sockaddr *)&host, sizeof host))
        return 6;
    return behave(how, call);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "kvm"))
        return pause(); /* as KVM may */
    for (int i = 1; i + 1 < argc; i++) {
        if (!strcmp(argv[i], "--api-sock"))
            return firecracker(argv[i + 1]);
        if (!strcmp(argv[i], "-accel"))
            on_kvm = !strcmp(argv[i + 1], "kvm");
        if (!strcmp(argv[i], "-append"))
            return behave(told(argv[i + 1]), 3);
    }
    return 2;
}
