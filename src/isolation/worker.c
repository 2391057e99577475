/* Talking to a worker.
 *
 * A run is one exchange, RUN and OUTCOME, with a CALL and ANSWER in between for each function
 * of the host's that the rule calls; the first run of a rule, or under a grant, tells the worker
 * of it before; what was noted of a traced one is asked for after.  The host's cancel flag is carried into the shared area while it waits. */
#include "isolation/worker.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/clock.h"
#include "rule/functions.h"
#include "sandbox/slot.h"
#include "sandbox/trace.h"

/* While a request can be cancelled, the flag is looked at this often. */
#define CANCEL_NS UINT64_C(1000000)
/* What a rule may take to load, and a trace to come over. */
#define LOAD_NS UINT64_C(5000000000)

/* ---- greeting ---- */

/* Wait for the call of a worker that is to connect, or the end of the process it is in. */
static cordon_status take_call(struct cdn_worker *worker, uint64_t until_ns,
                               cordon_error *err)
{
    const uint64_t look_ns = 20000000;

    for (;;) {
        uint64_t now_ns = cdn_clock_ns();
        bool last = now_ns >= until_ns || until_ns - now_ns <= look_ns;
        bool gone = worker->process >= 0 && cdn_worker_gone(worker);
        cordon_status status = cdn_channel_accept(
            &worker->channel, last ? until_ns : now_ns + look_ns, err);

        worker->listening = status != CORDON_OK;
        if (status != CORDON_E_INTERRUPTED)
            return status;
        if (gone)
            return cdn_error_set(err, CORDON_E_IO, "it ended before it called");
        if (last)
            return status;
    }
}

static cordon_status hear_hello(struct cdn_worker *worker, uint64_t until_ns,
                                cordon_error *err)
{
    struct cdn_channel *channel = &worker->channel;
    struct cdn_wire_hello hello;
    cordon_status status = CORDON_OK;
    uint16_t kind;

    if (worker->listening)
        status = take_call(worker, until_ns, err);
    if (status)
        return status;
    status = cdn_channel_receive(&kind, channel, CDN_WIRE_SMALL_BYTES, until_ns, err);
    if (status)
        return status;
    if (kind == CDN_FRAME_FAILED)
        return cdn_wire_get_failed(&channel->in, err);
    if (kind != CDN_FRAME_HELLO)
        return cdn_error_set(err, CORDON_E_DATA, "a worker that does not greet");
    status = cdn_wire_get_hello(&hello, &channel->in, err);
    if (status)
        return status;
    if (hello.version != CDN_WIRE_VERSION)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the worker speaks version %u where %d is needed; install "
                             "cordon-worker and libcordon from one build",
                             hello.version, CDN_WIRE_VERSION);
    if (hello.identity != worker->identity)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the worker has another snapshot open than the host");
    worker->locks = hello.locks | (worker->held ? worker->held(worker) : 0);
    return CORDON_OK;
}

cordon_status cdn_worker_greet(struct cdn_worker *worker, uint64_t until_ns,
                               cordon_error *err)
{
    cordon_error own;
    cordon_error *why = err ? err : &own;
    cordon_status status = hear_hello(worker, until_ns, why);

    if (!status)
        return CORDON_OK;
    worker->broken = true;
    if (worker->explain)
        worker->explain(worker, why);
    return status;
}

cordon_status cdn_worker_greeted(struct cdn_worker *worker, bool *done,
                                 cordon_error *err)
{
    if (worker->listening && cdn_channel_ready(&worker->channel) &&
        !cdn_channel_accept(&worker->channel, 0, NULL))
        worker->listening = false;
    *done = worker->listening ? worker->process >= 0 && cdn_worker_gone(worker)
                              : cdn_channel_ready(&worker->channel);
    return *done ? cdn_worker_greet(worker, 0, err) : CORDON_OK;
}

/* ---- whether it still answers ---- */

bool cdn_worker_quiet(const struct cdn_worker *worker)
{
    struct pollfd said = {.fd = worker->channel.fd, .events = POLLIN};

    return poll(&said, 1, 0) == 0 && !cdn_channel_ready(&worker->channel);
}

