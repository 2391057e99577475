/* Quarantine, trust and trip: what is said of how far a version is trusted, and who may take it
 * back. */
#include "registered.h"

/* Three versions, of which the second decides. */
static void prepare(void)
{
    for (int i = 1; i <= 3; i++)
        push_rule("velocity", i);
    activate("velocity", 1);
    activate("velocity", 2);
}

static cordon_status quarantine(uint32_t version, cordon_wall wall)
{
    return cordon_registry_quarantine(registry, "velocity", version, wall, &by_ann,
                                      &err);
}

static cordon_status trust(uint32_t version, cordon_wall wall)
{
    return cordon_registry_trust(registry, "velocity", version, wall, &by_ann, &err);
}

static cordon_status trip(uint32_t version, uint32_t wall)
{
    return cdn_registry_trip(registry, "velocity", version, wall, "2 crashes", NULL,
                             &err);
}

static void has_trust(uint32_t at, uint32_t version, cordon_wall wall, bool quarantined)
{
    cordon_standing standing = standing_of("velocity");

    ck_assert_uint_lt(at, standing.trust_count);
    ck_assert_uint_eq(standing.trusts[at].version, version);
    ck_assert_int_eq(standing.trusts[at].wall, wall);
    ck_assert_int_eq(standing.trusts[at].quarantined, quarantined);
}

static uint32_t trusts(void)
{
    return standing_of("velocity").trust_count;
}

/* ---- an operator's ---- */

START_TEST(quarantine__only_adds)
{
    uint64_t revision;

    prepare();
    OK(quarantine(3, CORDON_WALL_CONTAINER));
    OK(quarantine(1, CORDON_WALL_INPROC));
    ck_assert_uint_eq(trusts(), 2);
    has_trust(0, 1, CORDON_WALL_INPROC, true);
    has_trust(1, 3, CORDON_WALL_CONTAINER, true);
    revision = standing_of("velocity").revision;
    OK(quarantine(3, CORDON_WALL_PROCESS)); /* no more than there is: no change */
    ck_assert_uint_eq(standing_of("velocity").revision, revision);
    OK(quarantine(3, CORDON_WALL_MICROVM));
    has_trust(1, 3, CORDON_WALL_MICROVM, true);
    ck_assert_int_eq(last_change("velocity").action, CORDON_ACTION_QUARANTINE);
    ck_assert_str_eq(last_change("velocity").details,
                     "version 3: quarantined, behind no less than microvm");
    ck_assert_uint_eq(last_change("velocity").sequence,
                      standing_of("velocity").trusts[1].sequence);
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_ACTIVE);
}
END_TEST

START_TEST(quarantine__of_every_version_covers_each)
{
    uint64_t revision;

    prepare();
    OK(quarantine(0, CORDON_WALL_CONTAINER));
    revision = standing_of("velocity").revision;
    OK(quarantine(2, CORDON_WALL_PROCESS));
    ck_assert_uint_eq(standing_of("velocity").revision, revision);
    OK(quarantine(2, CORDON_WALL_MICROVM));
    has_trust(0, 0, CORDON_WALL_CONTAINER, true);
    has_trust(1, 2, CORDON_WALL_MICROVM, true);
}
END_TEST

START_TEST(trust__takes_back_what_was_said)
{
    prepare();
    OK(quarantine(2, CORDON_WALL_MICROVM));
    OK(quarantine(3, CORDON_WALL_PROCESS));
    OK(trust(2, CORDON_WALL_PROCESS));
    has_trust(0, 2, CORDON_WALL_PROCESS, false);
    ck_assert_str_eq(last_change("velocity").details,
                     "version 2: trusted, behind no less than process");
    ck_assert_str_eq(last_change("velocity").reason, "because");
    OK(trust(3, CORDON_WALL_INPROC));
    ck_assert_uint_eq(trusts(), 1);
    OK(trust(0, CORDON_WALL_INPROC));
    ck_assert_uint_eq(trusts(), 0);
    ck_assert_str_eq(last_change("velocity").details,
                     "every version: trusted as others are");
}
END_TEST

