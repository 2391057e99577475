/* Sources and what is found in them: each row a fault, or something that looks like one. */
#include "lint_fixture.h"

struct row {
    const char *source, *found;
};

static void check(const struct row *rows, int count)
{
    char found[600];

    for (int i = 0; i < count; i++) {
        lint_findings(found, sizeof found, rows[i].source, NULL, 0);
        ck_assert_msg(!strcmp(found, rows[i].found), "%s\nfound  %s\nwanted %s",
                      rows[i].source, found, rows[i].found);
    }
}

#define CHECK(rows) check(rows, CDN_UNIT_COUNT(rows))

START_TEST(names__are_defined_read_and_local)
{
    static const struct row rows[] = {
        {LINT_RULE("return { score = totl }"), "CRD201@8:18"},
        {LINT_RULE("return { score = os.time() }"), "CRD201@8:18"},
        {LINT_RULE("if cache then return { score = 1 } end return {}"), ""},
        {LINT_RULE("local x = cache or {} return { output = x }"), ""},
        {LINT_RULE("total = 1 return { score = total }"), "CRD202@8:1"},
        {LINT_RULE("_G.total = 1 return { score = total }"), ""},
        {LINT_RULE("local x = 1 return {}"), "CRD203@8:7"},
        {LINT_RULE("local x = 1 x = 2 return {}"), "CRD203@8:7"},
        {LINT_RULE("local x, _y = 1, 2 return { score = x }"), ""},
        {LINT_RULE("local function f() return 1 end return {}"), "CRD203@8:16"},
        {LINT_RULE("local function f() return f() end return {}"), ""},
        {LINT_RULE(
             "for i = 1, 2 do request.node:both('transfer'):count() end return {}"),
         "CRD204@8:5"},
        {LINT_RULE("local f = function(a, b) return b end return { score = f(1, 2) }"),
         "CRD204@8:20"},
        {LINT_RULE("local t = {} function t:f() return 1 end return { score = t:f() }"),
         ""},
        {LINT_RULE(
             "local t = {} function t:f() return self.x end return { score = t:f() }"),
         ""},
        {LINT_RULE("local n = 1 do local n = 2 if n > 1 then return {} end end "
                   "return { score = n }"),
         "CRD205@8:22"},
        {LINT_RULE("local n = 1 do local n = n + 1 if n > 1 then return {} end end "
                   "return { score = n }"),
         ""},
        {LINT_RULE("do local n = 2 if n > 1 then return {} end end local n = 1 "
                   "return { score = n }"),
         ""},
        {LINT_RULE("repeat local done = request.now > 1 until done return {}"), ""},
        {LINT_RULE("local goto = 1 return { score = goto }"), ""},
        {LINT_RULE("return { score = host.geo(1) }"), ""},
    };

    CHECK(rows);
}
END_TEST

START_TEST(api__names_exist)
{
    static const struct row rows[] = {
        {LINT_RULE("return { score = request.node:outgoing('transfer'):cuont() }"),
         "CRD301@8:52"},
        {LINT_RULE("return { score = ('x'):fromat(1) }"), "CRD301@8:24"},
        {LINT_RULE("return { score =#graph:ndoe('Account', '1').key }"), "CRD301@8:24"},
        {LINT_RULE(
             "local v = graph:ego(request.node) return { score = v:pagernak():of(1) }"),
         "CRD301@8:54"},
        {LINT_RULE("return { score = request.node.nmae }"), "CRD302@8:31"},
        {LINT_RULE("return { score = request.node.amount }"), ""}, /* of some label */
        {LINT_RULE(
             "return { score = request.node:outgoing('transfer'):sum('amuont') }"),
         "CRD302@8:56"},
        {LINT_RULE("return { score = request.node:outgoing('transfer'):max('time') }"),
         ""},
        {LINT_RULE("for e in request.node:outgoing('transfer'):each() do "
                   "if e.name then return {} end end return {}"),
         "CRD302@8:59"},
        {LINT_RULE("for e in request.node:outgoing('transfer'):each() do "
                   "if e.time + e.amount > 1 then return {} end end return {}"),
         ""},
        {LINT_RULE("return { score = request.node:outgoing('tranfer'):count() }"),
         "CRD303@8:40"},
        {LINT_RULE("return { score =#graph:node('Acount', '1').key }"), "CRD303@8:29"},
        {LINT_RULE("return { score = request.params.mots }"), "CRD304@8:33"},
        {LINT_RULE("local p = request.params return { score = p.mots }"),
         "CRD304@8:45"},
        {LINT_RULE("return { score = math.flor(1) }"), "CRD305@8:23"},
        {LINT_RULE("local math = { flor = 1 } return { score = math.flor }"), ""},
        {LINT_RULE("return { score = math.trunc and 1 or 2 }"), ""},
        {LINT_RULE("return { score = request.noww }"), "CRD306@8:26"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":where('amount', '=>', 1):count() }"),
         "CRD307@8:68"},
        {LINT_RULE("local t = { cuont = function() return 1 end } "
                   "return { score = t:cuont() + t.anything }"),
         ""},
    };

    CHECK(rows);
}
END_TEST

