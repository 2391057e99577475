/* Records to bytes. */
#include "auditing.h"

#include "rule/functions.h"

static struct auditing_record made;

/* As many functions as a rule may list, and answers that are mostly what surrounds them. */
static void fill_calls(struct cdn_audit_record *record)
{
    static struct cdn_host_function function;
    static const struct cdn_host_function *functions[CDN_RULE_MAX_FUNCTIONS];
    static unsigned char room[24 * 100];
    static struct cdn_answers answers;

    memset(function.name, 'f', CDN_RULE_MAX_WORD);
    function.cost = CORDON_FUNCTION_MAX_COST;
    for (int i = 0; i < CDN_RULE_MAX_FUNCTIONS; i++)
        functions[i] = &function;
    for (size_t i = 0; i < 100; i++) {
        const struct {
            uint64_t arguments;
            uint32_t bytes;
            uint16_t function, failed;
        } noted = {UINT64_MAX, 1, (uint16_t)(i % CDN_RULE_MAX_FUNCTIONS), i % 2};

        memcpy(room + 24 * i, &noted, sizeof noted);
        room[24 * i + 16] = 1;
    }
    answers = (struct cdn_answers){room, sizeof room, 100, true};
    record->functions = functions;
    record->function_count = CDN_RULE_MAX_FUNCTIONS;
    record->answers = &answers;
}

/* Everything in it, each text as long as it may be, each number as wide. */
static struct cdn_audit_record *largest(void)
{
    static char word[66], name[66], message[1024], file[256], trace[56];
    struct cdn_audit_record *record;

    auditing_fill(&made, 1);
    record = &made.record;
    memset(word, 'w', 64);
    memset(name, 'n', 64);
    memset(message, 'm', sizeof message - 1);
    memset(file, 'f', sizeof file - 1);
    memset(trace, 't', sizeof trace - 1);
    record->timestamp_ms = INT64_MIN;
    record->rule = record->set = name;
    record->label = record->decision = word;
    record->principal = word;
    record->traceparent = trace;
    record->version = UINT32_MAX;
    record->variant = CORDON_VARIANT_CANARY;
    record->generation = UINT64_MAX;
    record->now_ms = record->as_of_ms = INT64_MIN + 1;
    record->seed = UINT64_C(1) << 63;
    record->outcome = CORDON_OUTCOME_INVALID_RESULT;
    record->limit = CORDON_BUDGET_INSTRUCTIONS;
    record->nondeterministic = true;
    record->message = message;
    record->file = file;
    record->line = UINT32_MAX;
    memset(&made.usage, 0x7f, sizeof made.usage);
    fill_calls(record);
    return record;
}

START_TEST(bound__is_never_less_than_what_is_needed)
{
    struct cdn_audit_record *record = largest();
    size_t bound = cdn_audit_record_bound(record);
    unsigned char *bytes = malloc(bound);
    size_t length = cdn_audit_record_encode(bytes, bound, record);
    struct cdn_audit_view view;

    ck_assert_uint_gt(length, 0);
    /* not by luck: a third key as long as the longest would still fit */
    ck_assert_uint_lt(length + 32, bound);
    ck_assert(cdn_audit_record_view(&view, bytes, length));
    free(bytes);
}
END_TEST

START_TEST(encode__says_when_there_is_too_little_room)
{
    struct cdn_audit_record *record = largest();
    static unsigned char bytes[32768];
    size_t length = cdn_audit_record_encode(bytes, sizeof bytes, record);

    ck_assert_uint_gt(length, 0);
    for (size_t size = 0; size < length; size++) {
        unsigned char *exact = malloc(size ? size : 1);

        ck_assert_uint_eq(cdn_audit_record_encode(exact, size, record), 0);
        free(exact);
    }
    ck_assert_uint_eq(cdn_audit_record_encode(bytes, length, record), length);
}
END_TEST

START_TEST(encode__gives_equal_records_equal_bytes)
{
    unsigned char first[4096], again[4096];
    struct auditing_record other;
    size_t length =
        cdn_audit_record_encode(first, sizeof first, auditing_fill(&made, 7));

    ck_assert_uint_eq(
        cdn_audit_record_encode(again, sizeof again, auditing_fill(&other, 7)), length);
    ck_assert_int_eq(memcmp(first, again, length), 0);
}
END_TEST

START_TEST(of__takes_everything_replay_needs)
{
    cordon_request request = CORDON_REQUEST_INIT;
    struct cdn_audit_record record;
    cordon_outcome *outcome;

    ck_assert_int_eq(cordon_outcome_new(&outcome, &err), CORDON_OK);
    request.label = "Account";
    request.key = "17 and more";
    request.key_bytes = 2;
    request.params = "\x80";
    request.params_bytes = 1;
    request.now_ms = 5;
    request.as_of_ms = 4;
    request.seed = 3;
    request.principal = "analyst";
    request.traceparent = "00-...";
    cdn_audit_record_of(&record, outcome, &request, 9, 10);
    ck_assert_str_eq(record.label, "Account");
    ck_assert_uint_eq(record.key_bytes, 2);
    ck_assert_ptr_eq(record.params, request.params);
    ck_assert_uint_eq(record.params_bytes, 1);
    ck_assert_int_eq(record.now_ms, 5);
    ck_assert_int_eq(record.as_of_ms, 4);
    ck_assert_uint_eq(record.seed, 3);
    ck_assert_str_eq(record.principal, "analyst");
    ck_assert_str_eq(record.traceparent, "00-...");
    ck_assert_uint_eq(record.snapshot_id, 9);
    ck_assert_int_eq(record.timestamp_ms, 10);
    ck_assert_ptr_eq(record.usage, cordon_outcome_usage(outcome));
    ck_assert_ptr_null(record.result);
    ck_assert_ptr_null(record.decision);
    cordon_outcome_free(outcome);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("audit_record");

    CDN_UNIT_CASE(s, bound__is_never_less_than_what_is_needed);
    CDN_UNIT_CASE(s, encode__says_when_there_is_too_little_room);
    CDN_UNIT_CASE(s, encode__gives_equal_records_equal_bytes);
    CDN_UNIT_CASE(s, of__takes_everything_replay_needs);
    return s;
}

CDN_UNIT_MAIN(suite)
