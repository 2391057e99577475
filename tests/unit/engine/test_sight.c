/* Slices behind the process wall: answers through the public API, and what a worker that has
 * been taken over finds when it looks at every byte that it can read. */
#include "serving.h"

#include <sys/socket.h>
#include <unistd.h>

#include "engine/granted.h"
#include "engine/view.h"
#include "isolation/misbehaving.h"
#include "isolation/process.h"

static const char SECRET[] = "mask-secret-of-more-than-32-bytes-for-this-test";

/* What is to be found, or not, in a worker's memory. */
#define NAME    "marker-granted-name-of-one"
#define FAR     "marker-granted-name-but-far"
#define EMAIL   "marker-masked-email-of-one"
#define PIN     "marker-property-not-granted"
#define DIARY   "marker-of-another-label"
#define PERSON  "marker-key-of-another-label"
#define LATER   "marker-note-of-a-later-edge"
#define EARLIER "marker-note-of-an-early-edge"

#define WALLED                                                                         \
    "wall = 'process', rules = '*', reads = { Account = { 'name', 'email' },\n"        \
    "knows = { 'note' }, owns = {} }, masks = { Account = { email = 'hash' } }"
static const char POLICY[] = "return { mask_key = 'env:X', principals = {\n"
                             "whole = { " WALLED ", slice = 'whole' },\n"
                             "granted = { " WALLED ", slice = 'granted' },\n"
                             "hops = { " WALLED ", slice = { hops = 1 } } } }";

static const char RULE[] =
    "return { name = 'r', decisions = { 'yes', 'no' }, fallback = 'no',\n"
    "limits = { time = '10s' },\n"
    "reads = { Account = { 'name', 'email' }, knows = { 'note' }, owns = {} },\n"
    "evaluate = function(graph, request) local n = request.node\n"
    "local out = { n.key, n.name, n.email, n:incoming('owns'):count() }\n"
    "for e in n:both('knows'):each() do out[#out + 1] = e.note end\n"
    "if request.now > 5 then out[#out + 1] =\n"
    "n:both('knows'):nodes():both('knows'):count() end\n"
    "return { output = out } end }";

static cordon_engine *engine;
static cordon_outcome *outcome;
static cordon_request request;
static cordon_limits patient = CORDON_LIMITS_INIT; /* a worker may have to be started */
static cordon_error err;

static cordon_snapshot *graph(void)
{
    char path[256];
    struct cdn_fixture *f = cdn_fixture_new(cdn_fixture_path(path, sizeof path));
    cordon_snapshot *snapshot;

    cdn_fixture_label(f, "Account", CDN_KEY_INT64, "name:text email:text? pin:text");
    cdn_fixture_label(f, "Person", CDN_KEY_STRING, "diary:text");
    cdn_fixture_relation(f, "knows", "Account", "Account", "note:text at:timestamp!");
    cdn_fixture_relation(f, "owns", "Person", "Account", "");
    cdn_fixture_node(f, "Account", "1", CDN_STR("name", NAME), CDN_STR("email", EMAIL),
                     CDN_STR("pin", PIN));
    cdn_fixture_node(f, "Account", "2", CDN_STR("name", "two"), CDN_STR("pin", PIN));
    cdn_fixture_node(f, "Account", "3", CDN_STR("name", FAR), CDN_STR("email", EMAIL),
                     CDN_STR("pin", PIN));
    cdn_fixture_node(f, "Person", PERSON, CDN_STR("diary", DIARY));
    cdn_fixture_edge(f, "knows", "Account", "1", "Account", "2",
                     CDN_STR("note", EARLIER), CDN_INT("at", 1000));
    cdn_fixture_edge(f, "knows", "Account", "1", "Account", "2", CDN_STR("note", LATER),
                     CDN_INT("at", 3000));
    cdn_fixture_edge(f, "knows", "Account", "2", "Account", "3", CDN_STR("note", ""),
                     CDN_INT("at", 1500));
    cdn_fixture_edge(f, "owns", "Person", PERSON, "Account", "1");
    cdn_fixture_finish(f);
    snapshot = cdn_fixture_open(path);
    return snapshot; /* the file stays: a worker opens it by its path */
}

