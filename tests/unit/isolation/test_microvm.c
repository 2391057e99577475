#include "rule/ruling.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fake_monitor.h"
#include "groups.h"
#include "isolation/microvm.h"
#include "isolation/qemu.h"
#include "machines.h"
#include "misbehaving.h"

/* WORKER, MISBEHAVING and FAKE are programs. */
static const struct cdn_wall_options options = {
    .program = WORKER,
    .image_bytes = FAKE_SERVE,
    .memory_bytes = UINT64_C(4) << 20,
    .room_bytes = UINT64_C(256) << 20,
    .cpu_s = 60,
    .start_ns = UINT64_C(60000000000),
    .load = {.instructions = 10 * 1000 * 1000,
             .memory_bytes = UINT64_C(1) << 20,
             .edges = 1,
             .output_bytes = 1,
             .wall_ns = UINT64_C(600000000000)},
};

/* A system with a kernel that is none, and the monitor that is none. */
struct system {
    struct machines machines;
    struct cdn_microvm_places places;
};

static void system_init(struct system *system, bool firecracker)
{
    machines_init(&system->machines);
    machines_direct_kernel(&system->machines, "6-cloud-amd64");
    system->places =
        (struct cdn_microvm_places){.qemu = firecracker ? NULL : FAKE,
                                    .firecracker = firecracker ? FAKE : NULL,
                                    .boot = system->machines.boot,
                                    .modules = system->machines.modules};
}

static void system_deinit(struct system *system)
{
    machines_deinit(&system->machines);
}

static cordon_status start_with(struct cdn_worker **out,
                                const struct cdn_microvm_places *places,
                                const struct cdn_wall_options *with,
                                const cordon_snapshot *snapshot, uint64_t most_ns,
                                cordon_error *err)
{
    cordon_status status = cdn_microvm_spawn_at(out, places, with, snapshot, err);

    if (!status)
        status = cdn_worker_greet(*out, cdn_clock_ns() + most_ns, err);
    if (status && *out) {
        (*out)->end(*out);
        *out = NULL;
    }
    return status;
}

static cordon_status start(struct cdn_worker **out, const struct system *system,
                           unsigned how, cordon_error *err)
{
    bool silent = how == FAKE_HANG || how == FAKE_NO_CALL;
    struct cdn_wall_options with = options;

    with.image_bytes = how;
    return start_with(out, &system->places, &with, NULL,
                      silent ? UINT64_C(300000000) : UINT64_C(60000000000), err);
}

static void run_one(struct cdn_worker *worker)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    struct ruling ruling;
    cordon_error err;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "local s = 0 for i = 1, 1000 do s = s + i end "
                    "return { decision = 'allow', score = s, "
                    "output = { text = ('why not '):rep(1000) } }");
    ck_assert(!cordon_outcome_new(&outcome, &err));
    for (int i = 0; i < 3; i++) {
        const struct cdn_rule_call call = {
            .rule = ruling.rule,
            .host = &ruling.host,
            .grant = &cdn_grant_everything,
            .request = &request,
            .budget = ruling.budget,
            .entered_ns = cdn_clock_ns(),
        };
        size_t a, b;

        ck_assert_msg(!cdn_worker_run(outcome, worker, &call, &err), "%s", err.message);
        ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                      cordon_outcome_message(outcome));
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions,
                          cordon_outcome_usage(ruling.outcome)->instructions);
        ck_assert_mem_eq(cordon_outcome_result(outcome, &a),
                         cordon_outcome_result(ruling.outcome, &b), 8000);
        ck_assert_uint_eq(a, b);
    }
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}

static void nothing_is_left(int descriptors);

/* The trial says that KVM works, and the first monitor on it ends: its successor is not on it. */
START_TEST(microvm__kvm_that_is_not_what_it_seems_is_left)
{
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, false);
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM);
    ck_assert_int_eq(start(&worker, &system, FAKE_FAIL, &err), CORDON_E_IO);
    ck_assert_int_eq(cdn_qemu_accel(WORKER), CDN_ACCEL_EMULATION);
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

/* The trial says so too, and the first machine says nothing: an emulated one is started beside
 * it, and speaks first. */
