/* Settings from their four places, the weakest first: each place overwrites what those
 * below it said, so that what stands at the end is the strongest, and so is its origin.
 *
 * The file is a chunk evaluated as every configuration is (sandbox/config.h) and walked
 * strictly.  Values are the same everywhere: what an option takes as text ("4MiB", "10s",
 * 1e6) the environment and the file take as text, and the file also as a number. */
#include "cli/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "sandbox/config.h"
#include "sandbox/spec.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)

enum type { TYPE_COUNT, TYPE_ZERO, TYPE_SIZE, TYPE_NS, TYPE_MS, TYPE_TEXT };

static const struct row {
    const char *section, *key, *name;
    enum type type;
} rows[CDN_SETTINGS] = {
#define ROW(section, key, type) {#section, #key, #section "." #key, TYPE_##type},
    CDN_SETTING_MAP(ROW)
#undef ROW
};

const char *cdn_setting_name(enum cdn_setting setting)
{
    return rows[setting].name;
}

char *cdn_setting_variable(char *out, size_t size, enum cdn_setting setting)
{
    snprintf(out, size, "CORDON_%s__%s", rows[setting].section, rows[setting].key);
    for (char *at = out; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return out;
}

const char *cdn_origin_str(enum cdn_origin origin)
{
    switch (origin) {
    case CDN_ORIGIN_DEFAULT:
        return "default";
    case CDN_ORIGIN_FILE:
        return "file";
    case CDN_ORIGIN_ENVIRONMENT:
        return "environment";
    case CDN_ORIGIN_FLAG:
        return "flag";
    }
    return "unknown";
}

/* ---- values ---- */

static uint32_t from_none(uint32_t option)
{
    return option == CORDON_NONE ? 0 : option;
}

static uint32_t to_none(uint64_t value)
{
    return !value                ? CORDON_NONE
           : value < CORDON_NONE ? (uint32_t)value
                                 : CORDON_NONE - 1;
}

uint64_t cdn_setting_number(const struct cdn_settings *settings,
                            enum cdn_setting setting)
{
    const cordon_engine_options *options = &settings->engine;

    switch (setting) {
#define GET(section, key)                                                              \
    case CDN_SETTING_##section##_##key:                                                \
        return options->key;
        GET(engine, slots)
        GET(engine, busy_wait_ms)
        GET(engine, tighten)
        GET(engine, max_instructions)
        GET(engine, max_edges)
        GET(engine, max_nodes)
        GET(engine, max_hops)
        GET(engine, max_memory_bytes)
        GET(engine, max_output_bytes)
        GET(engine, max_wall_ns)
        GET(engine, load_memory_bytes)
        GET(engine, image_budget_bytes)
#undef GET
    case CDN_SETTING_engine_max_waiting:
        return from_none(options->max_waiting);
    case CDN_SETTING_engine_interrupt_slots:
        return from_none(options->interrupt_slots);
    case CDN_SETTING_policy_file:
    case CDN_SETTINGS:
        break;
    }
    return 0;
}

static void set(cordon_engine_options *options, enum cdn_setting setting,
                uint64_t value)
{
    uint32_t small = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;

    switch (setting) {
    case CDN_SETTING_engine_slots:
        options->slots = small;
        break;
    case CDN_SETTING_engine_busy_wait_ms:
        options->busy_wait_ms = small;
        break;
    case CDN_SETTING_engine_max_waiting:
        options->max_waiting = to_none(value);
        break;
    case CDN_SETTING_engine_interrupt_slots:
        options->interrupt_slots = to_none(value);
        break;
    case CDN_SETTING_engine_tighten:
        options->tighten = small;
        break;
#define SET(section, key)                                                              \
    case CDN_SETTING_##section##_##key:                                                \
        options->key = value;                                                          \
        break;
        SET(engine, max_instructions)
        SET(engine, max_edges)
        SET(engine, max_nodes)
        SET(engine, max_hops)
        SET(engine, max_memory_bytes)
        SET(engine, max_output_bytes)
        SET(engine, max_wall_ns)
        SET(engine, load_memory_bytes)
        SET(engine, image_budget_bytes)
#undef SET
    case CDN_SETTING_policy_file:
    case CDN_SETTINGS:
        break;
    }
}

char *cdn_setting_text(char *out, size_t size, const struct cdn_settings *settings,
                       enum cdn_setting setting)
{
    if (rows[setting].type == TYPE_TEXT)
        snprintf(out, size, "%s", settings->policy_file ? settings->policy_file : "");
    else
        snprintf(out, size, "%llu",
                 (unsigned long long)cdn_setting_number(settings, setting));
    return out;
}

/* As an option of the type takes it; above 0, but where 0 means none. */
static cordon_status take_text(struct cdn_settings *settings, enum cdn_setting setting,
                               const char *text, cordon_error *err)
{
    uint64_t value = 0;
    const struct cdn_option option = {
        .name = rows[setting].name,
        .type = rows[setting].type == TYPE_SIZE    ? CDN_OPTION_SIZE
                : rows[setting].type == TYPE_COUNT ? CDN_OPTION_POSITIVE
                : rows[setting].type == TYPE_ZERO  ? CDN_OPTION_INTEGER
                                                   : CDN_OPTION_DURATION,
        .value = &value};
    cordon_error own;

    if (rows[setting].type == TYPE_TEXT) {
        settings->policy_file = text;
        return CORDON_OK;
    }
    if (cdn_option_value(&option, text, &own))
        return cdn_error_set(err, CORDON_E_DATA, "'%.64s' is no value of it", text);
    if (rows[setting].type == TYPE_MS)
        value /= 1000000;
    set(&settings->engine, setting, value);
    return CORDON_OK;
}

/* ---- the file ---- */

static cordon_status take_value(struct cdn_settings *settings, struct cdn_spec *table,
                                enum cdn_setting setting, const cordon_value *value)
{
    const char *text;
    cordon_status status;
    double number = value->type == CORDON_INTEGER  ? (double)value->as.integer
                    : value->type == CORDON_NUMBER ? value->as.number
                                                   : 0;

    if (rows[setting].type == TYPE_TEXT || value->type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &text, value);
        if (status)
            return status;
        if (!take_text(settings, setting, text, NULL))
            return CORDON_OK;
    } else if (number <= 0x1p53 &&
               (number >= 1 || (rows[setting].type == TYPE_ZERO &&
                                value->type == CORDON_INTEGER && number == 0))) {
        set(&settings->engine, setting, (uint64_t)number);
        return CORDON_OK;
    }
    return cdn_spec_fail(
        table, "%s is wanted here",
        rows[setting].type == TYPE_SIZE ? "a size such as \"4MiB\", or bytes,"
        : rows[setting].type == TYPE_NS || rows[setting].type == TYPE_MS
            ? "a time such as \"500ms\", or a number of its unit,"
        : rows[setting].type == TYPE_ZERO ? "a whole number, or 0 for none,"
                                          : "a whole number from 1");
}

