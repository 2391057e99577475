#include "ruling.h"

/* A broken contract: the text after `return `, the line of its first fault and the whole of
 * its message.  GOOD is all that a contract must have. */
#define GOOD "name = 'r', fallback = 'none', evaluate = function() end,\n"
#define EVAL "evaluate = function() end,\n"
static const struct {
    const char *table;
    uint32_t line;
    const char *message;
} faults[] = {
    {"1", 1, "the file returns a number; a rule is a file that returns a table"},
    {"nil", 1, "the file returns nil; a rule is a file that returns a table"},
    {"{ fallback = 'none', " EVAL "}", 1,
     "name: it is missing; write name = \"my_rule\""},
    {"{ fallback = 'none', " EVAL "name = 'two words' }", 2,
     "name: a word is needed that begins with a letter: letters, digits, '_', '-' and "
     "'.', "
     "at most 64 bytes"},
    {"{ fallback = 'none', " EVAL "name = 5 }", 2,
     "name: a word is needed that begins with a letter: letters, digits, '_', '-' and "
     "'.', "
     "at most 64 bytes"},
    {"{ name = 'r', " EVAL "}", 1,
     "fallback: it is missing; say which decision stands when the rule fails or is "
     "stopped, or \"none\" to leave that to the host"},
    {"{ name = 'r', fallback = 'none' }", 1,
     "evaluate: it is missing; write evaluate = function(graph, request) ... end"},
    {"{ name = 'r', fallback = 'none',\nevaluate = 3 }", 2,
     "evaluate: a function is needed, not a number"},
    {"{ " GOOD "descripton = 'x' }", 2,
     "descripton: there is no such field; did you mean 'description'?"},
    {"{ " GOOD "zzzz = 'x' }", 2,
     "zzzz: there is no such field; there are name, description, owner, tags, params, "
     "reads, decisions, fallback, returns, limits, functions, evaluate"},
    {"{ " GOOD "description = 5 }", 2, "description: a string is needed"},
    {"{ " GOOD "description = '\\255' }", 2,
     "description: the string is not UTF-8 text without NUL bytes"},
    {"{ " GOOD "owner = {} }", 2, "owner: a string is needed"},
    {"{ " GOOD "tags = 'x' }", 2,
     "tags: a list of at most 64 words is needed, such as { \"fraud\" }"},
    {"{ " GOOD "tags = { 'x',\n 5 } }", 3, "tags[2]: a string is needed"},
    {"{ " GOOD "[7] = 1 }", 1, "a field's key is a number; keys are strings"},
    {"{ " GOOD "description = print == nil and function() end }", 2,
     "description: a function cannot leave the sandbox"},
    /* params */
    {"{ " GOOD "params = 1 }", 2,
     "params: a table of names is needed, such as { window = { type = \"duration\", "
     "default = \"24h\" } }"},
    {"{ " GOOD "params = { 'x' } }", 2,
     "params: a table of names is needed, such as { window = { type = \"duration\", "
     "default = \"24h\" } }"},
    {"{ " GOOD "params = { a = 1 } }", 2,
     "params.a: a table of names is needed, such as { type = \"integer\" }"},
    {"{ " GOOD "params = { ['a b'] = {} } }", 2,
     "params: 'a b' is not a name: letters, digits and '_', at most 64"},
    {"{ " GOOD "params = {\n a = {} } }", 3,
     "params.a: type is missing; write type = \"integer\", say"},
    {"{ " GOOD "params = { a = {\n type = 'intger' } } }", 3,
     "params.a.type: 'intger' is not a parameter type; did you mean 'integer'?"},
    {"{ " GOOD "params = { a = { type = 5 } } }", 2,
     "params.a.type: a parameter type is needed: one of boolean, integer, number, "
     "string, "
     "duration, timestamp, list"},
    {"{ " GOOD "params = { a = { type = 'integer',\n defualt = 5 } } }", 3,
     "params.a.defualt: there is no such field; did you mean 'default'?"},
    {"{ " GOOD "params = { a = { type = 'integer', default = 'x' } } }", 2,
     "params.a.default: the default: 'x' is not an integer"},
    {"{ " GOOD "params = { a = { type = 'integer', default = 1.5 } } }", 2,
     "params.a.default: the default: 1.5 is not an integer"},
    {"{ " GOOD "params = { a = { type = 'integer', default = 0, min = 1 } } }", 2,
     "params.a.default: the default: 0 is below the minimum 1"},
    {"{ " GOOD "params = { a = { type = 'number', default = 9.5, max = 9 } } }", 2,
     "params.a.default: the default: 9.5 is above the maximum 9"},
    {"{ " GOOD "params = { a = { type = 'integer', min = 3, max = 2 } } }", 2,
     "params.a.min: 3 is above max, which is 2"},
    {"{ " GOOD "params = { a = { type = 'integer', min = 'x' } } }", 2,
     "params.a.min: the bound: 'x' is not an integer"},
    {"{ " GOOD "params = { a = { type = 'boolean', min = 1 } } }", 2,
     "params.a.min: a boolean has no bounds"},
    {"{ " GOOD "params = { a = { type = 'string', min = -1 } } }", 2,
     "params.a.min: a length cannot be negative"},
    {"{ " GOOD "params = { a = { type = 'duration', default = '24x' } } }", 2,
     "params.a.default: the default: '24x' is not a duration such as \"24h\", "
     "\"1d12h\" or "
     "\"250ms\", or milliseconds"},
    {"{ " GOOD "params = { a = { type = 'timestamp', default = 'noon' } } }", 2,
     "params.a.default: the default: 'noon' is not a time such as "
     "\"2026-11-24T02:29:00Z\", or milliseconds since 1970"},
    {"{ " GOOD "params = { a = { type = 'duration', default = '1h', max = '30m' } } }",
     2, "params.a.default: the default: '1h' is above the maximum 1800000"},
    {"{ " GOOD "params = { a = { type = 'integer', default = 1, required = true } } }",
     2,
     "params.a.default: a required parameter needs no default; leave one of both out"},
    {"{ " GOOD "params = { a = { type = 'integer', required = 'yes' } } }", 2,
     "params.a.required: true or false is needed"},
    {"{ " GOOD "params = { a = { type = 'integer', choices = { 'x' } } } }", 2,
     "params.a.choices: only a string parameter has choices"},
    {"{ " GOOD "params = { a = { type = 'string', choices = {} } } }", 2,
     "params.a.choices: a list of strings is needed, such as { \"a\", \"b\" }"},
    {"{ " GOOD "params = { a = { type = 'string', choices = { 1 } } } }", 2,
     "params.a.choices[1]: a string is needed"},
    {"{ " GOOD "params = { a = { type = 'string', choices = { 'up', 'down' },\n"
     "default = 'dwon' } } }",
     3,
     "params.a.default: the default: 'dwon' is not one of its choices, up, down; did "
     "you mean "
     "'down'?"},
    {"{ " GOOD "params = { a = { type = 'list' } } }", 2,
     "params.a: element is missing; write element = \"string\", say"},
    {"{ " GOOD "params = { a = { type = 'list', element = 'list' } } }", 2,
     "params.a.element: a list of lists cannot be a parameter"},
    {"{ " GOOD "params = { a = { type = 'string', element = 'string' } } }", 2,
     "params.a.element: only a list has elements"},
    {"{ " GOOD
     "params = { a = { type = 'list', element = 'integer', default = { 1, 'x' } "
     "} } }",
     2, "params.a.default: the default[2]: 'x' is not an integer"},
    {"{ " GOOD "params = { a = { type = 'list', element = 'integer', max = 1,\n"
     "default = { 1, 2 } } } }",
     3,
     "params.a.default: the default: its length 2 is above 1; give at most 1 elements"},
    {"{ " GOOD "params = { a = { type = 'integer', description = 1 } } }", 2,
     "params.a.description: a string is needed"},
    /* reads */
    {"{ " GOOD "reads = 'Account' }", 2,
     "reads: a table of names is needed, such as { Account = { \"createTime\" }, "
     "transfer "
     "= {} }"},
    {"{ " GOOD "reads = { 'Account' } }", 2,
     "reads: a table of names is needed, such as { Account = { \"createTime\" }, "
     "transfer "
     "= {} }"},
    {"{ " GOOD "reads = { Account = 'x' } }", 2,
     "reads.Account: a list of property names is needed, such as { \"amount\" }, or {} "
     "for "
     "none"},
    {"{ " GOOD "reads = { Account = { 'a',\n5 } } }", 3,
     "reads.Account[2]: a property name is needed, a string of at most 64 bytes"},
    {"{ " GOOD "reads = { Account = { 'a b' } } }", 2,
     "reads.Account[1]: 'a b' is not a property name: letters, digits and '_', at most "
     "64 "
     "bytes"},
    /* decisions and fallback */
    {"{ " GOOD "decisions = 'deny' }", 2,
     "decisions: a list of at most 16 words is needed, least severe first, such as { "
     "\"allow\", \"deny\" }"},
    {"{ " GOOD "decisions = { 'a',\n'b c' } }", 3,
     "decisions[2]: a word is needed that begins with a letter: letters, digits, '_', "
     "'-' "
     "and '.', at most 64 bytes"},
    {"{ " GOOD "decisions = { 'a', 'a' } }", 2, "decisions[2]: 'a' stands twice"},
    {"{ " GOOD "decisions = { 'none' } }", 2,
     "decisions[1]: 'none' is what fallback calls no decision; use another word"},
    {"{ name = 'r', " EVAL "decisions = { 'allow', 'deny' }, fallback = 'dney' }", 2,
     "fallback: 'dney' is not \"none\" or one of the rule's decisions; did you mean "
     "'deny'?"},
    {"{ name = 'r', " EVAL "fallback = 'whatever' }", 2,
     "fallback: 'whatever' is not \"none\" or one of the rule's decisions; use one of "
     "none"},
    /* returns */
    {"{ " GOOD "returns = 'int' }", 2,
     "returns: 'int' is not a type of a result; use one of boolean, integer, number, "
     "string, list, map, any"},
    {"{ " GOOD "returns = 5 }", 2,
     "returns: a table of names is needed, such as { count = \"integer\", note = "
     "\"string?\" }, or one type"},
    {"{ " GOOD "returns = {\n count = 'intege' } }", 3,
     "returns.count: 'intege' is not a type of a result; did you mean 'integer'?"},
    {"{ " GOOD "returns = { count = {} } }", 2,
     "returns.count: a type of a result is needed: one of boolean, integer, number, "
     "string, list, map, any"},
    /* limits */
    {"{ " GOOD "limits = 5 }", 2,
     "limits: a table of names is needed, such as { instructions = 1e6, time = \"5ms\" "
     "}"},
    {"{ " GOOD "limits = { instruction = 5 } }", 2,
     "limits.instruction: there is no such field; did you mean 'instructions'?"},
    {"{ " GOOD "limits = { instructions = 0 } }", 2,
     "limits.instructions: a whole number is needed, at least 1 and at most 2^53 in "
     "all"},
    {"{ " GOOD "limits = { edges = 1.5 } }", 2,
     "limits.edges: a whole number is needed, at least 1 and at most 2^53 in all"},
    {"{ " GOOD "limits = { instructions = '5' } }", 2,
     "limits.instructions: a whole number is needed"},
    {"{ " GOOD "limits = { memory = '5 apples' } }", 2,
     "limits.memory: a size such as \"512KiB\", or bytes is needed"},
    {"{ " GOOD "limits = { time = 'soon' } }", 2,
     "limits.time: a time such as \"5ms\", or milliseconds is needed"},
};

