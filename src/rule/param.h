/* One parameter's value: checked against its declaration, turned into what the rule sees. */
#ifndef CDN_RULE_PARAM_H
#define CDN_RULE_PARAM_H

#include "base/pack.h"
#include "rule/rule.h"

/* Integers beyond this are not exact as Lua numbers. */
#define CDN_RULE_EXACT 9007199254740992.0

/* Both arrays end with NULL; the numbers are those of enum cdn_param_type. */
extern const char *const cdn_param_type_names[];

/* Turn `given` into what the rule sees: numbers as doubles, durations and timestamps as
 * milliseconds, strings and lists as views of what `given` views.  `what` begins the
 * message ("parameter 'window'").  Nothing is allocated.
 * Errors: CORDON_E_INVALID the wrong type, out of bounds, not one of the choices. */
cordon_status cdn_param_accept(cordon_value *out, const struct cdn_param *param,
                               const cordon_value *given, const char *what,
                               cordon_error *err);

/* One element of a list that cdn_param_accept() took, as the rule sees it.  False only if
 * the bytes changed since. */
bool cdn_param_element(cordon_value *out, const struct cdn_param *param,
                       const cordon_value *element);

/* Parse text as a person writes it ("24h", "true", "1,2,3") and write it as msgpack.
 * Errors: CORDON_E_INVALID. */
cordon_status cdn_param_text(struct cdn_packer *out, const struct cdn_param *param,
                             const char *text, cordon_error *err);

/* The parameter of that name, or NULL. */
const struct cdn_param *cdn_param_find(const struct cdn_rule *rule, const char *name,
                                       size_t bytes);

/* "no parameter 'x'; did you mean 'y'?", or which ones there are, into out. */
char *cdn_param_unknown(char *out, size_t size, const struct cdn_rule *rule,
                        const char *name, size_t bytes);

#endif
