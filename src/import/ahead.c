/* Threads that parse, one file each at a time, and a reader who takes what they parsed in order.
 *
 * A thread takes the next file that none has taken and fills batches, a fixed few for each
 * thread, which go to that file's queue and come back when they were read.  It waits when all
 * of its batches are full.  The file that is read next always has a thread (files are taken
 * in order), so that nobody waits for ever.  One mutex and two conditions guard queues and
 * free lists; a batch itself belongs to one side at a time.
 *
 * Parsing one file is not divided: rows with quotes may hold line ends, so nobody knows where
 * a row starts who has not read from the file's start.  Even one thread helps: it parses
 * while the reader looks up, sorts and writes. */
#include "import/ahead.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

#define MOST_THREADS 4u
#define BATCHES      3u /* a thread */

#ifdef CORDON_TINY
#define BATCH_ROWS 4u
#define TEXT_BYTES ((size_t)64)
#else
#define BATCH_ROWS 1024u
#define TEXT_BYTES ((size_t)128 << 10)
#endif

struct batch {
    struct cdn_ahead_batch shown;
    struct batch *next; /* in a queue, or in a free list */
    struct worker *owner;
    struct cdn_ahead_row *rows;
    struct cdn_cell *cells;
    size_t cell_capacity;
    char *text;
    size_t text_capacity;
    size_t text_used;
    bool last; /* of its file */
    cordon_status status;
    cordon_error err;
};

struct queue {
    struct batch *first;
    struct batch *last;
};

struct worker {
    struct cdn_ahead *ahead;
    pthread_t thread;
    bool started;
    struct batch *free;
};

struct cdn_ahead {
    const struct cdn_mapping *mapping;
    const struct cdn_ahead_file *files;
    uint32_t count;
    struct worker *workers;
    uint32_t worker_count;
    struct queue *queues; /* a file */
    uint32_t taken;       /* files that have a thread, or had one */
    uint32_t reading;     /* the file whose batches are read */
    bool stopping;
    struct batch *shown; /* what the reader has */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t emptied;
    bool locks_made;
};

/* ---- batches ---- */

static void batch_free(struct batch *batch)
{
    if (!batch)
        return;
    cdn_free(batch->rows);
    cdn_free(batch->cells);
    cdn_free(batch->text);
    cdn_free(batch);
}

static struct batch *batch_new(struct worker *owner)
{
    struct batch *batch = cdn_calloc(1, sizeof(*batch));

    if (!batch)
        return NULL;
    batch->owner = owner;
    batch->rows = cdn_calloc(BATCH_ROWS, sizeof(*batch->rows));
    batch->text = cdn_alloc(TEXT_BYTES);
    batch->text_capacity = TEXT_BYTES;
    if (batch->rows && batch->text)
        return batch;
    batch_free(batch);
    return NULL;
}

static uint32_t property_count(const struct cdn_mapping *mapping,
                               const struct cdn_mapping_source *source)
{
    return source->edge ? mapping->schema.relations[source->number].property_count
                        : mapping->schema.labels[source->number].property_count;
}

/* Ready for rows of a file.  False: no memory. */
static bool batch_begin(struct batch *batch, const struct cdn_ahead_file *file,
                        uint32_t properties)
{
    size_t wanted = (size_t)BATCH_ROWS * properties;

    batch->shown = (struct cdn_ahead_batch){.file = file, .rows = batch->rows};
    batch->text_used = 0;
    batch->last = false;
    batch->status = CORDON_OK;
    if (wanted > batch->cell_capacity) {
        struct cdn_cell *grown =
            cdn_realloc_array(batch->cells, wanted, sizeof(*grown));

        if (!grown)
            return false;
        batch->cells = grown;
        batch->cell_capacity = wanted;
    }
    return true;
}

static bool has_text(const struct cdn_property *property)
{
    return property->type == CDN_COLUMN_STRING || property->type == CDN_COLUMN_TEXT ||
           property->type == CDN_COLUMN_BAG;
}

