/* Writing cpio archives. */
#include "isolation/cpio.h"

#include <string.h>

#define TRAILER "TRAILER!!!"

static void pad(struct cdn_buf *out)
{
    static const unsigned char zeros[4];

    cdn_buf_append(out, zeros, (4 - out->length % 4) % 4);
}

static void member(struct cdn_buf *out, const char *name, unsigned number,
                   uint32_t mode, const void *content, size_t bytes)
{
    unsigned links = number ? 1 : 0;

    if (bytes > UINT32_MAX) {
        out->failed = true; /* its length has eight digits */
        return;
    }
    /* number, mode, owner, group, links, time, bytes, device, device of a device, the name's
     * bytes, a checksum that this kind does not have */
    cdn_buf_printf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
                   number, mode, 0u, 0u, links, 0u, (unsigned)bytes, 0u, 0u, 0u, 0u,
                   (unsigned)strlen(name) + 1, 0u);
    cdn_buf_append(out, name, strlen(name) + 1);
    pad(out);
    if (bytes)
        cdn_buf_append(out, content, bytes);
    pad(out);
}

void cdn_cpio_add(struct cdn_buf *out, const char *name, uint32_t mode,
                  const void *content, size_t bytes)
{
    /* members of one number would be links to each other; where one lies in the archive is a
     * number that no other has */
    member(out, name, (unsigned)(out->length / 4 + 1), mode, content, bytes);
}

void cdn_cpio_end(struct cdn_buf *out)
{
    member(out, TRAILER, 0, 0, NULL, 0);
}
