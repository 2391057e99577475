/* Pushing, activating, and taking out of service. */
#include "registered.h"

#include "base/alloc.h"

/* ---- push ---- */

START_TEST(push__numbers_versions_from_one)
{
    cordon_standing standing;

    ck_assert_uint_eq(push_rule("velocity", 1), 1);
    ck_assert_uint_eq(push_rule("velocity", 2), 2);
    ck_assert_uint_eq(push_rule("cycle", 1), 1);
    standing = standing_of("velocity");
    ck_assert_int_eq(standing.kind, CORDON_OBJECT_RULE);
    ck_assert_int_eq(standing.state, CORDON_STANDING_INACTIVE);
    ck_assert_uint_eq(standing.newest, 2);
    ck_assert_uint_eq(standing.active, 0);
    ck_assert_uint_eq(standing.revision, 2);
}
END_TEST

START_TEST(push__gives_the_newest_again_for_its_own_text)
{
    ck_assert_uint_eq(push_rule("velocity", 1), 1);
    ck_assert_uint_eq(push_rule("velocity", 1), 1);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 1);
    ck_assert_uint_eq(push_rule("velocity", 2), 2);
    ck_assert_uint_eq(push_rule("velocity", 1), 3);
}
END_TEST

START_TEST(push__keeps_cases_as_part_of_the_version)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct cdn_buf cases = {0};
    char text[256];

    rule_text(text, "velocity", 1);
    for (uint32_t version = 1; version <= 2; version++)
        for (int again = 0; again < 2; again++) {
            const char *line = version == 1 ? "{\"node\": \"A:1\"}\n" : "{}\n";

            OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                    strlen(text), "a.lua", line, strlen(line), &by_ann,
                                    &err));
            ck_assert_uint_eq(info.version, version);
            ck_assert_uint_eq(info.cases_bytes, strlen(line));
        }
    OK(cdn_registry_cases(&cases, registry, "velocity", 1, &err));
    ck_assert_str_eq((char *)cases.data, "{\"node\": \"A:1\"}\n");
    cdn_buf_deinit(&cases);
}
END_TEST

START_TEST(push__refuses_what_does_not_load)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    const char *text = "return {\n  name = 'x',\n";

    ck_assert_int_eq(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                          strlen(text), "bad.lua", NULL, 0, &by_ann,
                                          &err),
                     CORDON_E_RULE);
    ck_assert_str_eq(err.file, "bad.lua");
    ck_assert_uint_gt(err.line, 0);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 0);
}
END_TEST

START_TEST(push__takes_sets_in_the_same_name_space)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    const char *set = "return { name = 'payments', rules = { 'velocity' } }";
    const char *nameless = "return { rules = { 'velocity' } }";
    const char *rule = "return { name = 'velocity', rules = {} }";

    push_rule("velocity", 1);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, set, strlen(set),
                            "set.lua", NULL, 0, &by_ann, &err));
    ck_assert_str_eq(info.name, "payments");
    ck_assert_int_eq(standing_of("payments").kind, CORDON_OBJECT_SET);
    activate("payments", 1);
    FAILS(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, nameless,
                               strlen(nameless), "set.lua", NULL, 0, &by_ann, &err),
          CORDON_E_RULE, "name: a word is needed");
    FAILS(cordon_registry_push(&info, registry, CORDON_OBJECT_SET, rule, strlen(rule),
                               "set.lua", NULL, 0, &by_ann, &err),
          CORDON_E_INVALID, "'velocity' is a rule already");
}
END_TEST

START_TEST(push__refuses_what_is_too_long)
{
    static char text[CORDON_RULE_MAX_SOURCE_BYTES + 1];
    static char cases[CORDON_REGISTRY_MAX_CASES_BYTES + 1];
    cordon_version_info info = {.struct_size = sizeof(info)};
    char rule[256];

    memset(text, '-', sizeof(text));
    FAILS(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, sizeof(text),
                               NULL, NULL, 0, &by_ann, &err),
          CORDON_E_RULE, "at most 262144");
    rule_text(rule, "velocity", 1);
    FAILS(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, rule, strlen(rule),
                               NULL, cases, sizeof(cases), &by_ann, &err),
          CORDON_E_DATA, "at most 1048576");
}
END_TEST

/* ---- who and why ---- */

