#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "isolation/worker/cgroup.h"

static const struct cdn_cgroup_limits limits = {
    .memory_bytes = 64 << 20, .pids = 1, .cpu_percent = 100};

/* ---- what /proc says ---- */

static void find(struct cdn_cgroup_places *out, const char *mounts, const char *own)
{
    cdn_cgroup_find(out, mounts, strlen(mounts), own, strlen(own));
}

START_TEST(cgroup__v1_has_a_place_for_each_controller)
{
    struct cdn_cgroup_places places;

    find(
        &places,
        "23 1 0:20 / /proc rw - proc proc rw\n"
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup none "
        "rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw shared:4 master:2 - cgroup c rw,memory\n"
        "36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n"
        "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        "40 31 0:36 / /mnt/pids rw - cgroup cgroup rw,pids\n",
        "8:pids:/\n4:memory:/a/b\n5:devices:/x\n1:cpuacct,cpu:/c\n0::/\n");
    ck_assert_uint_eq(places.count, 3);
    ck_assert_str_eq(places.places[0].folder, "/sys/fs/cgroup/cpu,cpuacct/c");
    ck_assert_uint_eq(places.places[0].controllers, CDN_CGROUP_CPU);
    ck_assert_str_eq(places.places[1].folder, "/sys/fs/cgroup/memory/a/b");
    ck_assert_uint_eq(places.places[1].controllers, CDN_CGROUP_MEMORY);
    ck_assert(!places.places[1].top);
    ck_assert_str_eq(places.places[2].folder, "/sys/fs/cgroup/pids");
    ck_assert_uint_eq(places.places[2].controllers, CDN_CGROUP_PIDS);
    ck_assert(places.places[2].top && !places.places[2].v2);
}
END_TEST

START_TEST(cgroup__v2_has_one_place)
{
    struct cdn_cgroup_places places;

    find(&places, "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n",
         "0::/user.slice/user-1000.slice/app\n");
    ck_assert_uint_eq(places.count, 1);
    ck_assert(places.places[0].v2);
    ck_assert_str_eq(places.places[0].folder,
                     "/sys/fs/cgroup/user.slice/user-1000.slice/app");
    /* in a container, of which a part is mounted */
    find(&places, "30 23 0:26 /docker/a\\040b /sys/fs\\134x rw - cgroup2 cgroup2 rw\n",
         "0::/docker/a b/init\n");
    ck_assert_uint_eq(places.count, 1);
    ck_assert_str_eq(places.places[0].folder, "/sys/fs\\x/init");
    find(&places, "30 23 0:26 /docker/a /c rw - cgroup2 cgroup2 rw\n",
         "0::/docker/a\n");
    ck_assert_uint_eq(places.count, 1);
    ck_assert_str_eq(places.places[0].folder, "/c");
    ck_assert(places.places[0].top);
}
END_TEST

START_TEST(cgroup__what_makes_no_sense_is_left_out)
{
    static const char *const mounts[] = {
        "",
        "\n\n\n",
        "30",
        "30 23 0:26",
        "30 23 0:26 /",
        "30 23 0:26 / /c rw cgroup2 cgroup2 rw",
        "30 23 0:26 / /c rw -",
        "30 23 0:26 / /c rw - cgroup2",
        "30 23 0:26 /.. /c rw - cgroup2 cgroup2 rw",
        "30 23 0:26 / /c/../d rw - cgroup2 cgroup2 rw",
        "30 23 0:26 / c rw - cgroup2 cgroup2 rw",
        "30 23 0:26 / /c\\000d rw - cgroup2 cgroup2 rw",
        "30 23 0:26 /own/x /c rw - cgroup2 cgroup2 rw",
        "30 23 0:26 /ow /c rw - cgroup2 cgroup2 rw",
        "30 23 0:26 / /c rw - cgroup cgroup rw,cpuset",
        "30 23 0:26 / /c rw - tmpfs cgroup2 rw",
    };
    static const char *const owns[] = {"",      "0",      "0:",         "0::", "0::own",
                                       "1::/o", "0:a:/o", "0::/../own", ":::"};
    static char longer[3 * PATH_MAX];
    struct cdn_cgroup_places places;

    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        find(&places, mounts[i], "0::/own\n");
        ck_assert_msg(places.count == 0, "%s", mounts[i]);
    }
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++) {
        find(&places, "30 23 0:26 / /c rw - cgroup2 cgroup2 rw\n", owns[i]);
        ck_assert_msg(places.count == 0, "%s", owns[i]);
    }
    snprintf(longer, sizeof longer, "0::/%*s", PATH_MAX - 2, "x");
    find(&places, "30 23 0:26 / /c rw - cgroup2 cgroup2 rw\n", longer);
    ck_assert_uint_eq(places.count, 0);
    snprintf(longer, sizeof longer, "30 23 0:26 / /%0*d rw - cgroup2 cgroup2 rw\n",
             PATH_MAX, 1);
    find(&places, longer, "0::/own\n");
    ck_assert_uint_eq(places.count, 0);
}
END_TEST

