/* Rollouts and shadows: what they may be, and how they end. */
#include "registered.h"

static cordon_rollout canary(uint32_t version, uint32_t share)
{
    return (cordon_rollout){.struct_size = sizeof(cordon_rollout),
                            .variant_count = 1,
                            .variants = {{version, CORDON_VARIANT_CANARY, share}}};
}

static cordon_status roll_out(const cordon_rollout *rollout)
{
    return cordon_registry_rollout(registry, "velocity", rollout, NULL, NULL, &by_ann,
                                   &err);
}

/* Three versions, of which the first decides. */
static void prepare(void)
{
    for (int i = 1; i <= 3; i++)
        push_rule("velocity", i);
    activate("velocity", 1);
}

/* ---- rollout ---- */

START_TEST(rollout__is_kept_with_its_guard)
{
    cordon_rollout rollout = canary(3, 250);
    cordon_standing standing;

    prepare();
    rollout.guarded = true;
    rollout.guard = (cordon_guard){100, 0.01, 0.02, 1.5, 0.1};
    OK(roll_out(&rollout));
    standing = standing_of("velocity");
    ck_assert_uint_eq(standing.active, 1);
    ck_assert_uint_eq(standing.variant_count, 1);
    ck_assert_uint_eq(standing.variants[0].version, 3);
    ck_assert_int_eq(standing.variants[0].kind, CORDON_VARIANT_CANARY);
    ck_assert_uint_eq(standing.variants[0].share, 250);
    ck_assert(standing.guarded);
    ck_assert_uint_eq(standing.guard.min_samples, 100);
    ck_assert_double_eq(standing.guard.max_error_rate, 0.01);
    ck_assert_double_eq(standing.guard.max_limit_rate, 0.02);
    ck_assert_double_eq(standing.guard.max_p99_ratio, 1.5);
    ck_assert_double_eq(standing.guard.max_drift, 0.1);
    ck_assert_str_eq(last_change("velocity").details,
                     "canary 3: 2.50 %; guard from 100 samples, errors 0.01, limits "
                     "0.02, p99 ratio 1.5, drift 0.1");
}
END_TEST

START_TEST(rollout__replaces_the_running_one)
{
    cordon_rollout rollout = canary(3, 250);

    prepare();
    OK(roll_out(&rollout));
    rollout = (cordon_rollout){
        .struct_size = sizeof(rollout),
        .variant_count = 2,
        .variants = {{2, CORDON_VARIANT_ARM, 5000}, {3, CORDON_VARIANT_ARM, 5000}}};
    OK(roll_out(&rollout));
    ck_assert_uint_eq(standing_of("velocity").variant_count, 2);
    ck_assert(!standing_of("velocity").guarded);
}
END_TEST

/* A change to a good rollout, and what it is refused with. */
static const struct {
    cordon_rollout rollout;
    cordon_status status;
    const char *message;
} wrong[] = {
    {{.variant_count = 0}, CORDON_E_INVALID, "0 variants"},
    {{.variant_count = 9}, CORDON_E_INVALID, "9 variants"},
    {{.variant_count = 1, .variants = {{3, CORDON_VARIANT_LIVE, 1}}},
     CORDON_E_INVALID,
     "a canary or an arm"},
    {{.variant_count = 1, .variants = {{3, CORDON_VARIANT_ARM, 0}}},
     CORDON_E_INVALID,
     "a share of 0"},
    {{.variant_count = 1, .variants = {{3, CORDON_VARIANT_ARM, 10001}}},
     CORDON_E_INVALID,
     "a share of 10001"},
    {{.variant_count = 2,
      .variants = {{3, CORDON_VARIANT_ARM, 1}, {3, CORDON_VARIANT_ARM, 1}}},
     CORDON_E_INVALID,
     "version 3 is named twice"},
    {{.variant_count = 2,
      .variants = {{3, CORDON_VARIANT_ARM, 9000}, {2, CORDON_VARIANT_ARM, 1001}}},
     CORDON_E_INVALID,
     "10001 basis points together"},
    {{.variant_count = 2,
      .variants = {{3, CORDON_VARIANT_CANARY, 1}, {2, CORDON_VARIANT_ARM, 1}}},
     CORDON_E_INVALID,
     "one canary"},
    {{.variant_count = 1, .variants = {{1, CORDON_VARIANT_CANARY, 1}}},
     CORDON_E_INVALID,
     "version 1 of 'velocity' is the active one"},
    {{.variant_count = 1, .variants = {{4, CORDON_VARIANT_CANARY, 1}}},
     CORDON_E_NOTFOUND,
     "no version 4; its newest is 3"},
    {{.variant_count = 1,
      .variants = {{3, CORDON_VARIANT_CANARY, 1}},
      .guarded = true,
      .guard = {0, 0.1, 0, 0, 0}},
     CORDON_E_INVALID,
     "min_samples"},
    {{.variant_count = 1,
      .variants = {{3, CORDON_VARIANT_CANARY, 1}},
      .guarded = true,
      .guard = {1, 1.1, 0, 0, 0}},
     CORDON_E_INVALID,
     "from 0 to 1"},
    {{.variant_count = 1,
      .variants = {{3, CORDON_VARIANT_CANARY, 1}},
      .guarded = true,
      .guard = {1, 0, 0, -1, 0}},
     CORDON_E_INVALID,
     "p99 ratio"},
    {{.variant_count = 1,
      .variants = {{3, CORDON_VARIANT_CANARY, 1}},
      .guarded = true,
      .guard = {1, 0, 0, 0, 0}},
     CORDON_E_INVALID,
     "looks at nothing"},
};

