/* "Did you mean": the name among candidates that is nearest to a misspelt one.  Near is
 * at most a third of its letters inserted, left out, replaced or swapped with their
 * neighbour (one, for names of two or more), the case of letters aside. */
#ifndef CDN_BASE_SUGGEST_H
#define CDN_BASE_SUGGEST_H

#include <stddef.h>

struct cdn_suggest {
    const char *wanted;
    const char *best;     /* NULL: none near enough */
    size_t best_distance; /* what the next candidate has to be below */
};

void cdn_suggest_init(struct cdn_suggest *suggest, const char *wanted);
/* `candidate` must outlive the use of `best`.  Ties keep the first offered. */
void cdn_suggest_offer(struct cdn_suggest *suggest, const char *candidate);
/* Writes "; did you mean 'x'?" or "" into out; returns out. */
const char *cdn_suggest_text(const struct cdn_suggest *suggest, char *out, size_t size);

#endif
