/* The writer: rows into labels and relations, and these into a file.
 *
 * Rows are held in memory while they fit.  Nodes are sorted, written and freed when they
 * are sealed, but for an index over their keys; edges are held as two places and their
 * columns until the finish, which takes one relation after another (csr.c).  What does not
 * fit goes to disk: nodes as sorted runs (outer_nodes.c), edges partitioned by node
 * (outer_edges.c), and edges of labels whose index would not fit by their keys first
 * (outer_keys.c).
 *
 * The rows decide everything in the file, not where they were held: places come from key
 * order, lists from their sort, dictionaries are sorted, batches depend on sizes alone.
 *
 * Memory.  Of what the caller gives some is set aside for what is not counted here (the
 * process, the reader of the files, LMDB's tree).  The rest is, in turn: nodes with what
 * sorting one label takes; indexes (at most half), edges, an eighth for the chunks of
 * partitions; at the finish the edges and what ordering the largest relation takes, and the
 * batch of segments that LMDB holds until it is committed. */
#include "snapshot/writer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "snapshot/csr.h"
#include "snapshot/emit.h"
#include "snapshot/format.h"
#include "snapshot/index.h"
#include "snapshot/metadata.h"
#include "snapshot/nodes.h"
#include "snapshot/outer_edges.h"
#include "snapshot/outer_keys.h"
#include "snapshot/outer_nodes.h"
#include "snapshot/rows.h"

/* What is not counted: program, libraries, a reader's buffers, small things. */
#define SET_ASIDE (UINT64_C(16) << 20)

#define CHUNK_LEAST      4096u
#define CHUNK_MOST       (256u << 10)
#define PARTITIONS_LEAST 4u
#define PARTITIONS_MOST  1024u

#define LOOK_ROWS 64u /* between two looks at what is held */

/* Beside its row, what an edge takes while its relation is written from memory: item,
 * order, inverse. */
#define ORDER_BYTES UINT64_C(28)

struct relation_rows {
    struct cdn_rows rows;
    uint32_t capacity;
    uint32_t *sources;
    uint32_t *targets;
    struct cdn_outer_edges *outer; /* the rows before these, on disk; NULL: none */
    struct cdn_outer_keys *keys;   /* rows whose ends are not known; NULL: none */
};

enum state { TAKING_NODES, TAKING_EDGES, SEALED, ENDED };

struct cdn_writer {
    struct cdn_schema schema;
    struct cdn_facts facts;
    struct cdn_writer_options options;
    char *path;
    char *temp_path;
    char *folder; /* of temporary files */
    struct cdn_emit *emit;
    struct cdn_nodes *labels;
    uint32_t *bases; /* a label: dense index of its first node */
    struct relation_rows *relations;
    uint64_t node_count;
    uint64_t usable; /* bytes of memory, what is set aside taken off */
    uint32_t chunk_bytes;
    uint32_t partitions;
    uint32_t looked; /* rows since the last look at what is held */
    double finished; /* steps of the finish, of a share each */
    uint64_t steps;
    enum state state;
};

static cordon_status open_rows(struct cdn_writer *writer, cordon_error *err)
{
    const struct cdn_schema *schema = &writer->schema;
    cordon_status status = CORDON_OK;

    writer->labels = cdn_calloc(schema->label_count, sizeof(*writer->labels));
    writer->bases = cdn_calloc(schema->label_count, sizeof(*writer->bases));
    writer->relations = cdn_calloc(schema->relation_count, sizeof(*writer->relations));
    if (!writer->labels || !writer->bases || !writer->relations)
        return cdn_error_nomem(err);
    for (uint32_t l = 0; !status && l < schema->label_count; l++)
        status = cdn_nodes_init(&writer->labels[l], &schema->labels[l], l, err);
    for (uint32_t r = 0; !status && r < schema->relation_count; r++)
        status =
            cdn_rows_init(&writer->relations[r].rows, schema->relations[r].properties,
                          schema->relations[r].property_count, err);
    return status;
}

