/* The guides that the command carries (rules/README.md and others), read as what they are:
 * Markdown of the plain kind that this project writes.
 *
 * A guide is a row of blocks: headings, paragraphs, items of lists, tables, code.  A *topic* is
 * a section of the second level, called by the words of its heading: "Limits and fallbacks" is
 * limits-and-fallbacks, and limits finds it too.  So there is no second copy of a text, and no
 * list of topics that a guide could outgrow. */
#ifndef CDN_CLI_PROJECT_GUIDE_H
#define CDN_CLI_PROJECT_GUIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

enum cdn_guide_kind {
    CDN_GUIDE_HEADING,
    CDN_GUIDE_PARAGRAPH,
    CDN_GUIDE_ITEM, /* of a list; without its mark */
    CDN_GUIDE_TABLE,
    CDN_GUIDE_CODE /* without its fences */
};

struct cdn_guide_block {
    enum cdn_guide_kind kind;
    unsigned level;   /* of a heading, from 1 */
    const char *text; /* whole lines; of a heading what it says */
    size_t bytes;
    const char *info; /* behind a code's opening fence */
    size_t info_bytes;
};

/* The block at *at, which is moved behind it.  False: the end. */
bool cdn_guide_next(struct cdn_guide_block *out, const char **at, const char *end);

/* A section of the second level, from its heading to the next one's. */
struct cdn_guide_topic {
    char name[64];     /* "limits-and-fallbacks" */
    const char *title; /* not ended by a NUL */
    size_t title_bytes;
    const char *guide; /* "rules/README.md" */
    const char *text;
    size_t bytes;
};

/* The topic number `index` of all guides, in their order.  False: there are no more. */
bool cdn_guide_topic(struct cdn_guide_topic *out, size_t index);
/* By its name, or by a word of it.  False: there is none. */
bool cdn_guide_find(struct cdn_guide_topic *out, const char *name);

/* Print blocks for people: paragraphs in 80 columns, code as it stands. */
void cdn_guide_show(FILE *to, bool color, const char *text, size_t bytes);

/* A whole guide by its path in the source tree; NULL: there is none. */
const char *cdn_guide_text(const char *path, size_t *bytes);

#endif
