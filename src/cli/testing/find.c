/* Which files are tests: *_test.lua anywhere below a folder, and *_spec.lua in folders called
 * spec.  Links to folders are not followed, and what begins with a dot is left out. */
#include "cli/testing/testing.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"

#define MAX_DEPTH 32

static bool ends_with(const char *name, const char *end)
{
    size_t bytes = strlen(name), tail = strlen(end);

    return bytes > tail && !strcmp(name + bytes - tail, end);
}

static bool is_spec_folder(const char *path)
{
    const char *name = strrchr(path, '/');

    return !strcmp(name ? name + 1 : path, "spec");
}

bool cdn_testing_beside(char *out, size_t size, const char *rule)
{
    size_t bytes = strlen(rule);
    struct stat info;
    int written;

    if (!ends_with(rule, ".lua"))
        return false;
    written = snprintf(out, size, "%.*s_test.lua", (int)(bytes - 4), rule);
    return written > 0 && (size_t)written < size && !stat(out, &info) &&
           S_ISREG(info.st_mode);
}

static void add(struct cdn_test_paths *out, const char *path)
{
    cdn_buf_append(&out->text, path, strlen(path) + 1);
    out->count++;
}

static cordon_status walk(struct cdn_test_paths *out, const char *folder, int depth,
                          cordon_error *err)
{
    bool spec = is_spec_folder(folder);
    cordon_status status = CORDON_OK;
    struct dirent *entry;
    DIR *open = opendir(folder);

    if (!open)
        return cdn_error_errno(err, errno, "%s", folder);
    while (!status && (entry = readdir(open))) {
        char path[PATH_MAX];
        struct stat info;

        if (entry->d_name[0] == '.')
            continue;
        if (!strcmp(folder, "."))
            snprintf(path, sizeof path, "%s", entry->d_name);
        else
            status = cdn_path_join(path, sizeof path, folder, entry->d_name, err);
        if (status || lstat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode) && depth < MAX_DEPTH)
            status = walk(out, path, depth + 1, err);
        else if (S_ISREG(info.st_mode) &&
                 (ends_with(entry->d_name, "_test.lua") ||
                  (spec && ends_with(entry->d_name, "_spec.lua"))))
            add(out, path);
    }
    closedir(open);
    return status;
}

static cordon_status take(struct cdn_test_paths *out, const char *path,
                          cordon_error *err)
{
    char beside[PATH_MAX];
    struct stat info;

    if (stat(path, &info))
        return cdn_error_errno(err, errno, "%s", path);
    if (S_ISDIR(info.st_mode)) {
        char folder[PATH_MAX];
        size_t bytes = strlen(path);

        while (bytes > 1 && path[bytes - 1] == '/')
            bytes--;
        if (bytes >= sizeof folder)
            return cdn_error_set(err, CORDON_E_INVALID, "%s: the name is too long",
                                 path);
        memcpy(folder, path, bytes);
        folder[bytes] = '\0';
        return walk(out, folder, 0, err);
    }
    if (!ends_with(path, "_test.lua") && !ends_with(path, "_spec.lua")) {
        if (!cdn_testing_beside(beside, sizeof beside, path))
            return cdn_error_set(err, CORDON_E_NOTFOUND,
                                 "%s is no test, and none stands beside it; a test of "
                                 "velocity.lua is called velocity_test.lua",
                                 path);
        path = beside;
    }
    add(out, path);
    return CORDON_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In order, each once. */
static cordon_status order(struct cdn_test_paths *out, cordon_error *err)
{
    const char **names = cdn_calloc(out->count + 1, sizeof *names);
    const char *at = (const char *)out->text.data;
    struct cdn_buf text = {0};
    size_t kept = 0;

    if (!names || out->text.failed) {
        cdn_free(names);
        return cdn_error_nomem(err);
    }
    for (size_t i = 0; i < out->count; i++, at += strlen(at) + 1)
        names[i] = at;
    if (out->count)
        qsort(names, out->count, sizeof *names, by_name);
    for (size_t i = 0; i < out->count; i++) {
        if (i && !strcmp(names[i - 1], names[i]))
            continue;
        cdn_buf_append(&text, names[i], strlen(names[i]) + 1);
        kept++;
    }
    cdn_free(names);
    cdn_buf_deinit(&out->text);
    out->text = text;
    out->count = kept;
    return text.failed ? cdn_error_nomem(err) : CORDON_OK;
}

cordon_status cdn_testing_find(struct cdn_test_paths *out, const char *const *paths,
                               size_t count, cordon_error *err)
{
    cordon_status status = CORDON_OK;

    *out = (struct cdn_test_paths){0};
    for (size_t i = 0; i < count && !status; i++)
        status = take(out, paths[i], err);
    return status ? status : order(out, err);
}

/* ---- watching ---- */

static void mix_file(uint64_t *print, const char *path, const struct stat *info)
{
    uint64_t own = cdn_hash_xxh3(path, strlen(path));

    own = cdn_hash_mix(own, (uint64_t)info->st_size);
    own = cdn_hash_mix(own, (uint64_t)info->st_mtim.tv_sec);
    own = cdn_hash_mix(own, (uint64_t)info->st_mtim.tv_nsec);
    *print += own; /* in whatever order a folder is read */
}

static void mix_folder(uint64_t *print, const char *folder, int depth)
{
    struct dirent *entry;
    DIR *open = opendir(folder);

    while (open && (entry = readdir(open))) {
        char path[PATH_MAX];
        struct stat info;

        if (entry->d_name[0] == '.' ||
            cdn_path_join(path, sizeof path, folder, entry->d_name, NULL) ||
            lstat(path, &info))
            continue;
        if (S_ISDIR(info.st_mode) && depth < MAX_DEPTH)
            mix_folder(print, path, depth + 1);
        else if (S_ISREG(info.st_mode))
            mix_file(print, path, &info);
    }
    if (open)
        closedir(open);
}

uint64_t cdn_testing_fingerprint(const char *const *paths, size_t count)
{
    uint64_t print = 0;

    for (size_t i = 0; i < count; i++) {
        char folder[PATH_MAX];
        struct stat info;
        char *slash;

        if (stat(paths[i], &info))
            continue;
        if (S_ISDIR(info.st_mode)) {
            mix_folder(&print, paths[i], 0);
            continue;
        }
        /* the rule and the fixtures stand beside a test */
        if (snprintf(folder, sizeof folder, "%s", paths[i]) >= (int)sizeof folder)
            continue;
        slash = strrchr(folder, '/');
        if (slash)
            *slash = '\0';
        mix_folder(&print, slash ? folder : ".", 0);
    }
    return print;
}
