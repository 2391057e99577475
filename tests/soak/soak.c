/* Many requests for a long time while everything under them changes, and nothing may grow,
 * be lost, or be answered from a mixed state.
 *
 *   soak SECONDS [THREADS]
 *
 * Served: a rule of the registry that reads the graph, of which versions are activated,
 * rolled back, paused, rolled out and shadowed meanwhile, while the snapshot under it is
 * swapped; a set; rules from text, good, failing and hostile, which are replaced; an endless
 * one that is cancelled now and then.  Requests come with any priority.
 *
 * Every answer is checked.  Those of the graph rule against an oracle: each version on each
 * snapshot for each node, evaluated by one thread before all else; the answer says which
 * version it was and carries a mark of its snapshot, and result, instructions, edges and
 * digest must be the oracle's.  Every evaluation must be in the decision log, whose chain
 * must hold.  Resident memory is noted after a tenth of the time and may not be a quarter
 * larger at the end.  `cmake --workflow --preset soak` runs it for half an hour. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cordon.h>

#include "base/hash.h"
#include "support/fixture.h"

#define RULE(name, body)                                                               \
    "return { name = '" name "', decisions = { 'a', 'b' }, fallback = 'b',\n"          \
    "  params = { n = { type = 'integer', default = 1 } },\n"                          \
    "  limits = { instructions = 100000, time = '5s' },\n"                             \
    "  evaluate = function(_, request) local n = request.params.n\n" body "\nend }\n"

static const struct {
    const char *name;
    const char *source;
    cordon_outcome_kind kind;
} rules[] = {
    {"sum",
     RULE("sum", "local s = 0 for i = 1, n do s = s + i end\n"
                 "return { decision = 'a', output = s }"),
     CORDON_OUTCOME_OK},
    {"words",
     RULE("words",
          "local t = {} for w in ('a b c'):gmatch('%a') do t[#t + 1] = w .. n end\n"
          "table.sort(t) return { decision = 'a', reasons = t, output = n * (n + 1) / "
          "2 }"),
     CORDON_OUTCOME_OK},
    {"fails", RULE("fails", "local t = nil return t.x"), CORDON_OUTCOME_ERROR},
    {"endless", RULE("endless", "while true do pcall(error, n) end"),
     CORDON_OUTCOME_LIMIT},
    {"bomb",
     RULE("bomb", "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"),
     CORDON_OUTCOME_LIMIT},
    {"nonsense", RULE("nonsense", "return { decision = n }"),
     CORDON_OUTCOME_INVALID_RESULT},
};
#define WARM_NS UINT64_C(60000000000) /* until what the run keeps is there */

enum { RULES = sizeof rules / sizeof rules[0] };
enum { SNAPSHOTS = 2, NODES = 40, VERSIONS = 4, MAX_THREADS = 16 };

static const char set_text[] =
    "return { name = 'both', decisions = { 'a', 'b' }, rules = { 'reader', 'sum', "
    "'fails' } }";

static cordon_engine *engine;
static cordon_registry *registry;
static cordon_audit *audit;
static cordon_snapshot *snapshots[SNAPSHOTS];
static char folder[] = "/tmp/cordon-soak-XXXXXX";
static cordon_cancel cancel;
static atomic_bool done;
static atomic_ulong answers, denied, cancelled, evaluations, wrong;

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What the process has for itself: not the pages of files that it maps, of which the registry
 * grows by its history. */
static long resident_kib(void)
{
    long pages = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld %ld", &pages, &resident, &shared) != 3)
        resident = shared = 0;
    if (file)
        fclose(file);
    return (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024);
}

static void must(cordon_status status, const char *what, const cordon_error *err)
{
    if (!status)
        return;
    fprintf(stderr, "soak: %s: %s\n", what, err->message);
    exit(1);
}

