/* Running the cases of a version: see cases.h.
 *
 * Each is evaluated in an engine of its own, with the limits the rule declares and the
 * ceilings of an engine whose host chose none, on the snapshot that is given.  All are
 * run even if one fails, and every difference is told, so that one look is enough. */
#include "codec/cases.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cordon/engine.h>
#include <cordon/rule.h>
#include <cordon/set.h>

#include "base/clock.h"
#include "base/suggest.h"
#include "codec/request.h"

/* What may differ in the last digits of a score written in decimal. */
#define SCORE_TOLERANCE 1e-9
/* That a machine is busy is no fault of the rule: a case that the clock stopped is run again
 * before that is held against it. */
#define TIME_TRIES 10

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const char *const expectations[] = {
    "decision", "score", "outcome", "truncated", "max_edges", "max_instructions"};

/* ---- reading ---- */

struct lines {
    const char *at;
    const char *end;
    uint32_t number; /* of the line given last, from 1 */
};

/* The next line that is not blank. */
static bool next_line(struct lines *lines, const char **line, size_t *bytes)
{
    while (lines->at < lines->end) {
        const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
        const char *past = newline ? newline : lines->end;

        *line = lines->at;
        *bytes = (size_t)(past - lines->at);
        lines->at = newline ? newline + 1 : lines->end;
        lines->number++;
        for (size_t i = 0; i < *bytes; i++)
            if (!memchr(" \t\r", (*line)[i], 3))
                return true;
    }
    return false;
}

static cordon_status unknown_expectation(const cordon_value *key, cordon_error *err)
{
    struct cdn_suggest suggest;
    char name[65], shown[200], hint[100];

    snprintf(name, sizeof(name), "%.*s", (int)(key->length < 64 ? key->length : 64),
             key->as.string);
    cdn_suggest_init(&suggest, name);
    for (size_t i = 0; i < COUNT(expectations); i++)
        cdn_suggest_offer(&suggest, expectations[i]);
    cdn_suggest_text(&suggest, hint, sizeof(hint));
    return cdn_error_set(err, CORDON_E_DATA, "nothing is called '%s' in \"expect\"%s",
                         cdn_escape(shown, sizeof(shown), name, strlen(name)),
                         hint[0] ? hint
                                 : "; there are decision, score, outcome, truncated, "
                                   "max_edges and max_instructions");
}

static bool key_is(const cordon_value *key, const char *name)
{
    return key->length == strlen(name) && !memcmp(key->as.string, name, key->length);
}

static bool is_number(const cordon_value *value)
{
    return value->type == CORDON_INTEGER || value->type == CORDON_NUMBER;
}

static cordon_status check_expectation(const cordon_value *key,
                                       const cordon_value *value, cordon_error *err)
{
    const char *wanted = NULL;

    if (key_is(key, "decision")) {
        if (value->type != CORDON_STRING && value->type != CORDON_NIL)
            wanted = "a string, or null for none";
    } else if (key_is(key, "outcome")) {
        if (value->type != CORDON_STRING)
            wanted = "a string such as \"ok\"";
    } else if (key_is(key, "score")) {
        if (!is_number(value))
            wanted = "a number";
    } else if (key_is(key, "truncated")) {
        if (value->type != CORDON_BOOLEAN)
            wanted = "true or false";
    } else if (key_is(key, "max_edges") || key_is(key, "max_instructions")) {
        if (value->type != CORDON_INTEGER || value->as.integer < 0)
            wanted = "an integer from 0";
    } else {
        return unknown_expectation(key, err);
    }
    return wanted ? cdn_error_set(err, CORDON_E_DATA, "expect.%.*s must be %s",
                                  (int)key->length, key->as.string, wanted)
                  : CORDON_OK;
}

/* Read the case on a line. */
static cordon_status read_case(struct cdn_request *request, cordon_value *expect,
                               const char *line, size_t bytes, cordon_error *err)
{
    cordon_value_iter iter;
    cordon_value key, value;
    cordon_status status = cdn_request_parse_case(request, expect, line, bytes, err);

    if (status)
        return status;
    if (expect->type != CORDON_MAP || !expect->length)
        return cdn_error_set(err, CORDON_E_DATA,
                             "a case needs \"expect\", such as {\"decision\": "
                             "\"deny\"}");
    cordon_value_iter_init(&iter, expect);
    while (!status && cordon_value_next(&iter, &key, &value))
        status = check_expectation(&key, &value, err);
    return status;
}

