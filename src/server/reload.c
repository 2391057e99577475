/* Keeping up with what is served.
 *
 * One look at a time, under `looking`.  What failed is a word and a message for each part, under
 * `telling`, which is held for a copy: /readyz is answered on an event loop and waits for no
 * reload.
 *
 * The policy is read by this server's own look, not left to the engine's upkeep alone, which
 * says what is wrong with a file once: whether the file that is there is in force must be known
 * for as long as it is not.
 *
 * The configuration is read as a whole before any of it is taken over, so that a faulty one
 * changes nothing.  It is not followed: whoever changes several of its files (tokens here,
 * certificates there) says when they are complete. */
#include "server/reload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cordon/upkeep.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "server/files.h"
#include "server/follow.h"
#include "server/host.h"
#include "server/log.h"
#include "server/server.h"
#include "server/tls.h"

enum { MESSAGE_BYTES = CORDON_ERROR_FILE_BYTES + CORDON_ERROR_MESSAGE_BYTES + 32 };

struct failure {
    bool failed;
    char message[MESSAGE_BYTES];
};

struct cdn_reload {
    struct cdn_host *host;
    struct cdn_files *files;
    struct cdn_follow
        *follow; /* the policy, if there is one, and the store's CURRENT */
    bool has_policy;
    pthread_mutex_t looking;
    pthread_mutex_t telling;
    atomic_uint failed; /* bits, 1 << part */
    struct failure failures[CDN_RELOAD_PARTS];
    /* what the configuration said when it was read last; none of it owns anything */
    struct cdn_server_taken taken[CDN_SERVER_MAX_TAKEN];
    size_t taken_count;
    const char *restart[CDN_SERVER_MAX_RESTART];
    size_t restart_count;
};

_Static_assert(sizeof(((struct cdn_server_taken *)0)->value) == CDN_RELOAD_VALUE_BYTES,
               "one size of a setting's value");

static const char *const words[] = {
#define RELOAD_WORD(name, word) word,
    CDN_RELOAD_MAP(RELOAD_WORD)
#undef RELOAD_WORD
};

/* ---- what failed ---- */

static void describe(char out[MESSAGE_BYTES], const cordon_error *err)
{
    if (err->file[0])
        (void)snprintf(out, MESSAGE_BYTES, "%s:%u: %s", err->file, err->line,
                       err->message);
    else
        (void)snprintf(out, MESSAGE_BYTES, "%s", err->message);
}

/* Note how a part stands; told when that is news. */
static void note(struct cdn_reload *reload, enum cdn_reload_part part,
                 cordon_status status, const cordon_error *err)
{
    struct failure *failure = &reload->failures[part];
    char message[MESSAGE_BYTES] = "";
    bool news, was = failure->failed;

    if (status)
        describe(message, err);
    pthread_mutex_lock(&reload->telling);
    news = (status != CORDON_OK) != was ||
           (status && strcmp(message, failure->message) != 0);
    failure->failed = status != CORDON_OK;
    memcpy(failure->message, message, sizeof message);
    pthread_mutex_unlock(&reload->telling);
    if (status)
        atomic_fetch_or(&reload->failed, 1u << part);
    else
        atomic_fetch_and(&reload->failed, ~(1u << part));
    if (news && status)
        cdn_log_fields(reload->host->log, CORDON_LEVEL_ERROR, "reload.failed",
                       &(struct cdn_log_field){"part", words[part], 0}, 1,
                       "what was served stays: %s", message);
    else if (news)
        cdn_log_fields(reload->host->log, CORDON_LEVEL_INFO, "reload.mended",
                       &(struct cdn_log_field){"part", words[part], 0}, 1,
                       "what its file says is in service again");
}

bool cdn_reload_failed(const struct cdn_reload *reload)
{
    return reload && atomic_load_explicit(&reload->failed, memory_order_relaxed) != 0;
}

void cdn_reload_write(struct cdn_json *json, struct cdn_reload *reload, bool whole)
{
    if (!cdn_reload_failed(reload))
        return;
    cdn_json_key(json, "failures");
    cdn_json_array(json);
    pthread_mutex_lock(&reload->telling);
    for (size_t i = 0; i < CDN_RELOAD_PARTS; i++) {
        if (!reload->failures[i].failed)
            continue;
        if (!whole) {
            cdn_json_cstr(json, words[i]);
            continue;
        }
        cdn_json_object(json);
        cdn_json_key_cstr(json, "part", words[i]);
        cdn_json_key_cstr(json, "message", reload->failures[i].message);
        cdn_json_object_end(json);
    }
    pthread_mutex_unlock(&reload->telling);
    cdn_json_array_end(json);
}

