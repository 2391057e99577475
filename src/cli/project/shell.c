/* The three scripts of cordon completion: see shell.h.
 *
 * The bash one is tables as functions, which set REPLY, and one function that walks the words
 * before the cursor; bash splits a word at "=" and ":", so that "--format=json" is three words
 * there.  The zsh one is a call of _arguments a command, the fish one a line an option. */
#include "cli/project/shell.h"

#include <stdio.h>
#include <string.h>

/* ---- what is offered ---- */

bool cdn_shell_is_path(const char *argument)
{
    static const char *const paths[] = {"FILE", "DIR", "STORE", "RULE",
                                        "DATA", "LOG", "PATH",  "RULE.lua"};
    size_t length = strcspn(argument, "|.[ ");

    if (!strncmp(argument, "RULE.lua", 8))
        return true;
    for (size_t i = 0; i < CDN_COUNT(paths); i++) {
        if (strlen(paths[i]) == length && !memcmp(paths[i], argument, length))
            return true;
    }
    return false;
}

const char *cdn_shell_operand(char *out, size_t size, const struct cdn_command *command)
{
    bool of_option = false; /* the word before was an option */

    for (const char *at = command->usage; *at && *at != '\n';) {
        size_t length;

        at += strspn(at, "[ ");
        length = strcspn(at, "] \n");
        if (*at == '-') {
            of_option = true;
        } else if (of_option) {
            of_option = false;
        } else if (length && length < size && strncmp(at, "OPTION", 6) != 0) {
            memcpy(out, at, length);
            out[length] = '\0';
            out[strcspn(out, ".")] = '\0';
            return out;
        }
        at += length + strspn(at + length, "]");
    }
    return NULL;
}

static bool takes_value(const struct cdn_option *option)
{
    return option->type != CDN_OPTION_FLAG && option->type != CDN_OPTION_COUNT;
}

/* "a|b|c" with another separator. */
static void put_choices(struct cdn_buf *out, const char *choices, const char *between)
{
    for (const char *at = choices; *at;) {
        size_t length = strcspn(at, "|");

        cdn_buf_append(out, at, length);
        at += length;
        if (*at) {
            cdn_buf_text(out, between);
            at++;
        }
    }
}

/* Text within quotes of one kind, in which a backslash escapes what `special` has. */
static void put_escaped(struct cdn_buf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            cdn_buf_append(out, "\\", 1);
        cdn_buf_append(out, text, 1);
    }
}

/* Call `body` with each word a command may begin with: groups once. */
static void each_first(struct cdn_buf *out,
                       void (*body)(struct cdn_buf *out, const char *word,
                                    const char *summary))
{
    for (size_t i = 0; cdn_commands[i]; i++) {
        const char *name = cdn_commands[i]->name;
        size_t length = strcspn(name, " ");
        char word[64], all[96];
        bool seen = false;

        if (!name[length]) {
            body(out, name, cdn_commands[i]->summary);
            continue;
        }
        snprintf(word, sizeof(word), "%.*s", (int)length, name);
        for (size_t k = 0; k < i; k++)
            seen |= !strncmp(cdn_commands[k]->name, name, length + 1);
        if (!seen) {
            snprintf(all, sizeof(all), "commands on a %s", word);
            body(out, word, all);
        }
    }
}

/* The same of what may stand behind a group's word. */
static void each_second(struct cdn_buf *out, const char *group,
                        void (*body)(struct cdn_buf *out, const char *word,
                                     const char *summary))
{
    size_t length = strlen(group);

    for (size_t i = 0; cdn_commands[i]; i++) {
        const char *name = cdn_commands[i]->name;

        if (!strncmp(name, group, length) && name[length] == ' ')
            body(out, name + length + 1, cdn_commands[i]->summary);
    }
}

/* The options of every command, whose values are nobody's. */
static void common_options(struct cdn_cli *cli,
                           struct cdn_option options[CDN_COMMON_OPTIONS])
{
    memset(cli, 0, sizeof(*cli));
    cdn_options_common(cli, options);
}

/* ---- bash ---- */