cordon_status cdn_worker_ping(struct cdn_worker *worker, cordon_error *err)
{
    cordon_status status =
        cdn_channel_send(&worker->channel, CDN_FRAME_PING, NULL, 0, 0, err);

    worker->broken = worker->broken || status;
    return status;
}

cordon_status cdn_worker_pong(struct cdn_worker *worker, uint64_t until_ns,
                              cordon_error *err)
{
    struct cdn_channel *channel = &worker->channel;
    cordon_status status = cdn_channel_await(channel, until_ns, err);
    uint64_t number;
    uint16_t kind;

    if (status == CORDON_E_INTERRUPTED)
        return status;
    if (!status)
        status = cdn_channel_receive(&kind, channel, CDN_WIRE_SMALL_BYTES, 0, err);
    if (!status && kind != CDN_FRAME_READY)
        status = cdn_error_set(err, CORDON_E_DATA, "a worker's frame out of turn");
    if (!status)
        status = cdn_wire_get_number(&number, &channel->in, err);
    worker->broken = worker->broken || status;
    return status;
}

/* ---- its end ---- */

void cdn_worker_hang_up(struct cdn_worker *worker)
{
    if (worker->channel.fd >= 0)
        close(worker->channel.fd);
    worker->channel.fd = -1;
    worker->broken = true;
}

bool cdn_worker_gone(const struct cdn_worker *worker)
{
    return cdn_worker_await_gone(worker, 0);
}

bool cdn_worker_await_gone(const struct cdn_worker *worker, uint64_t until_ns)
{
    struct pollfd ended = {.fd = worker->process, .events = POLLIN};
    uint64_t now_ns = until_ns ? cdn_clock_ns() : 0;
    uint64_t left_ms = until_ns > now_ns ? (until_ns - now_ns) / 1000000 + 1 : 0;

    return worker->process < 0 ||
           poll(&ended, 1, left_ms > 60000 ? 60000 : (int)left_ms) > 0;
}

/* ---- telling ---- */

/* Send what is in `out` and wait for READY, and what it counts. */
static cordon_status tell(uint64_t *number, struct cdn_worker *worker,
                          enum cdn_frame kind, uint64_t until_ns, cordon_error *err)
{
    struct cdn_channel *channel = &worker->channel;
    cordon_status status;
    uint16_t got;

    if (worker->out.failed)
        return cdn_error_nomem(err);
    status = cdn_channel_send(channel, (uint16_t)kind, worker->out.data,
                              worker->out.length, until_ns, err);
    if (!status)
        status =
            cdn_channel_receive(&got, channel, CDN_WIRE_SMALL_BYTES, until_ns, err);
    if (!status && got == CDN_FRAME_FAILED)
        return cdn_wire_get_failed(&channel->in, err); /* it goes on */
    if (!status && got != CDN_FRAME_READY)
        status = cdn_error_set(err, CORDON_E_DATA, "a worker's frame out of turn");
    if (!status)
        status = cdn_wire_get_number(number, &channel->in, err);
    if (status)
        worker->broken = true;
    worker->late = status == CORDON_E_INTERRUPTED;
    return status;
}

