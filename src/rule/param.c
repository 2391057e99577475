/* Parameters: from what a request or a default gives to what the rule sees.
 *
 * One function decides what a value of each type may look like, and defaults, requests and
 * the command line all go through it, so that a rule can be tried with a value exactly if it
 * accepts that value in service.  Everything is a view: a string stays where it is, a list
 * is checked whole here and converted element by element when the rule asks for it.
 *
 * Numbers reach Lua as doubles, so integers beyond 2^53 are refused, never rounded. */
#include "rule/param.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/time.h"

const char *const cdn_param_type_names[] = {"boolean",  "integer",   "number", "string",
                                            "duration", "timestamp", "list",   NULL};

static const char *shape_name(cordon_type type)
{
    switch (type) {
    case CORDON_NIL:
        return "nil";
    case CORDON_BOOLEAN:
        return "a boolean";
    case CORDON_INTEGER:
        return "an integer";
    case CORDON_NUMBER:
        return "a number";
    case CORDON_STRING:
        return "a string";
    case CORDON_ARRAY:
        return "a list";
    case CORDON_MAP:
        return "a map";
    default:
        return "no value";
    }
}

static const char *wanted(enum cdn_param_type type)
{
    switch (type) {
    case CDN_PARAM_BOOLEAN:
        return "true or false";
    case CDN_PARAM_INTEGER:
        return "an integer";
    case CDN_PARAM_NUMBER:
        return "a number";
    case CDN_PARAM_STRING:
        return "a string";
    case CDN_PARAM_DURATION:
        return "a duration such as \"24h\", \"1d12h\" or \"250ms\", or milliseconds";
    case CDN_PARAM_TIMESTAMP:
        return "a time such as \"2026-11-24T02:29:00Z\", or milliseconds since 1970";
    case CDN_PARAM_LIST:
        return "a list";
    default:
        return "a value";
    }
}

/* How a fault shows the value it is about. */
static const char *show(char *out, size_t size, const cordon_value *value)
{
    switch (value->type) {
    case CORDON_BOOLEAN:
        snprintf(out, size, "%s", value->as.boolean ? "true" : "false");
        break;
    case CORDON_INTEGER:
        snprintf(out, size, "%lld", (long long)value->as.integer);
        break;
    case CORDON_NUMBER:
        snprintf(out, size, "%.15g", value->as.number);
        break;
    case CORDON_STRING:
        snprintf(out, size, "'%.*s'", value->length > 60 ? 60 : (int)value->length,
                 value->as.string);
        break;
    case CORDON_NIL:
    case CORDON_ARRAY:
    case CORDON_MAP:
    default:
        snprintf(out, size, "%s", shape_name(value->type));
        break;
    }
    return out;
}

/* An integer that a double holds exactly. */
static bool exact(const cordon_value *value, double *out)
{
    if (value->type == CORDON_INTEGER)
        *out = (double)value->as.integer;
    else if (value->type == CORDON_NUMBER)
        *out = value->as.number;
    else
        return false;
    return *out >= -CDN_RULE_EXACT && *out <= CDN_RULE_EXACT && *out == trunc(*out);
}

static bool scalar(cordon_value *out, enum cdn_param_type type,
                   const cordon_value *given)
{
    cordon_value result = {.type = CORDON_NUMBER, .end = given->end};
    int64_t ms;

    switch (type) {
    case CDN_PARAM_BOOLEAN:
        *out = *given;
        return given->type == CORDON_BOOLEAN;
    case CDN_PARAM_STRING:
        *out = *given;
        return given->type == CORDON_STRING;
    case CDN_PARAM_INTEGER:
        if (!exact(given, &result.as.number))
            return false;
        break;
    case CDN_PARAM_NUMBER:
        if (given->type == CORDON_INTEGER)
            return scalar(out, CDN_PARAM_INTEGER, given);
        if (given->type != CORDON_NUMBER || !isfinite(given->as.number))
            return false;
        result.as.number = given->as.number;
        break;
    case CDN_PARAM_DURATION:
    case CDN_PARAM_TIMESTAMP:
        if (given->type != CORDON_STRING)
            return scalar(out, CDN_PARAM_INTEGER, given);
        if (type == CDN_PARAM_DURATION
                ? !cdn_duration_parse(&ms, given->as.string, given->length)
                : !cdn_time_parse(&ms, given->as.string, given->length))
            return false;
        result.as.number = (double)ms;
        if (fabs(result.as.number) > CDN_RULE_EXACT)
            return false;
        break;
    case CDN_PARAM_LIST:
    default:
        return false;
    }
    *out = result;
    return true;
}

