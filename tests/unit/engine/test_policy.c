/* Policy texts: what they say, and every fault of them with its line. */
#include "serving.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "engine/policy.h"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

/* What a good policy looks like; the suite of policy_grant compiles the same. */
static const char GOOD[] =
    "return {\n"                                                              /* 1 */
    "  mask_key = 'env:CORDON_TEST_MASK_KEY',\n"                              /* 2 */
    "  roles = {\n"                                                           /* 3 */
    "    reader = {\n"                                                        /* 4 */
    "      rules = { 'fan_*', 'cycle' }, tags = { 'fraud' },\n"               /* 5 */
    "      reads = { transfer = '*', Account = { 'risk', 'kind' } },\n"       /* 6 */
    "      masks = { Account = { kind = 'redact', risk = { 'bucket', 10 },\n" /* 7 */
    "                            key = 'hash' } },\n"                         /* 8 */
    "      hops = 3,\n"                                                       /* 9 */
    "      ceilings = { instructions = 1000, memory = '64KiB', time = 2,\n"   /* 10 */
    "                   edges = 10, nodes = 20, hops = 5, output = 300 },\n"  /* 11 */
    "      output = { 'payees', 'amount' },\n"                                /* 12 */
    "      quota = { rate = 100, concurrency = 8, cost_per_s = 1e8 },\n"      /* 13 */
    "      max_priority = 3, wall = 'inproc', audit = 0.5,\n"                 /* 14 */
    "      propose = { nodes = { Account = { 'isBlocked' } },\n"              /* 15 */
    "                  edges = { 'flagged' } },\n"                            /* 16 */
    "    },\n"                                                                /* 17 */
    "  },\n"                                                                  /* 18 */
    "  principals = {\n"                                                      /* 19 */
    "    zoe = 'reader',\n"                                                   /* 20 */
    "    adam = { role = 'reader', hops = 2, quota = { rate = 1, burst = 9 } },\n"
    "    ['service 7'] = { role = 'reader', max_priority = 7 },\n"          /* 22 */
    "    nobody = {},\n"                                                    /* 23 */
    "    root = { rules = '*', reads = '*', propose = { edges = '*' } },\n" /* 24 */
    "  },\n"                                                                /* 25 */
    "  quotas = { rules = { cycle = { rate = 5 } } },\n"                    /* 26 */
    "}\n";

static struct cdn_policy *load(const char *text)
{
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_msg(
        !cdn_policy_load(&policy, text, strlen(text), "policy.lua", NULL, &err),
        "line %u: %s", err.line, err.message);
    return policy;
}

static const struct cdn_role *role(const struct cdn_policy *policy, const char *name)
{
    int32_t principal = cdn_policy_principal(policy, name);

    ck_assert_msg(principal >= 0, "no %s", name);
    return cdn_policy_role(policy, principal);
}

