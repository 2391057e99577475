/* Results as bytes.
 *
 * Whoever sends them may have been taken over by the rule he ran, so that nothing is believed:
 * the map is parsed whole first (depth, lengths, what follows), its keys must stand in byte
 * order as result.c writes them, and each value must be what the contract says.  What has to be
 * equal for equal results (integers, the order of fields) is required, not repaired: an honest
 * worker has no reason to differ. */
#include "rule/accept.h"

#include <math.h>
#include <string.h>

#include "base/pack.h"
#include "base/utf8.h"
#include "rule/param.h"

static const char *const keys[] = {"decision", "new_edges", "output",
                                   "reasons",  "score",     "updated_nodes"};
enum { DECISION, NEW_EDGES, OUTPUT, REASONS, SCORE, UPDATED_NODES, KEYS };

static bool is(const cordon_value *text, const char *word)
{
    return text->type == CORDON_STRING && text->length == strlen(word) &&
           !memcmp(text->as.string, word, text->length);
}

static bool number_of(const cordon_value *value, double *out)
{
    if (value->type == CORDON_INTEGER)
        *out = (double)value->as.integer;
    else if (value->type == CORDON_NUMBER)
        *out = value->as.number;
    else
        return false;
    return isfinite(*out);
}

static bool accept_decision(cordon_outcome *outcome, const struct cdn_rule *rule,
                            const cordon_value *value)
{
    for (uint32_t i = 0; i < rule->decision_count; i++) {
        if (!is(value, rule->decisions[i]))
            continue;
        memcpy(outcome->decision, rule->decisions[i], sizeof outcome->decision);
        outcome->has_decision = true;
        return true;
    }
    return false;
}

static bool accept_reasons(cordon_outcome *outcome, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value reason;
    size_t used = 0;
    uint32_t count = 0;

    if (value->type != CORDON_ARRAY || value->length > CDN_OUTCOME_MAX_REASONS)
        return false;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, NULL, &reason)) {
        if (reason.type != CORDON_STRING || reason.length > CDN_OUTCOME_REASON_BYTES ||
            !cdn_utf8_valid(reason.as.string, reason.length) ||
            memchr(reason.as.string, 0, reason.length))
            return false;
        outcome->reasons[count++] = (uint32_t)used;
        memcpy(outcome->reason_text + used, reason.as.string, reason.length);
        outcome->reason_text[used + reason.length] = '\0';
        used += reason.length + 1;
    }
    outcome->reason_count = count;
    return true;
}

/* The words of `returns` differ in their first letter. */
static bool fits(const cordon_value *value, const char *type)
{
    double number;

    switch (type[0]) {
    case 'b':
        return value->type == CORDON_BOOLEAN;
    case 's':
        return value->type == CORDON_STRING &&
               cdn_utf8_valid(value->as.string, value->length);
    case 'i':
        return number_of(value, &number) && number == trunc(number) &&
               fabs(number) <= CDN_RULE_EXACT;
    case 'n':
        return number_of(value, &number);
    case 'l':
        return value->type == CORDON_ARRAY;
    case 'm':
        return value->type == CORDON_MAP;
    default:
        return true;
    }
}

static bool accept_output(const struct cdn_rule *rule, const cordon_value *value)
{
    cordon_value key, field;
    cordon_value_iter iter;
    uint32_t at = 0;

    if (!rule->returns_map)
        return fits(value, rule->returns_type);
    if (value->type != CORDON_MAP)
        return false;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &field)) {
        while (at < rule->return_count && !is(&key, rule->returns[at].name))
            if (!rule->returns[at++].optional)
                return false;
        if (at == rule->return_count || !fits(&field, rule->returns[at++].type))
            return false;
    }
    while (at < rule->return_count)
        if (!rule->returns[at++].optional)
            return false;
    return true;
}

static bool accept_proposals(const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value item;

    if (value->type != CORDON_ARRAY)
        return false;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, NULL, &item))
        if (item.type != CORDON_MAP)
            return false;
    return true;
}

static bool accept_value(cordon_outcome *outcome, const struct cdn_rule *rule, int key,
                         const cordon_value *value)
{
    switch (key) {
    case DECISION:
        return accept_decision(outcome, rule, value);
    case REASONS:
        return accept_reasons(outcome, value);
    case SCORE:
        outcome->has_score = number_of(value, &outcome->score);
        return outcome->has_score;
    case OUTPUT:
        outcome->output = *value;
        return accept_output(rule, value);
    case NEW_EDGES:
        outcome->new_edges = *value;
        return accept_proposals(value);
    default:
        outcome->updated_nodes = *value;
        return accept_proposals(value);
    }
}

/* The key that is not right; NULL: all are. */
static const char *accept(cordon_outcome *outcome, const struct cdn_rule *rule,
                          const cordon_value *map)
{
    cordon_value key, value;
    cordon_value_iter iter;
    bool output = false;
    int at = 0;

    if (map->type != CORDON_MAP)
        return "it is no map";
    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &key, &value)) {
        while (at < KEYS && !is(&key, keys[at]))
            at++;
        if (at == KEYS)
            return "a key that is unknown or out of order";
        if (!accept_value(outcome, rule, at, &value))
            return keys[at];
        output = output || at == OUTPUT;
        at++;
    }
    return output || rule->returns_optional ? NULL : keys[OUTPUT];
}

cordon_status cdn_result_accept(cordon_outcome *outcome, const struct cdn_rule *rule,
                                const void *bytes, size_t size, cordon_error *err)
{
    cordon_value map;
    cordon_status status;
    const char *wrong;

    cdn_outcome_drop_result(outcome);
    status = cdn_outcome_reserve(outcome, size, err);
    if (status)
        return status;
    memcpy(outcome->result, bytes, size);
    status = cordon_value_parse(&map, outcome->result, size, err);
    if (!status) {
        wrong = accept(outcome, rule, &map);
        if (wrong)
            status = cdn_error_set(err, CORDON_E_DATA,
                                   "a result breaks the rule's contract: %s", wrong);
    }
    if (status)
        cdn_outcome_drop_result(outcome);
    else
        outcome->result_bytes = size;
    return status;
}
