/* Rule files by their content: a record names the text that decided, not where it lies. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include <cordon/rule.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "cli/replay.h"

enum { DEEPEST = 16 };

static bool ends_in(const char *name, const char *ending)
{
    size_t bytes = strlen(name), end = strlen(ending);

    return bytes > end && !strcmp(name + bytes - end, ending);
}

static cordon_status add_file(struct cdn_rule_files *files, const char *path,
                              cordon_error *err)
{
    struct cdn_buf text = {0};
    unsigned char hash[CDN_CONTENT_HASH_BYTES];
    struct cdn_rule_file *grown;
    cordon_status status =
        cdn_file_read(&text, path, CORDON_RULE_MAX_SOURCE_BYTES, err);

    if (status)
        goto out;
    grown = cdn_realloc_array(files->items, files->count + 1, sizeof *grown);
    if (!grown) {
        status = cdn_error_nomem(err);
        goto out;
    }
    files->items = grown;
    grown += files->count;
    cdn_hash_content(hash, text.data, text.length);
    cdn_hash_hex(grown->digest, hash, sizeof hash);
    grown->path = cdn_strdup(path);
    if (!grown->path)
        status = cdn_error_nomem(err);
    else
        files->count++;
out:
    cdn_buf_deinit(&text);
    return status;
}

static cordon_status add_folder(struct cdn_rule_files *files, const char *path,
                                int depth, cordon_error *err)
{
    DIR *folder = opendir(path);
    cordon_status status = CORDON_OK;
    const struct dirent *entry;

    if (!folder)
        return cdn_error_errno(err, errno, "cannot open %s", path);
    while (!status && (entry = readdir(folder))) {
        char inner[PATH_MAX];
        struct stat info;

        if (entry->d_name[0] == '.')
            continue;
        status = cdn_path_join(inner, sizeof inner, path, entry->d_name, err);
        if (status || lstat(inner, &info))
            continue;
        if (S_ISDIR(info.st_mode) && depth < DEEPEST)
            status = add_folder(files, inner, depth + 1, err);
        else if (S_ISREG(info.st_mode) && ends_in(entry->d_name, ".lua") &&
                 !ends_in(entry->d_name, "_test.lua") &&
                 info.st_size <= (off_t)CORDON_RULE_MAX_SOURCE_BYTES)
            status = add_file(files, inner, err);
    }
    closedir(folder);
    return status;
}

cordon_status cdn_rule_files_add(struct cdn_rule_files *files, const char *path,
                                 cordon_error *err)
{
    struct stat info;

    if (stat(path, &info))
        return cdn_error_errno(err, errno, "cannot open %s", path);
    return S_ISDIR(info.st_mode) ? add_folder(files, path, 0, err)
                                 : add_file(files, path, err);
}

void cdn_rule_files_deinit(struct cdn_rule_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        cdn_free(files->items[i].path);
    cdn_free(files->items);
    *files = (struct cdn_rule_files){0};
}

cordon_status cdn_rule_files_find(void *ud, struct cdn_buf *out, char name[256],
                                  const char *digest, cordon_error *err)
{
    const struct cdn_rule_files *files = ud;

    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->items[i].digest, digest) != 0)
            continue;
        (void)snprintf(name, 256, "%.250s", files->items[i].path);
        return cdn_file_read(out, files->items[i].path, CORDON_RULE_MAX_SOURCE_BYTES,
                             err);
    }
    return CORDON_E_NOTFOUND;
}
