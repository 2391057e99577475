/* Schemas: order, names, agreement. */
#include "support/unit.h"

#include "base/alloc.h"
#include "snapshot/schema.h"

/* Three labels and relations, none in order. */
struct sample {
    struct cdn_property account[3];
    struct cdn_property pays[3];
    struct cdn_property owns[1];
    struct cdn_label labels[3];
    struct cdn_relation_schema relations[3];
    struct cdn_schema schema;
};

static void set_name(char name[CDN_SCHEMA_MAX_NAME + 1], const char *text)
{
    (void)snprintf(name, CDN_SCHEMA_MAX_NAME + 1, "%s", text);
}

static void make(struct sample *s)
{
    static const struct cdn_property ACCOUNT[3] = {
        {.name = "risk", .type = CDN_COLUMN_INT64, .mirrored = true},
        {.name = "balance", .type = CDN_COLUMN_FLOAT64, .nullable = true},
        {.name = "created", .type = CDN_COLUMN_TIMESTAMP}};
    static const struct cdn_property PAYS[3] = {
        {.name = "when", .type = CDN_COLUMN_TIMESTAMP},
        {.name = "amount", .type = CDN_COLUMN_INT64, .mirrored = true},
        {.name = "memo", .type = CDN_COLUMN_STRING}};

    memset(s, 0, sizeof(*s));
    memcpy(s->account, ACCOUNT, sizeof(ACCOUNT));
    memcpy(s->pays, PAYS, sizeof(PAYS));
    set_name(s->owns[0].name, "share");
    s->owns[0].type = CDN_COLUMN_FLOAT64;
    s->labels[0] = (struct cdn_label){"Person", CDN_KEY_STRING, 0, NULL};
    s->labels[1] = (struct cdn_label){"Account", CDN_KEY_INT64, 3, s->account};
    s->labels[2] = (struct cdn_label){"Company", CDN_KEY_STRING, 0, NULL};
    s->relations[0] = (struct cdn_relation_schema){"pays", 1, 1, 0, 3, s->pays};
    s->relations[1] = (struct cdn_relation_schema){"owns", 0, 1, -1, 1, s->owns};
    s->relations[2] = (struct cdn_relation_schema){"owns", 2, 1, -1, 0, NULL};
    s->schema = (struct cdn_schema){3, 3, s->labels, s->relations};
}

static void refused(struct sample *s, const char *with)
{
    cordon_error err;

    ck_assert_int_eq(cdn_schema_normalise(&s->schema, &err), CORDON_E_DATA);
    ck_assert_msg(strstr(err.message, with) != NULL, "'%s' lacks '%s'", err.message,
                  with);
}

START_TEST(normalise__sorts_and_renumbers)
{
    struct sample s;
    cordon_error err;

    make(&s);
    ck_assert_int_eq(cdn_schema_normalise(&s.schema, &err), CORDON_OK);
    ck_assert_str_eq(s.labels[0].name, "Account");
    ck_assert_str_eq(s.labels[1].name, "Company");
    ck_assert_str_eq(s.labels[2].name, "Person");
    ck_assert_str_eq(s.labels[0].properties[0].name, "balance");
    ck_assert_str_eq(s.labels[0].properties[2].name, "risk");
    ck_assert(!s.labels[0].properties[2].mirrored);
    ck_assert_str_eq(s.relations[0].type, "owns");
    ck_assert_uint_eq(s.relations[0].source, 1);
    ck_assert_str_eq(s.relations[1].type, "owns");
    ck_assert_uint_eq(s.relations[1].source, 2);
    ck_assert_str_eq(s.relations[2].type, "pays");
    ck_assert_uint_eq(s.relations[2].source, 0);
    ck_assert_int_eq(s.relations[2].time, 2);
    ck_assert_str_eq(s.relations[2].properties[2].name, "when");
    ck_assert(s.relations[2].properties[2].mirrored);
    ck_assert(!s.relations[2].properties[1].mirrored);
}
END_TEST

