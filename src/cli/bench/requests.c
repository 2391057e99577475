/* The requests of a bench, all of them before the first is evaluated: see requests.h. */
#include "cli/bench/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define MAX_REQUESTS UINT64_C(1000000)

struct making {
    struct cdn_bench_requests *out;
    struct cdn_session *session;
    const struct cdn_sample_reads *reads;
    const char *label; /* NULL: not given */
    uint64_t per_class;
    struct cdn_bench_identity *identity;
};

/* ---- nodes drawn ---- */

static cordon_status add_request(struct making *making, struct cdn_bench_run **run,
                                 cordon_error *err)
{
    if (making->out->count == making->out->room) {
        size_t room = making->out->room ? making->out->room * 2 : 256;
        struct cdn_request *requests =
            cdn_realloc_array(making->out->requests, room, sizeof(*requests));
        struct cdn_bench_run *runs;

        if (!requests)
            return cdn_error_nomem(err);
        making->out->requests = requests;
        runs = cdn_realloc_array(making->out->runs, room, sizeof(*runs));
        if (!runs)
            return cdn_error_nomem(err);
        making->out->runs = runs;
        making->out->room = room;
    }
    making->out->requests[making->out->count] = (struct cdn_request){0};
    *run = &making->out->runs[making->out->count];
    **run = (struct cdn_bench_run){.number = CDN_SAMPLE_NO_SUBJECT, .weight = 1};
    making->out->count++;
    return CORDON_OK;
}

/* The label to draw nodes from; an exit code. */
static int choose_label(struct making *making, uint32_t *label)
{
    const cordon_snapshot *snapshot = making->session->snapshot;
    const struct cdn_sample_reads *reads = making->reads;
    struct cdn_buf names = {0};
    int32_t found;

    if (making->label) {
        found = cdn_schema_label(&snapshot->schema, making->label);
        if (found < 0)
            return cdn_cli_usage(making->session->cli,
                                 "the snapshot has no label '%s'; see cordon snapshot "
                                 "info %s",
                                 making->label, making->session->data);
        *label = (uint32_t)found;
        return CDN_EXIT_OK;
    }
    *label = reads->labels[0];
    if (reads->label_count == 1)
        return CDN_EXIT_OK;
    for (uint32_t i = 0; i < reads->label_count; i++)
        cdn_buf_printf(&names, "%s%s", i ? ", " : "",
                       snapshot->labels[reads->labels[i]].schema->name);
    cdn_cli_usage(making->session->cli,
                  "the rule reads %s; which is its subject? --label LABEL (or --node, "
                  "--input)",
                  names.failed || !names.length ? "several labels"
                                                : (const char *)names.data);
    cdn_buf_deinit(&names);
    return CDN_EXIT_USAGE;
}

static cordon_status add_node(struct making *making, const char *label,
                              const struct cdn_sample *sample,
                              const struct cdn_sample_node *node, cordon_error *err)
{
    unsigned number = cdn_sample_class(node->degree);
    struct cdn_request *request;
    struct cdn_bench_run *run;
    char room[24];
    size_t bytes;
    const char *key =
        cdn_snapshot_key(making->session->snapshot, node->node, room, &bytes);
    cordon_status status = add_request(making, &run, err);

    if (status)
        return status;
    if (!key)
        return cdn_error_set(err, CORDON_E_CORRUPT, "the key of node %u is damaged",
                             node->node);
    request = &making->out->requests[making->out->count - 1];
    snprintf(request->label, sizeof(request->label), "%s", label);
    cdn_buf_append(&request->key, key, bytes);
    request->has_node = true;
    run->number = number;
    run->degree = node->degree;
    run->weight = (double)sample->population[number] / (double)sample->drawn[number];
    return request->key.failed ? cdn_error_nomem(err) : CORDON_OK;
}

