/* Reading the graph without a rule: the public calls (cordon/graph.h).
 *
 * A read is a job like an evaluation: it takes its turn in a lane, which pins the state, and so
 * snapshot, policy and grants, until it ends; it is held to its principal's quota and
 * ceilings.  The work is graph/read.h's, which knows neither engine nor policy. */
#include <cordon/graph.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/granted.h"
#include "graph/read.h"

typedef cordon_status (*read_function)(struct cdn_reader *reader);

struct reading {
    struct cdn_job job; /* first */
    cordon_builder *out;
    const cordon_read *read;
    const cordon_query *query; /* NULL: of the schema */
    read_function function;
    bool whole; /* it is written whole or not at all */
    uint64_t entered_ns;
    struct cdn_reader *reader;
    size_t written; /* into the builder */
    cordon_error *err;
    cordon_error own; /* for callers who want none */
    cordon_status status;
};

/* ---- arguments ---- */

static cordon_status bad_size(const char *what, size_t given, size_t known,
                              const char *init, cordon_error *err)
{
    return cdn_error_set(err, CORDON_E_INVALID,
                         "%s: struct_size is %zu where %zu is known; begin with %s",
                         what, given, known, init);
}

static cordon_status check(const struct reading *reading, const cordon_engine *engine,
                           bool of_schema)
{
    const cordon_read *read = reading->read;
    const cordon_query *query = reading->query;
    cordon_error *err = reading->err;

    if (!reading->out || !engine || !read || (!of_schema && !query))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_graph: no %s; it must not be NULL",
                             !reading->out ? "builder"
                             : !engine     ? "engine"
                             : !read       ? "read"
                                           : "query");
    if (read->struct_size != sizeof *read)
        return bad_size("cordon_read", read->struct_size, sizeof *read,
                        "CORDON_READ_INIT", err);
    if (read->limits && read->limits->struct_size != sizeof *read->limits)
        return bad_size("cordon_limits", read->limits->struct_size,
                        sizeof *read->limits, "CORDON_LIMITS_INIT", err);
    if (query && query->struct_size != sizeof *query)
        return bad_size("cordon_query", query->struct_size, sizeof *query,
                        "CORDON_QUERY_INIT", err);
    if (read->priority > CORDON_MAX_PRIORITY)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_read: priority %u; 0 to %d are possible",
                             read->priority, CORDON_MAX_PRIORITY);
    if (query && query->type_count && !query->types)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_query: type_count without types");
    if (query && query->where_count && !query->where)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_query: where_count without where");
    if (query && ((unsigned)query->direction > CORDON_DIRECTION_INCOMING ||
                  (unsigned)query->order > CORDON_ORDER_OLDEST))
        return cdn_error_set(err, CORDON_E_INVALID,
                             "cordon_query: direction %d and order %d; they are "
                             "CORDON_DIRECTION_... and CORDON_ORDER_...",
                             (int)query->direction, (int)query->order);
    return CORDON_OK;
}

/* ---- in a lane ---- */

/* Whose grant it is.  Errors: CORDON_E_DENIED. */
static cordon_status admit(const struct reading *reading, const struct cdn_state *state,
                           const struct cdn_role **role)
{
    cordon_request asks = CORDON_REQUEST_INIT;
    char why[CORDON_ERROR_MESSAGE_BYTES];
    struct cdn_asking asking;

    asks.principal = reading->read->principal;
    asks.priority = reading->read->priority;
    if (!cdn_asking_find(&asking, why, sizeof why, state, &asks))
        return cdn_error_set(reading->err, CORDON_E_DENIED, "%s", why);
    *role = asking.role;
    reading->reader->grant = asking.role ? state->granted->grants[asking.role->number]
                                         : &cdn_grant_everything;
    return CORDON_OK;
}

static cordon_status resolve(const struct reading *reading, const cordon_engine *engine,
                             const struct cdn_role *role)
{
    /* pages and views may be as large as an outcome, not as a rule's default of it */
    const struct cdn_budget declared = {.output_bytes =
                                            engine->options.max_output_bytes};
    struct cdn_reader *reader = reading->reader;
    const cordon_limits *limits = reading->read->limits;
    cordon_status status = cdn_budget_resolve(&reader->limit, &engine->options,
                                              &declared, limits, reading->err);

    if (!status && role)
        status = cdn_budget_role(&reader->limit, role, limits, reading->err);
    reader->deadline_ns = cdn_add_sat(reading->entered_ns, reader->limit.wall_ns);
    return status;
}

/* Have it read into what is left of the builder. */
static cordon_status run(struct reading *reading)
{
    struct cdn_reader *reader = reading->reader;
    cordon_builder *builder = reading->out;
    size_t left = builder->size > builder->length ? builder->size - builder->length : 0;
    struct cdn_packer out;
    cordon_status status;

    if (reader->limit.output_bytes < left)
        left = (size_t)reader->limit.output_bytes;
    cdn_pack_init(&out, left ? builder->data + builder->length : NULL, left);
    reader->out = &out;
    status = reading->function(reader);
    reader->out = NULL;
    if (!status && reader->stop == CDN_STOP_CANCELLED)
        return cdn_error_set(reading->err, CORDON_E_INTERRUPTED,
                             "the read was cancelled");
    if (!status && reading->whole && out.length > reader->limit.output_bytes)
        return cdn_error_set(reading->err, CORDON_E_INVALID,
                             "output: it needs %zu bytes and the limit is %zu; raise "
                             "limits.output_bytes, or ask for fewer properties",
                             out.length, (size_t)reader->limit.output_bytes);
    if (!status) {
        builder->length += out.length;
        reading->written = out.length;
    }
    return status;
}

