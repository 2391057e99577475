/* Records read back, and bytes that are none. */
#include "auditing.h"

static struct auditing_record made;
static unsigned char bytes[4096];

static size_t encode(uint64_t number)
{
    return cdn_audit_record_encode(bytes, sizeof bytes, auditing_fill(&made, number));
}

START_TEST(view__gives_back_what_was_recorded)
{
    struct cdn_audit_view view;
    size_t length = encode(12);

    ck_assert(cdn_audit_record_view(&view, bytes, length));
    ck_assert_int_eq(view.timestamp_ms, 1795487340012);
    ck_assert(cdn_audit_text_is(&view.decision_id, made.id));
    ck_assert(cdn_audit_text_is(&view.rule, "fan_out"));
    ck_assert(cdn_audit_text_is(&view.digest, DIGEST));
    ck_assert(cdn_audit_text_is(&view.variant, "live"));
    ck_assert(cdn_audit_text_is(&view.requested_by, "analyst"));
    ck_assert(cdn_audit_text_is(&view.label, "Account"));
    ck_assert(cdn_audit_text_is(&view.key, "17"));
    ck_assert(cdn_audit_text_is(&view.decision, "review"));
    ck_assert_ptr_null(view.set.at);
    ck_assert_uint_eq(view.generation, 3);
    ck_assert_uint_eq(view.snapshot_id, 0xfedcba9876543210);
    ck_assert_uint_eq(view.reads_digest, 12);
    ck_assert_uint_eq(view.seed, UINT64_MAX);
    ck_assert_int_eq(view.as_of_ms, CORDON_NO_TIME);
    ck_assert_int_eq(view.now_ms, made.record.now_ms);
    ck_assert_uint_eq(view.params.bytes, made.record.params_bytes);
    ck_assert_int_eq(memcmp(view.params.at, made.params, view.params.bytes), 0);
    ck_assert_uint_eq(view.result.bytes, made.record.result_bytes);
    ck_assert_int_eq(memcmp(view.result.at, made.result, view.result.bytes), 0);
    ck_assert_uint_eq(view.usage.instructions, 1012);
    ck_assert_uint_eq(view.usage.instructions_limit, 1000000);
    ck_assert_uint_eq(view.usage.wall_limit_ns, 100000000);
    ck_assert_uint_eq(view.outcome, CORDON_OUTCOME_OK);
    ck_assert_uint_eq(view.limit, CORDON_BUDGET_NONE);
    ck_assert(!view.fallback && !view.input_masked && !view.result_masked);
}
END_TEST

START_TEST(view__knows_every_outcome_and_limit)
{
    struct cdn_audit_view view;

    for (int kind = 0; kind <= CORDON_OUTCOME_CANCELLED; kind++) {
        for (int limit = 0; limit <= CORDON_BUDGET_HOPS; limit++) {
            auditing_fill(&made, 1);
            made.record.outcome = (cordon_outcome_kind)kind;
            made.record.limit = (cordon_budget)limit;
            ck_assert(cdn_audit_record_view(
                &view, bytes,
                cdn_audit_record_encode(bytes, sizeof bytes, &made.record)));
            ck_assert_int_eq((int)view.outcome, kind);
            ck_assert_int_eq((int)view.limit, limit);
        }
    }
}
END_TEST

START_TEST(view__refuses_every_truncation)
{
    size_t length = encode(1);
    struct cdn_audit_view view;

    for (size_t i = 0; i < length; i++) {
        void *exact = cdn_unit_exact(bytes, i);

        ck_assert(!cdn_audit_record_view(&view, exact, i));
        free(exact);
    }
    ck_assert(!cdn_audit_record_view(&view, bytes, length + 1));
}
END_TEST

START_TEST(view__reads_within_its_bytes_whatever_they_are)
{
    size_t length = encode(1);
    struct cdn_audit_view view;

    for (size_t i = 0; i < length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            unsigned char *exact = cdn_unit_exact(bytes, length);

            exact[i] ^= (unsigned char)(1 << bit);
            (void)cdn_audit_record_view(&view, exact, length);
            free(exact);
        }
    }
}
END_TEST

/* `params` and `result` as deep as values may be, so that the record is deeper. */
START_TEST(view__reads_values_of_any_depth_there_can_be)
{
    unsigned char deep[CORDON_VALUE_MAX_DEPTH];
    struct cdn_audit_view view;
    size_t length;

    memset(deep, 0x91, sizeof deep);
    deep[sizeof deep - 1] = 0xc0;
    auditing_fill(&made, 1);
    made.record.params = made.record.result = deep;
    made.record.params_bytes = made.record.result_bytes = sizeof deep;
    length = cdn_audit_record_encode(bytes, sizeof bytes, &made.record);
    ck_assert(cdn_audit_record_view(&view, bytes, length));
    ck_assert_uint_eq(view.params.bytes, sizeof deep);
    ck_assert_uint_eq(view.result.bytes, sizeof deep);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("audit_view");

    CDN_UNIT_CASE(s, view__gives_back_what_was_recorded);
    CDN_UNIT_CASE(s, view__knows_every_outcome_and_limit);
    CDN_UNIT_CASE(s, view__refuses_every_truncation);
    CDN_UNIT_CASE(s, view__reads_within_its_bytes_whatever_they_are);
    CDN_UNIT_CASE(s, view__reads_values_of_any_depth_there_can_be);
    return s;
}

CDN_UNIT_MAIN(suite)
