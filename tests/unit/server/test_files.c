/* Rules of files: those that changed are taken over together or not at all. */
#include "server/files.h"

#include <cordon.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "server/server.h"
#include "support/unit.h"

static char folder[256], one[300], two[300], set[300];
static const char *const rules[] = {one, two};
static const char *const sets[] = {set};
static struct cdn_server_options options;
static cordon_engine *engine;
static cordon_outcome *outcome;

static void write_text(const char *path, const char *text)
{
    char fresh[320];
    int fd;

    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    ck_assert_int_eq(rename(fresh, path), 0);
}

static void write_rule(const char *path, const char *name, const char *decision)
{
    char text[512];

    (void)snprintf(text, sizeof text,
                   "return { name = \"%s\", decisions = { \"allow\", \"deny\" },\n"
                   "fallback = \"deny\", evaluate = function()\n"
                   "return { decision = \"%s\" } end }\n",
                   name, decision);
    write_text(path, text);
}

static void set_up(void)
{
    cdn_unit_folder(folder, sizeof folder);
    (void)snprintf(one, sizeof one, "%s/one.lua", folder);
    (void)snprintf(two, sizeof two, "%s/two.lua", folder);
    (void)snprintf(set, sizeof set, "%s/set.lua", folder);
    write_rule(one, "one", "allow");
    write_rule(two, "two", "allow");
    write_text(set,
               "return { name = \"both\", combine = \"most_severe\", decisions = { "
               "\"allow\", \"deny\" }, fallback = \"deny\", rules = { \"one\", "
               "\"two\" } }\n");
    options = (struct cdn_server_options){
        .rules = rules, .rule_count = 2, .sets = sets, .set_count = 1};
    options.engine = (cordon_engine_options)CORDON_ENGINE_OPTIONS_INIT;
    options.engine.slots = 1;
    ck_assert_int_eq(cordon_engine_new(&engine, &options.engine, NULL), CORDON_OK);
    ck_assert_int_eq(cordon_outcome_new(&outcome, NULL), CORDON_OK);
}

static void tear_down(void)
{
    cordon_engine_free(engine);
    cordon_outcome_free(outcome);
    unlink(one);
    unlink(two);
    unlink(set);
    rmdir(folder);
}

/* What the rule says; "" if there is none. */
static const char *says(const char *rule)
{
    cordon_request request = CORDON_REQUEST_INIT;

    if (cordon_evaluate(outcome, engine, rule, &request, NULL))
        return "";
    return cordon_outcome_decision(outcome);
}

START_TEST(files__are_taken_over_together_or_not_at_all)
{
    struct cdn_files *files;
    cordon_error err;
    size_t loaded;

    ck_assert_int_eq(cdn_files_open(&files, engine, &options, NULL), CORDON_OK);
    ck_assert_str_eq(says("one"), "allow");
    ck_assert(!cdn_files_look(files));
    write_rule(one, "one", "deny");
    write_text(two, "return {");
    ck_assert(cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, &err), CORDON_E_RULE);
    ck_assert_uint_eq(loaded, 0);
    ck_assert_ptr_nonnull(strstr(err.file, "two.lua"));
    ck_assert_str_eq(says("one"), "allow");
    ck_assert_str_eq(says("two"), "allow");
    /* nothing has changed since, and it fails again */
    ck_assert(!cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, &err), CORDON_E_RULE);
    write_rule(two, "two", "deny");
    ck_assert(cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, &err), CORDON_OK);
    ck_assert_uint_eq(loaded, 2);
    ck_assert_str_eq(says("one"), "deny");
    ck_assert_str_eq(says("two"), "deny");
    ck_assert_int_eq(cdn_files_load(&loaded, files, &err), CORDON_OK);
    ck_assert_uint_eq(loaded, 0);
    cdn_files_close(files);
}
END_TEST

START_TEST(files__that_are_gone_leave_their_rules)
{
    struct cdn_files *files;
    cordon_error err;
    size_t loaded;

    ck_assert_int_eq(cdn_files_open(&files, engine, &options, NULL), CORDON_OK);
    unlink(one);
    ck_assert(cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, &err), CORDON_E_NOTFOUND);
    ck_assert_str_eq(says("one"), "allow");
    cdn_files_close(files);
}
END_TEST

START_TEST(files__whose_rule_is_renamed_drop_the_old_name)
{
    struct cdn_files *files;
    size_t loaded;

    ck_assert_int_eq(cdn_files_open(&files, engine, &options, NULL), CORDON_OK);
    write_rule(one, "other", "deny");
    ck_assert(cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, NULL), CORDON_OK);
    ck_assert_str_eq(says("other"), "deny");
    ck_assert_str_eq(says("one"), "");
    /* and one that goes over to another file stays */
    write_rule(one, "two", "deny");
    write_rule(two, "third", "deny");
    ck_assert(cdn_files_look(files));
    ck_assert_int_eq(cdn_files_load(&loaded, files, NULL), CORDON_OK);
    ck_assert_str_eq(says("two"), "deny");
    ck_assert_str_eq(says("third"), "deny");
    cdn_files_close(files);
}
END_TEST

START_TEST(open__says_which_file_is_wrong)
{
    struct cdn_files *files;
    cordon_error err;

    write_text(two, "return { name = \"two\" }");
    ck_assert_int_eq(cdn_files_open(&files, engine, &options, &err), CORDON_E_RULE);
    ck_assert_ptr_null(files);
    ck_assert_ptr_nonnull(strstr(err.file, "two.lua"));
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(files__survive_every_allocation_failure)
{
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_files *files = NULL;
        cordon_status status;
        size_t loaded = 0;

        cdn_failalloc_after(-1, false);
        write_rule(one, "one", "allow");
        ck_assert_int_eq(cdn_files_open(&files, engine, &options, NULL), CORDON_OK);
        write_rule(one, "one", "deny");
        ck_assert(cdn_files_look(files));
        cdn_failalloc_after(nth, false);
        status = cdn_files_load(&loaded, files, NULL);
        ck_assert(status == CORDON_OK || cdn_failalloc_fired());
        nth += nth > 60 ? 7 : 0; /* a warm-up of the image has many like each other */
        if (status)
            ck_assert_str_eq(says("one"), "allow");
        cdn_files_close(files);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("files");

    CDN_UNIT_CASE_IN(s, files__are_taken_over_together_or_not_at_all, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, files__that_are_gone_leave_their_rules, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, files__whose_rule_is_renamed_drop_the_old_name, set_up,
                     tear_down);
    CDN_UNIT_CASE_IN(s, open__says_which_file_is_wrong, set_up, tear_down);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE_IN(s, files__survive_every_allocation_failure, set_up, tear_down);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
