/* Writing manual pages in man(7)'s macros: see man.h. */
#include "cli/project/man.h"

#include <stdio.h>
#include <string.h>

#include <cordon/version.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/project/embedded.h"
#include "cli/project/guide.h"
#include "cli/settings.h"
#include "engine/engine.h"

/* ---- text ---- */

/* One byte as roff shows it; `line` at the beginning of a line, where . and ' command. */
static void put_byte(struct cdn_buf *out, char c, bool line)
{
    if (line && (c == '.' || c == '\''))
        cdn_buf_text(out, "\\&");
    if (c == '\\')
        cdn_buf_text(out, "\\e");
    else if (c == '-')
        cdn_buf_text(out, "\\-");
    else if (c == '\'')
        cdn_buf_text(out, "\\(aq");
    else if (c == '`')
        cdn_buf_text(out, "\\(ga");
    else if (c == '^')
        cdn_buf_text(out, "\\(ha");
    else if (c == '~')
        cdn_buf_text(out, "\\(ti");
    else
        cdn_buf_append(out, &c, 1);
}

static bool at_line(const struct cdn_buf *out)
{
    return !out->length || out->data[out->length - 1] == '\n';
}

/* As it stands, also where a line begins with a dot. */
static void put_plain(struct cdn_buf *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        put_byte(out, text[i], at_line(out));
}

static void put(struct cdn_buf *out, const char *text)
{
    put_plain(out, text, strlen(text));
}

/* Lines kept as they are. */
static void put_lines(struct cdn_buf *out, const char *text, size_t bytes)
{
    cdn_buf_text(out, ".PP\n.nf\n.RS 4\n");
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n' && at_line(out))
            cdn_buf_text(out, "\\&"); /* an empty line would be filled space */
        put_byte(out, text[i], at_line(out));
    }
    if (!at_line(out))
        cdn_buf_text(out, "\n");
    cdn_buf_text(out, ".RE\n.fi\n");
}

/* A paragraph of Markdown: code is bold, targets of links and marks of emphasis go. */
static void put_prose(struct cdn_buf *out, const char *text, size_t bytes)
{
    const char *end = text + bytes;
    bool code = false;

    for (const char *at = text; at < end; at++) {
        size_t left = (size_t)(end - at);

        if (*at == '`') {
            cdn_buf_text(out, code ? "\\fR" : "\\fB");
            code = !code;
        } else if (*at == '\n' || *at == ' ') {
            /* a blank at the beginning of a line would break it */
            if (!at_line(out))
                cdn_buf_text(out, *at == '\n' ? "\n" : " ");
        } else if (!code && left > 1 && !memcmp(at, "**", 2)) {
            at++;
        } else if (!code && left > 1 && !memcmp(at, "](", 2) && memchr(at, ')', left)) {
            at = memchr(at, ')', left);
        } else if (code || *at != '[') {
            put_byte(out, *at, at_line(out));
        }
    }
    if (code)
        cdn_buf_text(out, "\\fR");
    while (out->length && out->data[out->length - 1] == ' ')
        out->length--;
    if (!at_line(out))
        cdn_buf_text(out, "\n");
}

static void put_heading(struct cdn_buf *out, const char *macro, const char *text,
                        size_t bytes, bool upper)
{
    cdn_buf_printf(out, "%s \"", macro);
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];

        if (c == '`')
            continue;
        if (c == '"')
            cdn_buf_text(out, "\\(dq");
        else
            put_byte(out, upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c,
                     false);
    }
    cdn_buf_text(out, "\"\n");
}

static void put_head(struct cdn_buf *out, const char *name, const char *section,
                     const char *summary)
{
    cdn_buf_text(out, ".\\\" Made by cordon help --man; do not edit.\n.TH ");
    for (const char *at = name; *at; at++)
        put_byte(out, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at, false);
    cdn_buf_printf(out, " %s \"\" \"cordon %s\"\n.nh\n.ad l\n.SH NAME\n", section,
                   cordon_version());
    put(out, name);
    cdn_buf_text(out, " \\- ");
    put(out, summary);
    cdn_buf_text(out, "\n");
}

