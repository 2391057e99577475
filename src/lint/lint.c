/* Running all checks over one source: what stands where, then one family after the other. */
#include "lint/lint.h"

#include <string.h>

#include "base/alloc.h"

#define MOST_STEPS UINT64_C(20000000) /* of what is not linear in the source */

uint32_t cdn_lint_field(const struct cdn_lint *lint, uint32_t table, const char *name)
{
    const struct cdn_syntax_node *at = cdn_lint_node(lint, table);
    uint32_t symbol = cdn_symbol_find(lint->syntax, name, strlen(name));
    uint32_t found = 0;

    if (!symbol || at->kind != CDN_SYNTAX_TABLE)
        return 0;
    for (uint32_t i = at->a; i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *field = cdn_lint_node(lint, i);

        if (field->kind == CDN_SYNTAX_PAIR &&
            cdn_lint_node(lint, field->a)->kind == CDN_SYNTAX_STRING &&
            cdn_lint_node(lint, field->a)->symbol == symbol)
            found = field->b; /* the last one stands */
    }
    return found;
}

uint32_t cdn_lint_contract(const struct cdn_lint *lint, const char *name)
{
    return lint->table ? cdn_lint_field(lint, lint->table, name) : 0;
}

bool cdn_lint_inside(const struct cdn_lint *lint, uint32_t node, uint32_t outer)
{
    return outer && node &&
           cdn_lint_node(lint, node)->start >= cdn_lint_node(lint, outer)->start &&
           cdn_lint_node(lint, node)->end <= cdn_lint_node(lint, outer)->end;
}

bool cdn_lint_affords(struct cdn_lint *lint, uint32_t steps)
{
    lint->steps += steps;
    return lint->steps <= MOST_STEPS;
}

bool cdn_lint_only_asked(const struct cdn_lint *lint, uint32_t node)
{
    uint32_t parent = lint->scope.parents[node];
    const struct cdn_syntax_node *at = cdn_lint_node(lint, parent);

    return (at->kind == CDN_SYNTAX_BINARY &&
            (at->op == CDN_TOKEN_OR || at->op == CDN_TOKEN_AND ||
             at->op == CDN_TOKEN_EQ || at->op == CDN_TOKEN_NE)) ||
           (at->kind == CDN_SYNTAX_UNARY && at->op == CDN_TOKEN_NOT) ||
           (at->kind == CDN_SYNTAX_CLAUSE && at->a == node) ||
           (at->kind == CDN_SYNTAX_CALL && cdn_lint_global(lint, at->a) &&
            !strcmp(cdn_lint_global(lint, at->a), "type"));
}

/* An expression behind parentheses and locals that are always the same. */
static uint32_t settle(const struct cdn_lint *lint, uint32_t node)
{
    for (int i = 0; i < 4; i++) {
        const struct cdn_local *local;

        node = cdn_syntax_bare(lint->syntax, node);
        if (cdn_lint_node(lint, node)->kind != CDN_SYNTAX_NAME)
            break;
        local = cdn_scope_local(&lint->scope, node);
        node = local && local->kind <= CDN_LOCAL_FUNCTION
                   ? cdn_scope_only_value(&lint->scope, local)
                   : 0;
    }
    return node;
}

/* The table that the chunk returns, and its `evaluate`. */
static void find_contract(struct cdn_lint *lint)
{
    uint32_t statement =
        cdn_lint_node(lint, cdn_lint_node(lint, lint->syntax->chunk)->b)->a;
    uint32_t value;

    while (statement && cdn_lint_node(lint, statement)->next)
        statement = cdn_lint_node(lint, statement)->next;
    if (cdn_lint_node(lint, statement)->kind != CDN_SYNTAX_RETURN)
        return;
    value = settle(lint, cdn_lint_node(lint, statement)->a);
    if (cdn_lint_node(lint, value)->kind != CDN_SYNTAX_TABLE)
        return;
    lint->table = value;
    value = settle(lint, cdn_lint_contract(lint, "evaluate"));
    if (cdn_lint_node(lint, value)->kind == CDN_SYNTAX_FUNCTION)
        lint->evaluate = value;
}

static cordon_status prepare(struct cdn_lint *lint)
{
    static const char *const own[] = {"setmetatable", "rawset", "_G"};
    uint32_t count = lint->syntax->count;

    lint->types = cdn_calloc(count, sizeof *lint->types);
    lint->states = cdn_calloc(count, sizeof *lint->states);
    lint->returned = cdn_calloc(count, sizeof *lint->returned);
    lint->returned_states = cdn_calloc(count, sizeof *lint->returned_states);
    lint->set_globals = cdn_calloc(lint->syntax->symbol_count, sizeof(bool));
    if (!lint->types || !lint->states || !lint->returned || !lint->returned_states ||
        !lint->set_globals)
        return CORDON_E_NOMEM;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        lint->metatables |= cdn_symbol_find(lint->syntax, own[i], strlen(own[i])) != 0;
    find_contract(lint);
    return CORDON_OK;
}

cordon_status cdn_lint_run(struct cdn_lint_findings *findings,
                           const struct cdn_syntax *syntax, const struct cdn_rule *rule,
                           const cordon_snapshot *snapshot, uint64_t edges)
{
    struct cdn_lint lint = {.syntax = syntax,
                            .rule = rule,
                            .snapshot = snapshot,
                            .edges =
                                rule && rule->limits.edges ? rule->limits.edges : edges,
                            .findings = findings};
    cordon_status status = cdn_scope_build(&lint.scope, syntax);

    if (!status)
        status = prepare(&lint);
    if (!status) {
        cdn_lint_check_names(&lint);
        cdn_lint_check_api(&lint);
        cdn_lint_check_calls(&lint);
        cdn_lint_check_options(&lint);
        cdn_lint_check_result(&lint);
        cdn_lint_check_types(&lint);
        if (rule)
            cdn_lint_check_contract(&lint);
        if (rule && snapshot)
            cdn_lint_check_cost(&lint);
    }
    if (!status || status == CORDON_E_INVALID)
        cdn_lint_suppress(findings, syntax, snapshot && rule && !status);
    cdn_lint_sort(findings);
    cdn_free(lint.types);
    cdn_free(lint.states);
    cdn_free(lint.returned);
    cdn_free(lint.returned_states);
    cdn_free(lint.set_globals);
    cdn_scope_deinit(&lint.scope);
    return status == CORDON_E_NOMEM || findings->nomem ? CORDON_E_NOMEM : CORDON_OK;
}
