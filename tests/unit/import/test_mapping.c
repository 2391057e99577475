/* schema.lua: what it can say, and how its faults are told. */
#include "support/unit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "import/mapping.h"

static cordon_status read_text(struct cdn_mapping *mapping, const char *text,
                               cordon_error *err)
{
    return cdn_mapping_read(mapping, text, strlen(text), "schema.lua", err);
}

/* One label and what is put between it and the end. */
#define ACCOUNT "return {\nlabels = {\nAccount = {\nfile = 'a.csv',\n"
#define KEY     "key = { column = 'id', type = 'int64' },\n"
#define EDGE                                                                           \
    ACCOUNT KEY "} },\nedges = {\n{ type = 'pays', from = 'Account', to = 'Account', " \
                "file = 'e.csv',\nsource = 'a', target = 'b',\n"

struct fault {
    const char *text;
    uint32_t line;
    const char *message;
    const char *hint; /* another part of the message; may be NULL */
};

static const struct fault FAULTS[] = {
    {"return {}", 1, "'labels' is missing", NULL},
    {"return {\nlabels = {} }", 2, "labels: is empty", NULL},
    {"return {\nlabels = { 'a' } }", 2, "a table with names is wanted here, not a list",
     NULL},
    {"return {\nlabels = 7 }", 2, "not a number", NULL},
    {"return {\nlables = {} }", 2, "unknown name", "did you mean 'labels'"},
    {ACCOUNT "} } }", 3, "labels.Account: 'key' is missing", NULL},
    {ACCOUNT "key = 'id' } } }", 5, "a table with names", NULL},
    {ACCOUNT "key = { column = 'id' } } } }", 5, "'type' is missing", NULL},
    {ACCOUNT "key = { column = 'id',\ntype = 'int46' } } } }", 6,
     "labels.Account.key.type: unknown key type 'int46'", "did you mean 'int64'"},
    {ACCOUNT "key = { column = '', type = 'int64' } } } }", 5, "is empty", NULL},
    {ACCOUNT "key = { column = 'a\\0b', type = 'int64' } } } }", 5, "zero byte", NULL},
    {ACCOUNT "key = { type = 'int64' } } } }", 3, "'key' is missing", NULL},
    {ACCOUNT KEY "propertes = {} } } }", 6, "unknown name", "'properties'"},
    {ACCOUNT KEY "properties = {\nx = 'timestmp' } } } }", 7,
     "labels.Account.properties.x: unknown type 'timestmp'",
     "did you mean 'timestamp'"},
    {ACCOUNT KEY "properties = { opened = 'bool' },\nimmutable = { 'openend' } } } }",
     7, "labels.Account.immutable: no property 'openend' is declared",
     "did you mean 'opened'"},
    {ACCOUNT KEY "properties = { opened = 'bool' },\nimmutable = 7 } } }", 7,
     "labels.Account.immutable: a string or a list", NULL},
    {EDGE "immutable = true } } }", 10, "unknown name", NULL},
    {ACCOUNT KEY "properties = {\nx = 'bog' } } } }", 7, "unknown type",
     "did you mean 'bag'"},
    {ACCOUNT KEY "properties = {\nx = { type = 'bag', format = 'ms' } } } } }", 7,
     "is for timestamps", NULL},
    {ACCOUNT KEY "properties = {\nx = 7 } } } }", 7, "not a number", NULL},
    {ACCOUNT KEY "properties = {\nx = {} } } } }", 7, "'type' is missing", NULL},
    {ACCOUNT KEY "properties = {\n'x' } } } }", 6, "a table with names", NULL},
    {ACCOUNT KEY "properties = {\nlabel = 'string' } } } }", 7, "rename it", NULL},
    {ACCOUNT KEY "properties = {\nkey = 'string' } } } }", 7, "rename it", NULL},
    {ACCOUNT KEY "properties = {\ncount = 'int64' } } } }", 7, "rename it", NULL},
    {ACCOUNT KEY "properties = {\n['a b'] = 'int64' } } } }", 7, "letters, digits",
     NULL},
    {ACCOUNT KEY
     "properties = {\na = 'int64',\nb = { type = 'int64', property = 'a' } } "
     "} } }",
     8, "a second property named 'a'", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'bool',\nnullable = 1 } } } } }", 8,
     "true or false is wanted", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'bool', lua = 'string' } } } } }", 7,
     "is for int64", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'int64', lua = 'text' } } } } }", 7,
     "unknown form", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'int64', format = 'ms' } } } } }", 7,
     "is for timestamps", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'int64', truncate = true } } } } }", 7,
     "is for timestamps", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'int64', mirror = true } } } } }", 7,
     "is for properties of edges", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'timestamp', format = 'us' } } } } }", 7,
     "unknown unit 'us'", NULL},
    {ACCOUNT KEY
     "properties = {\nx = { type = 'timestamp', format = { unit = '1d', epoch "
     "= 'x' } } } } } }",
     7, "'x' is not a time", NULL},
    {ACCOUNT KEY "properties = {\nx = { type = 'timestamp', format = { epoch = "
                 "'2020-01-01' } } } } } }",
     7, "'unit' is missing", NULL},
    {"return {\nlabels = {\nAccount = {\n" KEY "} } }", 3, "'file' is missing", NULL},
    {"return {\nlabels = {\nAccount = {\nfile = {},\n" KEY "} } }", 4, "list", NULL},
    {"return {\nlabels = {\nAccount = {\nfile = { 'a', 1 },\n" KEY "} } }", 4,
     "file[2]: a string is wanted", NULL},
    {"return {\nlabels = {\nAccount = {\nfile = '/etc/passwd',\n" KEY "} } }", 4,
     "absolute", NULL},
    {"return {\nlabels = {\nAccount = {\nfile = 'x/../../y',\n" KEY "} } }", 4,
     "leads out", NULL},
    {"return {\nlabels = {\nAccount = {\nfile = '..',\n" KEY "} } }", 4, "leads out",
     NULL},
    {ACCOUNT KEY "sources = { { file = 'b' } } } } }", 3, "not both", NULL},
    {"return {\nlabels = {\nAccount = {\n" KEY "sources = {} } } }", 5,
     "list of sources", NULL},
    {"return {\nlabels = {\nAccount = {\n" KEY
     "properties = { x = 'int64' },\nsources = {\n{ file = 'b', properties = {} } } } "
     "} }",
     7, "'x' is not among them and is not nullable", NULL},
    {"return {\nlabels = {\nAccount = {\n" KEY
     "properties = { amount = 'int64?' },\nsources = {\n{ file = 'b', properties = { "
     "'amuont' } } } } } }",
     7, "no property 'amuont' is declared", "did you mean 'amount'"},
    {"return {\nlabels = {\nAccount = {\n" KEY
     "properties = { x = 'int64?' },\nsources = {\n{ file = 'b', properties = { 'x', "
     "'x' "
     "} } } } } }",
     7, "named twice", NULL},
    {"return {\ncsv = { delimiter = ';;' },\nlabels = {} }", 2, "one ASCII character",
     NULL},
    {"return {\ncsv = { delimiter = '\\n' },\nlabels = {} }", 2, "one ASCII character",
     NULL},
    {"return {\ncsv = { delimiter = '\"' },\nlabels = {} }", 2, "are the same", NULL},
    {"return {\ncsv = { quote = 7 },\nlabels = {} }", 2, "one ASCII character", NULL},
    {"return {\ncsv = { header = false },\nlabels = {} }", 2, "need names", NULL},
    {"return {\ncsv = { columns = { 'a' } },\nlabels = {} }", 2, "header = false",
     NULL},
    {"return {\ncsv = { seperator = ';' },\nlabels = {} }", 2, "unknown name", NULL},
    {ACCOUNT KEY "where = { column = 'a', op = '=', value = 1 } } } }", 6,
     "unknown operator '='", NULL},
    {ACCOUNT KEY "where = { column = 'a', op = '==' } } } }", 6, "'value' is missing",
     NULL},
    {ACCOUNT KEY "where = { column = 'a', op = '==', value = true } } } }", 6,
     "a string or a number", NULL},
    {ACCOUNT KEY "where = { { op = '==', value = 1 } } } } }", 6, "'column' is missing",
     NULL},
    {ACCOUNT KEY "} },\nedges = { type = 'x' } }", 7, "a list of tables", NULL},
    {ACCOUNT KEY "} },\nedges = {\n{ from = 'Account', to = 'Account' } } }", 8,
     "'type' is missing", NULL},
    {ACCOUNT KEY "} },\nedges = {\n{ type = 'x', from = 'Acount', to = 'Account' } } }",
     8, "there is no label 'Acount'", "did you mean 'Account'"},
    {ACCOUNT KEY
     "} },\nedges = {\n{ type = 'x', from = 'Account', to = 'Account',\nfile "
     "= 'e', target = 'b' } } }",
     8, "'source' is missing", NULL},
    {ACCOUNT KEY
     "} },\nedges = {\n{ type = 'x', from = 'Account', to = 'Account',\nfile "
     "= 'e', source = 'b' } } }",
     8, "'target' is missing", NULL},
    {ACCOUNT KEY
     "} },\nedges = {\n{ type = 'Account', from = 'Account', to = 'Account', "
     "file = 'e', source = 'a', target = 'b' } } }",
     0, "both a label and an edge type", NULL},
    {EDGE
     "time = 't' },\n{ type = 'pays', from = 'Account', to = 'Account', file = 'e', "
     "source = 'a', target = 'b' } } }",
     11, "given twice", "sources"},
    {EDGE "time = 'x', properties = { x = 'int64' } } } }", 10, "timestamp", NULL},
    {EDGE "time = 'x', properties = { x = 'timestamp?' } } } }", 10, "nullable", NULL},
    {EDGE "time = { format = 'ms' } } } }", 10, "'column' is missing", NULL},
    {EDGE "time = 7 } } }", 10, "a table with names", NULL},
    {EDGE "properties = { time = 'timestamp' } } } }", 10, "rename it", NULL},
    {EDGE "distinct = true } } }", 10, "unknown name", NULL},
};

