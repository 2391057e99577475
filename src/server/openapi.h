/* /openapi.json: what the table of routes says, as OpenAPI 3.1.
 *
 * The routes name schemas and query parameters; what those are stands in schemas/, JSON files
 * that the server carries, one a subject:
 *
 *   {"parameters": {name: an OpenAPI parameter}, "schemas": {name: a JSON Schema (2020-12)}}
 *
 * A name stands in one file alone.  A schema that a route names has `examples`, and may have
 * beside what JSON Schema knows
 *
 *   x-status   the statuses of a good answer that is of it ([200] where there is none)
 *   x-media    {media type: name of a schema, "" for any text}: what the body or the answer may
 *              be beside JSON and msgpack
 *   x-only     true: it is of x-media alone
 *
 * A path's part "{id}" is described by the parameter "rules.id", where "rules" is the part of
 * the path before it; if that has braces, as in "{label}/{key}", by "label.key". */
#ifndef CDN_SERVER_OPENAPI_H
#define CDN_SERVER_OPENAPI_H

#include "base/buf.h"
#include "base/error.h"
#include "codec/json.h"
#include "server/route.h"

/* Write the document of the routes of `pieces`, one value.
 * Errors: CORDON_E_DATA a schema that is not JSON, and where; CORDON_E_NOMEM. */
cordon_status cdn_openapi_write(struct cdn_json *out,
                                const struct cdn_route *const *pieces,
                                cordon_error *err);

#endif
