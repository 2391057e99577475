/* Pairing a shadow's records with those of what decided. */
#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "cli/shadow_log.h"
#include "engine/audit.h"

static char folder[128];
static cordon_audit *audit;

static void setup(void)
{
    const cordon_audit_options options = CORDON_AUDIT_OPTIONS_INIT;
    cordon_error err;

    cdn_unit_folder(folder, sizeof(folder));
    ck_assert_msg(!cordon_audit_open(&audit, folder, &options, &err), "%s",
                  err.message);
}

static void close_log(void)
{
    ck_assert_int_eq(cordon_audit_close(audit, NULL), CORDON_OK);
    audit = NULL;
}

static void teardown(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

/* One record of the rule "velocity" about the account `key`. */
static void record(const char *key, cordon_variant variant, uint32_t version,
                   const char *decision, uint64_t instructions, int64_t time_ms)
{
    const cordon_usage usage = {.instructions = instructions};
    const struct cdn_audit_record written = {.timestamp_ms = time_ms,
                                             .decision_id =
                                                 "0123456789abcdef0123456789abcdef",
                                             .rule = "velocity",
                                             .source_hash = "",
                                             .version = version,
                                             .variant = variant,
                                             .label = "Account",
                                             .key = key,
                                             .as_of_ms = CORDON_NO_TIME,
                                             .decision = decision,
                                             .usage = &usage};

    ck_assert(cdn_audit_offer(audit, &written));
}

static struct cdn_shadow_tally tally_of(uint32_t version, int64_t since_ms)
{
    struct cdn_shadow_tally tally = {
        .rule = "velocity", .version = version, .since_ms = since_ms};
    cordon_error err;

    ck_assert_msg(!cdn_shadow_log_read(&tally, 1, folder, &err), "%s", err.message);
    return tally;
}

START_TEST(pairs__are_found_among_others)
{
    struct cdn_shadow_tally tally;

    record("1", CORDON_VARIANT_LIVE, 1, "allow", 10, 5);
    record("2", CORDON_VARIANT_CANARY, 2, "deny", 10, 5); /* of another thread */
    record("1", CORDON_VARIANT_SHADOW, 3, "allow", 20, 5);
    record("2", CORDON_VARIANT_SHADOW, 3, "allow", 30, 5);
    record("2", CORDON_VARIANT_SHADOW, 4, "deny", 30, 5);
    record("3", CORDON_VARIANT_LIVE, 1, NULL, 10, 6);
    record("3", CORDON_VARIANT_SHADOW, 3, "deny", 10, 6);
    record("4", CORDON_VARIANT_LIVE, 1, "deny", 10, 6);
    record("4", CORDON_VARIANT_SHADOW, 3, "allow", 10, 6);
    record("5", CORDON_VARIANT_SHADOW, 3, "allow", 10, 6); /* nobody decided */
    close_log();
    tally = tally_of(3, 0);
    ck_assert_uint_eq(tally.compared, 4);
    ck_assert_uint_eq(tally.mismatches, 3);
    ck_assert_uint_eq(tally.apart, 1);
    ck_assert_uint_eq(tally.instructions_decided, 40);
    ck_assert_uint_eq(tally.instructions_shadow, 70);
    ck_assert_uint_eq(tally.change_count, 2);
    ck_assert_str_eq(tally.changes[0].decided, "deny");
    ck_assert_str_eq(tally.changes[0].shadow, "allow");
    ck_assert_uint_eq(tally.changes[0].count, 2);
    ck_assert_str_eq(tally.changes[1].decided, "");
    ck_assert_str_eq(tally.changes[1].shadow, "deny");
    tally = tally_of(4, 0);
    ck_assert_uint_eq(tally.compared, 1);
    ck_assert_uint_eq(tally.mismatches, 0);
}
END_TEST

START_TEST(records__of_before_are_left_out)
{
    record("1", CORDON_VARIANT_LIVE, 1, "allow", 1, 5);
    record("1", CORDON_VARIANT_SHADOW, 3, "deny", 1, 5);
    record("1", CORDON_VARIANT_LIVE, 1, "allow", 1, 7);
    record("1", CORDON_VARIANT_SHADOW, 3, "deny", 1, 7);
    close_log();
    ck_assert_uint_eq(tally_of(3, 7).mismatches, 1);
    ck_assert_uint_eq(tally_of(3, 8).compared, 0);
}
END_TEST

START_TEST(log__that_is_not_there_is_told)
{
    struct cdn_shadow_tally tally = {.rule = "velocity", .version = 3};

    close_log();
    ck_assert_int_eq(cdn_shadow_log_read(&tally, 1, "/nowhere/at/all", NULL),
                     CORDON_E_NOTFOUND);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(reading__survives_every_allocation_failure)
{
    record("1", CORDON_VARIANT_LIVE, 1, "allow", 1, 5);
    record("1", CORDON_VARIANT_SHADOW, 3, "deny", 1, 5);
    close_log();
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_shadow_tally tally = {.rule = "velocity", .version = 3};
        cordon_status status = cdn_shadow_log_read(&tally, 1, folder, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("shadow_log");
    TCase *c = tcase_create("shadow_log");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, pairs__are_found_among_others);
    tcase_add_test(c, records__of_before_are_left_out);
    tcase_add_test(c, log__that_is_not_there_is_told);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, reading__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
