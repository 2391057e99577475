/* Completion for shells, made from the tables that the commands run by.
 *
 * What is offered: the words of commands, a command's options, the words that an option takes
 * where it is a choice, and names of files where one is meant.  Each script stands alone: it
 * asks nothing of the command and needs no other package. */
#ifndef CDN_CLI_PROJECT_SHELL_H
#define CDN_CLI_PROJECT_SHELL_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/cli.h"

enum cdn_shell { CDN_SHELL_BASH = 1, CDN_SHELL_ZSH, CDN_SHELL_FISH };
#define CDN_SHELL_CHOICES "bash|zsh|fish"

/* Append the script.  Running out of memory is the buffer's to tell. */
void cdn_shell_script(struct cdn_buf *out, enum cdn_shell shell);

/* Does what --help calls so stand for a file or a folder? */
bool cdn_shell_is_path(const char *argument);

/* What a command's words that are no options are: the first of its usage, "RULE" or "FILE", that
 * belongs to no option; NULL: it takes none.  Into `out`, of `size` bytes. */
const char *cdn_shell_operand(char *out, size_t size,
                              const struct cdn_command *command);

#endif
