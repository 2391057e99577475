#include "support/unit.h"

#include "base/alloc.h"
#include "isolation/bundle.h"

static const char *const arguments[] = {"/worker", "--contained", "/snapshot", "1",
                                        "2"};
static const struct cdn_bundle ordinary = {
    .root = "/tmp/bundle/root",
    .devices = "/tmp/bundle/root/dev",
    .arguments = arguments,
    .argument_count = 5,
    .uid = 65534,
    .gid = 65533,
    .user = true,
    .cpu_s = 3600,
};

/* What there is between two marks in the text of a bundle; the caller frees it. */
static char *part(const struct cdn_bundle *bundle, const char *from, const char *to)
{
    struct cdn_buf out = {0};
    cordon_error err;
    char *at, *end, *copy;

    ck_assert_msg(!cdn_bundle_config(&out, bundle, &err), "%s", err.message);
    at = strstr((char *)out.data, from);
    ck_assert_msg(at != NULL, "no %s in %s", from, (char *)out.data);
    end = strstr(at, to);
    ck_assert_msg(end != NULL, "no %s after %s", to, at);
    copy = cdn_unit_exact(at, (size_t)(end - at) + 1);
    copy[end - at] = '\0';
    cdn_buf_deinit(&out);
    return copy;
}

static void check_part(const struct cdn_bundle *bundle, const char *from,
                       const char *to, const char *text)
{
    char *is = part(bundle, from, to);

    ck_assert_str_eq(is, text);
    free(is);
}

START_TEST(config__is_what_the_worker_needs_and_nothing_else)
{
    check_part(&ordinary, "{\"ociVersion\"", "\n", "{\"ociVersion\":\"1.0.0\",");
    check_part(&ordinary, "\"process\"", "\n",
               "\"process\":{\"terminal\":false,\"user\":{\"uid\":0,\"gid\":0},"
               "\"args\":[\"/worker\",\"--contained\",\"/snapshot\",\"1\",\"2\"],"
               "\"env\":[],\"cwd\":\"/\","
               "\"capabilities\":{\"bounding\":[],\"effective\":[],\"inheritable\":[],"
               "\"permitted\":[],\"ambient\":[]},"
               "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0},"
               "{\"type\":\"RLIMIT_MEMLOCK\",\"hard\":0,\"soft\":0},"
               "{\"type\":\"RLIMIT_MSGQUEUE\",\"hard\":0,\"soft\":0},"
               "{\"type\":\"RLIMIT_CPU\",\"hard\":3600,\"soft\":3600}],"
               "\"noNewPrivileges\":true,\"oomScoreAdj\":1000},");
    check_part(&ordinary, "\"root\"", "\n",
               "\"root\":{\"path\":\"/tmp/bundle/root\",\"readonly\":true},");
    check_part(&ordinary, "\"mounts\"", "\n",
               "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\","
               "\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\",\"nodev\","
               "\"ro\"]},{\"destination\":\"/dev\",\"type\":\"bind\","
               "\"source\":\"/tmp/bundle/root/dev\",\"options\":[\"bind\",\"ro\","
               "\"nosuid\",\"noexec\",\"nodev\"]}],");
    check_part(&ordinary, "\"linux\"", ",\"syscalls\"",
               "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},"
               "{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"},"
               "{\"type\":\"cgroup\"},{\"type\":\"user\"}],"
               "\"uidMappings\":[{\"containerID\":0,\"hostID\":65534,\"size\":1}],"
               "\"gidMappings\":[{\"containerID\":0,\"hostID\":65533,\"size\":1}],"
               "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"");
    check_part(&ordinary, "\"readonlyPaths\"", "\n",
               "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\","
               "\"/proc/sys\",\"/proc/sysrq-trigger\"]}}");
}
END_TEST

START_TEST(config__has_a_real_user_where_there_are_no_user_namespaces)
{
    struct cdn_bundle bundle = ordinary;

    bundle.user = false;
    check_part(&bundle, "\"user\"", ",\"args\"",
               "\"user\":{\"uid\":65534,\"gid\":65533}");
    check_part(&bundle, "{\"type\":\"mount\"}", ",\"seccomp\"",
               "{\"type\":\"mount\"},{\"type\":\"cgroup\"}]");
}
END_TEST

/* A path may hold anything but NUL; what JSON would take for its own is escaped. */
START_TEST(config__escapes_hostile_paths)
{
    static const struct {
        const char *path, *text;
    } cases[] = {
        {"/a\"],\"env\":[\"LD_PRELOAD=/x", "/a\\\"],\\\"env\\\":[\\\"LD_PRELOAD=/x"},
        {"/a\\", "/a\\\\"},
        {"/\n\t\x01\x1f\x7f", "/\\u000a\\u0009\\u0001\\u001f\\u007f"},
        {"/%s%n", "/%s%n"},
        {"/\xc3\xa4\xe2\x82\xac", "/\xc3\xa4\xe2\x82\xac"},
        {"", ""},
    };

    for (int i = 0; i < CDN_UNIT_COUNT(cases); i++) {
        const char *const hostile[] = {cases[i].path};
        struct cdn_bundle bundle = ordinary;
        char text[256];

        bundle.arguments = hostile;
        bundle.argument_count = 1;
        bundle.root = bundle.devices = cases[i].path;
        snprintf(text, sizeof text, "\"args\":[\"%s\"]", cases[i].text);
        check_part(&bundle, "\"args\"", ",\"env\":[],\"cwd\"", text);
        snprintf(text, sizeof text, "\"root\":{\"path\":\"%s\"", cases[i].text);
        check_part(&bundle, "\"root\"", ",\"readonly\"", text);
        snprintf(text, sizeof text, "\"bind\",\"source\":\"%s\"", cases[i].text);
        check_part(&bundle, "\"bind\",\"source\"", ",\"options\":[\"bind\"", text);
    }
}
END_TEST

START_TEST(config__refuses_what_json_cannot_hold)
{
    static const char *const no_text[] = {"/worker", "/\xff"};
    struct cdn_buf out = {0};
    struct cdn_bundle bundle = ordinary;
    cordon_error err;

    bundle.arguments = no_text;
    bundle.argument_count = 2;
    ck_assert_int_eq(cdn_bundle_config(&out, &bundle, &err), CORDON_E_INVALID);
    ck_assert_str_eq(err.message, "argument 1 of a container is not UTF-8: /\\xff");
    bundle = ordinary;
    bundle.root = "/\xc3";
    ck_assert_int_eq(cdn_bundle_config(&out, &bundle, &err), CORDON_E_INVALID);
    bundle = ordinary;
    bundle.devices = "/\xed\xa0\x80";
    ck_assert_int_eq(cdn_bundle_config(&out, &bundle, &err), CORDON_E_INVALID);
    ck_assert_uint_eq(out.length, 0);
    cdn_buf_deinit(&out);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(config__survives_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf out = {0};
        cordon_status status = cdn_bundle_config(&out, &ordinary, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_buf_deinit(&out);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("bundle");

    CDN_UNIT_CASE(s, config__is_what_the_worker_needs_and_nothing_else);
    CDN_UNIT_CASE(s, config__has_a_real_user_where_there_are_no_user_namespaces);
    CDN_UNIT_CASE(s, config__escapes_hostile_paths);
    CDN_UNIT_CASE(s, config__refuses_what_json_cannot_hold);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, config__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
