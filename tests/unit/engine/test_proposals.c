/* The log: what is added is there after a crash, once, and is decided on all or nothing. */
#include "serving.h"

#include <pthread.h>

#include "base/alloc.h"
#include "engine/proposals.h"
#include "support/proposing.h"

static char path[256];
static struct proposing proposing;
static cordon_proposals *proposals;

static void open_log(void)
{
    cordon_error err;

    ck_assert_msg(!cordon_proposals_open(&proposals, path, NULL, &err), "%s",
                  err.message);
}

static void setup(void)
{
    cdn_fixture_path(path, sizeof(path));
    proposing_make(&proposing);
    open_log();
}

static void teardown(void)
{
    cordon_proposals_close(proposals);
    proposing_free(&proposing);
    cdn_fixture_remove(path);
}

static void evaluate(const char *key)
{
    proposing_evaluate(&proposing, key);
}

struct seen {
    uint64_t count;
    uint64_t sequences[64];
    cordon_proposal_state states[64];
    char decisions[64][33];
    char last_author[129], last_reason[501];
    uint32_t last_changes;
    uint64_t stop_after;
};

static bool on_each(void *ud, const cordon_proposal *proposal)
{
    struct seen *seen = ud;

    ck_assert_uint_lt(seen->count, 64);
    seen->sequences[seen->count] = proposal->sequence;
    seen->states[seen->count] = proposal->state;
    snprintf(seen->decisions[seen->count], 33, "%s", proposal->decision_id);
    snprintf(seen->last_author, sizeof(seen->last_author), "%s", proposal->author);
    snprintf(seen->last_reason, sizeof(seen->last_reason), "%s", proposal->reason);
    seen->last_changes = proposal->history.length;
    seen->count++;
    return seen->count != seen->stop_after;
}

static bool on_count(void *ud, const cordon_proposal *proposal)
{
    ck_assert_uint_eq(proposal->sequence, ++*(uint64_t *)ud);
    return true;
}

static struct seen each(const cordon_proposal_filter *filter)
{
    struct seen seen = {0};
    cordon_error err;

    ck_assert_msg(!cordon_proposals_each(proposals, filter, on_each, &seen, &err), "%s",
                  err.message);
    return seen;
}

static uint64_t add(bool defer)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    uint64_t added = 99;
    cordon_error err;

    source.principal = "analyst";
    source.defer = defer;
    ck_assert_msg(!cordon_proposals_add(&added, proposals, proposing.snapshot,
                                        proposing.outcome, &source, &err),
                  "%s", err.message);
    return added;
}

static cordon_status decide(uint64_t sequence, bool accept)
{
    return cordon_proposals_decide(NULL, proposals, &sequence, 1, accept, "eve",
                                   "looked at it", false, NULL);
}

/* ---- adding ---- */

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

static bool on_first(void *ud, const cordon_proposal *proposal)
{
    cordon_value set, value;

    *(int *)ud += 1;
    ck_assert_int_eq(proposal->kind, CORDON_PROPOSAL_UPDATE);
    ck_assert_int_eq(proposal->state, CORDON_PROPOSAL_PENDING);
    ck_assert_uint_eq(proposal->index, 1);
    ck_assert_str_eq(proposal->rule, "wants");
    ck_assert_str_eq(proposal->principal, "");
    ck_assert_str_eq(proposal->author, "");
    ck_assert_str_eq(proposal->decision_id,
                     cordon_outcome_decision_id(proposing.outcome));
    ck_assert_uint_eq(proposal->history.length, 0);
    ck_assert(cordon_value_get(&set, &proposal->content, "set"));
    ck_assert_uint_eq(set.length, 2);
    ck_assert(cordon_value_get(&value, &set, "isBlocked") && value.as.boolean);
    ck_assert(cordon_value_get(&value, &proposal->before, "isBlocked"));
    ck_assert(value.type == CORDON_BOOLEAN && !value.as.boolean);
    ck_assert(cordon_value_get(&value, &proposal->before, "balance"));
    ck_assert_double_eq(value.as.number, 10.5);
    return false;
}