START_TEST(microvm__kvm_that_is_slower_than_emulation_is_left)
{
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, false);
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM);
    ck_assert_msg(!start(&worker, &system, FAKE_SLOW_KVM, &err), "%s", err.message);
    ck_assert_int_eq(cdn_qemu_accel(WORKER), CDN_ACCEL_EMULATION);
    run_one(worker);
    worker->end(worker);
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

START_TEST(microvm__kvm_that_speaks_first_is_believed)
{
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, false);
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM);
    /* at once, or when an emulated one has been started beside it */
    ck_assert_msg(!start(&worker, &system, _i ? FAKE_LATE_KVM : FAKE_SERVE, &err), "%s",
                  err.message);
    ck_assert(cdn_qemu_trusts_kvm());
    run_one(worker);
    worker->end(worker);
    ck_assert(cdn_qemu_trusts_kvm());
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

/* The monitor of the only machine there is. */
static pid_t find_monitor(void)
{
    char path[64], text[64] = "";
    int keeper = find_keeper();

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", keeper, keeper);
    (void)read_text(text, sizeof text - 1, path);
    return (pid_t)strtol(text, NULL, 10);
}

/* KVM may be slow only at times: a machine on it that is late has it tried again. */
START_TEST(microvm__kvm_that_is_late_is_tried_again)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct system system;
    struct ruling ruling;
    cordon_error err;
    pid_t monitor;

    system_init(&system, false);
    ck_assert_int_eq(cdn_qemu_accel("/bin/true"), CDN_ACCEL_KVM);
    ck_assert_msg(!start(&worker, &system, FAKE_SERVE, &err), "%s", err.message);
    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "return { decision = 'allow' }");
    ck_assert(!cordon_outcome_new(&outcome, &err));
    monitor = find_monitor();
    ck_assert_int_gt(monitor, 0);
    for (int stopped = 0; stopped < 2; stopped++) {
        struct cdn_rule_call call = {
            .rule = ruling.rule,
            .host = &ruling.host,
            .grant = &cdn_grant_everything,
            .request = &request,
            .budget = ruling.budget,
        };

        ck_assert(cdn_qemu_trusts_kvm());
        if (stopped) {
            call.budget.wall_ns = 10000000;
            ck_assert(!kill(monitor, SIGSTOP));
        }
        call.entered_ns = cdn_clock_ns();
        ck_assert_msg(!cdn_worker_run(outcome, worker, &call, &err), "%s", err.message);
        ck_assert_int_eq(cordon_outcome_get_kind(outcome),
                         stopped ? CORDON_OUTCOME_LIMIT : CORDON_OUTCOME_OK);
    }
    worker->end(worker);
    ck_assert_int_eq(cdn_qemu_accel("/bin/false"), CDN_ACCEL_EMULATION);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
    system_deinit(&system);
}
END_TEST

static void nothing_is_left(int descriptors)
{
    ck_assert_int_eq(machines_descriptors(), descriptors);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, living or dead */
}

/* 0: QEMU, 1: Firecracker. */
START_TEST(microvm__a_monitor_s_machine_answers_as_the_caller_s_slot_does)
{
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, _i);
    ck_assert_msg(!start(&worker, &system, FAKE_SERVE, &err), "%s", err.message);
    run_one(worker);
    worker->end(worker);
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

START_TEST(microvm__a_monitor_that_does_not_work_is_an_error_that_says_so)
{
    static const struct {
        unsigned how;
        cordon_status status;
        const char *says;
    } rows[] = {
        {FAKE_HANG, CORDON_E_INTERRUPTED, "in time"},
        {FAKE_FAIL, CORDON_E_IO,
         "the monitor wrote: this machine\\x1b[1m is not for sale"},
        {FAKE_JUNK, CORDON_E_DATA, "no frame"},
        {FAKE_OTHER_SNAPSHOT, CORDON_E_DATA, "another snapshot"},
        {FAKE_OTHER_VERSION, CORDON_E_DATA, "speaks version"},
    };
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, _i);
    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        ck_assert_msg(start(&worker, &system, rows[i].how, &err) == rows[i].status,
                      "%d: %s", i, err.message);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%d: %s", i,
                      err.message);
        ck_assert_ptr_null(worker);
    }
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

