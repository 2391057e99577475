/* A rule beside the session: loaded, run on the node, explained, and run again.
 *
 * It goes through the engine as `cordon eval` has it: pristine at every run, within its own
 * limits, without a look at what has been set here.  A new text that does not load leaves the
 * rule that did. */
#include "cli/repl/repl.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cordon/rule.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/time.h"
#include "codec/json.h"

/* ---- loading ---- */

/* The first run is not to wait for a worker, and a wall that there is not is to be told of now. */
static void warm(struct cdn_repl *repl)
{
    cordon_error err;

    if (repl->session.tier.wall &&
        cordon_engine_warm(repl->session.engine, repl->rule.name, &err))
        cdn_repl_fail_of(repl, &err);
}

static void tell_load_error(struct cdn_repl *repl, const cordon_error *err,
                            const struct cdn_buf *source, const char *file)
{
    const struct cdn_diagnostic diagnostic = {
        .severity = "error",
        .file = err->file[0] ? err->file : file,
        .line = err->line,
        .column = err->column,
        .message = err->message,
        .source = (const char *)source->data,
        .source_bytes = source->length,
    };

    cdn_diagnostic_print(repl->cli->err, repl->cli->err_color, &diagnostic);
    repl->code = cdn_cli_exit_of(err->status);
}

/* Load the file into the engine, and make it the session's rule; false: told why not. */
static bool load(struct cdn_repl *repl, const char *file)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    struct cdn_buf source = {0};
    char name[sizeof repl->rule.name];
    cordon_error err;

    cdn_error_clear(&err);
    if (cdn_file_read(&source, file, CORDON_RULE_MAX_SOURCE_BYTES, &err)) {
        cdn_repl_fail_of(repl, &err);
        repl->code = CDN_EXIT_USAGE;
    } else if (cordon_engine_load_rule(repl->session.engine, (const char *)source.data,
                                       source.length, file, name, &err)) {
        tell_load_error(repl, &err, &source, file);
    } else {
        cdn_hash_content(hash, source.data, source.length);
        cdn_hash_hex(repl->rule.digest, hash, sizeof hash);
        memcpy(repl->rule.name, name, sizeof name);
        cdn_buf_deinit(&repl->rule.source);
        repl->rule.source = source;
        repl->rule.file = file;
        repl->rule_loaded = true;
        warm(repl);
        return true;
    }
    cdn_buf_deinit(&source);
    return false;
}

static bool need_rule(struct cdn_repl *repl)
{
    if (!repl->rule_loaded)
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "no rule is loaded; :load FILE");
    return repl->rule_loaded;
}

/* ---- running ---- */

struct asked {
    struct cdn_request request;
    struct cdn_traced_options tracing;
};

cordon_status cdn_repl_copy_request(struct cdn_request *out,
                                    const struct cdn_request *from, cordon_error *err)
{
    memcpy(out->label, from->label, sizeof out->label);
    out->has_node = from->has_node;
    out->has_now = from->has_now;
    out->has_as_of = from->has_as_of;
    out->has_seed = from->has_seed;
    out->now_ms = from->now_ms;
    out->as_of_ms = from->as_of_ms;
    out->seed = from->seed;
    cdn_buf_append(&out->key, from->key.data, from->key.length);
    cdn_buf_append(&out->params, from->params.data, from->params.length);
    return out->key.failed || out->params.failed ? cdn_error_nomem(err) : CORDON_OK;
}

/* One word of :run, a node or a parameter, into the request. */
static cordon_status take_word(struct cdn_request *request, const struct cdn_repl *repl,
                               const char *word, cordon_error *err)
{
    struct cdn_buf one = {0}, all = {0};
    cordon_status status;

    if (!strchr(word, '=')) {
        cdn_buf_clear(&request->key);
        return cdn_request_node(request, word, strlen(word), err);
    }
    status = cdn_params_word(
        &one, word, cdn_session_takes_text(repl->session.engine, repl->rule.name, word),
        err);
    if (!status)
        status = cdn_params_merge(&all, &request->params, &one, err);
    cdn_buf_deinit(&one);
    if (status) {
        cdn_buf_deinit(&all);
        return status;
    }
    cdn_buf_deinit(&request->params);
    request->params = all;
    return CORDON_OK;
}