START_TEST(cgroup__a_process_says_when_it_began)
{
    static const struct {
        const char *stat;
        uint64_t began;
    } cases[] = {
        {"7 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n", 4711},
        {"7 (a) S 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20\n", 4711},
        {"7 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711", 4711},
        {"7 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", 0},
        {"7 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 1", 0},
        {"7 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
         "99999999999999999999999 1",
         0},
        {"7 (sh)", 0},
        {"7 sh S 1", 0},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_uint_eq(cdn_cgroup_began(cases[i].stat, strlen(cases[i].stat)),
                          cases[i].began);
}
END_TEST

START_TEST(cgroup__a_process_that_is_only_not_waited_for_has_ended)
{
    static const char *const there[] = {"7 (sh) S 1 2", "7 (Z) Z) R 1", "7 (Z) ",
                                        "7 (Z)",        "7 Z 1",        ""};
    static const char *const ended[] = {"7 (sh) Z 1 2 3", "7 (a) S) X 0 -1", "7 () Z"};

    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        ck_assert(!cdn_cgroup_ended(there[i], strlen(there[i])));
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++) {
        ck_assert(cdn_cgroup_ended(ended[i], strlen(ended[i])));
        ck_assert(!cdn_cgroup_ended(ended[i], strlen("7 () ")));
    }
}
END_TEST

START_TEST(cgroup__a_name_tells_whose_it_is)
{
    static const char *const none[] = {"",
                                       "cordon",
                                       "cordon-",
                                       "cordon-1",
                                       "cordon-1-",
                                       "cordon-0-1",
                                       "cordon--1",
                                       "cordon-1-1x",
                                       "xcordon-1-1",
                                       "cordon-+1-1",
                                       "cordon-99999999999-1",
                                       "cordon-1-99999999999999999999999"};
    uint64_t began;
    pid_t keeper;

    ck_assert(cdn_cgroup_owner(&keeper, &began, "cordon-12-345"));
    ck_assert_int_eq(keeper, 12);
    ck_assert_uint_eq(began, 345);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        ck_assert_msg(!cdn_cgroup_owner(&keeper, &began, none[i]), "%s", none[i]);
}
END_TEST

START_TEST(cgroup__controllers_are_words)
{
    static const char text[] = "cpuset cpu io memory hugetlb pids rdma\n";

    ck_assert_uint_eq(cdn_cgroup_listed(text, strlen(text)), CDN_CGROUP_ALL);
    ck_assert_uint_eq(cdn_cgroup_listed("cpuset mem pid", 14), 0);
    ck_assert_uint_eq(cdn_cgroup_listed("pids", 4), CDN_CGROUP_PIDS);
    ck_assert_uint_eq(cdn_cgroup_listed("", 0), 0);
}
END_TEST

/* ---- a tree that stands in for v2 ---- */

static char tree[] = "/tmp/cordon-cgroup-XXXXXX";

static char *in_tree(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", tree, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_tree(name), "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert(!fclose(file));
}

static const char *get(const char *name)
{
    static char text[256];
    FILE *file = fopen(in_tree(name), "r");
    size_t got;

    ck_assert_msg(file != NULL, "no %s", name);
    got = fread(text, 1, sizeof text - 1, file);
    text[got] = '\0';
    fclose(file);
    return text;
}

static void plant(const char *name)
{
    ck_assert_msg(!mkdir(in_tree(name), 0755), "%s", name);
}

/* The name of this process's group. */
static const char *own_name(void)
{
    static char name[64];
    char stat[4096];
    int fd = open("/proc/self/stat", O_RDONLY);
    ssize_t got = read(fd, stat, sizeof stat);

    close(fd);
    snprintf(name, sizeof name, "cordon-%d-%llu", (int)getpid(),
             (unsigned long long)cdn_cgroup_began(stat, got > 0 ? (size_t)got : 0));
    return name;
}

/* The kernel would make a group's files with it. */
static void plant_group(const char *folder)
{
    static const char *const files[] = {"memory.max", "memory.swap.max", "pids.max",
                                        "cpu.max",    "cgroup.procs",    "cgroup.kill"};
    char path[300];

    snprintf(path, sizeof path, "%s/%s", folder, own_name());
    plant(path);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", folder, own_name(), files[i]);
        put(path, "");
    }
}

