/* "Did you mean": edit distance over short names.
 *
 * The distance counts insertions, deletions, substitutions and swaps of neighbours,
 * without regard to the case of ASCII letters; names that differ only in case are one
 * apart.  Three rows of the table are kept, on the stack, so names beyond
 * NAME_MAX_BYTES are not compared: nobody misspells those by a letter, and hostile ones
 * must not cost quadratic time. */
#include "base/suggest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t rows[3][NAME_MAX_BYTES + 1];
    size_t *before = rows[0]; /* two rows up, for swaps */
    size_t *above = rows[1];
    size_t *row = rows[2];

    for (size_t j = 0; j <= b_bytes; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *oldest = before;

        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            char x = fold(a[i - 1]);
            char y = fold(b[j - 1]);
            size_t best = above[j - 1] + (x != y);

            best = least(best, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
                best = least(best, before[j - 2] + 1);
            row[j] = best;
        }
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_bytes];
}

void cdn_suggest_init(struct cdn_suggest *suggest, const char *wanted)
{
    size_t bytes = strlen(wanted);
    size_t farthest = bytes / 3 ? bytes / 3 : bytes > 1;

    *suggest = (struct cdn_suggest){.wanted = wanted, .best_distance = farthest + 1};
}

void cdn_suggest_offer(struct cdn_suggest *suggest, const char *candidate)
{
    size_t wanted_bytes = strlen(suggest->wanted);
    size_t bytes = strlen(candidate);
    size_t apart;

    if (wanted_bytes > NAME_MAX_BYTES || bytes > NAME_MAX_BYTES ||
        !strcmp(suggest->wanted, candidate))
        return;
    apart = distance(suggest->wanted, wanted_bytes, candidate, bytes);
    if (!apart)
        apart = 1; /* differs in case alone */
    if (apart < suggest->best_distance) {
        suggest->best = candidate;
        suggest->best_distance = apart;
    }
}

const char *cdn_suggest_text(const struct cdn_suggest *suggest, char *out, size_t size)
{
    int length = 0;

    if (!size)
        return out;
    if (suggest->best)
        length = snprintf(out, size, "; did you mean '%s'?", suggest->best);
    /* Half a hint is worse than none. */
    if (length <= 0 || (size_t)length >= size)
        out[0] = '\0';
    return out;
}
