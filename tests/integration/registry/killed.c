/* A change that is killed did not happen, or happened whole.
 *
 * A child makes one change of each kind there is, and dies: before each call that writes,
 * syncs or names a file, and in the middle of each write, in turn.  After each death the
 * registry is exactly as before the change or exactly as after it, with the record that
 * belongs to it, and the change can be made (again).  Each of it twice: with nobody else
 * there, and with the registry open in this process, as a running engine has it. */
#include "state.h"

#include <dirent.h>

#include "support/dying.h"

/* ---- the changes ---- */

static char folder[128];
static char path[160];

static cordon_status push(cordon_registry *registry, cordon_object_kind kind,
                          const char *text, const char *cases)
{
    cordon_version_info info = {.struct_size = sizeof(info)};

    return cordon_registry_push(&info, registry, kind, text, strlen(text), "a.lua",
                                cases, cases ? strlen(cases) : 0, &by_ann, NULL);
}

static cordon_status push_new(cordon_registry *registry)
{
    char text[256];

    return push(registry, CORDON_OBJECT_RULE, rule_text(text, sizeof(text), "cycle", 7),
                "{}");
}

static cordon_status push_next(cordon_registry *registry)
{
    static char text[20000]; /* so long that it takes pages of its own */
    size_t length;

    rule_text(text, sizeof(text), "running", 77);
    length = strlen(text);
    memset(text + length, ' ', sizeof(text) - length - 1);
    return push(registry, CORDON_OBJECT_RULE, text, NULL);
}

static cordon_status push_set(cordon_registry *registry)
{
    return push(
        registry, CORDON_OBJECT_SET,
        "return { name = 'payments', decisions = { 'a', 'b' }, rules = { 'running' } }",
        NULL);
}

static cordon_status activate(cordon_registry *registry)
{
    return cordon_registry_activate(registry, "running", 3, NULL, NULL, &by_ann, NULL);
}

static cordon_status roll_back(cordon_registry *registry)
{
    return cordon_registry_rollback(registry, "running", &by_ann, NULL);
}

static cordon_status pause_(cordon_registry *registry)
{
    return cordon_registry_pause(registry, "running", &by_ann, NULL);
}

static cordon_status resume(cordon_registry *registry)
{
    return cordon_registry_resume(registry, "paused", &by_ann, NULL);
}

static cordon_status kill_(cordon_registry *registry)
{
    return cordon_registry_kill(registry, "rolling", &by_ann, NULL);
}

static cordon_status roll_out(cordon_registry *registry)
{
    const cordon_rollout rollout = {
        .struct_size = sizeof(rollout),
        .variant_count = 2,
        .variants = {{1, CORDON_VARIANT_ARM, 1000}, {3, CORDON_VARIANT_ARM, 2000}},
        .guarded = true,
        .guard = {.min_samples = 100, .max_error_rate = 0.01}};

    return cordon_registry_rollout(registry, "running", &rollout, NULL, NULL, &by_ann,
                                   NULL);
}

static cordon_status promote(cordon_registry *registry)
{
    return cordon_registry_promote(registry, "rolling", 0, NULL, NULL, &by_ann, NULL);
}

static cordon_status abort_by_hand(cordon_registry *registry)
{
    return cordon_registry_abort(registry, "rolling", &by_ann, NULL);
}

static cordon_status abort_by_guard(cordon_registry *registry)
{
    return cdn_registry_abort(registry, "rolling", 2, 0, "errors 0.5 of 100", NULL);
}

static cordon_status shadow(cordon_registry *registry)
{
    const cordon_rollout_shadow shadows[] = {{3, 10000}};

    return cordon_registry_shadows(registry, "running", shadows, 1, &by_ann, NULL);
}

static cordon_status end_shadow(cordon_registry *registry)
{
    return cordon_registry_shadows(registry, "rolling", NULL, 0, &by_ann, NULL);
}

static cordon_status quarantine(cordon_registry *registry)
{
    return cordon_registry_quarantine(registry, "running", 2, CORDON_WALL_MICROVM,
                                      &by_ann, NULL);
}

static cordon_status trust(cordon_registry *registry)
{
    return cordon_registry_trust(registry, "paused", 0, CORDON_WALL_PROCESS, &by_ann,
                                 NULL);
}

static cordon_status trip(cordon_registry *registry)
{
    return cdn_registry_trip(registry, "rolling", 2, CORDON_WALL_PROCESS,
                             "1 crash within 10 s", NULL, NULL);
}

static cordon_status trip_of_the_last(cordon_registry *registry)
{
    return cdn_registry_trip(registry, "running", 2, CDN_WALL_NONE,
                             "1 crash within 10 s", NULL, NULL);
}

static void put_note(struct cdn_buf *out, const void *ud, uint64_t sequence)
{
    (void)ud;
    cdn_buf_printf(out, "of change %" PRIu64, sequence);
}

static cordon_status trip_to_be_told(cordon_registry *registry)
{
    struct cdn_trip_note note = {put_note, NULL, 0};

    return cdn_registry_trip(registry, "rolling", 2, CORDON_WALL_PROCESS,
                             "1 crash within 10 s", &note, NULL);
}

static cordon_status tell(cordon_registry *registry)
{
    struct cdn_buf note = {0};
    uint64_t change;
    cordon_status status = cdn_registry_untold(&change, &note, registry, 0, NULL);

    cdn_buf_deinit(&note);
    return status ? status : cdn_registry_told(registry, change, NULL);
}

