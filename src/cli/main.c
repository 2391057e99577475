/* The `cordon` command: the process around cdn_cli_main().
 *
 * The library installs no signal handler; this program does: SIGINT and SIGTERM ask
 * running work to stop through a cordon_cancel, so that a half-done import cleans up
 * and a running rule ends with its own outcome.  A second signal kills as usual. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static cordon_cancel interrupted;

static void on_signal(int signal)
{
    (void)signal;
    cordon_cancel_request(&interrupted);
}

static void watch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int main(int argc, char **argv)
{
    struct cdn_cli cli;

    watch_signals();
    cdn_cli_init(&cli, stdout, stderr);
    cli.cancel = &interrupted;
    return cdn_cli_main(&cli, argc, argv);
}
