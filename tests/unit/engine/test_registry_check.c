/* What may be a version, and what a candidate is told of. */
#include "registered.h"

#include "base/alloc.h"
#include "engine/registry_change.h"

/* One without a file: a text needs none to be read. */
static cordon_registry bare = {.reading = PTHREAD_MUTEX_INITIALIZER};

static cordon_status load(char name[CORDON_RULE_MAX_NAME_BYTES + 1],
                          cordon_object_kind kind, const char *text)
{
    return cdn_registry_load(name, &bare, kind, text, strlen(text), "x.lua", &err);
}

START_TEST(load__tells_what_a_text_calls_itself)
{
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    char text[256];

    OK(load(name, CORDON_OBJECT_RULE, rule_text(text, "fan_out.v2", 1)));
    ck_assert_str_eq(name, "fan_out.v2");
    OK(load(name, CORDON_OBJECT_SET,
            "return { name = 'all', decisions = { 'a', 'b' }, rules = { 'x' } }"));
    ck_assert_str_eq(name, "all");
}
END_TEST

START_TEST(load__refuses_with_file_and_line)
{
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];

    ck_assert_int_eq(load(name, CORDON_OBJECT_RULE, "return {\n name = \n}"),
                     CORDON_E_RULE);
    ck_assert_str_eq(err.file, "x.lua");
    ck_assert_uint_eq(err.line, 3);
    ck_assert_int_eq(load(name, CORDON_OBJECT_SET, "return {\n\n name = \n}"),
                     CORDON_E_RULE);
    ck_assert_uint_eq(err.line, 4);
    FAILS(load(name, CORDON_OBJECT_SET, "return 7"), CORDON_E_RULE, "return a table");
    FAILS(load(name, CORDON_OBJECT_SET, "return { 'a', 'b' }"), CORDON_E_RULE,
          "not a list");
    FAILS(load(name, CORDON_OBJECT_SET, "return { name = 'a b' }"), CORDON_E_RULE,
          "cannot be a rule's name");
    FAILS(load(name, CORDON_OBJECT_RULE,
               "return { name = 'x', limits = { instructions = 1e12 }, fallback = "
               "'none',\n evaluate = function() end }"),
          CORDON_E_RULE, "instructions");
}
END_TEST

/* Remembers what it was told. */
struct told {
    cordon_status answer;
    int calls;
    char cases[32];
    char file[32];
    uint32_t version;
    cordon_object_kind kind;
};

static cordon_status tell(void *ud, const cordon_candidate *candidate,
                          cordon_error *error)
{
    struct told *told = ud;

    told->calls++;
    told->version = candidate->version;
    told->kind = candidate->kind;
    snprintf(told->file, sizeof(told->file), "%s", candidate->file);
    snprintf(told->cases, sizeof(told->cases), "%.*s", (int)candidate->cases_bytes,
             candidate->cases ? candidate->cases : "");
    ck_assert_uint_eq(candidate->struct_size, sizeof(*candidate));
    return told->answer ? cdn_error_set(error, told->answer, "no, says the check")
                        : CORDON_OK;
}

START_TEST(candidate__is_told_of_with_its_cases)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    struct told told = {0};
    uint32_t number = 0;
    char text[256];

    push_rule("velocity", 1);
    rule_text(text, "velocity", 2);
    OK(cordon_registry_push(&info, registry, CORDON_OBJECT_RULE, text, strlen(text),
                            "v.lua", "{\"expect\":{}}", 13, &by_ann, &err));
    OK(cdn_candidate_check(&number, registry, "velocity", 0, tell, &told, &err));
    ck_assert_uint_eq(number, 2);
    ck_assert_int_eq(told.calls, 1);
    ck_assert_uint_eq(told.version, 2);
    ck_assert_int_eq(told.kind, CORDON_OBJECT_RULE);
    ck_assert_str_eq(told.file, "v.lua");
    ck_assert_str_eq(told.cases, "{\"expect\":{}}");
    told.answer = CORDON_E_DENIED;
    FAILS(cdn_candidate_check(&number, registry, "velocity", 1, tell, &told, &err),
          CORDON_E_DENIED, "no, says the check");
    ck_assert_str_eq(told.cases, "");
    OK(cdn_candidate_check(&number, registry, "velocity", 1, NULL, NULL, &err));
    FAILS(cdn_candidate_check(&number, registry, "velocity", 3, tell, &told, &err),
          CORDON_E_NOTFOUND, "no version 3");
    ck_assert_int_eq(told.calls, 2);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load__survives_every_allocation_failure)
{
    static const char set[] =
        "return { name = 'all', decisions = { 'a', 'b' }, rules = { 'x', 'y' } }";
    char text[256];

    rule_text(text, "velocity", 1);
    for (int kind = CORDON_OBJECT_RULE; kind <= CORDON_OBJECT_SET; kind++)
        CDN_UNIT_FAILALLOC(nth)
        {
            char name[CORDON_RULE_MAX_NAME_BYTES + 1];
            cordon_status status = load(name, (cordon_object_kind)kind,
                                        kind == CORDON_OBJECT_SET ? set : text);

            ck_assert_int_eq(status,
                             cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("registry_check");

    REGISTERED_CASE(s, load__tells_what_a_text_calls_itself);
    REGISTERED_CASE(s, load__refuses_with_file_and_line);
    REGISTERED_CASE(s, candidate__is_told_of_with_its_cases);
#ifdef CORDON_FAILALLOC
    REGISTERED_CASE(s, load__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