START_TEST(read__tells_what_is_wrong_and_where)
{
    const struct fault *fault = &FAULTS[_i];
    struct cdn_mapping mapping;
    cordon_error err;

    ck_assert_msg(read_text(&mapping, fault->text, &err) == CORDON_E_DATA,
                  "taken, or another status: %s", fault->text);
    ck_assert_msg(strstr(err.message, fault->message), "'%s' is not in '%s'",
                  fault->message, err.message);
    if (fault->hint)
        ck_assert_msg(strstr(err.message, fault->hint), "'%s' is not in '%s'",
                      fault->hint, err.message);
    ck_assert_msg(err.line == fault->line, "line %u, not %u: %s", err.line, fault->line,
                  err.message);
    ck_assert_str_eq(err.file, "schema.lua");
    ck_assert_ptr_null(mapping.sources);
}
END_TEST

START_TEST(read__refuses_what_is_not_lua)
{
    struct cdn_mapping mapping;
    cordon_error err;

    ck_assert_int_eq(read_text(&mapping, "return {\nlabels = \n", &err), CORDON_E_RULE);
    ck_assert_str_eq(err.file, "schema.lua");
    ck_assert_int_eq(read_text(&mapping, "while true do end", &err), CORDON_E_RULE);
    ck_assert_int_eq(read_text(&mapping, "return io.open('/etc/passwd')", &err),
                     CORDON_E_RULE);
    ck_assert_int_eq(read_text(&mapping, "", &err), CORDON_E_RULE);
    ck_assert_int_eq(read_text(&mapping, "return 1", &err), CORDON_E_RULE);
}
END_TEST