START_TEST(add__logs_what_fits_and_tells_what_does_not)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    uint64_t added;
    int first = 0;

    evaluate("100");
    source.refused = on_refused;
    ck_assert(!cordon_proposals_add(&added, proposals, proposing.snapshot,
                                    proposing.outcome, &source, NULL));
    ck_assert_uint_eq(added, 3);
    ck_assert_int_eq(refusals, 1);
    ck_assert_contains(refusal, "set.isBlokced: Account has no such property");
    ck_assert_uint_eq(each(NULL).count, 3);
    ck_assert(!cordon_proposals_each(proposals, NULL, on_first, &first, NULL));
    ck_assert_int_eq(first, 1);
}
END_TEST

START_TEST(add__is_idempotent_by_decision_and_index)
{
    evaluate("100");
    ck_assert_uint_eq(add(false), 3);
    ck_assert_uint_eq(add(false), 0);
    ck_assert_uint_eq(each(NULL).count, 3);
    evaluate("100"); /* another decision, whatever it says */
    ck_assert_uint_eq(add(false), 3);
    ck_assert_uint_eq(each(NULL).sequences[5], 6);
}
END_TEST

START_TEST(add__deferred_comes_with_the_flush)
{
    uint64_t added;

    for (int i = 0; i < 5; i++) {
        evaluate("100");
        add(true);
    }
#ifndef CORDON_TINY /* whose queue is full at once */
    ck_assert_uint_eq(each(NULL).count, 0);
    ck_assert(!cordon_proposals_flush(&added, proposals, NULL));
    ck_assert_uint_eq(added, 15);
#else
    ck_assert(!cordon_proposals_flush(&added, proposals, NULL));
#endif
    ck_assert_uint_eq(each(NULL).count, 15);
    ck_assert(!cordon_proposals_flush(&added, proposals, NULL));
    ck_assert_uint_eq(added, 0);
}
END_TEST

START_TEST(add__of_an_outcome_that_is_not_ok_adds_nothing)
{
    static const char params[] = "\x81\xa2ok\xc2";
    cordon_request request = CORDON_REQUEST_INIT;

    request.label = "Account";
    request.key = "100";
    request.params = params;
    request.params_bytes = sizeof(params) - 1;
    ck_assert(
        !cordon_evaluate(proposing.outcome, proposing.engine, "wants", &request, NULL));
    ck_assert_int_eq(cordon_outcome_get_kind(proposing.outcome), CORDON_OUTCOME_ERROR);
    ck_assert_uint_eq(add(false), 0);
}
END_TEST

START_TEST(add__refuses_what_is_not_its_own)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    char principal[80];

    evaluate("100");
    source.struct_size = 3;
    ck_assert_int_eq(cordon_proposals_add(NULL, proposals, proposing.snapshot,
                                          proposing.outcome, &source, NULL),
                     CORDON_E_INVALID);
    source.struct_size = sizeof(source);
    memset(principal, 'p', sizeof(principal) - 1);
    principal[sizeof(principal) - 1] = '\0';
    source.principal = principal;
    ck_assert_int_eq(cordon_proposals_add(NULL, proposals, proposing.snapshot,
                                          proposing.outcome, &source, NULL),
                     CORDON_E_INVALID);
    ck_assert_uint_eq(each(NULL).count, 0);
}
END_TEST

START_TEST(add__asks_the_policy)
{
    static const char text[] = "return { principals = { clerk = { propose = { nodes = "
                               "{ Account = { 'nickname' } } "
                               "} } } }";
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    cordon_policy *policy;
    uint64_t added;
    cordon_error err;

    ck_assert_msg(!cordon_policy_load_text(&policy, text, strlen(text), "policy.lua",
                                           NULL, 0, &err),
                  "%s", err.message);
    evaluate("100");
    source.policy = policy;
    source.principal = "clerk";
    ck_assert(!cordon_proposals_add(&added, proposals, proposing.snapshot,
                                    proposing.outcome, &source, &err));
    ck_assert_uint_eq(added, 1); /* the nickname alone */
    source.principal = "clark";
    ck_assert_int_eq(cordon_proposals_add(&added, proposals, proposing.snapshot,
                                          proposing.outcome, &source, &err),
                     CORDON_E_DENIED);
    source.principal = NULL; /* the host itself */
    ck_assert(!cordon_proposals_add(&added, proposals, proposing.snapshot,
                                    proposing.outcome, &source, &err));
    ck_assert_uint_eq(added, 2);
    cordon_policy_release(policy);
}
END_TEST