static int code_of(const cordon_outcome *outcome)
{
    switch (cordon_outcome_get_kind(outcome)) {
    case CORDON_OUTCOME_OK:
        return CDN_EXIT_OK;
    case CORDON_OUTCOME_LIMIT:
        return CDN_EXIT_LIMIT;
    case CORDON_OUTCOME_ERROR:
    case CORDON_OUTCOME_DENIED:
    case CORDON_OUTCOME_INVALID_RESULT:
    case CORDON_OUTCOME_CANCELLED:
    default:
        return CDN_EXIT_FINDINGS;
    }
}

static void show(struct cdn_repl *repl, const struct cdn_eval_result *result)
{
    FILE *out = repl->cli->out;
    struct cdn_buf text = {0};

    if (repl->json) {
        cdn_eval_json(&text, result, false);
        (void)cdn_json_print(repl->cli, &text);
    } else {
        cdn_eval_show(out, repl->cli->out_color, result, repl->usage);
        if (result->traced && result->traced->options.profile) {
            fputc('\n', out);
            cdn_profile_show(out, repl->cli->out_color, result->traced);
        }
    }
    cdn_buf_deinit(&text);
}

static cordon_status judge(struct cdn_repl *repl, struct asked *asked,
                           cordon_error *err)
{
    struct cdn_traced traced = {0};
    cordon_request call = CORDON_REQUEST_INIT;
    struct cdn_eval_result result = {.rule = &repl->rule,
                                     .request = &asked->request,
                                     .call = &call,
                                     .outcome = repl->rule_outcome,
                                     .alone = true};
    cordon_status status =
        cdn_session_call(&call, &repl->session, &asked->request, err);
    bool ok;

    call.cancel = repl->interactive ? &repl->cancel : repl->cli->cancel;
    if (!status && cdn_traced_wanted(&asked->tracing)) {
        status = cdn_traced_init(&traced, &asked->tracing, err);
        call.trace = traced.trace;
    }
    if (!status)
        status = cordon_evaluate(repl->rule_outcome, repl->session.engine,
                                 repl->rule.name, &call, err);
    if (!status && traced.trace)
        status = cdn_traced_take(&traced, (const char *)repl->rule.source.data,
                                 repl->rule.source.length, repl->rule.file, err);
    if (!status) {
        ok = cordon_outcome_get_kind(repl->rule_outcome) == CORDON_OUTCOME_OK;
        result.traced = traced.trace ? &traced : NULL;
        result.explain =
            asked->tracing.explain == 2 || (asked->tracing.explain == 3 && !ok);
        result.snapshot_id = repl->session.snapshot
                                 ? cordon_snapshot_identity(repl->session.snapshot)
                                 : 0;
        repl->has_run = false;
        cdn_request_clear(&repl->ran);
        status = cdn_repl_copy_request(&repl->ran, &asked->request, err);
        repl->ran.has_now = repl->ran.has_seed = true;
        repl->ran.now_ms = call.now_ms;
        repl->ran.seed = call.seed;
        repl->has_run = !status;
        show(repl, &result);
        if (!ok)
            repl->code = code_of(repl->rule_outcome);
    }
    cdn_traced_deinit(&traced);
    return status;
}

/* Run the rule on what the words say, else on the session's node. */
static void run(struct cdn_repl *repl, const char *words,
                const struct cdn_traced_options *tracing)
{
    struct asked asked = {.tracing = *tracing};
    char word[512];
    cordon_error err;
    cordon_status status;

    if (!need_rule(repl))
        return;
    cdn_error_clear(&err);
    status = cdn_repl_copy_request(&asked.request, &repl->subject, &err);
    while (!status && *words) {
        if (!cdn_repl_word(words, word, sizeof word, &words))
            status =
                cdn_error_set(&err, CORDON_E_INVALID,
                              "a node or NAME=VALUE of at most 511 bytes is needed");
        else
            status = take_word(&asked.request, repl, word, &err);
    }
    if (!status)
        status = judge(repl, &asked, &err);
    if (status) {
        cdn_cli_error(repl->cli, "%s", err.message);
        repl->code = status == CORDON_E_NOTFOUND || status == CORDON_E_DATA
                         ? CDN_EXIT_USAGE
                         : cdn_cli_exit_of(status);
    }
    cdn_request_deinit(&asked.request);
}

