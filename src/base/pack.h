/* msgpack, written and read without allocating (home of msgpack.h).
 *
 * The writer is msgpack-c's packer over a callback.  The reader is our own pull reader:
 * msgpack-c's unpacker allocates a zone for every value, which the evaluation path must
 * not; ours reads in place, checks every length against the end, and stops at
 * CORDON_VALUE_MAX_DEPTH.  Public cordon_value and cordon_builder are thin over this.
 */
#ifndef CDN_BASE_PACK_H
#define CDN_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cordon/value.h>

#include "base/buf.h"

/* Where packed bytes go: either a fixed span or a growing buffer.  Sticky failure. */
struct cdn_packer {
    unsigned char *data; /* fixed span, if grow is NULL */
    size_t size;
    size_t length; /* bytes written, or that would have been (fixed span) */
    struct cdn_buf *grow;
    bool failed; /* did not fit, or out of memory */
};

void cdn_pack_init(struct cdn_packer *packer, void *data, size_t size);
void cdn_pack_init_buf(struct cdn_packer *packer, struct cdn_buf *buf);
void cdn_pack_nil(struct cdn_packer *packer);
void cdn_pack_bool(struct cdn_packer *packer, bool value);
void cdn_pack_int(struct cdn_packer *packer, int64_t value);
void cdn_pack_double(struct cdn_packer *packer, double value);
/* An integral double in +-2^53 as an integer, anything else as a float64: how Lua
 * numbers are written, so that equal numbers have equal bytes.  -0.0 is written as 0.
 */
void cdn_pack_number(struct cdn_packer *packer, double value);
void cdn_pack_str(struct cdn_packer *packer, const char *text, size_t bytes);
void cdn_pack_cstr(struct cdn_packer *packer, const char *text);
void cdn_pack_array(struct cdn_packer *packer, uint32_t count);
void cdn_pack_map(struct cdn_packer *packer, uint32_t count);
void cdn_pack_raw(struct cdn_packer *packer, const void *bytes, size_t count);

/* Read the header of the value at *at (before `end`) into out and step past the header
 * and, for scalars and strings, the value.  After it, *at stands at an array's or map's
 * first element.  False if it is not valid or not one of the seven shapes; ext is
 * refused, bin is read as a string, an unsigned integer above INT64_MAX is refused. */
bool cdn_unpack_head(cordon_value *out, const unsigned char **at,
                     const unsigned char *end);

/* Step over one whole value, checking it.  NULL, or what is wrong with the value at
 * which *at then stands (static text). */
const char *cdn_unpack_check(const unsigned char **at, const unsigned char *end);

/* The same for whoever need not say why.  False if not valid or too deep. */
bool cdn_unpack_skip(const unsigned char **at, const unsigned char *end);

#endif