bool cdn_param_element(cordon_value *out, const struct cdn_param *param,
                       const cordon_value *element)
{
    return scalar(out, param->element, element);
}

static cordon_status bounds(const struct cdn_param *param, const cordon_value *value,
                            const cordon_value *given, const char *what,
                            cordon_error *err)
{
    bool length = value->type == CORDON_STRING || value->type == CORDON_ARRAY;
    double size = length ? value->length : value->as.number;
    bool below = param->has_min && size < param->min;
    bool above = param->has_max && size > param->max;
    char shown[96];

    if (value->type == CORDON_BOOLEAN || (!below && !above))
        return CORDON_OK;
    if (length)
        return cdn_error_set(
            err, CORDON_E_INVALID, "%s: its length %u is %s %.15g; give %s %.15g %s",
            what, value->length, below ? "below" : "above",
            below ? param->min : param->max, below ? "at least" : "at most",
            below ? param->min : param->max,
            value->type == CORDON_STRING ? "bytes" : "elements");
    return cdn_error_set(err, CORDON_E_INVALID, "%s: %s is %s %.15g", what,
                         show(shown, sizeof shown, given),
                         below ? "below the minimum" : "above the maximum",
                         below ? param->min : param->max);
}

static cordon_status choice(const struct cdn_param *param, const cordon_value *value,
                            const char *what, cordon_error *err)
{
    struct cdn_suggest suggest;
    char text[64], hint[128], shown[96], all[256] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < param->choice_count; i++) {
        if (strlen(param->choices[i]) == value->length &&
            !memcmp(param->choices[i], value->as.string, value->length))
            return CORDON_OK;
    }
    snprintf(text, sizeof text, "%.*s",
             (int)(value->length < sizeof text ? value->length : sizeof text - 1),
             value->as.string);
    cdn_suggest_init(&suggest, text);
    for (uint32_t i = 0; i < param->choice_count; i++) {
        cdn_suggest_offer(&suggest, param->choices[i]);
        if (used < sizeof all)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                     i ? ", " : "", param->choices[i]);
    }
    if (used >= sizeof all)
        memcpy(all + sizeof all - 4, "...", 4);
    return cdn_error_set(err, CORDON_E_INVALID,
                         "%s: %s is not one of its choices, %s%s", what,
                         show(shown, sizeof shown, value), all,
                         cdn_suggest_text(&suggest, hint, sizeof hint));
}

static cordon_status mistyped(enum cdn_param_type type, const cordon_value *given,
                              const char *what, cordon_error *err)
{
    char shown[96];
    double ignored;

    if (given->type == CORDON_INTEGER && type != CDN_PARAM_BOOLEAN &&
        type != CDN_PARAM_STRING && !exact(given, &ignored))
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "%s: %s is beyond 2^53, where numbers of a rule are no longer "
            "exact; declare the parameter as a string",
            what, show(shown, sizeof shown, given));
    return cdn_error_set(err, CORDON_E_INVALID, "%s: %s is not %s", what,
                         show(shown, sizeof shown, given), wanted(type));
}

cordon_status cdn_param_accept(cordon_value *out, const struct cdn_param *param,
                               const cordon_value *given, const char *what,
                               cordon_error *err)
{
    cordon_value_iter iter;
    cordon_value element, ignored;
    cordon_status status;
    char where[160];
    uint32_t at = 0;

    if (param->type != CDN_PARAM_LIST) {
        if (!scalar(out, param->type, given))
            return mistyped(param->type, given, what, err);
        status = bounds(param, out, given, what, err);
        if (!status && param->choice_count)
            status = choice(param, out, what, err);
        return status;
    }
    /* To Lua an empty table is a list as much as a map. */
    if (given->type != CORDON_ARRAY && !(given->type == CORDON_MAP && !given->length))
        return mistyped(CDN_PARAM_LIST, given, what, err);
    *out = *given;
    out->type = CORDON_ARRAY;
    cordon_value_iter_init(&iter, given);
    while (cordon_value_next(&iter, NULL, &element)) {
        at++;
        if (!scalar(&ignored, param->element, &element)) {
            snprintf(where, sizeof where, "%s[%u]", what, at);
            return mistyped(param->element, &element, where, err);
        }
    }
    return bounds(param, out, given, what, err);
}

/* ---- as text ---- */