static void run_as_set(struct cdn_repl *repl, const char *words)
{
    const struct cdn_traced_options tracing = {.explain = repl->explain,
                                               .profile = repl->profiling};

    run(repl, words, &tracing);
}

void cdn_repl_run(struct cdn_repl *repl, const char *argument)
{
    run_as_set(repl, argument);
}

static void loaded(struct cdn_repl *repl)
{
    cdn_cli_note(repl->cli, "%s is loaded%s", repl->rule.name,
                 repl->subject.has_node ? "" : "; :node LABEL:KEY, then :run");
    if (repl->subject.has_node)
        run_as_set(repl, "");
}

void cdn_repl_load(struct cdn_repl *repl, const char *argument)
{
    struct cdn_buf path = {0};

    if (!*argument) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "whose file? :load rules/velocity.lua");
        return;
    }
    cdn_buf_text(&path, argument);
    if (path.failed) {
        cdn_repl_fail(repl, CDN_EXIT_DATA, "out of memory");
    } else if (load(repl, (const char *)path.data)) {
        cdn_buf_deinit(&repl->rule_path);
        repl->rule_path = path;
        loaded(repl);
        return;
    }
    cdn_buf_deinit(&path);
}

void cdn_repl_reload(struct cdn_repl *repl, const char *argument)
{
    (void)argument;
    if (!repl->rule_path.length)
        (void)need_rule(repl);
    else if (load(repl, (const char *)repl->rule_path.data))
        loaded(repl);
}

void cdn_repl_rule_deinit(struct cdn_repl *repl)
{
    cdn_buf_deinit(&repl->rule.source);
    cdn_buf_deinit(&repl->rule_path);
    cdn_request_deinit(&repl->ran);
}

/* ---- :input ---- */

static void show_input(struct cdn_repl *repl)
{
    const struct cdn_request *request = &repl->subject;
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_value params;

    cdn_json_init(&json, &text, false);
    cdn_json_object(&json);
    if (request->has_node) {
        struct cdn_buf node = {0};

        cdn_buf_printf(&node, "%s:", request->label);
        cdn_buf_append(&node, request->key.data, request->key.length);
        cdn_json_key(&json, "node");
        cdn_json_str(&json, (const char *)node.data, node.length);
        cdn_buf_deinit(&node);
    }
    if (request->has_now) {
        cdn_json_key(&json, "now");
        cdn_json_int(&json, request->now_ms);
    }
    if (request->params.length && !cordon_value_parse(&params, request->params.data,
                                                      request->params.length, NULL)) {
        cdn_json_key(&json, "params");
        cdn_json_value(&json, &params);
    }
    if (request->has_seed)
        cdn_json_key_uint(&json, "seed", request->seed);
    cdn_json_object_end(&json);
    (void)cdn_json_print(repl->cli, &text);
    cdn_buf_deinit(&text);
}

void cdn_repl_input(struct cdn_repl *repl, const char *argument)
{
    struct cdn_request given = {0};
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status = CORDON_OK;

    if (!*argument) {
        show_input(repl);
        return;
    }
    cdn_error_clear(&err);
    if (*argument == '{')
        cdn_buf_text(&text, argument);
    else
        status = cdn_file_read(&text, argument, 1 << 20, &err);
    if (!status && text.failed)
        status = cdn_error_nomem(&err);
    if (!status)
        status = cdn_request_parse(&given, (const char *)text.data, text.length, &err);
    if (!status && given.has_as_of && given.as_of_ms != repl->session.as_of_ms)
        status = cdn_error_set(&err, CORDON_E_DATA,
                               "as_of is the whole session's here: :set as-of TIME");
    cdn_buf_deinit(&text);
    if (status) {
        cdn_repl_fail(repl, CDN_EXIT_DATA, "%s", err.message);
        cdn_request_deinit(&given);
        return;
    }
    if (!cdn_repl_check_node(repl, &given)) {
        cdn_request_deinit(&given);
        return;
    }
    cdn_request_deinit(&repl->subject);
    repl->subject = given;
}

