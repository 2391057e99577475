/* An entry as bytes: what is read is what was written, and what is no entry is refused. */
#include "support/unit.h"

#include "base/buf.h"
#include "base/pack.h"
#include "engine/proposals.h"

/* {key, label, set {a: 1}}, {a: nil}, [7] */
static const char update[] = "\x83\xa3key\xa1"
                             "7\xa5label\xa1"
                             "A\xa3set\x81\xa1"
                             "a\x01\x81\xa1"
                             "a\xc0\x91\x07";
static const char edge[] = "\x81\xa4type\xa1"
                           "e\x80\x90";

static cordon_proposal sample(void)
{
    cordon_proposal proposal = {.kind = CORDON_PROPOSAL_UPDATE,
                                .state = CORDON_PROPOSAL_PENDING,
                                .index = 3,
                                .version = 4,
                                .decision_id = "0123456789abcdef0123456789abcdef",
                                .rule = "fan_in",
                                .principal = "analyst",
                                .generation = 5,
                                .proposed_ms = -6,
                                .author = "",
                                .reason = "",
                                .history = {.type = CORDON_ARRAY}};

    return proposal;
}

static struct cdn_proposal_entry entry;

START_TEST(record__reads_what_was_written)
{
    struct cdn_buf bytes = {0}, again = {0};
    cordon_proposal proposal = sample();
    cordon_value value;

    cdn_proposal_encode(&bytes, &proposal, update, sizeof(update) - 1);
    ck_assert(cdn_proposal_decode(&entry, 9, bytes.data, bytes.length));
    ck_assert_uint_eq(entry.view.sequence, 9);
    ck_assert_uint_eq(entry.view.index, 3);
    ck_assert_uint_eq(entry.view.version, 4);
    ck_assert_uint_eq(entry.view.generation, 5);
    ck_assert_int_eq(entry.view.proposed_ms, -6);
    ck_assert_str_eq(entry.view.decision_id, proposal.decision_id);
    ck_assert_str_eq(entry.view.rule, "fan_in");
    ck_assert_str_eq(entry.view.principal, "analyst");
    ck_assert_str_eq(entry.view.author, "");
    ck_assert(cordon_value_get(&value, &entry.view.content, "key"));
    ck_assert_uint_eq(entry.content_bytes, sizeof(update) - 1);
    ck_assert_uint_eq(entry.digests.length, 1);

    proposal = entry.view;
    proposal.state = CORDON_PROPOSAL_ACCEPTED;
    proposal.author = "eve";
    proposal.reason = "why not";
    proposal.changed_ms = 77;
    cdn_proposal_encode(&again, &proposal, entry.content_at, entry.content_bytes);
    ck_assert(cdn_proposal_decode(&entry, 9, again.data, again.length));
    ck_assert_int_eq(entry.view.state, CORDON_PROPOSAL_ACCEPTED);
    ck_assert_str_eq(entry.view.author, "eve");
    ck_assert_int_eq(entry.view.changed_ms, 77);
    ck_assert_uint_eq(entry.view.history.length, 1);
    cdn_buf_deinit(&bytes);
    cdn_buf_deinit(&again);
}
END_TEST

START_TEST(record__refuses_every_truncation_and_what_follows)
{
    struct cdn_buf bytes = {0};
    cordon_proposal proposal = sample();

    proposal.author = "eve";
    cdn_proposal_encode(&bytes, &proposal, update, sizeof(update) - 1);
    for (size_t size = 0; size < bytes.length; size++) {
        void *exact = cdn_unit_exact(bytes.data, size);

        ck_assert(!cdn_proposal_decode(&entry, 1, exact, size));
        free(exact);
    }
    cdn_buf_append(&bytes, "\xc0", 1);
    ck_assert(!cdn_proposal_decode(&entry, 1, bytes.data, bytes.length));
    cdn_buf_deinit(&bytes);
}
END_TEST

static bool reads(const cordon_proposal *proposal, const char *content, size_t size)
{
    struct cdn_buf bytes = {0};
    bool good;

    cdn_proposal_encode(&bytes, proposal, content, size);
    good = cdn_proposal_decode(&entry, 1, bytes.data, bytes.length);
    cdn_buf_deinit(&bytes);
    return good;
}

START_TEST(record__refuses_what_does_not_agree)
{
    cordon_proposal proposal = sample();
    char long_name[80];

    ck_assert(reads(&proposal, update, sizeof(update) - 1));
    proposal.kind = CORDON_PROPOSAL_EDGE; /* which has no digests */
    ck_assert(!reads(&proposal, update, sizeof(update) - 1));
    ck_assert(reads(&proposal, edge, sizeof(edge) - 1));
    proposal.kind = CORDON_PROPOSAL_UPDATE; /* which has a `set` */
    ck_assert(!reads(&proposal, edge, sizeof(edge) - 1));
    proposal.kind = (cordon_proposal_kind)3;
    ck_assert(!reads(&proposal, edge, sizeof(edge) - 1));
    proposal = sample();
    proposal.index = 0;
    ck_assert(!reads(&proposal, update, sizeof(update) - 1));
    proposal = sample();
    proposal.state = CORDON_PROPOSAL_ACCEPTED; /* by nobody */
    ck_assert(!reads(&proposal, update, sizeof(update) - 1));
    proposal.author = "eve";
    ck_assert(reads(&proposal, update, sizeof(update) - 1));
    memset(long_name, 'r', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    proposal.rule = long_name;
    ck_assert(!reads(&proposal, update, sizeof(update) - 1));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("proposals_record");

    CDN_UNIT_CASE(s, record__reads_what_was_written);
    CDN_UNIT_CASE(s, record__refuses_every_truncation_and_what_follows);
    CDN_UNIT_CASE(s, record__refuses_what_does_not_agree);
    return s;
}

CDN_UNIT_MAIN(suite)
