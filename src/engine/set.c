/* The text of a set, read strictly.
 *
 * What can be known to be wrong is an error when it is loaded: a rule twice, a threshold
 * that no sum can be below, a weight where nothing is weighed. */
#include "engine/set.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "engine/registry_record.h"
#include "sandbox/config.h"
#include "sandbox/spec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const cdn_set_combinations[] = {"most_severe", "max_score", "weighted_sum",
                                            "custom"};

int32_t cdn_set_decision(const struct cdn_set *set, const char *word)
{
    for (uint32_t i = 0; i < set->decision_count; i++)
        if (!strcmp(set->decisions[i], word))
            return (int32_t)i;
    return -1;
}

static bool is_word(const char *text, size_t most)
{
    size_t bytes = strlen(text);

    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return bytes && bytes <= most;
}

static cordon_status number(struct cdn_spec *table, double *out,
                            const cordon_value *value)
{
    if (value->type == CORDON_INTEGER)
        *out = (double)value->as.integer;
    else if (value->type == CORDON_NUMBER)
        *out = value->as.number;
    else
        return cdn_spec_fail(table, "a number is needed, not a %s",
                             cdn_spec_type(value));
    return isfinite(*out) ? CORDON_OK
                          : cdn_spec_fail(table, "a finite number is needed");
}

static cordon_status rule_name(struct cdn_spec *table, const char *name)
{
    if (cdn_object_name_valid(name, strlen(name)))
        return CORDON_OK;
    return cdn_spec_fail(
        table,
        "'%.80s' cannot be a rule's name: letters, digits, '_', '-' and "
        "'.', at most %d of them, the first a letter",
        name, CORDON_RULE_MAX_NAME_BYTES);
}

/* ---- decisions ---- */

static cordon_status read_decisions(struct cdn_spec *table, struct cdn_set *set,
                                    const cordon_value *map)
{
    cordon_status status =
        cdn_spec_texts(table, &set->decisions, &set->decision_count, map, "decisions");

    if (status)
        return status;
    cdn_spec_enter(table, "decisions");
    if (!set->decision_count)
        return cdn_spec_fail(table, "at least one decision is needed: decisions = { "
                                    "\"allow\", \"review\", \"deny\" }, least to most "
                                    "severe");
    if (set->decision_count > CDN_RULE_MAX_DECISIONS)
        return cdn_spec_fail(table, "%u decisions; at most %d are possible",
                             set->decision_count, CDN_RULE_MAX_DECISIONS);
    for (uint32_t i = 0; i < set->decision_count; i++) {
        if (!is_word(set->decisions[i], CDN_RULE_MAX_WORD))
            return cdn_spec_fail(table, "'%.80s' is not a word", set->decisions[i]);
        if (cdn_set_decision(set, set->decisions[i]) != (int32_t)i)
            return cdn_spec_fail(table, "'%s' stands twice", set->decisions[i]);
    }
    cdn_spec_leave(table);
    return CORDON_OK;
}

static cordon_status known_decision(struct cdn_spec *table, const struct cdn_set *set,
                                    int32_t *out, const char *word)
{
    cordon_status status = CORDON_OK;

    *out = cdn_spec_choice(table, word, "decision", set->decisions, set->decision_count,
                           &status);
    return status;
}

