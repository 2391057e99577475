/* The `params` of a contract.
 *
 * Each parameter is checked in an order that lets later checks lean on earlier ones: type,
 * then bounds and choices, and the default last, through the very function that requests go
 * through (param.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rule/contract.h"
#include "rule/param.h"

static const char *const fields[] = {"type",     "element", "default",     "min", "max",
                                     "required", "choices", "description", NULL};

static bool is_number(enum cdn_param_type type)
{
    return type == CDN_PARAM_INTEGER || type == CDN_PARAM_NUMBER ||
           type == CDN_PARAM_DURATION || type == CDN_PARAM_TIMESTAMP;
}

/* min or max: of the parameter's own type, or a length. */
static void bound(struct cdn_check *check, struct cdn_param *param,
                  const cordon_value *value, bool lower)
{
    const struct cdn_path *path =
        CDN_PATH("params", param->name, lower ? "min" : "max");
    struct cdn_param plain = {.type = is_number(param->type) ? param->type
                                                             : CDN_PARAM_INTEGER};
    cordon_value number;
    cordon_error err;

    if (param->type == CDN_PARAM_BOOLEAN) {
        cdn_check_fault(check, path, "a boolean has no bounds");
        return;
    }
    if (cdn_param_accept(&number, &plain, value, "the bound", &err)) {
        cdn_check_fault(check, path, "%s", err.message);
        return;
    }
    if (!is_number(param->type) && number.as.number < 0) {
        cdn_check_fault(check, path, "a length cannot be negative");
        return;
    }
    if (lower) {
        param->has_min = true;
        param->min = number.as.number;
    } else {
        param->has_max = true;
        param->max = number.as.number;
    }
}

static void choices(struct cdn_check *check, struct cdn_param *param,
                    const cordon_value *value)
{
    const struct cdn_path *path = CDN_PATH("params", param->name, "choices");
    cordon_value_iter iter;
    cordon_value item;

    if (param->type != CDN_PARAM_STRING) {
        cdn_check_fault(check, path, "only a string parameter has choices");
        return;
    }
    if (value->type != CORDON_ARRAY || !value->length) {
        cdn_check_fault(check, path,
                        "a list of strings is needed, such as { \"a\", \"b\" }");
        return;
    }
    param->choices = cdn_calloc(value->length, sizeof *param->choices);
    if (!param->choices) {
        check->nomem = true;
        return;
    }
    cordon_value_iter_init(&iter, value);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++) {
        char position[16];
        char *text;

        snprintf(position, sizeof position, "#%u", at);
        text = cdn_check_text(
            check, CDN_PATH("params", param->name, "choices", position), &item);
        if (text)
            param->choices[param->choice_count++] = text;
    }
}

static void fallback(struct cdn_check *check, struct cdn_param *param,
                     const cordon_value *value, const unsigned char *bytes, size_t size)
{
    const struct cdn_path *path = CDN_PATH("params", param->name, "default");
    const unsigned char *end;
    cordon_value copy;
    cordon_error err;

    if (param->required) {
        cdn_check_fault(check, path,
                        "a required parameter needs no default; leave one of both out");
        return;
    }
    if (cdn_param_accept(&copy, param, value, "the default", &err)) {
        cdn_check_fault(check, path, "%s", err.message);
        return;
    }
    param->fallback = cdn_alloc(size);
    if (!param->fallback) {
        check->nomem = true;
        return;
    }
    memcpy(param->fallback, bytes, size);
    param->fallback_bytes = size;
    end = param->fallback;
    if (!cdn_unpack_head(&copy, &end, param->fallback + size) ||
        cdn_param_accept(&param->fallback_value, param, &copy, "the default", &err))
        cdn_check_fault(check, path, "the default cannot be kept");
}

/* The bytes of a map's value under `key`. */
static const unsigned char *bytes_of(const cordon_value *map, const char *key,
                                     size_t *size)
{
    cordon_value_iter iter;
    cordon_value name, value;

    cordon_value_iter_init(&iter, map);
    for (;;) {
        const unsigned char *at;

        if (!cordon_value_next(&iter, &name, &value))
            return NULL;
        if (name.type != CORDON_STRING || name.length != strlen(key) ||
            memcmp(name.as.string, key, name.length))
            continue;
        at = (const unsigned char *)name.as.string + name.length;
        *size = (size_t)(iter.at - at);
        return at;
    }
}

