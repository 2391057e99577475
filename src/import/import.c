/* An import from end to end.
 *
 * First every file is opened and its columns are found, so that a misnamed column is
 * told before anything is read.  Then the store is locked, nodes are read, sealed,
 * edges are read, the file is written, and CURRENT is pointed to it.
 *
 * A row is named to the writer by a number made of its file's and its line, so that a
 * duplicate, which only sorting finds, can still be told with its place.
 *
 * Rejected nodes drag their edges after them; so too many rejected rows end the import
 * before edges are read.  Otherwise it goes on for a while after the last tolerable
 * one, since a report of a hundred faults is worth more than a report of one.
 *
 * Files are parsed by threads of their own (ahead.h) and taken in order, so the rest is as if
 * there were none. */
#include "import/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "import/ahead.h"
#include "import/base.h"
#include "import/feed.h"
#include "import/keyset.h"
#include "import/mapping.h"
#include "snapshot/store.h"
#include "snapshot/writer.h"

#define LINE_BITS    40
#define MAX_FILES    (1U << (64 - LINE_BITS))
#define TICK_ROWS    UINT64_C(8192) /* between two looks at `stopped` */
#define EXTRA_ERRORS UINT64_C(100)
#define HINT_ROWS    12u /* a key is hinted at so many rows before it is looked up */
#define READ_SHARE   0.6 /* of the whole time, for progress */
#define SEEN_SHARE   8   /* of the memory: for the keys that were seen */

struct file {
    char *path;
    uint64_t bytes;
    uint32_t source;
};

struct importer {
    const struct cdn_import_options *options;
    struct cdn_import_result *result;
    struct cdn_mapping mapping;
    struct file *files; /* in the order they are read */
    uint32_t file_count;
    uint64_t total_bytes;
    struct cdn_keyset *seen; /* a label; used by those with a distinct source */
    bool *watched;           /* a label: has a distinct source */
    uint32_t watched_count;
    struct cdn_base *base; /* NULL: a graph from nothing */
    struct cdn_writer *writer;
    enum cdn_import_stage stage;
    cordon_error *err;
};

/* ---- reports ---- */

static void tell(struct importer *importer, double done)
{
    const struct cdn_import_options *options = importer->options;

    if (options->progress)
        options->progress(options->ud, importer->stage, done, importer->result->rows);
}

static void reach(struct importer *importer, enum cdn_import_stage stage, double done)
{
    importer->stage = stage;
    tell(importer, done);
}

static cordon_status check_stopped(struct importer *importer)
{
    const struct cdn_import_options *options = importer->options;

    if (options->stopped && options->stopped(options->ud))
        return cdn_error_set(importer->err, CORDON_E_INTERRUPTED,
                             "interrupted; nothing was published");
    return CORDON_OK;
}

static cordon_status check_errors(struct importer *importer)
{
    uint64_t rejected = importer->result->rejected;
    uint64_t most = importer->options->max_errors;

    if (rejected <= most)
        return CORDON_OK;
    return cdn_error_set(importer->err, CORDON_E_DATA,
                         "%llu row%s rejected%s, at most %llu may be; nothing was "
                         "published",
                         (unsigned long long)rejected,
                         rejected == 1 ? " was" : "s were",
                         importer->stage < CDN_IMPORT_WRITING ? " so far" : "",
                         (unsigned long long)most);
}

static void reject(struct importer *importer, const char *file, uint64_t line,
                   const char *reason)
{
    const struct cdn_import_options *options = importer->options;

    importer->result->rejected++;
    if (options->reject)
        options->reject(options->ud, file, line, reason);
}

/* Is it enough, so that reading on would teach nothing? */
static bool hopeless(const struct importer *importer)
{
    const struct cdn_import_options *options = importer->options;

    return !options->report_all && options->max_errors != CDN_IMPORT_ALL_ERRORS &&
           importer->result->rejected > options->max_errors &&
           importer->result->rejected - options->max_errors >= EXTRA_ERRORS;
}

