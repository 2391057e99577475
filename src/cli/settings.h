/* What this program can be set to, and from where each setting comes.
 *
 * A setting has a section and a key, "engine.max_edges".  It is looked for, and taken from
 * the first place that has it: an option of the command line, the environment
 * (CORDON_ENGINE__MAX_EDGES), the configuration file (a Lua table, { engine = { max_edges =
 * 1e6 } }), the default.  A name that no setting has is an error in a file; the environment
 * is not searched for such.
 *
 * Who calls the server (auth) and what is masked in its log (audit.masks) are lists, which
 * only a file can have; settings_lists.c reads them. */
#ifndef CDN_CLI_SETTINGS_H
#define CDN_CLI_SETTINGS_H

#include <cordon/audit.h>
#include <cordon/engine.h>

#include "base/buf.h"
#include "base/error.h"
#include "server/auth.h"

struct cdn_findings; /* engine/policy.h */

enum cdn_origin {
    CDN_ORIGIN_DEFAULT,
    CDN_ORIGIN_FILE,
    CDN_ORIGIN_ENVIRONMENT,
    CDN_ORIGIN_FLAG
};

/* What values a setting has.  As text they are what an option of the command line takes; what
 * stands behind says how a file may write them otherwise. */
enum cdn_setting_type {
    CDN_SETTING_COUNT,    /* from 1; a number */
    CDN_SETTING_ZERO,     /* from 0, which means none or what the help says; a number */
    CDN_SETTING_SIZE,     /* bytes, above 0; a number of bytes */
    CDN_SETTING_SIZE0,    /* the same, or 0 for none */
    CDN_SETTING_NS,       /* above 0; a number of nanoseconds */
    CDN_SETTING_MS,       /* above 0; a number of milliseconds */
    CDN_SETTING_MS0,      /* the same, or 0 for none */
    CDN_SETTING_PORT,     /* 0 to 65535; a number */
    CDN_SETTING_MODE,     /* permissions of a file, octal: "0660" */
    CDN_SETTING_FLAG,     /* true or false */
    CDN_SETTING_FRACTION, /* above 0, to 1, kept in ten thousandths; a number */
    CDN_SETTING_FRACTION0, /* the same, or 0 for none */
    CDN_SETTING_WORD,      /* one of several, kept as its number from 1 */
    CDN_SETTING_TEXT       /* NULL: none */
};

/* X(section, key, type, number, text, help): the default is `number`, or of a TEXT `text`, which
 * of a WORD lists them all.  The engine's are fields of cordon_engine_options, whose defaults
 * are the engine's own; one of type ZERO there is CORDON_NONE where it is 0. */