/* The place of a message, in front of it. */
static cordon_status at_line(cordon_error *err, cordon_status status, const char *file,
                             uint32_t line)
{
    char message[CORDON_ERROR_MESSAGE_BYTES];

    if (!err || status == CORDON_E_NOMEM)
        return status;
    memcpy(message, err->message, sizeof(message));
    return cdn_error_at(err, status, file, line, 0, "%s", message);
}

cordon_status cdn_cases_check(const char *cases, size_t bytes, const char *file,
                              cordon_error *err)
{
    struct lines lines = {cases, bytes ? cases + bytes : cases, 0};
    struct cdn_request request = {0};
    cordon_status status = CORDON_OK;
    cordon_value expect;
    const char *line;
    size_t length;

    while (!status && next_line(&lines, &line, &length))
        status = read_case(&request, &expect, line, length, err);
    cdn_request_deinit(&request);
    return status ? at_line(err, status, file, lines.number) : CORDON_OK;
}

/* ---- judging ---- */

struct trial {
    struct cdn_cases *cases;
    const cordon_candidate *candidate;
    cordon_engine *engine;
    cordon_outcome *outcome;
    cordon_set_outcome *all; /* of a set */
    uint32_t line;
    bool passes;
};

static void differs(struct trial *trial, const char *format, ...) CDN_PRINTF(2, 3);

static void differs(struct trial *trial, const char *format, ...)
{
    char message[512], line[640];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    trial->passes = false;
    (void)snprintf(
        line, sizeof(line), "%s version %" PRIu32 ", case on line %" PRIu32 ": %s",
        trial->candidate->name, trial->candidate->version, trial->line, message);
    trial->cases->tell(trial->cases->ud, CDN_CASES_DIFFERS, line);
}

static void compare_text(struct trial *trial, const char *what,
                         const cordon_value *wanted, const char *got)
{
    char shown[200];

    if (wanted->type == CORDON_NIL
            ? !got
            : got && strlen(got) == wanted->length &&
                  !memcmp(got, wanted->as.string, wanted->length))
        return;
    if (wanted->type == CORDON_NIL)
        snprintf(shown, sizeof(shown), "none");
    else
        cdn_escape(shown, sizeof(shown), wanted->as.string, wanted->length);
    differs(trial, "%s is %s, expected %s", what, got ? got : "none", shown);
}

static void compare_score(struct trial *trial, const cordon_value *wanted, bool has,
                          double score)
{
    double expected =
        wanted->type == CORDON_INTEGER ? (double)wanted->as.integer : wanted->as.number;

    if (!has)
        differs(trial, "there is no score, expected %.15g", expected);
    else if (fabs(score - expected) > SCORE_TOLERANCE * fmax(1, fabs(expected)))
        differs(trial, "score is %.15g, expected %.15g", score, expected);
}

static void compare_cost(struct trial *trial, const char *what, uint64_t used,
                         const cordon_value *most)
{
    if (used > (uint64_t)most->as.integer)
        differs(trial, "%" PRIu64 " %s, expected at most %" PRId64, used, what,
                most->as.integer);
}

static void compare(struct trial *trial, const cordon_value *expect)
{
    const cordon_outcome *outcome = trial->outcome;
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    cordon_outcome_kind kind = cordon_outcome_get_kind(outcome);
    cordon_value value;
    double score = 0;
    bool has_score = cordon_outcome_score(outcome, &score);

    if (cordon_value_get(&value, expect, "outcome"))
        compare_text(trial, "the outcome", &value, cordon_outcome_kind_str(kind));
    else if (kind != CORDON_OUTCOME_OK)
        differs(trial, "the outcome is %s: %s", cordon_outcome_kind_str(kind),
                cordon_outcome_message(outcome));
    if (cordon_value_get(&value, expect, "decision"))
        compare_text(trial, "the decision", &value, cordon_outcome_decision(outcome));
    if (cordon_value_get(&value, expect, "score"))
        compare_score(trial, &value, has_score, score);
    if (cordon_value_get(&value, expect, "truncated") &&
        value.as.boolean != cordon_outcome_truncated(outcome))
        differs(trial, "it was %struncated", value.as.boolean ? "not " : "");
    if (cordon_value_get(&value, expect, "max_edges"))
        compare_cost(trial, "edges were read", usage->edges, &value);
    if (cordon_value_get(&value, expect, "max_instructions"))
        compare_cost(trial, "instructions were used", usage->instructions, &value);
}

