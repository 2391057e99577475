/* Replay: an engine a text, a snapshot a generation, and a comparison.
 *
 * A log's records come in order of time, so generation and texts change rarely: the last
 * generation is kept open, and a few engines, each with one text.  The ceilings of these
 * engines are as high as ceilings go; what bounds a run is what bounded it then.  Only the
 * clock is let run as long as the rule allows, and asked again where that was too short: a
 * record that ended in time must not end for want of it now. */
#include "engine/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cordon/rule.h>
#include <cordon/snapshot.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "engine/engine.h"
#include "engine/registry.h"
#include "engine/replay_host.h"
#include "rule/outcome.h"

enum { ENGINES = 8, ATTEMPTS = 3 };
#define PATIENCE_NS UINT64_C(60000000000)

struct seat {
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1]; /* of its text; "": free */
    cordon_engine *engine;
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    uint64_t used;       /* the replay's clock when it was last asked for */
    uint64_t generation; /* of the snapshot it has */
    bool has_snapshot;
};

struct cdn_replay {
    struct cdn_replay_options options;
    struct seat seats[ENGINES];
    struct seat candidate; /* its engine; NULL: there is none */
    uint64_t clock;
    cordon_snapshot *snapshot; /* the generation opened last; NULL: none */
    uint64_t generation;
    uint64_t identity;
    bool opened; /* whether `generation` says something */
    cordon_outcome *outcome;
    struct cdn_replay_host host; /* in the place of everybody's functions */
};

const char *cdn_replay_word(enum cdn_replay_verdict verdict)
{
    static const char *const words[] = {
#define WORD(name, word) word,
        CDN_REPLAY_MAP(WORD)
#undef WORD
    };

    return verdict < CDN_REPLAY_VERDICTS ? words[verdict] : "";
}

/* ---- engines ---- */

static cordon_status new_engine(cordon_engine **out, struct cdn_replay *replay,
                                cordon_error *err)
{
    cordon_policy *policy = replay->options.policy;
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_status status;

    options.slots = 1;
    options.worker = replay->options.worker;
    options.max_instructions = options.max_edges = options.max_nodes =
        options.max_hops = options.max_wall_ns = UINT64_C(1) << 53;
    options.max_memory_bytes = UINT64_C(64) << 20;
    options.max_output_bytes = UINT64_C(1) << 30;
    status = cordon_engine_new(out, &options, err);
    if (status)
        return status;
    (*out)->quotas_off = true; /* to decide again is nobody's request */
    (*out)->stand_in = cdn_replay_host_function(&replay->host);
    return policy ? cordon_engine_set_policy(*out, policy, err) : CORDON_OK;
}

static void clear_seat(struct seat *seat)
{
    cordon_engine_free(seat->engine);
    *seat = (struct seat){0};
}

/* A seat's engine with this text; the seat is free on failure. */
static cordon_status fill_seat(struct seat *seat, struct cdn_replay *replay,
                               const char *text, size_t bytes, const char *file,
                               cordon_error *err)
{
    cordon_status status = new_engine(&seat->engine, replay, err);

    if (!status)
        status =
            cordon_engine_load_rule(seat->engine, text, bytes, file, seat->rule, err);
    if (status)
        clear_seat(seat);
    return status;
}

cordon_status cdn_replay_find_registered(void *ud, struct cdn_buf *out, char name[256],
                                         const char *digest, cordon_error *err)
{
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    char rule[CORDON_RULE_MAX_NAME_BYTES + 1];
    uint32_t version;
    cordon_status status;

    if (!cdn_hash_from_hex(hash, sizeof hash, digest))
        return CORDON_E_NOTFOUND;
    status = cdn_registry_find_hash(rule, &version, ud, hash, err);
    if (status)
        return status;
    (void)snprintf(name, 256, "%s@%" PRIu32, rule, version);
    return cdn_registry_text(out, ud, rule, version, err);
}