#define CDN_SETTING_MAP(X)                                                             \
    X(engine, slots, COUNT, 0, NULL, "evaluations at once")                            \
    X(engine, busy_wait_ms, MS, 0, NULL, "how long one waits for a slot")              \
    X(engine, max_waiting, ZERO, 0, NULL, "how many wait for a slot")                  \
    X(engine, interrupt_slots, ZERO, 0, NULL, "more slots for what has priority")      \
    X(engine, tighten, ZERO, 0, NULL,                                                  \
      "times its usual cost that a rule may use while others wait; 0: any")            \
    X(engine, max_instructions, COUNT, 0, NULL, "ceilings of an evaluation's budgets") \
    X(engine, max_edges, COUNT, 0, NULL, NULL)                                         \
    X(engine, max_nodes, COUNT, 0, NULL, NULL)                                         \
    X(engine, max_hops, COUNT, 0, NULL, NULL)                                          \
    X(engine, max_memory_bytes, SIZE, 0, NULL, NULL)                                   \
    X(engine, max_output_bytes, SIZE, 0, NULL, NULL)                                   \
    X(engine, max_wall_ns, NS, 0, NULL, NULL)                                          \
    X(engine, load_memory_bytes, SIZE, 0, NULL, "what a rule may take when loaded")    \
    X(engine, image_budget_bytes, SIZE, 0, NULL, "of images of rules, all together")   \
    X(engine, workers_min, ZERO, 0, NULL, "workers kept ready behind a wall in use")   \
    X(engine, workers_max, ZERO, 0, NULL, "of them at most; 0: one for each slot")     \
    X(engine, workers_idle_ms, MS, 0, NULL, "how long one is kept that nobody needs")  \
    X(policy, file, TEXT, 0, NULL, "who may see what; default: policy.lua in a store") \
    X(server, data, TEXT, 0, NULL, "the store, or one snapshot file")                  \
    X(server, registry, TEXT, 0, NULL, "of rules; default: rules.mdb in the store")    \
    X(server, address, TEXT, 0, "127.0.0.1",                                           \
      "IPv4 or IPv6; \"none\": only the socket")                                       \
    X(server, port, PORT, 7878, NULL, "0: any that is free")                           \
    X(server, socket, TEXT, 0, NULL, "path of a Unix socket, beside the address")      \
    X(server, socket_mode, MODE, 0660, NULL, "who may connect to it")                  \
    X(server, threads, ZERO, 0, NULL, "event loops; 0: one a CPU, at most 16")         \
    X(server, workers, ZERO, 0, NULL, "for what may take long; 0: one a CPU")          \
    X(server, queue, COUNT, 64, NULL, "requests that wait for a worker")               \
    X(server, max_connections, COUNT, 1024, NULL, "open at once")                      \
    X(server, max_connections_per_address, ZERO, 512, NULL,                            \
      "of them from one; 0: any")                                                      \
    X(server, max_header_bytes, SIZE, 8192, NULL, "of one request's headers")          \
    X(server, max_body_bytes, SIZE, 1048576, NULL, "of one request's body")            \
    X(server, max_batch_bytes, SIZE, 16777216, NULL, "of a batch's body")              \
    X(server, header_timeout_ms, MS, 10000, NULL,                                      \
      "until a request's headers are here")                                            \
    X(server, request_timeout_ms, MS, 60000, NULL, "until its body is, too")           \
    X(server, idle_timeout_ms, MS, 30000, NULL, "without a byte either way")           \
    X(server, drain_delay_ms, MS0, 0, NULL,                                            \
      "from /readyz's word to the end of listening")                                   \
    X(server, drain_timeout_ms, MS, 30000, NULL, "for what is under way at the end")   \
    X(server, open_metrics, FLAG, 0, NULL, "/metrics is for anybody")                  \
    X(tls, certificate, TEXT, 0, NULL, "PEM, with what leads to its authority")        \
    X(tls, key, TEXT, 0, NULL, "PEM")                                                  \
    X(tls, client_ca, TEXT, 0, NULL, "PEM: clients show a certificate of these")       \
    X(audit, dir, TEXT, 0, NULL, "the decision log; none: nothing is recorded")        \
    X(audit, key, TEXT, 0, NULL, "the file its chain is keyed with")                   \
    X(audit, sync, WORD, 1, "interval|always|none", "when records reach the disk")     \
    X(audit, sync_interval_ms, MS, 1000, NULL, NULL)                                   \
    X(audit, on_full, WORD, 1, "block|drop",                                           \
      "what becomes of records beyond its ring")                                       \
    X(audit, sample, FRACTION, 10000, NULL, "of decisions that are recorded")          \
    X(audit, ring_bytes, SIZE, 4194304, NULL, "a power of two")                        \
    X(audit, segment_bytes, SIZE, 67108864, NULL, "a file of the log")                 \
    X(audit, segment_ms, MS, 86400000, NULL, "how long one is written to")             \
    X(audit, keep_segments, ZERO, 0, NULL, "what is kept; 0: all")                     \
    X(audit, keep_bytes, SIZE0, 0, NULL, NULL)                                         \
    X(audit, keep_ms, MS0, 0, NULL, NULL)                                              \
    X(proposals, file, TEXT, 0, NULL, "what rules propose; none: it is not kept")      \
    X(log, format, WORD, 1, "text|json|journal", "of stderr")                          \
    X(log, level, WORD, 2, "debug|info|warning|error", "the least that is told")       \
    X(log, access, FLAG, 0, NULL, "a line for each request too")                       \
    X(trace, endpoint, TEXT, 0, NULL, "of OTLP/HTTP: \"http://127.0.0.1:4318\"")       \
    X(trace, service, TEXT, 0, "cordon", "what spans call this server")                \
    X(trace, ca_file, TEXT, 0, NULL, "PEM: whose certificates are trusted")            \
    X(trace, sample, FRACTION0, 10000, NULL, "of requests that no caller traces")

enum cdn_setting {
#define CDN_SETTING_ENUM(section, key, type, number, text, help)                       \
    CDN_SETTING_##section##_##key,
    CDN_SETTING_MAP(CDN_SETTING_ENUM)
#undef CDN_SETTING_ENUM
        CDN_SETTINGS
};

