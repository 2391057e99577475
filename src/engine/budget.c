/* Budgets: what a run may use, from three sources.
 *
 * The request asks, the rule declares, the engine has a ceiling.  The smaller of request and
 * rule stands; where neither says anything there is a default.  Nobody gets more than the
 * ceiling, and whoever asks for more is told so instead of being cut silently. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/engine.h"
#include "rule/locate.h"

struct kind {
    const char *request; /* the field's name in cordon_limits */
    const char *rule;    /* and in a rule's `limits` */
    const char *unit;
    size_t in_budget, in_limits, in_options;
    uint64_t fallback;
};

#define KIND(request, rule, unit, ceiling, fallback)                                   \
    {                                                                                  \
#request, #rule, unit, offsetof(struct cdn_budget, request),                   \
            offsetof(cordon_limits, request),                                          \
            offsetof(cordon_engine_options, ceiling), fallback                         \
    }

static const struct kind kinds[] = {
    KIND(instructions, instructions, "", max_instructions, 1000000),
    KIND(memory_bytes, memory, " bytes", max_memory_bytes, 512 * 1024),
    KIND(edges, edges, "", max_edges, 100000),
    KIND(output_bytes, output, " bytes", max_output_bytes, 64 * 1024),
    KIND(wall_ns, time, " ns", max_wall_ns, 100000000),
    KIND(nodes, nodes, "", max_nodes, 1000000),
    KIND(hops, hops, "", max_hops, 100),
};
enum { KINDS = CDN_BUDGET_KINDS };
_Static_assert(sizeof kinds / sizeof kinds[0] == KINDS, "one row a budget");

static uint64_t field(const void *base, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)base + offset);
}

cordon_status cdn_budget_resolve(struct cdn_budget *out,
                                 const cordon_engine_options *options,
                                 const struct cdn_budget *rule,
                                 const cordon_limits *request, cordon_error *err)
{
    for (int i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        uint64_t ceiling = field(options, kind->in_options);
        uint64_t declared = field(rule, kind->in_budget);
        uint64_t asked = request ? field(request, kind->in_limits) : 0;
        uint64_t value = kind->fallback < ceiling ? kind->fallback : ceiling;

        if (asked > ceiling)
            return cdn_error_set(err, CORDON_E_INVALID,
                                 "limits.%s: %" PRIu64
                                 " is above the engine's ceiling, "
                                 "%" PRIu64 "%s",
                                 kind->request, asked, ceiling, kind->unit);
        if (declared)
            value = declared;
        if (asked && (!declared || asked < declared))
            value = asked;
        *(uint64_t *)(void *)((char *)out + kind->in_budget) = value;
    }
    return CORDON_OK;
}

cordon_status cdn_budget_role(struct cdn_budget *budget, const struct cdn_role *role,
                              const cordon_limits *request, cordon_error *err)
{
    for (int i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        uint64_t ceiling = field(&role->ceilings, kind->in_budget);
        uint64_t asked = request ? field(request, kind->in_limits) : 0;
        uint64_t *value = (uint64_t *)(void *)((char *)budget + kind->in_budget);

        if (!ceiling)
            continue;
        if (asked > ceiling)
            return cdn_error_set(
                err, CORDON_E_INVALID,
                "limits.%s: %" PRIu64 " is above the ceiling of principal '%s', "
                "%" PRIu64 "%s",
                kind->request, asked, role->principal, ceiling, kind->unit);
        if (*value > ceiling)
            *value = ceiling;
    }
    return CORDON_OK;
}

uint32_t cdn_budget_faults(struct cdn_finding out[CDN_BUDGET_KINDS],
                           const cordon_engine_options *options,
                           const struct cdn_rule *rule)
{
    uint32_t count = 0;

    for (int i = 0; i < KINDS; i++) {
        const struct kind *kind = &kinds[i];
        uint64_t ceiling = field(options, kind->in_options);
        uint64_t declared = field(&rule->limits, kind->in_budget);
        const char *path[] = {"limits", kind->rule};
        struct cdn_finding fault;
        uint32_t at = count;

        if (declared <= ceiling)
            continue;
        fault.line = cdn_rule_locate(rule->source, rule->source_bytes, path, 2);
        snprintf(fault.message, sizeof fault.message,
                 "limits.%s: %" PRIu64 "%s is above the engine's ceiling, %" PRIu64
                 "%s",
                 kind->rule, declared, kind->unit, ceiling, kind->unit);
        for (; at && out[at - 1].line > fault.line; at--)
            out[at] = out[at - 1];
        out[at] = fault;
        count++;
    }
    return count;
}

cordon_status cdn_budget_check(const cordon_engine_options *options,
                               const struct cdn_rule *rule, cordon_error *err)
{
    struct cdn_finding faults[CDN_BUDGET_KINDS];

    if (!cdn_budget_faults(faults, options, rule))
        return CORDON_OK;
    return cdn_error_at(err, CORDON_E_RULE, rule->file, faults[0].line, 0, "%s",
                        faults[0].message);
}

struct cdn_budget cdn_budget_load(const cordon_engine_options *options)
{
    return (struct cdn_budget){.instructions = 10000000,
                               .memory_bytes = options->load_memory_bytes,
                               .edges = 1,
                               .output_bytes = 1,
                               .wall_ns = UINT64_C(2000000000),
                               .nodes = 1,
                               .hops = 1};
}
