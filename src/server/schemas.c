/* Schemas are files of their own, since whoever writes a client reads them, and since a test
 * holds real answers against them; the server only passes them on.
 *
 * They are read when /openapi.json is asked for, which is seldom: a few hundred microseconds,
 * against memory that would be held for good. */
#include "server/schemas.h"

#include "base/embedded.h"
#include "codec/json_read.h"

extern const struct cdn_embedded cdn_embedded_schemas[];
extern const size_t cdn_embedded_schemas_count;

static cordon_status read_file(struct cdn_schema_file *out,
                               const struct cdn_embedded *file, cordon_error *err)
{
    struct cdn_json_fault fault = {0};
    cordon_value value;
    cordon_status status =
        cdn_json_read(&out->pack, (const char *)file->bytes, file->size, &fault);

    if (status == CORDON_E_DATA)
        return cdn_error_set(err, status, "schemas/%s:%u:%u: %s", file->name,
                             fault.line, fault.column, fault.text);
    if (status)
        return cdn_error_nomem(err);
    status = cordon_value_parse(&value, out->pack.data, out->pack.length, err);
    if (!status && (!cordon_value_get(&out->parameters, &value, "parameters") ||
                    !cordon_value_get(&out->schemas, &value, "schemas")))
        status = cdn_error_set(
            err, CORDON_E_DATA,
            "schemas/%s: it must have \"parameters\" and \"schemas\"", file->name);
    return status;
}

cordon_status cdn_schemas_read(struct cdn_schemas *out, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (cdn_embedded_schemas_count > CDN_SCHEMAS_MAX_FILES)
        return cdn_error_set(err, CORDON_E_DATA, "more than %d files of schemas",
                             CDN_SCHEMAS_MAX_FILES);
    for (size_t i = 0; i < cdn_embedded_schemas_count && !status; i++)
        status = read_file(&out->files[out->count++], &cdn_embedded_schemas[i], err);
    return status;
}

void cdn_schemas_deinit(struct cdn_schemas *schemas)
{
    for (size_t i = 0; i < schemas->count; i++)
        cdn_buf_deinit(&schemas->files[i].pack);
    *schemas = (struct cdn_schemas){0};
}

bool cdn_schemas_find(cordon_value *out, const struct cdn_schemas *schemas,
                      const char *name)
{
    for (size_t i = 0; i < schemas->count; i++)
        if (cordon_value_get(out, &schemas->files[i].schemas, name))
            return true;
    return false;
}
