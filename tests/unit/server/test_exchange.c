/* What a handler is asked and how it answers, without a connection. */
#include "support/unit.h"

#include <strings.h>

#include "base/alloc.h"
#include "support/asked.h"
#include "server/lane.h"

static const struct cdn_server_options options = ASKED_OPTIONS;

/* An exchange with these headers and query parameters, in a host that serves nothing. */
struct fixture {
    struct cdn_host host;
    struct cdn_exchange x;
    struct asked asked;
};

static void begin(struct fixture *f, const char *const *headers,
                  const char *const *query)
{
    f->asked = (struct asked){headers, query};
    if (!f->host.lanes)
        ck_assert_int_eq(cdn_lanes_new(&f->host.lanes, NULL), CORDON_OK);
    f->host.options = &options;
    cdn_exchange_begin(&f->x, &f->host, &asked_source, &f->asked);
    f->x.lane = cdn_lane_mine(f->host.lanes);
    ck_assert_ptr_nonnull(f->x.lane);
    cdn_exchange_negotiate(&f->x);
}

static void end(struct fixture *f)
{
    cdn_exchange_deinit(&f->x);
    cdn_lanes_free(f->host.lanes);
}

static const char *reply_of(struct fixture *f)
{
    cdn_exchange_finish(&f->x);
    return (const char *)f->x.reply.data;
}

static void expect_reply(struct fixture *f, unsigned status, const char *part)
{
    const char *text = reply_of(f);

    ck_assert_uint_eq(f->x.status, status);
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in %s", part, text);
}

static const char *header_of(const struct cdn_exchange *x, const char *wanted)
{
    const char *name, *value;
    size_t at = 0;

    while (cdn_exchange_next_header(x, &at, &name, &value)) {
        if (!strcmp(name, wanted))
            return value;
    }
    return NULL;
}

/* ---- media types ---- */

static const struct {
    const char *type;
    const char *accept;
    enum cdn_media in, out;
} negotiated[] = {
    {NULL, NULL, CDN_MEDIA_JSON, CDN_MEDIA_JSON},
    {NULL, "", CDN_MEDIA_JSON, CDN_MEDIA_JSON},
    {"application/json; charset=utf-8", "*/*", CDN_MEDIA_JSON, CDN_MEDIA_JSON},
    {"Application/MsgPack", NULL, CDN_MEDIA_MSGPACK, CDN_MEDIA_JSON},
    {"application/x-ndjson", NULL, CDN_MEDIA_NDJSON, CDN_MEDIA_NDJSON},
    {"application/ndjson", "*/*", CDN_MEDIA_NDJSON, CDN_MEDIA_NDJSON},
    {"application/jsonl", "application/json", CDN_MEDIA_NDJSON, CDN_MEDIA_JSON},
    {"application/jsonx", "text/html", CDN_MEDIA_OTHER, CDN_MEDIA_OTHER},
    {"text/plain", "text/html, application/*;q=0.1", CDN_MEDIA_OTHER, CDN_MEDIA_JSON},
    {NULL, "application/json;q=0.5, application/x-msgpack", CDN_MEDIA_JSON,
     CDN_MEDIA_MSGPACK},
    {NULL, "application/json;q=0.501,application/msgpack ; q=0.5", CDN_MEDIA_JSON,
     CDN_MEDIA_JSON},
    {NULL, "application/msgpack;v=1;q=0, */*;q=0.001", CDN_MEDIA_JSON, CDN_MEDIA_JSON},
    {NULL, "application/json;q=0", CDN_MEDIA_JSON, CDN_MEDIA_OTHER},
    {NULL, "application/problem+json", CDN_MEDIA_JSON, CDN_MEDIA_JSON},
    {NULL, ",, ,;q=1,", CDN_MEDIA_JSON, CDN_MEDIA_OTHER},
    {NULL, "application/msgpack;q", CDN_MEDIA_JSON, CDN_MEDIA_MSGPACK},
};

START_TEST(negotiate__takes_what_is_wanted_most)
{
    const char *headers[5] = {NULL};
    struct fixture f = {0};
    size_t count = 0;

    if (negotiated[_i].type) {
        headers[count++] = "content-type";
        headers[count++] = negotiated[_i].type;
    }
    if (negotiated[_i].accept) {
        headers[count++] = "accept";
        headers[count++] = negotiated[_i].accept;
    }
    begin(&f, headers, NULL);
    ck_assert_int_eq(f.x.in, negotiated[_i].in);
    ck_assert_int_eq(f.x.out, negotiated[_i].out);
    end(&f);
}
END_TEST

