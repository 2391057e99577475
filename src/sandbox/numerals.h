/* What parsing a text as a number costs LuaJIT, which is far from what its length says.
 *
 * Up to 18 digits near 1 are parsed at a byte a nanosecond.  Beyond, LuaJIT works with a
 * number of many digits: "1e308" takes it 50 us, 800 digits with an exponent 180 us. */
#ifndef CDN_SANDBOX_NUMERALS_H
#define CDN_SANDBOX_NUMERALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A shorter text is never dear. */
#define CDN_NUMERAL_SHORT 4

/* Instructions, of about 4 ns, that parsing takes; 0 for what is as quick as an
 * instruction.  `text` need not end in a NUL. */
uint64_t cdn_numeral_cost(const char *text, size_t bytes);

/* The same in nanoseconds, without going over the text. */
uint64_t cdn_numeral_ns(const char *text, size_t bytes);

/* Is it a number that costs more than one instruction may take, a microsecond?  Such texts
 * are rare: more than 30 digits, or an exponent beyond 45. */
bool cdn_numeral_dear(const char *text, size_t bytes);

/* May a text that begins so be a number at all? */
static inline bool cdn_numeral_begins(char c)
{
    return (unsigned char)(c - '0') < 10 || (unsigned char)(c - '\t') < 5 || c == ' ' ||
           c == '.' || c == '-' || c == '+';
}

#endif
