/* A configuration file's text: every input is told apart from other tables, and refused with
 * a reason for each fault, or taken whole. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cli/settings.h"
#include "engine/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cdn_findings findings = {0};
    bool is_settings;
    cordon_error err;
    cordon_status status = cdn_settings_check(&findings, &is_settings,
                                              (const char *)data, size, "fuzz", &err);

    if (status && status != CORDON_E_DATA && (is_settings || !err.message[0]))
        abort();
    if ((status == CORDON_E_DATA) != (findings.count > 0))
        abort();
    for (uint32_t i = 0; i < findings.count; i++)
        if (!findings.items[i].message[0])
            abort();
    cdn_findings_deinit(&findings);
    return 0;
}
