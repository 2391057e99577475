/* What the members of a set propose: handed over, and logged each under its own rule. */
#include "serving.h"

#include "base/alloc.h"
#include "engine/proposals.h"
#include "support/proposing.h"

static char path[256];
static struct proposing proposing;
static cordon_proposals *proposals;
static cordon_set_outcome *outcome;

/* "wants" twice, under two names, and members that propose nothing. */
static void load(void)
{
    static const char second[] =
        "return { name = 'second', fallback = 'none', reads = { Account = {} }, "
        "evaluate "
        "= function(graph, request) return { updated_nodes = { { label = 'Account', "
        "key "
        "= request.node.key, set = { nickname = 'n' } } } } end }";
    static const char broken[] =
        "return { name = 'broken', decisions = { 'a' }, fallback = 'a', evaluate = "
        "function() error('no') end }";
    static const char quiet[] =
        "return { name = 'quiet', decisions = { 'a' }, fallback = 'a', evaluate = "
        "function() return { decision = 'a' } end }";
    static const char set[] = "return { name = 's', decisions = { 'a' }, rules = { "
                              "'wants', 'broken', 'quiet', 'second', 'missing' } }";
    cordon_error err;

    serving_load(proposing.engine, second);
    serving_load(proposing.engine, broken);
    serving_load(proposing.engine, quiet);
    ck_assert_msg(!cordon_engine_load_set(proposing.engine, set, strlen(set), "s.lua",
                                          NULL, &err),
                  "%s", err.message);
}

static void setup(void)
{
    cordon_error err;

    cdn_fixture_path(path, sizeof(path));
    proposing_make(&proposing);
    load();
    ck_assert_msg(!cordon_proposals_open(&proposals, path, NULL, &err), "%s",
                  err.message);
    ck_assert(!cordon_set_outcome_new(&outcome, NULL));
}

static void teardown(void)
{
    cordon_set_outcome_free(outcome);
    cordon_proposals_close(proposals);
    proposing_free(&proposing);
    cdn_fixture_remove(path);
}

static void judge(const char *key)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err;

    request.label = "Account";
    request.key = key;
    ck_assert_msg(!cordon_evaluate_set(outcome, proposing.engine, "s", &request, &err),
                  "%s", err.message);
}

static cordon_member member(uint32_t index)
{
    cordon_member member = {.struct_size = sizeof(member)};

    ck_assert(!cordon_set_outcome_member(&member, outcome, index));
    return member;
}

static uint64_t add(const cordon_proposal_source *source)
{
    uint64_t added = 99;
    cordon_error err;

    ck_assert_msg(!cordon_proposals_add_set(&added, proposals, proposing.snapshot,
                                            outcome, source, &err),
                  "%s", err.message);
    return added;
}

struct logged {
    uint32_t count, of_wants, of_second;
};

static bool on_each(void *ud, const cordon_proposal *proposal)
{
    struct logged *logged = ud;
    bool second = !strcmp(proposal->rule, "second");

    logged->count++;
    logged->of_second += second;
    logged->of_wants += !strcmp(proposal->rule, "wants");
    ck_assert_str_eq(proposal->decision_id, member(second ? 3 : 0).decision_id);
    ck_assert_uint_eq(proposal->generation,
                      cordon_snapshot_generation(proposing.snapshot));
    return true;
}

static struct logged read_log(void)
{
    struct logged logged = {0};

    ck_assert(!cordon_proposals_each(proposals, NULL, on_each, &logged, NULL));
    return logged;
}

/* ---- tests ---- */

START_TEST(member__hands_over_what_it_proposes)
{
    cordon_value item, value;
    cordon_member second;

    judge("100");
    ck_assert_uint_eq(member(0).updated_nodes.length, 3);
    ck_assert_uint_eq(member(0).new_edges.length, 1);
    second = member(3);
    ck_assert(cordon_value_at(&item, &second.updated_nodes, 0));
    ck_assert(cordon_value_get(&value, &item, "key"));
    ck_assert_uint_eq(value.length, 3);
    ck_assert_mem_eq(value.as.string, "100", 3);
    for (uint32_t i = 1; i < 5; i++) {
        ck_assert_int_eq(member(i).updated_nodes.type, CORDON_ARRAY);
        ck_assert_int_eq(member(i).new_edges.type, CORDON_ARRAY);
        ck_assert_uint_eq(member(i).updated_nodes.length, i == 3);
        ck_assert_uint_eq(member(i).new_edges.length, 0);
    }
}
END_TEST

