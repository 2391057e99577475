/* One test file in an engine of its own: loaded as a rule whose function runs the test of a
 * given number, so that limits, pristine states and errors are those of any rule.
 *
 * The text that is loaded is the language (one line), the file, and a call that hands over its
 * test_ functions: those are found by reading the file's words, as no rule may look into the
 * globals in the order they were made in. */
#include "cli/testing/harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/pack.h"
#include "lint/lexer.h"

#define BEGIN  "do "
#define MIDDLE " end "

/* ---- texts ---- */

char *cdn_testing_text(struct cdn_test_file *file, const char *text, size_t bytes,
                       bool lines)
{
    size_t room = 4 * bytes + 1, at = 0;
    char *out = cdn_alloc(room);

    if (!out) {
        file->nomem = true;
        return NULL;
    }
    for (;;) {
        const char *stop = lines ? memchr(text, '\n', bytes) : NULL;
        size_t part = stop ? (size_t)(stop - text) : bytes;

        cdn_escape(out + at, room - at, text, part);
        at += strlen(out + at);
        if (!stop)
            return out;
        out[at++] = '\n';
        text = stop + 1;
        bytes -= part + 1;
    }
}

static char *text_of(struct cdn_test_file *file, const cordon_value *map,
                     const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key) || value.type != CORDON_STRING)
        return NULL;
    return cdn_testing_text(file, value.as.string, value.length, false);
}

static uint64_t number_of(const cordon_value *map, const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key) || value.type != CORDON_INTEGER ||
        value.as.integer < 0)
        return 0;
    return (uint64_t)value.as.integer;
}

struct cdn_test_failure *cdn_testing_fail(struct cdn_harness *harness, uint32_t line)
{
    struct cdn_test *test = harness->test;
    struct cdn_test_failure *failure;

    test->verdict = CDN_TEST_FAILED;
    if (test->failure_count == CDN_TEST_MAX_FAILURES)
        return NULL;
    failure = &test->failures[test->failure_count++];
    *failure = (struct cdn_test_failure){.line = line > 1 ? line : test->line};
    return failure;
}

static void fail_with(struct cdn_harness *harness, uint32_t line, const char *message)
{
    struct cdn_test_failure *failure = cdn_testing_fail(harness, line);

    if (failure)
        failure->message =
            cdn_testing_text(harness->file, message, strlen(message), true);
}

/* ---- places ---- */

static bool lies_below(const char *path, const char *root)
{
    size_t bytes = strlen(root);

    return !strncmp(path, root, bytes) && (path[bytes] == '/' || path[bytes] == '\0' ||
                                           (bytes && root[bytes - 1] == '/'));
}

/* The folder of the manifest above the test file, else where the command was called if that
 * is above it, else the folder above the file's. */
static void find_root(struct cdn_harness *harness)
{
    char at[PATH_MAX], manifest[PATH_MAX];
    char *slash;

    memcpy(at, harness->folder, sizeof at);
    while ((slash = strrchr(at, '/'))) {
        if (!cdn_path_join(manifest, sizeof manifest, at, "cordon.lua", NULL) &&
            !access(manifest, F_OK)) {
            memcpy(harness->root, at, sizeof at);
            return;
        }
        *slash = '\0';
    }
    if (getcwd(harness->root, sizeof harness->root) &&
        lies_below(harness->folder, harness->root))
        return;
    memcpy(harness->root, harness->folder, sizeof harness->root);
    slash = strrchr(harness->root, '/');
    if (slash && slash != harness->root)
        *slash = '\0';
}

static cordon_status find_folder(struct cdn_harness *harness, cordon_error *err)
{
    char path[PATH_MAX];
    char *slash;

    if (!realpath(harness->file->path, path))
        return cdn_error_set(err, CORDON_E_NOTFOUND, "%s: cannot be found",
                             harness->file->path);
    memcpy(harness->folder, path, sizeof path);
    slash = strrchr(harness->folder, '/');
    if (slash)
        *(slash == harness->folder ? slash + 1 : slash) = '\0';
    find_root(harness);
    return CORDON_OK;
}

