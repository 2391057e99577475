#include "support/unit.h"

#include "server/openapi.h"

#include "base/alloc.h"
#include "codec/json_read.h"
#include "server/schemas.h"

static void nothing(struct cdn_exchange *x)
{
    (void)x;
}

static const struct cdn_route some[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/graph/nodes/{label}/{key}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_LOOP,
     .handle = nothing,
     .operation = "node",
     .summary = "A node",
     .query = "usage explain",
     .response = "Readiness"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/rules/{id}:activate",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = nothing,
     .operation = "activate",
     .summary = "Let it decide",
     .request = "EvaluateRequest",
     .response = NULL},
    {.path = NULL},
};
static const struct cdn_route more[] = {
    {.method = CDN_METHOD_DELETE,
     .path = "/v1/graph/nodes/{label}/{key}",
     .right = CDN_RIGHT_KILL,
     .place = CDN_PLACE_LOOP,
     .handle = nothing,
     .operation = "other",
     .summary = "The same path in another piece"},
    {.path = NULL},
};
static const struct cdn_route *const pieces[] = {some, more, NULL};

static cordon_status describe(struct cdn_buf *out, cordon_error *err)
{
    struct cdn_json json;

    cdn_json_init(&json, out, false);
    return cdn_openapi_write(&json, pieces, err);
}

static void expect_text(const struct cdn_buf *out, const char *part)
{
    ck_assert_msg(strstr((const char *)out->data, part) != NULL, "no %s in %.1000s",
                  part, (const char *)out->data);
}

START_TEST(write__tells_what_the_table_says)
{
    struct cdn_buf out = {0}, pack = {0};
    cordon_error err;

    ck_assert_msg(!describe(&out, &err), "%s", err.message);
    ck_assert(!out.failed);
    ck_assert(!cdn_json_to_pack(&pack, (const char *)out.data, out.length, &err));
    /* both methods of a path stand under it, whichever piece they are of */
    expect_text(&out, "\"paths\":{\"/v1/graph/nodes/{label}/{key}\":{\"get\":{");
    expect_text(&out, "\"delete\":{\"operationId\":\"other\"");
    ck_assert_ptr_eq(strstr(strstr((char *)out.data, "/v1/graph/nodes/") + 1,
                            "\"/v1/graph/nodes/{label}/{key}\""),
                     NULL);
    expect_text(&out,
                "\"parameters\":[{\"$ref\":\"#/components/parameters/nodes.label\"},"
                "{\"$ref\":\"#/components/parameters/label.key\"},"
                "{\"$ref\":\"#/components/parameters/usage\"},"
                "{\"$ref\":\"#/components/parameters/explain\"}]");
    expect_text(&out, "\"parameters\":[{\"$ref\":\"#/components/parameters/rules.id\"},"
                      "{\"$ref\":\"#/components/parameters/Idempotency-Key\"},"
                      "{\"$ref\":\"#/components/parameters/X-Reason\"},"
                      "{\"$ref\":\"#/components/parameters/If-Match\"}]");
    expect_text(&out, "\"x-right\":\"promote\"");
    expect_text(&out, "\"security\":[{\"bearer\":[\"kill\"]}]");
    /* a schema's statuses, and an answer that is none */
    expect_text(&out, "\"responses\":{\"200\":{\"description\":\"Done\",");
    expect_text(&out, "\"503\":{\"description\":\"Too busy");
    expect_text(&out, "\"responses\":{\"204\":{\"description\":");
    cdn_buf_deinit(&pack);
    cdn_buf_deinit(&out);
}
END_TEST

START_TEST(schemas__are_found_by_name)
{
    struct cdn_schemas schemas = {0};
    cordon_value value;
    cordon_error err;

    ck_assert_msg(!cdn_schemas_read(&schemas, &err), "%s", err.message);
    ck_assert(cdn_schemas_find(&value, &schemas, "Problem"));
    ck_assert_int_eq(value.type, CORDON_MAP);
    ck_assert(!cdn_schemas_find(&value, &schemas, "problem"));
    cdn_schemas_deinit(&schemas);
    ck_assert(!cdn_schemas_find(&value, &schemas, "Problem"));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(write__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        cordon_status status = describe(&out, NULL);

        if (cdn_failalloc_fired())
            ck_assert(status == CORDON_E_NOMEM || out.failed);
        else
            ck_assert(!status && !out.failed);
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("openapi");

    CDN_UNIT_CASE(s, write__tells_what_the_table_says);
    CDN_UNIT_CASE(s, schemas__are_found_by_name);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, write__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
