/* The check of a contract: every field, every fault.
 *
 * Each field has a function; the table at the end says which, in the order faults are
 * worth reading.  A field that is wrong leaves its part of the rule empty and the check goes
 * on; whoever asked for the rule gets it only if there was no fault. */
#include "rule/contract.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/suggest.h"
#include "base/time.h"
#include "rule/locate.h"

#define MAX_TAGS 64

struct cdn_contract *cdn_contract_new(void)
{
    struct cdn_contract *contract = cdn_calloc(1, sizeof *contract);

    if (!contract)
        return NULL;
    contract->packed = cdn_alloc(CDN_CONTRACT_BYTES);
    if (contract->packed)
        return contract;
    cdn_free(contract);
    return NULL;
}

void cdn_contract_free(struct cdn_contract *contract)
{
    if (contract)
        cdn_free(contract->packed);
    cdn_free(contract);
}

const char *cdn_contract_type(const char *name, size_t bytes)
{
    static const char *const types[] = {"nil",   "boolean",  "number",    "string",
                                        "table", "function", "coroutine", "userdata"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i]) == bytes && !memcmp(types[i], name, bytes))
            return types[i];
    return NULL;
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
    return cdn_hash_mix(digest, text ? cdn_hash_xxh3(text, strlen(text) + 1) : 0);
}

uint64_t cdn_contract_hash(const struct cdn_contract *contract)
{
    uint64_t digest = contract->count * 2u + contract->too_many;

    digest = mix_text(digest, contract->returned);
    digest = mix_text(digest, contract->evaluate);
    digest = mix_text(digest, contract->odd_key);
    for (uint32_t i = 0; i < contract->count; i++) {
        const struct cdn_contract_field *field = &contract->fields[i];

        digest = mix_text(digest, field->key);
        digest = mix_text(digest, field->fault);
        digest = cdn_hash_mix(
            digest, cdn_hash_xxh3(contract->packed + field->offset, field->bytes));
    }
    return digest;
}

static const char *const return_words[] = {"boolean", "integer", "number", "string",
                                           "list",    "map",     "any",    NULL};

/* Letters, digits, '_', '-' and '.', not first a digit or a sign. */
static bool is_label(const cordon_value *value, size_t most)
{
    const char *text = value->as.string;

    if (value->type != CORDON_STRING || !value->length || value->length > most)
        return false;
    for (size_t i = 0; i < value->length; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return false;
    }
    return true;
}

static void check_name(struct cdn_check *check, const cordon_value *value)
{
    if (!is_label(value, CORDON_RULE_MAX_NAME_BYTES)) {
        cdn_check_fault(check, CDN_PATH("name"),
                        "a word is needed that begins with a letter: letters, digits, "
                        "'_', '-' and '.', at most %d bytes",
                        CORDON_RULE_MAX_NAME_BYTES);
        return;
    }
    memcpy(check->rule->name, value->as.string, value->length);
}

static void check_description(struct cdn_check *check, const cordon_value *value)
{
    check->rule->description = cdn_check_text(check, CDN_PATH("description"), value);
}

static void check_owner(struct cdn_check *check, const cordon_value *value)
{
    check->rule->owner = cdn_check_text(check, CDN_PATH("owner"), value);
}

static void check_tags(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_rule *rule = check->rule;
    cordon_value_iter iter;
    cordon_value item;
    char position[16];

    if (value->type != CORDON_ARRAY || value->length > MAX_TAGS) {
        cdn_check_fault(check, CDN_PATH("tags"),
                        "a list of at most %d words is needed, such as { \"fraud\" }",
                        MAX_TAGS);
        return;
    }
    rule->tags = cdn_calloc(value->length, sizeof *rule->tags);
    if (!rule->tags) {
        check->nomem = true;
        return;
    }
    cordon_value_iter_init(&iter, value);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++) {
        char *text;

        snprintf(position, sizeof position, "#%u", at);
        text = cdn_check_text(check, CDN_PATH("tags", position), &item);
        if (text)
            rule->tags[rule->tag_count++] = text;
    }
}

/* ---- reads ---- */

static void read_properties(struct cdn_check *check, const char *kind,
                            const cordon_value *list)
{
    cordon_value_iter iter;
    cordon_value item;
    cordon_error err;
    char position[16];
    char name[CDN_SCHEMA_MAX_NAME + 2];

    cordon_value_iter_init(&iter, list);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++) {
        snprintf(position, sizeof position, "#%u", at);
        if (item.type != CORDON_STRING || item.length >= sizeof name) {
            cdn_check_fault(check, CDN_PATH("reads", kind, position),
                            "a property name is needed, a string of at most %d bytes",
                            CDN_SCHEMA_MAX_NAME);
            continue;
        }
        memcpy(name, item.as.string, item.length);
        name[item.length] = '\0';
        if (strlen(name) != item.length ||
            cdn_names_add(&check->rule->names, kind, name, &err))
            cdn_check_fault(check, CDN_PATH("reads", kind, position), "%s",
                            strlen(name) != item.length ? "the name holds a NUL byte"
                                                        : err.message);
    }
}

