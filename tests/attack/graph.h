/* The graph that attacks run over. */
#ifndef CORDON_TESTS_ATTACK_GRAPH_H
#define CORDON_TESTS_ATTACK_GRAPH_H

#include <cordon/snapshot.h>

/* Made when first asked for; graph.c says what is in it.  Its file is there until
 * attack_graph_remove(): workers behind walls open it. */
cordon_snapshot *attack_graph(void);
void attack_graph_remove(void);
void attack_graph_release(void);

#endif
