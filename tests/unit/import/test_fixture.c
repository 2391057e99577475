/* Fixtures: what is written comes back from the snapshot; what cannot be read is refused with
 * the place. */
#include "support/unit.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/time.h"
#include "import/fixture.h"
#include "import/mapping.h"
#include "snapshot/snapshot.h"
#include "snapshot/writer.h"

static const char SCHEMA[] =
    "return { labels = { Account = { file = 'a.csv', key = { column = 'id', type = "
    "'int64' },\n"
    "  properties = { country = 'string', opened = 'timestamp?', limit_cents = "
    "'int64?',\n"
    "    rating = 'float64?', tags = 'bag?', blocked = 'bool?' } } },\n"
    "  edges = { { type = 'transfer', from = 'Account', to = 'Account', file = "
    "'e.csv',\n"
    "    source = 's', target = 't', time = 'at', properties = { amount = 'float64' } "
    "} } }\n";

static struct cdn_fixture_text text(const char *bytes, const char *file)
{
    return (struct cdn_fixture_text){bytes, bytes ? strlen(bytes) : 0, file, 1, 1};
}

static cordon_status read_with(cordon_snapshot **out, const struct cdn_schema *schema,
                               const char *nodes, const char *edges, cordon_error *err)
{
    char *exact[2] = {nodes ? cdn_unit_exact(nodes, strlen(nodes)) : NULL,
                      edges ? cdn_unit_exact(edges, strlen(edges)) : NULL};
    struct cdn_fixture_text texts[2] = {text(NULL, "nodes"), text(NULL, "edges")};
    cordon_status status;

    for (int i = 0; i < 2; i++) {
        const char *from = i ? edges : nodes;

        if (from)
            texts[i] = (struct cdn_fixture_text){exact[i], strlen(from),
                                                 i ? "edges" : "nodes", 1, 1};
    }
    status = cdn_fixture_read(out, schema, &texts[0], &texts[1], err);
    free(exact[0]);
    free(exact[1]);
    return status;
}

static cordon_snapshot *take(const struct cdn_schema *schema, const char *nodes,
                             const char *edges)
{
    cordon_snapshot *snapshot;
    cordon_error err;

    ck_assert_msg(!read_with(&snapshot, schema, nodes, edges, &err), "%s:%u:%u: %s",
                  err.file, err.line, err.column, err.message);
    return snapshot;
}

static const struct cdn_property *property(const cordon_snapshot *snapshot,
                                           const char *label, const char *name)
{
    int32_t number = cdn_schema_label(&snapshot->schema, label);
    const struct cdn_label *schema = &snapshot->schema.labels[number];
    int32_t at = cdn_properties_find(schema->properties, schema->property_count, name);

    ck_assert_msg(at >= 0, "no %s", name);
    return &schema->properties[at];
}

/* The cell of a node's property. */
static struct cdn_cell cell(const cordon_snapshot *snapshot, const char *label,
                            const char *key, const char *name)
{
    uint32_t number = (uint32_t)cdn_schema_label(&snapshot->schema, label);
    const struct cdn_label_data *data = &snapshot->labels[number];
    uint32_t node = cdn_snapshot_find(snapshot, number, key, strlen(key));
    int32_t at = cdn_properties_find(data->schema->properties,
                                     data->schema->property_count, name);
    struct cdn_cell out;

    ck_assert_uint_lt(node, snapshot->node_count);
    ck_assert(cdn_column_cell(&out, &data->columns[at], 0, node - data->base));
    return out;
}

