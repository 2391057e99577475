/* A configuration file to begin with, made of the table of settings: each with its default,
 * commented out, so that the file says nothing until somebody does. */
#include "cli/settings.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* What of the table stands in column 1 to here, before a comment begins. */
#define COMMENT_COLUMN 44

static const char opening[] =
    "-- What cordon serve can be set to; other commands go by engine and policy.  "
    "What\n"
    "-- is commented out shows its default.  An option of the command line, and the\n"
    "-- environment (CORDON_SERVER__PORT=8080), go before what is written here.\n"
    "-- Check it: cordon config validate server.lua\n"
    "return {\n";

static const char auth[] =
    "\n"
    "  -- Who may do what.  Without any entry whoever can connect may do everything, "
    "and\n"
    "  -- the server listens on loopback and a Unix socket alone.\n"
    "  -- Rights: evaluate, read, author (versions, rollouts, shadows), promote (let "
    "one\n"
    "  -- decide), kill (and pause), audit (recorded decisions).  A principal is one "
    "of\n"
    "  -- the policy's; without one it is the host itself.\n"
    "  auth = {\n"
    "    -- cordon token new makes a token, and the line for here.\n"
    "    tokens = {\n"
    "      -- { name = \"shop\", hash = \"64 hexadecimal digits\",\n"
    "      --   rights = { \"evaluate\" }, principal = \"analyst\" },\n"
    "    },\n"
    "    -- At the other end of the Unix socket: user or uid, group or gid, or both, "
    "as\n"
    "    -- the kernel says them.\n"
    "    peers = {\n"
    "      -- { name = \"admin\", user = \"root\", rights = { \"read\", \"kill\" } },\n"
    "    },\n"
    "    -- Clients' certificates, of the authorities of tls.client_ca.\n"
    "    certificates = {\n"
    "      -- { name = \"till\", subject = \"CN=till,O=Shop\", rights = { \"evaluate\" "
    "} },\n"
    "    },\n"
    "  },\n";

static const char masks[] =
    "    -- What is taken out of each record: a JSON pointer, * for any key or "
    "element.\n"
    "    masks = {\n"
    "      -- { path = \"/input/params/iban\", with = \"***\" },\n"
    "    },\n";

/* The default as a file would write it. */
static void value(char *out, size_t size, const struct cdn_settings *settings,
                  enum cdn_setting setting)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } sizes[] = {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}},
      times[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}};
    enum cdn_setting_type type = cdn_setting_type(setting);
    uint64_t number = cdn_setting_number(settings, setting);
    char text[64];

    if (type == CDN_SETTING_SIZE || type == CDN_SETTING_SIZE0)
        for (size_t i = 0; i < CDN_COUNT(sizes); i++)
            if (number && number % sizes[i].unit == 0) {
                snprintf(out, size, "\"%llu%s\"",
                         (unsigned long long)(number / sizes[i].unit), sizes[i].name);
                return;
            }
    if (type == CDN_SETTING_NS)
        number /= 1000000;
    if (type == CDN_SETTING_NS || type == CDN_SETTING_MS || type == CDN_SETTING_MS0)
        for (size_t i = 0; i < CDN_COUNT(times); i++)
            if (number && number % times[i].unit == 0) {
                snprintf(out, size, "\"%llu%s\"",
                         (unsigned long long)(number / times[i].unit), times[i].name);
                return;
            }
    cdn_setting_text(text, sizeof(text), settings, setting);
    if (type == CDN_SETTING_TEXT && !*text) {
        snprintf(out, size, "nil");
        return;
    }
    snprintf(out, size,
             type == CDN_SETTING_TEXT || type == CDN_SETTING_WORD ||
                     type == CDN_SETTING_MODE
                 ? "\"%s\""
                 : "%s",
             text);
}

static void put_setting(struct cdn_buf *out, const struct cdn_settings *settings,
                        enum cdn_setting setting)
{
    const char *help = cdn_setting_help(setting);
    char text[80], line[160];

    value(text, sizeof(text), settings, setting);
    snprintf(line, sizeof(line), "    -- %s = %s,", cdn_setting_key(setting), text);
    cdn_buf_text(out, line);
    if (help || cdn_setting_type(setting) == CDN_SETTING_WORD)
        cdn_buf_printf(
            out, "%*s-- ",
            (int)(strlen(line) < COMMENT_COLUMN ? COMMENT_COLUMN - strlen(line) : 1),
            "");
    if (cdn_setting_type(setting) == CDN_SETTING_WORD)
        cdn_buf_printf(out, "%s%s", cdn_setting_words(setting), help ? ": " : "");
    cdn_buf_printf(out, "%s\n", help ? help : "");
}

void cdn_settings_starter(struct cdn_buf *out)
{
    struct cdn_settings settings;
    const char *section = "";

    cdn_settings_defaults(&settings);
    cdn_buf_text(out, opening);
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;

        if (strcmp(section, cdn_setting_section(setting)) != 0) {
            if (i)
                cdn_buf_text(out, "  },\n");
            if (!strcmp(section, "tls"))
                cdn_buf_text(out, auth);
            section = cdn_setting_section(setting);
            cdn_buf_printf(out, "%s  %s = {\n", i ? "\n" : "", section);
            if (!strcmp(section, "audit"))
                cdn_buf_text(out, masks);
        }
        put_setting(out, &settings, setting);
    }
    cdn_buf_text(out, "  },\n}\n");
}
