/* Writing values again, through the public reader and builder. */
#include "support/value_rewrite.h"

#include <stdlib.h>

void value_rewrite(cordon_builder *out, const cordon_value *value)
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
            value_rewrite(out, &key);
        value_rewrite(out, &item);
        walked++;
    }
    if (walked != value->length)
        abort();
}
