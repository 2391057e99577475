#include "ruling.h"

#define FIELDS "fallback = 'deny', decisions = { 'allow', 'deny' },"

static const struct {
    const char *fields;
    const char *body;
    const char *message; /* part of it */
} invalid[] = {
    {"", "", "evaluate returned nil; it returns a table"},
    {"", "return 5", "evaluate returned a number"},
    {"", "return function() end", "evaluate returned a function"},
    {"", "return setmetatable({}, {})", "a result with a metatable"},
    {"", "return string", "metatable"},
    {"", "return { decison = 'allow' }",
     "decison: a result has no such field; did you mean 'decision'?"},
    {"", "return { payees = 1 }",
     "payees: a result has no such field; put it into output"},
    {"", "return { 'allow' }", "(a key that is a number): a result has no such field"},
    {"", "return { zz = 1, yy = 1, xx = 1 }", "xx: a result has no such field"},
    {"", "return { decision = 'alow' }",
     "decision: 'alow' is not one of the rule's decisions; did you mean 'allow'?"},
    {"", "return { decision = 1 }", "decision: a number where a string is needed"},
    {"", "return { decision = 'none' }", "decision: 'none' is not one of"},
    {"", "return { score = 'x' }", "score: a string where a number is needed"},
    {"", "return { score = 0/0 }", "score: NaN is not a finite number"},
    {"", "return { score = math.huge }", "score: infinity is not a finite number"},
    {"", "return { score = -math.huge }", "score: -infinity is not a finite number"},
    {"", "return { reasons = 'x' }", "reasons: a string where a list of strings"},
    {"", "return { reasons = { 'a', 5 } }", "reasons[2]: a number where a string"},
    {"", "return { reasons = { 'a', nil, 'c' } }", "reasons"},
    {"", "return { reasons = { 'a', x = 'c' } }", "reasons: the keys are not 1, 2, 3"},
    {"", "return { reasons = setmetatable({}, {}) }",
     "reasons: a table with a metatable"},
    {"", "return { reasons = { '\\255' } }", "reasons[1]: not UTF-8"},
    {"", "return { reasons = { 'a\\0b' } }", "reasons[1]: not UTF-8"},
    {"", "return { reasons = { ('x'):rep(1025) } }", "reasons[1]: 1025 bytes"},
    {"", "local t = {} for i = 1, 65 do t[i] = 'x' end return { reasons = t }",
     "reasons: more than 64"},
    {"", "return { output = function() end }", "output: a function cannot leave"},
    {"", "return { output = { a = { [1] = 1, b = print or error } } }", "output.a.b"},
    {"", "local t = {} t.t = t return { output = t }", "output.t"},
    {"returns = 'integer',", "return {}", "output: it is missing"},
    {"returns = 'integer',", "return { output = 1.5 }",
     "output: 1.5 is not an integer within 2^53"},
    {"returns = 'integer',", "return { output = 2^60 }",
     "is not an integer within 2^53"},
    {"returns = 'integer',", "return { output = 'x' }",
     "output: a string where returns declares integer"},
    {"returns = 'number',", "return { output = 0/0 }", "output: NaN is not a finite"},
    {"returns = 'boolean',", "return { output = 1 }", "returns declares boolean"},
    {"returns = 'string',", "return { output = {} }", "a table where returns declares"},
    {"returns = 'string',", "return { output = 'caf\\233' }", "output: not UTF-8 text"},
    {"returns = { s = 'string' },", "return { output = { s = '\\192\\128' } }",
     "output.s: not UTF-8 text"},
    {"", "local t = 1 for _ = 1, 32 do t = { t } end return { output = t }",
     "nest deeper than 32"},
    {"returns = { d = 'list' },",
     "local t = { 1 } for _ = 1, 30 do t = { t } end return { output = { d = t } }",
     "nest deeper than 32"},
    {"returns = 'list',", "return { output = { a = 1 } }",
     "output: a map where returns"},
    {"returns = 'map',", "return { output = { 1 } }", "output: a list where returns"},
    {"returns = { n = 'integer' },", "return {}", "output: it is missing"},
    {"returns = { n = 'integer' },", "return { output = 5 }",
     "output: a number where returns declares fields"},
    {"returns = { n = 'integer' },", "return { output = {} }",
     "output.n: it is missing; returns declares it as integer"},
    {"returns = { num = 'integer' },", "return { output = { nun = 1 } }",
     "output.nun: returns declares no such field; did you mean 'num'?"},
    {"returns = { n = 'integer' },", "return { output = { n = 'x' } }",
     "output.n: a string where returns declares integer"},
    {"returns = { n = 'list' },", "return { output = { n = { x = 1 } } }",
     "output.n: a map where returns declares a list"},
    {"returns = { n = 'any' },", "return { output = setmetatable({}, {}) }",
     "output: a table with a metatable"},
    {"", "return { updated_nodes = 1 }", "updated_nodes: a number where a list"},
    {"", "return { updated_nodes = { 1 } }", "updated_nodes[1]: a table of named"},
    {"", "return { new_edges = { x = 1 } }", "new_edges: a map where a list"},
    {"", "return { new_edges = { { type = print or error } } }", "new_edges[1].type"},
};

