/* What a plan knows, for slice.c: see slice.h. */
#ifndef CDN_SNAPSHOT_SLICE_PLAN_H
#define CDN_SNAPSHOT_SLICE_PLAN_H

#include "snapshot/slice.h"

/* Where the values of one of the slice's properties come from. */
struct cdn_slice_source {
    int32_t column; /* the snapshot's, by property number; -1: nowhere, all are null */
    int32_t mask;   /* what stands in for them, by number; -1: they are as they are */
};

struct cdn_slice_plan {
    const cordon_snapshot *snapshot;
    const struct cdn_slice_veil *veil; /* NULL: nothing is masked */
    struct cdn_schema schema;          /* of the slices, normalised */
    /* from the snapshot's numbers to theirs; UINT32_MAX: not in them */
    uint32_t *labels;
    uint32_t *relations;
    bool *holds;   /* by the snapshot's label: its nodes may be in a slice */
    bool *ranked;  /* the same: their keys are their places */
    int32_t *held; /* the same: the slices' property that holds masked keys; -1: none */
    /* by the snapshot's number; of the slices' properties, in their order */
    struct cdn_slice_source **label_sources;
    struct cdn_slice_source **relation_sources;
};

#endif