/* ---- :explain, :trace and :profile ---- */

void cdn_repl_explain(struct cdn_repl *repl, const char *argument)
{
    static const char *const words[] = {"off", "full", "fails"};
    const struct cdn_traced_options once = {.explain = 2, .profile = repl->profiling};
    char word[16] = "";

    if (!*argument) {
        run(repl, "", &once);
        return;
    }
    (void)cdn_repl_word(argument, word, sizeof word, NULL);
    for (size_t i = 0; i < CDN_COUNT(words); i++) {
        if (!strcmp(word, words[i])) {
            repl->explain = (int)i + 1;
            cdn_cli_note(repl->cli, "explain is %s", words[i]);
            return;
        }
    }
    cdn_repl_fail(repl, CDN_EXIT_USAGE, ":explain is full, fails or off");
}

void cdn_repl_trace(struct cdn_repl *repl, const char *argument)
{
    bool on = repl->explain == 2;

    cdn_repl_switch(repl, "trace", &on, argument);
    repl->explain = on ? 2 : 1;
}

void cdn_repl_profile(struct cdn_repl *repl, const char *argument)
{
    const struct cdn_traced_options once = {.explain = 1, .profile = true};

    if (*argument)
        cdn_repl_switch(repl, "profile", &repl->profiling, argument);
    else
        run(repl, "", &once);
}

/* ---- :tier ---- */

void cdn_repl_tier(struct cdn_repl *repl, const char *argument)
{
    struct cdn_tier_choice choice = {0};
    const struct cdn_option row = CDN_TIER_OPTION(choice);
    cordon_wall wall = cdn_tier_wall(&repl->session.tier);
    cordon_error err;
    int code;

    if (!*argument) {
        fprintf(repl->cli->out, "rules run %s%s\n",
                wall == CORDON_WALL_INPROC ? "in this process" : "behind the wall ",
                wall == CORDON_WALL_INPROC ? "" : cordon_wall_str(wall));
        return;
    }
    if (cdn_option_value(&row, argument, &err)) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "%s", err.message);
        return;
    }
    code = cdn_session_set_tier(&repl->session, cdn_tier_wall(&choice));
    if (code) {
        repl->code = code;
        return;
    }
    cdn_cli_note(repl->cli, "tier is %s", cordon_wall_str(cdn_tier_wall(&choice)));
    repl->rule_loaded = false;
    if (repl->rule_path.length)
        cdn_repl_reload(repl, "");
}

/* ---- :watch ---- */

/* What tells one saved text from another. */
struct stamp {
    struct timespec changed;
    off_t bytes;
    ino_t number;
};

static bool look(struct stamp *out, const char *path)
{
    struct stat status;

    if (stat(path, &status))
        return false;
    *out = (struct stamp){status.st_mtim, status.st_size, status.st_ino};
    return true;
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
    return a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec && a->bytes == b->bytes &&
           a->number == b->number;
}

static bool is_stopped(const struct cdn_repl *repl)
{
    return __atomic_load_n(&repl->cancel.requested, __ATOMIC_RELAXED) ||
           cdn_cli_stopped(repl->cli) || ferror(repl->cli->out);
}

void cdn_repl_watch(struct cdn_repl *repl, const char *argument)
{
    static const struct timespec pause = {.tv_nsec = 100000000};
    const char *path = (const char *)repl->rule_path.data;
    struct stamp seen = {0}, now;

    (void)argument;
    if (!need_rule(repl))
        return;
    cdn_cli_note(repl->cli, "watching %s; Ctrl-C ends it", path);
    (void)look(&seen, path);
    cdn_repl_reload(repl, "");
    while (!is_stopped(repl)) {
        fflush(repl->cli->out);
        (void)nanosleep(&pause, NULL);
        /* an editor may be about to put a new file in its place */
        if (!look(&now, path) || is_same(&seen, &now))
            continue;
        seen = now;
        cdn_repl_reload(repl, "");
    }
    fputc('\n', repl->cli->out);
}
