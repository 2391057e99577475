/* Load for a server: so many connections, requests out of a file, a JSON line of what came back.
 *
 *   bench_load (--tcp HOST:PORT | --unix PATH) --requests FILE [--resp]
 *              [--connections N] [--seconds S] [--warm S] [--depth N | --rate N [--seed N]]
 *              [--dump FILE]
 *
 * FILE holds whole requests as they go over the wire, each behind its length (four bytes, least
 * first); they are sent in order, over and over.  Two kinds of load:
 *
 *   closed  each connection has `depth` requests under way, and sends as many when all are
 *           answered: how much the server can do.  Times count from sending.
 *   open    (--rate) requests fall due at random, so many a second on average, whether or not
 *           the server keeps up.  Times count from when a request fell due, also where it had
 *           to wait here for a free connection: nothing that the server is late with is left
 *           out.  What was due and never sent is `unsent`.
 *
 * Answers are told apart: 2xx are `served`, 429 and 503 `refused`, all others and Redis's errors
 * `failed`.  --dump instead asks each request once, on one connection, and writes the answers'
 * bodies, framed as the requests are.
 *
 * One thread and epoll, so that it takes one processor at most from the server beside it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "reply.h"

#define EVENTS      256
#define MAX_DEPTH   1024u
#define READ_BYTES  ((size_t)64 << 10)
#define MAX_REPLY   ((size_t)64 << 20)
#define DRAIN_NS    UINT64_C(2000000000)
#define MAX_STATUS  600u
#define NS_A_SECOND UINT64_C(1000000000)

struct frames {
    char *bytes;
    size_t *at; /* count + 1 of them: request i is bytes[at[i]..at[i + 1]) */
    size_t count;
};

struct connection {
    int fd; /* -1: given up */
    const char *out;
    size_t out_bytes;   /* still to be written */
    unsigned under_way; /* requests without their answers */
    uint64_t due_ns;    /* the batch's */
    uint64_t sent_ns;
    char *in;
    size_t in_bytes, in_capacity;
};

/* What became of requests of one kind. */
struct tally {
    struct histogram from_due;
    struct histogram from_sent;
};

static struct {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    enum protocol protocol;
    unsigned depth;
    double rate; /* 0: closed */
    size_t connections;
    double seconds, warm_seconds;
    uint64_t seed;
    const char *dump;
} plan = {.protocol = PROTOCOL_HTTP,
          .depth = 1,
          .connections = 32,
          .seconds = 5,
          .warm_seconds = 1,
          .seed = 1};

static struct frames frames;
static size_t next_frame;
static int poll_fd;
static struct connection *connections;
static size_t *idle; /* a ring of connections that wait for work; open load alone */
static size_t idle_first, idle_count;
static uint64_t begin_ns, end_ns; /* what is due between is counted */
static struct tally served, refused, failed;
static uint64_t by_status[MAX_STATUS];
static uint64_t retry_after, sent, total, broken, reopened, unanswered;
static FILE *dump_file;

static void die(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
    va_list args;

    fputs("bench_load: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(3);
}

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * NS_A_SECOND + (uint64_t)ts.tv_nsec;
}

/* ---- requests ---- */

static void read_frames(const char *path)
{
    unsigned char head[4];
    size_t capacity = 0, room = 0, used = 0;
    FILE *file = fopen(path, "rb");

    if (!file)
        die("%s: %s", path, strerror(errno));
    while (fread(head, 1, 4, file) == 4) {
        size_t bytes = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
                       (size_t)head[3] << 24;
        if (frames.count + 2 > capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            frames.at = realloc(frames.at, capacity * sizeof *frames.at);
        }
        if (used + bytes > room) {
            room = (used + bytes) * 2;
            frames.bytes = realloc(frames.bytes, room);
        }
        if (!frames.at || !frames.bytes)
            die("out of memory");
        if (!bytes || fread(frames.bytes + used, 1, bytes, file) != bytes)
            die("%s: request %zu is cut short", path, frames.count);
        frames.at[frames.count++] = used;
        used += bytes;
        frames.at[frames.count] = used;
    }
    fclose(file);
    if (!frames.count)
        die("%s: there are no requests in it", path);
}

/* Seconds until the next arrival: a Poisson process, from a xorshift generator. */
static uint64_t next_gap(void)
{
    plan.seed ^= plan.seed << 13;
    plan.seed ^= plan.seed >> 7;
    plan.seed ^= plan.seed << 17;
    double share = ((double)(plan.seed >> 11) + 0.5) * 0x1p-53;
    return (uint64_t)(-log(share) / plan.rate * (double)NS_A_SECOND);
}

/* ---- connections ---- */

