#include "serving.h"

#include <dirent.h>

#include "base/alloc.h"
#include "engine/engine.h"

static char text[1 << 18];

static const char *metrics(cordon_engine *engine)
{
    cordon_error err;
    size_t bytes;

    ck_assert_msg(!cordon_engine_metrics(text, sizeof text, &bytes, engine, &err), "%s",
                  err.message);
    ck_assert_uint_eq(bytes, strlen(text));
    return text;
}

static cordon_engine *used(void)
{
    cordon_engine *engine = serving_engine(2);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;

    serving_load(engine, "return { name = 'good', decisions = { 'allow', 'deny' }, "
                         "fallback = 'deny', evaluate = function() return { decision "
                         "= 'allow' } end }");
    serving_load(engine, "return { name = 'bad', decisions = { 'allow', 'deny' }, "
                         "limits = { time = '10s' }, fallback = 'deny', evaluate = "
                         "function() while true do end "
                         "end }");
    for (int i = 0; i < 7; i++)
        ck_assert(!cordon_evaluate(outcome, engine, "good", &request, NULL));
    for (int i = 0; i < 3; i++)
        ck_assert(!cordon_evaluate(outcome, engine, "bad", &request, NULL));
    cordon_outcome_free(outcome);
    return engine;
}

START_TEST(metrics__tell_what_was_evaluated)
{
    static const char *const lines[] = {
        "# TYPE cordon_evaluations_total counter\n",
        "cordon_build_info{version=\"",
        "cordon_evaluations_total{rule=\"good\",version=\"0\",variant=\"live\",outcome="
        "\"ok\"} 7\n",
        "cordon_evaluations_total{rule=\"bad\",version=\"0\",variant=\"live\",outcome="
        "\"limit\"} 3\n",
        "cordon_limit_exceeded_total{rule=\"bad\",kind=\"instructions\"} 3\n",
        "cordon_instructions_total{rule=\"bad\"} 300000",
        "cordon_decisions_total{rule=\"good\",version=\"0\",decision=\"allow\"} 7\n",
        "cordon_decisions_total{rule=\"bad\",version=\"0\",decision=\"deny\"} 3\n",
        "cordon_evaluation_duration_seconds_bucket{rule=\"good\",variant=\"live\",le="
        "\"1e-06\"} ",
        "cordon_evaluation_duration_seconds_bucket{rule=\"good\",variant=\"live\",le="
        "\"+Inf\"} 7\n",
        "cordon_evaluation_duration_seconds_count{rule=\"bad\",variant=\"live\"} 3\n",
        "cordon_evaluation_memory_peak_bytes_bucket{rule=\"good\",le=\"+Inf\"} 7\n",
        "cordon_pool_states{tier=\"inproc\",state=\"busy\"} 0\n",
        "cordon_pool_states{tier=\"inproc\",state=\"idle\"} 4\n",
        "cordon_pool_wait_seconds_count{tier=\"inproc\"} 0\n",
        "cordon_quota_rejected_total{reason=\"overloaded\"} 0\n",
        "cordon_rollout_aborts_total{reason=\"p99_cost\"} 0\n",
        "cordon_state_create_duration_seconds_count{tier=\"inproc\"} 2\n",
        "cordon_bundle_load_total{result=\"ok\"} 2\n",
        "cordon_bundle_load_total{result=\"error\"} 0\n",
        "cordon_rules 2\n",
    };
    cordon_engine *engine = used();
    const char *all = metrics(engine);

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        ck_assert_contains(all, lines[i]);
    ck_assert_msg(strstr(all, "cordon_snapshot_age") == NULL, "there is no snapshot");
    serving_bank(engine);
    all = metrics(engine);
    ck_assert_contains(all, "cordon_snapshot_generation ");
    ck_assert_contains(all, "cordon_snapshot_age_seconds ");
    cordon_engine_free(engine);
}
END_TEST

/* What a scraper insists on: each metric's series stand together, under one TYPE line. */
START_TEST(metrics__keep_the_format)
{
    cordon_engine *engine = used();
    const char *all = metrics(engine);
    char metric[100] = "", seen[100][100];
    size_t count = 0;

    for (const char *line = all; *line; line = strchr(line, '\n') + 1) {
        size_t name = strcspn(line, "{ \n");

        if (!strncmp(line, "# TYPE ", 7)) {
            ck_assert_int_eq(sscanf(line + 7, "%99s", metric), 1);
            for (size_t i = 0; i < count; i++)
                ck_assert_str_ne(seen[i], metric);
            ck_assert_uint_lt(count, 100);
            snprintf(seen[count++], 100, "%s", metric);
        } else if (line[0] != '#') {
            ck_assert_msg(!strncmp(line, metric, strlen(metric)), "%.60s in %s", line,
                          metric);
            ck_assert_msg(line[name] == '{' || line[name] == ' ', "%.60s", line);
        }
        ck_assert_ptr_nonnull(strchr(line, '\n'));
    }
    ck_assert_uint_gt(count, 12);
    cordon_engine_free(engine);
}
END_TEST

