/* JSON in, the plain kind: one pass from text to msgpack, without a tree and without allocating.
 *
 * Most requests are a few short objects.  jansson makes a tree of one, a hash table an object,
 * which takes longer than the rest of reading it; this takes a tenth of that.  What it is not
 * made for, it does not take: strings with escapes, integers of 19 digits, objects of many keys,
 * and all that is no JSON.  json_read.c leaves those to jansson, which also says what is wrong.
 * So there is one promise to keep: a text that is taken here gives the bytes that it would have
 * given there.  A test and a fuzzer hold the two together. */
#ifndef CDN_CODEC_JSON_PLAIN_H
#define CDN_CODEC_JSON_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Append one JSON text, converted, to `out`.  False: it is not taken, and `out` is as long as it
 * was; or memory ran out, as out->failed says.  O(bytes). */
bool cdn_json_plain(struct cdn_buf *out, const char *text, size_t bytes);

#endif
