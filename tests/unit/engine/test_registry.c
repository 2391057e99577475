/* Reading a registry: objects, versions, texts, history. */
#include "registered.h"

#include "base/alloc.h"

START_TEST(next__walks_objects_by_name)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};

    FAILS(cordon_registry_next(&standing, registry, NULL, &err), CORDON_E_NOTFOUND,
          "no more objects");
    push_rule("b", 1);
    push_rule("a.b", 1);
    push_rule("a", 1);
    push_rule("a_", 1);
    OK(cordon_registry_next(&standing, registry, NULL, &err));
    ck_assert_str_eq(standing.name, "a");
    OK(cordon_registry_next(&standing, registry, "a", &err));
    ck_assert_str_eq(standing.name, "a.b");
    OK(cordon_registry_next(&standing, registry, "a.b", &err));
    ck_assert_str_eq(standing.name, "a_");
    OK(cordon_registry_next(&standing, registry, "aa", &err)); /* of no object */
    ck_assert_str_eq(standing.name, "b");
    FAILS(cordon_registry_next(&standing, registry, "b", &err), CORDON_E_NOTFOUND,
          "no more objects");
    ck_assert_str_eq(standing.name, "b"); /* as it was */
}
END_TEST

START_TEST(standings__are_all_of_one_moment)
{
    struct cdn_standings standings;

    OK(cdn_registry_standings(&standings, registry, &err));
    ck_assert_uint_eq(standings.count, 0);
    ck_assert_uint_eq(standings.sequence, 0);
    cdn_standings_deinit(&standings);
    for (int i = 0; i < 40; i++) {
        char name[16];

        snprintf(name, sizeof(name), "rule_%02d", i);
        push_rule(name, i);
    }
    activate("rule_07", 1);
    OK(cdn_registry_standings(&standings, registry, &err));
    ck_assert_uint_eq(standings.count, 40);
    ck_assert_uint_eq(standings.sequence, 41);
    ck_assert_str_eq(standings.items[0].name, "rule_00");
    ck_assert_str_eq(standings.items[39].name, "rule_39");
    ck_assert_int_eq(standings.items[7].state, CORDON_STANDING_ACTIVE);
    ck_assert_uint_eq(standings.items[7].active, 1);
    ck_assert_uint_eq(standings.items[7].revision, 41);
    ck_assert_int_eq(standings.items[8].state, CORDON_STANDING_INACTIVE);
    cdn_standings_deinit(&standings);
}
END_TEST

START_TEST(unknown_name__gets_a_suggestion)
{
    cordon_standing standing = {.struct_size = sizeof(standing)};
    struct cdn_buf text = {0};

    push_rule("cycle", 1);
    push_rule("fan_out", 1);
    push_rule("velocity", 1);
    FAILS(cordon_registry_standing(&standing, registry, "fan_uot", &err),
          CORDON_E_NOTFOUND, "no rule or set 'fan_uot'; did you mean 'fan_out'?");
    FAILS(cordon_registry_standing(&standing, registry, "cyle", &err),
          CORDON_E_NOTFOUND, "did you mean 'cycle'?");
    FAILS(cordon_registry_standing(&standing, registry, "", &err), CORDON_E_NOTFOUND,
          "no rule or set ''");
    FAILS(cordon_registry_standing(&standing, registry, "a b\n", &err),
          CORDON_E_NOTFOUND, "'a b\\x0a'");
    FAILS(cdn_registry_text(&text, registry, "velocitx", 0, &err), CORDON_E_NOTFOUND,
          "did you mean 'velocity'?");
}
END_TEST