static void share_memory(struct cdn_writer *writer)
{
    uint64_t memory = writer->options.memory_bytes;
    uint64_t chunk;
    uint64_t partitions;

    writer->usable = memory >= 4 * SET_ASIDE ? memory - SET_ASIDE : memory - memory / 4;
    chunk = writer->usable / 4096 & ~UINT64_C(4095);
    if (chunk < CHUNK_LEAST)
        chunk = CHUNK_LEAST;
    if (chunk > CHUNK_MOST)
        chunk = CHUNK_MOST;
    partitions = writer->usable / 8 / chunk;
    if (partitions < PARTITIONS_LEAST)
        partitions = PARTITIONS_LEAST;
    if (partitions > PARTITIONS_MOST)
        partitions = PARTITIONS_MOST;
    writer->chunk_bytes = (uint32_t)chunk;
    writer->partitions = (uint32_t)partitions;
}

/* The folder for temporary files: the caller's, or the file's own. */
static cordon_status choose_folder(struct cdn_writer *writer, cordon_error *err)
{
    const char *slash = strrchr(writer->temp_path, '/');

    if (writer->options.temp_folder)
        writer->folder = cdn_strdup(writer->options.temp_folder);
    else if (!slash)
        writer->folder = cdn_strdup(".");
    else
        writer->folder = cdn_strndup(
            writer->temp_path,
            slash == writer->temp_path ? 1 : (size_t)(slash - writer->temp_path));
    if (!writer->folder)
        return cdn_error_nomem(err);
    cdn_spill_sweep(writer->folder);
    return CORDON_OK;
}

/* What does not depend on where the rows go. */
static cordon_status open_graph(struct cdn_writer *writer,
                                const struct cdn_schema *schema, cordon_error *err)
{
    cordon_status status = cdn_schema_copy(&writer->schema, schema, err);

    if (!status)
        status = cdn_facts_init(&writer->facts, &writer->schema, err);
    if (!status)
        status = open_rows(writer, err);
    return status;
}

cordon_status cdn_writer_open_memory(struct cdn_writer **out, struct cdn_buf *into,
                                     uint64_t generation,
                                     const struct cdn_schema *schema, cordon_error *err)
{
    struct cdn_writer *writer = cdn_calloc(1, sizeof(*writer));
    cordon_status status;

    *out = NULL;
    if (!writer)
        return cdn_error_nomem(err);
    writer->options.block_shift = CDN_BLOCK_SHIFT;
    writer->options.memory_bytes = UINT64_MAX / 2; /* nothing is ever spilled */
    share_memory(writer);
    status = open_graph(writer, schema, err);
    if (!status)
        status = cdn_emit_open_memory(&writer->emit, into, generation, err);
    if (status) {
        cdn_writer_close(writer);
        return status;
    }
    *out = writer;
    return CORDON_OK;
}

cordon_status cdn_writer_open(struct cdn_writer **out, const char *path,
                              const struct cdn_schema *schema,
                              const struct cdn_writer_options *options,
                              cordon_error *err)
{
    struct cdn_writer *writer = cdn_calloc(1, sizeof(*writer));
    char temp[PATH_MAX];
    cordon_status status;

    *out = NULL;
    if (!writer)
        return cdn_error_nomem(err);
    if (options)
        writer->options = *options;
    if (writer->options.memory_bytes == 0)
        writer->options.memory_bytes = CDN_WRITER_MEMORY;
    if (writer->options.block_shift == 0)
        writer->options.block_shift = CDN_BLOCK_SHIFT;
    if (writer->options.block_shift > CDN_BLOCK_SHIFT_MOST) {
        status = cdn_error_set(err, CORDON_E_INVALID, "a block shift of %u; at most %u",
                               writer->options.block_shift, CDN_BLOCK_SHIFT_MOST);
        goto out;
    }
    if (snprintf(temp, sizeof(temp), "%s.tmp", path) >= (int)sizeof(temp)) {
        status = cdn_error_set(err, CORDON_E_INVALID, "the path is too long: %s", path);
        goto out;
    }
    writer->path = cdn_strdup(path);
    writer->temp_path =
        cdn_strdup(writer->options.temp_path ? writer->options.temp_path : temp);
    if (!writer->path || !writer->temp_path) {
        status = cdn_error_nomem(err);
        goto out;
    }
    share_memory(writer);
    status = choose_folder(writer, err);
    if (!status)
        status = open_graph(writer, schema, err);
    if (!status)
        status = cdn_emit_open(&writer->emit, writer->temp_path,
                               writer->options.memory_bytes / 16, err);
    if (status)
        goto out;
    *out = writer;
    writer = NULL; /* handed over */
out:
    cdn_writer_close(writer);
    return status;
}

