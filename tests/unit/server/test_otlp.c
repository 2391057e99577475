/* The exporter against a collector in this program: one that takes, one that wants to be asked
 * again, one that refuses, one that says nothing, one that is not there. */
#include "server/otlp.h"

#include <arpa/inet.h>
#include <cordon.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "server/otlp_post.h"
#include "support/unit.h"

/* ---- the collector: one request a connection ---- */

struct collector {
    int listener;
    char url[64];
    pthread_t thread;
    /* answers in turn, the last one again and again; "" is none at all */
    const char *const *answers;
    int answer_count;
    atomic_int requests;
    atomic_int spans;
    char first[65536]; /* the first request, whole */
    atomic_bool done;
};

#define ANSWER(status, headers, body)                                                  \
    "HTTP/1.1 " status "\r\nConnection: close\r\n" headers "\r\n" body

static const char *const takes[] = {ANSWER("200 OK", "Content-Length: 2\r\n", "{}")};

/* Whole when as much of a body is there as its header says. */
static bool is_whole(const char *text, size_t used)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "content-length:");

    return end && length &&
           used >= (size_t)(end + 4 - text) + strtoul(length + 15, NULL, 10);
}

static void serve_one(struct collector *own, int client)
{
    static char text[1 << 20];
    size_t used = 0;
    ssize_t got;
    int number = atomic_load(&own->requests);
    const char *answer =
        own->answers[number < own->answer_count ? number : own->answer_count - 1];

    text[0] = '\0';
    while (!is_whole(text, used) &&
           (got = recv(client, text + used, sizeof text - 1 - used, 0)) > 0) {
        used += (size_t)got;
        text[used] = '\0';
    }
    if (!number)
        (void)snprintf(own->first, sizeof own->first, "%s", text);
    if (*answer)
        send(client, answer, strlen(answer), MSG_NOSIGNAL);
    else /* until whoever asked gives up */
        while (recv(client, text, sizeof text, 0) > 0)
            continue;
    for (const char *at = strstr(text, "\"traceId\"");
         at && !strncmp(answer, "HTTP/1.1 2", 10); at = strstr(at + 1, "\"traceId\""))
        atomic_fetch_add(&own->spans, 1);
    atomic_fetch_add(&own->requests, 1);
}

static void *collect(void *arg)
{
    struct collector *own = arg;

    while (!atomic_load(&own->done)) {
        struct pollfd readable = {.fd = own->listener, .events = POLLIN};
        int client;

        if (poll(&readable, 1, 10) <= 0)
            continue;
        client = accept(own->listener, NULL, NULL);
        if (client < 0)
            continue;
        serve_one(own, client);
        close(client);
    }
    return NULL;
}

static void start(struct collector *own, const char *const *answers, int count)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    memset(own, 0, sizeof *own);
    own->answers = answers;
    own->answer_count = count;
    own->listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(own->listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(getsockname(own->listener, (struct sockaddr *)&at, &size), 0);
    (void)snprintf(own->url, sizeof own->url, "http://127.0.0.1:%d",
                   ntohs(at.sin_port));
    ck_assert_int_eq(listen(own->listener, 16), 0);
    ck_assert_int_eq(pthread_create(&own->thread, NULL, collect, own), 0);
}

static void stop(struct collector *own)
{
    atomic_store(&own->done, true);
    pthread_join(own->thread, NULL);
    close(own->listener);
}

/* ---- the exporter ---- */

static struct cdn_otlp *open_to(const char *url, struct cdn_otlp_options options)
{
    struct cdn_otlp *otlp;
    cordon_error err;

    options.endpoint = url;
    options.retry_ms = options.retry_ms ? options.retry_ms : 1;
    options.interval_ms = options.interval_ms ? options.interval_ms : 1;
    ck_assert_msg(!cdn_otlp_open(&otlp, &options, &err), "%s", err.message);
    return otlp;
}

static void request(struct cdn_otlp *otlp)
{
    struct cdn_traceparent_span span;

    cdn_traceparent_begin(&span, NULL, CDN_TRACE_WHOLE);
    cdn_otlp_request(otlp, &span,
                     &(struct cdn_otlp_request){.method = "GET",
                                                .route = "/v1/status",
                                                .status = 200,
                                                .start_ns = 1,
                                                .duration_ns = 1,
                                                .request_id = "r",
                                                .caller = "ann"});
}

/* Until so many spans are accounted for. */
static struct cdn_otlp_stats wait_for(struct cdn_otlp *otlp, uint64_t spans)
{
    struct cdn_otlp_stats now;

    do {
        usleep(1000);
        cdn_otlp_get_stats(&now, otlp);
    } while (now.exported + now.full + now.refused + now.unreachable + now.stopped <
             spans);
    return now;
}

