/* Real nodes to try a rule on: drawn by degree class, the same ones for the same seed.
 *
 * What a rule costs depends on its subject's degree more than on anything else, and degrees
 * spread over so many powers of ten that a sample of all nodes alike would hardly meet the
 * few that hurt.  So nodes are sorted into classes by the number of their edges, of the types
 * the rule reads: none, 1 to 9, 10 to 99 and so on; and of each class equally many are drawn.
 * How many nodes a class has is kept, so that figures of all classes together can be weighed
 * as if every node had been tried.
 *
 * A node's turn is a hash of the seed and of its key: a class gives its nodes of the lowest.
 * Other nodes, or how many are drawn, change nothing in it: a larger sample holds the smaller
 * one. */
#ifndef CDN_CLI_BENCH_SAMPLE_H
#define CDN_CLI_BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/names.h"
#include "snapshot/snapshot.h"

/* Class 0 has no edges, class n has degrees of n digits; the last is of requests that have no
 * subject at all. */
#define CDN_SAMPLE_CLASSES    21
#define CDN_SAMPLE_NO_SUBJECT (CDN_SAMPLE_CLASSES - 1)

unsigned cdn_sample_class(uint64_t degree);
/* "0", "1-9", "10-99", "no subject".  Returns out; size >= 48. */
char *cdn_sample_class_name(char *out, size_t size, unsigned number);

/* What a rule's `reads` means in a snapshot. */
struct cdn_sample_reads {
    bool relations[CDN_SCHEMA_MAX_RELATIONS]; /* are edges of the relation counted? */
    uint32_t labels[CDN_SCHEMA_MAX_LABELS];   /* the labels that it reads */
    uint32_t label_count;
    int64_t latest_ms; /* the latest time of any such edge; INT64_MIN: none has one */
};

/* A rule that names edge types alone reads the labels at their ends. */
void cdn_sample_reads(struct cdn_sample_reads *out, const struct cdn_names *names,
                      const cordon_snapshot *snapshot);

/* The edges at a node, of the relations that are counted, up to `as_of_ms` (INT64_MIN: all);
 * a loop counts at both ends.  Errors: CORDON_E_CORRUPT. */
cordon_status cdn_sample_degree(uint64_t *out, const cordon_snapshot *snapshot,
                                const struct cdn_sample_reads *reads, uint32_t node,
                                int64_t as_of_ms, cordon_error *err);

struct cdn_sample_node {
    uint32_t node; /* dense */
    uint64_t degree;
    uint64_t turn;
};

struct cdn_sample {
    struct cdn_sample_node *nodes; /* class by class, in the order of keys within one */
    size_t count;
    uint64_t population[CDN_SAMPLE_CLASSES]; /* nodes of the label in each class */
    uint64_t drawn[CDN_SAMPLE_CLASSES];
};

/* Draw at most `per_class`, which is not 0, nodes of a label from each class.  Linear in the label's nodes, one
 * search more a relation and node with `as_of_ms`; memory by what is drawn.
 *
 * Ownership: out's, until cdn_sample_deinit(), on failure too.
 * Errors:    CORDON_E_CORRUPT, CORDON_E_NOMEM. */
cordon_status cdn_sample_draw(struct cdn_sample *out, const cordon_snapshot *snapshot,
                              const struct cdn_sample_reads *reads, uint32_t label,
                              int64_t as_of_ms, uint64_t seed, size_t per_class,
                              cordon_error *err);
void cdn_sample_deinit(struct cdn_sample *sample);

#endif
