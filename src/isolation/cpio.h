/* Archives of the kind that a Linux kernel unpacks as its first file system: cpio, "newc".
 *
 * A member is a header of 110 bytes (six characters "070701", then thirteen numbers of eight
 * hexadecimal digits), the name with its NUL, and the content, each padded to four bytes; the
 * member TRAILER!!! ends it.  Source: Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst. */
#ifndef CDN_ISOLATION_CPIO_H
#define CDN_ISOLATION_CPIO_H

#include "base/buf.h"

/* Append a member, owned by root; `mode` as in struct stat, S_IFREG or S_IFDIR and permissions.
 * `name` has no leading slash; a directory comes before what it
 * holds.  Failure is the buffer's. */
void cdn_cpio_add(struct cdn_buf *out, const char *name, uint32_t mode,
                  const void *content, size_t bytes);
void cdn_cpio_end(struct cdn_buf *out);

#endif
