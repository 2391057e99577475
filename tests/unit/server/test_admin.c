/* What an operator does, on its whole way from a request's bytes to an answer's: bodies,
 * conditions, pages, and memory that runs out anywhere. */
#include "support/unit.h"

#include "base/alloc.h"
#include "codec/json_read.h"
#include "server/admin.h"
#include "support/asked.h"

static char folder[128], registry[160], proposals[160], log_dir[160];
static struct cdn_server_options options = ASKED_OPTIONS;
static struct cdn_host host;

static void setup(void)
{
    cordon_error err;

    cdn_unit_folder(folder, sizeof folder);
    snprintf(registry, sizeof registry, "%s/rules.mdb", folder);
    snprintf(proposals, sizeof proposals, "%s/proposals.mdb", folder);
    snprintf(log_dir, sizeof log_dir, "%s/audit", folder);
    options.registry = registry;
    options.proposals = proposals;
    options.audit = log_dir;
    ck_assert_msg(!cdn_host_open(&host, &options, &err), "%s", err.message);
}

static void teardown(void)
{
    char command_free[320];

    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
    for (int i = 0; i < 2; i++) {
        const char *file = i ? proposals : registry;

        unlink(file);
        snprintf(command_free, sizeof command_free, "%s-lock", file);
        unlink(command_free);
    }
    snprintf(command_free, sizeof command_free, "%s/0000000001.audit", log_dir);
    unlink(command_free);
    snprintf(command_free, sizeof command_free, "%s/lock", log_dir);
    unlink(command_free);
    rmdir(log_dir);
    rmdir(folder);
}

static char reply[65536], etag[64];

/* One exchange; its status.  The reply is in `reply`, its tag in `etag`. */
static unsigned ask(const char *method, const char *path, const char *const *headers,
                    const char *const *query, const char *body)
{
    const struct asked asked = {headers, query};
    struct cdn_exchange x = {0};
    const char *name, *value;
    unsigned status;
    size_t at = 0;

    asked_run(&x, &host, &asked, method, path, body, body ? strlen(body) : 0);
    status = x.status;
    ck_assert_uint_lt(x.reply.length, sizeof reply);
    memcpy(reply, x.reply.length ? (const char *)x.reply.data : "", x.reply.length);
    reply[x.reply.length] = '\0';
    etag[0] = '\0';
    while (cdn_exchange_next_header(&x, &at, &name, &value))
        if (!strcmp(name, "ETag"))
            snprintf(etag, sizeof etag, "%s", value);
    cdn_dispatch_abandon(&x);
    cdn_exchange_deinit(&x);
    return status;
}

#define ck_assert_asked(wanted, part, ...)                                             \
    do {                                                                               \
        unsigned ck_status = ask(__VA_ARGS__);                                         \
        ck_assert_msg(ck_status == (wanted) && strstr(reply, part) != NULL,            \
                      "%u, without '%s': %s", ck_status, part, reply);                 \
    } while (0)

static const char rule[] =
    "return { name = 'r', decisions = { 'a', 'b' }, fallback = 'b',\n"
    "  evaluate = function() return { decision = 'a' } end }\n";
static const char *const as_lua[] = {"Content-Type", "text/x-lua", NULL};

static void push(void)
{
    ck_assert_asked(201, "\"version\":1", "PUT", "/v1/rules/r", as_lua, NULL, rule);
}

START_TEST(match__takes_lists_of_strong_tags)
{
    static const struct {
        const char *header;
        unsigned status;
    } cases[] = {
        {"*", 200},           {"\"1\"", 200},         {"\"0\", \"1\"", 200},
        {" \"1\" ", 200},     {"\"2\",\t\"1\"", 200}, {"W/\"1\"", 412},
        {"\"2\"", 412},       {"\"01\"", 412},        {"\"\"", 412},
        {"1", 400},           {"\"1", 400},           {"", 400},
        {"\"1\" \"2\"", 400}, {"\"1\",", 400},        {"W/", 400},
        {"**", 400},
    };
    static const char *const dry[] = {"dry_run", "true", NULL};

    push();
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        const char *headers[] = {"If-Match", cases[i].header, NULL};
        unsigned status = ask("POST", "/v1/rules/r:activate", headers, dry, NULL);

        ck_assert_msg(status == cases[i].status, "If-Match: %s gives %u: %s",
                      cases[i].header, status, reply);
        if (status == 412)
            ck_assert_str_eq(etag, "\"1\"");
    }
}
END_TEST

