#include "rule/ruling.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/alloc.h"
#include "isolation/container.h"
#include "misbehaving.h"
#include "support/fixture.h"

/* WORKER, MISBEHAVING and LOOKING are programs, RUNTIMES the folder of false ones. */
static struct cdn_wall_options options = {
    .program = WORKER,
    .image_bytes = UINT64_C(1) << 20,
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

/* Those that make containers here. */
static const char *runtimes[2];
static int runtime_count;

static struct cdn_worker *start(const char *program, const char *runtime)
{
    struct cdn_wall_options with = options;
    struct cdn_worker *worker;
    cordon_error err;

    with.program = program;
    with.runtime = runtime;
    ck_assert_msg(!cdn_container_start(&worker, &with, NULL, &err), "%s: %s", runtime,
                  err.message);
    return worker;
}

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

START_TEST(container__answers_as_the_caller_s_slot_does)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    const uint32_t locks = CDN_LOCK_NAMESPACES | CDN_LOCK_ROOT | CDN_LOCK_CAPABILITIES |
                           CDN_LOCK_SECCOMP | CDN_LOCK_RLIMITS;
    struct cdn_worker *worker = start(WORKER, runtimes[_i]);
    cordon_outcome *outcome;
    struct ruling ruling;
    cordon_error err;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "local s = 0 for i = 1, 1000 do s = s + i end "
                    "return { decision = 'allow', score = s, reasons = {'why not'} }");
    ck_assert_uint_eq(worker->locks & locks, locks);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    for (int i = 0; i < 3; i++) {
        const void *here, *there;
        size_t a, b;

        ck_assert_msg(!run_behind(&ruling, worker, outcome, &request), "%s",
                      ruling.err.message);
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions,
                          cordon_outcome_usage(ruling.outcome)->instructions);
        there = cordon_outcome_result(outcome, &a);
        here = cordon_outcome_result(ruling.outcome, &b);
        ck_assert_uint_eq(a, b);
        ck_assert_mem_eq(there, here, a);
    }
    worker->end(worker);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}
END_TEST

/* The greeting tells which snapshot a worker has open. */
START_TEST(container__sees_its_snapshot_whatever_that_is_called)
{
    static const char name[] = "\"], \"x\": [\"\n\\\xff.cdn";
    struct cdn_wall_options with = options;
    cordon_snapshot *snapshot;
    struct cdn_worker *worker;
    char path[PATH_MAX];
    cordon_error err;

    with.runtime = runtimes[_i];
    cdn_fixture_path(path, sizeof path);
    snprintf(strrchr(path, '/') + 1, 64, "%s", name);
    cdn_fixture_bank(path);
    snapshot = cdn_fixture_open(path);
    ck_assert_msg(!cdn_container_start(&worker, &with, snapshot, &err), "%s",
                  err.message);
    worker->end(worker);
    ck_assert(!chmod(path, 0600));
    if (geteuid()) {
        ck_assert(!cdn_container_start(&worker, &with, snapshot, &err));
        worker->end(worker);
    } else {
        ck_assert_int_eq(cdn_container_start(&worker, &with, snapshot, &err),
                         CORDON_E_DENIED);
        ck_assert_msg(strstr(err.message, "nobody (uid 65534), who may not read /") &&
                          strstr(err.message, "chmod o+r"),
                      "%s", err.message);
    }
    cordon_snapshot_release(snapshot);
    cdn_fixture_remove(path);
}
END_TEST

/* ---- from inside ---- */

START_TEST(container__holds_a_worker_that_has_not_locked_itself_in)
{
    struct cdn_wall_options with = options;
    struct cdn_worker *worker;
    cordon_error err;

    with.program = LOOKING;
    with.runtime = runtimes[_i];
    ck_assert_int_eq(cdn_container_start(&worker, &with, NULL, &err), CORDON_E_DENIED);
    ck_assert_str_eq(err.message, "found: nothing");
}
END_TEST

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
    if (cdn_channel_receive(&kind, &worker->channel, 100, until, NULL))
        return false;
    ck_assert(!cdn_wire_get_number(result, &worker->channel.in, NULL));
    return true;
}