static void give_policy(const char *text)
{
    cordon_policy *policy;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "p.lua", SECRET,
                                           sizeof SECRET, &err),
                  "line %u: %s", err.line, err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
}

static void set_up(const char *worker)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_snapshot *snapshot = graph();

    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.worker = worker;
    ck_assert_msg(!cordon_engine_new(&engine, &options, &err), "%s", err.message);
    ck_assert(!cordon_engine_set_snapshot(engine, snapshot, &err));
    cordon_snapshot_release(snapshot);
    give_policy(POLICY);
    serving_load(engine, RULE);
    outcome = serving_outcome();
    request = (cordon_request)CORDON_REQUEST_INIT;
    request.label = "Account";
    request.key = "1";
    request.limits = &patient;
    patient.wall_ns = UINT64_C(10000000000);
}

static void setup(void)
{
    set_up(WORKER);
}

static void setup_misbehaving(void)
{
    set_up(MISBEHAVING);
}

static void teardown(void)
{
    cordon_snapshot *snapshot = cordon_engine_get_snapshot(engine);
    const char *path = snapshot ? cdn_snapshot_path(snapshot) : NULL;

    if (path)
        cdn_fixture_remove(path);
    cordon_snapshot_release(snapshot);
    cordon_outcome_free(outcome);
    cordon_engine_free(engine);
}

static const void *answer(const char *principal, size_t *bytes)
{
    request.principal = principal;
    ck_assert_msg(!cordon_evaluate(outcome, engine, "r", &request, &err), "%s",
                  err.message);
    ck_assert_msg(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK, "%s: %s",
                  principal, cordon_outcome_message(outcome));
    return cordon_outcome_result(outcome, bytes);
}

START_TEST(sight__all_forms_answer_the_same)
{
    static const char *const principals[] = {"granted", "hops", "whole", "hops"};
    unsigned char kept[4096];
    size_t kept_bytes, bytes;
    const void *result = answer("whole", &kept_bytes);
    uint64_t digest = cordon_outcome_reads_digest(outcome);
    uint64_t instructions = cordon_outcome_usage(outcome)->instructions;

    ck_assert_uint_lt(kept_bytes, sizeof kept);
    memcpy(kept, result, kept_bytes);
    for (size_t i = 0; i < sizeof principals / sizeof *principals; i++) {
        result = answer(principals[i], &bytes);
        ck_assert_uint_eq(bytes, kept_bytes);
        ck_assert_mem_eq(result, kept, bytes);
        ck_assert_uint_eq(cordon_outcome_reads_digest(outcome), digest);
        ck_assert_uint_eq(cordon_outcome_usage(outcome)->instructions, instructions);
    }
}
END_TEST

START_TEST(sight__what_lies_beyond_a_slice_is_a_limit)
{
    size_t bytes;

    request.now_ms = 10;
    (void)answer("granted", &bytes);
    request.principal = "hops";
    ck_assert(!cordon_evaluate(outcome, engine, "r", &request, &err));
    ck_assert_int_eq(cordon_outcome_get_kind(outcome), CORDON_OUTCOME_LIMIT);
    ck_assert_int_eq(cordon_outcome_limit(outcome), CORDON_BUDGET_HOPS);
    ck_assert_contains(cordon_outcome_message(outcome),
                       "ends at hop 1 from the request's node");
    ck_assert_contains(cordon_outcome_message(outcome), "slice = { hops = 2 }");
    ck_assert_str_eq(cordon_outcome_decision(outcome), "no");
    ck_assert(cordon_outcome_is_fallback(outcome));
}
END_TEST

