/* A rule from outside: whatever the source is, it either does not load, or it runs to an
 * outcome within its limits; and the next request to a benign rule in the same (only)
 * sandbox is answered rightly. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char benign[] =
    "return { name = 'benign', reads = {}, decisions = { 'yes' }, fallback = 'none',\n"
    "  evaluate = function(_, request)\n"
    "    local keys = {}\n"
    "    for key in pairs({ b = 1, a = 2 }) do keys[#keys + 1] = key end\n"
    "    return { decision = 'yes', output = table.concat(keys) .. ('x'):rep(3) ..\n"
    "             tostring(request.now) .. tostring(leaked) }\n"
    "  end }\n";

static cordon_engine *engine;
static cordon_outcome *outcome;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void start(void)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;

    options.slots = 1;
    require(!cordon_engine_new(&engine, &options, NULL));
    require(!cordon_outcome_new(&outcome, NULL));
    require(!cordon_engine_load_rule(engine, benign, sizeof benign - 1, "benign.lua",
                                     NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_request request = CORDON_REQUEST_INIT;
    char name[CORDON_RULE_MAX_NAME_BYTES + 1];
    cordon_error err;

    if (!engine)
        start();
    limits.instructions = 20000;
    limits.memory_bytes = 256 * 1024;
    limits.output_bytes = 4096;
    limits.edges = 1000;
    limits.wall_ns = 1000000000;
    request.limits = &limits;
    request.now_ms = 7;
    if (cordon_engine_load_rule(engine, (const char *)data, size, "fuzz.lua", name,
                                &err)) {
        require(err.message[0]);
    } else {
        cordon_status status = cordon_evaluate(outcome, engine, name, &request, &err);
        require(status == CORDON_OK || status == CORDON_E_INVALID);
        const cordon_usage *usage = cordon_outcome_usage(outcome);
        if (!status && cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK)
            require(usage->instructions <= usage->instructions_limit &&
                    usage->output_bytes <= usage->output_limit_bytes);
        if (strcmp(name, "benign"))
            require(!cordon_engine_unload_rule(engine, name, &err));
        else
            require(!cordon_engine_load_rule(engine, benign, sizeof benign - 1,
                                             "benign.lua", NULL, NULL));
    }

    require(!cordon_evaluate(outcome, engine, "benign", &request, &err));
    require(cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK);
    cordon_value output = cordon_outcome_output(outcome);
    require(output.type == CORDON_STRING && output.length == 9 &&
            !memcmp(output.as.string, "abxxx7nil", 9));
    return 0;
}
