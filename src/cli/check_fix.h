/* Mending what `cordon check` finds, where that is certain: a local that is never read is called
 * by a name that says so. */
#ifndef CDN_CLI_CHECK_FIX_H
#define CDN_CLI_CHECK_FIX_H

#include <stdbool.h>

#include "cli/cli.h"
#include "lint/findings.h"

/* The text with all that can be mended mended into *out, which the caller deinits; *count: how
 * much that is.  What a comment suppresses stays.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_check_mend(struct cdn_buf *out, uint32_t *count,
                             const struct cdn_lint_findings *findings,
                             const struct cdn_buf *source, cordon_error *err);

/* Put the mended text in the file's place, whole or not at all, with the file's own rights; a
 * link stays one.  `dry`: show what would differ instead.
 * Errors: CORDON_E_IO, CORDON_E_NOTFOUND, CORDON_E_NOMEM. */
cordon_status cdn_check_write(struct cdn_cli *cli, const char *file,
                              const struct cdn_buf *source,
                              const struct cdn_buf *mended, bool dry,
                              cordon_error *err);

#endif