static cordon_status find_text(struct cdn_buf *out, char name[256],
                               const struct cdn_replay *replay, const char *digest,
                               cordon_error *err)
{
    for (size_t i = 0; i < replay->options.text_count; i++) {
        const struct cdn_replay_texts *texts = &replay->options.texts[i];
        cordon_status status = texts->find(texts->ud, out, name, digest, err);

        if (status != CORDON_E_NOTFOUND)
            return status;
    }
    return cdn_error_set(err, CORDON_E_NOTFOUND, "no rule with the digest %s is given",
                         digest);
}

/* The seat with the text of this digest. */
static cordon_status take_seat(struct seat **out, struct cdn_replay *replay,
                               const char *digest, cordon_error *err)
{
    struct seat *seat = &replay->seats[0];
    struct cdn_buf text = {0};
    char name[256];
    cordon_status status;

    for (int i = 0; i < ENGINES; i++) {
        if (replay->seats[i].engine && !strcmp(replay->seats[i].digest, digest)) {
            *out = &replay->seats[i];
            (*out)->used = ++replay->clock;
            return CORDON_OK;
        }
        if (replay->seats[i].used < seat->used)
            seat = &replay->seats[i];
    }
    status = find_text(&text, name, replay, digest, err);
    if (!status) {
        clear_seat(seat);
        status =
            fill_seat(seat, replay, (const char *)text.data, text.length, name, err);
    }
    cdn_buf_deinit(&text);
    if (status)
        return status;
    (void)snprintf(seat->digest, sizeof seat->digest, "%s", digest);
    seat->used = ++replay->clock;
    *out = seat;
    return CORDON_OK;
}

/* ---- generations ---- */

/* Open the generation a record names, and see that it is the one. */
static cordon_status open_generation(struct cdn_replay *replay, uint64_t generation,
                                     uint64_t identity, cordon_error *err)
{
    cordon_snapshot_options options = CORDON_SNAPSHOT_OPTIONS_INIT;
    cordon_status status;

    if (!replay->opened || replay->generation != generation) {
        cordon_snapshot_release(replay->snapshot);
        replay->snapshot = NULL;
        replay->opened = false;
        options.generation = generation;
        if (!replay->options.store)
            return cdn_error_set(err, CORDON_E_NOTFOUND, "no store is given");
        status = cordon_snapshot_open(&replay->snapshot, replay->options.store,
                                      &options, err);
        if (status)
            return status;
        replay->opened = true;
        replay->generation = generation;
        replay->identity = cordon_snapshot_identity(replay->snapshot);
    }
    if (replay->identity == identity)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_NOTFOUND,
                         "generation %" PRIu64 " of the store is %016" PRIx64
                         ", not the %016" PRIx64 " it was decided on",
                         generation, replay->identity, identity);
}

/* Let the seat see what the record was decided on. */
static cordon_status give_snapshot(struct seat *seat, struct cdn_replay *replay,
                                   const struct cdn_audit_view *view, cordon_error *err)
{
    cordon_status status;
    bool wanted = view->snapshot_id != 0;

    if (!wanted && !seat->has_snapshot)
        return CORDON_OK;
    if (wanted && seat->has_snapshot && seat->generation == view->generation)
        return CORDON_OK;
    status =
        cordon_engine_set_snapshot(seat->engine, wanted ? replay->snapshot : NULL, err);
    if (status)
        return status;
    seat->has_snapshot = wanted;
    seat->generation = view->generation;
    return CORDON_OK;
}

/* ---- comparing ---- */

static bool clocked(cordon_outcome_kind outcome, cordon_budget limit)
{
    return outcome == CORDON_OUTCOME_CANCELLED ||
           (outcome == CORDON_OUTCOME_LIMIT && limit == CORDON_BUDGET_TIME);
}

static bool memory_limited(cordon_outcome_kind outcome, cordon_budget limit)
{
    return outcome == CORDON_OUTCOME_LIMIT && limit == CORDON_BUDGET_MEMORY;
}