/* ---- files ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_file(const char *path, uint64_t *bytes)
{
    struct stat about;

    if (stat(path, &about) || S_ISDIR(about.st_mode))
        return false;
    *bytes = S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0;
    return true;
}

/* The named file in one data argument, as it is or with .gz behind it. */
static bool find_in(char *path, size_t size, uint64_t *bytes, const char *data,
                    const char *name)
{
    static const char *const SUFFIXES[] = {"", ".gz"};
    struct stat about;
    bool folder = !stat(data, &about) && S_ISDIR(about.st_mode);

    for (size_t i = 0; i < sizeof(SUFFIXES) / sizeof(SUFFIXES[0]); i++) {
        char wanted[NAME_MAX + 8];

        if (folder) {
            if (snprintf(path, size, "%s/%s%s", data, name, SUFFIXES[i]) < (int)size &&
                is_file(path, bytes))
                return true;
            continue;
        }
        if (snprintf(wanted, sizeof(wanted), "%s%s", base_name(name), SUFFIXES[i]) <
                (int)sizeof(wanted) &&
            !strcmp(wanted, base_name(data)) &&
            snprintf(path, size, "%s", data) < (int)size && is_file(path, bytes))
            return true;
    }
    return false;
}

static cordon_status add_file(struct importer *importer, uint32_t source,
                              const char *name)
{
    const struct cdn_import_options *options = importer->options;
    char path[PATH_MAX];
    uint64_t bytes = 0;
    bool found = false;
    struct file *files;

    for (size_t i = 0; i < options->data_count && !found; i++)
        found = find_in(path, sizeof(path), &bytes, options->data[i], name);
    if (!found)
        return cdn_error_set(
            importer->err, CORDON_E_NOTFOUND,
            "the schema's file '%s' is not in %s%s (nor '%s.gz')", name,
            options->data_count ? options->data[0] : "any data folder",
            options->data_count > 1 ? " or the other data given" : "", name);
    if (importer->file_count == MAX_FILES - 1)
        return cdn_error_set(importer->err, CORDON_E_DATA, "more than %u files",
                             MAX_FILES - 1);
    files =
        cdn_realloc_array(importer->files, importer->file_count + 1U, sizeof(*files));
    if (!files)
        return cdn_error_nomem(importer->err);
    importer->files = files;
    files[importer->file_count].path = cdn_strdup(path);
    if (!files[importer->file_count].path)
        return cdn_error_nomem(importer->err);
    files[importer->file_count].bytes = bytes;
    files[importer->file_count].source = source;
    importer->file_count++;
    importer->total_bytes += bytes;
    return CORDON_OK;
}

/* Find all files and all their columns before anything is begun. */
static cordon_status find_files(struct importer *importer)
{
    const struct cdn_mapping *mapping = &importer->mapping;
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; i < mapping->source_count && !status; i++)
        for (uint32_t f = 0; f < mapping->sources[i].file_count && !status; f++)
            status = add_file(importer, i, mapping->sources[i].files[f]);
    for (uint32_t i = 0; i < importer->file_count && !status; i++) {
        const struct file *file = &importer->files[i];
        struct cdn_feed feed;

        status = cdn_feed_open(&feed, mapping, &mapping->sources[file->source],
                               file->path, importer->err);
        if (!status)
            cdn_feed_close(&feed);
    }
    return status;
}

/* ---- rows ---- */

/* Note the key of a label whose keys may recur; *added: it was not known before.  When there
 * is no more room, new keys are not noted: the writer, which sorts them all, finds those
 * that recur (on_duplicate). */
static cordon_status note_key(bool *added, struct importer *importer, uint32_t label,
                              const struct cdn_key *key)
{
    struct cdn_keyset *seen = &importer->seen[label];
    uint64_t memory = importer->options->memory_bytes;

    if (cdn_keyset_bytes(seen) <=
        (memory ? memory : CDN_WRITER_MEMORY) / SEEN_SHARE / importer->watched_count)
        return cdn_keyset_add(seen, key, added, importer->err);
    *added = !cdn_keyset_has(seen, key);
    return CORDON_OK;
}

