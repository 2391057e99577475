/* Calls of library functions read from bytes, for fuzz_strings.c.
 *
 * A call is a function's number and its arguments.  Each function says of what kind its
 * arguments usually are (a subject, a pattern, a place ...); now and then one is of any kind,
 * left out, or one too many is given. */
#ifndef CORDON_TESTS_STRING_CALL_H
#define CORDON_TESTS_STRING_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define STRING_CALLS     8
#define STRING_ARGUMENTS 8
#define STRING_ITEMS     40 /* of a table */
#define STRING_VALUES    400
#define STRING_BYTES     16384 /* of all texts together */

enum string_kind {
    STRING_NIL,
    STRING_BOOLEAN,
    STRING_NUMBER,
    STRING_TEXT,
    STRING_CALLBACK, /* which, in `number`, from 1 */
    STRING_TABLE     /* a list; if keyed, some items stand under the text before them */
};

struct string_value {
    enum string_kind kind;
    bool keyed;
    double number;
    const char *text;
    size_t bytes;
    const struct string_value *items;
    uint32_t count;
};

struct string_function {
    const char *library; /* "own": fuzz_strings.c has it, for both */
    const char *name;
    /* s subject, p pattern, r replacement, i place, n number, b boolean, o format, t list
     * of numbers or texts, l list of anything, x text of a number, B base, v anything;
     * + more of the last */
    const char *arguments;
};

struct string_call {
    const struct string_function *function;
    int count;
    struct string_value arguments[STRING_ARGUMENTS];
};

struct string_calls {
    int count;
    struct string_call calls[STRING_CALLS];
    size_t values_used;
    struct string_value values[STRING_VALUES];
    size_t bytes_used;
    char bytes[STRING_BYTES];
};

void string_calls_read(struct string_calls *calls, const uint8_t *data, size_t size);

/* True where the two libraries differ on purpose, or the stock one would not end. */
bool string_call_differs(const struct string_call *call);

/* Are two answers the same, but for what is known of messages? */
bool string_call_same(const struct string_call *call, const char *ours,
                      size_t our_bytes, const char *theirs, size_t their_bytes);

/* For people: "value, ". */
void string_value_print(const struct string_value *value, FILE *out);

#endif
