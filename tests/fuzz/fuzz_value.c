/* Values from outside: whatever bytes come in, cordon_value_parse() either refuses them or
 * gives a view that can be walked in full and written again to bytes that mean the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/value_rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
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
    value_rewrite(&measure, &value);
    unsigned char *bytes = malloc(2 * measure.length + 1);
    if (!bytes)
        return 0;
    cordon_builder_init(&first, bytes, measure.length);
    value_rewrite(&first, &value);
    require(cordon_builder_ok(&first) && first.length == measure.length);
    require(!cordon_value_parse(&again, bytes, first.length, &err));
    cordon_builder_init(&second, bytes + measure.length, measure.length);
    value_rewrite(&second, &again);
    require(second.length == first.length);
    require(!memcmp(bytes, bytes + measure.length, first.length));
    free(bytes);
    return 0;
}