static cordon_status take_node(struct importer *importer, struct cdn_feed *feed,
                               uint64_t row)
{
    struct cdn_import_result *result = importer->result;
    uint32_t label = feed->source->number;
    cordon_status status = CORDON_OK;
    bool added = true;

    if (importer->watched[label]) {
        status = note_key(&added, importer, label, &feed->key[0]);
        if (status)
            return status;
        if (!added && feed->source->distinct) {
            result->repeated++;
            return CORDON_OK;
        }
    }
    status = cdn_writer_node(importer->writer, label, &feed->key[0], feed->cells, row,
                             importer->err);
    if (!status)
        result->nodes[label]++;
    return status;
}

static cordon_status take_edge(struct importer *importer, struct cdn_feed *feed,
                               uint64_t number)
{
    uint32_t relation = feed->source->number;
    enum cdn_row row = CDN_ROW_OK;
    cordon_status status =
        cdn_writer_edge(importer->writer, relation, &feed->key[0], &feed->key[1],
                        feed->cells, number, &row, importer->err);

    if (status)
        return status;
    switch (row) {
    case CDN_ROW_OK:
        importer->result->edges[relation]++;
        return CORDON_OK;
    case CDN_ROW_NO_SOURCE:
    case CDN_ROW_NO_TARGET:
        cdn_feed_dangling(feed->reason, &importer->mapping, feed->source,
                          row == CDN_ROW_NO_TARGET,
                          &feed->key[row == CDN_ROW_NO_TARGET]);
        break;
    case CDN_ROW_DUPLICATE_KEY:
    case CDN_ROW_FULL:
        snprintf(feed->reason, sizeof(feed->reason), "the relation is full");
        break;
    }
    reject(importer, feed->path, feed->line, feed->reason);
    return CORDON_OK;
}

/* A row that updates or deletes what the base has. */
static cordon_status take_change(struct importer *importer, struct cdn_feed *feed)
{
    struct cdn_import_result *result = importer->result;
    uint64_t matched;
    bool taken;
    cordon_status status =
        cdn_base_change(importer->base, feed, &taken, &matched, importer->err);

    if (status)
        return status;
    if (!taken)
        reject(importer, feed->path, feed->line, feed->reason);
    else if (feed->source->edge)
        result->deleted_edges += matched;
    else if (feed->source->change == CDN_MAPPING_UPDATE)
        result->updated++;
    else
        result->deleted_nodes++;
    return CORDON_OK;
}

static cordon_status take_row(struct importer *importer, struct cdn_feed *feed,
                              uint32_t file)
{
    uint64_t row = (uint64_t)file << LINE_BITS | feed->line;

    if (feed->source->change != CDN_MAPPING_ADD)
        return take_change(importer, feed);
    return feed->source->edge ? take_edge(importer, feed, row)
                              : take_node(importer, feed, row);
}

static uint64_t bytes_before(const struct importer *importer, uint32_t number)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < number; i++)
        bytes += importer->files[i].bytes;
    return bytes;
}

/* `feed` stands for the one that read the rows. */
static cordon_status take_rows(struct importer *importer, struct cdn_feed *feed,
                               const struct cdn_ahead_batch *batch)
{
    bool adds = feed->source->change == CDN_MAPPING_ADD;
    cordon_status status = CORDON_OK;

    for (uint32_t i = 0; !status && i < batch->count; i++) {
        const struct cdn_ahead_row *row = &batch->rows[i];

        if (feed->source->edge && adds && i + HINT_ROWS < batch->count)
            cdn_writer_hint(importer->writer, feed->source->number,
                            batch->rows[i + HINT_ROWS].key);
        importer->result->rows++;
        feed->line = row->line;
        if (row->reason) {
            reject(importer, feed->path, row->line, row->reason);
        } else {
            memcpy(feed->key, row->key, sizeof(feed->key));
            feed->cells = row->cells;
            status = take_row(importer, feed, batch->file->number);
        }
        if (!status && hopeless(importer))
            status = check_errors(importer);
    }
    return status;
}

