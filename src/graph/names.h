/* The names a rule declared in `reads`, numbered: what its image refers to.
 *
 * Nothing in an image refers to a snapshot.  A rule's Lua sees labels, edge types and
 * properties as small numbers (slots) of this list; a binding resolves each of them,
 * once per (rule version, snapshot, grant), outside the arena. */
#ifndef CDN_GRAPH_NAMES_H
#define CDN_GRAPH_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "snapshot/schema.h"

#define CDN_NAMES_MAX_KINDS      64 /* labels and edge types together */
#define CDN_NAMES_MAX_PROPERTIES 64 /* distinct property names */

/* One entry of `reads`: a label or an edge type (which, only a snapshot can tell) and
 * the properties declared under it, as a bitset over `properties`. */
struct cdn_name_kind {
    char name[CDN_SCHEMA_MAX_NAME + 1];
    uint64_t properties;
    uint32_t line; /* where in the rule; 0: not known */
};

struct cdn_names {
    uint32_t kind_count;
    uint32_t property_count;
    struct cdn_name_kind kinds[CDN_NAMES_MAX_KINDS]; /* sorted by name */
    char properties[CDN_NAMES_MAX_PROPERTIES][CDN_SCHEMA_MAX_NAME + 1]; /* sorted */
};

/* Add a kind, or a property to a kind; both are idempotent.  After the last addition
 * cdn_names_finish() sorts and numbers.  Errors: CORDON_E_RULE too many, not a name. */
cordon_status cdn_names_add(struct cdn_names *names, const char *kind,
                            const char *property, cordon_error *err);
cordon_status cdn_names_finish(struct cdn_names *names, cordon_error *err);

#endif
