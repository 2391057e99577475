/* The attack corpus: every folder <class>/<case> here is a hostile rule and what must
 * become of it (README.md tells the form).  Cases that ask for a node run over a graph
 * (graph.c), and so does an honest rule that reads it.
 *
 *     attack_runner FOLDER [CLASS | CLASS/CASE ...]
 *
 * Each case runs through the public C API on an engine with one sandbox, so that every
 * evaluation meets what the one before it left.  Asked of each: the stated outcome; the
 * same outcome, instructions, result and reads digest a second time; and an honest rule's
 * answer before and after, byte for byte.  How far a stopped rule went past its budget and
 * its deadline is printed, not judged: a busy machine is no fault of the sandbox. */
#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>

#include "attack/graph.h"

#define NAMES_MAX   512
#define SOURCE_MAX  (1u << 20)
#define RESULT_MAX  4096
#define HOSTILE     "hostile"
#define HONEST      "benign"
#define HONEST_READ "benign_graph"
#define PATIENCE_NS UINT64_C(10000000000) /* where time is not what is attacked */

/* What `expect` says. */
struct expectation {
    char outcome[64]; /* "ok", "limit", "error", "invalid_result", "load" ... */
    char detail[256]; /* which limit, or a part of the message */
    char node[64];    /* the account that is asked about; "": there is no graph */
    int64_t as_of_ms;
    enum { EITHER, WHOLE, TRUNCATED } truncated; /* what the outcome must say */
    cordon_limits limits;
};

/* What an evaluation came to, kept to be compared. */
struct answer {
    cordon_status status;
    cordon_outcome_kind kind;
    cordon_budget limit;
    uint64_t instructions, edges, nodes, digest, output_bytes;
    bool truncated;
    size_t result_bytes;
    unsigned char result[RESULT_MAX];
    char decision[64];
    char message[1024];
    cordon_usage usage;
};

struct attack {
    char path[1024], name[512];
    struct expectation expect;
    cordon_engine *engine;
    cordon_outcome *outcome;
    char failure[2048];
};

