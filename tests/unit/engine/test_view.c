/* What workers see: slices answer as the snapshot does, or say where they end.
 *
 * A worker's service runs on a thread, without a wall, on what cdn_see() gives it; what it
 * answers is held against what the same engine answers in its own process. */
#include "serving.h"

#include "isolation/served.h"

#include "engine/granted.h"
#include "base/alloc.h"
#include "engine/view.h"

static const char SECRET[] = "an old secret of more than 32 bytes, for tests";

/* Roles whose slices are cut in three places: %s. */
static const char POLICY[] =
    "return { mask_key = 'env:X', roles = { all = { rules = '*', slice = %s } },\n"
    "principals = {\n"
    "  full   = { role = 'all', reads = '*' },\n"
    "  some   = { role = 'all', reads = { Account = { 'risk', 'kind', 'createTime' },\n"
    "             transfer = { 'amount', 'memo' } } },\n"
    "  edges  = { role = 'all', reads = { transfer = { 'amount' }, own = '*' } },\n"
    "  near   = { role = 'all', reads = '*', hops = 1 },\n"
    "  masked = { role = 'all', reads = '*', masks = {\n"
    "    Account = { key = 'hash', risk = { 'bucket', 100 }, nickname = 'redact',\n"
    "      kind = 'hash', note = { 'truncate', 4 }, serial = 'hash', bag = 'redact',\n"
    "      balance = { 'bucket', 0.1 }, isBlocked = 'hash',\n"
    "      createTime = { 'bucket', 2592000000 } },\n"
    "    Person = { key = { 'truncate', 1 }, name = 'hash' },\n"
    "    Company = { key = 'redact', name = { 'truncate', 2 } },\n"
    "    transfer = { amount = 'hash', cents = { 'bucket', 1000 }, memo = 'hash' },\n"
    "    own = { share = { 'bucket', 0.3 } } } },\n"
    "  veiled = { role = 'all', reads = '*', masks = {\n"
    "    Account = { key = { 'truncate', 2 }, serial = { 'bucket', 10 },\n"
    "      kind = { 'truncate', 2 }, balance = 'hash', createTime = 'hash',\n"
    "      risk = 'redact', isBlocked = 'redact', nickname = 'hash', note = 'hash' },\n"
    "    Person = { key = 'hash', name = 'redact' },\n"
    "    transfer = { amount = { 'bucket', 7 }, memo = { 'truncate', 1 } } } },\n"
    "  third  = { role = 'all', reads = '*', masks = {\n"
    "    Account = { serial = { 'truncate', 3 }, key = 'redact' } } } } }";

#define RULE(name, reads, body)                                                        \
    "return { name = '" name                                                           \
    "', decisions = { 'yes', 'no' }, fallback = 'no', reads = { " reads                \
    " },\nevaluate = function(graph, request) local n = request.node\n" body "\nend }"

#define ACCOUNT                                                                        \
    "Account = { 'createTime', 'isBlocked', 'balance', 'risk', 'kind', 'nickname', "   \
    "'serial', 'note', 'bag' }"

static const char *const rules[] = {
    RULE("cells", ACCOUNT,
         "local out = { n.key, tostring(n), n.createTime, n.balance, n.risk, n.kind }\n"
         "local more = { tostring(n.isBlocked), n.nickname or 'none', n.serial,\n"
         "n.note or 'none', n.label, tostring(n.bag) == 'nil' }\n"
         "return { output = { out, more, n } }"),
    RULE("near", "Account = { 'risk', 'kind' }, transfer = { 'amount', 'memo' }",
         "local out = {}\n"
         "for e in n:both('transfer'):each() do\n"
         "out[#out + 1] = { e.source.key, e.target.key, e.time, e.amount, e.memo or 0 "
         "}\n"
         "end\n"
         "return { output = { out, n:outgoing('transfer'):count(),\n"
         "n:incoming('transfer'):distinct() } }"),
    RULE("edges", "transfer = {}",
         "local s = n:outgoing('transfer')\n"
         "return { output = { s:count(), s:distinct(), s:latest(2):count(),\n"
         "n:incoming('transfer'):exists(), pcall(function() return n.key end) } }"),
    RULE("money", "Account = {}, transfer = { 'amount' }",
         "local s = n:both('transfer')\n"
         "local ok, sum = pcall(function() return s:sum('amount') end)\n"
         "local _, top = pcall(function() return s:top(2, 'amount')[1].key end)\n"
         "return { output = { ok, sum, tostring(top), s:count() } }"),
    RULE("two", "Account = { 'risk' }, transfer = {}",
         "local far = n:outgoing('transfer'):nodes():outgoing('transfer')\n"
         "local out = { far:count(), far:distinct() }\n"
         "for m in far:nodes():each() do out[#out + 1] = m.key end\n"
         "return { output = out }"),
    RULE("three", "Account = {}, transfer = {}",
         "local ok, count = pcall(function()\n"
         "return n:both('transfer'):nodes():both('transfer'):nodes():both('transfer')\n"
         ":count() end)\n"
         "return { output = { ok, count } }"),
    RULE("ego", "Account = {}, transfer = {}",
         "local view = graph:ego(n, { hops = 2, edges = 'transfer' })\n"
         "local out = { view:nodes():count() }\n"
         "for m in view:nodes():each() do out[#out + 1] = m.key end\n"
         "return { output = out }"),
    RULE("known", "Account = {}, transfer = {}",
         "local a, b = graph:node('Account', 200), graph:node('Account', 4711)\n"
         "return { output = { a and a:outgoing('transfer'):count(), b == nil,\n"
         "a and a.key } }"),
    RULE("owners",
         "Account = {}, Person = { 'name' }, Company = { 'name' }, own = { "
         "'share' }",
         "local out = {}\n"
         "for e in n:incoming('own'):each() do\n"
         "out[#out + 1] = { e.source.label, e.source.key, e.source.name or 'none',\n"
         "e.share or 'none' } end\n"
         "return { output = out }"),
    RULE("typo", "Account = { 'risk' }", "return { output = n.rsik }"),
    RULE("nothing", "", "return { output = request.node == nil }"),
};

