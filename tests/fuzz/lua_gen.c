/* Deriving programs: the machine; the grammar itself is in lua_grammar.c. */
#include "lua_gen.h"

#include <stdio.h>
#include <string.h>

#define MOST_STATEMENTS 11
#define MOST_LIST       4
#define MOST_PARTS      12 /* of evaluate's body, each protected */

void lua_gen_init(struct lua_gen *gen, const uint8_t *data, size_t size)
{
    gen->data = data;
    gen->size = size;
    gen->at = 0;
    gen->depth = gen->labels = gen->loop = gen->loop_depth = 0;
    gen->fuel = LUA_GEN_MAX_FUEL;
    gen->span_count = 0;
    gen->length = 0;
    gen->text[0] = '\0';
}

uint8_t lua_gen_byte(struct lua_gen *gen)
{
    return gen->at < gen->size ? gen->data[gen->at++] : 0;
}

void lua_gen_note(struct lua_gen *gen, char symbol, size_t start)
{
    if (gen->span_count == LUA_GEN_MAX_SPANS || gen->at == start)
        return;
    gen->spans[gen->span_count++] =
        (struct lua_span){(uint32_t)start, (uint32_t)gen->at, symbol};
}

static void put(struct lua_gen *gen, const char *text, size_t bytes)
{
    if (bytes > LUA_GEN_MAX_BYTES - gen->length)
        bytes =
            LUA_GEN_MAX_BYTES - gen->length; /* it will not parse: let it be refused */
    memcpy(gen->text + gen->length, text, bytes);
    gen->length += bytes;
    gen->text[gen->length] = '\0';
}

static void put_number(struct lua_gen *gen, const char *before, unsigned number,
                       const char *after)
{
    char text[64];

    put(gen, text,
        (size_t)snprintf(text, sizeof text, "%s%u%s", before, number, after));
}

/* A quoted string of up to 15 of the input's own bytes. */
static void put_string(struct lua_gen *gen)
{
    size_t start = gen->at;
    unsigned bytes = lua_gen_byte(gen) % 16U;

    put(gen, "\"", 1);
    while (bytes-- > 0) {
        unsigned char c = lua_gen_byte(gen);

        if (c >= ' ' && c < 127 && c != '"' && c != '\\')
            put(gen, (const char *)&c, 1);
        else
            put_number(gen, c < 10 ? "\\00" : c < 100 ? "\\0" : "\\", c, "");
    }
    put(gen, "\"", 1);
    lua_gen_note(gen, '"', start);
}

static void enter(struct lua_gen *gen, unsigned loop)
{
    const unsigned room = sizeof gen->loops / sizeof *gen->loops;

    if (gen->loop_depth < room)
        gen->loops[gen->loop_depth] = gen->loop;
    gen->loop_depth++;
    gen->loop = gen->loop_depth < room ? loop : 0;
}

static void leave(struct lua_gen *gen)
{
    const unsigned room = sizeof gen->loops / sizeof *gen->loops;

    gen->loop_depth--;
    gen->loop = gen->loop_depth < room ? gen->loops[gen->loop_depth] : 0;
}

/* Each statement has a byte of its own that says it is there. */
static void put_statements(struct lua_gen *gen)
{
    for (int i = 0; i < MOST_STATEMENTS && gen->at < gen->size && gen->fuel; i++) {
        size_t start = gen->at;

        if (lua_gen_byte(gen) % 8 == 0)
            break;
        lua_gen_symbol(gen, 'z');
        put(gen, "\n", 1);
        lua_gen_note(gen, '*', start);
    }
}

static void put_list(struct lua_gen *gen, bool leading)
{
    unsigned count = lua_gen_byte(gen) % (MOST_LIST + 1U);

    for (unsigned i = 0; i < count; i++) {
        if (i || leading)
            put(gen, ", ", 2);
        lua_gen_symbol(gen, 'e');
    }
}

/* True if `c` is one of those that are no symbols. */
static bool put_special(struct lua_gen *gen, char c)
{
    switch (c) {
    case '<':
        enter(gen, ++gen->labels);
        return true;
    case '[':
        enter(gen, 0);
        return true;
    case '>':
    case ']':
        leave(gen);
        return true;
    case ':':
        if (gen->loop)
            put_number(gen, "::c", gen->loop, "::");
        return true;
    case 'g':
        if (gen->loop)
            put_number(gen, "goto c", gen->loop, "");
        return true;
    case 'k':
        if (gen->loop)
            put(gen, "do break end", 12);
        return true;
    case '*':
        put_statements(gen);
        return true;
    case ',':
    case ';':
        put_list(gen, c == ';');
        return true;
    case '#':
        put_number(gen, "", lua_gen_byte(gen), "");
        return true;
    case '"':
        put_string(gen);
        return true;
    default:
        return false;
    }
}