static void put_guide(struct cdn_buf *out, const char *path)
{
    size_t bytes = 0;
    const char *at = cdn_guide_text(path, &bytes);
    const char *end = at + bytes;
    struct cdn_guide_block block;
    bool begun = false;

    while (at && cdn_guide_next(&block, &at, end)) {
        if (!begun && block.kind != CDN_GUIDE_HEADING)
            cdn_buf_text(out, ".SH DESCRIPTION\n");
        switch (block.kind) {
        case CDN_GUIDE_HEADING:
            if (block.level > 1)
                put_heading(out, block.level == 2 ? ".SH" : ".SS", block.text,
                            block.bytes, block.level == 2);
            begun |= block.level > 1;
            continue;
        case CDN_GUIDE_PARAGRAPH:
            cdn_buf_text(out, ".PP\n");
            put_prose(out, block.text, block.bytes);
            break;
        case CDN_GUIDE_ITEM:
            cdn_buf_text(out, ".IP \\(bu 3\n");
            put_prose(out, block.text, block.bytes);
            break;
        case CDN_GUIDE_TABLE:
        case CDN_GUIDE_CODE:
            put_lines(out, block.text, block.bytes);
            break;
        }
        begun = true;
    }
}

/* ---- commands ---- */

static void put_options(void *ud, const struct cdn_option *options, size_t count)
{
    struct cdn_buf *out = ud;

    for (size_t i = 0; i < count; i++) {
        const struct cdn_option *option = &options[i];

        if (!option->help)
            continue;
        cdn_buf_text(out, ".TP\n");
        if (option->letter)
            cdn_buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
        cdn_buf_text(out, "\\fB\\-\\-");
        put(out, option->name);
        cdn_buf_text(out, "\\fR");
        if (option->argument) {
            cdn_buf_text(out, " \\fI");
            put(out, option->argument);
            cdn_buf_text(out, "\\fR");
        }
        cdn_buf_text(out, "\n");
        put(out, option->help);
        cdn_buf_text(out, "\n");
    }
}

/* Paragraphs as help has them: lines that are indented stay lines. */
static void put_details(struct cdn_buf *out, const char *text)
{
    while (*text) {
        const char *stop = strstr(text, "\n\n");
        size_t bytes = stop ? (size_t)(stop - text) : strlen(text);

        if (text[0] == ' ') {
            put_lines(out, text, bytes);
        } else {
            cdn_buf_text(out, ".PP\n");
            put_plain(out, text, bytes);
            if (!at_line(out))
                cdn_buf_text(out, "\n");
        }
        text += bytes;
        text += strspn(text, "\n");
    }
}

static void put_exits(struct cdn_buf *out, const char *exits)
{
#define EXIT_ROW(name, number, text)                                                   \
    if (!exits || strchr(exits, (number) == 130 ? 'i' : '0' + (number)))               \
        cdn_buf_printf(out, ".TP\n%d\n%s\n", (number), (text));
    CDN_EXIT_MAP(EXIT_ROW)
#undef EXIT_ROW
}

static void put_command(struct cdn_buf *out, const struct cdn_command *command)
{
    cdn_buf_text(out, ".SS \"cordon ");
    put(out, command->name);
    cdn_buf_text(out, "\"\n");
    put(out, command->summary);
    cdn_buf_text(out, ".\n.PP\n.nf\n.RS 4\ncordon ");
    put(out, command->name);
    cdn_buf_text(out, " ");
    put(out, command->usage);
    cdn_buf_text(out, "\n.RE\n.fi\n");
    if (command->details)
        put_details(out, command->details);
    cdn_buf_text(out, ".PP\nFor example:\n");
    put_lines(out, command->examples, strlen(command->examples));
    cdn_command_describe(command, put_options, out);
    cdn_buf_text(out, ".PP\nExit status: ");
    for (const char *at = command->exits; *at; at++)
        cdn_buf_printf(out, "%s%.3s", at == command->exits ? "" : ", ",
                       *at == 'i' ? "130" : (const char[]){*at, '\0'});
    cdn_buf_text(out, ".\n");
}

static bool of_group(const struct cdn_command *command, const char *group)
{
    size_t length = strlen(group);

    return length
               ? !strncmp(command->name, group, length) && command->name[length] == ' '
               : !strchr(command->name, ' ');
}