static const char bash_driver[] =
    "_cordon() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} command=\"\" option=\"\" word i REPLY\n"
    "    local IFS=$' \\t\\n'\n"
    "    COMPREPLY=()\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ -n $option ]]; then\n"
    "            [[ $word == \"=\" ]] || option=\"\"\n"
    "        elif [[ $word == -* ]]; then\n"
    "            _cordon_value \"$command\" \"$word\"\n"
    "            [[ -z $REPLY ]] || option=$word\n"
    "        elif [[ -z $command ]] || _cordon_is_group \"$command\"; then\n"
    "            command=\"${command:+$command }$word\"\n"
    "        fi\n"
    "    done\n"
    "    [[ $cur == \"=\" ]] && cur=\"\"\n"
    "    if [[ -n $option ]]; then\n"
    "        _cordon_value \"$command\" \"$option\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        _cordon_options \"$command\"\n"
    "    else\n"
    "        _cordon_operands \"$command\"\n"
    "        [[ -n $REPLY ]] || _cordon_options \"$command\"\n"
    "    fi\n"
    "    case $REPLY in\n"
    "    any) ;;\n"
    "    files)\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        IFS=$'\\n'\n"
    "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
    "        ;;\n"
    "    *) COMPREPLY=($(compgen -W \"$REPLY\" -- \"$cur\")) ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _cordon cordon\n";

static void bash_word(struct cdn_buf *out, const char *word, const char *summary)
{
    (void)summary;
    cdn_buf_printf(out, "%s ", word);
}

static void bash_names(void *ud, const struct cdn_option *options, size_t count)
{
    struct cdn_buf *out = ud;

    for (size_t i = 0; i < count; i++) {
        if (!options[i].help)
            continue;
        cdn_buf_printf(out, "--%s ", options[i].name);
        if (options[i].letter)
            cdn_buf_printf(out, "-%c ", options[i].letter);
    }
}

struct bash_values {
    struct cdn_buf *out;
    const char *command; /* "*": any */
};

static void bash_values(void *ud, const struct cdn_option *options, size_t count)
{
    const struct bash_values *of = ud;

    for (size_t i = 0; i < count; i++) {
        const struct cdn_option *option = &options[i];
        const char *quote = of->command[0] == '*' ? "" : "\"";

        if (!option->help || !takes_value(option))
            continue;
        cdn_buf_printf(of->out, "    %s%s%s\" --%s\"", quote, of->command, quote,
                       option->name);
        if (option->letter)
            cdn_buf_printf(of->out, " | %s%s%s\" -%c\"", quote, of->command, quote,
                           option->letter);
        cdn_buf_text(of->out, ") REPLY=\"");
        if (option->type == CDN_OPTION_CHOICE)
            put_choices(of->out, option->choices, " ");
        else
            cdn_buf_text(of->out,
                         cdn_shell_is_path(option->argument) ? "files" : "any");
        cdn_buf_text(of->out, "\" ;;\n");
    }
}

static void bash_group(struct cdn_buf *out, const char *word, const char *summary)
{
    (void)summary;
    if (!cdn_command_is_group(word))
        return;
    cdn_buf_printf(out, "    \"%s\") REPLY=\"", word);
    each_second(out, word, bash_word);
    cdn_buf_text(out, "\" ;;\n");
}

static void bash_group_name(struct cdn_buf *out, const char *word, const char *summary)
{
    (void)summary;
    if (cdn_command_is_group(word))
        cdn_buf_printf(out, "    \"%s\") return 0 ;;\n", word);
}

static void bash_operands(struct cdn_buf *out, const struct cdn_command *command)
{
    char room[64];
    const char *operand = cdn_shell_operand(room, sizeof(room), command);

    if (!operand)
        return;
    if (cdn_shell_is_path(operand)) {
        cdn_buf_printf(out, "    \"%s\") REPLY=\"files\" ;;\n", command->name);
    } else if (!strcmp(operand, "COMMAND")) {
        cdn_buf_printf(out, "    \"%s\") REPLY=\"", command->name);
        each_first(out, bash_word);
        cdn_buf_text(out, "\" ;;\n");
    } else if (strchr(operand, '|')) {
        cdn_buf_printf(out, "    \"%s\") REPLY=\"", command->name);
        put_choices(out, operand, " ");
        cdn_buf_text(out, "\" ;;\n");
    }
}

