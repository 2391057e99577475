/* Changes in the terms of the graph they change. */
#ifndef CDN_IMPORT_BASE_ADOPT_H
#define CDN_IMPORT_BASE_ADOPT_H

#include "base/error.h"
#include "import/mapping.h"

/* Replace the mapping's schema by `schema` and its numbers by that schema's.
 * Errors: CORDON_E_DATA with what the graph does not have, or has otherwise. */
cordon_status cdn_base_adopt(struct cdn_mapping *mapping,
                             const struct cdn_schema *schema, cordon_error *err);

#endif
