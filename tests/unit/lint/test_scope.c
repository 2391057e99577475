/* Which local each name stands for, and what is known of locals. */
#include "lint/scope.h"

#include "base/alloc.h"
#include "support/unit.h"

static struct cdn_syntax syntax;
static struct cdn_scope scope;

static void build(const char *source)
{
    ck_assert_int_eq(cdn_syntax_parse(&syntax, source, strlen(source), "x.lua", NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_scope_build(&scope, &syntax), CORDON_OK);
}

static void drop(void)
{
    cdn_scope_deinit(&scope);
    cdn_syntax_deinit(&syntax);
}

/* All names in the order of the source: the line in which the local is declared that each
 * stands for, "g" for a global. */
static void expect(const char *source, const char *wanted)
{
    char found[400] = "";
    size_t used = 0;
    uint32_t last = 0;

    build(source);
    for (;;) {
        uint32_t next = 0, line = 0, column;

        for (uint32_t i = 1; i < syntax.count; i++) {
            const struct cdn_syntax_node *at = cdn_syntax_at(&syntax, i);

            if (at->kind == CDN_SYNTAX_NAME && at->start >= last &&
                (!next || at->start < cdn_syntax_at(&syntax, next)->start))
                next = i;
        }
        if (!next)
            break;
        last = cdn_syntax_at(&syntax, next)->end;
        if (scope.binding[next]) {
            const struct cdn_local *local = cdn_scope_local(&scope, next);

            if (local->node)
                cdn_syntax_place(&syntax, cdn_syntax_at(&syntax, local->node)->start,
                                 &line, &column);
            used += (size_t)snprintf(found + used, sizeof found - used, "%u ", line);
        } else {
            used += (size_t)snprintf(found + used, sizeof found - used, "g ");
        }
    }
    ck_assert_msg(!strcmp(found, wanted), "%s\nfound  %s\nwanted %s", source, found,
                  wanted);
    drop();
}

START_TEST(names__stand_for_the_local_that_is_open)
{
    expect("local a = a\nlocal a = a\nreturn a", "1 g 2 1 2 ");
    expect("do\nlocal a\na = 1 end\na = 2", "2 2 g ");
    expect("local function f()\nreturn f end", "1 1 ");
    expect("local f = function()\nreturn f end", "1 g ");
    expect("repeat\nlocal x\nuntil x x = 1", "2 2 g ");
    expect("for i = i, 2 do\ni = i end i = 1", "1 g 1 1 g ");
    expect("for k, v in k do\nk(v) end", "1 1 g 1 1 ");
    expect("function a.b:c(x)\nreturn self, x end", "g 1 0 1 ");
    expect("local t = { t = t }\nt.t = t", "1 g 1 1 ");
    expect("local a\nif a then\nlocal a\nelseif a then a() end", "1 1 3 1 1 ");
    expect("while x do\nlocal x\nend x()", "g 2 g ");
}
END_TEST

START_TEST(locals__know_their_definitions)
{
    const struct cdn_local *a, *b, *c, *d;

    build("local a, b, c = 1, f() local d a = 2 d = 3 function c() end a(b) a()");
    a = &scope.locals[0];
    b = &scope.locals[1];
    c = &scope.locals[2];
    d = &scope.locals[3];
    ck_assert_uint_eq(a->writes, 1);
    ck_assert_uint_eq(a->reads, 2);
    ck_assert_uint_eq(a->called, 2);
    ck_assert_uint_ne(scope.calls[a->calls].next, 0);
    ck_assert_uint_eq(cdn_scope_only_value(&scope, a), 0); /* two */
    ck_assert_int_eq(cdn_syntax_at(&syntax, cdn_scope_only_value(&scope, b))->kind,
                     CDN_SYNTAX_CALL);
    ck_assert_uint_eq(cdn_scope_only_value(&scope, c),
                      0); /* f's second, and a function */
    ck_assert_uint_ne(scope.definitions[c->definitions].next, 0);
    ck_assert_double_eq(cdn_syntax_at(&syntax, cdn_scope_only_value(&scope, d))->number,
                        3);
    drop();
}
END_TEST

START_TEST(build__refuses_what_is_too_deep)
{
    struct cdn_buf text = {0};

    cdn_buf_text(&text, "x = a");
    for (int i = 0; i < CDN_SCOPE_DEEPEST; i++)
        cdn_buf_text(&text, "()");
    ck_assert_int_eq(
        cdn_syntax_parse(&syntax, (char *)text.data, text.length, "x.lua", NULL),
        CORDON_OK);
    ck_assert_int_eq(cdn_scope_build(&scope, &syntax), CORDON_E_INVALID);
    drop();
    cdn_buf_deinit(&text);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(build__survives_every_allocation_failure)
{
    struct cdn_buf text = {0};

    for (int i = 0; i < 40; i++)
        cdn_buf_printf(&text, "local function f%d(a, b) return a, f%d(b) end\n", i, i);
    ck_assert_int_eq(
        cdn_syntax_parse(&syntax, (char *)text.data, text.length, "x.lua", NULL),
        CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        ck_assert_int_eq(cdn_scope_build(&scope, &syntax),
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_scope_deinit(&scope);
    }
    cdn_syntax_deinit(&syntax);
    cdn_buf_deinit(&text);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("scope");

    CDN_UNIT_CASE(s, names__stand_for_the_local_that_is_open);
    CDN_UNIT_CASE(s, locals__know_their_definitions);
    CDN_UNIT_CASE(s, build__refuses_what_is_too_deep);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, build__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
