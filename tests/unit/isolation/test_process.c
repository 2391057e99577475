#include "rule/ruling.h"

#include "isolation/process.h"

/* WORKER is the program's path. */
static const struct cdn_process_options options = {
    .program = WORKER,
    .image_bytes = UINT64_C(1) << 20,
    .memory_bytes = UINT64_C(4) << 20,
    .room_bytes = UINT64_C(256) << 20,
    .cpu_s = 60,
    .start_ns = UINT64_C(60000000000),
    .load = {.instructions = 10 * 1000 * 1000,
             .memory_bytes = UINT64_C(1) << 20,
             .edges = 1,
             .output_bytes = 1,
             .wall_ns = UINT64_C(600000000000)},
};

/* Run the rule of `ruling` behind the wall. */
static cordon_status run_behind(struct ruling *ruling, struct cdn_worker *worker,
                                cordon_outcome *outcome, const cordon_request *request)
{
    const struct cdn_rule_call call = {
        .rule = ruling->rule,
        .host = &ruling->host,
        .snapshot = ruling->snapshot,
        .grant = &cdn_grant_everything,
        .request = request,
        .budget = ruling->budget,
        .entered_ns = cdn_clock_ns(),
    };

    return cdn_worker_run(outcome, worker, &call, &ruling->err);
}

START_TEST(process__answers_as_the_caller_s_slot_does)
{
    const cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_worker *worker;
    cordon_outcome *outcome;
    struct ruling ruling;
    cordon_error err;

    ruling_evaluate(&ruling, "decisions = {'allow', 'deny'}, fallback = 'deny',",
                    "local s = 0 for i = 1, 1000 do s = s + i end "
                    "return { decision = 'allow', score = s, reasons = {'why not'}, "
                    "output = { a = { 1, 2, 'x' } } }");
    ck_assert_msg(!cdn_process_start(&worker, &options, NULL, &err), "%s", err.message);
    ck_assert_uint_eq(worker->locks & CDN_LOCK_SECCOMP, CDN_LOCK_SECCOMP);
    ck_assert(!cordon_outcome_new(&outcome, &err));
    for (int i = 0; i < 3; i++) {
        size_t a, b;

        ck_assert_msg(!run_behind(&ruling, worker, outcome, &request), "%s",
                      ruling.err.message);
        ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_OK);
        ck_assert_str_eq(cordon_outcome_decision(outcome), "allow");
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions,
                          cordon_outcome_usage(ruling.outcome)->instructions);
        ck_assert_mem_eq(cordon_outcome_result(outcome, &a),
                         cordon_outcome_result(ruling.outcome, &b), 20);
        ck_assert_uint_eq(a, b);
    }
    worker->end(worker);
    cordon_outcome_free(outcome);
    ruling_deinit(&ruling);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("process");

    CDN_UNIT_CASE(s, process__answers_as_the_caller_s_slot_does);
    return s;
}

CDN_UNIT_MAIN(suite)