static cordon_status take_batch(struct importer *importer,
                                const struct cdn_ahead_batch *batch)
{
    const struct cdn_mapping_source *source = batch->file->source;
    const struct cdn_schema *schema = &importer->mapping.schema;
    struct cdn_import_result *result = importer->result;
    struct cdn_feed feed = {.source = source, .path = batch->file->path};
    uint64_t ticks = result->rows / TICK_ROWS;
    cordon_status status;

    if (source->edge) {
        const struct cdn_relation_schema *relation = &schema->relations[source->number];

        feed.key_types[0] = schema->labels[relation->source].key;
        feed.key_types[1] = schema->labels[relation->target].key;
    } else {
        feed.key_types[0] = schema->labels[source->number].key;
    }
    status = take_rows(importer, &feed, batch);
    result->filtered += batch->filtered;
    result->rows += batch->filtered;
    result->bytes = bytes_before(importer, batch->file->number) + batch->offset;
    if (result->rows / TICK_ROWS == ticks)
        return status;
    tell(importer,
         READ_SHARE * (double)result->bytes / (double)(importer->total_bytes + 1));
    return status ? status : check_stopped(importer);
}

/* Read the files of labels or of relations: those that change a base, or those that add. */
static cordon_status read_files(struct importer *importer, bool edges, bool changes)
{
    const struct cdn_ahead_batch *batch = NULL;
    struct cdn_ahead *ahead = NULL;
    struct cdn_ahead_file *files = cdn_calloc(importer->file_count, sizeof(*files));
    cordon_status status = files ? CORDON_OK : cdn_error_nomem(importer->err);
    uint32_t count = 0;

    reach(importer, CDN_IMPORT_READING, 0);
    for (uint32_t i = 0; files && i < importer->file_count; i++) {
        const struct file *file = &importer->files[i];
        const struct cdn_mapping_source *source =
            &importer->mapping.sources[file->source];

        if (source->edge == edges && (source->change != CDN_MAPPING_ADD) == changes)
            files[count++] = (struct cdn_ahead_file){file->path, source, i};
    }
    if (!status && count > 0)
        status = cdn_ahead_open(&ahead, &importer->mapping, files, count,
                                importer->options->threads, importer->err);
    while (!status && ahead) {
        status = cdn_ahead_next(ahead, &batch, importer->err);
        if (status || !batch)
            break;
        status = take_batch(importer, batch);
    }
    cdn_ahead_close(ahead);
    cdn_free(files);
    return status;
}

static bool on_asked(void *ud)
{
    const struct cdn_import_options *options = ((struct importer *)ud)->options;

    return options->stopped && options->stopped(options->ud);
}

/* What the base has and the changes leave of it. */
static cordon_status put_base(struct importer *importer, bool edges)
{
    const struct cdn_schema *schema = &importer->mapping.schema;
    uint32_t count = edges ? schema->relation_count : schema->label_count;
    struct cdn_import_result *result = importer->result;
    cordon_status status = read_files(importer, edges, true);

    for (uint32_t i = 0; !status && i < count; i++) {
        struct cdn_base_put put = {.writer = importer->writer,
                                   .row = (uint64_t)importer->file_count << LINE_BITS,
                                   .stopped = on_asked,
                                   .ud = importer};

        if (edges)
            status = cdn_base_put_edges(importer->base, i, &put, importer->err);
        else
            status = cdn_base_put_nodes(importer->base, i, &put, importer->err);
        (edges ? result->edges : result->nodes)[i] += put.count;
        result->dropped_edges += put.dropped;
    }
    return status;
}

static void on_duplicate(void *ud, uint32_t label, uint64_t row)
{
    struct importer *importer = ud;
    const struct file *file = &importer->files[row >> LINE_BITS];
    char reason[CDN_SCHEMA_MAX_NAME + 80];

    importer->result->nodes[label]--;
    if (importer->mapping.sources[file->source].distinct) {
        importer->result->repeated++;
        return;
    }
    snprintf(reason, sizeof(reason),
             "another %s has the same key; the first row with it "
             "counts",
             importer->mapping.schema.labels[label].name);
    reject(importer, file->path, row & ((UINT64_C(1) << LINE_BITS) - 1), reason);
}

static void on_dangling(void *ud, uint32_t relation, uint64_t row, enum cdn_row why,
                        const struct cdn_key *key)
{
    struct importer *importer = ud;
    const struct file *file = &importer->files[row >> LINE_BITS];
    char reason[CDN_FEED_REASON_BYTES];

    cdn_feed_dangling(reason, &importer->mapping,
                      &importer->mapping.sources[file->source],
                      why == CDN_ROW_NO_TARGET, key);
    importer->result->edges[relation]--;
    reject(importer, file->path, row & ((UINT64_C(1) << LINE_BITS) - 1), reason);
}

