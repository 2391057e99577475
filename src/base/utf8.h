/* UTF-8 validity (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
#ifndef CDN_BASE_UTF8_H
#define CDN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool cdn_utf8_valid(const char *text, size_t bytes);

/* The bytes of the valid sequence that starts at `at`, or 0; `left` is at least 1. */
size_t cdn_utf8_sequence(const unsigned char *at, size_t left);

#endif
