/* What an evaluation costs behind each wall, all in one process and in turns.
 *
 *   bench_walls --worker PROGRAM --data STORE --rule FILE --requests FILE --now MS
 *               --walls inproc,process,... [--rounds N] [--evaluations N] [--cold N]
 *               [--seconds S]
 *
 * A line of the requests is a label, a blank and a key; --now is their present.  The first of
 * the walls is what the others are held against, bench/walls.py has it inproc.  Before anything
 * is timed every request is answered behind every wall, and all but times has to be the same.
 *
 * Prints a JSON line a wall for each of
 *   cold         from an engine that has its graph and rule to the first answer
 *   warm         an evaluation, one after another, of all requests in their order
 *   throughput   evaluations a second on one thread and on two
 * and before them, once a wall's workers are warm and have answered everything, one that asks for
 * their memory to be looked at, after which it waits for a line on standard input. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cordon.h>

#define WALLS      (CORDON_WALL_MICROVM + 1)
#define THREADS    2
#define MAX_ROUNDS 1000
#define MAX_ASKED  4096
#define TEXT       65536

/* A wall, and what was measured behind it. */
struct side {
    cordon_wall wall;
    cordon_engine *engine;
    uint64_t *times; /* of the round's evaluations, and of all after them */
    uint64_t cold[MAX_ROUNDS], p50[MAX_ROUNDS], p99[MAX_ROUNDS];
    double rate[THREADS][MAX_ROUNDS];
};

struct asked {
    char label[64], key[128];
};

static struct {
    const char *worker, *data, *rule, *requests, *walls;
    uint64_t now_ms, rounds, evaluations, cold;
    double seconds;
} options = {.rounds = 5, .evaluations = 2000, .cold = 11, .seconds = 1};

static struct side sides[WALLS];
static size_t side_count;
static struct asked asked[MAX_ASKED];
static size_t asked_count;
static char source[TEXT];
static size_t source_bytes;
static char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
static cordon_snapshot *snapshot;
static const cordon_limits patient = {.struct_size = sizeof patient,
                                      .wall_ns = UINT64_C(10000000000)};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

_Noreturn static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_walls: %s: %s\n", what, why);
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Sorts them. */
static uint64_t quantile(uint64_t *times, uint64_t count, double part)
{
    qsort(times, count, sizeof *times, by_size);
    return times[(uint64_t)(part * (double)(count - 1))];
}