/* ---- nodes ---- */

/* Make room by writing out the label that holds most, if too much is held. */
static cordon_status look_at_nodes(struct cdn_writer *writer, cordon_error *err)
{
    struct cdn_nodes *largest = NULL;
    uint64_t most = 0;
    uint64_t held = 0;
    uint64_t strings = 0;

    writer->looked = 0;
    for (uint32_t l = 0; l < writer->schema.label_count; l++) {
        uint64_t bytes = cdn_nodes_bytes(&writer->labels[l]);

        held += bytes;
        strings += cdn_rows_string_bytes(&writer->labels[l].rows);
        if (bytes >= most && writer->labels[l].rows.count > 0) {
            most = bytes;
            largest = &writer->labels[l];
        }
    }
    if (strings > writer->usable / 2)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "the distinct strings of the nodes' columns take more than "
            "half of the memory; declare columns of many as text, or "
            "give more --memory");
    if (held <= writer->usable / 10 * 6 || !largest)
        return CORDON_OK;
    cdn_alloc_return_freed();
    return cdn_nodes_write_run(largest, writer->folder, writer->chunk_bytes, err);
}

cordon_status cdn_writer_node(struct cdn_writer *writer, uint32_t label,
                              const struct cdn_key *key, const struct cdn_cell *cells,
                              uint64_t row, cordon_error *err)
{
    cordon_status status;

    if (writer->state != TAKING_NODES || label >= writer->schema.label_count)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "a node after the nodes were sealed, or of no label");
    if (writer->node_count >= UINT32_MAX - 1)
        return cdn_error_set(err, CORDON_E_DATA, "more than %u nodes", UINT32_MAX - 1);
    status = cdn_nodes_add(&writer->labels[label], key, cells, row, err);
    if (status)
        return status;
    writer->node_count++;
    return ++writer->looked < LOOK_ROWS ? CORDON_OK : look_at_nodes(writer, err);
}

static uint64_t index_bytes(const struct cdn_nodes *nodes)
{
    uint64_t bytes = cdn_index_held(&nodes->index);

    if (nodes->ends && nodes->count > 0)
        bytes += nodes->count * UINT64_C(8) + nodes->ends[nodes->count - 1];
    return bytes;
}

/* What is neither held by labels nor by their indexes; of `index`, at most half. */
static uint64_t room_of_labels(const struct cdn_writer *writer, bool index)
{
    uint64_t whole = index ? writer->usable / 2 : writer->usable / 10 * 8;
    uint64_t held = 0;

    for (uint32_t l = 0; l < writer->schema.label_count; l++) {
        held += index_bytes(&writer->labels[l]);
        if (!index && writer->labels[l].rows.count > 0)
            held += cdn_nodes_bytes(&writer->labels[l]);
    }
    return whole > held ? whole - held : 0;
}

cordon_status cdn_writer_seal_nodes(struct cdn_writer *writer,
                                    cdn_writer_duplicate duplicate, void *ud,
                                    cordon_error *err)
{
    uint32_t base = 0;

    if (writer->state != TAKING_NODES)
        return cdn_error_set(err, CORDON_E_INVALID, "the nodes were sealed before");
    writer->state = ENDED; /* unless all goes well */
    for (uint32_t l = 0; l < writer->schema.label_count; l++) {
        const struct cdn_seal seal = {.emit = writer->emit,
                                      .facts = &writer->facts.labels[l],
                                      .shift = writer->options.block_shift,
                                      .folder = writer->folder,
                                      .memory_bytes = room_of_labels(writer, false),
                                      .index_bytes = room_of_labels(writer, true),
                                      .chunk_bytes = writer->chunk_bytes,
                                      .duplicate = duplicate,
                                      .ud = ud};
        cordon_status status = cdn_nodes_seal(&writer->labels[l], &seal, err);

        if (status)
            return status;
        writer->bases[l] = base;
        base += writer->labels[l].count;
    }
    writer->state = TAKING_EDGES;
    return CORDON_OK;
}

