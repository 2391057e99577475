/* What a worker sees: choosing, cutting, keeping (view.h).
 *
 * The narrower of what the engine's options and the role say is what counts.  Where a request's
 * node cannot be in the slice, or its keys are masked there, that is found out here, where all of
 * the snapshot is: the worker is told the node by the key that it has in the slice.
 *
 * A graph that comes with the request is sent whole or, to a role that sees slices, as a slice of
 * all that is granted of it: whoever sent it has seen it, but the rule must not.  One too large to
 * be sent is what a worker is started on. */
#include "engine/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "engine/granted.h"
#include "graph/veil.h"
#include "rule/outcome.h"

/* A graph of a request beyond that is not sent with each one. */
#define SENT_BYTES ((size_t)1 << 20)

struct cdn_view {
    struct cdn_view *next;
    uint64_t references; /* the list's and those of evaluations; under `viewing` */
    cordon_snapshot *snapshot; /* one of its own */
    uint64_t grant;            /* its id */
    struct cdn_veil *veil;
    pthread_mutex_t cutting;
    cordon_snapshot
        *slice;     /* under `cutting`: all that is granted; NULL: not cut yet */
    bool too_large; /* the same: it was tried, and `why` it is not to be had */
    cordon_error why;
};

/* ---- views ---- */

static void view_free(struct cdn_view *view)
{
    cordon_snapshot_release(view->slice);
    cdn_veil_free(view->veil);
    cordon_snapshot_release(view->snapshot);
    pthread_mutex_destroy(&view->cutting);
    cdn_free(view);
}

/* Under `viewing`. */
static void drop(struct cdn_view *view)
{
    if (--view->references == 0)
        view_free(view);
}

void cdn_views_free(struct cdn_view *views)
{
    while (views) {
        struct cdn_view *next = views->next;

        drop(views);
        views = next;
    }
}

static bool in_force(const struct cdn_state *state, const struct cdn_view *view)
{
    const struct cdn_granted *granted = state->granted;

    if (view->snapshot->identity != (state->snapshot ? state->snapshot->identity : 0))
        return false;
    if (!view->grant)
        return true;
    for (uint32_t i = 0; granted && i < granted->policy->role_count; i++)
        if (granted->grants[i]->id == view->grant)
            return true;
    return false;
}

/* Under `viewing`: drop what is not in force for `state`.  Those of states that others are
 * still on are made again, if they are needed. */
static void sweep(cordon_engine *engine, const struct cdn_state *state)
{
    struct cdn_view **at = &engine->views;

    while (*at) {
        struct cdn_view *view = *at;

        if (in_force(state, view)) {
            at = &view->next;
            continue;
        }
        *at = view->next;
        drop(view);
    }
}

static cordon_status view_new(struct cdn_view **out, cordon_snapshot *snapshot,
                              const struct cdn_grant *grant, cordon_error *err)
{
    struct cdn_view *view = cdn_calloc(1, sizeof *view);
    cordon_status status;

    *out = NULL;
    if (!view || pthread_mutex_init(&view->cutting, NULL)) {
        cdn_free(view);
        return cdn_error_nomem(err);
    }
    view->references = 1;
    view->snapshot = cordon_snapshot_retain(snapshot);
    view->grant = grant->id;
    status = cdn_veil_new(&view->veil, snapshot, grant, err);
    if (status) {
        view_free(view);
        return status;
    }
    *out = view;
    return CORDON_OK;
}

static cordon_status find_view(struct cdn_view **out, cordon_engine *engine,
                               const struct cdn_state *state,
                               const struct cdn_grant *grant, cordon_error *err)
{
    struct cdn_view *view;
    cordon_status status = CORDON_OK;

    pthread_mutex_lock(&engine->viewing);
    for (view = engine->views; view; view = view->next)
        if (view->grant == grant->id &&
            view->snapshot->identity == state->snapshot->identity)
            break;
    if (!view) {
        sweep(engine, state);
        status = view_new(&view, state->snapshot, grant, err);
        if (!status) {
            view->next = engine->views;
            engine->views = view;
        }
    }
    if (!status)
        view->references++;
    pthread_mutex_unlock(&engine->viewing);
    *out = view;
    return status;
}

