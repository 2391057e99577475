/* What many rules for one event cost, and many threads on one engine.
 *
 *   bench_sets [MEMBERS [ROUNDS]]        (1000, 200)
 *
 * Prints one JSON line for each of
 *   sets     one event judged by a set of that many small rules, warm, on one thread: per
 *            event and per member, against evaluating one of them as often alone.  Twice:
 *            rules made from one template, and rules of six forms with names, texts and
 *            numbers of their own, whose images have less in common
 *   memory   what the process grew by when they were loaded and warmed for two threads
 *   threads  evaluations per second of one small rule on one and on two threads, in turn;
 *            a thread each without any engine tells what the machine itself gives
 *
 * The small rule is one that a fraud analyst would write for a set: two parameters, a
 * comparison, a score and a reason.  The others do about as much.  Every answer is checked. */
#include <inttypes.h>
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

static const char small_rule[] =
    "return { name = 'r%u', decisions = { 'allow', 'review', 'deny' }, fallback = "
    "'review',\n"
    "  params = { amount = { type = 'number', default = 120 }, limit = { type = "
    "'number', default = %u } },\n"
    "  evaluate = function(graph, request)\n"
    "    local p = request.params\n"
    "    if p.amount <= p.limit then return { decision = 'allow', score = 0 } end\n"
    "    return { decision = 'review', score = p.amount / p.limit,\n"
    "      reasons = { 'the amount is above the limit' } }\n"
    "  end }";

/* $a and $b: words; $n: the rule's number; $m: a limit. */
static const char *const forms[] = {
    "return { name = 'r$n', decisions = { 'allow', 'review', 'deny' }, fallback = "
    "'review',\n"
    "  params = { $a = { type = 'number', default = 120 }, $b = { type = "
    "'number', default = $m } },\n"
    "  evaluate = function(graph, request)\n"
    "    local p = request.params\n"
    "    if p.$a <= p.$b then return { decision = 'allow', score = 0 } end\n"
    "    return { decision = 'review', score = p.$a / p.$b,\n"
    "      reasons = { 'rule $n: $a is above $b' } }\n"
    "  end }",
    "local least = $m\n"
    "return { name = 'r$n', decisions = { 'allow', 'review' }, fallback = 'allow',\n"
    "  params = { $a = { type = 'integer', default = 7 } },\n"
    "  evaluate = function(graph, request)\n"
    "    local part = math.floor(request.params.$a * 100 / least)\n"
    "    if part > 50 then return { decision = 'review', score = part, reasons = {\n"
    "      ('$a is at %d per cent of $n'):format(part) } } end\n"
    "    return { decision = 'allow' }\n"
    "  end }",
    "local steps = { 1, 10, $m, 1000 }\n"
    "return { name = 'r$n', decisions = { 'allow', 'review' }, fallback = 'allow',\n"
    "  params = { $b = { type = 'number', default = 90 } },\n"
    "  evaluate = function(graph, request)\n"
    "    local level = 0\n"
    "    for i, step in ipairs(steps) do\n"
    "      if request.params.$b >= step then level = i end\n"
    "    end\n"
    "    return { decision = level > 2 and 'review' or 'allow', score = level,\n"
    "      output = { $b_level = level } }\n"
    "  end }",
    "return { name = 'r$n', decisions = { 'allow', 'review' }, fallback = 'review',\n"
    "  params = { $a_code = { type = 'string', default = '$b-$n' } },\n"
    "  evaluate = function(graph, request)\n"
    "    local code = request.params.$a_code:upper()\n"
    "    if code:find('$m', 1, true) then\n"
    "      return { decision = 'review', score = #code, reasons = { code } }\n"
    "    end\n"
    "    return { decision = 'allow', score = 0 }\n"
    "  end }",
    "local function ratio(a, b) if b == 0 then return 0 end return a / b end\n"
    "return { name = 'r$n', decisions = { 'allow', 'review', 'deny' }, fallback = "
    "'deny',\n"
    "  params = { $a = { type = 'number', default = 3 }, $b_now = { type = "
    "'number', default = $m },\n"
    "             days = { type = 'integer', default = 30 } },\n"
    "  evaluate = function(graph, request)\n"
    "    local p = request.params\n"
    "    local r = ratio(p.$b_now, p.$a * p.days)\n"
    "    if r > $m then return { decision = 'deny', score = 1 } end\n"
    "    if r > 1 then return { decision = 'review', score = r } end\n"
    "    return { decision = 'allow', score = 0, reasons = { 'usual $a' } }\n"
    "  end }",
    "local known = { $a = $m, $b = 2, other = 0 }\n"
    "return { name = 'r$n', decisions = { 'allow', 'review' }, fallback = 'allow',\n"
    "  params = { kind = { type = 'string', default = '$a' } },\n"
    "  evaluate = function(graph, request)\n"
    "    local weight = known[request.params.kind] or 1\n"
    "    local text = table.concat({ 'kind', request.params.kind, tostring(weight) }, "
    "' ')\n"
    "    return { decision = weight > 120 and 'review' or 'allow', score = weight,\n"
    "      reasons = { text } }\n"
    "  end }",
};

