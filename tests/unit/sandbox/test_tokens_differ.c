/* Generated sources through the token check and through stock LuaJIT's parser.
 *
 * What the check accepts the parser must survive: it is asked in a child process, and over
 * an instrumented LuaJIT (.ci/luajit-asan) even a read past its buffers ends that.  What
 * the check refuses as badly nested, unfinished and so on the parser must refuse as well.
 * And a source that the parser takes is refused only for what is dangerous or too much.
 *
 * The generator writes Lua by its grammar, with blanks, comments and line ends anywhere,
 * and loads of `nil` in the lists behind `in`; every third source then loses, repeats or
 * swaps a token. */
#include <lauxlib.h>
#include <sys/wait.h>

#include "sandbox/tokens.h"
#include "support/unit.h"

enum {
    SEEDS = 24,
    SOURCES = 300,
    SOURCE_BYTES = 6000,
    TOKENS = 3000,
    TOKEN_BYTES = 24,
    DEEPEST = 7
};

/* ---- the generator ---- */

struct generator {
    uint64_t state;
    bool danger; /* literals with suffixes, nil behind `in` */
    bool spoilt;
    int loops;
    int count;
    char tokens[TOKENS][TOKEN_BYTES];
};

static uint32_t below(struct generator *g, uint32_t n)
{
    g->state = g->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(g->state >> 33) % n;
}

static void put(struct generator *g, const char *token)
{
    if (g->count < TOKENS)
        snprintf(g->tokens[g->count++], TOKEN_BYTES, "%s", token);
}

#define PICK(g, list) ((list)[below(g, CDN_UNIT_COUNT(list))])

static const char *const names[] = {"a", "b",  "nilly", "ini",  "endx",
                                    "_", "x1", "pairs", "next", "f"};

static void expression(struct generator *g, int depth);
static void block(struct generator *g, int depth);

static void expressions(struct generator *g, int depth, uint32_t most)
{
    for (uint32_t i = below(g, most) + 1; i > 0; i--) {
        expression(g, depth);
        if (i > 1)
            put(g, ",");
    }
}

static void number(struct generator *g)
{
    static const char *const sane[] = {"0",    "1",        "3.",    ".5",
                                       "1e5",  "1E-5",     "0x1F",  "0x.8p1",
                                       "1e+2", "0xA.8P-3", "12345", "0xEe"};
    static const char *const suffixed[] = {"1i",   "1LL",    "1uLL", "0x1p4i", ".5i",
                                           "1e5i", "0xFull", "1I",   "3.i",    "1e+5i"};

    if (g->danger && below(g, 60) == 0)
        put(g, PICK(g, suffixed));
    else
        put(g, PICK(g, sane));
}

static void text(struct generator *g)
{
    static const char *const texts[] = {
        "'x'",         "\"y\"",  "[[z\n]]",  "[==[ ]] ]==]", "'a\\'b'", "\"\\\"\"",
        "'\\z  \n q'", "'\\\n'", "'in nil'", "'1i'",         "[[--]]",  "'\\x41\\065'"};

    put(g, PICK(g, texts));
}

static void arguments(struct generator *g, int depth)
{
    switch (below(g, 4)) {
    case 0:
        text(g);
        break;
    case 1:
        put(g, "{");
        put(g, "}");
        break;
    default:
        put(g, "(");
        if (below(g, 3))
            expressions(g, depth + 1, 2);
        put(g, ")");
    }
}

static void table(struct generator *g, int depth)
{
    put(g, "{");
    for (uint32_t i = below(g, 4); i > 0; i--) {
        if (below(g, 3) == 0) {
            put(g, PICK(g, names));
            put(g, "=");
        } else if (below(g, 4) == 0) {
            put(g, "[");
            expression(g, depth + 1);
            put(g, "]");
            put(g, "=");
        }
        expression(g, depth + 1);
        put(g, below(g, 3) ? "," : ";");
    }
    put(g, "}");
}

static void body(struct generator *g, int depth)
{
    int loops = g->loops;

    put(g, "(");
    if (below(g, 2))
        put(g, PICK(g, names));
    put(g, ")");
    g->loops = 0;
    block(g, depth + 1);
    g->loops = loops;
    put(g, "end");
}

/* What can be called or indexed; called at the end if `call`. */
static void prefixed(struct generator *g, int depth, bool call)
{
    if (below(g, 3) == 0) {
        put(g, "(");
        expression(g, depth + 1);
        put(g, ")");
    } else {
        put(g, PICK(g, names));
    }
    for (uint32_t i = below(g, 3) + call; i > 0; i--) {
        uint32_t kind = call && i == 1 ? below(g, 2) : below(g, 4);

        if (kind == 1) {
            put(g, ":");
            put(g, PICK(g, names));
        }
        if (kind <= 1) {
            arguments(g, depth);
        } else if (kind == 2) {
            put(g, ".");
            put(g, PICK(g, names));
        } else {
            put(g, "[");
            expression(g, depth + 1);
            put(g, "]");
        }
    }
}

