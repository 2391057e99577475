/* The graphs tests are run on: fixtures written into the test file, fixture files, slices and
 * whole stores.  One that was made is kept for the file's other tests. */
#include "cli/testing/harness.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "import/fixture.h"
#include "import/mapping.h"
#include "snapshot/slice.h"
#include "snapshot/snapshot.h"

/* A text, or the number of one that was handed over before. */
static struct cdn_fixture_text text_field(const struct cdn_harness *harness,
                                          const cordon_value *graph, const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, graph, key))
        return (struct cdn_fixture_text){0};
    if (value.type == CORDON_INTEGER && value.as.integer > 0 &&
        value.as.integer <= harness->text_count) {
        const struct cdn_buf *text = &harness->texts[value.as.integer - 1];

        return (struct cdn_fixture_text){.text = (const char *)text->data,
                                         .bytes = text->length};
    }
    if (value.type != CORDON_STRING)
        return (struct cdn_fixture_text){0};
    return (struct cdn_fixture_text){.text = value.as.string, .bytes = value.length};
}

/* Where the text stands in the test file: it is found by what it says.  A long string may
 * lose a newline after its bracket, which the search does not mind. */
static void place(struct cdn_fixture_text *text, const struct cdn_test_file *file)
{
    const char *source = (const char *)file->source.data, *at;

    text->file = file->path;
    if (!text->text || !text->bytes)
        return;
    at = memmem(source, file->source.length, text->text, text->bytes);
    if (!at)
        return;
    text->line = text->column = 1;
    for (const char *p = source; p < at; p++) {
        text->column = *p == '\n' ? 1 : text->column + 1;
        text->line += *p == '\n';
    }
}

static cordon_status read_schema(struct cdn_mapping *mapping, bool *has,
                                 const struct cdn_harness *harness,
                                 const struct cdn_fixture_text *name, cordon_error *err)
{
    char path[PATH_MAX];
    cordon_status status;

    *has = false;
    if (!name->text)
        return CORDON_OK;
    status = cdn_harness_path(path, harness, name->text, name->bytes, err);
    if (!status)
        status = cdn_mapping_load(mapping, path, err);
    *has = !status;
    return status;
}

static cordon_status read_written(cordon_snapshot **out,
                                  const struct cdn_harness *harness,
                                  const struct cdn_fixture_parts *parts,
                                  cordon_error *err)
{
    struct cdn_mapping mapping = {0};
    bool has = false;
    cordon_status status = read_schema(&mapping, &has, harness, &parts->schema, err);

    if (!status)
        status = cdn_fixture_read(out, has ? &mapping.schema : NULL, &parts->nodes,
                                  &parts->edges, err);
    if (has)
        cdn_mapping_deinit(&mapping);
    return status;
}

/* Is it a fixture's text, rather than a slice or a snapshot? */
static bool is_text(const struct cdn_buf *bytes)
{
    size_t looked = bytes->length < 4096 ? bytes->length : 4096;

    return !cdn_slice_is(bytes->data, bytes->length) &&
           !(looked && memchr(bytes->data, 0, looked));
}

static cordon_status read_file(cordon_snapshot **out, const struct cdn_harness *harness,
                               const struct cdn_fixture_text *name, cordon_error *err)
{
    char path[PATH_MAX];
    struct cdn_buf bytes = {0};
    struct cdn_fixture_parts parts;
    struct stat info;
    cordon_status status =
        cdn_harness_path(path, harness, name->text, name->bytes, err);

    if (status)
        return status;
    if (!stat(path, &info) && S_ISREG(info.st_mode) &&
        (uint64_t)info.st_size <= CDN_FIXTURE_MAX_BYTES)
        status = cdn_file_read(&bytes, path, CDN_FIXTURE_MAX_BYTES, err);
    if (!status && bytes.length && is_text(&bytes)) {
        char *shown = cdn_strndup(name->text, name->bytes);
        const struct cdn_fixture_text whole = {(const char *)bytes.data, bytes.length,
                                               shown ? shown : "", 1, 1};

        status = cdn_fixture_split(&parts, &whole, err);
        if (!status)
            status = read_written(out, harness, &parts, err);
        cdn_free(shown);
    } else if (!status) {
        status = cordon_snapshot_open(out, path, NULL, err);
    }
    cdn_buf_deinit(&bytes);
    return status;
}

static cordon_status make(cordon_snapshot **out, const struct cdn_harness *harness,
                          const cordon_value *graph, cordon_error *err)
{
    struct cdn_fixture_text file = text_field(harness, graph, "file");
    struct cdn_fixture_parts parts = {.schema = text_field(harness, graph, "schema"),
                                      .nodes = text_field(harness, graph, "nodes"),
                                      .edges = text_field(harness, graph, "edges")};

    if (file.text) {
        if (parts.schema.text || parts.nodes.text || parts.edges.text)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "a fixture is a file, or nodes and edges, not both");
        return read_file(out, harness, &file, err);
    }
    place(&parts.nodes, harness->file);
    place(&parts.edges, harness->file);
    return read_written(out, harness, &parts, err);
}

static uint64_t hash_of(const struct cdn_harness *harness, const cordon_value *graph)
{
    static const char *const keys[] = {"file", "schema", "nodes", "edges"};
    uint64_t hash = 0;

    for (size_t i = 0; i < CDN_COUNT(keys); i++) {
        struct cdn_fixture_text text = text_field(harness, graph, keys[i]);

        hash = cdn_hash_mix(hash, text.bytes);
        hash =
            cdn_hash_mix(hash, cdn_hash_xxh3(text.bytes ? text.text : "", text.bytes));
    }
    return hash;
}

cordon_status cdn_graph_get(cordon_snapshot **out, struct cdn_harness *harness,
                            const cordon_value *graph, cordon_error *err)
{
    uint64_t hash;
    struct cdn_graph *made;
    cordon_status status;

    *out = NULL;
    if (graph->type == CORDON_NIL)
        return CORDON_OK;
    if (graph->type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "graph takes what fixture returns, or a file's name");
    hash = hash_of(harness, graph);
    for (made = harness->graphs; made; made = made->next)
        if (made->hash == hash) {
            *out = made->snapshot;
            return CORDON_OK;
        }
    made = cdn_calloc(1, sizeof *made);
    if (!made)
        return cdn_error_nomem(err);
    made->hash = hash;
    status = make(&made->snapshot, harness, graph, err);
    if (status) {
        cdn_free(made);
        return status;
    }
    made->next = harness->graphs;
    harness->graphs = made;
    *out = made->snapshot;
    return CORDON_OK;
}

int64_t cdn_graph_latest(const cordon_snapshot *snapshot)
{
    int64_t latest = INT64_MIN;

    for (uint32_t i = 0; snapshot && i < snapshot->relation_count; i++) {
        const struct cdn_relation *relation = &snapshot->relations[i];
        int32_t time = relation->schema->time;
        const struct cdn_column *column;

        if (time < 0 || !relation->edge_count)
            continue;
        column = &relation->outgoing.columns[time];
        if (column->minimum <= column->maximum && column->maximum > latest)
            latest = column->maximum;
    }
    return latest == INT64_MIN ? 0 : latest;
}
