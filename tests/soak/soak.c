/* Many requests for a long time: good, failing and hostile rules from several threads, while
 * rules are replaced, and nothing may grow.
 *
 *   soak SECONDS [THREADS]
 *
 * Every answer is checked: a good rule's against arithmetic, a hostile one's outcome, and
 * that it repeats.  Resident memory is noted after a tenth of the time and may not be a
 * quarter larger at the end.  Not part of the ordinary run: `cmake --workflow --preset soak`. */
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
enum { RULES = sizeof rules / sizeof rules[0] };

static cordon_engine *engine;
static atomic_bool done;
static atomic_ulong answers;
static atomic_ulong wrong;

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static long resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void fault(const char *what, const cordon_outcome *outcome)
{
    atomic_fetch_add(&wrong, 1);
    fprintf(stderr, "soak: %s: %s\n", what, cordon_outcome_message(outcome));
}

static void *judge(void *ud)
{
    uint64_t turn = (uint64_t)(uintptr_t)ud;
    cordon_outcome *outcome;

    if (cordon_outcome_new(&outcome, NULL))
        abort();
    while (!atomic_load(&done)) {
        unsigned which = (unsigned)(turn % RULES);
        int64_t n = (int64_t)(turn++ % 97);
        unsigned char bytes[32];
        cordon_builder params;
        cordon_request request = CORDON_REQUEST_INIT;
        cordon_error err;

        cordon_builder_init(&params, bytes, sizeof bytes);
        cordon_builder_map(&params, 1);
        cordon_builder_string(&params, "n", 1);
        cordon_builder_integer(&params, n);
        request.params = bytes;
        request.params_bytes = params.length;
        if (cordon_evaluate(outcome, engine, rules[which].name, &request, &err)) {
            fprintf(stderr, "soak: %s: %s\n", rules[which].name, err.message);
            atomic_fetch_add(&wrong, 1);
            continue;
        }
        atomic_fetch_add(&answers, 1);
        if (cordon_outcome_get_kind(outcome) != rules[which].kind)
            fault(rules[which].name, outcome);
        if (rules[which].kind == CORDON_OUTCOME_OK &&
            cordon_outcome_output(outcome).as.integer != n * (n + 1) / 2)
            fault("wrong sum", outcome);
    }
    cordon_outcome_free(outcome);
    return NULL;
}

int main(int argc, char **argv)
{
    char none[] = "";
    char *rest = none;
    double seconds = argc > 1 ? strtod(argv[1], &rest) : 60;
    unsigned long threads = argc > 2 && !*rest ? strtoul(argv[2], &rest, 10) : 2;
    pthread_t running[16];
    cordon_error err;
    long early = 0;
    unsigned long swaps = 0;

    if (*rest || threads < 1 || threads > 16 || seconds <= 0) {
        fprintf(stderr, "usage: soak SECONDS [THREADS]\n");
        return 2;
    }
    if (cordon_engine_new(&engine, NULL, &err))
        return 3;
    for (unsigned i = 0; i < RULES; i++) {
        if (cordon_engine_load_rule(engine, rules[i].source, strlen(rules[i].source),
                                    rules[i].name, NULL, &err)) {
            fprintf(stderr, "soak: %s\n", err.message);
            return 1;
        }
    }
    uint64_t begin = now_ns();
    uint64_t end = begin + (uint64_t)(seconds * 1e9);
    for (uintptr_t i = 0; i < threads; i++)
        pthread_create(&running[i], NULL, judge, (void *)i);
    while (now_ns() < end) {
        unsigned which = (unsigned)(swaps++ % RULES);

        usleep(20000);
        if (cordon_engine_load_rule(engine, rules[which].source,
                                    strlen(rules[which].source), rules[which].name,
                                    NULL, &err)) {
            fprintf(stderr, "soak: %s\n", err.message);
            atomic_fetch_add(&wrong, 1);
        }
        if (!early && now_ns() - begin > (end - begin) / 10)
            early = resident_kib();
    }
    long late = resident_kib();
    atomic_store(&done, true);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(running[i], NULL);
    cordon_engine_free(engine);
    printf("%lu answers, %lu rules replaced, %ld KiB resident early, %ld KiB late, "
           "%lu failures\n",
           (unsigned long)atomic_load(&answers), swaps, early, late,
           (unsigned long)atomic_load(&wrong));
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    early = 0; /* a sanitizer keeps what is freed for a while, which grows */
#endif
    if (early && late > early + early / 4) {
        fprintf(stderr, "soak: resident memory grew\n");
        return 1;
    }
    return atomic_load(&wrong) ? 1 : 0;
}
