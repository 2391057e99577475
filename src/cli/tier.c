/* Finding cordon-worker.
 *
 * An installation has it in PREFIX/libexec, a build tree in src/isolation, and whoever has it
 * elsewhere says so in CORDON_WORKER. */
#include "cli/tier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const places[] = {"cordon-worker", "../libexec/cordon-worker",
                                     "../isolation/cordon-worker"};

bool cdn_tier_find_worker(char out[PATH_MAX])
{
    const char *named = getenv("CORDON_WORKER");
    char own[PATH_MAX], path[2 * PATH_MAX];
    ssize_t bytes;
    char *slash;

    if (named && named[0])
        return realpath(named, out) && !access(out, X_OK);
    bytes = readlink("/proc/self/exe", own, sizeof own - 1);
    own[bytes > 0 ? bytes : 0] = '\0';
    slash = strrchr(own, '/');
    if (slash)
        *slash = '\0';
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, "%s/%s", own, places[i]);
        if (realpath(path, out) && !access(out, X_OK))
            return true;
    }
    return false;
}

bool cdn_tier_choose(struct cdn_cli *cli, cordon_engine_options *options,
                     const struct cdn_tier_choice *choice, char worker[PATH_MAX],
                     int *code)
{
    /* a role of the policy may want it even where the command does not */
    if (cdn_tier_find_worker(worker))
        options->worker = worker;
    if (choice->wall)
        options->wall = (cordon_wall)(choice->wall - 1);
    if (options->wall == CORDON_WALL_INPROC || options->worker)
        return true;
    cdn_cli_error(
        cli,
        "--tier %s: the program cordon-worker is neither beside cordon nor in "
        "../libexec; name it in CORDON_WORKER",
        cordon_wall_str(options->wall));
    *code = CDN_EXIT_DATA;
    return false;
}
