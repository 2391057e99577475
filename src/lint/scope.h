/* The names of a source: which local each stands for, and what becomes of it.
 *
 * Every NAME of the tree is a local, bound to its number, or a global.  Of a local all
 * definitions are known, each with its value where it has one of its own, and all calls; so a
 * reader can ask what it may hold.  Flow is not followed: a local that is defined twice may
 * hold either.
 *
 * Only for trees of at most CDN_SCOPE_DEEPEST; linear in the source. */
#ifndef CDN_LINT_SCOPE_H
#define CDN_LINT_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "lint/syntax.h"

#define CDN_SCOPE_DEEPEST 1000

enum cdn_local_kind {
    CDN_LOCAL_PLAIN,
    CDN_LOCAL_FUNCTION,
    CDN_LOCAL_PARAMETER,
    CDN_LOCAL_LOOP, /* of a `for` */
    CDN_LOCAL_SELF
};

/* What a NAME does where it stands. */
enum cdn_name_role {
    CDN_ROLE_NONE,
    CDN_ROLE_DECLARES,
    CDN_ROLE_READS,
    CDN_ROLE_CALLS,
    CDN_ROLE_WRITES
};

/* One value that a local may hold, a list by `next` (0 ends it). */
struct cdn_definition {
    uint32_t value; /* the expression; 0: none, or one of several of a call */
    uint32_t from;  /* the expression that gives several values; 0 of one's own */
    uint32_t at;    /* which of them, from 0 */
    uint32_t next;
};

struct cdn_local {
    uint32_t symbol;
    uint32_t node; /* where it is declared; 0 of `self` */
    enum cdn_local_kind kind;
    uint32_t function; /* FUNCTION of which it is a parameter, or in which it stands */
    uint32_t place;    /* of a parameter: which, from 0, `self` not counted */
    uint32_t reads;    /* calls included */
    uint32_t called;   /* of these */
    uint32_t writes;   /* assignments after its declaration */
    uint32_t hides; /* local + 1 of the same name open where it is declared; 0: none */
    uint32_t definitions; /* cdn_scope.definitions; 0: none, it holds nil */
    uint32_t calls;       /* cdn_scope.calls: CALL nodes */
};

struct cdn_scope {
    const struct cdn_syntax *syntax;
    uint32_t count, room;
    struct cdn_local *locals;
    uint32_t *binding; /* by node: local + 1; 0: a global, or no NAME */
    uint8_t *roles;    /* by node: enum cdn_name_role */
    uint32_t *parents; /* by node; 0 of the chunk */
    uint32_t definition_count, definition_room;
    struct cdn_definition *definitions; /* from 1 */
    uint32_t call_count, call_room;
    struct cdn_call_of {
        uint32_t node, next;
    } * calls;         /* from 1 */
    uint32_t *current; /* by symbol, while names are resolved */
    bool nomem;
};

/* Resolve the names of a tree, which is borrowed.  cdn_scope_deinit() is due whatever comes
 * back.  Errors: CORDON_E_NOMEM, CORDON_E_INVALID for a tree that is too deep. */
cordon_status cdn_scope_build(struct cdn_scope *out, const struct cdn_syntax *syntax);
void cdn_scope_deinit(struct cdn_scope *scope);

/* The local that a NAME stands for; NULL: a global. */
static inline const struct cdn_local *cdn_scope_local(const struct cdn_scope *scope,
                                                      uint32_t name)
{
    return scope->binding[name] ? &scope->locals[scope->binding[name] - 1] : NULL;
}

/* The value of a local that has one definition of its own; 0: another or none. */
uint32_t cdn_scope_only_value(const struct cdn_scope *scope,
                              const struct cdn_local *local);
/* The FUNCTION around a node. */
uint32_t cdn_scope_function(const struct cdn_scope *scope, uint32_t node);

#endif
