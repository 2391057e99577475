#include "traces.h"

#include "base/alloc.h"
#include "base/pack.h"
#include "isolation/wire.h"
#include "sandbox/trace.h"

#define FIELDS                                                                         \
    "decisions = {'allow', 'deny'}, fallback = 'deny', "                               \
    "reads = { Account = {}, transfer = { 'amount' } },"

/* Loops, calls, values of all kinds, reads of the graph. */
static const char body[] =
    "local sent = request.node:outgoing('transfer')\n"
    "local total, most, text = 0, nil, 'a\\tb\\195\\164'\n"
    "local function add(edge)\n"
    "  total = total + edge.amount\n"
    "  return total > 3\n"
    "end\n"
    "for edge in sent:where('amount', '>', 1):latest(5):each() do\n"
    "  if add(edge) then most = edge end\n"
    "end\n"
    "local all = { total, text, { 1 }, name = text:rep(200) }\n"
    "local around = sent:nodes()\n"
    "return { output = { sent:count(), sent:sum('amount'), #all } }";

struct traced {
    struct ruling ruling;
    cordon_request request;
};

static void traced_init(struct traced *traced)
{
    ruling_init(&traced->ruling, ruling_source(FIELDS, body), cdn_fixture_bank_open());
    traced->request = (cordon_request)CORDON_REQUEST_INIT;
    traced->request.label = "Account";
    traced->request.key = "100";
}

static void run(struct traced *traced, cordon_trace *trace)
{
    struct ruling *ruling = &traced->ruling;
    const struct cdn_rule_call call = {
        .rule = ruling->rule,
        .image = ruling->image,
        .slot = ruling->slot,
        .host = &ruling->host,
        .snapshot = ruling->snapshot,
        .binding = ruling->binding,
        .request = &traced->request,
        .trace = trace,
        .budget = ruling->budget,
        .entered_ns = cdn_clock_ns(),
    };

    ck_assert_msg(!cdn_rule_run(ruling->outcome, &call, &ruling->err), "%s",
                  ruling->err.message);
    ck_assert_msg(cordon_outcome_get_kind(ruling->outcome) == CORDON_OUTCOME_OK, "%s",
                  cordon_outcome_message(ruling->outcome));
}

static cordon_trace *notebook(uint64_t bytes, bool counts_only)
{
    cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;
    cordon_trace *trace;

    options.memory_bytes = bytes;
    options.counts_only = counts_only;
    ck_assert(!cordon_trace_new(&trace, &options, NULL));
    return trace;
}

/* As worker.c has it. */
static cordon_status bring_over(cordon_trace *into, const struct cdn_buf *frame,
                                struct traced *traced, cordon_error *err)
{
    const struct cdn_rule *rule = traced->ruling.rule;
    cordon_status status;

    ck_assert(cdn_trace_claim(into));
    cdn_trace_start(into, rule->hash, rule->source, rule->source_bytes, NULL);
    status = cdn_wire_get_trace(into, frame,
                                cordon_outcome_usage(traced->ruling.outcome), err);
    cdn_trace_end(into, NULL);
    return status;
}

START_TEST(wire_trace__what_comes_over_is_what_is_noted_here)
{
    static const uint64_t sizes[] = {64 << 10, 65600, 70000, 1 << 20};
    struct traced traced;
    cordon_error err;

    traced_init(&traced);
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        cordon_trace *here = notebook(sizes[i / 2], i % 2);
        cordon_trace *there = notebook(cdn_trace_memory_bytes(here), i % 2);
        cordon_trace *brought = notebook(sizes[i / 2], i % 2);
        struct cdn_buf frame = {0};

        for (int round = 0; round < 3; round++) {
            run(&traced, here);
            cordon_trace_clear(there);
            run(&traced, there);
            cdn_wire_put_trace(&frame, there);
            ck_assert_uint_le(frame.length,
                              CDN_WIRE_TRACE_BYTES(cdn_trace_memory_bytes(there)));
            ck_assert_msg(!bring_over(brought, &frame, &traced, &err), "%s",
                          err.message);
            assert_same_counts(here, brought);
            assert_same_notes(here, brought);
        }
        ck_assert(i % 2 || cordon_trace_read_at(brought, 1));
        ck_assert(i % 2 || cordon_trace_value_at(brought, 8));
        ck_assert_uint_eq(cordon_trace_get_summary(brought)->runs, 3);
        cdn_buf_deinit(&frame);
        cordon_trace_free(here);
        cordon_trace_free(there);
        cordon_trace_free(brought);
    }
    ruling_deinit(&traced.ruling);
}
END_TEST

START_TEST(wire_trace__what_was_lost_is_told)
{
    static const char many[] = "local x = 0\nfor i = 1, 30000 do\nx = x + i\n"
                               "local s = ('a'):rep(i % 90)\nend\nreturn {}";
    cordon_trace *here = notebook(64 << 10, false);
    cordon_trace *there = notebook(64 << 10, false);
    cordon_trace *brought = notebook(64 << 10, false);
    struct cdn_buf frame = {0};
    struct traced traced;
    cordon_error err;

    ruling_init(&traced.ruling,
                ruling_source("decisions = {'allow'}, fallback = 'allow',", many),
                NULL);
    traced.request = (cordon_request)CORDON_REQUEST_INIT;
    run(&traced, here);
    run(&traced, there);
    ck_assert(cordon_trace_get_summary(here)->lost_steps);
    ck_assert(cordon_trace_get_summary(here)->lost_values);
    cdn_wire_put_trace(&frame, there);
    ck_assert_msg(!bring_over(brought, &frame, &traced, &err), "%s", err.message);
    assert_same_counts(here, brought);
    assert_same_notes(here, brought);
    cdn_buf_deinit(&frame);
    cordon_trace_free(here);
    cordon_trace_free(there);
    cordon_trace_free(brought);
    ruling_deinit(&traced.ruling);
}
END_TEST

