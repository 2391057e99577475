/* LZ4 as Debian's kernels are compressed with: the legacy frame, which is a magic number and
 * then blocks, each a length of four bytes and what unpacks to at most 8 MiB.
 *
 * Unpacking alone, and of one thing: a kernel is unpacked here in a twentieth of a second, and
 * takes half a second to unpack itself in an emulated machine.
 * Source: lz4_Block_format.md and lz4_Frame_format.md of the LZ4 project. */
#ifndef CDN_ISOLATION_LZ4_H
#define CDN_ISOLATION_LZ4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does a legacy frame begin here? */
bool cdn_lz4_is(const unsigned char *in, size_t bytes);

/* Unpack a whole frame into `out`, of `size` bytes.  Returns how many it came to; SIZE_MAX: it
 * is no such frame, or damaged, or too long.  O(size), no allocation. */
size_t cdn_lz4_unpack(unsigned char *out, size_t size, const unsigned char *in,
                      size_t bytes);

#endif
