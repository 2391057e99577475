/* The rules under test: each in an engine of its own that has production's ceilings, on
 * whatever snapshot a test puts it. */
#include "cli/testing/harness.h"

#include <string.h>
#include <unistd.h>

#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/file.h"

/* How often a request is put that the clock alone stopped, as for a pushed rule's cases. */
#define TIME_TRIES 3

#define TRACE_BYTES (UINT64_C(1) << 20)

/* "velocity_test.lua" tests "velocity.lua"; "spec/velocity_spec.lua" also one above. */
static cordon_status default_word(char out[PATH_MAX], const struct cdn_harness *harness,
                                  cordon_error *err)
{
    static const char *const ends[] = {"_test.lua", "_spec.lua"};
    static const char *const places[] = {"", "../", "../rules/"};
    const char *name = strrchr(harness->file->path, '/');
    char path[PATH_MAX];
    size_t bytes;

    name = name ? name + 1 : harness->file->path;
    bytes = strlen(name);
    for (size_t end = 0; end < CDN_COUNT(ends); end++) {
        size_t tail = strlen(ends[end]);

        if (bytes <= tail || strcmp(name + bytes - tail, ends[end]) != 0)
            continue;
        for (size_t i = 0; i < (end ? CDN_COUNT(places) : 1); i++) {
            int written = snprintf(out, PATH_MAX, "%s%.*s.lua", places[i],
                                   (int)(bytes - tail), name);

            if (written > 0 && written < PATH_MAX &&
                !cdn_harness_path(path, harness, out, strlen(out), NULL))
                return CORDON_OK;
        }
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "there is no %.*s.lua beside the test; name the rule: "
                             "rule \"other.lua\"",
                             (int)(bytes - tail), name);
    }
    return cdn_error_set(err, CORDON_E_NOTFOUND,
                         "which rule is tested the file's name does not say; name it: "
                         "rule \"other.lua\"");
}

static cordon_status make_engine(struct cdn_subject *subject,
                                 const struct cdn_harness *harness, cordon_error *err)
{
    cordon_trace_options tracing = CORDON_TRACE_OPTIONS_INIT;
    cordon_status status =
        cordon_engine_new(&subject->engine, &harness->options->engine, err);

    if (status || !harness->options->coverage)
        return status;
    tracing.memory_bytes = TRACE_BYTES;
    tracing.counts_only = true;
    return cordon_trace_new(&subject->trace, &tracing, err);
}

static cordon_status load(struct cdn_subject *subject, struct cdn_harness *harness,
                          cordon_error *err)
{
    char path[PATH_MAX];
    const char *shown = strrchr(harness->file->path, '/');
    cordon_status status =
        cdn_harness_path(path, harness, subject->word, strlen(subject->word), err);
    int before = shown ? (int)(shown + 1 - harness->file->path) : 0;
    char name[2 * PATH_MAX];

    if (status)
        return status;
    snprintf(name, sizeof name, "%.*s%s", before, harness->file->path, subject->word);
    subject->file = cdn_strdup(name);
    if (!subject->file)
        return cdn_error_nomem(err);
    status = cdn_file_read(&subject->source, path, CORDON_RULE_MAX_SOURCE_BYTES, err);
    if (!status)
        status = make_engine(subject, harness, err);
    if (!status)
        status = cordon_engine_load_rule(
            subject->engine, (const char *)subject->source.data, subject->source.length,
            subject->file, subject->name, err);
    return status;
}

cordon_status cdn_subject_get(struct cdn_subject **out, struct cdn_harness *harness,
                              const char *word, size_t bytes, cordon_error *err)
{
    char own[PATH_MAX];
    struct cdn_subject *subject;
    cordon_status status;

    if (!bytes && harness->rule_word) {
        word = harness->rule_word;
        bytes = strlen(word);
    } else if (!bytes) {
        status = default_word(own, harness, err);
        if (status)
            return status;
        word = own;
        bytes = strlen(own);
    }
    for (subject = harness->subjects; subject; subject = subject->next)
        if (strlen(subject->word) == bytes && !memcmp(subject->word, word, bytes)) {
            *out = subject;
            return CORDON_OK;
        }
    subject = cdn_calloc(1, sizeof *subject);
    if (subject)
        subject->word = cdn_strndup(word, bytes);
    if (!subject || !subject->word)
        status = cdn_error_nomem(err);
    else
        status = load(subject, harness, err);
    if (status) {
        cdn_subject_free(subject);
        return status;
    }
    subject->next = harness->subjects;
    harness->subjects = *out = subject;
    return CORDON_OK;
}

void cdn_subject_free(struct cdn_subject *subject)
{
    if (!subject)
        return;
    cordon_engine_free(subject->engine);
    cordon_trace_free(subject->trace);
    cdn_buf_deinit(&subject->source);
    cdn_free(subject->file);
    cdn_free(subject->word);
    cdn_free(subject);
}

cordon_status cdn_subject_evaluate(struct cdn_harness *harness,
                                   struct cdn_subject *subject,
                                   cordon_snapshot *snapshot, cordon_request *request,
                                   cordon_error *err)
{
    cordon_status status = CORDON_OK;

    if (subject->snapshot != snapshot) {
        status = cordon_engine_set_snapshot(subject->engine, snapshot, err);
        if (status)
            return status;
        subject->snapshot = snapshot;
    }
    for (int tries = 0; !status && tries < TIME_TRIES; tries++) {
        status = cordon_evaluate(harness->answer, subject->engine, subject->name,
                                 request, err);
        if (!status && cordon_outcome_limit(harness->answer) != CORDON_BUDGET_TIME)
            break;
    }
    return status;
}
