/* Rules: Lua source with a contract (rules/README.md), loaded into an engine by name.
 *
 * Loading runs the chunk once in a sandbox of its own, under limits, checks the contract
 * it returns, and checks `reads` against the engine's snapshot if it has one. */
#ifndef CORDON_RULE_H
#define CORDON_RULE_H

#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/error.h>

/* Longer source is refused. */
#define CORDON_RULE_MAX_SOURCE_BYTES (256u * 1024u)
#define CORDON_RULE_MAX_NAME_BYTES 64

#ifdef __cplusplus
extern "C" {
#endif

/* Load a rule from source text; a rule of the same name is replaced for the next request.
 *
 * `file` names the source in messages ("rules/velocity.lua"); it is not opened.
 * `name`, if not NULL, receives the rule's name, at most CORDON_RULE_MAX_NAME_BYTES and
 * the NUL.
 * Errors: CORDON_E_RULE with file and line: syntax, a forbidden construct, a broken
 *         contract, an error or a limit while the chunk ran, a name in `reads` that the
 *         snapshot does not have
 *         CORDON_E_NOMEM */
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

/* The size of a rule's image in bytes: what one cached copy costs, and what each request
 * copies.  Errors: CORDON_E_NOTFOUND. */
CORDON_EXPORT cordon_status cordon_engine_rule_image_bytes(uint64_t *out,
                                                           cordon_engine *engine,
                                                           const char *name,
                                                           cordon_error *err);

#ifdef __cplusplus
}
#endif

#endif
