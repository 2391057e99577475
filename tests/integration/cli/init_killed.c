/* cordon init killed at every call by which it makes something durable.
 *
 * Whatever was written before is whole, nothing of it is lost, the manifest is there only with
 * all the rest, and the same command finishes what was begun. */
#include "support/dying.h"
#include "support/unit.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "cli/project/create.h"
#include "cli/project/embedded.h"

static const char *const names[] = {
    "schemas/payments.lua", "types/cordon.lua",     "fixtures/payments.graph",
    "rules/first.lua",      "rules/first_test.lua", ".gitignore",
    ".luarc.json",          "cordon.lua",
};

static char folder[256], project_folder[300];
static struct cdn_buf whole[CDN_UNIT_COUNT(names)];

static cordon_status create(void *ud)
{
    const struct cdn_project project = {
        .folder = project_folder, .name = "first", .rule = "first"};

    (void)ud;
    return cdn_project_create(&project, NULL);
}

/* How many of the files are there; each of them whole. */
static int count_whole(void)
{
    int count = 0;

    for (int i = 0; i < CDN_UNIT_COUNT(names); i++) {
        struct cdn_buf text = {0};
        char path[600];

        snprintf(path, sizeof(path), "%s/%s", project_folder, names[i]);
        if (!access(path, F_OK)) {
            ck_assert_int_eq(cdn_file_read(&text, path, 1 << 20, NULL), CORDON_OK);
            ck_assert_uint_eq(text.length, whole[i].length);
            ck_assert_int_eq(memcmp(text.data, whole[i].data, text.length), 0);
            count++;
        }
        cdn_buf_deinit(&text);
    }
    return count;
}

/* Remove all of the project, also what a dead process left. */
static void clear(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char inner[900];
        struct stat info;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (!lstat(inner, &info) && S_ISDIR(info.st_mode))
            clear(inner);
        else
            unlink(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

START_TEST(init__is_whole_wherever_it_is_killed)
{
    char manifest[400];
    long deaths = 0;

    dying_in_memory();
    cdn_unit_folder(folder, sizeof(folder));
    snprintf(project_folder, sizeof(project_folder), "%s/first", folder);
    snprintf(manifest, sizeof(manifest), "%s/cordon.lua", project_folder);
    ck_assert(!dying_run(create, NULL, -1, DYING_BEFORE));
    for (int i = 0; i < CDN_UNIT_COUNT(names); i++) {
        char path[600];

        snprintf(path, sizeof(path), "%s/%s", project_folder, names[i]);
        ck_assert_int_eq(cdn_file_read(&whole[i], path, 1 << 20, NULL), CORDON_OK);
        ck_assert_ptr_null(strstr((char *)whole[i].data, "@RULE@"));
    }
    for (int when = DYING_BEFORE; when <= DYING_WITHIN; when++) {
        for (long call = 0;; call++) {
            int before;

            clear(project_folder);
            if (!dying_run(create, NULL, call, (enum dying_moment)when))
                break;
            deaths++;
            before = count_whole();
            if (!access(manifest, F_OK))
                ck_assert_int_eq(before, CDN_UNIT_COUNT(names));
            else
                ck_assert(!dying_run(create, NULL, -1, DYING_BEFORE));
            ck_assert_int_eq(count_whole(), CDN_UNIT_COUNT(names));
        }
    }
    /* a write, a sync and a naming of each at least, and each of them twice */
    ck_assert_int_ge(deaths, 2 * 3 * CDN_UNIT_COUNT(names));
    clear(folder);
    for (int i = 0; i < CDN_UNIT_COUNT(names); i++)
        cdn_buf_deinit(&whole[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("init_killed");

    CDN_UNIT_CASE(s, init__is_whole_wherever_it_is_killed);
    return s;
}

CDN_UNIT_MAIN(suite)