static void fault(const char *what, const char *message)
{
    if (atomic_fetch_add(&wrong, 1) < 20)
        fprintf(stderr, "soak: %s: %s\n", what, message);
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

/* ---- the graph, the rule, and what is right ---- */

static void key_of(char key[16], unsigned node)
{
    snprintf(key, 16, "%u", 1000 + node * 7);
}

/* Snapshot `mark` has other edges than the others, of other amounts. */
static cordon_snapshot *build(int mark)
{
    cordon_snapshot *snapshot;
    struct cdn_fixture *f;
    char path[256], key[16], other[16];

    cdn_fixture_path(path, sizeof path);
    f = cdn_fixture_new(path);
    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "mark:int64");
    cdn_fixture_relation(f, "pays", "Account", "Account",
                         "amount:float64 ts:timestamp!");
    for (unsigned i = 0; i < NODES; i++) {
        key_of(key, i);
        cdn_fixture_node(f, "Account", key, CDN_INT("mark", mark));
    }
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned k = 0; k < (i * (unsigned)(mark + 1)) % 13; k++) {
            key_of(key, i);
            key_of(other, (i + k * (unsigned)(mark + 3) + 1) % NODES);
            cdn_fixture_edge(f, "pays", "Account", key, "Account", other,
                             CDN_NUM("amount", i + k * 0.25 + mark),
                             CDN_INT("ts", 1000 * (int)k + mark));
        }
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    cdn_fixture_remove(path); /* it stays mapped */
    return snapshot;
}

static void reader_text(char *text, size_t size, unsigned version)
{
    snprintf(
        text, size,
        "return { name = 'reader', decisions = { 'a', 'b' }, fallback = 'b',\n"
        "  reads = { Account = { 'mark' }, pays = { 'amount' } },\n"
        "  limits = { time = '5s' },\n"
        "  evaluate = function(graph, request)\n"
        "    local out, sum = request.node:outgoing('pays'), 0\n"
        "    for e in out:each() do sum = sum + e.amount * %u end\n"
        "    return { decision = sum > 50 and 'b' or 'a', score = sum,\n"
        "      reasons = { ('%%d of %%d'):format(out:count(), "
        "out:nodes():outgoing('pays'):count()) },\n"
        "      output = { mark = request.node.mark, distinct = out:distinct() } }\n"
        "  end }",
        version);
}

static uint64_t oracle[VERSIONS + 1][SNAPSHOTS][NODES];

/* All of an answer that is reproducible. */
static uint64_t digest_of(const cordon_outcome *outcome)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    size_t bytes;
    const void *result = cordon_outcome_result(outcome, &bytes);
    uint64_t digest = cdn_hash_xxh3(result, bytes);

    digest = cdn_hash_mix(digest, usage->instructions);
    digest = cdn_hash_mix(digest, usage->edges);
    digest = cdn_hash_mix(digest, usage->nodes);
    return cdn_hash_mix(digest, cordon_outcome_reads_digest(outcome));
}

static void ask(cordon_request *request, char key[16], unsigned node)
{
    key_of(key, node);
    *request = (cordon_request)CORDON_REQUEST_INIT;
    request->label = "Account";
    request->key = key;
}

static void consult(void)
{
    cordon_engine *alone;
    cordon_outcome *outcome;
    cordon_error err;

    must(cordon_engine_new(&alone, NULL, &err), "engine", &err);
    must(cordon_outcome_new(&outcome, &err), "outcome", &err);
    for (unsigned v = 1; v <= VERSIONS; v++)
        for (unsigned s = 0; s < SNAPSHOTS; s++) {
            char text[1024];

            reader_text(text, sizeof text, v);
            must(cordon_engine_set_snapshot(alone, snapshots[s], &err), "swap", &err);
            must(cordon_engine_load_rule(alone, text, strlen(text), "reader", NULL,
                                         &err),
                 "reader", &err);
            for (unsigned n = 0; n < NODES; n++) {
                cordon_request request;
                char key[16];

                ask(&request, key, n);
                must(cordon_evaluate(outcome, alone, "reader", &request, &err),
                     "oracle", &err);
                oracle[v][s][n] = digest_of(outcome);
            }
        }
    cordon_outcome_free(outcome);
    cordon_engine_free(alone);
}

/* ---- those who ask ---- */