cordon_status cdn_harness_path(char out[PATH_MAX], const struct cdn_harness *harness,
                               const char *word, size_t bytes, cordon_error *err)
{
    char name[PATH_MAX], joined[2 * PATH_MAX];
    int written;

    if (!bytes || bytes >= sizeof name || memchr(word, 0, bytes) || *word == '/')
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%.*s' is no file's name as a test may give it: relative "
                             "to the test's folder",
                             bytes > 60 ? 60 : (int)bytes, word);
    memcpy(name, word, bytes);
    name[bytes] = '\0';
    written = snprintf(joined, sizeof joined, "%s/%s", harness->folder, name);
    if (written < 0 || (size_t)written >= sizeof joined || !realpath(joined, out))
        return cdn_error_set(err, CORDON_E_NOTFOUND,
                             "there is no file '%s' beside the test", name);
    if (!lies_below(out, harness->root))
        return cdn_error_set(err, CORDON_E_DATA,
                             "'%s' lies outside of %s, the project's folder", name,
                             harness->root);
    return CORDON_OK;
}

cordon_status cdn_place_message(cordon_error *err, cordon_status status)
{
    char place[CORDON_ERROR_FILE_BYTES + 40];

    if (!status || !err->file[0])
        return status;
    if (err->line && err->column)
        snprintf(place, sizeof place, "%s:%" PRIu32 ":%" PRIu32, err->file, err->line,
                 err->column);
    else if (err->line)
        snprintf(place, sizeof place, "%s:%" PRIu32, err->file, err->line);
    else
        snprintf(place, sizeof place, "%s", err->file);
    err->file[0] = '\0';
    cdn_error_prefix(err, "%s", place);
    return status;
}

/* ---- loading ---- */

static bool is_test_name(const char *name, size_t bytes)
{
    return (bytes > 5 && !memcmp(name, "test_", 5)) ||
           (bytes > 10 && !memcmp(name, "todo_test_", 10));
}

struct found {
    uint32_t start, bytes, line;
};

static void note_function(struct cdn_buf *found, const struct cdn_lexer *lexer,
                          const struct cdn_token *name)
{
    struct found new = {name->start, name->end - name->start, 0};
    const struct found *items = (const struct found *)(const void *)found->data;
    const char *source = (const char *)lexer->source;
    uint32_t column;

    if (!is_test_name(source + new.start, new.bytes))
        return;
    for (size_t i = 0; i < found->length / sizeof new; i++)
        if (items[i].bytes == new.bytes &&
            !memcmp(source + items[i].start, source + new.start, new.bytes))
            return;
    cdn_lines_place(lexer->lines, lexer->line_count, new.start, &new.line, &column);
    cdn_buf_append(found, &new, sizeof new);
}

/* The file's functions called test_something: `function NAME` and `NAME = function`.  A text
 * that cannot be read has none; loading it tells why. */
static void find_functions(struct cdn_buf *found, const struct cdn_buf *source)
{
    struct cdn_lexer lexer;
    struct cdn_token before = {0}, last = {0};
    cordon_error err;

    if (!cdn_lexer_init(&lexer, (const char *)source->data, source->length, "", &err)) {
        while (lexer.token.kind != CDN_TOKEN_END) {
            if (lexer.token.kind == CDN_TOKEN_NAME && last.kind == CDN_TOKEN_FUNCTION &&
                cdn_lexer_peek(&lexer) == '(')
                note_function(found, &lexer, &lexer.token);
            if (lexer.token.kind == CDN_TOKEN_FUNCTION && last.kind == '=' &&
                before.kind == CDN_TOKEN_NAME)
                note_function(found, &lexer, &before);
            before = last;
            last = lexer.token;
            cdn_lexer_next(&lexer);
        }
    }
    cdn_lexer_deinit(&lexer);
}