static void check_reads(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_names *names = &check->rule->names;
    cordon_value_iter iter;
    cordon_value key, list;
    cordon_error err;
    char kind[CDN_RULE_MAX_WORD + 1];

    if (!cdn_check_map(check, CDN_PATH("reads"), value,
                       "{ Account = { \"createTime\" }, transfer = {} }"))
        return;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &list)) {
        if (!cdn_check_key(check, CDN_PATH("reads"), &key, kind))
            continue;
        if (cdn_names_add(names, kind, NULL, &err)) {
            cdn_check_fault(check, CDN_PATH("reads", kind), "%s", err.message);
            continue;
        }
        if (list.type != CORDON_ARRAY)
            cdn_check_fault(check, CDN_PATH("reads", kind),
                            "a list of property names is needed, such as "
                            "{ \"amount\" }, or {} for none");
        else
            read_properties(check, kind, &list);
    }
    if (cdn_names_finish(names, &err))
        cdn_check_fault(check, CDN_PATH("reads"), "%s", err.message);
    for (uint32_t i = 0; i < names->kind_count; i++) {
        const char *path[] = {"reads", names->kinds[i].name};

        names->kinds[i].line = cdn_check_line(check, path, 2);
    }
}

/* ---- decisions and fallback ---- */

static void check_decisions(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_rule *rule = check->rule;
    cordon_value_iter iter;
    cordon_value item;
    char position[16];

    if (value->type != CORDON_ARRAY || value->length > CDN_RULE_MAX_DECISIONS) {
        cdn_check_fault(
            check, CDN_PATH("decisions"),
            "a list of at most %d words is needed, least severe first, such "
            "as { \"allow\", \"deny\" }",
            CDN_RULE_MAX_DECISIONS);
        return;
    }
    cordon_value_iter_init(&iter, value);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++) {
        char *word = rule->decisions[rule->decision_count];
        bool twice = false;

        snprintf(position, sizeof position, "#%u", at);
        if (!is_label(&item, CDN_RULE_MAX_WORD)) {
            cdn_check_fault(
                check, CDN_PATH("decisions", position),
                "a word is needed that begins with a letter: letters, digits, "
                "'_', '-' and '.', at most %d bytes",
                CDN_RULE_MAX_WORD);
            continue;
        }
        memcpy(word, item.as.string, item.length);
        word[item.length] = '\0';
        for (uint32_t i = 0; i < rule->decision_count; i++)
            twice |= !strcmp(rule->decisions[i], word);
        if (twice)
            cdn_check_fault(check, CDN_PATH("decisions", position), "'%s' stands twice",
                            word);
        else if (!strcmp(word, "none"))
            cdn_check_fault(
                check, CDN_PATH("decisions", position),
                "'none' is what fallback calls no decision; use another word");
        else
            rule->decision_count++;
    }
}

static void check_fallback(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_rule *rule = check->rule;
    const char *words[CDN_RULE_MAX_DECISIONS + 2];
    int number;

    for (uint32_t i = 0; i < rule->decision_count; i++)
        words[i] = rule->decisions[i];
    words[rule->decision_count] = "none";
    words[rule->decision_count + 1] = NULL;
    number = cdn_check_word(check, CDN_PATH("fallback"), value, words,
                            "\"none\" or one of the rule's decisions");
    rule->fallback = number == (int)rule->decision_count ? -1 : number;
}

/* ---- returns ---- */

static void return_type(struct cdn_check *check, const struct cdn_path *path,
                        const cordon_value *value, char *type, bool *optional)
{
    cordon_value word = *value;
    int number;

    *optional = word.type == CORDON_STRING && word.length > 1 &&
                word.as.string[word.length - 1] == '?';
    if (*optional)
        word.length--;
    number = cdn_check_word(check, path, &word, return_words, "a type of a result");
    if (number >= 0)
        memcpy(type, return_words[number], strlen(return_words[number]) + 1);
}