static void expression(struct generator *g, int depth)
{
    static const char *const binary[] = {"+",  "-",   "*",  "/",  "%",  "^",
                                         "..", "==",  "~=", "<",  "<=", ">",
                                         ">=", "and", "or", "and"};
    static const char *const unary[] = {"-", "not", "#"};
    static const char *const values[] = {"nil", "true", "false", "nil"};

    if (below(g, 6) == 0)
        put(g, PICK(g, unary));
    switch (below(g, depth > DEEPEST ? 4 : 9)) {
    case 0:
        put(g, PICK(g, values));
        break;
    case 1:
        number(g);
        break;
    case 2:
        text(g);
        break;
    case 3:
        put(g, PICK(g, names));
        break;
    case 4:
        put(g, "function");
        body(g, depth + 2);
        break;
    case 5:
        table(g, depth + 1);
        break;
    default:
        prefixed(g, depth + 1, false);
    }
    if (depth <= DEEPEST && below(g, 3) == 0) {
        put(g, PICK(g, binary));
        expression(g, depth + 1);
    }
}

/* What stands behind `in`, first. */
static void iterated(struct generator *g, int depth)
{
    static const char *const safe[] = {"pairs", "next", "a", "f"};
    uint32_t parentheses;

    if (!g->danger) {
        put(g, PICK(g, safe));
        if (below(g, 2))
            arguments(g, DEEPEST);
        return;
    }
    if (below(g, 2)) {
        expression(g, depth);
        return;
    }
    parentheses = below(g, 3);
    for (uint32_t i = 0; i < parentheses; i++)
        put(g, "(");
    if (below(g, 3) == 0) {
        put(g, PICK(g, names));
        put(g, below(g, 2) ? "or" : "==");
    }
    put(g, "nil");
    for (uint32_t i = 0; i < parentheses; i++)
        put(g, ")");
    if (parentheses && below(g, 2)) {
        put(g, ":");
        put(g, PICK(g, names));
        arguments(g, DEEPEST);
    } else if (below(g, 3) == 0) {
        static const char *const more[] = {"and", "..", "==", "+", "or", "<"};

        put(g, PICK(g, more));
        expression(g, DEEPEST);
    }
}

static void loop_body(struct generator *g, int depth)
{
    put(g, "do");
    g->loops++;
    block(g, depth + 1);
    g->loops--;
    put(g, "end");
}

static void statement(struct generator *g, int depth)
{
    switch (below(g, depth > DEEPEST ? 3 : 12)) {
    case 0:
        put(g, "local");
        put(g, PICK(g, names));
        if (below(g, 3)) {
            put(g, "=");
            expressions(g, depth + 1, 2);
        }
        break;
    case 1:
        put(g, PICK(g, names));
        put(g, "=");
        expressions(g, depth + 1, 2);
        break;
    case 2:
        put(g, PICK(g, names));
        arguments(g, depth + 1);
        break;
    case 3:
        put(g, "if");
        expression(g, depth + 1);
        put(g, "then");
        block(g, depth + 1);
        if (below(g, 2)) {
            put(g, "elseif");
            expression(g, depth + 1);
            put(g, "then");
            block(g, depth + 1);
        }
        if (below(g, 2)) {
            put(g, "else");
            block(g, depth + 1);
        }
        put(g, "end");
        break;
    case 4:
        put(g, "while");
        expression(g, depth + 1);
        loop_body(g, depth);
        break;
    case 5:
        put(g, "repeat");
        g->loops++;
        block(g, depth + 1);
        g->loops--;
        put(g, "until");
        expression(g, depth + 1);
        break;
    case 6:
        put(g, "for");
        put(g, PICK(g, names));
        put(g, "=");
        expression(g, depth + 1);
        put(g, ",");
        expression(g, depth + 1);
        loop_body(g, depth);
        break;
    case 7:
    case 8:
    case 9:
        if (below(g,
                  2)) { /* nothing emitted since a nil: what the parser stumbles over */
            put(g, "local");
            put(g, PICK(g, names));
        }
        put(g, "for");
        put(g, PICK(g, names));
        if (below(g, 2)) {
            put(g, ",");
            put(g, PICK(g, names));
        }
        put(g, "in");
        iterated(g, depth + 1);
        if (below(g, 3) == 0) {
            put(g, ",");
            expressions(g, depth + 1, 2);
        }
        loop_body(g, depth);
        break;
    case 10:
        put(g, "local");
        put(g, "function");
        put(g, PICK(g, names));
        body(g, depth + 1);
        break;
    default:
        if (g->loops && below(g, 2)) {
            put(g, "if");
            expression(g, depth + 1);
            put(g, "then");
            put(g, "break");
            put(g, "end");
        } else {
            put(g, "do");
            block(g, depth + 1);
            put(g, "end");
        }
    }
    put(g, ";");
}

static void block(struct generator *g, int depth)
{
    for (uint32_t i = below(g, depth > 3 ? 2 : 4); i > 0; i--)
        statement(g, depth);
}

