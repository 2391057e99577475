/* The version of the library: what was compiled against, and what is running. */
#ifndef CORDON_VERSION_H
#define CORDON_VERSION_H

#include <cordon/export.h>

#define CORDON_VERSION_MAJOR 0
#define CORDON_VERSION_MINOR 1
#define CORDON_VERSION_PATCH 0
#define CORDON_VERSION       "0.1.0"

/* One comparable number: 0x00MMmmpp. */
#define CORDON_VERSION_NUM                                                             \
    ((CORDON_VERSION_MAJOR << 16) | (CORDON_VERSION_MINOR << 8) | CORDON_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif

/* The running library's version, "major.minor.patch".  Static storage. */
CORDON_EXPORT const char *cordon_version(void);

/* The running library's CORDON_VERSION_NUM. */
CORDON_EXPORT unsigned cordon_version_num(void);

#ifdef __cplusplus
}
#endif

#endif
