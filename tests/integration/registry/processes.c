/* Two processes on one registry: an operator's commands and a running engine.
 *
 * The engine's side polls and reads while the other changes and grows the file; several
 * operators change at once; readers and writers are killed and hold up nobody. */
#include "state.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/registry_store.h"

static char folder[128];
static char path[160];

static cordon_registry *open_registry(void)
{
    cordon_registry *registry;

    OK(cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, err));
    return registry;
}

static void push(cordon_registry *registry, const char *name, int what, size_t bytes)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    static char text[100000];
    size_t length;

    rule_text(text, sizeof(text), name, what);
    length = strlen(text);
    if (length < bytes) {
        memset(text + length, ' ', bytes - length);
        length = bytes;
    }
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, length, "a.lua",
                            NULL, 0, &by_ann, err));
}

static void wait_well(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

static off_t file_bytes(void)
{
    struct stat about;

    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_size;
}

/* ---- an operator and an engine ---- */

#define PUSHES 40

START_TEST(engine__sees_every_change_of_another_process_whole)
{
    cordon_registry *registry = open_registry();
    uint64_t last = 0;
    pid_t child = fork();

    if (child == 0) { /* the operator */
        cordon_registry *own = open_registry();

        for (int i = 1; i <= PUSHES; i++) {
            push(own, "velocity", i,
                 90000); /* so that the map has to grow here and there */
            OK(cordon_registry_activate(own, "velocity", (uint32_t)i, NULL, NULL,
                                        &by_ann, err));
        }
        cordon_registry_close(own);
        _exit(0);
    }
    while (last < 2 * PUSHES) {
        uint64_t sequence = cdn_registry_sequence(registry);
        struct cdn_standings standings;

        ck_assert_uint_ne(sequence, UINT64_MAX);
        ck_assert_uint_ge(sequence, last);
        if (sequence == last) {
            sched_yield();
            continue;
        }
        OK(cdn_registry_standings(&standings, registry, err));
        ck_assert_uint_ge(standings.sequence, sequence);
        ck_assert_uint_eq(standings.count, 1);
        /* a push and an activation in turn: odd and even changes */
        ck_assert_uint_eq(standings.items[0].newest, (standings.sequence + 1) / 2);
        ck_assert_uint_eq(standings.items[0].active, standings.sequence / 2);
        ck_assert_uint_eq(standings.items[0].revision, standings.sequence);
        if (standings.items[0].active) {
            struct cdn_buf text = {0};

            OK(cdn_registry_text(&text, registry, "velocity", standings.items[0].active,
                                 err));
            ck_assert_uint_eq(text.length, 90000);
            cdn_buf_deinit(&text);
        }
        last = standings.sequence;
        cdn_standings_deinit(&standings);
    }
    wait_well(child);
    cordon_registry_close(registry);
}
END_TEST

/* ---- several operators ---- */

#define OPERATORS 3
#define TURNS     30

/* Each turn decides on what it sees, and tries again where another was faster. */
static void operate(int number)
{
    cordon_registry *registry = open_registry();
    long conflicts = 0;

    for (int i = 0; i < TURNS;) {
        cordon_standing standing = {.struct_size = sizeof(standing)};
        cordon_change change = by_ann;
        cordon_status status;

        OK(cordon_registry_standing(&standing, registry, "velocity", err));
        change.expect_revision = standing.revision;
        status = standing.state == CORDON_STANDING_PAUSED
                     ? cordon_registry_resume(registry, "velocity", &change, NULL)
                     : cordon_registry_pause(registry, "velocity", &change, NULL);
        ck_assert(status == CORDON_OK || status == CORDON_E_CONFLICT);
        i += status == CORDON_OK;
        conflicts += status != CORDON_OK;
        ck_assert_int_lt(conflicts, 100000);
    }
    (void)number;
    cordon_registry_close(registry);
}

START_TEST(operators__lose_no_change_of_each_other)
{
    struct cdn_buf state = {0};
    cordon_registry *registry = open_registry();
    pid_t children[OPERATORS];

    push(registry, "velocity", 1, 0);
    OK(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &by_ann, err));
    for (int i = 0; i < OPERATORS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            operate(i);
            _exit(0);
        }
    }
    for (int i = 0; i < OPERATORS; i++)
        wait_well(children[i]);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 2 + OPERATORS * TURNS);
    state_of(&state, registry);
    /* strictly in turn, which is what the revisions were expected for */
    for (uint64_t i = 3; i <= 2 + OPERATORS * TURNS; i++) {
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "change %" PRIu64 " %d ", i,
                 i % 2 ? CORDON_ACTION_PAUSE : CORDON_ACTION_RESUME);
        ck_assert_msg(strstr((char *)state.data, wanted) != NULL, "no %s", wanted);
    }
    cdn_buf_deinit(&state);
    cordon_registry_close(registry);
}
END_TEST

/* ---- processes that die ---- */

static cordon_status die(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    (void)txn;
    (void)ud;
    (void)err;
    kill(getpid(), SIGKILL);
    return CORDON_OK;
}

/* A child that dies inside a transaction of the kind. */
static void die_inside(bool writing)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        cordon_registry *own = open_registry();

        if (writing)
            (void)cdn_durable_write(own->file, false, die, NULL, NULL);
        else
            (void)cdn_durable_read(own->file, die, NULL, NULL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Changes that free as many pages as they take. */
static void change_on(cordon_registry *registry, int times)
{
    for (int i = 0; i < times; i++) {
        OK(cordon_registry_pause(registry, "velocity", &by_ann, err));
        OK(cordon_registry_resume(registry, "velocity", &by_ann, err));
    }
}

START_TEST(reader__that_was_killed_keeps_no_pages)
{
    cordon_registry *registry = open_registry();
    off_t before, grown;

    push(registry, "velocity", 1, 0);
    OK(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &by_ann, err));
    change_on(registry, 20);
    before = file_bytes();
    change_on(registry, 40);
    grown = file_bytes() - before; /* history itself */
    for (int i = 0; i < 3; i++)
        die_inside(false);
    before = file_bytes();
    change_on(registry, 40);
    /* with the readers still in the table every change would take some pages more */
    ck_assert_int_le(file_bytes() - before, grown + 16 * 4096);
    cordon_registry_close(registry);
}
END_TEST

START_TEST(writer__that_was_killed_holds_up_nobody)
{
    cordon_registry *registry = open_registry();

    push(registry, "velocity", 1, 0);
    for (int i = 0; i < 3; i++) {
        die_inside(true);
        push(registry, "velocity", 2 + i, 0);
    }
    ck_assert_uint_eq(cdn_registry_sequence(registry), 4);
    cordon_registry_close(registry);
    die_inside(true);
    registry = open_registry();
    ck_assert_uint_eq(cdn_registry_sequence(registry), 4);
    cordon_registry_close(registry);
}
END_TEST

static void setup(void)
{
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(path, sizeof(path), "%s/rules.mdb", folder);
}

static void teardown(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static Suite *suite(void)
{
    Suite *s = suite_create("processes");
    TCase *c = tcase_create("processes");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, engine__sees_every_change_of_another_process_whole);
    tcase_add_test(c, operators__lose_no_change_of_each_other);
    tcase_add_test(c, reader__that_was_killed_keeps_no_pages);
    tcase_add_test(c, writer__that_was_killed_holds_up_nobody);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
