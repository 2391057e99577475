#include "serving.h"

#include <cordon/set.h>

#define RULE                                                                           \
    "return { name = 'velocity', description = 'too many', owner = 'fraud',\n"         \
    "tags = { 'cheap', 'b' }, decisions = { 'allow', 'deny' }, fallback = 'deny',\n"   \
    "reads = { transfer = { 'amount' }, Account = {} },\n"                             \
    "returns = { sent = 'integer', note = 'string?' },\n"                              \
    "limits = { instructions = 1e4, time = '5ms' },\n"                                 \
    "params = {\n"                                                                     \
    "window = { type = 'duration', default = '24h', min = '1m', max = '2d' },\n"       \
    "ids = { type = 'list', element = 'string', default = {}, max = 9 },\n"            \
    "mode = { type = 'string', choices = { 'fast', 'slow' }, required = true,\n"       \
    "description = 'how' } },\n"                                                       \
    "evaluate = function() return { decision = 'allow', output = { sent = 1 } } end }"
#define SET                                                                            \
    "return { name = 'both', rules = { { name = 'bare', weight = 2 }, 'velocity' },\n" \
    "combine = 'weighted_sum', decisions = { 'allow', 'deny' }, fallback = 'allow',\n" \
    "thresholds = { deny = 1 } }"

/* A value as text, so that a contract can be compared as a whole. */
static void show(char *out, size_t size, const cordon_value *value)
{
    size_t at = strlen(out);
    cordon_value_iter iter;
    cordon_value key, item;
    bool first = true;

    switch (value->type) {
    case CORDON_NIL:
        snprintf(out + at, size - at, "nil");
        return;
    case CORDON_BOOLEAN:
        snprintf(out + at, size - at, "%s", value->as.boolean ? "true" : "false");
        return;
    case CORDON_INTEGER:
        snprintf(out + at, size - at, "%lld", (long long)value->as.integer);
        return;
    case CORDON_NUMBER:
        snprintf(out + at, size - at, "%g", value->as.number);
        return;
    case CORDON_STRING:
        snprintf(out + at, size - at, "%.*s", (int)value->length, value->as.string);
        return;
    case CORDON_ARRAY:
    case CORDON_MAP:
    default:
        break;
    }
    snprintf(out + at, size - at, "%s", value->type == CORDON_MAP ? "{" : "[");
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        if (!first)
            snprintf(out + strlen(out), size - strlen(out), ", ");
        first = false;
        if (value->type == CORDON_MAP) {
            show(out, size, &key);
            snprintf(out + strlen(out), size - strlen(out), " ");
        }
        show(out, size, &item);
    }
    snprintf(out + strlen(out), size - strlen(out), "%s",
             value->type == CORDON_MAP ? "}" : "]");
}

static void check(cordon_engine *engine, const char *name, const char *wanted)
{
    unsigned char bytes[2048];
    cordon_builder builder, narrow;
    char text[2048] = "";
    cordon_value value;
    cordon_error err;

    cordon_builder_init(&builder, bytes, sizeof bytes);
    ck_assert_msg(!cordon_engine_contract(&builder, engine, name, &err), "%s",
                  err.message);
    ck_assert(cordon_builder_ok(&builder));
    ck_assert_msg(!cordon_value_parse(&value, bytes, builder.length, &err), "%s",
                  err.message);
    show(text, sizeof text, &value);
    ck_assert_str_eq(text, wanted);
    /* one byte too few: nothing is written past the end, and the length says what it takes */
    for (size_t size = 0; size < builder.length; size++) {
        unsigned char *exact = cdn_unit_exact(bytes, size ? size : 1);

        cordon_builder_init(&narrow, exact, size);
        ck_assert(!cordon_engine_contract(&narrow, engine, name, &err));
        ck_assert(!cordon_builder_ok(&narrow));
        ck_assert_uint_eq(narrow.length, builder.length);
        free(exact);
    }
}

static cordon_engine *serve(void)
{
    cordon_engine *engine = serving_engine(1);
    cordon_error err;

    serving_bank(engine);
    serving_load(engine, RULE);
    serving_load(engine, NO_GRAPH("bare", "return {}"));
    ck_assert_msg(
        !cordon_engine_load_set(engine, SET, strlen(SET), "set.lua", NULL, &err), "%s",
        err.message);
    return engine;
}

START_TEST(contract__tells_all_that_a_rule_declares)
{
    cordon_engine *engine = serve();

    check(engine, "velocity",
          "{kind rule, name velocity, description too many, owner fraud, tags [cheap, "
          "b], "
          "params [{name ids, type list, element string, required false, default [], "
          "max 9}, "
          "{name mode, type string, required true, choices [fast, slow], description "
          "how}, "
          "{name window, type duration, required false, default 24h, min 60000, "
          "max 172800000}], reads {Account [], transfer [amount]}, decisions [allow, "
          "deny], "
          "fallback deny, returns {note string?, sent integer}, "
          "limits {instructions 10000, wall_ns 5000000}}");
    check(engine, "bare",
          "{kind rule, name bare, description nil, owner nil, tags [], params [], "
          "reads {}, "
          "decisions [], fallback nil, returns any?, limits {}}");
    cordon_engine_free(engine);
}
END_TEST

START_TEST(contract__tells_the_members_of_a_set)
{
    cordon_engine *engine = serve();

    check(
        engine, "both",
        "{kind set, name both, description nil, combine weighted_sum, combiner nil, "
        "members "
        "[{name bare, weight 2}, {name velocity, weight 1}], decisions [allow, deny], "
        "fallback allow}");
    cordon_engine_free(engine);
}
END_TEST

START_TEST(contract__says_what_there_is_instead)
{
    cordon_engine *engine = serve();
    cordon_builder builder;
    cordon_error err;

    cordon_builder_init(&builder, NULL, 0);
    ck_assert_int_eq(cordon_engine_contract(&builder, engine, "velocty", &err),
                     CORDON_E_NOTFOUND);
    ck_assert_contains(err.message, "did you mean 'velocity'?");
    ck_assert_uint_eq(builder.length, 0);
    ck_assert_int_eq(cordon_engine_contract(NULL, engine, "velocity", &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_contract(&builder, NULL, "velocity", &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_contract(&builder, engine, NULL, &err),
                     CORDON_E_INVALID);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(next__walks_names_in_byte_order)
{
    static const char *const wanted[] = {"bare", "both", "velocity"};
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_engine *engine = serve();
    const char *after = NULL;
    cordon_error err;

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++, after = name) {
        ck_assert(!cordon_engine_next(name, engine, after, &err));
        ck_assert_str_eq(name, wanted[i]);
    }
    ck_assert_int_eq(cordon_engine_next(name, engine, after, &err), CORDON_E_NOTFOUND);
    ck_assert_str_eq(name, "velocity");
    ck_assert_int_eq(cordon_engine_next(NULL, engine, NULL, &err), CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_next(name, NULL, NULL, &err), CORDON_E_INVALID);
    cordon_engine_free(engine);
    engine = serving_engine(1);
    ck_assert_int_eq(cordon_engine_next(name, engine, NULL, &err), CORDON_E_NOTFOUND);
    ck_assert_str_eq(err.message, "there is no rule and no set");
    cordon_engine_free(engine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("contract");

    CDN_UNIT_CASE(s, contract__tells_all_that_a_rule_declares);
    CDN_UNIT_CASE(s, contract__tells_the_members_of_a_set);
    CDN_UNIT_CASE(s, contract__says_what_there_is_instead);
    CDN_UNIT_CASE(s, next__walks_names_in_byte_order);
    return s;
}

CDN_UNIT_MAIN(suite)