static cordon_status take_section(struct cdn_settings *settings, struct cdn_spec *table,
                                  const char *section, const cordon_value *root)
{
    const char *known[CDN_SETTINGS];
    size_t count = 0;
    cordon_value map, value;
    cordon_status status;

    if (!cordon_value_get(&map, root, section))
        return CORDON_OK;
    for (size_t i = 0; i < CDN_SETTINGS; i++)
        if (!strcmp(rows[i].section, section))
            known[count++] = rows[i].key;
    cdn_spec_enter(table, section);
    status = cdn_spec_check_keys(table, &map, known, count);
    for (size_t i = 0; i < CDN_SETTINGS && !status; i++) {
        if (strcmp(rows[i].section, section) != 0 ||
            !cordon_value_get(&value, &map, rows[i].key))
            continue;
        cdn_spec_enter(table, rows[i].key);
        status = take_value(settings, table, (enum cdn_setting)i, &value);
        if (status)
            return status;
        settings->origins[i] = CDN_ORIGIN_FILE;
        cdn_spec_leave(table);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

static cordon_status take_file(struct cdn_settings *settings, cordon_error *err)
{
    static const char *const sections[] = {"engine", "policy"};
    struct cdn_buf text = {0}, packed = {0};
    struct cdn_spec table = {
        .file = settings->file, .blocks = &settings->blocks, .err = err};
    cordon_value root;
    cordon_status status = cdn_file_read(&text, settings->file, FILE_MAX_BYTES, err);

    if (status)
        goto out;
    table.source = text.data ? (const char *)text.data : "";
    table.bytes = text.length;
    status =
        cdn_config_evaluate(&packed, table.source, table.bytes, settings->file, err);
    if (!status)
        status = cordon_value_parse(&root, packed.data, packed.length, err);
    if (!status)
        status = cdn_spec_check_keys(&table, &root, sections, CDN_COUNT(sections));
    for (size_t i = 0; i < CDN_COUNT(sections) && !status; i++)
        status = take_section(settings, &table, sections[i], &root);
out:
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&packed);
    return status;
}

/* ---- the rest ---- */

static cordon_status take_environment(struct cdn_settings *settings, cordon_error *err)
{
    for (size_t i = 0; i < CDN_SETTINGS; i++) {
        char name[64];
        const char *value =
            getenv(cdn_setting_variable(name, sizeof(name), (enum cdn_setting)i));
        cordon_status status;

        if (!value || !*value)
            continue;
        status = take_text(settings, (enum cdn_setting)i, value, err);
        if (status) {
            cdn_error_prefix(err, "%s", name);
            return status;
        }
        settings->origins[i] = CDN_ORIGIN_ENVIRONMENT;
    }
    return CORDON_OK;
}

/* A store's own policy, if it has one. */
static cordon_status default_policy(struct cdn_settings *settings, const char *data,
                                    cordon_error *err)
{
    struct cdn_spec table = {.blocks = &settings->blocks};
    size_t bytes;
    char *path;

    if (!data)
        return CORDON_OK;
    bytes = strlen(data) + sizeof("/policy.lua");
    path = cdn_spec_keep(&table, bytes);
    if (!path)
        return cdn_error_nomem(err);
    snprintf(path, bytes, "%s/policy.lua", data);
    if (!access(path, F_OK))
        settings->policy_file = path;
    return CORDON_OK;
}

cordon_status cdn_settings_load(struct cdn_settings *out,
                                const struct cdn_setting_flags *flags,
                                cordon_error *err)
{
    const char *config = flags->config ? flags->config : getenv("CORDON_CONFIG");
    cordon_status status;

    *out = (struct cdn_settings){.file = config && *config ? config : NULL};
    cdn_engine_defaults(&out->engine);
    status = default_policy(out, flags->data, err);
    if (!status && out->file)
        status = take_file(out, err);
    if (!status)
        status = take_environment(out, err);
    if (!status && flags->policy) {
        out->policy_file = flags->policy;
        out->origins[CDN_SETTING_policy_file] = CDN_ORIGIN_FLAG;
    }
    return status;
}

void cdn_settings_deinit(struct cdn_settings *settings)
{
    cdn_spec_release(&settings->blocks);
}
