/* From evaluations to the log of proposals; see proposing.h. */
#include "cli/proposing.h"

#include <inttypes.h>

#include "cli/proposal.h"

int cdn_proposing_check(struct cdn_proposing *proposing, struct cdn_session *session)
{
    proposing->session = session;
    proposing->wanted = proposing->wanted || proposing->path;
    if (proposing->wanted && !session->data)
        return cdn_cli_usage(session->cli, "--propose needs the store: --data STORE");
    return CDN_EXIT_OK;
}

int cdn_proposing_open(struct cdn_proposing *proposing)
{
    cordon_error err;

    if (!proposing->wanted ||
        !cdn_proposal_open(&proposing->log, proposing->session->data, proposing->path,
                           false, &err))
        return CDN_EXIT_OK;
    cdn_cli_error_of(proposing->session->cli, &err);
    return CDN_EXIT_DATA;
}

void cdn_proposing_close(struct cdn_proposing *proposing)
{
    cordon_proposals_close(proposing->log);
    proposing->log = NULL;
}

static void on_refused(void *ud, cordon_proposal_kind kind, uint32_t index,
                       const char *why)
{
    struct cdn_proposing *proposing = ud;
    const char *list = kind == CORDON_PROPOSAL_UPDATE ? "updated_nodes" : "new_edges";

    proposing->refused++;
    if (proposing->line)
        cdn_cli_warn(proposing->session->cli,
                     "line %" PRIu64 ": %s[%u] is not logged: %s", proposing->line,
                     list, index, why);
    else
        cdn_cli_warn(proposing->session->cli, "%s[%u] is not logged: %s", list, index,
                     why);
}

/* Of whoever asks: the host may propose anything, a principal what its policy says. */
static cordon_proposal_source source_of(struct cdn_proposing *proposing, uint64_t line)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;

    proposing->line = line;
    source.defer = proposing->session->input != NULL;
    source.refused = on_refused;
    source.ud = proposing;
    source.principal = proposing->session->principal;
    source.policy = proposing->session->policy;
    return source;
}

cordon_status cdn_proposing_add(struct cdn_proposing *proposing,
                                const cordon_outcome *outcome, uint64_t line,
                                cordon_error *err)
{
    cordon_proposal_source source = source_of(proposing, line);
    uint64_t added = 0;
    cordon_status status = CORDON_OK;

    if (proposing->log)
        status =
            cordon_proposals_add(&added, proposing->log, proposing->session->snapshot,
                                 outcome, &source, err);
    proposing->proposed += added;
    return status;
}

cordon_status cdn_proposing_add_set(struct cdn_proposing *proposing,
                                    const cordon_set_outcome *outcome, uint64_t line,
                                    cordon_error *err)
{
    cordon_proposal_source source = source_of(proposing, line);
    uint64_t added = 0;
    cordon_status status = CORDON_OK;

    if (proposing->log)
        status = cordon_proposals_add_set(&added, proposing->log,
                                          proposing->session->snapshot, outcome,
                                          &source, err);
    proposing->proposed += added;
    return status;
}

void cdn_proposing_waiting(struct cdn_proposing *proposing)
{
    uint64_t added = 0;

    /* if it fails, cdn_proposing_finish() tries again and says why */
    if (proposing->log && !cordon_proposals_flush(&added, proposing->log, NULL))
        proposing->proposed += added;
}

cordon_status cdn_proposing_finish(struct cdn_proposing *proposing, cordon_error *err)
{
    uint64_t added = 0;
    cordon_status status;

    if (!proposing->log)
        return CORDON_OK;
    status = cordon_proposals_flush(&added, proposing->log, err);
    proposing->proposed += added;
    if (!status)
        cdn_cli_note(proposing->session->cli,
                     "%" PRIu64 " proposal%s logged, %" PRIu64 " refused",
                     proposing->proposed, proposing->proposed == 1 ? "" : "s",
                     proposing->refused);
    return status;
}
