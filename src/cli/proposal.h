/* What the commands about proposals share: naming the log, and showing an entry. */
#ifndef CDN_CLI_PROPOSAL_H
#define CDN_CLI_PROPOSAL_H

#include <limits.h>

#include <cordon/proposal.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "codec/json.h"

#define CDN_PROPOSAL_LOG "proposals.mdb"

/* Open the log that --log names, or the store's.  `must_exist`: say how one comes to be. */
cordon_status cdn_proposal_open(cordon_proposals **out, const char *store,
                                const char *log, bool must_exist, cordon_error *err);

/* "Account:17 isBlocked = true", "flagged Account:17 -> Account:9": escaped, cut. */
char *cdn_proposal_words(char *out, size_t size, cordon_proposal_kind kind,
                         const cordon_value *content);

/* An element of an entry's history. */
struct cdn_proposal_change {
    const char *state;
    char when[40];
    cordon_value author;
    cordon_value reason;
};
bool cdn_proposal_change_read(struct cdn_proposal_change *out,
                              const cordon_value *change);

/* All fields of an entry, into an object that is open. */
void cdn_proposal_json(struct cdn_json *json, const cordon_proposal *proposal);

/* Who is at the keyboard, for those that do not say --author. */
const char *cdn_proposal_author(char *out, size_t size);

#endif