START_TEST(fields__are_checked_by_name_and_type)
{
    static const struct {
        const char *body, *part;
        unsigned status;
    } cases[] = {
        {"{}", "\"active\":1", 200},
        {"{\"version\": null}", "\"active\":1", 200},
        {"[]", "the body must be an object", 400},
        {"7", "the body must be an object", 400},
        {"{\"version\": \"1\"}", "\\\"version\\\" must be an integer from 0", 400},
        {"{\"version\": 0}", "no such", 400},
        {"{\"version\": 4294967297}", "no such", 400},
        {"{\"version\": -1}", "must be an integer", 400},
        {"{\"version\": 1.5}", "must be an integer", 400},
        {"{\"verson\": 1}", "did you mean 'version'", 400},
        {"{\"\\u0001\": 1}", "nothing is called", 400},
        {"{\"reason\": 1}", "must be a string", 400},
        {"{\"reason\": \"a\\u0000b\"}", "NUL", 400},
        {"{\"reason\": \"a\\nb\"}", "reason", 400},
        {"{\"reason\"", "no JSON", 400},
    };
    char body[1200];

    push();
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++)
        ck_assert_asked(cases[i].status, cases[i].part, "POST", "/v1/rules/r:activate",
                        NULL, NULL, cases[i].body);
    snprintf(body, sizeof body, "{\"reason\": \"%01001d\"}", 0);
    ck_assert_asked(400, "at most 1000", "POST", "/v1/rules/r:activate", NULL, NULL,
                    body);
}
END_TEST

START_TEST(pages__go_on_where_they_ended)
{
    static const struct {
        const char *path, *name, *value, *part;
        unsigned status;
    } cases[] = {
        {"/v1/rules", "limit", "1", "\"next\":\"r\"", 200},
        {"/v1/rules", "cursor", "r", "\"rules\":[],\"next\":null", 200},
        {"/v1/rules", "limit", "1001", "from 1 to 1000", 400},
        {"/v1/rules", "limit", "-1", "from 1 to 1000", 400},
        {"/v1/rules", "limit", "", "from 1 to 1000", 400},
        {"/v1/rules/r/versions", "cursor", "9", "\"version\":1", 200},
        {"/v1/rules/r/versions", "cursor", "x", "no integer", 400},
        {"/v1/rules/r/versions", "cursor", "0", "no integer", 400},
        {"/v1/rules/r/history", "cursor", "1", "\"changes\":[],\"next\":null", 200},
        {"/v1/decisions", "cursor", "1", "before this one", 400},
        {"/v1/decisions", "cursor", "0-0", "before this one", 400},
        {"/v1/decisions", "cursor", "1--5", "before this one", 400},
        {"/v1/decisions", "cursor", "99-1", "\"decisions\":[]", 200},
        {"/v1/decisions", "cursor", "1-18446744073709551615", "\"decisions\":[]", 200},
        {"/v1/decisions", "order", "odd", "newest or oldest", 400},
        {"/v1/proposals", "cursor", "5", "\"proposals\":[],\"next\":null", 200},
        {"/v1/proposals", "cursor", "9223372036854775808", "no integer", 400},
    };

    push();
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        const char *query[] = {cases[i].name, cases[i].value, NULL};

        ck_assert_asked(cases[i].status, cases[i].part, "GET", cases[i].path, NULL,
                        query, NULL);
    }
}
END_TEST

START_TEST(answers__come_as_msgpack_too)
{
    static const char *const headers[] = {"Accept", "application/msgpack", NULL};
    const struct asked asked = {headers, NULL};
    struct cdn_exchange x = {0};
    cordon_value value, name;
    cordon_error err;

    push();
    asked_run(&x, &host, &asked, "GET", "/v1/rules/r", NULL, 0);
    ck_assert_uint_eq(x.status, 200);
    ck_assert_msg(!cordon_value_parse(&value, x.reply.data, x.reply.length, &err), "%s",
                  err.message);
    ck_assert(cordon_value_get(&name, &value, "name"));
    ck_assert_mem_eq(name.as.string, "r", 1);
    cdn_dispatch_abandon(&x);
    cdn_exchange_deinit(&x);
}
END_TEST

