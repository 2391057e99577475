/* Writing a new project: see create.h. */
#include "cli/project/create.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "cli/project/embedded.h"
#include "cli/project/manifest.h"
#include "import/mapping.h"
#include "lint/types.h"

#define SCHEMA "schemas/payments.lua"
#define TYPES  "types/cordon.lua"

/* Where files go whose name in the source tree is another: a dot at the front would hide them
 * there, or have them read by tools that look after this project. */
static const struct {
    const char *from, *to;
} renamed[] = {
    {"gitignore", ".gitignore"},
    {"luarc.json", ".luarc.json"},
    {"rules/rule.lua", "rules/@RULE@.lua"},
    {"rules/rule_test.lua", "rules/@RULE@_test.lua"},
};

bool cdn_project_is_rule_name(const char *name)
{
    size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_");

    return bytes && bytes < 60 && !name[bytes] && (name[0] < '0' || name[0] > '9');
}

char *cdn_project_name(char *out, size_t size, const char *folder)
{
    char whole[PATH_MAX];
    const char *from = realpath(folder, whole) ? whole : folder;
    size_t end = strlen(from), begin, used = 0;

    while (end > 1 && from[end - 1] == '/')
        end--;
    for (begin = end; begin > 0 && from[begin - 1] != '/';)
        begin--;
    for (; begin < end && used < 64 && used + 1 < size; begin++) {
        char c = from[begin];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || c == '_' || c == '-')
            out[used++] = c;
    }
    out[used] = '\0';
    if (!used)
        snprintf(out, size, "project");
    return out;
}

/* Append a text with the placeholders filled in. */
static void fill(struct cdn_buf *out, const char *text, size_t bytes,
                 const struct cdn_project *project)
{
    const struct {
        const char *mark, *value;
    } marks[] = {{"@NAME@", project->name}, {"@RULE@", project->rule}};
    const char *end = text + bytes;

    while (text < end) {
        const char *at = memchr(text, '@', (size_t)(end - text));
        size_t i;

        if (!at)
            at = end;
        cdn_buf_append(out, text, (size_t)(at - text));
        for (i = 0; at < end && i < 2; i++) {
            if ((size_t)(end - at) >= 6 && !memcmp(at, marks[i].mark, 6))
                break;
        }
        if (at == end)
            return;
        if (i < 2)
            cdn_buf_text(out, marks[i].value);
        else
            cdn_buf_append(out, at, 1);
        text = at + (i < 2 ? 6 : 1);
    }
}

/* Make the folders that lead to `path`, below the project's own. */
static cordon_status make_folders(char *path, size_t from, cordon_error *err)
{
    for (char *at = path + from; (at = strchr(at, '/')); at++) {
        int failed;

        *at = '\0';
        failed = mkdir(path, 0777) && errno != EEXIST;
        if (failed)
            cdn_error_errno(err, errno, "cannot make the folder %s", path);
        else if (cdn_file_sync_folder(path, err))
            failed = 1;
        *at = '/';
        if (failed)
            return CORDON_E_IO;
    }
    return CORDON_OK;
}

static cordon_status write_file(const struct cdn_project *project, const char *name,
                                const void *bytes, size_t count, cordon_error *err)
{
    struct cdn_buf filled = {0};
    char path[PATH_MAX];
    bool kept = false;
    cordon_status status;

    fill(&filled, name, strlen(name), project);
    if (filled.failed)
        return cdn_error_nomem(err);
    status = cdn_path_join(path, sizeof(path), project->folder,
                           (const char *)filled.data, err);
    cdn_buf_clear(&filled);
    fill(&filled, bytes, count, project);
    if (!status && filled.failed)
        status = cdn_error_nomem(err);
    if (!status && project->dry)
        kept = !access(path, F_OK);
    if (!status && !project->dry)
        status = make_folders(path, strlen(project->folder) + 1, err);
    if (!status && !project->dry)
        status = cdn_file_create(&kept, path, filled.length ? (void *)filled.data : "",
                                 filled.length, err);
    if (!status && project->told)
        project->told(project->ud, path + (strncmp(path, "./", 2) ? 0 : 2), kept);
    cdn_buf_deinit(&filled);
    return status;
}

/* What the schema's names are, for editors. */
static cordon_status write_types(const struct cdn_project *project,
                                 const struct cdn_embedded *schema, cordon_error *err)
{
    struct cdn_mapping mapping = {0};
    struct cdn_buf text = {0};
    cordon_status status = cdn_mapping_read(&mapping, (const char *)schema->bytes,
                                            schema->size, SCHEMA, err);

    if (!status) {
        cdn_lint_types(&text, &mapping.schema);
        status = text.failed ? cdn_error_nomem(err)
                             : write_file(project, TYPES, text.data, text.length, err);
    }
    cdn_mapping_deinit(&mapping);
    cdn_buf_deinit(&text);
    return status;
}

static cordon_status make_root(const struct cdn_project *project, cordon_error *err)
{
    struct stat info;

    if (project->dry || !mkdir(project->folder, 0777))
        return project->dry ? CORDON_OK : cdn_file_sync_folder(project->folder, err);
    if (errno != EEXIST)
        return cdn_error_errno(err, errno, "cannot make the folder %s",
                               project->folder);
    if (stat(project->folder, &info) || !S_ISDIR(info.st_mode))
        return cdn_error_set(err, CORDON_E_INVALID, "%s is no folder", project->folder);
    return CORDON_OK;
}

cordon_status cdn_project_create(const struct cdn_project *project, cordon_error *err)
{
    char manifest[PATH_MAX];
    cordon_status status = cdn_path_join(manifest, sizeof(manifest), project->folder,
                                         CDN_MANIFEST_FILE, err);

    if (!status && !access(manifest, F_OK))
        status =
            cdn_error_set(err, CORDON_E_INVALID,
                          "%s is there: the folder is a project already", manifest);
    if (!status)
        status = make_root(project, err);
    for (size_t i = 0; i < cdn_embedded_new_count && !status; i++) {
        const struct cdn_embedded *file = &cdn_embedded_new[i];
        const char *name = file->name;

        for (size_t k = 0; k < sizeof(renamed) / sizeof(*renamed); k++) {
            if (!strcmp(renamed[k].from, name))
                name = renamed[k].to;
        }
        status = write_file(project, name, file->bytes, file->size, err);
        if (!status && !strcmp(name, SCHEMA))
            status = write_types(project, file, err);
    }
    return status;
}
