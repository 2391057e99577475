/* Protected calls and coroutines: limits pass, nesting is bounded. */
#include <pthread.h>

#include "lua_both.h"

/* clang-format off */
static const struct lua_case cases[] = {
    {"return pcall(error, \"x\")",
     "false 'x'"},
    {"return pcall(error, {})",
     "false table"},
    {"return pcall(error)",
     "false nil"},
    {"return pcall(function(...) return ... end, 1, nil, 3)",
     "true 1 nil 3"},
    {"return xpcall(function(a) error(\"m\" .. a, 0) end, function(e) return \"H:\" .. e end, 7)",
     "false 'H:m7'"},
    {"return xpcall(error, function() error(\"again\") end, 7)",
     "false 'error in error handling'"},
    {"return xpcall(function(...) return ... end, error, 1, 2)",
     "true 1 2"},
    {"local function f(n) if n == 0 then return \"bottom\" end return select(2, pcall(f, n - 1)) end return f(150)",
     "'bottom'"},
    {"local function f(n) if n == 0 then return \"bottom\" end return select(2, pcall(f, n - 1)) end return f(300)",
     "'t.lua:1: C stack overflow'"},
    {"local function f() return pcall(f) end for i = 1, 3 do f() end local n = 0 local function g() n = n + 1 return pcall(g) end g() return n",
     "191"},
    {"local t = {} for i = 1, 7900 do t[i] = pcall end return (pcall(unpack(t)))",
     "true"},
    {"return (pcall(setmetatable({}, {__call = pcall})))",
     "true"},
    {"local function f(n) return coroutine.wrap(function() return n == 0 and \"end\" or f(n - 1) end)() end return f(100), pcall(f, 300)",
     "'end' false 't.lua:1: ..."},
    {"local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) error(\"x\" .. b) end) return co(1), pcall(co, 5)",
     "2 false 't.lua:1: x5'"},
    {"return coroutine.resume(coroutine.create(function(...) return ... end), 1, 2, 3)",
     "true 1 2 3"},
    {"local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)",
     "true false 'cannot resume running coroutine'"},
    {"local co = coroutine.create(function() end) coroutine.resume(co) return coroutine.resume(co)",
     "false 'cannot resume dead coroutine'"},
    {"return pcall(coroutine.yield)",
     "false 'attempt to yield across C-call boundary'..."},
    {"local n = 0 local gen = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end) for i in gen do n = n + i end return n",
     "500500"},
    {"return pcall(string.rep)",
     "false 'bad argument #1 to '?' (string expected, got no value)'"},
};
/* clang-format on */

START_TEST(answers__as_stated)
{
    check_case(&cases[_i]);
}
END_TEST

/* None of these may catch the limit, nor anything run after it. */
START_TEST(limit__passes_whatever_would_catch_it)
{
    static const char *const hostile[] = {
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "pcall(function() while true do end end) return 'caught'",
        "return xpcall(function() while true do end end, function() return 'caught' "
        "end)",
        "return xpcall(function() while true do end end, function() while true do end "
        "end)",
        "return coroutine.resume(coroutine.create(function() while true do end end))",
        "return pcall(coroutine.wrap(function() while true do end end))",
        "local function f() return pcall(f), f() end f()",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end "
        "end)\n"
        "while true do co() end",
        "return pcall(table.sort, {1, 2, 3}, function() while true do end end)",
        "return pcall(string.gsub, 'abc', '.', function() while true do end end)",
        "return pcall(tostring, setmetatable({}, {__tostring = function() while true "
        "do "
        "end end}))",
        "while true do pcall(error, 'x') end",
        "setmetatable(_G, {__index = function(_, k) return k .. k end}) while true do "
        "local _ = undefined end",
    };
    struct cdn_budget budget = lua_both_budget;
    const char *source = hostile[_i];

    budget.instructions = 200000;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: instructions");
}
END_TEST

/* A memory limit is as sticky. */
START_TEST(memory_limit__passes_whatever_would_catch_it)
{
    static const char *const hostile[] = {
        "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local ok = pcall(function() local s = 'x' while true do s = s .. s end end) "
        "return 1",
        "return pcall(string.rep, 'x', 1e9)",
        "return xpcall(function() local t = {} while true do t = {t, {}} end end, "
        "tostring)",
        "return coroutine.resume(coroutine.create(function() local t = {} for i = 1, "
        "1e8 do "
        "t[i] = i .. 'x' end end))",
        "local t = {('x'):rep(1000)} while true do t[#t + 1] = table.concat(t) end",
        "local s = ('x'):rep(1e5) return (s:gsub('x', s))",
        "local s = ('x'):rep(1e5) return ('%s'):rep(100):format(s, s, s, s, s, s, s, "
        "s, s, s, s)",
    };
    struct cdn_budget budget = lua_both_budget;
    const char *source = hostile[_i];

    budget.memory_bytes = 1 << 20;
    ck_assert_str_eq(sandboxed_with(source, strlen(source), 0, &budget),
                     "stopped: memory");
}
END_TEST

/* The most C stack that a rule can use: every kind of nesting as deep as it goes, on a
 * thread that has no more than slot.c asks for.  A sanitizer's frames are larger. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_BYTES ((size_t)4 << 20)
#else
#define STACK_BYTES ((size_t)256 << 10)
#endif

/* clang-format off */
static const char *const deep[] = {
    "local function f(n) return (('x'):gsub('x', function()\n"
    "  if n == 0 then return (('a'):rep(190)):match(('a?'):rep(190)) end\n"
    "  return f(n - 1) end)) end\n"
    "return #f(180)",
    "local function f(n) if n == 0 then return 190 end\n"
    "  return (tonumber(('%s'):format(setmetatable({}, {__tostring = function()\n"
    "    return tostring(f(n - 1)) end})))) end\n"
    "return f(60)",
    "local function f(n) if n == 0 then return 190 end\n"
    "  local got = 0\n"
    "  table.sort({2, 1}, function() got = f(n - 1) return true end) return got end\n"
    "return f(180)",
    "local function f(n) if n == 0 then return 190 end\n"
    "  return coroutine.wrap(function() return select(2, pcall(f, n - 1)) end)() end\n"
    "return f(90)",
};
/* clang-format on */

struct deep_answer {
    const char *source;
    const char *answer;
};

static void *answer_on_thread(void *ud)
{
    struct deep_answer *one = ud;

    one->answer = sandboxed(one->source);
    return NULL;
}

START_TEST(nesting__fits_the_stack_that_is_asked_for)
{
    struct deep_answer one = {deep[_i], NULL};
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, answer_on_thread, &one), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_str_eq(one.answer, "190");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lib_call");

    CDN_UNIT_LOOP(s, answers__as_stated, 0, CDN_UNIT_COUNT(cases));
    CDN_UNIT_LOOP(s, limit__passes_whatever_would_catch_it, 0, 14);
    CDN_UNIT_LOOP(s, memory_limit__passes_whatever_would_catch_it, 0, 8);
    CDN_UNIT_LOOP(s, nesting__fits_the_stack_that_is_asked_for, 0,
                  CDN_UNIT_COUNT(deep));
    return s;
}

CDN_UNIT_MAIN(suite)
