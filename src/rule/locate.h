/* Where in a rule's source a field of its contract stands. */
#ifndef CDN_RULE_LOCATE_H
#define CDN_RULE_LOCATE_H

#include <stddef.h>
#include <stdint.h>

#define CDN_LOCATE_MAX_DEPTH 4

/* The line (from 1) of the field that `path` leads to: keys from the returned table
 * inwards, "#2" for the second list element.  The line of the nearest field around it if it
 * is not written out there, of the table itself for a path of no keys; 0: not known. */
uint32_t cdn_rule_locate(const char *source, size_t bytes, const char *const *path,
                         uint32_t depth);

/* The line of the `return` that ends the chunk; 0: there is none. */
uint32_t cdn_rule_locate_return(const char *source, size_t bytes);

#endif