static int draw(struct making *making)
{
    struct cdn_bench_identity *identity = making->identity;
    struct cdn_sample sample = {0};
    cordon_status status;
    const char *name;
    cordon_error err;
    uint32_t label = 0;
    int code = choose_label(making, &label);

    if (code)
        return code;
    name = making->session->snapshot->labels[label].schema->name;
    status = cdn_sample_draw(&sample, making->session->snapshot, making->reads, label,
                             making->session->as_of_ms, making->session->seed,
                             making->per_class, &err);
    for (size_t i = 0; i < sample.count && !status; i++)
        status = add_node(making, name, &sample, &sample.nodes[i], &err);
    if (!status)
        memcpy(making->out->population, sample.population,
               sizeof(making->out->population));
    cdn_sample_deinit(&sample);
    if (status) {
        cdn_cli_error_of(making->session->cli, &err);
        return CDN_EXIT_DATA;
    }
    if (!making->out->count) {
        cdn_cli_error(making->session->cli, "the snapshot has no %s node to try", name);
        return CDN_EXIT_DATA;
    }
    snprintf(identity->label, sizeof(identity->label), "%s", name);
    identity->per_class = making->per_class;
    return CDN_EXIT_OK;
}

/* The class of a given request's node; one that is not there is told by its evaluation. */
static cordon_status classify(struct making *making, struct cdn_bench_run *run,
                              const struct cdn_request *request, cordon_error *err)
{
    const cordon_snapshot *snapshot = making->session->snapshot;
    cordon_status status = CORDON_OK;
    int32_t label;
    uint32_t node;

    if (request->has_node && snapshot) {
        label = cdn_schema_label(&snapshot->schema, request->label);
        node = label < 0 ? CDN_NO_NODE
                         : cdn_snapshot_find(snapshot, (uint32_t)label,
                                             (const char *)request->key.data,
                                             request->key.length);
        if (node < CDN_DAMAGED_NODE) {
            status = cdn_sample_degree(&run->degree, snapshot, making->reads, node,
                                       request->has_as_of ? request->as_of_ms
                                                          : making->session->as_of_ms,
                                       err);
            run->number = cdn_sample_class(run->degree);
        }
    }
    making->out->population[run->number]++;
    return status;
}

/* Keep a request of the command line or of a file. */
static cordon_status keep(void *ud, const struct cdn_request *request, uint64_t line,
                          cordon_status read, cordon_error *err)
{
    struct making *making = ud;
    struct cdn_bench_run *run;
    struct cdn_request *kept;
    cordon_status status;

    if (read && line)
        return cdn_error_set(err, read, "line %" PRIu64 ": %.400s", line, err->message);
    if (read)
        return read;
    if (making->out->count == MAX_REQUESTS)
        return cdn_error_set(err, CORDON_E_DATA, "more than %" PRIu64 " requests",
                             MAX_REQUESTS);
    status = add_request(making, &run, err);
    if (status)
        return status;
    kept = &making->out->requests[making->out->count - 1];
    *kept = *request;
    kept->key = kept->params = kept->pack = (struct cdn_buf){0};
    kept->has_id = false;
    cdn_buf_append(&kept->key, request->key.data, request->key.length);
    cdn_buf_append(&kept->params, request->params.data, request->params.length);
    if (kept->key.failed || kept->params.failed)
        return cdn_error_nomem(err);
    return classify(making, run, kept, err);
}

/* ---- all of them ---- */

static int make(struct making *making)
{
    struct cdn_session *session = making->session;
    cordon_error err;
    cordon_status status;

    if (session->snapshot && !session->node && !session->input &&
        (making->label || making->reads->label_count))
        return draw(making);
    if (making->label)
        return cdn_cli_usage(making->session->cli,
                             session->snapshot
                                 ? "--label is for drawing nodes; --node and --input "
                                   "say which"
                                 : "--label needs the snapshot: --data STORE");
    status = cdn_session_run(session, keep, NULL, making, &err);
    if (status) {
        cdn_cli_error_of(making->session->cli, &err);
        return CDN_EXIT_DATA;
    }
    if (!making->out->count) {
        cdn_cli_error(making->session->cli, "%s has no request", session->input);
        return CDN_EXIT_DATA;
    }
    return CDN_EXIT_OK;
}

int cdn_bench_requests_make(struct cdn_bench_requests *out, struct cdn_session *session,
                            const struct cdn_sample_reads *reads, const char *label,
                            uint64_t per_class, struct cdn_bench_identity *identity)
{
    struct making making = {out, session, reads, label, per_class, identity};

    return make(&making);
}

void cdn_bench_requests_deinit(struct cdn_bench_requests *requests)
{
    for (size_t i = 0; i < requests->count; i++)
        cdn_request_deinit(&requests->requests[i]);
    cdn_free(requests->requests);
    cdn_free(requests->runs);
    *requests = (struct cdn_bench_requests){0};
}
