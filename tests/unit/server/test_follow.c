/* Files that are followed: every way in which a name comes to stand for another file. */
#include "server/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "support/unit.h"

static char folder[256];

static const char *path_of(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void replace_file(const char *name, const char *text)
{
    write_file("temporary", text);
    ck_assert_int_eq(rename(path_of("temporary"), path_of(name)), 0);
}

static void set_up(void)
{
    cdn_unit_folder(folder, sizeof folder);
}

static void tear_down(void)
{
    static const char *const names[] = {"a",    "b",     "temporary",
                                        "link", "one/x", "two/x"};

    for (int i = 0; i < CDN_UNIT_COUNT(names); i++)
        unlink(path_of(names[i]));
    rmdir(path_of("one"));
    rmdir(path_of("two"));
    rmdir(folder);
}

static struct cdn_follow *open_on(const char *first, const char *second)
{
    char one[512], two[512];
    const char *const paths[] = {one, two};
    struct cdn_follow *follow;

    (void)snprintf(one, sizeof one, "%s/%s", folder, first);
    (void)snprintf(two, sizeof two, "%s/%s", folder, second);
    ck_assert_int_eq(cdn_follow_open(&follow, paths, 2, NULL), CORDON_OK);
    return follow;
}

static bool is_readable(const struct cdn_follow *follow)
{
    struct pollfd readable = {.fd = cdn_follow_fd(follow), .events = POLLIN};

    return poll(&readable, 1, 0) > 0;
}

/* It woke whoever waits, and the look finds exactly the first. */
static void changed_first(struct cdn_follow *follow)
{
    ck_assert(cdn_follow_fd(follow) < 0 || is_readable(follow));
    ck_assert_uint_eq(cdn_follow_look(follow), 1);
    ck_assert(cdn_follow_changed(follow, 0));
    ck_assert(!cdn_follow_changed(follow, 1));
    ck_assert(!is_readable(follow));
    ck_assert_uint_eq(cdn_follow_look(follow), 0);
    ck_assert(!cdn_follow_changed(follow, 0));
}

START_TEST(follow__sees_every_kind_of_change)
{
    struct cdn_follow *follow;

    write_file("a", "1");
    write_file("b", "1");
    follow = open_on("a", "b");
    ck_assert_uint_eq(cdn_follow_look(follow), 0);
    write_file("a", "other"); /* in place */
    changed_first(follow);
    replace_file("a", "other"); /* the same text in another file */
    changed_first(follow);
    ck_assert_int_eq(unlink(path_of("a")), 0);
    changed_first(follow);
    write_file("a", "1");
    changed_first(follow);
    ck_assert_int_eq(rename(path_of("a"), path_of("temporary")), 0);
    changed_first(follow);
    cdn_follow_close(follow);
}
END_TEST

START_TEST(follow__follows_a_link_that_is_turned)
{
    struct cdn_follow *follow;

    ck_assert_int_eq(mkdir(path_of("one"), 0700), 0);
    ck_assert_int_eq(mkdir(path_of("two"), 0700), 0);
    write_file("one/x", "1");
    write_file("two/x", "1");
    write_file("b", "1");
    ck_assert_int_eq(symlink("one/x", path_of("link")), 0);
    follow = open_on("link", "b");
    ck_assert_int_eq(symlink("two/x", path_of("temporary")), 0);
    ck_assert_int_eq(rename(path_of("temporary"), path_of("link")), 0);
    changed_first(follow);
    cdn_follow_close(follow);
}
END_TEST

START_TEST(follow__waits_for_what_is_not_there_yet)
{
    struct cdn_follow *follow = open_on("a", "no such folder/b");

    ck_assert_uint_eq(cdn_follow_look(follow), 0);
    write_file("a", "1");
    changed_first(follow);
    cdn_follow_close(follow);
}
END_TEST

/* More events than the kernel keeps: the look finds what became of the files all the same. */
START_TEST(follow__outlives_a_storm)
{
    struct cdn_follow *follow;

    write_file("a", "1");
    write_file("b", "1");
    follow = open_on("a", "b");
    for (int i = 0; i < 12000; i++) {
        int fd =
            open(path_of(i % 2 ? "temporary" : "one/none"), O_CREAT | O_WRONLY, 0600);

        if (fd >= 0)
            close(fd);
        unlink(path_of("temporary"));
    }
    write_file("a", "12");
    changed_first(follow);
    cdn_follow_close(follow);
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(open__survives_every_allocation_failure)
{
    static const char *const paths[] = {"/tmp/a", "b"};

    CDN_UNIT_FAILALLOC(nth)
    {
        struct cdn_follow *follow;
        cordon_status status = cdn_follow_open(&follow, paths, 2, NULL);

        ck_assert_int_eq(status, cdn_failalloc_fired() ? CORDON_E_NOMEM : CORDON_OK);
        cdn_follow_close(follow);
    }
}
END_TEST
#endif

static Suite *suite(void)
{
    Suite *s = suite_create("follow");

    CDN_UNIT_CASE_IN(s, follow__sees_every_kind_of_change, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, follow__follows_a_link_that_is_turned, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, follow__waits_for_what_is_not_there_yet, set_up, tear_down);
    CDN_UNIT_CASE_IN(s, follow__outlives_a_storm, set_up, tear_down);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, open__survives_every_allocation_failure);
#endif
    return s;
}

CDN_UNIT_MAIN(suite)
