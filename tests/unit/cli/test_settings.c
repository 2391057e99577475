#include "support/unit.h"

#include "base/alloc.h"
#include "base/file.h"
#include "cli/settings_told.h"
#include "engine/policy.h"
#include "server/route.h"

#define HASH_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HASH_B "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char folder[200], path[256];

static const char *file_of(const char *text)
{
    if (!folder[0])
        cdn_unit_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/server.lua", folder);
    ck_assert_int_eq(cdn_file_replace(path, text, strlen(text), NULL), CORDON_OK);
    return path;
}

static void remove_file(void)
{
    unlink(path);
    rmdir(folder);
    folder[0] = '\0';
}

static const char whole[] =
    "return {\n"
    "  server = { port = 0, socket = '/run/cordon.sock', socket_mode = '600',\n"
    "    max_connections_per_address = 0, max_body_bytes = '2MiB',\n"
    "    idle_timeout_ms = 1500, header_timeout_ms = '2s', open_metrics = true },\n"
    "  tls = { certificate = 'a.pem' },\n"
    "  audit = { sample = 0.25, sync = 'always', on_full = 'drop', keep_ms = '168h',\n"
    "    keep_bytes = 0, masks = { { path = '/input/a' },\n"
    "      { path = '/input/b', with = '***' } } },\n"
    "  log = { level = 'warning' },\n"
    "  trace = { sample = 0 },\n"
    "  auth = {\n"
    "    tokens = { { name = 'shop', hash = '" HASH_A "', rights = 'evaluate',\n"
    "      principal = 'analyst' }, { name = 'shop', hash = '" HASH_B "',\n"
    "      rights = { 'read', 'audit' } } },\n"
    "    certificates = { { name = 'till', subject = 'CN=till', rights = 'kill' } },\n"
    "    peers = { { name = 'me', user = 'root', gid = 12, rights = 'author' } } },\n"
    "}\n";