void cdn_reload_write_restart(struct cdn_json *json, struct cdn_reload *reload)
{
    if (!reload)
        return;
    pthread_mutex_lock(&reload->telling);
    if (reload->restart_count) {
        cdn_json_key(json, "restart");
        cdn_json_array(json);
        for (size_t i = 0; i < reload->restart_count; i++)
            cdn_json_cstr(json, reload->restart[i]);
        cdn_json_array_end(json);
    }
    pthread_mutex_unlock(&reload->telling);
}

bool cdn_reload_setting(struct cdn_server_setting *setting,
                        char value[CDN_RELOAD_VALUE_BYTES], struct cdn_reload *reload)
{
    bool restart = false;

    if (!reload)
        return false;
    pthread_mutex_lock(&reload->telling);
    for (size_t i = 0; i < reload->taken_count; i++) {
        const struct cdn_server_taken *taken = &reload->taken[i];

        if (strcmp(taken->name, setting->name) != 0)
            continue;
        memcpy(value, taken->value, sizeof taken->value);
        setting->value = value;
        setting->from = taken->from;
    }
    for (size_t i = 0; i < reload->restart_count && !restart; i++)
        restart = !strcmp(reload->restart[i], setting->name);
    pthread_mutex_unlock(&reload->telling);
    return restart;
}

/* ---- looking; under `looking` ---- */

static void look_at_policy(struct cdn_reload *reload)
{
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cordon_engine_use_policy(reload->host->engine,
                                      reload->host->options->policy, &err);
    note(reload, CDN_RELOAD_POLICY, status, &err);
}

/* Everything that the engine follows.  True: it sees another graph than before. */
static bool keep_up(struct cdn_reload *reload)
{
    cordon_upkeep did = CORDON_UPKEEP_INIT;
    struct cdn_host *host = reload->host;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cordon_engine_upkeep(host->engine, &did, &err);
    __atomic_store_n(&host->registry_sequence, did.registry_sequence, __ATOMIC_RELAXED);
    /* the engine has logged which versions do not load */
    if (status == CORDON_E_RULE && did.refused)
        status = CORDON_OK;
    note(reload, CDN_RELOAD_DATA, status, &err);
    /* a policy that had waited for this generation */
    if (did.policy_changed)
        note(reload, CDN_RELOAD_POLICY, CORDON_OK, NULL);
    return did.moved;
}

static void look_at_files(struct cdn_reload *reload)
{
    size_t loaded = 0;
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_files_load(&loaded, reload->files, &err);
    note(reload, CDN_RELOAD_RULES, status, &err);
    if (loaded)
        cdn_log_fields(reload->host->log, CORDON_LEVEL_INFO, "reload.rules",
                       &(struct cdn_log_field){"files", NULL, (int64_t)loaded}, 1,
                       "files that had changed are in service");
}

/* `again`: what failed before is tried though no file has changed. */
static void look(struct cdn_reload *reload, bool again)
{
    bool changed = cdn_follow_look(reload->follow) > 0;
    bool failed = reload->failures[CDN_RELOAD_POLICY].failed;

    if (reload->has_policy &&
        ((changed && cdn_follow_changed(reload->follow, 0)) || (again && failed)))
        look_at_policy(reload);
    /* what did not fit the graph before may fit this one */
    if (keep_up(reload))
        again = true;
    failed = reload->failures[CDN_RELOAD_RULES].failed;
    if (cdn_files_look(reload->files) || (again && failed))
        look_at_files(reload);
}

/* ---- what is read where that is asked for alone; under `looking` ---- */

/* A server that knows its callers is not opened to everybody by a file that was emptied. */
static cordon_status read_config(struct cdn_server_fresh *out, struct cdn_host *host,
                                 cordon_error *err)
{
    const struct cdn_server_options *options = host->options;
    cordon_status status = options->again(options->again_ud, out, err);

    if (status || !cdn_auth_is_open(out->auth) || cdn_auth_is_open(host->auth))
        return status;
    cdn_auth_release(out->auth);
    return cdn_error_set(err, CORDON_E_DATA,
                         "%s: nobody is configured any more, and then anybody may do "
                         "everything; that takes a new start",
                         options->config_file ? options->config_file
                                              : "the configuration");
}

