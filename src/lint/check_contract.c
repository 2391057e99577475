/* The contract against what `evaluate` does: parameters and reads that are not used, decisions
 * that are never or wrongly returned.
 *
 * What is used by a name that is put together while the rule runs cannot be seen here.  So a
 * name counts as used where it appears anywhere else in the file, as a name, a field or a
 * string; and where properties are asked for by something else than a constant, none is called
 * unused. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "graph/manual.h"
#include "lint/lint.h"

enum { MOST_WORDS = 32, DEEPEST = 12 };

/* ---- mentions ---- */

/* Does a name or string of this text stand anywhere outside a table of the contract?  Of
 * `keys_only` only the keys of that table do not count. */
static bool mentioned(struct cdn_lint *lint, const char *text, uint32_t outside,
                      bool keys_only)
{
    uint32_t symbol = cdn_symbol_find(lint->syntax, text, strlen(text));

    if (!cdn_lint_affords(lint, lint->syntax->count))
        return true;
    for (uint32_t i = 1; symbol && i < lint->syntax->count; i++) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);
        uint32_t parent = lint->scope.parents[i];

        if ((at->kind != CDN_SYNTAX_STRING && at->kind != CDN_SYNTAX_NAME &&
             at->kind != CDN_SYNTAX_METHOD) ||
            at->symbol != symbol)
            continue;
        if (!cdn_lint_inside(lint, i, outside))
            return true;
        if (keys_only && !(cdn_lint_node(lint, parent)->kind == CDN_SYNTAX_PAIR &&
                           cdn_lint_node(lint, parent)->a == i))
            return true;
    }
    return false;
}

/* Is something of this kind indexed by what is no constant, or handed on as a whole? */
static bool escapes(struct cdn_lint *lint, enum cdn_type_kind kind)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        uint32_t parent = lint->scope.parents[i];
        const struct cdn_syntax_node *around = cdn_lint_node(lint, parent);
        enum cdn_syntax_kind what = (enum cdn_syntax_kind)cdn_lint_node(lint, i)->kind;

        if ((what != CDN_SYNTAX_NAME && what != CDN_SYNTAX_INDEX) ||
            lint->scope.roles[i] == CDN_ROLE_DECLARES ||
            cdn_lint_infer(lint, i).kind != kind)
            continue;
        if (around->kind == CDN_SYNTAX_INDEX && around->a == i) {
            if (!cdn_lint_constant(lint, around->b))
                return true;
        } else if (around->kind != CDN_SYNTAX_LOCAL &&
                   around->kind != CDN_SYNTAX_METHOD) {
            /* passed to a local function whose parameter is known to be it: seen there */
            if (around->kind != CDN_SYNTAX_CALL || !cdn_lint_callee(lint, parent))
                return true;
        }
    }
    return false;
}

static void check_params(struct cdn_lint *lint)
{
    uint32_t table = cdn_lint_contract(lint, "params");

    if (cdn_lint_node(lint, table)->kind != CDN_SYNTAX_TABLE ||
        escapes(lint, CDN_TYPE_PARAMS))
        return;
    for (uint32_t i = 0; i < lint->rule->param_count; i++) {
        const char *name = lint->rule->params[i].name;
        uint32_t value = cdn_lint_field(lint, table, name);

        if (value && !mentioned(lint, name, table, true))
            cdn_lint_add_at(
                lint->findings, CDN_LINT_PARAM_UNUSED, lint->syntax,
                cdn_lint_node(lint, lint->scope.parents[value])->a,
                "the parameter '%.64s' is never used; use it, or take it out", name);
    }
}

/* ---- reads ---- */

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++) {
        if (!strcmp(*list, text))
            return true;
    }
    return false;
}

/* The argument of a method that names a property, label or edge type; 0: there is none. */
static uint32_t naming_argument(const struct cdn_lint *lint,
                                const struct cdn_syntax_node *method)
{
    static const char *const first[] = {"sum",    "avg",   "min",      "max",
                                        "totals", "where", "outgoing", "incoming",
                                        "both",   "of",    "node",     NULL};
    static const char *const second[] = {"top", "largest", "smallest", NULL};
    const char *name = cdn_lint_text(lint, method->symbol);

    if (is_one_of(name, first))
        return method->b;
    return is_one_of(name, second) ? cdn_lint_nth(lint, method->b, 1) : 0;
}

