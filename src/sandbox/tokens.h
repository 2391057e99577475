/* The check of a chunk's tokens before LuaJIT's parser sees it.
 *
 * Debian's LuaJIT dies or opens the FFI on some source texts that a lexer can recognise
 * (1LL and 1i literals, `in nil` forms, deep nesting); here they are refused with a
 * position.  Pure C, no Lua state: also used by `cordon check`. */
#ifndef CDN_SANDBOX_TOKENS_H
#define CDN_SANDBOX_TOKENS_H

#include <stddef.h>

#include "base/error.h"

/* Errors: CORDON_E_RULE with file, line and column. */
cordon_status cdn_tokens_check(const char *source, size_t bytes, const char *file,
                               cordon_error *err);

#endif