static cordon_status read_fallback(struct cdn_spec *table, struct cdn_set *set,
                                   const cordon_value *map)
{
    const char *word = NULL;
    cordon_status status = cdn_spec_text(table, &word, map, "fallback", false);

    set->fallback = -1;
    if (status || !word || !strcmp(word, "none"))
        return status;
    cdn_spec_enter(table, "fallback");
    status = known_decision(table, set, &set->fallback, word);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

static cordon_status read_thresholds(struct cdn_spec *table, struct cdn_set *set,
                                     const cordon_value *map)
{
    cordon_value thresholds, key, value;
    cordon_value_iter iter;
    bool given[CDN_RULE_MAX_DECISIONS] = {false};
    cordon_status status;

    if (!cordon_value_get(&thresholds, map, "thresholds")) {
        if (set->combine != CDN_COMBINE_WEIGHTED_SUM)
            return CORDON_OK;
        return cdn_spec_fail(table, "'thresholds' is missing: combine = "
                                    "\"weighted_sum\" needs the least sum of each "
                                    "decision but the first");
    }
    cdn_spec_enter(table, "thresholds");
    if (set->combine != CDN_COMBINE_WEIGHTED_SUM)
        return cdn_spec_fail(table, "only combine = \"weighted_sum\" has thresholds");
    status = cdn_spec_check_map(table, &thresholds);
    cordon_value_iter_init(&iter, &thresholds);
    while (!status && cordon_value_next(&iter, &key, &value)) {
        const char *word;
        int32_t at;

        status = cdn_spec_copy_text(table, &word, &key);
        if (status)
            return status;
        cdn_spec_enter_value(table, &key);
        status = known_decision(table, set, &at, word);
        if (!status && at == 0)
            return cdn_spec_fail(table, "the first decision is what stands below all "
                                        "thresholds; it has none");
        if (!status)
            status = number(table, &set->thresholds[at], &value);
        if (status)
            return status;
        given[at] = true;
        cdn_spec_leave(table);
    }
    set->thresholds[0] = -HUGE_VAL;
    for (uint32_t i = 1; i < set->decision_count && !status; i++) {
        if (!given[i])
            return cdn_spec_fail(table, "'%s' has no threshold", set->decisions[i]);
        if (set->thresholds[i] < set->thresholds[i - 1])
            return cdn_spec_fail(table,
                                 "'%s' is more severe than '%s', but its threshold is "
                                 "lower",
                                 set->decisions[i], set->decisions[i - 1]);
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* ---- members ---- */

static cordon_status read_member(struct cdn_spec *table, const struct cdn_set *set,
                                 struct cdn_set_member *member,
                                 const cordon_value *value)
{
    static const char *const known[] = {"name", "weight"};
    cordon_value weight;
    cordon_status status;

    member->weight = 1;
    if (value->type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &member->name, value);
        return status ? status : rule_name(table, member->name);
    }
    status = cdn_spec_check_keys(table, value, known, COUNT(known));
    if (!status)
        status = cdn_spec_text(table, &member->name, value, "name", true);
    if (!status)
        status = rule_name(table, member->name);
    if (status || !cordon_value_get(&weight, value, "weight"))
        return status;
    cdn_spec_enter(table, "weight");
    if (set->combine != CDN_COMBINE_WEIGHTED_SUM)
        return cdn_spec_fail(table, "only combine = \"weighted_sum\" weighs; leave it "
                                    "out");
    status = number(table, &member->weight, &weight);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

static cordon_status read_members(struct cdn_spec *table, struct cdn_set *set,
                                  const cordon_value *map)
{
    cordon_value list, value;
    cordon_status status = CORDON_OK;

    if (!cordon_value_get(&list, map, "rules"))
        return cdn_spec_fail(table, "'rules' is missing: rules = { \"fan_out\" }");
    cdn_spec_enter(table, "rules");
    if (list.type != CORDON_ARRAY || !list.length)
        return cdn_spec_fail(table, "a list of rules is needed: { \"fan_out\" }");
    if (list.length > CORDON_SET_MAX_RULES)
        return cdn_spec_fail(table, "%u rules; at most %d are possible", list.length,
                             CORDON_SET_MAX_RULES);
    set->members = cdn_spec_keep(table, list.length * sizeof *set->members);
    if (!set->members)
        return cdn_error_nomem(table->err);
    for (uint32_t i = 0; i < list.length && !status; i++) {
        struct cdn_set_member *member = &set->members[i];

        if (!cordon_value_at(&value, &list, i))
            break;
        cdn_spec_enter_index(table, i + 1);
        status = read_member(table, set, member, &value);
        for (uint32_t k = 0; k < i && !status; k++)
            if (!strcmp(set->members[k].name, member->name))
                status = cdn_spec_fail(table, "'%s' stands in it twice", member->name);
        if (!status)
            cdn_spec_leave(table);
        set->member_count++;
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

/* ---- the whole ---- */

static cordon_status read_combine(struct cdn_spec *table, struct cdn_set *set,
                                  const cordon_value *map)
{
    const char *word = "most_severe";
    cordon_status status = cdn_spec_text(table, &word, map, "combine", false);
    int choice;

    if (status)
        return status;
    cdn_spec_enter(table, "combine");
    choice =
        cdn_spec_choice(table, word ? word : "most_severe", "combination",
                        cdn_set_combinations, COUNT(cdn_set_combinations), &status);
    if (choice < 0)
        return status;
    cdn_spec_leave(table);
    set->combine = (enum cdn_combine)choice;
    status = cdn_spec_text(table, &set->combiner, map, "combiner",
                           choice == CDN_COMBINE_CUSTOM);
    if (status || !set->combiner)
        return status;
    cdn_spec_enter(table, "combiner");
    if (choice != CDN_COMBINE_CUSTOM)
        return cdn_spec_fail(table, "only combine = \"custom\" has a combiner");
    status = rule_name(table, set->combiner);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

static cordon_status read_set(struct cdn_spec *table, struct cdn_set *set,
                              const cordon_value *map)
{
    static const char *const known[] = {"name",     "description", "decisions",
                                        "combine",  "rules",       "thresholds",
                                        "fallback", "combiner"};
    cordon_status status = cdn_spec_check_keys(table, map, known, COUNT(known));

    if (!status)
        status = cdn_spec_text(table, &set->name, map, "name", true);
    if (status)
        return status;
    cdn_spec_enter(table, "name");
    status = rule_name(table, set->name);
    if (status)
        return status;
    cdn_spec_leave(table);
    status = cdn_spec_text(table, &set->description, map, "description", false);
    if (!status)
        status = read_decisions(table, set, map);
    if (!status)
        status = read_combine(table, set, map);
    if (!status)
        status = read_members(table, set, map);
    if (!status)
        status = read_thresholds(table, set, map);
    if (!status)
        status = read_fallback(table, set, map);
    return status;
}

cordon_status cdn_set_load(struct cdn_set **out, const struct cdn_reading *reading,
                           const char *source, size_t bytes, const char *file,
                           cordon_error *err)
{
    struct cdn_buf packed = {0};
    struct cdn_set *set = NULL;
    struct cdn_spec table = {
        .source = source, .bytes = bytes, .file = file, .err = err};
    cordon_value map;
    cordon_status status;

    *out = NULL;
    status = cdn_read_table(&packed, reading, source, bytes, file, err);
    if (!status)
        status = cordon_value_parse(&map, packed.data, packed.length, err);
    if (status)
        goto out;
    set = cdn_calloc(1, sizeof *set);
    if (!set) {
        status = cdn_error_nomem(err);
        goto out;
    }
    set->references = 1;
    table.blocks = &set->blocks;
    status = read_set(&table, set, &map);
    if (status == CORDON_E_DATA) {
        status = CORDON_E_RULE; /* a set's text is a rule's sibling */
        if (err)
            err->status = status;
    }
    if (!status) {
        *out = set;
        set = NULL; /* handed over */
    }
out:
    cdn_set_release(set);
    cdn_buf_deinit(&packed);
    return status;
}

struct cdn_set *cdn_set_retain(struct cdn_set *set)
{
    if (set)
        set->references++;
    return set;
}

void cdn_set_release(struct cdn_set *set)
{
    if (!set || --set->references)
        return;
    cdn_spec_release(&set->blocks);
    cdn_free(set);
}