/* ---- the whole ---- */

/* What the schema says, and the base that it changes if there is one. */
static cordon_status load_mapping(struct importer *importer)
{
    const struct cdn_import_options *options = importer->options;
    uint64_t memory = options->memory_bytes ? options->memory_bytes : CDN_WRITER_MEMORY;
    cordon_status status;

    if (!options->on_base)
        return cdn_mapping_load(&importer->mapping, options->schema, importer->err);
    status =
        cdn_mapping_load_changes(&importer->mapping, options->schema, importer->err);
    if (!status)
        status = cdn_base_open(&importer->base, options->store, options->base,
                               &importer->mapping, memory, importer->err);
    if (!status)
        importer->result->base = cdn_base_generation(importer->base);
    return status;
}

/* Nobody must have published since CURRENT was looked at: what he did would be lost. */
static cordon_status check_base(struct importer *importer)
{
    const struct cdn_import_options *options = importer->options;
    char path[PATH_MAX];
    uint64_t current = 0;
    cordon_status status = CORDON_OK;

    if (!importer->base || options->base != 0)
        return CORDON_OK;
    status =
        cdn_store_resolve(path, sizeof(path), &current, options->store, importer->err);
    if (!status && current != importer->result->base)
        status = cdn_error_set(importer->err, CORDON_E_BUSY,
                               "generation %llu was published meanwhile; start again",
                               (unsigned long long)current);
    return status;
}

static cordon_status prepare(struct importer *importer)
{
    struct cdn_import_result *result = importer->result;
    const struct cdn_schema *schema;
    cordon_status status = load_mapping(importer);

    if (status)
        return status;
    schema = &importer->mapping.schema;
    status = cdn_schema_copy(&result->schema, schema, importer->err);
    if (status)
        return status;
    result->nodes = cdn_calloc(schema->label_count, sizeof(*result->nodes));
    result->edges = cdn_calloc(schema->relation_count, sizeof(*result->edges));
    importer->seen = cdn_calloc(schema->label_count, sizeof(*importer->seen));
    importer->watched = cdn_calloc(schema->label_count, sizeof(*importer->watched));
    if (!result->nodes || !result->edges || !importer->seen || !importer->watched)
        return cdn_error_nomem(importer->err);
    for (uint32_t i = 0; i < schema->label_count; i++)
        importer->seen[i].type = schema->labels[i].key;
    for (uint32_t i = 0; i < importer->mapping.source_count; i++) {
        const struct cdn_mapping_source *source = &importer->mapping.sources[i];

        if (!source->edge && source->distinct && !importer->watched[source->number]) {
            importer->watched[source->number] = true;
            importer->watched_count++;
        }
    }
    return find_files(importer);
}

static void on_written(void *ud, double done)
{
    struct importer *importer = ud;

    tell(importer, READ_SHARE + (1 - READ_SHARE) * done);
}

/* Everything between a path to write to and a file that is whole; with dry_run the file
 * is not written. */
static cordon_status write_generation(struct importer *importer, const char *path)
{
    const struct cdn_import_options *options = importer->options;
    struct cdn_writer_options writer_options = {
        .temp_folder = options->temp,
        .memory_bytes = options->memory_bytes,
        .block_shift = options->block_shift,
        .applied = importer->base ? cdn_base_applied(importer->base) : 0,
        .progress = on_written,
        .stopped = on_asked,
        .progress_ud = importer};
    cordon_status status =
        cdn_writer_open(&importer->writer, path, &importer->mapping.schema,
                        &writer_options, importer->err);

    if (status)
        return status;
    reach(importer, CDN_IMPORT_BEGUN, 0);
    status = importer->base ? put_base(importer, false) : CORDON_OK;
    if (!status)
        status = read_files(importer, false, false);
    if (!status)
        status = cdn_writer_seal_nodes(importer->writer, on_duplicate, importer,
                                       importer->err);
    for (uint32_t i = 0; i < importer->mapping.schema.label_count; i++)
        cdn_keyset_deinit(&importer->seen[i]);
    if (!status)
        status = check_errors(importer);
    if (status)
        return status;
    reach(importer, CDN_IMPORT_SEALED,
          READ_SHARE * (double)importer->result->bytes /
              (double)(importer->total_bytes + 1));
    status = check_stopped(importer);
    if (!status && importer->base)
        status = put_base(importer, true);
    if (!status)
        status = read_files(importer, true, false);
    if (status)
        return status;
    reach(importer, CDN_IMPORT_WRITING, READ_SHARE);
    status =
        cdn_writer_seal_edges(importer->writer, on_dangling, importer, importer->err);
    if (!status)
        status = check_errors(importer);
    if (!status)
        status = check_stopped(importer);
    if (!status && !options->dry_run)
        status = cdn_writer_finish(importer->writer, importer->err);
    return status;
}