/* The list of calls is the process wall's, whose test goes through all numbers. */
START_TEST(container__no_escape_leads_anywhere)
{
    static const long calls[] = {SYS_openat, SYS_execve,  SYS_prctl,         SYS_mount,
                                 SYS_setns,  SYS_connect, SYS_io_uring_setup};
    uint64_t result;

    for (uint64_t which = ESCAPE_MAP_CODE; which < ESCAPES_END; which++) {
        struct cdn_worker *worker = start(MISBEHAVING, runtimes[0]);

        ck_assert_msg(!try(worker, which, &result), "escape %d: %ld",
                      (int)(which - ESCAPE_MAP_CODE), (long)result);
        worker->end(worker);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(calls); i++) {
        struct cdn_worker *worker = start(MISBEHAVING, runtimes[0]);

        ck_assert_msg(!try(worker, (uint64_t)calls[i], &result), "call %ld", calls[i]);
        worker->end(worker);
    }
}
END_TEST

START_TEST(container__a_lying_worker_spoils_nothing_but_its_run)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome;
    struct ruling ruling;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "return { decision = 'allow' }");
    ck_assert(!cordon_outcome_new(&outcome, &ruling.err));
    for (uint64_t which = LIE_NO_FRAME; which < LIES_END; which++) {
        struct cdn_worker *worker = start(MISBEHAVING, runtimes[0]);

        request.seed = which;
        ruling.budget.wall_ns = which >= LIE_SILENCE ? 30000000 : UINT64_C(20000000000);
        ck_assert_msg(!run_behind(&ruling, worker, outcome, &request), "lie %d: %s",
                      (int)which, ruling.err.message);
        ck_assert_msg(worker->broken, "lie %d is believed", (int)which);
        ck_assert(cordon_outcome_is_fallback(outcome));
        ck_assert_msg(
            cordon_outcome_get_kind(outcome) ==
                (which >= LIE_SILENCE ? CORDON_OUTCOME_LIMIT : CORDON_OUTCOME_ERROR),
            "lie %d: %s", (int)which, cordon_outcome_message(outcome));
        worker->end(worker);
    }
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}
END_TEST

/* ---- what is left ---- */

/* Processes that were started with this test's own number among their arguments. */
static int count_processes(pid_t *one, const char *word)
{
    DIR *folder = opendir("/proc");
    char mark[32];
    struct dirent *entry;
    int count = 0;

    snprintf(mark, sizeof mark, "%llu", (unsigned long long)options.room_bytes);
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder))) {
        char path[300], text[4096];
        size_t got, marked = 0, worded = 0;
        FILE *file;

        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r")
                                                                  : NULL;
        if (!file)
            continue;
        got = fread(text, 1, sizeof text - 1, file);
        fclose(file);
        text[got] = '\0';
        for (size_t at = 0; at < got; at += strlen(text + at) + 1) {
            marked += !strcmp(text + at, mark);
            worded += !word || !strcmp(text + at, word);
        }
        if (marked && worded) {
            *one = (pid_t)strtol(entry->d_name, NULL, 10);
            count++;
        }
    }
    closedir(folder);
    return count;
}