/* Is it the key of an option whose value names one? */
static bool is_option(const struct cdn_lint *lint, uint32_t key)
{
    static const char *const options[] = {"sum",      "avg",    "min",    "max",
                                          "edges",    "where",  "weight", "amount",
                                          "property", "labels", NULL};

    return cdn_lint_node(lint, key)->kind == CDN_SYNTAX_STRING &&
           is_one_of(cdn_lint_text(lint, cdn_lint_node(lint, key)->symbol), options);
}

/* A value that may be any string. */
static bool is_open(struct cdn_lint *lint, uint32_t value)
{
    struct cdn_type type = cdn_lint_infer(lint, value);

    return !cdn_lint_constant(lint, value) &&
           (type.kind == CDN_TYPE_UNKNOWN || type.kind == CDN_TYPE_STRING);
}

/* May a property or kind be asked for by a name that is no constant? */
static bool asks_by_value(struct cdn_lint *lint)
{
    for (uint32_t i = 1; i < lint->syntax->count; i++) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);

        if (at->kind == CDN_SYNTAX_INDEX && !at->dot && is_open(lint, at->b)) {
            struct cdn_type base = cdn_lint_infer(lint, at->a);

            if (base.kind == CDN_TYPE_UNKNOWN || base.kind == CDN_TYPE_NODE ||
                base.kind == CDN_TYPE_EDGE)
                return true;
        }
        if (at->kind == CDN_SYNTAX_METHOD && naming_argument(lint, at) &&
            is_open(lint, naming_argument(lint, at)))
            return true;
        if (at->kind == CDN_SYNTAX_PAIR && is_option(lint, at->a) &&
            is_open(lint, at->b))
            return true;
    }
    return false;
}

/* The place of a property in reads.<kind>, or of the kind itself. */
static uint32_t place_of(const struct cdn_lint *lint, uint32_t table, const char *kind,
                         const char *property)
{
    uint32_t list = cdn_lint_field(lint, table, kind);

    if (!property)
        return list ? cdn_lint_node(lint, lint->scope.parents[list])->a : 0;
    for (uint32_t i = cdn_lint_node(lint, list)->kind == CDN_SYNTAX_TABLE
                          ? cdn_lint_node(lint, list)->a
                          : 0;
         i; i = cdn_lint_node(lint, i)->next) {
        uint32_t value = cdn_lint_node(lint, i)->a;

        if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_ITEM &&
            cdn_lint_node(lint, value)->kind == CDN_SYNTAX_STRING &&
            !strcmp(cdn_lint_text(lint, cdn_lint_node(lint, value)->symbol), property))
            return value;
    }
    return 0;
}

/* Does a call of the graph use all edge types of `reads`, since it names none? */
static bool uses_all_types(const struct cdn_lint *lint)
{
    static const char *const methods[] = {"ego",           "view",
                                          "shortest_path", "paths",
                                          "cycles",        "common_neighbours",
                                          "jaccard",       "adamic_adar",
                                          "random_walk",   "personalised_pagerank"};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (cdn_symbol_find(lint->syntax, methods[i], strlen(methods[i])))
            return true;
    }
    return false;
}

static bool is_edge_type(const struct cdn_lint *lint, const char *name)
{
    const struct cdn_schema *schema = lint->snapshot ? &lint->snapshot->schema : NULL;

    for (uint32_t i = 0; schema && i < schema->relation_count; i++) {
        if (!strcmp(schema->relations[i].type, name))
            return true;
    }
    return false;
}

