/* Logging what evaluations propose: the options --propose and --log, and what they do. */
#ifndef CDN_CLI_PROPOSING_H
#define CDN_CLI_PROPOSING_H

#include <cordon/outcome.h>
#include <cordon/proposal.h>
#include <cordon/set.h>

#include "cli/cli.h"
#include "cli/session.h"

/* Zero but for the options to begin with. */
struct cdn_proposing {
    /* options */
    bool wanted;
    const char *path;
    /* work */
    struct cdn_session *session;
    cordon_proposals *log; /* NULL: nothing is logged */
    uint64_t proposed;     /* new to the log */
    uint64_t refused;      /* that did not fit */
    uint64_t line;
};

#define CDN_PROPOSING_OPTIONS(proposing)                                               \
    {"propose",                                                                        \
     0,                                                                                \
     CDN_OPTION_FLAG,                                                                  \
     &(proposing).wanted,                                                              \
     NULL,                                                                             \
     "log the proposals, for cordon proposal to decide on",                            \
     NULL},                                                                            \
    {                                                                                  \
        "log", 0, CDN_OPTION_STRING, &(proposing).path, "FILE",                        \
            "the log of proposals, if it is not STORE/proposals.mdb", NULL             \
    }

/* Are the options all right together?  An exit code. */
int cdn_proposing_check(struct cdn_proposing *proposing, struct cdn_session *session);
/* Open the log, if one is wanted; an exit code. */
int cdn_proposing_open(struct cdn_proposing *proposing);
void cdn_proposing_close(struct cdn_proposing *proposing);

/* Log what it proposes, the request's of `line` (0: there is one alone); many requests' together,
 * the last of them by cdn_proposing_finish().  Errors: as cordon_proposals_add(). */
cordon_status cdn_proposing_add(struct cdn_proposing *proposing,
                                const cordon_outcome *outcome, uint64_t line,
                                cordon_error *err);
cordon_status cdn_proposing_add_set(struct cdn_proposing *proposing,
                                    const cordon_set_outcome *outcome, uint64_t line,
                                    cordon_error *err);
/* Nothing more is there to read: what was proposed so far is to be durable. */
void cdn_proposing_waiting(struct cdn_proposing *proposing);
/* Make the rest durable, and say how many there were. */
cordon_status cdn_proposing_finish(struct cdn_proposing *proposing, cordon_error *err);

#endif