START_TEST(load__takes_every_kind_of_value_from_a_file)
{
    const struct cdn_setting_flags flags = {.config = file_of(whole)};
    struct cdn_settings settings;
    cordon_audit_options audit;
    cordon_error err;

    ck_assert_msg(!cdn_settings_load(&settings, &flags, &err), "%s", err.message);
#define NUMBER(name, value)                                                            \
    ck_assert_uint_eq(cdn_setting_number(&settings, CDN_SETTING_##name), value)
    NUMBER(server_port, 0);
    NUMBER(server_socket_mode, 0600);
    NUMBER(server_max_connections_per_address, 0);
    NUMBER(server_max_body_bytes, 2 << 20);
    NUMBER(server_idle_timeout_ms, 1500);
    NUMBER(server_header_timeout_ms, 2000);
    NUMBER(server_open_metrics, 1);
    NUMBER(server_queue, 64); /* nobody said anything */
    NUMBER(log_level, 3);
    NUMBER(log_format, 1);
    NUMBER(trace_sample, 0);
#undef NUMBER
    ck_assert_str_eq(cdn_setting_get(&settings, CDN_SETTING_server_socket),
                     "/run/cordon.sock");
    ck_assert_str_eq(cdn_setting_get(&settings, CDN_SETTING_server_address),
                     "127.0.0.1");
    ck_assert_ptr_null(cdn_setting_get(&settings, CDN_SETTING_tls_key));
    cdn_settings_audit(&audit, &settings);
    ck_assert_uint_eq(audit.sample, 2500);
    ck_assert_int_eq(audit.sync, CORDON_AUDIT_SYNC_ALWAYS);
    ck_assert_int_eq(audit.on_full, CORDON_AUDIT_FULL_DROP);
    ck_assert_uint_eq(audit.keep_ms, 7 * 86400000ull);
    ck_assert_uint_eq(audit.keep_bytes, 0);
    ck_assert_uint_eq(audit.mask_count, 2);
    ck_assert_str_eq(audit.masks[0].path, "/input/a");
    ck_assert_ptr_null(audit.masks[0].with);
    ck_assert_str_eq(audit.masks[1].with, "***");
    cdn_settings_deinit(&settings);
    remove_file();
}
END_TEST

START_TEST(load__makes_entries_that_the_table_of_callers_takes)
{
    const struct cdn_setting_flags flags = {.config = file_of(whole)};
    struct cdn_settings settings;
    struct cdn_auth *auth;
    const struct cdn_auth_entry *entries;

    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    entries = settings.entries;
    ck_assert_uint_eq(settings.entry_count, 4);
    ck_assert_str_eq(entries[0].name, "shop");
    ck_assert_str_eq(entries[0].principal, "analyst");
    ck_assert_uint_eq(entries[0].rights, CDN_RIGHT_EVALUATE);
    ck_assert_str_eq(entries[1].token_hash, HASH_B);
    ck_assert_uint_eq(entries[1].rights, CDN_RIGHT_READ | CDN_RIGHT_AUDIT);
    ck_assert_str_eq(entries[2].subject, "CN=till");
    ck_assert(entries[3].has_uid && entries[3].uid == 0);
    ck_assert(entries[3].has_gid && entries[3].gid == 12);
    ck_assert_str_eq(cdn_settings_known_by(&entries[1]), "token");
    ck_assert_str_eq(cdn_settings_known_by(&entries[2]), "certificate");
    ck_assert_str_eq(cdn_settings_known_by(&entries[3]), "peer");
    ck_assert(!cdn_auth_new(&auth, entries, settings.entry_count, NULL));
    cdn_auth_release(auth);
    cdn_settings_deinit(&settings);
    remove_file();
}
END_TEST

START_TEST(load__takes_the_strongest_place)
{
    const struct cdn_setting_flag more[] = {{CDN_SETTING_server_port, "3"},
                                            {CDN_SETTING_server_socket, NULL}};
    struct cdn_setting_flags flags = {
        .config = file_of("return { server = { port = 1, queue = 5 } }")};
    struct cdn_settings settings;
    cordon_error err;

    setenv("CORDON_SERVER__PORT", "2", 1);
    setenv("CORDON_SERVER__OPEN_METRICS", "true", 1);
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    ck_assert_uint_eq(cdn_setting_number(&settings, CDN_SETTING_server_port), 2);
    ck_assert_int_eq(settings.origins[CDN_SETTING_server_port], CDN_ORIGIN_ENVIRONMENT);
    ck_assert_uint_eq(cdn_setting_number(&settings, CDN_SETTING_server_queue), 5);
    ck_assert_int_eq(settings.origins[CDN_SETTING_server_queue], CDN_ORIGIN_FILE);
    ck_assert_uint_eq(cdn_setting_number(&settings, CDN_SETTING_server_open_metrics),
                      1);
    cdn_settings_deinit(&settings);
    flags.more = more;
    flags.more_count = 2;
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    ck_assert_uint_eq(cdn_setting_number(&settings, CDN_SETTING_server_port), 3);
    ck_assert_int_eq(settings.origins[CDN_SETTING_server_port], CDN_ORIGIN_FLAG);
    ck_assert_int_eq(settings.origins[CDN_SETTING_server_socket], CDN_ORIGIN_DEFAULT);
    cdn_settings_deinit(&settings);
    setenv("CORDON_SERVER__PORT", "65536", 1);
    ck_assert_int_eq(cdn_settings_load(&settings, &flags, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "CORDON_SERVER__PORT: '65536'"));
    cdn_settings_deinit(&settings);
    /* a number without a unit is a file's alone */
    setenv("CORDON_SERVER__PORT", "2", 1);
    setenv("CORDON_SERVER__DRAIN_DELAY_MS", "150", 1);
    ck_assert_int_eq(cdn_settings_load(&settings, &flags, &err), CORDON_E_DATA);
    ck_assert_str_eq(err.message,
                     "CORDON_SERVER__DRAIN_DELAY_MS: '150' is no value of it; a time "
                     "such as \"500ms\", with its unit, or 0 for none, is wanted");
    cdn_settings_deinit(&settings);
    remove_file();
}
END_TEST

static void load(struct cdn_settings *out, const char *text)
{
    const struct cdn_setting_flags flags = {.config = file_of(text)};
    cordon_error err;

    ck_assert_msg(!cdn_settings_load(out, &flags, &err), "%s", err.message);
}

START_TEST(fresh__names_what_takes_a_new_start)
{
    static const struct {
        const char *text;
        const char *restart[4];
    } rows[] = {
        {whole, {NULL}},
        {"return { log = { level = 'error', format = 'json', access = true } }",
         {NULL}},
        {"return { auth = { peers = { { name = 'me', uid = 1, rights = 'read' } } } }",
         {NULL}},
        {"return { server = { queue = 64, idle_timeout_ms = '30s' } }", {NULL}},
        {"return { server = { queue = 65, socket = 's' }, engine = { max_hops = 3 } }",
         {"engine.max_hops", "server.socket", "server.queue"}},
        {"return { tls = { certificate = 'b', key = 'c' } }",
         {"tls.certificate", "tls.key"}},
        {"return { audit = { masks = { { path = '/input/a' } } } }", {"audit.masks"}},
    };
    struct cdn_settings before, again;
    struct cdn_server_fresh fresh;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        load(&before, i ? "return {}" : whole);
        load(&again, rows[i].text);
        cdn_settings_fresh(&fresh, &before, &again);
        for (size_t j = 0; j < fresh.restart_count; j++) {
            ck_assert_ptr_nonnull(rows[i].restart[j]);
            ck_assert_str_eq(fresh.restart[j], rows[i].restart[j]);
        }
        ck_assert_ptr_null(rows[i].restart[fresh.restart_count]);
        ck_assert_uint_eq(fresh.taken_count, 3);
        if (i == 1) {
            ck_assert_int_eq(fresh.log.level, CORDON_LEVEL_ERROR);
            ck_assert_int_eq(fresh.log.form, CDN_LOG_AS_JSON);
            ck_assert(fresh.log.access);
            ck_assert_str_eq(fresh.taken[1].name, "log.level");
            ck_assert_str_eq(fresh.taken[1].value, "error");
            ck_assert_str_eq(fresh.taken[1].from, "file");
        }
        cdn_settings_deinit(&before);
        cdn_settings_deinit(&again);
    }
    /* a mask that masks otherwise */
    load(&before, "return { audit = { masks = { { path = '/input/a' } } } }");
    load(&again,
         "return { audit = { masks = { { path = '/input/a', with = '-' } } } }");
    cdn_settings_fresh(&fresh, &before, &again);
    ck_assert_uint_eq(fresh.restart_count, 1);
    cdn_settings_deinit(&before);
    cdn_settings_deinit(&again);
    remove_file();
}
END_TEST

START_TEST(load__finds_the_policy_of_the_store_that_is_served)
{
    char policy[256], text[400];
    struct cdn_setting_flags flags = {.serves = true};
    struct cdn_settings settings;

    cdn_unit_folder(folder, sizeof folder);
    snprintf(policy, sizeof policy, "%s/policy.lua", folder);
    ck_assert(!cdn_file_replace(policy, "", 0, NULL));
    snprintf(text, sizeof text, "return { server = { data = '%s' } }", folder);
    flags.config = file_of(text);
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    ck_assert_str_eq(settings.policy_file, policy);
    ck_assert_int_eq(settings.origins[CDN_SETTING_policy_file], CDN_ORIGIN_DEFAULT);
    cdn_settings_deinit(&settings);
    flags.serves = false;
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    ck_assert_ptr_null(settings.policy_file);
    cdn_settings_deinit(&settings);
    unlink(policy);
    remove_file();
}
END_TEST

/* Lines and words of every fault; "" ends a row. */
START_TEST(check__finds_each_fault_with_its_line)
{
    static const struct {
        const char *text;
        uint32_t lines[6];
        const char *says;
    } rows[] = {
        {"return { server = { port = 65536,\n port_ = 1,\n queue = 0 } }",
         {1, 2, 3},
         "port"},
        {"return { server = 5 }", {1}, "table"},
        {"return { server = { socket_mode = 660 },\n log = { level = 'loud' } }",
         {1, 2},
         "debug|info|warning|error"},
        {"return { server = { socket_mode = '0888' } }", {1}, "octal"},
        {"return { server = { socket_mode = '1777' } }", {1}, "octal"},
        {"return { server = { open_metrics = 1 } }", {1}, "true or false"},
        {"return { server = { idle_timeout_ms = '10us' } }", {1}, "a time"},
        {"return { audit = { sample = 0 } }", {1}, "above 0"},
        {"return { trace = { sample = 1.5 } }", {1}, "from 0 to 1"},
        {"return { audit = { keep_bytes = -1 } }", {1}, "or 0 for none"},
        {"return { audit = { masks = 'x' } }", {1}, "a list"},
        {"return { audit = { masks = {\n{ path = 'x' },\n{ with = 'x' } } } }",
         {2, 3},
         "path"},
        {"return { auth = 1 }", {1}, "table"},
        {"return { auth = { token = {} } }", {1}, "tokens"},
        {"return { auth = { tokens = 'x' } }", {1}, "a list"},
        {"return { auth = { tokens = {\n{ name = 'a', rights = 'read' },\n"
         "{ name = 'a', hash = 'x', rights = 'read' },\n"
         "{ name = 'a', hash = '" HASH_A "', rights = 'raed' },\n"
         "{ name = 'a', hash = '" HASH_A "' } } } }",
         {2, 3, 4, 5},
         "hash"},
        {"return { auth = { tokens = {\n"
         "{ name = 'a', hash = '" HASH_A "', rights = 'read' },\n"
         "{ name = 'b', hash = '" HASH_A "', rights = 'read' } } } }",
         {1},
         "is that of entry 1"},
        {"return { auth = { peers = {\n{ name = 'a', rights = 'read' },\n"
         "{ name = 'a', user = 'no-such-user-', rights = 'read' },\n"
         "{ name = 'a', user = 'root', uid = 0, rights = 'read' },\n"
         "{ name = 'a', gid = -1, rights = 'read' } } } }",
         {2, 3, 4, 5},
         "is wanted"},
        {"return { auth = { certificates = {\n{ name = 'a', subject = 'till', rights "
         "= 'read' } } } }",
         {2},
         "CN=shop"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cdn_findings findings = {0};
        bool is_settings;
        bool said = false;
        cordon_error err;
        uint32_t count = 0;

        ck_assert_int_eq(cdn_settings_check(&findings, &is_settings, rows[i].text,
                                            strlen(rows[i].text), "x.lua", &err),
                         CORDON_E_DATA);
        ck_assert(is_settings);
        while (count < 6 && rows[i].lines[count])
            count++;
        ck_assert_msg(findings.count == count, "%zu: %u findings, the first: %s", i,
                      findings.count, findings.items[0].message);
        for (uint32_t n = 0; n < count; n++) {
            ck_assert_msg(findings.items[n].line == rows[i].lines[n],
                          "%zu: line %u: %s", i, findings.items[n].line,
                          findings.items[n].message);
            said |= strstr(findings.items[n].message, rows[i].says) != NULL;
        }
        ck_assert_msg(said, "%zu: %s", i, findings.items[0].message);
        cdn_findings_deinit(&findings);
    }
}
END_TEST

START_TEST(check__tells_a_configuration_from_other_tables)
{
    static const struct {
        const char *text;
        bool is_settings;
        cordon_status status;
    } rows[] = {{whole, true, CORDON_OK},
                {"return { roles = {} }", false, CORDON_OK},
                {"return {}", false, CORDON_OK},
                {"return 5", false, CORDON_E_RULE},
                {"return {", false, CORDON_E_RULE},
                {"return { trace = {}, roles = {} }", true, CORDON_E_DATA}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cdn_findings findings = {0};
        bool is_settings;

        ck_assert_int_eq(cdn_settings_check(&findings, &is_settings, rows[i].text,
                                            strlen(rows[i].text), "x.lua", NULL),
                         rows[i].status);
        ck_assert_int_eq(is_settings, rows[i].is_settings);
        cdn_findings_deinit(&findings);
    }
}
END_TEST

/* The values of a starter, with the marks of comments taken away, are the defaults. */
START_TEST(starter__says_nothing_and_shows_every_default)
{
    struct cdn_buf text = {0}, bare = {0};
    struct cdn_settings settings, defaults;
    struct cdn_setting_flags flags = {0};
    char value[80], wanted[80];

    cdn_settings_defaults(&defaults);
    cdn_settings_starter(&text);
    ck_assert(!text.failed);
    flags.config = file_of((const char *)text.data);
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    for (int i = 0; i < CDN_SETTINGS; i++)
        ck_assert_int_eq(settings.origins[i], CDN_ORIGIN_DEFAULT);
    ck_assert_uint_eq(settings.entry_count, 0);
    cdn_settings_deinit(&settings);
    for (const char *at = (const char *)text.data; *at; at += strcspn(at, "\n") + 1) {
        size_t bytes = strcspn(at, "\n") + 1;
        bool setting = !strncmp(at, "    -- ", 7) &&
                       strcspn(at + 7, "= ") + 7 < bytes &&
                       !strncmp(at + 7 + strcspn(at + 7, " "), " = ", 3);

        cdn_buf_append(&bare, setting ? at + 7 : at, setting ? bytes - 7 : bytes);
    }
    flags.config = file_of((const char *)bare.data);
    ck_assert(!cdn_settings_load(&settings, &flags, NULL));
    for (int i = 0; i < CDN_SETTINGS; i++) {
        enum cdn_setting setting = (enum cdn_setting)i;

        snprintf(wanted, sizeof wanted, "\n%s = ", cdn_setting_key(setting));
        ck_assert_ptr_nonnull(strstr((const char *)bare.data, wanted));
        ck_assert_int_eq(settings.origins[i] == CDN_ORIGIN_FILE,
                         cdn_setting_type(setting) != CDN_SETTING_TEXT ||
                             cdn_setting_get(&defaults, setting) != NULL);
        ck_assert_str_eq(cdn_setting_text(value, sizeof value, &settings, setting),
                         cdn_setting_text(wanted, sizeof wanted, &defaults, setting));
    }
    cdn_settings_deinit(&settings);
    cdn_buf_deinit(&text);
    cdn_buf_deinit(&bare);
    remove_file();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(load__survives_every_allocation_failure)
{
    const struct cdn_setting_flags flags = {.config = file_of(whole), .data = folder};

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_settings settings;
        cordon_status status = cdn_settings_load(&settings, &flags, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_settings_deinit(&settings);
    }
    remove_file();
}
END_TEST

START_TEST(check__survives_every_allocation_failure)
{
    static const char text[] = "return { log = { level = 1, x = 2 }, auth = { tokens = "
                               "{ {} } } }";

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_findings findings = {0};
        bool is_settings;
        cordon_status status = cdn_settings_check(&findings, &is_settings, text,
                                                  strlen(text), "x.lua", NULL);

        ck_assert_int_eq(status,
                         cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_E_DATA);
        cdn_findings_deinit(&findings);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("settings");

    CDN_UNIT_CASE(s, load__takes_every_kind_of_value_from_a_file);
    CDN_UNIT_CASE(s, load__makes_entries_that_the_table_of_callers_takes);
    CDN_UNIT_CASE(s, load__takes_the_strongest_place);
    CDN_UNIT_CASE(s, fresh__names_what_takes_a_new_start);
    CDN_UNIT_CASE(s, load__finds_the_policy_of_the_store_that_is_served);
    CDN_UNIT_CASE(s, check__finds_each_fault_with_its_line);
    CDN_UNIT_CASE(s, check__tells_a_configuration_from_other_tables);
    CDN_UNIT_CASE(s, starter__says_nothing_and_shows_every_default);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, load__survives_every_allocation_failure);
    CDN_UNIT_CASE(s, check__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