START_TEST(request_id__is_the_clients_or_our_own)
{
    static const char *const good[] = {"X-Request-Id", "of-mine_1.2:3/4", NULL};
    static const char *const bad[] = {"X-Request-Id", "a b", NULL};
    static const char *const empty[] = {"X-Request-Id", "", NULL};
    static const char *const wide[] = {
        "X-Request-Id",
        "0123456789012345678901234567890123456789012345678901234567890123456789", NULL};
    const char *const *theirs[] = {bad, empty, wide, NULL};
    struct fixture f = {0};
    char last[65] = "";

    begin(&f, good, NULL);
    ck_assert_str_eq(f.x.request_id, "of-mine_1.2:3/4");
    for (size_t i = 0; i < 4; i++) {
        begin(&f, theirs[i], NULL);
        ck_assert_uint_eq(strspn(f.x.request_id, "0123456789abcdef"), 24);
        ck_assert_uint_eq(strlen(f.x.request_id), 24);
        ck_assert_str_ne(f.x.request_id, last);
        snprintf(last, sizeof last, "%s", f.x.request_id);
    }
    end(&f);
}
END_TEST

/* ---- the query ---- */

START_TEST(query__is_checked)
{
    static const char *const query[] = {
        "yes", "true", "no",  "0",   "bare", "",    "odd",
        "ja",  "n",    "250", "neg", "-1",   "big", "18446744073709551616",
        NULL};
    struct fixture f = {0};
    uint64_t number = 7;
    bool flag = false;

    begin(&f, NULL, query);
    ck_assert(cdn_exchange_query_flag(&f.x, &flag, "yes") && flag);
    ck_assert(cdn_exchange_query_flag(&f.x, &flag, "no") && !flag);
    ck_assert(cdn_exchange_query_flag(&f.x, &flag, "bare") && flag);
    ck_assert(cdn_exchange_query_flag(&f.x, &flag, "none") && flag);
    ck_assert(cdn_exchange_query_number(&f.x, &number, "none", 0, 1) && number == 7);
    ck_assert(cdn_exchange_query_number(&f.x, &number, "n", 1, 250) && number == 250);
    ck_assert(!cdn_exchange_query_number(&f.x, &number, "n", 1, 249));
    expect_reply(&f, 400, "?n=250 is no integer from 1 to 249");
    ck_assert(!cdn_exchange_query_number(&f.x, &number, "neg", 0, 9));
    ck_assert(!cdn_exchange_query_number(&f.x, &number, "big", 0, UINT64_MAX));
    ck_assert(!cdn_exchange_query_number(&f.x, &number, "bare", 0, 9));
    ck_assert_uint_eq(number, 250);
    ck_assert(!cdn_exchange_query_flag(&f.x, &flag, "odd"));
    expect_reply(&f, 400, "?odd=ja is neither true nor false");
    end(&f);
}
END_TEST

/* ---- the body ---- */

static const struct {
    const char *type;
    const char *body;
    unsigned status; /* 0: it is read */
    const char *part;
} bodies[] = {
    {"application/json", "{\"a\":[1]}", 0, ""},
    {"application/msgpack",
     "\x81\xa1"
     "a\x91\x01",
     0, ""},
    {"application/json", "", 400, "has no body"},
    {"application/json", "{\"a\":", 400, "the body is no JSON"},
    {"application/json", "{\"a\":1,\"a\":2}", 400, "twice"},
    {"application/msgpack", "\x81\xa1", 400, "the body is no msgpack"},
    {"application/msgpack", "\xc1", 400, "urn:cordon:problem:body"},
    {"application/x-ndjson", "{}", 415, "application/json or application/msgpack"},
    {"text/plain", "{}", 415, "urn:cordon:problem:media-type"},
};

