/* The schemas of bodies and answers, and the parameters, that routes name: schemas/, read. */
#ifndef CDN_SERVER_SCHEMAS_H
#define CDN_SERVER_SCHEMAS_H

#include <stdbool.h>

#include <cordon/value.h>

#include "base/buf.h"
#include "base/error.h"

#define CDN_SCHEMAS_MAX_FILES 16

/* One file: {"parameters": {name: parameter}, "schemas": {name: schema}}. */
struct cdn_schema_file {
    struct cdn_buf pack; /* what the views point into */
    cordon_value parameters, schemas;
};

/* Zero-initialise. */
struct cdn_schemas {
    size_t count;
    struct cdn_schema_file files[CDN_SCHEMAS_MAX_FILES];
};

/* Read all of them.  What was read is the caller's to deinit whatever comes back.
 * Errors: CORDON_E_DATA which file, where, and why; CORDON_E_NOMEM. */
cordon_status cdn_schemas_read(struct cdn_schemas *out, cordon_error *err);
void cdn_schemas_deinit(struct cdn_schemas *schemas);

/* The schema of that name; false: there is none. */
bool cdn_schemas_find(cordon_value *out, const struct cdn_schemas *schemas,
                      const char *name);

#endif
