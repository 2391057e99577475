/* Proposals: an entry of the log, the note of a batch, an element of a result, and a log.
 *
 * The first byte says which.  An entry that is read is written again, and must be read as the
 * same; what an element of a result is taken for is written as a record's content, and that
 * must be taken for the same: an applier reads what a rule proposed with the same eyes.  Of a
 * log the input is changes to a sound one's bytes (changed.h), which is then opened, read and
 * changed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "changed.h"
#include "engine/proposals.h"
#include "support/fixture.h"
#include "support/proposing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cdn_proposal_entry entry, again;

static void require(bool good)
{
    if (!good)
        abort();
}

static void read_entry(const uint8_t *data, size_t size)
{
    struct cdn_buf bytes = {0};
    cordon_proposal view;

    if (!cdn_proposal_decode(&entry, 7, data, size))
        return;
    view = entry.view;
    view.state = CORDON_PROPOSAL_REJECTED;
    view.author = "eve";
    cdn_proposal_encode(&bytes, &view, entry.content_at, entry.content_bytes);
    require(cdn_proposal_decode(&again, 7, bytes.data, bytes.length));
    require(again.content_bytes == entry.content_bytes);
    require(again.view.history.length == entry.view.history.length + 1);
    require(!strcmp(again.view.rule, entry.view.rule));
    cdn_buf_deinit(&bytes);
}

static void read_note(const uint8_t *data, size_t size)
{
    struct cdn_proposals_batch batch;
    bool nomem;

    if (cdn_proposals_batch_decode(&batch, data, size, &nomem))
        cdn_proposals_batch_deinit(&batch);
}

static void read_element(const uint8_t *data, size_t size, cordon_proposal_kind kind)
{
    static cordon_snapshot *snapshot;
    static struct cdn_proposed first, second;
    struct cdn_buf bytes = {0};
    const unsigned char *at;
    cordon_value item;

    if (!snapshot)
        snapshot = cdn_fixture_bank_open();
    if (cordon_value_parse(&item, data, size, NULL) ||
        cdn_proposal_check(&first, snapshot, kind, &item, &cdn_propose_everything,
                           NULL))
        return;
    require(cdn_proposal_encode_content(&bytes, &first, snapshot));
    at = bytes.data;
    require(cdn_unpack_head(&item, &at, bytes.data + bytes.length));
    require(!cdn_proposal_check(&second, snapshot, kind, &item, &cdn_propose_everything,
                                NULL));
    require(first.number == second.number && first.nodes[0] == second.nodes[0] &&
            first.given_count == second.given_count &&
            !memcmp(first.given, second.given, sizeof(first.given)));
    cdn_buf_deinit(&bytes);
}

/* ---- a log ---- */

static struct proposing proposing;

static cordon_status add(cordon_proposals *log)
{
    return cordon_proposals_add(NULL, log, proposing.snapshot, proposing.outcome, NULL,
                                NULL);
}

static cordon_status decide(cordon_proposals *log, uint64_t sequence, bool accept)
{
    return cordon_proposals_decide(NULL, log, &sequence, 1, accept, "fuzz", NULL, false,
                                   NULL);
}

static void make(const char *path)
{
    uint64_t sequences[] = {2, 5};
    struct cdn_proposals_batch batch = {
        .base = 1, .generation = 2, .count = 2, .sequences = sequences};
    cordon_proposals *log;

    proposing_make(&proposing);
    require(!cordon_proposals_open(&log, path, NULL, NULL));
    for (int i = 0; i < 20; i++) {
        proposing_evaluate(&proposing, i % 2 ? "100" : "300");
        require(!add(log));
    }
    for (uint64_t sequence = 2; sequence < 30; sequence += 3)
        require(!decide(log, sequence, sequence != 8));
    require(!cdn_proposals_batch_begin(log, &batch, NULL, 0, "fuzz", NULL));
    cordon_proposals_close(log);
    proposing_evaluate(&proposing, "100");
}

static bool on_each(void *ud, const cordon_proposal *proposal)
{
    require(proposal->sequence > *(uint64_t *)ud);
    *(uint64_t *)ud = proposal->sequence;
    return true;
}

static void use(const char *path)
{
    struct cdn_proposals_batch noted;
    cordon_proposals *log;
    cordon_error err = {0};
    uint64_t last = 0;

    if (cordon_proposals_open(&log, path, NULL, &err)) {
        require(err.message[0] != '\0');
        return;
    }
    (void)cordon_proposals_each(log, NULL, on_each, &last, NULL);
    (void)cdn_proposals_batch_noted(&noted, log, NULL);
    cdn_proposals_batch_deinit(&noted);
    (void)decide(log, 1, true);
    (void)decide(log, 11, false);
    (void)add(log);
    (void)cdn_proposals_batch_end(log, true, "fuzz", NULL);
    cordon_proposals_close(log);
}

static const struct changed_file changed = {make, use};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    switch (data[0] % 5) {
    case 0:
        read_entry(data + 1, size - 1);
        break;
    case 1:
        read_note(data + 1, size - 1);
        break;
    case 2:
        read_element(data + 1, size - 1, CORDON_PROPOSAL_UPDATE);
        break;
    case 3:
        read_element(data + 1, size - 1, CORDON_PROPOSAL_EDGE);
        break;
    default:
        changed_file_run(&changed, data + 1, size - 1);
        break;
    }
    return 0;
}