struct cdn_setting_value {
    uint64_t number;
    const char *text; /* of a TEXT */
};

struct cdn_settings {
    struct cdn_setting_value values[CDN_SETTINGS];
    enum cdn_origin origins[CDN_SETTINGS];
    cordon_engine_options engine; /* the engine's values */
    const char *policy_file;      /* NULL: none */
    const char *file;             /* the configuration file; NULL: none was read */
    /* the lists */
    struct cdn_auth_entry *entries;
    uint32_t entry_count;
    cordon_audit_mask *masks;
    uint32_t mask_count;
    void *blocks; /* texts of the file, the lists, and the default policy's name */
};

/* What was given on the command line; NULL: nothing. */
struct cdn_setting_flag {
    enum cdn_setting setting;
    const char *text; /* NULL: it was not given */
};
struct cdn_setting_flags {
    const char *config; /* the configuration file; NULL: CORDON_CONFIG, or none */
    const char *data;   /* the store: policy.lua in it is the default policy */
    const char *policy;
    const struct cdn_setting_flag *more;
    size_t more_count;
    bool serves; /* server.data is the store, where `data` is none */
};

/* Ownership: out's, until cdn_settings_deinit(); texts of `flags` and of the environment
 *            are borrowed.
 * Errors: CORDON_E_DATA, CORDON_E_RULE a bad file or a bad value, with its place;
 *         CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM. */
cordon_status cdn_settings_load(struct cdn_settings *out,
                                const struct cdn_setting_flags *flags,
                                cordon_error *err);
/* As if nothing had been said anywhere. */
void cdn_settings_defaults(struct cdn_settings *out);
void cdn_settings_deinit(struct cdn_settings *settings);

/* Note every fault of the text of a configuration file; *is_settings: is it one, or some other
 * table?  `file` is its name, for messages.
 * Errors: CORDON_E_DATA faults were noted; CORDON_E_RULE the text makes no table;
 *         CORDON_E_NOMEM. */
cordon_status cdn_settings_check(struct cdn_findings *findings, bool *is_settings,
                                 const char *text, size_t bytes, const char *file,
                                 cordon_error *err);

static inline uint64_t cdn_setting_number(const struct cdn_settings *settings,
                                          enum cdn_setting setting)
{
    return settings->values[setting].number;
}

static inline const char *cdn_setting_get(const struct cdn_settings *settings,
                                          enum cdn_setting setting)
{
    return settings->values[setting].text;
}

/* Do both say the same of it? */
bool cdn_setting_same(const struct cdn_settings *settings,
                      const struct cdn_settings *others, enum cdn_setting setting);
/* The value of a fraction. */
double cdn_setting_fraction(const struct cdn_settings *settings,
                            enum cdn_setting setting);
/* "token", "certificate" or "peer". */
const char *cdn_settings_known_by(const struct cdn_auth_entry *entry);
/* Options of a decision log from the section audit; they borrow from `settings`. */
void cdn_settings_audit(cordon_audit_options *out, const struct cdn_settings *settings);

/* Options of a server from all sections but log and trace; they borrow from `settings`, and from
 * `audit`, which is filled. */
struct cdn_server_options;
void cdn_settings_server(struct cdn_server_options *out, cordon_audit_options *audit,
                         const struct cdn_settings *settings);

/* What a row says. */
const char *cdn_setting_section(enum cdn_setting setting); /* "engine" */
const char *cdn_setting_key(enum cdn_setting setting);     /* "max_edges" */
enum cdn_setting_type cdn_setting_type(enum cdn_setting setting);
const char *cdn_setting_help(enum cdn_setting setting); /* NULL: as the one before */
/* The words of a WORD, "text|json". */
const char *cdn_setting_words(enum cdn_setting setting);
/* "engine.max_edges", "CORDON_ENGINE__MAX_EDGES", its value as text; return out. */
const char *cdn_setting_name(enum cdn_setting setting);
char *cdn_setting_variable(char *out, size_t size, enum cdn_setting setting);
char *cdn_setting_text(char *out, size_t size, const struct cdn_settings *settings,
                       enum cdn_setting setting);
const char *cdn_origin_str(enum cdn_origin origin);

/* A server.lua to begin with: every setting with its default, commented out, and examples of
 * the lists (settings_starter.c). */
void cdn_settings_starter(struct cdn_buf *out);

#endif