/* The names that dashboards know, their types, and the labels of their series ("" for none;
 * NULL: it has no series here).  First those of the conventions' table, then our own. */
static const struct {
    const char *name, *type, *labels;
} known[] = {
    {"cordon_build_info", "gauge", "version,luajit,commit"},
    {"cordon_evaluations_total", "counter", "rule,version,variant,outcome"},
    {"cordon_evaluation_duration_seconds", "histogram", "rule,variant,le"},
    {"cordon_limit_exceeded_total", "counter", "rule,kind"},
    {"cordon_instructions_total", "counter", "rule"},
    {"cordon_graph_reads_total", "counter", "rule,kind"},
    {"cordon_evaluation_memory_peak_bytes", "histogram", "rule,le"},
    {"cordon_decisions_total", "counter", "rule,version,decision"},
    {"cordon_shadow_mismatch_total", "counter", NULL},
    {"cordon_rollout_ratio", "gauge", NULL},
    {"cordon_rollout_aborts_total", "counter", "reason"},
    {"cordon_breaker_trips_total", "counter", "rule,action"},
    {"cordon_pool_states", "gauge", "tier,state"},
    {"cordon_pool_wait_seconds", "histogram", "tier,le"},
    {"cordon_state_create_duration_seconds", "histogram", "tier,le"},
    {"cordon_quota_rejected_total", "counter", "reason"},
    {"cordon_log_queue_depth", "gauge", "sink"},
    {"cordon_log_dropped_total", "counter", "sink"},
    {"cordon_bundle_load_total", "counter", "result"},
    {"cordon_bundle_last_success_timestamp_seconds", "gauge", ""},
    {"cordon_snapshot_age_seconds", "gauge", ""},

    {"cordon_host_function_seconds_total", "counter", NULL},
    {"cordon_limit_tightened_total", "counter", "rule"},
    {"cordon_pool_ends_total", "counter", NULL},
    {"cordon_pool_interruptions_total", "counter", ""},
    {"cordon_pool_start_failures_total", "counter", NULL},
    {"cordon_pool_waiting", "gauge", ""},
    {"cordon_registry_sequence", "counter", ""},
    {"cordon_rules", "gauge", ""},
    {"cordon_snapshot_generation", "gauge", ""},
};

/* "rule,kind" of `name{rule="x",kind="y"} 1`. */
static void labels_of(char out[100], const char *line)
{
    size_t length = 0;

    for (line = strchr(line, '{'); line && *line != '}' && length < 80;) {
        size_t name = strcspn(++line, "=");

        length += (size_t)snprintf(out + length, 100 - length, "%s%.*s",
                                   length ? "," : "", (int)name, line);
        line = strchr(line + name + 2, '"') + 1;
    }
    out[length] = '\0';
}

