/* Trees written out again, and what is refused with which words.  That the parser takes what
 * LuaJIT's takes is integration.lint.agree's to show. */
#include "lint/syntax.h"

#include "base/alloc.h"
#include "support/unit.h"

/* ---- a tree as text ---- */

static void show(struct cdn_buf *out, const struct cdn_syntax *syntax, uint32_t node);

static void show_list(struct cdn_buf *out, const struct cdn_syntax *syntax,
                      uint32_t node)
{
    for (bool first = true; node; node = syntax->nodes[node].next, first = false) {
        if (!first)
            cdn_buf_text(out, " ");
        show(out, syntax, node);
    }
}

static void show_all(struct cdn_buf *out, const struct cdn_syntax *syntax,
                     const char *name, const struct cdn_syntax_node *node)
{
    const uint32_t children[] = {node->a, node->b, node->c};
    int last = node->c ? 3 : node->b ? 2 : node->a ? 1 : 0;

    cdn_buf_printf(out, "(%s", name);
    for (int i = 0; i < last; i++) {
        bool list = !children[i] || syntax->nodes[children[i]].next;

        cdn_buf_text(out, list ? " [" : " ");
        show_list(out, syntax, children[i]);
        cdn_buf_text(out, list ? "]" : "");
    }
    cdn_buf_text(out, ")");
}

static void show(struct cdn_buf *out, const struct cdn_syntax *syntax, uint32_t at)
{
    static const char *const names[] = {
        "none",     "nil",    "true",   "false",  "",      "",       "...",
        "function", "",       ".",      "call",   "",      "table",  "",
        "",         "paren",  "item",   "pair",   "block", "local",  "local-function",
        "set",      "define", "run",    "do",     "while", "repeat", "if",
        "clause",   "for",    "for-in", "return", "break", "goto",   "mark"};
    const struct cdn_syntax_node *node = cdn_syntax_at(syntax, at);
    char op[8];

    switch (node->kind) {
    case CDN_SYNTAX_NIL:
    case CDN_SYNTAX_TRUE:
    case CDN_SYNTAX_FALSE:
    case CDN_SYNTAX_DOTS:
    case CDN_SYNTAX_BREAK:
        cdn_buf_text(out, names[node->kind]);
        break;
    case CDN_SYNTAX_NUMBER:
        cdn_buf_printf(out, "%g", node->number);
        break;
    case CDN_SYNTAX_STRING:
        cdn_buf_printf(out, "'%s'", cdn_symbol_text(syntax, node->symbol));
        break;
    case CDN_SYNTAX_NAME:
        cdn_buf_text(out, cdn_symbol_text(syntax, node->symbol));
        break;
    case CDN_SYNTAX_GOTO:
    case CDN_SYNTAX_MARK:
        cdn_buf_printf(out, "(%s %s)", names[node->kind],
                       cdn_symbol_text(syntax, node->symbol));
        break;
    case CDN_SYNTAX_METHOD:
        cdn_buf_text(out, "(method ");
        show(out, syntax, node->a);
        cdn_buf_printf(out, " %s [", cdn_symbol_text(syntax, node->symbol));
        show_list(out, syntax, node->b);
        cdn_buf_text(out, "])");
        break;
    case CDN_SYNTAX_UNARY:
    case CDN_SYNTAX_BINARY:
        snprintf(op, sizeof op, "%c", node->op);
        show_all(out, syntax, node->op < 256 ? op : cdn_token_word(node->op), node);
        break;
    case CDN_SYNTAX_BLOCK:
        cdn_buf_text(out, "{");
        show_list(out, syntax, node->a);
        cdn_buf_text(out, "}");
        break;
    case CDN_SYNTAX_FUNCTION:
        cdn_buf_printf(out, "(function [");
        show_list(out, syntax, node->a);
        cdn_buf_printf(out, "%s]%s ", node->vararg ? "..." : "",
                       node->method ? " self" : "");
        show(out, syntax, node->b);
        cdn_buf_text(out, ")");
        break;
    default:
        show_all(out, syntax, names[node->kind], node);
    }
}