START_TEST(read__puts_everything_where_it_belongs)
{
    static const char TEXT[] =
        "return { csv = { delimiter = ';' }, labels = {"
        "  B = { file = { 'b1', 'b2' }, key = { column = 'k', type = 'string' },"
        "    distinct = true, properties = { z = 'int64?', a = { column = 'c', type ="
        "    'timestamp', format = { unit = '1h', epoch = '1970-01-02' } } } },"
        "  A = { key = { type = 'int64' }, csv = { quote = false }, sources = {"
        "    { file = 'x', key = 'i', where = { column = 'q', op = '~=', value = '' } "
        "},"
        "    { file = 'y', key = 'j', csv = { delimiter = '|' } } } } },"
        "  edges = { { type = 'e', from = 'B', to = 'A', file = 'f', source = 's',"
        "    target = 't', time = 'at', mirror = false, properties = { w = 'float64',"
        "    v = { type = 'bool', mirror = true } } } } }";
    struct cdn_mapping mapping;
    cordon_error err;
    const struct cdn_mapping_source *source;

    ck_assert_msg(read_text(&mapping, TEXT, &err) == CORDON_OK, "%s", err.message);
    ck_assert_uint_eq(mapping.schema.label_count, 2);
    ck_assert_str_eq(mapping.schema.labels[0].name, "A");
    ck_assert_int_eq(mapping.schema.labels[1].key, CDN_KEY_STRING);
    ck_assert_uint_eq(mapping.source_count, 4);

    source = &mapping.sources[mapping.sources[0].number == 0 ? 0 : 1]; /* A's first */
    ck_assert_str_eq(source[0].files[0], "x");
    ck_assert_str_eq(source[0].key, "i");
    ck_assert_int_eq(source[0].dialect.delimiter, ';');
    ck_assert_int_eq(source[0].dialect.quote, '\0');
    ck_assert_uint_eq(source[0].condition_count, 1);
    ck_assert_int_eq(source[0].conditions[0].op, CDN_MAPPING_NOT_EQUAL);
    ck_assert_uint_eq(source[0].conditions[0].bytes, 0);
    ck_assert(!source[0].distinct);
    ck_assert_str_eq(source[1].key, "j");
    ck_assert_int_eq(source[1].dialect.delimiter, '|');
    ck_assert_int_eq(source[1].dialect.quote, '\0');

    source = &mapping.sources[mapping.sources[0].number == 1 ? 0 : 2]; /* B */
    ck_assert_uint_eq(source->file_count, 2);
    ck_assert(source->distinct);
    ck_assert_int_eq(source->dialect.quote, '"');
    for (uint32_t i = 0; i < 2; i++) {
        const struct cdn_mapping_column *column = &source->columns[i];

        ck_assert_str_eq(mapping.schema.labels[1].properties[column->property].name,
                         column->name);
        if (!strcmp(column->name, "a")) {
            ck_assert_str_eq(column->column, "c");
            ck_assert_int_eq(column->format.unit_ms, 3600000);
            ck_assert_int_eq(column->format.epoch_ms, 86400000);
        } else {
            ck_assert(column->format.nullable);
        }
    }

    source = &mapping.sources[3];
    ck_assert(source->edge);
    ck_assert_str_eq(source->key, "s");
    ck_assert_str_eq(source->target, "t");
    ck_assert_int_eq(mapping.schema.relations[0].time, 0); /* at, v, w */
    ck_assert_str_eq(mapping.schema.relations[0].properties[0].name, "at");
    ck_assert(mapping.schema.relations[0].properties[0].mirrored);
    ck_assert(mapping.schema.relations[0].properties[1].mirrored);
    ck_assert(!mapping.schema.relations[0].properties[2].mirrored);
    cdn_mapping_deinit(&mapping);
}
END_TEST

