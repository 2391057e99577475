/* The bytes of a file, plain or gz; its first two say which.
 *
 * A gz file may be several members, one behind the other, as `cat a.gz b.gz` and
 * parallel compressors make them: all are read.  Whatever else stands behind a member is
 * an error, since nobody could say what was lost; only zero bytes up to the end of the
 * file are padding, as for gzip itself. */
#ifndef CDN_IMPORT_STREAM_H
#define CDN_IMPORT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct cdn_stream;

/* Only regular files: a file is opened once to look at its columns and once to be read,
 * and a pipe would lose between the two what the first took.  Never waits for a writer.
 * Errors: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM; CORDON_E_DATA for what is no
 * regular file.  All name the file. */
cordon_status cdn_stream_open(struct cdn_stream **out, const char *path,
                              cordon_error *err);

/* Up to `room` (> 0) bytes to `to`; *got 0: the end.
 * Errors, after which nothing can be read any more and which do not name the file:
 * CORDON_E_IO, CORDON_E_NOMEM, CORDON_E_DATA for gz that is damaged, cut short or
 * followed by something else. */
cordon_status cdn_stream_read(struct cdn_stream *stream, void *to, size_t room,
                              size_t *got, cordon_error *err);

/* Bytes read of the file as it lies on disk. */
uint64_t cdn_stream_offset(const struct cdn_stream *stream);

/* Accepts NULL. */
void cdn_stream_close(struct cdn_stream *stream);

#endif