START_TEST(log__is_the_same_after_it_was_closed)
{
    evaluate("100");
    add(false);
    ck_assert_int_eq(decide(2, true), CORDON_OK);
    cordon_proposals_close(proposals);
    open_log();
    ck_assert_uint_eq(each(NULL).count, 3);
    ck_assert_int_eq(each(NULL).states[1], CORDON_PROPOSAL_ACCEPTED);
    ck_assert_uint_eq(add(false), 0);
}
END_TEST

START_TEST(open__tells_what_is_no_log)
{
    cordon_proposals_options options = CORDON_PROPOSALS_OPTIONS_INIT;
    cordon_proposals *other;
    char where[300];
    FILE *file;

    options.must_exist = true;
    snprintf(where, sizeof(where), "%s-other", path);
    ck_assert_int_eq(cordon_proposals_open(&other, where, &options, NULL),
                     CORDON_E_NOTFOUND);
    ck_assert_ptr_null(other);
    file = fopen(where, "w");
    for (int i = 0; i < 20000; i++)
        fputc('x', file);
    fclose(file);
    ck_assert_int_eq(cordon_proposals_open(&other, where, NULL, NULL), CORDON_E_FORMAT);
    options.struct_size = 1;
    ck_assert_int_eq(cordon_proposals_open(&other, where, &options, NULL),
                     CORDON_E_INVALID);
}
END_TEST

START_TEST(open__twice_in_a_process_shares_the_file)
{
    cordon_proposals *first = proposals;
    struct seen seen = {0};

    open_log();
    evaluate("100");
    ck_assert_uint_eq(add(true), 0); /* waits in this handle alone */
    ck_assert(!cordon_proposals_flush(NULL, first, NULL));
    ck_assert_uint_eq(each(NULL).count, 0);
    ck_assert(!cordon_proposals_flush(NULL, proposals, NULL));
    ck_assert(!cordon_proposals_each(first, NULL, on_each, &seen, NULL));
    ck_assert_uint_eq(seen.count, 3);
    cordon_proposals_close(first);
    ck_assert_int_eq(decide(2, true), CORDON_OK);
}
END_TEST

START_TEST(log__that_is_full_keeps_what_it_has_and_what_waits)
{
    cordon_proposals_options options = CORDON_PROPOSALS_OPTIONS_INIT;
    cordon_status status = CORDON_OK;
    uint64_t logged = 0, all = 0, added;
    cordon_error err;

    cordon_proposals_close(proposals);
    options.map_bytes = 128 << 10;
    ck_assert(!cordon_proposals_open(&proposals, path, &options, NULL));
    for (int i = 0; i < 2000 && !status; i++) {
        evaluate("100");
        status = cordon_proposals_add(&added, proposals, proposing.snapshot,
                                      proposing.outcome, NULL, &err);
        logged += added;
    }
    ck_assert_int_eq(status, CORDON_E_IO);
    ck_assert_contains(err.message, "is full: it may grow to 131072 bytes");
    ck_assert_uint_gt(logged, 30);
    ck_assert(!cordon_proposals_each(proposals, NULL, on_count, &all, NULL));
    ck_assert_uint_eq(all, logged);
    ck_assert_int_eq(cordon_proposals_flush(&added, proposals, NULL), CORDON_E_IO);
}
END_TEST

START_TEST(open__refuses_another_kind_of_database)
{
    cordon_proposals *other;
    char where[300];

    snprintf(where, sizeof(where), "%s-bank", path);
    cdn_fixture_bank(where);
    ck_assert_int_eq(cordon_proposals_open(&other, where, NULL, NULL), CORDON_E_FORMAT);
}
END_TEST

/* ---- filters ---- */

