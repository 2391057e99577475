/* The attack corpus: every folder <class>/<case> here is a hostile rule and what must
 * become of it (README.md tells the form).  Cases that ask for a node run over a graph
 * (graph.c), and so does an honest rule that reads it.
 *
 *     attack_runner [--record FILE] [--leak heap|pages] FOLDER [CLASS | CLASS/CASE ...]
 *     attack_runner --wall WALL --worker PROGRAM [--every N] FOLDER [CLASS | CLASS/CASE ...]
 *
 * Each case runs through the public C API on an engine with one sandbox, so that every
 * evaluation meets what the one before it left.  Asked of each: the stated outcome; the
 * same outcome, instructions, result and reads digest a second time; an honest rule's
 * answer before and after, byte for byte; the same while it is traced; and that more rounds
 * of the two do not make the process grow.  How far a stopped rule went past its limits is
 * printed and recorded, not judged: a busy machine is no fault of the sandbox.
 *
 * With --wall each is asked behind that wall as well, and has to come to the same (behind.h);
 * with --every N the first case of a class and every Nth after it, and those that are long
 * only with --long yes. */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/engine.h>
#include <cordon/rule.h>

#include "attack/behind.h"
#include "attack/case.h"
#include "attack/functions.h"
#include "attack/graph.h"

#define NAMES_MAX   512
#define HONEST      "benign"
#define HONEST_READ "benign_graph"

/* What a case's process ends with when the case fails; other codes are a sanitizer's. */
#define CASE_FAILED 3

#define ROUNDS       8
#define ROUNDS_LEAST 2
#define ROUNDS_NS    UINT64_C(1000000000) /* no further round is begun after this */

/* What is said of a machine without the wall. */
#define SKIPPED 77

static struct {
    const char *root, *record, *leak, *wall, *worker;
    unsigned long every;
    bool also_long;
} options;

/* ---- reporting ---- */

/* "load", a kind of outcome, or "limit" and which. */
static void ending(const struct attack *attack, const struct answer *answer, char *out,
                   size_t size)
{
    if (!attack_loads(attack))
        snprintf(out, size, "load");
    else if (answer->kind == CORDON_OUTCOME_LIMIT)
        snprintf(out, size, "limit %s", cordon_budget_str(answer->limit));
    else
        snprintf(out, size, "%s", cordon_outcome_kind_str(answer->kind));
}

static void print_row(const struct attack *attack, const struct answer *answer)
{
    const cordon_usage *usage = &answer->usage;
    const struct excess *excess = &attack->excess;
    char how[64];

    ending(attack, answer, how, sizeof how);
    printf("%-6s %-40s %-18s %12" PRIu64 " %8" PRIu64 " %9.3f %8.3f %8" PRIu64
           " %7" PRIu64 "\n",
           attack->failure[0] ? "FAILED" : "ok", attack->name, how, usage->instructions,
           excess->instructions, (double)usage->wall_ns / 1e6,
           (double)attack_excess_median(excess) / 1e6, usage->memory_bytes / 1024,
           excess->memory_bytes / 1024);
    if (attack->failure[0])
        printf("       %s\n", attack->failure);
    fflush(stdout);
}

/* One line of JSON, in one write: names and words here need no escapes. */
static void record_row(const struct attack *attack, const struct answer *answer)
{
    const cordon_usage *usage = &answer->usage;
    char how[64];
    FILE *file = options.record ? fopen(options.record, "a") : NULL;

    if (!file)
        return;
    ending(attack, answer, how, sizeof how);
    fprintf(file,
            "{\"case\":\"%s\",\"ends\":\"%s\",\"passed\":%s,\"instructions\":%" PRIu64
            ",\"instructions_limit\":%" PRIu64 ",\"instructions_over\":%" PRIu64
            ",\"edges\":%" PRIu64 ",\"edges_limit\":%" PRIu64
            ",\"memory_bytes\":%" PRIu64 ",\"memory_limit_bytes\":%" PRIu64
            ",\"memory_bytes_over\":%" PRIu64
            ",\"wall_ms\":%.3f,\"wall_limit_ms\":%.3f,\"ms_late\":%.3f,\"ms_late_"
            "median\":%.3f"
            ",\"load_ms\":%.3f,\"rounds\":%u,\"heap_growth_bytes\":%" PRId64
            ",\"resident_growth_bytes\":%" PRId64 "}\n",
            attack->name, how, attack->failure[0] ? "false" : "true",
            usage->instructions, usage->instructions_limit, attack->excess.instructions,
            usage->edges, usage->edges_limit, usage->memory_bytes,
            usage->memory_limit_bytes, attack->excess.memory_bytes,
            (double)usage->wall_ns / 1e6, (double)usage->wall_limit_ns / 1e6,
            (double)attack_excess_latest(&attack->excess) / 1e6,
            (double)attack_excess_median(&attack->excess) / 1e6,
            (double)attack->load_ns / 1e6, attack->growth.rounds,
            attack->growth.heap_bytes, attack->growth.resident_bytes);
    fclose(file);
}

