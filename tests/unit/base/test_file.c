#include "support/unit.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"

static char folder[256];
static char path[512];

static void start(void)
{
    cdn_unit_folder(folder, sizeof folder);
    ck_assert_int_eq(cdn_path_join(path, sizeof path, folder, "file", NULL), CORDON_OK);
}

/* How many names the folder holds; each is removed. */
static int empty_folder(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int count = 0;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_int_eq(unlinkat(dirfd(dir), entry->d_name, 0), 0);
        count++;
    }
    closedir(dir);
    return count;
}

static void finish(void)
{
    empty_folder();
    rmdir(folder);
}

START_TEST(replace__is_read_back_whole)
{
    struct cdn_buf buf = {0};
    struct cdn_buf big = {0};

    start();
    ck_assert_int_eq(cdn_file_replace(path, "old", 3, NULL), CORDON_OK);
    cdn_buf_printf(&big, "%0200000d", 1);
    ck_assert_int_eq(cdn_file_replace(path, big.data, big.length, NULL), CORDON_OK);
    cdn_buf_text(&buf, "kept:");
    ck_assert_int_eq(cdn_file_read(&buf, path, big.length, NULL), CORDON_OK);
    ck_assert_uint_eq(buf.length, big.length + 5);
    ck_assert_int_eq(memcmp(buf.data, "kept:", 5), 0);
    ck_assert_int_eq(memcmp(buf.data + 5, big.data, big.length), 0);
    ck_assert_int_eq(empty_folder(), 1);
    cdn_buf_deinit(&buf);
    cdn_buf_deinit(&big);
    finish();
}
END_TEST