START_TEST(microvm__firecracker_s_answers_are_believed_in_nothing)
{
    static const struct {
        unsigned how;
        cordon_status status;
        const char *says;
    } rows[] = {
        {FAKE_REFUSE, CORDON_E_DATA, "refused /boot-source (400): {\"fault_message\""},
        {FAKE_NO_HTTP, CORDON_E_DATA, "not one of HTTP"},
        {FAKE_NO_CALL, CORDON_E_INTERRUPTED, "in time"},
    };
    int before = machines_descriptors();
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, true);
    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        ck_assert_msg(start(&worker, &system, rows[i].how, &err) == rows[i].status,
                      "%d: %s", i, err.message);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%d: %s", i,
                      err.message);
    }
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

START_TEST(microvm__a_monitor_is_locked_in_before_it_runs)
{
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, false);
    ck_assert_int_eq(start(&worker, &system, FAKE_LOOK, &err), CORDON_E_DENIED);
    ck_assert_msg(strstr(err.message, "no capabilities 5, no new privileges 1, "
                                      "environment 0, ") != NULL ||
                      geteuid() != 0,
                  "%s", err.message);
    ck_assert_ptr_nonnull(strstr(err.message, "no new privileges 1, environment 0"));
    ck_assert_ptr_nonnull(
        strstr(err.message, "descriptors at most 64, kernel writable 0"));
    ck_assert_ptr_null(strstr(err.message, "id 0,"));
    system_deinit(&system);
}
END_TEST

START_TEST(microvm__what_is_missing_is_named)
{
    struct cdn_wall_options with = options;
    struct cdn_microvm_places places;
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;

    system_init(&system, false);
    places = system.places;
    places.qemu = "/nonexistent/qemu";
    ck_assert_int_eq(cdn_microvm_spawn_at(&worker, &places, &options, NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "qemu-system-x86"));
    places = system.places;
    places.boot = "/nonexistent";
    ck_assert_int_eq(cdn_microvm_spawn_at(&worker, &places, &options, NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "linux-image-cloud-amd64"));
    with.program = "/nonexistent/cordon-worker";
    ck_assert_int_eq(cdn_microvm_spawn_at(&worker, &system.places, &with, NULL, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "cordon-worker-static"));
    system_deinit(&system);
}
END_TEST