/* The record begins with what was measured. */
static bool record_begin(void)
{
    FILE *file = fopen(options.record, "w");

    if (!file)
        return false;
    fprintf(file, "{\"build\":\"%s\",\"sanitizers\":\"%s\",\"compiler\":\"%s\"}\n",
            ATTACK_BUILD, ATTACK_SANITIZE, __VERSION__);
    return fclose(file) == 0;
}

/* ---- elsewhere ---- */

#define ELSEWHERE 2

struct visitor {
    struct attack attack; /* a copy: with its own outcome, and the other engine */
    const struct answer *first;
    pthread_t thread;
};

static void *visit(void *ud)
{
    struct visitor *visitor = ud;
    struct attack *attack = &visitor->attack;
    struct answer answer;

    attack_evaluate(attack, HOSTILE, &attack->expect.limits, &answer);
    attack_same(attack, "on another engine", visitor->first, &answer);
    return NULL;
}

/* The same on another engine, in several slots and threads at once. */
static void run_elsewhere(struct attack *attack, const struct answer *first)
{
    static struct visitor visitors[ELSEWHERE];
    cordon_engine_options engine_options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *here = attack->engine, *there = NULL;
    cordon_error err = {0};
    bool graph = attack->expect.node[0] != '\0';

    engine_options.slots = ELSEWHERE;
    engine_options.busy_wait_ms = 60000;
    if (cordon_engine_new(&there, &engine_options, &err) != CORDON_OK ||
        attack_functions(there, &err) != CORDON_OK ||
        (graph && cordon_engine_set_snapshot(there, attack_graph(), &err))) {
        attack_fail(attack, "no other engine: %s", err.message);
        goto out;
    }
    if (!attack_set_policy(attack, there))
        goto out;
    attack->engine = there;
    if (!attack_load(attack, attack->path, "rule.lua", "rule.lua", CORDON_OK, &err) ||
        cordon_engine_warm(there, HOSTILE, &err) != CORDON_OK) {
        attack_fail(attack, "not warmed: %s", err.message);
        goto out;
    }
    for (size_t i = 0; i < ELSEWHERE; i++) {
        struct visitor *visitor = &visitors[i];

        visitor->attack = *attack;
        visitor->first = first;
        if (cordon_outcome_new(&visitor->attack.outcome, &err) != CORDON_OK ||
            pthread_create(&visitor->thread, NULL, visit, visitor) != 0)
            abort();
    }
    for (size_t i = 0; i < ELSEWHERE; i++) {
        pthread_join(visitors[i].thread, NULL);
        cordon_outcome_free(visitors[i].attack.outcome);
        if (visitors[i].attack.failure[0])
            attack_fail(attack, "%s", visitors[i].attack.failure);
    }
out:
    attack->engine = here;
    cordon_engine_free(there);
}

/* ---- again and again ---- */

/* The attack, or loading it where it does not load, and the honest rule once more. */
static void run_round(struct attack *attack, const char *honest)
{
    struct answer answer;
    cordon_error err = {0};

    if (attack_loads(attack))
        attack_evaluate(attack, HOSTILE, &attack->expect.limits, &answer);
    else
        attack_load(attack, attack->path, "rule.lua", "rule.lua", CORDON_E_RULE, &err);
    attack_evaluate(attack, honest, NULL, &answer);
    if (options.leak && !attack_leak(options.leak))
        attack_fail(attack, "no leak of %s was planted", options.leak);
}

