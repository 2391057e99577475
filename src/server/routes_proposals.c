/* Proposals: what rules would like changed, for an operator to accept or reject.
 *
 * The entity tag of a proposal is the number of decisions there have been on it, so that
 * If-Match says that somebody decides on what he has seen. */
#include "server/pieces.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/proposal.h>

#include "base/time.h"
#include "server/admin.h"
#include "server/host.h"
#include "server/repeat.h"

#define SCHEMA_VERSION   1
#define MOST_REPLY_BYTES (4u * 1024 * 1024)

static bool has_log(struct cdn_exchange *x)
{
    if (x->host->proposals)
        return true;
    cdn_exchange_problem(x, 404, "no-proposals",
                         "this server keeps no proposals: start it with --proposals");
    return false;
}

/* ---- writing ---- */

static void write_time(struct cdn_json *json, const char *key, int64_t ms)
{
    char when[40];

    cdn_json_key_cstr(json, key, cdn_time_format(when, sizeof when, ms));
}

static void write_history(struct cdn_json *json, const cordon_value *history)
{
    cordon_value_iter iter;
    cordon_value entry, value;

    cdn_json_key(json, "history");
    cdn_json_array(json);
    cordon_value_iter_init(&iter, history);
    while (cordon_value_next(&iter, NULL, &entry)) {
        cdn_json_object(json);
        if (cordon_value_at(&value, &entry, 0) && value.type == CORDON_INTEGER)
            cdn_json_key_cstr(
                json, "state",
                cordon_proposal_state_str((cordon_proposal_state)value.as.integer));
        if (cordon_value_at(&value, &entry, 1) && value.type == CORDON_INTEGER)
            write_time(json, "time", value.as.integer);
        if (cordon_value_at(&value, &entry, 2)) {
            cdn_json_key(json, "author");
            cdn_json_value(json, &value);
        }
        if (cordon_value_at(&value, &entry, 3)) {
            cdn_json_key(json, "reason");
            cdn_json_value(json, &value);
        }
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
}

static void write_proposal(struct cdn_json *json, const cordon_proposal *proposal)
{
    cdn_json_object(json);
    cdn_json_key_uint(json, "sequence", proposal->sequence);
    cdn_json_key_cstr(json, "kind",
                      proposal->kind == CORDON_PROPOSAL_EDGE ? "edge" : "update");
    cdn_json_key_cstr(json, "state", cordon_proposal_state_str(proposal->state));
    cdn_json_key_cstr(json, "decision_id", proposal->decision_id);
    cdn_json_key_uint(json, "index", proposal->index);
    cdn_json_key_cstr(json, "rule", proposal->rule);
    cdn_json_key_uint(json, "version", proposal->version);
    cdn_json_key_cstr(json, "principal",
                      proposal->principal[0] ? proposal->principal : NULL);
    cdn_json_key_uint(json, "generation", proposal->generation);
    write_time(json, "proposed", proposal->proposed_ms);
    cdn_json_key(json, "content");
    cdn_json_value(json, &proposal->content);
    if (proposal->kind == CORDON_PROPOSAL_UPDATE) {
        cdn_json_key(json, "before");
        cdn_json_value(json, &proposal->before);
    }
    if (proposal->applied_generation)
        cdn_json_key_uint(json, "applied_generation", proposal->applied_generation);
    cdn_json_key_uint(json, "revision", proposal->history.length);
    write_history(json, &proposal->history);
    cdn_json_object_end(json);
}

/* ---- reading ---- */

struct listing {
    struct cdn_exchange *x;
    uint64_t limit, listed, last;
    bool more;
};

static bool on_listed(void *ud, const cordon_proposal *proposal)
{
    struct listing *listing = ud;

    if (listing->listed == listing->limit ||
        listing->x->reply.length > MOST_REPLY_BYTES) {
        listing->more = true;
        return false;
    }
    write_proposal(&listing->x->json, proposal);
    listing->listed++;
    listing->last = proposal->sequence;
    return true;
}

static bool take_state(cordon_proposal_filter *filter, struct cdn_exchange *x)
{
    const char *word = cdn_exchange_query(x, "state");

    if (!word)
        return true;
    for (int i = CORDON_PROPOSAL_PENDING; i <= CORDON_PROPOSAL_CONFLICT; i++) {
        if (!strcmp(word, cordon_proposal_state_str((cordon_proposal_state)i))) {
            filter->state = (cordon_proposal_state)i;
            return true;
        }
    }
    cdn_exchange_problem(x, 400, "query",
                         "?state= is pending, accepted, rejected, applied or conflict");
    return false;
}

/* GET /v1/proposals */
static void list(struct cdn_exchange *x)
{
    cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;
    struct listing listing = {.x = x};
    struct cdn_page page;
    struct cdn_json *json;
    char next[24];
    cordon_error err;
    cordon_status status;

    if (!has_log(x) || !cdn_page_read(&page, x) ||
        !cdn_page_number(&filter.after, x, &page) || !take_state(&filter, x))
        return;
    filter.rule = cdn_exchange_query(x, "rule");
    filter.decision_id = cdn_exchange_query(x, "decision_id");
    listing.limit = page.limit;
    json = cdn_exchange_reply(x, 200);
    cdn_json_object(json);
    cdn_json_key_uint(json, "schema_version", SCHEMA_VERSION);
    cdn_json_key(json, "proposals");
    cdn_json_array(json);
    status =
        cordon_proposals_each(x->host->proposals, &filter, on_listed, &listing, &err);
    if (status) {
        cdn_exchange_fail(x, status, &err);
        return;
    }
    cdn_json_array_end(json);
    (void)snprintf(next, sizeof next, "%" PRIu64, listing.last);
    cdn_json_key_cstr(json, "next", listing.more ? next : NULL);
    cdn_json_object_end(json);
}

/* One proposal, and how often it was decided on. */
struct looking {
    struct cdn_exchange *x; /* NULL: it is not to be told */
    bool found;
    uint32_t changes;
};

static bool on_one(void *ud, const cordon_proposal *proposal)
{
    struct looking *looking = ud;

    looking->found = true;
    looking->changes = proposal->history.length;
    if (looking->x)
        write_proposal(cdn_exchange_reply(looking->x, 200), proposal);
    return false;
}

static bool look(struct looking *looking, struct cdn_exchange *x, uint64_t sequence)
{
    cordon_proposal_filter filter = CORDON_PROPOSAL_FILTER_INIT;
    cordon_error err;
    cordon_status status;

    filter.sequence = sequence;
    status = cordon_proposals_each(x->host->proposals, &filter, on_one, looking, &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    else if (!looking->found)
        cdn_exchange_problem(x, 404, "not-found", "there is no proposal %" PRIu64,
                             sequence);
    return !status && looking->found;
}

/* Entity tags count from 1: 0 is what is not there. */
static uint64_t tag_of(uint32_t changes)
{
    return (uint64_t)changes + 1;
}

static void tell(struct cdn_exchange *x, uint64_t sequence)
{
    struct looking looking = {.x = x};

    if (look(&looking, x, sequence))
        cdn_admin_etag(x, tag_of(looking.changes));
}

/* GET /v1/proposals/{id} */
static void show(struct cdn_exchange *x)
{
    uint64_t sequence;

    if (has_log(x) && cdn_admin_number(&sequence, x, 0, "a proposal's name", INT64_MAX))
        tell(x, sequence);
}

/* ---- deciding ---- */

static void decide(struct cdn_exchange *x, bool accept)
{
    char reason[CORDON_PROPOSAL_REASON_BYTES + 1] = "";
    const char *header = cdn_exchange_header(x, "X-Reason");
    cordon_value text = {.type = CORDON_NIL};
    struct cdn_field fields[] = {{"reason", CDN_FIELD_TEXT, &text, false}};
    struct looking looking = {0};
    bool dry_run = false, must;
    uint64_t sequence;
    cordon_error err;
    cordon_status status;

    if (!has_log(x) ||
        !cdn_admin_number(&sequence, x, 0, "a proposal's name", INT64_MAX) ||
        !cdn_exchange_query_flag(x, &dry_run, "dry_run") ||
        !cdn_fields_body(x, fields, 1) ||
        (fields[0].given &&
         !cdn_field_copy(x, reason, sizeof reason, "a reason", &text)) ||
        !look(&looking, x, sequence) ||
        !cdn_admin_match(&must, x, tag_of(looking.changes)))
        return;
    if (must)
        status = cordon_proposals_decide_one(
            NULL, x->host->proposals, sequence, looking.changes, accept, x->caller.name,
            fields[0].given ? reason : header, dry_run, &err);
    else
        status = cordon_proposals_decide(
            NULL, x->host->proposals, &sequence, 1, accept, x->caller.name,
            fields[0].given ? reason : header, dry_run, &err);
    if (status)
        cdn_exchange_fail(x, status, &err);
    else
        tell(x, sequence);
}

/* POST /v1/proposals/{id}:accept */
static void accept(struct cdn_exchange *x)
{
    decide(x, true);
}

/* POST /v1/proposals/{id}:reject */
static void reject(struct cdn_exchange *x)
{
    decide(x, false);
}

static void accept_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, accept);
}

