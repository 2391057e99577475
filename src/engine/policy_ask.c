/* What a policy says: look-ups by name, all over sorted lists, none of which allocates,
 * locks or changes anything.
 *
 * Globs are matched with one point to come back to, so that the cost is at most the product
 * of both lengths, 64 by 64. */
#include "engine/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "engine/proposals.h"

int32_t cdn_policy_principal(const struct cdn_policy *policy, const char *name)
{
    uint32_t low = 0, high = policy->principal_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = strcmp(policy->principals[middle].principal, name);

        if (!order)
            return (int32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

const struct cdn_role *cdn_policy_role(const struct cdn_policy *policy,
                                       int32_t principal)
{
    return &policy->principals[principal];
}

const struct cdn_role *cdn_policy_number(const struct cdn_policy *policy,
                                         uint32_t number)
{
    return &policy->principals[policy->firsts[number]];
}

const char *cdn_policy_unknown(char *out, size_t size, const struct cdn_policy *policy,
                               const char *name)
{
    struct cdn_suggest suggest;
    char quoted[2 * CDN_POLICY_MAX_WORD];
    char hint[160];

    cdn_escape(quoted, sizeof quoted, name, strlen(name));
    cdn_suggest_init(&suggest, quoted);
    for (uint32_t i = 0; i < policy->principal_count; i++)
        cdn_suggest_offer(&suggest, policy->principals[i].principal);
    snprintf(out, size, "no principal '%s' in %s%s", quoted, policy->file,
             cdn_suggest_text(&suggest, hint, sizeof hint));
    return out;
}

bool cdn_policy_glob(const char *glob, const char *name)
{
    const char *star = NULL; /* behind the last one, and what it has eaten up to */
    const char *eaten = name;

    while (*name) {
        if (*glob == '*') {
            star = ++glob;
            eaten = name;
        } else if (*glob == '?' || (*glob && *glob == *name)) {
            glob++;
            name++;
        } else if (star) {
            glob = star;
            name = ++eaten;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return !*glob;
}

bool cdn_role_may_run(const struct cdn_role *role, const char *rule, uint32_t tag_count,
                      char *const *tags)
{
    for (uint32_t i = 0; i < role->rule_count; i++)
        if (cdn_policy_glob(role->rules[i], rule))
            return true;
    for (uint32_t i = 0; i < role->tag_count; i++)
        for (uint32_t t = 0; t < tag_count; t++)
            if (!strcmp(role->tags[i], tags[t]))
                return true;
    return false;
}

const struct cdn_quota *cdn_policy_rule_quota(const struct cdn_policy *policy,
                                              const char *rule)
{
    uint32_t low = 0, high = policy->rule_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = strcmp(policy->rules[middle].name, rule);

        if (!order)
            return &policy->rules[middle].quota;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool has(const char *const *names, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

bool cdn_role_may_set(const struct cdn_role *role, const char *label,
                      const char *property)
{
    const struct cdn_propose_grant *propose = role->propose;

    for (uint32_t i = 0; propose && i < propose->label_count; i++)
        if (!strcmp(propose->labels[i].name, label))
            return propose->labels[i].all ||
                   has(propose->labels[i].properties, propose->labels[i].property_count,
                       property);
    return false;
}

bool cdn_role_may_link(const struct cdn_role *role, const char *type)
{
    return role->propose &&
           (role->propose->every_edge ||
            has(role->propose->edges, role->propose->edge_count, type));
}

uint32_t cdn_role_unrecorded(const struct cdn_role *role)
{
    return role ? 10000 - (uint32_t)(role->audit * 10000 + 0.5) : 0;
}
