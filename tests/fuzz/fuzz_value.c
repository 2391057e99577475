/* Values from outside: whatever bytes come in, cordon_value_parse() either refuses them or
 * gives a view that can be walked in full and written again to bytes that mean the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cordon/value.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void rewrite(cordon_builder *out, const cordon_value *value)
{
    cordon_value_iter iter;
    cordon_value key, item;

    switch (value->type) {
    case CORDON_NIL:
        cordon_builder_nil(out);
        return;
    case CORDON_BOOLEAN:
        cordon_builder_boolean(out, value->as.boolean);
        return;
    case CORDON_INTEGER:
        cordon_builder_integer(out, value->as.integer);
        return;
    case CORDON_NUMBER:
        cordon_builder_number(out, value->as.number);
        return;
    case CORDON_STRING:
        cordon_builder_string(out, value->as.string, value->length);
        return;
    case CORDON_ARRAY:
        cordon_builder_array(out, value->length);
        break;
    case CORDON_MAP:
        cordon_builder_map(out, value->length);
        break;
    }
    cordon_value_iter_init(&iter, value);
    uint32_t walked = 0;
    while (cordon_value_next(&iter, &key, &item)) {
        if (value->type == CORDON_MAP)
            rewrite(out, &key);
        rewrite(out, &item);
        walked++;
    }
    require(walked == value->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cordon_value value, found, again;
    cordon_error err;
    cordon_builder measure, first, second;

    if (cordon_value_parse(&value, data, size, &err)) {
        require(err.status == CORDON_E_DATA && err.message[0]);
        return 0;
    }
    (void)cordon_value_get(&found, &value, "key");
    (void)cordon_value_at(&found, &value, value.length);

    /* what is written is parsed again and written to the same bytes */
    cordon_builder_init(&measure, NULL, 0);
    rewrite(&measure, &value);
    unsigned char *bytes = malloc(2 * measure.length + 1);
    if (!bytes)
        return 0;
    cordon_builder_init(&first, bytes, measure.length);
    rewrite(&first, &value);
    require(cordon_builder_ok(&first) && first.length == measure.length);
    require(!cordon_value_parse(&again, bytes, first.length, &err));
    cordon_builder_init(&second, bytes + measure.length, measure.length);
    rewrite(&second, &again);
    require(second.length == first.length);
    require(!memcmp(bytes, bytes + measure.length, first.length));
    free(bytes);
    return 0;
}