START_TEST(normalise__keeps_the_time_column_wherever_it_stands)
{
    for (int32_t time = 0; time < 3; time++) {
        struct sample s;
        char name[CDN_SCHEMA_MAX_NAME + 1];
        cordon_error err;

        make(&s);
        for (int p = 0; p < 3; p++)
            s.pays[p].type = CDN_COLUMN_TIMESTAMP;
        s.relations[0].time = time;
        memcpy(name, s.pays[time].name, sizeof(name));
        ck_assert_int_eq(cdn_schema_normalise(&s.schema, &err), CORDON_OK);
        ck_assert_str_eq(s.relations[2].properties[s.relations[2].time].name, name);
    }
}
END_TEST

START_TEST(normalise__refuses_names_that_are_methods_or_fields)
{
    static const char *const NAMES[] = {
        "key",    "label",    "id",      "source",    "target",  "type",
        "time",   "node",     "edge",    "outgoing",  "both",    "incoming",
        "since",  "after",    "up_to",   "before",    "between", "where",
        "latest", "earliest", "limit",   "count",     "exists",  "sum",
        "avg",    "min",      "max",     "distinct",  "first",   "top",
        "each",   "nodes",    "union",   "intersect", "minus",   "contains",
        "of",     "largest",  "smallest"};

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        struct sample s;

        make(&s);
        set_name(s.pays[1].name, NAMES[i]);
        refused(&s, NAMES[i]);
        make(&s);
        set_name(s.account[1].name, NAMES[i]);
        refused(&s, NAMES[i]);
    }
}
END_TEST

START_TEST(normalise__takes_time_as_the_name_of_the_time_column)
{
    struct sample s;

    make(&s);
    set_name(s.pays[0].name, "time");
    ck_assert_int_eq(cdn_schema_normalise(&s.schema, NULL), CORDON_OK);
}
END_TEST

START_TEST(normalise__refuses_what_is_no_identifier)
{
    static const char *const NAMES[] = {"",    "1a",  "a b",      "a-b", "\xc3\xa9",
                                        "a.b", "end", "function", "a\n"};

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        struct sample s;

        make(&s);
        set_name(s.account[0].name, NAMES[i]);
        refused(&s, "property");
        make(&s);
        set_name(s.labels[0].name, NAMES[i]);
        refused(&s, "label");
        make(&s);
        set_name(s.relations[0].type, NAMES[i]);
        refused(&s, "edge type");
    }
}
END_TEST

START_TEST(normalise__takes_64_bytes_and_refuses_an_unterminated_name)
{
    struct sample s;

    make(&s);
    memset(s.account[0].name, 'x', CDN_SCHEMA_MAX_NAME);
    ck_assert_int_eq(cdn_schema_normalise(&s.schema, NULL), CORDON_OK);
    make(&s);
    memset(s.labels[0].name, 'x', CDN_SCHEMA_MAX_NAME + 1);
    refused(&s, "longer than 64");
}
END_TEST

START_TEST(normalise__refuses_duplicates)
{
    struct sample s;

    make(&s);
    set_name(s.labels[0].name, "Account");
    refused(&s, "label 'Account' is given twice");
    make(&s);
    set_name(s.account[0].name, "balance");
    refused(&s, "two properties named 'balance'");
    make(&s);
    s.relations[2].source = 0;
    refused(&s, "given twice from Person to Account");
    make(&s);
    set_name(s.relations[0].type, "Person");
    refused(&s, "both a label and an edge type");
}
END_TEST

START_TEST(normalise__refuses_wrong_time_columns)
{
    struct sample s;

    make(&s);
    s.relations[0].time = 1;
    refused(&s, "a time column is a timestamp");
    make(&s);
    s.pays[0].nullable = true;
    refused(&s, "nullable");
    make(&s);
    s.relations[0].time = 3;
    refused(&s, "none of its properties");
    make(&s);
    s.relations[0].time = -2;
    refused(&s, "none of its properties");
}
END_TEST

