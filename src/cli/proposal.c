/* An entry of the log of proposals, in words and as JSON. */
#include "cli/proposal.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"

#define VALUE_BYTES 60 /* of one value in words */

cordon_status cdn_proposal_open(cordon_proposals **out, const char *store,
                                const char *log, bool must_exist, cordon_error *err)
{
    cordon_proposals_options options = CORDON_PROPOSALS_OPTIONS_INIT;
    char path[PATH_MAX];
    cordon_status status = CORDON_OK;

    *out = NULL;
    options.must_exist = must_exist;
    if (!log)
        status = cdn_path_join(path, sizeof(path), store, CDN_PROPOSAL_LOG, err);
    if (!status)
        status = cordon_proposals_open(out, log ? log : path, &options, err);
    if (status == CORDON_E_NOTFOUND && must_exist)
        return cdn_error_set(err, status,
                             "%s holds no proposals; 'cordon eval --propose' logs them",
                             log ? log : store);
    return status;
}

/* A value as JSON would show it, cut. */
static void put_value(struct cdn_buf *out, const cordon_value *value)
{
    struct cdn_buf text = {0};
    struct cdn_json json;
    char shown[VALUE_BYTES * 4];

    cdn_json_init(&json, &text, false);
    cdn_json_value(&json, value);
    out->failed |= text.failed;
    if (text.length > VALUE_BYTES)
        cdn_buf_printf(
            out, "%s...",
            cdn_escape(shown, sizeof(shown), (const char *)text.data, VALUE_BYTES - 3));
    else if (text.length)
        cdn_buf_text(out, cdn_escape(shown, sizeof(shown), (const char *)text.data,
                                     text.length));
    cdn_buf_deinit(&text);
}

static void put_text(struct cdn_buf *out, const cordon_value *value)
{
    char shown[300];

    if (value->type == CORDON_STRING)
        cdn_buf_text(out,
                     cdn_escape(shown, sizeof(shown), value->as.string, value->length));
}

static void put_node(struct cdn_buf *out, const cordon_value *node)
{
    cordon_value part;

    if (cordon_value_get(&part, node, "label"))
        put_text(out, &part);
    cdn_buf_text(out, ":");
    if (cordon_value_get(&part, node, "key"))
        put_text(out, &part);
}

static void put_pairs(struct cdn_buf *out, const cordon_value *map)
{
    cordon_value_iter iter;
    cordon_value key, value;
    const char *between = " ";

    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &key, &value)) {
        cdn_buf_text(out, between);
        put_text(out, &key);
        cdn_buf_text(out, " = ");
        put_value(out, &value);
        between = ", ";
    }
}

char *cdn_proposal_words(char *out, size_t size, cordon_proposal_kind kind,
                         const cordon_value *content)
{
    struct cdn_buf text = {0};
    cordon_value part;

    if (kind == CORDON_PROPOSAL_UPDATE) {
        put_node(&text, content);
        if (cordon_value_get(&part, content, "set"))
            put_pairs(&text, &part);
    } else {
        if (cordon_value_get(&part, content, "type"))
            put_text(&text, &part);
        cdn_buf_text(&text, " ");
        if (cordon_value_get(&part, content, "from"))
            put_node(&text, &part);
        cdn_buf_text(&text, " -> ");
        if (cordon_value_get(&part, content, "to"))
            put_node(&text, &part);
        if (cordon_value_get(&part, content, "properties"))
            put_pairs(&text, &part);
    }
    snprintf(out, size, "%s", text.data && !text.failed ? (char *)text.data : "");
    cdn_buf_deinit(&text);
    return out;
}

bool cdn_proposal_change_read(struct cdn_proposal_change *out,
                              const cordon_value *change)
{
    cordon_value state, time;

    if (!cordon_value_at(&state, change, 0) || !cordon_value_at(&time, change, 1) ||
        !cordon_value_at(&out->author, change, 2) ||
        !cordon_value_at(&out->reason, change, 3))
        return false;
    out->state = cordon_proposal_state_str((cordon_proposal_state)state.as.integer);
    cdn_time_format(out->when, sizeof(out->when), time.as.integer);
    return true;
}

void cdn_proposal_json(struct cdn_json *json, const cordon_proposal *proposal)
{
    bool update = proposal->kind == CORDON_PROPOSAL_UPDATE;
    cordon_value_iter iter;
    cordon_value change;
    char when[40];

    cdn_json_key_uint(json, "sequence", proposal->sequence);
    cdn_json_key_cstr(json, "state", cordon_proposal_state_str(proposal->state));
    cdn_json_key_cstr(json, "kind", update ? "updated_node" : "new_edge");
    cdn_json_key_cstr(json, "decision_id", proposal->decision_id);
    cdn_json_key_uint(json, "index", proposal->index);
    cdn_json_key_cstr(json, "rule", proposal->rule);
    cdn_json_key_uint(json, "version", proposal->version);
    cdn_json_key_uint(json, "generation", proposal->generation);
    cdn_json_key_cstr(json, "proposed",
                      cdn_time_format(when, sizeof(when), proposal->proposed_ms));
    cdn_json_key_cstr(json, "principal",
                      proposal->principal[0] ? proposal->principal : NULL);
    cdn_json_key(json, "content");
    cdn_json_value(json, &proposal->content);
    if (update) {
        cdn_json_key(json, "before");
        cdn_json_value(json, &proposal->before);
    }
    cdn_json_key(json, "history");
    cdn_json_array(json);
    cordon_value_iter_init(&iter, &proposal->history);
    while (cordon_value_next(&iter, NULL, &change)) {
        struct cdn_proposal_change step;

        if (!cdn_proposal_change_read(&step, &change))
            continue;
        cdn_json_object(json);
        cdn_json_key_cstr(json, "state", step.state);
        cdn_json_key_cstr(json, "time", step.when);
        cdn_json_key(json, "author");
        cdn_json_str(json, step.author.as.string, step.author.length);
        cdn_json_key(json, "reason");
        cdn_json_str(json, step.reason.as.string, step.reason.length);
        cdn_json_object_end(json);
    }
    cdn_json_array_end(json);
    if (proposal->applied_generation)
        cdn_json_key_uint(json, "applied_generation", proposal->applied_generation);
}

const char *cdn_proposal_author(char *out, size_t size)
{
    const struct passwd *user = getpwuid(getuid());

    if (user && user->pw_name && user->pw_name[0])
        snprintf(out, size, "%s", user->pw_name);
    else
        snprintf(out, size, "user %ld", (long)getuid());
    return out;
}
