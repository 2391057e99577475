/* A source from outside: our parser ends, makes a sound tree or says where it stopped, and
 * takes exactly what LuaJIT's parser takes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "syntax_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct syntax_verdict verdict;

    syntax_agree(&verdict, (const char *)data, size);
    if (verdict.fault[0]) {
        fprintf(stderr, "%s\n", verdict.fault);
        abort();
    }
    return 0;
}
