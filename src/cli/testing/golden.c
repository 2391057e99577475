/* Golden results: what a test's values were when somebody last said that they were right.
 *
 * They stand beside the test file, velocity_test.golden.json beside velocity_test.lua, by the
 * test's full name, " #2" behind it for its second value or the name that the test gave:
 *
 *     { "schema_version": 1, "golden": { "denies ten transfers": { "decision": "deny", ... } } }
 *
 * The file is written whole or not at all, in order of the names, so that it is the same
 * whatever ran first.  Values are compared as they would be written. */
#include "cli/testing/harness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/pack.h"
#include "codec/json.h"
#include "codec/json_read.h"

#define MAX_BYTES   ((size_t)64 << 20)
#define SHOWN_LINES 12
#define SHOWN_BYTES 1500

static cordon_status make_path(struct cdn_goldens *goldens, const char *test,
                               cordon_error *err)
{
    size_t bytes = strlen(test);
    int written;

    if (bytes > 4 && !strcmp(test + bytes - 4, ".lua"))
        bytes -= 4;
    written = snprintf(goldens->path, sizeof goldens->path, "%.*s.golden.json",
                       (int)bytes, test);
    if (written < 0 || (size_t)written >= sizeof goldens->path)
        return cdn_error_set(err, CORDON_E_INVALID, "%s: the name is too long", test);
    return CORDON_OK;
}

/* The value's bytes: a view does not have its own beginning, so a map's is walked. */
static cordon_status add(struct cdn_goldens *goldens, const char *name, size_t bytes,
                         const void *pack, size_t pack_bytes, bool used,
                         cordon_error *err)
{
    struct cdn_golden *grown =
        cdn_realloc_array(goldens->items, goldens->count + 1, sizeof *grown);
    struct cdn_golden *item;

    if (!grown)
        return cdn_error_nomem(err);
    goldens->items = grown;
    item = &grown[goldens->count];
    *item = (struct cdn_golden){.name = cdn_strndup(name, bytes), .used = used};
    cdn_buf_append(&item->pack, pack, pack_bytes);
    if (!item->name || item->pack.failed) {
        cdn_free(item->name);
        cdn_buf_deinit(&item->pack);
        return cdn_error_nomem(err);
    }
    goldens->count++;
    return CORDON_OK;
}

static cordon_status add_all(struct cdn_goldens *goldens, const struct cdn_buf *pack,
                             cordon_error *err)
{
    cordon_value all, golden, key;
    cordon_status status = cordon_value_parse(&all, pack->data, pack->length, err);
    const unsigned char *at, *end = pack->data + pack->length;

    if (status)
        return status;
    if (!cordon_value_get(&golden, &all, "golden") || golden.type != CORDON_MAP)
        return cdn_error_set(err, CORDON_E_DATA,
                             "the file has no \"golden\" with results by their tests' "
                             "names; --update writes one");
    at = golden.as.items;
    for (uint32_t i = 0; i < golden.length && !status; i++) {
        const unsigned char *value;

        if (!cdn_unpack_head(&key, &at, end) || key.type != CORDON_STRING)
            return cdn_error_set(err, CORDON_E_DATA, "a golden result has no name");
        value = at;
        if (!cdn_unpack_skip(&at, end))
            return cdn_error_set(err, CORDON_E_DATA, "a golden result is damaged");
        status = add(goldens, key.as.string, key.length, value, (size_t)(at - value),
                     false, err);
    }
    return status;
}

static cordon_status load(struct cdn_harness *harness, cordon_error *err)
{
    struct cdn_goldens *goldens = &harness->goldens;
    struct cdn_buf text = {0}, pack = {0};
    cordon_status status;

    if (goldens->loaded)
        return CORDON_OK;
    status = make_path(goldens, harness->file->path, err);
    if (!status)
        status = cdn_file_read(&text, goldens->path, MAX_BYTES, err);
    if (status == CORDON_E_NOTFOUND) {
        cdn_error_clear(err);
        status = CORDON_OK;
    } else if (!status) {
        status = cdn_json_to_pack(&pack, (const char *)text.data, text.length, err);
        if (!status)
            status = add_all(goldens, &pack, err);
        if (status)
            cdn_error_prefix(err, "%s", goldens->path);
    }
    goldens->loaded = !status;
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&pack);
    return status;
}

void cdn_golden_deinit(struct cdn_goldens *goldens)
{
    for (size_t i = 0; i < goldens->count; i++) {
        cdn_free(goldens->items[i].name);
        cdn_buf_deinit(&goldens->items[i].pack);
    }
    cdn_free(goldens->items);
    *goldens = (struct cdn_goldens){0};
}

/* ---- comparing ---- */

static void write_text(struct cdn_buf *out, const struct cdn_buf *pack)
{
    struct cdn_json json;
    cordon_value value;

    if (cordon_value_parse(&value, pack->data, pack->length, NULL))
        return;
    cdn_json_init(&json, out, true);
    cdn_json_value(&json, &value);
}

/* Leave of a text the lines from `from` on, as many as are shown. */
static void leave(struct cdn_buf *text, size_t from)
{
    size_t to = from, lines = 0;

    while (to < text->length && lines < SHOWN_LINES && to - from < SHOWN_BYTES)
        lines += text->data[to++] == '\n';
    memmove(text->data, text->data + from, to - from);
    text->length = to - from;
    text->data[text->length] = '\0';
}