static bool fail(struct attack *attack, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct attack *attack, const char *format, ...)
{
    va_list arguments;

    if (attack->failure[0] == '\0') { /* the first one tells most */
        va_start(arguments, format);
        vsnprintf(attack->failure, sizeof attack->failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---- files ---- */

static char *read_file(struct attack *attack, const char *folder, const char *name,
                       size_t *bytes)
{
    static char text[SOURCE_MAX];
    char path[1100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file) {
        fail(attack, "%s cannot be read", path);
        return NULL;
    }
    *bytes = fread(text, 1, sizeof text - 1, file);
    text[*bytes] = '\0';
    fclose(file);
    return text;
}

/* "with instructions 1000000000" and the like. */
static bool read_setting(struct attack *attack, const char *line)
{
    struct expectation *expect = &attack->expect;
    cordon_limits *limits = &expect->limits;
    char name[32];
    uint64_t value;

    if (sscanf(line, "with node %63s", expect->node) == 1)
        return true;
    if (sscanf(line, "with %31s %" SCNu64, name, &value) != 2)
        return fail(attack, "expect: \"%s\" is no setting", line);
    if (strcmp(name, "instructions") == 0)
        limits->instructions = value;
    else if (strcmp(name, "memory_bytes") == 0)
        limits->memory_bytes = value;
    else if (strcmp(name, "wall_ms") == 0)
        limits->wall_ns = value * 1000000;
    else if (strcmp(name, "wall_us") == 0)
        limits->wall_ns = value * 1000;
    else if (strcmp(name, "edges") == 0)
        limits->edges = value;
    else if (strcmp(name, "output_bytes") == 0)
        limits->output_bytes = value;
    else if (strcmp(name, "as_of_ms") == 0)
        expect->as_of_ms = (int64_t)value;
    else if (strcmp(name, "truncated") == 0)
        expect->truncated = value ? TRUNCATED : WHOLE;
    else
        return fail(attack, "expect: no setting is called \"%s\"", name);
    return true;
}

static bool read_expectation(struct attack *attack)
{
    struct expectation *expect = &attack->expect;
    size_t bytes, word;
    char *text = read_file(attack, attack->path, "expect", &bytes), *line, *rest = NULL;

    if (!text)
        return false;
    expect->limits = (cordon_limits)CORDON_LIMITS_INIT;
    expect->limits.wall_ns = PATIENCE_NS;
    expect->as_of_ms = CORDON_NO_TIME;
    line = strtok_r(text, "\n", &rest);
    if (!line)
        return fail(attack, "expect is empty");
    word = strcspn(line, " ");
    snprintf(expect->outcome, sizeof expect->outcome, "%.*s", (int)word, line);
    snprintf(expect->detail, sizeof expect->detail, "%s",
             line[word] ? line + word + 1 : "");
    while ((line = strtok_r(NULL, "\n", &rest))) {
        if (!read_setting(attack, line))
            return false;
    }
    return true;
}

/* ---- evaluating ---- */

static bool load(struct attack *attack, const char *folder, const char *file,
                 const char *name, cordon_status wanted, cordon_error *err)
{
    size_t bytes;
    char *source = read_file(attack, folder, file, &bytes);
    cordon_status status;

    if (!source)
        return false;
    *err = (cordon_error){0};
    status = cordon_engine_load_rule(attack->engine, source, bytes, name, NULL, err);
    if (status == wanted)
        return true;
    return fail(attack, "loading %s: %s, %s:%u: %s", name, cordon_status_name(status),
                err->file, (unsigned)err->line, err->message);
}

static void evaluate(struct attack *attack, const char *rule,
                     const cordon_limits *limits, struct answer *answer)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = attack->outcome;
    cordon_error err = {0};
    const char *decision;
    const void *result;

    memset(answer, 0, sizeof *answer);
    request.now_ms = INT64_C(1700000000000);
    request.seed = 42;
    if (attack->expect.node[0]) {
        request.label = "Account";
        request.key = attack->expect.node;
        request.as_of_ms = attack->expect.as_of_ms;
    }
    request.limits = limits;
    answer->status = cordon_evaluate(outcome, attack->engine, rule, &request, &err);
    if (answer->status != CORDON_OK) {
        snprintf(answer->message, sizeof answer->message, "%s", err.message);
        return;
    }
    answer->kind = cordon_outcome_get_kind(outcome);
    answer->limit = cordon_outcome_limit(outcome);
    answer->usage = *cordon_outcome_usage(outcome);
    answer->instructions = answer->usage.instructions;
    answer->edges = answer->usage.edges;
    answer->nodes = answer->usage.nodes;
    answer->output_bytes = answer->usage.output_bytes;
    answer->truncated = cordon_outcome_truncated(outcome);
    answer->digest = cordon_outcome_reads_digest(outcome);
    result = cordon_outcome_result(outcome, &answer->result_bytes);
    memcpy(answer->result, result,
           answer->result_bytes < RESULT_MAX ? answer->result_bytes : RESULT_MAX);
    decision = cordon_outcome_decision(outcome);
    snprintf(answer->decision, sizeof answer->decision, "%s", decision ? decision : "");
    snprintf(answer->message, sizeof answer->message, "%s",
             cordon_outcome_message(outcome));
}

static bool same(struct attack *attack, const char *what, const struct answer *first,
                 const struct answer *second)
{
    /* where the clock ended it, how far it came is the machine's affair */
    bool timed =
        first->kind == CORDON_OUTCOME_LIMIT && first->limit == CORDON_BUDGET_TIME;

    if (first->status != second->status || first->kind != second->kind ||
        first->limit != second->limit || strcmp(first->decision, second->decision) != 0)
        return fail(attack, "%s: %s (%s), then %s (%s)", what,
                    cordon_outcome_kind_str(first->kind), first->message,
                    cordon_outcome_kind_str(second->kind), second->message);
    if (timed)
        return true;
    if (first->instructions != second->instructions)
        return fail(attack, "%s: %" PRIu64 " instructions, then %" PRIu64, what,
                    first->instructions, second->instructions);
    if (first->edges != second->edges || first->nodes != second->nodes)
        return fail(attack,
                    "%s: %" PRIu64 " edges and %" PRIu64 " nodes, then %" PRIu64
                    " and %" PRIu64,
                    what, first->edges, first->nodes, second->edges, second->nodes);
    if (first->truncated != second->truncated ||
        first->output_bytes != second->output_bytes)
        return fail(attack, "%s: truncated or bytes of output differ", what);
    if (first->digest != second->digest)
        return fail(attack, "%s: another reads digest", what);
    if (strcmp(first->message, second->message) != 0)
        return fail(attack, "%s: \"%s\", then \"%s\"", what, first->message,
                    second->message);
    if (first->result_bytes != second->result_bytes ||
        memcmp(first->result, second->result, RESULT_MAX) != 0)
        return fail(attack, "%s: another result", what);
    return true;
}

static bool as_expected(struct attack *attack, const struct answer *answer)
{
    const struct expectation *expect = &attack->expect;
    const char *kind;

    if (answer->status != CORDON_OK)
        return fail(attack, "not evaluated: %s: %s", cordon_status_name(answer->status),
                    answer->message);
    kind = cordon_outcome_kind_str(answer->kind);
    if (strcmp(kind, expect->outcome) != 0)
        return fail(attack, "%s (%s), expected %s %s", kind, answer->message,
                    expect->outcome, expect->detail);
    if (answer->kind == CORDON_OUTCOME_LIMIT) {
        if (expect->detail[0] &&
            strcmp(cordon_budget_str(answer->limit), expect->detail) != 0)
            return fail(attack, "limit %s (%s), expected limit %s",
                        cordon_budget_str(answer->limit), answer->message,
                        expect->detail);
    } else if (!strstr(answer->message, expect->detail)) {
        return fail(attack, "\"%s\" does not say \"%s\"", answer->message,
                    expect->detail);
    }
    if (expect->truncated != EITHER &&
        answer->truncated != (expect->truncated == TRUNCATED))
        return fail(attack, "truncated is %d", answer->truncated);
    if (answer->usage.edges > answer->usage.edges_limit)
        return fail(attack, "%" PRIu64 " edges of %" PRIu64, answer->usage.edges,
                    answer->usage.edges_limit);
    /* what failed or was stopped leaves its fallback */
    if (strcmp(answer->decision,
               answer->kind == CORDON_OUTCOME_OK ? "allow" : "deny") != 0)
        return fail(attack, "the decision is \"%s\"", answer->decision);
    return true;
}

static void print_row(const struct attack *attack, const struct answer *answer)
{
    const cordon_usage *usage = &answer->usage;
    const char *how = "load";
    int64_t over = 0;
    double late = 0;

    if (strcmp(attack->expect.outcome, "load") != 0)
        how = answer->kind == CORDON_OUTCOME_LIMIT
                  ? cordon_budget_str(answer->limit)
                  : cordon_outcome_kind_str(answer->kind);
    if (usage->instructions > usage->instructions_limit)
        over = (int64_t)(usage->instructions - usage->instructions_limit);
    if (usage->wall_ns > usage->wall_limit_ns)
        late = (double)(usage->wall_ns - usage->wall_limit_ns) / 1e6;
    printf("%-6s %-36s %-15s %12" PRIu64 " %8" PRId64 " %9.3f %8.3f %8" PRIu64 "\n",
           attack->failure[0] ? "FAILED" : "ok", attack->name, how, usage->instructions,
           over, (double)usage->wall_ns / 1e6, late, usage->memory_bytes / 1024);
    if (attack->failure[0])
        printf("       %s\n", attack->failure);
    fflush(stdout);
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

    evaluate(attack, HOSTILE, &attack->expect.limits, &answer);
    same(attack, "on another engine", visitor->first, &answer);
    return NULL;
}

/* The same on another engine, in several slots and threads at once. */
static void run_elsewhere(struct attack *attack, const struct answer *first)
{
    static struct visitor visitors[ELSEWHERE];
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_engine *here = attack->engine, *there = NULL;
    cordon_error err = {0};
    bool graph = attack->expect.node[0] != '\0';

    options.slots = ELSEWHERE;
    options.busy_wait_ms = 60000;
    if (cordon_engine_new(&there, &options, &err) != CORDON_OK ||
        (graph && cordon_engine_set_snapshot(there, attack_graph(), &err))) {
        fail(attack, "no other engine: %s", err.message);
        goto out;
    }
    attack->engine = there;
    if (!load(attack, attack->path, "rule.lua", "rule.lua", CORDON_OK, &err) ||
        cordon_engine_warm(there, HOSTILE, &err) != CORDON_OK) {
        fail(attack, "not warmed: %s", err.message);
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
            fail(attack, "%s", visitors[i].attack.failure);
    }
out:
    attack->engine = here;
    cordon_engine_free(there);
}

/* ---- one case ---- */

static bool run_case(struct attack *attack, const char *root)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    struct answer before, first = {0}, second, after;
    const char *honest;
    bool loads;
    cordon_error err = {0};

    if (!read_expectation(attack))
        goto out;
    loads = strcmp(attack->expect.outcome, "load") != 0;
    honest = attack->expect.node[0] ? HONEST_READ : HONEST;
    options.slots = 1;
    if (cordon_engine_new(&attack->engine, &options, &err) != CORDON_OK ||
        cordon_outcome_new(&attack->outcome, &err) != CORDON_OK) {
        fail(attack, "no engine: %s", err.message);
        goto out;
    }
    if (attack->expect.node[0] &&
        cordon_engine_set_snapshot(attack->engine, attack_graph(), &err) != CORDON_OK) {
        fail(attack, "no graph: %s", err.message);
        goto out;
    }
    if (!load(attack, root, attack->expect.node[0] ? "benign_graph.lua" : "benign.lua",
              honest, CORDON_OK, &err))
        goto out;
    evaluate(attack, honest, NULL, &before);
    if (before.status != CORDON_OK || before.kind != CORDON_OUTCOME_OK) {
        fail(attack, "the honest rule: %s", before.message);
        goto out;
    }
    if (!load(attack, attack->path, "rule.lua", "rule.lua",
              loads ? CORDON_OK : CORDON_E_RULE, &err))
        goto out;
    if (loads) {
        evaluate(attack, HOSTILE, &attack->expect.limits, &first);
        if (as_expected(attack, &first)) {
            evaluate(attack, honest, NULL, &after);
            same(attack, "the honest rule", &before, &after);
            evaluate(attack, HOSTILE, &attack->expect.limits, &second);
            same(attack, "the second run", &first, &second);
            run_elsewhere(attack, &first);
        }
    } else if (!strstr(err.message, attack->expect.detail)) {
        fail(attack, "\"%s\" does not say \"%s\"", err.message, attack->expect.detail);
    }
    evaluate(attack, honest, NULL, &after);
    same(attack, "the honest rule", &before, &after);
out:
    print_row(attack, &first);
    cordon_outcome_free(attack->outcome);
    cordon_engine_free(attack->engine);
    return attack->failure[0] == '\0';
}

/* In a process of its own, so that a crash says which case it was. */
static bool run_apart(struct attack *attack, const char *root)
{
    int how = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        bool passed = run_case(attack, root);

        attack_graph_release();
        exit(passed ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    if (child < 0 || waitpid(child, &how, 0) != child)
        return fail(attack, "no process: it was not run");
    if (WIFEXITED(how) && WEXITSTATUS(how) <= EXIT_FAILURE)
        return WEXITSTATUS(how) == EXIT_SUCCESS;
    printf("CRASH  %-36s %s %d\n", attack->name,
           WIFSIGNALED(how) ? "signal" : "exit code",
           WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    return false;
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

int main(int argc, char **argv)
{
    static char *classes[NAMES_MAX], *cases[NAMES_MAX];
    size_t class_count, run = 0, failed = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FOLDER [CLASS | CLASS/CASE ...]\n", argv[0]);
        return 2;
    }
    attack_graph(); /* once, for all the processes */
    printf("%-6s %-36s %-15s %12s %8s %9s %8s %8s\n", "", "case", "ends by",
           "instructions", "over", "ms", "ms late", "KiB");
    class_count = list_folders(argv[1], classes);
    for (size_t i = 0; i < class_count; i++) {
        char path[1200];
        size_t case_count;

        snprintf(path, sizeof path, "%s/%s", argv[1], classes[i]);
        case_count = list_folders(path, cases);
        for (size_t j = 0; j < case_count; j++) {
            static struct attack attack;

            memset(&attack, 0, sizeof attack);
            snprintf(attack.path, sizeof attack.path, "%s/%s/%s", argv[1], classes[i],
                     cases[j]);
            snprintf(attack.name, sizeof attack.name, "%s/%s", classes[i], cases[j]);
            if (is_wanted(attack.name, classes[i], argc - 2, argv + 2)) {
                run++;
                failed += !run_apart(&attack, argv[1]);
            }
            free(cases[j]);
        }
        free(classes[i]);
    }
    attack_graph_release();
    printf("%zu cases, %zu failed\n", run, failed);
    return failed || run == 0;
}