static const char *const words[] = {
    "amount", "balance", "fee",   "transfers", "payees", "chargebacks", "logins",
    "age",    "devices", "cards", "refunds",   "orders", "returns"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void die(const char *what, const cordon_error *err)
{
    fprintf(stderr, "bench_sets: %s: %s\n", what, err ? err->message : "wrong answer");
    exit(1);
}

static void write_mixed(char *out, size_t size, unsigned number)
{
    static const char kinds[] = "abnm";
    char numbers[2][16];
    const char *values[] = {words[number / COUNT(forms) % COUNT(words)],
                            words[(number + 1 + number / 7 % 5) % COUNT(words)],
                            numbers[0], numbers[1]};
    size_t used = 0;

    snprintf(numbers[0], sizeof numbers[0], "%u", number);
    snprintf(numbers[1], sizeof numbers[1], "%u", 100 + number % 50);
    for (const char *at = forms[number % COUNT(forms)]; *at && used < size; at++) {
        const char *kind = *at == '$' ? strchr(kinds, at[1]) : NULL;

        if (kind) {
            used +=
                (size_t)snprintf(out + used, size - used, "%s", values[kind - kinds]);
            at++;
        } else {
            out[used++] = *at;
        }
    }
    if (used >= size)
        die("rule", NULL);
    out[used] = '\0';
}

static cordon_engine *engine_of(uint32_t slots, unsigned members, bool mixed,
                                uint64_t *image_bytes)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;
    size_t size = 100 + (size_t)members * 12, used;
    char *set = malloc(size);

    options.slots = slots;
    options.interrupt_slots = CORDON_NONE;
    if (!set || cordon_engine_new(&engine, &options, &err))
        die("engine", &err);
    used = (size_t)snprintf(set, size,
                            "return { name = 'all', decisions = { 'allow', 'review', "
                            "'deny' }, rules = {");
    for (unsigned i = 0; i < members; i++) {
        char text[1024];

        if (mixed)
            write_mixed(text, sizeof text, i);
        else
            snprintf(text, sizeof text, small_rule, i, 100 + i % 50);
        if (cordon_engine_load_rule(engine, text, strlen(text), "small.lua", NULL,
                                    &err))
            die("rule", &err);
        used += (size_t)snprintf(set + used, size - used, "'r%u',", i);
    }
    snprintf(set + used, size - used, "} }");
    if (cordon_engine_load_set(engine, set, strlen(set), "all.lua", NULL, &err) ||
        cordon_engine_warm(engine, "all", &err) ||
        cordon_engine_rule_image_bytes(image_bytes, engine, "r0", &err))
        die("set", &err);
    free(set);
    return engine;
}

/* ---- one event, many rules ---- */

static void judge(cordon_engine *engine, unsigned members, unsigned rounds, bool mixed,
                  uint64_t image_bytes)
{
    cordon_request request = CORDON_REQUEST_INIT;
    uint64_t *set_ns = calloc(rounds, sizeof *set_ns);
    uint64_t *one_ns = calloc(rounds, sizeof *one_ns);
    cordon_set_outcome *all;
    cordon_outcome *one;
    cordon_error err;

    if (!set_ns || !one_ns || cordon_set_outcome_new(&all, &err) ||
        cordon_outcome_new(&one, &err))
        die("outcome", &err);
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t begin = now_ns();

        if (cordon_evaluate_set(all, engine, "all", &request, &err))
            die("set", &err);
        set_ns[i] = now_ns() - begin;
        if (cordon_set_outcome_failed(all) ||
            strcmp(cordon_set_outcome_decision(all), "review") != 0)
            die("set", NULL);
        begin = now_ns();
        for (unsigned k = 0; k < members; k++)
            if (cordon_evaluate(one, engine, "r6", &request, &err) ||
                strcmp(cordon_outcome_decision(one), "review") != 0)
                die("one", &err);
        one_ns[i] = now_ns() - begin;
    }
    qsort(set_ns, rounds, sizeof *set_ns, by_size);
    qsort(one_ns, rounds, sizeof *one_ns, by_size);
    printf("{\"bench\": \"sets\", \"rules\": \"%s\", \"members\": %u, "
           "\"image_bytes\": %" PRIu64
           ", \"p50_ms\": %.3f, \"min_ms\": %.3f, \"us_a_member\": %.2f, "
           "\"ratio_to_one_rule\": %.2f}\n",
           mixed ? "mixed" : "alike", members, image_bytes,
           (double)set_ns[rounds / 2] / 1e6, (double)set_ns[0] / 1e6,
           (double)set_ns[rounds / 2] / 1e3 / members,
           (double)set_ns[rounds / 2] / (double)one_ns[rounds / 2]);
    fflush(stdout);
    cordon_outcome_free(one);
    cordon_set_outcome_free(all);
    free(set_ns);
    free(one_ns);
}

