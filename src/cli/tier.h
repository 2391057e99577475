/* Walls on the command line: --tier, --slice, and where the program behind them is. */
#ifndef CDN_CLI_TIER_H
#define CDN_CLI_TIER_H

#include <limits.h>

#include <cordon/engine.h>

#include "cli/cli.h"

/* Rows of an option table; `to` is a struct cdn_tier_choice. */
struct cdn_tier_choice {
    int wall;          /* 0: not given; else the wall's number and 1 */
    const char *slice; /* NULL: not given */
};
#define CDN_TIER_CHOICES "inproc|process|container|microvm"
#define CDN_TIER_OPTION(to)                                                            \
    {                                                                                  \
        "tier", 0, CDN_OPTION_CHOICE, &(to).wall, "WALL",                              \
            "the weakest wall rules run behind: " CDN_TIER_CHOICES, CDN_TIER_CHOICES   \
    }
#define CDN_SLICE_OPTION(to)                                                           \
    {                                                                                  \
        "slice", 0, CDN_OPTION_STRING, &(to).slice, "WHAT",                            \
            "what is seen behind a wall: whole, granted or hops=N", NULL               \
    }

/* The wall that it names; the weakest where it names none. */
static inline cordon_wall cdn_tier_wall(const struct cdn_tier_choice *choice)
{
    return choice->wall ? (cordon_wall)(choice->wall - 1) : CORDON_WALL_INPROC;
}

/* The program cordon-worker: $CORDON_WORKER, or beside this program, or where it is installed or
 * built.  False: it is nowhere; `out` then has the places that were looked at, for a message. */
bool cdn_tier_find_worker(char out[PATH_MAX]);

/* Put the choice into the options; `worker` is the room for its path.  False: *code. */
bool cdn_tier_choose(struct cdn_cli *cli, cordon_engine_options *options,
                     const struct cdn_tier_choice *choice, char worker[PATH_MAX],
                     int *code);

#endif