/* ---- slices ---- */

static cordon_status cut_all(struct cdn_buf *out, const cordon_engine_options *options,
                             const struct cdn_veil *veil,
                             const cordon_snapshot *snapshot,
                             const struct cdn_grant *grant, cordon_error *err)
{
    const struct cdn_slice_how how = {.all = true,
                                      .as_of_ms = INT64_MAX,
                                      .max_nodes = options->slice_max_nodes,
                                      .max_edges = options->slice_max_edges};
    cordon_status status = cdn_veil_cut(out, veil, snapshot, grant, how, err);

    if (status)
        cdn_error_prefix(err, "a slice of all that %s%s%s is granted",
                         grant->principal ? "principal '" : "the host",
                         grant->principal ? grant->principal : "",
                         grant->principal ? "'" : "");
    return status;
}

/* The bytes into sealed memory, and that opened. */
static cordon_status seal(cordon_snapshot **out, const struct cdn_buf *bytes,
                          cordon_error *err)
{
    int fd;
    cordon_status status = cdn_slice_seal(&fd, bytes->data, bytes->length, err);

    return status ? status : cdn_slice_map(out, fd, true, err);
}

/* All that is granted, cut by whoever needs it first. */
static cordon_status granted_slice(cordon_snapshot **out, struct cdn_view *view,
                                   const cordon_engine_options *options,
                                   const struct cdn_grant *grant, cordon_error *err)
{
    struct cdn_buf bytes = {0};
    cordon_status status = CORDON_OK;

    pthread_mutex_lock(&view->cutting);
    if (view->too_large) {
        status = view->why.status;
        if (err)
            *err = view->why;
    } else if (!view->slice) {
        status =
            cut_all(&bytes, options, view->veil, view->snapshot, grant, &view->why);
        if (!status)
            status = seal(&view->slice, &bytes, &view->why);
        view->too_large = status == CORDON_E_INVALID;
        if (status && err)
            *err = view->why;
    }
    *out = view->slice;
    pthread_mutex_unlock(&view->cutting);
    cdn_buf_deinit(&bytes);
    return status;
}

/* ---- the request's node ---- */

static void refuse(struct cdn_seen *seen, cordon_outcome *outcome,
                   const struct cdn_rule_call *call, cordon_outcome_kind kind,
                   cordon_budget limit, const char *message)
{
    seen->refused = true;
    if (!outcome)
        return; /* nobody asks */
    cdn_rule_refuse(outcome, call->rule, kind, limit, "%s", message);
    outcome->usage.wall_ns = cdn_clock_ns() - call->entered_ns;
    outcome->usage.wall_limit_ns = call->budget.wall_ns;
    if (call->snapshot)
        outcome->generation = cordon_snapshot_generation(call->snapshot);
}

/* The request's node in the snapshot that is cut; CDN_NO_NODE: it has none, or the worker will
 * see as well as the host that there is none. */