static void close_writer(struct importer *importer)
{
    cdn_writer_close(importer->writer);
    importer->writer = NULL;
}

static cordon_status publish(struct importer *importer)
{
    struct cdn_import_result *result = importer->result;
    struct cdn_store_writer *store = NULL;
    uint64_t generation = 0;
    struct stat about;
    cordon_status status =
        cdn_store_begin(&store, importer->options->store, &generation, result->path,
                        sizeof(result->path), importer->err);

    if (status)
        return status;
    status = check_base(importer);
    if (!status)
        status = write_generation(importer, result->path);
    close_writer(importer);
    if (status)
        goto out;
    reach(importer, CDN_IMPORT_WRITTEN, 1);
    status = check_stopped(importer);
    if (!status && stat(result->path, &about))
        status = cdn_error_errno(importer->err, errno, "%s", result->path);
    if (!status)
        status = cdn_store_commit(store, importer->err);
    if (status) {
        unlink(result->path);
        goto out;
    }
    result->generation = generation;
    result->file_bytes = (uint64_t)about.st_size;
    reach(importer, CDN_IMPORT_PUBLISHED, 1);
out:
    cdn_store_end(store);
    return status;
}

/* The writer wants a file for what it puts down before it finishes: it gets one in a
 * folder that goes away again. */
static cordon_status rehearse(struct importer *importer)
{
    const char *root = getenv("TMPDIR");
    char folder[PATH_MAX / 2];
    char path[PATH_MAX];
    cordon_status status;

    if (snprintf(folder, sizeof(folder), "%s/cordon-dry-run-XXXXXX",
                 root && *root ? root : "/tmp") >= (int)sizeof(folder))
        return cdn_error_set(importer->err, CORDON_E_INVALID, "TMPDIR is too long");
    if (!mkdtemp(folder))
        return cdn_error_errno(importer->err, errno, "%s", folder);
    status = cdn_path_join(path, sizeof(path), folder, "rehearsal", importer->err);
    if (!status)
        status = write_generation(importer, path);
    close_writer(importer);
    rmdir(folder);
    return status;
}

cordon_status cdn_import_run(struct cdn_import_result *out,
                             const struct cdn_import_options *options,
                             cordon_error *err)
{
    struct importer importer = {.options = options, .result = out, .err = err};
    uint64_t start = cdn_clock_ns();
    cordon_status status;

    *out = (struct cdn_import_result){0};
    status = prepare(&importer);
    if (!status)
        status = options->dry_run ? rehearse(&importer) : publish(&importer);
    for (uint32_t i = 0; importer.seen && i < importer.mapping.schema.label_count; i++)
        cdn_keyset_deinit(&importer.seen[i]);
    for (uint32_t i = 0; i < importer.file_count; i++)
        cdn_free(importer.files[i].path);
    cdn_free(importer.files);
    cdn_free(importer.seen);
    cdn_free(importer.watched);
    cdn_base_close(importer.base);
    cdn_mapping_deinit(&importer.mapping);
    out->wall_ns = cdn_clock_ns() - start;
    return status;
}

void cdn_import_result_deinit(struct cdn_import_result *result)
{
    cdn_schema_deinit(&result->schema);
    cdn_free(result->nodes);
    cdn_free(result->edges);
    *result = (struct cdn_import_result){0};
}
