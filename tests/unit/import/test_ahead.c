/* Reading ahead: what comes out is what one feed after another would give, whatever the number
 * of threads. */
#include "support/unit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "import/ahead.h"

#define FILES 7

static char folder[128];
static char paths[FILES][200];
static struct cdn_mapping mapping;
static struct cdn_ahead_file files[FILES];

static const char SCHEMA[] =
    "return { labels = { A = { key = { column = 'k', type = 'string' }, file = 'f',\n"
    "where = { column = 'n', op = '<', value = 900 },\n"
    "properties = { n = 'int64', t = 'text?', s = 'string', b = 'bag?' } } } }";

/* File `f` has so many rows that batches end anywhere; one is empty, some rows are bad. */
static void write_file(int f)
{
    FILE *file;

    snprintf(paths[f], sizeof(paths[f]), "%s/%d.csv", folder, f);
    file = fopen(paths[f], "w");
    ck_assert_ptr_nonnull(file);
    fputs("k,n,t,s,b\n", file);
    for (int i = 0; i < f * 997; i++) {
        fprintf(file, "key-%d-%d,%d,", f, i, i % 1000);
        if (i % 5)
            for (int j = 0; j < i % 37; j++)
                fputs("text", file);
        fprintf(file, i % 101 ? ",s%d,\n" : ",s%d,\"[1,%d]\"\n", i % 13, i);
        if (i % 211 == 0)
            fputs("bad,x,,,\n", file);
    }
    if (f == 5) { /* a row longer than all the text of a batch */
        fputs("long,1,", file);
        for (int j = 0; j < 300000; j++)
            fputc('a' + j % 26, file);
        fputs(",s,\n", file);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void setup(void)
{
    cordon_error err;

    cdn_unit_folder(folder, sizeof(folder));
    ck_assert_msg(!cdn_mapping_read(&mapping, SCHEMA, strlen(SCHEMA), "s.lua", &err),
                  "%s", err.message);
    for (int f = 0; f < FILES; f++) {
        write_file(f);
        files[f] = (struct cdn_ahead_file){paths[f], &mapping.sources[0], (uint32_t)f};
    }
}

static void teardown(void)
{
    for (int f = 0; f < FILES; f++)
        unlink(paths[f]);
    rmdir(folder);
    cdn_mapping_deinit(&mapping);
}

/* All of a row that matters, as text. */
static void show(struct cdn_buf *out, const char *path, uint64_t line,
                 const struct cdn_key *key, const struct cdn_cell *cells,
                 const char *reason)
{
    cdn_buf_printf(out, "%s:%llu ", path, (unsigned long long)line);
    if (reason) {
        cdn_buf_printf(out, "%s\n", reason);
        return;
    }
    cdn_buf_append(out, key->text, key->bytes);
    for (uint32_t p = 0; p < mapping.schema.labels[0].property_count; p++) {
        if (cells[p].null)
            cdn_buf_text(out, " -");
        else if (mapping.schema.labels[0].properties[p].type == CDN_COLUMN_INT64)
            cdn_buf_printf(out, " %lld", (long long)cells[p].as.integer);
        else
            cdn_buf_append(out, cells[p].as.string.text, cells[p].as.string.bytes);
    }
    cdn_buf_text(out, "\n");
}

static uint64_t read_directly(struct cdn_buf *out)
{
    uint64_t filtered = 0;

    for (int f = 0; f < FILES; f++) {
        enum cdn_feed_event event = CDN_FEED_ROW;
        struct cdn_feed feed;

        ck_assert_int_eq(
            cdn_feed_open(&feed, &mapping, files[f].source, paths[f], NULL), CORDON_OK);
        while (!cdn_feed_next(&feed, &event, NULL) && event != CDN_FEED_END) {
            filtered += event == CDN_FEED_FILTERED;
            if (event != CDN_FEED_FILTERED)
                show(out, paths[f], feed.line, feed.key, feed.cells,
                     event == CDN_FEED_ROW ? NULL : feed.reason);
        }
        cdn_feed_close(&feed);
    }
    return filtered;
}

static cordon_status read_ahead(struct cdn_buf *out, uint64_t *filtered,
                                uint32_t threads, cordon_error *err)
{
    const struct cdn_ahead_batch *batch = NULL;
    struct cdn_ahead *ahead;
    cordon_status status = cdn_ahead_open(&ahead, &mapping, files, FILES, threads, err);

    *filtered = 0;
    while (!status) {
        status = cdn_ahead_next(ahead, &batch, err);
        if (status || !batch)
            break;
        *filtered += batch->filtered;
        for (uint32_t i = 0; i < batch->count; i++)
            show(out, batch->file->path, batch->rows[i].line, batch->rows[i].key,
                 batch->rows[i].cells, batch->rows[i].reason);
    }
    cdn_ahead_close(ahead);
    return status;
}

START_TEST(next__gives_the_rows_of_one_feed_after_another)
{
    static const uint32_t THREADS[] = {0, 1, 2, 3, 4, 100};
    struct cdn_buf wanted = {0};
    struct cdn_buf found = {0};
    uint64_t filtered;
    uint64_t wanted_filtered = read_directly(&wanted);
    cordon_error err;

    ck_assert_msg(!read_ahead(&found, &filtered, THREADS[_i], &err), "%s", err.message);
    ck_assert_uint_eq(filtered, wanted_filtered);
    ck_assert_uint_gt(filtered, 100);
    ck_assert_uint_eq(found.length, wanted.length);
    ck_assert_mem_eq(found.data, wanted.data, wanted.length);
    cdn_buf_deinit(&wanted);
    cdn_buf_deinit(&found);
}
END_TEST

START_TEST(next__tells_the_first_fault_behind_the_rows_before_it)
{
    struct cdn_buf found = {0};
    uint64_t filtered;
    cordon_error err;

    ck_assert_int_eq(unlink(paths[3]), 0);
    ck_assert_int_eq(unlink(paths[5]), 0);
    ck_assert_int_eq(read_ahead(&found, &filtered, 4, &err), CORDON_E_NOTFOUND);
    ck_assert_msg(strstr(err.message, "/3.csv") != NULL, "%s", err.message);
    ck_assert_ptr_nonnull(memmem(found.data, found.length, "/2.csv", 6));
    ck_assert_ptr_null(memmem(found.data, found.length, "/4.csv", 6));
    cdn_buf_deinit(&found);
}
END_TEST

START_TEST(close__stops_threads_that_wait)
{
    for (uint32_t taken = 0; taken < 5; taken++) {
        const struct cdn_ahead_batch *batch;
        struct cdn_ahead *ahead;

        ck_assert_int_eq(cdn_ahead_open(&ahead, &mapping, files, FILES, 4, NULL),
                         CORDON_OK);
        for (uint32_t i = 0; i < taken; i++)
            ck_assert_int_eq(cdn_ahead_next(ahead, &batch, NULL), CORDON_OK);
        cdn_ahead_close(ahead);
    }
    cdn_ahead_close(NULL);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(ahead__survives_every_allocation_failure)
{
    struct cdn_buf wanted = {0};

    (void)read_directly(&wanted);
    for (long nth = 0;; nth++) {
        struct cdn_buf found = {0};
        uint64_t filtered;
        cordon_status status;
        bool fired;

        cdn_failalloc_after(nth, false);
        status = read_ahead(&found, &filtered, 2, NULL);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        /* libcsv asks for less when it is refused: then all is well */
        if (!status && !found.failed) {
            ck_assert_uint_eq(found.length, wanted.length);
            ck_assert_mem_eq(found.data, wanted.data, wanted.length);
        }
        ck_assert(status == CORDON_OK || status == CORDON_E_NOMEM);
        cdn_buf_deinit(&found);
        if (!fired)
            break;
    }
    cdn_buf_deinit(&wanted);
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("ahead");
    TCase *c = tcase_create("ahead");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, next__gives_the_rows_of_one_feed_after_another, 0, 6);
    tcase_add_test(c, next__tells_the_first_fault_behind_the_rows_before_it);
    tcase_add_test(c, close__stops_threads_that_wait);
#ifdef CORDON_FAILALLOC
    tcase_add_test(c, ahead__survives_every_allocation_failure);
#endif
    suite_add_tcase(s, c);
    return s;
}

CDN_UNIT_MAIN(suite)