static void check_reader(const cordon_outcome *outcome, unsigned node)
{
    cordon_value output = cordon_outcome_output(outcome), mark;

    if (cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_DENIED) {
        atomic_fetch_add(&denied, 1); /* it was paused */
        if (!cordon_outcome_is_fallback(outcome))
            fault("paused", "without its fallback");
        return;
    }
    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK ||
        !cordon_value_get(&mark, &output, "mark")) {
        fault("reader", cordon_outcome_message(outcome));
        return;
    }
    if (cordon_outcome_version(outcome) < 1 ||
        cordon_outcome_version(outcome) > VERSIONS ||
        oracle[cordon_outcome_version(outcome)][mark.as.integer][node] !=
            digest_of(outcome))
        fault("reader", "not what the oracle says");
}

static void ask_reader(cordon_outcome *outcome, uint64_t *state)
{
    unsigned node = (unsigned)(draw(state) % NODES);
    cordon_request request;
    cordon_error err;
    char key[16];

    ask(&request, key, node);
    request.priority = (uint32_t)(draw(state) % 8);
    if (cordon_evaluate(outcome, engine, "reader", &request, &err)) {
        fault("reader", err.message);
        return;
    }
    atomic_fetch_add(&answers, 1);
    check_reader(outcome, node);
}

static void ask_text(cordon_outcome *outcome, uint64_t *state)
{
    unsigned which = (unsigned)(draw(state) % RULES);
    int64_t n = (int64_t)(draw(state) % 97);
    bool stoppable = rules[which].kind == CORDON_OUTCOME_LIMIT;
    unsigned char bytes[32];
    cordon_builder params;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome_kind kind;
    cordon_error err;

    cordon_builder_init(&params, bytes, sizeof bytes);
    cordon_builder_map(&params, 1);
    cordon_builder_string(&params, "n", 1);
    cordon_builder_integer(&params, n);
    request.params = bytes;
    request.params_bytes = params.length;
    request.priority = (uint32_t)(draw(state) % 8);
    if (stoppable)
        request.cancel = &cancel;
    if (cordon_evaluate(outcome, engine, rules[which].name, &request, &err)) {
        fault(rules[which].name, err.message);
        return;
    }
    atomic_fetch_add(&answers, 1);
    kind = cordon_outcome_get_kind(outcome);
    if (stoppable && kind == CORDON_OUTCOME_CANCELLED)
        atomic_fetch_add(&cancelled, 1);
    else if (kind != rules[which].kind)
        fault(rules[which].name, cordon_outcome_message(outcome));
    if (kind == CORDON_OUTCOME_OK &&
        cordon_outcome_output(outcome).as.integer != n * (n + 1) / 2)
        fault(rules[which].name, "wrong sum");
}

static void ask_set(cordon_set_outcome *outcome, uint64_t *state)
{
    cordon_member first = {.struct_size = sizeof first};
    cordon_member last = {.struct_size = sizeof last};
    cordon_request request;
    cordon_error err;
    char key[16];

    ask(&request, key, (unsigned)(draw(state) % NODES));
    if (cordon_evaluate_set(outcome, engine, "both", &request, &err)) {
        fault("both", err.message);
        return;
    }
    atomic_fetch_add(&answers, 1);
    if (cordon_set_outcome_count(outcome) != 3 ||
        cordon_set_outcome_member(&first, outcome, 0) ||
        cordon_set_outcome_member(&last, outcome, 2) || first.status || last.status)
        fault("both", "a member is missing");
    else if (!last.fallback || strcmp(last.decision, "b") != 0 ||
             strcmp(cordon_set_outcome_decision(outcome), "b") != 0)
        fault("both", "the failing member has no say");
}

static void *judge(void *ud)
{
    uint64_t state = (uint64_t)(uintptr_t)ud + 1;
    cordon_outcome *outcome;
    cordon_set_outcome *all;
    cordon_error err;

    must(cordon_outcome_new(&outcome, &err), "outcome", &err);
    must(cordon_set_outcome_new(&all, &err), "outcome", &err);
    while (!atomic_load(&done)) {
        uint64_t which = draw(&state) % 16;

        if (which < 9)
            ask_reader(outcome, &state);
        else if (which < 15)
            ask_text(outcome, &state);
        else
            ask_set(all, &state);
    }
    cordon_outcome_free(outcome);
    cordon_set_outcome_free(all);
    return NULL;
}

