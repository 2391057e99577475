/* The same request gives the same answer, wherever and whenever it is evaluated.
 *
 *     integration_determinism STORE RULES < REQUESTS
 *
 * Every rule of the folder that fits the store is asked about every request ("LABEL KEY NOW
 * AS_OF PARAMS", "-" for none, the parameters as msgpack in hexadecimal), under its own
 * limits and under two that stop it on the way.
 * What it answers first is held against what it answers: after all others ran in the slot;
 * on another engine, loaded in another order and warmed; with room for two images, so
 * that most are built anew; traced, where also every instruction, edge and node has to be
 * some line's; and from four threads at once over four slots.
 *
 * Then, everything being warm, a whole round must allocate nothing and take no lock: the
 * linker routes the layers' locking through the counters below.
 *
 * The last line ends with a hash of all answers, which another process has to print too. */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>
#include <cordon/trace.h>

#include "base/alloc.h"
#include "base/hash.h"

#define RULES_MAX    32
#define REQUESTS_MAX 1000
#define LIMITS       3
#define TRIES        100
#define THREADS      4
#define LEAST_IMAGE_BYTES                                                              \
    65536 /* an engine's least budget: two images of some 30 KiB */
#define PATIENCE_NS UINT64_C(10000000000)

static atomic_ulong locks;

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_cond_wait(cond, mutex);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_cond_timedwait(cond, mutex, until);
}

/* All that must be the same; plain data, compared as bytes. */
struct answer {
    uint64_t status, kind, limit, instructions, edges, nodes, output_bytes, digest;
    uint64_t truncated, result, decision, message, line;
};

struct request {
    char label[32], key[32]; /* label "-": about no node */
    int64_t now_ms, as_of_ms;
    unsigned char params[256]; /* msgpack */
    size_t params_bytes;
};

static struct request requests[REQUESTS_MAX];
static size_t request_count;
static char paths[RULES_MAX][1024];
static char names[RULES_MAX][CORDON_RULE_MAX_NAME_BYTES + 1];
static size_t rule_count;
static struct answer *expected;
static atomic_uint failures;