START_TEST(load__reads_every_field)
{
    struct cdn_policy *policy = load(GOOD);
    const struct cdn_role *zoe = role(policy, "zoe");

    ck_assert_uint_eq(policy->principal_count, 5);
    ck_assert_uint_eq(zoe->rule_count, 2);
    ck_assert_str_eq(zoe->rules[0], "cycle");
    ck_assert_str_eq(zoe->rules[1], "fan_*");
    ck_assert_str_eq(zoe->tags[0], "fraud");
    ck_assert(!zoe->reads_everything);
    ck_assert_uint_eq(zoe->read_count, 2);
    ck_assert_str_eq(zoe->reads[0].owner, "Account");
    ck_assert_uint_eq(zoe->reads[0].count, 2);
    ck_assert_str_eq(zoe->reads[0].names[0], "kind");
    ck_assert(zoe->reads[1].every);
    ck_assert_uint_eq(zoe->mask_count, 3);
    ck_assert_str_eq(zoe->masks[0].property, "key");
    ck_assert_int_eq(zoe->masks[0].kind, CDN_MASK_HASH);
    ck_assert_int_eq(zoe->masks[1].kind, CDN_MASK_REDACT);
    ck_assert_int_eq(zoe->masks[2].kind, CDN_MASK_BUCKET);
    ck_assert(zoe->masks[2].width == 10);
    ck_assert_uint_eq(zoe->hops, 3);
    ck_assert_uint_eq(zoe->ceilings.instructions, 1000);
    ck_assert_uint_eq(zoe->ceilings.memory_bytes, 65536);
    ck_assert_uint_eq(zoe->ceilings.wall_ns, 2000000);
    ck_assert_uint_eq(zoe->ceilings.edges, 10);
    ck_assert_uint_eq(zoe->ceilings.nodes, 20);
    ck_assert_uint_eq(zoe->ceilings.hops, 3); /* the lesser of hops and ceiling */
    ck_assert_uint_eq(zoe->ceilings.output_bytes, 300);
    ck_assert(!zoe->every_output);
    ck_assert_uint_eq(zoe->output_count, 2);
    ck_assert_str_eq(zoe->output[0], "amount");
    ck_assert(zoe->quota.rate == 100 && zoe->quota.burst == 100);
    ck_assert_uint_eq(zoe->quota.concurrency, 8);
    ck_assert(zoe->quota.cost_per_s == 1e8);
    ck_assert_uint_eq(zoe->max_priority, 3);
    ck_assert_int_eq(zoe->wall, CORDON_WALL_INPROC);
    ck_assert(zoe->audit == 0.5);
    ck_assert(cdn_role_may_set(zoe, "Account", "isBlocked"));
    ck_assert(!cdn_role_may_set(zoe, "Account", "risk"));
    ck_assert(!cdn_role_may_set(zoe, "Person", "isBlocked"));
    ck_assert(cdn_role_may_link(zoe, "flagged"));
    ck_assert(!cdn_role_may_link(zoe, "transfer"));
    ck_assert(cdn_role_may_link(role(policy, "root"), "transfer"));
    ck_assert_ptr_nonnull(cdn_policy_rule_quota(policy, "cycle"));
    ck_assert_ptr_null(cdn_policy_rule_quota(policy, "cycl"));
    cdn_policy_free(policy);
}
END_TEST

START_TEST(load__grants_nothing_that_is_not_written)
{
    struct cdn_policy *policy = load(GOOD);
    const struct cdn_role *nobody = role(policy, "nobody");

    ck_assert(!cdn_role_may_run(nobody, "cycle", 0, NULL));
    ck_assert(!nobody->reads_everything);
    ck_assert_uint_eq(nobody->read_count, 0);
    ck_assert_uint_eq(nobody->max_priority, 0);
    ck_assert(!cdn_role_may_link(nobody, "flagged"));
    ck_assert(!cdn_role_may_set(nobody, "Account", "risk"));
    ck_assert(nobody->every_output && nobody->audit == 1);
    ck_assert_int_eq(cdn_policy_principal(policy, "reader"), -1); /* a role only */
    ck_assert_int_eq(cdn_policy_principal(policy, ""), -1);
    cdn_policy_free(policy);
}
END_TEST

START_TEST(load__takes_a_roles_fields_where_a_principal_has_none)
{
    struct cdn_policy *policy = load(GOOD);
    const struct cdn_role *adam = role(policy, "adam");

    ck_assert_uint_eq(adam->hops, 2);
    ck_assert(adam->quota.rate == 1 && adam->quota.burst == 9);
    ck_assert_uint_eq(adam->quota.concurrency, 0); /* a field is taken whole */
    ck_assert_uint_eq(adam->mask_count, 3);
    ck_assert_str_eq(adam->role, "reader");
    ck_assert_uint_eq(role(policy, "service 7")->max_priority, 7);
    cdn_policy_free(policy);
}
END_TEST

START_TEST(load__numbers_roles_by_what_they_say_of_the_graph)
{
    struct cdn_policy *policy = load(GOOD);

    ck_assert_uint_eq(policy->role_count, 4);
    ck_assert_uint_eq(role(policy, "zoe")->number, role(policy, "service 7")->number);
    ck_assert_uint_ne(role(policy, "zoe")->number, role(policy, "adam")->number);
    for (uint32_t i = 0; i < policy->role_count; i++)
        ck_assert_uint_eq(cdn_policy_number(policy, i)->number, i);
    cdn_policy_free(policy);
    policy =
        load("return { principals = {\n"
             "  a = { reads = { A = { 'x', 'y' } } },\n"
             "  b = { reads = { A = { 'y', 'x', 'y' } }, rules = '*' },\n"
             "  c = { reads = { A = { 'y' } } },\n"
             "  d = { reads = { A = '*' } },\n"
             "  e = { reads = { A = { 'y' } }, masks = { A = { y = 'redact' } } },\n"
             "  f = { reads = { A = { 'y' } }, masks = { A = { y = 'redact' } } },\n"
             "} }");
    ck_assert_uint_eq(policy->role_count, 4);
    ck_assert_uint_eq(role(policy, "a")->number, role(policy, "b")->number);
    ck_assert_uint_eq(role(policy, "e")->number, role(policy, "f")->number);
    cdn_policy_free(policy);
}
END_TEST

