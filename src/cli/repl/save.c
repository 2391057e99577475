/* :save, the rule's last run as a test that `cordon test` runs.
 *
 * Two files come of it, whole or not at all: velocity_test.lua, which asks the rule for the
 * same node at the same time and expects the same answer, and velocity_test.slice, the piece
 * of the graph that it takes (cordon snapshot slice).  A piece keeps the schema, types that
 * nothing has and all, and gives the same answer at the same cost; written down as text a
 * graph would lose the first and could not promise the second.
 *
 * A rule that begins elsewhere than at its node would answer differently on the piece.  So it
 * is run there once, and nothing is written if it does. */
#include "cli/repl/repl.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cordon/rule.h>

#include "base/file.h"
#include "base/time.h"

enum { MOST_NODES = 100000, MOST_EDGES = 1000000 };

/* ---- Lua's literals ---- */

void cdn_repl_quote(struct cdn_buf *out, const char *text, size_t bytes)
{
    cdn_buf_text(out, "\"");
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            cdn_buf_printf(out, "\\%03u", c);
        else
            cdn_buf_append(out, text + i, 1);
    }
    cdn_buf_text(out, "\"");
}

static void put_value(struct cdn_buf *out, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, item;

    switch (value->type) {
    case CORDON_NIL:
        cdn_buf_text(out, "nil");
        break;
    case CORDON_BOOLEAN:
        cdn_buf_text(out, value->as.boolean ? "true" : "false");
        break;
    case CORDON_INTEGER:
        cdn_buf_printf(out, "%" PRId64, value->as.integer);
        break;
    case CORDON_NUMBER:
        cdn_buf_printf(out, "%.17g", value->as.number);
        break;
    case CORDON_STRING:
        cdn_repl_quote(out, value->as.string, value->length);
        break;
    case CORDON_ARRAY:
    case CORDON_MAP:
        cdn_buf_text(out, "{ ");
        cordon_value_iter_init(&iter, value);
        while (cordon_value_next(&iter, &key, &item)) {
            if (value->type == CORDON_MAP) {
                cdn_buf_text(out, "[");
                put_value(out, &key);
                cdn_buf_text(out, "] = ");
            }
            put_value(out, &item);
            cdn_buf_text(out, ", ");
        }
        cdn_buf_text(out, "}");
        break;
    }
}

/* ---- the test ---- */

static void put_request(struct cdn_buf *out, const struct cdn_repl *repl)
{
    const struct cdn_request *request = &repl->ran;
    struct cdn_buf node = {0};
    cordon_value params;
    char time[40];

    cdn_buf_printf(&node, "%s:", request->label);
    cdn_buf_append(&node, request->key.data, request->key.length);
    cdn_buf_text(
        out, "    local answer = evaluate {\n        graph = graph,\n        node = ");
    cdn_repl_quote(out, (const char *)node.data, node.length);
    cdn_buf_printf(out, ",\n        now = \"%s\",\n",
                   cdn_time_format(time, sizeof time, request->now_ms));
    if (repl->session.as_of_ms != CORDON_NO_TIME)
        cdn_buf_printf(out, "        as_of = \"%s\",\n",
                       cdn_time_format(time, sizeof time, repl->session.as_of_ms));
    if (request->seed)
        cdn_buf_printf(out, "        seed = %" PRIu64 ",\n", request->seed);
    if (request->params.length && !cordon_value_parse(&params, request->params.data,
                                                      request->params.length, NULL)) {
        cdn_buf_text(out, "        params = ");
        put_value(out, &params);
        cdn_buf_text(out, ",\n");
    }
    cdn_buf_text(out, "    }\n\n");
    out->failed |= node.failed;
    cdn_buf_deinit(&node);
}

static uint64_t with_room(uint64_t used)
{
    return used + used / 2 + 10;
}