START_TEST(create__writes_what_is_not_there_and_keeps_what_is)
{
    struct cdn_buf buf = {0};
    bool existed = true;

    start();
    ck_assert_int_eq(cdn_file_create(&existed, path, "first", 5, NULL), CORDON_OK);
    ck_assert(!existed);
    ck_assert_int_eq(cdn_file_create(&existed, path, "second", 6, NULL), CORDON_OK);
    ck_assert(existed);
    ck_assert_int_eq(cdn_file_read(&buf, path, 100, NULL), CORDON_OK);
    ck_assert_str_eq((char *)buf.data, "first");
    ck_assert_int_eq(empty_folder(), 1);
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(create__keeps_a_link_that_leads_nowhere)
{
    bool existed = false;
    struct stat info;

    start();
    ck_assert_int_eq(symlink("/nowhere/at/all", path), 0);
    ck_assert_int_eq(cdn_file_create(&existed, path, "text", 4, NULL), CORDON_OK);
    ck_assert(existed);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    ck_assert_int_eq(empty_folder(), 1);
    finish();
}
END_TEST

START_TEST(create__leaves_nothing_behind_when_it_fails)
{
    char nowhere[600];
    bool existed = true;

    start();
    ck_assert_int_eq(cdn_path_join(nowhere, sizeof nowhere, path, "file", NULL),
                     CORDON_OK);
    ck_assert_int_ne(cdn_file_create(&existed, nowhere, "text", 4, NULL), CORDON_OK);
    ck_assert(!existed);
    ck_assert_int_eq(empty_folder(), 0);
    finish();
}
END_TEST

START_TEST(replace__of_nothing_makes_an_empty_file)
{
    struct cdn_buf buf = {0};

    start();
    ck_assert_int_eq(cdn_file_replace(path, NULL, 0, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_file_read(&buf, path, 0, NULL), CORDON_OK);
    ck_assert_uint_eq(buf.length, 0);
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(read__refuses_what_is_larger_and_leaves_the_buffer)
{
    struct cdn_buf buf = {0};
    cordon_error err;

    start();
    ck_assert_int_eq(cdn_file_replace(path, "12345", 5, NULL), CORDON_OK);
    cdn_buf_text(&buf, "kept");
    ck_assert_int_eq(cdn_file_read(&buf, path, 4, &err), CORDON_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "4 bytes"));
    ck_assert_str_eq((char *)buf.data, "kept");
    ck_assert_uint_eq(buf.length, 4);
    ck_assert_int_eq(cdn_file_read(&buf, path, 5, &err), CORDON_OK);
    ck_assert_str_eq((char *)buf.data, "kept12345");
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(read__refuses_what_is_no_file)
{
    struct cdn_buf buf = {0};
    cordon_error err;

    start();
    ck_assert_int_eq(cdn_file_read(&buf, path, 10, &err), CORDON_E_NOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_int_eq(cdn_file_read(&buf, folder, 10, &err), CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "a folder"));
    ck_assert_int_eq(cdn_file_read(&buf, "/dev/zero", 10, &err), CORDON_E_INVALID);
    ck_assert_ptr_nonnull(strstr(err.message, "a special file"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(cdn_file_read(&buf, path, 10, &err), CORDON_E_INVALID);
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(replace__leaves_nothing_behind_when_it_fails)
{
    cordon_error err;

    start();
    /* A folder of that name, which a file cannot be renamed over. */
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(cdn_file_replace(path, "x", 1, &err), CORDON_E_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot rename"));
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(empty_folder(), 0);
    ck_assert_int_eq(cdn_file_replace("/no/such/folder/x", "x", 1, &err),
                     CORDON_E_NOTFOUND);
    finish();
}
END_TEST

START_TEST(replace__does_not_follow_or_keep_a_link)
{
    char target[600];
    struct cdn_buf buf = {0};
    struct stat info;

    start();
    ck_assert_int_eq(cdn_path_join(target, sizeof target, folder, "target", NULL),
                     CORDON_OK);
    ck_assert_int_eq(cdn_file_replace(target, "precious", 8, NULL), CORDON_OK);
    ck_assert_int_eq(symlink(target, path), 0);
    ck_assert_int_eq(cdn_file_replace(path, "new", 3, NULL), CORDON_OK);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert(S_ISREG(info.st_mode));
    ck_assert_int_eq(cdn_file_read(&buf, target, 100, NULL), CORDON_OK);
    ck_assert_str_eq((char *)buf.data, "precious");
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(publish__moves_the_file)
{
    char to[600];
    struct cdn_buf buf = {0};

    start();
    ck_assert_int_eq(cdn_path_join(to, sizeof to, folder, "final", NULL), CORDON_OK);
    ck_assert_int_eq(cdn_file_publish(path, to, NULL), CORDON_E_NOTFOUND);
    ck_assert_int_eq(cdn_file_replace(path, "whole", 5, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_file_publish(path, to, NULL), CORDON_OK);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(cdn_file_read(&buf, to, 100, NULL), CORDON_OK);
    ck_assert_str_eq((char *)buf.data, "whole");
    cdn_buf_deinit(&buf);
    finish();
}
END_TEST

START_TEST(replace__works_on_a_bare_name)
{
    start();
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(cdn_file_replace("bare", "x", 1, NULL), CORDON_OK);
    ck_assert_int_eq(cdn_file_publish("bare", "moved", NULL), CORDON_OK);
    ck_assert_int_eq(empty_folder(), 1);
    finish();
}
END_TEST

START_TEST(join__adds_one_slash_and_refuses_what_does_not_fit)
{
    char out[8];
    cordon_error err;

    ck_assert_int_eq(cdn_path_join(out, sizeof out, "abc", "def", &err), CORDON_OK);
    ck_assert_str_eq(out, "abc/def");
    ck_assert_int_eq(cdn_path_join(out, sizeof out, "abc/", "def", &err), CORDON_OK);
    ck_assert_str_eq(out, "abc/def");
    ck_assert_int_eq(cdn_path_join(out, sizeof out, "/", "etc", &err), CORDON_OK);
    ck_assert_str_eq(out, "/etc");
    ck_assert_int_eq(cdn_path_join(out, sizeof out, "abcd", "def", &err),
                     CORDON_E_INVALID);
    ck_assert_str_eq(out, "");
    ck_assert_ptr_nonnull(strstr(err.message, "abcd/def"));
}
END_TEST

START_TEST(replace__refuses_a_path_that_is_too_long)
{
    char *name = malloc(PATH_MAX + 1);
    cordon_error err;

    ck_assert_ptr_nonnull(name);
    memset(name, 'a', PATH_MAX);
    name[PATH_MAX] = '\0';
    ck_assert_int_eq(cdn_file_replace(name, "x", 1, &err), CORDON_E_IO);
    free(name);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(read__survives_every_allocation_failure)
{
    start();
    ck_assert_int_eq(cdn_file_replace(path, "12345", 5, NULL), CORDON_OK);
    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_buf buf = {0};
        cordon_status status = cdn_file_read(&buf, path, 100, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        ck_assert_uint_eq(buf.length, status ? 0 : 5);
        cdn_buf_deinit(&buf);
        ck_assert_int_lt(nth, 10);
    }
    finish();
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("file");

    CDN_UNIT_CASE(s, create__writes_what_is_not_there_and_keeps_what_is);
    CDN_UNIT_CASE(s, create__keeps_a_link_that_leads_nowhere);
    CDN_UNIT_CASE(s, create__leaves_nothing_behind_when_it_fails);
    CDN_UNIT_CASE(s, replace__is_read_back_whole);
    CDN_UNIT_CASE(s, replace__of_nothing_makes_an_empty_file);
    CDN_UNIT_CASE(s, read__refuses_what_is_larger_and_leaves_the_buffer);
    CDN_UNIT_CASE(s, read__refuses_what_is_no_file);
    CDN_UNIT_CASE(s, replace__leaves_nothing_behind_when_it_fails);
    CDN_UNIT_CASE(s, replace__does_not_follow_or_keep_a_link);
    CDN_UNIT_CASE(s, publish__moves_the_file);
    CDN_UNIT_CASE(s, replace__works_on_a_bare_name);
    CDN_UNIT_CASE(s, join__adds_one_slash_and_refuses_what_does_not_fit);
    CDN_UNIT_CASE(s, replace__refuses_a_path_that_is_too_long);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, read__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