START_TEST(read__infers_types_from_what_is_written)
{
    cordon_snapshot *snapshot =
        take(NULL,
             "  -- people\n"
             "Account:17 country=\"DE\" opened=2026-01-01 n=3 x=1.5 ok=true "
             "bag={\"a\":[1]}\n"
             "\n"
             "Account:18 country=\"a \\\"b\\\" \\u00e4\" x=2 n=null -- behind a line\n"
             "Device:\"my phone\"\r\n",
             "Account:17 -transfer-> Account:18 2026-11-24T10:00Z amount=900\n"
             "Account:17 -transfer-> Account:19 1795485600000\n"
             "Account:17 -owns-> Device:\"my phone\"\n");

    ck_assert_uint_eq(snapshot->node_count, 4);
    ck_assert_uint_eq(snapshot->edge_count, 3);
    ck_assert_int_eq(property(snapshot, "Account", "country")->type, CDN_COLUMN_STRING);
    ck_assert_int_eq(property(snapshot, "Account", "opened")->type,
                     CDN_COLUMN_TIMESTAMP);
    ck_assert_int_eq(property(snapshot, "Account", "n")->type, CDN_COLUMN_INT64);
    ck_assert_int_eq(property(snapshot, "Account", "x")->type, CDN_COLUMN_FLOAT64);
    ck_assert_int_eq(property(snapshot, "Account", "ok")->type, CDN_COLUMN_BOOL);
    ck_assert_int_eq(property(snapshot, "Account", "bag")->type, CDN_COLUMN_BAG);
    ck_assert(cell(snapshot, "Account", "18", "n").null);
    ck_assert(cell(snapshot, "Account", "19", "country").null);
    ck_assert_int_eq(cell(snapshot, "Account", "17", "n").as.integer, 3);
    ck_assert(cell(snapshot, "Account", "18", "x").as.number == 2);
    ck_assert_uint_eq(cell(snapshot, "Account", "18", "country").as.string.bytes, 8);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(read__makes_a_label_with_one_other_key_a_label_of_texts)
{
    cordon_snapshot *snapshot = take(NULL, "A:1\nA:x\nB:1\n", NULL);
    const struct cdn_schema *schema = &snapshot->schema;

    ck_assert_int_eq(schema->labels[cdn_schema_label(schema, "A")].key, CDN_KEY_STRING);
    ck_assert_int_eq(schema->labels[cdn_schema_label(schema, "B")].key, CDN_KEY_INT64);
    cordon_snapshot_release(snapshot);
}
END_TEST

START_TEST(read__fits_a_schema)
{
    struct cdn_mapping mapping;
    cordon_snapshot *snapshot;
    cordon_error err;

    ck_assert_msg(!cdn_mapping_read(&mapping, SCHEMA, strlen(SCHEMA), "schema", &err),
                  "%u: %s", err.line, err.message);
    snapshot = take(&mapping.schema,
                    "Account:17 country=DE opened=\"2026-01-01\" rating=3 tags=[1]\n"
                    "Account:18 country=\"007\" opened=0 blocked=true",
                    "Account:18 -transfer-> Account:17 2026-01-02 amount=1\n"
                    "Account:17 -transfer-> Account:18 amount=2 at=2026-01-01\n");
    ck_assert_uint_eq(snapshot->node_count, 2);
    ck_assert(cell(snapshot, "Account", "17", "rating").as.number == 3);
    ck_assert_int_eq(cell(snapshot, "Account", "18", "opened").as.integer, 0);
    ck_assert_uint_eq(cell(snapshot, "Account", "18", "country").as.string.bytes, 3);
    cordon_snapshot_release(snapshot);
    cdn_mapping_deinit(&mapping);
}
END_TEST

START_TEST(read__gives_the_same_snapshot_whatever_the_order_of_lines)
{
    cordon_snapshot *a = take(NULL, "A:1 x=1\nA:2 x=2\nB:1\n",
                              "A:1 -e-> B:1 2026-01-01\nA:2 -e-> B:1 2026-01-02\n");
    cordon_snapshot *b = take(NULL, "B:1\nA:2 x=2\nA:1 x=1\n",
                              "A:2 -e-> B:1 2026-01-02\nA:1 -e-> B:1 2026-01-01\n");

    ck_assert_uint_eq(cordon_snapshot_identity(a), cordon_snapshot_identity(b));
    cordon_snapshot_release(a);
    cordon_snapshot_release(b);
}
END_TEST

struct fault {
    bool schema;
    const char *nodes, *edges;
    uint32_t line, column; /* 0: not looked at */
    const char *says;
};

static const struct fault FAULTS[] = {
    {false, "", "", 0, 0, "neither a node nor an edge"},
    {false, "A:1\nAccount", NULL, 2, 1, "write it as Label:key"},
    {false, "A:", NULL, 1, 1, "no key"},
    {false, "A:\"x", NULL, 1, 3, "no closing quote"},
    {false, "A:\"a\\\"", NULL, 1, 3, "no closing quote"},
    {false, "A:1 x", NULL, 1, 5, "write name=value"},
    {false, "A:1 x=", NULL, 1, 5, "has no value"},
    {false, "A:1 x=DE", NULL, 1, 7, "put it in quotes"},
    {false, "A:1 x=\"a", NULL, 1, 7, "no closing quote"},
    {false, "A:1 x=\"a\"b", NULL, 1, 10, "a blank has to stand"},
    {false, "A:1 x=\"\\q\"", NULL, 1, 7, "not text as JSON writes it"},
    {false, "A:1 x={\"a\":1", NULL, 1, 7, "not closed"},
    {false, "A:1 x={a}", NULL, 1, 7, "not JSON"},
    {false, "A:1 x=1\nA:2 x=true", NULL, 2, 7, "a bool here and a number before"},
    {false, "A:1 x=1 x=2", NULL, 1, 11, "second value"},
    {false, "A:1\nA:2\nA:1", NULL, 3, 1, "listed twice"},
    {false, "A:1 count=1", NULL, 0, 0, "would hide"},
    {false, NULL, "A:1 A:2", 1, 5, "is no arrow"},
    {false, NULL, "A:1 -x- A:2", 1, 5, "is no arrow"},
    {false, NULL, "A:1 -x->", 1, 9, "no target"},
    {false, NULL, "A:1 -x-> b", 1, 10, "where an edge ends"},
    {false, NULL, "A:1 -x-> A:2 soon", 1, 14, "neither a time"},
    {false, NULL, "A:1 -x-> A:2 2026-01-01\nA:1 -x-> A:2", 2, 6, "no time"},
    {false, NULL, "A:1 -A-> A:2", 0, 0, "edge type"},
    {true, "Acount:1", NULL, 1, 1, "did you mean 'Account'"},
    {true, "Account:x country=\"a\"", NULL, 1, 9, "key 'x' of Account"},
    {true, "Account:1", NULL, 1, 1, "needs 'country'"},
    {true, "Account:1 country=\"a\" ratin=1", NULL, 1, 23, "did you mean 'rating'"},
    {true, "Account:1 country=\"a\" rating=\"1\"", NULL, 1, 30, "is a number"},
    {true, "Account:1 country=\"a\" rating=x", NULL, 1, 30, "not a number"},
    {true, "Account:1 country=null", NULL, 1, 19, "never null"},
    {true, "Account:1 country=\"a\" blocked=\"x\"", NULL, 1, 31, "true or false"},
    {true, "Account:1 country=\"a\" opened=x", NULL, 1, 30, "'x'"},
    {true, "Account:1 country=\"a\"", "Account:1 -pays-> Account:1", 1, 12,
     "no edge type 'pays'"},
    {true, "Account:1 country=\"a\"", "Account:1 -transfer-> Account:1 amount=1", 1, 1,
     "has no time"},
    {true, "Account:1 country=\"a\"", "Account:1 -transfer-> Account:1 2026-01-01", 1,
     1, "needs 'amount'"},
    {true, NULL, "Account:1 -transfer-> Account:1 2026-01-01 amount=1", 1, 1,
     "needs 'country'"},
};

START_TEST(read__refuses_with_the_place)
{
    const struct fault *fault = &FAULTS[_i];
    struct cdn_mapping mapping;
    cordon_snapshot *snapshot;
    cordon_error err;

    ck_assert_int_eq(cdn_mapping_read(&mapping, SCHEMA, strlen(SCHEMA), "schema", &err),
                     CORDON_OK);
    ck_assert_int_eq(read_with(&snapshot, fault->schema ? &mapping.schema : NULL,
                               fault->nodes, fault->edges, &err),
                     CORDON_E_DATA);
    ck_assert_ptr_null(snapshot);
    ck_assert_msg(strstr(err.message, fault->says) != NULL, "%s", err.message);
    ck_assert_msg(err.file[0] != '\0', "no file: %s", err.message);
    if (fault->line) {
        ck_assert_uint_eq(err.line, fault->line);
        ck_assert_uint_eq(err.column, fault->column);
    }
    cdn_mapping_deinit(&mapping);
}
END_TEST

START_TEST(read__survives_every_truncation)
{
    static const char nodes[] =
        "A:1 x=1 s=\"a\\n\" b={\"a\":[\"]\"]} t=2026-01-01\nA:\"2\"\n";
    static const char edges[] = "A:1 -e-> A:2 2026-01-01T10:00Z y=1.5\n";

    for (size_t n = 0; n < sizeof nodes; n++)
        for (size_t e = 0; e < sizeof edges; e++) {
            char *a = cdn_unit_exact(nodes, n), *b = cdn_unit_exact(edges, e);
            struct cdn_fixture_text texts[2] = {{a, n, "n", 1, 1}, {b, e, "e", 1, 1}};
            cordon_snapshot *snapshot;
            cordon_error err;
            cordon_status status =
                cdn_fixture_read(&snapshot, NULL, &texts[0], &texts[1], &err);

            ck_assert(status == CORDON_OK || status == CORDON_E_DATA);
            cordon_snapshot_release(snapshot);
            free(a);
            free(b);
        }
}
END_TEST

START_TEST(split__finds_the_parts)
{
    const struct cdn_fixture_text whole = text(
        "-- a ring\nschema ../bank.lua\nnodes\nA:1\nA:2\nedges -- here\nA:1 -e-> A:2\n",
        "f");
    struct cdn_fixture_parts parts;

    ck_assert_int_eq(cdn_fixture_split(&parts, &whole, NULL), CORDON_OK);
    ck_assert_uint_eq(parts.schema.bytes, strlen("../bank.lua"));
    ck_assert_uint_eq(parts.nodes.line, 4);
    ck_assert_uint_eq(parts.nodes.bytes, strlen("A:1\nA:2\n"));
    ck_assert_uint_eq(parts.edges.line, 7);
    ck_assert_uint_eq(parts.edges.bytes, strlen("A:1 -e-> A:2\n"));
}
END_TEST

START_TEST(split__refuses_with_the_place)
{
    static const struct {
        const char *text;
        uint32_t line;
        const char *says;
    } rows[] = {{"", 1, "neither"},
                {"A:1\n", 1, "begins with"},
                {"schema\nnodes\n", 1, "begins with"},
                {"schema a b\nnodes\n", 1, "begins with"},
                {"schema a\nschema b\nnodes\n", 2, "begins with"},
                {"nodes\nA:1\nnodes\n", 3, "stands twice"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cdn_fixture_text whole = text(rows[i].text, "f");
        struct cdn_fixture_parts parts;
        cordon_error err;

        ck_assert_int_eq(cdn_fixture_split(&parts, &whole, &err), CORDON_E_DATA);
        ck_assert_msg(strstr(err.message, rows[i].says) != NULL, "%s", err.message);
        ck_assert_uint_eq(err.line, rows[i].line);
    }
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        static const char nodes[] = "A:1 x=1 s=\"a\\n\" b={\"a\":[1]}\nA:x\n";
        static const char edges[] = "A:1 -e-> A:2 2026-01-01 y=1.5\nA:1 -f-> B:2\n";
        const struct cdn_fixture_text texts[2] = {text(nodes, "n"), text(edges, "e")};
        cordon_snapshot *snapshot = NULL;
        cordon_status status =
            cdn_fixture_read(&snapshot, NULL, &texts[0], &texts[1], NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_snapshot_release(snapshot);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("fixture");

    CDN_UNIT_CASE(s, read__infers_types_from_what_is_written);
    CDN_UNIT_CASE(s, read__makes_a_label_with_one_other_key_a_label_of_texts);
    CDN_UNIT_CASE(s, read__fits_a_schema);
    CDN_UNIT_CASE(s, read__gives_the_same_snapshot_whatever_the_order_of_lines);
    CDN_UNIT_LOOP(s, read__refuses_with_the_place, 0, CDN_UNIT_COUNT(FAULTS));
    CDN_UNIT_CASE(s, read__survives_every_truncation);
    CDN_UNIT_CASE(s, split__finds_the_parts);
    CDN_UNIT_CASE(s, split__refuses_with_the_place);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
