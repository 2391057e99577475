/* Lines of a file or a pipe, in constant memory.
 *
 * Whoever answers lines one by one must not keep an answer back while it waits for the
 * next line, which may never come before the answer was read: `waiting` is called when
 * nothing more is there to be read, and only then, so that a file costs no more. */
#ifndef CDN_CLI_LINES_H
#define CDN_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* A line longer than this is not read into memory. */
#define CDN_LINE_MAX (1024u * 1024u)

struct cdn_lines {
    uint64_t number; /* of the line given last, from 1 */
    struct cdn_buf text;
    bool too_long; /* the line was longer than CDN_LINE_MAX and was skipped */

    /* Set after opening; both may be NULL.  `stopped`: true ends a wait with
     * CORDON_E_INTERRUPTED. */
    void (*waiting)(void *ud);
    bool (*stopped)(void *ud);
    void *ud;

    /* its own */
    const char *name;
    int fd;
    bool at_end;
    unsigned char *chunk;
    size_t from, to; /* of what is not given yet in chunk */
};

/* `path` is borrowed; "-" is standard input.  A pipe is read like a file.
 * Errors, which name the file: CORDON_E_NOTFOUND, CORDON_E_IO, CORDON_E_NOMEM,
 * CORDON_E_DATA for a folder. */
cordon_status cdn_lines_open(struct cdn_lines *lines, const char *path,
                             cordon_error *err);

/* The next line, without its newline and, at the start of the file, without a UTF-8
 * byte order mark, in lines->text.  *got false at the end of the file.
 * Errors, which name the file: CORDON_E_IO, CORDON_E_NOMEM, CORDON_E_INTERRUPTED. */
cordon_status cdn_lines_next(struct cdn_lines *lines, bool *got, cordon_error *err);

/* Also of one that was never opened, if it is zero. */
void cdn_lines_close(struct cdn_lines *lines);

#endif
