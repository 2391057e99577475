/* types/cordon.lua: what a rule can call and read, as annotations for lua-language-server. */
#ifndef CDN_LINT_TYPES_H
#define CDN_LINT_TYPES_H

#include "base/buf.h"
#include "snapshot/schema.h"

/* Append the file: the manual's methods, and with a schema (else NULL) the names of labels, edge
 * types and properties.  The same manual and schema give the same bytes.  Running out of
 * memory is the buffer's to tell. */
void cdn_lint_types(struct cdn_buf *out, const struct cdn_schema *schema);

#endif