/* Is the process as large after several rounds as before?  Fewer where one is slow, or where a
 * sanitizer judges at the end. */
static void run_rounds(struct attack *attack, const char *honest)
{
    struct footprint before, after;
    const char *fault;
    uint64_t start;

    attack_footprint_take(&before); /* the first allocates what reading it takes */
    run_round(attack, honest);
    attack_footprint_take(&before);
    start = attack_now_ns();
    while (attack->growth.rounds < ROUNDS_LEAST ||
           (attack_footprint_tells() && attack->growth.rounds < ROUNDS &&
            attack_now_ns() - start < ROUNDS_NS)) {
        run_round(attack, honest);
        attack->growth.rounds++;
    }
    attack_footprint_take(&after);
    fault = attack_growth_fault(&attack->growth, &before, &after);
    if (fault)
        attack_fail(attack, "%s", fault);
}

/* ---- one case ---- */

/* The same, traced: another notebook, of the least size, changes nothing but when memory runs
 * out, which is a few instructions earlier. */
static void run_traced(struct attack *attack, const struct answer *first)
{
    cordon_trace_options trace_options = CORDON_TRACE_OPTIONS_INIT;
    struct answer answer;
    cordon_error err = {0};

    for (size_t i = 0; i < 2; i++) {
        trace_options.memory_bytes = i ? 64 << 10 : 1 << 20;
        if (cordon_trace_new(&attack->trace, &trace_options, &err) != CORDON_OK) {
            attack_fail(attack, "no trace: %s", err.message);
            return;
        }
        attack_evaluate(attack, HOSTILE, &attack->expect.limits, &answer);
        attack_same(attack, "traced", first, &answer);
        attack_trace_hides(attack);
        cordon_trace_free(attack->trace);
        attack->trace = NULL;
    }
}

/* The hostile rule is loaded: everything that is asked of it. */
static void run_hostile(struct attack *attack, const char *honest,
                        const struct answer *before, struct answer *first)
{
    struct answer second, after;
    cordon_error err = {0};

    /* its image is made now, not within the first run's time */
    if (cordon_engine_warm(attack->engine, HOSTILE, &err) != CORDON_OK) {
        attack_fail(attack, "not warmed: %s", err.message);
        return;
    }
    attack_evaluate(attack, HOSTILE, &attack->expect.limits, first);
    if (!attack_as_expected(attack, first))
        return;
    attack_evaluate(attack, honest, NULL, &after);
    attack_same(attack, "the honest rule", before, &after);
    attack_evaluate(attack, HOSTILE, &attack->expect.limits, &second);
    attack_same(attack, "the second run", first, &second);
    run_traced(attack, first);
    run_rounds(attack, honest);
    run_elsewhere(attack, first);
}

static bool run_case(struct attack *attack)
{
    cordon_engine_options engine_options = CORDON_ENGINE_OPTIONS_INIT;
    struct answer before, first = {0}, after;
    const char *honest;
    bool loads;
    cordon_error err = {0};

    if (attack->failure[0]) /* what is expected is not known */
        goto out;
    loads = attack_loads(attack);
    honest = attack->expect.node[0] ? HONEST_READ : HONEST;
    engine_options.slots = 1;
    if (cordon_engine_new(&attack->engine, &engine_options, &err) != CORDON_OK ||
        attack_functions(attack->engine, &err) != CORDON_OK ||
        cordon_outcome_new(&attack->outcome, &err) != CORDON_OK) {
        attack_fail(attack, "no engine: %s", err.message);
        goto out;
    }
    if (attack->expect.node[0] &&
        cordon_engine_set_snapshot(attack->engine, attack_graph(), &err) != CORDON_OK) {
        attack_fail(attack, "no graph: %s", err.message);
        goto out;
    }
    if (!attack_set_policy(attack, attack->engine))
        goto out;
    if (!attack_load(attack, options.root,
                     attack->expect.node[0] ? "benign_graph.lua" : "benign.lua", honest,
                     CORDON_OK, &err))
        goto out;
    attack_evaluate(attack, honest, NULL, &before);
    if (before.status != CORDON_OK || before.kind != CORDON_OUTCOME_OK) {
        attack_fail(attack, "the honest rule: %s", before.message);
        goto out;
    }
    if (!attack_load(attack, attack->path, "rule.lua", "rule.lua",
                     loads ? CORDON_OK : CORDON_E_RULE, &err))
        goto out;
    if (loads)
        run_hostile(attack, honest, &before, &first);
    else if (!strstr(err.message, attack->expect.detail))
        attack_fail(attack, "\"%s\" does not say \"%s\"", err.message,
                    attack->expect.detail);
    else
        run_rounds(attack, honest);
    attack_evaluate(attack, honest, NULL, &after);
    attack_same(attack, "the honest rule", &before, &after);
out:
    print_row(attack, &first);
    record_row(attack, &first);
    cordon_outcome_free(attack->outcome);
    cordon_engine_free(attack->engine);
    return attack->failure[0] == '\0';
}