static void assemble(struct cdn_buf *out, const struct cdn_buf *source)
{
    struct cdn_buf found = {0};
    const struct found *items;

    find_functions(&found, source);
    cdn_buf_text(out, BEGIN);
    cdn_buf_append(out, cdn_test_prelude, cdn_test_prelude_bytes);
    cdn_buf_text(out, MIDDLE);
    cdn_buf_append(out, source->data, source->length);
    cdn_buf_text(out, "\nreturn cordon_test_file {");
    items = (const struct found *)(const void *)found.data;
    for (size_t i = 0; i < found.length / sizeof *items; i++) {
        const char *name = (const char *)source->data + items[i].start;
        int bytes = (int)items[i].bytes;

        cdn_buf_printf(out, "{\"%.*s\",%.*s,%" PRIu32 "},", bytes, name, bytes, name,
                       items[i].line);
    }
    cdn_buf_text(out, "}");
    out->failed = out->failed || found.failed;
    cdn_buf_deinit(&found);
}

static uint32_t lines_of(const struct cdn_buf *source)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < source->length; i++)
        lines += source->data[i] == '\n';
    return lines;
}

/* A fault's place as the file has it, which does not know what was put around it. */
static void own_place(struct cdn_test_file *file)
{
    cordon_error *err = &file->err;
    uint32_t before =
        (uint32_t)(sizeof BEGIN + sizeof MIDDLE - 2 + cdn_test_prelude_bytes);

    if (err->line == 1 && err->column > before)
        err->column -= before;
    if (err->line > lines_of(&file->source)) {
        file->status =
            cdn_error_at(err, CORDON_E_RULE, file->path, lines_of(&file->source), 0,
                         "something is open at the file's end, or it "
                         "returns; a test file returns nothing");
    }
}

static cordon_status load(struct cdn_harness *harness, const struct cdn_buf *text,
                          cordon_error *err)
{
    cordon_engine_options options = CORDON_ENGINE_OPTIONS_INIT;
    cordon_status status;

    options.slots = 1;
    options.interrupt_slots = CORDON_NONE;
    options.max_memory_bytes = UINT64_C(16) << 20;
    options.max_output_bytes = UINT64_C(4) << 20;
    options.max_wall_ns = UINT64_C(30) * 1000000000;
    options.load_memory_bytes = UINT64_C(8) << 20;
    status = cordon_engine_new(&harness->engine, &options, err);
    if (!status)
        status = cordon_outcome_new(&harness->outcome, err);
    if (!status)
        status = cordon_outcome_new(&harness->answer, err);
    if (!status)
        status = cdn_host_functions(harness, err);
    if (!status)
        status = cordon_engine_load_rule(harness->engine, (const char *)text->data,
                                         text->length, harness->file->path, NULL, err);
    return status;
}

/* Call the file's function: with 0 for its list, else for a test. */
static cordon_status call(struct cdn_harness *harness, uint32_t index,
                          cordon_error *err)
{
    cordon_request request = CORDON_REQUEST_INIT;
    unsigned char room[32];
    struct cdn_packer packer;

    cdn_pack_init(&packer, room, sizeof room);
    cdn_pack_map(&packer, 1);
    cdn_pack_cstr(&packer, "index");
    cdn_pack_int(&packer, index);
    request.params = room;
    request.params_bytes = packer.length;
    request.cancel = harness->options->cancel;
    return cordon_evaluate(harness->outcome, harness->engine, "test", &request, err);
}

/* ---- the list ---- */

static void append_word(struct cdn_buf *name, const cordon_value *word)
{
    if (word->type != CORDON_STRING)
        return;
    if (name->length)
        cdn_buf_text(name, " ");
    cdn_buf_append(name, word->as.string, word->length);
}