/* ---- edges ---- */

static cordon_status grow_ends(struct relation_rows *relation, cordon_error *err)
{
    uint32_t capacity = relation->rows.capacity;
    uint32_t *grown;

    if (relation->capacity == capacity)
        return CORDON_OK;
    grown = cdn_realloc_array(relation->sources, capacity, sizeof(*grown));
    if (!grown)
        return cdn_error_nomem(err);
    relation->sources = grown;
    grown = cdn_realloc_array(relation->targets, capacity, sizeof(*grown));
    if (!grown)
        return cdn_error_nomem(err);
    relation->targets = grown;
    relation->capacity = capacity;
    return CORDON_OK;
}

static void clear_relation(struct relation_rows *relation)
{
    cdn_rows_clear(&relation->rows);
    cdn_free(relation->sources);
    cdn_free(relation->targets);
    relation->sources = NULL;
    relation->targets = NULL;
    relation->capacity = 0;
}

static uint64_t held_bytes(const struct relation_rows *relation)
{
    return cdn_rows_bytes(&relation->rows) + relation->rows.count * UINT64_C(8);
}

static struct cdn_csr_input input_of(const struct cdn_writer *writer, uint32_t number)
{
    const struct cdn_relation_schema *schema = &writer->schema.relations[number];
    const struct relation_rows *relation = &writer->relations[number];

    return (struct cdn_csr_input){.schema = schema,
                                  .number = number,
                                  .rows = &relation->rows,
                                  .sources = relation->sources,
                                  .targets = relation->targets,
                                  .source_count = writer->labels[schema->source].count,
                                  .target_count = writer->labels[schema->target].count,
                                  .source_base = writer->bases[schema->source],
                                  .target_base = writer->bases[schema->target],
                                  .shift = writer->options.block_shift};
}

static void on_progress(void *ud, double done)
{
    struct cdn_writer *writer = ud;
    const struct cdn_writer_options *options = &writer->options;

    if (options->progress)
        options->progress(options->progress_ud,
                          (writer->finished + done) / (double)writer->steps);
}

static bool on_stopped(void *ud)
{
    const struct cdn_writer_options *options = &((struct cdn_writer *)ud)->options;

    return options->stopped && options->stopped(options->progress_ud);
}

/* `memory` is for rows that are read back. */
static struct cdn_outer_room outer_room(struct cdn_writer *writer, uint64_t memory)
{
    return (struct cdn_outer_room){.folder = writer->folder,
                                   .chunk_bytes = writer->chunk_bytes,
                                   .partitions = writer->partitions,
                                   .memory_bytes = memory,
                                   .total_bytes = writer->options.memory_bytes,
                                   .stopped = on_stopped,
                                   .progress = on_progress,
                                   .ud = writer};
}

/* What a relation holds goes to disk. */
static cordon_status put_out(struct cdn_writer *writer, uint32_t number,
                             cordon_error *err)
{
    struct relation_rows *relation = &writer->relations[number];
    struct cdn_csr_input input = input_of(writer, number);
    struct cdn_outer_room room = outer_room(writer, 0);
    cordon_status status = CORDON_OK;

    if (!relation->outer) {
        cdn_alloc_return_freed();
        status = cdn_outer_edges_new(&relation->outer, &input,
                                     &writer->facts.relations[number], &room, err);
    }
    if (!status)
        status = cdn_outer_edges_take(relation->outer, &input, err);
    clear_relation(relation);
    return status;
}

/* The bytes of dirty pages that LMDB may come to hold while edges are written. */
static uint64_t batch_bytes(const struct cdn_writer *writer, uint64_t edges)
{
    uint64_t batch = writer->options.memory_bytes / 16;
    uint64_t segment = edges * 8;

    if (segment > CDN_SEGMENT_TARGET)
        segment = CDN_SEGMENT_TARGET;
    return batch > segment ? batch : segment;
}

