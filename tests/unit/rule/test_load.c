#include "ruling.h"

#include "base/alloc.h"

static cordon_status load(const char *source, cordon_error *err)
{
    struct cdn_slot *slot = ruling_slot();
    struct cdn_rule *rule = (struct cdn_rule *)1;
    cordon_status status = cdn_rule_load(&rule, slot, source, strlen(source), "bad.lua",
                                         &ruling_load_budget, NULL, err);

    ck_assert((status != CORDON_OK) == (rule == NULL));
    cdn_rule_free(rule);
    cdn_slot_free(slot);
    return status;
}

static const struct {
    const char *source;
    uint32_t line;
    const char *message; /* part of it */
} broken[] = {
    {"return {\n name = = }", 2, "unexpected symbol"},
    {"local x = 1LL return {}", 1, "numbers have no suffix"},
    {"\n\nerror('boom')", 3, "boom"},
    {"error({})", 0, "the error object is a table"},
    {"\nwhile true do end", 2, "more than 10000000 instructions while it loads"},
    {"pcall(function() while true do end end) return {}", 1, "instructions"},
    {"local t = {} for i = 1, 1e7 do t[i] = i end", 0, "more memory while it loads"},
    {"return { name = ('x'):rep(300 * 1024) }", 0, "bytes of contract"},
    {"\n-- return\nlocal f = function() return 1 end\n\nreturn 3", 5,
     "the file returns a number"},
    {"return os", 1, "the file returns nil"},
    {"local t = {} t.t = t\nreturn { fallback = 'none', evaluate = function() end,\n"
     "name = t }",
     3, "name.t: a table that contains itself"},
    {"\33Lua", 1, ""},
    {"", 0, "the file returns nil"},
};

START_TEST(load__says_what_is_wrong_with_a_chunk)
{
    cordon_error err;

    ck_assert_int_eq(load(broken[_i].source, &err), CORDON_E_RULE);
    ck_assert_contains(err.message, broken[_i].message);
    if (broken[_i].line)
        ck_assert_uint_eq(err.line, broken[_i].line);
    ck_assert_str_eq(err.file, "bad.lua");
}
END_TEST

START_TEST(load__refuses_long_sources)
{
    size_t bytes = CORDON_RULE_MAX_SOURCE_BYTES + 1;
    char *source = malloc(bytes + 1);
    cordon_error err;

    ck_assert_ptr_nonnull(source);
    memset(source, ' ', bytes);
    source[bytes] = '\0';
    ck_assert_int_eq(load(source, &err), CORDON_E_RULE);
    ck_assert_contains(err.message, "at most 262144");
    free(source);
}
END_TEST

START_TEST(load__leaves_no_finding_for_a_chunk_without_contract)
{
    struct cdn_slot *slot = ruling_slot();
    struct cdn_findings findings = {0};
    struct cdn_rule *rule;
    cordon_error err;

    ck_assert(cdn_rule_load(&rule, slot, "x =", 3, "bad.lua", &ruling_load_budget,
                            &findings, &err));
    ck_assert_uint_eq(findings.count, 0);
    ck_assert_uint_eq(err.line, 1);
    cdn_slot_free(slot);
}
END_TEST

START_TEST(load__works_again_in_the_same_slot)
{
    static const char good[] =
        "return { name = 'r', fallback = 'none', evaluate = function() end }";
    struct cdn_slot *slot = ruling_slot();
    struct cdn_rule *rule;
    cordon_error err;

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        ck_assert(cdn_rule_load(&rule, slot, broken[i].source, strlen(broken[i].source),
                                "bad.lua", &ruling_load_budget, NULL, NULL));
        ck_assert_msg(!cdn_rule_load(&rule, slot, good, sizeof good - 1, "good.lua",
                                     &ruling_load_budget, NULL, &err),
                      "%s", err.message);
        cdn_rule_free(rule);
    }
    cdn_slot_free(slot);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load__survives_every_allocation_failure)
{
    static const char source[] =
        "return { name = 'r', description = 'd', owner = 'o', tags = { 'x' },\n"
        "  params = { a = { type = 'string', choices = { 'x', 'y' }, default = 'x',\n"
        "                   description = 'd' } }, reads = { A = { 'b' } },\n"
        "  decisions = { 'no' }, fallback = 'no', returns = { n = 'integer' },\n"
        "  evaluate = function() end }";
    struct cdn_slot *slot = ruling_slot();

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_rule *rule;
        cordon_error err;
        cordon_status status = cdn_rule_load(&rule, slot, source, sizeof source - 1,
                                             "r.lua", &ruling_load_budget, NULL, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert((status != CORDON_OK) == (rule == NULL));
        cdn_rule_free(rule);
    }
    cdn_slot_free(slot);
}
END_TEST

START_TEST(load__survives_allocation_failures_among_faults)
{
    static const char source[] = "return { tags = { 1, 2, 3 }, params = { a = {} } }";
    struct cdn_slot *slot = ruling_slot();

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_findings findings = {0};
        struct cdn_rule *rule;
        cordon_error err;
        cordon_status status =
            cdn_rule_load(&rule, slot, source, sizeof source - 1, "r.lua",
                          &ruling_load_budget, &findings, &err);

        ck_assert_int_eq(status,
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_E_RULE);
        ck_assert_ptr_null(rule);
        cdn_findings_deinit(&findings);
    }
    cdn_slot_free(slot);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("load");

    CDN_UNIT_LOOP(s, load__says_what_is_wrong_with_a_chunk, 0, CDN_UNIT_COUNT(broken));
    CDN_UNIT_CASE(s, load__refuses_long_sources);
    CDN_UNIT_CASE(s, load__leaves_no_finding_for_a_chunk_without_contract);
    CDN_UNIT_CASE(s, load__works_again_in_the_same_slot);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, load__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, load__survives_allocation_failures_among_faults);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