static const char *const names[] = {"cells",  "near",  "edges",  "money",
                                    "two",    "three", "ego",    "known",
                                    "owners", "typo",  "nothing"};
static const char *const principals[] = {"full",   "some",   "edges", "near",
                                         "masked", "veiled", "third"};

static cordon_engine *engine;
static cordon_outcome *here;
static cordon_error err;

static void give(const char *slice)
{
    char text[sizeof POLICY + 40];
    cordon_policy *policy;

    snprintf(text, sizeof text, POLICY, slice);
    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "p.lua", SECRET,
                                           sizeof SECRET, &err),
                  "line %u: %s", err.line, err.message);
    ck_assert_msg(!cordon_engine_set_policy(engine, policy, &err), "%s", err.message);
    cordon_policy_release(policy);
}

static void setup(void)
{
    engine = serving_engine(1);
    here = serving_outcome();
    serving_bank(engine);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        serving_load(engine, rules[i]);
}

static void teardown(void)
{
    cordon_outcome_free(here);
    cordon_engine_free(engine);
}

/* One worker's service at a time, kept as long as it is to see the same. */
static struct {
    bool there;
    struct served served;
    struct cdn_sight sight;
} service;

static void service_end(void)
{
    if (service.there)
        served_deinit(&service.served);
    service.there = false;
}

static void service_for(const struct cdn_seen *seen)
{
    if (service.there && service.sight.seen == seen->sight.seen &&
        service.sight.viewer == seen->sight.viewer)
        return;
    service_end();
    served_init(&service.served, seen->sight.seen);
    service.there = true;
    service.sight = seen->sight;
}

/* As run_bound() does behind a wall; what came of it is in service.served.outcome, or in
 * `there` if nothing was run. */
static cordon_status ask_there(cordon_outcome **there, const char *rule,
                               const cordon_request *request, cordon_wall wall)
{
    struct cdn_lane *lane = &engine->lanes[0];
    const struct cdn_state *state;
    const struct cdn_version *version;
    const struct cdn_role *role = NULL;
    struct cdn_rule_call call;
    struct cdn_seen seen;
    cordon_status status;

    cdn_pool_lease_lane(engine, lane);
    state = cdn_state_enter(engine, lane);
    version = cdn_state_find(state, rule)->live->version;
    if (request->principal)
        role = cdn_policy_role(
            state->granted->policy,
            cdn_policy_principal(state->granted->policy, request->principal));
    call = (struct cdn_rule_call){.rule = version->rule,
                                  .host = &lane->host,
                                  .snapshot = cdn_request_graph(state, request),
                                  .functions = version->functions,
                                  .request = request,
                                  .entered_ns = cdn_clock_ns()};
    ck_assert(!cdn_budget_resolve(&call.budget, &engine->options, &call.rule->limits,
                                  request->limits, NULL));
    if (role)
        ck_assert(!cdn_budget_role(&call.budget, role, request->limits, NULL));
    if (!request->limits)
        call.budget.wall_ns = UINT64_C(600000000000);
    *there = here;
    status = cdn_see(&seen, lane, state, role, wall, &call, here, &err);
    if (!status && !seen.refused) {
        service_for(&seen);
        *there = service.served.outcome;
        status = cdn_worker_run(*there, &service.served.worker, &call, &err);
        ck_assert(!service.served.worker.broken);
    }
    cdn_seen_release(&seen, engine);
    cdn_state_leave(engine, lane);
    cdn_pool_release(engine, lane);
    return status;
}

