/* Binding names to the bank under grants. */
#include "base/alloc.h"
#include "graph/bound.h"
#include "harness.h"

static cordon_snapshot *bank;

static void setup(void)
{
    bank = cdn_fixture_bank_open();
}

static void teardown(void)
{
    cordon_snapshot_release(bank);
}

static cordon_status bind(const char *reads, const struct cdn_grant *grant,
                          cordon_error *err)
{
    struct cdn_binding *binding;
    struct cdn_names names;
    cordon_status status;

    harness_names(&names, reads);
    status = cdn_binding_new(&binding, &names, bank, grant, err);
    ck_assert((binding == NULL) == (status != CORDON_OK));
    cdn_binding_free(binding);
    return status;
}

START_TEST(bind__names_what_is_wrong)
{
    static const struct {
        const char *reads;
        const char *message;
    } cases[] = {
        {"Acount", "reads: no label or edge type 'Acount'; did you mean 'Account'?"},
        {"transfer: amout",
         "reads: no property 'amout' on transfer; did you mean 'amount'?"},
        {"Account: balanse",
         "reads: no property 'balanse' on Account; did you mean 'balance'?"},
        {"own: time", "reads: no property 'time' on own"},
    };
    cordon_error err;

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        ck_assert_int_eq(bind(cases[i].reads, &cdn_grant_everything, &err),
                         CORDON_E_RULE);
        ck_assert_str_eq(err.message, cases[i].message);
    }
    ck_assert_int_eq(
        bind("Account: key label serial; transfer: time; invest: time; Person",
             &cdn_grant_everything, &err),
        CORDON_OK);
}
END_TEST

START_TEST(bind__resolves_lists_by_label)
{
    struct cdn_binding *binding;
    struct cdn_names names;
    cordon_error err;
    uint32_t account, company;
    const struct cdn_bound_kind *own, *invest;

    harness_names(&names, "own: share; invest");
    ck_assert_int_eq(
        cdn_binding_new(&binding, &names, bank, &cdn_grant_everything, &err),
        CORDON_OK);
    account = (uint32_t)cdn_schema_label(&bank->schema, "Account");
    company = (uint32_t)cdn_schema_label(&bank->schema, "Company");
    invest = &binding->kinds[0];
    own = &binding->kinds[1];
    ck_assert_uint_eq(own->list_count, 4);
    ck_assert_uint_eq(own->ends[account].incoming, 2);
    ck_assert_uint_eq(own->ends[account].outgoing, 0);
    ck_assert_uint_eq(invest->ends[company].outgoing, 1);
    ck_assert_uint_eq(invest->ends[company].incoming, 2);
    ck_assert(!own->has_time && invest->has_time);
    cdn_binding_free(binding);
}
END_TEST

START_TEST(bind__refuses_integers_lua_cannot_hold)
{
    struct cdn_fixture *f;
    struct cdn_binding *binding;
    struct cdn_names names;
    cordon_snapshot *snapshot;
    cordon_error err;
    char path[256];

    cdn_fixture_path(path, sizeof path);
    f = cdn_fixture_new(path);
    cdn_fixture_label(f, "A", CDN_KEY_INT64, "big:int64 fits:int64 when:timestamp");
    cdn_fixture_node(f, "A", "1", CDN_INT("big", (INT64_C(1) << 53) + 1),
                     CDN_INT("fits", -(INT64_C(1) << 53)), CDN_INT("when", INT64_MAX));
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    unlink(path);
    harness_names(&names, "A: big");
    ck_assert_int_eq(
        cdn_binding_new(&binding, &names, snapshot, &cdn_grant_everything, &err),
        CORDON_E_RULE);
    ck_assert_ptr_nonnull(strstr(err.message, "lua = \"string\""));
    harness_names(&names, "A: when");
    ck_assert_int_eq(
        cdn_binding_new(&binding, &names, snapshot, &cdn_grant_everything, &err),
        CORDON_E_RULE);
    harness_names(&names, "A: fits");
    ck_assert_int_eq(
        cdn_binding_new(&binding, &names, snapshot, &cdn_grant_everything, &err),
        CORDON_OK);
    cdn_binding_free(binding);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(bind__stays_within_the_grant)
{
    uint64_t labels[4] = {0}, relations[4] = {0}, none[4] = {0}, all[4];
    const uint64_t *label_columns[256], *relation_columns[256];
    struct cdn_grant grant = {.labels = labels,
                              .relations = relations,
                              .label_columns = label_columns,
                              .relation_columns = relation_columns};
    uint32_t account = (uint32_t)cdn_schema_label(&bank->schema, "Account");
    int32_t transfer = cdn_schema_relation(&bank->schema, "transfer", account, account);
    cordon_error err;

    memset(all, 0xff, sizeof all);
    for (int i = 0; i < 256; i++)
        label_columns[i] = relation_columns[i] = none;
    ck_assert_int_eq(bind("Account", &grant, &err), CORDON_E_DENIED);
    ck_assert_str_eq(err.message, "reads: not granted: label Account");
    labels[account >> 6] |= UINT64_C(1) << (account & 63);
    ck_assert_int_eq(bind("Account", &grant, &err), CORDON_OK);
    ck_assert_int_eq(bind("Account: risk", &grant, &err), CORDON_E_DENIED);
    ck_assert_str_eq(err.message, "reads: not granted: property 'risk' of Account");
    label_columns[account] = all;
    ck_assert_int_eq(bind("Account: risk", &grant, &err), CORDON_OK);
    ck_assert_int_eq(bind("transfer", &grant, &err), CORDON_E_DENIED);
    relations[transfer >> 6] |= UINT64_C(1) << (transfer & 63);
    ck_assert_int_eq(bind("transfer: time", &grant, &err), CORDON_OK);
    ck_assert_int_eq(bind("transfer: amount", &grant, &err), CORDON_E_DENIED);
    relation_columns[transfer] = all;
    ck_assert_int_eq(bind("transfer: amount", &grant, &err), CORDON_OK);
}
END_TEST

START_TEST(bind__works_without_a_snapshot)
{
    struct cdn_binding *binding;
    struct cdn_names names;
    cordon_error err;

    harness_names(&names, "whatever: x");
    ck_assert_int_eq(
        cdn_binding_new(&binding, &names, NULL, &cdn_grant_everything, &err),
        CORDON_OK);
    cdn_binding_free(binding);
    cdn_binding_free(NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(bind__survives_every_allocation_failure)
{
    struct cdn_names names;
    bool whole = false;

    harness_names(&names, "Account: risk; Person; transfer: amount; own: share");
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_binding *binding;
        cordon_status status =
            cdn_binding_new(&binding, &names, bank, &cdn_grant_everything, NULL);

        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(binding);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            whole = true;
        }
        cdn_binding_free(binding);
    }
    ck_assert(whole);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("binding");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, bind__names_what_is_wrong);
    tcase_add_test(tc, bind__resolves_lists_by_label);
    tcase_add_test(tc, bind__refuses_integers_lua_cannot_hold);
    tcase_add_test(tc, bind__stays_within_the_grant);
    tcase_add_test(tc, bind__works_without_a_snapshot);
#ifdef CORDON_FAILALLOC
    tcase_add_test(tc, bind__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
