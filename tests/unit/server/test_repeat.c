/* Requests that are sent again, with a key. */
#include "support/unit.h"

#include <pthread.h>

#include "base/alloc.h"
#include "server/host.h"
#include "server/repeat.h"
#include "support/asked.h"

static const struct cdn_route route = {.method = CDN_METHOD_POST, .path = "/it"};
static const struct cdn_route other = {.method = CDN_METHOD_POST, .path = "/other"};
static struct cdn_host host;
static cordon_error err;
static unsigned handled;  /* how often the handler was called */
static unsigned answered; /* the status it answers with */
static size_t padding;    /* bytes more in its answer */

static void setup(void)
{
    host = (struct cdn_host){0};
    handled = 0;
    answered = 200;
    padding = 0;
    ck_assert(!cdn_repeats_new(&host.repeats, &err));
}

static void teardown(void)
{
    cdn_repeats_free(host.repeats);
}

static void handle(struct cdn_exchange *x)
{
    struct cdn_json *json = cdn_exchange_reply(x, answered);
    char text[64];

    snprintf(text, sizeof text, "%u", ++handled);
    cdn_json_object(json);
    cdn_json_key_cstr(json, "count", text);
    cdn_json_object_end(json);
    for (size_t i = 0; i < padding; i++)
        cdn_buf_append(&x->reply, " ", 1);
    cdn_exchange_set_header(x, "ETag", text);
}

struct sent {
    unsigned status;
    char reply[80];
    char etag[16];
    bool replayed;
};

static struct sent send_as(const char *name, const char *key, const char *body,
                           const struct cdn_route *to)
{
    const char *headers[] = {"Idempotency-Key", key, NULL};
    const struct asked asked = {key ? headers : NULL, NULL};
    struct cdn_exchange x = {0};
    struct sent sent = {0};
    const char *header, *value;
    size_t at = 0;

    cdn_exchange_begin(&x, &host, &asked_source, &asked);
    x.route = to;
    x.body = (const unsigned char *)body;
    x.body_bytes = strlen(body);
    snprintf(x.caller.name, sizeof x.caller.name, "%s", name);
    cdn_repeat_once(&x, handle);
    cdn_exchange_finish(&x);
    sent.status = x.status;
    snprintf(sent.reply, sizeof sent.reply, "%s", (const char *)x.reply.data);
    while (cdn_exchange_next_header(&x, &at, &header, &value)) {
        if (!strcmp(header, "ETag"))
            snprintf(sent.etag, sizeof sent.etag, "%s", value);
        sent.replayed |= !strcmp(header, "Idempotency-Replayed");
    }
    cdn_exchange_deinit(&x);
    return sent;
}

static struct sent send(const char *key, const char *body)
{
    return send_as("ann", key, body, &route);
}

START_TEST(once__gives_the_same_answer_again)
{
    struct sent first = send("k", "b"), second;

    ck_assert_uint_eq(first.status, 200);
    ck_assert(!first.replayed);
    answered = 409; /* if it were handled again */
    second = send("k", "b");
    ck_assert_uint_eq(handled, 1);
    ck_assert(second.replayed);
    ck_assert_uint_eq(second.status, 200);
    ck_assert_str_eq(second.reply, first.reply);
    ck_assert_str_eq(first.reply, "{\"count\":\"1\"}\n");
    ck_assert_str_eq(second.etag, "1");
}
END_TEST

START_TEST(once__without_a_key_is_every_time)
{
    send(NULL, "b");
    send(NULL, "b");
    ck_assert_uint_eq(handled, 2);
}
END_TEST

START_TEST(once__refuses_a_key_of_another_request)
{
    send("k", "b");
    ck_assert_uint_eq(send("k", "c").status, 422);
    ck_assert_uint_eq(send_as("ann", "k", "b", &other).status, 422);
    ck_assert_uint_eq(handled, 1);
    ck_assert_uint_eq(send_as("bob", "k", "c", &route).status, 200); /* his own */
    ck_assert_uint_eq(send("l", "c").status, 200);
    ck_assert_uint_eq(handled, 3);
}
END_TEST

START_TEST(once__refuses_what_is_no_key)
{
    char key[CDN_REPEAT_KEY_BYTES + 2];

    memset(key, 'k', sizeof key);
    key[sizeof key - 1] = '\0';
    ck_assert_uint_eq(send(key, "b").status, 400);
    key[sizeof key - 2] = '\0';
    ck_assert_uint_eq(send(key, "b").status, 200);
    ck_assert_uint_eq(send("", "b").status, 400);
    ck_assert_uint_eq(send("a b", "b").status, 400);
    ck_assert_uint_eq(send("a\xc3\xa4", "b").status, 400);
    ck_assert_uint_eq(handled, 1);
}
END_TEST