struct holding {
    uint64_t bytes;
    uint64_t strings;
    uint64_t most; /* rows of one relation that is all in memory */
    uint32_t largest;
    uint64_t largest_bytes;
};

static void survey(struct holding *out, const struct cdn_writer *writer)
{
    *out = (struct holding){0};
    for (uint32_t r = 0; r < writer->schema.relation_count; r++) {
        const struct relation_rows *relation = &writer->relations[r];
        uint64_t bytes = held_bytes(relation);

        out->bytes += bytes;
        out->strings += cdn_rows_string_bytes(&relation->rows);
        if (!relation->outer && relation->rows.count > out->most)
            out->most = relation->rows.count;
        if (bytes > out->largest_bytes) {
            out->largest_bytes = bytes;
            out->largest = r;
        }
    }
}

static cordon_status look_at_edges(struct cdn_writer *writer, uint32_t relation,
                                   cordon_error *err)
{
    struct holding held;
    uint64_t indexes = 0;
    uint64_t starts = 4 * (writer->node_count + 2);

    writer->looked = 0;
    if (writer->relations[relation].outer &&
        held_bytes(&writer->relations[relation]) > writer->usable / 16)
        return put_out(writer, relation, err);
    survey(&held, writer);
    if (held.strings > writer->usable / 4)
        return cdn_error_set(
            err, CORDON_E_DATA,
            "the distinct strings of the edges' columns take more than "
            "a quarter of the memory; declare columns of many as text, "
            "or give more --memory");
    for (uint32_t l = 0; l < writer->schema.label_count; l++)
        indexes += index_bytes(&writer->labels[l]);
    held.bytes += held.strings;
    if (held.bytes + indexes + writer->usable / 8 <= writer->usable &&
        held.bytes + held.most * ORDER_BYTES + starts +
                batch_bytes(writer, held.most) <=
            writer->usable)
        return CORDON_OK;
    return held.largest_bytes > 0 ? put_out(writer, held.largest, err) : CORDON_OK;
}

/* Put aside an edge of which not both ends can be looked up. */
static cordon_status defer(struct cdn_writer *writer, uint32_t number,
                           const struct cdn_key *source, const struct cdn_key *target,
                           const struct cdn_cell *cells, uint64_t row,
                           cordon_error *err)
{
    const struct cdn_relation_schema *schema = &writer->schema.relations[number];
    struct relation_rows *mine = &writer->relations[number];
    const struct cdn_join_room room = {.folder = writer->folder,
                                       .chunk_bytes = writer->chunk_bytes,
                                       .partitions = writer->partitions,
                                       .memory_bytes = writer->usable / 4};
    cordon_status status = cdn_rows_grow(&mine->rows, err);

    if (!status && !mine->keys)
        status = cdn_outer_keys_new(&mine->keys, &writer->labels[schema->source],
                                    &writer->labels[schema->target], &room, err);
    if (!status)
        status = cdn_rows_set(&mine->rows, cells, err);
    if (!status)
        status = cdn_outer_keys_put(mine->keys, source, target, row, &mine->rows, err);
    return status;
}

/* Row rows.count is filled: it becomes an edge. */
static cordon_status add_edge(struct cdn_writer *writer, uint32_t relation,
                              uint32_t source, uint32_t target, cordon_error *err)
{
    struct relation_rows *mine = &writer->relations[relation];

    mine->sources[mine->rows.count] = source;
    mine->targets[mine->rows.count] = target;
    mine->rows.count++;
    return ++writer->looked < LOOK_ROWS ? CORDON_OK
                                        : look_at_edges(writer, relation, err);
}

void cdn_writer_hint(const struct cdn_writer *writer, uint32_t relation,
                     const struct cdn_key ends[2])
{
    const struct cdn_relation_schema *schema = &writer->schema.relations[relation];

    cdn_index_hint(&writer->labels[schema->source].index, &ends[0]);
    cdn_index_hint(&writer->labels[schema->target].index, &ends[1]);
}

