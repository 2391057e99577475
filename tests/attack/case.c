/* One case: reading its files, asking, and judging the answer. */
#include "attack/case.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/policy.h>
#include <cordon/rule.h>

#define SOURCE_MAX (1u << 20)

bool attack_fail(struct attack *attack, const char *format, ...)
{
    va_list arguments;

    if (attack->failure[0] == '\0') { /* the first one tells most */
        va_start(arguments, format);
        vsnprintf(attack->failure, sizeof attack->failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

static uint64_t patience(const struct attack *attack)
{
    return attack->patience_ns ? attack->patience_ns : PATIENCE_NS;
}

/* ---- files ---- */

static char *read_file(struct attack *attack, const char *folder, const char *name,
                       size_t *bytes)
{
    static char text[SOURCE_MAX];
    char path[1100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file) {
        attack_fail(attack, "%s cannot be read", path);
        return NULL;
    }
    *bytes = fread(text, 1, sizeof text - 1, file);
    text[*bytes] = '\0';
    fclose(file);
    return text;
}

struct writer {
    char *text;
    size_t length, size; /* past the size only the length grows */
};

static void put(struct writer *out, const char *bytes, size_t count)
{
    if (out->length + count <= out->size)
        memcpy(out->text + out->length, bytes, count);
    out->length += count;
}

/* One copy of the repeated text: %d is its number, \n a line's end. */
static void put_copy(struct writer *out, const char *text, size_t bytes,
                     unsigned long i)
{
    char number[24];

    for (size_t at = 0; at < bytes; at++) {
        bool escape = at + 1 < bytes;

        if (escape && text[at] == '%' && text[at + 1] == 'd') {
            put(out, number, (size_t)snprintf(number, sizeof number, "%lu", i));
            at++;
        } else if (escape && text[at] == '\\' && text[at + 1] == 'n') {
            put(out, "\n", 1);
            at++;
        } else {
            put(out, text + at, 1);
        }
    }
}

/* A line "--@ 5000 text" stands for 5000 times the text: sources that are large in one
 * way need not be large files. */
static char *expand(struct attack *attack, const char *source, size_t *bytes)
{
    static char text[SOURCE_MAX];
    struct writer out = {.text = text, .size = sizeof text};
    const char *end = source + *bytes;

    while (source < end) {
        const char *line_end = memchr(source, '\n', (size_t)(end - source));
        const char *next = line_end ? line_end + 1 : end;
        char *body = NULL;
        unsigned long copies = 0;

        if (strncmp(source, "--@ ", 4) == 0)
            copies = strtoul(source + 4, &body, 10);
        if (!copies || !body || *body != ' ' || !line_end) {
            put(&out, source, (size_t)(next - source));
        } else {
            for (unsigned long i = 1; i <= copies; i++)
                put_copy(&out, body + 1, (size_t)(line_end - body - 1), i);
        }
        source = next;
    }
    if (out.length > out.size) {
        attack_fail(attack, "the source would have %zu bytes", out.length);
        return NULL;
    }
    *bytes = out.length;
    return text;
}

/* "with instructions 1000000000" and the like. */
static bool read_setting(struct attack *attack, const char *line)
{
    struct expectation *expect = &attack->expect;
    cordon_limits *limits = &expect->limits;
    char name[32];
    uint64_t value;

    if (strncmp(line, "with node ", 10) == 0 &&
        sscanf(line, "with node %63s", expect->node) == 1)
        return true;
    if (strcmp(line, "long") == 0) {
        expect->is_long = true;
        return true;
    }
    if (sscanf(line, "with principal %63s", expect->principal) == 1)
        return true;
    if (expect->hidden_count < HIDDEN_MAX &&
        sscanf(line, "with hidden %31s", expect->hidden[expect->hidden_count]) == 1) {
        expect->hidden_count++;
        return true;
    }
    if (sscanf(line, "with %31s %" SCNu64, name, &value) != 2)
        return attack_fail(attack, "expect: \"%s\" is no setting", line);
    if (strcmp(name, "instructions") == 0)
        limits->instructions = value;
    else if (strcmp(name, "memory_bytes") == 0)
        limits->memory_bytes = value;
    else if (strcmp(name, "wall_ms") == 0)
        limits->wall_ns = value * 1000000;
    else if (strcmp(name, "wall_ns") == 0)
        limits->wall_ns = value;
    else if (strcmp(name, "edges") == 0)
        limits->edges = value;
    else if (strcmp(name, "nodes") == 0)
        limits->nodes = value;
    else if (strcmp(name, "hops") == 0)
        limits->hops = value;
    else if (strcmp(name, "output_bytes") == 0)
        limits->output_bytes = value;
    else if (strcmp(name, "as_of_ms") == 0)
        expect->as_of_ms = (int64_t)value;
    else if (strcmp(name, "truncated") == 0)
        expect->truncated = value ? TRUNCATED : WHOLE;
    else
        return attack_fail(attack, "expect: no setting is called \"%s\"", name);
    return true;
}

bool attack_read_expectation(struct attack *attack)
{
    struct expectation *expect = &attack->expect;
    size_t bytes, word;
    char *text = read_file(attack, attack->path, "expect", &bytes), *line, *rest = NULL;

    if (!text)
        return false;
    expect->limits = (cordon_limits)CORDON_LIMITS_INIT;
    expect->limits.wall_ns = patience(attack);
    expect->as_of_ms = CORDON_NO_TIME;
    line = strtok_r(text, "\n", &rest);
    if (!line)
        return attack_fail(attack, "expect is empty");
    word = strcspn(line, " ");
    snprintf(expect->outcome, sizeof expect->outcome, "%.*s", (int)word, line);
    snprintf(expect->detail, sizeof expect->detail, "%s",
             line[word] ? line + word + 1 : "");
    while ((line = strtok_r(NULL, "\n", &rest))) {
        if (!read_setting(attack, line))
            return false;
    }
    return true;
}

bool attack_loads(const struct attack *attack)
{
    return strcmp(attack->expect.outcome, "load") != 0;
}

/* ---- asking ---- */

bool attack_load(struct attack *attack, const char *folder, const char *file,
                 const char *name, cordon_status wanted, cordon_error *err)
{
    size_t bytes;
    char *source = read_file(attack, folder, file, &bytes);
    cordon_status status;
    uint64_t start;

    if (source)
        source = expand(attack, source, &bytes);
    if (!source)
        return false;
    *err = (cordon_error){0};
    start = attack_now_ns();
    status = cordon_engine_load_rule(attack->engine, source, bytes, name, NULL, err);
    attack->load_ns = attack_now_ns() - start;
    if (status == wanted)
        return true;
    return attack_fail(attack, "loading %s: %s, %s:%u: %s", name,
                       cordon_status_name(status), err->file, (unsigned)err->line,
                       err->message);
}

bool attack_set_policy(struct attack *attack, cordon_engine *engine)
{
    static const char secret[] = "a secret that no rule of the corpus knows";
    cordon_policy *policy;
    cordon_status status;
    cordon_error err = {0};
    char folder[1100];
    size_t bytes;
    char *text;

    if (!attack->expect.principal[0])
        return true;
    snprintf(folder, sizeof folder, "%s/..", attack->path);
    text = read_file(attack, folder, "policy.lua", &bytes);
    if (!text)
        return false;
    status = cordon_policy_load_text(&policy, text, bytes, "policy.lua", secret,
                                     sizeof secret, &err);
    if (status == CORDON_OK) {
        status = cordon_engine_set_policy(engine, policy, &err);
        cordon_policy_release(policy);
    }
    return status == CORDON_OK || attack_fail(attack, "policy: %s", err.message);
}

void attack_evaluate(struct attack *attack, const char *rule,
                     const cordon_limits *limits, struct answer *answer)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_outcome *outcome = attack->outcome;
    cordon_error err = {0};
    cordon_limits patient = CORDON_LIMITS_INIT;
    const char *decision;
    const void *result;

    patient.wall_ns = patience(attack); /* a busy machine changes nothing */
    memset(answer, 0, sizeof *answer);
    request.now_ms = INT64_C(1700000000000);
    request.seed = 42;
    if (attack->expect.node[0]) {
        request.label = "Account";
        request.key = attack->expect.node;
        request.as_of_ms = attack->expect.as_of_ms;
    }
    request.limits = limits ? limits : &patient;
    request.trace = attack->trace;
    if (attack->expect.principal[0] && strcmp(rule, HOSTILE) == 0)
        request.principal = attack->expect.principal;
    answer->status = cordon_evaluate(outcome, attack->engine, rule, &request, &err);
    if (answer->status != CORDON_OK) {
        snprintf(answer->message, sizeof answer->message, "%s", err.message);
        return;
    }
    answer->kind = cordon_outcome_get_kind(outcome);
    answer->limit = cordon_outcome_limit(outcome);
    answer->usage = *cordon_outcome_usage(outcome);
    answer->truncated = cordon_outcome_truncated(outcome);
    answer->digest = cordon_outcome_reads_digest(outcome);
    result = cordon_outcome_result(outcome, &answer->result_bytes);
    memcpy(answer->result, result,
           answer->result_bytes < RESULT_MAX ? answer->result_bytes : RESULT_MAX);
    decision = cordon_outcome_decision(outcome);
    snprintf(answer->decision, sizeof answer->decision, "%s", decision ? decision : "");
    snprintf(answer->message, sizeof answer->message, "%s",
             cordon_outcome_message(outcome));
    if (strcmp(rule, HOSTILE) == 0)
        attack_excess_add(&attack->excess, &answer->usage);
}

/* ---- judging ---- */

static bool holds(const void *bytes, size_t count, const char *text)
{
    return memmem(bytes, count, text, strlen(text)) != NULL;
}

/* Nothing that the host is handed tells what the case says is hidden. */
static bool keeps_hidden(struct attack *attack, const struct answer *answer)
{
    const struct expectation *expect = &attack->expect;
    size_t kept = answer->result_bytes < RESULT_MAX ? answer->result_bytes : RESULT_MAX;

    for (unsigned i = 0; i < expect->hidden_count; i++)
        if (holds(answer->result, kept, expect->hidden[i]) ||
            holds(answer->message, strlen(answer->message), expect->hidden[i]))
            return attack_fail(attack, "it told \"%s\"", expect->hidden[i]);
    return true;
}

bool attack_trace_hides(struct attack *attack)
{
    const struct expectation *expect = &attack->expect;
    const cordon_trace_value *value;
    const cordon_trace_read *read;

    for (unsigned i = 0; i < expect->hidden_count; i++) {
        const char *hidden = expect->hidden[i];

        for (size_t at = 0; (value = cordon_trace_value_at(attack->trace, at)); at++)
            if (strstr(value->text, hidden))
                return attack_fail(attack, "the trace told \"%s\" of %s", hidden,
                                   value->name);
        for (size_t at = 0; (read = cordon_trace_read_at(attack->trace, at)); at++)
            if (strstr(read->node, hidden) || strstr(read->refined, hidden))
                return attack_fail(attack, "the trace told \"%s\" of a read", hidden);
    }
    return true;
}

bool attack_same(struct attack *attack, const char *what, const struct answer *first,
                 const struct answer *second)
{
    const cordon_usage *one = &first->usage, *two = &second->usage;
    /* where the clock ended it, how far it came is the machine's affair */
    bool timed =
        first->kind == CORDON_OUTCOME_LIMIT && first->limit == CORDON_BUDGET_TIME;
    /* and a hook's room on the stack counts */
    bool full = attack->trace && first->kind == CORDON_OUTCOME_LIMIT &&
                first->limit == CORDON_BUDGET_MEMORY;

    if (first->status != second->status || first->kind != second->kind ||
        first->limit != second->limit || strcmp(first->decision, second->decision) != 0)
        return attack_fail(attack, "%s: %s (%s), then %s (%s)", what,
                           cordon_outcome_kind_str(first->kind), first->message,
                           cordon_outcome_kind_str(second->kind), second->message);
    if (timed || full)
        return true;
    if (one->instructions != two->instructions)
        return attack_fail(attack, "%s: %" PRIu64 " instructions, then %" PRIu64, what,
                           one->instructions, two->instructions);
    if (one->edges != two->edges || one->nodes != two->nodes)
        return attack_fail(attack,
                           "%s: %" PRIu64 " edges and %" PRIu64 " nodes, then %" PRIu64
                           " and %" PRIu64,
                           what, one->edges, one->nodes, two->edges, two->nodes);
    if (first->truncated != second->truncated || one->output_bytes != two->output_bytes)
        return attack_fail(attack, "%s: truncated or bytes of output differ", what);
    if (first->digest != second->digest)
        return attack_fail(attack, "%s: another reads digest", what);
    if (strcmp(first->message, second->message) != 0)
        return attack_fail(attack, "%s: \"%s\", then \"%s\"", what, first->message,
                           second->message);
    if (first->result_bytes != second->result_bytes ||
        memcmp(first->result, second->result, RESULT_MAX) != 0)
        return attack_fail(attack, "%s: another result", what);
    return true;
}

bool attack_as_expected(struct attack *attack, const struct answer *answer)
{
    const struct expectation *expect = &attack->expect;
    const char *kind, *fault;

    if (!keeps_hidden(attack, answer))
        return false;
    if (answer->status != CORDON_OK)
        return attack_fail(attack, "not evaluated: %s: %s",
                           cordon_status_name(answer->status), answer->message);
    kind = cordon_outcome_kind_str(answer->kind);
    if (strcmp(kind, expect->outcome) != 0)
        return attack_fail(attack, "%s (%s), expected %s %s", kind, answer->message,
                           expect->outcome, expect->detail);
    if (answer->kind == CORDON_OUTCOME_LIMIT) {
        if (strcmp(cordon_budget_str(answer->limit), expect->detail) != 0)
            return attack_fail(attack, "limit %s (%s), expected limit %s",
                               cordon_budget_str(answer->limit), answer->message,
                               expect->detail);
    } else if (!strstr(answer->message, expect->detail)) {
        return attack_fail(attack, "\"%s\" does not say \"%s\"", answer->message,
                           expect->detail);
    }
    if (expect->truncated != EITHER &&
        answer->truncated != (expect->truncated == TRUNCATED))
        return attack_fail(attack, "truncated is %d", answer->truncated);
    fault = attack_usage_fault(&answer->usage, answer->kind);
    if (fault)
        return attack_fail(attack, "the usage record: %s", fault);
    /* what failed or was stopped leaves its fallback */
    if (strcmp(answer->decision,
               answer->kind == CORDON_OUTCOME_OK ? "allow" : "deny") != 0)
        return attack_fail(attack, "the decision is \"%s\"", answer->decision);
    return true;
}