START_TEST(contract__names_every_fault_and_its_line)
{
    struct cdn_slot *slot = ruling_slot();
    struct cdn_findings findings = {0};
    struct cdn_rule *rule;
    char source[2048];
    cordon_error err;

    snprintf(source, sizeof source, "return %s", faults[_i].table);
    ck_assert_int_eq(cdn_rule_load(&rule, slot, source, strlen(source), "bad.lua",
                                   &ruling_load_budget, &findings, &err),
                     CORDON_E_RULE);
    ck_assert_ptr_null(rule);
    ck_assert_str_eq(err.message, faults[_i].message);
    ck_assert_uint_eq(err.line, faults[_i].line ? faults[_i].line : err.line);
    ck_assert_str_eq(err.file, "bad.lua");
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_str_eq(findings.items[0].message, err.message);
    ck_assert_uint_eq(findings.items[0].line, err.line);
    cdn_findings_deinit(&findings);
    cdn_slot_free(slot);
}
END_TEST

START_TEST(contract__reports_all_faults_in_the_order_of_lines)
{
    static const char source[] = "return {\n"
                                 "  name = 'r',\n"
                                 "  limits = { time = 'soon' },\n"
                                 "  params = { a = { type = 'x' },\n"
                                 "             b = { type = 'integer', min = 'y' } },\n"
                                 "  evaluate = function() end,\n"
                                 "  fallback = 7,\n"
                                 "}\n";
    static const uint32_t lines[] = {3, 4, 5, 7};
    struct cdn_slot *slot = ruling_slot();
    struct cdn_findings findings = {0};
    struct cdn_rule *rule;
    cordon_error err;

    ck_assert_int_eq(cdn_rule_load(&rule, slot, source, strlen(source), "bad.lua",
                                   &ruling_load_budget, &findings, &err),
                     CORDON_E_RULE);
    ck_assert_uint_eq(findings.count, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(findings.items[i].line, lines[i]);
    ck_assert_uint_eq(err.line, 3);
    cdn_findings_deinit(&findings);
    cdn_slot_free(slot);
}
END_TEST

START_TEST(contract__keeps_all_it_declares)
{
    static const char source[] =
        "return { name = 'all.of-it', description = 'D', owner = 'O', tags = { 'x', "
        "'y' },\n"
        "  params = { z = { type = 'duration', default = '1d', min = 1000, max = "
        "'2d',\n"
        "                   description = 'how long' },\n"
        "             a = { type = 'list', element = 'string', required = true },\n"
        "             s = { type = 'string', choices = { 'u', 'v' } } },\n"
        "  reads = { transfer = { 'amount', 'ts' }, Account = {} },\n"
        "  decisions = { 'allow', 'deny' }, fallback = 'deny',\n"
        "  returns = { n = 'integer', l = 'list?' },\n"
        "  limits = { instructions = 2e6, memory = '512KiB', time = '5ms', edges = 7,\n"
        "             output = 100 },\n"
        "  evaluate = function() end }\n";
    struct ruling r;
    const struct cdn_rule *rule;

    memset(&r, 0, sizeof r);
    r.slot = ruling_slot();
    ck_assert_msg(!cdn_rule_load(&r.rule, r.slot, source, strlen(source), "all.lua",
                                 &ruling_load_budget, NULL, &r.err),
                  "%s", r.err.message);
    rule = r.rule;
    ck_assert_str_eq(rule->name, "all.of-it");
    ck_assert_str_eq(rule->description, "D");
    ck_assert_str_eq(rule->owner, "O");
    ck_assert_uint_eq(rule->tag_count, 2);
    ck_assert_str_eq(rule->tags[1], "y");
    ck_assert_str_eq(rule->file, "all.lua");
    ck_assert_uint_eq(rule->param_count, 3);
    ck_assert_str_eq(rule->params[0].name, "a");
    ck_assert(rule->params[0].required);
    ck_assert_int_eq(rule->params[0].element, CDN_PARAM_STRING);
    ck_assert_str_eq(rule->params[1].choices[1], "v");
    ck_assert_str_eq(rule->params[2].description, "how long");
    ck_assert_double_eq(rule->params[2].fallback_value.as.number, 86400000);
    ck_assert_double_eq(rule->params[2].max, 172800000);
    ck_assert_uint_eq(rule->names.kind_count, 2);
    ck_assert_str_eq(rule->names.kinds[0].name, "Account");
    ck_assert_uint_eq(rule->names.kinds[1].line, 6);
    ck_assert_uint_eq(rule->names.property_count, 2);
    ck_assert_uint_eq(rule->decision_count, 2);
    ck_assert_int_eq(rule->fallback, 1);
    ck_assert(rule->returns_map);
    ck_assert(!rule->returns_optional);
    ck_assert_str_eq(rule->returns[0].name, "l");
    ck_assert(rule->returns[0].optional);
    ck_assert_str_eq(rule->returns[1].type, "integer");
    ck_assert_uint_eq(rule->limits.instructions, 2000000);
    ck_assert_uint_eq(rule->limits.memory_bytes, 512 * 1024);
    ck_assert_uint_eq(rule->limits.wall_ns, 5000000);
    ck_assert_uint_eq(rule->limits.edges, 7);
    ck_assert_uint_eq(rule->limits.output_bytes, 100);
    ck_assert_uint_gt(rule->image_bytes, 1000);
    cdn_rule_free(r.rule);
    cdn_slot_free(r.slot);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("contract");

    CDN_UNIT_LOOP(s, contract__names_every_fault_and_its_line, 0,
                  CDN_UNIT_COUNT(faults));
    CDN_UNIT_CASE(s, contract__reports_all_faults_in_the_order_of_lines);
    CDN_UNIT_CASE(s, contract__keeps_all_it_declares);
    return s;
}

CDN_UNIT_MAIN(suite)
