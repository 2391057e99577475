#include "rule/ruling.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "groups.h"
#include "isolation/process.h"
#include "isolation/worker/keeper.h"
#include "misbehaving.h"

/* WORKER and MISBEHAVING are programs. */
static const struct cdn_wall_options options = {
    .program = WORKER,
    .image_bytes = UINT64_C(1) << 20,
    .memory_bytes = UINT64_C(4) << 20,
    .room_bytes = UINT64_C(256) << 20,
    .held_bytes = UINT64_C(200) << 20,
    .cpu_s = 60,
    .start_ns = UINT64_C(60000000000),
    .load = {.instructions = 10 * 1000 * 1000,
             .memory_bytes = UINT64_C(1) << 20,
             .edges = 1,
             .output_bytes = 1,
             .wall_ns = UINT64_C(600000000000)},
};

/* Run the rule of `ruling` behind the wall. */
static cordon_status run_behind(struct ruling *ruling, struct cdn_worker *worker,
                                cordon_outcome *outcome, const cordon_request *request)
{
    const struct cdn_rule_call call = {
        .rule = ruling->rule,
        .host = &ruling->host,
        .snapshot = ruling->snapshot,
        .grant = &cdn_grant_everything,
        .request = request,
        .budget = ruling->budget,
        .entered_ns = cdn_clock_ns(),
    };

    return cdn_worker_run(outcome, worker, &call, &ruling->err);
}

START_TEST(process__answers_as_the_caller_s_slot_does)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct ruling ruling;
    cordon_error err;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "local s = 0 for i = 1, 1000 do s = s + i end "
                    "return { decision = 'allow', score = s, reasons = {'why not'}, "
                    "output = { a = { 1, 2, 'x' } } }");
    ck_assert_msg(!cdn_process_start(&worker, &options, NULL, &err), "%s", err.message);
    ck_assert_uint_eq(worker->locks & CDN_LOCK_SECCOMP, CDN_LOCK_SECCOMP);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    for (int i = 0; i < 3; i++) {
        size_t a, b;

        ck_assert_msg(!run_behind(&ruling, worker, outcome, &request), "%s",
                      ruling.err.message);
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions,
                          cordon_outcome_usage(ruling.outcome)->instructions);
        ck_assert_mem_eq(cordon_outcome_result(outcome, &a),
                         cordon_outcome_result(ruling.outcome, &b), 20);
        ck_assert_uint_eq(a, b);
    }
    worker->end(worker);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}
END_TEST

/* ---- a worker that was taken over ---- */

static struct cdn_worker *misbehaving_with(uint64_t room_bytes, uint64_t held_bytes)
{
    struct cdn_wall_options with = options;
    struct cdn_worker *worker;
    cordon_error err;

    with.program = MISBEHAVING;
    with.room_bytes = room_bytes;
    with.held_bytes = held_bytes;
    ck_assert_msg(!cdn_process_start(&worker, &with, NULL, &err), "%s", err.message);
    return worker;
}

static struct cdn_worker *misbehaving(void)
{
    return misbehaving_with(options.room_bytes, options.held_bytes);
}

/* Have it try; true: it lived, and *result is what came back. */
static bool try(struct cdn_worker *worker, uint64_t number, uint64_t *result)
{
    struct cdn_buf out = {0};
    uint64_t until = cdn_clock_ns() + UINT64_C(20000000000);
    cordon_status status;
    uint16_t kind;

    cdn_wire_put_number(&out, number);
    status = cdn_channel_send(&worker->channel, CDN_FRAME_FORGET, out.data, out.length,
                              until, NULL);
    cdn_buf_deinit(&out);
    ck_assert(!status);
    status = cdn_channel_receive(&kind, &worker->channel, 100, until, NULL);
    if (status)
        return false;
    ck_assert(!cdn_wire_get_number(result, &worker->channel.in, NULL));
    return true;
}

/* What must do without arguments, and does no harm with ones of zero. */
static bool allowed(long number)
{
    static const long calls[] = {SYS_brk,      SYS_munmap,         SYS_mremap,
                                 SYS_madvise,  SYS_getrandom,      SYS_clock_gettime,
                                 SYS_mprotect, SYS_restart_syscall};

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i] == number)
            return true;
    return false;
}

