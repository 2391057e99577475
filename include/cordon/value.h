/* Values that cross the wall: msgpack's seven shapes, as a borrowed view.
 *
 * Parameters go in, and results come out, as msgpack bytes.  A cordon_value is a view of
 * one value inside such bytes: reading allocates nothing and copies nothing.  A
 * cordon_builder writes such bytes into the caller's own buffer.
 *
 * Ownership: a view borrows the bytes it was parsed from.
 * Threads:   views and builders are plain data; use one from one thread at a time. */
#ifndef CORDON_VALUE_H
#define CORDON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/error.h>

/* Nesting deeper than this is refused wherever values are read or written. */
#define CORDON_VALUE_MAX_DEPTH 32

typedef enum cordon_type {
    CORDON_NIL,
    CORDON_BOOLEAN,
    CORDON_INTEGER,
    CORDON_NUMBER,
    CORDON_STRING,
    CORDON_ARRAY,
    CORDON_MAP
} cordon_type;

/* `length` is the bytes of a string, the elements of an array, the pairs of a map.
 * Strings are not terminated by a NUL and may hold one. */
typedef struct cordon_value {
    cordon_type type;
    uint32_t length;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *string;
        const unsigned char *items; /* the first element; walk with cordon_value_next */
    } as;
    const unsigned char *end; /* the end of the bytes this view was parsed from */
} cordon_value;

/* Walks the elements of an array, or the keys and values of a map in turn. */
typedef struct cordon_value_iter {
    const unsigned char *at;
    const unsigned char *end;
    uint32_t left; /* elements, or pairs, not yet walked */
    bool map;
} cordon_value_iter;

/* Writes msgpack into `data`.  Past `size` nothing is written but `length` still grows,
 * so that a caller can learn the size it would have needed.  Sticky: check once. */
typedef struct cordon_builder {
    unsigned char *data;
    size_t size;
    size_t length;
} cordon_builder;

#ifdef __cplusplus
extern "C" {
#endif

/* View the one value that `bytes` holds, after checking all of it: nothing is missing,
 * nothing follows, nesting is at most CORDON_VALUE_MAX_DEPTH, no ext types.
 * Errors: CORDON_E_DATA with the offset of the first bad byte in the message. */
CORDON_EXPORT cordon_status cordon_value_parse(cordon_value *out, const void *bytes,
                                               size_t size, cordon_error *err);

/* A map's value under a string key; false if `map` is no map or has no such key. */
CORDON_EXPORT bool cordon_value_get(cordon_value *out, const cordon_value *map,
                                    const char *key);

/* An array's element, from 0; false if `array` is no array or has no such element. */
CORDON_EXPORT bool cordon_value_at(cordon_value *out, const cordon_value *array,
                                   uint32_t index);

/* Start walking an array or a map; any other value walks as empty. */
CORDON_EXPORT void cordon_value_iter_init(cordon_value_iter *iter,
                                          const cordon_value *of);

/* The next element.  For a map `key` receives the key; for an array it may be NULL.
 * False when there is none left. */
CORDON_EXPORT bool cordon_value_next(cordon_value_iter *iter, cordon_value *key,
                                     cordon_value *value);

CORDON_EXPORT void cordon_builder_init(cordon_builder *builder, void *data,
                                       size_t size);
CORDON_EXPORT void cordon_builder_nil(cordon_builder *builder);
CORDON_EXPORT void cordon_builder_boolean(cordon_builder *builder, bool value);
CORDON_EXPORT void cordon_builder_integer(cordon_builder *builder, int64_t value);
CORDON_EXPORT void cordon_builder_number(cordon_builder *builder, double value);
CORDON_EXPORT void cordon_builder_string(cordon_builder *builder, const char *text,
                                         size_t bytes);
/* Announce an array of `count` elements, or a map of `count` key and value pairs; then
 * write exactly that many. */
CORDON_EXPORT void cordon_builder_array(cordon_builder *builder, uint32_t count);
CORDON_EXPORT void cordon_builder_map(cordon_builder *builder, uint32_t count);

/* True once everything written fitted into the buffer. */
CORDON_EXPORT bool cordon_builder_ok(const cordon_builder *builder);

#ifdef __cplusplus
}
#endif

#endif
