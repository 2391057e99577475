/* A frame's fields, for those who write and read frames (wire*.c).
 *
 * Unsigned numbers of 64 bits go as the signed ones with the same bits, as the reader of msgpack
 * knows no larger ones.  A reader is sticky: after the first field that is not right it hands
 * out zeros, and who decodes looks once, at the end. */
#ifndef CDN_ISOLATION_FIELD_H
#define CDN_ISOLATION_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/pack.h"
#include "sandbox/meter.h"

/* ---- writing ---- */

static inline void put_uint(struct cdn_packer *packer, uint64_t value)
{
    cdn_pack_int(packer, (int64_t)value);
}

static inline struct cdn_packer begin(struct cdn_buf *out, uint32_t fields)
{
    struct cdn_packer packer;

    cdn_buf_clear(out);
    cdn_pack_init_buf(&packer, out);
    cdn_pack_array(&packer, fields);
    return packer;
}

static inline void put_budget(struct cdn_packer *packer,
                              const struct cdn_budget *budget)
{
    put_uint(packer, budget->instructions);
    put_uint(packer, budget->memory_bytes);
    put_uint(packer, budget->edges);
    put_uint(packer, budget->output_bytes);
    put_uint(packer, budget->wall_ns);
    put_uint(packer, budget->nodes);
    put_uint(packer, budget->hops);
}

/* ---- reading ---- */

struct reader {
    const unsigned char *at, *end;
    const char *field; /* that was not right, first of them; NULL: none */
};

static inline bool next(struct reader *reader, cordon_value *out, const char *field)
{
    if (!reader->field && !cdn_unpack_head(out, &reader->at, reader->end))
        reader->field = field;
    if (reader->field)
        *out = (cordon_value){.type = CORDON_NIL};
    return !reader->field;
}

static inline void wrong(struct reader *reader, const char *field)
{
    if (!reader->field)
        reader->field = field;
}

static inline int64_t get_int(struct reader *reader, const char *field)
{
    cordon_value value;

    if (!next(reader, &value, field))
        return 0;
    if (value.type == CORDON_INTEGER)
        return value.as.integer;
    wrong(reader, field);
    return 0;
}

static inline uint64_t get_uint(struct reader *reader, const char *field)
{
    return (uint64_t)get_int(reader, field);
}

/* One of at most `most`. */
static inline uint32_t get_small(struct reader *reader, uint64_t most,
                                 const char *field)
{
    uint64_t value = get_uint(reader, field);

    if (value <= most)
        return (uint32_t)value;
    wrong(reader, field);
    return 0;
}

static inline bool get_bool(struct reader *reader, const char *field)
{
    cordon_value value;

    if (!next(reader, &value, field))
        return false;
    if (value.type == CORDON_BOOLEAN)
        return value.as.boolean;
    wrong(reader, field);
    return false;
}

/* Borrowed from the frame.  NULL: nil, if that may be. */
static inline const char *get_text(struct reader *reader, size_t *bytes, size_t most,
                                   bool or_nil, const char *field)
{
    cordon_value value;

    *bytes = 0;
    if (!next(reader, &value, field) || (or_nil && value.type == CORDON_NIL))
        return NULL;
    if (value.type == CORDON_STRING && value.length <= most) {
        *bytes = value.length;
        return value.as.string;
    }
    wrong(reader, field);
    return NULL;
}

/* An array of `least` to `most`; how many. */
static inline uint32_t get_array(struct reader *reader, uint32_t least, uint32_t most,
                                 const char *field)
{
    cordon_value value;

    if (!next(reader, &value, field))
        return 0;
    if (value.type == CORDON_ARRAY && value.length >= least && value.length <= most)
        return value.length;
    wrong(reader, field);
    return 0;
}

static inline void get_budget(struct reader *reader, struct cdn_budget *budget)
{
    budget->instructions = get_uint(reader, "instructions");
    budget->memory_bytes = get_uint(reader, "memory");
    budget->edges = get_uint(reader, "edges");
    budget->output_bytes = get_uint(reader, "output");
    budget->wall_ns = get_uint(reader, "time");
    budget->nodes = get_uint(reader, "nodes");
    budget->hops = get_uint(reader, "hops");
}

static inline struct reader read_frame(const struct cdn_buf *in, uint32_t fields)
{
    struct reader reader = {.at = in->data, .end = in->data + in->length};

    if (!in->data)
        reader.field = "everything";
    (void)get_array(&reader, fields, fields, "the number of fields");
    return reader;
}

static inline cordon_status finish(struct reader *reader, const char *frame,
                                   cordon_error *err)
{
    if (!reader->field && reader->at != reader->end)
        reader->field = "what follows it";
    if (!reader->field)
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DATA, "%s: %s is not right", frame,
                         reader->field);
}

#endif
