/* Requests one after another in a single sandbox: hostile rules of the attack corpus, rules
 * derived over the grammar and an honest one, under limits from hardly anything upwards, with
 * deadlines that have passed and cancel flags that are set.
 *
 * After each the sandbox is pristine and the honest rule answers as it did first; and the
 * whole sequence, asked again from its end, gives the same answers.
 *
 * An input derives the steps first, then the sources of two rules; both by lua_gen.h, so that
 * its mutator works on steps as on statements. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/rule.h>

#include "answer.h"
#include "engine/engine.h"
#include "lua_gen.h"
#include "sandbox/state.h"
#include "support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_STEPS   10
#define DERIVED      2
#define SOURCE_BYTES 65536

/* Those of the attack corpus that need no graph and take no time. */
static const char *const attacks[] = {
    "cpu/concat_in_loop",
    "cpu/crafted_hash_keys",
    "cpu/endless_while",
    "cpu/recursion",
    "cpu/sort_comparator_loops",
    "cpu/tail_calls",
    "cpu/next_quadratic",
    "cpu/long_upper",
    "coroutine/bomb",
    "coroutine/nested_deep",
    "coroutine/ping_pong",
    "coroutine/wrap_and_pcall",
    "error/huge_message",
    "error/stack_overflow_caught",
    "error/cyclic_object",
    "gc/garbage_storm",
    "gc/string_storm",
    "gc/resurrect_closures",
    "global/counter",
    "global/metatable_of_globals",
    "global/library_replaced",
    "memory/closures",
    "memory/format_expands",
    "memory/gsub_expands",
    "memory/nested_tables",
    "memory/rep_of_rep",
    "memory/string_doubling",
    "memory/table_concat",
    "memory/table_growth",
    "memory/unpack_wide",
    "metamethod/call_cycle",
    "metamethod/concat_grows",
    "metamethod/tostring_cycle",
    "output/too_large",
    "output/cycle",
    "output/wide_fanout",
    "pattern/balance_quadratic",
    "pattern/gsub_callback_recursion",
    "pattern/star_captures",
    "pcall/nested_thousands",
    "pcall/memory_caught",
    "pcall/xpcall_in_handler_overflow",
    "pcall/unpack_pcalls",
    "escape/addresses",
    "cpu/numeral_joined_anew",
    "cpu/numeral_made_in_coroutine",
    "cpu/numeral_stock_in_gsub",
};
enum { ATTACKS = sizeof attacks / sizeof *attacks };

static const char *const derived_names[DERIVED] = {"first", "second"};

/* Little, since loading takes the longer the more there is. */
static const char reads[] = "{ Account = {'balance'}, transfer = {'amount'} }";

struct step {
    const char *rule;
    cordon_limits limits;
    cordon_cancel cancel;
    uint64_t seed;
    struct answer answer;
};

static cordon_engine *engine;
static cordon_outcome *outcome;
static struct answer honest;
static struct lua_gen gen;
static struct step steps[MOST_STEPS];
static char attack_names[ATTACKS][16];

/* ---- deriving ---- */

static uint64_t one_of(struct lua_gen *from, const uint64_t *values, size_t count)
{
    return values[lua_gen_byte(from) % count];
}
#define ONE_OF(from, values) one_of(from, values, sizeof(values) / sizeof *(values))

static void derive_step(struct step *step, struct lua_gen *from)
{
    static const uint64_t instructions[] = {
        1, 2, 10, 100, 500, 999, 1000, 1001, 1999, 5000, 20000, 20000, 60000, 60000};
    static const uint64_t memory[] = {1,     16,     1000,   4096,   10000, 32768,
                                      65536, 131072, 262144, 262144, 524288};
    static const uint64_t output[] = {1, 10, 100, 1000, 65536, 65536};
    static const uint64_t edges[] = {1, 3, 10, 100, 1000};
    /* mostly long enough for a busy machine */
    static const uint64_t wall[] = {
        5000000000, 5000000000, 5000000000, 5000000000, 5000000000, 5000000000,
        5000000000, 5000000000, 5000000000, 5000000000, 5000000000, 5000000000,
        1,          1000,       20000,      200000,     1000000};
    unsigned rule = lua_gen_byte(from);

    *step = (struct step){.rule = "honest", .limits = CORDON_LIMITS_INIT};
    if (rule < 120)
        step->rule = derived_names[rule % DERIVED];
    else if (rule < 250)
        step->rule = attack_names[rule % ATTACKS];
    step->limits.instructions = ONE_OF(from, instructions);
    step->limits.memory_bytes = ONE_OF(from, memory);
    step->limits.output_bytes = ONE_OF(from, output);
    step->limits.edges = ONE_OF(from, edges);
    step->limits.wall_ns = ONE_OF(from, wall);
    step->cancel.requested = lua_gen_byte(from) % 32 == 1;
    step->seed = lua_gen_byte(from);
}

/* Returns how many steps; each has a byte of its own that says it is there. */
static int derive_steps(struct lua_gen *from)
{
    int count = 0;

    while (count < MOST_STEPS && from->at < from->size) {
        size_t start = from->at;

        if (lua_gen_byte(from) % 8 == 0)
            break;
        derive_step(&steps[count++], from);
        lua_gen_note(from, '*', start);
    }
    return count;
}

void lua_gen_spans(struct lua_gen *into, const uint8_t *data, size_t size)
{
    lua_gen_init(into, data, size);
    derive_steps(into);
    for (int i = 0; i < DERIVED; i++) {
        into->length = 0;
        into->fuel = LUA_GEN_MAX_FUEL / 4;
        lua_gen_rule(into, derived_names[i], reads);
    }
}