START_TEST(api__options_exist)
{
    static const struct row rows[] = {
        {LINT_RULE("return { score = graph:ego(request.node, { hop = 2 }):count() }"),
         "CRD308@8:44"},
        {LINT_RULE(
             "return { score = graph:ego(request.node, { hops = 2, edges = 'tranfer' })"
             ":count() }"),
         "CRD303@8:62"},
        {LINT_RULE("return { score = graph:ego(request.node, { edges = { 'tranfer' }, "
                   "weight = 'amuont' }):count() }"),
         "CRD303@8:54 CRD302@8:76"},
        {LINT_RULE("return { score = graph:ego(request.node, { edges = { transfer = "
                   "{ sinse = 1 } }, weight = 'amount' }):count() }"),
         "CRD308@8:67"},
        {LINT_RULE("return { score = graph:view({ labels = { 'Acount' } }):count() }"),
         "CRD303@8:42"},
        {LINT_RULE("local o = { hop = 2 }\n"
                   "return { score = graph:ego(request.node, o):count() }"),
         ""},
        {LINT_RULE("return { score = graph:ego({ request.node }, nil):count() }"),
         "CRD309@8:28"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":group({ n = { sun = 'amount' }, m = { sum = 'amuont' }, "
                   "k = { max = 'time', times = 2 }, l = 'count' }):count() }"),
         "CRD308@8:66 CRD302@8:96"},
        {LINT_RULE(
             "local s = graph:set({ request.node }):with({ at = 1 })\n"
             "return { score = s:outgoing('transfer'):group({ n = { sum = 'at' } })"
             ":count() }"),
         ""},
        {LINT_RULE("return { score = graph:ego(request.node):betweenness{ source = 3 }"
                   ":sum() }"),
         "CRD308@8:55"},
    };

    CHECK(rows);
}
END_TEST

START_TEST(api__follows_locals_and_functions)
{
    static const struct row rows[] = {
        {LINT_RULE("local function f(e) return e:cuont() end\n"
                   "return { score = f(request.node:outgoing('transfer')) }"),
         "CRD301@8:30"},
        {LINT_RULE("local function f(e) return e:cuont() end\nlocal t = { cuont = f }\n"
                   "return { score = f(request.node:outgoing('transfer')) + f(t) }"),
         ""},
        {LINT_RULE("local function f() return request.node:both('transfer') end\n"
                   "return { score = f():cuont() }"),
         "CRD301@9:22"},
        {LINT_RULE("local e = request.node:both('transfer')\n"
                   "if request.now > 1 then e = { cuont = print } end\n"
                   "return { score = e:cuont() }"),
         "CRD201@9:39"},
        {LINT_RULE("local e = request.node:both('transfer')\n"
                   "if request.now > 1 then e = e:latest(5) end\n"
                   "return { score = e:count() }"),
         ""},
        {LINT_RULE("local e for _ = 1, 3 do e = e and e:latest(1) or nil end\n"
                   "return { score = e:cuont() }"),
         ""},
        {LINT_RULE("local n, s = request.node:both('transfer'):totals('amount')\n"
                   "return { score = n == 'a' and s == 'b' and 1 or 0 }"),
         "CRD501@9:18 CRD501@9:31"},
    };

    CHECK(rows);
}
END_TEST