static void bash_script(struct cdn_buf *out)
{
    struct cdn_option common[CDN_COMMON_OPTIONS];
    struct bash_values values = {.out = out};
    struct cdn_cli cli;

    common_options(&cli, common);
    cdn_buf_text(
        out,
        "# bash completion for cordon: source it, or keep it where\n"
        "# bash-completion looks, ~/.local/share/bash-completion/completions/cordon\n"
        "_cordon_is_group() {\n    case $1 in\n");
    each_first(out, bash_group_name);
    cdn_buf_text(out, "    esac\n    return 1\n}\n"
                      "_cordon_operands() {\n    REPLY=\"\"\n    case $1 in\n"
                      "    \"\") REPLY=\"");
    each_first(out, bash_word);
    cdn_buf_text(out, "\" ;;\n");
    each_first(out, bash_group);
    for (size_t i = 0; cdn_commands[i]; i++)
        bash_operands(out, cdn_commands[i]);
    cdn_buf_text(out, "    esac\n}\n_cordon_options() {\n    case $1 in\n");
    for (size_t i = 0; cdn_commands[i]; i++) {
        cdn_buf_printf(out, "    \"%s\") REPLY=\"", cdn_commands[i]->name);
        cdn_command_describe(cdn_commands[i], bash_names, out);
        cdn_buf_text(out, "\" ;;\n");
    }
    cdn_buf_text(out, "    *) REPLY=\"\" ;;\n    esac\n    REPLY+=\"");
    bash_names(out, common, CDN_COMMON_OPTIONS);
    cdn_buf_text(out, "\"\n}\n# What an option takes: words, files, any, or nothing.\n"
                      "_cordon_value() {\n    REPLY=\"\"\n    case \"$1 $2\" in\n");
    for (size_t i = 0; cdn_commands[i]; i++) {
        values.command = cdn_commands[i]->name;
        cdn_command_describe(cdn_commands[i], bash_values, &values);
    }
    values.command = "*";
    bash_values(&values, common, CDN_COMMON_OPTIONS);
    cdn_buf_text(out, "    esac\n}\n");
    cdn_buf_text(out, bash_driver);
}

/* ---- zsh ---- */

/* Within '...', where only the quote itself ends it; `special` gets a backslash. */
static void put_quoted(struct cdn_buf *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') {
            cdn_buf_text(out, "'\\''");
            continue;
        }
        if (strchr(special, *text))
            cdn_buf_text(out, "\\");
        cdn_buf_append(out, text, 1);
    }
}

static void zsh_word(struct cdn_buf *out, const char *word, const char *summary)
{
    cdn_buf_printf(out, "    '%s:", word);
    put_quoted(out, summary, ":\\");
    cdn_buf_text(out, "'\n");
}

static void zsh_option(struct cdn_buf *out, const struct cdn_option *option,
                       bool letter)
{
    bool many = option->type == CDN_OPTION_LIST || option->type == CDN_OPTION_COUNT;

    cdn_buf_text(out, " \\\n    '");
    if (many)
        cdn_buf_text(out, "*");
    else if (option->letter)
        cdn_buf_printf(out, "(-%c --%s)", option->letter, option->name);
    if (letter)
        cdn_buf_printf(out, "-%c%s[", option->letter, takes_value(option) ? "+" : "");
    else
        cdn_buf_printf(out, "--%s%s[", option->name, takes_value(option) ? "=" : "");
    put_quoted(out, option->help, "[]\\");
    cdn_buf_text(out, "]");
    if (takes_value(option)) {
        cdn_buf_text(out, ":");
        put_quoted(out, option->argument, ":\\");
        cdn_buf_text(out, ":");
        if (option->type == CDN_OPTION_CHOICE) {
            cdn_buf_text(out, "(");
            put_choices(out, option->choices, " ");
            cdn_buf_text(out, ")");
        } else if (cdn_shell_is_path(option->argument)) {
            cdn_buf_text(out, "_files");
        } else {
            cdn_buf_text(out, " ");
        }
    }
    cdn_buf_text(out, "'");
}