static const struct {
    const char *text, *says;
    uint32_t line;
} faults[] = {
    {"return 5", "has to return a table", 0},
    {"return {", "", 1},
    {"return {}", "'principals' is missing", 1},
    {"return {\nprincipal = {}, principals = {} }",
     "principal: unknown name; did you mean 'principals'?", 2},
    {"return { principals = {\na = {\nrulez = '*' } } }",
     "principals.a.rulez: unknown name; did you mean 'rules'?", 3},
    {"return { principals = { a = 5 } }", "a table with names is wanted", 1},
    {"return { principals = { [1] = {} } }", "wanted here, not a list", 1},
    {"return { principals = { a = { role = 'x' } }, roles = { y = {} } }",
     "unknown role 'x'", 1},
    {"return { principals = { a = 'reeder' }, roles = { reader = {} } }",
     "unknown role 'reeder'; did you mean 'reader'?", 1},
    {"return { principals = {}, roles = { a = { role = 'b' } } }", "role: unknown name",
     1},
    {"return { principals = { a = { rules = { 'a b' } } } }", "can match no rule", 1},
    {"return { principals = { a = { rules = 5 } } }", "a list of names is wanted", 1},
    {"return { principals = { a = { rules = { 5 } } } }", "a string is wanted", 1},
    {"return { principals = { a = { reads = 'x' } } }", "\"*\" or a table", 1},
    {"return { principals = { a = { reads = { A = 5 } } } }",
     "reads.A: \"*\" or a list of names", 1},
    {"return { principals = { a = { masks = { A = { x = 'redakt' } } } } }",
     "unknown mask 'redakt'; did you mean 'redact'?", 1},
    {"return { principals = { a = { masks = { A = 'redact' } } } }",
     "a table with names", 1},
    {"return { principals = { a = { masks = { A = { x = {} } } } } }",
     "a mask is wanted", 1},
    {"return { principals = { a = { masks = { A = { x = 'truncate' } } } } }",
     "\"truncate\" takes one number", 1},
    {"return { principals = { a = { masks = { A = { x = { 'truncate', -1 } } } } } }",
     "a whole number between", 1},
    {"return { principals = { a = { masks = { A = { x = { 'truncate', 1.5 } } } } } }",
     "a whole number between", 1},
    {"return { principals = { a = { masks = { A = { x = { 'bucket', 0 } } } } } }",
     "a number between", 1},
    {"return { principals = { a = { masks = { A = { x = { 'bucket', 'x' } } } } } }",
     "a duration such as", 1},
    {"return { principals = { a = { masks = { A = { x = { 'redact', 1 } } } } } }",
     "takes no number", 1},
    {"return { principals = {\na = { masks = { A = {\nx = 'hash' } } } } }",
     "'mask_key' is missing", 1},
    {"return { principals = {}, mask_key = 'secret' }", "does not belong in a policy",
     1},
    {"return { principals = {}, mask_key = 'file:' }", "does not belong in a policy",
     1},
    {"return { principals = { a = { hops = 0 } } }", "a whole number between", 1},
    {"return { principals = { a = { hops = 1/0 } } }", "", 0},
    {"return { principals = { a = { ceilings = { edgs = 1 } } } }",
     "did you mean 'edges'?", 1},
    {"return { principals = { a = { ceilings = { memory = 'much' } } } }",
     "a size such as", 1},
    {"return { principals = { a = { ceilings = { time = '-1ms' } } } }",
     "a time such as", 1},
    {"return { principals = { a = { ceilings = { edges = '1' } } } }",
     "a whole number is wanted", 1},
    {"return { principals = { a = { ceilings = { edges = 0 } } } }",
     "a whole number between", 1},
    {"return { principals = { a = { quota = { burst = 4 } } } }", "without a rate", 1},
    {"return { principals = { a = { quota = { rate = -1 } } } }", "a number between",
     1},
    {"return { principals = { a = { max_priority = 8 } } }", "between 0 and 7", 1},
    {"return { principals = { a = { wall = 'docker' } } }", "unknown wall 'docker'", 1},
    {"return { principals = { a = { audit = 2 } } }", "between 0 and 1", 1},
    {"return { principals = { a = { propose = { node = {} } } } }",
     "did you mean 'nodes'?", 1},
    {"return { principals = { a = { output = { 1 } } } }", "a string is wanted", 1},
    {"return { principals = {}, quotas = { rule = {} } }", "did you mean 'rules'?", 1},
    {"return { principals = {}, quotas = { rules = { a = { rate = 'x' } } } }",
     "a number is wanted", 1},
};

