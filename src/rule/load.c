/* Loading a rule: from source text to a checked struct cdn_rule.
 *
 * The contract is read by running the text once (read.c), judged on the bytes that came of
 * that, and last the image is built once as a running slot would build it, which proves that it
 * can be and measures it.  The first and the last may be done by somebody else: then the rule is
 * what cdn_rule_judge() makes of his word.
 *
 * Cost: two compilations, some 200 us.  Left out: keeping the image; it belongs to this
 * slot, and rules run in others. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "rule/contract.h"
#include "rule/rule.h"

static int by_key(const void *a, const void *b)
{
    const struct cdn_contract_field *left = a, *right = b;

    return strcmp(left->key, right->key);
}

static int by_line(const void *a, const void *b)
{
    const struct cdn_finding *left = a, *right = b;
    uint32_t x = left->line - 1, y = right->line - 1; /* none: last */

    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(left->message, right->message);
}

static cordon_status keep_source(struct cdn_rule *rule, const char *source,
                                 size_t bytes, const char *file)
{
    rule->source = cdn_alloc(bytes + 1);
    rule->file = cdn_strdup(file);
    if (!rule->source || !rule->file)
        return CORDON_E_NOMEM;
    memcpy(rule->source, source, bytes);
    rule->source[bytes] = '\0';
    rule->source_bytes = bytes;
    cdn_hash_content(rule->hash, source, bytes);
    return CORDON_OK;
}

/* Fields by key, which the file's table need not have been in the order of. */
static void settle(struct cdn_contract *contract)
{
    if (contract->count)
        qsort(contract->fields, contract->count, sizeof contract->fields[0], by_key);
}

cordon_status cdn_rule_judge(struct cdn_rule **out, struct cdn_contract *contract,
                             const char *source, size_t bytes, const char *file,
                             struct cdn_findings *findings, cordon_error *err)
{
    struct cdn_check check = {.rule = cdn_calloc(1, sizeof *check.rule),
                              .contract = contract};
    cordon_status status = CORDON_OK;

    *out = NULL;
    if (!check.rule || keep_source(check.rule, source, bytes, file)) {
        cdn_rule_free(check.rule);
        return cdn_error_nomem(err);
    }
    settle(contract);
    check.rule->contract_hash = cdn_contract_hash(contract);
    cdn_contract_check(&check);
    if (check.nomem) {
        status = cdn_error_nomem(err);
        cdn_findings_deinit(&check.findings);
    } else if (check.findings.count) {
        qsort(check.findings.items, check.findings.count, sizeof *check.findings.items,
              by_line);
        status = cdn_error_at(err, CORDON_E_RULE, file, check.findings.items[0].line, 0,
                              "%s", check.findings.items[0].message);
    }
    if (findings)
        *findings = check.findings;
    else
        cdn_findings_deinit(&check.findings);
    if (status)
        cdn_rule_free(check.rule);
    else
        *out = check.rule;
    return status;
}

cordon_status cdn_rule_load(struct cdn_rule **out, struct cdn_slot *slot,
                            const char *source, size_t bytes, const char *file,
                            const struct cdn_budget *budget,
                            struct cdn_findings *findings, cordon_error *err)
{
    cordon_error own;
    cordon_status status;
    struct cdn_contract *contract = NULL;
    struct cdn_image *image = NULL;
    struct cdn_rule *rule = NULL;

    *out = NULL;
    if (!err)
        err = &own;
    status = cdn_contract_read(&contract, slot, source, bytes, file, budget, err);
    if (!status)
        status = cdn_rule_judge(&rule, contract, source, bytes, file, findings, err);
    if (!status)
        status = cdn_rule_image(&image, rule, slot, budget, err);
    if (!status) {
        rule->image_bytes = cdn_image_bytes(image);
        *out = rule;
        rule = NULL; /* handed over */
    }
    cdn_image_free(image);
    cdn_rule_free(rule);
    cdn_contract_free(contract);
    return status;
}

void cdn_rule_free(struct cdn_rule *rule)
{
    if (!rule)
        return;
    for (uint32_t i = 0; i < rule->param_count; i++) {
        struct cdn_param *param = &rule->params[i];

        for (uint32_t k = 0; k < param->choice_count; k++)
            cdn_free(param->choices[k]);
        cdn_free(param->choices);
        cdn_free(param->description);
        cdn_free(param->fallback);
    }
    for (uint32_t i = 0; i < rule->tag_count; i++)
        cdn_free(rule->tags[i]);
    cdn_free(rule->tags);
    cdn_free(rule->params);
    cdn_free(rule->returns);
    cdn_free(rule->functions);
    cdn_free(rule->description);
    cdn_free(rule->owner);
    cdn_free(rule->file);
    cdn_free(rule->source);
    cdn_free(rule);
}