static void remove_flat(const char *path)
{
    DIR *files = opendir(path);
    struct dirent *entry;

    while (files && (entry = readdir(files)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(files), entry->d_name, 0);
    if (files)
        closedir(files);
    (void)rmdir(path);
}

START_TEST(metrics__have_the_names_that_are_known)
{
    char folder[128], dir[160], wanted[200], labels[100];
    cordon_engine *engine = used();
    cordon_audit *audit;
    const char *all, *line;
    int found = 0;

    snprintf(dir, sizeof dir, "%s/audit", cdn_unit_folder(folder, sizeof folder));
    ck_assert(!cordon_audit_open(&audit, dir, NULL, NULL));
    cordon_engine_use_audit(engine, audit);
    serving_bank(engine);
    engine->options.tighten = 2;
    all = metrics(engine);
    for (int i = 0; i < CDN_UNIT_COUNT(known); i++) {
        snprintf(wanted, sizeof wanted, "\n# TYPE %s %s\n", known[i].name,
                 known[i].type);
        line = strstr(all, wanted);
        ck_assert_msg(line != NULL, "no %s %s", known[i].type, known[i].name);
        line += strlen(wanted);
        ck_assert_msg((*line && *line != '#') == (known[i].labels != NULL), "%s: %.80s",
                      known[i].name, line);
        if (!known[i].labels)
            continue;
        if (line[strcspn(line, "{ ")] == '{')
            labels_of(labels, line);
        else
            labels[0] = '\0';
        ck_assert_str_eq(labels, known[i].labels);
    }
    for (line = all; (line = strstr(line, "# TYPE ")); line++)
        found++;
    ck_assert_int_eq(found, CDN_UNIT_COUNT(known)); /* and there are no others */
    cordon_engine_free(engine);
    ck_assert(!cordon_audit_close(audit, NULL));
    remove_flat(dir);
    remove_flat(folder);
}
END_TEST

START_TEST(metrics__tell_what_was_refused_to_load)
{
    cordon_engine *engine = used();

    ck_assert(cordon_engine_load_rule(engine, "return 7", 8, "x", NULL, NULL));
    ck_assert(cordon_engine_load_set(engine, "return 7", 8, "x", NULL, NULL));
    ck_assert_ptr_nonnull(
        strstr(metrics(engine), "cordon_bundle_load_total{result=\"error\"} 2\n"));
    cordon_engine_free(engine);
}
END_TEST

START_TEST(metrics__say_how_much_room_they_need)
{
    cordon_engine *engine = used();
    cordon_error err;
    size_t bytes, again;

    ck_assert_int_eq(cordon_engine_metrics(NULL, 0, &bytes, engine, &err),
                     CORDON_E_DATA);
    ck_assert_int_eq(cordon_engine_metrics(text, bytes, &again, engine, &err),
                     CORDON_E_DATA);
    ck_assert_int_eq(cordon_engine_metrics(text, bytes + 1, &again, engine, &err),
                     CORDON_OK);
    ck_assert_int_eq(cordon_engine_metrics(text, sizeof text, NULL, engine, &err),
                     CORDON_E_INVALID);
    cordon_engine_free(engine);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(metrics__survive_every_allocation_failure)
{
    cordon_engine *engine = used();

    for (long nth = 0;; nth++) {
        cordon_status status;
        size_t bytes;
        bool fired;

        cdn_failalloc_after(nth, false);
        status = cordon_engine_metrics(text, sizeof text, &bytes, engine, NULL);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        ck_assert_int_eq(status, fired ? CORDON_E_NOMEM : CORDON_OK);
        if (!fired)
            break;
    }
    cordon_engine_free(engine);
}
END_TEST
#endif

/* ---- the observer ---- */

struct seen {
    unsigned spans;
    char rule[80], trace[80], id[80];
    int64_t start_ns;
};

static void on_span(void *ud, const cordon_span *span)
{
    struct seen *seen = ud;

    ck_assert_uint_eq(span->struct_size, sizeof *span);
    seen->spans++;
    seen->start_ns = span->start_ns;
    snprintf(seen->rule, sizeof seen->rule, "%s", cordon_outcome_rule(span->outcome));
    snprintf(seen->id, sizeof seen->id, "%s",
             cordon_outcome_decision_id(span->outcome));
    snprintf(seen->trace, sizeof seen->trace, "%s",
             span->traceparent ? span->traceparent : "none");
}

START_TEST(observer__is_told_of_every_evaluation)
{
    static const char trace[] =
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    cordon_engine *engine = used();
    cordon_observer observer = CORDON_OBSERVER_INIT;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = serving_outcome();
    struct seen seen = {0};

    observer.span = on_span;
    observer.ud = &seen;
    ck_assert(!cordon_engine_observe(engine, &observer, NULL));
    ck_assert(!cordon_evaluate(outcome, engine, "good", &request, NULL));
    ck_assert_str_eq(seen.trace, "none");
    request.traceparent = trace;
    ck_assert(!cordon_evaluate(outcome, engine, "good", &request, NULL));
    ck_assert_uint_eq(seen.spans, 2);
    ck_assert_str_eq(seen.rule, "good");
    ck_assert_str_eq(seen.trace, trace);
    ck_assert_str_eq(seen.id, cordon_outcome_decision_id(outcome));
    ck_assert_int_gt(seen.start_ns, INT64_C(1600000000000000000));
    ck_assert(!cordon_engine_observe(engine, NULL, NULL));
    ck_assert(!cordon_evaluate(outcome, engine, "good", &request, NULL));
    ck_assert_uint_eq(seen.spans, 2);
    observer.struct_size = 3;
    ck_assert_int_eq(cordon_engine_observe(engine, &observer, NULL), CORDON_E_INVALID);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("metrics");

    CDN_UNIT_CASE(s, metrics__tell_what_was_evaluated);
    CDN_UNIT_CASE(s, metrics__keep_the_format);
    CDN_UNIT_CASE(s, metrics__have_the_names_that_are_known);
    CDN_UNIT_CASE(s, metrics__tell_what_was_refused_to_load);
    CDN_UNIT_CASE(s, metrics__say_how_much_room_they_need);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, metrics__survive_every_allocation_failure);
#endif
    CDN_UNIT_CASE(s, observer__is_told_of_every_evaluation);
    return s;
}

CDN_UNIT_MAIN(suite)