static void expect(const char *source, const char *tree)
{
    struct cdn_syntax syntax;
    struct cdn_buf text = {0};
    cordon_error err = {0};
    char *exact = cdn_unit_exact(source, strlen(source));
    cordon_status status =
        cdn_syntax_parse(&syntax, exact, strlen(source), "x.lua", &err);

    ck_assert_msg(status == CORDON_OK, "%s: %s", source, err.message);
    cdn_buf_text(&text, "");
    show_list(&text, &syntax,
              cdn_syntax_at(&syntax, cdn_syntax_at(&syntax, syntax.chunk)->b)->a);
    ck_assert_msg(!strcmp((const char *)text.data, tree), "%s:\n%s\nwanted\n%s", source,
                  (const char *)text.data, tree);
    cdn_buf_deinit(&text);
    cdn_syntax_deinit(&syntax);
    free(exact);
}

START_TEST(parse__expressions)
{
    expect("x = 1 + 2 * 3 ^ 4 ^ 5", "(set x (+ 1 (* 2 (^ 3 (^ 4 5)))))");
    expect("x = -a ^ 2 == not b", "(set x (== (- (^ a 2)) (not b)))");
    expect("x = a .. b .. c and d or e < f",
           "(set x (or (and (.. a (.. b c)) d) (< e f)))");
    expect("x = (a)[b].c:d{e}'f'(...)",
           "(set x (call (call (method (. (. (paren a) b) 'c') d [(table (item e))]) "
           "'f') ...))");
    expect("x = { 1, a = 2; [b] = 3, f(), }",
           "(set x (table [(item 1) (pair 'a' 2) (pair b 3) (item (call f))]))");
    expect("x = #t - 1", "(set x (- (# t) 1))");
    expect("return function(a, ...) end", "(return (function [a...] {}))");
}
END_TEST

START_TEST(parse__statements)
{
    expect("local a, b = 1, 2 local c", "(local [a b] [1 2]) (local c)");
    expect("a, b.c = f()", "(set [a (. b 'c')] (call f))");
    expect("function a.b:c(d) end",
           "(define (. (. a 'b') 'c') (function [d] self {}))");
    expect("local function f() return end",
           "(local-function f (function [] {(return)}))");
    expect("if a then b() elseif c then else d() end",
           "(if [(clause a {(run (call b))}) (clause c {}) (clause [] {(run (call "
           "d))})])");
    expect("while a do break end repeat local x until x",
           "(while a {break}) (repeat {(local x)} x)");
    expect("for i = 1, 2, 3 do end for k, v in p(t), u do end",
           "(for i [1 2 3] {}) (for-in [k v] [(call p t) u] {})");
    expect("do goto x; ::x:: ::y:: end", "(do {(goto x) (mark x) (mark y)})");
    expect("goto = 1; goto(2)", "(set goto 1) (run (call goto 2))");
    expect("return a, b;", "(return [a b])");
    expect("", "");
}
END_TEST

START_TEST(parse__refuses_with_a_place)
{
    static const struct {
        const char *source;
        uint32_t line, column;
        const char *says;
    } rows[] = {
        {"x = ", 1, 5, "an expression expected at the end"},
        {"x = = 1", 1, 5, "an expression expected near '='"},
        {"if x then", 1, 10, "'end' (to close 'if' at line 1)"},
        {"f(\n1", 2, 2, "')' (to close '(' at line 1)"},
        {"x = 1 end", 1, 7, "the end of the source expected near 'end'"},
        {"f\n(x)", 2, 1, "is this a call or a new statement?"},
        {"break", 1, 1, "break outside a loop"},
        {"while x do local f = function() break end end", 1, 33,
         "break outside a loop"},
        {"goto a", 1, 1, "there is no label 'a'"},
        {"goto a; local x; ::a:: x()", 1, 1, "jumps into the scope of a local"},
        {"::a:: ::a::", 1, 7, "the label 'a' stands twice"},
        {"local function f() return ... end", 1, 27, "'...' outside a function"},
        {"f() = 1", 1, 5, "'='"},
        {"(a) = 1", 1, 5, "a call or an assignment"},
        {"for x do end", 1, 7, "'=' or 'in'"},
        {"x = 'a", 1, 5, "unfinished string"},
        {"local 1", 1, 7, "a name expected near '1'"},
        {"break x()", 1, 7, "the end of the source"},
        {"; x = 1", 1, 1, "an expression expected near ';'"},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(rows); i++) {
        struct cdn_syntax syntax;
        cordon_error err = {0};

        ck_assert_msg(cdn_syntax_parse(&syntax, rows[i].source, strlen(rows[i].source),
                                       "x.lua", &err) == CORDON_E_RULE,
                      "%s is taken", rows[i].source);
        ck_assert_msg(strstr(err.message, rows[i].says) && err.line == rows[i].line &&
                          err.column == rows[i].column,
                      "%s: %u:%u %s", rows[i].source, err.line, err.column,
                      err.message);
        ck_assert_str_eq(err.file, "x.lua");
        cdn_syntax_deinit(&syntax);
    }
}
END_TEST