static void *cancel_soon(void *ud)
{
    cordon_cancel *cancel = ud;

    usleep(20000);
    __atomic_store_n(&cancel->requested, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* A machine cannot be told: what it does is ended with it. */
START_TEST(microvm__a_run_that_is_cancelled_ends_with_its_machine)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_cancel cancel = {0};
    int before = machines_descriptors();
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct system system;
    struct ruling ruling;
    pthread_t thread;
    cordon_error err;

    system_init(&system, false);
    ruling_init(&ruling,
                ruling_source("decisions = {'allow', 'deny'}, fallback = 'deny',",
                              "while true do end"),
                NULL);
    ck_assert_msg(!start(&worker, &system, FAKE_SERVE, &err), "%s", err.message);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    request.cancel = &cancel;
    ruling.budget.wall_ns = UINT64_C(600000000000);
    ruling.budget.instructions = UINT64_MAX / 2;
    ck_assert(!pthread_create(&thread, NULL, cancel_soon, &cancel));
    {
        const struct cdn_rule_call call = {
            .rule = ruling.rule,
            .host = &ruling.host,
            .grant = &cdn_grant_everything,
            .request = &request,
            .budget = ruling.budget,
            .entered_ns = cdn_clock_ns(),
        };

        ck_assert_msg(!cdn_worker_run(outcome, worker, &call, &err), "%s", err.message);
    }
    ck_assert(!pthread_join(thread, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_CANCELLED);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
    ck_assert(worker->broken);
    worker->end(worker);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST

/* ---- its end ---- */

/* Folders of Firecracker's sockets that are there. */
static int sockets(void)
{
    DIR *folder = opendir("/dev/shm");
    struct dirent *entry;
    int count = 0;

    while (folder && (entry = readdir(folder)))
        count += !strncmp(entry->d_name, "cordon-machine-", 15);
    if (folder)
        closedir(folder);
    return count;
}

/* 0: QEMU, 1: Firecracker. */
START_TEST(microvm__a_monitor_is_in_a_group_while_it_lives)
{
    const uint32_t bounds =
        CDN_LOCK_CGROUP | CDN_LOCK_MEMORY | CDN_LOCK_CPU | CDN_LOCK_PIDS;
    struct cdn_worker *worker;
    struct system system;
    cordon_error err;
    pid_t keeper;

    system_init(&system, _i);
    ck_assert_msg(!start(&worker, &system, FAKE_SERVE, &err), "%s", err.message);
    keeper = find_keeper();
    ck_assert_int_gt(keeper, 0);
    ck_assert_int_eq(groups_of(keeper) > 0, (worker->locks & CDN_LOCK_CGROUP) != 0);
    ck_assert((worker->locks & bounds) != CDN_LOCK_CGROUP); /* it bounds something */
    run_one(worker);                                        /* within the bounds */
    worker->end(worker);
    ck_assert_int_eq(groups_of(keeper), 0);
    system_deinit(&system);
}
END_TEST

/* The host is a child here that makes a machine, and is killed. */
START_TEST(microvm__a_host_that_is_killed_leaves_no_monitor)
{
    int pipes[2], before = sockets();
    struct system system;
    pid_t host, keeper;

    system_init(&system, _i);
    ck_assert(!pipe(pipes));
    ck_assert(
        !prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)); /* orphans become this one's */
    host = fork();
    if (host == 0) {
        struct cdn_worker *worker;
        cordon_error err;

        if (start(&worker, &system, FAKE_SERVE, &err))
            _exit(1);
        keeper = find_keeper();
        (void)!write(pipes[1], &keeper, sizeof keeper);
        for (;;)
            (void)pause();
    }
    close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &keeper, sizeof keeper), sizeof keeper);
    ck_assert(!kill(host, SIGKILL));
    while (wait(NULL) >
           0) /* the host, and its keeper, which ends once the monitor has */
        ;
    ck_assert_int_eq(sockets(), before);
    ck_assert_int_eq(groups_of(keeper), 0);
    close(pipes[0]);
    system_deinit(&system);
}
END_TEST

/* ---- a machine that is one ---- */

/* What was asked of it is what this machine has. */
static bool start_real(struct cdn_worker **out, const char *program,
                       const cordon_snapshot *snapshot)
{
    static const struct cdn_microvm_places places = {0};
    struct cdn_wall_options with = options;
    cordon_error err;
    cordon_status status;

    with.program = program;
    status = start_with(out, &places, &with, snapshot, CDN_MICROVM_START_NS, &err);
    if ((status == CORDON_E_NOTFOUND && strstr(err.message, "install")) ||
        status == CORDON_E_DENIED) {
        printf("SKIPPED: %s\n", err.message);
        return false;
    }
    ck_assert_msg(!status, "%s", err.message);
    return true;
}

START_TEST(microvm__a_real_machine_sees_the_graph_and_answers_the_same)
{
    static const char body[] = "local sent = request.node:outgoing('transfer') "
                               "return { decision = 'allow', score = sent:count(), "
                               "output = { sum = sent:sum('amount') } }";
    cordon_request request = CORDON_REQUEST_INIT;
    int before = machines_descriptors();
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct ruling ruling;

    ruling_init(&ruling,
                ruling_source("decisions = {'allow', 'deny'}, fallback = 'deny', "
                              "reads = { Account = {}, transfer = { 'amount' } },",
                              body),
                snapshot);
    request.label = "Account";
    request.key = "100";
    ck_assert_msg(!ruling_run(&ruling, &request), "%s", ruling.err.message);
    if (!start_real(&worker, WORKER, snapshot))
        exit(0);
    ck_assert_uint_eq(worker->locks & CDN_LOCK_SECCOMP, CDN_LOCK_SECCOMP);
    ck_assert(!cordon_outcome_new(&outcome, &ruling.err));
    ruling.budget.wall_ns = UINT64_C(60000000000);
    for (int i = 0; i < 3; i++) {
        const struct cdn_rule_call call = {
            .rule = ruling.rule,
            .host = &ruling.host,
            .snapshot = snapshot,
            .grant = &cdn_grant_everything,
            .request = &request,
            .budget = ruling.budget,
            .entered_ns = cdn_clock_ns(),
        };

        ck_assert_msg(!cdn_worker_run(outcome, worker, &call, &ruling.err), "%s",
                      ruling.err.message);
        ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s",
                      cordon_outcome_message(outcome));
        ck_assert_uint_eq(cordon_outcome_reads_digest(outcome),
                          cordon_outcome_reads_digest(ruling.outcome));
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions,
                          cordon_outcome_usage(ruling.outcome)->instructions);
        ck_assert_uint_gt(cordon_outcome_usage(outcome)->edges, 0);
    }
    worker->end(worker);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
    nothing_is_left(before);
}
END_TEST