/* ---- asking ---- */

static void ask(struct answer *answer, const char *rule, const cordon_limits *limits,
                const cordon_cancel *cancel, uint64_t seed)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_error err = {0};
    cordon_status status;

    request.label = "Account";
    request.key = "100";
    request.now_ms = CDN_BANK_T;
    request.limits = limits;
    request.cancel = cancel;
    request.seed = seed;
    status = cordon_evaluate(outcome, engine, rule, &request, &err);
    answer_take(answer, outcome, engine->lanes[0].slot, status, &err);
}

/* Its image is in the only slot's cache, which nobody else uses now. */
static const struct cdn_image *honest_image(void)
{
    struct cdn_lane *lane = &engine->lanes[0];
    struct cdn_state *state = cdn_state_enter(engine, lane);
    const struct cdn_plan *plan = cdn_state_find(state, "honest");
    struct cdn_image *image = cdn_images_get(&lane->images, plan->live->version->id);

    cdn_state_leave(engine, lane);
    answer_require(image != NULL, "the honest rule's image is kept");
    return image;
}

static void check(void)
{
    struct answer answer;

    answer_pristine(engine->lanes[0].slot, honest_image());
    ask(&answer, "honest", NULL, NULL, 42);
    answer_compare(&honest, &answer, "honest: after an attack");
}

/* Whatever the step's rule made: a numeral that is dear to parse was noticed (strings.h). */
static void noticed(void)
{
    const struct cdn_slot *slot = engine->lanes[0].slot;
    const struct cdn_arena *arena = &slot->arena;

    answer_require(slot->reach.numeral ||
                       !cdn_strings_dear(&slot->strings, arena->base,
                                         arena->base + arena->head->top),
                   "a dear numeral came to be unseen");
}

static void run(int count)
{
    bool shows = getenv("CORDON_FUZZ_SHOW") != NULL;
    struct answer again;

    for (int i = 0; i < count; i++) {
        struct step *step = &steps[i];

        ask(&step->answer, step->rule, &step->limits, &step->cancel, step->seed);
        noticed();
        if (shows)
            fprintf(stderr, "%s: %s %s %s\n", step->rule,
                    cordon_outcome_kind_str(step->answer.kind),
                    cordon_budget_str(step->answer.limit), step->answer.message);
        check();
    }
    for (int i = count; i-- > 0;) {
        struct step *step = &steps[i];

        ask(&again, step->rule, &step->limits, &step->cancel, step->seed);
        answer_compare(&step->answer, &again, step->rule);
    }
}

/* ---- loading ---- */

/* The corpus's rules are all called "hostile". */
static void load_attack(int number)
{
    static char text[SOURCE_BYTES], source[SOURCE_BYTES + 64];
    char path[512], *name;
    cordon_error err = {0};
    FILE *file;
    size_t bytes;

    snprintf(path, sizeof path, CORDON_SOURCE_DIR "/tests/attack/%s/rule.lua",
             attacks[number]);
    file = fopen(path, "rb");
    answer_require(file != NULL, path);
    bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    name = strstr(text, "\"hostile\"");
    answer_require(name != NULL, path);
    snprintf(attack_names[number], sizeof attack_names[number], "attack%d", number);
    snprintf(source, sizeof source, "%.*s\"%s\"%s", (int)(name - text), text,
             attack_names[number], name + strlen("\"hostile\""));
    if (cordon_engine_load_rule(engine, source, strlen(source), attacks[number], NULL,
                                &err))
        answer_require(false, err.message);
}

static void start(void)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_snapshot *snapshot = cdn_fixture_bank_open();
    cordon_error err = {0};

    options.slots = 1;
    options.max_memory_bytes = 512 * 1024;
    options.load_memory_bytes = 512 * 1024;
    answer_require(!cordon_engine_new(&engine, &options, &err), err.message);
    answer_require(!cordon_outcome_new(&outcome, &err), err.message);
    answer_require(!cordon_engine_set_snapshot(engine, snapshot, &err), err.message);
    cordon_snapshot_release(snapshot);
    answer_require(!cordon_engine_load_rule(engine, answer_honest_source,
                                            strlen(answer_honest_source), "honest.lua",
                                            NULL, &err),
                   err.message);
    for (int i = 0; i < ATTACKS; i++)
        load_attack(i);
    ask(&honest, "honest", NULL, NULL, 42);
    answer_require(honest.kind == CORDON_OUTCOME_OK, honest.message);
}

static bool is_used(const char *rule, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(steps[i].rule, rule) == 0)
            return true;
    }
    return false;
}

/* Loading is what takes the time: only what a step asks for. */
static bool load_derived(const char *name, int count)
{
    cordon_error err = {0};
    bool loaded;

    gen.length = 0;
    gen.fuel = LUA_GEN_MAX_FUEL / 4;
    lua_gen_rule(&gen, name, reads);
    if (!is_used(name, count))
        return false;
    loaded = !cordon_engine_load_rule(engine, gen.text, gen.length, name, NULL, &err);
    answer_require(loaded || err.message[0], "why a rule does not load is said");
    return loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool loaded[DERIVED];
    cordon_error err = {0};
    int count;

    if (!engine)
        start();
    lua_gen_init(&gen, data, size);
    count = derive_steps(&gen);
    for (int i = 0; i < DERIVED; i++)
        loaded[i] = load_derived(derived_names[i], count);
    run(count);
    for (int i = 0; i < DERIVED; i++) {
        if (loaded[i])
            answer_require(!cordon_engine_unload_rule(engine, derived_names[i], &err),
                           err.message);
    }
    return 0;
}
