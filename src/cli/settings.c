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
#include "cli/settings_read.h"
#include "engine/engine.h"
#include "engine/policy_read.h"
#include "sandbox/config.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define WHOLE_FRACTION 10000

static const struct row {
    const char *section, *key, *name;
    enum cdn_setting_type type;
    uint64_t number;
    const char *text, *help;
} rows[CDN_SETTINGS] = {
#define ROW(section, key, type, number, text, help)                                    \
    {#section, #key, #section "." #key, CDN_SETTING_##type, (number), (text), (help)},
    CDN_SETTING_MAP(ROW)
#undef ROW
};

static const char *const sections[] = {"engine", "policy",    "server", "tls",  "auth",
                                       "audit",  "proposals", "log",    "trace"};

const char *cdn_setting_section(enum cdn_setting setting)
{
    return rows[setting].section;
}

const char *cdn_setting_key(enum cdn_setting setting)
{
    return rows[setting].key;
}

enum cdn_setting_type cdn_setting_type(enum cdn_setting setting)
{
    return rows[setting].type;
}

const char *cdn_setting_help(enum cdn_setting setting)
{
    return rows[setting].help;
}

const char *cdn_setting_words(enum cdn_setting setting)
{
    return rows[setting].text;
}

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

/* ---- the engine's, and other defaults ---- */

/* X(field) by how its options hold it. */
#define ENGINE_SMALL(X)                                                                \
    X(slots) X(busy_wait_ms) X(tighten) X(workers_max) X(workers_idle_ms)
#define ENGINE_NONE(X) X(max_waiting) X(interrupt_slots) X(workers_min)
#define ENGINE_LARGE(X)                                                                \
    X(max_instructions)                                                                \
    X(max_edges)                                                                       \
    X(max_nodes)                                                                       \
    X(max_hops)                                                                        \
    X(max_memory_bytes)                                                                \
    X(max_output_bytes)                                                                \
    X(max_wall_ns)                                                                     \
    X(load_memory_bytes)                                                               \
    X(image_budget_bytes)
#define VALUE(field) settings->values[CDN_SETTING_engine_##field].number

static uint32_t to_small(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

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

static void from_engine(struct cdn_settings *settings)
{
#define GET(field)      VALUE(field) = settings->engine.field;
#define GET_NONE(field) VALUE(field) = from_none(settings->engine.field);
    ENGINE_SMALL(GET)
    ENGINE_LARGE(GET)
    ENGINE_NONE(GET_NONE)
#undef GET_NONE
#undef GET
}

static void to_engine(struct cdn_settings *settings)
{
#define SET(field)       settings->engine.field = VALUE(field);
#define SET_SMALL(field) settings->engine.field = to_small(VALUE(field));
#define SET_NONE(field)  settings->engine.field = to_none(VALUE(field));
    ENGINE_LARGE(SET)
    ENGINE_SMALL(SET_SMALL)
    ENGINE_NONE(SET_NONE)
#undef SET_NONE
#undef SET_SMALL
#undef SET
    /* what stands is what the options could hold */
    from_engine(settings);
}

void cdn_settings_defaults(struct cdn_settings *out)
{
    *out = (struct cdn_settings){0};
    for (size_t i = 0; i < CDN_SETTINGS; i++) {
        out->values[i].number = rows[i].number;
        if (rows[i].type == CDN_SETTING_TEXT)
            out->values[i].text = rows[i].text;
    }
    cdn_engine_defaults(&out->engine);
    out->engine.workers_max = 0; /* follows the slots, whatever they are set to */
    from_engine(out);
}

/* ---- values ---- */

/* The word of a number, from 1, of "one|two"; *bytes: how long it is. */
static const char *word_at(const char *words, uint64_t number, int *bytes)
{
    for (uint64_t i = 1; i < number; i++)
        words += strcspn(words, "|") + 1;
    *bytes = (int)strcspn(words, "|");
    return words;
}

char *cdn_setting_text(char *out, size_t size, const struct cdn_settings *settings,
                       enum cdn_setting setting)
{
    const struct cdn_setting_value *value = &settings->values[setting];
    const char *word;
    int bytes;

    switch (rows[setting].type) {
    case CDN_SETTING_TEXT:
        snprintf(out, size, "%s", value->text ? value->text : "");
        break;
    case CDN_SETTING_MODE:
        snprintf(out, size, "0%03llo", (unsigned long long)value->number);
        break;
    case CDN_SETTING_FLAG:
        snprintf(out, size, "%s", value->number ? "true" : "false");
        break;
    case CDN_SETTING_FRACTION:
    case CDN_SETTING_FRACTION0:
        snprintf(out, size, "%g", cdn_setting_fraction(settings, setting));
        break;
    case CDN_SETTING_WORD:
        word = word_at(rows[setting].text, value->number, &bytes);
        snprintf(out, size, "%.*s", bytes, word);
        break;
    case CDN_SETTING_COUNT:
    case CDN_SETTING_ZERO:
    case CDN_SETTING_SIZE:
    case CDN_SETTING_SIZE0:
    case CDN_SETTING_NS:
    case CDN_SETTING_MS:
    case CDN_SETTING_MS0:
    case CDN_SETTING_PORT:
        snprintf(out, size, "%llu", (unsigned long long)value->number);
        break;
    }
    return out;
}

/* What a value of the type would be, for a message: as text, or in a file, where a time may also
 * be a number. */
static const char *wanted(enum cdn_setting setting, bool file)
{
    switch (rows[setting].type) {
    case CDN_SETTING_COUNT:
        return "a whole number from 1";
    case CDN_SETTING_ZERO:
        return "a whole number, or 0 for none,";
    case CDN_SETTING_SIZE:
        return "a size such as \"4MiB\", or bytes,";
    case CDN_SETTING_SIZE0:
        return "a size such as \"4MiB\", or bytes, or 0 for none,";
    case CDN_SETTING_NS:
    case CDN_SETTING_MS:
        return file ? "a time such as \"500ms\", or a number of its unit,"
                    : "a time such as \"500ms\", with its unit,";
    case CDN_SETTING_MS0:
        return file ? "a time such as \"500ms\", or milliseconds, or 0 for none,"
                    : "a time such as \"500ms\", with its unit, or 0 for none,";
    case CDN_SETTING_PORT:
        return "a port, 0 to 65535,";
    case CDN_SETTING_MODE:
        return "permissions in octal as text, such as \"0660\",";
    case CDN_SETTING_FLAG:
        return "true or false";
    case CDN_SETTING_FRACTION:
        return "a number above 0, at most 1,";
    case CDN_SETTING_FRACTION0:
        return "a number from 0 to 1";
    case CDN_SETTING_WORD: /* its words are told instead */
    case CDN_SETTING_TEXT:
        break;
    }
    return "text";
}

/* "0660": octal digits, at most the nine bits of permissions. */
static bool parse_mode(uint64_t *out, const char *text)
{
    size_t digits = strspn(text, "01234567");

    if (digits < 3 || digits > 4 || text[digits] || (digits == 4 && *text != '0'))
        return false;
    *out = 0;
    for (const char *at = text; *at; at++)
        *out = *out * 8 + (uint64_t)(*at - '0');
    return true;
}

static bool parse_flag(uint64_t *out, const char *text)
{
    *out = !strcmp(text, "true") || !strcmp(text, "1");
    return *out || !strcmp(text, "false") || !strcmp(text, "0");
}

static bool take_fraction(uint64_t *out, enum cdn_setting_type type, double number)
{
    uint64_t parts;

    if (!(number >= 0 && number <= 1))
        return false;
    parts = (uint64_t)(number * WHOLE_FRACTION + 0.5);
    if (!parts && (number > 0 || type == CDN_SETTING_FRACTION))
        return false;
    *out = parts;
    return true;
}

static bool parse_word(uint64_t *out, const struct cdn_option *like, const char *text)
{
    struct cdn_option option = *like;
    int number = 0;

    option.type = CDN_OPTION_CHOICE;
    option.value = &number;
    if (cdn_option_value(&option, text, NULL))
        return false;
    *out = (uint64_t)number;
    return true;
}

/* As an option of the type takes it.  False: it is none. */
static bool parse(struct cdn_setting_value *out, enum cdn_setting setting,
                  const char *text)
{
    uint64_t number = 0;
    double fraction;
    struct cdn_option option = {
        .name = rows[setting].name, .value = &number, .choices = rows[setting].text};

    switch (rows[setting].type) {
    case CDN_SETTING_TEXT:
        out->text = text;
        return true;
    case CDN_SETTING_MODE:
        return parse_mode(&out->number, text);
    case CDN_SETTING_FLAG:
        return parse_flag(&out->number, text);
    case CDN_SETTING_WORD:
        return parse_word(&out->number, &option, text);
    case CDN_SETTING_FRACTION:
    case CDN_SETTING_FRACTION0:
        option.type = CDN_OPTION_NUMBER;
        option.value = &fraction;
        return !cdn_option_value(&option, text, NULL) &&
               take_fraction(&out->number, rows[setting].type, fraction);
    case CDN_SETTING_SIZE0:
    case CDN_SETTING_MS0:
        if (!strcmp(text, "0")) {
            out->number = 0;
            return true;
        }
        option.type = rows[setting].type == CDN_SETTING_MS0 ? CDN_OPTION_DURATION
                                                            : CDN_OPTION_SIZE;
        break;
    case CDN_SETTING_SIZE:
        option.type = CDN_OPTION_SIZE;
        break;
    case CDN_SETTING_COUNT:
        option.type = CDN_OPTION_POSITIVE;
        break;
    case CDN_SETTING_ZERO:
    case CDN_SETTING_PORT:
        option.type = CDN_OPTION_INTEGER;
        break;
    case CDN_SETTING_NS:
    case CDN_SETTING_MS:
        option.type = CDN_OPTION_DURATION;
        break;
    }
    if (cdn_option_value(&option, text, NULL) ||
        (rows[setting].type == CDN_SETTING_PORT && number > UINT16_MAX))
        return false;
    if (rows[setting].type == CDN_SETTING_MS || rows[setting].type == CDN_SETTING_MS0) {
        number /= 1000000;
        if (!number)
            return false;
    }
    out->number = number;
    return true;
}

static cordon_status take_text(struct cdn_settings *settings, enum cdn_setting setting,
                               const char *text, cordon_error *err)
{
    if (parse(&settings->values[setting], setting, text))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DATA, "'%.64s' is no value of it; %s is wanted",
                         text, wanted(setting, false));
}

bool cdn_setting_same(const struct cdn_settings *settings,
                      const struct cdn_settings *others, enum cdn_setting setting)
{
    const struct cdn_setting_value *a = &settings->values[setting],
                                   *b = &others->values[setting];

    if (rows[setting].type != CDN_SETTING_TEXT)
        return a->number == b->number;
    return a->text && b->text ? !strcmp(a->text, b->text) : a->text == b->text;
}

double cdn_setting_fraction(const struct cdn_settings *settings,
                            enum cdn_setting setting)
{
    return (double)settings->values[setting].number / WHOLE_FRACTION;
}

void cdn_settings_audit(cordon_audit_options *out, const struct cdn_settings *settings)
{
#define AUDIT(key) cdn_setting_number(settings, CDN_SETTING_audit_##key)
    *out = (cordon_audit_options)CORDON_AUDIT_OPTIONS_INIT;
    out->sync = AUDIT(sync) == 2   ? CORDON_AUDIT_SYNC_ALWAYS
                : AUDIT(sync) == 3 ? CORDON_AUDIT_SYNC_NONE
                                   : CORDON_AUDIT_SYNC_INTERVAL;
    out->on_full =
        AUDIT(on_full) == 2 ? CORDON_AUDIT_FULL_DROP : CORDON_AUDIT_FULL_BLOCK;
    out->sync_interval_ms = to_small(AUDIT(sync_interval_ms));
    out->sample = to_small(AUDIT(sample));
    out->ring_bytes = AUDIT(ring_bytes);
    out->segment_bytes = AUDIT(segment_bytes);
    out->segment_ms = AUDIT(segment_ms);
    out->keep_segments = AUDIT(keep_segments);
    out->keep_bytes = AUDIT(keep_bytes);
    out->keep_ms = AUDIT(keep_ms);
#undef AUDIT
    out->key_file = cdn_setting_get(settings, CDN_SETTING_audit_key);
    out->masks = settings->masks;
    out->mask_count = settings->mask_count;
}

/* ---- the file ---- */

/* A number of the file, or a flag.  False: it is none of the setting's values. */
static bool take_plain(struct cdn_setting_value *out, enum cdn_setting setting,
                       const cordon_value *value)
{
    enum cdn_setting_type type = rows[setting].type;
    double number = value->type == CORDON_INTEGER  ? (double)value->as.integer
                    : value->type == CORDON_NUMBER ? value->as.number
                                                   : -1;
    bool zero = type == CDN_SETTING_ZERO || type == CDN_SETTING_SIZE0 ||
                type == CDN_SETTING_MS0 || type == CDN_SETTING_PORT;

    if (type == CDN_SETTING_FLAG) {
        out->number = value->type == CORDON_BOOLEAN && value->as.boolean;
        return value->type == CORDON_BOOLEAN;
    }
    if (type == CDN_SETTING_FRACTION || type == CDN_SETTING_FRACTION0)
        return take_fraction(&out->number, type, number);
    if (type == CDN_SETTING_MODE || type == CDN_SETTING_WORD ||
        number < (zero ? 0 : 1) ||
        number > (type == CDN_SETTING_PORT ? UINT16_MAX : 0x1p53) ||
        (zero && value->type != CORDON_INTEGER))
        return false;
    out->number = (uint64_t)number;
    return true;
}

static cordon_status take_value(struct cdn_settings_reader *reader,
                                enum cdn_setting setting, const cordon_value *value)
{
    struct cdn_setting_value *out = &reader->settings->values[setting];
    const char *text;
    cordon_status status;

    if (rows[setting].type == CDN_SETTING_TEXT || value->type == CORDON_STRING) {
        status = cdn_spec_copy_text(&reader->table, &text, value);
        if (status)
            return status;
        if (parse(out, setting, text))
            return CORDON_OK;
    } else if (take_plain(out, setting, value)) {
        return CORDON_OK;
    }
    if (rows[setting].type == CDN_SETTING_WORD)
        return cdn_spec_fail(&reader->table, "one of %s is wanted here",
                             rows[setting].text);
    return cdn_spec_fail(&reader->table, "%s is wanted here",
                         wanted(setting, value->type != CORDON_STRING));
}

cordon_status cdn_settings_note(struct cdn_settings_reader *reader,
                                cordon_status status, size_t depth)
{
    if (status != CORDON_E_DATA || !reader->findings) {
        if (!status)
            reader->table.depth = depth;
        return status;
    }
    reader->table.depth = depth;
    return cdn_policy_find(reader->findings, reader->table.err->line,
                           reader->table.err->message, reader->table.err);
}

/* The names that a section's table may have. */
static size_t keys_of(const char *known[CDN_SETTINGS + 1], const char *section)
{
    size_t count = 0;

    for (size_t i = 0; i < CDN_SETTINGS; i++)
        if (!strcmp(rows[i].section, section))
            known[count++] = rows[i].key;
    if (!strcmp(section, "audit"))
        known[count++] = "masks";
    return count;
}

static cordon_status take_section(struct cdn_settings_reader *reader,
                                  const char *section, const cordon_value *root)
{
    const char *known[CDN_SETTINGS + 1];
    size_t count = keys_of(known, section);
    struct cdn_spec *table = &reader->table;
    cordon_value map, value;
    cordon_status status;

    if (!cordon_value_get(&map, root, section))
        return CORDON_OK;
    cdn_spec_enter(table, section);
    if (!strcmp(section, "auth")) {
        status = cdn_settings_note(reader, cdn_settings_auth(reader, &map), 1);
    } else {
        status = cdn_settings_note(reader,
                                   cdn_spec_check_keys(table, &map, known, count), 1);
        if (map.type != CORDON_MAP)
            count = 0;
    }
    for (size_t i = 0; i < CDN_SETTINGS && count && !status; i++) {
        if (strcmp(rows[i].section, section) != 0 ||
            !cordon_value_get(&value, &map, rows[i].key))
            continue;
        cdn_spec_enter(table, rows[i].key);
        status = cdn_settings_note(reader,
                                   take_value(reader, (enum cdn_setting)i, &value), 1);
        reader->settings->origins[i] = CDN_ORIGIN_FILE;
    }
    if (!status && count && !strcmp(section, "audit") &&
        cordon_value_get(&value, &map, "masks")) {
        cdn_spec_enter(table, "masks");
        status = cdn_settings_note(reader, cdn_settings_masks(reader, &value), 1);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* Evaluate the text of reader->table into `root`, which borrows from `packed`. */
static cordon_status evaluate(cordon_value *root, struct cdn_buf *packed,
                              struct cdn_settings_reader *reader)
{
    struct cdn_spec *table = &reader->table;
    cordon_status status = cdn_config_evaluate(packed, table->source, table->bytes,
                                               table->file, table->err);

    return status ? status
                  : cordon_value_parse(root, packed->data, packed->length, table->err);
}

static cordon_status walk(struct cdn_settings_reader *reader, const cordon_value *root)
{
    cordon_status status = cdn_settings_note(
        reader,
        cdn_spec_check_keys(&reader->table, root, sections, CDN_COUNT(sections)), 0);

    for (size_t i = 0; i < CDN_COUNT(sections) && !status; i++)
        status = take_section(reader, sections[i], root);
    return status;
}

static cordon_status take_file(struct cdn_settings *settings, cordon_error *err)
{
    struct cdn_buf text = {0}, packed = {0};
    struct cdn_settings_reader reader = {
        .settings = settings,
        .table = {.file = settings->file, .blocks = &settings->blocks, .err = err}};
    cordon_value root;
    cordon_status status = cdn_file_read(&text, settings->file, FILE_MAX_BYTES, err);

    reader.table.source = text.data ? (const char *)text.data : "";
    reader.table.bytes = text.length;
    if (!status)
        status = evaluate(&root, &packed, &reader);
    if (!status)
        status = walk(&reader, &root);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&packed);
    return status;
}

cordon_status cdn_settings_check(struct cdn_findings *findings, bool *is_settings,
                                 const char *text, size_t bytes, const char *file,
                                 cordon_error *err)
{
    struct cdn_buf packed = {0};
    struct cdn_settings settings;
    cordon_error own;
    struct cdn_settings_reader reader = {.settings = &settings,
                                         .table = {.file = file,
                                                   .source = text,
                                                   .bytes = bytes,
                                                   .blocks = &settings.blocks,
                                                   .err = err ? err : &own},
                                         .findings = findings};
    cordon_value root, section;
    cordon_status status;

    cdn_settings_defaults(&settings);
    *is_settings = false;
    status = evaluate(&root, &packed, &reader);
    for (size_t i = 0; i < CDN_COUNT(sections) && !status; i++)
        if (root.type == CORDON_MAP && cordon_value_get(&section, &root, sections[i]))
            *is_settings = true;
    if (!status && *is_settings)
        status = walk(&reader, &root);
    if (!status && findings->count)
        status = CORDON_E_DATA;
    cdn_settings_deinit(&settings);
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

static cordon_status take_flag(struct cdn_settings *settings, enum cdn_setting setting,
                               const char *text, cordon_error *err)
{
    cordon_status status = text ? take_text(settings, setting, text, err) : CORDON_OK;

    if (status)
        cdn_error_prefix(err, "%s", rows[setting].name);
    else if (text)
        settings->origins[setting] = CDN_ORIGIN_FLAG;
    return status;
}

/* A store's own policy, if it has one, where none was named. */
static cordon_status default_policy(struct cdn_settings *settings, const char *data,
                                    cordon_error *err)
{
    struct cdn_spec table = {.blocks = &settings->blocks};
    size_t bytes;
    char *path;

    if (!data || settings->values[CDN_SETTING_policy_file].text)
        return CORDON_OK;
    bytes = strlen(data) + sizeof("/policy.lua");
    path = cdn_spec_keep(&table, bytes);
    if (!path)
        return cdn_error_nomem(err);
    snprintf(path, bytes, "%s/policy.lua", data);
    if (!access(path, F_OK))
        settings->values[CDN_SETTING_policy_file].text = path;
    return CORDON_OK;
}

cordon_status cdn_settings_load(struct cdn_settings *out,
                                const struct cdn_setting_flags *flags,
                                cordon_error *err)
{
    const char *config = flags->config ? flags->config : getenv("CORDON_CONFIG");
    cordon_error own;
    cordon_status status = CORDON_OK;

    cdn_settings_defaults(out);
    out->file = config && *config ? config : NULL;
    if (out->file)
        status = take_file(out, err ? err : &own);
    if (!status)
        status = take_environment(out, err);
    if (!status)
        status = take_flag(out, CDN_SETTING_policy_file, flags->policy, err);
    for (size_t i = 0; i < flags->more_count && !status; i++)
        status = take_flag(out, flags->more[i].setting, flags->more[i].text, err);
    if (!status)
        status = default_policy(out,
                                flags->data || !flags->serves
                                    ? flags->data
                                    : out->values[CDN_SETTING_server_data].text,
                                err);
    to_engine(out);
    out->policy_file = out->values[CDN_SETTING_policy_file].text;
    return status;
}

void cdn_settings_deinit(struct cdn_settings *settings)
{
    cdn_spec_release(&settings->blocks);
}
