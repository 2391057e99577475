#include "serving.h"

#include "base/alloc.h"

START_TEST(load__replaces_the_rule_of_the_same_name)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;

    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    serving_load(engine, NO_GRAPH("s", "return { output = 7 }"));
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 1);
    serving_load(engine, NO_GRAPH("r", "return { output = 2 }"));
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 2);
    ck_assert_int_eq(serving_answer(engine, outcome, "s", &request), 7);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(load__leaves_the_predecessor_in_service_if_it_fails)
{
    static const struct {
        const char *source;
        const char *message;
        uint32_t line;
    } bad[] = {
        {"return {", "", 1},
        {"return { name = 'r', fallback = 'none' }", "evaluate: it is missing", 1},
        {"return { name = 'r', fallback = 'none', evaluate = function() end,\n"
         "limits = { memory = '1GiB' } }",
         "limits.memory: 1073741824 bytes is above the engine's ceiling, 4194304 bytes",
         2},
        {"return { name = 'r', fallback = 'none', evaluate = function() end,\n"
         "reads = { Acount = {} } }",
         "no label or edge type 'Acount'; did you mean 'Account'?", 2},
    };
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1] = "unset";
    cordon_error err;

    serving_bank(engine);
    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(cordon_engine_load_rule(engine, bad[i].source,
                                                 strlen(bad[i].source), "bad.lua", name,
                                                 &err),
                         CORDON_E_RULE);
        ck_assert_contains(err.message, bad[i].message);
        ck_assert_uint_eq(err.line, bad[i].line);
        ck_assert_str_eq(err.file, "bad.lua");
        ck_assert_str_eq(name, "");
        ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 1);
    }
    ck_assert_int_eq(cordon_engine_load_rule(NULL, "", 0, NULL, NULL, &err),
                     CORDON_E_INVALID);
    ck_assert_int_eq(cordon_engine_load_rule(engine, NULL, 5, NULL, NULL, &err),
                     CORDON_E_INVALID);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(load_file__names_the_file)
{
    cordon_engine *engine = serving_engine(1);
    char path[256], name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_error err;
    FILE *file;

    cdn_fixture_path(path, sizeof path);
    ck_assert_int_eq(cordon_engine_load_rule_file(engine, path, name, &err),
                     CORDON_E_NOTFOUND);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("\nreturn { name = 'from_file',\nfallback = 'x', evaluate = function() end }",
          file);
    fclose(file);
    ck_assert_int_eq(cordon_engine_load_rule_file(engine, path, name, &err),
                     CORDON_E_RULE);
    ck_assert_str_eq(err.file, path);
    ck_assert_uint_eq(err.line, 3);
    file = fopen(path, "w");
    fputs(NO_GRAPH("from_file", "return {}"), file);
    fclose(file);
    ck_assert_msg(!cordon_engine_load_rule_file(engine, path, name, &err), "%s",
                  err.message);
    ck_assert_str_eq(name, "from_file");
    unlink(path);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(unload__forgets_one_rule)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    serving_load(engine, NO_GRAPH("one", "return { output = 1 }"));
    serving_load(engine, NO_GRAPH("two", "return { output = 2 }"));
    ck_assert_int_eq(cordon_engine_unload_rule(engine, "onee", &err),
                     CORDON_E_NOTFOUND);
    ck_assert_str_eq(err.message, "no rule 'onee'; did you mean 'one'?");
    ck_assert(!cordon_engine_unload_rule(engine, "one", &err));
    ck_assert_int_eq(cordon_evaluate(outcome, engine, "one", &request, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(serving_answer(engine, outcome, "two", &request), 2);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(load__serves_many_rules)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    const cordon_request request = CORDON_REQUEST_INIT;
    char source[256], name[32];

    for (int i = 0; i < 100; i++) {
        snprintf(source, sizeof source,
                 "return { name = 'rule%d', fallback = 'none', evaluate = function()\n"
                 "return { output = %d } end }",
                 i, i);
        serving_load(engine, source);
    }
    for (int i = 0; i < 100; i += 2) {
        snprintf(name, sizeof name, "rule%d", i);
        ck_assert(!cordon_engine_unload_rule(engine, name, NULL));
    }
    for (int i = 1; i < 100; i += 2) {
        snprintf(name, sizeof name, "rule%d", i);
        ck_assert_int_eq(serving_answer(engine, outcome, name, &request), i);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

#define PARAMS                                                                         \
    "return { name = 'p', fallback = 'none', params = {\n"                             \
    "count = { type = 'integer', required = true, description = 'how many' },\n"       \
    "ids = { type = 'list', element = 'string', default = {} } },\n"                   \
    "evaluate = function(graph, request)\n"                                            \
    "return { output = request.params.count + #request.params.ids } end }"

START_TEST(rule_param__describes_parameters)
{
    cordon_engine *engine = serving_engine(1);
    cordon_param_info info = CORDON_PARAM_INFO_INIT;
    cordon_error err;
    uint64_t bytes = 0;

    serving_load(engine, PARAMS);
    ck_assert(!cordon_engine_rule_param(&info, engine, "p", 0, &err));
    ck_assert_str_eq(info.name, "count");
    ck_assert_str_eq(info.type, "integer");
    ck_assert_str_eq(info.element, "");
    ck_assert_str_eq(info.description, "how many");
    ck_assert(info.required);
    ck_assert(!info.has_default);
    ck_assert(!cordon_engine_rule_param(&info, engine, "p", 1, &err));
    ck_assert_str_eq(info.name, "ids");
    ck_assert_str_eq(info.element, "string");
    ck_assert(info.has_default);
    ck_assert_int_eq(cordon_engine_rule_param(&info, engine, "p", 2, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(cordon_engine_rule_param(&info, engine, "q", 0, &err),
                     CORDON_E_NOTFOUND);
    info.struct_size = 1;
    ck_assert_int_eq(cordon_engine_rule_param(&info, engine, "p", 0, &err),
                     CORDON_E_INVALID);
    ck_assert(!cordon_engine_rule_image_bytes(&bytes, engine, "p", &err));
    ck_assert_uint_gt(bytes, 4096);
    ck_assert_int_eq(cordon_engine_rule_image_bytes(&bytes, engine, "q", &err),
                     CORDON_E_NOTFOUND);
    cordon_engine_free(engine);
}
END_TEST

START_TEST(param_text__builds_what_evaluate_takes)
{
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char bytes[64];
    cordon_builder builder;
    cordon_error err;

    serving_load(engine, PARAMS);
    cordon_builder_init(&builder, bytes, sizeof bytes);
    cordon_builder_map(&builder, 2);
    ck_assert_int_eq(
        cordon_engine_param_text(&builder, engine, "p", "cuont", "5", &err),
        CORDON_E_INVALID);
    ck_assert_contains(err.message, "did you mean 'count'?");
    ck_assert_int_eq(
        cordon_engine_param_text(&builder, engine, "p", "count", "5x", &err),
        CORDON_E_INVALID);
    ck_assert_int_eq(
        cordon_engine_param_text(&builder, engine, "q", "count", "5", &err),
        CORDON_E_NOTFOUND);
    ck_assert_uint_eq(builder.length, 1);
    ck_assert(!cordon_engine_param_text(&builder, engine, "p", "count", "5", &err));
    ck_assert(!cordon_engine_param_text(&builder, engine, "p", "ids", "a,b", &err));
    ck_assert(cordon_builder_ok(&builder));
    request.params = bytes;
    request.params_bytes = builder.length;
    ck_assert_int_eq(serving_answer(engine, outcome, "p", &request), 7);
    builder.size = 8;
    ck_assert(!cordon_engine_param_text(&builder, engine, "p", "count", "5", &err));
    ck_assert(!cordon_builder_ok(&builder));
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load_and_unload__survive_every_allocation_failure)
{
    static const char source[] = NO_GRAPH("r", "return { output = 2 }");
    const cordon_request request = CORDON_REQUEST_INIT;
    cordon_engine *engine = serving_engine(1);
    cordon_outcome *outcome = serving_outcome();
    char path[256];
    FILE *file;

    serving_load(engine, NO_GRAPH("r", "return { output = 1 }"));
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_error err;
        cordon_status status = cordon_engine_load_rule(
            engine, source, sizeof source - 1, "r.lua", NULL, &err);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    ck_assert_int_eq(serving_answer(engine, outcome, "r", &request), 2);
    cdn_fixture_path(path, sizeof path);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(source, file);
    fclose(file);
    CDN_UNIT_FAILALLOC(nth)
    {
        ck_assert_int_eq(cordon_engine_load_rule_file(engine, path, NULL, NULL),
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    unlink(path);
    CDN_UNIT_FAILALLOC(nth)
    {
        ck_assert_int_eq(cordon_engine_unload_rule(engine, "r", NULL),
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
    }
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("rules");

    CDN_UNIT_CASE(s, load__replaces_the_rule_of_the_same_name);
    CDN_UNIT_CASE(s, load__leaves_the_predecessor_in_service_if_it_fails);
    CDN_UNIT_CASE(s, load_file__names_the_file);
    CDN_UNIT_CASE(s, unload__forgets_one_rule);
    CDN_UNIT_CASE(s, load__serves_many_rules);
    CDN_UNIT_CASE(s, rule_param__describes_parameters);
    CDN_UNIT_CASE(s, param_text__builds_what_evaluate_takes);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, load_and_unload__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
