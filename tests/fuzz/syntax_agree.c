/* Both parsers on one source.  LuaJIT sees only what the token check lets through: on the
 * rest it may crash, which is what that check is for. */
#include "syntax_agree.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "lint/syntax.h"
#include "sandbox/tokens.h"

static lua_State *lua;

/* The virtual machine's limits, in LuaJIT's words. */
static bool is_limit(const char *message)
{
    static const char *const words[] = {"has more than", "too many", "too long",
                                        "too complex", "not enough memory"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(message, words[i]))
            return true;
    }
    return false;
}

/* Children before their parents and inside them, lists in order, names where they stand. */
static const char *check_tree(const struct cdn_syntax *syntax)
{
    for (uint32_t i = 1; i < syntax->count; i++) {
        const struct cdn_syntax_node *node = &syntax->nodes[i];
        uint32_t children[3] = {node->a, node->b, node->c};

        if (node->end < node->start || node->end > syntax->bytes)
            return "a span leaves the source";
        if (node->symbol >= syntax->symbol_count)
            return "a symbol that is none";
        if (node->kind == CDN_SYNTAX_NUMBER)
            continue;
        for (int k = 0; k < 3; k++) {
            uint32_t end = node->start;

            for (uint32_t child = children[k]; child;
                 child = syntax->nodes[child].next) {
                const struct cdn_syntax_node *inner = &syntax->nodes[child];

                if (child >= i)
                    return "a child that was made after its parent";
                if (inner->depth >= node->depth)
                    return "a child as deep as its parent";
                if (inner->start < end || inner->end > node->end)
                    return "a child outside its parent's span";
                end = inner->end;
            }
        }
        if (node->kind == CDN_SYNTAX_NAME &&
            (strlen(cdn_symbol_text(syntax, node->symbol)) != node->end - node->start ||
             memcmp(cdn_symbol_text(syntax, node->symbol), syntax->source + node->start,
                    node->end - node->start) != 0))
            return "a name that is not what stands there";
        if (node->symbol &&
            cdn_symbol_find(syntax, cdn_symbol_text(syntax, node->symbol),
                            syntax->symbols[node->symbol].bytes) != node->symbol)
            return "a symbol that is not found";
    }
    return NULL;
}

void syntax_agree(struct syntax_verdict *out, const char *source, size_t bytes)
{
    struct cdn_syntax syntax;
    cordon_error err = {0};
    cordon_status status = cdn_syntax_parse(&syntax, source, bytes, "agree.lua", &err);
    const char *wrong = status ? NULL : check_tree(&syntax);
    const char *message = "";
    bool loads;

    memset(out, 0, sizeof *out);
    out->accepted = !status;
    if (wrong)
        snprintf(out->fault, sizeof out->fault, "%s", wrong);
    if (status && (!err.message[0] || !err.line))
        snprintf(out->fault, sizeof out->fault,
                 "a refusal without a message and a line");
    cdn_syntax_deinit(&syntax);
    if (cdn_tokens_check(source, bytes, NULL, NULL) || out->fault[0])
        return;
    if (!lua)
        lua = luaL_newstate();
    if (!lua)
        return;
    out->shown = true;
    loads = !luaL_loadbuffer(lua, source, bytes, "=agree");
    if (!loads)
        message = lua_tostring(lua, -1);
    if (loads == (status != CORDON_OK) && !(!loads && is_limit(message)))
        snprintf(out->fault, sizeof out->fault,
                 "LuaJIT: %.150s; ours: line %u:%u %.150s",
                 loads ? "accepted" : message, err.line, err.column,
                 status ? err.message : "accepted");
    lua_settop(lua, 0);
}

void syntax_agree_end(void)
{
    if (lua)
        lua_close(lua);
    lua = NULL;
}
