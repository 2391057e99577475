/* Events to verdicts: see judge.h. */
#include "cli/backtest/judge.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"

/* Events that a thread takes at once: few enough that the last ones end together. */
#ifdef CORDON_TINY
#define LOT 2
#else
#define LOT 64
#endif

struct crew {
    struct cdn_verdict *verdicts;
    const struct cdn_ask *ask;
    size_t count;
    size_t next; /* atomic: the first event that nobody took */
    size_t done; /* atomic */
    int stop;    /* atomic: some event ended everything */
};

struct lane {
    struct crew *crew;
    pthread_t thread;
    cordon_outcome *outcome;
    cordon_status status;
    size_t failed; /* the event that ended it, if status is not CORDON_OK */
    cordon_error err;
};

cordon_status cdn_backtest_ask(cordon_outcome *outcome, const struct cdn_ask *ask,
                               const struct cdn_event *event, cordon_error *err)
{
    cordon_request call = CORDON_REQUEST_INIT;
    int64_t at = event->at_ms == CORDON_NO_TIME ? ask->last_ms : event->at_ms;

    call.label = cdn_event_label(ask->corpus, event);
    call.key = cdn_event_key(ask->corpus, event);
    call.key_bytes = event->key_bytes;
    call.params = ask->params;
    call.params_bytes = ask->params_bytes;
    call.now_ms = at;
    call.as_of_ms =
        ask->as_of_ms != CORDON_NO_TIME && ask->as_of_ms < at ? ask->as_of_ms : at;
    call.seed = ask->seed;
    call.limits = ask->limits;
    call.cancel = ask->cancel;
    call.principal = ask->principal;
    return cordon_evaluate(outcome, ask->engine, ask->rule->name, &call, err);
}

static uint8_t number_of(const struct cdn_rule *rule, const char *decision)
{
    for (uint32_t i = 0; decision && i < rule->decision_count; i++) {
        if (!strcmp(rule->decisions[i], decision))
            return (uint8_t)i;
    }
    return CDN_NO_DECISION;
}

static uint32_t held(uint64_t number)
{
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static void fill(struct cdn_verdict *verdict, const cordon_outcome *outcome,
                 const struct cdn_rule *rule)
{
    const cordon_usage *usage = cordon_outcome_usage(outcome);

    *verdict = (struct cdn_verdict){
        .instructions = usage->instructions,
        .edges = usage->edges,
        .wall_ns = usage->wall_ns,
        .nodes = held(usage->nodes),
        .memory_bytes = held(usage->memory_bytes),
        .kind = (uint8_t)cordon_outcome_get_kind(outcome),
        .limit = (uint8_t)cordon_outcome_limit(outcome),
        .decision = number_of(rule, cordon_outcome_decision(outcome)),
        .fallback = cordon_outcome_is_fallback(outcome),
    };
    verdict->has_score = cordon_outcome_score(outcome, &verdict->score);
}

static cordon_status judge_one(struct lane *lane, size_t i)
{
    struct crew *crew = lane->crew;
    cordon_status status = cdn_backtest_ask(lane->outcome, crew->ask,
                                            &crew->ask->corpus->events[i], &lane->err);

    if (status == CORDON_E_NOTFOUND) {
        crew->verdicts[i] = (struct cdn_verdict){.kind = CDN_VERDICT_NO_NODE,
                                                 .decision = CDN_NO_DECISION};
        return CORDON_OK;
    }
    if (!status && cordon_outcome_get_kind(lane->outcome) == CORDON_OUTCOME_CANCELLED)
        status = cdn_error_set(&lane->err, CORDON_E_INTERRUPTED, "interrupted");
    if (!status)
        fill(&crew->verdicts[i], lane->outcome, crew->ask->rule);
    return status;
}

/* One lot.  A lot that was taken is judged up to its own first failure whatever others do:
 * so the first event that fails is found, whoever has it. */
static bool judge_lot(struct lane *lane)
{
    struct crew *crew = lane->crew;
    size_t from, to;

    if (__atomic_load_n(&crew->stop, __ATOMIC_RELAXED))
        return false;
    from = __atomic_fetch_add(&crew->next, LOT, __ATOMIC_RELAXED);
    if (from >= crew->count)
        return false;
    to = crew->count - from < LOT ? crew->count : from + LOT;
    for (size_t i = from; i < to; i++) {
        lane->status = judge_one(lane, i);
        if (lane->status) {
            lane->failed = i;
            __atomic_store_n(&crew->stop, 1, __ATOMIC_RELAXED);
            return false;
        }
    }
    __atomic_fetch_add(&crew->done, to - from, __ATOMIC_RELAXED);
    return true;
}

static void *work(void *ud)
{
    struct lane *lane = ud;

    while (judge_lot(lane))
        ;
    return NULL;
}

/* The failure of the first event that failed. */
static cordon_status first_failure(const struct lane *lanes, uint32_t count,
                                   const struct cdn_corpus *corpus, cordon_error *err)
{
    const struct lane *first = NULL;

    for (uint32_t i = 0; i < count; i++) {
        if (lanes[i].status && (!first || lanes[i].failed < first->failed))
            first = &lanes[i];
    }
    if (!first)
        return CORDON_OK;
    if (err)
        *err = first->err;
    if (first->status != CORDON_E_INTERRUPTED && first->status != CORDON_E_NOMEM)
        cdn_error_prefix(err, "the event on line %" PRIu64,
                         corpus->events[first->failed].line);
    return first->status;
}

cordon_status cdn_backtest_judge(struct cdn_verdict *verdicts,
                                 const struct cdn_ask *ask, uint32_t threads,
                                 cdn_judge_progress *progress, void *ud,
                                 cordon_error *err)
{
    struct crew crew = {.verdicts = verdicts, .ask = ask, .count = ask->corpus->count};
    struct lane *lanes = cdn_calloc(threads, sizeof(*lanes));
    cordon_status status = lanes ? CORDON_OK : cdn_error_nomem(err);
    uint32_t started = 1;

    for (uint32_t i = 0; i < threads && !status; i++) {
        lanes[i].crew = &crew;
        status = cordon_outcome_new(&lanes[i].outcome, err);
    }
    if (status)
        goto out;
    /* a thread that cannot be had is done without */
    while (started < threads &&
           !pthread_create(&lanes[started].thread, NULL, work, &lanes[started]))
        started++;
    while (judge_lot(&lanes[0])) {
        if (progress)
            progress(ud, __atomic_load_n(&crew.done, __ATOMIC_RELAXED));
    }
    for (uint32_t i = 1; i < started; i++)
        pthread_join(lanes[i].thread, NULL);
    status = first_failure(lanes, started, ask->corpus, err);
out:
    for (uint32_t i = 0; lanes && i < threads; i++)
        cordon_outcome_free(lanes[i].outcome);
    cdn_free(lanes);
    return status;
}
