/* Walks a value in full by the public reader and writes it again by the public builder; a
 * container that has not as many elements as it says ends the process. */
#ifndef CORDON_TESTS_VALUE_REWRITE_H
#define CORDON_TESTS_VALUE_REWRITE_H

#include <cordon/value.h>

void value_rewrite(cordon_builder *out, const cordon_value *value);

#endif
