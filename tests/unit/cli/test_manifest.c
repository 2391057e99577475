/* A project's manifest: what it says, and every way in which it can be wrong. */
#include "support/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "cli/project/manifest.h"

static const char whole[] =
    "return { name = 'bank-rules', rules = { 'rules', 'more/one.lua' },\n"
    "  schema = 'schemas/bank.lua', grants = 'policy.lua',\n"
    "  limits = { online = { instructions = 1e6, time = '5ms', memory = '512KiB' },\n"
    "             batch = { edges = '1e7', nodes = 5, hops = 3, output = 1024 } } }\n";

START_TEST(parse__takes_everything)
{
    struct cdn_manifest manifest;
    cordon_limits limits = CORDON_LIMITS_INIT;

    ck_assert_int_eq(
        cdn_manifest_parse(&manifest, whole, strlen(whole), "cordon.lua", NULL),
        CORDON_OK);
    ck_assert_str_eq(manifest.name, "bank-rules");
    ck_assert_uint_eq(manifest.root_count, 2);
    ck_assert_str_eq(manifest.roots[1], "more/one.lua");
    ck_assert_str_eq(manifest.schema, "schemas/bank.lua");
    ck_assert_str_eq(manifest.grants, "policy.lua");
    ck_assert_uint_eq(manifest.profile_count, 2);
    ck_assert_str_eq(manifest.profiles[0].name, "batch");
    limits.instructions = 7; /* said elsewhere: stays */
    ck_assert_int_eq(cdn_manifest_limits(&limits, &manifest, "online", NULL),
                     CORDON_OK);
    ck_assert_uint_eq(limits.instructions, 7);
    ck_assert_uint_eq(limits.wall_ns, 5000000);
    ck_assert_uint_eq(limits.memory_bytes, 512 * 1024);
    ck_assert_uint_eq(limits.edges, 0);
    ck_assert_int_eq(cdn_manifest_limits(&limits, &manifest, "batch", NULL), CORDON_OK);
    ck_assert_uint_eq(limits.edges, 10000000);
    ck_assert_uint_eq(limits.nodes, 5);
    ck_assert_uint_eq(limits.hops, 3);
    ck_assert_uint_eq(limits.output_bytes, 1024);
    cdn_manifest_deinit(&manifest);
}
END_TEST

START_TEST(parse__needs_no_more_than_a_name)
{
    static const char text[] = "return { name = 'x' }";
    struct cdn_manifest manifest;

    ck_assert_int_eq(cdn_manifest_parse(&manifest, text, strlen(text), "m", NULL),
                     CORDON_OK);
    ck_assert_uint_eq(manifest.root_count, 1);
    ck_assert_str_eq(manifest.roots[0], "rules");
    ck_assert_ptr_null(manifest.schema);
    ck_assert_uint_eq(manifest.profile_count, 0);
    cdn_manifest_deinit(&manifest);
}
END_TEST

static const struct {
    const char *text;
    cordon_status status;
    uint32_t line;
    const char *message;
} faults[] = {
    {"", CORDON_E_RULE, 0, ""},
    {"return 7", CORDON_E_RULE, 0, ""},
    {"return {", CORDON_E_RULE, 1, ""},
    {"while true do end", CORDON_E_RULE, 1, "instruction"},
    {"return { name = os.getenv('HOME') }", CORDON_E_RULE, 1, ""},
    {"return { name = 'x', f = function() end }", CORDON_E_RULE, 0, ""},
    {"return {}", CORDON_E_DATA, 0, "name"},
    {"return {\n name = 7 }", CORDON_E_DATA, 2, "name"},
    {"return {\n name = 'a b' }", CORDON_E_DATA, 2, "letters, digits"},
    {"return {\n name = '' }", CORDON_E_DATA, 2, "is empty"},
    {"return {\n nmae = 'x' }", CORDON_E_DATA, 2, "did you mean 'name'"},
    {"return { name = 'x',\n rules = { '/etc' } }", CORDON_E_DATA, 2, "relative"},
    {"return { name = 'x',\n rules = { 'a/../../b' } }", CORDON_E_DATA, 2,
     "leads out of it"},
    {"return { name = 'x',\n rules = { '..' } }", CORDON_E_DATA, 2, "leads out of it"},
    {"return { name = 'x',\n rules = { 'a\\27b' } }", CORDON_E_DATA, 2, "control"},
    {"return { name = 'x',\n rules = { '' } }", CORDON_E_DATA, 2, "is empty"},
    {"return { name = 'x',\n rules = 7 }", CORDON_E_DATA, 2, "list of strings"},
    {"return { name = 'x',\n schema = ('a'):rep(300) }", CORDON_E_DATA, 2, "255"},
    {"return { name = 'x',\n schema = '../s.lua' }", CORDON_E_DATA, 2, "leads out"},
    {"return { name = 'x',\n grants = '/p.lua' }", CORDON_E_DATA, 2, "relative"},
    {"return { name = 'x',\n limits = 7 }", CORDON_E_DATA, 2, ""},
    {"return { name = 'x',\n limits = { ['a b'] = {} } }", CORDON_E_DATA, 2,
     "a profile's name"},
    {"return { name = 'x',\n limits = { a = { edgse = 1 } } }", CORDON_E_DATA, 2,
     "did you mean 'edges'"},
    {"return { name = 'x',\n limits = { a = { edges = 0 } } }", CORDON_E_DATA, 2,
     "a whole number from 1"},
    {"return { name = 'x',\n limits = { a = { edges = -1 } } }", CORDON_E_DATA, 2,
     "a whole number from 1"},
    {"return { name = 'x',\n limits = { a = { edges = 1e300 } } }", CORDON_E_DATA, 2,
     "a whole number from 1"},
    {"return { name = 'x',\n limits = { a = { edges = '99999999999999999' } } }",
     CORDON_E_DATA, 2, "a whole number from 1"},
    {"return { name = 'x',\n limits = { a = { time = 5 } } }", CORDON_E_DATA, 2,
     "a time with its unit"},
    {"return { name = 'x',\n limits = { a = { time = 'soon' } } }", CORDON_E_DATA, 2,
     "a time with its unit"},
    {"return { name = 'x',\n limits = { a = { memory = {} } } }", CORDON_E_DATA, 2,
     "a size"},
    {"local t = {} for i = 1, 65 do t[i] = 'r' end\nreturn { name = 'x', rules = t }",
     CORDON_E_DATA, 2, "at most 64"},
    {"local t = {} for i = 1, 17 do t['p' .. i] = {} end\n"
     "return { name = 'x', limits = t }",
     CORDON_E_DATA, 2, "at most 16"},
};