static int by_amount(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double middle(double *amounts, uint64_t count)
{
    qsort(amounts, count, sizeof *amounts, by_amount);
    return amounts[count / 2];
}

/* ---- asking ---- */

static cordon_engine *engine_of(cordon_wall wall, uint32_t slots)
{
    cordon_engine_options engine_options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *engine;
    cordon_error err;

    engine_options.slots = slots;
    engine_options.interrupt_slots = CORDON_NONE;
    engine_options.wall = wall;
    engine_options.worker = options.worker;
    if (cordon_engine_new(&engine, &engine_options, &err) ||
        cordon_engine_set_snapshot(engine, snapshot, &err) ||
        cordon_engine_load_rule(engine, source, source_bytes, options.rule, rule, &err))
        die(cordon_wall_str(wall), err.message);
    return engine;
}

static void evaluate(cordon_outcome *outcome, cordon_engine *engine, uint64_t number)
{
    const struct asked *one = &asked[number % asked_count];
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    request.label = one->label;
    request.key = one->key;
    request.now_ms = (int64_t)options.now_ms;
    request.limits = &patient;
    if (cordon_evaluate(outcome, engine, rule, &request, &err))
        die(one->key, err.message);
    if (cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
        die(one->key, cordon_outcome_message(outcome));
}

static cordon_outcome *outcome_new(void)
{
    cordon_outcome *outcome;
    cordon_error err;

    if (cordon_outcome_new(&outcome, &err))
        die("outcome", err.message);
    return outcome;
}

/* ---- agreement ---- */

static bool is_same(const cordon_outcome *a, const cordon_outcome *b)
{
    const cordon_usage *one = cordon_outcome_usage(a), *two = cordon_outcome_usage(b);
    size_t bytes, other;
    const void *here = cordon_outcome_result(a, &bytes);
    const void *there = cordon_outcome_result(b, &other);

    return bytes == other && memcmp(here, there, bytes) == 0 &&
           one->instructions == two->instructions && one->edges == two->edges &&
           one->nodes == two->nodes && one->output_bytes == two->output_bytes &&
           cordon_outcome_reads_digest(a) == cordon_outcome_reads_digest(b);
}

static void check_agreement(void)
{
    cordon_outcome *here = outcome_new(), *there = outcome_new();

    for (size_t i = 0; i < asked_count; i++) {
        evaluate(here, sides[0].engine, i);
        for (size_t s = 1; s < side_count; s++) {
            evaluate(there, sides[s].engine, i);
            if (!is_same(here, there))
                die(cordon_wall_str(sides[s].wall), "another answer than in-process");
        }
    }
    cordon_outcome_free(here);
    cordon_outcome_free(there);
}

/* ---- cold ---- */

static void measure_cold(uint64_t round)
{
    cordon_outcome *outcome = outcome_new();

    for (size_t s = 0; s < side_count; s++) {
        cordon_engine *engine = engine_of(sides[s].wall, 1);
        uint64_t began_ns = now_ns();
        cordon_error err;

        if (cordon_engine_warm(engine, rule, &err))
            die(cordon_wall_str(sides[s].wall), err.message);
        evaluate(outcome, engine, 0);
        sides[s].cold[round] = now_ns() - began_ns;
        cordon_engine_free(engine);
    }
    cordon_outcome_free(outcome);
}

/* ---- warm ---- */

static void measure_warm(uint64_t round)
{
    cordon_outcome *outcome = outcome_new();

    for (size_t s = 0; s < side_count; s++) {
        struct side *side = &sides[s];
        uint64_t *times = side->times, *all = times + options.evaluations;

        for (uint64_t i = 0; i < options.evaluations; i++) {
            uint64_t began_ns = now_ns();

            evaluate(outcome, side->engine, i);
            times[i] = now_ns() - began_ns;
        }
        memcpy(all + round * options.evaluations, times,
               options.evaluations * sizeof *times);
        side->p50[round] = quantile(times, options.evaluations, 0.5);
        side->p99[round] = quantile(times, options.evaluations, 0.99);
    }
    cordon_outcome_free(outcome);
}

/* ---- throughput ---- */

struct runner {
    pthread_t thread;
    cordon_engine *engine;
    cordon_outcome *outcome;
    const atomic_bool *stop;
    uint64_t first, done;
};

static void *run(void *ud)
{
    struct runner *runner = ud;

    while (!atomic_load_explicit(runner->stop, memory_order_relaxed))
        evaluate(runner->outcome, runner->engine, runner->first + runner->done++);
    return NULL;
}

static double rate(cordon_engine *engine, unsigned threads)
{
    struct timespec pause = {
        (time_t)options.seconds,
        (long)((options.seconds - (double)(time_t)options.seconds) * 1e9)};
    struct runner runners[THREADS];
    atomic_bool stop = false;
    uint64_t began_ns = now_ns(), done = 0;

    for (unsigned i = 0; i < threads; i++) {
        runners[i] = (struct runner){.engine = engine,
                                     .outcome = outcome_new(),
                                     .stop = &stop,
                                     .first = i * asked_count / threads};
        if (pthread_create(&runners[i].thread, NULL, run, &runners[i]))
            die("throughput", "no thread");
    }
    nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(runners[i].thread, NULL);
        cordon_outcome_free(runners[i].outcome);
        done += runners[i].done;
    }
    return (double)done / ((double)(now_ns() - began_ns) / 1e9);
}

static void measure_throughput(uint64_t round)
{
    for (size_t s = 0; s < side_count; s++)
        for (unsigned threads = 1; threads <= THREADS; threads++)
            sides[s].rate[threads - 1][round] = rate(sides[s].engine, threads);
}

/* ---- telling ---- */

/* The middle of what a wall has more than the first one in the same round. */
static double above_us(const uint64_t *times, const uint64_t *reference, uint64_t count)
{
    double above[MAX_ROUNDS];

    for (uint64_t i = 0; i < count; i++)
        above[i] = ((double)times[i] - (double)reference[i]) / 1e3;
    return middle(above, count);
}

static double ratio(const double *rates, const double *reference)
{
    double ratios[MAX_ROUNDS];

    for (uint64_t i = 0; i < options.rounds; i++)
        ratios[i] = rates[i] / reference[i];
    return middle(ratios, options.rounds);
}

static void tell_cold(struct side *side)
{
    double above = above_us(side->cold, sides[0].cold, options.cold);
    uint64_t p50 = quantile(side->cold, options.cold, 0.5),
             most = side->cold[options.cold - 1];

    printf("{\"what\":\"cold\",\"wall\":\"%s\",\"ms\":%.3f,\"ms_least\":%.3f,"
           "\"ms_most\":%.3f,\"ms_above\":%.3f,\"starts\":%" PRIu64 "}\n",
           cordon_wall_str(side->wall), (double)p50 / 1e6, (double)side->cold[0] / 1e6,
           (double)most / 1e6, above / 1e3, options.cold);
}

static void tell_warm(struct side *side)
{
    uint64_t count = options.rounds * options.evaluations;
    uint64_t *all = side->times + options.evaluations;
    double above50 = above_us(side->p50, sides[0].p50, options.rounds);
    double above99 = above_us(side->p99, sides[0].p99, options.rounds);
    uint64_t p50 = quantile(all, count, 0.5), p99 = quantile(all, count, 0.99);

    printf("{\"what\":\"warm\",\"wall\":\"%s\",\"p50_us\":%.2f,\"p99_us\":%.2f,"
           "\"p50_us_above\":%.2f,\"p99_us_above\":%.2f,\"evaluations\":%" PRIu64 "}\n",
           cordon_wall_str(side->wall), (double)p50 / 1e3, (double)p99 / 1e3, above50,
           above99, count);
}

static void tell_throughput(struct side *side)
{
    double one = ratio(side->rate[0], sides[0].rate[0]);
    double two = ratio(side->rate[1], sides[0].rate[1]);
    double scale = ratio(side->rate[1], side->rate[0]);

    printf("{\"what\":\"throughput\",\"wall\":\"%s\",\"per_s_1\":%.0f,\"per_s_2\":%.0f,"
           "\"ratio_1\":%.3f,\"ratio_2\":%.3f,\"two_to_one\":%.2f}\n",
           cordon_wall_str(side->wall), middle(side->rate[0], options.rounds),
           middle(side->rate[1], options.rounds), one, two, scale);
}

/* From the last one: what the others are held against is not to be sorted before they are
 * told. */
static void tell(void (*how)(struct side *side))
{
    for (size_t s = side_count; s-- > 0;)
        how(&sides[s]);
    fflush(stdout);
}

static void ask_for_memory(const struct side *side)
{
    char line[16];

    printf("{\"what\":\"memory\",\"wall\":\"%s\",\"workers\":%d}\n",
           cordon_wall_str(side->wall), side->wall == CORDON_WALL_INPROC ? 0 : THREADS);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin))
        die("memory", "nobody says that it was looked at");
}