static cordon_status find_subject(uint32_t *node, struct cdn_seen *seen,
                                  const struct cdn_veil *veil,
                                  const struct cdn_rule_call *call,
                                  cordon_outcome *outcome, cordon_error *err)
{
    const cordon_request *request = call->request;
    const cordon_snapshot *snapshot = call->snapshot;
    char message[CORDON_ERROR_MESSAGE_BYTES];
    int32_t label;
    size_t bytes;

    *node = CDN_NO_NODE;
    if (!request->label || !request->key)
        return CORDON_OK;
    label = cdn_schema_label(&snapshot->schema, request->label);
    if (label < 0)
        return CORDON_OK;
    if (!cdn_slice_plan_holds(veil->plan, (uint32_t)label)) {
        snprintf(
            message, sizeof message,
            "the request is about a node of %.64s, of which the slice behind the "
            "wall holds none: nothing the principal is granted has to do with them",
            request->label);
        refuse(seen, outcome, call, CORDON_OUTCOME_DENIED, CORDON_BUDGET_NONE, message);
        return CORDON_OK;
    }
    bytes = request->key_bytes ? request->key_bytes : strlen(request->key);
    *node = cdn_snapshot_find(snapshot, (uint32_t)label, request->key, bytes);
    if (*node == CDN_DAMAGED_NODE) {
        if (!cdn_snapshot_damage(snapshot, message, sizeof message))
            snprintf(message, sizeof message, "the keys of label %.64s",
                     request->label);
        return cdn_error_set(err, CORDON_E_CORRUPT, "the snapshot is damaged: %s",
                             message);
    }
    /* among keys that are places its own might be found to be another's */
    if (*node == CDN_NO_NODE && !cdn_slice_plan_keeps_keys(veil->plan, (uint32_t)label))
        return cdn_error_set(err, CORDON_E_NOTFOUND, "no node %.64s:%.*s",
                             request->label, bytes > 80 ? 80 : (int)bytes,
                             request->key);
    return CORDON_OK;
}

/* The key that the node at a place among its label's has in the slice, if not its own. */
static void name_subject(struct cdn_seen *seen, const struct cdn_veil *veil,
                         const cordon_snapshot *snapshot, uint32_t node, uint32_t place)
{
    if (node == CDN_NO_NODE ||
        cdn_slice_plan_keeps_keys(veil->plan, cdn_snapshot_label_of(snapshot, node)))
        return;
    seen->local.key_bytes =
        (size_t)snprintf(seen->key, sizeof seen->key, "%" PRIu32, place);
    seen->local.key = seen->key;
}

static uint32_t place_of(const cordon_snapshot *snapshot, uint32_t node)
{
    if (node == CDN_NO_NODE)
        return 0;
    return node - snapshot->labels[cdn_snapshot_label_of(snapshot, node)].base;
}

/* ---- the forms ---- */

static void give_local(struct cdn_seen *seen, struct cdn_rule_call *call,
                       const struct cdn_veil *veil)
{
    seen->local.grant = veil->grant;
    seen->local.schema = cdn_slice_plan_schema(veil->plan);
    call->local = &seen->local;
}

static cordon_status see_granted(struct cdn_seen *seen, struct cdn_lane *lane,
                                 struct cdn_rule_call *call, cordon_outcome *outcome,
                                 cordon_error *err)
{
    const struct cdn_veil *veil = seen->view->veil;
    uint32_t node;
    cordon_status status = find_subject(&node, seen, veil, call, outcome, err);

    if (status || seen->refused)
        return status;
    status = granted_slice(&seen->sight.seen, seen->view, &lane->engine->options,
                           call->grant, err);
    if (status)
        return status;
    name_subject(seen, veil, call->snapshot, node, place_of(call->snapshot, node));
    give_local(seen, call, veil);
    return CORDON_OK;
}

/* What came of cutting a neighbourhood: a limit, or damage, that the run met before it began. */
static cordon_status not_cut(struct cdn_seen *seen, const struct cdn_rule_call *call,
                             cordon_outcome *outcome, enum cdn_slice_excess excess,
                             cordon_status status, cordon_error *why, cordon_error *err)
{
    if (status == CORDON_E_INTERRUPTED)
        cdn_error_prefix(why, "time: more than %.15g ms passed",
                         (double)call->budget.wall_ns / 1e6);
    else if (excess)
        cdn_error_prefix(why, "%s",
                         excess == CDN_SLICE_NODES ? "nodes: slice_max_nodes"
                                                   : "edges: slice_max_edges");
    else if (status != CORDON_E_CORRUPT) {
        if (err)
            *err = *why;
        return status;
    }
    refuse(seen, outcome, call,
           status == CORDON_E_CORRUPT ? CORDON_OUTCOME_ERROR : CORDON_OUTCOME_LIMIT,
           status == CORDON_E_CORRUPT       ? CORDON_BUDGET_NONE
           : status == CORDON_E_INTERRUPTED ? CORDON_BUDGET_TIME
           : excess == CDN_SLICE_NODES      ? CORDON_BUDGET_NODES
                                            : CORDON_BUDGET_EDGES,
           why->message);
    return CORDON_OK;
}

