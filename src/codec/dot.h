/* Neighbourhoods as pictures: text for Graphviz, dot -Tsvg.
 *
 * Labels and keys may hold anything: what could end a string, or is no character to be seen, is
 * escaped, and long ones are cut.  Memory that runs out shows in the buffer. */
#ifndef CDN_CODEC_DOT_H
#define CDN_CODEC_DOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

void cdn_dot_begin(struct cdn_buf *out);
void cdn_dot_end(struct cdn_buf *out);

/* One node.  `kind`: nodes of one label have one colour; `subject`: it is whom all is about. */
struct cdn_dot_node {
    uint32_t id; /* edges are between these */
    uint32_t kind;
    bool subject;
    const char *label; /* NULL: not to be seen */
    size_t label_bytes;
    const char *key; /* NULL likewise */
    size_t key_bytes;
};
void cdn_dot_node(struct cdn_buf *out, const struct cdn_dot_node *node);

/* One edge, or `times` of them between the same two. */
void cdn_dot_edge(struct cdn_buf *out, uint32_t from, uint32_t to, const char *type,
                  size_t type_bytes, uint32_t times);

#endif