/* Why these two must not be compared; NULL: they may. */
static const char *unlike(const struct cdn_replay *replay,
                          const struct cdn_audit_view *view,
                          const cordon_outcome *outcome)
{
    const char *missed = cdn_replay_host_missed(&replay->host);

    if (missed && (replay->candidate.engine || !replay->host.whole))
        return missed;
    if (view->outcome == CORDON_OUTCOME_DENIED)
        return "the principal was not permitted to run it";
    if (view->crashed)
        return "the worker it ran in crashed";
    if (clocked(view->outcome, view->limit))
        return view->outcome == CORDON_OUTCOME_CANCELLED
                   ? "it was cancelled"
                   : "it was stopped by the time limit";
    if (clocked(outcome->kind, outcome->limit))
        return "it was stopped by the clock now";
    return NULL;
}

static bool same_text(const struct cdn_audit_text *text, const char *with)
{
    return text->at ? with && cdn_audit_text_is(text, with) : !with;
}

static bool same_decision(const struct cdn_audit_view *view,
                          const cordon_outcome *outcome)
{
    return same_text(&view->decision, cordon_outcome_decision(outcome)) &&
           view->fallback == outcome->fallback;
}

/* What is said of the first thing that differs; false: nothing does. */
static bool differ(char out[400], const struct cdn_audit_view *view,
                   const cordon_outcome *outcome)
{
    const struct {
        const char *name;
        uint64_t was, is;
    } numbers[] = {
        {"instructions", view->usage.instructions, outcome->usage.instructions},
        {"edges", view->usage.edges, outcome->usage.edges},
        {"nodes", view->usage.nodes, outcome->usage.nodes},
        {"hops", view->usage.hops, outcome->usage.hops},
        {"output bytes", view->usage.output_bytes, outcome->usage.output_bytes},
    };

    if (view->outcome != outcome->kind || view->limit != outcome->limit) {
        (void)snprintf(
            out, 400, "the outcome was %s (%s) and is %s (%s)",
            cordon_outcome_kind_str(view->outcome), cordon_budget_str(view->limit),
            cordon_outcome_kind_str(outcome->kind), cordon_budget_str(outcome->limit));
        return true;
    }
    if (!same_decision(view, outcome)) {
        char was[100];
        const char *decision = cordon_outcome_decision(outcome);

        (void)snprintf(
            out, 400, "the decision was %s%s and is %s%s",
            view->decision.at
                ? cdn_escape(was, sizeof was, view->decision.at, view->decision.bytes)
                : "none",
            view->fallback ? " (fallback)" : "", decision ? decision : "none",
            outcome->fallback ? " (fallback)" : "");
        return true;
    }
    if (!view->result_masked &&
        (view->result.bytes != outcome->result_bytes ||
         (outcome->result_bytes &&
          memcmp(view->result.at, outcome->result, outcome->result_bytes) != 0))) {
        (void)snprintf(out, 400, "the result's bytes are others");
        return true;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].was == numbers[i].is)
            continue;
        (void)snprintf(out, 400, "%s were %" PRIu64 " and are %" PRIu64,
                       numbers[i].name, numbers[i].was, numbers[i].is);
        return true;
    }
    if (view->reads_digest != outcome->digest)
        (void)snprintf(out, 400,
                       "other values were read: the digest was %016" PRIx64
                       " and is %016" PRIx64,
                       view->reads_digest, outcome->digest);
    else if (view->truncated != outcome->truncated)
        (void)snprintf(out, 400, "whether a traversal was cut differs");
    else
        return false;
    return true;
}

