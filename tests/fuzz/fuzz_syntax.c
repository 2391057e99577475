/* A source from outside: our parser ends, makes a sound tree or says where it stopped, and
 * takes exactly what LuaJIT's parser takes; and the checks end with findings that stand in the
 * source, whether it is a rule or not. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lint/lint.h"
#include "sandbox/slot.h"
#include "syntax_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cdn_slot *slot;

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check(const struct cdn_syntax *syntax, const struct cdn_rule *rule)
{
    struct cdn_lint_findings findings = {0};

    require(!cdn_lint_run(&findings, syntax, rule, NULL, 1000), "the checks failed");
    for (uint32_t i = 0; i < findings.count; i++) {
        const struct cdn_lint_finding *finding = &findings.items[i];

        require(finding->line <= syntax->line_count, "a finding behind the last line");
        require(!finding->end_column || finding->end_column >= finding->column,
                "a finding that ends before it begins");
        require(finding->message[0] != '\0', "a finding without a message");
    }
    cdn_lint_findings_deinit(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cdn_slot_config config = {0};
    const struct cdn_budget budget = {.instructions = 20000,
                                      .memory_bytes = 256 * 1024,
                                      .edges = 1,
                                      .output_bytes = 1 << 20,
                                      .wall_ns = UINT64_C(1000000000)};
    const char *source = (const char *)data;
    struct syntax_verdict verdict;
    struct cdn_rule *rule = NULL;
    struct cdn_syntax syntax;

    syntax_agree(&verdict, source, size);
    require(!verdict.fault[0], verdict.fault);
    if (!slot)
        require(!cdn_slot_new(&slot, &config, NULL), "no sandbox");
    if (!cdn_syntax_parse(&syntax, source, size, "fuzz.lua", NULL)) {
        check(&syntax, NULL);
        if (verdict.shown &&
            !cdn_rule_load(&rule, slot, source, size, "fuzz.lua", &budget, NULL, NULL))
            check(&syntax, rule);
        cdn_rule_free(rule);
    }
    cdn_syntax_deinit(&syntax);
    return 0;
}
