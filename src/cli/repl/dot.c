/* :dot, a node's neighbourhood as a picture: text that Graphviz draws.
 *
 * A slice of the snapshot (cordon/snapshot.h) is what is drawn, so `as_of` holds.  Parallel
 * edges become one with their number, since a picture of two hundred arrows shows nothing. */
#include "cli/repl/repl.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "codec/dot.h"
#include "snapshot/snapshot.h"

enum { MOST_NODES = 300, MOST_EDGES = 5000, MOST_HOPS = 6 };

bool cdn_repl_slice(cordon_snapshot **out, void **bytes, size_t *size,
                    struct cdn_repl *repl, const struct cdn_request *request,
                    uint32_t hops, uint64_t max_nodes, uint64_t max_edges)
{
    const cordon_slice_node node = {.label = request->label,
                                    .key = (const char *)request->key.data};
    cordon_slice_options options = CORDON_SLICE_OPTIONS_INIT;
    cordon_error err;
    cordon_status status;
    void *slice = NULL;
    size_t length = 0;

    options.nodes = &node;
    options.node_count = 1;
    options.hops = hops;
    options.max_nodes = max_nodes;
    options.max_edges = max_edges;
    if (repl->session.as_of_ms != CORDON_NO_TIME)
        options.as_of_ms = repl->session.as_of_ms;
    *out = NULL;
    cdn_error_clear(&err);
    status =
        cordon_snapshot_slice(&slice, &length, repl->session.snapshot, &options, &err);
    if (!status)
        status = cordon_snapshot_open_slice(out, slice, length, NULL, &err);
    if (!status && bytes) {
        *bytes = slice;
        *size = length;
    } else {
        cordon_slice_free(slice);
    }
    if (status)
        cdn_repl_fail(repl, CDN_EXIT_DATA, "%s", err.message);
    return !status;
}

static void put_nodes(struct cdn_buf *out, const cordon_snapshot *slice,
                      const struct cdn_request *request)
{
    for (uint32_t l = 0; l < slice->label_count; l++) {
        const struct cdn_label_data *label = &slice->labels[l];

        for (uint32_t i = 0; i < label->count; i++) {
            struct cdn_dot_node node = {.id = label->base + i,
                                        .kind = l,
                                        .label = label->schema->name,
                                        .label_bytes = strlen(label->schema->name)};
            char room[24];

            node.key = cdn_snapshot_key(slice, node.id, room, &node.key_bytes);
            node.subject = node.key && !strcmp(node.label, request->label) &&
                           node.key_bytes == request->key.length &&
                           !memcmp(node.key, request->key.data, node.key_bytes);
            cdn_dot_node(out, &node);
        }
    }
}

/* How often each node comes in one list is few enough to count by looking back. */
static void put_list(struct cdn_buf *out, const struct cdn_relation *relation,
                     uint32_t source, const struct cdn_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t times = 0;
        bool before = false;

        for (uint32_t k = 0; k < list->count; k++) {
            times += list->peers[k] == list->peers[i];
            before |= k < i && list->peers[k] == list->peers[i];
        }
        if (before)
            continue;
        cdn_dot_edge(out, relation->source_base + source, list->peers[i],
                     relation->schema->type, strlen(relation->schema->type), times);
    }
}

static cordon_status put_edges(struct cdn_buf *out, const cordon_snapshot *slice,
                               cordon_error *err)
{
    for (uint32_t r = 0; r < slice->relation_count; r++) {
        const struct cdn_relation *relation = &slice->relations[r];

        for (uint32_t i = 0; i < relation->source_count; i++) {
            struct cdn_list list;

            if (!cdn_adjacency_list(&relation->outgoing, i, &list))
                return cdn_error_set(err, CORDON_E_CORRUPT,
                                     "the snapshot is damaged; see cordon snapshot "
                                     "verify");
            put_list(out, relation, i, &list);
        }
    }
    return CORDON_OK;
}

static void write_picture(struct cdn_repl *repl, const cordon_snapshot *slice,
                          const char *file)
{
    struct cdn_buf text = {0};
    cordon_error err;
    cordon_status status;

    cdn_dot_begin(&text);
    put_nodes(&text, slice, &repl->subject);
    status = put_edges(&text, slice, &err);
    cdn_dot_end(&text);
    if (!status && text.failed)
        status = cdn_error_nomem(&err);
    if (!status && *file)
        status = cdn_file_replace(file, text.data, text.length, &err);
    else if (!status)
        fwrite(text.data, 1, text.length, repl->cli->out);
    cdn_buf_deinit(&text);
    if (status)
        cdn_repl_fail_of(repl, &err);
    else if (*file)
        cdn_cli_note(repl->cli, "%s has %" PRIu32 " nodes; dot -Tsvg draws it", file,
                     slice->node_count);
}

void cdn_repl_dot(struct cdn_repl *repl, const char *argument)
{
    char file[1024] = "", word[16];
    const char *rest = argument;
    uint64_t hops = 1;
    const struct cdn_option number = {"hops", 0,   CDN_OPTION_POSITIVE, &hops, "",
                                      "",     NULL};
    cordon_snapshot *slice;
    cordon_error err;

    if (!repl->subject.has_node || !repl->session.snapshot) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE,
                      "whose neighbourhood? :node LABEL:KEY first");
        return;
    }
    if (*argument && !cdn_repl_word(argument, file, sizeof file, &rest)) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "the file's name is too long");
        return;
    }
    if (*rest && (!cdn_repl_word(rest, word, sizeof word, NULL) ||
                  cdn_option_value(&number, word, &err) || hops > MOST_HOPS)) {
        cdn_repl_fail(repl, CDN_EXIT_USAGE, "hops are 1 to %d", MOST_HOPS);
        return;
    }
    if (!cdn_repl_slice(&slice, NULL, NULL, repl, &repl->subject, (uint32_t)hops,
                        MOST_NODES, MOST_EDGES))
        return;
    write_picture(repl, slice, file);
    cordon_snapshot_release(slice);
}