START_TEST(result__refuses_what_breaks_the_contract)
{
    char fields[256];
    struct ruling r;
    size_t bytes;

    snprintf(fields, sizeof fields, FIELDS "%s", invalid[_i].fields);
    ruling_evaluate(&r, fields, invalid[_i].body);
    ck_assert_msg(cordon_outcome_get_kind(r.outcome) == CORDON_OUTCOME_INVALID_RESULT,
                  "%s: %s", cordon_outcome_kind_str(cordon_outcome_get_kind(r.outcome)),
                  cordon_outcome_message(r.outcome));
    ck_assert_contains(cordon_outcome_message(r.outcome), invalid[_i].message);
    ck_assert_uint_gt(r.rule->evaluate_line, 0);
    ck_assert_uint_eq(cordon_outcome_line(r.outcome), r.rule->evaluate_line);
    ck_assert(cordon_outcome_is_fallback(r.outcome));
    ck_assert_str_eq(cordon_outcome_decision(r.outcome), "deny");
    ck_assert(!cordon_outcome_score(r.outcome, NULL));
    ck_assert_uint_eq(cordon_outcome_reason_count(r.outcome), 0);
    ck_assert_int_eq(cordon_outcome_output(r.outcome).type, CORDON_NIL);
    cordon_outcome_result(r.outcome, &bytes);
    ck_assert_uint_eq(bytes, 0);
    ruling_deinit(&r);
}
END_TEST

static const struct {
    const char *fields;
    const char *body;
    const char *bytes; /* of the result */
    size_t size;
} valid[] = {
#define NESTED        "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
#define RESULT(bytes) bytes, sizeof(bytes) - 1
    {"", "return {}", RESULT("\x80")},
    {"", "return { decision = 'allow' }",
     RESULT("\x81\xa8"
            "decision\xa5"
            "allow")},
    {"", "return { score = 2, reasons = { 'b', 'a' }, decision = 'deny' }",
     RESULT("\x83\xa8"
            "decision\xa4"
            "deny\xa7reasons\x92\xa1"
            "b\xa1"
            "a\xa5score\x02")},
    {"", "return { reasons = {} }", RESULT("\x81\xa7reasons\x90")},
    {"", "return { output = {} }", RESULT("\x81\xa6output\x90")},
    {"", "return { output = { b = 1, a = 0.5 } }",
     RESULT("\x81\xa6output\x82\xa1"
            "a\xcb\x3f\xe0\0\0\0\0\0\0\xa1"
            "b\x01")},
    {"", "return { output = false }", RESULT("\x81\xa6output\xc2")},
    {"returns = 'map',", "return { output = {} }", RESULT("\x81\xa6output\x80")},
    {"returns = 'list',", "return { output = {} }", RESULT("\x81\xa6output\x90")},
    {"returns = 'list?',", "return {}", RESULT("\x80")},
    {"returns = { z = 'map', a = 'list', m = 'any', o = 'string?' },",
     "return { output = { z = {}, a = {} } }",
     RESULT("\x81\xa6output\x82\xa1"
            "a\x90\xa1z\x80")},
    {"returns = { z = 'map?' },", "return {}", RESULT("\x80")},
    {"returns = { n = 'number' },", "return { output = { n = 3 } }",
     RESULT("\x81\xa6output\x81\xa1n\x03")},
    {"", "local t = 1 for _ = 1, 31 do t = { t } end return { output = t }",
     RESULT("\x81\xa6output" NESTED NESTED NESTED "\x91\x01")},
    {"", "return { updated_nodes = { { a = 1 } }, new_edges = {} }",
     RESULT("\x82\xa9new_edges\x90\xadupdated_nodes\x91\x81\xa1"
            "a\x01")},
};

