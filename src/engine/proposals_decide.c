/* Accepting and rejecting.
 *
 * A decision is all or nothing: whoever accepts five proposals that belong together does not
 * get three of them.  What is in a batch that is being applied, or was when its process died,
 * is not decided again until `cordon snapshot apply` has settled the batch. */
#include <string.h>

#include "base/utf8.h"
#include "engine/proposals.h"

static cordon_status check_line(const char *what, const char *text, size_t most,
                                bool needed, cordon_error *err)
{
    size_t bytes = strlen(text);

    if (needed && !bytes)
        return cdn_error_set(err, CORDON_E_INVALID, "%s is missing", what);
    if (bytes > most)
        return cdn_error_set(err, CORDON_E_INVALID, "%s of %zu bytes; at most %zu",
                             what, bytes, most);
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "%s is one line without control characters", what);
    if (!cdn_utf8_valid(text, bytes))
        return cdn_error_set(err, CORDON_E_INVALID, "%s is not UTF-8", what);
    return CORDON_OK;
}

struct decision {
    struct cdn_durable_txn *txn;
    struct cdn_proposals_batch batch; /* the one that is being applied */
    const uint64_t *sequences;
    size_t count;
    cordon_proposal_state state;
    const char *author;
    const char *reason;
    uint32_t changes; /* that each must have seen; CORDON_NONE: any number */
    uint64_t changed;
};

static bool in_batch(const struct cdn_proposals_batch *batch, uint64_t sequence)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->sequences[i] == sequence)
            return true;
    return false;
}

static cordon_status decide_one(struct decision *decision, uint64_t sequence,
                                cordon_error *err)
{
    unsigned long long shown = sequence;
    struct cdn_proposal_entry entry;
    cordon_status status = cdn_proposals_entry(&entry, decision->txn, sequence, err);

    if (status)
        return status;
    if (decision->changes != CORDON_NONE &&
        entry.view.history.length != decision->changes)
        return cdn_error_set(
            err, CORDON_E_CONFLICT,
            "proposal %llu is %s by now; it has seen %u changes, not %u", shown,
            cordon_proposal_state_str(entry.view.state), entry.view.history.length,
            decision->changes);
    if (entry.view.state == decision->state)
        return CORDON_OK;
    if (in_batch(&decision->batch, sequence))
        return cdn_error_set(err, CORDON_E_CONFLICT,
                             "proposal %llu is being applied, or was when a process "
                             "died; 'cordon snapshot apply' settles it",
                             shown);
    if (entry.view.state == CORDON_PROPOSAL_APPLIED)
        return cdn_error_set(err, CORDON_E_CONFLICT,
                             "proposal %llu is applied, in generation %llu", shown,
                             (unsigned long long)entry.view.applied_generation);
    if (entry.view.state == CORDON_PROPOSAL_CONFLICT &&
        decision->state == CORDON_PROPOSAL_ACCEPTED)
        return cdn_error_set(err, CORDON_E_CONFLICT,
                             "proposal %llu was found in conflict (%s); evaluate the "
                             "rule again for one that fits the graph",
                             shown, entry.view.reason);
    decision->changed++;
    return cdn_proposals_change(decision->txn, &entry, decision->state,
                                decision->author, decision->reason, 0, err);
}

static cordon_status decide(struct cdn_durable_txn *txn, void *ud, cordon_error *err)
{
    struct decision *decision = ud;
    cordon_status status = cdn_proposals_batch_read(&decision->batch, txn, err);

    decision->txn = txn;
    decision->changed = 0;
    for (size_t i = 0; !status && i < decision->count; i++)
        status = decide_one(decision, decision->sequences[i], err);
    cdn_proposals_batch_deinit(&decision->batch);
    return status;
}

static cordon_status decide_all(struct decision *decision, cordon_proposals *log,
                                bool accept, bool dry_run, cordon_error *err)
{
    cordon_status status =
        check_line("the author", decision->author ? decision->author : "",
                   CORDON_PROPOSAL_AUTHOR_BYTES, true, err);

    decision->state = accept ? CORDON_PROPOSAL_ACCEPTED : CORDON_PROPOSAL_REJECTED;
    if (!decision->reason)
        decision->reason = "";
    if (!status)
        status = check_line("a reason", decision->reason, CORDON_PROPOSAL_REASON_BYTES,
                            false, err);
    return status ? status
                  : cdn_durable_write(cdn_proposals_file(log), dry_run, decide,
                                      decision, err);
}

cordon_status cordon_proposals_decide(uint64_t *changed, cordon_proposals *log,
                                      const uint64_t *sequences, size_t count,
                                      bool accept, const char *author,
                                      const char *reason, bool dry_run,
                                      cordon_error *err)
{
    struct decision decision = {.sequences = sequences,
                                .count = count,
                                .author = author,
                                .reason = reason,
                                .changes = CORDON_NONE};
    cordon_status status = decide_all(&decision, log, accept, dry_run, err);

    if (changed)
        *changed = status ? 0 : decision.changed;
    return status;
}

cordon_status cordon_proposals_decide_one(bool *changed, cordon_proposals *log,
                                          uint64_t sequence, uint32_t changes,
                                          bool accept, const char *author,
                                          const char *reason, bool dry_run,
                                          cordon_error *err)
{
    struct decision decision = {.sequences = &sequence,
                                .count = 1,
                                .author = author,
                                .reason = reason,
                                .changes = changes};
    cordon_status status = decide_all(&decision, log, accept, dry_run, err);

    if (changed)
        *changed = !status && decision.changed;
    return status;
}