/* The examples of the README are schemas that work. */
START_TEST(read__knows_what_never_changes)
{
    struct cdn_mapping mapping;
    cordon_error err;

    ck_assert_int_eq(
        read_text(&mapping,
                  ACCOUNT KEY
                  "properties = { opened = 'bool', risk = { column = 'r', type = "
                  "'int64' } }, immutable = 'risk' },\n"
                  "Person = { file = 'p.csv', " KEY
                  "properties = { born = 'timestamp' }, immutable = true },\n"
                  "Device = { file = 'd.csv', " KEY
                  "properties = { seen = 'timestamp' }, immutable = false } } }",
                  &err),
        CORDON_OK);
    ck_assert(cdn_mapping_is_immutable(&mapping, "Account", "risk"));
    ck_assert(!cdn_mapping_is_immutable(&mapping, "Account", "opened"));
    ck_assert(cdn_mapping_is_immutable(&mapping, "Person", "born"));
    ck_assert(!cdn_mapping_is_immutable(&mapping, "Device", "seen"));
    ck_assert(!cdn_mapping_is_immutable(&mapping, "Nobody", "risk"));
    cdn_mapping_deinit(&mapping);
}
END_TEST

START_TEST(readme__shows_schemas_that_are_accepted)
{
    struct cdn_buf text = {0};
    const char *at;
    int examples = 0;
    cordon_error err;

    ck_assert_int_eq(
        cdn_file_read(&text, CORDON_SOURCE_DIR "/src/import/README.md", 1 << 20, &err),
        CORDON_OK);
    at = (const char *)text.data;
    while ((at = strstr(at, "```lua\n"))) {
        const char *end;
        struct cdn_mapping mapping;

        at += strlen("```lua\n");
        end = strstr(at, "```\n");
        ck_assert_ptr_nonnull(end);
        ck_assert_msg((strncmp(at, "-- changes", 10)
                           ? cdn_mapping_read
                           : cdn_mapping_read_changes)(&mapping, at, (size_t)(end - at),
                                                       "README.md", &err) == CORDON_OK,
                      "%s:%u: %s", err.file, err.line, err.message);
        cdn_mapping_deinit(&mapping);
        examples++;
        at = end + 4;
    }
    ck_assert_int_ge(examples, 3);
    cdn_buf_deinit(&text);
}
END_TEST

#define CHANGES_OF(sources)                                                            \
    "return { labels = { A = { key = { column = 'i', type = 'int64' },\n"              \
    "properties = { p = 'text', q = 'text?' }, sources = { " sources " } } } }"