static cordon_status tell_rule(uint32_t *number, struct cdn_worker *worker,
                               const struct cdn_rule_call *call, cordon_error *err)
{
    const struct cdn_rule *rule = call->rule;
    struct cdn_wire_rule wire = {.file = rule->file,
                                 .file_bytes = strlen(rule->file),
                                 .source = rule->source,
                                 .source_bytes = rule->source_bytes,
                                 .load = worker->load,
                                 .function_count = rule->function_count};
    cordon_status status;
    uint64_t contract = 0;
    uint32_t slot;

    for (slot = 0; slot < worker->rule_count; slot++) {
        if (!memcmp(worker->rules[slot].hash, rule->hash, sizeof rule->hash) &&
            !strcmp(worker->rules[slot].file, rule->file)) {
            *number = slot;
            return CORDON_OK;
        }
    }
    if (wire.file_bytes >= sizeof worker->rules[0].file)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the rule's file has too long a name");
    slot = worker->next_rule++ % CDN_WORKER_RULES;
    if (worker->rule_count <= slot)
        worker->rule_count = slot + 1;
    memset(&worker->rules[slot], 0, sizeof worker->rules[slot]);
    *number = wire.number = slot;
    for (uint32_t i = 0; i < rule->function_count; i++) {
        memcpy(wire.functions[i].name, call->functions[i]->name,
               sizeof wire.functions[i].name);
        wire.functions[i].flags = call->functions[i]->flags;
        wire.functions[i].cost = call->functions[i]->cost;
    }
    cdn_wire_put_rule(&worker->out, &wire);
    status = tell(&contract, worker, CDN_FRAME_RULE, cdn_clock_ns() + LOAD_NS, err);
    if (!status && contract != rule->contract_hash) {
        /* one of two lied: this worker, or the one that read the rule for the host */
        worker->broken = true;
        status = cdn_error_set(err, CORDON_E_DATA,
                               "the worker reads another contract from the rule's text "
                               "than it is in service with");
    }
    if (status)
        return status;
    memcpy(worker->rules[slot].hash, rule->hash, sizeof rule->hash);
    memcpy(worker->rules[slot].file, rule->file, wire.file_bytes + 1);
    return CORDON_OK;
}

static cordon_status tell_grant(uint32_t *number, struct cdn_worker *worker,
                                const struct cdn_rule_call *call, cordon_error *err)
{
    static const struct cdn_schema nothing = {0};
    const struct cdn_grant *grant = call->local ? call->local->grant : call->grant;
    cordon_status status;
    uint64_t unused = 0;
    uint32_t slot;

    for (slot = 0; slot < worker->grant_count; slot++) {
        if (worker->grants[slot] == grant->id) {
            *number = slot;
            return CORDON_OK;
        }
    }
    slot = worker->next_grant++ % CDN_WORKER_GRANTS;
    if (worker->grant_count <= slot)
        worker->grant_count = slot + 1;
    worker->grants[slot] = UINT64_MAX; /* nobody's, until it is told */
    *number = slot;
    cdn_wire_put_grant(&worker->out, slot, grant,
                       call->local      ? call->local->schema
                       : call->snapshot ? &call->snapshot->schema
                                        : &nothing);
    status = tell(&unused, worker, CDN_FRAME_GRANT, cdn_clock_ns() + LOAD_NS, err);
    if (!status)
        worker->grants[slot] = grant->id;
    return status;
}

/* What it is to see.  A grant it knows holds for another slice if that was cut under the same
 * one: they have one schema. */
static cordon_status tell_slice(struct cdn_worker *worker,
                                const struct cdn_local_view *local, uint64_t until_ns,
                                cordon_error *err)
{
    const struct cdn_wire_slice slice = {
        .grants_stay = worker->sees_slice && worker->slice_grant == local->grant->id,
        .hops = local->hops,
        .border = local->border,
        .border_bytes = local->border_words * sizeof *local->border,
        .bytes = local->slice,
        .size = local->slice_bytes,
    };
    cordon_status status;
    uint64_t nodes = 0;

    if (!slice.grants_stay)
        worker->grant_count = worker->next_grant = 0;
    cdn_wire_put_slice(&worker->out, &slice);
    status = tell(&nodes, worker, CDN_FRAME_SLICE, until_ns, err);
    worker->sees_slice = !status;
    worker->slice_grant = local->grant->id;
    return status;
}

/* ---- a run ---- */