START_TEST(process__a_system_call_that_is_not_on_the_list_kills_the_worker)
{
    struct cdn_worker *worker = NULL;
    uint64_t result;

    for (long number = 0; number < 470; number++) {
        bool lived;

        if (!worker)
            worker = misbehaving();
        lived = try(worker, (uint64_t)number, &result);
        /* trampolines of the kernel's own probes, which it lets through every filter, and which
         * come to nothing without a probe */
        if (number == 335 || number == 336)
            ck_assert(!lived || (int64_t)result == -1);
        else
            ck_assert_msg(lived == allowed(number), "system call %ld %s", number,
                          lived ? "can be made" : "kills");
        if (!lived) {
            worker->end(worker);
            worker = NULL;
        }
    }
    if (worker)
        worker->end(worker);
}
END_TEST

START_TEST(process__no_escape_leads_anywhere)
{
    uint64_t result;

    for (uint64_t which = ESCAPE_MAP_CODE; which < ESCAPES_END; which++) {
        struct cdn_worker *worker = misbehaving();

        ck_assert_msg(!try(worker, which, &result), "escape %d: %ld",
                      (int)(which - ESCAPE_MAP_CODE), (long)result);
        worker->end(worker);
    }
}
END_TEST

START_TEST(process__a_lying_worker_spoils_nothing_but_its_run)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    struct ruling ruling;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "return { decision = 'allow' }");
    ck_assert(!cordon_outcome_new(&outcome, &ruling.err));
    for (uint64_t which = LIE_NO_FRAME; which < LIES_END; which++) {
        struct cdn_worker *worker = misbehaving();

        request.seed = which;
        ruling.budget.wall_ns = which >= LIE_SILENCE ? 30000000 : UINT64_C(20000000000);
        ck_assert_msg(!run_behind(&ruling, worker, outcome, &request), "lie %d: %s",
                      (int)which, ruling.err.message);
        ck_assert_msg(worker->broken, "lie %d is believed", (int)which);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
        ck_assert(cordon_outcome_is_fallback(outcome));
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), which >= LIE_SILENCE
                                                               ? CORDON_OUTCOME_LIMIT
                                                               : CORDON_OUTCOME_ERROR);
        worker->end(worker);
    }
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}
END_TEST

START_TEST(process__a_worker_that_lies_of_what_it_noted_has_answered_nothing)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct ruling ruling;
    cordon_trace *trace;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "return { decision = 'allow' }");
    ck_assert(!cordon_trace_new(&trace, NULL, &ruling.err));
    for (uint64_t which = HONEST; which < HONEST_END; which++) {
        struct cdn_worker *worker = misbehaving();
        const struct cdn_rule_call call = {
            .rule = ruling.rule,
            .host = &ruling.host,
            .grant = &cdn_grant_everything,
            .request = &request,
            .trace = trace,
            .budget = ruling.budget,
            .entered_ns = cdn_clock_ns(),
        };

        request.seed = which;
        ck_assert_msg(!run_behind(&ruling, worker, ruling.outcome, &request), "%s",
                      ruling.err.message);
        ck_assert_int_eq(cordon_outcome_get_kind(ruling.outcome), CORDON_OUTCOME_OK);
        ck_assert_msg(!cdn_worker_run(ruling.outcome, worker, &call, &ruling.err), "%s",
                      ruling.err.message);
        ck_assert(worker->broken);
        ck_assert_int_eq(cordon_outcome_get_kind(ruling.outcome), CORDON_OUTCOME_ERROR);
        ck_assert_str_eq(cordon_outcome_decision(ruling.outcome), "deny");
        ck_assert_ptr_null(cordon_trace_step_at(trace, 0));
        worker->end(worker);
    }
    cordon_trace_free(trace);
    ruling_deinit(&ruling);
}
END_TEST

/* ---- beside others ---- */

struct mischief {
    pthread_t thread;
    uint32_t stop; /* atomic */
    uint32_t over; /* atomic: it has told every kind of lie, or could not */
    uint32_t lies, believed;
    struct ruling ruling;
    cordon_outcome *outcome;
};

