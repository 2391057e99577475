/* Roles compiled over the bank. */
#include "serving.h"

#include "base/alloc.h"
#include "engine/policy.h"

static cordon_snapshot *bank;

static void open_bank(void)
{
    bank = cdn_fixture_bank_open();
}

static void close_bank(void)
{
    cordon_snapshot_release(bank);
}

#define POLICY(fields)                                                                 \
    "return { mask_key = 'env:X', principals = {\n  analyst = {\n" fields "\n} } }"

static struct cdn_policy *load(const char *text)
{
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_msg(!cdn_policy_load(&policy, text, strlen(text), "p.lua", NULL, &err),
                  "line %u: %s", err.line, err.message);
    return policy;
}

static struct cdn_grant *compile(const char *text)
{
    struct cdn_policy *policy = load(text);
    struct cdn_grant *grant;
    cordon_error err;

    ck_assert_msg(!cdn_grant_compile(&grant, cdn_policy_role(policy, 0), bank, &err),
                  "%s", err.message);
    /* messages name the principal: its name must outlive this function */
    ck_assert_str_eq(grant->principal, "analyst");
    grant->principal = "analyst";
    cdn_policy_free(policy);
    return grant;
}

static uint32_t label(const char *name)
{
    int32_t found = cdn_schema_label(&bank->schema, name);

    ck_assert_int_ge(found, 0);
    return (uint32_t)found;
}

static bool label_column(const struct cdn_grant *grant, const char *owner,
                         const char *name)
{
    uint32_t number = label(owner);
    int32_t found =
        cdn_properties_find(bank->schema.labels[number].properties,
                            bank->schema.labels[number].property_count, name);

    ck_assert_int_ge(found, 0);
    return cdn_bit(grant->label_columns[number], (uint32_t)found);
}

START_TEST(compile__grants_what_is_named_and_nothing_else)
{
    struct cdn_grant *grant = compile(POLICY("reads = { Account = { 'risk', 'nonesuch' "
                                             "}, invest = { 'ratio' }, Ghost = '*' }, "
                                             "hops = 2"));

    ck_assert(!grant->everything);
    ck_assert_uint_eq(grant->max_hops, 2);
    ck_assert(cdn_bit(grant->labels, label("Account")));
    ck_assert(!cdn_bit(grant->labels, label("Person")));
    ck_assert(label_column(grant, "Account", "risk"));
    ck_assert(!label_column(grant, "Account", "balance"));
    for (uint32_t r = 0; r < bank->schema.relation_count; r++) {
        const struct cdn_relation_schema *relation = &bank->schema.relations[r];
        bool invest = !strcmp(relation->type, "invest");

        ck_assert_int_eq(cdn_bit(grant->relations, r), invest);
        for (uint32_t p = 0; p < relation->property_count; p++)
            ck_assert_int_eq(cdn_bit(grant->relation_columns[r], p), invest);
    }
    ck_assert_uint_eq(grant->mask_count, 0);
    cdn_grant_free(grant);
}
END_TEST

START_TEST(compile__grants_all_for_a_star)
{
    struct cdn_grant *grant = compile(POLICY("reads = '*'"));

    for (uint32_t l = 0; l < bank->schema.label_count; l++) {
        ck_assert(cdn_bit(grant->labels, l));
        for (uint32_t p = 0; p < bank->schema.labels[l].property_count; p++)
            ck_assert(cdn_bit(grant->label_columns[l], p));
    }
    ck_assert(!grant->everything); /* masks could still be there */
    cdn_grant_free(grant);
    grant = compile(POLICY("reads = { Account = '*' }"));
    ck_assert(label_column(grant, "Account", "balance"));
    ck_assert(!cdn_bit(grant->labels, label("Person")));
    cdn_grant_free(grant);
}
END_TEST

START_TEST(compile__puts_a_mask_on_every_relation_of_a_type)
{
    struct cdn_grant *grant = compile(
        POLICY("reads = '*', masks = {\n"
               "Account = { key = 'hash', serial = { 'bucket', 100 }, createTime "
               "= { 'bucket', '1d' } },\n"
               "own = { share = 'redact' } }"));
    uint32_t own = 0, keys = 0;

    for (uint32_t i = 0; i < grant->mask_count; i++) {
        own += grant->masks[i].of_relation;
        keys += grant->masks[i].property == CDN_MASK_NODE_KEY;
        if (grant->masks[i].width > 1e7)
            ck_assert(grant->masks[i].width == 86400000);
    }
    ck_assert_uint_eq(own, 2); /* Person -> Account, Company -> Account */
    ck_assert_uint_eq(keys, 1);
    ck_assert_uint_eq(grant->mask_count, 5);
    cdn_grant_free(grant);
}
END_TEST