static void zsh_options(void *ud, const struct cdn_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!options[i].help)
            continue;
        zsh_option(ud, &options[i], false);
        if (options[i].letter)
            zsh_option(ud, &options[i], true);
    }
}

/* A name for a command's function: "rule push" as rule_push. */
static void put_flat(struct cdn_buf *out, const char *name)
{
    for (; *name; name++)
        cdn_buf_append(out, *name == ' ' ? "_" : name, 1);
}

static void zsh_command(struct cdn_buf *out, const struct cdn_command *command)
{
    struct cdn_option common[CDN_COMMON_OPTIONS];
    struct cdn_cli cli;
    char room[64];
    const char *operand = cdn_shell_operand(room, sizeof(room), command);

    common_options(&cli, common);
    cdn_buf_text(out, "_cordon_");
    put_flat(out, command->name);
    cdn_buf_text(out, "() {\n  _arguments -s");
    cdn_command_describe(command, zsh_options, out);
    zsh_options(out, common, CDN_COMMON_OPTIONS);
    if (operand && cdn_shell_is_path(operand)) {
        cdn_buf_printf(out, " \\\n    '*:%.*s:_files'", (int)strcspn(operand, "|"),
                       operand);
    } else if (operand && !strcmp(operand, "COMMAND")) {
        cdn_buf_text(out, " \\\n    '1:command:_cordon_first'");
    } else if (operand && strchr(operand, '|')) {
        cdn_buf_text(out, " \\\n    '1: :(");
        put_choices(out, operand, " ");
        cdn_buf_text(out, ")'");
    }
    cdn_buf_text(out, "\n}\n");
}

static void zsh_group(struct cdn_buf *out, const char *word, const char *summary)
{
    (void)summary;
    if (!cdn_command_is_group(word))
        return;
    cdn_buf_printf(out,
                   "_cordon_%s() {\n  local -a second\n  if (( CURRENT == 2 )); then\n"
                   "    second=(\n",
                   word);
    each_second(out, word, zsh_word);
    cdn_buf_printf(out,
                   "    )\n    _describe command second\n    return\n  fi\n"
                   "  local name=_cordon_%s_$words[2]\n"
                   "  shift words\n  (( CURRENT-- ))\n"
                   "  (( $+functions[$name] )) && $name\n}\n",
                   word);
}

static void zsh_script(struct cdn_buf *out)
{
    struct cdn_option common[CDN_COMMON_OPTIONS];
    struct cdn_cli cli;

    common_options(&cli, common);
    cdn_buf_text(out, "#compdef cordon\n"
                      "# zsh completion for cordon: keep it as _cordon in a folder of "
                      "$fpath\n"
                      "_cordon_first() {\n  local -a first\n  first=(\n");
    each_first(out, zsh_word);
    cdn_buf_text(out, "  )\n  _describe command first\n}\n");
    for (size_t i = 0; cdn_commands[i]; i++)
        zsh_command(out, cdn_commands[i]);
    each_first(out, zsh_group);
    cdn_buf_text(out, "_cordon() {\n  local curcontext=$curcontext state line\n"
                      "  _arguments -C -s");
    zsh_options(out, common, CDN_COMMON_OPTIONS);
    cdn_buf_text(out, " \\\n    '1:command:_cordon_first' '*::argument:->rest'\n"
                      "  [[ $state == rest ]] || return\n"
                      "  local name=_cordon_$words[1]\n"
                      "  (( $+functions[$name] )) && $name\n}\n"
                      "_cordon \"$@\"\n");
}

/* ---- fish ---- */

static const char fish_driver[] =
    "# fish completion for cordon: keep it as ~/.config/fish/completions/cordon.fish\n"
    "function __cordon_words\n"
    "    for word in (commandline -opc)[2..-1]\n"
    "        string match -q -- '-*' $word; or echo $word\n"
    "    end\n"
    "end\n"
    "# Is nothing but this typed so far (with nothing: no command yet)?\n"
    "function __cordon_just\n"
    "    set -l words (__cordon_words)\n"
    "    test \"$words\" = \"$argv\"\n"
    "end\n"
    "# Do the words begin with these?\n"
    "function __cordon_at\n"
    "    set -l words (__cordon_words)\n"
    "    test (count $words) -ge (count $argv); or return 1\n"
    "    test \"$words[1..(count $argv)]\" = \"$argv\"\n"
    "end\n"
    "complete -c cordon -f\n";