static cordon_status add_runs(cordon_registry *registry)
{
    struct cdn_runs runs[] = {{"running", 2, 40, 0}, {"rolling", 2, 7, 0}};

    return cdn_registry_add_runs(registry, runs, CDN_UNIT_COUNT(runs), NULL);
}

static const struct {
    const char *name;
    cordon_status (*make)(cordon_registry *registry);
} changes[] = {
    {"push of a new object", push_new},
    {"push of a next version", push_next},
    {"push of a set", push_set},
    {"activate", activate},
    {"rollback", roll_back},
    {"pause", pause_},
    {"resume", resume},
    {"kill", kill_},
    {"rollout", roll_out},
    {"promote", promote},
    {"abort", abort_by_hand},
    {"abort by the guard", abort_by_guard},
    {"shadow", shadow},
    {"end of a shadow", end_shadow},
    {"quarantine", quarantine},
    {"trust", trust},
    {"trip", trip},
    {"trip out of service", trip_of_the_last},
    {"trip that a log is to be told of", trip_to_be_told},
    {"word that a log was told", tell},
    {"addition of runs", add_runs},
};

/* Objects in every state that the changes begin from. */
static void prepare(cordon_registry *registry)
{
    static const char *const names[] = {"running", "paused", "rolling"};
    const cordon_rollout_shadow shadows[] = {{3, 500}};
    const cordon_rollout rollout = {.struct_size = sizeof(rollout),
                                    .variant_count = 1,
                                    .variants = {{2, CORDON_VARIANT_CANARY, 500}}};

    for (int i = 0; i < CDN_UNIT_COUNT(names); i++) {
        for (int what = 1; what <= 3; what++) {
            char text[256];

            rule_text(text, sizeof(text), names[i], what);
            ck_assert_int_eq(push(registry, CORDON_OBJECT_RULE, text, NULL), CORDON_OK);
        }
        OK(cordon_registry_activate(registry, names[i], 1, NULL, NULL, &by_ann, err));
    }
    OK(cordon_registry_activate(registry, "running", 2, NULL, NULL, &by_ann, err));
    OK(cordon_registry_pause(registry, "paused", &by_ann, err));
    OK(cordon_registry_quarantine(registry, "paused", 0, CORDON_WALL_CONTAINER, &by_ann,
                                  err));
    OK(cordon_registry_quarantine(registry, "paused", 2, CORDON_WALL_MICROVM, &by_ann,
                                  err));
    OK(cordon_registry_rollout(registry, "rolling", &rollout, NULL, NULL, &by_ann,
                               err));
    OK(cordon_registry_shadows(registry, "rolling", shadows, 1, &by_ann, err));
    OK(cdn_registry_trip(registry, "rolling", 1, CORDON_WALL_PROCESS, "a crash",
                         &(struct cdn_trip_note){put_note, NULL, 0}, err));
    OK(cdn_registry_add_runs(
        registry, &(struct cdn_runs){.name = "running", .version = 2, .more = 2}, 1,
        err));
}

/* ---- dying ---- */

static void read_state(struct cdn_buf *out)
{
    cordon_registry *registry;

    OK(cordon_registry_open(&registry, path, 0, err));
    state_of(out, registry);
    cordon_registry_close(registry);
}

/* `ud`: the change's number; NULL: to make the registry is all. */
static cordon_status change(void *ud)
{
    cordon_registry *registry;
    cordon_status status =
        cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, NULL);

    return status || !ud ? status : changes[*(int *)ud].make(registry);
}

static void *watch(void)
{
    cordon_registry *registry;

    OK(cordon_registry_open(&registry, path, 0, err));
    return registry;
}

static void unwatch(void *registry)
{
    cordon_registry_close(registry);
}

/* ---- tests ---- */

START_TEST(change__killed_anywhere_is_whole_or_not_there)
{
    int number = _i;
    struct dying_trial trial = {changes[number].name, path,  change, &number,
                                read_state,           watch, unwatch};
    cordon_registry *registry;

    OK(cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, err));
    prepare(registry);
    cordon_registry_close(registry);
    dying_everywhere(&trial);
}
END_TEST

START_TEST(creation__killed_anywhere_leaves_a_whole_registry_or_none)
{
    for (int when = DYING_BEFORE; when <= DYING_WITHIN; when++) {
        bool died = true;

        for (long at = 0; died; at++) {
            cordon_registry *registry;

            unlink(path);
            died = dying_run(change, NULL, at, (enum dying_moment)when);
            if (!access(path, F_OK)) {
                OK(cordon_registry_open(&registry, path, 0, err));
                cordon_registry_close(registry);
            }
            OK(cordon_registry_open(&registry, path, CORDON_REGISTRY_CREATE, err));
            ck_assert_uint_eq(cdn_registry_sequence(registry), 0);
            cordon_registry_close(registry);
            ck_assert_int_lt(at, 100);
        }
    }
}
END_TEST

static void setup(void)
{
    dying_in_memory(); /* meta pages are written through to the disk */
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
    Suite *s = suite_create("killed");
    TCase *c = tcase_create("killed");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, change__killed_anywhere_is_whole_or_not_there, 0,
                        CDN_UNIT_COUNT(changes));
    tcase_add_test(c, creation__killed_anywhere_leaves_a_whole_registry_or_none);
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
