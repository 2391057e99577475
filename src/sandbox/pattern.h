/* Lua 5.1 patterns, matched in metered steps.
 *
 * The stock matcher backtracks for hours on a pattern of thirty characters, and no hook
 * fires inside it.  This one has the same meaning, including what it takes for an error
 * and when it notices, and charges the meter every few thousand steps; recursion on the
 * C stack is bounded at 200 levels ("pattern too complex").  Character classes are
 * those of ASCII, whatever the host's locale is. */
#ifndef CDN_SANDBOX_PATTERN_H
#define CDN_SANDBOX_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "sandbox/meter.h"

#define CDN_PATTERN_MAX_CAPTURES 32
#define CDN_PATTERN_MAX_DEPTH    200

/* Subject and pattern are borrowed: the caller keeps both strings on its stack. */
struct cdn_pattern {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern, *pattern_end;
    uint32_t steps; /* not yet charged */
    int depth;
    int captures;
    struct {            /* small: gsub keeps one of these a level on the C stack */
        uint32_t start; /* offset in the subject; Lua's strings are below 2 GiB */
        int32_t length; /* or a mark: still open, or a position */
    } capture[CDN_PATTERN_MAX_CAPTURES];
};

void cdn_pattern_init(struct cdn_pattern *match, lua_State *L, const char *subject,
                      size_t subject_bytes, const char *pattern, size_t pattern_bytes);

/* Match the pattern with its beginning at `at`: the end of the match, or NULL.  An
 * anchor is the caller's affair.                                                   [-0,
 * +0, e] */
CDN_RAISES const char *cdn_pattern_at(struct cdn_pattern *match, const char *at);

/* The first match at or after `at`, its beginning in *start; NULL if there is none. The
 * same as trying each place in turn, but skips what cannot begin a match.   [-0, +0, e]
 */
CDN_RAISES const char *cdn_pattern_search(struct cdn_pattern *match, const char *at,
                                          const char **start);

/* Charge the steps not yet charged: call when done with matching.           [-0, +0, e]
 */
CDN_RAISES void cdn_pattern_settle(struct cdn_pattern *match);

/* Push capture `index`, from 0; of a pattern without captures 0 is the whole match from
 * start to end.                                                             [-0, +1, e]
 */
CDN_RAISES void cdn_pattern_push(struct cdn_pattern *match, int index,
                                 const char *start, const char *end);

/* Push all captures, or the whole match if there are none and start is not NULL;
 * returns how many. [-0, +n, e] */
CDN_RAISES int cdn_pattern_push_all(struct cdn_pattern *match, const char *start,
                                    const char *end);

#endif