START_TEST(sight__a_graph_in_memory_is_behind_the_wall_too)
{
    const cordon_slice_node node = {"Account", "1"};
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;
    cordon_snapshot *whole = cordon_engine_get_snapshot(engine), *slice;
    unsigned char kept[4096];
    size_t kept_bytes, bytes, size;
    const void *result;
    void *cut;

    options.nodes = &node;
    options.node_count = 1;
    options.hops = 3;
    ck_assert_msg(!cordon_snapshot_slice(&cut, &size, whole, &options, &err), "%s",
                  err.message);
    ck_assert(!cordon_snapshot_open_slice(&slice, cut, size, NULL, &err));
    cordon_slice_free(cut);
    result = answer("whole", &kept_bytes);
    memcpy(kept, result, kept_bytes);
    /* with the request */
    request.graph = slice;
    for (size_t i = 0; i < 3; i++) {
        static const char *const principals[] = {"whole", "granted", "hops"};

        ck_assert_mem_eq(answer(principals[i], &bytes), kept, kept_bytes);
        ck_assert_uint_eq(bytes, kept_bytes);
    }
    request.graph = NULL;
    /* and as what the engine serves */
    cdn_fixture_remove(cdn_snapshot_path(whole));
    cordon_snapshot_release(whole);
    ck_assert_msg(!cordon_engine_set_snapshot(engine, slice, &err), "%s", err.message);
    cordon_snapshot_release(slice);
    for (size_t i = 0; i < 3; i++) {
        static const char *const principals[] = {"whole", "granted", "hops"};

        ck_assert_mem_eq(answer(principals[i], &bytes), kept, kept_bytes);
        ck_assert_uint_eq(bytes, kept_bytes);
    }
}
END_TEST

/* ---- a worker that was taken over ---- */

static void exchange(struct cdn_worker *worker, enum cdn_frame kind,
                     const struct cdn_buf *frame)
{
    uint64_t until = cdn_clock_ns() + UINT64_C(60000000000);
    uint16_t got;

    ck_assert(!cdn_channel_send(&worker->channel, (uint16_t)kind, frame->data,
                                frame->length, until, NULL));
    ck_assert(!cdn_channel_receive(&got, &worker->channel, CDN_WIRE_SMALL_BYTES, until,
                                   NULL));
    ck_assert_int_eq(got, CDN_FRAME_READY);
}