/* `group` "": the commands of one word. */
static void put_commands(struct cdn_buf *out, const char *group)
{
    struct cdn_option common[CDN_COMMON_OPTIONS];
    struct cdn_cli cli = {0};

    cdn_buf_text(out, ".SH SYNOPSIS\n.nf\n");
    for (size_t i = 0; cdn_commands[i]; i++) {
        if (!of_group(cdn_commands[i], group))
            continue;
        cdn_buf_text(out, "\\fBcordon ");
        put(out, cdn_commands[i]->name);
        cdn_buf_text(out, "\\fR ");
        put_plain(out, cdn_commands[i]->usage, strcspn(cdn_commands[i]->usage, "\n"));
        cdn_buf_text(out, "\n");
    }
    cdn_buf_text(out, ".fi\n.SH COMMANDS\n");
    for (size_t i = 0; cdn_commands[i]; i++) {
        if (of_group(cdn_commands[i], group))
            put_command(out, cdn_commands[i]);
    }
    cdn_buf_text(out, ".SH OPTIONS OF EVERY COMMAND\n");
    cdn_options_common(&cli, common);
    put_options(out, common, CDN_COMMON_OPTIONS);
    cdn_buf_text(out, ".SH EXIT STATUS\n");
    put_exits(out, NULL);
}

/* ---- pages ---- */

/* What cordon init writes. */
static void put_manifest(struct cdn_buf *out)
{
    static const char mark[] = "@NAME@";

    for (size_t i = 0; i < cdn_embedded_new_count; i++) {
        const char *text = (const char *)cdn_embedded_new[i].bytes;
        const char *at = strstr(text, mark);
        struct cdn_buf filled = {0};

        if (strcmp(cdn_embedded_new[i].name, "cordon.lua") != 0 || !at)
            continue;
        cdn_buf_append(&filled, text, (size_t)(at - text));
        cdn_buf_text(&filled, "myrules");
        cdn_buf_text(&filled, at + sizeof(mark) - 1);
        if (filled.failed)
            out->failed = true;
        else
            put_lines(out, (const char *)filled.data, filled.length);
        cdn_buf_deinit(&filled);
    }
}

static void put_config(struct cdn_buf *out)
{
    static const char file[] =
        "return { engine = { max_edges = 1e6, max_wall_ns = \"50ms\" } }\n";
    struct cdn_settings settings;

    cdn_settings_defaults(&settings);
    put_head(out, "cordon-config", "5", "what cordon can be set to, and from where");
    cdn_buf_text(
        out,
        ".SH DESCRIPTION\nA setting is taken from the first place that has it: an "
        "option "
        "of the command line,\nthe environment, the configuration file, the "
        "default.\n.PP\n"
        "The file is named by \\fB\\-\\-config\\fR or \\fBCORDON_CONFIG\\fR: a Lua "
        "table, "
        "evaluated in the\nsandbox, with a table a section. Values are texts such as "
        "\"4MiB\" and \"10s\", or numbers.\n");
    put_lines(out, file, strlen(file));
    cdn_buf_text(
        out, ".PP\n\\fBcordon config show \\-\\-origin\\fR tells what stands, and "
             "from where.\n\\fBcordon config init server.lua\\fR writes a file that "
             "has all of them, and the\nlists that only a file can have: who calls "
             "the server, and what its log masks.\n.SH SETTINGS\n");
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;
        char text[64], variable[64];

        cdn_buf_text(out, ".TP\n\\fB");
        put(out, cdn_setting_name(setting));
        cdn_buf_text(out, "\\fR, ");
        put(out, cdn_setting_variable(variable, sizeof(variable), setting));
        cdn_buf_text(out, "\ndefault: ");
        cdn_setting_text(text, sizeof(text), &settings, setting);
        put(out, text[0] ? text : "none");
        if (cdn_setting_help(setting)) {
            cdn_buf_text(out, "\n.br\n");
            put(out, cdn_setting_help(setting));
        }
        cdn_buf_text(out, "\n");
    }
    cdn_buf_text(out,
                 ".SH PROJECTS\n\\fBcordon.lua\\fR in the folder that a command runs "
                 "in says what a project is; \\fBcordon init\\fR\nwrites one:\n");
    put_manifest(out);
    cdn_buf_text(out, ".SH SEE ALSO\n.BR cordon (1),\n.BR cordon\\-config (1)\n");
}

