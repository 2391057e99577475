/* Asking one version of a rule about every event, by several threads.
 *
 * An event is asked about as of its time: `now` is that time, and no edge later than it
 * exists.  An event without a time is asked about at `last_ms`.
 *
 * Threads take events from the front in small lots and write each verdict to the event's own
 * place, so that what comes out is the same for any number of threads; of an error that ends
 * everything, the one of the first event is told. */
#ifndef CDN_CLI_BACKTEST_JUDGE_H
#define CDN_CLI_BACKTEST_JUDGE_H

#include <cordon/engine.h>
#include <cordon/evaluate.h>

#include "cli/backtest/corpus.h"
#include "rule/rule.h"

/* Kinds of verdict: those of outcomes, and one for events that no rule was asked about. */
#define CDN_VERDICT_NO_NODE 6
#define CDN_VERDICT_KINDS   7

#define CDN_NO_DECISION 255

/* What one version said of one event. */
struct cdn_verdict {
    double score;
    uint64_t instructions;
    uint64_t edges;
    uint64_t wall_ns;
    uint32_t nodes;        /* held at UINT32_MAX */
    uint32_t memory_bytes; /* likewise */
    uint8_t kind;          /* enum cordon_outcome_kind, or CDN_VERDICT_NO_NODE */
    uint8_t limit;         /* enum cordon_budget */
    uint8_t decision;      /* a number of the rule's; CDN_NO_DECISION: none */
    bool has_score;
    bool fallback; /* the decision is the declared one, not the rule's word */
};

/* How every event is asked. */
struct cdn_ask {
    cordon_engine *engine;
    const struct cdn_rule *rule;
    const struct cdn_corpus *corpus;
    const void *params; /* msgpack map; NULL: none */
    size_t params_bytes;
    const cordon_limits *limits;
    const cordon_cancel *cancel;
    const char *principal; /* NULL: the host itself */
    uint64_t seed;
    int64_t
        as_of_ms;    /* no edge later than this exists either; CORDON_NO_TIME: no cut */
    int64_t last_ms; /* the moment for events that have none */
};

/* Ask about one event; what it costs and says is in `outcome`.
 * Errors: those of cordon_evaluate(). */
cordon_status cdn_backtest_ask(cordon_outcome *outcome, const struct cdn_ask *ask,
                               const struct cdn_event *event, cordon_error *err);

/* Called by the thread that called cdn_backtest_judge(), now and then. */
typedef void cdn_judge_progress(void *ud, uint64_t done);

/* Ask about all events of the corpus, by `threads` threads, the caller's among them, of
 * which the engine has as many slots; `verdicts` has room for one an event.
 * Errors: CORDON_E_INTERRUPTED, and those of cordon_evaluate() but CORDON_E_NOTFOUND, with
 * the event's line. */
cordon_status cdn_backtest_judge(struct cdn_verdict *verdicts,
                                 const struct cdn_ask *ask, uint32_t threads,
                                 cdn_judge_progress *progress, void *ud,
                                 cordon_error *err);

#endif