static void spoil(struct generator *g)
{
    uint32_t at, other;

    if (g->count < 2)
        return;
    at = below(g, (uint32_t)g->count);
    other = below(g, (uint32_t)g->count);
    if (below(g, 2))
        memmove(g->tokens[at], g->tokens[other], TOKEN_BYTES);
    else
        g->tokens[at][0] = '\0';
}

static void generate(struct generator *g, char *out, uint64_t number_of)
{
    static const char *const between[] = {" ",
                                          " ",
                                          " ",
                                          "\n",
                                          "\r\n",
                                          "\t",
                                          " --x\n",
                                          " --[[ nil ]] ",
                                          "\n--[==[ in\n ]==]\n",
                                          "\v "};
    size_t used = 0;

    g->state = number_of;
    g->danger = below(g, 2) == 0;
    g->loops = 0;
    g->count = 0;
    do
        block(g, 0);
    while (g->count < 4);
    g->spoilt = below(g, 3) == 0;
    if (g->spoilt)
        spoil(g);
    for (int i = 0; i < g->count && used < SOURCE_BYTES - 64; i++)
        used += (size_t)snprintf(out + used, SOURCE_BYTES - used, "%s%s", g->tokens[i],
                                 PICK(g, between));
    out[used] = '\0';
    g->spoilt |= g->count == TOKENS || used >= SOURCE_BYTES - 64; /* cut off */
}

/* ---- the comparison ---- */

struct sources {
    char text[SOURCES][SOURCE_BYTES];
    cordon_error refused[SOURCES];
    bool accepted[SOURCES];
};

/* Does the refusal say that the source is wrong, not that it is dangerous or too much? */
static bool blames_grammar(const cordon_error *err)
{
    static const char *const others[] = {"suffix",         "iterated", "nest deeper",
                                         "functions nest", "`and`",    "`elseif`",
                                         "labels"};

    for (int i = 0; i < CDN_UNIT_COUNT(others); i++) {
        if (strstr(err->message, others[i]))
            return false;
    }
    return true;
}

/* Ask the parser, in a child, of the sources whose `accepted` is as given: sets ok for
 * those it takes; returns the number of the source that ended it, -1 if none did. */
static int parse_apart(const struct sources *sources, bool accepted, bool *ok)
{
    unsigned char answers[SOURCES];
    int ends[2], at = 0;
    ssize_t got;
    pid_t child;
    bool whole;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (!accepted && !freopen("/dev/null", "w", stderr)) /* sanitizers' reports */
            _exit(1);
        for (int i = 0; i < SOURCES; i++) {
            unsigned char answer = 0;

            if (sources->accepted[i] == accepted) {
                lua_State *L = luaL_newstate();

                answer = luaL_loadbuffer(L, sources->text[i], strlen(sources->text[i]),
                                         "=t") == 0;
                lua_close(L);
            }
            if (write(ends[1], &answer, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    while (at < SOURCES &&
           (got = read(ends[0], answers + at, (size_t)(SOURCES - at))) > 0)
        at += (int)got;
    close(ends[0]);
    waitpid(child, NULL, 0);
    whole = at == SOURCES;
    for (int i = 0; i < at; i++)
        ok[i] = answers[i];
    return whole ? -1 : at;
}

START_TEST(parser__survives_what_is_accepted_and_agrees_about_grammar)
{
    static struct sources sources;
    static struct generator g;
    static bool taken[SOURCES], taken_too[SOURCES];
    int accepted = 0, end;

    for (int i = 0; i < SOURCES; i++) {
        generate(&g, sources.text[i], (uint64_t)_i * SOURCES + (uint64_t)i + 1);
        sources.accepted[i] = cdn_tokens_check(sources.text[i], strlen(sources.text[i]),
                                               "t", &sources.refused[i]) == CORDON_OK;
        accepted += sources.accepted[i];
        ck_assert_msg(sources.accepted[i] || g.danger || g.spoilt,
                      "%u:%u: %s:\n%.2000s", sources.refused[i].line,
                      sources.refused[i].column, sources.refused[i].message,
                      sources.text[i]);
    }
    ck_assert_int_ge(accepted, SOURCES / 3); /* the generator is about Lua */
    end = parse_apart(&sources, true, taken);
    ck_assert_msg(end < 0, "the parser does not survive:\n%.2000s",
                  sources.text[end < 0 ? 0 : end]);
    /* what is refused may end it: then there is no answer about the rest */
    end = parse_apart(&sources, false, taken_too);
    for (int i = 0; i < (end < 0 ? SOURCES : end); i++)
        ck_assert_msg(sources.accepted[i] || !taken_too[i] ||
                          !blames_grammar(&sources.refused[i]),
                      "%u:%u: %s, but the parser takes:\n%.2000s",
                      sources.refused[i].line, sources.refused[i].column,
                      sources.refused[i].message, sources.text[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tokens_differ");

    CDN_UNIT_LOOP(s, parser__survives_what_is_accepted_and_agrees_about_grammar, 0,
                  SEEDS);
    return s;
}

CDN_UNIT_MAIN(suite)