/* ---- lies ---- */

/* A frame of a notebook with the given lists, each of integers. */
static void forge(struct cdn_buf *out, const int64_t *lists[5],
                  const uint32_t counts[5])
{
    struct cdn_packer packer;

    cdn_buf_clear(out);
    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, 9);
    for (int lost = 0; lost < 4; lost++)
        cdn_pack_int(&packer, 0);
    for (int list = 0; list < 5; list++) {
        cdn_pack_array(&packer, counts[list]);
        for (uint32_t i = 0; i < counts[list]; i++)
            cdn_pack_int(&packer, lists[list][i]);
    }
}

START_TEST(wire_trace__a_lie_adds_nothing)
{
    static const int64_t dear[] = {1, 1, INT64_C(1) << 40, 0, 0, 0};
    static const int64_t edges[] = {1, 1, 1, 0, INT64_C(1) << 40, 0};
    static const int64_t twice[] = {2, 1, 1, 0, 0, 0, 2, 1, 1, 0, 0, 0};
    static const int64_t beyond[] = {100000, 1, 1, 0, 0, 0};
    static const int64_t half[] = {1, 1, 1};
    static const int64_t jump[] = {1, 1000000, 1};
    static const int64_t negative[] = {-1, 1, 1};
    static const int64_t step[] = {1000000, 0};
    static const int64_t deep[] = {1, 16};
    static const int64_t value[] = {0, 1, 2, 3};
    static const struct {
        int list;
        const int64_t *items;
        uint32_t count;
        const char *word;
    } lies[] = {
        {0, dear, 6, "what the lines used"},
        {0, edges, 6, "what the lines used"},
        {0, twice, 12, "a line"},
        {0, beyond, 6, "a line"},
        {0, half, 3, "lines"},
        {1, jump, 3, "where a jump goes"},
        {1, negative, 3, "where a jump is"},
        {2, step, 2, "a step's line"},
        {2, deep, 2, "a step's depth"},
        {3, value, 4, "a value's name"},
    };
    cordon_trace *trace = notebook(0, false);
    struct cdn_buf frame = {0};
    struct traced traced;
    cordon_error err;

    traced_init(&traced);
    run(&traced, NULL);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const int64_t *lists[5] = {NULL, NULL, NULL, NULL, NULL};
        uint32_t counts[5] = {0, 0, 0, 0, 0};

        lists[lies[i].list] = lies[i].items;
        counts[lies[i].list] = lies[i].count;
        forge(&frame, lists, counts);
        ck_assert_int_eq(bring_over(trace, &frame, &traced, &err), CORDON_E_DATA);
        ck_assert_contains(err.message, lies[i].word);
        ck_assert_ptr_null(cordon_trace_jump_at(trace, 0));
        ck_assert_ptr_null(cordon_trace_step_at(trace, 0));
        ck_assert_uint_eq(cordon_trace_line_at(trace, 1)->hits, 0);
    }
    cdn_buf_deinit(&frame);
    cordon_trace_free(trace);
    ruling_deinit(&traced.ruling);
}
END_TEST

START_TEST(wire_trace__a_frame_that_is_cut_or_damaged_is_refused_or_fits)
{
    cordon_trace *there = notebook(64 << 10, false);
    cordon_trace *brought = notebook(64 << 10, false);
    struct cdn_buf frame = {0}, bent = {0};
    struct traced traced;
    cordon_error err;

    traced_init(&traced);
    run(&traced, there);
    cdn_wire_put_trace(&frame, there);
    for (size_t length = 0; length < frame.length; length++) {
        cdn_buf_clear(&bent);
        cdn_buf_append(&bent, frame.data, length);
        ck_assert_int_eq(bring_over(brought, &bent, &traced, &err), CORDON_E_DATA);
    }
    for (size_t at = 0; at < frame.length; at++) {
        const cordon_trace_value *value;

        cdn_buf_clear(&bent);
        cdn_buf_append(&bent, frame.data, frame.length);
        bent.data[at] ^= 0x85;
        if (bring_over(brought, &bent, &traced, &err))
            continue;
        for (size_t i = 0; (value = cordon_trace_value_at(brought, i)); i++) {
            ck_assert_ptr_nonnull(cordon_trace_step_at(brought, value->step));
            ck_assert_uint_lt(strlen(value->text), CORDON_TRACE_VALUE_BYTES);
        }
    }
    cdn_buf_deinit(&frame);
    cdn_buf_deinit(&bent);
    cordon_trace_free(there);
    cordon_trace_free(brought);
    ruling_deinit(&traced.ruling);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("wire_trace");

    CDN_UNIT_CASE(s, wire_trace__what_comes_over_is_what_is_noted_here);
    CDN_UNIT_CASE(s, wire_trace__what_was_lost_is_told);
    CDN_UNIT_CASE(s, wire_trace__a_lie_adds_nothing);
    CDN_UNIT_CASE(s, wire_trace__a_frame_that_is_cut_or_damaged_is_refused_or_fits);
    return s;
}

CDN_UNIT_MAIN(suite)