START_TEST(body__is_one_value_or_a_problem)
{
    const char *headers[] = {"Content-Type", bodies[_i].type, NULL};
    size_t bytes = strlen(bodies[_i].body);
    char *copy = cdn_unit_exact(bodies[_i].body, bytes);
    struct fixture f = {0};
    cordon_value value, list;
    bool got;

    begin(&f, headers, NULL);
    f.x.body = (const unsigned char *)copy;
    f.x.body_bytes = bytes;
    got = cdn_exchange_body(&f.x, &value);
    ck_assert(got == !bodies[_i].status);
    if (got) {
        ck_assert(cordon_value_get(&list, &value, "a") && list.length == 1);
        ck_assert(cdn_exchange_body(&f.x, &value)); /* and again */
    } else {
        f.x.out = CDN_MEDIA_JSON;
        expect_reply(&f, bodies[_i].status, bodies[_i].part);
    }
    free(copy);
    end(&f);
}
END_TEST

/* ---- answers ---- */

START_TEST(reply__is_in_the_form_that_was_asked_for)
{
    static const char *const pack[] = {"Accept", "application/msgpack", NULL};
    struct fixture f = {0};
    struct cdn_json *json;

    begin(&f, NULL, NULL);
    f.x.pretty = true;
    json = cdn_exchange_reply(&f.x, 201);
    cdn_json_object(json);
    cdn_json_key_bool(json, "good", true);
    cdn_json_object_end(json);
    ck_assert_str_eq(reply_of(&f), "{\n  \"good\": true\n}\n");
    ck_assert_str_eq(f.x.type, "application/json");
    ck_assert_uint_eq(f.x.status, 201);
    begin(&f, pack, NULL);
    json = cdn_exchange_reply(&f.x, 200);
    cdn_json_bool(json, true);
    cdn_exchange_finish(&f.x);
    ck_assert_uint_eq(f.x.reply.length, 1);
    ck_assert_str_eq(f.x.type, "application/msgpack");
    begin(&f, NULL, NULL);
    (void)cdn_exchange_reply(&f.x, 200);
    cdn_exchange_text(&f.x, 200, "text/plain", "as it is", 8);
    ck_assert_str_eq(reply_of(&f), "as it is");
    cdn_exchange_empty(&f.x, 204);
    ck_assert_str_eq(reply_of(&f), "");
    ck_assert_ptr_null(f.x.type);
    begin(&f, NULL, NULL);
    expect_reply(&f, 500, "not answered"); /* a handler that forgot to */
    end(&f);
}
END_TEST

static const struct {
    cordon_status status;
    unsigned code;
    const char *part;
} failures[] = {
    {CORDON_E_INVALID, 400, "urn:cordon:problem:invalid"},
    {CORDON_E_DATA, 400, "urn:cordon:problem:data"},
    {CORDON_E_DENIED, 403, "urn:cordon:problem:denied"},
    {CORDON_E_NOTFOUND, 404, "urn:cordon:problem:not-found"},
    {CORDON_E_EXISTS, 409, "urn:cordon:problem:exists"},
    {CORDON_E_CONFLICT, 409, "urn:cordon:problem:conflict"},
    {CORDON_E_RULE, 422, "\"file\":\"f.lua\",\"line\":3,\"column\":4"},
    {CORDON_E_BUSY, 503, "urn:cordon:problem:overloaded"},
    {CORDON_E_OVERLOADED, 503, "urn:cordon:problem:overloaded"},
    {CORDON_E_QUOTA, 429, "urn:cordon:problem:quota"},
    {CORDON_E_NOMEM, 500, "\"detail\":\"out of memory\""},
    {CORDON_E_IO, 500, "\"detail\":\"input/output error\""},
    {CORDON_E_CORRUPT, 500, "\"detail\":\"damaged file\""},
    {CORDON_E_FORMAT, 500, "urn:cordon:problem:internal"},
    {CORDON_E_INTERRUPTED, 500, "urn:cordon:problem:internal"},
};

START_TEST(fail__tells_each_status_as_http_does)
{
    struct fixture f = {0};
    cordon_error err;

    cdn_error_at(&err, failures[_i].status, "f.lua", 3, 4, "what went wrong");
    begin(&f, NULL, NULL);
    cdn_exchange_fail(&f.x, failures[_i].status, &err);
    expect_reply(&f, failures[_i].code, failures[_i].part);
    ck_assert_str_eq(f.x.type, "application/problem+json");
    /* what went wrong inside is not for the client */
    ck_assert((strstr((char *)f.x.reply.data, "what went wrong") != NULL) ==
              (failures[_i].code != 500));
    ck_assert((header_of(&f.x, "Retry-After") != NULL) ==
              (failures[_i].code == 503 || failures[_i].code == 429));
    end(&f);
}
END_TEST

