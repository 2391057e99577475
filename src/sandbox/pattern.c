/* The matcher behind string.find, match, gmatch and gsub.
 *
 * A NUL in a pattern is a character like any other, as in Lua 5.2; to Lua 5.1 the pattern
 * ended there.
 *
 * A pattern is interpreted as it stands, never compiled: what is malformed is noticed
 * only when matching arrives there, as in Lua 5.1, and short patterns over short
 * subjects, the common case, have nothing to amortise a compilation over.
 *
 * Cost: one step for each item tried against a byte, plus what sets, balances and
 * back-references scan; two steps are charged as one instruction.  Backtracking can be
 * exponential: the budget bounds it.  Recursion happens at captures and at quantifiers.
 */
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "sandbox/pattern.h"

#define ESCAPE '%'

/* In place of a capture's length. */
#define CAPTURE_OPEN     (-1)
#define CAPTURE_POSITION (-2)

/* Steps between two charges; two steps cost an instruction. */
#define STEPS_PER_CHARGE 4096u

void cdn_pattern_init(struct cdn_pattern *match, lua_State *L, const char *subject,
                      size_t subject_bytes, const char *pattern, size_t pattern_bytes)
{
    match->L = L;
    match->subject = subject;
    match->subject_end = subject + subject_bytes;
    match->pattern = pattern;
    match->pattern_end = pattern + pattern_bytes;
    match->steps = 0;
    match->depth = 0;
    match->captures = 0;
}

void cdn_pattern_settle(struct cdn_pattern *match)
{
    uint32_t work = (match->steps + 1) / 2;

    match->steps = 0;
    if (work)
        cdn_meter_charge(match->L, work);
}

static inline void step(struct cdn_pattern *match, size_t steps)
{
    if (steps >= STEPS_PER_CHARGE) {
        cdn_meter_charge(match->L, steps / 2);
        return;
    }
    match->steps += (uint32_t)steps;
    if (match->steps >= STEPS_PER_CHARGE)
        cdn_pattern_settle(match);
}

/* ---- single characters ---- */

