/* A byte buffer that doubles.
 *
 * Appending is amortised O(1).  One byte beyond `length` is always kept for a NUL, so
 * that data can be handed to whoever wants a C string. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

enum { FIRST_CAPACITY = 64 };

bool cdn_buf_reserve(struct cdn_buf *buf, size_t more)
{
    size_t need;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    unsigned char *data;

    if (buf->failed)
        return false;
    if (!cdn_add_size(&need, buf->length, more) || !cdn_add_size(&need, need, 1))
        goto fail;
    if (buf->data && need <= buf->capacity)
        return true;
    while (capacity < need) {
        if (!cdn_mul_size(&capacity, capacity, 2))
            capacity = need;
    }
    data = cdn_realloc(buf->data, capacity);
    if (!data)
        goto fail;
    buf->data = data;
    buf->capacity = capacity;
    buf->data[buf->length] = '\0';
    return true;
fail:
    buf->failed = true;
    return false;
}

void cdn_buf_append(struct cdn_buf *buf, const void *bytes, size_t count)
{
    if (!cdn_buf_reserve(buf, count))
        return;
    if (count)
        memcpy(buf->data + buf->length, bytes, count);
    buf->length += count;
    buf->data[buf->length] = '\0';
}

void cdn_buf_text(struct cdn_buf *buf, const char *text)
{
    cdn_buf_append(buf, text, strlen(text));
}

void cdn_buf_printf(struct cdn_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        buf->failed = true;
    else if (cdn_buf_reserve(buf, (size_t)length)) {
        vsnprintf((char *)buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void cdn_buf_clear(struct cdn_buf *buf)
{
    buf->length = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void cdn_buf_deinit(struct cdn_buf *buf)
{
    cdn_free(buf->data);
    *buf = (struct cdn_buf){0};
}
