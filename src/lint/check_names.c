/* Names: undefined, set as globals, never read, hiding others.
 *
 * What the sandbox's library defines is the manual's to say.  A file that touches _G or gives
 * functions other tables to look names up in may define anything. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "graph/manual.h"
#include "lint/lint.h"

enum { NAME_BYTES = 200 };

static const char *const libraries[] = {"string",    "table", "math", "bit",
                                        "coroutine", "host",  NULL};

static bool is_library(const char *name)
{
    for (int i = 0; libraries[i]; i++) {
        if (!strcmp(libraries[i], name))
            return true;
    }
    return cdn_manual_find("", name) != NULL;
}

/* The nearest of the library's names and the locals of the file that are open there, as far
 * as the order of the source tells. */
static void suggest(struct cdn_lint *lint, uint32_t node, char *hint, size_t size)
{
    struct cdn_suggest near;

    cdn_suggest_init(&near, cdn_lint_text(lint, cdn_lint_node(lint, node)->symbol));
    for (uint32_t i = 0; i < lint->scope.count; i++) {
        const struct cdn_local *local = &lint->scope.locals[i];

        if (local->node &&
            cdn_lint_node(lint, local->node)->start <
                cdn_lint_node(lint, node)->start &&
            cdn_lint_inside(lint, node, local->function))
            cdn_suggest_offer(&near, cdn_lint_text(lint, local->symbol));
    }
    for (int i = 0; libraries[i]; i++)
        cdn_suggest_offer(&near, libraries[i]);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        if (!cdn_manual[i].receiver[0])
            cdn_suggest_offer(&near, cdn_manual[i].name);
    }
    cdn_suggest_text(&near, hint, size);
}

/* What rules of other places reach for. */
static const char *advice(const char *name)
{
    static const struct {
        const char *name, *hint;
    } rows[] = {
        {"os", "; the present is request.now"},
        {"io", "; a rule reads the graph alone"},
        {"print", "; return what should be seen in `output` or `reasons`"},
        {"require", "; a rule is one file"},
        {"load", "; a rule cannot load code"},
        {"loadstring", "; a rule cannot load code"},
        {"dofile", "; a rule is one file"},
        {"debug", "; the sandbox has no debug library"},
        {"collectgarbage", "; memory is given back when the request ends"},
        {"utf8", "; strings are bytes"},
        {"graph", "; it is the first parameter of evaluate"},
        {"request", "; it is the second parameter of evaluate"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!strcmp(rows[i].name, name))
            return rows[i].hint;
    }
    return NULL;
}

static void check_global(struct cdn_lint *lint, uint32_t node)
{
    const char *name = cdn_lint_text(lint, cdn_lint_node(lint, node)->symbol);
    enum cdn_name_role role = (enum cdn_name_role)lint->scope.roles[node];
    char hint[120] = "";

    if (role == CDN_ROLE_WRITES) {
        if (!lint->metatables)
            cdn_lint_add_at(lint->findings, CDN_LINT_GLOBAL, lint->syntax, node,
                            "'%.60s' is set as a global; write local %.60s", name,
                            name);
        return;
    }
    if (is_library(name) || lint->metatables || cdn_lint_only_asked(lint, node) ||
        lint->set_globals[cdn_lint_node(lint, node)->symbol] ||
        !cdn_lint_affords(lint, lint->scope.count))
        return;
    if (advice(name))
        snprintf(hint, sizeof hint, "%s", advice(name));
    else
        suggest(lint, node, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, CDN_LINT_UNDEFINED, lint->syntax, node,
                    "nothing defines '%.60s'%s", name, hint);
}

/* May a local be called the same with a `_` before it?  If nothing in the file is. */
static bool is_free(const struct cdn_lint *lint, const char *name)
{
    char with[NAME_BYTES + 2];
    size_t bytes = strlen(name);

    if (bytes > NAME_BYTES)
        return false;
    with[0] = '_';
    memcpy(with + 1, name, bytes + 1);
    return !cdn_symbol_find(lint->syntax, with, bytes + 1);
}

static void check_unused(struct cdn_lint *lint, const struct cdn_local *local)
{
    const char *name = cdn_lint_text(lint, local->symbol);
    bool own = local->kind <= CDN_LOCAL_FUNCTION;

    enum cdn_lint_code code = own ? CDN_LINT_UNUSED : CDN_LINT_UNUSED_PARAMETER;

    if (!local->node || local->reads || name[0] == '_')
        return;
    if (own)
        cdn_lint_add_at(lint->findings, CDN_LINT_UNUSED, lint->syntax, local->node,
                        "'%.60s' is %s and never read%s", name,
                        local->kind == CDN_LOCAL_FUNCTION ? "defined"
                        : local->writes                   ? "assigned"
                                                          : "declared",
                        local->writes ? "" : "; take it out, or call it _");
    else
        cdn_lint_add_at(lint->findings, CDN_LINT_UNUSED_PARAMETER, lint->syntax,
                        local->node, "'%.60s' is never read; call it _", name);
    if (!local->writes && is_free(lint, name))
        cdn_lint_mend(lint->findings, code, cdn_lint_node(lint, local->node)->start);
}

/* Does the value of a local make use of the one that it hides? */
static bool made_from(const struct cdn_lint *lint, const struct cdn_local *local)
{
    uint32_t statement = lint->scope.parents[local->node];

    for (uint32_t i = statement; cdn_lint_within(lint, i, statement); i--) {
        if (lint->scope.binding[i] == local->hides &&
            lint->scope.roles[i] != CDN_ROLE_DECLARES)
            return true;
    }
    return false;
}

static void check_hides(struct cdn_lint *lint, const struct cdn_local *local)
{
    const char *name = cdn_lint_text(lint, local->symbol);
    const struct cdn_local *hidden;
    uint32_t line, column;

    if (!local->hides || !local->node || !local->reads || name[0] == '_')
        return;
    hidden = &lint->scope.locals[local->hides - 1];
    if (!hidden->node || !hidden->reads || !cdn_lint_affords(lint, 1000) ||
        made_from(lint, local))
        return;
    cdn_syntax_place(lint->syntax, cdn_lint_node(lint, hidden->node)->start, &line,
                     &column);
    cdn_lint_add_at(lint->findings, CDN_LINT_HIDES, lint->syntax, local->node,
                    "'%.60s' hides the '%.60s' of line %u; give it another name", name,
                    name, line);
}

void cdn_lint_check_names(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        if (lint->scope.roles[i] == CDN_ROLE_WRITES && !lint->scope.binding[i])
            lint->set_globals[cdn_lint_node(lint, i)->symbol] = true;
    }
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_NAME && lint->scope.roles[i] &&
            !lint->scope.binding[i])
            check_global(lint, i);
    }
    for (uint32_t i = 0; i < lint->scope.count; i++) {
        check_unused(lint, &lint->scope.locals[i]);
        check_hides(lint, &lint->scope.locals[i]);
    }
}