static inline bool is_between(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

static bool is_alpha(unsigned char c)
{
    return is_between(c | 0x20, 'a', 'z');
}

static bool is_alnum(unsigned char c)
{
    return is_alpha(c) || is_between(c, '0', '9');
}

/* Does `c` belong to the class named by the letter after an escape?  An upper-case
 * letter is the complement; anything but a class letter stands for itself. */
static bool in_class(unsigned char c, unsigned char letter)
{
    bool member;

    switch (letter | 0x20) {
    case 'a':
        member = is_alpha(c);
        break;
    case 'c':
        member = c < 32 || c == 127;
        break;
    case 'd':
        member = is_between(c, '0', '9');
        break;
    case 'g':
        member = is_between(c, 33, 126);
        break;
    case 'l':
        member = is_between(c, 'a', 'z');
        break;
    case 'p':
        member = is_between(c, 33, 126) && !is_alnum(c);
        break;
    case 's':
        member = c == ' ' || is_between(c, '\t', '\r');
        break;
    case 'u':
        member = is_between(c, 'A', 'Z');
        break;
    case 'w':
        member = is_alnum(c);
        break;
    case 'x':
        member = is_between(c, '0', '9') || is_between(c | 0x20, 'a', 'f');
        break;
    case 'z':
        member = c == 0;
        break;
    default:
        return c == letter;
    }
    if (!is_alpha(letter))
        return c == letter;
    return (letter & 0x20) ? member : !member;
}

/* Where the single-character item at `p` ends: behind a character, an escape or a set.
 */
CDN_RAISES static const char *item_end(struct cdn_pattern *match, const char *p)
{
    const char *end = match->pattern_end;
    const char *begin = p;
    char c = *p++;

    if (c == ESCAPE) {
        if (p == end)
            luaL_error(match->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (c != '[')
        return p;
    if (p < end && *p == '^')
        p++;
    do { /* what comes first is a member, even a ']' */
        if (p == end)
            luaL_error(match->L, "malformed pattern (missing ']')");
        c = *p++;
        if (c == ESCAPE && p < end)
            p++;
    } while (p == end || *p != ']');
    step(match, (size_t)(p - begin) / 8);
    return p + 1;
}

/* Is `c` in the set that opens at `p` and whose ']' is at `close`? */
static bool in_set(struct cdn_pattern *match, unsigned char c, const char *p,
                   const char *close)
{
    const char *begin = p++;
    bool wanted = true;

    if (p < close && *p == '^') {
        wanted = false;
        p++;
    }
    for (; p < close; p++) {
        if (*p == ESCAPE) {
            p++;
            if (in_class(c, (unsigned char)*p))
                goto found;
        } else if (p + 2 < close && p[1] == '-') {
            if (is_between(c, (unsigned char)p[0], (unsigned char)p[2]))
                goto found;
            p += 2;
        } else if ((unsigned char)*p == c) {
            goto found;
        }
    }
    wanted = !wanted;
found:
    step(match, (size_t)(p - begin) / 4);
    return wanted;
}

static inline bool fits(struct cdn_pattern *match, const char *s, const char *p,
                        const char *end)
{
    step(match, 1);
    if (s >= match->subject_end)
        return false;
    switch (*p) {
    case '.':
        return true;
    case ESCAPE:
        return in_class((unsigned char)*s, (unsigned char)p[1]);
    case '[':
        return in_set(match, (unsigned char)*s, p, end - 1);
    default:
        return *s == *p;
    }
}

/* ---- the items that are more than a character ---- */

CDN_RAISES static const char *match_here(struct cdn_pattern *match, const char *s,
                                         const char *p);

CDN_RAISES static const char *open_capture(struct cdn_pattern *match, const char *s,
                                           const char *p, int32_t mark)
{
    const char *end;

    if (match->captures >= CDN_PATTERN_MAX_CAPTURES)
        luaL_error(match->L, "too many captures");
    match->capture[match->captures].start = (uint32_t)(s - match->subject);
    match->capture[match->captures].length = mark;
    match->captures++;
    end = match_here(match, s, p);
    if (!end)
        match->captures--;
    return end;
}

CDN_RAISES static const char *close_capture(struct cdn_pattern *match, const char *s,
                                            const char *p)
{
    const char *end;
    int index = match->captures - 1;

    while (index >= 0 && match->capture[index].length != CAPTURE_OPEN)
        index--;
    if (index < 0)
        luaL_error(match->L, "invalid pattern capture");
    match->capture[index].length =
        (int32_t)(s - match->subject - match->capture[index].start);
    end = match_here(match, s, p);
    if (!end)
        match->capture[index].length = CAPTURE_OPEN;
    return end;
}

/* %bxy at p: behind the y that balances the x at s. */
CDN_RAISES static const char *balance(struct cdn_pattern *match, const char *s,
                                      const char *p)
{
    const char *begin = s;
    size_t open = 1;
    const char *end = NULL;

    if (match->pattern_end - p < 4)
        luaL_error(match->L, "unbalanced pattern");
    if (s >= match->subject_end || *s != p[2])
        return NULL;
    for (s++; s < match->subject_end; s++) {
        if (*s == p[3]) {
            if (--open == 0) {
                end = s + 1;
                break;
            }
        } else if (*s == p[2]) {
            open++;
        }
    }
    step(match, (size_t)(s - begin));
    return end;
}

/* %f[set] at p: behind the item if s stands between a byte outside the set and one in
 * it; both ends of the subject count as a NUL. */
CDN_RAISES static const char *frontier(struct cdn_pattern *match, const char *s,
                                       const char *p)
{
    const char *set = p + 2, *end;
    unsigned char before = 0, after = 0;

    if (set >= match->pattern_end || *set != '[')
        luaL_error(match->L, "missing '[' after '%%f' in pattern");
    end = item_end(match, set);
    if (s > match->subject)
        before = (unsigned char)s[-1];
    if (s < match->subject_end)
        after = (unsigned char)*s;
    if (in_set(match, before, set, end - 1) || !in_set(match, after, set, end - 1))
        return NULL;
    return end;
}

/* A back-reference: behind a repetition of the capture that `digit` names. */
CDN_RAISES static const char *again(struct cdn_pattern *match, const char *s,
                                    char digit)
{
    int index = digit - '1';
    size_t length;

    if (index < 0 || index >= match->captures ||
        match->capture[index].length == CAPTURE_OPEN)
        luaL_error(match->L, "invalid capture index");
    /* a position capture has a negative length, which no subject is long enough for */
    length = (size_t)match->capture[index].length;
    if ((size_t)(match->subject_end - s) < length)
        return NULL;
    step(match, length / 8);
    if (memcmp(match->subject + match->capture[index].start, s, length) != 0)
        return NULL;
    return s + length;
}

/* The item p..end as often as it fits, then less and less until the rest matches. */
CDN_RAISES static const char *longest(struct cdn_pattern *match, const char *s,
                                      const char *p, const char *end)
{
    const char *last = s, *found;

    while (fits(match, last, p, end))
        last++;
    for (; last >= s; last--) {
        found = match_here(match, last, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

CDN_RAISES static const char *shortest(struct cdn_pattern *match, const char *s,
                                       const char *p, const char *end)
{
    for (;; s++) {
        const char *found = match_here(match, s, end + 1);

        if (found || !fits(match, s, p, end))
            return found;
    }
}

/* An escape that is no single character: sets *next to where matching goes on, NULL if
 * it fails there, and the place in the pattern behind it; false: a single character. */
CDN_RAISES static bool special(struct cdn_pattern *match, const char **s,
                               const char **p)
{
    const char *at = *p;

    if (match->pattern_end - at < 2)
        return false;
    switch (at[1]) {
    case 'b':
        *s = balance(match, *s, at);
        *p = at + 4;
        return true;
    case 'f':
        *p = frontier(match, *s, at);
        if (!*p)
            *s = NULL;
        return true;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        *s = again(match, *s, at[1]);
        *p = at + 2;
        return true;
    default:
        return false;
    }
}

static const char *match_here(struct cdn_pattern *match, const char *s, const char *p)
{
    const char *end;

    if (++match->depth > CDN_PATTERN_MAX_DEPTH)
        luaL_error(match->L, "pattern too complex");
    for (; s && p < match->pattern_end; p = end) {
        step(match, 1);
        if (*p == '(') {
            if (p + 1 < match->pattern_end && p[1] == ')')
                s = open_capture(match, s, p + 2, CAPTURE_POSITION);
            else
                s = open_capture(match, s, p + 1, CAPTURE_OPEN);
            break;
        }
        if (*p == ')') {
            s = close_capture(match, s, p + 1);
            break;
        }
        if (*p == '$' && p + 1 == match->pattern_end) {
            if (s != match->subject_end)
                s = NULL;
            break;
        }
        end = p;
        if (*p == ESCAPE && special(match, &s, &end))
            continue;
        end = item_end(match, p);
        switch (end < match->pattern_end ? *end : '\0') {
        case '?':
            if (fits(match, s, p, end)) {
                const char *found = match_here(match, s + 1, end + 1);

                if (found) {
                    s = found;
                    goto out;
                }
            }
            end++;
            break;
        case '*':
            s = longest(match, s, p, end);
            goto out;
        case '+':
            s = fits(match, s, p, end) ? longest(match, s + 1, p, end) : NULL;
            goto out;
        case '-':
            s = shortest(match, s, p, end);
            goto out;
        default:
            s = fits(match, s, p, end) ? s + 1 : NULL;
        }
    }
out:
    match->depth--;
    return s;
}

/* ---- from outside ---- */

const char *cdn_pattern_at(struct cdn_pattern *match, const char *at)
{
    match->captures = 0;
    match->depth = 0;
    step(match, 1); /* even where the pattern is empty */
    return match_here(match, at, match->pattern);
}

/* The byte that every match begins with, if the pattern begins with a plain character
 * that must occur; -1 if it does not. */
static int first_byte(const struct cdn_pattern *match)
{
    size_t bytes = (size_t)(match->pattern_end - match->pattern);
    const char *p = match->pattern;

    if (bytes == 0 || strchr("^$*+?.([%-)", *p) || *p == '\0')
        return -1;
    if (bytes > 1 && (p[1] == '*' || p[1] == '?' || p[1] == '-'))
        return -1;
    return (unsigned char)*p;
}

const char *cdn_pattern_search(struct cdn_pattern *match, const char *at,
                               const char **start)
{
    int byte = first_byte(match);

    for (;; at++) {
        const char *end;

        if (byte >= 0) {
            size_t left = (size_t)(match->subject_end - at);
            const char *hit = left ? memchr(at, byte, left) : NULL;

            step(match, (hit ? (size_t)(hit - at) : left) / 32 + 1);
            if (!hit)
                return NULL;
            at = hit;
        }
        end = cdn_pattern_at(match, at);
        if (end) {
            *start = at;
            return end;
        }
        if (at >= match->subject_end)
            return NULL;
    }
}

void cdn_pattern_push(struct cdn_pattern *match, int index, const char *start,
                      const char *end)
{
    lua_State *L = match->L;
    int32_t length;

    if (index >= match->captures) {
        if (index != 0)
            luaL_error(L, "invalid capture index");
        cdn_meter_push_text(L, start, (size_t)(end - start));
        return;
    }
    length = match->capture[index].length;
    if (length == CAPTURE_OPEN)
        luaL_error(L, "unfinished capture");
    start = match->subject + match->capture[index].start;
    if (length == CAPTURE_POSITION)
        lua_pushnumber(L, (lua_Number)(start - match->subject + 1));
    else
        cdn_meter_push_text(L, start, (size_t)length);
}

int cdn_pattern_push_all(struct cdn_pattern *match, const char *start, const char *end)
{
    int count = match->captures == 0 && start ? 1 : match->captures;

    luaL_checkstack(match->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        cdn_pattern_push(match, i, start, end);
    return count;
}