static cordon_request requests[16];
static size_t request_count;

static void make_requests(void)
{
    static const char *const accounts[] = {"100", "200", "300", "400",
                                           "600", "700", "800", "1000"};

    request_count = 0;
    for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++) {
        requests[request_count] = (cordon_request)CORDON_REQUEST_INIT;
        requests[request_count].label = "Account";
        requests[request_count++].key = accounts[i];
    }
    requests[request_count] = requests[0];
    requests[request_count++].as_of_ms = CDN_BANK_T + 2 * CDN_BANK_HOUR;
    requests[request_count] = requests[0];
    requests[request_count++].key = "5"; /* none's key, and a place among them */
    requests[request_count] = requests[0];
    requests[request_count++].label = "Acount";
    requests[request_count] = (cordon_request)CORDON_REQUEST_INIT;
    requests[request_count].label = "Person";
    requests[request_count++].key = "ann";
    requests[request_count++] = (cordon_request)CORDON_REQUEST_INIT;
}

/* What came of asking all; of slices that end, some are stopped at the border. */
static void ask_all(uint32_t *same, uint32_t *ended)
{
    for (size_t p = 0; p < sizeof principals / sizeof *principals; p++)
        for (size_t r = 0; r < sizeof names / sizeof *names; r++)
            for (size_t q = 0; q < request_count; q++) {
                cordon_request *request = &requests[q];
                cordon_outcome *there;
                cordon_status a, b;
                cordon_error why;

                request->principal = principals[p];
                a = cordon_evaluate(here, engine, names[r], request, &why);
                if (!a && cordon_outcome_get_kind(here) == CORDON_OUTCOME_DENIED)
                    break; /* for this rule, and every node */
                {
                    cordon_outcome *kept = here;

                    here = serving_outcome();
                    b = ask_there(&there, names[r], request, CORDON_WALL_PROCESS);
                    ck_assert_msg(a == b, "%s %s %s: %d %s, not %d %s", principals[p],
                                  names[r], request->key, b, b ? err.message : "", a,
                                  a ? why.message : "");
                    if (a) {
                        ck_assert_str_eq(why.message, err.message);
                    } else if (cordon_outcome_limit(there) == CORDON_BUDGET_HOPS &&
                               strstr(cordon_outcome_message(there), "the slice")) {
                        ck_assert(cordon_outcome_is_fallback(there));
                        (*ended)++;
                    } else if (cordon_outcome_get_kind(there) ==
                               CORDON_OUTCOME_DENIED) {
                        ck_assert_contains(cordon_outcome_message(there), "holds none");
                    } else {
                        ck_assert_msg(
                            cordon_outcome_get_kind(kept) ==
                                    cordon_outcome_get_kind(there) &&
                                cordon_outcome_usage(kept)->instructions ==
                                    cordon_outcome_usage(there)->instructions,
                            "%s %s %s: %d %s (%lu), not %d %s (%lu)", principals[p],
                            names[r], request->key, cordon_outcome_get_kind(there),
                            cordon_outcome_message(there),
                            cordon_outcome_usage(there)->instructions,
                            cordon_outcome_get_kind(kept), cordon_outcome_message(kept),
                            cordon_outcome_usage(kept)->instructions);
                        assert_same(kept, there);
                        (*same)++;
                    }
                    cordon_outcome_free(here);
                    here = kept;
                }
            }
}

START_TEST(view__all_that_is_granted_answers_as_the_snapshot_does)
{
    uint32_t same = 0, ended = 0;

    give("'granted'");
    make_requests();
    ask_all(&same, &ended);
    service_end();
    ck_assert_uint_gt(same, 300);
    ck_assert_uint_eq(ended, 0);
}
END_TEST

START_TEST(view__a_neighbourhood_answers_the_same_or_says_where_it_ends)
{
    uint32_t before = UINT32_MAX;

    make_requests();
    for (int hops = 1; hops <= 4; hops++) {
        uint32_t same = 0, ended = 0;
        char slice[32];

        snprintf(slice, sizeof slice, "{ hops = %d }", hops);
        give(slice);
        ask_all(&same, &ended);
        service_end();
        ck_assert_uint_gt(same, 200);
        ck_assert_uint_gt(ended, 0); /* a node that is looked up by its key */
        ck_assert_uint_le(ended, before);
        before = ended;
    }
}
END_TEST

START_TEST(view__a_microvm_sees_what_is_granted)
{
    cordon_outcome *there;

    give("'whole'");
    make_requests();
    requests[0].principal = "masked";
    ck_assert_msg(!ask_there(&there, "cells", &requests[0], CORDON_WALL_MICROVM), "%s",
                  err.message);
    ck_assert_ptr_nonnull(service.sight.seen);
    ck_assert_ptr_eq(cdn_snapshot_path(service.sight.seen), NULL);
    service_end();
}
END_TEST

