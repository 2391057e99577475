/* Text for Graphviz: see dot.h. */
#include "codec/dot.h"

#include <inttypes.h>

void cdn_dot_begin(struct cdn_buf *out)
{
    cdn_buf_text(out, "digraph neighbourhood {\n"
                      "  node [shape=box style=\"rounded,filled\" "
                      "fontname=\"sans-serif\"];\n"
                      "  edge [fontname=\"sans-serif\" fontsize=10];\n");
}

void cdn_dot_end(struct cdn_buf *out)
{
    cdn_buf_text(out, "}\n");
}

static void put_quoted(struct cdn_buf *out, const char *text, size_t bytes)
{
    char shown[400];

    if (!text) {
        cdn_buf_text(out, "?");
        return;
    }
    cdn_escape(shown, sizeof shown, text, bytes);
    for (const char *at = shown; *at; at++) {
        if (*at == '"' || *at == '\\')
            cdn_buf_text(out, "\\");
        cdn_buf_append(out, at, 1);
    }
}

void cdn_dot_node(struct cdn_buf *out, const struct cdn_dot_node *node)
{
    static const char *const fills[] = {"#dbe9f6", "#fbe3d0", "#dff0d8",
                                        "#eadcf4", "#f7f3cf", "#d9efee"};

    cdn_buf_printf(out, "  n%" PRIu32 " [label=\"", node->id);
    put_quoted(out, node->label, node->label_bytes);
    cdn_buf_text(out, ":");
    put_quoted(out, node->key, node->key_bytes);
    cdn_buf_printf(out, "\" fillcolor=\"%s\"%s];\n",
                   fills[node->kind % (sizeof fills / sizeof fills[0])],
                   node->subject ? " penwidth=3" : "");
}

void cdn_dot_edge(struct cdn_buf *out, uint32_t from, uint32_t to, const char *type,
                  size_t type_bytes, uint32_t times)
{
    cdn_buf_printf(out, "  n%" PRIu32 " -> n%" PRIu32 " [label=\"", from, to);
    put_quoted(out, type, type_bytes);
    if (times > 1)
        cdn_buf_printf(out, " (%" PRIu32 ")", times);
    cdn_buf_text(out, "\"];\n");
}