void lua_gen_text(struct lua_gen *gen, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "$");

        put(gen, text, plain);
        text += plain;
        if (!*text)
            break;
        if (!put_special(gen, text[1]))
            lua_gen_symbol(gen, text[1]);
        text += 2;
    }
}

/* How many alternatives there are, and how many of the first ones end at once. */
static unsigned count(const char *const *alternatives, unsigned *ends)
{
    unsigned all = 0;

    *ends = 0;
    while (alternatives[all]) {
        if (*ends == all && !strchr(alternatives[all], '$'))
            *ends = all + 1;
        all++;
    }
    if (!*ends)
        *ends = 1;
    return all;
}

void lua_gen_symbol(struct lua_gen *gen, char symbol)
{
    const char *const *alternatives = lua_grammar(symbol);
    size_t start = gen->at;
    unsigned ends, all = count(alternatives, &ends);

    if (gen->depth >= LUA_GEN_MAX_DEPTH || !gen->fuel)
        all = ends;
    else
        gen->fuel--;
    gen->depth++;
    lua_gen_text(gen, alternatives[lua_gen_byte(gen) % all]);
    gen->depth--;
    lua_gen_note(gen, symbol, start);
}

/* What every generated rule begins with: variables of known types. */
static const char head[] =
    "local out = {}\n"
    "local function note(...)\n"
    "  for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end\n"
    "  return ...\n"
    "end\n"
    "local n1, n2, n3, s1, s2, s3, t1, t2, t3, f1, f2, f3, o1, o2, co, x1, x2 =\n"
    "  1, 2.5, -7, 'abc', 'k=v, x=y', '', {1, 2, 3}, {a = 1, b = {}}, {},\n"
    "  function(...) return ... end, function(a, b) return b, a end,\n"
    "  function() return note('called') end\n"
    "o1, o2 = setmetatable({}, {__index = t1}), setmetatable({3}, {})\n"
    "co = coroutine.create(function(...) return coroutine.yield(...) end)\n"
    "local me, e1, g1, v1\n";

const char lua_gen_reads[] =
    "{ Account = {'createTime', 'isBlocked', 'balance', 'risk', 'kind',\n"
    "    'nickname', 'serial', 'note', 'bag'}, Person = {'name'}, Company = {},\n"
    "    Medium = {'kind'}, transfer = {'amount', 'cents', 'ts', 'memo'},\n"
    "    own = {'share'}, invest = {'ratio', 'time'}, signIn = {'location', 'time'} }";

static const char middle[] =
    "decisions = {'allow', 'deny'}, fallback = 'deny',\n"
    "  params = { n = {type = 'number', default = 3}, s = {type = 'string'} },\n"
    "  evaluate = function(graph, request, ...)\n"
    "me = request.node\n"
    "g1 = me:outgoing('transfer')\n"
    "v1 = g1:nodes()\n"
    "e1 = g1:first()\n";

static void put_text(struct lua_gen *gen, const char *text)
{
    put(gen, text, strlen(text));
}

void lua_gen_rule(struct lua_gen *gen, const char *name, const char *reads)
{
    put_text(gen, head);
    if (lua_gen_byte(gen) % 4 == 3) /* runs at load, too */
        lua_gen_text(gen, "pcall(function(...)$[\n$*$] end)\n$*");
    put_text(gen, "return { name = '");
    put_text(gen, name);
    put_text(gen, "',\n  reads = ");
    put_text(gen, reads);
    put_text(gen, ",\n  ");
    put_text(gen, middle);
    for (int i = 0; i < MOST_PARTS && gen->at < gen->size && gen->fuel; i++) {
        size_t start = gen->at;

        if (lua_gen_byte(gen) % 16 == 0)
            break;
        lua_gen_text(gen, "note(pcall(function(...)$[\n$*$] end, me, n1))\n");
        lua_gen_note(gen, '+', start);
    }
    lua_gen_text(gen, "$*$R\nend }\n");
}
