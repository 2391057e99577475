/* A careless host: it hands back what it was given, too much, too deep, or no value at all. */
#include "attack/functions.h"

#include <stdio.h>
#include <string.h>

#include <cordon/function.h>

#include "support/value_rewrite.h"

static cordon_status echo(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *err)
{
    cordon_value first;

    (void)ud;
    (void)call;
    (void)err;
    if (cordon_value_at(&first, arguments, 0))
        value_rewrite(result, &first);
    return CORDON_OK;
}

static cordon_status count(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *err)
{
    (void)ud;
    (void)call;
    (void)err;
    cordon_builder_integer(result, arguments->length);
    return CORDON_OK;
}

/* A message that is as long as there is room, and not fit to be printed. */
static cordon_status fail(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *err)
{
    (void)ud;
    (void)call;
    (void)arguments;
    cordon_builder_integer(result, 1);
    memset(err->message, '\x1b', sizeof err->message); /* without an end, too */
    return CORDON_E_IO;
}

static cordon_status large(void *ud, const cordon_call *call,
                           const cordon_value *arguments, cordon_builder *result,
                           cordon_error *err)
{
    static const char text[1000];

    (void)ud;
    (void)call;
    (void)arguments;
    (void)err;
    cordon_builder_array(result, 1000);
    for (int i = 0; i < 1000; i++)
        cordon_builder_string(result, text, sizeof text);
    return CORDON_OK;
}

/* Fewer than announced, more than one, or a type that values do not have. */
static cordon_status junk(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *err)
{
    cordon_value kind = {.type = CORDON_NIL};

    (void)ud;
    (void)call;
    (void)err;
    (void)cordon_value_at(&kind, arguments, 0);
    if (kind.type == CORDON_INTEGER && kind.as.integer == 1) {
        cordon_builder_integer(result, 1);
        cordon_builder_integer(result, 2);
    } else if (kind.type == CORDON_INTEGER && kind.as.integer == 2) {
        memset(result->data, 0xc7, 16);
        result->length = 16;
    } else {
        cordon_builder_map(result, 100000);
    }
    return CORDON_OK;
}

static cordon_status nest(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *err)
{
    (void)ud;
    (void)call;
    (void)arguments;
    (void)err;
    for (int i = 0; i < 1000; i++)
        cordon_builder_array(result, 1);
    cordon_builder_nil(result);
    return CORDON_OK;
}

/* Works until it is asked to stop, as it should. */
static cordon_status slow(void *ud, const cordon_call *call,
                          const cordon_value *arguments, cordon_builder *result,
                          cordon_error *err)
{
    (void)ud;
    (void)arguments;
    (void)result;
    (void)err;
    while (!cordon_should_abort(call))
        continue;
    return CORDON_OK;
}

cordon_status attack_functions(cordon_engine *engine, cordon_error *err)
{
    static const struct {
        const char *name;
        cordon_function_body body;
    } all[] = {{"echo", echo}, {"count", count}, {"fail", fail}, {"large", large},
               {"junk", junk}, {"nest", nest},   {"slow", slow}};
    cordon_status status = CORDON_OK;

    for (size_t i = 0; i < sizeof all / sizeof all[0] && !status; i++) {
        cordon_function function = CORDON_FUNCTION_INIT;

        function.name = all[i].name;
        function.body = all[i].body;
        function.flags = CORDON_FUNCTION_PURE;
        status = cordon_engine_add_function(engine, &function, err);
    }
    return status;
}
