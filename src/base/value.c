/* The public view of msgpack: cordon_value and cordon_builder over base/pack.
 *
 * A view is only ever made of checked bytes by cordon_value_parse(), but nothing here
 * relies on that: each step checks again, so a view over bytes that changed underneath
 * ends early instead of reading past them.  A key is found by walking the map; that is
 * O(bytes), and quicker than building an index for the few keys a result has. */
#include <cordon/value.h>

#include <string.h>

#include "base/error.h"
#include "base/pack.h"

cordon_status cordon_value_parse(cordon_value *out, const void *bytes, size_t size,
                                 cordon_error *err)
{
    const unsigned char *start = bytes;
    const unsigned char *end = bytes ? start + size : start;
    const unsigned char *at = start;
    const char *fault;

    if (!out || (!bytes && size))
        return cdn_error_set(
            err, CORDON_E_INVALID,
            "cordon_value_parse: no %s; pass a pointer that is not NULL",
            out ? "bytes" : "out");
    if (!size)
        return cdn_error_set(err, CORDON_E_DATA,
                             "offset 0: no bytes, where one msgpack value should be");
    fault = cdn_unpack_check(&at, end);
    if (fault)
        return cdn_error_set(err, CORDON_E_DATA, "offset %zu: %s", (size_t)(at - start),
                             fault);
    if (at != end)
        return cdn_error_set(err, CORDON_E_DATA,
                             "offset %zu: %zu more bytes after the one value expected",
                             (size_t)(at - start), (size_t)(end - at));
    at = start;
    cdn_unpack_head(out, &at, end);
    return CORDON_OK;
}

/* View the value at *at and step past all of it. */
static bool take(cordon_value *out, const unsigned char **at, const unsigned char *end)
{
    const unsigned char *inner = *at;
    cordon_value unused;

    return cdn_unpack_skip(at, end) &&
           cdn_unpack_head(out ? out : &unused, &inner, end);
}

void cordon_value_iter_init(cordon_value_iter *iter, const cordon_value *of)
{
    *iter = (cordon_value_iter){0};
    if (!of || (of->type != CORDON_ARRAY && of->type != CORDON_MAP))
        return;
    iter->at = of->as.items;
    iter->end = of->end;
    iter->left = of->length;
    iter->map = of->type == CORDON_MAP;
}

bool cordon_value_next(cordon_value_iter *iter, cordon_value *key, cordon_value *value)
{
    if (!iter->left)
        return false;
    if ((iter->map && !take(key, &iter->at, iter->end)) ||
        !take(value, &iter->at, iter->end)) {
        iter->left = 0;
        return false;
    }
    iter->left--;
    return true;
}

bool cordon_value_get(cordon_value *out, const cordon_value *map, const char *key)
{
    size_t bytes = key ? strlen(key) : 0;
    cordon_value_iter iter;
    cordon_value name;
    cordon_value value;

    if (!key || !map || map->type != CORDON_MAP)
        return false;
    cordon_value_iter_init(&iter, map);
    while (cordon_value_next(&iter, &name, &value)) {
        if (name.type == CORDON_STRING && name.length == bytes &&
            !memcmp(name.as.string, key, bytes)) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool cordon_value_at(cordon_value *out, const cordon_value *array, uint32_t index)
{
    cordon_value_iter iter;
    cordon_value value;

    if (!array || array->type != CORDON_ARRAY || index >= array->length)
        return false;
    cordon_value_iter_init(&iter, array);
    for (uint32_t i = 0; i <= index; i++) {
        if (!cordon_value_next(&iter, NULL, &value))
            return false;
    }
    *out = value;
    return true;
}

/* Begin one write where the builder stands.  Past its end nothing is written any more.
 */
static struct cdn_packer resume(const cordon_builder *builder)
{
    struct cdn_packer packer;

    cdn_pack_init(&packer, builder->data, builder->size);
    packer.length = builder->length;
    packer.failed = builder->length > builder->size;
    return packer;
}

/* A failure always shows in the length, the builder's only state: what did not fit has
 * made it larger than the buffer, and what cannot be written at all makes it so here.
 */
static void keep(cordon_builder *builder, const struct cdn_packer *packer)
{
    builder->length = packer->length;
    if (packer->failed && builder->length <= builder->size)
        builder->length = SIZE_MAX;
}

void cordon_builder_init(cordon_builder *builder, void *data, size_t size)
{
    *builder = (cordon_builder){.data = data, .size = data ? size : 0};
}

void cordon_builder_nil(cordon_builder *builder)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_nil(&packer);
    keep(builder, &packer);
}

void cordon_builder_boolean(cordon_builder *builder, bool value)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_bool(&packer, value);
    keep(builder, &packer);
}

void cordon_builder_integer(cordon_builder *builder, int64_t value)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_int(&packer, value);
    keep(builder, &packer);
}

void cordon_builder_number(cordon_builder *builder, double value)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_double(&packer, value);
    keep(builder, &packer);
}

void cordon_builder_string(cordon_builder *builder, const char *text, size_t bytes)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_str(&packer, text, bytes);
    keep(builder, &packer);
}

void cordon_builder_array(cordon_builder *builder, uint32_t count)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_array(&packer, count);
    keep(builder, &packer);
}

void cordon_builder_map(cordon_builder *builder, uint32_t count)
{
    struct cdn_packer packer = resume(builder);

    cdn_pack_map(&packer, count);
    keep(builder, &packer);
}

bool cordon_builder_ok(const cordon_builder *builder)
{
    return builder->length <= builder->size;
}