START_TEST(view__is_dropped_when_its_snapshot_or_its_grant_is_not_in_force)
{
    cordon_outcome *there;

    give("'granted'");
    make_requests();
    requests[0].principal = "full";
    for (int i = 0; i < 3; i++) {
        const struct cdn_view *view;

        ck_assert(!ask_there(&there, "near", &requests[0], CORDON_WALL_PROCESS));
        service_end();
        view = engine->views;
        ck_assert_ptr_nonnull(view);
        ck_assert(!ask_there(&there, "near", &requests[1], CORDON_WALL_PROCESS));
        service_end();
        ck_assert_ptr_eq(engine->views, view);
        if (i == 0)
            give("'granted'");
        else
            serving_bank(engine);
        requests[0].principal = requests[1].principal = "full";
    }
}
END_TEST

START_TEST(view__too_much_is_not_cut)
{
    cordon_outcome *there;

    make_requests();
    give("'granted'");
    requests[0].principal = "full";
    engine->options.slice_max_edges = 5;
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(ask_there(&there, "near", &requests[0], CORDON_WALL_PROCESS),
                         CORDON_E_INVALID);
        ck_assert_contains(err.message, "a slice of all that principal 'full' is "
                                        "granted: more than 5 edges are granted");
    }
    give("{ hops = 2 }");
    ck_assert(!ask_there(&there, "near", &requests[0], CORDON_WALL_PROCESS));
    ck_assert_int_eq(cordon_outcome_limit(there), CORDON_BUDGET_EDGES);
    ck_assert_contains(cordon_outcome_message(there),
                       "edges: slice_max_edges: more than 5 edges are within 2 hops");
    ck_assert_str_eq(cordon_outcome_decision(there), "no");
    engine->options.slice_max_edges = 1000;
    engine->options.slice_max_nodes = 2;
    ck_assert(!ask_there(&there, "near", &requests[0], CORDON_WALL_PROCESS));
    ck_assert_int_eq(cordon_outcome_limit(there), CORDON_BUDGET_NODES);
    service_end();
}
END_TEST

#ifdef CORDON_FAILALLOC
/* What a worker would be given, and nothing run. */
static cordon_status only_see(const cordon_request *request)
{
    struct cdn_lane *lane = &engine->lanes[0];
    const struct cdn_state *state;
    const struct cdn_role *role;
    struct cdn_rule_call call;
    struct cdn_seen seen;
    cordon_status status;

    cdn_pool_lease_lane(engine, lane);
    state = cdn_state_enter(engine, lane);
    role = cdn_policy_role(
        state->granted->policy,
        cdn_policy_principal(state->granted->policy, request->principal));
    call = (struct cdn_rule_call){
        .rule = cdn_state_find(state, "near")->live->version->rule,
        .snapshot = cdn_request_graph(state, request),
        .request = request,
        .budget.wall_ns = UINT64_C(600000000000),
        .entered_ns = cdn_clock_ns()};
    status = cdn_see(&seen, lane, state, role, CORDON_WALL_PROCESS, &call, here, &err);
    ck_assert(status || !seen.refused);
    cdn_seen_release(&seen, engine);
    cdn_state_leave(engine, lane);
    cdn_pool_release(engine, lane);
    return status;
}

START_TEST(view__survives_every_allocation_failure)
{
    static const char *const forms[] = {"'granted'", "{ hops = 2 }", "'whole'"};
    cordon_snapshot *bank = cdn_fixture_bank_open();

    make_requests();
    requests[0].principal = "masked";
    for (int i = 0; i < 4; i++) {
        requests[0].graph = i == 3 ? bank : NULL;
        give(forms[i % 3]);
        CDN_UNIT_FAILALLOC(nth)
        {
            cordon_status status = only_see(&requests[0]);

            ck_assert_msg(status ==
                              (cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK),
                          "%d: %s", status, err.message);
        }
    }
    cordon_snapshot_release(bank);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("view");

    CDN_UNIT_CASE_IN(s, view__all_that_is_granted_answers_as_the_snapshot_does, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, view__a_neighbourhood_answers_the_same_or_says_where_it_ends,
                     setup, teardown);
    CDN_UNIT_CASE_IN(s, view__a_microvm_sees_what_is_granted, setup, teardown);
    CDN_UNIT_CASE_IN(s, view__is_dropped_when_its_snapshot_or_its_grant_is_not_in_force,
                     setup, teardown);
    CDN_UNIT_CASE_IN(s, view__too_much_is_not_cut, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, view__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