START_TEST(rollout__is_refused_where_it_makes_no_sense)
{
    cordon_rollout rollout = wrong[_i].rollout;

    rollout.struct_size = sizeof(rollout);
    prepare();
    FAILS(roll_out(&rollout), wrong[_i].status, wrong[_i].message);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 4);
}
END_TEST

START_TEST(rollout__needs_an_active_version)
{
    cordon_rollout rollout = canary(1, 100);

    push_rule("velocity", 1);
    FAILS(roll_out(&rollout), CORDON_E_INVALID, "'velocity' is inactive");
}
END_TEST

static int asked;

static cordon_status count(void *ud, const cordon_candidate *candidate,
                           cordon_error *error)
{
    asked += (int)candidate->version;
    (void)error;
    return *(const cordon_status *)ud;
}

START_TEST(rollout__checks_only_versions_that_join)
{
    cordon_status answer = CORDON_OK;
    cordon_rollout rollout = canary(3, 100);

    prepare();
    OK(cordon_registry_rollout(registry, "velocity", &rollout, count, &answer, &by_ann,
                               &err));
    ck_assert_int_eq(asked, 3);
    rollout.variants[0].share = 200;
    answer = CORDON_E_DATA;
    OK(cordon_registry_rollout(registry, "velocity", &rollout, count, &answer, &by_ann,
                               &err));
    rollout.variants[0].version = 2;
    ck_assert_int_eq(cordon_registry_rollout(registry, "velocity", &rollout, count,
                                             &answer, &by_ann, &err),
                     CORDON_E_DATA);
    ck_assert_int_eq(asked, 5);
}
END_TEST

