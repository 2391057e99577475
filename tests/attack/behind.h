/* The corpus behind a wall: each case is asked in this process and behind the wall, and has to
 * come to the same there.
 *
 * All cases share one engine behind the wall, and so one worker as long as none of them ends
 * it: what a case left behind there would meet the next one. */
#ifndef CORDON_TESTS_ATTACK_BEHIND_H
#define CORDON_TESTS_ATTACK_BEHIND_H

#include <stdbool.h>

#include <cordon/wall.h>

#include "attack/case.h"

/* How long a case may take behind a wall that emulates, on a busy machine. */
#define ATTACK_BEHIND_NS UINT64_C(300000000000)

/* The wall of that name; false: there is none. */
bool attack_behind_wall(cordon_wall *out, const char *name);

/* Engines will be made with the honest rules of `root`; false: said in attack->failure. */
bool attack_behind_open(struct attack *attack, const char *root, cordon_wall wall,
                        const char *worker);
void attack_behind_close(void);

/* One case, whose expectation has been read; *answer is the one from behind the wall.  What is wrong is the attack's failure. */
void attack_behind_run(struct attack *attack, struct answer *answer);

#endif
