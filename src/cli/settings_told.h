/* Settings as the server tells them (GET /v1/config). */
#ifndef CDN_CLI_SETTINGS_TOLD_H
#define CDN_CLI_SETTINGS_TOLD_H

#include "base/buf.h"
#include "cli/settings.h"
#include "server/server.h"

struct cdn_settings_told {
    struct cdn_server_setting items[CDN_SETTINGS];
    struct cdn_buf texts; /* what their values point into */
};

/* Name, value and origin of every setting.  Ownership: out's, cdn_settings_told_deinit() it.
 * Errors: CORDON_E_NOMEM. */
cordon_status cdn_settings_tell(struct cdn_settings_told *out,
                                const struct cdn_settings *settings, cordon_error *err);
void cdn_settings_told_deinit(struct cdn_settings_told *told);

#endif
