/* What this program can be set to, and from where each setting comes.
 *
 * A setting has a section and a key, "engine.max_edges".  It is looked for, and taken from
 * the first place that has it: an option of the command line, the environment
 * (CORDON_ENGINE__MAX_EDGES), the configuration file (a Lua table, { engine = { max_edges =
 * 1e6 } }), the default.  A name that no setting has is an error in a file; the environment
 * is not searched for such. */
#ifndef CDN_CLI_SETTINGS_H
#define CDN_CLI_SETTINGS_H

#include <cordon/engine.h>

#include "base/error.h"

enum cdn_origin {
    CDN_ORIGIN_DEFAULT,
    CDN_ORIGIN_FILE,
    CDN_ORIGIN_ENVIRONMENT,
    CDN_ORIGIN_FLAG
};

/* X(section, key, type): the engine's are fields of cordon_engine_options.  One of type ZERO
 * may be 0 for none, which the options call CORDON_NONE. */
#define CDN_SETTING_MAP(X)                                                             \
    X(engine, slots, COUNT)                                                            \
    X(engine, busy_wait_ms, MS)                                                        \
    X(engine, max_waiting, ZERO)                                                       \
    X(engine, interrupt_slots, ZERO)                                                   \
    X(engine, tighten, ZERO)                                                           \
    X(engine, max_instructions, COUNT)                                                 \
    X(engine, max_edges, COUNT)                                                        \
    X(engine, max_nodes, COUNT)                                                        \
    X(engine, max_hops, COUNT)                                                         \
    X(engine, max_memory_bytes, SIZE)                                                  \
    X(engine, max_output_bytes, SIZE)                                                  \
    X(engine, max_wall_ns, NS)                                                         \
    X(engine, load_memory_bytes, SIZE)                                                 \
    X(engine, image_budget_bytes, SIZE)                                                \
    X(policy, file, TEXT)

enum cdn_setting {
#define CDN_SETTING_ENUM(section, key, type) CDN_SETTING_##section##_##key,
    CDN_SETTING_MAP(CDN_SETTING_ENUM)
#undef CDN_SETTING_ENUM
        CDN_SETTINGS
};

struct cdn_settings {
    cordon_engine_options engine;
    const char *policy_file; /* NULL: none */
    const char *file;        /* the configuration file; NULL: none was read */
    enum cdn_origin origins[CDN_SETTINGS];
    void *blocks; /* texts of the file, and the default policy's name */
};

/* What was given on the command line; NULL: nothing. */
struct cdn_setting_flags {
    const char *config; /* the configuration file; NULL: CORDON_CONFIG, or none */
    const char *data;   /* the store: policy.lua in it is the default policy */
    const char *policy;
};

/* Ownership: out's, until cdn_settings_deinit(); texts of `flags` and of the environment
 *            are borrowed.
 * Errors: CORDON_E_DATA, CORDON_E_RULE a bad file or a bad value, with its place;
 *         CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_settings_load(struct cdn_settings *out,
                                const struct cdn_setting_flags *flags,
                                cordon_error *err);
void cdn_settings_deinit(struct cdn_settings *settings);

/* The value of one that is a number. */
uint64_t cdn_setting_number(const struct cdn_settings *settings,
                            enum cdn_setting setting);
/* "engine.max_edges", "CORDON_ENGINE__MAX_EDGES", its value as text; return out. */
const char *cdn_setting_name(enum cdn_setting setting);
char *cdn_setting_variable(char *out, size_t size, enum cdn_setting setting);
char *cdn_setting_text(char *out, size_t size, const struct cdn_settings *settings,
                       enum cdn_setting setting);
const char *cdn_origin_str(enum cdn_origin origin);

#endif