START_TEST(once__keeps_refusals_but_no_failures)
{
    answered = 412;
    send("k", "b");
    ck_assert_uint_eq(send("k", "b").status, 412);
    ck_assert_uint_eq(handled, 1);
    answered = 503;
    send("l", "b");
    answered = 200;
    ck_assert_uint_eq(send("l", "b").status, 200);
    ck_assert_uint_eq(handled, 3);
}
END_TEST

START_TEST(once__forgets_the_oldest)
{
    char key[16];

    for (unsigned i = 0; i <= CDN_REPEAT_MOST_ANSWERS; i++) {
        snprintf(key, sizeof key, "%u", i);
        send(key, "b");
    }
    ck_assert(send("1", "b").replayed);
    ck_assert(!send("0", "b").replayed); /* it had to go, and takes the place of 1 */
    ck_assert(!send("1", "b").replayed);
    ck_assert(send("3", "b").replayed);
}
END_TEST

START_TEST(once__keeps_no_more_bytes_than_it_may)
{
    char key[16];

    padding = CDN_REPEAT_MOST_BYTES / 32;
    for (unsigned i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "%u", i);
        send(key, "b");
    }
    ck_assert(!send("0", "b").replayed);
    ck_assert(send("39", "b").replayed);
    padding = CDN_REPEAT_MOST_BYTES / 16 + 1; /* more than one may take */
    send("big", "b");
    ck_assert(!send("big", "b").replayed);
    ck_assert(send("39", "b").replayed); /* nothing had to go for it */
}
END_TEST

static void nested(struct cdn_exchange *x)
{
    struct sent meanwhile = send("k", "b");

    ck_assert_uint_eq(meanwhile.status, 409);
    ck_assert_ptr_nonnull(strstr(meanwhile.reply, "in-progress"));
    handle(x);
}

START_TEST(once__while_it_is_under_way_is_a_conflict)
{
    const char *headers[] = {"Idempotency-Key", "k", NULL};
    const struct asked asked = {headers, NULL};
    struct cdn_exchange x = {0};

    cdn_exchange_begin(&x, &host, &asked_source, &asked);
    x.route = &route;
    x.body = (const unsigned char *)"b";
    x.body_bytes = 1;
    snprintf(x.caller.name, sizeof x.caller.name, "ann");
    cdn_repeat_once(&x, nested);
    ck_assert_uint_eq(x.status, 200);
    cdn_exchange_deinit(&x);
    ck_assert(send("k", "b").replayed);
    ck_assert_uint_eq(handled, 1);
}
END_TEST

static void count(struct cdn_exchange *x)
{
    __atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
    cdn_exchange_empty(x, 204);
}

static void *send_many(void *ud)
{
    unsigned *bad = ud;

    for (int i = 0; i < 200; i++) {
        char key[16];
        const char *headers[] = {"Idempotency-Key", key, NULL};
        const struct asked asked = {headers, NULL};
        struct cdn_exchange x = {0};

        snprintf(key, sizeof key, "%d", i);
        cdn_exchange_begin(&x, &host, &asked_source, &asked);
        x.route = &route;
        snprintf(x.caller.name, sizeof x.caller.name, "ann");
        cdn_repeat_once(&x, count);
        *bad += x.status != 204 && x.status != 409;
        cdn_exchange_deinit(&x);
    }
    return NULL;
}

START_TEST(once__of_many_threads_is_once)
{
    pthread_t threads[4];
    unsigned bad[4] = {0};

    for (int i = 0; i < 4; i++)
        ck_assert(!pthread_create(&threads[i], NULL, send_many, &bad[i]));
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(bad[i], 0);
    }
    ck_assert_uint_eq(handled, 200);
}
END_TEST

#ifdef CORDON_FAILALLOC
/* An answer that cannot be kept is an answer even so. */
START_TEST(once__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        unsigned status = send("k", "b").status;

        ck_assert_uint_eq(status, status == 500 && cdn_failalloc_fired() ? 500 : 200);
        if (!cdn_failalloc_fired()) {
            cdn_failalloc_after(-1, false);
            ck_assert(send("k", "b").replayed);
        }
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("repeat");

    CDN_UNIT_CASE_IN(s, once__gives_the_same_answer_again, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__without_a_key_is_every_time, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__refuses_a_key_of_another_request, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__refuses_what_is_no_key, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__keeps_refusals_but_no_failures, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__forgets_the_oldest, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__keeps_no_more_bytes_than_it_may, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__while_it_is_under_way_is_a_conflict, setup, teardown);
    CDN_UNIT_CASE_IN(s, once__of_many_threads_is_once, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, once__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
