/* Rules: Lua source with a contract (rules/README.md), loaded into an engine by name.
 *
 * Loading runs the chunk once in a sandbox of its own, under limits, checks the contract
 * it returns, and checks `reads` against the engine's snapshot if it has one. */
#ifndef CORDON_RULE_H
#define CORDON_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>
#include <cordon/value.h>

/* Longer source is refused. */
#define CORDON_RULE_MAX_SOURCE_BYTES (256u * 1024u)
#define CORDON_RULE_MAX_NAME_BYTES   64

/* One declared parameter of a rule. */
typedef struct cordon_param_info {
    size_t struct_size; /* sizeof(cordon_param_info) as the caller compiled it */
    char name[65];
    char type[16]; /* "boolean", "integer", "number", "string", "duration", "timestamp"
                         or "list" */
    char element[16]; /* of a list: the type of its elements; else "" */
    bool required;
    bool has_default;
    char description[256]; /* cut where it is longer */
} cordon_param_info;

#define CORDON_PARAM_INFO_INIT                                                         \
    {                                                                                  \
        sizeof(cordon_param_info), "", "", "", false, false, ""                        \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* Load a rule from source text; a rule of the same name is replaced for the next request.
 *
 * `file` names the source in messages ("rules/velocity.lua"); it is not opened.
 * `name`, if not NULL, receives the rule's name, at most CORDON_RULE_MAX_NAME_BYTES and
 * the NUL.
 * The chunk runs once, behind the wall that the rule will run behind: the engine's, or what the
 * policy's `walls` have for a rule without history.
 * Errors: CORDON_E_RULE with file and line: syntax, a forbidden construct, a broken
 *         contract, an error or a limit while the chunk ran, a name in `reads` that the
 *         snapshot does not have; the worker that read it behind a wall died, lied or was late
 *         CORDON_E_NOMEM; behind a wall also those of its start */
CORDON_EXPORT cordon_status cordon_engine_load_rule(cordon_engine *engine,
                                                    const char *source, size_t bytes,
                                                    const char *file, char *name,
                                                    cordon_error *err);

/* The same for a file.  Errors: also CORDON_E_NOTFOUND, CORDON_E_IO. */
CORDON_EXPORT cordon_status cordon_engine_load_rule_file(cordon_engine *engine,
                                                         const char *path, char *name,
                                                         cordon_error *err);

/* Forget a rule.  Errors: CORDON_E_NOTFOUND. */
CORDON_EXPORT cordon_status cordon_engine_unload_rule(cordon_engine *engine,
                                                      const char *name,
                                                      cordon_error *err);

/* The size of a rule's image in bytes: what each request copies, and the most that one cached
 * copy costs; rules that are alike share most of theirs.  Errors: CORDON_E_NOTFOUND. */
CORDON_EXPORT cordon_status cordon_engine_rule_image_bytes(uint64_t *out,
                                                           cordon_engine *engine,
                                                           const char *name,
                                                           cordon_error *err);

/* Build the rule's image in every sandbox now, so that no request has to: each sandbox is
 * waited for in turn.  Behind a wall: have as many workers started as evaluations can run at
 * once, and each told of the rule; they are waited for.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_NOMEM; why no worker can be started. */
CORDON_EXPORT cordon_status cordon_engine_warm(cordon_engine *engine, const char *rule,
                                               cordon_error *err);

/* The rule's parameter number `index`, from 0, in byte order of the names.  Set
 * out->struct_size before.  Errors: CORDON_E_NOTFOUND no such rule, or it has no more
 * parameters. */
CORDON_EXPORT cordon_status cordon_engine_rule_param(cordon_param_info *out,
                                                     cordon_engine *engine,
                                                     const char *rule, uint32_t index,
                                                     cordon_error *err);

/* The first rule or set in service whose name comes after `after` in byte order (NULL: the
 * first of all) into `name`, which may be `after` itself.
 * Errors: CORDON_E_NOTFOUND there is none. */
CORDON_EXPORT cordon_status
cordon_engine_next(char name[CORDON_RULE_MAX_NAME_BYTES + 1], cordon_engine *engine,
                   const char *after, cordon_error *err);

/* Append what a rule or a set says of itself, as one map: of a rule its version that decides.
 *
 *   both    kind ("rule", "set"), name, description, decisions (least severe first), fallback
 *           (nil: "none")
 *   rule    owner, tags, reads ({kind: [property]}), returns (a word, or {field: word}),
 *           limits (those it declares, as cordon_limits names them), and params: a list of
 *           {name, type, element of a list, required, default, min, max, choices,
 *           description}, each where there is one; bounds of a duration or a timestamp are in
 *           milliseconds, those of a string or a list count its length
 *   set     combine, combiner (nil: none), members ([{name, weight}])
 *
 * Whether it fitted, cordon_builder_ok() tells; out->length is what it takes.
 * Errors: CORDON_E_NOTFOUND no such rule or set */
CORDON_EXPORT cordon_status cordon_engine_contract(cordon_builder *out,
                                                   cordon_engine *engine,
                                                   const char *name, cordon_error *err);

/* Append one parameter, given as text, to a map of parameters being built: its name, and
 * its value read as the rule declares it ("24h", "true", "1,2,3" for a list; a string as it
 * stands).  Bounds are checked when the rule is evaluated.  Whether it fitted,
 * cordon_builder_ok() tells.
 * Errors: CORDON_E_INVALID not of the declared type, no such parameter
 *         CORDON_E_NOTFOUND no such rule */
CORDON_EXPORT cordon_status
cordon_engine_param_text(cordon_builder *out, cordon_engine *engine, const char *rule,
                         const char *param, const char *text, cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
