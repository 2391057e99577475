/* Rules derived over a Lua grammar (lua_gen.h): whatever a program does, its evaluation
 * ends within its limits in one of the six outcomes, ends the same way again and in
 * another sandbox, and leaves nothing behind.
 *
 * With CORDON_FUZZ_SHOW in the environment the derived source is printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua_gen.h"
#include "support/fixture.h"
#include "trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct trial trial;
static struct lua_gen gen;

/* The contract of all derived rules is the same, so it is loaded once, and of each one only
 * its image is built, as an engine would: ten times quicker than loading it. */
static struct trial_rule contract, derived;
static struct cdn_rule rule;

void lua_gen_spans(struct lua_gen *into, const uint8_t *data, size_t size)
{
    lua_gen_init(into, data, size);
    lua_gen_rule(into, "derived", lua_gen_reads);
}

static bool shows(void)
{
    static int asked = -1;

    if (asked < 0)
        asked = getenv("CORDON_FUZZ_SHOW") != NULL;
    return asked;
}

static void show(const struct answer *answer)
{
    if (shows())
        fprintf(stderr, "%s %s, %llu instructions, line %u: %s\n",
                cordon_outcome_kind_str(answer->kind), cordon_budget_str(answer->limit),
                (unsigned long long)answer->instructions, answer->line,
                answer->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cdn_budget budget = {.instructions = 20000,
                                             .memory_bytes = TRIAL_MEMORY_BYTES,
                                             .edges = 500,
                                             .nodes = 500,
                                             .hops = 4,
                                             .output_bytes = 32 * 1024,
                                             .wall_ns = UINT64_C(5000000000)};
    cordon_request request = CORDON_REQUEST_INIT;
    struct answer first, again;
    cordon_error err = {0};

    if (!trial.outcome) {
        trial_init(&trial);
        lua_gen_spans(&gen, NULL, 0);
        trial_load(&contract, &trial, gen.text, gen.length, "derived.lua");
        rule = *contract.rule;
        derived = (struct trial_rule){.rule = &rule, .binding = contract.binding};
    }
    lua_gen_spans(&gen, data, size);
    if (shows())
        fputs(gen.text, stderr);
    request.now_ms = CDN_BANK_T + 3 * CDN_BANK_HOUR;
    request.seed = 7;
    rule.source = gen.text;
    rule.source_bytes = gen.length;
    if (trial_build(&derived, &trial, 0, &err)) {
        trial_ask(&first, &trial, 0, &derived, &budget, &request);
        show(&first);
        trial_check(&trial, 0);
        trial_ask(&again, &trial, 0, &derived, &budget, &request);
        answer_compare(&first, &again, "asked again");
        /* elsewhere the image has to be built again: not for every input */
        if (gen.length % 2 == 0 && trial_build(&derived, &trial, 1, &err)) {
            trial_ask(&again, &trial, 1, &derived, &budget, &request);
            answer_compare(&first, &again, "in another sandbox");
            trial_check(&trial, 1);
        }
    } else if (shows()) {
        fprintf(stderr, "line %u: %s\n", err.line, err.message);
    }
    trial_free_images(&derived);
    return 0;
}