/* Once, for all the processes; a class that asks about no node does without. */
static void make_graph(void)
{
    static bool made;

    if (!made) {
        (void)attack_graph();
        attack_graph_remove();
        made = true;
    }
}

/* In a process of its own, so that a crash says which case it was. */
static bool run_apart(struct attack *attack)
{
    int how = 0;
    pid_t child;

    if (attack_read_expectation(attack) && attack->expect.node[0])
        make_graph();
    fflush(stdout);
    child = fork();
    if (child == 0) {
        bool passed = run_case(attack);

        attack_graph_release();
        exit(passed ? EXIT_SUCCESS : CASE_FAILED);
    }
    if (child < 0 || waitpid(child, &how, 0) != child)
        return attack_fail(attack, "no process: it was not run");
    if (WIFEXITED(how) &&
        (WEXITSTATUS(how) == EXIT_SUCCESS || WEXITSTATUS(how) == CASE_FAILED))
        return WEXITSTATUS(how) == EXIT_SUCCESS;
    printf("CRASH  %-40s %s %d\n", attack->name,
           WIFSIGNALED(how) ? "signal" : "exit code",
           WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    return false;
}

/* ---- one case behind a wall ---- */

/* Of the process that asks all cases, so that a crash says which it was. */
static struct progress {
    char name[512];
    size_t left_out; /* cases that are long */
} * progress;

static bool run_behind(struct attack *attack)
{
    struct answer answer = {0};

    memcpy(progress->name, attack->name, sizeof progress->name);
    attack->patience_ns = ATTACK_BEHIND_NS;
    if (attack_read_expectation(attack) && attack->expect.is_long &&
        !options.also_long) {
        progress->left_out++;
        return true;
    }
    if (!attack->failure[0])
        attack_behind_run(attack, &answer);
    print_row(attack, &answer);
    record_row(attack, &answer);
    return attack->failure[0] == '\0';
}

/* ---- all cases ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The folders within a folder, in order; the caller frees the names. */
static size_t list_folders(const char *path, char **names)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    size_t count = 0;

    if (!folder)
        return 0;
    while ((entry = readdir(folder)) && count < NAMES_MAX) {
        char inside[1400];
        DIR *probe;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        probe = opendir(inside);
        if (!probe)
            continue;
        closedir(probe);
        names[count++] = strdup(entry->d_name);
    }
    closedir(folder);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

static bool is_wanted(const char *name, const char *class, int count, char **wanted)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(wanted[i], name) == 0 || strcmp(wanted[i], class) == 0)
            return true;
    }
    return count == 0;
}

/* The arguments behind the options; -1: they make no sense. */
static int read_options(int argc, char **argv)
{
    int at = 1;

    while (at + 1 < argc && strncmp(argv[at], "--", 2) == 0) {
        if (strcmp(argv[at], "--record") == 0)
            options.record = argv[at + 1];
        else if (strcmp(argv[at], "--leak") == 0)
            options.leak = argv[at + 1];
        else if (strcmp(argv[at], "--wall") == 0)
            options.wall = argv[at + 1];
        else if (strcmp(argv[at], "--worker") == 0)
            options.worker = argv[at + 1];
        else if (strcmp(argv[at], "--long") == 0)
            options.also_long = strcmp(argv[at + 1], "yes") == 0;
        else if (strcmp(argv[at], "--every") == 0)
            options.every = strtoul(argv[at + 1], NULL, 10);
        else
            return -1;
        at += 2;
    }
    if (at >= argc || (options.wall && !options.worker))
        return -1;
    if (!options.every)
        options.every = 1;
    options.root = argv[at];
    return at + 1;
}

