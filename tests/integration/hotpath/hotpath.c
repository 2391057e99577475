/* After warm-up an evaluation takes no lock, allocates nothing and makes no system call.
 *
 * Locks and allocations are counted: the linker hands every call of the library's own code
 * to the wrappers here.  System calls are not counted but forbidden: a child process does
 * its evaluations under a seccomp filter that kills it at the first one.  clock_gettime is
 * let through, since where the kernel's clock source does not allow otherwise it is one.
 *
 * Served: a rule with a canary and a shadow under a policy with quotas, recorded in a
 * decision log that drops when full, watched by an observer; and a set of rules. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cordon.h>

#include "engine/engine.h"
#include "support/fixture.h"

enum { ROUNDS = 2000 };

/* A sanitizer's own calls would be the first. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static unsigned long allocations, locks, spans;

/* ---- what the linker hands over ---- */

/* The linker may hand them the calls of shared libraries too. */
#define SEEN __attribute__((visibility("default")))

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);

SEEN void *__wrap_malloc(size_t size);
SEEN void *__wrap_calloc(size_t count, size_t size);
SEEN void *__wrap_realloc(void *block, size_t size);
SEEN void __wrap_free(void *block);
SEEN int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
SEEN int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);
SEEN int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    allocations++;
    return __real_realloc(block, size);
}

void __wrap_free(void *block)
{
    allocations++;
    __real_free(block);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    locks++;
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    locks++;
    return __real_pthread_mutex_trylock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    locks++;
    return __real_pthread_rwlock_rdlock(lock);
}

/* ---- what is served ---- */

static cordon_engine *engine;
static cordon_audit *audit;
static cordon_outcome *outcome;
static cordon_set_outcome *all;
static char folder[] = "/tmp/cordon-hotpath-XXXXXX";
static cordon_error err;

static void die(const char *what)
{
    fprintf(stderr, "FAILED: %s: %s\n", what, err.message);
    exit(1);
}

static const char rule_text[] =
    "return { name = '%s', decisions = { 'allow', 'review' }, fallback = 'review',\n"
    "  reads = { Account = {}, transfer = { 'amount' } },\n"
    "  evaluate = function(graph, request)\n"
    "    local sent = request.node:outgoing('transfer')\n"
    "    return { decision = sent:count() > %d and 'review' or 'allow',\n"
    "      score = sent:sum('amount'), reasons = { ('%%d sent'):format(sent:count()) } "
    "}\n"
    "  end }";

static void load(const char *name, int least)
{
    char text[1024];

    snprintf(text, sizeof text, rule_text, name, least);
    if (cordon_engine_load_rule(engine, text, strlen(text), name, NULL, &err))
        die(name);
}

static struct cdn_version *version(const char *name, int least, uint32_t number)
{
    struct cdn_version *made;
    char text[1024];

    snprintf(text, sizeof text, rule_text, name, least);
    if (cdn_engine_load(&made, engine, CORDON_WALL_INPROC, text, strlen(text), name,
                        number, &err))
        die(name);
    return made;
}

static struct cdn_entry *entry(const char *name, int least, uint32_t number)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    struct cdn_version *made = version(name, least, number);
    struct cdn_entry *bound;

    if (cdn_entry_new(&bound, made, state->snapshot, state->granted, &err))
        die("bind");
    cdn_version_release(made);
    return bound;
}

static void load_rollout(void)
{
    struct cdn_plan *plan = cdn_plan_new("rolled");

    plan->live = entry("rolled", 1, 1);
    plan->choices[plan->choice_count++] =
        (struct cdn_choice){.entry = entry("rolled", 2, 2),
                            .variant = CORDON_VARIANT_CANARY,
                            .below = 5000};
    plan->shadows[plan->shadow_count++] =
        (struct cdn_shadow){.entry = entry("rolled", 3, 3), .sample = CDN_PLAN_WHOLE};
    if (cdn_engine_install(engine, plan, &err))
        die("install");
    cdn_plan_release(plan);
}

static void on_span(void *ud, const cordon_span *span)
{
    (void)ud;
    spans += span->struct_size == sizeof *span;
}