static cordon_status see_hops(struct cdn_seen *seen, struct cdn_lane *lane,
                              uint32_t hops, struct cdn_rule_call *call,
                              cordon_outcome *outcome, cordon_error *err)
{
    const cordon_engine_options *options = &lane->engine->options;
    const struct cdn_veil *veil = seen->view->veil;
    enum cdn_slice_excess excess = CDN_SLICE_FITS;
    int64_t as_of_ms = call->request->as_of_ms;
    uint32_t node, place = 0;
    cordon_error why;
    cordon_status status = find_subject(&node, seen, veil, call, outcome, err);
    const struct cdn_slice_how how = {
        .nodes = &node,
        .node_count = node != CDN_NO_NODE,
        .hops = hops,
        .as_of_ms = as_of_ms == CORDON_NO_TIME ? INT64_MAX : as_of_ms,
        .max_nodes = options->slice_max_nodes,
        .max_edges = options->slice_max_edges,
        .until_ns = cdn_add_sat(call->entered_ns, call->budget.wall_ns),
        .border = &lane->border,
        .excess = &excess,
        .place = &place};

    if (status || seen->refused)
        return status;
    cdn_buf_clear(&lane->slice);
    cdn_buf_clear(&lane->border);
    status = cdn_veil_cut(&lane->slice, veil, call->snapshot, call->grant, how, &why);
    if (!status && lane->slice.length > CDN_WIRE_SLICE_BYTES) {
        excess = CDN_SLICE_EDGES;
        status =
            cdn_error_set(&why, CORDON_E_INVALID,
                          "the slice has %zu bytes; %zu can be sent: ask for fewer "
                          "hops",
                          lane->slice.length, CDN_WIRE_SLICE_BYTES);
    }
    if (status)
        return not_cut(seen, call, outcome, excess, status, &why, err);
    name_subject(seen, veil, call->snapshot, node, place);
    give_local(seen, call, veil);
    seen->local.slice = lane->slice.data;
    seen->local.slice_bytes = lane->slice.length;
    seen->local.border = (const uint64_t *)(const void *)lane->border.data;
    seen->local.border_words = lane->border.length / sizeof(uint64_t);
    seen->local.hops = hops;
    return CORDON_OK;
}

/* A graph that came with the request, as it is. */
static void see_graph(struct cdn_seen *seen, struct cdn_rule_call *call)
{
    const void *bytes;
    size_t size;

    if (!cdn_snapshot_bytes(call->snapshot, &bytes, &size) || size > SENT_BYTES) {
        seen->sight.seen = (cordon_snapshot *)(uintptr_t)call->snapshot;
        seen->sight.viewer = 0;
        return;
    }
    seen->local = (struct cdn_local_view){.grant = call->grant,
                                          .schema = &call->snapshot->schema,
                                          .slice = bytes,
                                          .slice_bytes = size};
    call->local = &seen->local;
}

