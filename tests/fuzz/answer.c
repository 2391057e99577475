/* Answers: taken from outcomes, held to what must be, and against each other. */
#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "sandbox/state.h"

/* Looks at all that a hostile rule could have left behind. */
const char answer_honest_source[] =
    "local calls = 0\n"
    "return { name = 'honest', decisions = { 'allow', 'deny' }, fallback = 'deny',\n"
    "  reads = { Account = { 'balance' }, transfer = { 'amount' } },\n"
    "  evaluate = function(graph, request)\n"
    "    calls = calls + 1\n"
    "    local names = {}\n"
    "    for name, value in pairs(_G) do names[#names + 1] = name .. type(value) end\n"
    "    for _, library in ipairs({ 'string', 'table', 'math', 'bit', 'coroutine' }) "
    "do\n"
    "      for name in pairs(_G[library]) do names[#names + 1] = name end\n"
    "    end\n"
    "    local sorted, seen = { 3, 1, 2 }, {}\n"
    "    table.sort(sorted)\n"
    "    local near = request.node:both('transfer'):nodes()\n"
    "    for edge, other in near:outgoing('transfer'):each() do\n"
    "      seen[#seen + 1] = tostring(edge) .. other.key .. edge.amount\n"
    "    end\n"
    "    return { decision = calls == 1 and 'allow' or 'deny', score = "
    "near:sum('balance'),\n"
    "      output = { table.concat(names, ' '), math.random(), sorted, seen,\n"
    "        ('a,b'):gsub(',', ';'), tostring({}), { pcall(error, 'caught') },\n"
    "        coroutine.wrap(function() coroutine.yield('yielded') end)(),\n"
    "        near:outgoing('transfer'):count(), type(getmetatable('')) } }\n"
    "  end }\n";

void answer_require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

static void check_result(const cordon_outcome *outcome, const struct answer *answer)
{
    const void *result;
    cordon_value value;
    size_t bytes;
    cordon_error err = {0};

    result = cordon_outcome_result(outcome, &bytes);
    answer_require(bytes == answer->output_bytes, "output_bytes are the result's");
    answer_require(!cordon_value_parse(&value, result, bytes, &err), err.message);
    answer_require(value.type == CORDON_MAP, "the result is a map");
}

/* A message is one line of text, whatever a rule put into it. */
static void check_text(const char *text)
{
    answer_require(cdn_utf8_valid(text, strlen(text)), "a message is UTF-8");
    for (; *text; text++)
        answer_require((unsigned char)*text >= ' ' && *text != 127,
                       "a message has no control characters");
}

/* What must hold of any outcome. */
static void check_limits(const cordon_outcome *outcome, const struct cdn_slot *slot,
                         const struct answer *answer)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);
    bool ok = answer->kind == CORDON_OUTCOME_OK;

    answer_require(answer->kind >= CORDON_OUTCOME_OK &&
                       answer->kind <= CORDON_OUTCOME_CANCELLED,
                   "the outcome is one of the six");
    /* a rule can raise an empty message */
    answer_require(answer->kind == CORDON_OUTCOME_ERROR ||
                       ok == (answer->message[0] == '\0'),
                   "what went wrong is said");
    answer_require((answer->kind == CORDON_OUTCOME_LIMIT) ==
                       (answer->limit != CORDON_BUDGET_NONE),
                   "a limit has a name");
    answer_require(usage->edges <= usage->edges_limit, "edges within their limit");
    answer_require(usage->output_bytes <= usage->output_limit_bytes,
                   "output within its limit");
    answer_require(usage->memory_bytes <=
                       usage->memory_limit_bytes + CDN_SLOT_RESERVE_BYTES,
                   "memory within limit and reserve");
    answer_require(slot->meter.executed <=
                       usage->instructions_limit + ANSWER_EXECUTED_SLACK,
                   "bytecodes within limit and slack");
    if (answer->kind != CORDON_OUTCOME_LIMIT &&
        answer->kind != CORDON_OUTCOME_CANCELLED)
        answer_require(usage->instructions <= usage->instructions_limit,
                       "instructions within their limit");
    if (ok)
        check_result(outcome, answer);
}

