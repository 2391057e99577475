/* Evaluations, batches and sets on their whole way from a request's bytes to an answer's. */
#include "support/unit.h"

#include <strings.h>

#include "base/alloc.h"
#include "server/admit.h"
#include "support/asked.h"
#include "server/lane.h"

static const struct cdn_server_options options = ASKED_OPTIONS;

static const char rule[] =
    "return { name = 'sum', params = { a = { type = 'integer', default = 1 } },\n"
    "  decisions = { 'allow', 'deny' }, fallback = 'deny', returns = 'any?',\n"
    "  limits = { time = '50ms' },\n"
    "  evaluate = function(_, request)\n"
    "    if request.params.a == 13 then error('unlucky') end\n"
    "    return { decision = 'allow', score = 0.5, reasons = { 'so it is' },\n"
    "             output = { a = request.params.a } }\n"
    "  end }\n";

static const char set[] = "return { name = 'all', decisions = { 'allow', 'deny' },\n"
                          "  combine = 'most_severe', rules = { 'sum' } }\n";

static void open_host(struct cdn_host *host)
{
    ck_assert_int_eq(cdn_host_open(host, &options, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_engine_load_rule(host->engine, rule, sizeof rule - 1,
                                             "sum.lua", NULL, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_engine_load_set(host->engine, set, sizeof set - 1,
                                            "all.lua", NULL, NULL),
                     CORDON_OK);
    ck_assert_int_eq(cordon_engine_warm(host->engine, "sum", NULL), CORDON_OK);
}

/* Ask, and find each of `parts` in the answer. */
static void ask(struct cdn_host *host, const struct asked *asked, const char *path,
                const char *body, unsigned status, const char *part)
{
    struct cdn_exchange x = {0};
    size_t bytes = strlen(body);
    char *copy = cdn_unit_exact(body, bytes);

    asked_run(&x, host, asked, "POST", path, copy, bytes);
    ck_assert_msg(x.status == status, "%s %s: %u, %s", path, body, x.status,
                  (char *)x.reply.data);
    ck_assert_msg(strstr((char *)x.reply.data, part) != NULL, "'%s' is not in %s", part,
                  (char *)x.reply.data);
    cdn_dispatch_abandon(&x);
    cdn_exchange_deinit(&x);
    free(copy);
}

static const struct {
    const char *path;
    const char *query[3];
    const char *headers[3];
    const char *body;
    unsigned status;
    const char *part;
} asked[] = {
    {"/v1/evaluate/sum",
     {NULL},
     {NULL},
     "{}",
     200,
     "\"decision\":\"allow\",\"score\":0.5"},
    {"/v1/evaluate/sum",
     {NULL},
     {NULL},
     "{\"params\":{\"a\":7},\"id\":[1]}",
     200,
     "\"output\":{\"a\":7}"},
    {"/v1/evaluate/sum", {NULL}, {NULL}, "{\"id\":[1]}", 200, "\"id\":[1],"},
    {"/v1/evaluate/sum",
     {NULL},
     {NULL},
     "{\"params\":{\"a\":13}}",
     200,
     "\"outcome\":\"error\",\"status\":\"FAILURE\",\"fallback\":true"},
    {"/v1/evaluate/sum",
     {"strict", "1", NULL},
     {NULL},
     "{\"params\":{\"a\":13}}",
     422,
     "unlucky"},
    {"/v1/evaluate/sum",
     {"explain", "fails", NULL},
     {NULL},
     "{\"params\":{\"a\":13}}",
     200,
     "\"explain\":{"},
    {"/v1/evaluate/sum", {"usage", "true", NULL}, {NULL}, "{}", 200, "\"limits\":{"},
    {"/v1/evaluate/sum",
     {"provenance", "true", NULL},
     {NULL},
     "{\"seed\":3}",
     200,
     "\"seed\":3"},
    {"/v1/evaluate/sum",
     {"metrics", "true", NULL},
     {NULL},
     "{}",
     200,
     "\"timer_evaluate_ns\":"},
    {"/v1/evaluate/sum", {"explain", "x", NULL}, {NULL}, "{}", 400, "?explain=x"},
    {"/v1/evaluate/sum", {NULL}, {"X-Cordon-Priority", "3", NULL}, "{}", 200, "allow"},
    {"/v1/evaluate/sum",
     {NULL},
     {"X-Cordon-Priority", "8", NULL},
     "{}",
     400,
     "from 0 to 7"},
    {"/v1/evaluate/sum",
     {NULL},
     {"X-Cordon-Deadline-Ms", "1", NULL},
     "{}",
     504,
     "urn:cordon:problem:deadline"},
    {"/v1/evaluate/sum",
     {NULL},
     {"X-Cordon-Deadline-Ms", "soon", NULL},
     "{}",
     400,
     "milliseconds since 1970"},
    {"/v1/evaluate/sum",
     {NULL},
     {NULL},
     "{\"limits\":{\"wall_ns\":99000000000}}",
     400,
     "urn:cordon:problem:invalid"},
    {"/v1/evaluate/none", {NULL}, {NULL}, "{}", 404, "no rule 'none'"},
    {"/v1/evaluate/all", {NULL}, {NULL}, "{}", 400, "is a set"},
    {"/v1/sets/all:evaluate",
     {NULL},
     {NULL},
     "{\"id\":1}",
     200,
     "\"members\":[{\"rule\":\"sum\","},
    {"/v1/sets/sum:evaluate", {NULL}, {NULL}, "{}", 400, "is a rule"},
    {"/v1/evaluate",
     {NULL},
     {NULL},
     "{\"requests\":[{\"rule\":\"sum\"},{}]}",
     200,
     "\"index\":1,"},
    {"/v1/evaluate",
     {NULL},
     {"Content-Type", "application/x-ndjson", NULL},
     "{\"rule\":\"sum\"}\n\n{",
     200,
     "\"index\":1,"},
    {"/v1/evaluate", {NULL}, {NULL}, "{\"requests\":{}}", 400, "a batch is"},
};

START_TEST(request__is_answered)
{
    const struct asked of = {asked[_i].headers, asked[_i].query};
    struct cdn_host host;

    open_host(&host);
    ask(&host, &of, asked[_i].path, asked[_i].body, asked[_i].status, asked[_i].part);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

START_TEST(rule__comes_to_be_known_as_quick)
{
    const struct asked plain = {NULL, NULL};
    struct cdn_host host;
    unsigned runs = 0;

    open_host(&host);
    while (!cdn_admit_is_quick(host.admit, "sum") && runs++ < 100000)
        ask(&host, &plain, "/v1/evaluate/sum", "{}", 200, "outcome");
    ck_assert_uint_ge(runs, 16);
    ck_assert_uint_le(runs, 100000);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

START_TEST(evaluation__allocates_nothing_once_it_is_warm)
{
    const struct asked pack = {
        (const char *const[]){"Content-Type", "application/msgpack", NULL}, NULL};
    const unsigned char request[] = {0x81, 0xa6, 'p',  'a',  'r', 'a',
                                     'm',  's',  0x81, 0xa1, 'a', 0x05};
    struct cdn_exchange x = {0};
    struct cdn_host host;
    uint64_t before = 0;

    open_host(&host);
    for (int i = 0; i < 20; i++) {
        before = cdn_alloc_count();
        asked_run(&x, &host, &pack, "POST", "/v1/evaluate/sum", request,
                  sizeof request);
        ck_assert_uint_eq(x.status, 200);
        cdn_dispatch_abandon(&x);
    }
    ck_assert_uint_eq(cdn_alloc_count(), before);
    cdn_exchange_deinit(&x);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

#ifdef CORDON_FAILALLOC
static const struct {
    const char *path;
    const char *query[3];
    const char *body;
} scarce[] = {
    {"/v1/evaluate/sum",
     {"explain", "full", NULL},
     "{\"params\":{\"a\":7},\"id\":[1]}"},
    {"/v1/evaluate/none", {NULL}, "{}"},
    {"/v1/evaluate",
     {NULL},
     "{\"requests\":[{\"rule\":\"sum\"},{\"id\":2},{\"rule\":1}]}"},
    {"/v1/sets/all:evaluate", {NULL}, "{}"},
    {"/metrics", {NULL}, ""},
    {"/v1/status", {NULL}, ""},
};

START_TEST(request__survives_every_allocation_failure)
{
    const struct asked of = {NULL, scarce[_i].query};
    bool gets = !scarce[_i].body[0];
    struct cdn_host host;
    unsigned wanted = 0;

    open_host(&host);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_exchange x = {0};

        asked_run(&x, &host, &of, gets ? "GET" : "POST", scarce[_i].path,
                  scarce[_i].body, strlen(scarce[_i].body));
        /* a batch may have begun well; each of its answers then says what became of it */
        if (!cdn_failalloc_fired())
            wanted = x.status;
        else
            ck_assert_msg(x.status == 500 || x.status == 200 || x.status == 404,
                          "%u: %s", x.status, (char *)x.reply.data);
        cdn_dispatch_abandon(&x);
        cdn_exchange_deinit(&x);
    }
    ck_assert(wanted == 200 || wanted == 404);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

START_TEST(host__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_host host;
        cordon_status status = cdn_host_open(&host, &options, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        if (!status)
            ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("evaluate");

    CDN_UNIT_LOOP(s, request__is_answered, 0, CDN_UNIT_COUNT(asked));
    CDN_UNIT_CASE(s, rule__comes_to_be_known_as_quick);
    CDN_UNIT_CASE(s, evaluation__allocates_nothing_once_it_is_warm);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_LOOP(s, request__survives_every_allocation_failure, 0,
                  CDN_UNIT_COUNT(scarce));
    CDN_UNIT_CASE(s, host__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
