/* What differs between two texts, line by line, as a unified diff. */
#ifndef CDN_CODEC_TEXT_DIFF_H
#define CDN_CODEC_TEXT_DIFF_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct cdn_text {
    const char *name; /* in the two lines at the top */
    const char *text;
    size_t bytes;
};

/* Append the diff of `from` and `to`; nothing if they are equal.  Errors: CORDON_E_NOMEM. */
cordon_status cdn_text_diff(struct cdn_buf *out, const struct cdn_text *from,
                            const struct cdn_text *to, cordon_error *err);

#endif
