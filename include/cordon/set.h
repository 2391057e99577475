/* Rule sets: one event judged by many rules, and one decision of all of them.
 *
 * A set is a Lua table that names rules and says how what they decide combines:
 *
 *     return {
 *       name      = "payment",
 *       decisions = { "allow", "review", "deny" },   -- least to most severe
 *       combine   = "most_severe",   -- or "max_score", "weighted_sum", "custom"
 *       rules     = { "fan_out", { name = "cycle", weight = 2 } },
 *       fallback  = "review",        -- where no member has a say; may be left out
 *     }
 *
 *   most_severe   the most severe decision of any member, of those in `decisions`
 *   max_score     the decision of the member with the highest score; of equal ones the first
 *   weighted_sum  the sum of weight times score decides: `thresholds = { review = 0.5,
 *                 deny = 0.9 }` are the least sums for each decision, below all of them the
 *                 first
 *   custom        the rule `combiner` decides: it gets what the members did in its
 *                 parameters `rules`, `outcomes`, `decisions` (lists of strings, "" for no
 *                 decision) and `scores` (a list of numbers, 0 for none), in the set's order
 *
 * Each member runs in its own pristine sandbox, with its own budgets, on one snapshot
 * generation and under one deadline.  One that fails or is stopped has its declared fallback
 * as its say and keeps none of the others from theirs; one whose decision the set does not
 * list has no say, and that is told.  Caveat: a fallback has no score.
 * max_score and weighted_sum go by the scores there are, so that who fails counts for nothing
 * there while another has one; where a failure must weigh, combine by severity, or with a
 * rule. */
#ifndef CORDON_SET_H
#define CORDON_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/engine.h>
#include <cordon/evaluate.h>
#include <cordon/outcome.h>
#include <cordon/rule.h>
#include <cordon/value.h>

#define CORDON_SET_MAX_RULES 4096

/* What a set did; made once, refilled by each evaluation.  One thread at a time. */
typedef struct cordon_set_outcome cordon_set_outcome;

/* What one member did.  Strings and values are borrowed until the next evaluation into the
 * set's outcome. */
typedef struct cordon_member {
    size_t struct_size; /* sizeof(cordon_member) as the caller compiled it */
    const char *rule;
    const char *decision_id; /* "" if the host's call for it failed */
    uint32_t version;
    cordon_variant variant;
    cordon_status status; /* of the host's call for it, such as CORDON_E_NOTFOUND */
    cordon_outcome_kind kind;
    cordon_budget limit;
    const char *decision; /* NULL: none */
    bool fallback;
    bool has_score;
    bool has_say; /* what it decided is among the set's decisions */
    bool decided; /* it is one of those that made the set's decision what it is */
    double score;
    double weight;
    const char *message;  /* "" where it ran and answered */
    cordon_value reasons; /* an array of strings */
    cordon_value output;
    /* What it proposes, whatever the set decided; each an array (cordon/proposal.h has them
     * logged). */
    cordon_value updated_nodes;
    cordon_value new_edges;
    cordon_usage usage;
} cordon_member;

#ifdef __cplusplus
extern "C" {
#endif

/* Load a set from its text; one of the same name is replaced for the next request.  Its
 * rules need not be loaded yet.  Sets and rules share one name space.
 * `name`, if not NULL, receives its name, as cordon_engine_load_rule().
 * Errors: CORDON_E_RULE with file and line, CORDON_E_EXISTS a rule has that name,
 * CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_engine_load_set(cordon_engine *engine,
                                                   const char *source, size_t bytes,
                                                   const char *file, char *name,
                                                   cordon_error *err);

/* The set's rule number `index`, from 0, into `rule`: its name and the NUL.  Behind the last
 * comes the rule that combines, where the set has one.
 * Errors: CORDON_E_NOTFOUND no such set, or it has no more rules. */
CORDON_EXPORT cordon_status
cordon_engine_set_rule(char rule[CORDON_RULE_MAX_NAME_BYTES + 1], cordon_engine *engine,
                       const char *set, uint32_t index, cordon_error *err);

/* Errors: CORDON_E_NOMEM. */
CORDON_EXPORT cordon_status cordon_set_outcome_new(cordon_set_outcome **out,
                                                   cordon_error *err);
CORDON_EXPORT void cordon_set_outcome_free(cordon_set_outcome *outcome);

/* Have the set judge the request.  A principal must be granted the set by its name, and each
 * member by its own.  `request` goes to every member: its parameters to those
 * that declare them (a member gets only those it declares; one that nobody declares is an
 * error), its limits to each, but wall_ns to the whole set, whose members share what is left
 * of it.
 * Errors: as cordon_evaluate(), of the set itself; those of a member are the member's. */
CORDON_EXPORT cordon_status cordon_evaluate_set(cordon_set_outcome *outcome,
                                                cordon_engine *engine, const char *set,
                                                const cordon_request *request,
                                                cordon_error *err);

/* Which judgement this was, as cordon_outcome_decision_id(); the members have names of their
 * own.  In a decision log the record of that name has the set's for its rule. */
CORDON_EXPORT const char *
cordon_set_outcome_decision_id(const cordon_set_outcome *outcome);
/* What stands; NULL: nobody had a say, and the set declares no fallback. */
CORDON_EXPORT const char *
cordon_set_outcome_decision(const cordon_set_outcome *outcome);
/* CORDON_OUTCOME_OK; or CORDON_OUTCOME_DENIED: the set is paused or killed, or the principal may
 * not run it.  Then no member was asked, and its fallback stands. */
CORDON_EXPORT cordon_outcome_kind
cordon_set_outcome_get_kind(const cordon_set_outcome *outcome);
/* Why no member was asked, "'payment' is paused by ann: too many alerts"; "" if they were.
 * Borrowed until the next evaluation into the outcome. */
CORDON_EXPORT const char *cordon_set_outcome_message(const cordon_set_outcome *outcome);
/* True if no member had a say. */
CORDON_EXPORT bool cordon_set_outcome_is_fallback(const cordon_set_outcome *outcome);
/* The highest score of the members; for weighted_sum the sum; for custom the combiner's.
 * False if there is none. */
CORDON_EXPORT bool cordon_set_outcome_score(const cordon_set_outcome *outcome,
                                            double *score);
/* In the set's order; a custom set's combiner is the last.  Set out->struct_size before.
 * Errors: CORDON_E_NOTFOUND there are no more. */
CORDON_EXPORT cordon_status cordon_set_outcome_member(cordon_member *out,
                                                      const cordon_set_outcome *outcome,
                                                      uint32_t index);
CORDON_EXPORT uint32_t cordon_set_outcome_count(const cordon_set_outcome *outcome);
/* How many members answered, and how many did not. */
CORDON_EXPORT uint32_t cordon_set_outcome_failed(const cordon_set_outcome *outcome);
CORDON_EXPORT uint64_t cordon_set_outcome_generation(const cordon_set_outcome *outcome);
/* From entry to return. */
CORDON_EXPORT uint64_t cordon_set_outcome_wall_ns(const cordon_set_outcome *outcome);

#ifdef __cplusplus
}
#endif

#endif