static void put_expectations(struct cdn_buf *out, const struct cdn_repl *repl)
{
    const cordon_outcome *outcome = repl->rule_outcome;
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    const char *decision = cordon_outcome_decision(outcome);
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);

    cdn_buf_text(out, "    assert.outcome(");
    cdn_repl_quote(out, cordon_outcome_kind_str(kind),
                   strlen(cordon_outcome_kind_str(kind)));
    cdn_buf_text(out, ", answer)\n");
    if (decision) {
        cdn_buf_text(out, "    assert.decision(");
        cdn_repl_quote(out, decision, strlen(decision));
        cdn_buf_text(out, ", answer)\n");
    }
    if (kind != CORDON_OUTCOME_OK)
        return;
    cdn_buf_printf(out,
                   "    assert.cost_below({ edges = %" PRIu64
                   ", instructions = %" PRIu64 " }, answer)\n",
                   with_room(usage->edges), with_room(usage->instructions));
}

/* `rule`: what the test has to name, NULL: the file beside it is the rule. */
static cordon_status put_test(struct cdn_buf *out, const struct cdn_repl *repl,
                              const char *rule, const char *slice, cordon_error *err)
{
    cdn_buf_printf(
        out,
        "-- What %s answered in a session, on the piece of the graph that it "
        "took.\n",
        repl->rule.name);
    if (rule) {
        cdn_buf_text(out, "rule ");
        cdn_repl_quote(out, rule, strlen(rule));
        cdn_buf_text(out, "\n");
    }
    cdn_buf_text(out, "local graph = fixture ");
    cdn_repl_quote(out, slice, strlen(slice));
    cdn_buf_text(out, "\n\nfunction test_as_in_the_session()\n");
    put_request(out, repl);
    put_expectations(out, repl);
    cdn_buf_text(out, "end\n");
    return out->failed ? cdn_error_nomem(err) : CORDON_OK;
}

/* ---- the same answer on the piece? ---- */

static bool same_answer(const cordon_outcome *a, const cordon_outcome *b)
{
    const char *left = cordon_outcome_decision(a), *right = cordon_outcome_decision(b);

    return cordon_outcome_get_kind(a) == cordon_outcome_get_kind(b) &&
           !left == !right && (!left || !strcmp(left, right)) &&
           cordon_outcome_usage(a)->edges == cordon_outcome_usage(b)->edges;
}

static cordon_status ask_slice(cordon_outcome *outcome, struct cdn_repl *repl,
                               cordon_snapshot *slice, cordon_error *err)
{
    cordon_engine *engine = NULL;
    cordon_engine_options options = repl->session.settings.engine;
    cordon_request call = CORDON_REQUEST_INIT;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_status status;

    options.slots = 1;
    status = cordon_engine_new(&engine, &options, err);
    if (!status)
        status = cordon_engine_set_snapshot(engine, slice, err);
    if (!status)
        status = cordon_engine_load_rule(engine, (const char *)repl->rule.source.data,
                                         repl->rule.source.length, repl->rule.file,
                                         name, err);
    if (!status)
        status = cdn_session_call(&call, &repl->session, &repl->ran, err);
    if (!status)
        status = cordon_evaluate(outcome, engine, name, &call, err);
    cordon_engine_free(engine);
    return status;
}

/* False: told what is in the way. */
static bool check_slice(struct cdn_repl *repl, cordon_snapshot *slice)
{
    cordon_outcome *outcome = NULL;
    cordon_error err;
    cordon_status status;
    bool same;

    cdn_error_clear(&err);
    status = cordon_outcome_new(&outcome, &err);
    if (!status)
        status = ask_slice(outcome, repl, slice, &err);
    same = !status && same_answer(outcome, repl->rule_outcome);
    cordon_outcome_free(outcome);
    if (status)
        cdn_repl_fail_of(repl, &err);
    else if (!same)
        cdn_repl_fail(
            repl, CDN_EXIT_FINDINGS,
            "on the node's neighbourhood alone the rule answers differently: it "
            "reads elsewhere too");
    return same;
}

/* ---- where ---- */

struct places {
    char test[PATH_MAX];
    char slice[PATH_MAX];
    char rule[PATH_MAX]; /* "": it is the one beside the test */
};

/* The folder of a path as the system knows it. */
static bool real_folder(char out[PATH_MAX], const char *path)
{
    char copy[PATH_MAX];

    snprintf(copy, sizeof copy, "%s", path);
    return realpath(dirname(copy), out) != NULL;
}

