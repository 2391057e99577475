/* What a reload makes of a configuration that was read again. */
#include "server/reload.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "server/lane.h"
#include "support/asked.h"
#include "support/unit.h"

/* What the configuration "says", and the error of one that is faulty. */
struct file {
    const char *principal; /* of its one caller, whose name is the same; NULL: none */
    bool faulty;
    cordon_level level;
    const char *restart; /* NULL: nothing takes a new start */
};

static cordon_status read_again(void *ud, struct cdn_server_fresh *out,
                                cordon_error *err)
{
    const struct file *file = ud;
    struct cdn_auth_entry entry = {.name = file->principal,
                                   .has_uid = true,
                                   .rights = CDN_RIGHT_READ | CDN_RIGHT_PROMOTE,
                                   .principal = file->principal};

    if (file->faulty)
        return cdn_error_set(err, CORDON_E_DATA, "server.lua:1: this is no good");
    out->log.level = file->level;
    out->taken[0] = (struct cdn_server_taken){"log.level", "file", "error"};
    out->taken_count = 1;
    out->restart[0] = file->restart;
    out->restart_count = file->restart != NULL;
    return cdn_auth_new(&out->auth, &entry, file->principal != NULL, err);
}

static const struct cdn_server_setting settings[] = {
    {"log.level", "info", "default", false}, {"server.queue", "64", "default", false}};

static void open_host(struct cdn_host *host, struct cdn_server_options *options,
                      struct file *file)
{
    *options = (struct cdn_server_options)ASKED_OPTIONS;
    options->again = read_again;
    options->again_ud = file;
    options->config = settings;
    options->config_count = 2;
    ck_assert_int_eq(cdn_host_open(host, options, NULL), CORDON_OK);
}

/* The answer of `write`, in braces; the caller's. */
static char *told(struct cdn_reload *reload)
{
    struct cdn_buf text = {0};
    struct cdn_json json;

    cdn_json_init(&json, &text, false);
    cdn_json_object(&json);
    cdn_reload_write(&json, reload, true);
    cdn_reload_write_restart(&json, reload);
    cdn_json_object_end(&json);
    cdn_buf_append(&text, "", 1);
    ck_assert(!text.failed);
    return (char *)text.data;
}

static void expect_told(struct cdn_reload *reload, const char *wanted)
{
    char *text = told(reload);

    ck_assert_str_eq(text, wanted);
    cdn_free(text);
}

static const char *caller_now(struct cdn_host *host)
{
    const struct cdn_credentials shown = {.has_peer = true};
    struct cdn_lane *lane = cdn_lane_mine(host->lanes);
    struct cdn_caller caller;

    ck_assert_ptr_nonnull(lane);
    ck_assert(cdn_auth_identify(&caller, cdn_host_auth(host, lane), &shown));
    return caller.principal ? caller.principal : "";
}

