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

/* "whole", "granted" or "hops=N". */
static bool take_slice(cordon_engine_options *options, const char *text)
{
    static const char hops[] = "hops=";
    unsigned long count;
    char *end;

    options->slice = CORDON_SLICE_HOPS;
    options->slice_hops = 0;
    if (!strncmp(text, hops, sizeof hops - 1)) {
        text += sizeof hops - 1;
        count = strtoul(text, &end, 10);
        options->slice_hops = (uint32_t)count;
        return *text >= '1' && *text <= '9' && !*end && count <= CORDON_MAX_SLICE_HOPS;
    }
    options->slice = !strcmp(text, cordon_slice_str(CORDON_SLICE_WHOLE))
                         ? CORDON_SLICE_WHOLE
                         : CORDON_SLICE_GRANTED;
    return !strcmp(text, cordon_slice_str(options->slice));
}

bool cdn_tier_choose(struct cdn_cli *cli, cordon_engine_options *options,
                     const struct cdn_tier_choice *choice, char worker[PATH_MAX],
                     int *code)
{
    /* a role of the policy may want it even where the command does not */
    if (cdn_tier_find_worker(worker))
        options->worker = worker;
    if (choice->slice && !take_slice(options, choice->slice)) {
        *code =
            cdn_cli_usage(cli,
                          "--slice '%s': whole, granted or hops=N, with N from 1 to "
                          "%d",
                          choice->slice, CORDON_MAX_SLICE_HOPS);
        return false;
    }
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
