/* The file for editors: Lua that loads, with all of the manual and the schema in it. */
#include "lint/types.h"

#include "base/alloc.h"
#include "graph/manual.h"
#include "lint/syntax.h"
#include "support/unit.h"

static struct cdn_property account[] = {{.name = "age", .type = CDN_COLUMN_INT64},
                                        {.name = "name", .type = CDN_COLUMN_STRING}};
static struct cdn_property shop[] = {{.name = "name", .type = CDN_COLUMN_FLOAT64},
                                     {.name = "open", .type = CDN_COLUMN_BOOL}};
static struct cdn_property paid[] = {
    {.name = "amount", .type = CDN_COLUMN_FLOAT64},
    {.name = "at", .type = CDN_COLUMN_TIMESTAMP},
    {.name = "card", .type = CDN_COLUMN_INT64, .lua_string = true}};
static struct cdn_label labels[] = {
    {.name = "Account", .property_count = 2, .properties = account},
    {.name = "Shop", .property_count = 2, .properties = shop}};
static struct cdn_relation_schema relations[] = {
    {.type = "knows", .source = 0, .target = 0, .time = -1},
    {.type = "paid",
     .source = 0,
     .target = 0,
     .time = 1,
     .property_count = 3,
     .properties = paid},
    {.type = "paid",
     .source = 0,
     .target = 1,
     .time = 1,
     .property_count = 3,
     .properties = paid}};
static const struct cdn_schema schema = {
    .label_count = 2, .relation_count = 3, .labels = labels, .relations = relations};

static void check_parses(const struct cdn_buf *text)
{
    struct cdn_syntax syntax;
    cordon_error err = {0};
    cordon_status status = cdn_syntax_parse(&syntax, (const char *)text->data,
                                            text->length, "cordon.lua", &err);

    ck_assert_msg(!status, "%u:%u %s", err.line, err.column, err.message);
    cdn_syntax_deinit(&syntax);
}

START_TEST(types__hold_the_manual)
{
    struct cdn_buf text = {0};

    cdn_lint_types(&text, NULL);
    ck_assert(!text.failed);
    check_parses(&text);
    for (size_t i = 0; i < cdn_manual_count; i++) {
        char wanted[100];

        if (!strstr(" graph node edges nodes view scores groups ",
                    cdn_manual[i].receiver) ||
            !cdn_manual[i].receiver[0] || !cdn_manual[i].arguments ||
            strlen(cdn_manual[i].receiver) < 4)
            continue;
        snprintf(wanted, sizeof wanted, ":%s(", cdn_manual[i].name);
        ck_assert_msg(strstr((const char *)text.data, wanted) != NULL, "%s", wanted);
    }
    ck_assert_ptr_nonnull(
        strstr((const char *)text.data, "---@alias cordon.Label string\n"));
    cdn_buf_deinit(&text);
}
END_TEST

START_TEST(types__hold_the_schema)
{
    static const char *const lines[] = {
        "---@alias cordon.Label \"Account\"|\"Shop\"\n",
        "---@alias cordon.EdgeType \"knows\"|\"paid\"\n",
        "---@field age? integer of Account\n",
        "---@field name? string|number of Account, Shop\n",
        "---@field open? boolean of Shop\n",
        "---@field amount? number of paid\n",
        "---@field card? string of paid\n",
        "---@return cordon.Edges\nfunction Node:outgoing(type) end\n",
        "---@param label cordon.Label\n---@param key string|number\n---@return "
        "cordon.Node?\n",
        "---@return fun(): cordon.Edge, cordon.Node\nfunction Edges:each() end\n",
        "---@return integer, number\nfunction Edges:totals(property) end\n",
        "---@param from cordon.Node|cordon.Nodes\n---@param options? table\n"
        "---@return cordon.View\n",
    };
    struct cdn_buf text = {0};

    cdn_lint_types(&text, &schema);
    check_parses(&text);
    for (int i = 0; i < CDN_UNIT_COUNT(lines); i++)
        ck_assert_msg(strstr((const char *)text.data, lines[i]) != NULL, "no %s in\n%s",
                      lines[i], (const char *)text.data);
    ck_assert_ptr_null(strstr((const char *)text.data, "---@field at?"));
    cdn_buf_deinit(&text);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(types__tell_when_memory_runs_out)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf text = {0};

        cdn_lint_types(&text, &schema);
        ck_assert_int_eq(text.failed, cdn_failalloc_fired());
        cdn_buf_deinit(&text);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("types");

    CDN_UNIT_CASE(s, types__hold_the_manual);
    CDN_UNIT_CASE(s, types__hold_the_schema);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, types__tell_when_memory_runs_out);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