START_TEST(each__narrows)
{
    cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;
    char decision[33];
    struct seen seen = {.stop_after = 2};

    evaluate("100");
    add(false);
    snprintf(decision, sizeof(decision), "%s",
             cordon_outcome_decision_id(proposing.outcome));
    evaluate("300");
    add(false);
    ck_assert_int_eq(decide(5, false), CORDON_OK);
    filter.state = CORDON_PROPOSAL_REJECTED;
    ck_assert_uint_eq(each(&filter).count, 1);
    ck_assert_uint_eq(each(&filter).sequences[0], 5);
    filter.state = CORDON_PROPOSAL_PENDING;
    ck_assert_uint_eq(each(&filter).count, 5);
    filter.limit = 4;
    ck_assert_uint_eq(each(&filter).count, 4);
    filter.after = 4;
    ck_assert_uint_eq(each(&filter).sequences[0], 6);
    filter = (cordon_proposal_filter)CORDON_PROPOSAL_FILTER_INIT;
    filter.decision_id = decision;
    ck_assert_uint_eq(each(&filter).count, 3);
    filter.rule = "other";
    ck_assert_uint_eq(each(&filter).count, 0);
    filter = (cordon_proposal_filter)CORDON_PROPOSAL_FILTER_INIT;
    filter.sequence = 6;
    ck_assert_uint_eq(each(&filter).count, 1);
    filter.sequence = 7;
    ck_assert_uint_eq(each(&filter).count, 0);
    filter.sequence = UINT64_MAX;
    ck_assert_uint_eq(each(&filter).count, 0);
    filter.sequence = 0;
    filter.after = UINT64_MAX;
    ck_assert_uint_eq(each(&filter).count, 0);
    ck_assert(!cordon_proposals_each(proposals, NULL, on_each, &seen, NULL));
    ck_assert_uint_eq(seen.count, 2);
    filter.struct_size = 0;
    ck_assert_int_eq(cordon_proposals_each(proposals, &filter, on_each, &seen, NULL),
                     CORDON_E_INVALID);
}
END_TEST

/* ---- deciding ---- */