static const char *of_group(const char *folder, const char *file)
{
    char path[300];

    snprintf(path, sizeof path, "%s/%s/%s", folder, own_name(), file);
    return get(path);
}

static void remove_tree(void)
{
    pid_t child = fork();
    int ended;

    if (!child) {
        execlp("rm", "rm", "-rf", tree, (char *)NULL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &ended, 0), child);
    ck_assert_int_eq(ended, 0);
}

static struct cdn_cgroup_sources plant_tree(const char *own)
{
    static char mounts_path[64], own_path[64];
    const struct cdn_cgroup_sources sources = {mounts_path, own_path};
    char mounts[300];

    ck_assert_ptr_nonnull(mkdtemp(tree));
    plant("fs");
    plant("fs/svc");
    plant("fs/svc/host");
    snprintf(mounts, sizeof mounts, "30 23 0:26 / %s/fs rw - cgroup2 cgroup2 rw\n",
             tree);
    put("mounts", mounts);
    put("own", own);
    snprintf(mounts_path, sizeof mounts_path, "%s/mounts", tree);
    snprintf(own_path, sizeof own_path, "%s/own", tree);
    return sources;
}

START_TEST(cgroup__a_delegated_group_hands_its_controllers_on)
{
    struct cdn_cgroup_sources sources = plant_tree("0::/svc/host\n");
    struct cdn_cgroup group;

    put("fs/svc/host/cgroup.controllers", "cpuset cpu memory pids\n");
    put("fs/svc/host/cgroup.subtree_control", "cpu memory pids\n");
    plant_group("fs/svc/host");
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 1);
    ck_assert_uint_eq(group.members[0].controllers, CDN_CGROUP_ALL);
    ck_assert_str_eq(of_group("fs/svc/host", "memory.max"), "67108864");
    ck_assert_str_eq(of_group("fs/svc/host", "memory.swap.max"), "0");
    ck_assert_str_eq(of_group("fs/svc/host", "pids.max"), "1");
    ck_assert_str_eq(of_group("fs/svc/host", "cpu.max"), "100000 100000");
    ck_assert_uint_eq(cdn_cgroup_join(&group, 4711), CDN_CGROUP_ALL);
    ck_assert_str_eq(of_group("fs/svc/host", "cgroup.procs"), "4711");
    /* a folder of this kind holds files, and stays */
    ck_assert(!cdn_cgroup_end(&group));
    remove_tree();
}
END_TEST

START_TEST(cgroup__where_the_host_s_own_holds_processes_it_is_made_beside)
{
    struct cdn_cgroup_sources sources = plant_tree("0::/svc/host\n");
    struct cdn_cgroup group;

    put("fs/svc/host/cgroup.controllers", "memory pids\n");
    put("fs/svc/host/cgroup.subtree_control", "\n"); /* and nothing changes that */
    put("fs/svc/cgroup.controllers", "cpu memory pids\n");
    put("fs/svc/cgroup.subtree_control", "memory pids\n");
    plant_group("fs/svc");
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 1);
    ck_assert_uint_eq(group.members[0].controllers,
                      CDN_CGROUP_MEMORY | CDN_CGROUP_PIDS);
    ck_assert_str_eq(of_group("fs/svc", "memory.max"), "67108864");
    ck_assert_str_eq(of_group("fs/svc", "cpu.max"), "");
    /* it was asked for what is there */
    ck_assert_int_eq(get("fs/svc/host/cgroup.subtree_control")[0], '+');
    remove_tree();
}
END_TEST

START_TEST(cgroup__where_nothing_is_handed_on_there_is_none)
{
    struct cdn_cgroup_sources sources = plant_tree("0::/\n");
    struct cdn_cgroup group;

    put("fs/cgroup.controllers", "hugetlb\n");
    put("fs/cgroup.subtree_control", "\n");
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 0);
    ck_assert_uint_eq(cdn_cgroup_join(&group, 4711), 0);
    ck_assert(cdn_cgroup_end(&group));
    sources.own = "/nonexistent";
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 0);
    sources.own = "/dev/zero"; /* no end */
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 0);
    remove_tree();
}
END_TEST