static void compare(struct cdn_replay_result *out, const struct cdn_replay *replay,
                    const struct cdn_audit_view *view)
{
    const cordon_outcome *outcome = replay->outcome;
    const char *missed = cdn_replay_host_missed(&replay->host);
    const char *why = unlike(replay, view, outcome);
    bool differs;

    out->outcome = outcome;
    out->decision_changed = !same_decision(view, outcome);
    if (replay->candidate.engine) {
        differs = out->decision_changed;
        (void)differ(out->why, view, outcome);
    } else if (missed) {
        differs = true;
        (void)snprintf(out->why, sizeof out->why, "%s", missed);
    } else {
        differs = differ(out->why, view, outcome);
        /* near its cap memory is a matter of what was rounded up */
        if (differs && !why &&
            (memory_limited(view->outcome, view->limit) ||
             memory_limited(outcome->kind, outcome->limit)))
            why = "the memory limit ended it";
    }
    out->verdict = why       ? CDN_REPLAY_NOT_REPRODUCIBLE
                   : differs ? CDN_REPLAY_CHANGED
                             : CDN_REPLAY_IDENTICAL;
    if (why)
        (void)snprintf(out->why, sizeof out->why, "%s", why);
}

/* ---- one record ---- */

static void fill_limits(cordon_limits *out, const struct cdn_replay *replay,
                        const struct cdn_audit_view *view)
{
    const cordon_usage *usage = &view->usage;

    *out = (cordon_limits)CORDON_LIMITS_INIT;
    out->wall_ns = PATIENCE_NS;
    if (replay->candidate.engine && replay->options.own_limits)
        return;
    out->instructions = usage->instructions_limit;
    out->edges = usage->edges_limit;
    out->nodes = usage->nodes_limit;
    out->hops = usage->hops_limit;
    out->memory_bytes = usage->memory_limit_bytes;
    out->output_bytes = usage->output_limit_bytes;
}

static cordon_status evaluate(struct cdn_replay *replay, const struct seat *seat,
                              const struct cdn_audit_view *view, cordon_error *err)
{
    cordon_request request = CORDON_REQUEST_INIT;
    cordon_limits limits;
    char label[65], principal[CDN_POLICY_MAX_WORD + 1];

    fill_limits(&limits, replay, view);
    if (view->requested_by.at) {
        (void)snprintf(principal, sizeof principal, "%.*s",
                       (int)(view->requested_by.bytes < sizeof principal
                                 ? view->requested_by.bytes
                                 : sizeof principal - 1),
                       view->requested_by.at);
        request.principal = principal;
    }
    if (view->label.at) {
        if (view->label.bytes >= sizeof label)
            return cdn_error_set(err, CORDON_E_DATA, "the record's label is too long");
        memcpy(label, view->label.at, view->label.bytes);
        label[view->label.bytes] = '\0';
        request.label = label;
        request.key = view->key.at ? view->key.at : "";
        request.key_bytes = view->key.bytes;
    }
    request.params = view->params.at;
    request.params_bytes = view->params.bytes;
    request.now_ms = view->now_ms;
    request.as_of_ms = view->as_of_ms;
    request.seed = view->seed;
    request.limits = &limits;
    request.cancel = replay->options.cancel;
    seat->engine->shared_params = view->set.at != NULL; /* they were the whole set's */
    cdn_replay_host_begin(&replay->host, seat->engine);
    return cordon_evaluate(replay->outcome, seat->engine, seat->rule, &request, err);
}

static cordon_status tell(struct cdn_replay_result *out,
                          enum cdn_replay_verdict verdict, cordon_status status,
                          const cordon_error *err)
{
    if (status == CORDON_E_NOMEM || status == CORDON_E_INTERRUPTED)
        return status;
    out->verdict = verdict;
    (void)snprintf(out->why, sizeof out->why, "%.390s", err->message);
    return CORDON_OK;
}

