/* Files that a program carries, put into it at build time (src/embed.cmake). */
#ifndef CDN_BASE_EMBEDDED_H
#define CDN_BASE_EMBEDDED_H

#include <stddef.h>

struct cdn_embedded {
    const char *name; /* "rules/rule.lua": the path it was found under */
    const unsigned char *bytes;
    size_t size; /* a NUL stands behind */
};

#endif