START_TEST(load__says_what_is_wrong_and_where)
{
    const char *text = faults[_i].text;
    struct cdn_policy *policy;
    cordon_error err;
    cordon_status status =
        cdn_policy_load(&policy, text, strlen(text), "policy.lua", NULL, &err);

    ck_assert_msg(status == CORDON_E_DATA || status == CORDON_E_RULE, "%s: %d", text,
                  status);
    ck_assert_ptr_null(policy);
    ck_assert_contains(err.message, faults[_i].says);
    if (faults[_i].line)
        ck_assert_uint_eq(err.line, faults[_i].line);
    ck_assert_str_eq(err.file, "policy.lua");
}
END_TEST

START_TEST(load__reports_every_fault_by_line)
{
    static const char text[] = "return {\n"
                               "  principals = {\n"
                               "    a = {\n"
                               "      hops = 'far',\n"
                               "      rulez = '*',\n"
                               "      masks = { A = { x = 'blur' } },\n"
                               "    },\n"
                               "    b = 'c',\n"
                               "  },\n"
                               "  quota = {},\n"
                               "}\n";
    struct cdn_findings findings = {0};
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_int_eq(
        cdn_policy_load(&policy, text, strlen(text), "policy.lua", &findings, &err),
        CORDON_E_DATA);
    ck_assert_uint_eq(findings.count, 5);
    ck_assert_uint_eq(findings.items[0].line, 4);
    ck_assert_uint_eq(findings.items[1].line, 5);
    ck_assert_uint_eq(findings.items[2].line, 6);
    ck_assert_uint_eq(findings.items[3].line, 8);
    ck_assert_uint_eq(findings.items[4].line, 10);
    ck_assert_str_eq(err.message, findings.items[0].message);
    ck_assert_uint_eq(err.line, 4);
    cdn_findings_deinit(&findings);
}
END_TEST

START_TEST(load__refuses_a_text_without_end)
{
    struct cdn_policy *policy;
    cordon_error err;

    ck_assert_int_eq(
        cdn_policy_load(&policy, "while true do end", 17, "p.lua", NULL, &err),
        CORDON_E_RULE);
    ck_assert_contains(err.message, "instructions");
}
END_TEST

START_TEST(load__gives_up_its_names_to_nobody_else)
{
    /* what was read stays when the text is gone */
    char *text = cdn_unit_exact(GOOD, strlen(GOOD));
    struct cdn_policy *policy;

    ck_assert(!cdn_policy_load(&policy, text, strlen(GOOD), "policy.lua", NULL, NULL));
    memset(text, 'x', strlen(GOOD));
    free(text);
    ck_assert_str_eq(role(policy, "zoe")->reads[0].owner, "Account");
    cdn_policy_free(policy);
}
END_TEST

/* ---- the key ---- */

START_TEST(text__with_hashes_needs_a_key)
{
    cordon_policy *policy;
    cordon_error err;

    ck_assert_int_eq(
        cordon_policy_load_text(&policy, GOOD, strlen(GOOD), "p.lua", NULL, 0, &err),
        CORDON_E_DATA);
    ck_assert_contains(err.message, "no mask_key");
    ck_assert_int_eq(
        cordon_policy_load_text(&policy, GOOD, strlen(GOOD), "p.lua", "short", 5, &err),
        CORDON_E_INVALID);
    ck_assert(!cordon_policy_load_text(&policy, GOOD, strlen(GOOD), "p.lua", SECRET,
                                       sizeof SECRET, &err));
    ck_assert_ptr_eq(cordon_policy_retain(policy), policy);
    cordon_policy_release(policy);
    cordon_policy_release(policy);
    cordon_policy_release(NULL);
}
END_TEST

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert(!fclose(file));
}