cordon_status cdn_writer_edge(struct cdn_writer *writer, uint32_t relation,
                              const struct cdn_key *source,
                              const struct cdn_key *target,
                              const struct cdn_cell *cells, uint64_t number,
                              enum cdn_row *row, cordon_error *err)
{
    const struct cdn_relation_schema *schema;
    struct relation_rows *mine;
    cordon_status status;
    uint32_t from;
    uint32_t to;

    if (writer->state != TAKING_EDGES || relation >= writer->schema.relation_count)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "an edge before the nodes were sealed, or of no relation");
    schema = &writer->schema.relations[relation];
    mine = &writer->relations[relation];
    *row = CDN_ROW_OK;
    if (writer->labels[schema->source].sorted || writer->labels[schema->target].sorted)
        return defer(writer, relation, source, target, cells, number, err);
    from = cdn_index_find(&writer->labels[schema->source].index, source);
    if (from == CDN_INDEX_NONE) {
        *row = CDN_ROW_NO_SOURCE;
        return CORDON_OK;
    }
    to = cdn_index_find(&writer->labels[schema->target].index, target);
    if (to == CDN_INDEX_NONE) {
        *row = CDN_ROW_NO_TARGET;
        return CORDON_OK;
    }
    status = cdn_rows_grow(&mine->rows, err);
    if (!status)
        status = grow_ends(mine, err);
    if (!status)
        status = cdn_rows_set(&mine->rows, cells, err);
    return status ? status : add_edge(writer, relation, from, to, err);
}

/* ---- edges whose ends were not known ---- */

/* Read back the edges of a relation, now that their ends are found. */
static cordon_status take_back(struct cdn_writer *writer, uint32_t number,
                               cdn_writer_dangling dangling, void *ud,
                               cordon_error *err)
{
    struct relation_rows *mine = &writer->relations[number];
    cordon_status status = CORDON_OK;
    bool more = true;

    while (!status) {
        struct cdn_joined edge;
        int missing;

        status = cdn_outer_keys_next(mine->keys, &edge, &mine->rows, &more, err);
        if (status || !more)
            break;
        if (edge.places[0] != CDN_INDEX_NONE && edge.places[1] != CDN_INDEX_NONE) {
            status = grow_ends(mine, err);
            if (!status)
                status = add_edge(writer, number, edge.places[0], edge.places[1], err);
            continue;
        }
        missing = edge.places[0] != CDN_INDEX_NONE;
        if (dangling)
            dangling(ud, number, edge.row,
                     missing ? CDN_ROW_NO_TARGET : CDN_ROW_NO_SOURCE,
                     &edge.keys[missing]);
    }
    cdn_outer_keys_free(mine->keys);
    mine->keys = NULL;
    return status;
}

static cordon_status join(struct cdn_writer *writer, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    for (uint32_t r = 0; !status && r < writer->schema.relation_count; r++) {
        struct relation_rows *relation = &writer->relations[r];

        if (relation->rows.count > 0) /* a join needs the room */
            status = put_out(writer, r, err);
        if (!status && relation->keys)
            status = cdn_outer_keys_resolve(relation->keys, err);
    }
    return status;
}

cordon_status cdn_writer_seal_edges(struct cdn_writer *writer,
                                    cdn_writer_dangling dangling, void *ud,
                                    cordon_error *err)
{
    cordon_status status = CORDON_OK;
    bool deferred = false;

    if (writer->state != TAKING_EDGES)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "the edges were sealed before, or the nodes were not");
    writer->state = ENDED; /* unless all goes well */
    for (uint32_t r = 0; r < writer->schema.relation_count; r++)
        deferred |= writer->relations[r].keys != NULL;
    if (deferred)
        status = join(writer, err);
    for (uint32_t l = 0; l < writer->schema.label_count; l++) {
        uint32_t count = writer->labels[l].count;

        cdn_nodes_deinit(&writer->labels[l]); /* keys are not asked for any more */
        writer->labels[l].count = count;
    }
    for (uint32_t r = 0; !status && r < writer->schema.relation_count; r++)
        if (writer->relations[r].keys)
            status = take_back(writer, r, dangling, ud, err);
    if (!status)
        writer->state = SEALED;
    return status;
}

/* ---- the finish ---- */