/* ---- those who change things ---- */

static const cordon_change operator_change = {
    .struct_size = sizeof operator_change, .author = "soak", .reason = "a test"};

static void roll_out(uint64_t *state, cordon_error *err)
{
    cordon_rollout rollout = {
        .struct_size = sizeof rollout,
        .variant_count = 1,
        .variants = {{(uint32_t)(draw(state) % VERSIONS + 1), CORDON_VARIANT_CANARY,
                      (uint32_t)(draw(state) % 10000 + 1)}},
        .guarded = true,
        .guard = {.min_samples = 50, .max_error_rate = 0.5}};

    (void)cordon_registry_rollout(registry, "reader", &rollout, NULL, NULL,
                                  &operator_change, err);
}

/* One change; those that the registry refuses at the moment are not made. */
static void change(uint64_t *state)
{
    unsigned which = (unsigned)(draw(state) % 10);
    uint32_t version = (uint32_t)(draw(state) % VERSIONS + 1);
    cordon_error err;

    switch (which) {
    case 0:
    case 1:
        must(cordon_engine_set_snapshot(engine, snapshots[draw(state) % SNAPSHOTS],
                                        &err),
             "swap", &err);
        break;
    case 2:
    case 3:
        (void)cordon_registry_activate(registry, "reader", version, NULL, NULL,
                                       &operator_change, &err);
        break;
    case 4:
        (void)cordon_registry_rollback(registry, "reader", &operator_change, &err);
        break;
    case 5:
        (void)cordon_registry_pause(registry, "reader", &operator_change, &err);
        break;
    case 6:
        (void)cordon_registry_resume(registry, "reader", &operator_change, &err);
        break;
    case 7:
        roll_out(state, &err);
        break;
    case 8:
        cordon_cancel_request(&cancel);
        usleep(200);
        cordon_cancel_clear(&cancel);
        break;
    default:
        which = (unsigned)(draw(state) % RULES);
        must(cordon_engine_load_rule(engine, rules[which].source,
                                     strlen(rules[which].source), rules[which].name,
                                     NULL, &err),
             rules[which].name, &err);
    }
    must(cordon_engine_upkeep(engine, NULL, &err), "upkeep", &err);
}

/* Of evaluations and of sets alike, each of which is recorded. */
static void count_span(void *ud, const cordon_span *span)
{
    (void)ud;
    (void)span;
    atomic_fetch_add(&evaluations, 1);
}

static void push(cordon_object_kind kind, const char *text)
{
    cordon_version_info info = {.struct_size = sizeof info};
    cordon_error err;

    must(cordon_registry_push(&info, registry, kind, text, strlen(text), "soak", NULL,
                              0, &operator_change, &err),
         "push", &err);
}

static void set_up(void)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_audit_options log = CORDON_AUDIT_OPTIONS_INIT;
    cordon_observer observer = CORDON_OBSERVER_INIT;
    char path[300], text[1024];
    cordon_error err;

    if (!mkdtemp(folder))
        exit(3);
    for (int i = 0; i < SNAPSHOTS; i++)
        snapshots[i] = build(i);
    consult();
    options.slots = 2;
    must(cordon_engine_new(&engine, &options, &err), "engine", &err);
    must(cordon_engine_set_snapshot(engine, snapshots[0], &err), "snapshot", &err);
    snprintf(path, sizeof path, "%s/audit", folder);
    log.segment_bytes = 8u << 20;
    log.keep_segments = 4;
    must(cordon_audit_open(&audit, path, &log, &err), "audit", &err);
    cordon_engine_use_audit(engine, audit);
    observer.span = count_span;
    must(cordon_engine_observe(engine, &observer, &err), "observer", &err);
    snprintf(path, sizeof path, "%s/rules.mdb", folder);
    must(cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, &err),
         "registry", &err);
    for (unsigned v = 1; v <= VERSIONS; v++) {
        reader_text(text, sizeof text, v);
        push(CORDON_OBJECT_RULE, text);
    }
    push(CORDON_OBJECT_SET, set_text);
    must(cordon_registry_activate(registry, "reader", 1, NULL, NULL, &operator_change,
                                  &err),
         "activate", &err);
    must(cordon_registry_activate(registry, "both", 1, NULL, NULL, &operator_change,
                                  &err),
         "activate", &err);
    for (unsigned i = 0; i < RULES; i++)
        must(cordon_engine_load_rule(engine, rules[i].source, strlen(rules[i].source),
                                     rules[i].name, NULL, &err),
             rules[i].name, &err);
    must(cordon_engine_use_registry(engine, registry, &err), "registry", &err);
}