START_TEST(push__of_what_is_no_text_is_refused)
{
    ck_assert_asked(422, "\"line\":", "PUT", "/v1/rules/r", as_lua, NULL, "return {\n");
    ck_assert_asked(422, "urn:cordon:problem:rule", "PUT", "/v1/rules/r", as_lua, NULL,
                    "\x1bLJ\x02");
    ck_assert_asked(400, "is missing", "PUT", "/v1/rules/r", NULL, NULL, "{}");
    ck_assert_asked(422, "calls itself 'r'", "PUT", "/v1/rules/q", NULL, NULL, rule);
    ck_assert_asked(404, "not-found", "GET", "/v1/rules/r", NULL, NULL, NULL);
    /* a name that no rule can have */
    ck_assert_asked(404, "not-found", "GET", "/v1/rules/%2e%2e%2fx", NULL, NULL, NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
static const struct {
    const char *method, *path, *body;
} failing[] = {
    {"PUT", "/v1/rules/r", rule},
    {"PUT", "/v1/rules/r",
     "{\"source\": \"return { name = 'r', decisions = { 'a', 'b' }, fallback = 'b', "
     "evaluate = function() return { decision = 'b' } end }\", \"cases\": "
     "\"{\\\"expect\\\": {\\\"decision\\\": \\\"b\\\"}}\"}"},
    {"POST", "/v1/rules/r:activate", "{\"version\": 2, \"reason\": \"x\"}"},
    {"PUT", "/v1/rollouts/r", "{\"version\": 1, \"percent\": 50}"},
    {"PUT", "/v1/shadows/r", "{\"version\": 1}"},
    {"GET", "/v1/rules", NULL},
    {"GET", "/v1/rules/r", NULL},
    {"GET", "/v1/rules/r/versions", NULL},
    {"GET", "/v1/rules/r/versions/2", NULL},
    {"GET", "/v1/rules/r/diff", NULL},
    {"GET", "/v1/rules/r/history", NULL},
    {"GET", "/v1/rollouts", NULL},
    {"GET", "/v1/shadows/r", NULL},
    {"GET", "/v1/decisions", NULL},
    {"GET", "/v1/audit", NULL},
    {"GET", "/v1/proposals", NULL},
    {"GET", "/v1/config", NULL},
};

/* An answer is whole, or says that memory ran out; a change was made, or was not. */
START_TEST(answers__survive_every_allocation_failure)
{
    static const char *const contract[] = {"contract", "true", NULL};
    const char *const key[] = {"Idempotency-Key", failing[_i].path, NULL};

    push();
    ck_assert_asked(201, "\"version\":2", "PUT", "/v1/rules/r", NULL, NULL,
                    failing[1].body);
    ck_assert_asked(200, "\"active\":2", "POST", "/v1/rules/r:activate", NULL, NULL,
                    failing[2].body);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf pack = {0};
        cordon_error err;
        unsigned status = ask(failing[_i].method, failing[_i].path,
                              nth % 2 ? key : NULL, contract, failing[_i].body);
        bool fired = cdn_failalloc_fired();

        cdn_failalloc_after(-1, false);
        ck_assert_msg(status == 200 || status == 201 || (fired && status == 500),
                      "%s %s, allocation %ld: %u %s", failing[_i].method,
                      failing[_i].path, nth, status, reply);
        if (reply[0]) /* where there is memory for nothing, an answer has no body */
            ck_assert_msg(!cdn_json_to_pack(&pack, reply, strlen(reply), &err),
                          "%s: %s", err.message, reply);
        cdn_buf_deinit(&pack);
        if (!fired)
            break;
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("admin");

    CDN_UNIT_CASE_IN(s, match__takes_lists_of_strong_tags, setup, teardown);
    CDN_UNIT_CASE_IN(s, fields__are_checked_by_name_and_type, setup, teardown);
    CDN_UNIT_CASE_IN(s, pages__go_on_where_they_ended, setup, teardown);
    CDN_UNIT_CASE_IN(s, answers__come_as_msgpack_too, setup, teardown);
    CDN_UNIT_CASE_IN(s, push__of_what_is_no_text_is_refused, setup, teardown);
#ifdef CORDON_FAILALLOC
    {
        TCase *c = tcase_create("answers__survive_every_allocation_failure");

        tcase_add_checked_fixture(c, setup, teardown);
        tcase_add_loop_test(c, answers__survive_every_allocation_failure, 0,
                            CDN_UNIT_COUNT(failing));
        suite_add_tcase(s, c);
    }
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