START_TEST(reload__takes_over_a_configuration_as_a_whole_or_not_at_all)
{
    struct file file = {.principal = "first", .restart = "server.queue"};
    struct cdn_server_setting setting = settings[0], other = settings[1];
    char value[CDN_RELOAD_VALUE_BYTES];
    struct cdn_server_options options;
    struct cdn_host host;

    open_host(&host, &options, &file);
    ck_assert(cdn_auth_is_open(host.auth));
    ck_assert(!cdn_reload_setting(&setting, value, host.reload));
    ck_assert_str_eq(setting.value, "info");
    ck_assert(cdn_reload_now(host.reload));
    ck_assert_str_eq(caller_now(&host), "first");
    ck_assert(!cdn_reload_setting(&setting, value, host.reload));
    ck_assert_str_eq(setting.value, "error");
    ck_assert_str_eq(setting.from, "file");
    ck_assert(cdn_reload_setting(&other, value, host.reload));
    ck_assert_str_eq(other.value, "64");
    expect_told(host.reload, "{\"restart\":[\"server.queue\"]}");
    /* a fault */
    file = (struct file){.principal = "second", .faulty = true};
    ck_assert(!cdn_reload_now(host.reload));
    ck_assert(cdn_reload_failed(host.reload));
    ck_assert_str_eq(caller_now(&host), "first");
    expect_told(
        host.reload,
        "{\"failures\":[{\"part\":\"config\",\"message\":\"server.lua:1: this is "
        "no good\"}],\"restart\":[\"server.queue\"]}");
    /* nobody at all */
    file = (struct file){0};
    ck_assert(!cdn_reload_now(host.reload));
    ck_assert_str_eq(caller_now(&host), "first");
    file.principal = "second";
    ck_assert(cdn_reload_now(host.reload));
    ck_assert_str_eq(caller_now(&host), "second");
    expect_told(host.reload, "{}");
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

START_TEST(reload__lets_an_exchange_end_as_whom_it_began)
{
    static const struct cdn_credentials shown = {.has_peer = true};
    struct file file = {.principal = "first"};
    struct cdn_server_options options;
    struct cdn_exchange x = {0};
    struct cdn_host host;

    open_host(&host, &options, &file);
    ck_assert(cdn_reload_now(host.reload));
    cdn_exchange_begin(&x, &host, &asked_source, &(struct asked){NULL, NULL});
    ck_assert(cdn_dispatch_begin(&x, "GET", "/v1/config", &shown));
    file.principal = "second";
    ck_assert(cdn_reload_now(host.reload));
    /* its thread has gone on to the next one, and to the table of now */
    ck_assert_str_eq(caller_now(&host), "second");
    ck_assert_str_eq(x.caller.principal, "first");
    cdn_dispatch_abandon(&x);
    cdn_exchange_deinit(&x);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

/* ---- several threads ---- */

struct asking {
    struct cdn_host *host;
    atomic_bool stop;
    atomic_uint asked, wrong;
};

/* A caller's name is that of his principal, whichever table he is of. */
static void *keep_asking(void *ud)
{
    static const struct cdn_credentials shown = {.has_peer = true};
    struct asking *asking = ud;

    while (!atomic_load(&asking->stop)) {
        struct cdn_exchange x = {0};
        bool right;

        cdn_exchange_begin(&x, asking->host, &asked_source,
                           &(struct asked){NULL, NULL});
        right = cdn_dispatch_begin(&x, "GET", "/v1/config", &shown);
        (void)caller_now(asking->host);
        right = right && !strcmp(x.caller.name, x.caller.principal);
        cdn_dispatch_run(&x);
        right = right && x.status == 200;
        cdn_dispatch_abandon(&x);
        cdn_exchange_deinit(&x);
        atomic_fetch_add(&asking->wrong, !right);
        atomic_fetch_add(&asking->asked, 1);
    }
    return NULL;
}

START_TEST(reload__changes_who_may_call_while_they_do)
{
    enum { THREADS = 3, RELOADS = 200 };
    struct file file = {.principal = "first", .restart = "server.queue"};
    struct cdn_server_options options;
    struct cdn_host host;
    struct asking asking = {.host = &host};
    pthread_t threads[THREADS];

    open_host(&host, &options, &file);
    ck_assert(cdn_reload_now(host.reload));
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, keep_asking, &asking), 0);
    for (int i = 0; i < RELOADS; i++) {
        unsigned before = atomic_load(&asking.asked);

        file.principal = i % 2 ? "first" : "the-second";
        file.faulty = i % 5 == 4;
        ck_assert_int_eq(cdn_reload_now(host.reload), !file.faulty);
        while (atomic_load(&asking.asked) < before + 2)
            sched_yield();
    }
    atomic_store(&asking.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(atomic_load(&asking.wrong), 0);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(reload__stays_as_it_was_where_an_allocation_fails)
{
    struct file file = {.principal = "first"};
    struct cdn_server_options options;
    unsigned failed = 0;
    struct cdn_host host;
    bool more = true;

    open_host(&host, &options, &file);
    ck_assert(cdn_reload_now(host.reload));
    for (long nth = 0; more; nth++) {
        char *text;

        file.principal = "second";
        cdn_failalloc_after(nth, false);
        (void)cdn_reload_now(host.reload);
        more = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        failed += more;
        text = told(host.reload);
        ck_assert_str_eq(caller_now(&host),
                         strstr(text, "\"config\"") ? "first" : "second");
        ck_assert(more || !strcmp(text, "{}"));
        cdn_free(text);
        file.principal = "first";
        ck_assert(cdn_reload_now(host.reload));
    }
    ck_assert_uint_gt(failed, 0);
    ck_assert_int_eq(cdn_host_close(&host, NULL), CORDON_OK);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("reload");

    CDN_UNIT_CASE(s, reload__takes_over_a_configuration_as_a_whole_or_not_at_all);
    CDN_UNIT_CASE(s, reload__lets_an_exchange_end_as_whom_it_began);
    CDN_UNIT_CASE(s, reload__changes_who_may_call_while_they_do);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, reload__stays_as_it_was_where_an_allocation_fails);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