/* Its full name; of several that are alike the later ones are numbered. */
static char *name_of(struct cdn_test_file *file, const cordon_value *one)
{
    struct cdn_buf name = {0};
    cordon_value value, part;
    cordon_value_iter iter;
    uint32_t alike = 1;
    char *out = NULL;

    if (cordon_value_get(&value, one, "names")) {
        cordon_value_iter_init(&iter, &value);
        while (cordon_value_next(&iter, NULL, &part))
            append_word(&name, &part);
    }
    if (cordon_value_get(&value, one, "name"))
        append_word(&name, &value);
    for (size_t i = 0; i < file->count; i++) {
        if (!file->tests[i].name || name.failed || !name.length)
            continue;
        if (!strncmp(file->tests[i].name, (const char *)name.data, name.length) &&
            (!file->tests[i].name[name.length] ||
             !strncmp(file->tests[i].name + name.length, " (", 2)))
            alike++;
    }
    if (alike > 1)
        cdn_buf_printf(&name, " (%" PRIu32 ")", alike);
    if (name.failed)
        file->nomem = true;
    else
        out = cdn_testing_text(file, name.length ? (const char *)name.data : "",
                               name.length, false);
    cdn_buf_deinit(&name);
    return out;
}

static cordon_status take_list(struct cdn_harness *harness, cordon_error *err)
{
    struct cdn_test_file *file = harness->file;
    cordon_value output = cordon_outcome_output(harness->outcome), all, one, flag;
    cordon_value_iter iter;

    harness->rule_word = text_of(file, &output, "rule");
    if (harness->rule_word && !harness->rule_word[0]) {
        cdn_free(harness->rule_word);
        harness->rule_word = NULL;
    }
    if (!cordon_value_get(&all, &output, "tests") || all.type != CORDON_ARRAY)
        return CORDON_OK;
    if (all.length > CDN_TEST_MAX_TESTS)
        return cdn_error_at(err, CORDON_E_RULE, file->path, 0, 0,
                            "the file has %" PRIu32 " tests; at most %d can be in one",
                            all.length, CDN_TEST_MAX_TESTS);
    file->tests = cdn_calloc(all.length + 1, sizeof *file->tests);
    if (!file->tests)
        return cdn_error_nomem(err);
    cordon_value_iter_init(&iter, &all);
    while (cordon_value_next(&iter, NULL, &one)) {
        struct cdn_test *test = &file->tests[file->count];

        test->name = name_of(file, &one);
        test->line = (uint32_t)number_of(&one, "line");
        test->pending = cordon_value_get(&flag, &one, "pending") &&
                        flag.type == CORDON_BOOLEAN && flag.as.boolean;
        test->verdict = CDN_TEST_NOT_RUN;
        test->number = (uint32_t)++file->count;
    }
    return file->nomem ? cdn_error_nomem(err) : CORDON_OK;
}

static cordon_status list(struct cdn_harness *harness, cordon_error *err)
{
    cordon_status status = call(harness, 0, err);

    if (status)
        return status;
    if (cordon_outcome_get_kind(harness->outcome) == CORDON_OUTCOME_CANCELLED)
        return cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted");
    if (cordon_outcome_get_kind(harness->outcome) != CORDON_OUTCOME_OK)
        return cdn_error_at(err, CORDON_E_RULE, harness->file->path, 0, 0,
                            "its tests cannot be listed: %s",
                            cordon_outcome_message(harness->outcome));
    return take_list(harness, err);
}