static void check_reads(struct cdn_lint *lint)
{
    const struct cdn_names *names = &lint->rule->names;
    uint32_t table = cdn_lint_contract(lint, "reads");

    if (cdn_lint_node(lint, table)->kind != CDN_SYNTAX_TABLE || asks_by_value(lint))
        return;
    for (uint32_t k = 0; k < names->kind_count; k++) {
        const char *kind = names->kinds[k].name;
        bool named = mentioned(lint, kind, table, false);

        if (!named && is_edge_type(lint, kind) && !uses_all_types(lint) &&
            place_of(lint, table, kind, NULL))
            cdn_lint_add_at(lint->findings, CDN_LINT_READ_UNUSED, lint->syntax,
                            place_of(lint, table, kind, NULL),
                            "the edge type '%.64s' is declared and never used; take it "
                            "out",
                            kind);
        for (uint32_t p = 0; p < names->property_count; p++) {
            uint32_t place;

            if (!(names->kinds[k].properties >> p & 1))
                continue;
            place = place_of(lint, table, kind, names->properties[p]);
            if (place && !mentioned(lint, names->properties[p], table, false))
                cdn_lint_add_at(
                    lint->findings, CDN_LINT_READ_UNUSED, lint->syntax, place,
                    "'%.64s' of %.64s is declared and never read; take it out",
                    names->properties[p], kind);
        }
    }
}

/* ---- decisions ---- */

/* The strings that an expression may be, and where they stand. */
struct words {
    bool unknown; /* others too */
    uint32_t count;
    uint32_t nodes[MOST_WORDS];
};

static void gather(struct cdn_lint *lint, struct words *words, uint32_t node,
                   uint32_t depth);

static void gather_local(struct cdn_lint *lint, struct words *words,
                         const struct cdn_local *local, uint32_t depth)
{
    if (local->kind != CDN_LOCAL_PLAIN)
        words->unknown = true;
    for (uint32_t i = local->definitions; i && !words->unknown;
         i = lint->scope.definitions[i].next) {
        if (lint->scope.definitions[i].value)
            gather(lint, words, lint->scope.definitions[i].value, depth);
        else
            words->unknown = true;
    }
}

static void gather(struct cdn_lint *lint, struct words *words, uint32_t node,
                   uint32_t depth)
{
    const struct cdn_syntax_node *at;

    node = cdn_syntax_bare(lint->syntax, node);
    at = cdn_lint_node(lint, node);
    if (depth > DEEPEST || words->count == MOST_WORDS || !cdn_lint_affords(lint, 1)) {
        words->unknown = true;
        return;
    }
    switch (at->kind) {
    case CDN_SYNTAX_STRING:
        for (uint32_t i = 0; i < words->count; i++) {
            if (words->nodes[i] == node)
                return;
        }
        words->nodes[words->count++] = node;
        break;
    case CDN_SYNTAX_NIL:
    case CDN_SYNTAX_FALSE:
        break;
    case CDN_SYNTAX_BINARY:
        if (at->op == CDN_TOKEN_AND) { /* the first is false or nil: not a word */
            gather(lint, words, at->b, depth + 1);
        } else if (at->op == CDN_TOKEN_OR) {
            gather(lint, words, at->a, depth + 1);
            gather(lint, words, at->b, depth + 1);
        } else {
            words->unknown = true;
        }
        break;
    case CDN_SYNTAX_NAME:
        if (cdn_scope_local(&lint->scope, node))
            gather_local(lint, words, cdn_scope_local(&lint->scope, node), depth + 1);
        else
            words->unknown = true;
        break;
    default:
        words->unknown = true;
    }
}

/* What a returned expression decides. */
static void gather_result(struct cdn_lint *lint, struct words *words, uint32_t node,
                          uint32_t depth)
{
    const struct cdn_syntax_node *at;
    uint32_t decision, function;

    node = cdn_syntax_bare(lint->syntax, node);
    at = cdn_lint_node(lint, node);
    function = at->kind == CDN_SYNTAX_CALL ? cdn_lint_callee(lint, node) : 0;
    if (function && depth < 3) {
        for (uint32_t i = function; cdn_lint_within(lint, i, function); i--) {
            if (!cdn_lint_affords(lint, 1)) {
                words->unknown = true;
                break;
            }
            if (cdn_lint_node(lint, i)->kind == CDN_SYNTAX_RETURN &&
                cdn_lint_node(lint, i)->a &&
                cdn_scope_function(&lint->scope, i) == function)
                gather_result(lint, words, cdn_lint_node(lint, i)->a, depth + 1);
        }
        return;
    }
    if (at->kind == CDN_SYNTAX_NIL)
        return;
    if (at->kind != CDN_SYNTAX_TABLE) {
        words->unknown = true;
        return;
    }
    decision = cdn_lint_field(lint, node, "decision");
    if (decision)
        gather(lint, words, decision, 0);
    for (uint32_t i = at->a; i; i = cdn_lint_node(lint, i)->next) {
        const struct cdn_syntax_node *field = cdn_lint_node(lint, i);

        if (field->kind == CDN_SYNTAX_PAIR && !field->dot &&
            cdn_lint_node(lint, field->a)->kind != CDN_SYNTAX_STRING)
            words->unknown = true;
    }
}