START_TEST(change__needs_an_author_and_one_line_of_reason)
{
    char longest[CORDON_REGISTRY_MAX_REASON_BYTES + 2];
    cordon_change change = CORDON_CHANGE_INIT;

    push_rule("velocity", 1);
    FAILS(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err),
          CORDON_E_INVALID, "no author");
    change.author = "ann\n";
    FAILS(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err),
          CORDON_E_INVALID, "an author must be one line");
    change.author = "ann";
    change.reason = "\xff";
    FAILS(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err),
          CORDON_E_INVALID, "a reason must be one line");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    change.reason = longest;
    FAILS(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err),
          CORDON_E_INVALID, "1001 bytes");
    longest[sizeof(longest) - 2] = '\0';
    OK(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err));
    ck_assert_str_eq(last_change("velocity").reason, longest);
}
END_TEST

START_TEST(change__is_refused_on_another_revision)
{
    cordon_change change = by_ann;

    push_rule("velocity", 1);
    change.expect_revision = standing_of("velocity").revision;
    push_rule("velocity", 2);
    FAILS(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err),
          CORDON_E_CONFLICT, "revision 1 was expected, it is 2");
    change.expect_revision = 2;
    OK(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &change, &err));
}
END_TEST

START_TEST(dry_run__checks_everything_and_changes_nothing)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    char text[256];

    rule_text(text, "velocity", 1);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            NULL, NULL, 0, &rehearsal, &err));
    ck_assert_uint_eq(info.version, 1);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 0);
    push_rule("velocity", 1);
    OK(cordon_registry_activate(registry, "velocity", 1, NULL, NULL, &rehearsal, &err));
    FAILS(
        cordon_registry_activate(registry, "velocity", 7, NULL, NULL, &rehearsal, &err),
        CORDON_E_NOTFOUND, "no version 7; its newest is 1");
    ck_assert_uint_eq(standing_of("velocity").active, 0);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 1);
}
END_TEST

/* ---- activate and rollback ---- */

START_TEST(activate__keeps_what_decided_before)
{
    cordon_standing standing;
    cordon_change_record change;

    for (int i = 1; i <= 3; i++)
        push_rule("velocity", i);
    activate("velocity", 1);
    ck_assert_uint_eq(standing_of("velocity").previous, 0);
    activate("velocity", 0);
    standing = standing_of("velocity");
    ck_assert_int_eq(standing.state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(standing.active, 3);
    ck_assert_uint_eq(standing.previous, 1);
    change = last_change("velocity");
    ck_assert_int_eq(change.action, CORDON_ACTION_ACTIVATE);
    ck_assert_uint_eq(change.from, 1);
    ck_assert_uint_eq(change.to, 3);
    ck_assert_str_eq(change.author, "ann");
    ck_assert_str_eq(change.reason, "because");
    ck_assert_uint_eq(change.sequence, standing.revision);
}
END_TEST

START_TEST(activate__does_nothing_where_it_is_so_already)
{
    push_rule("velocity", 1);
    activate("velocity", 1);
    activate("velocity", 1);
    ck_assert_uint_eq(cdn_registry_sequence(registry), 2);
}
END_TEST

static int asked;

static cordon_status refuse(void *ud, const cordon_candidate *candidate,
                            cordon_error *error)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};

    asked++;
    ck_assert_ptr_eq(ud, &asked);
    ck_assert_str_eq(candidate->name, "velocity");
    ck_assert_uint_eq(candidate->version, 1);
    ck_assert_uint_eq(candidate->source_bytes, strlen(candidate->source));
    ck_assert_ptr_null(candidate->cases);
    /* the registry can be read meanwhile */
    ck_assert_int_eq(cordon_registry_standing(&standing, registry, "velocity", error),
                     CORDON_OK);
    return cdn_error_set(error, CORDON_E_DATA, "case 1 failed");
}

START_TEST(activate__asks_the_check)
{
    push_rule("velocity", 1);
    FAILS(cordon_registry_activate(registry, "velocity", 0, refuse, &asked, &by_ann,
                                   &err),
          CORDON_E_DATA, "case 1 failed");
    ck_assert_int_eq(asked, 1);
    ck_assert_uint_eq(standing_of("velocity").active, 0);
}
END_TEST

START_TEST(rollback__goes_back_one_step)
{
    cordon_standing standing;

    push_rule("velocity", 1);
    push_rule("velocity", 2);
    activate("velocity", 1);
    FAILS(cordon_registry_rollback(registry, "velocity", &by_ann, &err),
          CORDON_E_INVALID, "nothing to roll back to");
    activate("velocity", 2);
    OK(cordon_registry_rollback(registry, "velocity", &by_ann, &err));
    standing = standing_of("velocity");
    ck_assert_uint_eq(standing.active, 1);
    ck_assert_uint_eq(standing.previous, 0);
    ck_assert_uint_eq(last_change("velocity").from, 2);
    ck_assert_uint_eq(last_change("velocity").to, 1);
    FAILS(cordon_registry_rollback(registry, "velocity", &by_ann, &err),
          CORDON_E_INVALID, "nothing to roll back to");
}
END_TEST