static void check_returns(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_rule *rule = check->rule;
    cordon_value_iter iter;
    cordon_value key, type;

    if (value->type == CORDON_STRING) {
        return_type(check, CDN_PATH("returns"), value, rule->returns_type,
                    &rule->returns_optional);
        rule->returns_optional |= !strcmp(rule->returns_type, "any");
        return;
    }
    if (!cdn_check_map(check, CDN_PATH("returns"), value,
                       "{ count = \"integer\", note = \"string?\" }, or one type"))
        return;
    if (value->length > CDN_RULE_MAX_RETURNS) {
        cdn_check_fault(check, CDN_PATH("returns"),
                        "%u fields; at most %d are possible", value->length,
                        CDN_RULE_MAX_RETURNS);
        return;
    }
    rule->returns_map = true;
    rule->returns = cdn_calloc(value->length, sizeof *rule->returns);
    if (!rule->returns) {
        check->nomem = true;
        return;
    }
    rule->returns_optional = true;
    cordon_value_iter_init(&iter, value); /* in byte order: transfer writes it so */
    while (cordon_value_next(&iter, &key, &type)) {
        struct cdn_return *field = &rule->returns[rule->return_count];

        if (!cdn_check_key(check, CDN_PATH("returns"), &key, field->name))
            continue;
        rule->return_count++;
        return_type(check, CDN_PATH("returns", field->name), &type, field->type,
                    &field->optional);
        field->optional |= !strcmp(field->type, "any");
        rule->returns_optional &= field->optional;
    }
}

/* ---- limits ---- */

/* A positive number of units, or text that `parse` understands. */
static uint64_t amount(struct cdn_check *check, const char *field,
                       const cordon_value *value, const char *example)
{
    const struct cdn_path *path = CDN_PATH("limits", field);
    bool time = !strcmp(field, "time");
    bool size = !strcmp(field, "memory") || !strcmp(field, "output");
    double scale = time ? 1e6 : 1;
    double number = 0;
    uint64_t bytes;
    int64_t ms;

    if (value->type == CORDON_INTEGER)
        number = (double)value->as.integer * scale;
    else if (value->type == CORDON_NUMBER)
        number = value->as.number * scale;
    else if (value->type == CORDON_STRING && size &&
             cdn_size_parse(&bytes, value->as.string, value->length))
        number = (double)bytes;
    else if (value->type == CORDON_STRING && time &&
             cdn_duration_parse(&ms, value->as.string, value->length))
        number = (double)ms * scale;
    else {
        cdn_check_fault(check, path, "%s is needed", example);
        return 0;
    }
    if (!(number >= 1 && number <= 9007199254740992.0) ||
        (!time && number != trunc(number))) {
        cdn_check_fault(check, path, "%s is needed, at least 1 and at most 2^53 in all",
                        example);
        return 0;
    }
    return (uint64_t)number;
}

static void check_limits(struct cdn_check *check, const cordon_value *value)
{
    static const char *const fields[] = {"instructions", "memory", "time",   "edges",
                                         "nodes",        "hops",   "output", NULL};
    struct cdn_budget *limits = &check->rule->limits;
    cordon_value_iter iter;
    cordon_value key, item;
    char name[CDN_RULE_MAX_WORD + 1];

    if (!cdn_check_map(check, CDN_PATH("limits"), value,
                       "{ instructions = 1e6, time = \"5ms\" }"))
        return;
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        if (!cdn_check_key(check, CDN_PATH("limits"), &key, name))
            continue;
        if (!strcmp(name, "instructions"))
            limits->instructions = amount(check, name, &item, "a whole number");
        else if (!strcmp(name, "memory"))
            limits->memory_bytes =
                amount(check, name, &item, "a size such as \"512KiB\", or bytes");
        else if (!strcmp(name, "time"))
            limits->wall_ns =
                amount(check, name, &item, "a time such as \"5ms\", or milliseconds");
        else if (!strcmp(name, "edges"))
            limits->edges = amount(check, name, &item, "a whole number");
        else if (!strcmp(name, "nodes"))
            limits->nodes = amount(check, name, &item, "a whole number");
        else if (!strcmp(name, "hops"))
            limits->hops = amount(check, name, &item, "a whole number");
        else if (!strcmp(name, "output"))
            limits->output_bytes =
                amount(check, name, &item, "a size such as \"64KiB\", or bytes");
        else
            cdn_check_unknown(check, CDN_PATH("limits", name), name, fields);
    }
}

/* ---- functions ---- */