/* What is granted of it. */
static cordon_status see_part(struct cdn_seen *seen, struct cdn_lane *lane,
                              struct cdn_rule_call *call, cordon_outcome *outcome,
                              cordon_error *err)
{
    uint32_t node;
    cordon_status status = cdn_veil_new(&seen->veil, call->snapshot, call->grant, err);

    if (!status)
        status = find_subject(&node, seen, seen->veil, call, outcome, err);
    if (status || seen->refused)
        return status;
    cdn_buf_clear(&lane->slice);
    status = cut_all(&lane->slice, &lane->engine->options, seen->veil, call->snapshot,
                     call->grant, err);
    if (!status && lane->slice.length > CDN_WIRE_SLICE_BYTES)
        status = cdn_error_set(err, CORDON_E_INVALID,
                               "the request's graph has %zu bytes as a slice; %zu can "
                               "be sent",
                               lane->slice.length, CDN_WIRE_SLICE_BYTES);
    if (status)
        return status;
    name_subject(seen, seen->veil, call->snapshot, node,
                 place_of(call->snapshot, node));
    give_local(seen, call, seen->veil);
    seen->local.slice = lane->slice.data;
    seen->local.slice_bytes = lane->slice.length;
    return CORDON_OK;
}

/* ---- which ---- */

static cordon_slice form_of(uint32_t *hops, const cordon_engine_options *options,
                            const struct cdn_role *role, cordon_wall wall)
{
    cordon_slice form = options->slice;

    *hops = options->slice_hops;
    if (role && role->slice > form)
        form = role->slice;
    if (role && role->slice_hops && (!*hops || role->slice_hops < *hops))
        *hops = role->slice_hops;
    /* a machine of its own has no file of ours */
    if (form == CORDON_SLICE_WHOLE && wall == CORDON_WALL_MICROVM)
        form = CORDON_SLICE_GRANTED;
    return form;
}

cordon_status cdn_see(struct cdn_seen *out, struct cdn_lane *lane,
                      const struct cdn_state *state, const struct cdn_role *role,
                      cordon_wall wall, struct cdn_rule_call *call,
                      cordon_outcome *outcome, cordon_error *err)
{
    uint32_t hops;
    cordon_slice form = form_of(&hops, &lane->engine->options, role, wall);
    cordon_status status = CORDON_OK;

    *out = (struct cdn_seen){0};
    call->grant = role ? state->granted->grants[role->number] : &cdn_grant_everything;
    out->sight.of = state->snapshot;
    if (form == CORDON_SLICE_HOPS || call->request->graph)
        out->sight.viewer = call->grant->id + 1; /* not 0, which is nobody */
    if (call->request->graph) {
        if (role)
            status = cdn_grant_compile_part(&out->grant, role, call->snapshot, err);
        if (status)
            return status;
        call->grant = role ? out->grant : &cdn_grant_everything;
        if (form != CORDON_SLICE_WHOLE)
            return see_part(out, lane, call, outcome, err);
        see_graph(out, call);
        return CORDON_OK;
    }
    if (form == CORDON_SLICE_WHOLE || !call->snapshot) {
        out->sight.seen = state->snapshot;
        out->sight.viewer = 0;
        return CORDON_OK;
    }
    status = find_view(&out->view, lane->engine, state, call->grant, err);
    if (status)
        return status;
    if (form == CORDON_SLICE_GRANTED)
        return see_granted(out, lane, call, outcome, err);
    if (!call->grant->everything && call->grant->max_hops &&
        call->grant->max_hops < hops)
        hops = call->grant->max_hops;
    return see_hops(out, lane, hops, call, outcome, err);
}

cordon_status cdn_see_ahead(struct cdn_seen *out, struct cdn_lane *lane,
                            const struct cdn_state *state, struct cdn_rule_call *call,
                            cordon_error *err)
{
    static const cordon_request nobody = CORDON_REQUEST_INIT;

    call->request = &nobody;
    call->snapshot = state->snapshot;
    call->budget = cdn_budget_load(&lane->engine->options);
    call->entered_ns = cdn_clock_ns();
    return cdn_see(out, lane, state, NULL, lane->engine->options.wall, call, NULL, err);
}

void cdn_seen_release(struct cdn_seen *seen, cordon_engine *engine)
{
    cdn_veil_free(seen->veil);
    cdn_grant_free(seen->grant);
    if (!seen->view)
        return;
    pthread_mutex_lock(&engine->viewing);
    drop(seen->view);
    pthread_mutex_unlock(&engine->viewing);
}
