/* Reading a configuration table strictly: every key known, every value of its type, and
 * every complaint with the path and, where it can be found, the line.
 *
 * A walk keeps the path it stands at; whoever steps into a value steps out of it again
 * on success.  After an error the walk is over, so nobody steps out then. */
#ifndef CDN_SANDBOX_SPEC_H
#define CDN_SANDBOX_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/error.h"
#include "sandbox/locate.h"

#define CDN_SPEC_DEPTH     10
#define CDN_SPEC_KEY_BYTES 80

struct cdn_spec {
    const char *source; /* the Lua text, for lines */
    size_t bytes;
    const char *file;
    void **blocks; /* what cdn_spec_keep() gave out */
    cordon_error *err;
    size_t depth;
    struct cdn_step path[CDN_SPEC_DEPTH];
    char keys[CDN_SPEC_DEPTH][CDN_SPEC_KEY_BYTES];
};

/* Memory that lives as long as the list `blocks` heads; zeroed.  NULL: none left. */
void *cdn_spec_keep(struct cdn_spec *table, size_t bytes);
void cdn_spec_release(void **blocks);

void cdn_spec_enter(struct cdn_spec *table, const char *key);
void cdn_spec_enter_value(struct cdn_spec *table, const cordon_value *key);
void cdn_spec_enter_index(struct cdn_spec *table, uint32_t index);
void cdn_spec_leave(struct cdn_spec *table);

/* CORDON_E_DATA about the value the walk stands at. */
cordon_status cdn_spec_fail(struct cdn_spec *table, const char *format, ...)
    CDN_PRINTF(2, 3);
/* The same about one of its keys. */
cordon_status cdn_spec_fail_key(struct cdn_spec *table, const char *key,
                                const char *format, ...) CDN_PRINTF(3, 4);

/* One name of a table must be in `known`; the error stands at it. */
cordon_status cdn_spec_check_key(struct cdn_spec *table, const cordon_value *key,
                                 const char *const *known, size_t count);
/* The value must be a table of names, each of which is in `known`. */
cordon_status cdn_spec_check_keys(struct cdn_spec *table, const cordon_value *map,
                                  const char *const *known, size_t count);
/* The value must be a table (of names, of whatever name; of elements). */
cordon_status cdn_spec_check_map(struct cdn_spec *table, const cordon_value *value);

/* A key's text without zero bytes, kept; NULL if the key is absent and not required. */
cordon_status cdn_spec_text(struct cdn_spec *table, const char **out,
                            const cordon_value *map, const char *key, bool required);
/* A value's text, kept. */
cordon_status cdn_spec_copy_text(struct cdn_spec *table, const char **out,
                                 const cordon_value *value);
/* *out stays as it is if the key is absent. */
cordon_status cdn_spec_bool(struct cdn_spec *table, bool *out, const cordon_value *map,
                            const char *key);
/* A text or a list of texts, as a kept list. */
cordon_status cdn_spec_texts(struct cdn_spec *table, const char ***out, uint32_t *count,
                             const cordon_value *map, const char *key);

/* Which of `choices` a text is; -1 with an error. */
int cdn_spec_choice(struct cdn_spec *table, const char *text, const char *what,
                    const char *const *choices, size_t count, cordon_status *status);

const char *cdn_spec_type(const cordon_value *value);

#endif