START_TEST(version__tells_who_and_what)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    char text[256], shown[65];

    push_rule("velocity", 1);
    push_rule("velocity", 2);
    OK(cordon_registry_version(&info, registry, "velocity", 0, &err));
    ck_assert_uint_eq(info.version, 2);
    OK(cordon_registry_version(&info, registry, "velocity", 1, &err));
    ck_assert_uint_eq(info.version, 1);
    ck_assert_uint_eq(info.sequence, 1);
    ck_assert_str_eq(info.file, "rule.lua");
    ck_assert_str_eq(info.author, "ann");
    ck_assert_str_eq(info.reason, "because");
    ck_assert_int_gt(info.time_ms, 0);
    rule_text(text, "velocity", 1);
    cdn_hash_content(hash, text, strlen(text));
    ck_assert_str_eq(info.source_hash, cdn_hash_hex(shown, hash, sizeof(hash)));
    FAILS(cordon_registry_version(&info, registry, "velocity", 3, &err),
          CORDON_E_NOTFOUND, "no version 3; its newest is 2");
}
END_TEST

START_TEST(source__is_copied_where_it_fits)
{
    char text[256], out[256];
    size_t bytes = 0;

    push_rule("velocity", 1);
    rule_text(text, "velocity", 1);
    OK(cordon_registry_source(out, sizeof(out), &bytes, registry, "velocity", 1, &err));
    ck_assert_uint_eq(bytes, strlen(text));
    ck_assert_mem_eq(out, text, bytes);
    bytes = 0;
    FAILS(cordon_registry_source(out, 10, &bytes, registry, "velocity", 1, &err),
          CORDON_E_DATA, "room for 10");
    ck_assert_uint_eq(bytes, strlen(text));
    FAILS(cordon_registry_source(NULL, 0, &bytes, registry, "velocity", 1, &err),
          CORDON_E_DATA, "room for 0");
    OK(cordon_registry_cases(out, sizeof(out), &bytes, registry, "velocity", 1, &err));
    ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(cases__are_copied_as_they_came)
{
    static const char cases[] = "{\"expect\": {\"decision\": \"allow\"}}\n";
    cordon_version_info info = {.struct_size = sizeof(info)};
    char text[256], out[256];
    size_t bytes = 0;

    rule_text(text, "velocity", 1);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "rule.lua", cases, strlen(cases), &by_ann, &err));
    OK(cordon_registry_cases(out, sizeof(out), &bytes, registry, "velocity", 0, &err));
    ck_assert_uint_eq(bytes, strlen(cases));
    ck_assert_mem_eq(out, cases, bytes);
    FAILS(cordon_registry_cases(out, 3, &bytes, registry, "velocity", 1, &err),
          CORDON_E_DATA, "room for 3");
    FAILS(cordon_registry_cases(out, 3, NULL, registry, "velocity", 1, &err),
          CORDON_E_INVALID, "cordon_registry_cases");
}
END_TEST

START_TEST(find_hash__tells_the_first_version_with_a_text)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    char text[256];
    uint32_t version;

    push_rule("velocity", 1);
    push_rule("velocity", 2);
    push_rule("velocity", 1);
    rule_text(text, "velocity", 1);
    cdn_hash_content(hash, text, strlen(text));
    OK(cdn_registry_find_hash(name, &version, registry, hash, &err));
    ck_assert_str_eq(name, "velocity");
    ck_assert_uint_eq(version, 1);
    hash[31] ^= 1;
    FAILS(cdn_registry_find_hash(name, &version, registry, hash, &err),
          CORDON_E_NOTFOUND, "no version with the hash");
    memset(hash, 0xff, sizeof(hash));
    FAILS(cdn_registry_find_hash(name, &version, registry, hash, &err),
          CORDON_E_NOTFOUND, "no version with the hash");
}
END_TEST

