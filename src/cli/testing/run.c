/* All test files: some at once, told in their order.
 *
 * A file is taken by one thread and run to its end; whoever started the run waits for the files
 * in their order and tells of each as soon as it and all before it are done.  So what is told
 * does not depend on how many threads there were, nor, with --fail-fast, on how far others had
 * come when the first failure was found: files behind it count as not run. */
#include "cli/testing/harness.h"

#include <pthread.h>
#include <regex.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

struct running {
    struct cdn_test_file *files;
    size_t count;
    const struct cdn_test_options *options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t next;          /* file that nobody has taken */
    bool *done;           /* by file */
    bool stop;            /* take no more */
    cordon_status status; /* of the first thing that went wrong besides the files */
    cordon_error err;
};

/* ---- one file ---- */

static bool has_tag(const char *name, const struct cdn_strings *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        size_t bytes = strlen(tags->items[i]);

        for (const char *at = strchr(name, '#'); at; at = strchr(at + 1, '#'))
            if (!strncmp(at + 1, tags->items[i], bytes) &&
                (!at[1 + bytes] || strchr(" #,.;:", at[1 + bytes])))
                return true;
    }
    return !tags->count;
}

static bool is_selected(const struct cdn_test *test,
                        const struct cdn_test_options *options)
{
    const regex_t *regex = options->run_regex;

    return has_tag(test->name, options->tags) &&
           (!regex || !regexec(regex, test->name, 0, NULL, 0));
}

static void clear_result(struct cdn_test *test)
{
    for (uint32_t i = 0; i < test->failure_count; i++) {
        struct cdn_test_failure *failure = &test->failures[i];

        cdn_free(failure->message);
        cdn_free(failure->expected);
        cdn_free(failure->actual);
        cdn_free(failure->answer);
        cdn_free(failure->dearest);
    }
    cdn_free(test->skipped);
    cdn_buf_deinit(&test->printed);
    *test = (struct cdn_test){.number = test->number,
                              .name = test->name,
                              .line = test->line,
                              .pending = test->pending,
                              .verdict = CDN_TEST_NOT_RUN};
}

void cdn_testing_file_deinit(struct cdn_test_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        clear_result(&file->tests[i]);
        cdn_free(file->tests[i].name);
    }
    cdn_free(file->tests);
    cdn_buf_deinit(&file->source);
    *file = (struct cdn_test_file){.path = file->path};
}

/* The order in which tests run; any is as good, as none sees another's doings. */
static void shuffle(uint32_t *order, size_t count, uint64_t seed, const char *path)
{
    uint64_t state = cdn_hash_mix(seed, cdn_hash_xxh3(path, strlen(path)));

    for (size_t i = count; i > 1; i--) {
        size_t with;
        uint32_t moved = order[i - 1];

        state = cdn_hash_mix(state, i);
        with = (size_t)(state % i);
        order[i - 1] = order[with];
        order[with] = moved;
    }
}

static bool is_stopped(const struct cdn_test_options *options)
{
    return options->cancel &&
           __atomic_load_n(&options->cancel->requested, __ATOMIC_RELAXED) != 0;
}

/* *complete: every test of the file has run. */
static void run_tests(struct cdn_harness *harness, const uint32_t *order,
                      bool *complete)
{
    struct cdn_test_file *file = harness->file;
    const struct cdn_test_options *options = harness->options;
    bool failed = false;

    *complete = true;
    for (size_t i = 0; i < file->count; i++) {
        struct cdn_test *test = &file->tests[order[i]];

        if (!is_selected(test, options) || (failed && options->fail_fast) ||
            is_stopped(options)) {
            *complete = false;
            continue;
        }
        for (uint64_t n = 0; n < options->repeat && !is_stopped(options); n++) {
            clear_result(test);
            cdn_harness_run(harness, test);
            if (test->verdict != CDN_TEST_PASSED)
                break;
        }
        failed = failed || test->verdict == CDN_TEST_FAILED;
    }
}

static cordon_status add_coverage(struct running *running, struct cdn_harness *harness,
                                  cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (!running->options->coverage)
        return CORDON_OK;
    pthread_mutex_lock(&running->lock);
    for (struct cdn_subject *subject = harness->subjects; subject && !status;
         subject = subject->next)
        status = cdn_coverage_add(running->options->coverage, subject, err);
    pthread_mutex_unlock(&running->lock);
    return status;
}

