/* Two sandboxes over the fixture's bank in which rules are tried, without an engine around
 * them, and an honest rule that is asked after each. */
#ifndef CORDON_TESTS_TRIAL_H
#define CORDON_TESTS_TRIAL_H

#include <cordon/evaluate.h>

#include "answer.h"
#include "graph/binding.h"
#include "rule/run.h"

#define TRIAL_SLOTS        2
#define TRIAL_MEMORY_BYTES ((size_t)256 * 1024) /* the most a run may have */

struct trial_rule {
    const struct cdn_rule *rule;
    struct cdn_binding *binding;
    struct cdn_image *images[TRIAL_SLOTS]; /* NULL: not built there */
};

struct trial {
    cordon_snapshot *snapshot;
    struct cdn_slot *slots[TRIAL_SLOTS];
    struct cdn_rule_host hosts[TRIAL_SLOTS];
    struct trial_rule honest;
    struct answer answer; /* what the honest rule answered first */
    cordon_outcome *outcome;
};

void trial_init(struct trial *trial);

/* Load a rule, which must load, and bind it. */
void trial_load(struct trial_rule *rule, struct trial *trial, const char *source,
                size_t bytes, const char *file);

/* Build the rule's image in a slot.  False: it does not load; then err says why. */
bool trial_build(struct trial_rule *rule, struct trial *trial, unsigned slot,
                 cordon_error *err);
void trial_free_images(struct trial_rule *rule);

/* Evaluate it where its image was built; what must hold of every outcome is checked.  The
 * subject is Account 100, whatever the request says. */
void trial_ask(struct answer *answer, struct trial *trial, unsigned slot,
               const struct trial_rule *rule, const struct cdn_budget *budget,
               const cordon_request *request);

/* The sandbox is pristine, and the honest rule answers as it did first. */
void trial_check(struct trial *trial, unsigned slot);

#endif