/* Nothing lost, and the chain holds. */
static void check_log(void)
{
    cordon_audit_stats stats = CORDON_AUDIT_STATS_INIT;
    cordon_audit_report report = CORDON_AUDIT_REPORT_INIT;
    cordon_error err;
    char path[300];

    must(cordon_audit_drain(audit, &err), "drain", &err);
    must(cordon_audit_get_stats(&stats, audit, &err), "stats", &err);
    if (stats.dropped || stats.failures || stats.written != atomic_load(&evaluations))
        fault("audit", "a record is missing");
    must(cordon_audit_close(audit, &err), "close", &err);
    snprintf(path, sizeof path, "%s/audit", folder);
    must(cordon_audit_verify(&report, path, NULL, NULL, NULL, &err), "verify", &err);
    if (report.findings)
        fault("audit", "the chain does not hold");
}

static void tear_down(void)
{
    char command[400];

    cordon_engine_free(engine);
    cordon_registry_close(registry);
    for (int i = 0; i < SNAPSHOTS; i++)
        cordon_snapshot_release(snapshots[i]);
    snprintf(command, sizeof command, "%s/audit/x", folder);
    cdn_fixture_remove(command);
    snprintf(command, sizeof command, "%s/x", folder);
    cdn_fixture_remove(command);
}

int main(int argc, char **argv)
{
    char none[] = "";
    char *rest = none;
    double seconds = argc > 1 ? strtod(argv[1], &rest) : 60;
    unsigned long threads = argc > 2 && !*rest ? strtoul(argv[2], &rest, 10) : 2;
    unsigned long changes = 0;
    pthread_t running[MAX_THREADS];
    uint64_t begin, end, warm, state = 42;
    long early = 0, late;

    if (*rest || threads < 1 || threads > MAX_THREADS || seconds <= 0) {
        fprintf(stderr, "usage: soak SECONDS [THREADS]\n");
        return 2;
    }
    set_up();
    begin = now_ns();
    end = begin + (uint64_t)(seconds * 1e9);
    warm = begin + (end - begin) / 10;
    if (warm < begin + WARM_NS) /* of a short run two thirds */
        warm =
            begin + ((end - begin) * 2 / 3 < WARM_NS ? (end - begin) * 2 / 3 : WARM_NS);
    for (uintptr_t i = 0; i < threads; i++)
        pthread_create(&running[i], NULL, judge, (void *)i);
    while (now_ns() < end) {
        change(&state);
        changes++;
        usleep(3000);
        if (!early && now_ns() > warm)
            early = resident_kib();
    }
    late = resident_kib();
    atomic_store(&done, true);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(running[i], NULL);
    check_log();
    tear_down();
    printf(
        "%lu answers, %lu denied while paused, %lu cancelled, %lu evaluations "
        "recorded, %lu changes, %ld KiB resident early, %ld KiB late, %lu failures\n",
        atomic_load(&answers), atomic_load(&denied), atomic_load(&cancelled),
        atomic_load(&evaluations), changes, early, late, atomic_load(&wrong));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    early = 0; /* a sanitizer keeps what is freed for a while, which grows */
#endif
    if (early && late > early + early / 4) {
        fprintf(stderr, "soak: resident memory grew\n");
        return 1;
    }
    return atomic_load(&wrong) ? 1 : 0;
}
