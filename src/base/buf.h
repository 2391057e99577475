/* A growing byte buffer.  Failure is sticky: append freely, check `failed` once. */
#ifndef CDN_BASE_BUF_H
#define CDN_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Zero-initialised is empty.  data[length] is always NUL once data is not NULL. */
struct cdn_buf {
    unsigned char *data;
    size_t length;
    size_t capacity;
    bool failed;
};

bool cdn_buf_reserve(struct cdn_buf *buf, size_t more);
void cdn_buf_append(struct cdn_buf *buf, const void *bytes, size_t count);
void cdn_buf_text(struct cdn_buf *buf, const char *text);
void cdn_buf_printf(struct cdn_buf *buf, const char *format, ...) CDN_PRINTF(2, 3);
void cdn_buf_clear(struct cdn_buf *buf); /* keeps the capacity */
void cdn_buf_deinit(struct cdn_buf *buf);

#endif
