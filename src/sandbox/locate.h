/* Where in a Lua source a value of the table it returns was written.
 *
 * Evaluating the source loses its lines, but a message about a schema should name one.
 * This walks the text of a `return { ... }` beside the path of a value.  It is a help,
 * not a parser: where the table is computed rather than written out it answers with the
 * nearest line it is sure of. */
#ifndef CDN_SANDBOX_LOCATE_H
#define CDN_SANDBOX_LOCATE_H

#include <stddef.h>
#include <stdint.h>

struct cdn_step {
    const char *key; /* NULL: an element by position */
    uint32_t index;  /* from 1 */
};

/* The line, from 1, of the deepest step found; 0: not even the table was found. */
uint32_t cdn_locate(const char *source, size_t bytes, const struct cdn_step *path,
                    size_t steps);

#endif
