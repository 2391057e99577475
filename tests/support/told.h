/* Calls that fill a cordon_error called `err`, which is in scope: what they told. */
#ifndef CORDON_TESTS_TOLD_H
#define CORDON_TESTS_TOLD_H

#include "support/unit.h"

#include <cordon/error.h>

#define OK(call)                                                                       \
    do {                                                                               \
        cordon_status told_status = (call);                                            \
        ck_assert_msg(told_status == CORDON_OK, "%s: %s", #call, err.message);         \
    } while (0)

/* Fails with this status and a message that holds `part`. */
#define FAILS(call, status, part)                                                      \
    do {                                                                               \
        ck_assert_int_eq(call, status);                                                \
        ck_assert_msg(strstr(err.message, part) != NULL, "%s", err.message);           \
    } while (0)

#endif
