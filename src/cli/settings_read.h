/* What settings.c and settings_lists.c share: the walk over a configuration file.
 *
 * Where findings are wanted a fault is noted and the walk goes on with the next value, so that
 * one look shows all that is wrong with a file. */
#ifndef CDN_CLI_SETTINGS_READ_H
#define CDN_CLI_SETTINGS_READ_H

#include "cli/settings.h"
#include "sandbox/spec.h"

struct cdn_settings_reader {
    struct cdn_settings *settings;
    struct cdn_spec table;         /* its err is the caller's, and is not NULL */
    struct cdn_findings *findings; /* NULL: the first fault is an error */
};

/* Go back to `depth`; hand on what a step ended in, or note it. */
cordon_status cdn_settings_note(struct cdn_settings_reader *reader,
                                cordon_status status, size_t depth);

/* `auth`, the value of the section of that name, and `masks` of the section audit.  The walk
 * stands at it. */
cordon_status cdn_settings_auth(struct cdn_settings_reader *reader,
                                const cordon_value *auth);
cordon_status cdn_settings_masks(struct cdn_settings_reader *reader,
                                 const cordon_value *masks);

#endif