START_TEST(export__sends_batches_with_the_headers_asked_for)
{
    static const char *const headers[] = {"Authorization: Bearer abc"};
    struct collector collector;
    struct cdn_otlp_stats now;
    struct cdn_otlp *otlp;

    start(&collector, takes, 1);
    otlp = open_to(collector.url, (struct cdn_otlp_options){.headers = headers,
                                                            .header_count = 1,
                                                            .batch = 10,
                                                            .service = "mine"});
    for (int i = 0; i < 95; i++)
        request(otlp);
    now = wait_for(otlp, 95);
    ck_assert_uint_eq(now.exported, 95);
    ck_assert_uint_ge(now.requests, 10);
    cdn_otlp_close(otlp);
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.spans), 95);
    ck_assert_ptr_nonnull(strstr(collector.first, "POST /v1/traces HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(
        strstr(collector.first, "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(strstr(collector.first, "\r\nAuthorization: Bearer abc\r\n"));
    ck_assert_ptr_nonnull(strstr(collector.first, "\"stringValue\":\"mine\""));
}
END_TEST

START_TEST(export__leaves_out_what_is_not_sampled)
{
    struct collector collector;
    struct cdn_traceparent_span span;
    struct cdn_otlp *otlp;
    struct cdn_otlp_request one = {.method = "GET", .route = "/", .status = 200};

    start(&collector, takes, 1);
    otlp = open_to(collector.url, (struct cdn_otlp_options){0});
    cdn_traceparent_begin(&span, NULL, 0);
    cdn_otlp_request(otlp, &span, &one);
    cdn_otlp_request(NULL, &span, &one);
    request(otlp);
    cdn_otlp_close(otlp);
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.spans), 1);
}
END_TEST

/* Whatever is a reason to try again is tried again, and nothing is sent twice as taken. */
START_TEST(export__tries_again_where_that_is_worth_it)
{
    static const char *const answers[] = {
        ANSWER("503 Busy", "Content-Length: 0\r\n", ""),
        ANSWER("429 Later", "Retry-After: 1\r\nContent-Length: 0\r\n", ""),
        ANSWER("504 Gone", "Content-Length: 0\r\n", ""),
        "HTTP/9.9 nonsense\r\n\r\n",
        ANSWER("200 OK", "Content-Length: 2\r\n", "{}"),
    };
    struct collector collector;
    struct cdn_otlp_stats now;
    struct cdn_otlp *otlp;

    start(&collector, answers, 5);
    otlp = open_to(collector.url, (struct cdn_otlp_options){0});
    request(otlp);
    now = wait_for(otlp, 1);
    ck_assert_uint_eq(now.exported, 1);
    ck_assert_uint_eq(now.retried, 4);
    cdn_otlp_close(otlp);
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.requests), 5);
}
END_TEST

START_TEST(export__takes_a_refusal_for_final)
{
    static const char *const answers[] = {
        ANSWER("400 No", "Content-Length: 0\r\n", ""),
        ANSWER("302 There", "Location: /elsewhere\r\nContent-Length: 0\r\n", "")};
    struct collector collector;
    struct cdn_otlp_stats now;
    struct cdn_otlp *otlp;

    start(&collector, answers, 2);
    otlp = open_to(collector.url, (struct cdn_otlp_options){0});
    request(otlp);
    wait_for(otlp, 1);
    request(otlp);
    now = wait_for(otlp, 2);
    ck_assert_uint_eq(now.refused, 2);
    ck_assert_uint_eq(now.retried, 0);
    cdn_otlp_close(otlp);
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.requests), 2);
}
END_TEST

START_TEST(export__counts_what_a_collector_takes_in_part)
{
    static const char *const answers[] = {
        ANSWER("200 OK", "Content-Length: 40\r\n",
               "{\"partialSuccess\":{\"rejectedSpans\":\"2\"}}")};
    struct collector collector;
    struct cdn_otlp_stats now;
    struct cdn_otlp *otlp;

    start(&collector, answers, 1);
    otlp = open_to(collector.url, (struct cdn_otlp_options){0});
    for (int i = 0; i < 5; i++)
        request(otlp);
    now = wait_for(otlp, 5);
    /* two of each batch, however they fell into batches */
    ck_assert_uint_ge(now.refused, 2);
    ck_assert_uint_le(now.refused, 2 * now.requests);
    ck_assert_uint_eq(now.exported + now.refused, 5);
    cdn_otlp_close(otlp);
    stop(&collector);
}
END_TEST

