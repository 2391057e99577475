/* A condition and then a cut over one list, at once: the common end of a refined set. */
#ifndef CDN_GRAPH_CUT_H
#define CDN_GRAPH_CUT_H

#include "graph/scan.h"

struct cdn_cut {
    const struct cdn_test *test; /* which cdn_test_takes() */
    const struct cdn_reach *reach;
    bool backward; /* the last ones are wanted */
    uint32_t most;
    uint32_t *positions; /* room for `room` of them, more than `most` */
    uint32_t room;
    /* found: positions[at .. at + kept), ascending */
    uint32_t at;
    uint32_t kept;
    bool more; /* others had matched */
};

/* Find the edges of the reach, at most CDN_SPAN_EDGES, and pay for them.  [-0, +0, e] */
CDN_RAISES void cdn_cut_list(struct cdn_cut *cut, struct cdn_scan *scan);

#endif