void answer_take(struct answer *answer, const cordon_outcome *outcome,
                 const struct cdn_slot *slot, cordon_status status,
                 const cordon_error *err)
{
    const cordon_usage *usage;
    const char *decision;
    const void *result;
    size_t bytes;

    memset(answer, 0, sizeof *answer);
    answer->status = status;
    usage = cordon_outcome_usage(outcome);
    result = cordon_outcome_result(outcome, &bytes);
    decision = cordon_outcome_decision(outcome);
    answer->kind = cordon_outcome_get_kind(outcome);
    answer->limit = cordon_outcome_limit(outcome);
    answer->instructions = usage->instructions;
    answer->edges = usage->edges;
    answer->nodes = usage->nodes;
    answer->output_bytes = usage->output_bytes;
    answer->memory_bytes = usage->memory_bytes;
    answer->memory_limit_bytes = usage->memory_limit_bytes;
    answer->digest = cordon_outcome_reads_digest(outcome);
    answer->result = bytes ? cdn_hash_xxh3(result, bytes) : 0;
    answer->truncated = cordon_outcome_truncated(outcome);
    answer->fallback = cordon_outcome_is_fallback(outcome);
    answer->scored = cordon_outcome_score(outcome, &answer->score);
    answer->line = cordon_outcome_line(outcome);
    snprintf(answer->decision, sizeof answer->decision, "%s", decision ? decision : "");
    snprintf(answer->message, sizeof answer->message, "%s",
             answer->status ? err->message : cordon_outcome_message(outcome));
    check_text(answer->message);
    check_text(answer->decision);
    if (status == CORDON_OK)
        check_limits(outcome, slot, answer);
    else
        answer_require(answer->message[0] != '\0',
                       "what is wrong with a request is said");
}

/* Where it stopped is the machine's affair, or the collector's. */
static bool unpredictable(const struct answer *answer)
{
    return answer->kind == CORDON_OUTCOME_CANCELLED ||
           answer->limit == CORDON_BUDGET_TIME || answer->limit == CORDON_BUDGET_MEMORY;
}

void answer_compare(const struct answer *first, const struct answer *second,
                    const char *when)
{
    const struct answer *either = unpredictable(first) ? second : first;

    if (unpredictable(first) || unpredictable(second)) {
        /* both, or the other one was close to the cap */
        answer_require(unpredictable(either) || first->limit == CORDON_BUDGET_TIME ||
                           second->limit == CORDON_BUDGET_TIME ||
                           first->kind == CORDON_OUTCOME_CANCELLED ||
                           second->kind == CORDON_OUTCOME_CANCELLED ||
                           either->memory_bytes > either->memory_limit_bytes / 2,
                       "only what is close to the memory cap is stopped for it");
        return;
    }
    if (first->status == second->status && first->kind == second->kind &&
        first->limit == second->limit && first->instructions == second->instructions &&
        first->edges == second->edges && first->nodes == second->nodes &&
        first->output_bytes == second->output_bytes &&
        first->digest == second->digest && first->result == second->result &&
        first->truncated == second->truncated && first->line == second->line &&
        first->scored == second->scored && first->fallback == second->fallback &&
        memcmp(&first->score, &second->score, sizeof first->score) == 0 &&
        strcmp(first->decision, second->decision) == 0 &&
        strcmp(first->message, second->message) == 0)
        return;
    fprintf(stderr, "%s another answer:\n", when);
    for (int i = 0; i < 2; i++) {
        const struct answer *one = i ? second : first;

        fprintf(stderr,
                "  %s %s, instructions %" PRIu64 ", edges %" PRIu64 ", nodes %" PRIu64
                ", output %" PRIu64 ", digest %016" PRIx64 ", result %016" PRIx64
                ", memory %" PRIu64 ", decision '%s', line %u: %s\n",
                cordon_outcome_kind_str(one->kind), cordon_budget_str(one->limit),
                one->instructions, one->edges, one->nodes, one->output_bytes,
                one->digest, one->result, one->memory_bytes, one->decision, one->line,
                one->message);
    }
    abort();
}

void answer_pristine(struct cdn_slot *slot, const struct cdn_image *image)
{
    /* its own last run's tail is left */
    if (slot->restored == image->serial)
        return;
    cdn_slot_restore(slot, image);
    answer_require(cdn_slot_compare(slot, image) == SIZE_MAX,
                   "the sandbox's bytes are the image's, and zero beyond");
}