/* Where nobody listens: every try fails, the ring fills, and what is lost is all counted. */
START_TEST(export__lives_without_a_collector)
{
    struct collector collector;
    struct cdn_otlp_stats now;
    struct cdn_otlp *otlp;

    start(&collector, takes, 1);
    stop(&collector); /* its port is closed now */
    otlp = open_to(collector.url,
                   (struct cdn_otlp_options){.queue = 8, .batch = 4, .retries = 2});
    for (int i = 0; i < 100; i++)
        request(otlp);
    now = wait_for(otlp, 100);
    ck_assert_uint_eq(now.exported, 0);
    ck_assert_uint_gt(now.unreachable, 0);
    ck_assert_uint_eq(now.full + now.unreachable, 100);
    cdn_otlp_close(otlp);
}
END_TEST

/* One that takes a request and says nothing holds up a close no longer than it may. */
START_TEST(export__gives_up_on_a_silent_collector)
{
    static const char *const answers[] = {""};
    struct collector collector;
    struct cdn_otlp *otlp;

    start(&collector, answers, 1);
    otlp = open_to(collector.url,
                   (struct cdn_otlp_options){.timeout_ms = 600000, .close_ms = 50});
    request(otlp);
    request(otlp);
    cdn_otlp_close(otlp); /* returns, ten minutes early */
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.spans), 0);
}
END_TEST

/* ---- spans of an engine's ---- */

static const char rule[] =
    "return { name = \"traced\", decisions = { \"allow\", \"deny\" }, fallback = "
    "\"deny\",\n"
    "  params = { fail = { type = \"boolean\", default = false } },\n"
    "  evaluate = function(graph, request)\n"
    "    if request.params.fail then error(\"as asked\") end\n"
    "    return { decision = \"allow\" }\n"
    "  end }\n";

START_TEST(export__has_the_spans_of_an_engine)
{
    struct collector collector;
    struct cdn_otlp *otlp;
    struct cdn_traceparent_span span;
    cordon_observer observer = CORDON_OBSERVER_INIT;
    cordon_request asked = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    cordon_engine *engine;
    char part[128];

    start(&collector, takes, 1);
    otlp = open_to(collector.url, (struct cdn_otlp_options){.interval_ms = 600000});
    ck_assert_int_eq(cordon_engine_new(&engine, NULL, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&outcome, NULL), CORDON_OK);
    ck_assert_int_eq(
        cordon_engine_load_rule(engine, rule, strlen(rule), "traced.lua", NULL, NULL),
        CORDON_OK);
    observer.ud = otlp;
    observer.span = cdn_otlp_evaluation;
    ck_assert_int_eq(cordon_engine_observe(engine, &observer, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "traced", &asked, NULL),
                     CORDON_OK);
    cdn_traceparent_begin(&span, NULL, 0);
    asked.traceparent = span.header; /* not sampled */
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "traced", &asked, NULL),
                     CORDON_OK);
    cdn_traceparent_begin(&span, NULL, CDN_TRACE_WHOLE);
    asked.traceparent = span.header;
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "traced", &asked, NULL),
                     CORDON_OK);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
    cdn_otlp_close(otlp);
    stop(&collector);
    ck_assert_int_eq(atomic_load(&collector.spans), 1);
    (void)snprintf(part, sizeof part, "{\"traceId\":\"%s\",", span.trace_id);
    ck_assert_ptr_nonnull(strstr(collector.first, part));
    (void)snprintf(part, sizeof part, "\"parentSpanId\":\"%.16s\"", span.header + 36);
    ck_assert_ptr_nonnull(strstr(collector.first, part));
    (void)snprintf(part, sizeof part, "{\"stringValue\":\"%s\"}",
                   cordon_outcome_decision_id(outcome));
    ck_assert_ptr_nonnull(strstr(collector.first, part));
    ck_assert_ptr_nonnull(strstr(collector.first, "\"stringValue\":\"SUCCESS\""));
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
}
END_TEST

/* ---- opening ---- */

START_TEST(open__says_what_is_wrong)
{
    static const struct {
        const char *endpoint, *header, *says;
        uint32_t queue;
    } rows[] = {
        {"", NULL, "as in http://127.0.0.1:4318", 0},
        {"127.0.0.1:4318:1", NULL, "as in http://127.0.0.1:4318", 0},
        {"http://[::1", NULL, "as in http://127.0.0.1:4318", 0},
        {"file:///etc/passwd", NULL, "only http and https", 0},
        {"gopher://x/", NULL, "only http and https", 0},
        {"http://x\n/", NULL, "as in", 0},
        {"http://x", "no colon", "one line, 'Name: value'", 0},
        {"http://x", ": none", "one line, 'Name: value'", 0},
        {"http://x", "A: b\r\nC: d", "one line, 'Name: value'", 0},
        {"http://x", NULL, "power of two", 1000},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        struct cdn_otlp_options options = {.endpoint = rows[i].endpoint,
                                           .headers = &rows[i].header,
                                           .header_count = rows[i].header != NULL,
                                           .queue = rows[i].queue};
        struct cdn_otlp *otlp;
        cordon_error err;

        ck_assert_msg(cdn_otlp_open(&otlp, &options, &err) == CORDON_E_INVALID, "%s",
                      rows[i].endpoint);
        ck_assert_ptr_null(otlp);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%s", err.message);
    }
}
END_TEST