START_TEST(file__finds_its_key_beside_it_or_in_the_environment)
{
    static const char beside[] =
        "return { mask_key = 'file:the.key', principals = { a = { reads = '*',\n"
        "masks = { A = { x = 'hash' } } } } }";
    char folder[200], path[256], key[256];
    unsigned char wanted[CDN_CONTENT_HASH_BYTES];
    cordon_policy *policy;
    cordon_error err;

    cdn_unit_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/policy.lua", folder);
    snprintf(key, sizeof key, "%s/the.key", folder);
    ck_assert_int_eq(cordon_policy_load_file(&policy, path, &err), CORDON_E_NOTFOUND);
    write_file(folder, "policy.lua", beside);
    ck_assert_int_eq(cordon_policy_load_file(&policy, path, &err), CORDON_E_DATA);
    ck_assert_contains(err.message, "the.key");
    ck_assert_uint_eq(err.line, 1);
    write_file(folder, "the.key", "too short");
    ck_assert_int_eq(cordon_policy_load_file(&policy, path, &err), CORDON_E_DATA);
    ck_assert_contains(err.message, "at least 32 bytes");
    write_file(folder, "the.key", SECRET);
    ck_assert_msg(!cordon_policy_load_file(&policy, path, &err), "%s", err.message);
    cdn_hash_content(wanted, SECRET, strlen(SECRET));
    ck_assert_mem_eq(policy->mask_key, wanted, sizeof policy->mask_key);
    cordon_policy_release(policy);

    write_file(folder, "policy.lua", GOOD);
    unsetenv("CORDON_TEST_MASK_KEY");
    ck_assert_int_eq(cordon_policy_load_file(&policy, path, &err), CORDON_E_DATA);
    ck_assert_contains(err.message, "CORDON_TEST_MASK_KEY");
    setenv("CORDON_TEST_MASK_KEY", SECRET, 1);
    ck_assert_msg(!cordon_policy_load_file(&policy, path, &err), "%s", err.message);
    ck_assert_mem_eq(policy->mask_key, wanted, sizeof policy->mask_key);
    cordon_policy_release(policy);
    unlink(key);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(public__refuses_null)
{
    cordon_policy *policy;
    cordon_error err;

    ck_assert_int_eq(cordon_policy_load_file(NULL, "x", &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_policy_load_file(&policy, NULL, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_policy_load_text(&policy, NULL, 0, "x", NULL, 0, &err),
                     CORDON_E_INVALID);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load__survives_every_allocation_failure)
{
    static const char *const texts[] = {
        GOOD, "return { principals = { a = { rulez = 1, masks = 2 }, b = 'c' } }"};
    cordon_status wanted = _i ? CORDON_E_DATA : CORDON_OK;

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_findings findings = {0};
        struct cdn_policy *policy;
        cordon_error err;
        cordon_status status = cdn_policy_load(&policy, texts[_i], strlen(texts[_i]),
                                               "p.lua", &findings, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : wanted);
        cdn_policy_free(policy);
        cdn_findings_deinit(&findings);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("policy");

    CDN_UNIT_CASE(s, load__reads_every_field);
    CDN_UNIT_CASE(s, load__grants_nothing_that_is_not_written);
    CDN_UNIT_CASE(s, load__takes_a_roles_fields_where_a_principal_has_none);
    CDN_UNIT_CASE(s, load__numbers_roles_by_what_they_say_of_the_graph);
    CDN_UNIT_LOOP(s, load__says_what_is_wrong_and_where, 0, CDN_UNIT_COUNT(faults));
    CDN_UNIT_CASE(s, load__reports_every_fault_by_line);
    CDN_UNIT_CASE(s, load__refuses_a_text_without_end);
    CDN_UNIT_CASE(s, load__gives_up_its_names_to_nobody_else);
    CDN_UNIT_CASE(s, text__with_hashes_needs_a_key);
    CDN_UNIT_CASE(s, file__finds_its_key_beside_it_or_in_the_environment);
    CDN_UNIT_CASE(s, public__refuses_null);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_LOOP(s, load__survives_every_allocation_failure, 0, 2);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