START_TEST(rollout__ends_with_whatever_decides_anew)
{
    const cordon_rollout rollout = canary(3, 100);

    prepare();
    OK(roll_out(&rollout));
    activate("velocity", 2);
    ck_assert_uint_eq(standing_of("velocity").variant_count, 0);
    OK(roll_out(&rollout));
    OK(cordon_registry_rollback(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(standing_of("velocity").variant_count, 0);
    OK(roll_out(&rollout));
    OK(cordon_registry_pause(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(standing_of("velocity").variant_count, 1); /* only waits */
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(standing_of("velocity").variant_count, 0);
}
END_TEST

/* ---- promote and abort ---- */

START_TEST(promote__makes_the_variant_the_active_one)
{
    const cordon_rollout rollout = canary(3, 100);
    cordon_standing standing;

    prepare();
    FAILS(cordon_registry_promote(registry, "velocity", 0, NULL, NULL, &by_ann, &err),
          CORDON_E_INVALID, "has no rollout");
    OK(roll_out(&rollout));
    FAILS(cordon_registry_promote(registry, "velocity", 2, NULL, NULL, &by_ann, &err),
          CORDON_E_INVALID, "version 2 of 'velocity' takes part in no rollout");
    OK(cordon_registry_promote(registry, "velocity", 0, NULL, NULL, &by_ann, &err));
    standing = standing_of("velocity");
    ck_assert_uint_eq(standing.active, 3);
    ck_assert_uint_eq(standing.previous, 1);
    ck_assert_uint_eq(standing.variant_count, 0);
    ck_assert_int_eq(last_change("velocity").action, CORDON_ACTION_PROMOTE);
}
END_TEST

START_TEST(promote__of_one_arm_of_several_needs_its_version)
{
    const cordon_rollout rollout = {
        .struct_size = sizeof(rollout),
        .variant_count = 2,
        .variants = {{2, CORDON_VARIANT_ARM, 10}, {3, CORDON_VARIANT_ARM, 10}}};

    prepare();
    OK(roll_out(&rollout));
    FAILS(cordon_registry_promote(registry, "velocity", 0, NULL, NULL, &by_ann, &err),
          CORDON_E_INVALID, "2 variants; name the version");
    OK(cordon_registry_promote(registry, "velocity", 2, NULL, NULL, &by_ann, &err));
    ck_assert_uint_eq(standing_of("velocity").active, 2);
}
END_TEST

START_TEST(abort__leaves_the_active_version_alone)
{
    const cordon_rollout rollout = canary(3, 100);

    prepare();
    FAILS(cordon_registry_abort(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "has no rollout");
    OK(roll_out(&rollout));
    OK(cordon_registry_abort(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(standing_of("velocity").active, 1);
    ck_assert_uint_eq(standing_of("velocity").variant_count, 0);
    ck_assert_str_eq(standing_of("velocity").evidence, "");
}
END_TEST

START_TEST(abort__by_the_guard_keeps_the_evidence)
{
    const cordon_rollout rollout = canary(3, 100), again = canary(3, 200);
    cordon_change_record change;
    uint64_t judged;

    prepare();
    OK(roll_out(&rollout));
    FAILS(cdn_registry_abort(registry, "velocity", 2, 0, "x", &err), CORDON_E_CONFLICT,
          "takes part in no rollout");
    FAILS(cdn_registry_abort(registry, "velocity", 3, 0, "two\nlines", &err),
          CORDON_E_INVALID, "one line");
    judged = standing_of("velocity").revision;
    OK(roll_out(&again)); /* changed meanwhile: what was judged is no longer */
    FAILS(cdn_registry_abort(registry, "velocity", 3, judged, "errors 1 of 100", &err),
          CORDON_E_CONFLICT, "was changed meanwhile");
    judged = standing_of("velocity").revision;
    OK(cdn_registry_abort(registry, "velocity", 3, judged, "errors 0.2 of 100", &err));
    ck_assert_uint_eq(standing_of("velocity").variant_count, 0);
    ck_assert_str_eq(standing_of("velocity").evidence, "errors 0.2 of 100");
    change = last_change("velocity");
    ck_assert_int_eq(change.action, CORDON_ACTION_ABORT);
    ck_assert_str_eq(change.author, "guard");
    ck_assert_str_eq(change.details, "errors 0.2 of 100");
    FAILS(cdn_registry_abort(registry, "velocity", 3, 0, "again", &err),
          CORDON_E_CONFLICT, "takes part in no rollout");
    OK(roll_out(&rollout)); /* a new one begins with none */
    ck_assert_str_eq(standing_of("velocity").evidence, "");
}
END_TEST

/* ---- shadows ---- */

static cordon_status set_shadows(const cordon_rollout_shadow *shadows, uint32_t n)
{
    return cordon_registry_shadows(registry, "velocity", shadows, n, &by_ann, &err);
}

START_TEST(shadows__can_be_taken_away_in_any_state)
{
    const cordon_rollout_shadow two[] = {{2, 10000}, {3, 1}}, one = {2, 10000},
                                other = {2, 5};

    prepare();
    OK(set_shadows(two, 2));
    OK(cordon_registry_pause(registry, "velocity", &by_ann, &err));
    FAILS(set_shadows(&other, 1), CORDON_E_INVALID, "is paused; a shadow needs");
    OK(set_shadows(&one, 1));
    ck_assert_uint_eq(standing_of("velocity").shadow_count, 1);
    ck_assert_uint_eq(standing_of("velocity").shadows[0].version, 2);
}
END_TEST

START_TEST(sets__have_no_rollouts_and_no_shadows)
{
    static const char text[] = "return { name = 'all', decisions = { 'allow', 'deny' "
                               "}, rules = { 'a', 'b' } }";
    static const char more[] =
        "return { name = 'all', decisions = { 'allow', 'deny' }, rules = { 'a' } }";
    cordon_version_info info = {.struct_size = sizeof(info)};
    const cordon_rollout rollout = canary(2, 100);
    const cordon_rollout_shadow shadow = {2, 100};

    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, text, strlen(text),
                            "all.lua", NULL, 0, &by_ann, &err));
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, more, strlen(more),
                            "all.lua", NULL, 0, &by_ann, &err));
    activate("all", 1);
    FAILS(cordon_registry_rollout(registry, "all", &rollout, NULL, NULL, &by_ann, &err),
          CORDON_E_INVALID, "'all' is a set; a rollout is of a rule");
    FAILS(cordon_registry_shadows(registry, "all", &shadow, 1, &by_ann, &err),
          CORDON_E_INVALID, "'all' is a set; a shadow is of a rule");
    ck_assert_uint_eq(standing_of("all").variant_count, 0);
}
END_TEST

START_TEST(shadows__are_replaced_and_ended_as_a_whole)
{
    const cordon_rollout_shadow shadows[] = {{2, 10000}, {3, 1}};
    uint64_t sequence;

    prepare();
    OK(set_shadows(shadows, 2));
    ck_assert_uint_eq(standing_of("velocity").shadow_count, 2);
    ck_assert_uint_eq(standing_of("velocity").shadows[1].sample, 1);
    OK(set_shadows(shadows + 1, 1));
    ck_assert_uint_eq(standing_of("velocity").shadows[0].version, 3);
    OK(set_shadows(NULL, 0));
    ck_assert_uint_eq(standing_of("velocity").shadow_count, 0);
    sequence = cdn_registry_sequence(registry);
    OK(set_shadows(NULL, 0));
    ck_assert_uint_eq(cdn_registry_sequence(registry), sequence);
}
END_TEST

START_TEST(shadow__of_what_becomes_active_ends)
{
    const cordon_rollout_shadow shadows[] = {{2, 10000}, {3, 500}};

    prepare();
    OK(set_shadows(shadows, 2));
    activate("velocity", 2);
    ck_assert_uint_eq(standing_of("velocity").shadow_count, 1);
    ck_assert_uint_eq(standing_of("velocity").shadows[0].version, 3);
}
END_TEST

START_TEST(shadows__are_refused_where_they_make_no_sense)
{
    static const struct {
        cordon_rollout_shadow shadows[2];
        uint32_t count;
        cordon_status status;
        const char *message;
    } rows[] = {
        {{{2, 0}}, 1, CORDON_E_INVALID, "a sample of 0"},
        {{{2, 10001}}, 1, CORDON_E_INVALID, "a sample of 10001"},
        {{{2, 1}, {2, 1}}, 2, CORDON_E_INVALID, "named twice"},
        {{{1, 1}}, 1, CORDON_E_INVALID, "is the active one"},
        {{{0, 1}}, 1, CORDON_E_NOTFOUND, "no version 0"},
        {{{4, 1}}, 1, CORDON_E_NOTFOUND, "no version 4"},
        {{{2, 1}}, 5, CORDON_E_INVALID, "5 shadows"},
    };

    prepare();
    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++)
        FAILS(set_shadows(rows[i].shadows, rows[i].count), rows[i].status,
              rows[i].message);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 4);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("registry_rollout");
    TCase *refused = tcase_create("rollout__is_refused_where_it_makes_no_sense");

    REGISTERED_CASE(s, rollout__is_kept_with_its_guard);
    REGISTERED_CASE(s, rollout__replaces_the_running_one);
    tcase_add_checked_fixture(refused, registered_setup, registered_teardown);
    tcase_add_loop_test(refused, rollout__is_refused_where_it_makes_no_sense, 0,
                        CDN_UNIT_COUNT(wrong));
    suite_add_tcase(s, refused);
    REGISTERED_CASE(s, rollout__needs_an_active_version);
    REGISTERED_CASE(s, rollout__checks_only_versions_that_join);
    REGISTERED_CASE(s, rollout__ends_with_whatever_decides_anew);
    REGISTERED_CASE(s, promote__makes_the_variant_the_active_one);
    REGISTERED_CASE(s, promote__of_one_arm_of_several_needs_its_version);
    REGISTERED_CASE(s, abort__leaves_the_active_version_alone);
    REGISTERED_CASE(s, abort__by_the_guard_keeps_the_evidence);
    REGISTERED_CASE(s, shadows__can_be_taken_away_in_any_state);
    REGISTERED_CASE(s, sets__have_no_rollouts_and_no_shadows);
    REGISTERED_CASE(s, shadows__are_replaced_and_ended_as_a_whole);
    REGISTERED_CASE(s, shadow__of_what_becomes_active_ends);
    REGISTERED_CASE(s, shadows__are_refused_where_they_make_no_sense);
    return s;
}

CDN_UNIT_MAIN(suite)
