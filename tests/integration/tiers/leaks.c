/* A host that does not spare its workers, for leaks.py.
 *
 *   leaks cycles WALL WORKER COUNT   evaluate, and between evaluations kill, stop and replace
 *                                    workers; what is left then is counted here, where it is
 *                                    seen.  Says what it did, and exits with 77 where the wall
 *                                    does not work.
 *   leaks host WALL WORKER SEED      the same without an end, for somebody who kills it
 *
 * A rule may be stopped or end in error where its worker is killed in its midst; an evaluation
 * fails only where workers that were starting were killed one after the other, which is rare. */
#include <cordon.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 256 };

#define QUICK(time)                                                                    \
    "return { name = 'quick', decisions = { 'fine', 'poor' }, fallback = 'poor', "     \
    "limits = { time = '" time "' }, evaluate = function() "                           \
    "return { decision = 'fine' } end }"

/* A machine that is needed may have to be started first, within the evaluation's time. */
static const char quick[] = QUICK("500ms"), quick_in_a_machine[] = QUICK("10s");

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "FAILED: %s: %s\n", what, why);
    exit(1);
}

/* splitmix64 (Steele et al. 2014) */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ---- what there is ---- */

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = -1; /* its own */

    if (!folder)
        fail("/proc/self/fd", strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Add the children of a process to the list. */
static void add_children(pid_t list[MOST], int *count, pid_t pid)
{
    char path[64], text[4096];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    file = fopen(path, "r");
    if (!file)
        return; /* it has just ended */
    if (fgets(text, sizeof text, file)) {
        char *at = text, *end;

        for (long child; (child = strtol(at, &end, 10)) > 0 && *count < MOST; at = end)
            list[(*count)++] = (pid_t)child;
    }
    fclose(file);
}

/* All that this process's workers are made of: its children and theirs. */
static int descendants(pid_t list[MOST])
{
    int count = 0;

    add_children(list, &count, getpid());
    for (int i = 0; i < count; i++)
        add_children(list, &count, list[i]);
    return count;
}

/* ---- a life ---- */

struct host {
    const char *worker;
    cordon_wall wall;
    cordon_engine *engine;
    cordon_outcome *outcome;
    uint64_t seed;
    unsigned long fine, spoilt, killed, refused;
    bool spares_keepers; /* who is killed at once with one leaves a group to the next */
};

static void open_engine(struct host *host)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    const char *rule = host->wall == CORDON_WALL_MICROVM ? quick_in_a_machine : quick;
    cordon_error err;

    options.slots = 2;
    options.interrupt_slots = CORDON_NONE;
    options.wall = host->wall;
    options.worker = host->worker;
    options.max_wall_ns = UINT64_C(10000000000);
    if (cordon_engine_new(&host->engine, &options, &err) ||
        cordon_engine_load_rule(host->engine, rule, strlen(rule), "quick.lua", NULL,
                                &err) ||
        cordon_engine_warm(host->engine, "quick", &err))
        fail("an engine", err.message);
}

static void evaluate(struct host *host, uint64_t most_ns)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    limits.wall_ns = most_ns;
    if (most_ns)
        request.limits = &limits;
    if (cordon_evaluate(host->outcome, host->engine, "quick", &request, &err)) {
        if (strncmp(err.message, "the wall '", 10) != 0)
            fail("an evaluation", err.message);
        host->refused++;
        usleep(200000); /* it is tried again by then */
        return;
    }
    if (cordon_outcome_get_kind(host->outcome) == CORDON_OUTCOME_OK)
        host->fine++;
    else if (!strcmp(cordon_outcome_decision(host->outcome), "poor"))
        host->spoilt++;
    else
        fail("an outcome", cordon_outcome_message(host->outcome));
}

/* Is it a worker that has locked itself in?  Before that it is not yet sure to die with whoever
 * keeps it. */
static bool locked_in(pid_t pid)
{
    char path[64], line[256];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    while (file && !found && fgets(line, sizeof line, file))
        found = !strcmp(line, "Seccomp:\t2\n");
    if (file)
        fclose(file);
    return found;
}

/* Send something to one of those that workers are made of.  Only one that is locked in is
 * stopped: whoever keeps another and is stopped himself, for ever, cannot clean up after it. */
static void strike(struct host *host, int signal)
{
    pid_t list[MOST], keepers[MOST];
    int all = descendants(list), spared = 0, count;
    pid_t pid = 0;

    if (host->spares_keepers) /* its own children, which are listed first */
        add_children(keepers, &spared, getpid());
    count = all - spared;
    if (count > 0)
        pid = list[spared + (int)(next_random(&host->seed) % (uint64_t)count)];

    if (pid && (signal != SIGSTOP || locked_in(pid)) && !kill(pid, signal))
        host->killed++;
}

static void live(struct host *host)
{
    switch (next_random(&host->seed) % 8) {
    case 0: /* a stopped one is found out by its lateness, or before */
        strike(host, SIGSTOP);
        evaluate(host, 20000000);
        break;
    case 1:
        cordon_engine_free(host->engine);
        open_engine(host);
        break;
    case 2:
        (void)cordon_engine_tend(host->engine, NULL); /* one may die while it starts */
        break;
    case 3:
        evaluate(host, 0);
        break;
    default:
        strike(host, SIGKILL);
        break;
    }
    evaluate(host, 0);
}

/* ---- the two lives ---- */

static int cycles(struct host *host, unsigned long count)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;
    int before, after, most = 0;
    cordon_error err;

    if (cordon_wall_probe(&report, host->wall, host->worker, &err))
        fail("the wall", err.message);
    if (!report.works) {
        printf("SKIPPED: %s\n", report.text);
        return 77;
    }
    before = descriptors();
    open_engine(host);
    for (unsigned long i = 0; i < count; i++) {
        live(host);
        after = descriptors();
        most = after > most ? after : most;
    }
    cordon_engine_free(host->engine);
    host->engine = NULL;
    after = descriptors();
    if (after != before || most > before + 64)
        fail("descriptors", "more than before");
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        fail("children", "there is one, living or dead");
    if (!host->fine || !host->killed)
        fail("nothing", "happened");
    if (host->refused > 3 + count / 20)
        fail("evaluations", "too many found no worker");
    printf("%lu cycles: %lu evaluations fine, %lu spoilt, %lu refused, %lu workers "
           "struck; at most %d descriptors, %d before and after\n",
           count, host->fine, host->spoilt, host->refused, host->killed, most, before);
    return 0;
}

static void live_on(struct host *host)
{
    host->spares_keepers = true;
    open_engine(host);
    printf("ready\n");
    fflush(stdout);
    for (;;)
        live(host);
}

int main(int argc, char **argv)
{
    struct host host = {0};
    cordon_error err;
    int code = 0;

    if (argc != 5)
        fail("usage", "leaks cycles|host WALL WORKER NUMBER");
    while (host.wall < CORDON_WALL_MICROVM &&
           strcmp(argv[2], cordon_wall_str(host.wall)) != 0)
        host.wall++;
    host.worker = argv[3];
    host.seed = strtoull(argv[4], NULL, 10);
    if (cordon_outcome_new(&host.outcome, &err))
        fail("an outcome", err.message);
    if (!strcmp(argv[1], "cycles"))
        code = cycles(&host, strtoul(argv[4], NULL, 10));
    else
        live_on(&host);
    cordon_outcome_free(host.outcome);
    return code;
}