static void serve(void)
{
    static const char policy_text[] =
        "return { principals = { ann = { rules = { '*' }, reads = '*', output = '*', "
        "quota = { rate = 1e9, burst = 1e9, concurrency = 4, cost_per_s = 1e12 } } }, "
        "quotas = { rules = { rolled = { rate = 1e9, burst = 1e9 } } } }";
    static const char set_text[] = "return { name = 'payment', decisions = { 'allow', "
                                   "'review' }, rules = { 'one', "
                                   "'two', 'rolled' } }";
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_audit_options log = CORDON_AUDIT_OPTIONS_INIT;
    cordon_observer observer = CORDON_OBSERVER_INIT;
    cordon_snapshot *bank = cdn_fixture_bank_open();
    cordon_policy *policy = NULL;

    options.slots = 1;
    observer.span = on_span;
    log.on_full = CORDON_AUDIT_FULL_DROP;
    if (!mkdtemp(folder) || cordon_engine_new(&engine, &options, &err) ||
        cordon_engine_set_snapshot(engine, bank, &err) ||
        cordon_policy_load_text(&policy, policy_text, sizeof policy_text - 1, "p.lua",
                                NULL, 0, &err) ||
        cordon_engine_set_policy(engine, policy, &err) ||
        cordon_outcome_new(&outcome, &err) || cordon_set_outcome_new(&all, &err) ||
        cordon_audit_open(&audit, folder, &log, &err) ||
        cordon_engine_observe(engine, &observer, &err))
        die("setting up");
    cordon_policy_release(policy);
    cordon_snapshot_release(bank);
    cordon_engine_use_audit(engine, audit);
    load("one", 1);
    load("two", 2);
    load_rollout();
    if (cordon_engine_load_set(engine, set_text, sizeof set_text - 1, "s.lua", NULL,
                               &err) ||
        cordon_engine_warm(engine, "payment", &err))
        die("loading");
}

static void evaluate(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        static const char *const keys[] = {"100", "200", "300", "400", "500",
                                           "600", "700", "800", "900", "1000"};
        cordon_request request = CORDON_REQUEST_INIT;

        request.label = "Account";
        request.key = keys[i % 10];
        request.principal = i % 2 ? "ann" : NULL;
        if (cordon_evaluate(outcome, engine, i % 3 ? "rolled" : "one", &request,
                            &err) ||
            cordon_outcome_get_kind(outcome) != CORDON_OUTCOME_OK)
            die(cordon_outcome_message(outcome));
        if (cordon_evaluate_set(all, engine, "payment", &request, &err) ||
            cordon_set_outcome_failed(all))
            die("the set");
    }
}

/* ---- no system calls ---- */

#define ALLOW(number)                                                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                               \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static bool forbid_calls(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(__NR_clock_gettime),
        ALLOW(__NR_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* 0: none was made; 1: one was; 77: this machine cannot tell. */
static int without_calls(bool one)
{
    pid_t child = fork();
    int status = 0;

    if (!child) {
        if (!forbid_calls())
            _exit(77);
        evaluate(ROUNDS / 10);
        if (one)
            (void)getppid();
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        die("fork");
    if (WIFSIGNALED(status))
        return 1;
    return WEXITSTATUS(status);
}

int main(void)
{
    unsigned long allocated, locked;
    int without;

    serve();
    evaluate(30); /* the last things that are made on first use */
    (void)cordon_audit_drain(audit, &err);
    allocated = allocations;
    locked = locks;
    spans = 0;
    evaluate(ROUNDS / 10);
    allocated = allocations - allocated;
    locked = locks - locked;
    printf("evaluations: %lu, calls of the allocator: %lu, locks: %lu\n", spans,
           allocated, locked);
    if (allocated || locked || spans < ROUNDS / 10) {
        fprintf(stderr, "FAILED: an evaluation allocates or locks\n");
        return 1;
    }
    without = SANITIZED ? 77 : without_calls(false);
    if (!without && without_calls(true) != 1) {
        fprintf(stderr, "FAILED: the filter lets a call through\n");
        return 1;
    }
    if (without == 1) {
        fprintf(stderr, "FAILED: an evaluation makes a system call\n");
        return 1;
    }
    puts(without ? "system calls: cannot be told here" : "system calls: none");
    cordon_engine_free(engine);
    (void)cordon_audit_close(audit, &err);
    cordon_outcome_free(outcome);
    cordon_set_outcome_free(all);
    return 0;
}
