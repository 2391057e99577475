/* The walk over a configuration table: paths, typed access, and messages that help. */
#include "sandbox/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/suggest.h"

/* What cdn_spec_keep() puts before each block. */
union block {
    void *next;
    max_align_t align;
};

void *cdn_spec_keep(struct cdn_spec *table, size_t bytes)
{
    union block *block = cdn_calloc(1, sizeof(*block) + bytes);

    if (!block)
        return NULL;
    block->next = *table->blocks;
    *table->blocks = block;
    return block + 1;
}

void cdn_spec_release(void **blocks)
{
    while (*blocks) {
        union block *block = *blocks;

        *blocks = block->next;
        cdn_free(block);
    }
}

/* ---- the path ---- */

static void enter(struct cdn_spec *table, const char *key, size_t bytes, uint32_t index)
{
    char *room = table->keys[table->depth];
    size_t kept = bytes < CDN_SPEC_KEY_BYTES ? bytes : CDN_SPEC_KEY_BYTES - 1;

    if (key) {
        memcpy(room, key, kept);
        room[kept] = '\0';
    }
    table->path[table->depth].key = key ? room : NULL;
    table->path[table->depth].index = index;
    table->depth++;
}

void cdn_spec_enter(struct cdn_spec *table, const char *key)
{
    enter(table, key, strlen(key), 0);
}

void cdn_spec_enter_value(struct cdn_spec *table, const cordon_value *key)
{
    char number[24];

    if (key->type == CORDON_STRING) {
        enter(table, key->as.string, key->length, 0);
    } else if (key->type == CORDON_INTEGER) {
        snprintf(number, sizeof(number), "%lld", (long long)key->as.integer);
        enter(table, number, strlen(number), 0);
    } else {
        enter(table, "?", 1, 0);
    }
}

void cdn_spec_enter_index(struct cdn_spec *table, uint32_t index)
{
    enter(table, NULL, 0, index);
}

void cdn_spec_leave(struct cdn_spec *table)
{
    table->depth--;
}

CDN_PRINTF(2, 0)
static cordon_status fail(struct cdn_spec *table, const char *format, va_list args)
{
    char path[256] = "";
    char message[CORDON_ERROR_MESSAGE_BYTES];
    size_t length = 0;

    for (size_t i = 0; i < table->depth && length < sizeof(path) - 1; i++) {
        const struct cdn_step *step = &table->path[i];
        int added = step->key ? snprintf(path + length, sizeof(path) - length, "%s%s",
                                         i ? "." : "", step->key)
                              : snprintf(path + length, sizeof(path) - length, "[%u]",
                                         step->index);

        if (added < 0)
            break;
        length += (size_t)added;
    }
    vsnprintf(message, sizeof(message), format, args);
    return cdn_error_at(
        table->err, CORDON_E_DATA, table->file,
        cdn_locate(table->source, table->bytes, table->path, table->depth), 0, "%s%s%s",
        path, *path ? ": " : "", message);
}

cordon_status cdn_spec_fail(struct cdn_spec *table, const char *format, ...)
{
    va_list args;
    cordon_status status;

    va_start(args, format);
    status = fail(table, format, args);
    va_end(args);
    return status;
}

cordon_status cdn_spec_fail_key(struct cdn_spec *table, const char *key,
                                const char *format, ...)
{
    va_list args;
    cordon_status status;

    cdn_spec_enter(table, key);
    va_start(args, format);
    status = fail(table, format, args);
    va_end(args);
    return status;
}

/* ---- values ---- */

const char *cdn_spec_type(const cordon_value *value)
{
    switch (value->type) {
    case CORDON_NIL:
        return "nil";
    case CORDON_BOOLEAN:
        return "a boolean";
    case CORDON_INTEGER:
    case CORDON_NUMBER:
        return "a number";
    case CORDON_STRING:
        return "a string";
    case CORDON_ARRAY:
        return "a list";
    case CORDON_MAP:
        return "a table";
    }
    return "unknown";
}

cordon_status cdn_spec_check_map(struct cdn_spec *table, const cordon_value *value)
{
    /* Lua does not tell an empty list from an empty table */
    if (value->type == CORDON_MAP || (value->type == CORDON_ARRAY && !value->length))
        return CORDON_OK;
    return cdn_spec_fail(table, "a table with names is wanted here, not %s",
                         cdn_spec_type(value));
}

static bool is_known(const cordon_value *key, const char *const *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (key->type == CORDON_STRING && strlen(known[i]) == key->length &&
            !memcmp(known[i], key->as.string, key->length))
            return true;
    return false;
}

/* The walk stands at a name nobody knows. */
static cordon_status fail_unknown(struct cdn_spec *table, const char *const *known,
                                  size_t count)
{
    struct cdn_suggest suggest;
    struct cdn_buf list = {0};
    char hint[CDN_SPEC_KEY_BYTES + 32];
    cordon_status status;

    cdn_suggest_init(&suggest, table->keys[table->depth - 1]);
    for (size_t i = 0; i < count; i++) {
        cdn_suggest_offer(&suggest, known[i]);
        cdn_buf_printf(&list, "%s%s", i ? ", " : "", known[i]);
    }
    status = list.failed ? cdn_error_nomem(table->err)
                         : cdn_spec_fail(table, "unknown name%s (known here: %s)",
                                         cdn_suggest_text(&suggest, hint, sizeof(hint)),
                                         (const char *)list.data);
    cdn_buf_deinit(&list);
    return status;
}

