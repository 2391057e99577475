/* From an outcome to the log of proposals.
 *
 * A proposal is checked against the generation that its outcome saw.  The engine has one generation, and its
 * outcomes do not hold on to theirs, which would cost each of them; so the last two are kept
 * here, looked at with every upkeep, and an outcome's is found among them by its number. */
#include "server/propose.h"

#include <pthread.h>

#include "base/alloc.h"
#include "server/host.h"
#include "server/lane.h"

enum {
    KEPT = 2,
    REFUSED_BYTES = 16 * 1024 /* of what is told of those that are refused */
};

struct cdn_graphs {
    pthread_mutex_t lock;
    cordon_snapshot *kept[KEPT]; /* the newest first */
};

struct cdn_graphs *cdn_graphs_new(void)
{
    struct cdn_graphs *graphs = cdn_calloc(1, sizeof *graphs);

    if (graphs)
        pthread_mutex_init(&graphs->lock, NULL);
    return graphs;
}

void cdn_graphs_free(struct cdn_graphs *graphs)
{
    if (!graphs)
        return;
    for (size_t i = 0; i < KEPT; i++)
        cordon_snapshot_release(graphs->kept[i]);
    pthread_mutex_destroy(&graphs->lock);
    cdn_free(graphs);
}

void cdn_graphs_look(struct cdn_graphs *graphs, cordon_engine *engine)
{
    cordon_snapshot *now = cordon_engine_get_snapshot(engine), *old = now;

    pthread_mutex_lock(&graphs->lock);
    if (now && now != graphs->kept[0]) {
        old = graphs->kept[KEPT - 1];
        for (size_t i = KEPT - 1; i > 0; i--)
            graphs->kept[i] = graphs->kept[i - 1];
        graphs->kept[0] = now;
    }
    pthread_mutex_unlock(&graphs->lock);
    cordon_snapshot_release(old); /* may close a file */
}

/* With a reference of the caller's; NULL: none of them has that number. */
static cordon_snapshot *find(struct cdn_graphs *graphs, uint64_t generation)
{
    cordon_snapshot *found = NULL;

    pthread_mutex_lock(&graphs->lock);
    for (size_t i = 0; i < KEPT && !found; i++) {
        if (graphs->kept[i] &&
            cordon_snapshot_generation(graphs->kept[i]) == generation)
            found = cordon_snapshot_retain(graphs->kept[i]);
    }
    pthread_mutex_unlock(&graphs->lock);
    return found;
}

static cordon_snapshot *snapshot_of(struct cdn_host *host, uint64_t generation)
{
    cordon_snapshot *snapshot = find(host->graphs, generation);

    if (snapshot)
        return snapshot;
    cdn_graphs_look(host->graphs, host->engine); /* it moved on just now */
    return find(host->graphs, generation);
}

/* ---- logging ---- */

struct telling {
    struct cdn_proposed *out;
    struct cdn_json json;
};

static const char *kind_word(cordon_proposal_kind kind)
{
    return kind == CORDON_PROPOSAL_UPDATE ? "updated_nodes" : "new_edges";
}

static void on_refused(void *ud, cordon_proposal_kind kind, uint32_t index,
                       const char *why)
{
    struct telling *telling = ud;

    telling->out->refused++;
    if (telling->json.out->length > REFUSED_BYTES)
        return; /* the number says that there were more */
    cdn_json_object(&telling->json);
    cdn_json_key_cstr(&telling->json, "list", kind_word(kind));
    cdn_json_key_uint(&telling->json, "index", index);
    cdn_json_key_cstr(&telling->json, "detail", why);
    cdn_json_object_end(&telling->json);
}

/* What was judged: by a rule, or by a set and its members. */
struct judged {
    const cordon_outcome *outcome; /* NULL: a set's */
    const cordon_set_outcome *set;
    const char *decision_id;
    uint64_t generation;
};