START_TEST(open__completes_the_path)
{
    static const struct {
        const char *base, *path;
    } rows[] = {
        {"", "POST /v1/traces HTTP"},
        {"/", "POST /v1/traces HTTP"},
        {"/v1/traces", "POST /v1/traces HTTP"},
        {"/v1/traces/", "POST /v1/traces HTTP"},
        {"/otlp/", "POST /otlp/v1/traces HTTP"},
        {"/otlp?key=1", "POST /otlp/v1/traces?key=1 HTTP"},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        struct collector collector;
        char url[128];
        struct cdn_otlp *otlp;

        start(&collector, takes, 1);
        (void)snprintf(url, sizeof url, "%s%s", collector.url, rows[i].base);
        otlp = open_to(url, (struct cdn_otlp_options){0});
        request(otlp);
        cdn_otlp_close(otlp);
        stop(&collector);
        ck_assert_msg(strstr(collector.first, rows[i].path) != NULL, "%s: %.100s",
                      rows[i].base, collector.first);
    }
}
END_TEST

START_TEST(metrics__say_what_became_of_spans)
{
    struct cdn_buf out = {0};
    struct collector collector;
    struct cdn_otlp *otlp;

    start(&collector, takes, 1);
    otlp = open_to(collector.url, (struct cdn_otlp_options){0});
    request(otlp);
    wait_for(otlp, 1);
    cdn_otlp_metrics(&out, otlp);
    ck_assert_ptr_nonnull(
        strstr((char *)out.data, "\ncordon_trace_spans_exported_total 1\n"));
    ck_assert_ptr_nonnull(strstr(
        (char *)out.data, "\ncordon_trace_spans_dropped_total{reason=\"full\"} 0\n"));
    cdn_otlp_close(otlp);
    stop(&collector);
    cdn_buf_clear(&out);
    cdn_otlp_metrics(&out, NULL);
    ck_assert_uint_eq(out.length, 0);
    cdn_buf_deinit(&out);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_otlp_options options = {.endpoint = "http://127.0.0.1:1"};
        struct cdn_otlp *otlp;
        cordon_status status = cdn_otlp_open(&otlp, &options, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_otlp_close(otlp);
    }
}
END_TEST

/* A batch that memory runs out for is lost and counted, and the next one is not. */
START_TEST(export__survives_every_allocation_failure)
{
    struct collector collector;

    start(&collector, takes, 1);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_otlp_stats now;
        struct cdn_otlp *otlp;
        bool fired;

        cdn_failalloc_after(-1, false);
        otlp = open_to(collector.url, (struct cdn_otlp_options){0});
        cdn_failalloc_after(nth, false);
        request(otlp);
        now = wait_for(otlp, 1);
        fired = cdn_failalloc_fired();
        /* an answer that cannot be read for want of memory refuses nothing */
        ck_assert_uint_eq(now.exported + now.stopped, 1);
        ck_assert(fired || now.exported == 1);
        request(otlp);
        now = wait_for(otlp, 2);
        ck_assert_uint_ge(now.exported, 1);
        cdn_otlp_close(otlp);
        if (!fired)
            break;
    }
    cdn_failalloc_after(-1, false);
    stop(&collector);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("otlp");

    CDN_UNIT_CASE(s, export__sends_batches_with_the_headers_asked_for);
    CDN_UNIT_CASE(s, export__leaves_out_what_is_not_sampled);
    CDN_UNIT_CASE(s, export__tries_again_where_that_is_worth_it);
    CDN_UNIT_CASE(s, export__takes_a_refusal_for_final);
    CDN_UNIT_CASE(s, export__counts_what_a_collector_takes_in_part);
    CDN_UNIT_CASE(s, export__lives_without_a_collector);
    CDN_UNIT_CASE(s, export__gives_up_on_a_silent_collector);
    CDN_UNIT_CASE(s, export__has_the_spans_of_an_engine);
    CDN_UNIT_CASE(s, open__says_what_is_wrong);
    CDN_UNIT_CASE(s, open__completes_the_path);
    CDN_UNIT_CASE(s, metrics__say_what_became_of_spans);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, export__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
