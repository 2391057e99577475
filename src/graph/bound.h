/* What a binding holds: the inside of graph/, not for other layers.
 *
 * Everything a traversal needs is one or two array reads away: per edge type the lists
 * that start at a node of each label, per list and per label the column number of each
 * property slot. */
#ifndef CDN_GRAPH_BOUND_H
#define CDN_GRAPH_BOUND_H

#include "graph/binding.h"
#include "graph/mask.h"

#define CDN_COLUMN_ABSENT     (-1) /* the label or relation has no such property */
#define CDN_COLUMN_UNDECLARED (-2) /* not declared in `reads` */
/* Declared and masked: to everything native as good as absent, and only the one function
 * that hands a value out knows the way to it (cdn_mask_value). */
#define CDN_COLUMN_MASKED (-3)

/* A property slot that stands for the time column, whatever that is called. */
#define CDN_SLOT_TIME 255

/* One relation in one direction, as seen from the nodes its lists belong to. */
struct cdn_bound_list {
    const struct cdn_relation *relation;
    const struct cdn_adjacency *adjacency;
    const int16_t *columns; /* by property slot */
    uint32_t node_base;     /* the dense index of the first node that has lists */
    uint32_t peer_base;
    uint32_t peer_count;
    bool incoming;
    bool loops; /* incoming, and source and target label are the same */
};

/* All but the columns, for whoever has no slots. */
void cdn_bound_list_init(struct cdn_bound_list *list,
                         const struct cdn_relation *relation, bool incoming);

/* Where the lists of one label's nodes are in a type's `lists`: first the outgoing
 * ones, the incoming ones after them, so that both directions are one run. */
struct cdn_bound_ends {
    uint16_t first;
    uint16_t outgoing;
    uint16_t incoming;
};

enum cdn_bound_what { CDN_BOUND_NOTHING, CDN_BOUND_LABEL, CDN_BOUND_TYPE };

/* One entry of `reads`. */
struct cdn_bound_kind {
    enum cdn_bound_what what;
    uint32_t label; /* its number */
    uint64_t
        masked; /* bit a property slot: what is masked has no entry in `properties` */
    /* of an edge type: */
    bool has_time;
    uint32_t list_count;
    struct cdn_bound_list *lists;
    struct cdn_bound_ends *ends; /* by label number */
    /* by property slot; NULL: not declared, or none of the relations has it */
    const struct cdn_property **properties;
    const struct cdn_property *time; /* the time column's; NULL: it has none */
};

struct cdn_binding {
    const cordon_snapshot *snapshot;
    uint32_t stride; /* property slots in a row of the matrices below */
    uint32_t kind_count;
    struct cdn_bound_kind *kinds; /* by kind slot */
    int16_t *label_columns;       /* [label][slot] */
    int16_t *relation_columns;    /* [relation][slot] */
    int8_t *label_kinds;          /* by label: kind slot, -1: not in reads */
    int8_t *relation_kinds;       /* by relation */
    uint32_t max_hops;            /* of the grant; 0: no bound */
    bool restricted;              /* there is more in the snapshot than is granted */
    uint32_t mask_count;
    struct cdn_bound_mask *masks;
    const struct cdn_bound_mask **key_masks; /* by label; NULL: no keys are masked */
    unsigned char mask_key[CDN_MASK_KEY_BYTES];
};

/* The mask of a label's keys; NULL: none. */
static inline const struct cdn_bound_mask *
cdn_bound_key_mask(const struct cdn_binding *binding, uint32_t label)
{
    return binding->key_masks ? binding->key_masks[label] : NULL;
}

/* The column number of a slot in a list's relation, CDN_COLUMN_ABSENT if there is none.
 */
static inline int32_t cdn_bound_column(const struct cdn_bound_list *list, uint32_t slot)
{
    if (slot == CDN_SLOT_TIME)
        return list->relation->schema->time;
    return list->columns[slot];
}

/* The property behind a slot of an edge type; NULL: none. */
static inline const struct cdn_property *
cdn_bound_property(const struct cdn_bound_kind *kind, uint32_t slot)
{
    return slot == CDN_SLOT_TIME ? kind->time : kind->properties[slot];
}

#endif