/* Told what any worker is told for the request, and then asked for all it can read. */
static void dump(struct cdn_buf *out, const char *principal)
{
    static const struct cdn_wall_options options = {
        .program = MISBEHAVING,
        .image_bytes = UINT64_C(1) << 20,
        .memory_bytes = UINT64_C(1) << 20,
        .room_bytes = UINT64_C(1) << 45, /* to look for what is mapped in large steps */
        .cpu_s = 600,
        .start_ns = UINT64_C(60000000000),
        .load = {.instructions = 1000000,
                 .memory_bytes = 1 << 20,
                 .edges = 1,
                 .output_bytes = 1,
                 .wall_ns = UINT64_C(60000000000)}};
    struct cdn_lane *lane = &engine->lanes[0];
    const struct cdn_state *state;
    const struct cdn_role *role;
    struct cdn_rule_call call;
    struct cdn_wire_run run = {.seed = LIE_DUMP, .now_ms = 1};
    struct cdn_worker *worker;
    struct cdn_buf frame = {0};
    struct cdn_seen seen;
    ssize_t got;

    cdn_pool_lease_lane(engine, lane);
    state = cdn_state_enter(engine, lane);
    role = cdn_policy_role(state->granted->policy,
                           cdn_policy_principal(state->granted->policy, principal));
    call =
        (struct cdn_rule_call){.rule = cdn_state_find(state, "r")->live->version->rule,
                               .snapshot = state->snapshot,
                               .request = &request,
                               .budget = cdn_budget_load(&engine->options),
                               .entered_ns = cdn_clock_ns()};
    call.budget.wall_ns = UINT64_C(600000000000);
    ck_assert_msg(
        !cdn_see(&seen, lane, state, role, CORDON_WALL_PROCESS, &call, outcome, &err) &&
            !seen.refused,
        "%s", err.message);
    ck_assert_msg(!cdn_process_start(&worker, &options, seen.sight.seen, &err), "%s",
                  err.message);
    ck_assert(!cdn_worker_prepare(worker, &call, &err));
    if (call.local && call.local->slice) {
        const struct cdn_wire_slice slice = {.hops = call.local->hops,
                                             .border = call.local->border,
                                             .border_bytes =
                                                 call.local->border_words * 8,
                                             .bytes = call.local->slice,
                                             .size = call.local->slice_bytes};

        cdn_wire_put_slice(&frame, &slice);
        exchange(worker, CDN_FRAME_SLICE, &frame);
        cdn_wire_put_grant(&frame, 0, call.local->grant, call.local->schema);
        exchange(worker, CDN_FRAME_GRANT, &frame);
    }
    cdn_wire_put_run(&frame, &run);
    ck_assert(!cdn_channel_send(&worker->channel, CDN_FRAME_RUN, frame.data,
                                frame.length, UINT64_MAX, NULL));
    cdn_buf_clear(out);
    do {
        ck_assert(cdn_buf_reserve(out, 1 << 20));
        got = recv(worker->channel.fd, out->data + out->length, 1 << 20, 0);
        out->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    cdn_buf_deinit(&frame);
    worker->end(worker);
    cdn_seen_release(&seen, engine);
    cdn_state_leave(engine, lane);
    cdn_pool_release(engine, lane);
}

/* The secret that masked values are made with. */
static bool has_mask_key(const struct cdn_buf *memory)
{
    const struct cdn_state *state = atomic_load(&engine->state);
    const struct cdn_grant *grant = state->granted->grants[0];

    return memmem(memory->data, memory->length, grant->mask_key, CDN_MASK_KEY_BYTES) !=
           NULL;
}

static bool has(const struct cdn_buf *memory, const char *marker)
{
    return memmem(memory->data, memory->length, marker, strlen(marker)) != NULL;
}

START_TEST(sight__a_worker_that_was_taken_over_finds_nothing_else)
{
    static const char *const everywhere[] = {NAME, EARLIER};
    static const char *const nowhere[] = {EMAIL, PIN, DIARY, PERSON};
    static const char *const far_away[] = {FAR, LATER};
    struct cdn_buf memory = {0};

    request.as_of_ms = 2000;
    for (int form = CORDON_SLICE_WHOLE; form <= CORDON_SLICE_HOPS; form++) {
        dump(&memory, cordon_slice_str((cordon_slice)form));
        ck_assert_uint_gt(memory.length, 1 << 20);
        for (size_t i = 0; i < 2; i++) {
            ck_assert_msg(has(&memory, everywhere[i]), "%d: no %s", form,
                          everywhere[i]);
            ck_assert_msg(has(&memory, far_away[i]) == (form != CORDON_SLICE_HOPS),
                          "%d: %s", form, far_away[i]);
        }
        for (size_t i = 0; i < 4; i++)
            ck_assert_msg(has(&memory, nowhere[i]) == (form == CORDON_SLICE_WHOLE),
                          "%d: %s", form, nowhere[i]);
        ck_assert(has_mask_key(&memory) == (form == CORDON_SLICE_WHOLE));
    }
    cdn_buf_deinit(&memory);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sight");

    CDN_UNIT_CASE_IN(s, sight__all_forms_answer_the_same, setup, teardown);
    CDN_UNIT_CASE_IN(s, sight__what_lies_beyond_a_slice_is_a_limit, setup, teardown);
    CDN_UNIT_CASE_IN(s, sight__a_graph_in_memory_is_behind_the_wall_too, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, sight__a_worker_that_was_taken_over_finds_nothing_else,
                     setup_misbehaving, teardown);
    return s;
}

int main(void)
{
    cordon_wall_report report = CORDON_WALL_REPORT_INIT;

    if (cordon_wall_probe(&report, CORDON_WALL_PROCESS, WORKER, NULL) ||
        !report.works) {
        printf("SKIPPED: there is no process wall here: %s\n", report.text);
        return CDN_UNIT_SKIPPED;
    }
    return cdn_unit_run(suite);
}