static void compare_set(struct trial *trial, const cordon_value *expect)
{
    static const char *const not_of_sets[] = {"outcome", "truncated"};
    const cordon_set_outcome *all = trial->all;
    cordon_member member = {.struct_size = sizeof(member)};
    uint64_t edges = 0, instructions = 0;
    cordon_value value;
    double score = 0;
    bool has_score = cordon_set_outcome_score(all, &score);

    for (uint32_t i = 0; !cordon_set_outcome_member(&member, all, i); i++) {
        edges += member.usage.edges;
        instructions += member.usage.instructions;
    }
    for (size_t i = 0; i < COUNT(not_of_sets); i++)
        if (cordon_value_get(&value, expect, not_of_sets[i]))
            differs(trial, "'%s' is expected, which a set does not have",
                    not_of_sets[i]);
    if (cordon_value_get(&value, expect, "decision"))
        compare_text(trial, "the decision", &value, cordon_set_outcome_decision(all));
    if (cordon_value_get(&value, expect, "score"))
        compare_score(trial, &value, has_score, score);
    if (cordon_value_get(&value, expect, "max_edges"))
        compare_cost(trial, "edges were read", edges, &value);
    if (cordon_value_get(&value, expect, "max_instructions"))
        compare_cost(trial, "instructions were used", instructions, &value);
}

/* The clock ended it, and nobody asked for that. */
static bool out_of_time(const struct trial *trial, const cordon_value *expect)
{
    cordon_member member = {.struct_size = sizeof(member)};
    cordon_value value;

    for (uint32_t i = 0;
         trial->all && !cordon_set_outcome_member(&member, trial->all, i); i++)
        if (member.limit == CORDON_BUDGET_TIME)
            return true;
    return !trial->all && cordon_outcome_limit(trial->outcome) == CORDON_BUDGET_TIME &&
           !cordon_value_get(&value, expect, "outcome");
}

static cordon_status run_case(struct trial *trial, const struct cdn_request *request,
                              const cordon_value *expect)
{
    cordon_request call = CORDON_REQUEST_INIT;
    cordon_error err;
    cordon_status status = CORDON_OK;

    call.label = request->has_node ? request->label : NULL;
    call.key = request->has_node ? (const char *)request->key.data : NULL;
    call.key_bytes = request->has_node ? request->key.length : 0;
    call.as_of_ms = request->has_as_of ? request->as_of_ms : CORDON_NO_TIME;
    call.now_ms = request->has_now     ? request->now_ms
                  : request->has_as_of ? request->as_of_ms
                                       : cdn_clock_wall_ms();
    call.seed = request->seed;
    call.cancel = trial->cases->cancel;
    if (request->params.length) {
        call.params = request->params.data;
        call.params_bytes = request->params.length;
    }
    trial->passes = true;
    for (int tries = 0;
         tries == 0 || (tries < TIME_TRIES && !status && out_of_time(trial, expect));
         tries++)
        status = trial->all ? cordon_evaluate_set(trial->all, trial->engine,
                                                  trial->candidate->name, &call, &err)
                            : cordon_evaluate(trial->outcome, trial->engine,
                                              trial->candidate->name, &call, &err);
    if (status == CORDON_E_NOMEM)
        return status;
    if (status)
        differs(trial, "%s", err.message);
    else if (trial->all)
        compare_set(trial, expect);
    else
        compare(trial, expect);
    trial->cases->run++;
    trial->cases->failed += !trial->passes;
    return CORDON_OK;
}

static cordon_status run_cases(struct trial *trial, cordon_error *err)
{
    const cordon_candidate *candidate = trial->candidate;
    struct lines lines = {candidate->cases, candidate->cases + candidate->cases_bytes,
                          0};
    struct cdn_request request = {0};
    cordon_status status = CORDON_OK;
    cordon_value expect;
    const char *line;
    size_t length;

    while (!status && next_line(&lines, &line, &length)) {
        if (trial->cases->stopped && trial->cases->stopped(trial->cases->ud)) {
            status = cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
            break;
        }
        trial->line = lines.number;
        status = read_case(&request, &expect, line, length, err);
        if (status)
            status = at_line(err, status, "cases", lines.number);
        else
            status = run_case(trial, &request, &expect);
    }
    cdn_request_deinit(&request);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err);
    if (!status && trial->cases->failed)
        return cdn_error_set(err, CORDON_E_DATA,
                             "%" PRIu64 " of the %" PRIu64
                             " cases of '%s' version %" PRIu32 " failed",
                             trial->cases->failed, trial->cases->run, candidate->name,
                             candidate->version);
    return status;
}

/* ---- what a candidate runs with ---- */

