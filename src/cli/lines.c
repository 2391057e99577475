/* Lines through read(2): stdio would not say whether it has to wait. */
#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

#ifdef CORDON_TINY
#define CHUNK_BYTES ((size_t)16)
#else
#define CHUNK_BYTES ((size_t)64 << 10)
#endif

/* How often a wait looks whether it should end: a signal may come just before it. */
#define LOOK_MS 500

cordon_status cdn_lines_open(struct cdn_lines *lines, const char *path,
                             cordon_error *err)
{
    bool standard = !strcmp(path, "-");
    struct stat about;
    cordon_status status = CORDON_OK;

    *lines = (struct cdn_lines){.name = standard ? "standard input" : path};
    lines->chunk = cdn_alloc(CHUNK_BYTES);
    if (!lines->chunk)
        return cdn_error_nomem(err);
    lines->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (lines->fd < 0 || fstat(lines->fd, &about))
        status = cdn_error_errno(err, errno, "cannot read %s", lines->name);
    else if (S_ISDIR(about.st_mode))
        status = cdn_error_set(err, CORDON_E_DATA,
                               "cannot read %s: it is a folder; a file of lines is "
                               "wanted, or - for standard input",
                               lines->name);
    if (status)
        cdn_lines_close(lines);
    return status;
}

void cdn_lines_close(struct cdn_lines *lines)
{
    if (lines->chunk && lines->fd > STDIN_FILENO)
        close(lines->fd);
    cdn_free(lines->chunk);
    lines->chunk = NULL;
    cdn_buf_deinit(&lines->text);
}

/* Until there is something to read.  False: told to stop. */
static bool wait_for_more(struct cdn_lines *lines)
{
    struct pollfd ready = {.fd = lines->fd, .events = POLLIN};
    int timeout = 0;

    for (;;) {
        if (poll(&ready, 1, timeout) > 0)
            return true;
        if (lines->waiting && !timeout)
            lines->waiting(lines->ud);
        if (lines->stopped && lines->stopped(lines->ud))
            return false;
        timeout = LOOK_MS;
    }
}

static cordon_status refill(struct cdn_lines *lines, cordon_error *err)
{
    ssize_t count;

    do {
        if (!wait_for_more(lines))
            return cdn_error_set(err, CORDON_E_INTERRUPTED, "interrupted in %s",
                                 lines->name);
        count = read(lines->fd, lines->chunk, CHUNK_BYTES);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0)
        return cdn_error_errno(err, errno, "%s:%" PRIu64, lines->name,
                               lines->number + 1);
    lines->from = 0;
    lines->to = (size_t)count;
    lines->at_end = count == 0;
    return CORDON_OK;
}

static void skip_mark(struct cdn_buf *text)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf};

    if (text->length < sizeof(mark) || memcmp(text->data, mark, sizeof(mark)) != 0)
        return;
    text->length -= sizeof(mark);
    memmove(text->data, text->data + sizeof(mark), text->length + 1); /* and the NUL */
}

cordon_status cdn_lines_next(struct cdn_lines *lines, bool *got, cordon_error *err)
{
    bool ended = false;

    cdn_buf_clear(&lines->text);
    lines->too_long = false;
    *got = false;
    while (!ended) {
        const unsigned char *start, *newline;
        size_t bytes;

        if (lines->from == lines->to) {
            cordon_status status = lines->at_end ? CORDON_OK : refill(lines, err);

            if (status)
                return status;
            if (lines->at_end)
                break;
        }
        start = lines->chunk + lines->from;
        newline = memchr(start, '\n', lines->to - lines->from);
        bytes = newline ? (size_t)(newline - start) : lines->to - lines->from;
        *got = true;
        ended = newline != NULL;
        lines->from += bytes + ended;
        lines->too_long |= lines->text.length + bytes > CDN_LINE_MAX;
        if (lines->too_long)
            cdn_buf_clear(&lines->text);
        else
            cdn_buf_append(&lines->text, start, bytes);
        if (lines->text.failed)
            return cdn_error_nomem(err);
    }
    if (*got && lines->number++ == 0)
        skip_mark(&lines->text);
    return CORDON_OK;
}