START_TEST(history__goes_from_the_newest_back)
{
    cordon_change_record change = {.struct_size = sizeof(change)};

    FAILS(cordon_registry_history(&change, registry, NULL, 0, &err), CORDON_E_NOTFOUND,
          "no more changes");
    push_rule("a", 1);
    push_rule("a-b", 1);
    push_rule("a", 2);
    OK(cordon_registry_history(&change, registry, NULL, 0, &err));
    ck_assert_uint_eq(change.sequence, 3);
    OK(cordon_registry_history(&change, registry, NULL, 3, &err));
    ck_assert_uint_eq(change.sequence, 2);
    ck_assert_str_eq(change.name, "a-b");
    OK(cordon_registry_history(&change, registry, "a", 3, &err));
    ck_assert_uint_eq(change.sequence, 1);
    ck_assert_int_eq(change.action, CORDON_ACTION_PUSH);
    ck_assert_uint_eq(change.from, 0);
    ck_assert_uint_eq(change.to, 1);
    FAILS(cordon_registry_history(&change, registry, "a", 1, &err), CORDON_E_NOTFOUND,
          "no more changes");
    FAILS(cordon_registry_history(&change, registry, "b", 0, &err), CORDON_E_NOTFOUND,
          "no rule or set 'b'");
}
END_TEST

START_TEST(arguments__that_are_missing_or_of_another_size_are_refused)
{
    cordon_standing standing = {.struct_size = 8};
    cordon_version_info info = {.struct_size = 8};
    cordon_change_record change = {.struct_size = 8};
    cordon_change later = {.struct_size = sizeof(later) + 8, .author = "ann"};

    FAILS(cordon_registry_standing(&standing, registry, "a", &err), CORDON_E_INVALID,
          "cordon_standing: struct_size is 8");
    FAILS(cordon_registry_next(&standing, registry, NULL, &err), CORDON_E_INVALID,
          "cordon_standing: struct_size is 8");
    FAILS(cordon_registry_version(&info, registry, "a", 0, &err), CORDON_E_INVALID,
          "cordon_version_info: struct_size is 8");
    FAILS(cordon_registry_history(&change, registry, NULL, 0, &err), CORDON_E_INVALID,
          "cordon_change_record: struct_size is 8");
    FAILS(cordon_registry_pause(registry, "a", &later, &err), CORDON_E_INVALID,
          "cordon_change: struct_size");
    FAILS(cordon_registry_pause(registry, "a", NULL, &err), CORDON_E_INVALID,
          "no change");
    FAILS(cordon_registry_pause(registry, NULL, &by_ann, &err), CORDON_E_INVALID,
          "no name");
    FAILS(cordon_registry_pause(NULL, "a", &by_ann, &err), CORDON_E_INVALID,
          "no registry");
    FAILS(cordon_registry_standing(NULL, registry, "a", &err), CORDON_E_INVALID,
          "no out");
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(standings__survive_every_allocation_failure)
{
    for (int i = 0; i < 40; i++) {
        char name[16];

        snprintf(name, sizeof(name), "rule_%02d", i);
        push_rule(name, i);
    }
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_standings standings;
        cordon_status status = cdn_registry_standings(&standings, registry, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_standings_deinit(&standings);
    }
}
END_TEST

START_TEST(text__survives_every_allocation_failure)
{
    push_rule("velocity", 1);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf text = {0};
        cordon_status status = cdn_registry_text(&text, registry, "velocity", 1, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&text);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("registry");

    REGISTERED_CASE(s, next__walks_objects_by_name);
    REGISTERED_CASE(s, standings__are_all_of_one_moment);
    REGISTERED_CASE(s, unknown_name__gets_a_suggestion);
    REGISTERED_CASE(s, version__tells_who_and_what);
    REGISTERED_CASE(s, source__is_copied_where_it_fits);
    REGISTERED_CASE(s, cases__are_copied_as_they_came);
    REGISTERED_CASE(s, find_hash__tells_the_first_version_with_a_text);
    REGISTERED_CASE(s, history__goes_from_the_newest_back);
    REGISTERED_CASE(s, arguments__that_are_missing_or_of_another_size_are_refused);
#ifdef CORDON_FAILALLOC
    REGISTERED_CASE(s, standings__survive_every_allocation_failure);
    REGISTERED_CASE(s, text__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
