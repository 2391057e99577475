/* Records of a decision log, of any shape, read and written. */
#include "support/unit.h"

#include "base/buf.h"
#include "base/pack.h"
#include "codec/decision.h"
#include "codec/json_read.h"

static struct cdn_buf pack, text;

static void setup(void)
{
    pack = (struct cdn_buf){0};
    text = (struct cdn_buf){0};
}

static void teardown(void)
{
    cdn_buf_deinit(&pack);
    cdn_buf_deinit(&text);
}

/* The entry of a record that is written as JSON here. */
static cordon_audit_entry entry_of(const char *json)
{
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;
    struct cdn_json_fault fault;

    cdn_buf_clear(&pack);
    ck_assert_msg(!cdn_json_read(&pack, json, strlen(json), &fault), "%s", fault.text);
    entry.kind = CORDON_AUDIT_DECISION;
    entry.sequence = 7;
    entry.segment = 2;
    entry.offset = 136;
    entry.record = pack.data;
    entry.record_bytes = pack.length;
    return entry;
}

static const char *written(const cordon_audit_entry *entry)
{
    struct cdn_json json;

    cdn_buf_clear(&text);
    cdn_json_init(&json, &text, false);
    cdn_decision_json(&json, entry);
    ck_assert(!text.failed);
    return (const char *)text.data;
}

#define HAS(part)                                                                      \
    ck_assert_msg(strstr((const char *)text.data, part) != NULL, "'%s' is not in %s",  \
                  part, text.data)

#define RECORD(seed)                                                                   \
    "{\"decision_id\": \"ab\", \"timestamp\": 1795487340000, \"rule\": \"fan_out\", "  \
    "\"digest\": \"d1\", \"traceparent\": "                                            \
    "\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\", "                    \
    "\"requested_by\": \"ann\", "                                                      \
    "\"input\": {\"node\": {\"label\": \"Account\", \"key\": \"17\"}, \"seed\": " seed \
    ", "                                                                               \
    "\"params\": {\"node\": \"no\"}}, "                                                \
    "\"outcome\": \"limit\", \"limit\": \"time\", \"decision\": \"deny\", "            \
    "\"usage\": {\"instructions\": 5, \"wall_ns\": 77}}"

static const char plain[] = RECORD("-1");

START_TEST(read__finds_what_is_asked_for)
{
    cordon_audit_entry entry = entry_of(plain);
    struct cdn_decision decision;

    ck_assert(cdn_decision_read(&decision, entry.record, entry.record_bytes));
    ck_assert_int_eq(decision.timestamp_ms, 1795487340000);
    ck_assert(cdn_decision_is(&decision.decision_id, "ab"));
    ck_assert(cdn_decision_is(&decision.rule, "fan_out"));
    ck_assert(!cdn_decision_is(&decision.rule, "fan_ou"));
    ck_assert(cdn_decision_is(&decision.label, "Account"));
    ck_assert(cdn_decision_is(&decision.key, "17"));
    ck_assert(cdn_decision_is(&decision.outcome, "limit"));
    ck_assert(cdn_decision_is(&decision.decision, "deny"));
    ck_assert(cdn_decision_is(&decision.requested_by, "ann"));
    ck_assert_uint_eq(decision.wall_ns, 77);
}
END_TEST

START_TEST(read__of_what_is_masked_has_less)
{
    cordon_audit_entry entry = entry_of("{\"rule\": 7, \"input\": \"gone\", "
                                        "\"timestamp\": null, \"usage\": []}");
    struct cdn_decision decision;

    ck_assert(cdn_decision_read(&decision, entry.record, entry.record_bytes));
    ck_assert_ptr_null(decision.rule.at);
    ck_assert_ptr_null(decision.key.at);
    ck_assert_int_eq(decision.timestamp_ms, INT64_MIN);
    ck_assert(!cdn_decision_is(&decision.rule, ""));
    entry = entry_of("[1]");
    ck_assert(!cdn_decision_read(&decision, entry.record, entry.record_bytes));
    ck_assert(!cdn_decision_read(&decision, NULL, 0));
}
END_TEST

