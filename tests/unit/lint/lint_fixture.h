/* A source through the checks, and what they find as a line of text. */
#ifndef CORDON_TESTS_LINT_FIXTURE_H
#define CORDON_TESTS_LINT_FIXTURE_H

#include "base/alloc.h"
#include "lint/lint.h"
#include "sandbox/slot.h"
#include "support/unit.h"

/* Load a rule; NULL if it does not load.  cdn_rule_free() it. */
static inline struct cdn_rule *lint_load(const char *source)
{
    const struct cdn_slot_config config = {0};
    const struct cdn_budget budget = {.instructions = 1000000,
                                      .memory_bytes = 1 << 20,
                                      .edges = 1,
                                      .output_bytes = 1 << 20,
                                      .wall_ns = UINT64_C(1000000000)};
    struct cdn_slot *slot;
    struct cdn_rule *rule = NULL;

    ck_assert_int_eq(cdn_slot_new(&slot, &config, NULL), CORDON_OK);
    if (cdn_rule_load(&rule, slot, source, strlen(source), "x.lua", &budget, NULL,
                      NULL))
        rule = NULL;
    cdn_slot_free(slot);
    return rule;
}

/* What is found, "CRD201@3:5 CRD203@4:11", suppressed ones left out. */
static inline void lint_findings(char *out, size_t size, const char *source,
                                 const cordon_snapshot *snapshot, uint64_t edges)
{
    struct cdn_lint_findings findings = {0};
    struct cdn_rule *rule = lint_load(source);
    struct cdn_syntax syntax;
    cordon_error err = {0};
    size_t used = 0;

    out[0] = '\0';
    ck_assert_msg(!cdn_syntax_parse(&syntax, source, strlen(source), "x.lua", &err),
                  "%u:%u %s", err.line, err.column, err.message);
    ck_assert_int_eq(cdn_lint_run(&findings, &syntax, rule, snapshot, edges),
                     CORDON_OK);
    for (uint32_t i = 0; i < findings.count; i++) {
        const struct cdn_lint_finding *finding = &findings.items[i];

        if (!finding->suppressed && used < size)
            used += (size_t)snprintf(
                out + used, size - used, "%s%s@%u:%u", used ? " " : "",
                cdn_lint_codes[finding->code].code, finding->line, finding->column);
    }
    cdn_lint_findings_deinit(&findings);
    cdn_syntax_deinit(&syntax);
    cdn_rule_free(rule);
}

/* A rule around the body of its `evaluate`, which starts in line 8. */
#define LINT_RULE(body)                                                                \
    "return {\n  name = \"x\", params = { window = { type = \"duration\", default = "  \
    "\"1h\" },\n    most = { type = \"integer\", default = 5 } },\n"                   \
    "  reads = { Account = { \"name\" }, transfer = { \"amount\", \"note\" } },\n"     \
    "  decisions = { \"allow\", \"review\" }, fallback = \"review\",\n"                \
    "  evaluate = function(graph, request)\n"                                          \
    "  local _ = { graph, request.params.window, request.params.most, \"name\", "      \
    "\"amount\", \"note\" }\n" body "\nend }\n"

#endif
