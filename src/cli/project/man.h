/* Manual pages, made from the tables that commands run by, the settings' table and the guides:
 *
 *     cordon(1)         all commands of one word
 *     cordon-GROUP(1)   one a group: cordon-rule, cordon-snapshot ...
 *     cordon(3)         include/README.md
 *     cordon-config(5)  the settings, and a project's manifest
 *     cordon-rules(7)   rules/README.md */
#ifndef CDN_CLI_PROJECT_MAN_H
#define CDN_CLI_PROJECT_MAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* The name of page number `index`, "cordon-rule.1", into out; false: there are no more. */
bool cdn_man_name(char *out, size_t size, size_t index);

/* Append a page by its name.  False: there is none.  Running out of memory is the buffer's to
 * tell. */
bool cdn_man_page(struct cdn_buf *out, const char *name);

#endif