/* False: nobody listens there, or its queue is full. */
static bool open_connection(struct connection *c)
{
    int on = 1;
    int fd = socket(plan.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    c->fd = -1;
    c->in_bytes = c->out_bytes = 0;
    c->under_way = 0;
    if (fd < 0)
        die("socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&plan.address, plan.address_bytes)) {
        close(fd);
        return false;
    }
    if (plan.address.ss_family == AF_INET)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t)(c - connections)};
    if (fcntl(fd, F_SETFL, O_NONBLOCK) || epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event))
        die("a connection: %s", strerror(errno));
    c->fd = fd;
    return true;
}

/* The server closed it: requests under way have no answer. */
static void reopen(struct connection *c)
{
    broken += c->under_way;
    close(c->fd);
    if (open_connection(c))
        reopened++;
}

static void wait_for(const struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)(c - connections)};

    if (epoll_ctl(poll_fd, EPOLL_CTL_MOD, c->fd, &event))
        die("epoll: %s", strerror(errno));
}

static void push_out(struct connection *c)
{
    ssize_t n = send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN)
        return; /* reading finds out that it is closed */
    if (n > 0) {
        c->out += n;
        c->out_bytes -= (size_t)n;
    }
    if (c->out_bytes)
        wait_for(c, EPOLLIN | EPOLLOUT);
}

/* Send the next requests, as many as are to be under way. */
static void ask(struct connection *c, uint64_t due, uint64_t now)
{
    size_t count = plan.depth;

    if (next_frame == frames.count)
        next_frame = 0;
    if (count > frames.count - next_frame)
        count = frames.count - next_frame;
    c->out = frames.bytes + frames.at[next_frame];
    c->out_bytes = frames.at[next_frame + count] - frames.at[next_frame];
    c->under_way = (unsigned)count;
    c->due_ns = due;
    c->sent_ns = now;
    next_frame += count;
    total += count;
    if (due >= begin_ns)
        sent += count;
    push_out(c);
}

static void put_idle(struct connection *c)
{
    idle[(idle_first + idle_count++) % plan.connections] = (size_t)(c - connections);
}

static struct connection *take_idle(void)
{
    struct connection *c = &connections[idle[idle_first]];

    idle_first = (idle_first + 1) % plan.connections;
    idle_count--;
    return c;
}

/* ---- answers ---- */

static void count_reply(const struct connection *c, const struct reply *reply,
                        uint64_t now)
{
    if (c->due_ns < begin_ns)
        return;
    struct tally *tally = reply->status >= 200 && reply->status < 300    ? &served
                          : reply->status == 429 || reply->status == 503 ? &refused
                                                                         : &failed;
    histogram_add(&tally->from_due, now - c->due_ns);
    histogram_add(&tally->from_sent, now - c->sent_ns);
    if (reply->status < MAX_STATUS)
        by_status[reply->status]++;
    if (reply->retry_after)
        retry_after++;
}

static void write_dump(const struct reply *reply)
{
    size_t n = reply->body_bytes;
    unsigned char head[4] = {(unsigned char)n, (unsigned char)(n >> 8),
                             (unsigned char)(n >> 16), (unsigned char)(n >> 24)};

    if (fwrite(head, 1, 4, dump_file) != 4 || fwrite(reply->body, 1, n, dump_file) != n)
        die("%s: %s", plan.dump, strerror(errno));
}

/* Take the replies out of what was read.  False: the connection has no further use. */
static bool take_replies(struct connection *c, uint64_t now)
{
    size_t at = 0;
    bool last = false;

    while (c->under_way && !last) {
        struct reply reply;
        enum reply_state state =
            reply_read(&reply, plan.protocol, c->in + at, c->in_bytes - at);
        if (state == REPLY_NONE)
            die("the server sent what is no reply: %.*s", (int)(c->in_bytes - at),
                c->in + at);
        if (state == REPLY_PART)
            break;
        at += reply.bytes;
        c->under_way--;
        last = reply.last;
        if (dump_file)
            write_dump(&reply);
        else
            count_reply(c, &reply, now);
    }
    memmove(c->in, c->in + at, c->in_bytes - at);
    c->in_bytes -= at;
    return !last;
}