START_TEST(changes__are_read_as_what_rows_do)
{
    static const char text[] =
        CHANGES_OF("{ file = 'a' }, { file = 'b', change = 'update',"
                   "properties = { 'q' } },"
                   "{ file = 'c', change = 'delete' }");
    struct cdn_mapping mapping;
    cordon_error err;

    ck_assert_msg(
        !cdn_mapping_read_changes(&mapping, text, strlen(text), "changes.lua", &err),
        "%s", err.message);
    ck_assert_uint_eq(mapping.source_count, 3);
    ck_assert_int_eq(mapping.sources[0].change, CDN_MAPPING_ADD);
    ck_assert_uint_eq(mapping.sources[0].column_count, 2);
    ck_assert_int_eq(mapping.sources[1].change, CDN_MAPPING_UPDATE);
    ck_assert_uint_eq(mapping.sources[1].column_count, 1);
    ck_assert_int_eq(mapping.sources[2].change, CDN_MAPPING_DELETE);
    ck_assert_uint_eq(mapping.sources[2].column_count, 0);
    cdn_mapping_deinit(&mapping);
    /* no schema of a whole graph */
    ck_assert_int_eq(
        cdn_mapping_read(&mapping, text, strlen(text), "changes.lua", &err),
        CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, "change: unknown name") != NULL, "%s",
                  err.message);
}
END_TEST

START_TEST(changes__refuse_what_cannot_be)
{
    static const struct {
        const char *text;
        const char *message;
    } bad[] = {
        {CHANGES_OF("{ file = 'a', change = 'drop' }"), "unknown change 'drop'"},
        {CHANGES_OF("{ file = 'a', change = 7 }"), "a string is wanted"},
        {CHANGES_OF("{ change = 'delete' }"), "'file' is missing"},
        {CHANGES_OF("{ file = 'a', change = 'delete', properties = { 'p' } }"),
         "'p' has no use here"},
        {CHANGES_OF("{ file = 'a', properties = { 'q' } }"), "'p' is not among them"},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(bad); i++) {
        struct cdn_mapping mapping;
        cordon_error err;

        ck_assert_int_eq(cdn_mapping_read_changes(&mapping, bad[i].text,
                                                  strlen(bad[i].text), "c.lua", &err),
                         CORDON_E_DATA);
        ck_assert_msg(strstr(err.message, bad[i].message) != NULL, "%d: %s", i,
                      err.message);
    }
}
END_TEST

START_TEST(schemas__of_the_public_data_sets_are_accepted)
{
    static const char *const NAMES[] = {
        "amlsim",          "bitcoin-otc",   "email-eu-core", "finbench-mini",
        "finbench-sf0.01", "online-retail", "wiki-vote",     "workloads"};
    char path[512];
    struct cdn_mapping mapping;
    cordon_error err;

    snprintf(path, sizeof(path), CORDON_SOURCE_DIR "/rules/schemas/%s.lua", NAMES[_i]);
    ck_assert_msg(cdn_mapping_load(&mapping, path, &err) == CORDON_OK, "%s:%u: %s",
                  err.file, err.line, err.message);
    cdn_mapping_deinit(&mapping);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    static const char TEXT[] =
        EDGE "time = 't', where = { column = 'c', op = '<', value "
             "= 7 }, properties = { x = 'int64' } } } }";
    static const char BAD[] = EDGE "tme = 't' } } }";

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_mapping mapping;
        cordon_status status = read_text(&mapping, TEXT, NULL);

        if (cdn_failalloc_fired())
            ck_assert_int_eq(status, CORDON_E_NOMEM);
        else
            ck_assert_int_eq(status, CORDON_OK);
        cdn_mapping_deinit(&mapping);
    }
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_mapping mapping;
        cordon_status status = read_text(&mapping, BAD, NULL);

        ck_assert_int_eq(status,
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_E_DATA);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("mapping");

    CDN_UNIT_LOOP(s, read__tells_what_is_wrong_and_where, 0, CDN_UNIT_COUNT(FAULTS));
    CDN_UNIT_CASE(s, read__refuses_what_is_not_lua);
    CDN_UNIT_CASE(s, read__puts_everything_where_it_belongs);
    CDN_UNIT_CASE(s, read__knows_what_never_changes);
    CDN_UNIT_CASE(s, readme__shows_schemas_that_are_accepted);
    CDN_UNIT_CASE(s, changes__are_read_as_what_rows_do);
    CDN_UNIT_CASE(s, changes__refuse_what_cannot_be);
    CDN_UNIT_LOOP(s, schemas__of_the_public_data_sets_are_accepted, 0, 8);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