/* What is called with ':', with enough, and with types that are taken. */
START_TEST(calls__pass_what_is_taken)
{
    static const struct row rows[] = {
        {LINT_RULE("return { score = request.node:outgoing('transfer').count() }"),
         "CRD309@8:52"},
        {LINT_RULE("return { score = request.node.outgoing('transfer'):count() }"),
         "CRD309@8:31"},
        {LINT_RULE("local e = request.node:outgoing('transfer')\n"
                   "return { score = e.count(e) }"),
         ""},
        {LINT_RULE("local e = request.node:outgoing('transfer')\n"
                   "local f = e.count return { score = f(e) }"),
         ""},
        {LINT_RULE("return { score = request.node:outgoing():count() }"),
         "CRD309@8:31"},
        {LINT_RULE("return { score = request.node:outgoing('transfer'):sum() }"),
         "CRD309@8:52"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":where('amount', '>'):count() }"),
         "CRD309@8:52"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":between(1):count() }"),
         "CRD309@8:52"},
        {LINT_RULE("return { score = graph:jaccard(request.node) }"), "CRD309@8:24"},
        {LINT_RULE("local function two() return 1, 2 end\n"
                   "return { score = request.node:outgoing('transfer')"
                   ":between(two()):count() }"),
         ""},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":latest('5'):count() }"),
         "CRD309@8:59"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":latest(nil):count() }"),
         "CRD309@8:59"},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":since('2026-01-01'):count() }"),
         "CRD309@8:58"},
        {LINT_RULE("local rows = request.node:both('transfer'):group({ n = { max = "
                   "'time' } })\n"
                   "return { score = rows:outgoing('transfer'):since('n'):count() }"),
         ""},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":top('amount', 3)[1] and 1 }"),
         "CRD309@8:56 CRD309@8:66"},
        {LINT_RULE("return { score = graph:ego(request.node, 2):count() }"),
         "CRD309@8:42"},
        {LINT_RULE("return { score = graph:ego(request.node:both('transfer'):nodes())"
                   ":count() }"),
         ""},
        {LINT_RULE("local s = request.node:both('transfer'):nodes()\n"
                   "return { score = s:minus(request.node):count() }"),
         "CRD309@9:26"},
        {LINT_RULE("return { score = graph:node('Account', 17) and 1 or 0 }"), ""},
        {LINT_RULE("return { score = ('x'):rep('3') == 'xxx' and 1 or 0 }"), ""},
        {LINT_RULE("return { score = request.node:outgoing('transfer')"
                   ":latest(request.params.most):count() }"),
         ""},
    };

    CHECK(rows);
}
END_TEST

START_TEST(results__are_tables_of_known_fields)
{
    static const struct row rows[] = {
        {LINT_RULE("return { decison = 'allow' }"), "CRD406@8:10"},
        {LINT_RULE("return { score = 1, reason = { 'x' } }"), "CRD406@8:21"},
        {LINT_RULE("return { score = 'high' }"), "CRD406@8:18"},
        {LINT_RULE("return { score = request.now > 1 }"), "CRD406@8:18"},
        {LINT_RULE("return { score = request.node:outgoing('transfer') }"),
         "CRD406@8:18"},
        {LINT_RULE("return { decision = true }"), "CRD406@8:21"},
        {LINT_RULE("return { reasons = 'text' }"), "CRD406@8:20"},
        {LINT_RULE("return { 'allow' }"), "CRD406@8:10"},
        {LINT_RULE("return 'allow'"), "CRD406@8:8"},
        {LINT_RULE("if request.now > 1 then return end return {}"), "CRD406@8:25"},
        {LINT_RULE("local function answer(x) return { scor = x } end\n"
                   "if request.now > 1 then return answer(1) end return answer(2)"),
         "CRD406@8:35"},
        {LINT_RULE("local function f() return 'x' end return { output = f() }"), ""},
        {LINT_RULE("local t = {} t.anything = 1 return t"), ""},
        {LINT_RULE("return { score = request.now > 1 and 1 or 0, reasons = {}, "
                   "output = 'x', updated_nodes = {}, new_edges = nil }"),
         ""},
        {LINT_RULE("return setmetatable({ odd = 1 }, nil)"), ""},
    };

    CHECK(rows);
}
END_TEST