static void one(struct cdn_check *check, struct cdn_param *param,
                const cordon_value *declared)
{
    cordon_value_iter iter;
    cordon_value key, value;
    char name[CDN_RULE_MAX_WORD + 1];
    int type = -1;
    size_t faults = check->findings.count;

    cordon_value_iter_init(&iter, declared);
    while (cordon_value_next(&iter, &key, &value)) {
        bool known = false;

        if (!cdn_check_key(check, CDN_PATH("params", param->name), &key, name))
            continue;
        for (int i = 0; fields[i]; i++)
            known |= !strcmp(fields[i], name);
        if (!known)
            cdn_check_unknown(check, CDN_PATH("params", param->name, name), name,
                              fields);
    }
    if (!cordon_value_get(&value, declared, "type"))
        cdn_check_fault(check, CDN_PATH("params", param->name),
                        "type is missing; write type = \"integer\", say");
    else
        type = cdn_check_word(check, CDN_PATH("params", param->name, "type"), &value,
                              cdn_param_type_names, "a parameter type");
    if (cordon_value_get(&value, declared, "description"))
        param->description = cdn_check_text(
            check, CDN_PATH("params", param->name, "description"), &value);
    if (cordon_value_get(&value, declared, "required")) {
        if (value.type == CORDON_BOOLEAN)
            param->required = value.as.boolean;
        else
            cdn_check_fault(check, CDN_PATH("params", param->name, "required"),
                            "true or false is needed");
    }
    if (type < 0)
        return;
    param->type = (enum cdn_param_type)type;
    if (cordon_value_get(&value, declared, "element")) {
        int element =
            cdn_check_word(check, CDN_PATH("params", param->name, "element"), &value,
                           cdn_param_type_names, "a type of elements");

        if (param->type != CDN_PARAM_LIST)
            cdn_check_fault(check, CDN_PATH("params", param->name, "element"),
                            "only a list has elements");
        else if (element == CDN_PARAM_LIST)
            cdn_check_fault(check, CDN_PATH("params", param->name, "element"),
                            "a list of lists cannot be a parameter");
        else if (element >= 0)
            param->element = (enum cdn_param_type)element;
    } else if (param->type == CDN_PARAM_LIST) {
        cdn_check_fault(check, CDN_PATH("params", param->name),
                        "element is missing; write element = \"string\", say");
    }
    if (cordon_value_get(&value, declared, "min"))
        bound(check, param, &value, true);
    if (cordon_value_get(&value, declared, "max"))
        bound(check, param, &value, false);
    if (param->has_min && param->has_max && param->min > param->max)
        cdn_check_fault(check, CDN_PATH("params", param->name, "min"),
                        "%.15g is above max, which is %.15g", param->min, param->max);
    if (cordon_value_get(&value, declared, "choices"))
        choices(check, param, &value);
    if (cordon_value_get(&value, declared, "default") &&
        check->findings.count == faults) {
        size_t size = 0;
        const unsigned char *bytes = bytes_of(declared, "default", &size);

        fallback(check, param, &value, bytes, size);
    }
}

void cdn_contract_params(struct cdn_check *check, const cordon_value *params)
{
    struct cdn_rule *rule = check->rule;
    cordon_value_iter iter;
    cordon_value key, value;

    if (!cdn_check_map(check, CDN_PATH("params"), params,
                       "{ window = { type = \"duration\", default = \"24h\" } }"))
        return;
    if (params->length > CDN_RULE_MAX_PARAMS) {
        cdn_check_fault(check, CDN_PATH("params"),
                        "%u parameters; at most %d are possible", params->length,
                        CDN_RULE_MAX_PARAMS);
        return;
    }
    if (!params->length)
        return;
    rule->params = cdn_calloc(params->length, sizeof *rule->params);
    if (!rule->params) {
        check->nomem = true;
        return;
    }
    cordon_value_iter_init(&iter, params); /* in byte order: transfer writes it so */
    while (cordon_value_next(&iter, &key, &value)) {
        struct cdn_param *param = &rule->params[rule->param_count];

        if (!cdn_check_key(check, CDN_PATH("params"), &key, param->name))
            continue;
        rule->param_count++;
        if (cdn_check_map(check, CDN_PATH("params", param->name), &value,
                          "{ type = \"integer\" }"))
            one(check, param, &value);
    }
}