static const struct cdn_property *properties_of(const struct cdn_mapping *mapping,
                                                const struct cdn_mapping_source *source)
{
    return source->edge ? mapping->schema.relations[source->number].properties
                        : mapping->schema.labels[source->number].properties;
}

/* What the feed's row has of text. */
static size_t text_bytes(const struct cdn_feed *feed,
                         const struct cdn_property *properties, uint32_t count)
{
    size_t bytes = 0;

    for (int e = 0; e < 1 + feed->source->edge; e++)
        if (feed->key_types[e] == CDN_KEY_STRING)
            bytes += feed->key[e].bytes;
    for (uint32_t p = 0; p < count; p++)
        if (!feed->cells[p].null && has_text(&properties[p]))
            bytes += feed->cells[p].as.string.bytes;
    return bytes;
}

/* Room for so much more text; a batch with rows in it never moves what it has. */
static bool text_fits(struct batch *batch, size_t bytes, bool *nomem)
{
    char *grown;

    if (batch->text_capacity - batch->text_used >= bytes)
        return true;
    if (batch->shown.count > 0)
        return false;
    grown = cdn_realloc(batch->text, bytes);
    *nomem = !grown;
    if (!grown)
        return false;
    batch->text = grown;
    batch->text_capacity = bytes;
    return true;
}

static const char *keep(struct batch *batch, const char *text, size_t bytes)
{
    char *at = batch->text + batch->text_used;

    if (bytes > 0)
        memcpy(at, text, bytes);
    batch->text_used += bytes;
    return at;
}

static void add_row(struct batch *batch, const struct cdn_feed *feed,
                    const struct cdn_property *properties, uint32_t count)
{
    struct cdn_ahead_row *row = &batch->rows[batch->shown.count];
    struct cdn_cell *cells = batch->cells + (size_t)batch->shown.count * count;

    *row = (struct cdn_ahead_row){.line = feed->line, .cells = cells};
    for (int e = 0; e < 1 + feed->source->edge; e++) {
        row->key[e] = feed->key[e];
        row->key[e].text = NULL;
        if (feed->key_types[e] == CDN_KEY_STRING)
            row->key[e].text = keep(batch, feed->key[e].text, feed->key[e].bytes);
    }
    for (uint32_t p = 0; p < count; p++) {
        cells[p] = feed->cells[p];
        if (!cells[p].null && has_text(&properties[p]))
            cells[p].as.string.text =
                keep(batch, cells[p].as.string.text, cells[p].as.string.bytes);
    }
    batch->shown.count++;
}

static void add_rejected(struct batch *batch, const struct cdn_feed *feed)
{
    struct cdn_ahead_row *row = &batch->rows[batch->shown.count++];

    *row = (struct cdn_ahead_row){
        .line = feed->line,
        .reason = keep(batch, feed->reason, strlen(feed->reason) + 1)};
}

/* ---- a thread ---- */

/* A free batch of the thread's own; NULL: stop. */
static struct batch *take_free(struct worker *worker)
{
    struct cdn_ahead *ahead = worker->ahead;
    struct batch *batch;

    pthread_mutex_lock(&ahead->lock);
    while (!worker->free && !ahead->stopping)
        pthread_cond_wait(&ahead->emptied, &ahead->lock);
    batch = ahead->stopping ? NULL : worker->free;
    if (batch)
        worker->free = batch->next;
    pthread_mutex_unlock(&ahead->lock);
    return batch;
}

static void give(struct cdn_ahead *ahead, uint32_t file, struct batch *batch)
{
    struct queue *queue = &ahead->queues[file];

    pthread_mutex_lock(&ahead->lock);
    batch->next = NULL;
    if (queue->last)
        queue->last->next = batch;
    else
        queue->first = batch;
    queue->last = batch;
    pthread_cond_signal(&ahead->filled);
    pthread_mutex_unlock(&ahead->lock);
}