START_TEST(operators__work_on_what_they_are_given)
{
    static const struct row rows[] = {
        {LINT_RULE(
             "return { score = request.node:outgoing('transfer') > 3 and 1 or 0 }"),
         "CRD502@8:18"},
        {LINT_RULE("return { score = request.node < request.node and 1 or 0 }"),
         "CRD502@8:18"},
        {LINT_RULE("return { score = request.node:both('transfer') == 0 and 1 or 0 }"),
         "CRD501@8:18"},
        {LINT_RULE("return { score = {} < {} and 1 or 0 }"), "CRD502@8:18"},
        {LINT_RULE(
             "local t = setmetatable({}, {}) return { score = t < t and 1 or 0 }"),
         ""},
        {LINT_RULE("local s = request.node:both('transfer'):nodes()\n"
                   "local g = request.node:both('transfer'):group({ n = 'count' })\n"
                   "return { score = s == g and 1 or 0 }"),
         ""},
        {LINT_RULE("return { score = request.node + 1 }"), "CRD504@8:18"},
        {LINT_RULE("return { score = -request.node:both('transfer') }"), "CRD504@8:19"},
        {LINT_RULE("return { score = #request.node:both('transfer') }"), "CRD504@8:19"},
        {LINT_RULE("return { reasons = { 'to ' .. request.node } }"), "CRD504@8:31"},
        {LINT_RULE("return { score = (request.now > 1) * 2 }"), "CRD504@8:18"},
        {LINT_RULE("return { score = #'abc' + '5' + #{ 1 } }"), ""},
        {LINT_RULE("return { reasons = { 'n ' .. 5 .. request.node.key } }"), ""},
    };

    CHECK(rows);
}
END_TEST

START_TEST(types__that_never_compare)
{
    static const struct row rows[] = {
        {LINT_RULE("return { score = request.node.key == 17 and 1 or 0 }"),
         "CRD501@8:18"},
        {LINT_RULE("return { score = request.node == '17' and 1 or 0 }"),
         "CRD501@8:18"},
        {LINT_RULE("return { score = request.params.most == '5' and 1 or 0 }"),
         "CRD501@8:18"},
        {LINT_RULE("return { score = (request.now > 1) == 1 and 1 or 0 }"),
         "CRD501@8:18"},
        {LINT_RULE("return { score = request.now > '2026' and 1 or 0 }"),
         "CRD502@8:18"},
        {LINT_RULE("return { score = request.node.key < '5' and 1 or 0 }"), ""},
        {LINT_RULE("return { score = request.node.name == 17 and 1 or 0 }"), ""},
        {LINT_RULE("return { score = request.node == nil and 1 or 0 }"), ""},
        {LINT_RULE("local x = request.now > 1 and 'a' return { score = x == false and "
                   "1 or 2 }"),
         ""},
        {LINT_RULE("local x = request.now > 1 and 'a' or 'b'\n"
                   "return { score = x == 1 and 1 or 2 }"),
         "CRD501@9:18"},
        {LINT_RULE("return { score = tostring(1) == 1 and 1 or 0 }"), "CRD501@8:18"},
        {LINT_RULE("return { score = tonumber('1') == 1 and 1 or 0 }"), ""},
        {LINT_RULE("local t = setmetatable({}, { __add = function() return 's' end })\n"
                   "return { score = t + 1 == 's' and 1 or 0 }"),
         ""},
    };

    CHECK(rows);
}
END_TEST

#define CONTRACT(head, body)                                                           \
    "return { name = 'x', fallback = 'a', decisions = { 'a', 'b', 'c' },\n" head       \
    "\nevaluate = function(graph, request)\n" body "\nend }\n"

START_TEST(contract__is_what_evaluate_does)
{
    static const struct row rows[] = {
        {CONTRACT("params = { w = { type = 'integer', default = 1 } },",
                  "return { decision = ({ 'b' })[graph and 1] }"),
         "CRD401@2:12 CRD204@3:28"},
        {CONTRACT("params = { w = { type = 'integer', default = 1 } },",
                  "local t = {} for k, v in pairs(request.params) do t[k] = v end\n"
                  "return { decision = t[graph] }"),
         ""},
        {CONTRACT("reads = { A = { 'p', 'q' }, t = {} },",
                  "return { decision = request.node.p or graph.x }"),
         "CRD402@2:22"},
        {CONTRACT("reads = { A = { 'p', 'q' }, t = {} },",
                  "local name = request.now > 1 and 'p' or ('q'):rep(1)\n"
                  "return { decision = request.node[name], output = { graph } }"),
         ""},
        {CONTRACT("", "return { decision = request.now > 1 and 'd' or 'b', output = { "
                      "graph } }"),
         "CRD403@1:62 CRD404@4:41"},
        {CONTRACT("", "local d = 'b' if request.now > 1 then d = 'c' end\n"
                      "return { decision = d, output = { graph } }"),
         ""},
        {CONTRACT("", "local d = 'b' if request.now > 1 then d = graph.x end\n"
                      "return { decision = d }"),
         ""},
        {CONTRACT("", "local function result(d) return { decision = d } end\n"
                      "return result(request.now > 1 and 'b' or graph)"),
         ""},
        {CONTRACT("", "local function result() return { decision = 'z', output = { "
                      "graph } } end\n"
                      "return result(request)"),
         "CRD403@1:57 CRD403@1:62 CRD404@4:45"},
        {CONTRACT("", "return graph.f and { decision = 'b' } or request"), ""},
        {"return { name = 'x', fallback = 'none', decisions = { 'a' },\n"
         "evaluate = function() return { decision = 'a' } end }\n",
         "CRD405@1:33"},
        {"local rule = { name = 'x', fallback = 'a', decisions = { 'a' } }\n"
         "local function evaluate() return { decision = 'b' } end\n"
         "rule.evaluate = evaluate\nreturn rule\n",
         ""},
        {"local function evaluate() return { decision = 'b' } end\n"
         "local rule = { name = 'x', fallback = 'a', decisions = { 'a' }, evaluate = "
         "evaluate }\nreturn rule\n",
         "CRD404@1:47"},
    };

    CHECK(rows);
}
END_TEST

