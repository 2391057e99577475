/* cordon completion: the script by which a shell completes cordon's commands, options and what
 * they take (project/shell.h). */
#include "cli/cli.h"

#include <string.h>

#include "cli/project/shell.h"

static int run(struct cdn_cli *cli, int argc, char **argv)
{
    int shell = 0;
    const struct cdn_option which = {.name = "shell",
                                     .type = CDN_OPTION_CHOICE,
                                     .value = &shell,
                                     .choices = CDN_SHELL_CHOICES};
    struct cdn_buf text = {0};
    cordon_error err;
    int code;

    if (!cdn_options_parse(cli, NULL, 0, &argc, argv, &code))
        return code;
    if (argc != 1)
        return cdn_cli_usage(cli, "of which shell? bash, zsh or fish");
    if (cdn_option_value(&which, argv[0], &err))
        return cdn_cli_usage(cli,
                             "there is no completion for '%s'; there is bash, zsh "
                             "and fish",
                             argv[0]);
    cdn_shell_script(&text, (enum cdn_shell)shell);
    if (text.failed) {
        cdn_cli_error(cli, "out of memory");
        code = CDN_EXIT_DATA;
    } else {
        fwrite(text.data, 1, text.length, cli->out);
        code = CDN_EXIT_OK;
    }
    cdn_buf_deinit(&text);
    return cdn_cli_finish(cli, code);
}

const struct cdn_command cdn_command_completion = {
    .name = "completion",
    .summary = "print the script by which bash, zsh or fish completes cordon",
    .run = run,
    .usage = CDN_SHELL_CHOICES,
    .examples =
        "source <(cordon completion bash)             # in this shell\n"
        "cordon completion bash > ~/.local/share/bash-completion/completions/cordon\n"
        "cordon completion zsh > ~/.zfunc/_cordon     # a folder of $fpath\n"
        "cordon completion fish > ~/.config/fish/completions/cordon.fish",
    .details = "Commands, their options, the words an option takes, and names of files "
               "where one is meant.",
    .exits = "023",
};