/* A call that is not on the list ends the worker, and that the machine. */
START_TEST(microvm__a_worker_that_breaks_out_of_itself_ends_its_machine)
{
    uint64_t until_ns = cdn_clock_ns() + CDN_MICROVM_START_NS;
    int before = machines_descriptors();
    struct cdn_buf out = {0};
    struct cdn_worker *worker;
    uint16_t kind;

    if (!start_real(&worker, MISBEHAVING, NULL))
        exit(0);
    cdn_wire_put_number(&out, ESCAPE_OPEN);
    ck_assert(!cdn_channel_send(&worker->channel, CDN_FRAME_FORGET, out.data,
                                out.length, until_ns, NULL));
    cdn_buf_deinit(&out);
    ck_assert_int_eq(cdn_channel_receive(&kind, &worker->channel, 100, until_ns, NULL),
                     CORDON_E_IO);
    ck_assert(cdn_worker_await_gone(worker, until_ns));
    worker->end(worker);
    nothing_is_left(before);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(microvm__each_allocation_of_starting_one_may_fail)
{
    int before = machines_descriptors();
    struct system system;

    system_init(&system, _i);
    (void)cdn_qemu_accel(WORKER); /* which is tried once */
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_worker *worker;
        cordon_error err;
        cordon_status status = start(&worker, &system, FAKE_SERVE, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        if (worker)
            worker->end(worker);
    }
    system_deinit(&system);
    nothing_is_left(before);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("microvm");

    CDN_UNIT_LOOP(s, microvm__a_monitor_s_machine_answers_as_the_caller_s_slot_does, 0,
                  2);
    CDN_UNIT_LOOP(s, microvm__a_monitor_that_does_not_work_is_an_error_that_says_so, 0,
                  2);
    CDN_UNIT_CASE(s, microvm__firecracker_s_answers_are_believed_in_nothing);
    CDN_UNIT_CASE(s, microvm__a_monitor_is_locked_in_before_it_runs);
    CDN_UNIT_CASE(s, microvm__what_is_missing_is_named);
    CDN_UNIT_CASE(s, microvm__kvm_that_is_not_what_it_seems_is_left);
    CDN_UNIT_CASE(s, microvm__kvm_that_is_slower_than_emulation_is_left);
    CDN_UNIT_LOOP(s, microvm__kvm_that_speaks_first_is_believed, 0, 2);
    CDN_UNIT_CASE(s, microvm__kvm_that_is_late_is_tried_again);
    CDN_UNIT_CASE(s, microvm__a_run_that_is_cancelled_ends_with_its_machine);
    CDN_UNIT_LOOP(s, microvm__a_monitor_is_in_a_group_while_it_lives, 0, 2);
    CDN_UNIT_LOOP(s, microvm__a_host_that_is_killed_leaves_no_monitor, 0, 2);
    CDN_UNIT_CASE(s, microvm__a_real_machine_sees_the_graph_and_answers_the_same);
    CDN_UNIT_CASE(s, microvm__a_worker_that_breaks_out_of_itself_ends_its_machine);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_LOOP(s, microvm__each_allocation_of_starting_one_may_fail, 0, 2);
#endif
    return s;
}

/* Root may be one that cannot become another user. */
static bool refused(void)
{
    return geteuid() == 0 && (prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) != 1 ||
                              prctl(PR_CAPBSET_READ, CAP_SETGID, 0, 0, 0) != 1);
}

int main(void)
{
    if (refused()) {
        printf("SKIPPED: this root cannot become nobody\n");
        return CDN_UNIT_SKIPPED;
    }
    return cdn_unit_run(suite);
}
