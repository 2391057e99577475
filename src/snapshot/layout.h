/* From a directory of segments to the arrays of labels and relations. */
#ifndef CDN_SNAPSHOT_LAYOUT_H
#define CDN_SNAPSHOT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/format.h"
#include "snapshot/metadata.h"
#include "snapshot/snapshot.h"

/* What a layout allocates; free with cdn_layout_deinit(). */
struct cdn_layout {
    struct cdn_label_data *labels;
    struct cdn_relation *relations;
    struct cdn_column *columns;
    const void **pointers; /* by segment, in the directory's order */
    uint32_t *heap_bytes;  /* the same; of heaps */
    uint64_t *first;       /* every adjacency's, one after another */
    uint32_t node_count;
    uint64_t edge_count;
};

/* Check that the directory has exactly the segments that schema and facts call for, of
 * the lengths they call for, and build the arrays over them.  `places` are where the
 * segments lie, in the directory's order; only stored, never read.  `schema` is
 * borrowed.  With a guard (borrowed) the pointers begin as NULL and are the guard's slots;
 * without one they are `places`.  Errors: CORDON_E_CORRUPT, CORDON_E_NOMEM. */
cordon_status cdn_layout_init(struct cdn_layout *layout,
                              const struct cdn_schema *schema,
                              const struct cdn_facts *facts,
                              const struct cdn_segment *segments,
                              const unsigned char *const *places, size_t count,
                              struct cdn_guard *guard, cordon_error *err);
void cdn_layout_deinit(struct cdn_layout *layout);

#endif
