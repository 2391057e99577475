/* All names of a snapshot's schema as a rule would declare them. */
#ifndef CDN_CONSOLE_NAMES_H
#define CDN_CONSOLE_NAMES_H

#include "base/buf.h"
#include "graph/names.h"
#include "snapshot/snapshot.h"

/* Fill names, which is zeroed; what is left out, and why, is appended to left_out.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_console_names(struct cdn_names *names, struct cdn_buf *left_out,
                                const cordon_snapshot *snapshot, cordon_error *err);

#endif