struct fish_at {
    struct cdn_buf *out;
    const char *words; /* "rule push"; "": anywhere */
};

static void fish_first(struct cdn_buf *out, const char *word, const char *summary)
{
    cdn_buf_printf(out, "complete -c cordon -n __cordon_just -a %s -d '", word);
    put_escaped(out, summary, "'\\");
    cdn_buf_text(out, "'\n");
}

static void fish_second(struct cdn_buf *out, const struct cdn_command *command)
{
    size_t length = strcspn(command->name, " ");

    if (!command->name[length])
        return;
    cdn_buf_printf(out, "complete -c cordon -n '__cordon_just %.*s' -a %s -d '",
                   (int)length, command->name, command->name + length + 1);
    put_escaped(out, command->summary, "'\\");
    cdn_buf_text(out, "'\n");
}

static void fish_options(void *ud, const struct cdn_option *options, size_t count)
{
    const struct fish_at *at = ud;

    for (size_t i = 0; i < count; i++) {
        const struct cdn_option *option = &options[i];

        if (!option->help)
            continue;
        cdn_buf_text(at->out, "complete -c cordon");
        if (at->words[0])
            cdn_buf_printf(at->out, " -n '__cordon_at %s'", at->words);
        cdn_buf_printf(at->out, " -l %s", option->name);
        if (option->letter)
            cdn_buf_printf(at->out, " -s %c", option->letter);
        if (takes_value(option) && option->type == CDN_OPTION_CHOICE) {
            cdn_buf_text(at->out, " -x -a '");
            put_choices(at->out, option->choices, " ");
            cdn_buf_text(at->out, "'");
        } else if (takes_value(option)) {
            cdn_buf_text(at->out,
                         cdn_shell_is_path(option->argument) ? " -r -F" : " -x");
        }
        cdn_buf_text(at->out, " -d '");
        put_escaped(at->out, option->help, "'\\");
        cdn_buf_text(at->out, "'\n");
    }
}

static void fish_operand(struct cdn_buf *out, const struct cdn_command *command)
{
    char room[64];
    const char *operand = cdn_shell_operand(room, sizeof(room), command);

    if (!operand)
        return;
    if (cdn_shell_is_path(operand)) {
        cdn_buf_printf(out, "complete -c cordon -n '__cordon_at %s' -F\n",
                       command->name);
    } else if (strchr(operand, '|')) {
        cdn_buf_printf(out, "complete -c cordon -n '__cordon_just %s' -a '",
                       command->name);
        put_choices(out, operand, " ");
        cdn_buf_text(out, "'\n");
    } else if (!strcmp(operand, "COMMAND")) {
        cdn_buf_printf(out, "complete -c cordon -n '__cordon_just %s' -a '",
                       command->name);
        each_first(out, bash_word);
        cdn_buf_text(out, "'\n");
    }
}

static void fish_script(struct cdn_buf *out)
{
    struct cdn_option common[CDN_COMMON_OPTIONS];
    struct fish_at at = {.out = out, .words = ""};
    struct cdn_cli cli;

    common_options(&cli, common);
    cdn_buf_text(out, fish_driver);
    each_first(out, fish_first);
    for (size_t i = 0; cdn_commands[i]; i++)
        fish_second(out, cdn_commands[i]);
    fish_options(&at, common, CDN_COMMON_OPTIONS);
    for (size_t i = 0; cdn_commands[i]; i++) {
        at.words = cdn_commands[i]->name;
        cdn_command_describe(cdn_commands[i], fish_options, &at);
        fish_operand(out, cdn_commands[i]);
    }
}

void cdn_shell_script(struct cdn_buf *out, enum cdn_shell shell)
{
    switch (shell) {
    case CDN_SHELL_BASH:
        bash_script(out);
        break;
    case CDN_SHELL_ZSH:
        zsh_script(out);
        break;
    case CDN_SHELL_FISH:
        fish_script(out);
        break;
    }
}