static void tell_usage(const struct reading *reading)
{
    const struct cdn_reader *reader = reading->reader;
    cordon_usage *usage = reading->read->usage;

    if (!usage)
        return;
    *usage = (cordon_usage){
        .instructions = cdn_reader_instructions(reader),
        .instructions_limit = reader->limit.instructions,
        .memory_limit_bytes = reader->limit.memory_bytes,
        .edges = reader->edges,
        .edges_limit = reader->limit.edges,
        .nodes = reader->nodes,
        .nodes_limit = reader->limit.nodes,
        .hops = reader->hops,
        .hops_limit = reader->limit.hops,
        .output_bytes = reading->written,
        .output_limit_bytes = reader->limit.output_bytes,
        .wall_ns = cdn_clock_ns() - reading->entered_ns,
        .wall_limit_ns = reader->limit.wall_ns,
    };
    usage->native_ns = usage->wall_ns;
}

static cordon_status read_state(struct reading *reading, const cordon_engine *engine,
                                const struct cdn_state *state)
{
    struct cdn_reader *reader = reading->reader;
    const struct cdn_role *role = NULL;
    cordon_status status = admit(reading, state, &role);

    if (!status)
        status = resolve(reading, engine, role);
    if (!status && !state->snapshot)
        return cdn_error_set(reading->err, CORDON_E_NOTFOUND,
                             "there is no graph: the engine has no snapshot");
    if (status)
        return status;
    reader->snapshot = state->snapshot;
    return run(reading);
}

static void read_in(struct cdn_job *job, cordon_engine *engine, struct cdn_lane *lane)
{
    struct reading *reading = (struct reading *)(void *)job;
    const struct cdn_state *state = cdn_state_enter(engine, lane);
    const char *principal = reading->read->principal;
    struct cdn_quota_pass pass;
    bool limited = cdn_quota_find(&pass, engine, state, principal);

    reading->status = CORDON_OK;
    if (limited)
        reading->status = cdn_quota_enter(pass.state, pass.quota, reading->entered_ns,
                                          "principal", principal, reading->err);
    if (reading->status) {
        atomic_fetch_add(&engine->over_quota, 1);
    } else {
        reading->status = read_state(reading, engine, state);
        tell_usage(reading);
        if (limited)
            cdn_quota_leave(pass.state, pass.quota, reading->entered_ns,
                            cdn_reader_instructions(reading->reader));
    }
    cdn_state_leave(engine, lane);
}

static cordon_status perform(struct reading *reading, cordon_engine *engine,
                             cordon_error *err)
{
    bool of_schema = reading->function == cdn_read_schema;
    cordon_status status;

    reading->err = err ? err : &reading->own;
    reading->entered_ns = cdn_clock_ns();
    status = check(reading, engine, of_schema);
    if (status)
        return status;
    reading->reader = cdn_calloc(1, sizeof *reading->reader);
    if (!reading->reader)
        return cdn_error_nomem(reading->err);
    reading->reader->query = reading->query;
    reading->reader->err = reading->err;
    reading->reader->as_of_ms =
        reading->read->as_of_ms == CORDON_NO_TIME ? INT64_MAX : reading->read->as_of_ms;
    reading->reader->cancel =
        reading->read->cancel ? &reading->read->cancel->requested : NULL;
    reading->job.run = read_in;
    reading->job.priority = reading->read->priority;
    reading->job.until_ns = UINT64_MAX;
    if (reading->read->limits && reading->read->limits->wall_ns)
        reading->job.until_ns =
            cdn_add_sat(reading->entered_ns, reading->read->limits->wall_ns);
    status = cdn_schedule(engine, &reading->job, reading->err);
    if (!status)
        status = reading->status;
    cdn_reader_deinit(reading->reader);
    cdn_free(reading->reader);
    return status;
}

/* ---- the public calls ---- */

cordon_status cordon_graph_schema(cordon_builder *out, cordon_engine *engine,
                                  const cordon_read *read, cordon_error *err)
{
    struct reading reading = {
        .out = out, .read = read, .function = cdn_read_schema, .whole = true};

    return perform(&reading, engine, err);
}

cordon_status cordon_graph_node(cordon_builder *out, cordon_engine *engine,
                                const cordon_read *read, const cordon_query *query,
                                cordon_error *err)
{
    struct reading reading = {.out = out,
                              .read = read,
                              .query = query,
                              .function = cdn_read_node,
                              .whole = true};

    return perform(&reading, engine, err);
}

cordon_status cordon_graph_neighbourhood(cordon_builder *out, cordon_engine *engine,
                                         const cordon_read *read,
                                         const cordon_query *query, cordon_error *err)
{
    struct reading reading = {
        .out = out, .read = read, .query = query, .function = cdn_read_page};

    return perform(&reading, engine, err);
}

cordon_status cordon_graph_ego(cordon_builder *out, cordon_engine *engine,
                               const cordon_read *read, const cordon_query *query,
                               cordon_error *err)
{
    struct reading reading = {
        .out = out, .read = read, .query = query, .function = cdn_read_ego};

    return perform(&reading, engine, err);
}