/* A function of the host's, called for the worker. */
static cordon_status answer_call(struct cdn_worker *worker,
                                 const struct cdn_rule_call *call, uint64_t until_ns,
                                 cordon_error *err)
{
    const struct cdn_buf *in = &worker->channel.in;
    const struct cdn_host_function *function;
    cordon_builder result = {0};
    const void *arguments;
    size_t bytes;
    cordon_error why;
    cordon_status status;
    uint32_t number;

    status = cdn_wire_get_call(&number, &arguments, &bytes, in, err);
    if (!status && number >= call->rule->function_count)
        status = cdn_error_set(err, CORDON_E_DATA, "CALL: no such function");
    if (status)
        return status;
    function = call->functions[number];
    status = cdn_functions_call(&result, call->host, function, number, arguments, bytes,
                                until_ns, call->request->cancel, &why);
    cdn_wire_put_answer(&worker->out, status, &result, &why);
    if (worker->out.failed)
        return cdn_error_nomem(err);
    return cdn_channel_send(&worker->channel, CDN_FRAME_ANSWER, worker->out.data,
                            worker->out.length, until_ns, err);
}

/* Wait for a frame, and carry the host's wish to cancel over meanwhile. */
static bool is_cancelled(const struct cdn_rule_call *call)
{
    const cordon_cancel *cancel = call->request->cancel;

    return (cancel && __atomic_load_n(&cancel->requested, __ATOMIC_RELAXED)) ||
           (call->revoked && __atomic_load_n(call->revoked, __ATOMIC_RELAXED));
}

static cordon_status await(uint16_t *kind, struct cdn_worker *worker,
                           const struct cdn_rule_call *call, uint64_t until_ns,
                           cordon_error *err)
{
    size_t most = (size_t)call->budget.output_bytes + CDN_WIRE_ANSWER_BYTES;
    struct cdn_channel_shared *shared = cdn_channel_shared(&worker->channel);
    bool may_end = call->request->cancel || call->revoked;
    cordon_status status;

    for (;;) {
        uint64_t now = cdn_clock_ns();
        bool last = !may_end || now >= until_ns || until_ns - now <= CANCEL_NS;

        status =
            cdn_channel_wait(&worker->channel, last ? until_ns : now + CANCEL_NS, err);
        if (!status)
            return cdn_channel_receive(kind, &worker->channel, most, until_ns, err);
        if (status != CORDON_E_INTERRUPTED || last)
            return status;
        if (!is_cancelled(call))
            continue;
        if (shared) {
            __atomic_store_n(&shared->cancel, 1, __ATOMIC_RELAXED);
        } else { /* it cannot be told: it may be done in a moment, and is killed if not */
            may_end = false;
            if (until_ns - now > CDN_WORKER_GRACE_NS)
                until_ns = now + CDN_WORKER_GRACE_NS;
        }
    }
}

/* Errors: the worker's, which broke it; *failed: it answered that the call did not work. */
static cordon_status exchange(cordon_outcome *outcome, struct cdn_worker *worker,
                              const struct cdn_rule_call *call, uint64_t until_ns,
                              bool *failed, cordon_error *err)
{
    cordon_status status =
        cdn_channel_send(&worker->channel, CDN_FRAME_RUN, worker->out.data,
                         worker->out.length, until_ns, err);
    uint16_t kind = CDN_FRAME_CALL;

    *failed = false;
    while (!status) {
        status = await(&kind, worker, call, until_ns, err);
        if (status || kind != CDN_FRAME_CALL)
            break;
        status = answer_call(worker, call, until_ns, err);
    }
    if (status)
        return status;
    if (kind == CDN_FRAME_OUTCOME)
        return cdn_wire_get_outcome(outcome, &worker->channel.in, call->rule,
                                    &call->budget, err);
    if (kind != CDN_FRAME_FAILED)
        return cdn_error_set(err, CORDON_E_DATA, "a worker's frame out of turn");
    status = cdn_wire_get_failed(&worker->channel.in, err);
    /* what a call in this process could have come to, and nothing else */
    *failed = status == CORDON_E_INVALID || status == CORDON_E_NOTFOUND ||
              status == CORDON_E_CORRUPT || status == CORDON_E_NOMEM;
    return status;
}

