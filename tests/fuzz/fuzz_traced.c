/* Rules derived over a Lua grammar (lua_gen.h), traced: whatever a program does, it is
 * answered and charged as if nobody looked, what the trace puts down to lines makes up what
 * was used, and no line runs that has no code.
 *
 * With CORDON_FUZZ_SHOW in the environment the derived source is printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lua_gen.h"
#include "sandbox/code.h"
#include "support/fixture.h"
#include "trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct trial trial;
static struct lua_gen gen;
static struct trial_rule contract, derived; /* as in fuzz_grammar.c */
static struct cdn_rule rule;
static cordon_trace *traces[2]; /* the second has hardly any room */

void lua_gen_spans(struct lua_gen *into, const uint8_t *data, size_t size)
{
    lua_gen_init(into, data, size);
    lua_gen_rule(into, "derived", lua_gen_reads);
}

static void init(void)
{
    cordon_trace_options options = CORDON_TRACE_OPTIONS_INIT;

    trial_init(&trial);
    lua_gen_spans(&gen, NULL, 0);
    trial_load(&contract, &trial, gen.text, gen.length, "derived.lua");
    rule = *contract.rule;
    derived = (struct trial_rule){.rule = &rule, .binding = contract.binding};
    for (int i = 0; i < 2; i++) {
        options.memory_bytes = i ? 64 << 10 : 0;
        answer_require(!cordon_trace_new(&traces[i], &options, NULL), "a trace");
    }
}

static void check_lines(const cordon_trace *trace, const struct answer *answer,
                        const struct cdn_code *code)
{
    const cordon_trace_line *line;
    uint64_t instructions = 0, edges = 0, nodes = 0;

    for (uint32_t i = 0; (line = cordon_trace_line_at(trace, i)); i++) {
        instructions += line->instructions;
        edges += line->edges;
        nodes += line->nodes;
        answer_require(!line->hits || (i <= code->count && code->active[i]),
                       "a line that runs has code");
    }
    answer_require(instructions == answer->instructions && edges == answer->edges &&
                       nodes == answer->nodes,
                   "the lines make up what was used");
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
    struct answer first, traced;
    struct cdn_code code = {0};
    cordon_error err = {0};

    if (!trial.outcome)
        init();
    lua_gen_spans(&gen, data, size);
    if (getenv("CORDON_FUZZ_SHOW"))
        fputs(gen.text, stderr);
    request.now_ms = CDN_BANK_T + 3 * CDN_BANK_HOUR;
    request.seed = 7;
    rule.source = gen.text;
    rule.source_bytes = gen.length;
    if (!trial_build(&derived, &trial, 0, &err))
        goto out;
    answer_require(!cdn_code_read(&code, gen.text, gen.length, "derived.lua", &err) &&
                       code.known,
                   "what loads has code that can be read");
    trial_ask(&first, &trial, 0, &derived, &budget, &request);
    for (int i = 0; i < 2; i++) {
        request.trace = traces[i];
        cordon_trace_clear(traces[i]); /* the hash is the contract's in all of them */
        trial_ask(&traced, &trial, 0, &derived, &budget, &request);
        if (first.limit != CORDON_BUDGET_MEMORY && traced.limit != CORDON_BUDGET_MEMORY)
            answer_compare(&first, &traced, "traced");
        check_lines(traces[i], &traced, &code);
        trial_check(&trial, 0);
    }
out:
    cdn_code_deinit(&code);
    trial_free_images(&derived);
    return 0;
}
