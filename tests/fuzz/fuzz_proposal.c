/* Proposals: an entry of the log, the note of a batch, and an element of a result.
 *
 * The first byte says which.  An entry that is read is written again, and must be read as the
 * same; what an element of a result is taken for is written as a record's content, and that
 * must be taken for the same: an applier reads what a rule proposed with the same eyes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "engine/proposals.h"
#include "support/fixture.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    switch (data[0] & 3) {
    case 0:
        read_entry(data + 1, size - 1);
        break;
    case 1:
        read_note(data + 1, size - 1);
        break;
    case 2:
        read_element(data + 1, size - 1, CORDON_PROPOSAL_UPDATE);
        break;
    default:
        read_element(data + 1, size - 1, CORDON_PROPOSAL_EDGE);
        break;
    }
    return 0;
}