START_TEST(rollback__brings_a_killed_object_back_as_it_was_before)
{
    push_rule("velocity", 1);
    push_rule("velocity", 2);
    push_rule("velocity", 3);
    activate("velocity", 1);
    activate("velocity", 2);
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    OK(cordon_registry_rollback(registry, "velocity", &by_ann, &err));
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(standing_of("velocity").active, 1);
    activate("velocity", 2);
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    activate("velocity", 3); /* the killed one does not become the good one */
    ck_assert_uint_eq(standing_of("velocity").previous, 1);
}
END_TEST

/* ---- pause, resume, kill ---- */

START_TEST(states__allow_what_they_should)
{
    push_rule("velocity", 1);
    FAILS(cordon_registry_pause(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "'velocity' is inactive");
    FAILS(cordon_registry_resume(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "activate a version");
    FAILS(cordon_registry_kill(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "inactive");
    activate("velocity", 1);
    OK(cordon_registry_pause(registry, "velocity", &by_ann, &err));
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_PAUSED);
    OK(cordon_registry_resume(registry, "velocity", &by_ann, &err));
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_ACTIVE);
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_KILLED);
    FAILS(cordon_registry_resume(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "is killed");
    FAILS(cordon_registry_pause(registry, "velocity", &by_ann, &err), CORDON_E_INVALID,
          "is killed");
    activate("velocity", 1);
    ck_assert_int_eq(standing_of("velocity").state, CORDON_STANDING_ACTIVE);
}
END_TEST

START_TEST(states__said_again_leave_no_record)
{
    uint64_t sequence;

    push_rule("velocity", 1);
    activate("velocity", 1);
    sequence = cdn_registry_sequence(registry);
    OK(cordon_registry_resume(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(cdn_registry_sequence(registry), sequence);
    OK(cordon_registry_pause(registry, "velocity", &by_ann, &err));
    OK(cordon_registry_pause(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(cdn_registry_sequence(registry), sequence + 1);
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    OK(cordon_registry_kill(registry, "velocity", &by_ann, &err));
    ck_assert_uint_eq(cdn_registry_sequence(registry), sequence + 2);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(push__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_version_info info = {.struct_size = sizeof(info)};
        char text[256];
        cordon_status status;

        rule_text(text, "velocity", 1);
        status = cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text,
                                      strlen(text), "a.lua", "{}", 2, &by_ann, &err);
        if (cdn_failalloc_fired()) {
            cdn_failalloc_after(-1, false);
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_uint_eq(cdn_registry_sequence(registry), 0);
            cdn_failalloc_after(0, false);
            ck_assert_ptr_null(cdn_alloc(1)); /* tell the loop that it goes on */
        } else {
            ck_assert_int_eq(status, CORDON_OK);
        }
    }
}
END_TEST

START_TEST(activate__survives_every_allocation_failure)
{
    push_rule("velocity", 1);
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_status status = cordon_registry_activate(registry, "velocity", 1, NULL,
                                                        NULL, &by_ann, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    ck_assert_uint_eq(cdn_registry_sequence(registry), 2);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("registry_change");

    REGISTERED_CASE(s, push__numbers_versions_from_one);
    REGISTERED_CASE(s, push__gives_the_newest_again_for_its_own_text);
    REGISTERED_CASE(s, push__keeps_cases_as_part_of_the_version);
    REGISTERED_CASE(s, push__refuses_what_does_not_load);
    REGISTERED_CASE(s, push__takes_sets_in_the_same_name_space);
    REGISTERED_CASE(s, push__refuses_what_is_too_long);
    REGISTERED_CASE(s, change__needs_an_author_and_one_line_of_reason);
    REGISTERED_CASE(s, change__is_refused_on_another_revision);
    REGISTERED_CASE(s, dry_run__checks_everything_and_changes_nothing);
    REGISTERED_CASE(s, activate__keeps_what_decided_before);
    REGISTERED_CASE(s, activate__does_nothing_where_it_is_so_already);
    REGISTERED_CASE(s, activate__asks_the_check);
    REGISTERED_CASE(s, rollback__goes_back_one_step);
    REGISTERED_CASE(s, rollback__brings_a_killed_object_back_as_it_was_before);
    REGISTERED_CASE(s, states__allow_what_they_should);
    REGISTERED_CASE(s, states__said_again_leave_no_record);
#ifdef CORDON_FAILALLOC
    REGISTERED_CASE(s, push__survives_every_allocation_failure);
    REGISTERED_CASE(s, activate__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