static void wait_a_little(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

enum { CALM = 4 };

/* One that is on its way to becoming another program does not show its arguments. */
static void check_no_process(const char *when)
{
    pid_t one = 0;
    int calm = 0;

    for (int i = 0; i < 4000 && calm < CALM; i++) {
        calm = count_processes(&one, NULL) ? 0 : calm + 1;
        wait_a_little(5);
    }
    ck_assert_msg(calm == CALM, "process %d is left %s", one, when);
}

static int count_bytes(const char *path, int which)
{
    FILE *file = fopen(path, "r");
    int count = 0, byte;

    ck_assert_ptr_nonnull(file);
    while ((byte = fgetc(file)) != EOF)
        count += byte == which;
    fclose(file);
    return count;
}

/* Names in a folder that begin with one of the runtimes'. */
static int count_names(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int count = 0;

    while (folder && (entry = readdir(folder)))
        count += !strncmp(entry->d_name, "crun", 4) ||
                 !strncmp(entry->d_name, "runc", 4) || !strcmp(path, "/proc/self/fd");
    if (folder)
        closedir(folder);
    return count;
}

static pid_t keepers[200];
static int keeper_count, groups_left;

static int find_group(const char *path, const struct stat *is, int kind,
                      struct FTW *where)
{
    const char *name = path + where->base;

    (void)is;
    if (kind != FTW_D || strncmp(name, "cordon-", 7))
        return 0;
    for (int i = 0; i < keeper_count; i++)
        groups_left += strtol(name + 7, NULL, 10) == keepers[i];
    return 0;
}

/* Control groups of the keepers noted. */
static int count_groups(void)
{
    groups_left = 0;
    (void)nftw("/sys/fs/cgroup", find_group, 16, FTW_PHYS);
    return groups_left;
}

static void note_keeper(void)
{
    pid_t keeper = 0;

    char path[64];

    ck_assert_int_eq(count_processes(&keeper, "--container"), 1);
    keepers[keeper_count++] = keeper;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", keeper, keeper);
    for (int i = 0; i < 4000 && count_bytes(path, ' ') != 1; i++)
        wait_a_little(5);
    ck_assert_int_eq(count_bytes(path, ' '), 1); /* and no dead runtime beside it */
}

/* The program's own number, so that its processes can be told from another test's. */
static void mark(void)
{
    options.room_bytes = (UINT64_C(256) << 20) + 4096 * (uint64_t)getpid();
}

START_TEST(container__nothing_is_left_behind)
{
    int descriptors = count_names("/proc/self/fd");
    int mounts = count_bytes("/proc/self/mountinfo", '\n');
    int temporary = count_names("/tmp") + count_names("/run") + count_names("/var/tmp");
    cordon_error err;

    mark();
    for (int i = 0; i < 24; i++) {
        struct cdn_worker *worker = start(i % 4 == 3 ? MISBEHAVING : WORKER,
                                          runtimes[i % 6 == 5 ? runtime_count - 1 : 0]);

        note_keeper();
        worker->end(worker);
    }
    for (int i = 0; i < 3; i++) {
        struct cdn_wall_options with = options;
        struct cdn_worker *worker;

        with.program = "/bin/true";
        ck_assert_int_eq(cdn_container_start(&worker, &with, NULL, &err), CORDON_E_IO);
        with.program = "/nonexistent/cordon-worker";
        ck_assert_int_eq(cdn_container_start(&worker, &with, NULL, &err),
                         CORDON_E_NOTFOUND);
    }
    check_no_process("after its end");
    ck_assert_int_eq(count_names("/proc/self/fd"), descriptors);
    ck_assert_int_eq(count_bytes("/proc/self/mountinfo", '\n'), mounts);
    ck_assert_int_eq(
        count_names("/tmp") + count_names("/run") + count_names("/var/tmp"), temporary);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child, living or dead */
    ck_assert_int_eq(count_groups(), 0);
}
END_TEST

/* A host with two workers, one of them busy for ever; it never returns. */
static void be_host(const char *runtime)
{
    struct cdn_wall_options with = options;
    struct cdn_worker *worker, *other;

    with.runtime = runtime;
    (void)cdn_container_start(&worker, &with, NULL, NULL);
    with.program = MISBEHAVING;
    if (!cdn_container_start(&other, &with, NULL, NULL)) {
        struct cdn_wire_run run = {.seed = LIE_SILENCE};
        struct cdn_buf out = {0};

        cdn_wire_put_run(&out, &run);
        (void)cdn_channel_send(&other->channel, CDN_FRAME_RUN, out.data, out.length,
                               UINT64_MAX, NULL);
    }
    for (;;)
        pause();
}

/* The group of a killed keeper is swept by the next one, once the kernel has let go of those that
 * were in it. */
static void check_swept(void)
{
    for (int i = 0; i < 100; i++) {
        struct cdn_worker *worker = start(WORKER, runtimes[0]);

        worker->end(worker);
        if (!count_groups())
            return;
        wait_a_little(20);
    }
    ck_abort_msg("%d control groups are left", count_groups());
}

START_TEST(container__ends_with_its_host_killed_at_any_moment)
{
    mark();
    for (int i = 0; i < 16; i++) {
        const char *runtime = runtimes[i % 4 == 3 ? runtime_count - 1 : 0];
        pid_t host = fork();

        ck_assert_int_ge(host, 0);
        if (host == 0)
            be_host(runtime);
        wait_a_little(i * 7);
        kill(host, SIGKILL);
        ck_assert_int_eq(waitpid(host, NULL, 0), host);
        check_no_process("after its host's end");
    }
}
END_TEST

START_TEST(container__ends_with_its_keeper_killed_at_any_moment)
{
    mark();
    for (int i = 0; i < 16; i++) {
        const char *runtime = runtimes[i % 4 == 3 ? runtime_count - 1 : 0];
        pid_t host = fork(), keeper = 0;

        ck_assert_int_ge(host, 0);
        if (host == 0)
            be_host(runtime);
        while (!count_processes(&keeper, "--container"))
            wait_a_little(1);
        wait_a_little(i * 4);
        while (count_processes(&keeper, "--container")) {
            if (keeper_count < CDN_UNIT_COUNT(keepers))
                keepers[keeper_count++] = keeper;
            kill(keeper, SIGKILL);
            wait_a_little(1);
            if (keeper_count > 8 * (i + 1))
                break;
        }
        kill(host, SIGKILL);
        ck_assert_int_eq(waitpid(host, NULL, 0), host);
        check_no_process("after its keeper's end");
    }
    check_swept();
}
END_TEST

/* ---- runtimes that are of no use ---- */

START_TEST(container__a_runtime_is_believed_in_nothing)
{
    static const struct {
        const char *name;
        cordon_status status;
        const char *message; /* with the runtime's path where %s is */
    } cases[] = {
        {"none", CORDON_E_NOTFOUND, "%s: No such file or directory"},
        {"crun-fails", CORDON_E_DENIED,
         "step 4, %s made no container: another: \\x1b[31mred"},
        {"runc-fails", CORDON_E_DENIED,
         "step 4, %s made no container: \"no such thing\""},
        {"crun-crashes", CORDON_E_DENIED,
         "step 4, %s made no container: it said nothing"},
        {"crun-floods", CORDON_E_DENIED, "step 4, %s made no container: xxxxxxxx"},
        {"crun-claims", CORDON_E_DENIED,
         "step 4, %s says that it made a container, and did not"},
        {"crun-lies", CORDON_E_DENIED,
         "step 4, %s says that it made a container, and did not"},
        {"crun-bares", CORDON_E_DENIED,
         "step 2: the runtime put the worker among other processes"},
        {"crun-half", CORDON_E_DENIED,
         "step 5: the runtime left the worker another root than its own, read-only "
         "one"},
        {"crun-hangs", CORDON_E_INTERRUPTED, "no answer in time"},
        {"crun-sleeps", CORDON_E_INTERRUPTED, "no answer in time"},
    };
    struct cdn_wall_options with = options;

    mark();
    with.room_bytes = options.room_bytes;
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        char runtime[300], message[600];
        struct cdn_worker *worker;
        cordon_error err;

        snprintf(runtime, sizeof runtime, RUNTIMES "/%s", cases[i].name);
        with.runtime = runtime;
        with.start_ns = cases[i].status == CORDON_E_INTERRUPTED ? UINT64_C(300000000)
                                                                : options.start_ns;
        ck_assert_msg(cdn_container_start(&worker, &with, NULL, &err) ==
                          cases[i].status,
                      "%s: %s", cases[i].name, err.message);
        ck_assert_ptr_null(worker);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(message, sizeof message, cases[i].message, runtime);
#pragma GCC diagnostic pop
        ck_assert_msg(!strncmp(err.message, message, strlen(message)), "%s: %s",
                      cases[i].name, err.message);
        check_no_process(cases[i].name);
    }
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* One that fails is passed over for one that works, and is said to have failed. */
START_TEST(container__a_runtime_that_works_is_chosen)
{
    const char *const some[] = {RUNTIMES "/none", RUNTIMES "/crun-fails", runtimes[0],
                                RUNTIMES "/crun-claims"};
    const char *const bad[] = {RUNTIMES "/crun-fails", RUNTIMES "/runc-fails"};
    char why[CDN_CONTAINER_WHY];
    const char *chosen;
    cordon_error err;
    bool works;

    ck_assert(!cdn_container_choose(&chosen, &works, why, sizeof why, some, 4, &options,
                                    &err));
    ck_assert(works);
    ck_assert_str_eq(chosen, runtimes[0]);
    ck_assert_str_eq(why, "step 4, " RUNTIMES "/crun-fails made no container: another: "
                          "\\x1b[31mred");
    ck_assert(!cdn_container_choose(&chosen, &works, why, sizeof why, some + 2, 2,
                                    &options, &err));
    ck_assert(works);
    ck_assert_str_eq(chosen, runtimes[0]);
    ck_assert_str_eq(why, "");
    /* the only one is not tried, nor is there a better one where none works */
    ck_assert(!cdn_container_choose(&chosen, &works, why, sizeof why, bad, 1, &options,
                                    &err));
    ck_assert(works);
    ck_assert_str_eq(chosen, bad[0]);
    ck_assert(!cdn_container_choose(&chosen, &works, why, sizeof why, bad, 2, &options,
                                    &err));
    ck_assert(!works);
    ck_assert_str_eq(chosen, bad[0]);
    ck_assert_ptr_nonnull(strstr(why, "crun-fails made no container"));
    ck_assert_int_eq(
        cdn_container_choose(&chosen, &works, why, sizeof why, some, 1, &options, &err),
        CORDON_E_NOTFOUND);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(container__the_first_to_choose_chooses_for_all)
{
    char why[CDN_CONTAINER_WHY];
    const char *chosen = NULL;

    ck_assert_ptr_null(cdn_container_chosen(why));
    for (int i = 0; i < 2; i++) {
        struct cdn_worker *worker = start(WORKER, NULL);
        const char *now = cdn_container_chosen(why);

        ck_assert_ptr_nonnull(now);
        ck_assert(!i || now == chosen);
        chosen = now;
        worker->end(worker);
    }
}
END_TEST

START_TEST(version__is_a_name_and_a_number_or_an_error)
{
    static const struct {
        const char *name;
        cordon_status status;
    } cases[] = {{"none", CORDON_E_NOTFOUND},
                 {"crun-claims", CORDON_E_DATA},
                 {"crun-floods", CORDON_E_DATA},
                 {"crun-hangs", CORDON_E_INTERRUPTED}};
    char text[64];
    cordon_error err;

    for (int i = 0; i < runtime_count; i++) {
        const char *name = strrchr(runtimes[i], '/') + 1;

        ck_assert_msg(!cdn_container_version(text, sizeof text, runtimes[i], &err),
                      "%s", err.message);
        ck_assert_msg(!strncmp(text, name, strlen(name)) && text[strlen(name)] == ' ' &&
                          text[strlen(name) + 1] >= '0' &&
                          text[strlen(name) + 1] <= '9',
                      "%s", text);
    }
    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        char runtime[300];

        snprintf(runtime, sizeof runtime, RUNTIMES "/%s", cases[i].name);
        ck_assert_int_eq(cdn_container_version(text, sizeof text, runtime, &err),
                         cases[i].status);
    }
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(container__each_allocation_of_starting_one_may_fail)
{
    struct cdn_worker *worker;
    cordon_error err;

    for (long nth = 0;; nth++) {
        cordon_status status;

        cdn_failalloc_after(nth, false);
        status = cdn_container_start(&worker, &options, NULL, &err);
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
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("container");

    CDN_UNIT_LOOP(s, container__answers_as_the_caller_s_slot_does, 0, runtime_count);
    CDN_UNIT_LOOP(s, container__sees_its_snapshot_whatever_that_is_called, 0,
                  runtime_count);
    CDN_UNIT_LOOP(s, container__holds_a_worker_that_has_not_locked_itself_in, 0,
                  runtime_count);
    CDN_UNIT_CASE(s, container__no_escape_leads_anywhere);
    CDN_UNIT_CASE(s, container__a_lying_worker_spoils_nothing_but_its_run);
    CDN_UNIT_CASE(s, container__nothing_is_left_behind);
    CDN_UNIT_CASE(s, container__ends_with_its_host_killed_at_any_moment);
    CDN_UNIT_CASE(s, container__ends_with_its_keeper_killed_at_any_moment);
    CDN_UNIT_CASE(s, container__a_runtime_is_believed_in_nothing);
    CDN_UNIT_CASE(s, container__a_runtime_that_works_is_chosen);
    CDN_UNIT_CASE(s, container__the_first_to_choose_chooses_for_all);
    CDN_UNIT_CASE(s, version__is_a_name_and_a_number_or_an_error);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, container__each_allocation_of_starting_one_may_fail);
#endif
    return s;
}

/* Skipped where no runtime makes containers: none is installed, or the system lets nobody. */
int main(void)
{
    static const char *const known[] = {"/usr/bin/crun", "/usr/sbin/runc"};
    cordon_error err;

    cdn_error_set(&err, CORDON_E_NOTFOUND, "neither crun nor runc is installed");
    for (int i = 0; i < CDN_UNIT_COUNT(known); i++) {
        struct cdn_wall_options with = options;
        struct cdn_worker *worker;

        with.runtime = known[i];
        if (access(known[i], X_OK) || cdn_container_start(&worker, &with, NULL, &err))
            continue;
        worker->end(worker);
        runtimes[runtime_count++] = known[i];
    }
    if (!runtime_count) {
        printf("SKIPPED: %s\n", err.message);
        return CDN_UNIT_SKIPPED;
    }
    return cdn_unit_run(suite);
}