static const struct {
    const char *masks, *says;
} unfit[] = {
    {"Acount = { risk = 'redact' }",
     "no label or edge type 'Acount'; did you mean 'Account'?"},
    {"Account = { rsik = 'redact' }",
     "no property 'rsik' on Account; did you mean 'risk'?"},
    {"transfer = { amuont = 'redact' }",
     "no property 'amuont' on transfer; did you mean 'amount'?"},
    {"Account = { key = { 'bucket', 10 } }", "keys are text"},
    {"Account = { bag = 'hash' }", "a msgpack bag can only be redacted"},
    {"Account = { risk = { 'truncate', 1 } }", "cannot be truncated"},
    {"Account = { kind = { 'bucket', 1 } }", "has no buckets"},
    {"Account = { risk = { 'bucket', 0.5 } }", "a whole number, at least 1"},
    {"transfer = { ts = { 'bucket', '1d' } }", "the time column cannot be masked"},
    {"transfer = { time = 'redact' }", "the time column cannot be masked"},
    {"transfer = { key = 'hash' }", "no property 'key' on transfer"},
};

START_TEST(compile__refuses_a_mask_that_fits_nothing)
{
    char text[512];
    struct cdn_policy *policy;
    struct cdn_grant *grant;
    struct cdn_findings findings = {0};
    cordon_error err;

    snprintf(
        text, sizeof text,
        "return { mask_key = 'env:X', principals = {\n  analyst = {\nreads = '*',\n"
        "masks = {\n%s } } } }",
        unfit[_i].masks);
    policy = load(text);
    ck_assert_int_eq(cdn_grant_compile(&grant, cdn_policy_role(policy, 0), bank, &err),
                     CORDON_E_DATA);
    ck_assert_ptr_null(grant);
    ck_assert_contains(err.message, unfit[_i].says);
    ck_assert_contains(err.message, "principals.analyst.masks.");
    ck_assert_uint_eq(err.line, 5);
    /* and the check of the whole says the same */
    ck_assert(!cdn_policy_check(&findings, policy, bank, &err));
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_contains(findings.items[0].message, unfit[_i].says);
    ck_assert_uint_eq(findings.items[0].line, 5);
    cdn_findings_deinit(&findings);
    cdn_policy_free(policy);
}
END_TEST

START_TEST(check__finds_every_name_the_snapshot_lacks)
{
    static const char text[] =
        "return {\n"
        "  roles = { reader = {\n"
        "    reads = {\n"
        "      Acount = '*',\n"
        "      Account = { 'rsik', 'key', 'label' },\n"
        "      transfer = { 'time', 'amuont' } },\n"
        "  } },\n"
        "  principals = {\n"
        "    a = 'reader',\n"
        "    b = { propose = { nodes = { Person = { 'key' }, transfer = '*' },\n"
        "      edges = { 'transfers', 'own' } } },\n"
        "  } }\n";
    struct cdn_policy *policy = load(text);
    struct cdn_findings findings = {0};
    static const struct {
        uint32_t line;
        const char *says;
    } wanted[] = {
        {4, "principals.a.reads.Acount: no label or edge type 'Acount'; did you mean"},
        {5, "no property 'rsik' on Account; did you mean 'risk'?"},
        {6, "no property 'amuont' on transfer; did you mean 'amount'?"},
        {10, "principals.b.propose.Person: no property 'key' on Person"},
        {10, "no label 'transfer'"},
        {10, "no edge type 'transfers'; did you mean 'transfer'?"},
    };

    ck_assert(!cdn_policy_check(&findings, policy, bank, NULL));
    ck_assert_uint_eq(findings.count, 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_contains(findings.items[i].message, wanted[i].says);
        ck_assert_uint_eq(findings.items[i].line, wanted[i].line);
    }
    cdn_findings_deinit(&findings);
    cdn_policy_free(policy);
}
END_TEST

START_TEST(compile__needs_no_snapshot)
{
    struct cdn_policy *policy =
        load(POLICY("reads = '*', masks = { A = { x = 'redact' } }"));
    struct cdn_grant *grant;

    ck_assert(!cdn_grant_compile(&grant, cdn_policy_role(policy, 0), NULL, NULL));
    ck_assert(!grant->everything);
    cdn_grant_free(grant);
    cdn_grant_free(NULL);
    cdn_policy_free(policy);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(compile__survives_every_allocation_failure)
{
    struct cdn_policy *policy = load(
        POLICY("reads = { Ghost = '*' }, masks = { Account = { risk = 'redact' } }"));

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_findings findings = {0};
        struct cdn_grant *grant;
        cordon_status status =
            cdn_grant_compile(&grant, cdn_policy_role(policy, 0), bank, NULL);

        cdn_grant_free(grant);
        if (!status)
            status = cdn_policy_check(&findings, policy, bank, NULL);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_findings_deinit(&findings);
    }
    cdn_policy_free(policy);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("policy_grant");
    TCase *tc = tcase_create("bank");

    tcase_add_checked_fixture(tc, open_bank, close_bank);
    tcase_add_test(tc, compile__grants_what_is_named_and_nothing_else);
    tcase_add_test(tc, compile__grants_all_for_a_star);
    tcase_add_test(tc, compile__puts_a_mask_on_every_relation_of_a_type);
    tcase_add_loop_test(tc, compile__refuses_a_mask_that_fits_nothing, 0,
                        CDN_UNIT_COUNT(unfit));
    tcase_add_test(tc, check__finds_every_name_the_snapshot_lacks);
    tcase_add_test(tc, compile__needs_no_snapshot);
#ifdef CORDON_FAILALLOC
    tcase_add_test(tc, compile__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, tc);
    return s;
}

CDN_UNIT_MAIN(suite)
