/* Files that the command carries (base/embedded.h): what `cordon init` writes, and the guides
 * that `cordon help` shows. */
#ifndef CDN_CLI_PROJECT_EMBEDDED_H
#define CDN_CLI_PROJECT_EMBEDDED_H

#include "base/embedded.h"

/* src/cli/project/new/, in the order in which files are written. */
extern const struct cdn_embedded cdn_embedded_new[];
extern const size_t cdn_embedded_new_count;

/* The style and the script of a backtest's report, in this order. */
extern const struct cdn_embedded cdn_embedded_report[];
extern const size_t cdn_embedded_report_count;

/* Guides, by their paths in the source tree. */
extern const struct cdn_embedded cdn_embedded_guides[];
extern const size_t cdn_embedded_guides_count;

#endif