/* malloc counts what its per-thread cache holds as in use, which would hide small leaks:
 * begin again without that cache.  Nothing comes of it where malloc is another's. */
static void do_without_cache(char **argv)
{
    static const char name[] = "GLIBC_TUNABLES";

    if (!getenv(name) && setenv(name, "glibc.malloc.tcache_count=0", 1) == 0)
        execv("/proc/self/exe", argv);
}

/* Put every case that is wanted to `body`; true: there were some, and all passed. */
static bool run_all(int count, char **wanted, bool (*body)(struct attack *attack))
{
    static char *classes[NAMES_MAX], *cases[NAMES_MAX];
    size_t class_count, run = 0, failed = 0;

    printf("%-6s %-40s %-18s %12s %8s %9s %8s %8s %7s\n", "", "case", "ends by",
           "instructions", "over", "ms", "ms late", "KiB", "over");
    class_count = list_folders(options.root, classes);
    for (size_t i = 0; i < class_count; i++) {
        char path[1200];
        size_t case_count;

        snprintf(path, sizeof path, "%s/%s", options.root, classes[i]);
        case_count = list_folders(path, cases);
        for (size_t j = 0; j < case_count; j++) {
            static struct attack attack;

            memset(&attack, 0, sizeof attack);
            snprintf(attack.path, sizeof attack.path, "%s/%s/%s", options.root,
                     classes[i], cases[j]);
            snprintf(attack.name, sizeof attack.name, "%s/%s", classes[i], cases[j]);
            if (j % options.every == 0 &&
                is_wanted(attack.name, classes[i], count, wanted)) {
                run++;
                failed += !body(&attack);
            }
            free(cases[j]);
        }
        free(classes[i]);
    }
    printf("%zu cases, %zu failed\n", run, failed);
    return run && !failed;
}

/* All of them in one process, which is not this one; what main() returns. */
static int run_all_behind(int count, char **wanted)
{
    static struct attack opening;
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;
    cordon_wall wall;
    cordon_error err = {0};
    pid_t child;
    int how = 0;

    if (!attack_behind_wall(&wall, options.wall)) {
        fprintf(stderr, "there is no wall '%s'\n", options.wall);
        return 2;
    }
    if (cordon_wall_probe(&report, wall, options.worker, &err) != CORDON_OK ||
        !report.works) {
        printf("SKIPPED: the wall '%s' does not work here: %s\n", options.wall,
               report.works ? err.message : report.text);
        return SKIPPED;
    }
    progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return 2;
    fflush(stdout);
    child = fork();
    if (child == 0) {
        bool passed = attack_behind_open(&opening, options.root, wall, options.worker);

        if (passed)
            passed = run_all(count, wanted, run_behind);
        else
            printf("FAILED %s\n", opening.failure);
        attack_behind_close();
        attack_graph_release();
        exit(passed ? EXIT_SUCCESS : CASE_FAILED);
    }
    if (child < 0 || waitpid(child, &how, 0) != child)
        return 2;
    if (WIFSIGNALED(how))
        printf("CRASH  %-40s signal %d\n", progress->name, WTERMSIG(how));
    if (progress->left_out)
        printf("%zu of them are long and were left out\n", progress->left_out);
    return !WIFEXITED(how) || WEXITSTATUS(how) != EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int first = read_options(argc, argv), code;

    if (first < 0) {
        fprintf(stderr,
                "usage: %s [--record FILE] [--leak heap|pages] FOLDER "
                "[CLASS | CLASS/CASE ...]\n"
                "       %s --wall WALL --worker PROGRAM [--every N] [--long yes] "
                "[--record FILE] FOLDER [CLASS | CLASS/CASE ...]\n",
                argv[0], argv[0]);
        return 2;
    }
    do_without_cache(argv);
    if (options.record && !record_begin()) {
        fprintf(stderr, "%s cannot be written\n", options.record);
        return 2;
    }
    if (options.wall) {
        (void)attack_graph(); /* before there is another process */
        code = run_all_behind(argc - first, argv + first);
        attack_graph_remove();
    } else {
        code = !run_all(argc - first, argv + first, run_apart);
    }
    attack_graph_release();
    return code;
}