/* path up to its ".lua" */
static size_t stem(const char *path)
{
    size_t length = strlen(path);

    return length > 4 && !strcmp(path + length - 4, ".lua") ? length - 4 : length;
}

/* A bare name is one beside the rule, where a test belongs; so is none. */
static bool choose_places(struct places *out, struct cdn_repl *repl,
                          const char *argument)
{
    const char *rule = repl->rule.file;
    const char *base = strrchr(rule, '/') ? strrchr(rule, '/') + 1 : rule;
    const char *folder_end = *argument && strchr(argument, '/') ? rule : base;
    char here[PATH_MAX], there[PATH_MAX], wanted[PATH_MAX];
    int length;

    length = *argument ? snprintf(out->test, sizeof out->test, "%.*s%.*s.lua",
                                  (int)(folder_end - rule), rule, (int)stem(argument),
                                  argument)
                       : snprintf(out->test, sizeof out->test, "%.*s_test.lua",
                                  (int)stem(rule), rule);
    if (length < 0 || (size_t)length + 8 >= sizeof out->test ||
        strlen(rule) + 16 >= sizeof out->test) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "the file's name is too long");
        return false;
    }
    snprintf(out->slice, sizeof out->slice, "%.*s.slice", (int)stem(out->test),
             out->test);
    if (!real_folder(here, out->test) || !real_folder(there, rule)) {
        cdn_repl_fail(repl, CDN_EXIT_DATA, "%s: %s", out->test, strerror(errno));
        return false;
    }
    if (strcmp(here, there) != 0) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE,
                      "a test stands beside its rule, in %s; :save NAME puts it there",
                      there);
        return false;
    }
    snprintf(wanted, sizeof wanted, "%.*s_test.lua", (int)stem(base), base);
    out->rule[0] = '\0';
    if (strcmp(strrchr(out->test, '/') ? strrchr(out->test, '/') + 1 : out->test,
               wanted) != 0)
        snprintf(out->rule, sizeof out->rule, "%s", base);
    return true;
}

static bool is_free(struct cdn_repl *repl, const char *path)
{
    struct stat status;

    if (lstat(path, &status))
        return true;
    cdn_repl_fail(repl, CDN_EXIT_DATA, "%s is there already; :save another name", path);
    return false;
}

static void write_both(struct cdn_repl *repl, const struct places *places,
                       const void *slice, size_t size)
{
    const char *base = strrchr(places->slice, '/');
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status = put_test(&text, repl, places->rule[0] ? places->rule : NULL,
                                    base ? base + 1 : places->slice, &err);

    /* the test last: without its piece of the graph it would fail */
    if (!status)
        status = cdn_file_replace(places->slice, slice, size, &err);
    if (!status)
        status = cdn_file_replace(places->test, text.data, text.length, &err);
    cdn_buf_deinit(&text);
    if (status)
        cdn_repl_fail_of(repl, &err);
    else
        cdn_cli_note(repl->cli, "written: %s and %s; cordon test %s runs it",
                     places->test, places->slice, places->test);
}

void cdn_repl_save(struct cdn_repl *repl, const char *argument)
{
    struct places places;
    cordon_snapshot *slice;
    void *bytes = NULL;
    size_t size = 0;
    uint64_t hops;

    if (!repl->has_run || !repl->rule_loaded || !repl->ran.has_node) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE,
                      "a test is of a rule's run: :load FILE, :node LABEL:KEY, :run");
        return;
    }
    if (!choose_places(&places, repl, argument) || !is_free(repl, places.test) ||
        !is_free(repl, places.slice))
        return;
    hops = cordon_outcome_usage(repl->rule_outcome)->hops;
    if (!cdn_repl_slice(&slice, &bytes, &size, repl, &repl->ran,
                        hops > 0 ? (uint32_t)hops : 1, MOST_NODES, MOST_EDGES))
        return;
    if (check_slice(repl, slice))
        write_both(repl, &places, bytes, size);
    cordon_snapshot_release(slice);
    cordon_slice_free(bytes);
}
