#include "ruling.h"

#include "base/alloc.h"

START_TEST(new__answers_before_anything_was_evaluated)
{
    cordon_outcome *outcome;
    cordon_error err;
    double score = 5;
    size_t bytes = 1;

    ck_assert_int_eq(cordon_outcome_new(NULL, &err), CORDON_E_INVALID);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_ERROR);
    ck_assert_int_eq(cordon_outcome_limit(outcome), CORDON_BUDGET_NONE);
    ck_assert_ptr_null(cordon_outcome_decision(outcome));
    ck_assert(!cordon_outcome_is_fallback(outcome));
    ck_assert(!cordon_outcome_score(outcome, &score));
    ck_assert_double_eq(score, 5);
    ck_assert_uint_eq(cordon_outcome_reason_count(outcome), 0);
    ck_assert_ptr_null(cordon_outcome_reason(outcome, 0));
    ck_assert_int_eq(cordon_outcome_output(outcome).type, CORDON_NIL);
    ck_assert_int_eq(cordon_outcome_updated_nodes(outcome).type, CORDON_ARRAY);
    ck_assert_uint_eq(cordon_outcome_new_edges(outcome).length, 0);
    ck_assert_ptr_nonnull(cordon_outcome_result(outcome, &bytes));
    ck_assert_uint_eq(bytes, 0);
    ck_assert_str_eq(cordon_outcome_message(outcome), "");
    ck_assert_str_eq(cordon_outcome_file(outcome), "");
    ck_assert_uint_eq(cordon_outcome_line(outcome), 0);
    ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions, 0);
    ck_assert(!cordon_outcome_truncated(outcome));
    ck_assert_uint_eq(cordon_outcome_generation(outcome), 0);
    ck_assert_uint_eq(cordon_outcome_reads_digest(outcome), 0);
    cordon_outcome_free(outcome);
    cordon_outcome_free(NULL);
}
END_TEST

START_TEST(words__are_the_six_and_the_budgets)
{
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_OK), "ok");
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_ERROR), "error");
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_LIMIT), "limit");
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_DENIED), "denied");
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_INVALID_RESULT),
                     "invalid_result");
    ck_assert_str_eq(cordon_outcome_kind_str(CORDON_OUTCOME_CANCELLED), "cancelled");
    ck_assert_str_eq(cordon_outcome_kind_str((cordon_outcome_kind)77), "unknown");
    ck_assert_str_eq(cordon_budget_str(CORDON_BUDGET_EDGES), "edges");
    ck_assert_str_eq(cordon_budget_str((cordon_budget)77), "unknown");
}
END_TEST

START_TEST(explain__escapes_and_cuts)
{
    cordon_outcome *outcome;
    char text[4096];

    ck_assert(!cordon_outcome_new(&outcome, NULL));
    cdn_outcome_explain(outcome, "a%sb", "\x1b[31m\n");
    ck_assert_str_eq(cordon_outcome_message(outcome), "a\\x1b[31m\\x0ab");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cdn_outcome_explain(outcome, "%s", text);
    ck_assert_uint_lt(strlen(cordon_outcome_message(outcome)),
                      CORDON_ERROR_MESSAGE_BYTES);
    ck_assert_contains(cordon_outcome_message(outcome), "x...");
    cordon_outcome_free(outcome);
}
END_TEST

START_TEST(reserve__grows_and_never_shrinks)
{
    cordon_outcome *outcome;

    ck_assert(!cordon_outcome_new(&outcome, NULL));
    ck_assert(!cdn_outcome_reserve(outcome, 10, NULL));
    ck_assert_uint_eq(outcome->result_capacity, CDN_OUTCOME_RESULT_BYTES);
    ck_assert(!cdn_outcome_reserve(outcome, 1 << 20, NULL));
    memset(outcome->result, 1, 1 << 20);
    ck_assert_uint_eq(outcome->result_capacity, 1 << 20);
    cordon_outcome_free(outcome);
}
END_TEST

/* Nothing of one evaluation is left in the next. */
START_TEST(reset__forgets_the_evaluation_before)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct ruling r;

    ruling_init(
        &r,
        ruling_source("fallback = 'none', decisions = { 'no' },",
                      "if request.now == 1 then return {} end\n"
                      "return { decision = 'no', score = 1, reasons = { 'x' },\n"
                      "output = 1, new_edges = { { a = 1 } },\n"
                      "updated_nodes = { { a = 1 } } }"),
        NULL);
    ck_assert(!ruling_run(&r, &request));
    ck_assert_uint_eq(cordon_outcome_reason_count(r.outcome), 1);
    cordon_request second = request;
    second.now_ms = 1;
    ck_assert(!ruling_run(&r, &second));
    ck_assert_int_eq(cordon_outcome_get_kind(r.outcome), CORDON_OUTCOME_OK);
    ck_assert_ptr_null(cordon_outcome_decision(r.outcome));
    ck_assert(!cordon_outcome_score(r.outcome, NULL));
    ck_assert_uint_eq(cordon_outcome_reason_count(r.outcome), 0);
    ck_assert_int_eq(cordon_outcome_output(r.outcome).type, CORDON_NIL);
    ck_assert_uint_eq(cordon_outcome_new_edges(r.outcome).length, 0);
    ck_assert_uint_eq(cordon_outcome_updated_nodes(r.outcome).length, 0);
    ruling_deinit(&r);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(new__and_reserve__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        cordon_outcome *outcome = (cordon_outcome *)1;
        cordon_error err;
        cordon_status status = cordon_outcome_new(&outcome, &err);

        if (!status)
            status = cdn_outcome_reserve(outcome, 1 << 20, &err);
        else
            ck_assert_ptr_null(outcome);
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cordon_outcome_free(outcome);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("outcome");

    CDN_UNIT_CASE(s, new__answers_before_anything_was_evaluated);
    CDN_UNIT_CASE(s, words__are_the_six_and_the_budgets);
    CDN_UNIT_CASE(s, explain__escapes_and_cuts);
    CDN_UNIT_CASE(s, reserve__grows_and_never_shrinks);
    CDN_UNIT_CASE(s, reset__forgets_the_evaluation_before);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, new__and_reserve__survive_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