/* A file being parsed. */
struct parsing {
    struct cdn_feed feed;
    enum cdn_feed_event event;
    bool opened;
    bool held; /* the feed's row did not fit into the last batch */
};

static void fill(struct batch *batch, struct parsing *file,
                 const struct cdn_mapping *mapping)
{
    struct cdn_feed *feed = &file->feed;
    const struct cdn_property *properties = properties_of(mapping, feed->source);
    uint32_t count = property_count(mapping, feed->source);
    bool nomem = false;

    while (batch->shown.count < BATCH_ROWS) {
        bool row;

        if (!file->held)
            batch->status = cdn_feed_next(feed, &file->event, &batch->err);
        batch->last = batch->status || file->event == CDN_FEED_END;
        if (batch->last)
            break;
        if (file->event == CDN_FEED_FILTERED) {
            batch->shown.filtered++;
            continue;
        }
        row = file->event == CDN_FEED_ROW;
        file->held = !text_fits(
            batch, row ? text_bytes(feed, properties, count) : strlen(feed->reason) + 1,
            &nomem);
        if (nomem)
            batch->status = cdn_error_nomem(&batch->err);
        if (file->held)
            break;
        if (row)
            add_row(batch, feed, properties, count);
        else
            add_rejected(batch, feed);
    }
    batch->shown.offset = cdn_csv_offset(feed->csv);
}

static void parse_file(struct worker *worker, uint32_t number)
{
    struct cdn_ahead *ahead = worker->ahead;
    const struct cdn_ahead_file *file = &ahead->files[number];
    uint32_t properties = property_count(ahead->mapping, file->source);
    struct parsing parsing = {.held = false};
    bool last = false;

    while (!last) {
        struct batch *batch = take_free(worker);

        if (!batch)
            break;
        if (!batch_begin(batch, file, properties))
            batch->status = cdn_error_nomem(&batch->err);
        if (!batch->status && !parsing.opened) {
            batch->status = cdn_feed_open(&parsing.feed, ahead->mapping, file->source,
                                          file->path, &batch->err);
            parsing.opened = !batch->status;
        }
        if (!batch->status)
            fill(batch, &parsing, ahead->mapping);
        batch->last |= batch->status != CORDON_OK;
        last = batch->last;
        give(ahead, number, batch);
    }
    if (parsing.opened)
        cdn_feed_close(&parsing.feed);
}

static void *work(void *ud)
{
    struct worker *worker = ud;
    struct cdn_ahead *ahead = worker->ahead;

    for (;;) {
        uint32_t file;

        pthread_mutex_lock(&ahead->lock);
        file = ahead->stopping ? ahead->count : ahead->taken;
        if (file < ahead->count)
            ahead->taken++;
        pthread_mutex_unlock(&ahead->lock);
        if (file >= ahead->count)
            return NULL;
        parse_file(worker, file);
    }
}

/* ---- the reader ---- */

static uint32_t choose_threads(uint32_t wanted, uint32_t files)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t threads = wanted;

    if (threads == 0)
        threads = processors > 1 ? (uint32_t)processors - 1 : 1;
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    return threads < files ? threads : files;
}

static bool make_locks(struct cdn_ahead *ahead)
{
    if (pthread_mutex_init(&ahead->lock, NULL))
        return false;
    if (pthread_cond_init(&ahead->filled, NULL)) {
        pthread_mutex_destroy(&ahead->lock);
        return false;
    }
    if (pthread_cond_init(&ahead->emptied, NULL)) {
        pthread_cond_destroy(&ahead->filled);
        pthread_mutex_destroy(&ahead->lock);
        return false;
    }
    return true;
}

static bool make_batches(struct worker *worker)
{
    for (uint32_t b = 0; b < BATCHES; b++) {
        struct batch *batch = batch_new(worker);

        if (!batch)
            return false;
        batch->next = worker->free;
        worker->free = batch;
    }
    return true;
}