static size_t question_count(void)
{
    return rule_count * request_count * LIMITS;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

static void read_params(struct request *request, const char *text)
{
    unsigned byte;

    while (request->params_bytes < sizeof request->params &&
           sscanf(text, "%2x", &byte) == 1) {
        request->params[request->params_bytes++] = (unsigned char)byte;
        text += 2;
    }
    if (*text)
        die("parameters cannot be read", text);
}

static void read_requests(void)
{
    static char line[1024], params[1024];
    char as_of[32];

    while (request_count < REQUESTS_MAX && fgets(line, sizeof line, stdin)) {
        struct request *request = &requests[request_count];

        if (sscanf(line, "%31s %31s %" SCNd64 " %31s %1023s", request->label,
                   request->key, &request->now_ms, as_of, params) != 5)
            die("a request cannot be read", line);
        if (strcmp(params, "-") != 0)
            read_params(request, params);
        request->as_of_ms = strcmp(as_of, "-") == 0 ? CORDON_NO_TIME
                                                    : (int64_t)strtoll(as_of, NULL, 10);
        request_count++;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* An engine with the rules loaded, the last first if `backward`. */
static cordon_engine *serve(cordon_snapshot *snapshot, uint32_t slots,
                            uint64_t image_bytes, bool backward)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err = {0};

    options.slots = slots;
    options.busy_wait_ms = 60000;
    options.interrupt_slots = CORDON_NONE;
    options.image_budget_bytes = image_bytes;
    options.load_memory_bytes = image_bytes;
    if (cordon_engine_new(&engine, &options, &err) ||
        cordon_engine_set_snapshot(engine, snapshot, &err))
        die("no engine", err.message);
    for (size_t i = 0; i < rule_count; i++) {
        size_t at = backward ? rule_count - 1 - i : i;

        if (cordon_engine_load_rule_file(engine, paths[at], names[at], &err))
            die(paths[at], err.message);
    }
    return engine;
}

/* The rules of the folder that fit this graph. */
static void find_rules(cordon_snapshot *snapshot, const char *folder)
{
    cordon_engine *engine = serve(snapshot, 1, 0, false);
    DIR *all = opendir(folder);
    struct dirent *entry;
    size_t count = 0;
    cordon_error err = {0};
    cordon_status status;

    if (!all)
        die(folder, "no such folder");
    while ((entry = readdir(all))) {
        size_t length = strlen(entry->d_name);

        if (count == RULES_MAX || length < 4 ||
            strcmp(entry->d_name + length - 4, ".lua") != 0)
            continue;
        snprintf(paths[count], sizeof paths[count], "%s/%s", folder, entry->d_name);
        status = cordon_engine_load_rule_file(engine, paths[count], NULL, &err);
        if (status == CORDON_OK)
            count++;
        else if (status != CORDON_E_RULE) /* that would be another graph's */
            die(paths[count], err.message);
    }
    closedir(all);
    cordon_engine_free(engine);
    qsort(paths, count, sizeof paths[0], by_name);
    rule_count = count;
}

static uint64_t text_hash(const char *text)
{
    return text ? cdn_hash_xxh3(text, strlen(text)) : 0;
}

static void evaluate(struct answer *answer, cordon_engine *engine,
                     cordon_outcome *outcome, size_t question, cordon_trace *trace)
{
    static const uint64_t edges[LIMITS] = {0, 9, 0}, instructions[LIMITS] = {0, 0, 250};
    const struct request *asked = &requests[question / LIMITS % request_count];
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    const cordon_usage *usage;
    const void *result;
    size_t bytes;
    cordon_error err = {0};

    memset(answer, 0, sizeof *answer);
    limits.edges = edges[question % LIMITS];
    limits.instructions = instructions[question % LIMITS];
    limits.wall_ns = PATIENCE_NS;
    if (strcmp(asked->label, "-") != 0) {
        request.label = asked->label;
        request.key = asked->key;
    }
    if (asked->params_bytes) {
        request.params = asked->params;
        request.params_bytes = asked->params_bytes;
    }
    request.now_ms = asked->now_ms;
    request.as_of_ms = asked->as_of_ms;
    request.seed = question;
    request.limits = &limits;
    request.trace = trace;
    /* a rule's own time limit is met on a busy machine, and then says nothing: again */
    for (int tries = 0; tries < TRIES; tries++) {
        if (trace)
            cordon_trace_clear(trace);
        answer->status = (uint64_t)cordon_evaluate(
            outcome, engine, names[question / LIMITS / request_count], &request, &err);
        if (answer->status ||
            cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_LIMIT ||
            cordon_outcome_limit(outcome) != CORDON_BUDGET_TIME)
            break;
    }
    if (answer->status)
        die(names[question / LIMITS / request_count], err.message);
    usage = cordon_outcome_usage(outcome);
    result = cordon_outcome_result(outcome, &bytes);
    answer->kind = (uint64_t)cordon_outcome_get_kind(outcome);
    answer->limit = (uint64_t)cordon_outcome_limit(outcome);
    answer->instructions = usage->instructions;
    answer->edges = usage->edges;
    answer->nodes = usage->nodes;
    answer->output_bytes = usage->output_bytes;
    answer->digest = cordon_outcome_reads_digest(outcome);
    answer->truncated = cordon_outcome_truncated(outcome);
    answer->result = bytes ? cdn_hash_xxh3(result, bytes) : 0;
    answer->decision = text_hash(cordon_outcome_decision(outcome));
    answer->message = text_hash(cordon_outcome_message(outcome));
    answer->line = cordon_outcome_line(outcome);
}

static void compare(const char *where, size_t question, const struct answer *seen)
{
    const struct answer *wanted = &expected[question];
    const struct request *asked = &requests[question / LIMITS % request_count];

    if (memcmp(seen, wanted, sizeof *seen) == 0)
        return;
    if (atomic_fetch_add(&failures, 1) >= 10)
        return;
    printf("FAILED %s: %s about %s:%s, limits %zu\n", where,
           names[question / LIMITS / request_count], asked->label, asked->key,
           question % LIMITS);
    printf("  kind %" PRIu64 " %" PRIu64 ", instructions %" PRIu64 " %" PRIu64
           ", edges %" PRIu64 " %" PRIu64 ", nodes %" PRIu64 " %" PRIu64
           ", output %" PRIu64 " %" PRIu64 ", digest %016" PRIx64 " %016" PRIx64 "\n",
           wanted->kind, seen->kind, wanted->instructions, seen->instructions,
           wanted->edges, seen->edges, wanted->nodes, seen->nodes, wanted->output_bytes,
           seen->output_bytes, wanted->digest, seen->digest);
}

static cordon_outcome *new_outcome(void)
{
    cordon_outcome *outcome;

    if (cordon_outcome_new(&outcome, NULL))
        die("outcome", "no memory");
    return outcome;
}

static bool coprime(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;

        a = b;
        b = rest;
    }
    return a == 1;
}

/* All questions in an order of their own: every `stride`th, around. */
static void ask_all(const char *where, cordon_engine *engine, cordon_outcome *outcome,
                    size_t stride)
{
    size_t count = question_count(), at = stride / 2;
    struct answer answer;

    while (!coprime(count, stride))
        stride++;
    for (size_t i = 0; i < count; i++) {
        at = (at + stride) % count;
        evaluate(&answer, engine, outcome, at, NULL);
        compare(where, at, &answer);
    }
}

struct worker {
    pthread_t thread;
    cordon_engine *engine;
    size_t stride;
};

static void *work(void *ud)
{
    struct worker *worker = ud;
    cordon_outcome *outcome = new_outcome();

    ask_all("a thread among four", worker->engine, outcome, worker->stride);
    cordon_outcome_free(outcome);
    return NULL;
}

static void ask_from_threads(cordon_engine *engine)
{
    static const size_t strides[THREADS] = {1009, 3001, 7919, 104729};
    struct worker workers[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        workers[i].engine = engine;
        workers[i].stride = strides[i];
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            die("threads", "none to be had");
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
}

static void ask_warm(cordon_engine *engine, cordon_outcome *outcome)
{
    uint64_t allocations = cdn_alloc_count();
    unsigned long taken = atomic_load(&locks);

    if (!allocations || !taken) /* loading takes both */
        die("counters", "they do not count");

    ask_all("warm", engine, outcome, 1013);
    allocations = cdn_alloc_count() - allocations;
    taken = atomic_load(&locks) - taken;
    if (allocations || taken) {
        printf("FAILED a warm round: %" PRIu64 " allocations, %lu locks\n", allocations,
               taken);
        atomic_fetch_add(&failures, 1);
    }
}

/* Are all the edges that were read some read's? */
static bool all_told(const cordon_trace *trace, const struct answer *answer)
{
    const cordon_trace_read *read;
    uint64_t edges = 0;

    for (size_t i = 0; (read = cordon_trace_read_at(trace, i)); i++)
        edges += read->edges;
    return edges == answer->edges;
}

/* Does what the trace puts down to lines make up what was used? */
static bool adds_up(const cordon_trace *trace, const struct answer *answer)
{
    const cordon_trace_summary *summary = cordon_trace_get_summary(trace);
    uint64_t instructions = 0, edges = 0, nodes = 0;

    for (uint32_t i = 0; i <= summary->lines; i++) {
        const cordon_trace_line *line = cordon_trace_line_at(trace, i);

        if (!line)
            return false;
        instructions += line->instructions;
        edges += line->edges;
        nodes += line->nodes;
    }
    return summary->runs == 1 && instructions == answer->instructions &&
           edges == answer->edges && nodes == answer->nodes;
}

/* All questions, traced: in a notebook with room for everything, in one that has hardly any,
 * and counting lines only. */
static void ask_traced(cordon_engine *engine, cordon_outcome *outcome)
{
    static const uint64_t bytes[] = {4 << 20, 64 << 10, 1 << 20};
    uint64_t values = 0;

    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;
        cordon_trace *trace;
        struct answer answer;

        options.memory_bytes = bytes[i];
        options.counts_only = i == 2;
        if (cordon_trace_new(&trace, &options, NULL))
            die("trace", "no memory");
        for (size_t at = i; at < question_count(); at += 1 + 2 * i) {
            evaluate(&answer, engine, outcome, at, trace);
            compare("traced", at, &answer);
            if (!adds_up(trace, &answer) && atomic_fetch_add(&failures, 1) < 10)
                printf("FAILED: the lines of %s do not add up\n",
                       names[at / LIMITS / request_count]);
            if (i == 0 && !all_told(trace, &answer) &&
                atomic_fetch_add(&failures, 1) < 10)
                printf("FAILED: not all reads of %s are told\n",
                       names[at / LIMITS / request_count]);
            values += cordon_trace_value_at(trace, 0) != NULL;
        }
        cordon_trace_free(trace);
    }
    if (!values) {
        printf("FAILED: nothing was traced\n");
        atomic_fetch_add(&failures, 1);
    }
}

int main(int argc, char **argv)
{
    cordon_snapshot *snapshot;
    cordon_engine *engine, *other, *poor, *wide;
    cordon_outcome *outcome = new_outcome();
    size_t kinds[8] = {0};
    cordon_error err = {0};

    if (argc != 3)
        die("usage", "integration_determinism STORE RULES < REQUESTS");
    if (cordon_snapshot_open(&snapshot, argv[1], NULL, &err))
        die(argv[1], err.message);
    read_requests();
    find_rules(snapshot, argv[2]);
    if (rule_count == 0 || request_count == 0)
        die(argv[2], "no rules fit, or no requests");
    expected = calloc(question_count(), sizeof *expected);
    engine = serve(snapshot, 1, 0, false);
    for (size_t i = 0; expected && i < question_count(); i++) {
        evaluate(&expected[i], engine, outcome, i, NULL);
        kinds[expected[i].kind]++;
    }

    ask_all("after the others", engine, outcome, 1013);
    ask_warm(engine, outcome);

    other = serve(snapshot, 1, 0, true);
    for (size_t i = 0; i < rule_count; i++) {
        if (cordon_engine_warm(other, names[i], &err))
            die(names[i], err.message);
    }
    ask_warm(other, outcome);

    poor = serve(snapshot, 1, LEAST_IMAGE_BYTES, true);
    ask_all("with room for two images", poor, outcome, 211);
    ask_traced(engine, outcome);
    wide = serve(snapshot, THREADS, 0, false);
    ask_from_threads(wide);

    printf("%zu rules, %zu requests, %zu ok, %zu stopped, %zu failed by themselves: %u "
           "differences, answers %016" PRIx64 "\n",
           rule_count, request_count, kinds[CORDON_OUTCOME_OK],
           kinds[CORDON_OUTCOME_LIMIT], kinds[CORDON_OUTCOME_ERROR],
           atomic_load(&failures),
           cdn_hash_xxh3(expected, question_count() * sizeof *expected));
    cordon_engine_free(engine);
    cordon_engine_free(other);
    cordon_engine_free(poor);
    cordon_engine_free(wide);
    cordon_outcome_free(outcome);
    cordon_snapshot_release(snapshot);
    free(expected);
    return atomic_load(&failures) != 0;
}