START_TEST(trust__of_what_is_trusted_changes_nothing)
{
    uint64_t revision;

    prepare();
    revision = standing_of("velocity").revision;
    OK(trust(0, CORDON_WALL_INPROC));
    OK(trust(2, CORDON_WALL_INPROC));
    ck_assert_uint_eq(standing_of("velocity").revision, revision);
    OK(trust(0, CORDON_WALL_PROCESS));
    OK(trust(0, CORDON_WALL_PROCESS));
    ck_assert_uint_eq(standing_of("velocity").revision, revision + 1);
}
END_TEST

START_TEST(trust__of_one_is_refused_while_all_are_quarantined)
{
    prepare();
    OK(quarantine(0, CORDON_WALL_INPROC));
    ck_assert_int_eq(trust(2, CORDON_WALL_INPROC), CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "trust them all"));
    OK(trust(0, CORDON_WALL_INPROC));
    ck_assert_uint_eq(trusts(), 0);
}
END_TEST

START_TEST(trust__wants_a_reason)
{
    const cordon_change silent = {.struct_size = sizeof(silent), .author = "ann"};

    prepare();
    OK(quarantine(0, CORDON_WALL_INPROC));
    ck_assert_int_eq(cordon_registry_trust(registry, "velocity", 0, CORDON_WALL_INPROC,
                                           &silent, &err),
                     CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "reason"));
    OK(cordon_registry_quarantine(registry, "velocity", 0, CORDON_WALL_MICROVM, &silent,
                                  &err));
}
END_TEST

START_TEST(trust__is_of_versions_and_walls_that_exist)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    const char set[] = "return { name = 'all', decisions = { 'allow' }, rules = { "
                       "'velocity' } }";

    prepare();
    ck_assert_int_eq(quarantine(4, CORDON_WALL_PROCESS), CORDON_E_NOTFOUND);
    ck_assert_int_eq(trust(4, CORDON_WALL_PROCESS), CORDON_E_NOTFOUND);
    ck_assert_int_eq(quarantine(1, (cordon_wall)4), CORDON_E_INVALID);
    ck_assert_int_eq(trust(1, (cordon_wall)-1), CORDON_E_INVALID);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, set, strlen(set),
                            "all.lua", NULL, 0, &by_ann, &err));
    ck_assert_int_eq(cordon_registry_quarantine(registry, "all", 0, CORDON_WALL_PROCESS,
                                                &by_ann, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_registry_quarantine(registry, "velocitx", 0,
                                                CORDON_WALL_PROCESS, &by_ann, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_uint_eq(trusts(), 0);
}
END_TEST

START_TEST(trust__outlives_activation_kill_and_rollback)
{
    prepare();
    OK(quarantine(2, CORDON_WALL_MICROVM));
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    activate("velocity", 3);
    activate("velocity", 2);
    has_trust(0, 2, CORDON_WALL_MICROVM, true);
    cordon_registry_close(registry);
    registered_open(0);
    has_trust(0, 2, CORDON_WALL_MICROVM, true);
}
END_TEST

START_TEST(room__that_runs_out_takes_no_wall_away)
{
    prepare();
    for (int i = 4; i <= CORDON_REGISTRY_MAX_TRUSTS + 1; i++)
        push_rule("velocity", i);
    for (uint32_t i = 1; i <= CORDON_REGISTRY_MAX_TRUSTS; i++)
        OK(quarantine(i, i == 7 ? CORDON_WALL_CONTAINER : CORDON_WALL_INPROC));
    ck_assert_uint_eq(trusts(), CORDON_REGISTRY_MAX_TRUSTS);
    OK(quarantine(CORDON_REGISTRY_MAX_TRUSTS + 1, CORDON_WALL_PROCESS));
    ck_assert_uint_eq(trusts(), 1);
    has_trust(0, 0, CORDON_WALL_CONTAINER, true);
}
END_TEST

/* ---- the breaker's ---- */

START_TEST(trip__moves_a_version_that_runs)
{
    cordon_change_record change;

    prepare();
    OK(trip(2, CORDON_WALL_PROCESS));
    has_trust(0, 2, CORDON_WALL_PROCESS, false);
    change = last_change("velocity");
    ck_assert_int_eq(change.action, CORDON_ACTION_TRIP);
    ck_assert_str_eq(change.author, "breaker");
    ck_assert_str_eq(change.details, "2 crashes");
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_ACTIVE);
}
END_TEST

START_TEST(trip__of_two_processes_counts_once)
{
    uint64_t revision;

    prepare();
    OK(trip(2, CORDON_WALL_CONTAINER));
    revision = standing_of("velocity").revision;
    ck_assert_int_eq(trip(2, CORDON_WALL_CONTAINER), CORDON_E_CONFLICT);
    ck_assert_int_eq(trip(2, CORDON_WALL_PROCESS), CORDON_E_CONFLICT);
    ck_assert_int_eq(trip(3, CORDON_WALL_PROCESS), CORDON_E_CONFLICT); /* runs not */
    ck_assert_uint_eq(standing_of("velocity").revision, revision);
    OK(trip(2, CDN_WALL_NONE));
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_PAUSED);
    ck_assert_int_eq(trip(2, CDN_WALL_NONE), CORDON_E_CONFLICT);
    has_trust(0, 2, CORDON_WALL_CONTAINER, false); /* for when it is resumed */
}
END_TEST

