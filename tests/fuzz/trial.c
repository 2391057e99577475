/* Trying rules in sandboxes of their own. */
#include "trial.h"

#include <string.h>

#include "base/clock.h"
#include "support/fixture.h"

static const struct cdn_budget load_budget = {.instructions = 20000,
                                              .memory_bytes = TRIAL_MEMORY_BYTES,
                                              .edges = 1,
                                              .output_bytes = 1,
                                              .wall_ns = UINT64_C(20000000000)};
static const struct cdn_budget honest_budget = {.instructions = 1000000,
                                                .memory_bytes = TRIAL_MEMORY_BYTES,
                                                .edges = 1000,
                                                .nodes = 1000,
                                                .hops = 100,
                                                .output_bytes = 16384,
                                                .wall_ns = UINT64_C(20000000000)};

bool trial_build(struct trial_rule *rule, struct trial *trial, unsigned slot,
                 cordon_error *err)
{
    cordon_status status = cdn_rule_image(&rule->images[slot], rule->rule,
                                          trial->slots[slot], &load_budget, err);

    answer_require(status == CORDON_OK || (status == CORDON_E_RULE && err->message[0]),
                   "why a rule does not load is said");
    return status == CORDON_OK;
}

void trial_free_images(struct trial_rule *rule)
{
    for (unsigned slot = 0; slot < TRIAL_SLOTS; slot++) {
        cdn_image_free(rule->images[slot]);
        rule->images[slot] = NULL;
    }
}

void trial_ask(struct answer *answer, struct trial *trial, unsigned slot,
               const struct trial_rule *rule, const struct cdn_budget *budget,
               const cordon_request *request)
{
    cordon_request about = *request;
    const struct cdn_rule_call call = {.rule = rule->rule,
                                       .image = rule->images[slot],
                                       .slot = trial->slots[slot],
                                       .host = &trial->hosts[slot],
                                       .snapshot = trial->snapshot,
                                       .binding = rule->binding,
                                       .request = &about,
                                       .trace = request->trace,
                                       .budget = *budget,
                                       .entered_ns = cdn_clock_ns()};
    cordon_error err = {0};
    cordon_status status;

    about.label = "Account";
    about.key = "100";
    status = cdn_rule_run(trial->outcome, &call, &err);
    answer_take(answer, trial->outcome, trial->slots[slot], status, &err);
}

static void ask_honest(struct answer *answer, struct trial *trial, unsigned slot)
{
    cordon_request request = CORDON_REQUEST_INIT;

    request.now_ms = CDN_BANK_T;
    request.seed = 42;
    trial_ask(answer, trial, slot, &trial->honest, &honest_budget, &request);
    answer_require(answer->kind == CORDON_OUTCOME_OK, "the honest rule decides");
}

void trial_check(struct trial *trial, unsigned slot)
{
    struct answer answer;

    answer_pristine(trial->slots[slot], trial->honest.images[slot]);
    ask_honest(&answer, trial, slot);
    answer_compare(&trial->answer, &answer, "honest: after an attack");
}

void trial_load(struct trial_rule *rule, struct trial *trial, const char *source,
                size_t bytes, const char *file)
{
    struct cdn_rule *loaded = NULL;
    cordon_error err = {0};

    answer_require(!cdn_rule_load(&loaded, trial->slots[0], source, bytes, file,
                                  &load_budget, NULL, &err),
                   err.message);
    answer_require(!cdn_binding_new(&rule->binding, &loaded->names, trial->snapshot,
                                    &cdn_grant_everything, &err),
                   err.message);
    rule->rule = loaded;
}

void trial_init(struct trial *trial)
{
    const struct cdn_slot_config config = {.image_bytes = TRIAL_MEMORY_BYTES,
                                           .memory_bytes = TRIAL_MEMORY_BYTES,
                                           .scratch_bytes = TRIAL_MEMORY_BYTES};
    cordon_error err = {0};

    cdn_ticks_init();
    trial->snapshot = cdn_fixture_bank_open();
    answer_require(!cordon_outcome_new(&trial->outcome, &err), err.message);
    for (unsigned slot = 0; slot < TRIAL_SLOTS; slot++) {
        answer_require(!cdn_slot_new(&trial->slots[slot], &config, &err), err.message);
        cdn_slot_set_host(trial->slots[slot], &trial->hosts[slot]);
    }
    trial_load(&trial->honest, trial, answer_honest_source,
               strlen(answer_honest_source), "honest.lua");
    for (unsigned slot = 0; slot < TRIAL_SLOTS; slot++) {
        answer_require(trial_build(&trial->honest, trial, slot, &err), err.message);
        ask_honest(&trial->answer, trial, slot);
    }
}
