/* A rule that crashes its workers is moved behind one wall after another, and out of service past
 * the last, with the evidence in the decision log; each of the walls is one that is really there.
 *
 * The worker is one that exits in the middle of each run (tests/unit/isolation/misbehaving.c).
 * Walls that do not work on the machine are left out, and that is said. */
#include "unit/engine/registered.h"

#include <cordon.h>

#include "engine/trust.h"

/* WORKER and MISBEHAVING are programs. */

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_audit *audit;
static char log_folder[160];

/* Stronger than the process wall, and there; the weakest first. */
static uint32_t walls[2], wall_count;

static void begin(const char *worker, const char *text)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_policy *policy;

    options.slots = 1;
    options.worker = worker;
    options.max_wall_ns = UINT64_C(120000000000);
    OK(cordon_engine_new(&engine, &options, &err));
    OK(cordon_engine_use_registry(engine, registry, &err));
    cordon_engine_use_audit(engine, audit);
    OK(cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err));
    OK(cordon_engine_set_policy(engine, policy, &err));
    cordon_policy_release(policy);
}

static void end(void)
{
    cordon_engine_free(engine);
    engine = NULL;
}

static cordon_outcome_kind ask(void)
{
    const cordon_request request = CORDON_REQUEST_INIT;

    OK(cordon_evaluate(outcome, engine, "r", &request, &err));
    return cordon_outcome_get_kind(outcome);
}

static uint32_t wall_of_rule(void)
{
    const struct cdn_state *state = atomic_load(&engine->state);

    return cdn_entry_wall(cdn_state_find(state, "r")->live);
}

/* Every run ends with the worker, until the version is moved: at once, before any upkeep. */
static void crash_until_moved(void)
{
    uint32_t wall = wall_of_rule();
    int crashes = 0;

    while (wall_of_rule() == wall) {
        cordon_outcome_kind kind = ask();

        ck_assert_str_eq(cordon_outcome_decision(outcome), "deny");
        ck_assert(cordon_outcome_is_fallback(outcome));
        /* a machine may take longer to boot than the run has: then it did not run */
        crashes += kind == CORDON_OUTCOME_ERROR;
        ck_assert_msg(kind == CORDON_OUTCOME_ERROR || kind == CORDON_OUTCOME_LIMIT,
                      "%s", cordon_outcome_message(outcome));
        ck_assert_int_le(crashes, 2);
    }
    ck_assert_int_eq(crashes, 2);
}

static void upkeep(uint32_t tripped)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;

    OK(cordon_engine_upkeep(engine, &did, &err));
    ck_assert_uint_eq(did.tripped, tripped);
}

/* ---- the log ---- */

static const char *text_of(const cordon_value *map, const char *key)
{
    static char text[64];
    cordon_value value;

    if (!cordon_value_get(&value, map, key))
        return "";
    ck_assert_int_eq(value.type, CORDON_STRING);
    ck_assert_int_lt(
        snprintf(text, sizeof text, "%.*s", (int)value.length, value.as.string),
        (int)sizeof text);
    return text;
}

/* The notes of breakers are those of a way from the process wall over all that are there. */
static void log_has_the_way(void)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    cordon_audit_reader *reader;
    uint32_t from = CORDON_WALL_PROCESS, notes = 0;
    bool got;

    OK(cordon_audit_drain(audit, &err));
    OK(cordon_audit_reader_open(&reader, log_folder, &err));
    while (!cordon_audit_reader_next(&entry, &got, reader, &err) && got) {
        bool moves = notes < wall_count;
        cordon_value counts, value;

        if (strcmp(text_of(&entry.value, "note"), "breaker") != 0)
            continue;
        ck_assert_uint_le(notes, wall_count);
        ck_assert_str_eq(text_of(&entry.value, "rule"), "r");
        ck_assert_str_eq(text_of(&entry.value, "tripped_by"), "crashes");
        ck_assert_str_eq(text_of(&entry.value, "action"), moves ? "wall" : "pause");
        ck_assert_str_eq(text_of(&entry.value, "from"), cordon_wall_str(from));
        ck_assert_str_eq(text_of(&entry.value, "to"),
                         moves ? cordon_wall_str(walls[notes]) : "");
        ck_assert(cordon_value_get(&counts, &entry.value, "counts"));
        ck_assert(cordon_value_get(&value, &counts, "crashes"));
        ck_assert_int_eq(value.as.integer, 2);
        ck_assert(cordon_value_get(&value, &entry.value, "decisions"));
        ck_assert_uint_eq(value.length, 2);
        if (moves)
            from = walls[notes];
        notes++;
    }
    cordon_audit_reader_close(reader);
    ck_assert_uint_eq(notes, wall_count + 1);
}