START_TEST(json__has_the_record_and_what_follows_from_it)
{
    cordon_audit_entry entry = entry_of(plain);

    written(&entry);
    HAS("{\"schema_version\":1,\"labels\":{\"app\":\"cordon\"},\"path\":\"fan_out\"");
    HAS("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"");
    HAS("\"span_id\":\"b7ad6b7169203331\"");
    HAS("\"timestamp\":\"2026-11-24T02:29:00Z\"");
    HAS("\"seed\":18446744073709551615");
    HAS("\"status\":\"TIMEOUT\"");
    HAS("\"bundles\":{\"rule\":{\"revision\":\"d1\"}}");
    HAS("\"timer_rego_query_eval_ns\":77");
    HAS("\"sequence\":7,\"segment\":2,\"offset\":136");
}
END_TEST

START_TEST(json__of_a_note_is_the_note)
{
    cordon_audit_entry entry =
        entry_of("{\"note\": \"dropped\", \"timestamp\": 0, \"count\": 3}");

    entry.kind = CORDON_AUDIT_NOTE;
    written(&entry);
    HAS("\"note\":\"dropped\",\"timestamp\":\"1970-01-01T00:00:00Z\",\"count\":3,"
        "\"sequence\":7");
    ck_assert_ptr_null(strstr((const char *)text.data, "labels"));
}
END_TEST

/* What a log of somebody else's may hold: cut anywhere it is written as far as it goes. */
START_TEST(json__of_cut_records_reads_nothing_behind_them)
{
    cordon_audit_entry whole = entry_of(RECORD("5"));
    struct cdn_buf back = {0};
    struct cdn_json_fault fault;

    for (size_t bytes = 1; bytes < whole.record_bytes; bytes++) {
        cordon_audit_entry entry = whole;
        char *exact = cdn_unit_exact(whole.record, bytes);
        struct cdn_decision decision;

        entry.record = exact;
        entry.record_bytes = bytes;
        (void)cdn_decision_read(&decision, exact, bytes);
        written(&entry);
        HAS("\"sequence\":7");
        cdn_buf_clear(&back);
        ck_assert_msg(
            !cdn_json_read(&back, (const char *)text.data, text.length, &fault),
            "%s in %s", fault.text, (const char *)text.data);
        free(exact);
    }
    cdn_buf_deinit(&back);
}
END_TEST

START_TEST(json__of_values_below_the_deepest_is_written)
{
    unsigned char bytes[512];
    struct cdn_packer packer;
    cordon_audit_entry entry = CORDON_AUDIT_ENTRY_INIT;

    cdn_pack_init(&packer, bytes, sizeof bytes);
    cdn_pack_map(&packer, 1);
    cdn_pack_str(&packer, "result", 6);
    cdn_pack_map(&packer, 1);
    cdn_pack_str(&packer, "output", 6);
    for (int i = 0; i < CORDON_VALUE_MAX_DEPTH - 1; i++)
        cdn_pack_array(&packer, 1);
    cdn_pack_int(&packer, 5);
    ck_assert(!packer.failed);
    entry.kind = CORDON_AUDIT_DECISION;
    entry.record = bytes;
    entry.record_bytes = packer.length;
    written(&entry);
    HAS("[[[[5]]]]");
    HAS("\"prev_hash\"");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("decision");

    CDN_UNIT_CASE_IN(s, read__finds_what_is_asked_for, setup, teardown);
    CDN_UNIT_CASE_IN(s, read__of_what_is_masked_has_less, setup, teardown);
    CDN_UNIT_CASE_IN(s, json__has_the_record_and_what_follows_from_it, setup, teardown);
    CDN_UNIT_CASE_IN(s, json__of_a_note_is_the_note, setup, teardown);
    CDN_UNIT_CASE_IN(s, json__of_cut_records_reads_nothing_behind_them, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, json__of_values_below_the_deepest_is_written, setup, teardown);
    return s;
}

CDN_UNIT_MAIN(suite)
