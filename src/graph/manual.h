/* The manual of what a rule can call, as a table: one row a function, method or field.
 *
 * It is what `cordon check` knows names and types from, what editors complete from
 * (types/cordon.lua) and what a person is shown.  A test holds it against what the sandbox
 * and graph/ register, both ways, and runs the check over every example. */
#ifndef CDN_GRAPH_MANUAL_H
#define CDN_GRAPH_MANUAL_H

#include <stdbool.h>
#include <stddef.h>

/* Receivers: "graph" "request" "node" "edge" "edges" "nodes" "view" "scores" "groups", the
 * libraries "string" "table" "math" "bit" "coroutine", and "" for what is global.
 *
 * Types in `arguments` and `result`: those receivers, and boolean integer number string list
 * map function any; "?" behind one: or nil; in `arguments` "a|b": either.  `result` has several, separated by ", ", where
 * there are several results; "" if there is none.  What `each` gives begins with "for ". */
struct cdn_manual {
    const char *receiver;
    const char *name;
    const char *arguments; /* "n: integer, p: string"; NULL: a field, not a function.  A
                              name with '?' may be left out, "..." is any number */
    const char *result;
    const char *text; /* one sentence */
    const char
        *cost; /* in edges and instructions; "" if it costs what any call costs */
    const char *example; /* an expression or statement, or "" */
};

extern const struct cdn_manual cdn_manual[];
extern const size_t cdn_manual_count;

/* What a method's table of options may hold. */
struct cdn_manual_options {
    const char *receiver;
    const char *name;
    const char *options; /* separated by blanks */
};

extern const struct cdn_manual_options cdn_manual_options[];
extern const size_t cdn_manual_options_count;

/* NULL: it takes no options. */
const char *cdn_manual_options_find(const char *receiver, const char *name);

/* NULL: there is none. */
const struct cdn_manual *cdn_manual_find(const char *receiver, const char *name);
/* Is it a receiver at all? */
bool cdn_manual_has(const char *receiver);

#endif