START_TEST(normalise__refuses_relations_of_one_type_that_disagree)
{
    struct sample s;
    struct cdn_property other = {.name = "share", .type = CDN_COLUMN_INT64};
    struct cdn_property time = {.name = "at", .type = CDN_COLUMN_TIMESTAMP};

    make(&s);
    s.relations[2].properties = &other;
    s.relations[2].property_count = 1;
    refused(&s, "agree on a property's type");
    make(&s);
    s.relations[2].properties = &time;
    s.relations[2].property_count = 1;
    s.relations[2].time = 0;
    refused(&s, "all or none");
}
END_TEST

START_TEST(normalise__refuses_counts_and_types_out_of_range)
{
    struct sample s;

    make(&s);
    s.schema.label_count = 0;
    refused(&s, "no label");
    make(&s);
    s.schema.label_count = CDN_SCHEMA_MAX_LABELS + 1;
    refused(&s, "at most 256");
    make(&s);
    s.schema.relation_count = CDN_SCHEMA_MAX_RELATIONS + 1;
    refused(&s, "at most 256");
    make(&s);
    s.labels[1].property_count = CDN_SCHEMA_MAX_PROPERTIES + 1;
    refused(&s, "at most 256");
    make(&s);
    s.relations[0].property_count = CDN_SCHEMA_MAX_PROPERTIES + 1;
    refused(&s, "at most 256");
    make(&s);
    s.relations[0].target = 3;
    refused(&s, "label that does not exist");
    make(&s);
    s.account[0].type = (enum cdn_column_type)99;
    refused(&s, "no type");
    make(&s);
    s.labels[0].key = (enum cdn_key_type)0;
    refused(&s, "no key type");
    make(&s);
    s.account[1].lua_string = true;
    refused(&s, "is for int64");
}
END_TEST

START_TEST(find__answers_by_name)
{
    struct sample s;

    make(&s);
    ck_assert_int_eq(cdn_schema_normalise(&s.schema, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_schema_label(&s.schema, "Person"), 2);
    ck_assert_int_eq(cdn_schema_label(&s.schema, "person"), -1);
    ck_assert_int_eq(cdn_schema_relation(&s.schema, "owns", 2, 0), 1);
    ck_assert_int_eq(cdn_schema_relation(&s.schema, "owns", 0, 2), -1);
    ck_assert_int_eq(cdn_properties_find(s.account, 3, "risk"), 2);
    ck_assert_int_eq(cdn_properties_find(s.account, 3, "ris"), -1);
    for (int type = CDN_COLUMN_BOOL; type <= CDN_COLUMN_BAG; type++)
        ck_assert_str_ne(cdn_column_type_str((enum cdn_column_type)type), "unknown");
    ck_assert_str_eq(cdn_column_type_str((enum cdn_column_type)0), "unknown");
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(copy__survives_every_allocation_failure)
{
    struct sample s;

    make(&s);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_schema copy;
        cordon_error err;
        cordon_status status = cdn_schema_copy(&copy, &s.schema, &err);

        if (cdn_failalloc_fired()) {
            ck_assert_int_eq(status, CORDON_E_NOMEM);
            ck_assert_ptr_null(copy.labels);
        } else {
            ck_assert_int_eq(status, CORDON_OK);
            ck_assert_str_eq(copy.labels[1].properties[0].name, "risk");
            cdn_schema_deinit(&copy);
        }
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("schema");

    CDN_UNIT_CASE(s, normalise__sorts_and_renumbers);
    CDN_UNIT_CASE(s, normalise__keeps_the_time_column_wherever_it_stands);
    CDN_UNIT_CASE(s, normalise__refuses_names_that_are_methods_or_fields);
    CDN_UNIT_CASE(s, normalise__takes_time_as_the_name_of_the_time_column);
    CDN_UNIT_CASE(s, normalise__refuses_what_is_no_identifier);
    CDN_UNIT_CASE(s, normalise__takes_64_bytes_and_refuses_an_unterminated_name);
    CDN_UNIT_CASE(s, normalise__refuses_duplicates);
    CDN_UNIT_CASE(s, normalise__refuses_wrong_time_columns);
    CDN_UNIT_CASE(s, normalise__refuses_relations_of_one_type_that_disagree);
    CDN_UNIT_CASE(s, normalise__refuses_counts_and_types_out_of_range);
    CDN_UNIT_CASE(s, find__answers_by_name);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, copy__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