START_TEST(parse__bounds_nesting_but_not_chains)
{
    struct cdn_syntax syntax;
    struct cdn_buf text = {0};
    cordon_error err = {0};

    cdn_buf_text(&text, "x = ");
    for (int i = 0; i < 250; i++)
        cdn_buf_text(&text, "- ");
    cdn_buf_text(&text, "1");
    ck_assert_int_eq(
        cdn_syntax_parse(&syntax, (char *)text.data, text.length, "x.lua", &err),
        CORDON_E_RULE);
    ck_assert_ptr_nonnull(strstr(err.message, "deeper than 200"));
    cdn_syntax_deinit(&syntax);
    cdn_buf_clear(&text);
    cdn_buf_text(&text, "x = a");
    for (int i = 0; i < 5000; i++)
        cdn_buf_text(&text, " + a");
    ck_assert_int_eq(
        cdn_syntax_parse(&syntax, (char *)text.data, text.length, "x.lua", &err),
        CORDON_OK);
    ck_assert_uint_ge(syntax.deepest, 5000);
    cdn_syntax_deinit(&syntax);
    cdn_buf_deinit(&text);
}
END_TEST

START_TEST(symbols__are_equal_where_texts_are)
{
    static const char source[] = "a = b.a .. 'a' .. 'x\\0y' .. [[x]]";
    struct cdn_syntax syntax;

    ck_assert_int_eq(
        cdn_syntax_parse(&syntax, source, sizeof source - 1, "x.lua", NULL), CORDON_OK);
    ck_assert_uint_eq(syntax.symbol_count, 5); /* none, a, b, x NUL y, x */
    ck_assert_uint_ne(cdn_symbol_find(&syntax, "x\0y", 3), 0);
    ck_assert_uint_ne(cdn_symbol_find(&syntax, "x\0y", 3),
                      cdn_symbol_find(&syntax, "x", 1));
    ck_assert_uint_eq(cdn_symbol_find(&syntax, "absent", 6), 0);
    cdn_syntax_deinit(&syntax);
}
END_TEST

static const char whole[] =
    "local a, b = 1, 'x'\nfunction m.n:o(p, ...) for i = 1, #p do goto c; ::c:: end "
    "end\n"
    "for k in pairs(t) do if k then break elseif not k then return end end\n"
    "repeat local z = { k = 1, [2] = 3; ... } until z -- done\nreturn f{a}:g'h'[1].i";

START_TEST(parse__survives_every_truncation)
{
    for (size_t size = 0; size < sizeof whole; size++) {
        char *source = cdn_unit_exact(whole, size);
        struct cdn_syntax syntax;
        cordon_error err = {0};

        if (cdn_syntax_parse(&syntax, source, size, "x.lua", &err))
            ck_assert(err.message[0] && err.line);
        cdn_syntax_deinit(&syntax);
        free(source);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(parse__survives_every_allocation_failure)
{
    struct cdn_buf text = {0};

    for (int i = 0; i < 80; i++)
        cdn_buf_printf(&text, "local v%d = function() goto l%d; ::l%d:: end -- %d\n", i,
                       i, i, i);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_syntax syntax;
        cordon_status status =
            cdn_syntax_parse(&syntax, (char *)text.data, text.length, "x.lua", NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_syntax_deinit(&syntax);
    }
    cdn_buf_deinit(&text);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("syntax");

    CDN_UNIT_CASE(s, parse__expressions);
    CDN_UNIT_CASE(s, parse__statements);
    CDN_UNIT_CASE(s, parse__refuses_with_a_place);
    CDN_UNIT_CASE(s, parse__bounds_nesting_but_not_chains);
    CDN_UNIT_CASE(s, symbols__are_equal_where_texts_are);
    CDN_UNIT_CASE(s, parse__survives_every_truncation);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, parse__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