/* ---- many threads ---- */

static atomic_bool go, stop;

struct worker {
    pthread_t thread;
    cordon_engine *engine; /* NULL: only count */
    uint64_t done;
};

static void *work(void *ud)
{
    struct worker *worker = ud;
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    cordon_error err;
    uint64_t done = 0;
    volatile uint64_t spin = 0;

    if (cordon_outcome_new(&outcome, &err))
        die("outcome", &err);
    while (!atomic_load(&go))
        ;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        if (!worker->engine) {
            for (int i = 0; i < 1000; i++)
                spin = spin + 1;
        } else if (cordon_evaluate(outcome, worker->engine, "r3", &request, &err)) {
            die("evaluate", &err);
        }
        done++;
    }
    worker->done = done;
    cordon_outcome_free(outcome);
    return NULL;
}

/* How many in a second, over all threads. */
static double rate(cordon_engine *engine, unsigned threads, unsigned ms)
{
    struct worker workers[2];
    uint64_t begin, done = 0;
    double seconds;

    atomic_store(&go, false);
    atomic_store(&stop, false);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.engine = engine};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            die("thread", NULL);
    }
    begin = now_ns();
    atomic_store(&go, true);
    usleep(ms * 1000);
    atomic_store(&stop, true);
    seconds = (double)(now_ns() - begin) / 1e9;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        done += workers[i].done;
    }
    return (double)done / seconds;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void scale(cordon_engine *engine, unsigned rounds)
{
    enum { MOST = 15 };
    double one[MOST], ratio[MOST], machine[MOST];
    unsigned turns = rounds < 100 ? 3 : MOST, ms = rounds < 100 ? 20 : 200;

    for (unsigned i = 0; i < turns; i++) {
        one[i] = rate(engine, 1, ms);
        ratio[i] = rate(engine, 2, ms) / one[i];
        machine[i] = rate(NULL, 2, ms) / rate(NULL, 1, ms);
    }
    qsort(one, turns, sizeof one[0], by_value);
    qsort(ratio, turns, sizeof ratio[0], by_value);
    qsort(machine, turns, sizeof machine[0], by_value);
    printf("{\"bench\": \"threads\", \"one_per_s\": %.0f, \"two_to_one\": %.3f, "
           "\"two_to_one_best\": %.3f, \"machine_two_to_one\": %.3f}\n",
           one[turns / 2], ratio[turns / 2], ratio[turns - 1], machine[turns / 2]);
}

static cordon_engine *load(unsigned members, bool mixed, uint64_t *image_bytes)
{
    uint64_t before = resident_bytes();
    cordon_engine *engine = engine_of(2, members, mixed, image_bytes);

    printf(
        "{\"bench\": \"memory\", \"rules\": \"%s\", \"members\": %u, \"threads\": 2, "
        "\"image_bytes\": %" PRIu64 ", \"grew_mib\": %.1f}\n",
        mixed ? "mixed" : "alike", members, *image_bytes,
        (double)(resident_bytes() - before) / 1048576);
    fflush(stdout);
    return engine;
}

int main(int argc, char **argv)
{
    unsigned members = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200;
    uint64_t image_bytes;
    cordon_engine *engine;

    if (members < 8 || members > CORDON_SET_MAX_RULES || !rounds) {
        fprintf(stderr, "usage: bench_sets [MEMBERS [ROUNDS]]\n");
        return 2;
    }
    engine = load(members, false, &image_bytes);
    judge(engine, members, rounds, false, image_bytes);
    scale(engine, rounds);
    cordon_engine_free(engine);
    engine = load(members, true, &image_bytes);
    judge(engine, members, rounds, true, image_bytes);
    cordon_engine_free(engine);
    return 0;
}