START_TEST(decide__is_all_or_nothing_and_remembers_who_and_why)
{
    const uint64_t two[] = {1, 2}, none[] = {3, 4};
    uint64_t changed = 9;
    struct seen seen;
    cordon_error err;

    evaluate("100");
    add(false);
    ck_assert(!cordon_proposals_decide(&changed, proposals, two, 2, true, "eve", "ok",
                                       true, &err));
    ck_assert_uint_eq(changed, 2);
    ck_assert_int_eq(each(NULL).states[0], CORDON_PROPOSAL_PENDING);
    ck_assert(!cordon_proposals_decide(&changed, proposals, two, 2, true, "eve", "ok",
                                       false, &err));
    ck_assert_uint_eq(changed, 2);
    ck_assert(!cordon_proposals_decide(&changed, proposals, two, 2, true, "bob",
                                       "again", false, &err));
    ck_assert_uint_eq(changed, 0);
    ck_assert_int_eq(cordon_proposals_decide(&changed, proposals, none, 2, true, "eve",
                                             "", false, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_contains(err.message, "no proposal 4");
    ck_assert_int_eq(each(NULL).states[2], CORDON_PROPOSAL_PENDING);
    ck_assert_int_eq(decide(3, true), CORDON_OK);
    ck_assert_int_eq(decide(3, false), CORDON_OK);
    ck_assert_int_eq(decide(3, true), CORDON_OK);
    seen = each(NULL);
    ck_assert_int_eq(seen.states[2], CORDON_PROPOSAL_ACCEPTED);
    ck_assert_uint_eq(seen.last_changes, 3);
    ck_assert_str_eq(seen.last_author, "eve");
    ck_assert_str_eq(seen.last_reason, "looked at it");
}
END_TEST

START_TEST(decide_one__holds_to_what_its_decider_knew)
{
    bool changed = true;
    cordon_error err;

    evaluate("100");
    add(false);
    ck_assert_int_eq(cordon_proposals_decide_one(&changed, proposals, 1, 1, true, "eve",
                                                 NULL, false, &err),
                     CORDON_E_CONFLICT);
    ck_assert_contains(err.message, "proposal 1 is pending by now; it has seen 0");
    ck_assert(!changed);
    ck_assert(!cordon_proposals_decide_one(&changed, proposals, 1, 0, true, "eve", NULL,
                                           true, &err));
    ck_assert(changed);
    ck_assert_int_eq(each(NULL).states[0], CORDON_PROPOSAL_PENDING);
    ck_assert(!cordon_proposals_decide_one(&changed, proposals, 1, 0, true, "eve",
                                           "fits", false, &err));
    ck_assert_int_eq(each(NULL).states[0], CORDON_PROPOSAL_ACCEPTED);
    ck_assert_int_eq(cordon_proposals_decide_one(NULL, proposals, 1, 0, false, "bob",
                                                 NULL, false, &err),
                     CORDON_E_CONFLICT);
    ck_assert_contains(err.message, "is accepted by now");
    ck_assert(!cordon_proposals_decide_one(&changed, proposals, 1, 1, true, "bob", NULL,
                                           false, &err));
    ck_assert(!changed); /* it is what he wants */
    ck_assert_int_eq(cordon_proposals_decide_one(NULL, proposals, 99, 0, true, "bob",
                                                 NULL, false, &err),
                     CORDON_E_NOTFOUND);
    ck_assert_int_eq(
        cordon_proposals_decide_one(NULL, proposals, 1, 1, true, "", NULL, false, &err),
        CORDON_E_INVALID);
}
END_TEST

START_TEST(decide__wants_a_name_and_lines)
{
    const uint64_t one = 1;
    char text[600];

    evaluate("100");
    add(false);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
#define DECIDE(author, reason)                                                         \
    cordon_proposals_decide(NULL, proposals, &one, 1, true, author, reason, false, NULL)
    ck_assert_int_eq(DECIDE("", ""), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE(NULL, ""), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE(text, ""), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE("eve", text), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE("eve", "a\nb"), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE("\xff", NULL), CORDON_E_INVALID);
    ck_assert_int_eq(DECIDE("eve", NULL), CORDON_OK);
#undef DECIDE
}
END_TEST

/* ---- batches ---- */

START_TEST(batch__keeps_its_entries_until_it_ends)
{
    uint64_t sequences[] = {1, 3};
    struct cdn_proposals_batch batch = {
        .base = 1, .generation = 2, .count = 2, .sequences = sequences};
    struct cdn_proposals_batch noted;
    struct cdn_proposals_conflict conflict = {.sequence = 2, .why = "gone"};
    uint64_t token;

    evaluate("100");
    add(false);
    ck_assert_int_eq(cdn_proposals_batch_begin(proposals, &batch, NULL, 0, "op", NULL),
                     CORDON_E_CONFLICT); /* nothing is accepted */
    for (uint64_t s = 1; s <= 3; s++)
        ck_assert_int_eq(decide(s, true), CORDON_OK);
    ck_assert(!cdn_proposals_batch_begin(proposals, &batch, &conflict, 1, "op", NULL));
    token = batch.token;
    ck_assert_uint_ne(token, 0);
    ck_assert(!cdn_proposals_batch_noted(&noted, proposals, NULL));
    ck_assert_uint_eq(noted.token, token);
    ck_assert_uint_eq(noted.generation, 2);
    ck_assert_uint_eq(noted.count, 2);
    ck_assert_uint_eq(noted.sequences[1], 3);
    cdn_proposals_batch_deinit(&noted);
    ck_assert_int_eq(decide(1, false), CORDON_E_CONFLICT);
    ck_assert_int_eq(decide(2, true), CORDON_E_CONFLICT);
    ck_assert_int_eq(cdn_proposals_batch_begin(proposals, &batch, NULL, 0, "op", NULL),
                     CORDON_E_CONFLICT);
    ck_assert(!cdn_proposals_batch_end(proposals, false, "op", NULL));
    ck_assert_int_eq(each(NULL).states[0], CORDON_PROPOSAL_ACCEPTED);
    ck_assert_int_eq(each(NULL).states[1], CORDON_PROPOSAL_CONFLICT);
    ck_assert(!cdn_proposals_batch_begin(proposals, &batch, NULL, 0, "op", NULL));
    ck_assert_uint_eq(batch.token, token); /* of what is in it */
    ck_assert(!cdn_proposals_batch_end(proposals, true, "op", NULL));
    ck_assert_int_eq(each(NULL).states[0], CORDON_PROPOSAL_APPLIED);
    ck_assert_int_eq(decide(1, false), CORDON_E_CONFLICT);
    ck_assert_int_eq(decide(2, false), CORDON_OK);
    ck_assert(!cdn_proposals_batch_noted(&noted, proposals, NULL));
    ck_assert_uint_eq(noted.token, 0);
}
END_TEST

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 10 };

static void *work(void *argument)
{
    cordon_outcome *mine = serving_outcome();
    cordon_request request = CORDON_REQUEST_INIT;

    request.label = "Account";
    request.key = argument;
    for (int i = 0; i < ROUNDS; i++) {
        cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
        struct seen seen = {.stop_after = 1};
        const uint64_t first = 1;

        source.defer = i % 2;
        ck_assert(!cordon_evaluate(mine, proposing.engine, "wants", &request, NULL));
        ck_assert(!cordon_proposals_add(NULL, proposals, proposing.snapshot, mine,
                                        &source, NULL));
        ck_assert(!cordon_proposals_each(proposals, NULL, on_each, &seen, NULL));
        if (seen.count)
            ck_assert(!cordon_proposals_decide(NULL, proposals, &first, 1, i % 3, "x",
                                               NULL, false, NULL));
    }
    cordon_outcome_free(mine);
    return NULL;
}

START_TEST(log__is_shared_by_threads)
{
    static char keys[THREADS][4] = {"100", "300", "400", "500"};
    pthread_t threads[THREADS];
    uint64_t count = 0;

    for (int t = 0; t < THREADS; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, work, keys[t]), 0);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    ck_assert(!cordon_proposals_flush(NULL, proposals, NULL));
    ck_assert(!cordon_proposals_each(proposals, NULL, on_count, &count, NULL));
    ck_assert_uint_eq(count, THREADS * ROUNDS * 3);
}
END_TEST