/* The text of a version, into `out`. */
static cordon_status read_text(struct cdn_buf *out, cordon_registry *registry,
                               const char *name, uint32_t version, cordon_error *err)
{
    cordon_version_info info = {.struct_size = sizeof(info)};
    cordon_status status = cordon_registry_version(&info, registry, name, version, err);
    size_t bytes = 0;

    if (status)
        return status;
    if (!cdn_buf_reserve(out, (size_t)info.source_bytes))
        return cdn_error_nomem(err);
    status = cordon_registry_source((char *)out->data, out->capacity, &bytes, registry,
                                    name, version, err);
    out->length = status ? 0 : bytes;
    return status;
}

/* Load the active version of a rule that the set names; *found false: nothing decides under
 * that name. */
static cordon_status load_member(bool *found, struct trial *trial, const char *name,
                                 cordon_error *err)
{
    cordon_registry *registry = trial->cases->registry;
    cordon_standing standing = {.struct_size = sizeof(standing)};
    struct cdn_buf text = {0};
    char file[CORDON_ERROR_FILE_BYTES];
    cordon_status status = cordon_registry_standing(&standing, registry, name, err);

    *found = !status && standing.kind == CORDON_OBJECT_RULE &&
             (standing.state == CORDON_STANDING_ACTIVE ||
              standing.state == CORDON_STANDING_PAUSED);
    if (!*found) {
        if (status == CORDON_E_NOTFOUND)
            cdn_error_clear(err);
        return status == CORDON_E_NOTFOUND ? CORDON_OK : status;
    }
    snprintf(file, sizeof(file), "%s@%" PRIu32, name, standing.active);
    status = read_text(&text, registry, name, standing.active, err);
    if (!status)
        status = cordon_engine_load_rule(trial->engine, (const char *)text.data,
                                         text.length, file, NULL, err);
    cdn_buf_deinit(&text);
    return status;
}

/* A member that is missing, or does not load, is told, and is no fault of the set's: the
 * others judge without it. */
static cordon_status load_named(struct trial *trial, const char *name,
                                cordon_error *err)
{
    char line[CORDON_ERROR_MESSAGE_BYTES + 200];
    bool found = false;
    cordon_status status = load_member(&found, trial, name, err);

    if (status == CORDON_E_NOMEM || (!status && found))
        return status;
    if (status)
        (void)snprintf(line, sizeof(line), "%s, which '%s' names: %s", name,
                       trial->candidate->name, err->message);
    else
        (void)snprintf(line, sizeof(line),
                       "'%s' names %s, and no version of a rule of that name decides",
                       trial->candidate->name, name);
    trial->cases->tell(trial->cases->ud, CDN_CASES_WARNS, line);
    return CORDON_OK;
}

/* Load a set and the rules it names. */
static cordon_status load_set(struct trial *trial, cordon_error *err)
{
    const cordon_candidate *candidate = trial->candidate;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_error own;
    cordon_status status =
        cordon_engine_load_set(trial->engine, candidate->source,
                               candidate->source_bytes, candidate->file, NULL, err);

    for (uint32_t i = 0; !status && !cordon_engine_set_rule(name, trial->engine,
                                                            candidate->name, i, NULL);
         i++) {
        status = load_named(trial, name, &own);
        if (status)
            return cdn_error_nomem(err);
    }
    return status;
}

static cordon_status load_candidate(struct trial *trial, cordon_error *err)
{
    const cordon_candidate *candidate = trial->candidate;
    cordon_status status;

    if (candidate->kind == CORDON_OBJECT_SET) {
        status = cordon_set_outcome_new(&trial->all, err);
        return status ? status : load_set(trial, err);
    }
    status = cordon_outcome_new(&trial->outcome, err);
    if (status)
        return status;
    return cordon_engine_load_rule(trial->engine, candidate->source,
                                   candidate->source_bytes, candidate->file, NULL, err);
}

cordon_status cdn_cases_judge(struct cdn_cases *cases,
                              const cordon_candidate *candidate, cordon_error *err)
{
    struct trial trial = {.cases = cases, .candidate = candidate};
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_status status;

    options.slots = 1;
    options.wall = candidate->wall;
    options.worker = candidate->worker;
    status = cordon_engine_new(&trial.engine, &options, err);
    if (!status && cases->snapshot)
        status = cordon_engine_set_snapshot(trial.engine, cases->snapshot, err);
    if (!status)
        status = load_candidate(&trial, err);
    if (!status && candidate->cases_bytes)
        status = run_cases(&trial, err);
    cordon_outcome_free(trial.outcome);
    cordon_set_outcome_free(trial.all);
    cordon_engine_free(trial.engine);
    return status;
}
