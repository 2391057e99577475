/* Files through read(2) and, where they are gz, zlib's inflate.
 *
 * Not through zlib's own gzread(): it takes what follows the end of a gz stream and is
 * not another one for nothing at all, so that a file to which someone appended plain rows
 * would be imported without them.  Its buffering is a dozen lines here. */
#include "import/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/alloc.h"

#ifdef CORDON_TINY
#define INPUT_BYTES ((size_t)16)
#else
#define INPUT_BYTES ((size_t)256 << 10)
#endif

/* A gz member with header and trailer, in any window. */
#define GZ_WINDOW_BITS (15 + 16)

struct cdn_stream {
    int fd;
    bool at_end; /* of the file */
    bool gz;
    bool between; /* of gz: behind the end of a member */
    uint64_t offset;
    z_stream zlib; /* next_in and avail_in: what of `input` is not used yet */
    unsigned char *input;
};

static void *take(void *ud, unsigned int count, unsigned int bytes)
{
    (void)ud;
    return cdn_calloc(count, bytes);
}

static void give(void *ud, void *block)
{
    (void)ud;
    cdn_free(block);
}

/* read(2), again if a signal came first; *got 0 sets at_end. */
static cordon_status read_file(struct cdn_stream *stream, void *to, size_t room,
                               size_t *got, cordon_error *err)
{
    ssize_t count;

    do {
        count = read(stream->fd, to, room);
    } while (count < 0 && errno == EINTR);
    *got = count > 0 ? (size_t)count : 0;
    if (count < 0)
        return cdn_error_errno(err, errno, "reading");
    stream->offset += *got;
    stream->at_end = count == 0;
    return CORDON_OK;
}

/* Read on until `wanted` bytes are at hand or the file ends. */
static cordon_status fill(struct cdn_stream *stream, size_t wanted, cordon_error *err)
{
    z_stream *zlib = &stream->zlib;

    if (zlib->avail_in >= wanted)
        return CORDON_OK;
    if (zlib->avail_in && zlib->next_in != stream->input)
        memmove(stream->input, zlib->next_in, zlib->avail_in);
    zlib->next_in = stream->input;
    while (zlib->avail_in < wanted && !stream->at_end) {
        size_t got;
        cordon_status status = read_file(stream, stream->input + zlib->avail_in,
                                         INPUT_BYTES - zlib->avail_in, &got, err);

        if (status)
            return status;
        zlib->avail_in += (unsigned int)got;
    }
    return CORDON_OK;
}

static bool at_member(const z_stream *zlib)
{
    return zlib->avail_in >= 2 && zlib->next_in[0] == 0x1f && zlib->next_in[1] == 0x8b;
}

static cordon_status open_file(struct cdn_stream *stream, const char *path,
                               cordon_error *err)
{
    struct stat about;

    /* not blocking, so that a pipe without a writer is refused, not waited for */
    do {
        stream->fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    } while (stream->fd < 0 && errno == EINTR);
    if (stream->fd < 0 || fstat(stream->fd, &about))
        return cdn_error_errno(err, errno, "%s", path);
    if (S_ISREG(about.st_mode))
        return CORDON_OK;
    return cdn_error_set(err, CORDON_E_DATA,
                         "%s is %s, not a regular file; a file is read twice, so write "
                         "the rows to one first",
                         path,
                         S_ISDIR(about.st_mode)    ? "a folder"
                         : S_ISFIFO(about.st_mode) ? "a pipe"
                                                   : "a special file");
}