/* ---- memory ---- */

#ifdef CORDON_FAILALLOC
START_TEST(log__survives_every_allocation_failure)
{
    evaluate("100");
    CDN_UNIT_FAILALLOC(nth)
    {
        uint64_t sequences[] = {1, 3};
        struct cdn_proposals_batch batch = {
            .base = 1, .generation = 2, .count = 2, .sequences = sequences};
        struct cdn_proposals_batch noted = {0};
        cordon_proposals *log;
        cordon_status status;
        cordon_error err;
        char where[300];

        snprintf(where, sizeof(where), "%s-%ld", path, nth);
        status = cordon_proposals_open(&log, where, NULL, &err);
        if (!status)
            status = cordon_proposals_add(NULL, log, proposing.snapshot,
                                          proposing.outcome, NULL, &err);
        if (!status)
            status = cordon_proposals_decide(NULL, log, sequences, 2, true, "eve", NULL,
                                             false, &err);
        if (!status)
            status = cdn_proposals_batch_begin(log, &batch, NULL, 0, "op", &err);
        if (!status)
            status = cdn_proposals_batch_noted(&noted, log, &err);
        if (!status)
            status = cdn_proposals_batch_end(log, true, "op", &err);
        cdn_proposals_batch_deinit(&noted);
        ck_assert_msg(status == (cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK),
                      "allocation %ld: %s", nth, err.message);
        cordon_proposals_close(log);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("proposals");

    CDN_UNIT_CASE_IN(s, add__logs_what_fits_and_tells_what_does_not, setup, teardown);
    CDN_UNIT_CASE_IN(s, add__is_idempotent_by_decision_and_index, setup, teardown);
    CDN_UNIT_CASE_IN(s, add__deferred_comes_with_the_flush, setup, teardown);
    CDN_UNIT_CASE_IN(s, add__of_an_outcome_that_is_not_ok_adds_nothing, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, add__refuses_what_is_not_its_own, setup, teardown);
    CDN_UNIT_CASE_IN(s, add__asks_the_policy, setup, teardown);
    CDN_UNIT_CASE_IN(s, log__is_the_same_after_it_was_closed, setup, teardown);
    CDN_UNIT_CASE_IN(s, open__tells_what_is_no_log, setup, teardown);
    CDN_UNIT_CASE_IN(s, open__twice_in_a_process_shares_the_file, setup, teardown);
    CDN_UNIT_CASE_IN(s, log__that_is_full_keeps_what_it_has_and_what_waits, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, open__refuses_another_kind_of_database, setup, teardown);
    CDN_UNIT_CASE_IN(s, each__narrows, setup, teardown);
    CDN_UNIT_CASE_IN(s, decide__is_all_or_nothing_and_remembers_who_and_why, setup,
                     teardown);
    CDN_UNIT_CASE_IN(s, decide_one__holds_to_what_its_decider_knew, setup, teardown);
    CDN_UNIT_CASE_IN(s, decide__wants_a_name_and_lines, setup, teardown);
    CDN_UNIT_CASE_IN(s, batch__keeps_its_entries_until_it_ends, setup, teardown);
    CDN_UNIT_CASE_IN(s, log__is_shared_by_threads, setup, teardown);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, log__survives_every_allocation_failure, setup, teardown);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