static void take_config(struct cdn_reload *reload, const struct cdn_server_fresh *fresh)
{
    struct cdn_log *log = reload->host->log;

    cdn_host_set_auth_take(reload->host, fresh->auth);
    cdn_log_set_form(log, fresh->log.form);
    cdn_log_set_level(log, fresh->log.level, fresh->log.access);
    pthread_mutex_lock(&reload->telling);
    memcpy(reload->taken, fresh->taken, sizeof reload->taken);
    reload->taken_count = fresh->taken_count;
    memcpy(reload->restart, fresh->restart, sizeof reload->restart);
    reload->restart_count = fresh->restart_count;
    pthread_mutex_unlock(&reload->telling);
    for (size_t i = 0; i < fresh->restart_count; i++)
        cdn_log_say(log, CORDON_LEVEL_WARNING, "reload.restart",
                    "%s: what the configuration says now takes a new start",
                    fresh->restart[i]);
}

static void look_at_config(struct cdn_reload *reload)
{
    struct cdn_server_fresh fresh = {0};
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = read_config(&fresh, reload->host, &err);
    if (!status)
        take_config(reload, &fresh);
    note(reload, CDN_RELOAD_CONFIG, status, &err);
}

static void look_at_certificate(struct cdn_reload *reload)
{
    struct cdn_tls *tls = reload->host->tls;
    char text[CDN_TLS_WARNING_BYTES];
    cordon_error err;
    cordon_status status;

    cdn_error_clear(&err);
    status = cdn_tls_reload(tls, &err);
    note(reload, CDN_RELOAD_TLS, status, &err);
    if (!status && cdn_tls_warning(text, tls, cdn_clock_wall_ms()))
        cdn_log_say(reload->host->log, CORDON_LEVEL_WARNING, "tls", "%s", text);
}

void cdn_reload_look(struct cdn_reload *reload)
{
    pthread_mutex_lock(&reload->looking);
    look(reload, false);
    pthread_mutex_unlock(&reload->looking);
}

bool cdn_reload_now(struct cdn_reload *reload)
{
    bool good, whole;

    pthread_mutex_lock(&reload->looking);
    look(reload, true);
    if (reload->host->options->again)
        look_at_config(reload);
    if (reload->host->tls)
        look_at_certificate(reload);
    good = !cdn_reload_failed(reload);
    whole = !reload->restart_count; /* changed under `looking`, too */
    pthread_mutex_unlock(&reload->looking);
    cdn_log_say(reload->host->log, good ? CORDON_LEVEL_INFO : CORDON_LEVEL_ERROR,
                "reload", "%s",
                !good   ? "something could not be taken over; see before"
                : whole ? "everything is as its files say"
                        : "everything is as its files say but what takes a new start");
    return good;
}

size_t cdn_reload_fds(const struct cdn_reload *reload, int fds[2])
{
    size_t count = 0;

    if (cdn_follow_fd(reload->follow) >= 0)
        fds[count++] = cdn_follow_fd(reload->follow);
    if (cdn_files_fd(reload->files) >= 0)
        fds[count++] = cdn_files_fd(reload->files);
    return count;
}

/* ---- opening ---- */

static cordon_status follow_all(struct cdn_reload *reload, cordon_error *err)
{
    const struct cdn_server_options *options = reload->host->options;
    const char *paths[2];
    char current[4096];
    size_t count = 0;

    reload->has_policy = options->policy != NULL;
    if (options->policy)
        paths[count++] = options->policy;
    if (options->data &&
        !cdn_path_join(current, sizeof current, options->data, "CURRENT", NULL))
        paths[count++] = current;
    return cdn_follow_open(&reload->follow, paths, count, err);
}

cordon_status cdn_reload_open(struct cdn_reload **out, struct cdn_host *host,
                              cordon_error *err)
{
    struct cdn_reload *reload = cdn_calloc(1, sizeof *reload);
    cordon_status status;

    *out = NULL;
    if (!reload)
        return cdn_error_nomem(err);
    reload->host = host;
    pthread_mutex_init(&reload->looking, NULL);
    pthread_mutex_init(&reload->telling, NULL);
    status = follow_all(reload, err);
    if (!status)
        status = cdn_files_open(&reload->files, host->engine, host->options, err);
    if (status) {
        cdn_reload_close(reload);
        return status;
    }
    *out = reload;
    return CORDON_OK;
}

void cdn_reload_close(struct cdn_reload *reload)
{
    if (!reload)
        return;
    cdn_files_close(reload->files);
    cdn_follow_close(reload->follow);
    pthread_mutex_destroy(&reload->looking);
    pthread_mutex_destroy(&reload->telling);
    cdn_free(reload);
}
