/* Settings as the server tells them (GET /v1/config), and what a reload makes of them. */
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
/* What a reload makes of settings that were read again: how the log is to be written, and which
 * others say something else than `in_force`.  Not who may call, and not what -q and -v say. */
void cdn_settings_fresh(struct cdn_server_fresh *out,
                        const struct cdn_settings *in_force,
                        const struct cdn_settings *again);
void cdn_settings_told_deinit(struct cdn_settings_told *told);

#endif