/* Read what is there.  True: the connection is free for the next. */
static bool pull_in(struct connection *c)
{
    for (;;) {
        if (c->in_capacity - c->in_bytes < READ_BYTES) {
            c->in_capacity = c->in_capacity ? c->in_capacity * 2 : READ_BYTES * 2;
            if (c->in_capacity > MAX_REPLY)
                die("a reply of more than %zu bytes", MAX_REPLY);
            c->in = realloc(c->in, c->in_capacity);
            if (!c->in)
                die("out of memory");
        }
        ssize_t n = recv(c->fd, c->in + c->in_bytes, c->in_capacity - c->in_bytes, 0);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            reopen(c);
            return c->fd >= 0;
        }
        c->in_bytes += (size_t)n;
        if (!take_replies(c, now_ns())) {
            reopen(c);
            return c->fd >= 0;
        }
        if (!c->under_way)
            return true;
    }
}

/* ---- the round ---- */

static void handle_events(int timeout_is_set, const struct timespec *timeout)
{
    struct epoll_event events[EVENTS];
    int count =
        epoll_pwait2(poll_fd, events, EVENTS, timeout_is_set ? timeout : NULL, NULL);

    if (count < 0 && errno != EINTR)
        die("epoll: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct connection *c = &connections[events[i].data.u64];
        if (c->fd < 0)
            continue;
        if (events[i].events & EPOLLOUT) {
            wait_for(c, EPOLLIN);
            push_out(c);
        }
        if (!(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
            continue;
        bool was_idle = !c->under_way;
        if (!pull_in(c) || was_idle)
            continue;
        uint64_t now = now_ns();
        if (plan.rate > 0)
            put_idle(c);
        else if (now < end_ns && (!dump_file || next_frame < frames.count))
            ask(c, now, now);
    }
}

static bool any_under_way(void)
{
    for (size_t i = 0; i < plan.connections; i++)
        if (connections[i].fd >= 0 && connections[i].under_way)
            return true;
    return false;
}

static void wait_until(uint64_t until, uint64_t now)
{
    uint64_t left = until > now ? until - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / NS_A_SECOND),
                               .tv_nsec = (long)(left % NS_A_SECOND)};

    handle_events(1, &timeout);
}

static void run_closed(void)
{
    uint64_t now = now_ns();

    for (size_t i = 0; i < plan.connections; i++)
        ask(&connections[i], now, now);
    while (any_under_way() && now < end_ns + DRAIN_NS) {
        wait_until(end_ns + DRAIN_NS, now);
        now = now_ns();
    }
}

/* Returns how many were due and never sent. */
static uint64_t run_open(void)
{
    uint64_t now = now_ns(), due = now + next_gap(), unsent = 0;

    for (size_t i = 0; i < plan.connections; i++)
        put_idle(&connections[i]);
    while (now < end_ns) {
        while (due <= now && idle_count) {
            struct connection *c = take_idle();
            if (c->fd < 0)
                continue;
            ask(c, due, now);
            due += next_gap();
            now = now_ns();
        }
        wait_until(idle_count && due < end_ns ? due : end_ns, now);
        now = now_ns();
    }
    for (; due < end_ns; due += next_gap())
        unsent += due >= begin_ns;
    while (any_under_way() && now < end_ns + DRAIN_NS) {
        wait_until(end_ns + DRAIN_NS, now);
        now = now_ns();
    }
    return unsent;
}

/* ---- what came of it ---- */

static void print_times(const char *name, const struct histogram *h)
{
    printf("\"%s\": {\"mean_us\": %.1f, \"p50_us\": %.1f, \"p90_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"most_us\": %.1f}",
           name, h->count ? (double)h->sum / (double)h->count / 1e3 : 0.0,
           (double)histogram_at(h, 0.5) / 1e3, (double)histogram_at(h, 0.9) / 1e3,
           (double)histogram_at(h, 0.99) / 1e3, (double)histogram_at(h, 0.999) / 1e3,
           (double)h->most / 1e3);
}

static void print_tally(const char *name, const struct tally *tally)
{
    printf(", \"%s\": {\"count\": %" PRIu64 ", \"per_s\": %.1f", name,
           tally->from_due.count, (double)tally->from_due.count / plan.seconds);
    if (tally->from_due.count) {
        fputs(", ", stdout);
        print_times("from_due", &tally->from_due);
        fputs(", ", stdout);
        print_times("from_sent", &tally->from_sent);
    }
    fputc('}', stdout);
}

static void print_results(uint64_t unsent)
{
    const char *separator = "";

    printf(
        "{\"load\": \"%s\", \"connections\": %zu, \"depth\": %u, \"rate\": %.0f, "
        "\"seconds\": %.1f, \"total\": %" PRIu64 ", \"sent\": %" PRIu64
        ", \"unsent\": %" PRIu64 ", \"unanswered\": %" PRIu64 ", \"broken\": %" PRIu64
        ", \"reopened\": %" PRIu64 ", \"retry_after\": %" PRIu64,
        plan.rate > 0 ? "open" : "closed", plan.connections, plan.depth, plan.rate,
        plan.seconds, total, sent, unsent, unanswered, broken, reopened, retry_after);
    print_tally("served", &served);
    print_tally("refused", &refused);
    print_tally("failed", &failed);
    fputs(", \"status\": {", stdout);
    for (unsigned s = 0; s < MAX_STATUS; s++)
        if (by_status[s]) {
            printf("%s\"%u\": %" PRIu64, separator, s, by_status[s]);
            separator = ", ";
        }
    puts("}}");
}