static cordon_status finish_outer(struct cdn_writer *writer, uint32_t number,
                                  cordon_error *err)
{
    struct relation_rows *relation = &writer->relations[number];
    struct cdn_csr_input input = input_of(writer, number);
    struct cdn_outer_room room;
    uint64_t taken = writer->options.memory_bytes / 16 + writer->usable / 8;
    struct holding held;
    cordon_status status = put_out(writer, number, err);

    if (status)
        return status;
    survey(&held, writer);
    taken += held.bytes + held.strings;
    room = outer_room(writer, writer->usable > taken ? writer->usable - taken : 0);
    status = cdn_outer_edges_emit(relation->outer, writer->emit, &input, &room, err);
    cdn_outer_edges_free(relation->outer);
    relation->outer = NULL;
    return status;
}

static cordon_status finish_relation(struct cdn_writer *writer, uint32_t number,
                                     cordon_error *err)
{
    struct relation_rows *relation = &writer->relations[number];
    struct cdn_csr_input input = input_of(writer, number);
    cordon_status status =
        relation->outer
            ? finish_outer(writer, number, err)
            : cdn_csr_emit(&writer->facts.relations[number], writer->emit, &input, err);

    clear_relation(relation);
    cdn_rows_deinit(&relation->rows);
    return status;
}

/* If some relation is on disk, the others must leave room for reading it back. */
static cordon_status make_room(struct cdn_writer *writer, cordon_error *err)
{
    cordon_status status = CORDON_OK;
    struct holding held;
    bool outer = false;

    for (uint32_t r = 0; r < writer->schema.relation_count; r++)
        outer |= writer->relations[r].outer != NULL;
    survey(&held, writer);
    while (outer && !status && held.bytes > writer->usable / 4) {
        status = put_out(writer, held.largest, err);
        survey(&held, writer);
    }
    return status;
}

static void step(struct cdn_writer *writer)
{
    on_progress(writer, 1);
    writer->finished++;
}

cordon_status cdn_writer_finish(struct cdn_writer *writer, cordon_error *err)
{
    struct cdn_buf metadata = {0};
    cordon_status status = CORDON_OK;

    if (writer->state == TAKING_EDGES)
        status = cdn_writer_seal_edges(writer, NULL, NULL, err);
    else if (writer->state != SEALED)
        return cdn_error_set(err, CORDON_E_INVALID,
                             "finish before the nodes were sealed, or twice");
    writer->state = ENDED;
    writer->steps = (uint64_t)writer->schema.relation_count + 1;
    if (!status)
        status = make_room(writer, err);
    for (uint32_t r = 0; !status && r < writer->schema.relation_count; r++) {
        status = finish_relation(writer, r, err);
        step(writer);
    }
    if (!status)
        status = cdn_metadata_encode(&metadata, &writer->schema, &writer->facts, err);
    cdn_emit_applied(writer->emit, writer->options.applied);
    if (!status)
        status = cdn_emit_finish(writer->emit, &metadata, err);
    if (!status && writer->path) {
        status = cdn_file_publish(writer->temp_path, writer->path, err);
        if (status)
            (void)unlink(writer->temp_path);
    }
    if (!status)
        step(writer);
    cdn_buf_deinit(&metadata);
    return status;
}

void cdn_writer_close(struct cdn_writer *writer)
{
    if (!writer)
        return;
    for (uint32_t l = 0; writer->labels && l < writer->schema.label_count; l++)
        cdn_nodes_deinit(&writer->labels[l]);
    for (uint32_t r = 0; writer->relations && r < writer->schema.relation_count; r++) {
        clear_relation(&writer->relations[r]);
        cdn_rows_deinit(&writer->relations[r].rows);
        cdn_outer_edges_free(writer->relations[r].outer);
        cdn_outer_keys_free(writer->relations[r].keys);
    }
    cdn_free(writer->labels);
    cdn_free(writer->bases);
    cdn_free(writer->relations);
    cdn_emit_free(writer->emit);
    cdn_facts_deinit(&writer->facts);
    cdn_schema_deinit(&writer->schema);
    cdn_free(writer->folder);
    cdn_free(writer->temp_path);
    cdn_free(writer->path);
    cdn_free(writer);
}