static bool number_text(struct cdn_packer *out, const char *text, bool integer)
{
    char *end;

    if (!*text || *text == ' ')
        return false;
    errno = 0;
    if (integer) {
        long long value = strtoll(text, &end, 10);

        if (!errno && !*end) {
            cdn_pack_int(out, value);
            return true;
        }
    }
    errno = 0;
    double value = strtod(text, &end);
    if (errno || *end || !isfinite(value) || (integer && value != trunc(value)))
        return false;
    cdn_pack_number(out, value);
    return true;
}

static cordon_status scalar_text(struct cdn_packer *out, enum cdn_param_type type,
                                 const char *text, const char *what, cordon_error *err)
{
    cordon_value given = {
        .type = CORDON_STRING, .length = (uint32_t)strlen(text), .as.string = text};
    bool good = false;

    switch (type) {
    case CDN_PARAM_BOOLEAN:
        good = !strcmp(text, "true") || !strcmp(text, "false");
        if (good)
            cdn_pack_bool(out, *text == 't');
        break;
    case CDN_PARAM_INTEGER:
    case CDN_PARAM_NUMBER:
        good = number_text(out, text, type == CDN_PARAM_INTEGER);
        break;
    case CDN_PARAM_STRING:
        cdn_pack_cstr(out, text);
        good = true;
        break;
    case CDN_PARAM_DURATION:
    case CDN_PARAM_TIMESTAMP:
        good =
            strspn(text, "-0123456789") == strlen(text) && number_text(out, text, true);
        if (!good) {
            cordon_value ignored;

            good = scalar(&ignored, type, &given);
            if (good)
                cdn_pack_cstr(out, text);
        }
        break;
    case CDN_PARAM_LIST:
    default:
        break;
    }
    return good ? CORDON_OK : mistyped(type, &given, what, err);
}

cordon_status cdn_param_text(struct cdn_packer *out, const struct cdn_param *param,
                             const char *text, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    uint32_t count = 0;
    char what[CDN_RULE_MAX_WORD + 40];
    char element[1024];

    snprintf(what, sizeof what, "parameter '%s'", param->name);
    if (param->type != CDN_PARAM_LIST)
        return scalar_text(out, param->type, text, what, err);
    for (const char *at = text; *text && at; count++) {
        at = strchr(at, ',');
        at = at ? at + 1 : NULL;
    }
    cdn_pack_array(out, count);
    for (uint32_t i = 1; i <= count && !status; i++) {
        size_t bytes = strcspn(text, ",");

        if (bytes >= sizeof element)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "%s[%u]: an element given as text has at most %zu bytes", what, i,
                sizeof element - 1);
        memcpy(element, text, bytes);
        element[bytes] = '\0';
        snprintf(what, sizeof what, "parameter '%s'[%u]", param->name, i);
        status = scalar_text(out, param->element, element, what, err);
        text += bytes + 1;
    }
    return status;
}

/* ---- by name ---- */

const struct cdn_param *cdn_param_find(const struct cdn_rule *rule, const char *name,
                                       size_t bytes)
{
    uint32_t low = 0;
    uint32_t high = rule->param_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct cdn_param *param = &rule->params[middle];
        size_t own = strlen(param->name);
        int order = memcmp(param->name, name, own < bytes ? own : bytes);

        if (!order && own == bytes)
            return param;
        if (order < 0 || (!order && own < bytes))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

char *cdn_param_unknown(char *out, size_t size, const struct cdn_rule *rule,
                        const char *name, size_t bytes)
{
    struct cdn_suggest suggest;
    char text[CDN_RULE_MAX_WORD + 1], hint[128];
    size_t used;

    snprintf(text, sizeof text, "%.*s",
             (int)(bytes < sizeof text ? bytes : sizeof text - 1), name);
    if (!rule->param_count) {
        snprintf(out, size, "no parameter '%s'; the rule declares none", text);
        return out;
    }
    cdn_suggest_init(&suggest, text);
    for (uint32_t i = 0; i < rule->param_count; i++)
        cdn_suggest_offer(&suggest, rule->params[i].name);
    snprintf(out, size, "no parameter '%s'%s", text,
             cdn_suggest_text(&suggest, hint, sizeof hint));
    if (suggest.best)
        return out;
    used = strlen(out);
    for (uint32_t i = 0; i < rule->param_count && i < 8 && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s'%s'",
                                 i ? ", " : "; there is ", rule->params[i].name);
    return out;
}