cordon_status cdn_replay_run(struct cdn_replay_result *out, struct cdn_replay *replay,
                             const struct cdn_audit_view *view, cordon_error *err)
{
    struct seat *seat = &replay->candidate;
    char digest[2 * CDN_CONTENT_HASH_BYTES + 1] = "";
    cordon_error own;
    cordon_status status = CORDON_OK;

    if (!err)
        err = &own;
    cdn_error_clear(err);
    *out = (struct cdn_replay_result){0};
    if (view->input_masked) {
        out->verdict = CDN_REPLAY_MASKED;
        (void)snprintf(out->why, sizeof out->why, "its input was masked or erased");
        return CORDON_OK;
    }
    if (view->calls_masked) {
        out->verdict = CDN_REPLAY_MASKED;
        (void)snprintf(out->why, sizeof out->why,
                       "what functions of the host's answered was masked or erased");
        return CORDON_OK;
    }
    if (view->graph.at) {
        out->verdict = CDN_REPLAY_NOT_REPRODUCIBLE;
        (void)snprintf(
            out->why, sizeof out->why,
            "it was decided on a graph that came with the request, of identity "
            "%016" PRIx64 ", which the log does not keep",
            view->snapshot_id);
        return CORDON_OK;
    }
    if (view->requested_by.at && !replay->options.policy) {
        out->verdict = CDN_REPLAY_NOT_REPRODUCIBLE;
        (void)snprintf(out->why, sizeof out->why,
                       "it was decided for a principal; give the policy");
        return CORDON_OK;
    }
    if (view->snapshot_id)
        status = open_generation(replay, view->generation, view->snapshot_id, err);
    if (status)
        return tell(out, CDN_REPLAY_GENERATION_GONE, status, err);
    if (!seat->engine) {
        if (view->digest.bytes < sizeof digest && view->digest.at)
            memcpy(digest, view->digest.at, view->digest.bytes);
        status = take_seat(&seat, replay, digest, err);
        if (status)
            return tell(out, CDN_REPLAY_TEXT_MISSING, status, err);
    }
    status = give_snapshot(seat, replay, view, err);
    if (!status)
        status = cdn_replay_host_take(&replay->host, view, err);
    /* A rule's own time limit holds here too, on a machine that may be busier. */
    for (int attempt = 0; attempt < ATTEMPTS && !status; attempt++) {
        status = evaluate(replay, seat, view, err);
        if (status || replay->outcome->limit != CORDON_BUDGET_TIME ||
            view->limit == CORDON_BUDGET_TIME)
            break;
    }
    if (status)
        return tell(out, CDN_REPLAY_REFUSED, status, err);
    if (replay->outcome->kind == CORDON_OUTCOME_CANCELLED &&
        view->outcome != CORDON_OUTCOME_CANCELLED)
        return cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
    compare(out, replay, view);
    return CORDON_OK;
}

/* ---- life ---- */

cordon_status cdn_replay_new(struct cdn_replay **out,
                             const struct cdn_replay_options *options,
                             cordon_error *err)
{
    struct cdn_replay *replay = cdn_calloc(1, sizeof *replay);
    cordon_status status;

    *out = NULL;
    if (!replay)
        return cdn_error_nomem(err);
    replay->options = *options;
    replay->host.candidate = options->candidate != NULL;
    status = cordon_outcome_new(&replay->outcome, err);
    if (!status && options->candidate)
        status = fill_seat(&replay->candidate, replay, options->candidate,
                           options->candidate_bytes, options->candidate_file, err);
    if (status) {
        cdn_replay_free(replay);
        return status;
    }
    *out = replay;
    return CORDON_OK;
}

void cdn_replay_free(struct cdn_replay *replay)
{
    if (!replay)
        return;
    for (int i = 0; i < ENGINES; i++)
        clear_seat(&replay->seats[i]);
    clear_seat(&replay->candidate);
    cordon_snapshot_release(replay->snapshot);
    cordon_outcome_free(replay->outcome);
    cdn_replay_host_deinit(&replay->host);
    cdn_free(replay);
}

const char *cdn_replay_candidate(const struct cdn_replay *replay)
{
    return replay->candidate.engine ? replay->candidate.rule : NULL;
}