static void add(struct cdn_proposed *out, struct cdn_exchange *x,
                const struct judged *judged, cordon_proposal_source *source)
{
    struct telling telling = {.out = out};
    cordon_snapshot *snapshot = snapshot_of(x->host, judged->generation);
    cordon_proposals *log = x->host->proposals;
    cordon_error err;
    cordon_status status;

    cdn_buf_clear(&x->lane->refused);
    cdn_json_init(&telling.json, &x->lane->refused, false);
    telling.json.pack = true;
    cdn_json_array(&telling.json);
    source->refused = on_refused;
    source->ud = &telling;
    if (!snapshot)
        status = cdn_error_set(&err, CORDON_E_NOTFOUND,
                               "the generation it was made on is gone");
    else if (judged->outcome)
        status = cordon_proposals_add(&out->logged, log, snapshot, judged->outcome,
                                      source, &err);
    else
        status = cordon_proposals_add_set(&out->logged, log, snapshot, judged->set,
                                          source, &err);
    cdn_json_array_end(&telling.json);
    source->ud = NULL; /* it was this call's */
    cordon_snapshot_release(snapshot);
    out->failed = status != CORDON_OK;
    if (status)
        cdn_host_log(x->host, CORDON_LEVEL_ERROR,
                     "proposals of decision %s are not logged: %s", judged->decision_id,
                     err.message);
}

static void add_for(struct cdn_proposed *out, struct cdn_exchange *x,
                    const struct judged *judged, const char *principal)
{
    cordon_proposal_source source = CORDON_PROPOSAL_SOURCE_INIT;
    cordon_policy *policy = NULL;

    if (principal)
        policy = cordon_engine_get_policy(x->host->engine);
    source.principal = principal;
    source.policy = policy;
    add(out, x, judged, &source);
    cordon_policy_release(policy);
}

void cdn_propose(struct cdn_proposed *out, struct cdn_exchange *x,
                 const char *principal)
{
    const cordon_outcome *outcome = x->lane->outcome;
    const struct judged judged = {outcome, NULL, cordon_outcome_decision_id(outcome),
                                  cordon_outcome_generation(outcome)};

    *out = (struct cdn_proposed){0};
    out->any = x->host->proposals &&
               cordon_outcome_get_kind(outcome) == CORDON_OUTCOME_OK &&
               (cordon_outcome_updated_nodes(outcome).length ||
                cordon_outcome_new_edges(outcome).length);
    if (out->any)
        add_for(out, x, &judged, principal);
}

void cdn_propose_set(struct cdn_proposed *out, struct cdn_exchange *x,
                     const char *principal)
{
    const cordon_set_outcome *set = x->lane->set;
    const struct judged judged = {NULL, set, cordon_set_outcome_decision_id(set),
                                  cordon_set_outcome_generation(set)};
    cordon_member member = {.struct_size = sizeof member};

    *out = (struct cdn_proposed){0};
    for (uint32_t i = 0;
         x->host->proposals && !out->any && !cordon_set_outcome_member(&member, set, i);
         i++)
        out->any = !member.status && member.kind == CORDON_OUTCOME_OK &&
                   (member.updated_nodes.length || member.new_edges.length);
    if (out->any)
        add_for(out, x, &judged, principal);
}

void cdn_propose_write(struct cdn_json *json, const struct cdn_exchange *x,
                       const struct cdn_proposed *proposed)
{
    const struct cdn_buf *refused = &x->lane->refused;
    cordon_value list;

    if (!proposed->any)
        return;
    cdn_json_key(json, "proposals");
    cdn_json_object(json);
    cdn_json_key_uint(json, "logged", proposed->logged);
    cdn_json_key_uint(json, "refused", proposed->refused);
    if (proposed->failed)
        cdn_json_key_bool(json, "failed", true);
    if (proposed->refused && !refused->failed &&
        !cordon_value_parse(&list, refused->data, refused->length, NULL)) {
        cdn_json_key(json, "refusals");
        cdn_json_value(json, &list);
    }
    cdn_json_object_end(json);
}