static void reject_once(struct cdn_exchange *x)
{
    cdn_repeat_once(x, reject);
}

const struct cdn_route cdn_routes_proposals[] = {
    {.method = CDN_METHOD_GET,
     .path = "/v1/proposals",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = list,
     .operation = "listProposals",
     .summary = "What rules would like changed, the oldest first",
     .query = "proposals.state rule decision_id limit cursor pretty",
     .response = "ProposalList"},
    {.method = CDN_METHOD_GET,
     .path = "/v1/proposals/{id}",
     .right = CDN_RIGHT_READ,
     .place = CDN_PLACE_WORKER,
     .handle = show,
     .operation = "showProposal",
     .summary = "One proposal, and what was decided on it",
     .query = "pretty",
     .response = "Proposal"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/proposals/{id}:accept",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = accept_once,
     .operation = "acceptProposal",
     .summary = "Accept it; cordon snapshot apply makes the next generation of those",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Proposal"},
    {.method = CDN_METHOD_POST,
     .path = "/v1/proposals/{id}:reject",
     .right = CDN_RIGHT_PROMOTE,
     .place = CDN_PLACE_WORKER,
     .handle = reject_once,
     .operation = "rejectProposal",
     .summary = "Reject it",
     .query = "dry_run pretty",
     .request = "Change",
     .response = "Proposal"},
    {.path = NULL},
};