cordon_status cdn_spec_check_key(struct cdn_spec *table, const cordon_value *key,
                                 const char *const *known, size_t count)
{
    if (is_known(key, known, count))
        return CORDON_OK;
    cdn_spec_enter_value(table, key);
    return fail_unknown(table, known, count);
}

cordon_status cdn_spec_check_keys(struct cdn_spec *table, const cordon_value *map,
                                  const char *const *known, size_t count)
{
    cordon_value_iter iter;
    cordon_value key;
    cordon_value value;
    cordon_status status = cdn_spec_check_map(table, map);

    if (status)
        return status;
    cordon_value_iter_init(&iter, map);
    while (!status && cordon_value_next(&iter, &key, &value))
        status = cdn_spec_check_key(table, &key, known, count);
    return status;
}

cordon_status cdn_spec_copy_text(struct cdn_spec *table, const char **out,
                                 const cordon_value *value)
{
    char *copy;

    if (value->type != CORDON_STRING)
        return cdn_spec_fail(table, "a string is wanted here, not %s",
                             cdn_spec_type(value));
    if (!value->length)
        return cdn_spec_fail(table, "is empty");
    if (memchr(value->as.string, '\0', value->length))
        return cdn_spec_fail(table, "holds a zero byte");
    copy = cdn_spec_keep(table, (size_t)value->length + 1);
    if (!copy)
        return cdn_error_nomem(table->err);
    memcpy(copy, value->as.string, value->length);
    *out = copy;
    return CORDON_OK;
}

cordon_status cdn_spec_text(struct cdn_spec *table, const char **out,
                            const cordon_value *map, const char *key, bool required)
{
    cordon_value value;
    cordon_status status;

    *out = NULL;
    if (!cordon_value_get(&value, map, key))
        return required ? cdn_spec_fail(table, "'%s' is missing", key) : CORDON_OK;
    cdn_spec_enter(table, key);
    status = cdn_spec_copy_text(table, out, &value);
    if (!status)
        cdn_spec_leave(table);
    return status;
}

cordon_status cdn_spec_bool(struct cdn_spec *table, bool *out, const cordon_value *map,
                            const char *key)
{
    cordon_value value;

    if (!cordon_value_get(&value, map, key))
        return CORDON_OK;
    if (value.type != CORDON_BOOLEAN)
        return cdn_spec_fail_key(table, key, "true or false is wanted here, not %s",
                                 cdn_spec_type(&value));
    *out = value.as.boolean;
    return CORDON_OK;
}

cordon_status cdn_spec_texts(struct cdn_spec *table, const char ***out, uint32_t *count,
                             const cordon_value *map, const char *key)
{
    cordon_value value;
    cordon_value item;
    cordon_status status = CORDON_OK;

    *out = NULL;
    *count = 0;
    if (!cordon_value_get(&value, map, key))
        return CORDON_OK;
    cdn_spec_enter(table, key);
    if (value.type != CORDON_STRING && value.type != CORDON_ARRAY)
        return cdn_spec_fail(table,
                             "a string or a list of strings is wanted here, not %s",
                             cdn_spec_type(&value));
    if (value.type == CORDON_ARRAY && !value.length)
        return cdn_spec_fail(table, "is an empty list");
    *count = value.type == CORDON_STRING ? 1 : value.length;
    *out = cdn_spec_keep(table, *count * sizeof(**out));
    if (!*out)
        return cdn_error_nomem(table->err);
    if (value.type == CORDON_STRING) {
        status = cdn_spec_copy_text(table, &(*out)[0], &value);
    } else {
        for (uint32_t i = 0; i < *count && !status; i++) {
            cdn_spec_enter_index(table, i + 1);
            if (!cordon_value_at(&item, &value, i))
                return cdn_spec_fail(table, "cannot be read");
            status = cdn_spec_copy_text(table, &(*out)[i], &item);
            if (!status)
                cdn_spec_leave(table);
        }
    }
    if (!status)
        cdn_spec_leave(table);
    return status;
}

int cdn_spec_choice(struct cdn_spec *table, const char *text, const char *what,
                    const char *const *choices, size_t count, cordon_status *status)
{
    struct cdn_suggest suggest;
    char hint[CDN_SPEC_KEY_BYTES + 32];
    char list[256] = "";
    size_t length = 0;

    cdn_suggest_init(&suggest, text);
    for (size_t i = 0; i < count; i++) {
        int added;

        if (!strcmp(text, choices[i]))
            return (int)i;
        cdn_suggest_offer(&suggest, choices[i]);
        added = snprintf(list + length, sizeof(list) - length, "%s%s", i ? ", " : "",
                         choices[i]);
        if (added > 0 && (size_t)added < sizeof(list) - length)
            length += (size_t)added;
    }
    *status = cdn_spec_fail(table, "unknown %s '%.64s'%s (known: %s)", what, text,
                            cdn_suggest_text(&suggest, hint, sizeof(hint)), list);
    return -1;
}