/* The group that is number `index`; NULL: there are no more. */
static const char *group_at(char *out, size_t size, size_t index)
{
    for (size_t i = 0; cdn_commands[i]; i++) {
        const char *name = cdn_commands[i]->name;
        size_t length = strcspn(name, " ");
        bool seen = !name[length];

        for (size_t k = 0; k < i; k++)
            seen |= !strncmp(cdn_commands[k]->name, name, length + 1);
        if (seen || index--)
            continue;
        snprintf(out, size, "%.*s", (int)length, name);
        return out;
    }
    return NULL;
}

static const char *const fixed[] = {"cordon.1", "cordon.3", "cordon-config.5",
                                    "cordon-rules.7"};

bool cdn_man_name(char *out, size_t size, size_t index)
{
    char group[48];

    if (index < CDN_COUNT(fixed)) {
        snprintf(out, size, "%s", fixed[index]);
        return true;
    }
    if (!group_at(group, sizeof(group), index - CDN_COUNT(fixed)))
        return false;
    snprintf(out, size, "cordon-%s.1", group);
    return true;
}

static void put_group(struct cdn_buf *out, const char *group)
{
    char name[64], summary[96];

    snprintf(name, sizeof(name), "cordon-%s", group);
    snprintf(summary, sizeof(summary), "commands on a %s", group);
    put_head(out, name, "1", summary);
    put_commands(out, group);
    cdn_buf_text(out, ".SH SEE ALSO\n.BR cordon (1)\n");
}

static void put_main(struct cdn_buf *out)
{
    char group[48];

    put_head(out, "cordon", "1", "run untrusted Lua rules over a graph snapshot");
    put_commands(out, "");
    cdn_buf_text(out,
                 ".SH ENVIRONMENT\n.TP\n\\fBCORDON_CONFIG\\fR\nthe configuration file\n"
                 ".TP\n\\fBCORDON_SECTION__KEY\\fR\na setting, see "
                 "\\fBcordon\\-config\\fR(5)\n"
                 ".TP\n\\fBNO_COLOR\\fR\nno colour\n.SH SEE ALSO\n");
    for (size_t i = 0; group_at(group, sizeof(group), i); i++)
        cdn_buf_printf(out, ".BR cordon\\-%s (1),\n", group);
    cdn_buf_text(out, ".BR cordon (3),\n.BR cordon\\-config (5),\n"
                      ".BR cordon\\-rules (7)\n");
}

static bool put_page(struct cdn_buf *out, const char *name)
{
    char group[48], page[64];

    if (!strcmp(name, "cordon.1")) {
        put_main(out);
    } else if (!strcmp(name, "cordon.3")) {
        put_head(out, "cordon", "3", "the library: embedding cordon in a server");
        put_guide(out, "include/README.md");
        cdn_buf_text(out, ".SH SEE ALSO\nThe headers, cordon.h and cordon/*.h, are the "
                          "manual of each function;\n.BR cordon (1)\n");
    } else if (!strcmp(name, "cordon-config.5")) {
        put_config(out);
    } else if (!strcmp(name, "cordon-rules.7")) {
        put_head(out, "cordon-rules", "7", "writing rules");
        put_guide(out, "rules/README.md");
        cdn_buf_text(out, ".SH SEE ALSO\n.BR cordon (1)\n");
    } else {
        for (size_t i = 0; group_at(group, sizeof(group), i); i++) {
            snprintf(page, sizeof(page), "cordon-%s.1", group);
            if (!strcmp(page, name)) {
                put_group(out, group);
                return true;
            }
        }
        return false;
    }
    return true;
}

/* What is not ASCII by its code point, so that no locale and no preprocessor matters. */
bool cdn_man_page(struct cdn_buf *out, const char *name)
{
    struct cdn_buf page = {0};
    bool found = put_page(&page, name);

    for (size_t i = 0; i < page.length;) {
        const unsigned char *at = page.data + i;
        size_t bytes = cdn_utf8_sequence(at, page.length - i);
        uint32_t code = bytes ? at[0] & (0xffu >> (bytes + 1)) : 0xfffd;

        if (bytes == 1) {
            cdn_buf_append(out, at, 1);
        } else {
            for (size_t k = 1; k < bytes; k++)
                code = code << 6 | (at[k] & 0x3fu);
            cdn_buf_printf(out, "\\[u%04X]", code);
        }
        i += bytes ? bytes : 1;
    }
    out->failed |= page.failed;
    cdn_buf_deinit(&page);
    return found;
}