START_TEST(result__is_encoded_with_its_keys_in_order)
{
    char fields[256];
    struct ruling r;
    const void *bytes;
    cordon_value whole;
    size_t size;

    snprintf(fields, sizeof fields, FIELDS "%s", valid[_i].fields);
    ruling_evaluate(&r, fields, valid[_i].body);
    ck_assert_str_eq(cordon_outcome_message(r.outcome), "");
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_OK);
    bytes = cordon_outcome_result(r.outcome, &size);
    ck_assert_uint_eq(size, valid[_i].size);
    ck_assert_mem_eq(bytes, valid[_i].bytes, size);
    ck_assert(!cordon_value_parse(&whole, bytes, size, NULL));
    ck_assert_uint_eq(cordon_outcome_usage(r.outcome)->output_bytes, size);
    ruling_deinit(&r);
}
END_TEST

START_TEST(result__is_what_the_accessors_give)
{
    struct ruling r;
    cordon_value value;
    double score = 0;

    ruling_evaluate(
        &r, FIELDS,
        "return { decision = 'allow', score = -1.5, reasons = { 'one', '' },\n"
        "output = { n = 7 }, updated_nodes = { { k = 'v' } },\n"
        "new_edges = { { x = 1 }, { x = 2 } } }");
    ck_assert_str_eq(cordon_outcome_message(r.outcome), "");
    ck_assert_str_eq(cordon_outcome_decision(r.outcome), "allow");
    ck_assert(!cordon_outcome_is_fallback(r.outcome));
    ck_assert(cordon_outcome_score(r.outcome, &score));
    ck_assert_double_eq(score, -1.5);
    ck_assert_uint_eq(cordon_outcome_reason_count(r.outcome), 2);
    ck_assert_str_eq(cordon_outcome_reason(r.outcome, 0), "one");
    ck_assert_str_eq(cordon_outcome_reason(r.outcome, 1), "");
    ck_assert_ptr_null(cordon_outcome_reason(r.outcome, 2));
    value = cordon_outcome_output(r.outcome);
    ck_assert(cordon_value_get(&value, &value, "n"));
    ck_assert_int_eq(value.as.integer, 7);
    ck_assert_uint_eq(cordon_outcome_updated_nodes(r.outcome).length, 1);
    value = cordon_outcome_new_edges(r.outcome);
    ck_assert(cordon_value_at(&value, &value, 1));
    ck_assert(cordon_value_get(&value, &value, "x"));
    ck_assert_int_eq(value.as.integer, 2);
    ruling_deinit(&r);
}
END_TEST

START_TEST(result__writes_a_node_as_label_and_key)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;
    cordon_value value;

    ruling_init(&r,
                ruling_source("fallback = 'none', reads = { Account = {} }, "
                              "returns = { n = 'map' },",
                              "return { output = { n = request.node } }"),
                cdn_fixture_bank_open());
    request.label = "Account";
    request.key = "200";
    ck_assert_msg(!ruling_run(&r, &request), "%s", r.err.message);
    ck_assert_str_eq(cordon_outcome_message(r.outcome), "");
    value = cordon_outcome_output(r.outcome);
    ck_assert(cordon_value_get(&value, &value, "n"));
    ck_assert(cordon_value_get(&value, &value, "key"));
    ck_assert_uint_eq(value.length, 3);
    ck_assert_mem_eq(value.as.string, "200", 3);
    ruling_deinit(&r);
}
END_TEST

/* No metamethod of the rule's runs while its result is read. */
START_TEST(result__reads_tables_raw)
{
    struct ruling r;

    ruling_evaluate(
        &r, FIELDS,
        "return setmetatable({}, { __index = function() while true do end end })");
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_INVALID_RESULT);
    ruling_deinit(&r);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("result");

    CDN_UNIT_LOOP(s, result__refuses_what_breaks_the_contract, 0,
                  CDN_UNIT_COUNT(invalid));
    CDN_UNIT_LOOP(s, result__is_encoded_with_its_keys_in_order, 0,
                  CDN_UNIT_COUNT(valid));
    CDN_UNIT_CASE(s, result__is_what_the_accessors_give);
    CDN_UNIT_CASE(s, result__writes_a_node_as_label_and_key);
    CDN_UNIT_CASE(s, result__reads_tables_raw);
    return s;
}

CDN_UNIT_MAIN(suite)