static int refusals;
static char refusal[256];

static void on_refused(void *ud, cordon_proposal_kind kind, uint32_t index,
                       const char *why)
{
    (void)ud;
    ck_assert_int_eq(kind, CORDON_PROPOSAL_UPDATE);
    ck_assert_uint_eq(index, 2);
    snprintf(refusal, sizeof(refusal), "%s", why);
    refusals++;
}

START_TEST(add_set__logs_each_member_s_under_its_own_name)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    struct logged logged;

    judge("100");
    source.refused = on_refused;
    ck_assert_uint_eq(add(&source), 4);
    ck_assert_int_eq(refusals, 1);
    ck_assert_contains(refusal, "'wants': set.isBlokced: Account has no such property");
    logged = read_log();
    ck_assert_uint_eq(logged.count, 4);
    ck_assert_uint_eq(logged.of_wants, 3);
    ck_assert_uint_eq(logged.of_second, 1);
    ck_assert_uint_eq(add(NULL), 0); /* once, however often it is sent */
    ck_assert_uint_eq(read_log().count, 4);
}
END_TEST

START_TEST(add_set__deferred_comes_with_the_flush)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    uint64_t added;

    judge("100");
    source.defer = true;
    (void)add(&source); /* a small queue is full at once */
    ck_assert(!cordon_proposals_flush(&added, proposals, NULL));
    ck_assert_uint_eq(read_log().count, 4);
}
END_TEST

START_TEST(add_set__asks_the_policy)
{
    static const char text[] = "return { principals = { clerk = { propose = { nodes = "
                               "{ Account = { 'nickname' } } } } } }";
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    cordon_policy *policy;
    cordon_error err;

    ck_assert_msg(
        !cordon_policy_load_text(&policy, text, strlen(text), "p.lua", NULL, 0, &err),
        "%s", err.message);
    judge("100");
    source.policy = policy;
    source.principal = "clark";
    ck_assert_int_eq(cordon_proposals_add_set(NULL, proposals, proposing.snapshot,
                                              outcome, &source, &err),
                     CORDON_E_DENIED);
    source.principal = "clerk";
    ck_assert_uint_eq(add(&source), 2); /* the nicknames alone */
    cordon_policy_release(policy);
}
END_TEST

START_TEST(add_set__refuses_what_is_not_its_own)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    cordon_error err;

    judge("100");
    source.struct_size = 3;
    ck_assert_int_eq(cordon_proposals_add_set(NULL, proposals, proposing.snapshot,
                                              outcome, &source, &err),
                     CORDON_E_INVALID);
    ck_assert_uint_eq(read_log().count, 0);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(add_set__logs_all_or_nothing_when_memory_runs_out)
{
    judge("100");
    for (long nth = 0;; nth++) {
        cordon_status status;
        bool fired;

        cdn_failalloc_after(nth, false);
        status = cordon_proposals_add_set(NULL, proposals, proposing.snapshot, outcome,
                                          NULL, NULL);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        ck_assert_int_eq(status, fired ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(read_log().count, fired ? 0 : 4);
        if (!fired)
            return;
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("proposals_set");

#define SET_CASE(test) CDN_UNIT_CASE_IN(s, test, setup, teardown)
    SET_CASE(member__hands_over_what_it_proposes);
    SET_CASE(add_set__logs_each_member_s_under_its_own_name);
    SET_CASE(add_set__deferred_comes_with_the_flush);
    SET_CASE(add_set__asks_the_policy);
    SET_CASE(add_set__refuses_what_is_not_its_own);
#ifdef CORDON_FAILALLOC
    SET_CASE(add_set__logs_all_or_nothing_when_memory_runs_out);
#endif
#undef SET_CASE
    return s;
}

CDN_UNIT_MAIN(suite)