static void check_word(struct cdn_lint *lint, uint32_t node, bool *returned)
{
    const char *word = cdn_lint_text(lint, cdn_lint_node(lint, node)->symbol);
    const struct cdn_rule *rule = lint->rule;
    struct cdn_suggest near;
    char hint[160];

    cdn_suggest_init(&near, word);
    for (uint32_t i = 0; i < rule->decision_count; i++) {
        if (!strcmp(rule->decisions[i], word)) {
            returned[i] = true;
            return;
        }
        cdn_suggest_offer(&near, rule->decisions[i]);
    }
    cdn_suggest_text(&near, hint, sizeof hint);
    cdn_lint_add_at(lint->findings, CDN_LINT_DECISION, lint->syntax, node,
                    "'%.64s' is not one of the rule's decisions%s", word, hint);
}

static void check_decisions(struct cdn_lint *lint)
{
    const struct cdn_rule *rule = lint->rule;
    bool returned[CDN_RULE_MAX_DECISIONS] = {false};
    uint32_t table = cdn_lint_contract(lint, "decisions");
    struct words words = {0};

    for (uint32_t i = lint->evaluate; cdn_lint_within(lint, i, lint->evaluate); i--) {
        const struct cdn_syntax_node *at = cdn_lint_node(lint, i);

        if (at->kind == CDN_SYNTAX_RETURN && at->a &&
            cdn_scope_function(&lint->scope, i) == lint->evaluate)
            gather_result(lint, &words, at->a, 0);
    }
    for (uint32_t i = 0; i < words.count; i++)
        check_word(lint, words.nodes[i], returned);
    if (rule->fallback >= 0)
        returned[rule->fallback] = true;
    if (words.unknown || !words.count ||
        cdn_lint_node(lint, table)->kind != CDN_SYNTAX_TABLE)
        return;
    for (uint32_t i = cdn_lint_node(lint, table)->a; i;
         i = cdn_lint_node(lint, i)->next) {
        uint32_t item = cdn_lint_node(lint, i)->a;

        for (uint32_t d = 0; d < rule->decision_count; d++) {
            if (returned[d] || cdn_lint_node(lint, item)->kind != CDN_SYNTAX_STRING ||
                strcmp(cdn_lint_text(lint, cdn_lint_node(lint, item)->symbol),
                       rule->decisions[d]) != 0)
                continue;
            cdn_lint_add_at(lint->findings, CDN_LINT_DECISION_UNUSED, lint->syntax,
                            item,
                            "the decision '%.64s' is never returned; take it out, or "
                            "return it",
                            rule->decisions[d]);
        }
    }
}

static void check_fallback(struct cdn_lint *lint)
{
    uint32_t fallback = cdn_lint_contract(lint, "fallback");

    if (fallback && lint->rule->fallback < 0 && lint->rule->decision_count)
        cdn_lint_add_at(
            lint->findings, CDN_LINT_NO_FALLBACK, lint->syntax, fallback,
            "a rule that decides leaves to the host what stands when it fails; "
            "name one of its decisions");
}

void cdn_lint_check_contract(struct cdn_lint *lint)
{
    if (!lint->table || !lint->evaluate)
        return;
    check_params(lint);
    check_reads(lint);
    check_decisions(lint);
    check_fallback(lint);
}