/* What came of a run whose worker is of no use any more. */
void cdn_worker_lost(cordon_outcome *outcome, const struct cdn_rule_call *call,
                     cordon_status status, const cordon_error *why)
{
    uint64_t passed_ns = cdn_clock_ns() - call->entered_ns;

    if (status == CORDON_E_INTERRUPTED && is_cancelled(call))
        cdn_rule_refuse(
            outcome, call->rule, CORDON_OUTCOME_CANCELLED, CORDON_BUDGET_NONE,
            "cancelled by the host; the worker did not end, and was killed");
    else if (status == CORDON_E_INTERRUPTED)
        cdn_rule_refuse(outcome, call->rule, CORDON_OUTCOME_LIMIT, CORDON_BUDGET_TIME,
                        "time: more than %.15g ms passed, and the worker did not "
                        "answer: it was killed",
                        (double)call->budget.wall_ns / 1e6);
    else
        cdn_rule_refuse(outcome, call->rule, CORDON_OUTCOME_ERROR, CORDON_BUDGET_NONE,
                        "the rule's worker %s, and was killed: %s",
                        status == CORDON_E_IO ? "ended" : "broke the protocol",
                        why->message);
    outcome->usage.wall_ns = passed_ns;
    outcome->usage.wall_limit_ns = call->budget.wall_ns;
    if (call->snapshot)
        outcome->generation = cordon_snapshot_generation(call->snapshot);
}

/* ---- a traced run ---- */

static uint32_t trace_room(const cordon_trace *trace)
{
    uint64_t bytes = cdn_trace_memory_bytes(trace);

    return (uint32_t)(bytes < CDN_WIRE_TRACE_ROOM ? bytes : CDN_WIRE_TRACE_ROOM);
}

/* How long a run may take before its worker is killed.  What tracing takes does not count, up
 * to its own bound. */
static uint64_t patience_ns(const struct cdn_worker *worker,
                            const struct cdn_rule_call *call, uint64_t ends_ns)
{
    uint64_t grace_ns = worker->grace_ns ? worker->grace_ns : CDN_WORKER_GRACE_NS;
    uint64_t tracing_ns = 0;

    if (call->trace && call->budget.wall_ns <= UINT64_MAX / CDN_SLOT_TRACE_TIMES)
        tracing_ns = CDN_SLOT_TRACE_TIMES * call->budget.wall_ns;
    return cdn_add_sat(cdn_add_sat(ends_ns, tracing_ns), grace_ns);
}

/* Have the worker tell what it noted of the run that came to `outcome`. */
static cordon_status fetch_trace(struct cdn_worker *worker,
                                 const struct cdn_rule_call *call,
                                 const cordon_outcome *outcome, cordon_error *err)
{
    struct cdn_channel *channel = &worker->channel;
    const struct cdn_rule *rule = call->rule;
    uint64_t until_ns = cdn_clock_ns() + LOAD_NS;
    cordon_status status;
    uint16_t kind;

    cdn_wire_put_number(&worker->out, 0);
    if (worker->out.failed)
        return cdn_error_nomem(err);
    status = cdn_channel_send(channel, CDN_FRAME_TRACE, worker->out.data,
                              worker->out.length, until_ns, err);
    if (!status)
        status = cdn_channel_receive(&kind, channel,
                                     CDN_WIRE_TRACE_BYTES(trace_room(call->trace)),
                                     until_ns, err);
    if (!status && kind != CDN_FRAME_TRACE)
        status = cdn_error_set(err, CORDON_E_DATA, "a worker's frame out of turn");
    if (status)
        return status;
    cdn_trace_start(call->trace, rule->hash, rule->source, rule->source_bytes, NULL);
    return cdn_wire_get_trace(call->trace, &channel->in, &outcome->usage, err);
}