cordon_status cdn_stream_open(struct cdn_stream **out, const char *path,
                              cordon_error *err)
{
    struct cdn_stream *stream = cdn_calloc(1, sizeof(*stream));
    cordon_status status;

    *out = NULL;
    if (!stream)
        return cdn_error_nomem(err);
    status = open_file(stream, path, err);
    if (status)
        goto out;
    stream->input = cdn_alloc(INPUT_BYTES);
    stream->zlib.zalloc = take;
    stream->zlib.zfree = give;
    if (!stream->input) {
        status = cdn_error_nomem(err);
        goto out;
    }
    status = fill(stream, 2, err);
    if (status) {
        cdn_error_prefix(err, "%s", path);
        goto out;
    }
    if (at_member(&stream->zlib)) {
        if (inflateInit2(&stream->zlib, GZ_WINDOW_BITS) != Z_OK) {
            status = cdn_error_nomem(err);
            goto out;
        }
        stream->gz = true;
    }
    *out = stream;
    stream = NULL; /* handed over */
out:
    cdn_stream_close(stream);
    return status;
}

static cordon_status read_plain(struct cdn_stream *stream, void *to, size_t room,
                                size_t *got, cordon_error *err)
{
    z_stream *zlib = &stream->zlib;

    if (!zlib->avail_in)
        return stream->at_end ? CORDON_OK : read_file(stream, to, room, got, err);
    *got = room < zlib->avail_in ? room : zlib->avail_in;
    memcpy(to, zlib->next_in, *got);
    zlib->next_in += *got;
    zlib->avail_in -= (unsigned int)*got;
    return CORDON_OK;
}

/* Behind a member: the next one, padding, or what has no business there. */
static cordon_status next_member(struct cdn_stream *stream, cordon_error *err)
{
    z_stream *zlib = &stream->zlib;
    cordon_status status = fill(stream, 2, err);
    uint64_t place;

    if (status)
        return status;
    if (at_member(zlib)) {
        stream->between = false;
        return inflateReset(zlib) == Z_OK
                   ? CORDON_OK
                   : cdn_error_set(err, CORDON_E_DATA, "damaged compressed data");
    }
    place = stream->offset - zlib->avail_in;
    do {
        for (; zlib->avail_in; zlib->avail_in--)
            if (*zlib->next_in++)
                return cdn_error_set(err, CORDON_E_DATA,
                                     "the compressed data ends at byte %" PRIu64
                                     ", but the file goes on with something that is "
                                     "not gz; compress what was appended, too",
                                     place);
        status = fill(stream, 1, err);
    } while (!status && zlib->avail_in);
    return status;
}

static cordon_status read_gz(struct cdn_stream *stream, void *to, size_t room,
                             size_t *got, cordon_error *err)
{
    z_stream *zlib = &stream->zlib;
    unsigned int ask = room > (1U << 30) ? 1U << 30 : (unsigned int)room;
    cordon_status status;

    zlib->next_out = to;
    zlib->avail_out = ask;
    while (zlib->avail_out == ask) {
        int code;

        status = stream->between ? next_member(stream, err) : fill(stream, 1, err);
        if (status)
            return status;
        if (stream->between)
            return CORDON_OK;
        if (!zlib->avail_in)
            return cdn_error_set(err, CORDON_E_DATA,
                                 "the compressed data ends in the middle; the file is "
                                 "not whole");
        code = inflate(zlib, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return cdn_error_nomem(err);
        if (code == Z_STREAM_END)
            stream->between = true;
        else if (code != Z_OK)
            return cdn_error_set(err, CORDON_E_DATA, "damaged compressed data: %s",
                                 zlib->msg ? zlib->msg : "it wants a dictionary");
    }
    *got = ask - zlib->avail_out;
    return CORDON_OK;
}

cordon_status cdn_stream_read(struct cdn_stream *stream, void *to, size_t room,
                              size_t *got, cordon_error *err)
{
    *got = 0;
    return stream->gz ? read_gz(stream, to, room, got, err)
                      : read_plain(stream, to, room, got, err);
}

uint64_t cdn_stream_offset(const struct cdn_stream *stream)
{
    return stream->offset - stream->zlib.avail_in;
}

void cdn_stream_close(struct cdn_stream *stream)
{
    if (!stream)
        return;
    if (stream->gz)
        inflateEnd(&stream->zlib);
    if (stream->fd >= 0)
        close(stream->fd);
    cdn_free(stream->input);
    cdn_free(stream);
}
