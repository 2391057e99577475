/* One row a setting, its value as text: see settings_told.h. */
#include "cli/settings_told.h"

#include <limits.h>
#include <string.h>

cordon_status cdn_settings_tell(struct cdn_settings_told *out,
                                const struct cdn_settings *settings, cordon_error *err)
{
    size_t places[CDN_SETTINGS];
    char text[PATH_MAX];

    *out = (struct cdn_settings_told){0};
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;

        cdn_setting_text(text, sizeof text, settings, setting);
        places[i] = out->texts.length;
        cdn_buf_append(&out->texts, text, strlen(text) + 1);
        out->items[i].name = cdn_setting_name(setting);
        out->items[i].from = cdn_origin_str(settings->origins[i]);
        /* the others name files that hold what is secret; an address may hold a password */
        out->items[i].secret =
            setting == CDN_SETTING_trace_endpoint && strchr(text, '@');
    }
    if (out->texts.failed)
        return cdn_error_nomem(err);
    for (int i = 0; i < CDN_SETTINGS; i++) /* the buffer moves no more */
        out->items[i].value = (const char *)out->texts.data + places[i];
    return CORDON_OK;
}

void cdn_settings_told_deinit(struct cdn_settings_told *told)
{
    cdn_buf_deinit(&told->texts);
}