static void put_run(struct cdn_worker *worker, const struct cdn_rule_call *call,
                    uint32_t rule, uint32_t grant, uint64_t ends_ns)
{
    const cordon_request *request = call->request;
    const struct cdn_local_view *local = call->local;
    uint64_t now = cdn_clock_ns();
    struct cdn_wire_run run = {
        .rule = rule,
        .grant = grant,
        .label = request->label,
        .label_bytes = request->label ? strlen(request->label) : 0,
        .key = request->key,
        .key_bytes = request->key_bytes ? request->key_bytes
                     : request->key     ? strlen(request->key)
                                        : 0,
        .params = request->params,
        .params_bytes = request->params_bytes,
        .now_ms = request->now_ms,
        .as_of_ms = request->as_of_ms,
        .seed = request->seed,
        .shared_params = call->shared_params,
        .budget = call->budget,
        .left_ns = ends_ns > now ? ends_ns - now : 0,
        .trace_bytes = call->trace ? trace_room(call->trace) : 0,
        .counts_only = call->trace && call->trace->counts_only,
    };

    if (local && local->key) {
        run.key = local->key;
        run.key_bytes = local->key_bytes;
    }
    cdn_wire_put_run(&worker->out, &run);
}

cordon_status cdn_worker_prepare(struct cdn_worker *worker,
                                 const struct cdn_rule_call *call, cordon_error *err)
{
    uint32_t number;
    cordon_status status = tell_rule(&number, worker, call, err);

    if (status || (call->local && call->local->slice))
        return status; /* grants come with what they are over */
    return tell_grant(&number, worker, call, err);
}

static cordon_status run(cordon_outcome *outcome, struct cdn_worker *worker,
                         const struct cdn_rule_call *call, cordon_error *err)
{
    struct cdn_channel_shared *shared = cdn_channel_shared(&worker->channel);
    uint64_t ends_ns = cdn_add_sat(call->entered_ns, call->budget.wall_ns);
    uint32_t rule = 0, grant = 0;
    uint64_t passed_ns;
    cordon_error why;
    cordon_status status;
    bool failed = false;

    status = tell_rule(&rule, worker, call, err);
    if (!status && call->local && call->local->slice) {
        status = tell_slice(worker, call->local,
                            cdn_add_sat(ends_ns, CDN_WORKER_GRACE_NS), &why);
        if (status && worker->broken) {
            cdn_worker_lost(outcome, call, status, &why);
            return CORDON_OK;
        }
        if (status && err)
            *err = why;
    }
    if (!status)
        status = tell_grant(&grant, worker, call, err);
    if (!status)
        put_run(worker, call, rule, grant, ends_ns);
    if (!status && worker->out.failed)
        status = cdn_error_nomem(err);
    if (status)
        return status;
    if (shared)
        __atomic_store_n(&shared->cancel, 0, __ATOMIC_RELAXED);
    cdn_answers_clear(&call->host->answers);
    call->host->nondeterministic = false;
    call->host->functions_ns = 0;
    status = exchange(outcome, worker, call, patience_ns(worker, call, ends_ns),
                      &failed, &why);
    if (!status && call->trace)
        status = fetch_trace(worker, call, outcome, &why);
    worker->runs++;
    if (failed) {
        if (err)
            *err = why;
        return status;
    }
    if (status)
        worker->broken = true;
    worker->late = status == CORDON_E_INTERRUPTED && !is_cancelled(call);
    if (status == CORDON_E_NOMEM)
        return cdn_error_nomem(err); /* it was this side that had none */
    if (status) {
        cdn_worker_lost(outcome, call, status, &why);
        return CORDON_OK;
    }
    outcome->nondeterministic = call->host->nondeterministic;
    outcome->usage.host_ns = call->host->functions_ns;
    passed_ns = cdn_clock_ns() - call->entered_ns;
    if (!call->trace || outcome->usage.wall_ns > passed_ns)
        outcome->usage.wall_ns = passed_ns; /* else what tracing took is left out */
    if (call->snapshot)
        outcome->generation = cordon_snapshot_generation(call->snapshot);
    return CORDON_OK;
}

cordon_status cdn_worker_run(cordon_outcome *outcome, struct cdn_worker *worker,
                             const struct cdn_rule_call *call, cordon_error *err)
{
    cordon_status status;

    if (!call->trace)
        return run(outcome, worker, call, err);
    if (!cdn_trace_claim(call->trace))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the trace is in use by another evaluation");
    status = run(outcome, worker, call, err);
    cdn_trace_end(call->trace, NULL);
    return status;
}