/* Of two texts that differ: from the line on in which they first do. */
static void leave_difference(struct cdn_buf *a, struct cdn_buf *b)
{
    size_t at = 0, line = 0;

    while (at < a->length && at < b->length && a->data[at] == b->data[at]) {
        at++;
        if (a->data[at - 1] == '\n')
            line = at;
    }
    leave(a, line);
    leave(b, line);
}

static struct cdn_golden *find(struct cdn_goldens *goldens, const char *name)
{
    for (size_t i = 0; i < goldens->count; i++)
        if (!strcmp(goldens->items[i].name, name))
            return &goldens->items[i];
    return NULL;
}

static void name_of(struct cdn_buf *out, struct cdn_harness *harness, const char *name,
                    size_t bytes)
{
    cdn_buf_text(out, harness->test ? harness->test->name : "");
    if (bytes) {
        char shown[400];

        cdn_buf_printf(out, ": %s", cdn_escape(shown, sizeof shown, name, bytes));
    } else if (++harness->golden_number > 1) {
        cdn_buf_printf(out, " #%" PRIu32, harness->golden_number);
    }
}

static cordon_status keep(struct cdn_harness *harness, struct cdn_golden *before,
                          const char *name, struct cdn_buf *pack, cordon_error *err)
{
    struct cdn_goldens *goldens = &harness->goldens;

    if (!before) {
        goldens->changed = true;
        harness->file->updated++;
        return add(goldens, name, strlen(name), pack->data, pack->length, true, err);
    }
    before->used = true;
    if (before->pack.length == pack->length &&
        !memcmp(before->pack.data, pack->data, pack->length))
        return CORDON_OK;
    cdn_buf_clear(&before->pack);
    cdn_buf_append(&before->pack, pack->data, pack->length);
    goldens->changed = true;
    harness->file->updated++;
    return before->pack.failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_golden_check(struct cdn_harness *harness, const cordon_value *value,
                               const char *name, size_t bytes, bool *differs,
                               struct cdn_buf *expected, struct cdn_buf *actual,
                               cordon_error *err)
{
    struct cdn_buf full = {0}, pack = {0};
    struct cdn_json json;
    struct cdn_golden *before;
    cordon_status status = load(harness, err);

    *differs = false;
    if (status)
        return status;
    cdn_json_init(&json, actual, true);
    cdn_json_value(&json, value);
    name_of(&full, harness, name, bytes);
    if (full.failed || actual->failed)
        status = cdn_error_nomem(err);
    before = status ? NULL : find(&harness->goldens, (const char *)full.data);
    if (!status && harness->options->update) {
        /* through JSON, as it will be read again */
        status =
            cdn_json_to_pack(&pack, (const char *)actual->data, actual->length, err);
        if (!status)
            status = keep(harness, before, (const char *)full.data, &pack, err);
    } else if (!status && before) {
        before->used = true;
        write_text(expected, &before->pack);
        *differs = expected->length != actual->length ||
                   memcmp(expected->data, actual->data, actual->length) != 0;
        if (expected->failed)
            status = cdn_error_nomem(err);
        else if (*differs)
            leave_difference(expected, actual);
    } else if (!status) {
        *differs = true;
        leave(actual, 0);
    }
    cdn_buf_deinit(&full);
    cdn_buf_deinit(&pack);
    return status;
}

/* ---- writing ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cdn_golden *)a)->name,
                  ((const struct cdn_golden *)b)->name);
}

/* Is it to stay: used, or of a test that may yet use it? */
static bool stays(const struct cdn_golden *item, const struct cdn_test_file *file)
{
    for (size_t i = 0; i < file->count && !item->used; i++) {
        const struct cdn_test *test = &file->tests[i];
        size_t bytes = strlen(test->name);

        if (test->verdict != CDN_TEST_PASSED &&
            !strncmp(item->name, test->name, bytes) &&
            (!item->name[bytes] || !strncmp(item->name + bytes, " #", 2) ||
             !strncmp(item->name + bytes, ": ", 2)))
            return true;
    }
    return item->used;
}

cordon_status cdn_golden_write(struct cdn_harness *harness, cordon_error *err)
{
    struct cdn_goldens *goldens = &harness->goldens;
    struct cdn_buf text = {0};
    struct cdn_json json;
    cordon_status status;

    if (!harness->options->update || !goldens->loaded)
        return CORDON_OK;
    for (size_t i = 0; i < goldens->count; i++)
        goldens->changed =
            goldens->changed || !stays(&goldens->items[i], harness->file);
    if (!goldens->changed)
        return CORDON_OK;
    qsort(goldens->items, goldens->count, sizeof *goldens->items, by_name);
    cdn_json_init(&json, &text, true);
    cdn_json_object(&json);
    cdn_json_key_uint(&json, "schema_version", 1);
    cdn_json_key(&json, "golden");
    cdn_json_object(&json);
    for (size_t i = 0; i < goldens->count; i++) {
        const struct cdn_golden *item = &goldens->items[i];
        cordon_value value;

        if (!stays(item, harness->file) ||
            cordon_value_parse(&value, item->pack.data, item->pack.length, NULL))
            continue;
        cdn_json_key(&json, item->name);
        cdn_json_value(&json, &value);
    }
    cdn_json_object_end(&json);
    cdn_json_object_end(&json);
    cdn_buf_text(&text, "\n");
    status = text.failed ? cdn_error_nomem(err)
                         : cdn_file_replace(goldens->path, text.data, text.length, err);
    cdn_buf_deinit(&text);
    return status;
}
