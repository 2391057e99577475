/* Admission: which evaluations are done on their event loop, and which by a worker.
 *
 * An event loop has hundreds of connections; what it does for one of them, the others wait for.
 * Most rules take microseconds, less than handing them over would.  So a rule is evaluated on
 * the loop as long as its runs are quick and its limit of time lets none be slow; everything else,
 * and what is not known yet, is a worker's.
 *
 * Each rule has a debt, in nanoseconds.  A run that takes longer than CDN_ADMIT_QUICK_NS adds what
 * it took, a quick one pays CDN_ADMIT_PAID_NS back; on the loop goes who owes less than
 * CDN_ADMIT_DEBT_NS.  So one run in some fifty may be slow, as every machine has moments when it does
 * something else, while a rule that is slow now and then is not let near the loop.  A new rule begins with
 * so much debt that its first runs are a worker's.
 *
 * What is measured is the time that passed, since nobody waits for less.  But where a machine has more to do than it
 * can, any run may stand still for milliseconds, and rules that are quick would all be workers'.  So a run that was
 * charged for little (CDN_ADMIT_SMALL instructions and edges, some hundred microseconds) is taken to have cost at
 * most CDN_ADMIT_MISHAP_NS.
 *
 * Threads: every function is safe from any thread and takes no lock; a quick run of a rule without
 *          debt writes nothing that others read. */
#ifndef CDN_SERVER_ADMIT_H
#define CDN_SERVER_ADMIT_H

#include <stdbool.h>
#include <stdint.h>

#include <cordon/error.h>

#define CDN_ADMIT_QUICK_NS  200000
#define CDN_ADMIT_PAID_NS   20000
#define CDN_ADMIT_DEBT_NS   1000000
#define CDN_ADMIT_NEW_NS    (CDN_ADMIT_DEBT_NS + 16 * CDN_ADMIT_PAID_NS)
#define CDN_ADMIT_SMALL     4096
#define CDN_ADMIT_MISHAP_NS 400000
/* No debt is larger: ten thousand quick runs always make good. */
#define CDN_ADMIT_MOST_NS 200000000
/* Limits of time above this are never the loop's. */
#define CDN_ADMIT_LIMIT_NS 50000000

/* Rules beyond so many are workers' for good. */
#define CDN_ADMIT_RULES 4096

struct cdn_admit;

/* Errors: CORDON_E_NOMEM. */
cordon_status cdn_admit_new(struct cdn_admit **out, cordon_error *err);
void cdn_admit_free(struct cdn_admit *admit); /* accepts NULL */

/* May this rule be evaluated on an event loop now? */
bool cdn_admit_is_quick(const struct cdn_admit *admit, const char *rule);

/* What a run that took so long and was charged for so much is taken to have cost. */
uint64_t cdn_admit_cost(uint64_t took_ns, uint64_t charged);
/* It ran, and cost so much, under this limit of time; `own`: the request's, and the rule's may be
 * longer. */
void cdn_admit_learn(struct cdn_admit *admit, const char *rule, uint64_t cost_ns,
                     uint64_t limit_ns, bool own);

#endif