static void *misbehave(void *ud)
{
    struct mischief *mischief = ud;
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_wall_options with = options;

    with.program = MISBEHAVING;
    mischief->ruling.budget.wall_ns = 5000000;
    while (!__atomic_load_n(&mischief->stop, __ATOMIC_ACQUIRE)) {
        struct cdn_worker *worker;

        if (cdn_process_start(&worker, &with, NULL, &mischief->ruling.err)) {
            mischief->believed++;
            break;
        }
        request.seed = LIE_NO_FRAME + mischief->lies % (LIES_END - LIE_NO_FRAME);
        mischief->believed +=
            run_behind(&mischief->ruling, worker, mischief->outcome, &request) ||
            cordon_outcome_get_kind(mischief->outcome) == CORDON_OUTCOME_OK;
        worker->end(worker);
        if (++mischief->lies == LIES_END - LIE_NO_FRAME)
            __atomic_store_n(&mischief->over, 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&mischief->over, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Each of them within its own limit, which is none that a healthy worker comes near. */
START_TEST(process__others_are_answered_while_one_misbehaves)
{
    enum { RUNS = 2000 };
    static const char fields[] = "decisions = {'allow', 'deny'}, fallback = 'deny',";
    const cordon_request request = CORDON_REQUEST_INIT;
    struct mischief mischief = {.stop = 0};
    struct cdn_worker *worker;
    struct ruling ruling;
    int answered = 0, asked = 0;

    ruling_evaluate(&ruling, fields,
                    "local s = 0 for i = 1, 100 do s = s + i end "
                    "return { decision = 'allow', score = s }");
    ruling_evaluate(&mischief.ruling, fields, "return { decision = 'allow' }");
    ck_assert(!cordon_outcome_new(&mischief.outcome, &ruling.err));
    ck_assert(!cdn_process_start(&worker, &options, NULL, &ruling.err));
    ruling.budget.wall_ns = UINT64_C(20000000000);
    ck_assert(!pthread_create(&mischief.thread, NULL, misbehave, &mischief));
    while (asked < RUNS || !__atomic_load_n(&mischief.over, __ATOMIC_ACQUIRE)) {
        ck_assert_msg(!run_behind(&ruling, worker, ruling.outcome, &request), "%s",
                      ruling.err.message);
        answered += cordon_outcome_get_kind(ruling.outcome) == CORDON_OUTCOME_OK;
        asked++;
    }
    __atomic_store_n(&mischief.stop, 1, __ATOMIC_RELEASE);
    ck_assert(!pthread_join(mischief.thread, NULL));
    ck_assert_int_eq(answered, asked);
    ck_assert(!worker->broken);
    ck_assert_uint_eq(mischief.believed, 0);
    worker->end(worker);
    cordon_outcome_free(mischief.outcome);
    ruling_deinit(&mischief.ruling);
    ruling_deinit(&ruling);
}
END_TEST

/* ---- memory ---- */

START_TEST(process__address_space_has_an_end)
{
    struct cdn_worker *worker = misbehaving_with(UINT64_C(40) << 20, 0);
    uint64_t result;

    ck_assert(try(worker, HOLD_MEMORY, &result));
    ck_assert_int_eq((int64_t)result, -1);
    worker->end(worker);
    worker = misbehaving_with(UINT64_C(100) << 20, 0);
    ck_assert(try(worker, HOLD_MEMORY, &result));
    ck_assert_int_eq((int64_t)result, 0);
    worker->end(worker);
}
END_TEST

START_TEST(process__memory_that_is_held_has_an_end)
{
    const uint64_t room = UINT64_C(256) << 20, held = UINT64_C(32) << 20;
    struct cdn_worker *worker = misbehaving_with(room, held);
    uint64_t result;
    FILE *file;

    if (!(worker->locks & CDN_LOCK_MEMORY)) {
        printf("SKIPPED: no group may be made here that bounds memory\n");
        worker->end(worker);
        return;
    }
    ck_assert_msg(!try(worker, HOLD_MEMORY, &result), "%ld", (long)result);
    worker->end(worker);
    /* pages of a file that nobody had in memory are charged, and given back */
    file = fopen(LARGE_FILE, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert(!ftruncate(fileno(file), (off_t)LARGE_MIB << 20));
    ck_assert(!fclose(file));
    worker = misbehaving_with(room, held);
    ck_assert(!unlink(LARGE_FILE));
    ck_assert_msg(try(worker, READ_FILE, &result), "it was killed");
    ck_assert_int_eq((int64_t)result, 0);
    worker->end(worker);
}
END_TEST

/* ---- what is left ---- */

START_TEST(process__a_killed_keeper_s_group_is_swept_by_the_next)
{
    struct cdn_worker *worker, *next;
    cordon_error err;
    bool bounded;
    pid_t keeper;

    ck_assert_msg(!cdn_process_start(&worker, &options, NULL, &err), "%s", err.message);
    bounded = worker->locks & CDN_LOCK_CGROUP;
    keeper = find_keeper();
    ck_assert_int_gt(keeper, 0);
    ck_assert_int_eq(groups_of(keeper) > 0, bounded);
    ck_assert(!kill(keeper, SIGKILL));
    worker->end(worker);
    /* the worker dies of that, but when is the kernel's affair */
    for (int tried = 0; tried < 2000; tried++) {
        ck_assert_msg(!cdn_process_start(&next, &options, NULL, &err), "%s",
                      err.message);
        next->end(next);
        if (!groups_of(keeper))
            break;
        usleep(10000);
    }
    ck_assert_int_eq(groups_of(keeper), 0);
    /* and who is ended as usual leaves none */
    ck_assert(!cdn_process_start(&next, &options, NULL, &err));
    keeper = find_keeper();
    next->end(next);
    ck_assert_int_eq(groups_of(keeper), 0);
}
END_TEST

/* In a child: clone a worker that opens nothing and serves nobody, and have a keeper that waits
 * for nothing.  The worker says into `told` that it is there, and holds it open. */
static void keep_forever(int told)
{
    const struct cdn_cgroup_limits limits = {.pids = 1, .cpu_percent = 100};
    struct cdn_kept kept;
    cordon_error err;
    bool child;

    if (cdn_keeper_clone(&kept, &child, &limits, &err))
        _exit(child ? 0 : 3);
    if (child)
        (void)!write(told, "w", 1);
    else
        close(told);
    for (;;)
        pause();
}

/* It opens its snapshot, which may take as long as it likes, before it locks itself in. */
START_TEST(process__a_worker_dies_with_its_keeper_before_it_is_locked_in)
{
    for (int i = 0; i < 20; i++) {
        struct pollfd gone = {.events = POLLIN};
        int told[2];
        char byte;
        pid_t keeper;

        ck_assert(!pipe(told));
        keeper = fork();
        ck_assert_int_ge(keeper, 0);
        if (!keeper) {
            close(told[0]);
            keep_forever(told[1]);
        }
        close(told[1]);
        if (i % 2) /* it waits already; else at whatever moment this is */
            ck_assert_int_eq(read(told[0], &byte, 1), 1);
        ck_assert(!kill(keeper, SIGKILL));
        ck_assert_int_eq(waitpid(keeper, NULL, 0), keeper);
        gone.fd = told[0];
        do { /* the pipe's end is the end of all who had it */
            ck_assert_int_eq(poll(&gone, 1, 60000), 1);
        } while (read(told[0], &byte, 1) > 0);
        close(told[0]);
    }
}
END_TEST

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

START_TEST(process__nothing_is_left_behind)
{
    struct cdn_wall_options with = options;
    struct cdn_worker *worker;
    int before = descriptors();
    cordon_error err;

    for (int i = 0; i < 20; i++) {
        ck_assert_msg(!cdn_process_start(&worker, &options, NULL, &err), "%s",
                      err.message);
        worker->end(worker);
    }
    /* in two parts, each of which waits for nothing */
    ck_assert_msg(!cdn_process_spawn(&worker, &options, NULL, &err), "%s", err.message);
    for (bool done = false; !done;) {
        ck_assert_msg(!cdn_worker_greeted(worker, &done, &err), "%s", err.message);
        (void)poll(NULL, 0, done ? 0 : 1);
    }
    ck_assert_uint_ne(worker->locks, 0);
    ck_assert(!cdn_worker_gone(worker));
    cdn_worker_hang_up(worker);
    while (!cdn_worker_gone(worker))
        (void)poll(NULL, 0, 1);
    worker->end(worker);
    with.program = "/nonexistent/cordon-worker";
    ck_assert_int_eq(cdn_process_start(&worker, &with, NULL, &err), CORDON_E_NOTFOUND);
    with.program = "/bin/true";
    ck_assert_int_eq(cdn_process_start(&worker, &with, NULL, &err), CORDON_E_IO);
    ck_assert_int_eq(descriptors(), before);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, living or dead */
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(process__each_allocation_of_starting_one_may_fail)
{
    struct cdn_worker *worker;
    cordon_error err;

    for (long nth = 0;; nth++) {
        cordon_status status;

        cdn_failalloc_after(nth, false);
        status = cdn_process_start(&worker, &options, NULL, &err);
        cdn_failalloc_after(-1, false);
        if (!status) {
            worker->end(worker);
            ck_assert_int_ge(nth, 1);
            return;
        }
        ck_assert_int_eq(status, CORDON_E_NOMEM);
        ck_assert_ptr_null(worker);
    }
}
END_TEST

START_TEST(process__each_allocation_of_a_traced_run_may_fail)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling ruling;
    cordon_trace *trace;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "local a = 1 return { decision = 'allow', score = a }");
    ck_assert(!cordon_trace_new(&trace, NULL, &ruling.err));
    for (long nth = 0;; nth++) {
        const struct cdn_rule_call call = {.rule = ruling.rule,
                                           .host = &ruling.host,
                                           .grant = &cdn_grant_everything,
                                           .request = &request,
                                           .trace = trace,
                                           .budget = ruling.budget,
                                           .entered_ns = cdn_clock_ns()};
        struct cdn_worker *worker;
        cordon_status status;
        bool fired;

        ck_assert(!cdn_process_start(&worker, &options, NULL, &ruling.err));
        cdn_failalloc_after(nth, false);
        status = cdn_worker_run(ruling.outcome, worker, &call, &ruling.err);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        worker->end(worker);
        ck_assert_int_eq(status, fired ? CORDON_E_NOMEM : CORDON_OK);
        if (fired)
            continue;
        ck_assert_int_ge(nth, 1);
        ck_assert_uint_eq(cordon_trace_get_summary(trace)->runs, 1);
        ck_assert(cordon_trace_step_at(trace, 0));
        cordon_trace_free(trace);
        ruling_deinit(&ruling);
        return;
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("process");

    CDN_UNIT_CASE(s, process__answers_as_the_caller_s_slot_does);
    CDN_UNIT_CASE(s, process__a_system_call_that_is_not_on_the_list_kills_the_worker);
    CDN_UNIT_CASE(s, process__no_escape_leads_anywhere);
    CDN_UNIT_CASE(s, process__a_lying_worker_spoils_nothing_but_its_run);
    CDN_UNIT_CASE(s, process__a_worker_that_lies_of_what_it_noted_has_answered_nothing);
    CDN_UNIT_CASE(s, process__others_are_answered_while_one_misbehaves);
    CDN_UNIT_CASE(s, process__address_space_has_an_end);
    CDN_UNIT_CASE(s, process__memory_that_is_held_has_an_end);
    CDN_UNIT_CASE(s, process__a_killed_keeper_s_group_is_swept_by_the_next);
    CDN_UNIT_CASE(s, process__a_worker_dies_with_its_keeper_before_it_is_locked_in);
    CDN_UNIT_CASE(s, process__nothing_is_left_behind);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, process__each_allocation_of_starting_one_may_fail);
    CDN_UNIT_CASE(s, process__each_allocation_of_a_traced_run_may_fail);
#endif
    return s;
}

/* May this process have namespaces as the wall needs them?  Asked of the kernel and not of the
 * wall, so that a wall that is broken fails here and is not skipped. */
static bool may_have_namespaces(void)
{
    const int spaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
                       CLONE_NEWUTS | CLONE_NEWCGROUP;
    pid_t child = fork();
    int status = 0;

    if (!child)
        _exit(unshare(CLONE_NEWUSER | spaces) && (geteuid() || unshare(spaces)));
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           !WEXITSTATUS(status);
}

int main(void)
{
    if (!may_have_namespaces()) {
        printf("SKIPPED: no process wall, as no namespaces may be made here\n");
        return CDN_UNIT_SKIPPED;
    }
    return cdn_unit_run(suite);
}