START_TEST(trip__of_a_candidate_leaves_what_decides)
{
    const cordon_rollout rollout = {.struct_size = sizeof(rollout),
                                    .variant_count = 1,
                                    .variants = {{3, CORDON_VARIANT_CANARY, 500}}};
    const cordon_rollout_shadow shadows[] = {{1, 100}, {3, 200}};
    cordon_standing standing;

    prepare();
    OK(cordon_registry_rollout(registry, "velocity", &rollout, NULL, NULL, &by_ann,
                               &err));
    OK(cordon_registry_shadows(registry, "velocity", shadows, 2, &by_ann, &err));
    OK(trip(3, CORDON_WALL_PROCESS));
    OK(trip(3, CDN_WALL_NONE));
    standing = standing_of("velocity");
    ck_assert_int_eq(standing.state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(standing.active, 2);
    ck_assert_uint_eq(standing.variant_count, 0);
    ck_assert_str_eq(standing.evidence, "2 crashes");
    ck_assert_uint_eq(standing.shadow_count, 1);
    ck_assert_uint_eq(standing.shadows[0].version, 1);
    OK(trip(1, CDN_WALL_NONE));
    ck_assert_uint_eq(standing_of("velocity").shadow_count, 0);
}
END_TEST

START_TEST(trip__has_evidence_of_one_line)
{
    char large[CORDON_REGISTRY_MAX_EVIDENCE_BYTES + 2];

    prepare();
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    ck_assert_int_eq(cdn_registry_trip(registry, "velocity", 2, 1, large, NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cdn_registry_trip(registry, "velocity", 2, 1, "a\nb", NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_uint_eq(trusts(), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("registry_trust");

    REGISTERED_CASE(s, quarantine__only_adds);
    REGISTERED_CASE(s, quarantine__of_every_version_covers_each);
    REGISTERED_CASE(s, trust__takes_back_what_was_said);
    REGISTERED_CASE(s, trust__of_what_is_trusted_changes_nothing);
    REGISTERED_CASE(s, trust__of_one_is_refused_while_all_are_quarantined);
    REGISTERED_CASE(s, trust__wants_a_reason);
    REGISTERED_CASE(s, trust__is_of_versions_and_walls_that_exist);
    REGISTERED_CASE(s, trust__outlives_activation_kill_and_rollback);
    REGISTERED_CASE(s, room__that_runs_out_takes_no_wall_away);
    REGISTERED_CASE(s, trip__moves_a_version_that_runs);
    REGISTERED_CASE(s, trip__of_two_processes_counts_once);
    REGISTERED_CASE(s, trip__of_a_candidate_leaves_what_decides);
    REGISTERED_CASE(s, trip__has_evidence_of_one_line);
    return s;
}

CDN_UNIT_MAIN(suite)