cordon_status cdn_harness_open(struct cdn_harness *harness, struct cdn_test_file *file,
                               const struct cdn_test_options *options,
                               cordon_error *err)
{
    struct cdn_buf text = {0};

    *harness = (struct cdn_harness){.options = options, .file = file};
    cdn_error_clear(&file->err);
    file->status = cdn_file_read(&file->source, file->path,
                                 CORDON_RULE_MAX_SOURCE_BYTES, &file->err);
    if (!file->status)
        file->status = find_folder(harness, &file->err);
    if (!file->status) {
        assemble(&text, &file->source);
        file->status = text.failed ? cdn_error_nomem(&file->err)
                                   : load(harness, &text, &file->err);
        if (file->status == CORDON_E_RULE)
            own_place(file);
    }
    if (!file->status)
        file->status = list(harness, &file->err);
    cdn_buf_deinit(&text);
    return file->status == CORDON_E_NOMEM ? cdn_error_nomem(err) : CORDON_OK;
}

static void drop_texts(struct cdn_harness *harness)
{
    while (harness->text_count)
        cdn_buf_deinit(&harness->texts[--harness->text_count]);
}

void cdn_harness_close(struct cdn_harness *harness)
{
    cordon_engine_free(harness->engine);
    cordon_outcome_free(harness->outcome);
    cordon_outcome_free(harness->answer);
    while (harness->subjects) {
        struct cdn_subject *subject = harness->subjects;

        harness->subjects = subject->next;
        cdn_subject_free(subject);
    }
    while (harness->graphs) {
        struct cdn_graph *graph = harness->graphs;

        harness->graphs = graph->next;
        cordon_snapshot_release(graph->snapshot);
        cdn_free(graph);
    }
    cdn_golden_deinit(&harness->goldens);
    drop_texts(harness);
    cdn_request_deinit(&harness->request);
    cdn_buf_deinit(&harness->params);
    cdn_free(harness->rule_word);
    *harness = (struct cdn_harness){0};
}

/* ---- running ---- */

static void tell_stop(struct cdn_harness *harness)
{
    cordon_outcome_kind kind = cordon_outcome_get_kind(harness->outcome);
    uint32_t line = cordon_outcome_line(harness->outcome);
    const char *said = cordon_outcome_message(harness->outcome);
    bool limit = kind == CORDON_OUTCOME_LIMIT;
    size_t bytes = strlen(said);
    char message[600];

    if (kind == CORDON_OUTCOME_CANCELLED) {
        harness->test->verdict = CDN_TEST_NOT_RUN;
        return;
    }
    if (limit) /* what it advises is for rules */
        (void)cdn_message_hint(said, &bytes);
    snprintf(message, sizeof message, "%s%.*s",
             limit ? "the test itself was stopped: " : "", (int)bytes, said);
    fail_with(harness, line, message);
}

static void take_answer(struct cdn_harness *harness)
{
    cordon_value output = cordon_outcome_output(harness->outcome), error;
    struct cdn_test *test = harness->test;

    test->asserted = number_of(&output, "asserted");
    test->skipped = text_of(harness->file, &output, "skipped");
    if (cordon_value_get(&error, &output, "error") && error.type == CORDON_STRING) {
        struct cdn_test_failure *failure =
            cdn_testing_fail(harness, (uint32_t)number_of(&output, "line"));

        if (failure)
            failure->message =
                cdn_testing_text(harness->file, error.as.string, error.length, true);
    }
    if (test->skipped && test->verdict != CDN_TEST_FAILED)
        test->verdict = CDN_TEST_SKIPPED;
}

void cdn_harness_run(struct cdn_harness *harness, struct cdn_test *test)
{
    uint64_t began_ns = cdn_clock_ns();
    cordon_error err;

    harness->test = test;
    harness->golden_number = 0;
    drop_texts(harness);
    test->verdict = CDN_TEST_PASSED;
    if (test->pending) {
        test->verdict = CDN_TEST_SKIPPED;
        return;
    }
    if (call(harness, test->number, &err))
        fail_with(harness, 0, err.message);
    else if (cordon_outcome_get_kind(harness->outcome) == CORDON_OUTCOME_OK)
        take_answer(harness);
    else
        tell_stop(harness);
    test->wall_ns += cdn_clock_ns() - began_ns;
}