/* ---- the test ---- */

START_TEST(crashes__move_a_version_behind_each_wall_there_is)
{
    char policy[300];
    cordon_standing standing;

    snprintf(policy, sizeof policy,
             "return { principals = {}, walls = { active = 'process' }, breaker = { "
             "crashes = { count = 2, within = '1h' }, behind = { '%s'%s%s%s } } }",
             cordon_wall_str(walls[0]), wall_count > 1 ? ", '" : "",
             wall_count > 1 ? cordon_wall_str(walls[1]) : "",
             wall_count > 1 ? "'" : "");
    begin(MISBEHAVING, policy);
    ck_assert_uint_eq(wall_of_rule(), CORDON_WALL_PROCESS);
    for (uint32_t i = 0; i < wall_count; i++) {
        crash_until_moved();
        ck_assert_uint_eq(wall_of_rule(), walls[i]);
        upkeep(1);
        ck_assert_uint_eq(wall_of_rule(), walls[i]);
        standing = standing_of("r");
        ck_assert_int_eq(standing.state, CORDON_STANDING_ACTIVE);
        ck_assert_uint_eq(standing.trust_count, 1);
        ck_assert_uint_eq(standing.trusts[0].wall, walls[i]);
    }
    end(); /* what the registry knows outlives the process */
    begin(MISBEHAVING, policy);
    ck_assert_uint_eq(wall_of_rule(), walls[wall_count - 1]);
    crash_until_moved();
    ck_assert_int_eq(ask(), CORDON_OUTCOME_DENIED);
    upkeep(1);
    ck_assert_int_eq(standing_of("r").state, CORDON_STANDING_PAUSED);
    end();
    log_has_the_way();

    /* the same rule in a worker that is sound, behind the last of them */
    OK(cordon_registry_resume(registry, "r", &by_ann, &err));
    begin(WORKER, policy);
    ck_assert_uint_eq(wall_of_rule(), walls[wall_count - 1]);
    OK(cordon_engine_warm(engine, "r", &err));
    ck_assert_int_eq(ask(), CORDON_OUTCOME_OK);
    ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
    OK(cordon_registry_trust(registry, "r", 0, CORDON_WALL_INPROC, &by_ann, &err));
    upkeep(0);
    ck_assert_uint_eq(wall_of_rule(), CORDON_WALL_PROCESS);
    end();
}
END_TEST

static void push_patient(void)
{
    static const char text[] =
        "return { name = 'r', decisions = { 'allow', 'deny' }, fallback = 'deny', "
        "limits "
        "= { time = '10s' }, evaluate = function() return { decision = 'allow' } end }";
    cordon_version_info info = {.struct_size = sizeof info};

    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", NULL, 0, &by_ann, &err));
    activate("r", 1);
}

static void setup(void)
{
    registered_setup();
    (void)snprintf(log_folder, sizeof log_folder, "%s.audit", registered_folder);
    OK(cordon_audit_open(&audit, log_folder, NULL, &err));
    OK(cordon_outcome_new(&outcome, &err));
    push_patient();
}

static void teardown(void)
{
    DIR *dir;
    struct dirent *entry;

    cordon_outcome_free(outcome);
    OK(cordon_audit_close(audit, &err));
    dir = opendir(log_folder);
    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(log_folder);
    registered_teardown();
}

static Suite *suite(void)
{
    Suite *s = suite_create("moves");

    CDN_UNIT_CASE_IN(s, crashes__move_a_version_behind_each_wall_there_is, setup,
                     teardown);
    return s;
}

static bool works(cordon_wall wall)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;

    if (!cordon_wall_probe(&report, wall, WORKER, NULL) && report.works)
        return true;
    printf("SKIPPED: moving to '%s': %s\n", cordon_wall_str(wall), report.text);
    return false;
}

int main(void)
{
    if (!works(CORDON_WALL_PROCESS))
        return CDN_UNIT_SKIPPED;
    for (cordon_wall wall = CORDON_WALL_CONTAINER; wall <= CORDON_WALL_MICROVM; wall++)
        if (works(wall))
            walls[wall_count++] = wall;
    return wall_count ? cdn_unit_run(suite) : CDN_UNIT_SKIPPED;
}