/* ---- what is asked ---- */

static void read_source(void)
{
    FILE *file = fopen(options.rule, "r");

    if (!file)
        die(options.rule, "cannot be read");
    source_bytes = fread(source, 1, sizeof source, file);
    fclose(file);
}

static void read_requests(void)
{
    FILE *file = fopen(options.requests, "r");

    while (file && asked_count < MAX_ASKED &&
           fscanf(file, "%63s %127s", asked[asked_count].label,
                  asked[asked_count].key) == 2)
        asked_count++;
    if (file)
        fclose(file);
    if (!asked_count)
        die(options.requests, "has no requests");
}

/* Everything once, in all sandboxes at once. */
static void warm_side(struct side *side)
{
    cordon_error err;

    if (cordon_engine_warm(side->engine, rule, &err))
        die(cordon_wall_str(side->wall), err.message);
    (void)rate(side->engine, THREADS);
}

/* The walls that are named, each with its workers. */
static void open_sides(void)
{
    char names[256], *rest = NULL;
    cordon_error err;

    snprintf(names, sizeof names, "%s", options.walls);
    if (cordon_snapshot_open(&snapshot, options.data, NULL, &err))
        die(options.data, err.message);
    for (char *name = strtok_r(names, ",", &rest); name && side_count < WALLS;
         name = strtok_r(NULL, ",", &rest)) {
        struct side *side = &sides[side_count++];

        while (side->wall < CORDON_WALL_MICROVM &&
               strcmp(cordon_wall_str(side->wall), name) != 0)
            side->wall++;
        if (strcmp(cordon_wall_str(side->wall), name) != 0)
            die(name, "is no wall");
        side->engine = engine_of(side->wall, THREADS);
        side->times =
            malloc((options.rounds + 1) * options.evaluations * sizeof *side->times);
        if (!side->times)
            die(name, "out of memory");
        warm_side(side);
        ask_for_memory(side);
    }
    if (!side_count)
        die(options.walls, "names no wall");
}

static void close_sides(void)
{
    for (size_t s = 0; s < side_count; s++) {
        cordon_engine_free(sides[s].engine);
        free(sides[s].times);
    }
    cordon_snapshot_release(snapshot);
}

static bool read_options(int argc, char **argv)
{
    const struct {
        const char *name, **text;
        uint64_t *number;
    } known[] = {{"--worker", &options.worker, NULL},
                 {"--data", &options.data, NULL},
                 {"--rule", &options.rule, NULL},
                 {"--requests", &options.requests, NULL},
                 {"--walls", &options.walls, NULL},
                 {"--now", NULL, &options.now_ms},
                 {"--rounds", NULL, &options.rounds},
                 {"--evaluations", NULL, &options.evaluations},
                 {"--cold", NULL, &options.cold}};
    const size_t count = sizeof known / sizeof known[0];

    for (int at = 1; at + 1 < argc; at += 2) {
        size_t i = 0;

        while (i < count && strcmp(known[i].name, argv[at]) != 0)
            i++;
        if (i < count && known[i].text)
            *known[i].text = argv[at + 1];
        else if (i < count)
            *known[i].number = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--seconds") == 0)
            options.seconds = strtod(argv[at + 1], NULL);
        else
            return false;
    }
    return argc % 2 == 1 && options.data && options.rule && options.requests &&
           options.walls && options.rounds && options.rounds <= MAX_ROUNDS &&
           options.cold && options.cold <= MAX_ROUNDS && options.evaluations &&
           options.evaluations <= 1000000 && options.seconds > 0;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        fprintf(stderr, "bench_walls: see the beginning of bench/walls.c\n");
        return 2;
    }
    read_source();
    read_requests();
    open_sides();
    check_agreement();
    for (uint64_t round = 0; round < options.rounds; round++) {
        measure_warm(round);
        measure_throughput(round);
    }
    tell(tell_warm);
    tell(tell_throughput);
    for (uint64_t round = 0; round < options.cold; round++)
        measure_cold(round);
    tell(tell_cold);
    close_sides();
    return 0;
}
