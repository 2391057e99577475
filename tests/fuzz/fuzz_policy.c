/* A policy text: every input is refused with a place and a reason, or compiled whole. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/policy.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static cordon_snapshot *bank;
    struct cdn_findings findings = {0};
    struct cdn_policy *policy;
    cordon_error err;
    cordon_status status;

    if (!bank)
        bank = cdn_fixture_bank_open();
    status =
        cdn_policy_load(&policy, (const char *)data, size, "fuzz", &findings, &err);
    if (status &&
        (!err.message[0] || policy || (status == CORDON_E_DATA) == !findings.count))
        abort();
    for (uint32_t i = 1; i < findings.count; i++)
        if (findings.items[i].line &&
            findings.items[i].line < findings.items[i - 1].line)
            abort();
    for (uint32_t i = 0; policy && i < policy->principal_count; i++) {
        const struct cdn_role *role = &policy->principals[i];
        struct cdn_grant *grant;

        if (cdn_policy_principal(policy, role->principal) != (int32_t)i ||
            role->number >= policy->role_count ||
            cdn_policy_number(policy, role->number)->number != role->number)
            abort();
        cdn_role_may_run(role, "fan_out_velocity", 0, NULL);
        if (!cdn_grant_compile(&grant, role, bank, &err) && grant->everything)
            abort();
        cdn_grant_free(grant);
    }
    if (policy && cdn_policy_check(&findings, policy, bank, &err))
        abort();
    cdn_findings_deinit(&findings);
    cdn_policy_free(policy);
    return 0;
}