START_TEST(parse__says_what_is_wrong_and_where)
{
    struct cdn_manifest manifest;
    cordon_error err;
    char *exact = cdn_unit_exact(faults[_i].text, strlen(faults[_i].text));

    ck_assert_int_eq(cdn_manifest_parse(&manifest, exact, strlen(faults[_i].text),
                                        "cordon.lua", &err),
                     faults[_i].status);
    ck_assert_str_eq(err.file, "cordon.lua");
    ck_assert_msg(strstr(err.message, faults[_i].message) != NULL, "%s", err.message);
    if (faults[_i].line)
        ck_assert_uint_eq(err.line, faults[_i].line);
    cdn_manifest_deinit(&manifest);
    free(exact);
}
END_TEST

START_TEST(limits__of_another_name_are_refused)
{
    struct cdn_manifest manifest;
    cordon_limits limits = CORDON_LIMITS_INIT;
    cordon_error err;

    ck_assert_int_eq(cdn_manifest_parse(&manifest, whole, strlen(whole), "m", NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_manifest_limits(&limits, &manifest, "onlin", &err),
                     CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "did you mean 'online'"));
    ck_assert_int_eq(cdn_manifest_limits(&limits, &manifest, "zzz", &err),
                     CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "there is 'batch', 'online'"));
    cdn_manifest_deinit(&manifest);
}
END_TEST

/* ---- its rules ---- */

static char folder[256];

static void touch(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0666);

    ck_assert_int_ge(fd, 0);
    close(fd);
}

static cordon_status find(struct cdn_buf *out, size_t *count, const char *roots,
                          cordon_error *err)
{
    struct cdn_manifest manifest;
    char text[256];
    cordon_status status;

    snprintf(text, sizeof(text), "return { name = 'x', rules = { %s } }", roots);
    ck_assert_int_eq(cdn_manifest_parse(&manifest, text, strlen(text), "m", NULL),
                     CORDON_OK);
    status = cdn_manifest_rules(out, count, &manifest, err);
    cdn_manifest_deinit(&manifest);
    return status;
}

START_TEST(rules__are_found_in_order_without_tests)
{
    static const char *const wanted[] = {"one.lua", "rules/a.lua", "rules/b/c.lua",
                                         "rules/b_tests.lua"};
    struct cdn_buf out = {0};
    cordon_error err;
    const char *at;
    size_t count;

    cdn_unit_folder(folder, sizeof(folder));
    ck_assert_int_eq(chdir(folder), 0);
    mkdir("rules", 0777);
    mkdir("rules/b", 0777);
    mkdir("rules/spec", 0777);
    mkdir("rules/.git", 0777);
    touch("one.lua");
    touch("rules/a.lua");
    touch("rules/a_test.lua");
    touch("rules/b_tests.lua");
    touch("rules/b/c.lua");
    touch("rules/b/c.graph");
    touch("rules/.hidden.lua");
    touch("rules/.git/x.lua");
    touch("rules/spec/y.lua");
    ck_assert_int_eq(symlink("..", "rules/b/around"), 0);
    ck_assert_int_eq(find(&out, &count, "'rules', 'one.lua', 'rules/b'", &err),
                     CORDON_OK);
    ck_assert_uint_eq(count, CDN_UNIT_COUNT(wanted));
    at = (const char *)out.data;
    for (int i = 0; i < CDN_UNIT_COUNT(wanted); i++, at += strlen(at) + 1)
        ck_assert_str_eq(at, wanted[i]);
    cdn_buf_deinit(&out);
    ck_assert_int_ne(find(&out, &count, "'nowhere'", &err), CORDON_OK);
    ck_assert_ptr_nonnull(strstr(err.message, "nowhere"));
    ck_assert_int_eq(symlink("/", "out"), 0);
    ck_assert_int_eq(find(&out, &count, "'out'", &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "a link out of the project's folder"));
    cdn_buf_deinit(&out);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_manifest manifest;
        struct cdn_buf found = {0};
        cordon_status status =
            cdn_manifest_parse(&manifest, whole, strlen(whole), "m", NULL);

        if (!status) {
            manifest.root_count = 1; /* "rules" */
            status = cdn_manifest_rules(&found, &count, &manifest, NULL);
        }
        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_manifest_deinit(&manifest);
        cdn_buf_deinit(&found);
    }
#endif
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("manifest");

    CDN_UNIT_CASE(s, parse__takes_everything);
    CDN_UNIT_CASE(s, parse__needs_no_more_than_a_name);
    CDN_UNIT_LOOP(s, parse__says_what_is_wrong_and_where, 0, CDN_UNIT_COUNT(faults));
    CDN_UNIT_CASE(s, limits__of_another_name_are_refused);
    CDN_UNIT_CASE(s, rules__are_found_in_order_without_tests);
    return s;
}

CDN_UNIT_MAIN(suite)
