/* Calendar time without the C library's locale and time zone: proleptic Gregorian, UTC.
 */
#ifndef CDN_BASE_TIME_H
#define CDN_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parse "YYYY-MM-DD", "YYYY-MM-DD HH:MM[:SS[.f...]]" or ISO 8601 with 'T' and an
 * optional "Z" or "+hh:mm".  Without an offset it is UTC.  More than three fraction
 * digits are accepted if the rest are zeros, else refused: nothing is rounded silently.
 */
bool cdn_time_parse(int64_t *out_ms, const char *text, size_t bytes);

/* "2026-11-24T02:29:00.123Z", the fraction only if not zero.  Returns out; size >= 40.
 */
char *cdn_time_format(char *out, size_t size, int64_t ms);

/* "90s", "15m", "24h", "7d", "2w", "250ms", or a sum such as "1d12h". */
bool cdn_duration_parse(int64_t *out_ms, const char *text, size_t bytes);
char *cdn_duration_format(char *out, size_t size, int64_t ms);

/* "512KiB", "4MiB", "1GiB", "65536" or "64kB" (1000s).  True on success. */
bool cdn_size_parse(uint64_t *out, const char *text, size_t bytes);

#endif