static cordon_status run_file(struct running *running, struct cdn_test_file *file,
                              cordon_error *err)
{
    struct cdn_harness *harness = cdn_calloc(1, sizeof *harness);
    uint32_t *order = NULL;
    bool complete;
    cordon_status status;

    if (!harness)
        return cdn_error_nomem(err);
    status = cdn_harness_open(harness, file, running->options, err);
    if (!status && !file->status) {
        order = cdn_calloc(file->count + 1, sizeof *order);
        if (!order)
            status = cdn_error_nomem(err);
        for (size_t i = 0; order && i < file->count; i++)
            order[i] = (uint32_t)i;
        if (order && running->options->shuffle)
            shuffle(order, file->count, running->options->seed, file->path);
        if (!status)
            run_tests(harness, order, &complete);
        if (!status && file->nomem)
            status = cdn_error_nomem(err);
        if (!status)
            status = cdn_golden_write(harness, complete, err);
        if (!status)
            status = add_coverage(running, harness, err);
    }
    cdn_harness_close(harness);
    cdn_free(order);
    cdn_free(harness);
    return status;
}

/* ---- all files ---- */

static void *work(void *ud)
{
    struct running *running = ud;

    pthread_mutex_lock(&running->lock);
    while (!running->stop && running->next < running->count) {
        size_t i = running->next++;
        cordon_error err;
        cordon_status status;

        pthread_mutex_unlock(&running->lock);
        status = run_file(running, &running->files[i], &err);
        pthread_mutex_lock(&running->lock);
        if (status && !running->status) {
            running->status = status;
            running->err = err;
            running->stop = true;
        }
        running->done[i] = true;
        pthread_cond_broadcast(&running->changed);
    }
    pthread_mutex_unlock(&running->lock);
    return NULL;
}

static bool has_failed(const struct cdn_test_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        if (file->tests[i].verdict == CDN_TEST_FAILED)
            return true;
    return file->status != CORDON_OK;
}

/* As if it had not been run. */
static void forget(struct cdn_test_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        clear_result(&file->tests[i]);
    file->status = CORDON_OK;
}

/* Tell of the files in their order. */
static void tell(struct running *running,
                 void (*done)(void *ud, const struct cdn_test_file *file), void *ud)
{
    bool over = false;

    for (size_t i = 0; i < running->count; i++) {
        pthread_mutex_lock(&running->lock);
        while (!running->done[i] && (!running->stop || i < running->next))
            pthread_cond_wait(&running->changed, &running->lock);
        if (over || is_stopped(running->options))
            running->stop = true;
        pthread_mutex_unlock(&running->lock);
        if (over) {
            forget(&running->files[i]);
            continue;
        }
        over = running->options->fail_fast && has_failed(&running->files[i]);
        if (done)
            done(ud, &running->files[i]);
    }
}

cordon_status cdn_testing_run(struct cdn_test_file *files, size_t count,
                              uint32_t threads, const struct cdn_test_options *options,
                              void (*done)(void *ud, const struct cdn_test_file *file),
                              void *ud, cordon_error *err)
{
    struct running running = {.files = files, .count = count, .options = options};
    pthread_t *others;
    uint32_t started = 0;

    if (threads > count)
        threads = (uint32_t)count;
    running.done = cdn_calloc(count + 1, sizeof *running.done);
    others = cdn_calloc((size_t)threads + 1, sizeof *others);
    if (!running.done || !others) {
        cdn_free(running.done);
        cdn_free(others);
        return cdn_error_nomem(err);
    }
    pthread_mutex_init(&running.lock, NULL);
    pthread_cond_init(&running.changed, NULL);
    while (started < threads && !pthread_create(&others[started], NULL, work, &running))
        started++;
    if (!started)
        (void)work(&running);
    tell(&running, done, ud);
    while (started)
        pthread_join(others[--started], NULL);
    pthread_cond_destroy(&running.changed);
    pthread_mutex_destroy(&running.lock);
    cdn_free(running.done);
    cdn_free(others);
    if (running.status && err)
        *err = running.err;
    return running.status;
}

void cdn_testing_count(struct cdn_test_counts *counts, const struct cdn_test_file *file)
{
    counts->files++;
    counts->broken += file->status != CORDON_OK;
    for (size_t i = 0; i < file->count; i++) {
        const struct cdn_test *test = &file->tests[i];

        counts->passed += test->verdict == CDN_TEST_PASSED;
        counts->failed += test->verdict == CDN_TEST_FAILED;
        counts->skipped += test->verdict == CDN_TEST_SKIPPED;
        counts->not_run += test->verdict == CDN_TEST_NOT_RUN;
        counts->silent += test->verdict == CDN_TEST_PASSED && !test->asserted;
    }
}
