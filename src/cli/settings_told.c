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

/* ---- read again ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool same_masks(const struct cdn_settings *a, const struct cdn_settings *b)
{
    bool same = a->mask_count == b->mask_count;

    for (uint32_t i = 0; i < a->mask_count && same; i++)
        same = same_text(a->masks[i].path, b->masks[i].path) &&
               same_text(a->masks[i].with, b->masks[i].with);
    return same;
}

static bool is_live(enum cdn_setting setting)
{
    return setting == CDN_SETTING_log_format || setting == CDN_SETTING_log_level ||
           setting == CDN_SETTING_log_access;
}

void cdn_settings_fresh(struct cdn_server_fresh *out,
                        const struct cdn_settings *in_force,
                        const struct cdn_settings *again)
{
    struct cdn_server_options options;
    cordon_audit_options audit;

    _Static_assert(CDN_SETTINGS < CDN_SERVER_MAX_RESTART,
                   "room for all, and the masks");
    *out = (struct cdn_server_fresh){0};
    cdn_settings_server(&options, &audit, again);
    out->log = options.log;
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;
        struct cdn_server_taken *taken = &out->taken[out->taken_count];

        if (is_live(setting)) {
            taken->name = cdn_setting_name(setting);
            taken->from = cdn_origin_str(again->origins[i]);
            (void)cdn_setting_text(taken->value, sizeof taken->value, again, setting);
            out->taken_count++;
        } else if (!cdn_setting_same(in_force, again, setting)) {
            out->restart[out->restart_count++] = cdn_setting_name(setting);
        }
    }
    if (!same_masks(in_force, again))
        out->restart[out->restart_count++] = "audit.masks";
}

/* ---- the end ---- */

void cdn_settings_told_deinit(struct cdn_settings_told *told)
{
    cdn_buf_deinit(&told->texts);
}