cordon_status cdn_ahead_open(struct cdn_ahead **out, const struct cdn_mapping *mapping,
                             const struct cdn_ahead_file *files, uint32_t count,
                             uint32_t threads, cordon_error *err)
{
    struct cdn_ahead *ahead = cdn_calloc(1, sizeof(*ahead));
    bool made;

    *out = NULL;
    if (!ahead)
        return cdn_error_nomem(err);
    ahead->mapping = mapping;
    ahead->files = files;
    ahead->count = count;
    ahead->locks_made = make_locks(ahead);
    ahead->worker_count = choose_threads(threads, count);
    ahead->queues = cdn_calloc(count, sizeof(*ahead->queues));
    ahead->workers = cdn_calloc(ahead->worker_count, sizeof(*ahead->workers));
    made = ahead->locks_made && ahead->queues && ahead->workers;
    for (uint32_t w = 0; made && w < ahead->worker_count; w++) {
        ahead->workers[w].ahead = ahead;
        made = make_batches(&ahead->workers[w]);
    }
    for (uint32_t w = 0; made && w < ahead->worker_count; w++) {
        struct worker *worker = &ahead->workers[w];

        worker->started = !pthread_create(&worker->thread, NULL, work, worker);
        made = worker->started;
    }
    if (!made) {
        cdn_ahead_close(ahead);
        return cdn_error_nomem(err);
    }
    *out = ahead;
    return CORDON_OK;
}

cordon_status cdn_ahead_next(struct cdn_ahead *ahead,
                             const struct cdn_ahead_batch **batch, cordon_error *err)
{
    struct batch *shown = ahead->shown;
    bool last = shown && shown->last;

    *batch = NULL;
    if (shown && shown->status) { /* behind its rows */
        if (err)
            *err = shown->err;
        return shown->status;
    }
    pthread_mutex_lock(&ahead->lock);
    if (shown) {
        shown->next = shown->owner->free;
        shown->owner->free = shown;
        pthread_cond_broadcast(&ahead->emptied);
    }
    ahead->shown = NULL;
    ahead->reading += last;
    if (ahead->reading < ahead->count) {
        struct queue *queue = &ahead->queues[ahead->reading];

        while (!queue->first)
            pthread_cond_wait(&ahead->filled, &ahead->lock);
        ahead->shown = queue->first;
        queue->first = queue->first->next;
        if (!queue->first)
            queue->last = NULL;
    }
    pthread_mutex_unlock(&ahead->lock);
    if (!ahead->shown)
        return CORDON_OK;
    *batch = &ahead->shown->shown;
    return CORDON_OK;
}

static void free_list(struct batch *batch)
{
    while (batch) {
        struct batch *next = batch->next;

        batch_free(batch);
        batch = next;
    }
}

void cdn_ahead_close(struct cdn_ahead *ahead)
{
    if (!ahead)
        return;
    if (ahead->locks_made) {
        pthread_mutex_lock(&ahead->lock);
        ahead->stopping = true;
        pthread_cond_broadcast(&ahead->emptied);
        pthread_mutex_unlock(&ahead->lock);
    }
    for (uint32_t w = 0; ahead->workers && w < ahead->worker_count; w++)
        if (ahead->workers[w].started)
            pthread_join(ahead->workers[w].thread, NULL);
    for (uint32_t w = 0; ahead->workers && w < ahead->worker_count; w++)
        free_list(ahead->workers[w].free);
    for (uint32_t f = 0; ahead->queues && f < ahead->count; f++)
        free_list(ahead->queues[f].first);
    batch_free(ahead->shown);
    if (ahead->locks_made) {
        pthread_cond_destroy(&ahead->filled);
        pthread_cond_destroy(&ahead->emptied);
        pthread_mutex_destroy(&ahead->lock);
    }
    cdn_free(ahead->queues);
    cdn_free(ahead->workers);
    cdn_free(ahead);
}
