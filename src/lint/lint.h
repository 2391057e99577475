/* The checks of one rule's source: everything beyond whether it loads.
 *
 * The tree says what stands there, the loaded rule what its contract is, a snapshot what the
 * graph is.  Each may be missing but the first; a check that needs more than there is says
 * nothing, as does one that is not sure: what a local may hold is known only where all its
 * definitions agree. */
#ifndef CDN_LINT_LINT_H
#define CDN_LINT_LINT_H

#include "base/error.h"
#include "lint/findings.h"
#include "lint/scope.h"
#include "lint/syntax.h"
#include "rule/rule.h"
#include "snapshot/snapshot.h"

enum cdn_type_kind {
    CDN_TYPE_UNKNOWN,
    CDN_TYPE_NIL,
    CDN_TYPE_BOOLEAN,
    CDN_TYPE_NUMBER,
    CDN_TYPE_STRING,
    CDN_TYPE_TABLE,
    CDN_TYPE_FUNCTION,
    CDN_TYPE_REQUEST,
    CDN_TYPE_PARAMS,
    CDN_TYPE_GRAPH,
    CDN_TYPE_NODE,  /* symbol: its label, or 0 */
    CDN_TYPE_EDGE,  /* symbol: its type, or 0 */
    CDN_TYPE_EDGES, /* symbol: their type, or 0 */
    CDN_TYPE_NODES, /* without columns */
    CDN_TYPE_ROWS,  /* a node set that may have columns */
    CDN_TYPE_VIEW,
    CDN_TYPE_SCORES,
    CDN_TYPE_GROUPS
};

/* What a value is, if it is not nil. */
struct cdn_type {
    enum cdn_type_kind kind;
    uint32_t symbol;
};

struct cdn_lint {
    const struct cdn_syntax *syntax;
    struct cdn_scope scope;
    const struct cdn_rule *rule;     /* NULL: it does not load */
    const cordon_snapshot *snapshot; /* NULL: none is given */
    uint64_t edges;                  /* the budget of a request; 0: not known */
    struct cdn_lint_findings *findings;
    /* of the contract; 0: not written out */
    uint32_t table;    /* TABLE that the chunk returns */
    uint32_t evaluate; /* FUNCTION */
    bool metatables;   /* operators may be the rule's own */
    /* what is known of each node */
    struct cdn_type *types;
    uint8_t *states;
    struct cdn_type *returned; /* of each FUNCTION */
    uint8_t *returned_states;
    uint32_t depth;
    bool *set_globals; /* by symbol: an assignment makes it a global */
    uint64_t steps;
};

/* Check a source that has been parsed, adding to `findings`.  What comments suppress is marked,
 * and all are sorted.  `rule`, `snapshot` may be NULL; `edges` is the budget that holds if the
 * rule declares none.
 * Errors: CORDON_E_NOMEM.  A tree too deep to walk is not checked. */
cordon_status cdn_lint_run(struct cdn_lint_findings *findings,
                           const struct cdn_syntax *syntax, const struct cdn_rule *rule,
                           const cordon_snapshot *snapshot, uint64_t edges);

/* ---- for the checks ---- */

static inline const struct cdn_syntax_node *cdn_lint_node(const struct cdn_lint *lint,
                                                          uint32_t node)
{
    return &lint->syntax->nodes[node];
}

static inline const char *cdn_lint_text(const struct cdn_lint *lint, uint32_t symbol)
{
    return cdn_symbol_text(lint->syntax, symbol);
}

/* What an expression may be (infer.c). */
struct cdn_type cdn_lint_infer(struct cdn_lint *lint, uint32_t node);
/* The receiver of the manual that a type is; NULL: none. */
const char *cdn_lint_receiver(struct cdn_type type);
const char *cdn_lint_type_name(struct cdn_type type);
/* The text that an expression is, if it is one string without NULs; else NULL. */
const char *cdn_lint_constant(struct cdn_lint *lint, uint32_t node);
/* The value of a field of a TABLE written `name = value`; 0: there is none. */
uint32_t cdn_lint_field(const struct cdn_lint *lint, uint32_t table, const char *name);
/* A field of the contract. */
uint32_t cdn_lint_contract(const struct cdn_lint *lint, const char *name);
/* Is `node` inside `outer`? */
bool cdn_lint_inside(const struct cdn_lint *lint, uint32_t node, uint32_t outer);
/* Is the node numbered `i` a part of `outer`?  Parts come right before the whole: count down
 * from it. */
static inline bool cdn_lint_within(const struct cdn_lint *lint, uint32_t i,
                                   uint32_t outer)
{
    return i && cdn_lint_node(lint, i)->start >= cdn_lint_node(lint, outer)->start;
}
/* Is this name or field only asked whether it is there: if x then, x and y, x or {}? */
bool cdn_lint_only_asked(const struct cdn_lint *lint, uint32_t node);
/* Is there work left for so many steps of what is not linear in the source?  A hostile one
 * must not keep the check busy: it then says less. */
bool cdn_lint_affords(struct cdn_lint *lint, uint32_t steps);
/* The global that this NAME is, or NULL. */
const char *cdn_lint_global(const struct cdn_lint *lint, uint32_t name);
/* The n-th (from 0) of a list of nodes; 0: it is shorter. */
uint32_t cdn_lint_nth(const struct cdn_lint *lint, uint32_t first, uint32_t n);
/* The FUNCTION that a CALL calls, if it calls a local that is always that one; else 0. */
uint32_t cdn_lint_callee(const struct cdn_lint *lint, uint32_t call);

/* The property of a label or edge type in the snapshot, or in all of them for a kind of
 * NULL if they agree; NULL: none. */
const struct cdn_property *cdn_lint_property(const struct cdn_lint *lint,
                                             const char *kind, const char *name,
                                             bool edges);

/* At `place` a property of a label or edge type is asked for (symbol 0: of any of them), or a
 * label or edge type ("label", "edge type"): tell if `reads` has it not. */
void cdn_lint_property_at(struct cdn_lint *lint, uint32_t place, uint32_t symbol,
                          const char *property, bool edges);
void cdn_lint_kind_at(struct cdn_lint *lint, uint32_t place, const char *name,
                      const char *what);
/* Does an edge set start from one node, so that no column is known in it? */
bool cdn_lint_starts_at_node(struct cdn_lint *lint, uint32_t set);

void cdn_lint_check_names(struct cdn_lint *lint);    /* check_names.c */
void cdn_lint_check_api(struct cdn_lint *lint);      /* check_api.c */
void cdn_lint_check_calls(struct cdn_lint *lint);    /* check_calls.c */
void cdn_lint_check_options(struct cdn_lint *lint);  /* check_options.c */
void cdn_lint_check_contract(struct cdn_lint *lint); /* check_contract.c */
void cdn_lint_check_result(struct cdn_lint *lint);   /* check_result.c */
void cdn_lint_check_types(struct cdn_lint *lint);    /* check_types.c */
void cdn_lint_check_cost(struct cdn_lint *lint);     /* check_cost.c */

#endif