/* ---- options ---- */

static double read_positive(const char *text, const char *name)
{
    char *end;
    double value = strtod(text, &end);

    if (*end || end == text || !(value > 0) || value > 1e9)
        die("--%s is a number above 0, not %s", name, text);
    return value;
}

static void read_address(const char *text, bool is_path)
{
    if (is_path) {
        struct sockaddr_un *un = (struct sockaddr_un *)&plan.address;
        if (strlen(text) >= sizeof un->sun_path)
            die("%s: longer than a socket's path may be", text);
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, text, strlen(text) + 1);
        plan.address_bytes = sizeof *un;
        return;
    }
    struct sockaddr_in *in = (struct sockaddr_in *)&plan.address;
    const char *colon = strrchr(text, ':');
    char host[64];
    if (!colon || (size_t)(colon - text) >= sizeof host)
        die("--tcp is HOST:PORT, not %s", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)read_positive(colon + 1, "tcp's port"));
    if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        die("--tcp: %s is no IPv4 address", host);
    plan.address_bytes = sizeof *in;
}

static void read_options(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"tcp", required_argument, NULL, 't'},
        {"unix", required_argument, NULL, 'u'},
        {"requests", required_argument, NULL, 'r'},
        {"resp", no_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"warm", required_argument, NULL, 'w'},
        {"depth", required_argument, NULL, 'd'},
        {"rate", required_argument, NULL, 'a'},
        {"seed", required_argument, NULL, 'e'},
        {"dump", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 't':
        case 'u':
            read_address(optarg, option == 'u');
            break;
        case 'r':
            read_frames(optarg);
            break;
        case 'p':
            plan.protocol = PROTOCOL_RESP;
            break;
        case 'c':
            plan.connections = (size_t)read_positive(optarg, "connections");
            break;
        case 's':
            plan.seconds = read_positive(optarg, "seconds");
            break;
        case 'w':
            plan.warm_seconds = read_positive(optarg, "warm");
            break;
        case 'd':
            plan.depth = (unsigned)read_positive(optarg, "depth");
            break;
        case 'a':
            plan.rate = read_positive(optarg, "rate");
            break;
        case 'e':
            plan.seed = (uint64_t)read_positive(optarg, "seed");
            break;
        case 'o':
            plan.dump = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (optind != argc || !plan.address_bytes || !frames.count)
        die("usage: bench_load (--tcp HOST:PORT | --unix PATH) --requests FILE ...");
    if (plan.depth < 1 || plan.depth > MAX_DEPTH || (plan.rate > 0 && plan.depth > 1))
        die("--depth is from 1 to %u, and 1 with --rate", MAX_DEPTH);
    if (plan.dump)
        plan.connections = plan.depth = 1;
}

int main(int argc, char **argv)
{
    uint64_t unsent = 0;

    read_options(argc, argv);
    prctl(PR_SET_TIMERSLACK, 1ul); /* wake when a request is due, not 50 us later */
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc(plan.connections, sizeof *connections);
    idle = calloc(plan.connections, sizeof *idle);
    if (poll_fd < 0 || !connections || !idle)
        die("out of memory");
    for (size_t i = 0; i < plan.connections; i++)
        if (!open_connection(&connections[i]))
            die("connection %zu: %s", i, strerror(errno));
    begin_ns = now_ns() + (uint64_t)(plan.warm_seconds * 1e9);
    end_ns = begin_ns + (uint64_t)(plan.seconds * 1e9);
    if (plan.dump) {
        end_ns = UINT64_MAX / 2;
        dump_file = fopen(plan.dump, "wb");
        if (!dump_file)
            die("%s: %s", plan.dump, strerror(errno));
    }
    if (plan.rate > 0)
        unsent = run_open();
    else
        run_closed();
    for (size_t i = 0; i < plan.connections; i++) {
        unanswered += connections[i].under_way;
        free(connections[i].in);
    }
    if (dump_file && (unanswered || broken || fclose(dump_file)))
        die("%s: not every request was answered", plan.dump);
    if (!dump_file)
        print_results(unsent);
    free(connections);
    free(idle);
    free(frames.at);
    free(frames.bytes);
    return 0;
}