START_TEST(cgroup__what_killed_keepers_left_is_swept)
{
    struct cdn_cgroup_sources sources = plant_tree("0::/svc/host\n");
    struct cdn_cgroup group;
    char kept[300], reused[300];

    put("fs/svc/host/cgroup.controllers", "memory\n");
    put("fs/svc/host/cgroup.subtree_control", "memory\n");
    plant_group("fs/svc/host");
    /* of nobody; of somebody who has this process's number now; of somebody else; other
     * things; one that still holds something */
    snprintf(reused, sizeof reused, "fs/svc/host/cordon-%d-1", (int)getpid());
    snprintf(kept, sizeof kept, "fs/svc/host/cordon-%d-0", (int)getppid());
    plant("fs/svc/host/cordon-2000000000-5");
    plant(reused);
    plant(kept);
    plant("fs/svc/host/cordon-x");
    plant("fs/svc/host/cordon-2000000000-6");
    plant("fs/svc/host/cordon-2000000000-6/inside");
    cdn_cgroup_make(&group, &limits, &sources);
    ck_assert_uint_eq(group.count, 1);
    ck_assert_int_ne(access(in_tree("fs/svc/host/cordon-2000000000-5"), F_OK), 0);
    ck_assert_int_ne(access(in_tree(reused), F_OK), 0);
    ck_assert_int_eq(access(in_tree(kept), F_OK), 0);
    ck_assert_int_eq(access(in_tree("fs/svc/host/cordon-x"), F_OK), 0);
    ck_assert_int_eq(access(in_tree("fs/svc/host/cordon-2000000000-6"), F_OK), 0);
    remove_tree();
}
END_TEST

#ifdef CORDON_FAILALLOC
START_TEST(cgroup__each_allocation_of_making_one_may_fail)
{
    struct cdn_cgroup_sources sources = plant_tree("0::/svc/host\n");
    struct cdn_cgroup group;

    put("fs/svc/host/cgroup.controllers", "memory pids\n");
    plant_group("fs/svc/host");
    for (long nth = 0;; nth++) {
        bool fired;

        put("fs/svc/host/cgroup.subtree_control", "memory pids\n");
        cdn_failalloc_after(nth, false);
        cdn_cgroup_make(&group, &limits, &sources);
        fired = cdn_failalloc_fired();
        cdn_failalloc_after(-1, false);
        ck_assert_uint_le(group.count, 1);
        if (fired)
            continue;
        ck_assert_int_ge(nth, 3);
        ck_assert_uint_eq(group.count, 1);
        remove_tree();
        return;
    }
}
END_TEST
#endif

/* ---- this machine's ---- */

START_TEST(cgroup__a_process_is_bound_and_nothing_stays)
{
    struct cdn_cgroup group, copy;
    char line[512];
    uint32_t found = 0;
    pid_t child;
    FILE *file;

    cdn_cgroup_make(&group, &limits, NULL);
    if (!group.count) {
        printf("SKIPPED: no hierarchy may be written here\n");
        return;
    }
    copy = group;
    child = fork();
    if (!child) {
        pause();
        _exit(0);
    }
    ck_assert_uint_ne(cdn_cgroup_join(&group, child), 0);
    snprintf(line, sizeof line, "/proc/%d/cgroup", (int)child);
    file = fopen(line, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        found += strstr(line, own_name()) != NULL;
    fclose(file);
    ck_assert_uint_eq(found, group.count);
    /* it holds a process: v1 keeps it, v2 kills what is in it */
    if (!cdn_cgroup_end(&group))
        ck_assert(!kill(child, SIGKILL));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    group = copy;
    ck_assert(cdn_cgroup_end(&group));
    for (uint32_t i = 0; i < copy.count; i++)
        ck_assert_int_ne(access(copy.members[i].path, F_OK), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cgroup");

    CDN_UNIT_CASE(s, cgroup__v1_has_a_place_for_each_controller);
    CDN_UNIT_CASE(s, cgroup__v2_has_one_place);
    CDN_UNIT_CASE(s, cgroup__what_makes_no_sense_is_left_out);
    CDN_UNIT_CASE(s, cgroup__a_process_says_when_it_began);
    CDN_UNIT_CASE(s, cgroup__a_process_that_is_only_not_waited_for_has_ended);
    CDN_UNIT_CASE(s, cgroup__a_name_tells_whose_it_is);
    CDN_UNIT_CASE(s, cgroup__controllers_are_words);
    CDN_UNIT_CASE(s, cgroup__a_delegated_group_hands_its_controllers_on);
    CDN_UNIT_CASE(s, cgroup__where_the_host_s_own_holds_processes_it_is_made_beside);
    CDN_UNIT_CASE(s, cgroup__where_nothing_is_handed_on_there_is_none);
    CDN_UNIT_CASE(s, cgroup__what_killed_keepers_left_is_swept);
#ifdef CORDON_FAILALLOC
    CDN_UNIT_CASE(s, cgroup__each_allocation_of_making_one_may_fail);
#endif
    CDN_UNIT_CASE(s, cgroup__a_process_is_bound_and_nothing_stays);
    return s;
}

CDN_UNIT_MAIN(suite)