START_TEST(fail__knows_a_precondition)
{
    static const char *const headers[] = {"If-Match", "\"3\"", NULL};
    struct fixture f = {0};

    begin(&f, headers, NULL);
    cdn_exchange_fail(&f.x, CORDON_E_CONFLICT, NULL);
    expect_reply(&f, 412, "urn:cordon:problem:precondition");
    end(&f);
}
END_TEST

START_TEST(headers__cannot_be_broken_out_of)
{
    struct fixture f = {0};

    begin(&f, NULL, NULL);
    cdn_exchange_set_header(&f.x, "A", "b\r\nInjected: yes\x7f");
    cdn_exchange_set_header(&f.x, "C", "");
    ck_assert_str_eq(header_of(&f.x, "A"), "bInjected: yes");
    ck_assert_str_eq(header_of(&f.x, "C"), "");
    ck_assert_ptr_null(header_of(&f.x, "Injected"));
    end(&f);
}
END_TEST

/* ---- pieces ---- */

static bool three_pieces(struct cdn_exchange *x)
{
    int *count = x->stream;

    cdn_buf_printf(&x->reply, "piece %d\n", ++*count);
    return *count < 3;
}

static void count_end(struct cdn_exchange *x)
{
    *(int *)x->stream += 100;
}

START_TEST(stream__is_asked_piece_by_piece)
{
    struct fixture f = {0};
    int count = 0;

    begin(&f, NULL, NULL);
    cdn_exchange_stream(&f.x, 200, three_pieces, count_end, &count);
    for (int i = 1; i <= 3; i++) {
        ck_assert_ptr_nonnull(f.x.more);
        ck_assert(cdn_exchange_continue(&f.x));
        ck_assert_int_eq(f.x.reply.data[6], '0' + i);
        ck_assert_uint_eq(f.x.reply.length, 8);
    }
    ck_assert_ptr_null(f.x.more);
    ck_assert_int_eq(count, 3);
    cdn_exchange_end(&f.x);
    cdn_exchange_end(&f.x); /* once is all */
    ck_assert_int_eq(count, 103);
    end(&f);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(answers__survive_every_allocation_failure)
{
    struct fixture f = {0};

    begin(&f, NULL, NULL);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_json *json;

        cdn_exchange_deinit(&f.x);
        memset(&f.x, 0, sizeof f.x);
        cdn_exchange_begin(&f.x, &f.host, &asked_source, &f.asked);
        json = cdn_exchange_reply(&f.x, 200);
        cdn_json_array(json);
        for (int i = 0; i < 200; i++)
            cdn_json_int(json, i);
        cdn_json_array_end(json);
        cdn_exchange_set_header(&f.x, "Name", "value");
        cdn_exchange_finish(&f.x);
        ck_assert_uint_eq(f.x.status, cdn_failalloc_fired() ? 500 : 200);
        if (cdn_failalloc_fired() && f.x.reply.length)
            ck_assert_ptr_nonnull(strstr((char *)f.x.reply.data, "out of memory"));
    }
    end(&f);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("exchange");

    CDN_UNIT_LOOP(s, negotiate__takes_what_is_wanted_most, 0,
                  CDN_UNIT_COUNT(negotiated));
    CDN_UNIT_CASE(s, request_id__is_the_clients_or_our_own);
    CDN_UNIT_CASE(s, query__is_checked);
    CDN_UNIT_LOOP(s, body__is_one_value_or_a_problem, 0, CDN_UNIT_COUNT(bodies));
    CDN_UNIT_CASE(s, reply__is_in_the_form_that_was_asked_for);
    CDN_UNIT_LOOP(s, fail__tells_each_status_as_http_does, 0, CDN_UNIT_COUNT(failures));
    CDN_UNIT_CASE(s, fail__knows_a_precondition);
    CDN_UNIT_CASE(s, headers__cannot_be_broken_out_of);
    CDN_UNIT_CASE(s, stream__is_asked_piece_by_piece);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, answers__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
