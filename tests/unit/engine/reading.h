/* Reads of a graph, and what they gave as text: what the tests of reads share. */
#ifndef CORDON_TESTS_ENGINE_READING_H
#define CORDON_TESTS_ENGINE_READING_H

#include "serving.h"

#include <inttypes.h>

/* Append a value as text, keys bare: {label:"Account",key:"100",hop:0}. */
static inline void reading_text(char *out, size_t size, const cordon_value *value)
{
    size_t at = strlen(out);
    cordon_value_iter iter;
    cordon_value key, item;
    bool first = true;

    switch (value->type) {
    case CORDON_NIL:
        snprintf(out + at, size - at, "nil");
        return;
    case CORDON_BOOLEAN:
        snprintf(out + at, size - at, value->as.boolean ? "true" : "false");
        return;
    case CORDON_INTEGER:
        snprintf(out + at, size - at, "%" PRId64, value->as.integer);
        return;
    case CORDON_NUMBER:
        snprintf(out + at, size - at, "%g", value->as.number);
        return;
    case CORDON_STRING:
        snprintf(out + at, size - at, "'%.*s'", (int)value->length, value->as.string);
        return;
    case CORDON_ARRAY:
    case CORDON_MAP:
        break;
    }
    snprintf(out + at, size - at, value->type == CORDON_MAP ? "{" : "[");
    cordon_value_iter_init(&iter, value);
    while (cordon_value_next(&iter, &key, &item)) {
        at = strlen(out);
        if (value->type == CORDON_MAP)
            snprintf(out + at, size - at, "%s%.*s:", first ? "" : ",", (int)key.length,
                     key.as.string);
        else
            snprintf(out + at, size - at, "%s", first ? "" : ",");
        first = false;
        reading_text(out, size, &item);
    }
    at = strlen(out);
    snprintf(out + at, size - at, value->type == CORDON_MAP ? "}" : "]");
}

typedef cordon_status (*reading_call)(cordon_builder *out, cordon_engine *engine,
                                      const cordon_read *read,
                                      const cordon_query *query, cordon_error *err);

struct reading_answer {
    unsigned char bytes[1 << 18];
    cordon_builder builder;
    cordon_value value;
    char text[1 << 18];
};

static inline void reading_view(struct reading_answer *answer)
{
    cordon_error err;

    ck_assert(cordon_builder_ok(&answer->builder));
    ck_assert_msg(!cordon_value_parse(&answer->value, answer->bytes,
                                      answer->builder.length, &err),
                  "%s", err.message);
    answer->text[0] = '\0';
    reading_text(answer->text, sizeof answer->text, &answer->value);
}

/* Read; the answer's text. */
static inline const char *reading_ask(struct reading_answer *answer, reading_call call,
                                      cordon_engine *engine, const cordon_read *read,
                                      const cordon_query *query)
{
    cordon_error err;

    cordon_builder_init(&answer->builder, answer->bytes, sizeof answer->bytes);
    ck_assert_msg(!call(&answer->builder, engine, read, query, &err), "%s",
                  err.message);
    reading_view(answer);
    return answer->text;
}

/* Read in vain; the message. */
static inline const char *reading_refused(cordon_error *err, cordon_status wanted,
                                          reading_call call, cordon_engine *engine,
                                          const cordon_read *read,
                                          const cordon_query *query)
{
    unsigned char room[4096];
    cordon_builder builder;
    cordon_status status;

    cordon_builder_init(&builder, room, sizeof room);
    status = call(&builder, engine, read, query, err);
    ck_assert_msg(status == wanted, "%s: %s", cordon_status_name(status),
                  status ? err->message : "");
    ck_assert_uint_eq(builder.length, 0);
    return err->message;
}

/* The text of a string under a key of a map; "" if it is nil. */
static inline void reading_string(char *out, size_t size, const cordon_value *map,
                                  const char *key)
{
    cordon_value value;

    ck_assert(cordon_value_get(&value, map, key));
    snprintf(out, size, "%.*s", value.type == CORDON_STRING ? (int)value.length : 0,
             value.as.string);
}

#endif