START_TEST(run__does_without_a_rule)
{
    static const struct row rows[] = {
        {"local x = 1\nreturn { evaluate = function() return y end }",
         "CRD203@1:7 CRD201@2:39"},
        {"", ""},
        {"return 1", ""},
    };

    CHECK(rows);
}
END_TEST

/* A source that is as deep as the parser takes, and ones that could be slow. */
START_TEST(run__bears_odd_sources)
{
    struct cdn_buf text = {0};
    char found[400];

    cdn_buf_text(&text, "return { score = a");
    for (int i = 0; i < 20000; i++)
        cdn_buf_text(&text, " + a");
    cdn_buf_text(&text, " }");
    lint_findings(found, sizeof found, (const char *)text.data, NULL, 0);
    ck_assert_str_eq(found, "");
    cdn_buf_clear(&text);
    for (int i = 0; i < 6000; i++)
        cdn_buf_printf(&text, "do local f = function(x) return x + f(x, y%d) end end\n",
                       i);
    lint_findings(found, sizeof found, (const char *)text.data, NULL, 0);
    ck_assert_ptr_nonnull(strstr(found, "CRD201"));
    cdn_buf_clear(&text);
    cdn_buf_text(&text, "local a = 1\n");
    for (int i = 0; i < 190; i++)
        cdn_buf_printf(&text, "local a%d = a%s\n", i, i ? "" : "");
    for (int i = 0; i < 3000; i++)
        cdn_buf_printf(&text, "a = a and a%d or a%d == a\n", i % 190, (i * 7) % 190);
    lint_findings(found, sizeof found, (const char *)text.data, NULL, 0);
    cdn_buf_deinit(&text);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(run__survives_every_allocation_failure)
{
    static const char source[] = LINT_RULE(
        "local function f(e) return e:cuont() end local x = totl\n"
        "for i = 1, 2 do local i = x end -- cordon: disable=CRD205 why\n"
        "return { decision = 'z', score = f(request.node:outgoing('tranfer')) }");
    struct cdn_rule *rule = lint_load(source);
    struct cdn_syntax syntax;

    ck_assert_ptr_nonnull(rule);
    ck_assert_int_eq(cdn_syntax_parse(&syntax, source, strlen(source), "x.lua", NULL),
                     CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_lint_findings findings = {0};
        cordon_status status = cdn_lint_run(&findings, &syntax, rule, NULL, 1000);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_lint_findings_deinit(&findings);
    }
    cdn_syntax_deinit(&syntax);
    cdn_rule_free(rule);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("checks");

    CDN_UNIT_CASE(s, names__are_defined_read_and_local);
    CDN_UNIT_CASE(s, api__names_exist);
    CDN_UNIT_CASE(s, api__options_exist);
    CDN_UNIT_CASE(s, api__follows_locals_and_functions);
    CDN_UNIT_CASE(s, calls__pass_what_is_taken);
    CDN_UNIT_CASE(s, results__are_tables_of_known_fields);
    CDN_UNIT_CASE(s, operators__work_on_what_they_are_given);
    CDN_UNIT_CASE(s, types__that_never_compare);
    CDN_UNIT_CASE(s, contract__is_what_evaluate_does);
    CDN_UNIT_CASE(s, run__does_without_a_rule);
    CDN_UNIT_CASE(s, run__bears_odd_sources);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, run__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