static void check_functions(struct cdn_check *check, const cordon_value *value)
{
    struct cdn_rule *rule = check->rule;
    cordon_value_iter iter;
    cordon_value item;
    char position[16];

    if (value->type != CORDON_ARRAY || value->length > CDN_RULE_MAX_FUNCTIONS) {
        cdn_check_fault(check, CDN_PATH("functions"),
                        "a list of at most %d names is needed, such as "
                        "{ \"geo_distance\" }",
                        CDN_RULE_MAX_FUNCTIONS);
        return;
    }
    rule->functions = cdn_calloc(value->length, sizeof *rule->functions);
    if (!rule->functions) {
        check->nomem = true;
        return;
    }
    cordon_value_iter_init(&iter, value);
    for (uint32_t at = 1; cordon_value_next(&iter, NULL, &item); at++) {
        char *name = rule->functions[rule->function_count];
        bool twice = false;

        snprintf(position, sizeof position, "#%u", at);
        if (!cdn_check_key(check, CDN_PATH("functions", position), &item, name))
            continue;
        for (uint32_t i = 0; i < rule->function_count; i++)
            twice |= !strcmp(rule->functions[i], name);
        if (twice)
            cdn_check_fault(check, CDN_PATH("functions", position), "'%s' stands twice",
                            name);
        else
            rule->function_count++;
    }
    rule->functions_line = cdn_check_line(check, (const char *[]){"functions"}, 1);
}

/* ---- all of it ---- */

static const struct {
    const char *key;
    void (*check)(struct cdn_check *check, const cordon_value *value);
    const char *missing; /* what to say if it is not there; NULL: it need not be */
} table[] = {
    {"name", check_name, "it is missing; write name = \"my_rule\""},
    {"description", check_description, NULL},
    {"owner", check_owner, NULL},
    {"tags", check_tags, NULL},
    {"params", cdn_contract_params, NULL},
    {"reads", check_reads, NULL},
    {"decisions", check_decisions, NULL},
    {"fallback", check_fallback,
     "it is missing; say which decision stands when the rule fails or is stopped, or "
     "\"none\" to leave that to the host"},
    {"returns", check_returns, NULL},
    {"limits", check_limits, NULL},
    {"functions", check_functions, NULL},
};
enum { FIELDS = sizeof table / sizeof table[0] };

static void unknown_fields(struct cdn_check *check)
{
    const struct cdn_contract *contract = check->contract;
    const char *known[FIELDS + 2];

    for (size_t i = 0; i < FIELDS; i++)
        known[i] = table[i].key;
    known[FIELDS] = "evaluate";
    known[FIELDS + 1] = NULL;
    for (uint32_t i = 0; i < contract->count; i++) {
        const char *key = contract->fields[i].key;
        bool found = false;

        for (size_t k = 0; k < FIELDS; k++)
            found |= !strcmp(key, known[k]);
        if (!found)
            cdn_check_unknown(check, CDN_PATH(key), key, known);
    }
}

void cdn_contract_check(struct cdn_check *check)
{
    const struct cdn_contract *contract = check->contract;
    struct cdn_rule *rule = check->rule;

    rule->fallback = -1;
    rule->returns_optional = true;
    memcpy(rule->returns_type, "any", sizeof "any");
    if (contract->returned) {
        cdn_check_fault(check, CDN_PATH(NULL),
                        "the file returns %s%s; a rule is a file that returns a table",
                        strcmp(contract->returned, "nil") ? "a " : "",
                        contract->returned);
        if (check->findings.count)
            check->findings.items[0].line =
                cdn_rule_locate_return(rule->source, rule->source_bytes);
        return;
    }
    if (contract->too_many)
        cdn_check_fault(check, CDN_PATH(NULL), "the table has more than %d fields",
                        CDN_CONTRACT_MAX_FIELDS);
    if (contract->odd_key)
        cdn_check_fault(check, CDN_PATH(NULL),
                        "a field's key is a %s; keys are strings", contract->odd_key);
    for (size_t i = 0; i < FIELDS; i++) {
        const struct cdn_contract_field *field = NULL;
        cordon_value value;

        for (uint32_t k = 0; k < contract->count && !field; k++)
            if (!strcmp(contract->fields[k].key, table[i].key))
                field = &contract->fields[k];
        if (!field) {
            if (table[i].missing)
                cdn_check_fault(check, CDN_PATH(table[i].key), "%s", table[i].missing);
        } else if (field->fault[0]) {
            cdn_check_say(check, CDN_PATH(table[i].key), field->fault);
        } else if (!cordon_value_parse(&value, contract->packed + field->offset,
                                       field->bytes, NULL)) {
            table[i].check(check, &value);
        }
    }
    if (!contract->evaluate)
        cdn_check_fault(
            check, CDN_PATH("evaluate"),
            "it is missing; write evaluate = function(graph, request) ... end");
    else if (strcmp(contract->evaluate, "function"))
        cdn_check_fault(check, CDN_PATH("evaluate"), "a function is needed, not a %s",
                        contract->evaluate);
    unknown_fields(check);
    rule->evaluate_line = cdn_rule_locate(rule->source, rule->source_bytes,
                                          (const char *[]){"evaluate"}, 1);
}
